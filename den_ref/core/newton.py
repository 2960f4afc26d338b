"""The convex head problem (Eq. 3), solved to a certificate.

    F(V, c) = mean over samples of cross-entropy(features @ V + c, labels) + mu * sum(abs(V))

The features are what the layers below compute, and are held; V is (p, K), c is (K,) and is never penalised.

Sigmoid outputs are independent problems, each solved by proximal Newton: replace the cross-entropy by its second-order
model, minimise model + penalty (:mod:`den_ref.core.lasso`; its size is p, whatever the number of samples), and search
along the way there.  That takes about seven passes over the data where first-order methods take hundreds.
A softmax head couples its outputs and has a singular Hessian; it goes to FISTA.

Because the bias is free, centring the features is an exact reparametrisation, F(V, c) = F_centred(V, c + mean @ V),
and a much better conditioned one.  The certificate is computed in the original coordinates.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from scipy.special import entr, logit

from .lasso import solve_lasso
from .losses import sigmoid_cross_entropy, softmax_cross_entropy
from .penalties import Penalty, checked_strength, l1_subdiff_distance, soft_threshold
from .result import ConvergenceWarning, Result
from .solvers import MESSAGES, fista, warn_not_converged


class Head(NamedTuple):
    """A linear head: logits = features @ weights + bias."""

    weights: np.ndarray                                            # (p, K)
    bias: np.ndarray                                               # (K,)


def solve_head(features, labels, mu, loss="sigmoid", tol=1e-9, n_outputs=None) -> Result:
    """Minimise Eq. 3 over a head, from zero weights: :func:`prox_newton` for sigmoid, FISTA for softmax.

    Parameters
    ----------
    features : (n, p) array
    labels : array
        ``loss="sigmoid"``: (n, K) of 0 and 1.  ``loss="softmax"``: (n,) integers 0..K-1.
    mu : float
    loss : {"sigmoid", "softmax"}
    tol : float
    n_outputs : int, optional
        K of a softmax head, by default the largest label + 1.

    Returns
    -------
    Result
        As that of :func:`prox_newton`; a softmax head has no ``gap``.
    """
    if loss == "sigmoid":
        return prox_newton(features, labels, mu, tol=tol)
    if loss == "softmax":
        return softmax_head(features, labels, mu, tol=tol, n_outputs=n_outputs)
    raise ValueError(f"loss: expected 'sigmoid' or 'softmax', got {loss!r}")


# --- sigmoid heads: proximal Newton ------------------------------------------------------------------------------


def prox_newton(features, labels, mu, *, tol=1e-9, max_iter=50, start=None, intercept=True) -> Result:
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
    start : Head, optional
        By default V = 0 and c = the log-odds of the labels.
    intercept : bool
        False holds c at 0.

    Returns
    -------
    Result
        ``x`` is a :class:`Head` in float64, with exact zeros in V; ``residual`` and ``gap`` are those of
        :func:`head_certificate`; ``nit`` is that of the slowest output; ``history`` has "objective" (summed over
        outputs) and "residual" (the largest), an output that is done keeping its last value.

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
    features, labels, mu = _checked(features, labels, mu, tol)
    start = _null_head(features, labels, tol, intercept) if start is None else start
    design = Design(features, mu, intercept)
    coefs = design.coefficients(start, labels.shape[1])            # (q, K)
    outputs = [_solve_output(design, y, coef, tol, max_iter) for y, coef in zip(labels.T, coefs.T)]
    head = design.head(np.stack([output.coef for output in outputs], axis=1))
    certificate = head_certificate(features, labels, mu, head, intercept)
    history = {
        "objective": _together([output.objective for output in outputs]).sum(axis=1).tolist(),
        "residual": _together([output.residual for output in outputs]).max(axis=1).tolist(),
    }
    return _result("prox_newton", head, certificate, history, tol)


def prox_newton_step(features, labels, mu, head: Head, intercept=True) -> Head:
    """One iteration of :func:`prox_newton`, from any head.

    With g and H the gradient and Hessian of the cross-entropy at the head w = (V, c), the step goes towards

        argmin over u of  g . (u - w) + (u - w) . H (u - w) / 2 + mu * sum(abs(u's weights))

    per output: all the way, or 1/2, 1/4, ... of it until the objective falls enough.

    >>> x = np.array([[-1.0], [-1.0], [1.0], [1.0]])
    >>> y = np.array([[0.0], [0.0], [1.0], [1.0]])
    >>> prox_newton_step(x, y, 0.25, Head(np.zeros((1, 1)), np.zeros(1))).weights    # (1/2 - mu) / (1/4)
    array([[1.]])
    """
    features, labels, mu = _checked(features, labels, mu, tol=1.0)
    design = Design(features, mu, intercept)
    coefs = design.coefficients(head, labels.shape[1])             # (q, K)
    points = [_look(design, y, coef, design.matrix @ coef) for y, coef in zip(labels.T, coefs.T)]
    moved = [_newton_step(design, y, point)[0] for y, point in zip(labels.T, points)]
    return design.head(np.stack(moved, axis=1))


class Design:
    """The features centred, in float64, with a column of ones for the bias, and a threshold per column.

    ``coef`` (q,) or (q, K), with q = p + 1, holds the weights and, last, the bias of the centred problem.
    Without intercept q = p, nothing is centred and there is no last column.
    """

    def __init__(self, features, mu, intercept=True):
        n, p = features.shape
        self.p = p
        self.mean = features.mean(axis=0, dtype=np.float64) if intercept else np.zeros(p)
        self.matrix = np.ones((n, p + intercept))                  # (n, q)
        np.subtract(features, self.mean, out=self.matrix[:, :p])
        self.threshold = np.append(np.full(p, mu), np.zeros(int(intercept)))

    def coefficients(self, head, n_outputs):
        """The (q, K) coefficients of a Head."""
        weights = np.asarray(head.weights, np.float64)
        if weights.shape != (self.p, n_outputs) or np.shape(head.bias) != (n_outputs,):
            expected = f"weights {(self.p, n_outputs)} and bias {(n_outputs,)}"
            raise ValueError(f"start: expected {expected}, got {weights.shape} and {np.shape(head.bias)}")
        bias = head.bias + self.mean @ weights
        return np.vstack([weights, bias])[: self.matrix.shape[1]]

    def head(self, coef) -> Head:
        """The inverse of :meth:`coefficients`."""
        weights = coef[: self.p]
        centred_bias = coef[self.p :].sum(axis=0)                  # the last row, or 0 if there is none
        return Head(weights, centred_bias - self.mean @ weights)

    def distance(self, coef, grad):
        """The residual of (q,) coefficients in original coordinates, ``grad`` being the gradient in centred ones."""
        original = grad.copy()
        original[: self.p] += self.mean * grad[self.p :].sum()
        return float(l1_subdiff_distance(coef, original, self.threshold).max(initial=0))

    def penalty(self, coef) -> float:
        return float(self.threshold @ np.abs(coef))


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
    value, dlogits = sigmoid_cross_entropy(logits, labels)
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
    hessian = _hessian(design.matrix if moving.all() else design.matrix[:, moving], labels, dlogits)
    linear = grad[moving] - hessian @ coef[moving]
    target = coef.copy()
    target[moving] = solve_lasso(hessian, linear, design.threshold[moving], coef[moving], tol=residual / 100)
    return target


def _hessian(matrix, labels, dlogits):
    """(1/n) matrix^T diag(s * (1 - s)) matrix, with s = sigmoid(logits), made positive definite.

    The floor under s * (1 - s) serves saturated outputs, the ridge constant and duplicated features.  Both change the
    path, not the solution, because the gradient is exact.
    """
    s = len(labels) * dlogits + labels
    curvature = s * (1 - s)
    curvature = np.maximum(curvature, 1e-12 * curvature.max() + 1e-30) / len(labels)
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
        value = sigmoid_cross_entropy(new_logits, labels)[0] + design.penalty(new)
        if value <= objective + 1e-4 * share * expected + rounding:
            break
        share /= 2
    return new, new_logits


def _null_head(features, labels, tol, intercept) -> Head:
    """V = 0 with the best bias, the log-odds; a column of one class gets a residual of tol / 4."""
    rate = np.clip(labels.mean(axis=0), tol / 4, 1 - tol / 4) if intercept else np.full(labels.shape[1], 0.5)
    return Head(np.zeros((features.shape[1], labels.shape[1])), logit(rate))


def _together(traces):
    """Traces of different lengths as columns, the shorter ones continued by their last value."""
    longest = max(len(trace) for trace in traces)
    return np.array([trace + trace[-1:] * (longest - len(trace)) for trace in traces]).T


# --- softmax heads: FISTA ----------------------------------------------------------------------------------------


class _WeightedL1(Penalty):
    """P(w) = sum(strength * abs(w)), with one strength per row."""

    def __init__(self, strength):
        self.strength = strength                                   # (q, 1)

    def value(self, w) -> float:
        return float((self.strength * np.abs(w)).sum())

    def prox(self, z, step):
        return soft_threshold(z, step * self.strength)


def softmax_head(features, labels, mu, *, tol=1e-9, max_iter=20_000, n_outputs=None) -> Result:
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
    features, labels, mu = _checked(features, labels, mu, tol, "softmax", n_outputs)
    n_outputs = int(labels.max()) + 1 if n_outputs is None else n_outputs
    design = Design(features, mu)
    scale = np.sqrt(np.einsum("ij,ij->j", design.matrix, design.matrix) / len(labels))
    scale[scale <= 1e-12 * scale.max()] = 1                        # constant features stay at rounding size
    matrix = design.matrix / scale

    def smooth(coef):
        value, dlogits = softmax_cross_entropy(matrix @ coef, labels)
        return value, matrix.T @ dlogits

    rate = np.maximum(np.bincount(labels, minlength=n_outputs) / len(labels), 1e-6 * tol)
    start = np.zeros((len(scale), n_outputs))
    start[-1] = np.log(rate)
    penalty = _WeightedL1((design.threshold / scale)[:, None])

    def certify(coef):
        head = design.head(coef / scale[:, None])
        return head, head_certificate(features, labels, mu, head, loss="softmax")

    head, certificate, history = _fista_until_certified(smooth, penalty, start, certify, tol, max_iter)
    return _result("softmax_head", head, certificate, history, tol)


def _fista_until_certified(smooth, penalty, start, certify, tol, max_iter):
    """FISTA with its tolerance, which it measures in its own coordinates, tightened until the certificate holds.

    Returns (head, certificate, history).
    """
    history = {"objective": [], "residual": []}
    own_tol = tol
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)    # the certificate has the last word
            solve = fista(smooth, penalty, start, tol=own_tol, max_iter=max_iter)
        for name, trace in history.items():
            trace.extend(solve.history[name][min(len(trace), 1) :])              # a warm start is recorded already
        head, certificate = certify(solve.x)
        if certificate.residual <= tol or not solve.success or own_tol < 1e-5 * tol:
            return head, certificate, history
        start, own_tol = solve.x, own_tol / 10


# --- the certificate ---------------------------------------------------------------------------------------------


class Certificate(NamedTuple):
    """How far a head can be from optimal: see :func:`head_certificate`."""

    fun: float
    residual: float
    gap: float | None


def head_certificate(features, labels, mu, head, intercept=True, loss="sigmoid") -> Certificate:
    """Objective, residual and duality gap of any head, from scratch, in float64 and in the original coordinates.

    residual
        The largest of  abs(g + mu * sign V) where V != 0,  max(abs(g) - mu, 0) where V = 0,  and the bias's
        abs(gradient): the distance, in the largest entry, of -gradient to the subdifferential.  0 iff optimal.
    gap
        F(head) - D(r) >= F(head) - min F, with the dual of the sigmoid problem (None for softmax):

            D(r) = (1/n) sum of H(y + r),    H(u) = -u log u - (1 - u) log(1 - u)

        over r with 0 <= y + r <= 1, abs(features^T r) / n <= mu and, the bias being free, sum(r) = 0 per output.
        r = sigmoid(z) - y is shrunk to fulfil these.  mu = 0 allows only r = 0 then, and the gap says little.
    """
    features = np.asarray(features, np.float64)
    loss_function = softmax_cross_entropy if loss == "softmax" else sigmoid_cross_entropy
    value, dlogits = loss_function(features @ head.weights + head.bias, labels)
    fun = value + mu * float(np.abs(head.weights).sum())
    distance = l1_subdiff_distance(head.weights, features.T @ dlogits, mu)
    bias_gradient = dlogits.sum(axis=0) * intercept
    residual = max(float(distance.max(initial=0)), float(np.abs(bias_gradient).max(initial=0)))
    gap = None if loss == "softmax" else fun - _dual_value(features, labels, mu, dlogits * len(labels), intercept)
    return Certificate(fun, residual, gap)


def _dual_value(features, labels, mu, r, intercept) -> float:
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


def _quotient(a, b):
    """a / b, and 0 where b is 0."""
    return np.divide(a, b, out=np.zeros_like(b), where=b > 0)


# --- what both share ---------------------------------------------------------------------------------------------


def _checked(features, labels, mu, tol, loss="sigmoid", n_outputs=None):
    """Features as they are, labels as the loss wants them, mu as a float; or a ValueError."""
    if not tol > 0:
        raise ValueError(f"tol: expected a number > 0, got {tol!r}")
    features, labels = np.asarray(features), np.asarray(labels)
    if features.ndim != 2 or not len(features) or not np.isfinite(features).all():
        raise ValueError(f"features: expected finite numbers of shape (n, p) with n >= 1, got shape {features.shape}")
    if not np.isfinite(mu):
        raise ValueError(f"mu: expected a finite number >= 0, got {mu!r}")
    mu = checked_strength(mu)
    if loss == "softmax":
        return features, _checked_classes(labels, len(features), n_outputs), mu
    if labels.ndim != 2 or len(labels) != len(features) or not labels.shape[1] or not np.isin(labels, (0, 1)).all():
        raise ValueError(f"labels: expected 0 and 1 of shape ({len(features)}, K), got shape {labels.shape}")
    return features, labels.astype(np.float64), mu


def _checked_classes(labels, n, n_outputs):
    """Softmax labels, or a ValueError."""
    if labels.shape != (n,) or labels.dtype.kind not in "iu":
        raise ValueError(f"labels: expected integers of shape ({n},), got {labels.dtype} of shape {labels.shape}")
    if labels.min() < 0 or (n_outputs is not None and labels.max() >= n_outputs):
        raise ValueError(f"labels: expected 0..n_outputs-1, got {labels.min()}..{labels.max()}, n_outputs={n_outputs}")
    return labels


def _result(name, head, certificate, history, tol) -> Result:
    """The Result of a head solve; warns if the certificate misses the tolerance."""
    nit = len(history["residual"]) - 1
    success = certificate.residual <= tol
    if not success:
        warn_not_converged(name, certificate.residual, tol, nit)
    status = 0 if success else 1
    gap = {} if certificate.gap is None else {"gap": certificate.gap}
    return Result(
        x=head, fun=certificate.fun, nit=nit, success=success, status=status, message=MESSAGES[status],
        residual=certificate.residual, **gap, history=history,
    )
