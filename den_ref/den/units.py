"""What surgery may be asked for: units, counts and networks that fit, checked at the doors (``den_ref.doors``)."""

from __future__ import annotations

import numpy as np

from den_ref.doors import Came, Each, Floats, Indices, Kind, Whole, refusal


class PerHiddenLayer(Kind):
    """A list with one part for each hidden layer of the call's network: counts of units, here."""

    def __call__(self, name, value, call):
        network, first = call["self" if "self" in call else "network"], self.first
        sizes = [network.n_inputs, *network.widths][first:]
        if not isinstance(value, list | tuple) and not (isinstance(value, np.ndarray) and value.ndim):
            raise refusal(name, "a list with one part for each layer", value)
        if len(value) != len(sizes):
            raise refusal(name, f"{len(sizes)} parts, one for each layer", Came(str(len(value))))
        return [self.part(f"{name}[{i}]", part, size) for i, (part, size) in enumerate(zip(value, sizes))]

    first = 1

    def part(self, name, value, size):
        """One layer's part."""
        return Whole(0)(name, value)


class Units(PerHiddenLayer):
    """Index arrays of units, one for each hidden layer; with ``inputs`` one of input features before them."""

    def __init__(self, inputs: bool = False):
        self.first = 0 if inputs else 1

    def part(self, name, value, size):
        return Indices(size)(name, value)


def check_split(network, previous, split, stage: int) -> None:
    """A ValueError unless W^{t-1} fits W^t, and what is to be split is older than the stage and seen by it."""
    check_previous(network, previous)
    for l, units in enumerate(split):
        late = (network.introduced[l][units] >= stage) | (network.retired[l][units] <= stage)
        if late.any() or (units.size and units.max() >= len(previous.biases[l])):
            raise refusal(f"split[{l}]", f"units that are older than stage {stage} and seen by it", units)


def check_previous(network, previous) -> None:
    """A ValueError unless the units of W^{t-1} can be the first ones of each layer of W^t."""
    now, then = _sizes(network), _sizes(previous)
    if len(now) != len(then) or now[:1] != then[:1] or any(n < m for n, m in zip(now, then)):
        raise refusal("previous", f"a network whose units are the first of {now} inputs and units", Came(str(then)))


def _sizes(network) -> tuple[int, ...]:
    """Inputs, and units of every layer."""
    return (*(w.shape[0] for w in network.weights[:1]), *(len(b) for b in network.biases))


class Drifts(Kind):
    """Numbers >= 0, one array per layer; infinity is one of them."""

    def __call__(self, name, value, call=None):
        return Each(all_of=Floats("*", low=0, finite=False))(name, value)


def check_lists(units, drifts, sigma) -> None:
    """A ValueError unless there is a drift for every unit, and a sigma for every layer."""
    for name, given in (("drifts", drifts), ("sigma", sigma)):
        if len(given) != len(units):
            raise refusal(name, f"one part for each of the {len(units)} layers of units", Came(str(len(given))))
    for l, (indices, rho) in enumerate(zip(units, drifts, strict=True)):
        if rho.shape != indices.shape:
            raise refusal(f"drifts[{l}]", f"one number for each of {len(indices)} units", rho)


def check_layer(network, layer: int, units) -> None:
    """A ValueError unless the layer is one of the network's, and the units are in it."""
    Whole(0, len(network.widths) - 1)("layer", layer)
    Indices(network.widths[layer])("split", units)
