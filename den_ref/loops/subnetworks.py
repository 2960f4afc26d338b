"""What a stage sees of a network, and Algorithm 2: select units, cut them out, put them back.

A network is lists over hidden layers (``weights``, ``biases``, and the stages [``introduced``, ``retired``) that see
each unit) and over tasks (``heads``, ``head_biases``, ``head_stages``).  ``units`` are lists of indices, those of the
input features first.

``fan`` is for networks with filters: how many rows of each matrix are of one lower unit, the heads' last, one for every
place of a window or a map.  Everything is done at each place alike.
"""

from .arrays import copies, cut, fans, filled, indices, matrices, taken
from .network import network_forward


def visible(weights, introduced, retired, stage, *, fan=None) -> list:
    """[inputs, layer 1, ..., layer L-1]: the units with introduced <= stage < retired, and every input feature."""
    seen = [[j for j in range(len(born)) if born[j] <= stage < gone[j]] for born, gone in zip(introduced, retired)]
    return [list(range(len(weights[0]) // fans(weights, fan)[0])), *seen]


def predict_task(x, weights, biases, introduced, retired, heads, head_biases, head_stages, stage):
    """Logits of the task learnt at ``stage``, read from the units that its stage sees."""
    task = list(head_stages).index(stage)
    return scores(x, visible(weights, introduced, retired, stage), weights, biases, heads[task], head_biases[task])


def scores(x, units, weights, biases, head, head_bias):
    """h_l = relu(h_{l-1} W_l + b_l) and logits = h V + c, all of them over these units only."""
    sub = extract_subnetwork(weights, biases, head, head_bias, units)
    return network_forward(taken(x, range(len(x)), units[0]), sub["sub_weights"], sub["sub_biases"], sub["sub_head"],
                           sub["sub_head_bias"])[1]


def select_units(stage, head, weights, introduced, retired, current_weights, *, fan=None):
    """The walk of Algorithm 2, from the head down: [inputs, layer 1, ..., layer L-1].

    A unit of the top layer is selected if the stage sees it and its head weight is not 0 for *any* output; one below
    (or an input feature) if the stage sees it and it has a nonzero edge to *any* selected unit of the layer above.
    ``weights`` are W^{t-1}; ``current_weights``, where something may have moved since, are not asked.
    """
    units, fan = visible(weights, introduced, retired, stage, fan=fan), fans(weights, fan)
    above, outgoing, selected = range(head.shape[1]), head, []
    for layer in reversed(range(len(units))):
        there = matrices(outgoing, fan[layer])
        above = [i for i in units[layer] if any(w[i, j] != 0 for w in there for j in above)]
        selected.insert(0, indices(above))
        outgoing = weights[layer - 1]
    return selected


def extract_subnetwork(weights, biases, head, head_bias, units, *, fan=None):
    """W_l[S_{l-1}, S_l], b_l[S_l], the head's rows of S_{L-1}, its bias, and which weights are not 0, for S = units."""
    units = [*units, range(len(head_bias))]
    *sub_weights, sub_head = [cut(*one) for one in zip([*weights, head], fans(weights, fan), units, units[1:])]
    return {"sub_weights": sub_weights, "sub_biases": [taken(b, above) for b, above in zip(biases, units[1:])],
            "sub_head": sub_head, "sub_head_bias": head_bias.copy(),
            "edges": [filled(w.shape, lambda i, j: w[i, j] != 0, bool) for w in sub_weights]}


def insert_subnetwork(weights, biases, head, head_bias, units, sub_weights, sub_biases, sub_head, sub_head_bias, *,
                      fan=None):
    """The network with a subnetwork's entries put back where they were cut out; nothing else changes by a bit."""
    *weights, head = put_back([*weights, head], [*sub_weights, sub_head], [*units, range(len(head_bias))],
                              fans(weights, fan))
    biases = copies(biases)
    for b, sub, above in zip(biases, sub_biases, units[1:]):
        for j, unit in enumerate(above):
            b[unit] = sub[j]
    return {"weights": weights, "biases": biases, "head": head, "head_bias": sub_head_bias.copy()}


def put_back(stacks, subs, units, fan) -> list:
    """Copies of the stacks with entry (i, j) of the l-th smaller one at (units[l][i], units[l + 1][j])."""
    stacks = copies(stacks)
    for l, n in enumerate(fan):
        for matrix, sub in zip(matrices(stacks[l], n), matrices(subs[l], n)):
            for i, j in [(i, j) for i in range(len(units[l])) for j in range(len(units[l + 1]))]:
                matrix[units[l][i], units[l + 1][j]] = sub[i, j]
    return stacks


def capacity(weights, biases, introduced, retired, heads, head_biases, head_stages, *, fan=None) -> dict:
    """Every parameter is asked: does a learnt stage read you?  And are you 0?

    Allocated: hidden weights with both ends visible to one learnt stage, biases of units visible to one, each head's
    rows over its task's visible units, head biases.  Nonzero: those of them that are not 0.
    """
    def read_by(stages):
        """The values of all parameters that at least one of these stages reads."""
        views = [visible(weights, introduced, retired, stage, fan=fan) for stage in stages]
        *of_weights, of_heads = fans(weights, fan)
        for l, (stack, b) in enumerate(zip(weights, biases)):
            yield from (b[j] for j in range(len(b)) if any(j in view[l + 1] for view in views))
            yield from (w[i, j] for w in matrices(stack, of_weights[l]) for i in range(len(w)) for j in range(len(b))
                        if any(i in view[l] and j in view[l + 1] for view in views))
        for head, bias, stage in zip(heads, head_biases, head_stages):
            if stage in stages:
                yield from bias
                top = visible(weights, introduced, retired, stage)[-1]
                yield from cut(head, of_heads, top, range(len(bias))).ravel()

    read = list(read_by(list(head_stages)))
    return {"allocated": len(read), "nonzero": sum(value != 0 for value in read),
            "arrays": sum(array.size for array in [*weights, *biases, *heads, *head_biases]),
            "per_task": [len(list(read_by([stage]))) for stage in head_stages], "widths": tuple(map(len, biases))}
