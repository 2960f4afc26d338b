"""DEN beside STL and MTL on the embedded MNIST-Variation, defaults, seeds 0 to 2: the README's table and picture.

    OPENBLAS_NUM_THREADS=1 python -m docs.make.readme

Runs are kept in runs/quality and are not repeated (delete the folder to measure again).  Writes the block between the
markers of README.md, and docs/figures/average_auroc.png and docs/figures/matrix_den.png.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib import pyplot as plt

import den_ref
from den_ref.core.metrics import average_performance, backward_transfer, forgetting
from den_ref.experiment.pages.numbers import average_curve
from den_ref.plots import curves, performance_matrix

from .blocks import DOCS, ROOT, write_blocks

SEEDS = (0, 1, 2)
NAMES = {"den": "DEN, from 784-128-64", "stl": "STL 784-312-128-1, ten networks", "mtl": "MTL 784-312-128"}


def runs(method: str, settings=None, label: str | None = None) -> list:
    """One run per seed, learnt now or read from runs/quality."""
    folder = ROOT / "runs" / "quality"
    return [den_ref.run(method, seed=seed, settings=settings, out=folder / f"{label or method}-{seed}", resume=True)
            for seed in SEEDS]


def row(name: str, of: list) -> str:
    """A line of the table: per seed, mean, size, forgetting."""
    R = [run.R["auroc"] for run in of]
    after = [average_performance(r) for r in R]
    share = np.mean([run.capacities[-1]["allocated_share"] for run in of])
    nonzero = np.mean([run.capacities[-1]["nonzero_share"] for run in of])
    return (f"| {name} | {' / '.join(f'{a:.3f}' for a in after)} | **{np.mean(after):.3f}** | {share:.1%} | {nonzero:.1%} | "
            f"{np.mean([forgetting(r) for r in R]):+.4f} | {np.mean([backward_transfer(r) for r in R]):+.4f} |")


def table(results: dict) -> str:
    head = ("| method | AUROC after ten tasks, seeds 0 / 1 / 2 | mean | allocated, of STL | nonzero, of STL | forgetting | "
            "backward transfer |\n|---|---|---|---|---|---|---|\n")
    return head + "\n".join(row(NAMES[method], of) for method, of in results.items())


def pictures(results: dict) -> None:
    folder = DOCS / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    figure, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    curves(ax, {method: [average_curve(run.R["auroc"]) for run in of] for method, of in results.items()},
           "tasks learnt", "mean AUROC over tasks learnt")
    figure.savefig(folder / "average_auroc.png", dpi=150)
    figure, ax = plt.subplots(figsize=(5, 5), layout="constrained")
    performance_matrix(ax, results["den"][0].R["auroc"], results["den"][0].task_ids, "AUROC of DEN, seed 0")
    figure.savefig(folder / "matrix_den.png", dpi=150)


if __name__ == "__main__":
    measured = {method: runs(method) for method in NAMES}
    print(table(measured))
    write_blocks(ROOT / "README.md", results=table(measured))
    pictures(measured)
