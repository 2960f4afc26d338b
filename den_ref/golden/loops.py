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


def performance_matrix_variants(R, untrained, joint, sizes):
    """The printed formulas, entry by entry."""
    n = len(R)
    last, earlier, later = n - 1, range(n - 1), range(1, n)
    transfer = mean([R[i, j] - R[j, j] for i in later for j in range(i)])
    return {
        "learning_performance": mean([R[j, j] for j in range(n)]),
        "intransigence": mean([joint[k] - R[k, k] for k in range(n)]),
        "forward_transfer_lopez_paz": mean([R[i - 1, i] - untrained[i] for i in later]),
        "backward_transfer_gem_code": mean([R[-1, j] - R[j, j] for j in earlier]) * last / n,
        "forgetting_with_last": mean([largest([R[i, j] for i in range(j, n)]) - R[-1, j] for j in earlier]),
        "forgetting_from_first": mean([R[j, j] - R[-1, j] for j in earlier]),
        "accuracy_diaz": mean([R[i, j] for i in range(n) for j in range(i + 1)]),
        "backward_transfer_diaz": transfer,
        "remembering_diaz": transfer if math.isnan(transfer) else 1 + transfer if transfer < 0 else 1.0,
        "positive_backward_transfer_diaz": 0.0 if transfer < 0 else transfer,
        "forward_transfer_diaz": mean([R[i, j] for i in range(n) for j in range(i + 1, n)]),
        "model_size_efficiency": min(1.0, sum(sizes[0] / size for size in sizes) / len(sizes)),
    }


# --- DNN-L2, DNN-EWC, DNN-Progressive ----------------------------------------------------------------------------


def fisher_diagonal(x, labels, loss, kind, weights, biases, head, head_bias):
    """``core.naive.fisher_diagonal``, cut into the network's arrays."""
    left = list(naive.fisher_diagonal(x, class_numbers(labels, loss), weights, biases, head, head_bias, loss, kind))
    fisher_weights, fisher_head = [taken(left, w) for w in weights], taken(left, head)
    return {"fisher_weights": fisher_weights, "fisher_biases": [taken(left, b) for b in biases],
            "fisher_head": fisher_head, "fisher_head_bias": taken(left, head_bias)}


def taken(numbers: list, like) -> np.ndarray:
    """The first numbers, taken off the list, in the shape of an array."""
    first, numbers[:like.size] = numbers[:like.size], []
    return np.reshape(first, like.shape)


def ewc_penalty(w, lam, anchors, decay, fisher, learnt):
    """Every square with its own anchor, weight by weight."""
    squares = []
    for k, (own, anchor) in enumerate(zip(fisher, learnt, strict=True)):
        share = decay ** (len(fisher) - k) if anchors == "latest" else 1.0
        squares.append((share * own, learnt[-1] if anchors == "latest" else anchor))

    def value(at):
        return sum(lam / 2 * f[i] * (at[i] - a[i]) ** 2 for f, a in squares for i in range(len(at)))

    slope = [sum(lam * f[i] * (w[i] - a[i]) for f, a in squares) for i in range(len(w))]
    return {"value": value(w) - value(learnt[-1]), "gradient": np.array(slope)}


def ewc_prox(w, step, lam, importance, anchor):
    """``core.naive.squared_l2_prox_metric``, in the metric 1 / step, which takes a strength per weight."""
    return naive.squared_l2_prox_metric(w, np.full(w.shape, 1 / step), lam * importance, anchor)


def l2_transfer_step(anchor_weights, anchor_biases, lam, step, **network):
    """A gradient step, then ``core.naive.squared_l2_prox`` on the body."""
    def pulled(name, anchors):
        return [naive.squared_l2_prox(moved(w, g, step), step, 2 * c, a)
                for w, g, a, c in zip(network[name], network[f"d{name}"], anchors, lam, strict=True)]

    return {"weights": pulled("weights", anchor_weights), "biases": pulled("biases", anchor_biases),
            "head": moved(network["head"], network["dhead"], step),
            "head_bias": moved(network["head_bias"], network["dhead_bias"], step)}


def moved(w, gradient, step):
    """w - step gradient."""
    return naive.each(lambda w_i, g_i: w_i - step * g_i, w, gradient)


def progressive_forward(x, weights, biases, heads, head_biases, **adapters):
    """One column after the other, one layer at a time."""
    done, logits = [], []
    for k in range(len(heads)):
        hidden = [x]
        for l, (w, b) in enumerate(zip([*weights[k], heads[k]], [*biases[k], head_biases[k]], strict=True)):
            a = naive.affine(hidden[-1], w, b)
            if k and l:
                a = a + lateral(*(adapters[name][k - 1][l - 1] for name in ADAPTER), [h[l] for h in done])
            hidden.append(naive.relu(a))
        logits.append(a)
        done.append(hidden)
    return {"logits": logits}


ADAPTER = ("alphas", "projections", "projection_biases", "laterals")


def before_relu(alphas, projections, bias, older):
    """sum over older columns j of a_j h_j P_j + p."""
    total = 0.0
    for h, a, P in zip(older, alphas, projections, strict=True):
        total = total + a * naive.affine(h, P, np.zeros(len(bias)))
    return total + bias


def lateral(alphas, projections, bias, outgoing, older):
    """relu(sum over j of a_j h_j P_j + p) U."""
    return naive.affine(naive.relu(before_relu(alphas, projections, bias, older)), outgoing,
                        np.zeros(outgoing.shape[1]))


def progressive_adapter_backward(older, alphas, projections, bias, lateral, dout):
    """Two affine layers with a ReLU between them, backwards."""
    a = before_relu(alphas, projections, bias, older)
    dr, dlateral, _ = naive.affine_gradients(naive.relu(a), lateral, dout)
    da = naive.relu_gradient(dr, a)
    each_column = [naive.affine_gradients(alpha * h, P, da) for h, alpha, P in zip(older, alphas, projections,
                                                                                    strict=True)]
    dalphas = [sum(h[i] * d[i] for i in np.ndindex(h.shape)) for h, (d, _, _) in zip(older, each_column, strict=True)]
    return {"dalphas": np.array(dalphas), "dprojections": np.array([dP for _, dP, _ in each_column]),
            "dbias": each_column[0][2], "dlateral": dlateral}


# --- DEN ---------------------------------------------------------------------------------------------------------


def __getattr__(name: str):
    """The operations of DEN itself (``loops_den``)."""
    return getattr(DEN_FUNCTIONS, name)
