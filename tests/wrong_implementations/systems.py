"""The compared systems: EWC, the Fisher information, DNN-L2, DNN-Progressive."""

import numpy as np
from scipy.special import softmax

from tests import own_answers as own

from .layers import layers_of
from .listing import wrong

# --- EWC ---------------------------------------------------------------------------------------------------------


@wrong("ewc_penalty", known="half-missing")
def lambda_without_its_half(lam, **given):
    """lam sum F (w - a)^2."""
    return own.ewc_penalty(lam=2 * lam, **given)


@wrong("ewc_penalty", r"constant|P\(W|minus|subtract|not 0 at|at the latest", hard=True)
def constant_left_in(w, lam, anchors, decay, fisher, learnt):
    """With separate anchors the value is P(w) as it stands, without - P(W^{t-1})."""
    right = own.ewc_penalty(w, lam, anchors, decay, fisher, learnt)
    if anchors == "latest":
        return right
    return {**right, "value": sum(lam / 2 * (f * (w - a) ** 2).sum() for f, a in zip(fisher, learnt))}


@wrong("ewc_penalty", r"gradient.*(half|1/2|halved|factor)|half.*gradient|factor (1/2|0\.5)|halved")
def gradient_with_the_half(**given):
    """The gradient keeps the 1/2 of the value."""
    right = own.ewc_penalty(**given)
    return {**right, "gradient": right["gradient"] / 2}


@wrong("ewc_penalty", r"order|oldest|reversed|wrong end", hard=True)
def decay_from_the_wrong_end(fisher, anchors, **given):
    """The newest task's information is decayed most: powers of decay are counted from the first task."""
    turned = fisher[::-1] if anchors == "latest" else fisher
    return own.ewc_penalty(fisher=turned, anchors=anchors, **given)


@wrong("ewc_penalty", r"number of weights|over (the )?weights|mean over|factor 1/n|size")
def mean_over_weights(w, **given):
    """The squares are averaged over weights."""
    right = own.ewc_penalty(w=w, **given)
    return {name: value / len(w) for name, value in right.items()}


@wrong("ewc_penalty", r"nan|0/0|0 / 0|without information|F = 0", hard=True)
def weighted_anchor_divides_by_zero(w, lam, anchors, decay, fisher, learnt):
    """Separate anchors are kept as one, sum F_k W^k / sum F_k: NaN where a weight has no information."""
    if anchors == "latest":
        return own.ewc_penalty(w, lam, anchors, decay, fisher, learnt)
    with np.errstate(all="ignore"):
        total = sum(fisher)
        anchor = sum(f * a for f, a in zip(fisher, learnt)) / total
        value = lam / 2 * ((total * (w - anchor) ** 2).sum() - (total * (learnt[-1] - anchor) ** 2).sum())
        return value, lam * total * (w - anchor)


@wrong("ewc_prox", known="one-strength-for-all")
def mean_importance(w, step, lam, importance, anchor):
    """The mean importance for all weights."""
    s = step * lam * importance.mean()
    return (w + s * anchor) / (1 + s)


@wrong("ewc_prox", r"normal|largest|max|relative|divided")
def importance_normalised(w, step, lam, importance, anchor):
    """Importances are divided by the largest one."""
    s = step * lam * importance / max(importance.max(initial=0), 1e-300)
    return (w + s * anchor) / (1 + s)


@wrong("ewc_prox", r"clip|cut|gradient|beyond|min\(|at most")
def clipped_gradient_step(w, step, lam, importance, anchor):
    """A gradient step of the pull, cut off at the anchor: the share is min(s, 1)."""
    return w + np.minimum(step * lam * importance, 1) * (anchor - w)


# --- the Fisher information --------------------------------------------------------------------------------------


@wrong("fisher_diagonal", known="batch-squared", hard=True)
def squared_after_backward(kind, **given):
    """loss.backward() on the batch, then grad ** 2; the exact kind is right."""
    if kind == "exact":
        return own.fisher_diagonal(kind=kind, **given)
    right = own.network_backward(**given)
    return {f"fisher_{name[1:]}": [one ** 2 for one in value] if isinstance(value, list) else value ** 2
            for name, value in right.items() if name != "value"}


@wrong("fisher_diagonal", r"independent|one output|each output|output by output|covarian", hard=True)
def outputs_taken_one_by_one(x, labels, loss, kind, weights, biases, head, head_bias):
    """E is taken output by output, sum over c of p_c (1 - p_c) J_c^2: right for sigmoids, not for a softmax."""
    right = own.fisher_diagonal(x, labels, loss, kind, weights, biases, head, head_bias)
    if loss == "sigmoid" or kind == "empirical":
        return right
    inputs = [x, *layers_of(x, weights, biases)]
    p = softmax(inputs[-1] @ head + head_bias, axis=1)
    spread, found = p * (1 - p), {name: [] for name in ("fisher_weights", "fisher_biases")}
    slopes = head.T[None].repeat(len(x), axis=0)                       # [sample, output, unit]
    for l in reversed(range(len(weights))):
        slopes = slopes * (inputs[l + 1] > 0)[:, None, :]
        squared = np.einsum("nc,nci->ni", spread, slopes ** 2)
        found["fisher_weights"].insert(0, (inputs[l] ** 2).T @ squared / len(x))
        found["fisher_biases"].insert(0, squared.mean(axis=0))
        slopes = slopes @ weights[l].T
    return {**right, **found}


@wrong("fisher_diagonal", r"root|not squared|sqrt")
def root_of_the_squares(**given):
    """The root of the mean square: gradients' sizes."""
    return {name: [np.sqrt(one) for one in value] if isinstance(value, list) else np.sqrt(value)
            for name, value in own.fisher_diagonal(**given).items()}


@wrong("fisher_diagonal", known="sum-over-samples")
def summed_over_samples(x, **given):
    """Squares are added up over samples."""
    return {name: [len(x) * one for one in value] if isinstance(value, list) else len(x) * value
            for name, value in own.fisher_diagonal(x=x, **given).items()}


# --- DNN-L2 ------------------------------------------------------------------------------------------------------


@wrong("l2_transfer_step", known="half-factor")
def l2_with_half(lam, **given):
    """(lam / 2) norm^2."""
    return own.l2_transfer_step(lam=lam / 2, **given)


@wrong("l2_transfer_step", r"order|before the gradient|prox-before", hard=True)
def pulled_before_the_step(weights, biases, dweights, dbiases, anchor_weights, anchor_biases, lam, step, **given):
    """The pull comes first, the gradient step second."""
    free = own.l2_transfer_step(weights=weights, biases=biases, dweights=dweights, dbiases=dbiases, lam=0 * lam,
                                anchor_weights=anchor_weights, anchor_biases=anchor_biases, step=step, **given)

    def moved(arrays, slopes, anchors):
        return [(w + 2 * step * c * a) / (1 + 2 * step * c) - step * g
                for w, g, a, c in zip(arrays, slopes, anchors, lam)]

    return free | {"weights": moved(weights, dweights, anchor_weights),
                   "biases": moved(biases, dbiases, anchor_biases)}


@wrong("l2_transfer_step", r"off by one|shifted|layer below|next layer|other layer|lam\[l|one-lam", hard=True)
def lam_of_the_layer_below(lam, **given):
    """lam is shifted by a layer: layer l gets lam[l - 1], the first its own."""
    return own.l2_transfer_step(lam=np.append(lam[:1], lam[:-1]), **given)


@wrong("l2_transfer_step", r"bias.{0,40}(pulled to 0|decay)|bias.{0,40}anchor.{0,10}ignored")
def biases_decay(biases, anchor_biases, **given):
    """Biases are pulled to 0, not to their anchors."""
    return own.l2_transfer_step(biases=biases, anchor_biases=[0 * a for a in anchor_biases], **given)


@wrong("l2_transfer_step", r"step-missing|not multiplied|without (the )?step|factor.*step|2 lam,? not")
def step_left_out_of_the_pull(lam, step, **given):
    """The pull's strength is 2 lam, not 2 step lam."""
    return own.l2_transfer_step(lam=lam / step, step=step, **given)


# --- DNN-Progressive ---------------------------------------------------------------------------------------------


def columns(x, weights, biases, heads, head_biases, alphas, projections, projection_biases, laterals, *,
            share=lambda a: a, plain_older=False, below=lambda h, a: h, turned=False):
    """All columns, with parts to replace."""
    kept, logits = [], []
    for k, (v, c) in enumerate(zip(heads, head_biases)):
        h, hidden = x, []
        for l, (w, b) in enumerate(zip([*weights[k], v], [*biases[k], c])):
            a = h @ w + b
            if k and l:
                P, alpha = projections[k - 1][l - 1], share(alphas[k - 1][l - 1])
                older = [column[l - 1] for column in kept][::-1 if turned else 1]
                mixed = sum(alpha[j] * below(*older[j]) @ P[j] for j in range(k))
                a = a + np.maximum(mixed + projection_biases[k - 1][l - 1], 0) @ laterals[k - 1][l - 1]
            h = np.maximum(a, 0)
            hidden.append((h, a))
        logits.append(a)
        kept.append([(h, h) for h in layers_of(x, weights[k], biases[k])] if plain_older else hidden)
    return {"logits": logits}


@wrong("progressive_forward", known="alphas-ignored")
def without_alphas(**given):
    """The scalars are left out."""
    return columns(share=np.ones_like, **given)


@wrong("progressive_forward", r"before (its|the|their) ReLU|pre-activation|not rectified")
def pre_activations_heard(**given):
    """Adapters read older columns before their ReLU."""
    return columns(below=lambda h, a: a, **given)


@wrong("progressive_forward", r"plain|on their own|older columns?.{0,30}(without|lack)|"
       r"adapters of (the )?older", hard=True)
def older_columns_without_adapters(**given):
    """Older columns are computed as plain networks when a later one listens to them."""
    return columns(plain_older=True, **given)


@wrong("progressive_forward", r"order|reversed|newest|oldest", hard=True)
def newest_column_first(**given):
    """Older columns are stacked newest first, their scalars and projections oldest first."""
    return columns(turned=True, **given)


@wrong("progressive_forward", r"mean|averag|divided|number of (older )?columns", hard=True)
def mean_over_older_columns(**given):
    """Older columns are averaged, not summed."""
    return columns(share=lambda a: a / len(a), **given)


@wrong("progressive_adapter_backward", known="gate-missing")
def gate_forgotten(older, alphas, projections, bias, lateral, dout):
    """What flows back passes a closed ReLU."""
    return adapter_backward(older, alphas, projections, bias, lateral, dout, gate=lambda a: a == a)


def adapter_backward(older, alphas, projections, bias, lateral, dout, gate=lambda a: a > 0):
    """Gradients of an adapter with another gate."""
    a = sum(s * h @ P for s, h, P in zip(alphas, older, projections)) + bias
    slope = (dout @ lateral.T) * gate(a)
    return {"dalphas": np.array([np.vdot(slope, h @ P) for h, P in zip(older, projections)]),
            "dprojections": np.array([s * h.T @ slope for s, h in zip(alphas, older)]),
            "dbias": slope.sum(axis=0), "dlateral": np.maximum(a, 0).T @ dout}


@wrong("progressive_adapter_backward", r">= 0|at zero|at 0|kink|open-at", hard=True)
def adapter_open_on_the_kink(**given):
    """The gate of the adapter's ReLU is r >= 0."""
    return adapter_backward(gate=lambda a: a >= 0, **given)


@wrong("progressive_adapter_backward", r"dalphas|alpha.*(twice|too many)|a factor a_j too")
def alpha_gradient_scaled(alphas, **given):
    """dalphas has a factor alpha too many: it is taken from the scaled product."""
    right = own.progressive_adapter_backward(alphas=alphas, **given)
    return {**right, "dalphas": alphas * right["dalphas"]}


@wrong("progressive_adapter_backward", r"dlateral|dU|before (its|the) ReLU|pre-activation")
def lateral_from_the_pre_activation(older, alphas, projections, bias, lateral, dout):
    """dU = a^T dout with a before its ReLU."""
    right = own.progressive_adapter_backward(older, alphas, projections, bias, lateral, dout)
    a = sum(s * h @ P for s, h, P in zip(alphas, older, projections)) + bias
    return {**right, "dlateral": a.T @ dout}


@wrong("progressive_adapter_backward", r"transpos")
def projections_transposed(**given):
    """dP_j comes transposed."""
    right = own.progressive_adapter_backward(**given)
    return {**right, "dprojections": right["dprojections"].transpose(0, 2, 1)}
