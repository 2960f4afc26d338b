"""One contiguous vector with named views into it, so that an update is one pass over memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from den_ref.doors import check_shape


class Flat:
    """A vector cut into named arrays: ``flat["W1"]`` is a view, ``flat.vector`` is everything.

    Parameters
    ----------
    shapes : dict
        Name -> shape, in the order of memory.
    dtype : dtype

    >>> flat = Flat({"w": (2, 2), "b": (2,)}, np.float64)
    >>> flat["b"][...] = 7
    >>> flat.vector
    array([0., 0., 0., 0., 7., 7.])
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], dtype):
        self.shapes = dict(shapes)
        ends = np.cumsum([0] + [int(np.prod(shape)) for shape in self.shapes.values()])
        self.vector = np.zeros(ends[-1], dtype)
        self.slices = {name: slice(a, b) for name, a, b in zip(self.shapes, ends[:-1], ends[1:], strict=True)}
        self.views = {name: self.vector[self.slices[name]].reshape(shape) for name, shape in self.shapes.items()}

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray], dtype) -> Flat:
        """A copy of the arrays, laid out in their order."""
        flat = cls({name: np.shape(array) for name, array in arrays.items()}, dtype)
        for name, array in arrays.items():
            flat[name][...] = array
        return flat

    def __getitem__(self, name: str) -> np.ndarray:
        return self.views[name]

    def joined(self, names: Sequence[str]) -> np.ndarray:
        """Several arrays as one vector, a view: they must lie beside each other in memory, in this order.

        >>> Flat({"w": (2, 2), "v": (2,), "b": (2,)}, np.float64).joined(("w", "v")).shape
        (6,)
        """
        slices = [self.slices[name] for name in names]
        if any(one.stop != next_one.start for one, next_one in pairwise(slices)):
            raise ValueError(f"names: expected neighbours in the order of {list(self.shapes)}, got {list(names)}")
        return self.vector[slices[0].start:slices[-1].stop]

    def like(self, vector: np.ndarray | float | None = None) -> Flat:
        """The same layout around a copy of ``vector``, or filled with a number (zeros without either)."""
        other = Flat(self.shapes, self.vector.dtype)
        if vector is not None:
            if np.ndim(vector):
                check_shape("vector", np.shape(vector), other.vector.shape)
            other.vector[...] = vector
        return other

    def copy(self) -> Flat:
        return self.like(self.vector)
