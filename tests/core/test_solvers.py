"""ISTA and FISTA: exact iterates, certificates, what happens when they do not converge."""

import warnings

import numpy as np
import pytest
from den_ref.core.penalties import L1, GroupLasso, SquaredL2, Zero
from den_ref.core.result import ConvergenceWarning
from den_ref.core.solvers import FistaState, fista, fista_step, ista, ista_step, prox_residual

SOLVERS = [ista, fista]


def least_squares(a, b):
    """norm(a w - b)^2 / 2 with its gradient, and 1 / L."""
    def smooth(w):
        r = a @ w - b
        return 0.5 * float(r @ r), a.T @ r

    return smooth, 1 / np.linalg.norm(a, 2) ** 2


@pytest.fixture
def lasso():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(30, 12)) @ np.diag(np.linspace(0.2, 2, 12))
    return (a, rng.normal(size=30), *least_squares(a, np.sign(a @ rng.normal(size=12))))


# --- known solutions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("given", [True, False])
def test_orthonormal_lasso_is_a_soft_threshold(solver, given):
    q, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(9, 5)))
    b = np.arange(9.0)
    result = solver(least_squares(q, b)[0], L1(0.7), np.ones(5), step=1.0 if given else None, tol=1e-12)
    z = q.T @ b
    expected = np.array([np.sign(v) * max(abs(v) - 0.7, 0) for v in z])
    np.testing.assert_allclose(result.x, expected, atol=1e-11)
    assert result.success and result.status == 0


@pytest.mark.parametrize("solver", SOLVERS)
def test_lasso_meets_its_optimality_conditions(solver, lasso):
    _, _, smooth, _ = lasso
    result = solver(smooth, L1(1.5), np.zeros(12), tol=1e-9, max_iter=50_000)
    w, grad = result.x, smooth(result.x)[1]
    assert 0 < (w == 0).sum() < 12
    for j in range(12):
        if w[j] == 0:
            assert abs(grad[j]) <= 1.5 + 1e-8
        else:
            assert abs(grad[j] + 1.5 * np.sign(w[j])) <= 1e-8


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("penalty", [L1(0.3), GroupLasso(0.5), SquaredL2(2.0), Zero()])
def test_matrices_and_every_penalty(solver, penalty):
    """The objective cannot be lowered by any of many random moves (strict convexity makes this a test)."""
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(20, 4)), rng.normal(size=(20, 3))

    def smooth(w):
        return 0.5 * float(((a @ w - b) ** 2).sum()), a.T @ (a @ w - b)

    def objective(w):
        return smooth(w)[0] + penalty.value(w)

    result = solver(smooth, penalty, np.zeros((4, 3)), tol=1e-10)
    assert result.fun == pytest.approx(objective(result.x), rel=1e-14)
    moves = rng.normal(size=(200, 4, 3)) * 10.0 ** rng.uniform(-4, 0, size=(200, 1, 1))
    assert min(objective(result.x + move) for move in moves) > result.fun


def test_ridge_equals_the_linear_system(lasso):
    a, _, smooth, _ = lasso
    result = fista(smooth, SquaredL2(0.5), np.zeros(12), tol=1e-11)
    gradient_at_0 = smooth(np.zeros(12))[1]
    np.testing.assert_allclose(result.x, np.linalg.solve(a.T @ a + 0.5 * np.eye(12), -gradient_at_0), atol=1e-9)


# --- the iterates themselves -------------------------------------------------------------------------------------


def fista_by_hand(smooth, mu, x, step, iterations):
    """What the formulas say, one number after the other."""
    x = [float(v) for v in x]
    y, t, trail, restarts = list(x), 1.0, [list(x)], 0
    for _ in range(iterations):
        _, g = smooth(np.array(y))
        new = []
        for j in range(len(x)):
            z = y[j] - step * g[j]
            new.append(np.sign(z) * max(abs(z) - step * mu, 0.0))
        if sum((y[j] - new[j]) * (new[j] - x[j]) for j in range(len(x))) > 0:
            t, restarts = 1.0, restarts + 1
        t_next = (1 + np.sqrt(1 + 4 * t**2)) / 2
        y = [new[j] + (t - 1) / t_next * (new[j] - x[j]) for j in range(len(x))]
        x, t = new, t_next
        trail.append(list(x))
    return np.array(trail), restarts


def iterates(solver, *args, **options):
    trail = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        solver(*args, callback=lambda intermediate_result: trail.append(intermediate_result.x), **options)
    return np.array(trail)


def test_fista_takes_the_documented_iterates(lasso):
    _, _, smooth, step = lasso
    start = np.linspace(-1, 1, 12)
    expected, restarts = fista_by_hand(smooth, 0.4, start, step, 120)
    assert restarts > 0, "the case must exercise the restart"
    trail = iterates(fista, smooth, L1(0.4), start, step=step, tol=0, max_iter=120)
    np.testing.assert_allclose(trail, expected[1:], rtol=0, atol=1e-9)


def test_fista_begins_at_x0_equal_y0_with_t0_equal_1():
    state = FistaState.at(np.array([2.0]))
    assert state.x is state.y and state.t == 1
    first = fista_step(state, np.array([1.0]), Zero(), 0.5)
    assert first.x == first.y == 1.5, "t_0 = 1 gives the first step no momentum"
    assert first.t == pytest.approx((1 + 5**0.5) / 2)
    second = fista_step(first, np.array([1.0]), Zero(), 0.5)
    t2 = (1 + (1 + 4 * first.t**2) ** 0.5) / 2
    assert second.x == 1.0
    assert second.y == pytest.approx(1.0 + (first.t - 1) / t2 * (1.0 - 1.5))


def test_fista_restarts_exactly_when_the_momentum_points_uphill():
    on = fista_step(FistaState(np.array([0.0]), np.array([1.0]), 5.0), np.array([-1.0]), Zero(), 1.0)
    assert on.x == 2 and on.t == pytest.approx((1 + 101**0.5) / 2) and on.y > on.x, "(y - x+)(x+ - x) < 0: go on"
    back = fista_step(FistaState(np.array([0.0]), np.array([1.0]), 5.0), np.array([0.5]), Zero(), 1.0)
    assert back.x == 0.5 and back.t == pytest.approx((1 + 5**0.5) / 2) and back.y == back.x, "> 0: restart"
    still = fista_step(FistaState(np.array([1.0]), np.array([1.0]), 5.0), np.array([0.5]), Zero(), 1.0)
    assert still.t > 5, "x+ - x = -0.5 and y - x+ = 0.5: product < 0"
    tie = fista_step(FistaState(np.array([0.0]), np.array([1.0]), 5.0), np.array([0.0]), Zero(), 1.0)
    assert tie.t > 5, "a product of exactly 0 is no restart"


def test_restart_beats_plain_momentum_where_it_oscillates():
    """On an ill-conditioned quadratic plain FISTA overshoots again and again."""
    smooth, step = least_squares(np.diag(np.sqrt(np.geomspace(1e-3, 1, 8))), np.zeros(8))
    start, x, y, t = np.ones(8), np.ones(8), np.ones(8), 1.0
    for _ in range(400):
        new = y - step * smooth(y)[1]
        t_next = (1 + (1 + 4 * t * t) ** 0.5) / 2
        x, y, t = new, new + (t - 1) / t_next * (new - x), t_next
    with pytest.warns(ConvergenceWarning):
        restarted = fista(smooth, Zero(), start, step=step, tol=0, max_iter=400)
    assert restarted.fun < 1e-3 * smooth(x)[0]


def test_ista_iterates_and_step(lasso):
    _, _, smooth, step = lasso
    w = np.linspace(-1, 1, 12)
    trail = iterates(ista, smooth, L1(0.4), w, step=step, tol=0, max_iter=5)
    for x in trail:
        w = ista_step(w, smooth(w)[1], L1(0.4), step)
        np.testing.assert_array_equal(x, w)
    z = 2.0 - 0.5 * 1.0
    assert ista_step(np.array([2.0]), np.array([1.0]), L1(1.0), 0.5) == z - 0.5 * 1.0, "threshold is step * strength"


# --- monotonicity, step length, certificates ---------------------------------------------------------------------


@pytest.mark.parametrize("given", [True, False])
def test_ista_never_rises(lasso, given):
    _, _, smooth, step = lasso
    with pytest.warns(ConvergenceWarning):
        result = ista(smooth, L1(0.4), np.full(12, 5.0), step=step if given else None, tol=0, max_iter=300)
    steps = np.diff(result.history["objective"])
    assert len(steps) == 300 and np.all(steps <= 1e-12) and steps[0] < -1
    with pytest.warns(ConvergenceWarning):
        too_long = ista(smooth, L1(0.4), np.full(12, 5.0), step=3 * step, tol=0, max_iter=20)
    assert np.any(np.diff(too_long.history["objective"]) > 0), "the check can fail"


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("solver", SOLVERS)
def test_backtracking_finds_a_step_at_any_scale(solver, scale):
    smooth, _ = least_squares(np.diag([1.0, 2.0]) * scale**0.5, scale**0.5 * np.ones(2))
    result = solver(smooth, Zero(), np.zeros(2), tol=1e-9 * scale, max_iter=500)
    np.testing.assert_allclose(result.x, [1.0, 0.5], rtol=1e-6)


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_prox_residual_is_that_of_the_returned_point(solver, lasso):
    _, _, smooth, _ = lasso
    result = solver(smooth, L1(0.4), np.zeros(12), tol=1e-6, max_iter=50_000)
    grad = smooth(result.x)[1]
    z = result.x - grad
    by_hand = np.abs(result.x - np.sign(z) * np.maximum(np.abs(z) - 0.4, 0)).max()
    assert result.prox_residual == pytest.approx(by_hand, abs=1e-15) and 0 < by_hand <= 1e-6
    assert result.history["prox_residual"][-1] == result.prox_residual and result.history["objective"][-1] == result.fun
    assert len(result.history["objective"]) == result.nit + 1


def test_the_prox_residual_can_fail():
    grad = np.array([0.5])
    assert prox_residual(np.array([0.0]), grad, L1(1.0)) == 0, "0 is optimal while abs(grad) <= mu"
    assert prox_residual(np.array([0.0]), 3 * grad, L1(1.0)) == 0.5
    assert prox_residual(np.array([9.0]), -2 * grad, L1(1.0)) == 0, "grad + mu * sign = 0"
    assert prox_residual(np.array([9.0]), grad, L1(1.0)) == 1.5
    assert prox_residual(np.zeros(0), np.zeros(0), L1(1.0)) == 0


@pytest.mark.parametrize("solver", SOLVERS)
def test_early_end_is_said_out_loud(solver, lasso):
    _, _, smooth, _ = lasso
    with pytest.warns(ConvergenceWarning, match=r"prox_residual .* after 3 iterations.* tol = 1e-08") as caught:
        result = solver(smooth, L1(0.4), np.ones(12), max_iter=3)
    assert not result.success and result.status == 1 and result.nit == 3 and result.prox_residual > 1e-8
    assert caught[0].filename == __file__, "the warning points at the caller"


@pytest.mark.parametrize("solver", SOLVERS)
def test_callback_sees_and_halts(solver, lasso):
    _, _, smooth, _ = lasso
    seen = []

    def callback(intermediate_result):
        seen.append((intermediate_result.nit, intermediate_result.fun, intermediate_result.prox_residual))
        if len(seen) == 4:
            raise StopIteration

    result = solver(smooth, L1(0.4), np.ones(12), callback=callback)
    assert [nit for nit, _, _ in seen] == [1, 2, 3, 4]
    assert result.nit == 4 and result.status == 99 and not result.success
    assert [fun for _, fun, _ in seen] == result.history["objective"][1:]


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_start_that_is_optimal_takes_no_iteration(solver):
    result = solver(least_squares(np.eye(2), np.zeros(2))[0], L1(1.0), np.zeros(2))
    assert result.nit == 0 and result.success and result.prox_residual == 0


@pytest.mark.parametrize("solver", SOLVERS)
def test_float32_stays_and_start_is_kept(solver):
    a = np.random.default_rng(3).normal(size=(10, 4)).astype(np.float32)
    start = np.ones(4, np.float32)
    result = solver(least_squares(a, a[:, 0])[0], L1(0.1), start, tol=1e-4)
    assert result.x.dtype == np.float32 and np.array_equal(start, np.ones(4))


@pytest.mark.filterwarnings("ignore::den_ref.core.result.ConvergenceWarning")
@pytest.mark.parametrize("max_iter", [0, 100])
@pytest.mark.parametrize("solver", SOLVERS)
def test_the_result_is_never_the_callers_own_array(solver, max_iter):
    """Not even where nothing moves: without an iteration, or from the optimum."""
    for start in (np.zeros(2), np.ones(2)):
        result = solver(least_squares(np.eye(2), np.zeros(2))[0], L1(1.0), start, max_iter=max_iter)
        assert not np.shares_memory(result.x, start)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"start": np.array([1])}, "start: expected an array of finite floats"),
        ({"start": np.array([np.nan])}, "start: expected an array of finite floats"),
        ({"step": 0.0}, "step: expected a number > 0"),
        ({"step": np.nan}, "step: expected a number > 0"),
        ({"tol": -1.0}, "tol: expected a number >= 0"),
        ({"tol": np.nan}, "tol: expected a number >= 0"),
        ({"max_iter": -1}, "max_iter: expected an integer >= 0"),
        ({"max_iter": np.nan}, "max_iter: expected an integer >= 0"),
        ({"smooth": lambda w: (np.nan, w)}, "smooth: expected a finite value"),
        ({"smooth": lambda w: (0.0, np.ones(3))}, "gradient of shape"),
        (
            {"smooth": lambda w: (np.nan if w.any() else 0.0, w + 1), "start": np.zeros(1)},
            "smooth: expected a finite value close to",
        ),
    ],
)
def test_bad_arguments_are_named(change, message):
    arguments = {"smooth": lambda w: (float(w @ w), 2 * w), "start": np.ones(1), **change}
    smooth, start = arguments.pop("smooth"), arguments.pop("start")
    with pytest.raises(ValueError, match=message):
        ista(smooth, Zero(), start, **arguments)
