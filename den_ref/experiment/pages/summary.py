"""What is kept of a grid for its tables and figures: small enough to stand in the repository beside the text.

A summary is made from results (``summarised``), written and read again (``write_summary``, ``read_summary``); tables
and figures are made from summaries alone, so that a document can be checked against the numbers it was made from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from den_ref.describe import PLAIN_BOX, Box
from den_ref.experiment.disk.files import VERSION
from den_ref.experiment.disk.json_files import check_format, check_shape, distinct, write_json
from den_ref.experiment.disk.results import TITLES, looked_at_first, measured
from den_ref.methods.registry import explained_by
from den_ref.strict_json import strict_json

_NUMBER, _OR_NULL = (int, float), (int, float, type(None))
_PER_STAGE = [(list, type(None))]

_CELL = {
    "R": [[_OR_NULL]], "seconds": [_NUMBER], "multiply_adds": [_OR_NULL], "allocated": [int], "nonzero": [int],
    "yardstick": [int], "widths": [[int]], "stored": {str: int}, "facts": {str: {str: _PER_STAGE}},
}

#: The shape of a summary, as ``results.SCHEMA`` is that of results.json.
SCHEMA = {
    "format": str, "version": int, "den_ref": str, "stream": {str: object}, "tasks": [(int, str)],
    "stream_options": {str: object}, "environments": [{str: object}],
    "methods": {str: {"method": str, "options": {str: object}, "changed": {str: object}, "seeds": {str: _CELL}}},
}


@dataclass(frozen=True, eq=False)
class Outcome:
    """How one run went.  Arrays of length T have a number per stage.

    Parameters
    ----------
    R : (T, T) array
        The score (``Summary.score``) on task j after learning task i, NaN where unseen; of the tasks learnt, if the run
        is not complete.
    seconds : (T,) array
    multiply_adds : (T,) array
        Of the matrix products of all mini-batch solves of the stage (``core.mlp.DataLoss.multiply_adds``); NaN if a
        solve did not count.
    allocated, nonzero : (T,) arrays of int
        Parameters after the stage.
    yardstick : (T,) array of int
        Parameters of one separate network n_inputs-312-128-n_outputs for each task learnt.
    widths : list of lists
        Units per hidden layer, after each stage.
    stored : dict
        What else is kept at the end: name -> number of floats.
    facts : dict
        box -> name -> list with an item per stage: numbers per layer, None if the stage had no such box.  The facts
        that the method names (``describe.Box.per_layer``).
    """

    R: np.ndarray
    seconds: np.ndarray
    multiply_adds: np.ndarray
    allocated: np.ndarray
    nonzero: np.ndarray
    yardstick: np.ndarray
    widths: list[list[int]]
    stored: dict[str, int]
    facts: dict[str, dict[str, list]]


@dataclass(frozen=True, eq=False)
class Summary:
    """A grid in short.

    Parameters
    ----------
    about : dict
        Version; stream, and which of its options were given; tasks; the environments that runs were begun in.
    options : dict
        label -> "method", its name; "options", all of them; "changed", those that were given.
    outcomes : dict
        label -> seed -> Outcome, in the grid's order.
    """

    about: dict[str, Any]
    options: dict[str, dict[str, Any]]
    outcomes: dict[str, dict[int, Outcome]]

    @property
    def score(self) -> str:
        """What R is measured by, as the stream's scenario asks: "AUROC" or "accuracy"."""
        return TITLES[looked_at_first(self.about["stream"])]

    @property
    def seeds(self) -> list[int]:
        """All seeds that any method has."""
        return sorted({seed for runs in self.outcomes.values() for seed in runs})

    def runs(self, label: str) -> list[Outcome]:
        """A method's outcomes, by seed; [] if there are none."""
        runs = self.outcomes.get(label, {})
        return [runs[seed] for seed in sorted(runs)]

    def has(self, *labels: str) -> bool:
        """Whether there is a run of each."""
        return all(self.outcomes.get(label) for label in labels)


def summarised(results: Mapping[str, Mapping[int, Mapping[str, Any]]],
               facts: Mapping[str, Any] | None = None) -> Summary:
    """The summary of a grid's results: label -> seed -> what ``read_results`` gives.

    ``facts`` is the content of grid.json, which tells what was changed from the defaults.  Numbers are rounded here, so
    that the summary is the one that is read back after writing.

    Raises
    ------
    ValueError
        If there is no result at all, or the results are not all of the same tasks of one stream.
    """
    records = [record for seeds in results.values() for record in seeds.values()]
    if not records or not all(record["stages"] for record in records):
        raise ValueError("results: expected runs that have learnt a task, got none, or one that has not")
    first, streams = records[0], [(_stream(record), len(record["stages"])) for record in records]
    if any(stream != streams[0] for stream in streams):
        raise ValueError("results: expected runs on the same tasks of one stream, got others")
    facts = facts or {"stream": {"options": {}}, "methods": []}
    changed = {row["label"]: row["settings"] for row in facts["methods"]}
    return _in_objects({
        "format": "den_ref summary", "version": VERSION, "den_ref": first["run"]["den_ref"], "stream": _stream(first),
        "tasks": first["run"]["tasks"][:len(first["stages"])], "stream_options": facts["stream"]["options"],
        "environments": distinct(record["environment"] for record in records),
        "methods": {label: _method(seeds, changed.get(label, {})) for label, seeds in results.items() if seeds},
    })


def write_summary(path: Path, summary: Summary) -> None:
    """Write a summary as JSON, whole or not at all."""
    write_json(path, {**summary.about, "methods": {
        label: {**summary.options[label], "seeds": {seed: vars(run) for seed, run in runs.items()}}
        for label, runs in summary.outcomes.items()}})


def read_summary(path: Path | str) -> Summary:
    """The summary in a file; a ValueError if it is damaged or foreign."""
    try:
        return _in_objects(strict_json(Path(path).read_bytes()))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


# --- small parts -------------------------------------------------------------------------------------------------


def _in_objects(content: dict[str, Any]) -> Summary:
    """The content of a summary, checked; its numbers in arrays, NaN for null."""
    check_format(content, "summary")
    check_shape(content, SCHEMA, "summary")
    methods = content.pop("methods")
    options = {label: {name: row[name] for name in ("method", "options", "changed")} for label, row in methods.items()}
    outcomes = {label: {int(seed): _outcome(cell) for seed, cell in row["seeds"].items()}
                for label, row in methods.items()}
    return Summary(content, options, outcomes)


def _outcome(cell: Mapping[str, Any]) -> Outcome:
    arrays = {name: np.array(cell[name], dtype=float) for name in ("R", "seconds", "multiply_adds")}
    counts = {name: np.array(cell[name]) for name in ("allocated", "nonzero", "yardstick")}
    return Outcome(**arrays, **counts, widths=cell["widths"], stored=cell["stored"], facts=cell["facts"])


def _stream(record: Mapping[str, Any]) -> dict[str, Any]:
    """The stream without its seed."""
    return {name: value for name, value in record["run"]["stream"].items() if name != "seed"}


def _method(seeds: Mapping[int, Mapping[str, Any]], changed: Mapping[str, Any]) -> dict[str, Any]:
    run = next(iter(seeds.values()))["run"]
    return {"method": run["method"], "options": run["options"], "changed": changed,
            "seeds": {seed: _cell(record) for seed, record in seeds.items()}}


def _cell(record: Mapping[str, Any]) -> dict[str, Any]:
    stages, explained = record["stages"], explained_by(record["run"]["method"])
    R, _ = measured(record).values()
    sizes = [stage["capacity"] for stage in stages]
    return {
        "R": np.round(R, 6).tolist(),
        "seconds": [round(stage["seconds"], 3) for stage in stages],
        "multiply_adds": [multiply_adds(stage, explained) for stage in stages],
        "allocated": [size["allocated"] for size in sizes], "nonzero": [size["nonzero"] for size in sizes],
        "yardstick": [size["stl"] for size in sizes], "widths": [size["widths"] for size in sizes],
        "stored": sizes[-1]["stored"], "facts": _facts(stages, explained),
    }


def multiply_adds(stage: Mapping[str, Any], explained: Mapping[str, Box]) -> int | None:
    """Multiply-adds of a stage's solves, but for boxes that are not counted; None if another did not count.

    Eq. 3 is not: it has fixed features and a solver of another kind; all others are solved with mini-batches.
    """
    counts = [step["solve"].get("multiply_adds") for step in stage["steps"]
              if step["solve"] and explained.get(step["box"], PLAIN_BOX).counted]
    return None if None in counts else sum(counts)


def _facts(stages, explained: Mapping[str, Box]) -> dict[str, dict[str, list]]:
    """Box -> name -> a list with an item per stage, for boxes that some stage had."""
    found = [{step["box"]: step["facts"] for step in stage["steps"]} for stage in stages]
    return {box: {name: [facts.get(box, {}).get(name) for facts in found] for name in about.per_layer}
            for box, about in explained.items() if about.per_layer and any(box in facts for facts in found)}
