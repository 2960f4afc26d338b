"""One column of a progressive network: an MLP that also reads the layers of older, frozen columns through adapters.

With k older columns, whose activations under layer l are h_{l-1}^(1), ..., h_{l-1}^(k):

    r_l = relu(sum over j of  a_l[j] h_{l-1}^(j) P_l[j]  +  p_l)                           (the adapter, n_{l-1} units)
    h_1 = relu(x W_1 + b_1),    h_l = relu(h_{l-1} W_l + b_l + r_l U_l)  for l = 2..m,
    logits = h_m V + c + r_{m+1} U_{m+1}

Layer 1 reads only the input.  The paper's names: a is alpha, P is V and p its bias (here V is the head), U is U.  A
column's flat vector is that of an MLP (``core.mlp``) followed by a, P, p, U.  Source: Rusu et al. 2016, Eq. 2.
"""

import numpy as np

from den_ref.core import mlp
from den_ref.core.flat import Flat
from den_ref.core.layers import affine_backward, affine_forward, relu_backward, relu_forward
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


def affine_names(w: Flat, l: int) -> tuple[str, str]:
    """Names of layer l's weights and bias; the head is layer m + 1."""
    return (f"W{l}", f"b{l}") if l <= mlp.depth(w) else ("V", "c")


def adapter_names(l: int) -> list[str]:
    """Names of the arrays of the adapter into layer l."""
    return [f"{kind}{l}" for kind in "aPpU"]


def adapted_layers(w: Flat) -> range:
    """The layers with an adapter: 2..m + 1, none in a first column."""
    return range(2, mlp.depth(w) + 2) if "a2" in w.shapes else range(0)


def layer_forward(w: Flat, l: int, h, older, out=None):
    """Layer l before its ReLU, from h = h_{l-1} (n, n_{l-1}) and the older columns' (n, k, n_{l-1}); with its cache."""
    W, b = affine_names(w, l)
    a, _ = affine_forward.inner(h, w[W], w[b], out=out)                                    # (n, n_l)
    if l not in adapted_layers(w):
        return a, (h, None)
    lateral, cache = adapter_forward(older[l - 2], *(w[name] for name in adapter_names(l)))
    a += lateral
    return a, (h, cache)


def column_forward(w: Flat, x, older, out):
    """Logits of a column and a cache per layer.

    ``older`` has, per hidden layer, the activations (n, k, n_l) of the k older columns; the column's own are written
    into ``out``, one array (n, n_l) per hidden layer.
    """
    h, caches = x, []
    for l, own in enumerate(out, 1):
        a, cache = layer_forward(w, l, h, older, out=own)
        h, _ = relu_forward.inner(a, out=own)
        caches.append(cache)
    logits, cache = layer_forward(w, len(out) + 1, h, older)
    return logits, [*caches, cache]


def columns_forward(columns: list[Flat], x):
    """Logits of the last column, and the activations (n, k, n_l) of all k columns' hidden layers."""
    dtype = np.result_type(x, columns[0].vector)
    widths = [columns[0][f"b{l}"].size for l in range(1, mlp.depth(columns[0]) + 1)]
    layers = [np.empty((len(x), len(columns), n), dtype) for n in widths]
    for k, w in enumerate(columns):
        logits, _ = column_forward(w, x, [h[:, :k] for h in layers], out=[h[:, k] for h in layers])
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
        super().__init__(layout, x, y, loss)
        self.older = older
        adapters = [adapter_names(l) for l in adapted_layers(layout)]
        self.products += sum(2 * layout[P].size + 3 * layout[U].size for _, P, _, U in adapters)

    def forward(self, w: Flat, x, rows):
        """Logits (n, n_outputs), and the layers' caches."""
        older = [np.take(h, rows, axis=0) for h in self.older]
        return column_forward(w, x, older, out=[h[:len(x)] for h in self.hidden])

    def backward(self, w: Flat, grad: Flat, delta, caches):
        """Walk down: delta is dLoss/da of layer l, (n, n_l)."""
        for l in range(len(caches), 0, -1):
            h, adapter = caches[l - 1]
            if adapter is not None:
                adapter_backward(delta, adapter, out=[grad[name] for name in adapter_names(l)])
            W, b = affine_names(w, l)
            dh = self.deltas[l - 2][:len(delta)] if l > 1 else False                 # (n, n_{l-1})
            affine_backward.inner(delta, (h, w[W]), out=(dh, grad[W], grad[b]))
            if l > 1:
                delta = relu_backward.inner(dh, h, out=dh)
