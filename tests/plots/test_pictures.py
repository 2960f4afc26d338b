"""Pictures of the algorithm say what was handed in: tests read the artists, not the pixels."""

import inspect
from dataclasses import replace

import matplotlib.pyplot
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure

import den_ref.plots as plots
from den_ref.core.penalties import L1, SquaredL2
from den_ref.core.result import Result
from den_ref.core.solvers import fista
from den_ref.den.network import NEVER, Head, Network
from den_ref.methods import REGISTRY
from den_ref.plots import Segment, Style
from den_ref.plots.network import layout
from den_ref.plots.panels import panels
from den_ref.plots.style import PLAIN, spread
from den_ref.protocol import Step


@pytest.fixture
def ax():
    return Figure(layout="constrained").add_subplot()


def random_network(widths=(5, 4), n_inputs=3, seed=0):
    """Two tasks; unit 1 of layer 1 retired before the second, the last unit of every layer came with it."""
    rng, sizes = np.random.default_rng(seed), [n_inputs, *widths]
    weights = [rng.normal(size=shape) for shape in zip(sizes, sizes[1:])]
    introduced = [np.array([1] * (n - 1) + [2], np.int32) for n in widths]
    retired = [np.full(n, NEVER, np.int32) for n in widths]
    retired[0][1] = 2
    heads = [Head(name, t, rng.normal(size=(widths[-1], 1)), np.zeros(1)) for t, name in ((1, "a"), (2, "b"))]
    return Network(weights, [np.zeros(n) for n in widths], introduced, retired, heads)


def legend_of(ax):
    """The words of the legend, in their order."""
    return [text.get_text() for text in ax.get_legend().get_texts()]


def segments_of(collection):
    """Both ends of every line, as a set of rounded numbers."""
    return {tuple(np.round(line, 6).ravel()) for line in collection.get_segments()}


# --- shrinkage ---------------------------------------------------------------------------------------------------


def test_l1_ball_is_the_diamond_and_marks_exact_zeros(ax):
    points = np.array([[2.0, 0.0], [0.5, -2.0], [2.0, 2.0]])
    projections = np.array([[1.5, 0.0], [0.0, -1.5], [0.75, 0.75]])
    ball, start, end, *arrows = plots.norm_ball(ax, points, projections, radius=1.5)
    assert {tuple(corner) for corner in ball.get_xy()} == {(1.5, 0), (0, 1.5), (-1.5, 0), (0, -1.5)}
    np.testing.assert_array_equal(np.transpose(start.get_data()), points)
    np.testing.assert_array_equal(end.get_offsets(), projections)
    assert [to_hex(colour) == PLAIN.accent.lower() for colour in end.get_facecolors()] == [True, True, False]
    assert len(arrows) == 3


def test_l2_ball_is_the_disc_and_other_norms_are_refused(ax):
    ball = plots.norm_ball(ax, [[2.0, 0.0]], [[1.0, 0.0]], norm="l2", radius=1.0)[0]
    assert (ball.center, ball.radius) == ((0, 0), 1.0)
    with pytest.raises(ValueError, match="norm: expected 'l1' or 'l2', got 'l3'"):
        plots.norm_ball(ax, [[2.0, 0.0]], [[1.0, 0.0]], norm="l3")


def test_prox_graph_draws_each_curve_over_z(ax):
    z = np.array([-2.0, 0.0, 2.0])
    lines = plots.prox_graph(ax, z, {"one": [-1, 0, 1], "two": [0, 0, 0]}, threshold=1.0)
    np.testing.assert_array_equal(lines[0].get_ydata(), [-1, 0, 1])
    np.testing.assert_array_equal(lines[1].get_xdata(), z)
    assert len({line.get_linestyle() for line in lines}) == 2


def test_shrunk_weights_counts_the_exact_zeros(ax):
    before, after = np.array([3.0, -2.0, 0.5, -0.1]), np.array([2.0, -1.0, 0.0, 0.0])
    old, new, shade = plots.shrunk_weights(ax, before, after)
    np.testing.assert_array_equal(old.get_ydata(), [-2, -0.1, 0.5, 3])
    np.testing.assert_array_equal(new.get_ydata(), [-1, 0, 0, 2])
    assert (shade.get_x(), shade.get_width()) == (0.5, 2)          # ranks 1 and 2
    assert shade.get_label() == "exactly 0: 50%"


def test_zeros_against_strength(ax):
    line, = plots.zeros_against_strength(ax, [0.1, 1.0], {"prox": [0.25, 0.75]})
    np.testing.assert_array_equal(line.get_ydata(), [0.25, 0.75])
    assert ax.get_xscale() == "log"


#: A loss of two weights: its curvature, and where it is smallest.
CURVED, LOWEST = np.array([[1.0, -0.4], [-0.4, 1.0]]), np.array([0.8, 2.0])


def solved(penalty):
    """The minimiser of the loss and a penalty, by the package's solver."""
    return fista(lambda w: ((w - LOWEST) @ CURVED @ (w - LOWEST) / 2, CURVED @ (w - LOWEST)), penalty, np.zeros(2),
                 tol=1e-12).x


def test_lasso_of_two_weights_is_the_closed_form(ax):
    """With w1 = 0 the second weight has a problem of its own; the subdifferential says that the first stays there."""
    mu, w = 1.0, solved(L1(1.0))
    alone = LOWEST[1] + (CURVED[0, 1] * LOWEST[0] - mu) / CURVED[1, 1]
    assert w[0] == 0 and abs(w[1] - alone) < 1e-10
    assert abs(CURVED[0] @ (w - LOWEST)) < mu
    ball, _, low, end = plots.touched_ball(ax, CURVED, LOWEST, w)
    np.testing.assert_allclose(ball.get_xy().max(axis=0), [alone, alone])
    np.testing.assert_array_equal(np.ravel(low.get_data()), LOWEST)
    np.testing.assert_array_equal(np.ravel(end.get_data()), w)
    assert ax.get_title() == "L1: $w_1$ is exactly 0"


def test_ridge_of_two_weights_touches_its_disc_and_is_nowhere_0(ax):
    w = solved(SquaredL2(1.0))
    np.testing.assert_allclose(w, np.linalg.solve(CURVED + np.eye(2), CURVED @ LOWEST), atol=1e-10)
    ball, contours, *_ = plots.touched_ball(ax, CURVED, LOWEST, w, norm="l2")
    assert ball.get_radius() == np.linalg.norm(w) and ax.get_title() == "L2: no weight is 0"
    touching = contours.get_paths()[int(np.argmax(contours.get_linewidths()))].vertices
    sizes = np.linalg.norm(touching, axis=1)                       # outside of the disc but for the point of contact
    assert sizes.min() > np.linalg.norm(w) - 1e-3
    np.testing.assert_allclose(touching[sizes.argmin()], w, atol=0.05)


def test_a_ball_of_another_norm_is_refused(ax):
    with pytest.raises(ValueError, match="norm: expected 'l1' or 'l2', got 'l3'"):
        plots.touched_ball(ax, CURVED, LOWEST, [0.0, 1.0], norm="l3")


# --- solves ------------------------------------------------------------------------------------------------------


def test_convergence_leaves_out_what_reaches_the_best(ax):
    first, second = plots.convergence(ax, {"a": [3.0, 1.0, 0.5], "b": [3.0, 0.5]}, best=0.5)
    assert legend_of(ax) == ["a", "b"]
    np.testing.assert_array_equal(first.get_data(), [[1, 2], [2.5, 0.5]])
    np.testing.assert_array_equal(second.get_data(), [[1], [2.5]])


def test_residuals_are_logarithmic(ax):
    line, = plots.residuals(ax, [1.0, 1e-3, 0.0])
    np.testing.assert_array_equal(line.get_data(), [[0, 1], [1, 1e-3]])
    assert (ax.get_yscale(), ax.get_ylabel()) == ("log", "residual")


@pytest.mark.parametrize(("name", "label"), [("residual", "residual"), ("prox_residual", "prox residual")])
def test_the_certificate_of_a_solve_is_drawn_under_its_name(ax, name, label):
    solve = Result(history={"objective": [2.0, 1.0], name: [1.0, 1e-3]})
    panel, = panels(Step(1, 0, "linear", "a linear head", "done", solve=solve))
    line, = panel.draw(ax, style=PLAIN)
    np.testing.assert_array_equal(line.get_ydata(), [1, 1e-3])
    assert ax.get_ylabel() == label


def test_training_marks_the_lowest_validation_loss(ax):
    loss, validation, lowest = plots.training(ax, [3.0, 2.0, 1.0], [2.0, 1.5, 1.75])
    np.testing.assert_array_equal(loss.get_data(), [[1, 2, 3], [3, 2, 1]])
    np.testing.assert_array_equal(validation.get_ydata(), [2, 1.5, 1.75])
    np.testing.assert_array_equal(lowest.get_data(), [[2], [1.5]])
    assert legend_of(ax) == ["training", "validation", "lowest, epoch 2"]


def test_training_without_validation_is_one_line(ax):
    assert len(plots.training(ax, [3.0, 2.0], [None, float("nan")])) == 1


def test_a_start_that_competes_is_epoch_0(ax):
    _, validation, lowest = plots.training(ax, [3.0, 2.0], [2.0, 1.5], 1.25)
    assert validation.get_xydata().tolist() == [[0, 1.25], [1, 2.0], [2, 1.5]]
    assert lowest.get_xydata().tolist() == [[0, 1.25]] and legend_of(ax)[-1] == "lowest: the start"
    _, _, lowest = plots.training(ax, [3.0, 2.0], [2.0, 1.0], 1.25)
    assert lowest.get_xydata().tolist() == [[2, 1.0]]


# --- the network -------------------------------------------------------------------------------------------------


def test_network_has_a_point_per_unit_and_no_two_in_one_place(ax):
    graph = plots.network_graph(ax, random_network())
    assert [len(layer.get_offsets()) for layer in graph.layers] == [3, 5, 4, 2]
    places = np.concatenate([layer.get_offsets() for layer in graph.layers])
    assert len(np.unique(places, axis=0)) == 14
    assert graph.block is None


def test_network_colours_units_by_the_stage_that_introduced_them(ax):
    graph = plots.network_graph(ax, random_network())
    colours = [to_hex(colour) for colour in graph.layers[2].get_facecolors()]
    assert colours == [PLAIN.colour(0).lower()] * 3 + [PLAIN.colour(1).lower()]
    shapes = [len(path.vertices) for path in graph.layers[2].get_paths()]
    assert shapes[0] == shapes[2] != shapes[3]                     # a circle, a square


def test_network_fades_retired_units_and_draws_no_line_to_them(ax):
    network = random_network()
    graph = plots.network_graph(ax, network)
    assert graph.layers[1].get_facecolors()[:, 3].tolist() == [1, PLAIN.faded, 1, 1, 1]
    retired = graph.layers[1].get_offsets()[1]
    ends = np.concatenate([np.reshape(lines.get_segments(), (-1, 2)) for lines in graph.edges])
    assert not (ends == retired).all(axis=1).any()
    assert [len(lines.get_segments()) for lines in graph.edges] == [3 * 4, 4 * 4, 4]


def test_network_of_an_earlier_stage_fades_later_units(ax):
    graph = plots.network_graph(ax, random_network(), stage=1)
    assert graph.layers[1].get_facecolors()[:, 3].tolist() == [1, 1, 1, 1, PLAIN.faded]
    to_heads = np.array(graph.edges[-1].get_segments())[:, 1]
    assert (to_heads == graph.layers[3].get_offsets()[0]).all() and len(to_heads) == 3


def test_network_lights_what_is_selected(ax):
    graph = plots.network_graph(ax, random_network(), selected=[[0, 2], [0, 4], [3]])
    rims = [layer.get_edgecolors()[:, 3].astype(bool).tolist() for layer in graph.layers]
    assert rims == [[True, False, True], [True, False, False, False, True], [False, False, False, True], [False, True]]
    lit = [line for line, colour in zip(graph.edges[0].get_segments(), graph.edges[0].get_colors())
           if to_hex(colour) == PLAIN.accent.lower()]
    below, above = graph.layers[0].get_offsets(), graph.layers[1].get_offsets()
    assert {tuple(line.ravel()) for line in map(np.array, lit)} == {
        (*below[i], *above[j]) for i in (0, 2) for j in (0, 4)}
    alphas = graph.layers[2].get_facecolors()[:, 3]
    assert alphas[3] == 1 and (alphas[:3] < 0.5).all()


def test_network_with_an_empty_selection_lights_the_head_alone(ax):
    graph = plots.network_graph(ax, random_network(), selected=[[], [], []])
    assert [layer.get_edgecolors()[:, 3].sum() for layer in graph.layers] == [0, 0, 0, 1]


def test_network_draws_at_most_so_many_edges_the_largest_first(ax):
    network = random_network()
    graph = plots.network_graph(ax, network, edges=5)
    seen = np.delete(np.abs(network.weights[1]), 1, axis=0)
    fifth = np.sort(seen.ravel())[-5]
    strong = [(i, j) for i in range(5) for j in range(4) if i != 1 and abs(network.weights[1][i, j]) >= fifth]
    below, above = graph.layers[1].get_offsets(), graph.layers[2].get_offsets()
    assert segments_of(graph.edges[1]) == {tuple(np.round([*below[i], *above[j]], 6)) for i, j in strong}
    assert "5 of 12, 5 of 16, 4 of 4" in ax.get_legend().get_title().get_text()


def test_network_draws_selected_edges_before_larger_ones(ax):
    network = random_network()
    network.weights[0][0, 0] = 1e-3
    graph = plots.network_graph(ax, network, selected=[[0], [0], [0]], edges=1)
    places = [layer.get_offsets()[0] for layer in graph.layers[:2]]
    np.testing.assert_allclose(graph.edges[0].get_segments(), [places])


def test_network_before_the_first_task(ax):
    network = replace(random_network(), heads=[])
    graph = plots.network_graph(ax, network)
    assert [len(layer.get_offsets()) for layer in graph.layers] == [3, 5, 4, 0]
    assert sum(len(lines.get_segments()) for lines in graph.edges) == 0                      # stage 0 sees no unit


def test_network_does_not_draw_zero_edges(ax):
    network = random_network()
    network.weights[0][:] = 0
    assert len(plots.network_graph(ax, network).edges[0].get_segments()) == 0


def test_network_crosses_out(ax):
    graph = plots.network_graph(ax, random_network(), crossed=[[4], []])
    np.testing.assert_array_equal(np.transpose(graph.crosses[0].get_data()), graph.layers[1].get_offsets()[[4]])
    assert len(graph.crosses[1].get_xdata()) == 0


def test_many_inputs_are_one_block_with_lines_from_where_each_stands(ax):
    network = random_network(n_inputs=784)
    graph = plots.network_graph(ax, network, edges=10)
    assert graph.layers[0] is None and graph.block in ax.patches
    starts = np.array(graph.edges[0].get_segments())[:, 0]
    low, high = graph.block.get_y(), graph.block.get_y() + graph.block.get_height()
    assert (starts[:, 0] == graph.block.get_x() + graph.block.get_width()).all()
    assert ((low <= starts[:, 1]) & (starts[:, 1] <= high)).all() and len(np.unique(starts[:, 1])) > 1


@pytest.mark.parametrize("sizes", [[784, 128, 64, 1], [12, 8, 6, 4], [784, 1280, 640, 10], [3, 2, 1], [30, 25, 7, 0]])
def test_layout_keeps_units_apart_and_layers_in_order(sizes):
    places = layout(sizes)
    assert [len(place) for place in places] == sizes
    for place in places[1:]:
        apart = np.linalg.norm(place[:, None] - place, axis=2) + np.eye(len(place)) * 9
        sides = {round(float(d), 6) for d in apart.min(axis=1, initial=9)}
        assert len(place) < 2 or (len(sides) == 1 and min(sides) > 0)            # one spacing for the whole layer
    spans = [(place[:, 0].min(), place[:, 0].max()) for place in places if len(place)]
    assert all(right[0] - left[1] >= 2 for left, right in zip(spans, spans[1:]))


# --- matrices ----------------------------------------------------------------------------------------------------


def test_weight_matrix_is_symmetric_around_0_and_outlines_every_block(ax):
    w = np.arange(12.0).reshape(3, 4) - 8
    image, *blocks = plots.weight_matrix(ax, w, [Segment("inputs", 3)],
                                         [Segment("old", 2), Segment("new", 0), Segment("copy", 2)])
    np.testing.assert_array_equal(image.get_array(), w)
    assert image.get_clim() == (-8, 8)
    assert [(b.get_x(), b.get_y(), b.get_width(), b.get_height()) for b in blocks] == [
        (-0.5, -0.5, 2, 3), (1.5, -0.5, 2, 3)]
    assert [text.get_text() for text in ax.texts] == ["inputs 3", "old 2", "copy 2"]


def test_names_of_narrow_blocks_stand_apart(ax):
    plots.weight_matrix(ax, np.ones((2, 200)), [], [Segment("old", 197), Segment("new", 1), Segment("copy", 2)])
    assert np.diff([text.get_position()[0] for text in ax.texts]).min() > 0.2


def test_head_weights_mark_exact_zeros(ax):
    stems, zeros = plots.head_weights(ax, np.array([[0.0, 0.0], [0.5, -2.0], [0.0, 1e-9]]))
    np.testing.assert_array_equal(zeros.get_data(), [[0], [0]])
    assert ax.get_title() == "1 of 3 are exactly 0 (marked)"
    assert [segment[1].tolist() for segment in stems.get_segments()] == [[1, -2], [2, 1e-9]]


def test_a_head_of_zeros_has_a_scale_to_be_read(ax):
    plots.head_weights(ax, np.zeros((3, 1)))
    assert ax.get_ylim() == (-1, 1)


def test_changes_of_what_units_hear(ax):
    stems, alone = plots.unit_changes(ax, np.array([[3.0, 0.0, 1.0], [-4.0, 0.0, 0.0]]), layer=1)
    assert [segment[1].tolist() for segment in stems.get_segments()] == [[0, 5], [2, 1]]
    np.testing.assert_array_equal(alone.get_data(), [[1], [0]])
    assert (ax.get_xlabel(), ax.get_title()) == ("unit of layer 1", "1 of 3 are left as they were (marked)")


# --- expansion ---------------------------------------------------------------------------------------------------


NORMS = np.array([[1.0, 1.0, 2.0], [0.5, 0.0, 2.0], [0.0, 0.0, 1.0]])


@pytest.mark.parametrize(("kept", "dashed"), [(None, [True, True, False]), (1, [False, True, False])])
def test_group_norms_tell_exact_zeros_of_the_epoch_kept(ax, kept, dashed):
    lines = plots.group_norms(ax, NORMS, kept=kept)
    np.testing.assert_array_equal([line.get_ydata() for line in lines], NORMS.T)
    assert [line.get_linestyle() == "--" for line in lines] == dashed
    assert set(legend_of(ax)) == {f"exactly 0: {sum(dashed)}", f"stays: {3 - sum(dashed)}"} | (
        {"epoch kept"} if kept else set())
    assert [line.get_xdata()[0] for line in ax.lines if line.get_label() == "epoch kept"] == ([kept] if kept else [])


def test_what_norms_do_after_the_epoch_kept_is_said_to_be_dropped(ax):
    plots.group_norms(ax, NORMS, kept=1)
    assert "after the one kept" in ax.get_xlabel()
    [shade] = ax.patches
    assert (shade.get_x(), shade.get_x() + shade.get_width()) == (1, 2)
    ax.clear()
    plots.group_norms(ax, NORMS, kept=2)
    assert "kept" not in ax.get_xlabel()


def test_loss_against_tau(ax):
    bar, tau, rate = plots.loss_against_tau(ax, [0.3], ["loss"], tau=0.05, base_rate=0.69)
    assert bar.get_width() == 0.3
    assert (tau.get_xdata()[0], rate.get_xdata()[0]) == (0.05, 0.69)
    assert legend_of(ax) == ["tau = 0.05", "base rate = 0.69"]
    assert len(plots.loss_against_tau(ax, [0.3], ["loss"], tau=np.inf)) == 1


def test_shares_are_parts_of_wholes(ax):
    bars = plots.shares(ax, [1, 0, 0], [4, 3, 0], ["a", "b", "c"], xlabel="share")
    assert [bar.get_width() for bar in bars] == [0.25, 0, 0]
    assert [text.get_text() for text in ax.texts] == ["1 of 4", "0 of 3", "0 of 0"]


# --- splitting ---------------------------------------------------------------------------------------------------


def test_drift_draws_sigma_and_marks_the_split(ax):
    units, rho = np.array([0, 2, 5, 7]), np.array([0.1, 0.9, 0.2, np.inf])
    stays, split, infinite, sigma = plots.drift(ax, units, rho, 0.35, [2, 7])
    np.testing.assert_array_equal(stays.get_offsets(), [[0, 0.1], [5, 0.2]])
    np.testing.assert_array_equal(split.get_offsets(), [[2, 0.9]])
    assert infinite.get_offsets()[0, 0] == 7 and 0.9 < infinite.get_offsets()[0, 1] < ax.get_ylim()[1]
    assert set(sigma.get_ydata()) == {0.35}
    assert legend_of(ax) == ["stays: 2", "split: 2", "infinite: 1", "sigma = 0.35"]


@pytest.mark.parametrize("sigma", [None, np.inf])
def test_drift_without_a_line(ax, sigma):
    assert len(plots.drift(ax, [0, 1], [0.0, 0.0], sigma)) == 3


def test_filters_are_the_units_images(ax):
    incoming = np.arange(2 * 3 * 6.0).reshape(2, 3, 6) - 40
    image = plots.filters(ax, incoming, (2, 3), ["a", "b", "c"], ["u", "v"])
    mosaic = image.get_array().filled(np.nan)
    assert mosaic.shape == (2 * 4, 3 * 5) and image.get_clim() == (-40, 40)
    np.testing.assert_array_equal(mosaic[4 + 1:4 + 3, 10 + 1:10 + 4], incoming[1, 2].reshape(2, 3))
    np.testing.assert_array_equal(mosaic[1:3, 6:9], incoming[0, 1].reshape(2, 3))
    assert np.isnan(mosaic).sum() == mosaic.size - incoming.size


def test_timestamps_are_a_staircase(ax):
    image = plots.timestamps(ax, [1, 1, 2, 3], [NEVER, 2, NEVER, NEVER], ["a", "b", "c"])
    nan = np.nan
    np.testing.assert_array_equal(image.get_array().astype(float).filled(nan),
                                  [[1, 1, 1], [1, nan, nan], [nan, 2, 2], [nan, nan, 3]])
    assert [to_hex(image.cmap(image.norm(stage))) for stage in (1, 2, 3)] == [
        PLAIN.colour(i).lower() for i in range(3)]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a\n2", "b\n2", "c\n3"]
    assert ax.get_xlabel().endswith("\nwhite: not there yet, or retired by a split")
    _, treads = ax.collections                                     # where a stage's units begin, from its task on
    assert [line.tolist() for line in treads.get_segments()] == [[[1.5, 1.5], [3.5, 1.5]], [[2.5, 2.5], [3.5, 2.5]]]


# --- what all share ----------------------------------------------------------------------------------------------


def brute_spread(positions, gap):
    """The least squares places with these gaps, by projecting many times."""
    from scipy.optimize import minimize

    gaps = [{"type": "ineq", "fun": lambda x, i=i: x[i + 1] - x[i] - gap} for i in range(len(positions) - 1)]
    return minimize(lambda x: np.sum((x - positions) ** 2), np.arange(len(positions)) * gap, constraints=gaps,
                    tol=1e-12).x


@pytest.mark.parametrize("positions", [[0, 0, 0], [0, 0.1, 5, 5.2, 5.3, 5.4], [1, 2, 3], [0, 0.9, 1.0, 1.1, 4]])
def test_labels_move_as_little_as_may_be(positions):
    np.testing.assert_allclose(spread(positions, 1.0), brute_spread(np.array(positions, float), 1.0), atol=1e-4)


def test_seven_colours_and_six_shapes_repeat_late():
    pairs = {(PLAIN.colour(i), PLAIN.marker(i)) for i in range(42)}
    assert len(pairs) == 42


def luminance(colour):
    """Relative luminance (Rec. 709)."""
    linear = np.array(to_rgba(colour)[:3])
    linear = np.where(linear <= 0.04045, linear / 12.92, ((linear + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_colours_stand_out_from_white():
    assert all(luminance(colour) < 0.5 for colour in (*PLAIN.colours, PLAIN.plain, PLAIN.accent, PLAIN.muted))


#: What is drawn, across and up, of every picture that says it by itself.
AXES = {
    "touched_ball": ((np.eye(2), [1.0, 2.0], [0.0, 1.0]), {}, "$w_1$", "$w_2$"),
    "norm_ball": (([[2.0, 0.0]], [[1.0, 0.0]]), {}, "$w_1$", "$w_2$"),
    "prox_graph": (([0.0, 1.0], {"a": [0.0, 0.5]}), {}, "z", "prox(z)"),
    "shrunk_weights": (([1.0, 2.0], [0.0, 1.0]), {}, "weights in ascending order", "weight"),
    "zeros_against_strength": (([0.1, 1.0], {"a": [0.2, 0.9]}), {}, "strength", "share of exact zeros"),
    "convergence": (({"a": [2.0, 1.5]}, 1.0), {}, "iteration (from 1, the start)", "objective - best"),
    "residuals": (([0.1, 0.01],), {}, "iteration", "residual"),
    "training": (([1.0, 0.5], [1.0, 0.6]), {}, "epoch", "loss"),
    "group_norms": (([[1.0], [0.0]],), {"layer": 2}, "epoch of Eq. 5", "norm of new units of layer 2"),
    "loss_against_tau": (([0.3], ["L"]), {}, "loss", ""),
    "drift": (([0, 1], [0.1, 0.2], 0.3), {"layer": 2}, "unit of layer 2", "drift"),
    "timestamps": (([1, 1], [NEVER, NEVER], ["a"]), {}, "task, units that serve it", "unit"),
    "weight_matrix": ((np.eye(2),), {"name": "W1"},
                      "to unit (a column is what it hears)\nW1: orange < 0 < purple, full at 1", "from"),
    "head_weights": (([[1.0], [0.0]],), {}, "unit of the top layer that the stage sees", "weight in the head"),
    "confusion_matrix": ((np.eye(2), ["a", "$b$"], ["a", "c"]), {}, "answer", "class"),
    "performance_matrix": ((np.eye(2), ["a", "b"]), {}, "tested on task", "after learning task"),
    "forgetting_curves": ((np.eye(2), ["a", "b"]), {}, "tasks learnt", "change of AUROC"),
    "before_and_after": (([0.5], [0.4, 0.6], ["a", "b"]), {}, "AUROC", "task"),
    "units_by_task": (([[3, 2], [4, 2]],), {}, "tasks learnt", "units"),
    "costs_per_unit": (({"den": 10.0, "stl": np.nan},), {"xlabel": "cost"}, "cost", ""),
    "readers": (({"den": [3, 1], "stl": [4, 0]},), {}, "share of the parameters", ""),
    "widths_by_stage": (([[3, 2], [4, 2]],), {}, "tasks learnt", "units"),
}


def test_units_stand_on_the_layers_below(ax):
    first, second = plots.units_by_task(ax, [[3, 0], [4, 2.25]])
    assert [bar.get_height() for bar in first] == [3, 4]
    assert [(bar.get_y(), bar.get_height()) for bar in second] == [(3, 0), (4, 2.25)]
    assert {text.get_text(): text.xy for text in ax.texts} == {"3": (1, 3), "6": (2, 6.25)}


def test_what_was_not_counted_says_so(ax):
    mark, none = plots.costs_per_unit(ax, {"den": 123.0, "stl": np.nan}, "cost")
    assert [text.get_text() for text in ax.texts] == ["123", "not counted"]
    assert mark.get_xydata().tolist() == [[123, 0]] and np.isnan(none.get_xdata()).all()
    assert mark.get_color() == REGISTRY["den"].look.colour and ax.get_xscale() == "log"


def test_readers_are_shares_from_one_task_on(ax):
    by_one, by_two = plots.readers(ax, {"den": [3, 1], "stl": [4, 0]})
    assert [bar.get_width() for bar in by_one] == [0.75, 1.0]
    assert [(bar.get_x(), bar.get_width()) for bar in by_two] == [(0.75, 0.25), (1.0, 0.0)]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["1", "2"]
    assert sum(by_two[0].get_facecolor()[:3]) < sum(by_one[0].get_facecolor()[:3])         # the more the darker


@pytest.mark.parametrize("name", AXES)
def test_pictures_say_what_is_drawn_across_and_up(ax, name):
    data, options, across, up = AXES[name]
    getattr(plots, name)(ax, *data, **options)
    assert (ax.get_xlabel(), ax.get_ylabel()) == (across, up)


def test_colours_of_weights_are_those_that_the_words_say(ax):
    """Orange below 0, purple above, pale at 0."""
    image, *_ = plots.weight_matrix(ax, np.array([[-2.0, 0.0, 2.0]]))
    (red, _, blue), pale, (red_above, _, blue_above) = (image.cmap(image.norm(w))[:3] for w in (-1.0, 0.0, 1.0))
    assert red > 2 * blue and blue_above > red_above and min(pale) > 0.9


@pytest.mark.parametrize("name", [name for name in plots.__all__ if inspect.isfunction(getattr(plots, name))])
def test_pictures_take_ax_first_and_no_global_state(name):
    picture = getattr(plots, name)
    parameters = list(inspect.signature(picture).parameters)
    assert parameters[0].startswith("ax") or name == "show"
    source = inspect.getsource(inspect.getmodule(picture))
    assert "pyplot" not in source and "rcParams" not in source


def test_nothing_is_registered_with_pyplot(ax):
    plots.training(ax, [1.0], [1.0])
    assert matplotlib.pyplot.get_fignums() == []


def test_a_style_reaches_the_artists(ax):
    big = Style(text=20, line=5)
    lines = plots.training(ax, [3.0, 2.0], [2.0, 1.5], style=big)
    assert lines[0].get_linewidth() == 5 and ax.xaxis.label.get_fontsize() == 20
    assert {text.get_fontsize() for text in ax.get_legend().get_texts()} == {20}
