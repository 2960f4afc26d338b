"""Eq. 2 to 6."""

import numpy as np
from tests import own_answers as own

from .listing import wrong


def magnitude(arrays):
    """Sum of absolute values."""
    return sum(abs(a).sum() for a in arrays)


def square(arrays):
    """Sum of squares."""
    return sum((a ** 2).sum() for a in arrays)


@wrong("objective_eq2", r"head|output layer")
def head_not_penalised(**given):
    """The penalty is on the hidden layers' weights only."""
    return own.objective_eq2(**given) | {"penalty": given["mu"] * magnitude(given["weights"])}


@wrong("objective_eq3", r"mean|size|averag|divided|number of")
def mean_of_absolute_values(**given):
    """mu_head mean(abs(V))."""
    return own.objective_eq3(**given) | {"penalty": given["mu_head"] * abs(given["head"]).mean()}


@wrong("objective_eq4", r"bias")
def every_parameter_decays(**given):
    """weight_decay over model.parameters(): biases are in the norm."""
    arrays = [*given["weights"], *given["biases"], given["head"], given["head_bias"]]
    return own.objective_eq4(**given) | {"penalty": given["mu_l2"] / 2 * square(arrays)}


@wrong("objective_eq4", r"today|current|now|!= 0|weights? that (is|are) 0|zero weight|happens to be 0", hard=True)
def edges_of_today(**given):
    """Held is what is 0 today, not what was no edge before."""
    return own.objective_eq4(**given | {"edges": [w != 0 for w in given["weights"]]})


@wrong("objective_eq4", r"head", hard=True)
def zero_head_rows_held(**given):
    """The head is masked as the layers are: its zeros get gradient 0."""
    told = own.objective_eq4(**given)
    return told | {"dhead": told["dhead"] * (given["head"] != 0)}


@wrong("objective_eq4_l1", r"half|/ ?2|1/2")
def absolute_values_halved(**given):
    """mu / 2 before the absolute values too."""
    arrays = [*given["weights"], given["head"]]
    penalty = given["mu_l2"] / 2 * square(arrays) + given["mu"] / 2 * magnitude(arrays)
    return own.objective_eq4_l1(**given) | {"penalty": penalty}


@wrong("objective_eq4_l1", r"sign|subgradient|gradient.*(penalt|mu\b|l1)|penalt.*gradient")
def sign_in_the_gradient(**given):
    """autograd of the L1 term is in the gradient: mu sign(W)."""
    told = own.objective_eq4_l1(**given)
    return told | {"dhead": told["dhead"] + given["mu"] * np.sign(given["head"]), "dweights": [
        d + given["mu"] * np.sign(w) * e for d, w, e in zip(told["dweights"], given["weights"], given["edges"])]}


def eq5_with(groups, **given):
    """Eq. 5 with other groups: a number per layer."""
    qs = [int(q) for q in given["older"]]
    free = [abs(given["head"]).sum()]
    for l, (w, q) in enumerate(zip(given["weights"], qs)):
        free += [abs(w[:, q:]).sum(), abs(w[qs[l - 1]:, :q]).sum() if l else 0]
    sizes = sum(groups(l, given["weights"][l][:, q:], qs) for l, q in enumerate(qs))
    return own.objective_eq5(**given) | {"penalty": given["mu"] * sum(free) + given["gamma"] * sizes}


@wrong("objective_eq5", r"from (old|older|new)|only.*(old|new)|incoming.*(old|new)|part of|split.*group|rows of",
       hard=True)
def group_of_older_rows(**given):
    """A group has the weights from older units only; those from new units below are left out."""
    return eq5_with(lambda l, w, qs: np.linalg.norm(w[:qs[l - 1]] if l else w, axis=0).sum(), **given)


@wrong("objective_eq5", r"layer|one group|block|frobenius|whole|matrix")
def one_group_per_layer(**given):
    """One norm per layer, of all its new units together."""
    return eq5_with(lambda l, w, qs: np.linalg.norm(w), **given)


@wrong("objective_eq5", r"bias", hard=True)
def bias_in_the_group(**given):
    """A group is the incoming weights and the bias of a new unit."""
    biases = given["biases"]
    return eq5_with(lambda l, w, qs: np.hypot(np.linalg.norm(w, axis=0), biases[l][qs[l]:]).sum(), **given)


@wrong("objective_eq5", r"(new|edges).*(older|old)|into older|to older|towards older", hard=True)
def older_columns_held(**given):
    """All columns of older units are held, also their edges from new units."""
    told = own.objective_eq5(**given)
    for slope, q in zip(told["dweights"], given["older"]):
        slope[:, :q] = 0
    return told


@wrong("objective_eq6", r"new|anchor(s|ed)?.*0|padd|zeros")
def anchors_padded_with_zeros(**given):
    """Anchors are padded with zeros to today's shapes: newer units are pulled to 0."""
    told, more = own.objective_eq6(**given), 0
    for w, a in zip(given["weights"] + given["biases"], given["anchor_weights"] + given["anchor_biases"]):
        padded = np.zeros_like(w)
        padded[tuple(map(slice, a.shape))] = a
        more += ((w - padded) ** 2).sum()
    return told | {"penalty": given["lam"] * more}


@wrong("objective_eq6", r"0 now|gone|held|vanish|constant|became 0|has become|removed|zero(ed)? (edge|weight)",
       hard=True)
def gone_edges_cost_nothing(**given):
    """The distance is masked by the edges: a weight that has become 0 costs nothing."""
    sides = zip(given["weights"], given["anchor_weights"], given["edges"])
    far = sum(((w[:len(a), :a.shape[1]] - a) ** 2)[e[:len(a), :a.shape[1]]].sum() for w, a, e in sides)
    far += sum(((b[:len(a)] - a) ** 2).sum() for b, a in zip(given["biases"], given["anchor_biases"]))
    return own.objective_eq6(**given) | {"penalty": given["lam"] * far}


@wrong("objective_eq6", r"root|square|norm")
def norm_as_it_stands(**given):
    """lam norm(W - W^{t-1}), not squared."""
    lam, told = given["lam"], own.objective_eq6(**given)
    return told | {"penalty": lam * np.sqrt(told["penalty"] / lam) if lam else 0.0}


@wrong("objective_eq6_fisher", r"normali|max|scaled|divided")
def fisher_over_its_largest(**given):
    """Fisher information is divided by its largest entry."""
    top = max(f.max(initial=0) for f in given["fisher_weights"] + given["fisher_biases"]) or 1.0
    return own.objective_eq6_fisher(**given | {name: [f / top for f in given[name]]
                                               for name in ("fisher_weights", "fisher_biases")})


@wrong("objective_eq6_fisher", r"bias")
def biases_all_alike(**given):
    """Fisher information is used for weights; biases are pulled with 1."""
    return own.objective_eq6_fisher(**given | {"fisher_biases": [np.ones_like(f) for f in given["fisher_biases"]]})
