"""Layers of images: convolution, 2 x 2 max pooling, flattening.  A pixel is x[n, row, column, channel]."""

import numpy as np

from .arrays import filled


def connections(height, width, size, stride, padding):
    """Who sees whom: (window, position in it, pixel) in rows and columns, for all pixels that are not padding.

    >>> connections(1, 2, 2, 1, 1)[:2]
    [((0, 0), (1, 1), (0, 0)), ((0, 1), (1, 0), (0, 0))]
    """
    found = []
    for r, q, i, k in np.ndindex(*windows(height, width, size, stride, padding), size, size):
        row, column = r * stride + i - padding, q * stride + k - padding
        if 0 <= row < height and 0 <= column < width:
            found.append(((r, q), (i, k), (row, column)))
    return found


def windows(height, width, size, stride, padding):
    """How many windows stand below each other, and beside each other; what fills none is dropped."""
    return [(side + 2 * padding - size) // stride + 1 for side in (height, width)]


def convolution_forward(x, w, b, stride, padding):
    """out[window, j] = b[j] + sum over i, k, c of x[pixel, c] w[i, k, c, j], where the pixel of position i, k is

        (r stride + i - padding, q stride + k - padding)    in window (r, q);  0 if it is outside of the image.
    """
    _, height, width, channels = x.shape
    sizes = windows(height, width, len(w), stride, padding)
    out = filled((len(x), *sizes, len(b)), lambda n, r, q, j: b[j])
    for window, position, pixel in connections(height, width, len(w), stride, padding):
        for n, c, j in np.ndindex(len(x), channels, len(b)):
            out[(n, *window, j)] += x[(n, *pixel, c)] * w[(*position, c, j)]
    return out


def convolution_backward(x, w, b, stride, padding, dout):
    """(dx, dw, db) of any loss whose derivative by out is dout; b has no part in them.

    Every product x w of the forward pass gives w dout to its x, and x dout to its w.
    """
    _, height, width, channels = x.shape
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(b.shape)
    for window, position, pixel in connections(height, width, len(w), stride, padding):
        for n, c, j in np.ndindex(len(x), channels, len(b)):
            dx[(n, *pixel, c)] += dout[(n, *window, j)] * w[(*position, c, j)]
            dw[(*position, c, j)] += x[(n, *pixel, c)] * dout[(n, *window, j)]
    for index in np.ndindex(dout.shape):
        db[index[-1]] += dout[index]
    return dx, dw, db


def max_pool_forward(x):
    """The largest pixel of every 2 x 2 block, channel by channel; an odd last row or column is dropped."""
    samples, height, width, channels = x.shape
    return filled((samples, height // 2, width // 2, channels),
                  lambda n, r, q, c: max(x[(n, *pixel, c)] for pixel in block(r, q)))


def max_pool_backward(x, dout):
    """dx = dout at the first largest pixel of a block, row by row; 0 everywhere else."""
    dx = np.zeros(x.shape)
    for n, r, q, c in np.ndindex(dout.shape):
        largest = max(block(r, q), key=lambda pixel: x[(n, *pixel, c)])    # the first of them
        dx[(n, *largest, c)] = dout[n, r, q, c]
    return dx


def block(r, q):
    """The four pixels of a block, row by row.

    >>> block(0, 1)
    [(0, 2), (0, 3), (1, 2), (1, 3)]
    """
    return [(2 * r + i, 2 * q + k) for i in range(2) for k in range(2)]


def flatten(x):
    """out[n, (r * width + q) * channels + c] = x[n, r, q, c]."""
    samples, height, width, channels = x.shape
    out = np.zeros((samples, height * width * channels))
    for n, r, q, c in np.ndindex(x.shape):
        out[n, (r * width + q) * channels + c] = x[n, r, q, c]
    return out
