"""Small tasks that a linear model can learn."""

from dataclasses import replace

import numpy as np
from den_ref.protocol import Task


def binary(index, n=60, n_inputs=4, **changes):
    """A linear task on a few inputs."""
    rng = np.random.default_rng(100 + index)
    x = rng.normal(size=(n, n_inputs))
    y = (x @ rng.normal(size=(n_inputs, 1)) + rng.normal(size=(n, 1)) > 0) * 1.0
    return replace(Task(index, x, y, x[:10], y[:10]), **changes)
