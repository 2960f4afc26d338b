"""Numbers for cases, and what the modules of operations share."""

from __future__ import annotations

import numpy as np


def sixteenths(seed: int, *shape, below: float = 2.0) -> np.ndarray:
    """Multiples of 1/16 in (-below, below): their products and sums are exact, whatever the order."""
    reach = int(16 * below) - 1
    return np.random.default_rng(seed).integers(-reach, reach + 1, size=shape) / 16


def normals(seed: int, *shape, scale: float = 1.0) -> np.ndarray:
    """Normal numbers, rounded to six decimals so that they are short to read."""
    return np.round(scale * np.random.default_rng(seed).normal(size=shape), 6)


def coins(seed: int, *shape) -> np.ndarray:
    """Zeros and ones, as floats."""
    return np.random.default_rng(seed).integers(0, 2, size=shape).astype(np.float64)


def classes(seed: int, n: int, n_classes: int) -> np.ndarray:
    """n class numbers."""
    return np.random.default_rng(seed).integers(0, n_classes, size=n)


def array(*rows) -> np.ndarray:
    """Rows of numbers as a float64 array."""
    return np.array(rows, dtype=np.float64)


def network(seed: int, *widths, n_outputs: int = 1, draw=normals) -> dict:
    """weights, biases, head and head_bias of a network with these widths, the inputs first."""
    shapes = list(zip(widths[:-1], widths[1:], strict=True))
    return {
        "weights": [draw(seed + l, *shape) for l, shape in enumerate(shapes)],
        "biases": [draw(seed + 10 + l, shape[1]) for l, shape in enumerate(shapes)],
        "head": draw(seed + 20, widths[-1], n_outputs),
        "head_bias": draw(seed + 30, n_outputs),
    }


#: How the parameters of a network are written in a signature.
NETWORK = {
    "weights/*": "float64[*,*]", "biases/*": "float64[*]", "head": "float64[*,*]", "head_bias": "float64[*]",
}
#: And their gradients.
GRADIENT = {"d" + name: kind for name, kind in NETWORK.items()}
