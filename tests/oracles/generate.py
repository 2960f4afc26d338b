"""Writes vectors/NAME.json from the recipes, or checks that they still say what is written there.

    python -m tests.oracles.generate [NAME ...]            write what is new; drawn inputs of known cases are kept
    python -m tests.oracles.generate --check [NAME ...]    recompute every value from its oracle and compare

``--check`` reads the inputs back, never draws them, and fails when a value leaves its case's tolerance, a discrete
value differs, or a text is not the one in the module.  Bytes of floating-point results are not compared: two builds of
one BLAS already differ in the last bit.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from den_ref.golden.case import Vector
from den_ref.golden.compare import difference
from den_ref.golden.format import VECTORS, load
from den_ref.golden.values import DIFFERS, SCHEMA, declared, decode, encode, flatten, gather
from tests.oracles.operations import recipes
from tests.oracles.recipe import Question, Recipe

#: A mistake is told apart if a number moves by more than this share of the largest; so single precision sees it too.
TOLD_APART = 1e-3

# --- from a recipe to its document -------------------------------------------------------------------------------


def document(recipe: Recipe, stored: Vector | None = None) -> dict:
    """The content of vectors/NAME.json.  Drawn inputs are those of ``stored`` where it has the case."""
    known = {case.id: case for case in stored.cases} if stored else {}
    entries = [entry(recipe, question, known.get(f"{recipe.name}/{question.name}")) for question in recipe.questions]
    return {
        "schema": SCHEMA,
        "operation": recipe.name,
        "equation": recipe.equation,
        "signature": {"inputs": dict(recipe.inputs), "outputs": dict(recipe.outputs)},
        "conventions": list(recipe.conventions),
        "mistakes": {mistake.name: mistake.says for mistake in recipe.mistakes},
        "cases": entries,
    }


def entry(recipe: Recipe, question: Question, stored) -> dict:
    """One case of the document."""
    inputs = inputs_of(recipe, question, stored)
    tolerance = tolerance_of(recipe, question)
    expected = expected_of(recipe, question, inputs, tolerance)
    written = {
        "id": f"{recipe.name}/{question.name}",
        "about": question.about,
        "inputs": encoded(inputs, recipe.inputs),
        "expected": encoded(expected, recipe.outputs),
        "tolerance": tolerance,
        "oracle": question.oracle,
        "wrong": {name: {field: encode(value) for field, value in fields.items()}
                  for name, fields in wrong_of(recipe, inputs, expected, tolerance).items()},
    }
    margins = {name: encode(distance(**copy.deepcopy(inputs))) if distance else None
               for name, distance in question.margin.items()}
    return written | ({"margin": margins} if margins else {})


def inputs_of(recipe: Recipe, question: Question, stored) -> dict:
    """What is asked: as written in the module, as stored, or newly drawn."""
    if not callable(question.inputs):
        inputs = question.inputs
    else:
        inputs = gather(stored.inputs, recipe.inputs) if stored else question.inputs()
    values, order = flat(inputs, recipe.inputs), list(recipe.inputs)
    in_order = sorted(values, key=lambda name: order.index(declared(name, order)))
    return gather({name: values[name] for name in in_order}, recipe.inputs)


def tolerance_of(recipe: Recipe, question: Question) -> dict:
    """One class for every declared output."""
    given = question.tolerance
    return dict.fromkeys(recipe.outputs, given) if isinstance(given, str) else {
        pattern: given[pattern.split("/")[0]] for pattern in recipe.outputs}


def expected_of(recipe: Recipe, question: Question, inputs: dict, tolerance: dict) -> dict:
    """The oracle's answer; the one worked out by hand, if there is one, which the oracle must confirm."""
    if question.by_hand_only:
        return dict(question.expected)
    found = recipe.oracle(**copy.deepcopy(inputs))
    if question.expected is None:
        return found
    by_hand, found = flat(question.expected, recipe.outputs), flat(found, recipe.outputs)
    for name in {*by_hand, *found}:
        if name not in by_hand or name not in found or not close(found[name], by_hand[name],
                                                                 tolerance[declared(name, tolerance)]):
            raise ValueError(f"{recipe.name}/{question.name}: {name}: by hand {by_hand.get(name)}, "
                             f"by the oracle {found.get(name)}")
    return dict(question.expected)


def wrong_of(recipe: Recipe, inputs: dict, expected: dict, tolerance: dict) -> dict:
    """Mistake -> flat field -> wrong value, of the mistakes that this case tells apart."""
    right, found = flat(expected, recipe.outputs), {}
    for mistake in recipe.mistakes:
        outputs = flat(mistake.outputs(**copy.deepcopy(inputs)), recipe.outputs)
        if any(name in right and far(value, right[name]) for name, value in outputs.items()):
            found[mistake.name] = {
                name: value for name, value in outputs.items()
                if name in right and not close(value, right[name], tolerance[declared(name, tolerance)])}
    return found


# --- values ------------------------------------------------------------------------------------------------------


def flat(values: dict, signature) -> dict:
    """Flat name -> value, a number or an array of the declared dtype where it is a matter of 3 or 3.0."""
    return {name: tidy(value, signature[declared(name, signature)]) for name, value in flatten(values, signature)}


def tidy(value, kind: str):
    """Whole numbers as floats where floats are declared, 0 for -0, and Python's own numbers where there is just one."""
    if isinstance(value, str):
        return value
    value = np.asarray(value)
    if kind.startswith("float") and value.dtype.kind in "iuf":
        value = value.astype(np.float64) + 0.0
    return value.item() if value.ndim == 0 else value


def encoded(values: dict, signature) -> dict:
    """Flat name -> JSON."""
    return {name: encode(value) for name, value in flat(values, signature).items()}


def close(got, want, kind: str) -> bool:
    """Is got within the class of comparison around want?"""
    return got == want if isinstance(want, str) else difference("", got, want, kind) is None


def far(got, want) -> bool:
    """Does got differ so much that every precision sees it?"""
    if isinstance(got, str):
        return got == DIFFERS or got != want
    got, want = np.asarray(got), np.asarray(want)
    if got.shape != want.shape or want.dtype.kind != "f":
        return got.shape != want.shape or not np.array_equal(got, want)
    if not np.array_equal(np.isfinite(got), np.isfinite(want)):
        return True
    finite = np.isfinite(want)
    size = float(np.abs(want[finite]).max(initial=0))
    return bool(np.any(np.abs(got[finite] - want[finite]) > TOLD_APART * size + 1e-9))


# --- files -------------------------------------------------------------------------------------------------------


def render(value, depth: int = 0) -> str:
    """JSON in lines that a person can read: an array, or whatever is short, stands in one line."""
    line = json.dumps(value, ensure_ascii=False)
    is_array = isinstance(value, dict) and value.keys() == {"dtype", "shape", "data"}
    if not isinstance(value, (dict, list)) or is_array or len(line) + depth <= 100:
        return line
    inner = " " * (depth + 1)
    lines = [f"{json.dumps(key, ensure_ascii=False)}: {render(one, depth + 1)}" for key, one in value.items()] \
        if isinstance(value, dict) else [render(one, depth + 1) for one in value]
    left, right = "{}" if isinstance(value, dict) else "[]"
    return f"{left}\n{inner}" + f",\n{inner}".join(lines) + f"\n{' ' * depth}{right}"


def path_of(recipe: Recipe, folder: Path = VECTORS) -> Path:
    """Where it is written."""
    return folder / f"{recipe.name}.json"


def stored_of(recipe: Recipe, folder: Path = VECTORS) -> Vector | None:
    """What has been written of it, if anything."""
    path = path_of(recipe, folder)
    return load(path) if path.exists() else None


def write(recipe: Recipe, folder: Path = VECTORS, afresh: bool = False) -> None:
    """Write one file, whole or not at all."""
    path = path_of(recipe, folder)
    text = render(document(recipe, None if afresh else stored_of(recipe, folder))) + "\n"
    partial = path.with_name(path.name + ".part")
    partial.write_text(text, "utf-8")
    os.replace(partial, path)


def check(recipe: Recipe, folder: Path = VECTORS) -> list[str]:
    """What the stored file and the recipe disagree about; empty if nothing."""
    path = path_of(recipe, folder)
    if not path.exists():
        return [f"{path.name}: not there; run python -m tests.oracles.generate {recipe.name}"]
    there, here = json.loads(path.read_text("utf-8")), document(recipe, load(path))
    classes = {entry["id"]: entry["tolerance"] for entry in here["cases"]}
    return [f"{path.name}: {complaint}" for complaint in disagreements(there, here, classes)]


def disagreements(there, here, classes, where="") -> Iterator[str]:
    """Walk two documents at once.  Cases are matched by id, numbers compared by their class, the rest as it stands."""
    if isinstance(there, list) and isinstance(here, list) and where == "/cases":
        there, here = ({entry["id"]: entry for entry in entries} for entries in (there, here))
    if isinstance(here, dict) and isinstance(there, dict) and "dtype" not in here:
        for name in sorted({*there, *here}):
            if name not in there or name not in here:
                yield f"{where}/{name}: only in the {'module' if name in here else 'file'}"
            else:
                yield from disagreements(there[name], here[name], classes, f"{where}/{name}")
    elif there != here and not _close_as_stored(there, here, where, classes):
        yield f"{where}: the file has {shortened(there)}, the module {shortened(here)}"


def _close_as_stored(there, here, where, classes) -> bool:
    """Are two encoded values of an output within its class?  Inputs and texts have none."""
    case = next((case for case in classes if where.startswith(f"/cases/{case}/")), None)
    if case is None:
        return False
    section, *name = where.removeprefix(f"/cases/{case}/").split("/")
    name = "/".join(name[1:] if section == "wrong" else name)
    pattern = declared(name, classes[case]) if section in ("expected", "wrong") else None
    return pattern is not None and close(decode(there), decode(here), classes[case][pattern])


def shortened(value) -> str:
    """JSON of at most 80 characters."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "..."


# --- the command -------------------------------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> int:
    """The command; 0 if all is well, 1 if a check fails, 2 for misuse."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracles.generate", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="operations; all by default")
    parser.add_argument("--check", action="store_true", help="write nothing; compare")
    parser.add_argument("--afresh", action="store_true", help="draw inputs anew (never for a released case)")
    options = parser.parse_args(arguments)
    every = recipes()
    unknown = [name for name in options.names if name not in every]
    if unknown:
        parser.error(f"NAME: expected operations, got {unknown}; there are {', '.join(every)}")
    chosen = [every[name] for name in options.names or every]
    if not options.check:
        for recipe in chosen:
            write(recipe, afresh=options.afresh)
        return 0
    complaints = [complaint for recipe in chosen for complaint in check(recipe)]
    if not options.names:
        complaints += [f"{path.name}: no operation of this name" for path in sorted(VECTORS.glob("*.json"))
                       if path.stem not in every]
    print("\n".join(complaints) if complaints else f"{len(chosen)} operations agree with their oracles")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
