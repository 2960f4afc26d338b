"""Problem: objective, certificate, and the same problem on a plain vector."""

import numpy as np
import pytest
from den_ref.core import mlp
from den_ref.core.checks import check_gradient, check_prox
from den_ref.core.mlp import DataLoss
from den_ref.core.penalties import L1, GroupLasso, SparseGroupLasso, SquaredL2, Zero
from den_ref.core.problem import Part, Problem
from den_ref.core.solvers import fista
from den_ref.loops.network import network_backward
from den_ref.loops.penalties import l1_value, soft_threshold, sparse_group_prox, sparse_group_value

RNG = np.random.default_rng(0)
PATTERN = np.array([[1, 0], [0, 1], [1, 1], [1, 0]], bool)


@pytest.fixture
def small():
    """W1 with groups, V with L1 on a pattern, c free; b1 is held."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(13, 3)), (rng.random((13, 2)) < 0.5).astype(float)
    head = rng.normal(size=(4, 2)) * PATTERN
    flat = mlp.pack([rng.normal(size=(3, 4))], [rng.normal(size=4)], head, np.zeros(2), np.float64)
    parts = [Part("W1", SparseGroupLasso(0.01, 0.02)), Part("V", L1(0.03), pattern=PATTERN), Part("c")]
    return Problem(DataLoss(flat, x, y, block=5), flat, parts), x, y


def parts_by_loops(x, y, w):
    at = network_backward(x, y, "sigmoid", *mlp.unpack(w))
    return at["value"], at["dweights"][0], at["dhead"], at["dhead_bias"]


def test_objective_is_loss_plus_penalty(small):
    problem, x, y = small
    w = problem.start
    penalty = sparse_group_value(w["W1"], 0.01, 0.02) + l1_value(w["V"], 0.03)
    assert problem.penalty(w) == pytest.approx(penalty, rel=1e-13)
    assert problem.objective(w) == pytest.approx(parts_by_loops(x, y, w)[0] + penalty, rel=1e-13)


def test_prox_residual_is_the_direct_formula(small):
    """norm_inf(w - prox(w - grad, 1)), part by part with the loops; b1 is held and does not count."""
    problem, x, y = small
    for seed in range(5):
        w = problem.start.copy()
        w.vector[...] *= np.random.default_rng(seed).uniform(-2, 2, size=w.vector.shape)
        _, dw, dv, dc = parts_by_loops(x, y, w)
        moved = [w["W1"] - sparse_group_prox(w["W1"] - dw, 1.0, 0.01, 0.02),
                 w["V"] - soft_threshold(w["V"] - dv * PATTERN, 1.0, 0.03), dc]
        assert problem.prox_residual(w) == pytest.approx(max(np.abs(m).max() for m in moved), rel=1e-11)


def test_nan_does_not_pass_the_certificate(small):
    problem, *_ = small
    w = problem.start.copy()
    w["W1"][...] = np.nan
    assert np.isnan(problem.prox_residual(w))


def test_prox_residual_is_0_at_the_solution_only(small):
    """With W1 held the problem is convex; FISTA solves it on the plain vector, held weights stay."""
    problem, _, _ = small
    head = Problem(problem.loss, problem.start, problem.parts[1:])
    result = fista(head.smooth, head.vector_penalty(), head.start.vector, tol=1e-11)
    w = head.start.like(result.x)
    assert head.prox_residual(w) <= 1e-10 < 1e-3 < head.prox_residual(head.start)
    assert result.fun == pytest.approx(head.objective(w), rel=1e-14)
    np.testing.assert_array_equal(w["W1"], head.start["W1"])
    np.testing.assert_array_equal(w["b1"], head.start["b1"])
    assert not w["V"][~PATTERN].any() and w["V"][PATTERN].any()


def test_smooth_part_is_the_gradient_over_the_free_weights(small):
    problem, x, y = small
    grad = problem.start.like(problem.smooth(problem.start.vector)[1])
    _, dw, dv, dc = parts_by_loops(x, y, problem.start)
    np.testing.assert_allclose(grad["W1"], dw, rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(grad["V"], dv * PATTERN, rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(grad["c"], dc, rtol=1e-11, atol=1e-15)
    assert not grad["b1"].any()
    free = problem.start.like()
    for name, part in (("W1", ...), ("V", PATTERN), ("c", ...)):
        free[name][part] = RNG.normal(size=free[name][part].shape)
    report = check_gradient(problem.smooth, problem.start.vector, directions=[free.vector])
    assert report, report


def test_penalty_on_the_vector_has_the_prox_of_its_value(small):
    problem, _, _ = small
    penalty, z = problem.vector_penalty(), problem.start.vector
    report = check_prox(penalty, z, step=3.0)
    assert report, report
    np.testing.assert_array_equal(z, problem.start.vector)
    with pytest.raises(NotImplementedError, match="_OnVector.prox_metric: not defined"):
        penalty.prox_metric(z, np.ones_like(z))


def test_parts_by_index_and_of_several_arrays(small):
    problem, _, _ = small
    w = problem.start
    np.testing.assert_array_equal(Part("V", index=np.s_[1:3]).of(w), w["V"][1:3])
    assert np.shares_memory(Part("V", index=np.s_[:, 1]).of(w), w.vector)
    stack = Part("V", index=np.s_[:, 1:], fan=2).of(w)             # rows p * 2 + 1: of the second of two lower units
    np.testing.assert_array_equal(stack[:, 0], w["V"][1::2])
    assert stack.shape[:2] == (2, 1) and np.shares_memory(stack, w.vector)
    both = Part(("W1", "V"), pattern=np.ones(20)).of(w)
    assert np.shares_memory(both, w.vector)
    np.testing.assert_array_equal(both, np.concatenate([w["W1"].ravel(), w["V"].ravel()]))
    np.testing.assert_array_equal(Part(("V", "b1"), index=np.s_[8:]).of(w), w["b1"])


def test_empty_parts_and_no_parts(small):
    problem, _, _ = small
    w = problem.start
    empty = Problem(problem.loss, w, [Part("V", GroupLasso(1.0), index=np.s_[:0])])
    assert empty.parts == [] and empty.prox_residual(w) == 0 and empty.penalty(w) == 0
    assert empty.objective(w) == problem.loss.value(w)
    assert not empty.smooth(w.vector)[1].any()


def test_anchored_square_by_its_linear_system():
    """No data: (s / 2) norm(w - anchor)^2 alone has prox residual norm_inf(w - anchor) s / (1 + s)."""
    class Nothing:
        def value(self, w):
            return 0.0

        def value_and_gradient(self, w, grad, batch=None):
            grad.vector[...] = 0
            return 0.0

    flat = mlp.pack([], [], np.array([[3.0], [5.0]]), np.zeros(1), float)
    problem = Problem(Nothing(), flat, [Part("V", SquaredL2(0.5, np.array([[1.0], [2.0]]))), Part("c", Zero())])
    assert problem.prox_residual(flat) == pytest.approx(3 * 0.5 / 1.5, rel=1e-14)
