"""The loss of several stages at once, as a function of the whole network: what DEN-Finetune minimises.

Every task reads the units of its own stage.  Layer 1 reads the same inputs in all stages, so that for tasks on the same
samples it is computed once; above it each stage's units are cut out, computed, and their gradients added up.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from den_ref.core import chain, mlp
from den_ref.core.flat import Flat
from den_ref.core.mlp import DataLoss
from den_ref.core.pools import mean_loss, pooled, samples
from den_ref.core.stacks import between, stacked, unstacked
from den_ref.doors import door
from den_ref.protocol import Task

from .equations import fans
from .network import Network


@door
def pack_network(network: Network) -> Flat:
    """All of a network in one vector (see ``core.mlp``), the heads side by side in V (n_top, all outputs) and c."""
    return mlp.pack(network.weights, network.biases, np.hstack([head.weights for head in network.heads]),
                    np.concatenate([head.bias for head in network.heads]), network.dtype, network.convolutions)


@door
def unpack_network(network: Network, flat: Flat) -> Network:
    """The network with the vector's weights (copied)."""
    weights, biases, *heads = mlp.unpack(flat.copy())
    heads = [replace(head, weights=np.ascontiguousarray(heads[0][:, own]), bias=heads[1][own])
             for head, own in zip(network.heads, head_columns(network), strict=True)]
    return replace(network, weights=weights, biases=biases, heads=heads)


@door
def head_columns(network: Network) -> list[np.ndarray]:
    """Which of all heads' outputs, side by side, are each head's."""
    ends = np.cumsum([0] + [head.bias.size for head in network.heads])
    return [np.arange(a, b) for a, b in zip(ends, ends[1:])]


def joint_loss(layout: Flat, network: Network, tasks: Sequence[Task], split: str):
    """(1/T) sum over tasks of L_t, on the "train" or "valid" split."""
    pools = pooled(tasks)
    return mean_loss([PoolLoss(layout, network, pool, split, len(pools) / len(tasks)) for pool in pools])


class PoolLoss(DataLoss):
    """scale * sum of L_t over tasks on the same samples, a pool: several with sigmoid heads, or a single one.

    Parameters
    ----------
    layout : Flat
        A vector of the network's layout, see :func:`pack_network`.
    network : Network
        Says which units the tasks' stages see.
    tasks : list of Task
    split : {"train", "valid"}
    scale : float
    """

    def __init__(self, layout: Flat, network: Network, tasks: Sequence[Task], split: str, scale: float = 1.0):
        own = {head.task: View(layout, network.visible(head.stage), columns)
               for head, columns in zip(network.heads, head_columns(network), strict=True)}
        self.views = [own[task.id] for task in tasks]
        super().__init__(layout, *samples(tasks, split), tasks[0].loss, scale=scale)

    def links(self, head: str) -> list:
        """Layer 1 for all, and the views."""
        places = chain.places(self.layout.convolutions[:1])
        views = Views(self.views, places, self.buffer(places * self.layout["b1"].size))
        return [*super().links(head)[:2], views]

    def backward(self, w: Flat, grad: Flat, dlogits, walked):
        """Every view adds to the gradient of what it sees."""
        grad.vector[...] = 0
        super().backward(w, grad, dlogits, walked)


class View:
    """What one stage sees above layer 1: a chain of its own.

    Parameters
    ----------
    layout : Flat
        The whole network's.
    units : list of index arrays
        [inputs, layer 1, ..., layer m], see :meth:`Network.visible`.
    columns : index array
        The outputs of the stage's head.
    """

    def __init__(self, layout: Flat, units, columns):
        self.first, self.n_outputs = units[1], len(columns)
        self.chain = chain.links(layout)[2:]
        self.chain[::2] = map(Cut, self.chain[::2], fans(layout)[1:], units[1:], [*units[2:], columns])


class Views:
    """All stages' logits beside each other, from layer 1 of all, where a unit has so many ``places``."""

    def __init__(self, views: Sequence[View], places: int, below: Callable):
        self.views, self.places, self.below = views, places, below

    def forward(self, w, h, rows):
        maps = chain.at_places(h, self.places)
        seen = (np.take(maps, view.first, axis=2).reshape(len(h), -1) for view in self.views)
        logits, walks = zip(*(chain.forward(view.chain, w, own) for view, own in zip(self.views, seen)))
        return np.hstack(logits), walks

    def backward(self, w, grad, delta, walks):
        dh, first = self.below(len(delta)), 0                            # (n, places * n_1)
        dh[...] = 0
        for view, walked in zip(self.views, walks, strict=True):
            last = first + view.n_outputs
            own = chain.backward(walked, w, grad, delta[:, first:last])
            chain.at_places(dh, self.places)[..., view.first] += chain.at_places(own, self.places)
            first = last
        return dh

    def products(self, layout: Flat) -> int:
        return sum(link.products(layout) for view in self.views for link in view.chain)


class Cut:
    """A layer between some units of two; it adds to the gradient of what it sees."""

    def __init__(self, link: chain.Affine, fan: int, lower, upper):
        self.link, self.fan, self.edges, self.upper = link, fan, between(lower, upper), upper

    def cut(self, w) -> dict[str, np.ndarray]:
        """Copies of what it sees of the layer's weights and bias, by their names."""
        W, b = self.link.W, self.link.b
        return {W: unstacked(stacked(w[W], self.fan)[self.edges]), b: w[b][self.upper]}

    def forward(self, w, h, rows):
        return self.link.forward(self.cut(w), h, rows)

    def backward(self, w, grad, delta, cache):
        own = self.cut(grad)                                             # of the right shapes: it is written over
        dh = self.link.backward(w, own, delta, cache)
        stacked(grad[self.link.W], self.fan)[self.edges] += stacked(own[self.link.W], self.fan)
        grad[self.link.b][self.upper] += own[self.link.b]
        return dh

    def products(self, layout: Flat) -> int:
        return self.link.products(self.cut(layout))
