"""Other formulas under the same words: variants of the metrics in use, each under the name of its source."""

from __future__ import annotations

from fractions import Fraction
from math import isnan, nan

import numpy as np

from tests.oracles.draws import array
from tests.oracles.recipe import Mistake, Question, Recipe

from .metrics import best, difference, drawn_matrix, mean


def backward_diaz(R, read=range):
    """The mean of R[i, j] - R[j, j] over the T (T - 1) / 2 pairs i > j; ``read(i)`` says which j are summed over."""
    n = len(R)
    gains = [difference(R[i, j], R[j, j]) for i in range(1, n) for j in read(i)]
    return mean(gains) if read is range or not gains else mean(gains) * len(gains) * 2 / (n * (n - 1))


def clipped(transfer) -> dict:
    """What Diaz-Rodriguez et al. make of their backward transfer."""
    if isnan(transfer):
        return dict.fromkeys(("backward_transfer_diaz", "remembering_diaz", "positive_backward_transfer_diaz"), nan)
    return {"backward_transfer_diaz": transfer, "remembering_diaz": 1 - abs(min(transfer, 0.0)),
            "positive_backward_transfer_diaz": max(transfer, 0.0)}


def variants(R, untrained, joint, sizes):
    """The formulas, entry by entry."""
    n = len(R)
    last, earlier, later = n - 1, range(n - 1), range(1, n)
    gains = [difference(R[last, j], R[j, j]) for j in earlier]
    return {
        "learning_performance": mean(R[j, j] for j in range(n)),
        "intransigence": mean(difference(joint[k], R[k, k]) for k in range(n)),
        "forward_transfer_lopez_paz": mean(difference(R[i - 1, i], untrained[i]) for i in later),
        "backward_transfer_gem_code": mean([*gains, 0.0]) if gains else nan,
        "forgetting_with_last": mean(difference(best(R[j:, j]), R[last, j]) for j in earlier),
        "forgetting_from_first": mean(difference(R[j, j], R[last, j]) for j in earlier),
        "accuracy_diaz": mean(R[i, j] for i in range(n) for j in range(i + 1)),
        **clipped(backward_diaz(R)),
        "forward_transfer_diaz": mean(R[i, j] for i in range(n) for j in range(i + 1, n)),
        "model_size_efficiency": min(1.0, mean(first_share(sizes))),
    }


def first_share(sizes) -> list:
    """sizes[1] / sizes[i]."""
    return [Fraction(float(sizes[0])) / Fraction(float(size)) for size in sizes]


# --- mistakes ----------------------------------------------------------------------------------------------------


def zero_for_one_task(**inputs):
    """0 instead of NaN."""
    right = variants(**inputs)
    return {name: 0.0 for name, value in right.items() if isnan(value)} if len(inputs["R"]) == 1 else {}


def not_clipped(**inputs):
    """1 - abs(BWT) and BWT itself."""
    transfer = variants(**inputs)["backward_transfer_diaz"]
    return {"remembering_diaz": 1 - abs(transfer), "positive_backward_transfer_diaz": transfer}


def without_last(R, **others):
    """The maximum over j <= i < T."""
    last = len(R) - 1
    return {"forgetting_with_last": mean(difference(best(R[j:last, j]), R[last, j]) for j in range(last))}


def last_row_alone(R, **others):
    """Lopez-Paz and Ranzato's backward transfer under Diaz-Rodriguez et al.'s name."""
    return clipped(mean(difference(R[-1, j], R[j, j]) for j in range(len(R) - 1)))


def ahead(of):
    """Another Lopez-Paz forward transfer: the mean over i > 1 of of(R, untrained, i)."""
    return lambda R, untrained, **others: {
        "forward_transfer_lopez_paz": mean(of(R, untrained, i) for i in range(1, len(R)))}


def triangle(name, offset):
    """Another part of R is averaged: the entries with ``offset`` or more columns left or right of the diagonal."""
    def entries(R, i):
        return R[i, :max(i + 1 - offset, 0)] if name == "accuracy_diaz" else R[i, i + offset:]

    return lambda R, **others: {name: mean(value for i in range(len(R)) for value in entries(R, i))}


def full_matrix(seed: int, n: int) -> np.ndarray:
    """Everything was measured."""
    return np.random.default_rng(seed).integers(32, 64, size=(n, n)) / 64


def drawn(seed: int, n: int, R) -> dict:
    """A matrix with baselines and sizes."""
    rng = np.random.default_rng(seed)
    return {"R": R, "untrained": rng.integers(16, 40, n) / 64, "joint": rng.integers(40, 64, n) / 64,
            "sizes": np.cumsum(rng.integers(20, 60, n)).astype(float)}


EXPECTED_NAN = dict.fromkeys(("forward_transfer_lopez_paz", "backward_transfer_gem_code", "forgetting_with_last",
                              "forgetting_from_first", "backward_transfer_diaz", "remembering_diaz",
                              "positive_backward_transfer_diaz", "forward_transfer_diaz"), nan)

MISTAKES = [
    Mistake("gem-code-as-printed", "The sum was divided by T - 1, as the paper of GEM has it; its code divides by "
            "T, and that is the variant asked for.", lambda R, **others: {
                "backward_transfer_gem_code": mean(difference(R[-1, j], R[j, j]) for j in range(len(R) - 1))}),
    Mistake("diaz-over-all-columns", "Backward transfer was summed over all columns j; it looks at tasks learnt "
            "before stage i only, j < i. (Seen in public code.)",
            lambda R, **others: clipped(backward_diaz(R, read=lambda i: range(len(R))))),
    Mistake("diaz-last-row-alone", "Only the last row was read: that is Lopez-Paz and Ranzato's backward transfer. "
            "Diaz-Rodriguez et al. average over all stages.", last_row_alone),
    Mistake("not-clipped", "REM and BWT+ were computed from BWT as it is; REM counts only a negative BWT, and BWT+ "
            "only a positive one.", not_clipped),
    Mistake("maximum-without-last-stage", "The last stage was left out of the maximum: that is Chaudhry et al.'s "
            "forgetting, which may be negative. This variant includes it.", without_last),
    Mistake("baseline-not-subtracted", "Forward transfer lacks its baseline: the score of an untrained network "
            "is subtracted.", ahead(lambda R, b, i: R[i - 1, i])),
    Mistake("forward-transfer-after-learning", "R[i, i] was taken; forward transfer looks at a task before it is "
            "learnt, R[i-1, i].", ahead(lambda R, b, i: difference(R[i, i], b[i]))),
    Mistake("diagonal-in-forward-transfer", "The diagonal was averaged with the entries above it; forward transfer "
            "reads tasks not learnt yet, i < j.", triangle("forward_transfer_diaz", 0)),
    Mistake("diagonal-not-in-average", "The diagonal was left out of the mean over all stages: A is over i >= j.",
            triangle("accuracy_diaz", 1)),
    Mistake("intransigence-reversed", "The joint network was subtracted from R[k, k]; it is the other way round.",
            lambda **inputs: {"intransigence": -variants(**inputs)["intransigence"]}),
    Mistake("sizes-inverted", "Each size was divided by the first; it is the first divided by each.",
            lambda sizes, **others: {"model_size_efficiency": min(1.0, mean(
                1 / share for share in first_share(sizes)))}),
    Mistake("efficiency-above-one", "A network that shrank counts more than 1; the minimum with 1 is missing.",
            lambda sizes, **others: {"model_size_efficiency": mean(first_share(sizes))}),
    Mistake("clipped-per-stage", "Every share sizes[1] / sizes[i] was cut to 1; the minimum with 1 is taken of their "
            "mean.",
            lambda sizes, **others: {"model_size_efficiency": mean(min(share, 1) for share in first_share(sizes))}),
    Mistake("last-size-only", "Only the last size was compared with the first; MS is a mean over all stages.",
            lambda sizes, **others: {"model_size_efficiency": float(min(first_share(sizes)[-1], 1))}),
    Mistake("unseen-counted-as-zero", "Entries that were never measured (NaN) were counted as 0.",
            lambda R, **others: variants(np.nan_to_num(R, nan=0.0), **others)),
    Mistake("one-task-is-zero", "With one task there is nothing to average over, and the answer is NaN, not 0.",
            zero_for_one_task),
    Mistake("matrix-transposed", "R was read with rows for tasks; row i is the state after learning task i.",
            lambda R, **others: variants(R.T, **others)),
]

QUESTIONS = [
    Question("by-hand", "three tasks, all measured; the second gains from the third",
             {"R": array([0.75, 0.25, 0.5], [0.5, 0.625, 0.25], [0.25, 0.875, 1]),
              "untrained": np.array([0.5, 0.5, 0.125]), "joint": np.array([0.75, 0.875, 0.875]),
              "sizes": np.array([2.0, 4, 8])},
             "by hand: BWT = (-1/4 - 1/2 + 1/4) / 3; MS = (1 + 1/2 + 1/4) / 3",
             expected={"learning_performance": 2.375 / 3, "intransigence": 0.125 / 3,
                       "forward_transfer_lopez_paz": -0.0625, "backward_transfer_gem_code": -0.25 / 3,
                       "forgetting_with_last": 0.25, "forgetting_from_first": 0.125, "accuracy_diaz": 4 / 6,
                       "backward_transfer_diaz": -0.5 / 3, "remembering_diaz": 1 - 0.5 / 3,
                       "positive_backward_transfer_diaz": 0.0, "forward_transfer_diaz": 1 / 3,
                       "model_size_efficiency": 1.75 / 3}),
    Question("gains", "learning the second task helps the first, and the network shrinks",
             {"R": array([0.5, 0.25], [0.75, 0.875]), "untrained": np.array([0.5, 0.5]),
              "joint": np.array([0.5, 1]), "sizes": np.array([4.0, 2])}, "by hand",
             expected={"learning_performance": 0.6875, "intransigence": 0.0625, "forward_transfer_lopez_paz": -0.25,
                       "backward_transfer_gem_code": 0.125, "forgetting_with_last": 0.0,
                       "forgetting_from_first": -0.25, "accuracy_diaz": 2.125 / 3, "backward_transfer_diaz": 0.25,
                       "remembering_diaz": 1.0, "positive_backward_transfer_diaz": 0.25,
                       "forward_transfer_diaz": 0.25, "model_size_efficiency": 1.0}),
    Question("unseen-is-nan", "tasks not learnt yet were never measured: what looks ahead is NaN",
             {"R": array([0.5, nan], [0.25, 0.75]), "untrained": np.array([0.5, 0.5]),
              "joint": np.array([0.5, 0.75]), "sizes": np.array([2.0, 2])}, "by hand",
             expected={"learning_performance": 0.625, "intransigence": 0.0, "forward_transfer_lopez_paz": nan,
                       "backward_transfer_gem_code": -0.125, "forgetting_with_last": 0.25,
                       "forgetting_from_first": 0.25, "accuracy_diaz": 0.5, "backward_transfer_diaz": -0.25,
                       "remembering_diaz": 0.75, "positive_backward_transfer_diaz": 0.0,
                       "forward_transfer_diaz": nan, "model_size_efficiency": 1.0}),
    Question("one-task", "T = 1: no earlier and no later task",
             {"R": array([0.75]), "untrained": np.array([0.5]), "joint": np.array([0.75]),
              "sizes": np.array([3.0])}, "by hand",
             expected={**EXPECTED_NAN, "learning_performance": 0.75, "intransigence": 0.0, "accuracy_diaz": 0.75,
                       "model_size_efficiency": 1.0}),
    Question("shrinks-and-grows", "three sizes, 3, 24 and 2: the last stage counts more than 1, the mean less",
             {"R": array([0.5, 0.5, 0.5], [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]), "untrained": np.full(3, 0.5),
              "joint": np.full(3, 0.5), "sizes": np.array([3.0, 24, 2])},
             "by hand: nothing changes; MS = (1 + 1/8 + 3/2) / 3",
             expected={**dict.fromkeys((*EXPECTED_NAN, "intransigence"), 0.0), "learning_performance": 0.5,
                       "accuracy_diaz": 0.5, "remembering_diaz": 1.0, "forward_transfer_diaz": 0.5,
                       "model_size_efficiency": 0.875}),
    Question("hole-below-diagonal", "one score of the first task is missing on the way: what reads it is NaN",
             {"R": array([0.5, 0.25, 0.5], [nan, 0.5, 0.25], [0.25, 0.75, 1]), "untrained": np.full(3, 0.5),
              "joint": np.array([0.5, 0.75, 1]), "sizes": np.array([2.0, 2, 2])}, "by hand",
             expected={"learning_performance": 2 / 3, "intransigence": 0.25 / 3, "forward_transfer_lopez_paz": -0.25,
                       "backward_transfer_gem_code": 0.0, "forgetting_with_last": nan, "forgetting_from_first": 0.0,
                       "accuracy_diaz": nan, "backward_transfer_diaz": nan, "remembering_diaz": nan,
                       "positive_backward_transfer_diaz": nan, "forward_transfer_diaz": 1 / 3,
                       "model_size_efficiency": 1.0}),
    Question("larger", "seven tasks, all measured", lambda: drawn(3, 7, full_matrix(4, 7)),
             "the definitions in fractions"),
    Question("larger-unseen", "nine tasks, upper triangle never measured", lambda: drawn(5, 9, drawn_matrix(6, 9)),
             "the definitions in fractions"),
]

RECIPE = Recipe(
    name="performance_matrix_variants",
    equation="learning = mean over j of R[j, j];  intransigence = mean over k of joint[k] - R[k, k] (Chaudhry et al. "
             "2018);  forward, Lopez-Paz and Ranzato 2017 = mean over i > 1 of R[i-1, i] - b[i];  backward, GEM's code "
             "= (1/T) sum over j < T of R[T, j] - R[j, j];  forgetting, last stage included = mean over j < T of (max "
             "over j <= i <= T of R[i, j]) - R[T, j];  from the first = mean over j < T of R[j, j] - R[T, j];  "
             "Diaz-Rodriguez et al. 2018: A = mean over i >= j of R[i, j], BWT = mean over i > j of R[i, j] - R[j, j], "
             "REM = 1 - abs(min(BWT, 0)), BWT+ = max(BWT, 0), FWT = mean over i < j of R[i, j], MS = min(1, mean over "
             "i of sizes[1] / sizes[i])",
    inputs={"R": "float64[*,*]", "untrained": "float64[*]", "joint": "float64[*]", "sizes": "float64[*]"},
    outputs={"learning_performance": "float64", "intransigence": "float64", "forward_transfer_lopez_paz": "float64",
             "backward_transfer_gem_code": "float64", "forgetting_with_last": "float64",
             "forgetting_from_first": "float64", "accuracy_diaz": "float64", "backward_transfer_diaz": "float64",
             "remembering_diaz": "float64", "positive_backward_transfer_diaz": "float64",
             "forward_transfer_diaz": "float64", "model_size_efficiency": "float64"},
    conventions=["R[i, j]: row = after learning task i, column = task j, both in the order of learning",
                 "b (untrained): the performance of an untrained network; joint[k]: on task k, of a network trained on "
                 "tasks 1 to k at once; sizes[i]: parameters after stage i",
                 "never measured is NaN, and what reads a NaN is NaN: REM and BWT+ too",
                 "T = 1: where there is nothing to average over, NaN"],
    oracle=variants, mistakes=MISTAKES, questions=QUESTIONS)
