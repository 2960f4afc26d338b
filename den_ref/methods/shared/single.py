"""A task by itself: its own linear weights, and its loss to second order around them."""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from den_ref.core.losses import sigmoid_cross_entropy
from den_ref.core.result import MESSAGES, Result, warn_not_converged

from .bases import Quadratic


def _logistic(z, y):
    value, slope = sigmoid_cross_entropy.inner(z, y)
    p = y + len(y) * slope
    return value, slope, p * (1 - p) / len(y)


def _squared(z, y):
    return (z - y) @ (z - y) / (2 * len(y)), (z - y) / len(y), np.full(len(y), 1 / len(y))


#: Loss -> its mean over samples, its slope and its curvature by z (n,), with their 1/n:  y is 0 or 1, or any number.
LOSSES = {"logistic": _logistic, "squared": _squared}


def single_task(phi, y, loss: str, ridge: float) -> Result:
    """theta = argmin of  (1/n) sum of loss(z, y) + (ridge / 2) norm(theta without its last)^2,  z = phi theta.

    logistic:  log(1 + exp(z)) - y z;  squared:  (z - y)^2 / 2.  The last feature is the constant: the bias is free.
    Newton's method with step halving; one step for the squared loss.

    Returns
    -------
    Result
        x : (d,); residual: the largest entry of the gradient; history: objective and residual per iteration.
    """
    held = np.full(phi.shape[1], ridge)
    held[-1] = 0
    theta, history, tol = np.zeros(len(held)), {"objective": [], "residual": []}, 1e-9 * (1 + abs(phi).max())

    def at(theta):
        value, slope, curvature = LOSSES[loss](phi @ theta, y)
        return value + held @ theta**2 / 2, phi.T @ slope + held * theta, curvature

    while True:
        value, gradient, curvature = at(theta)
        history["objective"].append(value)
        history["residual"].append(float(abs(gradient).max()))
        if history["residual"][-1] <= tol or len(history["residual"]) > 50:
            break
        hessian = (phi * curvature[:, None]).T @ phi + np.diag(held)
        hessian.flat[::len(held) + 1] += 1e-13 * hessian.diagonal() + 1e-300
        move, share = cho_solve(cho_factor(hessian), gradient), 1.0
        while share > 1e-6 and at(theta - share * move)[0] > value:
            share /= 2
        theta = theta - share * move
    nit, residual = len(history["residual"]) - 1, history["residual"][-1]
    if residual > tol:
        warn_not_converged("single_task", residual, tol, nit)
    status = int(residual > tol)
    return Result(x=theta, fun=value, nit=nit, success=not status, status=status, message=MESSAGES[status],
                  residual=residual, history=history)


def expansion(phi, y, loss: str, theta) -> Quadratic:
    """The mean loss to second order around theta:  D = (1/2) Hessian,  c = D theta,  e = theta^T D theta."""
    curvature = LOSSES[loss](phi @ theta, y)[2]
    D = (phi * curvature[:, None]).T @ phi / 2
    return Quadratic(D, D @ theta, float(theta @ D @ theta))
