"""Pictures of compared methods show what was handed in, and no name stands on another."""

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex

from den_ref.methods import REGISTRY
from den_ref.methods.labels import VARIATIONS
from den_ref.plots import curves, relative_axis, scores_against_cost, sweep
from den_ref.plots.canvas import canvas
from den_ref.plots.comparison import looks
from den_ref.plots.labels import label_points, within

METHODS = list(REGISTRY)
LOOKS = looks([*METHODS, *VARIATIONS])


@pytest.fixture
def ax():
    return canvas(1, 1, 5, 4)[1][0, 0]


def boxes(ax) -> dict:
    """Text -> its box in pixels, without the pointer, as drawn."""
    renderer = FigureCanvasAgg(ax.figure).get_renderer()
    ax.figure.draw_without_rendering()
    return {text.get_text(): matplotlib.text.Text.get_window_extent(text, renderer) for text in ax.texts}


def overlapping(ax) -> list:
    found = list(boxes(ax).items())
    return [(a, b) for i, (a, one) in enumerate(found) for b, other in found[i + 1:] if one.overlaps(other)]


# --- curves ------------------------------------------------------------------------------------------------------


def test_curves_are_means_and_bands_ranges(ax):
    runs = {"den": np.array([[0.9, 0.8, 0.7], [0.7, 0.8, 0.9], [0.8, 0.2, 0.8]]), "stl": np.array([[0.5, 0.5, 0.5]])}
    lines = curves(ax, runs, "tasks", "AUROC")
    np.testing.assert_allclose(lines[0].get_ydata(), [0.8, 0.6, 0.8])
    np.testing.assert_array_equal(lines[0].get_xdata(), [1, 2, 3])
    den, stl = (band.get_paths()[0].vertices for band in ax.collections)
    for stage, low, high in ((1, 0.7, 0.9), (2, 0.2, 0.8), (3, 0.7, 0.9)):
        reached = den[den[:, 0] == stage, 1]
        np.testing.assert_allclose([reached.min(), reached.max()], [low, high])
    np.testing.assert_allclose(stl[:, 1], 0.5)
    assert {text.get_text(): text.xy for text in ax.texts} == {"DEN": (3, pytest.approx(0.8)), "STL": (3, 0.5)}


def test_curves_begin_where_there_is_something_to_draw(ax):
    line, = curves(ax, {"ewc": [[np.nan, np.nan, 0.8, 0.6]]}, "", "")
    np.testing.assert_array_equal(line.get_xdata(), [3, 4])
    np.testing.assert_array_equal(line.get_ydata(), [0.8, 0.6])


@pytest.mark.parametrize("scores", [[0.8] * 7, [0.8, 0.801, 0.802, 0.5, 0.5, 0.9, 0.9], np.linspace(0.4, 0.9, 7)])
def test_names_of_seven_curves_do_not_overlap_and_stay_beside_the_axes(ax, scores):
    curves(ax, {label: [[0.9, score]] for label, score in zip(METHODS, scores)}, "tasks", "AUROC")
    assert len(ax.texts) == 7 and not overlapping(ax)
    page = ax.figure.bbox
    for box in boxes(ax).values():
        assert box.x0 > ax.bbox.x1 and page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 <= page.y1


def test_a_method_looks_the_same_everywhere_and_no_two_look_alike(ax):
    line, = curves(ax, {"ewc": [[1.0, 2.0]]}, "", "")
    marker, = scores_against_cost(ax, {"ewc": ([1.0], [0.5])}, "", "")
    assert line.get_color() == marker.get_color() == LOOKS["ewc"].colour and line.get_marker() == marker.get_marker()
    assert len({(each.colour, each.marker) for each in LOOKS.values()}) == len(LOOKS)
    others = looks(f"layer {i}" for i in range(6))
    assert len({(each.line, each.marker) for each in others.values()}) == 6


def test_networks_that_grow_have_a_colour_each():
    growers = "den", "progressive", "adanet", "nonparametric", "incremental-features", "tree"
    assert len({LOOKS[name].colour for name in growers}) == len(growers)


def test_what_says_no_look_gets_one_that_no_other_in_the_picture_has(ax):
    drawn = looks(["den", "some_module:Mine", "another", "ewc"])
    assert [drawn[name] for name in ("den", "ewc")] == [REGISTRY[name].look for name in ("den", "ewc")]
    assert len(set(drawn.values())) == 4
    curves(ax, {name: [[0.5, score]] for name, score in zip(drawn, (0.6, 0.7, 0.8, 0.9))}, "", "")
    assert {text.get_text() for text in ax.texts} == {"DEN", "some_module:Mine", "another", "EWC"}


def test_a_variation_is_not_drawn_as_its_method(ax):
    """Its colour and marker say that it is another line, in every picture that has both."""
    drawn = looks(["den", "den sigma=0.6", "den sigma=0.2", "ewc lam=3", "ewc", "finetune, DEN's size", "finetune"])
    assert len({(look.colour, look.line, look.marker) for look in drawn.values()}) == len(drawn)
    assert (drawn["den"], drawn["ewc"]) == (REGISTRY["den"].look, REGISTRY["ewc"].look)
    curves(ax, {name: [[0.5, 0.6 + i / 10]] for i, name in enumerate(drawn)}, "", "")
    assert len({(line.get_color(), line.get_linestyle(), line.get_marker()) for line in ax.lines}) == len(drawn)


@pytest.mark.parametrize("colour", sorted({each.colour for each in LOOKS.values()}))
def test_letters_can_be_read_on_white(ax, colour):
    """Contrast by WCAG: at least 3, as for large text and pictures."""
    label_points(ax, {"name": (0.5, 0.5)}, {"name": colour})
    parts = [int(to_hex(ax.texts[0].get_color())[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    assert 1.05 / (np.dot([0.2126, 0.7152, 0.0722], linear) + 0.05) >= 3


# --- points ------------------------------------------------------------------------------------------------------


def test_points_are_means_and_bars_ranges(ax):
    marker, = scores_against_cost(ax, {"den": ([0.1, 0.2, 0.3], [0.8, 0.7, 0.9])}, "size", "AUROC")
    np.testing.assert_allclose([marker.get_xdata()[0], marker.get_ydata()[0]], [0.2, 0.8])
    across, up = (line for line in ax.lines if line is not marker)
    np.testing.assert_allclose([across.get_xdata(), up.get_ydata()], [[0.1, 0.3], [0.7, 0.9]])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_names_of_points_in_a_crowd_do_not_overlap(ax, seed):
    """Thirteen of them: with all there are in one corner of so small a picture there is no room left."""
    rng = np.random.default_rng(seed)
    younger = "nearest-mean", "tree", "si", "imm", "ella", "gomtl", "incremental-features", "adanet", "nonparametric"
    crowd = [name for name in METHODS if name not in ("dnn-l2-selective", "den-dynamic", "den-constant", *younger)]
    points = {label: ([0.1 * 1.02 ** i], [rng.uniform(0.5, 0.9)]) for i, label in enumerate(crowd)}
    points["stl"] = ([1.0], [0.85])
    scores_against_cost(ax, points, "size", "AUROC", log=True)
    assert len(ax.texts) == len(crowd) == 13
    assert not overlapping(ax)
    assert all(ax.bbox.x0 <= box.x0 and box.x1 <= ax.bbox.x1 + 5 for box in boxes(ax).values())


def test_a_second_axis_counts_in_parts_of_another(ax):
    scores_against_cost(ax, {"den": ([0.1], [0.5]), "stl": ([1.0], [0.6])}, "size", "AUROC", log=True)
    top = relative_axis(ax, 0.1, "of MTL's")
    ax.figure.draw_without_rendering()
    np.testing.assert_allclose(top.get_xlim(), np.array(ax.get_xlim()) / 0.1)


def test_a_sweep_leads_through_den_which_ends_in_finetune(ax):
    points = [(0.2, 0.15, 0.865, False), (0.35, 0.1, 0.86, True), (0.5, 0.08, 0.85, False)]
    line, den, finetune = sweep(ax, "sigma", points, (0.1, 0.87), {"stl": 0.84}, "size", "AUROC")
    np.testing.assert_array_equal(line.get_xydata(), [(0.15, 0.865), (0.1, 0.86), (0.08, 0.85)])
    np.testing.assert_array_equal([den.get_xydata()[0], finetune.get_xydata()[0]], [(0.1, 0.86), (0.1, 0.87)])
    assert any(list(other.get_ydata()) == [0.84, 0.84] for other in ax.lines)      # STL's level
    names = {text.get_text(): text.xy for text in ax.texts}
    assert set(names) == {"0.2", "0.35", "0.5", "Finetune", "STL"} and ax.get_title() == "σ varied"
    assert names["0.2"] == (0.15, 0.865) and names["0.35"] == (0.1, 0.86) and names["Finetune"] == (0.1, 0.87)
    assert not overlapping(ax)


def test_a_sweep_without_finetune(ax):
    line, den = sweep(ax, "k", [(5, 0.1, 0.86, True), (10, 0.2, 0.87, False)], None, {}, "size", "AUROC")
    assert [text.get_text() for text in ax.texts] == ["5", "10"]


def test_positions_are_moved_as_little_as_may_be():
    np.testing.assert_allclose(within([0.0, 0.0, 5.0], 1, -9, 9), [-0.5, 0.5, 5])
    np.testing.assert_allclose(within([0.0, 0.0, 5.0], 1, 0, 9), [0, 1, 5])
    np.testing.assert_allclose(within([8.8, 9.0], 1, 0, 9), [8, 9])
    assert len(within([], 1, 0, 9)) == 0
