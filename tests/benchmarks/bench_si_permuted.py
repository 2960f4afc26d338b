"""SI on permuted MNIST as its authors' code has it: mean test accuracy over ten tasks, with its pull and without.

    OPENBLAS_NUM_THREADS=1 python -m tests.benchmarks.bench_si_permuted --mnist ../shared/data/mnist
    python -m tests.benchmarks.bench_si_permuted --write

784-2000-2000 and one head of ten outputs for all tasks, all 60,000 training images, 20 epochs of batches of 256, Adam
with step .001 whose moments go on from task to task, damping .1, float32, pixels in [0, 1], initial weights of Glorot's
deviation, the weights after the last epoch.  A step takes about a tenth of a second of one core, the 47,000 of a value
of c between one and two hours.  Runs are kept task by task in --out; the same command goes on where it was.  --write
learns nothing: it puts what is in --out, whole or not, into docs/results/si-permuted.json and the table of
docs/compared_systems.md.

Different from there: initial weights are normal, not uniform, and the pull is a proximal step instead of a part of the
gradient that Adam divides.  --standardise centres and scales the inputs, as this package does elsewhere.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Hashable, Mapping
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import den_ref
from den_ref.core.flat import Flat
from den_ref.core.mlp import DataLoss
from den_ref.den.network import Head
from den_ref.experiment.disk.json_files import write_json
from den_ref.experiment.disk.results import read_results
from den_ref.experiment.pages.markdown import number, table
from den_ref.methods.finetune import FineTuning, body_of
from den_ref.methods.si import SI
from den_ref.protocol import Task
from den_ref.state import unpack_id, unpack_meta
from den_ref.strict_json import strict_json
from docs.make.blocks import DOCS, write_blocks

OPTIONS = {"hidden": (2000, 2000), "step": 1e-3, "step_end": 1.0, "batch": 256, "epochs": 20, "weight_decay": 0.0,
           "mu": 0.0, "xi": 0.1, "reset": False, "dtype": "float32"}

#: c -> mean accuracy over ten tasks after the last, computed from the stored results of the authors' code.
AUTHORS = {0.1: 0.969, 0.02: 0.939, 0.01: 0.920, 0.0: 0.574}

RECORD, PAGE = DOCS / "results" / "si-permuted.json", DOCS / "compared_systems.md"

#: A run that shows that everything works, and no more.
QUICK = {"hidden": (100, 100), "epochs": 10, "batch": 32}


class OneHead(SI):
    """SI with one head for all tasks, held like the body, which learns from the validation images too."""

    def start(self, task: Task, rng) -> Flat:
        """The weights as they are; at first He's, scaled to the deviation sqrt(2 / (n_in + n_out)) of Glorot's."""
        if self.heads:
            return self.body.copy()
        start = super().start(task, rng)
        for w in start.views.values():
            if w.ndim == 2:
                w *= np.sqrt(len(w) / sum(w.shape))
        return start

    def losses(self, start: Flat, task: Task) -> tuple[DataLoss, DataLoss]:
        x, y = (np.concatenate(pair) for pair in ((task.x_train, task.x_valid), (task.y_train, task.y_valid)))
        return DataLoss(start, x, y, task.loss), DataLoss(start, x[:0], y[:0], task.loss)

    def keep(self, task: Task, network: Flat, measured: Flat) -> None:
        """The whole network is held: Omega and the moments are the head's too, and its head is every task's."""
        FineTuning.keep(self, task, network, None)
        self.body, self.importance = network, self.consolidated(measured)
        self.moments = None if self.config.reset else self.ending
        self.share_head({head.task: head.loss for head in self.heads})

    def share_head(self, losses: Mapping[Hashable, str]) -> None:
        """The body's head is every task's."""
        self.kept = {task: Head(task, stage, self.body["V"], self.body["c"], loss)
                     for stage, (task, loss) in enumerate(losses.items(), 1)}

    @classmethod
    def from_state(cls, state, config=None, seen=()) -> OneHead:
        method = super().from_state(state, config, seen)
        method.share_head({unpack_id(head["task"]): head["loss"] for head in unpack_meta(state["meta"])["heads"]})
        return method

    @property
    def served(self) -> Flat:
        return body_of(self.body)


def measured(c: float, out: Path, tasks: int, quick: bool, stream: dict) -> np.ndarray:
    """Test accuracy of every task after every task, (tasks, tasks)."""
    settings = OPTIONS | (QUICK if quick else {}) | {"c": c}
    run = den_ref.run("tests.benchmarks.bench_si_permuted:OneHead", "permuted-mnist", settings=settings, resume=True,
                      out=out / f"c={c:g}", n_tasks=tasks, **stream)
    return run.R["accuracy"]


def in_short(out: Path, values: list[float]) -> dict[str, list[list[float]]]:
    """c -> test accuracies after every task so far: of the first, of the first two, and so on."""
    R = {c: read_results(out / f"c={c:g}")["R"]["accuracy"] for c in values if (out / f"c={c:g}").exists()}
    return {f"{c:g}": [np.round(row[:t + 1], 4).tolist() for t, row in enumerate(rows) if not np.isnan(row[0])]
            for c, rows in R.items()}


def as_table(record: dict[str, list[list[float]]]) -> str:
    """A row per value of c: means over the tasks learnt, by their number, then the first task's, then the authors'."""
    heads = ["$c$", *map(str, range(1, 11)), "first task", "authors, after 10"]
    return table(heads, [[c, *(number(np.mean(rows[t]) if t < len(rows) else np.nan) for t in range(10)),
                          number(rows[-1][0]), number(AUTHORS[float(c)])] for c, rows in record.items()])


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", type=Path, help="folder of the four MNIST files; the embedded digits without it")
    parser.add_argument("--out", type=Path, default=Path("runs/si-permuted"))
    parser.add_argument("--c", type=float, nargs="+", default=[0.1, 0.0])
    parser.add_argument("--tasks", type=int, default=10)
    parser.add_argument("--standardise", action="store_true", help="inputs centred and divided by one deviation")
    parser.add_argument("--quick", action="store_true", help="a small network, ten epochs, 100 images per class")
    parser.add_argument("--write", action="store_true", help="write the record and the table of what --out holds")
    given = parser.parse_args()
    if given.write:
        write_json(RECORD, in_short(given.out, given.c))
        write_blocks(PAGE, permuted=as_table(strict_json(RECORD.read_bytes())))
        return
    stream = {"per_class": (100, 20, 50) if given.quick else "all"}
    stream |= {"mnist": str(given.mnist)} if given.mnist else {}
    stream |= {} if given.standardise else {"standardise": False}
    for c in given.c:
        R = measured(c, given.out, given.tasks, given.quick, stream)
        there = f", {AUTHORS[c]:.3f} in the authors' results" if c in AUTHORS and given.tasks == 10 else ""
        print(f"c = {c:g}: {np.nanmean(R[-1]):.4f} after {len(R)} tasks{there}; just learnt {np.diag(R).mean():.4f}, "
              f"first task {R[-1, 0]:.4f}", flush=True)


if __name__ == "__main__":
    main()
