"""Algorithm 2, selective retraining: find the part of the network that matters, and retrain only that.

    solve Eq. 3 for the head  ->  walk down the nonzero edges  ->  cut the subnetwork out  ->  Eq. 4  ->  put it back
"""

import numpy as np

from den_ref.core import mlp
from den_ref.core.stacks import between, stacked
from den_ref.core.certificate import head_certificate
from den_ref.doors import door
from den_ref.protocol import Diverged

from .equations import eq3, eq4
from .network import Head, Network, extract
from .stage import Stage, solve_cut
from .units import Units
from .words import parts_in_words

#: Input features are cut out of the first matrix when at most this share of them is selected.
WORTH_CUTTING = 0.9


@door
def selective_retraining(network: Network, stage: Stage):
    """Algorithm 2 as a generator of Steps; it returns the network with task t's head and retrained subnetwork."""
    before = network
    head, result = fit_head(network, stage)
    network = network.with_head(head)
    chosen = int(np.count_nonzero(stacked(head.weights, network.fan[-1]).any(axis=(0, 2))))
    yield stage.step(
        "eq3", "Algorithm 2, Eq. 3", f"the head reads {chosen} of {len(network.visible(stage.t)[-1])} units it sees",
        before, network, solve=result, facts={
            "head_units": chosen, "residual_as_stored": result.residual_as_stored})

    units, visible = select_units(network, head), network.visible(stage.t)
    selected, seen, nothing = [len(s) for s in units], [len(v) for v in visible], not len(units[-1])
    yield stage.step(
        "select", "Algorithm 2, selection",
        "nothing is selected: the head is its bias alone" if nothing else
        f"selected {parts_in_words(selected, seen, inputs=True)}",
        network, network, facts={"selected": selected, "visible": seen},
        arrays={f"selected/{l}": s for l, s in enumerate(units)})
    if nothing:
        return network

    before = network
    network, result = retrain(network, head, units, stage)
    yield stage.retrained("eq4", "Algorithm 2, Eq. 4", "retrained the selected subnetwork", before, network, result)
    return network


@door
def fit_head(network: Network, stage: Stage) -> tuple:
    """Eq. 3: the new head on the fixed features of all units the stage sees; (Head, Result).

    The solve is in float64; ``result.residual_as_stored`` is the residual once the head has the network's precision.
    """
    task, units = stage.task, network.visible(stage.t)
    below = extract.inner(network, units)
    features = mlp.in_blocks(lambda x: mlp.hidden.inner(x, below.weights, below.biases, network.convolutions),
                             task.x_train)
    if not np.isfinite(features).all():
        raise Diverged(task.id, "Algorithm 2, Eq. 3", "the features of its samples are not finite")
    result = eq3(features, task, stage.config)
    rows, bias = (array.astype(network.dtype) for array in (result.x.weights, result.x.bias))
    result["residual_as_stored"] = head_certificate.inner(features, task.y_train, stage.config.mu_head,
                                                    result.x._replace(weights=rows, bias=bias), loss=task.loss).residual
    fan = network.fan[-1]
    weights = np.zeros((fan * network.widths[-1], task.n_outputs), network.dtype)
    stacked(weights, fan)[:, units[-1]] = stacked(rows, fan)
    return Head(task.id, stage.t, weights, bias, task.loss), result


@door
def select_units(network: Network, head: Head) -> list[np.ndarray]:
    """The walk of Algorithm 2: indices [inputs, layer 1, ..., layer L-1] of what the head can hear.

    Top layer: visible units whose head weight is nonzero for any output.  Below: visible units (and input features)
    with a nonzero edge to a selected unit of the layer above.  ``network`` holds W^{t-1}; only the head is new.

    Source: paper, Algorithm 2.
    """
    visible = network.visible(head.stage)
    units = [visible[-1][stacked(head.weights, network.fan[-1])[:, visible[-1]].any(axis=(0, 2))]]
    for stack, below in zip(reversed(network.stacks), reversed(visible[:-1]), strict=True):
        units.insert(0, below[stack[between(below, units[0])].any(axis=(0, 2))])
    return units


@door
def retrain(network: Network, head: Head, units: Units(inputs=True), stage: Stage) -> tuple:
    """Eq. 4 on the selected units, as small dense matrices: its step time falls with their number.

    Features that are not selected have no nonzero edge to a selected unit.  Where few are left out they may stay, since
    zero edges are held; where zero edges are free as well, all that is not selected must be cut out.
    """
    few = stage.config.dense_selection or len(units[0]) <= WORTH_CUTTING * network.n_inputs
    inputs = units[0] if few else np.arange(network.n_inputs)
    return solve_cut(network, [inputs, *units[1:]], head, stage,
                     lambda start, loss, sub: eq4(start, loss, stage.config, sub.edges, stage.fisher(sub.units)),
                     label="Eq. 4", epochs=stage.config.epochs_eq4, start_competes=True)
