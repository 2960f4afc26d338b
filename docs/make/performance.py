"""Run all speed benchmarks and write docs/performance.md.

    OPENBLAS_NUM_THREADS=1 python -m docs.make.performance
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import platform
from importlib.metadata import version

import numpy as np
import scipy

from tests.benchmarks import bench_convolution, bench_head, bench_run, bench_step, bench_subnetwork

from .blocks import DOCS, write_page

INTRODUCTION = """# How fast it is, and beside what

Written by `docs/make/performance.py` (extra `[bench]`). One BLAS thread; every figure is a ratio of times
taken in turn within one run, so that it can be compared with one measured on another machine. *Goal* is what the project
set itself.

"""
GOALS = {
    ("step/128", "over its matrix products"): "at most 1.5", ("step/256", "over its matrix products"): "at most 1.3",
    ("step/128", "over PyTorch's fused Adam"): "below 1", ("step/256", "over PyTorch's fused Adam"): "below 1",
    ("convolution/128", "over its matrix products"): "at most 2.1",
    ("convolution/128", "over PyTorch's fused Adam"): "at most 1.1",
    ("subnetwork", "half the units over all of them"): "at most 0.6",
    ("run", "CPU time over a minute"): "below 1", ("run", "peak memory over 600 MB"): "below 1",
}
WHAT = {
    "step": "One training step of 784-312-128-1 with proximal Adam and L1 on every weight, float32 (`bench_step.py`)",
    "convolution": "One training step of 28 x 28 images, 16 and 32 pooled filters of 5 x 5, 64 dense units, float64 "
                   "(`bench_convolution.py`)",
    "subnetwork": "One step of Eq. 4 on half the units of every layer (`bench_subnetwork.py`)",
    "run": "`den-ref run` with its defaults, end to end (`bench_run.py`)",
}


def main() -> None:
    lines = []
    for bench in (bench_step, bench_convolution, bench_subnetwork, bench_run):
        for name, row in bench.ratios().items():
            what, _, batch = name.partition("/")
            for against, value in row.items():
                batch_text = f", batch {batch}" if batch else ""
                lines.append(f"| {WHAT[what]}{batch_text} | {against} | {value:.2f} | {GOALS[name, against]} |")
    text = INTRODUCTION + "| what | ratio | measured | goal |\n|---|---|---|---|\n" + "\n".join(lines) + "\n\n"
    text += bench_head.markdown() + f"\n\nMeasured with NumPy {np.__version__}, SciPy {scipy.__version__}, " \
        f"PyTorch {version('torch')}, Python {platform.python_version()}.\n"
    write_page(DOCS / "performance.md", text)
    print(text)


if __name__ == "__main__":
    main()
