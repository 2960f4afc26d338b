"""A small synthetic stream for examples and tests, learnt in a second or two."""

import numpy as np

from den_ref.protocol import Task
from .pixels import checked_dtype
from .seeds import checked_seed, generator
from .stream import Stream

N_INPUTS = 12
SIZES = {"train": 1000, "valid": 300, "test": 500}

#: One row per task: how it weighs the two products, and what it asks in words.
WEIGHTS = np.array([[1, 0], [0, 1], [1, 1], [1, -1]])
ABOUT = dict(enumerate(("p > 0?", "q > 0?", "p + q > 0?", "p - q > 0?")))


def toy_stream(seed: int = 0, *, dtype="float32") -> Stream:
    """Four binary tasks: two that have nothing in common, and two made of what those had to find.

    Samples are standard normal, x in R^12, new ones for every task; eight of the twelve inputs mean nothing.  With
    p = x_0 * x_1 and q = x_2 * x_3,

        task 0:  y = 1  iff  p > 0         task 2:  y = 1  iff  p + q > 0
        task 1:  y = 1  iff  q > 0         task 3:  y = 1  iff  p - q > 0

    No linear function of x does better than chance, while tasks 2 and 3 need little more than a head once there are
    features that serve tasks 0 and 1: transfer shows.

    Twelve inputs move a unit less than the 784 of a digit do: larger learning rates suit it than suit digits.

    Parameters
    ----------
    seed : int
        Of the samples.
    dtype : {"float32", "float64"}

    Returns
    -------
    Stream
        Task ids are 0..3; x (1000 / 300 / 500, 12); y (n, 1) of 0 and 1.
    """
    seed, dtype = checked_seed(seed), checked_dtype(dtype)

    def make(index) -> Task:
        x = generator(seed, "toy", index).standard_normal((sum(SIZES.values()), N_INPUTS))
        y = toy_labels(x, WEIGHTS[index])
        ends = np.cumsum(list(SIZES.values()))[:-1]
        train, valid, test = zip(np.split(x.astype(dtype), ends), np.split(y.astype(dtype), ends))
        return Task(index, *train, *valid, *test)

    details = {"seed": seed, "dtype": dtype.name, "sizes": dict(SIZES)}
    return Stream("toy", tuple(range(len(WEIGHTS))), make, N_INPUTS, details, ABOUT)


def toy_labels(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """1 iff the weighted sum of the two products is positive, else 0; (n, 1).

    >>> toy_labels(np.array([[1.0, 2.0, -1.0, 3.0], [1.0, 2.0, 1.0, 3.0]]), np.array([1, 1])).ravel()
    array([0, 1])
    """
    products = np.stack([x[:, 0] * x[:, 1], x[:, 2] * x[:, 3]], axis=1)
    return (products @ weights > 0).astype(int)[:, None]
