"""Learning all the cells of a grid, on any executor, and watching it."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from contextlib import nullcontext
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from den_ref.experiment.disk.owner import Owner
from den_ref.experiment.one_run.clock import Clock
from den_ref.experiment.one_run.plan import check_fits, make_config, make_plan
from den_ref.methods import method_named
from den_ref.tasks import PLACES

from .grid import (
    Cell, Grid, begin_grid, cells_of, describe, forget_error, read_cell, read_grid, write_error)
from .grid_display import GridDisplay, GridProgress
from .one_cell import claimed, learn_cell, request, unclaim
from .processes import Processes

#: Seconds between two looks at the cells that are being learnt.
PAUSE = 1.0


def compare(methods: Iterable[str | Cell], stream: str = "mnist-variation", *, seeds: Iterable[int] = (0, 1, 2),
            out: Path | str, executor: Executor | None = None, jobs: int | None = None, resume: bool = False,
            display: GridDisplay | None = None, **stream_options) -> Grid:
    """Learn a stream with several methods and seeds, each pair in its own folder.

    Parameters
    ----------
    methods : list of str or Cell
        Names of methods, each learnt with every seed; a :class:`Cell` is one run with a seed and settings of its own.
    stream : str
        Name of a stream.
    seeds : list of int
    out : path
        Folder of the grid: ``grid.json`` and a folder per cell (docs/compare.md).
    executor : concurrent.futures.Executor, optional
        Where cells are learnt, e.g. ``distributed.Client(...).get_executor()``; all its workers must see ``out``.  By
        default a process per cell on this machine (:class:`~den_ref.experiment.grid.processes.Processes`).
    jobs : int, optional
        Processes at a time without an executor; by default the number of cores.
    resume : bool
        Go on with the grid in ``out``, each cell from its own checkpoint; failed ones are tried again.  Methods and
        seeds that it does not have are added to it.
    display : GridDisplay, optional
        What watches the grid; silent by default.
    **stream_options
        For :func:`den_ref.tasks.make_stream`; JSON types.

    Returns
    -------
    Grid
        Cells that failed are in ``failures``; they stop no other.

    Raises
    ------
    ValueError
        For an unknown name, a bad value, or a folder that holds another grid.
    """
    if jobs is not None and executor is not None:
        raise ValueError(f"jobs: expected None beside an executor, which has its own number of workers, got {jobs!r}")
    work = begin_comparison(methods, stream, seeds=seeds, out=out, resume=resume, **stream_options)
    try:
        with Processes(jobs) if executor is None else nullcontext(executor) as chosen:
            return work.follow(chosen, display)
    finally:
        work.release()


def begin_comparison(methods: Iterable[str | Cell], stream: str = "mnist-variation", *,
                     seeds: Iterable[int] = (0, 1, 2), out: Path | str, resume: bool = False,
                     **stream_options) -> Work:
    """Check everything and write grid.json; arguments and errors as :func:`compare`.

    The folder is this process's until the work's ``release()``.
    """
    for name in PLACES:
        if stream_options.get(name) is not None:                   # workers may be somewhere else
            stream_options[name] = str(Path(stream_options[name]).resolve())
    asked = describe(_cells(methods, seeds), stream, stream_options)
    n_tasks = _checked(asked)
    owner = Owner(out)
    try:
        folder = Path(out).resolve()
        begin_grid(folder, asked, resume)
        return Work(folder, asked, n_tasks, owner)
    except BaseException:
        owner.release()
        raise


class Work:
    """The cells of a grid that are to be learnt, and what became of them so far."""

    def __init__(self, folder: Path, asked: dict[str, Any], n_tasks: int, owner: Owner):
        self.release = owner.release
        self.folder, self.asked, self.stream, self.n_tasks = folder, asked, asked["stream"], n_tasks
        self.cells = cells_of(asked)
        self.learnt = [self._tasks_learnt(cell) for cell in self.cells]
        self.waiting: dict[Future, tuple[int, str]] = {}           # -> index of the cell, ticket
        self.failed = 0
        self.unwritten: list[tuple[Cell, str]] = []                # failures that no file tells of
        self.display = GridDisplay()

    def follow(self, executor: Executor, display: GridDisplay | None = None) -> Grid:
        """Learn all cells that are not learnt yet; the whole grid.  Whatever ends this early leaves no cell claimed."""
        self.display = self.display if display is None else display
        self.display.started(read_grid(self.folder).part(self.asked))
        try:
            self._submit(executor)
            clock = Clock(sum(self.learnt))
            while self.waiting:
                self._watch(clock)
        finally:
            for future, (index, ticket) in self.waiting.items():
                future.cancel()
                unclaim(self.folder / self.cells[index].folder, ticket)
        grid = self._with_unwritten(read_grid(self.folder))
        self.display.finished(grid.part(self.asked))
        return grid

    def _submit(self, executor: Executor) -> None:
        todo = [index for index, cell in enumerate(self.cells) if not self._is_learnt(cell)]
        for index in sorted(todo, key=lambda index: not method_named(self.cells[index].method).slow):
            try:
                forget_error(self.folder, self.cells[index])
                sent = request(self.folder, self.cells[index], self.stream)
            except OSError as error:
                self._fail(self.cells[index], _in_words(error))
            else:
                self.waiting[executor.submit(learn_cell, sent)] = index, sent["ticket"]

    def _watch(self, clock: Clock) -> None:
        """Wait a moment, and tell what came of it."""
        done = wait(self.waiting, timeout=PAUSE, return_when=FIRST_COMPLETED).done
        for future in sorted(done, key=self.waiting.get):
            self._ended(*self.waiting.pop(future), _answer(future))
        running = [index for index, _ in self.waiting.values() if self._is_running(self.cells[index])]
        for index in running:
            self.learnt[index] = self._tasks_learnt(self.cells[index])
        learnt, tasks = sum(self.learnt), self.n_tasks * len(self.cells)
        done = len(self.cells) - len(self.waiting) - self.failed
        self.display.progress(GridProgress(len(self.cells), done, len(running), self.failed, tasks, learnt,
                                       clock.left(learnt, tasks)))

    def _ended(self, index: int, ticket: str, answer: dict[str, Any]) -> None:
        cell = self.cells[index]
        ours = unclaim(self.folder / cell.folder, ticket)
        self.learnt[index] = self._tasks_learnt(cell)
        record = read_cell(self.folder, cell)
        if answer["error"] is not None:
            self._fail(cell, answer["error"], ours)
        elif record is None:
            self._fail(cell, f"learnt, but its results cannot be read in {self.folder / cell.folder}\n", ours)
        else:
            self.display.learnt(cell, record, answer)

    def _fail(self, cell: Cell, error: str, ours: bool = True) -> None:
        """Count the cell as failed, and write down why, unless it is another comparison's by now."""
        self.failed += 1
        self.display.failed(cell, error)
        try:
            if ours:
                write_error(self.folder, cell, error)
        except OSError:
            self.unwritten.append((cell, error))

    def _with_unwritten(self, grid: Grid) -> Grid:
        untold = [cell for cell, _ in self.unwritten]
        told = [(cell, error) for cell, error in grid.failures if cell not in untold]
        return replace(grid, failures=told + self.unwritten)

    def _tasks_learnt(self, cell: Cell) -> int:
        record = read_cell(self.folder, cell)
        return 0 if record is None else len(record["stages"])

    def _is_running(self, cell: Cell) -> bool:
        return len(claimed(self.folder / cell.folder)) == 2

    def _is_learnt(self, cell: Cell) -> bool:
        """True if nothing is left to do; what is another run is left to ``run``, which says what differs."""
        record = read_cell(self.folder, cell)
        options = make_config(method_named(cell.method), self.stream["name"], cell.settings).to_dict()
        return record is not None and record["complete"] and record["run"]["options"] == options


# --- small parts -------------------------------------------------------------------------------------------------


def _cells(methods: Iterable[str | Cell], seeds: Iterable[int]) -> list[Cell]:
    """A method's name stands for a cell per seed."""
    if isinstance(methods, (str, Cell)) or not isinstance(methods, Iterable):
        raise ValueError(f"methods: expected a list of names and Cells, got {methods!r}")
    if isinstance(seeds, str) or not isinstance(seeds, Iterable):
        raise ValueError(f"seeds: expected a list of integers, got {seeds!r}")
    cells, seeds = [], list(seeds)
    for item in methods:
        if not isinstance(item, (str, Cell)):
            raise ValueError(f"methods: expected names and Cells, since methods are sent by name, got {item!r}")
        cells += [item] if isinstance(item, Cell) else [Cell(item, seed) for seed in seeds]
    return cells


def _in_words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}\n"


def _answer(future: Future) -> dict[str, Any]:
    """What ``learn_cell`` returned; if the executor could not bring it to its end, what the executor says."""
    try:
        return future.result()
    except CancelledError:
        return {"error": "cancelled"}
    except Exception as error:
        return {"error": _in_words(error)}


def _checked(asked: dict[str, Any]) -> int:
    """The number of tasks; a ValueError if there is no cell, a name or value in one is wrong, or one cannot answer."""
    cells, stream = cells_of(asked), asked["stream"]
    if not cells:
        raise ValueError("methods: expected at least one, and at least one seed")
    kinds = [method_named(cell.method) for cell in cells]
    configs = [make_config(kind, stream["name"], cell.settings) for kind, cell in zip(kinds, cells)]
    made = make_plan(cells[0].method, stream["name"], seed=cells[0].seed, **stream["options"]).stream
    made = replace(made, make=cache(made.make))                    # all look at its first task
    for kind, config in zip(kinds, configs):
        check_fits(kind, config, made)
    return len(made.tasks)
