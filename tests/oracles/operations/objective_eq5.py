"""Eq. 5: value and gradient of the smooth part, and value of the penalty."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import NETWORK, array, network
from tests.oracles.objectives import BIASES, CONVENTIONS, DATA, HEAD_FREE, HELD, ORACLE, OUTPUTS, SMALL
from tests.oracles.objectives import SMALL_GRADIENT, added_to_smooth, data, mean_over_outputs, objective
from tests.oracles.objectives import other_gradient, other_penalty
from tests.oracles.recipe import Mistake, Question, Recipe


def new_edges(weights, older):
    """Per layer: (incoming weights of the new units, edges from new to older units)."""
    below = [0, *older[:-1]]
    return [(w[:, q:], w[p:, :q] if l else w[:0, :q])
            for l, (w, p, q) in enumerate(zip(weights, below, older, strict=True))]


def expansion(weights, head, older, mu, gamma, **others):
    """mu abs of W^N and V, gamma norm of every new unit's incoming weights."""
    return sum((mu * (hp.l1(new) + hp.l1(back)) + gamma * hp.column_norms(new)
                for new, back in new_edges(weights, older)), mu * hp.l1(head))


def cut_groups(weights, head, older, mu, gamma, **others):
    """Groups cut where the rows of older units end."""
    right, below = expansion(weights, head, older, mu, gamma), [len(weights[0]), *older[:-1]]
    for (new, _), p in zip(new_edges(weights, older), below, strict=True):
        right += gamma * (hp.column_norms(new[:p]) + hp.column_norms(new[p:]) - hp.column_norms(new))
    return right


def row_groups(weights, head, older, mu, gamma, **others):
    """Groups of outgoing weights."""
    return sum((mu * (hp.l1(new) + hp.l1(back)) + gamma * hp.column_norms(new.T)
                for new, back in new_edges(weights, older)), mu * hp.l1(head))


def with_groups(of):
    """The penalty with other groups: gamma times the sum over layers of of(w, b, p, q), p and q units being older."""
    def penalty(weights, biases, head, older, mu, gamma, **others):
        below = [len(weights[0]), *older[:-1]]
        return expansion(weights, head, older, mu, 0 * gamma) + gamma * sum(
            (of(*layer) for layer in zip(weights, biases, below, older, strict=True)), Decimal(0))

    return other_penalty(penalty)


def with_bias(w, b, p, q):
    """A new unit's bias is one more row."""
    return hp.column_norms(np.vstack([w[:, q:], b[None, q:]]))


def times_root_of_size(w, b, p, q):
    """sqrt(rows) norm."""
    return Decimal(len(w)).sqrt() * hp.column_norms(w[:, q:])


def back_edges_grouped(w, b, p, q):
    """What an older unit hears from new ones is a group as well."""
    return hp.column_norms(w[:, q:]) + hp.column_norms(w[p:, :q])


def head_grouped(head, gamma, **given):
    """Columns of the head too."""
    return expansion(head=head, gamma=gamma, **given) + gamma * hp.column_norms(head)


def free_new(weights, biases, older, **others):
    """Columns of new units, rows from new to older units, new biases, the head."""
    below, masks = [len(weights[0]), *older[:-1]], []
    for w, p, q in zip(weights, below, older, strict=True):
        mask = np.ones(w.shape, bool)
        mask[:p, :q] = False
        masks.append(mask)
    return {"weights": masks, "biases": [np.arange(len(b)) >= q for b, q in zip(biases, older, strict=True)],
            "head": True, "head_bias": True}


RECIPE = Recipe(
    name="objective_eq5",
    equation="L(W^N) + mu sum(abs(W^N and V)) + gamma sum over new units of norm(all their incoming weights)  (Eq. 5)",
    inputs={**DATA, **NETWORK, "older": "int64[*]", "mu": "float64", "gamma": "float64"},
    outputs=OUTPUTS,
    conventions=[*CONVENTIONS, "older[l]: how many units of hidden layer l are older than the stage, which stand "
                 "first (a count; in unit_drift and most_drifted, older are indices)",
                 "free: incoming weights and biases of new units, edges from new to older units, the head",
                 "a group is all incoming weights of one new unit, from old and new units together",
                 "edges from new to older units carry L1 and no group; the head is no group"],
    oracle=objective(expansion, free_new),
    mistakes=[
        Mistake("group-cut-in-two", "A unit's incoming weights from older and from new units were taken as two groups "
                "(the released code does this). They are one.", other_penalty(cut_groups)),
        Mistake("rows-as-groups", "Outgoing weights were grouped; a group is a column, the incoming weights of a new "
                "unit.", other_penalty(row_groups)),
        Mistake("l1-on-biases", BIASES, other_penalty(
            lambda biases, head_bias, older, mu, **given: expansion(older=older, mu=mu, **given) + mu * (
                hp.l1(head_bias) + sum((hp.l1(b[q:]) for b, q in zip(biases, older, strict=True)), Decimal(0))))),
        Mistake("head-not-penalised", HEAD_FREE, other_penalty(
            lambda head, **given: expansion(head=head * 0, **given))),
        Mistake("edges-to-older-units-forgotten", "Edges from new units to older ones carry L1 as well.",
                other_penalty(lambda weights, head, older, mu, gamma, **others: expansion(
                    weights, head, older, mu, gamma) - mu * sum(
                        (hp.l1(back) for _, back in new_edges(weights, older)), Decimal(0)))),
        Mistake("old-weights-penalised", "The penalty was taken over all weights; old ones are held and cost nothing.",
                other_penalty(lambda weights, head, mu, gamma, **others: expansion(
                    weights, head, [0] * len(weights), mu, gamma))),
        Mistake("group-squared", "The squared norm was taken for the groups; it is the norm, whose kink at 0 makes "
                "whole units vanish.", other_penalty(
                    lambda weights, head, older, mu, gamma, **others: expansion(weights, head, older, mu, 0 * gamma)
                    + gamma * sum((hp.total(new ** 2) for new, _ in new_edges(weights, older)), Decimal(0)))),
        Mistake("bias-in-group", "A new unit's bias was taken into the norm of its group; biases are not penalised.",
                with_groups(with_bias)),
        Mistake("group-size-scaled", "Every norm was multiplied by the root of the group's size, as some definitions "
                "of the group lasso have it; here every group has the strength gamma.",
                with_groups(times_root_of_size)),
        Mistake("new-to-older-edges-grouped", "Edges from new units into an older one were taken for a group; they "
                "carry L1 alone.", with_groups(back_edges_grouped)),
        Mistake("head-grouped", "Columns of the head were taken for groups; the head carries L1 alone.",
                other_penalty(head_grouped)),
        Mistake("old-weights-free", HELD, other_gradient(None)),
        mean_over_outputs(objective(expansion, free_new)),
        *added_to_smooth(expansion, free_new),
        Mistake("older-head-rows-held", "Head rows of older units were held; the whole head of t is free.",
                other_gradient(lambda older, head, **given: free_new(older=older, head=head, **given) | {
                    "head": np.arange(len(head))[:, None] >= older[-1]})),
        Mistake("edges-to-older-units-held", "Edges from new units into older ones were held at 0, without a gradient; "
                "they are free.", other_gradient(lambda older, **given: free_new(older=older, **given) | {"weights": [
                    np.arange(w.shape[1]) >= q for w, q in zip(given["weights"], older)]})),
        Mistake("new-biases-held", "The biases of new units were held: gradient 0. They are free.", other_gradient(
            lambda **given: free_new(**given) | {"biases": [b != b for b in given["biases"]]})),
        Mistake("older-counted-as-new", "older was read as the number of new units; it is how many are older.",
                lambda weights, older, **given: objective(expansion, free_new)(
                    weights=weights, older=np.array([w.shape[1] - q for w, q in zip(weights, older)]), **given)),
        Mistake("head-rows-grouped", "A new unit's row of the head was taken for a group; the head carries L1 alone.",
                other_penalty(lambda head, older, gamma, **given: expansion(
                    head=head, older=older, gamma=gamma, **given) + gamma * hp.column_norms(head[older[-1]:].T))),
        Mistake("group-of-older-rows", "A group had a new unit's weights from older units alone; all its incoming "
                "weights are in it, those from other new units too.", with_groups(
                    lambda w, b, p, q: hp.column_norms(w[:p, q:]))),
        Mistake("one-group-per-layer", "The new units of a layer were one group together; every new unit is one.",
                with_groups(lambda w, b, p, q: hp.column_norms(w[:, q:].reshape(-1, 1)))),
    ],
    questions=[
        Question("by-hand", "one old and one new unit in each of two layers, at logit 0",
                 {"x": array([1, 1]), "labels": array([0]), "loss": "sigmoid",
                  "weights": [array([1, 3], [0, 4]), array([2, 3], [0.5, 4])], "biases": [np.zeros(2), np.zeros(2)],
                  "head": array([0], [0]), "head_bias": np.array([0.0]), "older": np.array([1, 1]), "mu": 0.5,
                  "gamma": 0.25},
                 "by hand: h_1 = (1, 7), h_2 = (5.5, 31), dlogit = 1/2; abs 7 + 7 + 0.5, norms 5 and 5",
                 expected={"smooth": float(np.log(2)), "penalty": 9.75, "dweights": [np.zeros((2, 2))] * 2,
                           "dbiases": [np.zeros(2)] * 2, "dhead": array([2.75], [15.5]),
                           "dhead_bias": np.array([0.5])}),
        Question("nothing-appended", "k = 0: only the head is free",
                 {**SMALL, "older": np.array([2]), "mu": 0.5, "gamma": 4.0}, "by hand: the head alone, 4.5 / 2",
                 expected={**SMALL_GRADIENT, "dweights": [array([0, 0])], "dbiases": [np.zeros(2)], "penalty": 2.25}),
        Question("all-new", "a layer whose old units are all gone, under one that has some",
                 lambda: {**data(1, 5, 3, 1), **network(2, 3, 3, 4), "older": np.array([0, 2]), "mu": 0.02,
                          "gamma": 0.3}, ORACLE),
        Question("several-outputs", "two old and two new units in both layers, two outputs",
                 lambda: {**data(3, 5, 4, 2), **network(4, 4, 4, 4, n_outputs=2), "older": np.array([2, 2]), "mu": 0.05,
                          "gamma": 0.2}, ORACLE),
        Question("softmax", "one layer, three old and two new units, three classes",
                 lambda: {**data(5, 6, 4, 3, "softmax"), **network(6, 4, 5, n_outputs=3), "older": np.array([3]),
                          "mu": 0.05, "gamma": 0.2}, ORACLE),
    ])
