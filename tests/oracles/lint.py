"""Is a golden file fit to be released?  The rules that go beyond its form.

    python -m tests.oracles.lint [FILE ...]

Every rule is a function of a :class:`~den_ref.golden.case.Vector` and yields complaints.  The form itself (keys,
types, ids) is checked when the file is read; ``schema.json`` says the same for others.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from den_ref.golden.compare import difference
from den_ref.golden.case import Case, Vector
from den_ref.golden.format import VECTORS, load
from den_ref.golden.values import DIFFERS, FormatError

HERE = Path(__file__).parent
#: The modules that expected values come from: all of the workshop but its two commands.
SOURCES = sorted(path for path in HERE.rglob("*.py") if path.name not in ("generate.py", "lint.py"))

#: More numbers than this make a case too large to be looked at.
MOST_NUMBERS = 4000
#: A discrete output's nearest competitor is at least this far from its threshold; tolerances are some 1e-10.
LEAST_MARGIN = 1e-4
#: Operations that only add, multiply, compare and copy: their floats alone may be expected bit for bit.
SUMS = ("affine_forward", "affine_backward", "relu_forward", "relu_backward", "network_forward", "append_units",
        "delete_units", "useless_units", "extract_subnetwork", "insert_subnetwork", "split_units", "predict_task",
        "progressive_forward", "progressive_adapter_backward", "convolution_forward", "convolution_backward",
        "max_pool_forward", "max_pool_backward", "flatten")
#: Words by which an oracle may be named: all of them are independent of the function under test.
ORACLES = ("by hand", "decimal", "brute force", "difference", "fraction", "loop", "convention", "optimality condition",
           "search", "definition", "entry by entry", "edge table", "another solver", "trace", "at a time",
           "after the other", "for every")
#: All that oracles may import of ours: each other, the format of values, and the loops.
MAY_IMPORT = ("tests.oracles", "den_ref.golden.values", "den_ref.loops")

# --- one case ----------------------------------------------------------------------------------------------------


def case_is_small(vector: Vector) -> Iterator[str]:
    """Inputs and expected outputs together have at most MOST_NUMBERS numbers."""
    for case in vector.cases:
        numbers = sum(np.size(value) for value in (*case.inputs.values(), *case.expected.values()))
        if numbers > MOST_NUMBERS:
            yield f"{case.id}: expected at most {MOST_NUMBERS} numbers, got {numbers}; make it smaller"


def exact_cases_are_dyadic(vector: Vector) -> Iterator[str]:
    """Where an exact float is expected, or a tie, inputs are multiples of 1/16 below 16."""
    for case in vector.cases:
        ties = [name for name, margin in (case.margin or {}).items() if margin is None]
        exact = [name for name, value in case.expected.items()
                 if np.asarray(value).dtype.kind == "f" and case.tolerance_of(name) == "exact"]
        if not (ties or exact):
            continue
        for name, value in case.inputs.items():
            if not is_dyadic(value):
                yield f"{case.id}: {(ties + exact)[0]} is exact, so {name} has to be multiples of 1/16 below 16"


def exact_floats_are_sums(vector: Vector) -> Iterator[str]:
    """Where a formula divides, or takes a root, exp or log, right answers differ in the last bit."""
    for case in vector.cases if vector.operation not in SUMS else []:
        for name, value in case.expected.items():
            if np.asarray(value).dtype.kind == "f" and case.tolerance_of(name) == "exact":
                yield f"{case.id}: {name}: expected exact only of {', '.join(SUMS)}, got it here"


def is_dyadic(value) -> bool:
    """Are all finite floats multiples of 1/16 below 16, or powers of two?  Other types are."""
    value = np.asarray(value)
    if value.dtype.kind != "f":
        return True
    value = np.abs(value[np.isfinite(value)])
    return bool(np.all((value * 16 == np.round(value * 16)) & (value < 16) | (np.frexp(value)[0] == 0.5)))


def discrete_outputs_are_exact(vector: Vector) -> Iterator[str]:
    """An index, a stage or a truth value is right or wrong."""
    for case in vector.cases:
        for name, value in case.expected.items():
            if np.asarray(value).dtype.kind in "biu" and case.tolerance_of(name) != "exact":
                yield f"{case.id}: {name} is discrete: expected tolerance exact, got {case.tolerance_of(name)}"


def discrete_outputs_have_margins(vector: Vector) -> Iterator[str]:
    """Far above the tolerance, or null for a tie; in every case if in one (in none: copied, not decided)."""
    decided = {name for case in vector.cases for name in case.margin or {}}
    for case in vector.cases:
        for name in decided:
            margin = (case.margin or {}).get(name, "none")
            if margin == "none" or margin is not None and float(margin) < LEAST_MARGIN:
                yield f"{case.id}: {name}: expected a margin >= {LEAST_MARGIN}, or null for a tie, got {margin}"


def oracles_are_named(vector: Vector) -> Iterator[str]:
    """How a value is known is said in the words of ORACLES."""
    for case in vector.cases:
        if not any(word in case.oracle for word in ORACLES):
            yield f"{case.id}: oracle: expected one of {', '.join(ORACLES)} in it, got {case.oracle!r}"


def wording(vector: Vector) -> Iterator[str]:
    """Short, and a statement: a case is about something, a mistake is a sentence."""
    for case in vector.cases:
        if len(case.about) > 160 or re.search(r"\b(should|test that|check that)\b", case.about):
            yield f"{case.id}: about: expected a short statement, got {case.about!r}"
    for name, sentence in vector.mistakes.items():
        if len(sentence) < 30 or sentence.rstrip(")\"")[-1] != ".":
            yield f"{vector.operation}: mistake {name}: expected a full sentence, got {sentence!r}"


# --- the mistakes ------------------------------------------------------------------------------------------------


def wrong_is_wrong(vector: Vector) -> Iterator[str]:
    """What a mistake leads to differs from what is expected, in every field that is stored, in single precision too."""
    for case in vector.cases:
        for mistake, fields in case.wrong.items():
            if all(_near(case, name, value, case.expected[name], "f32") for name, value in fields.items()):
                yield f"{case.id}: {mistake}: single precision cannot tell it from the right answer"
            for name, value in fields.items():
                if _near(case, name, value, case.expected[name], "f64"):
                    yield f"{case.id}: {mistake}: {name} is the right answer"


def mistakes_are_told_apart(vector: Vector) -> Iterator[str]:
    """Every mistake has a case that catches it, and a case in which no other mistake gives the same answer."""
    for mistake in vector.mistakes:
        catching = [case for case in vector.cases if mistake in case.wrong]
        if not catching:
            yield f"{vector.operation}: mistake {mistake}: no case catches it"
        elif all(twins(case, mistake) for case in catching):
            others = sorted({other for case in catching for other in twins(case, mistake)})
            yield f"{vector.operation}: mistake {mistake}: no case tells it from {', '.join(others)}"


def twins(case: Case, mistake: str) -> list[str]:
    """Other mistakes that give the same wrong answer to a case."""
    mine = case.wrong[mistake]
    return [other for other, fields in case.wrong.items()
            if other != mistake and fields.keys() == mine.keys()
            and all(_near(case, name, fields[name], mine[name], "f64") for name in mine)]


def _near(case: Case, name: str, got, want, precision: str) -> bool:
    words = [isinstance(value, str) and value == DIFFERS for value in (got, want)]
    if any(words):
        return all(words)
    return difference(name, got, want, case.tolerance_of(name), precision) is None


# --- the whole ---------------------------------------------------------------------------------------------------


def several_cases(vector: Vector) -> Iterator[str]:
    """An ordinary one, an edge, a large one."""
    if len(vector.cases) < 3:
        yield f"{vector.operation}: expected at least 3 cases, got {len(vector.cases)}"


RULES = (case_is_small, exact_cases_are_dyadic, exact_floats_are_sums, discrete_outputs_are_exact,
         discrete_outputs_have_margins, oracles_are_named, wording, wrong_is_wrong, mistakes_are_told_apart,
         several_cases)


def lint(vector: Vector) -> list[str]:
    """All complaints about one operation."""
    return [complaint for rule in RULES for complaint in rule(vector)]


def unique_ids(vectors: list[Vector]) -> list[str]:
    """An id stands once in all files."""
    ids = [case.id for vector in vectors for case in vector.cases]
    return [f"{one}: expected every id once" for one in sorted(set(ids)) if ids.count(one) > 1]


def oracle_imports(path: Path) -> list[str]:
    """A module of oracles that reads the code under test would confirm whatever that does."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        for name in _ours_imported(node):
            if not any(f"{name}.".startswith(f"{allowed}.") for allowed in MAY_IMPORT):
                found.append(f"{path.name}: line {node.lineno}: an oracle reads {name}; it may read only itself and "
                             f"{', '.join(MAY_IMPORT)}")
    return found


def _ours_imported(node) -> list[str]:
    """"den_ref.core.losses" for what a statement imports of the package and the tests, files beside it left out."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.level != 1:
        names = [f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names]
    else:
        return []
    return [name for name in names if name.split(".")[0] in ("den_ref", "tests", "")]


def complaints(paths: list[Path]) -> list[str]:
    """Everything that is wrong with some files."""
    found, vectors = [], []
    for path in paths:
        try:
            vectors.append(load(path))
        except FormatError as error:
            found.append(str(error))
    found += [complaint for vector in vectors for complaint in lint(vector)]
    return found + unique_ids(vectors)


def main(arguments: list[str] | None = None) -> int:
    """The command; 0 if there is nothing to complain about, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracles.lint", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="all of the package by default")
    files = parser.parse_args(arguments).files
    found = complaints(files or sorted(VECTORS.glob("*.json")))
    if not files:
        found += [complaint for path in SOURCES for complaint in oracle_imports(path)]
    print("\n".join(found) if found else "nothing to complain about")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
