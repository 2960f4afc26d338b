"""Softmax heads: their optimality conditions, two classes as one sigmoid, corner cases."""

import numpy as np
import pytest
from den_ref.core.head import solve_head
from den_ref.core.newton import prox_newton
from den_ref.core.result import ConvergenceWarning
from den_ref.core.softmax import softmax_head
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
    with pytest.warns(ConvergenceWarning, match="softmax_head: residual .* after 2 iterations") as caught:
        result = softmax_head(features, labels, 1e-3, max_iter=2)
    assert not result.success and result.status == 1 and len(caught) == 1 and caught[0].filename == __file__
