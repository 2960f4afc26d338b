"""Answers of ``den_ref.core``: layers, losses, a whole network, proxes, solvers, metrics, the Fisher information."""

from __future__ import annotations

import numpy as np

from den_ref.core import convolution, fisher, head, layers, losses, metrics, mlp, solvers
from den_ref.core.mlp import DataLoss
from den_ref.core.penalties import L1, L21, GroupLasso, SparseGroupLasso, SquaredL2

from . import metric_variants, networks
from .networks import gradients, labelled

# --- layers and losses -------------------------------------------------------------------------------------------


def affine_forward(x, w, b):
    """``core.layers.affine_forward``."""
    return {"out": layers.affine_forward(x, w, b)[0]}


def affine_backward(x, w, b, dout):
    """``core.layers.affine_backward``."""
    dx, dw, db = layers.affine_backward(dout, (x, w))
    return {"dx": dx, "dw": dw, "db": db}


def relu_forward(a):
    """``core.layers.relu_forward``."""
    return {"h": layers.relu_forward(a)[0]}


def relu_backward(dh, a):
    """``core.layers.relu_backward``, whose cache is the activation."""
    return {"da": layers.relu_backward(dh, layers.relu_forward(a)[1])}


def sigmoid_cross_entropy(logits, labels):
    """``core.losses.sigmoid_cross_entropy``."""
    value, dlogits = losses.sigmoid_cross_entropy(logits, labels)
    return {"value": value, "dlogits": dlogits}


def softmax_cross_entropy(logits, labels):
    """``core.losses.softmax_cross_entropy``."""
    value, dlogits = losses.softmax_cross_entropy(logits, labels)
    return {"value": value, "dlogits": dlogits}


# --- images ------------------------------------------------------------------------------------------------------


def convolution_layer(x, w, stride, padding):
    """The layer by position, the images as rows, the filters as a matrix."""
    layer = convolution.Convolution(*x.shape[1:3], len(w), stride, padding)
    return layer, convolution.flatten(x), w.reshape(layer.fan * w.shape[2], w.shape[3])


def convolution_forward(x, w, b, stride, padding):
    """``core.convolution.convolution_forward``."""
    layer, x, w = convolution_layer(x, w, stride, padding)
    return {"out": convolution.unflatten(convolution.convolution_forward(x, w, b, layer)[0], *layer.maps)}


def convolution_backward(x, w, b, stride, padding, dout):
    """``core.convolution.convolution_backward``."""
    layer, rows, matrix = convolution_layer(x, w, stride, padding)
    cache = convolution.convolution_forward(rows, matrix, b, layer)[1]
    dx, dw, db = convolution.convolution_backward(convolution.flatten(dout), cache)
    return {"dx": dx.reshape(x.shape), "dw": dw.reshape(w.shape), "db": db}


def pool_layer(x):
    """A layer whose filters give maps of the size of x."""
    return convolution.Convolution(*x.shape[1:3], size=1, pool=True)


def max_pool_forward(x):
    """``core.convolution.max_pool_forward``."""
    layer = pool_layer(x)
    h, _ = convolution.max_pool_forward(convolution.flatten(x), layer)
    return {"h": convolution.unflatten(h, *layer.out_maps)}


def max_pool_backward(x, dout):
    """``core.convolution.max_pool_backward``."""
    cache = convolution.max_pool_forward(convolution.flatten(x), pool_layer(x))[1]
    return {"dx": convolution.max_pool_backward(convolution.flatten(dout), cache).reshape(x.shape)}


def flatten(x):
    """``core.convolution.flatten``."""
    return {"out": convolution.flatten(x)}


# --- the network -------------------------------------------------------------------------------------------------


def network_forward(x, weights, biases, head, head_bias):
    """``core.mlp.hidden`` and ``core.mlp.scores``."""
    hidden = [mlp.hidden(x, weights[:l], biases[:l]) for l in range(1, len(weights) + 1)]
    return {"hidden": hidden, "logits": mlp.scores(x, weights, biases, head, head_bias)}


def network_backward(x, labels, loss, weights, biases, head, head_bias):
    """``core.mlp.DataLoss``."""
    start, data = networks.packed(weights, biases, head, head_bias), labelled(labels, loss)
    grad = start.like()
    value = DataLoss(start, x, data, loss).value_and_gradient(start, grad)
    return {"value": value, **gradients(grad)}


def fisher_diagonal(x, labels, loss, kind, weights, biases, head, head_bias):
    """``core.fisher.fisher_diagonal``."""
    network = networks.packed(weights, biases, head, head_bias)
    diagonal = fisher.fisher_diagonal(network, x, labelled(labels, loss), loss, kind)
    return {name.replace("d", "fisher_", 1): value for name, value in gradients(diagonal).items()}


# --- proxes ------------------------------------------------------------------------------------------------------


def soft_threshold(w, step, mu):
    """``core.penalties.L1``."""
    return L1(mu).prox(w, step)


def soft_threshold_metric(w, d, mu):
    """``core.penalties.L1`` in a metric."""
    return L1(mu).prox_metric(w, d)


def group_soft_threshold(w, step, gamma):
    """``core.penalties.GroupLasso``."""
    return GroupLasso(gamma).prox(w, step)


def group_soft_threshold_metric(w, d, gamma):
    """``core.penalties.GroupLasso`` in a metric."""
    return GroupLasso(gamma).prox_metric(w, d)


def l21(w, mu):
    """The penalty, and the shape of its matrix: a stack of one matrix per place."""
    height, width, lower, upper = w.shape
    return L21(mu, height * width), (height * width * lower, upper)


def l21_penalty(w, grad, mu):
    """``core.penalties.L21``."""
    penalty, shape = l21(w, mu)
    w, grad = w.reshape(shape), grad.reshape(shape)
    return {"value": penalty.value(w), "subdiff_distance": penalty.subdiff_distance(w, grad),
            "critical_strength": penalty.critical_strength(grad)}


def l21_prox(w, step, mu):
    """``core.penalties.L21``, its prox."""
    penalty, shape = l21(w, mu)
    return penalty.prox(w.reshape(shape), step).reshape(w.shape)


def l21_prox_metric(w, d, mu):
    """``core.penalties.L21`` in a metric."""
    penalty, shape = l21(w, mu)
    return penalty.prox_metric(w.reshape(shape), d.reshape(shape)).reshape(w.shape)


def sparse_group_prox(w, step, mu, gamma):
    """``core.penalties.SparseGroupLasso``."""
    return SparseGroupLasso(mu, gamma).prox(w, step)


def sparse_group_prox_metric(w, d, mu, gamma):
    """``core.penalties.SparseGroupLasso`` in a metric."""
    return SparseGroupLasso(mu, gamma).prox_metric(w, d)


def squared_l2_prox(w, step, strength, anchor):
    """``core.penalties.SquaredL2``."""
    return SquaredL2(strength, anchor).prox(w, step)


def squared_l2_prox_metric(w, d, strength, anchor):
    """``core.penalties.SquaredL2`` in a metric."""
    return SquaredL2(strength, anchor).prox_metric(w, d)


# --- solvers -----------------------------------------------------------------------------------------------------


def ista_step(w, b, dw, db, step, mu, gamma):
    """``core.solvers.ista_step``, on weights and on biases."""
    return {"w": solvers.ista_step(w, dw, SparseGroupLasso(mu, gamma), step),
            "b": solvers.ista_step(b, db, L1(0.0), step)}


def fista(quadratic, linear, mu, start, step, iterations):
    """``core.solvers.fista_step``, iterated."""
    state, rows = solvers.FistaState.at(start), []
    for _ in range(iterations):
        state = solvers.fista_step(state, linear + quadratic @ state.y, L1(mu), step)
        rows.append(state.x)
    return np.array(rows).reshape(iterations, len(start))


def solve_head(features, labels, loss, mu_head):
    """``core.head.solve_head``."""
    result = head.solve_head(features, labelled(labels, loss), mu_head, loss, n_outputs=labels.shape[1])
    return {"objective": result.fun, "support": result.x.weights != 0, "residual": result.residual}


# --- metrics -----------------------------------------------------------------------------------------------------


def auroc(scores, labels):
    """``core.metrics.auroc``."""
    return metrics.auroc(scores, labels)


def performance_matrix_metrics(R, separate):
    """The functions of R in ``core.metrics``."""
    return {"average_performance": metrics.average_performance(R),
            "backward_transfer": metrics.backward_transfer(R),
            "forgetting": metrics.forgetting(R),
            "forward_transfer": metrics.forward_transfer(R, separate)}


def performance_matrix_variants(R, untrained, joint, sizes):
    """The functions of ``metric_variants``, and those of ``core.metrics`` that no operation above asks for."""
    by_name = {name: getattr(metric_variants, name)(R) for name in VARIANTS_OF_R}
    return {"learning_performance": metrics.learning_performance(R), "intransigence": metrics.intransigence(R, joint),
            "forward_transfer_lopez_paz": metric_variants.forward_transfer_lopez_paz(R, untrained), **by_name,
            "model_size_efficiency": metric_variants.model_size_efficiency(sizes)}


VARIANTS_OF_R = ("backward_transfer_gem_code", "forgetting_with_last", "forgetting_from_first", "accuracy_diaz",
                 "backward_transfer_diaz", "remembering_diaz", "positive_backward_transfer_diaz",
                 "forward_transfer_diaz")
