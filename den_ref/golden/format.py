"""The files of golden cases: reading them, and choosing among the cases.

One file per operation under ``vectors/``: its equation, its signature, its conventions, its named mistakes and a flat
list of cases.  ``schema.json`` says what is in them to other programs.
"""

import fnmatch
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from den_ref.doors import did_you_mean
from den_ref.strict_json import strict_json

from .case import Case, Vector
from .parse import parse
from .values import FormatError

VECTORS = Path(__file__).parent / "vectors"
#: Beginnings of names, what others are built on first.
LEAVES_FIRST = ("affine", "relu", "flatten", "max_pool", "convolution", "sigmoid", "softmax", "network", "soft_",
                "group", "sparse", "l21", "squared", "ista", "fista", "solve", "objective", "select", "extract",
                "insert", "append", "useless", "delete", "unit", "most", "split", "predict", "auroc", "performance",
                "fisher", "ewc", "l2", "si_", "imm", "drop", "ella", "gomtl", "incremental", "adanet", "capnorm",
                "adarad", "fan_in", "tree_", "progressive", "den_trace")


def operations() -> list[str]:
    """The names of all operations, in order.  No file is read."""
    return sorted(path.stem for path in VECTORS.glob("*.json"))


def vectors() -> list[Vector]:
    """All operations, in the order of their names."""
    return [vector_of(operation) for operation in operations()]


def leaves_first(chosen: Iterable) -> list:
    """Cases or operations, each before those that are built on it: the order in which to mend what is wrong."""
    def place(one: Case | Vector) -> int:
        return next((i for i, start in enumerate(LEAVES_FIRST) if one.operation.startswith(start)), len(LEAVES_FIRST))

    return sorted(chosen, key=place)


@cache
def vector_of(operation: str) -> Vector:
    """One operation; its file is read once."""
    return load(VECTORS / f"{operation}.json")


def cases(*only: str) -> list[Case]:
    """The golden cases, all or those that a pattern fits: an operation, an id, or either with * and ?.

    Raises
    ------
    ValueError
        For a pattern that no case fits.
    """
    everything = [case for vector in vectors() for case in vector.cases]
    chosen = {case.id for pattern in only for case in chosen_by(pattern, everything)}
    return [case for case in everything if case.id in chosen] if only else everything


def chosen_by(pattern: str, everything: Iterable[Case]) -> list[Case]:
    """The cases that one pattern fits; a ValueError if there are none."""
    found = [case for case in everything
             if fnmatch.fnmatchcase(case.id, pattern) or fnmatch.fnmatchcase(case.operation, pattern)]
    if not found:
        raise ValueError(f"expected an operation, the id of a case, or either with * and ?, got {pattern!r}"
                         f"{near(pattern, everything)}; den-ref golden list shows them all")
    return found


def near(word: str, everything: Iterable[Case]) -> str:
    """" (did you mean ...?)", or nothing."""
    names = {case.operation for case in everything} | {case.id for case in everything}
    return did_you_mean(word, sorted(names))


def load(path: Path) -> Vector:
    """One file, checked.

    Raises
    ------
    FormatError
        Naming the file, the place in it, what was expected and what is there.
    """
    path = Path(path)
    try:
        return parse(strict_json(path.read_bytes(), FormatError))
    except (OSError, ValueError) as error:
        raise FormatError(f"{path.name}: {error}") from error
