"""Layers, losses, the whole network: forwards and backwards."""

import numpy as np
from scipy.special import expit, log_softmax, softmax

from tests import own_answers as own

from .listing import wrong

# --- layers ------------------------------------------------------------------------------------------------------


@wrong("affine_forward", r"transpos", known="weights-transposed")
def linear_layout(x, w, b):
    """The weight is taken as nn.Linear keeps it, (units, features)."""
    return x @ w.T + b


@wrong("affine_forward", r"single precision|float32|f32")
def affine_in_float32(x, w, b):
    """The default dtype of the framework: float32."""
    return x.astype(np.float32) @ w.astype(np.float32) + b.astype(np.float32)


@wrong("affine_forward", r"bias", hard=True)
def empty_layer_is_zero(x, w, b):
    """A layer without features gives zeros: an early return forgets the bias."""
    return np.zeros((len(x), len(b))) if w.shape[0] == 0 else x @ w + b


@wrong("affine_forward", r"bias.*(row|sample|axis|broadcast)")
def bias_down_the_samples(x, w, b):
    """The bias is broadcast along samples, b[:, None]."""
    return x @ w + np.resize(b, len(x))[:, None]


@wrong("affine_backward", r"averaged|mean over|divided by the number")
def mean_bias_gradient(x, w, b, dout):
    """db is the mean over samples; dw is right."""
    return dout @ w.T, x.T @ dout, dout.mean(axis=0) if len(dout) else b * 0


@wrong("affine_backward", r"transpos")
def weight_gradient_transposed(x, w, b, dout):
    """dw = dout^T x, the layout of nn.Linear."""
    return dout @ w.T, dout.T @ x, dout.sum(axis=0)


@wrong("affine_backward", r"sum over samples|per-sample|not summed|sum.*samples")
def bias_gradient_not_summed(x, w, b, dout):
    """db is dout itself, a row per sample."""
    return dout @ w.T, x.T @ dout, dout


@wrong("affine_backward", r"sign|negat")
def descent_direction(x, w, b, dout):
    """The gradients come out as the step to take: with the opposite sign."""
    return -dout @ w.T, -x.T @ dout, -dout.sum(axis=0)


@wrong("relu_forward", r"leak|slope")
def leaky(a):
    """LeakyReLU with slope 0.01."""
    return np.where(a > 0, a, 0.01 * a)


@wrong("relu_forward", r"capped|cut|clip|above|ReLU6|large", hard=True)
def relu6(a):
    """ReLU6: large activations are cut at 6."""
    return np.clip(a, 0, 6)


@wrong("relu_backward", known="relu-gate-open-at-zero")
def gate_includes_zero(dh, a):
    """The gate is a >= 0."""
    return dh * (a >= 0)


@wrong("relu_backward", r"multipl|times (the )?activation|product")
def times_the_activation(dh, a):
    """dh is multiplied by max(a, 0) in place of its gate."""
    return dh * np.maximum(a, 0)


@wrong("relu_backward", r"leak|slope")
def leaky_backward(dh, a):
    """A silent unit passes 0.01 of its gradient on."""
    return np.where(a > 0, dh, 0.01 * dh)


# --- losses ------------------------------------------------------------------------------------------------------


@wrong("sigmoid_cross_entropy", known="mean-over-outputs")
def mean_of_everything(logits, labels):
    """binary_cross_entropy_with_logits with its default reduction: the mean over samples and outputs."""
    if not logits.size:
        return 0.0, logits * 0
    return (np.logaddexp(0, logits) - labels * logits).mean(), (expit(logits) - labels) / logits.size


@wrong("sigmoid_cross_entropy", r"gradient.*(sum|mean|divided|1/n|samples)|number of samples|factor")
def gradient_of_the_sum(logits, labels):
    """The value is the mean over samples, the gradient that of the sum."""
    return own.sigmoid_cross_entropy(logits, labels)["value"], expit(logits) - labels


@wrong("sigmoid_cross_entropy", r"no samples|empty|without samples|batch of 0", hard=True)
def nan_of_nothing(logits, labels):
    """The mean over no samples is 0/0."""
    right = own.sigmoid_cross_entropy(logits, labels)
    return right["value"] if len(logits) else np.nan, right["dlogits"]


@wrong("sigmoid_cross_entropy", r"clip|cut|epsilon|added|inside the log|1e-|stops growing", hard=True)
def epsilon_in_the_log(logits, labels):
    """log(p + 1e-12) and log(1 - p + 1e-12)."""
    p, n = expit(logits), max(len(logits), 1)
    value = -np.sum(labels * np.log(p + 1e-12) + (1 - labels) * np.log(1 - p + 1e-12)) / n
    return value, (p - labels) / n


@wrong("sigmoid_cross_entropy", r"overflow|nan", hard=True)
def gradient_overflows(logits, labels):
    """The value is stable, the gradient is exp(z) / (1 + exp(z)) as it stands."""
    with np.errstate(all="ignore"):
        p = np.exp(logits) / (1 + np.exp(logits))
    return own.sigmoid_cross_entropy(logits, labels)["value"], (p - labels) / max(len(logits), 1)


@wrong("sigmoid_cross_entropy", r"sign|negat|reversed")
def labels_minus_probabilities(logits, labels):
    """The gradient is (y - sigmoid(z)) / n."""
    right = own.sigmoid_cross_entropy(logits, labels)
    return right["value"], -right["dlogits"]


@wrong("softmax_cross_entropy", known="softmax-twice")
def softmax_before_the_loss(logits, labels):
    """The network ends with a softmax and the loss takes another."""
    return own.softmax_cross_entropy(softmax(logits, axis=1), labels)


@wrong("softmax_cross_entropy", r"axis|down the|columns|transpos|softmax over samples")
def over_the_wrong_axis(logits, labels):
    """The softmax runs over samples, axis 0."""
    n, rows = len(logits), np.arange(len(logits))
    onehot = np.eye(logits.shape[1])[labels]
    return -log_softmax(logits, axis=0)[rows, labels].mean(), (softmax(logits, axis=0) - onehot) / n


@wrong("softmax_cross_entropy", r"overflow|underflow|largest|shift|whole batch", hard=True)
def one_shift_for_all_samples(logits, labels):
    """The largest logit of the whole batch is subtracted, so that a sample far below it underflows."""
    powers, n = np.exp(logits - logits.max()), len(logits)
    with np.errstate(all="ignore"):
        p = powers / powers.sum(axis=1, keepdims=True)
        value = -np.log(p[np.arange(n), labels]).mean()
    return value, (p - np.eye(logits.shape[1])[labels]) / n


@wrong("softmax_cross_entropy", r"one-based|off by one|from 1|counted|index")
def one_based_labels(logits, labels):
    """Labels are taken for 1..C: y - 1 wraps around to the last class."""
    return own.softmax_cross_entropy(logits, (labels - 1) % logits.shape[1])


@wrong("softmax_cross_entropy", r"alias|in place|overwritten|after the|logarithm")
def value_after_the_write(logits, labels):
    """p[y] -= 1 is done in place before log(p[y]) is read."""
    p, rows, n = softmax(logits, axis=1), np.arange(len(logits)), len(logits)
    p[rows, labels] -= 1
    with np.errstate(all="ignore"):
        return -np.log(p[rows, labels]).mean(), p / n


@wrong("softmax_cross_entropy", r"gradient.*(sum|mean|divided|1/n|samples)|number of samples|factor")
def softmax_gradient_of_the_sum(logits, labels):
    """dlogits lacks its 1/n."""
    right = own.softmax_cross_entropy(logits, labels)
    return right["value"], right["dlogits"] * len(logits)


# --- the network -------------------------------------------------------------------------------------------------


def layers_of(x, weights, biases, act=lambda a: np.maximum(a, 0)):
    """All hidden activations."""
    hidden = []
    for w, b in zip(weights, biases):
        x = act(x @ w + b)
        hidden.append(x)
    return hidden


@wrong("network_forward", known="relu-on-head")
def relu_behind_every_layer(x, weights, biases, head, head_bias):
    """The head is built like a hidden layer."""
    return own.network_forward(x, weights, biases, head, head_bias)["hidden"], layers_of(
        x, [*weights, head], [*biases, head_bias])[-1]


@wrong("network_forward", r"before (its|the) ReLU|pre-activation|not rectified")
def hidden_before_the_relu(x, weights, biases, head, head_bias):
    """``hidden`` are the pre-activations; the logits are right."""
    inputs = [x, *layers_of(x, weights, biases)]
    return [h @ w + b for h, w, b in zip(inputs, weights, biases)], inputs[-1] @ head + head_bias


@wrong("network_forward", r"last (hidden )?layer|relu-missing|\btop\b")
def no_relu_on_top(x, weights, biases, head, head_bias):
    """ReLU only between hidden layers: the last one has none."""
    hidden = [x, *layers_of(x, weights[:-1], biases[:-1])]
    top = hidden[-1] @ weights[-1] + biases[-1] if weights else x
    return [*hidden[1:], top] if weights else [], top @ head + head_bias


@wrong("network_forward", r"bias")
def head_without_bias(x, weights, biases, head, head_bias):
    """The head's bias is not added."""
    right = own.network_forward(x, weights, biases, head, head_bias)
    return right["hidden"], right["logits"] - head_bias


@wrong("network_forward", r"bias|empty|width 0|constant", hard=True)
def nothing_below_nothing_above(x, weights, biases, head, head_bias):
    """Where a layer has width 0, the logits are 0."""
    right = own.network_forward(x, weights, biases, head, head_bias)
    return right["hidden"], right["logits"] * all(map(len, biases))


@wrong("network_backward", known="relu-gate-open-at-zero", hard=True)
def open_on_the_kink(x, labels, loss, weights, biases, head, head_bias):
    """Backpropagation with the gate a >= 0."""
    return backward(x, labels, loss, weights, biases, head, head_bias, gate=lambda a: a >= 0)


def backward(x, labels, loss, weights, biases, head, head_bias, gate=lambda a: a > 0):
    """Backpropagation, layer by layer."""
    inputs, answer = [x, *layers_of(x, weights, biases)], {"dweights": [], "dbiases": []}
    slope = {"softmax": lambda z: softmax(z, axis=1), "sigmoid": expit}[loss](inputs[-1] @ head + head_bias) - labels
    slope = slope / len(x)
    answer |= {"value": own.network_backward(x, labels, loss, weights, biases, head, head_bias)["value"],
               "dhead": inputs[-1].T @ slope, "dhead_bias": slope.sum(axis=0)}
    above = head
    for l in reversed(range(len(weights))):
        slope = (slope @ above.T) * gate(inputs[l] @ weights[l] + biases[l])
        answer["dweights"].insert(0, inputs[l].T @ slope)
        answer["dbiases"].insert(0, slope.sum(axis=0))
        above = weights[l]
    return answer


@wrong("network_backward", r"softmax|sigmoid")
def sigmoid_for_softmax(loss, **inputs):
    """The loss "softmax" is not looked at: every output is a sigmoid of its own."""
    return own.network_backward(loss="sigmoid", **inputs)


@wrong("network_backward", known="mean-over-outputs")
def framework_mean(head, loss, **inputs):
    """The sigmoid loss is averaged over outputs, a framework's default; the softmax is right."""
    share = 1 / head.shape[1] if loss == "sigmoid" else 1
    return {name: [share * one for one in value] if isinstance(value, list) else share * value
            for name, value in own.network_backward(head=head, loss=loss, **inputs).items()}


@wrong("network_backward", r"order|reversed|top first", hard=True)
def gradients_from_the_top(**inputs):
    """Gradients are appended on the way down and never reversed: the top layer's stand first."""
    right = own.network_backward(**inputs)
    return {**right, "dweights": right["dweights"][::-1], "dbiases": right["dbiases"][::-1]}


@wrong("network_backward", r"bias.*(averag|mean|divided)|(averag|mean|divided).*bias|factor")
def hidden_biases_averaged(x, **inputs):
    """dbiases of hidden layers are means over samples, although the loss has its 1/n already."""
    right = own.network_backward(x=x, **inputs)
    return {**right, "dbiases": [db / len(x) for db in right["dbiases"]]}


@wrong("network_backward", r"detach|held|lower|below|stops|first layer", hard=True)
def detached_below_the_top(**inputs):
    """The features are detached below the top hidden layer: lower layers get gradient 0."""
    right = own.network_backward(**inputs)
    lower = range(len(right["dweights"]) - 1)
    return right | {name: [0 * right[name][l] for l in lower] + right[name][-1:] for name in ("dweights", "dbiases")}
