"""AdaNet on pairs of digits that are hard to tell apart, beside logistic regression and a tuned network.

    OPENBLAS_NUM_THREADS=1 python -m tests.benchmarks.bench_adanet_pairs [--write] [--jobs N]

The embedded digits, each turned by any angle, without noise: 2,000 training, 400 validation and 2,000 test images of a
pair.  Each method's options are those of the best mean validation accuracy over the five pairs at seed 0, out of the
settings below; then seeds 0 to 4, which draw angles and initial weights.  What stands beside a mean is its standard
error over seeds.  ``--write`` fills the table of docs/adanet.md.  It takes about twelve minutes of one core; of
``--jobs`` processes each makes a row.
"""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from itertools import product

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from den_ref.methods import STL, AdaNet
from den_ref.methods.shared.single import single_task
from den_ref.protocol import Task
from den_ref.tasks.digits import load_digits
from den_ref.tasks.variation import turned
from docs.make.blocks import DOCS, write_blocks

PAIRS = (4, 9), (3, 5), (3, 8), (5, 8), (7, 9)
SEEDS = range(5)


class Regression:
    """L2 logistic regression, behind as much of a method's surface as is asked for here."""

    def __init__(self, ridge: float, seed: int = 0):
        self.ridge = ridge

    def learn(self, task: Task) -> None:
        phi = np.column_stack([task.x_train, np.ones(len(task.x_train))])
        self.theta = single_task(phi, task.y_train[:, 0], "logistic", self.ridge).x

    def scores(self, task_id, x):
        return (x @ self.theta[:-1] + self.theta[-1])[:, None]


def every(**choices):
    """All combinations."""
    return [dict(zip(choices, values)) for values in product(*choices.values())]


#: Method -> how it is made from a setting and a seed, and the settings that are tried: as many of each.
METHODS = {
    "logistic regression": (lambda setting, seed: Regression(**setting), every(
        ridge=(0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0))),
    "network": (lambda setting, seed: STL(STL.Config(**setting), seed), every(
        hidden=((256,), (312, 128)), weight_decay=(1e-3, 3e-3, 1e-2), step=(1e-3, 2e-3), epochs=(40,))),
    "AdaNet, trained": (lambda setting, seed: AdaNet(AdaNet.Config(**setting), seed), every(
        beta=(1e-3, 3e-3), weight_decay=(3e-3, 6e-3, 1e-2), width=(100,), additions=(8, 16), depth=(1,), lam=(0.0,),
        step=(2e-3,))),
    "AdaNet, closed form": (lambda setting, seed: AdaNet(AdaNet.Config(weak="closed", **setting), seed), every(
        beta=(1e-4, 3e-4, 1e-3), p=(1.5, 2.0), depth=(1, 2), lam=(0.0,), additions=(60,))),
}


def pair_task(digits, pair, seed: int) -> Task:
    """Is it the second of the two?  Pixels about 0, of a size around 1."""
    rng, arrays = np.random.default_rng([seed, *pair]), {}
    for split, labels in digits.labels.items():
        rows = np.isin(labels, pair)
        images = turned(digits.images[split][rows], 360.0, rng)
        arrays[f"x_{split}"] = ((images.reshape(len(images), -1) - 0.13) / 0.3).astype(np.float32)
        arrays[f"y_{split}"] = (labels[rows] == pair[1])[:, None].astype(np.float32)
    return Task("-".join(map(str, pair)), **arrays)


def accuracy(make, setting, seed: int, task: Task, split: str):
    """Share of a split that is told right, and the method."""
    method = make(setting, seed)
    method.learn(task)
    right = (method.scores(task.id, getattr(task, f"x_{split}")) > 0) == getattr(task, f"y_{split}")
    return float(right.mean()), method


def measured(name: str) -> tuple[dict, np.ndarray, tuple]:
    """The setting with the best mean validation accuracy; test accuracies (pairs, seeds) with it; units at the end."""
    (make, settings), digits = METHODS[name], load_digits()
    first = [pair_task(digits, pair, 0) for pair in PAIRS]
    valid = [np.mean([accuracy(make, setting, 0, task, "valid")[0] for task in first]) for setting in settings]
    best = settings[int(np.argmax(valid))]
    found, widths = np.zeros((len(PAIRS), len(SEEDS))), ()
    for i, pair in enumerate(PAIRS):
        for j, seed in enumerate(SEEDS):
            found[i, j], method = accuracy(make, best, seed, pair_task(digits, pair, seed), "test")
            widths = method.capacity().widths if name != "logistic regression" else ()
    return best, found, widths


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="fill the table of docs/adanet.md")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    given = parser.parse_args()
    rows = [f"| method | options | {' | '.join(f'{a}-{b}' for a, b in PAIRS)} |", "|---|---|" + "---|" * len(PAIRS)]
    with ProcessPoolExecutor(given.jobs) as pool:
        for name, (best, found, widths) in zip(METHODS, pool.map(measured, METHODS)):
            options = " ".join(f"{key}={','.join(map(str, of)) if isinstance(of, tuple) else of}"
                               for key, of in best.items())
            errors = found.std(axis=1, ddof=1) / np.sqrt(len(SEEDS))
            cells = " | ".join(f"{mean:.4f} ± {error:.4f}" for mean, error in zip(found.mean(axis=1), errors))
            rows.append(f"| {name} | `{options}` | {cells} |")
            print(rows[-1], widths, found.round(4).tolist(), flush=True)
    if given.write:
        write_blocks(DOCS / "adanet.md", pairs="\n".join(rows))


if __name__ == "__main__":
    main()
