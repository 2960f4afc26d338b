"""den_ref's fast functions, behind the names of the golden cases: the first adapter that has to pass.

    den-ref golden check den_ref.golden.ours
"""

from __future__ import annotations

import numpy as np

from den_ref.core import head, layers, losses, metric_variants, metrics, mlp, solvers
from ..core.fisher import fisher_diagonal as core_fisher_diagonal
from ..core.flat import Flat
from ..core.mlp import DataLoss
from ..core.penalties import L1, GroupLasso, SparseGroupLasso, SquaredL2
from ..den import equations
from ..den.config import DENConfig
from ..den.network import Subnetwork
from den_ref.methods.shared import columns
from ..methods.ewc import EWC, EWCConfig
from ..methods.l2 import L2, L2Config
from .ours_den import FUNCTIONS as DEN_FUNCTIONS

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


# --- the network -------------------------------------------------------------------------------------------------


def network_forward(x, weights, biases, head, head_bias):
    """``core.mlp.hidden`` and ``core.mlp.scores``."""
    hidden = [mlp.hidden(x, weights[:l], biases[:l]) for l in range(1, len(weights) + 1)]
    return {"hidden": hidden, "logits": mlp.scores(x, weights, biases, head, head_bias)}


def network_backward(x, labels, loss, weights, biases, head, head_bias):
    """``core.mlp.DataLoss``."""
    start, data = packed(weights, biases, head, head_bias), labelled(labels, loss)
    grad = start.like()
    value = DataLoss(start, x, data, loss).value_and_gradient(start, grad)
    return {"value": value, **gradients(grad)}


def packed(weights, biases, head, head_bias):
    """The flat vector of a network, in float64."""
    return mlp.pack(weights, biases, head, head_bias, np.float64)


def labelled(labels, loss):
    """Labels as a Task has them: class numbers for a softmax."""
    return labels.argmax(axis=1) if loss == "softmax" else labels


def gradients(grad) -> dict:
    """The outputs of a gradient."""
    return dict(zip(("dweights", "dbiases", "dhead", "dhead_bias"), mlp.unpack(grad), strict=True))


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


# --- the equations -----------------------------------------------------------------------------------------------


def as_printed(**letters) -> DENConfig:
    """The paper's letters, and no option that adds to an equation."""
    return DENConfig(weight_decay=0.0, eq4_norm="squared", dense_selection=False, gamma_scaling="none", eq6="all",
                     anchor_before_split="eq6", **letters)


def answered(problem) -> dict:
    """Smooth value, penalty and gradient of a Problem at its start."""
    value, gradient = problem.smooth(problem.start.vector)
    return {"smooth": value, "penalty": problem.penalty(problem.start),
            **gradients(problem.start.like(gradient))}


def objective_eq2(x, labels, loss, weights, biases, head, head_bias, mu):
    """``den.equations.eq2``."""
    start = packed(weights, biases, head, head_bias)
    return answered(equations.eq2(start, DataLoss(start, x, labelled(labels, loss), loss), as_printed(mu=mu)))


def objective_eq3(features, labels, loss, head, head_bias, mu_head):
    """``den.equations.eq2`` of a network without hidden layers: den_ref only ever solves Eq. 3."""
    answer = objective_eq2(features, labels, loss, [], [], head, head_bias, mu_head)
    return {name: answer[name] for name in ("smooth", "penalty", "dhead", "dhead_bias")}


def objective_eq4(x, labels, loss, weights, biases, head, head_bias, edges, mu_l2):
    """``den.equations.eq4``."""
    start = packed(weights, biases, head, head_bias)
    data = DataLoss(start, x, labelled(labels, loss), loss)
    return answered(equations.eq4(start, data, as_printed(mu_l2=mu_l2), edges))


def objective_eq5(x, labels, loss, weights, biases, head, head_bias, older, mu, gamma):
    """The old part of the first layer is not in Eq. 5's vector: it is computed once, and its gradient is 0."""
    q = int(older[0])
    known = np.maximum(x @ weights[0][:, :q] + biases[0][:q], 0)
    start = packed([weights[0][:, q:], *weights[1:]], [biases[0][q:], *biases[1:]], head, head_bias)
    data = DataLoss(start, x, labelled(labels, loss), loss, known=known)
    answer = answered(equations.eq5(start, data, as_printed(mu=mu, gamma=gamma), older))
    answer["dweights"][0] = np.hstack([np.zeros((len(weights[0]), q)), answer["dweights"][0]])
    answer["dbiases"][0] = np.concatenate([np.zeros(q), answer["dbiases"][0]])
    return answer


def objective_eq6(x, labels, loss, weights, biases, head, head_bias, edges, anchor_weights, anchor_biases, lam):
    """``den.equations.eq6``."""
    start = packed(weights, biases, head, head_bias)
    data = DataLoss(start, x, labelled(labels, loss), loss)
    anchor = Subnetwork([], anchor_weights, anchor_biases, head, head_bias)
    return answered(equations.eq6(start, data, as_printed(lam=lam), edges, anchor))


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
    """The functions of ``core.metric_variants``, and those of ``core.metrics`` that no operation above asks for."""
    by_name = {name: getattr(metric_variants, name)(R) for name in VARIANTS_OF_R}
    return {"learning_performance": metrics.learning_performance(R), "intransigence": metrics.intransigence(R, joint),
            "forward_transfer_lopez_paz": metric_variants.forward_transfer_lopez_paz(R, untrained), **by_name,
            "model_size_efficiency": metric_variants.model_size_efficiency(sizes)}


VARIANTS_OF_R = ("backward_transfer_gem_code", "forgetting_with_last", "forgetting_from_first", "accuracy_diaz",
                 "backward_transfer_diaz", "remembering_diaz", "positive_backward_transfer_diaz",
                 "forward_transfer_diaz")

# --- DNN-L2 and DNN-EWC ------------------------------------------------------------------------------------------


def fisher_diagonal(x, labels, loss, kind, weights, biases, head, head_bias):
    """``core.fisher.fisher_diagonal``."""
    fisher = core_fisher_diagonal(packed(weights, biases, head, head_bias), x, labelled(labels, loss), loss, kind)
    return {name.replace("d", "fisher_", 1): value for name, value in gradients(fisher).items()}


def ewc_penalty(w, lam, anchors, decay, fisher, learnt):
    """The pull of ``methods.ewc.EWC`` after it has learnt the tasks."""
    ewc = EWC(EWCConfig(lam=lam, anchors=anchors, decay=decay))
    for own, ewc.body in zip(map(one_array, fisher), map(one_array, learnt), strict=True):
        ewc.importance, ewc.anchor = ewc.consolidated(own, ewc.body)
    pull = ewc.pulls()["W1"]
    return {"value": pull.value(w) - pull.value(learnt[-1]), "gradient": pull.strength * (w - pull.anchor)}


def one_array(w) -> Flat:
    """A body that is a single array."""
    return Flat.of({"W1": w}, w.dtype)


def ewc_prox(w, step, lam, importance, anchor):
    """``core.penalties.SquaredL2`` with a strength per weight."""
    return SquaredL2(lam * importance, anchor).prox(w, step)


def l2_transfer_step(anchor_weights, anchor_biases, lam, step, **network):
    """``core.solvers.ista_step`` with the pulls of ``methods.l2.L2``."""
    point, slope = (packed(*(network[prefix + name] for name in ("weights", "biases", "head", "head_bias")))
                    for prefix in ("", "d"))
    l2 = L2(L2Config(hidden=[len(b) for b in anchor_biases], lam=lam.tolist()))
    anchors = mlp.pack(anchor_weights, anchor_biases, network["head"], network["head_bias"], point.vector.dtype)
    l2.body = Flat.of({name: array for name, array in anchors.views.items() if name[0] in "Wb"}, point.vector.dtype)
    pulls = dict.fromkeys(point.shapes, L1(0.0)) | l2.pulls()
    for name, pull in pulls.items():
        point[name][...] = solvers.ista_step(point[name], slope[name], pull, step)
    return {name[1:]: value for name, value in gradients(point).items()}


# --- DNN-Progressive ---------------------------------------------------------------------------------------------


def progressive_forward(x, weights, biases, heads, head_biases, alphas, projections, projection_biases, laterals):
    """``methods.shared.columns.columns_forward``, for every column in turn."""
    plain = [packed(*network).views for network in zip(weights, biases, heads, head_biases, strict=True)]
    adapters = [{}, *(column_adapters(*kinds) for kinds in zip(alphas, projections, projection_biases, laterals,
                                                               strict=True))]
    all_columns = [Flat.of(own | side, own["V"].dtype) for own, side in zip(plain, adapters, strict=True)]
    return {"logits": [columns.columns_forward(all_columns[:k], x)[0] for k in range(1, len(all_columns) + 1)]}


def column_adapters(*kinds) -> dict:
    """The adapters of one column by the names that ``methods.shared.columns`` has for them."""
    return {name: array for l, arrays in enumerate(zip(*kinds, strict=True), 2)
            for name, array in zip(columns.adapter_names(l), arrays, strict=True)}


def progressive_adapter_backward(older, alphas, projections, bias, lateral, dout):
    """``methods.shared.columns.adapter_backward``."""
    parameters = (alphas, projections, bias, lateral)
    _, cache = columns.adapter_forward(np.stack(older, axis=1), *parameters)
    slopes = [np.empty_like(array) for array in parameters]
    columns.adapter_backward(dout, cache, slopes)
    return dict(zip(("dalphas", "dprojections", "dbias", "dlateral"), slopes, strict=True))


# --- DEN ---------------------------------------------------------------------------------------------------------


def __getattr__(name: str):
    """The operations of DEN itself (``ours_den``)."""
    return getattr(DEN_FUNCTIONS, name)
