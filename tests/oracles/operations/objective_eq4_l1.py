"""Eq. 4 with the L1 term that a footnote of the paper allows: value and gradient of the smooth part, the penalty."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import NETWORK, array
from tests.oracles.objectives import CONVENTIONS, DATA, HEAD_FREE, ORACLE, OUTPUTS, SMALL, SMALL_GRADIENT
from tests.oracles.objectives import added_to_smooth, data, mean_over_outputs, objective, other_gradient, other_penalty
from tests.oracles.recipe import Mistake, Question, Recipe

from .objective_eq4 import free_edges, sparse_network, square_of


def absolute_of(weights, head, mu, **others):
    """mu times the absolute values of the weight matrices and the head."""
    return mu * sum((hp.total(abs(w)) for w in [*weights, head]), Decimal(0))


def both(**given):
    """Half the squares and the absolute values."""
    return square_of(**given) + absolute_of(**given)


RECIPE = Recipe(
    name="objective_eq4_l1",
    equation="L(W_S) + (mu_l2 / 2) norm(W_S)^2 + mu sum abs(W_S), W_S being the edges among the selected units that "
             "exist, and the selected head rows  (Eq. 4 with the L1 term of its footnote)",
    inputs={**DATA, **NETWORK, "edges/*": "bool[*,*]", "mu_l2": "float64", "mu": "float64"},
    outputs=OUTPUTS,
    conventions=[*CONVENTIONS, "weights, biases and head are the subnetwork, cut out",
                 "edges: which connections existed in W^{t-1}; the others are 0, are held and get gradient 0",
                 "the squares have a factor 1/2, the absolute values have none; mu is not a share of mu_l2",
                 "at mu = 0 this is objective_eq4"],
    oracle=objective(both, free_edges),
    mistakes=[
        Mistake("l1-left-out", "The penalty has the squares alone: that is Eq. 4 without its footnote.",
                other_penalty(square_of)),
        Mistake("l2-left-out", "The penalty has the absolute values alone: L1 stands beside the squares, not in their "
                "place.", other_penalty(absolute_of)),
        Mistake("half-missing", "The factor 1/2 of the squares was left out.",
                other_penalty(lambda **given: both(**given) + square_of(**given))),
        Mistake("half-factor", "The absolute values were halved like the squares; they have no factor.",
                other_penalty(lambda **given: both(**given) - absolute_of(**given) / 2)),
        Mistake("elastic-net-shares", "mu was taken for a share, as an elastic net's l1_ratio: mu_l2 (mu abs + "
                "(1 - mu) / 2 square). Both strengths stand for themselves.", other_penalty(
                    lambda mu_l2, mu, **given: mu_l2 * (absolute_of(mu=mu, **given) + (1 - mu) * square_of(
                        mu_l2=Decimal(1), **given)))),
        Mistake("l1-on-biases", "Biases were penalised by L1 too; they are not.", other_penalty(
            lambda biases, head_bias, mu, **given: both(mu=mu, **given) + mu * sum(
                (hp.total(abs(b)) for b in [*biases, head_bias]), Decimal(0)))),
        Mistake("head-not-penalised", HEAD_FREE, other_penalty(lambda head, **given: both(head=head * 0, **given))),
        Mistake("zero-edges-free", "Connections that do not exist got a gradient: the zero pattern of W^{t-1} is kept, "
                "or retraining fills it up.", other_gradient(None)),
        mean_over_outputs(objective(both, free_edges)),
        *added_to_smooth(both, free_edges),
    ],
    questions=[
        Question("by-hand", "one sample at logit 0, one connection that does not exist",
                 {**SMALL, "x": array([1, 1]), "weights": [array([2, -1], [0, 0])], "mu_l2": 0.5, "mu": 0.25,
                  "edges": [np.array([[True, True], [False, True]])]},
                 "by hand: h = (1, 0), dlogit = -1/2; squares (4 + 1 + 1/4 + 16) / 4, absolute values "
                 "(2 + 1 + 1/2 + 4) / 4",
                 expected={**SMALL_GRADIENT, "dweights": [array([-0.25, 0], [0, 0])], "penalty": 7.1875}),
        Question("no-l1", "mu = 0: Eq. 4 as it is without the footnote",
                 {**SMALL, "x": array([1, 1]), "weights": [array([2, -1], [0, 0])], "mu_l2": 0.5, "mu": 0.0,
                  "edges": [np.array([[True, True], [False, True]])]},
                 "by hand: the squares alone",
                 expected={**SMALL_GRADIENT, "dweights": [array([-0.25, 0], [0, 0])], "penalty": 5.3125}),
        Question("nothing-selected", "no unit was selected: only the head's bias is free",
                 {"x": array([1], [2]), "labels": array([1], [0]), "loss": "sigmoid", "weights": [np.zeros((1, 0))],
                  "biases": [np.zeros(0)], "head": np.zeros((0, 1)), "head_bias": np.array([0.0]),
                  "edges": [np.zeros((1, 0), bool)], "mu_l2": 0.5, "mu": 0.25}, "by hand",
                 expected={"smooth": float(np.log(2)), "penalty": 0.0, "dweights": [np.zeros((1, 0))],
                           "dbiases": [np.zeros(0)], "dhead": np.zeros((0, 1)), "dhead_bias": np.array([0.0])}),
        Question("several-outputs", "two sparse hidden layers, two outputs",
                 lambda: {**data(5, 6, 5, 2), **sparse_network(6, 5, 4, 4, n_outputs=2), "mu_l2": 0.02, "mu": 0.05},
                 ORACLE),
        Question("softmax", "one sparse hidden layer, three classes",
                 lambda: {**data(7, 6, 4, 3, "softmax"), **sparse_network(8, 4, 6, n_outputs=3), "mu_l2": 0.1,
                          "mu": 0.03}, ORACLE),
    ])
