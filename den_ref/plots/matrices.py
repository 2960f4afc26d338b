"""Weight matrices as heat maps, with the blocks that surgery makes outlined: old, new, copy."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from .style import PLAIN, Style, as_it_is, spread, symmetric, tidy


class Segment(NamedTuple):
    """Some rows or columns of a matrix that stand together: ``Segment("new", 5)``."""

    name: str
    size: int


def weight_matrix(ax, weights, rows: Sequence[Segment] = (), columns: Sequence[Segment] = (), *,
                  limit: float | None = None, name: str = "W", window: tuple[int, int] = (1, 1),
                  style: Style = PLAIN) -> list:
    """A weight matrix (n_in, n_out) as a heat map; a column is a unit's incoming weights.

    Parameters
    ----------
    weights : (n_in, n_out) array
        Or (height * width * n_in, n_out), if a unit reads a window of each lower one: a stack (``core.stacks``).
    rows, columns : Segments, from the first row or column on
        Every block of theirs is outlined; empty segments are left out.  Names stand beside the rows and above the
        columns.
    limit : float, optional
        The map runs from -limit to limit; by default to the largest abs(weight).
    name : str
        What the matrix is called under the picture.
    window : (height, width)
        Larger than 1 x 1, a pair of units is no spot but an image of its weights.

    Returns
    -------
    list
        The image, then one rectangle per block, row by row.
    """
    weights = np.asarray(weights)
    (height, width), n_out = window, weights.shape[1]
    n_in, images = len(weights) // (height * width), height * width > 1
    if images:
        weights = mosaic(weights.reshape(height, width, n_in, n_out).transpose(2, 3, 0, 1))
    limit = symmetric(weights) if limit is None else limit
    image = ax.imshow(weights, cmap=style.signed, vmin=-limit, vmax=limit, interpolation="nearest",
                      aspect=(height + 2) / (width + 2) if images else "auto",
                      extent=(-0.5, n_out - 0.5, n_in - 0.5, -0.5))
    rows, columns = ([part for part in parts if part.size] for parts in (rows, columns))
    blocks = [ax.add_patch(Rectangle((x - 0.5, y - 0.5), across.size, down.size, fill=False, edgecolor="black",
                                     linewidth=style.line / 2 + 0.25))
              for y, down in zip(_starts(rows), rows) for x, across in zip(_starts(columns), columns)]
    meaning = f"orange < 0 < purple, full at {limit:.2g}" if np.nan_to_num(weights).any() else "0 everywhere"
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))    # there is no unit 2.5
    tidy(ax, style, ylabel="from", xlabel=f"to unit (a column is what it hears)\n{name}: {meaning}")
    ax.spines[:].set_visible(False)
    _name(ax, rows, n_in, style, down=True, gap=max(0.08, images * n_out / max(n_in, 1) / 40))
    _name(ax, columns, n_out, style, down=False, gap=0.22)
    return [image, *blocks]


def mosaic(images) -> np.ndarray:
    """Images (rows, columns, height, width) as one, with NaN around each."""
    framed = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=np.nan)
    rows, columns, height, width = framed.shape
    return framed.transpose(0, 2, 1, 3).reshape(rows * height, columns * width)


def _starts(segments) -> np.ndarray:
    return np.cumsum([0, *(segment.size for segment in segments)])[:-1]


def _name(ax, segments, total: int, style: Style, down: bool, gap: float) -> None:
    """Names on the right of rows or above columns, pushed apart where segments are narrow, with a line to each."""
    middles = [(start + segment.size / 2) / total for start, segment in zip(_starts(segments), segments)]
    for middle, place, segment in zip(middles, spread(middles, gap), segments):
        xs, ys = ((1, 1.04), (1 - middle, 1 - place)) if down else ((middle, place), (1, 1.06))
        ax.add_line(Line2D(xs, ys, transform=ax.transAxes, linewidth=0.6, color=style.muted, clip_on=False))
        ax.text(xs[1], ys[1], f"{segment.name} {segment.size:,}", transform=ax.transAxes, fontsize=style.text,
                ha="left" if down else "center", va="center" if down else "bottom")


def confusion_matrix(ax, shares, classes: Sequence[str], answers: Sequence[str], *, style: Style = PLAIN):
    """Shares (classes, answers) of the samples of a class that have an answer, as numbers; returns the image."""
    image = ax.imshow(shares, cmap="Greys", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    for (i, j), share in np.ndenumerate(shares):
        ax.text(j, i, f"{share:.0%}", ha="center", va="center", fontsize=style.text,
                color="white" if share > 0.5 else "black")
    tidy(ax, style, ylabel="class", xlabel="answer", yticks=range(len(classes)), xticks=range(len(answers)),
         yticklabels=map(as_it_is, classes), xticklabels=map(as_it_is, answers))
    ax.spines[:].set_visible(False)
    return image


def unit_changes(ax, change, *, layer: int | None = None, style: Style = PLAIN) -> list:
    """How much every unit's incoming weights changed, as a norm; returns the stems, then the units left alone.

    Parameters
    ----------
    change : (n_in, n_out) array
    layer : int, optional
        Number of the layer, for the label.
    """
    norms = np.linalg.norm(change, axis=0)
    units, alone = np.arange(len(norms)), norms == 0
    stems = ax.vlines(units[~alone], 0, norms[~alone], color=style.plain, linewidth=style.line)
    marks, = ax.plot(units[alone], norms[alone], "|", color=style.accent, markersize=4)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    where = "" if layer is None else f" of layer {layer}"
    tidy(ax, style, xlabel=f"unit{where}", ylabel="norm of the change of what it hears",
         title=f"{alone.sum()} of {len(alone)} are left as they were (marked)")
    ax.set_ylim(bottom=-0.03 * (norms.max(initial=0) or 1))
    return [stems, marks]


def head_weights(ax, weights, *, style: Style = PLAIN) -> list:
    """A head's weights over the units it could hear, the exact zeros marked: returns the stems, then the zeros.

    weights : (units, n_outputs) array
        With several outputs a unit's largest weight, in absolute value, stands for it; it is marked as 0 if all are.
    """
    weights = np.asarray(weights)
    units, largest = np.arange(len(weights)), np.abs(weights).argmax(axis=1)
    value = weights[units, largest]
    zero = value == 0
    stems = ax.vlines(units[~zero], 0, value[~zero], color=style.plain, linewidth=style.line)
    marks, = ax.plot(units[zero], value[zero], "|", color=style.accent, markersize=4)
    ax.axhline(0, color=style.muted, linewidth=0.5)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if zero.all():                                                 # no scale to be read off them
        ax.set_ylim(-1, 1)
    tidy(ax, style, xlabel="unit of the top layer that the stage sees", ylabel="weight in the head",
         title=f"{zero.sum()} of {len(zero)} are exactly 0 (marked)")
    return [stems, marks]
