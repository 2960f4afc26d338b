"""A tied denoising autoencoder with heads: its hybrid objective, and how features are merged, added and fitted alone.

    h = sigmoid(noisy W + b),   s = h W^T + a,   z = h V + c,   L = H(y, z) / K + lam H(x, s) / d

H is the cross-entropy of logits, in nats.  A network is a Flat of W (d, m), b (m,), a (d,), V (m, K of all heads) and
c (K,): a column of W is what a feature hears, and what it says to the reconstruction; a row of V is what it says to the
heads.  Source: Zhou, Sohn and Lee 2012, Algorithm 1 and its steps of adding and merging.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logsumexp, softmax

from den_ref.core.flat import Flat
from den_ref.core.result import MESSAGES, Result
from den_ref.protocol import Task


# --- samples -----------------------------------------------------------------------------------------------------


class Samples(NamedTuple):
    """x (n, d) in [0, 1], labels y (n, K) of 0 and 1, and the loss that they are for."""

    x: np.ndarray
    y: np.ndarray
    loss: str

    def rows(self, rows) -> Samples:
        """Some of them."""
        return Samples(self.x[rows], self.y[rows], self.loss)


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


def samples_of(task: Task, split: str, ranges: Ranges) -> Samples:
    """A split, its inputs in [0, 1], a row of 0 and 1 for the class of a softmax head."""
    x, y = ranges(getattr(task, f"x_{split}")), getattr(task, f"y_{split}")
    y = y if task.loss == "sigmoid" else y[:, None] == np.arange(task.n_outputs)
    return Samples(x, y.astype(x.dtype), task.loss)


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
    x, y, loss = samples
    h = expit(noisy @ W + b)                                       # (n, m)
    s, z = h @ W.T + a, h @ V + c                                  # (n, d), (n, K)
    value = (cross_entropy(z, y, loss) + lam * cross_entropy(s, x, "sigmoid")).mean()
    ds = lam * (expit(s) - x) / x.size
    dz = ((softmax(z, axis=1) if loss == "softmax" else expit(z)) - y) / y.size
    dh = (ds @ W + dz @ V.T) * h * (1 - h)
    return float(value), {"W": noisy.T @ dh + ds.T @ h, "b": dh.sum(axis=0), "a": ds.sum(axis=0), "V": h.T @ dz,
                          "c": dz.sum(axis=0)}


def gradient(w: Flat, columns: slice, noisy, samples: Samples, lam: float) -> tuple[float, Flat]:
    """The mean of L for the head of these columns, and its gradient as a network; that of other heads is 0."""
    value, own = hybrid(w["W"], w["b"], w["a"], w["V"][:, columns], w["c"][columns], noisy, samples, lam)
    slopes = w.like()
    for name in ("W", "b", "a"):
        slopes[name][...] = own[name]
    slopes["V"][:, columns], slopes["c"][columns] = own["V"], own["c"]
    return value, slopes


def sample_losses(w: Flat, columns: slice, samples: Samples, lam: float) -> np.ndarray:
    """L of every sample (n,), of x as it is: that nothing is set to 0 is ours.  For lam = 0 the head's part alone."""
    h = expit(samples.x @ w["W"] + w["b"])
    own = cross_entropy(h @ w["V"][:, columns] + w["c"][columns], samples.y, samples.loss)
    return own + lam * cross_entropy(h @ w["W"].T + w["a"], samples.x, "sigmoid") if lam else own


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
    left = np.setdiff1d(np.arange(w["b"].size), pairs)

    def mean(columns):
        return columns[..., first] * share + columns[..., second] * (1 - share)

    V = w["V"][first] + w["V"][second] if outgoing == "sum" else mean(w["V"].T).T
    new = {"W": mean(w["W"]).T, "b": mean(w["b"]), "V": V}
    old = {"W": w["W"][:, left].T, "b": w["b"][left], "V": w["V"][left]}
    return replaced(w, {name: np.concatenate([old[name], new[name]]) for name in new})


def appended(w: Flat, W_new) -> Flat:
    """With new features (d, k) behind all others, which no head listens to yet: no score changes."""
    k = W_new.shape[1]
    return replaced(w, {"W": np.vstack([w["W"].T, W_new.T]), "b": np.append(w["b"], np.zeros(k)),
                        "V": np.vstack([w["V"], np.zeros((k, w["V"].shape[1]))])})


def replaced(w: Flat, features: Mapping[str, np.ndarray]) -> Flat:
    """Other features, one a row of each array, and the same biases a and c."""
    return Flat.of({**w.views, **features, "W": features["W"].T}, w.vector.dtype)


def fit_last(w: Flat, k: int, columns: slice, noisy, samples: Samples, lam: float, iterations: int,
             free: Sequence[str] = ("W", "b", "V")) -> Result:
    """minimise the mean of L over the last k features, all else frozen: L-BFGS on all samples.

    ``free`` of W_N, b_N and V_N are fitted.  The frozen part is computed once: a + h_O W_O^T and c + h_O V_O are
    biases, a row for every sample.
    """
    W, b, V = w["W"], w["b"], w["V"][:, columns]
    h = expit(noisy @ W[:, :-k] + b[:-k])
    biases = h @ W[:, :-k].T + w["a"], h @ V[:-k] + w["c"][columns]
    last = {"W": W[:, -k:], "b": b[-k:], "V": V[-k:]}
    start = Flat.of({name: last[name] for name in free}, np.float64)

    def smooth(vector):
        at = last | start.like(vector).views
        value, slopes = hybrid(at["W"], at["b"], biases[0], at["V"], biases[1], noisy, samples, lam)
        return value, np.concatenate([slopes[name].ravel() for name in start.shapes]).astype(np.float64)

    before = smooth(start.vector)
    found = minimize(smooth, start.vector, jac=True, method="L-BFGS-B", options={"maxiter": iterations})
    after, new = w.copy(), last | start.like(found.x).views
    after["W"][:, -k:], after["b"][-k:], after["V"][-k:, columns] = new["W"], new["b"], new["V"]
    history = {"objective": [before[0], float(found.fun)],
               "residual": [float(abs(slope).max()) for slope in (before[1], found.jac)]}
    return Result(x=after, fun=float(found.fun), nit=found.nit, success=found.success, status=int(not found.success),
                  message=MESSAGES[int(not found.success)], residual=history["residual"][-1], history=history,
                  multiply_adds=(found.nfev + 1) * products(samples, k))
