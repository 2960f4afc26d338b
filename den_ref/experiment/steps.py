"""What is kept of a Step: its facts in results.json, with ``--keep-steps`` its arrays in ``steps/NNN.npz``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from den_ref.core.flat import Flat
from den_ref.experiment.files import as_json, read_archive, write_archive
from den_ref.protocol import Step

#: What is kept of a solver's result: how it ended, and its certificate.
_CERTIFICATE = ("success", "status", "message", "nit", "fun", "residual", "gap")


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


def write_step(folder: Path, step: Step, number: int) -> None:
    """Write ``folder/NNN.npz``: the step's arrays, and the model's arrays that it changed, as they are after it.

    The run's first step counts as having made everything, so that the files together hold the whole model.
    """
    before, after = {} if number == 1 else _arrays_of(step.before), _arrays_of(step.after)
    chosen = {f"arrays/{name}": np.asarray(array) for name, array in step.arrays.items()}
    changed = {f"after/{name}": array for name, array in after.items() if not _same(array, before.get(name))}
    header = {"stage": step.stage, "task": as_json(step.task), **step_facts(step, number),
              "removed": sorted(set(before) - set(after))}
    write_archive(_path(folder, number), "step", header, {**chosen, **changed})


def read_step(folder: Path | str, number: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The header and the arrays of a step that was kept, from the folder of its run."""
    return read_archive(_path(Path(folder) / "steps", number), "step")


def forget_steps_after(folder: Path, number: int) -> None:
    """Remove the steps of a stage that was not finished."""
    for path in folder.glob("*.npz"):
        if path.stem.isdigit() and int(path.stem) > number:
            path.unlink()


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:03d}.npz"


def _arrays_of(model: Any) -> dict[str, np.ndarray]:
    """The arrays of a model that can name them: a Network, a Flat vector; {} for None and for any other."""
    if isinstance(model, Flat):
        return model.views
    return model.arrays() if hasattr(model, "arrays") else {}


def _same(array: np.ndarray, other: np.ndarray | None) -> bool:
    if array is other:
        return True
    return other is not None and array.dtype == other.dtype and np.array_equal(array, other)
