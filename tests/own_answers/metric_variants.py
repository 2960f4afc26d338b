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

from den_ref.core.metrics import Performances, backward_transfer, mean_or_nan
from den_ref.doors import Floats, door, refusal


@door
def backward_transfer_gem_code(R: Performances()) -> float:
    """(1/T) sum over j < T of R[T, j] - R[j, j]: what the code released with GEM computes, T instead of T - 1."""
    return backward_transfer(R) * (len(R) - 1) / len(R)


@door
def backward_transfer_diaz(R: Performances()) -> float:
    """2 / (T (T - 1)) sum over i > j of R[i, j] - R[j, j]: after every stage, not after the last alone.

    Source: Diaz-Rodriguez et al. 2018.

    >>> round(backward_transfer_diaz([[0.9, 0.1, 0.1], [0.6, 0.9, 0.2], [0.5, 0.7, 0.9]]), 12)
    -0.3
    """
    later, earlier = np.tril_indices(len(R), -1)
    return mean_or_nan(R[later, earlier] - R.diagonal()[earlier])


@door
def remembering_diaz(R: Performances()) -> float:
    """REM = 1 - abs(min(BWT, 0)), BWT being :func:`backward_transfer_diaz`: 1 if nothing was forgotten."""
    return 1 - abs(np.minimum(backward_transfer_diaz(R), 0))


@door
def positive_backward_transfer_diaz(R: Performances()) -> float:
    """BWT+ = max(BWT, 0), BWT being :func:`backward_transfer_diaz`."""
    return float(np.maximum(backward_transfer_diaz(R), 0))


@door
def forgetting_with_last(R: Performances()) -> float:
    """mean over j < T of (max over j <= i <= T of R[i, j]) - R[T, j]: the last stage is in the maximum.

    Never negative.  So it stands in the code of Mammoth.

    >>> forgetting_with_last([[0.5, np.nan], [0.75, 0.7]])
    0.0
    """
    return mean_or_nan([R[j:, j].max() - R[-1, j] for j in range(len(R) - 1)])


@door
def forgetting_from_first(R: Performances()) -> float:
    """mean over j < T of R[j, j] - R[T, j]: minus the backward transfer.  So it stands in the code of Avalanche."""
    return -backward_transfer(R)


@door
def forward_transfer_lopez_paz(R: Performances(), untrained: Performances(per_task=True)) -> float:
    """mean over i > 1 of R[i - 1, i] - b[i], b[i] being the score of an untrained network on task i.

    Source: Lopez-Paz and Ranzato 2017.

    >>> round(forward_transfer_lopez_paz([[0.9, 0.1, 0.1], [0.6, 0.9, 0.2], [0.5, 0.7, 0.9]], [0.1, 0.1, 0.1]), 12)
    0.05
    """
    return mean_or_nan(R.diagonal(1) - untrained[1:])


@door
def forward_transfer_diaz(R: Performances()) -> float:
    """2 / (T (T - 1)) sum over i < j of R[i, j]: no baseline is subtracted.  Source: Diaz-Rodriguez et al. 2018."""
    return mean_or_nan(R[np.triu_indices(len(R), 1)])


@door
def accuracy_diaz(R: Performances()) -> float:
    """2 / (T (T + 1)) sum over i >= j of R[i, j]: the mean over all stages.  Source: Diaz-Rodriguez et al. 2018."""
    return mean_or_nan(R[np.tril_indices(len(R))])


@door
def model_size_efficiency(sizes: Floats("stages", above=0)) -> float:
    """min(1, (1/T) sum over i of sizes[1] / sizes[i]), sizes after each stage.  Source: Diaz-Rodriguez et al. 2018.

    >>> round(model_size_efficiency([100, 150, 200]), 4)
    0.7222
    """
    if not len(sizes):
        raise refusal("sizes", "numbers > 0, one per stage", sizes)
    return min(1.0, float(np.mean(sizes[0] / sizes)))
