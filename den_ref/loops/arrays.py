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


def fans(weights, fan=None) -> list:
    """Rows per lower unit of each matrix, the heads' last: one, unless ``fan`` says otherwise.

    >>> fans([np.ones((2, 3))]), fans([np.ones((8, 3))], [4, 9])
    ([1, 1], [4, 9])
    """
    return [1] * (len(weights) + 1) if fan is None else list(fan)


def matrices(w, fan: int) -> list:
    """The matrices of a stack, one for every place of its lower units: row p * n + u is of the u-th of n at place p.

    >>> [one.tolist() for one in matrices(np.array([[1], [2], [3], [4]]), 2)]
    [[[1], [2]], [[3], [4]]]
    """
    n = len(w) // fan
    return [w[p * n:(p + 1) * n] for p in range(fan)]


def at_every_place(function, fan: int, *stacks) -> np.ndarray:
    """The stack that has at every place what function makes of the matrices of these stacks there."""
    found = [function(*there) for there in zip(*(matrices(w, fan) for w in stacks), strict=True)]
    n, n_upper = found[0].shape
    return filled((fan * n, n_upper), lambda row, j: found[row // n][row % n, j], found[0].dtype)


def cut(w, fan: int, lower, upper) -> np.ndarray:
    """The entries where chosen lower and upper units meet, at every place."""
    return at_every_place(lambda there: taken(there, lower, upper), fan, w)


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
