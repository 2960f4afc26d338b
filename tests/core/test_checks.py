"""The checkers bite: each is shown a wrong gradient or a wrong prox, and must say so."""

import numpy as np
import pytest
from den_ref import loops
from den_ref.core.checks import ProxCheck, check_gradient, check_prox
from den_ref.core.penalties import L1, GroupLasso, SparseGroupLasso, SquaredL2


def smooth(x):
    return float(np.sin(x).sum() + (x**2).sum() ** 2), np.cos(x) + 4 * (x**2).sum() * x


X = np.random.default_rng(3).normal(size=(4, 5))

# --- gradients ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [X, X[:1], X.ravel(), X[0, 0], X * 1e-3, X[:0]], ids=lambda x: f"{np.shape(x)}")
def test_right_gradient_passes(x):
    report = check_gradient(smooth, x)
    assert report and report.kinks == 0 and str(report).startswith("passed"), report


@pytest.mark.parametrize("wrong", [
    lambda g: 2 * g, lambda g: -g, lambda g: 0 * g, lambda g: g + 1e-3, lambda g: g * (1 + 1e-4), lambda g: np.nan * g,
    lambda g: np.where(np.arange(20).reshape(4, 5) == 7, np.nan, g), lambda g: np.inf * g,
    lambda g: np.where(np.arange(20).reshape(4, 5) == 7, np.inf, g),
    lambda g: np.where(np.arange(20).reshape(4, 5) == 7, 0, g),
], ids=["factor", "sign", "zero", "offset", "a little", "nan", "one nan", "inf", "one inf", "one entry"])
def test_wrong_gradient_fails(wrong):
    report = check_gradient(smooth, X, gradient=wrong(smooth(X)[1]))
    assert not report and str(report).startswith("FAILED"), report


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_verdict_does_not_depend_on_the_scale_of_f(size):
    assert check_gradient(lambda x: (size * smooth(x)[0], size * smooth(x)[1]), X)
    assert not check_gradient(lambda x: (size * smooth(x)[0], size * 1.001 * smooth(x)[1]), X)


def test_f_that_is_not_finite_never_passes():
    with np.errstate(all="ignore"):
        for bad in (np.nan, np.inf):
            report = check_gradient(lambda x: bad * x[0], np.ones(1), gradient=np.ones(1))
            assert not report and report.kinks == 0
            assert not check_gradient(lambda x: bad * x[0], np.ones(1), gradient=np.array([bad]))


def test_float32_has_its_own_tolerance():
    x = X.astype(np.float32)
    report = check_gradient(lambda x: (np.float32(np.sin(x).sum()), np.cos(x)), x)
    assert report, report
    assert not check_gradient(lambda x: (np.float32(np.sin(x).sum()), 1.1 * np.cos(x)), x)


def test_report_names_the_worst_direction_and_both_numbers():
    wrong = smooth(X)[1]
    wrong[2, 3] += 1
    axes = np.eye(20).reshape(20, 4, 5)
    report = check_gradient(smooth, X, gradient=wrong, directions=axes)
    np.testing.assert_array_equal(report.direction, axes[13])
    assert report.analytic == wrong[2, 3]
    assert report.numeric == pytest.approx(smooth(X)[1][2, 3], rel=1e-6)
    assert f"{report.analytic:.9g}" in str(report) and f"{report.numeric:.9g}" in str(report)


def test_gradient_as_function_or_array_or_second_value():
    assert check_gradient(smooth, X)
    assert check_gradient(lambda x: smooth(x)[0], X, gradient=lambda x: smooth(x)[1])
    assert check_gradient(lambda x: smooth(x)[0], X, gradient=smooth(X)[1])


def relu_network(x):
    return float(np.maximum(x, 0).sum()), (x > 0).astype(float)


def test_point_on_a_kink_is_reported_and_decides_nothing():
    """Both conventions of relu'(0) are refused a verdict, since both are right."""
    x = np.array([1.0, 0.0, -1.0])
    for at_zero in (0.0, 0.5, 1.0):
        report = check_gradient(lambda x: relu_network(x)[0], x, gradient=np.array([1, at_zero, 0]))
        assert not report and report.kinks == report.directions == 10 and "undecided" in str(report)


def test_directions_that_avoid_the_kink_are_compared():
    x, axes = np.array([1.0, 0.0, -1.0]), np.eye(3)
    report = check_gradient(relu_network, x, directions=axes)
    assert report and report.kinks == 1 and "1 of 3 directions" in str(report)
    assert not check_gradient(lambda x: relu_network(x)[0], x, gradient=np.array([1.1, 0, 0]), directions=axes)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.25, 1 / 3, 0.5, 2 / 3, 0.9])
@pytest.mark.parametrize("side", [-1, 1])
def test_kink_near_x_is_seen_too(share, side):
    """Anywhere within h, on either side: else it would be taken for a wrong gradient."""
    report = check_gradient(relu_network, np.array([side * share * 1e-4]), step=1e-4, directions=[np.ones(1)])
    assert report.kinks == 1, report


def test_strong_curvature_is_no_kink():
    report = check_gradient(lambda x: (float(np.exp(20 * x).sum()), 20 * np.exp(20 * x)), np.array([0.3, -0.2, 0.1]))
    assert report and report.kinks == 0, report


@pytest.mark.parametrize(("arguments", "message"), [
    ({"x": np.arange(3)}, "x: expected an array of finite floats, got int64"),
    ({"gradient": np.zeros(4)}, r"gradient: expected the shape \(3,\) of x, got \(4,\)"),
    ({"directions": [np.zeros(2)]}, r"directions\[0\]: expected shape \(3,\), got shape \(2,\)"),
    ({"directions": 0}, "directions: expected at least one, got none"),
])
def test_errors_of_check_gradient(arguments, message):
    with pytest.raises(ValueError, match=message):
        check_gradient(**({"f": smooth, "x": np.ones(3)} | arguments))


def test_x_is_kept_and_the_given_generator_is_used():
    x = X.copy()

    def destructive(x):
        result = smooth(x)
        x[...] = np.nan
        return result

    one = check_gradient(destructive, x, rng=np.random.default_rng(5))
    np.testing.assert_array_equal(x, X)
    assert one and np.any(one.direction != check_gradient(smooth, x, rng=np.random.default_rng(6)).direction)


# --- proxes ------------------------------------------------------------------------------------------------------

Z = np.array([[1.5, -0.2], [-2.0, 0.1], [0.3, 0.05]])
D = np.array([[1.0, 3.0], [0.2, 5.0], [2.0, 0.7]])


def in_wrong_order(l1, group):
    """The group's shrinkage first: every entry of the result is plausible, and not the prox."""
    return SparseGroupLasso(l1, group).value, lambda z, step: L1(l1).prox(GroupLasso(group).prox(z, step), step)


WRONG_STEP = {
    "threshold not scaled": (L1(0.7).value, lambda z, step: L1(0.7).prox(z, 1.0)),
    "half factor": (SquaredL2(2.0).value, lambda z, step: SquaredL2(1.0).prox(z, step)),
    "double factor": (SquaredL2(2.0).value, lambda z, step: SquaredL2(4.0).prox(z, step)),
    "wrong order": in_wrong_order(0.3, 0.5),
    "rows, not columns": (GroupLasso(0.5).value, lambda z, step: GroupLasso(0.5).prox(z.T.copy(), step).T),
    "l2 norm as l1": (lambda u: 0.7 * np.linalg.norm(u), lambda z, step: L1(0.7).prox(z, step)),
    "identity": (L1(0.7).value, lambda z, step: z),
    "zero": (L1(0.7).value, lambda z, step: 0 * z),
    "nan": (L1(0.7).value, lambda z, step: np.nan * z),
    "slightly off": (L1(0.7).value, lambda z, step: L1(0.7).prox(z, step) + 1e-4),
}
WRONG_METRIC = {
    "one threshold for all": (L1(0.7).value, lambda z, d: loops.soft_threshold(z, float(np.mean(1 / d)), 0.7)),
    "threshold not scaled": (L1(0.7).value, lambda z, d: loops.soft_threshold(z, 1.0, 0.7)),
    "threshold times d": (L1(0.7).value, lambda z, d: loops.soft_threshold_metric(z, 1 / d, 0.7)),
    "euclidean group": (GroupLasso(0.5).value, lambda z, d: loops.group_soft_threshold(z, float(np.mean(1 / d)), 0.5)),
}


@pytest.mark.parametrize("name", WRONG_STEP)
def test_wrong_prox_fails(name):
    report = check_prox(WRONG_STEP[name], Z, step=0.5)
    assert not report and str(report).startswith("FAILED"), report


@pytest.mark.parametrize("name", WRONG_METRIC)
def test_wrong_prox_in_a_metric_fails(name):
    assert not check_prox(WRONG_METRIC[name], Z, metric=D)


@pytest.mark.parametrize("arguments", [{"trials": 0}, {}], ids=["brute force alone", "both"])
def test_each_half_of_the_check_bites(arguments):
    assert not check_prox(WRONG_STEP["threshold not scaled"], Z[:1], step=0.5, **arguments)
    assert not check_prox(WRONG_STEP["wrong order"], Z, step=0.5, **arguments)


def test_brute_force_looks_beyond_the_valley_that_the_prox_stands_in():
    """F has two valleys, at 2.5 and, a little higher, at 3.5: a prox that ends in the second one is wrong."""
    z = np.full(3, 2.7)

    def value(u):
        valleys = 100 * np.minimum((u - 2.5) ** 2, (u - 3.5) ** 2 + 0.01)
        return float((valleys - (u - z) ** 2 / 2).sum())

    assert check_prox((value, lambda z, step: np.full(3, 2.5)), z, step=1.0, trials=0)
    assert not check_prox((value, lambda z, step: np.full(3, 3.5)), z, step=1.0, trials=0)


def test_random_witnesses_alone_bite_where_brute_force_gives_up():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(6, 7))
    for name in ("threshold not scaled", "half factor", "wrong order"):
        assert not check_prox(WRONG_STEP[name], z, step=0.5)


def test_one_wrong_entry_among_many_zeros_is_found():
    z = np.random.default_rng(0).normal(size=(8, 8))
    z[3, 4] = 3.0
    wrong = L1(2.5).prox(z, 1.0)
    assert np.flatnonzero(wrong).size == 1
    wrong[3, 4] += 0.1
    assert check_prox(L1(2.5), z, step=1.0) and not check_prox((L1(2.5).value, lambda *_: wrong), z, step=1.0)


@pytest.mark.parametrize("z", [Z, Z[0], Z[:1, :1], Z[:, :0], np.zeros((2, 2))], ids=lambda z: f"{z.shape}")
def test_right_prox_passes(z):
    for penalty in (L1(0.7), SquaredL2(0.7), GroupLasso(0.7), SparseGroupLasso(0.1, 0.7)):
        report = check_prox(penalty, z, step=0.5)
        assert report and str(report).startswith("passed"), report
        assert check_prox(penalty, z, metric=np.resize(D, z.shape))


def test_constraints_are_penalties_too():
    """P = 0 on the nonnegative numbers, infinity elsewhere: its prox is the projection; leaving the set fails."""
    def indicator(u):
        return 0.0 if (u >= 0).all() else np.inf

    assert check_prox((indicator, lambda z, step: np.maximum(z, 0)), Z, step=0.5)
    assert not check_prox((indicator, lambda z, step: z), Z, step=0.5)
    assert not check_prox((indicator, lambda z, step: np.abs(z)), Z, step=0.5)


def test_prox_report_tells_a_better_point():
    report = check_prox(WRONG_STEP["threshold not scaled"], np.array([3.0]), step=0.5)
    assert report.at_u == pytest.approx((2.3 - 3) ** 2 + 0.7 * 2.3)
    assert report.at_witness < report.at_u and "which is lower" in str(report)
    assert report.witness[0] == pytest.approx(3 - 0.35, abs=1e-4)


def test_of_a_prox_that_passed_no_point_is_called_better():
    """A witness may lie lower by the rounding that is allowed."""
    report = ProxCheck(True, Z, Z, at_u=1.0, at_witness=1.0 - 1e-15, violation=1e-15, tolerance=1e-9)
    assert str(report).startswith("passed: ") and str(report).endswith("inequality violated by 1e-15, allowed 1e-09")


@pytest.mark.parametrize(("arguments", "message"), [
    ({}, "step, metric: expected exactly one of them, got step=None and metric=None"),
    ({"step": 1.0, "metric": D}, "step, metric: expected exactly one of them"),
    ({"step": 0.0}, "step: expected positive numbers, got 0.0"),
    ({"step": np.nan}, "step: expected positive numbers, got nan"),
    ({"metric": -D}, "metric: expected positive numbers"),
])
def test_errors_of_check_prox(arguments, message):
    with pytest.raises(ValueError, match=message):
        check_prox(L1(1.0), Z, **arguments)


def test_prox_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"prox: expected the shape \(3, 2\) of z, got \(6,\)"):
        check_prox((L1(1.0).value, lambda z, step: z.ravel()), Z, step=1.0)
