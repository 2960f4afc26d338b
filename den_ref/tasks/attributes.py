"""Fifty classes made of shared attributes, one-versus-rest: a stream with the shape of AWA, made and not downloaded."""

from functools import cache

import numpy as np

from den_ref.protocol import Task
from .pixels import checked_dtype
from .seeds import checked_seed, generator
from .stream import SPLITS, Stream
from .variation import in_range

CLASSES, ATTRIBUTES, N_INPUTS = 50, 85, 500
#: Samples per class in every split.
PER_CLASS = 30
#: How likely a class has an attribute, and how much a sample shows it more or less than its class.
PRESENT, SPREAD = 1 / 3, 1.0


def attribute_stream(seed: int = 0, *, noise: float = 0.95, dtype="float32") -> Stream:
    """Fifty tasks on the same 1,500 samples, 30 of them positive: is this one of class c, or of another class?

    Class c is a row a_c of 85 attributes, each 1 with probability 1/3 and else 0, so that any two classes share some.
    Attribute m is a direction B_m in R^500, normal with norm about 1.  A sample of class c is

        z = sum over m of (a_cm + u_m) B_m  +  noise e,        u_m, e_j standard normal

    and x = (z - mean) P / s: the principal components of z, strongest first.  The mean, the directions P (500, 500) and
    the one scale s, which makes the mean variance of a feature 1, are those of the training samples.  So the tasks
    overlap twice: in the attributes that their classes share, and in the 85 directions that all of them need.

    The shape is that of Animals with Attributes as DEN's authors used it: 50 classes, 500 features after PCA, 30
    samples a class for training, validation and test.  The samples are not; AWA's are features of a deep network.

    Parameters
    ----------
    seed : int
        Of classes, attributes and samples.
    noise : float >= 0
        How hard it is: the deviation of what no attribute explains, per direction, where an attribute's is 1 along
        its own.  At 1.2 separate networks, tuned, are where they are on AWA in the paper (docs/fifty_tasks.md).
    dtype : {"float32", "float64"}

    Returns
    -------
    Stream
        Task ids are the classes 0..49; x (1500, 500), shared by all tasks; y (1500, 1) of 0 and 1.
    """
    seed, dtype = checked_seed(seed), checked_dtype(dtype)
    noise = in_range("noise", noise, 100)
    present = generator(seed, "classes").random((CLASSES, ATTRIBUTES)) < PRESENT
    directions = generator(seed, "attributes").standard_normal((ATTRIBUTES, N_INPUTS)) / np.sqrt(N_INPUTS)
    labels = np.repeat(np.arange(CLASSES), PER_CLASS)

    def drawn(split: int) -> np.ndarray:
        rng = generator(seed, "samples", split)
        shown = present[labels] + SPREAD * rng.standard_normal((len(labels), ATTRIBUTES))
        return shown @ directions + noise * rng.standard_normal((len(labels), N_INPUTS))

    @cache
    def samples() -> list[np.ndarray]:
        return [x.astype(dtype) for x in principal([drawn(i) for i in range(len(SPLITS))])]

    def make(task_id) -> Task:
        y = (labels == task_id).astype(dtype)[:, None]
        return Task(task_id, *(array for x in samples() for array in (x, y)))

    details = {"seed": seed, "dtype": dtype.name, "noise": noise, "per_class": PER_CLASS}
    return Stream("attributes", tuple(range(CLASSES)), make, N_INPUTS, details)


def principal(splits: list[np.ndarray]) -> list[np.ndarray]:
    """The splits in the principal components of the first of them, scaled so that its features have variance 1 in mean.

    >>> principal([np.array([[0.0, 2.0], [0.0, -2.0]])])[0].round(6) + 0.0
    array([[ 1.414214,  0.      ],
           [-1.414214,  0.      ]])
    """
    mean = splits[0].mean(axis=0)
    variances, axes = np.linalg.eigh(np.cov(splits[0].T, bias=True))
    axes = axes[:, ::-1] * np.where(axes[0, ::-1] < 0, -1, 1)      # the sign of a component is nobody's; fixed here
    scale = np.sqrt(variances.mean())
    return [(x - mean) @ axes / scale for x in splits]
