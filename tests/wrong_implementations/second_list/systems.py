"""EWC, Fisher information, DNN-L2, DNN-Progressive."""

import numpy as np
from tests import own_answers as own

from .listing import wrong


@wrong("fisher_diagonal", r"mode|argmax|most likely|likeliest|predict|expectation|draw|sampled", hard=True)
def likeliest_label_only(x, labels, loss, kind, **network):
    """exact: the label that the network finds likeliest stands for the expectation."""
    if kind == "empirical":
        return own.fisher_diagonal(x, labels, loss, kind, **network)
    z = own.network_forward(x, **network)["logits"]
    best = (z > 0).astype(float) if loss == "sigmoid" else np.eye(z.shape[1])[z.argmax(axis=1)]
    return own.fisher_diagonal(x, best, loss, "empirical", **network)


@wrong("fisher_diagonal", r"per output|output by output|each output|cross|sum of squares|separate|outputs", hard=True)
def outputs_squared_one_by_one(x, labels, loss, kind, **network):
    """empirical, sigmoid: the squares of every output's own gradient are added, not the sum's square taken."""
    if kind == "exact" or loss == "softmax":
        return own.fisher_diagonal(x, labels, loss, kind, **network)
    head, head_bias = network.pop("head"), network.pop("head_bias")
    apart = [own.fisher_diagonal(x, labels[:, [o]], loss, kind, head=head[:, [o]], head_bias=head_bias[[o]], **network)
             for o in range(len(head_bias))]
    below = {name: [sum(arrays) for arrays in zip(*(one[name] for one in apart))]
             for name in ("fisher_weights", "fisher_biases")}
    return below | {name: np.concatenate([one[name] for one in apart], axis=-1)
                    for name in ("fisher_head", "fisher_head_bias")}


@wrong("ewc_penalty", r"decay", hard=True)
def newest_decays_in_the_sum_only(w, lam, anchors, decay, fisher, learnt):
    """F becomes decay F + F_k after a task, and the penalty takes it as it is: decay is there once too few."""
    if anchors == "separate":
        return own.ewc_penalty(w, lam, anchors, decay, fisher, learnt)
    told = own.ewc_penalty(w, lam / decay if decay else 0.0, anchors, decay, fisher, learnt)
    return told if decay else {"value": lam / 2 * (fisher[-1] * (w - learnt[-1]) ** 2).sum(),
                               "gradient": lam * fisher[-1] * (w - learnt[-1])}


@wrong("ewc_penalty", r"newest|latest|last|only one|one anchor|W\^\{t-1\}|every task.*own|separate", hard=True)
def separate_squares_around_the_newest(w, lam, anchors, decay, fisher, learnt):
    """separate: every task has its Fisher information, but all squares are around the newest weights."""
    return own.ewc_penalty(w, lam, "latest", 1.0 if anchors == "separate" else decay, fisher, learnt)


@wrong("ewc_prox", r"gradient|explicit|beyond|overshoot|decoupled|for.?prox")
def explicit_pull(w, step, lam, importance, anchor):
    """w - step lam F (w - anchor): a gradient step on the penalty."""
    return w - step * lam * importance * (w - anchor)


@wrong("l2_transfer_step", r"lam|first layer|every layer|per layer|same strength")
def first_lambda_everywhere(lam, **given):
    """lam[0] is used in all layers."""
    return own.l2_transfer_step(lam=np.full_like(lam, lam[0]), **given)


@wrong("l2_transfer_step", r"order|pull.*(first|before)|prox.*(first|before)|before the gradient|gradient.*(last|after)")
def pulled_before_the_gradient(**given):
    """The pull comes first, and the gradient step after it."""
    still = {name: [0 * a for a in given[name]] for name in ("dweights", "dbiases")}
    told = own.l2_transfer_step(**given | still)
    for name in ("weights", "biases"):
        told[name] = [a - given["step"] * d for a, d in zip(told[name], given["d" + name])]
    return told


def columns(x, weights, biases, heads, head_biases, alphas, projections, projection_biases, laterals, adapter):
    """Progressive networks with another adapter: adapter(older activations, a, P, p, whether it leads to the head)."""
    tops, layers = [], []
    for k, (ws, bs, v, c) in enumerate(zip(weights, biases, heads, head_biases)):
        h, mine = x, []
        for l in range(len(ws) + 1):
            z = h @ (ws[l] if l < len(ws) else v) + (bs[l] if l < len(ws) else c)
            if k and l:
                side = [kinds[k - 1][l - 1] for kinds in (alphas, projections, projection_biases, laterals)]
                z = z + adapter([older[l - 1] for older in layers], *side[:3], l == len(ws)) @ side[3]
            h = z if l == len(ws) else np.maximum(z, 0)
            mine.append(h)
        layers.append(mine)
        tops.append(h)
    return {"logits": tops}


@wrong("progressive_forward", r"head|relu|linear")
def linear_adapter_into_the_head(**given):
    """The adapter into the head has no ReLU, as the head has none."""
    def adapter(older, a, ps, p, into_head):
        r = sum(s * h @ w for s, h, w in zip(a, older, ps)) + p
        return r if into_head else np.maximum(r, 0)

    return columns(**given, adapter=adapter)


@wrong("progressive_forward", r"(each|every|per) column|column by column|sum of (the )?relu|inside|outside",
       hard=True)
def a_relu_per_older_column(**given):
    """r = sum over j of relu(a_j h_j P_j + p): a ReLU and a bias for each older column."""
    return columns(**given, adapter=lambda older, a, ps, p, _: sum(
        np.maximum(s * h @ w + p, 0) for s, h, w in zip(a, older, ps)))


@wrong("progressive_adapter_backward", r"alpha|a_j|scale|factor")
def projections_without_alpha(**given):
    """dP_j = h_j^T dr: the factor a_j is missing."""
    told = own.progressive_adapter_backward(**given)
    plain = own.progressive_adapter_backward(**given | {
        "alphas": np.ones_like(given["alphas"]),
        "projections": given["projections"] * given["alphas"][:, None, None]})
    return told | {"dprojections": plain["dprojections"]}


@wrong("progressive_adapter_backward", r"gate|relu|ungated|r > 0|not stopped", hard=True)
def alphas_past_the_gate(older, alphas, projections, bias, lateral, dout):
    """da_j takes dout U^T before the gate; dP and dp are gated."""
    told = own.progressive_adapter_backward(older, alphas, projections, bias, lateral, dout)
    d = dout @ lateral.T
    return told | {"dalphas": np.array([(d * (h @ p)).sum() for h, p in zip(older, projections)])}
