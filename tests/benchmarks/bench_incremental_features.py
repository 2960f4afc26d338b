"""The two tables of docs/incremental_features.md: a layer that grows against fixed ones, and where one label is rare.

    OPENBLAS_NUM_THREADS=1 python -m tests.benchmarks.bench_incremental_features [--only rare | layers] [--table]

*layers*: test error in percent on the ten classes of mnist-back as one task with a softmax head, as the paper of 2012
has them.  There, a million images come one after the other; here every embedded digit is turned and laid on textures
anew for each of eight seeds of the stream, 10,000 images each, so that a layer of this size is not at the end of its
data.  Test images are those of the same seeds.  Growth without merging is there twice: with as many features added at
a time as with merging, and with half as many, which is what merging leaves of them.  Fixed layers have the size that a
layer that grew ended with.

*rare*: AUROC of five tasks that ask for one digit against nine others, the stream of ``den-ref compare --quick``.

A result is on record as soon as it is there, and is not learnt again; about 45 seconds of one core for each layer, ten
for each row and seed of the other table.  --table fills the tables from the record.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable
from functools import cache

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from den_ref.experiment import run
from den_ref.experiment.disk.json_files import write_json
from den_ref.experiment.grid.standard_grid import QUICK
from den_ref.experiment.pages.markdown import table
from den_ref.methods import IncrementalFeatures
from den_ref.methods.incremental_features import IncrementalFeaturesConfig
from den_ref.protocol import Task
from den_ref.strict_json import strict_json
from den_ref.tasks import make_stream
from docs.make.blocks import DOCS, write_blocks

RECORD, PAGE = DOCS / "results" / "incremental_features.json", DOCS / "incremental_features.md"

SPLITS = "train", "valid", "test"
COPIES, PER_CLASS, SEEDS = 8, (1000, 50, 200), (0, 1)
USUAL = {"epochs": 5, "step": 5e-3, "tau": 2000, "iterations": 5}
#: Layers that grow -> what is different, and fixed ones -> whose size at the end they have.
GROWN = {"with merging": {}, "without merging": {"gamma": 0.0},
         "without, half as many added": {"gamma": 0.0, "grow": 10}}
FIXED = {"fixed": "with merging", "fixed, larger": "without merging"}
#: Layer -> error in percent of the paper's on a million turned digits on pictures (rot-bg-img).
PAPER = {"with merging": 35.41, "without merging": 35.50, "fixed": 38.51}
#: No number of hard samples is enough.
NEVER = 10**9

#: Row of the other table -> method and options.
RARE = {
    "`head_on=hard step=1e-3 iterations=20`, once the defaults": (
        "incremental-features", {"head_on": "hard", "step": 1e-3, "iterations": 20}),
    "`tau=1000000000 step=1e-3`: nothing is added": ("incremental-features", {"tau": NEVER, "step": 1e-3}),
    "`head_on=hard`": ("incremental-features", {"head_on": "hard"}),
    "as it is: `head_on=all step=1e-2 iterations=5`": ("incremental-features", {}),
    "fine-tuning": ("finetune", {}),
}

#: What was measured, by what it was measured of.
Found = dict[tuple, dict]


# --- a layer that grows against fixed ones -----------------------------------------------------------------------


@cache
def ten_classes(seed: int) -> Task:
    """mnist-back as one task, made anew with as many seeds of its own."""
    parts = [one_of_them(100 * seed + copy) for copy in range(COPIES)]
    return Task("digit", *(np.concatenate(part) for part in zip(*parts, strict=True)), "softmax", 10)


def one_of_them(seed: int) -> list[np.ndarray]:
    """Samples and classes of the three splits."""
    tasks = list(make_stream("mnist-back", seed=seed, per_class=PER_CLASS).tasks)
    labels = {split: np.column_stack([getattr(task, f"y_{split}") for task in tasks]) for split in SPLITS}
    return [array for split in SPLITS for array in (getattr(tasks[0], f"x_{split}"), labels[split].argmax(axis=1))]


def layer(found: Found, seed: int, name: str) -> dict:
    """Errors in percent, features and what it took."""
    own = GROWN.get(name) or {}
    if name in FIXED:
        own = {"tau": NEVER, "features": found[seed, FIXED[name]]["features"]}
    task, method = ten_classes(seed), IncrementalFeatures(IncrementalFeaturesConfig(**USUAL | own), seed)
    steps = method.learn(task)
    last = steps[-1]
    wrong = {split: float(100 * np.mean(method.predict("digit", x) != y)) for split, x, y in (
        ("valid", task.x_valid, task.y_valid), ("test", task.x_test, task.y_test))}
    return {"error": wrong["test"], "validation": wrong["valid"], "features": last.facts["features"],
            "epoch": last.solve.best_epoch, "added": last.facts["added"][0], "merged": last.facts["merged"][0],
            "multiply_adds": sum(step.solve.multiply_adds for step in steps if step.solve is not None)}


def layers_table(found: Found) -> str:
    """A row per layer: error, and features at the end in brackets, seed by seed, then the mean error."""
    rows = []
    for name in (*GROWN, *FIXED):
        own = [one for (_, layer_), one in found.items() if layer_ == name]
        rows.append([name, *(f"{one['error']:.2f} ({one['features']})" for one in own),
                     f"{mean_error(found, name):.2f}", f"{PAPER[name]:.2f}" if name in PAPER else "–"])
    return table(["layer", *(f"seed {seed}" for seed in SEEDS), "mean", "the paper's"], rows)


def mean_error(found: Found, name: str) -> float:
    """Over the seeds."""
    return float(np.mean([one["error"] for (_, layer_), one in found.items() if layer_ == name]))


# --- one label is rare -------------------------------------------------------------------------------------------


def rare(found: Found, name: str, seed: int) -> dict:
    """Mean AUROC of each task when it was learnt and of all after the last, and the worst epoch's mean objective."""
    made = run(RARE[name][0], "mnist-variation", seed=seed, settings=RARE[name][1], **QUICK)
    R = made.R["auroc"]
    return {"just_learnt": round(float(R.diagonal().mean()), 4), "last": round(float(R[-1].mean()), 4),
            "worst": round(max(max(stage["steps"][-1]["solve"]["history"]["loss"]) for stage in made.stages), 4)}


def rare_table(found: Found) -> str:
    """A row per setting, means over its seeds; the objective of fine-tuning is another."""
    rows = []
    for name, (method, _) in RARE.items():
        own = [one for key, one in found.items() if key[0] == name]
        worst = f"{max(one['worst'] for one in own):.2f}" if method == "incremental-features" else "–"
        rows.append([name, *(f"{np.mean([one[kind] for one in own]):.3f}" for kind in ("just_learnt", "last")), worst])
    return table(["options", "just learnt", "after the last task", "largest mean objective of an epoch"], rows)


# --- the record --------------------------------------------------------------------------------------------------

#: Table -> names of what a result is of, all that are wanted in the order of learning, how one is measured, its text.
TABLES: dict[str, tuple[tuple[str, ...], Iterable[tuple], Callable[..., dict], Callable[[Found], str]]] = {
    "rare": (("options", "seed"), [(name, seed) for seed in (0, 1, 2) for name in RARE], rare, rare_table),
    "layers": (("seed", "layer"), [(seed, name) for seed in SEEDS for name in (*GROWN, *FIXED)], layer, layers_table),
}


def on_record() -> dict[str, Found]:
    """Table -> what was measured."""
    record = strict_json(RECORD.read_bytes()) if RECORD.exists() else {}
    return {name: {tuple(one.pop(part) for part in parts): one for one in record.get(name, [])}
            for name, (parts, *_) in TABLES.items()}


def learn(name: str) -> None:
    """What is not on record of a table; the record is whole after each."""
    parts, wanted, measured, _ = TABLES[name]
    record = on_record()
    found = record[name]
    for key in wanted:
        if key not in found:
            found[key] = measured(found, *key)
            record[name] = {one: found[one] for one in wanted if one in found}
            write_json(RECORD, {table_: [dict(zip(TABLES[table_][0], key)) | one for key, one in rows.items()]
                                for table_, rows in record.items()})
            print(*key, found[key], sep=", ", flush=True)


def write_tables() -> None:
    """Both tables of the page, from the record."""
    write_blocks(PAGE, **{name: text(on_record()[name]) for name, (*_, text) in TABLES.items()})


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=TABLES, help="learn for this table alone")
    parser.add_argument("--table", action="store_true", help="fill the tables from the record, learn nothing")
    given = parser.parse_args()
    for name in () if given.table else [given.only] if given.only else TABLES:
        learn(name)
    write_tables()


if __name__ == "__main__":
    main()
