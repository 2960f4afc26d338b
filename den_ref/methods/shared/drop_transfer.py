"""Drop-transfer: dropout whose units fall back to the weights of the last task instead of to 0 (Lee et al. 2017).

A unit j of a layer with new weights (W, b) and old ones (U, d) has, for every sample by itself,

    (U_j, d_j)                                                  with probability p,
    (W_j, b_j) / (1 - p)  -  (U_j, d_j) p / (1 - p)             else,

which are its new weights on average.  With old weights 0 this is ordinary (inverted) dropout, at p = 0 plain training.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from den_ref.core.flat import Flat
from den_ref.core.layers import affine_backward, affine_forward, relu_backward, relu_forward
from den_ref.core.mlp import DataLoss


def drop_transfer_forward(h, new, old, factor):
    """a = old(h) + r (new(h) - old(h)) of a layer (W, b): with r = 0 a sample's unit has its old weights.

    With r = 0 with probability p and 1 / (1 - p) else, the mean of a is new(h).
    """
    before, _ = affine_forward.inner(h, *old)                      # (n, units)
    return before + factor * (affine_forward.inner(h, *new)[0] - before)


def drop_transfer_backward(da, h, new, old, factor, below=True):
    """(dh, dW, db), the latter two of the new weights: a unit that fell back tells them nothing.  dh only if asked for.
    """
    told = factor * da                                             # (n, units)
    dh, dW, db = affine_backward.inner(told, (h, new[0]), out=(None if below else False, None, None))
    return dh + (da - told) @ old[0].T if below else None, dW, db


@dataclass(frozen=True)
class Dropped:
    """A batch: its rows, and the seed of what is dropped."""

    rows: np.ndarray
    seed: int


class DropTransfer(DataLoss):
    """L of a network whose hidden units fall back to their old weights, each with probability p for every sample.

    In batches only: over all samples, and on validation data, nothing is dropped.  No output is dropped, and no input.
    """

    def __init__(self, layout: Flat, old: Flat, p: float, x, y, loss):
        super().__init__(layout, x, y, loss)
        self.old, self.p, self.rng = old, p, None
        self.products += 2 * sum(array.size for name, array in old.views.items() if name[0] == "W") - old["W1"].size

    def batches(self, rng, size):
        return [Dropped(rows, int(rng.integers(2**32))) for rows in super().batches(rng, size)]

    def value_and_gradient(self, w, grad, batch=None):
        if not isinstance(batch, Dropped):
            return super().value_and_gradient(w, grad, batch)
        self.rng = np.random.default_rng(batch.seed)
        value = super().value_and_gradient(w, grad, batch.rows)
        self.rng = None                                            # what comes next may be no batch
        return value

    def layers(self, w: Flat) -> list:
        """[((W_l, b_l), (old W_l, old b_l))]."""
        return [tuple((flat[f"W{l}"], flat[f"b{l}"]) for flat in (w, self.old)) for l in range(1, self.depth + 1)]

    def forward(self, w, x, rows):
        if self.rng is None:
            return super().forward(w, x, rows)
        hidden, self.factors = [x], []
        for new, old in self.layers(w):
            kept = self.rng.random((len(x), new[1].size)) >= self.p
            self.factors.append((kept / (1 - self.p)).astype(self.dtype))
            hidden.append(relu_forward.inner(drop_transfer_forward(hidden[-1], new, old, self.factors[-1]))[0])
        return affine_forward.inner(hidden[-1], w[self.head], w[self.bias])[0], hidden

    def backward(self, w, grad, delta, hidden):
        if self.rng is None:
            return super().backward(w, grad, delta, hidden)
        dh, grad[self.head][...], grad[self.bias][...] = affine_backward.inner(delta, (hidden[-1], w[self.head]))
        for l, (new, old) in reversed(list(enumerate(self.layers(w), 1))):
            da = relu_backward.inner(dh, hidden[l])
            dh, grad[f"W{l}"][...], grad[f"b{l}"][...] = drop_transfer_backward(
                da, hidden[l - 1], new, old, self.factors[l - 1], below=l > 1)
