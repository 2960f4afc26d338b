"""The shape of a run's ``results.json``: SCHEMA is what is written, checked and documented."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from den_ref.protocol import CLASS_INCREMENTAL
from den_ref.strict_json import strict_json

from .files import path_of
from .json_files import check_format, check_shape

#: Name of the file in the folder of its run.
RESULTS = "results.json"

METRICS = ("auroc", "accuracy")
TITLES = dict(zip(METRICS, ("AUROC", "accuracy")))

#: How far a mean of numbers from 0 to 1 may be outside.
ROUNDING = 1e-12

_NUMBER = (int, float)
_NUMBER_OR_NULL = (int, float, type(None))
_MATRIX = [[_NUMBER_OR_NULL]]
_ID = (int, str)
_ANYTHING = {str: object}

_CAPACITY = {
    "allocated": int, "nonzero": int, "arrays": int, "widths": [int], "per_task": [int], "stored": {str: int},
    "stl": int, "allocated_share": _NUMBER, "nonzero_share": _NUMBER,
}
STEP = {
    "number": int, "box": str, "title": str, "sentence": str, "seconds": _NUMBER, "facts": _ANYTHING,
    "solve": _ANYTHING,
}
_STAGE = {"stage": int, "task": _ID, "seconds": _NUMBER, "capacity": _CAPACITY, "steps": [STEP]}

#: The shape of results.json, as ``check_shape`` reads it.
SCHEMA = {
    "format": str,
    "version": int,
    "complete": bool,
    "run": {
        "den_ref": str, "method": str, "options": _ANYTHING, "seed": int, "stream": _ANYTHING, "tasks": [_ID],
        "from?": {"folder": str, "sha256": str, "stages": int, "options": _ANYTHING},
    },
    "environment": _ANYTHING,
    "R": {"auroc": _MATRIX, "accuracy": _MATRIX},
    "stages": [_STAGE],
}


def looked_at_first(stream: Mapping[str, Any]) -> str:
    """The measure of a run on a stream with these facts: accuracy where all classes are asked for at once, else AUROC.
    """
    return "accuracy" if stream.get("scenario") == CLASS_INCREMENTAL else "auroc"


def measured(results: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Title of a measure -> R of the stages learnt: the measure that is looked at first, then the other."""
    first, learnt = looked_at_first(results["run"]["stream"]), len(results["stages"])
    return {TITLES[metric]: results["R"][metric][:learnt, :learnt]
            for metric in sorted(METRICS, key=lambda metric: metric != first)}


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
    path = path_of(folder) / RESULTS
    try:
        results = validated(strict_json(path.read_bytes()))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return {**results, "R": matrices(results["R"])}


def validated(results: Any) -> dict[str, Any]:
    """The results themselves, if they have the shape of SCHEMA; else a ValueError that says where they have not."""
    check_format(results, "results")
    check_shape(results, SCHEMA, "results")
    size = len(results["run"]["tasks"])
    for metric in METRICS:
        if [len(row) for row in results["R"][metric]] != [size] * size:
            raise ValueError(f"results.R.{metric}: expected {size} rows of {size}, one per task")
        _check_matrix(results["R"][metric], len(results["stages"]), f"results.R.{metric}")
    _check_stages(results["stages"], results["run"]["tasks"])
    if results["complete"] != (len(results["stages"]) == size):
        raise ValueError(f"results.complete: expected {not results['complete']} after {len(results['stages'])} of "
                         f"{size} tasks, got {results['complete']}")
    return results


def _check_matrix(matrix: list[list], learnt: int, where: str) -> None:
    """Numbers from 0 to 1, or null; null where unseen."""
    for i, row in enumerate(matrix):
        for j, value in enumerate(row):
            seen = j <= i < learnt
            if value is not None and not (seen and -ROUNDING <= value <= 1 + ROUNDING):
                raise ValueError(f"{where}[{i}][{j}]: expected {'a number from 0 to 1 or ' if seen else ''}null, "
                                 f"got {value!r}")


def _check_stages(stages: list[dict], tasks: list) -> None:
    """The stages are 1, 2, ... of the tasks in their order, their steps 1, 2, ... through the run."""
    steps = 0
    for i, stage in enumerate(stages):
        if i >= len(tasks) or (stage["stage"], stage["task"]) != (i + 1, tasks[i]):
            raise ValueError(f"results.stages[{i}]: expected stage {i + 1} of {len(tasks)}, of the task there, got "
                             f"stage {stage['stage']} of task {stage['task']!r}")
        if len(stage["capacity"]["per_task"]) != i + 1:
            raise ValueError(f"results.stages[{i}].capacity.per_task: expected {i + 1} numbers")
        numbers = [step["number"] for step in stage["steps"]]
        if numbers != list(range(steps + 1, steps + 1 + len(numbers))):
            raise ValueError(f"results.stages[{i}].steps: expected the numbers from {steps + 1} on, got {numbers}")
        steps += len(numbers)
