"""unit_drift: how far every older unit has moved in this stage."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from den_ref.golden.values import DIFFERS
from tests.oracles import high_precision as hp
from tests.oracles.recipe import Mistake, Question, Recipe
from tests.oracles.small_networks import BODY, LIFETIMES, NEVER, drawn, drawn_network, floats, ints, visible


def members(weights, introduced, retired, stage) -> list:
    """Per layer, the input features first: which units are older than the stage and visible to it?"""
    older = [(born < stage) & visible(born, gone, stage) for born, gone in zip(introduced, retired)]
    return [np.arange(len(weights[0])), *map(np.flatnonzero, older)]


@hp.in_fifty_digits
def oracle(weights, biases, previous_weights, previous_biases, introduced, retired, stage, drift):
    """The root of the sum of squares, entry by entry."""
    older = members(weights, introduced, retired, stage)
    rho = [np.empty(len(units), object) for units in older[1:]]
    for l, units in enumerate(older[1:]):
        for n, j in enumerate(units):
            now = [biases[l][j], *(weights[l][i, j] for i in older[l])]
            then = [previous_biases[l][j], *(previous_weights[l][i, j] for i in older[l])]
            rho[l][n] = ratio(hp.norm(np.subtract(now, then)), hp.norm(np.array(then))) if drift == "relative" \
                else hp.norm(np.subtract(now, then))
    return {"older": older[1:], "rho": rho}


def ratio(change: Decimal, size: Decimal) -> Decimal:
    """change / size with 0/0 = 0 and x/0 = inf."""
    if size == 0:
        return Decimal("inf") if change > 0 else Decimal(0)
    return change / size


# --- mistakes -------------------------------------------------------------------------------------------------


def variant(weights, biases, previous_weights, previous_biases, introduced, retired, stage, drift, *,
            bias=True, rows="older", norm=lambda v: np.sqrt((v**2).sum(axis=0)), divide_by="then",
            size_without_bias=False):
    """Drift with one choice made differently; ``rows`` is what counts as incoming."""
    older = members(weights, introduced, retired, stage)
    results = []
    for l, units in enumerate(older[1:]):
        then = np.zeros((len(weights[l]) + 1, weights[l].shape[1]))
        then[:len(previous_weights[l]), :previous_weights[l].shape[1]] = previous_weights[l]
        then[-1, :len(previous_biases[l])] = previous_biases[l]
        now = np.vstack([weights[l], biases[l]])
        kept = {"older": older[l], "all": np.arange(len(weights[l]))}[rows]
        kept = [*kept, len(weights[l])] if bias else kept
        now, then = now[np.ix_(kept, units)], then[np.ix_(kept, units)]
        with np.errstate(all="ignore"):
            size = norm({"then": then, "now": now}[divide_by][:-1 if size_without_bias else None])
            results.append(np.nan_to_num(norm(now - then) / size, nan=0, posinf=np.inf) if drift == "relative"
                           else norm(now - then))
    return {"rho": results}


def outgoing(weights, biases, previous_weights, introduced, retired, stage, drift, **rest):
    """Rows instead of columns; the top layer, whose heads are not here, does not move."""
    older = members(weights, introduced, retired, stage)
    results = []
    for l, units in enumerate(older[1:]):
        if l + 1 == len(weights):
            results.append(np.zeros(len(units)))
            continue
        block = np.ix_(units, older[l + 2])
        now, then = weights[l + 1][block], previous_weights[l + 1][block]
        with np.errstate(all="ignore"):
            change, size = (np.sqrt((v**2).sum(axis=1)) for v in (now - then, then))
            results.append(np.nan_to_num(change / size, nan=0, posinf=np.inf) if drift == "relative" else change)
    return {"rho": results}


def aliased(weights, introduced, retired, stage, **rest):
    """Nothing has moved."""
    return {"rho": [np.zeros(len(units)) for units in members(weights, introduced, retired, stage)[1:]]}


def with_variant(**options):
    """The outputs of :func:`variant` with these options."""
    return lambda **inputs: variant(**inputs, **options)


def the_other_drift(drift, **rest):
    """relative for absolute, and the reverse."""
    return variant(drift="relative" if drift == "absolute" else "absolute", **rest)


def retired_inclusive(retired, **inputs):
    """introduced < t <= retired."""
    return oracle(retired=[np.minimum(gone + 1, NEVER) for gone in retired], **inputs)


def new_measured(weights, biases, previous_weights, previous_biases, introduced, **inputs):
    """Units of this stage too, as if they had been 0."""
    return oracle(weights=weights, biases=biases, previous_weights=[grown(a, w) for a,
                                                                    w in zip(previous_weights, weights)],
                  previous_biases=[grown(a, b) for a, b in zip(previous_biases, biases)],
                  introduced=[np.minimum(born, inputs["stage"] - 1) for born in introduced], **inputs)


def grown(small, like) -> np.ndarray:
    """The small array in the corner of zeros."""
    wide = np.zeros_like(like)
    wide[tuple(map(slice, small.shape))] = small
    return wide


def retired_measured(weights, introduced, **inputs):
    """All units introduced before the stage, retired or not."""
    return oracle(weights=weights, introduced=introduced, **inputs | {
        "retired": [np.full(len(born), NEVER) for born in introduced]})


def retired_sources(**inputs):
    """Rows of units that had retired count, in the drift of those that are measured."""
    wide = retired_measured(**inputs)
    measured = members(*(inputs[name] for name in ("weights", "introduced", "retired", "stage")))[1:]
    return {"rho": [rho[np.isin(units, some)] for rho, units, some in zip(wide["rho"], wide["older"], measured)]}


def never_infinite(**inputs):
    """A small number in the denominator: large where it should be inf."""
    return {f"rho/{l}": DIFFERS for l, rho in enumerate(oracle(**inputs)["rho"]) if np.isinf(rho.astype(float)).any()}


MISTAKES = [
    Mistake("outgoing-weights", "Drift was measured over outgoing weights (rows). A unit is what it hears: take its "
            "incoming weights (its column) and its bias.", outgoing),
    Mistake("aliased-copy", "Every drift is 0: the weights of the stage before are the same arrays as those of now. "
            "A shallow copy (dict.copy, a list of the same arrays) followed by a write in place does this. Seen in the "
            "authors' released code.", aliased),
    Mistake("bias-left-out", "The bias was left out. Drift is over the bias and the incoming weights. Seen in the "
            "authors' released code.", with_variant(bias=False)),
    Mistake("new-units-counted", "Incoming weights from units that did not exist at t-1, or that this stage does not "
            "see, were counted. Rows are input features and units introduced before t and visible to t.",
            with_variant(rows="all")),
    Mistake("squared-norm", "The drift is the sum of squares; it is its root, the Euclidean norm.",
            with_variant(norm=lambda v: (v**2).sum(axis=0))),
    Mistake("l1-norm", "The drift is the sum of absolute values; it is the Euclidean norm.",
            with_variant(norm=lambda v: np.abs(v).sum(axis=0))),
    Mistake("root-mean-square", "The mean of squares was taken before the root; it is their sum.",
            with_variant(norm=lambda v: np.sqrt((v**2).sum(axis=0) / max(len(v), 1)))),
    Mistake("bias-left-out-of-size", "The relative drift was divided by the norm of the incoming weights alone; the "
            "bias of W^{t-1} belongs to it, as it does to the change.", with_variant(size_without_bias=True)),
    Mistake("retired-inclusive", "A unit was measured, or counted as a source, in the stage at which it retires. The "
            "lifetime [introduced, retired) does not contain its end.", retired_inclusive),
    Mistake("new-units-measured", "Units that this stage introduced were measured. They have no W^{t-1}: only units "
            "with introduced < t count.", new_measured),
    Mistake("divided-by-now", "The relative drift was divided by the norm of the weights as they are now; it is "
            "divided by that of W^{t-1}.", with_variant(divide_by="now")),
    Mistake("absolute-for-relative", "The absolute drift was given where the relative one was asked for, or the "
            "reverse: look at the input drift.", the_other_drift),
    Mistake("retired-measured", "Units that this stage does not see were measured. Retired units do not move and are "
            "not split: only units introduced before t and visible to t count.", retired_measured),
    Mistake("retired-sources-counted", "Incoming weights from units that had retired were counted. Rows are input "
            "features and units introduced before t and visible to t.", retired_sources),
    Mistake("never-infinite", "A small number was added to the norm that is divided by, so that x/0 came out large; "
            "it is infinite.", never_infinite),
]

# --- cases -------------------------------------------------------------------------------------------------------


def moved(weights, biases, previous_weights, previous_biases, stage=2, drift="absolute", introduced=None,
          retired=None) -> dict:
    """Inputs; without lifetimes all units came at stage 1 and never retire."""
    return {
        "weights": floats(*weights), "biases": floats(*biases), "previous_weights": floats(*previous_weights),
        "previous_biases": floats(*previous_biases),
        "introduced": ints(*(introduced or [[1] * len(b) for b in biases])),
        "retired": ints(*(retired or [[NEVER] * len(b) for b in biases])), "stage": stage, "drift": drift}


def drawn_case(seed, n_inputs, widths, stage, drift, new=2) -> dict:
    """A drawn network at the end of a stage, and before it, when what the stage sees was elsewhere."""
    net, rng = drawn_network(seed, n_inputs, widths, stage, new=new, density=0.8), np.random.default_rng(seed + 1)
    older = members(net["weights"], net["introduced"], net["retired"], stage)
    then_w, then_b, sizes = [], [], [n_inputs, *widths]
    for l, (w, b) in enumerate(zip(net["weights"], net["biases"])):
        w, b, block = w.copy(), b.copy(), np.ix_(older[l], older[l + 1])
        w[block] += drawn(rng, w[block].shape, 0.7)
        b[older[l + 1]] += drawn(rng, len(older[l + 1]))
        then_w.append(w[:sizes[l], :sizes[l + 1]])
        then_b.append(b[:sizes[l + 1]])
    return {"weights": net["weights"], "biases": net["biases"], "previous_weights": then_w, "previous_biases": then_b,
            "introduced": net["introduced"], "retired": net["retired"], "stage": stage, "drift": drift}


CLASSES = {"older": "exact", "rho": "f64"}
HAND, DECIMAL = "by hand: right-angled triangles", "the root of the sum of squares, in 50-digit decimals"
QUESTIONS = [
    Question("one-layer", "weights move by (3, 0) and (0, 0), biases by 4 and 0",
             moved([[[4, 1], [5, 1]]], [[4, 1]], [[[1, 1], [5, 1]]], [[0, 1]]), HAND, CLASSES,
             expected={"older": ints([0, 1]), "rho": floats([5, 0])}),
    Question("two-layers", "the lower unit moves by (3, 4; 0), the upper by (5; 12)",
             moved([[[3], [4]], [[5]]], [[1], [12]], [[[0], [0]], [[0]]], [[1], [0]]), HAND, CLASSES,
             expected={"older": ints([0], [0]), "rho": floats([5], [13])}),
    Question("nothing-moved", "the network of the stage before",
             moved([[[1, 2]], [[3], [4]]], [[1, 2], [3]], [[[1, 2]], [[3], [4]]], [[1, 2], [3]]), "by hand", CLASSES,
             expected={"older": ints([0, 1], [0]), "rho": floats([0, 0], [0])}),
    Question("new-units",
             "unit 1 of each layer came with this stage: it is not measured, and what it sends does not count",
             moved([[[3, 9]], [[6, 9], [9, 9]]], [[4, 9], [8, 9]], [[[0]], [[0]]], [[0], [0]], 2, "absolute",
                   [[1, 2], [1, 2]]), HAND, CLASSES, expected={"older": ints([0], [0]), "rho": floats([5], [10])}),
    Question("retired-units", "unit 0 below retired at stage 2: it is not measured, and its edge does not count",
             moved([[[3, 3]], [[6], [6]]], [[4, 4], [8]], [[[3, 0]], [[6], [0]]], [[4, 0], [0]], 3, "relative",
                   [[1, 2], [1]], [[2, NEVER], [NEVER]]), "by hand: 5/0 and 10/0 are infinite", CLASSES,
             expected={"older": ints([1], [0]), "rho": floats([np.inf], [np.inf])}),
    Question("relative", "a change of 5 on a unit of norm 10, of 0 on one of norm 0, of 1 on one of norm 0",
             moved([[[9, 0, 1]]], [[12, 0, 0]], [[[6, 0, 0]]], [[8, 0, 0]], 2, "relative"),
             "by hand: 5/10, 0/0 = 0, 1/0 = inf", CLASSES,
             expected={"older": ints([0, 1, 2]), "rho": floats([0.5, 0, np.inf])}),
    Question("relative-with-retired-source", "the edge from a retired unit belongs to neither norm",
             moved([[[1, 1]], [[7], [6]]], [[0, 0], [8]], [[[1, 1]], [[7], [3]]], [[0, 0], [4]], 3, "relative",
                   [[1, 2], [1]], [[2, NEVER], [NEVER]]), "by hand: norm(3, 4) / norm(3, 4)", CLASSES,
             expected={"older": ints([1], [0]), "rho": floats([0], [1])}),
    Question("retires-now", "unit 0 below retires at this very stage, unit 1 before: neither is measured, nor their "
             "edges",
             moved([[[3, 5, 3]], [[6], [5], [6]]], [[4, 5, 4], [8]], [[[0, 5, 0]], [[0], [5], [0]]], [[0, 5, 0], [0]],
                   3,
                   "absolute", [[1, 1, 2], [1]], [[3, 2, NEVER], [NEVER]]), HAND, CLASSES,
             expected={"older": ints([2], [0]), "rho": floats([5], [10])}),
    Question("came-a-stage-ago", "a unit of the stage before is older, one of this stage is not",
             moved([[[3, 9]], [[6, 6], [9, 9]]], [[4, 9], [8, 9]], [[[0]], [[0]]], [[0], [0]], 3, "absolute",
                   [[2, 3], [2, 3]]), HAND, CLASSES, expected={"older": ints([0], [0]), "rho": floats([5], [10])}),
    Question("no-older-unit", "everything the stage sees is new: nothing to measure",
             moved([[[1, 2]]], [[1, 2]], [[[1, 0]]], [[1, 0]], 3, "absolute", [[1, 3]], [[2, NEVER]]), "by hand",
             CLASSES,
             expected={"older": ints([]), "rho": floats([])}),
    Question("large", "three layers at stage 4, new and retired units in each",
             lambda: drawn_case(61, 6, [9, 8, 7], 4, "absolute"), DECIMAL, CLASSES),
    Question("large-relative", "the same, relative", lambda: drawn_case(63, 6, [9, 8, 7], 4, "relative"), DECIMAL,
             CLASSES),
]

RECIPE = Recipe(
    name="unit_drift",
    equation="Algorithm 4: rho_i = norm(w_i^t - w_i^{t-1}) over the bias and the incoming weights of unit i from input "
             "features and from units introduced before t and visible to t. drift = \"relative\": divided by the norm "
             "of the same entries of W^{t-1}.",
    inputs=BODY | {"previous_weights/*": "float64[*,*]", "previous_biases/*": "float64[*]"} | LIFETIMES
    | {"stage": "int64", "drift": "string"},
    outputs={"older/*": "int64[*]", "rho/*": "float64[*]"},
    conventions=["measured are the units introduced before stage and visible to it: older, their indices, "
                 "ascending (in objective_eq5, older are counts); rho has one number for each of them",
                 "previous_... are W^{t-1}: its units are the first ones of each layer",
                 "drift is \"absolute\" or \"relative\"; 0/0 = 0 and x/0 = inf", "Euclidean norm, not squared"],
    oracle=oracle, mistakes=MISTAKES, questions=QUESTIONS)
