"""The same words, other formulas: variants of ``core.metrics`` that are in use, each named after its source.

R is as there; stages count from 1 in the formulas.  What a formula reads must have been measured: the variants of
Lopez-Paz and of Diaz for forward transfer read entries above the diagonal, scores on tasks not learnt yet, which are
NaN in this package's own runs, and then the result is NaN.

====================================  ==============================================================================
``core.metrics.backward_transfer``    Lopez-Paz and Ranzato 2017, the formula of the paper
``core.metrics.forgetting``           Chaudhry et al. 2018, over the stages that had learnt the task
``core.metrics.forward_transfer``     the DEN setting: against separate networks
====================================  ==============================================================================
"""

from __future__ import annotations

import numpy as np

from .metrics import backward_transfer, checked_matrix, mean_or_nan


def backward_transfer_gem_code(R) -> float:
    """(1/T) sum over j < T of R[T, j] - R[j, j]: what the code released with GEM computes, T instead of T - 1."""
    R = checked_matrix(R)
    return backward_transfer(R) * (len(R) - 1) / len(R)


def backward_transfer_diaz(R) -> float:
    """2 / (T (T - 1)) sum over i > j of R[i, j] - R[j, j]: after every stage, not after the last alone.

    Source: Diaz-Rodriguez et al. 2018.

    >>> round(backward_transfer_diaz([[0.9, 0.1, 0.1], [0.6, 0.9, 0.2], [0.5, 0.7, 0.9]]), 12)
    -0.3
    """
    R = checked_matrix(R)
    later, earlier = np.tril_indices(len(R), -1)
    return mean_or_nan(R[later, earlier] - R.diagonal()[earlier])


def remembering_diaz(R) -> float:
    """REM = 1 - abs(min(BWT, 0)), BWT being :func:`backward_transfer_diaz`: 1 if nothing was forgotten."""
    return 1 - abs(np.minimum(backward_transfer_diaz(R), 0))


def positive_backward_transfer_diaz(R) -> float:
    """BWT+ = max(BWT, 0), BWT being :func:`backward_transfer_diaz`."""
    return float(np.maximum(backward_transfer_diaz(R), 0))


def forgetting_with_last(R) -> float:
    """mean over j < T of (max over j <= i <= T of R[i, j]) - R[T, j]: the last stage is in the maximum.

    Never negative.  So it stands in the code of Mammoth.

    >>> forgetting_with_last([[0.5, np.nan], [0.75, 0.7]])
    0.0
    """
    R = checked_matrix(R)
    return mean_or_nan([R[j:, j].max() - R[-1, j] for j in range(len(R) - 1)])


def forgetting_from_first(R) -> float:
    """mean over j < T of R[j, j] - R[T, j]: minus the backward transfer.  So it stands in the code of Avalanche."""
    return -backward_transfer(R)


def forward_transfer_lopez_paz(R, untrained) -> float:
    """mean over i > 1 of R[i - 1, i] - b[i], b[i] being the score of an untrained network on task i.

    Source: Lopez-Paz and Ranzato 2017.

    >>> round(forward_transfer_lopez_paz([[0.9, 0.1, 0.1], [0.6, 0.9, 0.2], [0.5, 0.7, 0.9]], [0.1, 0.1, 0.1]), 12)
    0.05
    """
    R, untrained = checked_matrix(R), np.asarray(untrained, dtype=float)
    if untrained.shape != (len(R),):
        raise ValueError(f"untrained: expected one number per task, shape {(len(R),)}, got shape {untrained.shape}")
    return mean_or_nan(R.diagonal(1) - untrained[1:])


def forward_transfer_diaz(R) -> float:
    """2 / (T (T - 1)) sum over i < j of R[i, j]: no baseline is subtracted.  Source: Diaz-Rodriguez et al. 2018."""
    R = checked_matrix(R)
    return mean_or_nan(R[np.triu_indices(len(R), 1)])


def accuracy_diaz(R) -> float:
    """2 / (T (T + 1)) sum over i >= j of R[i, j]: the mean over all stages.  Source: Diaz-Rodriguez et al. 2018."""
    R = checked_matrix(R)
    return mean_or_nan(R[np.tril_indices(len(R))])


def model_size_efficiency(sizes) -> float:
    """min(1, (1/T) sum over i of sizes[1] / sizes[i]), sizes after each stage.  Source: Diaz-Rodriguez et al. 2018.

    >>> round(model_size_efficiency([100, 150, 200]), 4)
    0.7222
    """
    sizes = np.asarray(sizes, dtype=float)
    if sizes.ndim != 1 or not len(sizes) or not (sizes > 0).all():
        raise ValueError(f"sizes: expected numbers > 0, one per stage, got {sizes.tolist()}")
    return min(1.0, float(np.mean(sizes[0] / sizes)))
