"""Names written beside what they name: at the ends of lines, next to points, none over another."""

from collections.abc import Mapping

import numpy as np

from .style import PLAIN, Style, as_it_is, spread

#: A line of text in heights of its font, and the mean width of a letter.
LINE, LETTER = 1.25, 0.6

#: Where a point's name may stand, seen from the point, and how far away in points of text: the nearest first.  At the
#: first so many places it needs no pointer.
_DIRECTIONS = [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)]
_DISTANCES = (8, 14, 20, 27, 35, 45, 57, 70)
_PLAIN = 4


def darker(colour: str, share: float = 0.75) -> str:
    """The colour for letters: light ones cannot be read on white.

    >>> darker("#ffffff", 0.5)
    '#7f7f7f'
    """
    return "#" + "".join(f"{int(share * int(colour[i:i + 2], 16)):02x}" for i in (1, 3, 5))


def label_ends(ax, ends: Mapping[str, tuple], colours: Mapping[str, str], *, style: Style = PLAIN) -> list:
    """Names right of the axes, at the heights where their lines end: name -> (x, y).  The annotations."""
    low, high = ax.get_ylim()
    names = sorted(ends, key=lambda name: ends[name][1])
    heights = within([ends[name][1] for name in names], LINE * style.text * (high - low) / _size(ax)[1], low, high)
    return [ax.annotate(as_it_is(name), ends[name], (1.05, height), textcoords=ax.get_yaxis_transform(), va="center",
                        fontsize=style.text, color=darker(colours[name]), annotation_clip=False,
                        arrowprops=_pointer(colours[name], (0, 0.5), style))
            for name, height in zip(names, heights)]


def within(positions, gap: float, low: float, high: float) -> np.ndarray:
    """``style.spread`` of ascending positions, kept within [low, high] as far as there is room.

    >>> within([0.0, 0.0, 5.0], gap=1.0, low=0.0, high=9.0).tolist()
    [0.0, 1.0, 5.0]
    """
    steps = gap * np.arange(len(positions))
    return np.maximum(np.minimum(spread(positions, gap) - steps, high - steps[-1:].sum()), low) + steps


def label_points(ax, points: Mapping[str, tuple], colours: Mapping[str, str], keep_off=(), *,
                 style: Style = PLAIN) -> list:
    """Names next to points, name -> (x, y): the nearest place that is free of points, lines and of other names.

    ``keep_off``: straight lines ((x, y), (x, y)) that no name may cover.  Call it when the limits of the axes are
    final.  Returns the annotations.
    """
    places = {name: _place(ax, point) for name, point in points.items()}
    marks = [_box(at, 5, 5) for at in places.values()]
    for ends in keep_off:
        marks += _along(*(_place(ax, end) for end in ends), 40)
    names, labels = [], []
    for name, at in places.items():
        size = np.array([LETTER * style.text * len(name), LINE * style.text])
        offset, pointer = _free_offset(at, size, marks, names, _size(ax))
        names.append(_box(at + offset, *size / 2))
        marks += pointer
        nearest = np.clip(0.5 - offset / size, 0, 1)                # of the name's box, seen from the point
        labels.append(ax.annotate(as_it_is(name), points[name], offset, textcoords="offset points", ha="center",
                                  va="center", fontsize=style.text, color=darker(colours[name]),
                                  arrowprops=_pointer(colours[name], nearest, style) if pointer else None))
    return labels


# --- small parts -------------------------------------------------------------------------------------------------


def _pointer(colour: str, start, style: Style) -> dict:
    """A thin dotted line from a place on the name's box, (0, 0) its lower left, to what is named: no error bar."""
    return {"arrowstyle": "-", "linewidth": style.line / 2, "linestyle": ":", "color": colour, "relpos": tuple(start),
            "shrinkA": 1, "shrinkB": 3}


def _size(ax) -> np.ndarray:
    """Width and height of the axes, in points of text."""
    return np.array(ax.get_position().size) * ax.figure.get_size_inches() * 72


def _place(ax, point) -> np.ndarray:
    """A data point in points of text from the lower left corner of the axes."""
    return (ax.transScale + ax.transLimits).transform(point) * _size(ax)


def _box(middle, half_width: float, half_height: float) -> np.ndarray:
    """[left, bottom, right, top]."""
    x, y = middle
    return np.array([x - half_width, y - half_height, x + half_width, y + half_height])


def _along(start, end, pieces: int) -> list:
    """Small boxes along a straight line."""
    return [_box(at, 1.5, 1.5) for at in np.linspace(start, end, pieces)]


def _overlap(boxes, others) -> float:
    """Area that boxes share with others."""
    boxes, others = (np.reshape(some, (-1, 4)) for some in (boxes, others))
    low, high = np.maximum(boxes[:, None, :2], others[:, :2]), np.minimum(boxes[:, None, 2:], others[:, 2:])
    return float(np.prod(np.maximum(high - low, 0), axis=2).sum())


def _free_offset(at, size, marks, names, room) -> tuple[np.ndarray, list]:
    """From a point to its name's middle, and the boxes along its pointer, [] if it stands so close that it has none.

    The first offset that covers nothing and whose pointer crosses no name, else the one that does least harm.
    """
    # Half a letter less up and down: a line of text has air around it.
    sides = size / 2 - (0, size[1] / 4)
    offsets = [np.array(direction) * (distance + sides) for distance in _DISTANCES for direction in _DIRECTIONS]
    pointers = [_along(at, at + offset - np.clip(offset, *(-size / 2, size / 2)), 12) if i >= _PLAIN else []
                for i, offset in enumerate(offsets)]

    def harm(i):
        box = _box(at + offsets[i], *size / 2)
        outside = np.maximum(-box[:2], 0).sum() + np.maximum(box[2:] - room, 0).sum()
        return _overlap([box], marks) + 10 * _overlap([box, *pointers[i]], names) + 100 * outside

    best = min(range(len(offsets)), key=harm)                      # among equals min takes the first
    return offsets[best], pointers[best]
