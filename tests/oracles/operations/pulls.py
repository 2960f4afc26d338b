"""Pulls of the body towards earlier weights: DNN-L2 and DNN-EWC."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import GRADIENT, NETWORK, array, network, normals
from tests.oracles.recipe import Mistake, Question, Recipe

BY_HAND = "by hand"
DECIMALS = "the formula in 50-digit decimals"
EXPLICIT = ("A gradient step of the pull was taken. Its prox has the same fixed point and is stable whatever the "
            "strength; a gradient step is not where step times the strength of a weight exceeds 2.")

# --- EWC's penalty -----------------------------------------------------------------------------------------------


def consolidated(fisher, decay) -> np.ndarray:
    """F after the tasks: it becomes decay F + F_k after task k."""
    total = fisher[0]
    for own in fisher[1:]:
        total = decay * total + own
    return total


def one_square(fisher, learnt, decay) -> list:
    """decay F around the latest weights."""
    return [(decay * consolidated(fisher, decay), learnt[-1])]


def one_square_per_task(fisher, learnt, decay) -> list:
    """F_k around W^k for every task, early ones decayed."""
    return [(decay ** (len(fisher) - k) * own, anchor) for k, (own, anchor) in enumerate(zip(fisher, learnt))]


TERMS = {"latest": one_square, "separate": one_square_per_task}


def pull(terms):
    """An oracle from ``terms(anchors, fisher, learnt, decay)``, a list of (strength per weight, anchor).

    value = P(w) - P(W^{t-1}) and dP/dw of P(w) = (lam / 2) sum over terms of sum(strength (w - anchor)^2), term by
    term as written: squares are not put together.
    """
    @hp.in_fifty_digits
    def outputs(w, lam, anchors, decay, fisher, learnt):
        squares = terms(anchors, fisher, learnt, decay)

        def penalty(at):
            return lam / 2 * sum((hp.total(s * (at - a) ** 2) for s, a in squares), Decimal(0))

        return {"value": penalty(w) - penalty(learnt[-1]), "gradient": hp.central_differences(lambda: penalty(w), w)}

    return outputs


def as_asked(anchors, fisher, learnt, decay):
    """The variant that is asked for."""
    return TERMS[anchors](fisher, learnt, decay)


def changed(strength=lambda s, n: s, anchor=lambda a: a):
    """The variant asked for with other strengths or anchors; n is the number of tasks."""
    def terms(anchors, fisher, learnt, decay):
        return [(strength(s, len(fisher)), anchor(a)) for s, a in as_asked(anchors, fisher, learnt, decay)]

    return pull(terms)


def only(variant, terms):
    """Other terms(fisher, learnt, decay) where one variant is asked for; the other stays right."""
    return pull(lambda anchors, *given: (terms if anchors == variant else TERMS[anchors])(*given))


@hp.in_fifty_digits
def constant_counted(w, lam, anchors, decay, fisher, learnt):
    """P(w)."""
    return {"value": lam / 2 * sum((hp.total(s * (w - a) ** 2) for s, a in as_asked(anchors, fisher, learnt, decay)),
                                   Decimal(0))}


def online(terms):
    """Other terms where the Fisher information is decayed."""
    return pull(lambda anchors, fisher, learnt, decay: as_asked(anchors, fisher, learnt, decay) if decay == 1
                else terms(fisher, learnt, decay))


def decayed_backwards(fisher, learnt, decay):
    """The newest information is decayed most."""
    return one_square(fisher[::-1], learnt, decay)


def moving_average(fisher, learnt, decay):
    """F becomes decay F + (1 - decay) F_k."""
    total = fisher[0]
    for own in fisher[1:]:
        total = decay * total + (1 - decay) * own
    return [(decay * total, learnt[-1])]


def plain_mean(fisher, learnt, decay):
    """All information around the mean of the anchors."""
    return [(sum(fisher), sum(learnt) / len(learnt))]


def ewc_case(seed, n_tasks, n, lam, anchors="latest", decay=1.0) -> dict:
    """Positive information, the first weight's 0 in every task, and weights that wander."""
    fisher = [np.round(normals(seed + k, n) ** 2, 6) for k in range(n_tasks)]
    for own in fisher:
        own[0] = 0
    learnt = list(np.cumsum([normals(seed + 20 + k, n, scale=0.5) for k in range(n_tasks)], axis=0).round(6))
    return {"w": (learnt[-1] + normals(seed + 40, n)).round(6), "lam": lam, "anchors": anchors, "decay": decay,
            "fisher": fisher, "learnt": learnt}


#: Two weights after two tasks.
TWO_TASKS = {"w": np.array([2.0, 1]), "lam": 2.0, "fisher": [np.array([1.0, 2]), np.array([3.0, 2])],
             "learnt": [np.array([-1.0, 0]), np.array([1.0, 2])]}

EWC_PENALTY = Recipe(
    name="ewc_penalty",
    equation="latest: P(w) = (lam / 2) sum over i of decay F_i (w_i - W^{t-1}_i)^2, where F becomes decay F + F_k "
             "after task k (decay 1: Huszar 2018; below 1: online EWC, Schwarz et al. 2018);  separate: P(w) = (lam / "
             "2) sum over tasks k < t of sum over i of F_k,i (w_i - W^k_i)^2 (Kirkpatrick et al. 2017, Eq. 3)",
    inputs={"w": "float64[*]", "lam": "float64", "anchors": "string", "decay": "float64", "fisher/*": "float64[*]",
            "learnt/*": "float64[*]"},
    outputs={"value": "float64", "gradient": "float64[*]"},
    conventions=["fisher/k and learnt/k: Fisher information and weights after each earlier task, oldest first",
                 "value is P(w) - P(W^{t-1}), so that a constant does not count: a sum of squares is one square plus "
                 "a constant, and one (F, A) may be kept for all tasks",
                 "decay is in F and once more in the penalty; separate anchors have decay 1",
                 "a weight with F = 0 in every task is not pulled"],
    oracle=pull(as_asked),
    mistakes=[
        Mistake("half-missing", "The factor 1/2 was left out. (Seen in a public framework and in the code of a "
                "well-known paper: their lam is half of this one.)", changed(strength=lambda s, n: 2 * s)),
        Mistake("early-tasks-counted-twice", "Every task got a penalty around its own weights where one latest anchor "
                "is asked for. W^k already leans to W^{k-1}, so early tasks count twice.",
                only("latest", one_square_per_task)),
        Mistake("latest-for-separate", "All information was put around the latest weights where every task has its "
                "own anchor.", only("separate", one_square)),
        Mistake("anchors-averaged", "The squares of all tasks were put together around the plain mean of the anchors; "
                "the anchor is their mean weighted by F_k, weight by weight.", only("separate", plain_mean)),
        Mistake("anchor-not-moved", "The anchor stayed at the weights after the first task; it is W^{t-1}.",
                only("latest", lambda fisher, learnt, decay: one_square(fisher, learnt[:1], decay))),
        Mistake("last-task-only", "Only the last task's Fisher information was kept; information accumulates.", pull(
            lambda anchors, fisher, learnt, decay: TERMS[anchors](fisher[-1:], learnt[-1:], decay))),
        Mistake("running-mean", "The Fisher information was averaged over tasks; it is summed, or every task makes "
                "the earlier ones weaker. (Seen in the code of a well-known paper.)",
                changed(strength=lambda s, n: s / n)),
        Mistake("fisher-left-out", "Every weight was pulled alike: that is DNN-L2, not EWC.",
                changed(strength=lambda s, n: 0 * s + 1)),
        Mistake("anchor-ignored", "Weights were pulled to 0: it is their change since the anchor that costs.",
                changed(anchor=lambda a: 0 * a)),
        Mistake("constant-counted", "The value is P(w) itself; P(W^{t-1}), a constant, is taken off.",
                constant_counted),
        Mistake("decay-missing-in-penalty", "The Fisher information was decayed as tasks came in, but the penalty "
                "lacks its own factor decay.", online(
                    lambda fisher, learnt, decay: [(consolidated(fisher, decay), learnt[-1])])),
        Mistake("moving-average", "F became decay F + (1 - decay) F_k; the new task's information comes in whole, "
                "decay F + F_k. (That is EWC++, which averages over steps.)", online(moving_average)),
        Mistake("decay-reversed", "Powers of decay were counted from the wrong end: the oldest information is decayed "
                "most.", only("latest", decayed_backwards)),
    ],
    questions=[
        Question("by-hand", "two tasks, one latest anchor", {**TWO_TASKS, "anchors": "latest", "decay": 1.0},
                 "by hand: F = (4, 4), w - A = (1, -1)",
                 expected={"value": 8.0, "gradient": np.array([8.0, -8])}),
        Question("online", "the same two tasks, decay 1/4", {**TWO_TASKS, "anchors": "latest", "decay": 0.25},
                 "by hand: F = (3.25, 2.5), strength lam F / 4",
                 expected={"value": 1.4375, "gradient": np.array([1.625, -1.25])}),
        Question("separate", "the same two tasks, each with its anchor",
                 {**TWO_TASKS, "anchors": "separate", "decay": 1.0},
                 "by hand: 2 ((3, 2) + (3, -2)); P(w) = 16, P(W^2) = 12; as one square: F = (4, 4), A = (1/2, 1)",
                 expected={"value": 4.0, "gradient": np.array([12.0, 0])}),
        Question("at-the-anchor", "after one task the weights have not moved yet: nothing is pulled",
                 {"w": np.array([0.5, -2]), "lam": 100.0, "anchors": "latest", "decay": 1.0,
                  "fisher": [np.array([1.0, 4])], "learnt": [np.array([0.5, -2])]}, BY_HAND, "f64",
                 expected={"value": 0.0, "gradient": np.zeros(2)}),
        Question("latest-three-tasks", "twelve weights, one of them without information",
                 lambda: ewc_case(1, 3, 12, 40.0), DECIMALS),
        Question("online-three-tasks", "twelve weights, decay 0.8",
                 lambda: ewc_case(2, 3, 12, 40.0, decay=0.8), DECIMALS),
        Question("separate-four-tasks", "ten weights, one of them without information",
                 lambda: ewc_case(3, 4, 10, 40.0, "separate"), "all squares one by one in 50-digit decimals"),
    ])

# --- EWC's prox --------------------------------------------------------------------------------------------------


@hp.in_fifty_digits
def ewc_prox(w, step, lam, importance, anchor):
    """The zero of (u - w) / step + lam F (u - anchor)."""
    s = step * lam * importance
    return {"w": (w + s * anchor) / (1 + s)}


def mean_importance(w, step, lam, importance, anchor):
    """One strength for all."""
    return ewc_prox(w=w, step=step, lam=lam, importance=0 * importance + importance.mean(), anchor=anchor)


EWC_PROX = Recipe(
    name="ewc_prox",
    equation="argmin over u of norm(u - w)^2 / (2 step) + (lam / 2) sum(F (u - anchor)^2) = (w + s anchor) / (1 + s) "
             "with s = step lam F, weight by weight: a step of EWC after the gradient step",
    inputs={"w": "float64[*]", "step": "float64", "lam": "float64", "importance": "float64[*]",
            "anchor": "float64[*]"},
    outputs={"w": "float64[*]"},
    conventions=["F (importance) has one entry per weight", "F = 0 leaves a weight where it is; a large F puts it on "
                 "the anchor, never beyond"],
    oracle=ewc_prox,
    mistakes=[
        Mistake("half-missing", "The factor 1/2 of the penalty was left out, so lam acts twice.",
                lambda lam, **given: ewc_prox(lam=2 * lam, **given)),
        Mistake("gradient-for-prox", EXPLICIT, lambda w, step, lam, importance, anchor: {
            "w": w - step * lam * importance * (w - anchor)}),
        Mistake("anchor-ignored", "Weights were pulled to 0; they are pulled to the anchor.",
                lambda anchor, **given: ewc_prox(anchor=0 * anchor, **given)),
        Mistake("one-strength-for-all", "The mean Fisher information was used for every weight; each has its own.",
                mean_importance),
        Mistake("step-missing", "The strength was not multiplied by the step.",
                lambda step, **given: ewc_prox(step=1.0, **given)),
        Mistake("importance-normalised", "The Fisher information was divided by its largest entry; it is used as it "
                "is.", lambda importance, **given: ewc_prox(importance=importance / importance.max(), **given)),
        Mistake("clipped-gradient-step", "A gradient step of the pull was taken, cut off at the anchor; the prox is "
                "never there.", lambda w, step, lam, importance, anchor: {
                    "w": w + np.minimum(step * lam * importance, 1) * (anchor - w)}),
    ],
    questions=[
        Question("by-hand", "shares 0, 1/2 and 3/4 of the way to the anchor",
                 {"w": np.array([3.0, 4, -1]), "step": 0.25, "lam": 4.0, "importance": np.array([0.0, 1, 3]),
                  "anchor": np.array([1.0, 0, 3])}, BY_HAND, "f64", expected={"w": np.array([3.0, 2, 2])}),
        Question("stiff", "step lam F up to 1000, where a gradient step would leave for good",
                 {"w": np.array([1.0, -2, 0.5]), "step": 0.1, "lam": 100.0, "importance": np.array([100.0, 0.5, 0]),
                  "anchor": np.array([0.0, 1, 2])}, DECIMALS),
        Question("no-penalty", "lam 0 gives the numbers back",
                 {"w": np.array([0.1, -0.7]), "step": 0.3, "lam": 0.0, "importance": np.array([1.0, 2]),
                  "anchor": np.array([5.0, 0])}, BY_HAND, "f64", expected={"w": np.array([0.1, -0.7])}),
        Question("larger", "thirty drawn numbers",
                 lambda: {"w": normals(11, 30), "step": 0.02, "lam": 60.0,
                          "importance": np.round(normals(12, 30) ** 2, 6), "anchor": normals(13, 30)}, DECIMALS),
    ])

# --- a step of DNN-L2 --------------------------------------------------------------------------------------------


def l2_step(factor=2, biases_pulled=True, anchored=True, stepped=True, lam_of=lambda lam, l: lam[l]):
    """A proximal gradient step on a network whose body is pulled with strength factor * lam per layer."""
    @hp.in_fifty_digits
    def outputs(anchor_weights, anchor_biases, lam, step, **given):
        moved = gradient_step(step, **given)

        def pulled(arrays, anchors):
            shares = [factor * (step if stepped else 1) * lam_of(lam, l) for l in range(len(arrays))]
            return [(z + s * anchored * a) / (1 + s) for z, a, s in zip(arrays, anchors, shares, strict=True)]

        biases = pulled(moved["biases"], anchor_biases) if biases_pulled else moved["biases"]
        return {**moved, "weights": pulled(moved["weights"], anchor_weights), "biases": biases}

    return outputs


def gradient_step(step, weights, biases, head, head_bias, dweights, dbiases, dhead, dhead_bias) -> dict:
    """w - step dw for every array."""
    return {"weights": [w - step * g for w, g in zip(weights, dweights, strict=True)],
            "biases": [b - step * g for b, g in zip(biases, dbiases, strict=True)],
            "head": head - step * dhead, "head_bias": head_bias - step * dhead_bias}


def l2_explicit(anchor_weights, anchor_biases, lam, step, **given):
    """w - step (dw + 2 lam (w - anchor))."""
    def slope(name, anchors):
        return [g + 2 * lam[l] * (w - a) for l, (w, g, a) in
                enumerate(zip(given[name], given[f"d{name}"], anchors, strict=True))]

    return gradient_step(step, **{**given, "dweights": slope("weights", anchor_weights),
                                  "dbiases": slope("biases", anchor_biases)})


def pulled_first(step, weights, biases, **given):
    """The pull at the weights as they are, then the gradient step."""
    slopes = {name: given[name] for name in ("head", "head_bias", "dweights", "dbiases", "dhead", "dhead_bias")}
    still = {name: [0 * g for g in value] if isinstance(value, list) else 0 * value if name[0] == "d" else value
             for name, value in slopes.items()}
    rest = {name: value for name, value in given.items() if name not in slopes}
    pulled = l2_step()(step=step, weights=weights, biases=biases, **still, **rest)
    return gradient_step(step, **slopes | {name: pulled[name] for name in ("weights", "biases")})


def head_pulled(lam, step, **given):
    """The head shrinks to 0 with the last layer's strength."""
    right = l2_step()(lam=lam, step=step, **given)
    share = 1 + 2 * step * lam[-1]
    return {"head": right["head"] / share, "head_bias": right["head_bias"] / share}


def l2_case(seed, *widths, n_outputs, lam, step=0.05) -> dict:
    """A network, its gradient, and anchors near its body."""
    drawn, slopes = network(seed, *widths, n_outputs=n_outputs), network(seed + 100, *widths, n_outputs=n_outputs)
    near = {f"anchor_{name}": [(w + normals(seed + 60 + l, *w.shape, scale=0.5)).round(6)
                               for l, w in enumerate(drawn[name])] for name in ("weights", "biases")}
    return {**drawn, **{f"d{name}": value for name, value in slopes.items()}, **near, "lam": np.array(lam),
            "step": step}


L2_BY_HAND = {"weights": [array([3, 1])], "biases": [np.array([1.0, 0])], "head": array([2], [-1]),
              "head_bias": np.array([0.5]), "dweights": [array([2, -2])], "dbiases": [np.array([0.0, 4])],
              "dhead": array([2], [0]), "dhead_bias": np.array([-2.0]), "anchor_weights": [array([0, 1])],
              "anchor_biases": [np.array([3.0, -1])], "step": 0.5}

L2_STEP = Recipe(
    name="l2_transfer_step",
    equation="one proximal gradient step on L + sum over l of lam_l norm((W_l, b_l) - (W_l, b_l)^{t-1})^2 (DNN-L2): "
             "z = w - step dL/dw, then w = (z + 2 step lam_l anchor) / (1 + 2 step lam_l) in layer l of the body, w = "
             "z in the head",
    inputs={**NETWORK, **GRADIENT, "anchor_weights/*": "float64[*,*]", "anchor_biases/*": "float64[*]",
            "lam": "float64[*]", "step": "float64"},
    outputs=dict(NETWORK),
    conventions=["the pull has no half: the strength of the square is 2 lam", "biases of the body are pulled too",
                 "heads are not pulled: every task has its own", "anchors are W^{t-1}, where the last task left off",
                 "dweights, ... are the gradients of L at the weights handed over"],
    oracle=l2_step(),
    mistakes=[
        Mistake("half-factor", "The pull was halved: lam norm^2 has no factor 1/2. (Frameworks' weight decay has one.)",
                l2_step(factor=1)),
        Mistake("gradient-for-prox", EXPLICIT, l2_explicit),
        Mistake("biases-not-anchored", "The biases of the body were left free; they are pulled like its weights.",
                l2_step(biases_pulled=False)),
        Mistake("head-pulled", "The head was pulled to 0, too; a new task's head has no anchor and is free.",
                head_pulled),
        Mistake("anchor-ignored", "Weights were pulled to 0: that is weight decay. They are pulled to W^{t-1}.",
                l2_step(anchored=False)),
        Mistake("step-missing", "The strength was not multiplied by the step.", l2_step(stepped=False)),
        Mistake("one-lam-for-all", "The first layer's lam was used for every layer; lam has one entry per layer.",
                l2_step(lam_of=lambda lam, l: lam[0])),
        Mistake("prox-before-gradient", "The pull came first and the gradient step second; it is the other order.",
                pulled_first),
        Mistake("lam-of-the-layer-below", "lam is shifted by a layer: each layer has its own.",
                l2_step(lam_of=lambda lam, l: lam[max(l - 1, 0)])),
        Mistake("biases-decayed", "Biases were pulled to 0 (weight decay); they are pulled to W^{t-1} as weights are.",
                lambda anchor_biases, **given: l2_step()(anchor_biases=[0 * a for a in anchor_biases], **given)),
    ],
    questions=[
        Question("by-hand", "2 step lam = 1: half way to the anchor", {**L2_BY_HAND, "lam": np.array([1.0])},
                 "by hand: z = (2, 2), (1, -2), (1, -1), 1.5", "f64",
                 expected={"weights": [array([1, 1.5])], "biases": [np.array([2.0, -1.5])], "head": array([1], [-1]),
                           "head_bias": np.array([1.5])}),
        Question("no-pull", "lam 0 is a plain gradient step", {**L2_BY_HAND, "lam": np.array([0.0])}, BY_HAND, "f64",
                 expected={"weights": [array([2, 2])], "biases": [np.array([1.0, -2])], "head": array([1], [-1]),
                           "head_bias": np.array([1.5])}),
        Question("two-layers", "two hidden layers with strengths of their own",
                 lambda: l2_case(1, 4, 5, 3, n_outputs=2, lam=[0.4, 3.0]), DECIMALS),
        Question("three-layers", "three hidden layers, a large pull on the lowest",
                 lambda: l2_case(2, 3, 4, 4, 3, n_outputs=1, lam=[50.0, 0.0, 1.5]), DECIMALS),
    ])

RECIPES = [EWC_PENALTY, EWC_PROX, L2_STEP]
