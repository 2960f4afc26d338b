"""The figures of a comparison: which curves stand on which axes, and the files they go to."""

from itertools import zip_longest
from pathlib import Path

import numpy as np

from den_ref.experiment.disk.files import whole
from den_ref.methods import REGISTRY
from den_ref.methods.labels import name_of
from den_ref.methods.registry import known
from den_ref.plots import comparison, growth
from den_ref.plots.canvas import canvas, mosaic
from den_ref.plots.scores import performance_matrix
from den_ref.plots.style import Style, as_it_is
from den_ref.protocol import BOUND, COMPARED, THE_PAPER, VARIANT, ordinal
from . import numbers
from .summary import Summary

#: Dots per inch of the files.
DPI = 200
STYLE = Style(text=9)
#: Width in inches: on a page of 780 pixels the letters still have their size.
PAGE = 8.1

#: DEN with and without what keeps old tasks' answers.
KEEPING = ("den", "den split_original=keep", "den-no-timestamps")
GROWING = ("dnn-dynamic", "dnn-constant")
#: Tasks whose performance is followed, by their place in the order of learning.
FOLLOWED = (1, 4, 7)

_LEARNT, _TASK = "tasks learnt", "task, in the order of learning"


def average(summary: Summary):
    """Mean score over the tasks learnt minus STL's, by their number: compared systems, and DEN with parts left out.

    Separate networks forget nothing and share nothing: what is harder pulls down them as well, and is taken off.
    """
    compared, parts = methods(summary, BOUND, COMPARED, THE_PAPER), methods(summary, VARIANT, THE_PAPER)
    panels = [compared, parts] if compared and set(parts) - set(compared) else [compared or parts or summary.outcomes]
    figure, axes = canvas(1, len(panels), PAGE if len(panels) > 1 else 4.75, 4.6)
    ylabel = _mean(summary) + ", minus STL's" * summary.has("stl")
    runs = [{label: numbers.beside_stl(summary, label, numbers.average_curve) for label in labels} for labels in panels]
    comparison.same_heights(axes[0], runs)
    for ax, shown in zip(axes[0], runs):
        comparison.curves(ax, shown, _LEARNT, ylabel if ax is axes[0, 0] else "", style=STYLE)
    return figure


def capacity(summary: Summary):
    """Score after the last task against parameters allocated: all methods, and DEN at other strengths."""
    swept = numbers.variations(summary)
    figure, axes = mosaic(_above("methods", list(swept)), PAGE if swept else 6.5, 5 + 1.3 * len(swept))
    labels = methods(summary, BOUND, COMPARED, THE_PAPER) + methods(summary, VARIANT)
    points = {label: (numbers.size(summary, label, "stl"), numbers.after_last(summary, label))
              for label in labels or summary.outcomes}
    xlabel = f"parameters, in parts of {numbers.name_of_stl(summary)}"
    comparison.scores_against_cost(axes["methods"], points, xlabel, _last(summary), log=True, style=STYLE)
    if summary.has("mtl"):
        share = numbers.size(summary, "mtl", "stl").mean()
        comparison.relative_axis(axes["methods"], share, "in parts of MTL's", style=STYLE)
    end = _size_and_score(summary, "den-finetune") if summary.has("den-finetune") else None
    levels = {label: _size_and_score(summary, label)[1] for label in _there(summary, ("stl", "mtl"))}
    lines = {option: [(numbers.value_of(summary, label, option), *_size_and_score(summary, label), label == "den")
                      for label in labels] for option, labels in swept.items()}
    heights = {option: [score for *_, score, _ in line] for option, line in lines.items()}
    comparison.same_heights([axes[option] for option in lines], [heights, levels, {"end": end[1:] if end else np.nan}])
    for i, (option, line) in enumerate(lines.items()):
        comparison.sweep(axes[option], option, line, end, levels, xlabel, "" if i % 2 else summary.score, style=STYLE)
    return figure


def tasks(summary: Summary):
    """Scores of tasks learnt early, as later ones arrive."""
    followed = [position for position in FOLLOWED if position < len(summary.about["tasks"])] or [1]
    figure, axes = canvas(len(followed), 1, 7, 2.3 * len(followed), sharex=True)
    columns = [{label: numbers.of_R(summary, label, lambda R: R[:, position - 1])
                for label in _there(summary, KEEPING) + methods(summary, COMPARED)} for position in followed]
    comparison.same_heights(axes[:, 0], columns)
    for ax, position, runs in zip(axes[:, 0], followed, columns):
        last = position == followed[-1]
        comparison.curves(ax, runs, _LEARNT if last else "", f"{summary.score}, {ordinal(position)} task", style=STYLE)
    return figure


def selective(summary: Summary):
    """Score against seconds and multiply-adds of full, L1 and selective retraining; share of units selected."""
    figure, axes = mosaic([["seconds", "multiply_adds"], ["shares", "shares"]], PAGE, 6)
    labels = _there(summary, (numbers.full_retraining(summary), "dnn-l1", "dnn-selective"))
    scores = {label: numbers.after_last(summary, label) for label in labels}
    comparison.same_heights([axes["seconds"], axes["multiply_adds"]], [scores], margin=0.12)
    for kind in ("seconds", "multiply_adds"):
        costs = {label: numbers.cost(summary, label, kind) for label in labels}
        scale, xlabel = unit(kind.replace("_", "-"), np.concatenate(list(costs.values())))
        points = {label: (costs[label] / scale, scores[label]) for label in labels if np.isfinite(costs[label]).all()}
        comparison.scores_against_cost(axes[kind], points, xlabel, _last(summary), style=STYLE)
    shares = _by_layer(numbers.over_seeds(summary, "dnn-selective", numbers.selected_share), inputs=True)
    comparison.share_curves(axes["shares"], shares, _TASK, "share of units selected", style=STYLE)
    return figure


def expansion(summary: Summary):
    """Dynamic expansion beside a constant number of new units: score, and units added per layer and task."""
    labels = _there(summary, GROWING)
    layers = len(summary.runs(labels[0])[0].widths[0])
    names = [str(l) for l in range(1, layers + 1)]
    figure, axes = mosaic([["mean"] * layers, names], PAGE, 6)
    runs = {label: numbers.of_R(summary, label, numbers.average_curve) for label in labels}
    comparison.curves(axes["mean"], runs, _LEARNT, _mean(summary), style=STYLE)
    added = {label: numbers.over_seeds(summary, label, numbers.units_added) for label in labels}
    comparison.same_heights([axes[name] for name in names], [added])
    for l, name in enumerate(names):
        comparison.count_curves(axes[name], {label: values[:, :, l] for label, values in added.items()}, _TASK,
                                f"units added, layer {name}", style=STYLE)
    return figure


def splits(summary: Summary):
    """Share of units split per task and layer; score of each task at the end minus just learnt."""
    figure, axes = canvas(1, 2, PAGE, 3.2)
    shares = numbers.over_seeds(summary, "den", numbers.split_share)
    comparison.share_curves(axes[0, 0], _by_layer(shares), _TASK, "share of older units split", style=STYLE)
    transfers = {label: numbers.of_R(summary, label, numbers.transfer_per_task)
                 for label in _there(summary, ("den", "dnn-dynamic"))}
    comparison.curves(axes[0, 1], transfers, _TASK, f"{summary.score} at the end minus just learnt", style=STYLE)
    axes[0, 1].axhline(0, color="black", linewidth=0.8)
    return figure


def growers(summary: Summary):
    """Units per hidden layer after each task, of the methods that grow; multiply-adds spent per unit that stays."""
    counts = {label: numbers.units(summary, label).mean(axis=0)
              for label in methods(summary, BOUND, COMPARED, THE_PAPER) or summary.outcomes}
    grown = {label: units for label, units in counts.items() if (units != units[0]).any()}
    if not grown:
        return None
    rows = [list(names) for names in zip_longest(*[iter(grown)] * 3, fillvalue=".")]
    figure, axes = mosaic([*rows, ["cost"] * 3], PAGE, 2.4 * len(rows) + 1 + 0.25 * len(grown))
    for label, units in grown.items():
        growth.units_by_task(axes[label], units, as_it_is(name_of(label)), style=STYLE)
    figure.legend(*axes[max(grown, key=lambda label: len(grown[label][0]))].get_legend_handles_labels(), ncols=4,
                  frameon=False, fontsize=STYLE.text, loc="outside upper center")
    costs = {label: numbers.cost_per_unit(summary, label) for label in grown}
    scale, xlabel = unit("multiply-adds of training per unit that stays", np.array([*costs.values()]))
    growth.costs_per_unit(axes["cost"], {label: cost / scale for label, cost in costs.items()}, xlabel, style=STYLE)
    return figure


# --- of one run --------------------------------------------------------------------------------------------------


def matrix(summary: Summary):
    """The performance matrix R, the score on every task after every stage, and what of it is forgotten."""
    (label, runs), = summary.outcomes.items()
    figure, axes = canvas(1, 1, 5.5, 4.5)
    run, = runs.values()
    performance_matrix(axes[0, 0], run.R, summary.about["tasks"], f"{summary.score} of {name_of(label)}", style=STYLE)
    return figure


def learning(summary: Summary):
    """Mean score over the tasks learnt, against their number: as it was when each was learnt, and as it is."""
    (label, _), = summary.outcomes.items()
    figure, axes = canvas(1, 1, 6.5, 3.4)
    just_learnt = numbers.of_R(summary, label, numbers.learnt_curve)
    curves_of = {label: numbers.of_R(summary, label, numbers.average_curve), "just learnt": just_learnt}
    low = min(float(np.nanmin(values)) for values in curves_of.values())
    axes[0, 0].set_ylim(min(0.5, low) - 0.01, 1.01)                # from guessing to perfect: a small fall looks small
    comparison.curves(axes[0, 0], curves_of, _LEARNT, _mean(summary), style=STYLE)
    return figure


def boxes(summary: Summary):
    """What the boxes of the algorithm did, per task and layer: share of units selected, units added, units split."""
    (label, _), = summary.outcomes.items()
    figure, axes = canvas(3, 1, 6.5, 7.5, sharex=True)
    selected, added, split = (numbers.over_seeds(summary, label, count) for count in (
        numbers.selected_share, numbers.units_added, numbers.units_split))
    comparison.share_curves(axes[0, 0], _by_layer(selected, inputs=True), "", "share of units selected", style=STYLE)
    split = np.where(np.isfinite(added), split, np.nan)            # neither before there is something to add to
    for ax, values, ylabel in zip(axes[1:, 0], (added, split), ("units added", "units split")):
        comparison.count_curves(ax, _by_layer(values), "task" * (ax is axes[-1, 0]), ylabel, style=STYLE)
    tasks = [as_it_is(task) for task in summary.about["tasks"]]
    axes[-1, 0].set_xticks(range(1, len(tasks) + 1), tasks)
    return figure


# --- files -------------------------------------------------------------------------------------------------------

#: Name of the file -> the function that draws it (None: nothing to draw), the methods without which it is left out.
FIGURES = {
    "average": (average, ()),
    "capacity": (capacity, ()),
    "tasks": (tasks, ("den",)),
    "selective": (selective, ("dnn-selective",)),
    "expansion": (expansion, GROWING),
    "splits": (splits, ("den",)),
    "growers": (growers, ()),
}


def draw(summary: Summary, folder: Path, prefix: str = "results", figures=FIGURES) -> list[Path]:
    """Write those figures that the summary has the methods for, as ``folder/PREFIX_NAME.png``; their paths."""
    there = {name: draw if summary.has(*needed) else None for name, (draw, needed) in figures.items()}
    return _saved(summary, {f"{prefix}_{name}": draw for name, draw in there.items()}, folder)


def draw_run(summary: Summary, folder: Path) -> list[Path]:
    """Write the figures of a summary of one run: matrix, learning, and what its boxes did if it has any."""
    (run,), = (runs.values() for runs in summary.outcomes.values())
    has_boxes = "select" in run.facts
    return _saved(summary, {"matrix": matrix, "learning": learning, "boxes": boxes if has_boxes else None}, folder)


def _saved(summary: Summary, figures, folder: Path) -> list[Path]:
    """Write the figures that there is something for; those of an earlier time are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / f"{name}.png" for name in figures}
    for name, draw in figures.items():
        figure = draw and draw(summary)
        if figure is None:
            paths.pop(name).unlink(missing_ok=True)
            continue
        with whole(paths[name]) as file:
            figure.savefig(file, format="png", dpi=DPI)
    return list(paths.values())


# --- small parts -------------------------------------------------------------------------------------------------


def methods(summary: Summary, *families: str) -> list[str]:
    """The methods of these families in the order of the registry, then those of anyone's own; no variations of them."""
    # One that is not known here is compared like any other.
    found = [label for label, row in summary.options.items()
             if row["method"] == label and getattr(known(label), "family", COMPARED) in families]
    places = {name: i for i, name in enumerate(REGISTRY)}
    return sorted(found, key=lambda name: places.get(name, len(places)))


def _mean(summary: Summary) -> str:
    return f"mean {summary.score} over tasks learnt"


def _last(summary: Summary) -> str:
    return f"{summary.score} after the last task"


def _there(summary: Summary, labels) -> list[str]:
    return [label for label in labels if summary.has(label)]


def _size_and_score(summary: Summary, label: str) -> tuple[float, float]:
    return float(numbers.size(summary, label, "stl").mean()), float(numbers.after_last(summary, label).mean())


def _above(name: str, others: list[str]) -> list[list[str]]:
    """A layout: one large axes, and small ones in two columns below.

    >>> _above("a", ["b", "c", "d"])
    [['a', 'a'], ['a', 'a'], ['b', 'c'], ['d', '.']]
    """
    filled = [*others, *["."] * (-len(others) % 2)]
    return [[name, name]] * 2 + [list(pair) for pair in zip(filled[::2], filled[1::2])]


def unit(name: str, values: np.ndarray) -> tuple[float, str]:
    """The power of 1000 that the values are best told in, and their name with it.

    >>> unit("steps", np.array([2e6, 5e7]))
    (1000000, 'steps, $10^{6}$')
    """
    power = 3 * int(np.log10(np.nanmax(values, initial=1)) // 3)
    return 10 ** power, f"{name}, $10^{{{power}}}$" if power else name


def _by_layer(values: np.ndarray, inputs: bool = False) -> dict[str, np.ndarray]:
    """(n_runs, T, L) as one (n_runs, T) array per layer, named."""
    names = ["inputs"] * inputs + [f"layer {l}" for l in range(1, values.shape[2] + 1 - inputs)]
    return {name: values[:, :, l] for l, name in enumerate(names)}
