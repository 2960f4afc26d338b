"""Hidden ReLU layers and one linear head: scores, and the data loss with its gradient.

h_0 = x,  h_l = relu(h_{l-1} W_l + b_l),  logits = h_{L-1} V + c        (paper, section 3)

The weights of a network with m hidden layers are named W1..Wm, V, b1..bm, c; weights come first in memory, so that
"every weight, no bias" is one slice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from den_ref.doors import (
    LOSS_NAMES, Came, Each, Instance, Kind, Labels, NotNegative, Whole, check_shape, door, inner, real_array, refusal)

from . import chain
from .chain import depth
from .convolution import max_pool_forward
from .flat import Flat, Like
from .layers import Through, affine_forward, relu_forward
from .losses import loss_function

class Matrices(Kind):
    """The weights of hidden layers on inputs (n, n_inputs): (n_inputs, n_1), (n_1, n_2), ... up to n_top.

    Under the call's convolutions, the lowest layers, a row is of a channel at a place: (fan_l * n_{l-1}, n_l).
    """

    def __call__(self, name, value, call):
        matrices, layers = Each(all_of=Through())(name, value), call["convolutions"]
        below, fans = "n_inputs", chain.fans(layers, len(matrices))
        if layers:
            below, pixels = "channels", layers[0].height * layers[0].width
            check_shape("x", call["x"].shape, ("n", pixels * (len(matrices[0]) // fans[0])))
            call.sizes["channels"] = call.sizes["n_inputs"] // pixels
        for l, w in enumerate(matrices):
            rows = below if fans[l] == 1 else fans[l] * call.sizes[below]
            below = f"n_{l + 1}"
            check_shape(f"{name}[{l}]", w.shape, (rows, below), call)
        call.sizes |= {"depth": len(matrices), "n_top": fans[-1] * call.sizes[below]}
        return list(matrices)


class Biases(Kind):
    """The biases of hidden layers, one for every unit of their weights."""

    def __call__(self, name, value, call):
        kinds = [Through(f"n_{l + 1}") for l in range(call.sizes["depth"])]
        if isinstance(value, list | tuple) and len(value) != len(kinds):
            raise refusal(name, f"one for each of {len(kinds)} weights", Came(str(len(value))))
        return list(Each(*kinds)(name, value, call)) if kinds else []


class Rows(Kind):
    """Row numbers of a loss's samples; one may come twice."""

    def __call__(self, name, value, call):
        rows, n = real_array(name, value), len(call["self"])
        if rows.ndim != 1 or rows.dtype.kind not in "iu" or (rows.size and not 0 <= rows.min() <= rows.max() < n):
            raise refusal(name, f"row numbers 0..{n - 1}", value)
        return rows


#: Rows of data looked at together when nothing is learnt.
BLOCK = 1024


@door
def hidden(x: Through("n", "n_inputs"), weights: Matrices(), biases: Biases(), convolutions: tuple = ()):
    """h_{L-1} (n, n_top): the activations under the head.  The lowest layers are these convolutions, others dense."""
    for w, b, layer in zip(weights, biases, [*convolutions, *(None,) * len(weights)]):
        a, _ = chain.layer_forward(x, w, b, layer)
        a = max_pool_forward.inner(a, layer)[0] if layer and layer.pool else a
        x, _ = relu_forward.inner(a, out=a)
    return x


def in_blocks(function, x, block=BLOCK):
    """function(x) over blocks of rows, results stacked: bounded memory for any number of samples."""
    return np.concatenate([function(x[i:i + block]) for i in range(0, max(len(x), 1), block)])


@door
def scores(x: Through("n", "n_inputs"), weights: Matrices(), biases: Biases(), head: Through("n_top", "n_outputs"),
           head_bias: Through("n_outputs"), convolutions: tuple = ()):
    """Logits (n, n_outputs) of samples x (n, n_inputs)."""
    def logits(rows):
        return affine_forward.inner(hidden.inner(rows, weights, biases, convolutions), head, head_bias)[0]

    return in_blocks(logits, x)


def pack(weights, biases, head, head_bias, dtype, convolutions=()) -> Flat:
    """The flat vector of a network: W1..Wm, V, b1..bm, c."""
    matrices = {f"W{l}": w for l, w in enumerate(weights, 1)} | {"V": head}
    vectors = {f"b{l}": b for l, b in enumerate(biases, 1)} | {"c": head_bias}
    return Flat.of(matrices | vectors, dtype, convolutions)


def unpack(flat: Flat):
    """The inverse of :func:`pack`: (weights, biases, head, head_bias), views into the vector."""
    return *layers_of(flat), flat["V"], flat["c"]


def layers_of(body: Flat) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The weights and the biases of the hidden layers, from the inputs up: views into the vector."""
    return [body[W] for W, _ in chain.hidden(body)], [body[b] for _, b in chain.hidden(body)]


def random_weights(rng, n_in: int, n_out: int, dtype):
    """Weights (n_in, n_out) under ReLU units, normal with deviation sqrt(2 / n_in) (He et al. 2015)."""
    return (rng.normal(size=(n_in, n_out)) * np.sqrt(2 / max(n_in, 1))).astype(dtype)


def checked_labels(layout: Flat, x, y, loss: str, head: str = ""):
    """The labels, if they and the samples fit a network: its inputs, its outputs, the loss."""
    n_outputs = layout["V" + head].shape[1]
    check_shape("x", x.shape, ("n", chain.n_inputs(layout, head)))
    return Labels(len(x), n_outputs, loss)("y", y)


class DataLoss:
    """L(w; D): mean loss of a network over samples, as a function of its flat vector.

    A batch is an array of row numbers.

    Parameters
    ----------
    layout : Flat
        Any flat vector of the network's layout (see :func:`pack`); only its shapes and dtype are read.
    x, y : arrays
        Samples (n, n_inputs) and labels, as in a Task.
    loss : {"sigmoid", "softmax"} or callable
        A function (logits, labels) -> (value, dlogits) like those in ``core.losses``, a mean over samples, is handed
        the labels as they are; its dlogits should keep the dtype of the logits.
    known : (n, p) array, optional
        Activations of p first-layer units that do not change: the first layer then has p units *before* those of
        W1, whose incoming weights are not in the vector.  Eq. 5 computes its old first layer once this way.
    head : str
        Suffix of the head's names ("V" + head, "c" + head), for vectors with several heads (MTL).
    scale : float
        A constant factor of the loss (MTL, DEN-Finetune: a task's share of a mean over tasks).
    block : int
        How many rows are looked at together when the loss over all samples is asked for.

    Notes
    -----
    A network of another kind is a subclass with other ``links``; or with a ``forward`` beside ``backward`` of its own,
    and ``products``, the multiply-adds per sample.
    """

    @door
    def __init__(self, layout: Flat, x: Through("n", "n_inputs"), y, loss: str | Callable = "sigmoid", *,
                 known: Through("n", "n_known") = None, head: str = "", scale: NotNegative() = 1.0,
                 block: Whole(1) = BLOCK):
        if loss in LOSS_NAMES and type(self) is DataLoss:
            y = checked_labels(layout, x, y, loss, head)
        self.layout, self.dtype = layout, (dtype := layout.vector.dtype)
        self.x, self.loss = x.astype(dtype, copy=False), inner(loss_function(loss))
        self.scale, self.block = scale, block
        self.y = y.astype(dtype, copy=False) if loss == "sigmoid" else y
        self.known = np.zeros((len(x), 0), dtype) if known is None else known
        self.other_heads = [name for pair in chain.heads(layout) if pair != ("V" + head, "c" + head) for name in pair]
        self.chain = self.links(head)
        self._x = self.buffer(self.x.shape[1])

    def links(self, head: str) -> list:
        """The network's chain (see ``core.chain``)."""
        links = chain.links(self.layout, head, buffer=self.buffer)
        if not self.known.shape[1]:
            return links
        places = chain.places(self.layout.convolutions[:1])
        known = chain.Beside(self.known, self.buffer(self.known.shape[1] + places * self.layout["b1"].size), places)
        if not self.layout.convolutions:
            links[0].out = known.end
        return [*links[:2], known, *links[2:]]

    def buffer(self, width: int) -> chain.Buffer:
        """What a link writes into, for as many rows as a batch has."""
        return chain.Buffer(width, self.dtype)

    @cached_property
    def products(self) -> int:
        """Multiply-adds per sample."""
        return sum(link.products(self.layout) for link in self.chain)

    def __len__(self) -> int:
        return len(self.x)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of the matrix products of one pass over the samples with gradient (biases, ReLU: not counted).

        A matrix of size s is multiplied three times per sample, once forward and twice backward; the first one twice,
        because nobody asks for the gradient with respect to x.
        """
        return len(self) * self.products

    def batches(self, rng, size: int) -> list[np.ndarray]:
        """The samples in random order, as arrays of row numbers; the last, short batch is kept."""
        order = rng.permutation(len(self.x))
        return np.split(order, range(size, len(order), size))

    @door
    def value(self, w: Like()) -> float:
        """The loss over all samples."""
        return sum(len(rows) * self._look(w, rows)[0] for rows in self._blocks()) / max(len(self), 1)

    @door
    def value_and_gradient(self, w: Like(), grad: Like(), batch: Rows() = None) -> float:
        """The loss over a batch of rows (all without one); its gradient is written into ``grad``."""
        if batch is not None:
            value, dlogits, cache = self._look(w, batch)
            self.backward(w, grad, dlogits, cache)
            return value
        total, part, value = np.zeros(grad.vector.shape), grad.like(), 0.0
        for rows in self._blocks():
            value += inner(self.value_and_gradient)(w, part, rows) * len(rows) / len(self)
            total += part.vector * (len(rows) / len(self))
        grad.vector[...] = total
        return value

    def _blocks(self) -> list[np.ndarray]:
        """All rows, ``block`` at a time."""
        return [np.arange(i, min(i + self.block, len(self))) for i in range(0, len(self), self.block)]

    def _look(self, w: Flat, rows):
        """Loss of some rows, its gradient with respect to the logits, and what ``forward`` keeps for ``backward``."""
        x = np.take(self.x, rows, axis=0, out=self._x(len(rows)), mode="clip")       # (n, n_inputs)
        logits, cache = self.forward(w, x, rows)
        value, dlogits = self.loss(logits, self.y[rows])
        if self.scale != 1:
            dlogits *= self.scale
        return value * self.scale, dlogits, cache

    def forward(self, w: Flat, x, rows):
        """Logits (n, n_outputs) of the samples x (n, n_inputs), which are these rows; and what backward needs."""
        return chain.forward(self.chain, w, x, rows)

    def backward(self, w: Flat, grad: Flat, dlogits, walked):
        """Write all of ``grad``, walking down from dLoss/dlogits (n, n_outputs)."""
        for other in self.other_heads:
            grad[other][...] = 0
        chain.backward(walked, w, grad, dlogits)


class JointLoss:
    """The mean of several data losses of one flat vector; a batch belongs to one of them.

    A batch is a triple (i, batch of loss i, weight).  It counts weight = B / (P B_i) times, with B_i of an epoch's B
    batches and P losses: the mean of an epoch's gradients is then the gradient of the mean, whatever the sizes of the
    data sets.
    """

    @door
    def __init__(self, losses: Each(all_of=Instance(DataLoss))):
        if not losses:
            raise refusal("losses", "at least one loss", Came("none"))
        self.losses, self.layout = losses, losses[0].layout

    def __len__(self) -> int:
        return sum(map(len, self.losses))

    @property
    def multiply_adds(self) -> int:
        """Those of all its losses, see :attr:`DataLoss.multiply_adds`."""
        return sum(loss.multiply_adds for loss in self.losses)

    def batches(self, rng, size: int) -> list[tuple]:
        """The batches of all losses, in random order."""
        batches = [loss.batches(rng, size) for loss in self.losses]
        total = sum(map(len, batches))
        triples = [(i, batch, total / (len(batches) * len(own))) for i, own in enumerate(batches) for batch in own]
        return [triples[i] for i in rng.permutation(total)]

    @door
    def value(self, w: Like()) -> float:
        """The mean of the losses, each over all its samples."""
        return sum(inner(loss.value)(w) for loss in self.losses) / len(self.losses)

    @door
    def value_and_gradient(self, w: Like(), grad: Like(), batch: Each(Whole(0), None, NotNegative()) = None) -> float:
        """The weighted loss over a batch (the mean over all samples without one); its gradient goes into ``grad``."""
        if batch is not None:
            i, own, weight = batch
            value = inner(self.losses[i].value_and_gradient)(w, grad, own)
            if weight != 1:
                grad.vector *= weight
            return value * weight
        part, total, value = grad.like(), np.zeros(grad.vector.shape), 0.0
        for loss in self.losses:
            value += inner(loss.value_and_gradient)(w, part) / len(self.losses)
            total += part.vector / len(self.losses)
        grad.vector[...] = total
        return value
