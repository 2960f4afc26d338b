"""Every unit as it was at the end of the stage that introduced it.

rho of Algorithm 4 compares with W^{t-1} only, so that drift below sigma can add up from task to task.  What is kept
here lets it be seen: the "split" Step reports each unit's drift since its birth beside rho.  Nothing is decided by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from den_ref.doors import door

from .network import Network


@dataclass(frozen=True, eq=False)
class Birth:
    """Incoming weights and bias of every unit at the end of the stage that introduced it.

    weights, biases : lists of arrays shaped as the network's at the end of the last stage; an edge from a unit that
        came after the one it leads to is 0 here.
    """

    weights: list
    biases: list

    def arrays(self) -> dict[str, np.ndarray]:
        """All arrays by name, e.g. for a file."""
        named = {f"birth/weights/{l}": w for l, w in enumerate(self.weights)}
        return named | {f"birth/biases/{l}": b for l, b in enumerate(self.biases)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Birth:
        """The inverse of :meth:`arrays`; other arrays may stand among them."""
        layers = range(sum(name.startswith("birth/weights/") for name in arrays))
        return cls([arrays[f"birth/weights/{l}"] for l in layers], [arrays[f"birth/biases/{l}"] for l in layers])

    @property
    def size(self) -> int:
        """Numbers stored."""
        return sum(array.size for array in self.arrays().values())


@door
def with_newborn(birth: Birth, network: Network) -> Birth:
    """The births after a stage: known ones stay as they are, units that came with this stage are added.

    ``network`` is W^t; the units of W^{t-1} are the first ones of each of its layers.
    """
    if not birth.weights:
        return Birth(network.weights, network.biases)
    weights = []
    for then, now in zip(birth.weights, network.weights, strict=True):
        rows, columns = then.shape
        known = np.pad(then, ((0, len(now) - rows), (0, 0)))
        weights.append(np.hstack([known, now[:, columns:]]))
    biases = [np.concatenate([then, now[len(then):]]) for then, now in zip(birth.biases, network.biases, strict=True)]
    return Birth(weights, biases)


@door
def at_birth_edges(network: Network) -> Network:
    """The network with 0 on every edge from a unit that came after the one it leads to: those have no birth."""
    layers = zip(network.weights[1:], network.introduced[:-1], network.introduced[1:], strict=True)
    between = [np.where(lower[:, None] <= upper, w, 0) for w, lower, upper in layers]
    return replace(network, weights=[network.weights[0], *between])
