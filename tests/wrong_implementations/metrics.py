"""AUROC, and functions of the performance matrix."""

import numpy as np
from scipy.special import expit

from tests import own_answers as own

from .listing import wrong

VARIANTS = "performance_matrix_variants"


def mean(values):
    """NaN of nothing."""
    values = list(values)
    return float(np.mean(values)) if values else np.nan


# --- AUROC -------------------------------------------------------------------------------------------------------


@wrong("auroc", r"tie|equal scores", hard=True)
def curve_without_ties(scores, labels):
    """The ROC curve sample by sample in the order of argsort: tied scores stand in any order."""
    if len(set(labels.tolist())) < 2:
        return np.nan
    y = labels[np.argsort(-scores, kind="stable")]
    return float(np.cumsum(y)[y == 0].sum() / (y.sum() * (1 - y).sum()))


@wrong("auroc", known="ties-lost")
def strictly_greater(scores, labels):
    """Only p > q counts."""
    gaps = scores[labels == 1][:, None] - scores[labels == 0]
    return float((gaps > 0).mean()) if gaps.size else np.nan


@wrong("auroc", r"one class|single class|one-class|no pair", hard=True)
def one_class_is_zero(scores, labels):
    """One class only: 0."""
    return float(np.nan_to_num(own.auroc(scores, labels)))


@wrong("auroc", r"saturat|sigmoid|probabilit|round", hard=True)
def of_rounded_probabilities(scores, labels):
    """Scores are turned into probabilities with two digits first."""
    return own.auroc(np.round(expit(scores), 2), labels)


@wrong("auroc", r"rank|off by one|from 0|one-based")
def ranks_from_zero(scores, labels):
    """The rank formula with ranks from 0."""
    positive, negative = (labels == 1).sum(), (labels == 0).sum()
    if not positive or not negative:
        return np.nan
    ranks = [(scores < s).sum() + ((scores == s).sum() - 1) / 2 for s in scores[labels == 1]]
    return float((sum(ranks) - positive * (positive + 1) / 2) / (positive * negative))


@wrong("auroc", r"revers|larger of|max\(|1 - AUROC|below 1/2|turned", hard=True)
def never_below_one_half(scores, labels):
    """max(AUROC, 1 - AUROC)."""
    right = own.auroc(scores, labels)
    return max(right, 1 - right) if right == right else right


# --- the matrix --------------------------------------------------------------------------------------------------


@wrong("performance_matrix_metrics", known="unseen-counted-as-zero", hard=True)
def nan_to_zero(R, separate):
    """nan_to_num before anything else."""
    return own.performance_matrix_metrics(np.nan_to_num(R), separate)


@wrong("performance_matrix_metrics", r"left out|ignored|skipped|nanmean", hard=True)
def nan_left_out(R, separate):
    """nanmean: what was not measured is left out of the means."""
    last, own_column = R[-1], np.diagonal(R)

    def nanmean(values):
        values = np.asarray(list(values), float)
        values = values[~np.isnan(values)]
        return float(values.mean()) if values.size else np.nan

    best = [np.nanmax(np.append(R[j:-1, j], -np.inf)) for j in range(len(R) - 1)]
    return {"average_performance": nanmean(last), "backward_transfer": nanmean((last - own_column)[:-1]),
            "forgetting": nanmean(np.array(best) - last[:-1]),
            "forward_transfer": nanmean((own_column - separate)[1:])}


@wrong("performance_matrix_metrics", r"negative|clip|cut|below 0|at least 0|forgetting-with-last-stage", hard=True)
def forgetting_cut_at_zero(R, separate):
    """max(0, .) around every task's forgetting."""
    return {**own.performance_matrix_metrics(R, separate), "forgetting": mean(
        np.maximum(R[j:-1, j].max() - R[-1, j], 0) for j in range(len(R) - 1))}


@wrong("performance_matrix_metrics", r"before (it|the task|learning|being)|not learnt|all (rows|stages)|"
       r"i < j|from the first", hard=True)
def best_of_all_stages(R, separate):
    """The maximum runs over all stages before the last, those before the task was learnt too."""
    return {**own.performance_matrix_metrics(R, separate), "forgetting": mean(
        np.nan_to_num(R[:-1, j], nan=-np.inf).max() - R[-1, j] for j in range(len(R) - 1))}


@wrong("performance_matrix_metrics", r"first task|all tasks|j > 1|j = 1")
def forward_transfer_over_all_tasks(R, separate):
    """Forward transfer is averaged over all tasks, the first too."""
    return {**own.performance_matrix_metrics(R, separate), "forward_transfer": mean(np.diagonal(R) - separate)}


@wrong("performance_matrix_metrics", r"one task|T = 1|nan|nothing to", hard=True)
def zero_for_one_task(R, separate):
    """With one task transfer and forgetting are 0."""
    right = own.performance_matrix_metrics(R, separate)
    return {name: 0.0 if len(R) == 1 and np.isnan(value) else value for name, value in right.items()}


@wrong("performance_matrix_metrics", r"last task|earlier tasks|without the last|left out")
def average_of_earlier_tasks(R, separate):
    """The average performance is over the tasks before the last."""
    right = own.performance_matrix_metrics(R, separate)
    return {**right, "average_performance": mean(R[-1, :-1] if len(R) > 1 else R[-1])}


@wrong("performance_matrix_metrics", r"\bsign\b|revers|negated")
def transfer_of_losses(R, separate):
    """Backward transfer is R[j, j] - R[T, j]."""
    right = own.performance_matrix_metrics(R, separate)
    return {**right, "backward_transfer": -right["backward_transfer"]}


# --- variants ----------------------------------------------------------------------------------------------------


@wrong(VARIANTS, known="not-clipped")
def remembering_unclipped(**given):
    """REM = 1 - abs(BWT), BWT+ = BWT."""
    right = own.performance_matrix_variants(**given)
    transfer = right["backward_transfer_diaz"]
    return {**right, "remembering_diaz": 1 - abs(transfer), "positive_backward_transfer_diaz": transfer}


@wrong(VARIANTS, r"(each|every) (stage|ratio|size)|before the mean|inside", hard=True)
def every_ratio_cut_at_one(sizes, **given):
    """min(1, sizes[1] / sizes[i]) is averaged: the minimum is inside the mean."""
    right = own.performance_matrix_variants(sizes=sizes, **given)
    return {**right, "model_size_efficiency": float(np.minimum(sizes[0] / sizes, 1).mean())}


@wrong(VARIANTS, r"off by one|shifted|b\[i - 1\]|task before|other task", hard=True)
def baseline_of_the_task_before(R, untrained, **given):
    """b[i - 1] is subtracted in place of b[i]."""
    right = own.performance_matrix_variants(R=R, untrained=untrained, **given)
    return {**right, "forward_transfer_lopez_paz": mean(np.diagonal(R, 1) - untrained[:-1])}


@wrong(VARIANTS, r"nan", hard=True)
def nan_lost_in_a_minimum(**given):
    """min(0, BWT) and max(0, BWT) of Python: NaN is lost, REM is 1 and BWT+ 0."""
    right = own.performance_matrix_variants(**given)
    transfer = right["backward_transfer_diaz"]
    return {**right, "remembering_diaz": 1 - abs(min(0.0, transfer)),
            "positive_backward_transfer_diaz": max(0.0, transfer)}


@wrong(VARIANTS, r"last (task|entry)|not averaged|mean over k")
def intransigence_of_the_last_task(R, joint, **given):
    """Intransigence is that of the last task alone."""
    right = own.performance_matrix_variants(R=R, joint=joint, **given)
    return {**right, "intransigence": float(joint[-1] - R[-1, -1])}


@wrong(VARIANTS, r"before (it|the task|learning|being)|not learnt|all (rows|stages)|"
       r"whole column|from the first", hard=True)
def maximum_of_the_whole_column(R, **given):
    """The maximum of forgetting_with_last runs over the whole column, stages before the task too."""
    right = own.performance_matrix_variants(R=R, **given)
    return {**right, "forgetting_with_last": mean(
        np.nan_to_num(R[:, j], nan=-np.inf).max() - R[-1, j] for j in range(len(R) - 1))}


@wrong(VARIANTS, r"final|last (size|network|stage's)|mean.*sizes|not averaged")
def size_of_the_last_network(sizes, **given):
    """Model size efficiency is sizes[1] / sizes[T]."""
    right = own.performance_matrix_variants(sizes=sizes, **given)
    return {**right, "model_size_efficiency": float(min(1, sizes[0] / sizes[-1]))}
