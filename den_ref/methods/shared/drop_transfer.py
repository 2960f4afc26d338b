"""Drop-transfer: dropout whose units fall back to the weights of the last task instead of to 0 (Lee et al. 2017).

A unit j of a layer with new weights (W, b) and old ones (U, d) has, for every sample by itself,

    (U_j, d_j)                                                  with probability p,
    (W_j, b_j) / (1 - p)  -  (U_j, d_j) p / (1 - p)             else,

which are its new weights on average.  With old weights 0 this is ordinary (inverted) dropout, at p = 0 plain training.
A filter is a unit: its whole map falls back.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from den_ref.core import chain
from den_ref.core.convolution import Convolution
from den_ref.core.flat import Flat
from den_ref.core.mlp import DataLoss


def drop_transfer_forward(h, new, old, factor, layer: Convolution | None = None):
    """a = old(h) + r (new(h) - old(h)) of a layer (W, b): with r = 0 a sample's unit has its old weights.

    With r = 0 with probability p and 1 / (1 - p) else, the mean of a is new(h).  Returned are a and a cache.
    """
    before, of_old = chain.layer_forward(h, *old, layer)           # (n, units), or (n, H' W' filters)
    after, of_new = chain.layer_forward(h, *new, layer)
    return before + factor * (after - before), (of_new, of_old, factor)


def drop_transfer_backward(da, cache, below=True):
    """(dh, dW, db), the latter two of the new weights: a unit that fell back tells them nothing.  dh only if asked for.
    """
    of_new, of_old, factor = cache
    told = factor * da                                             # (n, units)
    dh, dW, db = chain.layer_backward(told, of_new, out=(None if below else False, None, None))
    return dh + chain.layer_backward(da - told, of_old, out=(None, False, False))[0] if below else None, dW, db


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
    """A layer whose units fall back to their old weights while its loss has a generator to say which."""

    def __init__(self, link: chain.Affine, loss: DropTransfer):
        self.link, self.loss = link, loss

    def forward(self, w, h, rows):
        if self.loss.rng is None:
            return self.link.forward(w, h, rows)
        new, old = ((flat[self.link.W], flat[self.link.b]) for flat in (w, self.loss.old))
        layer = self.link.layer
        kept = self.loss.rng.random((len(h), new[1].size)) >= self.loss.p
        factor = np.tile((kept / (1 - self.loss.p)).astype(h.dtype), prod(layer.maps) if layer else 1)
        return drop_transfer_forward(h, new, old, factor, layer)

    def backward(self, w, grad, delta, cache):
        if self.loss.rng is None:
            return self.link.backward(w, grad, delta, cache)
        dh, grad[self.link.W][...], grad[self.link.b][...] = drop_transfer_backward(
            delta, cache, below=self.link.below is not chain.not_wanted)
        return dh

    def products(self, layout: Flat) -> int:
        """The old weights have no gradient."""
        own = self.link.products(layout)
        return 2 * own - own // (2 if self.link.below is chain.not_wanted else 3)
