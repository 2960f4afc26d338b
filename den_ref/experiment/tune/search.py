"""Tuning: a method's options by random search on the validation split, for every method alike.

The search is a fixed sequence of runs, and the record of the runs is its memory: a run on record is not made again.
So a search that was stopped goes on where it was, and ends as if it had never been stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from den_ref.experiment.disk.json_files import as_json, distinct
from den_ref.experiment.disk.owner import OWNER, owned
from den_ref.experiment.one_run.presets import PAPERS
from den_ref.protocol import TASK_INCREMENTAL
from den_ref.tasks import make_stream
from .attribute_spaces import ATTRIBUTES
from .filter_spaces import WITH_FILTERS
from .one_try import attempt
from .record import SEEDS, Judged, Row, Tries, best_tries, judged, record_path
from .search_spaces import TUNED_ON, Space, searched, space_of

#: A setting and a seed.
Try = tuple[dict[str, Any], int]


@dataclass(frozen=True)
class Budget:
    """How many settings a search tries.

    Parameters
    ----------
    tries : int
        Settings tried with the first seed.
    drawn : int
        Of these, drawn at random (the starting setting included); the others redraw options of the best so far.  Too
        few and the search sees one corner of the space; too many and it never looks closer at what is good.
    repeated : int
        The best of the tries are tried with the other seeds too: one seed says little about settings that lie within
        what a run varies by.
    second : int
        Settings of the second round, which redraw options of the best mean so far, with every seed.
    at_once : int
        In the first round so many settings redraw options of the same best, so that they need not wait for each other.
    again : bool
        Whether a setting may come a second time, as redrawing an option can give what it was; it is not run again.
    n_seeds : int
        So many of ``SEEDS`` judge a setting.
    """

    tries: int = 30
    drawn: int = 12
    repeated: int = 4
    second: int = 11
    at_once: int = 1
    again: bool = True
    n_seeds: int = len(SEEDS)

    def __post_init__(self):
        for name, least in {"tries": 1, "drawn": 1, "repeated": 1, "second": 0, "at_once": 1, "n_seeds": 1}.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"{name}: expected an integer >= {least}, got {value!r}")

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that judge a setting."""
        return SEEDS[:self.n_seeds]

    @property
    def runs(self) -> int:
        """Runs of a search, if no setting comes twice."""
        return self.tries + (len(self.seeds) - 1) * min(self.repeated, self.tries) + len(self.seeds) * self.second


#: On the paper's stream every method has this: 22 runs, no two alike.
PAPER_BUDGET = Budget(tries=16, drawn=8, repeated=3, second=0, at_once=2, again=False)

#: What is searched -> what a search there has when nothing is said; elsewhere ``Budget()``.
BUDGETS = {PAPERS: PAPER_BUDGET, ATTRIBUTES: Budget(tries=12, drawn=8, repeated=3, second=0, again=False),
           WITH_FILTERS: Budget(tries=8, drawn=4, second=0, again=False, n_seeds=1)}


def tune(method: str, stream: str = TUNED_ON, *, out: Path | str, budget: Budget = Budget(),
         filters: bool = False, executor: Executor | None = None, told: Callable[[Row], None] = lambda row: None,
         **stream_options) -> list[Judged]:
    """Search a method's space for the options with the best mean validation AUROC over the seeds.

    Parameters
    ----------
    method : str
        "den", "stl", "ewc", ..., or "module:Class"; on the paper's stream also a variant of DEN.
    stream : str
        Name of the stream.
    out : path
        Folder of the record (``record.record_path``); what is on record there is not run again.
    budget : Budget
    filters : bool
        Whether of networks with filters, which have spaces of their own.
    executor : concurrent.futures.Executor, optional
        Where runs that do not wait for each other are made at the same time; by default here, one by one.  The runs
        are the same, in the same order.
    told : callable, optional
        Called with every run that is made.
    **stream_options
        For :func:`den_ref.tasks.make_stream`: ``n_tasks``, ``order``, ``mnist``, ...

    Returns
    -------
    list of Judged
        The settings of this search that were tried with every seed, the best first.

    Raises
    ------
    ValueError
        For an unknown method or stream, a bad value, or a record of something else.
    """
    with Search(method, stream, out=out, budget=budget, filters=filters, **stream_options).owned() as search:
        return search.follow(executor, told)


class Search:
    """A search that can be followed: :func:`tune` in two parts, of which only the first can be at fault with the user.

    Parameters and errors are those of :func:`tune`.
    """

    def __init__(self, method: str, stream: str = TUNED_ON, *, out: Path | str, budget: Budget = Budget(),
                 filters: bool = False, **stream_options):
        self.method, self.budget = method, budget
        self.space = space_of(method, searched(stream, {"filters": filters}))
        self.stream = as_json({"name": stream, **stream_options})
        check_stream(json.dumps(self.stream))                      # a bad option is told now, not by a worker
        self.tries = Tries(record_path(out, method), self.stream)

    @contextmanager
    def owned(self) -> Iterator[Search]:
        """While this lasts no other process adds to the record; it is read again, one may have done so just before."""
        path = self.tries.path
        with owned(path.parent, name=f".{path.stem}{OWNER}"):
            self.tries = Tries(path, self.stream)
            yield self

    def follow(self, executor: Executor | None = None, told: Callable[[Row], None] = lambda row: None) -> list[Judged]:
        """Make the runs that are not on record; the settings tried with every seed, the best first."""
        call_each = map if executor is None else executor.map

        def ask(runs: Sequence[Try]) -> list[Row]:
            new = distinct(run for run in runs if run not in self.tries)
            settings, seeds = [settings for settings, _ in new], [seed for _, seed in new]
            for row in call_each(attempt, repeat(self.method), settings, seeds, repeat(self.stream)):
                self.tries.add(row)
                told(row)
            return [self.tries[run] for run in runs]

        rows = rounds(self.space, self.budget, ask)
        return judged(rows, self.space.largest_share, self.space.wish, self.budget.seeds)


def rounds(space: Space, budget: Budget, ask: Callable[[Sequence[Try]], list[Row]]) -> list[Row]:
    """All runs of a search: ``ask`` answers runs that do not wait for each other with what came of them.

    1. First seed: the start, settings drawn at random, then settings that redraw options of the best so far.
    2. The best of these with the other seeds.
    3. Settings that redraw options of the best mean so far, with every seed.
    """
    (first, *others), rows, tried = budget.seeds, [], []
    unlike = [] if budget.again else tried
    for i in range(min(budget.drawn, budget.tries)):
        tried.append(drawn(space, i, unlike))
    rows += ask([(setting, first) for setting in tried])
    for i in range(budget.drawn, budget.tries, budget.at_once):
        best = best_tries(rows, space.largest_share, space.wish)[0]["settings"]
        for j in range(i, min(i + budget.at_once, budget.tries)):
            rng = generator(1, j)
            tried.append(another(lambda: space.redrawn(best, rng, second=False), unlike))
        rows += ask([(setting, first) for setting in tried[len(rows):]])
    repeated = best_tries(rows, space.largest_share, space.wish)[:budget.repeated]
    rows += ask([(row["settings"], seed) for seed in others for row in repeated])
    for i in range(budget.second):
        best = judged(rows, space.largest_share, space.wish, budget.seeds)[0].settings
        setting = space.redrawn(best, generator(2, i), second=True)
        rows += ask([(setting, seed) for seed in budget.seeds])
    return rows


@cache
def check_stream(text: str) -> None:
    """Make the stream of these options, as JSON, once: a ValueError if one is bad, or the judge does not suit it."""
    stream = make_stream(**json.loads(text))
    if stream.scenario != TASK_INCREMENTAL:
        raise ValueError(f"stream: expected a task-incremental one, whose heads are judged one by one, got "
                         f"{stream.name!r}, which is {stream.scenario}")


# --- small parts -------------------------------------------------------------------------------------------------


def drawn(space: Space, i: int, unlike: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """The setting of try i, of those that do not look at how earlier tries did, unlike these."""
    rng = generator(1, i)
    return as_json(space.start) if i == 0 else another(lambda: space.drawn(rng), unlike)


def another(draw: Callable[[], dict[str, Any]], unlike: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What is drawn, again and again until it is unlike these; a space may be so small that there is no other."""
    for _ in range(100):
        setting = draw()
        if setting not in unlike:
            break
    return setting


def generator(part: int, i: int) -> np.random.Generator:
    """The generator of setting i in a part of the search: what is drawn does not depend on what was drawn before."""
    return np.random.default_rng([2017 + part, i])
