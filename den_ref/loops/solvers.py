"""Steps and solvers: ISTA, FISTA, Eq. 3 to its minimum, proximal Adam and SGD."""

import math

import numpy as np

from .arrays import each, filled
from .equations import objective_eq3
from .penalties import shrunk, sparse_group_prox


def ista_step(w, b, dw, db, step, mu, gamma):
    """w = prox(w - step dw) with the prox of mu abs + gamma norm of each column; b = b - step db; (w, b)."""
    return sparse_group_prox(moved(w, dw, step), step, mu, gamma), moved(b, db, step)


def moved(w, gradient, step):
    """w - step gradient, entry by entry."""
    return each(lambda w_i, g_i: w_i - step * g_i, w, gradient)


def fista(quadratic, linear, mu, start, step, iterations):
    """The iterates on x Q x / 2 + linear x + mu sum of abs(x), Q symmetric: one row each.

    x_new = prox(y - step (Q y + linear)), t_new = (1 + sqrt(1 + 4 t^2)) / 2, y = x_new + (t - 1) / t_new (x_new - x),
    with t set back to 1 first if (y - x_new) (x_new - x) > 0: the momentum points uphill.
    """
    x, y, t, rows = list(start), list(start), 1.0, []
    variables = range(len(start))
    for _ in range(iterations):
        gradient = [linear[i] + sum(quadratic[i, j] * y[j] for j in variables) for i in variables]
        new = [shrunk(y[i] - step * gradient[i], step * mu) for i in variables]
        t = 1.0 if sum((y[i] - new[i]) * (new[i] - x[i]) for i in variables) > 0 else t
        t_new = (1 + math.sqrt(1 + 4 * t * t)) / 2
        y = [new[i] + (t - 1) / t_new * (new[i] - x[i]) for i in variables]
        x, t = new, t_new
        rows.append(new)
    return np.reshape(rows, (iterations, len(start)))


def solve_head(features, labels, loss, mu_head):
    """Eq. 3's minimum: (objective there, which weights are not 0, residual)."""
    head, head_bias = fitted_head(features, labels, loss, mu_head)
    at = objective_eq3(features, labels, loss, head, head_bias, mu_head)
    support = filled(head.shape, lambda i, j: head[i, j] != 0, bool)
    return at["smooth"] + at["penalty"], support, residual(head, at, mu_head)


def fitted_head(features, labels, loss, mu_head, tolerance=1e-9):
    """The head (V, c) that minimises Eq. 3, by ISTA from zero until the residual is at most the tolerance.

    The step is 1 / L with a bound L of the curvature: the mean over samples of (1 + sum of squared features), times
    1/4 (the most that a sigmoid's slope can be), for a softmax 1/2.  Every output needs samples of both labels: without
    them its bias runs away, and there is no minimum to wait for.
    """
    size = sum(1 + sum(h**2 for h in sample) for sample in features) / len(features)
    step = 1 / (size * {"sigmoid": 1 / 4, "softmax": 1 / 2}[loss])
    head, head_bias = np.zeros((features.shape[1], labels.shape[1])), np.zeros(labels.shape[1])
    while True:
        at = objective_eq3(features, labels, loss, head, head_bias, mu_head)
        if residual(head, at, mu_head) <= tolerance:
            return head, head_bias
        head, head_bias = ista_step(head, head_bias, at["dhead"], at["dhead_bias"], step, mu_head, 0.0)


def residual(head, at, mu_head) -> float:
    """How far 0 is from the subdifferential of Eq. 3, in its largest entry.

    At V != 0 it is abs(dV + mu_head sign(V)), at V = 0 max(abs(dV) - mu_head, 0), at the bias abs(dc).
    """
    distances = each(lambda v, dv: abs(dv + math.copysign(mu_head, v)) if v else abs(dv) - mu_head, head, at["dhead"])
    return max([0.0, *distances.ravel(), *each(abs, at["dhead_bias"])])


def proximal_adam_step(w, g, m, v, k: int, prox_metric, step, beta1=0.9, beta2=0.999, eps=1e-8):
    """Iteration k = 1, 2, ... of proximal Adam: the new (w, m, v).

    g is the gradient of the data loss alone, ``prox_metric(z, d)`` the penalty's prox in the metric d:

        m = beta1 m + (1 - beta1) g        v = beta2 v + (1 - beta2) g^2
        d = (sqrt(v / (1 - beta2^k)) + eps) / step
        w = prox_metric(w - (m / (1 - beta1^k)) / d, d)
    """
    m = each(lambda m_i, g_i: beta1 * m_i + (1 - beta1) * g_i, m, g)
    v = each(lambda v_i, g_i: beta2 * v_i + (1 - beta2) * g_i**2, v, g)
    d = each(lambda v_i: (math.sqrt(v_i / (1 - beta2**k)) + eps) / step, v)
    z = each(lambda w_i, m_i, d_i: w_i - m_i / (1 - beta1**k) / d_i, w, m, d)
    return prox_metric(z, d), m, v


def proximal_sgd_step(w, g, m, prox, step, beta=0.9):
    """Proximal SGD with an averaged gradient: m = beta m + (1 - beta) g, then w = prox(w - step m, step); (w, m)."""
    m = each(lambda m_i, g_i: beta * m_i + (1 - beta) * g_i, m, g)
    return prox(moved(w, m, step), step), m
