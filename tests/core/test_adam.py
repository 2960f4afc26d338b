"""Proximal Adam and SGD: the in-place pieces, the step function and the loops are one algorithm."""

import numpy as np
import pytest
from den_ref.core import adam
from den_ref.core.adam import PIECE, ProximalAdam, ProximalSGD, pieces, proximal_adam_step, proximal_sgd_step
from den_ref.core.flat import Flat
from den_ref.core.penalties import L1, GroupLasso, Penalty, SparseGroupLasso, SquaredL2, Sum, Zero
from den_ref.core.problem import Part, Problem
from den_ref.doors import inner
from den_ref.loops import penalties as loops
from den_ref.loops import solvers

STEPS = 6
SHAPES = {"W": (5, 4), "V": (4, 2), "held": (3, 3), "b": (4,)}
ANCHOR = np.random.default_rng(9).normal(size=(5, 4))
PATTERN = np.random.default_rng(8).random((4, 2)) < 0.5

#: Name -> (penalty on W, its prox in a metric by the loops, its prox with a step by the loops).
PENALTIES = {
    "none": (Zero(), lambda z, d: z, lambda z, s: z),
    "l1": (L1(0.3), lambda z, d: loops.soft_threshold_metric(z, d, 0.3), lambda z, s: loops.soft_threshold(z, s, 0.3)),
    "anchored": (SquaredL2(0.3, ANCHOR), lambda z, d: loops.squared_l2_prox_metric(z, d, 0.3, ANCHOR),
                 lambda z, s: loops.squared_l2_prox(z, s, 0.3, ANCHOR)),
    "group": (GroupLasso(0.3), lambda z, d: loops.group_soft_threshold_metric(z, d, 0.3),
              lambda z, s: loops.group_soft_threshold(z, s, 0.3)),
    "sparse_group": (SparseGroupLasso(0.1, 0.3), lambda z, d: loops.sparse_group_prox_metric(z, d, 0.1, 0.3),
                     lambda z, s: loops.sparse_group_prox(z, s, 0.1, 0.3)),
    "sum": (Sum(SquaredL2(0.4, ANCHOR), L1(0.2)),
            lambda z, d: loops.soft_threshold_metric(*loops.complete_squares(z, d, [(0.4, ANCHOR)]), 0.2),
            lambda z, s: loops.soft_threshold_metric(*loops.complete_squares(z, 1 / s, [(0.4, ANCHOR)]), 0.2)),
}


class Unasked:
    """The loss of a problem whose optimiser is handed its gradients."""

    def value(self, w):
        raise AssertionError("nobody asks")

    value_and_gradient = value


def random_flat(seed, dtype=np.float64):
    flat = Flat(SHAPES, dtype)
    flat.vector[...] = np.random.default_rng(seed).normal(size=flat.vector.shape)
    return flat


def gradients(dtype=np.float64):
    """Different gradients with zeros in them, and one step size each."""
    rng = np.random.default_rng(1)
    for k in range(STEPS):
        grad = random_flat(10 + k, dtype)
        grad.vector[rng.random(grad.vector.shape) < 0.3] = 0
        yield grad, 0.1 / (k + 1)


def setup(penalty, dtype=np.float64):
    """W with the penalty, V with L1 on a pattern, two entries of b; "held" and the rest of b are in no part."""
    start = random_flat(0, dtype)
    start["V"][...] *= PATTERN
    if isinstance(penalty, (SquaredL2, Sum)) and dtype == np.float32:
        penalty = SquaredL2(0.3, ANCHOR.astype(dtype))
    parts = [Part("W", penalty), Part("V", L1(0.2), pattern=PATTERN), Part("b", index=slice(1, 3))]
    return Problem(Unasked(), start, parts), start.copy(), start.like()


# --- the fast update ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("eps", [1e-8, 0.1])
@pytest.mark.parametrize("piece", [7, 32768], ids=["cut in pieces", "whole"])
def test_adam_equals_the_step_function_and_the_loops(name, eps, piece, monkeypatch):
    monkeypatch.setattr(adam, "PIECE", piece)
    penalty, slow_prox, _ = PENALTIES[name]
    task, w, grad = setup(penalty)
    optimiser = ProximalAdam(task, w, grad, 0.8, 0.95, eps)
    slow = fast = (w["W"].copy(), np.zeros((5, 4)), np.zeros((5, 4)))
    for k, (g, step) in enumerate(gradients(), 1):
        grad.vector[...] = g.vector
        optimiser.update(step)
        fast = proximal_adam_step(fast[0], g["W"], *fast[1:], k, penalty, step, 0.8, 0.95, eps)
        slow = solvers.proximal_adam_step(slow[0], g["W"], *slow[1:], k, slow_prox, step, 0.8, 0.95, eps)
        np.testing.assert_allclose(w["W"], slow[0], rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(fast[0], slow[0], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", PENALTIES)
def test_sgd_equals_the_step_function_and_the_loops(name):
    penalty, _, slow_prox = PENALTIES[name]
    task, w, grad = setup(penalty)
    optimiser = ProximalSGD(task, w, grad, 0.8)
    slow = fast = (w["W"].copy(), np.zeros((5, 4)))
    for g, step in gradients():
        grad.vector[...] = g.vector
        optimiser.update(step)
        fast = proximal_sgd_step(fast[0], g["W"], fast[1], penalty, step, 0.8)
        slow = solvers.proximal_sgd_step(slow[0], g["W"], slow[1], slow_prox, step, 0.8)
        np.testing.assert_allclose(w["W"], slow[0], rtol=1e-11, atol=1e-14)
        np.testing.assert_allclose(fast[0], slow[0], rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("optimiser", [ProximalAdam, ProximalSGD])
@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_no_part_covers_never_changes(optimiser, name, dtype):
    task, w, grad = setup(PENALTIES[name][0], dtype)
    update = optimiser(task, w, grad).update
    for g, step in gradients(dtype):
        grad.vector[...] = g.vector
        update(step)
    np.testing.assert_array_equal(w["held"], task.start["held"])
    np.testing.assert_array_equal(w["b"][[0, 3]], task.start["b"][[0, 3]])
    assert not w["V"][~PATTERN].any()
    assert (w["b"][1:3] != task.start["b"][1:3]).all() and (w["V"][PATTERN] != task.start["V"][PATTERN]).all()
    assert w.vector.dtype == dtype and np.isfinite(w.vector).all()


@pytest.mark.parametrize("optimiser", [ProximalAdam, ProximalSGD])
def test_pattern_is_the_small_problem_of_the_free_entries(optimiser):
    """Entries outside the pattern have no moments either: the others move as if they were alone."""
    task, w, grad = setup(L1(0.3))
    small = Flat({"v": (int(PATTERN.sum()),)}, np.float64)
    small["v"][...] = w["V"][PATTERN]
    small_grad = small.like()
    alone = optimiser(Problem(Unasked(), small, [Part("v", L1(0.2))]), small, small_grad)
    both = optimiser(task, w, grad)
    for g, step in gradients():
        grad.vector[...], small_grad["v"][...] = g.vector, g["V"][PATTERN]
        both.update(step)
        alone.update(step)
        np.testing.assert_allclose(w["V"][PATTERN], small["v"], rtol=1e-13)


@pytest.mark.parametrize("name", ["l1", "group", "sparse_group"])
def test_float32_follows_float64(name):
    results = []
    for dtype in (np.float32, np.float64):
        task, w, grad = setup(PENALTIES[name][0], dtype)
        optimiser = ProximalAdam(task, w, grad)
        for g, step in gradients(dtype):
            grad.vector[...] = g.vector
            optimiser.update(step)
        results.append(w)
        assert all(m.dtype == v.dtype == dtype for _, _, m, v, _, _ in optimiser.pieces)
    np.testing.assert_allclose(results[0].vector, results[1].vector, rtol=1e-3, atol=1e-5)


# --- pieces ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (100, 1000), (70000,), (5, 0), (40000, 2)], ids=str)
def test_pieces_tile_the_part(shape):
    cuts, penalties = zip(*pieces(L1(1.0), shape), strict=True)
    numbers = np.arange(shape[0])
    np.testing.assert_array_equal(np.concatenate([numbers[cut] for cut in cuts]), numbers)
    width = max(int(np.prod(shape[1:])), 1)
    assert all(len(numbers[cut]) * width <= max(PIECE, width) for cut in cuts)
    assert all(penalty.strength == 1.0 for penalty in penalties)


class MyL1(L1):
    """Might tie entries together, for all that the optimiser knows."""


@pytest.mark.parametrize("penalty", [
    GroupLasso(1.0), SparseGroupLasso(1.0, 1.0), Sum(SquaredL2(1.0), GroupLasso(1.0)), MyL1(1.0),
    Sum(SquaredL2(1.0), Sum(SquaredL2(2.0), MyL1(1.0))), Penalty()], ids=lambda p: type(p).__name__)
def test_groups_and_what_is_not_known_are_never_cut(penalty):
    assert pieces(penalty, (100, 1000)) == [(..., penalty)]


LARGE = np.arange(12.0).reshape(4, 3)


@pytest.mark.parametrize("penalty", [
    L1(0.4), SquaredL2(0.4), SquaredL2(0.4, LARGE), SquaredL2(LARGE, np.ones((4, 3))), SquaredL2(0.4, np.arange(3.0)),
    Sum(SquaredL2(0.4, LARGE), L1(0.2)), Sum(SquaredL2(0.3), Sum(SquaredL2(0.4, LARGE), L1(0.2))), Zero()])
def test_a_piece_has_the_same_penalty_on_its_rows(penalty, monkeypatch):
    monkeypatch.setattr(adam, "PIECE", 6)
    z, d = np.random.default_rng(9).normal(size=(4, 3)), np.full((4, 3), 0.5)
    cut = pieces(penalty, z.shape)
    assert [index for index, _ in cut] == [slice(0, 2), slice(2, 4)]
    parts = [piece.prox_metric(z[index], d[index]) for index, piece in cut]
    np.testing.assert_array_equal(np.concatenate(parts), penalty.prox_metric(z, d))
    total = sum(piece.value(z[index]) for index, piece in cut)
    assert total == pytest.approx(penalty.value(z), rel=1e-14)


@pytest.mark.parametrize("optimiser", [ProximalAdam, ProximalSGD])
def test_a_penalty_that_is_half_written_fails_by_name(optimiser):
    """Once it was silently no penalty at all: L1 takes 0.3 to less, this left it at 0.3."""
    class Half(Penalty):
        def value(self, w):
            return float(np.abs(w).sum())

        def prox(self, z, step):
            return loops.soft_threshold(z, step, 1.0)

    start = Flat({"w": (1,)}, np.float64)
    start["w"][...] = 0.3
    task = Problem(Unasked(), start, [Part("w", Half())])
    if optimiser is ProximalSGD:                                   # asks for no more than Half has
        optimiser(task, start, start.like()).update(0.01)
        assert start["w"] == pytest.approx(0.29)
        return
    with pytest.raises(NotImplementedError, match="^Half.prox_metric: not defined"):
        optimiser(task, start, start.like()).update(0.01)


# --- what the formulas mean --------------------------------------------------------------------------------------


def test_first_step_moves_by_the_step_size():
    """m_hat = g and v_hat = g^2 at k = 1: the move is step * sign(g), the L1 threshold step * mu / abs(g)."""
    g = np.array([3.0, -0.5])
    w, _, _ = proximal_adam_step(np.ones(2), g, np.zeros(2), np.zeros(2), 1, L1(0.4), 0.25, eps=0.0)
    np.testing.assert_allclose(w, 1 - 0.25 * np.sign(g) - 0.25 * 0.4 / np.abs(g), rtol=1e-14)


def test_without_penalty_it_is_adam():
    """Kingma and Ba's Algorithm 1, written from the paper."""
    w, m, v = np.ones(3), np.zeros(3), np.zeros(3)
    ours = w, m, v
    for k in range(1, 6):
        g = np.cos(k * np.arange(1, 4))
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w = w - 0.01 * (m / (1 - 0.9**k)) / (np.sqrt(v / (1 - 0.999**k)) + 1e-8)
        ours = proximal_adam_step(ours[0], g, *ours[1:], k, Zero(), 0.01)
        np.testing.assert_allclose(ours[0], w, rtol=1e-13)


def minimum(step_function, iterations=6000):
    """Where steps on curvature . (w - target)^2 / 2 + 0.5 * abs(w) lead, with decaying step size."""
    w, target, curvature = np.ones(3), np.array([2.0, -1.0, 0.3]), np.array([4.0, 1.0, 0.5])
    state = (w, np.zeros(3), np.zeros(3))
    for k in range(1, iterations + 1):
        state = step_function(state, curvature * (state[0] - target), k, 0.05 / (1 + k / 100))
    return state[0]


#: The minimiser by hand: target - sign * 0.5 / curvature where that does not cross 0, else 0.
EXPECTED = np.array([2 - 0.125, -1 + 0.5, 0.0])


def test_adam_solves_the_penalised_problem_and_scalar_thresholds_another():
    """Named mistake: thresholding by step * mu after an Adam step weighs the penalty by the wrong metric."""
    def exact(state, g, k, step):
        return proximal_adam_step.inner(state[0], g, *state[1:], k, L1(0.5), step, eps=1e-3)

    def scalar(state, g, k, step):
        w, m, v = proximal_adam_step.inner(state[0], g, *state[1:], k, Zero(), step, eps=1e-3)
        return inner(L1(0.5).prox)(w, step), m, v

    def unscaled(state, g, k, step):
        w, m, v = proximal_adam_step.inner(state[0], g, *state[1:], k, Zero(), step, eps=1e-3)
        return inner(L1(0.5).prox)(w, 1.0), m, v

    np.testing.assert_allclose(minimum(exact), EXPECTED, atol=1e-3)
    assert np.abs(minimum(scalar) - EXPECTED).max() > 0.05
    assert np.abs(minimum(unscaled) - EXPECTED).max() > 0.3


@pytest.mark.slow
def test_averaged_gradient_solves_the_penalised_problem_and_a_heavy_ball_another():
    """Named mistake: m = beta m + g weighs the loss 1 / (1 - beta) = 10 times, so the penalty counts a tenth."""
    def averaged(state, g, k, step):
        return (*proximal_sgd_step.inner(state[0], g, state[1], L1(0.5), step), None)

    def heavy(state, g, k, step):
        m = 0.9 * state[1] + g
        return inner(L1(0.5).prox)(state[0] - step / 10 * m, step / 10), m, None

    np.testing.assert_allclose(minimum(averaged), EXPECTED, atol=1e-3)
    tenth = np.array([2 - 0.0125, -1 + 0.05, 0.3 - 0.1])
    np.testing.assert_allclose(minimum(heavy, 60_000), tenth, atol=1e-3)


def test_a_weight_without_gradient_is_zeroed_at_once_unless_eps_is_large():
    """d = eps / step: rare input features under L1."""
    def first(eps):
        return proximal_adam_step(np.ones(1), np.zeros(1), np.zeros(1), np.zeros(1), 1, L1(1e-4), 1e-3, eps=eps)[0]

    assert first(1e-8) == 0
    assert first(1.0) == pytest.approx(1 - 1e-7)


def test_update_writes_into_the_weights_it_was_given():
    task, w, grad = setup(L1(0.3))
    view = w["W"]
    optimiser = ProximalAdam(task, w, grad)
    grad.vector[...] = 1
    optimiser.update(0.1)
    assert view is w["W"] and (view != task.start["W"]).any()
