"""Eq. 2-6: the data loss L, the penalty, and the gradient of L where weights are free to move (0 where they are held).

Every function takes small dense matrices, cut out of a network; L is the mean loss over samples.  The penalties are the
paper's, with Eq. 4's norm squared and halved; two are options that the paper names, L1 in Eq. 4 and Fisher information
in Eq. 6.  None of den_ref's own options (weight decay, other norms) is in them.
"""

import numpy as np

from .arrays import filled, norm
from .network import network_backward
from .penalties import l1_value, squared_l2_value


def objective_eq2(x, labels, loss, weights, biases, head, head_bias, mu):
    """L(W) + mu sum of abs(W), over all weights and the head; biases are not penalised, everything is free."""
    penalty = sum(l1_value(w, mu) for w in [*weights, head])
    return answer(penalty, lambda l, i, j: False, x, labels, loss, weights, biases, head, head_bias)


def objective_eq3(features, labels, loss, head, head_bias, mu_head):
    """L(V, c) + mu_head sum of abs(V), on fixed features: Eq. 2 of a network without hidden layers."""
    at = objective_eq2(features, labels, loss, [], [], head, head_bias, mu_head)
    return {name: at[name] for name in ("smooth", "penalty", "dhead", "dhead_bias")}


def objective_eq4(x, labels, loss, weights, biases, head, head_bias, edges, mu_l2):
    """L(W_S) + (mu_l2 / 2) sum of W_S^2, over the selected weights and the head.  Where ``edges`` is False, 0 stays."""
    penalty = sum(squared_l2_value(w, mu_l2) for w in [*weights, head])
    return answer(penalty, no_edge(edges), x, labels, loss, weights, biases, head, head_bias)


def objective_eq4_l1(x, labels, loss, weights, biases, head, head_bias, edges, mu_l2, mu):
    """Eq. 4 with L1: mu sum of abs(W_S) besides, over the same weights and the head."""
    at = objective_eq4(x, labels, loss, weights, biases, head, head_bias, edges, mu_l2)
    return {**at, "penalty": at["penalty"] + sum(l1_value(w, mu) for w in [*weights, head])}


def objective_eq5(x, labels, loss, weights, biases, head, head_bias, older, mu, gamma):
    """L(W^N) + mu sum of abs(W^N) + gamma sum over new units of norm(all incoming weights).

    W^N are the free weights: into new units, from new units into older ones, and the head.  ``older[l]`` is how many
    units of hidden layer l (l = 0 the first) are older; they stand first.  Held: an older unit's bias and its weights
    from older units and from input features.
    """
    def is_old(l, i, j):
        return j < older[l] and (i is None or l == 0 or i < older[l - 1])

    penalty = l1_value(head, mu)
    for l, w in enumerate(weights):
        penalty += sum(mu * abs(w[i, j]) for i, j in np.ndindex(w.shape) if not is_old(l, i, j))
        penalty += sum(gamma * norm(w[i, j] for i in range(len(w))) for j in range(older[l], w.shape[1]))
    return answer(penalty, is_old, x, labels, loss, weights, biases, head, head_bias)


def objective_eq6(x, labels, loss, weights, biases, head, head_bias, edges, anchor_weights, anchor_biases, lam):
    """L(W) + lam sum of (W - W^{t-1})^2, over the weights and biases that existed at t-1: they stand first.

    Where ``edges`` is False, 0 stays.  What is newer, and the head, is free without a pull.  An edge that is 0 now and
    was not at t-1 costs its lam (w^{t-1})^2 here, a constant that ``den.equations.eq6`` leaves out.
    """
    penalty = 0.0
    for now, anchor in zip([*weights, *biases], [*anchor_weights, *anchor_biases], strict=True):
        penalty += sum(lam * (now[index] - anchor[index]) ** 2 for index in np.ndindex(anchor.shape))
    return answer(penalty, no_edge(edges), x, labels, loss, weights, biases, head, head_bias)


def objective_eq6_fisher(x, labels, loss, weights, biases, head, head_bias, edges, anchor_weights, anchor_biases,
                         fisher_weights, fisher_biases, lam):
    """L(W) + lam sum of F (W - W^{t-1})^2, over the same weights and biases, each with an F of its own."""
    penalty = 0.0
    for now, anchor, fisher in zip([*weights, *biases], [*anchor_weights, *anchor_biases],
                                   [*fisher_weights, *fisher_biases], strict=True):
        penalty += sum(lam * fisher[index] * (now[index] - anchor[index]) ** 2 for index in np.ndindex(anchor.shape))
    return answer(penalty, no_edge(edges), x, labels, loss, weights, biases, head, head_bias)


def no_edge(edges):
    """Held: the weights of connections that do not exist."""
    return lambda l, i, j: i is not None and not edges[l][i, j]


def answer(penalty, held, *problem) -> dict:
    """L, the penalty and the gradient; ``held(l, i, j)``: does the weight not move?  (i None: the bias of unit j.)"""
    at = network_backward(*problem)
    dweights = [filled(dw.shape, lambda i, j: 0 if held(l, i, j) else dw[i, j]) for l, dw in enumerate(at["dweights"])]
    dbiases = [filled(db.shape, lambda j: 0 if held(l, None, j) else db[j]) for l, db in enumerate(at["dbiases"])]
    return {"smooth": at["value"], "penalty": penalty, "dweights": dweights, "dbiases": dbiases,
            "dhead": at["dhead"], "dhead_bias": at["dhead_bias"]}
