"""Pictures of compared methods with another's numbers behind ours: theirs thin or hollow, ours as in ``comparison``."""

from collections.abc import Mapping, Sequence

import numpy as np

from den_ref.methods.labels import name_of

from .comparison import colours, curves, looks, plain_ticks, point, scores_against_cost
from .labels import label_ends
from .style import PLAIN, Style, legend, tidy

#: How theirs are drawn.
THIN, FAINT = 0.8, 0.6


def curves_before(ax, runs: Mapping[str, np.ndarray], theirs: Mapping[str, tuple], xlabel: str, ylabel: str, *,
                  style: Style = PLAIN) -> list:
    """``comparison.curves`` before thin lines of the same colours.  Returns the thin lines.

    theirs : label -> (x, y), drawn for those that are among the runs
    """
    drawn = looks(runs)
    lines = [ax.plot(*theirs[label], color=drawn[label].colour, linewidth=THIN, alpha=FAINT, zorder=1)[0]
             for label in runs if label in theirs]
    curves(ax, runs, xlabel, ylabel, style=style)
    return lines


def sizes_before(ax, ours: Mapping[str, Sequence[tuple]], theirs: Mapping[str, Sequence[tuple]], xlabel: str,
                 ylabel: str, *, style: Style = PLAIN) -> list:
    """Scores against sizes, a line through the networks of each method, named at its end; theirs thin and hollow.

    ours : method -> (sizes, scores) of each network, a number per run in both
    theirs : method -> (size, score) of each network
    """
    drawn, markers, ends = looks(ours), [], {}
    for label, each in drawn.items():
        means = [(np.mean(x), np.mean(y)) for x, y in ours[label]]
        ax.plot(*zip(*theirs.get(label, ())), color=each.colour, linewidth=THIN, alpha=FAINT, marker=each.marker,
                markersize=5, fillstyle="none", zorder=1)
        ax.plot(*zip(*means), color=each.colour, linestyle=each.line, linewidth=style.line)
        markers += [point(ax, x, y, each, style) for x, y in ours[label]]
        ends[name_of(label)] = means[-1]
    ax.set_xscale("log")
    plain_ticks(ax.xaxis)
    ax.margins(x=0.06, y=0.08)
    ax.autoscale_view()
    tidy(ax, style, xlabel=xlabel, ylabel=ylabel)
    label_ends(ax, ends, colours(drawn), style=style)
    return markers


def costs_before(ax, ours: Mapping[str, tuple], theirs: Mapping[str, tuple], xlabel: str, ylabel: str, *,
                 style: Style = PLAIN) -> list:
    """``comparison.scores_against_cost`` with their points hollow.  Returns the hollow markers.

    theirs : label -> (cost, score)
    """
    drawn = looks(ours)
    hollow = [ax.plot(*theirs[label], color=each.colour, marker=each.marker, fillstyle="none", alpha=FAINT,
                      linestyle="")[0] for label, each in drawn.items() if label in theirs]
    scores_against_cost(ax, ours, xlabel, ylabel, style=style)
    return hollow


def bars_before(ax, ours: Mapping[str, np.ndarray], theirs: Mapping[str, float], ylabel: str, *, notes=None,
                floor: float = 0.0, style: Style = PLAIN) -> list:
    """A bar per label at the mean of its runs, with their range; theirs a dashed line across.  Returns the bars.

    A bar has the colour of its method, whatever the label says besides.

    notes : label -> a text on the bar
    floor : where the bars begin
    """
    places, methods = np.arange(len(ours)), [label.partition(" ")[0] for label in ours]
    drawn = looks(methods)
    means = np.array([np.mean(values) for values in ours.values()])
    reach = np.abs([[np.min(values), np.max(values)] for values in ours.values()] - means[:, None]).T
    bars = ax.bar(places, means - floor, bottom=floor, width=0.7, alpha=0.8, yerr=reach,
                  color=[drawn[method].colour for method in methods], error_kw={"linewidth": THIN})
    there = np.array([theirs.get(label, np.nan) for label in ours])
    ax.hlines(there, places - 0.45, places + 0.45, color="black", linewidth=style.line, linestyle=(0, (3, 1)),
              label="the paper")
    for place, label in zip(places, ours):
        ax.annotate((notes or {}).get(label, ""), (place, floor), (0, 3), textcoords="offset points", ha="center",
                    fontsize=style.text - 1, color="white")
    tidy(ax, style, ylabel=ylabel, xticks=places)
    names = [name_of(label).replace("-", "-\n", 1).replace(" k=", "\nk=") for label in ours]
    ax.set_xticklabels(names, fontsize=style.text - 1)
    if np.isfinite(there).any():
        legend(ax, style, loc="lower left", bbox_to_anchor=(0, 1))
    return list(bars)
