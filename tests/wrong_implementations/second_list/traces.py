"""Whole runs."""

from unittest.mock import patch

from den_ref.core.solvers import ista_step
from tests import own_answers as own
from tests.own_answers import trace

from .listing import wrong


@wrong("den_trace", r"relative|drift")
def relative_drift(**given):
    """Drift is divided by the norm of W^{t-1}."""
    with patch.dict(trace.READINGS, drift="relative"):
        return own.den_trace(**given)


@wrong("den_trace", r"keep|kept|retire")
def originals_stay(**given):
    """Originals do not retire."""
    with patch.dict(trace.READINGS, split_original="keep"):
        return own.den_trace(**given)


@wrong("den_trace", r"threshold|prox|shrink|not scaled|step", hard=True)
def prox_of_step_one(**given):
    """The step is in the gradient and not in the prox: the threshold is mu, and so for the other penalties."""
    def unscaled(w, gradient, penalty, step):
        return ista_step(w, step * gradient, penalty, 1.0)

    with patch.object(trace, "ista_step", unscaled):
        return own.den_trace(**given)
