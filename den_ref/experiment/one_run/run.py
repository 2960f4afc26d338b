"""A run: a method on its way through a stream."""

from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from den_ref.core.metrics import average_performance
from den_ref.experiment.disk.files import VERSION
from den_ref.experiment.disk.json_files import as_json
from den_ref.experiment.disk.results import METRICS, TITLES, looked_at_first, validated
from den_ref.protocol import Method

from .final_table import final_table
from .rows import frame, rows, write_csv
from .separate import SeparateNetworks, separate_networks


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

    def __repr__(self) -> str:
        mean = f", mean {self.title} {average_performance(self.measured(self.metric)):.4f}" if self.stages else ""
        about = f"{self.identity['method']} on {self.identity['stream']['name']}, seed {self.identity['seed']}"
        return f"<Run of {about}: {len(self.stages)} of {len(self.task_ids)} tasks learnt{mean}>"

    def _repr_html_(self) -> str:
        """In a notebook: the table."""
        return f"<pre>{escape(self.table())}</pre>"

    @property
    def task_ids(self) -> list:
        """The run's tasks in the order of learning, learnt or not."""
        return self.identity["tasks"]

    @property
    def complete(self) -> bool:
        return len(self.stages) == len(self.task_ids)

    @property
    def metric(self) -> str:
        """The measure that is looked at first, a key of ``R``."""
        return looked_at_first(self.identity["stream"])

    @property
    def title(self) -> str:
        """What that measure is called on the screen."""
        return TITLES[self.metric]

    @property
    def capacities(self) -> list[dict[str, Any]]:
        """The capacity after each task learnt, as it is on record (docs/results_format.md)."""
        return [stage["capacity"] for stage in self.stages]

    @property
    def separate(self) -> SeparateNetworks | None:
        """What the size is held against: separate networks of the shape that the run began with, if it has one."""
        totals = [size["stl"] for size in self.capacities]
        return separate_networks(self.identity["options"], self.identity["stream"], totals)

    def measured(self, metric: str) -> np.ndarray:
        """R of the tasks learnt so far, (t, t)."""
        learnt = len(self.stages)
        return self.R[metric][:learnt, :learnt]

    def table(self) -> str:
        """What the run came to, as text."""
        return final_table(self)

    def rows(self) -> list[dict[str, Any]]:
        """What was measured in long format: a dict per stage and task tested after it (:mod:`.rows`)."""
        return rows(self)

    def to_csv(self, path: Path | str) -> None:
        """Write :meth:`rows` as a CSV file."""
        write_csv(self.rows(), path)

    def frame(self):
        """:meth:`rows` as a pandas DataFrame; needs pandas, and says so."""
        return frame(self.rows())

    def to_json(self) -> dict[str, Any]:
        """The content of results.json, checked against its schema."""
        return validated(as_json({
            "format": "den_ref results", "version": VERSION, "complete": self.complete,
            "run": self.identity, "environment": self.environment, "R": self.R, "stages": self.stages,
        }))


def unseen(n_tasks: int) -> dict[str, np.ndarray]:
    """The matrices R of a run that has not begun."""
    return {metric: np.full((n_tasks, n_tasks), np.nan) for metric in METRICS}
