"""Surgery on weight matrices: append, find useless, delete, duplicate units.

Pure functions: they return a new Network and never modify their inputs.  Cutting a subnetwork out and putting it
back are ``network.extract`` and ``network.insert``.  Lists over layers hold one index array per *hidden* layer.
"""

from dataclasses import dataclass, replace

import numpy as np

from den_ref.core.stacks import between, stacked, unstacked
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
    for stack, k in zip(network.stacks, counts, strict=True):
        weights.append(unstacked(np.pad(stack, ((0, 0), (0, below), (0, k)))))
        below = k
    return replace(
        network,
        weights=weights,
        biases=[np.pad(b, (0, k)) for b, k in zip(network.biases, counts, strict=True)],
        introduced=[_grown(born, k, stage) for born, k in zip(network.introduced, counts, strict=True)],
        retired=[_grown(gone, k, NEVER) for gone, k in zip(network.retired, counts, strict=True)],
        heads=_with_rows(network, lambda stack: np.pad(stack, ((0, 0), (0, below), (0, 0)))),
    )


def _with_rows(network, change) -> list[Head]:
    """The heads with their weights, as a stack (fan, n_top, n_outputs), changed."""
    return [replace(head, weights=unstacked(change(stacked(head.weights, network.fan[-1])))) for head in network.heads]


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
    belongs to earlier tasks too; so does one under a convolution with padding, whose sum is another one at the border.
    A unit without nonzero outgoing weights, to any unit and any head, goes.

    One pass bottom-up folds and removes constants, one pass top-down removes dead ends: a fixed point.  The rule
    looks at zeros only; units silenced by signs or data are not looked for.
    """
    stacks, biases = [stack.copy() for stack in network.stacks], [b.copy() for b in network.biases]
    heads = [replace(head, weights=head.weights.copy(), bias=head.bias.copy()) for head in network.heads]
    new = [born == stage for born in network.introduced]
    folds = [layer.padding == 0 for layer in network.convolutions[1:]] + [True] * len(stacks)
    readers = [[(stack, bias, born & fold)] for stack, bias, born, fold in zip(stacks[1:], biases[1:], new[1:], folds)]
    readers.append([(stacked(head.weights, network.fan[-1]), head.bias, np.full(head.bias.shape, head.stage == stage))
                    for head in heads])
    gone = []
    for l, stack in enumerate(stacks):
        constant, idle = np.maximum(biases[l], 0), new[l] & ~(stack != 0).any(axis=(0, 1))
        gone.append(idle & ((constant == 0) | ~_held(readers[l])))
        _fold(readers[l], gone[l], constant)
    for l, stack in reversed(list(enumerate(stacks))):
        dead = new[l] & ~_lead_anywhere(readers[l])
        gone[l] |= dead
        stack[..., dead] = 0
    folded = replace(network, biases=biases, heads=[replace(h, weights=old.weights) for h, old in
                                                    zip(heads, network.heads, strict=True)])
    return Useless([np.flatnonzero(g) for g in gone], folded)


def _held(readers):
    """Per unit of a layer: does an edge lead to a bias that takes no constant?  readers: (stack, bias, takes it)."""
    return np.any([(stack[..., ~takes] != 0).any(axis=(0, 2)) for stack, _, takes in readers], axis=0)


def _lead_anywhere(readers):
    """Per unit of a layer: is there any nonzero outgoing edge?"""
    return np.any([(stack != 0).any(axis=(0, 2)) for stack, *_ in readers], axis=0)


def _fold(readers, units, constant):
    """Add constant_j times the outgoing weights of each unit j to the next biases, then cut those edges (in place)."""
    share = np.where(units, constant, 0)
    for stack, bias, _ in readers:
        bias += np.tile(share, len(stack)) @ unstacked(stack)      # the same constant at every place
        stack[:, units] = 0


@door
def delete_units(network: Network, units: Units()) -> Network:
    """The network without ``units`` (index arrays per hidden layer); the others keep their order."""
    kept = [np.setdiff1d(np.arange(len(b)), gone) for b, gone in zip(network.biases, units, strict=True)]
    below = [np.arange(network.n_inputs), *kept]
    return replace(
        network,
        weights=[unstacked(stack[between(a, b)]) for stack, a, b in zip(network.stacks, below, kept)],
        biases=[b[keep] for b, keep in zip(network.biases, kept, strict=True)],
        introduced=[born[keep] for born, keep in zip(network.introduced, kept, strict=True)],
        retired=[gone[keep] for gone, keep in zip(network.retired, kept, strict=True)],
        heads=_with_rows(network, lambda stack: stack[:, kept[-1]]),
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
    below, lower = np.full(network.n_inputs, OLDER), np.arange(network.n_inputs)
    for l, units in enumerate(split):
        above = kinds_after_split(network, l, units, stage)
        upper = np.concatenate([np.arange(network.widths[l]), units])              # a copy begins as its original
        then = stacked(previous.weights[l], network.fan[l])
        weights.append(_by_source(network.stacks[l][between(lower, upper)], then, table[np.ix_(below, above)]))
        biases.append(network.biases[l][upper])
        biases[l][units] = previous.biases[l][units]
        gone = network.retired[l].copy()
        if original == "retire":
            gone[units] = stage
        introduced.append(_grown(network.introduced[l], len(units), stage))
        retired.append(_grown(gone, len(units), NEVER))
        below, lower = above, upper
    heads = [_split_head(head, below, lower, stage, network.fan[-1]) for head in network.heads]
    return replace(network, weights=weights, biases=biases, introduced=introduced, retired=retired, heads=heads)


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
    """Every edge of a stack as its source says.  What existed at t-1 stands at the same places in both stacks."""
    now[:, source == ZERO] = 0
    restored = (slice(None), *np.nonzero(source == THEN))
    now[restored] = then[restored]
    return unstacked(now)


def _split_head(head: Head, kinds, units, stage: int, fan: int) -> Head:
    """The head of ``stage`` reads the copies instead of the originals; earlier heads do not see copies."""
    stack = stacked(head.weights, fan)[:, units]
    stack[:, kinds == (SPLIT if head.stage == stage else COPY)] = 0
    return replace(head, weights=unstacked(stack))
