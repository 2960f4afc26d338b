"""DEN-Finetune: the final network of DEN, trained once more on all tasks together (paper, section 4).

    minimise  (1/T) sum over t of L_t(W; D_t)  +  sum over l of (weight_decay_l / 2) norm(W_l)^2

over the nonzero weights, all biases and all heads, starting from W^T.  Every task still reads only the units of its
stage.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..core import mlp
from ..core.flat import Flat
from ..core.mlp import DataLoss, JointLoss
from ..core.penalties import SquaredL2
from ..core.problem import Part, Problem
from ..core.training import train
from ..protocol import Task
from .algorithm import DEN
from .equations import matrices
from .network import Network


def finetune(den: DEN, tasks: Sequence[Task], epochs: int = 10) -> DEN:
    """A new DEN, trained on all tasks at once from where ``den`` stands; ``den`` is not changed.

    Raises
    ------
    ValueError
        Unless ``tasks`` are exactly the learnt ones.
    """
    if len(tasks) != len(den.tasks) or {task.id for task in tasks} != set(den.tasks):
        raise ValueError(f"tasks: expected exactly the learnt ones {den.tasks}, got {[task.id for task in tasks]}")
    tuned = copy.copy(den)                                         # networks are never modified, only replaced
    tuned.rng = copy.deepcopy(den.rng)
    network, start = den.network, pack_network(den.network)
    layers = mlp.depth(start)
    decay = den.config.per_layer("weight_decay", layers + 1)
    parts = [Part(name, SquaredL2(decay[min(l, layers)]), pattern=start[name] != 0 if name[0] == "W" else None)
             for l, name in enumerate(matrices(start))]
    parts += [Part(name) for name in start.shapes if name[0] in "bc"]
    loss, validation = (JointLoss([CutLoss(start, network, task, split) for task in tasks])
                        for split in ("train", "valid"))
    result = train(Problem(loss, start, parts), den.config, epochs, tuned.rng, label="DEN-Finetune",
                   validation=validation if len(validation) else None, progress=den.progress)
    tuned.network = unpack_network(network, result.x)
    return tuned


class CutLoss:
    """The data loss of one task on the units its stage sees, as a function of the whole network's flat vector."""

    def __init__(self, whole: Flat, network: Network, task: Task, split: str):
        head = network.head_of(task.id)
        units = network.visible(head.stage)
        self.cuts = {f"W{l}": np.ix_(a, b) for l, (a, b) in enumerate(zip(units, units[1:]), 1)}
        self.cuts |= {f"V{head.stage}": units[-1]}
        self.cuts |= {f"b{l}": own for l, own in enumerate(units[1:], 1)} | {f"c{head.stage}": slice(None)}
        self.small = Flat.of({name: whole[name][cut] for name, cut in self.cuts.items()}, whole.vector.dtype)
        self.grad = self.small.like()
        self.loss = DataLoss(self.small, getattr(task, f"x_{split}"), getattr(task, f"y_{split}"), task.loss,
                             head=str(head.stage))

    def __len__(self) -> int:
        return len(self.loss)

    def batches(self, rng, size):
        return self.loss.batches(rng, size)

    def value(self, w: Flat) -> float:
        return self.loss.value(self._cut(w))

    def value_and_gradient(self, w: Flat, grad: Flat, rows=None) -> float:
        value = self.loss.value_and_gradient(self._cut(w), self.grad, rows)
        grad.vector[...] = 0
        for name, cut in self.cuts.items():
            grad[name][cut] = self.grad[name]
        return value

    def _cut(self, w: Flat) -> Flat:
        for name, cut in self.cuts.items():
            self.small[name][...] = w[name][cut]
        return self.small


def pack_network(network: Network) -> Flat:
    """All of a network in one vector: W1..Wm, V1..VT, b1..bm, c1..cT (heads by stage)."""
    arrays = {f"W{l}": w for l, w in enumerate(network.weights, 1)}
    arrays |= {f"V{head.stage}": head.weights for head in network.heads}
    arrays |= {f"b{l}": b for l, b in enumerate(network.biases, 1)}
    return Flat.of(arrays | {f"c{head.stage}": head.bias for head in network.heads}, network.dtype)


def unpack_network(network: Network, flat: Flat) -> Network:
    """The network with the vector's weights (copied)."""
    heads = [replace(h, weights=flat[f"V{h.stage}"].copy(), bias=flat[f"c{h.stage}"].copy()) for h in network.heads]
    weights, biases = ([flat[f"{kind}{l}"].copy() for l in range(1, mlp.depth(flat) + 1)] for kind in "Wb")
    return replace(network, weights=weights, biases=biases, heads=heads)
