"""How pictures look: colours and shapes that can be told apart in grey and with any colour blindness, sizes, labels."""

from dataclasses import dataclass

import numpy as np

#: Okabe and Ito's colours; their yellow is left out, it is too pale for lines on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
#: One shape less than there are colours, so that 42 pairs of them differ.
MARKERS = ("o", "s", "^", "D", "v", "P")


@dataclass(frozen=True)
class Style:
    """What a picture is drawn with; ``Style(text=14, line=3)`` suits a projector.

    text : font size in points
    line : width of a line in points
    colours, markers : in the order of use
    plain, accent, muted : colours of what is ordinary, of what is chosen, of what is in the background
    values, signed : names of colour maps, of values and of weights around 0
    faded : opacity of what no longer serves
    """

    text: float = 9.0
    line: float = 1.5
    colours: tuple[str, ...] = COLOURS
    markers: tuple[str, ...] = MARKERS
    plain: str = "#0072B2"
    accent: str = "#D55E00"
    muted: str = "#777777"
    values: str = "cividis"
    signed: str = "PuOr"
    faded: float = 0.2

    def colour(self, i: int) -> str:
        """The i-th colour, from 0; after the last the first comes again."""
        return self.colours[i % len(self.colours)]

    def marker(self, i: int) -> str:
        """The i-th shape, from 0."""
        return self.markers[i % len(self.markers)]


PLAIN = Style()


def as_it_is(text) -> str:
    """A text that is data, such as a task's id: a dollar sign in it begins no formula.

    >>> print(as_it_is("a$b$"))
    a\\$b\\$
    """
    return str(text).replace("$", r"\$")


def tidy(ax, style: Style, **labels):
    """Set labels (``xlabel=``, ``ylabel=``, ``title=``, ...) and their sizes; take away the frame's upper right."""
    ax.set(**labels)
    ax.tick_params(labelsize=style.text)
    for text in (ax.xaxis.label, ax.yaxis.label, ax.title):
        text.set_fontsize(style.text)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def bare(ax, style: Style, title: str = ""):
    """An axes without frame and ticks, for what has no coordinates."""
    tidy(ax, style, xticks=[], yticks=[], title=title)
    ax.spines[:].set_visible(False)
    return ax


def legend(ax, style: Style, **options):
    """A legend in the picture's font size, without a frame."""
    return ax.legend(fontsize=style.text, frameon=False, **options)


def symmetric(values) -> float:
    """The limit of a map around 0: the largest finite abs(value), 1 if there is none."""
    finite = np.abs(np.asarray(values, float)[np.isfinite(values)])
    return float(finite.max(initial=0)) or 1.0


def spread(positions, gap: float) -> np.ndarray:
    """Ascending positions moved apart to at least ``gap``, as little as may be (in the sum of squares).

    Neighbours that come too close form a block around their mean; blocks that meet become one.

    >>> spread([0.0, 1.0, 1.0, 5.0], gap=1.0).tolist()
    [-0.3333333333333333, 0.6666666666666667, 1.6666666666666667, 5.0]
    """
    blocks: list[tuple[float, int]] = []                           # (where it starts, how many)
    for start in positions:
        count = 1
        while blocks and blocks[-1][0] + blocks[-1][1] * gap > start:
            left, many = blocks.pop()
            start = (left * many + (start - many * gap) * count) / (many + count)
            count += many
        blocks.append((start, count))
    return np.array([start + i * gap for start, count in blocks for i in range(count)])
