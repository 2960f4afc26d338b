"""A stream of a file of one's own: ``den-ref run --data-file FILE`` and ``make_stream("file", data_file=FILE)``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from den_ref.doors import OneOf
from den_ref.protocol import CLASS_INCREMENTAL, SCENARIOS, TASK_INCREMENTAL
from .arrays import class_incremental, stream_from_arrays
from .pixels import checked_dtype
from .splits import SHARES, checked_shares, with_splits
from .stream import SPLITS, Stream, label
from .table import Table, read_table


def file_stream(seed: int = 0, *, data_file=None, split=SHARES, against_rest: bool = False, standardise: bool = False,
                scenario: str = TASK_INCREMENTAL, dtype="float32") -> Stream:
    """The tasks of a table, in the order in which they begin in it; without a column ``task`` there is one.

    A task whose labels are of two kinds is learnt with a sigmoid head, the greater label being 1; if some task of the
    file has more, or the stream is class-incremental, all have softmax heads, over their own labels in ascending order.

    Parameters
    ----------
    seed : int
        Of the split.
    data_file : path
        A ``.csv`` or ``.npz`` as described in :mod:`den_ref.tasks.table`.
    split : three numbers or text
        Shares of training, validation and test, of every label the same, if the file has no column ``split``.
    against_rest : bool
        One task for each label, in ascending order: this label against all others, of the same samples.
    standardise : bool
        Every feature minus its mean and divided by its deviation, of the training samples of all tasks.
    scenario : {"task-incremental", "class-incremental"}
        In the latter labels are classes that no other task has, and which of all classes seen it is is asked.
    dtype : {"float32", "float64"}

    Returns
    -------
    Stream
        ``details`` has the file's name, the labels of each task, and what :func:`stream_from_arrays` says.

    Raises
    ------
    OSError, ValueError
        As :func:`read_table` and :func:`stream_from_arrays`.
    """
    for name, value in (("against_rest", against_rest), ("standardise", standardise)):
        if not isinstance(value, bool):
            raise ValueError(f"{name}: expected True or False, got {value!r}")
    if OneOf(*SCENARIOS)("scenario", scenario) == CLASS_INCREMENTAL and against_rest:
        raise ValueError("against_rest: expected False on a class-incremental stream, got True")
    shares, dtype, table = checked_shares(split), checked_dtype(dtype), read_table(data_file)
    try:
        stream = _stream(table, shares, seed, against_rest, standardise, scenario, dtype)
    except ValueError as error:
        raise ValueError(f"{data_file}: {error}") from error
    facts = {"file": Path(data_file).name, "against_rest": against_rest, "standardise": standardise}
    return replace(stream, details=stream.details | facts)


def _stream(table: Table, shares, seed: int, against_rest: bool, standardise: bool, scenario: str, dtype) -> Stream:
    tasks, labels = one_against_rest(table) if against_rest else by_task(table)
    tasks = with_splits(tasks, shares, seed)
    tasks = standardised(tasks) if standardise else tasks
    softmax = scenario == CLASS_INCREMENTAL or any(len(found) > 2 for found in labels)
    stream = stream_from_arrays(tasks, name="file", loss="softmax" if softmax else "sigmoid", dtype=dtype)
    if scenario == CLASS_INCREMENTAL:
        return class_incremental(stream, labels)
    return replace(stream, details=stream.details | {"labels": labels})


def by_task(table: Table) -> tuple[list[dict[str, Any]], list[list]]:
    """The tasks of a table, not yet split, and the labels of each in ascending order."""
    if table.task is None:
        groups = [("all", slice(None))]
    else:
        ids, first = np.unique(table.task, return_index=True)
        groups = [(label(task_id), table.task == task_id) for task_id in ids[np.argsort(first)]]
    tasks, labels = [], []
    for task_id, rows in groups:
        kinds, y = coded(table.label[rows], task_id, table.least)
        tasks.append({"id": task_id, "x": table.x[rows], "y": y} | _told(table, rows))
        labels.append(kinds)
    return tasks, labels


def one_against_rest(table: Table) -> tuple[list[dict[str, Any]], list[list]]:
    """A task for each label of a table, not yet split: 1 where it is the row's label."""
    if table.task is not None or table.label.ndim == 2:
        raise ValueError("against_rest: expected a file with one label per row and no tasks, got "
                         f"{'tasks' if table.task is not None else f'labels of shape {table.label.shape}'}")
    kinds, y = coded(table.label, "all", table.least)
    told = _told(table, slice(None))
    return ([{"id": kind, "x": table.x, "y": (y == code).astype(np.int64)} | told for code, kind in enumerate(kinds)],
            [["rest", kind] for kind in kinds])


def coded(labels: np.ndarray, task_id, least: int) -> tuple[list, np.ndarray]:
    """The different labels in ascending order, and the place of each row's among them; 0 and 1 in columns stay so.

    Each must be there ``least`` times.
    """
    if labels.ndim == 2:
        return [0, 1], labels
    kinds, y, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if len(kinds) < 2:
        raise ValueError(f"task {task_id!r}: expected at least two different labels, got only {label(kinds[0])!r}")
    if counts.min() < least:
        raise ValueError(f"task {task_id!r}: expected at least {least} rows of every label, so that each split has "
                         f"one, got {counts.min()} of {label(kinds[counts.argmin()])!r}")
    return [label(kind) for kind in kinds], y


def standardised(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tasks with every feature centred and scaled by the training samples of all of them."""
    distinct = {id(task[f"x_{split}"]): task[f"x_{split}"] for task in tasks for split in SPLITS}
    train = np.concatenate(list({id(task["x_train"]): task["x_train"] for task in tasks}.values()), dtype=np.float64)
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    deviation[deviation == 0] = 1                                  # a feature that is always the same becomes 0
    scaled = {key: (x - mean) / deviation for key, x in distinct.items()}
    return [task | {f"x_{split}": scaled[id(task[f"x_{split}"])] for split in SPLITS} for task in tasks]


def _told(table: Table, rows) -> dict[str, np.ndarray]:
    return {} if table.split is None else {"split": table.split[rows]}
