"""The streams with many small tasks: classes made of attributes, and weights made of bases, as documented."""

import numpy as np
import pytest

from den_ref.tasks import make_stream
from den_ref.tasks.attributes import ATTRIBUTES, principal
from den_ref.tasks.bases import BASES, linear_task
from den_ref.tasks.seeds import generator


@pytest.fixture(scope="module")
def attributes():
    return list(make_stream("attributes", noise=0.0, dtype="float64", order="4,7").tasks)


def test_a_task_is_one_class_against_all_others_on_the_same_samples(attributes):
    one, other = attributes
    for split in ("train", "valid", "test"):
        x, y = getattr(one, f"x_{split}"), getattr(one, f"y_{split}")
        assert x is getattr(other, f"x_{split}") and x.shape == (1500, 500) and y.shape == (1500, 1)
        assert np.flatnonzero(y).tolist() == list(range(4 * 30, 5 * 30))
        assert not (y * getattr(other, f"y_{split}")).any()


def test_features_are_principal_components_of_the_training_samples(attributes):
    """Mean 0, uncorrelated, strongest first, of variance 1 in mean; without noise there are 85 of them."""
    x = attributes[0].x_train
    covariance = x.T @ x / len(x)
    variances = covariance.diagonal()
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-10)
    np.testing.assert_allclose(covariance, np.diag(variances), atol=1e-9 * variances[0])
    assert (np.diff(variances) <= 1e-9).all() and variances.mean() == pytest.approx(1)
    assert variances[ATTRIBUTES - 1] > 0.1 and variances[ATTRIBUTES:].max() < 1e-9
    assert abs(attributes[0].x_test.mean(axis=0)).max() > 1e-3                   # another split has its own mean


def test_distances_are_kept_up_to_the_one_scale():
    x = np.random.default_rng(0).normal(size=(9, 4)) * [3, 1, 2, 1]
    turned, other = principal([x, x[:3]])
    far = [np.linalg.norm(z[:, None] - z[None], axis=2) for z in (x, turned)]
    np.testing.assert_allclose(far[0] / far[1].clip(1e-12), far[0][0, 1] / far[1][0, 1] * (1 - np.eye(9)), rtol=1e-9)
    np.testing.assert_allclose(other, turned[:3])


def test_noise_makes_it_harder():
    """Seen by least squares on one class: the margin between its samples and the others', in their deviations."""
    def margin(noise):
        task = make_stream("attributes", noise=noise, n_tasks=1, dtype="float64").tasks[0]
        weights = np.linalg.lstsq(task.x_train.T @ task.x_train + np.eye(500), task.x_train.T @ task.y_train[:, 0],
                                  rcond=None)[0]
        scores, own = task.x_test @ weights, task.y_test[:, 0] == 1
        return (scores[own].mean() - scores[~own].mean()) / scores[~own].std()

    assert margin(0.2) > 1.5 * margin(1.5) > 0
    with pytest.raises(ValueError, match="noise: expected a number from 0 to 100, got -1"):
        make_stream("attributes", noise=-1)


def test_weights_of_all_tasks_are_made_of_six_bases_three_at_a_time():
    """Least squares on all 600 samples finds them up to its error, about 1 / sqrt(600)."""
    weights, rest = [], []
    for index in range(30):
        x, y = linear_task(5, index)
        design = np.column_stack([x, np.ones(len(x))])
        weights.append(np.linalg.lstsq(design, y, rcond=None)[0])
        rest.append(np.std(y - design @ weights[-1]))
    strengths = np.linalg.svd(np.array(weights), compute_uv=False)
    assert strengths[BASES - 1] > 3 and strengths[BASES] < 0.5
    assert np.mean(rest) == pytest.approx(1, abs=0.03)                           # unit noise
    codes = np.linalg.lstsq(generator(5, "bases").standard_normal((13, BASES)), np.array(weights).T, rcond=None)[0]
    assert (np.sort(abs(codes), axis=0)[2] < 0.15).all() and np.median(np.sort(abs(codes), axis=0)[3]) > 0.15


def test_a_binary_label_says_whether_the_target_is_positive():
    task, (x, y) = make_stream("bases", seed=5, dtype="float64").tasks[3], linear_task(5, 3)
    np.testing.assert_array_equal(np.vstack([task.x_train, task.x_valid, task.x_test]), x)
    np.testing.assert_array_equal(np.vstack([task.y_train, task.y_valid, task.y_test])[:, 0], y > 0)
    assert len(task.x_train) == len(task.x_valid) == 50
