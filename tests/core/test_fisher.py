"""The diagonal Fisher information: against loops over samples, finite differences, and closed forms."""

import numpy as np
import pytest
from scipy.special import expit, softmax

from den_ref import loops
from den_ref.core import mlp
from den_ref.core.fisher import fisher_diagonal
from den_ref.core.flat import Flat


def network(rng, sizes=(5, 4, 3), n_outputs=2):
    pairs = list(zip(sizes, sizes[1:]))
    return mlp.pack([rng.normal(size=pair) for pair in pairs], [rng.normal(size=n) for n in sizes[1:]],
                    rng.normal(size=(sizes[-1], n_outputs)), rng.normal(size=n_outputs), np.float64)


def labels(rng, n, loss, n_outputs):
    return rng.integers(0, n_outputs, n) if loss == "softmax" else rng.integers(0, 2, (n, n_outputs)).astype(float)


@pytest.mark.parametrize("sizes", [(5, 4, 3), (5, 4), (5,)])
@pytest.mark.parametrize("loss", ["sigmoid", "softmax"])
@pytest.mark.parametrize("kind", ["exact", "empirical"])
def test_squared_matrices_equal_a_loop_over_samples_and_labels(sizes, loss, kind):
    rng = np.random.default_rng(1)
    w, x = network(rng, sizes, n_outputs=3), rng.normal(size=(7, 5))
    y = labels(rng, 7, loss, 3)
    fast = fisher_diagonal(w, x, y, loss, kind)
    slow = loops.fisher_diagonal(x, np.eye(3)[y] if loss == "softmax" else y, loss, kind, *mlp.unpack(w)).values()
    np.testing.assert_allclose(fast.vector, mlp.pack(*slow, np.float64).vector, rtol=1e-10, atol=1e-15)


def test_more_samples_than_a_block():
    rng = np.random.default_rng(2)
    w, x = network(rng), rng.normal(size=(2 * mlp.BLOCK + 3, 5))
    y = labels(rng, len(x), "sigmoid", 2)
    parts = [slice(0, mlp.BLOCK + 1), slice(mlp.BLOCK + 1, None)]
    by_hand = sum(fisher_diagonal(w, x[p], y[p], "sigmoid").vector * len(x[p]) for p in parts) / len(x)
    np.testing.assert_allclose(fisher_diagonal(w, x, y, "sigmoid").vector, by_hand, rtol=1e-10)


def test_head_in_closed_form():
    """F of V is (1/n) (H * H)^T (p (1 - p)): for a sigmoid head, and for a softmax head as well."""
    rng = np.random.default_rng(3)
    w, x = network(rng, n_outputs=3), rng.normal(size=(9, 5))
    weights, biases, head, bias = mlp.unpack(w)
    h = mlp.hidden(x, weights, biases)
    for loss, p in (("sigmoid", expit(h @ head + bias)), ("softmax", softmax(h @ head + bias, axis=1))):
        fisher = fisher_diagonal(w, x, labels(rng, 9, loss, 3), loss)
        np.testing.assert_allclose(fisher["V"], (h * h).T @ (p * (1 - p)) / 9, rtol=1e-10)


def test_of_logistic_regression_is_the_hessian_whatever_the_weights():
    rng = np.random.default_rng(4)
    w, x = network(rng, (5,), 1), rng.normal(size=(30, 5))
    y = labels(rng, 30, "sigmoid", 1)
    loss, step = mlp.DataLoss(w, x, y), 1e-5
    for i in range(w.vector.size):
        ahead, behind = w.copy(), w.copy()
        ahead.vector[i] += step
        behind.vector[i] -= step
        slopes = [w.like(), w.like()]
        for point, slope in zip((ahead, behind), slopes, strict=True):
            loss.value_and_gradient(point, slope)
        hessian = (slopes[0].vector[i] - slopes[1].vector[i]) / (2 * step)
        assert fisher_diagonal(w, x, y, "sigmoid").vector[i] == pytest.approx(hessian, rel=1e-6)
    empirical = fisher_diagonal(w, x, y, "sigmoid", "empirical").vector
    assert not np.allclose(empirical, fisher_diagonal(w, x, y, "sigmoid").vector, rtol=0.05)


@pytest.mark.slow
def test_exact_is_the_mean_of_empirical_over_labels_drawn_from_the_model():
    rng = np.random.default_rng(5)
    w, x = network(rng, n_outputs=1), rng.normal(size=(4, 5))
    p = expit(mlp.scores(x, *mlp.unpack(w)))
    draws = [fisher_diagonal(w, x, (rng.random(p.shape) < p).astype(float), "sigmoid", "empirical").vector
             for _ in range(4000)]
    np.testing.assert_allclose(np.mean(draws, axis=0), fisher_diagonal(w, x, unread(p), "sigmoid").vector,
                               rtol=0.15, atol=1e-3)


def unread(p):
    return np.full_like(p, np.nan)                                 # the exact kind does not look at labels


def test_the_square_of_a_mean_gradient_is_another_quantity():
    """The public codes' mistake, for which this test would fail."""
    rng = np.random.default_rng(6)
    w, x = network(rng, n_outputs=1), rng.normal(size=(50, 5))
    y = labels(rng, 50, "sigmoid", 1)
    grad = w.like()
    mlp.DataLoss(w, x, y).value_and_gradient(w, grad)
    right = fisher_diagonal(w, x, y, "sigmoid", "empirical").vector
    read = right > 0
    assert np.median(grad.vector[read] ** 2 / right[read]) < 0.5


def test_dtype_follows_the_network():
    rng = np.random.default_rng(7)
    w = network(rng)
    single = Flat.of(w.views, np.float32)
    x, y = rng.normal(size=(20, 5)), labels(rng, 20, "sigmoid", 2)
    fisher = fisher_diagonal(single, x, y, "sigmoid")
    assert fisher.vector.dtype == np.float32
    np.testing.assert_allclose(fisher.vector, fisher_diagonal(w, x, y, "sigmoid").vector, rtol=2e-3, atol=1e-6)


@pytest.mark.parametrize(("change", "words"), [
    ({"kind": "sampled"}, "kind: expected 'exact' or 'empirical', got 'sampled'"),
    ({"loss": "hinge"}, "loss: expected 'sigmoid' or 'softmax', got 'hinge'"),
    ({"x": np.zeros((0, 5))}, "x: expected at least one sample"),
])
def test_bad_input_is_named(change, words):
    rng = np.random.default_rng(8)
    arguments = {"x": np.ones((3, 5)), "y": np.ones((3, 2)), "loss": "sigmoid", "kind": "exact"} | change
    with pytest.raises(ValueError, match=words):
        fisher_diagonal(network(rng), **arguments)
