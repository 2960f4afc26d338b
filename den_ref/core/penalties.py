"""Penalties: value, prox, distance to the subdifferential.

A penalty P acts on one array w.  It answers four questions, and fails by name (``NotImplementedError``) where it has
no answer; none is answered by silence, and the penalty that is nothing is called ``Zero``.

``value(w)``
    P(w).
``prox(z, step)``
    argmin over u of  norm(u - z)^2 / (2 * step) + P(u).
``prox_metric(z, d)``
    argmin over u of  sum(d * (u - z)^2) / 2 + P(u), with one curvature d > 0 per entry.
    ``d = 1 / step`` everywhere is the line above, and is what ``prox`` does unless a penalty knows a shorter way.
``subdiff_distance(w, grad)``
    Distance of -grad to the subdifferential of P at w: 0 everywhere exactly when w minimises smooth + P.

Those that make exact zeros, L1, L21 and the groups, also know

``critical_strength(grad)``
    The smallest strength at which w = 0 is optimal, ``grad`` being the smooth gradient at w = 0.

Nothing here modifies its inputs, but for ``prox_metric(..., out=)``.
"""

from __future__ import annotations

import numpy as np

from den_ref.doors import Buffer, Doors, Floats, Instance, NotNegative, Number, Positive, Whole, door, inner, refusal

# --- the two shrinkages ------------------------------------------------------------------------------------------


@door
def soft_threshold(z: Floats("*z"), threshold: NotNegative("*z"), out: Buffer("*z") = None):
    """sign(z) * max(abs(z) - threshold, 0), the prox of threshold * abs.

    abs(z) == threshold gives 0.  Written as z minus its part inside [-threshold, threshold], which needs no sign.
    ``threshold`` is a number or an array like z; ``out`` may be z itself.

    >>> soft_threshold(np.array([3.0, -0.5, -2.0]), 1.0)
    array([ 2.,  0., -1.])
    """
    inside = np.minimum(z, threshold)
    inside = np.maximum(inside, -threshold)
    return np.subtract(z, inside, out=out)


@door
def group_soft_threshold(z: Floats("n", "units"), threshold: NotNegative()):
    """Shrink every column of z towards 0 by ``threshold`` in its Euclidean norm.

    z_j * max(1 - threshold / norm(z_j), 0), the prox of threshold * norm for each column j.
    norm(z_j) <= threshold gives the zero column, so that no zero column is ever divided by its norm.

    >>> group_soft_threshold(np.array([[3.0, 0.3], [4.0, 0.4]]), 1.0)
    array([[2.4, 0. ],
           [3.2, 0. ]])
    """
    norm = column_norms.inner(z)
    kept = ~(norm <= threshold)                                    # a NaN is kept: it must not end as a zero
    factor = np.zeros_like(norm)
    np.divide(threshold, norm, out=factor, where=kept)
    return z * np.where(kept, 1 - factor, 0).astype(z.dtype)


@door
def group_soft_threshold_metric(z: Floats("n", "units"), d: Floats("n", "units", above=0), threshold: NotNegative(),
                                iterations: Whole(1) = 50):
    """The prox of threshold * norm of each column, in the metric d (an array like z, positive).

    The minimiser of sum(d * (u - z)^2) / 2 + threshold * norm(u) over one column is 0 iff
    norm(d * z) <= threshold; otherwise u = z * d * r / (d * r + threshold) with r = norm(u), which is the root of

        phi(r) = sum((d * z / (d * r + threshold))^2) = 1.

    1 / sqrt(phi) is increasing, concave and nearly linear in r, so Newton on ``1 / sqrt(phi(r)) = 1`` from r = 0
    (the "secular equation" of trust-region methods) rises to the root monotonically and takes a few steps, here for
    all columns at once.  threshold = 0 returns z; an empty column stays empty.
    """
    pull, norm, unit = _pull(d, z, threshold)
    kept = ~(norm <= threshold)                                    # a NaN is kept: it must not end as a zero
    if threshold == 0 or not kept.any():
        return z.copy() if threshold == 0 else np.zeros_like(z)
    pull, curvature = pull[:, kept], d[:, kept].astype(np.float64)
    if unit is not None:                                           # far from 1, so that squares have room
        unit, threshold = unit[kept], threshold / unit[kept]
        pull = pull / unit
    r = np.zeros(pull.shape[1])
    for _ in range(iterations):
        scale = curvature * r + threshold
        ratio = (pull / scale) ** 2
        phi = ratio.sum(axis=0)
        slope = (ratio * curvature / scale).sum(axis=0)            # -phi'(r) / 2
        change = (np.sqrt(phi) - 1) * phi / slope
        r += change
        if np.all(np.abs(change) <= 1e-15 * r):
            break
    u = np.zeros_like(z)
    pull = pull * r / (curvature * r + threshold)
    u[:, kept] = pull if unit is None else pull * unit
    return u


def _pull(d, z, threshold):
    """d * z in float64 and its column norms; and None, or a power of two per column where some are far from 1."""
    pull = (d * z).astype(np.float64)
    norm = np.sqrt(np.einsum("ij,ij->j", pull, pull))
    if threshold > 1e-30 and norm.max(initial=0) < 1e30:           # what is smaller is 0 in any precision
        return pull, norm, None
    pull = np.where((pull == 0) | ~np.isfinite(pull), d.astype(np.float64) * z, pull)
    return pull, column_norms.inner(pull), power_of_two(pull)


@door
def l1_subdiff_distance(w: Floats("*w"), grad: Floats("*w"), strength: NotNegative("*w")):
    """Distance of -grad to the subdifferential of sum(strength * abs(w)), entry by entry; strengths may differ."""
    at_zero = np.maximum(np.abs(grad) - strength, 0)               # distance of -grad to [-strength, strength]
    elsewhere = np.abs(grad + strength * np.sign(w))               # distance of -grad to {strength * sign(w)}
    return np.where(w == 0, at_zero, elsewhere)


@door
def column_norms(w: Floats("n", "units")):
    """Euclidean norm of every column of a 2-D array; an empty column has norm 0.

    Columns whose squares leave the range of the dtype are scaled by a power of two before they are squared.
    """
    norms = np.sqrt(np.einsum("ij,ij->j", w, w))
    smallest = 1e-140 if norms.dtype == np.float64 else 1e-15
    lost = ~((norms > smallest) & np.isfinite(norms))
    if lost.any() and w[:, lost].any():
        scale = power_of_two(w[:, lost])
        scaled = w[:, lost] / scale
        norms[lost] = scale * np.sqrt(np.einsum("ij,ij->j", scaled, scaled))
    return norms


def power_of_two(w):
    """Per column a power of two near its largest entry; 1 for columns of zeros or with NaN or infinity."""
    largest = np.abs(w).max(axis=0, initial=0)
    usable = np.isfinite(largest) & (largest > 0)
    exponent = np.frexp(np.where(usable, largest, 1).astype(largest.dtype))[1]
    return np.ldexp(np.ones_like(largest), exponent - 1)


class Entries(Floats):
    """What a penalty acts on: finite floats of any shape that fits the arrays which the penalty holds."""

    def __call__(self, name, value, call):
        array = super().__call__(name, value, call)
        wanted = call["self"]._shape_of(array.shape)
        if wanted != array.shape:
            raise refusal(name, f"shape {wanted} as the penalty's", array)
        return array


# --- the penalties -----------------------------------------------------------------------------------------------


class Penalty(Doors):
    """The contract of every penalty: a subclass fills in ``value``, ``prox_metric`` and ``subdiff_distance``.

    The doors are here, for all subclasses; what a penalty asks of another one it asks behind the door, ``inner(...)``.
    """

    @door
    def value(self, w: Entries("*w", finite=False)) -> float:
        """P(w)."""
        raise _not_defined(self, "value")

    @door
    def prox(self, z: Entries("*z"), step: Positive()):
        """argmin over u of  norm(u - z)^2 / (2 * step) + P(u), by default ``prox_metric`` with d = 1 / step."""
        return inner(self.prox_metric)(z, np.full_like(z, 1 / step))

    @door
    def prox_metric(self, z: Entries("*z"), d: Positive("*z"), out: Buffer("*z") = None):
        """argmin over u of  sum(d * (u - z)^2) / 2 + P(u), d an array like z; written into ``out``, z itself maybe."""
        raise _not_defined(self, "prox_metric")

    @door
    def subdiff_distance(self, w: Entries("*w"), grad: Floats("*w")):
        """Distance of -grad to the subdifferential of P at w: one number per entry, or one per group."""
        raise _not_defined(self, "subdiff_distance")

    def _shape_of(self, shape: tuple) -> tuple:
        """The shape that an array must have, given the one it has: another one where the penalty holds arrays."""
        return shape


def _not_defined(penalty: Penalty, method: str) -> NotImplementedError:
    """The error of a question that a penalty leaves open."""
    return NotImplementedError(f"{type(penalty).__name__}.{method}: not defined; what it must return stands in "
                               f"den_ref.core.penalties.Penalty.{method}")


class Zero(Penalty):
    """P(w) = 0: what is free but not penalised (the biases)."""

    def value(self, w) -> float:
        return 0.0

    def prox_metric(self, z, d, out=None):
        return z.copy() if out is None else _into(out, z)

    def subdiff_distance(self, w, grad):
        return np.abs(grad)                                        # the subdifferential is {0}


class L1(Penalty):
    """P(w) = strength * sum(abs(w)): Eq. 2, 3 and 5.

    >>> L1(2.0).value(np.array([1.0, -3.0]))
    8.0
    >>> L1(2.0).prox(np.array([1.0, -3.0]), step=0.5)
    array([ 0., -2.])
    """

    @door
    def __init__(self, strength: NotNegative()):
        self.strength = strength

    def value(self, w) -> float:
        return self.strength * float(np.abs(w).sum(dtype=np.float64))

    def prox(self, z, step):
        return soft_threshold.inner(z, step * self.strength)

    def prox_metric(self, z, d, out=None):
        return soft_threshold.inner(z, self.strength / d, out=out)

    def subdiff_distance(self, w, grad):
        return l1_subdiff_distance.inner(w, grad, self.strength)

    @staticmethod
    @door
    def critical_strength(grad: Floats("*grad")) -> float:
        return float(np.abs(grad).max(initial=0))


class SquaredL2(Penalty):
    """P(w) = (1/2) * sum(strength * (w - anchor)^2), with one strength for all entries or one for each.

    Weight decay (anchor 0), Eq. 4 (strength mu_l2, anchor 0), Eq. 6 and DNN-L2 (strength 2 * lam, anchor W^{t-1}), and
    DNN-EWC (strength lam * F, the Fisher information of every weight).

    >>> SquaredL2(2.0, anchor=np.array([1.0])).value(np.array([4.0]))
    9.0
    >>> SquaredL2(1.0).prox(np.array([3.0]), step=0.5)
    array([2.])
    >>> SquaredL2(np.array([0.0, 1.0])).prox(np.array([3.0, 3.0]), step=0.5)
    array([3., 2.])
    """

    @door
    def __init__(self, strength: NotNegative("*"), anchor: Number("*") = 0.0):
        self.strength, self.anchor = strength, anchor

    def _shape_of(self, shape: tuple) -> tuple:
        held = np.broadcast_shapes(np.shape(self.strength), np.shape(self.anchor))
        try:
            fits = np.broadcast_shapes(held, shape) == shape
        except ValueError:
            fits = False
        return shape if fits else held

    def value(self, w) -> float:
        away = np.subtract(w, self.anchor, dtype=np.float64)
        return float(np.vdot(self.strength * away, away)) / 2

    def prox(self, z, step):
        # z + share * (anchor - z), not the quotient: at strength 0 it is z bit for bit.
        return z + step * self.strength / (1 + step * self.strength) * (self.anchor - z)

    def prox_metric(self, z, d, out=None):
        pull = np.subtract(self.anchor, z)
        pull *= self.strength / (d + self.strength)
        return np.add(z, pull, out=out)

    def subdiff_distance(self, w, grad):
        return np.abs(grad + self.strength * (w - self.anchor))    # the subdifferential is one point


class GroupLasso(Penalty):
    """P(w) = strength * sum over groups of norm(group): Eq. 5.

    A group is a column of a 2-D w, i.e. all incoming weights of one unit; a 1-D w is one single group (the
    unsquared reading of Eq. 4).

    >>> GroupLasso(2.0).value(np.array([[3.0, 0.0], [4.0, 1.0]]))
    12.0
    """

    @door
    def __init__(self, strength: NotNegative()):
        self.strength = strength

    def value(self, w) -> float:
        return self.strength * float(column_norms.inner(columns(w)).sum(dtype=np.float64))

    def prox(self, z, step):
        return group_soft_threshold.inner(columns(z), step * self.strength).reshape(z.shape)

    def prox_metric(self, z, d, out=None):
        d = np.broadcast_to(d, z.shape)
        u = group_soft_threshold_metric.inner(columns(z), columns(d), self.strength).reshape(z.shape)
        return u if out is None else _into(out, u)

    def subdiff_distance(self, w, grad):
        """One number per group."""
        w, grad = columns(w), columns(grad)
        norm = column_norms.inner(w)
        direction = np.divide(w, norm, out=np.zeros_like(w), where=norm > 0)
        at_zero = np.maximum(column_norms.inner(grad) - self.strength, 0)   # distance of -grad to a ball
        elsewhere = column_norms.inner(grad + self.strength * direction)    # ... to {strength * w / norm(w)}
        return np.where(norm == 0, at_zero, elsewhere)

    @staticmethod
    @door
    def critical_strength(grad: Floats("*grad")) -> float:
        return float(column_norms.inner(columns(grad)).max(initial=0))


class L21(Penalty):
    """P(w) = strength * sum over edges of norm(the edge's weights), the (2,1)-norm: Eq. 2 where an edge has many.

    w (fan * n_lower, n_upper) is a stack of ``fan`` matrices (``core.stacks``): the edge from lower unit u to upper
    unit j has the weights w[p * n_lower + u, j], p = 0..fan-1, a whole k x k filter under a convolution.  It is made 0
    as a whole.  With fan 1 it is L1.

    >>> L21(2.0, fan=2).value(np.array([[3.0], [1.0], [4.0], [0.0]]))
    12.0
    """

    @door
    def __init__(self, strength: NotNegative(), fan: Whole(1)):
        self.strength, self.fan, self._groups = strength, fan, GroupLasso(strength)

    def _shape_of(self, shape: tuple) -> tuple:
        rows, *columns = shape if len(shape) == 2 else (self.fan, 1)
        return (-(-rows // self.fan) * self.fan, *columns)

    def _edges(self, w):
        """An edge in every column: (fan, n_lower * n_upper)."""
        return w.reshape(self.fan, w.size // self.fan)

    def value(self, w) -> float:
        return inner(self._groups.value)(self._edges(w))

    def prox(self, z, step):
        return inner(self._groups.prox)(self._edges(z), step).reshape(z.shape)

    def prox_metric(self, z, d, out=None):
        d = np.broadcast_to(d, z.shape)
        u = inner(self._groups.prox_metric)(self._edges(z), self._edges(d)).reshape(z.shape)
        return u if out is None else _into(out, u)

    def subdiff_distance(self, w, grad):
        """One number per edge, (n_lower, n_upper)."""
        distance = inner(self._groups.subdiff_distance)(self._edges(w), self._edges(grad))
        return distance.reshape(len(w) // self.fan, w.shape[1])

    @door
    def critical_strength(self, grad: Entries("*grad")) -> float:
        """The smallest strength at which w = 0 is optimal."""
        return GroupLasso.critical_strength.inner(self._edges(grad))


class SparseGroupLasso(Penalty):
    """P(w) = l1 * sum(abs(w)) + group * sum over columns of norm(column): the new units' weights in Eq. 5.

    The prox soft-thresholds first and shrinks the groups second; in the other order it is not the prox.

    >>> SparseGroupLasso(1.0, 2.0).prox(np.array([[4.0], [5.0], [1.0]]), step=1.0)
    array([[1.8],
           [2.4],
           [0. ]])
    """

    def __init__(self, l1: float, group: float):
        self.l1, self.group = L1(NotNegative()("l1 strength", l1)), GroupLasso(NotNegative()("group strength", group))

    def value(self, w) -> float:
        return inner(self.l1.value)(w) + inner(self.group.value)(w)

    def prox(self, z, step):
        return inner(self.group.prox)(inner(self.l1.prox)(z, step), step)

    def prox_metric(self, z, d, out=None):
        return inner(self.group.prox_metric)(inner(self.l1.prox_metric)(z, d), d, out=out)

    def subdiff_distance(self, w, grad):
        """One number per group.

        At a nonzero column the group's part is the one point strength * w / norm(w), and the L1 part is a set per
        entry.  At a zero column the set is [-l1, l1]^n plus a ball, whose distance is that of the soft-thresholded
        gradient to the ball.
        """
        w, grad = columns(w), columns(grad)
        norm = column_norms.inner(w)
        direction = np.divide(w, norm, out=np.zeros_like(w), where=norm > 0)
        at_zero = np.maximum(column_norms.inner(soft_threshold.inner(grad, self.l1.strength)) - self.group.strength, 0)
        elsewhere = column_norms.inner(l1_subdiff_distance.inner(w, grad + self.group.strength * direction,
                                                                self.l1.strength))
        return np.where(norm == 0, at_zero, elsewhere)

    @door
    def critical_strength(self, grad: Floats("*grad")) -> float:
        """The smallest group strength at which w = 0 is optimal, at the given l1."""
        return self.group.critical_strength(soft_threshold.inner(grad, self.l1.strength))


class Sum(Penalty):
    """Squares plus at most one other penalty, on the same weights.

    A square of strength s joins the metric: d becomes d + s around the moved point, exactly; the other penalty
    comes last, in the metric d + all strengths.

    >>> Sum(SquaredL2(1.0), L1(1.0)).prox(np.array([4.0]), step=1.0)
    array([1.5])
    """

    def __init__(self, *penalties: Penalty):
        for i, penalty in enumerate(penalties):
            Instance(Penalty)(f"penalties[{i}]", penalty)
        self.squares = [p for p in penalties if isinstance(p, SquaredL2) and np.any(p.strength > 0)]
        others = [p for p in penalties if not isinstance(p, SquaredL2)]
        if len(others) > 1:
            raise ValueError(f"penalties: expected squares and at most one other, got {len(others)} others")
        self.other = others[0] if others else Zero()
        self._metric_steps = [(inner(square.prox_metric), square.strength) for square in self.squares]
        self._last_step = inner(self.other.prox_metric)

    def _shape_of(self, shape: tuple) -> tuple:
        return next((p._shape_of(shape) for p in (*self.squares, self.other) if p._shape_of(shape) != shape), shape)

    def value(self, w) -> float:
        return sum(inner(p.value)(w) for p in self.squares) + inner(self.other.value)(w)

    def prox(self, z, step):
        if any(np.ndim(square.strength) for square in self.squares):
            return inner(super().prox)(z, step)                    # a strength per entry makes a metric of the step
        for square in self.squares:
            z = inner(square.prox)(z, step)
            step = step / (1 + step * square.strength)
        return inner(self.other.prox)(z, step)

    def prox_metric(self, z, d, out=None):
        for prox_metric, strength in self._metric_steps:
            z = prox_metric(z, d, out=out)
            d = d + strength
        return self._last_step(z, d, out=out)

    def subdiff_distance(self, w, grad):
        slope = sum(square.strength * (w - square.anchor) for square in self.squares)
        return inner(self.other.subdiff_distance)(w, grad + slope)


def columns(w):
    """w as groups: a 2-D array as it is, anything else as one column."""
    return w if w.ndim == 2 else w.reshape(-1, 1)


def _into(out, value):
    out[...] = value
    return out
