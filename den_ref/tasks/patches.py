"""Small squares cut out of pictures, any number at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: Pixels of an edge of a digit's image, and so of a patch.
SIDE = 28


@dataclass(frozen=True, eq=False)
class Patches:
    """All squares of the pictures that have texture enough.

    The pictures are laid out in one line, so that they may be of different sizes and a patch is where it begins.

    Parameters
    ----------
    line : (n_pixels,) float32 array
        All pictures, row by row, one after another.
    starts, widths : (n_pictures,) integer arrays
        Where each picture begins in the line, and the length of its rows.
    corners : (n_patches,) integer array
        Where in the line each patch has its upper left pixel.
    side : int
    """

    line: np.ndarray
    starts: np.ndarray
    widths: np.ndarray
    corners: np.ndarray
    side: int

    @classmethod
    def of(cls, pictures: Sequence[np.ndarray], deviation: float, side: int = SIDE) -> Patches:
        """The patches (side, side) of the pictures (height, width) with at least this standard deviation.

        Raises
        ------
        ValueError
            If no patch of any picture has it.
        """
        sizes, widths = np.array([p.size for p in pictures]), np.array([p.shape[1] for p in pictures])
        starts = np.cumsum(sizes) - sizes
        corners = np.concatenate([start + corners_of(p, deviation, side) for start, p in zip(starts, pictures)])
        if not corners.size:
            raise ValueError(f"deviation: expected at most that of some patch of the pictures, got {deviation}")
        return cls(np.concatenate([p.ravel() for p in pictures]), starts, widths, corners, side)

    def drawn(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """n patches, each any of all with the same probability: which they are, (n,) positions in ``corners``."""
        return rng.integers(len(self.corners), size=n)

    def __getitem__(self, which: np.ndarray) -> np.ndarray:
        """The patches at these positions in ``corners``, (n, side, side)."""
        corners = self.corners[which]
        picture = np.searchsorted(self.starts, corners, side="right") - 1
        along = np.arange(self.side)
        down = self.widths[picture][:, None, None] * along[:, None]
        return self.line[corners[:, None, None] + down + along]


def corners_of(picture: np.ndarray, deviation: float, side: int) -> np.ndarray:
    """Where in a picture, row by row, the patches begin that have at least this standard deviation."""
    row, column = np.nonzero(deviations(picture, side) >= deviation)
    return row * picture.shape[1] + column


def deviations(picture: np.ndarray, side: int) -> np.ndarray:
    """The standard deviation of every square of a picture, (height - side + 1, width - side + 1).

        deviation^2 = mean of x^2 - (mean of x)^2, from sums over all squares at once.
    """
    x = picture.astype(np.float64)
    mean, square = (square_sums(array, side) / side ** 2 for array in (x, x * x))
    return np.sqrt(np.maximum(square - mean * mean, 0))


def square_sums(array: np.ndarray, side: int) -> np.ndarray:
    """The sum over every square of an array, by the sums over all rectangles that begin in its first corner.

    >>> square_sums(np.arange(9.0).reshape(3, 3), 2)
    array([[ 8., 12.],
           [20., 24.]])
    """
    total = np.pad(array, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    return total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]
