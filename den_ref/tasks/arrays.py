"""A stream of your own data, checked before anything is learnt from it."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from den_ref.doors import OneOf, did_you_mean
from den_ref.protocol import CLASS_INCREMENTAL, SCENARIOS, TASK_INCREMENTAL, Task
from .pixels import checked_dtype
from .scale import warn_of_scale
from .splits import SHARES, with_splits
from .stream import SPLITS, Stream, label

ARRAYS = tuple(f"{letter}_{split}" for split in SPLITS for letter in "xy")
KEYS = ("id", *ARRAYS)
#: What is said of all tasks at once.
ARGUMENTS = ("name", "loss", "dtype", "split", "seed", "scenario")


def stream_from_arrays(
    tasks: Sequence[Mapping[str, Any] | tuple[Any, Any]], *, name: str = "arrays", loss: str = "sigmoid", dtype=None,
    split=SHARES, seed: int = 0, scenario: str = TASK_INCREMENTAL
) -> Stream:
    """A stream of your own arrays.

    Parameters
    ----------
    tasks : sequence of pairs or mappings
        One per task, in the order of learning: ``(x, y)`` or the same as a mapping of ``id``, ``x`` and ``y``, to be
        split; or, split already, with the keys ``id``, ``x_train``, ``y_train``, ``x_valid``, ``y_valid``, ``x_test``,
        ``y_test``:

        - ``id``: any hashable, unique in the stream;
        - ``x_...``: (n, n_inputs) finite numbers, one sample a row, n_inputs the same everywhere; or images, (n, h, w)
          or (n, h, w, c), which become rows of h * w * c inputs (``Task.image`` says of what);
        - ``y_...``: for ``loss="sigmoid"`` (n,) or (n, n_outputs) of 0 and 1, both present in every column of every
          split; for ``loss="softmax"`` (n,) integers 0..C-1, where C is one more than the task's largest training
          label, at least two classes in every split; for a class-incremental stream (n,) integers, the classes'
          names, which no other task has.
    name : str
        How the stream is called in results.
    loss : {"sigmoid", "softmax"}
    dtype : {"float32", "float64"}, optional
        Of the samples.  By default float32 and float64 stay what they are (all samples must agree), and integers and
        booleans become float32.
    split : three numbers
        Shares of training, validation and test, of what is to be split; of every label the same
        (:func:`~den_ref.tasks.splits.split_rows`).  Tasks of the same ``x`` are split alike.
    seed : int
        Of the split.
    scenario : {"task-incremental", "class-incremental"}
        What is asked at test time: of a task that is named, or which of all classes seen it is, for which ``loss`` is
        "softmax".

    Returns
    -------
    Stream
        Its arrays are yours where they are C-contiguous and of the right dtype already, and copies elsewhere; samples
        that tasks share stay shared.  Nothing of yours is modified, and nothing is scaled: inputs of a size around 1
        suit the default settings, and those far from it are warned of.

    Raises
    ------
    ValueError
        Naming the task and the array, what was expected and what came.

    >>> x, y = np.eye(4), [0, 1, 0, 1]
    >>> task = dict(id="odd", x_train=x, y_train=y, x_valid=x, y_valid=y, x_test=x, y_test=y)
    >>> stream_from_arrays([task]).tasks[0].y_train.shape
    (4, 1)
    >>> pairs = stream_from_arrays([(np.eye(20), [0, 1] * 10), (-np.eye(20), [1, 0] * 10)])
    >>> [task.x_train.shape for task in pairs.tasks]
    [(12, 20), (12, 20)]
    """
    if loss not in ("sigmoid", "softmax"):
        raise ValueError(f"loss: expected 'sigmoid' or 'softmax', got {loss!r}")
    if OneOf(*SCENARIOS)("scenario", scenario) == CLASS_INCREMENTAL and loss != "softmax":
        raise ValueError(f"loss: expected 'softmax' on a class-incremental stream, got {loss!r}")
    tasks, classes = with_arrays(with_splits(list(tasks), split, seed)), []
    if scenario == CLASS_INCREMENTAL:
        tasks, classes = zip(*map(among_own, tasks))
    dtype = common_dtype(tasks) if dtype is None else checked_dtype(dtype)
    samples = Samples(dtype)
    made = {task["id"]: checked_task(task, loss, samples) for task in tasks}
    any(warn_of_scale(task.id, task.x_train) for task in made.values())
    if samples.image and channels_seem_first(samples.image):
        warnings.warn("x_train: expected images (n, h, w, c), got {} x {} of {} channels; if channels stand first, "
                      "np.moveaxis(x, 1, -1) puts them last".format(*samples.image), stacklevel=2)
    details = {"loss": loss, "dtype": dtype.name, "sizes": [sizes(task) for task in made.values()]}
    details |= {"image": list(samples.image)} if samples.image else {}
    details["sha256"] = checksum(made.values())
    stream = Stream(name, tuple(made), made.__getitem__, prod(samples.shape), details)
    return class_incremental(stream, classes) if scenario == CLASS_INCREMENTAL else stream


# --- one task ----------------------------------------------------------------------------------------------------


def checked_task(task: Mapping[str, Any], loss: str, samples: Samples) -> Task:
    """The Task of one mapping, its arrays checked and brought to their shapes and dtype."""
    labels = sigmoid_labels if loss == "sigmoid" else softmax_labels
    where = f"task {task['id']!r}, "
    arrays, n_outputs = {}, None                                   # set by the training labels, which come first
    for split in SPLITS:
        x = samples.checked(task[f"x_{split}"], f"{where}x_{split}")
        y, n_outputs = labels(task[f"y_{split}"], len(x), n_outputs, samples.dtype, f"{where}y_{split}")
        arrays |= {f"x_{split}": x, f"y_{split}": y}
    return Task(id=task["id"], **arrays, loss=loss, n_outputs=n_outputs, image=samples.image)


class Samples:
    """Checks samples and makes them rows of one dtype; an array that several tasks share is converted once."""

    def __init__(self, dtype):
        self.dtype = dtype
        self.shape = ()                                            # of a sample, as the first array has it
        self.known = {}                                            # id of the given array -> the converted one

    @property
    def image(self) -> tuple[int, int, int] | None:
        """Height, width and channels (one if there is no axis of them), if samples are images."""
        return (*self.shape, 1)[:3] if len(self.shape) > 1 else None

    def checked(self, x: np.ndarray, where: str) -> np.ndarray:
        if id(x) not in self.known:
            self.known[id(x)] = self._converted(x, where)
        return self.known[id(x)]

    def _converted(self, x: np.ndarray, where: str) -> np.ndarray:
        if x.ndim not in (2, 3, 4) or 0 in x.shape:
            raise ValueError(f"{where}: expected a non-empty (n, n_inputs) array, got shape {x.shape}; "
                             "images are (n, h, w) or (n, h, w, c)")
        self.shape = self.shape or x.shape[1:]
        if x.shape[1:] != self.shape:
            expected, got = (" x ".join(map(str, shape)) for shape in (self.shape, x.shape[1:]))
            raise ValueError(f"{where}: expected {expected} inputs like the first array, got {got}")
        with np.errstate(over="ignore"):                           # what overflows is not finite: refused below
            x = np.ascontiguousarray(x if x.ndim == 2 else x.reshape(len(x), -1), self.dtype)
        check_finite(x, where)
        return x


def channels_seem_first(image: tuple[int, int, int]) -> bool:
    """Whether height, width and channels of images may be channels, height and width in truth.

    >>> channels_seem_first((3, 32, 32)), channels_seem_first((1, 28, 28)), channels_seem_first((32, 32, 3))
    (True, True, False)
    """
    first, width, last = image
    return last > 4 and (first == 3 or (first == 1 and width == last))


def sigmoid_labels(y, n: int, n_outputs: int | None, dtype, where: str) -> tuple[np.ndarray, int]:
    """(n, n_outputs) labels of 0 and 1 in the samples' dtype, and n_outputs."""
    y = y[:, None] if y.ndim == 1 else y
    if y.ndim != 2 or len(y) != n or y.shape[1] != (n_outputs or max(y.shape[1], 1)):
        expected = f"({n}, {n_outputs or 'n_outputs'})"
        raise ValueError(f"{where}: expected shape {expected}, one row per sample, got {y.shape}")
    if not np.isin(y, (0, 1)).all():
        advice = "; classes are learnt with loss='softmax'" if y.dtype.kind in "iu" and y.shape[1] == 1 else ""
        raise ValueError(f"{where}: expected labels 0 and 1, got {found(y)}{advice}")
    for column in np.flatnonzero(y.min(axis=0) == y.max(axis=0)):
        raise ValueError(f"{where}: expected both 0 and 1 in every column, got only {y[0, column]} in column {column}")
    return np.ascontiguousarray(y, dtype), y.shape[1]


def softmax_labels(y, n: int, n_outputs: int | None, dtype, where: str) -> tuple[np.ndarray, int]:
    """(n,) int64 labels 0..n_outputs-1, and n_outputs: one more than the largest label unless it is known."""
    if y.shape != (n,):
        raise ValueError(f"{where}: expected shape ({n},), one label per sample, got {y.shape}")
    if y.dtype.kind not in "iu" or y.min() < 0:
        raise ValueError(f"{where}: expected integers >= 0, got {y.dtype} with {found(y)}")
    if y.min() == y.max():
        raise ValueError(f"{where}: expected at least two classes, got only {y[0]}")
    absent = np.setdiff1d(np.arange(n_outputs or y.max() + 1), y) if n_outputs is None else ()
    if len(absent):                                                # a class without a sample has no AUROC
        raise ValueError(f"{where}: expected every class from 0 to the largest, {y.max()}, got none of {found(absent)}")
    n_outputs = n_outputs or int(y.max()) + 1
    if y.max() >= n_outputs:
        raise ValueError(f"{where}: expected the training classes 0..{n_outputs - 1}, got {y.max()}")
    return np.ascontiguousarray(y, np.int64), n_outputs


def check_finite(x: np.ndarray, where: str) -> None:
    """A ValueError that counts the values that are not finite, and names the first row that has one."""
    wrong = ~np.isfinite(x)
    if wrong.any():
        row = int(wrong.any(axis=1).argmax())
        came = f"{wrong.sum()} NaN or infinite, first in row {row}"
        raise ValueError(f"{where}: expected finite values ({x.dtype}), got {came}")


def found(y: np.ndarray) -> str:
    """The first few distinct values of an array, for an error message."""
    values = np.unique(y)
    return ", ".join(map(str, values[:5])) + (", ..." if len(values) > 5 else "" if len(values) else "nothing")


# --- all tasks ---------------------------------------------------------------------------------------------------


def with_arrays(tasks: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The tasks with all their data as arrays (an array stays the object it is); a ValueError if one is no task."""
    if not tasks:
        raise ValueError("tasks: expected at least one task, got none")
    for position, task in enumerate(tasks):
        check_keys(task, f"tasks[{position}]")
        check_id(task["id"], f"tasks[{position}]")
        if any(label(task["id"]) == label(other["id"]) for other in tasks[:position]):
            raise ValueError(f"tasks[{position}]: expected an id of its own, got {task['id']!r} again")
    return [
        {"id": task["id"], **{key: numeric(task[key], f"task {task['id']!r}, {key}") for key in ARRAYS}}
        for task in tasks
    ]


def check_keys(task: Mapping[str, Any], where: str) -> None:
    """A ValueError unless the task is a mapping with exactly the keys of a task and a hashable id."""
    if not isinstance(task, Mapping):
        raise ValueError(f"{where}: expected a mapping with the keys {', '.join(KEYS)}, or a pair (x, y), "
                         f"got {type(task).__name__}")
    wrong = "; ".join([*map(_unexpected, task.keys() - set(KEYS)), *_missing(task)])
    if wrong:
        raise ValueError(f"{where}: expected a mapping with the keys {', '.join(KEYS)}, or id, x, y; {wrong}")
    if not isinstance(task["id"], Hashable):
        raise ValueError(f"{where}: expected a hashable id, got {task['id']!r}")


def _unexpected(key) -> str:
    """What to say of a key that no task has."""
    if key in ARGUMENTS:
        return f"unexpected: {key}; it is an argument of stream_from_arrays"
    return f"unexpected: {key}{did_you_mean(key, KEYS)}"


def _missing(task: Mapping[str, Any]) -> list[str]:
    """What to say of the keys that a task lacks, if it lacks any."""
    missing = [key for key in KEYS if key not in task]
    split = any(key.endswith("_valid") for key in missing)
    advice = "; a task needs validation data, (x, y) or id, x and y are split for you" if split else ""
    return [f"missing: {', '.join(missing)}{advice}"] if missing else []


def check_id(task_id: Hashable, where: str) -> None:
    """A ValueError for an id that is not itself (NaN), or that no file can hold (half a character)."""
    try:
        str(label(task_id)).encode()
    except UnicodeEncodeError:
        raise ValueError(f"{where}: expected an id that can be written in UTF-8, got {task_id!r}") from None
    if task_id != task_id:
        raise ValueError(f"{where}: expected an id that equals itself, got {task_id!r}")


def numeric(given, where: str) -> np.ndarray:
    """The argument as an array of real numbers or booleans."""
    if np.ma.isMaskedArray(given) and np.ma.getmaskarray(given).any():
        raise ValueError(f"{where}: expected an array without masked entries, got {np.ma.count_masked(given)} masked")
    try:
        array = np.asarray(given)
    except ValueError as error:
        raise ValueError(f"{where}: expected an array, got rows of different lengths") from error
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{where}: expected real numbers, got {array.dtype}")
    return array


def common_dtype(tasks: list[Mapping[str, Any]]) -> np.dtype:
    """float64 if all samples are, float32 if none is; a mixture is refused rather than silently widened or narrowed."""
    kinds = {task[f"x_{split}"].dtype for task in tasks for split in SPLITS}
    wide = {kind for kind in kinds if kind.kind == "f" and kind.itemsize >= 8}
    if wide and kinds - wide:
        raise ValueError(f"dtype: expected samples of one dtype, or dtype= to be given, got {sorted(map(str, kinds))}")
    return np.dtype(np.float64 if wide else np.float32)


def sizes(task: Task) -> dict[str, int]:
    """Samples per split."""
    return {split: len(getattr(task, f"x_{split}")) for split in SPLITS}


def checksum(tasks) -> str:
    """SHA-256, in hex, of the SHA-256 of every array in turn; an array that tasks share is read once."""
    arrays = [getattr(task, key) for task in tasks for key in ARRAYS]
    digests = {id(array): hashlib.sha256(array).digest() for array in {id(a): a for a in arrays}.values()}
    return hashlib.sha256(b"".join(digests[id(array)] for array in arrays)).hexdigest()


# --- classes that arrive in lots ---------------------------------------------------------------------------------


def among_own(task: Mapping[str, Any]) -> tuple[dict[str, Any], list[int]]:
    """The task with each label's place among its classes, and these in ascending order: the training labels."""
    own = np.unique(task["y_train"])
    for split in SPLITS:
        y = task[f"y_{split}"]
        if y.dtype.kind not in "iu" or not np.isin(y, own).all():
            raise ValueError(f"task {task['id']!r}, y_{split}: expected classes, integers that are among the training "
                             f"labels, got {y.dtype} with {found(np.setdiff1d(y, own) if split != 'train' else y)}")
    return task | {f"y_{split}": np.searchsorted(own, task[f"y_{split}"]) for split in SPLITS}, own.tolist()


def class_incremental(stream: Stream, classes: Sequence[Sequence[Hashable]]) -> Stream:
    """The stream of softmax tasks with the names of each one's classes; a ValueError if two tasks have the same."""
    brought = {}                                                   # class -> the task that brings it
    for task_id, names in zip(stream.ids, classes):
        for name in names:
            if brought.setdefault(name, task_id) != task_id:
                raise ValueError(f"task {task_id!r}, y_train: expected classes of its own, got {name!r}, which task "
                                 f"{brought[name]!r} brings")
    tasks = {task.id: replace(task, classes=tuple(names)) for task, names in zip(stream.tasks, classes)}
    details = stream.details | {"classes": [list(names) for names in classes]}
    return replace(stream, make=tasks.__getitem__, details=details, scenario=CLASS_INCREMENTAL)
