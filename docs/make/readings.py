"""What each reading costs on the embedded MNIST-Variation: the measured table of docs/readings.md.

    python -m docs.make.readings

Every row is DEN with its defaults and one thing changed, seeds 0 to 2, on two processes with one BLAS thread each.
Runs are kept in runs/readings and are not repeated.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

from concurrent.futures import ProcessPoolExecutor

import numpy as np

import den_ref
from den_ref.core.metrics import average_performance, forgetting

from .blocks import DOCS, ROOT, write_blocks

SEEDS = (0, 1, 2)

VARIANTS = {
    "defaults": ("den", {}),
    "anchor before the split in Eq. 6, as printed": ("den", {"anchor_before_split": "eq6"}),
    "no anchor before the split": ("den", {"anchor_before_split": "none"}),
    "the original is kept, as the paper": ("den", {"split_original": "keep"}),
    "no weight decay": ("den", {"weight_decay": 0.0}),
    "an expansion that raises the loss is undone": ("den", {"undo_worse_expansion": True}),
    "new units start at a tenth of the scale": ("den", {"init_scale": 0.1}),
    "zero edges are freed too": ("den", {"dense_selection": True}),
    "Eq. 6 trains only what is new": ("den", {"eq6": "new"}),
    "start from 312-128, as the paper": ("den", {"hidden": (312, 128)}),
    "start from 64-32": ("den", {"hidden": (64, 32)}),
    "DNN-Selective: no expansion, no split": ("dnn-selective", {}),
    "DNN-Dynamic: no split": ("dnn-dynamic", {}),
    "DNN-Constant: k units a task, no removal, no split": ("dnn-constant", {}),
    "DNN-L1: everything retrained": ("dnn-l1", {}),
    "without timestamps (originals kept)": ("den-no-timestamps", {}),
}


def measure(name: str, seed: int) -> tuple:
    """Mean AUROC after ten tasks, forgetting, share of the parameters of STL 312-128."""
    method, settings = VARIANTS[name]
    folder = ROOT / "runs" / "readings" / f"{list(VARIANTS).index(name):02d}-{seed}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    run = den_ref.run(method, seed=seed, settings=settings, out=folder, resume=True)
    R = run.R["auroc"]
    return average_performance(R), forgetting(R), run.capacities[-1]["allocated_share"]


def table() -> str:
    cells = [(name, seed) for name in VARIANTS for seed in SEEDS]
    with ProcessPoolExecutor(2) as pool:
        measured = dict(zip(cells, pool.map(measure, *zip(*cells))))
    lines = ["Mean test AUROC after ten tasks of MNIST-Variation, forgetting, and parameters allocated in parts of STL 312-128;",
             "DEN's defaults with one thing changed, not tuned again. The three seeds of a row show how much a single run varies:",
             "differences smaller than that decide nothing.", "",
             "| reading | AUROC, seeds 0 / 1 / 2 | mean | forgetting | allocated |", "|---|---|---|---|---|"]
    for name in VARIANTS:
        auroc, forgotten, share = np.transpose([measured[name, seed] for seed in SEEDS])
        lines.append(f"| {name} | {' / '.join(f'{a:.3f}' for a in auroc)} | {auroc.mean():.3f} | {forgotten.mean():+.3f} | "
                     f"{share.mean():.1%} |")
    return "\n".join(lines)


if __name__ == "__main__":
    text = table()
    print(text)
    write_blocks(DOCS / "readings.md", measured=text)
