"""Arrays and numbers as JSON, and lists of arrays as flat names.

An array is ``{"dtype": "float64", "shape": [2, 3], "data": [...]}``, its entries row after row.  Python writes the
shortest decimal that reads back as the same float, so nothing is lost.  Numbers, truth values and words stand as they
are; what JSON cannot write is one of the words "nan", "inf", "-inf".

A list of arrays has one name per entry, "weights/0", "weights/1", ...; a signature declares it as ``weights/*``.
"""

import math
import re
import sys
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

#: Version of the file format and of the wire.
SCHEMA = 1
#: In ``wrong``, instead of a value: this output is wrong in any way, while all that are not named are right.
DIFFERS = "differs"
DTYPES = ("float64", "float32", "int64", "int32", "bool")
NON_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
#: No dimension of a golden array comes near this; a shape beyond it is a mistake.
LARGEST_DIMENSION = 1_000_000


class FormatError(ValueError):
    """A value, a case or a line that is not what the format says."""


# --- one value ---------------------------------------------------------------------------------------------------


def encode(value) -> Any:
    """A number, truth value, word or array as JSON types.

    >>> encode(np.array([[0.5, np.inf]]))
    {'dtype': 'float64', 'shape': [1, 2], 'data': [0.5, 'inf']}
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, int, float, str)):
        return _writable(value)
    array = np.asarray(value)
    if array.dtype.name not in DTYPES:
        raise FormatError(f"dtype: expected one of {', '.join(DTYPES)}, got {array.dtype}")
    data = [_writable(x) for x in array.ravel().tolist()]
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": data}


def _writable(number):
    if isinstance(number, float) and not math.isfinite(number):
        return "nan" if math.isnan(number) else "inf" if number > 0 else "-inf"
    return number


def decode(value, where: str = "value") -> Any:
    """The inverse of :func:`encode`; ``where`` is named in the FormatError that anything else raises.

    >>> decode({"dtype": "int64", "shape": [2], "data": [3, 4]})
    array([3, 4])
    """
    if isinstance(value, dict):
        return _decode_array(value, where)
    if isinstance(value, str):
        return NON_FINITE.get(value, value)
    if isinstance(value, (bool, int, float)):
        return value
    raise FormatError(f"{where}: expected a number, true, false, a word, or {{dtype, shape, data}}, "
                      f"got {_short(value)}")


def _decode_array(value: dict, where: str) -> np.ndarray:
    if value.keys() != {"dtype", "shape", "data"}:
        raise FormatError(f"{where}: expected the keys dtype, shape, data, got {sorted(value)}")
    dtype, shape, data = value["dtype"], value["shape"], value["data"]
    if dtype not in DTYPES:
        raise FormatError(f"{where}.dtype: expected one of {', '.join(DTYPES)}, got {_short(dtype)}")
    if not (isinstance(shape, list) and all(type(n) is int and 0 <= n <= LARGEST_DIMENSION for n in shape)):
        raise FormatError(f"{where}.shape: expected a list of sizes, got {_short(shape)}")
    if not isinstance(data, list) or len(data) != math.prod(shape):
        got = f"{len(data)} of them" if isinstance(data, list) else _short(data)
        raise FormatError(f"{where}.data: expected a flat list of {math.prod(shape)} entries for shape {shape}, "
                          f"got {got}")
    entries = [_entry(x, dtype, f"{where}.data[{i}]") for i, x in enumerate(data)]
    return np.array(entries, dtype).reshape(shape)


def _entry(x, dtype: str, where: str):
    """One entry of an array, if it fits the dtype."""
    if dtype == "bool":
        fine, expected = isinstance(x, bool), "true or false"
    elif dtype.startswith("int"):
        fine, expected = type(x) is int and abs(x) <= np.iinfo(dtype).max, f"an integer of {dtype}"
    elif isinstance(x, str):
        fine, expected = x in NON_FINITE, 'a number, "nan", "inf" or "-inf"'
    else:
        # 1e400 as an integer is no float; a truth value is no number.
        fine, expected = type(x) in (int, float) and abs(x) <= sys.float_info.max, "a number"
    if not fine:
        raise FormatError(f"{where}: expected {expected}, got {_short(x)}")
    return NON_FINITE[x] if isinstance(x, str) else x


def _short(value) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


# --- lists of values ---------------------------------------------------------------------------------------------


def declared(name: str, patterns: Container[str]) -> str | None:
    """The declared name that a name fits, or None: itself, or with "*" for its numbers.

    >>> declared("weights/0", ["x", "weights/*"])
    'weights/*'
    """
    general = re.sub(r"(?<=/)\d+(?=/|$)", "*", name)
    return name if name in patterns else general if general in patterns else None


def is_required(name: str, signature: Mapping[str, str]) -> bool:
    """Must a declared name be there?  Not a list, which may be empty, nor a type that ends in "?"."""
    return "*" not in name and not signature[name].endswith("?")


def gather(flat: Mapping[str, Any], patterns: Iterable[str] = ()) -> dict[str, Any]:
    """Flat names as lists (where the last parts are 0, 1, ...) and dicts; a declared list without entries is [].

    >>> gather({"step": 0.5, "weights/0": "a", "weights/1": "b"}, ["step", "weights/*", "biases/*"])
    {'weights': ['a', 'b'], 'biases': [], 'step': 0.5}
    """
    tree: dict[str, Any] = {}
    for pattern in patterns:
        if "*" in pattern:
            _branch(tree, pattern.partition("*")[0].split("/")[:-1])
    for name, value in flat.items():
        *above, last = name.split("/")
        _branch(tree, above)[last] = value
    return {name: _listed(value) for name, value in tree.items()}


def _branch(tree: dict, path: list[str]) -> dict:
    for part in path:
        tree = tree.setdefault(part, {})
    return tree


def _listed(tree):
    if not isinstance(tree, dict):
        return tree
    branches = {name: _listed(value) for name, value in tree.items()}
    numbers = [str(i) for i in range(len(tree))]
    return [branches[i] for i in numbers] if branches.keys() == set(numbers) else branches


def flatten(tree, patterns: Iterable[str], name: str = "") -> Iterator[tuple[str, Any]]:
    """The inverse of :func:`gather`: (flat name, value) of everything in nested dicts, lists and tuples.

    What fits a declared name is one value, so that an array may be given as a list.

    >>> dict(flatten({"w": [1.0, 2.0], "weights": ["a", "b"]}, ["w", "weights/*"]))
    {'w': [1.0, 2.0], 'weights/0': 'a', 'weights/1': 'b'}
    """
    patterns = list(patterns)
    if not isinstance(tree, (dict, list, tuple)) or declared(name, patterns):
        yield name, tree
        return
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        yield from flatten(value, patterns, f"{name}/{key}" if name else str(key))
