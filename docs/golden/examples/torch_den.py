"""Pieces of DEN in PyTorch: every gradient comes from autograd, none is written down.

    den-ref golden check torch_den.py

The shape to copy: tensors in double precision, leaves with ``requires_grad``, one ``torch.autograd.grad``, ``detach``
before anything is returned.  For an implementation in single precision use float32 and ``--precision f32``.
"""

import torch
from torch.nn import functional as F


def tensor(array, trained=False):
    return torch.tensor(array, dtype=torch.float64, requires_grad=trained)


def gradients(value, leaves):
    """The gradient by every leaf; zeros by one that the value does not depend on."""
    found = torch.autograd.grad(value, leaves, allow_unused=True, materialize_grads=True)
    return [gradient.numpy() for gradient in found]


# --- layers ------------------------------------------------------------------------------------------------------


def affine_backward(x, w, b, dout):
    leaves = [tensor(array, True) for array in (x, w, b)]
    return tuple(gradients((tensor(dout) * (leaves[0] @ leaves[1] + leaves[2])).sum(), leaves))


def relu_backward(dh, a):
    a = tensor(a, True)
    return gradients((tensor(dh) * torch.relu(a)).sum(), [a])[0]


def sigmoid_cross_entropy(logits, labels):
    z = tensor(logits, True)
    value = F.binary_cross_entropy_with_logits(z, tensor(labels), reduction="sum") / max(len(z), 1)
    return value.item(), gradients(value, [z])[0]


def softmax_cross_entropy(logits, labels):
    z = tensor(logits, True)
    value = F.cross_entropy(z, torch.tensor(labels), reduction="sum") / max(len(z), 1)
    return value.item(), gradients(value, [z])[0]


# --- networks, and Eq. 2-4 ---------------------------------------------------------------------------------------


def forward(x, weights, biases, head, head_bias):
    for w, b in zip(weights, biases):
        x = torch.relu(x @ w + b)
    return x @ head + head_bias


def data_loss(logits, labels, loss):
    if loss == "softmax":
        return F.cross_entropy(logits, tensor(labels))
    return F.binary_cross_entropy_with_logits(logits, tensor(labels), reduction="sum") / len(logits)


def network_backward(x, labels, loss, weights, biases, head, head_bias):
    weights, biases = ([tensor(array, True) for array in arrays] for arrays in (weights, biases))
    head, head_bias = tensor(head, True), tensor(head_bias, True)
    value = data_loss(forward(tensor(x), weights, biases, head, head_bias), labels, loss)
    found = gradients(value, [*weights, *biases, head, head_bias])
    n = len(weights)
    return value.item(), found[:n], found[n:2 * n], found[-2], found[-1]


def objective_eq2(x, labels, loss, weights, biases, head, head_bias, mu):
    smooth, *gradient = network_backward(x, labels, loss, weights, biases, head, head_bias)
    return smooth, mu * sum(abs(w).sum() for w in [*weights, head]), *gradient


def objective_eq3(features, labels, loss, head, head_bias, mu_head):
    smooth, _, _, *gradient = network_backward(features, labels, loss, [], [], head, head_bias)
    return smooth, mu_head * abs(head).sum(), *gradient


def objective_eq4(x, labels, loss, weights, biases, head, head_bias, edges, mu_l2):
    smooth, dweights, *others = network_backward(x, labels, loss, weights, biases, head, head_bias)
    squares = sum((w[free]**2).sum() for w, free in zip(weights, edges)) + (head**2).sum()
    return smooth, mu_l2 / 2 * squares, [dw * free for dw, free in zip(dweights, edges)], *others


# --- proximal operators ------------------------------------------------------------------------------------------


def soft_threshold(w, step, mu):
    return F.softshrink(tensor(w), step * mu).numpy()


def group_soft_threshold(w, step, gamma):
    w = tensor(w)
    norm = w.norm(dim=0)
    return torch.where(norm > step * gamma, w * (1 - step * gamma / norm), 0.0).numpy()


def sparse_group_prox(w, step, mu, gamma):
    return group_soft_threshold(soft_threshold(w, step, mu), step, gamma)


def ista_step(w, b, dw, db, step, mu, gamma):
    """torch.optim.SGD takes the gradient step; the prox follows, on the weights alone."""
    weights, bias = tensor(w, True), tensor(b, True)
    weights.grad, bias.grad = tensor(dw), tensor(db)
    torch.optim.SGD([weights, bias], lr=step).step()
    return sparse_group_prox(weights.detach().numpy(), step, mu, gamma), bias.detach()
