"""Penalties: their values, and their proxes, with a step length and in a metric.

Here ``w`` is the point that a prox starts from, and u the one it is looking for:

    with a step     argmin over u of  sum of (u - w)^2 / (2 step)  +  penalty(u)
    in a metric     argmin over u of  sum of d (u - w)^2 / 2       +  penalty(u),      d > 0, a number per entry

so that step s is the metric d = 1 / s.  A group is a column of a matrix (a unit's incoming weights); any other array is
one single group.
"""

import numpy as np

from .arrays import each, norm

# --- entry by entry ----------------------------------------------------------------------------------------------


def l1_value(w, mu: float) -> float:
    """mu * sum of abs(w)."""
    return mu * sum(abs(float(w[index])) for index in np.ndindex(w.shape))


def shrunk(z: float, threshold: float) -> float:
    """The u that minimises (u - z)^2 / 2 + threshold * abs(u), by its three cases; abs(z) == threshold gives 0.

    >>> shrunk(3.0, 1.0), shrunk(-1.0, 1.0), shrunk(-3.0, 1.0)
    (2.0, 0.0, -2.0)
    """
    if z > threshold:
        return z - threshold
    if z < -threshold:
        return z + threshold
    return 0.0


def soft_threshold(w, step, mu):
    """The prox of mu * sum of abs: the threshold is step * mu."""
    return each(lambda w_i: shrunk(w_i, step * mu), w)


def soft_threshold_metric(w, d, mu):
    """The prox of mu * sum of abs in the metric d: the threshold is mu / d, one per entry."""
    return each(lambda w_i, d_i: shrunk(w_i, mu / d_i), w, d)


def squared_l2_value(w, strength: float, anchor=0.0) -> float:
    """(strength / 2) * sum of (w - anchor)^2."""
    return strength / 2 * sum(each(lambda w_i, a_i: (w_i - a_i) ** 2, w, anchor).ravel())


def squared_l2_prox(w, step, strength, anchor):
    """The prox of (strength / 2) * sum of (u - anchor)^2.

    The derivative (u - w) / step + strength (u - anchor) is 0 at u = (w + step strength anchor) / (1 + step strength).
    """
    return each(lambda w_i, a_i: (w_i + step * strength * a_i) / (1 + step * strength), w, anchor)


def squared_l2_prox_metric(w, d, strength, anchor):
    """The same in the metric d: u = (d w + strength anchor) / (d + strength); a strength per entry is allowed."""
    return each(lambda w_i, d_i, s_i, a_i: (d_i * w_i + s_i * a_i) / (d_i + s_i), w, d, strength, anchor)


def complete_squares(w, d, squares):
    """The one square that all squares together are: (centre, curvature).

    d (u - w)^2 / 2 + sum over (s, a) of (s / 2) (u - a)^2  =  curvature (u - centre)^2 / 2 + constant, with
    curvature = d + sum of s and centre = (d w + sum of s a) / curvature.  A penalty beside squares therefore has its
    prox at the centre, in the metric curvature.  ``squares`` is a list of (strength, anchor).
    """
    weighted, curvature = each(lambda w_i, d_i: d_i * w_i, w, d), each(lambda _, d_i: d_i, w, d)
    for strength, anchor in squares:
        weighted = each(lambda sum_i, a_i: sum_i + strength * a_i, weighted, anchor)
        curvature = each(lambda sum_i: sum_i + strength, curvature)
    return each(lambda sum_i, c_i: sum_i / c_i, weighted, curvature), curvature


# --- edge by edge ------------------------------------------------------------------------------------------------


def l21_penalty(w, grad, mu):
    """mu * sum over edges of norm(edge); every edge's distance of -grad to the subdifferential; the critical strength.

    w[i, k, c, j] is what upper unit j has for lower unit c at place (i, k).  The gradient of mu * norm(edge) is
    mu * w / norm(w), and any vector of a norm up to mu where the edge is 0.
    """
    value, distance, critical = 0.0, np.zeros(w.shape[2:]), 0.0
    for c, j in np.ndindex(w.shape[2:]):
        edge = places(w, c, j)
        size, slope = norm(w[index] for index in edge), norm(grad[index] for index in edge)
        value, critical = value + mu * size, max(critical, slope)
        distance[c, j] = norm(grad[index] + mu * w[index] / size for index in edge) if size > 0 else max(slope - mu, 0)
    return value, distance, critical


def l21_prox(w, step, mu):
    """Its prox: every edge is a group."""
    return by_edges(lambda edge: group_soft_threshold(edge, step, mu), w)


def l21_prox_metric(w, d, mu):
    """Its prox in the metric d."""
    return by_edges(lambda edge, d_edge: group_soft_threshold_metric(edge, d_edge, mu), w, d)


def by_edges(prox, w, *others):
    """prox(edge, other[edge], ...) of one edge after the other, put back where it was."""
    u = np.zeros(w.shape)
    for c, j in np.ndindex(w.shape[2:]):
        edge = places(w, c, j)
        alone = prox(*(np.array([array[index] for index in edge]) for array in (w, *others)))
        for index, u_index in zip(edge, alone, strict=True):
            u[index] = u_index
    return u


def places(w, c: int, j: int) -> list:
    """Where the weights of an edge stand.

    >>> places(np.zeros((1, 2, 5, 5)), 3, 4)
    [(0, 0, 3, 4), (0, 1, 3, 4)]
    """
    return [(i, k, c, j) for i, k in np.ndindex(w.shape[:2])]


# --- group by group ----------------------------------------------------------------------------------------------


def groups(shape) -> list:
    """The entries of each group.

    >>> groups((2, 2))
    [[(0, 0), (1, 0)], [(0, 1), (1, 1)]]
    """
    if len(shape) == 2:
        return [[(i, j) for i in range(shape[0])] for j in range(shape[1])]
    return [list(np.ndindex(shape))]


def group_lasso_value(w, gamma: float) -> float:
    """gamma * sum over groups of norm(group)."""
    return gamma * sum(norm(w[index] for index in group) for group in groups(w.shape))


def group_soft_threshold(w, step, gamma):
    """The prox of gamma * sum over groups of norm(group).

    Each group keeps its direction and loses step * gamma of its norm; it is 0 if it has no more than that.
    """
    u = np.zeros(w.shape)
    for group in groups(w.shape):
        length = norm(w[index] for index in group)
        if length > step * gamma:
            for index in group:
                u[index] = w[index] * (length - step * gamma) / length
    return u


def group_soft_threshold_metric(w, d, gamma):
    """The prox of gamma * sum over groups of norm(group) in the metric d.

    Where u_group != 0, the derivative d (u - w) + gamma u / r is 0, with r = norm(u_group):

        u = w d r / (d r + gamma),    and r solves the secular equation    sum of (d w / (d r + gamma))^2 = 1.

    u_group = 0 iff 0 is in the subdifferential there, that is norm(d w) <= gamma.
    """
    u, d = np.zeros(w.shape), np.broadcast_to(d, w.shape)
    for group in groups(w.shape):
        w_group, d_group = [float(w[index]) for index in group], [float(d[index]) for index in group]
        if norm(d_i * w_i for w_i, d_i in zip(w_group, d_group, strict=True)) > gamma:
            r = secular_root(w_group, d_group, gamma)
            for index, w_i, d_i in zip(group, w_group, d_group, strict=True):
                u[index] = w_i if gamma == 0 else w_i * d_i * r / (d_i * r + gamma)
    return u


def secular_root(w, d, gamma: float) -> float:
    """The r with sum of (d w / (d r + gamma))^2 = 1, bisected until no number lies between the bounds.

    The sum falls with r.  It is above 1 at r = 0 (the group is not 0) and at most 1 at r = norm(w).

    >>> round(secular_root([3.0, 4.0], [1.0, 1.0], 1.0), 12)       # in the Euclidean metric: norm(w) - gamma
    4.0
    """
    low, high = 0.0, norm(w)
    while low < (middle := (low + high) / 2) < high:
        if norm(d_i * w_i / (d_i * middle + gamma) for w_i, d_i in zip(w, d, strict=True)) > 1:
            low = middle
        else:
            high = middle
    return high


def sparse_group_value(w, mu: float, gamma: float) -> float:
    """mu * sum of abs(w) + gamma * sum over groups of norm(group)."""
    return l1_value(w, mu) + group_lasso_value(w, gamma)


def sparse_group_prox(w, step, mu, gamma):
    """The prox of both: soft-threshold every entry *first*, then shrink every group (the other order is not it)."""
    return group_soft_threshold(soft_threshold(w, step, mu), step, gamma)


def sparse_group_prox_metric(w, d, mu, gamma):
    """The same two shrinkages in the same order, both in the metric d."""
    return group_soft_threshold_metric(soft_threshold_metric(w, d, mu), d, gamma)
