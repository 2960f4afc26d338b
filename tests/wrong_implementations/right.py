"""Right variants: other formulas, other orders of summation, other types.  The checker has to accept them all."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_expit, logsumexp
from scipy.stats import rankdata

from den_ref import loops
from tests import own_answers as own
from tests.own_answers import trace


@dataclass(frozen=True)
class Right:
    """One right implementation of one operation.

    operation, name, how : of which, its own name, how it differs
    function : takes the operation's inputs by name, returns its outputs as an adapter does
    precision : what it is checked with, "f64" or "f32"
    """

    operation: str
    name: str
    how: str
    function: Callable
    precision: str = "f64"


RIGHT: list[Right] = []


def right(operation: str, precision: str = "f64"):
    """Decorator: put a function on the list; its docstring says how it differs."""
    def put(function):
        RIGHT.append(Right(operation, function.__name__, function.__doc__, function, precision))
        return function

    return put


# --- types -------------------------------------------------------------------------------------------------------


@right("affine_forward")
def nested_lists(x, w, b):
    """Plain Python: nested lists."""
    return [[sum(p * q for p, q in zip(row, column)) + c for column, c in zip(w.T.tolist(), b.tolist())]
            for row in x.tolist()] or np.zeros((0, len(b)))


@right("auroc")
def array_without_dimensions(scores, labels):
    """A 0-d array where a number is asked for."""
    return np.array(own.auroc(scores, labels))


@right("soft_threshold")
def a_tuple_of_one(w, step, mu):
    """The only output, as a tuple of one."""
    return (own.soft_threshold(w, step, mu),)


@right("relu_forward")
def a_list_of_rows(a):
    """A list of arrays, one per sample."""
    return list(np.maximum(a, 0)) if len(a) else a


@right("select_units")
def tuples_of_python_ints(**given):
    """Indices as tuples of Python's integers."""
    return tuple(tuple(units.tolist()) for units in own.select_units(**given)["selected"])


@right("select_units")
def small_integers(**given):
    """Indices as int32."""
    return {"selected": [units.astype(np.int32) for units in own.select_units(**given)["selected"]]}


@right("most_drifted")
def unsigned_integers(older, rho, sigma, at_most):
    """Indices as uint16; one comprehension for all."""
    return {"split": [np.array(sorted(sorted((u for u, r in zip(units, drifts) if r > s), key=lambda u: (
        -drifts[list(units).index(u)], u))[:at_most]), np.uint16) for units, drifts, s in zip(older, rho, sigma)]}


@right("most_drifted")
def a_tuple_of_the_list(older, rho, sigma, at_most):
    """The only output, a list, in a tuple of one."""
    return (own.most_drifted(older, rho, sigma, at_most)["split"],)


@right("extract_subnetwork")
def in_order_of_the_signature(**given):
    """A tuple in the order of the signature, with boolean lists."""
    told = own.extract_subnetwork(**given)
    return (told["sub_weights"], told["sub_biases"], told["sub_head"], told["sub_head_bias"],
            [edge.tolist() if edge.size else edge for edge in told["edges"]])


@right("append_units")
def lists_of_lists(**given):
    """Lifetimes as lists of Python's integers."""
    told = own.append_units(**given)
    return told | {name: [units.tolist() for units in told[name]] for name in ("introduced", "retired")}


@right("performance_matrix_metrics")
def numpy_scalars(R, separate):
    """np.float64 in a tuple."""
    return tuple(map(np.float64, own.performance_matrix_metrics(R, separate).values()))


@right("relu_backward")
def fortran_order(dh, a):
    """An array in Fortran's order, a view of a larger one."""
    wide = np.zeros((*a.shape, 2), order="F")
    wide[..., 1] = np.where(a > 0, dh, 0)
    return np.asfortranarray(wide)[..., 1]


@right("solve_head")
def support_as_list(features, labels, loss, mu_head):
    """support as nested lists of truth values, numbers as Python's."""
    told = own.solve_head(features, labels, loss, mu_head)
    support = told["support"].tolist() if told["support"].size else told["support"]
    return float(told["objective"]), support, float(told["residual"])


# --- single precision --------------------------------------------------------------------------------------------


def single(value):
    """Floating-point inputs and outputs in float32."""
    if isinstance(value, dict):
        return {name: single(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(single, value))
    return value.astype(np.float32) if isinstance(value, np.ndarray) and value.dtype == np.float64 else value


@right("affine_backward", "f32")
def affine_backward_in_float32(**given):
    """float32 throughout, with the option."""
    return single(own.affine_backward(**single(given)))


@right("network_forward", "f32")
def network_in_float32(x, weights, biases, head, head_bias):
    """float32 throughout, with the option."""
    x, weights, biases, head, head_bias = single([x, weights, biases, head, head_bias])
    hidden = []
    for w, b in zip(weights, biases):
        x = np.maximum(x @ w + b, 0)
        hidden.append(x)
    return hidden, x @ head + head_bias


@right("softmax_cross_entropy", "f32")
def softmax_in_float32(logits, labels):
    """float32 throughout, with the option."""
    z = single(logits)
    z = z - z.max(axis=1, keepdims=True)
    total = np.exp(z).sum(axis=1, keepdims=True)
    rows = np.arange(len(z))
    slope = np.exp(z) / total
    slope[rows, labels] -= 1
    return np.float32(np.mean(np.log(total[:, 0]) - z[rows, labels])), slope / np.float32(len(z))


@right("group_soft_threshold", "f32")
def groups_in_float32(w, step, gamma):
    """float32 throughout, with the option."""
    w = single(w)
    size = np.sqrt((w * w).sum(axis=0, dtype=np.float32))
    scale = np.maximum(size - np.float32(step * gamma), 0) / np.where(size > 0, size, np.float32(1))
    return w * scale


@right("unit_drift", "f32")
def drift_in_single(**given):
    """Networks and drifts in float32, with the option."""
    return single(own.unit_drift(**single(given)))


@right("den_trace", "f32")
def whole_run_in_float32(**given):
    """What comes out of every box, stored in float32, with the option."""
    return single(trace.den_trace(**given))


@right("ewc_penalty", "f32")
def ewc_in_float32(**given):
    """float32 throughout, with the option."""
    told = own.ewc_penalty(**single(given))
    return {"value": np.float32(told["value"]), "gradient": single(told["gradient"])}


# --- other formulas: losses and networks -------------------------------------------------------------------------


@right("sigmoid_cross_entropy")
def by_log_sigmoids(logits, labels):
    """-y log s(z) - (1 - y) log s(-z), with the logarithm of a sigmoid."""
    n = max(len(logits), 1)
    return -(labels * log_expit(logits) + (1 - labels) * log_expit(-logits)).sum() / n, (expit(logits) - labels) / n


@right("sigmoid_cross_entropy")
def by_tanh(logits, labels):
    """max(z, 0) - y z + log1p(exp(-abs(z))), the gradient by (1 + tanh(z / 2)) / 2."""
    n = max(len(logits), 1)
    value = np.maximum(logits, 0) - labels * logits + np.log1p(np.exp(-abs(logits)))
    return value.sum(axis=0).sum() / n, ((1 + np.tanh(logits / 2)) / 2 - labels) / n


@right("softmax_cross_entropy")
def by_logsumexp(logits, labels):
    """exp(z - logsumexp(z)) for the probabilities."""
    log_p = logits - logsumexp(logits, axis=1, keepdims=True)
    rows = np.arange(len(logits))
    return -log_p[rows, labels].mean(), (np.exp(log_p) - np.eye(logits.shape[1])[labels]) / len(logits)


@right("softmax_cross_entropy")
def by_pairwise_sigmoids(logits, labels):
    """p_c = 1 / sum over k of exp(z_k - z_c), the value -log of it."""
    with np.errstate(over="ignore"):
        p = 1 / np.exp(logits[:, None, :] - logits[:, :, None]).sum(axis=2)
    gaps = logits - logits[np.arange(len(logits)), labels][:, None]
    top = gaps.max(axis=1)
    value = np.mean(top + np.log(np.exp(gaps - top[:, None]).sum(axis=1)))
    return value, (p - np.eye(logits.shape[1])[labels]) / len(logits)


@right("affine_forward")
def bias_as_a_row(x, w, b):
    """[x, 1] times [w; b]."""
    return np.hstack([x, np.ones((len(x), 1))]) @ np.vstack([w, b])


@right("affine_backward")
def sums_backwards(x, w, b, dout):
    """einsum, samples from the last to the first."""
    return (np.einsum("nj,ij->ni", dout, w), np.einsum("ni,nj->ij", x[::-1], dout[::-1]),
            np.add.reduce(dout[::-1], axis=0))


@right("network_forward")
def relu_by_abs(x, weights, biases, head, head_bias):
    """(a + abs(a)) / 2 for the ReLU, units in another order of summation."""
    hidden, h = [], x
    for w, b in zip(weights, biases):
        a = h[:, ::-1] @ w[::-1] + b
        h = (a + abs(a)) / 2
        hidden.append(h)
    return hidden, np.einsum("ni,io->no", h, head) + head_bias


@right("network_backward")
def sample_by_sample(x, labels, **network):
    """The mean of the samples' own gradients."""
    ones = [own.network_backward(x[i:i + 1], labels[i:i + 1], **network) for i in range(len(x))]
    return {name: [sum(one[name][l] for one in ones) / len(x) for l in range(len(ones[0][name]))]
            if isinstance(ones[0][name], list) else sum(one[name] for one in ones) / len(x) for name in ones[0]}


# --- other formulas: proxes and solvers --------------------------------------------------------------------------


@right("soft_threshold")
def as_a_factor(w, step, mu):
    """w max(0, 1 - t / abs(w))."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(w == 0, 0, w * np.maximum(0, 1 - step * mu / abs(w)))


@right("soft_threshold")
def as_two_rectifiers(w, step, mu):
    """max(w - t, 0) - max(-w - t, 0)."""
    return np.maximum(w - step * mu, 0) - np.maximum(-w - step * mu, 0)


@right("soft_threshold")
def minus_a_projection(w, step, mu):
    """Moreau: w minus its projection on [-t, t]."""
    return w - np.clip(w, -step * mu, step * mu)


@right("soft_threshold_metric")
def metric_by_a_factor(w, d, mu):
    """sign(w) max(d abs(w) - mu, 0) / d."""
    return np.sign(w) * np.maximum(d * abs(w) - mu, 0) / d


@right("group_soft_threshold")
def groups_by_projection(w, step, gamma):
    """Moreau: w minus its columns' projections on the ball of radius t, with hypot for the norms."""
    size, t = np.array([math.hypot(*column) for column in w.T]), step * gamma
    inside = size <= t
    return np.where(inside, 0, w - w * (t / np.where(inside, 1, size)))


@right("group_soft_threshold_metric")
def by_bisection(w, d, gamma):
    """The secular equation, bisected column by column, in the variable 1 / r."""
    return loops.group_soft_threshold_metric(w, d, gamma)


@right("sparse_group_prox")
def both_by_factors(w, step, mu, gamma):
    """Entries as two rectifiers, groups as max(1 - t / norm, 0)."""
    z = as_two_rectifiers(w, step, mu)
    size = np.linalg.norm(z, axis=0)
    return z * np.maximum(1 - step * gamma / np.where(size > 0, size, np.inf), 0) if gamma else z


@right("squared_l2_prox")
def as_a_quotient(w, step, strength, anchor):
    """(w + s anchor) / (1 + s)."""
    return (w + step * strength * anchor) / (1 + step * strength)


@right("squared_l2_prox_metric")
def as_a_quotient_in_the_metric(w, d, strength, anchor):
    """(d w + strength anchor) / (d + strength)."""
    return (d * w + strength * anchor) / (d + strength)


@right("ewc_prox")
def by_the_inverse(w, step, lam, importance, anchor):
    """anchor + (w - anchor) / (1 + s)."""
    return anchor + (w - anchor) / (1 + step * lam * importance)


@right("fista")
def with_restart_on_gradient_mapping(quadratic, linear, mu, start, step, iterations):
    """The restart's test as a sum in another order, the gradient as a product of rows, t in closed form."""
    x, y, t, rows = start.copy(), start.copy(), 1.0, []
    for _ in range(iterations):
        new = minus_a_projection(y - step * (quadratic.T @ y) - step * linear, step, mu)
        t = 1.0 if math.fsum((y - new) * (new - x)) > 0 else t
        t_new = 0.5 + math.sqrt(0.25 + t * t)
        x, y, t = new, ((t_new + t - 1) * new - (t - 1) * x) / t_new, t_new
        rows.append(x)
    return np.array(rows).reshape(iterations, len(start))


@right("ista_step")
def step_by_loops(**given):
    """The loops, one number at a time."""
    return loops.ista_step(**given)


@right("l2_transfer_step")
def towards_the_anchor(weights, biases, head, head_bias, dweights, dbiases, dhead, dhead_bias, anchor_weights,
                       anchor_biases, lam, step):
    """z + share (anchor - z) with share = 1 - 1 / (1 + 2 step lam)."""
    def moved(arrays, slopes, anchors):
        return [(z := w - step * g) + (1 - 1 / (1 + 2 * step * c)) * (a - z)
                for w, g, a, c in zip(arrays, slopes, anchors, lam)]

    return {"weights": moved(weights, dweights, anchor_weights), "biases": moved(biases, dbiases, anchor_biases),
            "head": head - step * dhead, "head_bias": head_bias - step * dhead_bias}


# --- other formulas: the equations, DEN's own operations ---------------------------------------------------------


@right("objective_eq2")
def penalty_with_fsum(**given):
    """The penalty added up exactly, entry by entry, the rest by the loops."""
    told = loops.objective_eq2(**given)
    return told | {"penalty": given["mu"] * math.fsum(abs(np.concatenate([
        w.ravel() for w in [*given["weights"], given["head"]]])))}


@right("objective_eq5")
def eq5_by_loops(**given):
    """The loops, one number at a time."""
    return loops.objective_eq5(**given)


@right("objective_eq6")
def eq6_expanded(weights, biases, anchor_weights, anchor_biases, lam, **given):
    """The square multiplied out: lam (w.w - 2 w.a + a.a)."""
    told = own.objective_eq6(weights=weights, biases=biases, anchor_weights=anchor_weights,
                             anchor_biases=anchor_biases, lam=lam, **given)
    now = np.concatenate([w[tuple(map(slice, a.shape))].ravel() for w, a in zip(
        [*weights, *biases], [*anchor_weights, *anchor_biases])])
    then = np.concatenate([a.ravel() for a in [*anchor_weights, *anchor_biases]])
    return told | {"penalty": lam * float(now @ now - 2 * (now @ then) + then @ then)}


@right("select_units")
def by_reachability(stage, head, weights, introduced, retired, current_weights):
    """Boolean products of adjacency matrices, from the head down."""
    alive = [np.ones(len(weights[0]), bool), *((born <= stage) & (gone > stage)
                                               for born, gone in zip(introduced, retired))]
    reached = [alive[-1] & (head != 0).any(axis=1)]
    for w, living in zip(weights[::-1], alive[-2::-1]):
        reached.insert(0, living & ((w != 0) @ reached[0]))
    return [np.flatnonzero(units) for units in reached]


@right("delete_units")
def by_np_delete(units, heads, weights, **given):
    """np.delete along both axes, one layer after the other."""
    told = own.delete_units(units=units, heads=heads, weights=weights, **given)
    below = [np.array([], int), *units]
    return told | {"weights": [np.delete(np.delete(w, above, axis=1), rows, axis=0)
                               for w, rows, above in zip(weights, below, units)],
                   "heads": [np.delete(v, units[-1], axis=0) for v in heads]}


@right("useless_units")
def useless_by_loops(**given):
    """The loops, unit by unit, edge by edge."""
    return loops.useless_units(**given)


@right("split_units")
def split_by_the_table(**given):
    """The loops: the edge table, entry by entry."""
    return loops.split_units(**given)


@right("unit_drift")
def drift_by_hypot(weights, biases, previous_weights, previous_biases, introduced, retired, stage, drift):
    """math.hypot of every unit's changes."""
    older = [range(len(weights[0])), *(np.flatnonzero((born < stage) & (gone > stage)).tolist()
                                       for born, gone in zip(introduced, retired))]

    def rho(l, j):
        then = [previous_biases[l][j], *(previous_weights[l][i, j] for i in older[l])]
        change = math.hypot(*(a - b for a, b in zip([biases[l][j], *(weights[l][i, j] for i in older[l])], then)))
        size = math.hypot(*then) if drift == "relative" and change else 1
        return change / size if size else math.inf

    return older[1:], [[rho(l, j) for j in units] for l, units in enumerate(older[1:])]


@right("predict_task")
def masked_activations(x, weights, biases, introduced, retired, heads, head_biases, head_stages, stage):
    """Full matrices; what the stage does not see is set to 0 after every ReLU."""
    for w, b, born, gone in zip(weights, biases, introduced, retired):
        x = np.where((born <= stage) & (stage < gone), np.maximum(x @ w + b, 0), 0)
    task = head_stages.tolist().index(stage)
    return x @ heads[task] + head_biases[task]


# --- other formulas: systems and metrics -------------------------------------------------------------------------


@right("fisher_diagonal")
def by_enumerated_labels(**given):
    """The loops: all labels of all samples, one after the other."""
    return loops.fisher_diagonal(**given)


@right("ewc_penalty")
def one_square_and_a_constant(w, lam, anchors, decay, fisher, learnt):
    """Separate anchors as one square around their weighted mean, where there is information; latest as sums."""
    if anchors == "latest":
        return loops.ewc_penalty(w, lam, anchors, decay, fisher, learnt)
    total = sum(fisher)
    anchor = np.where(total > 0, sum(f * a for f, a in zip(fisher, learnt)) / np.where(total > 0, total, 1), 0)
    before = learnt[-1]
    return lam / 2 * (total * (w - before) * (w + before - 2 * anchor)).sum(), lam * total * (w - anchor)


@right("progressive_forward")
def progressive_by_loops(**given):
    """The loops, one number at a time."""
    return loops.progressive_forward(**given)


@right("progressive_adapter_backward")
def adapter_by_einsum(older, alphas, projections, bias, lateral, dout):
    """einsum over stacked columns."""
    h = np.stack(older)
    a = np.einsum("j,jni,jik->nk", alphas, h, projections) + bias
    slope = np.where(a > 0, np.einsum("no,ko->nk", dout, lateral), 0)
    dP = np.einsum("jni,nk->jik", h, slope)
    return np.einsum("jik,jik->j", dP, projections), alphas[:, None, None] * dP, slope.sum(axis=0), np.maximum(
        a, 0).T @ dout


@right("auroc")
def by_ranks(scores, labels):
    """Two passes: mean ranks, then the sum of the positives' ranks."""
    p, n = int(labels.sum()), int((1 - labels).sum())
    return (rankdata(scores)[labels == 1].sum() - p * (p + 1) / 2) / (p * n) if p and n else math.nan


@right("auroc")
def by_trapezoids(scores, labels):
    """The area under the ROC curve by trapezoids over distinct thresholds."""
    if len(np.unique(labels)) < 2:
        return math.nan
    curve = [(np.mean(scores[labels == 0] >= t), np.mean(scores[labels == 1] >= t))
             for t in (np.inf, *np.unique(scores)[::-1])]
    return sum((x - u) * (y + v) / 2 for (u, v), (x, y) in zip(curve, curve[1:]))


@right("performance_matrix_metrics")
def sums_over_pairs(R, separate):
    """Double loops, sums divided at the end."""
    return loops.performance_matrix_metrics(R, separate)


@right("performance_matrix_variants")
def by_masks(R, untrained, joint, sizes):
    """Triangular masks; the rest by the loops."""
    told, (i, j) = loops.performance_matrix_variants(R, untrained, joint, sizes), np.indices(R.shape)
    return told | {"accuracy_diaz": float(R[i >= j].sum() / (i >= j).sum()),
                   "learning_performance": float(np.trace(R) / len(R))}


@right("den_trace")
def trace_as_lists(**given):
    """The right run, its states as tuples of nested lists."""
    return {name: tuple(value) if isinstance(value, list) else value
            for name, value in trace.den_trace(**given).items()}
