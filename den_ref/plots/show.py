"""``show(step)``: the right picture for each box of the algorithm."""

import io
import os
import textwrap
from itertools import zip_longest
from pathlib import Path

from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from den_ref.protocol import Step
from .panels import Panel, panels
from .scale import quick_scales
from .style import PLAIN, Style, as_it_is, bare

#: Width and height of one panel, in inches.
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
    """Size the figure for its panels and draw them, at most three in a row; its width in inches."""
    columns = len(shown) if len(shown) <= 3 else 2 if len(shown) == 4 else 3
    rows = [shown[i:i + columns] for i in range(0, len(shown), max(columns, 1))]
    widths = [max(panel.width for panel in column) for column in zip_longest(*rows, fillvalue=Panel(bare))]
    heights = [max(panel.height for panel in row) for row in rows]
    width = max(PANEL[0] * sum(widths), 6.0)
    figure.set_size_inches(width, PANEL[1] * sum(heights) + 0.7)
    if shown:
        grid = figure.add_gridspec(len(rows), columns, width_ratios=widths, height_ratios=heights)
        for place, panel in enumerate(shown):
            ax = figure.add_subplot(grid[place])
            panel.draw(ax, style=style)
            quick_scales(ax)
    return width


def _write(figure: Picture, target: Path) -> None:
    """The picture in a file, whole or not at all."""
    unfinished = target.with_name(f".{target.name}.part")
    figure.savefig(unfinished, format=target.suffix.lstrip(".") or "png", dpi=150)
    os.replace(unfinished, target)
