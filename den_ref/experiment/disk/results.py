"""A run, and the shape of its ``results.json``: SCHEMA is what is written, checked and documented."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from den_ref.experiment.one_run.final_table import table
from den_ref.protocol import Method
from .files import VERSION, as_json, check_format

METRICS = ("auroc", "accuracy")

_NUMBER = (int, float)
_NUMBER_OR_NULL = (int, float, type(None))
_MATRIX = [[_NUMBER_OR_NULL]]
_ID = (int, str)
_ANYTHING = {str: object}

_CAPACITY = {
    "allocated": int, "nonzero": int, "arrays": int, "widths": [int], "per_task": [int], "stored": {str: int},
    "stl": int, "allocated_share": _NUMBER, "nonzero_share": _NUMBER,
}
_STEP = {
    "number": int, "box": str, "title": str, "sentence": str, "seconds": _NUMBER, "facts": _ANYTHING,
    "solve": _ANYTHING,
}
_STAGE = {"stage": int, "task": _ID, "seconds": _NUMBER, "capacity": _CAPACITY, "steps": [_STEP]}

#: The shape of results.json.  A type or a tuple of types: such a value.  [shape]: a list of it.
#: {str: shape}: a dict with any keys.  {"key": shape, ...}: a dict with exactly these keys.
SCHEMA = {
    "format": str,
    "version": int,
    "complete": bool,
    "run": {
        "den_ref": str, "method": str, "options": _ANYTHING, "seed": int, "stream": _ANYTHING, "tasks": [_ID],
    },
    "environment": _ANYTHING,
    "R": {"auroc": _MATRIX, "accuracy": _MATRIX},
    "stages": [_STAGE],
}


@dataclass
class Run:
    """A method on its way through a stream, and everything measured on the way.

    Parameters
    ----------
    method : Method
        The method itself: ``run.method.scores(task_id, x)``.
    identity : dict
        What is run: method, options, seed, stream, tasks, version.  Two runs with equal identities end alike.
    environment : dict
        Versions, BLAS and threads.
    R : dict of (T, T) arrays
        ``R["auroc"][i, j]`` and ``R["accuracy"][i, j]``: on task j after learning task i, NaN where unseen.
    stages : list of dicts
        One per task learnt: its seconds, its steps, the capacity after it.
    """

    method: Method
    identity: dict[str, Any]
    environment: dict[str, Any]
    R: dict[str, np.ndarray]
    stages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def task_ids(self) -> list:
        """The run's tasks in the order of learning, learnt or not."""
        return self.identity["tasks"]

    @property
    def complete(self) -> bool:
        return len(self.stages) == len(self.task_ids)

    @property
    def capacities(self) -> list[dict[str, Any]]:
        """The capacity after each task learnt, beside that of separate networks for the tasks so far."""
        return [stage["capacity"] for stage in self.stages]

    def measured(self, metric: str) -> np.ndarray:
        """R of the tasks learnt so far, (t, t)."""
        learnt = len(self.stages)
        return self.R[metric][:learnt, :learnt]

    def table(self) -> str:
        """What the run came to, as text."""
        return table(self)

    def to_json(self) -> dict[str, Any]:
        """The content of results.json, checked against its schema."""
        return validated(as_json({
            "format": "den_ref results", "version": VERSION, "complete": self.complete,
            "run": self.identity, "environment": self.environment, "R": self.R, "stages": self.stages,
        }))


def unseen(n_tasks: int) -> dict[str, np.ndarray]:
    """The matrices R of a run that has not begun."""
    return {metric: np.full((n_tasks, n_tasks), np.nan) for metric in METRICS}


def matrices(R: Mapping[str, list]) -> dict[str, np.ndarray]:
    """The matrices R from JSON: null becomes NaN."""
    return {metric: np.array(R[metric], dtype=float) for metric in METRICS}


def read_results(folder: Path | str) -> dict[str, Any]:
    """The content of a run's results.json, checked against its schema; R as arrays with NaN where unseen.

    Raises
    ------
    FileNotFoundError
        If the folder holds no results.json.
    ValueError
        If the file is not JSON or has another shape; the error says where.
    """
    path = Path(folder) / "results.json"
    try:
        results = validated(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return {**results, "R": matrices(results["R"])}


# --- checking a shape --------------------------------------------------------------------------------------------


def validated(results: Any) -> dict[str, Any]:
    """The results themselves, if they have the shape of SCHEMA; else a ValueError that says where they have not."""
    check_format(results, "results")
    check_shape(results, SCHEMA, "results")
    size = len(results["run"]["tasks"])
    for metric in METRICS:
        if [len(row) for row in results["R"][metric]] != [size] * size:
            raise ValueError(f"results.R.{metric}: expected {size} rows of {size}, one per task")
    return results


def check_shape(value: Any, shape: Any, where: str) -> None:
    """Raise a ValueError that names the place unless the value has the shape (see SCHEMA)."""
    if isinstance(shape, dict):
        _check_dict(value, shape, where)
    elif isinstance(shape, list):
        _check_type(value, list, where)
        for index, item in enumerate(value):
            check_shape(item, shape[0], f"{where}[{index}]")
    else:
        _check_type(value, shape, where)


def _check_dict(value: Any, shape: dict, where: str) -> None:
    _check_type(value, dict, where)
    shapes = {key: shape[str] for key in value} if str in shape else shape
    if set(value) != set(shapes):
        raise ValueError(f"{where}: expected the keys {sorted(shapes)}, got {sorted(value)}")
    for key, item in value.items():
        check_shape(item, shapes[key], f"{where}.{key}")


def _check_type(value: Any, types: Any, where: str) -> None:
    types = types if isinstance(types, tuple) else (types,)
    # bool is an int to Python, not to a reader of the file.
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types and object not in types):
        names = " or ".join("null" if kind is type(None) else kind.__name__ for kind in types)
        raise ValueError(f"{where}: expected {names}, got {value!r}")
