"""A tied denoising autoencoder with heads: its hybrid objective, and how features are merged, added and fitted alone.

    h = sigmoid(noisy W + b),   s = h W^T + a,   z = h V + c,   L = H(y, z) / K + lam H(x, s) / d

H is the cross-entropy of logits, in nats.  A network is a Flat of W (d, m), b (m,), a (d,), V (m, K of all heads) and
c (K,): a column of W is what a feature hears, and what it says to the reconstruction; a row of V is what it says to the
heads.  Source: Zhou, Sohn and Lee 2012, Algorithm 1 and its steps of adding and merging.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logsumexp, softmax

from den_ref.core.flat import Flat
from den_ref.core.result import MESSAGES, Result
from den_ref.protocol import Task


# --- samples -----------------------------------------------------------------------------------------------------


class Head(NamedTuple):
    """A task's head: where its columns of V and c are, and its loss."""

    columns: slice
    loss: str

    def of(self, w: Flat) -> dict[str, np.ndarray]:
        """A network as this head has it: views of W, b, a, in this order, and of its own columns of V and c."""
        return {**w.views, "V": w["V"][:, self.columns], "c": w["c"][self.columns]}


class Samples(NamedTuple):
    """x (n, d) in [0, 1], labels y (n, K) of 0 and 1, and the head that they are for."""

    x: np.ndarray
    y: np.ndarray
    head: Head

    def rows(self, rows) -> Samples:
        """Some of them."""
        return Samples(self.x[rows], self.y[rows], self.head)

    def value(self, w: Flat) -> float:
        """The mean of the head's own loss, which early stopping looks at."""
        return float(sample_losses(w, self, 0.0).mean())


class Ranges(NamedTuple):
    """x -> (x - low) scale, within [0, 1]; from the smallest and largest of each input in the first task's samples."""

    low: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, x, dtype) -> Ranges:
        low, size = x.min(axis=0).astype(dtype), np.ptp(x, axis=0).astype(dtype)
        return cls(low, np.divide(1, size, out=np.zeros_like(size), where=size > 0))

    def __call__(self, x) -> np.ndarray:
        return np.clip((x.astype(self.low.dtype, copy=False) - self.low) * self.scale, 0, 1)


def samples_of(task: Task, split: str, ranges: Ranges, head: Head) -> Samples:
    """A split, its inputs in [0, 1], a row of 0 and 1 for the class of a softmax head."""
    x, y = ranges(getattr(task, f"x_{split}")), getattr(task, f"y_{split}")
    y = y if head.loss == "sigmoid" else y[:, None] == np.arange(task.n_outputs)
    return Samples(x, y.astype(x.dtype), head)


# --- the objective -----------------------------------------------------------------------------------------------


def cross_entropy(logits, targets, loss: str) -> np.ndarray:
    """H of every sample, divided by the number of logits: (n,), of logits and targets (n, K).

    softmax: log(sum of exp(z)) - y z;  sigmoid, for targets in [0, 1]: the sum of log(1 + exp(z)) - y z.
    """
    normaliser = logsumexp(logits, axis=1) if loss == "softmax" else np.logaddexp(0, logits).sum(axis=1)
    return (normaliser - (targets * logits).sum(axis=1)) / logits.shape[1]


def hybrid(W, b, a, V, c, noisy, samples: Samples, lam: float) -> tuple[float, dict[str, np.ndarray]]:
    """The mean of L over samples, and its gradients by name, each of its array's shape::

        ds = lam (sigmoid(s) - x) / (n d),   dz = (p(z) - y) / (n K),   dh = (ds W + dz V^T) h (1 - h)
        dW = noisy^T dh + ds^T h,   db = sum of dh,   da = sum of ds,   dV = h^T dz,   dc = sum of dz

    W hears of the reconstruction twice, as encoder and as decoder.  a and c may be a row for every sample, (n, d) and
    (n, K): that is how features that are frozen enter, as biases; da and dc are then of no use.
    """
    x, y, (_, loss) = samples
    h = expit(noisy @ W + b)                                       # (n, m)
    s, z = h @ W.T + a, h @ V + c                                  # (n, d), (n, K)
    value = (cross_entropy(z, y, loss) + lam * cross_entropy(s, x, "sigmoid")).mean()
    ds = lam * (expit(s) - x) / x.size
    dz = ((softmax(z, axis=1) if loss == "softmax" else expit(z)) - y) / y.size
    dh = (ds @ W + dz @ V.T) * h * (1 - h)
    return float(value), {"W": noisy.T @ dh + ds.T @ h, "b": dh.sum(axis=0), "a": ds.sum(axis=0), "V": h.T @ dz,
                          "c": dz.sum(axis=0)}


def gradient(w: Flat, noisy, samples: Samples, lam: float) -> tuple[float, Flat]:
    """The mean of L, and its gradient as a network; that of other heads is 0."""
    value, own = hybrid(**samples.head.of(w), noisy=noisy, samples=samples, lam=lam)
    slopes = w.like()
    for name, slope in samples.head.of(slopes).items():
        slope[...] = own[name]
    return value, slopes


def sample_losses(w: Flat, samples: Samples, lam: float) -> np.ndarray:
    """L of every sample (n,), of x as it is: that nothing is set to 0 is ours.  For lam = 0 the head's part alone."""
    own = samples.head.of(w)
    h = expit(samples.x @ own["W"] + own["b"])
    losses = cross_entropy(h @ own["V"] + own["c"], samples.y, samples.head.loss)
    return losses + lam * cross_entropy(h @ own["W"].T + own["a"], samples.x, "sigmoid") if lam else losses


def corrupted(x, share: float, rng) -> np.ndarray:
    """x with every entry set to 0 with probability ``share``."""
    return x * (rng.random(x.shape) >= share)


def products(samples: Samples, features: int) -> int:
    """Multiply-adds of :func:`hybrid`: five products of the size of W and three of that of V for every sample."""
    return features * (5 * samples.x.size + 3 * samples.y.size)


# --- features ----------------------------------------------------------------------------------------------------


def nearest_pairs(W, count: int) -> np.ndarray:
    """Up to ``count`` disjoint pairs of columns (count, 2), the least cosine distance first, then of those left.

    A column of zeros has distance 1 from all others; of equal distances the first pair, row by row, goes first.  Fewer
    than 4 columns have no pairs.
    """
    size = np.linalg.norm(W, axis=0)
    directions = np.divide(W, size, out=np.zeros_like(W), where=size > 0)
    first, second = np.triu_indices(W.shape[1], 1)
    pairs, taken = [], set()
    for k in np.argsort(1 - (directions.T @ directions)[first, second], kind="stable"):
        if len(pairs) == count or W.shape[1] < 4:
            break
        if taken.isdisjoint(pair := (int(first[k]), int(second[k]))):
            pairs.append(pair)
            taken.update(pair)
    return np.array(pairs, int).reshape(-1, 2)


def merged(w: Flat, pairs, x, outgoing: str) -> Flat:
    """Every pair as one feature, behind all that are left: the mean, each weighted with the sum of its h over x.

    So W, b and, with outgoing="mean", V.  With "sum" the rows of V are added, which changes no score if the two were
    the same feature; the mean halves what they said together.  (The reconstruction changes in both: it hears of W.)
    """
    first, second = pairs.T
    active = expit(x @ w["W"] + w["b"]).sum(axis=0, dtype=np.float64) + 1e-300               # two that are off: halves
    share = active[first] / (active[first] + active[second])       # (k,)
    weights = {"mean": (share, 1 - share), "sum": (1, 1)}

    def with_pairs(features, way="mean"):
        """Those that are left, one a column, and behind them the pairs."""
        one, other = weights[way]
        pair = features[..., first] * one + features[..., second] * other
        return np.concatenate([np.delete(features, pairs, axis=-1), pair], axis=-1)

    return Flat.of({**w.views, "W": with_pairs(w["W"]), "b": with_pairs(w["b"]), "V": with_pairs(w["V"].T, outgoing).T},
                   w.vector.dtype)


def appended(w: Flat, W_new) -> Flat:
    """With new features (d, k) behind all others, which no head listens to yet: no score changes."""
    more = (0, W_new.shape[1])
    return Flat.of({**w.views, "W": np.hstack([w["W"], W_new]), "b": np.pad(w["b"], more),
                    "V": np.pad(w["V"], (more, (0, 0)))}, w.vector.dtype)


def fit_last(w: Flat, k: int, noisy, samples: Samples, lam: float, iterations: int,
             free: Sequence[str] = ("W", "b", "V")) -> Result:
    """minimise the mean of L over the last k features, all else frozen: L-BFGS on all samples.

    ``free`` of W_N, b_N and V_N are fitted.  The frozen part is computed once: a + h_O W_O^T and c + h_O V_O are
    biases, a row for every sample.
    """
    after = w.copy()
    W, b, a, V, c = samples.head.of(after).values()
    h = expit(noisy @ W[:, :-k] + b[:-k])
    frozen = {"a": h @ W[:, :-k].T + a, "c": h @ V[:-k] + c}
    last = {"W": W[:, -k:], "b": b[-k:], "V": V[-k:]}
    start = Flat.of({name: last[name] for name in free}, np.float64)

    def smooth(vector):
        value, slopes = hybrid(**last | frozen | start.like(vector).views, noisy=noisy, samples=samples, lam=lam)
        return value, np.concatenate([slopes[name].ravel() for name in free]).astype(np.float64)

    value, slope = smooth(start.vector)
    found = minimize(smooth, start.vector, jac=True, method="L-BFGS-B", options={"maxiter": iterations})
    for name, fitted in start.like(found.x).views.items():
        last[name][...] = fitted                                   # a view of ``after``
    fun, status = float(found.fun), int(not found.success)
    residual = [float(abs(one).max()) for one in (slope, found.jac)]
    return Result(x=after, fun=fun, nit=found.nit, success=found.success, status=status, message=MESSAGES[status],
                  residual=residual[-1], history={"objective": [value, fun], "residual": residual},
                  multiply_adds=(found.nfev + 1) * products(samples, k))
