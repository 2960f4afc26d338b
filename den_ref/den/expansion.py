"""Algorithm 3, dynamic expansion: append units, solve Eq. 5, remove what group lasso left useless."""

from dataclasses import replace

import numpy as np

from den_ref.core.flat import Flat
from den_ref.core.penalties import column_norms
from den_ref.core.stacks import between, stacked
from den_ref.doors import NotNegative, Text, door

from .equations import eq5
from .network import Network
from .stage import Stage, solve_cut
from .surgery import append_units, delete_units, useless_units
from .words import counts_in_words, parts_in_words


@door
def dynamic_expansion(network: Network, stage: Stage, loss_before: NotNegative()):
    """Algorithm 3 as a generator of Steps; it returns the network with the new units that earn their place.

    ``loss_before`` is L_t of the network that comes in.
    """
    before = network
    counts = stage.config.per_layer("k", len(network.widths))
    grown = random_new_units(append_units(network, counts, stage.t), stage)
    grown, result = train_new_units(grown, stage)
    loss_after = stage.loss(grown)
    yield stage.step(
        "eq5", "Algorithm 3, Eq. 5",
        f"units added, {counts_in_words(counts)}; loss {loss_before:.4f} -> {loss_after:.4f}",
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


@door
def remove_useless(network: Network, stage: Stage, title: Text()):
    """Fold and delete the useless units among those introduced at t: one Step; it returns the smaller network."""
    useless = useless_units(network, stage.t)
    pruned = delete_units(useless.folded, useless.units)
    added = [int(np.sum(born == stage.t)) for born in network.introduced]
    kept = [n - len(gone) for n, gone in zip(added, useless.units, strict=True)]
    yield stage.step("prune", title, f"new units that stay, {parts_in_words(kept, added)}", network, pruned,
                     facts={"added": added, "kept": kept},
                     arrays={f"removed/{l}": units for l, units in enumerate(useless.units, 1)})
    return pruned


@door
def random_new_units(network: Network, stage: Stage) -> Network:
    """Random weights into the new units and from the new top units into the head of t.

    Normal with deviation init_scale * sqrt(2 / n_in), n_in the units of the layer below that t sees (times ``fan``, the
    numbers that are read of each); edges new -> older and new biases stay 0.
    """
    visible, scale = network.visible(stage.t), stage.config.init_scale
    new = [units[len(older):] for units, older in zip(visible, network.older(stage.t), strict=True)]
    weights, head = [w.copy() for w in network.weights], network.head_of(stage.task.id)
    for w, fan, below, units in zip(weights, network.fan, visible, new[1:]):
        n_in = fan * len(below)
        stacked(w, fan)[between(below, units)] = stacked(stage.draw(n_in, (n_in, len(units)), scale), fan)
    rows, fan = head.weights.copy(), network.fan[-1]
    drawn = stage.draw(fan * len(visible[-1]), (fan * len(new[-1]), stage.task.n_outputs), scale)
    stacked(rows, fan)[:, new[-1]] = stacked(drawn, fan)
    return replace(network, weights=weights).with_head(replace(head, weights=rows))


@door
def train_new_units(network: Network, stage: Stage) -> tuple:
    """Solve Eq. 5 and put the new weights in; (Network, Result).

    ``result.group_norms``: per hidden layer (1 + epochs, new units), the norm of each new unit's incoming weights, at
    the start and after every epoch.
    """
    older, norms = [len(units) for units in network.older(stage.t)[1:]], []
    network, result = solve_cut(network, network.visible(stage.t), network.head_of(stage.task.id), stage,
                                lambda start, loss, sub: eq5(start, loss, stage.config, older), held=older[0],
                                label="Eq. 5", epochs=stage.config.epochs_eq5, start_competes=False,
                                watch=lambda w: norms.append(group_norms(w, older)))
    result["group_norms"] = [np.array(trace) for trace in zip(*norms)]
    return network, result


def group_norms(w: Flat, older) -> list[np.ndarray]:
    """Per hidden layer the norms that Eq. 5's group lasso drives to 0: of each new unit's incoming weights."""
    return [column_norms.inner(w[f"W{l + 1}"][:, old if l else 0:]) for l, old in enumerate(older)]
