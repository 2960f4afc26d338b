"""Surgery on weight matrices: append, find useless, delete, duplicate units.

Pure functions: they return a new Network and never modify their inputs.  Cutting a subnetwork out and putting it
back are ``network.extract`` and ``network.insert``.  Lists over layers hold one index array per *hidden* layer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .network import NEVER, Head, Network

# --- Algorithm 3: append and delete --------------------------------------------------------------------------------


def append_units(network: Network, counts, stage: int) -> Network:
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


def useless_units(network: Network, stage: int) -> Useless:
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


def delete_units(network: Network, units) -> Network:
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


def split_units(network: Network, previous: Network, split, stage: int, original: str = "retire") -> Network:
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
        "retire": the original no longer serves from ``stage`` on, the copy stands in for it.  "keep": stage and
        later see both.

    Source: paper, Algorithm 4; the rows named in the comments are those of the edge table in docs/readings.md.
    """
    weights, biases, introduced, retired = [], [], [], []
    rows = _Rows.inputs(network.n_inputs)
    for l, units in enumerate(split):
        columns = _Rows.layer(network, previous, l, units, stage)
        weights.append(_split_matrix(network.weights[l], previous.weights[l], rows, columns, original))
        b = network.biases[l].copy()
        b[units] = previous.biases[l][units]
        biases.append(np.concatenate([b, network.biases[l][units]]))
        gone = network.retired[l].copy()
        if original == "retire":
            gone[units] = stage
        introduced.append(_grown(network.introduced[l], len(units), stage))
        retired.append(_grown(gone, len(units), NEVER))
        rows = columns
    heads = [_split_head(head, rows, stage) for head in network.heads]
    return Network(weights, biases, introduced, retired, heads)


@dataclass(frozen=True, eq=False)
class _Rows:
    """What stands at each place of a layer, at the moment of a split.

    old : number of units there at t-1;  units : number there now, before the copies
    split : originals;  retired : units retired before t;  kept : older, visible, not split
    """

    old: int
    units: int
    split: np.ndarray
    retired: np.ndarray
    kept: np.ndarray

    @classmethod
    def inputs(cls, n: int) -> _Rows:
        """Input features are older units that are not split."""
        none = np.zeros(0, int)
        return cls(n, n, none, none, np.arange(n))

    @classmethod
    def layer(cls, network, previous, l, split, stage) -> _Rows:
        old = len(previous.biases[l])
        retired = np.flatnonzero(network.retired[l][:old] <= stage)
        kept = np.setdiff1d(np.arange(old), np.concatenate([split, retired]))
        return cls(old, len(network.biases[l]), split, retired, kept)

    @property
    def with_copies(self):
        return np.concatenate([np.arange(self.units), self.split])


def _split_matrix(now, before, rows: _Rows, columns: _Rows, original: str):
    """One weight matrix after the split, from W^t (now) and W^{t-1} (before)."""
    w = now[np.ix_(rows.with_copies, columns.with_copies)]         # a copy starts as its original in W^t, both ways
    w[:, columns.split] = 0                                        # an original hears nothing that is new at t,
    w[:rows.old, columns.split] = before[:, columns.split]         #   and what was there as in W^{t-1}
    w[np.ix_(rows.split, np.arange(columns.old, w.shape[1]))] = 0  # an original feeds nothing created at t, nor copies
    if original == "retire":
        w[np.ix_(rows.split, columns.kept)] = before[np.ix_(rows.split, columns.kept)]
    copies = np.arange(rows.units, w.shape[0])
    w[np.ix_(copies, columns.retired)] = 0                         # a copy feeds nobody who retired before it came
    w[np.ix_(rows.retired, np.arange(columns.units, w.shape[1]))] = 0   # and hears nobody who did
    return w


def _split_head(head: Head, rows: _Rows, stage: int) -> Head:
    """The head of ``stage`` reads the copies instead of the originals; earlier heads do not see copies."""
    copies = head.weights[rows.split] if head.stage == stage else np.zeros((len(rows.split), len(head.bias)))
    weights = np.concatenate([head.weights, copies.astype(head.weights.dtype)])
    if head.stage == stage:
        weights[rows.split] = 0
    return replace(head, weights=weights)
