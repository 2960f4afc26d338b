"""The formulas once more, with 50 decimal digits: the oracle of most golden values.

Numbers are ``decimal.Decimal``, arrays are NumPy arrays of them, so that a formula reads as on paper.  Gradients are
**not** derived here: they are central differences of the value, which at 50 digits are right to about 30.  (On a kink
of the ReLU a difference has no meaning; such cases are worked out by hand.)
"""

from __future__ import annotations

import copy
from decimal import Context, Decimal, localcontext
from functools import wraps

import numpy as np

#: Digits carried, and the half-width of a central difference: its error is about STEP^2 + 10^-DIGITS / STEP.
DIGITS = 50
STEP = Decimal("1e-17")

# --- in and out --------------------------------------------------------------------------------------------------


def in_fifty_digits(function):
    """The function with float arguments taken as exact decimals, and its decimal results rounded to float64 once."""
    @wraps(function)
    def rounded(**inputs):
        with localcontext(Context(prec=DIGITS)):
            return {name: to_float(value) for name, value in function(**to_decimal(inputs)).items()}

    return rounded


def to_decimal(value):
    """Floats to the decimals they exactly are; integers, truth values and text stay; dicts and lists entry by entry."""
    if isinstance(value, dict):
        return {name: to_decimal(one) for name, one in value.items()}
    if isinstance(value, list):
        return [to_decimal(one) for one in value]
    if isinstance(value, np.ndarray):
        return elementwise(Decimal, value.astype(object)) if value.dtype.kind == "f" else value
    return Decimal(value) if isinstance(value, float) else value


def to_float(value):
    """The nearest float64 of every decimal."""
    if isinstance(value, list):
        return [to_float(one) for one in value]
    if isinstance(value, np.ndarray):
        return value.astype(np.float64) if value.dtype == object else value
    return float(value) if isinstance(value, Decimal) else value


def elementwise(function, array) -> np.ndarray:
    """function(entry) for every entry of an array of any shape, the empty one too."""
    result = np.empty(array.shape, object)
    for index in np.ndindex(array.shape):
        result[index] = function(array[index])
    return result


# --- small parts -------------------------------------------------------------------------------------------------


def total(values) -> Decimal:
    """The sum of all entries; 0 of none."""
    return sum(np.ravel(values), Decimal(0))


def product(a, b) -> np.ndarray:
    """The matrix product."""
    return a @ b if a.shape[1] else np.full((a.shape[0], b.shape[1]), Decimal(0))


def norm(values) -> Decimal:
    """Euclidean norm."""
    return total(np.ravel(values) ** 2).sqrt()


def l1(w) -> Decimal:
    """Sum of abs."""
    return total(abs(np.ravel(w)))


def column_norms(w) -> Decimal:
    """Sum over columns of their norms."""
    return total([norm(w[:, j]) for j in range(w.shape[1])])


def relu(a) -> np.ndarray:
    """max(a, 0)."""
    return np.where(a > 0, a, Decimal(0)) if a.size else a


def sigmoid(z: Decimal) -> Decimal:
    """1 / (1 + exp(-z))."""
    return 1 / (1 + (-z).exp())


# --- losses ------------------------------------------------------------------------------------------------------


def sigmoid_loss(logits, labels) -> Decimal:
    """(1/n) sum over samples and outputs of -y log p - (1 - y) log(1 - p), with p = sigmoid(z); y is 0 or 1.

    -log p = log(1 + exp(-z)) and -log(1 - p) = log(1 + exp(z)): one of them per entry.
    """
    signed = np.where(labels == 1, -logits, logits) if logits.size else logits
    return total(elementwise(lambda s: (1 + s.exp()).ln(), signed)) / max(len(logits), 1)


def softmax_loss(logits, labels) -> Decimal:
    """(1/n) sum over samples of -log p_y, with p = softmax(z)."""
    one_by_one = [total(elementwise(Decimal.exp, z - z[y])).ln() for z, y in zip(logits, labels, strict=True)]
    return total(one_by_one) / max(len(logits), 1)


LOSSES = {"sigmoid": sigmoid_loss, "softmax": softmax_loss}


# --- the network -------------------------------------------------------------------------------------------------


def activations(x, weights, biases) -> list:
    """[h_1, ..., h_m] of h_0 = x, h_l = relu(h_{l-1} W_l + b_l)."""
    hidden = [x]
    for w, b in zip(weights, biases, strict=True):
        hidden.append(relu(product(hidden[-1], w) + b))
    return hidden[1:]


def network_loss(x, labels, loss, weights, biases, head, head_bias) -> Decimal:
    """The mean loss L of a network over samples; the labels of a softmax are rows with one 1."""
    top = [x, *activations(x, weights, biases)][-1]
    labels = labels.argmax(axis=1) if loss == "softmax" else labels
    return LOSSES[loss](product(top, head) + head_bias, labels)


def network_gradient(*network) -> dict:
    """dL/d(every parameter), as dweights, dbiases, dhead, dhead_bias; the arguments are those of network_loss."""
    key = as_text(network)
    if key not in _gradients:                                      # the mistakes of a case ask for it again
        _gradients[key] = _network_gradient(*network)
    return copy.deepcopy(_gradients[key])


_gradients: dict[str, dict] = {}


def as_text(value) -> str:
    """Every entry of nested lists and arrays, written out."""
    parts = value.tolist() if isinstance(value, np.ndarray) else value
    return f"[{','.join(map(as_text, parts))}]" if isinstance(parts, (list, tuple)) else str(parts)


def _network_gradient(x, labels, loss, weights, biases, head, head_bias) -> dict:
    parameters = [*weights, *biases, head, head_bias]
    m = len(weights)

    def value():
        return network_loss(x, labels, loss, parameters[:m], parameters[m:2 * m], *parameters[2 * m:])

    slopes = [central_differences(value, parameter) for parameter in parameters]
    return {"dweights": slopes[:m], "dbiases": slopes[m:2 * m], "dhead": slopes[-2], "dhead_bias": slopes[-1]}


def central_differences(value, array) -> np.ndarray:
    """(value(a + STEP) - value(a - STEP)) / (2 STEP) for every entry a of an array that ``value()`` reads."""
    slope = np.empty(array.shape, object)
    for index in np.ndindex(array.shape):
        kept = array[index]
        array[index] = kept + STEP
        above = value()
        array[index] = kept - STEP
        slope[index] = (above - value()) / (2 * STEP)
        array[index] = kept
    return slope


# --- proxes, by their optimality conditions ----------------------------------------------------------------------


def soft(z: Decimal, threshold: Decimal) -> Decimal:
    """argmin over u of (u - z)^2 / 2 + threshold abs(u), by cases."""
    return z - threshold if z > threshold else z + threshold if z < -threshold else Decimal(0)


def sparse_group_column(z, d, mu, gamma) -> list:
    """argmin over u of sum(d (u - z)^2) / 2 + mu sum(abs(u)) + gamma norm(u), for one column.

    If the minimiser is not 0, it has a norm r > 0, and its derivative d (u - z) + mu sign(u) + gamma u / r vanishes:
    u = soft(d z, mu) / (d + gamma / r), entry by entry.  Its norm rises with r more slowly than r: there is one r with
    norm(u) = r, found by bisection.  It is 0 if the pull that is left, norm(soft(d z, mu)), is at most gamma.
    """
    pull = [soft(d_i * z_i, mu) for z_i, d_i in zip(z, d, strict=True)]
    if total(np.array(pull, object) ** 2) <= gamma * gamma:
        return [Decimal(0) for _ in pull]
    low, high = Decimal(0), norm(np.array([p / d_i for p, d_i in zip(pull, d, strict=True)], object))
    for _ in range(3 * DIGITS + 20):
        r = (low + high) / 2
        inside = total([(p / (d_i * r + gamma)) ** 2 for p, d_i in zip(pull, d, strict=True)]) <= 1
        low, high = (low, r) if inside else (r, high)
    return [p / (d_i + gamma / high) for p, d_i in zip(pull, d, strict=True)]


def sparse_group(w, d, mu, gamma) -> np.ndarray:
    """:func:`sparse_group_column` for every column of w (p, q); d is like w."""
    result = np.empty(w.shape, object)
    for j in range(w.shape[1]):
        result[:, j] = sparse_group_column(w[:, j], d[:, j], mu, gamma)
    return result
