"""A whole network: scores, and the data loss with its gradient."""

from __future__ import annotations

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import GRADIENT, NETWORK, array, classes, coins, network, normals, sixteenths
from tests.oracles.recipe import Mistake, Question, Recipe

LAYERS = ["samples are rows; a column of a weight matrix is a unit's incoming weights",
          "ReLU on hidden layers only: the head is linear"]
ORACLE = "value: the formula in 50-digit decimals; gradient: central differences of it"


@hp.in_fifty_digits
def forward(x, weights, biases, head, head_bias):
    """Activations of every hidden layer, and the logits."""
    hidden = hp.activations(x, weights, biases)
    return {"hidden": hidden, "logits": hp.product([x, *hidden][-1], head) + head_bias}


def relu_on_head(x, weights, biases, head, head_bias):
    """The head with a ReLU."""
    right = forward(x=x, weights=weights, biases=biases, head=head, head_bias=head_bias)
    return {"logits": np.maximum(right["logits"], 0)}


def before_relu(x, weights, biases, head, head_bias):
    """h_{l-1} W_l + b_l."""
    below = [x, *forward(x=x, weights=weights, biases=biases, head=head, head_bias=head_bias)["hidden"]]
    return {"hidden": [h @ w + b for h, w, b in zip(below, weights, biases)]}


def linear_layers(x, weights, biases, head, head_bias):
    """No ReLU at all."""
    hidden = [x]
    for w, b in zip(weights, biases, strict=True):
        hidden.append(hidden[-1] @ w + b)
    return {"hidden": hidden[1:], "logits": hidden[-1] @ head + head_bias}


def top_linear(x, weights, biases, head, head_bias):
    """ReLU between hidden layers only."""
    if not weights:
        return {}
    below = forward(x=x, weights=weights[:-1], biases=biases[:-1], head=weights[-1], head_bias=biases[-1])
    return {"hidden": [*below["hidden"], below["logits"]], "logits": below["logits"] @ head + head_bias}


def turned(x, weights, **rest):
    """Every matrix transposed: cannot run unless all are square."""
    square = all(w.shape[0] == w.shape[1] for w in weights)
    return forward(x=x, weights=[w.T for w in weights], **rest) if square and weights else {}


def bias_after_relu(x, weights, biases, head, head_bias):
    """relu(h W) + b."""
    hidden = [x]
    for w, b in zip(weights, biases, strict=True):
        hidden.append(np.maximum(hidden[-1] @ w, 0) + b)
    return {"hidden": hidden[1:], "logits": hidden[-1] @ head + head_bias}


FORWARD = Recipe(
    name="network_forward",
    equation="h_0 = x,  h_l = relu(h_{l-1} W_l + b_l),  logits = h_m V + c  (paper, section 3)",
    inputs={"x": "float64[*,*]", **NETWORK},
    outputs={"hidden/*": "float64[*,*]", "logits": "float64[*,*]"},
    conventions=LAYERS,
    oracle=forward,
    mistakes=[
        Mistake("relu-on-head", "The logits go through a ReLU; the head is linear.", relu_on_head),
        Mistake("relu-missing", "The hidden layers are linear; each has a ReLU.", linear_layers),
        Mistake("weights-transposed", "The weights were used as their transposes: h W, a column of W being a unit's "
                "incoming weights.", turned),
        Mistake("head-bias-missing", "The bias c of the head was not added.",
                lambda head_bias, **rest: {"logits": forward(head_bias=0 * head_bias, **rest)["logits"]}),
        Mistake("hidden-before-relu", "What stands before the ReLU was returned as hidden; it is what comes out of it.",
                before_relu),
        Mistake("relu-missing-on-top", "The last hidden layer has no ReLU; every hidden layer has one.", top_linear),
        Mistake("bias-after-relu", "The bias was added after the ReLU; it stands inside, relu(h W + b).",
                bias_after_relu),
    ],
    questions=[
        Question("by-hand", "two units, one of them silent",
                 {"x": array([1, 2]), "weights": [array([2, -1], [1, -1])], "biases": [np.array([1.0, 0])],
                  "head": array([3], [9]), "head_bias": np.array([-15.5])},
                 "by hand: h = (5, 0), logit 15 - 15.5", "exact",
                 expected={"hidden": [array([5, 0])], "logits": array([-0.5])}),
        Question("no-hidden-layer", "a head on the inputs", {
            "x": array([1, 2], [0, -1]), "weights": [], "biases": [], "head": array([1], [2]),
            "head_bias": np.array([0.5])}, "by hand", "exact", expected={"hidden": [], "logits": array([5.5], [-1.5])}),
        Question("empty-layer", "a hidden layer of width 0: everything above is constant", {
            "x": array([1], [2]), "weights": [np.zeros((1, 0)), np.zeros((0, 2))],
            "biases": [np.zeros(0), np.array([1.0, -1])], "head": array([2], [5]), "head_bias": np.array([0.5])},
                 "by hand: h = (1, 0), logit 2.5", "exact",
                 expected={"hidden": [np.zeros((2, 0)), array([1, 0], [1, 0])], "logits": array([2.5], [2.5])}),
        Question("one-hidden-layer", "seven samples, five inputs, six units, three outputs",
                 lambda: {"x": normals(1, 7, 5), **network(2, 5, 6, n_outputs=3)},
                 "the formula in 50-digit decimals"),
        Question("square", "three of everything: samples, inputs, units and outputs",
                 lambda: {"x": normals(5, 3, 3), **network(6, 3, 3, 3, n_outputs=3)},
                 "the formula in 50-digit decimals"),
        Question("two-hidden-layers-exact", "multiples of 1/16 in two hidden layers",
                 lambda: {"x": sixteenths(1, 5, 4), **network(2, 4, 5, 3, draw=sixteenths)},
                 "the formula in 50-digit decimals", "exact"),
        Question("three-hidden-layers", "widths 8, 7, 5, 4 and two outputs",
                 lambda: {"x": normals(3, 10, 8), **network(4, 8, 7, 5, 4, n_outputs=2)},
                 "the formula in 50-digit decimals"),
    ])

# --- backward ----------------------------------------------------------------------------------------------------


@hp.in_fifty_digits
def backward(x, labels, loss, weights, biases, head, head_bias):
    """The data loss, and its gradient by differences."""
    parameters = (weights, biases, head, head_bias)
    return {"value": hp.network_loss(x, labels, loss, *parameters),
            **hp.network_gradient(x, labels, loss, *parameters)}


def dlogits_of(logits, labels, loss):
    """(p - y) / n."""
    n = max(len(logits), 1)
    if loss == "sigmoid":
        return (1 / (1 + np.exp(-logits)) - labels) / n
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True) - labels) / n


def backpropagation(x, labels, loss, weights, biases, head, head_bias, gate=lambda a: a > 0, factor=1.0,
                    turn=np.transpose):
    """The gradient in matrices, with a gate of one's own and a constant in front of the loss."""
    before, hidden = [], [x]
    for w, b in zip(weights, biases, strict=True):
        before.append(hidden[-1] @ w + b)
        hidden.append(np.maximum(before[-1], 0))
    delta = factor * dlogits_of(hidden[-1] @ head + head_bias, labels, loss)
    grads = {"dweights": [], "dbiases": [], "dhead": hidden[-1].T @ delta, "dhead_bias": delta.sum(axis=0)}
    above = head
    for h, a, w in zip(hidden[-2::-1], before[::-1], weights[::-1], strict=True):
        delta, above = (delta @ turn(above)) * gate(a), w
        grads["dweights"].insert(0, h.T @ delta)
        grads["dbiases"].insert(0, delta.sum(axis=0))
    return grads


@hp.in_fifty_digits
def value(**inputs):
    """The data loss alone."""
    return {"value": hp.network_loss(**inputs)}


def forward_weights(weights, head, **inputs):
    """delta W for delta W^T: cannot run unless all are square."""
    square = all(w.shape[0] == w.shape[1] for w in [*weights, head])
    return backpropagation(weights=weights, head=head, **inputs, turn=lambda w: w) if square and weights else {}


def by_factor(factor):
    """A wrong constant in front of the loss, as a function of (samples, outputs)."""
    def outputs(**inputs):
        c = factor(max(len(inputs["x"]), 1), inputs["head"].shape[1])
        return {"value": c * value(**inputs)["value"], **backpropagation(**inputs, factor=c)}

    return outputs


def detached(**inputs):
    """Nothing arrives below the top hidden layer."""
    right = backpropagation(**inputs)
    return {name: [0 * slope for slope in right[name][:-1]] + right[name][-1:] for name in ("dweights", "dbiases")}


BACKWARD = Recipe(
    name="network_backward",
    equation="value = L(W; D), the mean sigmoid or softmax cross-entropy of the network's logits;  d... = its gradient",
    inputs={"x": "float64[*,*]", "labels": "float64[*,*]", "loss": "string", **NETWORK},
    outputs={"value": "float64", **GRADIENT},
    conventions=[*LAYERS, "labels are 0 and 1, one column per output; for the loss \"softmax\" each row has one 1 "
                 "(not class numbers, as in softmax_cross_entropy)",
                 "\"sigmoid\" sums over outputs; both losses are means over samples", "the gate of the ReLU is a > 0"],
    oracle=backward,
    mistakes=[
        Mistake("relu-gate-open-at-zero", "The gate of the ReLU is a >= 0, so it is open on the kink; it is a > 0.",
                lambda **inputs: backpropagation(**inputs, gate=lambda a: a >= 0)),
        Mistake("relu-gate-on-activation", "The gate is h >= 0 on the activation h = max(a, 0), which is always true, "
                "so gradients pass through silent units (seen in a NumPy tutorial). It is a > 0.",
                lambda **inputs: backpropagation(**inputs, gate=np.ones_like)),
        Mistake("mean-over-outputs", "The loss is averaged over outputs (or classes); it is averaged over samples "
                "only.", by_factor(lambda n, k: 1 / k)),
        Mistake("sum-over-samples", "The loss is summed over samples; it is the mean over samples.",
                by_factor(lambda n, k: n)),
        Mistake("gradient-not-averaged", "The gradient was summed over samples, while the value is their mean.",
                lambda **inputs: backpropagation(**inputs, factor=max(len(inputs["x"]), 1))),
        Mistake("gradient-reversed", "The gradient has the other sign: it starts with p - y, not y - p.",
                lambda **inputs: backpropagation(**inputs, factor=-1)),
        Mistake("weights-transposed", "What flows back went through W; it goes through W^T.", forward_weights),
        Mistake("lower-layers-detached", "No gradient passes below the top hidden layer (a detach): every layer gets "
                "its own.", detached),
        Mistake("sigmoid-for-softmax", "The sigmoid's loss was taken whatever loss says; \"softmax\" has another.",
                lambda loss, **given: backward(loss="sigmoid", **given)),
    ],
    questions=[
        Question("on-the-kink", "three units before, on and after the kink; the head's logit is 0",
                 {"x": array([1]), "labels": array([1]), "loss": "sigmoid", "weights": [array([-1, 1, 1])],
                  "biases": [np.array([0.0, -1, 0])], "head": array([2], [4], [1]), "head_bias": np.array([-1.0])},
                 "by hand: a = (-1, 0, 1), dlogit = -1/2, the gate is closed on the kink by convention",
                 expected={"value": float(np.log(2)), "dweights": [array([0, 0, -0.5])], "dhead_bias": np.array([-0.5]),
                           "dbiases": [np.array([0, 0, -0.5])], "dhead": array([0], [0], [-0.5])}, by_hand_only=True),
        Question("no-hidden-layer", "a head on the inputs, at logit 0",
                 {"x": array([1, 2], [3, 0]), "labels": array([1], [0]), "loss": "sigmoid", "weights": [], "biases": [],
                  "head": array([0], [0]), "head_bias": np.array([0.0])}, "by hand: dlogits = (-1/4, 1/4)",
                 expected={"value": float(np.log(2)), "dweights": [], "dbiases": [], "dhead": array([0.5], [-0.5]),
                           "dhead_bias": np.array([0.0])}),
        Question("several-outputs", "two hidden layers and three sigmoid outputs",
                 lambda: {"x": normals(1, 6, 4), "labels": coins(2, 6, 3), "loss": "sigmoid",
                          **network(3, 4, 5, 3, n_outputs=3)}, ORACLE),
        Question("softmax", "one hidden layer and four classes",
                 lambda: {"x": normals(4, 8, 3), "labels": np.eye(4)[classes(5, 8, 4)], "loss": "softmax",
                          **network(6, 3, 5, n_outputs=4)}, ORACLE),
        Question("square", "three of everything: samples, inputs, units and outputs",
                 lambda: {"x": normals(10, 3, 3), "labels": coins(11, 3, 3), "loss": "sigmoid",
                          **network(12, 3, 3, 3, n_outputs=3)}, ORACLE),
        Question("silent-layer", "the upper layer is silent for both samples: below it nothing moves",
                 {"x": array([1, 2], [0.5, -1]), "labels": array([1], [0]), "loss": "sigmoid",
                  "weights": [array([1, -1], [1, 2]), array([1], [-2])], "biases": [np.array([1.0, 0]),
                                                                                    np.array([-4.0])],
                  "head": array([3]), "head_bias": np.array([0.0])},
                 "by hand: h_1 = (4, 3), (0.5, 0), a_2 = -6, -3.5; logits 0, dlogits = (-1/4, 1/4)",
                 expected={"value": float(np.log(2)), "dweights": [np.zeros((2, 2)), np.zeros((2, 1))],
                           "dbiases": [np.zeros(2), np.zeros(1)], "dhead": array([0]), "dhead_bias": np.array([0.0])}),
        Question("larger", "three hidden layers, ten samples",
                 lambda: {"x": normals(7, 10, 6), "labels": coins(8, 10, 2), "loss": "sigmoid",
                          **network(9, 6, 6, 5, 4, n_outputs=2)}, ORACLE),
    ])

RECIPES = [FORWARD, BACKWARD]
