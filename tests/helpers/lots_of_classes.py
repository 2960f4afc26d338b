"""Small lots of classes that arrive one after the other, and methods that have learnt them."""

import numpy as np

from den_ref.methods import REGISTRY
from den_ref.protocol import Task

SMALL = {"hidden": (5, 4), "dtype": "float64", "epochs": 3, "epochs_eq2": 3, "epochs_eq4": 2, "epochs_eq5": 2,
         "epochs_eq6": 1, "finetune_epochs": 2, "k": 2, "margin": 0.0, "batch": 20}


def lot(i, classes=2, n=30, n_inputs=4):
    """Samples of new classes, each around a place of its own."""
    rng = np.random.default_rng(i)
    y = np.arange(n) % classes
    x = rng.normal(size=(n, n_inputs)) + 2 * np.random.default_rng(100 + i).normal(size=(classes, n_inputs))[y]
    return Task(i, x, y, x[:12], y[:12], x[:20], y[:20], "softmax", classes, tuple(f"{i}{c}" for c in range(classes)))


LOTS = [lot(0), lot(1, classes=3), lot(2)]


def small(name, seed=0, **settings):
    usual = REGISTRY[name].Config().to_dict()
    return REGISTRY[name](REGISTRY[name].Config.from_dict(
        usual | {key: value for key, value in (SMALL | settings).items() if key in usual}), seed)


def learnt(name, lots=LOTS, **settings):
    method = small(name, **settings)
    for task in lots:
        method.learn(task)
    return method
