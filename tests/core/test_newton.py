"""Proximal Newton on sigmoid heads: against other solvers, closed forms, hard cases, one step."""

import numpy as np
import pytest
from den_ref.core.certificate import head_certificate
from den_ref.core.linear_head import LinearHead
from den_ref.core.losses import sigmoid_cross_entropy
from den_ref.core.newton import prox_newton, prox_newton_step
from den_ref.core.penalties import L1
from den_ref.core.result import ConvergenceWarning
from den_ref.core.solvers import fista
from tests.helpers.head_problems import head_data, residual
from scipy.optimize import minimize

TOL = 1e-9


def objective(features, labels, mu, weights, bias):
    """Eq. 3, one sample and output after the other."""
    total = 0.0
    for x, y in zip(features, labels):
        for k in range(weights.shape[1]):
            z = sum(x[i] * weights[i, k] for i in range(len(x))) + bias[k]
            total += np.logaddexp(0, z) - y[k] * z
    return total / len(features) + mu * sum(abs(v) for v in weights.ravel())


# --- against other solvers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("mu", [3e-2, 3e-3, 1e-4])
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_against_lbfgsb_on_positive_and_negative_parts(mu, n_outputs):
    features, labels = head_data(n_outputs=n_outputs)
    n, p = features.shape

    def split(u):
        plus, minus, bias = np.split(u, [p * n_outputs, 2 * p * n_outputs])
        weights = (plus - minus).reshape(p, n_outputs)
        z = features @ weights + bias
        r = (1 / (1 + np.exp(-z)) - labels) / n
        g = (features.T @ r).ravel()
        value = (np.logaddexp(0, z) - labels * z).sum() / n + mu * (plus + minus).sum()
        return value, np.concatenate([g + mu, -g + mu, r.sum(axis=0)])

    bounds = [(0, None)] * (2 * p * n_outputs) + [(None, None)] * n_outputs
    other = minimize(
        split, np.zeros(len(bounds)), jac=True, bounds=bounds, method="L-BFGS-B",
        options={"maxiter": 20_000, "maxfun": 50_000, "ftol": 1e-16, "gtol": 1e-9, "maxcor": 40},
    )
    result = prox_newton(features, labels, mu, tol=TOL)
    assert result.fun <= other.fun + 1e-12
    assert result.fun == pytest.approx(other.fun, rel=1e-9)
    plus, minus, _ = np.split(other.x, [p * n_outputs, 2 * p * n_outputs])
    np.testing.assert_allclose(result.x.weights.ravel(), plus - minus, atol=2e-4)


class UnpenalisedLastRow(L1):
    def value(self, w):
        return super().value(w[:-1])

    def prox(self, z, step):
        return np.concatenate([super().prox(z[:-1], step), z[-1:]])


def test_against_fista():
    features, labels = head_data(seed=1)
    centred = np.column_stack([features - features.mean(axis=0), np.ones(len(features))])

    def smooth(w):
        value, dlogits = sigmoid_cross_entropy(centred @ w, labels)
        return value, centred.T @ dlogits

    other = fista(smooth, UnpenalisedLastRow(2e-2), np.zeros((13, 1)), tol=1e-11, max_iter=20_000)
    result = prox_newton(features, labels, 2e-2, tol=1e-11)
    np.testing.assert_allclose(result.x.weights, other.x[:-1], atol=1e-8)
    np.testing.assert_array_equal(result.x.weights == 0, other.x[:-1] == 0)
    assert 0 < (result.x.weights == 0).sum() < 12
    assert result.nit < 12 < other.nit


# --- closed forms ------------------------------------------------------------------------------------------------


def test_one_binary_feature_in_closed_form():
    """x = -1 or 1, balanced, y = 1 with x in a share q: the optimum is v = log((q - mu) / (1 - q + mu)), c = 0."""
    features = np.repeat([[-1.0], [1.0]], 50, axis=0)
    labels = np.repeat([[0.0], [1.0]], 50, axis=0)
    labels[:10], labels[-10:] = 1, 0                               # q = 0.8
    result = prox_newton(features, labels, 0.1, tol=1e-12)
    assert result.x.weights[0, 0] == pytest.approx(np.log(0.7 / 0.3), rel=1e-10)
    assert abs(result.x.bias[0]) < 1e-10
    np.testing.assert_array_equal(prox_newton(features, labels, 0.31).x.weights, 0)


def test_from_the_critical_strength_on_the_head_is_its_bias():
    features, labels = head_data(n_outputs=2)
    rate = labels.mean(axis=0)
    critical = np.abs(features.T @ (rate - labels)).max() / len(features)
    above = prox_newton(features, labels, critical * (1 + 1e-9))
    np.testing.assert_array_equal(above.x.weights, 0)
    np.testing.assert_allclose(above.x.bias, np.log(rate / (1 - rate)), rtol=1e-12)
    assert np.count_nonzero(prox_newton(features, labels, critical * (1 - 1e-3)).x.weights) == 1


def test_documented_objective():
    features, labels = head_data(n=20, p=3, n_outputs=2)
    result = prox_newton(features, labels, 0.02)
    assert result.fun == pytest.approx(objective(features, labels, 0.02, *result.x), rel=1e-13)
    rng = np.random.default_rng(0)
    for size in (1e-3, 1e-1):
        near = LinearHead(result.x.weights + size * rng.normal(size=(3, 2)), result.x.bias + size * rng.normal(size=2))
        assert objective(features, labels, 0.02, *near) > result.fun


# --- the hard cases ----------------------------------------------------------------------------------------------


def separable():
    features, _ = head_data(seed=2)
    return features, (features[:, :1] > features[:, 1:2]).astype(float)


def constant_and_duplicated():
    features, labels = head_data(seed=3)
    features[:, 0], features[:, 1], features[:, 2] = 7.0, features[:, 3], 0.0
    return features, labels


def unscaled():
    features, labels = head_data(seed=4)
    return features * np.geomspace(1, 1e3, 12) + 1e3, labels


def one_class_columns():
    features, labels = head_data(n_outputs=3, seed=5)
    labels[:, 0], labels[:, 2] = 0, 1
    return features, labels


HARD = {
    "separable": separable,
    "constant and duplicated": constant_and_duplicated,
    "unscaled": unscaled,
    "one class only": one_class_columns,
    "fewer samples than features": lambda: head_data(n=15, p=40, seed=6),
    "no features": lambda: head_data(p=0, seed=7),
    "one sample": lambda: head_data(n=1, p=3, seed=8),
    "one feature, three outputs": lambda: head_data(p=1, n_outputs=3, seed=9),
    "large": lambda: (1e3 * head_data(seed=10)[0], head_data(seed=10)[1]),
}


@pytest.mark.parametrize("mu", [1e-1, 1e-3, 1e-6])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("name", HARD)
def test_always_reaches_the_tolerance(name, intercept, mu):
    features, labels = HARD[name]()
    result = prox_newton(features, labels, mu, tol=1e-9, intercept=intercept)
    assert result.success and residual(features, labels, mu, result.x, intercept) <= 1e-9
    assert np.all(np.isfinite(result.x.weights)) and np.all(np.isfinite(result.x.bias))
    assert intercept or not result.x.bias.any()
    assert -1e-12 <= result.gap <= 1e-6 * np.abs(result.x.weights).sum() + 1e-7


@pytest.mark.parametrize("tol", [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6])
def test_the_tolerance_holds_in_original_coordinates(tol):
    """With features far from 0 a small gradient of the bias is a large one of the weights."""
    features, labels = head_data(seed=12)
    features = features + 300.0
    start = LinearHead(np.full((12, 1), 0.1), np.array([-360.0]))
    result = prox_newton(features, labels, 1e-2, tol=tol, start=start)
    assert result.success and residual(features, labels, 1e-2, result.x) <= tol


@pytest.mark.parametrize("name", ["separable", "constant and duplicated", "one class only"])
def test_no_penalty_at_all(name):
    features, labels = HARD[name]()
    assert prox_newton(features, labels, 0.0, tol=1e-8, max_iter=200).residual <= 1e-8


def test_a_column_of_one_class_is_answered_with_a_finite_bias():
    features, labels = one_class_columns()
    result = prox_newton(features, labels, 1e-3, tol=1e-9)
    np.testing.assert_array_equal(result.x.weights[:, [0, 2]], 0)
    assert result.x.bias[0] < -15 and result.x.bias[2] > 15 and np.all(np.abs(result.x.bias) < 40)


STARTS = [LinearHead(np.full((12, 1), 30.0), np.array([-80.0])), LinearHead(np.zeros((12, 1)), np.ones(1))]


@pytest.mark.parametrize("start", STARTS)
def test_the_start_does_not_matter(start):
    """Also from where every output is saturated, so that the Hessian vanishes."""
    features, labels = head_data()
    expected = prox_newton(features, labels, 1e-2, tol=1e-11)
    result = prox_newton(features, labels, 1e-2, tol=1e-11, start=start, max_iter=200)
    np.testing.assert_allclose(result.x.weights, expected.x.weights, atol=1e-8)
    np.testing.assert_array_equal(start.weights, start.weights[0, 0], "inputs are not modified")


def test_the_objective_never_rises():
    features, labels = head_data(n_outputs=3)
    start = LinearHead(np.full((12, 3), 10.0), np.zeros(3))
    result = prox_newton(features, labels, 1e-3, start=start)
    assert np.all(np.diff(result.history["objective"]) <= 1e-12) and result.nit >= 3
    assert len(result.history["residual"]) == result.nit + 1


def test_the_history_of_several_outputs_is_put_together_from_theirs():
    """Objectives are summed, the residual is the largest; an output that is done keeps its last value."""
    features, labels = head_data(n_outputs=3)
    labels[:, 2] = labels[0, 2]                                    # of one class: another number of iterations
    together = prox_newton(features, labels, 1e-2)
    alone = [prox_newton(features, labels[:, [k]], 1e-2) for k in range(3)]
    assert together.nit == max(one.nit for one in alone) > min(one.nit for one in alone)
    for name, merged in (("objective", sum), ("residual", max)):
        at = [merged(one.history[name][min(i, one.nit)] for one in alone) for i in range(together.nit + 1)]
        assert together.history[name] == pytest.approx(at, rel=1e-9, abs=1e-15)


def test_float32_features_are_solved_in_float64():
    features, labels = head_data()
    features = features.astype(np.float32)
    result = prox_newton(features, labels.astype(np.float32), 1e-3, tol=1e-10)
    assert result.x.weights.dtype == result.x.bias.dtype == np.float64 and features.dtype == np.float32
    assert residual(features, labels, 1e-3, result.x) <= 1e-10


def test_outputs_are_independent():
    features, labels = head_data(n_outputs=3)
    together = prox_newton(features, labels, 1e-3, tol=1e-11).x
    for k in range(3):
        alone = prox_newton(features, labels[:, [k]], 1e-3, tol=1e-11).x
        np.testing.assert_allclose(together.weights[:, [k]], alone.weights, atol=1e-12)


def test_a_start_of_another_shape_is_refused():
    features, labels = head_data()
    with pytest.raises(ValueError, match=r"start: expected weights \(12, 1\)"):
        prox_newton(features, labels, 0.1, start=LinearHead(np.zeros((3, 1)), np.zeros(1)))


def test_an_exhausted_solve_warns():
    features, labels = head_data()
    with pytest.warns(ConvergenceWarning, match="prox_newton: residual .* after 1 iterations") as caught:
        result = prox_newton(features, labels, 1e-4, max_iter=1)
    assert not result.success and result.status == 1 and result.nit == 1 and result.residual > 1e-9
    assert caught[0].filename == __file__


# --- one step ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("intercept", [True, False])
def test_steps_by_hand_are_the_solver(intercept):
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(60, 4)), (rng.random((60, 2)) < 0.4).astype(float)
    solved = prox_newton(x, y, 1e-2, tol=1e-12, intercept=intercept)
    head = LinearHead(np.zeros((4, 2)), np.zeros(2))
    values = []
    for _ in range(12):
        head = prox_newton_step(x, y, 1e-2, head, intercept)
        values.append(head_certificate(x, y, 1e-2, head, intercept).fun)
    assert all(b <= a + 1e-12 for a, b in zip(values, values[1:]))
    np.testing.assert_allclose(head.weights, solved.x.weights, atol=1e-9)
    np.testing.assert_allclose(head.bias, solved.x.bias, atol=1e-9)
