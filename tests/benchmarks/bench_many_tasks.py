"""What a stage of DEN costs as tasks come, and what units cost that have retired.

    OPENBLAS_NUM_THREADS=1 python -m tests.benchmarks.bench_many_tasks [--write]

DEN with its defaults, seed 0, on the fifty tasks of ``attributes`` and the hundred of ``bases``; and on the fifty once
more with sigma .1, where so many units are split that most of the network has retired.  What retired units cost: the
last stage is learnt again by the same DEN after they were deleted, from the same random numbers.

Seconds are CPU times of this process, the least of three; every repetition begins with the same state.  ``--write``
fills the tables of docs/small_tasks.md.  About five minutes of one core.
"""

from __future__ import annotations

import argparse
import copy
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import time

from den_ref.den import DEN
from den_ref.experiment.one_run.checkpoint import NETWORK, begin, save
from den_ref.experiment.one_run.display import Display
from den_ref.experiment.one_run.loop import add_stage, learn
from den_ref.experiment.one_run.plan import make_plan
from den_ref.experiment.pages.markdown import table
from den_ref.protocol import Task
from docs.make.blocks import DOCS, write_blocks
from tests.helpers.retired_units import without_retired

REPEATS = 3

#: Stream, options beside the defaults, the stages that are measured.
RUNS = (("attributes", {}, (1, 10, 20, 50)), ("bases", {}, (1, 10, 20, 50, 100)),
        ("attributes", {"sigma": 0.1}, (1, 10, 20, 50)))
TITLES = ["stream", "task", "CPU seconds", "multiply-adds, 10⁹", "ns per multiply-add", "units seen", "units stored",
          "checkpoint, MB", "seconds to write it", "seconds to score all tasks"]


@dataclass(frozen=True)
class Cost:
    """What a stage cost, and what stands after it; seconds of the processor."""

    stream: str
    stage: int
    seconds: float
    multiply_adds: int
    seen: tuple[int, ...]
    stored: tuple[int, ...]
    size: int
    writing: float
    scoring: float

    @property
    def per_multiply_add(self) -> float:
        """Seconds."""
        return self.seconds / self.multiply_adds

    def cells(self) -> list[str]:
        """A row of the table."""
        return [self.stream, str(self.stage), f"{self.seconds:.3f}", f"{self.multiply_adds / 1e9:.2f}",
                f"{1e9 * self.per_multiply_add:.3f}", *("-".join(map(str, units)) for units in (self.seen, self.stored)),
                f"{self.size / 1e6:.2f}", f"{self.writing:.3f}", f"{self.scoring:.3f}"]


def least_seconds(make: Callable, work: Callable) -> float:
    """CPU seconds of ``work(make())``, the making left out, the least of some."""
    found = []
    for _ in range(REPEATS):
        made, started = make(), time.process_time()
        work(made)
        found.append(time.process_time() - started)
    return min(found)


def costs(stream: str, settings: dict, stages: tuple[int, ...]) -> tuple[list[Cost], DEN, Task]:
    """The costs of these stages; the method before the last one, and its task."""
    plan = make_plan("den", stream, settings=settings, n_tasks=stages[-1])
    run, tasks, found = begin(plan), list(plan.stream.tasks), []
    label = " ".join([f"`{stream}`", *(f"{name}={value:g}" for name, value in settings.items())])
    with tempfile.TemporaryDirectory() as name:
        for stage, task in enumerate(tasks, 1):
            before = copy.deepcopy(run.method) if stage in stages else None
            add_stage(run, plan.stream, learn(run, task, None, Display()))
            if stage not in stages:
                continue
            network, steps = run.method.network, run.stages[-1]["steps"]
            found.append(Cost(
                label, stage, learning(before, task), sum(step["solve"].get("multiply_adds", 0) for step in steps),
                tuple(map(len, network.visible(stage)[1:])), network.widths,
                writing=least_seconds(lambda: Path(name), lambda folder: save(run, folder)),
                size=(Path(name) / NETWORK).stat().st_size,
                scoring=least_seconds(lambda: tasks[:stage], lambda seen: [
                    run.method.scores(one.id, one.x_test) for one in seen])))
            print(*found[-1].cells(), flush=True)
    return found, before, task.without_test()


def learning(den: DEN, task: Task) -> float:
    """CPU seconds of learning a task from here; ``den`` stays as it is."""
    return least_seconds(lambda: copy.deepcopy(den), lambda again: again.learn(task.without_test()))


def retired(den: DEN, task: Task) -> str:
    """A sentence: what a stage costs with the units that retired before it, over what it costs without them."""
    other = without_retired(den)
    cost = learning(den, task) / learning(other, task)
    stored, left = ("-".join(map(str, one.network.widths)) for one in (den, other))
    return f"Task {len(den.tasks) + 1} from {stored} units stored, over the same from the {left} that it sees: {cost:.2f}."


def ratio(found: list[Cost], late: int, early: int) -> str:
    """A sentence: CPU seconds per multiply-add of one stage over those of another."""
    by_stage = {cost.stage: cost.per_multiply_add for cost in found}
    return (f"{found[0].stream}: CPU seconds over multiply-adds, task {late} over task {early}: "
            f"{by_stage[late] / by_stage[early]:.2f}.")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="fill the tables of docs/small_tasks.md")
    given = parser.parse_args()
    rows, sentences = [], []
    for stream, settings, stages in RUNS:
        found, before, task = costs(stream, settings, stages)
        rows += [cost.cells() for cost in found]
        sentences.append(ratio(found, stages[-1], 10))
        if settings:
            sentences.append(retired(before, task))
    text = table(TITLES, rows) + "\n\n" + "\n".join(f"- {sentence}" for sentence in sentences)
    print(text)
    if given.write:
        write_blocks(DOCS / "small_tasks.md", stages=text)


if __name__ == "__main__":
    main()
