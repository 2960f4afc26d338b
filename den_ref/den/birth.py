"""Every unit as it was at the end of the stage that introduced it.

rho of Algorithm 4 compares with W^{t-1} only, so that drift below sigma can add up from task to task.  What is kept
here lets it be seen: the "split" Step reports each unit's drift since its birth beside rho.  Nothing is decided by it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from den_ref.core.stacks import stacked, unstacked
from den_ref.doors import door

from .beside import Beside
from .network import Network


class Birth(Beside):
    """Incoming weights and bias of every unit at the end of the stage that introduced it.

    They are shaped as W^t; an edge from a unit that came after the one it leads to is 0 here.
    """

    name: ClassVar[str] = "birth"


@door
def with_newborn(birth: Birth, network: Network) -> Birth:
    """The births after a stage: known ones stay as they are, units that came with this stage are added.

    ``network`` is W^t; the units of W^{t-1} are the first ones of each of its layers.
    """
    if not birth.weights:
        return Birth(network.weights, network.biases)
    weights = []
    for then, now, fan in zip(birth.weights, network.stacks, network.fan):
        then = stacked(then, fan)
        _, n_lower, n_upper = then.shape
        known = np.pad(then, ((0, 0), (0, now.shape[1] - n_lower), (0, 0)))
        weights.append(unstacked(np.concatenate([known, now[..., n_upper:]], axis=2)))
    biases = [np.concatenate([then, now[len(then):]]) for then, now in zip(birth.biases, network.biases, strict=True)]
    return Birth(weights, biases)


@door
def at_birth_edges(network: Network) -> Network:
    """The network with 0 on every edge from a unit that came after the one it leads to: those have no birth."""
    layers = zip(network.stacks[1:], network.introduced[:-1], network.introduced[1:], strict=True)
    between = [unstacked(np.where(lower[:, None] <= upper, stack, 0)) for stack, lower, upper in layers]
    return replace(network, weights=[network.weights[0], *between])
