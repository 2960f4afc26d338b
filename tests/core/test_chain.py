"""The chain of a network that begins with convolutions: gradients, squares, counts; what 1 x 1 images make of it."""

import numpy as np
import pytest
from scipy.special import expit

from den_ref.core import chain, mlp
from den_ref.core.checks import check_gradient
from den_ref.core.convolution import Convolution
from den_ref.core.filters import FilterOptions
from den_ref.core.fisher import fisher_diagonal
from den_ref.core.flat import Flat
from den_ref.core.mlp import DataLoss

#: image, filters, hidden, options of the filters
MIXED = [
    ((6, 5, 1), (3,), (4,), {"kernel": 3, "stride": 2}),
    ((6, 5, 2), (2, 3), (4, 3), {"kernel": 2, "stride": 1, "padding": 1, "pool": True}),
    ((8, 8, 3), (2, 3, 2), (4, 3, 2), {"kernel": 3, "stride": 1, "padding": 2}),
    ((4, 4, 1), (2,), (), {"kernel": 3, "stride": 1, "pool": True}),
    ((1, 1, 5), (3, 2), (2,), {"kernel": 1, "stride": 1}),
]


def network(image, filters, hidden, options, n_outputs=2, dtype=np.float64, seed=0):
    """A random network's flat vector."""
    rng, layers = np.random.default_rng(seed), FilterOptions(filters=filters, **options).convolutions(image)
    sizes, fans = [image[2], *filters, *hidden, n_outputs], chain.fans(layers, len(filters) + len(hidden))
    *body, head = [rng.normal(size=(fan * a, b)) for fan, a, b in zip(fans, sizes[:-1], sizes[1:], strict=True)]
    *biases, bias = [rng.normal(size=n) for n in sizes[1:]]
    return mlp.pack(body, biases, head, bias, dtype, layers)


def data(image, n=7, n_outputs=2, loss="sigmoid", seed=1):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, np.prod(image)))
    return x, rng.integers(0, n_outputs, n) if loss == "softmax" else (rng.random((n, n_outputs)) < 0.5).astype(float)


@pytest.mark.parametrize(("image", "filters", "hidden", "options"), MIXED, ids=str)
def test_gradient_of_a_mixed_network_by_finite_differences(image, filters, hidden, options):
    w, (x, y) = network(image, filters, hidden, options), data(image)
    loss = DataLoss(w, x, y, block=3)

    def f(vector):
        grad = w.like(np.nan)
        return loss.value_and_gradient(w.like(vector), grad), grad.vector

    report = check_gradient(f, w.vector, rtol=1e-7)
    assert report, report
    logits = mlp.scores(x, *mlp.unpack(w), w.convolutions)
    np.testing.assert_array_equal(logits, chain.forward(chain.links(w), w, x)[0])
    assert loss.value(w) == pytest.approx(DataLoss(w, x, y).value(w), rel=1e-13)


def test_maps_of_zeros_send_nothing_below_their_pool():
    """As the ReLU of any layer: its derivative at 0 is 0."""
    w = network((4, 4, 1), (2,), (3,), {"kernel": 3, "stride": 1, "pool": True})
    w["b1"][...] = 0.0
    grad = w.like(np.nan)
    DataLoss(w, np.zeros((5, 16)), np.ones((5, 2))).value_and_gradient(w, grad)
    assert np.all(grad["b1"] == 0) and np.all(grad["W1"] == 0) and np.any(grad["c"] != 0)


@pytest.mark.parametrize("loss", ["sigmoid", "softmax"])
@pytest.mark.parametrize(("image", "filters", "hidden", "options"), MIXED, ids=str)
def test_squares_are_those_of_every_samples_gradient(image, filters, hidden, options, loss):
    w, (x, y) = network(image, filters, hidden, options), data(image, loss=loss)
    expected, grad = np.zeros_like(w.vector), w.like()
    for n in range(len(x)):
        DataLoss(w, x[n:n + 1], y[n:n + 1], loss).value_and_gradient(w, grad)
        expected += grad.vector ** 2 / len(x)
    np.testing.assert_allclose(fisher_diagonal(w, x, y, loss, "empirical").vector, expected, rtol=1e-10, atol=1e-16)


def test_exact_squares_of_pooled_maps_are_those_of_every_output():
    """Sigmoid outputs are independent: a sample's F is the sum over outputs of the squares, each p (1 - p) times."""
    w, (x, y) = network(*MIXED[1]), data(MIXED[1][0])
    w.vector *= 0.3
    p = expit(mlp.scores(x, *mlp.unpack(w), w.convolutions))
    expected, grad = np.zeros_like(w.vector), w.like()
    for n, c in np.ndindex(p.shape):
        def along_output(logits, labels, c=c):
            return logits[0, c], np.eye(p.shape[1])[[c]]

        DataLoss(w, x[n:n + 1], y[n:n + 1], along_output).value_and_gradient(w, grad)
        expected += p[n, c] * (1 - p[n, c]) * grad.vector ** 2 / len(x)
    np.testing.assert_allclose(fisher_diagonal(w, x, y, "sigmoid").vector, expected, rtol=1e-10, atol=1e-16)


def test_a_buffer_never_shrinks():
    buffer = chain.Buffer(3, np.float32)
    large = buffer(5)
    assert buffer(2).base is large.base and buffer(2).shape == (2, 3) and buffer(6).shape == (6, 3)


def test_rows_of_one_unit_below():
    layers = FilterOptions(filters=(4, 5), kernel=3, stride=1, pool=True).convolutions((14, 10, 2))
    assert chain.fans(layers, 3) == (9, 9, 2, 1) and chain.fans(layers, 2) == (9, 9, 2)
    w = network((14, 10, 2), (4, 5), (6,), {"kernel": 3, "stride": 1, "pool": True})
    assert [w.shapes[name] for name in ("W1", "W2", "W3")] == [(18, 4), (36, 5), (10, 6)]
    assert chain.n_inputs(w) == 280 and w.like().convolutions == w.copy().convolutions == layers


def test_scores_refuse_what_does_not_fit():
    w = network((4, 4, 2), (3,), (2,), {"kernel": 3, "stride": 1})
    weights, biases, head, bias = mlp.unpack(w)
    with pytest.raises(ValueError, match=r"x: expected shape \(n, 32\), got shape \(1, 31\)"):
        mlp.scores(np.zeros((1, 31)), weights, biases, head, bias, w.convolutions)
    with pytest.raises(ValueError, match=r"weights\[1\]: expected shape \(12, n_2\), got shape \(11, 2\)"):
        mlp.scores(np.zeros((1, 32)), [weights[0], weights[1][:11]], biases, head, bias, w.convolutions)
    with pytest.raises(ValueError, match=r"x: expected shape \(n, 32\), got shape \(3, 30\)"):
        DataLoss(w, np.zeros((3, 30)), np.zeros((3, 2)))


@pytest.mark.parametrize(("options", "image", "message"), [
    ({}, None, r"filters: expected \(\) where samples are no images, got \(3, 3\)"),
    ({"kernel": 7}, (6, 6, 1), "filters: expected at most 0 convolutions with kernel=7"),
    ({"kernel": 5}, (9, 9, 1), "filters: expected at most 1 convolutions with kernel=5"),
    ({"kernel": 2, "pool": True}, (6, 6, 1), "filters: expected at most 1 convolutions"),
])
def test_images_that_are_too_small_are_refused(options, image, message):
    with pytest.raises(ValueError, match=message):
        FilterOptions(filters=(3, 3), **options).convolutions(image)


def test_options_that_make_no_layer_are_refused():
    with pytest.raises(ValueError, match="padding: expected an integer < kernel=3, got 3"):
        FilterOptions(filters=(2,), kernel=3, padding=3)
    with pytest.raises(ValueError, match=r"filters: expected integers >= 1, one per layer, or \(\), got 0"):
        FilterOptions().with_text(["filters=0"])
    assert FilterOptions().with_text(["filters=8,16"]).filters == (8, 16)
    assert FilterOptions(filters=(8,)).with_text(["filters=()"]).filters == () == FilterOptions().convolutions(None)


def test_at_1_x_1_all_bits_are_those_of_the_dense_network():
    w = network((1, 1, 5), (3, 4), (2,), {"kernel": 1, "stride": 1})
    dense, (x, y) = Flat.of(w.views, np.float64), data((1, 1, 5))
    assert w.convolutions == (Convolution(1, 1, 1),) * 2 and dense.convolutions == ()
    grads = [flat.like() for flat in (w, dense)]
    values = [DataLoss(flat, x, y).value_and_gradient(flat, grad) for flat, grad in zip((w, dense), grads)]
    assert values[0] == values[1] and np.array_equal(grads[0].vector, grads[1].vector)
    fishers = [fisher_diagonal(flat, x, y, "sigmoid").vector for flat in (w, dense)]
    assert np.array_equal(*fishers)
