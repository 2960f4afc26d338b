"""AdaRad: gradient descent that changes the length and the direction of incoming weights by steps of their own.

For each unit, w its incoming weights (a column), g the gradient of the batch's part of the mean loss, b of n samples::

    r = (<g, w> / norm(w)^2) w,   t = g - r                                    (along w, and across it)
    m = (1 - beta) m + beta norm(t)^2,   c = (1 - beta) c + beta               (every unit's own, from 0)
    m_max, c_max: the largest m and c so far, of all units of all layers       (m / c: the average since the unit came)

    w <- w - step_radial r,   at least w / 2, at most 2 w
    w <- norm(w) (cos(a) w / norm(w) - sin(a) t / norm(t)),   a = step_angular norm(t) s,
                                                              s = sqrt(m_max / c_max) / sqrt(m / c + eps)
    w <- w max(0, 1 - step_radial lam (b / n) / norm(w))                       (the prox of the fan-in penalty)

A step along w alone can never make it 0: only the penalty does.  Two things are ours.  The bounds: with step_radial =
1 / (50 lam) and a small lam a step could turn a unit around.  And the order: the paper goes from unit to unit, so that
m_max knows only those before; here all units have their m and c before any is moved.  Source: Philipp and Carbonell
2017, Algorithm 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from den_ref.core.penalties import GroupLasso, column_norms
from den_ref.doors import inner


@dataclass
class AdaRad:
    """What the optimiser knows: its options, and per matrix every unit's m and c; ``largest`` is (m_max, c_max).

    ``radial`` and ``angular`` are step_radial and step_angular, the latter in radians per norm of t.
    """

    lam: float
    radial: float
    angular: float
    beta: float
    eps: float
    m: list[np.ndarray]
    c: list[np.ndarray]
    largest: tuple[float, float] = (0.0, 0.0)

    def step(self, weights: Sequence[np.ndarray], gradients: Sequence[np.ndarray], share: float) -> list[np.ndarray]:
        """The weights after a batch that is ``share`` = b / n of the samples; ``gradients`` have that factor.

        Both are a matrix (n_in, units) per layer.  The weights are new arrays; m, c and their largest are replaced.
        """
        parts = [along_and_across(w, g) for w, g in zip(weights, gradients, strict=True)]
        squares = [np.einsum("ij,ij->j", across, across) for _, across in parts]
        self.m = [(1 - self.beta) * m + self.beta * new for m, new in zip(self.m, squares, strict=True)]
        self.c = [(1 - self.beta) * c + self.beta for c in self.c]
        self.largest = tuple(max(largest, *(float(np.max(one, initial=0)) for one in of_layers))
                             for largest, of_layers in zip(self.largest, (self.m, self.c)))
        speed = np.sqrt(self.largest[0] / self.largest[1])
        return [self._moved(w, *part, speed / np.sqrt(m / c + self.eps), share)
                for w, part, m, c in zip(weights, parts, self.m, self.c, strict=True)]

    def _moved(self, w, along, across, speeds, share):
        """One matrix: lengths, then directions, then the penalty."""
        w = w * np.clip(1 - self.radial * along, 0.5, 2).astype(w.dtype)
        w = rotated(w, across, self.angular * speeds * column_norms.inner(across))
        return inner(GroupLasso(self.lam).prox)(w, self.radial * share)

    def add(self, count: int) -> None:
        """New units at the end of every hidden layer: of them nothing is known yet, m = c = 0."""
        for known in (self.m, self.c):
            known[:-1] = [np.append(one, np.zeros(count, one.dtype)) for one in known[:-1]]

    def keep(self, units: Sequence[np.ndarray]) -> None:
        """Only these units of the hidden layers go on, an index array per layer."""
        for known in (self.m, self.c):
            known[:-1] = [one[stay] for one, stay in zip(known[:-1], units, strict=True)]


def along_and_across(w, g):
    """g = along w + across, column by column: along (units,) and across (n_in, units), at right angles to w.

    A column of zeros has nothing along it.

    >>> along_and_across(np.array([[2.0], [0.0]]), np.array([[3.0], [5.0]]))
    (array([1.5]), array([[0.],
           [5.]]))
    """
    squared = np.einsum("ij,ij->j", w, w)
    along = np.divide(np.einsum("ij,ij->j", g, w), squared, out=np.zeros_like(squared), where=squared > 0)
    return along, g - along * w


def rotated(w, across, angle):
    """Every column of w turned away from the same one of ``across``, by its angle (units,) in radians, its length kept.

    Where ``across`` is 0 there is nowhere to turn to, and the column stays.

    >>> rotated(np.array([[2.0], [0.0]]), np.array([[0.0], [-7.0]]), np.array([np.pi / 2])).round(12)
    array([[0.],
           [2.]])
    """
    length, size = column_norms.inner(w), column_norms.inner(across)
    direction = np.divide(across, size, out=np.zeros_like(across), where=size > 0)
    angle = np.where(size > 0, angle, 0).astype(w.dtype)
    return np.cos(angle) * w - np.sin(angle) * length * direction
