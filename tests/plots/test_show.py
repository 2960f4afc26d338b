"""show(step) draws every box of every method, with whatever a step has; it adds no numbers of its own."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.text import Text

from den_ref.den import DEN
from den_ref.den.config import DENConfig
from den_ref.methods import REGISTRY
from den_ref.plots import Picture, show
from den_ref.plots.panels import MAKERS
from den_ref.plots.scale import Scale, quick_scales
from den_ref.plots.style import PLAIN
from den_ref.protocol import Step, Task
from den_ref.tasks import make_stream
from tests.helpers.every_method import DRAWN
from tests.helpers.page_width import PAGE, READABLE, smallest_letters
from tests.helpers.texts import boxes, cut_off, overlaps

QUICK = {"hidden": (8, 6), "k": 4, "step": 0.02, "batch": 32, "patience": 10, "weight_decay": 1e-3, "epochs": 2,
         "epochs_eq2": 3, "epochs_eq4": 2, "epochs_eq5": 3, "epochs_eq6": 1, "finetune_epochs": 1}

#: The boxes of Algorithms 1-4 in the options that visit them all.
ALL_BOXES = ["eq2", "prune", "eq3", "select", "eq4", "loss", "eq5", "prune", "eq6", "split", "eq6_after"]


@cache
def steps_of(name, n_tasks=2, **options):
    """Short stages of a method on the toy stream."""
    defaults = REGISTRY[name].Config().to_dict()
    quick = {key: value for key, value in QUICK.items() if key in defaults}
    method = REGISTRY[name](REGISTRY[name].Config.from_dict(defaults | quick | options), 0)
    return [step for task in list(make_stream("toy").tasks)[:n_tasks] for step in method.learn(task)]


@cache
def steps_on_images():
    """Two stages of DEN on 8 x 8 images, where much is split."""
    rng, tasks = np.random.default_rng(0), []
    for i in range(2):
        x = rng.normal(size=(120, 64)).astype(np.float32)
        y = (x[:, i] * x[:, 9] > 0).astype(np.float32)[:, None]
        tasks.append(Task(i, x[:80], y[:80], x[80:], y[80:]))
    den = DEN(DENConfig(hidden=(6, 5), step=0.02, sigma=0.01, mu=0.0, mu_head=1e-4, anchor_before_split="eq6", tau=0.0,
                        epochs_eq2=3, epochs_eq4=2, epochs_eq5=2, epochs_eq6=1), seed=0)
    return [step for task in tasks for step in den.learn(task)]


def one_of_each():
    """The last step of every box on the toy stream, and a split of units that hear images."""
    last = {step.box: step for step in steps_of("den", anchor_before_split="eq6", tau=0.0)}
    return [*last.values(), next(step for step in steps_on_images() if step.box == "split")]


def words(figure):
    """Every text of a figure that is not empty."""
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWN)
def test_every_box_of_every_method_has_a_picture(name):
    for step in steps_of(name):
        figure = show(step)
        assert isinstance(figure, Picture)
        assert figure.axes, f"nothing is drawn for {step.box}"
        assert all(ax.has_data() for ax in figure.axes)
        figure.draw_without_rendering()  # warnings, of layouts too, are errors


def test_the_boxes_of_den_each_have_makers_of_their_own():
    steps = steps_of("den", anchor_before_split="eq6", tau=0.0)
    assert [step.box for step in steps] == ALL_BOXES
    assert all(step.about is DEN.explained[step.box] for step in steps)


@pytest.mark.parametrize("name", DRAWN)
def test_what_methods_say_of_their_boxes_can_be_drawn(name):
    told = REGISTRY[name].explained
    assert {step.box for step in steps_of(name)} <= set(told)
    assert {picture for box in told.values() for picture in box.pictures} <= set(MAKERS)


@pytest.mark.parametrize("box", sorted(set(ALL_BOXES)))
def test_a_step_that_lacks_everything_shows_its_sentence(box):
    figure = show(Step(3, "a task", box, "A title", "this happened", about=DEN.explained[box]), title=False)
    figure.draw_without_rendering()
    assert "task a task, learnt 3rd | A title: this happened" in words(figure)


@pytest.mark.parametrize("missing", ["facts", *(pytest.param(part, marks=pytest.mark.slow)
                                                for part in ("arrays", "before", "after", "solve"))])
def test_a_step_may_lack_any_of_its_parts(missing):
    """Its sentence is shown with whatever can be drawn."""
    empty = {"facts": {}, "arrays": {}}.get(missing)
    for step in one_of_each():
        figure = show(replace(step, **{missing: empty}))
        assert words(figure)[-1].replace("\n", " ") == str(step)
        assert all(ax.has_data() for ax in figure.axes), step.box


def test_an_unknown_box_shows_its_solve():
    known = next(step for step in steps_of("den") if step.box == "eq4")
    figure = show(replace(known, box="mystery", about=None))
    line = figure.axes[0].lines[0]
    np.testing.assert_array_equal(line.get_ydata(), known.solve.history["loss"])


def test_words_are_those_of_print():
    step = steps_of("den")[0]
    figure = show(step)
    assert words(figure)[-1].replace("\n", " ") == str(step) == f"task 0, learnt 1st | {step.title}: {step.sentence}"
    assert str(step) not in {text.replace("\n", " ") for text in words(show(step, title=False))}


def test_selection_lights_the_units_of_the_step():
    step = next(step for step in steps_of("den") if step.box == "select")
    graph = show(step).axes[0]
    points = [collection for collection in graph.collections if isinstance(collection, PathCollection)]
    lit = sum(int((units.get_edgecolors()[:, 3] > 0).sum()) for units in points)
    assert lit == sum(len(step.arrays[f"selected/{l}"]) for l in range(3)) + 1                # and the head


def test_selection_says_above_every_layer_how_much_of_it_is_selected():
    step = next(step for step in steps_of("den") if step.box == "select")
    counts = [len(step.arrays[f"selected/{l}"]) for l in range(3)]
    assert counts != [step.after.n_inputs, *step.after.widths]
    names = zip(("inputs", "layer 1", "layer 2", "heads"), [*counts, 1])
    assert [text.get_text() for text in show(step).axes[0].texts] == [f"{name}\n{n} selected" for name, n in names]


def parts_in(figure, xlabel) -> dict:
    """Name of a bar -> (its length, what stands beside it), in the axes of that name."""
    [ax] = [ax for ax in figure.axes if ax.get_xlabel() == xlabel]
    lengths = [bar.get_width() for bar in ax.containers[-1]]
    names = [label.get_text() for label in ax.get_yticklabels()]
    return dict(zip(names, zip(lengths, (text.get_text() for text in ax.texts)), strict=True))


@pytest.mark.parametrize(("box", "xlabel", "part", "whole", "names"), [
    ("select", "share of what the stage sees", "selected", "visible", ["inputs", "layer 1", "layer 2"]),
    ("prune", "share of new units that stay", "kept", "added", ["layer 1", "layer 2"])])
def test_bars_are_the_facts_as_parts_of_wholes(box, xlabel, part, whole, names):
    facts = {part: [3, 1, 0][-len(names):], whole: [4, 8, 5][-len(names):]}
    step = replace(next(step for step in steps_of("den") if step.box == box and step.stage > 1), facts=facts)
    expected = {name: (n / of, f"{n} of {of}") for name, n, of in zip(names, facts[part], facts[whole], strict=True)}
    assert parts_in(show(step), xlabel) == expected


def test_every_layer_has_its_own_sigma():
    step = next(step for step in steps_of("den", sigma=(0.25, 0.5)) if step.box == "split")
    shown = {ax.get_xlabel(): [text.get_text() for text in ax.get_legend().get_texts()]
             for ax in show(step).axes if ax.get_ylabel() == "drift"}
    for l, sigma in ((1, 0.25), (2, 0.5)):
        split = len(step.arrays[f"split/{l}"])
        stays = len(step.arrays[f"older/{l}"]) - split
        assert shown[f"unit of layer {l}"] == [f"stays: {stays}", f"split: {split}", f"sigma = {sigma:g}"]


def test_split_shows_drifts_and_what_units_hear():
    step = next(step for step in steps_on_images() if step.box == "split")
    split, older, rho = (step.arrays[f"{name}/1"] for name in ("split", "older", "drift"))
    assert len(split) >= 4
    figure = show(step)
    drift, filters = figure.axes[0], figure.axes[-1]
    chosen = drift.collections[1].get_offsets()
    np.testing.assert_array_equal(chosen[:, 0], split)
    np.testing.assert_allclose(chosen[:, 1], rho[np.isin(older, split)])
    worst = split[np.argmax(rho[np.searchsorted(older, split)])]
    copy = step.before.widths[0] + list(split).index(worst)
    mosaic = filters.findobj(AxesImage)[0].get_array().filled(np.nan)
    for column, incoming in enumerate([step.before.weights[0][:, worst], step.after.weights[0][:, worst],
                                       step.after.weights[0][:, copy]]):
        np.testing.assert_array_equal(mosaic[1:9, 10 * column + 1:10 * column + 9], incoming.reshape(8, 8))
    assert f"unit {worst}" == filters.get_yticklabels()[0].get_text()
    assert [label.get_text() for label in filters.get_xticklabels()] == [
        "before\nthe split", "original\nafter it", "copy\nafter it"]


def parts_of(step, l):
    """How many units of a layer are old, new and copies after a split, those that there are none of left out."""
    born, copies = step.after.introduced[l - 1], len(step.arrays[f"split/{l}"])
    old = sum(1 for stage in born if stage < step.stage)
    return [(name, n) for name, n in (("old", old), ("new", len(born) - old - copies), ("copy", copies)) if n]


def test_split_of_other_inputs_outlines_old_new_and_copy():
    step = next(step for step in steps_of("den", sigma=0.0) if step.box == "split")
    matrix = show(step).axes[-1]
    assert matrix.images[0].get_array().shape == step.after.widths[:2]
    below, above = (parts_of(step, l) for l in (1, 2))
    assert [text.get_text() for text in matrix.texts] == [f"{name} {n}" for name, n in below + above]
    assert [name for name, _ in above] == ["old", "new", "copy"] and len({n for _, n in above}) == 3
    assert [(block.get_width(), block.get_height()) for block in matrix.patches] == [
        (across, down) for _, down in below for _, across in above]


def test_eq5_shows_the_norms_that_the_new_units_had():
    step = next(step for step in steps_of("den") if step.box == "eq5")
    for l in (1, 2):
        norms, ax = step.arrays[f"norms/{l}"], show(step).axes[l - 1]
        assert norms.shape == (1 + step.solve.nit, step.facts["added"][l - 1])
        np.testing.assert_array_equal([line.get_ydata() for line in ax.lines[:norms.shape[1]]], norms.T)


def test_norms_of_the_epoch_kept_are_those_of_the_network():
    """The picture marks the epoch at which the norms are those of the weights that came back."""
    step = next(step for step in steps_of("den") if step.box == "eq5")
    for l, (w, ax) in enumerate(zip(step.after.weights, show(step).axes), 1):
        [kept] = {int(line.get_xdata()[0]) for line in ax.lines if line.get_label() == "epoch kept"}
        old = step.before.widths[l - 1]
        seen = step.after.visible(step.stage)[l - 1]
        np.testing.assert_allclose(step.arrays[f"norms/{l}"][kept], np.linalg.norm(w[seen][:, old:], axis=0), rtol=1e-5)


def test_staircase_has_a_column_per_task():
    step = steps_of("den")[-1]
    stairs = [ax for ax in show(step).axes if ax.images]
    assert [ax.images[0].get_array().shape for ax in stairs] == [(n, 2) for n in step.after.widths]


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_target_is_written_whole(tmp_path, suffix):
    show(steps_of("den")[0], tmp_path / f"step{suffix}")
    content = (tmp_path / f"step{suffix}").read_bytes()
    assert content.startswith({".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[suffix])
    assert [path.name for path in tmp_path.iterdir()] == [f"step{suffix}"]


def test_a_notebook_gets_a_png():
    assert show(steps_of("den")[0])._repr_png_().startswith(b"\x89PNG")


@pytest.mark.slow
def test_showing_changes_nothing():
    for step in steps_of("den"):
        if step.after is not None:
            before = {name: array.copy() for name, array in step.after.arrays().items()}
            show(step)
            assert all(np.array_equal(array, before[name]) for name, array in step.after.arrays().items())


@pytest.mark.slow
def test_no_text_overlaps_another_or_is_cut_off():
    for step in one_of_each():
        figure = show(step)
        seen = boxes(figure)
        assert len(seen) > 3 and not overlaps(seen) and not cut_off(seen, figure), step.box


@pytest.mark.slow
def test_letters_can_be_read_on_a_page():
    pictures = {step.box: show(step) for step in one_of_each()}
    assert {box: smallest_letters(picture) for box, picture in pictures.items()
            if smallest_letters(picture) < READABLE} == {}


def test_letters_that_are_too_small_are_found():
    figure = show(steps_of("den")[0])
    assert smallest_letters(figure) == PLAIN.text
    figure.set_figwidth(2 * PAGE)
    assert smallest_letters(figure) == PLAIN.text / 2
    figure.text(0, 0, "small", fontsize=3)
    assert smallest_letters(figure) == 1.5


def test_overlaps_and_cuts_are_found():
    figure = show(steps_of("den")[0])
    figure.text(0.5, 0.5, "one in the middle")
    figure.text(0.52, 0.5, "another")
    figure.text(0.99, 0.1, "one that sticks out")
    seen = boxes(figure)
    assert ("one in the middle", "another") in overlaps(seen) and cut_off(seen, figure) == ["one that sticks out"]


# --- numbers along the axes --------------------------------------------------------------------------------------


def axes_with(scale, limits, text=10.0):
    """A laid out axes whose y axis is of this scale, on a figure just drawn."""
    figure = Figure(figsize=(4, 3), layout="constrained")
    ax = figure.add_subplot()
    ax.plot(limits, limits)
    ax.set(yscale=scale, xlabel="a name", ylabel="another")
    ax.tick_params(labelsize=text)
    ax.xaxis.label.set_fontsize(text), ax.yaxis.label.set_fontsize(text)
    return figure, ax


@pytest.mark.slow
@pytest.mark.parametrize("scale, limits", [("linear", (0.0, 1.0)), ("linear", (-2500.0, 999.0)), ("log", (1e-14, 3.0)),
                                           ("log", (2.0, 7.0))])
@pytest.mark.parametrize("dpi", [72, 150])
def test_quick_scales_stand_where_matplotlib_has_its_ticks(scale, limits, dpi):
    near = dpi / 24                                                # three points: Matplotlib leaves air above a digit
    slow, quick = (axes_with(scale, limits) for _ in range(2))
    quick_scales(quick[1])
    for figure, _ in (slow, quick):
        figure.set_dpi(dpi)
        FigureCanvasAgg(figure).draw()
    np.testing.assert_allclose(quick[1].bbox.extents, slow[1].bbox.extents, atol=near)
    scales = quick[0].findobj(Scale)
    assert len(scales) == 2
    for mine, axis in zip(scales, (slow[1].xaxis, slow[1].yaxis)):
        low, high = sorted(axis.get_view_interval())
        ticks = [tick for tick in axis.get_major_ticks() + axis.get_minor_ticks() if low <= tick.get_loc() <= high]
        assert [tick.text for tick in mine.ticks()] == [tick.label1.get_text() for tick in ticks]
        for tick, other in zip(mine.ticks(), ticks):
            if tick.text:
                theirs = other.label1.get_window_extent()
                np.testing.assert_allclose(np.mean(tick.box, axis=0), np.mean(theirs, axis=0), atol=near)
        np.testing.assert_allclose(mine.axis.label.get_window_extent().bounds, axis.label.get_window_extent().bounds,
                                   atol=near)


def test_what_is_no_number_in_one_line_is_left_to_matplotlib():
    ax = axes_with("linear", (0, 1e9))[1]
    ax.set_xticks([0, 1e9], ["a\n1", "b\n2"])
    quick_scales(ax)
    assert ax.xaxis.get_visible() and ax.yaxis.get_visible()       # a line break; 1e9 above the axis
    ax = axes_with("linear", (0, 1))[1]
    ax.xaxis.tick_top()
    ax.tick_params(axis="y", rotation=45)
    quick_scales(ax)
    assert ax.xaxis.get_visible() and ax.yaxis.get_visible()


def test_a_map_of_changes_is_what_came_minus_what_was():
    step = next(step for step in steps_of("den") if step.box == "eq4")
    images = [ax.images[0].get_array() for ax in show(step).axes if ax.images]
    for image, then, now in zip(images, step.before.weights, step.after.weights, strict=True):
        np.testing.assert_array_equal(image, now - then)
    assert any(image.any() for image in images)
