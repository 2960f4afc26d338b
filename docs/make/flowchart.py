"""Write docs/figures/flowchart.png, the boxes of Algorithms 1 to 4 as a flowchart: python -m docs.make.flowchart."""

from typing import NamedTuple

from den_ref.plots.canvas import canvas
from den_ref.plots.style import PLAIN, bare

from .blocks import DOCS


class Place(NamedTuple):
    """Where something stands (columns from the left, rows from the top), what it says, and whether it asks."""

    column: float
    row: float
    text: str
    asks: bool = False


PLACES = {
    "task": Place(0, 0, "task $t$ comes with its data"),
    "first": Place(0, 1, "is it the first?", asks=True),
    "eq2": Place(1, 1, "Eq. 2: train the whole network,\nL1 makes weights exactly 0"),
    "remove first": Place(1, 2, "remove useless units:\ntask 1 is learnt"),
    "eq3": Place(0, 2, "Eq. 3: a sparse head\non the features there are"),
    "select": Place(0, 3, "select: from the head down\nalong weights that are not 0"),
    "eq4": Place(0, 4, "Eq. 4: retrain only that part"),
    "tau": Place(0, 5, r"is the loss above $\tau$?", asks=True),
    "eq5": Place(1, 5, "Eq. 5: k new units per layer,\nall others held"),
    "remove": Place(1, 6, "remove those that the group\nlasso left useless"),
    "split": Place(0, 7, "split units that drifted beyond $\\sigma$:\nthe original goes back, the copy goes on"),
    "eq6": Place(0, 8, "Eq. 6: train once more,\npulled to $W^{t-1}$"),
    "done": Place(1, 8, "task $t$ is learnt: the next one"),
}

#: From, to, what is written at it.
WAYS = [("task", "first", ""), ("first", "eq2", "yes"), ("first", "eq3", "no"), ("eq2", "remove first", ""),
        ("eq3", "select", ""), ("select", "eq4", ""), ("eq4", "tau", ""), ("tau", "eq5", "yes"), ("tau", "split", "no"),
        ("eq5", "remove", ""), ("remove", "split", ""), ("split", "eq6", ""), ("eq6", "done", "")]


def flowchart():
    """The figure."""
    made, ((ax,),) = canvas(width=7.2, height=7.6)
    boxes = {name: _box(ax, place) for name, place in PLACES.items()}
    for start, end, word in WAYS:
        _way(ax, boxes[start], boxes[end], word)
    bare(ax, PLAIN)
    ax.set(xlim=(-0.5, 1.5), ylim=(-8.5, 0.5))
    return made


def _box(ax, place: Place):
    """A place as a box, questions in another colour and with round corners; its text."""
    look = dict(boxstyle="round,pad=0.6", edgecolor=PLAIN.accent) if place.asks else dict(
        boxstyle="square,pad=0.6", edgecolor=PLAIN.plain)
    return ax.text(place.column, -place.row, place.text, ha="center", va="center", fontsize=PLAIN.text,
                   bbox=look | dict(linewidth=PLAIN.line, facecolor="white"))


def _way(ax, start, end, word: str) -> None:
    """An arrow from box to box, drawn after them, since it begins and ends at their rims."""
    (x, y), (to_x, to_y) = start.get_position(), end.get_position()
    ax.annotate("", (to_x, to_y), (x, y), zorder=start.get_zorder() + 1, arrowprops=dict(
        arrowstyle="-|>", color=PLAIN.muted, linewidth=PLAIN.line, patchA=start.get_bbox_patch(),
        patchB=end.get_bbox_patch(), shrinkA=0, shrinkB=2))
    ax.text((x + to_x) / 2 + 0.02, (y + to_y) / 2 + 0.08, word, fontsize=PLAIN.text, color=PLAIN.accent)


if __name__ == "__main__":
    flowchart().savefig(DOCS / "figures" / "flowchart.png", dpi=110)
