"""The paper's Figures 3 to 5 as it draws them: ours with its own numbers behind, thin.  Functions of a summary."""

import numpy as np

from den_ref.plots import beside
from den_ref.plots.canvas import canvas
from . import numbers, paper
from .figures import FOLLOWED, STYLE, unit
from .paper_tables import CURVES, KEEPING, PARTS, RETRAINED, SELECTING, SIZED, full, papers_part, there
from .summary import Summary

_LEARNT, _MEAN, _LAST = "tasks learnt", "mean AUROC over tasks learnt", "AUROC after the last task"


def curves(summary: Summary):
    """Figure 3, top: mean AUROC over the tasks learnt; the paper's curves thin."""
    figure, axes = canvas(1, 1, 6.5, 4.5)
    runs = {label: numbers.of_R(summary, label, numbers.average_curve) for label in there(summary, CURVES)}
    stages = np.arange(1, 1 + len(summary.about["tasks"]))
    theirs = {label: (stages, curve[:len(stages)]) for label, curve in paper.curves().items()}
    beside.curves_before(axes[0, 0], runs, theirs, _LEARNT, _MEAN, style=STYLE)
    return figure


def sizes(summary: Summary):
    """Figure 3, bottom: AUROC after the last task against parameters in percent of MTL's; the paper's hollow."""
    figure, axes = canvas(1, 1, 6.5, 4.5)
    methods = there(summary, SIZED)
    ours = {method: [(100 * numbers.size(summary, label, "mtl"), numbers.after_last(summary, label))
                     for label in numbers.networks(summary, method)] for method in methods}
    theirs = {method: paper.sizes(method) for method in methods} if full(summary) else {}
    beside.sizes_before(axes[0, 0], ours, theirs, "parameters, % of MTL's", _LAST, style=STYLE)
    return figure


def retraining(summary: Summary):
    """Figure 4a: AUROC against seconds of the processor and against multiply-adds; the paper's hollow."""
    figure, axes = canvas(1, 2, 9, 3.6)
    labels = there(summary, RETRAINED)
    papers = {label: paper.PAPER["figure 4a"][label][::-1] for label in labels} if full(summary) else {}
    for ax, kind, theirs in zip(axes[0], ("seconds", "multiply_adds"), (papers, {})):
        costs = {label: numbers.cost(summary, label, kind) for label in labels}
        scale, xlabel = unit(kind.replace("_", "-"), np.concatenate(list(costs.values())))
        points = {label: (costs[label] / scale, numbers.after_last(summary, label)) for label in labels}
        beside.costs_before(ax, points, theirs, xlabel, _LAST, style=STYLE)
    return figure


def selected(summary: Summary):
    """Figure 4b: units selected in each layer, mean over all tasks but the first."""
    labels = there(summary, SELECTING)
    units = {label: numbers.over_seeds(summary, label, numbers.units_selected)[:, 1:].mean(axis=1) for label in labels}
    layers = next(iter(units.values())).shape[1]
    figure, axes = canvas(1, layers, 3 * layers, 3.2)
    for l, ax in enumerate(axes[0]):
        theirs = {label: paper.PAPER["figure 4b"][label][l] for label in labels} if full(summary) else {}
        beside.bars_before(ax, {label: values[:, l] for label, values in units.items()}, theirs,
                           f"units selected, layer {l + 1}", style=STYLE)
    return figure


def parts(summary: Summary):
    """Figure 4c: DEN part by part, AUROC after the last task; in the bars the size in multiples of MTL's parameters."""
    figure, axes = canvas(1, 1, 9, 3.6)
    labels = there(summary, PARTS)
    ours = {label: numbers.after_last(summary, label) for label in labels}
    theirs = {label: papers_part(label)[0] for label in labels} if full(summary) else {}
    notes = {label: f"{numbers.size(summary, label, 'mtl').mean():.2f}" for label in labels}
    lowest = np.nanmin([*theirs.values(), *(values.min() for values in ours.values())])
    floor = np.floor(20 * lowest - 0.5) / 20                       # a multiple of .05, a little below all
    beside.bars_before(axes[0, 0], ours, theirs, _LAST, notes=notes, floor=floor, style=STYLE)
    return figure


def followed(summary: Summary):
    """Figure 5: AUROC of tasks 1, 4 and 7 from their own stage on; the paper's first and last values joined, thin."""
    tasks = len(summary.about["tasks"])
    positions = [position for position in FOLLOWED if position < tasks] or [1]
    figure, axes = canvas(1, len(positions), 4.2 * len(positions), 3.6)
    for ax, position in zip(axes[0], positions):
        runs = {label: numbers.of_R(summary, label, lambda R: R[:, position - 1]) for label in there(summary, KEEPING)}
        papers = paper.PAPER["figure 5"][f"task {position}"] if full(summary) else {}
        theirs = {label: ((position, tasks), ends) for label, ends in papers.items()}
        beside.curves_before(ax, runs, theirs, _LEARNT, f"AUROC, task {position}", style=STYLE)
    return figure


#: Name of the file -> the function that draws it, and the methods without which it is left out.
PAPER_FIGURES = {
    "figure_3_curves": (curves, ("stl",)),
    "figure_3_sizes": (sizes, ("mtl",)),
    "figure_4a": (retraining, ("finetune", "dnn-selective")),
    "figure_4b": (selected, ("dnn-selective",)),
    "figure_4c": (parts, ("mtl", "dnn-dynamic")),
    "figure_5": (followed, ("den",)),
}

