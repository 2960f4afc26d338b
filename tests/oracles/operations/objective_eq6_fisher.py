"""Eq. 6 weighted by Fisher information, which the paper names as possible: smooth part with gradient, and penalty."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import NETWORK, array
from tests.oracles.objectives import CONVENTIONS, DATA, ORACLE, OUTPUTS, SMALL, SMALL_GRADIENT, added_to_smooth
from tests.oracles.objectives import mean_over_outputs, objective, other_gradient, other_penalty
from tests.oracles.recipe import Mistake, Question, Recipe

from .objective_eq4 import free_edges
from .objective_eq6 import anchored, eq6_case, padded


def weighted(weights, biases, anchor_weights, anchor_biases, fisher_weights, fisher_biases, lam, power=1,
             with_biases=True, **others):
    """lam times F of every weight (to a power) times the square of its change."""
    triples = [(w[:a.shape[0], :a.shape[1]], a, f) for w, a, f in zip(weights, anchor_weights, fisher_weights,
                                                                      strict=True)]
    if with_biases:
        triples += [(b[:len(a)], a, f) for b, a, f in zip(biases, anchor_biases, fisher_biases, strict=True)]
    return lam * sum((hp.total(f ** power * (w - a) ** 2) for w, a, f in triples), Decimal(0))


def vanished_for_nothing(edges, anchor_weights, **given):
    """Only what is free has an anchor."""
    kept = [a * e[:a.shape[0], :a.shape[1]] for a, e in zip(anchor_weights, edges, strict=True)]
    return weighted(anchor_weights=kept, **given)


def new_pulled_to_zero(weights, biases, anchor_weights, anchor_biases, fisher_weights, fisher_biases, lam, **others):
    """Everything anchored, new weights at 0 with F = 1."""
    wide, tall = ([padded(a, now) for a, now in zip(old, parts, strict=True)]
                  for old, parts in ((anchor_weights, weights), (anchor_biases, biases)))
    ones = [[padded(f - 1, now) + 1 for f, now in zip(old, parts, strict=True)]
            for old, parts in ((fisher_weights, weights), (fisher_biases, biases))]
    return weighted(weights, biases, wide, tall, *ones, lam)


def layer_means(fisher_weights, fisher_biases, **given):
    """One strength per layer: the mean of its F."""
    flat = [[*w.ravel(), *b.ravel()] for w, b in zip(fisher_weights, fisher_biases, strict=True)]
    means = [sum(numbers, Decimal(0)) / max(len(numbers), 1) for numbers in flat]
    return weighted(fisher_weights=[w * 0 + mean for w, mean in zip(fisher_weights, means)],
                    fisher_biases=[b * 0 + mean for b, mean in zip(fisher_biases, means)], **given)


def over_the_largest(fisher_weights, fisher_biases, **given):
    """F / max F."""
    most = max((f for parts in (fisher_weights, fisher_biases) for a in parts for f in a.ravel()), default=0) or 1
    return weighted(fisher_weights=[f / most for f in fisher_weights], fisher_biases=[f / most for f in fisher_biases],
                    **given)


def fisher_case(seed, widths, older, n_outputs=1, loss="sigmoid", lam=0.3) -> dict:
    """A case of Eq. 6 with an F of every anchored weight, some of them 0."""
    drawn, rng = eq6_case(seed, widths, older, n_outputs, loss, lam), np.random.default_rng(seed + 90)

    def importance(a):
        return np.round(3 * rng.random(a.shape), 6) * (rng.random(a.shape) < 0.8)

    return {**drawn, "fisher_weights": [importance(a) for a in drawn["anchor_weights"]],
            "fisher_biases": [importance(a) for a in drawn["anchor_biases"]]}


#: One old unit that moved by 1/2 (its bias by 1), one new unit.
MOVED = {**SMALL, "edges": [np.array([[True, True]])], "anchor_weights": [array([1.5])],
         "anchor_biases": [np.array([-2.0])], "lam": 0.25}

RECIPE = Recipe(
    name="objective_eq6_fisher",
    equation="L(W) + lam sum over i of F_i (w_i - w_i^{t-1})^2, over weights and biases i of the units that existed at "
             "t-1, F being their Fisher information  (Eq. 6 with the weights that the paper names as possible)",
    inputs={**DATA, **NETWORK, "edges/*": "bool[*,*]", "anchor_weights/*": "float64[*,*]",
            "anchor_biases/*": "float64[*]", "fisher_weights/*": "float64[*,*]", "fisher_biases/*": "float64[*]",
            "lam": "float64"},
    outputs=OUTPUTS,
    conventions=[*CONVENTIONS[:3], "no half: the strength of a weight's square is 2 lam F_i (EWC has lam / 2)",
                 "F has one number per anchored weight and bias, used as it is: neither normalised nor a root of it",
                 "biases of older units are anchored",
                 "anchors are W^{t-1} on the older units, which stand first; newer units and the head have none",
                 "edges: nonzero weights of the network handed over; the others are 0, are held and get gradient 0",
                 "a weight that is 0 now and was not at t-1 costs its lam F_i (w_i^{t-1})^2, although it is held",
                 "with F = 1 everywhere this is objective_eq6"],
    oracle=objective(weighted, free_edges),
    mistakes=[
        Mistake("half-factor", "The penalty was halved, as in EWC: Eq. 6 has no factor 1/2.",
                other_penalty(lambda **given: weighted(**given) / 2)),
        Mistake("fisher-ignored", "All weights were pulled alike: that is Eq. 6 without Fisher information.",
                other_penalty(anchored)),
        Mistake("fisher-squared", "F was multiplied with the change before the square was taken, so that it counts "
                "squared: it is F_i (w_i - w_i^{t-1})^2.", other_penalty(lambda **given: weighted(power=2, **given))),
        Mistake("fisher-per-layer", "Every layer was pulled with the mean of its F; each weight has its own.",
                other_penalty(layer_means)),
        Mistake("biases-not-anchored", "The change of the biases was left out: a unit's bias belongs to it, and has an "
                "F of its own.", other_penalty(lambda **given: weighted(with_biases=False, **given))),
        Mistake("new-weights-pulled-to-zero", "Weights of units that are new at t were pulled to 0: they have neither "
                "anchor nor F.", other_penalty(new_pulled_to_zero)),
        Mistake("vanished-edges-cost-nothing", "The anchor was taken on the nonzero weights only. A weight that is 0 "
                "now and was not at t-1 adds its lam F_i (w_i^{t-1})^2: a constant, but it belongs to the value.",
                other_penalty(vanished_for_nothing)),
        Mistake("anchor-ignored", "The weights themselves were penalised, not their change since t-1.", other_penalty(
            lambda anchor_weights, anchor_biases, **given: weighted(
                anchor_weights=[0 * a for a in anchor_weights], anchor_biases=[0 * a for a in anchor_biases],
                **given))),
        Mistake("zero-edges-free", "Weights that are 0 got a gradient: Eq. 6 moves the nonzero ones only, or the next "
                "walk selects everything.", other_gradient(None)),
        mean_over_outputs(objective(weighted, free_edges)),
        *added_to_smooth(weighted, free_edges),
        Mistake("fisher-normalised", "F was divided by its largest entry; it is used as it is.",
                other_penalty(over_the_largest)),
        Mistake("biases-pulled-alike", "Biases were pulled with F = 1; each has an F of its own, as weights have.",
                other_penalty(lambda fisher_biases, **given: weighted(
                    fisher_biases=[0 * f + 1 for f in fisher_biases], **given))),
    ],
    questions=[
        Question("by-hand", "one old unit that moved, one new unit, at logit 0",
                 {**MOVED, "fisher_weights": [array([2])], "fisher_biases": [np.array([0.5])]},
                 "by hand: changes 1/2 and 1; penalty (2 * 1/4 + 1/2) / 4",
                 expected={**SMALL_GRADIENT, "penalty": 0.25}),
        Question("all-alike", "F = 1 everywhere: Eq. 6 itself",
                 {**MOVED, "fisher_weights": [array([1])], "fisher_biases": [np.array([1.0])]},
                 "by hand: changes 1/2 and 1; penalty (1/4 + 1) / 4",
                 expected={**SMALL_GRADIENT, "penalty": 0.3125}),
        Question("nothing-mattered", "F = 0 everywhere: nothing is pulled",
                 {**MOVED, "fisher_weights": [array([0])], "fisher_biases": [np.array([0.0])]}, "by hand",
                 expected={**SMALL_GRADIENT, "penalty": 0.0}),
        Question("all-new", "no unit existed at t-1: nothing is anchored",
                 {**MOVED, "anchor_weights": [np.zeros((1, 0))], "anchor_biases": [np.zeros(0)],
                  "fisher_weights": [np.zeros((1, 0))], "fisher_biases": [np.zeros(0)]}, "by hand",
                 expected={**SMALL_GRADIENT, "penalty": 0.0}),
        Question("edge-vanished", "a weight that was 1.5 at t-1 is 0 now: it is held, and costs",
                 {**SMALL, "weights": [array([2, 0])], "biases": [np.array([-1.0, -0.5])],
                  "edges": [np.array([[True, False]])], "anchor_weights": [array([1, 1.5])],
                  "anchor_biases": [np.array([-1.0, -1.0])], "fisher_weights": [array([2, 4])],
                  "fisher_biases": [np.array([1.0, 8.0])], "lam": 0.25},
                 "by hand: changes 1, 1.5, 0 and 1/2; penalty (2 * 1 + 4 * 9/4 + 8 * 1/4) / 4",
                 expected={**SMALL_GRADIENT, "penalty": 3.25}),
        Question("several-outputs", "two layers with old and new units, two outputs",
                 lambda: fisher_case(11, (4, 4, 4), (3, 2), 2), ORACLE),
        Question("softmax", "one layer with old and new units, three classes",
                 lambda: fisher_case(13, (4, 6), (4,), 3, "softmax"), ORACLE),
    ])
