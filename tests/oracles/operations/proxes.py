"""The proxes: what a penalty makes of a point, with a step and in a diagonal metric."""

from __future__ import annotations

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import array, normals, sixteenths
from tests.oracles.recipe import Mistake, Question, Recipe

BY_HAND = "by hand"
CONDITIONS = "the optimality conditions, solved by bisection in 50-digit decimals"
QUESTIONS = "the three cases of the formula in 50-digit decimals"
TIE = "a threshold that is met exactly gives 0"
GROUPS = "a group is a column of w: all incoming weights of one unit"

NOT_SCALED = ("The threshold is the strength itself, not step * strength: that is no prox of the step taken. "
              "(The authors' released code does this.)")
ROWS = "Rows were taken for groups; a group is a column, all incoming weights of one unit."
ZERO_GROUP = ("A zero group was divided by its norm, which gives NaN. A group whose norm is at most the threshold is "
              "0, and is not divided at all. (Seen in two public libraries.)")
SCALAR = ("One scalar threshold, the strength times a mean step, was used after a step in the metric d. The threshold "
          "of entry i is strength / d_i: the prox has to be taken in the metric of the step. (Thresholds after an Adam "
          "step in the released code.)")


def positive(seed: int, *shape) -> np.ndarray:
    """Curvatures between 0.5 and 8."""
    return np.round(2.0 ** np.random.default_rng(seed).uniform(-1, 3, size=shape), 6)


# --- soft threshold ----------------------------------------------------------------------------------------------


@hp.in_fifty_digits
def soft(w, step, mu):
    """Soft threshold at step * mu."""
    return {"w": hp.elementwise(lambda z: hp.soft(z, step * mu), w)}


SOFT_THRESHOLD = Recipe(
    name="soft_threshold",
    equation="argmin over u of norm(u - w)^2 / (2 step) + mu sum(abs(u)) = sign(w) max(abs(w) - step mu, 0): "
             "Eq. 2, 3 and 5",
    inputs={"w": "float64[*]", "step": "float64", "mu": "float64"},
    outputs={"w": "float64[*]"},
    conventions=["threshold = step * mu", "abs(w) == threshold gives 0"],
    oracle=soft,
    mistakes=[
        Mistake("threshold-not-scaled", NOT_SCALED, lambda w, step, mu: soft(w=w, step=1.0, mu=mu)),
        Mistake("hard-threshold", "Entries beyond the threshold were kept as they are; they move towards 0 by it.",
                lambda w, step, mu: {"w": np.where(np.abs(w) > step * mu, w, 0)}),
        Mistake("positive-only", "Negative entries were all set to 0: max(w - threshold, 0) lacks the sign. It is "
                "sign(w) max(abs(w) - threshold, 0).", lambda w, step, mu: {"w": np.maximum(w - step * mu, 0)}),
        Mistake("zeros-not-made", "Entries within the threshold changed their sign instead of becoming 0: max(..., 0) "
                "is missing, and no weight is ever exactly 0.", lambda w, step, mu: {"w": w - np.sign(w) * step * mu}),
        Mistake("half-threshold", "The threshold is halved: the penalty is mu abs(w), without a half.",
                lambda w, step, mu: soft(w=w, step=step, mu=mu / 2)),
    ],
    questions=[
        Question("mixed-signs", "entries on both sides of the threshold, two of them exactly on it",
                 {"w": np.array([3, -3, 0.25, -0.25, 1, -1, 0]), "step": 0.5, "mu": 2.0}, BY_HAND, "exact",
                 expected={"w": np.array([2, -2, 0, 0, 0, 0, 0])}),
        Question("no-penalty", "strength 0 changes nothing",
                 {"w": np.array([1.5, -0.0625, 0]), "step": 0.25, "mu": 0.0},
                 BY_HAND, "exact", expected={"w": np.array([1.5, -0.0625, 0])}),
        Question("empty", "no entries", {"w": np.zeros(0), "step": 0.5, "mu": 1.0}, BY_HAND, "exact",
                 expected={"w": np.zeros(0)}),
        Question("larger-exact", "fifty multiples of 1/16",
                 lambda: {"w": sixteenths(1, 50), "step": 0.25, "mu": 1.75}, QUESTIONS, "exact"),
        Question("larger", "forty drawn numbers", lambda: {"w": normals(2, 40), "step": 0.3, "mu": 1.1}, QUESTIONS),
    ])


@hp.in_fifty_digits
def soft_metric(w, d, mu):
    """Soft threshold at mu / d, entry by entry."""
    u = np.empty(w.shape, object)
    for i in np.ndindex(w.shape):
        u[i] = hp.soft(w[i], mu / d[i])
    return {"w": u}


def mean_step(d) -> float:
    """A scalar step where there is one per entry."""
    return float(np.mean(1 / d)) if d.size else 1.0


SOFT_THRESHOLD_METRIC = Recipe(
    name="soft_threshold_metric",
    equation="argmin over u of sum(d (u - w)^2) / 2 + mu sum(abs(u)) = sign(w) max(abs(w) - mu / d, 0): the prox after "
             "a proximal Adam step, whose metric is d = (sqrt(v_hat) + eps) / step",
    inputs={"w": "float64[*]", "d": "float64[*]", "mu": "float64"},
    outputs={"w": "float64[*]"},
    conventions=["d > 0 is a curvature per entry: d = 1 / step everywhere is soft_threshold", TIE],
    oracle=soft_metric,
    mistakes=[
        Mistake("threshold-not-scaled", "The threshold is mu itself; it is mu / d, one per entry.",
                lambda w, d, mu: soft_metric(w=w, d=np.ones_like(d), mu=mu)),
        Mistake("scalar-threshold", SCALAR, lambda w, d, mu: soft(w=w, step=mean_step(d), mu=mu)),
        Mistake("metric-inverted", "The threshold is mu * d: d is a curvature, the inverse of a step.",
                lambda w, d, mu: soft_metric(w=w, d=1 / d, mu=mu)),
    ],
    questions=[
        Question("by-hand", "equal entries under four curvatures, one exactly on its threshold",
                 {"w": np.array([2, 2, 2, -2]), "d": np.array([1, 0.25, 4, 0.5]), "mu": 1.0},
                 "by hand: thresholds 1, 4, 1/4, 2", "exact", expected={"w": np.array([1, 0, 1.75, 0])}),
        Question("empty", "no entries", {"w": np.zeros(0), "d": np.zeros(0), "mu": 1.0}, BY_HAND, "exact",
                 expected={"w": np.zeros(0)}),
        Question("larger", "thirty drawn numbers",
                 lambda: {"w": normals(3, 30), "d": positive(4, 30), "mu": 0.9}, QUESTIONS),
    ])

# --- group soft threshold ----------------------------------------------------------------------------------------


@hp.in_fifty_digits
def group(w, step, gamma):
    """Every column loses step * gamma of its norm."""
    return {"w": hp.sparse_group(w, w * 0 + 1, 0 * gamma, step * gamma)}


def by_rows(prox):
    """The same prox with rows for groups."""
    def outputs(w, **others):
        others = {name: value.T if isinstance(value, np.ndarray) else value for name, value in others.items()}
        return {"w": prox(w=w.T, **others)["w"].T}

    return outputs


def as_one_group(prox):
    """The same prox with the whole array as one group."""
    def outputs(w, **others):
        flat = {name: value.reshape(-1, 1) if isinstance(value, np.ndarray) else value
                for name, value in others.items()}
        return {"w": prox(w=w.reshape(-1, 1), **flat)["w"].reshape(w.shape)}

    return outputs


def dividing(prox):
    """The right answer, but NaN in zero columns."""
    def outputs(w, **others):
        right = prox(w=w, **others)["w"]
        return {"w": np.where((w == 0).all(axis=0) & (w.shape[0] > 0), np.nan, right)}

    return outputs


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
        Mistake("entries-as-groups", "Every entry was thresholded on its own: that is the L1 penalty.",
                lambda w, step, gamma: {"w": soft(w=w, step=step, mu=gamma)["w"]}),
        Mistake("group-cut-in-two", "Each group was cut in two, its upper and its lower half shrunk apart, as the "
                "released code does with rows of old and of new units. All incoming weights of a unit are one group.",
                lambda w, step, gamma: {"w": np.concatenate([
                    group(w=part, step=step, gamma=gamma)["w"] for part in np.array_split(w, 2)])}),
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
        Question("groups-of-one", "one row: every group is a single entry",
                 {"w": array([2, -3, 0.5, 0]), "step": 0.5, "gamma": 2.0}, BY_HAND, "f64",
                 expected={"w": array([1, -2, 0, 0])}),
        Question("no-units", "no columns at all", {"w": np.zeros((3, 0)), "step": 0.5, "gamma": 1.0}, BY_HAND, "exact",
                 expected={"w": np.zeros((3, 0))}),
        Question("no-rows", "units without incoming weights", {"w": np.zeros((0, 2)), "step": 0.5, "gamma": 1.0},
                 BY_HAND, "exact", expected={"w": np.zeros((0, 2))}),
        Question("larger", "seven rows, nine columns, some of which go to 0",
                 lambda: {"w": normals(5, 7, 9) * np.linspace(0.2, 2, 9).round(2), "step": 0.4, "gamma": 4.0},
                 CONDITIONS),
    ])


@hp.in_fifty_digits
def group_metric(w, d, gamma):
    """Column by column in the metric d."""
    return {"w": hp.sparse_group(w, d, 0 * gamma, gamma)}


METRIC = "d > 0 is a curvature per entry: d = 1 / step everywhere is the prox with a step"


def mean_metric(prox):
    """The same prox with one scalar step."""
    def outputs(w, d, **others):
        return prox(w=w, d=np.full_like(d, 1 / mean_step(d)), **others)

    return outputs


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
        Mistake("euclidean-shrinkage", "The closed form w max(1 - gamma / norm(d w), 0) of the Euclidean metric was "
                "used; where d differs within a group, there is no closed form and r has to be found.",
                lambda w, d, gamma: euclidean(w, d, gamma)),
        Mistake("zero-group-divides", ZERO_GROUP, dividing(group_metric)),
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
        Question("larger", "six rows, eight columns, curvatures between 0.5 and 8",
                 lambda: {"w": normals(6, 6, 8) * np.linspace(0.2, 1.6, 8).round(2), "d": positive(7, 6, 8),
                          "gamma": 5.0}, CONDITIONS),
    ])


def euclidean(w, d, gamma):
    """w max(1 - gamma / norm(d w), 0) per column."""
    norms = np.sqrt(((d * w) ** 2).sum(axis=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return {"w": np.where(norms > gamma, w * (1 - gamma / norms), 0)}


# --- both --------------------------------------------------------------------------------------------------------


@hp.in_fifty_digits
def both(w, step, mu, gamma):
    """The optimality conditions of both penalties at once."""
    return {"w": hp.sparse_group(w, w * 0 + 1, step * mu, step * gamma)}


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
        Mistake("threshold-not-scaled", NOT_SCALED,
                lambda w, step, mu, gamma: both(w=w, step=1.0, mu=mu, gamma=gamma)),
        Mistake("rows-as-groups", ROWS, by_rows(both)),
        Mistake("zero-group-divides", "A column that is 0 after the soft threshold was divided by its norm, which "
                "gives NaN. A norm of at most the threshold gives 0 without a division.",
                lambda w, step, mu, gamma: {"w": np.where(
                    (soft(w=w, step=step, mu=mu)["w"] == 0).all(axis=0) & (w.shape[0] > 0), np.nan,
                    both(w=w, step=step, mu=mu, gamma=gamma)["w"])}),
    ],
    questions=[
        Question("by-hand", "one column: soft threshold 1 leaves (3, 4, 0), of norm 5; the group takes 5/2",
                 {"w": array([4], [-5], [1]), "step": 0.5, "mu": 2.0, "gamma": 5.0}, BY_HAND, "f64",
                 expected={"w": array([1.5], [-2], [0])}),
        Question("column-emptied", "one column vanishes at the soft threshold, one at the group's, one stays",
                 {"w": array([0.5, 1.5, 7], [-0.5, -1.25, 9]), "step": 0.5, "mu": 2.0, "gamma": 10.0},
                 "by hand: (0, 0), (0.5, -0.25), (6, 8) of norms 0, below 5, and 10", "f64",
                 expected={"w": array([0, 0, 3], [0, 0, 4])}),
        Question("zero-strengths", "nothing is shrunk", {"w": array([0, 1.5], [0, -2]), "step": 0.5, "mu": 0.0,
                                                         "gamma": 0.0}, BY_HAND, "f64",
                 expected={"w": array([0, 1.5], [0, -2])}),
        Question("no-units", "no columns at all", {"w": np.zeros((3, 0)), "step": 0.5, "mu": 1.0, "gamma": 1.0},
                 BY_HAND, "exact", expected={"w": np.zeros((3, 0))}),
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
        Mistake("scalar-threshold", SCALAR, mean_metric(both_metric)),
        Mistake("rows-as-groups", ROWS, by_rows(both_metric)),
        Mistake("euclidean-shrinkage", "The closed form of the Euclidean metric was used for the groups; where d "
                "differs within a group, the norm of the result has to be found.",
                lambda w, d, mu, gamma: euclidean(soft_metric(w=w, d=d, mu=mu)["w"], d, gamma)),
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

# --- squared l2 --------------------------------------------------------------------------------------------------


@hp.in_fifty_digits
def squared(w, step, strength, anchor):
    """The zero of (u - w) / step + strength (u - anchor)."""
    return {"w": (w + step * strength * anchor) / (1 + step * strength)}


def explicit(w, step, strength, anchor):
    """A gradient step."""
    return {"w": w - step * strength * (w - anchor)}


NO_HALF = ("The factor 1/2 of the penalty was left out, so the strength acts twice. The penalty is "
           "(strength / 2) norm^2; Eq. 6, which has no half, has strength 2 lam.")
EXPLICIT = "A gradient step of the square was taken, w - step strength (w - anchor): that is not its prox."
NO_ANCHOR = "Weights were pulled to 0; they are pulled to the anchor."

SQUARED = Recipe(
    name="squared_l2_prox",
    equation="argmin over u of norm(u - w)^2 / (2 step) + (strength / 2) norm(u - anchor)^2 = "
             "w + step strength / (1 + step strength) (anchor - w): Eq. 4 (strength mu_l2, anchor 0) and Eq. 6 "
             "(strength 2 lam, anchor W^{t-1})",
    inputs={"w": "float64[*]", "step": "float64", "strength": "float64", "anchor": "float64[*]"},
    outputs={"w": "float64[*]"},
    conventions=["half factor in the penalty", "strength 0 gives w bit for bit (the quotient "
                 "(w + step strength anchor) / (1 + step strength) does too; (d w + strength anchor) / (d + strength) "
                 "with d = 1 / step does not)"],
    oracle=squared,
    mistakes=[
        Mistake("half-missing", NO_HALF, lambda w, step, strength, anchor: squared(
            w=w, step=step, strength=2 * strength, anchor=anchor)),
        Mistake("anchor-ignored", NO_ANCHOR, lambda w, step, strength, anchor: squared(
            w=w, step=step, strength=strength, anchor=0 * anchor)),
        Mistake("gradient-for-prox", EXPLICIT, explicit),
        Mistake("step-missing", "The strength was not multiplied by the step.", lambda w, step, strength, anchor:
                squared(w=w, step=1.0, strength=strength, anchor=anchor)),
    ],
    questions=[
        Question("by-hand", "step strength = 1: half way to the anchor",
                 {"w": np.array([3, -1, 0]), "step": 0.25, "strength": 4.0, "anchor": np.array([1, 0, 2])}, BY_HAND,
                 "f64", expected={"w": np.array([2, -0.5, 1])}),
        Question("no-penalty", "strength 0 gives the numbers back bit for bit, none of them a binary fraction",
                 {"w": np.array([0.1, -0.7, 1e-3]), "step": 0.3, "strength": 0.0, "anchor": np.array([5.0, 0, 1])},
                 BY_HAND, "f64", expected={"w": np.array([0.1, -0.7, 1e-3])}),
        Question("empty", "no entries", {"w": np.zeros(0), "step": 0.5, "strength": 1.0, "anchor": np.zeros(0)},
                 BY_HAND, "exact", expected={"w": np.zeros(0)}),
        Question("larger", "thirty drawn numbers",
                 lambda: {"w": normals(11, 30), "step": 0.3, "strength": 1.7, "anchor": normals(12, 30)},
                 "the formula in 50-digit decimals"),
    ])


@hp.in_fifty_digits
def squared_metric(w, d, strength, anchor):
    """The zero of d (u - w) + strength (u - anchor)."""
    return {"w": (d * w + strength * anchor) / (d + strength)}


SQUARED_METRIC = Recipe(
    name="squared_l2_prox_metric",
    equation="argmin over u of sum(d (u - w)^2) / 2 + (strength / 2) norm(u - anchor)^2 = "
             "w + strength / (d + strength) (anchor - w)",
    inputs={"w": "float64[*]", "d": "float64[*]", "strength": "float64", "anchor": "float64[*]"},
    outputs={"w": "float64[*]"},
    conventions=["half factor in the penalty", METRIC],
    oracle=squared_metric,
    mistakes=[
        Mistake("half-missing", NO_HALF, lambda w, d, strength, anchor: squared_metric(
            w=w, d=d, strength=2 * strength, anchor=anchor)),
        Mistake("anchor-ignored", NO_ANCHOR, lambda w, d, strength, anchor: squared_metric(
            w=w, d=d, strength=strength, anchor=0 * anchor)),
        Mistake("scalar-threshold", "One scalar step was used for all entries after a step in the metric d; the share "
                "of entry i is strength / (d_i + strength).", lambda w, d, strength, anchor: squared(
                    w=w, step=mean_step(d), strength=strength, anchor=anchor)),
        Mistake("gradient-for-prox", EXPLICIT, lambda w, d, strength, anchor: {
            "w": w - strength / d * (w - anchor)}),
    ],
    questions=[
        Question("by-hand", "shares 1/2, 1/4 and 3/4 of the way to the anchor",
                 {"w": np.array([3, 4, -1]), "d": np.array([3, 9, 1]), "strength": 3.0, "anchor": np.array([1, 0, 3])},
                 BY_HAND, "f64", expected={"w": np.array([2, 3, 2])}),
        Question("no-penalty", "strength 0 gives the numbers back",
                 {"w": np.array([0.1, -0.7]), "d": np.array([0.3, 7]), "strength": 0.0, "anchor": np.array([5.0, 0])},
                 BY_HAND, "f64", expected={"w": np.array([0.1, -0.7])}),
        Question("larger", "thirty drawn numbers", lambda: {
            "w": normals(13, 30), "d": positive(14, 30), "strength": 1.7, "anchor": normals(15, 30)},
                 "the formula in 50-digit decimals"),
    ])

RECIPES = [SOFT_THRESHOLD, SOFT_THRESHOLD_METRIC, GROUP, GROUP_METRIC, SPARSE_GROUP, SPARSE_GROUP_METRIC, SQUARED,
              SQUARED_METRIC]
