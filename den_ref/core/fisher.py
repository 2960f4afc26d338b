"""The diagonal of the Fisher information of a network, by squared matrices.

    F_i = (1/n) sum over samples x of E_y[(d loss(x, y) / d w_i)^2]

Kirkpatrick et al. 2017 (EWC) weigh every weight with it.  "exact": y is drawn from the model, y ~ p_w(y | x), and the
expectation is a sum over the outputs; "empirical": y is the label in the data, which tends to 0 as the training loss
does.

No loop over samples: a sample's gradient of a weight matrix is an outer product h delta^T, so the sum of squares is

    sum over n of (d loss_n / d W)^2  =  (H * H)^T (Delta * Delta),     H (n, n_in), Delta (n, n_out),

with the layer's inputs H and the signals Delta that backpropagation brings, one per sample, not averaged.  Squaring
a mini-batch's *mean* gradient instead, as some public codes do, estimates another quantity.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import expit, softmax

from den_ref.doors import LOSS_NAMES, Floats, OneOf, door

from . import chain, mlp
from .convolution import convolution_backward
from .flat import Flat
from .losses import LOSSES


@door
def fisher_diagonal(w: Flat, x: Floats("n", "n_inputs"), y, loss: OneOf(*LOSS_NAMES),
                    kind: OneOf("exact", "empirical") = "exact") -> Flat:
    """F of every weight and bias of a network W1..Wm, V, b1..bm, c, as a vector of the same layout.

    Parameters
    ----------
    w : Flat
        The network, see :func:`den_ref.core.mlp.pack`.
    x, y : arrays
        Samples (n, n_inputs) and labels, as in a Task.  "exact" does not look at the labels.
    loss : {"sigmoid", "softmax"}
    kind : {"exact", "empirical"}

    Raises
    ------
    ValueError
        For another kind or loss, or no samples.
    """
    if not len(x):
        raise ValueError("x: expected at least one sample, got none")
    y = mlp.checked_labels(w, x, y, loss) if kind == "empirical" else y
    total = Flat(w.shapes, np.float64)
    for first in range(0, len(x), mlp.BLOCK):
        rows = slice(first, first + mlp.BLOCK)
        _add_squares(total, w, x[rows].astype(w.vector.dtype, copy=False), y[rows], loss, kind)
    total.vector /= len(x)
    return w.like(total.vector)


def _add_squares(total: Flat, w: Flat, x, y, loss: str, kind: str) -> None:
    """Add the squared gradients of some samples, summed over them."""
    logits, walked = chain.forward(chain.links(w, affine=Squares, filters=SquaresOfMaps), w, x)
    for delta in _output_signals(logits, y, loss, kind):                       # (n, n_outputs)
        chain.backward(walked, w, total, delta)


class Squares(chain.Affine):
    """An affine layer whose way back adds up squared gradients instead of writing gradients."""

    def forward(self, w, h, rows):
        a, _ = super().forward(w, h, rows)
        return a, h * h                                                        # (n, n_out), (n, n_in)

    def backward(self, w, total, delta, squares):
        total[self.W][...] += squares.T @ (delta * delta)                      # (n_in, n_out)
        total[self.b][...] += (delta * delta).sum(axis=0)
        return None if self.below is chain.not_wanted else delta @ w[self.W].T


class SquaresOfMaps(chain.Filters):
    """The same of a convolution: a sample's gradient is a sum over the places of a map, and is squared as a whole."""

    def backward(self, w, total, delta, cache):
        windows, W, _ = cache
        of_each = delta.reshape(len(delta), -1, W.shape[1])                    # (n, H' W', n_filters)
        if of_each.shape[1] == 1:                                              # one place: an outer product again
            squares = delta * delta
            total[self.W][...] += (windows * windows).T @ squares
            total[self.b][...] += squares.sum(axis=0)
        else:
            windows = windows.reshape(len(delta), -1, len(W))
            for n in range(len(delta)):
                total[self.W][...] += (windows[n].T @ of_each[n]) ** 2
            total[self.b][...] += (of_each.sum(axis=1) ** 2).sum(axis=0)
        return None if self.below is chain.not_wanted else convolution_backward.inner(delta, cache)[0]


def _output_signals(logits, y, loss: str, kind: str) -> Iterator[np.ndarray]:
    """Signals d loss / d logits (n, n_outputs), one array per value that y takes, each times the root of its weight.

    "exact", sigmoid heads: outputs are independent and E[(p - y)^2] = p (1 - p), one array per output.
    "exact", softmax heads: y = c has probability p_c and signal p - e_c, one array per class.
    """
    if kind == "empirical":
        yield LOSSES[loss].inner(logits, y)[1] * len(logits)
        return
    p = expit(logits) if loss == "sigmoid" else softmax(logits, axis=1)
    for c in range(logits.shape[1]):
        e = np.zeros_like(logits)
        e[:, c] = 1
        yield e * np.sqrt(p * (1 - p)) if loss == "sigmoid" else (p - e) * np.sqrt(p[:, [c]])
