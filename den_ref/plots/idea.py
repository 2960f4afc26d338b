"""The idea as a drawing: what a second task changes in a small network, by fine-tuning and in the three moves of DEN.

Nothing here was learnt: units and lines are chosen so that the difference is seen.  ``network_graph`` draws networks.
"""

from collections.abc import Iterable
from typing import NamedTuple

from matplotlib.collections import LineCollection

from .style import PLAIN, Style, bare

#: Where units stand: inputs below, two hidden layers, the tasks' heads above.  "b3'" is the copy of b3.
PLACES = {
    "i1": (0.5, 0), "i2": (1.5, 0), "i3": (2.5, 0),
    "a1": (0, 1), "a2": (1, 1), "a3": (2, 1), "a4": (3, 1), "a5": (4, 1),
    "b1": (0.3, 2), "b2": (1.2, 2), "b3": (2.1, 2), "b3'": (3, 2), "b4": (3.8, 2), "b5": (4.6, 2),
    "task 1": (0.9, 3), "task 2": (2.9, 3),
}

#: Which task brought a unit in, by the row it is in here; inputs are of none.
UNITS = (("i1", "i2", "i3"), ("a1", "a2", "a3", "a4", "b1", "b2", "b3", "task 1"), ("a5", "b3'", "b4", "b5", "task 2"))


def _edges(text: str) -> tuple[tuple[str, str], ...]:
    """Lines from "LOWER>UPPER,UPPER LOWER>UPPER"."""
    pairs = (part.split(">") for part in text.split())
    return tuple((lower, upper.replace("_", " ")) for lower, uppers in pairs for upper in uppers.split(","))


#: What L1 left of the first task's network, and the first head.
BASE = _edges("i1>a1,a2 i2>a2,a3 i3>a3,a4 a1>b1 a2>b1,b2 a3>b2,b3 a4>b3")
FIRST = BASE + _edges("b1>task_1 b2>task_1 b3>task_1")
#: What Algorithm 2 finds from the second head down, and what Algorithms 3 and 4 bring in.
SELECTED = _edges("i2>a3 i3>a3,a4 a3>b3 a4>b3 b3>task_2")
GROWN = _edges("i2>a5 i3>a5 a4>b4 a5>b4 b4>task_2")
COPIED = _edges("a3>b3' a4>b3' b3'>task_2")


class Scene(NamedTuple):
    """One of the pictures: lines as they were and lines trained, and what happens to single units."""

    title: str
    caption: str
    kept: tuple
    trained: tuple
    removed: tuple = ()
    lost: tuple = ()
    copied: tuple = ()


#: Name -> what is drawn.
SCENES = {
    "fine-tuning": Scene("Fine-tuning", "every shared weight moves:\ntask 1 is forgotten", FIRST,
                         BASE + _edges("b1>task_2 b2>task_2 b3>task_2"), lost=("task 1",)),
    "retrain": Scene("DEN retrains a part", "only what the new head\nleads down to", FIRST, SELECTED),
    "grow": Scene("grows if that is not enough", "new units for task 2;\nuseless ones are removed",
                  FIRST + SELECTED, GROWN, removed=("b5",)),
    "split": Scene("and splits what drifted", "task 1 keeps the old unit,\ntask 2 has the copy",
                   FIRST + GROWN, COPIED, copied=("b3", "b3'")),
}


class Sketch(NamedTuple):
    """The artists of :func:`idea`: lines as they were, lines trained, units by name."""

    kept: LineCollection
    trained: LineCollection
    units: dict


def idea(ax, scene: str, *, style: Style = PLAIN) -> Sketch:
    """One scene: a network of three inputs and two hidden layers that learns a second task.

    Colour and shape of a unit say which task brought it in, as in :func:`network_graph`; lines in the accent's colour
    are trained in this step, all others stay as they are.

    Parameters
    ----------
    scene : str
        "fine-tuning", "retrain", "grow" or "split": a key of SCENES.
    """
    if scene not in SCENES:
        raise ValueError(f"scene: expected one of {', '.join(SCENES)}, got {scene!r}")
    drawn = SCENES[scene]
    kept = _lines(ax, dict.fromkeys(edge for edge in drawn.kept if edge not in drawn.trained), style.muted,
                  style.line / 2)
    trained = _lines(ax, drawn.trained, style.accent, style.line)
    names = {name for edge in drawn.kept + drawn.trained for name in edge} | {"task 1", *drawn.removed}
    units = {name: _unit(ax, name, stage, drawn, style)
             for stage, row in enumerate(UNITS) for name in row if name in names}
    if drawn.copied:
        old, new = (PLACES[name] for name in drawn.copied)
        ax.annotate("", new, old, arrowprops={"arrowstyle": "->", "shrinkA": 6, "shrinkB": 6, "linewidth": style.line})
    bare(ax, style, drawn.title)
    ax.title.set_fontweight("bold")
    ax.text(2.3, -0.55, drawn.caption, ha="center", va="top", fontsize=style.text)
    ax.set(xlim=(-0.5, 5.1), ylim=(-1.5, 3.6))
    return Sketch(kept, trained, units)


def _lines(ax, edges: Iterable, colour: str, width: float) -> LineCollection:
    ends = [[PLACES[lower], PLACES[upper]] for lower, upper in edges]
    return ax.add_collection(LineCollection(ends, colors=colour, linewidths=width, zorder=1))


def _unit(ax, name: str, stage: int, drawn: Scene, style: Style):
    """A unit, with a cross if it is removed or its answer is lost; a head has its task's name above."""
    x, y = PLACES[name]
    gone = name in drawn.removed + drawn.lost
    colour, marker = (style.colour(stage - 1), style.marker(stage - 1)) if stage else (style.muted, "s")
    unit, = ax.plot(x, y, color=colour, marker=marker, linestyle="none", zorder=2,
                    markersize=style.text * (0.9 if stage else 0.6), alpha=2 * style.faded if gone else 1)
    if gone:
        ax.plot(x, y, "x", color="black", markersize=style.text, markeredgewidth=style.line, zorder=3)
    if name.startswith("task"):
        ax.text(x, y + 0.25, name, ha="center", va="bottom", fontsize=style.text)
    return unit
