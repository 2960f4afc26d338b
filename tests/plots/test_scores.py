"""Pictures say what the matrix says: tests read the artists, not the pixels."""

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

from matplotlib import pyplot as plt

from den_ref.plots import performance_matrix

R = np.array([[0.9, np.nan, np.nan], [0.7, 0.8, np.nan], [0.6, 0.7, 1.0]])


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def test_matrix_shows_every_seen_score_and_no_unseen_one(ax):
    image = performance_matrix(ax, R, ["x", "y", "z"])
    np.testing.assert_array_equal(image.get_array().filled(np.nan), R)
    assert sorted(text.get_text() for text in ax.texts) == [".60", ".70", ".70", ".80", ".90", "1.00"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["x", "y", "z"]


def test_numbers_can_be_read_on_their_colours(ax):
    """The map goes from dark to light."""
    image = performance_matrix(ax, R, ["x", "y", "z"])
    for text in ax.texts:
        light = image.to_rgba(float(text.get_text()))[:3] @ np.array([0.3, 0.6, 0.1]) > 0.5
        assert text.get_color() == ("black" if light else "white"), text.get_text()


def test_a_row_is_a_stage_and_a_column_a_task(ax):
    performance_matrix(ax, R, ["x", "y", "z"], "accuracy")
    assert {text.get_text(): text.get_position() for text in ax.texts}[".60"] == (0, 2)      # on x, after learning z
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("tested on task", "after learning task")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["x", "y", "z"] and ax.get_title() == "accuracy"
