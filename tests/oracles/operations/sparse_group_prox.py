"""The prox of L1 and the group lasso together, with a step and in a diagonal metric."""

from __future__ import annotations

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import array, normals
from tests.oracles.proxes import BY_HAND, CONDITIONS, GROUPS, METRIC, NOT_SCALED, ROWS, SCALAR, TIE, by_rows
from tests.oracles.proxes import mean_metric, positive
from tests.oracles.recipe import Mistake, Question, Recipe

from .group_soft_threshold import euclidean, group, group_metric
from .soft_threshold import soft, soft_metric


@hp.in_fifty_digits
def both(w, step, mu, gamma):
    """The optimality conditions of both penalties at once."""
    return {"w": hp.sparse_group(w, w * 0 + 1, step * mu, step * gamma)}


def norm_before(w, step, mu, gamma):
    """soft(w) (1 - step gamma / norm(w))_+."""
    norms = np.sqrt((w ** 2).sum(axis=0))
    kept = norms > step * gamma
    return {"w": soft(w=w, step=step, mu=mu)["w"] * np.where(kept, 1 - step * gamma / np.where(kept, norms, 1), 0)}


def swapped(w, step, mu, gamma):
    """Groups first, entries second."""
    return soft(w=group(w=w, step=step, gamma=gamma)["w"], step=step, mu=mu)


SPARSE_GROUP = Recipe(
    name="sparse_group_prox",
    equation="argmin over u of norm(u - w)^2 / (2 step) + mu sum(abs(u)) + gamma sum over columns j of norm(u_j): "
             "soft-threshold every entry by step mu, then shrink every column by step gamma  (Eq. 5)",
    inputs={"w": "float64[*,*]", "step": "float64", "mu": "float64", "gamma": "float64"},
    outputs={"w": "float64[*,*]"},
    conventions=[GROUPS, "entries first, groups second: in the other order it is not the prox", TIE],
    oracle=both,
    mistakes=[
        Mistake("shrinkages-swapped", "Groups were shrunk first and entries second. The prox of the sum is the other "
                "order: soft-threshold, then shrink the groups.", swapped),
        Mistake("one-shrinkage-lost", "Both shrinkages started from the same old weights and the second overwrote the "
                "first, so the L1 part is lost. (The released code assigns one variable twice.)",
                lambda w, step, mu, gamma: group(w=w, step=step, gamma=gamma)),
        Mistake("group-shrinkage-lost", "Only the entries were thresholded; the columns lose step gamma of their "
                "norm, too.",
                lambda w, step, mu, gamma: soft(w=w, step=step, mu=mu)),
        Mistake("norm-before-threshold", "A column was shrunk by its norm before the soft threshold; it is the norm "
                "after it that counts.", norm_before),
        Mistake("strengths-swapped", "mu was used for the groups and gamma for the entries.",
                lambda w, step, mu, gamma: both(w=w, step=step, mu=gamma, gamma=mu)),
        Mistake("threshold-not-scaled", NOT_SCALED,
                lambda w, step, mu, gamma: both(w=w, step=1.0, mu=mu, gamma=gamma)),
        Mistake("rows-as-groups", ROWS, by_rows(both)),
        Mistake("zero-group-divides", "A column that is 0 after the soft threshold was divided by its norm, which "
                "gives NaN. A norm of at most the threshold gives 0 without a division.",
                lambda w, step, mu, gamma: {"w": np.where(
                    (soft(w=w, step=step, mu=mu)["w"] == 0).all(axis=0) & (w.shape[0] > 0), np.nan,
                    both(w=w, step=step, mu=mu, gamma=gamma)["w"])}),
        Mistake("shrinkages-added", "Both proxes were taken of w and what they take away was added; the second is "
                "taken of what the first leaves.", lambda w, step, mu, gamma: {
                    "w": soft(w=w, step=step, mu=mu)["w"] + group(w=w, step=step, gamma=gamma)["w"] - w}),
    ],
    questions=[
        Question("by-hand", "one column: soft threshold 1 leaves (3, 4, 0), of norm 5; the group takes 5/2",
                 {"w": array([4], [-5], [1]), "step": 0.5, "mu": 2.0, "gamma": 5.0}, BY_HAND, "f64",
                 expected={"w": array([1.5], [-2], [0])}),
        Question("column-emptied", "one column vanishes at the soft threshold, one at the group's, one stays",
                 {"w": array([0.5, 1.5, 7], [-0.5, -1.25, 9]), "step": 0.5, "mu": 2.0, "gamma": 10.0},
                 "by hand: (0, 0), (0.5, -0.25), (6, 8) of norms 0, below 5, and 10", "f64",
                 expected={"w": array([0, 0, 3], [0, 0, 4])}),
        Question("square", "two columns of two: soft threshold 1/2 leaves (3, 4) and (0, 5), the groups take 5/2",
                 {"w": array([3.5, 0.25], [-4.5, 5.5]), "step": 0.5, "mu": 1.0, "gamma": 5.0}, BY_HAND,
                 expected={"w": array([1.5, 0], [-2, 2.5])}),
        Question("zero-strengths", "nothing is shrunk", {"w": array([0, 1.5], [0, -2]), "step": 0.5, "mu": 0.0,
                                                         "gamma": 0.0}, BY_HAND, "f64",
                 expected={"w": array([0, 1.5], [0, -2])}),
        Question("no-units", "no columns at all", {"w": np.zeros((3, 0)), "step": 0.5, "mu": 1.0, "gamma": 1.0},
                 BY_HAND, expected={"w": np.zeros((3, 0))}),
        Question("larger", "eight rows, ten columns",
                 lambda: {"w": normals(8, 8, 10) * np.linspace(0.3, 2, 10).round(2), "step": 0.4, "mu": 0.8,
                          "gamma": 2.0}, CONDITIONS),
    ])


@hp.in_fifty_digits
def both_metric(w, d, mu, gamma):
    """The optimality conditions in the metric d."""
    return {"w": hp.sparse_group(w, d, mu, gamma)}


def swapped_metric(w, d, mu, gamma):
    """Groups first, entries second, both in the metric."""
    shrunk = group_metric(w=w, d=d, gamma=gamma)["w"]
    return {"w": soft_metric(w=shrunk, d=d, mu=mu)["w"]}


def threshold_per_entry(w, d, mu, gamma):
    """z (1 - (gamma / d) / norm(z))_+ after the soft threshold."""
    z = soft_metric(w=w, d=d, mu=mu)["w"]
    norms = np.sqrt((z ** 2).sum(axis=0))
    return {"w": z * np.maximum(1 - gamma / d / np.where(norms > 0, norms, 1), 0)}


SPARSE_GROUP_METRIC = Recipe(
    name="sparse_group_prox_metric",
    equation="argmin over u of sum(d (u - w)^2) / 2 + mu sum(abs(u)) + gamma sum over columns j of norm(u_j): "
             "soft_threshold_metric, then group_soft_threshold_metric",
    inputs={"w": "float64[*,*]", "d": "float64[*,*]", "mu": "float64", "gamma": "float64"},
    outputs={"w": "float64[*,*]"},
    conventions=[GROUPS, METRIC, "entries first, groups second"],
    oracle=both_metric,
    mistakes=[
        Mistake("shrinkages-swapped", "Groups were shrunk first and entries second. The prox of the sum is the other "
                "order.", swapped_metric),
        Mistake("one-shrinkage-lost", "The L1 part is lost: only the groups were shrunk.",
                lambda w, d, mu, gamma: group_metric(w=w, d=d, gamma=gamma)),
        Mistake("group-shrinkage-lost", "Only the entries were thresholded; the groups are shrunk, too.",
                lambda w, d, mu, gamma: soft_metric(w=w, d=d, mu=mu)),
        Mistake("scalar-threshold", SCALAR, mean_metric(both_metric)),
        Mistake("rows-as-groups", ROWS, by_rows(both_metric)),
        Mistake("euclidean-shrinkage", "The closed form of the Euclidean metric was used for the groups; where d "
                "differs within a group, the norm of the result has to be found.",
                lambda w, d, mu, gamma: euclidean(soft_metric(w=w, d=d, mu=mu)["w"], d, gamma)),
        Mistake("threshold-per-entry", "A group was shrunk by thresholds gamma / d that differ per entry, as if there "
                "were a closed form; the norm of the result has to be found.", threshold_per_entry),
        Mistake("groups-without-metric", "Groups were shrunk by gamma as with step 1; they are shrunk in the metric d, "
                "as the entries are.", lambda w, d, mu, gamma: group(w=soft_metric(w=w, d=d, mu=mu)["w"], step=1.0,
                                                                  gamma=gamma)),
    ],
    questions=[
        Question("equal-curvature", "d = 2 everywhere is a step of 1/2",
                 {"w": array([4], [-5], [1]), "d": array([2], [2], [2]), "mu": 2.0, "gamma": 5.0}, BY_HAND, "f64",
                 expected={"w": array([1.5], [-2], [0])}),
        Question("two-curvatures", "two columns under unequal curvatures",
                 {"w": array([4, 1], [-5, 2], [1, -3]), "d": array([2, 1], [0.5, 4], [1, 0.25]),
                  "mu": 0.5, "gamma": 1.5}, CONDITIONS),
        Question("zero-column", "a column of zeros stays 0",
                 {"w": array([0, 4], [0, -5], [0, 1]), "mu": 2.0, "gamma": 5.0, "d": array([1, 2], [4, 2], [0.5, 2])},
                 BY_HAND, "f64", expected={"w": array([0, 1.5], [0, -2], [0, 0])}),
        Question("larger", "five rows, nine columns",
                 lambda: {"w": normals(9, 5, 9) * np.linspace(0.3, 2, 9).round(2), "d": positive(10, 5, 9), "mu": 0.7,
                          "gamma": 1.5}, CONDITIONS),
    ])

RECIPES = [SPARSE_GROUP, SPARSE_GROUP_METRIC]
