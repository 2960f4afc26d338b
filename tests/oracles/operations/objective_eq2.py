"""Eq. 2: value and gradient of the smooth part, and value of the penalty."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import NETWORK, network
from tests.oracles.objectives import BIASES, CONVENTIONS, DATA, HEAD_FREE, ORACLE, OUTPUTS, SMALL, SMALL_GRADIENT
from tests.oracles.objectives import added_to_smooth, data, mean_over_outputs, objective, other_penalty
from tests.oracles.recipe import Mistake, Question, Recipe


def l1_of(weights, head, mu, **others):
    """mu sum abs of every weight matrix."""
    return mu * sum(map(hp.l1, [*weights, head]), Decimal(0))


def l1_with_biases(weights, biases, head, head_bias, mu, **others):
    """mu sum abs of everything."""
    return l1_of(weights, head, mu) + mu * sum(map(hp.l1, [*biases, head_bias]), Decimal(0))


def half_of_l1(**given):
    """As if L1 had the factor 1/2 of a square."""
    return l1_of(**given) / 2


def rms(weights, head, mu, **others):
    """mu times the Euclidean norm."""
    return mu * hp.norm(np.concatenate([w.ravel() for w in [*weights, head]]))


RECIPE = Recipe(
    name="objective_eq2",
    equation="L(W) + mu sum over all weight matrices, the head included, of sum(abs(W))  (Eq. 2)",
    inputs={**DATA, **NETWORK, "mu": "float64"},
    outputs=OUTPUTS,
    conventions=CONVENTIONS,
    oracle=objective(l1_of),
    mistakes=[
        Mistake("l1-on-biases", BIASES, other_penalty(l1_with_biases)),
        Mistake("head-not-penalised", HEAD_FREE, other_penalty(
            lambda weights, head, mu, **others: l1_of(weights, head * 0, mu))),
        Mistake("norm-for-l1", "The Euclidean norm was taken; L1 is the sum of abs. (Seen in a popular collection of "
                "implementations.)", other_penalty(rms)),
        Mistake("half-factor", "The penalty was halved; L1 has no factor 1/2.", other_penalty(half_of_l1)),
        Mistake("mean-of-weights", "The mean of abs was taken; it is the sum.", other_penalty(
            lambda weights, head, mu, **others: l1_of(weights, head, mu) / sum(w.size for w in [*weights, head]))),
        mean_over_outputs(objective(l1_of)),
        *added_to_smooth(l1_of),
        Mistake("matrix-norm", "The matrix norm of order 1 was taken, norm(W, 1): the largest column sum. L1 is the "
                "sum over all entries.", other_penalty(lambda weights, head, mu, **others: mu * sum(
                    max(hp.l1(w[:, j]) for j in range(w.shape[1])) for w in [*weights, head]))),
        Mistake("squares-for-l1", "Half the sum of squares was taken (L2, weight decay); L1 is the sum of abs.",
                other_penalty(lambda weights, head, mu, **others: mu / 2 * sum(
                    (hp.total(w ** 2) for w in [*weights, head]), Decimal(0)))),
    ],
    questions=[
        Question("by-hand", "one sample, two units, one of them silent; the logit is 0", {**SMALL, "mu": 0.25},
                 "by hand: h = (1, 0), dlogit = -1/2; penalty (3 + 4.5) / 4",
                 expected={**SMALL_GRADIENT, "penalty": 1.875}),
        Question("no-penalty", "strength 0", {**SMALL, "mu": 0.0}, "by hand",
                 expected={**SMALL_GRADIENT, "penalty": 0.0}),
        Question("several-outputs", "two hidden layers, three sigmoid outputs",
                 lambda: {**data(1, 5, 4, 3), **network(2, 4, 4, 3, n_outputs=3), "mu": 0.01}, ORACLE),
        Question("softmax", "one hidden layer, four classes",
                 lambda: {**data(3, 6, 3, 4, "softmax"), **network(4, 3, 5, n_outputs=4), "mu": 0.03}, ORACLE),
    ])
