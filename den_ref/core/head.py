"""The convex head problem (Eq. 3), solved to a certificate.

    F(V, c) = mean over samples of cross-entropy(features @ V + c, labels) + mu * sum(abs(V))

The features are what the layers below compute, and are held; V is (p, K), c is (K,) and is never penalised.
Sigmoid outputs are solved in :mod:`den_ref.core.newton`, a softmax output in :mod:`den_ref.core.softmax_newton`, and
what is found is certified by :mod:`den_ref.core.certificate`, in float64 and in the original coordinates.
"""

from __future__ import annotations

from den_ref.doors import LOSS_NAMES, OneOf, door

from .newton import prox_newton
from .result import Result
from .softmax_newton import softmax_newton


@door
def solve_head(features, labels, mu, loss: OneOf(*LOSS_NAMES) = "sigmoid", tol=1e-9, n_outputs=None) -> Result:
    """Minimise Eq. 3 over a head, from zero weights: :func:`prox_newton` (sigmoid) or :func:`softmax_newton`.

    Parameters
    ----------
    features : (n, p) array
    labels : array
        ``loss="sigmoid"``: (n, K) of 0 and 1.  ``loss="softmax"``: (n,) integers 0..K-1.
    mu : float
    loss : {"sigmoid", "softmax"}
    tol : float
    n_outputs : int, optional
        K of a softmax head, by default the largest label + 1.

    Returns
    -------
    Result
        As that of :func:`prox_newton`.
    """
    if loss == "sigmoid":
        return prox_newton.inner(features, labels, mu, tol=tol)
    return softmax_newton.inner(features, labels, mu, tol=tol, n_outputs=n_outputs)
