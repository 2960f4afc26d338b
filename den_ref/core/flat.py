"""One contiguous vector with named views into it, so that an update is one pass over memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from den_ref.doors import Came, Floats, Instance, Kind, Whole, check_shape, door, refusal


class Named(Kind):
    """A mapping from names to what is of one kind each."""

    def __init__(self, kind: Kind):
        self.kind = kind

    def __call__(self, name, value, call=None):
        Instance(Mapping)(name, value)
        return {key: self.kind(f"{name}[{key!r}]", one, call) for key, one in value.items()}


class Shape(Kind):
    """A tuple of sizes."""

    def __call__(self, name, value, call=None):
        Instance(tuple)(name, value)
        return tuple(Whole(0)(name, size) for size in value)


class Precision(Kind):
    """A dtype of floats."""

    def __call__(self, name, value, call=None):
        try:
            dtype = None if value is None else np.dtype(value)     # np.dtype(None) would be float64
        except TypeError:
            dtype = None
        if dtype is None or dtype.kind != "f":
            raise refusal(name, "a dtype of floats", value)
        return dtype


class Flat:
    """A vector cut into named arrays: ``flat["W1"]`` is a view, ``flat.vector`` is everything.

    Parameters
    ----------
    shapes : dict
        Name -> shape, in the order of memory.
    dtype : dtype
    convolutions : tuple of core.convolution.Convolution
        Of a network's vector: the layers that its first matrices belong to; all others are dense.

    >>> flat = Flat({"w": (2, 2), "b": (2,)}, np.float64)
    >>> flat["b"][...] = 7
    >>> flat.vector
    array([0., 0., 0., 0., 7., 7.])
    """

    @door
    def __init__(self, shapes: Named(Shape()), dtype: Precision(), convolutions: tuple = ()):
        self.shapes, self.convolutions = dict(shapes), tuple(convolutions)
        ends = np.cumsum([0] + [int(np.prod(shape)) for shape in self.shapes.values()])
        self.vector = np.zeros(ends[-1], dtype)
        self.slices = {name: slice(a, b) for name, a, b in zip(self.shapes, ends[:-1], ends[1:], strict=True)}
        self.views = {name: self.vector[self.slices[name]].reshape(shape) for name, shape in self.shapes.items()}

    @classmethod
    @door
    def of(cls, arrays: Named(Floats(finite=False)), dtype: Precision(), convolutions: tuple = ()) -> Flat:
        """A copy of the arrays, laid out in their order."""
        flat = _laid_out({name: array.shape for name, array in arrays.items()}, dtype, convolutions)
        for name, array in arrays.items():
            flat[name][...] = array
        return flat

    def __getitem__(self, name: str) -> np.ndarray:
        try:
            return self.views[name]
        except KeyError:
            raise KeyError(f"name: expected one of {list(self.views)}, got {name!r}") from None

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
        other = _laid_out(self.shapes, self.vector.dtype, self.convolutions)
        if vector is not None:
            if np.ndim(vector):
                check_shape("vector", np.shape(vector), other.vector.shape)
            other.vector[...] = vector
        return other

    def copy(self) -> Flat:
        return self.like(self.vector)


def _laid_out(shapes: Mapping[str, tuple[int, ...]], dtype, convolutions) -> Flat:
    """Zeros in this layout, which is known to be one."""
    flat = Flat.__new__(Flat)
    Flat.__init__.inner(flat, shapes, dtype, convolutions)
    return flat


class Like(Kind):
    """A vector of the layout that the call's object has as its ``layout``."""

    def __call__(self, name, value, call):
        layout = call["self"].layout
        if Instance(Flat)(name, value).shapes != layout.shapes:
            raise refusal(name, f"a Flat of {layout.shapes}", Came(value.shapes))
        return value
