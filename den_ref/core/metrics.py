"""How good a model is: AUROC and accuracy of one head, and functions of the performance matrix R alone.

R is (T, T): ``R[i, j]`` is the performance on task j after learning task i, in the order of learning.  What was
never measured (a task not learnt yet, an undefined AUROC) is NaN, and NaN goes through: an average over a NaN is NaN.

Formulas count stages from 1, as the papers do; ``R[i, j]`` in code counts from 0.
"""

from __future__ import annotations

import numpy as np

from den_ref.doors import LOSS_NAMES, Binary, Floats, Kind, Labels, OneOf, door, real_array, refusal


class Performances(Kind):
    """R, or a row of it with one number per task: as float64, NaN where nothing was measured."""

    def __init__(self, per_task: bool = False):
        self.per_task = per_task

    def __call__(self, name, value, call=None):
        values = Floats(finite="nan")(name, value).astype(np.float64)
        if self.per_task and values.shape != (len(call["R"]),):
            raise refusal(name, f"one number per task, shape {(len(call['R']),)}", values)
        if not self.per_task and (values.ndim != 2 or values.shape[0] != values.shape[1] or not values.size):
            raise refusal(name, "a square matrix with a row per stage", values)
        return values


# --- one head ----------------------------------------------------------------------------------------------------


@door
def auroc(scores: Floats("n", finite=False), labels: Binary("n")) -> float:
    """Area under the ROC curve: P(score of a positive > score of a negative), ties counting 1/2.

    Computed from ranks (Mann-Whitney): (sum of the positives' ranks - P (P + 1) / 2) / (P N), where P positives and
    N negatives are ranked together and equal scores share their mean rank.

    Parameters
    ----------
    scores : (n,) array
    labels : (n,) array of 0 and 1

    Returns
    -------
    float
        NaN if a class is missing or a score is NaN.

    Examples
    --------
    Of the four pairs (positive, negative) two are in order, one is tied and one is not in order:

    >>> auroc([0.1, 0.4, 0.4, 0.8], [0, 1, 0, 1])
    0.875
    >>> auroc([0.1, 0.4], [1, 1])
    nan
    """
    positive = labels == 1
    n_positive = int(positive.sum())
    n_negative = positive.size - n_positive
    if n_positive == 0 or n_negative == 0 or np.isnan(scores).any():
        return float("nan")
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(count) - (count - 1) / 2
    rank_sum = mean_rank[place[positive]].sum()
    return float((rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


@door
def head_auroc(logits: Floats("n", "n_outputs", finite="nan"), labels: Labels(), loss: OneOf(*LOSS_NAMES)) -> float:
    """AUROC of one head: the mean over its outputs, NaN if one of them has a single class.

    Parameters
    ----------
    logits : (n, n_outputs) array
    labels : array
        "sigmoid": (n, n_outputs) of 0 and 1.  "softmax": (n,) integers, each class against the rest by its
        probability (ranked by its logarithm, which keeps the order and does not underflow).
    loss : {"sigmoid", "softmax"}
    """
    if loss == "softmax":
        return float(np.mean(class_aurocs.inner(logits, labels)))
    return float(np.mean([auroc.inner(score, label) for score, label in zip(logits.T, labels.T, strict=True)]))


@door
def class_aurocs(logits: Floats("n", "n_outputs", finite="nan"), labels: Labels(loss="softmax")) -> np.ndarray:
    """AUROC of every class against the rest, (n_outputs,); NaN of a class without a sample.

    A class is ranked by its probability, or rather its logarithm, which keeps the order and does not underflow.
    """
    scores = zip(_log_softmax(logits).T, np.arange(logits.shape[1]))
    return np.array([auroc.inner(score, labels == c) for score, c in scores])


@door
def accuracy(logits: Floats("n", "n_outputs", finite=False), labels: Labels(), loss: OneOf(*LOSS_NAMES)) -> float:
    """Share of right answers: per output at threshold logit > 0 (sigmoid), by the largest logit (softmax).

    NaN if a logit is NaN.

    >>> accuracy(np.array([[2.0], [-1.0], [0.0]]), np.array([[1], [1], [0]]), "sigmoid")
    0.6666666666666666
    """
    if np.isnan(logits).any():
        return float("nan")
    answers = logits.argmax(axis=1) if loss == "softmax" else logits > 0
    return mean_or_nan(answers == labels)


# --- functions of R ----------------------------------------------------------------------------------------------


@door
def average_performance(R: Performances()) -> float:
    """mean over j of R[T, j]."""
    return float(R[-1].mean())


@door
def learning_performance(R: Performances()) -> float:
    """mean over j of R[j, j]: how well tasks were learnt, before anything was forgotten.

    average_performance(R) = learning_performance(R) + (T - 1) / T * backward_transfer(R).
    """
    return float(R.diagonal().mean())


@door
def backward_transfer(R: Performances()) -> float:
    """mean over j < T of R[T, j] - R[j, j]; NaN for T = 1.  Negative: later tasks harmed earlier ones.

    Source: Lopez-Paz and Ranzato 2017.  Variants in use, and for forgetting and forward transfer as well, are in
    ``loops.metrics``.

    >>> backward_transfer([[0.9, np.nan], [0.8, 0.7]])
    -0.09999999999999998
    """
    return mean_or_nan([R[-1, j] - R[j, j] for j in range(len(R) - 1)])


@door
def forgetting(R: Performances()) -> float:
    """mean over j < T of (max over j <= i < T of R[i, j]) - R[T, j]; NaN for T = 1.

    The last stage is not in the maximum, so a task that ended better than it ever was counts negative.

    >>> forgetting([[0.5, np.nan], [0.75, 0.7]])
    -0.25
    """
    return mean_or_nan([R[j:-1, j].max() - R[-1, j] for j in range(len(R) - 1)])


@door
def forward_transfer(R: Performances(), separate: Performances(per_task=True)) -> float:
    """mean over j > 1 of R[j, j] - S[j], S[j] being a separate network on task j; NaN for T = 1.

    >>> forward_transfer([[0.5, np.nan], [0.5, 0.75]], [0.5, 0.5])
    0.25
    """
    return mean_or_nan(list(R.diagonal()[1:] - separate[1:]))


@door
def intransigence(R: Performances(), joint: Performances(per_task=True)) -> float:
    """mean over k of joint[k] - R[k, k], joint[k] being the score on task k of a network trained on tasks 1..k at once.

    Positive: what was learnt before keeps new tasks from being learnt.  Source: Chaudhry et al. 2018, who give it for
    each k.

    >>> intransigence([[0.5, np.nan], [0.5, 0.75]], [0.5, 1.0])
    0.125
    """
    return float(np.mean(joint - R.diagonal()))


# --- small parts -------------------------------------------------------------------------------------------------


def mean_or_nan(values) -> float:
    """The mean; NaN of nothing, which is what a transfer is when there is one task."""
    return float(np.mean(values)) if len(values) else float("nan")


def _log_softmax(logits):
    shifted = np.asarray(logits, dtype=np.float64)
    shifted = shifted - shifted.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
