"""The lasso subproblem of proximal Newton."""

import numpy as np
import pytest
from den_ref.core.lasso import coordinate_sweep, orthant_steps, solve_lasso


def lasso_value(quadratic, linear, threshold, u):
    return linear @ u + u @ quadratic @ u / 2 + threshold @ np.abs(u)


def random_lasso(seed, q=6):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(q, q))
    return root @ root.T + 1e-3 * np.eye(q), 3 * rng.normal(size=q), rng.uniform(0, 2, size=q) * (rng.random(q) < 0.8)


@pytest.mark.parametrize("seed", range(20))
def test_lasso_against_every_sign_pattern(seed):
    """Brute force: solve the linear system of each of the 3^5 sign patterns, keep the best consistent one."""
    quadratic, linear, threshold = random_lasso(seed, 5)
    best = np.inf
    for code in range(3**5):
        signs = np.array([code // 3**j % 3 - 1 for j in range(5)])
        on = signs != 0
        u = np.zeros(5)
        u[on] = np.linalg.solve(quadratic[np.ix_(on, on)], -(linear + threshold * signs)[on])
        best = min(best, lasso_value(quadratic, linear, threshold, u))
    start = np.random.default_rng(seed).normal(size=5)
    u = solve_lasso(quadratic, linear, threshold, start)
    assert lasso_value(quadratic, linear, threshold, u) == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize("move", [coordinate_sweep, orthant_steps])
@pytest.mark.parametrize("seed", range(10))
def test_each_move_lowers_the_lasso_and_keeps_the_gradient(move, seed):
    quadratic, linear, threshold = random_lasso(seed, 12)
    u = np.random.default_rng(seed).normal(size=12)
    grad, before = linear + quadratic @ u, lasso_value(quadratic, linear, threshold, u)
    move(quadratic, threshold, u, grad)
    assert lasso_value(quadratic, linear, threshold, u) < before - 1e-6
    np.testing.assert_allclose(grad, linear + quadratic @ u, atol=1e-9)


def test_empty_lasso():
    assert solve_lasso(np.zeros((0, 0)), np.zeros(0), np.zeros(0), np.zeros(0)).shape == (0,)
