"""The loss of several stages at once, as a function of the whole network: what DEN-Finetune minimises.

Every task reads the units of its own stage.  Layer 1 reads the same inputs in all stages, so that for tasks on the same
samples it is computed once; above it each stage's units are cut out, computed, and their gradients added up.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from den_ref.core import mlp
from den_ref.core.flat import Flat
from den_ref.core.layers import affine_backward, affine_forward, relu_backward, relu_forward
from den_ref.core.mlp import DataLoss
from den_ref.core.pools import mean_loss, pooled, samples
from den_ref.doors import door
from den_ref.protocol import Task

from .network import Network


@door
def pack_network(network: Network) -> Flat:
    """All of a network in one vector (see ``core.mlp``), the heads side by side in V (n_top, all outputs) and c."""
    return mlp.pack(network.weights, network.biases, np.hstack([head.weights for head in network.heads]),
                    np.concatenate([head.bias for head in network.heads]), network.dtype)


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
        super().__init__(layout, *samples(tasks, split), tasks[0].loss, scale=scale)
        own = {head.task: View(network.visible(head.stage), columns)
               for head, columns in zip(network.heads, head_columns(network), strict=True)}
        self.views = [own[task.id] for task in tasks]
        self.products = 2 * layout["W1"].size + 3 * sum(view.size for view in self.views)

    def forward(self, w: Flat, x, rows):
        """The pool's logits (n, its outputs), and what their gradient needs."""
        h, _ = affine_forward.inner(x, w["W1"], w["b1"], out=self.hidden[0][:len(x)])     # (n, n_1)
        relu_forward.inner(h, out=h)
        logits, caches = zip(*(view.forward(w, h) for view in self.views))
        return np.hstack(logits), (x, caches)

    def backward(self, w: Flat, grad: Flat, delta, cache):
        """Every view adds to the gradient of what it sees; delta becomes dLoss/da of layer 1."""
        (x, caches), first = cache, 0
        delta1 = self.deltas[0][:len(x)]                                             # (n, n_1)
        delta1[...] = grad.vector[...] = 0
        for view, own in zip(self.views, caches, strict=True):
            last = first + view.n_outputs
            delta1[:, view.first] += view.backward(delta[:, first:last], own, grad)
            first = last
        affine_backward.inner(delta1, (x, w["W1"]), out=(False, grad["W1"], grad["b1"]))


class View:
    """What one stage sees above layer 1, forward beside backward.

    Parameters
    ----------
    units : list of index arrays
        [inputs, layer 1, ..., layer m], see :meth:`Network.visible`.
    columns : index array
        The outputs of the stage's head.
    """

    def __init__(self, units, columns):
        self.first, self.n_outputs = units[1], len(columns)
        ends = [*units[1:], columns]
        names = [(f"W{l}", f"b{l}") for l in range(2, len(units))] + [("V", "c")]
        self.cuts = [(W, np.ix_(a, b), c, b) for (W, c), a, b in zip(names, ends, ends[1:])]
        self.size = sum(len(a) * len(b) for a, b in zip(ends, ends[1:]))

    def forward(self, w: Flat, h):
        """Logits (n, n_outputs) from all of layer 1's activations (n, n_1), and a cache per layer."""
        h, caches = np.take(h, self.first, axis=1), []
        for W, edges, b, units in self.cuts:
            a, cache = affine_forward.inner(h, w[W][edges], w[b][units])
            caches.append(cache)
            h = relu_forward.inner(a, out=a)[0] if W != "V" else a
        return h, caches

    def backward(self, delta, caches, grad: Flat):
        """Add the gradients of what the stage sees to ``grad``; dLoss/da of its units of layer 1."""
        for (W, edges, b, units), (h, w) in zip(reversed(self.cuts), reversed(caches), strict=True):
            dh, dw, db = affine_backward.inner(delta, (h, w))
            grad[W][edges] += dw
            grad[b][units] += db
            delta = relu_backward.inner(dh, h, out=dh)
        return delta
