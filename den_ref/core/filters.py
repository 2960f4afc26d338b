"""Options of networks whose lowest layers are convolutions: how many filters each has, and how all look at an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from itertools import pairwise

import numpy as np

from den_ref.settings import Settings, integer, one_of, option

from .chain import fans
from .convolution import Convolution
from .mlp import random_weights


@dataclass(frozen=True)
class FilterOptions(Settings):
    """What stands below ``hidden`` where samples are images; without filters it is nothing.

    A subclass has ``hidden``, the units of the dense layers, and ``dtype``.
    """

    filters: tuple[int, ...] = option((), "filters per convolution, the lowest first; (): every layer is dense",
                                      integer(1, many=True, empty=True))
    kernel: int = option(5, "filters: height and width of a window, in pixels", integer(1))
    stride: int = option(2, "filters: pixels from one window to the next", integer(1))
    padding: int = option(0, "filters: zeros around an image, fewer than kernel", integer(0))
    pool: bool = option(False, "filters: whether of 2 x 2 activations only the largest goes on", one_of(True, False))

    def __post_init__(self):
        super().__post_init__()
        if self.filters and self.padding >= self.kernel:
            raise ValueError(f"padding: expected an integer < kernel={self.kernel}, got {self.padding}")

    def convolutions(self, image: tuple[int, int, int] | None) -> tuple[Convolution, ...]:
        """The convolutions on images (height, width, channels), from the lowest up.

        Raises
        ------
        ValueError
            If there are filters and samples are no images, or if a window does not fit into what is below it.
        """
        if self.filters and image is None:
            raise ValueError(f"filters: expected () where samples are no images, got {self.filters}")
        layers, below = [], image
        for l in range(len(self.filters)):
            try:
                layers.append(Convolution(*below[:2], self.kernel, self.stride, self.padding, self.pool))
            except ValueError as error:
                raise ValueError(f"filters: expected at most {l} convolutions with kernel={self.kernel}, stride="
                                 f"{self.stride}, padding={self.padding}, pool={self.pool} on images of "
                                 f"{image[0]} x {image[1]}, got {len(self.filters)} ({error})") from None
            below = layers[-1].out_maps
        return tuple(layers)

    def check_image(self, image: tuple[int, int, int] | None, learnt: tuple[Convolution, ...]) -> None:
        """A ValueError unless images suit the convolutions of a network that has learnt."""
        if self.convolutions(image) != learnt:
            raise ValueError(f"task.image: expected {learnt[0].height} x {learnt[0].width}, as in the tasks learnt, "
                             f"got {image}")

    @property
    def widths(self) -> tuple[int, ...]:
        """Units per hidden layer of a first network: filters, and above them the dense ones of ``hidden``."""
        return (*self.filters, *self.hidden)

    def random_body(self, n_inputs: int, image: tuple[int, int, int] | None, rng) -> list[np.ndarray]:
        """The matrices of a random network's hidden layers, on images or on ``n_inputs`` features."""
        layers = self.convolutions(image)
        sizes = [image[2] if layers else n_inputs, *self.widths]
        return [random_weights(rng, fan * a, b, self.dtype)
                for fan, a, b in zip(fans(layers, len(self.widths)), sizes, sizes[1:])]


#: Names of these options.
FILTERS = tuple(field.name for field in fields(FilterOptions))


def facts_of(layers: Sequence[Convolution]) -> np.ndarray:
    """What a state holds of convolutions: (layers, 6) integers, their fields."""
    return np.array([astuple(layer) for layer in layers])


def convolutions_from(facts, name: str) -> tuple[Convolution, ...]:
    """The convolutions that a state holds, (layers, 6) integers: their fields, ``pool`` as 0 or 1.

    Raises
    ------
    ValueError
        If they are other numbers, or layers that do not fit each other; ``name`` is what it calls them.
    """
    sizes, facts = (len(facts), len(fields(Convolution))), np.array(facts)
    if len(facts) and (facts.dtype.kind not in "iu" or facts.shape != sizes):
        raise ValueError(f"{name}: expected integers of shape {sizes}, got {facts.dtype} {facts.shape}")
    layers = tuple(Convolution(*sizes, bool(pool)) for *sizes, pool in facts.tolist())
    for lower, upper in pairwise(layers):
        if lower.out_maps != (upper.height, upper.width):
            raise ValueError(f"{name}: expected layers that fit each other, got {upper} above {lower}")
    return layers
