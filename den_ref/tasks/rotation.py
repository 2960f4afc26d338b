"""Turning many images at once, each by its own angle, with bilinear interpolation."""

import numpy as np


def rotate(images: np.ndarray, degrees: np.ndarray, chunk: int = 256) -> np.ndarray:
    """Every image turned counter-clockwise (as displayed, row 0 on top) about its centre by its own angle.

    With u, v the row and column of an output pixel, counted from the centre ((height - 1) / 2, (width - 1) / 2), its
    value is the input's at

        row    =  cos * u + sin * v
        column = -sin * u + cos * v

    interpolated linearly between the four neighbouring pixels; outside the image all pixels are 0.

    Parameters
    ----------
    images : (n, height, width) array
    degrees : (n,) array
    chunk : int
        Images turned at a time: what keeps memory small and in the cache.

    Returns
    -------
    (n, height, width) float32 array.  Turning a square by a multiple of 90 degrees is exact.

    >>> rotate(np.array([[[1.0, 2.0], [3.0, 4.0]]]), [90.0])
    array([[[2., 4.],
            [1., 3.]]], dtype=float32)
    """
    degrees = np.asarray(degrees, float)
    turned = np.empty(images.shape, np.float32)
    for start in range(0, len(images), chunk):
        part = slice(start, start + chunk)
        row, column = source_coordinates(degrees[part], *images.shape[1:])
        turned[part] = sample_bilinear(images[part], row, column)
    return turned


def source_coordinates(degrees, height, width):
    """Row and column, (n, height, width) float32 each, at which every output pixel reads its image."""
    u = np.arange(height, dtype=np.float32)[:, None] - (height - 1) / 2
    v = np.arange(width, dtype=np.float32) - (width - 1) / 2
    angle = np.radians(degrees)[:, None, None]
    cos, sin = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    # The centre is added last: cos(90 degrees) is 6e-17, not 0, and vanishes in this sum.
    row = (cos * u + sin * v) + (height - 1) / 2
    column = (cos * v - sin * u) + (width - 1) / 2
    return row, column


def sample_bilinear(images, row, column):
    """The images at fractional rows and columns (n, ...), float32; 0 outside.

    The images are laid out in one line with a frame of zeros (one pixel before, two after), so that a coordinate
    clipped to the frame reads 0 and the four neighbours of a pixel are at fixed distances from it.
    """
    n, height, width = images.shape
    framed = np.zeros((n, height + 3, width + 3), np.float32)
    framed[:, 1:-2, 1:-2] = images
    row = np.clip(row, -1, height) + 1
    column = np.clip(column, -1, width) + 1
    top, left = np.floor(row), np.floor(column)
    down, right = row - top, column - left                         # in [0, 1): share of the lower, right neighbour

    stride = width + 3
    first = np.arange(n).reshape(-1, *[1] * (row.ndim - 1)) * framed[0].size
    corner = first + (top * stride + left).astype(np.intp)
    line = framed.reshape(-1)
    upper = between(line.take(corner), line.take(corner + 1), right)
    lower = between(line.take(corner + stride), line.take(corner + stride + 1), right)
    return between(upper, lower, down)


def between(a, b, share):
    """a + share * (b - a): a at share 0, exactly."""
    return a + share * (b - a)
