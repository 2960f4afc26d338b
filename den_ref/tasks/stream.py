"""A stream: the tasks to learn, in the order of learning."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from den_ref.doors import Each, Has, Instance, Key, OneOf, Text, Whole, refusal
from den_ref.protocol import SCENARIOS, TASK_INCREMENTAL, Task

#: The three splits of every task, in the order in which they are always read and written.
SPLITS = ("train", "valid", "test")


@dataclass(frozen=True, eq=False)
class Stream:
    """Tasks in the order of learning.  A task is made when it is asked for.

    Parameters
    ----------
    name : str
    ids : tuple of hashables
        Ids of the tasks, in the order of learning.
    make : callable
        ``make(id)`` is the Task.
    n_inputs : int
        Features of a sample, the same for all tasks.
    details : dict
        What the data are: seed, sizes, parameters, checksum; JSON types only.
    about : dict
        Id -> what a task asks in a few words, for the screen.
    scenario : {"task-incremental", "class-incremental"}
        What is asked at test time: about a task that is named, or about all classes seen.
    """

    name: str
    ids: tuple[Hashable, ...]
    make: Callable[[Hashable], Task]
    n_inputs: int
    details: dict[str, Any]
    about: Mapping[Hashable, str] = field(default_factory=dict)
    scenario: str = TASK_INCREMENTAL

    def __post_init__(self):
        Text()("name", self.name)
        ids = Each(all_of=Key())("ids", self.ids)
        if not ids or len(set(ids)) < len(ids):
            raise refusal("ids", "at least one task id, each once", self.ids)
        object.__setattr__(self, "ids", ids)
        Has("")("make", self.make)
        Whole(1)("n_inputs", self.n_inputs)
        Instance(dict)("details", self.details)
        Instance(dict)("about", self.about)
        OneOf(*SCENARIOS)("scenario", self.scenario)

    @property
    def tasks(self) -> Sequence[Task]:
        """The tasks: ``len(stream.tasks)``, ``stream.tasks[0]``, ``for task in stream.tasks``."""
        return Tasks(self.ids, self.make)

    def called(self, task_id: Hashable) -> str:
        """A task's id, and what it asks if the stream says so: "0 (p > 0)"."""
        return f"{task_id} ({self.about[task_id]})" if task_id in self.about else str(task_id)

    @property
    def facts(self) -> dict[str, Any]:
        """The stream in JSON types: two streams with equal facts have the same tasks in the same order.

        A scenario stands in it unless it is the usual one, the task-incremental.
        """
        order = [label(task_id) for task_id in self.ids]
        scenario = {} if self.scenario == TASK_INCREMENTAL else {"scenario": self.scenario}
        return {"name": self.name, "order": order, "n_inputs": self.n_inputs, **scenario, **self.details}

    def ordered(self, order: Sequence[Hashable] | str) -> Stream:
        """The stream of these tasks only, in this order.

        ``order`` holds task ids, or texts that look like them; or is one text such as ``"3,1,4"``.

        Raises
        ------
        ValueError
            For an unknown id (the error lists the known ones), an id given twice, or no id.
        """
        if not isinstance(order, Sequence | np.ndarray):
            raise refusal("order", "a list of task ids, or a text", order)
        names = order.split(",") if isinstance(order, str) else list(order)
        ids = tuple(self._known(name) for name in names)
        if not ids or len(set(ids)) < len(ids):
            raise ValueError(f"order: expected task ids, each once, got {order!r}")
        return replace(self, ids=ids)

    def first(self, n_tasks: int) -> Stream:
        """The stream of the first tasks only."""
        if isinstance(n_tasks, bool) or not isinstance(n_tasks, int) or not 1 <= n_tasks <= len(self.ids):
            raise ValueError(f"n_tasks: expected an integer from 1 to {len(self.ids)}, got {n_tasks!r}")
        return replace(self, ids=self.ids[:n_tasks])

    def _known(self, name: Hashable) -> Hashable:
        """The id that is ``name``, or else the one that reads like it."""
        if name in self.ids:
            return self.ids[self.ids.index(name)]                  # True == 1: the id, not what equals it
        alike = [task_id for task_id in self.ids if str(task_id) == str(name).strip()]
        if not alike:
            known = ", ".join(map(str, self.ids))
            raise ValueError(f"order: expected ids of tasks in stream {self.name!r} ({known}), got {name!r}")
        return alike[0]


class Tasks(Sequence):
    """The tasks of a stream as a read-only sequence; each is made when it is asked for."""

    def __init__(self, ids: tuple[Hashable, ...], make: Callable[[Hashable], Task]):
        self.ids, self.make = ids, make

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return Tasks(self.ids[index], self.make)
        return self.make(self.ids[index])


def label(task_id: Hashable) -> int | str:
    """A task id as results name it: whole numbers and text as they are, anything else as its repr.

    >>> label(3), label("cats"), label((1, 2))
    (3, 'cats', '(1, 2)')
    """
    plain = task_id.item() if hasattr(task_id, "item") else task_id
    whole_or_text = isinstance(plain, (int, str)) and not isinstance(plain, bool)
    return plain if whole_or_text else repr(plain)
