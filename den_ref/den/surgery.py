"""Surgery on weight matrices: append, find useless, delete, duplicate units.

Pure functions: they return a new Network and never modify their inputs.  Cutting a subnetwork out and putting it
back are ``network.extract`` and ``network.insert``.  Lists over layers hold one index array per *hidden* layer.
"""

from dataclasses import dataclass, replace

import numpy as np

from den_ref.doors import Indices, OneOf, Whole, door

from .network import NEVER, Head, Network
from .units import PerHiddenLayer, Units, check_layer, check_split

# --- Algorithm 3: append and delete --------------------------------------------------------------------------------


@door
def append_units(network: Network, counts: PerHiddenLayer(), stage: Whole(1)) -> Network:
    """Append ``counts[l]`` units to every hidden layer, introduced at ``stage``, with all weights 0.

    No task's scores change by a bit: earlier stages do not see the new units, and nothing leaves them.
    """
    weights, below = [], 0
    for w, k in zip(network.weights, counts, strict=True):
        weights.append(np.pad(w, ((0, below), (0, k))))
        below = k
    return replace(
        network,
        weights=weights,
        biases=[np.pad(b, (0, k)) for b, k in zip(network.biases, counts, strict=True)],
        introduced=[_grown(born, k, stage) for born, k in zip(network.introduced, counts, strict=True)],
        retired=[_grown(gone, k, NEVER) for gone, k in zip(network.retired, counts, strict=True)],
        heads=[replace(head, weights=np.pad(head.weights, ((0, below), (0, 0)))) for head in network.heads],
    )


def _grown(stages, count, value):
    """Lifetimes with ``count`` more entries."""
    return np.concatenate([stages, np.full(count, value, np.int32)])


@dataclass(frozen=True, eq=False)
class Useless:
    """Units that can go, in the indices before deletion, and the network with their constants folded into biases."""

    units: list
    folded: Network


@door
def useless_units(network: Network, stage: Whole(1)) -> Useless:
    """Units introduced at ``stage`` that can go without changing any task's scores.

    A unit without nonzero incoming weights is the constant max(b, 0).  It goes if that is 0, or if all its outgoing
    edges can be folded into biases created at ``stage`` (at stage 1 every next bias; later those of new units and
    of the stage's head).  A positive constant with an edge into an older unit stays, with all its edges: that bias
    belongs to earlier tasks too.  A unit without nonzero outgoing weights, to any unit and any head, goes.

    One pass bottom-up folds and removes constants, one pass top-down removes dead ends: a fixed point.  The rule
    looks at zeros only; units silenced by signs or data are not looked for.
    """
    weights, biases = [w.copy() for w in network.weights], [b.copy() for b in network.biases]
    heads = [replace(head, weights=head.weights.copy(), bias=head.bias.copy()) for head in network.heads]
    candidates = [born == stage for born in network.introduced]
    gone = [np.zeros(len(b), bool) for b in biases]
    for l in range(len(weights)):
        constant = np.maximum(biases[l], 0)
        idle = candidates[l] & ~(weights[l] != 0).any(axis=0)
        into_older = _edges_into_older(weights, candidates, heads, stage, l)
        gone[l] = idle & ((constant == 0) | ~into_older)
        _fold(weights, biases, heads, l, gone[l], constant)
    for l in reversed(range(len(weights))):
        out = weights[l + 1:l + 2] + ([head.weights for head in heads] if l + 1 == len(weights) else [])
        leaving = np.any([(w != 0).any(axis=1) for w in out], axis=0)
        dead = candidates[l] & ~leaving
        gone[l] |= dead
        weights[l][:, dead] = 0
    folded = replace(network, biases=biases, heads=[replace(h, weights=old.weights) for h, old in
                                                    zip(heads, network.heads, strict=True)])
    return Useless([np.flatnonzero(g) for g in gone], folded)


def _edges_into_older(weights, candidates, heads, stage, l):
    """Per unit of layer l: does a nonzero edge lead to a bias that was there before ``stage``?"""
    if l + 1 < len(weights):
        return (weights[l + 1][:, ~candidates[l + 1]] != 0).any(axis=1)
    older = [(head.weights != 0).any(axis=1) for head in heads if head.stage != stage]
    return np.any(older, axis=0) if older else np.zeros(len(candidates[l]), bool)


def _fold(weights, biases, heads, l, units, constant):
    """Add constant_j times the outgoing weights of each unit j to the next biases, then cut those edges (in place)."""
    share = np.where(units, constant, 0)
    if l + 1 < len(weights):
        biases[l + 1] += share @ weights[l + 1]
        weights[l + 1][units] = 0
        return
    for head in heads:
        head.bias[...] += share @ head.weights
        head.weights[units] = 0


@door
def delete_units(network: Network, units: Units()) -> Network:
    """The network without ``units`` (index arrays per hidden layer); the others keep their order."""
    kept = [np.setdiff1d(np.arange(len(b)), gone) for b, gone in zip(network.biases, units, strict=True)]
    rows = [np.arange(network.n_inputs), *kept]
    return replace(
        network,
        weights=[w[np.ix_(a, b)] for w, a, b in zip(network.weights, rows, kept)],
        biases=[b[keep] for b, keep in zip(network.biases, kept, strict=True)],
        introduced=[born[keep] for born, keep in zip(network.introduced, kept, strict=True)],
        retired=[gone[keep] for gone, keep in zip(network.retired, kept, strict=True)],
        heads=[replace(head, weights=head.weights[kept[-1]]) for head in network.heads],
    )


# --- Algorithm 4: split --------------------------------------------------------------------------------------------

#: Kinds of units after a split: older than t, seen by t and not split (input features count as such); an original that
#: was split; its copy; created at t by Eq. 5; retired at t or before.
OLDER, SPLIT, COPY, NEW, RETIRED = range(5)
#: Where a weight comes from: W^t, W^{t-1}, or it is 0.
NOW, THEN, ZERO = range(3)


@door
def edge_table(original: OneOf("retire", "keep")) -> np.ndarray:
    """The weight of every edge after a split: [kind of the unit it leaves, kind of the unit it reaches].

    W^t is the network before the split.  Only an original's edges into older units depend on what becomes of it
    (see :func:`split_units`).  Source: docs/readings.md, where every row is explained.
    """
    as_then = THEN if original == "retire" else NOW
    return np.array([
        # into OLDER  SPLIT  COPY   NEW    RETIRED
        [NOW,      THEN,  NOW,   NOW,   NOW],       # from OLDER
        [as_then,  THEN,  ZERO,  ZERO,  NOW],       # from SPLIT
        [NOW,      ZERO,  NOW,   NOW,   ZERO],      # from COPY
        [NOW,      ZERO,  NOW,   NOW,   NOW],       # from NEW
        [NOW,      NOW,   ZERO,  NOW,   NOW],       # from RETIRED
    ])


@door
def split_units(network: Network, previous: Network, split: Units(), stage: Whole(1),
                original: OneOf("retire", "keep") = "retire") -> Network:
    """Duplicate the units ``split`` (index arrays per hidden layer), all layers at once.

    The original i gets its incoming weights and bias of ``previous`` = W^{t-1} back; the copy i', introduced at
    ``stage`` and appended in ascending order of the originals, takes those of ``network`` = W^t.

    Parameters
    ----------
    network : Network
        W^t, before the split.
    previous : Network
        W^{t-1}; its units are the first ones of each layer of ``network``.
    split : list of int arrays
        Units introduced before ``stage`` and visible to it.
    stage : int
    original : {"retire", "keep"}
        "retire": the original no longer serves from ``stage`` on, the copy stands in for it, and the stage computes
        what it computed before.  "keep": stage and later see both, so that an older unit above hears the unit twice,
        as it was and as it is; Eq. 6 after the split starts from there.

    Source: paper, Algorithm 4, where originals stay ("keep"); that they retire is ours.  The edges are those of
    :func:`edge_table`.
    """
    check_split(network, previous, split, stage)
    table, weights, biases, introduced, retired = edge_table(original), [], [], [], []
    below, rows = np.full(network.n_inputs, OLDER), np.arange(network.n_inputs)
    for l, units in enumerate(split):
        above = kinds_after_split(network, l, units, stage)
        columns = np.concatenate([np.arange(network.widths[l]), units])            # a copy begins as its original
        weights.append(_by_source(network.weights[l][np.ix_(rows, columns)], previous.weights[l],
                                  table[np.ix_(below, above)]))
        biases.append(network.biases[l][columns])
        biases[l][units] = previous.biases[l][units]
        gone = network.retired[l].copy()
        if original == "retire":
            gone[units] = stage
        introduced.append(_grown(network.introduced[l], len(units), stage))
        retired.append(_grown(gone, len(units), NEVER))
        below, rows = above, columns
    heads = [_split_head(head, below, rows, stage) for head in network.heads]
    return Network(weights, biases, introduced, retired, heads)


@door
def kinds_after_split(network: Network, layer: Whole(0), split: Indices(), stage: Whole(1)) -> np.ndarray:
    """The kind of every unit of a hidden layer (0 the first), the copies last."""
    check_layer(network, layer, split)
    kinds = np.full(network.widths[layer], OLDER)
    kinds[network.introduced[layer] == stage] = NEW
    kinds[network.retired[layer] <= stage] = RETIRED
    kinds[split] = SPLIT
    return np.concatenate([kinds, np.full(len(split), COPY)])


def _by_source(now, then, source):
    """Every entry as its source says.  What existed at t-1 stands at the same places in both matrices."""
    now[source == ZERO] = 0
    restored = np.nonzero(source == THEN)
    now[restored] = then[restored]
    return now


def _split_head(head: Head, kinds, rows, stage: int) -> Head:
    """The head of ``stage`` reads the copies instead of the originals; earlier heads do not see copies."""
    weights = head.weights[rows]
    weights[kinds == (SPLIT if head.stage == stage else COPY)] = 0
    return replace(head, weights=weights)
