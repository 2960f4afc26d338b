"""The two losses: values by hand and by high precision, gradients by loops and finite differences, large logits."""

import math
from fractions import Fraction

import numpy as np
import pytest
from den_ref import loops
from den_ref.core.checks import check_gradient
from den_ref.core.losses import LOSSES, base_rate_entropy, sigmoid_cross_entropy, softmax_cross_entropy
from scipy.special import logsumexp


def logits_and_labels(loss, n, k, scale=1.0, seed=0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, k)) * scale
    if loss == "softmax":
        return logits, rng.integers(0, k, size=n)
    return logits, (rng.random((n, k)) < 0.5).astype(float)


IN_LOOPS = {"sigmoid": loops.sigmoid_cross_entropy, "softmax": loops.softmax_cross_entropy}
SHAPES = [(4, 3), (1, 1), (7, 1), (0, 2), (1, 5)]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_equals_the_loops(loss, shape, scale):
    logits, labels = logits_and_labels(loss, *shape, scale)
    value, dlogits = LOSSES[loss](logits, labels)
    expected, gradient = IN_LOOPS[loss](logits, labels)
    assert value == pytest.approx(expected, rel=1e-13, abs=1e-300)
    np.testing.assert_allclose(dlogits, gradient, rtol=1e-12, atol=1e-16)
    assert dlogits.shape == logits.shape


@pytest.mark.parametrize("loss", LOSSES)
def test_gradient_by_finite_differences(loss):
    logits, labels = logits_and_labels(loss, 6, 3, scale=3.0)
    report = check_gradient(lambda z: LOSSES[loss](z, labels), logits)
    assert report, report


@pytest.mark.parametrize("y", [0.0, 1.0])
def test_gradient_at_zero_is_a_half_minus_y(y):
    """Differentiating max(z, 0) - y z + log(1 + exp(-abs(z))) term by term would give 1 - y or -y here."""
    value, dlogits = sigmoid_cross_entropy(np.zeros((1, 1)), np.full((1, 1), y))
    assert dlogits[0, 0] == 0.5 - y
    assert value == pytest.approx(math.log(2), rel=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("z", "y", "value", "slope"), [
    (1e4, 1, 0, 0), (1e4, 0, 1e4, 1), (-1e4, 0, 0, 0), (-1e4, 1, 1e4, -1), (0, 1, math.log(2), -0.5),
])
def test_sigmoid_at_huge_logits(dtype, z, y, value, slope):
    got, dlogits = sigmoid_cross_entropy(np.full((1, 1), z, dtype), np.full((1, 1), y, dtype))
    assert got == pytest.approx(value, rel=1e-6, abs=1e-300)
    assert dlogits[0, 0] == slope
    assert dlogits.dtype == dtype and type(got) is float


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("label", "value", "slope"), [(0, 0, [0, 0, 0]), (1, 1e4, [1, -1, 0]), (2, 2e4, [1, 0, -1])])
def test_softmax_at_huge_logits(dtype, label, value, slope):
    got, dlogits = softmax_cross_entropy(np.array([[1e4, 0, -1e4]], dtype), np.array([label]))
    assert got == pytest.approx(value, abs=1e-300)
    np.testing.assert_array_equal(dlogits, [slope])
    assert dlogits.dtype == dtype and type(got) is float


def test_small_losses_keep_their_digits():
    """log(1 + exp(-40)) is exp(-40) to 17 digits; a loss written as log(sigmoid(z)) gives 0."""
    assert sigmoid_cross_entropy(np.full((1, 1), 40.0), np.ones((1, 1)))[0] == pytest.approx(math.exp(-40), rel=1e-12)


def test_softmax_value_by_scipy():
    logits, labels = logits_and_labels("softmax", 9, 4, scale=5.0)
    expected = np.mean(logsumexp(logits, axis=1) - logits[np.arange(9), labels])
    assert softmax_cross_entropy(logits, labels)[0] == pytest.approx(expected, rel=1e-14)


def test_two_class_softmax_is_the_sigmoid_of_the_difference():
    logits, labels = logits_and_labels("softmax", 9, 2)
    difference = logits[:, 1:] - logits[:, :1]
    value, slope = sigmoid_cross_entropy(difference, labels[:, None].astype(float))
    got, dlogits = softmax_cross_entropy(logits, labels)
    assert got == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(dlogits[:, 1:], slope, atol=1e-15)


def test_mean_over_samples_sum_over_outputs():
    logits, labels = logits_and_labels("sigmoid", 5, 3)
    single = [sigmoid_cross_entropy(logits[i:i + 1, j:j + 1], labels[i:i + 1, j:j + 1])[0]
              for i in range(5) for j in range(3)]
    assert sigmoid_cross_entropy(logits, labels)[0] == pytest.approx(sum(single) / 5, rel=1e-14)
    twice = sigmoid_cross_entropy(np.concatenate([logits, logits]), np.concatenate([labels, labels]))
    assert twice[0] == pytest.approx(sum(single) / 5, rel=1e-14)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_mean_over_many_samples_in_float32_keeps_its_digits(loss):
    """A million equal losses: their mean is any one of them, however large their sum."""
    logits = np.zeros((10**6, 2 if loss == "softmax" else 1), np.float32)
    labels = np.zeros(10**6, int) if loss == "softmax" else np.zeros((10**6, 1), np.float32)
    one, many = LOSSES[loss](logits[:1], labels[:1])[0], LOSSES[loss](logits, labels)[0]
    assert many == pytest.approx(one, rel=1e-12) and one == pytest.approx(math.log(2), rel=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_inputs_are_kept(loss):
    logits, labels = logits_and_labels(loss, 4, 3)
    copies = logits.copy(), labels.copy()
    LOSSES[loss](logits, labels)
    np.testing.assert_array_equal(logits, copies[0])
    np.testing.assert_array_equal(labels, copies[1])


# --- the loss that ignores the inputs ----------------------------------------------------------------------------


def test_base_rate_entropy_by_hand():
    quarter = float(Fraction(1, 4))
    binary = -(quarter * math.log(quarter) + (1 - quarter) * math.log(1 - quarter))
    labels = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    assert base_rate_entropy(labels, "sigmoid") == pytest.approx(binary, rel=1e-15)      # the second output adds 0
    assert base_rate_entropy(np.array([0, 0, 2, 3]), "softmax") == pytest.approx(1.5 * math.log(2), rel=1e-15)


@pytest.mark.parametrize("loss", LOSSES)
def test_base_rate_is_the_best_constant(loss):
    """The loss of constant logits is least at the frequencies' logits, and is the entropy there."""
    _, labels = logits_and_labels(loss, 40, 3, seed=3)
    rates = np.bincount(labels, minlength=3) / 40 if loss == "softmax" else labels.mean(axis=0)
    best = np.log(rates) if loss == "softmax" else np.log(rates / (1 - rates))
    entropy = base_rate_entropy(labels, loss)
    assert LOSSES[loss](np.tile(best, (40, 1)), labels)[0] == pytest.approx(entropy, rel=1e-12)
    for move in np.random.default_rng(0).normal(size=(50, 3)):
        assert LOSSES[loss](np.tile(best + move, (40, 1)), labels)[0] > entropy - 1e-15
