"""Softmax heads: optimality conditions, other solvers, two classes as one sigmoid, the duality gap, corner cases."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp
from den_ref.core.certificate import head_certificate
from den_ref.core.head import solve_head
from den_ref.core.linear_head import LinearHead
from den_ref.core.newton import prox_newton
from den_ref.core.result import ConvergenceWarning
from den_ref.core.softmax_newton import _hessian, _Problem, _proximal_step, softmax_newton
from tests.helpers.head_problems import head_data, softmax_data


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


@pytest.mark.parametrize("n_classes", [2, 3, 6])
def test_one_feature_per_class_in_closed_form(n_classes):
    """Sample j is unit vector j and of class j.  By symmetry V_jj = v, all else 0, and (1 - p_jj) / K = mu."""
    mu = 0.2 / n_classes                                           # p_jj = 0.8
    result = softmax_newton(np.eye(n_classes), np.arange(n_classes), mu, tol=1e-12)
    apart = result.x.weights - result.x.weights.min(axis=1, keepdims=True)       # K = 2: rows (v, 0) and (0, -v) tie
    if n_classes == 2:
        assert (apart[0, 0] - apart[0, 1]) - (apart[1, 0] - apart[1, 1]) == pytest.approx(2 * np.log(4))
    else:
        np.testing.assert_allclose(apart, np.log(4 * (n_classes - 1)) * np.eye(n_classes), atol=1e-10)
    assert result.fun == pytest.approx(-np.log(0.8) + mu * np.abs(result.x.weights).sum(), rel=1e-12)
    assert result.residual <= 1e-12 and abs(result.gap) < 1e-11


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


@pytest.mark.filterwarnings("error")
def test_an_exhausted_softmax_solve_warns_once():
    features, labels = softmax_data()
    with pytest.warns(ConvergenceWarning, match="softmax_newton: residual .* after 2 iterations") as caught:
        result = softmax_newton(features, labels, 1e-3, max_iter=2)
    assert not result.success and result.status == 1 and len(caught) == 1 and caught[0].filename == __file__


def objective(features, labels, mu, weights, bias) -> float:
    """Eq. 3 as it is printed."""
    z = features @ weights + bias
    return np.mean(logsumexp(z, axis=1) - z[np.arange(len(z)), labels]) + mu * np.abs(weights).sum()


@pytest.mark.parametrize("mu", [1e-1, 1e-2, 1e-3])
def test_it_ends_where_a_quasi_newton_method_with_bounds_ends(mu):
    """V = U - W with U, W >= 0 makes Eq. 3 smooth; L-BFGS-B of SciPy knows nothing of ours."""
    features, labels = softmax_data()
    (n, p), K, one_hot = features.shape, 4, np.eye(4)[labels]

    def smooth(vector):
        up, down, bias = vector[:p * K].reshape(p, K), vector[p * K:-K].reshape(p, K), vector[-K:]
        z = features @ (up - down) + bias
        slope = (np.exp(z - logsumexp(z, axis=1, keepdims=True)) - one_hot) / n
        by_weights = features.T @ slope
        return (np.mean(logsumexp(z, axis=1) - z[np.arange(n), labels]) + mu * (up + down).sum(),
                np.concatenate([(by_weights + mu).ravel(), (mu - by_weights).ravel(), slope.sum(axis=0)]))

    other = minimize(smooth, np.zeros(2 * p * K + K), jac=True, method="L-BFGS-B",
                     bounds=[(0, None)] * (2 * p * K) + [(None, None)] * K,
                     options={"maxiter": 20_000, "maxfun": 100_000, "ftol": 1e-15, "gtol": 1e-10})
    result = softmax_newton(features, labels, mu)
    assert result.fun == pytest.approx(objective(features, labels, mu, *result.x), rel=1e-12)
    assert result.fun <= other.fun + 1e-12 and result.fun == pytest.approx(other.fun, rel=1e-7)


def test_the_product_with_the_hessian_is_the_slope_of_the_gradient():
    features, labels = softmax_data()
    rng, problem = np.random.default_rng(3), _Problem(features, labels, 0.0)                # mu = 0: all is free
    coef, direction = rng.normal(size=(2, 9, 4))
    product, _ = _hessian(problem, problem.look(coef))
    ahead, behind = (problem.look(coef + sign * 1e-5 * direction).grad for sign in (1, -1))
    np.testing.assert_allclose(product(direction), (ahead - behind) / 2e-5, atol=1e-8)


@pytest.mark.parametrize("mu", [1e-1, 1e-3])
def test_the_gap_bounds_the_distance_to_the_optimum_of_a_softmax_head(mu):
    features, labels = softmax_data()
    best = softmax_newton(features, labels, mu, tol=1e-12)
    assert abs(best.gap) < 1e-9
    rng = np.random.default_rng(0)
    for size in (0, 1e-4, 1e-2, 1.0):
        head = LinearHead(best.x.weights + size * rng.normal(size=(8, 4)), best.x.bias + size * rng.normal(size=4))
        certificate = head_certificate(features, labels, mu, head, loss="softmax")
        assert certificate.gap >= certificate.fun - best.fun - 1e-12 and certificate.gap >= 1e-4 * mu * size**2


def test_the_objective_never_rises():
    features, labels = softmax_data()
    trace = np.array(softmax_newton(features, labels, 1e-4).history["objective"])
    assert len(trace) > 3 and np.all(np.diff(trace) <= 1e-12)


def separable(n=40):
    """Three classes that a line through the features tells apart without an error."""
    x = np.random.default_rng(1).normal(size=(n, 5))
    return x, np.digitize(x[:, 0], [-0.5, 0.5])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["separable", "more features than samples", "duplicated", "constant", "uneven",
                                  "float32", "a class alone", "no samples of some"])
def test_awkward_problems_are_solved_too(name):
    (features, labels), mu, more = softmax_data(), 1e-3, {}
    if name == "separable":
        (features, labels), mu = separable(), 1e-7
    elif name == "more features than samples":
        features, labels = np.random.default_rng(2).normal(size=(30, 80)), labels[:30]
    elif name == "duplicated":
        features = np.hstack([features, features, features[:, :1]])
    elif name == "constant":
        features = np.hstack([features, np.full((len(features), 2), 7.0)])
    elif name == "uneven":
        features = features * np.geomspace(1e-3, 1e3, 8)
    elif name == "float32":
        features = features.astype(np.float32)
    elif name == "a class alone":
        labels = np.ones_like(labels)
    else:
        labels, more = labels.clip(1, 2), {"n_outputs": 5}
    result = solve_head(features, labels, mu, "softmax", tol=1e-8, **more)
    assert result.success and result.residual <= 1e-8 and np.isfinite(result.fun)
    assert all(np.isfinite(array).all() for array in result.x) and -1e-12 < result.gap < 1e-4


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("mu", [1e-2, 1e-5])
@pytest.mark.parametrize("n, p, n_classes, noise, seed", [(20, 60, 3, 8, 3), (12, 30, 5, 3, 1), (25, 40, 6, 2, 2)])
def test_weights_that_the_data_cannot_tell_apart(n, p, n_classes, noise, seed, mu):
    """More weights than the loss sees: a weight that Newton puts to 0 must not be woken before the others have settled.

    Where it is, these take over 200 steps at the smaller mu.
    """
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(n, p // 2))
    features = np.maximum(hidden @ rng.normal(size=(p // 2, p)) + 0.5, 0)
    labels = (features @ rng.normal(size=(p, n_classes)) + noise * rng.gumbel(size=(n, n_classes))).argmax(axis=1)
    result = softmax_newton(features, labels, mu)
    assert result.success and result.nit < 80 and -1e-12 < result.gap < 1e-6
    assert np.count_nonzero(result.x.weights) <= n * (n_classes - 1)             # the independent logits


@pytest.mark.parametrize("size", [0.1, 1.0, 5.0])
def test_a_proximal_step_never_raises_the_objective(size):
    """The quadratic lies above the loss wherever one starts: two classes with probabilities 1/2 bend it most."""
    features, labels = softmax_data()
    for seed in range(20):
        problem = _Problem(features, labels % 2, 1e-3)
        point = problem.look(size * np.random.default_rng(seed).normal(size=(9, 2)))
        moved = _proximal_step(problem, point)
        assert moved.objective <= point.objective
        assert not np.array_equal(moved.coef, point.coef)


def test_the_quadratic_touches_the_loss_and_lies_above_it():
    features, labels = softmax_data()
    rng, problem = np.random.default_rng(0), _Problem(features, labels, 0.0)                # mu = 0: the loss alone
    for size in (1e-3, 0.1, 1.0, 10.0):
        point = problem.look(0.3 * rng.normal(size=(9, 4)))
        move = size * rng.normal(size=(9, 4))
        above = point.objective + np.vdot(point.grad, move) + np.vdot(move, problem.gram @ move) / 4
        assert problem.value(point.coef + move)[0] <= above + 1e-12


def test_nothing_drifts_where_a_shift_of_all_classes_costs_nothing():
    """Four classes: every row of weights keeps a zero, and the biases (of centred features) their sum."""
    features, labels = softmax_data()
    head = softmax_newton(features, labels, 1e-5).x
    assert np.all((head.weights == 0).any(axis=1)) and np.count_nonzero(head.weights) == 3 * 8
    centred_bias = head.bias + features.mean(axis=0) @ head.weights
    assert centred_bias.sum() == pytest.approx(np.log(np.bincount(labels) / len(labels)).sum(), abs=1e-9)


def test_without_a_penalty_constant_features_stay_at_zero():
    """Centred, a constant of 0.1 is a column of rounding errors."""
    features, labels = softmax_data()
    with_constant = np.hstack([features, np.full((len(features), 1), 0.1)])
    head = softmax_newton(with_constant, labels, 0.0, tol=1e-8).x
    np.testing.assert_array_equal(head.weights[-1], 0)
    np.testing.assert_allclose(head.weights[:-1], softmax_newton(features, labels, 0.0, tol=1e-8).x.weights, atol=1e-4)


@pytest.mark.parametrize("share", [1.001, 0.99])
def test_weights_are_0_from_the_critical_strength_on(share):
    features, labels = softmax_data()
    frequency = np.bincount(labels) / len(labels)
    critical = np.abs(features.T @ (frequency - np.eye(4)[labels])).max() / len(labels)
    assert softmax_newton(features, labels, share * critical).x.weights.any() == (share < 1)
