"""A linear head, the coordinates in which its problem (Eq. 3) is solved, and the checks at the solvers' doors.

Because the bias is free, centring the features is an exact reparametrisation, F(V, c) = F_centred(V, c + mean @ V),
and a much better conditioned one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from den_ref.doors import Floats, NotNegative, Positive, Whole, as_floats, real_array

from .penalties import l1_subdiff_distance


class LinearHead(NamedTuple):
    """A linear head: logits = features @ weights + bias."""

    weights: np.ndarray                                            # (p, K)
    bias: np.ndarray                                               # (K,)


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

    def coefficients(self, head, n_outputs, name="start"):
        """The (q, K) coefficients of a LinearHead."""
        weights, bias = (Floats()(name, array).astype(np.float64) for array in head)
        if weights.shape != (self.p, n_outputs) or bias.shape != (n_outputs,):
            expected = f"weights {(self.p, n_outputs)} and bias {(n_outputs,)}"
            raise ValueError(f"{name}: expected {expected}, got {weights.shape} and {bias.shape}")
        bias = bias + self.mean @ weights
        return np.vstack([weights, bias])[: self.matrix.shape[1]]

    def head(self, coef) -> LinearHead:
        """The inverse of :meth:`coefficients`."""
        weights = coef[: self.p]
        centred_bias = coef[self.p :].sum(axis=0)                  # the last row, or 0 if there is none
        return LinearHead(weights, centred_bias - self.mean @ weights)

    def distance(self, coef, grad):
        """The residual of (q,) coefficients in original coordinates, ``grad`` being the gradient in centred ones."""
        original = grad.copy()
        original[: self.p] += self.mean * grad[self.p :].sum()
        return float(l1_subdiff_distance.inner(coef, original, self.threshold).max(initial=0))

    def penalty(self, coef) -> float:
        return float(self.threshold @ np.abs(coef))


def checked_problem(features, labels, mu, tol, loss="sigmoid", n_outputs=None):
    """Features as floats, labels as the loss wants them, mu as a float; or a ValueError."""
    Positive()("tol", tol)
    mu, n_outputs = NotNegative()("mu", mu), None if n_outputs is None else Whole(1)("n_outputs", n_outputs)
    features, labels = as_floats(real_array("features", features)), real_array("labels", labels)
    if features.ndim != 2 or not len(features) or not np.isfinite(features).all():
        raise ValueError(f"features: expected finite numbers of shape (n, p) with n >= 1, got shape {features.shape}")
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
    return labels.astype(np.int64, copy=False)
