"""Eq. 3 with a softmax output, which couples its classes: FISTA."""

from __future__ import annotations

import warnings

import numpy as np

from den_ref.doors import Positive, Whole, door

from .certificate import certified, head_certificate
from .linear_head import Design, checked_problem
from .losses import softmax_cross_entropy
from .penalties import Penalty, soft_threshold
from .result import ConvergenceWarning, Result
from .solvers import fista


class _WeightedL1(Penalty):
    """P(w) = sum(strength * abs(w)), with one strength per row."""

    def __init__(self, strength):
        self.strength = strength                                   # (q, 1)

    def value(self, w) -> float:
        return float((self.strength * np.abs(w)).sum())

    def prox(self, z, step):
        return soft_threshold.inner(z, step * self.strength)


@door
def softmax_head(features, labels, mu, *, tol: Positive() = 1e-9, max_iter: Whole(0) = 20_000,
                 n_outputs=None) -> Result:
    """Minimise, over weights V (p, K) and bias c (K,), Eq. 3 with one softmax output:

        (1/n) sum over samples of [log(sum over k of exp(z_k)) - z_y]  +  mu * sum(abs(V)),    z = features @ V + c

    FISTA runs on centred features divided by their deviations, an exact reparametrisation once each row of V has its
    own threshold, mu / deviation.  A class without samples gets a finite bias: see :func:`prox_newton`.

    Parameters
    ----------
    features : (n, p) array
    labels : (n,) integers 0..K-1
    mu, tol : float
    max_iter : int
    n_outputs : int, optional
        K, by default the largest label + 1.

    Returns
    -------
    Result
        As that of :func:`prox_newton`, without ``gap``; ``history`` is FISTA's, in its own coordinates.
    """
    features, labels, mu = checked_problem(features, labels, mu, tol, "softmax", n_outputs)
    n_outputs = int(labels.max()) + 1 if n_outputs is None else n_outputs
    design = Design(features, mu)
    scale = np.sqrt(np.einsum("ij,ij->j", design.matrix, design.matrix) / len(labels))
    scale[scale <= 1e-12 * scale.max()] = 1                        # constant features stay at rounding size
    matrix = design.matrix / scale

    def smooth(coef):
        value, dlogits = softmax_cross_entropy.inner(matrix @ coef, labels)
        return value, matrix.T @ dlogits

    rate = np.maximum(np.bincount(labels, minlength=n_outputs) / len(labels), 1e-6 * tol)
    start = np.zeros((len(scale), n_outputs))
    start[-1] = np.log(rate)
    penalty = _WeightedL1((design.threshold / scale)[:, None])

    def certify(coef):
        head = design.head(coef / scale[:, None])
        return head, head_certificate.inner(features, labels, mu, head, loss="softmax")

    head, certificate, history = _fista_until_certified(smooth, penalty, start, certify, tol, max_iter)
    return certified("softmax_head", head, certificate, history, tol)


def _fista_until_certified(smooth, penalty, start, certify, tol, max_iter):
    """FISTA with its tolerance, which it measures in its own coordinates, tightened until the certificate holds.

    Returns (head, certificate, history).
    """
    history = {"objective": [], "prox_residual": []}
    own_tol = tol
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)    # the certificate has the last word
            solve = fista.inner(smooth, penalty, start, tol=own_tol, max_iter=max_iter)
        for name, trace in history.items():
            trace.extend(solve.history[name][min(len(trace), 1) :])              # a warm start is recorded already
        head, certificate = certify(solve.x)
        if certificate.residual <= tol or not solve.success or own_tol < 1e-5 * tol:
            return head, certificate, history
        start, own_tol = solve.x, own_tol / 10
