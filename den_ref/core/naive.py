"""What the formulas literally say, one number at a time: the slow twins of this folder.

Nothing here calls the fast code, and every sum is a loop.  Read a function here first, then its twin; tests hold the
two against each other.  Arrays go in and come out as in the fast code (samples are rows, a column of w is a unit's
incoming weights), but every result is float64.

===================  =====================================================================
here                 twin
===================  =====================================================================
affine, relu         layers.affine_forward, layers.relu_forward
forward, backward    mlp.DataLoss
the two losses       losses
``*_value, *_prox``  penalties: ``value(w)``, ``prox(z, step)``
``*_prox_metric``    penalties: ``prox_metric(z, d)``, curvature d[i] in the quadratic term
complete_squares     penalties.Sum
``proximal_*_step``  adam.proximal_adam_step, adam.proximal_sgd_step
===================  =====================================================================
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

# --- layers ------------------------------------------------------------------------------------------------------


def affine(x, w, b):
    """a[n, j] = sum over i of x[n, i] w[i, j] + b[j].

    >>> affine(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), np.array([0.5]))
    array([[11.5]])
    """
    a = np.zeros((len(x), w.shape[1]))                             # (n, n_out)
    for n, j in np.ndindex(a.shape):
        a[n, j] = b[j]
        for i in range(w.shape[0]):
            a[n, j] += float(x[n, i]) * float(w[i, j])
    return a


def affine_gradients(x, w, dout):
    """dx[n, i] = sum_j dout[n, j] w[i, j],  dw[i, j] = sum_n x[n, i] dout[n, j],  db[j] = sum_n dout[n, j]."""
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(w.shape[1])
    for n, j in np.ndindex(dout.shape):
        db[j] += dout[n, j]
        for i in range(w.shape[0]):
            dx[n, i] += float(dout[n, j]) * float(w[i, j])
            dw[i, j] += float(x[n, i]) * float(dout[n, j])
    return dx, dw, db


def relu(a):
    """h = a where a > 0, else 0."""
    h = np.zeros(a.shape)
    for index in np.ndindex(a.shape):
        if a[index] > 0:
            h[index] = a[index]
    return h


def relu_gradient(dh, a):
    """da = dh where a > 0, else 0: the derivative at a = 0 is 0."""
    da = np.zeros(a.shape)
    for index in np.ndindex(a.shape):
        if a[index] > 0:
            da[index] = dh[index]
    return da


# --- losses ------------------------------------------------------------------------------------------------------


def log_1_plus_exp(z: float) -> float:
    """log(1 + exp(z)), by the side on which exp cannot overflow."""
    return z + math.log1p(math.exp(-z)) if z > 0 else math.log1p(math.exp(z))


def sigmoid(z: float) -> float:
    """1 / (1 + exp(-z)), by the side on which exp cannot overflow.

    >>> sigmoid(0.0), sigmoid(-1e4), sigmoid(1e4)
    (0.5, 0.0, 1.0)
    """
    return 1 / (1 + math.exp(-z)) if z > 0 else math.exp(z) / (1 + math.exp(z))


def sigmoid_cross_entropy(logits, labels):
    """(1/n) sum over samples and outputs of log(1 + exp(z)) - y z, and its gradient (sigmoid(z) - y) / n.

    At z = 0 the gradient is (1/2 - y) / n.
    """
    n, value, dlogits = len(logits), 0.0, np.zeros(logits.shape)
    for index in np.ndindex(logits.shape):
        z, y = float(logits[index]), float(labels[index])
        value += (log_1_plus_exp(z) - y * z) / n
        dlogits[index] = (sigmoid(z) - y) / n
    return value, dlogits


def softmax(z):
    """p_c = exp(z_c) / sum over k of exp(z_k) of one sample, after subtracting the largest z."""
    powers = [math.exp(float(z_c) - float(max(z))) for z_c in z]
    return [power / sum(powers) for power in powers]


def softmax_cross_entropy(logits, labels):
    """(1/n) sum over samples of log(sum over c of exp(z_c)) - z_y; gradient (softmax(z) - onehot(y)) / n."""
    n, value, dlogits = len(logits), 0.0, np.zeros(logits.shape)
    for i in range(n):
        z, top = logits[i], float(max(logits[i]))
        value += (top + math.log(sum(math.exp(float(z_c) - top) for z_c in z)) - float(z[labels[i]])) / n
        for c, p in enumerate(softmax(z)):
            dlogits[i, c] = (p - (1 if c == labels[i] else 0)) / n
    return value, dlogits


# --- the network -------------------------------------------------------------------------------------------------


class Pass(NamedTuple):
    """What a forward pass leaves behind."""

    inputs: list                                # [x, h_1, ..., h_m]: what each layer and the head read
    before: list                                # [a_1, ..., a_m]: hidden layers before the ReLU
    logits: np.ndarray                          # (n, n_outputs)


def forward(x, weights, biases, head, head_bias) -> Pass:
    """h_0 = x,  a_l = h_{l-1} W_l + b_l,  h_l = relu(a_l),  logits = h_m V + c."""
    inputs, before = [x], []
    for w, b in zip(weights, biases, strict=True):
        before.append(affine(inputs[-1], w, b))
        inputs.append(relu(before[-1]))
    return Pass(inputs, before, affine(inputs[-1], head, head_bias))


def backward(done: Pass, weights, head, dlogits):
    """Gradients of a loss with dLoss/dlogits = dlogits: (dweights, dbiases, dhead, dhead_bias)."""
    dh, dhead, dhead_bias = affine_gradients(done.inputs[-1], head, dlogits)
    dweights, dbiases = [], []
    for h, a, w in zip(done.inputs[-2::-1], done.before[::-1], weights[::-1], strict=True):
        dh, dw, db = affine_gradients(h, w, relu_gradient(dh, a))
        dweights.insert(0, dw)
        dbiases.insert(0, db)
    return dweights, dbiases, dhead, dhead_bias


def data_loss(x, y, weights, biases, head, head_bias, loss="sigmoid"):
    """The mean loss of a network over samples and its gradients: (value, (dweights, dbiases, dhead, dhead_bias))."""
    done = forward(x, weights, biases, head, head_bias)
    value, dlogits = {"sigmoid": sigmoid_cross_entropy, "softmax": softmax_cross_entropy}[loss](done.logits, y)
    return value, backward(done, weights, head, dlogits)


def label_distribution(logits, loss: str) -> list:
    """Every label that one sample may have, with its probability: [(label, probability), ...].

    Softmax: a class each.  Sigmoid: each of the 2^C rows of 0 and 1, outputs being independent.
    """
    if loss == "softmax":
        return list(enumerate(softmax(logits)))
    rows = [([], 1.0)]
    for z in logits:
        rows = [([*row, y], share * (sigmoid(float(z)) if y else 1 - sigmoid(float(z))))
                for row, share in rows for y in (0, 1)]
    return rows


def fisher_diagonal(x, y, weights, biases, head, head_bias, loss="sigmoid", kind="exact"):
    """F[i] = (1/n) sum over samples of E_y[(dloss/dw[i])^2], arrays in data_loss's order of gradients, as a flat list.

    "exact" goes through every label that a sample may have; "empirical" takes the one it has.
    """
    total = 0
    for n in range(len(x)):
        sample, logits = x[n:n + 1], forward(x[n:n + 1], weights, biases, head, head_bias).logits[0]
        for label, share in label_distribution(logits, loss) if kind == "exact" else [(y[n], 1.0)]:
            _, (dweights, dbiases, dhead, dbias) = data_loss(sample, np.array([label]), weights, biases, head,
                                                             head_bias, loss)
            squares = [g * g for array in (*dweights, dhead, *dbiases, dbias) for g in array.ravel()]
            total = total + share * np.array(squares) / len(x)
    return total


# --- penalties, entry by entry -----------------------------------------------------------------------------------


def l1_value(w, strength: float) -> float:
    """strength * sum of abs(w)."""
    return strength * sum(abs(float(w[index])) for index in np.ndindex(w.shape))


def soft_threshold(z: float, threshold: float) -> float:
    """The u that minimises (u - z)^2 / 2 + threshold * abs(u), by its three cases; abs(z) == threshold gives 0.

    >>> soft_threshold(3.0, 1.0), soft_threshold(-1.0, 1.0), soft_threshold(-3.0, 1.0)
    (2.0, 0.0, -2.0)
    """
    if z > threshold:
        return z - threshold
    if z < -threshold:
        return z + threshold
    return 0.0


def l1_prox(z, step: float, strength: float):
    """argmin over u of (u - z)^2 / (2 step) + strength * abs(u): the threshold is step * strength."""
    return each(lambda z_i: soft_threshold(z_i, step * strength), z)


def l1_prox_metric(z, d, strength: float):
    """argmin over u of d (u - z)^2 / 2 + strength * abs(u): the threshold is strength / d, one per entry."""
    return each(lambda z_i, d_i: soft_threshold(z_i, strength / d_i), z, d)


def squared_l2_value(w, strength: float, anchor=0.0) -> float:
    """(strength / 2) * sum of (w - anchor)^2."""
    anchor = np.broadcast_to(anchor, w.shape)
    return sum(strength / 2 * (float(w[index]) - float(anchor[index])) ** 2 for index in np.ndindex(w.shape))


def squared_l2_prox(z, step: float, strength: float, anchor=0.0):
    """argmin over u of (u - z)^2 / (2 step) + (strength / 2) (u - anchor)^2.

    Its derivative (u - z) / step + strength (u - anchor) is 0 at u = (z + step strength anchor) / (1 + step strength).
    """
    return each(lambda z_i, a_i: (z_i + step * strength * a_i) / (1 + step * strength), z, anchor)


def squared_l2_prox_metric(z, d, strength, anchor=0.0):
    """argmin over u of d (u - z)^2 / 2 + (strength / 2) (u - anchor)^2: (d z + strength anchor) / (d + strength)."""
    return each(lambda z_i, d_i, s_i, a_i: (d_i * z_i + s_i * a_i) / (d_i + s_i), z, d, strength, anchor)


def each(function, z, *others):
    """function(z[i], other[i], ...) for every entry; others may be plain numbers."""
    others = [np.broadcast_to(other, z.shape) for other in others]
    result = np.zeros(z.shape)
    for index in np.ndindex(z.shape):
        result[index] = function(float(z[index]), *(float(other[index]) for other in others))
    return result


# --- penalties, group by group -----------------------------------------------------------------------------------


def groups(shape) -> list:
    """The entries of each group: the columns of a 2-D array; any other array is one single group.

    >>> groups((2, 2))
    [[(0, 0), (1, 0)], [(0, 1), (1, 1)]]
    """
    if len(shape) == 2:
        return [[(i, j) for i in range(shape[0])] for j in range(shape[1])]
    return [list(np.ndindex(shape))]


def norm(values) -> float:
    """sqrt of the sum of squares; 0 for no values."""
    return math.sqrt(sum(float(value) ** 2 for value in values))


def group_lasso_value(w, strength: float) -> float:
    """strength * sum over groups of norm(group)."""
    return strength * sum(norm(w[index] for index in group) for group in groups(w.shape))


def group_lasso_prox(z, step: float, strength: float):
    """argmin over u of norm(u - z)^2 / (2 step) + strength * sum over groups of norm(u_group).

    Each group keeps its direction and loses step * strength of its norm; it is 0 if it has no more than that.
    """
    u = np.zeros(z.shape)
    for group in groups(z.shape):
        length = norm(z[index] for index in group)
        if length > step * strength:
            for index in group:
                u[index] = float(z[index]) * (length - step * strength) / length
    return u


def group_lasso_prox_metric(z, d, strength: float):
    """argmin over u of sum of d (u - z)^2 / 2 + strength * sum over groups of norm(u_group).

    Where u_group != 0, the derivative d (u - z) + strength u / r is 0, with r = norm(u_group):

        u = z d r / (d r + strength),    and r solves the secular equation    sum of (d z / (d r + strength))^2 = 1.

    u_group = 0 iff 0 is in the subdifferential there, that is norm(d z) <= strength.
    """
    u, d = np.zeros(z.shape), np.broadcast_to(d, z.shape)
    for group in groups(z.shape):
        z_group, d_group = [float(z[index]) for index in group], [float(d[index]) for index in group]
        if norm(d_i * z_i for d_i, z_i in zip(d_group, z_group, strict=True)) <= strength:
            continue
        r = secular_root(z_group, d_group, strength)
        for index, z_i, d_i in zip(group, z_group, d_group, strict=True):
            u[index] = z_i if strength == 0 else z_i * d_i * r / (d_i * r + strength)
    return u


def secular_root(z, d, strength: float) -> float:
    """The r with sum of (d z / (d r + strength))^2 = 1, bisected until no number lies between the bounds.

    The sum falls with r.  It is above 1 at r = 0 (the group is not 0) and at most 1 at r = norm(z).

    >>> round(secular_root([3.0, 4.0], [1.0, 1.0], 1.0), 12)       # in the Euclidean metric: norm(z) - strength
    4.0
    """
    low, high = 0.0, norm(z)
    while low < (middle := (low + high) / 2) < high:
        if norm(d_i * z_i / (d_i * middle + strength) for d_i, z_i in zip(d, z, strict=True)) > 1:
            low = middle
        else:
            high = middle
    return high


def sparse_group_lasso_value(w, l1: float, group: float) -> float:
    """l1 * sum of abs(w) + group * sum over groups of norm(group)."""
    return l1_value(w, l1) + group_lasso_value(w, group)


def sparse_group_lasso_prox(z, step: float, l1: float, group: float):
    """Soft-threshold every entry *first*, then shrink every group: in the other order it is not the prox."""
    return group_lasso_prox(l1_prox(z, step, l1), step, group)


def sparse_group_lasso_prox_metric(z, d, l1: float, group: float):
    """The same two shrinkages in the same order, both in the metric d."""
    return group_lasso_prox_metric(l1_prox_metric(z, d, l1), d, group)


def complete_squares(z, d, squares):
    """The one square that all squares together are: (centre, curvature).

    d (u - z)^2 / 2 + sum over (s, a) of (s / 2) (u - a)^2  =  curvature (u - centre)^2 / 2 + constant, with
    curvature = d + sum of s and centre = (d z + sum of s a) / curvature.  A penalty beside squares therefore has its
    prox at the centre, in the metric curvature.

    Parameters
    ----------
    z, d : array, and number or array like it
    squares : list of (strength, anchor)
    """
    weighted, curvature = each(lambda z_i, d_i: d_i * z_i, z, d), each(lambda _, d_i: d_i, z, d)
    for strength, anchor in squares:
        weighted = each(lambda sum_i, a_i: sum_i + strength * a_i, weighted, anchor)
        curvature = each(lambda sum_i: sum_i + strength, curvature)
    return each(lambda sum_i, c_i: sum_i / c_i, weighted, curvature), curvature


# --- updates -----------------------------------------------------------------------------------------------------


def proximal_adam_step(w, g, m, v, k: int, prox_metric, step, beta1=0.9, beta2=0.999, eps=1e-8):
    """Iteration k = 1, 2, ... of proximal Adam: the new (w, m, v).

    g is the gradient of the data loss alone, ``prox_metric(z, d)`` the penalty's prox in the metric d:

        m = beta1 m + (1 - beta1) g        v = beta2 v + (1 - beta2) g^2
        d = (sqrt(v / (1 - beta2^k)) + eps) / step
        w = prox_metric(w - (m / (1 - beta1^k)) / d, d)
    """
    z, d, new_m, new_v = (np.zeros(w.shape) for _ in range(4))
    for i in np.ndindex(w.shape):
        new_m[i] = beta1 * float(m[i]) + (1 - beta1) * float(g[i])
        new_v[i] = beta2 * float(v[i]) + (1 - beta2) * float(g[i]) ** 2
        d[i] = (math.sqrt(new_v[i] / (1 - beta2**k)) + eps) / step
        z[i] = float(w[i]) - new_m[i] / (1 - beta1**k) / d[i]
    return prox_metric(z, d), new_m, new_v


def proximal_sgd_step(w, g, m, prox, step, beta=0.9):
    """Proximal SGD with an averaged gradient: m = beta m + (1 - beta) g, then w = prox(w - step m, step); (w, m)."""
    z, new_m = np.zeros(w.shape), np.zeros(w.shape)
    for i in np.ndindex(w.shape):
        new_m[i] = beta * float(m[i]) + (1 - beta) * float(g[i])
        z[i] = float(w[i]) - step * new_m[i]
    return prox(z, step), new_m
