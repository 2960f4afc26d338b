"""Samples and labels that come in one piece, split into training, validation and test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from den_ref.doors import did_you_mean, real_array
from .seeds import generator
from .stream import SPLITS

#: Shares of training, validation and test.
SHARES = (0.6, 0.2, 0.2)
#: What a task in one piece has; and what it may have besides, the split of every sample.
WHOLE, TOLD = {"id", "x", "y"}, "split"


def with_splits(tasks: Sequence[Any], shares, seed: int) -> list[Any]:
    """The tasks with three splits each: those in one piece are split, all others stay what they are.

    Tasks in one piece are pairs ``(x, y)``, whose ids are their places, and mappings of ``id``, ``x`` and ``y``; with
    ``split``, (n,) of "train", "valid" and "test", that is the split.  Tasks of the same ``x`` (the same object) are
    split alike, by what the first says, so that no sample is learnt from in one and tested in another.
    """
    tasks, shares = [_in_one_piece(task, place) for place, task in enumerate(tasks)], checked_shares(shares)
    pools = {}                                                     # x -> the places of its tasks
    for place, task in enumerate(tasks):
        if _is_whole(task):
            pools.setdefault(id(task["x"]), []).append(place)
    for places in pools.values():
        for place, task in zip(places, _split([tasks[place] for place in places], shares, seed, places[0])):
            tasks[place] = task
    return tasks


def split_rows(labels: np.ndarray, shares: Sequence[float], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The rows of each split, ascending: at random, but of every label about the same shares in each.

    Of the n rows of one label, shuffled, the first are for training, the next for validation, the last for test, cut
    where ``shares`` say, rounded.  Three rows or more are in all splits; one or two are for training.

    Parameters
    ----------
    labels : (n,) or (n, k) array
        Rows with equal labels belong together.
    shares : three numbers
        Their sum is 1.
    rng : numpy.random.Generator

    >>> rows = split_rows(np.array([0, 1] * 5), (0.6, 0.2, 0.2), np.random.default_rng(0))
    >>> [len(rows[split]) for split in ("train", "valid", "test")]
    [6, 2, 2]
    """
    shuffled = rng.permutation(len(labels))
    _, group, sizes = np.unique(labels, axis=0, return_inverse=True, return_counts=True)
    shuffled = shuffled[np.argsort(group.reshape(-1)[shuffled], kind="stable")]
    parts = [np.split(rows, _cuts(len(rows), shares)) for rows in np.split(shuffled, np.cumsum(sizes)[:-1])]
    return {split: np.sort(np.concatenate(rows)) for split, rows in zip(SPLITS, zip(*parts, strict=True), strict=True)}


def checked_shares(shares) -> tuple[float, ...]:
    """The shares of training, validation and test as three floats; a text such as "0.6,0.2,0.2" will do."""
    given = shares.split(",") if isinstance(shares, str) else shares
    try:
        train, valid, test = map(float, given)
    except (TypeError, ValueError):
        train = valid = test = np.nan
    if not (min(train, valid, test) > 0 and abs(train + valid + test - 1) < 1e-6):
        raise ValueError(f"split: expected shares of training, validation and test, three numbers > 0 whose sum is 1, "
                         f"got {shares!r}")
    return train, valid, test


def _cuts(n: int, shares: Sequence[float]) -> tuple[int, int]:
    """Where n rows are cut in three."""
    if n < 3:
        return n, n
    first = min(max(round(shares[0] * n), 1), n - 2)
    return first, min(max(round((shares[0] + shares[1]) * n), first + 1), n - 1)


def _in_one_piece(task, place: int):
    """A pair as a mapping; anything else as it is."""
    return {"id": place, "x": task[0], "y": task[1]} if isinstance(task, tuple) and len(task) == 2 else task


def _is_whole(task) -> bool:
    return isinstance(task, Mapping) and set(task) - {TOLD} == WHOLE


def _split(tasks: list[Mapping[str, Any]], shares, seed: int, place: int) -> list[dict[str, Any]]:
    """Tasks of one x, all cut at the same rows; ``place`` is the first one's."""
    x = real_array(f"task {tasks[0]['id']!r}, x", tasks[0]["x"])
    labels = [_labels(task, len(x) if x.ndim else 0) for task in tasks]
    if TOLD in tasks[0]:
        rows = told_rows(tasks[0][TOLD], len(x), f"task {tasks[0]['id']!r}, {TOLD}")
    else:
        for task, y in zip(tasks, labels):
            _check_enough(y, f"task {task['id']!r}, y")
        rows = split_rows(np.column_stack(labels), shares, generator(seed, "split", place))
    samples = {f"x_{split}": x[rows[split]] for split in SPLITS}
    return [{"id": task["id"], **samples, **{f"y_{split}": y[rows[split]] for split in SPLITS}}
            for task, y in zip(tasks, labels)]


def told_rows(told, n: int, where: str) -> dict[str, np.ndarray]:
    """The rows of each split, as n words tell them."""
    told = np.asarray(told)
    if told.shape != (n,):
        raise ValueError(f"{where}: expected {n} of {', '.join(SPLITS)}, one per sample, got shape {told.shape}")
    for word in np.unique(told):
        if word not in SPLITS:
            raise ValueError(f"{where}: expected {', '.join(SPLITS)}, got {str(word)!r}{did_you_mean(word, SPLITS)}")
    rows = {split: np.flatnonzero(told == split) for split in SPLITS}
    for split in SPLITS:
        if not len(rows[split]):
            raise ValueError(f"{where}: expected samples of {', '.join(SPLITS)}, got no {split}; "
                             "where nothing is said of splits, samples are split for you")
    return rows


def _labels(task: Mapping[str, Any], n: int) -> np.ndarray:
    """The labels of n samples."""
    where = f"task {task['id']!r}, y"
    y = real_array(where, task["y"])
    if y.ndim not in (1, 2) or len(y) != n:
        raise ValueError(f"{where}: expected one label per sample, {n} of them, got shape {y.shape}")
    return y


def _check_enough(y: np.ndarray, where: str) -> None:
    """Every label often enough for three splits."""
    for column in y.reshape(len(y), -1).T if y.size else ():
        values, counts = np.unique(column, return_counts=True)
        if counts.min() < 3:
            raise ValueError(f"{where}: expected at least 3 samples of every label, so that each split has one, "
                             f"got {counts.min()} of label {values[counts.argmin()]}")
