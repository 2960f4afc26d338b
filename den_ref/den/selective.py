"""Algorithm 2, selective retraining: find the part of the network that matters, and retrain only that.

    solve Eq. 3 for the head  ->  walk down the nonzero edges  ->  cut the subnetwork out  ->  Eq. 4  ->  put it back
"""

from __future__ import annotations

import numpy as np

from ..core import mlp
from den_ref.core.certificate import head_certificate
from .equations import eq3, eq4
from .network import Head, Network, Subnetwork, extract, insert
from .stage import Stage

#: Input features are cut out of the first matrix when at most this share of them is selected.
WORTH_CUTTING = 0.9


def selective_retraining(network: Network, stage: Stage):
    """Algorithm 2 as a generator of Steps; it returns the network with task t's head and retrained subnetwork."""
    before = network
    head, result = fit_head(network, stage)
    network = network.with_head(head)
    chosen = int(np.count_nonzero(head.weights.any(axis=1)))
    yield stage.step(
        "eq3", "Algorithm 2, Eq. 3", f"the head reads {chosen} of {len(network.visible(stage.t)[-1])} units it sees",
        before, network, solve=result, facts={
            "head_units": chosen, "residual_as_stored": result.residual_as_stored})

    units, seen = select_units(network, head), network.visible(stage.t)
    shares = [f"{len(s)}/{len(v)}" for s, v in zip(units, seen, strict=True)]
    nothing = not len(units[-1])
    yield stage.step(
        "select", "Algorithm 2, selection",
        "nothing is selected: the head is its bias alone" if nothing else
        f"selected {', '.join(shares[1:])} units and {shares[0]} inputs",
        network, network, facts={"selected": [len(s) for s in units], "visible": [len(v) for v in seen]},
        arrays={f"selected/{l}": s for l, s in enumerate(units)})
    if nothing:
        return network

    before = network
    network, result = retrain(network, head, units, stage)
    yield stage.step("eq4", "Algorithm 2, Eq. 4", f"retrained the selected subnetwork, {result.message}",
                     before, network, solve=result)
    return network


def fit_head(network: Network, stage: Stage) -> tuple:
    """Eq. 3: the new head on the fixed features of all units the stage sees; (Head, Result).

    The solve is in float64; ``result.residual_as_stored`` is the residual once the head has the network's precision.
    """
    units = network.visible(stage.t)
    head = Head(stage.task.id, stage.t, np.zeros((network.widths[-1], stage.task.n_outputs), network.dtype),
                np.zeros(stage.task.n_outputs, network.dtype), stage.task.loss)
    sub = extract(network, units, head)
    features = mlp.in_blocks(lambda x: mlp.hidden(x, sub.weights, sub.biases), stage.task.x_train)
    result = eq3(features, stage.task, stage.config)
    head.weights[units[-1]], head.bias[...] = result.x.weights, result.x.bias
    stored = result.x._replace(weights=head.weights[units[-1]], bias=head.bias)    # in the network's precision
    result["residual_as_stored"] = head_certificate(
        features, stage.task.y_train, stage.config.mu_head, stored, loss=stage.task.loss).residual
    return head, result


def select_units(network: Network, head: Head) -> list[np.ndarray]:
    """The walk of Algorithm 2: indices [inputs, layer 1, ..., layer L-1] of what the head can hear.

    Top layer: visible units whose head weight is nonzero for any output.  Below: visible units (and input features)
    with a nonzero edge to a selected unit of the layer above.  ``network`` holds W^{t-1}; only the head is new.

    Source: paper, Algorithm 2.
    """
    visible = network.visible(head.stage)
    units = [visible[-1][head.weights[visible[-1]].any(axis=1)]]
    for w, seen in zip(reversed(network.weights), reversed(visible[:-1]), strict=True):
        units.insert(0, seen[w[np.ix_(seen, units[0])].any(axis=1)])
    return units


def retrain(network: Network, head: Head, units, stage: Stage) -> tuple:
    """Eq. 4 on the selected units, as small dense matrices: its step time falls with their number."""
    few = len(units[0]) <= WORTH_CUTTING * network.n_inputs
    inputs = units[0] if few else np.arange(network.n_inputs)
    sub = extract(network, [inputs, *units[1:]], head)
    start = mlp.pack(sub.weights, sub.biases, sub.head, sub.head_bias, network.dtype)
    loss, validation = stage.losses(start, inputs if few else None)
    result = stage.solve(eq4(start, loss, stage.config, sub.edges), validation, 4, start_competes=True)
    return insert(network, Subnetwork(sub.units, *mlp.unpack(result.x)), head), result
