"""Results of a comparison, made up: what ``read_results`` gives, with numbers one can compute by hand."""

import numpy as np

from den_ref.protocol import CLASS_INCREMENTAL

ALL = ("stl", "mtl", "finetune", "l2", "ewc", "progressive", "dnn-l1", "dnn-selective", "dnn-dynamic", "dnn-constant",
       "den-no-timestamps", "den", "den-finetune")


def record(method="den", seed=0, tasks=3, level=0.8, options=None, allocated=100, counted=True):
    """A result as ``read_results`` gives it: one unit of two layers added, and one split, per later task."""
    rng = np.random.default_rng([seed, len(method)])
    R = np.where(np.tri(tasks, dtype=bool), level + 0.01 * rng.random((tasks, tasks)), np.nan)
    stages = [stage(t, allocated, counted) for t in range(1, tasks + 1)]
    options = {"hidden": [4, 3], "sigma": 0.3, "gamma": 1e-3, "mu": 1e-5, "k": 5} | (options or {})
    run = {"den_ref": "1", "method": method, "options": options, "seed": seed,
           "stream": {"name": "mnist-variation", "n_inputs": 2, "seed": seed}, "tasks": list(range(tasks))}
    where = {"python": "3", "numpy": "2", "scipy": "1", "blas": "b", "machine": "m"}
    return {"run": run, "environment": where, "R": {"auroc": R, "accuracy": R}, "stages": stages, "complete": True}


def stage(t, allocated, counted):
    boxes = {"select": {"selected": [8, t + 3, 1], "visible": [8, 2 * t + 4, t + 3]},
             "prune": {"added": [2, 2], "kept": [1, 1]}, "split": {"split": [1, 2], "older": [4, 4]}}
    solve = {"history": {"validation": [1.0, 0.5]}} | ({"multiply_adds": 1000 * t} if counted else {})
    steps = [{"box": "eq2" if t == 1 else "eq4", "facts": {}, "solve": solve}]
    steps += [{"box": box, "facts": facts, "solve": {}} for box, facts in boxes.items() if t > 1]
    capacity = {"allocated": allocated * t, "nonzero": allocated * t - 1, "stl": 41129 * t, "stored": {"birth": 7},
                "widths": [4 + 2 * (t - 1), 3 + 3 * (t - 1)]}
    return {"seconds": 1.5 * t, "capacity": capacity, "steps": steps}


def grid(labels=ALL, seeds=(0, 1), **more):
    """Results of methods, the n-th .01 below the first."""
    return {label: {seed: record(label, seed, level=0.9 - 0.01 * i, **more) for seed in seeds}
            for i, label in enumerate(labels)}


def with_all_classes_asked(results):
    """The same on a class-incremental stream, every accuracy a quarter."""
    for each in (each for seeds in results.values() for each in seeds.values()):
        each["run"]["stream"]["scenario"] = CLASS_INCREMENTAL
        each["R"]["accuracy"] = np.where(np.isnan(each["R"]["auroc"]), np.nan, 0.25)
    return results


def rows(text):
    """A Markdown table as lists of cells, by the first cell."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    return {line[0]: line[1:] for line in cells}
