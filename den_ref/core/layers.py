"""The two layers, forward beside backward.

``forward(x, ...)`` returns ``(out, cache)``; ``backward(dout, cache)`` returns gradients in argument order.
Samples are rows.  A column of w is a unit's incoming weights, a row of w is a unit's outgoing weights.
Arguments named ``out`` are buffers to write into; without them new arrays are made.
"""

from __future__ import annotations

import functools

import numpy as np

from den_ref.doors import Buffer, Each, Floats, door

#: Arrays in which NaN and infinity pass through, as arithmetic has it.
Through = functools.partial(Floats, finite=False)


@door
def affine_forward(x: Through("n", "n_in"), w: Through("n_in", "n_out"), b: Through("n_out"),
                   out: Buffer("n", "n_out") = None):
    """out = x w + b.

    Parameters
    ----------
    x : (n, n_in);  w : (n_in, n_out);  b : (n_out,)

    Returns
    -------
    out : (n, n_out);  cache : (x, w)

    >>> affine_forward(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), np.array([0.5]))[0]
    array([[11.5]])
    """
    out = np.matmul(x, w, out=out)                                # (n, n_out)
    out += b
    return out, (x, w)


@door
def affine_backward(dout: Through("n", "n_out"), cache: Each(Through("n", "n_in"), Through("n_in", "n_out")),
                    out: Each(Buffer("n", "n_in", missing=(None, False)),
                              Buffer("n_in", "n_out", missing=(None, False)),
                              Buffer("n_out", missing=(None, False))) = (None, None, None)):
    """Gradients of a loss with dLoss/dout = dout: ``dx = dout w^T``, ``dw = x^T dout``, ``db = sum over n of dout``.

    What is not needed is left out by passing False, e.g. a first layer's dx by ``out=(False, dw, db)``.
    """
    x, w = cache
    dx, dw, db = out
    dx = None if dx is False else np.matmul(dout, w.T, out=dx)    # (n, n_in)
    dw = None if dw is False else np.matmul(x.T, dout, out=dw)    # (n_in, n_out)
    db = None if db is False else np.sum(dout, axis=0, out=db)    # (n_out,)
    return dx, dw, db


@door
def relu_forward(a: Through("*a"), out: Buffer("*a") = None):
    """h = max(a, 0).  The cache is h itself: h > 0 exactly where a > 0."""
    h = np.maximum(a, 0, out=out)                                 # (n, n_units)
    return h, h


@door
def relu_backward(dh: Through("*h"), h: Floats("*h"), out: Buffer("*h") = None):
    """da = dh where a > 0, else 0: the gate is closed on the kink a = 0.

    >>> relu_backward(np.array([5.0, 5.0, 5.0]), relu_forward(np.array([-1.0, 0.0, 1.0]))[1])
    array([0., 0., 5.])
    """
    return np.multiply(dh, h > 0, out=out)                        # (n, n_units)
