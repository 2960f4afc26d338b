"""The prox of L1, with a step and in a diagonal metric."""

from __future__ import annotations

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import normals, sixteenths
from tests.oracles.proxes import BY_HAND, NOT_SCALED, SCALAR, THREE_CASES, TIE, mean_step, positive
from tests.oracles.recipe import Mistake, Question, Recipe


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
        Mistake("divided-by-step", "The threshold is mu / step; it is step * mu.",
                lambda w, step, mu: soft(w=w, step=1 / step, mu=mu)),
        Mistake("half-threshold", "The threshold is halved: the penalty is mu abs(w), without a half.",
                lambda w, step, mu: soft(w=w, step=step, mu=mu / 2)),
        Mistake("minus-forgotten", "w < threshold was tested where w < -threshold is meant: entries within the "
                "threshold come out raised by it, not as 0.", lambda w, step, mu: {
                    "w": np.where(w > step * mu, w - step * mu, np.where(w < step * mu, w + step * mu, 0))}),
    ],
    questions=[
        Question("mixed-signs", "entries on both sides of the threshold, two of them exactly on it",
                 {"w": np.array([3, -3, 0.25, -0.25, 1, -1, 0]), "step": 0.5, "mu": 2.0}, BY_HAND,
                 expected={"w": np.array([2, -2, 0, 0, 0, 0, 0])}, tolerance="sparse"),
        Question("no-penalty", "strength 0 changes nothing",
                 {"w": np.array([1.5, -0.0625, 0]), "step": 0.25, "mu": 0.0},
                 BY_HAND, expected={"w": np.array([1.5, -0.0625, 0])}, tolerance="sparse"),
        Question("empty", "no entries", {"w": np.zeros(0), "step": 0.5, "mu": 1.0}, BY_HAND,
                 expected={"w": np.zeros(0)}),
        Question("nothing-left", "everything is within the threshold: exact zeros",
                 {"w": np.array([0.5, -0.5, 0.25, -0.125]), "step": 0.5, "mu": 1.0}, BY_HAND,
                 expected={"w": np.zeros(4)}),
        Question("larger-exact", "fifty multiples of 1/16",
                 lambda: {"w": sixteenths(1, 50), "step": 0.25, "mu": 1.75}, THREE_CASES, tolerance="sparse"),
        Question("larger", "forty drawn numbers", lambda: {"w": normals(2, 40), "step": 0.3, "mu": 1.1}, THREE_CASES),
    ])


@hp.in_fifty_digits
def soft_metric(w, d, mu):
    """Soft threshold at mu / d, entry by entry."""
    u = np.empty(w.shape, object)
    for i in np.ndindex(w.shape):
        u[i] = hp.soft(w[i], mu / d[i])
    return {"w": u}


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
        Mistake("hard-threshold", "Entries beyond the threshold were kept as they are; they move towards 0 by it.",
                lambda w, d, mu: {"w": np.where(np.abs(w) > mu / d, w, 0)}),
        Mistake("positive-only", "Negative entries were all set to 0: max(w - threshold, 0) lacks the sign.",
                lambda w, d, mu: {"w": np.maximum(w - mu / d, 0)}),
        Mistake("metric-inverted", "The threshold is mu * d: d is a curvature, the inverse of a step.",
                lambda w, d, mu: soft_metric(w=w, d=1 / d, mu=mu)),
        Mistake("root-of-the-metric", "The threshold is mu / sqrt(d), as if d were Adam's second moment; it is mu / d.",
                lambda w, d, mu: soft_metric(w=w, d=np.sqrt(d), mu=mu)),
        Mistake("not-scaled-back", "d w was thresholded by mu, and not divided by d again.",
                lambda w, d, mu: {"w": d * soft_metric(w=w, d=d, mu=mu)["w"]}),
        Mistake("largest-curvature", "One threshold, mu over the largest d, was used for all entries; each has its "
                "own, mu / d.", lambda w, d, mu: soft_metric(w=w, d=np.full_like(d, d.max(initial=0)), mu=mu)),
    ],
    questions=[
        Question("by-hand", "equal entries under four curvatures, one exactly on its threshold",
                 {"w": np.array([2, 2, 2, -2]), "d": np.array([1, 0.25, 4, 0.5]), "mu": 1.0},
                 "by hand: thresholds 1, 4, 1/4, 2", expected={"w": np.array([1, 0, 1.75, 0])}, tolerance="sparse"),
        Question("empty", "no entries", {"w": np.zeros(0), "d": np.zeros(0), "mu": 1.0}, BY_HAND,
                 expected={"w": np.zeros(0)}),
        Question("nothing-left", "everything is within its threshold: exact zeros",
                 {"w": np.array([0.5, -0.5, 0.25]), "d": np.array([2.0, 1, 4]), "mu": 1.0}, BY_HAND,
                 expected={"w": np.zeros(3)}),
        Question("larger", "thirty drawn numbers",
                 lambda: {"w": normals(3, 30), "d": positive(4, 30), "mu": 0.9}, THREE_CASES),
    ])

RECIPES = [SOFT_THRESHOLD, SOFT_THRESHOLD_METRIC]
