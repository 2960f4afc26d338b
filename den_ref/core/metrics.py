"""How good a model is: AUROC and accuracy of one head, and functions of the performance matrix R alone.

R is (T, T): ``R[i, j]`` is the performance on task j after learning task i, in the order of learning.  What was
never measured (a task not learnt yet, an undefined AUROC) is NaN, and NaN goes through: an average over a NaN is NaN.

Formulas count stages from 1, as the papers do; ``R[i, j]`` in code counts from 0.
"""

from __future__ import annotations

import numpy as np

# --- one head ----------------------------------------------------------------------------------------------------


def auroc(scores, labels) -> float:
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
    scores, positive = np.asarray(scores), _checked_labels(scores, labels)
    n_positive = int(positive.sum())
    n_negative = positive.size - n_positive
    if n_positive == 0 or n_negative == 0 or np.isnan(scores).any():
        return float("nan")
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(count) - (count - 1) / 2
    rank_sum = mean_rank[place[positive]].sum()
    return float((rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def head_auroc(logits, labels, loss: str) -> float:
    """AUROC of one head: the mean over its outputs, NaN if one of them has a single class.

    Parameters
    ----------
    logits : (n, n_outputs) array
    labels : array
        "sigmoid": (n, n_outputs) of 0 and 1.  "softmax": (n,) integers, each class against the rest by its
        probability (ranked by its logarithm, which keeps the order and does not underflow).
    loss : {"sigmoid", "softmax"}
    """
    if _checked_loss(loss) == "softmax":
        logits, labels = _log_softmax(logits), _one_hot(labels, np.shape(logits)[1])
    logits, labels = np.asarray(logits), np.asarray(labels)
    return float(np.mean([auroc(score, label) for score, label in zip(logits.T, labels.T, strict=True)]))


def accuracy(logits, labels, loss: str) -> float:
    """Share of right answers: per output at threshold logit > 0 (sigmoid), by the largest logit (softmax).

    NaN if a logit is NaN.

    >>> accuracy(np.array([[2.0], [-1.0], [0.0]]), np.array([[1], [1], [0]]), "sigmoid")
    0.6666666666666666
    """
    logits, labels = np.asarray(logits), np.asarray(labels)
    if np.isnan(logits).any():
        return float("nan")
    answers = logits.argmax(axis=1) if _checked_loss(loss) == "softmax" else logits > 0
    if answers.shape != labels.shape:
        raise ValueError(f"labels: expected shape {answers.shape}, got {labels.shape}")
    return float(np.mean(answers == labels))


# --- functions of R ----------------------------------------------------------------------------------------------


def average_performance(R) -> float:
    """mean over j of R[T, j]."""
    return float(checked_matrix(R)[-1].mean())


def learning_performance(R) -> float:
    """mean over j of R[j, j]: how well tasks were learnt, before anything was forgotten.

    average_performance(R) = learning_performance(R) + (T - 1) / T * backward_transfer(R).
    """
    return float(checked_matrix(R).diagonal().mean())


def backward_transfer(R) -> float:
    """mean over j < T of R[T, j] - R[j, j]; NaN for T = 1.  Negative: later tasks harmed earlier ones.

    Source: Lopez-Paz and Ranzato 2017.  Variants in use, and for forgetting and forward transfer as well, are in
    ``core.metric_variants``.

    >>> backward_transfer([[0.9, np.nan], [0.8, 0.7]])
    -0.09999999999999998
    """
    R = checked_matrix(R)
    return mean_or_nan([R[-1, j] - R[j, j] for j in range(len(R) - 1)])


def forgetting(R) -> float:
    """mean over j < T of (max over j <= i < T of R[i, j]) - R[T, j]; NaN for T = 1.

    The last stage is not in the maximum, so a task that ended better than it ever was counts negative.

    >>> forgetting([[0.5, np.nan], [0.75, 0.7]])
    -0.25
    """
    R = checked_matrix(R)
    return mean_or_nan([R[j:-1, j].max() - R[-1, j] for j in range(len(R) - 1)])


def forward_transfer(R, separate) -> float:
    """mean over j > 1 of R[j, j] - S[j], S[j] being a separate network on task j; NaN for T = 1.

    >>> forward_transfer([[0.5, np.nan], [0.5, 0.75]], [0.5, 0.5])
    0.25
    """
    R, separate = checked_matrix(R), np.asarray(separate, dtype=float)
    if separate.shape != (len(R),):
        raise ValueError(f"separate: expected one number per task, shape {(len(R),)}, got shape {separate.shape}")
    return mean_or_nan(list(R.diagonal()[1:] - separate[1:]))


def intransigence(R, joint) -> float:
    """mean over k of joint[k] - R[k, k], joint[k] being the score on task k of a network trained on tasks 1..k at once.

    Positive: what was learnt before keeps new tasks from being learnt.  Source: Chaudhry et al. 2018, who give it for
    each k.

    >>> intransigence([[0.5, np.nan], [0.5, 0.75]], [0.5, 1.0])
    0.125
    """
    R, joint = checked_matrix(R), np.asarray(joint, dtype=float)
    if joint.shape != (len(R),):
        raise ValueError(f"joint: expected one number per task, shape {(len(R),)}, got shape {joint.shape}")
    return float(np.mean(joint - R.diagonal()))


# --- small parts -------------------------------------------------------------------------------------------------


def mean_or_nan(values) -> float:
    """The mean; NaN of nothing, which is what a transfer is when there is one task."""
    return float(np.mean(values)) if len(values) else float("nan")


def _log_softmax(logits):
    shifted = np.asarray(logits, dtype=np.float64)
    shifted = shifted - shifted.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _one_hot(labels, n_classes: int):
    return np.asarray(labels)[:, None] == np.arange(n_classes)


def _checked_labels(scores, labels):
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.shape != np.shape(scores):
        raise ValueError(f"labels: expected 1-D like scores, shape {np.shape(scores)}, got shape {labels.shape}")
    if not np.isin(labels, (0, 1)).all():
        raise ValueError(f"labels: expected 0 and 1 only, got {np.unique(labels)}")
    return labels == 1


def _checked_loss(loss: str) -> str:
    if loss not in ("sigmoid", "softmax"):
        raise ValueError(f"loss: expected 'sigmoid' or 'softmax', got {loss!r}")
    return loss


def checked_matrix(R):
    """R as a float array, or a ValueError if it is not square."""
    R = np.asarray(R, dtype=float)
    if R.ndim != 2 or R.shape[0] != R.shape[1] or R.size == 0:
        raise ValueError(f"R: expected a square matrix with a row per stage, got shape {R.shape}")
    return R
