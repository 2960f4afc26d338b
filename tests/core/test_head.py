"""Eq. 3's door: bad arguments are named."""

import numpy as np
import pytest
from den_ref.core.head import solve_head


@pytest.mark.parametrize(
    "change, message",
    [
        ({"features": np.zeros(3)}, r"features: .* got shape \(3,\)"),
        ({"features": np.zeros((0, 2)), "labels": np.zeros((0, 1))}, "features: .* n >= 1"),
        ({"features": np.full((3, 2), np.nan)}, "features: expected finite"),
        ({"labels": np.zeros(3)}, r"labels: expected 0 and 1 of shape \(3, K\), got shape \(3,\)"),
        ({"labels": np.zeros((2, 1))}, "labels: expected 0 and 1"),
        ({"labels": np.full((3, 1), 2.0)}, "labels: expected 0 and 1"),
        ({"mu": -1.0}, "mu: expected a number >= 0"),
        ({"mu": np.inf}, "mu: expected a number >= 0, finite"),
        ({"tol": 0.0}, "tol: expected a number > 0, got 0.0"),
        ({"loss": "hinge"}, "loss: expected 'sigmoid' or 'softmax', got 'hinge'"),
        ({"loss": "softmax"}, "labels: expected integers of shape"),
        ({"loss": "softmax", "labels": np.array([0, 1, 5]), "n_outputs": 3}, r"labels: expected 0..n_outputs-1"),
        ({"loss": "softmax", "labels": np.array([0, 1, 3]), "n_outputs": 3}, r"labels: expected 0..n_outputs-1"),
        ({"loss": "softmax", "labels": np.array([0, 1, -1]), "n_outputs": 3}, r"labels: expected 0..n_outputs-1"),
    ],
)
def test_bad_arguments_are_named(change, message):
    arguments = {"features": np.eye(3, 2), "labels": np.ones((3, 1)), "mu": 0.1, **change}
    with pytest.raises(ValueError, match=message):
        solve_head(**arguments)
