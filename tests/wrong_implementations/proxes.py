"""Proxes, with a step length and in a metric."""

import numpy as np

from tests import own_answers as own

from .listing import wrong


def shrunk(z, threshold):
    """sign(z) max(abs(z) - threshold, 0)."""
    return np.sign(z) * np.maximum(abs(z) - threshold, 0)


def norms(w):
    """Of columns."""
    return np.sqrt((w ** 2).sum(axis=0))


def groups_shrunk(w, threshold, size=None):
    """Columns shrunk by a threshold; ``size``: other norms than their own."""
    size = norms(w) if size is None else size
    return w * np.where(size > threshold, 1 - threshold / np.where(size > 0, size, 1), 0)


# --- entry by entry ----------------------------------------------------------------------------------------------


@wrong("soft_threshold", known="threshold-not-scaled")
def threshold_is_mu(w, step, mu):
    """The threshold is mu: softshrink(w, mu) after a step of another length."""
    return shrunk(w, mu)


@wrong("soft_threshold", known="hard-threshold")
def hard(w, step, mu):
    """hardshrink for softshrink."""
    return np.where(abs(w) > step * mu, w, 0)


@wrong("soft_threshold", r"zeros-not-made|within the threshold|-threshold|changed sign")
def minus_forgotten(w, step, mu):
    """w < threshold where w < -threshold is meant."""
    t = step * mu
    return np.where(w > t, w - t, np.where(w < t, w + t, 0))


@wrong("soft_threshold", r"divided by the step|inverse|inverted|mu / step|1 / step")
def divided_by_the_step(w, step, mu):
    """The threshold is mu / step."""
    return shrunk(w, mu / step)


@wrong("soft_threshold", r"single precision|float32|f32")
def soft_threshold_in_float32(w, step, mu):
    """Computed and returned in float32."""
    return shrunk(w.astype(np.float32), np.float32(step * mu))


@wrong("soft_threshold", r"ReLU|positive|sign")
def absolute_values_come_out(w, step, mu):
    """max(abs(w) - threshold, 0): the sign is not put back."""
    return np.maximum(abs(w) - step * mu, 0)


@wrong("soft_threshold_metric", known="metric-inverted")
def metric_taken_for_a_step(w, d, mu):
    """d is taken for a step per entry: the threshold is mu d."""
    return shrunk(w, mu * d)


@wrong("soft_threshold_metric", r"root|sqrt")
def root_of_the_metric(w, d, mu):
    """The threshold is mu / sqrt(d): d was taken for Adam's second moment."""
    return shrunk(w, mu / np.sqrt(d))


@wrong("soft_threshold_metric", r"not divided|scaled by d|times d|coordinates|factor d|d w")
def left_in_scaled_coordinates(w, d, mu):
    """The prox of d w with threshold mu, which is not divided by d again."""
    return shrunk(d * w, mu)


@wrong("squared_l2_prox", known="half-missing")
def two_strengths(w, step, strength, anchor):
    """The gradient of strength norm^2 is used: 2 strength."""
    return (w + 2 * step * strength * anchor) / (1 + 2 * step * strength)


@wrong("squared_l2_prox", r"sign|away")
def away_from_the_anchor(w, step, strength, anchor):
    """w moves away from the anchor by the same share."""
    share = step * strength / (1 + step * strength)
    return w - share * (anchor - w)


@wrong("squared_l2_prox", known="gradient-for-prox")
def decoupled_decay(w, step, strength, anchor):
    """Decoupled weight decay as in AdamW: w - step strength (w - anchor)."""
    return w - step * strength * (w - anchor)


@wrong("squared_l2_prox", r"anchor.*(scal|share|whole|full|divided)|denominator")
def anchor_in_full(w, step, strength, anchor):
    """w / (1 + s) + anchor: the anchor lacks its share s / (1 + s)."""
    return w / (1 + step * strength) + anchor


@wrong("squared_l2_prox_metric", r"invert|inverse|taken for a step|1 / d")
def metric_as_step(w, d, strength, anchor):
    """d is taken for a step: the share is d strength / (1 + d strength)."""
    return (w + d * strength * anchor) / (1 + d * strength)


@wrong("squared_l2_prox_metric", r"d w|not (scaled|multiplied|weighted)|w lacks")
def w_without_its_weight(w, d, strength, anchor):
    """(w + strength anchor) / (d + strength): w lacks its factor d."""
    return (w + strength * anchor) / (d + strength)


# --- group by group ----------------------------------------------------------------------------------------------


@wrong("group_soft_threshold", known="rows-as-groups")
def outgoing_groups(w, step, gamma):
    """A group is a row: dim=1 in the layout of nn.Linear, not turned round here."""
    return groups_shrunk(w.T, step * gamma).T


@wrong("group_soft_threshold", r"sqrt|root|size")
def gamma_times_root_of_size(w, step, gamma):
    """gamma is scaled by the root of the group's size, as Yuan and Lin have it."""
    return groups_shrunk(w, step * gamma * np.sqrt(len(w)))


@wrong("group_soft_threshold", r"epsilon|1e-|added|under the root", hard=True)
def epsilon_under_the_root(w, step, gamma):
    """The norm is sqrt(sum + 1e-8), so that autograd has no NaN at 0."""
    size = np.sqrt((w ** 2).sum(axis=0) + 1e-8)
    return w * np.maximum(1 - step * gamma / size, 0)


@wrong("group_soft_threshold", r"squared|square|root")
def squared_norm_below(w, step, gamma):
    """The threshold is divided by the squared norm, and compared with it."""
    return groups_shrunk(w, step * gamma, (w ** 2).sum(axis=0))


@wrong("group_soft_threshold", r"max\(|negative|turned|zeros-not-made|sign|below the threshold|within the threshold")
def scale_below_zero(w, step, gamma):
    """max(..., 0) is missing: a column within the threshold turns round."""
    size = norms(w)
    return w * (1 - step * gamma / np.where(size > 0, size, 1))


@wrong("group_soft_threshold", known="zero-group-divides", hard=True)
def nan_of_a_zero_column(w, step, gamma):
    """max(1 - threshold / norm, 0) w as it stands: 0/0 in a zero column at strength 0."""
    with np.errstate(all="ignore"):
        return w * np.maximum(1 - step * gamma / norms(w), 0)


@wrong("group_soft_threshold", r"sum of abs|l1.norm|absolute")
def l1_norm_of_the_group(w, step, gamma):
    """The group's norm is its sum of absolute values."""
    return groups_shrunk(w, step * gamma, abs(w).sum(axis=0))


@wrong("group_soft_threshold_metric", r"scalar|mean|one curvature|average", hard=True)
def mean_curvature_per_group(w, d, gamma):
    """One step per group, 1 / mean(d): the closed form of the Euclidean prox."""
    return groups_shrunk(w, gamma / d.mean(axis=0))


@wrong("group_soft_threshold_metric", r"converge|iterat|solved|accura", hard=True)
def three_newton_steps(w, d, gamma):
    """The secular equation gets three fixed-point steps, whatever is left."""
    alive = norms(d * w) > gamma
    r = norms(w)
    for _ in range(3):
        r = norms(w * d * r / (d * r + gamma))
    return np.where(alive, w * d * r / np.where(alive, d * r + gamma, 1), 0)


@wrong("group_soft_threshold_metric", r"test|zero column|norm\(d|without d|norm\(w|when it is 0", hard=True)
def zero_test_without_the_metric(w, d, gamma):
    """A column is 0 if norm(w) <= gamma; the others are right."""
    return np.where(norms(w) > gamma, own.group_soft_threshold_metric(w, d, gamma), 0)


@wrong("sparse_group_prox", known="shrinkages-swapped")
def groups_first(w, step, mu, gamma):
    """Groups are shrunk first."""
    return shrunk(groups_shrunk(w, step * gamma), step * mu)


@wrong("sparse_group_prox", r"norm.*(before|old|original)|before the soft|stale", hard=True)
def norm_before_the_soft_threshold(w, step, mu, gamma):
    """The entries are right; a group's scale is taken from its norm before the soft threshold."""
    return shrunk(w, step * mu) * np.where(
        (size := norms(w)) > step * gamma, 1 - step * gamma / np.where(size > 0, size, 1), 0)


@wrong("sparse_group_prox", r"threshold-not-scaled|step|scaled")
def group_threshold_without_step(w, step, mu, gamma):
    """The entries' threshold is step mu, the groups' is gamma."""
    return groups_shrunk(shrunk(w, step * mu), gamma)


@wrong("sparse_group_prox_metric", known="shrinkages-swapped")
def groups_first_in_the_metric(w, d, mu, gamma):
    """Groups first, entries second, both in the metric."""
    return shrunk(own.group_soft_threshold_metric(w, d, gamma), mu / d)


@wrong("sparse_group_prox_metric", r"euclid|closed form|per entry|each entry", hard=True)
def threshold_per_entry_of_a_group(w, d, mu, gamma):
    """z max(1 - (gamma / d) / norm(z), 0): the group's threshold differs from entry to entry."""
    z = shrunk(w, mu / d)
    size = norms(z)
    return z * np.maximum(1 - gamma / d / np.where(size > 0, size, 1), 0)
