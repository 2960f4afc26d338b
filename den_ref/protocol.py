"""What every room of the house agrees on: Task, Step, Capacity and Method.

This file imports nothing of ours but :mod:`den_ref.describe` and :mod:`den_ref.doors`, and is imported by all.  Data
flows one way:

    tasks  ->  Task  ->  a method's steps(task)  ->  Steps  ->  experiment  ->  plots
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from importlib import import_module
from math import prod
from time import process_time
from typing import Any

import numpy as np

from .describe import Box, Look, Space
from .doors import LOSS_NAMES, Doors, Each, Floats, Instance, Key, Labels, OneOf, Whole, door, refusal

#: Called while a solve runs: (what is solved, epochs done, epochs at most, validation loss).
Progress = Callable[[str, int, int, float], None]


#: The status of a solve whose objective is not finite (``core.result``).
DIVERGED = 3


def no_progress(label: str, done: int, total: int, loss: float) -> None:
    """The progress callback that says nothing."""


class Diverged(ArithmeticError):
    """The training of a task came to numbers that are not finite.  The stage is abandoned, its method as it was."""

    def __init__(self, task_id: Hashable, where: str, why: str):
        super().__init__(f"training of task {task_id!r} diverged in {where} ({why}): try a smaller learning "
                         "rate (option step), or inputs of a size around 1")


@dataclass(frozen=True, eq=False)
class Task:
    """One task of a stream: what is learnt, and the data it is learnt from.

    All labels of a task's head are known when the task comes.  A class-incremental stream has a task for each lot of
    new classes: its labels are 0..n_outputs-1 among its own, ``classes`` says what they are called, and the question
    that is asked of all tasks together is :meth:`Method.class_scores`.

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
    classes : tuple
        Of a class-incremental stream: the name of every class that the task brings; the loss is "softmax".
    image : three ints, optional
        Height, width and channels of samples that are images, each flattened to its row of h * w * c inputs in C order:
        position by position, the channels of one side by side.  None where neighbouring inputs need not be alike.
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
    classes: tuple[Hashable, ...] = ()
    image: tuple[int, int, int] | None = None

    def __repr__(self) -> str:
        counts = " / ".join("-" if x is None else str(len(x)) for x in (self.x_train, self.x_valid, self.x_test))
        return (f"<Task {self.id!r}: {counts} samples of {self.n_inputs} inputs, {self.loss} head of width "
                f"{self.n_outputs}>")

    @property
    def n_inputs(self) -> int:
        return self.x_train.shape[1]

    @property
    def scenario(self) -> str:
        """What is asked at test time: one of SCENARIOS."""
        return CLASS_INCREMENTAL if self.classes else TASK_INCREMENTAL

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
        Short name of the box ("eq3", "select", "split", ...).
    title : str
        The box as the paper calls it, e.g. "Algorithm 2, Eq. 3".
    sentence : str
        What happened, in one plain sentence.
    facts : dict
        The same in numbers, an infinite one included: JSON types only (numbers, strings, lists, dicts).
    arrays : dict of arrays
        What was chosen: selected units, drifts, index maps.
    before, after : any
        The model before and after the box (references; surgery never modifies its input).
    solve : scipy.optimize.OptimizeResult or None
        The solver's result with its certificate.
    seconds : float
        Wall-clock time of the box.
    about : Box, optional
        What its method says of the box (:attr:`Method.explained`): how it is pictured, what it computes.  A box's name
        alone says nothing: another method may have a box of the same name.
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
    about: Box | None = None

    def __str__(self) -> str:
        return f"task {self.task}, learnt {ordinal(self.stage)} | {self.title}: {self.sentence}"

    def __repr__(self) -> str:
        return f"<Step {self.box!r}: {self}>"

    def _repr_html_(self) -> str:
        """In a notebook: its words and its picture."""
        show = import_module("den_ref.plots").show                 # by name: it is plots that knows of steps
        return f"<p>{escape(str(self))}</p>{show(self, title=False).svg()}"


def ordinal(number: int) -> str:
    """The place of a task in the order of learning, which is not to be taken for its id.

    >>> ", ".join(map(ordinal, (1, 2, 3, 4, 11, 21)))
    '1st, 2nd, 3rd, 4th, 11th, 21st'
    """
    return f"{number}{'th' if number % 100 in (11, 12, 13) else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


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


#: What is asked at test time: about a task that is named, or about all classes seen (docs/scenarios.md).
SCENARIOS = TASK_INCREMENTAL, CLASS_INCREMENTAL = "task-incremental", "class-incremental"

#: What a method can be in a comparison: a bound (separate networks, all data at once, nothing done to remember), a
#: system to be compared, DEN, or DEN with a part left out or added.
FAMILIES = BOUND, COMPARED, THE_PAPER, VARIANT = "bound", "compared system", "DEN", "variant of DEN"


class Method(Doors, ABC):
    """A learner of tasks in sequence.  DEN and everything it is compared with has this surface.

    A method is made from its options and a seed, ``Method(config, seed=0)``, and learns the number of inputs from
    its first task.  ``progress`` may be replaced to watch the solves.

    What a method must have: ``name``, ``Config``, ``boxes``, ``tasks``, ``scores``, ``loss_of``, ``capacity``,
    ``state`` and ``from_state``.  What it may say of itself besides is below its name; a subclass does not inherit who
    it is (``title``, ``family``, ``look``, ``space``), only how it works.  One that gives itself no name is called as
    commands find it, ``module:Class``.
    """

    #: Name in the registry and on the command line.
    name: str
    #: The dataclass of options (a :class:`den_ref.settings.Settings`).
    Config: type
    #: True if the method reads the data of earlier tasks again.
    needs_all_data: bool = False
    #: The streams it can answer on, out of SCENARIOS.
    scenarios: tuple[str, ...] = (TASK_INCREMENTAL,)

    #: Options on which what is learnt hangs: from the first task on they stay.
    fixed: tuple[str, ...] = ("hidden", "dtype")

    #: What it is called in text and pictures; by default by its name.
    title: str = ""
    #: What it is in a comparison: one of FAMILIES.
    family: str = COMPARED
    #: How it is drawn; by default by its place in the picture.
    look: Look | None = None
    #: What ``den-ref tune`` draws; a method without a space is not tuned.
    space: Space | None = None
    #: Box -> what is known of it: formula, pictures.
    explained: Mapping[str, Box] = {}
    #: True if it takes much longer than the others: a comparison begins with it, not to end with it alone.
    slow: bool = False

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        for name in ("title", "family", "look", "space"):
            if name not in vars(cls):
                setattr(cls, name, getattr(Method, name))
        if "name" not in vars(cls) and hasattr(cls, "name"):
            cls.name = f"{cls.__module__}:{cls.__qualname__}"

    def __init__(self, config=None, seed: int = 0):
        self.config = self.Config() if config is None else config
        if not isinstance(self.config, self.Config):
            raise ValueError(f"config: expected a {self.Config.__name__} for {self.name}, got {config!r}")
        self.seed = Whole(0)("seed", seed)
        self.progress: Progress = no_progress

    def __repr__(self) -> str:
        return f"<{self.title or self.name}, seed {self.seed}, tasks learnt: {self.tasks}>"

    @cached_property
    def rng(self) -> np.random.Generator:
        """The generator of a method that draws in the order of learning, made when first asked for.

        It is part of the method's state.  A method whose tasks do not depend on their order makes one per task from the
        seed instead (``methods.shared.network.task_rng``), and never asks for it.
        """
        return np.random.default_rng(self.seed)

    @property
    @abstractmethod
    def tasks(self) -> list[Hashable]:
        """Ids of the tasks learnt, in the order of learning."""

    @property
    def n_inputs(self) -> int | None:
        """The number of inputs that the next task must have; None if it may have any."""
        return None

    def steps(self, task: Task) -> Iterator[Step]:
        """Learn one task, yielding a Step after every box.

        The model changes only when the generator ends: a stage that is abandoned half-way leaves the method as it
        was, except for its random generator.

        Raises
        ------
        ValueError
            If the task cannot be learnt next.
        Diverged
            If its training comes to numbers that are not finite.
        """
        check_task(task, self.tasks, self.n_inputs)
        check_scenario(type(self), task.scenario)
        yield from timed(self.boxes(task), self.explained)

    def boxes(self, task: Task) -> Iterator[Step]:
        """The boxes of the method's algorithm on one task, which may be learnt: what :meth:`steps` checks and times.

        The model changes after the last Step.  A method whose learning has no parts yields one Step.
        """
        raise NotImplementedError(f"{type(self).__name__}.boxes: expected a generator of Steps, which learns the task")

    def step(self, task: Task, box: str, title: str, sentence: str, **more) -> Step:
        """A Step of the task that is being learnt."""
        return Step(len(self.tasks) + 1, task.id, box, title, sentence, **more)

    @abstractmethod
    @door
    def scores(self, task_id: Key(), x: Floats("n", "n_inputs", finite=False)) -> np.ndarray:
        """Logits (n, n_outputs) of a learnt task for samples x (n, n_inputs).  Pure: no state changes."""

    @door
    def class_scores(self, x: Floats("n", "n_inputs", finite=False)) -> np.ndarray:
        """Scores (n, classes seen) for samples x (n, n_inputs), where no task is told: the largest is the answer.

        Columns stand in the order in which classes came: those of the first task, of the second, ...  Pure.

        Raises
        ------
        NotImplementedError
            If the method must be told the task.
        """
        raise NotImplementedError(f"class_scores: expected a method that compares the classes of all tasks, got "
                                  f"{self.name}, which must be told the task; ask scores(task_id, x)")

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
    @door
    def loss_of(self, task_id: Key()) -> str:
        """The loss a learnt task was trained with: "sigmoid" or "softmax"."""

    @door
    def learn(self, task: Task) -> list[Step]:
        """Learn one task to its end; the list of its Steps."""
        return list(self.steps(task.without_test()))

    def learn_all(self, tasks: Sequence[Task]) -> None:
        """Learn tasks in their order, where only the model at the end is asked for."""
        for task in tasks:
            self.learn(task)

    @door
    def predict(self, task_id: Key(), x: Floats("n", "n_inputs", finite=False)) -> np.ndarray:
        """Predicted labels: (n, n_outputs) of 0/1 for sigmoid heads (1 iff logit > 0), (n,) classes for softmax.

        A score that is NaN is no class: a ValueError names the first sample that has one.
        """
        scores = self.scores(task_id, x)
        unscored = np.isnan(scores).any(axis=1)
        if unscored.any():
            first = int(unscored.argmax())
            raise ValueError(f"x: expected samples with scores, got NaN for {unscored.sum()}, first in row {first}")
        if self.loss_of(task_id) == "softmax":
            return scores.argmax(axis=1)
        return (scores > 0).astype(np.int64)


def timed(steps: Iterator[Step], explained: Mapping[str, Box] | None = None) -> Iterator[Step]:
    """The same steps, each with the processor's seconds since the one before was taken; returns what they return.

    Those of this process, all its threads together: with one thread they say what a box costs, whatever else runs.

    ``explained`` (:attr:`Method.explained`) tells them what their boxes are.

    Raises
    ------
    Diverged
        After a step whose solve did.
    """
    while True:
        started = process_time()
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value
        if step.solve is not None and step.solve.get("status") == DIVERGED:
            raise Diverged(step.task, step.title, step.solve.get("message", "it is not finite"))
        yield replace(step, seconds=process_time() - started, about=(explained or {}).get(step.box, step.about))


def check_task(task: Task, learnt: Sequence[Hashable], n_inputs: int | None = None) -> None:
    """Raise a ValueError unless a method that has learnt ``learnt`` can learn this task next."""
    Instance(Task)("task", task)
    if Key()("task.id", task.id) != task.id:
        raise ValueError(f"task.id: expected an id that equals itself, got {task.id!r}")
    OneOf(*LOSS_NAMES)("task.loss", task.loss)
    Whole(1)("task.n_outputs", task.n_outputs)
    if task.id in learnt:
        raise ValueError(f"task: expected one not learnt yet, got {task.id!r} (learnt: {list(learnt)})")
    if task.classes and (task.loss != "softmax" or len(task.classes) != task.n_outputs):
        raise ValueError(f"task.classes: expected {task.n_outputs} names, one per output of a softmax head, got "
                         f"{task.classes!r} for a {task.loss} head")
    for split in ("train", "valid"):
        check_split(task, split, n_inputs)
    if not len(task.x_train):
        raise ValueError("task.x_train: expected at least one sample, got none")
    if task.image is not None:
        check_image(task.image, task.n_inputs)


def check_image(image: Sequence[int], n_inputs: int) -> None:
    """Raise a ValueError unless images of this height, width and number of channels are rows of ``n_inputs``."""
    if prod(Each(Whole(1), Whole(1), Whole(1))("task.image", image)) != n_inputs:
        raise refusal("task.image", f"height, width and channels whose product is {n_inputs}, the inputs", image)


def check_scenario(kind: type[Method], scenario: str, instead: Sequence[str] = ()) -> None:
    """Raise a ValueError that names the method unless it can answer in the scenario; ``instead``: the ones that can."""
    if scenario not in kind.scenarios:
        advice = f"; use one of {', '.join(instead)}" if instead else ""
        raise ValueError(f"method: expected one that can answer on a {scenario} stream, got {kind.name}, which answers "
                         f"on {' and '.join(kind.scenarios)} ones{advice}")


def check_split(task: Task, split: str, n_inputs: int | None = None) -> None:
    """Raise a ValueError unless the samples and labels of a split ("train", "valid", "test") suit the task's head."""
    x, y = getattr(task, f"x_{split}"), getattr(task, f"y_{split}")
    if np.ndim(x) != 2 or (n_inputs is not None and x.shape[1] != n_inputs):
        wanted = "(n, n_inputs)" if n_inputs is None else f"(n, {n_inputs})"
        raise ValueError(f"task.x_{split}: expected an array {wanted}, got shape {np.shape(x)}")
    expected = (len(x),) if task.loss == "softmax" else (len(x), task.n_outputs)
    if np.shape(y) != expected:
        raise ValueError(f"task.y_{split}: expected shape {expected} for a {task.loss} head, got {np.shape(y)}")
    for name, array in ((f"task.x_{split}", x), (f"task.y_{split}", y)):
        Instance(np.ndarray)(name, array)
    Floats()(f"task.x_{split}", x)
    Labels(len(x), task.n_outputs, task.loss)(f"task.y_{split}", y)


def check_seen(seen: Sequence[Task], learnt: Sequence[Hashable]) -> None:
    """Raise a ValueError unless the data of all learnt tasks are there, which the next task is learnt with."""
    if [task.id for task in seen[:len(learnt)]] != list(learnt):
        raise ValueError(f"seen: expected the data of all learnt tasks {learnt} to learn another, in their order, "
                         f"got {[task.id for task in seen]}")


def unknown_task(task_id: Hashable, known: Sequence[Hashable]) -> KeyError:
    """The error for a task that was never learnt: names it and the ones that were."""
    return KeyError(f"task_id: expected one of the learnt tasks {list(known)}, got {task_id!r}")
