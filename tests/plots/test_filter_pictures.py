"""Pictures of filters: every weight stands in the image of its pair, and what is selected or split is marked."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from den_ref import plots
from den_ref.core import mlp
from den_ref.core.convolution import Convolution, unflatten
from den_ref.den.algorithm import random_network
from den_ref.den.config import DENConfig
from den_ref.den.explained import BOXES
from den_ref.den.network import Head, extract
from den_ref.plots import Segment
from den_ref.plots.filters import strips
from den_ref.plots.matrices import mosaic
from den_ref.plots.panels import FILTERS, heat_map, maps_of, most_drifted, panels, windows
from den_ref.plots.style import PLAIN
from den_ref.protocol import Step
from tests.helpers.short_runs import run
from tests.helpers.texts import boxes, cut_off, overlaps

IMAGE = (6, 8, 2)
CONFIG = DENConfig(filters=(5, 3), kernel=3, stride=1, hidden=(4, 2))
MADE = dict(image=IMAGE, hidden=(4,), n_tasks=2, filters=(5, 3), kernel=3, stride=1, sigma=0.001)


@pytest.fixture
def ax():
    return Figure(layout="constrained").add_subplot()


@pytest.fixture
def network():
    return random_network(96, CONFIG, np.random.default_rng(0), IMAGE)


def drawn(panel) -> np.ndarray:
    """What a panel shows as one image."""
    ax = Figure().add_subplot()
    panel.draw(ax, style=PLAIN)
    return ax.findobj(AxesImage)[0].get_array().filled(np.nan)


def test_a_pair_is_the_image_of_what_one_filter_reads_of_one_channel(ax, network):
    w = network.weights[1]                                         # 3 filters of 3 x 3 on 5 channels
    image, *blocks = plots.weight_matrix(ax, w, [Segment("old", 4), Segment("new", 1)], [], window=(3, 3))
    shown = image.get_array().filled(np.nan)
    assert shown.shape == (5 * 5, 3 * 5) and np.isfinite(shown).sum() == w.size
    for i, j, y, x in np.ndindex(5, 3, 3, 3):
        assert shown[5 * i + 1 + y, 5 * j + 1 + x] == w[(3 * y + x) * 5 + i, j]
    assert image.get_extent() == [-0.5, 2.5, 4.5, -0.5]            # the axes count units, not pixels
    assert not blocks and [text.get_text() for text in ax.texts] == ["old 4", "new 1"]


def test_a_pixel_of_a_filter_is_a_square(ax, network):
    plots.weight_matrix(ax, network.weights[0], window=(3, 3))
    ax.figure.draw_without_rendering()
    box = ax.get_window_extent()
    assert box.width / (5 * 5) == pytest.approx(box.height / (2 * 5))


def test_one_channel_has_one_number(ax, network):
    plots.weight_matrix(ax, network.weights[0][::2], window=(3, 3))
    ticks = [tick for tick in ax.get_yticks() if -0.5 <= tick <= 0.5]
    assert ticks == [0]


def test_layers_read_windows_as_high_and_wide_as_they_are(network):
    assert windows(network) == [(3, 3), (3, 3), (2, 4), (1, 1)]
    assert windows(replace(network, weights=network.weights[:2])) == [(3, 3), (3, 3)]       # a head on maps
    dense = random_network(7, DENConfig(hidden=(4, 2)), np.random.default_rng(0))
    assert windows(dense) == [(1, 1), (1, 1)]


def test_channels_stand_side_by_side(network):
    stack = network.stacks[0]
    images = strips(network.weights[0], (3, 3))
    assert images.shape == (5, 3, 2 * 4 - 1) and np.isnan(images[:, :, 3]).all()
    for channel in range(2):
        np.testing.assert_array_equal(images[4][:, 4 * channel:][:, :3], stack[:, channel, 4].reshape(3, 3))


def test_maps_are_brighter_the_larger(ax):
    activations = np.arange(2 * 3 * 4 * 5.0).reshape(2, 3, 4, 5)
    image = plots.maps(ax, activations, ["a", "b", "c"], ["u", "v"])
    shown = image.get_array().filled(np.nan)
    np.testing.assert_array_equal(shown[7:11, 8:13], activations[1, 1])
    assert image.get_clim() == (0, 119) and ax.get_xlabel() == "dark: 0, bright: 1.2e+02"
    shades = [sum(image.cmap(image.norm(a))[:3]) for a in (0, 60, 119)]
    assert shades == sorted(shades)


def test_selected_pairs_are_framed_and_others_pale(ax, network):
    image, *frames = plots.selected_filters(ax, network.weights[1], (3, 3), [0, 2], [1])
    assert [(frame.get_x(), frame.get_y()) for frame in frames] == [(0.5, -0.5), (0.5, 1.5)]
    clear = np.argwhere(image.get_alpha() == 1) // 5               # 3 pixels and a frame of one
    assert {tuple(pair) for pair in clear.tolist()} == {(0, 1), (2, 1)}
    assert (image.get_alpha() == 1).sum() == 2 * 25 and set(image.get_alpha().flat) == {PLAIN.faded, 1}


# --- in the pictures of DEN's boxes ------------------------------------------------------------------------------


def test_eq2_and_the_selection_show_the_filters_of_every_convolution(network):
    network = network.with_head(Head(0, 1, np.ones((2, 1)), np.zeros(1)))
    arrays = {f"selected/{l}": np.array([0]) for l in range(5)}
    for box, before in (("eq2", 1), ("select", 1)):                # the share of zeros, the graph
        step = Step(1, 0, box, "title", "sentence", after=network, arrays=arrays, about=BOXES[box])
        for panel, (w, fan) in zip(panels(step)[before:], [*zip(network.weights, network.fan)][:2], strict=False):
            np.testing.assert_array_equal(np.sort(drawn(panel), axis=None)[:w.size], np.sort(w, axis=None))


def test_a_split_filter_is_shown_before_and_after_with_all_its_channels():
    made = run(**MADE)
    step = made.of_stage(2, "split")[0]
    assert isinstance(step.before.convolutions[0], Convolution) and len(step.arrays["split/1"]) > FILTERS
    shown, worst = drawn(panels(step)[-3]), np.argmax(step.arrays["drift/1"])
    copy = step.before.widths[0] + list(step.arrays["split/1"]).index(worst)
    moments = step.before.stacks[0][..., worst], step.after.stacks[0][..., worst], step.after.stacks[0][..., copy]
    for i, moment in enumerate(moments):                           # 2 channels of 3 columns, one between, one around
        for channel in range(2):
            corner = 9 * i + 1 + 4 * channel
            np.testing.assert_array_equal(shown[1:4, corner:corner + 3], moment[:, channel].reshape(3, 3))


def of_its_own(network, t, image):
    """What a stage's own subnetwork makes of an image: maps of the second convolution (filters, H', W')."""
    sub, layers = extract(network, network.visible(t)), network.convolutions
    h = mlp.hidden(image.reshape(1, -1), sub.weights[:2], sub.biases[:2], layers)
    return unflatten(h, *layers[1].out_maps)[0].transpose(2, 0, 1)


def test_maps_are_those_that_a_stage_sees_and_the_originals_are_what_they_were():
    made = run(**MADE)
    [step], task = made.of_stage(2, "split"), made.tasks[1]
    image, units = step.arrays["image"], step.arrays["split/2"]
    assert task.y_train[(task.x_train == image.ravel()).all(axis=1)].tolist() == [[1.0]]
    assert len(units) and len(step.arrays["split/1"])              # so that originals read originals
    now = maps_of(step.after, image, 2)
    for t in (1, 2):
        own = of_its_own(step.after, t, image)
        np.testing.assert_allclose(now[step.after.visible(t)[2]], own, atol=1e-5)
    np.testing.assert_allclose(now[units], maps_of(made.ends[0], image, 2)[units], atol=1e-5)
    assert np.abs(now[units] - maps_of(step.before, image, 2)[units]).max() > 1e-3


def test_the_picture_of_a_split_shows_its_image_and_the_maps_of_the_lowest_layer_that_is_split():
    for l, sigma in ((1, 0.001), (2, (1e6, 0.001))):
        [step] = run(**MADE | {"sigma": sigma}).of_stage(2, "split")
        *_, heard, image, maps = panels(step)
        units, copies = most_drifted(step, l)
        seen = [maps_of(network, step.arrays["image"], l)[which]
                for network, which in ((step.before, units), (step.after, units), (step.after, copies))]
        np.testing.assert_array_equal(drawn(maps), mosaic(np.stack(seen)))
        channels = len(step.before.weights[l - 1]) // 9
        assert drawn(heard).shape == (len(units) * 5, 3 * (4 * channels + 1)) and drawn(image).shape == IMAGE[:2]


def test_eq2_shows_an_image_and_the_maps_of_all_first_filters():
    [step] = run(**MADE).of_stage(1, "eq2")
    *_, image, maps = panels(step)
    seen, shown = maps_of(step.after, step.arrays["image"], 1), drawn(maps)        # 5 of 4 x 6, three beside each other
    assert drawn(image).shape == IMAGE[:2] and shown.shape == (2 * 6, 3 * 8)
    np.testing.assert_array_equal(shown[7:11, 9:15], seen[4])
    assert np.isnan(shown[6:, 16:]).all()
    assert not {"image"} & set(run(hidden=(4,), image=IMAGE, n_tasks=1).of_stage(1, "eq2")[0].arrays)


def test_three_channels_are_colours_and_others_are_grey(ax):
    image = np.zeros((2, 2, 3))
    image[0, 1] = [-1, 0, 1]
    np.testing.assert_array_equal(plots.looked_at(ax, image).get_array()[0, 1], [0, 0.5, 1])
    np.testing.assert_array_equal(plots.looked_at(ax, image[..., :2]).get_array(), [[1, 0.5], [1, 1]])
    assert np.isfinite(plots.looked_at(ax, np.ones((2, 2, 1))).get_array()).all()


def test_changes_and_blocks_are_images_where_units_read_windows():
    made = run(**MADE)
    changed = made.of_stage(2, "eq4")[0]
    shown = panels(changed)[1:]                                    # two convolutions, and a dense layer on 2 x 4 maps
    for panel, old, new in zip(shown, changed.before.weights, changed.after.weights, strict=True):
        values = drawn(panel)
        np.testing.assert_array_equal(np.sort(values[np.isfinite(values)]), np.sort((new - old).ravel()))
    split = made.of_stage(2, "split")[0]
    unsplit = replace(split, arrays=split.arrays | {f"split/{l}": np.zeros(0, int) for l in (1, 2)})
    pictures = panels(unsplit)[-3:]
    assert [np.isfinite(drawn(panel)).sum() for panel in pictures] == [w.size for w in split.after.weights]


def test_many_images_have_all_the_room_across():
    few, many = (heat_map(np.ones((9 * 2, n)), [], [], "W", (3, 3)) for n in (24, 25))      # 5 pixels each
    assert (few.wide, many.wide) == (False, True)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("hidden, filters", [((4,), (5, 3)), pytest.param((4, 3), (), marks=pytest.mark.slow)],
                         ids=["filters", "dense"])
def test_layers_without_units_have_no_pictures(hidden, filters):
    """A penalty that is too strong leaves none; the boxes still have their pictures, and so has the end."""
    made = run(image=IMAGE, hidden=hidden, filters=filters, kernel=3, stride=1, n_tasks=2, mu=10.0, step=0.05, k=0)
    assert not any(made.ends[-1].widths)
    for panel in (panel for step in made.steps for panel in panels(step)):
        panel.draw(Figure().add_subplot(), style=PLAIN)
    axes = plots.widths_by_stage(Figure().add_subplot(), [network.widths for network in made.ends])
    assert axes[0].axes.get_ylim()[0] < axes[0].axes.get_ylim()[1]


@pytest.mark.slow
def test_every_picture_of_filters_can_be_laid_out_with_no_word_cut_off():
    for step in run(**MADE).steps:
        figure = plots.show(step)
        seen = boxes(figure)
        assert not overlaps(seen) and not cut_off(seen, figure), step.box
