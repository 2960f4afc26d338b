"""Penalties: each documented formula, minimised by brute force, and every other way to know the answer."""

import math

import numpy as np
import pytest
from den_ref.core.checks import check_prox
from den_ref.core.penalties import (
    L1,
    L21,
    GroupLasso,
    Penalty,
    SparseGroupLasso,
    SquaredL2,
    Sum,
    Zero,
    column_norms,
    group_soft_threshold,
    group_soft_threshold_metric,
    soft_threshold,
)
from den_ref.loops import penalties as loops
from scipy.optimize import minimize

RNG = np.random.default_rng(0)
ANCHOR = RNG.normal(size=(3, 2))
STRENGTHS = np.array([[0.0, 0.4], [2.0, 0.1], [30.0, 1.0]])        # one per entry, as in EWC



def in_four_axes(z, d, fan):
    """The prox of 0.4 times the (2,1)-norm by the loops, which have the places of a stack in axes of their own."""
    shape = (fan, 1, len(z) // fan, z.shape[1])
    return loops.l21_prox_metric(z.reshape(shape), d.reshape(shape), 0.4).reshape(z.shape)


#: Name -> (penalty, its documented formula in NumPy, its prox in a metric by the loops).
CASES = {
    "none": (Zero(), lambda u: 0.0, lambda z, d: z),
    "l1": (L1(0.4), lambda u: 0.4 * np.abs(u).sum(), lambda z, d: loops.soft_threshold_metric(z, d, 0.4)),
    "squared_l2": (SquaredL2(0.4), lambda u: 0.4 / 2 * np.linalg.norm(u) ** 2,
                   lambda z, d: loops.squared_l2_prox_metric(z, d, 0.4, 0.0)),
    "anchored": (SquaredL2(0.4, ANCHOR), lambda u: 0.4 / 2 * np.linalg.norm(u - ANCHOR) ** 2,
                 lambda z, d: loops.squared_l2_prox_metric(z, d, 0.4, ANCHOR)),
    "weighted": (SquaredL2(STRENGTHS, ANCHOR), lambda u: 0.5 * np.sum(STRENGTHS * (u - ANCHOR) ** 2),
                 lambda z, d: loops.squared_l2_prox_metric(z, d, STRENGTHS, ANCHOR)),
    "group": (GroupLasso(0.4), lambda u: 0.4 * np.linalg.norm(u, axis=0).sum(),
              lambda z, d: loops.group_soft_threshold_metric(z, d, 0.4)),
    "l21": (L21(0.4, 3), lambda u: 0.4 * np.linalg.norm(u, axis=0).sum(),
            lambda z, d: in_four_axes(z, d, fan=3)),
    "sparse_group": (SparseGroupLasso(0.2, 0.4),
                     lambda u: 0.2 * np.abs(u).sum() + 0.4 * np.linalg.norm(u, axis=0).sum(),
                     lambda z, d: loops.sparse_group_prox_metric(z, d, 0.2, 0.4)),
    "sum": (Sum(SquaredL2(0.4, ANCHOR), SparseGroupLasso(0.2, 0.3), SquaredL2(0.6)),
            lambda u: (0.2 * np.linalg.norm(u - ANCHOR) ** 2 + 0.3 * np.linalg.norm(u) ** 2
                       + 0.2 * np.abs(u).sum() + 0.3 * np.linalg.norm(u, axis=0).sum()),
            lambda z, d: loops.sparse_group_prox_metric(
                *loops.complete_squares(z, d, [(0.4, ANCHOR), (0.6, 0.0)]), 0.2, 0.3)),
}
NAMES = list(CASES)
DTYPES = [np.float32, np.float64]


def points(shape=(3, 2), count=6, seed=1):
    """Points of many sizes, with exact zeros and a zero column among them, each with a metric."""
    rng = np.random.default_rng(seed)
    for size in 10.0 ** np.linspace(-2, 1, count):
        z, d = rng.normal(size=shape) * size, 10 ** rng.uniform(-1, 1, size=shape)
        z[rng.random(shape) < 0.2] = 0
        yield z, d
    yield np.zeros(shape), d


# --- value, prox, prox in a metric -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_value_is_the_documented_formula(name):
    penalty, formula, _ = CASES[name]
    for w, _ in points():
        assert penalty.value(w) == pytest.approx(formula(w), rel=1e-13, abs=1e-300)
        assert isinstance(penalty.value(w), (int, float))


@pytest.mark.parametrize(("penalty", "summand"), [
    (L1(0.5), lambda w: abs(w) / 2), (SquaredL2(0.5), lambda w: w * w / 4), (SquaredL2(0.5, 0.25), lambda w: (w - 0.25)**2 / 4),
], ids=["l1", "squared_l2", "anchored"])
def test_the_value_of_a_large_float32_array_keeps_its_digits(penalty, summand):
    w = np.random.default_rng(0).normal(size=100_000).astype(np.float32)
    assert penalty.value(w) == pytest.approx(math.fsum(map(summand, w.tolist())), rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_prox_minimises_the_documented_formula(name):
    penalty, formula, _ = CASES[name]
    for z, d in list(points(count=3))[:2]:
        assert (report := check_prox((formula, penalty.prox), z, step=0.7)), report
        assert (report := check_prox((formula, penalty.prox_metric), z, metric=d)), report


@pytest.mark.parametrize("name", NAMES)
def test_prox_in_a_metric_equals_the_loops(name):
    penalty, _, slow = CASES[name]
    for z, d in points():
        np.testing.assert_allclose(penalty.prox_metric(z, d), slow(z, d), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("step", [1e-3, 0.5, 20.0])
def test_prox_is_the_metric_one_at_one_over_step(name, step):
    penalty, _, slow = CASES[name]
    for z, _ in points():
        d = np.full(z.shape, 1 / step)
        np.testing.assert_allclose(penalty.prox(z, step), penalty.prox_metric(z, d), rtol=1e-11, atol=1e-14)
        np.testing.assert_allclose(penalty.prox(z, step), slow(z, d), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("name", ["group", "l21", "sparse_group"])
def test_metric_prox_by_a_smooth_solver(name):
    """Where no entry of the answer is 0 the objective is smooth, and BFGS finds it."""
    penalty, formula, _ = CASES[name]
    z, d = np.array([[2.0, -3.0], [-1.5, 1.0], [2.5, 4.0]]), np.array([[1.0, 9.0], [0.5, 2.0], [3.0, 0.3]])
    found = minimize(lambda u: (d * (u.reshape(3, 2) - z) ** 2).sum() / 2 + formula(u.reshape(3, 2)), z.ravel(),
                     method="BFGS", options={"gtol": 1e-9})
    np.testing.assert_allclose(penalty.prox_metric(z, d).ravel(), found.x, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_out_may_be_the_point_itself_and_inputs_are_kept(name):
    penalty = CASES[name][0]
    for z, d in points():
        expected, z_before, d_before = penalty.prox_metric(z, d), z.copy(), d.copy()
        penalty.prox(z, 0.5)
        penalty.subdiff_distance(z, d)
        buffer = np.full(z.shape, np.nan)
        assert penalty.prox_metric(z, d, out=buffer) is buffer
        np.testing.assert_array_equal(buffer, expected)
        np.testing.assert_array_equal(z, z_before)
        assert penalty.prox_metric(z, d, out=z) is z
        np.testing.assert_array_equal(z, expected)
        np.testing.assert_array_equal(d, d_before)


@pytest.mark.parametrize("name", NAMES)
def test_result_is_a_new_array(name):
    z, d = next(points())
    assert not np.shares_memory(CASES[name][0].prox(z, 0.5), z)
    assert not np.shares_memory(CASES[name][0].prox_metric(z, d), z)


@pytest.mark.parametrize("name", NAMES)
def test_float32_stays_float32(name):
    penalty = CASES[name][0]
    if name == "weighted":
        penalty = SquaredL2(STRENGTHS.astype(np.float32), ANCHOR.astype(np.float32))
    if name in ("anchored", "sum"):
        square = SquaredL2(0.4, ANCHOR.astype(np.float32))
        penalty = square if name == "anchored" else Sum(square, SparseGroupLasso(0.2, 0.3))
    for z, d in points():
        z, d = z.astype(np.float32), d.astype(np.float32)
        for u in (penalty.prox(z, 0.5), penalty.prox_metric(z, d), penalty.prox_metric(z, d, out=z.copy()),
                  penalty.subdiff_distance(z, d)):
            assert u.dtype == np.float32


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0), (0,), (1, 1), (1,), (4,)], ids=str)
@pytest.mark.parametrize("penalty", [Zero(), L1(0.4), SquaredL2(0.4), GroupLasso(0.4), SparseGroupLasso(0.2, 0.4),
                                     Sum(SquaredL2(0.1), GroupLasso(0.4))], ids=lambda p: type(p).__name__)
def test_empty_and_single_arrays(penalty, shape):
    z = np.random.default_rng(0).normal(size=shape)
    d, buffer = np.full(shape, 2.0), np.full(shape, np.nan)
    assert penalty.prox(z, 0.5).shape == shape
    np.testing.assert_allclose(penalty.prox_metric(z, d), penalty.prox(z, 0.5), rtol=1e-12)
    np.testing.assert_array_equal(penalty.prox_metric(z, d, out=buffer), penalty.prox_metric(z, d))
    assert np.isfinite(penalty.value(z)) and np.isfinite(penalty.subdiff_distance(z, z)).all()
    if z.size == 0:
        assert penalty.value(z) == 0
        if hasattr(penalty, "critical_strength"):
            assert penalty.critical_strength(z) == 0


# --- strength 0, ties, groups of one -----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("penalty", [
    Zero(), L1(0), SquaredL2(0), SquaredL2(0, ANCHOR), GroupLasso(0), L21(0, 3), SparseGroupLasso(0, 0),
    Sum(SquaredL2(0), L1(0)), Sum(SquaredL2(0, ANCHOR)), Sum(SquaredL2(0), SparseGroupLasso(0, 0)), Sum(),
], ids=lambda p: type(p).__name__)
def test_strength_0_returns_the_point_bit_for_bit(penalty, dtype):
    for z, d in points(count=12):
        z, d = z.astype(dtype), d.astype(dtype)
        z[z == 0] = 0                                              # no -0.0: z - z is +0.0
        for u in (penalty.prox(z, 0.3), penalty.prox_metric(z, d), penalty.prox_metric(z, d, out=z.copy())):
            assert u.astype(dtype).tobytes() == z.tobytes()
        assert penalty.value(z) == 0


def test_ties_give_zero():
    """At abs(z) = step * strength and norm(z_j) = step * strength, all numbers exact."""
    np.testing.assert_array_equal(L1(2.0).prox(np.array([1.0, -1.0, 1.5]), 0.5), [0, 0, 0.5])
    np.testing.assert_array_equal(L1(2.0).prox_metric(np.array([1.0, -1.0]), np.array([2.0, 2.0])), [0, 0])
    z = np.array([[3.0, 6.0], [4.0, 8.0]])
    np.testing.assert_array_equal(GroupLasso(10.0).prox(z, 0.5), [[0, 3], [0, 4]])
    np.testing.assert_array_equal(GroupLasso(10.0).prox_metric(z, np.full((2, 2), 2.0))[:, 0], 0)
    np.testing.assert_array_equal(soft_threshold(np.array([-0.0, 0.0]), 0.0), [0, 0])


def test_groups_are_columns_and_a_vector_is_one_group():
    w = np.array([[3.0, 0.0], [4.0, 2.0]])
    assert GroupLasso(1.0).value(w) == 5 + 2
    assert GroupLasso(1.0).value(w.ravel()) == pytest.approx(np.sqrt(29))
    np.testing.assert_allclose(GroupLasso(1.0).prox(np.array([3.0, 4.0]), 1.0), [2.4, 3.2])


@pytest.mark.parametrize("strength", [0.0, 0.4, 3.0])
def test_groups_of_one_are_soft_thresholds(strength):
    rng = np.random.default_rng(2)
    z, d = rng.normal(size=(1, 40)), 10 ** rng.uniform(-2, 2, size=(1, 40))
    np.testing.assert_allclose(GroupLasso(strength).prox(z, 0.5), loops.soft_threshold(z, 0.5, strength), atol=1e-15)
    np.testing.assert_allclose(GroupLasso(strength).prox_metric(z, d), loops.soft_threshold_metric(z, d, strength), atol=1e-14)
    assert GroupLasso(strength).value(z) == pytest.approx(strength * np.abs(z).sum())
    np.testing.assert_allclose(GroupLasso(strength).subdiff_distance(z, d), L1(strength).subdiff_distance(z, d)[0])


@pytest.mark.parametrize("fan", [1, 2, 3, 6])
def test_an_edge_has_one_weight_in_every_matrix_of_the_stack(fan):
    """Six rows: 6 // fan lower units at fan places; the fan rows of one of them into one column are a group."""
    penalty, n = L21(0.4, fan), 6 // fan
    for z, d in points(shape=(6, 2)):
        formula = 0.4 * sum(math.sqrt(sum(z[p * n + u, j] ** 2 for p in range(fan))) for u in range(n) for j in range(2))
        assert penalty.value(z) == pytest.approx(formula, rel=1e-13)
        np.testing.assert_allclose(penalty.prox_metric(z, d), in_four_axes(z, d, fan), rtol=1e-11, atol=1e-14)
        u = penalty.prox(z, 0.7)
        distance = penalty.subdiff_distance(u, (u - z) / 0.7)
        assert distance.shape == (n, 2) and distance.max() <= 1e-12 * max(abs(z).max(), 1)
        if fan == 1:
            np.testing.assert_allclose(penalty.prox_metric(z, d), L1(0.4).prox_metric(z, d), atol=1e-14)
            np.testing.assert_allclose(penalty.subdiff_distance(z, d), L1(0.4).subdiff_distance(z, d), atol=1e-14)


def test_an_edge_becomes_zero_as_a_whole():
    """The edge of rows 1 and 3 has norm 0.5, the one of rows 0 and 2 has norm 5."""
    z = np.array([[3.0], [0.3], [4.0], [0.4]])
    np.testing.assert_allclose(L21(1.0, 2).prox(z, 1.0), [[2.4], [0], [3.2], [0]], rtol=1e-15)
    np.testing.assert_allclose(L21(1.0, 2).prox_metric(z, 1.0), [[2.4], [0], [3.2], [0]], rtol=1e-15)     # one d for all
    assert L21(1.0, 2).critical_strength(z) == 5


@pytest.mark.parametrize("w, shape", [(np.ones((5, 2)), r"\(6, 2\)"), (np.ones(4), r"\(2, 1\)")])
def test_rows_that_are_no_stack_are_refused(w, shape):
    with pytest.raises(ValueError, match=f"w: expected shape {shape} as the penalty's, got"):
        L21(1.0, 2).value(w)


def test_zero_columns_with_zero_strength_are_not_0_over_0():
    z = np.array([[0.0, 1.0], [0.0, 2.0]])
    np.testing.assert_array_equal(group_soft_threshold(z, 0.0), z)
    np.testing.assert_array_equal(group_soft_threshold_metric(z, np.ones((2, 2)), 0.0), z)
    np.testing.assert_array_equal(group_soft_threshold_metric(z, np.ones((2, 2)), 0.5)[:, 0], 0)
    assert np.isfinite(GroupLasso(0.0).subdiff_distance(z, z)).all()


def test_in_the_wrong_order_it_is_another_answer():
    z, penalty = np.array([[4.0], [5.0], [1.0]]), SparseGroupLasso(1.0, 2.0)
    other = L1(1.0).prox(GroupLasso(2.0).prox(z, 1.0), 1.0)
    assert np.abs(penalty.prox(z, 1.0) - other).max() > 0.05
    assert check_prox(penalty, z, step=1.0) and not check_prox((penalty.value, lambda *_: other), z, step=1.0)


# --- Newton on the secular equation ------------------------------------------------------------------------------


@pytest.mark.parametrize("z_scale", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("d_scale", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("spread", [0, 1, 4, 8])
def test_newton_equals_bisection_at_every_scale(z_scale, d_scale, spread):
    """gamma from tiny to just below the value at which the column vanishes; d spread over 0 to 8 decades."""
    rng = np.random.default_rng(int(spread))
    z, d = rng.normal(size=(7, 3)) * z_scale, d_scale * 10 ** rng.uniform(-spread / 2, spread / 2, size=(7, 3))
    for share in (1e-8, 1e-3, 0.5, 0.99, 1 - 1e-9):
        gamma = share * float(column_norms(d * z).min())
        u = group_soft_threshold_metric(z, d, gamma)
        np.testing.assert_allclose(u, loops.group_soft_threshold_metric(z, d, gamma), rtol=1e-6 if share > 0.999 else 1e-9)


def test_newton_with_many_columns_of_which_some_vanish():
    rng = np.random.default_rng(4)
    z, d = rng.normal(size=(20, 60)) * 10 ** rng.uniform(-3, 3, size=60), 10 ** rng.uniform(-3, 3, size=(20, 60))
    gamma = float(np.median(column_norms(d * z)))
    u = group_soft_threshold_metric(z, d, gamma)
    assert (u == 0).all(axis=0).sum() == 30
    np.testing.assert_allclose(u, loops.group_soft_threshold_metric(z, d, gamma), rtol=1e-9)
    np.testing.assert_array_equal((u == 0).all(axis=0), column_norms(d * z) <= gamma)


def test_newton_in_an_adams_metric():
    """Most entries saw no gradient, d = 1e-8 / 1e-3, beside entries with d = 1e3."""
    rng = np.random.default_rng(5)
    d = np.where(rng.random((784, 10)) < 0.5, 1e-5, 10 ** rng.uniform(0, 3, size=(784, 10)))
    z = rng.normal(size=(784, 10)) * 0.05
    u = group_soft_threshold_metric(z, d, 1e-3)
    np.testing.assert_allclose(u, loops.group_soft_threshold_metric(z, d, 1e-3), rtol=1e-9)


# --- optimality --------------------------------------------------------------------------------------------------


OPTIMA = ["l1", "squared_l2", "anchored", "group", "l21", "sparse_group", "sum"]


@pytest.mark.parametrize("name", OPTIMA)
def test_distance_is_0_at_the_minimiser_and_positive_elsewhere(name):
    """u = prox(z, step) minimises norm(u - z)^2 / (2 step) + P, whose smooth gradient at u is (u - z) / step."""
    penalty = CASES[name][0]
    rng = np.random.default_rng(6)
    for z, _ in points(count=8):
        u = penalty.prox(z, 0.7)
        assert np.max(penalty.subdiff_distance(u, (u - z) / 0.7)) <= 1e-12 * max(np.abs(z).max(), 1)
        elsewhere = u + rng.normal(size=u.shape) * 0.1
        assert np.max(penalty.subdiff_distance(elsewhere, (elsewhere - z) / 0.7)) > 1e-3


@pytest.mark.parametrize("name", OPTIMA)
def test_distance_is_the_steepest_descent_there_is(name):
    """The norm of the distances is minus the least directional derivative of smooth + P over unit directions.

    By brute force over directions in two dimensions, at interior points, at zeros and between.
    """
    rng = np.random.default_rng(7)
    angles, t = np.linspace(0, 2 * np.pi, 1001), 1e-6
    moves = t * np.stack([np.cos(angles), np.sin(angles)], axis=1)[:, :, None]
    penalty = L21(0.4, 2) if name == "l21" else CASES[name][0]
    if name in ("anchored", "sum"):
        penalty = Sum(SquaredL2(0.4, ANCHOR[:2, :1]), SparseGroupLasso(0.2, 0.3) if name == "sum" else Zero())
    for w in (np.zeros((2, 1)), np.array([[0.8], [-0.5]]), np.array([[0.0], [1.2]]), np.array([[-0.7], [0.0]])):
        for size in (0.1, 1.0, 3.0):
            grad = rng.normal(size=(2, 1)) * size
            base = penalty.value(w)
            slopes = [(float((grad * move).sum()) + penalty.value(w + move) - base) / t for move in moves]
            distance = np.linalg.norm(penalty.subdiff_distance(w, grad))
            assert distance == pytest.approx(max(0.0, -min(slopes)), abs=1e-4)


@pytest.mark.parametrize("name", ["l1", "group", "l21", "sparse_group"])
def test_critical_strength_is_where_zero_becomes_optimal(name):
    """0 minimises grad . w + P(w) (both are homogeneous) just above it, and does not just below."""
    rng = np.random.default_rng(8)
    make = {"l1": L1, "group": GroupLasso, "l21": lambda s: L21(s, 3), "sparse_group": lambda s: SparseGroupLasso(0.2, s)}[name]
    for _ in range(5):
        grad = rng.normal(size=(3, 2))
        critical = make(1.0).critical_strength(grad)
        above, below = make(critical * (1 + 1e-9)), make(critical * (1 - 1e-3))
        moves = [*rng.normal(size=(500, 3, 2)), *first_useful(name, grad)]
        assert min(float((grad * w).sum()) + above.value(w) for w in moves) >= 0
        assert min(float((grad * w).sum()) + below.value(w) for w in moves) < 0
        assert not above.prox(-grad, 1.0).any() and below.prox(-grad, 1.0).any()
        zero = np.zeros((3, 2))
        assert above.subdiff_distance(zero, grad).max() == 0 and below.subdiff_distance(zero, grad).max() > 0


def first_useful(name, grad):
    """The directions that lower the objective first: the largest entry for L1, a whole column for groups."""
    if name == "l1":
        return [np.where(np.abs(grad) == np.abs(grad).max(), -grad, 0)]
    shrunk = loops.soft_threshold(grad, 1.0, 0.2 if name == "sparse_group" else 0.0)
    return [np.where(np.arange(2) == j, -shrunk, 0) for j in range(2)]


def test_a_square_keeps_zero_where_its_slope_meets_the_gradient():
    anchor = np.array([1.0, -2.0])
    assert SquaredL2(3.0, anchor).subdiff_distance(np.zeros(2), 3 * anchor).max() == 0
    assert SquaredL2(3.0, anchor).subdiff_distance(np.zeros(2), -anchor).max() == 8


@pytest.mark.parametrize("name", ["none", *OPTIMA])
def test_the_prox_residual_is_at_most_the_distance(name):
    """w = prox(w + s) for every s in the subdifferential, and a prox never moves points apart (Euclidean norm)."""
    penalty, rng = CASES[name][0], np.random.default_rng(10)
    for w, _ in points(count=8):
        grad = rng.normal(size=w.shape)
        moved = np.linalg.norm(w - penalty.prox(w - grad, 1.0))
        assert moved <= np.linalg.norm(penalty.subdiff_distance(w, grad)) * (1 + 1e-12)


# --- sums, what is left out, errors -----------------------------------------------------------------------------------


def test_squares_commute_and_join():
    one, other = SquaredL2(0.5, ANCHOR), SquaredL2(1.5)
    for z, d in points():
        a, b = (Sum(*order).prox_metric(z, d) for order in ((one, other, L1(0.3)), (L1(0.3), other, one)))
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)
        joined = Sum(SquaredL2(2.0, ANCHOR / 4), L1(0.3)).prox_metric(z, d)          # the same up to a constant
        np.testing.assert_allclose(a, joined, rtol=1e-12, atol=1e-15)


def test_sum_of_one_is_that_one():
    for z, d in points():
        np.testing.assert_array_equal(Sum(L1(0.4)).prox_metric(z, d), L1(0.4).prox_metric(z, d))
        np.testing.assert_array_equal(Sum(SquaredL2(0.4)).prox(z, 0.3), SquaredL2(0.4).prox(z, 0.3))


def test_more_than_one_other_is_refused():
    with pytest.raises(ValueError, match="penalties: expected squares and at most one other, got 2 others"):
        Sum(L1(1.0), GroupLasso(1.0))


class Forgetful(Penalty):
    """A penalty that answers nothing."""


@pytest.mark.parametrize(("method", "missing"), [
    (lambda p, z: p.value(z), "value"), (lambda p, z: p.prox(z, 0.5), "prox_metric"),
    (lambda p, z: p.prox_metric(z, z), "prox_metric"), (lambda p, z: p.prox_metric(z, z, out=z), "prox_metric"),
    (lambda p, z: p.subdiff_distance(z, z), "subdiff_distance"),
])
def test_what_a_penalty_leaves_out_fails_by_name(method, missing):
    z = np.ones((3, 2))
    for penalty in (Penalty(), Forgetful(), Sum(SquaredL2(1.0), Forgetful())):
        name = "Penalty" if type(penalty) is Penalty else "Forgetful"
        with pytest.raises(NotImplementedError, match=rf"^{name}\.{missing}: not defined; .*Penalty\.{missing}$"):
            method(penalty, z)


def test_every_question_of_the_base_is_left_open():
    """So that the list above is all there is: a method that comes to the base must come to that list."""
    public = {name for name in vars(Penalty) if not name.startswith("_")}
    assert public == {"value", "prox", "prox_metric", "subdiff_distance"}
    assert not [name for name in dir(Penalty) if not callable(getattr(Penalty, name)) and not name.startswith("_")]


def test_prox_follows_from_the_metric_one():
    class Doubled(Penalty):
        """P(w) = 2 sum abs(w), by its prox in a metric alone."""

        def prox_metric(self, z, d, out=None):
            return loops.soft_threshold_metric(z, d, 2.0)

    for z, _ in points():
        np.testing.assert_allclose(Doubled().prox(z, 0.3), L1(2.0).prox(z, 0.3), rtol=1e-14)


@pytest.mark.parametrize("strength", [-1e-9, -np.inf, np.nan])
@pytest.mark.parametrize("make", [L1, SquaredL2, GroupLasso, lambda s: L21(s, 3), lambda s: SparseGroupLasso(s, 1.0),
                                  lambda s: SparseGroupLasso(1.0, s)])
def test_negative_strengths_and_nan_are_refused(make, strength):
    with pytest.raises(ValueError, match="strength: expected a number >= 0, got"):
        make(strength)


@pytest.mark.parametrize(("penalty", "again"), [(L1, L1), (GroupLasso, GroupLasso), (SquaredL2, SquaredL2)])
def test_doubling_the_strength_changes_the_answer(penalty, again):
    z = np.array([[2.0, -1.0], [1.0, 3.0]])
    assert (penalty(0.2).prox(z, 1.0) != again(0.4).prox(z, 1.0)).all()
