"""Drop-transfer: dropout whose units fall back to the weights of the last task instead of to 0 (Lee et al. 2017).

A unit j of a layer with new weights (W, b) and old ones (U, d) has, for every sample by itself,

    (U_j, d_j)                                                  with probability p,
    (W_j, b_j) / (1 - p)  -  (U_j, d_j) p / (1 - p)             else,

which are its new weights on average.  With old weights 0 this is ordinary (inverted) dropout, at p = 0 plain training.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from den_ref.core import chain
from den_ref.core.flat import Flat
from den_ref.core.layers import affine_backward, affine_forward
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
        self.old, self.p, self.rng = old, p, None
        super().__init__(layout, x, y, loss)

    def links(self, head: str) -> list:
        links = super().links(head)
        links[:-1:2] = [FallingBack(link, self) for link in links[:-1:2]]
        return links

    def batches(self, rng, size):
        return [Dropped(rows, int(rng.integers(2**32))) for rows in super().batches(rng, size)]

    def value_and_gradient(self, w, grad, batch=None):
        if not isinstance(batch, Dropped):
            return super().value_and_gradient(w, grad, batch)
        self.rng = np.random.default_rng(batch.seed)
        value = super().value_and_gradient(w, grad, batch.rows)
        self.rng = None                                            # what comes next may be no batch
        return value


class FallingBack:
    """An affine layer whose units fall back to their old weights while its loss has a generator to say which."""

    def __init__(self, link: chain.Affine, loss: DropTransfer):
        self.link, self.loss = link, loss

    def forward(self, w, h, rows):
        if self.loss.rng is None:
            return self.link.forward(w, h, rows)
        new, old = ((flat[self.link.W], flat[self.link.b]) for flat in (w, self.loss.old))
        kept = self.loss.rng.random((len(h), new[1].size)) >= self.loss.p
        factor = (kept / (1 - self.loss.p)).astype(h.dtype)
        return drop_transfer_forward(h, new, old, factor), (h, new, old, factor)

    def backward(self, w, grad, delta, cache):
        if self.loss.rng is None:
            return self.link.backward(w, grad, delta, cache)
        dh, grad[self.link.W][...], grad[self.link.b][...] = drop_transfer_backward(
            delta, *cache, below=self.link.below is not chain.not_wanted)
        return dh

    def products(self, layout: Flat) -> int:
        """The old weights have no gradient."""
        return self.link.products(layout) + self.link.products(self.loss.old) - self.loss.old[self.link.W].size
