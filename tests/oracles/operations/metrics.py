"""AUROC, and what is computed from the performance matrix R."""

from __future__ import annotations

from fractions import Fraction
from math import isnan, nan

import numpy as np

from tests.oracles.draws import array
from tests.oracles.recipe import Mistake, Question, Recipe

# --- AUROC -------------------------------------------------------------------------------------------------------


def share_of_pairs(scores, labels, tie=Fraction(1, 2)):
    """Over all pairs of a positive and a negative: the share in order, a tie counting as said."""
    pairs = [(p, n) for p, y in zip(scores, labels, strict=True) if y == 1
             for n, z in zip(scores, labels, strict=True) if z == 0]
    if not pairs:
        return {"auroc": nan}
    won = sum((Fraction(int(p > n)) + tie * int(p == n) for p, n in pairs), Fraction(0))
    return {"auroc": float(won / len(pairs))}


def accuracy_at_zero(scores, labels):
    """The share of right answers at threshold 0."""
    return {"auroc": float(np.mean((scores > 0) == (labels == 1)))}


def half_for_one_class(scores, labels):
    """1/2 where there are no pairs."""
    right = share_of_pairs(scores, labels)["auroc"]
    return {"auroc": 0.5 if isnan(right) else right}


def ranks_from_zero(scores, labels):
    """The sum of ranks that begin at 0, where the formula has them from 1: 1 / (number of negatives) too little."""
    right = share_of_pairs(scores, labels)["auroc"]
    return {} if isnan(right) else {"auroc": right - 1 / int((labels == 0).sum())}


def average_precision(scores, labels):
    """The mean, over positives, of the share of positives among the scores down to theirs."""
    if len({*labels.tolist()}) < 2:
        return {}
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    ranks = [place for place, i in enumerate(order, 1) if labels[i] == 1]
    return {"auroc": sum(found / rank for found, rank in enumerate(ranks, 1)) / len(ranks)}


AUROC = Recipe(
    name="auroc",
    equation="P(score of a positive > score of a negative) + P(equal scores) / 2, over all pairs",
    inputs={"scores": "float64[*]", "labels": "int64[*]"},
    outputs={"auroc": "float64"},
    conventions=["ties count 1/2", "one class only: NaN", "labels are 0 and 1"],
    oracle=share_of_pairs,
    mistakes=[
        Mistake("accuracy-called-auroc", "The share of right answers at threshold 0 was returned: that is accuracy. "
                "(The released code prints its AUROC under the name test_acc.)", accuracy_at_zero),
        Mistake("ties-lost", "Equal scores of a positive and a negative count 0; they count 1/2.",
                lambda scores, labels: share_of_pairs(scores, labels, tie=Fraction(0))),
        Mistake("ties-won", "Equal scores of a positive and a negative count 1; they count 1/2.",
                lambda scores, labels: share_of_pairs(scores, labels, tie=Fraction(1))),
        Mistake("one-class-is-half", "With a single class there is no pair, and the answer is NaN, not 1/2.",
                half_for_one_class),
        Mistake("ties-by-position", "Equal scores were kept in the order of the samples: a tie counts 1 or 0 by who "
                "comes first. It counts 1/2.", lambda scores,
                labels: share_of_pairs(scores + 1e-9 * np.arange(len(scores)), labels)),
        Mistake("scores-reversed", "Low scores were taken for positive answers: this is 1 - AUROC.",
                lambda scores, labels: share_of_pairs(-scores, labels)),
        Mistake("probabilities-tie", "Scores were turned into probabilities first: the sigmoid saturates, or digits "
                "are rounded away, and large scores tie. AUROC asks for their order alone.", lambda scores, labels:
                share_of_pairs(1 / (1 + np.exp(-scores)), labels)),
        Mistake("ranks-from-0", "The formula by ranks was used with ranks from 0; they count from 1.", ranks_from_zero),
        Mistake("one-class-is-zero", "With a single class there is no pair, and the answer is NaN, not 0.",
                lambda scores, labels: {"auroc": float(np.nan_to_num(share_of_pairs(scores, labels)["auroc"]))}),
        Mistake("average-precision", "This is the average precision, the area under the curve of precision and recall.",
                average_precision),
    ],
    questions=[
        Question("by-hand", "four pairs: two in order, one tied, one not in order",
                 {"scores": np.array([0.125, 0.5, 0.5, 0.75]), "labels": np.array([0, 1, 0, 1])},
                 "by hand: (1 + 1/2 + 1 + 1) / 4", expected={"auroc": 0.875}),
        Question("all-tied", "a constant score knows nothing",
                 {"scores": np.array([3.0, 3, 3]), "labels": np.array([0, 1, 0])}, "by hand",
                 expected={"auroc": 0.5}),
        Question("separated", "every positive above every negative, and every score above 0",
                 {"scores": np.array([1.0, 2, 3, 4]), "labels": np.array([0, 0, 1, 1])}, "by hand",
                 expected={"auroc": 1.0}),
        Question("reversed", "every positive below every negative",
                 {"scores": np.array([-1.0, 2, -3]), "labels": np.array([0, 0, 1])}, "by hand",
                 expected={"auroc": 0.0}),
        Question("one-class", "only positives: no pair to compare",
                 {"scores": np.array([0.25, 0.5]), "labels": np.array([1, 1])}, "by convention",
                 expected={"auroc": nan}),
        Question("ties-in-order", "equal scores, negatives first: nothing is known",
                 {"scores": np.array([1.0, 1, 1, 1]), "labels": np.array([0, 0, 1, 1])}, "by hand",
                 expected={"auroc": 0.5}),
        Question("large-scores", "scores so large that their probabilities are 1: still in order",
                 {"scores": np.array([8.0, 49, 50, 60]), "labels": np.array([0, 0, 1, 1])}, "by hand",
                 expected={"auroc": 1.0}),
        Question("larger", "sixty scores, many of them tied",
                 lambda: {"scores": np.random.default_rng(1).integers(-8, 9, 60) / 4,
                          "labels": np.random.default_rng(2).integers(0, 2, 60)},
                 "all pairs counted in fractions"),
    ])

# --- the performance matrix --------------------------------------------------------------------------------------


def mean(values) -> float:
    """Mean in fractions; NaN for no values or if one is NaN."""
    values = [float(value) for value in values]
    if not values or any(map(isnan, values)):
        return nan
    return float(sum(map(Fraction, values), Fraction(0)) / len(values))


def difference(a, b) -> float:
    """a - b in fractions, rounded once."""
    return nan if isnan(a) or isnan(b) else float(Fraction(float(a)) - Fraction(float(b)))


def best(values) -> float:
    """The largest; NaN if one is NaN."""
    return nan if any(map(isnan, values)) else max(values)


def metrics(R, separate):
    """The four definitions, entry by entry."""
    last, earlier = len(R) - 1, range(len(R) - 1)
    return {
        "average_performance": mean(R[last]),
        "backward_transfer": mean(difference(R[last, j], R[j, j]) for j in earlier),
        "forgetting": mean(difference(best(R[j:last, j]), R[last, j]) for j in earlier),
        "forward_transfer": mean(difference(R[j, j], separate[j]) for j in range(1, len(R))),
    }


def divided_by_tasks(R, separate):
    """Transfer and forgetting over T instead of the T - 1 tasks there are."""
    right, share = metrics(R, separate), (len(R) - 1) / len(R)
    return {name: value * share if len(R) > 1 else 0.0 for name, value in right.items() if "average" not in name}


def zeros_for_unseen(R, separate):
    """NaN filled with 0."""
    return metrics(np.nan_to_num(R, nan=0.0), separate)


def last_stage_in_maximum(R, separate):
    """The maximum over j <= i <= T."""
    last = len(R) - 1
    return {"forgetting": mean(difference(best(R[j:, j]), R[last, j]) for j in range(last))}


def from_the_diagonal(R, separate):
    """Right after learning, minus the end."""
    last = len(R) - 1
    return {"forgetting": mean(difference(R[j, j], R[last, j]) for j in range(last))}


def all_pairs(R, separate):
    """R[i, j] - R[j, j] over all i > j."""
    return {"backward_transfer": mean(difference(R[i, j], R[j, j]) for i in range(len(R)) for j in range(i))}


def whole_triangle(R, separate):
    """The mean of everything that was measured."""
    return {"average_performance": mean(R[i, j] for i in range(len(R)) for j in range(i + 1))}


def before_learning(R, separate):
    """R[j - 1, j] - S[j]: how well the task is done before it is learnt."""
    return {"forward_transfer": mean(difference(R[j - 1, j], separate[j]) for j in range(1, len(R)))}


def holes_skipped(R, separate):
    """Means and maxima over what is there."""
    last, earlier = len(R) - 1, range(len(R) - 1)
    there = [value for value in R[last] if not isnan(value)]
    gains = [difference(R[last, j], R[j, j]) for j in earlier]
    lost = [difference(max((v for v in R[j:last, j] if not isnan(v)), default=nan), R[last, j]) for j in earlier]
    return {"average_performance": mean(there), "backward_transfer": mean(v for v in gains if not isnan(v)),
            "forgetting": mean(v for v in lost if not isnan(v))}


def holes_skipped_in_means(R, separate):
    """nanmean; the maximum in forgetting keeps its NaN."""
    gains = [difference(R[-1, j], R[j, j]) for j in range(len(R) - 1)]
    ahead = [difference(R[j, j], separate[j]) for j in range(1, len(R))]
    return {name: mean(v for v in values if not isnan(v)) for name, values in (
        ("average_performance", R[-1]), ("backward_transfer", gains), ("forward_transfer", ahead))}


def clipped(R, separate):
    """No forgetting below 0."""
    forgetting = metrics(R, separate)["forgetting"]
    return {} if isnan(forgetting) else {"forgetting": max(forgetting, 0.0)}


def drawn_matrix(seed: int, n_tasks: int) -> np.ndarray:
    """A matrix whose entries above the diagonal were never measured."""
    R = np.random.default_rng(seed).integers(32, 64, size=(n_tasks, n_tasks)) / 64
    R[np.triu_indices(n_tasks, 1)] = nan
    return R


METRICS = Recipe(
    name="performance_matrix_metrics",
    equation="average = mean over j of R[T, j];  backward transfer = mean over j < T of R[T, j] - R[j, j];  forgetting "
             "= mean over j < T of (max over j <= i < T of R[i, j]) - R[T, j];  forward transfer = mean over j > 1 of "
             "R[j, j] - S[j]",
    inputs={"R": "float64[*,*]", "separate": "float64[*]"},
    outputs={"average_performance": "float64", "backward_transfer": "float64", "forgetting": "float64",
             "forward_transfer": "float64"},
    conventions=["R[i, j]: row = after learning task i, column = task j, both in the order of learning",
                 "S (separate): the performance of a network of its own per task",
                 "never measured is NaN, and what reads a NaN, a mean or a maximum, is NaN",
                 "T = 1: transfer and forgetting are NaN",
                 "forgetting may be negative: the last stage is not in the maximum"],
    oracle=metrics,
    mistakes=[
        Mistake("transfer-divided-by-tasks", "Transfer and forgetting were divided by T; there are T - 1 tasks to "
                "average over. (Seen in the code of a well-known paper, whose text divides by T - 1.)",
                divided_by_tasks),
        Mistake("unseen-counted-as-zero", "Entries that were never measured (NaN) were counted as 0. (Public code pads "
                "its matrices with zeros.)", zeros_for_unseen),
        Mistake("forgetting-with-last-stage", "The maximum runs over the last stage too, so a task that ended better "
                "than ever counts 0 and not negative. This is another variant, in use in a public framework: the "
                "maximum here is over i < T.", last_stage_in_maximum),
        Mistake("forgetting-from-diagonal", "The performance right after learning was taken, not the best before the "
                "last stage: that variant, in use in a public framework, is minus backward transfer.",
                from_the_diagonal),
        Mistake("transfer-over-all-pairs", "Backward transfer was averaged over all pairs i > j; here it looks at the "
                "last row only. (Another variant in use.)", all_pairs),
        Mistake("average-over-triangle", "Everything measured was averaged; the average performance is that of the "
                "last row. (This is the \"average incremental\" variant.)", whole_triangle),
        Mistake("forward-transfer-before-learning", "R[j - 1, j] was taken, the performance on a task before it is "
                "learnt (another variant in use); here it is R[j, j] against a separate network.", before_learning),
        Mistake("holes-skipped", "Entries that were never measured were left out of a mean or a maximum (nanmean, "
                "nanmax); what reads one is NaN.", holes_skipped),
        Mistake("forgetting-clipped", "A negative mean of forgetting was cut to 0: it says that later tasks helped.",
                clipped),
        Mistake("forgetting-reversed", "Forgetting has the other sign: it is the best before minus the end.",
                lambda R, separate: {"forgetting": -metrics(R, separate)["forgetting"]}),
        Mistake("average-of-diagonal", "The mean over R[j, j] was returned, right after learning; the average "
                "performance is that of the last row.", lambda R,
                separate: {"average_performance": mean(np.diagonal(R))}),
        Mistake("forward-transfer-from-first", "The first task was averaged over, too; nothing stands before it, and "
                "the mean is over j > 1.", lambda R, separate: {"forward_transfer": mean(
                    difference(R[j, j], separate[j]) for j in range(len(R)))}),
        Mistake("matrix-transposed", "R was read with rows for tasks; row i is the state after learning task i.",
                lambda R, separate: metrics(R.T, separate)),
        Mistake("last-task-left-out", "The average performance is that of the earlier tasks, without the last.",
                lambda R, separate: {"average_performance": mean(R[-1, :max(len(R) - 1, 1)])}),
        Mistake("best-of-all-stages", "The maximum runs over all stages before the last, also those before the task "
                "was learnt: it begins at the task's own.", lambda R, separate: {"forgetting": mean(
                    difference(max([v for v in R[:-1, j] if not isnan(v)], default=nan), R[-1, j])
                    for j in range(len(R) - 1))}),
        Mistake("holes-skipped-in-means", "Means were taken over what was measured (nanmean): a mean that reads an "
                "entry never measured is NaN.", holes_skipped_in_means),
    ],
    questions=[
        Question("by-hand", "three tasks, all measured; the first ends better than it ever was",
                 {"R": array([0.5, 0.25, 0.5], [0.75, 0.875, 0.25], [0.875, 0.625, 1]),
                  "separate": np.array([0.5, 0.75, 0.75])},
                 "by hand: (0.875 + 0.625 + 1) / 3; (0.375 - 0.25) / 2; (-0.125 + 0.25) / 2; (0.125 + 0.25) / 2",
                 expected={"average_performance": 2.5 / 3, "backward_transfer": 0.0625, "forgetting": 0.0625,
                           "forward_transfer": 0.1875}),
        Question("hole-on-the-diagonal", "the second task was not measured when it was learnt",
                 {"R": array([0.5, nan, nan, nan], [0.75, nan, nan, nan], [0.625, 0.625, 0.75, nan],
                             [0.5, 0.375, 0.5, 0.875]), "separate": np.array([0.5, 0.5, 0.5, 0.75])},
                 "by hand: the last row is whole, all else reads the hole", expected={
                     "average_performance": 0.5625, "backward_transfer": nan, "forgetting": nan,
                     "forward_transfer": nan}),
        Question("unseen-is-nan", "the upper triangle was never measured, which touches none of the four",
                 {"R": array([0.5, nan], [0.25, 0.75]), "separate": np.array([0.5, 1])},
                 "by hand", expected={"average_performance": 0.5, "backward_transfer": -0.25,
                                               "forgetting": 0.25, "forward_transfer": -0.25}),
        Question("hole-in-last-row", "a task that cannot be scored at the end (one class only) makes means over it NaN",
                 {"R": array([0.5, nan], [nan, 0.75]), "separate": np.array([0.5, 0.5])},
                 "by hand", expected={"average_performance": nan, "backward_transfer": nan, "forgetting": nan,
                                               "forward_transfer": 0.25}),
        Question("better-than-ever", "the first task ends better than it ever was, by more than the second loses: a "
                 "negative mean",
                 {"R": array([0.5, nan, nan], [0.625, 0.5, nan], [0.875, 0.4375, 1]),
                  "separate": np.array([0.5, 0.5, 0.5])},
                 "by hand: 2.3125 / 3; (0.375 - 0.0625) / 2; (-0.25 + 0.0625) / 2; (0 + 0.5) / 2",
                 expected={"average_performance": 2.3125 / 3, "backward_transfer": 0.15625, "forgetting": -0.09375,
                           "forward_transfer": 0.25}),
        Question("hole-below-diagonal", "one score of the first task is missing on the way: its maximum is not known",
                 {"R": array([0.5, nan, nan], [nan, 0.5, nan], [0.25, 0.75, 1]), "separate": np.array([0.5, 0.5, 0.5])},
                 "by hand: (0.25 + 0.75 + 1) / 3; (-0.25 + 0.25) / 2",
                 expected={"average_performance": 2 / 3, "backward_transfer": 0.0, "forgetting": nan,
                           "forward_transfer": 0.25}),
        Question("one-task", "T = 1: no earlier and no later task",
                 {"R": array([0.75]), "separate": np.array([0.5])}, "by hand",
                 expected={"average_performance": 0.75, "backward_transfer": nan, "forgetting": nan,
                           "forward_transfer": nan}),
        Question("better-before", "the second task was done best before it was learnt, which nobody forgets",
                 {"R": array([0.5, 0.875, 0.25], [0.5, 0.75, 0.25], [0.5, 0.5, 0.75]),
                  "separate": np.array([0.5, 0.5, 0.5])}, "by hand: forgotten are 0 and 3/4 - 1/2",
                 expected={"average_performance": float(Fraction(7, 12)), "backward_transfer": -0.125,
                           "forgetting": 0.125, "forward_transfer": 0.25}),
        Question("larger", "ten tasks, upper triangle never measured",
                 lambda: {"R": drawn_matrix(3, 10), "separate": np.random.default_rng(4).integers(32, 64, 10) / 64},
                 "the definitions in fractions"),
    ])

RECIPES = [AUROC, METRICS]
