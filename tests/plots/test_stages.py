"""Pictures of a run stage by stage: artists say what R says, and nothing is made to look larger than it is."""

import numpy as np
import pytest

from den_ref import plots
from den_ref.plots.canvas import canvas

NAN = np.nan
R = np.array([[0.9, NAN, NAN], [0.6, 0.8, NAN], [0.7, 0.75, 0.95]])
TASKS = ["x", "y", "z"]


@pytest.fixture
def ax():
    return canvas()[1][0, 0]


def test_a_line_falls_by_what_is_forgotten(ax):
    lines = plots.forgetting_curves(ax, R, TASKS)
    assert [line.get_xdata().tolist() for line in lines] == [[1, 2, 3], [2, 3], [3]]
    for line, changes in zip(lines, ([0, -0.3, -0.2], [0, -0.05], [0])):
        assert line.get_ydata() == pytest.approx(changes)
    assert sorted(text.get_text() for text in ax.texts) == ["task x", "task y", "task z"]


@pytest.mark.parametrize("last", [0.9, NAN])
def test_nothing_forgotten_is_a_flat_line(ax, last):
    plots.forgetting_curves(ax, np.array([[0.9, NAN], [last, 0.8]]), ["x", "y"])
    low, high = ax.get_ylim()
    assert low <= -0.1 and high >= 0.02


def test_before_and_after_a_stage(ax):
    lines, = plots.before_and_after(ax, R[1, :2], R[2], TASKS)
    assert [path.vertices[:, 0].tolist() for path in lines.get_paths()] == [[0.6, 0.7], [0.8, 0.75]]
    assert [text.get_text() for text in ax.texts] == ["0.7000", "0.7500", "0.9500"]
    low, high = ax.get_xlim()
    assert low < 0.6 and high > 0.95 and ax.yaxis_inverted()


@pytest.mark.parametrize("before, after", [([], [0.99]), ([0.99], [0.985, 0.99]), ([NAN], [NAN, NAN])])
def test_scores_close_to_each_other_look_so(ax, before, after):
    plots.before_and_after(ax, before, after, TASKS[:len(after)])
    low, high = ax.get_xlim()
    assert high - low >= 0.1


def test_widths_are_said_at_their_points(ax):
    lines = plots.widths_by_stage(ax, [[8, 6], [17, 16], [18, 25]])
    assert [line.get_ydata().tolist() for line in lines] == [[8, 17, 18], [6, 16, 25]]
    assert [text.get_text() for text in ax.texts] == ["8", "17", "18", "6", "16", "25", "layer 1", "layer 2"]
    assert ax.get_ylim()[0] == 0
