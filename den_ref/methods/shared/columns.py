"""One column of a progressive network: an MLP that also reads the layers of older, frozen columns through adapters.

With k older columns, whose activations under layer l are h_{l-1}^(1), ..., h_{l-1}^(k):

    r_l = relu(sum over j of  a_l[j] h_{l-1}^(j) P_l[j]  +  p_l)                           (the adapter, n_{l-1} units)
    h_1 = relu(x W_1 + b_1),    h_l = relu(h_{l-1} W_l + b_l + r_l U_l)  for l = 2..m,
    logits = h_m V + c + r_{m+1} U_{m+1}

Layer 1 reads only the input.  The paper's names: a is alpha, P is V and p its bias (here V is the head), U is U.  A
column's flat vector is that of an MLP (``core.mlp``) followed by a, P, p, U.  Source: Rusu et al. 2016, Eq. 2.
"""

from itertools import count

import numpy as np

from den_ref.core import chain, mlp
from den_ref.core.flat import Flat
from den_ref.core.layers import relu_backward, relu_forward
from den_ref.core.mlp import DataLoss


def adapter_forward(h, a, P, p, U):
    """out = r U,  r = relu(sum over j of a_j h_j P_j + p).

    Parameters
    ----------
    h : (n, k, n_in), the activations of k columns;  a : (k,);  P : (k, n_in, n_r);  p : (n_r,);  U : (n_r, n_out)

    Returns
    -------
    out : (n, n_out);  cache : what :func:`adapter_backward` needs

    >>> h, one = np.array([[[1.0], [2.0]]]), np.ones((1, 1))
    >>> adapter_forward(h, np.array([1.0, 0.5]), np.array([[[3.0]], [[4.0]]]), np.array([-2.0]), one)[0]
    array([[5.]])
    """
    projected = np.matmul(h.swapaxes(0, 1), P)                                       # (k, n, n_r)
    r = np.tensordot(a, projected, 1)                                                # (n, n_r)
    r += p
    relu_forward.inner(r, out=r)
    return r @ U, (h, a, U, projected, r)


def adapter_backward(dout, cache, out):
    """Gradients of a loss with dLoss/dout = dout, written into out = (da, dP, dp, dU); none flows into h.

    With dr = (dout U^T) where r > 0, else 0:

        da_j = sum over n of <dr, h_j P_j>,    dP_j = h_j^T (a_j dr),    dp = sum over n of dr,    dU = r^T dout
    """
    h, a, U, projected, r = cache
    da, dP, dp, dU = out
    np.matmul(r.T, dout, out=dU)                                                     # (n_r, n_out)
    dr = relu_backward.inner(dout @ U.T, r)                                                # (n, n_r)
    np.sum(dr, axis=0, out=dp)                                                       # (n_r,)
    np.matmul(projected.reshape(len(a), -1), dr.ravel(), out=da)                     # (k,)
    np.matmul(h.transpose(1, 2, 0), a[:, None, None] * dr, out=dP)                   # (k, n_in, n_r)


def adapter_names(l: int) -> list[str]:
    """Names of the arrays of the adapter into layer l."""
    return [f"{kind}{l}" for kind in "aPpU"]


def adapted_layers(w: Flat) -> range:
    """The layers with an adapter: 2..m + 1, none in a first column."""
    return range(2, mlp.depth(w) + 2) if "a2" in w.shapes else range(0)


class Adapted:
    """An affine layer l with an adapter: a = h W + b + r U, from the older columns' (n, k, n_{l-1}) for all samples."""

    def __init__(self, link: chain.Affine, l: int, older: np.ndarray):
        self.link, self.names, self.older = link, adapter_names(l), older

    def forward(self, w, h, rows):
        a, own = self.link.forward(w, h, rows)                                       # (n, n_l)
        lateral, side = adapter_forward(self.older[rows], *(w[name] for name in self.names))
        a += lateral
        return a, (own, side)

    def backward(self, w, grad, delta, cache):
        own, side = cache
        adapter_backward(delta, side, out=[grad[name] for name in self.names])
        return self.link.backward(w, grad, delta, own)

    def products(self, layout: Flat) -> int:
        """No gradient flows into older columns."""
        _, P, _, U = self.names
        return self.link.products(layout) + 2 * layout[P].size + 3 * layout[U].size


def column_links(links: list, older: list) -> list:
    """The chain of a column, from that of its own layers and what older columns answer, (n, k, n_l) a hidden layer."""
    first, *others = links[::2]
    return chain.with_relus([first, *map(Adapted, others, count(2), older)]) if older else links


def columns_forward(columns: list[Flat], x):
    """Logits of the last column, and the activations (n, k, n_l) of all k columns' hidden layers."""
    dtype = np.result_type(x, columns[0].vector)
    layers = [np.empty((len(x), len(columns), columns[0][b].size), dtype) for _, b in chain.hidden(columns[0])]
    for k, w in enumerate(columns):
        links, older = chain.links(w), [h[:, :k] for h in layers] if k else []
        for link, h in zip(links[::2], layers):
            link.out = lambda n, own=h[:, k]: own
        logits, _ = chain.forward(column_links(links, older), w, x)
    return logits, layers


def activations(columns: list[Flat], x) -> list[np.ndarray]:
    """What frozen columns answer to all samples: (n, k, n_l) per hidden layer, computed block by block."""
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
    older : list of (n, k, n_l) arrays
        The k older columns' activations on x, one array per hidden layer (see :func:`activations`).
    """

    def __init__(self, layout: Flat, x, y, loss, older):
        self.older = older
        super().__init__(layout, x, y, loss)

    def links(self, head: str) -> list:
        return column_links(super().links(head), self.older)
