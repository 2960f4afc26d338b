"""Algorithm 3, dynamic expansion: append units, solve Eq. 5, remove what group lasso left useless."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..core import mlp
from ..core.flat import Flat
from ..core.penalties import column_norms
from .equations import eq5
from .network import Network, Subnetwork, extract, insert
from .stage import Stage
from .surgery import append_units, delete_units, useless_units


def dynamic_expansion(network: Network, stage: Stage, loss_before: float):
    """Algorithm 3 as a generator of Steps; it returns the network with the new units that earn their place.

    ``loss_before`` is L_t of the network that comes in.
    """
    before = network
    counts = stage.config.per_layer("k", len(network.widths))
    grown = random_start(append_units(network, counts, stage.t), stage)
    grown, result = train_new_units(grown, stage)
    loss_after = stage.loss(grown)
    yield stage.step(
        "eq5", "Algorithm 3, Eq. 5", f"added {_listed(counts)} units, loss {loss_before:.4f} -> {loss_after:.4f}",
        before, grown, solve=result,
        facts={"added": list(counts), "loss_before": loss_before, "loss_after": loss_after},
        arrays={f"norms/{l}": trace for l, trace in enumerate(result.group_norms, 1)})

    if stage.config.undo_worse_expansion and loss_after > loss_before:
        yield stage.step("undo", "Algorithm 3, undo", "the expansion raised the loss and is undone", grown, before,
                         facts={"loss_before": loss_before, "loss_after": loss_after})
        return before
    if stage.config.prune:
        grown = yield from remove_useless(grown, stage, "Algorithm 3, removal")
    return grown


def remove_useless(network: Network, stage: Stage, title: str):
    """Fold and delete the useless units among those introduced at t: one Step; it returns the smaller network."""
    useless = useless_units(network, stage.t)
    pruned = delete_units(useless.folded, useless.units)
    added = [int(np.sum(born == stage.t)) for born in network.introduced]
    kept = [n - len(gone) for n, gone in zip(added, useless.units, strict=True)]
    yield stage.step("prune", title, f"kept {_listed(kept)} of {_listed(added)} new units", network, pruned,
                     facts={"added": added, "kept": kept},
                     arrays={f"removed/{l}": units for l, units in enumerate(useless.units, 1)})
    return pruned


def older_counts(network: Network, t: int) -> list[int]:
    """Per hidden layer: how many of the units that stage t sees were introduced before t (they stand first)."""
    seen = network.visible(t)[1:]
    return [int(np.sum(born[units] < t)) for born, units in zip(network.introduced, seen, strict=True)]


def random_start(network: Network, stage: Stage) -> Network:
    """Small random weights into the new units and from the new top units into the head of t.

    Normal with deviation init_scale * sqrt(2 / n_in), n_in the units of the layer below that t sees; edges
    new -> older and new biases stay 0.
    """
    units, older = network.visible(stage.t), [network.n_inputs, *older_counts(network, stage.t)]
    weights, head = [w.copy() for w in network.weights], network.head_of(stage.task.id)
    for l, w in enumerate(weights):
        block = np.ix_(units[l], units[l + 1][older[l + 1]:])
        w[block] = _small(stage, len(units[l]), (len(units[l]), w[block].shape[1]))
    rows, new = head.weights.copy(), units[-1][older[-1]:]
    rows[new] = _small(stage, len(units[-1]), rows[new].shape)
    return replace(network, weights=weights).with_head(replace(head, weights=rows))


def _small(stage: Stage, n_in: int, shape):
    return stage.rng.normal(size=shape) * (stage.config.init_scale * np.sqrt(2 / max(n_in, 1)))


def train_new_units(network: Network, stage: Stage) -> tuple:
    """Solve Eq. 5 and put the new weights in; (Network, Result).

    ``result.group_norms``: per hidden layer (1 + epochs, new units), the norm of each new unit's incoming weights, at
    the start and after every epoch.
    """
    head, older = network.head_of(stage.task.id), older_counts(network, stage.t)
    sub, p = extract(network, network.visible(stage.t), head), older[0]
    old_w, old_b = [sub.weights[0][:, :p]], [sub.biases[0][:p]]
    known = tuple(mlp.in_blocks(lambda x: mlp.hidden(x, old_w, old_b), split)
                  for split in (stage.task.x_train, stage.task.x_valid))
    start = mlp.pack([sub.weights[0][:, p:], *sub.weights[1:]], [sub.biases[0][p:], *sub.biases[1:]],
                     sub.head, sub.head_bias, network.dtype)
    loss, validation = stage.losses(start, known=known)
    norms = []
    result = stage.solve(eq5(start, loss, stage.config, older), validation, 5, start_competes=False,
                         watch=lambda w: norms.append(group_norms(w, older)))
    result["group_norms"] = [np.array(trace) for trace in zip(*norms)]
    weights, biases, rows, bias = mlp.unpack(result.x)
    weights[0], biases[0] = np.hstack([*old_w, weights[0]]), np.concatenate([*old_b, biases[0]])
    return insert(network, Subnetwork(sub.units, weights, biases, rows, bias), head), result


def group_norms(w: Flat, older) -> list[np.ndarray]:
    """Per hidden layer the norms that Eq. 5's group lasso drives to 0: of each new unit's incoming weights."""
    return [column_norms(w[f"W{l + 1}"][:, old if l else 0:]) for l, old in enumerate(older)]


def _listed(counts) -> str:
    return "-".join(map(str, counts))
