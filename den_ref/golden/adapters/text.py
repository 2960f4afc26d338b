"""The wire for languages that read no JSON: the same messages as words between blanks, one message a line.

::

    both, first   den-golden 1
    question      soft_threshold/by-hand soft_threshold 3 w float64 1 2 1.5 -0.25 step float64 0 0.5 mu float64 0 1.0
    answer        soft_threshold/by-hand outputs 1 w float64 1 2 1.0 0.0
              or  soft_threshold/by-hand not_implemented
              or  soft_threshold/by-hand error some words

A question is its id, its operation and the number of inputs; a value is its name, its dtype, its number of axes, their
lengths, and its entries row after row.  Truth values are 0 and 1; words have the dtype ``string`` and no axes; nan, inf
and -inf are as ``strtod`` reads and ``printf`` writes them.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from den_ref.golden.case import Case
from den_ref.golden.values import NON_FINITE, SCHEMA

from .wire import HELLO, Wire, WireError, shortened

_PLAIN = {bool: "bool", int: "int64", float: "float64", str: "string"}


def question(case: Case) -> bytes:
    """What is asked."""
    words = [case.id, case.operation, str(len(case.inputs))]
    for name, value in case.inputs.items():
        array = np.asarray(value)
        dtype = array.dtype.name if isinstance(value, np.ndarray) else _PLAIN[type(value)]
        entries = array.astype(int) if dtype == "bool" else array
        words += [name, dtype, str(array.ndim), *map(str, array.shape), *map(str, entries.ravel().tolist())]
    return " ".join(words).encode() + b"\n"


def understand(text: bytes) -> dict:
    """A line as the message that it would be in JSON; a WireError if it is none."""
    first, *words = text.decode("utf-8", "replace").split() or [""]
    if first in (HELLO["hello"], "error"):
        return {"hello": first, "schema": int(*words)} if words == [str(SCHEMA)] else {first: " ".join(words)}
    kind, *rest = words or [""]
    if kind == "not_implemented" and not rest:
        return {"id": first, "not_implemented": True}
    if kind == "error":
        return {"id": first, "error": " ".join(rest)}
    try:
        return {"id": first, "outputs": _outputs(iter(words))}
    except (ValueError, StopIteration) as error:
        expected = "ID and outputs COUNT (NAME DTYPE AXES LENGTH ... ENTRY ...) ..., not_implemented or error TEXT"
        said = str(error) or "it ends too early"
        raise WireError(f"expected {expected}, got {shortened(text)} ({said})") from error


def _outputs(words: Iterator[str]) -> dict[str, Any]:
    """Name -> value, as JSON has it."""
    if (kind := next(words)) != "outputs":
        raise ValueError(f"{kind!r} instead of 'outputs'")
    found = {}
    for _ in range(int(next(words))):
        name, dtype = next(words), next(words)
        shape = [int(next(words)) for _ in range(int(next(words)))]
        data = [_entry(next(words), dtype) for _ in range(math.prod(shape))]
        found[name] = {"dtype": dtype, "shape": shape, "data": data} if shape else data[0]
    if surplus := len(list(words)):
        raise ValueError(f"{surplus} words too many")
    return found


def _entry(word: str, dtype: str) -> Any:
    """One entry, as JSON has it."""
    if dtype.startswith("float"):
        return word.removeprefix("-") if word == "-nan" else word if word in NON_FINITE else float(word)
    return word if dtype == "string" else bool(int(word)) if dtype == "bool" else int(word)


#: A program that is asked in words instead of JSON: ``--wire text``.
TEXT = Wire(f"{HELLO['hello']} {SCHEMA}\n".encode(), question, understand)
