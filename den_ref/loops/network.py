"""The network: affine layers with a ReLU behind each, and a head that is an affine layer alone."""

from .layers import affine_backward, affine_forward, relu_backward, relu_forward
from .losses import loss_of_rows


def network_forward(x, weights, biases, head, head_bias):
    """h_0 = x,  h_l = relu(h_{l-1} W_l + b_l),  logits = h_m V + c; ([h_1, ..., h_m], logits)."""
    hidden = [x]
    for w, b in zip(weights, biases, strict=True):
        hidden.append(relu_forward(affine_forward(hidden[-1], w, b)))
    return hidden[1:], affine_forward(hidden[-1], head, head_bias)


def network_backward(x, labels, loss, weights, biases, head, head_bias):
    """The mean loss over samples, and its gradient with respect to every array, by the chain rule from the head down.

    ``loss`` is "sigmoid" (labels 0 or 1, one column per output) or "softmax" (each row has one 1).
    """
    hidden, logits = network_forward(x, weights, biases, head, head_bias)
    inputs = [x, *hidden]
    value, dlogits = loss_of_rows(logits, labels, loss)
    dh, dhead, dhead_bias = affine_backward(inputs[-1], head, head_bias, dlogits)
    dweights, dbiases = [], []
    for l in reversed(range(len(weights))):
        da = relu_backward(dh, hidden[l])                           # h = relu(a) is positive exactly where a is
        dh, dw, db = affine_backward(inputs[l], weights[l], biases[l], da)
        dweights.insert(0, dw)
        dbiases.insert(0, db)
    return {"value": value, "dweights": dweights, "dbiases": dbiases, "dhead": dhead, "dhead_bias": dhead_bias}
