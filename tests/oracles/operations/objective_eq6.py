"""Eq. 6: value and gradient of the smooth part, and value of the penalty."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import NETWORK, array, normals
from tests.oracles.objectives import CONVENTIONS, DATA, ORACLE, OUTPUTS, SMALL, SMALL_GRADIENT, added_to_smooth, data
from tests.oracles.objectives import mean_over_outputs, objective, other_gradient, other_penalty
from tests.oracles.recipe import Mistake, Question, Recipe

from .objective_eq4 import free_edges, nonzero_now, sparse_network


def anchored(weights, biases, anchor_weights, anchor_biases, lam, with_biases=True, **others):
    """lam norm^2 of the change of what existed."""
    pairs = [(w[:a.shape[0], :a.shape[1]], a) for w, a in zip(weights, anchor_weights, strict=True)]
    if with_biases:
        pairs += [(b[:len(a)], a) for b, a in zip(biases, anchor_biases, strict=True)]
    return lam * sum((hp.total((w - a) ** 2) for w, a in pairs), Decimal(0))


def vanished_for_nothing(weights, biases, edges, anchor_weights, anchor_biases, lam, **others):
    """Only what is free has an anchor."""
    kept = [a * e[:a.shape[0], :a.shape[1]] for a, e in zip(anchor_weights, edges, strict=True)]
    return anchored(weights, biases, kept, anchor_biases, lam)


def from_new_too(weights, biases, anchor_weights, anchor_biases, lam, **others):
    """Whole columns of older units, edges from new units pulled to 0."""
    tall = [padded(a, w[:, :a.shape[1]]) for a, w in zip(anchor_weights, weights, strict=True)]
    return anchored(weights, biases, tall, anchor_biases, lam)


def head_to_zero(head, head_bias, lam, **others):
    """The head with an anchor at 0."""
    return anchored(lam=lam, **others) + lam * (hp.total(head ** 2) + hp.total(head_bias ** 2))


def matrix_by_matrix(weights, biases, anchor_weights, anchor_biases, lam, **others):
    """lam times the norms of the arrays' changes, added up."""
    return lam * sum((hp.norm(now[tuple(map(slice, then.shape))] - then) for now, then in zip(
        [*weights, *biases], [*anchor_weights, *anchor_biases], strict=True)), Decimal(0))


def at_the_end(weights, biases, anchor_weights, anchor_biases, **given):
    """Anchors on the last units of each layer."""
    def last(now, then):
        return now[tuple(slice(n - m, None) for n, m in zip(now.shape, then.shape))]

    return anchored([last(*pair) for pair in zip(weights, anchor_weights)],
                    [last(*pair) for pair in zip(biases, anchor_biases)], anchor_weights, anchor_biases, **given)


def padded(anchor, like):
    """The anchor with zeros for what is newer."""
    whole = np.full(like.shape, Decimal(0))
    whole[tuple(slice(n) for n in anchor.shape)] = anchor
    return whole


def new_pulled_to_zero(weights, biases, anchor_weights, anchor_biases, lam, **others):
    """Everything anchored, new weights at 0."""
    wide = [padded(a, w) for a, w in zip(anchor_weights, weights, strict=True)]
    wide_biases = [padded(a, b) for a, b in zip(anchor_biases, biases, strict=True)]
    return anchored(weights, biases, wide, wide_biases, lam)


def eq6_case(seed, widths, older, n_outputs=1, loss="sigmoid", lam=0.3) -> dict:
    """A sparse network, and anchors near its older part with the same zeros."""
    drawn = sparse_network(seed, *widths, n_outputs=n_outputs)
    below = [widths[0], *older[:-1]]
    near = [np.round((w[:p, :q] + normals(seed + 60 + l, p, q, scale=0.3)) * e[:p, :q], 6) for l, (w, e, p, q) in
            enumerate(zip(drawn["weights"], drawn["edges"], below, older, strict=True))]
    return {**data(seed + 1, 5, widths[0], n_outputs, loss), **drawn, "anchor_weights": near,
            "anchor_biases": [normals(seed + 70 + l, q) for l, q in enumerate(older)], "lam": lam}


RECIPE = Recipe(
    name="objective_eq6",
    equation="L(W) + lam norm(W - W^{t-1})^2, over weights and biases of the units that existed at t-1  (Eq. 6)",
    inputs={**DATA, **NETWORK, "edges/*": "bool[*,*]", "anchor_weights/*": "float64[*,*]",
            "anchor_biases/*": "float64[*]", "lam": "float64"},
    outputs=OUTPUTS,
    conventions=[*CONVENTIONS[:3], "no half: the strength of the square is 2 lam", "biases of older units are anchored",
                 "anchors are W^{t-1} on the older units, which stand first; newer units and the head have none",
                 "edges: nonzero weights of the network handed over; the others are 0, are held and get gradient 0",
                 "a weight that is 0 now and was not at t-1 costs its lam (w^{t-1})^2, although it is held: a "
                 "constant"],
    oracle=objective(anchored, free_edges),
    mistakes=[
        Mistake("half-factor", "The penalty was halved: Eq. 6 has no factor 1/2. (The released code uses a loss that "
                "has one.)", other_penalty(lambda **given: anchored(**given) / 2)),
        Mistake("biases-not-anchored", "The change of the biases was left out: a unit's bias belongs to it.",
                other_penalty(lambda **given: anchored(with_biases=False, **given))),
        Mistake("norm-not-squared", "The norm was not squared: Eq. 6 has the squared norm.", other_penalty(
            lambda lam, **given: lam * anchored(lam=Decimal(1), **given).sqrt())),
        Mistake("new-weights-pulled-to-zero", "Weights of units that are new at t were pulled to 0: they have no "
                "anchor.", other_penalty(new_pulled_to_zero)),
        Mistake("new-to-older-edges-pulled", "Edges from new units into older ones were pulled to 0: an older unit's "
                "column was anchored whole. Only edges between units that existed at t-1 have an anchor.",
                other_penalty(from_new_too)),
        Mistake("head-pulled", "The head of t was pulled to 0; it is new, and has no anchor.",
                other_penalty(head_to_zero)),
        Mistake("vanished-edges-cost-nothing", "The anchor was taken on the nonzero weights only. A weight that is 0 "
                "now and was not at t-1 adds its lam (w^{t-1})^2: a constant, which moves no minimum but belongs to "
                "the value.",
                other_penalty(vanished_for_nothing)),
        Mistake("anchor-ignored", "The weights themselves were penalised, not their change since t-1.", other_penalty(
            lambda anchor_weights, anchor_biases, **given: anchored(
                anchor_weights=[0 * a for a in anchor_weights], anchor_biases=[0 * a for a in anchor_biases],
                **given))),
        Mistake("zero-edges-free", "Weights that are 0 got a gradient: Eq. 6 moves the nonzero ones only, or the next "
                "walk selects everything.", other_gradient(None)),
        Mistake("pattern-taken-afresh", "What is free was read off the weights as they are. It is given by edges: a "
                "weight that is 0 on its way stays free, or zeros could only become more.",
                other_gradient(nonzero_now)),
        mean_over_outputs(objective(anchored, free_edges)),
        *added_to_smooth(anchored, free_edges),
        Mistake("head-weights-pulled", "The weights of the head were pulled to 0, its bias was not; the head is new.",
                other_penalty(lambda head, lam, **given: anchored(lam=lam, **given) + lam * hp.total(head ** 2))),
        Mistake("new-biases-pulled", "Biases of new units were pulled to 0: they have no anchor.", other_penalty(
            lambda biases, anchor_biases, lam, **given: anchored(
                biases=biases, anchor_biases=anchor_biases, lam=lam, **given) + lam * sum(
                    (hp.total(b[len(a):] ** 2) for b, a in zip(biases, anchor_biases)), Decimal(0)))),
        Mistake("anchors-at-the-end", "The anchors were laid on the last units of each layer; older units stand first.",
                other_penalty(at_the_end)),
        Mistake("norm-per-matrix", "The norms of the matrices were added up, not squared: the penalty is the sum of "
                "all squares.", other_penalty(matrix_by_matrix)),
    ],
    questions=[
        Question("by-hand", "one old unit that moved, one new unit, at logit 0",
                 {**SMALL, "edges": [np.array([[True, True]])], "anchor_weights": [array([1.5])],
                  "anchor_biases": [np.array([-2.0])], "lam": 0.25},
                 "by hand: changes 1/2 and 1; penalty (1/4 + 1) / 4",
                 expected={**SMALL_GRADIENT, "penalty": 0.3125}),
        Question("nothing-moved", "weights at their anchors cost nothing",
                 {**SMALL, "edges": [np.array([[True, True]])], "anchor_weights": [array([2, -1])],
                  "anchor_biases": [np.array([-1.0, 0.5])], "lam": 0.25}, "by hand",
                 expected={**SMALL_GRADIENT, "penalty": 0.0}),
        Question("all-new", "no unit existed at t-1: nothing is anchored",
                 {**SMALL, "edges": [np.array([[True, True]])], "anchor_weights": [np.zeros((1, 0))],
                  "anchor_biases": [np.zeros(0)], "lam": 0.25}, "by hand",
                 expected={**SMALL_GRADIENT, "penalty": 0.0}),
        Question("several-outputs", "two layers with old and new units, two outputs",
                 lambda: eq6_case(1, (4, 4, 4), (3, 2), 2), ORACLE),
        Question("edge-vanished", "a weight that was 1.5 at t-1 is 0 now: it is held, and costs",
                 {**SMALL, "weights": [array([2, 0])], "biases": [np.array([-1.0, -0.5])],
                  "edges": [np.array([[True, False]])], "anchor_weights": [array([1, 1.5])],
                  "anchor_biases": [np.array([-1.0, -1.0])], "lam": 0.25},
                 "by hand: changes 1, 1.5 and 1/2; penalty (1 + 9/4 + 1/4) / 4",
                 expected={**SMALL_GRADIENT, "penalty": 0.875}),
        Question("zero-on-its-way", "a weight that is 0 now, of a connection that exists, has a gradient",
                 {**SMALL, "weights": [array([0, -1])], "biases": [np.array([1.0, 0.5])], "lam": 0.25,
                  "edges": [np.array([[True, True]])], "anchor_weights": [array([0.5])],
                  "anchor_biases": [np.array([1.0])]},
                 "by hand: change 1/2; penalty 1/16", expected={**SMALL_GRADIENT, "penalty": 0.0625}),
        Question("new-feeds-older", "an older unit hears a new one below it: that edge has no anchor",
                 {"x": array([1]), "labels": array([0]), "loss": "sigmoid", "weights": [array([2, 1]),
                                                                                        array([0.5], [4])],
                  "biases": [np.zeros(2), np.array([1.0])], "head": array([0]), "head_bias": np.array([0.0]),
                  "edges": [np.ones((1, 2), bool), np.ones((2, 1), bool)], "anchor_weights": [array([1]), array([1])],
                  "anchor_biases": [np.array([0.0]), np.array([1.0])], "lam": 1.0},
                 "by hand: changes 1 and 1/2; h = (2, 1), then 6, dlogit = 1/2",
                 expected={"smooth": float(np.log(2)), "penalty": 1.25, "dweights": [np.zeros((1, 2)),
                                                                                     np.zeros((2, 1))],
                           "dbiases": [np.zeros(2), np.zeros(1)], "dhead": array([3]), "dhead_bias": np.array([0.5])}),
        Question("softmax", "one layer with old and new units, three classes",
                 lambda: eq6_case(3, (4, 6), (4,), 3, "softmax"), ORACLE),
    ])
