"""A network whose hidden units are centred, and divided by their deviation where it is above 1: CapNorm.

    z_l = h_{l-1} W_l,   c_l = (z_l - mu) / max(sigma, 1),   h_l = relu(c_l),   logits = h_m V + c

mu and sigma are a unit's mean and deviation over the samples that are looked at together.  There is no learnt scale or
shift, and no hidden bias, which centring would undo.  Above sigma = 1 a unit's length means nothing to the loss, so
that a penalty on it costs nothing; below it the length counts, and so does the penalty.  (Plain batch normalisation has
no such region: units would shrink for ever and change nothing.)  Source: Philipp and Carbonell 2017, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from den_ref.core import mlp
from den_ref.core.flat import Flat


def capnorm_forward(z):
    """out = (z - mu) / max(sigma, 1), mu and sigma the mean and the deviation of every column of z (n, n_units).

    sigma^2 is the mean of (z - mu)^2, over n and not over n - 1.

    Returns
    -------
    out : (n, n_units);  cache : (out, mu, sigma), mu and sigma (n_units,)

    >>> capnorm_forward(np.array([[0.0, 0.0], [1.0, 4.0]]))[0]
    array([[-0.5, -1. ],
           [ 0.5,  1. ]])
    """
    mean, deviation = z.mean(axis=0), z.std(axis=0)                # (n_units,) each
    out = (z - mean) / np.maximum(deviation, 1)
    return out, (out, mean, deviation)


def capnorm_backward(dout, cache):
    """dLoss/dz (n, n_units) of dLoss/dout = g (n, n_units), column by column; means are over samples::

        (g - mean(g) - out mean(g out)) / sigma    where sigma > 1
         g - mean(g)                               where sigma <= 1

    mu and sigma move with z; below the cap sigma is not read.
    """
    out, _, deviation = cache
    along = np.where(deviation > 1, (dout * out).mean(axis=0), 0).astype(out.dtype)
    return (dout - dout.mean(axis=0) - out * along) / np.maximum(deviation, 1)


def network_forward(weights: Sequence[np.ndarray], bias, x):
    """Logits of weights [W_1, ..., W_m, V], W_l (n_{l-1}, n_l), and the outputs' bias, over the samples x (n, n_0).

    Returns
    -------
    logits : (n, n_outputs);  cache : [h_0, ..., h_m], and CapNorm's, layer by layer
    """
    hidden, caches = [x], []
    for W in weights[:-1]:
        out, cache = capnorm_forward(hidden[-1] @ W)
        hidden.append(np.maximum(out, 0))
        caches.append(cache)
    return hidden[-1] @ weights[-1] + bias, (hidden, caches)


def network_backward(dlogits, weights: Sequence[np.ndarray], cache):
    """Gradients by the weights, in their order, and by the bias, of a loss with dLoss/dlogits = dlogits."""
    (hidden, caches), delta, gradients = cache, dlogits, []
    for l in reversed(range(len(weights))):
        gradients.insert(0, hidden[l].T @ delta)                   # of W_{l+1}, like it
        if l:
            delta = capnorm_backward(delta @ weights[l].T * (hidden[l] > 0), caches[l - 1])
    return gradients, dlogits.sum(axis=0)


def folded(weights: Sequence[np.ndarray], bias, x) -> Flat:
    """The plain ReLU network that has the mean and deviation over samples x inside its weights and biases:

        W_l / max(sigma_l, 1)   and   -mu_l / max(sigma_l, 1)

    It is the network of those samples, for one sample at a time: what later tasks do to units changes it no more.  As
    weights of a network with CapNorm its own are as good as those it is made of, and no longer.
    """
    _, (_, caches) = network_forward(weights, bias, x)
    scales = [np.maximum(deviation, 1) for _, _, deviation in caches]
    hidden = [W / scale for W, scale in zip(weights, scales)]
    return mlp.pack(hidden, [-mean / scale for (_, mean, _), scale in zip(caches, scales)], weights[-1], bias, x.dtype)
