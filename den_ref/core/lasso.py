"""A small quadratic plus a weighted L1 norm, minimised to rounding: the subproblem of proximal Newton.

    minimise over u    b . u + u . Q u / 2 + sum_j threshold_j * abs(u_j)

with Q symmetric positive definite and a few hundred variables.  Two moves alternate, and neither ever raises the
objective: a sweep of coordinate descent finds out which entries are zero, and Newton steps inside the present orthant
(the signs held) solve for the others.  Coordinate descent alone would converge, but slowly where variables are nearly
collinear; the orthant step alone never wakes a zero.  No step length, no Lipschitz constant, no scaling is needed.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from den_ref.doors import Floats, Positive, Whole, door, refusal

from .penalties import l1_subdiff_distance, soft_threshold


class Definite(Floats):
    """A symmetric positive definite matrix."""

    def __call__(self, name, value, call=None):
        matrix = super().__call__(name, value, call)
        square = matrix.shape[0] == matrix.shape[1]
        if not square or not np.allclose(matrix, matrix.T) or np.linalg.eigvalsh(matrix).min(initial=1) <= 0:
            raise refusal(name, "a symmetric positive definite matrix", matrix)
        return matrix


@door
def solve_lasso(quadratic: Definite("q", "q"), linear: Floats("q"), threshold: Floats("q", low=0), start: Floats("q"),
                tol: Positive() = 1e-12, max_rounds: Whole(0) = 100):
    """argmin over u of  linear . u + u . quadratic u / 2 + sum(threshold * abs(u)).

    Parameters
    ----------
    quadratic : (q, q) symmetric positive definite array
    linear, threshold, start : (q,) arrays
        A threshold of 0 leaves that entry free of the penalty.
    tol : float
        Stop when the distance of the gradient to the subdifferential is <= tol in every entry.
    max_rounds : int
        Rounds of one sweep and the orthant steps after it.

    Returns
    -------
    u : (q,) array
        Its zeros are exact, and its objective is at most that of ``start``, whether or not ``tol`` was reached.

    >>> solve_lasso(np.eye(2), np.array([-3.0, 0.5]), np.ones(2), np.zeros(2))
    array([2., 0.])
    """
    u = start.copy()
    grad = linear + quadratic @ u
    for _ in range(max_rounds):
        coordinate_sweep(quadratic, threshold, u, grad)
        orthant_steps(quadratic, threshold, u, grad)
        if np.all(l1_subdiff_distance.inner(u, grad, threshold) <= tol):
            break
    return u


def coordinate_sweep(quadratic, threshold, u, grad):
    """Minimise exactly over one entry after the other, in place; entries that rest at 0 are passed over.

    ``grad`` is the gradient of the smooth part at u and is kept up to date.
    """
    diagonal = np.diagonal(quadratic)
    for j in np.flatnonzero((u != 0) | (np.abs(grad) > threshold)):
        new = soft_threshold.inner(u[j] - grad[j] / diagonal[j], threshold[j] / diagonal[j])
        grad += (new - u[j]) * quadratic[j]
        u[j] = new


def orthant_steps(quadratic, threshold, u, grad):
    """Minimise over the nonzero entries with their signs held, in place.

    A step that would carry entries through 0 ends where the first of them arrives; that entry is then 0 and rests,
    and the next step goes on without it.
    """
    while True:
        active = np.flatnonzero((u != 0) | (threshold == 0))
        if not len(active):
            return
        slope = grad[active] + threshold[active] * np.sign(u[active])
        move = -cho_solve(cho_factor(quadratic[np.ix_(active, active)]), slope)
        reach = _reach(u[active], move, threshold[active])
        share = min(reach.min(), 1.0)
        move *= share
        u[active] += move
        u[active[reach <= share]] = 0
        grad += quadratic[:, active] @ move
        if share == 1:
            return


def _reach(u, move, threshold):
    """The share of the move at which each penalised entry arrives at 0; infinity for those that keep their sign."""
    crosses = (u * (u + move) < 0) & (threshold > 0)
    return np.divide(-u, move, out=np.full_like(u, np.inf), where=crosses)
