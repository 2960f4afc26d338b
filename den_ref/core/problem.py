"""The one sentence that every training problem of the paper is:

    minimise, over the **free** weights, a **smooth** loss plus a **penalty**, starting from **here**.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from den_ref.doors import (
    Binary, Came, Each, Floats, Has, Instance, Kind, OneOf, Text, check_shape, door, inner, refusal)

from .flat import Flat, Like
from .penalties import Penalty, Zero
from .solvers import prox_residual
from .stacks import stacked


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
    fan : int
        More than 1: the array is looked at as a stack of so many matrices (``core.stacks``), by index and pattern too.
    """

    name: str | tuple[str, ...]
    penalty: Penalty = field(default_factory=Zero)
    index: Any = ...
    pattern: np.ndarray | None = None
    fan: int = 1

    def __post_init__(self):
        if not isinstance(self.name, str):
            Each(all_of=Text())("name", self.name)
        Has("prox", "value")("penalty", self.penalty)
        if self.pattern is not None:
            object.__setattr__(self, "pattern", Binary()("pattern", self.pattern))

    def of(self, flat: Flat) -> np.ndarray:
        """The part of a flat vector, as a view."""
        array = flat[self.name] if isinstance(self.name, str) else flat.joined(self.name)
        return (stacked(array, self.fan) if self.fan > 1 else array)[self.index]

    def gradient(self, grad: Flat) -> np.ndarray:
        """The gradient with respect to what is free here."""
        return self.of(grad) if self.pattern is None else self.of(grad) * self.pattern


class Parts(Kind):
    """Parts of the call's start: slices of its arrays, no entry in two of them, patterns that fit what they hold."""

    def __call__(self, name, value, call):
        start, taken = call["start"], call["start"].like()          # 1 where an entry is taken
        for i, part in enumerate(Each(all_of=Instance(Part))(name, value)):
            self.check(f"{name}[{i}]", part, start, taken)
        return value

    def check(self, where, part, start, taken):
        """A ValueError unless the part is one of the start's, and not taken; then it is."""
        for name in (part.name,) if isinstance(part.name, str) else part.name:
            OneOf(*start.shapes)(f"{where}.name", name)
        try:
            entries = np.asarray(part.of(taken))
        except (IndexError, TypeError):
            entries = None
        if entries is None or (entries.size and not np.may_share_memory(entries, taken.vector)):
            raise refusal(f"{where}.index", f"slices of {part.name}", part.index)        # others would give a copy
        if entries.any():
            raise refusal(where, "entries that no other part has", Came(f"{part.name} twice"))
        entries[...] = 1
        if part.pattern is not None:
            check_shape(f"{where}.pattern", part.pattern.shape, entries.shape)
            if part.of(start)[part.pattern == 0].any():
                raise refusal(f"{where}.pattern", "0 only where the start is 0", Came("a connection that exists"))


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

    @door
    def __init__(self, loss: Has("value", "value_and_gradient"), start: Flat, parts: Parts()):
        self.loss, self.start, self.layout = loss, start, start
        self.parts = [part for part in parts if part.of(start).size]

    @door
    def penalty(self, w: Like()) -> float:
        """Value of the penalty at w."""
        return sum(inner(part.penalty.value)(part.of(w)) for part in self.parts)

    @door
    def objective(self, w: Like()) -> float:
        """Smooth loss over all samples, plus penalty."""
        return inner(self.loss.value)(w) + inner(self.penalty)(w)

    @door
    def prox_residual(self, w: Like()) -> float:
        """norm_inf(w - prox(w - grad, step=1)) over the free weights, see ``solvers``: 0 iff w is stationary."""
        grad = w.like()
        inner(self.loss.value_and_gradient)(w, grad)
        residuals = [prox_residual.inner(part.of(w), part.gradient(grad), part.penalty) for part in self.parts]
        return float(np.max(residuals, initial=0))                 # unlike max, np.max lets no NaN pass

    @door
    def smooth(self, vector: Floats("size")):
        """(value, gradient) of the smooth loss at a plain vector, for ``ista`` and ``fista``; held weights get 0."""
        w, grad, free = self.start.like(vector), self.start.like(), self.start.like()
        value = inner(self.loss.value_and_gradient)(w, grad)
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
        return inner(self.problem.penalty)(self.problem.start.like(vector))

    def prox(self, z, step):
        z = self.problem.start.like(z)
        for part in self.problem.parts:
            part.of(z)[...] = inner(part.penalty.prox)(part.of(z), step)
        return z.vector
