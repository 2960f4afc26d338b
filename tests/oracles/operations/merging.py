"""Incremental moment matching: the moments of a mixture, its mode, and a layer of drop-transfer."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import array, normals
from tests.oracles.recipe import Mistake, Question, Recipe

BY_HAND = "by hand"
DECIMALS = "the formula in 50-digit decimals, task after task"

# --- the mean and the variance of a mixture ----------------------------------------------------------------------


def weighted(weights, points):
    """sum of w_k x_k."""
    return sum((w * x for w, x in zip(weights, points, strict=True)), 0 * points[0])


def moments(parts=lambda shares: shares, variance=lambda parts, means, variances, mean: weighted(
        parts, [v + (m - mean) ** 2 for m, v in zip(means, variances)])):
    """An oracle of mean and variance from the shares' ``parts``."""
    @hp.in_fifty_digits
    def outputs(shares, means, variances):
        mine = parts(shares)
        mean = weighted(mine, means)
        return {"mean": mean, "variance": variance(mine, means, variances, mean)}

    return outputs


def alike(shares):
    """1/K each."""
    return [1 / Decimal(len(shares))] * len(shares)


def mixture_case(seed, n, n_tasks, shares) -> dict:
    """Bodies that wander, with positive variances."""
    return {"shares": np.array(shares), "means": [normals(seed + k, n) for k in range(n_tasks)],
            "variances": [np.round(normals(seed + 20 + k, n) ** 2 + 0.1, 6) for k in range(n_tasks)]}


TWO = {"means": [np.array([1.0, -1, 2]), np.array([3.0, -1, -2])],
       "variances": [np.array([1.0, 2, 4]), np.array([2.0, 2, 1])]}

MEAN = Recipe(
    name="imm_mean",
    equation="mean = sum over k of a_k mu_k, variance = sum over k of a_k (v_k + (mu_k - mean)^2), weight by weight: "
             "the moments of the mixture of Gaussians N(mu_k, v_k) with shares a_k, which is what mean-IMM merges to "
             "(Lee et al. 2017)",
    inputs={"shares": "float64[*]", "means/*": "float64[*]", "variances/*": "float64[*]"},
    outputs={"mean": "float64[*]", "variance": "float64[*]"},
    conventions=["shares are not negative and sum up to 1", "means/k are the weights that task k itself ended at",
                 "mean and variance minimise sum over k of a_k KL(N(mu_k, v_k) || N(mean, variance))"],
    oracle=moments(),
    mistakes=[
        Mistake("spread-forgotten", "The variances were averaged; the means lie apart, which adds to the variance.",
                moments(variance=lambda parts, means, variances, mean: weighted(parts, variances))),
        Mistake("variance-of-a-sum", "Shares were squared, as for the variance of a weighted sum; a mixture is no sum.",
                moments(variance=lambda parts, means, variances, mean: weighted(
                    [p * p for p in parts], variances))),
        Mistake("spread-around-the-last", "The spread was measured from the last task's weights; it is measured from "
                "the mean.", moments(variance=lambda parts, means, variances, mean: weighted(
                    parts, [v + (m - means[-1]) ** 2 for m, v in zip(means, variances)]))),
        Mistake("shares-ignored", "All tasks counted alike; each has its share.", moments(alike)),
        Mistake("shares-reversed", "Shares were given from the last task on; the first one is the first task's.",
                moments(lambda shares: shares[::-1])),
        Mistake("merged-not-written-back", "These are the last task's own weights: what was merged got lost.",
                moments(lambda shares: [0 * s for s in shares[:-1]] + [Decimal(1)])),
        Mistake("not-averaged", "The weights of all tasks were added up without their shares.",
                moments(lambda shares: [Decimal(1)] * len(shares))),
        Mistake("spread-not-squared", "The distance from the mean was not squared.",
                moments(variance=lambda parts, means, variances, mean: weighted(
                    parts, [v + abs(m - mean) for m, v in zip(means, variances)]))),
    ],
    questions=[
        Question("by-hand", "two tasks, a quarter and three quarters", {**TWO, "shares": np.array([0.25, 0.75])},
                 "by hand: distances from the mean 1.5, 0, 3 and 0.5, 0, 1",
                 expected={"mean": np.array([2.5, -1, -1]), "variance": np.array([2.5, 2, 4.75])}),
        Question("one-task", "nothing to merge", {"shares": np.array([1.0]), "means": [np.array([0.5, -2])],
                                                  "variances": [np.array([1.0, 3])]}, BY_HAND,
                 expected={"mean": np.array([0.5, -2]), "variance": np.array([1.0, 3])}),
        Question("all-alike", "three tasks that ended at the same weights",
                 {"shares": np.array([0.5, 0.25, 0.25]), "means": [np.array([0.5, -2])] * 3,
                  "variances": [np.array([1.0, 3]), np.array([2.0, 1]), np.array([4.0, 1])]}, BY_HAND,
                 expected={"mean": np.array([0.5, -2]), "variance": np.array([2.0, 2])}),
        Question("four-tasks", "ten weights, uneven shares",
                 lambda: mixture_case(1, 10, 4, [0.1, 0.2, 0.3, 0.4]), DECIMALS),
    ])

# --- the mode ----------------------------------------------------------------------------------------------------

LEAST = Decimal("1e-8")


def mode(parts=lambda shares: shares, strength=lambda fisher: fisher + LEAST, divided=True):
    """An oracle: sum of a_k F_k mu_k over sum of a_k F_k."""
    @hp.in_fifty_digits
    def outputs(shares, means, fishers):
        weights = [a * strength(fisher) for a, fisher in zip(parts(shares), fishers, strict=True)]
        merged = weighted(weights, means)
        return {"mode": merged / sum(weights) if divided else merged}

    return outputs


@hp.in_fifty_digits
def pairwise(shares, means, fishers):
    """Merged with the next task by the information of these two alone, one after the other."""
    merged = means[0]
    for before, now, mean in zip(fishers, fishers[1:], means[1:]):
        merged = ((before + LEAST) * merged + (now + LEAST) * mean) / (before + now + 2 * LEAST)
    return {"mode": merged}


def unknown(value):
    """What no task needs gets this value."""
    def outputs(shares, means, fishers):
        none = sum(fishers) == 0
        return {"mode": np.where(none, value, mode()(shares=shares, means=means, fishers=fishers)["mode"])}

    return outputs


def mode_case(seed, n, n_tasks, shares) -> dict:
    """Bodies that wander; the information of some weights is 0 for some tasks, of the first for all."""
    fishers = [np.round(np.maximum(normals(seed + 30 + k, n), 0) ** 2, 6) for k in range(n_tasks)]
    for fisher in fishers:
        fisher[0] = 0
    return {"shares": np.array(shares), "means": [normals(seed + k, n) for k in range(n_tasks)], "fishers": fishers}


MODE = Recipe(
    name="imm_mode",
    equation="(sum over k of a_k F_k mu_k) / (sum over k of a_k F_k) with F_k + 1e-8 in place of F_k, weight by "
             "weight: mode-IMM (Lee et al. 2017), the minimiser of sum over k of (a_k / 2) F_k (w - mu_k)^2",
    inputs={"shares": "float64[*]", "means/*": "float64[*]", "fishers/*": "float64[*]"},
    outputs={"mode": "float64[*]"},
    conventions=["fishers/k is the diagonal of the Fisher information of task k, used as it is: the inverse variance",
                 "1e-8 is added to every one, so that a weight that no task needs has the mean of the tasks'",
                 "shares are not negative and sum up to 1"],
    oracle=mode(),
    mistakes=[
        Mistake("merged-not-written-back", "These are the last task's own weights: what was merged was never written "
                "back into the network. (Seen in the code of a well-known paper.)",
                lambda shares, means, fishers: {"mode": means[-1]}),
        Mistake("fisher-ignored", "The plain mean was taken: that is mean-IMM.",
                mode(strength=lambda fisher: 0 * fisher + 1)),
        Mistake("fisher-inverted", "Weights were averaged by their variances; the inverse variance, F itself, is what "
                "counts.", mode(strength=lambda fisher: 1 / (fisher + LEAST))),
        Mistake("root-of-the-fisher", "The root of the Fisher information was taken; F is the inverse variance.",
                mode(strength=lambda fisher: np.array([(f + LEAST).sqrt() for f in fisher]))),
        Mistake("fisher-normalised", "Each task's Fisher information was divided by its largest entry; it is used as "
                "it is.",
                mode(strength=lambda fisher: fisher / max(fisher.max(), LEAST) + LEAST)),
        Mistake("shares-ignored", "All tasks counted alike; each has its share.", mode(alike)),
        Mistake("shares-reversed", "Shares were given from the last task on; the first one is the first task's.",
                mode(lambda shares: shares[::-1])),
        Mistake("not-divided", "The weighted sum was not divided by the sum of the weights.", mode(divided=False)),
        Mistake("pairwise", "Each task was merged into the result by its own and the last task's information alone; "
                "all tasks' information counts.", pairwise),
        Mistake("nan-where-no-task-cares", "0 / 0: nothing was added to the Fisher information.", unknown(np.nan)),
        Mistake("zero-where-no-task-cares", "A weight without information became 0; it has the mean of the tasks'.",
                unknown(0.0)),
    ],
    questions=[
        Question("by-hand", "two tasks that need different weights, and one that none needs",
                 {"shares": np.array([0.5, 0.5]), "means": [np.array([1.0, 4, 2]), np.array([3.0, -4, 4])],
                  "fishers": [np.array([1.0, 3, 0]), np.array([1.0, 1, 0])]},
                 "50-digit decimals; by hand without the 1e-8: 2, 2, 3"),
        Question("uneven-shares", "the last task has three quarters, which outweighs its smaller information",
                 {"shares": np.array([0.25, 0.75]), "means": [np.array([1.0, 0]), np.array([-1.0, 8])],
                  "fishers": [np.array([3.0, 1]), np.array([1.0, 1])]}, "50-digit decimals; by hand nearly 0 and 6"),
        Question("one-task", "nothing to merge", {"shares": np.array([1.0]), "means": [np.array([0.5, -2])],
                                                  "fishers": [np.array([0.25, 4])]}, BY_HAND,
                 expected={"mode": np.array([0.5, -2])}),
        Question("alike-information", "equal information: the mode is the mean",
                 {"shares": np.array([0.5, 0.25, 0.25]), "fishers": [np.array([0.5, 2])] * 3,
                  "means": [np.array([1.0, 2]), np.array([2.0, 4]), np.array([4.0, -4])]}, BY_HAND,
                 expected={"mode": np.array([2.0, 1])}),
        Question("three-tasks", "ten weights, uneven shares", lambda: mode_case(1, 10, 3, [0.2, 0.3, 0.5]), DECIMALS),
        Question("five-tasks", "twelve weights, the last task with half",
                 lambda: mode_case(7, 12, 5, [0.125, 0.125, 0.125, 0.125, 0.5]), DECIMALS),
    ])

# --- a layer of drop-transfer ------------------------------------------------------------------------------------


def layer(fall_back=True, corrected=True, rescaled=True, share=lambda p: 1 - p, told=lambda dropped: dropped,
          bias_dropped=True, learns=lambda slope, keep: slope, seen=lambda w, new, old, slope: w):
    """An oracle: every sample's unit has its own weights, as the definition says; backward from the same weights.

    The gradients are those of  sum(dout * out),  unit after unit for every sample: ``learns`` is d (its weights) / d
    (the new ones), ``seen`` what its inputs see.
    """
    @hp.in_fifty_digits
    def outputs(h, weights, bias, old_weights, old_bias, dropped, p, dout):
        dropped = told(dropped)
        n, units = dropped.shape
        keep = share(p) if rescaled else Decimal(1)
        out, dh = np.full((n, units), Decimal(0)), 0 * h
        dW, db = 0 * weights, 0 * bias
        for i in range(n):
            for j in range(units):
                w, b, scale = effective(weights[:, j], bias[j], old_weights[:, j], old_bias[j], dropped[i, j], p, keep,
                                        fall_back, corrected)
                b = b if bias_dropped else bias[j]
                out[i, j] = hp.total(h[i] * w) + b
                slope = learns(Decimal(0) if dropped[i, j] else scale, keep)
                dh[i] = dh[i] + dout[i, j] * seen(w, weights[:, j], old_weights[:, j], slope)
                dW[:, j] = dW[:, j] + dout[i, j] * slope * h[i]
                db[j] = db[j] + dout[i, j] * (slope if bias_dropped else 1)
        return {"out": out, "dh": dh, "dweights": dW, "dbias": db}

    return outputs


def effective(w, b, old_w, old_b, dropped, p, keep, fall_back, corrected):
    """The weights and bias that a unit has for one sample, and d (these) / d (the new ones) where it is kept."""
    if dropped:
        return (old_w, old_b, Decimal(0)) if fall_back else (0 * w, 0 * b, Decimal(0))
    if not (fall_back and corrected):
        return w / keep, b / keep, 1 / keep
    return w / keep - old_w * (1 / keep - 1), b / keep - old_b * (1 / keep - 1), 1 / keep


def layer_case(seed, n, n_in, units, p) -> dict:
    """A layer, an older one near it, and a draw of what is dropped."""
    return {"h": np.maximum(normals(seed, n, n_in), 0), "weights": normals(seed + 1, n_in, units),
            "bias": normals(seed + 2, units), "old_weights": normals(seed + 3, n_in, units),
            "old_bias": normals(seed + 4, units), "dropped": np.random.default_rng(seed + 5).random((n, units)) < p,
            "p": p, "dout": normals(seed + 6, n, units)}


SAMPLES = {"h": array([1, 2], [2, 0]), "weights": array([2, 1], [-1, 1]), "bias": np.array([1.0, 0]),
           "old_weights": array([1, 0], [1, -1]), "old_bias": np.array([0.0, 2]), "dout": array([1, -1], [2, 1])}

LAYER = Recipe(
    name="drop_transfer_layer",
    equation="out = h V + c, where for every sample a unit's incoming weights and bias (V_j, c_j) are the old ones "
             "where it is dropped, else (new) / (1 - p) - (old) p / (1 - p): drop-transfer (Lee et al. 2017); and the "
             "gradients of sum(dout * out) with respect to h and to the new weights and biases",
    inputs={"h": "float64[*,*]", "weights": "float64[*,*]", "bias": "float64[*]", "old_weights": "float64[*,*]",
            "old_bias": "float64[*]", "dropped": "bool[*,*]", "p": "float64", "dout": "float64[*,*]"},
    outputs={"out": "float64[*,*]", "dh": "float64[*,*]", "dweights": "float64[*,*]", "dbias": "float64[*]"},
    conventions=["dropped has a truth value per sample and unit; p is the probability that it is true",
                 "on average over draws out is that of the new weights", "the old weights get no gradient",
                 "out is before any ReLU"],
    oracle=layer(),
    mistakes=[
        Mistake("falls-back-to-zero", "A dropped unit was set to 0: that is ordinary dropout. It has its old weights.",
                layer(fall_back=False)),
        Mistake("kept-not-corrected", "A kept unit has new / (1 - p) without - old p / (1 - p), so that the average is "
                "not the new weights.", layer(corrected=False)),
        Mistake("not-rescaled", "A kept unit has its new weights as they are; they lie beyond them, or the average is "
                "between old and new.", layer(rescaled=False)),
        Mistake("scaled-by-p", "The change was divided by p; it is divided by the probability to be kept, 1 - p.",
                layer(share=lambda p: p if p else Decimal(1))),
        Mistake("kept-for-dropped", "True was read as kept; it is dropped.", layer(told=lambda dropped: ~dropped)),
        Mistake("one-draw-for-all-samples", "The first sample's draw was used for all; every sample has its own.",
                layer(told=lambda dropped: np.repeat(dropped[:1], len(dropped), axis=0))),
        Mistake("bias-not-dropped", "The bias was always the new one; a dropped unit has its old bias too.",
                layer(bias_dropped=False)),
        Mistake("dh-without-the-old-weights", "dh came through the change of the weights alone; the old weights carry "
                "it too.", layer(seen=lambda w, new, old, slope: slope * (new - old))),
        Mistake("dh-of-the-new-weights", "dh came through the new weights; it comes through those that the unit has "
                "for the sample.", layer(seen=lambda w, new, old, slope: new)),
        Mistake("dropped-units-learn", "The new weights got a gradient from dropped units as well, which do not use "
                "them.",
                layer(learns=lambda slope, keep: 1 / keep)),
        Mistake("gradient-not-rescaled", "The gradient of the new weights lacks the factor 1 / (1 - p).",
                layer(learns=lambda slope, keep: slope * keep)),
    ],
    questions=[
        Question("by-hand", "two samples, two units, p = 1/2: each unit dropped once",
                 {**SAMPLES, "dropped": np.array([[False, True], [True, False]]), "p": 0.5},
                 "by hand: kept weights (3, -3) with bias 2 and (2, 3) with bias -2",
                 expected={"out": array([-1, 0], [2, 2]), "dh": array([3, -2], [4, 5]),
                           "dweights": array([2, 4], [4, 0]), "dbias": np.array([2.0, 2])}),
        Question("nothing-dropped", "p = 0: a plain layer",
                 {**SAMPLES, "dropped": np.zeros((2, 2), bool), "p": 0.0}, BY_HAND,
                 expected={"out": array([1, 3], [5, 2]), "dh": array([1, -2], [5, -1]),
                           "dweights": array([5, 1], [2, -2]), "dbias": np.array([3.0, 0])}),
        Question("first-task", "old weights 0: ordinary dropout",
                 {**SAMPLES, "old_weights": np.zeros((2, 2)), "old_bias": np.zeros(2), "p": 0.5,
                  "dropped": np.array([[False, True], [False, False]])}, BY_HAND,
                 expected={"out": array([2, 0], [10, 4]), "dh": array([4, -2], [10, -2]),
                           "dweights": array([10, 4], [4, 0]), "dbias": np.array([6.0, 2])}),
        Question("larger", "six samples, four inputs, five units, p = 0.3",
                 lambda: layer_case(1, 6, 4, 5, 0.3), "sample for sample and unit for unit in 50-digit decimals"),
    ])

RECIPES = [MEAN, MODE, LAYER]
