"""What a grid says while it is learnt: nothing, a line per cell, or lines with a live progress of the whole."""

from dataclasses import dataclass
from typing import Any

from den_ref.core.metrics import average_performance
from den_ref.experiment.disk.results import TITLES, looked_at_first
from den_ref.experiment.one_run.clock import time_left
from den_ref.experiment.one_run.display import Lines, Live
from den_ref.experiment.one_run.separate import separate_networks, size_in_words
from .grid import Cell, Grid


@dataclass(frozen=True)
class GridProgress:
    """Where the whole grid is: cells, tasks in all cells, and the seconds left (None if nothing is known yet)."""

    cells: int
    done: int
    running: int
    failed: int
    tasks: int
    learnt: int
    seconds_left: float | None

    def __str__(self) -> str:
        failed = f", {self.failed} failed" if self.failed else ""
        return (f"  {self.done} of {self.cells} runs done, {self.running} running{failed}; "
                f"{self.learnt} of {self.tasks} tasks learnt{time_left(self.seconds_left)}")


class GridDisplay:
    """What watches a grid; this one says nothing."""

    def started(self, grid: Grid) -> None:
        """The grid is made or restored, and goes on from where it is."""

    def note(self, text: str) -> None:
        """Something the user should know."""

    def learnt(self, cell: Cell, record: dict[str, Any], answer: dict[str, Any]) -> None:
        """A cell is learnt to the end: its results, and what the worker said (``cells.learn_cell``)."""

    def failed(self, cell: Cell, error: str) -> None:
        """A cell failed."""

    def progress(self, progress: GridProgress) -> None:
        """Once a second."""

    def finished(self, grid: Grid) -> None:
        """Every cell is learnt or has failed."""


class GridLines(GridDisplay):
    """Plain lines: one per cell, each with the place it ended in."""

    def __init__(self, screen: Lines | None = None):
        self.screen = Lines() if screen is None else screen
        self.threads = {1, None}
        self.ended = self.cells = 0

    def started(self, grid):
        cells = grid.cells
        labels, seeds = len({cell.label for cell in cells}), sorted({cell.seed for cell in cells})
        self.screen.say(f"{grid.facts['stream']['name']}: methods and variations: {labels}, "
                        f"seeds: {', '.join(map(str, seeds))}, runs: {len(cells)}")
        self.ended, self.cells = len(cells) - len(grid.missing), len(cells)
        if self.ended:
            self.screen.say(f"resumed after {self.ended} of {self.cells} runs")

    def note(self, text):
        self.screen.note(text)

    def learnt(self, cell, record, answer):
        sizes, seconds = zip(*((stage["capacity"], stage["seconds"]) for stage in record["stages"]))
        networks = separate_networks(record["run"]["options"], record["run"]["stream"], [size["stl"] for size in sizes])
        metric = looked_at_first(record["run"]["stream"])
        self._say(cell, f"{TITLES[metric]} {average_performance(record['R'][metric]):.4f}, "
                        f"{size_in_words(sizes[-1]['allocated'], networks)}, {sum(seconds):.1f} s")
        if answer["blas_threads"] not in self.threads:
            self.threads.add(answer["blas_threads"])
            self.note(f"BLAS has {answer['blas_threads']} threads in worker {answer['worker']}, not 1; "
                      "the last bits may differ")

    def failed(self, cell, error):
        self._say(cell, f"failed: {error.rstrip().splitlines()[-1]}")

    def _say(self, cell, words: str) -> None:
        self.ended += 1
        self.screen.say(f"{self.ended} of {self.cells}: {cell}: {words}")


class GridLive(GridLines):
    """Lines, and on a terminal one more that says where the whole is."""

    def __init__(self, screen: Live | None = None):
        super().__init__(Live() if screen is None else screen)

    def progress(self, progress):
        self.screen.rewrite(str(progress))

    def finished(self, grid):
        self.screen.rewrite("")
