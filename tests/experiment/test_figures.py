"""What the figures of a comparison say: every line and point, by its name and the name of its axis, from the results."""

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest
from matplotlib.text import Text

from den_ref.experiment.pages import figures
from den_ref.experiment.pages.figures import FIGURES
from den_ref.experiment.pages.summary import summarised
from den_ref.methods.labels import name_of
from tests.helpers.made_up_results import ALL, grid, record, with_all_classes_asked
from tests.helpers.page_width import READABLE, smallest_letters

T, SEEDS, AFTER_LAST = 8, (0, 1, 2), "AUROC after the last task"
LABELS = {name_of(label): label for label in ALL}


def different(record, i):
    """The record of the i-th method, in whose sizes, costs and widths all methods and seeds differ."""
    for t, stage in enumerate(record["stages"]):
        stage["seconds"] *= (i + 1) / 10 * (1 + record["run"]["seed"])
        stage["capacity"]["allocated"] += 10 * i * (t + 1)
        stage["capacity"]["widths"] = [4 + (5 + i) * t, 3 + (9 + i) * t]
        stage["steps"][0]["solve"]["multiply_adds"] *= i + 2
        for step in stage["steps"]:
            if step["box"] == "split":
                step["facts"] = {"split": [1, 3], "older": [4 + t, 4 + t]}
    return record


@pytest.fixture(scope="module")
def made():
    results = grid(tasks=T, seeds=SEEDS)
    for i, seeds in enumerate(results.values()):
        for each in seeds.values():
            different(each, i)
    for j, sigma in enumerate((0.2, 0.5)):
        results[f"den sigma={sigma}"] = {seed: different(record("den", seed, T, 0.7 + 0.1 * j, {"sigma": sigma}), 20 + j)
                                         for seed in SEEDS}
    return results


@pytest.fixture(scope="module")
def axes(made):
    """Name of a figure -> its axes by their labels (x, y)."""
    summary = summarised(made)
    drawn = {name: draw(summary) for name, (draw, _) in FIGURES.items()}
    return {name: {(ax.get_xlabel(), ax.get_ylabel()): ax for ax in figure.axes} for name, figure in drawn.items()}


def named(ax) -> dict:
    """Name -> the values of the line (or the place of the point) that it stands at the end of."""
    lines = {tuple(np.round(line.get_xydata()[-1], 9)): line.get_xydata() for line in ax.lines}
    return {text.get_text(): lines[tuple(np.round(text.xy, 9))] for text in ax.texts}


def assert_lines(ax, expected, first=1):
    """Exactly these lines, name -> values at ``first``, first + 1, ..."""
    found = named(ax)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name][:, 0], np.arange(first, first + len(values)))
        np.testing.assert_allclose(found[name][:, 1], values, atol=2e-6, err_msg=name)


def mean_over_seeds(made, label, function):
    return np.mean([function(each) for each in made[label].values()], axis=0)


def R_of(each):
    return each["R"]["auroc"]


def average(each):
    return [R_of(each)[t, :t + 1].mean() for t in range(T)]


def just_learnt(each):
    return [R_of(each).diagonal()[:t + 1].mean() for t in range(T)]


def of_stages(*path):
    """The sum over stages of what stands at a path in each."""
    def total(each):
        found = 0
        for stage in each["stages"]:
            for key in path:
                stage = stage[key]
            found += stage
        return found

    return total


def after_last(each):
    return R_of(each)[-1].mean()


def test_average_is_the_mean_over_the_tasks_learnt_beside_separate_networks(made):
    left, right = figures.average(summarised(made)).axes
    separate = mean_over_seeds(made, "stl", average)
    for ax, others in ((left, {"DEN", "STL", "EWC"}), (right, {"DEN", "DNN-Selective", "DEN-Finetune"})):
        assert ax.get_xlabel() == "tasks learnt" and others <= named(ax).keys()
        assert_lines(ax, {name: mean_over_seeds(made, LABELS[name], average) - separate for name in named(ax)})
    assert left.get_ylabel() == "mean AUROC over tasks learnt, minus STL's" and left.get_ylim() == right.get_ylim()


def test_average_without_separate_networks_is_the_mean_itself(made):
    [ax] = figures.average(summarised({name: made[name] for name in ("den", "ewc")})).axes
    assert ax.get_ylabel() == "mean AUROC over tasks learnt"
    assert_lines(ax, {name: mean_over_seeds(made, LABELS[name], average) for name in ("DEN", "EWC")})


def test_capacity_shows_sizes_in_parts_of_stls(made, axes):
    def size(label):
        return mean_over_seeds(made, label, lambda each: each["stages"][-1]["capacity"]["allocated"])

    found = named(axes["capacity"]["parameters, in parts of STL 4-3", AFTER_LAST])
    assert found.keys() >= {"STL", "MTL", "DEN", "DEN-Finetune", "EWC"}
    for name, places in found.items():
        label = LABELS[name]
        np.testing.assert_allclose(places[-1], [size(label) / size("stl"), mean_over_seeds(made, label, after_last)],
                                   atol=1e-6, err_msg=name)
    swept = axes["capacity"]["parameters, in parts of STL 4-3", "AUROC"]
    points = [[size(label) / size("stl"), mean_over_seeds(made, label, after_last)]
              for label in ("den sigma=0.2", "den", "den sigma=0.5")]
    np.testing.assert_allclose(swept.lines[0].get_xydata(), points, atol=1e-6)
    assert swept.get_title() == "σ varied"
    across = {line.get_ydata()[0] for line in swept.lines if list(line.get_xdata()) == [0, 1]}      # from end to end
    np.testing.assert_allclose(sorted(across), sorted(mean_over_seeds(made, label, after_last) for label in ("stl", "mtl")),
                               atol=1e-6)


@pytest.mark.parametrize("position", [1, 4, 7])
def test_tasks_follows_the_task_that_it_says(made, axes, position):
    ax = axes["tasks"]["tasks learnt" if position == 7 else "", f"AUROC, {position}{'st' if position == 1 else 'th'} task"]
    assert {"DEN", "EWC"} <= named(ax).keys()
    assert_lines(ax, {name: mean_over_seeds(made, LABELS[name], lambda each: R_of(each)[position - 1:, position - 1])
                      for name in named(ax)}, first=position)


@pytest.mark.parametrize(("xlabel", "cost", "unit"), [
    ("seconds", of_stages("seconds"), 1),
    ("multiply-adds, $10^{3}$", of_stages("steps", 0, "solve", "multiply_adds"), 1000)])
def test_selective_puts_every_cost_on_its_own_axis(made, axes, xlabel, cost, unit):
    found = named(axes["selective"][xlabel, AFTER_LAST])
    assert found.keys() == {"fine-tuning", "DNN-L1", "DNN-Selective"}
    for name, places in found.items():
        expected = [mean_over_seeds(made, LABELS[name], each) for each in (cost, after_last)]
        np.testing.assert_allclose(places[-1], expected / np.array([unit, 1]), rtol=1e-5, err_msg=name)


SHARES = {"inputs": np.ones(T - 1), "layer 1": [(t + 3) / (2 * t + 4) for t in range(2, T + 1)],
          "layer 2": [1 / (t + 3) for t in range(2, T + 1)]}
TASK = "task, in the order of learning"


def test_selective_shows_the_shares_selected(axes):
    ax = axes["selective"][TASK, "share of units selected"]
    assert_lines(ax, SHARES, first=2)
    assert ax.get_title() == "inputs: 99% and more in every task" and ax.get_ylim()[0] < 0 and ax.get_ylim()[1] > 1


@pytest.mark.parametrize("layer", [1, 2])
def test_expansion_shows_what_the_widths_grew_by_beyond_copies(axes, layer):
    grown, copies = {1: (5, 1), 2: (9, 3)}[layer]
    added = {name: np.full(T - 1, grown + ALL.index(LABELS[name]) - copies) for name in ("DNN-Dynamic", "DNN-Constant")}
    assert_lines(axes["expansion"][TASK, f"units added, layer {layer}"], added, first=2)


def test_expansion_begins_with_the_average(made, axes):
    assert_lines(axes["expansion"]["tasks learnt", "mean AUROC over tasks learnt"],
                 {name: mean_over_seeds(made, LABELS[name], average) for name in ("DNN-Dynamic", "DNN-Constant")})


def test_splits_shows_shares_and_what_came_of_them(made, axes):
    assert_lines(axes["splits"][TASK, "share of older units split"],
                 {f"layer {l}": [split / (4 + t) for t in range(1, T)] for l, split in ((1, 1), (2, 3))}, first=2)
    assert_lines(axes["splits"][TASK, "AUROC at the end minus just learnt"], {
        name: mean_over_seeds(made, LABELS[name], lambda each: (R_of(each)[-1] - R_of(each).diagonal())[:-1])
        for name in ("DEN", "DNN-Dynamic")})


def test_growers_are_those_whose_units_change(made):
    """A panel each, whose bars are units layer by layer; below what a unit cost, in multiply-adds."""
    still = {"ewc": {0: record("ewc", 0, T)}}
    for stage in still["ewc"][0]["stages"]:
        stage["capacity"]["widths"] = [4, 3]
    figure = figures.growers(summarised(still | {name: made[name] for name in ("stl", "den", "dnn-constant")}))
    *panels, cost = figure.axes
    assert [ax.get_title() for ax in panels] == ["STL", "DEN"]      # without its variants, and who keeps its units
    for ax, label in zip(panels, ("stl", "den")):
        widths = np.array([stage["capacity"]["widths"] for stage in made[label][0]["stages"]])
        np.testing.assert_array_equal([[bar.get_height() for bar in layer] for layer in ax.containers], widths.T)
        assert {text.get_text() for text in ax.texts} == {str(widths[0].sum()), str(widths[-1].sum())}
    per_unit = [mean_over_seeds(made, label, lambda each: of_stages("steps", 0, "solve", "multiply_adds")(each)
                                / sum(each["stages"][-1]["capacity"]["widths"])) for label in ("stl", "den")]
    np.testing.assert_allclose([1000 * mark.get_xdata()[0] for mark in cost.lines], per_unit)
    assert cost.get_xlabel() == "multiply-adds of training per unit that stays, $10^{3}$"
    assert figures.growers(summarised(still)) is None


def test_the_figures_of_one_run(made):
    each = made["den"][1]
    summary, R = summarised({"den": {1: each}}), R_of(each)
    ax, _ = figures.matrix(summary).axes                           # and its colours
    np.testing.assert_allclose(ax.images[0].get_array().filled(np.nan), R - R.diagonal(), atol=1e-6)
    assert ax.get_title() == "AUROC of DEN"
    [ax] = figures.learning(summary).axes
    assert_lines(ax, {"DEN": average(each), "just learnt": just_learnt(each)})
    assert ax.get_ylim()[0] < 0.5 and ax.get_ylim()[1] > 1         # from guessing to perfect
    i, by_name = ALL.index("den"), {ax.get_ylabel(): ax for ax in figures.boxes(summary).axes}
    assert_lines(by_name["share of units selected"], SHARES, first=2)
    assert_lines(by_name["units added"], {"layer 1": np.full(T - 1, 5 + i - 1), "layer 2": np.full(T - 1, 9 + i - 3)},
                 first=2)
    assert_lines(by_name["units split"], {"layer 1": [1] * (T - 1), "layer 2": [3] * (T - 1)}, first=2)
    assert len({tuple(line.get_color() for line in ax.lines[-2:]) for ax in by_name.values()}) == 1     # of the layers
    for name in ("units added", "units split"):
        ticks = by_name[name].get_yticks()
        assert (ticks == ticks.round()).all()
    assert [label.get_text() for label in by_name["units split"].get_xticklabels()] == list(map(str, summary.about["tasks"]))


@pytest.mark.slow
def test_figures_of_a_class_incremental_stream_are_of_accuracy():
    results = with_all_classes_asked(grid(tasks=T))
    summary, one = summarised(results), summarised({"den": {0: results["den"][0]}})
    drawn = [draw(summary) for draw, _ in FIGURES.values()] + [draw(one) for draw in (figures.matrix, figures.learning)]
    texts = [text.get_text() for figure in drawn for text in figure.findobj(Text)]
    assert not any("AUROC" in text for text in texts)
    assert {"accuracy after the last task", "mean accuracy over tasks learnt", "accuracy of DEN"} <= set(texts)
    [ax] = figures.learning(one).axes
    assert_lines(ax, {"DEN": np.full(T, 0.25), "just learnt": np.full(T, 0.25)})


@pytest.mark.slow
def test_letters_can_be_read_on_a_page(made):
    summary, one = summarised(made), summarised({"den": {1: made["den"][1]}})
    drawn = {name: draw(summary) for name, (draw, _) in FIGURES.items()}
    drawn |= {draw.__name__: draw(one) for draw in (figures.matrix, figures.learning, figures.boxes)}
    assert {name: smallest_letters(figure) for name, figure in drawn.items() if smallest_letters(figure) < READABLE} == {}


def test_axes_beside_each_other_have_one_range(axes):
    added = [ax for (_, ylabel), ax in axes["expansion"].items() if ylabel.startswith("units added")]
    followed = list(axes["tasks"].values())
    costs = [ax for (xlabel, _), ax in axes["selective"].items() if xlabel != TASK]
    for group in (added, followed, costs):
        assert len(group) > 1 and len({ax.get_ylim() for ax in group}) == 1
