"""The layers of images, forward beside backward: convolution, 2 x 2 max pooling, flattening.

An image is a row, pixel by pixel, with all channels of a pixel beside each other: x[n, (r * width + q) * channels + c]
is channel c in row r and column q of image n.  Filters are a matrix w (fan * channels, n_filters) with
fan = size * size: its row p * channels + c reads channel c at position p of a window.  So a column of w is still a
unit's incoming weights; the unit is a filter, and its activation a map.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from den_ref.doors import Buffer, Each, Instance, Kind, OneOf, Whole, came, Came, check_shape, door, refusal

from .layers import Through, affine_forward


@dataclass(frozen=True)
class Convolution:
    """A convolutional layer by position: windows of size x size pixels on images of height x width.

    H' = floor((height + 2 padding - size) / stride) + 1 windows stand below each other, and as many by width beside
    each other.  Rows and columns that fill no window, or no 2 x 2 block of the pool, are dropped, right and below.

    Parameters
    ----------
    height, width : int
        Of the images, in pixels.
    size : int
        Of a window, which is square.
    stride : int
        Pixels from one window to the next.
    padding : int
        Rows and columns of zeros around an image, fewer than a window has.
    pool : bool
        Whether the maximum of 2 x 2 activations is all that leaves the layer.

    Raises
    ------
    ValueError
        If a window does not fit into the image with its padding, or would see nothing but padding; or if there are no
        2 x 2 activations to pool.

    >>> layer = Convolution(28, 28, size=5, stride=2, pool=True)
    >>> layer.fan, layer.maps, layer.out_maps
    (25, (12, 12), (6, 6))
    """

    height: int
    width: int
    size: int
    stride: int = 1
    padding: int = 0
    pool: bool = False

    def __post_init__(self):
        for name, kind in {"height": Whole(1), "width": Whole(1), "size": Whole(1), "stride": Whole(1),
                           "padding": Whole(0), "pool": OneOf(False, True)}.items():
            object.__setattr__(self, name, kind(name, getattr(self, name)))
        if self.padding >= self.size:
            raise refusal("padding", f"an integer < {self.size}, the size of a window", self.padding)
        largest = min(self.height, self.width) + 2 * self.padding
        if self.size > largest:
            raise refusal("size", f"an integer <= {largest}, the image with its padding", self.size)
        if self.pool and min(self.maps) < 2:
            raise refusal("pool", "maps of 2 x 2 at least", Came("{} x {}".format(*self.maps)))

    @property
    def fan(self) -> int:
        """Positions of a window: how many rows of w belong to one channel below."""
        return self.size * self.size

    @property
    def maps(self) -> tuple[int, int]:
        """(H', W'): height and width of what the filters give, before the pool."""
        return tuple((side + 2 * self.padding - self.size) // self.stride + 1 for side in (self.height, self.width))

    @property
    def out_maps(self) -> tuple[int, int]:
        """Height and width of what leaves the layer."""
        return tuple(side // 2 for side in self.maps) if self.pool else self.maps


# --- doors -------------------------------------------------------------------------------------------------------


class Images(Kind):
    """Rows of whole pixels that fit the call's layer: what it reads, or with ``maps`` what its filters give."""

    def __init__(self, maps: bool = False):
        self.maps = maps

    def __call__(self, name, value, call):
        layer = Instance(Convolution)("layer", call["layer"])
        images = Through("n", "n_pixels")(name, value, call)
        if self.maps and not layer.pool:
            raise refusal("layer", "one with pool=True", layer)
        channels = _channels(name, images, *(layer.maps if self.maps else (layer.height, layer.width)))
        call.sizes |= {"n_windows": len(images) * prod(layer.maps), "n_rows": layer.fan * channels,
                       "n_pooled": prod(layer.out_maps) * channels}
        return images


class FilterMatrix(Kind):
    """A matrix (fan * channels, n_filters) over the images of the call."""

    def __call__(self, name, value, call):
        filters = Through("n_rows", "n_filters")(name, value, call)
        call.sizes["n_out"] = prod(call["layer"].maps) * call.sizes["n_filters"]
        return filters


class Windows(Kind):
    """What :func:`convolution_forward` keeps, if the call's dout belongs to it."""

    def __call__(self, name, value, call):
        windows, w, layer = Each(Through("n_windows", "n_rows"), Through("n_rows", "n_filters"),
                                 Instance(Convolution))(name, value, call)
        n, each = len(call["dout"]), prod(layer.maps)
        check_shape(f"{name}[0]", windows.shape, (n * each, "n_rows"), call)
        check_shape("dout", call["dout"].shape, (n, each * w.shape[1]))
        call.sizes["n_pixels"] = layer.height * layer.width * (len(w) // layer.fan)
        return windows, w, layer


class Pooled(Kind):
    """What :func:`max_pool_forward` keeps, if the call's dout belongs to it."""

    def __call__(self, name, value, call):
        x, h, layer = Each(Through("n", "n_pixels"), Through("n", "n_out"), Instance(Convolution))(name, value, call)
        channels = _channels(name, x, *layer.maps)
        check_shape(f"{name}[1]", h.shape, (len(x), prod(layer.out_maps) * channels))
        return x, h, layer


class Block(Buffer):
    """A buffer in one piece, so that it can be looked at in another shape."""

    def __call__(self, name, value, call=None):
        value = super().__call__(name, value, call)
        if isinstance(value, np.ndarray) and not value.flags.c_contiguous:
            raise refusal(name, "an array in one piece, row by row", Came(f"{came(value)}, strides {value.strides}"))
        return value


def _channels(name: str, images: np.ndarray, height: int, width: int) -> int:
    """How many numbers a pixel has, if the rows are whole pixels."""
    channels, rest = divmod(images.shape[1], height * width)
    if rest:
        raise refusal(name, f"shape (n, {height} * {width} * channels)", Came(f"shape {images.shape}"))
    return channels


# --- flattening --------------------------------------------------------------------------------------------------


@door
def flatten(maps: Through("n", "height", "width", "channels")):
    """The rows (n, height * width * channels) of maps (n, height, width, channels), position by position.

    Gradients go back by :func:`unflatten`.

    >>> flatten(np.array([[[[1, 10], [2, 20]]]]))
    array([[ 1., 10.,  2., 20.]])
    """
    return maps.reshape(len(maps), prod(maps.shape[1:]))


@door
def unflatten(x: Through("n", "n_pixels"), height: Whole(1), width: Whole(1)):
    """The maps (n, height, width, channels) of which x (n, height * width * channels) are the rows."""
    return x.reshape(len(x), height, width, _channels("x", x, height, width))


# --- convolution -------------------------------------------------------------------------------------------------


@door
def patches(x: Images(), layer: Convolution, out: Block("n_windows", "n_rows") = None):
    """What every window sees (im2col): row (n H' + r) W' + q is the window in row r and column q of image n.

    Where every window is one pixel and every pixel a window, this is x itself.

    Parameters
    ----------
    x : (n, height * width * channels)

    Returns
    -------
    out : (n * H' * W', fan * channels)

    >>> patches(np.arange(9.0).reshape(1, 9), Convolution(3, 3, size=2)).astype(int)
    array([[0, 1, 3, 4],
           [1, 2, 4, 5],
           [3, 4, 6, 7],
           [4, 5, 7, 8]])
    """
    images, around = unflatten.inner(x, layer.height, layer.width), (layer.padding, layer.padding)
    images = np.pad(images, ((0, 0), around, around, (0, 0))) if layer.padding else images
    seen = sliding_window_view(images, (layer.size, layer.size), axis=(1, 2))[:, ::layer.stride, ::layer.stride]
    seen = np.moveaxis(seen, 3, 5)                                 # (n, H', W', size, size, channels)
    if out is None:
        return seen.reshape(prod(seen.shape[:3]), prod(seen.shape[3:]))
    np.copyto(out.reshape(seen.shape), seen)
    return out


@door
def convolution_forward(x: Images(), w: FilterMatrix(), b: Through("n_filters"), layer: Convolution,
                        out: Block("n", "n_out") = None, windows: Block("n_windows", "n_rows") = None):
    """The affine layer on what every window sees; pixels outside an image are 0.

        out[n, (r, q), j] = b[j] + sum over i, k, c of
                            x[n, (r * stride + i - padding, q * stride + k - padding), c] * w[(i, k, c), j]

    Parameters
    ----------
    x : (n, height * width * channels);  w : (fan * channels, n_filters);  b : (n_filters,)
    windows : (n * H' * W', fan * channels), optional
        A buffer for the :func:`patches`.

    Returns
    -------
    out : (n, H' * W' * n_filters);  cache : (patches, w, layer)

    >>> convolution_forward(np.array([[1.0, 2, 4]]), np.array([[1.0], [10], [5], [7]]), np.array([0.5]),
    ...                     Convolution(1, 3, size=2, padding=1))[0]
    array([[ 7.5, 19.5, 38.5, 20.5, 10.5, 21.5, 42.5,  4.5]])
    """
    windows = patches.inner(x, layer, out=windows)
    rows = None if out is None else out.reshape(len(windows), len(b))
    rows, _ = affine_forward.inner(windows, w, b, out=rows)        # (n H' W', n_filters)
    return rows.reshape(len(x), prod(layer.maps) * len(b)), (windows, w, layer)


@door
def convolution_backward(dout: Through("n", "n_out"), cache: Windows(),
                         out: Each(Block("n", "n_pixels", missing=(None, False)), Buffer("n_rows", "n_filters",
                                   missing=(None, False)), Buffer("n_filters", missing=(None, False))) = (None,) * 3):
    """Gradients (dx, dw, db) of a loss with dLoss/dout = dout.  With dout as (n H' W', n_filters),

    ``dw = patches^T dout``, ``db = sum of dout``, and for dx every window gives ``dout w^T`` back to its pixels, each
    of which adds up what it gets (col2im).

    What is not needed is left out by passing False, e.g. a first layer's dx by ``out=(False, dw, db)``.

    Parameters
    ----------
    dout : (n, H' * W' * n_filters);  cache : of :func:`convolution_forward`

    Returns
    -------
    dx : (n, height * width * channels);  dw : (fan * channels, n_filters);  db : (n_filters,)
    """
    windows, w, layer = cache
    dx, dw, db = out
    rows = dout.reshape(len(windows), w.shape[1])                  # (n H' W', n_filters)
    dx = None if dx is False else _to_pixels(rows, w, layer, len(dout), dx)
    dw = None if dw is False else np.matmul(windows.T, rows, out=dw)
    return dx, dw, None if db is False else np.sum(rows, axis=0, out=db)


def _to_pixels(rows, w, layer, n, dx):
    """dx (n, height * width * channels) of n images from dout (n H' W', n_filters).

    One position of the window after the other: ``dout w^T`` of all at once would be the largest array of all.
    """
    channels, pad, step, (height, width) = len(w) // layer.fan, layer.padding, layer.stride, layer.maps
    if dx is None:
        dx = np.empty((n, layer.height * layer.width * channels), np.result_type(rows, w))
    if layer.size == layer.stride == 1:                            # every pixel is in one window: nothing to add up
        np.matmul(rows, w.T, out=dx.reshape(len(rows), channels))
        return dx
    padded = np.zeros((n, layer.height + 2 * pad, layer.width + 2 * pad, channels), dx.dtype)
    part = np.empty((n, height, width, channels), dx.dtype)
    for (i, k), filters in zip(np.ndindex(layer.size, layer.size), w.reshape(layer.fan, channels, w.shape[1])):
        np.matmul(rows, filters.T, out=part.reshape(len(rows), channels))
        padded[:, i:i + step * height:step, k:k + step * width:step] += part
    unflatten.inner(dx, layer.height, layer.width)[...] = padded[:, pad:pad + layer.height, pad:pad + layer.width]
    return dx


# --- 2 x 2 max pooling -------------------------------------------------------------------------------------------


@door
def max_pool_forward(x: Images(maps=True), layer: Convolution, out: Block("n", "n_pooled") = None):
    """h = the maximum of every 2 x 2 block of a layer's maps, channel by channel.

    A last row or column that is odd is in no block.  Pooling and ReLU commute, backwards too: with the pool first,
    the ReLU has a quarter of the work, and may write into h.

    Parameters
    ----------
    x : (n, H' * W' * channels)

    Returns
    -------
    out : (n, (H' // 2) * (W' // 2) * channels);  cache : (x, out, layer)

    >>> max_pool_forward(np.array([[1.0, 5, 9, 2, 3, 9]]), Convolution(2, 3, size=1, pool=True))[0]
    array([[5.]])
    """
    corners = _corners(x, layer)                                   # 4 of (n, H' // 2, W' // 2, channels)
    if out is None:
        out = np.empty((len(x), prod(corners[0].shape[1:])), x.dtype)
    h = out.reshape(corners[0].shape)
    np.maximum(corners[0], corners[1], out=h)
    np.maximum(corners[2], h, out=h)
    np.maximum(corners[3], h, out=h)
    return out, (x, out, layer)


@door
def max_pool_backward(dout: Through("n", "n_out"), cache: Pooled(), out: Block("n", "n_pixels") = None):
    """dx = dout at the first maximum of a block, row by row, and 0 at the other three and outside of all blocks.

    ``out`` may be the x of the cache, which is then lost.

    Parameters
    ----------
    dout : (n, (H' // 2) * (W' // 2) * channels);  cache : of :func:`max_pool_forward`

    Returns
    -------
    dx : (n, H' * W' * channels)

    >>> layer = Convolution(2, 2, size=1, pool=True)
    >>> max_pool_backward(np.array([[7.0]]), max_pool_forward(np.array([[1.0, 3, 3, 2]]), layer)[1])
    array([[0., 7., 0., 0.]])
    """
    x, h, layer = cache
    dx = np.empty(x.shape, dout.dtype) if out is None else out
    height, width = layer.out_maps
    unflatten.inner(dx, *layer.maps)[:, height * 2:] = 0
    unflatten.inner(dx, *layer.maps)[:, :, width * 2:] = 0
    corners, dcorners = _corners(x, layer), _corners(dx, layer)
    h, dout = h.reshape(corners[0].shape), dout.reshape(corners[0].shape)
    left = np.ones(h.shape, bool)                                  # blocks whose maximum was not met yet
    for corner, dcorner in zip(corners, dcorners, strict=True):
        first = (corner == h) & left
        np.multiply(dout, first, out=dcorner)
        left ^= first
    return dx


def _corners(x, layer):
    """The pixels of all 2 x 2 blocks, row by row: four views (n, H' // 2, W' // 2, channels) of a layer's maps."""
    height, width = layer.out_maps
    maps = unflatten.inner(x, *layer.maps)[:, :height * 2, :width * 2]
    return [maps[:, i::2, k::2] for i in range(2) for k in range(2)]
