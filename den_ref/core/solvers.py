"""Proximal gradient methods on the full batch: ISTA, and FISTA with adaptive restart.

Both minimise

    F(w) = f(w) + P(w)

with f smooth, given as ``smooth(w) -> (f(w), gradient)``, and P a :class:`~den_ref.core.penalties.Penalty`, known by
its prox.  ISTA is gradient descent with the prox after each step, FISTA adds momentum.  Mini-batch solvers are in
:mod:`den_ref.core.adam`, the solvers of the convex head problem behind :mod:`den_ref.core.head`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from den_ref.doors import Each, Floats, Has, NotNegative, Number, Point, Positive, Whole, door, inner

from .result import MESSAGES, Result, warn_not_converged


# --- one step of each --------------------------------------------------------------------------------------------


@door
def ista_step(w: Floats("*w"), grad: Floats("*w"), penalty: Has("prox"), step: Positive()):
    """One step of ISTA: prox(w - step * grad, step).

    >>> from den_ref.core.penalties import L1
    >>> ista_step(np.array([1.0, 0.2]), np.array([-1.0, 0.1]), L1(1.0), step=0.5)
    array([1., 0.])
    """
    return inner(penalty.prox)(w - step * grad, step)


class FistaState(NamedTuple):
    """Where FISTA stands: the iterate x, the extrapolated point y = x + momentum, and t, which sets the momentum."""

    x: np.ndarray
    y: np.ndarray
    t: float

    @classmethod
    def at(cls, start) -> FistaState:
        """x_0 = y_0 = start and t_0 = 1."""
        return cls(start, start, 1.0)


@door
def fista_step(state: Each(Floats("*w"), Floats("*w"), Number(low=1)), grad: Floats("*w"), penalty: Has("prox"),
               step: Positive()):
    """One step of FISTA with adaptive restart; ``grad`` is the gradient of the smooth part at ``state.y``.

        x+ = prox(y - step * grad, step)
        t  = 1  if  (y - x+) . (x+ - x) > 0          (the momentum points uphill: restart)
        t+ = (1 + sqrt(1 + 4 t^2)) / 2
        y+ = x+ + (t - 1) / t+ * (x+ - x)            (after a restart y+ = x+)

    Parameters
    ----------
    state : FistaState
    grad : array like ``state.y``
    penalty : Penalty
    step : float
        At most 1 / L, L being a Lipschitz constant of the gradient.

    Returns
    -------
    FistaState

    References
    ----------
    Beck and Teboulle (2009), SIAM J. Imaging Sci. 2, Section 4; the restart: O'Donoghue and Candes (2015),
    Found. Comput. Math. 15, Section 3.2, "gradient scheme".
    """
    state = FistaState(*state)
    return _with_momentum(state, ista_step.inner(state.y, grad, penalty, step))


def _with_momentum(state, x) -> FistaState:
    """The second half of a FISTA step: x+ is known; restart or go on, and extrapolate."""
    uphill = np.vdot(state.y - x, x - state.x) > 0
    t = 1.0 if uphill else state.t
    t_next = (1 + (1 + 4 * t * t) ** 0.5) / 2
    return FistaState(x, x + (t - 1) / t_next * (x - state.x), t_next)


@door
def prox_residual(w: Floats("*w"), grad: Floats("*w"), penalty: Has("prox")) -> float:
    """norm_inf(w - prox(w - grad, step=1)): 0 iff w is stationary for smooth + penalty.

    ``grad`` is the gradient of the smooth part at this very w; with a gradient from elsewhere it certifies nothing.
    An empty w has 0.
    """
    moved = w - ista_step.inner(w, grad, penalty, step=1.0)
    return float(np.abs(moved).max(initial=0))


# --- the solvers -------------------------------------------------------------------------------------------------


@door
def ista(smooth: Has(""), penalty: Has("value", "prox"), start: Point("*w"), *, step: Positive() = None,
         tol: NotNegative() = 1e-8, max_iter: Whole(0) = 10_000, callback: Has("") = None) -> Result:
    """Minimise smooth(w) + penalty(w) by proximal gradient descent, w <- prox(w - step * gradient, step).

    With a step of at most 1 / L, which backtracking ensures, the objective never rises (rounding aside).

    Parameters
    ----------
    smooth : callable
        ``smooth(w) -> (value, gradient)``, on an array of start's shape.
    penalty : Penalty
    start : float array of any shape
        Not modified.  The iterates keep its dtype.
    step : float, optional
        Used as given, so at most 1 / L.  By default it is found by backtracking: from the curvature at ``start``,
        halved until  f(x+) <= f(y) + grad . (x+ - y) + norm(x+ - y)^2 / (2 * step).
    tol : float
        Stop when ``prox_residual`` <= tol.
    max_iter : int
    callback : callable, optional
        Called after each iteration as ``callback(intermediate_result=...)`` with x, fun, nit and prox_residual;
        may raise StopIteration to halt.

    Returns
    -------
    Result
        ``prox_residual`` is :func:`prox_residual` at x; ``history`` has "objective" and "prox_residual" from the start
        (entry 0) to x (entry nit).

    Raises
    ------
    ValueError
        For a start, step, tol or max_iter that cannot be, or a smooth part that is not finite at the start or
        anywhere near it.

    Warns
    -----
    ConvergenceWarning
        When max_iter is exhausted before the tolerance is reached.
    """
    w, value, grad, stepsize, trace = _prepare("ista", smooth, penalty, start, step, tol, max_iter, callback)
    while not trace.stops(w, value, grad):
        w, value, grad = stepsize.descend(w, value, grad)
    return trace.result()


@door
def fista(smooth: Has(""), penalty: Has("value", "prox"), start: Point("*w"), *, step: Positive() = None,
          tol: NotNegative() = 1e-8, max_iter: Whole(0) = 10_000, callback: Has("") = None) -> Result:
    """Minimise smooth(w) + penalty(w) by FISTA with adaptive restart.

    Parameters, result, errors and warnings are those of :func:`ista`; one iteration is :func:`fista_step`.
    The objective may rise between restarts.  The prox residual is that of the iterate x, with the gradient at x
    (not at the extrapolated point), which costs a second evaluation of ``smooth`` per iteration.

    >>> from den_ref.core.penalties import L1
    >>> def smooth(w):
    ...     return 0.5 * float((w - 3) @ (w - 3)), w - 3
    >>> fista(smooth, L1(1.0), np.zeros(2)).x.round(6)
    array([2., 2.])
    """
    w, value, grad, stepsize, trace = _prepare("fista", smooth, penalty, start, step, tol, max_iter, callback)
    state = FistaState.at(w)
    while not trace.stops(state.x, value, grad):
        if not np.array_equal(state.y, state.x):
            value, grad = inner(smooth)(state.y)
        x, value, grad = stepsize.descend(state.y, value, grad)
        state = _with_momentum(state, x)
    return trace.result()


# --- what they share ---------------------------------------------------------------------------------------------


class _StepSize:
    """The step of a proximal gradient method: kept if it was given, else halved until it descends (it never grows)."""

    def __init__(self, smooth, penalty, step, given):
        self.smooth, self.penalty, self.step, self.given = smooth, penalty, float(step), given
        self.largest = 0.0                                         # largest abs(f) so far, the measure of its rounding

    def descend(self, y, value, grad):
        """(x+, f(x+), gradient at x+) for the proximal gradient step from y; shortens the step where needed."""
        self.largest = max(self.largest, abs(value))
        for _ in range(200):
            x = ista_step.inner(y, grad, self.penalty, self.step)
            value_x, grad_x = self.smooth(x)
            if self.given or self._is_bound(x - y, value_x, value, grad):
                return x, value_x, grad_x
            self.step /= 2
        raise ValueError("smooth: expected a finite value close to the last iterate, got none for any step")

    def _is_bound(self, moved, value_x, value, grad) -> bool:
        """Whether the quadratic of curvature 1 / step at y lies above f at x."""
        rise = float(np.vdot(grad, moved)) + float(np.vdot(moved, moved)) / (2 * self.step)
        rounding = 10 * np.finfo(moved.dtype).eps * self.largest   # else the step collapses close to the solution
        return bool(value_x <= value + rise + rounding)


def _inverse_curvature(smooth, start, grad) -> float:
    """1 / (curvature of f along its gradient at start): at least 1 / L, where backtracking can begin."""
    length = float(np.linalg.norm(grad))
    if length == 0 or not np.isfinite(length):
        return 1.0
    moved = (-1e-3 / length) * grad
    _, grad_moved = smooth(start + moved)
    bend = float(np.linalg.norm(grad_moved - grad))
    return 1e-3 / bend if bend > 0 and np.isfinite(bend) else 1.0


class _Trace:
    """The log of a solve: records every iterate, decides when to stop, and makes the Result."""

    def __init__(self, name, penalty, tol, max_iter, callback=None):
        self.name, self.penalty, self.tol, self.max_iter, self.callback = name, penalty, tol, max_iter, callback
        self.history = {"objective": [], "prox_residual": []}
        self.status = 1

    @property
    def nit(self) -> int:
        return len(self.history["objective"]) - 1

    def stops(self, x, value, grad) -> bool:
        """Record x with its smooth value and gradient; True if it is the last one."""
        self.x = x
        self.history["objective"].append(float(value) + inner(self.penalty.value)(x))
        self.history["prox_residual"].append(prox_residual.inner(x, grad, self.penalty))
        halted = self.nit > 0 and self._halted()
        if self.history["prox_residual"][-1] <= self.tol:
            self.status = 0
        elif halted:
            self.status = 99
        return self.status != 1 or self.nit >= self.max_iter

    def _halted(self) -> bool:
        """Show the iterate to the callback; True if it asks to halt."""
        if self.callback is None:
            return False
        try:
            self.callback(intermediate_result=self._summary())
        except StopIteration:
            return True
        return False

    def _summary(self) -> Result:
        last = {name: trace[-1] for name, trace in self.history.items()}
        return Result(x=self.x, fun=last["objective"], nit=self.nit, prox_residual=last["prox_residual"])

    def result(self) -> Result:
        """The Result at the last iterate; warns if the iterations ran out."""
        result = self._summary()
        if self.status == 1:
            warn_not_converged(self.name, result.prox_residual, self.tol, result.nit, "prox_residual")
        result.update(success=self.status == 0, status=self.status, message=MESSAGES[self.status])
        result.history = self.history
        return result


def _prepare(name, smooth, penalty, start, step, tol, max_iter, callback):
    """(start, smooth value, gradient, step size, trace), checked."""
    start, smooth = np.array(start), inner(smooth)
    value, grad = smooth(start)
    if not np.isfinite(value) or np.shape(grad) != start.shape:
        expected = f"a finite value and a gradient of shape {start.shape}"
        raise ValueError(f"smooth: expected {expected}, got {value!r} and shape {np.shape(grad)}")
    first_step = _inverse_curvature(smooth, start, grad) if step is None else step
    stepsize = _StepSize(smooth, penalty, first_step, given=step is not None)
    return start, value, grad, stepsize, _Trace(name, penalty, tol, max_iter, callback)
