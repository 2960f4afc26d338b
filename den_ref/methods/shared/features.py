"""What a linear method hears of its inputs: them as they are, their principal components, or a first network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from den_ref.core import mlp
from den_ref.methods.stl import STL
from den_ref.protocol import Task

from .network import NetworkConfig


@dataclass(frozen=True, eq=False)
class Features:
    """phi(x) = (h_m, 1) with h_0 = x and h_l = h_{l-1} W_l + b_l, a ReLU around it where the layers are a network's.

    Fixed once the first task has come: bases live in the space that it spans.  The constant 1 is there for the bias.
    """

    n_inputs: int
    weights: tuple[np.ndarray, ...] = ()
    biases: tuple[np.ndarray, ...] = ()
    relu: bool = False

    def __call__(self, x) -> np.ndarray:
        """phi (n, d) of samples x (n, n_inputs), in float64."""
        if x.shape[1] != self.n_inputs:
            raise ValueError(f"x: expected shape (n, {self.n_inputs}), got {x.shape}")
        h = np.asarray(x, np.float64)
        for W, b in zip(self.weights, self.biases, strict=True):
            h = h @ W + b
            h = np.maximum(h, 0) if self.relu else h
        return np.column_stack([h, np.ones(len(h))])               # (n, d)

    @property
    def width(self) -> int:
        """d, the constant counted."""
        return 1 + (self.biases[-1].size if self.biases else self.n_inputs)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The layers by name, for a state."""
        return {f"features/{kind}{l}": array for kind, layers in (("W", self.weights), ("b", self.biases))
                for l, array in enumerate(layers, 1)}

    @classmethod
    def from_arrays(cls, state: Mapping[str, np.ndarray], n_inputs: int, relu: bool) -> Features:
        """The inverse of :attr:`arrays`."""
        layers = range(1, 1 + sum(name.startswith("features/b") for name in state))
        weights, biases = (tuple(state[f"features/{kind}{l}"] for l in layers) for kind in "Wb")
        return cls(n_inputs, weights, biases, relu)


def first_features(task: Task, kind: str, components: int, hidden: tuple[int, ...], seed: int) -> Features:
    """The features that all tasks get, from the first task's training samples.

    inputs
        x itself.
    pca
        (x - mean) P, P the directions of the largest variances, ``components`` at most; x itself if it has no more.
    network
        The last hidden layer of a network of widths ``hidden``, trained on the first task alone (STL's).
    """
    if kind == "network":
        stl = STL(NetworkConfig(hidden=hidden), seed)
        stl.learn(task)
        weights, biases, *_ = mlp.unpack(stl.network_of(task.id))
        layers = (tuple(array.astype(np.float64) for array in arrays) for arrays in (weights, biases))
        return Features(task.n_inputs, *layers, relu=True)
    if kind == "inputs" or task.n_inputs <= components:
        return Features(task.n_inputs)
    x = task.x_train.astype(np.float64)
    mean = x.mean(axis=0)
    directions = np.linalg.svd(x - mean, full_matrices=False)[2][:components].T            # (n_inputs, components)
    return Features(task.n_inputs, (directions,), (-mean @ directions,))
