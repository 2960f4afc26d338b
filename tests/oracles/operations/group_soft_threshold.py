"""The prox of the group lasso over columns, with a step and in a diagonal metric."""

from __future__ import annotations

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import array, normals
from tests.oracles.proxes import BY_HAND, CONDITIONS, GROUPS, METRIC, NOT_SCALED, ROWS, SCALAR, ZERO_GROUP
from tests.oracles.proxes import as_one_group, by_rows, dividing, mean_metric, positive
from tests.oracles.recipe import Mistake, Question, Recipe

from .soft_threshold import soft


@hp.in_fifty_digits
def group(w, step, gamma):
    """Every column loses step * gamma of its norm."""
    return {"w": hp.sparse_group(w, w * 0 + 1, 0 * gamma, step * gamma)}


def by_norms(w, threshold, size):
    """w (1 - threshold / size(norm))_+, column by column."""
    sizes = size(np.sqrt((w ** 2).sum(axis=0)))
    return {"w": w * np.where(sizes > threshold, 1 - threshold / np.where(sizes > threshold, sizes, 1), 0)}


def without_maximum(w, step, gamma):
    """w (1 - threshold / norm), negative or not."""
    norms = np.sqrt((w ** 2).sum(axis=0))
    return {"w": w * (1 - step * gamma / np.where(norms > 0, norms, 1))}


def by_l1_norms(w, step, gamma):
    """w (1 - threshold / sum of abs)_+."""
    sizes = abs(w).sum(axis=0)
    return {"w": w * np.where(sizes > step * gamma, 1 - step * gamma / np.where(sizes > 0, sizes, 1), 0)}


GROUP = Recipe(
    name="group_soft_threshold",
    equation="argmin over u of norm(u - w)^2 / (2 step) + gamma sum over columns j of norm(u_j): "
             "u_j = w_j max(1 - step gamma / norm(w_j), 0)  (Eq. 5)",
    inputs={"w": "float64[*,*]", "step": "float64", "gamma": "float64"},
    outputs={"w": "float64[*,*]"},
    conventions=[GROUPS, "threshold = step * gamma", "norm(w_j) == threshold gives the zero column"],
    oracle=group,
    mistakes=[
        Mistake("threshold-not-scaled", NOT_SCALED, lambda w, step, gamma: group(w=w, step=1.0, gamma=gamma)),
        Mistake("rows-as-groups", ROWS, by_rows(group)),
        Mistake("one-group", "The whole array was taken as one group; every column is one.", as_one_group(group)),
        Mistake("zero-group-divides", ZERO_GROUP, dividing(group)),
        Mistake("norm-squared", "The threshold was divided by the squared norm; it is 1 - threshold / norm.",
                lambda w, step, gamma: by_norms(w, step * gamma, lambda norms: norms ** 2)),
        Mistake("group-size-scaled", "The threshold was multiplied by the root of the group's size, as some "
                "definitions of the group lasso have it; here every group has the strength gamma.",
                lambda w, step, gamma: group(w=w, step=step, gamma=gamma * np.sqrt(len(w)))),
        Mistake("entries-as-groups", "Every entry was thresholded on its own: that is the L1 penalty.",
                lambda w, step, gamma: {"w": soft(w=w, step=step, mu=gamma)["w"]}),
        Mistake("group-cut-in-two", "Each group was cut in two, its upper and its lower half shrunk apart, as the "
                "released code does with rows of old and of new units. All incoming weights of a unit are one group.",
                lambda w, step, gamma: {"w": np.concatenate([
                    group(w=part, step=step, gamma=gamma)["w"] for part in np.array_split(w, 2)])}),
        Mistake("zeros-not-made", "Columns within the threshold turned round instead of becoming 0: max(..., 0) is "
                "missing.", without_maximum),
        Mistake("l1-norm", "The size of a group was taken as its sum of absolute values; it is the Euclidean norm.",
                by_l1_norms),
        Mistake("hard-threshold", "Columns beyond the threshold were kept as they are; they lose it of their norm.",
                lambda w, step, gamma: {"w": w * (np.sqrt((w ** 2).sum(axis=0)) > step * gamma)}),
    ],
    questions=[
        Question("by-hand", "a column of norm 5, one exactly on the threshold, one within it",
                 {"w": array([3, 1.5, 0.25], [4, 2, -0.5]), "step": 1.25, "gamma": 2.0},
                 "by hand: threshold 5/2, norms 5, 5/2 and below", "f64",
                 expected={"w": array([1.5, 0, 0], [2, 0, 0])}),
        Question("zero-column", "a column of zeros beside an ordinary one",
                 {"w": array([0, 2], [0, -2], [0, 2], [0, 2]), "step": 0.25, "gamma": 4.0},
                 "by hand: threshold 1, norms 0 and 4", "f64",
                 expected={"w": array([0, 1.5], [0, -1.5], [0, 1.5], [0, 1.5])}),
        Question("zero-column-zero-strength", "strength 0 leaves a column of zeros and every other as they are",
                 {"w": array([0, 3, -1], [0, 4, 2]), "step": 0.5, "gamma": 0.0}, BY_HAND, "f64",
                 expected={"w": array([0, 3, -1], [0, 4, 2])}),
        Question("on-the-threshold", "norm(w_j) is exactly the threshold, or below it: exact zeros",
                 {"w": array([3, 0, -0.75], [-4, 0, 1]), "step": 1.25, "gamma": 4.0},
                 "by hand: threshold 5, norms 5, 0 and 1.25", "f64", expected={"w": np.zeros((2, 3))}),
        Question("square", "three groups of three: columns, not rows",
                 {"w": array([2, 4, 0], [1, 4, 0], [2, 2, 1]), "step": 0.5, "gamma": 3.0},
                 "by hand: threshold 3/2, norms 3, 6 and 1",
                 expected={"w": array([1, 3, 0], [0.5, 3, 0], [1, 1.5, 0])}),
        Question("groups-of-one", "one row: every group is a single entry",
                 {"w": array([2, -3, 0.5, 0]), "step": 0.5, "gamma": 2.0}, BY_HAND, "f64",
                 expected={"w": array([1, -2, 0, 0])}),
        Question("no-units", "no columns at all", {"w": np.zeros((3, 0)), "step": 0.5, "gamma": 1.0}, BY_HAND,
                 expected={"w": np.zeros((3, 0))}),
        Question("no-rows", "units without incoming weights", {"w": np.zeros((0, 2)), "step": 0.5, "gamma": 1.0},
                 BY_HAND, expected={"w": np.zeros((0, 2))}),
        Question("larger", "seven rows, nine columns, some of which go to 0",
                 lambda: {"w": normals(5, 7, 9) * np.linspace(0.2, 2, 9).round(2), "step": 0.4, "gamma": 4.0},
                 CONDITIONS),
    ])


@hp.in_fifty_digits
def group_metric(w, d, gamma):
    """Column by column in the metric d."""
    return {"w": hp.sparse_group(w, d, 0 * gamma, gamma)}


def unsolved(w, d, gamma):
    """w d r / (d r + gamma) with r = norm(w)."""
    r = np.sqrt((w ** 2).sum(axis=0))
    kept = np.sqrt(((d * w) ** 2).sum(axis=0)) > gamma
    return {"w": np.where(kept, w * d * r / np.where(kept, d * r + gamma, 1), 0)}


GROUP_METRIC = Recipe(
    name="group_soft_threshold_metric",
    equation="argmin over u of sum(d (u - w)^2) / 2 + gamma sum over columns j of norm(u_j): u_j = 0 iff "
             "norm(d w_j) <= gamma, else u = w d r / (d r + gamma) with r = norm(u_j), the root of "
             "sum((d w / (d r + gamma))^2) = 1",
    inputs={"w": "float64[*,*]", "d": "float64[*,*]", "gamma": "float64"},
    outputs={"w": "float64[*,*]"},
    conventions=[GROUPS, METRIC, "norm(d w_j) == gamma gives the zero column"],
    oracle=group_metric,
    mistakes=[
        Mistake("rows-as-groups", ROWS, by_rows(group_metric)),
        Mistake("scalar-threshold", SCALAR, mean_metric(group_metric)),
        Mistake("unweighted-norm-decides", "A column became 0 because norm(w_j) <= gamma; what decides is norm(d w_j).",
                lambda w, d, gamma: {"w": np.where(np.sqrt((w ** 2).sum(axis=0)) > gamma,
                                                   group_metric(w=w, d=d, gamma=gamma)["w"], 0)}),
        Mistake("euclidean-shrinkage", "The closed form w max(1 - gamma / norm(d w), 0) of the Euclidean metric was "
                "used; where d differs within a group, there is no closed form and r has to be found.",
                lambda w, d, gamma: euclidean(w, d, gamma)),
        Mistake("zero-group-divides", ZERO_GROUP, dividing(group_metric)),
        Mistake("mean-curvature", "Each column was shrunk by the closed form with its mean curvature, gamma / mean(d); "
                "where d differs within a group, there is no closed form.", lambda w, d, gamma: {
                    "w": np.stack([group(w=w[:, [j]], step=1 / d[:, j].mean(), gamma=gamma)["w"][:, 0]
                                   for j in range(w.shape[1])], axis=1)}),
        Mistake("norm-not-solved-for", "r was taken as norm(w_j), the norm before; it is that of the result, the root "
                "of an equation, which has to be found.", unsolved),
    ],
    questions=[
        Question("equal-curvature", "d = 2 everywhere is a step of 1/2",
                 {"w": array([3, 0.25], [4, 0.25]), "d": array([2, 2], [2, 2]), "gamma": 5.0},
                 "by hand: threshold 5/2, norm 5", "f64", expected={"w": array([1.5, 0], [2, 0])}),
        Question("on-the-threshold", "norm(d w) is exactly gamma, so the column is 0; the next one is a little above",
                 {"w": array([3, 3], [2, 2.25]), "d": array([1, 1], [2, 2]), "gamma": 5.0},
                 CONDITIONS),
        Question("zero-column-zero-strength", "strength 0 changes nothing",
                 {"w": array([0, 1.5], [0, -2]), "d": array([1, 2], [0.5, 4]), "gamma": 0.0}, BY_HAND, "f64",
                 expected={"w": array([0, 1.5], [0, -2])}),
        Question("zero-column", "a column of zeros beside one that stays",
                 {"w": array([0, 3], [0, 4]), "d": array([4, 2], [1, 2]), "gamma": 5.0},
                 "by hand: threshold 5/2, norm 5", "f64", expected={"w": array([0, 1.5], [0, 2])}),
        Question("between-the-norms", "norm(w) is gamma, norm(d w) is larger: the column stays",
                 {"w": array([3], [4]), "d": array([2], [1]), "gamma": 5.0}, CONDITIONS),
        Question("groups-of-one", "one row: every group is a single entry, and loses gamma / d",
                 {"w": array([2, -3, 0.5, 0]), "d": array([1, 2, 1, 4]), "gamma": 1.0}, BY_HAND,
                 expected={"w": array([1, -2.5, 0, 0])}),
        Question("larger", "six rows, eight columns, curvatures between 0.5 and 8",
                 lambda: {"w": normals(6, 6, 8) * np.linspace(0.2, 1.6, 8).round(2), "d": positive(7, 6, 8),
                          "gamma": 5.0}, CONDITIONS),
    ])


def euclidean(w, d, gamma):
    """w max(1 - gamma / norm(d w), 0) per column."""
    norms = np.sqrt(((d * w) ** 2).sum(axis=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return {"w": np.where(norms > gamma, w * (1 - gamma / norms), 0)}

RECIPES = [GROUP, GROUP_METRIC]
