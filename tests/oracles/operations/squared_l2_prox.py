"""The prox of a squared distance, with a step and in a diagonal metric."""

from __future__ import annotations

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import normals
from tests.oracles.proxes import BY_HAND, METRIC, mean_step, positive
from tests.oracles.recipe import Mistake, Question, Recipe


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
        Mistake("away-from-the-anchor", "The weights moved away from the anchor: the move has the other sign.",
                lambda w, **given: {"w": 2 * w - squared(w=w, **given)["w"]}),
        Mistake("anchor-in-full", "The anchor was added whole; its share is s / (1 + s) with s = step strength.",
                lambda w, step, strength, anchor: {"w": w / (1 + step * strength) + anchor}),
    ],
    questions=[
        Question("by-hand", "step strength = 1: half way to the anchor",
                 {"w": np.array([3, -1, 0]), "step": 0.25, "strength": 4.0, "anchor": np.array([1, 0, 2])}, BY_HAND,
                 "f64", expected={"w": np.array([2, -0.5, 1])}),
        Question("no-penalty", "strength 0 gives the numbers back bit for bit, none of them a binary fraction",
                 {"w": np.array([0.1, -0.7, 1e-3]), "step": 0.3, "strength": 0.0, "anchor": np.array([5.0, 0, 1])},
                 BY_HAND, "f64", expected={"w": np.array([0.1, -0.7, 1e-3])}),
        Question("stiff", "step strength = 1000: almost on the anchor, where a gradient step would leave for good",
                 {"w": np.array([1.0, -2]), "step": 0.5, "strength": 2000.0, "anchor": np.array([0.0, 3])},
                 "the formula in 50-digit decimals"),
        Question("at-the-anchor", "what is on its anchor stays there",
                 {"w": np.array([0.5, -2]), "step": 0.5, "strength": 3.0, "anchor": np.array([0.5, -2])}, BY_HAND,
                 expected={"w": np.array([0.5, -2])}),
        Question("empty", "no entries", {"w": np.zeros(0), "step": 0.5, "strength": 1.0, "anchor": np.zeros(0)},
                 BY_HAND, expected={"w": np.zeros(0)}),
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
        Mistake("metric-inverted", "d was taken for a step: it is a curvature, the inverse of one.",
                lambda d, **given: squared_metric(d=1 / d, **given)),
        Mistake("w-unweighted", "w lacks its weight: (w + strength anchor) / (d + strength) for d w + ...",
                lambda w, d, strength, anchor: {"w": (w + strength * anchor) / (d + strength)}),
        Mistake("root-of-the-metric", "sqrt(d) was used for d, as if d were Adam's second moment.",
                lambda d, **given: squared_metric(d=np.sqrt(d), **given)),
    ],
    questions=[
        Question("by-hand", "shares 1/2, 1/4 and 3/4 of the way to the anchor",
                 {"w": np.array([3, 4, -1]), "d": np.array([3, 9, 1]), "strength": 3.0, "anchor": np.array([1, 0, 3])},
                 BY_HAND, "f64", expected={"w": np.array([2, 3, 2])}),
        Question("no-penalty", "strength 0 gives the numbers back",
                 {"w": np.array([0.1, -0.7]), "d": np.array([0.3, 7]), "strength": 0.0, "anchor": np.array([5.0, 0])},
                 BY_HAND, "f64", expected={"w": np.array([0.1, -0.7])}),
        Question("stiff", "a strength far above one curvature and far below another",
                 {"w": np.array([1.0, -2, 4]), "d": np.array([0.5, 2.0**20, 8]), "strength": 1024.0,
                  "anchor": np.array([0.0, 3, 4])}, "the formula in 50-digit decimals"),
        Question("larger", "thirty drawn numbers", lambda: {
            "w": normals(13, 30), "d": positive(14, 30), "strength": 1.7, "anchor": normals(15, 30)},
                 "the formula in 50-digit decimals"),
    ])

RECIPES = [SQUARED, SQUARED_METRIC]
