"""Answers of ``den_ref.den``: Eq. 2 to 6 as Problems, and Algorithms 2 to 4 piece by piece."""

from __future__ import annotations

import numpy as np

from den_ref.core.mlp import DataLoss
from den_ref.den import equations, network, selective, splitting, surgery
from den_ref.den.config import DENConfig
from den_ref.den.network import Head, Subnetwork

from . import networks
from .networks import fields_of, gradients, labelled, network_of

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
    start = networks.packed(weights, biases, head, head_bias)
    return answered(equations.eq2(start, DataLoss(start, x, labelled(labels, loss), loss), as_printed(mu=mu)))


def objective_eq3(features, labels, loss, head, head_bias, mu_head):
    """``den.equations.eq2`` of a network without hidden layers: den_ref only ever solves Eq. 3."""
    answer = objective_eq2(features, labels, loss, [], [], head, head_bias, mu_head)
    return {name: answer[name] for name in ("smooth", "penalty", "dhead", "dhead_bias")}


def objective_eq4(x, labels, loss, weights, biases, head, head_bias, edges, mu_l2):
    """``den.equations.eq4``."""
    start = networks.packed(weights, biases, head, head_bias)
    data = DataLoss(start, x, labelled(labels, loss), loss)
    return answered(equations.eq4(start, data, as_printed(mu_l2=mu_l2), edges))


def objective_eq4_l1(x, labels, loss, weights, biases, head, head_bias, edges, mu_l2, mu):
    """``den.equations.eq4`` with ``mu_eq4``."""
    start = networks.packed(weights, biases, head, head_bias)
    data = DataLoss(start, x, labelled(labels, loss), loss)
    return answered(equations.eq4(start, data, as_printed(mu_l2=mu_l2, mu_eq4=mu), edges))


def objective_eq5(x, labels, loss, weights, biases, head, head_bias, older, mu, gamma):
    """The old part of the first layer is not in Eq. 5's vector: it is computed once, and its gradient is 0."""
    q = int(older[0])
    known = np.maximum(x @ weights[0][:, :q] + biases[0][:q], 0)
    start = networks.packed([weights[0][:, q:], *weights[1:]], [biases[0][q:], *biases[1:]], head, head_bias)
    data = DataLoss(start, x, labelled(labels, loss), loss, known=known)
    answer = answered(equations.eq5(start, data, as_printed(mu=mu, gamma=gamma), older))
    answer["dweights"][0] = np.hstack([np.zeros((len(weights[0]), q)), answer["dweights"][0]])
    answer["dbiases"][0] = np.concatenate([np.zeros(q), answer["dbiases"][0]])
    return answer


def objective_eq6(x, labels, loss, weights, biases, head, head_bias, edges, anchor_weights, anchor_biases, lam):
    """``den.equations.eq6`` on weights that are all pulled alike."""
    ones = [[np.ones_like(a) for a in anchors] for anchors in (anchor_weights, anchor_biases)]
    return pulled(x, labels, loss, weights, biases, head, head_bias, edges, anchor_weights, anchor_biases, *ones, lam,
                  fisher=None)


def objective_eq6_fisher(x, labels, loss, weights, biases, head, head_bias, edges, anchor_weights, anchor_biases,
                         fisher_weights, fisher_biases, lam):
    """``den.equations.eq6`` with Fisher information."""
    return pulled(x, labels, loss, weights, biases, head, head_bias, edges, anchor_weights, anchor_biases,
                  fisher_weights, fisher_biases, lam, fisher=Subnetwork([], fisher_weights, fisher_biases))


def pulled(x, labels, loss, weights, biases, head, head_bias, edges, anchor_weights, anchor_biases, fisher_weights,
           fisher_biases, lam, fisher):
    """Eq. 6, and the constant that it leaves out: the cost of older edges that have become 0."""
    start = networks.packed(weights, biases, head, head_bias)
    data = DataLoss(start, x, labelled(labels, loss), loss)
    anchor = Subnetwork([], anchor_weights, anchor_biases, head, head_bias)
    answer = answered(equations.eq6(start, data, as_printed(lam=lam), edges, anchor, fisher))
    gone = (lam * (f * a ** 2)[~e[:a.shape[0], :a.shape[1]]].sum()
            for a, f, e in zip(anchor_weights, fisher_weights, edges))
    return answer | {"penalty": answer["penalty"] + sum(gone)}


# --- Algorithms 2 to 4 -------------------------------------------------------------------------------------------


def select_units(stage, head, weights, introduced, retired, current_weights):
    """``den.selective.select_units``; today's weights are not asked for."""
    net = network_of(weights, [np.zeros(w.shape[1]) for w in weights], introduced, retired)
    return {"selected": selective.select_units(net, Head(stage, stage, head, np.zeros(head.shape[1])))}


def extract_subnetwork(weights, biases, head, head_bias, units):
    """``den.network.extract``."""
    sub = network.extract(network_of(weights, biases), units, Head(1, 1, head, head_bias))
    return {"sub_weights": sub.weights, "sub_biases": sub.biases, "sub_head": sub.head,
            "sub_head_bias": sub.head_bias, "edges": sub.edges}


def insert_subnetwork(weights, biases, head, head_bias, units, sub_weights, sub_biases, sub_head, sub_head_bias):
    """``den.network.insert``."""
    sub = Subnetwork(units, sub_weights, sub_biases, sub_head, sub_head_bias)
    after = network.insert(network_of(weights, biases), sub, Head(1, 1, head, head_bias))
    return {"weights": after.weights, "biases": after.biases, "head": after.heads[-1].weights,
            "head_bias": after.heads[-1].bias}


def append_units(counts, stage, **fields):
    """``den.surgery.append_units``."""
    return fields_of(surgery.append_units(network_of(**fields), counts, stage))


def useless_units(stage, **fields):
    """``den.surgery.useless_units``; the biases are those of the network without them."""
    useless = surgery.useless_units(network_of(**fields), stage)
    left = fields_of(surgery.delete_units(useless.folded, useless.units))
    return {"useless": useless.units, "biases": left["biases"], "head_biases": left["head_biases"]}


def delete_units(units, **fields):
    """``den.surgery.delete_units``."""
    return fields_of(surgery.delete_units(network_of(**fields), units))


def unit_drift(weights, biases, previous_weights, previous_biases, introduced, retired, stage, drift):
    """``den.splitting.unit_drift``."""
    now, before = network_of(weights, biases, introduced, retired), network_of(previous_weights, previous_biases)
    older, rho = splitting.unit_drift(now, before, stage, drift)
    return {"older": older, "rho": rho}


def most_drifted(older, rho, sigma, at_most):
    """``den.splitting.most_drifted``."""
    return {"split": splitting.most_drifted(older, rho, sigma, at_most)}


def split_units(previous_weights, previous_biases, split, stage, original, **fields):
    """``den.surgery.split_units``."""
    previous = network_of(previous_weights, previous_biases)
    return fields_of(surgery.split_units(network_of(**fields), previous, split, stage, original))


def predict_task(x, stage, **fields):
    """``den.network.Network.scores``."""
    return {"logits": network_of(**fields).scores(stage, x)}
