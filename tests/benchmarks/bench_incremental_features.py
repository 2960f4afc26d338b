"""Incremental features against a fixed autoencoder of their final size, on digits over textures: test error in percent.

    OPENBLAS_NUM_THREADS=1 python -m tests.benchmarks.bench_incremental_features

The ten classes of mnist-back as one task with a softmax head, as the paper of 2012 has them: 10,000 training images of
the embedded digits, turned, on textures.  Its table of a million images with turned digits on pictures (rot-bg-img) has
35.41 with merging, 35.50 without and 38.51 for a fixed layer.  Three variants: with merging, without, and none of both at
the size that the first ended with.  A result is kept as soon as it is there; the same command goes on where it was.
About two minutes of one core per seed and 10 epochs.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from den_ref.methods import IncrementalFeatures
from den_ref.methods.incremental_features import IncrementalFeaturesConfig
from den_ref.protocol import Task
from den_ref.tasks import make_stream

#: No number of hard samples is enough.
NEVER = 10**9


def ten_classes(seed: int, per_class) -> Task:
    """mnist-back as one task."""
    tasks = list(make_stream("mnist-back", seed=seed, per_class=per_class).tasks)
    x = {split: getattr(tasks[0], f"x_{split}") for split in ("train", "valid", "test")}
    y = {split: np.column_stack([getattr(task, f"y_{split}") for task in tasks]).argmax(axis=1) for split in x}
    return Task("digit", x["train"], y["train"], x["valid"], y["valid"], x["test"], y["test"], "softmax", 10)


def measured(task: Task, seed: int, **options) -> dict:
    """Errors in percent, features and what it took."""
    method = IncrementalFeatures(IncrementalFeaturesConfig(**options), seed)
    steps = method.learn(task)
    last = steps[-1]
    wrong = {split: float(100 * np.mean(method.predict("digit", getattr(task, f"x_{split}")) != getattr(task, f"y_{split}")))
             for split in ("valid", "test")}
    return {"error": wrong["test"], "validation": wrong["valid"], "features": last.facts["features"],
            "epoch": last.solve.best_epoch, "added": last.facts["added"][0], "merged": last.facts["merged"][0],
            "multiply_adds": sum(step.solve.multiply_adds for step in steps if step.solve is not None)}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/incremental-features.json"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--step", type=float, default=5e-3)
    parser.add_argument("--per-class", type=int, nargs=3, default=[1000, 200, 1000])
    given = parser.parse_args()
    given.out.parent.mkdir(parents=True, exist_ok=True)
    found = json.loads(given.out.read_text()) if given.out.exists() else {}
    for seed in given.seeds:
        task = ten_classes(seed, tuple(given.per_class))
        for name in ("with merging", "without merging", "fixed"):
            key = f"{name}, seed {seed}, {given.epochs} epochs, step {given.step:g}, {given.per_class}"
            if key not in found:
                final = found.get(key.replace("fixed", "with merging"), {}).get("features")
                options = {"with merging": {}, "without merging": {"gamma": 0.0},
                           "fixed": {"tau": NEVER, "features": final}}[name]
                found[key] = measured(task, seed, epochs=given.epochs, step=given.step, **options)
                part = given.out.with_suffix(".part")
                part.write_text(json.dumps(found, indent=1))
                part.replace(given.out)
            one = found[key]
            print(f"{key}: {one['error']:.2f} % wrong ({one['validation']:.2f} on validation images), {one['features']} "
                  f"features, {one['multiply_adds'] / 1e9:.0f} G multiply-adds", flush=True)


if __name__ == "__main__":
    main()
