"""The certificate of a head: it can fail, and its gap bounds the distance to the optimum."""

import numpy as np
import pytest
from den_ref.core.certificate import head_certificate
from den_ref.core.linear_head import LinearHead
from den_ref.core.losses import softmax_cross_entropy
from den_ref.core.newton import prox_newton
from tests.helpers.head_problems import head_data, residual, softmax_data


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
        certificate = head_certificate(features, labels, 1e-2, LinearHead(weights, bias))
        assert certificate.residual == pytest.approx(residual(features, labels, 1e-2, LinearHead(weights, bias)), rel=1e-10)
        assert certificate.residual > 1e-5
    assert head_certificate(features, labels, 1e-2, head).residual <= 1e-11
    bias_only = LinearHead(np.zeros((0, 1)), np.zeros(1))
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
        head = LinearHead(best.x.weights + move[1:], best.x.bias + intercept * move[0])
        certificate = head_certificate(features, labels, 1e-2, head, intercept)
        assert certificate.gap >= certificate.fun - best.fun - 1e-13
        assert certificate.gap >= size**2 * 1e-3


def test_softmax_certificate_uses_its_own_loss():
    features, labels = softmax_data()
    head = LinearHead(np.zeros((8, 4)), np.zeros(4))
    certificate = head_certificate(features, labels, 0.1, head, loss="softmax")
    assert certificate.fun == pytest.approx(np.log(4))
    assert certificate.fun == softmax_cross_entropy(np.zeros((200, 4)), labels)[0]
