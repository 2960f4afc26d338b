"""Checkers of gradients and proxes, for tests, notebooks and other implementations: they take any callables.

Both return an outcome that is true iff the check passed and that prints as one sentence with the numbers.  A number
that is not finite never passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

import numpy as np
from scipy.optimize import minimize

from den_ref.doors import Floats, Has, Number, Point, Positive, Whole, door, inner, refusal

# --- gradients ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class GradientCheck:
    """Outcome of :func:`check_gradient`; true iff it passed.

    Parameters
    ----------
    passed : bool
        At least one direction is free of kinks, and in all such directions the two numbers agree.
    direction : array like x
        The worst of the directions that were compared (of all of them, if every one meets a kink).
    analytic, numeric : float
        Derivative along it by the gradient, and by central differences.
    tolerance : float
        The difference allowed between them.
    directions, kinks : int
        How many directions were tried, and how many of them meet a kink of f and were not compared.
    """

    passed: bool
    direction: np.ndarray
    analytic: float
    numeric: float
    tolerance: float
    directions: int
    kinks: int

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        kinked = f"a kink of f at or near x in {self.kinks} of {self.directions} directions"
        if self.kinks == self.directions:
            return f"undecided: {kinked}, where no gradient exists; move x"
        verdict = "passed" if self.passed else "FAILED"
        return (f"{verdict}: worst direction has analytic {self.analytic:.9g}, numeric {self.numeric:.9g}, "
                f"difference {abs(self.analytic - self.numeric):.2g}, allowed {self.tolerance:.2g}"
                + (f"; {kinked}, not compared" if self.kinks else ""))


@door
def check_gradient(f: Has(""), x: Point("*x"), gradient=None, *, directions=10, rng: np.random.Generator | None = None,
                   step: Positive() = None, rtol: Number(above=0, below=1) = None) -> GradientCheck:
    """Compare a gradient with central differences of f along random directions p of norm 1:

        gradient . p    against    (f(x + h p) - f(x - h p)) / (2 h)

    One number per direction tests all entries at once, whatever their number and scale.  The difference may be
    ``rtol`` times the largest numeric derivative met, plus the rounding of f.

    On a kink (a ReLU at exactly 0, abs at 0) a gradient is a convention and central differences show the mean of
    two slopes.  Such directions are recognised from f alone: with F and B the forward and backward difference,

        2 (F - B)(h/2) - (F - B)(h)    and    (F + B)(h) / 2 - (F + B)(h/2) / 2

    vanish like h^2 for a smooth f, and one of them does not for a kink within h.  They are counted, not compared;
    if every direction meets a kink, the check is undecided and does not pass.

    Parameters
    ----------
    f : callable
        f(x) -> value, or (value, gradient).
    x : float array of any shape
        Its dtype sets the defaults.  Never modified.
    gradient : array like x, or callable x -> array, optional
        By default what f returns beside its value.
    directions : int, or sequence of arrays like x
        How many random directions, or the directions themselves (``np.eye(n)`` tests entry by entry).
    rng : numpy.random.Generator, optional
        Draws the directions; a fixed one by default.
    step : float, optional
        h, by default eps^(1/3) * max(1, norm_inf(x)).
    rtol : float, optional
        By default 1e-6 for float64, 1e-2 for float32.

    Raises
    ------
    ValueError
        If x is not a float array, there is no direction, or the gradient's or a direction's shape is not that of x.

    >>> x = np.array([1.0, 2.0])
    >>> bool(check_gradient(lambda x: (x**2).sum(), x, gradient=2 * x))
    True
    >>> print(check_gradient(lambda x: (x**2).sum(), x, gradient=x, directions=[np.array([0.0, 1.0])]))
    FAILED: worst direction has analytic 2, numeric 4, difference 2, allowed 4e-06
    >>> print(check_gradient(lambda x: np.abs(x).sum(), np.zeros(2), gradient=np.zeros(2)))
    undecided: a kink of f at or near x in 10 of 10 directions, where no gradient exists; move x
    """
    eps, size = float(np.finfo(x.dtype).eps), max(1.0, float(np.abs(x).max(initial=0)))
    h = eps ** (1 / 3) * size if step is None else Number(low=eps ** (2 / 3) * size)("step", step)    # else: rounding
    rtol = (1e-6 if eps < 1e-12 else 1e-2) if rtol is None else rtol
    gradient = _gradient_at(f, x, gradient)
    directions = _directions(directions, x, rng)
    analytic = np.array([np.vdot(gradient, p) for p in directions])
    numeric, rough = np.array([_differences(f, x, p, h) for p in directions]).T
    rounding = 16 * eps * abs(_value(f, x)) / h
    tolerance = rtol * np.abs(numeric).max() + rounding            # of f alone: a wrong gradient cannot widen it
    return _judged_gradient(directions, analytic, numeric, tolerance, kinked=rough > tolerance)


def _value(f, x) -> float:
    """f's value at x, whether or not f returns a gradient beside it."""
    result = f(x.copy())
    value = result[0] if isinstance(result, tuple) and result else result
    if np.ndim(value) or not isinstance(value, int | float | np.number | np.ndarray):
        raise refusal("f", "a number, or a number and its gradient, from it", value)
    return float(value)


def _gradient_at(f, x, gradient):
    if gradient is None:
        result = f(x.copy())
        if not isinstance(result, tuple) or len(result) != 2:
            raise refusal("gradient", "one, as f returns none beside its value", gradient)
        gradient = result[1]
    elif callable(gradient):
        gradient = gradient(x.copy())
    gradient = Floats(finite=False)("gradient", gradient).astype(np.float64)
    if gradient.shape != x.shape:
        raise ValueError(f"gradient: expected the shape {x.shape} of x, got {gradient.shape}")
    return gradient


def _directions(directions, x, rng):
    """Random directions of norm 1, or those given."""
    if not isinstance(directions, list | tuple) and not (isinstance(directions, np.ndarray) and directions.ndim):
        directions = Whole(0, 10_000)("directions", directions)
        rng = np.random.default_rng(0) if rng is None else rng
        random = (rng.normal(size=x.shape) for _ in range(directions))
        directions = [p / max(np.linalg.norm(p), np.finfo(float).tiny) for p in random]
    directions = [Floats(*x.shape)(f"directions[{i}]", p).astype(np.float64) for i, p in enumerate(directions)]
    for p in directions:
        if not p.any() and p.size:
            raise refusal("directions", "directions other than 0", p)
    if not len(directions):
        raise ValueError("directions: expected at least one, got none")
    return directions


def _differences(f, x, p, h):
    """Central difference of f along p with step h, and how far f is from smooth there."""
    def at(t):
        return _value(f, (x + t * p).astype(x.dtype))

    here = at(0.0)
    forward, backward = [(at(t) - here) / t for t in (h, h / 2)], [(here - at(-t)) / t for t in (h, h / 2)]
    gap, centre = np.subtract(forward, backward), np.add(forward, backward) / 2          # each at (h, h / 2)
    return centre[0], max(abs(2 * gap[1] - gap[0]), abs(centre[0] - centre[1]))


def _judged_gradient(directions, analytic, numeric, tolerance, kinked):
    compared = np.flatnonzero(~kinked) if not kinked.all() else np.arange(len(kinked))
    difference = np.abs(analytic - numeric)[compared]
    worst = compared[np.where(np.isnan(difference), np.inf, difference).argmax()]
    passed = not kinked.all() and bool(np.all(np.isfinite(difference) & (difference <= tolerance)))
    return GradientCheck(passed, directions[worst], float(analytic[worst]), float(numeric[worst]),
                          float(tolerance), len(directions), int(kinked.sum()))


# --- proxes ------------------------------------------------------------------------------------------------------

#: Up to this many entries a prox is also compared with what minimisers of the objective find.
BRUTE_FORCE_SIZE = 8


@dataclass(frozen=True, eq=False)
class ProxCheck:
    """Outcome of :func:`check_prox`; true iff it passed.

    Parameters
    ----------
    passed : bool
    u : array like z
        What the prox returned.
    witness : array like z
        The lowest point at which the defining inequality fails; if it never does, where it is nearest to failing.
    at_u, at_witness : float
        The objective at both.
    violation : float
        at_u + sum(d * (witness - u)^2) / 2 - at_witness; at most ``tolerance`` if u is the minimiser.
    tolerance : float
    """

    passed: bool
    u: np.ndarray
    witness: np.ndarray
    at_u: float
    at_witness: float
    violation: float
    tolerance: float

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        verdict = "passed" if self.passed else "FAILED"
        why = ("which is lower" if self.at_witness < self.at_u and not self.passed else
               f"inequality violated by {self.violation:.2g}, allowed {self.tolerance:.2g}")
        return (f"{verdict}: the objective is {self.at_u:.9g} at the prox "
                f"and {self.at_witness:.9g} at the witness, {why}")


@door
def check_prox(penalty, z: Point("*z"), *, step=None, metric=None, trials: Whole(0, 100_000) = 500,
               rng: np.random.Generator | None = None, rtol: Number(above=0, below=1) = None) -> ProxCheck:
    """Check that a prox minimises its objective, for a convex penalty P and d = metric, or d = 1 / step:

        F(u) = sum(d * (u - z)^2) / 2 + P(u)

    F is strongly convex in the metric d, and therefore u is its minimiser **iff for every v**

        F(v) >= F(u) + sum(d * (v - u)^2) / 2.

    The inequality is tried at random v, near and far, and (up to 8 entries) at the best points that a
    zooming grid (up to 2 entries) and Nelder-Mead from several starts find.  For a P that is not convex the inequality
    is not to be expected.

    Parameters
    ----------
    penalty : object, or pair of callables
        With ``value(u)`` and ``prox(z, step)`` or ``prox_metric(z, d)``; or (value, prox), the prox then getting
        z and the step or the metric.
    z : float array
        Never modified.
    step : float > 0, or None
    metric : array like z, positive, or None
        Exactly one of step and metric is given.
    trials : int
        Number of random v.
    rng : numpy.random.Generator, optional
        Draws them; a fixed one by default.
    rtol : float, optional
        Violation allowed, relative to the size of F's terms; by default 1e-9 for a float64 z, 1e-4 for float32.

    Raises
    ------
    ValueError
        If not exactly one of step and metric is given, one is not positive, or the prox changes the shape.

    >>> from den_ref.core.penalties import L1
    >>> bool(check_prox(L1(2.0), np.array([3.0, -0.1]), step=0.5))
    True
    >>> unscaled = (L1(2.0).value, lambda z, step: L1(2.0).prox(z, 1.0))       # threshold not times the step
    >>> print(check_prox(unscaled, np.array([3.0]), step=0.5))
    FAILED: the objective is 6 at the prox and 5 at the witness, which is lower
    """
    d = _metric(step, metric, z)
    value, u = _value_and_prox(penalty, z, step, metric)
    rng = np.random.default_rng(0) if rng is None else rng
    rtol = (1e-9 if u.dtype.itemsize >= 8 else 1e-4) if rtol is None else rtol
    u, z = u.astype(np.float64), z.astype(np.float64)

    def objective(v):
        return float((d * (v - z) ** 2).sum()) / 2 + float(value(v))

    witnesses = chain(_random_witnesses(u, z, rng, trials), _brute_force(objective, u, z, rng))
    return _judged_prox(objective, u, d, list(witnesses), rtol)


def _metric(step, metric, z):
    """The curvatures d of the quadratic term, in float64."""
    if (step is None) == (metric is None):
        raise ValueError(f"step, metric: expected exactly one of them, got step={step!r} and metric={metric!r}")
    name, given = ("metric", metric) if step is None else ("step", step)
    d = Floats(finite=False)(name, given).astype(np.float64)
    if not (np.all(d > 0) and np.isfinite(d).all()) or (d.ndim and (step is not None or d.shape != z.shape)):
        raise refusal(name, "positive numbers" + (f", finite, of shape {z.shape}" if step is None else ""), given)
    return np.broadcast_to(d if step is None else 1 / d, z.shape)


def _value_and_prox(penalty, z, step, metric):
    """The penalty's value as a function, and its prox at z."""
    if isinstance(penalty, tuple) and len(penalty) == 2:
        value, prox = (Has("")(f"penalty[{i}]", function) for i, function in enumerate(penalty))
    else:
        penalty = Has("value", "prox" if metric is None else "prox_metric")("penalty", penalty)
        value, prox = inner(penalty.value), inner(penalty.prox_metric if step is None else penalty.prox)
    u = np.array(Floats(finite=False)("prox", prox(z.copy(), metric if step is None else step)))
    if u.shape != z.shape:
        raise ValueError(f"prox: expected the shape {z.shape} of z, got {u.shape}")
    return value, u


def _random_witnesses(u, z, rng, trials):
    """0, z, and points around u at distances from tiny to large, moved in all entries or in a few.

    Where many entries lie on a kink of P, a move of all of them hides what is wrong with one.
    """
    yield np.zeros_like(u)
    yield z
    reach = max(float(np.abs(z).max(initial=0)), float(np.abs(u).max(initial=0)), 1e-300)
    for _ in range(trials):
        moved = rng.random(u.shape) < 10 ** rng.uniform(-2, 0.5)
        yield u + moved * rng.normal(size=u.shape) * reach * 10 ** rng.uniform(-4, 1)


def _brute_force(objective, u, z, rng):
    """The lowest points that a grid and a derivative-free minimiser find."""
    if not 0 < z.size <= BRUTE_FORCE_SIZE:
        return
    if z.size <= 2:
        yield _zooming_grid(objective, z)
    for start in (z, u, np.zeros_like(z), z * rng.uniform(-1, 1, z.shape)):
        with np.errstate(invalid="ignore"):                        # P may be infinite: a constraint
            found = minimize(lambda v: objective(v.reshape(z.shape)), start.ravel(), method="Nelder-Mead",
                             options={"xatol": 1e-9, "fatol": 1e-14, "maxfev": 500})
        yield found.x.reshape(z.shape)


def _zooming_grid(objective, z, points=11, zooms=30):
    """Evaluate on a grid, then on one of half the width around the best point, and so on."""
    best, reach = np.zeros_like(z), 2 * max(float(np.abs(z).max()), 1e-300)
    for _ in range(zooms):
        axes = [centre + np.linspace(-reach, reach, points) for centre in best.ravel()]
        grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, *z.shape)
        best = min(grid, key=objective)
        reach /= 2
    return best


def _judged_prox(objective, u, d, witnesses, rtol):
    at_u = objective(u)
    heights = np.array([objective(v) for v in witnesses])
    bounds = at_u + np.array([float((d * (v - u) ** 2).sum()) / 2 for v in witnesses])
    with np.errstate(invalid="ignore"):
        violations, sizes = bounds - heights, rtol * np.maximum(np.abs(bounds), np.abs(heights))
    failing = np.flatnonzero(~(np.isfinite(bounds) & (violations <= sizes)))       # so that NaN fails
    worst = failing[heights[failing].argmin()] if len(failing) else (violations - sizes).argmax()
    return ProxCheck(not len(failing), u, witnesses[worst], at_u, float(heights[worst]),
                      float(violations[worst]), float(sizes[worst]))
