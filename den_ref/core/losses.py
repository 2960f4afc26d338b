"""The two losses: value and gradient together.

Both are the **mean over samples**; the sigmoid loss is **summed over outputs**.  No samples: value 0.
Stable for any finite logits: nothing large is ever exponentiated.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import expit

from den_ref.doors import LOSS_NAMES, Binary, Floats, Labels, OneOf, door


@door
def sigmoid_cross_entropy(logits: Floats("n", "*outputs"), labels: Binary("n", "*outputs")):
    """(1/n) sum over samples and outputs of log(1 + exp(z)) - y z.

    Written as max(z, 0) - y z + log(1 + exp(-abs(z))).  The gradient is (sigmoid(z) - y) / n, also at z = 0.

    Parameters
    ----------
    logits : (n, n_outputs) array z
    labels : (n, n_outputs) array y of 0 and 1

    Returns
    -------
    value : float
    dlogits : (n, n_outputs)

    >>> sigmoid_cross_entropy(np.array([[0.0]]), np.array([[1.0]]))[1]
    array([[-0.5]])
    """
    n = max(len(logits), 1)
    losses = np.maximum(logits, 0) - labels * logits + np.log1p(np.exp(-np.abs(logits)))     # (n, n_outputs)
    dlogits = expit(logits)
    dlogits -= labels
    dlogits *= 1 / n
    return float(losses.sum(dtype=np.float64)) / n, dlogits


@door
def softmax_cross_entropy(logits: Floats("n", "n_classes"), labels: Labels("n", "n_classes", "softmax")):
    """(1/n) sum over samples of log(sum over c of exp(z_c)) - z_y.

    The gradient is (softmax(z) - onehot(y)) / n.

    Parameters
    ----------
    logits : (n, n_classes) array z
    labels : (n,) integers 0..n_classes-1

    Returns
    -------
    value : float
    dlogits : (n, n_classes)

    >>> softmax_cross_entropy(np.array([[0.0, 0.0]]), np.array([1]))[1]
    array([[ 0.5, -0.5]])
    """
    n = max(len(logits), 1)
    shifted = logits - logits.max(axis=1, keepdims=True)                        # (n, n_classes)
    dlogits = np.exp(shifted)
    totals = dlogits.sum(axis=1, keepdims=True)                                 # (n, 1), between 1 and n_classes
    rows = np.arange(len(logits))
    losses = np.log(totals[:, 0]) - shifted[rows, labels]
    dlogits /= totals
    dlogits[rows, labels] -= 1
    dlogits *= 1 / n
    return float(losses.sum(dtype=np.float64)) / n, dlogits


#: Loss by the name that a Task carries.
LOSSES = {"sigmoid": sigmoid_cross_entropy, "softmax": softmax_cross_entropy}


def loss_function(loss: str | Callable) -> Callable:
    """The function (logits, labels) -> (value, dlogits) of a loss, given by its name or as that function itself."""
    if not callable(loss) and loss not in LOSS_NAMES:
        raise ValueError(f"loss: expected one of {', '.join(LOSSES)}, or a function, got {loss!r}")
    return loss if callable(loss) else LOSSES[loss]


@door
def base_rate_entropy(labels: Labels(), loss: OneOf(*LOSS_NAMES)) -> float:
    """The smallest loss that ignores the inputs: the entropy of the labels' frequencies, in nats.

    Sum over outputs of the binary entropies for "sigmoid", entropy of the class frequencies for "softmax".  A loss
    far below it has learnt something; tau is best read beside it.

    >>> round(base_rate_entropy(np.array([[1.0], [0.0]]), "sigmoid"), 6)
    0.693147
    """
    if loss == "softmax":
        rates = np.bincount(labels) / len(labels)
    else:
        ones = labels.mean(axis=0, dtype=np.float64)
        rates = np.concatenate([ones, 1 - ones])
    rates = rates[rates > 0]
    return float(-(rates * np.log(rates)).sum())
