"""``show(step)``: the right picture for each box of the algorithm."""

import io
import os
import textwrap
from itertools import groupby
from pathlib import Path

from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from den_ref.protocol import Step
from .panels import Panel, panels
from .scale import quick_scales
from .style import PLAIN, Style, as_it_is

#: Width and height of one panel, in inches.  Two beside each other fit on a page of 780 pixels without being made
#: smaller, letters included.
PANEL = (3.8, 3.0)


class Picture(Figure):
    """A figure that shows itself in a notebook, and that nothing but its owner holds on to."""

    def png(self, dpi: float = 150) -> bytes:
        """The picture as a PNG file."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=dpi)
        return buffer.getvalue()

    def svg(self) -> str:
        """The picture as an SVG file; the same picture gives the same text."""
        buffer = io.StringIO()
        with rc_context({"svg.hashsalt": "den_ref"}):
            # savefig would draw twice, the first time for nothing but the layout, which every drawing does anyway.
            FigureCanvasSVG(self).print_svg(buffer, metadata={"Date": None})
        return buffer.getvalue()

    def _repr_png_(self) -> bytes:
        return self.png(dpi=100)


def show(step: Step, target: Path | str | None = None, *, title: bool = True, style: Style = PLAIN) -> Picture:
    """Draw a step: the picture of its box.

    A box that has no picture of its own gets the history of its solve; where there is nothing to draw, its sentence
    alone.  The step may come from a run (:meth:`den_ref.protocol.Method.steps`) or from a folder
    (:func:`den_ref.experiment.kept_steps`).

    Parameters
    ----------
    step : Step
    target : path, optional
        Also write the picture there, as its suffix says (.png, .svg, .pdf).
    title : bool
        Whether the step's words (those of ``print(step)``) stand above.

    Returns
    -------
    Picture
        In a notebook it shows itself.
    """
    shown = panels(step)
    figure = Picture(layout="constrained")
    width = _fill(figure, shown, style)
    if title or not shown:
        words = "\n".join(textwrap.wrap(str(step), int(12 * width)))
        figure.suptitle(as_it_is(words), fontsize=style.text + 1, x=0.02, ha="left")
    if target is not None:
        _write(figure, Path(target))
    return figure


def _fill(figure: Picture, shown: list[Panel], style: Style) -> float:
    """Size the figure for its panels and draw them, two in a row at most; its width in inches."""
    rows = in_rows(shown)
    heights = [max(panel.height for panel in row) for row in rows]
    width = 2 * PANEL[0] if any(len(row) > 1 or row[0].wide for row in rows) else 6.0
    figure.set_size_inches(width, PANEL[1] * sum(heights) + 0.7)
    grid = figure.add_gridspec(len(rows), 2, height_ratios=heights) if rows else None
    for i, row in enumerate(rows):
        for column, panel in enumerate(row):
            ax = figure.add_subplot(grid[i, column if len(row) > 1 else slice(None)])
            panel.draw(ax, style=style)
            quick_scales(ax)
    return width


def in_rows(shown: list[Panel]) -> list[list[Panel]]:
    """Wide panels alone, the others in pairs; the odd one of a series goes first, so that layers stand side by side.

    >>> narrow, wide = Panel(print), Panel(print, wide=True)
    >>> [len(row) for row in in_rows([narrow] * 3)], [len(row) for row in in_rows([narrow, narrow, wide])]
    ([1, 2], [2, 1])
    """
    rows = []
    for wide, series in groupby(shown, key=lambda panel: panel.wide):
        series = list(series)
        odd = len(series) if wide else len(series) % 2
        rows += [[panel] for panel in series[:odd]] + [series[i:i + 2] for i in range(odd, len(series), 2)]
    return rows


def _write(figure: Picture, target: Path) -> None:
    """The picture in a file, whole or not at all."""
    unfinished = target.with_name(f".{target.name}.part")
    figure.savefig(unfinished, format=target.suffix.lstrip(".") or "png", dpi=150)
    os.replace(unfinished, target)
