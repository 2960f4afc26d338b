"""Newton for Eq. 3 with a softmax output, which couples its classes.

With centred features X (n, q), a column of ones included, coefficients W (q, K) and P = softmax(X W), the Hessian of
the cross-entropy has (q K)^2 entries.  It is never formed, because its product with a direction D is two passes over
the data:

    H D = X^T [P * (M - m)] / n,    M = X D,    m = the rows' sums of P * M

Two moves take turns, as in :mod:`den_ref.core.lasso`, and neither ever raises the objective:

*   A proximal step finds out which entries are zero.  It minimises the penalty plus a quadratic that lies above the
    loss and leaves the classes apart: half of S = X^T X / n bounds the curvature of every class, because
    diag(p) - p p^T is at most 1/2.
*   A Newton step inside the present orthant (the signs held) moves all other entries together.  Conjugate gradients
    solve for it; the classes' own blocks of H are the preconditioner, what couples the classes is in the products.

References: the bound, Böhning (1992), Ann. Inst. Statist. Math. 44; the order of the moves, "proportioning", Dostál
(1997), SIAM J. Optim. 7.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import logsumexp

from den_ref.doors import Positive, Whole, door

from .certificate import certified, head_certificate
from .lasso import solve_lasso
from .linear_head import Design, LinearHead, checked_problem
from .losses import softmax_cross_entropy
from .newton import output_hessian
from .penalties import l1_subdiff_distance
from .result import Result


@door
def softmax_newton(features, labels, mu, *, tol: Positive() = 1e-9, max_iter: Whole(0) = 200, n_outputs=None) -> Result:
    """Minimise, over weights V (p, K) and bias c (K,), Eq. 3 with one softmax output:

        (1/n) sum over samples of [log(sum over k of exp(z_k)) - z_y]  +  mu * sum(abs(V)),    z = features @ V + c

    A number added to a feature's weights in all classes changes no probability.  Where the penalty leaves it open
    (K even), the answer is the one in which a weight of the row is 0.

    Parameters
    ----------
    features : (n, p) array, n >= 1
        float32 is fine: everything is computed in float64.
    labels : (n,) integers 0..K-1
        The infimum lies at an infinite bias of a class without samples.  The answer is then a finite one, which gives
        such a class a probability far below ``tol``.
    mu : float >= 0
    tol : float
        Bound on ``residual``: see :func:`~den_ref.core.newton.prox_newton`.
    max_iter : int
        Newton steps.
    n_outputs : int, optional
        K, by default the largest label + 1.

    Returns
    -------
    Result
        ``x`` is a :class:`~den_ref.core.linear_head.LinearHead` in float64, with exact zeros in V; ``residual`` and
        ``gap`` are those of :func:`~den_ref.core.certificate.head_certificate`; ``history`` has "objective" and
        "residual" from the start (entry 0) to x (entry nit).

    Warns
    -----
    ConvergenceWarning
        When max_iter is exhausted before the residual is <= tol.

    >>> x = np.array([[-1.0], [-1.0], [1.0], [1.0]])
    >>> softmax_newton(x, np.array([0, 0, 1, 1]), mu=0.25).x.weights       # expit(v_0) = mu, so v_0 = -log(3)
    array([[-1.09861229,  0.        ]])
    """
    features, labels, mu = checked_problem(features, labels, mu, tol, "softmax", n_outputs)
    n_outputs = int(labels.max()) + 1 if n_outputs is None else n_outputs
    present, labels_there = np.unique(labels, return_inverse=True)
    problem = _Problem(features, labels_there, mu)
    point = problem.look(_null_coefficients(problem.design, labels_there))
    history = {"objective": [point.objective], "residual": [point.residual]}
    whole = True                                                   # whether the last Newton step went all the way
    while point.residual > tol / 2 and len(history["residual"]) <= max_iter:     # half: the certificate rounds
        if whole and _zeros_lead(point):                           # else a weight wakes that Newton has just put to 0
            point = _proximal_step(problem, point)
        point, whole = _newton_step(problem, point, tol)
        history["objective"].append(point.objective)
        history["residual"].append(point.residual)
    head = _with_absent_classes(features, problem.design.head(point.coef), present, n_outputs, 1e-6 * tol)
    certificate = head_certificate.inner(features, labels, mu, head, loss="softmax")
    return certified("softmax_newton", head, certificate, history, tol)


class _Point(NamedTuple):
    """Everything known at one (q, K) coefficients."""

    coef: np.ndarray
    objective: float
    probabilities: np.ndarray                                      # (n, K)
    grad: np.ndarray                                               # (q, K), of the cross-entropy
    free: np.ndarray                                               # (q, K), True where Newton moves: not 0, or no L1
    distance: np.ndarray                                           # (q, K), of -grad to the subdifferential
    residual: float                                                # its largest entry, in original coordinates


class _Problem:
    """The centred problem: its objective, all that a move needs to know at a point, and S."""

    def __init__(self, features, labels, mu):
        self.labels, self.design = labels, Design(features, mu)
        matrix = self.design.matrix = np.asfortranarray(self.design.matrix)      # its transpose has long rows
        spread = np.sqrt(np.einsum("ij,ij->j", matrix, matrix) / len(matrix))
        constant = spread[:-1] <= 1e-12 * np.abs(self.design.mean)
        matrix[:, :-1][:, constant] = 0                            # not rounding errors, which mu = 0 would amplify
        self.threshold = self.design.threshold[:, None]
        self.gram = matrix.T @ matrix / len(matrix)                # S
        self.gram.flat[:: len(self.gram) + 1] += 1e-12 * self.gram.diagonal() + 1e-300

    def logits(self, coef):
        """X W as the transpose of W^T X^T: a long row per class is faster than a short one per sample."""
        return (coef.T @ self.design.matrix.T).T

    def value(self, coef):
        """The objective, and the gradient of the cross-entropy by the logits."""
        value, dlogits = softmax_cross_entropy.inner(self.logits(coef), self.labels)
        return value + float((self.threshold * np.abs(coef)).sum()), dlogits

    def look(self, coef, known=None) -> _Point:
        """The point at coef, ``known`` being its :meth:`value` if it has been computed already."""
        objective, dlogits = self.value(coef) if known is None else known
        grad = self.design.matrix.T @ dlogits
        probabilities = len(dlogits) * dlogits
        probabilities[np.arange(len(dlogits)), self.labels] += 1
        free = (coef != 0) | (self.threshold == 0)
        distance = l1_subdiff_distance.inner(coef, grad, self.threshold)
        residual = max(map(self.design.distance, coef.T, grad.T))
        return _Point(coef, objective, probabilities, grad, free, distance, residual)


def _null_coefficients(design, labels):
    """No weights, and the best bias: the log-frequencies."""
    frequency = np.bincount(labels) / len(labels)
    return np.vstack([np.zeros((design.p, len(frequency))), np.log(frequency)])


def _with_absent_classes(features, head, present, n_outputs, probability) -> LinearHead:
    """The head with all classes: those without samples have no weights, and at most this probability anywhere."""
    weights, bias = np.zeros((len(head.weights), n_outputs)), np.empty(n_outputs)
    bias[:] = logsumexp(features @ head.weights + head.bias, axis=1).min() + np.log(probability)
    weights[:, present], bias[present] = head
    return LinearHead(weights, bias)


# --- which entries are zero: a proximal step ---------------------------------------------------------------------


def _zeros_lead(point) -> bool:
    """Whether the entries at zero are further from optimal than the others: only then is it worth waking them."""
    return bool(np.linalg.norm(point.distance[~point.free]) >= np.linalg.norm(point.distance[point.free]))


def _proximal_step(problem, point) -> _Point:
    """The minimiser of the quadratics that touch F at the point, W, and lie above it elsewhere, its rows shifted.

        F(W) + sum over classes k of
            grad_k . (u_k - w_k) + (u_k - w_k) . S (u_k - w_k) / 4 + penalty(u_k) - penalty(w_k)
    """
    bound, threshold = problem.gram / 2, problem.threshold[:, 0]
    classes = [solve_lasso.inner(bound, grad - bound @ coef, threshold, coef, tol=point.residual / 10)
               for coef, grad in zip(point.coef.T, point.grad.T)]
    return problem.look(_shifted(np.stack(classes, axis=1)))


def _shifted(coef):
    """The row of every feature minus its (upper) median, which costs no loss and the least penalty.

    Every row then has a zero.  The Hessian of the nonzero weights would be singular without it.
    """
    weights = coef[:-1]
    middle = np.sort(weights, axis=1)[:, weights.shape[1] // 2]
    return np.vstack([weights - middle[:, None], coef[-1:]])


# --- all others: a Newton step inside the orthant ----------------------------------------------------------------


def _newton_step(problem, point, tol) -> tuple[_Point, bool]:
    """Towards the minimiser of the second-order model among the free entries, their signs held; whether all the way."""
    slope = np.where(point.free, point.grad + problem.threshold * np.sign(point.coef), 0)
    accuracy = max(min(0.1, point.residual**0.5), 0.1 * tol / point.residual)    # no better than what is left to do
    move = -_conjugate_gradients(*_hessian(problem, point), slope, accuracy)
    return _line_search(problem, point, slope, move)


def _hessian(problem, point):
    """(product with the Hessian among the free entries, preconditioner), each a function of a (q, K) direction.

    The preconditioner is the inverse of the Hessian's diagonal blocks, one per class: that of class k is the Hessian
    of a sigmoid output.  The tiny multiple of S serves duplicated features; it changes the path, not the solution.
    """
    matrix, p, free = problem.design.matrix, point.probabilities, point.free
    ridge = 1e-12 * (p * (1 - p)).mean(axis=0).max() * problem.gram.diagonal()[:, None]

    def product(direction):
        moved = p * problem.logits(direction)
        moved -= p * moved.sum(axis=1, keepdims=True)
        return np.where(free, matrix.T @ moved / len(matrix) + ridge * direction, 0)

    blocks = [(f, _factor(matrix[:, f], p_k)) for f, p_k in zip(free.T, p.T)]
    unpenalised = problem.threshold == 0

    def precondition(direction):
        towards = np.zeros_like(direction)
        for k, (f, factor) in enumerate(blocks):
            towards[f, k] = cho_solve(factor, direction[f, k])
        return towards - unpenalised * towards.mean(axis=1, keepdims=True)       # a shift of such a row does nothing

    return product, precondition


def _factor(matrix, p):
    """The Cholesky factor of one class's block of the Hessian."""
    block = output_hessian(matrix, p)
    block.flat[:: len(block) + 1] *= 1 + 1e-9
    return cho_factor(block)


def _conjugate_gradients(product, precondition, b, accuracy, max_iter=500):
    """x with product(x) = b, product being linear, symmetric and positive definite.

    Parameters
    ----------
    product, precondition : callable
        Functions of an array like b; ``precondition`` is roughly the inverse of ``product``.
    b : array of any shape
    accuracy : float
        Stop when the remainder b - product(x), in the norm of ``precondition``, is this share of b.
    max_iter : int

    >>> _conjugate_gradients(lambda x: 2 * x, lambda x: x, np.array([2.0, 4.0]), 1e-9)
    array([1., 2.])
    """
    x, remainder = np.zeros_like(b), b
    direction = towards = precondition(b)
    size = first = np.vdot(b, towards)
    for _ in range(max_iter):
        if size <= accuracy**2 * first:
            break
        image = product(direction)
        length = size / np.vdot(direction, image)
        x = x + length * direction
        remainder = remainder - length * image
        towards = precondition(remainder)
        size, before = np.vdot(remainder, towards), size
        direction = towards + size / before * direction
    return x


def _line_search(problem, point, slope, move) -> tuple[_Point, bool]:
    """The point at the first share 1, 1/2, 1/4, ... of the move that lowers the objective enough; whether it is 1.

    Entries that would change their sign stop at 0.  The share at which the first one does is not passed over.
    """
    leaves = (problem.threshold > 0) & (point.coef * (point.coef + move) < 0)
    reach = np.divide(-point.coef, move, out=np.full_like(move, np.inf), where=leaves)      # the share that ends at 0
    first = reach.min()
    rounding = 1e-13 * (1 + point.objective)
    share = 1.0
    while True:
        coef = np.where(reach <= share, 0, point.coef + share * move)
        known = problem.value(coef)
        if known[0] <= point.objective + 1e-4 * np.vdot(slope, coef - point.coef) + rounding or share < 1e-30:
            return problem.look(coef, known), share == 1
        share = first if share / 2 < first < share else share / 2
