"""How far a head can be from the optimum of Eq. 3: the residual and the duality gap of any head, from scratch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import entr

from den_ref.doors import LOSS_NAMES, Each, Floats, Labels, NotNegative, OneOf, door

from .losses import sigmoid_cross_entropy, softmax_cross_entropy
from .penalties import l1_subdiff_distance
from .result import MESSAGES, Result, warn_not_converged


class Certificate(NamedTuple):
    """How far a head can be from optimal: see :func:`head_certificate`."""

    fun: float
    residual: float
    gap: float


@door
def head_certificate(features: Floats("n", "p"), labels: Labels("n", "K"), mu: NotNegative(),
                     head: Each(Floats("p", "K"), Floats("K")), intercept: OneOf(True, False) = True,
                     loss: OneOf(*LOSS_NAMES) = "sigmoid") -> Certificate:
    """Objective, residual and duality gap of any head, from scratch, in float64 and in the original coordinates.

    residual
        The largest of  abs(g + mu * sign V) where V != 0,  max(abs(g) - mu, 0) where V = 0,  and the bias's
        abs(gradient): the distance, in the largest entry, of -gradient to the subdifferential.  0 iff optimal.
    gap
        F(head) - D(r) >= F(head) - min F, with the dual of the problem,

            D(r) = (1/n) sum of H(y + r)

        over r with  abs(features^T r) / n <= mu  and, the bias being free,  sum(r) = 0 per output::

            sigmoid:  0 <= y + r <= 1,  H(u) = -u log u - (1 - u) log(1 - u)
            softmax:  y the labels as rows of 0 and 1, every row of y + r a distribution over the classes,
                      H(u) = -(sum over classes of u log u)

        r = (the head's probabilities) - y is changed to fulfil these.  mu = 0 allows only r = 0 then, and the gap says
        little.
    """
    (weights, bias), features = head, np.asarray(features, np.float64)
    loss_function = softmax_cross_entropy if loss == "softmax" else sigmoid_cross_entropy
    value, dlogits = loss_function.inner(features @ weights + bias, labels)
    fun = value + mu * float(np.abs(weights).sum())
    distance = l1_subdiff_distance.inner(weights, features.T @ dlogits, mu)
    bias_gradient = dlogits.sum(axis=0) * intercept
    residual = max(float(distance.max(initial=0)), float(np.abs(bias_gradient).max(initial=0)))
    dual_value = _softmax_dual_value if loss == "softmax" else _sigmoid_dual_value
    return Certificate(fun, residual, fun - dual_value(features, labels, mu, dlogits * len(labels), intercept))


def _sigmoid_dual_value(features, labels, mu, r, intercept) -> float:
    """D at the residuals r = sigmoid(z) - y (n, K), shrunk until they are feasible."""
    if intercept:
        r = _balanced(r)
    reach = np.abs(features.T @ r).max(axis=0, initial=0) / len(r)               # (K,)
    r = r * np.divide(mu, reach, out=np.ones_like(reach), where=reach > mu)
    u = np.clip(labels + r, 0, 1)
    return float((entr(u) + entr(1 - u)).sum()) / len(r)


def _balanced(r):
    """r with the heavier of its positive and negative parts scaled down, per column, so that they sum to 0."""
    above, below = np.maximum(r, 0), np.minimum(r, 0)
    up, down = above.sum(axis=0), -below.sum(axis=0)
    both = np.minimum(up, down)
    return above * _quotient(both, up) + below * _quotient(both, down)


def _softmax_dual_value(features, labels, mu, r, intercept) -> float:
    """D at the residuals r = softmax(z) - y (n, K), moved and shrunk until they are feasible."""
    y = np.zeros_like(r)
    y[np.arange(len(y)), labels] = 1
    u = np.clip(y + r, 0, 1)
    if intercept:
        u = _moved(u, y.mean(axis=0))
    reach = float(np.abs(features.T @ (u - y)).max(initial=0)) / len(y)
    u = u if reach <= mu else y + mu / reach * (u - y)
    return float(entr(np.clip(u, 0, 1)).sum()) / len(y)


def _moved(u, frequency):
    """Distributions u (n, K) changed to have the mean ``frequency`` (K,).

    Of a class whose mean is too large every row gives the same share, and the row spreads it over the classes whose
    mean is too small.
    """
    mean = u.mean(axis=0)
    kept = u * np.minimum(_quotient(frequency, mean), 1)
    given = (u - kept).sum(axis=1, keepdims=True)                  # (n, 1)
    missing = np.maximum(frequency - mean, 0)
    return kept + given * _quotient(missing, np.full_like(missing, missing.sum()))


def _quotient(a, b):
    """a / b, and 0 where b is 0."""
    return np.divide(a, b, out=np.zeros_like(b), where=b > 0)


def certified(name, head, certificate, history, tol) -> Result:
    """The Result of a head solve; warns if the certificate misses the tolerance."""
    nit = len(history["objective"]) - 1
    success = certificate.residual <= tol
    if not success:
        warn_not_converged(name, certificate.residual, tol, nit)
    status = 0 if success else 1
    return Result(
        x=head, fun=certificate.fun, nit=nit, success=success, status=status, message=MESSAGES[status],
        residual=certificate.residual, gap=certificate.gap, history=history,
    )
