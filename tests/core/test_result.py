"""What a solve returns: the fields, the statuses and the two residuals that the class documents, and no others."""

import re

import numpy as np
import pytest
from den_ref.core import mlp
from den_ref.core.head import solve_head
from den_ref.core.mlp import DataLoss
from den_ref.core.newton import prox_newton
from den_ref.core.penalties import L1
from den_ref.core.problem import Part, Problem
from den_ref.core.result import MESSAGES, ConvergenceWarning, Result
from den_ref.core.solvers import fista, ista
from den_ref.core.training import Training, train

ALWAYS = {"x", "fun", "nit", "success", "status", "message", "history"}


def documented() -> set[str]:
    """Names of the fields in the class's docstring."""
    return set(re.findall(r"^    (\w+) : ", Result.__doc__, flags=re.MULTILINE))


def problem(dtype=np.float64):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 3)), (rng.random((40, 1)) < 0.4).astype(float)
    start = mlp.pack([], [], np.ones((3, 1)), np.zeros(1), dtype)
    return Problem(DataLoss(start, x, y), start, [Part("V", L1(0.1)), Part("c")])


def trained(**options):
    return train(problem(np.float32), Training(**options), 2, np.random.default_rng(0))


def on_all_samples(solver, **options):
    task = problem()
    return solver(task.smooth, task.vector_penalty(), task.start.vector, **options)


def head(loss):
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, 30)
    return solve_head(rng.normal(size=(30, 4)), labels if loss == "softmax" else labels[:, None] == [0, 1], 1e-2, loss)


def halting(intermediate_result):
    raise StopIteration


#: What is solved -> (the solve, the fields beside those of every solve, its status).
SOLVES = {
    "ista": (lambda: on_all_samples(ista), {"prox_residual"}, 0),
    "fista": (lambda: on_all_samples(fista), {"prox_residual"}, 0),
    "halted": (lambda: on_all_samples(ista, callback=halting), {"prox_residual"}, 99),
    "sigmoid head": (lambda: head("sigmoid"), {"residual", "gap"}, 0),
    "softmax head": (lambda: head("softmax"), {"residual", "gap"}, 0),
    "trained": (trained, {"prox_residual", "best_epoch", "multiply_adds"}, 1),
    "diverged": (lambda: trained(optimiser="sgd", step=1e40), {"prox_residual", "best_epoch", "multiply_adds"}, 3),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", SOLVES)
def test_every_field_and_status_is_documented(name):
    solve, own, status = SOLVES[name]
    result = solve()
    assert set(result) == ALWAYS | own and set(result) <= documented()
    assert result.status == status and status in MESSAGES
    assert result.success == (status == 0 or name == "trained")


def test_a_result_shows_what_it_has_zeros_too():
    result = Result(message="converged", fun=0.0, nit=0, residual=0.0, gap=None, x=np.zeros(3))
    assert repr(result) == "<Result: converged, fun 0, nit 0, residual 0>"


def test_the_two_residuals_are_two_numbers():
    """By hand, w = 0.001, gradient 0.5, mu = 0.1: slope 0.6 against a step that ends at -0.399."""
    w, grad, penalty = np.array([0.001]), np.array([0.5]), L1(0.1)
    assert penalty.subdiff_distance(w, grad) == pytest.approx(0.6)
    start = mlp.pack([], [], w[:, None], np.zeros(1), np.float64)

    class Slope:
        def value_and_gradient(self, w, grad, batch=None):
            grad.vector[...] = [0.5, 0]

        def value(self, w):
            return float(w.vector @ [0.5, 0])

    assert Problem(Slope(), start, [Part("V", penalty)]).prox_residual(start) == pytest.approx(0.4)


@pytest.mark.parametrize("solve", [
    lambda x, y: solve_head(x, y[:, None] == [0, 1], 1e-4, tol=1e-300),
    pytest.param(lambda x, y: solve_head(x, y, 1e-4, "softmax", 1e-300), marks=pytest.mark.slow),
    lambda x, y: prox_newton(x, y[:, None] == [0, 1], 1e-4, max_iter=1), lambda x, y: on_all_samples(ista, max_iter=1),
    lambda x, y: on_all_samples(fista, max_iter=1)], ids=["sigmoid", "softmax", "prox_newton", "ista", "fista"])
def test_the_warning_points_at_the_line_that_called_the_solver(solve):
    rng = np.random.default_rng(2)
    with pytest.warns(ConvergenceWarning) as warned:
        solve(rng.normal(size=(30, 4)), rng.integers(0, 3, 30))
    assert {warning.filename for warning in warned} == {__file__}
