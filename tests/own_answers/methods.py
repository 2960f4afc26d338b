"""Answers of ``den_ref.methods``: the defining quantities of DNN-EWC, DNN-L2, SI, IMM and DNN-Progressive."""

from __future__ import annotations

import numpy as np

from den_ref.core import mlp, solvers
from den_ref.core.flat import Flat
from den_ref.core.penalties import L1, GroupLasso, SquaredL2
from den_ref.core.problem import Part, Problem
from den_ref.methods import imm
from den_ref.methods.adanet import pull, weak_learner
from den_ref.methods.ella import Sums
from den_ref.methods.ewc import EWC, EWCConfig
from den_ref.methods.l2 import L2, L2Config
from den_ref.methods.gomtl import bases, statistics
from den_ref.methods.incremental_features import Hard, IncrementalFeaturesConfig, first_sizes, next_sizes
from den_ref.methods.shared import autoencoder, capnorm, columns, confusion, drop_transfer, nodes
from den_ref.methods.shared.adarad import AdaRad
from den_ref.methods.shared.bases import Quadratic, sparse_code
from den_ref.methods.si import SI, SIConfig, damped
from den_ref.methods.tree import worth_it

from . import networks
from .networks import gradients

# --- DNN-L2 and DNN-EWC ------------------------------------------------------------------------------------------


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
    point, slope = (networks.packed(*(network[prefix + name] for name in ("weights", "biases", "head", "head_bias")))
                    for prefix in ("", "d"))
    l2 = L2(L2Config(hidden=[len(b) for b in anchor_biases], lam=lam.tolist()))
    anchors = mlp.pack(anchor_weights, anchor_biases, network["head"], network["head_bias"], point.vector.dtype)
    l2.body = Flat.of({name: array for name, array in anchors.views.items() if name[0] in "Wb"}, point.vector.dtype)
    pulls = dict.fromkeys(point.shapes, L1(0.0)) | l2.pulls()
    for name, pull in pulls.items():
        point[name][...] = solvers.ista_step(point[name], slope[name], pull, step)
    return {name[1:]: value for name, value in gradients(point).items()}


# --- DNN-SI ------------------------------------------------------------------------------------------------------


class Given:
    """A loss of which nothing is known but its gradients, one per batch."""

    def __init__(self, gradients):
        self.gradients = gradients

    def __len__(self):
        return len(self.gradients)

    def batches(self, rng, size):
        return self.gradients

    def value(self, w):
        return 0.0

    def value_and_gradient(self, w, grad, batch=None):
        grad["W1"][...] = 0 if batch is None else batch
        return 0.0


def standing(anchor, importance, **options):
    """An SI that learnt to be at ``anchor``."""
    si = SI(SIConfig(optimiser="sgd", beta1=0.0, step_end=1.0, epochs=1, **options))
    si.body, si.importance = one_array(anchor), one_array(importance)
    return si


def si_path_integral(w, gradients, step, c, importance, anchor):
    """``methods.si.SI.fit``, an epoch of plain gradient steps with the method's own pull."""
    si = standing(anchor, importance, c=c, step=step)
    si.fit(Problem(Given(gradients), one_array(w), [Part("W1", si.pulls()["W1"])]), [], np.random.default_rng(0))
    path, move = si.way
    return {"w": w + move, "omega": path}


def si_importance(paths, learnt, xi):
    """``methods.si.SI.consolidated``, one task after the other."""
    si = SI(SIConfig(xi=xi))
    for path, before, after in zip(paths, learnt, learnt[1:], strict=False):
        si.importance = si.consolidated(one_array(damped(path, after - before, xi)))
    return si.importance["W1"]


def si_penalty(w, c, importance, anchor):
    """The pull of ``methods.si.SI``."""
    pull = standing(anchor, importance, c=c).pulls()["W1"]
    return {"value": pull.value(w), "gradient": pull.strength * (w - pull.anchor)}


# --- DNN-IMM -----------------------------------------------------------------------------------------------------


def imm_mean(shares, means, variances):
    """``methods.imm.mean_of`` and ``variance_of``."""
    parts = shares.tolist()
    return {"mean": imm.mean_of(parts, means), "variance": imm.variance_of(parts, means, variances)}


def imm_mode(shares, means, fishers):
    """``methods.imm.mode_of``."""
    return {"mode": imm.mode_of(shares.tolist(), means, fishers)}


def drop_transfer_layer(h, weights, bias, old_weights, old_bias, dropped, p, dout):
    """``methods.shared.drop_transfer``, forwards and backwards."""
    new, old = (weights, bias), (old_weights, old_bias)
    factor = (~dropped / (1 - p)).astype(h.dtype)
    out, cache = drop_transfer.drop_transfer_forward(h, new, old, factor)
    dh, dW, db = drop_transfer.drop_transfer_backward(dout, cache)
    return {"out": out, "dh": dh, "dweights": dW, "dbias": db}


# --- ELLA and GO-MTL ---------------------------------------------------------------------------------------------


def quadratic(D, theta) -> Quadratic:
    """A task's loss around its own weights, in float64 as these methods compute."""
    D, theta = D.astype(np.float64), theta.astype(np.float64)
    return Quadratic(D, D @ theta, float(theta @ D @ theta))


def ella_code(L, D, theta, mu):
    """``methods.shared.bases.sparse_code``."""
    return {"s": sparse_code(L.astype(np.float64), quadratic(D, theta), mu).x}


def ella_bases(codes, D, theta, lam):
    """``methods.ella.Sums``, one task after the other."""
    size = len(codes[0]) * len(theta[0])
    sums = Sums(np.zeros((size, size)), np.zeros(size), 0)
    for s, *own in zip(codes, D, theta, strict=True):
        sums = sums.plus(s, quadratic(*own))
    return {"A": sums.A, "b": sums.b, "L": sums.bases(lam, len(codes[0]))}


def gomtl_bases(S, x, y, lam):
    """``methods.gomtl.bases``, from what is kept of the samples."""
    tasks = [statistics(*own, "squared", 0) for own in zip(x, y, strict=True)]
    return {"L": bases(np.stack([task.D for task in tasks]), np.stack([task.c for task in tasks]), S, lam)}


# --- incremental features ----------------------------------------------------------------------------------------


def incremental_gradients(noisy, x, y, loss, lam, **network):
    """``methods.shared.autoencoder.hybrid``."""
    samples = autoencoder.Samples(x, y, autoencoder.Head(slice(None), loss))
    value, slopes = autoencoder.hybrid(**network, noisy=noisy, samples=samples, lam=lam)
    return {"value": value} | {f"d{name}": slope for name, slope in slopes.items()}


def incremental_hard(losses, batch, window, tau):
    """``methods.incremental_features.Hard``, batch by batch."""
    collected, events = Hard(window, tau), []
    for k, rows in enumerate(np.split(np.arange(len(losses)), range(batch, len(losses), batch))):
        if collected.look(rows, losses[rows]):
            events.append(k)
            collected.rows = []
    return {"hard": np.array(collected.rows, np.int64), "events": np.array(events, np.int64)}


def incremental_merge(W, b, V, x, count, outgoing):
    """``methods.shared.autoencoder.nearest_pairs`` and ``merged``."""
    w = Flat.of({"W": W, "b": b, "a": np.zeros(len(W)), "V": V, "c": np.zeros(V.shape[1])}, W.dtype)
    pairs = autoencoder.nearest_pairs(W, count)
    after = autoencoder.merged(w, pairs, x, outgoing)
    return {"pairs": pairs, "W": after["W"], "b": after["b"], "V": after["V"]}


def incremental_rule(rule, grow, objective, eps1, eps2, gamma):
    """``methods.incremental_features.next_sizes``, event by event; nothing is compared at the first."""
    config = IncrementalFeaturesConfig(rule=rule, grow=grow, eps1=eps1, eps2=eps2, gamma=gamma)
    sizes = [first_sizes(config)] * 2
    for before, now in zip(objective.tolist(), objective[1:].tolist(), strict=False):
        sizes.append(next_sizes(sizes[-1], before, now, config))
    add, merge = zip(*sizes)
    return {"add": np.array(add, np.int64), "merge": np.array(merge, np.int64)}


# --- nonparametric networks --------------------------------------------------------------------------------------


def capnorm_forward(z):
    """``methods.shared.capnorm.capnorm_forward``."""
    return {"out": capnorm.capnorm_forward(z)[0]}


def capnorm_backward(z, dout):
    """``methods.shared.capnorm.capnorm_backward``."""
    return {"dz": capnorm.capnorm_backward(dout, capnorm.capnorm_forward(z)[1])}


def adarad_step(w, gradient, m, c, m_max, c_max, lam, step_radial, step_angular, beta, eps, share):
    """``methods.shared.adarad.AdaRad``."""
    optimiser = AdaRad(lam, step_radial, step_angular, beta, eps, [m], [c], (m_max, c_max))
    [moved] = optimiser.step([w], [gradient], share)
    largest = dict(zip(("m_max", "c_max"), optimiser.largest, strict=True))
    return {"w": moved, "m": optimiser.m[0], "c": optimiser.c[0], **largest}


def fan_in_penalty(weights, lam, step):
    """``core.penalties.GroupLasso``, on every matrix."""
    penalty = GroupLasso(lam)
    return {"value": sum(map(penalty.value, weights)), "weights": [penalty.prox(w, step) for w in weights]}


# --- AdaNet ------------------------------------------------------------------------------------------------------


def adanet_weak_learner(z, y, f, p, norm):
    """``methods.adanet.weak_learner``, along the pull."""
    return {"u": weak_learner(pull(z, y, f), float(p), float(norm))}


def adanet_coordinate_gain(z, y, f, p, norm, lam, r, beta):
    """The gain that ``methods.adanet.AdaNet.candidates`` compares layers by."""
    g = pull(z, y, f)
    return {"gain": weak_learner(g, float(p), float(norm)) @ g - (lam * r + beta)}


# --- the error-driven tree ---------------------------------------------------------------------------------------


def tree_embedding(C, k):
    """``methods.shared.confusion.affinity`` and ``embedding``."""
    L = confusion.affinity(C)
    U = confusion.embedding(L, k)
    return {"L": L, "similarity": U @ U.T}


def tree_partition(C, k):
    """``methods.shared.confusion.partition``."""
    return {"groups": confusion.partition(C, k)}


def tree_homes(answers, labels, groups):
    """``methods.shared.confusion.shares``, a new class after the other."""
    phi = np.array([confusion.shares(groups[answers[labels == c]], groups.max() + 1) for c in range(labels.max() + 1)])
    return {"phi": phi, "homes": phi.argmax(axis=1)}


def tree_choice(flat, clone, labels, margin):
    """``methods.tree.worth_it``."""
    a, b = (float(np.mean(answers == labels)) for answers in (flat, clone))
    return {"accuracy_flat": a, "accuracy_clone": b, "cloned": worth_it(a, b, margin)}


def tree_answer(branch, groups, leaves):
    """``methods.shared.nodes``, on networks without hidden layers that give the inputs on as their logits."""
    x = np.hstack([branch, *leaves]).astype(np.float64)
    ends = np.cumsum([0, *(own.shape[1] for own in (branch, *leaves))])

    def network(first, last):
        return mlp.pack([], [], np.eye(x.shape[1])[:, first:last], np.zeros(last - first), np.float64)

    children = [nodes.Node(tuple(np.flatnonzero(groups == s).tolist()), network(*ends[s + 1:s + 3]))
                for s in range(len(leaves))]
    root = nodes.Node(tuple(range(len(groups))), network(*ends[:2]), tuple(children))
    return {"superclasses": np.exp(nodes.branch_log_p(root, x)),
            "classes": np.exp(nodes.log_probabilities(root, x, len(groups))), "answer": nodes.answers(root, x)}


# --- DNN-Progressive ---------------------------------------------------------------------------------------------


def progressive_forward(x, weights, biases, heads, head_biases, alphas, projections, projection_biases, laterals):
    """``methods.shared.columns.columns_forward``, for every column in turn."""
    plain = [networks.packed(*network).views for network in zip(weights, biases, heads, head_biases, strict=True)]
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
