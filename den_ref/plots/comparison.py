"""Pictures of compared methods: curves over tasks, scores against costs, DEN at other strengths.

Every function takes ``ax`` first, then what is drawn, and returns the artists it made.  A method has the same colour,
line and marker in every picture: those it says (``Method.look``), else those of its place.  Several runs of a method
are its seeds: means are drawn, with their range.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from den_ref.describe import LETTERS, Look
from den_ref.methods.labels import look_of, name_of

from .labels import label_ends, label_points
from .style import PLAIN, Style, tidy

#: Looks of the lines that say of none: methods without a look of their own, by their place; layers, by their number.
_BY_PLACE = tuple(Look(*drawn) for drawn in (
    ("#0072B2", "-", "o"), ("#D55E00", "--", "s"), ("#009E73", "-.", "^"), ("#CC79A7", ":", "D"), ("#E69F00", "-", "v"),
    ("#56B4E9", "--", "P")))


#: What is all of a layer to the eye.
NEARLY_ALL = 0.99


def looks(labels: Iterable[str]) -> dict[str, Look]:
    """Label -> how it is drawn: as the method says, else by its place, in a look that no other has said.

    A layer ("layer 2") has the same look in every picture, whatever stands beside it.
    """
    said = {label: look_of(label) or _layers_look(label) for label in labels}
    left = cycle([look for look in _BY_PLACE if look not in said.values()] or _BY_PLACE)
    return {label: look or next(left) for label, look in said.items()}


def _layers_look(label: str) -> Look | None:
    """That of "inputs" and "layer N"; None for anything else."""
    name, _, number = label.partition(" ")
    if name == "layer" and number.isdecimal():
        return _BY_PLACE[(int(number) - 1) % len(_BY_PLACE)]
    return Look("#777777", ":", "D") if label == "inputs" else None


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


def share_curves(ax, layers: Mapping[str, np.ndarray], xlabel: str, ylabel: str, *, style: Style = PLAIN) -> list:
    """Shares of layers, on an axis from 0 on, to 1 unless all are below a half.

    Layers that are all but whole in every task are named above as well: their lines tell nothing.
    """
    most = max((np.nanmax(values, initial=0) for values in layers.values()), default=0)
    top = 1 if most > 0.5 else most or 1
    ax.set_ylim(-0.03 * top, 1.05 * top)
    lines = curves(ax, layers, xlabel, ylabel, style=style)
    whole = [name for name, values in layers.items() if np.nanmin(values, initial=1) >= NEARLY_ALL]
    if whole:
        ax.set_title(f"{' and '.join(whole)}: {NEARLY_ALL:.0%} and more in every task", fontsize=style.text)
    return lines


def count_curves(ax, runs: Mapping[str, np.ndarray], xlabel: str, ylabel: str, *, style: Style = PLAIN) -> list:
    """Counts from 0 on: there is no half unit."""
    if ax.get_autoscaley_on():                                     # the heights are its own
        same_heights([ax], [runs])
    ax.set_ylim(bottom=-0.04 * ax.get_ylim()[1])
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    return curves(ax, runs, xlabel, ylabel, style=style)


def same_heights(axes, values: Sequence[Mapping[str, np.ndarray]], margin: float = 0.05) -> None:
    """Give axes beside each other one range, that of all values; before anything is drawn, since names need it."""
    flat = np.concatenate([np.ravel(some).astype(float) for runs in values for some in runs.values()])
    flat = flat[np.isfinite(flat)]
    low, high = (flat.min(), flat.max()) if flat.size else (0.0, 1.0)
    for ax in axes:
        ax.set_ylim(low - margin * ((high - low) or 1), high + margin * ((high - low) or 1))


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
