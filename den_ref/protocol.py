"""What every room of the house agrees on: Task, Step, Capacity and Method.

This file imports nothing of ours and is imported by all.  Data flows one way:

    tasks  ->  Task  ->  a method's steps(task)  ->  Steps  ->  experiment  ->  plots
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import numpy as np

#: Called while a solve runs: (what is solved, epochs done, epochs at most, validation loss).
Progress = Callable[[str, int, int, float], None]


def no_progress(label: str, done: int, total: int, loss: float) -> None:
    """The progress callback that says nothing."""


@dataclass(frozen=True, eq=False)
class Task:
    """One task of a stream: what is learnt, and the data it is learnt from.

    Parameters
    ----------
    id : hashable
        Name of the task, unique in its stream (a digit, a string, ...).
    x_train, x_valid, x_test : (n, n_inputs) float arrays
        One sample a row.  Tasks of one stream may share the very same arrays.
        ``x_test`` is None for a task handed to a method.
    y_train, y_valid, y_test : arrays
        ``loss="sigmoid"``: (n, n_outputs), 0 or 1, of x's dtype.
        ``loss="softmax"``: (n,) integers 0..n_outputs-1.
    loss : {"sigmoid", "softmax"}
    n_outputs : int
        Number of logits of the task's head.
    """

    id: Hashable
    x_train: np.ndarray
    y_train: np.ndarray
    x_valid: np.ndarray
    y_valid: np.ndarray
    x_test: np.ndarray | None = None
    y_test: np.ndarray | None = None
    loss: str = "sigmoid"
    n_outputs: int = 1

    @property
    def n_inputs(self) -> int:
        return self.x_train.shape[1]

    def without_test(self) -> Task:
        """The task as a method may see it."""
        return replace(self, x_test=None, y_test=None)


@dataclass(frozen=True, eq=False)
class Step:
    """One box of an algorithm, done: what happened, to which network, and how the solve went.

    Parameters
    ----------
    stage : int
        1-based position of the task in the order of learning.
    task : hashable
        Id of the task being learnt.
    box : str
        Short name of the box ("eq3", "select", "expand", "split", ...), one per kind of picture.
    title : str
        The box as the paper calls it, e.g. "Algorithm 2, Eq. 3".
    sentence : str
        What happened, in one plain sentence.
    facts : dict
        The same in numbers: JSON types only (numbers, strings, lists, dicts).
    arrays : dict of arrays
        What was chosen: selected units, drifts, index maps.
    before, after : any
        The model before and after the box (references; surgery never modifies its input).
    solve : scipy.optimize.OptimizeResult or None
        The solver's result with its certificate.
    seconds : float
        Wall-clock time of the box.
    """

    stage: int
    task: Hashable
    box: str
    title: str
    sentence: str
    facts: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, Any] = field(default_factory=dict)
    before: Any = None
    after: Any = None
    solve: Any = None
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"task {self.task} (stage {self.stage}) | {self.title}: {self.sentence}"


@dataclass(frozen=True)
class Capacity:
    """How large a model is, in numbers of floats.

    Parameters
    ----------
    allocated : int
        Parameters needed to answer every task learnt.
    nonzero : int
        Those of them that are not 0.
    arrays : int
        Total size of the stored weight arrays.
    per_task : dict
        Task id -> parameters read when answering that task.
    stored : dict
        Anything else kept between tasks, name -> number of floats (Fishers, anchors, examples).
    widths : tuple of int
        Units per hidden layer.
    """

    allocated: int
    nonzero: int
    arrays: int
    per_task: dict[Hashable, int]
    stored: dict[str, int] = field(default_factory=dict)
    widths: tuple[int, ...] = ()


class Method(ABC):
    """A learner of tasks in sequence.  DEN and everything it is compared with has this surface.

    A method is made from its options and a seed, ``Method(config, seed=0)``, and learns the number of inputs from
    its first task.  ``progress`` may be replaced to watch the solves.
    """

    #: Name in the registry and on the command line.
    name: str
    #: The dataclass of options (a :class:`den_ref.settings.Settings`).
    Config: type
    #: True if the method reads the data of earlier tasks again.
    needs_all_data: bool = False

    def __init__(self, config=None, seed: int = 0):
        self.config = self.Config() if config is None else config
        if not isinstance(self.config, self.Config):
            raise ValueError(f"config: expected a {self.Config.__name__} for {self.name}, got {config!r}")
        self.rng = np.random.default_rng(seed)
        self.progress: Progress = no_progress

    @property
    @abstractmethod
    def tasks(self) -> list[Hashable]:
        """Ids of the tasks learnt, in the order of learning."""

    @abstractmethod
    def steps(self, task: Task) -> Iterator[Step]:
        """Learn one task, yielding a Step after every box.

        The model changes only when the generator ends: a stage that is abandoned half-way leaves the method as it
        was, except for its random generator.
        """

    @abstractmethod
    def scores(self, task_id: Hashable, x: np.ndarray) -> np.ndarray:
        """Logits (n, n_outputs) of a learnt task for samples x (n, n_inputs).  Pure: no state changes."""

    @abstractmethod
    def capacity(self) -> Capacity:
        """How many parameters the model has now."""

    @abstractmethod
    def state(self) -> dict[str, np.ndarray]:
        """Everything needed to continue bit for bit, as a flat dict of arrays (no objects)."""

    @classmethod
    @abstractmethod
    def from_state(cls, state: Mapping[str, np.ndarray], config=None, seen: Sequence[Task] = ()) -> Method:
        """The method that :meth:`state` described.

        ``seen`` are the tasks learnt so far, without test arrays; only a method with ``needs_all_data`` reads them.
        """

    @abstractmethod
    def loss_of(self, task_id: Hashable) -> str:
        """The loss a learnt task was trained with: "sigmoid" or "softmax"."""

    def learn(self, task: Task) -> list[Step]:
        """Learn one task to its end; the list of its Steps."""
        return list(self.steps(task.without_test()))

    def predict(self, task_id: Hashable, x: np.ndarray) -> np.ndarray:
        """Predicted labels: (n, n_outputs) of 0/1 for sigmoid heads (1 iff logit > 0), (n,) classes for softmax."""
        scores = self.scores(task_id, x)
        if self.loss_of(task_id) == "softmax":
            return scores.argmax(axis=1)
        return (scores > 0).astype(np.int64)


def timed(steps: Iterator[Step]) -> Iterator[Step]:
    """The same steps, each with the time that went by since the one before was taken; returns what they return."""
    while True:
        started = perf_counter()
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value
        yield replace(step, seconds=perf_counter() - started)


def check_task(task: Task, learnt: Sequence[Hashable], n_inputs: int | None = None) -> None:
    """Raise a ValueError unless a method that has learnt ``learnt`` can learn this task next."""
    if task.id in learnt:
        raise ValueError(f"task: expected one not learnt yet, got {task.id!r} (learnt: {list(learnt)})")
    for split in ("train", "valid"):
        x, y = getattr(task, f"x_{split}"), getattr(task, f"y_{split}")
        if np.ndim(x) != 2 or (n_inputs is not None and x.shape[1] != n_inputs):
            wanted = "(n, n_inputs)" if n_inputs is None else f"(n, {n_inputs})"
            raise ValueError(f"task.x_{split}: expected an array {wanted}, got shape {np.shape(x)}")
        expected = (len(x),) if task.loss == "softmax" else (len(x), task.n_outputs)
        if np.shape(y) != expected:
            raise ValueError(f"task.y_{split}: expected shape {expected} for a {task.loss} head, got {np.shape(y)}")


def unknown_task(task_id: Hashable, known: Sequence[Hashable]) -> KeyError:
    """The error for a task that was never learnt: names it and the ones that were."""
    return KeyError(f"task_id: expected one of the learnt tasks {list(known)}, got {task_id!r}")
