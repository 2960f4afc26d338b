"""Algorithm 4: how far units drifted, which of them split, and what a split does, edge by edge.

W^t is the network now, W^{t-1} the previous one, whose units are the first ones of each layer.  What a network is: see
``subnetworks``.
"""

from math import inf
from typing import NamedTuple

from .arrays import NEVER, at_every_place, fans, filled, indices, matrices, norm


def unit_drift(weights, biases, previous_weights, previous_biases, introduced, retired, stage, drift, *, fan=None):
    """rho_i = norm of the change of unit i's bias and incoming weights since W^{t-1}; (units, rho) per hidden layer.

    Units: introduced before t and visible to t.  Incoming weights: from input features and from such units.
    "relative" divides by the norm of the same entries of W^{t-1}: 0/0 = 0, x/0 = inf.
    """
    def entries(l, j, w, b):
        return [b[l][j], *(there[i, j] for there in matrices(w[l], fan[l]) for i in older[l])]

    def rho(l, j):
        now, then = entries(l, j, weights, biases), entries(l, j, previous_weights, previous_biases)
        change, size = norm(a - b for a, b in zip(now, then)), norm(then)
        if drift == "absolute" or change == 0:
            return change
        return change / size if size > 0 else inf

    fan = fans(weights, fan)
    older = [[j for j in range(len(born)) if born[j] < stage < gone[j]] for born, gone in zip(introduced, retired)]
    older = [range(len(weights[0]) // fan[0]), *older]
    return [indices(units) for units in older[1:]], [
        filled(len(units), lambda n: rho(l, units[n])) for l, units in enumerate(older[1:])]


def most_drifted(older, rho, sigma, at_most):
    """Per layer the units with rho > sigma, ascending; of more than ``at_most`` the most drifted, ties to the lower."""
    split = []
    for units, drifts, limit in zip(older, rho, sigma):
        exceeding = [(-drift, unit) for unit, drift in zip(units, drifts) if drift > limit]
        split.append(indices(sorted(unit for _, unit in sorted(exceeding)[:at_most])))
    return split


class Place(NamedTuple):
    """A row or a column of a weight matrix after a split.

    ``kind`` is
    "older"    introduced before t, visible to t, not split; every input feature
    "split"    the original of a unit that splits
    "copy"     its copy
    "new"      created at t by Eq. 5
    "retired"  retired before t
    ``unit`` is the unit's index before the split, for a copy that of its original.
    """

    kind: str
    unit: int


def places(born, gone, split, stage) -> list:
    """What stands where in a layer after the split: the units there were, then the copies in ascending order."""
    originals = sorted(map(int, split))

    def kind(unit):
        if unit in originals:
            return "split"
        if born[unit] == stage:
            return "new"
        return "older" if born[unit] < stage < gone[unit] else "retired"

    return [Place(kind(unit), unit) for unit in range(len(born))] + [Place("copy", unit) for unit in originals]


def split_units(weights, biases, introduced, retired, heads, head_biases, head_stages,
                previous_weights, previous_biases, split, stage, original, *, fan=None):
    """Duplicate the units ``split`` (one list of indices per hidden layer), all layers at once.

    The original i gets its incoming weights and bias of W^{t-1} back; the copy i', introduced at ``stage`` and appended
    in ascending order of the originals, takes those of W^t.  ``original`` is "retire" (the copy stands in for it from
    ``stage`` on) or "keep" (``stage`` and later see both).
    """
    *fan, of_heads = fans(weights, fan)
    layers = [[Place("older", i) for i in range(len(weights[0]) // fan[0])],
              *(places(born, gone, units, stage) for born, gone, units in zip(introduced, retired, split))]
    after = {"weights": [], "biases": [], "introduced": [], "retired": []}
    for l, (below, above) in enumerate(zip(layers, layers[1:])):
        shape, b, old_b = (len(below), len(above)), biases[l], previous_biases[l]
        lives = [lifetime(place, introduced[l], retired[l], stage, original) for place in above]
        after["weights"].append(at_every_place(lambda now, before: filled(shape, lambda i, j: split_edge(
            below[i], above[j], now, before, original)), fan[l], weights[l], previous_weights[l]))
        after["biases"].append(filled(len(above), lambda j: split_bias(above[j], b, old_b)))
        after["introduced"].append(indices(born for born, _ in lives))
        after["retired"].append(indices(gone for _, gone in lives))
    return after | {
        "heads": [at_every_place(lambda v: filled((len(layers[-1]), v.shape[1]), lambda i, o: split_head_entry(
            layers[-1][i], v, o, t == stage)), of_heads, head) for head, t in zip(heads, head_stages)],
        "head_biases": head_biases, "head_stages": head_stages}


def split_edge(lower: Place, upper: Place, now, before, original: str):
    """One weight after a split, from W^t (now) and W^{t-1} (before): the edge table, one case per entry.

    i splits, i' is its copy; m is a unit above, m' its copy; k is older and not split, n new, r retired before t.
    """
    i, m = lower.unit, upper.unit
    match lower.kind, upper.kind:
        case "split", "older": return before[i, m] if original == "retire" else now[i, m]     # i -> m older
        case "copy", "older": return now[i, m]
        case "split", "retired": return now[i, m]                                             # i -> m retired
        case "copy", "retired": return 0
        case "split", "split": return before[i, m]                                            # i -> m split
        case "copy", "split": return 0
        case "split", "copy": return 0                                                        # i -> m'
        case "copy", "copy": return now[i, m]
        case "split", "new": return 0                                                         # i -> m created at t
        case "copy", "new": return now[i, m]
        case "older", "split": return before[i, m]                                            # k -> m split
        case "older", "copy": return now[i, m]
        case "new", "split": return 0                                                         # n -> m split
        case "new", "copy": return now[i, m]
        case "retired", "split": return now[i, m]                                             # r -> m split
        case "retired", "copy": return 0                                                      # r -> m'
        case _: return now[i, m]                                                              # k, n or r -> m not split


def split_bias(place: Place, now, before):
    """A unit that splits gets its old bias back; its copy and all others have that of W^t."""
    return before[place.unit] if place.kind == "split" else now[place.unit]


def split_head_entry(place: Place, head, output: int, of_t: bool):
    """The head of t reads the copies in place of the originals; earlier heads do not see the copies."""
    return 0 if place.kind == ("split" if of_t else "copy") else head[place.unit, output]


def lifetime(place: Place, introduced, retired, stage: int, original: str) -> tuple:
    """[introduced, retired) of a place after the split."""
    if place.kind == "copy":
        return stage, NEVER
    if place.kind == "split" and original == "retire":
        return introduced[place.unit], stage
    return introduced[place.unit], retired[place.unit]
