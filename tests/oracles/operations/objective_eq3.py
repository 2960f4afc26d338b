"""Eq. 3: value and gradient of the smooth part, and value of the penalty."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.oracles.draws import array, normals
from tests.oracles.objectives import BIASES, CONVENTIONS, ORACLE, added_to_smooth, data, mean_over_outputs
from tests.oracles.objectives import objective, other_penalty
from tests.oracles.recipe import Mistake, Question, Recipe

from .objective_eq2 import half_of_l1, l1_of, l1_with_biases, rms


def of_head(function):
    """An oracle or mistake on a network without hidden layers, in the names of Eq. 3."""
    def outputs(features, labels, loss, head, head_bias, mu_head):
        answer = function(x=features, labels=labels, loss=loss, weights=[], biases=[], head=head, head_bias=head_bias,
                          mu=mu_head)
        return {name: value for name, value in answer.items() if name not in ("dweights", "dbiases")}

    return outputs


HEAD = {"features": "float64[*,*]", "labels": "float64[*,*]", "loss": "string", "head": "float64[*,*]",
        "head_bias": "float64[*]", "mu_head": "float64"}


def head_case(seed, n, p, k, loss, mu_head) -> dict:
    """Features as a ReLU leaves them, and a head with a zero."""
    given = data(seed, n, p, k, loss)
    head = normals(seed + 1, p, k)
    head[0] = 0
    return {"features": np.maximum(given["x"], 0), "labels": given["labels"], "loss": loss, "head": head,
            "head_bias": normals(seed + 2, k), "mu_head": mu_head}


RECIPE = Recipe(
    name="objective_eq3",
    equation="L(V, c) + mu_head sum(abs(V)) with logits = features V + c; everything below the head is held  (Eq. 3)",
    inputs=HEAD,
    outputs={"smooth": "float64", "penalty": "float64", "dhead": "float64[*,*]", "dhead_bias": "float64[*]"},
    conventions=CONVENTIONS,
    oracle=of_head(objective(l1_of)),
    mistakes=[
        Mistake("l1-on-biases", BIASES, of_head(other_penalty(l1_with_biases))),
        Mistake("half-factor", "The penalty was halved; L1 has no factor 1/2.", of_head(other_penalty(half_of_l1))),
        mean_over_outputs(of_head(objective(l1_of))),
        *(replace(mistake, outputs=of_head(mistake.outputs)) for mistake in added_to_smooth(l1_of)),
        Mistake("norm-for-l1", "The Euclidean norm was taken; L1 is the sum of abs.", of_head(other_penalty(rms))),
        Mistake("count-for-l1", "The number of nonzero weights was taken (L0); L1 is the sum of abs.", of_head(
            other_penalty(lambda head, mu, **others: mu * int(np.count_nonzero(head))))),
    ],
    questions=[
        Question("by-hand", "two samples, both at logit 0, one of either label",
                 {"features": array([1, 2], [2, 4]), "labels": array([1], [0]), "loss": "sigmoid",
                  "head": array([2], [-1]), "head_bias": np.array([0.0]), "mu_head": 0.5},
                 "by hand: dlogits = (-1/4, 1/4)",
                 expected={"smooth": float(np.log(2)), "penalty": 1.5, "dhead": array([0.25], [0.5]),
                           "dhead_bias": np.array([0.0])}),
        Question("no-features", "nothing below: the head is its bias",
                 {"features": np.zeros((2, 0)), "labels": array([1], [0]), "loss": "sigmoid", "head": np.zeros((0, 1)),
                  "head_bias": np.array([0.0]), "mu_head": 0.5}, "by hand",
                 expected={"smooth": float(np.log(2)), "penalty": 0.0, "dhead": np.zeros((0, 1)),
                           "dhead_bias": np.array([0.0])}),
        Question("several-outputs", "eight samples, five features, three outputs",
                 lambda: head_case(1, 8, 5, 3, "sigmoid", 0.02), ORACLE),
        Question("softmax", "eight samples, six features, four classes",
                 lambda: head_case(4, 8, 6, 4, "softmax", 0.05), ORACLE),
    ])
