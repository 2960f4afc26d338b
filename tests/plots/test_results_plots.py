"""Pictures say what the matrix says: tests read the artists, not the pixels."""

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

from matplotlib import pyplot as plt

from den_ref.plots import average_curves, performance_matrix

R = np.array([[0.9, np.nan, np.nan], [0.7, 0.8, np.nan], [0.6, 0.7, 1.0]])


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def test_average_curve_is_the_mean_over_tasks_learnt(ax):
    lines = average_curves(ax, {"DEN": [R], "STL": [R, R + 0.1]})
    np.testing.assert_allclose(lines[0].get_ydata(), [0.9, 0.75, 2.3 / 3])
    np.testing.assert_allclose(lines[1].get_ydata(), np.array([0.9, 0.75, 2.3 / 3]) + 0.05)
    assert {text.get_text() for text in ax.texts} == {"DEN", "STL"}


def test_labels_of_equal_curves_do_not_overlap(ax):
    average_curves(ax, {"a": [R], "b": [R], "c": [R]})
    heights = sorted(text.get_position()[1] for text in ax.texts)
    low, high = ax.get_ylim()
    assert min(np.diff(heights)) > 0.03 * (high - low)


def test_matrix_shows_every_seen_score_and_no_unseen_one(ax):
    image = performance_matrix(ax, R, ["x", "y", "z"])
    np.testing.assert_array_equal(image.get_array().filled(np.nan), R)
    assert sorted(text.get_text() for text in ax.texts) == [".60", ".70", ".70", ".80", ".90", "1.00"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["x", "y", "z"]
