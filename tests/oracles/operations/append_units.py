"""append_units: room for the new units of Algorithm 3."""

from __future__ import annotations

import numpy as np

from den_ref.golden.values import DIFFERS
from tests.oracles.recipe import Mistake, Question, Recipe
from tests.oracles.small_networks import NETWORK, NEVER, drawn_network, floats, ints


def enlarged(matrix, n_rows, n_columns) -> np.ndarray:
    """The matrix in the upper left corner of zeros."""
    large = np.zeros((n_rows, n_columns))
    for i, j in np.ndindex(matrix.shape):
        large[i, j] = matrix[i, j]
    return large


def oracle(weights, biases, introduced, retired, heads, head_biases, head_stages, counts, stage):
    """Every array is written anew: old entries where they were, 0 elsewhere."""
    sizes = [len(weights[0]), *(len(b) + int(k) for b, k in zip(biases, counts))]
    return {
        "weights": [enlarged(w, *shape) for w, *shape in zip(weights, sizes, sizes[1:])],
        "biases": [enlarged(b[None], 1, n)[0] for b, n in zip(biases, sizes[1:])],
        "introduced": [np.array([*born, *[stage] * int(k)], np.int64) for born, k in zip(introduced, counts)],
        "retired": [np.array([*gone, *[NEVER] * int(k)], np.int64) for gone, k in zip(retired, counts)],
        "heads": [enlarged(head, sizes[-1], head.shape[1]) for head in heads],
        "head_biases": head_biases, "head_stages": head_stages,
    }


# --- mistakes ----------------------------------------------------------------------------------------------------


def new_units_first(counts, **rest):
    """All arrays rolled, so that the new units stand before the old ones."""
    right = oracle(counts=counts, **rest)
    turns = [0, *map(int, counts)]
    return right | {
        "weights": [np.roll(w, shift, (0, 1)) for w, *shift in zip(right["weights"], turns, turns[1:])],
        "heads": [np.roll(head, turns[-1], 0) for head in right["heads"]],
    } | {name: [np.roll(a, shift) for a, shift in zip(right[name], turns[1:])]
         for name in ("biases", "introduced", "retired")}


def stages_from_0(stage, counts, introduced, **rest):
    """New units of stage t - 1."""
    return {"introduced": [np.array([*born, *[stage - 1] * int(k)], np.int64) for born, k in zip(introduced, counts)]}


def old_heads_not_grown(heads, **rest):
    """Heads as they were."""
    return {"heads": heads}


def random_outgoing(weights, counts, **rest):
    """Edges from new units, into older ones or into each other, are not 0."""
    width = [w.shape[1] + k for w, k in zip(weights, counts)]
    return {f"weights/{l}": DIFFERS for l in range(1, len(weights)) if counts[l - 1] and width[l]}


def random_head_rows(counts, heads, **rest):
    """Heads whose new rows are not 0."""
    return {f"heads/{i}": DIFFERS for i in range(len(heads)) if counts[-1]}


def same_count_everywhere(counts, **rest):
    """The first layer's count for all."""
    return oracle(counts=[counts[0]] * len(counts), **rest)


def heads_counted(counts, introduced, heads, **rest):
    """The stage is taken for the number of heads and one."""
    return {"introduced": [np.array([*born, *[len(heads) + 1] * int(k)], np.int64)
                           for born, k in zip(introduced, counts)]}


def newest_head_grown(heads, counts, **rest):
    """The others are as they were."""
    return {"heads": [*heads[:-1], enlarged(heads[-1], len(heads[-1]) + int(counts[-1]), heads[-1].shape[1])]}


def rows_in_front(counts, **rest):
    """Rows rolled, columns not."""
    return {"weights": [np.roll(w, k, axis=0) for w, k in zip(oracle(counts=counts, **rest)["weights"],
                                                              [0, *map(int, counts)])]}


MISTAKES = [
    Mistake("new-units-first", "The new units were put before the old ones. They are appended at the end of each "
            "layer, so that W^{t-1} keeps its indices.", new_units_first),
    Mistake("stages-from-0", "The new units carry stage t - 1: stages were counted from 0. They count from 1.",
            stages_from_0),
    Mistake("heads-not-grown", "The heads kept their number of rows. Every head gets one row per new unit of the top "
            "layer, and these rows are 0.", old_heads_not_grown),
    Mistake("random-outgoing", "Weights of the new units are not 0 yet. Appending only makes room, and an edge from a "
            "new unit into an older one even starts Eq. 5 at 0.", random_outgoing),
    Mistake("random-head-rows", "The new rows of a head are not 0: an old task would hear new units. Seen in the "
            "authors' released code.", random_head_rows),
    Mistake("heads-counted", "The new units carry the number of heads and one as their stage. The stage is given: "
            "stages of heads may skip numbers, and the head of t may be there already.", heads_counted),
    Mistake("newest-head-grown", "Only the newest head got rows for the new units. Every head has one row per unit of "
            "the top layer.", newest_head_grown),
    Mistake("same-count-everywhere", "Every layer got as many new units as the first. counts has one number per hidden "
            "layer.", same_count_everywhere),
    Mistake("never-is-minus-1", "Never retired was stored as -1; it is 2147483647, so that t < retired holds for ever.",
            lambda retired, counts, **rest: {"retired": [
                np.array([*gone, *[-1] * int(k)], np.int64) for gone, k in zip(retired, counts)]}),
    Mistake("columns-alone", "Only columns were appended: the next matrix lacks the rows of the new units.",
            lambda weights, counts, **rest: {"weights": [
                enlarged(w, len(w), w.shape[1] + int(k)) for w, k in zip(weights, counts)]}),
    Mistake("counts-reversed", "counts was read from the top layer down, in reversed order; the first number is the "
            "lowest layer's.", lambda counts, **rest: oracle(counts=counts[::-1], **rest)),
    Mistake("one-stage-late", "The new units carry stage t + 1: they are introduced at t.",
            lambda stage, **rest: {"introduced": oracle(stage=stage + 1, **rest)["introduced"]}),
    Mistake("rows-in-front", "The new units' rows of zeros were put before the rows of the old units, their columns "
            "behind: rows and columns of one unit no longer have one index.", rows_in_front),
]

# --- cases -------------------------------------------------------------------------------------------------------

SMALL = {
    "weights": floats([[1, 2], [3, 4]], [[5], [6]]), "biases": floats([0.5, -0.5], [1.5]),
    "introduced": ints([1, 1], [1]), "retired": ints([NEVER, 2], [NEVER]),
    "heads": floats([[2, 7]], [[1, 0]]), "head_biases": floats([0.25, 0], [1, 2]), "head_stages": np.array([1, 2]),
}


def appended(counts, stage=2, network=SMALL) -> dict:
    """Inputs for these counts."""
    return network | {"counts": np.array(counts, np.int64), "stage": stage}


def drawn_case(seed, counts, n_inputs, widths, stage, **options) -> dict:
    """Inputs for a drawn network."""
    return appended(counts, stage, drawn_network(seed, n_inputs, widths, stage, **options))


HAND, RULE = "by hand", "every array written anew, entry by entry"
QUESTIONS = [
    Question("one-each", "one new unit in each of two layers", appended([1, 1]), HAND, "exact", expected=SMALL | {
        "weights": floats([[1, 2, 0], [3, 4, 0]], [[5, 0], [6, 0], [0, 0]]), "biases": floats([0.5, -0.5, 0], [1.5, 0]),
        "introduced": ints([1, 1, 2], [1, 2]), "retired": ints([NEVER, 2, NEVER], [NEVER, NEVER]),
        "heads": floats([[2, 7], [0, 0]], [[1, 0], [0, 0]])}),
    Question("top-only", "no new unit below, two in the top layer", appended([0, 2]), HAND, "exact", expected=SMALL | {
        "weights": floats([[1, 2], [3, 4]], [[5, 0, 0], [6, 0, 0]]), "biases": floats([0.5, -0.5], [1.5, 0, 0]),
        "introduced": ints([1, 1], [1, 2, 2]), "retired": ints([NEVER, 2], [NEVER] * 3),
        "heads": floats([[2, 7], [0, 0], [0, 0]], [[1, 0], [0, 0], [0, 0]])}),
    Question("none", "k = 0: nothing changes", appended([0, 0]), HAND, "exact", expected=SMALL),
    Question("empty-layer", "a layer of width 0 gets its first unit", appended([1], 3, SMALL | {
        "weights": [np.zeros((2, 0))], "biases": [np.zeros(0)], "introduced": ints([]), "retired": ints([]),
        "heads": [np.zeros((0, 1))], "head_biases": floats([3]), "head_stages": np.array([1])}),
             HAND, "exact", expected={
                 "weights": [np.zeros((2, 1))], "biases": floats([0]), "introduced": ints([3]),
                 "retired": ints([NEVER]),
                 "heads": [np.zeros((1, 1))], "head_biases": floats([3]), "head_stages": np.array([1])}),
    Question("stages-skip", "heads of stages 1 and 3, stage 5: units that retire now, that came now, and new ones",
             appended([1, 2], 5, SMALL | {"introduced": ints([1, 5], [1]), "retired": ints([5, NEVER], [NEVER]),
                                          "head_stages": np.array([1, 3])}), HAND, "exact", expected=SMALL | {
                 "weights": floats([[1, 2, 0], [3, 4, 0]], [[5, 0, 0], [6, 0, 0], [0, 0, 0]]),
                 "biases": floats([0.5, -0.5, 0], [1.5, 0, 0]), "introduced": ints([1, 5, 5], [1, 5, 5]),
                 "retired": ints([5, NEVER, NEVER], [NEVER] * 3), "head_stages": np.array([1, 3]),
                 "heads": floats([[2, 7], [0, 0], [0, 0]], [[1, 0], [0, 0], [0, 0]])}),
    Question("lower-only", "two new units below, none in the top layer: the heads do not grow", appended([2, 0]), HAND,
             "exact", expected=SMALL | {
                 "weights": floats([[1, 2, 0, 0], [3, 4, 0, 0]], [[5], [6], [0], [0]]),
                 "biases": floats([0.5, -0.5, 0, 0], [1.5]), "introduced": ints([1, 1, 2, 2], [1]),
                 "retired": ints([NEVER, 2, NEVER, NEVER], [NEVER])}),
    Question("large", "three layers, a different number of new units in each, five heads",
             lambda: drawn_case(31, [3, 1, 4], 6, [8, 7, 6], 5, outputs=2), RULE, "exact"),
]

RECIPE = Recipe(
    name="append_units",
    equation="Algorithm 3, first line: k units are appended to every hidden layer, with all weights and biases 0, "
             "lifetime [t, never).",
    inputs=NETWORK | {"counts": "int64[*]", "stage": "int64"}, outputs=NETWORK,
    conventions=["new units stand behind the old ones", "every head gets a row of zeros per new unit of the top layer",
                 "stages count from 1; never retired is 2147483647", "counts has one number per hidden layer"],
    oracle=oracle, mistakes=MISTAKES, questions=QUESTIONS)
