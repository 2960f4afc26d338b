"""What is kept of a Step: its facts in results.json, with ``--keep-steps`` its arrays in ``steps/NNN.npz``."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from den_ref.core.flat import Flat
from den_ref.core.result import Result
from den_ref.den.network import Network
from den_ref.describe import Box
from den_ref.methods.registry import explained_by
from den_ref.methods.shared.network import arrays_of, flat_from
from den_ref.protocol import Step
from den_ref.state import unpack_id

from .archives import ABOUT, read_archive, write_archive
from .files import path_of
from .json_files import as_json, check_shape
from .results import STEP, read_results

#: Name of the steps' folder in that of their run.
STEPS = "steps"

#: The shape of a step's header, beside what every archive says about itself.
HEADER = {"stage": int, "task": object, **STEP, "first": bool, "removed": [str],
          "heads": [{"task": object, "stage": int, "loss": str}]}

#: What is kept of a solver's result: how it ended, its certificate, its work.
_CERTIFICATE = ("success", "status", "message", "nit", "fun", "residual", "gap", "prox_residual", "best_epoch",
                "start_validation", "multiply_adds")


def step_facts(step: Step, number: int) -> dict[str, Any]:
    """A step in JSON types; ``number`` counts the steps of the run from 1."""
    return as_json({
        "number": number, "box": step.box, "title": step.title, "sentence": step.sentence,
        "seconds": float(step.seconds), "facts": step.facts, "solve": solve_facts(step.solve),
    })


def solve_facts(solve: Mapping[str, Any] | None) -> dict[str, Any]:
    """How a solve went: its certificate and its history per iteration; {} for a box that solves nothing."""
    if solve is None:
        return {}
    facts = {name: solve[name] for name in _CERTIFICATE if name in solve}
    return as_json({**facts, "history": solve.get("history") or {}})


def write_step(folder: Path, step: Step, number: int, first: bool) -> None:
    """Write ``folder/NNN.npz``: the step's arrays, and the model's arrays that it changed, as they are after it.

    The first step of a stage counts as having made everything, so that the files of a stage hold its whole model.
    """
    before, after = {} if first else _arrays_of(step.before), _arrays_of(step.after)
    chosen = {f"arrays/{name}": np.asarray(array) for name, array in step.arrays.items()}
    changed = {f"after/{name}": array for name, array in after.items() if not _same(array, before.get(name))}
    heads = step.after.head_facts() if isinstance(step.after, Network) else []
    header = {"stage": step.stage, "task": as_json(step.task), **step_facts(step, number), "first": first,
              "removed": sorted(set(before) - set(after)), "heads": heads}
    write_archive(_path(folder, number), "step", header, {**chosen, **changed})


def read_step(folder: Path | str, number: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The header and the arrays of a step that was kept, from the folder of its run."""
    path = _path(path_of(folder) / STEPS, number)
    header, arrays = read_archive(path, "step")
    check_shape({name: header[name] for name in header if name not in ABOUT}, HEADER, str(path))
    return header, arrays


def kept_steps(folder: Path | str) -> Iterator[Step]:
    """The steps that a run left in its folder (``--keep-steps``), in their order, e.g. for ``den_ref.plots.show``.

    ``before`` and ``after`` are rebuilt: Networks for DEN and what is built on it, else flat vectors; None for a method
    with a model of its own kind.  ``before`` is the ``after`` of the step before it, None at the first.  ``about`` is
    what the run's method says of the box, if the method is to be found.

    Raises
    ------
    FileNotFoundError
        If the folder has no steps.
    ValueError
        If a file is damaged, or one is missing at the start of a stage or between two others.
    """
    numbers, explained, arrays, before = step_numbers(folder), _explained(folder), None, None
    for number, expected in zip(numbers, range(numbers[0], numbers[0] + len(numbers))):
        header, stored = read_step(folder, number)
        if number != expected or (arrays is None and not header["first"]):
            raise ValueError(f"folder: expected steps/{expected:03d}.npz, and all since its stage began, in {folder}")
        kept = {} if header["first"] else {name: a for name, a in arrays.items() if name not in header["removed"]}
        arrays = kept | _under("after/", stored)
        try:
            after = _model(arrays, header["heads"])
        except (KeyError, ValueError) as error:
            raise ValueError(f"{_path(Path(folder) / STEPS, number)}: expected a network whose parts fit each other: "
                             f"{error.args[0]}") from error
        same = {name: header[name] for name in ("stage", "box", "title", "sentence", "facts", "seconds")}
        yield Step(**same, task=unpack_id(header["task"]), arrays=_under("arrays/", stored), before=before, after=after,
                   solve=Result(header["solve"]) if header["solve"] else None, about=explained.get(header["box"]))
        before = after


def step_numbers(folder: Path | str) -> list[int]:
    """The numbers of the steps in the folder of a run, ascending; a FileNotFoundError if there are none."""
    numbers = sorted(int(path.stem) for path in (path_of(folder) / STEPS).glob("*.npz") if path.stem.isdigit())
    if not numbers:
        raise FileNotFoundError(f"folder: expected a run with kept steps (--keep-steps), got {folder}")
    return numbers


def forget_steps_after(folder: Path, number: int) -> None:
    """Remove the steps of a stage that was not finished."""
    for path in folder.glob("*.npz"):
        if path.stem.isdigit() and int(path.stem) > number:
            path.unlink()


def _explained(folder: Path | str) -> Mapping[str, Box]:
    """What the method of a run says of its boxes; {} if its name is not on record yet, or not known here."""
    try:
        return explained_by(read_results(folder)["run"]["method"])
    except (OSError, ValueError):
        return {}


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:03d}.npz"


def _arrays_of(model: Any) -> dict[str, np.ndarray]:
    """The arrays of a model that can name them: a Network, a Flat vector; {} for None and for any other."""
    if isinstance(model, Flat):
        return arrays_of(model, "")
    return model.arrays() if hasattr(model, "arrays") else {}


def _model(arrays: dict[str, np.ndarray], head_facts: list[dict[str, Any]]) -> Network | Flat | None:
    """The model whose arrays these are, if it is one of ours."""
    if head_facts:
        return Network.from_arrays(arrays, head_facts)
    return flat_from(arrays, "") if "W1" in arrays else None


def _under(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays whose names begin so, by the rest of their names."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _same(array: np.ndarray, other: np.ndarray | None) -> bool:
    if array is other:
        return True
    return other is not None and array.dtype == other.dtype and np.array_equal(array, other)
