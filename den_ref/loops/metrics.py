"""AUROC, and the functions of the performance matrix: R[i, j] is how well task j does after stage i."""

import math


def auroc(scores, labels):
    """The share of the pairs of a positive and a negative in which the positive scores higher; a tie is one half."""
    won, pairs = 0.0, 0
    for p, y in zip(scores, labels, strict=True):
        for q, z in zip(scores, labels, strict=True):
            if y == 1 and z == 0:
                pairs += 1
                won += 1.0 if p > q else 0.5 if p == q else 0.0
    return won / pairs if pairs else math.nan


def performance_matrix_metrics(R, separate):
    """Four means over tasks, with T stages.

    average_performance  over all j of R[T, j]
    backward_transfer    over j < T of R[T, j] - R[j, j]
    forgetting           over j < T of the largest of R[j, j], ..., R[T-1, j], minus R[T, j]
    forward_transfer     over j > 1 of R[j, j] - separate[j], what a network of task j alone reaches
    """
    stages = len(R)
    earlier = range(stages - 1)
    return {
        "average_performance": mean([R[-1, j] for j in range(stages)]),
        "backward_transfer": mean([R[-1, j] - R[j, j] for j in earlier]),
        "forgetting": mean([largest([R[i, j] for i in range(j, stages - 1)]) - R[-1, j] for j in earlier]),
        "forward_transfer": mean([R[j, j] - separate[j] for j in range(1, stages)]),
    }


def mean(values: list) -> float:
    """sum / count; NaN of nothing."""
    return sum(values) / len(values) if values else math.nan


def largest(values: list) -> float:
    """The largest; NaN if one is NaN (a comparison with NaN is false, so max alone may overlook it)."""
    return math.nan if any(math.isnan(value) for value in values) else max(values)


def performance_matrix_variants(R, untrained, joint, sizes):
    """Other functions of R that go by the same names, each after its source, a line of code each.

    ====================================  ==============================================================
    learning_performance, intransigence   as in ``core.metrics``
    ``*_lopez_paz``                       Lopez-Paz and Ranzato 2017
    ``*_gem_code``                        the code released with GEM: T where the paper has T - 1
    forgetting_with_last                  the code of Mammoth: the last stage is in the maximum
    forgetting_from_first                 the code of Avalanche: minus the backward transfer
    ``*_diaz``, model_size_efficiency     Diaz-Rodriguez et al. 2018
    ====================================  ==============================================================

    ``untrained[i]`` is what an untrained network reaches on task i, ``joint[k]`` on task k one that learnt tasks 1 to k
    at once; ``sizes[i]`` is how many parameters stage i has.  A mean over nothing is NaN.
    """
    n = len(R)
    last, earlier, later = n - 1, range(n - 1), range(1, n)
    transfer = mean([R[i, j] - R[j, j] for i in later for j in range(i)])
    return {
        "learning_performance": mean([R[j, j] for j in range(n)]),
        "intransigence": mean([joint[k] - R[k, k] for k in range(n)]),
        "forward_transfer_lopez_paz": mean([R[i - 1, i] - untrained[i] for i in later]),
        "backward_transfer_gem_code": mean([R[-1, j] - R[j, j] for j in earlier]) * last / n,
        "forgetting_with_last": mean([largest([R[i, j] for i in range(j, n)]) - R[-1, j] for j in earlier]),
        "forgetting_from_first": mean([R[j, j] - R[-1, j] for j in earlier]),
        "accuracy_diaz": mean([R[i, j] for i in range(n) for j in range(i + 1)]),
        "backward_transfer_diaz": transfer,
        "remembering_diaz": transfer if math.isnan(transfer) else 1 + transfer if transfer < 0 else 1.0,
        "positive_backward_transfer_diaz": 0.0 if transfer < 0 else transfer,
        "forward_transfer_diaz": mean([R[i, j] for i in range(n) for j in range(i + 1, n)]),
        "model_size_efficiency": min(1.0, sum(sizes[0] / size for size in sizes) / len(sizes)),
    }
