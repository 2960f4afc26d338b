"""What is kept beside a network, one number for each of its hidden weights and biases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .network import Network
from .rules import check_like


@dataclass(frozen=True, eq=False)
class Beside:
    """Arrays shaped as the weights and biases of a network's hidden layers.

    weights, biases : lists of arrays, one per hidden layer.
    name : of the kind, which stands before the names of its arrays in a file.
    """

    weights: list
    biases: list
    name: ClassVar[str]

    def arrays(self) -> dict[str, np.ndarray]:
        """All arrays by name, e.g. for a file."""
        named = {f"{self.name}/weights/{l}": w for l, w in enumerate(self.weights)}
        return named | {f"{self.name}/biases/{l}": b for l, b in enumerate(self.biases)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], network: Network):
        """The inverse of :meth:`arrays`; other arrays may stand among them.

        Raises
        ------
        KeyError, ValueError
            If an array is missing, or they are not shaped as the network's; the error names it.
        """
        layers = range(sum(name.startswith(f"{cls.name}/weights/") for name in arrays))
        made = cls(*([arrays[f"{cls.name}/{kind}/{l}"] for l in layers] for kind in ("weights", "biases")))
        check_like(f"{cls.name}/weights", made.weights, network.weights)
        check_like(f"{cls.name}/biases", made.biases, network.biases)
        return made

    @property
    def size(self) -> int:
        """Numbers stored."""
        return sum(array.size for array in self.arrays().values())
