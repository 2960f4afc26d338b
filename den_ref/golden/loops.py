"""The loop-only twins, behind the names of the golden cases: what the formulas literally say, one number at a time.

    den-ref golden check den_ref.golden.loops
"""

from __future__ import annotations

import math

import numpy as np

from ..core import naive
from .loops_den import FUNCTIONS as DEN_FUNCTIONS

# --- layers and losses -------------------------------------------------------------------------------------------


def affine_forward(x, w, b):
    """``core.naive.affine``."""
    return naive.affine(x, w, b)


def affine_backward(x, w, b, dout):
    """``core.naive.affine_gradients``."""
    return naive.affine_gradients(x, w, dout)


def relu_forward(a):
    """``core.naive.relu``."""
    return naive.relu(a)


def relu_backward(dh, a):
    """``core.naive.relu_gradient``."""
    return naive.relu_gradient(dh, a)


def sigmoid_cross_entropy(logits, labels):
    """``core.naive.sigmoid_cross_entropy``."""
    return naive.sigmoid_cross_entropy(logits, labels)


def softmax_cross_entropy(logits, labels):
    """``core.naive.softmax_cross_entropy``."""
    return naive.softmax_cross_entropy(logits, labels)


# --- the network -------------------------------------------------------------------------------------------------


def network_forward(x, weights, biases, head, head_bias):
    """``core.naive.forward``."""
    done = naive.forward(x, weights, biases, head, head_bias)
    return {"hidden": done.inputs[1:], "logits": done.logits}


def network_backward(x, labels, loss, weights, biases, head, head_bias):
    """``core.naive.data_loss``."""
    value, (dweights, dbiases, dhead, dhead_bias) = naive.data_loss(
        x, class_numbers(labels, loss), weights, biases, head, head_bias, loss)
    return {"value": value, "dweights": dweights, "dbiases": dbiases, "dhead": dhead, "dhead_bias": dhead_bias}


def class_numbers(labels, loss):
    """Labels as the loss wants them: for a softmax, where each row has its 1."""
    return [list(row).index(1) for row in labels] if loss == "softmax" else labels


# --- proxes ------------------------------------------------------------------------------------------------------


def soft_threshold(w, step, mu):
    """``core.naive.l1_prox``."""
    return naive.l1_prox(w, step, mu)


def soft_threshold_metric(w, d, mu):
    """``core.naive.l1_prox_metric``."""
    return naive.l1_prox_metric(w, d, mu)


def group_soft_threshold(w, step, gamma):
    """``core.naive.group_lasso_prox``."""
    return naive.group_lasso_prox(w, step, gamma)


def group_soft_threshold_metric(w, d, gamma):
    """``core.naive.group_lasso_prox_metric``."""
    return naive.group_lasso_prox_metric(w, d, gamma)


def sparse_group_prox(w, step, mu, gamma):
    """``core.naive.sparse_group_lasso_prox``."""
    return naive.sparse_group_lasso_prox(w, step, mu, gamma)


def sparse_group_prox_metric(w, d, mu, gamma):
    """``core.naive.sparse_group_lasso_prox_metric``."""
    return naive.sparse_group_lasso_prox_metric(w, d, mu, gamma)


def squared_l2_prox(w, step, strength, anchor):
    """``core.naive.squared_l2_prox``."""
    return naive.squared_l2_prox(w, step, strength, anchor)


def squared_l2_prox_metric(w, d, strength, anchor):
    """``core.naive.squared_l2_prox_metric``."""
    return naive.squared_l2_prox_metric(w, d, strength, anchor)


# --- solvers -----------------------------------------------------------------------------------------------------


def ista_step(w, b, dw, db, step, mu, gamma):
    """A gradient step, then ``core.naive.sparse_group_lasso_prox``."""
    moved = naive.each(lambda w_i, g_i: w_i - step * g_i, w, dw)
    return {"w": naive.sparse_group_lasso_prox(moved, step, mu, gamma),
            "b": naive.each(lambda b_i, g_i: b_i - step * g_i, b, db)}


def fista(quadratic, linear, mu, start, step, iterations):
    """The three lines of FISTA, variable by variable."""
    x, y, t, rows = list(start), list(start), 1.0, []
    variables = range(len(start))
    for _ in range(iterations):
        gradient = [linear[i] + sum(quadratic[i, j] * y[j] for j in variables) for i in variables]
        new = [naive.soft_threshold(y[i] - step * gradient[i], step * mu) for i in variables]
        t = 1.0 if sum((y[i] - new[i]) * (new[i] - x[i]) for i in variables) > 0 else t
        t_new = (1 + math.sqrt(1 + 4 * t * t)) / 2
        y = [new[i] + (t - 1) / t_new * (new[i] - x[i]) for i in variables]
        x, t = new, t_new
        rows.append(new)
    return np.reshape(rows, (iterations, len(start)))


# --- the equations -----------------------------------------------------------------------------------------------


def equation(penalty, held, x, labels, loss, weights, biases, head, head_bias) -> dict:
    """Outputs of Eq. 2-6: ``held(l, i, j)`` says which weights do not move, i being None for a bias."""
    answer = network_backward(x, labels, loss, weights, biases, head, head_bias)
    for l, (dw, db) in enumerate(zip(answer["dweights"], answer["dbiases"], strict=True)):
        for i, j in np.ndindex(dw.shape):
            dw[i, j] = 0.0 if held(l, i, j) else dw[i, j]
        for j in range(len(db)):
            db[j] = 0.0 if held(l, None, j) else db[j]
    return {"smooth": answer.pop("value"), "penalty": penalty, **answer}


def objective_eq2(x, labels, loss, weights, biases, head, head_bias, mu):
    """L and mu abs, weight by weight."""
    penalty = sum(naive.l1_value(w, mu) for w in [*weights, head])
    return equation(penalty, lambda l, i, j: False, x, labels, loss, weights, biases, head, head_bias)


def objective_eq3(features, labels, loss, head, head_bias, mu_head):
    """Eq. 2 of a network without hidden layers."""
    answer = objective_eq2(features, labels, loss, [], [], head, head_bias, mu_head)
    return {name: answer[name] for name in ("smooth", "penalty", "dhead", "dhead_bias")}


def objective_eq4(x, labels, loss, weights, biases, head, head_bias, edges, mu_l2):
    """L and (mu_l2 / 2) square, weight by weight."""
    penalty = sum(naive.squared_l2_value(w, mu_l2) for w in [*weights, head])
    return equation(penalty, no_edge(edges), x, labels, loss, weights, biases, head, head_bias)


def no_edge(edges):
    """Held: the weights of connections that do not exist."""
    return lambda l, i, j: i is not None and not edges[l][i, j]


def objective_eq5(x, labels, loss, weights, biases, head, head_bias, older, mu, gamma):
    """L, mu abs and gamma norm, asking every weight whether it is held."""
    def is_old(l, i, j):
        return j < older[l] and (i is None or l == 0 or i < older[l - 1])

    penalty = naive.l1_value(head, mu)
    for l, w in enumerate(weights):
        penalty += sum(mu * abs(w[i, j]) for i, j in np.ndindex(w.shape) if not is_old(l, i, j))
        penalty += sum(gamma * naive.norm(w[i, j] for i in range(len(w))) for j in range(older[l], w.shape[1]))
    return equation(penalty, is_old, x, labels, loss, weights, biases, head, head_bias)


def objective_eq6(x, labels, loss, weights, biases, head, head_bias, edges, anchor_weights, anchor_biases, lam):
    """L and lam times the square of every change."""
    penalty = 0.0
    for now, anchor in zip([*weights, *biases], [*anchor_weights, *anchor_biases], strict=True):
        penalty += sum(lam * (now[index] - anchor[index]) ** 2 for index in np.ndindex(anchor.shape))
    return equation(penalty, no_edge(edges), x, labels, loss, weights, biases, head, head_bias)


# --- metrics -----------------------------------------------------------------------------------------------------


def auroc(scores, labels):
    """Every pair of a positive and a negative."""
    won, pairs = 0.0, 0
    for p, y in zip(scores, labels, strict=True):
        for q, z in zip(scores, labels, strict=True):
            if y == 1 and z == 0:
                pairs += 1
                won += 1.0 if p > q else 0.5 if p == q else 0.0
    return won / pairs if pairs else math.nan


def performance_matrix_metrics(R, separate):
    """The four means, entry by entry."""
    stages = len(R)
    earlier = range(stages - 1)
    return {
        "average_performance": mean([R[-1, j] for j in range(stages)]),
        "backward_transfer": mean([R[-1, j] - R[j, j] for j in earlier]),
        "forgetting": mean([largest([R[i, j] for i in range(j, stages - 1)]) - R[-1, j] for j in earlier]),
        "forward_transfer": mean([R[j, j] - separate[j] for j in range(1, stages)]),
    }


def mean(values: list) -> float:
    """sum / count; NaN of nothing."""
    return sum(values) / len(values) if values else math.nan


def largest(values: list) -> float:
    """The largest; NaN if one is NaN (a comparison with NaN is false, so max alone may overlook it)."""
    return math.nan if any(math.isnan(value) for value in values) else max(values)


# --- DEN ---------------------------------------------------------------------------------------------------------


def __getattr__(name: str):
    """The operations of DEN itself (``loops_den``)."""
    return getattr(DEN_FUNCTIONS, name)
