"""Arrays, filled one entry at a time: all that the loops need of NumPy."""

import math

import numpy as np

#: "Never retired", as stored.
NEVER = 2**31 - 1


def filled(shape, entry, dtype=float) -> np.ndarray:
    """The array whose entry at i, j, ... is ``entry(i, j, ...)``.

    >>> filled((2, 3), lambda i, j: 10 * i + j)
    array([[ 0.,  1.,  2.],
           [10., 11., 12.]])
    """
    array = np.zeros(shape, dtype)
    for index in np.ndindex(array.shape):
        array[index] = entry(*index)
    return array


def each(function, first, *others) -> np.ndarray:
    """function(first[i], other[i], ...) for every entry; an other may be one number for all.

    >>> each(lambda z, d: z / d, np.array([1.0, 2.0]), 4)
    array([0.25, 0.5 ])
    """
    arrays = [first, *(np.broadcast_to(other, first.shape) for other in others)]
    return filled(first.shape, lambda *index: function(*(float(array[index]) for array in arrays)))


def taken(array, *axes) -> np.ndarray:
    """The entries where chosen rows and columns meet: array[axes[0][i], axes[1][j], ...] at i, j, ...

    >>> taken(np.array([[1, 2, 3], [4, 5, 6]]), [1], [0, 2])
    array([[4, 6]])
    """
    shape = [len(axis) for axis in axes]
    return filled(shape, lambda *index: array[tuple(axis[i] for axis, i in zip(axes, index))], array.dtype)


def indices(units) -> np.ndarray:
    """A list of numbers of units as an array of integers; the empty list too."""
    return np.array(list(units), dtype=np.int64)


def copies(arrays) -> list:
    """Arrays of one's own, free to be written to."""
    return [array.copy() for array in arrays]


def norm(values) -> float:
    """sqrt of the sum of squares; 0 for no values.

    >>> norm([3, 4])
    5.0
    """
    return math.sqrt(sum(float(value) ** 2 for value in values))
