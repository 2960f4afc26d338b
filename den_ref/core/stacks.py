"""Which rows of a matrix are of one lower unit: a matrix under a layer is a stack of ``fan`` matrices.

    W.reshape(fan, n_lower, n_upper):   row p * n_lower + u of W is lower unit u at place p

``fan`` is how many numbers of a lower unit one upper unit reads: 1 between dense layers, k k under a convolution with
k x k filters (a unit is a channel there), H W where a dense layer or a head reads whole maps of H x W numbers.  What is
asked or done per unit (selection, surgery, drift) works on axis 1 of the stack, whatever the layer.
"""

import numpy as np


def stacked(w: np.ndarray, fan: int) -> np.ndarray:
    """w (fan * n_lower, n_upper) as its stack (fan, n_lower, n_upper), a view if w is contiguous.

    >>> stacked(np.array([[1], [2], [3], [4]]), fan=2)[:, 0]       # the rows of the first of two units
    array([[1],
           [3]])
    """
    return w.reshape(fan, len(w) // fan, w.shape[1])


def unstacked(stack: np.ndarray) -> np.ndarray:
    """The inverse of :func:`stacked`, contiguous."""
    fan, n_lower, n_upper = stack.shape
    return np.ascontiguousarray(stack.reshape(fan * n_lower, n_upper))


def between(lower: np.ndarray, upper: np.ndarray) -> tuple:
    """The index of a stack's weights from some lower to some upper units: stack[between(lower, upper)]."""
    return np.s_[:, lower[:, None], upper]


def edges(w: np.ndarray, fan: int) -> np.ndarray:
    """Which entries of w (fan * n_lower, n_upper) are of edges, a boolean array like it.

    An edge joins two units, and is there if any of its ``fan`` weights is not 0.
    """
    stack = stacked(w, fan)
    return unstacked(np.broadcast_to((stack != 0).any(axis=0), stack.shape))


def edge_sizes(w: np.ndarray, fan: int) -> np.ndarray:
    """One number per edge (n_lower, n_upper), e.g. for a picture: its weight, or the norm of its ``fan`` weights."""
    return w if fan == 1 else np.linalg.norm(stacked(w, fan), axis=0)
