"""Permuted MNIST: the same digits again and again, each time with the pixels in another order."""

import numpy as np

from den_ref.doors import OneOf
from den_ref.protocol import Task
from .digits import load_digits
from .pixels import checked_dtype, flat_rows, standardised, unit_interval
from .seeds import checked_seed, generator
from .stream import SPLITS, Stream


def permuted_mnist(
    seed: int = 0, *, permutations: int = 10, loss: str = "softmax", standardise: bool = True, mnist=None,
    per_class=None, dtype="float32"
) -> Stream:
    """Tasks 0, 1, ...: which of the ten digits is it, its pixels permuted by the task's own fixed permutation?

    Task 0 has the pixels in their order (the identity); task i reads pixel ``permutation(seed, i)[j]`` as input j.
    All images are centred by the training mean and divided by one global deviation first (``standardise=False``: they
    are in [0, 1], and no weight of a pixel that is 0 moves).  No task has an ``image``: what is side by side
    in a permuted one was not.

    A task's samples are permuted when the task is made (``stream.tasks[i]``) and belong to that Task alone: whoever
    keeps all Tasks of a stream keeps as many copies of the digits (69 MB each for the embedded ones in float32).

    Parameters
    ----------
    seed : int
        Of the permutations.
    permutations : int
        Number of tasks.  Task i is the same whatever their number.
    loss : {"softmax", "sigmoid"}
        One choice among ten classes; or ten outputs, each class against the rest, as in DEN's released code.
    standardise : bool
    mnist, per_class, dtype
        As for :func:`~den_ref.tasks.variation.mnist_variation`.

    Returns
    -------
    Stream
        Task ids are 0, 1, ...; x (n, 784); y (n,) integers 0..9 ("softmax") or (n, 10) of 0 and 1 ("sigmoid").

    Raises
    ------
    ValueError
        For an argument out of its range, or a damaged file.
    """
    seed, dtype = checked_seed(seed), checked_dtype(dtype)
    if isinstance(permutations, bool) or not isinstance(permutations, int) or permutations < 1:
        raise ValueError(f"permutations: expected an integer >= 1, got {permutations!r}")
    if loss not in ("softmax", "sigmoid"):
        raise ValueError(f"loss: expected 'softmax' or 'sigmoid', got {loss!r}")
    OneOf(True, False)("standardise", standardise)
    digits = load_digits(mnist, per_class)
    x = {split: unit_interval(images) for split, images in digits.images.items()}
    x = standardised(x, dtype) if standardise else {split: flat_rows(part, dtype) for split, part in x.items()}
    y = {split: labels.astype(np.int64) for split, labels in digits.labels.items()}
    if loss == "sigmoid":
        y = {split: np.eye(10, dtype=dtype)[labels] for split, labels in y.items()}
    details = {"seed": seed, "loss": loss, "dtype": dtype.name, "digits": digits.facts}
    details |= {} if standardise else {"standardise": False}       # runs of before the option stay what they are

    def make(index) -> Task:
        order = permutation(seed, index)
        train, valid, test = (x[split].take(order, axis=1) for split in SPLITS)
        return Task(index, train, y["train"], valid, y["valid"], test, y["test"], loss, n_outputs=10)

    return Stream("permuted-mnist", tuple(range(permutations)), make, x["train"].shape[1], details)


def permutation(seed: int, index: int, n_inputs: int = 784) -> np.ndarray:
    """The order in which task ``index`` reads the pixels, (n_inputs,): the identity for task 0."""
    return np.arange(n_inputs) if index == 0 else generator(seed, "permutation", index).permutation(n_inputs)
