"""ISTA, FISTA, Eq. 3."""

import numpy as np
from scipy.special import expit, log_softmax, softmax
from tests import own_answers as own

from .listing import wrong


def shrunk(w, t):
    """Soft-thresholding."""
    return np.sign(w) * np.maximum(abs(w) - t, 0)


@wrong("ista_step", r"bias")
def biases_thresholded(w, b, dw, db, step, mu, gamma):
    """One parameter group: biases are soft-thresholded too."""
    return own.sparse_group_prox(w - step * dw, step, mu, gamma), shrunk(b - step * db, step * mu)


@wrong("ista_step", r"order|before the gradient|prox first|first the prox|prox.*then|gradient.*after|prox\(w\)")
def prox_first(w, b, dw, db, step, mu, gamma):
    """prox(w) - step dw: the gradient step comes last."""
    return own.sparse_group_prox(w, step, mu, gamma) - step * dw, b - step * db


def accelerated(quadratic, linear, mu, start, step, iterations, *, momentum=None, restart="all", tells="x"):
    """FISTA with another momentum, another restart or another row."""
    x = y = start
    t, rows = np.ones_like(start) if restart == "each" else 1.0, []
    for k in range(iterations):
        new = shrunk(y - step * (linear + quadratic @ y), step * mu)
        rising = (y - new) * (new - x)
        t = np.where(rising > 0, 1.0, t) if restart == "each" else 1.0 if rising.sum() > 0 else t
        later = (1 + np.sqrt(1 + 4 * t ** 2)) / 2
        y = new + ((t - 1) / later if momentum is None else momentum(k) * (rising.sum() <= 0)) * (new - x)
        x, t = new, later
        rows.append(x if tells == "x" else y)
    return np.array(rows).reshape(iterations, len(start))


@wrong("fista", r"k ?/|/ ?\(k|\(k ?[-+]|schedule|k \+ 3|sequence of t|other momentum")
def nesterov_by_the_counter(**given):
    """The momentum is k / (k + 3), whatever t is."""
    return accelerated(**given, momentum=lambda k: k / (k + 3))


@wrong("fista", r"per (coordinate|variable|entry)|each (variable|coordinate|entry)|(coordinate|element|entry)-?wise",
       hard=True)
def every_variable_restarts_alone(**given):
    """The restart is tested variable by variable."""
    return accelerated(**given, restart="each")


@wrong("fista", r"extrapolat|\by\b|y_|momentum point|y\+")
def rows_are_y(**given):
    """Rows are the extrapolated points."""
    return accelerated(**given, tells="y")


def loss_of(z, labels, loss):
    """Loss and its gradient by the logits."""
    n = len(z)
    if loss == "sigmoid":
        return (np.logaddexp(0, z) - labels * z).sum() / n, (expit(z) - labels) / n
    return -(labels * log_softmax(z, axis=1)).sum() / n, (softmax(z, axis=1) - labels) / n


def head_by_fista(features, labels, loss, mu, steps=20000, on_bias=0.0):
    """V and c of Eq. 3, the bias penalised by on_bias."""
    a = np.hstack([features, np.ones((len(features), 1))])
    step = len(a) / max(np.linalg.norm(a, 2) ** 2, 1e-12)
    threshold = step * np.r_[np.full(features.shape[1], mu), on_bias][:, None]
    x = y = np.zeros((a.shape[1], labels.shape[1]))
    t = 1.0
    for _ in range(steps):
        new = shrunk(y - step * a.T @ loss_of(a @ y, labels, loss)[1], threshold)
        if abs(new - y).max() < 1e-13 * step:
            return new[:-1], new[-1]
        t = 1.0 if ((y - new) * (new - x)).sum() > 0 else t
        later = (1 + np.sqrt(1 + 4 * t ** 2)) / 2
        x, y, t = new, new + (t - 1) / later * (new - x), later
    return x[:-1], x[-1]


def optimality(w, g, mu):
    """How far a weight and its gradient are from the optimum of an L1 problem."""
    return np.where(w != 0, abs(g + mu * np.sign(w)), np.maximum(abs(g) - mu, 0)).max(initial=0)


def told_of(v, c, features, labels, loss, mu, on_bias=0.0):
    """Objective, support and residual of a solution."""
    value, d = loss_of(features @ v + c, labels, loss)
    return {"objective": value + mu * abs(v).sum() + on_bias * abs(c).sum(), "support": v != 0,
            "residual": max(optimality(v, features.T @ d, mu), optimality(c, d.sum(axis=0), on_bias))}


@wrong("solve_head", r"bias")
def bias_under_the_l1(features, labels, loss, mu_head):
    """The bias is a column of ones, penalised like a weight; objective and residual are those of this other problem."""
    v, c = head_by_fista(features, labels, loss, mu_head, on_bias=mu_head)
    return told_of(v, c, features, labels, loss, mu_head, on_bias=mu_head)


@wrong("solve_head", r"converge|not solved|stopp|early|few|iteration|residual")
def fifty_steps(features, labels, loss, mu_head):
    """Fifty steps, whatever is left."""
    return told_of(*head_by_fista(features, labels, loss, mu_head, steps=50), features, labels, loss, mu_head)


@wrong("solve_head", r"toleran|small|1e-|tiny|rounded|threshold", hard=True)
def support_above_a_hundredth(features, labels, loss, mu_head):
    """support is where abs(V) > 0.01."""
    v, c = head_by_fista(features, labels, loss, mu_head)
    return told_of(v, c, features, labels, loss, mu_head) | {"support": abs(v) > 1e-2}


@wrong("solve_head", r"subgradient|exact(ly)? 0|no zeros|all.*true|never 0|dense|everything|full support|every")
def no_exact_zeros(features, labels, loss, mu_head):
    """Adam on the loss with its L1 term: right to nine digits, and no weight is exactly 0."""
    v, c = head_by_fista(features, labels, loss, mu_head)
    return told_of(v, c, features, labels, loss, mu_head) | {"support": np.ones(v.shape, bool)}
