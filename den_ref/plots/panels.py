"""What stands in the picture of each box: panels made from a step's facts, arrays, networks and solve.

A maker takes a step and yields panels; it yields none where the step lacks what it needs.  Which makers show a box is
said by the method that has the box (``describe.Box.pictures``), by their names in MAKERS.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import NamedTuple

import numpy as np

from den_ref.core import mlp
from den_ref.core.convolution import unflatten
from den_ref.core.flat import Flat
from den_ref.core.stacks import edge_sizes
from den_ref.den.network import Network
from den_ref.describe import PLAIN_BOX
from den_ref.protocol import Step

from .expansion import group_norms, loss_against_tau, shares
from .filters import filters, looked_at, maps, selected_filters, strips
from .matrices import Segment, confusion_matrix, head_weights, unit_changes, weight_matrix
from .network import network_graph
from .solving import residuals, training, unit_counts
from .splitting import drift
from .timestamps import timestamps

#: A map of more rows is noise to the eye.
MANY_ROWS = 200
#: Images of more columns together stand alone, in all the room across.
MANY_COLUMNS = 120
#: So many units at most are shown as images.
FILTERS = 4
#: When they are shown, if they are split.
MOMENTS = ["before\nthe split", "original\nafter it", "copy\nafter it"]
#: As high is an image that is looked at, beside its maps.
MAPS = 0.8
#: Pixels along the side of the smallest image worth drawing.
SMALLEST = 7
#: Share of the nonzero weights whose sizes the colours of a map can tell apart; the rest are larger.
SHOWN = 0.98


class Panel(NamedTuple):
    """``draw(ax, style=...)`` fills one axes, as high as so many ordinary ones, as wide as one or as the picture."""

    draw: Callable[..., object]
    wide: bool = False
    height: float = 1.0


def panels(step: Step) -> list[Panel]:
    """The panels of a step's picture, in the order of reading; those that suit every box for one without its own."""
    return [panel for name in (step.about or PLAIN_BOX).pictures for panel in maker(name)(step)]


def maker(name: str) -> Callable[[Step], Iterator[Panel]]:
    """The maker of that name; a ValueError that lists the known ones for another."""
    if name not in MAKERS:
        raise ValueError(f"pictures: expected names out of {', '.join(MAKERS)}, got {name!r}")
    return MAKERS[name]


def panel(picture, *data, wide: bool = False, height: float = 1.0, **options) -> Panel:
    """A panel with a picture of these data."""
    return Panel(lambda ax, style: picture(ax, *data, style=style, **options), wide, height)


#: A network as a graph, which needs room.
graph = partial(panel, network_graph, wide=True, height=1.3)
#: Parts of wholes.
bars = partial(panel, shares, height=0.6)


def of_networks(make):
    """A maker that yields nothing unless the step's ``after`` is a Network."""
    @wraps(make)
    def guarded(step: Step) -> Iterator[Panel]:
        if isinstance(step.after, Network):
            yield from make(step)

    return guarded


# --- solves ------------------------------------------------------------------------------------------------------


def history(step: Step) -> dict:
    """What the step's solve recorded per iteration; {} if nothing."""
    return (step.solve or {}).get("history") or {}


def solve(step: Step) -> Iterator[Panel]:
    """How the solve went: losses per epoch, or its certificate per iteration."""
    recorded = history(step)
    if recorded.get("loss"):
        yield panel(training, recorded["loss"], recorded.get("validation", ()), step.solve.get("start_validation"))
    for certificate in ("residual", "prox_residual"):
        if recorded.get(certificate):
            yield panel(residuals, recorded[certificate], ylabel=certificate.replace("_", " "))


def widths(step: Step) -> Iterator[Panel]:
    """How many units every hidden layer had, epoch by epoch."""
    counts = history(step).get("widths")
    if counts:
        yield panel(unit_counts, counts)


def zeros(step: Step) -> Iterator[Panel]:
    """The share of every weight matrix that is exactly 0."""
    matrices = _matrices(step.after, step.stage)
    if matrices:
        counts = [int(np.count_nonzero(w == 0)) for w in matrices.values()]
        yield bars(counts, [w.size for w in matrices.values()], list(matrices), xlabel="share of exact zeros")


def _matrices(model, stage: int) -> dict[str, np.ndarray]:
    """The weight matrices by name; of a Network's heads that of the stage."""
    if isinstance(model, Network):
        heads = {"head": head.weights for head in model.heads if head.stage == stage}
        return {f"W{l}": w for l, w in enumerate(model.weights, 1)} | heads
    return {name: w for name, w in model.views.items() if w.ndim == 2} if isinstance(model, Flat) else {}


@of_networks
def changes(step: Step) -> Iterator[Panel]:
    """What the box changed: in every weight, or where that would be too many rows in what every unit hears."""
    if not isinstance(step.before, Network) or step.before.widths != step.after.widths:
        return
    parts = segments(step.after, step.stage)
    matrices = zip(step.before.weights, step.after.weights, windows(step.after))
    for l, (old, new, window) in enumerate(matrices, 1):
        change = new - old
        if not change.size:                                        # no unit of a layer may be left
            continue
        if len(change) // window[1] > MANY_ROWS:
            yield panel(unit_changes, change, layer=l)
        else:
            yield heat_map(change, parts[l - 1], parts[l], f"change of W{l}", window)


def windows(network: Network) -> list[tuple[int, int]]:
    """Per hidden layer, height and width of what a unit reads of a lower one: 1 x 1 between dense layers."""
    shapes = [(layer.size, layer.size) for layer in network.convolutions]
    shapes += [layer.out_maps for layer in network.convolutions[-1:]]
    return [*shapes, *[(1, 1)] * len(network.weights)][:len(network.weights)]


def heat_map(weights, rows, columns, name: str, window=(1, 1)) -> Panel:
    """A matrix with its blocks; where units read windows of each other, one of images."""
    room = room_for_images(weights, window) if window != (1, 1) else {}
    return panel(weight_matrix, weights, rows, columns, limit=most(weights), name=name, window=window, **room)


def room_for_images(weights, window) -> dict:
    """How wide and high the panel of a matrix of images is, so that its pixels are squares."""
    (height, width), n_upper = window, weights.shape[1]
    down, across = len(weights) // (height * width) * (height + 2), max(n_upper, 1) * (width + 2)
    wide = across > MANY_COLUMNS
    return {"wide": wide, "height": min(0.6 + (2.1 if wide else 0.9) * down / across, 2.5)}


def most(weights) -> float:
    """A limit that all but the few largest weights stay within; 1 if all are 0."""
    sizes = np.abs(weights[weights != 0])
    return float(np.quantile(sizes, SHOWN)) if sizes.size else 1.0


def segments(network: Network, stage: int, copies=None) -> list[list[Segment]]:
    """Inputs and units of each hidden layer in the order in which they stand: old, new, copies."""
    parts = [[Segment("inputs", network.n_inputs)]]
    for born, copied in zip(network.introduced, copies or [0] * len(network.introduced), strict=True):
        own = int(np.sum(born == stage))
        parts.append([Segment("old", len(born) - own), Segment("new", own - copied), Segment("copy", copied)])
    return parts


# --- the boxes ---------------------------------------------------------------------------------------------------


@of_networks
def head(step: Step) -> Iterator[Panel]:
    """Eq. 3: the new head and its exact zeros."""
    top = step.after.visible(step.stage)[-1]
    for head in step.after.heads:
        if head.stage == step.stage:
            yield panel(head_weights, edge_sizes(head.weights, step.after.fan[-1])[top])


@of_networks
def selection(step: Step) -> Iterator[Panel]:
    """Algorithm 2: the network with what is selected lit."""
    names = [f"selected/{l}" for l in range(len(step.after.widths) + 1)]
    if all(name in step.arrays for name in names):
        yield graph(step.after, stage=step.stage, selected=[step.arrays[name] for name in names])


def selected_shares(step: Step) -> Iterator[Panel]:
    """Algorithm 2: how much is selected."""
    yield from _counts(step, "selected", "visible", ["inputs"], "share of what the stage sees")


#: What the losses among a step's facts are called, in the order of the algorithm.
LOSSES = {"base_rate": "guessing", "loss_eq3": "after Eq. 3", "loss": "after Eq. 4", "loss_before": "before",
          "loss_after": "after"}


def decision(step: Step) -> Iterator[Panel]:
    """The loss of guessing and after every solve, against tau; of an expansion the loss before and after."""
    losses = {words: float(step.facts[name]) for name, words in LOSSES.items() if step.facts.get(name) is not None}
    if losses:
        yield panel(loss_against_tau, list(losses.values()), list(losses), tau=step.facts.get("tau"))


def norms(step: Step) -> Iterator[Panel]:
    """Eq. 5: norms of the new units' incoming weights, layer by layer."""
    validation = np.asarray(history(step).get("validation", ()), float)
    kept = int(np.nanargmin(validation)) + 1 if np.isfinite(validation).any() else None
    for l, trace in numbered(step, "norms"):
        if trace.shape[1]:
            yield panel(group_norms, trace, kept=kept, layer=l)


@of_networks
def blocks(step: Step) -> Iterator[Panel]:
    """Weight matrices with their blocks old, new and copy."""
    copies = [len(units) for _, units in numbered(step, "split")]
    parts = segments(step.after, step.stage, copies)
    for l, (w, window) in enumerate(zip(step.after.weights, windows(step.after)), 1):
        if w.size:
            yield heat_map(w, parts[l - 1], parts[l], f"W{l}", window)


@of_networks
def all_filters(step: Step) -> Iterator[Panel]:
    """Filters as images, a column each, a row for each channel below; nothing where there are none."""
    parts = segments(step.after, step.stage)
    for l, (layer, w) in enumerate(zip(step.after.convolutions, step.after.weights), 1):
        if w.size:
            yield heat_map(w, parts[l - 1], parts[l], f"filters W{l}", (layer.size, layer.size))


@of_networks
def first_maps(step: Step) -> Iterator[Panel]:
    """An image of the task, and the maps that the first layer makes of it."""
    if "image" in step.arrays and step.after.widths[0]:
        seen = maps_of(step.after, step.arrays["image"], 1)
        side = math.ceil(math.sqrt(len(seen)))
        firsts = range(0, len(seen), side)
        seen = np.pad(seen, [(0, len(firsts) * side - len(seen)), (0, 0), (0, 0)], constant_values=np.nan)
        yield panel(looked_at, step.arrays["image"], height=MAPS)
        yield panel(maps, seen.reshape(len(firsts), side, *seen.shape[1:]), [], [f"{i}, ..." for i in firsts],
                    name="maps of layer 1", height=MAPS)


def maps_of(network: Network, image, l: int) -> np.ndarray:
    """Maps (filters, H', W') of all filters of convolution l, from 1, of an image (height, width, channels)."""
    layers = network.convolutions[:l]
    h = mlp.hidden.inner(np.reshape(image, (1, -1)), network.weights[:l], network.biases[:l], layers)
    return unflatten(h, *layers[-1].out_maps)[0].transpose(2, 0, 1)


@of_networks
def filters_selected(step: Step) -> Iterator[Panel]:
    """Algorithm 2: the filters, what is selected framed."""
    for l, (layer, w) in enumerate(zip(step.after.convolutions, step.after.weights), 1):
        chosen, window = [step.arrays.get(f"selected/{k}") for k in (l - 1, l)], (layer.size, layer.size)
        if w.size and all(units is not None for units in chosen):
            yield panel(selected_filters, w, window, *chosen, limit=most(w), name=f"filters W{l}",
                        **room_for_images(w, window))


def removal(step: Step) -> Iterator[Panel]:
    """The network with what is removed crossed out."""
    gone = [units for _, units in numbered(step, "removed")]
    if isinstance(step.before, Network) and len(gone) == len(step.before.widths):
        yield graph(step.before, stage=step.stage, crossed=gone)


def kept_shares(step: Step) -> Iterator[Panel]:
    """How many of the new units stay."""
    yield from _counts(step, "kept", "added", [], "share of new units that stay")


def drifts(step: Step) -> Iterator[Panel]:
    """Algorithm 4: drift per unit and sigma, layer by layer."""
    split, units = dict(numbered(step, "split")), dict(numbered(step, "older"))
    sigma = step.facts.get("sigma") or []
    for l, rho in numbered(step, "drift"):
        if l in units and len(rho):
            limit = float(sigma[l - 1]) if l <= len(sigma) else None
            yield panel(drift, units[l], rho, limit, split.get(l, ()), layer=l)


@of_networks
def split_units(step: Step) -> Iterator[Panel]:
    """What the most drifted units hear, as images, and filters' maps; all matrices where no such unit is split."""
    for l, window in enumerate(_images(step.before), 1):
        if len(step.arrays.get(f"split/{l}", ())):
            yield from _split_images(step, l, window)
            return
    yield from blocks(step)


def _split_images(step: Step, l: int, window: tuple[int, int]) -> Iterator[Panel]:
    """The units of one layer before they are split, and after as original and copy."""
    units, copies = most_drifted(step, l)
    moments = ((step.before, units), (step.after, units), (step.after, copies))
    images = np.stack([strips(network.weights[l - 1][:, which], window) for network, which in moments], axis=1)
    rows, _, height, width = images.shape                          # (units, moments, height, width)
    yield panel(filters, images, (height, width), MOMENTS, [f"unit {i}" for i in units],
                limit=most(images[np.isfinite(images)]), wide=True,
                height=min(0.4 + 0.4 * rows, 0.6 + 0.7 * rows * (height + 2) / (width + 2)))
    if "image" in step.arrays:
        seen = [maps_of(network, step.arrays["image"], l)[which] for network, which in moments]
        yield panel(looked_at, step.arrays["image"], height=MAPS)
        yield panel(maps, np.stack(seen), [f"unit {i}" for i in units], MOMENTS, name=f"maps of layer {l}", height=MAPS)


def most_drifted(step: Step, l: int) -> tuple[np.ndarray, np.ndarray]:
    """Up to FILTERS split units of layer l, the most drifted first, and their copies; ``step`` is a split."""
    older, rho, split = (step.arrays[f"{name}/{l}"] for name in ("older", "drift", "split"))
    place = np.argsort(-rho[np.searchsorted(older, split)], kind="stable")[:FILTERS]
    return split[place], step.before.widths[l - 1] + place


def _images(model) -> list[tuple[int, int]]:
    """Height and width of the images that units hear, layer by layer from the first.

    A filter hears one of each channel; a first dense unit all inputs, if they are a square that is not tiny.
    """
    if not isinstance(model, Network):
        return []
    side = int(np.sqrt(model.n_inputs))
    whole = [(side, side)] if side >= SMALLEST and side**2 == model.n_inputs else []
    return windows(model)[:len(model.convolutions)] or whole


@of_networks
def staircase(step: Step) -> Iterator[Panel]:
    """Which unit serves which task, layer by layer."""
    tasks = [head.task for head in sorted(step.after.heads, key=lambda head: head.stage)]
    for l, (born, gone) in enumerate(zip(step.after.introduced, step.after.retired), 1):
        if len(born):
            yield panel(timestamps, born, gone, tasks, title=f"layer {l}")


def confusions(step: Step) -> Iterator[Panel]:
    """What the samples of each class are answered, in shares."""
    if {"classes", "answers"} <= step.facts.keys() and "confusion" in step.arrays:
        yield panel(confusion_matrix, step.arrays["confusion"], step.facts["classes"], step.facts["answers"])


#: What a box can be shown by.
MAKERS: dict[str, Callable[[Step], Iterator[Panel]]] = {make.__name__: make for make in (
    solve, widths, zeros, changes, head, selection, selected_shares, decision, norms, blocks, removal, kept_shares,
    drifts, split_units, all_filters, first_maps, filters_selected, staircase, confusions)}


# --- small parts -------------------------------------------------------------------------------------------------


def numbered(step: Step, name: str) -> list[tuple[int, np.ndarray]]:
    """(layer, array) of the step's arrays called name/1, name/2, ..., in the order of the layers."""
    found = [(int(key.rpartition("/")[2]), array) for key, array in step.arrays.items() if key.startswith(name + "/")]
    return sorted(found, key=lambda pair: pair[0])


def _counts(step: Step, part: str, whole: str, first_names: list[str], xlabel: str) -> Iterator[Panel]:
    """Two facts that are lists over layers, as parts of wholes."""
    if step.facts.get(part) and step.facts.get(whole):
        parts, wholes = step.facts[part], step.facts[whole]
        names = [*first_names, *(f"layer {l}" for l in range(1, len(parts) - len(first_names) + 1))]
        yield bars(parts, wholes, names, xlabel=xlabel)
