"""Affine layers and ReLU, forwards and backwards.  Samples are rows; a column of w is a unit's incoming weights."""

from .arrays import each, filled


def affine_forward(x, w, b):
    """out[n, j] = sum over i of x[n, i] w[i, j] + b[j].

    >>> import numpy as np
    >>> affine_forward(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), np.array([0.5]))
    array([[11.5]])
    """
    return filled((len(x), len(b)), lambda n, j: sum(x[n, i] * w[i, j] for i in range(len(w))) + b[j])


def affine_backward(x, w, b, dout):
    """(dx, dw, db) of any loss whose derivative by out is dout; b has no part in them.

    dx[n, i] = sum over j of dout[n, j] w[i, j]
    dw[i, j] = sum over n of x[n, i] dout[n, j]
    db[j]    = sum over n of dout[n, j]
    """
    samples, outputs = range(len(x)), range(len(b))
    dx = filled(x.shape, lambda n, i: sum(dout[n, j] * w[i, j] for j in outputs))
    dw = filled(w.shape, lambda i, j: sum(x[n, i] * dout[n, j] for n in samples))
    db = filled(b.shape, lambda j: sum(dout[n, j] for n in samples))
    return dx, dw, db


def relu_forward(a):
    """h = a where a > 0, else 0."""
    return each(lambda a_i: a_i if a_i > 0 else 0.0, a)


def relu_backward(dh, a):
    """da = dh where a > 0, else 0: the derivative at a = 0 is 0."""
    return each(lambda dh_i, a_i: dh_i if a_i > 0 else 0.0, dh, a)
