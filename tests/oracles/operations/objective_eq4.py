"""Eq. 4: value and gradient of the smooth part, and value of the penalty."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import NETWORK, array, network
from tests.oracles.objectives import CONVENTIONS, DATA, HEAD_FREE, ORACLE, OUTPUTS, SMALL, SMALL_GRADIENT
from tests.oracles.objectives import added_to_smooth, data, mean_over_outputs, objective, other_gradient
from tests.oracles.objectives import other_penalty
from tests.oracles.recipe import Mistake, Question, Recipe


def square_of(weights, head, mu_l2, **others):
    """(mu_l2 / 2) norm^2 of the weight matrices and the head."""
    return mu_l2 / 2 * sum((hp.total(w ** 2) for w in [*weights, head]), Decimal(0))


def free_edges(weights, biases, edges, **others):
    """The nonzero edges, every bias, the whole head."""
    return {"weights": edges, "biases": True, "head": True, "head_bias": True}


def nonzero_now(weights, biases, edges, **others):
    """The nonzero weights of the moment."""
    return free_edges(weights, biases, [w != 0 for w in weights])


def sparse(seed, *shape, share=0.6):
    """Which connections exist."""
    return np.random.default_rng(seed).random(shape) < share


def sparse_network(seed, *widths, n_outputs=1) -> dict:
    """A network some of whose connections do not exist, with its edges; one edge is 0 by chance."""
    drawn = network(seed, *widths, n_outputs=n_outputs)
    edges = [sparse(seed + 40 + l, *w.shape) for l, w in enumerate(drawn["weights"])]
    return {**drawn, "weights": [w * e for w, e in zip(drawn["weights"], edges, strict=True)], "edges": edges}


RECIPE = Recipe(
    name="objective_eq4",
    equation="L(W_S) + (mu_l2 / 2) norm(W_S)^2, W_S being the edges among the selected units that exist, and the "
             "selected head rows  (Eq. 4)",
    inputs={**DATA, **NETWORK, "edges/*": "bool[*,*]", "mu_l2": "float64"},
    outputs=OUTPUTS,
    conventions=[*CONVENTIONS, "weights, biases and head are the subnetwork, cut out",
                 "edges: which connections existed in W^{t-1}; the others are 0, are held and get gradient 0",
                 "the norm is squared, with a factor 1/2 (our reading of a norm printed without a square)"],
    oracle=objective(square_of, free_edges),
    mistakes=[
        Mistake("half-missing", "The factor 1/2 of the penalty was left out.",
                other_penalty(lambda **given: 2 * square_of(**given))),
        Mistake("norm-not-squared", "mu_l2 norm(W_S) without the square: the paper prints it so; the squared norm is "
                "this project's default.", other_penalty(
                    lambda mu_l2, **given: mu_l2 * (2 * square_of(mu_l2=Decimal(1), **given)).sqrt())),
        Mistake("l2-on-biases", "Biases were decayed too; the penalty is on weights only.", other_penalty(
            lambda biases, head_bias, mu_l2, **given: square_of(mu_l2=mu_l2, **given)
            + mu_l2 / 2 * sum((hp.total(b ** 2) for b in [*biases, head_bias]), Decimal(0)))),
        Mistake("head-not-penalised", HEAD_FREE, other_penalty(
            lambda head, **given: square_of(head=head * 0, **given))),
        Mistake("zero-edges-free", "Connections that do not exist got a gradient: the zero pattern of W^{t-1} is kept, "
                "or retraining fills it up.", other_gradient(None)),
        Mistake("pattern-taken-afresh", "What is free was read off the weights as they are. It is given by edges: a "
                "weight that is 0 on its way stays free, or zeros could only become more.",
                other_gradient(nonzero_now)),
        mean_over_outputs(objective(square_of, free_edges)),
        *added_to_smooth(square_of, free_edges),
        Mistake("edgeless-biases-held", "The bias of a unit without an incoming edge got gradient 0; every bias is "
                "free.", other_gradient(lambda edges, **given: {
                    **free_edges(edges=edges, **given), "biases": [edge.any(axis=0) for edge in edges]})),
        Mistake("head-zeros-held", "Zeros of the head got gradient 0, as edges that do not exist; the whole head is "
                "free.", other_gradient(lambda head, **given: {**free_edges(**given), "head": head != 0})),
    ],
    questions=[
        Question("by-hand", "one sample at logit 0, one connection that does not exist",
                 {**SMALL, "x": array([1, 1]), "weights": [array([2, -1], [0, 0])], "mu_l2": 0.5,
                  "edges": [np.array([[True, True], [False, True]])]},
                 "by hand: h = (1, 0), dlogit = -1/2; penalty (4 + 1 + 1/4 + 16) / 4",
                 expected={**SMALL_GRADIENT, "dweights": [array([-0.25, 0], [0, 0])], "penalty": 5.3125}),
        Question("zero-on-its-way", "a weight that is 0 now, of a connection that exists, has a gradient",
                 {**SMALL, "weights": [array([0, -1])], "biases": [np.array([1.0, 0.5])], "mu_l2": 0.5,
                  "edges": [np.array([[True, True]])]},
                 "by hand: h = (1, 0), dlogit = -1/2; penalty (1 + 1/4 + 16) / 4",
                 expected={**SMALL_GRADIENT, "penalty": 4.3125}),
        Question("nothing-selected", "no unit was selected: only the head's bias is free",
                 {"x": array([1], [2]), "labels": array([1], [0]), "loss": "sigmoid", "weights": [np.zeros((1, 0))],
                  "biases": [np.zeros(0)], "head": np.zeros((0, 1)), "head_bias": np.array([0.0]),
                  "edges": [np.zeros((1, 0), bool)], "mu_l2": 0.5}, "by hand",
                 expected={"smooth": float(np.log(2)), "penalty": 0.0, "dweights": [np.zeros((1, 0))],
                           "dbiases": [np.zeros(0)], "dhead": np.zeros((0, 1)), "dhead_bias": np.array([0.0])}),
        Question("edgeless-unit", "unit 0 is its bias alone, and output 1 does not read it: both are free all the same",
                 {"x": array([1]), "labels": array([1, 0]), "loss": "sigmoid", "weights": [array([0, 1])],
                  "biases": [np.array([2.0, 0])], "head": array([1, 0], [-2, 0.5]),
                  "head_bias": np.array([0.0, -0.5]), "edges": [np.array([[False, True]])], "mu_l2": 1.0},
                 "by hand: h = (2, 1), both logits 0, dlogits = (-1/2, 1/2); penalty (1 + 1 + 4 + 1/4) / 2",
                 expected={"smooth": 2 * float(np.log(2)), "penalty": 3.125, "dweights": [array([0, 1.25])],
                           "dbiases": [np.array([-0.5, 1.25])], "dhead": array([-1, 1], [-0.5, 0.5]),
                           "dhead_bias": np.array([-0.5, 0.5])}),
        Question("several-outputs", "two sparse hidden layers, two outputs",
                 lambda: {**data(1, 6, 5, 2), **sparse_network(2, 5, 4, 4, n_outputs=2), "mu_l2": 0.02}, ORACLE),
        Question("softmax", "one sparse hidden layer, three classes",
                 lambda: {**data(3, 6, 4, 3, "softmax"), **sparse_network(4, 4, 6, n_outputs=3), "mu_l2": 0.1}, ORACLE),
    ])
