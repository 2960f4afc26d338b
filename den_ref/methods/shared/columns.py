"""One column of a progressive network, which also reads the layers of older, frozen columns through adapters.

With k older columns, whose activations under layer l are h_{l-1}^(1), ..., h_{l-1}^(k):

    r_l = relu(sum over j of  a_l[j] h_{l-1}^(j) P_l[j]  +  p_l)                           (the adapter, n_{l-1} units)
    h_1 = relu(x W_1 + b_1),    h_l = relu(h_{l-1} W_l + b_l + r_l U_l)  for l = 2..m,
    logits = h_m V + c + r_{m+1} U_{m+1}

Layer 1 reads only the input.  Where units are filters, r_l has maps as h_{l-1} has: a_l, P_l and p_l are the same at
every place (the paper's 1 x 1 convolution), and U_l reads the maps as W_l does.  The paper's names: a is alpha, P is V
and p its bias (here V is the head), U is U.  A column's flat vector is that of a network (``core.mlp``) followed by a,
P, p, U.  Source: Rusu et al. 2016, Eq. 2.
"""

from itertools import count

import numpy as np

from den_ref.core import chain, mlp
from den_ref.core.convolution import Convolution, patches
from den_ref.core.flat import Flat
from den_ref.core.layers import relu_backward, relu_forward
from den_ref.core.mlp import DataLoss


def adapter_forward(h, a, P, p, U, layer: Convolution | None = None):
    """out = r U,  r = relu(sum over j of a_j h_j P_j + p), at every place of maps; r U is the layer's, if there is one.

    Parameters
    ----------
    h : (n, k, places * n_in), the activations of k columns;  a : (k,);  P : (k, n_in, n_in);  p : (n_in,)
    U : (fan * n_in, n_out)

    Returns
    -------
    out : (n, n_out), or (n * H' * W', n_out) of a convolution;  cache : what :func:`adapter_backward` needs

    >>> h, one = np.array([[[1.0], [2.0]]]), np.ones((1, 1))
    >>> adapter_forward(h, np.array([1.0, 0.5]), np.array([[[3.0]], [[4.0]]]), np.array([-2.0]), one)[0]
    array([[5.]])
    """
    n, _, width = h.shape
    h = h.swapaxes(0, 1).reshape(len(a), n * width // len(p), len(p))                # (k, n * places, n_in)
    projected = np.matmul(h, P)                                                      # (k, n * places, n_in)
    r = np.tensordot(a, projected, 1)                                                # (n * places, n_in)
    r += p
    relu_forward.inner(r, out=r)
    seen = patches.inner(r.reshape(n, width), layer) if layer else r.reshape(n, width)
    return seen @ U, (h, a, projected, r, (seen, U, layer) if layer else (seen, U))


def adapter_backward(dout, cache, out):
    """Gradients of a loss with dLoss/dout = dout, written into out = (da, dP, dp, dU); none flows into h.

    With dr = (dout U^T) where r > 0, else 0:

        da_j = sum over n of <dr, h_j P_j>,    dP_j = h_j^T (a_j dr),    dp = sum over n of dr,    dU = r^T dout

    Every place of a map counts as a sample.
    """
    h, a, projected, r, into = cache
    da, dP, dp, dU = out
    dr, _, _ = chain.layer_backward(dout, into, out=(None, dU, False))
    dr = relu_backward.inner(dr.reshape(r.shape), r)                                 # (n * places, n_in)
    np.sum(dr, axis=0, out=dp)                                                       # (n_in,)
    np.matmul(projected.reshape(len(a), -1), dr.ravel(), out=da)                     # (k,)
    np.matmul(h.swapaxes(1, 2), a[:, None, None] * dr, out=dP)                       # (k, n_in, n_in)


def adapter_names(l: int) -> list[str]:
    """Names of the arrays of the adapter into layer l."""
    return [f"{kind}{l}" for kind in "aPpU"]


def adapted_layers(w: Flat) -> range:
    """The layers with an adapter: 2..m + 1, none in a first column."""
    return range(2, mlp.depth(w) + 2) if "a2" in w.shapes else range(0)


class Adapted:
    """A layer l with an adapter: a = h W + b + r U, from what layer l - 1 of k older columns gives for all samples."""

    def __init__(self, link: chain.Affine, l: int, older: np.ndarray):
        self.link, self.names, self.older = link, adapter_names(l), older

    def forward(self, w, h, rows):
        a, own = self.link.forward(w, h, rows)                                       # (n, n_l), or (n, H' W' n_l)
        lateral, side = adapter_forward(self.older[rows], *(w[name] for name in self.names), self.link.layer)
        a += lateral.reshape(a.shape)
        return a, (own, side)

    def backward(self, w, grad, delta, cache):
        own, side = cache
        adapter_backward(delta, side, out=[grad[name] for name in self.names])
        return self.link.backward(w, grad, delta, own)

    def products(self, layout: Flat) -> int:
        """U is a matrix as the layer's own.  No gradient flows into older columns."""
        _, k, width = self.older.shape
        return 2 * self.link.products(layout) + 2 * k * width * layout[self.names[2]].size


def column_links(links: list, older: list) -> list:
    """The chain of a column, from that of its own layers and what k older ones' hidden layers give, (n, k, .) each."""
    if older:
        links[2::2] = map(Adapted, links[2::2], count(2), older)
    return links


def columns_forward(columns: list[Flat], x):
    """Logits of the last column, and what all k columns' hidden layers give, (n, k, places * n_l) each."""
    layers = []
    for k, w in enumerate(columns):
        h, links = x, column_links(chain.links(w), [older[:, :k] for older in layers])
        for l in range(chain.depth(w)):
            h, _ = chain.forward(links[2 * l:2 * l + 2], w, h)
            if not k:
                layers.append(np.empty((len(x), len(columns), h.shape[1]), h.dtype))
            layers[l][:, k] = h
            h = layers[l][:, k]
    return chain.forward(links[-1:], w, h)[0], layers


def activations(columns: list[Flat], x) -> list[np.ndarray]:
    """What frozen columns' hidden layers give for all samples, (n, k, places * n_l) each, computed block by block."""
    if not columns:
        return []
    x = x.astype(columns[0].vector.dtype, copy=False)
    blocks = [columns_forward(columns, x[i:i + mlp.BLOCK])[1] for i in range(0, max(len(x), 1), mlp.BLOCK)]
    return [np.concatenate(parts) for parts in zip(*blocks, strict=True)]


class ColumnLoss(DataLoss):
    """L(w; D) of a column beside frozen ones: their activations are data, computed once.

    Parameters
    ----------
    layout, x, y, loss
        As in :class:`DataLoss`.
    older : list of (n, k, places * n_l) arrays
        The k older columns' activations on x, one array per hidden layer (see :func:`activations`).
    """

    def __init__(self, layout: Flat, x, y, loss, older):
        self.older = older
        super().__init__(layout, x, y, loss)

    def links(self, head: str) -> list:
        return column_links(super().links(head), self.older)
