"""Eq. 2-6: five ways to fill in the blanks of one sentence (core.problem).

    minimise, over the **free** weights, the data loss L plus a **penalty**, starting from **here**

===  ==========================================  ===================================  ==========================
Eq.  free                                        penalty                              by default there is also
===  ==========================================  ===================================  ==========================
2    the whole first network                     mu abs                               (weight_decay / 2) norm^2
3    the new head                                mu_head abs
4    the selected subnetwork: its nonzero edges  (mu_l2 / 2) norm^2                   lam norm(W - W^{t-1})^2
5    the new units' edges, and the head          mu abs + gamma norm of each new      (weight_decay / 2) norm^2
                                                 unit's incoming weights
6    the nonzero weights that the stage sees     lam norm(W - W^{t-1})^2              (weight_decay / 2) norm^2
===  ==========================================  ===================================  ==========================

By default the pull of Eq. 6 is thus inside Eq. 4 too (``anchor_before_split="eq4"``), in place of the Eq. 6 that the
paper solves before drift is measured.  ``weight_decay=0, anchor_before_split="eq6"`` is the penalty column alone, as
the paper prints it; of l2 it says that its incremental models use it, and not in which equation.

Two options are the paper's own: L1 in Eq. 4 (``mu_eq4``; a footnote allows it), and a pull that is weighted by Fisher
information (``anchor_weights="fisher"``; it names that as possible).

Biases are penalised by that pull only.  Every equation but ``eq3`` takes a start (a flat vector of small dense matrices
named W1..Wm, V, b1..bm, c, see ``core.mlp``), the data loss and the options, and returns a ``Problem``.
"""

import functools

import numpy as np

from den_ref.core import chain, mlp
from den_ref.core.flat import Flat
from den_ref.core.head import solve_head
from den_ref.core.layers import Through
from den_ref.core.penalties import L1, L21, GroupLasso, Penalty, SparseGroupLasso, SquaredL2, Sum
from den_ref.core.problem import Part, Problem
from den_ref.core.result import Result
from den_ref.core.stacks import stacked
from den_ref.doors import Binary, Each, Has, Kind, Whole, check_shape, door
from den_ref.protocol import Task
from .config import DENConfig
from .network import Subnetwork

#: What a Problem asks of its loss.
AnyLoss = functools.partial(Has, "value", "value_and_gradient")


class Edges(Kind):
    """The edges of the call's start that are kept: an array of yes and no for every hidden matrix."""

    def __call__(self, name, value, call):
        weights, _ = mlp.layers_of(call["start"])
        return [edges != 0 for edges in Each(*(Binary(*w.shape) for w in weights))(name, value)]


@door
def eq2(start: Flat, loss: AnyLoss(), config: Has("per_layer")) -> Problem:
    """L(W) + sum over l of mu_l sum(abs(W_l)) + (weight_decay_l / 2) norm(W_l)^2, the head being the last W.

    Where an edge has many weights (a filter, or a map that a dense layer reads) it is mu_l times the sum of the edges'
    norms instead, the (2,1)-norm: an edge is made 0 as a whole.

    Free: everything.  ``config`` is any options with ``mu`` and ``weight_decay``: the networks that DEN is compared
    with are trained by the same lines.  Source: Eq. 2; the (2,1)-norm from section 4, for filters.
    """
    layers = mlp.depth(start)
    mu, decay = (config.per_layer(name, layers + 1) for name in ("mu", "weight_decay"))
    sparse = list(map(sparsity, mu, fans(start)))
    weights = [Part(name, Sum(SquaredL2(decay[min(l, layers)]), sparse[min(l, layers)]))
               for l, name in enumerate(matrices(start))]
    return Problem(loss, start, weights + free_biases(start))


@door
def eq3(features: Through("n", "units"), task: Task, config: DENConfig) -> Result:
    """L(V, c) + mu_head sum(abs(V)), on fixed features: convex, solved in float64 to a certificate.

    Free: the head (V, c).  Source: Eq. 3.
    """
    check_shape("features", features.shape, (len(task.y_train), "units"))
    return solve_head(features, task.y_train, config.mu_head, task.loss, n_outputs=task.n_outputs)


@door
def eq4(start: Flat, loss: AnyLoss(), config: DENConfig, edges: Edges(), fisher: Subnetwork | None = None) -> Problem:
    """L(W_S) + sum over l of (mu_l2_l / 2) norm(W_S,l)^2 + lam_l norm((W_S,l, b_l) - (W_S,l, b_l)^{t-1})^2.

    W_S are the nonzero edges among the selected units, and the selected head rows, which are the last W_S and have no
    pull.  The start is W^{t-1}, with Eq. 3's head.  ``mu_eq4`` adds mu_eq4_l sum(abs(W_S,l)); with ``fisher``, F^{t-1}
    of the same units, the pull is lam_l sum over i of F_i (w_i - w_i^{t-1})^2.

    ``edges`` (one boolean array per hidden matrix) is the zero pattern that is kept; biases and c are free.
    The pull is there with ``anchor_before_split="eq4"``, the default; ``"eq6"`` and ``"none"`` are without it, as the
    paper is.  ``eq4_norm="unsquared"``: mu_l2 norm(W_S), one block, without a pull.  The paper prints the norm without
    a square and calls it element-wise l2; the square is the released code's reading, its 1/2 ours.  Source: Eq. 4.
    """
    names = matrices(start)
    if config.eq4_norm == "unsquared":
        kept = start.like(1.0)                                     # 1 where a weight is free, else 0
        for name, edge in zip(names[:-1], edges, strict=True):
            kept[name][...] = edge | config.dense_selection
        block = Part(tuple(names), GroupLasso(config.mu_l2), pattern=kept.joined(names))
        return Problem(loss, start, [block, *free_biases(start)])
    mu_l2, mu = (config.per_layer(name, len(names)) for name in ("mu_l2", "mu_eq4"))
    shrink = [[SquaredL2(square), *([L1(l1)] if l1 else [])] for square, l1 in zip(mu_l2, mu)]
    lam = config.per_layer("lam", len(edges)) if config.anchor_before_split == "eq4" else (0.0,) * len(edges)
    parts = [Part("V", Sum(*shrink[-1])), Part("c")]
    for l, (pull, bias_pull) in enumerate(pulls(lam, fisher)):
        w, b, pattern = f"W{l + 1}", f"b{l + 1}", None if config.dense_selection else edges[l]
        parts.append(Part(w, Sum(*shrink[l], SquaredL2(pull, start[w].copy())), pattern=pattern))
        parts.append(Part(b, SquaredL2(bias_pull, start[b].copy())))
    return Problem(loss, start, parts)


@door
def eq5(start: Flat, loss: AnyLoss(), config: DENConfig, older: Each(all_of=Whole(0))) -> Problem:
    """L(W^N) + sum over l of mu_l sum(abs(W^N_l)) + gamma_l sum over new units of norm(all their incoming weights).

    W^N_l is what is free of W_l, the head being the last; there is (weight_decay_l / 2) norm(W^N_l)^2 besides.
    ``older[l]`` is how many of hidden layer l's units (l = 0 the first) are older than the stage; they stand first.
    Of the first layer only the new columns are in the vector: the old part is computed once (``DataLoss.known``).
    Free: incoming weights and biases of new units (L1 and group), edges new -> older (L1), the head (L1).
    ``gamma_scaling="sqrt_size"`` multiplies gamma by the root of a group's size.  Source: Eq. 5.
    """
    names = matrices(start)
    mu, decay = (config.per_layer(name, len(names)) for name in ("mu", "weight_decay"))
    gamma = config.per_layer("gamma", len(older))
    parts = [Part("V", Sum(SquaredL2(decay[-1]), L1(mu[-1]))), Part("c")]
    for l in range(len(older)):
        w, square = f"W{l + 1}", SquaredL2(decay[l])
        size = start[w].shape[0] ** 0.5 if config.gamma_scaling == "sqrt_size" else 1.0
        first_new = older[l] if l else 0
        parts.append(Part(w, Sum(square, SparseGroupLasso(mu[l], gamma[l] * size)), np.s_[:, first_new:]))
        parts.append(Part(f"b{l + 1}", index=np.s_[first_new:]))
        if l:
            parts.append(Part(w, Sum(square, L1(mu[l])), np.s_[..., older[l - 1]:, :older[l]], fan=fans(start)[l]))
    return Problem(loss, start, parts)


@door
def eq6(start: Flat, loss: AnyLoss(), config: DENConfig, edges: Edges(), anchor: Subnetwork,
        fisher: Subnetwork | None = None) -> Problem:
    """L(W) + sum over l of lam_l norm((W_l, b_l) - (W_l, b_l)^{t-1})^2 + (weight_decay_l / 2) norm(W_l)^2.

    The pull acts between units that existed at t-1, on their weights and biases: ``anchor`` is W^{t-1} on the older
    units of the view, which stand first.  What is newer is free without an anchor, and so is the head.  ``eq6="new"``
    holds all that is anchored.  With ``fisher``, F^{t-1} on the same units, every weight has a strength of its own:

        sum over l of lam_l sum over i of F_i (w_i - w_i^{t-1})^2

    ``edges`` is the zero pattern that is kept.  An edge that has become 0 since t-1 stays 0, so that it is not pulled
    back either: the penalty leaves out its constant lam_l (w^{t-1})^2, except with ``dense_selection``.  Source: Eq. 6.
    """
    lam = config.per_layer("lam", len(edges))
    decay = config.per_layer("weight_decay", len(edges) + 1)
    parts = [Part("V", SquaredL2(decay[-1])), Part("c")]
    strengths = pulls(lam, fisher)
    for l, (old_w, old_b) in enumerate(zip(anchor.weights, anchor.biases, strict=True)):
        w, b, square, fan = f"W{l + 1}", f"b{l + 1}", SquaredL2(decay[l]), fans(start)[l]
        pattern = in_stack(np.ones_like(edges[l]) if config.dense_selection else edges[l], fan)
        old_w, (pull, bias_pull) = in_stack(old_w, fan), strengths[l]
        *_, p, q = old_w.shape
        old, from_new, into_new = np.s_[..., :p, :q], np.s_[..., p:, :q], np.s_[..., q:]
        if config.eq6 == "all":
            anchored = SquaredL2(in_stack(pull, fan), old_w * pattern[old])
            parts.append(Part(w, Sum(square, anchored), old, pattern[old], fan))
            parts.append(Part(b, SquaredL2(bias_pull, old_b), np.s_[:q]))
        parts.append(Part(w, square, from_new, pattern[from_new], fan))
        parts.append(Part(w, square, into_new, pattern[into_new], fan))
        parts.append(Part(b, index=np.s_[q:]))
    return Problem(loss, start, parts)


def pulls(lam, fisher: Subnetwork | None) -> list[tuple]:
    """Per hidden layer the strengths of the pull on its weights and on its biases: 2 lam_l, or 2 lam_l F_l."""
    if fisher is None:
        return [(2 * strength, 2 * strength) for strength in lam]
    return [(2 * strength * w, 2 * strength * b)
            for strength, w, b in zip(lam, fisher.weights, fisher.biases, strict=True)]


def sparsity(mu: float, fan: int) -> Penalty:
    """mu times the sum of what edges have: their one weight's size, or the norm of their ``fan`` weights."""
    return L1(mu) if fan == 1 else L21(mu, fan)


def fans(flat: Flat) -> tuple[int, ...]:
    """How many rows of each matrix are of one lower unit, the head's last."""
    return chain.fans(flat.convolutions, mlp.depth(flat))


def in_stack(array, fan: int):
    """An array, or a number, as a ``Part`` with this fan looks at it."""
    return stacked(array, fan) if fan > 1 and np.ndim(array) else array


def matrices(flat: Flat) -> list[str]:
    """Names of the weight matrices, the head (or heads) last."""
    return [W for W, _ in chain.hidden(flat) + chain.heads(flat)]


def free_biases(flat: Flat) -> list[Part]:
    """All biases, free and not penalised."""
    return [Part(b) for _, b in chain.hidden(flat) + chain.heads(flat)]
