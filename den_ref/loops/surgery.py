"""Algorithm 3: append units, find the useless ones, delete them.  What a network is: see ``subnetworks``."""

from .arrays import NEVER, at_every_place, copies, cut, fans, filled, indices, matrices, taken


def append_units(weights, biases, introduced, retired, heads, head_biases, head_stages, counts, stage, *,
                 fan=None):
    """``counts[l]`` more units at the end of every hidden layer, introduced at ``stage``, all their weights 0."""
    *fan, of_heads = fans(weights, fan)
    sizes = [len(weights[0]) // fan[0], *(len(b) + k for b, k in zip(biases, counts))]
    return {
        "weights": [at_every_place(lambda there: enlarged(there, shape), n, w)
                    for w, n, shape in zip(weights, fan, zip(sizes, sizes[1:]))],
        "biases": [enlarged(b, (n,)) for b, n in zip(biases, sizes[1:])],
        "introduced": [enlarged(born, (n,), stage) for born, n in zip(introduced, sizes[1:])],
        "retired": [enlarged(gone, (n,), NEVER) for gone, n in zip(retired, sizes[1:])],
        "heads": [at_every_place(lambda there: enlarged(there, (sizes[-1], len(c))), of_heads, head)
                  for head, c in zip(heads, head_biases)],
        "head_biases": head_biases, "head_stages": head_stages}


def enlarged(array, shape, value=0):
    """An array with more entries at its ends, all of them ``value``."""
    def entry(*index):
        return array[index] if all(i < n for i, n in zip(index, array.shape)) else value

    return filled(shape, entry, array.dtype)


def useless_units(weights, biases, introduced, retired, heads, head_biases, head_stages, stage, *, fan=None,
                  padded=()):
    """Which units introduced at ``stage`` can go without changing any task's scores, and the biases that are left.

    Bottom-up: a unit without nonzero incoming weights is the constant max(b, 0).  It goes if that is 0, or if every
    nonzero outgoing edge leads to a bias created at ``stage``, into which it is folded: b_m += max(b_j, 0) * w_jm.
    Older biases belong to earlier tasks too.  Top-down: a unit without nonzero outgoing weights goes.  ``padded`` are
    the layers (0 the first) whose windows reach beyond an image, into zeros: no constant is folded into their biases.
    """
    useless, biases, head_biases = fold(weights, biases, introduced, heads, head_biases, head_stages, stage, fan=fan,
                                        padded=padded)
    left = [taken(b, others(len(b), gone)) for b, gone in zip(biases, useless)]
    return useless, left, head_biases


def fold(weights, biases, introduced, heads, head_biases, head_stages, stage, *, fan=None, padded=()):
    """(useless units, all biases, head biases) with the constants folded into the biases."""
    weights, biases, heads, head_biases = map(copies, (weights, biases, heads, head_biases))
    fan = fans(weights, fan)
    readers = [[(matrices(weights[l], fan[l]), biases[l], [None] * len(biases[l]) if l in padded else introduced[l])]
               for l in range(1, len(weights))]                    # of the layer below: (its matrices, biases, born)
    readers.append([(matrices(v, fan[-1]), c, [t] * len(c)) for v, c, t in zip(heads, head_biases, head_stages)])
    new = [[j for j in range(len(born)) if born[j] == stage] for born in introduced]
    useless = [[] for _ in weights]

    def outgoing(l, j):
        """Every nonzero edge that leaves a unit: (its matrices, biases, m, the stage of bias m)."""
        return [(there, b, m, born[m]) for there, b, born in readers[l] for m in range(len(b))
                if any(w[j, m] != 0 for w in there)]

    for l, w in enumerate(weights):
        for j in new[l]:
            if all(w[i, j] == 0 for i in range(len(w))):
                constant, edges = max(biases[l][j], 0), outgoing(l, j)
                if constant == 0 or all(born == stage for *_, born in edges):
                    useless[l].append(j)
                    for w_place, b, m in [(w_place, b, m) for there, b, m, _ in edges for w_place in there]:
                        b[m] += constant * w_place[j, m]
                        w_place[j, m] = 0
    for l, w in reversed(list(enumerate(weights))):
        for j in new[l]:
            if j not in useless[l] and not outgoing(l, j):
                useless[l].append(j)
                for i in range(len(w)):
                    w[i, j] = 0
    return [indices(sorted(units)) for units in useless], biases, head_biases


def others(n: int, units) -> list:
    """The numbers below n that are not in ``units``."""
    return [j for j in range(n) if j not in list(units)]


def delete_units(weights, biases, introduced, retired, heads, head_biases, head_stages, units, *, fan=None):
    """The network without ``units`` (one list of indices per hidden layer); the others keep their order."""
    kept, (*fan, of_heads) = [others(len(b), gone) for b, gone in zip(biases, units)], fans(weights, fan)
    return {
        "weights": [cut(*one) for one in zip(weights, fan, [range(len(weights[0]) // fan[0]), *kept], kept)],
        "biases": [taken(b, units) for b, units in zip(biases, kept)],
        "introduced": [taken(born, units) for born, units in zip(introduced, kept)],
        "retired": [taken(gone, units) for gone, units in zip(retired, kept)],
        "heads": [cut(head, of_heads, kept[-1], range(head.shape[1])) for head in heads],
        "head_biases": head_biases, "head_stages": head_stages}
