"""The numbers along an axis as one artist: half of a picture's time goes to Matplotlib's ticks, eight objects for each.

Matplotlib still says where ticks stand and what they are called; only its way of measuring and drawing them is
replaced.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.path import Path
from matplotlib.textpath import text_to_path
from matplotlib.ticker import NullLocator
from matplotlib.transforms import Bbox, IdentityTransform

#: Height of a digit in heights of its font.
DIGIT = 0.73


class Tick(NamedTuple):
    """Where a tick's mark starts and ends, in pixels, its text, and the box of the text."""

    start: np.ndarray
    end: np.ndarray
    text: str
    box: Bbox


def quick_scales(ax) -> None:
    """Draw the ticks of an axes quickly, now that the axes is filled; what is not plain stays with Matplotlib."""
    ax.spines[:].set_in_layout(False)                              # a layout measures them at length, and they are thin
    for axis in (ax.xaxis, ax.yaxis):
        if _plain(axis):
            ax.add_artist(Scale(axis))
            axis.set_visible(False)


def _plain(axis) -> bool:
    """Whether all texts are level lines below the axes or on its left, and none stands apart for all (1e9)."""
    formatter = axis.get_major_formatter()
    texts = formatter.format_ticks(axis.get_majorticklocs())
    return (axis.get_ticks_position() in ("bottom", "left") and _first_tick(axis).label1.get_rotation() == 0
            and not formatter.get_offset() and not any("\n" in text for text in texts))


def _first_tick(axis, which: str = "major"):
    """A tick to read lengths from: all are alike."""
    return (axis.get_major_ticks if which == "major" else axis.get_minor_ticks)(1)[0]


class Scale(Artist):
    """Marks, numbers and name of an axis: below the axes or on its left, where Matplotlib itself would draw them."""

    def __init__(self, axis):
        super().__init__()
        self.set_clip_on(False)                                    # it stands outside the axes
        self.axis = axis
        self.away = np.array((0, -1) if axis.axis_name == "x" else (-1, 0))   # from the axes

    def draw(self, renderer):
        ticks, pen, height = self.ticks(), renderer.new_gc(), renderer.get_canvas_width_height()[1]
        if ticks:
            pen.set_linewidth(renderer.points_to_pixels(0.8))
            marks = Path(np.concatenate([tick[:2] for tick in ticks]), [Path.MOVETO, Path.LINETO] * len(ticks))
            renderer.draw_path(pen, marks, IdentityTransform())
        for tick in ticks:
            y = height - tick.box.y0 if renderer.flipy() else tick.box.y0
            renderer.draw_text(pen, tick.box.x0, y, tick.text, self._font, 0, ismath="$" in tick.text)
        pen.restore()
        self._name(ticks).draw(renderer)

    def get_window_extent(self, renderer=None) -> Bbox:
        """The box of it all, but for the length of the name: a long one is no reason for a small picture."""
        ticks = self.ticks()
        name = self._name(ticks).get_window_extent(renderer)
        middle, half = np.mean(name, axis=0), np.abs(self.away) * name.size / 2
        return Bbox.union([Bbox([middle - half, middle + half]), *(tick.box for tick in ticks)])

    def get_tightbbox(self, renderer=None) -> Bbox:
        return self.get_window_extent(renderer)

    def ticks(self) -> list[Tick]:
        """All that lie within the limits."""
        axis, (low, high), found = self.axis, sorted(self.axis.get_view_interval()), []
        for which, group in (("major", axis.major), ("minor", axis.minor)):
            if not isinstance(group.locator, NullLocator):
                places, model = group.locator(), _first_tick(axis, which)
                named = zip(places, group.formatter.format_ticks(places))
                found += [self._tick(place, text, model) for place, text in named if low <= place <= high]
        return found

    def _tick(self, place: float, text: str, model) -> Tick:
        across = self.axis.axis_name == "x"
        transform = self.axes.get_xaxis_transform() if across else self.axes.get_yaxis_transform()
        start = transform.transform((place, 0) if across else (0, place))
        size = self._pixel * np.array([_width(text, self._font), DIGIT * self._font.get_size_in_points()])
        end = start + model.tick1line.get_markersize() * self._pixel * self.away
        middle = end + self.away * (model.get_pad() * self._pixel + size / 2)
        return Tick(start, end, text, Bbox([middle - size / 2, middle + size / 2]))

    def _name(self, ticks: list[Tick]):
        """The axis' name, put beyond all numbers."""
        boxes = Bbox.union([self.axes.bbox, *(tick.box for tick in ticks)])
        x, y = boxes.min + self.axis.labelpad * self._pixel * self.away
        label = self.axis.label
        label.set_y(y) if self.axis.axis_name == "x" else label.set_x(x)
        return label

    @property
    def _font(self):
        return self.axis.label.get_fontproperties()

    @property
    def _pixel(self) -> float:
        """Pixels per point."""
        return self.axes.figure.dpi / 72


@cache
def _width(text: str, font) -> float:
    """Of a text in points."""
    return text_to_path.get_text_width_height_descent(text, font, "$" in text)[0]
