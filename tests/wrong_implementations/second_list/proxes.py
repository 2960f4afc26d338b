"""Proxes, with a step and in a metric."""

import numpy as np
from tests import own_answers as own

from .listing import wrong


@wrong("soft_threshold", r"negative|one-sided|positive part|lost sign")
def only_the_positive_side(w, step, mu):
    """relu(w - step mu): negative weights all go."""
    return np.maximum(w - step * mu, 0)


@wrong("soft_threshold_metric", r"one threshold|largest|smallest|same threshold|scalar|mean|max|per entry")
def one_threshold_for_all(w, d, mu):
    """The threshold is mu over the largest d, one for all entries."""
    return np.sign(w) * np.maximum(abs(w) - mu / d.max(), 0)


@wrong("group_soft_threshold", r"hard|not shrunk|unshrunk|whole or not")
def columns_cut_or_kept(w, step, gamma):
    """Columns within the threshold go, the others stay as they are."""
    return w * (np.linalg.norm(w, axis=0) > step * gamma)


@wrong("group_soft_threshold", r"whole matrix|frobenius|one group|all columns|global|single group")
def norm_without_an_axis(w, step, gamma):
    """norm(w) without an axis: the matrix is one group."""
    return w * max(1 - step * gamma / max(np.linalg.norm(w), 1e-300), 0)


@wrong("group_soft_threshold_metric", r"norm\(w|zero test|zero condition|test.*(metric|without d)|without.*d\b",
       hard=True)
def zero_test_without_the_metric(w, d, gamma):
    """A column goes if norm(w) <= gamma; the others are solved for as they should."""
    return own.group_soft_threshold_metric(w, d, gamma) * (np.linalg.norm(w, axis=0) > gamma)


@wrong("group_soft_threshold_metric", r"iterat|one step|one round|fixed point|not solved|r = norm\(w|norm of w|root")
def r_is_the_norm_of_w(w, d, gamma):
    """r is norm(w), which is where the iteration starts: it is not iterated."""
    r = np.linalg.norm(w, axis=0)
    with np.errstate(invalid="ignore"):
        u = np.where(d * r + gamma > 0, w * d * r / (d * r + gamma), 0)
    return u * (np.linalg.norm(d * w, axis=0) > gamma)


@wrong("sparse_group_prox", r"sum|added|separate|parallel|both.*w\b|independent")
def shrinkages_added(w, step, mu, gamma):
    """Both proxes are taken of w, and both reductions subtracted."""
    return own.soft_threshold(w, step, mu) + own.group_soft_threshold(w, step, gamma) - w


@wrong("sparse_group_prox", r"norm.*(before|of w|unthresholded|original)|(before|unthresholded).*norm", hard=True)
def norms_of_before(w, step, mu, gamma):
    """Columns are shrunk by the norm that they had before the entries were thresholded."""
    size = np.linalg.norm(w, axis=0)
    shares = np.where(size > step * gamma, 1 - step * gamma / np.where(size > 0, size, 1), 0)
    return own.soft_threshold(w, step, mu) * shares


@wrong("sparse_group_prox_metric", r"group.*(metric|without d|euclid)|d = 1|euclid|metric.*(group|entries only)")
def groups_without_the_metric(w, d, mu, gamma):
    """The metric is used for the entries; groups are shrunk by gamma as with step 1."""
    return own.group_soft_threshold(own.soft_threshold_metric(w, d, mu), 1.0, gamma)


@wrong("squared_l2_prox", r"step")
def strength_without_step(w, step, strength, anchor):
    """(w + strength anchor) / (1 + strength): the step is forgotten."""
    return (w + strength * anchor) / (1 + strength)


@wrong("squared_l2_prox_metric", r"root|sqrt")
def metric_under_a_root(w, d, strength, anchor):
    """sqrt(d) for d, as if d were a second moment."""
    return w + strength / (np.sqrt(d) + strength) * (anchor - w)
