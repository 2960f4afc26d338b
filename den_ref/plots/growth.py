"""Pictures of networks that grow: units layer by layer and task by task, what a unit cost, who reads a parameter."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.ticker import MaxNLocator

from den_ref.methods.labels import name_of

from .comparison import looks, plain_ticks
from .style import PLAIN, Style, as_it_is, legend, tidy


def units_by_task(ax, widths, title: str = "", *, style: Style = PLAIN) -> list:
    """A bar per task learnt, the layers on top of each other, the first below; all units in numbers at the ends.

    widths : (T, L) array
        Units per hidden layer after each task; a mean over seeds may be no whole number.

    Returns
    -------
    list
        The bars, layer by layer.
    """
    widths = np.asarray(widths, float)
    tasks, bars = np.arange(1, len(widths) + 1), []
    for l, (units, below) in enumerate(zip(widths.T, np.cumsum(widths, axis=1).T - widths.T)):
        bars.append(ax.bar(tasks, units, bottom=below, width=0.7, color=style.colour(l), label=f"layer {l + 1}"))
    tidy(ax, style, title=title, xlabel="tasks learnt", ylabel="units", xlim=(0.4, len(tasks) + 0.6),
         ylim=(0, 1.15 * widths.sum(axis=1).max(initial=1)))
    for task, units in {*zip(tasks[[0, -1]], widths.sum(axis=1)[[0, -1]])}:
        ax.annotate(f"{units:.0f}", (task, units), (0, 2), textcoords="offset points", ha="center", fontsize=style.text)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return bars


def costs_per_unit(ax, costs: Mapping[str, float], xlabel: str, *, style: Style = PLAIN) -> list:
    """A row per method, with a mark on an axis of powers of ten and its number; returns the marks.

    costs : label -> what a unit cost; NaN where it was not counted
    """
    drawn, rows = looks(costs), np.arange(len(costs))
    ax.set_xscale("log")
    plain_ticks(ax.xaxis)
    marks = [ax.plot(cost, row, color=look.colour, marker=look.marker, markersize=7, linestyle="none")[0]
             for row, (cost, look) in enumerate(zip(costs.values(), drawn.values()))]
    for row, cost in enumerate(costs.values()):
        words, place = (f"{cost:,.3g}", (cost, row)) if np.isfinite(cost) else ("not counted", (0, row))
        ax.annotate(words, place, (7, 0), xycoords="data" if np.isfinite(cost) else ax.get_yaxis_transform(),
                    textcoords="offset points", va="center", fontsize=style.text)
    tidy(ax, style, xlabel=xlabel, yticks=rows, yticklabels=_names(costs), ylim=(len(costs) - 0.5, -0.5))
    ax.margins(x=0.15)
    ax.grid(axis="y", color=style.muted, alpha=0.2)
    return marks


def readers(ax, counts: Mapping[str, Sequence[int]], *, style: Style = PLAIN) -> list:
    """A row per method: the share of its parameters that 1, 2, ... tasks read, the more the darker.

    counts : label -> how many parameters are read by 1, 2, ... tasks

    Returns
    -------
    list
        The bars, by the number of tasks.
    """
    shares = np.array([np.divide(each, np.sum(each)) for each in counts.values()])
    rows, n = np.arange(len(counts)), shares.shape[1]
    shades = colormaps["Blues"](np.linspace(0.15, 0.95, n))
    bars = [ax.barh(rows, share, left=left, height=0.6, color=shade, label=str(tasks)) for tasks, share, left, shade
            in zip(range(1, n + 1), shares.T, np.cumsum(shares, axis=1).T - shares.T, shades)]
    tidy(ax, style, xlabel="share of the parameters", xlim=(0, 1), yticks=rows, yticklabels=_names(counts))
    ax.invert_yaxis()
    legend(ax, style, title="read by so many tasks", title_fontsize=style.text, loc="lower center",
           bbox_to_anchor=(0.5, 1), ncols=n, columnspacing=0.8, handlelength=1)
    return bars


def _names(labels: Iterable[str]) -> list[str]:
    """What the rows of these labels are called; a dollar sign begins no formula."""
    return [as_it_is(name_of(label)) for label in labels]
