"""Nonparametric networks on the ten digits: first-layer units against the smallest fixed network that errs as little.

    OPENBLAS_NUM_THREADS=1 python -m tests.benchmarks.bench_nonparametric_mnist --mnist ../shared/data/mnist

One task with ten classes, 784 inputs, 55,000 training images and the other 5,000 for validation, float32.  The networks
of fixed size have two hidden layers of the same width and are STL's; every width is trained with every weight decay, and
its best is what it can do.
The paper reports 144 first-layer units against 694 of its best fixed network, at nearly the same error; the target here
is at most half.  Runs are kept in --out, finished ones are not learnt again.  --quick: 100 embedded digits a class.
--write: what was learnt on all images goes to docs/results/nonparametric-mnist.json, and the tables to the page.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import den_ref
from den_ref.experiment.disk.json_files import write_json
from den_ref.experiment.pages.markdown import table
from den_ref.strict_json import strict_json
from docs.make.blocks import DOCS, write_blocks

RECORD, PAGE = DOCS / "results" / "nonparametric-mnist.json", DOCS / "nonparametric.md"

LAMBDAS = (3e-3, 1e-3, 3e-4)
WIDTHS = (16, 32, 64, 96, 128, 256)
DECAYS = ((3e-3, 3e-3), (1e-3, 1e-3), (1e-4, 1e-4))
GROWN = {"hidden": (10, 10), "batch": 250, "dtype": "float32"}
FIXED = {"epochs": 30, "patience": 5, "batch": 128, "mu": 0.0, "dtype": "float32"}
#: A run that shows that everything works, and no more.
QUICK = {"lambdas": (3e-3,), "widths": (16, 64), "decays": ((1e-3, 1e-3),)}


def learnt(method: str, name: str, out: Path, seed: int, stream: dict, **settings) -> dict:
    """Test error and units per hidden layer of a run, which is told on a line."""
    run = den_ref.run(method, "permuted-mnist", seed=seed, settings=settings, resume=True,
                      out=out / f"{name}, seed={seed}", n_tasks=1, **stream)
    error, units = 1 - float(run.R["accuracy"][0, 0]), list(run.capacities[-1]["widths"])
    print(f"{name}: error {error:.4f}, units {units}", flush=True)
    return {"seed": seed, "error": round(error, 4), "units": units}


def smallest(grown: dict, fixed: list[dict], n_test: int) -> dict | None:
    """The smallest fixed network of this seed that errs no more than this one, within one standard error."""
    room = grown["error"] + np.sqrt(grown["error"] * (1 - grown["error"]) / n_test)
    as_good = [one for one in fixed if one["seed"] == grown["seed"] and one["error"] <= room]
    return min(as_good, key=lambda one: one["width"], default=None)


def grown_table(record: dict, n_test: int = 10_000) -> str:
    """A row for every grown network."""
    rows = []
    for own in record["grown"]:
        other = smallest(own, record["fixed"], n_test)
        beside = ["none", "–"]
        if other:
            beside = [f"{other['width']} ({other['error']:.2%})", f"{own['units'][0] / other['width']:.2f}"]
        rows.append([f"{own['lam']:g}".lstrip("0"), str(own["seed"]), f"{own['error']:.2%}",
                     "-".join(map(str, own["units"])), *beside])
    return table(["$\\lambda$", "seed", "test error", "units", "smallest fixed, first layer", "share"], rows)


def fixed_table(record: dict) -> str:
    """A row for every seed; a dash where a width was not trained."""
    error = {(one["seed"], one["width"]): f"{one['error']:.2%}" for one in record["fixed"]}
    seeds, widths = (sorted({key[i] for key in error}) for i in (0, 1))
    rows = [[str(seed), *(error.get((seed, width), "–") for width in widths)] for seed in seeds]
    return table(["units a layer, seed", *map(str, widths)], rows)


def joined(record: dict, found: dict) -> dict:
    """The record with what was found, which replaces what there was of the same seed and setting."""
    new = {}
    for kind, setting in (("grown", "lam"), ("fixed", "width")):
        by = {(one["seed"], one[setting]): one for one in record[kind] + found[kind]}
        new[kind] = [by[key] for key in sorted(by)]
    return new


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", type=Path, help="folder of the four MNIST files; the embedded digits without it")
    parser.add_argument("--out", type=Path, default=Path("runs/nonparametric-mnist"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lambdas", type=float, nargs="*", default=LAMBDAS, help="of the networks that grow")
    parser.add_argument("--widths", type=int, nargs="*", default=WIDTHS, help="of the fixed networks")
    parser.add_argument("--quick", action="store_true", help="100 images per class, one setting of each kind")
    parser.add_argument("--images", type=int, help="training images per class, instead of all")
    parser.add_argument("--write", action="store_true", help="write the record and the tables")
    given = parser.parse_args()
    images = 100 if given.quick else given.images
    if given.write and (images or not given.mnist):
        parser.error("--write: expected --mnist and all images")
    stream = {"per_class": (images, images // 5, images // 2) if images else "all"}
    stream |= {"mnist": str(given.mnist)} if given.mnist else {}
    plan = QUICK if given.quick else {"lambdas": given.lambdas, "widths": given.widths, "decays": DECAYS}
    found = {"grown": [], "fixed": []}
    for lam in plan["lambdas"]:
        settings = GROWN | ({"batch": 50} if given.quick else {}) | {"lam": lam}
        own = learnt("nonparametric", f"lam={lam:g}", given.out, given.seed, stream, **settings)
        found["grown"].append({"lam": lam} | own)
    for width in plan["widths"]:
        tried = [learnt("stl", f"fixed={width}, decay={decay[0]:g}", given.out, given.seed, stream, **FIXED,
                        hidden=(width, width), weight_decay=decay) for decay in plan["decays"]]
        best = min(tried, key=lambda one: one["error"])
        found["fixed"].append({"width": width, "seed": given.seed, "error": best["error"]})
    print(grown_table(found, 10 * (images // 2) if images else 10_000), fixed_table(found), sep="\n\n")
    if given.write:
        write_json(RECORD, joined(strict_json(RECORD.read_bytes()), found))
        write_tables()


def write_tables() -> None:
    """The tables of the page, from the record."""
    record = strict_json(RECORD.read_bytes())
    write_blocks(PAGE, grown=grown_table(record), fixed=fixed_table(record))


if __name__ == "__main__":
    main()
