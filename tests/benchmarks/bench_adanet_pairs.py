"""AdaNet on pairs of digits that are hard to tell apart, beside logistic regression and a tuned network.

    OPENBLAS_NUM_THREADS=1 python -m tests.benchmarks.bench_adanet_pairs [--write] [--jobs N] [--layers]

The embedded digits, each turned by any angle, without noise: 2,000 training, 400 validation and 2,000 test images of a
pair.  Each method's options are those of the best mean validation accuracy over the five pairs at seed 0, out of the
settings below; then seeds 0 to 4, which draw angles and initial weights.  What stands beside a mean is its standard
error over seeds.  ``--write`` fills the table of docs/adanet.md.  It takes about nine minutes of one core,
which ``--jobs`` processes share.

``--layers`` fills a second table instead, in half a minute, on validation images: what the fit of the strengths does to
a first subnetwork of one and of two layers.
"""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import product

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from den_ref.core import mlp
from den_ref.methods import STL, AdaNet
from den_ref.methods.adanet import Growing, trained, values_of
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


@cache
def pair_task(pair, seed: int) -> Task:
    """Is it the second of the two?  Pixels about 0, of a size around 1."""
    digits, rng, arrays = load_digits(), np.random.default_rng([seed, *pair]), {}
    for split, labels in digits.labels.items():
        rows = np.isin(labels, pair)
        images = turned(digits.images[split][rows], 360.0, rng)
        arrays[f"x_{split}"] = ((images.reshape(len(images), -1) - 0.13) / 0.3).astype(np.float32)
        arrays[f"y_{split}"] = (labels[rows] == pair[1])[:, None].astype(np.float32)
    return Task("-".join(map(str, pair)), **arrays)


def accuracy(name: str, setting: dict, pair, seed: int, split: str) -> tuple[float, tuple]:
    """Share of a split that is told right, and how many units the method has then."""
    task, method = pair_task(pair, seed), METHODS[name][0](setting, seed)
    method.learn(task)
    right = (method.scores(task.id, getattr(task, f"x_{split}")) > 0) == getattr(task, f"y_{split}")
    return float(right.mean()), () if isinstance(method, Regression) else method.capacity().widths


def measured(name: str, pool) -> tuple[dict, np.ndarray, tuple]:
    """The setting with the best mean validation accuracy; test accuracies (pairs, seeds) with it; units at the end."""
    settings = METHODS[name][1]
    valid, _ = zip(*pool.map(accuracy, *zip(*product([name], settings, PAIRS, [0], ["valid"]))))
    best = settings[int(np.argmax(np.reshape(valid, (len(settings), -1)).mean(axis=1)))]
    found, widths = zip(*pool.map(accuracy, *zip(*product([name], [best], PAIRS, SEEDS, ["test"]))))
    return best, np.reshape(found, (len(PAIRS), -1)), widths[-1]


def before_and_after_the_fit(layer: int, task: Task, seed: int) -> tuple[float, float, int]:
    """A subnetwork of 100 units per layer, the first there is: its accuracy, that of f, how many of its top f hears."""
    c = AdaNet.Config(beta=3e-3, lam=0.0, weight_decay=1e-2, width=100, step=2e-3)
    x, valid = (array.astype(np.float64) for array in (task.x_train, task.x_valid))
    nothing = Growing(c, x, 2.0 * task.y_train[:, 0] - 1, x[:, :0]).plus([])
    found = trained(nothing, layer, np.random.default_rng(seed))
    fitted = found.fit()
    own = mlp.scores(task.x_valid, *mlp.unpack(found.solved.x))[:, 0]
    f = values_of(fitted.units, valid, valid[:, :0], c.weak) @ fitted.w
    right = [float(((z > 0) == task.y_valid[:, 0]).mean()) for z in (own, f)]
    return *right, np.count_nonzero(fitted.w[-c.width:])


def layers_table() -> str:
    """Means over the five pairs and two seeds."""
    rows = ["| layers | as trained | with the strengths fitted | units heard of its top's 100 |", "|---|---|---|---|"]
    tasks = [(pair_task(pair, seed), seed) for pair in PAIRS for seed in SEEDS[:2]]
    for layer in (1, 2):
        own, fitted, heard = np.mean([before_and_after_the_fit(layer, task, seed) for task, seed in tasks], axis=0)
        rows.append(f"| {layer} | {own:.4f} | {fitted:.4f} | {heard:.0f} |")
    return "\n".join(rows)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="fill the table of docs/adanet.md")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--layers", action="store_true", help="the second table alone, into the page")
    given = parser.parse_args()
    if given.layers:
        return write_blocks(DOCS / "adanet.md", layers=layers_table())
    rows = [f"| method | options | {' | '.join(f'{a}-{b}' for a, b in PAIRS)} |", "|---|---|" + "---|" * len(PAIRS)]
    with ProcessPoolExecutor(given.jobs) as pool:
        for name in METHODS:
            best, found, widths = measured(name, pool)
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
