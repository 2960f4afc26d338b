"""All searches on the paper's stream in a row, one method after the other, with as many runs each.

DEN comes first, and its variants start where its search ended.  A search that fails stops no other.  Runs are on record
as they come, so the row goes on where it was when it is begun again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path

from den_ref.describe import Space
from den_ref.experiment.one_run.presets import PAPERS
from den_ref.methods import REGISTRY
from den_ref.protocol import VARIANT
from .paper_spaces import PAPER_SPACES, TASKS
from .record import Judged, Row, judged, read_tries, record_path, stream_of
from .search import PAPER_BUDGET, Budget, Search


@dataclass(frozen=True)
class Progress:
    """How far a row of searches is.

    Parameters
    ----------
    search : Search
        The one that goes on.
    place, searches : int
        Its place in the row, from 1, and how many there are.
    made, runs : int
        Runs on record of all searches together, and how many these will be.
    left : float or None
        Seconds until all are made, if they take as long as those made so far; None before one is made.
    """

    search: Search
    place: int
    searches: int
    made: int
    runs: int
    left: float | None


def paper_searches(out: Path | str, methods: Iterable[str] = (), budget: Budget = PAPER_BUDGET,
                   **stream_options) -> list[Search]:
    """The searches of these methods, by default of all; errors as those of ``Search``."""
    return [Search(method, PAPERS, out=out, budget=budget, **_tasks(method), **stream_options)
            for method in methods or PAPER_SPACES]


def follow_all(searches: Sequence[Search], executor: Executor | None = None,
               told: Callable[[Row, Progress], None] = lambda row, progress: None,
               ended: Callable[[Search, list[Judged]], None] = lambda search, best: None) -> list[tuple[Search, str]]:
    """Follow one search after the other; those that failed, and why.

    ``told`` is called with every run that is made, ``ended`` with every search that came to its end.
    """
    started, runs = time.monotonic(), sum(search.budget.runs for search in searches)
    before, failed = sum(len(search.tries) for search in searches), []

    def tell(row: Row) -> None:
        made = sum(len(each.tries) for each in searches)
        left = (time.monotonic() - started) / (made - before) * max(runs - made, 0) if made > before else None
        told(row, Progress(search, place, len(searches), made, runs, left))

    for place, search in enumerate(searches, 1):
        try:
            with search.owned():
                search.space = after_den(search)
                ended(search, search.follow(executor, tell))
        except Exception as error:                                 # whatever it was, it is said, and the others go on
            failed.append((search, f"{type(error).__name__}: {error}"))
    return failed


def after_den(search: Search) -> Space:
    """The space of a search; that of a variant of DEN starts at the best setting on DEN's record beside it, if any."""
    space, path = search.space, record_path(search.tries.path.parent, "den")
    dens = [row for row in read_tries(path) if stream_of(row) == search.stream]
    best = judged(dens, PAPER_SPACES["den"].largest_share, PAPER_SPACES["den"].wish)
    if REGISTRY[search.method].family != VARIANT or not best:
        return space
    return replace(space, start={name: best[0].settings.get(name, value) for name, value in space.start.items()})


# --- small parts -------------------------------------------------------------------------------------------------


def _tasks(method: str) -> dict[str, int]:
    """The stream's option for a method that learns the first tasks only."""
    return {"n_tasks": TASKS[method]} if method in TASKS else {}
