"""What every solver returns, and the warning of one that stopped early."""

from scipy.optimize import OptimizeResult


class ConvergenceWarning(UserWarning):
    """A deterministic solver stopped before its residual reached the tolerance."""


class Result(OptimizeResult):
    """scipy's result vocabulary, with a certificate.

    Attributes
    ----------
    x : array
        The solution.
    fun : float
        Objective (smooth + penalty) at x.
    nit : int
        Iterations (epochs for mini-batch solvers).
    success : bool
    status : int
        0 converged, 1 iterations exhausted, 2 stopped early by the validation loss, 3 diverged.
    message : str
    residual : float
        norm_inf(x - prox(x - step * grad, step)) / step, with step = 1, recomputed at x: 0 iff x is stationary.
    history : dict of lists
        What was recorded per iteration, by name ("objective", ...).
    """
