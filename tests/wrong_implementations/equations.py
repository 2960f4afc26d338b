"""Eq. 2-6: the data loss, the penalty, the gradient."""

import numpy as np

from tests import own_answers as own

from .listing import wrong
from .proxes import norms


def absolute(arrays):
    """Sum of abs."""
    return sum(abs(array).sum() for array in arrays)


def squares(arrays):
    """Sum of squares."""
    return sum((array ** 2).sum() for array in arrays)


# --- Eq. 2 and 3 -------------------------------------------------------------------------------------------------


@wrong("objective_eq2", known="l1-on-biases")
def all_parameters(biases, head_bias, mu, **given):
    """The penalty runs over model.parameters(), biases too."""
    right = own.objective_eq2(biases=biases, head_bias=head_bias, mu=mu, **given)
    return {**right, "penalty": right["penalty"] + mu * absolute([*biases, head_bias])}


@wrong("objective_eq2", r"penalty.*(smooth|loss|twice)|smooth.*penalty")
def penalty_in_the_smooth_part(**given):
    """``smooth`` is the whole objective: loss.backward() was called on the sum."""
    right = own.objective_eq2(**given)
    return {**right, "smooth": right["smooth"] + right["penalty"]}


@wrong("objective_eq2", r"gradient.*(penalty|sign)|penalty.*gradient|subgradient|sign\(w\)")
def subgradient_in_the_gradient(mu, weights, head, **given):
    """The gradient contains mu sign(w)."""
    right = own.objective_eq2(mu=mu, weights=weights, head=head, **given)
    return {**right, "dweights": [dw + mu * np.sign(w) for dw, w in zip(right["dweights"], weights)],
            "dhead": right["dhead"] + mu * np.sign(head)}


@wrong("objective_eq2", r"matrix norm|column|induced|norm\(w, 1\)|largest", hard=True)
def matrix_norm_of_order_1(mu, weights, head, **given):
    """np.linalg.norm(W, 1), which is the largest column sum of a matrix."""
    right = own.objective_eq2(mu=mu, weights=weights, head=head, **given)
    return {**right, "penalty": mu * sum(np.linalg.norm(w, 1) for w in [*weights, head])}


@wrong("objective_eq2", r"square|L2|ridge")
def l2_for_l1(mu, weights, head, **given):
    """weight_decay of the optimiser: (mu / 2) squares."""
    right = own.objective_eq2(mu=mu, weights=weights, head=head, **given)
    return {**right, "penalty": mu / 2 * squares([*weights, head])}


@wrong("objective_eq2", r"sum(med)? over samples|number of samples|factor|reduction")
def reduction_sum(x, **given):
    """reduction="sum": the data loss and its gradient are sums over samples."""
    right = own.objective_eq2(x=x, **given)
    n = len(x)
    return {"smooth": n * right["smooth"], "penalty": right["penalty"],
            "dweights": [n * dw for dw in right["dweights"]], "dbiases": [n * db for db in right["dbiases"]],
            "dhead": n * right["dhead"], "dhead_bias": n * right["dhead_bias"]}


@wrong("objective_eq3", r"number of nonzero|count|L0|how many")
def number_of_nonzeros(head, mu_head, **given):
    """mu_head times the number of nonzero weights."""
    return {**own.objective_eq3(head=head, mu_head=mu_head, **given), "penalty": mu_head * np.count_nonzero(head)}


@wrong("objective_eq3", r"norm|root|L2")
def norm_for_l1(head, mu_head, **given):
    """mu_head times the Frobenius norm."""
    return {**own.objective_eq3(head=head, mu_head=mu_head, **given), "penalty": mu_head * np.linalg.norm(head)}


@wrong("objective_eq3", r"transpos")
def head_gradient_transposed(**given):
    """dhead comes in the layout of nn.Linear."""
    right = own.objective_eq3(**given)
    return {**right, "dhead": right["dhead"].T}


# --- Eq. 4 -------------------------------------------------------------------------------------------------------


@wrong("objective_eq4", known="zero-edges-free")
def dense_retraining(**given):
    """The zero pattern is not kept: every edge has a gradient."""
    names = ("x", "labels", "loss", "weights", "biases", "head", "head_bias")
    free = own.network_backward(**{name: given[name] for name in names})
    return {**own.objective_eq4(**given), "dweights": free["dweights"]}


@wrong("objective_eq4", r"gradient.*(penalty|decay)|penalty.*gradient")
def decay_in_the_gradient(mu_l2, weights, head, edges, **given):
    """The gradient contains mu_l2 w, as weight_decay has it."""
    right = own.objective_eq4(mu_l2=mu_l2, weights=weights, head=head, edges=edges, **given)
    return {**right, "dweights": [dw + mu_l2 * w for dw, w in zip(right["dweights"], weights)],
            "dhead": right["dhead"] + mu_l2 * head}


@wrong("objective_eq4", r"bias.*(held|gradient|mask)|gradient.*bias", hard=True)
def bias_of_a_unit_without_edges_held(edges, **given):
    """Biases of units without an incoming edge get gradient 0: the mask is put on whole units."""
    right = own.objective_eq4(edges=edges, **given)
    return {**right, "dbiases": [db * edge.any(axis=0) for db, edge in zip(right["dbiases"], edges)]}


@wrong("objective_eq4", r"head.*(held|gradient|zero|\b0\b)", hard=True)
def zeros_of_the_head_held(head, **given):
    """The head's zeros are held like those of hidden matrices."""
    right = own.objective_eq4(head=head, **given)
    return {**right, "dhead": right["dhead"] * (head != 0)}


@wrong("objective_eq4", r"inver|other way|reversed|opposite|complement|negat")
def mask_the_wrong_way_round(edges, **given):
    """The mask says what is held, not what is free."""
    names = ("x", "labels", "loss", "weights", "biases", "head", "head_bias")
    free = own.network_backward(**{name: given[name] for name in names})
    return {**own.objective_eq4(edges=edges, **given), "dweights": [
        dw * ~edge for dw, edge in zip(free["dweights"], edges)]}


# --- Eq. 5 -------------------------------------------------------------------------------------------------------


def eq5_penalty(weights, head, older, mu, gamma, group=lambda column: np.linalg.norm(column), back=0.0, biases=None):
    """Eq. 5's penalty with another group term; ``back``: gamma on what new units send to one older unit."""
    total = mu * abs(head).sum()
    for l, w in enumerate(weights):
        first = older[l - 1] if l else len(w)
        total += mu * (abs(w[:, older[l]:]).sum() + abs(w[first:, :older[l]]).sum())
        total += back * norms(w[first:, :older[l]]).sum()
        for j in range(older[l], w.shape[1]):
            total += gamma * group(w[:, j] if biases is None else np.append(w[:, j], biases[l][j]))
    return total


@wrong("objective_eq5", known="group-cut-in-two")
def old_and_new_rows_apart(weights, head, older, mu, gamma, **given):
    """Weights from old and from new units are two variables, and two groups."""
    right = own.objective_eq5(weights=weights, head=head, older=older, mu=mu, gamma=gamma, **given)
    cut = sum(gamma * (norms(w[:p, q:]).sum() + norms(w[p:, q:]).sum() - norms(w[:, q:]).sum())
              for w, p, q in zip(weights, [len(weights[0]), *older], older))
    return {**right, "penalty": right["penalty"] + cut}


@wrong("objective_eq5", r"bias.*(group|norm)|(group|norm).*bias")
def bias_in_the_norm(weights, biases, head, older, mu, gamma, **given):
    """The bias is one of the group's entries."""
    right = own.objective_eq5(weights=weights, biases=biases, head=head, older=older, mu=mu, gamma=gamma, **given)
    return {**right, "penalty": eq5_penalty(weights, head, older, mu, gamma, biases=biases)}


@wrong("objective_eq5", r"sqrt|root|size")
def gamma_scaled_by_size(weights, head, older, mu, gamma, **given):
    """gamma times the root of the group's size."""
    right = own.objective_eq5(weights=weights, head=head, older=older, mu=mu, gamma=gamma, **given)
    return {**right, "penalty": eq5_penalty(weights, head, older, mu, gamma, lambda column: np.sqrt(
        len(column)) * np.linalg.norm(column))}


@wrong("objective_eq5", r"head.*(held|rows|old)|rows.*head")
def older_head_rows_held(older, **given):
    """Head rows of older units are held: only new units' rows get a gradient."""
    right = own.objective_eq5(older=older, **given)
    rows = np.arange(len(right["dhead"])) >= older[-1]
    return {**right, "dhead": right["dhead"] * rows[:, None]}


@wrong("objective_eq5", r"(new|edges).*(into|to).*older.*(held|gradient|free)|held.*(new|edges).*older", hard=True)
def edges_into_older_units_held(older, **given):
    """Edges from new to older units are held as well."""
    right = own.objective_eq5(older=older, **given)
    return {**right, "dweights": [np.where(np.arange(dw.shape[1]) < q, 0, dw)
                                  for dw, q in zip(right["dweights"], older)]}


@wrong("objective_eq5", r"edges.*older.*group|group.*edges.*older", hard=True)
def edges_into_older_units_grouped(weights, head, older, mu, gamma, **given):
    """Edges from new units into one older unit are a group, too."""
    right = own.objective_eq5(weights=weights, head=head, older=older, mu=mu, gamma=gamma, **given)
    return {**right, "penalty": eq5_penalty(weights, head, older, mu, gamma, back=gamma)}


@wrong("objective_eq5", r"(number|how many|count).*(new|older)|from the end|older\[l\]|read as", hard=True)
def older_read_as_new(weights, older, **given):
    """``older`` is read as how many are new: the last older[l] columns move."""
    turned = np.array([w.shape[1] - q for w, q in zip(weights, older)])
    return own.objective_eq5(weights=weights, older=turned, **given)


@wrong("objective_eq5", r"bias.*(held|gradient|\b0\b)|gradient.*bias")
def biases_of_new_units_held(**given):
    """The biases of new units stay where they start: gradient 0."""
    right = own.objective_eq5(**given)
    return {**right, "dbiases": [0 * db for db in right["dbiases"]]}


@wrong("objective_eq5", r"head.*group|group.*head")
def head_rows_grouped(head, older, gamma, **given):
    """A new unit's row in the head is a group of its own."""
    right = own.objective_eq5(head=head, older=older, gamma=gamma, **given)
    return {**right, "penalty": right["penalty"] + gamma * norms(head[older[-1]:].T).sum()}


# --- Eq. 6 -------------------------------------------------------------------------------------------------------


@wrong("objective_eq6", known="half-factor")
def half_lambda(lam, **given):
    """(lam / 2) norm^2, as a regulariser of the framework has it."""
    return own.objective_eq6(lam=lam / 2, **given)


@wrong("objective_eq6", r"head")
def head_pulled_to_zero(head, lam, **given):
    """The head is pulled to 0: it has no anchor, and got one of zeros."""
    right = own.objective_eq6(head=head, lam=lam, **given)
    return {**right, "penalty": right["penalty"] + lam * (head ** 2).sum()}


@wrong("objective_eq6", r"new.*(older|pulled|0)|edges.*older", hard=True)
def edges_into_older_units_pulled(weights, anchor_weights, lam, **given):
    """Edges from new into older units count: the anchor is padded with rows of zeros."""
    right = own.objective_eq6(weights=weights, anchor_weights=anchor_weights, lam=lam, **given)
    return {**right, "penalty": right["penalty"] + lam * squares(
        w[len(a):, :a.shape[1]] for w, a in zip(weights, anchor_weights))}


@wrong("objective_eq6", r"gradient.*(penalty|pull)|(penalty|pull).*gradient")
def pull_in_the_gradient(weights, biases, anchor_weights, anchor_biases, lam, **given):
    """The gradient contains 2 lam (w - anchor)."""
    right = own.objective_eq6(weights=weights, biases=biases, anchor_weights=anchor_weights,
                              anchor_biases=anchor_biases, lam=lam, **given)
    for gradients, now, then in ((right["dweights"], weights, anchor_weights),
                                 (right["dbiases"], biases, anchor_biases)):
        for g, w, a in zip(gradients, now, then):
            old = tuple(map(slice, a.shape))
            g[old] += 2 * lam * (w[old] - a)
    return right


@wrong("objective_eq6", r"new.*bias|bias.*new|new-weights-pulled", hard=True)
def new_biases_pulled(biases, anchor_biases, lam, **given):
    """Biases of new units are pulled to 0, their weights are not."""
    right = own.objective_eq6(biases=biases, anchor_biases=anchor_biases, lam=lam, **given)
    return {**right, "penalty": right["penalty"] + lam * squares(b[len(a):] for b, a in zip(biases, anchor_biases))}


@wrong("objective_eq6", r"stand first|align|from the end|which units|last units|wrong units", hard=True)
def anchors_aligned_at_the_end(weights, biases, anchor_weights, anchor_biases, lam, **given):
    """The anchors are laid on the last units of each layer."""
    right = own.objective_eq6(weights=weights, biases=biases, anchor_weights=anchor_weights,
                              anchor_biases=anchor_biases, lam=lam, **given)
    moved = [w[len(w) - len(a):, w.shape[1] - a.shape[1]:] - a for w, a in zip(weights, anchor_weights)]
    moved += [b[len(b) - len(a):] - a for b, a in zip(biases, anchor_biases)]
    return {**right, "penalty": lam * squares(moved)}


@wrong("objective_eq6", r"root|not squared|norm-not-squared|per layer|each (layer|matrix)")
def norm_of_every_matrix(weights, biases, anchor_weights, anchor_biases, lam, **given):
    """lam times the sum of the matrices' norms, not squared: torch.norm(w - w_old) per parameter."""
    right = own.objective_eq6(weights=weights, biases=biases, anchor_weights=anchor_weights,
                              anchor_biases=anchor_biases, lam=lam, **given)
    moved = [w[:len(a), :a.shape[1]] - a for w, a in zip(weights, anchor_weights)]
    moved += [b[:len(a)] - a for b, a in zip(biases, anchor_biases)]
    return {**right, "penalty": lam * sum(np.sqrt(squares([m])) for m in moved)}
