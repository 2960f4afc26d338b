"""AUROC, the performance matrix."""

import numpy as np
from tests import own_answers as own

from .listing import wrong


@wrong("auroc", r"precision|recall")
def average_precision(scores, labels):
    """The area under precision and recall."""
    if len(set(labels.tolist())) < 2:
        return np.nan
    y = labels[np.argsort(-scores, kind="stable")]
    return float((np.cumsum(y) / np.arange(1, len(y) + 1))[y == 1].mean())


@wrong("auroc", r"flip|1 -|below (0\.5|1/2|chance|half)|direction|turned round|at least", hard=True)
def never_below_one_half(scores, labels):
    """max(a, 1 - a): a classifier that is worse than chance is turned round."""
    area = own.auroc(scores, labels)
    return float(np.maximum(area, 1 - area))


def mean(values):
    """NaN of nothing."""
    return float(np.mean(values)) if len(values) else np.nan


@wrong("performance_matrix_metrics", r"nan|never measured|missing|not measured|skipp", hard=True)
def unmeasured_left_out(R, separate):
    """nanmean: what was never measured is left out of the means."""
    told = own.performance_matrix_metrics(R, separate)
    gained = (R.diagonal() - separate)[1:]
    lost = R[-1, :-1] - R.diagonal()[:-1]
    def known(values):
        return mean(values[~np.isnan(values)])

    return told | {"average_performance": known(R[-1]), "backward_transfer": known(lost),
                   "forward_transfer": known(gained)}


@wrong("performance_matrix_metrics", r"before|upper|i < j|above|not yet|all stages|every stage|from the (first|start)",
       hard=True)
def best_before_it_was_learnt(R, separate):
    """forgetting: the maximum is over all stages before the last, also those before the task was learnt."""
    drops = [R[:-1, j].max() - R[-1, j] for j in range(len(R) - 1)]
    return own.performance_matrix_metrics(R, separate) | {"forgetting": mean(drops)}


@wrong("performance_matrix_variants", r"min|cap|above 1|exceed|more than 1|larger than 1|bounded|> 1", hard=True)
def efficiency_above_one(sizes, **given):
    """MS is not held to at most 1."""
    return own.performance_matrix_variants(sizes=sizes, **given) | {"model_size_efficiency": mean(sizes[0] / sizes)}


@wrong("performance_matrix_variants", r"diagonal|R\[i, ?i\]|i-1|i - 1|after learning|own stage|before learning")
def forward_from_the_diagonal(R, untrained, **given):
    """Lopez-Paz: R[i, i] - b[i], after the task was learnt, not before."""
    told = own.performance_matrix_variants(R=R, untrained=untrained, **given)
    return told | {"forward_transfer_lopez_paz": mean((R.diagonal() - untrained)[1:])}
