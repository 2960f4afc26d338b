"""An implementation that keeps its weights in ``torch.nn.Linear``, whose matrices are transposed.

    den-ref golden check torch_linear.py

``nn.Linear(i, o).weight`` has the shape (o, i): a *row* is a unit's incoming weights.  In the golden values it is a
column, as in the paper's formulas.  So weights are transposed where they come in and where they, or their gradients, go
back; and what the formulas sum over rows (the norm of a group) is summed over ``dim=1``.
"""

import torch
from torch import nn


def linear(w, b):
    """A layer with given weights and biases."""
    layer = nn.Linear(*w.shape, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(w.T))
        layer.bias.copy_(torch.tensor(b))
    return layer


def network(weights, biases, head, head_bias):
    """Linear, ReLU, ..., Linear."""
    layers = [module for w, b in zip(weights, biases) for module in (linear(w, b), nn.ReLU())]
    return nn.Sequential(*layers, linear(head, head_bias))


def returned(tensor):
    return tensor.detach().numpy()


def matrix(weight):
    """A weight, or its gradient, in the orientation of the golden values."""
    return returned(weight).T


# --- layers and networks -----------------------------------------------------------------------------------------


def affine_forward(x, w, b):
    return returned(linear(w, b)(torch.tensor(x)))


def affine_backward(x, w, b, dout):
    x, layer = torch.tensor(x, requires_grad=True), linear(w, b)
    layer(x).backward(torch.tensor(dout))
    return returned(x.grad), matrix(layer.weight.grad), returned(layer.bias.grad)


def network_forward(x, weights, biases, head, head_bias):
    hidden, x = [], torch.tensor(x)
    for module in network(weights, biases, head, head_bias):
        x = module(x)
        if isinstance(module, nn.ReLU):
            hidden.append(returned(x))
    return hidden, returned(x)


def network_backward(x, labels, loss, weights, biases, head, head_bias):
    net = network(weights, biases, head, head_bias)
    logits, labels = net(torch.tensor(x)), torch.tensor(labels)
    if loss == "softmax":
        value = nn.functional.cross_entropy(logits, labels)
    else:                                                         # the sum over outputs, the mean over samples
        value = nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="sum") / len(logits)
    value.backward()
    *layers, top = [module for module in net if isinstance(module, nn.Linear)]
    dweights = [matrix(layer.weight.grad) for layer in layers]
    dbiases = [returned(layer.bias.grad) for layer in layers]
    return value.item(), dweights, dbiases, matrix(top.weight.grad), returned(top.bias.grad)


# --- the prox, on the weights of a layer -------------------------------------------------------------------------


@torch.no_grad()
def shrink(layer, l1, group):
    """Both shrinkages in place, entries first; the biases are not penalised."""
    w = torch.nn.functional.softshrink(layer.weight, l1)
    norm = w.norm(dim=1, keepdim=True)                            # a row here is a column there
    layer.weight.copy_(torch.where(norm > group, w * (1 - group / norm), 0.0))


def sparse_group_prox(w, step, mu, gamma):
    layer = linear(w, [0.0] * w.shape[1])
    shrink(layer, step * mu, step * gamma)
    return matrix(layer.weight)


def group_soft_threshold(w, step, gamma):
    return sparse_group_prox(w, step, 0.0, gamma)


def ista_step(w, b, dw, db, step, mu, gamma):
    layer = linear(w, b)
    layer.weight.grad, layer.bias.grad = torch.tensor(dw.T), torch.tensor(db)
    torch.optim.SGD(layer.parameters(), lr=step).step()
    shrink(layer, step * mu, step * gamma)
    return matrix(layer.weight), returned(layer.bias)
