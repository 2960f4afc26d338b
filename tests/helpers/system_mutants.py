"""One implementation per named mistake of the compared systems, written apart from the generator: by breaking den_ref.

``MUTANTS[operation, mistake]`` is a function of the operation's inputs that makes exactly this mistake.
"""

from itertools import product
from unittest.mock import patch

import numpy as np
from den_ref.core import metrics
from den_ref.core.penalties import SquaredL2
from tests import own_answers as own
from tests.own_answers import metric_variants
from tests.own_answers.networks import labelled
from den_ref.methods.shared import columns
from .math_mutants import changed, earlier, mean_or_nan

MUTANTS = {}


def each(function, *answers):
    """function(value, ...) for every array of answers with lists."""
    return {name: [function(*ones) for ones in zip(*values)] if isinstance(values[0], list) else function(*values)
            for name in answers[0] for values in [[answer[name] for answer in answers]]}


# --- the Fisher information --------------------------------------------------------------------------------------


def of_gradients(x, labels, **network):
    """The gradients of the mean loss, under the names of the Fisher information."""
    found = own.network_backward(x=x, labels=labels, **network)
    return {name.replace("d", "fisher_", 1): value for name, value in found.items() if name != "value"}


def square_of_mean(kind, **inputs):
    if kind == "exact":
        return own.fisher_diagonal(kind=kind, **inputs)
    return each(np.square, of_gradients(**inputs))


def times_size(kind, **inputs):
    size = len(inputs["x"]) if kind == "empirical" else 1
    return each(lambda value: size * value, square_of_mean(kind, **inputs))


def answered(x, loss, weights, biases, head, head_bias):
    """What the network itself would say."""
    logits = own.network_forward(x, weights, biases, head, head_bias)["logits"]
    return (logits > 0) * 1.0 if loss == "sigmoid" else np.eye(logits.shape[1])[logits.argmax(axis=1)]


def label_rows(k, loss):
    return np.eye(k) if loss == "softmax" else np.array(list(product((0.0, 1.0), repeat=k)))


def exact_only(function):
    """The mistake where the exact kind is asked for, the right answer elsewhere."""
    def outputs(kind, labels, **inputs):
        if kind != "exact":
            return own.fisher_diagonal(kind=kind, labels=labels, **inputs)
        return function(**inputs)

    return outputs


def uniform(x, loss, head_bias, **network):
    rows = label_rows(len(head_bias), loss)
    found = [own.fisher_diagonal(x, np.tile(row, (len(x), 1)), loss, "empirical", head_bias=head_bias, **network)
             for row in rows]
    return each(lambda *values: np.mean(values, axis=0), *found)


def absolute(x, labels, kind, loss, head_bias, **network):
    """The mean over samples and labels of the gradients' absolute values."""
    given, terms = dict(network, loss=loss, head_bias=head_bias), []
    logits = own.network_forward(x, head_bias=head_bias, **network)["logits"]
    for i in range(len(x)):
        rows = label_rows(len(head_bias), loss) if kind == "exact" else labels[i:i + 1]
        losses = [getattr(own, f"{loss}_cross_entropy")(logits[i:i + 1], labelled(row[None], loss))["value"]
                  for row in rows]
        for row, minus_log_p in zip(rows, losses):
            share = np.exp(-minus_log_p) if kind == "exact" else 1.0
            slope = of_gradients(x[i:i + 1], row[None], **given)
            terms.append(each(lambda g, share=share: share * abs(g) / len(x), slope))
    return each(lambda *values: sum(values), *terms)


def swapped(kind, **inputs):
    return own.fisher_diagonal(kind={"exact": "empirical", "empirical": "exact"}[kind], **inputs)


def fisher_times(factor):
    return lambda **inputs: each(lambda value: factor(**inputs) * value, own.fisher_diagonal(**inputs))


MUTANTS |= {
    ("fisher_diagonal", "sum-over-samples"): fisher_times(lambda x, **others: len(x)),
    ("fisher_diagonal", "batch-squared"): square_of_mean,
    ("fisher_diagonal", "batch-squared-times-size"): times_size,
    ("fisher_diagonal", "other-kind"): swapped,
    ("fisher_diagonal", "likeliest-label"): exact_only(
        lambda **inputs: own.fisher_diagonal(labels=answered(**inputs), kind="empirical", **inputs)),
    ("fisher_diagonal", "labels-equally-likely"): exact_only(uniform),
    ("fisher_diagonal", "absolute-gradients"): absolute,
    ("fisher_diagonal", "mean-over-outputs"): fisher_times(
        lambda loss, head_bias, **others: len(head_bias) ** (-2.0 if loss == "sigmoid" else 0)),
}

# --- pulls -------------------------------------------------------------------------------------------------------


def pulled(w, learnt, squares):
    """Value and gradient of a sum of SquaredL2."""
    squares = [SquaredL2(strength, anchor) for strength, anchor in squares]
    return {"value": sum(square.value(w) - square.value(learnt[-1]) for square in squares),
            "gradient": sum(square.strength * (w - square.anchor) for square in squares)}


def decayed(fisher, decay, new=1.0):
    total = fisher[0]
    for own in fisher[1:]:
        total = decay * total + new * own
    return total


def ewc_with(**variants):
    """EWC where one variant (latest, separate, online) has other squares: function(lam, decay, fisher, learnt)."""
    def outputs(w, lam, anchors, decay, fisher, learnt):
        squares = variants.get("online" if decay < 1 else anchors) or variants.get(anchors)
        if squares is None:
            return own.ewc_penalty(w, lam, anchors, decay, fisher, learnt)
        return pulled(w, learnt, squares(lam, decay, fisher, learnt))

    return outputs


def all_pulls(change):
    """EWC on other inputs."""
    return lambda **inputs: own.ewc_penalty(**{**inputs, **change(**inputs)})


def per_task(lam, decay, fisher, learnt):
    n = len(fisher)
    return [(lam * decay ** (n - k) * fisher[k], learnt[k]) for k in range(n)]


def without_fisher(w, lam, anchors, decay, fisher, learnt):
    """Every square with strength lam; F is 1 in each of the terms that the variant has."""
    terms = range(len(learnt)) if anchors == "separate" else [-1]
    return pulled(w, learnt, [(lam * np.ones_like(w), learnt[k]) for k in terms])


def constant(lam, anchors, fisher, learnt, decay) -> float:
    """P(W^{t-1}): what the weights of the last stage cost already."""
    if anchors == "latest":
        return 0.0
    return sum(SquaredL2(lam * own_fisher, anchor).value(learnt[-1]) for own_fisher, anchor in zip(fisher, learnt))


def to_zero(w, lam, anchors, decay, fisher, learnt):
    strength = lam * sum(fisher) if anchors == "separate" else lam * decay * decayed(fisher, decay)
    return pulled(w, learnt, [(strength, 0 * w)])


MUTANTS |= {
    ("ewc_penalty", "half-missing"): all_pulls(lambda lam, **others: {"lam": 2 * lam}),
    ("ewc_penalty", "early-tasks-counted-twice"): ewc_with(latest=per_task),
    ("ewc_penalty", "latest-for-separate"): ewc_with(
        separate=lambda lam, decay, fisher, learnt: [(lam * sum(fisher), learnt[-1])]),
    ("ewc_penalty", "anchors-averaged"): ewc_with(
        separate=lambda lam, decay, fisher, learnt: [(lam * sum(fisher), np.mean(learnt, axis=0))]),
    ("ewc_penalty", "anchor-not-moved"): ewc_with(
        latest=lambda lam, decay, fisher, learnt: [(lam * decay * decayed(fisher, decay), learnt[0])]),
    ("ewc_penalty", "last-task-only"): all_pulls(
        lambda fisher, learnt, **others: {"fisher": fisher[-1:], "learnt": learnt[-1:]}),
    ("ewc_penalty", "running-mean"): all_pulls(lambda lam, fisher, **others: {"lam": lam / len(fisher)}),
    ("ewc_penalty", "fisher-left-out"): without_fisher,
    ("ewc_penalty", "anchor-ignored"): to_zero,
    ("ewc_penalty", "constant-counted"): lambda w, learnt, **inputs: {
        **own.ewc_penalty(w=w, learnt=learnt, **inputs),
        "value": own.ewc_penalty(w=w, learnt=learnt, **inputs)["value"] + constant(learnt=learnt, **inputs)},
    ("ewc_penalty", "decay-missing-in-penalty"): ewc_with(
        online=lambda lam, decay, fisher, learnt: [(lam * decayed(fisher, decay), learnt[-1])]),
    ("ewc_penalty", "moving-average"): ewc_with(
        online=lambda lam, decay, fisher, learnt: [(lam * decay * decayed(fisher, decay, 1 - decay), learnt[-1])]),
    ("ewc_prox", "half-missing"): lambda w, step, lam, importance, anchor: SquaredL2(
        2 * lam * importance, anchor).prox(w, step),
    ("ewc_prox", "gradient-for-prox"):
        lambda w, step, lam, importance, anchor: w + step * lam * importance * (anchor - w),
    ("ewc_prox", "anchor-ignored"): lambda w, step, lam, importance, anchor: w / (1 + step * lam * importance),
    ("ewc_prox", "one-strength-for-all"): lambda w, step, lam, importance, anchor: SquaredL2(
        lam * float(importance.mean()), anchor).prox(w, step),
    ("ewc_prox", "step-missing"): lambda w, step, lam, importance, anchor: SquaredL2(
        lam * importance, anchor).prox(w, 1),
}


def l2_with(**change):
    """The step of ours on other inputs, each a function of the inputs."""
    return lambda **inputs: own.l2_transfer_step(**{**inputs, **{name: f(inputs) for name, f in change.items()}})


def zeros(name):
    return lambda inputs: [0 * array for array in inputs[name]]


def explicit(**inputs):
    free = dict(inputs, lam=0 * inputs["lam"])
    for name in ("weights", "biases"):
        free[f"d{name}"] = [g + 2 * lam * (w - a) for g, w, a, lam in zip(
            inputs[f"d{name}"], inputs[name], inputs[f"anchor_{name}"], inputs["lam"])]
    return own.l2_transfer_step(**free)


def free_biases(**inputs):
    right, free = own.l2_transfer_step(**inputs), own.l2_transfer_step(**dict(inputs, lam=0 * inputs["lam"]))
    return {**right, "biases": free["biases"]}


def head_too(lam, step, **inputs):
    right, pull = own.l2_transfer_step(lam=lam, step=step, **inputs), SquaredL2(2 * lam[-1])
    return {**right, "head": pull.prox(right["head"], step), "head_bias": pull.prox(right["head_bias"], step)}


MUTANTS |= {
    ("l2_transfer_step", "half-factor"): l2_with(lam=lambda i: i["lam"] / 2),
    ("l2_transfer_step", "gradient-for-prox"): explicit,
    ("l2_transfer_step", "biases-not-anchored"): free_biases,
    ("l2_transfer_step", "head-pulled"): head_too,
    ("l2_transfer_step", "anchor-ignored"): l2_with(
        anchor_weights=zeros("anchor_weights"), anchor_biases=zeros("anchor_biases")),
    ("l2_transfer_step", "step-missing"): l2_with(lam=lambda i: i["lam"] / i["step"]),
    ("l2_transfer_step", "one-lam-for-all"): l2_with(lam=lambda i: np.full_like(i["lam"], i["lam"][0])),
}

# --- progressive networks ----------------------------------------------------------------------------------------


def relu(a):
    return np.maximum(a, 0)


def mixed(h, a, P):
    """sum over j of a_j h_j P_j, from h (n, k, n_in)."""
    return np.einsum("nki,k,kij->nj", h, a, P)


def columns_with(side, into_head=None):
    """den_ref's columns, whose layers add side(h, a, P, p, U) instead; ``into_head`` for the last adapter."""
    def forward(adapted, w, h, rows):
        a, _ = adapted.link.forward(w, h, rows)
        of_layer = into_head if into_head and adapted.link.W == "V" else side
        a += of_layer(adapted.older[rows], *(w[name] for name in adapted.names))
        return a, None

    def outputs(**inputs):
        with patch.object(columns.Adapted, "forward", forward):
            return own.progressive_forward(**inputs)

    return outputs


def right_side(h, a, P, p, U):
    return relu(mixed(h, a, P) + p) @ U


def one_by_one(h, a, P, p, U):
    return sum(a[j] * relu(h[:, j] @ P[j] + p) for j in range(len(a))) @ U


def same_layer(biases, **inputs):
    """Adapters see the activations of one layer higher, where the widths allow it."""
    if len({len(b) for b in biases[0]}) > 1:
        return own.progressive_forward(biases=biases, **inputs)
    right = columns.column_links
    with patch.object(columns, "column_links", lambda links, older: right(links, [*older[1:], *older[-1:]])):
        return own.progressive_forward(biases=biases, **inputs)


def added_outside(**inputs):
    """relu(own) + side in hidden layers."""
    class Outside:
        def __init__(self, adapted, relu):
            self.adapted, self.relu = adapted, relu

        def forward(self, w, h, rows):
            a, _ = self.adapted.link.forward(w, h, rows)
            a, _ = self.relu.forward(w, a, rows)
            a += right_side(self.adapted.older[rows], *(w[name] for name in self.adapted.names))
            return a, None

    class Done:
        def forward(self, w, h, rows):
            return h, None

    right = columns.column_links

    def links(own_links, older):
        first, gate, *others, top = right(own_links, older)
        pairs = zip(others[::2], others[1::2]) if older else ()
        return [first, gate, *(link for pair in pairs for link in (Outside(*pair), Done())), top] if older else own_links

    with patch.object(columns, "column_links", links):
        return own.progressive_forward(**inputs)


MUTANTS |= {("progressive_forward", mistake): mutant for mistake, mutant in {
    "alphas-ignored": columns_with(lambda h, a, P, p, U: right_side(h, np.ones_like(a), P, p, U)),
    "alpha-outside": columns_with(one_by_one),
    "adapter-bias-missing": columns_with(lambda h, a, P, p, U: relu(mixed(h, a, P)) @ U),
    "bias-after-relu": columns_with(lambda h, a, P, p, U: (relu(mixed(h, a, P)) + p) @ U),
    "adapter-linear": columns_with(lambda h, a, P, p, U: (mixed(h, a, P) + p) @ U),
    "head-adapter-linear": columns_with(right_side, lambda h, a, P, p, U: (mixed(h, a, P) + p) @ U),
    "no-adapter-into-head": columns_with(right_side, lambda h, a, P, p, U: 0.0),
    "adapter-after-relu": added_outside,
    "previous-column-only": columns_with(lambda h, a, P, p, U: right_side(h[:, -1:], a[-1:], P[-1:], p, U)),
    "same-layer": same_layer,
    "projections-transposed": columns_with(lambda h, a, P, p, U: right_side(h, a, P.transpose(0, 2, 1), p, U)),
}.items()}


def gate_open(**inputs):
    """Backwards with a gate that never closes; dU as it is."""
    right = own.progressive_adapter_backward(**inputs)
    with patch.object(columns.relu_backward, "inner", lambda dh, r, out=None: dh):
        return {**own.progressive_adapter_backward(**inputs), "dlateral": right["dlateral"]}


def unscaled(alphas, **inputs):
    right = own.progressive_adapter_backward(alphas=alphas, **inputs)
    return {**right, "dprojections": right["dprojections"] / alphas[:, None, None]}


def unprojected(older, bias, **inputs):
    """<dr, h_j> for <dr, h_j P_j>."""
    a = mixed(np.stack(older, axis=1), inputs["alphas"], inputs["projections"]) + bias
    slope = np.where(a > 0, inputs["dout"] @ inputs["lateral"].T, 0)
    right = own.progressive_adapter_backward(older=older, bias=bias, **inputs)
    return {**right, "dalphas": np.array([np.vdot(slope, h) for h in older])}


MUTANTS |= {("progressive_adapter_backward", mistake): mutant for mistake, mutant in {
    "averaged-twice": lambda dout, **inputs: {**each(lambda value: value / len(dout),
                                                     own.progressive_adapter_backward(dout=dout, **inputs))},
    "gate-missing": gate_open,
    "gradient-transposed": changed(
        "progressive_adapter_backward", dprojections=lambda i, o: o["dprojections"].transpose(0, 2, 1)),
    "alpha-missing-in-projection": unscaled,
    "alpha-unprojected": unprojected,
}.items()}

# --- variants of the metrics -------------------------------------------------------------------------------------

VARIANTS = "performance_matrix_variants"


def from_backward(transfer):
    """Diaz-Rodriguez et al.'s three from another backward transfer, a function of R."""
    def outputs(**inputs):
        with patch.object(metric_variants, "backward_transfer_diaz", transfer):
            return own.performance_matrix_variants(**inputs)

    return outputs


def all_columns(R):
    T = len(R)
    return (R - np.diagonal(R))[1:].sum() * 2 / (T * (T - 1)) if T > 1 else np.nan


def on_matrix(change):
    return lambda R, **others: own.performance_matrix_variants(change(R), **others)


def upper(R, k):
    return mean_or_nan(R[np.triu_indices(len(R), k)])


def nothing_is_zero(R, **others):
    answer = own.performance_matrix_variants(R, **others)
    return {name: 0.0 if len(R) == 1 and np.isnan(value) else value for name, value in answer.items()}


MUTANTS |= {(VARIANTS, mistake): mutant for mistake, mutant in {
    "gem-code-as-printed": changed(VARIANTS, backward_transfer_gem_code=lambda i, o: metrics.backward_transfer(i["R"])),
    "diaz-over-all-columns": from_backward(all_columns),
    "diaz-last-row-alone": from_backward(metrics.backward_transfer),
    "not-clipped": changed(VARIANTS, remembering_diaz=lambda i, o: 1 - abs(o["backward_transfer_diaz"]),
                           positive_backward_transfer_diaz=lambda i, o: o["backward_transfer_diaz"]),
    "maximum-without-last-stage": changed(VARIANTS, forgetting_with_last=lambda i, o: metrics.forgetting(i["R"])),
    "baseline-not-subtracted": changed(VARIANTS, forward_transfer_lopez_paz=lambda i, o: mean_or_nan(
        np.diagonal(i["R"], 1))),
    "forward-transfer-after-learning": changed(VARIANTS, forward_transfer_lopez_paz=lambda i, o: mean_or_nan(
        i["R"][j + 1, j + 1] - i["untrained"][j + 1] for j in earlier(i["R"]))),
    "diagonal-in-forward-transfer": changed(VARIANTS, forward_transfer_diaz=lambda i, o: upper(i["R"], 0)),
    "diagonal-not-in-average": changed(VARIANTS, accuracy_diaz=lambda i, o: upper(i["R"].T, 1)),
    "intransigence-reversed": changed(VARIANTS, intransigence=lambda i, o: -o["intransigence"]),
    "sizes-inverted": changed(VARIANTS, model_size_efficiency=lambda i, o: min(1, np.mean(i["sizes"] / i["sizes"][0]))),
    "efficiency-above-one": changed(VARIANTS, model_size_efficiency=lambda i, o: np.mean(i["sizes"][0] / i["sizes"])),
    "clipped-per-stage": changed(VARIANTS, model_size_efficiency=lambda i, o: np.mean(
        np.minimum(i["sizes"][0] / i["sizes"], 1))),
    "last-size-only": changed(VARIANTS, model_size_efficiency=lambda i, o: min(i["sizes"][0] / i["sizes"][-1], 1.0)),
    "unseen-counted-as-zero": on_matrix(np.nan_to_num),
    "one-task-is-zero": nothing_is_zero,
    "matrix-transposed": on_matrix(np.transpose),
}.items()}
