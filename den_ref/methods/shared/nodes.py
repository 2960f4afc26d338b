"""A tree of networks, and what it answers: the most probable child at every branch, then a class in the leaf reached.

    P(superclass s | x) = sum over the classes c below child s of softmax_c(branch, x)
    P(c | x)            = product over the branches above c of P(its superclass | x)  *  softmax_c(leaf, x)

The answer is not argmax over c of P(c | x): a branch decides for the child with the largest *sum*.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax, logsumexp

from den_ref.core import mlp
from den_ref.core.flat import Flat
from den_ref.core.metrics import mean_or_nan

from .network import arrays_of, flat_from


@dataclass(frozen=True, eq=False)
class Node:
    """A leaf, or with children a branch.

    classes : columns of the classes below it; the network's outputs are the first of them, in this order.
    network : W1..Wm, V, b1..bm, c; None in a leaf of one class, which has nothing to tell apart.
    """

    classes: tuple[int, ...]
    network: Flat | None = None
    children: tuple[Node, ...] = ()

    @property
    def nodes(self) -> list[Node]:
        """This one and all below it, each before its children."""
        return [self, *(node for child in self.children for node in child.nodes)]


def tree_arrays(root: Node) -> tuple[dict[str, np.ndarray], list[dict]]:
    """The networks of a tree as named arrays, and its shape in JSON types, each node before its children."""
    arrays = {name: array for i, node in enumerate(root.nodes) if node.network is not None
              for name, array in arrays_of(node.network, f"nodes/{i}/").items()}
    return arrays, [{"classes": list(map(int, node.classes)), "children": len(node.children)} for node in root.nodes]


def tree_from(arrays: Mapping[str, np.ndarray], shape: Sequence[Mapping]) -> Node:
    """The inverse of :func:`tree_arrays`."""
    return _next_node(arrays, enumerate(shape))


def _next_node(arrays: Mapping[str, np.ndarray], shape: Iterator[tuple[int, Mapping]]) -> Node:
    """The next node, with all below it."""
    i, own = next(shape)
    network = flat_from(arrays, f"nodes/{i}/") if f"nodes/{i}/W1" in arrays else None
    return Node(tuple(own["classes"]), network, tuple(_next_node(arrays, shape) for _ in range(own["children"])))


def log_p(node: Node, x) -> np.ndarray:
    """log softmax (n, outputs) of a node's network; 0 for one class."""
    if node.network is None:
        return np.zeros((len(x), 1))
    return log_softmax(mlp.scores(x, *mlp.unpack(node.network), node.network.convolutions), axis=1)


def superclass_log_p(log_p, groups: Sequence[Sequence[int]]) -> np.ndarray:
    """log P(s | x), (n, K): s is a group of outputs, and P(s | x) the sum of P(c | x) over them."""
    return np.column_stack([logsumexp(log_p[:, list(own)], axis=1) for own in groups])


def branch_log_p(branch: Node, x) -> np.ndarray:
    """log P(s | x), (n, children); a class below that the branch has not learnt does not count."""
    own = log_p(branch, x)
    outputs = list(enumerate(branch.classes[:own.shape[1]]))
    return superclass_log_p(own, [[i for i, c in outputs if c in child.classes] for child in branch.children])


def route(node: Node, x) -> np.ndarray:
    """What a node itself makes of each sample: the child (n,) that it is sent to, in a leaf the largest output."""
    return (branch_log_p if node.children else log_p)(node, x).argmax(axis=1)


def log_probabilities(node: Node, x, n: int) -> np.ndarray:
    """log P(c | x), (n samples, n): what the branches on the way give to the way, times what the leaf gives to c.

    Of classes that are not below the node it is -inf.
    """
    out = np.full((len(x), n), -np.inf)
    if not node.children:
        out[:, node.classes] = log_p(node, x)
        return out
    for child, log_q in zip(node.children, branch_log_p(node, x).T, strict=True):
        out[:, child.classes] = log_q[:, None] + log_probabilities(child, x, n)[:, child.classes]
    return out


def reached(node: Node, x, n: int) -> np.ndarray:
    """True (n samples, n) for the classes of the leaf that a sample comes to."""
    inside = np.zeros((len(x), n), bool)
    if not node.children:
        inside[:, node.classes] = True
        return inside
    way = route(node, x)
    for s, child in enumerate(node.children):
        inside[way == s] = reached(child, x[way == s], n)
    return inside


def tree_scores(scores, inside) -> np.ndarray:
    """The scores (n, classes) with those outside lowered: by 1, and by as much as they are above the best inside.

    >>> tree_scores(np.log([[0.4, 0.35, 0.25]]), np.array([[False, True, True]])).argmax(axis=1)
    array([1])
    """
    best_inside, best_outside = (np.where(part, scores, -np.inf).max(axis=1) for part in (inside, ~inside))
    lowered = 1 + np.maximum(np.where(np.isfinite(best_outside), best_outside - best_inside, 0), 0)
    return scores - np.where(inside, 0, lowered[:, None])


def answers(node: Node, x) -> np.ndarray:
    """The class (n,) that the tree answers: from the node down, the most probable child, then the class in its leaf."""
    n = max(node.classes) + 1
    return np.where(reached(node, x, n), log_probabilities(node, x, n), -np.inf).argmax(axis=1)


def decomposition(node: Node, x, y) -> tuple[float, float]:
    """(P(route ok), P(leaf ok | route ok)) on samples with classes y: the error is 1 - their product.

    A route is right if it ends at the leaf that has the sample's class; the second is NaN where none is.
    """
    on_the_way = reached(node, x, max(node.classes) + 1)[np.arange(len(y)), y]
    return float(on_the_way.mean()), mean_or_nan((answers(node, x) == y)[on_the_way])
