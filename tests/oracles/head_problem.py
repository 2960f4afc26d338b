"""The convex head problem (Eq. 3), solved in 50-digit decimals with a proof: the oracle of ``solve_head``.

Accelerated proximal gradient in floating point finds which weights are 0, and the signs of the others.  With these held
the objective is smooth, and Newton's method solves it to all digits.  The point is then shown to meet the optimality
conditions; the problem is convex, so it is *the* minimum, however the candidate was found.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal, localcontext

import numpy as np

from . import high_precision as hp

#: The most that the optimality conditions may be off.
CERTIFIED = Decimal("1e-30")


@dataclass(frozen=True)
class Solution:
    """objective, weights (p, K), and how far the support is from being another one."""

    objective: float
    weights: np.ndarray
    margin: float


def solve(features, labels, loss, mu, mu_bias=0.0) -> Solution:
    """argmin over V, c of the mean cross-entropy + mu sum(abs(V)) + mu_bias sum(abs(c)).

    Raises
    ------
    ArithmeticError
        If the point found is not shown to be the minimum.
    """
    for iterations in (1_000, 10_000, 100_000):                    # weak penalties take longer
        signs = candidate(features, labels, loss, mu, mu_bias, iterations)
        try:
            return certified(features, labels, loss, mu, mu_bias, signs)
        except ArithmeticError as error:
            reason = error
    raise reason


def certified(features, labels, loss, mu, mu_bias, signs) -> Solution:
    """The minimum among points with these signs, if it is the minimum of all."""
    with localcontext(Context(prec=hp.DIGITS)):
        design = hp.to_decimal(np.hstack([features, np.ones((len(features), 1))]))
        strength = np.full(signs.shape, Decimal(mu))
        strength[-1] = Decimal(mu_bias)
        theta = newton(design, labels, loss, strength, signs)
        margin = certified_margin(theta, slope(design, labels, loss, theta), strength)
        loss_value = hp.LOSSES[loss](hp.product(design, theta), targets(labels, loss))
        return Solution(float(loss_value + hp.total(strength * abs(theta))), hp.to_float(theta[:-1]), margin)


# --- floating point: which are zero ------------------------------------------------------------------------------


def candidate(features, labels, loss, mu, mu_bias, iterations) -> np.ndarray:
    """Signs (p + 1, K) of the solution, the bias last, by accelerated proximal gradient; a free bias has sign 2."""
    design = np.hstack([features, np.ones((len(features), 1))])
    strength = np.full((design.shape[1], labels.shape[1]), mu)
    strength[-1] = mu_bias
    step = len(features) / np.linalg.norm(design, 2) ** 2
    theta = moving = np.zeros(strength.shape)
    age = 0
    for _ in range(iterations):
        slope_there = design.T @ (probabilities(design @ moving, loss) - labels) / len(features)
        z = moving - step * slope_there
        new = np.sign(z) * np.maximum(abs(z) - step * strength, 0)
        age = 0 if np.vdot(moving - new, new - theta) > 0 else age + 1
        theta, moving = new, new + age / (age + 3) * (new - theta)
    signs = np.sign(theta)
    signs[-1] = 2 if mu_bias == 0 else signs[-1]
    return signs.astype(int)


def probabilities(logits, loss):
    """Sigmoid of every logit, or softmax of every row; floats or decimals."""
    exp = np.vectorize(lambda z: z.exp(), otypes=[object]) if logits.dtype == object else np.exp
    if loss == "sigmoid":
        return 1 / (1 + exp(-logits))
    powers = exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


# --- decimals: the solution --------------------------------------------------------------------------------------


def targets(labels, loss):
    """Labels as the loss wants them."""
    return labels.argmax(axis=1) if loss == "softmax" else labels


def slope(design, labels, loss, theta):
    """Gradient (p + 1, K) of the mean cross-entropy."""
    p = probabilities(hp.product(design, theta), loss)
    return hp.product(design.T, p - hp.to_decimal(labels)) / len(design)


def newton(design, labels, loss, strength, signs, iterations=60):
    """Stationary point of the loss + strength sign theta over the entries whose sign is not 0."""
    free = np.argwhere(signs)
    if loss == "softmax":                                          # a constant added to all biases changes nothing
        free = np.array([place for place in free if tuple(place) != (len(signs) - 1, signs.shape[1] - 1)])
    theta = np.full(signs.shape, Decimal(0))
    rows, columns = free.T
    for _ in range(iterations):
        gradient = (slope(design, labels, loss, theta) + strength * signs)[rows, columns]
        if hp.norm(gradient) < CERTIFIED / 1000:
            break
        move = linear_solution(curvature(design, loss, theta, free), gradient)
        damping = min(Decimal(1), 1 / max(hp.norm(move), Decimal("1e-40")))
        theta[rows, columns] -= damping * move
    return theta


def curvature(design, loss, theta, free):
    """Second derivatives of the mean cross-entropy between the free entries."""
    p = probabilities(hp.product(design, theta), loss)
    hessian = np.empty((len(free), len(free)), object)
    for a, (i, c) in enumerate(free):
        for b, (j, e) in enumerate(free):
            weight = p[:, c] * ((c == e) - p[:, e]) if loss == "softmax" or c == e else 0 * p[:, c]
            hessian[a, b] = hp.total(design[:, i] * design[:, j] * weight) / len(design)
    return hessian


def linear_solution(matrix, right):
    """Gaussian elimination with pivots."""
    system = np.column_stack([matrix, right])
    n = len(system)
    for k in range(n):
        pivot = k + max(range(n - k), key=lambda i: abs(system[k + i, k]))
        system[[k, pivot]] = system[[pivot, k]]
        system[k] = system[k] / system[k, k]
        for i in range(n):
            if i != k:
                system[i] = system[i] - system[i, k] * system[k]
    return system[:, -1]


def certified_margin(theta, gradient, strength) -> float:
    """The distance of the support from another one; an ArithmeticError unless theta is the minimum."""
    violation, margin = Decimal(0), Decimal("Infinity")
    for place in np.ndindex(theta.shape):
        value, g, s = theta[place], gradient[place], strength[place]
        if value != 0 or s == 0:
            violation = max(violation, abs(g + (s if value > 0 else -s)))
        else:
            violation = max(violation, abs(g) - s)
        if place[0] < len(theta) - 1:
            margin = min(margin, abs(value) if value != 0 else s - abs(g))
    if violation > CERTIFIED:
        raise ArithmeticError(f"the optimality conditions are off by {violation:.2e}")
    return float(margin)
