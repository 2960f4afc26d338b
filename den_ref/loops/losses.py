"""The two losses, each with its gradient with respect to the logits.  A row of logits is a sample; n are n samples."""

import math

from .arrays import each, filled


def sigmoid_cross_entropy(logits, labels):
    """(1/n) sum over samples and outputs of log(1 + exp(z)) - y z, and its gradient (sigmoid(z) - y) / n.

    Labels are 0 or 1, one column per output.  At z = 0 the gradient is (1/2 - y) / n.
    """
    n = len(logits)
    shares = each(lambda z, y: (log_1_plus_exp(z) - y * z) / n, logits, labels)
    return sum(shares.ravel(), 0.0), each(lambda z, y: (sigmoid(z) - y) / n, logits, labels)


def log_1_plus_exp(z: float) -> float:
    """log(1 + exp(z)), by the side on which exp cannot overflow."""
    return z + math.log1p(math.exp(-z)) if z > 0 else math.log1p(math.exp(z))


def sigmoid(z: float) -> float:
    """1 / (1 + exp(-z)), by the side on which exp cannot overflow.

    >>> sigmoid(0.0), sigmoid(-1e4), sigmoid(1e4)
    (0.5, 0.0, 1.0)
    """
    return 1 / (1 + math.exp(-z)) if z > 0 else math.exp(z) / (1 + math.exp(z))


def softmax_cross_entropy(logits, labels):
    """(1/n) sum over samples of log(sum over c of exp(z_c)) - z_y, and its gradient (softmax(z)_c - [c = y]) / n.

    A label is the number of its class.
    """
    n, p = len(logits), [softmax(z) for z in logits]
    value = sum((log_sum_exp(z) - float(z[y])) / n for z, y in zip(logits, labels, strict=True))
    return value, filled(logits.shape, lambda i, c: (p[i][c] - (c == labels[i])) / n)


def softmax(z) -> list:
    """p_c = exp(z_c) / sum over k of exp(z_k) for the logits of one sample, after subtracting the largest."""
    powers = [math.exp(float(z_c) - float(max(z))) for z_c in z]
    return [power / sum(powers) for power in powers]


def log_sum_exp(z) -> float:
    """log(sum over c of exp(z_c)), the largest z_c taken out first, so that exp cannot overflow."""
    top = float(max(z))
    return top + math.log(sum(math.exp(float(z_c) - top) for z_c in z))


def loss_of_rows(logits, labels, loss: str):
    """Either loss, by name; for "softmax" a label is here a row with a single 1, at its class."""
    if loss == "softmax":
        return softmax_cross_entropy(logits, [list(row).index(1) for row in labels])
    return sigmoid_cross_entropy(logits, labels)
