"""What a run says while it runs: nothing, plain lines, lines with a live progress, or one box at a time."""

import shutil
import sys
import time
from collections.abc import Hashable
from typing import TextIO

from den_ref.protocol import Step, ordinal
from .clock import Clock, time_left
from .run import Run
from .separate import size_in_words


class Display:
    """What watches a run; this one says nothing."""

    def started(self, run: Run) -> None:
        """The run is made or restored, and goes on from where it is."""

    def note(self, text: str) -> None:
        """Something the user should know."""

    def stage(self, stage: int, n_stages: int, task: Hashable) -> None:
        """A stage begins: a task, by its name, is going to be learnt."""

    def progress(self, label: str, done: int, total: int, loss: float) -> None:
        """A solve goes on (see ``den_ref.protocol.Progress``)."""

    def step(self, step: Step) -> None:
        """A box of the algorithm is done."""

    def saving(self, run: Run) -> None:
        """A task is learnt and measured, and is going to be saved."""

    def learnt(self, run: Run) -> None:
        """A task is learnt, measured and, with an output folder, saved."""

    def finished(self, run: Run) -> None:
        """All tasks are learnt."""

    def drawing(self, number: int, total: int) -> None:
        """A picture of the run's page is going to be drawn (``den_ref.experiment.write_player``)."""


class Lines(Display):
    """Plain lines: one per task, one per box, the table at the end."""

    #: After so many pictures a line says how far the drawing is.
    PICTURES = 10

    def __init__(self, out: TextIO | None = None):
        self.out = sys.stdout if out is None else out

    def say(self, text: str = "") -> None:
        print(text, file=self.out, flush=True)

    def started(self, run):
        who, what = run.identity["method"], run.identity["stream"]["name"]
        self.say(f"{who} on {what}, seed {run.identity['seed']}: {len(run.task_ids)} tasks")
        if run.stages:
            origin = run.identity.get("from", {"stages": None})
            began = f"branched from {origin['folder']}" if origin["stages"] == len(run.stages) else "resumed"
            self.say(f"{began} after {len(run.stages)} of {len(run.task_ids)} tasks")

    def note(self, text):
        self.say(f"note: {text}")

    def stage(self, stage, n_stages, task):
        self.say(f"\ntask {task}, the {ordinal(stage)} of {n_stages}")

    def step(self, step):
        self.say(f"  {step.title}: {step.sentence} [{step.seconds:.2f} s]")

    def learnt(self, run):
        stage, row = run.stages[-1], run.measured(run.metric)[-1]
        self.say(f"  learnt in {stage['seconds']:.1f} s of the processor: "
                 f"{run.title} {row[-1]:.4f}, mean of {len(row)} so far {row.mean():.4f}; "
                 f"{size_in_words(stage['capacity']['allocated'], run.separate)}")

    def finished(self, run):
        self.say(f"\n{run.table()}")

    def drawing(self, number, total):
        if number == 1:
            self.say(f"\ndrawing {total} pictures")
        elif number % self.PICTURES == 0:
            self.say(f"  {number} of {total}")


class Live(Lines):
    """Lines, and on a terminal one more that is rewritten while a solve goes on.

    Parameters
    ----------
    out : text file, optional
        Where the lines go, by default standard output.
    terminal : text file, optional
        Where the live line goes, by default standard error.
    """

    #: Seconds between two rewritings: fast enough to look alive, too slow to cost anything.
    PAUSE = 0.1

    def __init__(self, out: TextIO | None = None, terminal: TextIO | None = None):
        super().__init__(out)
        self.terminal = sys.stderr if terminal is None else terminal
        self.width = 0
        self.last = -self.PAUSE
        self.place = lambda: ""

    def started(self, run):
        super().started(run)
        clock, tasks = Clock(len(run.stages)), len(run.task_ids)

        def place() -> str:
            done = len(run.stages)
            return f"{done} of {tasks} tasks learnt{time_left(clock.left(done, tasks))}; "

        self.place = place

    def progress(self, label, done, total, loss):
        now = time.monotonic()
        if now - self.last >= self.PAUSE:
            self.last = now
            self.rewrite(f"  {self.place()}{label}: epoch {done} of {total}, validation loss {loss:.4f}")

    def drawing(self, number, total):
        self.rewrite(f"  picture {number} of {total}")

    def say(self, text=""):
        self.rewrite("")
        super().say(text)

    def rewrite(self, text: str) -> None:
        """Show this text as the live line; "" takes the line away."""
        text = text[:shutil.get_terminal_size().columns - 1]      # a line that wraps cannot be rewritten
        if text or self.width:
            # Spaces erase what the last text had more; no escape codes, so that any terminal will do.
            self.terminal.write("\r" + text.ljust(self.width) + ("" if text else "\r"))
            self.terminal.flush()
        self.width = len(text)


class Stepping(Display):
    """Another display, which waits for Enter after each box.  At the end of the input it goes on without waiting."""

    def __init__(self, shown: Display, keys: TextIO | None = None):
        self.shown = shown
        self.keys = sys.stdin if keys is None else keys
        for name in ("started", "note", "stage", "progress", "saving", "learnt", "finished", "drawing"):
            setattr(self, name, getattr(shown, name))

    def step(self, step):
        self.shown.step(step)
        if self.keys is None:
            return
        print("  [Enter goes on] ", end="", file=sys.stderr, flush=True)
        if not self.keys.readline():
            self.keys = None
            self.note("end of input: going on without waiting")
