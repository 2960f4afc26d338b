"""The convex head problem: proximal Newton, its lasso subproblem, softmax heads, and the certificate."""

import numpy as np
import pytest
from den_ref.core.lasso import coordinate_sweep, orthant_steps, solve_lasso
from den_ref.core.losses import sigmoid_cross_entropy, softmax_cross_entropy
from den_ref.core.newton import Head, head_certificate, prox_newton, prox_newton_step, softmax_head, solve_head
from den_ref.core.penalties import L1
from den_ref.core.result import ConvergenceWarning
from den_ref.core.solvers import fista
from scipy.optimize import minimize

TOL = 1e-9


def head_data(n=300, p=12, n_outputs=1, seed=0):
    """Correlated, uncentred ReLU features as a network makes them, and noisy 0/1 labels."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(n, 6))
    features = np.maximum(hidden @ rng.normal(size=(6, p)) + 0.5 + 0.5 * rng.normal(size=(n, p)), 0)
    logits = hidden[:, :n_outputs] * 2 + rng.logistic(size=(n, n_outputs)) - 1
    return features, (logits > 0).astype(float)


def objective(features, labels, mu, weights, bias):
    """Eq. 3, one sample and output after the other."""
    total = 0.0
    for x, y in zip(features, labels):
        for k in range(weights.shape[1]):
            z = sum(x[i] * weights[i, k] for i in range(len(x))) + bias[k]
            total += np.logaddexp(0, z) - y[k] * z
    return total / len(features) + mu * sum(abs(v) for v in weights.ravel())


def residual(features, labels, mu, head, bias_free=True):
    """The certificate of algorithm.md, literally, in the coordinates of the caller."""
    z = np.asarray(features, np.longdouble) @ head.weights + head.bias
    r = (1 / (1 + np.exp(-z)) - labels) / len(labels)
    worst = float(np.abs(r.sum(axis=0)).max()) if bias_free else 0.0
    g = np.asarray(features, np.longdouble).T @ r
    for gradient, weight in zip(g.ravel(), head.weights.ravel()):
        if weight == 0:
            worst = max(worst, float(abs(gradient)) - mu)
        else:
            worst = max(worst, float(abs(gradient + mu * np.sign(weight))))
    return worst


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
        near = Head(result.x.weights + size * rng.normal(size=(3, 2)), result.x.bias + size * rng.normal(size=2))
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
    start = Head(np.full((12, 1), 0.1), np.array([-360.0]))
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


STARTS = [Head(np.full((12, 1), 30.0), np.array([-80.0])), Head(np.zeros((12, 1)), np.ones(1))]


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
    start = Head(np.full((12, 3), 10.0), np.zeros(3))
    result = prox_newton(features, labels, 1e-3, start=start)
    assert np.all(np.diff(result.history["objective"]) <= 1e-12) and result.nit >= 3
    assert len(result.history["residual"]) == result.nit + 1


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


# --- certificates ------------------------------------------------------------------------------------------------


def test_the_certificate_can_fail():
    features, labels = head_data(n_outputs=2)
    head = prox_newton(features, labels, 1e-2, tol=1e-11).x
    i, k = np.argwhere(head.weights != 0)[0]
    zero_i, zero_k = np.argwhere(head.weights == 0)[0]
    for change in ((i, k), (zero_i, zero_k), None):
        weights, bias = head.weights.copy(), head.bias.copy()
        if change is None:
            bias[0] += 1e-3
        else:
            weights[change] += 1e-3
        certificate = head_certificate(features, labels, 1e-2, Head(weights, bias))
        assert certificate.residual == pytest.approx(residual(features, labels, 1e-2, Head(weights, bias)), rel=1e-10)
        assert certificate.residual > 1e-5
    assert head_certificate(features, labels, 1e-2, head).residual <= 1e-11
    bias_only = Head(np.zeros((0, 1)), np.zeros(1))
    assert head_certificate(np.zeros((4, 0)), np.ones((4, 1)), 1.0, bias_only).residual == 0.5
    assert head_certificate(np.zeros((4, 0)), np.ones((4, 1)), 1.0, bias_only, intercept=False).residual == 0


@pytest.mark.parametrize("intercept", [True, False])
def test_the_gap_bounds_the_distance_to_the_optimum(intercept):
    """At any head, optimal or not, gap >= objective - minimum; at the optimum it closes."""
    features, labels = head_data(n_outputs=2)
    best = prox_newton(features, labels, 1e-2, tol=1e-12, intercept=intercept)
    assert abs(best.gap) < 1e-10
    rng = np.random.default_rng(0)
    for size in (0, 1e-4, 1e-2, 1.0):
        move = size * rng.normal(size=(13, 2))
        head = Head(best.x.weights + move[1:], best.x.bias + intercept * move[0])
        certificate = head_certificate(features, labels, 1e-2, head, intercept)
        assert certificate.gap >= certificate.fun - best.fun - 1e-13
        assert certificate.gap >= size**2 * 1e-3


def test_an_exhausted_solve_warns():
    features, labels = head_data()
    with pytest.warns(ConvergenceWarning, match="prox_newton: residual .* after 1 iterations") as caught:
        result = prox_newton(features, labels, 1e-4, max_iter=1)
    assert not result.success and result.status == 1 and result.nit == 1 and result.residual > 1e-9
    assert caught[0].filename == __file__


@pytest.mark.filterwarnings("error")
def test_an_exhausted_softmax_solve_warns_once():
    features, labels = softmax_data()
    with pytest.warns(ConvergenceWarning, match="softmax_head: residual .* after 2 iterations") as caught:
        result = softmax_head(features, labels, 1e-3, max_iter=2)
    assert not result.success and result.status == 1 and len(caught) == 1 and caught[0].filename == __file__


# --- softmax heads -----------------------------------------------------------------------------------------------


def softmax_data(n=200, p=8, classes=4, seed=0):
    features, _ = head_data(n, p, seed=seed)
    rng = np.random.default_rng(seed)
    return features, (features @ rng.normal(size=(p, classes)) + 3 * rng.gumbel(size=(n, classes))).argmax(axis=1)


@pytest.mark.parametrize("scales", [np.ones(8), np.geomspace(1e-2, 1e2, 8)], ids=["even", "uneven"])
@pytest.mark.parametrize("mu", [5e-2, 5e-3])
def test_softmax_head_meets_its_optimality_conditions(mu, scales):
    features, labels = softmax_data()
    features = features * scales
    result = solve_head(features, labels, mu, "softmax", tol=1e-8)
    z = features @ result.x.weights + result.x.bias
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    r = (p - np.eye(4)[labels]) / len(labels)
    g, weights = features.T @ r, result.x.weights
    distance = np.where(weights == 0, np.maximum(np.abs(g) - mu, 0), np.abs(g + mu * np.sign(weights)))
    assert max(distance.max(), np.abs(r.sum(axis=0)).max()) <= 1e-8 and result.success
    assert 0 < (weights == 0).sum()
    loss = -np.mean([np.log(p[i, y]) for i, y in enumerate(labels)])
    assert result.fun == pytest.approx(loss + mu * np.abs(weights).sum(), rel=1e-12)


def test_two_softmax_classes_are_one_sigmoid():
    """log-odds = z_1 - z_0: the L1 optimum puts V_1 = -V_0 = V / 2, at the same total penalty."""
    features, labels = head_data(seed=11)
    one = prox_newton(features, labels, 4e-3, tol=1e-10)
    two = solve_head(features, labels[:, 0].astype(int), 4e-3, "softmax", tol=1e-10)
    assert two.fun == pytest.approx(one.fun, rel=1e-10)
    np.testing.assert_allclose(two.x.weights[:, 1] - two.x.weights[:, 0], one.x.weights[:, 0], atol=1e-6)


def test_softmax_corner_cases():
    features, labels = softmax_data()
    bias_only = solve_head(features, labels, 10.0, "softmax")
    np.testing.assert_array_equal(bias_only.x.weights, 0)
    shares = np.exp(bias_only.x.bias) / np.exp(bias_only.x.bias).sum()
    np.testing.assert_allclose(shares, np.bincount(labels) / len(labels), atol=1e-8)
    assert solve_head(features[:, :0], labels, 0.1, "softmax").success
    unseen = solve_head(features, labels, 1e-2, "softmax", tol=1e-8, n_outputs=6)
    assert unseen.x.weights.shape == (8, 6) and unseen.residual <= 1e-8 and np.all(np.isfinite(unseen.x.bias))
    features[:, 2] = 5.0
    assert solve_head(features, labels, 1e-2, "softmax").residual <= 1e-9


def test_softmax_certificate_uses_its_own_loss():
    features, labels = softmax_data()
    head = Head(np.zeros((8, 4)), np.zeros(4))
    certificate = head_certificate(features, labels, 0.1, head, loss="softmax")
    assert certificate.fun == pytest.approx(np.log(4)) and certificate.gap is None
    assert certificate.fun == softmax_cross_entropy(np.zeros((200, 4)), labels)[0]


# --- the lasso subproblem ----------------------------------------------------------------------------------------


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


# --- misuse ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change, message",
    [
        ({"features": np.zeros(3)}, r"features: .* got shape \(3,\)"),
        ({"features": np.zeros((0, 2)), "labels": np.zeros((0, 1))}, "features: .* n >= 1"),
        ({"features": np.full((3, 2), np.nan)}, "features: expected finite"),
        ({"labels": np.zeros(3)}, r"labels: expected 0 and 1 of shape \(3, K\), got shape \(3,\)"),
        ({"labels": np.zeros((2, 1))}, "labels: expected 0 and 1"),
        ({"labels": np.full((3, 1), 2.0)}, "labels: expected 0 and 1"),
        ({"mu": -1.0}, "strength: expected a number >= 0"),
        ({"mu": np.inf}, "mu: expected a finite number"),
        ({"tol": 0.0}, "tol: expected a number > 0, got 0.0"),
        ({"loss": "hinge"}, "loss: expected 'sigmoid' or 'softmax', got 'hinge'"),
        ({"loss": "softmax"}, "labels: expected integers of shape"),
        ({"loss": "softmax", "labels": np.array([0, 1, 5]), "n_outputs": 3}, r"labels: expected 0..n_outputs-1"),
    ],
)
def test_bad_arguments_are_named(change, message):
    arguments = {"features": np.eye(3, 2), "labels": np.ones((3, 1)), "mu": 0.1, **change}
    with pytest.raises(ValueError, match=message):
        solve_head(**arguments)


def test_a_start_of_another_shape_is_refused():
    features, labels = head_data()
    with pytest.raises(ValueError, match=r"start: expected weights \(12, 1\)"):
        prox_newton(features, labels, 0.1, start=Head(np.zeros((3, 1)), np.zeros(1)))


# --- one step ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("intercept", [True, False])
def test_steps_by_hand_are_the_solver(intercept):
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(60, 4)), (rng.random((60, 2)) < 0.4).astype(float)
    solved = prox_newton(x, y, 1e-2, tol=1e-12, intercept=intercept)
    head = Head(np.zeros((4, 2)), np.zeros(2))
    values = []
    for _ in range(12):
        head = prox_newton_step(x, y, 1e-2, head, intercept)
        values.append(head_certificate(x, y, 1e-2, head, intercept).fun)
    assert all(b <= a + 1e-12 for a, b in zip(values, values[1:]))
    np.testing.assert_allclose(head.weights, solved.x.weights, atol=1e-9)
    np.testing.assert_allclose(head.bias, solved.x.bias, atol=1e-9)
