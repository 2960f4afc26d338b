"""Selection and surgery once more, in loops only: what the rules literally say, one entry at a time.

Every function here has a fast namesake in ``network``, ``selective``, ``surgery`` or ``splitting``; it takes the same
arguments and gives the same result.  These are for reading, for checking the fast ones, and for whoever writes DEN in
another language.  NumPy serves as a container: no array is sliced, masked or multiplied as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, sqrt

import numpy as np

from ..protocol import Capacity
from .network import NEVER, Head, Network, Subnetwork
from .surgery import Useless

# --- containers --------------------------------------------------------------------------------------------------


def indices(numbers) -> np.ndarray:
    """A list of unit numbers as an index array; the empty list too."""
    return np.array(list(numbers), dtype=np.intp)


def matrix(n_rows: int, n_columns: int, entry, dtype) -> np.ndarray:
    """The matrix whose entry in row i and column j is ``entry(i, j)``."""
    filled = np.zeros((n_rows, n_columns), dtype)
    for i in range(n_rows):
        for j in range(n_columns):
            filled[i, j] = entry(i, j)
    return filled


def vector(n: int, entry, dtype) -> np.ndarray:
    """The vector whose entry j is ``entry(j)``."""
    filled = np.zeros(n, dtype)
    for j in range(n):
        filled[j] = entry(j)
    return filled


def copied(network: Network) -> Network:
    """A network with arrays of its own, free to be written to."""
    heads = [replace(head, weights=head.weights.copy(), bias=head.bias.copy()) for head in network.heads]
    lists = ([array.copy() for array in arrays]
             for arrays in (network.weights, network.biases, network.introduced, network.retired))
    return Network(*lists, heads)


# --- what a stage sees -------------------------------------------------------------------------------------------


def sees(network: Network, stage: int, layer: int, unit: int) -> bool:
    """Stage t sees a unit iff introduced <= t < retired.  Layer 0 are the input features: always seen."""
    if layer == 0:
        return True
    return network.introduced[layer - 1][unit] <= stage < network.retired[layer - 1][unit]


def visible(network: Network, stage: int) -> list[np.ndarray]:
    """Indices [inputs, layer 1, ..., layer L-1] of what a stage sees, ascending."""
    sizes = [network.n_inputs, *network.widths]
    return [indices(unit for unit in range(size) if sees(network, stage, layer, unit))
            for layer, size in enumerate(sizes)]


def predict(network: Network, task_id, x, units=None) -> np.ndarray:
    """Logits (n, n_outputs) of a task, sample by sample and unit by unit, read from the units its stage sees."""
    head = network.head_of(task_id)
    units = visible(network, head.stage) if units is None else units
    scores = np.zeros((len(x), len(head.bias)), x.dtype)
    for n, sample in enumerate(x):
        below = {unit: float(sample[unit]) for unit in units[0]}
        for layer, (weights, bias) in enumerate(zip(network.weights, network.biases)):
            below = {unit: max(affine(below, weights, bias, unit), 0.0) for unit in units[layer + 1]}
        for output in range(len(head.bias)):
            scores[n, output] = affine(below, head.weights, head.bias, output)
    return scores


def affine(below: dict, weights, bias, unit: int) -> float:
    """b_j + sum_i h_i * W_ij for one unit j; ``below`` maps the units i to h_i."""
    total = float(bias[unit])
    for i, h in below.items():
        total += h * float(weights[i, unit])
    return total


def capacity(network: Network) -> Capacity:
    """Every parameter is asked: does a learnt stage read you?  And are you 0?

    Allocated: hidden weights with both ends visible to one learnt stage, biases of units visible to one, each head's
    rows over its task's visible units, head biases.  Nonzero: those of them that are not 0.
    """
    read = list(parameters(network, network.heads))
    arrays = [*network.weights, *network.biases, *(a for head in network.heads for a in (head.weights, head.bias))]
    return Capacity(
        allocated=len(read),
        nonzero=sum(1 for value in read if value != 0),
        arrays=sum(array.size for array in arrays),
        per_task={head.task: len(list(parameters(network, [head]))) for head in network.heads},
        widths=tuple(len(bias) for bias in network.biases),
    )


def parameters(network: Network, heads):
    """The values of all parameters that at least one of these heads' stages reads."""
    for l, (weights, bias) in enumerate(zip(network.weights, network.biases)):
        for j in range(len(bias)):
            seeing = [head.stage for head in heads if sees(network, head.stage, l + 1, j)]
            if seeing:
                yield bias[j]
            for i in range(len(weights)):
                if any(sees(network, stage, l, i) for stage in seeing):
                    yield weights[i, j]
    for head in heads:
        yield from head.bias
        for unit in visible(network, head.stage)[-1]:
            yield from head.weights[unit]


# --- cutting out and putting back --------------------------------------------------------------------------------


def extract(network: Network, units: list, head: Head) -> Subnetwork:
    """W_l[S_{l-1}, S_l], b_l[S_l], the head's rows of S_{L-1} and its bias, for S = units."""
    weights, biases = [], []
    for l, (w, b) in enumerate(zip(network.weights, network.biases)):
        below, above = units[l], units[l + 1]
        weights.append(matrix(len(below), len(above), lambda i, j: w[below[i], above[j]], w.dtype))
        biases.append(vector(len(above), lambda j: b[above[j]], b.dtype))
    top = units[-1]
    rows = matrix(len(top), len(head.bias), lambda i, j: head.weights[top[i], j], head.weights.dtype)
    return Subnetwork(list(units), weights, biases, rows, head.bias.copy())


def insert(network: Network, sub: Subnetwork, head: Head) -> Network:
    """The network with a subnetwork's entries put back where they were cut out, and ``head`` with the rows of sub."""
    after = copied(network.with_head(head))
    for l, (weights, biases) in enumerate(zip(sub.weights, sub.biases)):
        for j, unit in enumerate(sub.units[l + 1]):
            after.biases[l][unit] = biases[j]
            for i, lower in enumerate(sub.units[l]):
                after.weights[l][lower, unit] = weights[i, j]
    new_head = after.heads[-1]
    for output in range(len(sub.head_bias)):
        new_head.bias[output] = sub.head_bias[output]
        for i, unit in enumerate(sub.units[-1]):
            new_head.weights[unit, output] = sub.head[i, output]
    return after


# --- Algorithm 2 -------------------------------------------------------------------------------------------------


def select_units(network: Network, head: Head) -> list[np.ndarray]:
    """The walk of Algorithm 2, from the head down: [inputs, layer 1, ..., layer L-1].

    A unit of the top layer is selected if stage t sees it and its head weight is not 0 for *any* output; one below
    (or an input feature) if stage t sees it and it has a nonzero edge to *any* selected unit of the layer above.
    """
    units = visible(network, head.stage)
    outgoing, above = head.weights, range(len(head.bias))
    selected = []
    for layer in range(len(network.weights), -1, -1):
        above = [i for i in units[layer] if any(outgoing[i, j] != 0 for j in above)]
        selected.insert(0, indices(above))
        outgoing = network.weights[layer - 1]
    return selected


# --- Algorithm 3 -------------------------------------------------------------------------------------------------


def append_units(network: Network, counts, stage: int) -> Network:
    """``counts[l]`` more units at the end of every hidden layer, introduced at ``stage``, all their weights 0."""
    old = [network.n_inputs, *network.widths]
    new = [old[0], *(width + count for width, count in zip(network.widths, counts))]
    weights, biases, introduced, retired = [], [], [], []
    for l, w in enumerate(network.weights):
        n = old[l + 1]
        weights.append(matrix(new[l], new[l + 1], lambda i, j: w[i, j] if i < old[l] and j < n else 0, w.dtype))
        biases.append(vector(new[l + 1], lambda j: network.biases[l][j] if j < n else 0, w.dtype))
        introduced.append(vector(new[l + 1], lambda j: network.introduced[l][j] if j < n else stage, np.int32))
        retired.append(vector(new[l + 1], lambda j: network.retired[l][j] if j < n else NEVER, np.int32))
    heads = [with_rows(head, new[-1], lambda i, o: head.weights[i, o] if i < old[-1] else 0) for head in network.heads]
    return Network(weights, biases, introduced, retired, heads)


def with_rows(head: Head, n_rows: int, entry) -> Head:
    """A head whose weights are ``entry(row, output)``."""
    return replace(head, weights=matrix(n_rows, len(head.bias), entry, head.weights.dtype), bias=head.bias.copy())


def useless_units(network: Network, stage: int) -> Useless:
    """Units introduced at ``stage`` that can go without changing any task's scores.

    Bottom-up: a unit without nonzero incoming weights is the constant max(b, 0); it goes if that is 0 or if every
    nonzero outgoing edge leads to a bias created at ``stage``, into which it is folded.  Top-down: a unit without
    nonzero outgoing weights goes.
    """
    after = copied(network)
    gone = [[] for _ in network.weights]
    for l in range(len(gone)):
        for j in introduced_at(network, stage, l):
            if is_constant(after, l, j) and (after.biases[l][j] <= 0 or can_fold(after, stage, l, j)):
                fold(after, l, j)
                gone[l].append(j)
    for l in reversed(range(len(gone))):
        for j in introduced_at(network, stage, l):
            if j not in gone[l] and not has_outgoing(after, l, j):
                cut_incoming(after, l, j)
                gone[l].append(j)
    return Useless([indices(sorted(units)) for units in gone], with_biases_of(after, network))


def with_biases_of(folded: Network, network: Network) -> Network:
    """The network with the biases of another, and its own weights."""
    heads = [replace(head, bias=new.bias) for head, new in zip(network.heads, folded.heads)]
    return replace(network, biases=folded.biases, heads=heads)


def introduced_at(network: Network, stage: int, l: int) -> list[int]:
    """The units of hidden layer l that this stage brought in."""
    return [j for j in range(len(network.biases[l])) if network.introduced[l][j] == stage]


def is_constant(network: Network, l: int, j: int) -> bool:
    """Is every incoming weight of the unit 0, in the whole array?"""
    return all(network.weights[l][i, j] == 0 for i in range(len(network.weights[l])))


def has_outgoing(network: Network, l: int, j: int) -> bool:
    """Does a nonzero edge leave the unit, to any unit above or to any head?"""
    return next(outgoing_edges(network, l, j), None) is not None


def outgoing_edges(network: Network, l: int, j: int):
    """(weights, biases, m, introduced) of every nonzero edge that leaves a unit: where it stands, where it leads."""
    if l + 1 < len(network.weights):
        targets = [(network.weights[l + 1], network.biases[l + 1], network.introduced[l + 1])]
    else:
        targets = [(head.weights, head.bias, [head.stage] * len(head.bias)) for head in network.heads]
    for weights, biases, introduced in targets:
        for m in range(len(biases)):
            if weights[j, m] != 0:
                yield weights, biases, m, introduced[m]


def can_fold(network: Network, stage: int, l: int, j: int) -> bool:
    """Do all nonzero outgoing edges lead to biases created at ``stage``?  Older biases belong to earlier tasks too."""
    return all(introduced == stage for _, _, _, introduced in outgoing_edges(network, l, j))


def fold(network: Network, l: int, j: int) -> None:
    """b_m += max(b_j, 0) * w_jm for every outgoing edge of a constant unit; then the edge is cut (in place)."""
    constant = max(network.biases[l][j], 0)
    for weights, biases, m, _ in list(outgoing_edges(network, l, j)):
        if constant > 0:
            biases[m] += constant * weights[j, m]
        weights[j, m] = 0


def cut_incoming(network: Network, l: int, j: int) -> None:
    """Set every incoming weight of a unit to 0 (in place)."""
    for i in range(len(network.weights[l])):
        network.weights[l][i, j] = 0


def delete_units(network: Network, units) -> Network:
    """The network without ``units`` (one list of indices per hidden layer); the others keep their order."""
    kept = [list(range(network.n_inputs))]
    kept += [[j for j in range(width) if j not in set(gone)] for width, gone in zip(network.widths, units)]
    weights, biases, introduced, retired = [], [], [], []
    for l, w in enumerate(network.weights):
        below, above = kept[l], kept[l + 1]
        weights.append(matrix(len(below), len(above), lambda i, j: w[below[i], above[j]], w.dtype))
        biases.append(vector(len(above), lambda j: network.biases[l][above[j]], w.dtype))
        introduced.append(vector(len(above), lambda j: network.introduced[l][above[j]], np.int32))
        retired.append(vector(len(above), lambda j: network.retired[l][above[j]], np.int32))
    top = kept[-1]
    heads = [with_rows(head, len(top), lambda i, o: head.weights[top[i], o]) for head in network.heads]
    return Network(weights, biases, introduced, retired, heads)


# --- Algorithm 4 -------------------------------------------------------------------------------------------------


def unit_drift(network: Network, previous: Network, t: int, drift: str = "absolute") -> tuple[list, list]:
    """rho_i = norm of the change of unit i's bias and incoming weights since W^{t-1}; (units, rho) per hidden layer.

    Units: introduced before t and visible to t.  Incoming weights: from input features and from units introduced
    before t and visible to t.  "relative" divides by the norm of the same entries of W^{t-1}: 0/0 = 0, x/0 = inf.
    """
    units, rho = [], []
    for l in range(len(network.weights)):
        rows, columns = older_and_visible(network, t, l), older_and_visible(network, t, l + 1)
        units.append(indices(columns))
        rho.append(vector(len(columns), lambda n: drift_of(network, previous, l, rows, columns[n], drift), np.float64))
    return units, rho


def older_and_visible(network: Network, t: int, layer: int) -> list[int]:
    """Units introduced before t that stage t sees; layer 0: all input features."""
    if layer == 0:
        return list(range(network.n_inputs))
    introduced = network.introduced[layer - 1]
    return [j for j in range(len(introduced)) if introduced[j] < t and sees(network, t, layer, j)]


def drift_of(network: Network, previous: Network, l: int, rows, j: int, drift: str) -> float:
    """rho of one unit."""
    now = [float(network.biases[l][j]), *(float(network.weights[l][i, j]) for i in rows)]
    then = [float(previous.biases[l][j]), *(float(previous.weights[l][i, j]) for i in rows)]
    change = sqrt(sum((a - b) ** 2 for a, b in zip(now, then)))
    if drift == "absolute" or change == 0:
        return change
    size = sqrt(sum(b**2 for b in then))
    return change / size if size > 0 else inf


def most_drifted(units, drifts, sigma, at_most=None) -> list[np.ndarray]:
    """Per layer the units with rho > sigma, ascending; of more than ``at_most`` the most drifted, ties to the lower."""
    split = []
    for numbers, rho, limit in zip(units, drifts, sigma):
        exceeding = [(-float(r), int(unit)) for unit, r in zip(numbers, rho) if r > limit]
        chosen = sorted(exceeding)[:at_most]
        split.append(indices(sorted(unit for _, unit in chosen)))
    return split


@dataclass(frozen=True)
class Place:
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


def places(network: Network, layer: int, split, t: int) -> list[Place]:
    """What stands where in a layer after the split: the units there were, then the copies in ascending order."""
    if layer == 0:
        return [Place("older", i) for i in range(network.n_inputs)]
    originals = sorted(int(unit) for unit in split[layer - 1])
    units = [Place(kind_of(network, layer, unit, originals, t), unit) for unit in range(len(network.biases[layer - 1]))]
    return units + [Place("copy", unit) for unit in originals]


def kind_of(network: Network, layer: int, unit: int, originals, t: int) -> str:
    """"split", "new", "older" or "retired": see Place."""
    if unit in originals:
        return "split"
    if network.introduced[layer - 1][unit] == t:
        return "new"
    return "older" if sees(network, t, layer, unit) else "retired"


def split_units(network: Network, previous: Network, split, stage: int, original: str = "retire") -> Network:
    """Duplicate the units ``split`` (one list of indices per hidden layer): every entry by ``split_edge``."""
    layers = [places(network, layer, split, stage) for layer in range(len(network.weights) + 1)]
    weights, biases, introduced, retired = [], [], [], []
    for l, now in enumerate(network.weights):
        below, above, before = layers[l], layers[l + 1], previous.weights[l]
        weights.append(matrix(len(below), len(above),
                             lambda i, j: split_edge(below[i], above[j], now, before, original), now.dtype))
        b, old = network.biases[l], previous.biases[l]
        biases.append(vector(len(above), lambda j: split_bias(above[j], b, old), now.dtype))
        lifetimes = [lifetime(place, network.introduced[l], network.retired[l], stage, original) for place in above]
        introduced.append(vector(len(above), lambda j: lifetimes[j][0], np.int32))
        retired.append(vector(len(above), lambda j: lifetimes[j][1], np.int32))
    top = layers[-1]
    heads = [with_rows(head, len(top), lambda i, o: split_head_entry(top[i], head, o, stage)) for head in network.heads]
    return Network(weights, biases, introduced, retired, heads)


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


def split_head_entry(place: Place, head: Head, output: int, stage: int):
    """The head of t reads the copies in place of the originals; earlier heads do not see the copies."""
    if place.kind == ("split" if head.stage == stage else "copy"):
        return 0
    return head.weights[place.unit, output]


def lifetime(place: Place, introduced, retired, stage: int, original: str) -> tuple[int, int]:
    """[introduced, retired) of a place after the split."""
    if place.kind == "copy":
        return stage, NEVER
    if place.kind == "split" and original == "retire":
        return introduced[place.unit], stage
    return introduced[place.unit], retired[place.unit]
