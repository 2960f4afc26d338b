"""The shape of a run's ``results.json``: SCHEMA is what is written, checked and documented."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .json_files import check_format, check_shape

#: Name of the file in the folder of its run.
RESULTS = "results.json"

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

#: The shape of results.json, as ``check_shape`` reads it.
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
    path = Path(folder) / RESULTS
    try:
        results = validated(json.loads(path.read_text(encoding="utf-8")))
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
    return results
