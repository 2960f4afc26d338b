"""Hidden ReLU layers and one linear head: scores, and the data loss with its gradient.

h_0 = x,  h_l = relu(h_{l-1} W_l + b_l),  logits = h_{L-1} V + c        (paper, section 3)

The weights of a network with m hidden layers are named W1..Wm, V, b1..bm, c; weights come first in memory, so that
"every weight, no bias" is one slice.
"""

from __future__ import annotations

import numpy as np

from .flat import Flat
from .layers import affine_backward, affine_forward, relu_backward, relu_forward
from .losses import LOSSES

#: Rows of data looked at together when nothing is learnt.
BLOCK = 1024


def hidden(x, weights, biases):
    """h_{L-1} (n, n_top): the activations under the head."""
    for w, b in zip(weights, biases, strict=True):
        a, _ = affine_forward(x, w, b)
        x, _ = relu_forward(a, out=a)
    return x


def in_blocks(function, x, *arrays, rows=BLOCK):
    """function(x[block], ...) over blocks of rows, results stacked: bounded memory for any number of samples."""
    starts = range(0, max(len(x), 1), rows)
    return np.concatenate([function(x[i:i + rows], *(a[i:i + rows] for a in arrays)) for i in starts])


def scores(x, weights, biases, head, head_bias):
    """Logits (n, n_outputs) of samples x (n, n_inputs)."""
    def logits(block):
        return affine_forward(hidden(block, weights, biases), head, head_bias)[0]

    return in_blocks(logits, x)


def pack(weights, biases, head, head_bias, dtype) -> Flat:
    """The flat vector of a network: W1..Wm, V, b1..bm, c."""
    matrices = {f"W{l}": w for l, w in enumerate(weights, 1)} | {"V": head}
    vectors = {f"b{l}": b for l, b in enumerate(biases, 1)} | {"c": head_bias}
    return Flat.of(matrices | vectors, dtype)


def unpack(flat: Flat):
    """The inverse of :func:`pack`: (weights, biases, head, head_bias), views into the vector."""
    layers = range(1, depth(flat) + 1)
    return [flat[f"W{l}"] for l in layers], [flat[f"b{l}"] for l in layers], flat["V"], flat["c"]


def depth(flat: Flat) -> int:
    """Number of hidden layers in a flat vector."""
    return sum(name.startswith("W") for name in flat.shapes)


def random_weights(rng, n_in: int, n_out: int, dtype):
    """Weights (n_in, n_out) under ReLU units, normal with deviation sqrt(2 / n_in) (He et al. 2015)."""
    return (rng.normal(size=(n_in, n_out)) * np.sqrt(2 / max(n_in, 1))).astype(dtype)


class DataLoss:
    """L(w; D): mean loss of a network over samples, as a function of its flat vector.

    Parameters
    ----------
    layout : Flat
        Any flat vector of the network's layout (see :func:`pack`); only its shapes and dtype are read.
    x, y : arrays
        Samples (n, n_inputs) and labels, as in a Task.
    loss : {"sigmoid", "softmax"}
    known : (n, p) array, optional
        Activations of p first-layer units that do not change: the first layer then has p units *before* those of
        W1, whose incoming weights are not in the vector.  Eq. 5 computes its old first layer once this way.
    rows : int
        How many rows are looked at together when the loss over all samples is asked for.
    head : str
        Suffix of the head's names ("V" + head, "c" + head), for vectors with several heads.
    scale : float
        A constant factor of the loss.
    """

    def __init__(self, layout: Flat, x, y, loss="sigmoid", known=None, rows=BLOCK, head="", scale=1.0):
        self.dtype = dtype = layout.vector.dtype
        self.x, self.loss, self.scale = x.astype(dtype, copy=False), LOSSES[loss], scale
        self.y = y.astype(dtype, copy=False) if loss == "sigmoid" else y
        self.known = np.zeros((len(x), 0), dtype) if known is None else known
        self.head, self.bias = "V" + head, "c" + head
        self.other_heads = [name for name in layout.shapes if name[0] in "Vc" and name not in (self.head, self.bias)]
        self.rows, self.depth = rows, depth(layout)
        self._new = self.known.shape[1]                            # the first layer's units in the vector start here
        self._widths = [layout[f"b{l}"].size + (self._new if l == 1 else 0) for l in range(1, self.depth + 1)]
        sizes = [layout[name].size for name in [*(f"W{l}" for l in range(1, self.depth + 1)), self.head]]
        self._products = 3 * sum(sizes) - sizes[0]                 # per sample
        self._make_buffers(0)

    def _make_buffers(self, n: int) -> None:
        """Buffers for n rows: inputs, activations, and what is propagated back."""
        self._x = np.empty((n, self.x.shape[1]), self.dtype)
        self._hidden = [np.empty((n, width), self.dtype) for width in self._widths]
        self._delta = [np.empty((n, width), self.dtype) for width in self._widths]

    def __len__(self) -> int:
        return len(self.x)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of the matrix products of one pass over the samples with gradient (biases, ReLU: not counted).

        A matrix of size s is multiplied three times per sample, once forward and twice backward; the first one twice,
        because nobody asks for the gradient with respect to x.
        """
        return len(self) * self._products

    def batches(self, rng, size):
        """The samples in random order, as arrays of row numbers; the last, short batch is kept."""
        order = rng.permutation(len(self.x))
        return np.split(order, range(size, len(order), size))

    def value(self, w: Flat) -> float:
        """The loss over all samples."""
        blocks = [np.arange(i, min(i + self.rows, len(self))) for i in range(0, len(self), self.rows)]
        return sum(len(rows) * self._forward(w, rows)[0] for rows in blocks) / max(len(self), 1)

    def value_and_gradient(self, w: Flat, grad: Flat, rows=None) -> float:
        """The loss over the given rows (all without them); its gradient is written into ``grad``."""
        if rows is not None:
            value, dlogits, activations = self._forward(w, rows)
            self._backward(w, grad, dlogits, activations)
            return value
        total, part, value = np.zeros(grad.vector.shape), grad.like(), 0.0
        for i in range(0, len(self), self.rows):
            rows = np.arange(i, min(i + self.rows, len(self)))
            value += self.value_and_gradient(w, part, rows) * len(rows) / len(self)
            total += part.vector * (len(rows) / len(self))
        grad.vector[...] = total
        return value

    def _forward(self, w: Flat, rows):
        """Loss, its gradient with respect to the logits, and the activations [x, h_1, ..., h_m] of some rows."""
        n = len(rows)
        if n > len(self._x):
            self._make_buffers(n)
        x = np.take(self.x, rows, axis=0, out=self._x[:n], mode="clip")              # (n, n_inputs)
        activations = [x]
        for l, buffer in enumerate(self._hidden, 1):
            h = buffer[:n]                                                           # (n, n_l)
            new = h
            if l == 1 and self._new:
                h[:, :self._new] = self.known[rows]
                new = h[:, self._new:]
            affine_forward(activations[-1], w[f"W{l}"], w[f"b{l}"], out=new)
            relu_forward(new, out=new)
            activations.append(h)
        logits, _ = affine_forward(activations[-1], w[self.head], w[self.bias])      # (n, n_outputs)
        value, dlogits = self.loss(logits, self.y[rows])
        if self.scale != 1:
            dlogits *= self.scale
        return value * self.scale, dlogits, activations

    def _backward(self, w: Flat, grad: Flat, delta, activations):
        """Walk down: delta is dLoss/da of the layer above, (n, its units)."""
        n, name, bias = len(delta), self.head, self.bias
        for other in self.other_heads:
            grad[other][...] = 0
        for l in range(self.depth, 0, -1):
            h, dh = activations[l], self._delta[l - 1][:n]                           # (n, n_l)
            affine_backward(delta, (h, w[name]), out=(dh, grad[name], grad[bias]))
            first = self._new if l == 1 else 0
            delta = relu_backward(dh[:, first:], h[:, first:], out=dh[:, first:])
            name, bias = f"W{l}", f"b{l}"
        affine_backward(delta, (activations[0], w[name]), out=(False, grad[name], grad[bias]))


class JointLoss:
    """The mean of several data losses of one flat vector; a batch belongs to one of them.

    A batch of loss i counts B / (P B_i) times, with B_i of an epoch's B batches and P losses: the mean of an epoch's
    gradients is then the gradient of the mean, whatever the sizes of the data sets.
    """

    def __init__(self, losses):
        self.losses = losses

    def __len__(self) -> int:
        return sum(map(len, self.losses))

    @property
    def multiply_adds(self) -> int:
        """Those of all its losses, see :attr:`DataLoss.multiply_adds`."""
        return sum(loss.multiply_adds for loss in self.losses)

    def batches(self, rng, size):
        """Triples (number of the loss, rows, weight), in random order."""
        batches = [loss.batches(rng, size) for loss in self.losses]
        total = sum(map(len, batches))
        triples = [(i, rows, total / (len(batches) * len(own))) for i, own in enumerate(batches) for rows in own]
        return [triples[i] for i in rng.permutation(total)]

    def value(self, w: Flat) -> float:
        return sum(loss.value(w) for loss in self.losses) / len(self.losses)

    def value_and_gradient(self, w: Flat, grad: Flat, rows=None) -> float:
        if rows is not None:
            i, own, weight = rows
            value = self.losses[i].value_and_gradient(w, grad, own)
            if weight != 1:
                grad.vector *= weight
            return value * weight
        part, total, value = grad.like(), np.zeros(grad.vector.shape), 0.0
        for loss in self.losses:
            value += loss.value_and_gradient(w, part) / len(self.losses)
            total += part.vector / len(self.losses)
        grad.vector[...] = total
        return value
