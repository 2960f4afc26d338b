"""Incremental features against a fixed autoencoder of their final size, on digits over textures: test error in percent.

    OPENBLAS_NUM_THREADS=1 python -m tests.benchmarks.bench_incremental_features

The ten classes of mnist-back as one task with a softmax head, as the paper of 2012 has them.  There, a million images
come one after the other; here every embedded digit is turned and laid on textures anew for each of several seeds of the
stream, 10,000 images each, so that a layer of this size is not at the end of its data.  Test images are those of the
same seeds.  The paper's table of turned digits on pictures (rot-bg-img) has 35.41 with merging, 35.50 without and
38.51 for a fixed layer.  Four variants: with merging, without, and neither, at the size that the first ended with and at
that of the second.

A result is kept as soon as it is there; the same command goes on where it was.  A minute or two of one
core for each.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from den_ref.methods import IncrementalFeatures
from den_ref.methods.incremental_features import IncrementalFeaturesConfig
from den_ref.protocol import Task
from den_ref.tasks import make_stream

SPLITS = "train", "valid", "test"
#: No number of hard samples is enough.
NEVER = 10**9
#: A layer of fixed size -> whose size at the end it has.
AS_LARGE_AS = {"fixed": "with merging", "fixed, larger": "without merging"}


def ten_classes(seed: int, copies: int, per_class) -> Task:
    """mnist-back as one task, made anew with as many seeds of its own."""
    parts = [one_of_them(100 * seed + copy, per_class) for copy in range(copies)]
    arrays = [np.concatenate(part) for part in zip(*parts, strict=True)]
    return Task("digit", *arrays, "softmax", 10)


def one_of_them(seed: int, per_class) -> list[np.ndarray]:
    """Samples and classes of the three splits."""
    tasks = list(make_stream("mnist-back", seed=seed, per_class=per_class).tasks)
    labels = {split: np.column_stack([getattr(task, f"y_{split}") for task in tasks]) for split in SPLITS}
    return [array for split in SPLITS for array in (getattr(tasks[0], f"x_{split}"), labels[split].argmax(axis=1))]


def measured(task: Task, seed: int, options: IncrementalFeaturesConfig) -> dict:
    """Errors in percent, features and what it took."""
    method = IncrementalFeatures(options, seed)
    steps = method.learn(task)
    last = steps[-1]
    wrong = {split: float(100 * np.mean(method.predict("digit", x) != y)) for split, x, y in (
        ("valid", task.x_valid, task.y_valid), ("test", task.x_test, task.y_test))}
    return {"error": wrong["test"], "validation": wrong["valid"], "features": last.facts["features"],
            "epoch": last.solve.best_epoch, "added": last.facts["added"][0], "merged": last.facts["merged"][0],
            "multiply_adds": sum(step.solve.multiply_adds for step in steps if step.solve is not None)}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/results/incremental_features.json"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--copies", type=int, default=8, help="seeds of the stream per seed")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--set", nargs="+", default=["step=5e-3", "tau=2000", "iterations=5"])
    parser.add_argument("--per-class", type=int, nargs=3, default=[1000, 50, 200])
    given = parser.parse_args()
    given.out.parent.mkdir(parents=True, exist_ok=True)
    found = json.loads(given.out.read_text()) if given.out.exists() else {}
    usual = IncrementalFeaturesConfig(epochs=given.epochs).with_text(given.set)
    for seed in given.seeds:
        task, sizes = ten_classes(seed, given.copies, tuple(given.per_class)), f"{given.copies} x {given.per_class}"
        for name in ("with merging", "without merging", *AS_LARGE_AS):
            rest = f", seed {seed}, {given.epochs} epochs, {sizes}, {' '.join(given.set)}"
            key = name + rest
            if key not in found:
                options = {"with merging": {}, "without merging": {"gamma": 0.0}}.get(name)
                if options is None:
                    options = {"tau": NEVER, "features": found[AS_LARGE_AS[name] + rest]["features"]}
                found[key] = measured(task, seed, replace(usual, **options))
                part = given.out.with_suffix(".part")
                part.write_text(json.dumps(found, indent=1))
                part.replace(given.out)
            one = found[key]
            print(f"{key}: {one['error']:.2f} % wrong ({one['validation']:.2f} on validation images), "
                  f"{one['features']} features, {one['multiply_adds'] / 1e9:.0f} G multiply-adds", flush=True)


if __name__ == "__main__":
    main()
