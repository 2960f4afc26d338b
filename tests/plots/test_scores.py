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
    performance_matrix(ax, R, ["x", "y", "z"])
    assert sorted(text.get_text() for text in ax.texts) == [".60", ".70", ".70", ".80", ".90", "1.00"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["x", "y", "z"]


def test_colours_are_what_became_of_a_task_since_it_was_learnt(ax):
    """On a range that is the same for all matrices, with 0 in its middle."""
    image = performance_matrix(ax, R, ["x", "y", "z"])
    np.testing.assert_allclose(image.get_array().filled(np.nan),
                               [[0, np.nan, np.nan], [-0.2, 0, np.nan], [-0.3, -0.1, 0]], atol=1e-12)
    assert image.get_clim() == performance_matrix(ax, 0 * R + 0.5, ["x", "y", "z"]).get_clim()
    assert sum(image.get_clim()) == 0
    assert [bar.get_ylabel() for bar in ax.figure.axes[1:]] == ["change since just learnt"] * 2
    assert len(ax.figure.axes) == 3 and performance_matrix(ax, R, "xyz", bar=False) and len(ax.figure.axes) == 3


def test_numbers_can_be_read_on_their_colours(ax):
    """On the dark ends of the map they are white."""
    since = {(i, j): R[i, j] - R[j, j] for i in range(3) for j in range(i + 1)}
    image = performance_matrix(ax, R, ["x", "y", "z"])
    seen = set()
    for text in ax.texts:
        j, i = text.get_position()
        light = image.to_rgba(since[i, j])[:3] @ np.array([0.3, 0.6, 0.1]) > 0.5
        seen.add(light)
        assert text.get_color() == ("black" if light else "white"), text.get_text()
    assert seen == {True, False}


def test_scores_have_the_digits_asked_for(ax):
    performance_matrix(ax, np.array([[0.9967]]), ["x"], digits=3)
    assert [text.get_text() for text in ax.texts] == [".997"]


def test_a_row_is_a_stage_and_a_column_a_task(ax):
    performance_matrix(ax, R, ["x", "y", "z"], "accuracy")
    assert {text.get_text(): text.get_position() for text in ax.texts}[".60"] == (0, 2)      # on x, after learning z
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("tested on task", "after learning task")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["x", "y", "z"] and ax.get_title() == "accuracy"
