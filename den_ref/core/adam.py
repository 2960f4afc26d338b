"""Proximal Adam and proximal SGD: one update of mini-batch training, penalties included exactly.

At iteration k = 1, 2, ..., with g the gradient of the *data loss alone*:

    m = beta1 m + (1 - beta1) g              m_hat = m / (1 - beta1^k)
    v = beta2 v + (1 - beta2) g^2            v_hat = v / (1 - beta2^k)
    d = (sqrt(v_hat) + eps) / step           the metric: one curvature per weight, eps outside the root
    w = prox(w - m_hat / d)                  in the metric d (penalties.prox_metric)

The prox must use the metric of the step.  Thresholding by step * mu, or by mu, after an Adam step solves a different
problem.  A weight that has had no gradient yet has d = eps / step, so that any L1 zeroes it at once: rare input
features; a larger eps protects them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from den_ref.doors import Floats, Has, NotNegative, Number, Positive, Whole, door, inner

from .flat import Flat
from .penalties import L1, Penalty, SquaredL2, Sum, Zero
from .problem import Problem

#: Numbers in one piece of the weights: small enough that all arrays of an update stay in the cache together.
PIECE = 65536


@door
def proximal_adam_step(w: Floats("*w"), g: Floats("*w"), m: Number("*w"), v: NotNegative("*w"), k: Whole(1),
                       penalty: Has("prox_metric"), step: Positive(), beta1: Number(low=0, below=1) = 0.9,
                       beta2: Number(low=0, below=1) = 0.999, eps: NotNegative() = 1e-8):
    """One step as the formulas above say it: the new (w, m, v).  k counts from 1.

    >>> from den_ref.core.penalties import L1
    >>> w, m, v = proximal_adam_step(np.ones(1), np.ones(1), np.zeros(1), np.zeros(1), 1, L1(2.0), step=0.25, eps=0.0)
    >>> w.round(12)                        # 1 - 0.25 from the gradient, then 2 * 0.25 from the penalty
    array([0.25])
    """
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    d = (np.sqrt(v / (1 - beta2**k)) + eps) / step
    return inner(penalty.prox_metric)(w - m / (1 - beta1**k) / d, d), m, v


@door
def proximal_sgd_step(w: Floats("*w"), g: Floats("*w"), m: Number("*w"), penalty: Has("prox"), step: Positive(),
                      beta: Number(low=0, below=1) = 0.9):
    """One step of proximal SGD with an averaged gradient: m = beta m + (1 - beta) g, w = prox(w - step m, step).

    The average keeps the balance of loss and penalty; a heavy ball (m = beta m + g) would weigh the loss
    1 / (1 - beta) times too much.
    """
    m = beta * m + (1 - beta) * g
    return inner(penalty.prox)(w - step * m, step), m


@dataclass
class Moments:
    """What an optimiser remembers of the gradients of k iterations, in the layout of the weights.

    Averaged gradients (m) and, of Adam alone, averaged squared gradients (v).  Iterating changes them in place.
    """

    m: Flat
    v: Flat
    k: int = 0

    @classmethod
    def of(cls, w: Flat) -> Moments:
        """Those before the first iteration: all 0."""
        return cls(w.like(), w.like())


class ProximalAdam:
    """:func:`proximal_adam_step` on all parts of a problem, in place, piece by cache-sized piece.

    The moments are kept without their factors 1 - beta, and d without its factor, which saves passes over memory:
    M = m / (1 - beta1), V = v / (1 - beta2), d = scale * (sqrt(V) + eps / root).
    """

    def __init__(self, problem: Problem, w: Flat, grad: Flat, beta1=0.9, beta2=0.999, eps=1e-8,
                 moments: Moments | None = None):
        self.beta1, self.beta2, self.eps = beta1, beta2, eps
        self.moments = moments or Moments.of(w)
        self.pieces = []
        for part in problem.parts:
            arrays = [part.of(flat) for flat in (w, grad, self.moments.m, self.moments.v)]
            pattern = None if part.pattern is None else part.pattern.astype(w.vector.dtype)
            for index, penalty in pieces(part.penalty, arrays[0].shape):
                free = None if pattern is None else pattern[index]
                self.pieces.append((*(a[index] for a in arrays), free, inner(penalty.prox_metric)))

    def update(self, step: float) -> None:
        """One iteration: reads the gradient, changes the weights."""
        self.moments.k = k = self.moments.k + 1
        root = np.sqrt((1 - self.beta2) / (1 - self.beta2**k)).item()        # sqrt(v_hat) = root * sqrt(V)
        scale = root / step                                                  # d = scale * (sqrt(V) + eps / root)
        speed = (1 - self.beta1) / (1 - self.beta1**k) / scale               # m_hat / d = speed * M / (sqrt(V) + ...)
        for w, g, m, v, free, prox_metric in self.pieces:
            if free is not None:
                g *= free
            m *= self.beta1
            m += g
            v *= self.beta2
            v += g * g
            d = np.sqrt(v)
            d += self.eps / root
            move = m / d
            move *= speed
            w -= move
            d *= scale
            prox_metric(w, d, out=w)


def pieces(penalty: Penalty, shape: tuple[int, ...]) -> list:
    """Cut an array of this shape into rows of about PIECE numbers: pairs (index, the penalty on these rows).

    Only where every entry is penalised by itself; groups stay whole, and so does what is penalised in a way that is
    not known here.
    """
    rows = max(PIECE // max(int(np.prod(shape[1:])), 1), 1)
    if rows >= shape[0] or not _is_elementwise(penalty):
        return [(..., penalty)]
    cuts = [slice(i, i + rows) for i in range(0, shape[0], rows)]
    return [(cut, _on_rows(penalty, cut, shape)) for cut in cuts]


def _is_elementwise(penalty: Penalty) -> bool:
    """Whether every entry is penalised by itself; by exact types, since a subclass may do anything."""
    if type(penalty) is Sum:
        return all(map(_is_elementwise, (*penalty.squares, penalty.other)))
    return type(penalty) in (Zero, L1, SquaredL2)


def _on_rows(penalty: Penalty, rows: slice, shape: tuple[int, ...]) -> Penalty:
    """An elementwise penalty on some rows of an array of this shape."""
    if isinstance(penalty, Sum):
        return Sum(*(_on_rows(p, rows, shape) for p in (*penalty.squares, penalty.other)))
    if isinstance(penalty, SquaredL2):
        return SquaredL2(*(a if np.ndim(a) == 0 else np.broadcast_to(a, shape)[rows]
                           for a in (penalty.strength, penalty.anchor)))
    return penalty


class ProximalSGD:
    """:func:`proximal_sgd_step` on all parts of a problem, in place."""

    def __init__(self, problem: Problem, w: Flat, grad: Flat, beta=0.9, moments: Moments | None = None):
        self.parts, self.w, self.grad, self.beta = problem.parts, w, grad, beta
        self.moments = moments or Moments.of(w)

    def update(self, step: float) -> None:
        """One iteration: reads the gradient, changes the weights."""
        self.moments.k += 1
        for part in self.parts:
            w, m = part.of(self.w), part.of(self.moments.m)
            w[...], m[...] = proximal_sgd_step.inner(w, part.gradient(self.grad), m, part.penalty, step, self.beta)
