"""The growing network: weights, heads, and the lifetime of every unit.

Every unit lives in stages [introduced, retired): stage t sees it iff introduced <= t < retired.  ``introduced`` is
the paper's timestamp z.  Everything done for stage t works on the units visible to t, *cut out* as small dense
matrices in ascending order, never masked by zeros.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from den_ref.core import chain, mlp
from den_ref.core.convolution import Convolution
from den_ref.core.filters import convolutions_from, facts_of
from den_ref.core.stacks import between, edges, stacked, unstacked
from den_ref.doors import Floats, Key, Whole, check_shape, door
from den_ref.protocol import Capacity, unknown_task
from den_ref.state import pack_id, unpack_id

from .rules import NEVER, check_network
from .units import Units

#: What a Network holds an array of for every hidden layer.
_PER_LAYER = ("weights", "biases", "introduced", "retired")


@dataclass(frozen=True, eq=False)
class Head:
    """The output layer of one task, learnt at ``stage`` (1-based).

    weights : (fan * n_top, n_outputs), a row per unit of the top layer (and place, if fan > 1), 0 for those not seen.
    bias : (n_outputs,)
    loss : "sigmoid" or "softmax"
    """

    task: Hashable
    stage: int
    weights: np.ndarray
    bias: np.ndarray
    loss: str = "sigmoid"

    def __repr__(self) -> str:
        return f"<Head of task {self.task!r}, stage {self.stage}: weights {self.weights.shape}, {self.loss}>"


@dataclass(frozen=True, eq=False)
class Network:
    """Hidden ReLU layers, one head per task, and lifetimes.

    weights : list of (fan_l * n_{l-1}, n_l), stacks of fan_l matrices (``core.stacks``); a column is a unit's incoming
    weights, a row (or fan_l of them) its outgoing weights.
    biases : list of (n_l,)
    introduced, retired : lists of (n_l,) int32, the stages [introduced, retired) that see each unit.
    heads : list of Head, in the order of learning.
    fan : how many rows of each matrix are of one lower unit, the heads' last; what follows from the convolutions.
    convolutions : tuple of core.convolution.Convolution, the lowest layers: their units are filters, the input units
    are the channels of an image.  All other layers are dense.
    """

    weights: list
    biases: list
    introduced: list
    retired: list
    heads: list
    fan: tuple[int, ...] | None = None
    convolutions: tuple[Convolution, ...] = ()

    def __post_init__(self):
        if self.fan is None:
            object.__setattr__(self, "fan", chain.fans(self.convolutions, len(self.introduced)))

    def __repr__(self) -> str:
        if not self.weights:
            return "<Network without layers>"
        return (f"<Network {'-'.join(map(str, (self.n_inputs, *self.widths)))}, {len(self.heads)} heads, stage "
                f"{self.stage}, {capacity.inner(self).allocated:,} parameters allocated>")

    @property
    def n_inputs(self) -> int:
        """Input units: features, or the channels of an image."""
        return len(self.weights[0]) // self.fan[0]

    @property
    def n_features(self) -> int:
        """Numbers in a sample: of every pixel one for each channel."""
        return self.n_inputs * (self.convolutions[0].height * self.convolutions[0].width if self.convolutions else 1)

    @property
    def widths(self) -> tuple[int, ...]:
        return tuple(len(b) for b in self.biases)

    @property
    def stacks(self) -> list[np.ndarray]:
        """Per hidden layer the weights as a stack (fan, n_{l-1}, n_l)."""
        return [stacked(w, fan) for w, fan in zip(self.weights, self.fan)]

    @property
    def dtype(self):
        return self.weights[0].dtype

    @property
    def stage(self) -> int:
        """Stages learnt or being learnt: the number of heads."""
        return len(self.heads)

    @door
    def visible(self, stage: Whole(0)) -> list[np.ndarray]:
        """Indices [inputs, layer 1, ..., layer L-1] of what a stage sees, ascending."""
        units = [np.flatnonzero((born <= stage) & (stage < gone))
                 for born, gone in zip(self.introduced, self.retired, strict=True)]
        return [np.arange(self.n_inputs), *units]

    @door
    def older(self, stage: Whole(0)) -> list[np.ndarray]:
        """Of what a stage sees, what was there before it; input features always were.

        They stand first in :meth:`visible`: units are appended, stage by stage.
        """
        visible = self.visible(stage)
        return [visible[0], *(units[born[units] < stage]
                              for units, born in zip(visible[1:], self.introduced, strict=True))]

    @door
    def head_of(self, task_id: Key()) -> Head:
        """The head of a learnt task."""
        for head in self.heads:
            if head.task == task_id:
                return head
        raise unknown_task(task_id, [head.task for head in self.heads])

    @door
    def scores(self, task_id: Key(), x: Floats("n", "n_inputs", finite=False),
               units: Units(inputs=True) = None) -> np.ndarray:
        """Logits (n, n_outputs) of a task, read from the units its stage sees (or from the given units)."""
        head = self.head_of(task_id)
        check_shape("x", x.shape, ("n", self.n_features))
        sub = extract.inner(self, self.visible(head.stage) if units is None else units, head)
        return mlp.scores.inner(x, sub.weights, sub.biases, sub.head, sub.head_bias, self.convolutions)

    @door
    def with_head(self, head: Head) -> Network:
        """The network with this head added, or put in the place of its stage's."""
        return replace(self, heads=[*(h for h in self.heads if h.stage != head.stage), head])

    def arrays(self) -> dict[str, np.ndarray]:
        """All arrays by name, e.g. for a file: ``weights/0`` is the first hidden layer's.

        ``convolutions``, if there are any, has a row for each: the fields of ``Convolution`` as integers.
        """
        named = {f"{name}/{l}": array for name in _PER_LAYER for l, array in enumerate(getattr(self, name))}
        layers = {"convolutions": facts_of(self.convolutions)} if self.convolutions else {}
        return named | head_arrays(self.heads) | layers

    def head_facts(self) -> list[dict]:
        """What the arrays do not say of the heads, in JSON types: ``task``, ``stage``, ``loss`` of each."""
        return [{"task": pack_id(head.task), "stage": head.stage, "loss": head.loss} for head in self.heads]

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], head_facts: Sequence[Mapping]) -> Network:
        """The inverse of :meth:`arrays`, beside :meth:`head_facts`; other arrays may stand among them.

        Raises
        ------
        KeyError, ValueError
            If an array is missing, or they do not fit each other (``den.rules``); the error names it.
        """
        layers = max(sum(name.startswith(f"{kind}/") for name in arrays) for kind in _PER_LAYER)
        lists = {name: [arrays[f"{name}/{l}"] for l in range(layers)] for name in _PER_LAYER}
        convolutions = convolutions_from(arrays.get("convolutions", ()), "convolutions")
        network = cls(**lists, heads=heads_from(arrays, head_facts), convolutions=convolutions)
        check_network(network)
        return network


def head_arrays(heads: Sequence[Head]) -> dict[str, np.ndarray]:
    """The arrays of heads by name: ``heads/0/weights``, ``heads/0/bias``, ..."""
    named = {}
    for i, head in enumerate(heads):
        named |= {f"heads/{i}/weights": head.weights, f"heads/{i}/bias": head.bias}
    return named


def heads_from(arrays: Mapping[str, np.ndarray], head_facts: Sequence[Mapping]) -> list[Head]:
    """The inverse of :func:`head_arrays`, beside the ``task``, ``stage`` and ``loss`` of each."""
    return [Head(unpack_id(facts["task"]), facts["stage"], arrays[f"heads/{i}/weights"], arrays[f"heads/{i}/bias"],
                 facts["loss"]) for i, facts in enumerate(head_facts)]


#: The network before the first task.
EMPTY = Network([], [], [], [], [])


@dataclass(frozen=True, eq=False)
class Subnetwork:
    """Small dense matrices cut out of a network.

    units : [inputs, layer 1, ..., layer L-1], the indices that were cut out.
    weights, biases, head, head_bias : contiguous copies; without a head None in its place.
    """

    units: list
    weights: list
    biases: list
    head: np.ndarray | None = None
    head_bias: np.ndarray | None = None
    fan: tuple[int, ...] | None = None

    def __post_init__(self):
        if self.fan is None:
            object.__setattr__(self, "fan", (1,) * (len(self.weights) + 1))

    @property
    def edges(self) -> list[np.ndarray]:
        """Which weights are of edges that are there: one boolean array per hidden layer, see ``core.stacks.edges``."""
        return [edges(w, fan) for w, fan in zip(self.weights, self.fan)]


@door
def extract(network: Network, units: Units(inputs=True), head: Head | None = None) -> Subnetwork:
    """W_l[S_{l-1}, S_l], b_l[S_l], the head's rows of S_{L-1} and its bias, for S = units (see ``visible``)."""
    weights = [unstacked(stack[between(units[l], units[l + 1])]) for l, stack in enumerate(network.stacks)]
    biases = [b[units[l + 1]] for l, b in enumerate(network.biases)]
    outputs = ()
    if head is not None:
        outputs = unstacked(stacked(head.weights, network.fan[-1])[:, units[-1]]), head.bias.copy()
    return Subnetwork(list(units), weights, biases, *outputs, fan=network.fan)


@door
def insert(network: Network, sub: Subnetwork, head: Head) -> Network:
    """The network with exactly the subnetwork's entries put back; ``head`` is the one they were cut from."""
    weights, biases = [w.copy() for w in network.weights], [b.copy() for b in network.biases]
    for l, (w, b) in enumerate(zip(sub.weights, sub.biases, strict=True)):
        fan, block = network.fan[l], between(sub.units[l], sub.units[l + 1])
        stacked(weights[l], fan)[block] = stacked(w, fan)
        biases[l][sub.units[l + 1]] = b
    rows, fan = head.weights.copy(), network.fan[-1]
    stacked(rows, fan)[:, sub.units[-1]] = stacked(sub.head, fan)
    return replace(network, weights=weights, biases=biases).with_head(
        replace(head, weights=rows, bias=sub.head_bias.copy()))


@door
def capacity(network: Network) -> Capacity:
    """Numbers of parameters.

    *Allocated*: hidden weights with both ends visible to one learnt stage, biases of units visible to one, each
    head's rows over the units its stage sees, head biases.  *Nonzero*: those of them that are not 0.  An always-zero
    edge between two visible units counts as allocated.
    """
    per_task, heads, nonzero_heads = {}, 0, 0
    for head in network.heads:
        units = network.visible(head.stage)
        rows = stacked(head.weights, network.fan[-1])[:, units[-1]]
        own = rows.size + head.bias.size
        per_task[head.task] = own + sum(
            (fan * len(a) + 1) * len(b) for fan, a, b in zip(network.fan, units, units[1:]))
        heads += own
        nonzero_heads += np.count_nonzero(rows) + np.count_nonzero(head.bias)
    body, used = network.stacks + network.biases, seen_by_a_stage(network)
    return Capacity(
        allocated=int(sum(u.sum() for u in used)) + heads,
        nonzero=int(sum(np.count_nonzero(a[u]) for a, u in zip(body, used, strict=True)) + nonzero_heads),
        arrays=sum(a.size for a in body) + sum(h.weights.size + h.bias.size for h in network.heads),
        per_task=per_task,
        widths=network.widths,
    )


def seen_by_a_stage(network: Network) -> list[np.ndarray]:
    """For every hidden weight (as in ``stacks``), then for every bias: does a learnt stage see it, both ends of it?

    A unit is seen by the learnt stages a, ..., b - 1, counted in their order; two units are where these ranges overlap.
    So one look at the lifetimes does for all stages.
    """
    stages = np.sort([head.stage for head in network.heads])
    ranges = [(stages.searchsorted(born), stages.searchsorted(gone))
              for born, gone in zip(network.introduced, network.retired, strict=True)]
    below = [(0, len(stages)), *ranges]                            # input features are seen by all
    together = [np.maximum.outer(a, c) < np.minimum.outer(b, d) for (a, b), (c, d) in zip(below, ranges)]
    return [*(np.broadcast_to(pairs, stack.shape) for pairs, stack in zip(together, network.stacks, strict=True)),
            *(a < b for a, b in ranges)]
