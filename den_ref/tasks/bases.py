"""A hundred small linear tasks made of six shared bases: the synthetic stream of ELLA's paper."""

import numpy as np

from den_ref.protocol import Task
from .pixels import checked_dtype
from .seeds import checked_seed, generator
from .stream import Stream

TASKS, N_INPUTS, BASES, ACTIVE = 100, 12, 6, 3
#: Of 100 samples half are for training; the test split is larger than the paper's, and measures the same.
SIZES = {"train": 50, "valid": 50, "test": 500}


def bases_stream(seed: int = 0, *, dtype="float32") -> Stream:
    """A hundred binary tasks: is the target of :func:`linear_task` above 0?

    Parameters
    ----------
    seed : int
        Of the bases, codes and samples.
    dtype : {"float32", "float64"}

    Returns
    -------
    Stream
        Task ids are 0..99; x (50 / 50 / 500, 12); y (n, 1) of 0 and 1.
    """
    seed, dtype = checked_seed(seed), checked_dtype(dtype)

    def make(index) -> Task:
        x, y = linear_task(seed, index)
        ends = np.cumsum(list(SIZES.values()))[:-1]
        train, valid, test = zip(np.split(x.astype(dtype), ends), np.split((y[:, None] > 0).astype(dtype), ends))
        return Task(index, *train, *valid, *test)

    details = {"seed": seed, "dtype": dtype.name, "sizes": dict(SIZES)}
    return Stream("bases", tuple(range(TASKS)), make, N_INPUTS, details)


def linear_task(seed: int, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Samples x (600, 12) of a task and their targets y (600,), real numbers:

        y = (x, 1) . L s + e,    x_j and e standard normal;  L (13, 6) of all tasks, standard normal;
        s (6,) of the task, standard normal in three places and 0 in the others

    The first 50 are for training, the next 50 for validation, the rest for testing.  Source: Ruvolo and Eaton 2013,
    section 5.1: 100 tasks, 13 features with the constant, 100 samples of which half train, 6 bases, half of a code 0,
    unit noise.
    """
    L = generator(seed, "bases").standard_normal((N_INPUTS + 1, BASES))
    rng = generator(seed, "task", index)
    s = np.zeros(BASES)
    s[rng.choice(BASES, ACTIVE, replace=False)] = rng.standard_normal(ACTIVE)
    x = rng.standard_normal((sum(SIZES.values()), N_INPUTS))
    return x, np.column_stack([x, np.ones(len(x))]) @ L @ s + rng.standard_normal(len(x))
