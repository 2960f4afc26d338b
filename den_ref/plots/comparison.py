"""Pictures of compared methods: curves over tasks, scores against costs, DEN at other strengths.

Every function takes ``ax`` first, then what is drawn, and returns the artists it made.  A method has the same colour,
line and marker in every picture: those it says (``Method.look``), else those of its place.  Several runs of a method
are its seeds: means are drawn, with their range.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter

from den_ref.describe import LETTERS, Look
from den_ref.methods.labels import look_of, name_of

from .labels import label_ends, label_points
from .style import PLAIN, Style, tidy

#: Looks of the lines that say of none: methods without a look of their own, layers.
_BY_PLACE = tuple(Look(*drawn) for drawn in (
    ("#0072B2", "-", "o"), ("#D55E00", "--", "s"), ("#009E73", "-.", "^"), ("#CC79A7", ":", "D"), ("#E69F00", "-", "v"),
    ("#56B4E9", "--", "P")))


def looks(labels: Iterable[str]) -> dict[str, Look]:
    """Label -> how it is drawn: as the method says, else by its place, in a look that no other has said."""
    said = {label: look_of(label) for label in labels}
    left = cycle([look for look in _BY_PLACE if look not in said.values()] or _BY_PLACE)
    return {label: look or next(left) for label, look in said.items()}


def colours(drawn: Mapping[str, Look]) -> dict[str, str]:
    """Name -> colour, for letters."""
    return {name_of(label): look.colour for label, look in drawn.items()}


def curves(ax, runs: Mapping[str, np.ndarray], xlabel: str, ylabel: str, *, style: Style = PLAIN) -> list:
    """Mean over runs against 1, 2, ..., the band being their range; named at the right ends.  Returns the lines.

    runs : label -> (n_runs, T) array; NaN where there is nothing to draw.
    """
    drawn, lines, ends = looks(runs), [], {}
    for label, values in runs.items():
        lines += _curve(ax, np.asarray(values, float), drawn[label], style)
        ends |= {name_of(label): end for end in lines[-1].get_xydata()[-1:]}
    last = np.shape(values)[1]
    tidy(ax, style, xlabel=xlabel, ylabel=ylabel, xticks=range(1, last + 1), xlim=(0.8, last + 0.2))
    label_ends(ax, ends, colours(drawn), style=style)
    return lines


def scores_against_cost(ax, points: Mapping[str, tuple], xlabel: str, ylabel: str, *, log: bool = False,
                        style: Style = PLAIN) -> list:
    """One named point per method at the mean of its runs, with bars as far as they reach.  Returns the markers.

    points : label -> (costs, scores), a number per run in each.
    """
    drawn = looks(points)
    markers = [point(ax, x, y, drawn[label], style) for label, (x, y) in points.items()]
    if log:
        ax.set_xscale("log")
        plain_ticks(ax.xaxis)
    _settle(ax, style, xlabel, ylabel)
    means = {name_of(label): (np.mean(x), np.mean(y)) for label, (x, y) in points.items()}
    reaches = [reach for x, y in points.values() for reach in _reaches(x, y)]
    label_points(ax, means, colours(drawn), reaches, style=style)
    return markers


def sweep(ax, option: str, points: Sequence[tuple], end: tuple | None, levels: Mapping[str, float], xlabel: str,
          ylabel: str, *, style: Style = PLAIN) -> list:
    """DEN's score against its size as one option varies.  Returns the line and the markers of DEN and DEN-Finetune.

    points : (value, size, score, True if it is DEN as it is) in the order of the values
    end : (size, score) of DEN-Finetune, where DEN as it is ends, or None
    levels : method -> score, drawn as a line across to compare with
    """
    drawn = looks(["den", "den-finetune", *levels])
    colour, places = drawn["den"].colour, [(size, score) for _, size, score, _ in points]
    start, = ((size, score) for _, size, score, usual in points if usual)
    artists = ax.plot(*zip(*places), color=colour, marker="s", markersize=4, linewidth=style.line)
    kept_off = list(zip(places, places[1:])) + [(start, end)] * (end is not None)
    if end is not None:
        ax.plot(*zip(start, end), color=colour, linestyle=":", linewidth=style.line)
    artists += [point(ax, *place, drawn[label], style)
                for label, place in {"den": start, "den-finetune": end}.items() if place is not None]
    for label, score in levels.items():
        ax.axhline(score, color=drawn[label].colour, linestyle=drawn[label].line, linewidth=style.line / 2)
    _settle(ax, style, xlabel, ylabel)
    ax.margins(x=0.25, y=0.15)
    left, right = ax.get_xlim()
    label_ends(ax, {name_of(label): (right, score) for label, score in levels.items()}, colours(drawn), style=style)
    kept_off += [((left, score), (right, score)) for score in levels.values()]
    ax.set_title(f"{LETTERS.get(option, option)} varied", fontsize=style.text)
    names = {f"{value:g}": place for (value, *_), place in zip(points, places)}
    names |= {"Finetune": end} if end is not None else {}
    label_points(ax, names, dict.fromkeys(names, colour), kept_off, style=style)
    return artists


def relative_axis(ax, share: float, label: str, *, style: Style = PLAIN):
    """A second x axis on top, on which ``share`` of the lower one is 1.  Returns the axis."""
    top = ax.secondary_xaxis("top", functions=(lambda x: x / share, lambda x: x * share))
    top.set_xlabel(label, fontsize=style.text)
    top.tick_params(labelsize=style.text)
    if ax.get_xscale() == "log":
        plain_ticks(top.xaxis)
    return top


# --- small parts -------------------------------------------------------------------------------------------------


def _curve(ax, values, each: Look, style: Style) -> list:
    seen = np.flatnonzero(np.isfinite(values).all(axis=0))
    stages, values = seen + 1, values[:, seen]
    ax.fill_between(stages, values.min(axis=0), values.max(axis=0), color=each.colour, alpha=0.15, linewidth=0)
    return ax.plot(stages, values.mean(axis=0), color=each.colour, linestyle=each.line, marker=each.marker,
                   markersize=4.5, linewidth=style.line)


def _settle(ax, style: Style, xlabel: str, ylabel: str) -> None:
    """Fix limits and ticks, so that names can be placed."""
    ax.margins(x=0.12, y=0.12)
    ax.autoscale_view()
    tidy(ax, style, xlabel=xlabel, ylabel=ylabel)


def plain_ticks(axis) -> None:
    """Numbers at 1, 2 and 5 times powers of ten, as on a ruler."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def _reaches(x, y) -> list:
    """The bars of a point, from end to end."""
    middle = np.mean(x), np.mean(y)
    return [((np.min(x), middle[1]), (np.max(x), middle[1])), ((middle[0], np.min(y)), (middle[0], np.max(y)))]


def point(ax, x, y, each: Look, style: Style):
    """A marker at the means, bars over the ranges; the marker."""
    for reach in _reaches(x, y):
        ax.plot(*zip(*reach), color=each.colour, linewidth=style.line / 1.5)
    return ax.plot(np.mean(x), np.mean(y), color=each.colour, marker=each.marker, linestyle="",
                   markersize=9 if each.marker == "*" else 6.5)[0]
