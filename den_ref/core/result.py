"""What every solver returns, what its status means, and the warning of one that stopped early.

Two numbers say how far a point w is from a minimum of smooth + P; both are 0 iff w is stationary, and no other field of
a result is called by their names.

residual
    The distance of -gradient to the subdifferential of P at w, in its largest entry.  The strict one: what Eq. 3 is
    solved to, and what a proof of optimality uses (``core.penalties``: ``subdiff_distance``).
prox_residual
    norm_inf(w - prox(w - gradient, step=1)).  It asks for a prox only and is continuous in w, which the residual is
    not where an entry of w becomes 0: an iterate that is nearly 0 where the solution is 0 has a small one.  In the
    Euclidean norm it is never larger than the distance above, because w = prox(w + s) for every subgradient s.
"""

import sys
import warnings

from scipy.optimize import OptimizeResult

#: Status of a solve -> what it means: its message, unless the solver says it with its numbers.
MESSAGES = {
    0: "converged: within the tolerance",
    1: "all iterations done, the tolerance not reached",           # ``train`` has none: all epochs are done
    2: "no better validation loss for some epochs",
    3: "diverged: the objective, or a weight, is not finite",
    99: "callback raised StopIteration",                           # the number scipy uses for it
}


class ConvergenceWarning(UserWarning):
    """A deterministic solver stopped before its certificate reached the tolerance."""


class Result(OptimizeResult):
    """scipy's result vocabulary, with a certificate.  Fields are attributes and keys; not every solve has all.

    Attributes
    ----------
    x : array, LinearHead or Flat
        The solution, as the solver deals in it: ``ista`` and ``fista``, ``solve_head``, ``train``.
    fun : float
        Objective (smooth + penalty) at x.
    nit : int
        Iterations; epochs of ``train``.
    success : bool
        Converged; of ``train``, which promises no certificate: did not diverge.
    status : int
        A key of ``MESSAGES``.
    message : str
    residual : float
        Of heads: the distance of -gradient to the subdifferential, in its largest entry, recomputed at x.
    gap : float
        Of heads: the duality gap, which bounds  fun - min F.
    prox_residual : float
        Of ``ista``, ``fista`` and ``train``: norm_inf(x - prox(x - gradient, step=1)), recomputed at x.
    history : dict of lists
        Per iteration from the start on, "objective" and the certificate under its name; of ``train`` per epoch:
        "loss", "penalty", "validation".
    best_epoch : int
        Of ``train``: the epoch that x comes from; 0 is the start.
    start_validation : float
        Of ``train``, where the start competes: its validation loss.
    multiply_adds : int
        Of ``train``: those of all its epochs, if the loss counts its own.
    residual_as_stored : float
        Added by Algorithm 2: the residual of the head once it has the network's precision.
    group_norms : list of arrays
        Added by Algorithm 3: per hidden layer (1 + epochs, new units), the norms that Eq. 5's group lasso shrinks.
    """

    def __repr__(self) -> str:
        numbers = [f"{name} {self[name]:.4g}" for name in ("fun", "nit", "residual", "gap", "prox_residual")
                   if self.get(name) is not None]
        return f"<Result: {', '.join([str(self.get('message')), *numbers])}>"


def warn_not_converged(name: str, value: float, tol: float, nit: int, certificate: str = "residual") -> None:
    """The ConvergenceWarning of a deterministic solver; points at the line outside core that called it."""
    text = f"{name}: {certificate} {value:.3g} after {nit} iterations, expected at most tol = {tol:.3g}"
    warnings.warn(text, ConvergenceWarning, stacklevel=_levels_to_the_caller())


def _levels_to_the_caller() -> int:
    """The stack level, counted from whoever asks, of the first frame outside core and its doors."""
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_globals.get("__name__", "").startswith((__package__, "den_ref.doors")):
        frame, level = frame.f_back, level + 1
    return level
