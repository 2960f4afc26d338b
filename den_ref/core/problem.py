"""The one sentence that every training problem of the paper is:

    minimise, over the **free** weights, a **smooth** loss plus a **penalty**, starting from **here**.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from den_ref.doors import inner

from .flat import Flat
from .penalties import Penalty, Zero
from .solvers import prox_residual


class Loss(Protocol):
    """What a Problem asks of its smooth loss: a mean over samples, as a function of a flat vector.

    A *batch* is whatever ``batches`` yields: the loss alone looks into it, all others hand it back.  A loss may also
    have ``multiply_adds``, the cost of one pass over all samples with gradient.
    """

    def __len__(self) -> int:
        """Number of samples."""

    def batches(self, rng: np.random.Generator, size: int) -> Sequence[Any]:
        """One epoch: all samples in random order, in batches of ``size`` samples at most."""

    def value(self, w: Flat) -> float:
        """The loss over all samples."""

    def value_and_gradient(self, w: Flat, grad: Flat, batch: Any = None) -> float:
        """The loss over a batch (over all samples without one); its gradient is written into all of ``grad``."""


@dataclass(frozen=True)
class Part:
    """Some of the free weights, and the penalty on them.

    Parameters
    ----------
    name : str or tuple of str
        Which named array of the flat vector; several that lie beside each other are one vector (:meth:`Flat.joined`).
    penalty : Penalty
    index : tuple or slice
        Which of its entries; all by default.
    pattern : array of 0 and 1, or None
        Entries that are 0 here are 0 in the start as well, and stay 0: connections that do not exist.
    """

    name: str | tuple[str, ...]
    penalty: Penalty = field(default_factory=Zero)
    index: Any = ...
    pattern: np.ndarray | None = None

    def of(self, flat: Flat) -> np.ndarray:
        """The part of a flat vector, as a view."""
        return (flat[self.name] if isinstance(self.name, str) else flat.joined(self.name))[self.index]

    def gradient(self, grad: Flat) -> np.ndarray:
        """The gradient with respect to what is free here."""
        return self.of(grad) if self.pattern is None else self.of(grad) * self.pattern


class Problem:
    """A smooth loss, a start, and the free weights in parts.  What no part covers is held at the start.

    Parameters
    ----------
    loss : Loss
        ``core.mlp.DataLoss``, or any other.
    start : Flat
    parts : list of Part
        They may not overlap.
    """

    def __init__(self, loss: Loss, start: Flat, parts: Sequence[Part]):
        self.loss, self.start = loss, start
        self.parts = [part for part in parts if part.of(start).size]

    def penalty(self, w: Flat) -> float:
        """Value of the penalty at w."""
        return sum(inner(part.penalty.value)(part.of(w)) for part in self.parts)

    def objective(self, w: Flat) -> float:
        """Smooth loss over all samples, plus penalty."""
        return inner(self.loss.value)(w) + self.penalty(w)

    def prox_residual(self, w: Flat) -> float:
        """norm_inf(w - prox(w - grad, step=1)) over the free weights, see ``solvers``: 0 iff w is stationary."""
        grad = w.like()
        inner(self.loss.value_and_gradient)(w, grad)
        residuals = [prox_residual.inner(part.of(w), part.gradient(grad), part.penalty) for part in self.parts]
        return float(np.max(residuals, initial=0))                 # unlike max, np.max lets no NaN pass

    def smooth(self, vector):
        """(value, gradient) of the smooth loss at a plain vector, for ``ista`` and ``fista``; held weights get 0."""
        w, grad, free = self.start.like(vector), self.start.like(), self.start.like()
        value = self.loss.value_and_gradient(w, grad)
        for part in self.parts:
            part.of(free)[...] = part.gradient(grad)
        return value, free.vector

    def vector_penalty(self) -> Penalty:
        """The penalty as one on the plain vector, for ``ista`` and ``fista``."""
        return _OnVector(self)


class _OnVector(Penalty):
    """A problem's penalty, part by part, on its plain vector: what ``ista`` and ``fista`` need of one."""

    def __init__(self, problem: Problem):
        self.problem = problem

    def value(self, vector) -> float:
        return self.problem.penalty(self.problem.start.like(vector))

    def prox(self, z, step):
        z = self.problem.start.like(z)
        for part in self.problem.parts:
            part.of(z)[...] = inner(part.penalty.prox)(part.of(z), step)
        return z.vector
