"""The (2,1)-norm of Eq. 2 where an edge has many weights: value and conditions, prox with a step and in a metric."""

from __future__ import annotations

from math import prod

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import array, normals
from tests.oracles.proxes import BY_HAND, METRIC, NOT_SCALED, SCALAR, ZERO_GROUP, dividing, mean_metric, positive
from tests.oracles.recipe import Mistake, Question, Recipe

from .group_soft_threshold import by_l1_norms, by_norms, euclidean, group, group_metric, unsolved, without_maximum

WEIGHTS = "float64[*,*,*,*]"
EDGES = ["w[i, k, c, j] is what upper unit j has for lower unit c at place (i, k): of a window, if j is a filter and c "
         "a channel; of a map, if j is a dense unit above maps", "a group is an edge w[:, :, c, j]: one lower and one "
         "upper unit"]
DECIMALS = "the definition in 50-digit decimals, one edge at a time"
CONDITIONS = "the optimality conditions of every edge, solved by bisection in 50-digit decimals"

FILTERS = ("All weights of a filter w[:, :, :, j] were taken as one group, as for a dense unit in Eq. 5; in Eq. 2 "
           "every edge is one.")
CHANNELS = "All weights that read a channel, w[:, :, c, :], were taken as one group; every edge is one."
PLACES = "Edges at one place, w[i, k, :, :], were taken as one group; a group is an edge at all its places."
COLUMNS = ("The (2,1)-norm was taken of every filter as the matrix w[:, :, c, j], as the sum of its columns' norms; "
           "here the whole of it is one group.")
ALL = "The whole array was taken as one group; every edge is one."
ENTRIES = "Every weight was penalised on its own: that is L1, under which an edge is hardly ever 0 at all its places."
SIZE = ("The strength was multiplied by the root of the number of places, as some definitions of the group lasso have "
        "it; here every edge has the strength mu.")
PYTORCH = ("The numbers of w were read as (channels, height, width, upper units); here the lower units of a place "
           "stand beside each other.")


def weights(*places, shape) -> np.ndarray:
    """w of a shape, from one row per place with a number per edge."""
    return array(*places).reshape(shape)


def edges(w) -> list:
    """(c, j) of every edge."""
    return list(np.ndindex(w.shape[2:]))


def grouped(function, *axes):
    """A prox over columns, made one whose groups are what differs along these axes of w."""
    def outputs(w, mu, **others):
        ahead = range(len(axes))
        shape = np.moveaxis(w, axes, ahead).shape
        sizes = prod(shape[:len(axes)]), prod(shape[len(axes):])
        others = {name: np.moveaxis(value, axes, ahead).reshape(sizes) if name == "d" else value
                  for name, value in others.items()}
        u = function(w=np.moveaxis(w, axes, ahead).reshape(sizes), gamma=mu, **others)["w"]
        return {"w": np.moveaxis(u.reshape(shape), ahead, axes)}

    return outputs


def channels_first(w):
    """The numbers of w in their order, taken for (c, i, k, j)."""
    return np.moveaxis(w.reshape(w.shape[2], *w.shape[:2], w.shape[3]), 0, 2)


def in_pytorchs_order(function):
    """A prox of the numbers in that order."""
    def outputs(w, **others):
        others = {name: channels_first(value) if name == "d" else value for name, value in others.items()}
        u = function(w=channels_first(w), **others)["w"]
        return {"w": np.moveaxis(u, 2, 0).reshape(w.shape)}

    return outputs


# --- value, distance to the subdifferential, critical strength ---------------------------------------------------


def asked(value, distance, critical, axes=(0, 1)):
    """The three answers where groups are what differs along some axes.

    ``value(w)``, ``distance(w, grad, mu)`` and ``critical(grad)`` are of one group; all its edges have its distance.
    """
    def outputs(w, grad, mu):
        groups = [tuple(index.get(axis, slice(None)) for axis in range(4)) for index in _others(w.shape, axes)]
        away = np.zeros(w.shape, object)
        for one in groups:
            away[one] = distance(np.ravel(w[one]), np.ravel(grad[one]), mu)
        return {"value": mu * sum((value(np.ravel(w[one])) for one in groups), 0 * mu),
                "subdiff_distance": away[0, 0],                    # every entry has its group's
                "critical_strength": max((critical(np.ravel(grad[one])) for one in groups), default=0 * mu)}

    return outputs


def _others(shape, axes):
    """Axis -> index for every group, over the axes that are not within it."""
    left = [axis for axis in range(4) if axis not in axes]
    return [dict(zip(left, index, strict=True)) for index in np.ndindex(*(shape[axis] for axis in left))]


def away_from_ball(w, grad, mu):
    """Distance of -grad to the ball of radius mu where w is 0, to the point mu w / norm(w) elsewhere."""
    size = hp.norm(w)
    return max(hp.norm(grad) - mu, 0 * mu) if size == 0 else hp.norm(grad + mu * w / size)


penalty = hp.in_fifty_digits(asked(hp.norm, away_from_ball, hp.norm))


def over(*axes):
    """A mistake: other groups."""
    return hp.in_fifty_digits(asked(hp.norm, away_from_ball, hp.norm, axes))


def entry_by_entry(w, grad, mu):
    """The distance to the subdifferential of L1."""
    return hp.norm(np.array([max(abs(g) - mu, 0 * mu) if w_i == 0 else g + (mu if w_i > 0 else -mu)
                             for w_i, g in zip(w, grad, strict=True)], object))


def other_distance(distance):
    """A mistake in the distance alone."""
    wrong = hp.in_fifty_digits(asked(hp.norm, distance, hp.norm))
    return lambda w, grad, mu: {"subdiff_distance": wrong(w=w, grad=grad, mu=mu)["subdiff_distance"]}


def at_zero(answer):
    """A mistake where an edge is 0."""
    return other_distance(lambda w, grad, mu: answer(grad, mu) if hp.norm(w) == 0 else away_from_ball(w, grad, mu))


def elsewhere(answer):
    """A mistake where an edge is not 0."""
    return other_distance(lambda w, grad, mu: (
        hp.norm(answer(w, grad, mu)) if hp.norm(w) > 0 else away_from_ball(w, grad, mu)))


def undefined(w, grad, mu):
    """NaN where an edge is 0."""
    distance = penalty(w=w, grad=grad, mu=mu)["subdiff_distance"]
    return {"subdiff_distance": np.where((w == 0).all(axis=(0, 1)), np.nan, distance)}


def critical_only(change):
    """A mistake in the critical strength alone, from every edge's norm of grad."""
    def outputs(w, grad, mu):
        norms = np.sqrt((grad ** 2).sum(axis=(0, 1)))
        return {"critical_strength": float(change(norms)) if norms.size else 0.0}

    return outputs


ONE_PLACE = {"w": weights([2, -3, 0, 0], shape=(1, 1, 2, 2)), "grad": weights([-1, 1.5, 0.75, -2], shape=(1, 1, 2, 2)),
             "mu": 1.0}
NO_CHANNELS = {"w": np.zeros((2, 2, 0, 3)), "grad": np.zeros((2, 2, 0, 3)), "mu": 1.5}


def drawn_penalty():
    """Three channels under four filters; every third edge is 0."""
    w, grad = normals(41, 3, 3, 3, 4), normals(42, 3, 3, 3, 4, scale=0.5)
    w.reshape(9, 12)[:, ::3] = 0
    return {"w": w, "grad": grad, "mu": 1.2}


PENALTY = Recipe(
    name="l21_penalty",
    equation="value = mu sum over edges of norm(w[:, :, c, j])  (Eq. 2, the (2,1)-norm); subdiff_distance[c, j] = "
             "norm(grad + mu w / norm(w)) of an edge, max(norm(grad) - mu, 0) of one that is 0; critical_strength = "
             "max over edges of norm(grad[:, :, c, j])",
    inputs={"w": WEIGHTS, "grad": WEIGHTS, "mu": "float64"},
    outputs={"value": "float64", "subdiff_distance": "float64[*,*]", "critical_strength": "float64"},
    conventions=[*EDGES, "subdiff_distance is that of -grad to the subdifferential of the penalty at w: 0 for all "
                 "edges exactly where w is optimal, if grad is the gradient of the smooth part there",
                 "critical_strength is the smallest mu for which w = 0 is optimal, if grad is the gradient there; 0 "
                 "where there is no edge"],
    oracle=penalty,
    mistakes=[
        Mistake("filters-as-groups", FILTERS, over(0, 1, 2)),
        Mistake("channels-as-groups", CHANNELS, over(0, 1, 3)),
        Mistake("one-group", ALL, over(0, 1, 2, 3)),
        Mistake("entries-as-groups", ENTRIES, hp.in_fifty_digits(asked(
            hp.l1, entry_by_entry, lambda grad: max(abs(grad))))),
        Mistake("columns-of-windows", COLUMNS, lambda w, grad, mu: {
            name: value for name, value in over(0)(w=w, grad=grad, mu=mu).items() if name != "subdiff_distance"}),
        Mistake("channels-first", PYTORCH, lambda w, grad, mu: penalty(
            w=channels_first(w), grad=channels_first(grad), mu=mu)),
        Mistake("group-size-scaled", SIZE, lambda w, grad, mu: penalty(
            w=w, grad=grad, mu=mu * prod(w.shape[:2]) ** 0.5) | critical_only(
                lambda norms: norms.max() / prod(w.shape[:2]) ** 0.5)(w, grad, mu)),
        Mistake("norm-squared", "The norms were squared: that is no penalty that makes zeros, but weight decay.",
                lambda w, grad, mu: {"value": mu * float((w ** 2).sum())}),
        Mistake("averaged-over-edges", "The value is a mean over edges; it is their sum.", lambda w, grad, mu: {
            "value": penalty(w=w, grad=grad, mu=mu)["value"] / max(len(edges(w)), 1)}),
        Mistake("zero-is-smooth", "Where an edge is 0 the distance was taken as norm(grad), as if the penalty had the "
                "gradient 0 there; it has a ball of them, of radius mu.", at_zero(lambda grad, mu: hp.norm(grad))),
        Mistake("zero-always-optimal", "Where an edge is 0 the distance was taken as 0; it is what norm(grad) has "
                "above mu.", at_zero(lambda grad, mu: 0 * mu)),
        Mistake("zero-group-divides", "An edge that is 0 was divided by its norm, which gives NaN.", undefined),
        Mistake("direction-not-normalised", "The penalty's gradient was taken as mu w; it is mu w / norm(w).",
                elsewhere(lambda w, grad, mu: grad + mu * w)),
        Mistake("sign-for-direction", "The penalty's gradient was taken as mu sign(w), which is that of L1; it is mu w "
                "/ norm(w).", elsewhere(lambda w, grad, mu: grad + mu * np.array([
                    0 if w_i == 0 else (1 if w_i > 0 else -1) for w_i in w], object))),
        Mistake("pull-reversed", "The penalty's gradient was subtracted from grad; both pull at w, so they are added.",
                elsewhere(lambda w, grad, mu: grad - mu * w / hp.norm(w))),
        Mistake("smallest-edge", "The critical strength was taken of the edge with the smallest gradient; only at the "
                "largest are all edges 0.", critical_only(np.min)),
        Mistake("mean-edge", "The critical strength was taken as the mean over edges; only at the largest norm are all "
                "edges 0.", critical_only(np.mean)),
    ],
    questions=[
        Question("by-hand", "two filters of 1 x 2 on two channels: an edge that is optimal, one that is not, and both "
                 "kinds of edges that are 0",
                 {"w": weights([3, 0, 0, 0], [4, -2, 0, 0], shape=(1, 2, 2, 2)),
                  "grad": weights([-1.5, 3, 1.5, 3], [-2, 6.5, 2, 4], shape=(1, 2, 2, 2)), "mu": 2.5},
                 "by hand: norms 5, 2, 0 and 0; of the gradient 5/2 and 5 at the zeros",
                 expected={"value": 17.5, "subdiff_distance": array([0, 5], [0, 2.5]),
                           "critical_strength": 51.25 ** 0.5}),
        Question("one-place", "filters of one pixel: every edge is one weight, and the penalty is L1", ONE_PLACE,
                 BY_HAND,
                 expected={"value": 5.0, "subdiff_distance": array([0, 0.5], [0, 1]), "critical_strength": 2.0}),
        Question("all-zero", "at 0, and mu just the critical strength: 0 is optimal",
                 {"w": np.zeros((2, 1, 1, 3)), "grad": weights([3, 0, 1], [-4, 0, 2], shape=(2, 1, 1, 3)), "mu": 5.0},
                 BY_HAND, expected={"value": 0.0, "subdiff_distance": array([0, 0, 0]), "critical_strength": 5.0}),
        Question("zero-strength", "strength 0: the distance is the gradient's norm",
                 {"w": weights([3, 0], [4, 0], shape=(2, 1, 2, 1)),
                  "grad": weights([6, 0.75], [8, 1], shape=(2, 1, 2, 1)), "mu": 0.0}, BY_HAND,
                 expected={"value": 0.0, "subdiff_distance": array([10], [1.25]), "critical_strength": 10.0}),
        Question("no-channels", "a layer below without channels: no edge at all", NO_CHANNELS, BY_HAND,
                 expected={"value": 0.0, "subdiff_distance": np.zeros((0, 3)), "critical_strength": 0.0}),
        Question("maps-under-dense", "two dense units above two maps of 2 x 3: six weights an edge", lambda: {
            "w": normals(43, 2, 3, 2, 2), "grad": normals(44, 2, 3, 2, 2), "mu": 0.7}, DECIMALS),
        Question("larger", "three channels under four filters of 3 x 3; every third edge is 0", drawn_penalty,
                 DECIMALS),
    ])

# --- the prox ----------------------------------------------------------------------------------------------------


@hp.in_fifty_digits
def l21(w, step, mu):
    """Every edge loses step * mu of its norm."""
    return {"w": edge_by_edge(w, w * 0 + 1, step * mu)}


def edge_by_edge(w, d, threshold):
    """The optimality conditions of one edge after the other."""
    u = np.empty(w.shape, object)
    for c, j in edges(w):
        column = hp.sparse_group_column(np.ravel(w[:, :, c, j]), np.ravel(d[:, :, c, j]), 0 * threshold, threshold)
        u[:, :, c, j] = np.array(column, object).reshape(w.shape[:2])
    return u


FOUR = {"w": weights([3, 1.5, 0.5, 0], [0, 2, -0.25, 0], [-4, 0, 0.5, 0], [0, 0, 0.25, 0], shape=(2, 2, 2, 2))}

PROX = Recipe(
    name="l21_prox",
    equation="argmin over u of norm(u - w)^2 / (2 step) + mu sum over edges of norm(u[:, :, c, j]): an edge is w max(1 "
             "- step mu / norm(w), 0)  (Eq. 2)",
    inputs={"w": WEIGHTS, "step": "float64", "mu": "float64"},
    outputs={"w": WEIGHTS},
    conventions=[*EDGES, "threshold = step * mu", "norm(w[:, :, c, j]) == threshold gives an edge of zeros"],
    oracle=l21,
    mistakes=[
        Mistake("threshold-not-scaled", NOT_SCALED, lambda w, step, mu: l21(w=w, step=1.0, mu=mu)),
        Mistake("filters-as-groups", FILTERS, grouped(group, 0, 1, 2)),
        Mistake("channels-as-groups", CHANNELS, grouped(group, 0, 1, 3)),
        Mistake("places-as-groups", PLACES, grouped(group, 2, 3)),
        Mistake("one-group", ALL, grouped(group, 0, 1, 2, 3)),
        Mistake("columns-of-windows", COLUMNS, grouped(group, 0)),
        Mistake("entries-as-groups", ENTRIES, grouped(group)),
        Mistake("group-size-scaled", SIZE, lambda w, step, mu: l21(w=w, step=step, mu=mu * prod(w.shape[:2]) ** 0.5)),
        Mistake("channels-first", PYTORCH, in_pytorchs_order(l21)),
        Mistake("zero-group-divides", ZERO_GROUP, grouped(dividing(group), 0, 1)),
        Mistake("norm-squared", "The threshold was divided by the squared norm; it is 1 - threshold / norm.", grouped(
            lambda w, step, gamma: by_norms(w, step * gamma, lambda norms: norms ** 2), 0, 1)),
        Mistake("zeros-not-made", "Edges within the threshold turned round instead of becoming 0: max(..., 0) is "
                "missing.", grouped(without_maximum, 0, 1)),
        Mistake("l1-norm", "The size of an edge was taken as its sum of absolute values; it is the Euclidean norm.",
                grouped(by_l1_norms, 0, 1)),
        Mistake("hard-threshold", "Edges beyond the threshold were kept as they are; they lose it of their norm.",
                grouped(lambda w, step, gamma: {"w": w * (np.sqrt((w ** 2).sum(axis=0)) > step * gamma)}, 0, 1)),
    ],
    questions=[
        Question("by-hand", "2 x 2 places, two channels, two filters: an edge of norm 5, one exactly on the threshold, "
                 "one within it, one that is 0", {**FOUR, "step": 1.25, "mu": 2.0},
                 "by hand: threshold 5/2, norms 5, 5/2 and below", "f64", expected={"w": weights(
                     [1.5, 0, 0, 0], [0, 0, 0, 0], [-2, 0, 0, 0], [0, 0, 0, 0], shape=(2, 2, 2, 2))}),
        Question("alone", "one filter of 2 x 2 on one channel: a filter, a channel and all are one group",
                 {"w": weights([2], [4], [-4], [0], shape=(2, 2, 1, 1)), "step": 0.5, "mu": 3.0},
                 "by hand: threshold 3/2, norm 6", expected={"w": weights([1.5], [3], [-3], [0], shape=(2, 2, 1, 1))}),
        Question("zero-strength", "strength 0 leaves an edge of zeros and every other as they are",
                 {**FOUR, "step": 0.5, "mu": 0.0}, BY_HAND, "f64", expected=FOUR),
        Question("one-place", "filters of one pixel: every edge is one weight, and the penalty is L1",
                 {"w": weights([2, -3, 0.5, 0], shape=(1, 1, 2, 2)), "step": 0.5, "mu": 2.0}, BY_HAND, "f64",
                 expected={"w": weights([1, -2, 0, 0], shape=(1, 1, 2, 2))}),
        Question("no-channels", "a layer below without channels: no edge at all",
                 {"w": np.zeros((2, 2, 0, 3)), "step": 0.5, "mu": 1.0}, BY_HAND,
                 expected={"w": np.zeros((2, 2, 0, 3))}),
        Question("maps-under-dense", "two dense units above two maps of 2 x 3: six weights an edge", lambda: {
            "w": normals(45, 2, 3, 2, 2), "step": 0.75, "mu": 1.6}, CONDITIONS),
        Question("larger", "three channels under four filters of 3 x 3, some edges of which go to 0", lambda: {
            "w": normals(46, 3, 3, 3, 4) * np.linspace(0.2, 2, 4).round(2), "step": 0.4, "mu": 4.0}, CONDITIONS),
    ])


@hp.in_fifty_digits
def l21_metric(w, d, mu):
    """Edge by edge in the metric d."""
    return {"w": edge_by_edge(w, d, mu)}


PROX_METRIC = Recipe(
    name="l21_prox_metric",
    equation="argmin over u of sum(d (u - w)^2) / 2 + mu sum over edges of norm(u[:, :, c, j]): an edge is 0 iff "
             "norm(d w) <= mu, else u = w d r / (d r + mu) with r = norm(u), the root of sum((d w / (d r + mu))^2) = 1",
    inputs={"w": WEIGHTS, "d": WEIGHTS, "mu": "float64"},
    outputs={"w": WEIGHTS},
    conventions=[*EDGES, METRIC, "norm(d w) == mu of an edge gives an edge of zeros"],
    oracle=l21_metric,
    mistakes=[
        Mistake("filters-as-groups", FILTERS, grouped(group_metric, 0, 1, 2)),
        Mistake("channels-as-groups", CHANNELS, grouped(group_metric, 0, 1, 3)),
        Mistake("one-group", ALL, grouped(group_metric, 0, 1, 2, 3)),
        Mistake("columns-of-windows", COLUMNS, grouped(group_metric, 0)),
        Mistake("entries-as-groups", ENTRIES, grouped(group_metric)),
        Mistake("channels-first", PYTORCH, in_pytorchs_order(l21_metric)),
        Mistake("scalar-threshold", SCALAR, mean_metric(l21_metric)),
        Mistake("unweighted-norm-decides", "An edge became 0 because norm(w) <= mu; what decides is norm(d w).",
                lambda w, d, mu: {"w": np.where(np.sqrt((w ** 2).sum(axis=(0, 1))) > mu,
                                                l21_metric(w=w, d=d, mu=mu)["w"], 0)}),
        Mistake("euclidean-shrinkage", "The closed form w max(1 - mu / norm(d w), 0) of the Euclidean metric was used; "
                "where d differs within an edge, there is no closed form and r has to be found.",
                grouped(euclidean, 0, 1)),
        Mistake("mean-curvature", "Each edge was shrunk by the closed form with its mean curvature, mu / mean(d); "
                "where d differs within an edge, there is no closed form.", lambda w, d, mu: l21_metric(
                    w=w, d=np.broadcast_to(d.mean(axis=(0, 1)), d.shape), mu=mu)),
        Mistake("zero-group-divides", ZERO_GROUP, grouped(dividing(group_metric), 0, 1)),
        Mistake("norm-not-solved-for", "r was taken as norm(w), the norm before; it is that of the result, the root of "
                "an equation, which has to be found.", grouped(unsolved, 0, 1)),
    ],
    questions=[
        Question("equal-curvature", "d = 2 everywhere is a step of 1/2: an edge of norm 5, one within, one that is 0",
                 {"w": weights([3, 0.25, 0, 0], [4, 0.25, 0, 1], shape=(1, 2, 2, 2)), "d": np.full((1, 2, 2, 2), 2.0),
                  "mu": 5.0}, "by hand: threshold 5/2, norm 5", "f64",
                 expected={"w": weights([1.5, 0, 0, 0], [2, 0, 0, 0], shape=(1, 2, 2, 2))}),
        Question("on-the-threshold", "norm(d w) is exactly mu, so the edge is 0; the next one is a little above",
                 {"w": weights([3, 3], [2, 2.25], shape=(2, 1, 1, 2)), "d": weights([1, 1], [2, 2], shape=(2, 1, 1, 2)),
                  "mu": 5.0}, CONDITIONS),
        Question("zero-strength", "strength 0 changes nothing",
                 {"w": weights([0, 1.5], [0, -2], shape=(2, 1, 2, 1)),
                  "d": weights([1, 2], [0.5, 4], shape=(2, 1, 2, 1)), "mu": 0.0}, BY_HAND, "f64",
                 expected={"w": weights([0, 1.5], [0, -2], shape=(2, 1, 2, 1))}),
        Question("between-the-norms", "norm(w) is mu, norm(d w) is larger: the edge stays",
                 {"w": weights([3], [4], shape=(2, 1, 1, 1)), "d": weights([2], [1], shape=(2, 1, 1, 1)), "mu": 5.0},
                 CONDITIONS),
        Question("one-place", "filters of one pixel: every edge is one weight, and loses mu / d",
                 {"w": weights([2, -3, 0.5, 0], shape=(1, 1, 2, 2)), "d": weights([1, 2, 1, 4], shape=(1, 1, 2, 2)),
                  "mu": 1.0}, BY_HAND, expected={"w": weights([1, -2.5, 0, 0], shape=(1, 1, 2, 2))}),
        Question("maps-under-dense", "two dense units above two maps of 2 x 3, curvatures between 0.5 and 8", lambda: {
            "w": normals(47, 2, 3, 2, 2), "d": positive(48, 2, 3, 2, 2), "mu": 2.5}, CONDITIONS),
        Question("larger", "three channels under four filters of 3 x 3, curvatures between 0.5 and 8", lambda: {
            "w": normals(49, 3, 3, 3, 4) * np.linspace(0.2, 1.6, 4).round(2), "d": positive(50, 3, 3, 3, 4),
            "mu": 8.0}, CONDITIONS),
    ])

RECIPES = [PENALTY, PROX, PROX_METRIC]
