"""What den_ref is to reach on the paper's stream, each beside what the paper reports, and whether it does.

Everything is computed seed by seed on test data, from a summary of ``den-ref compare --paper``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from den_ref.experiment.one_run.measure import STL_HIDDEN
from den_ref.methods.labels import name_of
from . import numbers, paper
from .markdown import number
from .summary import Summary

#: A reach "on most seeds" is one on at least this share of them: four of five.
MOST = 0.8

#: Largest distance of STL's curve, smallest gain by the split, largest distance of a share of units selected.
STL_WITHIN, GAIN, SELECTED_WITHIN = 0.010, 0.02, 0.10


@dataclass(frozen=True)
class Reach:
    """One thing to reach.

    Parameters
    ----------
    what, paper, reach, here : str
        What is measured; what the paper has; what is asked; what was measured, mean over seeds.
    met : bool
    on_seeds : array of bool
        On which seeds it is met by the seed alone.
    """

    what: str
    paper: str
    reach: str
    here: str
    met: bool
    on_seeds: np.ndarray


def reaches(summary: Summary) -> list[Reach]:
    """All of them whose methods were run."""
    return [reach for methods, measured in MEASURED if summary.has(*methods) for reach in measured(summary)]


def stl_curve(summary: Summary) -> Iterator[Reach]:
    """STL's average AUROC after t tasks, against the paper's curve: the proof that the data are alike."""
    curves = numbers.of_R(summary, "stl", numbers.average_curve)
    theirs = np.array(paper.curves()["stl"])
    off = np.abs(curves.mean(axis=0) - theirs).max()
    yield Reach("STL, largest distance to the paper's curve", "0", f"at most {STL_WITHIN:.3f}", number(off, ".4f"),
                bool(off <= STL_WITHIN), np.abs(curves - theirs).max(axis=1) <= STL_WITHIN)


def order(summary: Summary) -> Iterator[Reach]:
    """Neighbours in the paper's order, each on most seeds."""
    reported = paper.after_last()
    for upper, lower in paper.order():
        ahead = numbers.ahead(summary, upper, lower)
        if len(ahead):
            yield Reach(f"{name_of(upper)} > {name_of(lower)}", number(reported[upper] - reported[lower], "+.4f"),
                        "on 4 of 5 seeds", number(ahead.mean(), "+.4f"), bool(np.mean(ahead > 0) >= MOST), ahead > 0)


def den_itself(summary: Summary) -> Iterator[Reach]:
    """DEN's AUROC and its size."""
    (size, auroc), = paper.sizes("den")
    yield at_least("DEN", numbers.after_last(summary, "den"), auroc)
    ours = 100 * numbers.size(summary, "den", "mtl")
    yield Reach("DEN, parameters in parts of MTL's", f"{size:g}%", "at most that", f"{ours.mean():.1f}%",
                bool(ours.mean() <= size), ours <= size)


def above_mtl(summary: Summary) -> Iterator[Reach]:
    """DEN above MTL at every size; at its own size the paper's DEN is below."""
    (_, dens), = paper.sizes("den")
    for label in numbers.networks(summary, "mtl"):
        size, auroc = paper.nearest("mtl", 100 * numbers.size(summary, label, "mtl").mean())
        ahead = numbers.ahead(summary, "den", label)
        if len(ahead):
            yield Reach(f"DEN > MTL of {size:g}% ({hidden_of(summary, label)})", number(dens - auroc, "+.4f"),
                        "in the mean", number(ahead.mean(), "+.4f"), bool(ahead.mean() > 0), ahead > 0)


def finetuned(summary: Summary) -> Iterator[Reach]:
    """DEN-Finetune's AUROC."""
    yield at_least("DEN-Finetune", numbers.after_last(summary, "den-finetune"), paper.after_last()["den-finetune"])


def gain_by_the_split(summary: Summary) -> Iterator[Reach]:
    """What Algorithm 4 adds: DEN above the same with Algorithms 2 and 3 alone and the pull to W^{t-1}."""
    theirs = paper.after_last()["den"] - paper.PAPER["figure 4c"]["den-dynamic"][0]
    ahead = numbers.ahead(summary, "den", "den-dynamic")
    if len(ahead):
        yield Reach("gain by the split, DEN-Dynamic to DEN", number(theirs, "+.4f"), f"at least {GAIN:.2f}",
                    number(ahead.mean(), "+.4f"), bool(ahead.mean() >= GAIN), ahead >= GAIN)


def selection(summary: Summary) -> Iterator[Reach]:
    """Units that DNN-Selective selects, mean over all tasks but the first, in parts of the paper's network."""
    units = numbers.over_seeds(summary, "dnn-selective", numbers.units_selected)[:, 1:].mean(axis=1)
    for l, (n, theirs) in enumerate(zip(STL_HIDDEN, paper.PAPER["figure 4b"]["dnn-selective"])):
        off = np.abs(units[:, l] - theirs) / n
        mean = units[:, l].mean()
        yield Reach(f"units of layer {l + 1} that DNN-Selective selects, of {n}", f"{theirs} ({theirs / n:.0%})",
                    f"within {SELECTED_WITHIN:.0%}", f"{mean:.0f} ({mean / n:.0%})",
                    bool(abs(mean - theirs) / n <= SELECTED_WITHIN), off <= SELECTED_WITHIN)


def decision(summary: Summary) -> Iterator[Reach]:
    """Whether tau lets some tasks expand the network and others not."""
    counts = numbers.over_seeds(summary, "den", numbers.expanded)[:, 1:].sum(axis=1)
    tasks = len(summary.about["tasks"]) - 1
    decides = (counts > 0) & (counts < tasks)
    yield Reach(f"DEN, tasks of {tasks} that expand", "not said", "some, not all, on 4 of 5 seeds",
                number(counts.mean(), ".1f"), bool(decides.mean() >= MOST), decides)


def forgetting(summary: Summary) -> Iterator[Reach]:
    """What DEN forgets of the tasks that Figure 5 follows, from their own stage to the last."""
    lost = numbers.of_R(summary, "den", numbers.lost)
    for task, each in paper.PAPER["figure 5"].items():
        if task.startswith("task "):
            theirs, ours = each["den"][0] - each["den"][1], lost[:, int(task.removeprefix("task ")) - 1]
            yield Reach(f"DEN, forgotten of {task}", number(theirs, ".4f"), "at most that", number(ours.mean(), "+.4f"),
                        bool(ours.mean() <= theirs), ours <= theirs)


#: The methods that are needed -> what is measured of them, in the order of the table.
MEASURED: tuple[tuple[tuple[str, ...], Callable[[Summary], Iterator[Reach]]], ...] = (
    (("stl",), stl_curve), ((), order), (("den", "mtl"), den_itself), (("den", "mtl"), above_mtl),
    (("den-finetune",), finetuned), (("den", "den-dynamic"), gain_by_the_split), (("dnn-selective",), selection),
    (("den",), decision), (("den",), forgetting))


# --- small parts -------------------------------------------------------------------------------------------------


def at_least(what: str, ours: np.ndarray, theirs: float) -> Reach:
    """A mean AUROC that is to be at least the paper's."""
    return Reach(f"{what}, AUROC after the last task", number(theirs, ".4f"), "at least that",
                 number(ours.mean(), ".4f"), bool(ours.mean() >= theirs), ours >= theirs)


def hidden_of(summary: Summary, label: str) -> str:
    """The units per hidden layer that a network starts with: "312-128"."""
    return "-".join(map(str, summary.options[label]["options"]["hidden"]))
