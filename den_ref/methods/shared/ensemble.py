"""A sum of units in layers: what it computes, what a unit costs it, and how much each unit should count.

    f = sum over units j of w_j h_j
    F(w) = (1/m) sum over samples of Φ(1 - y f(x))  +  sum over j of Γ_j abs(w_j),    Γ_j = lam r_j + beta

y is 1 or -1.  Φ may be any convex, increasing function; here Φ(x) = log(1 + exp(x - 1)), so that Φ(1 - y f) is the
cross-entropy that all methods have.  r_j bounds the Rademacher complexity of the units that j was chosen from: a deep
unit must gain more than a shallow one.  (Cortes, Gonzalvo, Kuznetsov, Mohri and Yang 2017, Eq. 4 to 6.)

A unit of layer k reads layer k - 1 through ReLU, the inputs if k = 1, and a constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

import numpy as np

from den_ref.core import mlp
from den_ref.core.flat import Flat
from den_ref.core.linear_head import LinearHead
from den_ref.core.losses import sigmoid_cross_entropy
from den_ref.core.newton import prox_newton
from den_ref.core.penalties import L1
from den_ref.core.result import Result
from den_ref.core.solvers import fista
from den_ref.core.training import Training
from den_ref.settings import at_least, one_of, option


@dataclass(frozen=True)
class EnsembleConfig(Training):
    """What F has in it."""

    weak: str = option("trained", "new units: a trained subnetwork, or the best one", one_of("trained", "closed"))
    lam: float = option(1e-4, "strength of L1 per bound of the complexity", at_least(0))
    beta: float = option(1e-4, "strength of L1 that all units have", at_least(0))
    complexity: str = option("bound", "r: Rademacher bound, or root of the layer", one_of("bound", "depth"))
    p: float = option(2.0, "norm of a unit's incoming weights; 1 makes it read one input", at_least(1))
    norm: float = option(1.0, "Lambda, the size of that norm", at_least(0, above=True))


# --- units -------------------------------------------------------------------------------------------------------


class Unit(NamedTuple):
    """h = z u[:-1] + u[-1], z the first len(u) - 1 of what the layer reads: what came there later is not read."""

    layer: int
    u: np.ndarray


def below(layer: int, x, units: Sequence[Unit], h) -> np.ndarray:
    """What a layer reads: x (n, n_0), or the units of the layer below, of those that h (n, J) has, through ReLU."""
    return x if layer == 1 else np.maximum(h[:, [unit.layer == layer - 1 for unit in units[:h.shape[1]]]], 0)


def values_of(units: Sequence[Unit], x, h=None) -> np.ndarray:
    """h (n, J), the units before their ReLU; the values of the first of them may be known."""
    h = np.zeros((len(x), 0)) if h is None else h
    for layer, u in units[h.shape[1]:]:
        h = np.column_stack([h, below(layer, x, units, h)[:, :len(u) - 1] @ u[:-1] + u[-1]])
    return h


def heard(h, weak: str) -> np.ndarray:
    """What f adds up: units before their ReLU, so that the best one has a closed form; trained ones after it."""
    return np.maximum(h, 0) if weak == "trained" else h


def reached(units: Sequence[Unit], w) -> list[int]:
    """The places of the units that f hears, by a strength that is not 0, or through units above that it hears."""
    layers, found = np.array([unit.layer for unit in units], int), w != 0
    for j in reversed(range(len(units))):
        if found[j]:
            found[:j] |= layers[:j] == layers[j] - 1
    return np.flatnonzero(found).tolist()


def widths(units: Sequence[Unit]) -> tuple[int, ...]:
    """How many units there are, layer by layer."""
    return tuple(np.bincount([unit.layer for unit in units], minlength=1)[1:].tolist())


def normed(network: Flat, first: int, p: float, norm: float) -> list[Unit]:
    """The hidden units of a network, its lowest layer being layer ``first``, each with norm_p(u) = norm, or 0.

    What a unit loses goes to those who read it: the last of what the layer above reads.
    """
    units, sizes = [], np.zeros(0)
    for layer, (W, b) in enumerate(zip(*mlp.layers_of(network)), first):
        U = np.vstack([W, b]).astype(np.float64)
        U[len(W) - len(sizes):-1] *= sizes[:, None]
        sizes = np.linalg.norm(U, p, axis=0) / norm
        units += [Unit(layer, u) for u in (U / np.where(sizes > 0, sizes, 1)).T]
    return units


def rademacher_bound(reach: float, m: int, sizes: Sequence[int], p: float, norm: float) -> float:
    """r_k = r_inf Λ_k N_k^(1/q) sqrt(log(2 n_0) / (2 m)),  Λ_k = (2 Λ)^k,  N_k = n_0 n_1 ... n_{k-1}.

    Parameters
    ----------
    reach : float
        r_inf, the largest absolute input.
    m : int
        Samples.
    sizes : sequence of int
        n_0, ..., n_{k-1}: how many inputs a unit of layer 1, ..., k reads, the constant counted.
    """
    N = np.prod(sizes, dtype=float)
    return float(reach * (2 * norm) ** len(sizes) * N ** (1 - 1 / p) * np.sqrt(np.log(2 * sizes[0]) / (2 * m)))


# --- their sum ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Growing:
    """The sum of one output on its samples x (m, n_0), y (m,): units, their values h (m, J), w (J,) and Γ (J,).

    Of the last ``new`` units no strength is known yet; ``spent`` multiply-adds found them.  ``solved`` is the fit that
    the strengths are from.
    """

    x: np.ndarray
    y: np.ndarray
    config: EnsembleConfig
    h: np.ndarray
    units: tuple[Unit, ...] = ()
    w: np.ndarray = field(default_factory=lambda: np.zeros(0))
    gamma: np.ndarray = field(default_factory=lambda: np.zeros(0))
    new: int = 0
    spent: int = 0
    solved: Result | None = None

    def plus(self, units: Sequence[Unit]) -> Growing:
        """With units more, which f does not hear yet."""
        now = self
        for layer, those in groupby(units, key=lambda unit: unit.layer):
            more = (*now.units, *those)
            fresh = len(more) - len(now.units)
            now = replace(now, units=more, h=values_of(more, now.x, now.h), w=np.append(now.w, np.zeros(fresh)),
                          gamma=np.append(now.gamma, np.full(fresh, now.gamma_of(layer))))
        return replace(now, new=len(units))

    def below(self, layer: int) -> np.ndarray:
        return below(layer, self.x, self.units, self.h)

    def gamma_of(self, layer: int) -> float:
        """Γ = lam r + beta of a unit that may read all there is in the layer below."""
        c, sizes = self.config, [1 + n for n in (self.x.shape[1], *widths(self.units)[:layer - 1])]
        reach = max(1.0, abs(self.x).max(initial=0))               # the constant is an input
        r = np.sqrt(layer) if c.complexity == "depth" else rademacher_bound(reach, len(self.y), sizes, c.p, c.norm)
        return c.lam * r + c.beta

    @cached_property
    def heard(self) -> np.ndarray:
        return heard(self.h, self.config.weak)

    @property
    def f(self) -> np.ndarray:
        return self.heard @ self.w

    def smooth(self, w):
        """The loss with strengths w (J,), and its gradient."""
        value, slope = sigmoid_cross_entropy.inner((self.heard @ w)[:, None], (self.y[:, None] + 1) / 2)
        return value, self.heard.T @ slope[:, 0]

    @property
    def objective(self) -> float:
        """F(w)."""
        return float(self.smooth(self.w)[0] + self.gamma @ abs(self.w))

    @property
    def top(self) -> int:
        """How many of the new units are in the layer of the last."""
        return sum(unit.layer == self.units[-1].layer for unit in self.units[-self.new:])

    def gain(self, fitted: int) -> float:
        """How fast F falls along the best of the last so many units: max abs(dloss/dw) at w = 0, less Γ of the last."""
        return float(abs(self.smooth(self.w)[1][-fitted:]).max() - self.gamma[-1])

    def fit_new(self) -> Growing:
        """The strengths of the top layer's new units that minimise F; all others stay."""
        last = self.top
        held, z = self.w[:-last], self.heard[:, -last:]

        def smooth(v):
            value, slope = self.smooth(np.append(held, v))
            return value, slope[-last:]

        solved = fista(smooth, L1(self.gamma[-1]), np.zeros(last), tol=1e-8 * (1 + abs(z).max(initial=0)))
        return replace(self, w=np.append(held, solved.x), solved=solved)

    def fit_all(self) -> Growing:
        """All strengths at once, to a certificate: in v_j = Γ_j w_j / min Γ every entry has the same strength of L1.

        The result's residual and gap are those of v.
        """
        if not self.units:
            return self
        least = float(self.gamma.min())
        scale = self.gamma / least if least > 0 else np.ones_like(self.gamma)
        start = LinearHead((self.w * scale)[:, None], np.zeros(1))
        solved = prox_newton(self.heard / scale, (self.y[:, None] + 1) / 2, least, start=start, intercept=False)
        return replace(self, w=solved.x.weights[:, 0] / scale, solved=solved)
