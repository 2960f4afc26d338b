"""Proximal Newton: Eq. 3 with sigmoid outputs, which are independent problems.

Each iteration replaces the cross-entropy by its second-order model, minimises model + penalty
(:mod:`den_ref.core.lasso`; its size is p, whatever the number of samples), and searches along the way there.  That
takes about seven passes over the data where first-order methods take hundreds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import logit

from den_ref.doors import Each, OneOf, Positive, Whole, door

from .certificate import certified, head_certificate
from .lasso import solve_lasso
from .linear_head import Design, LinearHead, checked_problem
from .losses import sigmoid_cross_entropy
from .result import Result


@door
def prox_newton(features, labels, mu, *, tol: Positive() = 1e-9, max_iter: Whole(0) = 50,
                start: Each(None, None) = None, intercept: OneOf(True, False) = True) -> Result:
    """Minimise, over weights V (p, K) and bias c (K,), Eq. 3 with sigmoid outputs:

        (1/n) sum over samples and outputs of [log(1 + exp(z)) - y z]  +  mu * sum(abs(V)),    z = features @ V + c

    Parameters
    ----------
    features : (n, p) array, n >= 1
        float32 is fine: everything is computed in float64.
    labels : (n, K) array of 0 and 1
        If a column has one class only, the infimum lies at an infinite bias.  The answer is then a finite one: a
        bias so large that the residual is within ``tol``.
    mu : float >= 0
    tol : float
        Bound on ``residual``.  Rounding alone makes a residual of about 1e-16 * max(abs(features))^2 * max(abs(V)),
        so standardise features of size 1e4.
    max_iter : int
        Newton iterations per output.
    start : LinearHead, optional
        By default V = 0 and c = the log-odds of the labels.
    intercept : bool
        False holds c at 0.

    Returns
    -------
    Result
        ``x`` is a :class:`~den_ref.core.linear_head.LinearHead` in float64, with exact zeros in V; ``residual`` and
        ``gap`` are those of :func:`~den_ref.core.certificate.head_certificate`; ``nit`` is that of the slowest
        output; ``history`` has "objective" (summed over outputs) and "residual" (the largest), an output that is done
        keeping its last value.

    Warns
    -----
    ConvergenceWarning
        When max_iter is exhausted before the residual is <= tol.

    >>> x = np.array([[-1.0], [-1.0], [1.0], [1.0]])
    >>> y = np.array([[0.0], [0.0], [1.0], [1.0]])
    >>> prox_newton(x, y, mu=0.25).x.weights         # expit(-v) = mu, so v = log(3)
    array([[1.09861229]])
    >>> prox_newton(x, y, mu=0.5).x.weights          # mu is critical
    array([[0.]])
    """
    features, labels, mu = checked_problem(features, labels, mu, tol)
    start = _null_head(features, labels, tol, intercept) if start is None else start
    design = Design(features, mu, intercept)
    coefs = design.coefficients(start, labels.shape[1])            # (q, K)
    outputs = [_solve_output(design, y, coef, tol, max_iter) for y, coef in zip(labels.T, coefs.T)]
    head = design.head(np.stack([output.coef for output in outputs], axis=1))
    certificate = head_certificate.inner(features, labels, mu, head, intercept)
    history = {
        "objective": _together([output.objective for output in outputs]).sum(axis=1).tolist(),
        "residual": _together([output.residual for output in outputs]).max(axis=1).tolist(),
    }
    return certified("prox_newton", head, certificate, history, tol)


@door
def prox_newton_step(features, labels, mu, head: Each(None, None), intercept: OneOf(True, False) = True) -> LinearHead:
    """One iteration of :func:`prox_newton`, from any head.

    With g and H the gradient and Hessian of the cross-entropy at the head w = (V, c), the step goes towards

        argmin over u of  g . (u - w) + (u - w) . H (u - w) / 2 + mu * sum(abs(u's weights))

    per output: all the way, or 1/2, 1/4, ... of it until the objective falls enough.

    >>> x = np.array([[-1.0], [-1.0], [1.0], [1.0]])
    >>> y = np.array([[0.0], [0.0], [1.0], [1.0]])
    >>> prox_newton_step(x, y, 0.25, LinearHead(np.zeros((1, 1)), np.zeros(1))).weights    # (1/2 - mu) / (1/4)
    array([[1.]])
    """
    features, labels, mu = checked_problem(features, labels, mu, tol=1.0)
    design = Design(features, mu, intercept)
    coefs = design.coefficients(head, labels.shape[1], "head")     # (q, K)
    points = [_look(design, y, coef, design.matrix @ coef) for y, coef in zip(labels.T, coefs.T)]
    moved = [_newton_step(design, y, point)[0] for y, point in zip(labels.T, points)]
    return design.head(np.stack(moved, axis=1))


class _Output(NamedTuple):
    """One solved output: its (q,) coefficients, and objective and residual per iteration."""

    coef: np.ndarray
    objective: list
    residual: list


class _Point(NamedTuple):
    """Everything known at one (q,) coefficients: logits (n,), objective, gradients, residual."""

    coef: np.ndarray
    logits: np.ndarray
    objective: float
    grad: np.ndarray
    dlogits: np.ndarray
    residual: float


def _look(design, labels, coef, logits) -> _Point:
    value, dlogits = sigmoid_cross_entropy.inner(logits, labels)
    grad = design.matrix.T @ dlogits
    return _Point(coef, logits, value + design.penalty(coef), grad, dlogits, design.distance(coef, grad))


def _solve_output(design, labels, coef, tol, max_iter) -> _Output:
    """Proximal Newton on one output; labels (n,), coef (q,)."""
    logits, objective, residual = design.matrix @ coef, [], []
    while True:
        point = _look(design, labels, coef, logits)
        objective.append(point.objective)
        residual.append(point.residual)
        if residual[-1] <= tol / 2 or len(residual) > max_iter:    # half: the certificate rounds differently
            return _Output(coef, objective, residual)
        coef, logits = _newton_step(design, labels, point)


def _newton_step(design, labels, point: _Point):
    """Minimise the model at the point, search along the way there; the new (coef, logits)."""
    coef, logits, objective, grad, dlogits, residual = point
    target = _model_minimiser(design, labels, coef, grad, dlogits, residual)
    return _line_search(design, labels, coef, target, logits, objective, grad)


def _model_minimiser(design, labels, coef, grad, dlogits, residual):
    """argmin over u of  grad . (u - coef) + (u - coef) . H (u - coef) / 2 + penalty(u), H the Hessian at coef.

    Zeros whose gradient is within the threshold stay zero in this iteration and are left out of H.
    """
    moving = (coef != 0) | (np.abs(grad) > design.threshold) | (design.threshold == 0)
    matrix = design.matrix if moving.all() else design.matrix[:, moving]
    hessian = output_hessian(matrix, len(labels) * dlogits + labels)
    linear = grad[moving] - hessian @ coef[moving]
    target = coef.copy()
    target[moving] = solve_lasso.inner(hessian, linear, design.threshold[moving], coef[moving], tol=residual / 100)
    return target


def output_hessian(matrix, s):
    """(1/n) matrix^T diag(s * (1 - s)) matrix, with s = sigmoid(logits) (n,), made positive definite.

    The floor under s * (1 - s) serves saturated outputs, the ridge constant and duplicated features.  Both change the
    path, not the solution, because the gradient is exact.
    """
    curvature = s * (1 - s)
    curvature = np.maximum(curvature, 1e-12 * curvature.max() + 1e-30) / len(s)
    half = matrix * np.sqrt(curvature)[:, None]
    hessian = half.T @ half                                        # NumPy computes one triangle of such a product
    hessian.flat[:: len(hessian) + 1] += 1e-13 * hessian.diagonal() + 1e-300
    return hessian


def _line_search(design, labels, coef, target, logits, objective, grad):
    """(coef, logits) at the first share 1, 1/2, 1/4, ... of the way to target that lowers the objective enough.

    The way leads downhill, because target minimises a convex model that agrees with F to first order, so a small
    enough share always passes; close to the solution, where F's change drowns in rounding, the full step passes.
    """
    move = target - coef
    dlogits = design.matrix @ move
    expected = grad @ move + design.penalty(target) - design.penalty(coef)       # < 0
    rounding = 4 * np.finfo(np.float64).eps * abs(objective)
    share = 1.0
    while share > 0:
        new, new_logits = coef + share * move, logits + share * dlogits
        value = sigmoid_cross_entropy.inner(new_logits, labels)[0] + design.penalty(new)
        if value <= objective + 1e-4 * share * expected + rounding:
            break
        share /= 2
    return new, new_logits


def _null_head(features, labels, tol, intercept) -> LinearHead:
    """V = 0 with the best bias, the log-odds; a column of one class gets a residual of tol / 4."""
    rate = np.clip(labels.mean(axis=0), tol / 4, 1 - tol / 4) if intercept else np.full(labels.shape[1], 0.5)
    return LinearHead(np.zeros((features.shape[1], labels.shape[1])), logit(rate))


def _together(traces):
    """Traces of different lengths as columns, the shorter ones continued by their last value."""
    longest = max(len(trace) for trace in traces)
    return np.array([trace + trace[-1:] * (longest - len(trace)) for trace in traces]).T
