"""A run in long format: what was measured, one row per stage and task that was tested after it."""

from collections.abc import Mapping, Sequence
from csv import DictWriter
from io import StringIO
from pathlib import Path
from typing import Any

from den_ref.experiment.disk.files import write_text
from den_ref.experiment.disk.results import METRICS

#: ``learnt`` is the task of the stage, ``task`` the one tested; the parameters are those after the stage.
COLUMNS = ("method", "stream", "seed", "stage", "learnt", "task", *METRICS, "allocated", "nonzero")


def rows(run) -> list[dict[str, Any]]:
    """The entries of R on and below the diagonal, row by row, each with what it was measured of: a dict of COLUMNS."""
    about = [run.identity["method"], run.identity["stream"]["name"], run.identity["seed"]]
    return [dict(zip(COLUMNS, [
                *about, i + 1, stage["task"], run.task_ids[j], *(float(run.R[metric][i, j]) for metric in METRICS),
                stage["capacity"]["allocated"], stage["capacity"]["nonzero"]], strict=True))
            for i, stage in enumerate(run.stages) for j in range(i + 1)]


def write_csv(table: Sequence[Mapping[str, Any]], path: Path | str) -> None:
    """Write rows under a line of names, whole or not at all; a NaN is an empty field."""
    text = StringIO(newline="")
    file = DictWriter(text, COLUMNS)
    file.writeheader()
    file.writerows({name: "" if value != value else value for name, value in row.items()} for row in table)
    write_text(Path(path), text.getvalue())


def frame(table: Sequence[Mapping[str, Any]]):
    """Rows as a pandas DataFrame; an ImportError where pandas is missing."""
    try:
        from pandas import DataFrame
    except ImportError as error:
        raise ImportError("frame: expected pandas to be installed (pip install pandas), which nothing else here needs; "
                          "rows() gives the same as a list of dicts") from error
    return DataFrame(table, columns=list(COLUMNS))
