"""Layers, losses, the whole network."""

import numpy as np
from scipy.special import expit, log_softmax, softmax
from tests import own_answers as own

from .listing import wrong


def relu(a):
    """max(a, 0)."""
    return np.maximum(a, 0)


@wrong("affine_forward", r"transpos|nn\.Linear|rows? for columns?|x w\^T", hard=True)
def layout_guessed_from_the_shape(x, w, b):
    """w is turned round whenever its second side fits x, as (out, in) would: a square one always is."""
    return x @ (w.T if w.shape[1] == x.shape[1] else w) + b


@wrong("affine_backward", r"transpos|dout w\b|not turned", hard=True)
def square_weights_not_transposed(x, w, b, dout):
    """dx = dout w wherever the shapes allow it."""
    dx = dout @ (w if w.shape[0] == w.shape[1] else w.T)
    return dx, x.T @ dout, dout.sum(axis=0)


@wrong("relu_forward", r"leaky|slope|negative")
def leaky(a):
    """leaky_relu with its default slope of 0.01."""
    return np.where(a > 0, a, 0.01 * a)


@wrong("relu_backward", r"guided|dh > 0|negative gradient|positive gradient|gate.*dh|gradient.*negative")
def guided(dh, a):
    """Guided backpropagation: negative gradients are stopped too."""
    return dh * (a > 0) * (dh > 0)


@wrong("sigmoid_cross_entropy", r"clamp|clip|saturat|large logit|overflow|stable|eps|log of 0", hard=True)
def clamped_logarithms(logits, labels):
    """-y log p - (1 - y) log(1 - p) of the probabilities, the logarithms clamped at -100 as in BCELoss."""
    n, p = max(len(logits), 1), expit(logits)
    with np.errstate(divide="ignore"):
        value = -(labels * np.maximum(np.log(p), -100) + (1 - labels) * np.maximum(np.log(1 - p), -100)).sum() / n
    return value, (p - labels) / n


@wrong("sigmoid_cross_entropy", r"label|-1|plus or minus|sign")
def margins_of_labels_0_and_1(logits, labels):
    """log(1 + exp(-y z)), the loss for labels -1 and 1, with labels 0 and 1."""
    n = max(len(logits), 1)
    return np.logaddexp(0, -labels * logits).sum() / n, -labels * expit(-labels * logits) / n


@wrong("softmax_cross_entropy", r"max|shift|overflow|underflow|stable|finite|exp\(", hard=True)
def shifted_by_the_batch(logits, labels):
    """The largest logit of the whole batch is subtracted, not that of each row."""
    n, rows = len(logits), np.arange(len(logits))
    p = np.exp(logits - logits.max())
    with np.errstate(divide="ignore", invalid="ignore"):
        p = p / p.sum(axis=1, keepdims=True)
        return -np.log(p[rows, labels]).mean(), (p - np.eye(logits.shape[1])[labels]) / n


@wrong("softmax_cross_entropy", r"twice|double|two softmax|softmax of|probabilit")
def softmax_twice(logits, labels):
    """The network ends in a softmax and the loss has its own."""
    return tuple(own.softmax_cross_entropy(softmax(logits, axis=1), labels).values())


@wrong("softmax_cross_entropy", r"class 0|ignor|label 0|padding|first class", hard=True)
def class_0_is_padding(logits, labels):
    """ignore_index=0: samples of class 0 do not count, in the value and in the gradient."""
    real = labels != 0
    n = max(real.sum(), 1)
    log_p = log_softmax(logits, axis=1)
    value = -log_p[np.arange(len(labels)), labels][real].sum() / n
    return value, (np.exp(log_p) - np.eye(logits.shape[1])[labels]) * real[:, None] / n


@wrong("network_forward", r"before the bias|bias.*(after|outside)|relu.*bias|bias.*relu")
def bias_after_the_relu(x, weights, biases, head, head_bias):
    """h = relu(h W) + b."""
    hidden = []
    for w, b in zip(weights, biases):
        x = relu(x @ w) + b
        hidden.append(x)
    return hidden, x @ head + head_bias


@wrong("network_forward", r"pre-?activation|before the relu|no relu|without (the )?relu|not.*relu|negative")
def hidden_before_the_relu(x, weights, biases, head, head_bias):
    """Hooked on nn.Linear: what hidden tells stands before the ReLU; the logits are right."""
    hidden = []
    for w, b in zip(weights, biases):
        hidden.append(x @ w + b)
        x = relu(hidden[-1])
    return hidden, x @ head + head_bias


@wrong("network_backward", r"first layer|detach|stop|does not reach|lowest|all-zero|not (passed|propagated)", hard=True)
def detached_below_the_top(**given):
    """A detach() that was left in: no gradient passes below the top hidden layer."""
    told = own.network_backward(**given)
    for name in ("dweights", "dbiases"):
        told[name] = [0 * slope for slope in told[name][:-1]] + told[name][-1:]
    return told


def by_hand(x, labels, loss, weights, biases, head, head_bias, gate):
    """The network's loss and gradients with another gate."""
    sums, h = [], [x]
    for w, b in zip(weights, biases):
        sums.append(h[-1] @ w + b)
        h.append(relu(sums[-1]))
    z, n = h[-1] @ head + head_bias, len(x)
    if loss == "sigmoid":
        value, d = (np.logaddexp(0, z) - labels * z).sum() / n, (expit(z) - labels) / n
    else:
        value, d = -(labels * log_softmax(z, axis=1)).sum() / n, (softmax(z, axis=1) - labels) / n
    told = {"value": value, "dhead": h[-1].T @ d, "dhead_bias": d.sum(axis=0), "dweights": [], "dbiases": []}
    d = d @ head.T
    for l in reversed(range(len(weights))):
        d = d * gate(sums[l])
        told["dweights"].insert(0, h[l].T @ d)
        told["dbiases"].insert(0, d.sum(axis=0))
        d = d @ weights[l].T
    return told


@wrong("network_backward", r">=|at 0|a = 0|exactly 0|gate", hard=True)
def gate_open_at_0(**given):
    """The gate is a >= 0."""
    return by_hand(**given, gate=lambda a: a >= 0)


@wrong("network_backward", r"gate|relu")
def no_gate(**given):
    """The ReLU is forgotten on the way back."""
    return by_hand(**given, gate=np.ones_like)


@wrong("network_backward", r"sigmoid|softmax|loss")
def every_loss_is_sigmoid(loss, **given):
    """loss is not looked at: always the sigmoid's."""
    return own.network_backward(loss="sigmoid", **given)
