"""The network as a graph: units in columns, coloured by the task that introduced them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patches import Rectangle
from matplotlib.transforms import Affine2D, AffineDeltaTransform

from den_ref.core.stacks import edge_sizes

from .style import PLAIN, Style, as_it_is, bare, legend

#: More inputs than this are drawn as one block.
MANY_INPUTS = 24
#: Units of a layer that stand in one column before it takes another.
TALLEST = 24


class Graph(NamedTuple):
    """The artists of :func:`network_graph`.

    layers : list of PathCollection
        Inputs (None if they are one block), hidden layers, heads; offsets are positions, in the order of the units.
    edges : list of LineCollection
        One per weight matrix; the last one leads to the heads.
    block : Rectangle or None
        All inputs, if there are many.
    crosses : list of Line2D
        One per hidden layer with units to cross out.
    """

    layers: list
    edges: list
    block: Rectangle | None
    crosses: list


def network_graph(ax, network, *, stage: int | None = None, selected: Sequence | None = None, crossed: Sequence = (),
                  edges: int = 150, style: Style = PLAIN) -> Graph:
    """Units as points, in columns per layer; nonzero weights among the units that a stage sees as lines.

    Colour and shape of a unit say which stage introduced it.  What the stage does not see (units retired before it or
    introduced after it) is faded and has no lines.  With ``selected``, what is selected is lit (black rims, lines in
    the accent's colour), all else pale.

    Parameters
    ----------
    network : den_ref.den.network.Network
    stage : int, optional
        Whose view it is; by default the latest.
    selected : list of index arrays, optional
        [inputs, layer 1, ..., layer L-1], as :func:`den_ref.den.selective.select_units` gives them.
    crossed : list of index arrays
        Per hidden layer, units to cross out.
    edges : int
        Draw at most so many lines per matrix: selected ones before others, then by the largest abs(weight).  A note
        under the picture says how many there are.
    """
    stage = network.stage if stage is None else stage
    layers, matrices = _layers(network, stage, selected), _matrices(network, stage)
    lines = [_lines(ax, w, *ends, edges, style) for w, *ends in zip(matrices, layers, layers[1:])]
    block = _block(ax, layers[0], style) if network.n_inputs > MANY_INPUTS else None
    points = [_points(ax, layer, style) if layer is not layers[0] or block is None else None for layer in layers]
    crosses = [ax.plot(*layer.places[gone].T, "x", color="black", markersize=7, markeredgewidth=style.line)[0]
               for layer, gone in zip(layers[1:], crossed)]
    _surroundings(ax, network, layers, _note(matrices, edges), style)
    return Graph(points, lines, block, crosses)


# --- what is drawn where -----------------------------------------------------------------------------------------


class _Layer(NamedTuple):
    """One layer: where its n units stand (n, 2), which stage each is from (inputs: 0), and what it looks like."""

    name: str
    places: np.ndarray
    born: np.ndarray
    seen: np.ndarray
    lit: np.ndarray | None

    @property
    def label(self) -> str:
        """Its name and how many units it has, or how many of them are selected."""
        return f"{self.name}\n{len(self.born):,}" if self.lit is None else f"{self.name}\n{self.lit.sum():,} selected"


def _layers(network, stage: int, selected) -> list[_Layer]:
    """Inputs, hidden layers, heads."""
    stages = np.array([head.stage for head in network.heads], int)
    born = [np.zeros(network.n_inputs, int), *network.introduced, stages]
    seen = [np.isin(np.arange(len(b)), view) for b, view in zip(born, network.visible(stage))] + [stages > 0]
    chosen = [np.isin(np.arange(len(b)), view) for b, view in zip(born, selected or [])] + [stages == stage]
    names = ["inputs", *(f"layer {l}" for l in range(1, len(born) - 1)), "heads"]
    lit = chosen if selected is not None else [None] * len(born)
    return [_Layer(*parts) for parts in zip(names, layout([len(b) for b in born]), born, seen, lit, strict=True)]


def layout(sizes: Sequence[int]) -> list[np.ndarray]:
    """Positions (n, 2) of the units of inputs, hidden layers and heads, in a plane where 1 is between two units.

    Many inputs stand close together on a line; a hidden layer of more than TALLEST units takes several columns.
    """
    many = sizes[0] > MANY_INPUTS
    grids = [_line(sizes[0]) if many else _grid(sizes[0]), *(_grid(size) for size in sizes[1:])]
    widths, heights = zip(*(np.ptp(grid, axis=0) if len(grid) else (0, 0) for grid in grids))
    height = max(heights) + 1
    gap = max((1.8 * height - sum(widths)) / (len(grids) - 1), 0.35 * height, 2.0)
    starts = np.cumsum([0, *(width + gap for width in widths[:-1])])
    return [grid + [start, 0] for grid, start in zip(grids, starts, strict=True)]


def _grid(n: int) -> np.ndarray:
    """Column after column from the top, around height 0; at most TALLEST high."""
    rows = n if n <= TALLEST else max(TALLEST, int(np.ceil(np.sqrt(2 * n))))
    column, row = np.divmod(np.arange(n), max(rows, 1))
    return min(1.0, TALLEST / max(rows, 1)) * np.stack([column, (rows - 1) / 2 - row], axis=1)


def _line(n: int) -> np.ndarray:
    """n places from the top of a layer to its bottom."""
    return np.stack([np.zeros(n), np.linspace(TALLEST / 2 - 0.5, 0.5 - TALLEST / 2, n)], axis=1)


def _matrices(network, stage: int) -> list[np.ndarray]:
    """abs(weights) in a stage's view, 0 outside it; the last matrix, (n_top, heads), has the stage's own head only."""
    seen, heads = network.visible(stage), np.zeros((network.widths[-1], len(network.heads)))
    for i, head in enumerate(network.heads):
        rows = edge_sizes(head.weights, network.fan[-1])
        heads[:, i] = np.abs(rows).max(axis=1, initial=0) * (head.stage == stage)
    views = [*zip(seen, seen[1:]), (seen[-1], np.arange(len(network.heads)))]
    weights = [edge_sizes(w, fan) for w, fan in zip(network.weights, network.fan)]
    return [_inside(np.abs(w), *view) for w, view in zip([*weights, heads], views, strict=True)]


def _inside(w, rows, columns) -> np.ndarray:
    """The matrix with 0 everywhere but in these rows and columns."""
    inside = np.zeros_like(w)
    inside[np.ix_(rows, columns)] = w[np.ix_(rows, columns)]
    return inside


# --- the artists -------------------------------------------------------------------------------------------------


def _lines(ax, w, below: _Layer, above: _Layer, at_most: int, style: Style) -> LineCollection:
    """The strongest edges of a matrix, lit ones first."""
    lit = np.zeros(w.shape, bool) if below.lit is None else below.lit[:, None] & above.lit & (w > 0)
    rank = np.where(w > 0, w + lit * (w.max(initial=0) + 1), 0).ravel()
    strongest = np.argpartition(-rank, min(at_most, rank.size - 1))[:at_most] if rank.size else np.zeros(0, int)
    rows, columns = np.unravel_index(strongest[rank[strongest] > 0], w.shape)
    ends = np.stack([below.places[rows], above.places[columns]], axis=1)
    chosen = lit[rows, columns][:, None]
    colours = np.where(chosen, to_rgba(style.accent, 0.7), to_rgba(style.muted, 0.35))
    widths = np.where(chosen[:, 0], 0.9, 0.5)
    return ax.add_collection(LineCollection(ends, colors=colours, linewidths=widths, zorder=1))


def _points(ax, layer: _Layer, style: Style) -> PathCollection:
    """The units of a layer, sized in the plane's own unit so that they never touch."""
    spacing = np.abs(np.diff(layer.places[:2, 1])).max(initial=0) or 1.0
    stages, which = np.unique(layer.born, return_inverse=True)
    shapes = np.array([_shape(_marker(stage, style), 0.38 * spacing) for stage in stages], object)[which]
    faces = np.array([to_rgba(_colour(stage, style)) for stage in stages]).reshape(-1, 4)[which]
    pale = layer.seen & ~layer.lit if layer.lit is not None else np.zeros(len(faces), bool)
    faces[:, 3] = np.where(layer.seen, np.where(pale, 2 * style.faded, 1), style.faded)
    rims = np.zeros((len(faces), 4))
    rims[:, 3] = layer.lit if layer.lit is not None else 0
    points = PathCollection(shapes, offsets=layer.places, offset_transform=ax.transData, facecolors=faces,
                            edgecolors=rims, linewidths=style.line / 2, zorder=2)
    points.set_transform(AffineDeltaTransform(ax.transData))
    return ax.add_collection(points)


def _colour(stage: int, style: Style) -> str:
    """The colour of a stage; stage 0 is that of the inputs."""
    return style.colour(stage - 1) if stage else style.muted


def _marker(stage: int, style: Style) -> str:
    """The shape of a stage; stage 0 is that of the inputs."""
    return style.marker(stage - 1) if stage else "s"


def _shape(marker: str, radius: float):
    """A marker's outline, of about this radius."""
    shape = MarkerStyle(marker)
    path = shape.get_path().transformed(shape.get_transform())
    return path.transformed(Affine2D().scale(radius / np.abs(path.vertices).max()))


def _block(ax, layer: _Layer, style: Style) -> Rectangle:
    """All inputs as one block, ending where their lines begin."""
    low, high = layer.places[:, 1].min(), layer.places[:, 1].max()
    return ax.add_patch(Rectangle((layer.places[0, 0] - 1.5, low), 1.5, high - low, color=style.muted, linewidth=0))


def _note(matrices, edges: int) -> str:
    """Which of how many edges are drawn."""
    counts = [int(np.count_nonzero(w)) for w in matrices]
    parts = ", ".join(f"{min(count, edges)} of {count:,}" for count in counts)
    return f"lines: {parts}, by the size of their weights" if max(counts, default=0) > edges else ""


def _surroundings(ax, network, layers, note: str, style: Style) -> None:
    """Names above the layers, the legend, and limits that hold everything."""
    everything = np.concatenate([layer.places for layer in layers])
    top = max(np.abs(everything[:, 1]).max() + 0.8, 4.0)           # few units are not drawn as giants
    for layer in layers:
        if len(layer.places):
            middle = (layer.places[:, 0].min() + layer.places[:, 0].max()) / 2
            ax.text(middle, top, layer.label, ha="center", va="bottom", fontsize=style.text)
    bare(ax, style)
    ax.set(aspect="equal", xlim=(everything[:, 0].min() - 2, everything[:, 0].max() + 1), ylim=(-top, top))
    keys = _keys(network, layers[1:], style)
    shown = legend(ax, style, handles=keys, title=note or None, loc="upper center", bbox_to_anchor=(0.5, 0),
                   ncols=min(len(keys), 6), columnspacing=1, handletextpad=0.3)
    shown.get_title().set(fontsize=style.text, ha="center")


def _keys(network, layers, style: Style) -> list[Line2D]:
    """Entries of the legend: the tasks, and what rims and faded colours mean."""
    tasks = {head.stage: head.task for head in network.heads}
    stages = np.unique(np.concatenate([layer.born for layer in layers]))
    looks = [(f"task {as_it_is(tasks.get(s, s))}", dict(marker=_marker(s, style), color=_colour(s, style)))
             for s in stages]
    if any(layer.lit is not None for layer in layers):
        looks.append(("selected", dict(marker="o", markerfacecolor="none", color="black")))
    if not all(layer.seen.all() for layer in layers):
        looks.append(("not visible", dict(marker="o", color=style.plain, alpha=style.faded)))
    return [Line2D([], [], linestyle="none", label=label, **look) for label, look in looks]
