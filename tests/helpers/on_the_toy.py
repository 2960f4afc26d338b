"""Small networks on the toy stream, for tests of methods that hold one body."""

import numpy as np

from den_ref.tasks import make_stream

OPTIONS = {"hidden": (8, 6), "step": 0.02, "batch": 32, "epochs": 4, "weight_decay": 1e-3, "mu": 0.0,
           "dtype": "float64"}


def learnt(kind, n=2, seed=0, **settings):
    """A method of this class that has learnt the first n tasks."""
    method = kind(kind.Config(**OPTIONS | settings), seed)
    for task in list(make_stream("toy").tasks)[:n]:
        method.learn(task)
    return method


def same(a, b, prefixes=("body/", "heads/")):
    """Whether two states have the same bits where names begin so."""
    keys = [key for key in a if key.startswith(prefixes)]
    return bool(keys) and all(np.array_equal(a[key], b[key]) for key in keys)
