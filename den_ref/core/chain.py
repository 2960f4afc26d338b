"""One walk over a network: up to its logits, and down again with their gradient.

A *chain* is a list of links, from the inputs up.  A link has ``forward`` beside ``backward``:

    h, cache = link.forward(w, h, rows)               w: all weights, by name;  h: rows of samples
    delta = link.backward(w, grad, delta, cache)      dLoss/dh below;  what the link's weights get is written into grad

``rows`` says which samples they are, for links that keep something of each.  What the data loss, the Fisher
information, a joint loss and a column do differently is in their links; the walk is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count, takewhile
from math import prod

import numpy as np

from .convolution import Convolution, convolution_backward, convolution_forward, max_pool_backward, max_pool_forward
from .flat import Flat
from .layers import affine_backward, affine_forward, relu_backward, relu_forward


def forward(chain: Sequence, w, h, rows=slice(None)):
    """What comes out at the top, and what :func:`backward` needs: every link with its cache."""
    walked = []
    for link in chain:
        h, cache = link.forward(w, h, rows)
        walked.append((link, cache))
    return h, walked


def backward(walked: Sequence, w, grad, delta):
    """The same way down, from delta = dLoss/d(top); returned is dLoss/d(bottom)."""
    for link, cache in reversed(walked):
        delta = link.backward(w, grad, delta, cache)
    return delta


class Buffer:
    """An array that is used again, of as many rows as were ever asked for: ``buffer(n)`` is its first n."""

    def __init__(self, width: int, dtype):
        self.array = np.empty((0, width), dtype)

    def __call__(self, n: int) -> np.ndarray:
        if n > len(self.array):
            self.array = np.empty((n, self.array.shape[1]), self.array.dtype)
        return self.array[:n]


def new_array(n: int) -> None:
    """In the place of a buffer: an array of its own every time."""


def not_wanted(n: int) -> bool:
    """In the place of a buffer: nobody asks for this."""
    return False


def layer_forward(h, W, b, layer: Convolution | None = None):
    """(out, cache) of a convolution, or of a dense layer if there is none, without buffers."""
    return convolution_forward.inner(h, W, b, layer) if layer else affine_forward.inner(h, W, b)


def layer_backward(dout, cache, out=(None, None, None)):
    """(dh, dW, db), as ``affine_backward`` and ``convolution_backward`` have it; the cache says which it is."""
    return (affine_backward if len(cache) == 2 else convolution_backward).inner(dout, cache, out=out)


class Affine:
    """a = h W + b, with W and b by their names.

    ``out`` and ``below`` say for n rows where a is written, and dLoss/dh.  A convolution has a ``layer``.
    """

    layer: Convolution | None = None

    def __init__(self, W: str, b: str, out: Callable = new_array, below: Callable = new_array):
        self.W, self.b, self.out, self.below = W, b, out, below

    def forward(self, w, h, rows):
        return affine_forward.inner(h, w[self.W], w[self.b], out=self.out(len(h)))

    def backward(self, w, grad, delta, cache):
        return affine_backward.inner(delta, cache, out=(self.below(len(delta)), grad[self.W], grad[self.b]))[0]

    def products(self, layout: Flat) -> int:
        """Multiply-adds per sample: each weight is multiplied once forward and twice backward, once if nothing asks for
        dLoss/dh."""
        return (2 if self.below is not_wanted else 3) * layout[self.W].size


class Filters(Affine):
    """A convolution."""

    def __init__(self, W: str, b: str, layer: Convolution, out: Callable, below: Callable, windows: Callable):
        super().__init__(W, b, out, below)
        self.layer, self.windows = layer, windows

    def forward(self, w, h, rows):
        n, W = len(h), w[self.W]
        windows = self.windows(n)
        if windows is not None:
            windows = windows.reshape(n * prod(self.layer.maps), len(W))
        return convolution_forward.inner(h, W, w[self.b], self.layer, out=self.out(n), windows=windows)

    def backward(self, w, grad, delta, cache):
        into = (self.below(len(delta)), grad[self.W], grad[self.b])
        return convolution_backward.inner(delta, cache, out=into)[0]

    def products(self, layout: Flat) -> int:
        return prod(self.layer.maps) * super().products(layout)


class ReLU:
    """h = max(a, 0), in place."""

    def forward(self, w, a, rows):
        return relu_forward.inner(a, out=a)

    def backward(self, w, grad, delta, h):
        return relu_backward.inner(delta, h, out=delta)

    def products(self, layout: Flat) -> int:
        return 0


class Pool(ReLU):
    """The ReLU of what a layer's pool lets through, which is less work than the pool of the ReLU, and the same.

    ``below`` may be the buffer of the maps, which nobody needs any more when dLoss/d(maps) is written over them.
    """

    def __init__(self, layer: Convolution, out: Callable, below: Callable):
        self.layer, self.out, self.below = layer, out, below

    def forward(self, w, a, rows):
        h, cache = max_pool_forward.inner(a, self.layer, out=self.out(len(a)))
        return super().forward(w, h, rows)[0], cache

    def backward(self, w, grad, delta, cache):
        _, h, _ = cache                                # after the ReLU: no pixel is found for a negative maximum
        delta = super().backward(w, grad, delta, h)    # and none is asked for; at 0 the gate is closed too
        return max_pool_backward.inner(delta, cache, out=self.below(len(delta)))


def at_places(h, places: int):
    """Rows (n, places * units) as (n, places, units)."""
    return h.reshape(len(h), places, h.shape[1] // places)


class Beside:
    """Units whose activations are known, (n, p) for all samples, stand before those that come from below.

    ``out`` is a buffer of both.  A dense layer below writes into the end of it: see :meth:`end`.  Where units are
    filters, known ones stand first at every one of their ``places``.
    """

    def __init__(self, known: np.ndarray, out: Callable, places: int = 1):
        self.known, self.out, self.places, self.first = known, out, places, known.shape[1] // places

    def end(self, n: int) -> np.ndarray:
        return self.out(n)[:, self.first:]

    def forward(self, w, h, rows):
        both = self.out(len(h))                                    # (n, places * (p + units))
        stack = at_places(both, self.places)
        stack[..., :self.first] = at_places(self.known[rows], self.places)
        if not np.may_share_memory(h, both):
            stack[..., self.first:] = at_places(h, self.places)
        return both, None

    def backward(self, w, grad, delta, cache):
        new = at_places(delta, self.places)[..., self.first:]
        return new.reshape(len(delta), -1) if self.places > 1 else new[:, 0]

    def products(self, layout: Flat) -> int:
        return 0


# --- the chain of a network ---------------------------------------------------------------------------------------


def hidden(flat: Flat) -> list[tuple[str, str]]:
    """Names of the weights and the bias of every hidden layer, from the inputs up.

    >>> hidden(Flat({"W1": (2, 3), "V": (3, 1), "b1": (3,), "c": (1,)}, np.float64))
    [('W1', 'b1')]
    """
    return [(f"W{l}", f"b{l}") for l in takewhile(lambda l: f"W{l}" in flat.shapes, count(1))]


def heads(flat: Flat) -> list[tuple[str, str]]:
    """Names of every head's weights and bias: V, c of an only one; else V0, c0, V1, c1, ..."""
    if "V" in flat.shapes:
        return [("V", "c")]
    return [(f"V{i}", f"c{i}") for i in takewhile(lambda i: f"V{i}" in flat.shapes, count())]


def depth(flat: Flat) -> int:
    """Number of hidden layers in a flat vector."""
    return len(hidden(flat))


def widths(shape: tuple[int, int], layer: Convolution | None) -> tuple[int, int]:
    """How many numbers of a sample a layer with such a matrix reads, and how many it gives."""
    n_in, n_out = shape
    if layer is None:
        return n_in, n_out
    return layer.height * layer.width * (n_in // layer.fan), prod(layer.out_maps) * n_out


def places(convolutions: Sequence[Convolution]) -> int:
    """How many numbers a unit of the last of these layers gives: of a dense one, where there are none, 1."""
    return prod(convolutions[-1].out_maps) if convolutions else 1


def fans(convolutions: Sequence[Convolution], depth: int) -> tuple[int, ...]:
    """How many rows of each matrix are of one unit below (``core.stacks``), the head's last.

    >>> fans((), 2), fans([Convolution(28, 28, size=5, stride=2)], 2)
    ((1, 1, 1), (25, 144, 1))
    """
    return (*(layer.fan for layer in convolutions), places(convolutions), *(1,) * (depth - len(convolutions)))


def n_inputs(flat: Flat, head: str = "") -> int:
    """How many inputs a network has."""
    first = flat["W1" if hidden(flat) else f"V{head}"]
    return widths(first.shape, next(iter(flat.convolutions), None))[0]


def links(flat: Flat, head: str = "", affine: type = Affine, filters: type = Filters,
          buffer: Callable = lambda width: new_array) -> list:
    """The chain of a network: its layers, and what makes activations after each but the last: every other link.

    dLoss/d(inputs) is not asked for.  ``buffer(width)`` makes what a link writes into; the logits are new every time.
    """
    names = [*hidden(flat), (f"V{head}", f"c{head}")]
    shapes, layers = [flat.shapes[W] for W, _ in names], [*flat.convolutions, *(None,) * len(names)]
    n_in, n_out = zip(*map(widths, shapes, layers))
    out, below = [*map(buffer, n_out[:-1]), new_array], [not_wanted, *map(buffer, n_in[1:])]

    def pair(name, shape, layer, out, below):
        if layer is None:
            return affine(*name, out, below), ReLU()
        windows, maps = (buffer(prod(layer.maps) * size) for size in shape)
        if not layer.pool:
            return filters(*name, layer, out, below, windows), ReLU()
        return filters(*name, layer, maps, below, windows), Pool(layer, out, maps)

    return [link for both in map(pair, names, shapes, layers, out, below) for link in both][:-1]
