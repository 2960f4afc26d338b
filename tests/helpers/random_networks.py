"""Random networks that a DEN could have left behind, and what tests compare them with.

Legal: units stand in the order of their introduction, an edge between units whose lifetimes do not overlap is 0, and so
is a head row of a unit its stage does not see.
"""

from dataclasses import dataclass, replace

import numpy as np

from den_ref.core.convolution import Convolution
from den_ref.den.network import NEVER, Head, Network


@dataclass(frozen=True)
class Shape:
    """What kind of network: widths at the end of stage t-1, stages learnt, and so on.

    ``fan``: rows of each matrix per lower unit (``core.stacks``), 1 everywhere without it.  Row p * n + u is unit u's.
    ``convolutions``: the lowest layers, if the network is one of images; the fan must be theirs.
    """

    widths: tuple
    t: int = 3
    new: int = 2
    n_inputs: int = 4
    outputs: int = 1
    density: float = 0.6
    retire: bool = True
    dtype: str = "float64"
    fan: tuple | None = None
    convolutions: tuple = ()

    @property
    def fans(self) -> tuple:
        return self.fan or (1,) * (len(self.widths) + 1)


#: 1 to 4 hidden layers, widths 0 and 1 included, one or several outputs, sparse and dense, both readings.
SHAPES = [
    Shape((5,)),
    Shape((6, 5)),
    Shape((6, 5), dtype="float32", outputs=3),
    Shape((5, 4, 6), t=4, retire=False),
    Shape((5, 6, 4, 5), t=5, density=0.4),
    Shape((4, 5, 4, 5), outputs=2, retire=False, density=0.9),
    Shape((1,), t=2, new=1),
    Shape((1, 1, 1), outputs=2),
    Shape((0,), new=3),
    Shape((0, 3), new=1),
    Shape((4, 0, 3), new=1, t=4),
    Shape((5, 0), new=0),
    Shape((7, 6), density=0.2, new=3),
    Shape((7, 6), t=6, density=1.0, new=0),
    Shape((5, 4), t=2, n_inputs=1, density=0.3, retire=False),
]
#: Fans of three kinds, filters of 9 and 4 numbers, dense layers on maps, dense on dense.
STACKS = [
    Shape((6, 5), fan=(9, 4, 1)),
    Shape((6, 5), fan=(9, 4, 3), dtype="float32", outputs=2),
    Shape((5, 4, 6), fan=(4, 9, 2, 1), t=4, retire=False),
    Shape((5, 6, 4, 5), fan=(9, 4, 6, 1, 1), t=5, density=0.35),
    Shape((5,), fan=(9, 4), n_inputs=1),
    Shape((0, 3), fan=(4, 2, 3), new=1),
    Shape((4, 0, 3), fan=(2, 3, 4, 2), new=1, t=4),
    Shape((7, 6), fan=(4, 4, 1), density=0.2, new=3),
]
#: Two convolutions, of which the upper one looks at zeros around its maps.
PADDED = Shape((6, 5), fan=(4, 4, 9), n_inputs=1, density=0.2, new=4,
               convolutions=(Convolution(4, 4, size=2, stride=2), Convolution(2, 2, size=2, padding=1)))


def name_of(shape: Shape) -> str:
    """Id of a parametrised test."""
    widths = "-".join(map(str, shape.widths)) + ("_fan" + "-".join(map(str, shape.fan)) if shape.fan else "")
    return f"{widths}_t{shape.t}_new{shape.new}_out{shape.outputs}_{shape.dtype}_{'retire' if shape.retire else 'keep'}"


def end_of_stage(rng, shape: Shape) -> Network:
    """W^{t-1}: stages 1 to t-1 are learnt."""
    last = shape.t - 1
    introduced = [np.sort(rng.integers(1, last + 1, n)).astype(np.int32) for n in shape.widths]
    retired = [np.array([_retirement(rng, born, last, shape.retire) for born in units], np.int32)
               for units in introduced]
    network = Network([], [], introduced, retired, [], shape.fan, shape.convolutions)
    lives = [([1] * shape.n_inputs, [NEVER] * shape.n_inputs), *zip(introduced, retired)]
    for lower, upper, fan in zip(lives, lives[1:], shape.fans):
        network.weights.append(_edges(rng, lower, upper, shape, fan))
        network.biases.append(_numbers(rng, (len(upper[0]),), shape))
    network.heads.extend(random_head(rng, network, stage, shape) for stage in range(1, last + 1))
    return network


def in_stage(rng, shape: Shape) -> tuple[Network, Network]:
    """(W^{t-1}, W^t before the split): what t sees has drifted, ``new`` units per layer and a head have come."""
    previous, t = end_of_stage(rng, shape), shape.t
    introduced = [np.append(born, [t] * shape.new).astype(np.int32) for born in previous.introduced]
    retired = [np.append(gone, [NEVER] * shape.new).astype(np.int32) for gone in previous.retired]
    network = Network([], [], introduced, retired, [], shape.fan, shape.convolutions)
    lives = [([1] * shape.n_inputs, [NEVER] * shape.n_inputs), *zip(introduced, retired)]
    for l, (lower, upper, fan) in enumerate(zip(lives, lives[1:], shape.fans)):
        w, b = _edges(rng, lower, upper, shape, fan), _numbers(rng, (len(upper[0]),), shape)
        old_w, old_b = previous.weights[l], previous.biases[l]
        n_old, n_now = len(old_w) // fan, len(w) // fan
        for j in range(len(old_b)):
            if upper[1][j] <= t:
                b[j] = old_b[j]
            for i in range(n_old):
                if upper[1][j] <= t or lower[1][i] <= t:
                    w[i::n_now, j] = old_w[i::n_old, j]
        network.weights.append(w)
        network.biases.append(b)
    for head in previous.heads:
        rows = np.vstack([row for place in np.split(head.weights, shape.fans[-1])
                          for row in (place, np.zeros((shape.new, shape.outputs), shape.dtype))])
        network.heads.append(replace(head, weights=rows))
    network.heads.append(random_head(rng, network, t, shape))
    return previous, network


def random_head(rng, network: Network, stage: int, shape: Shape) -> Head:
    """A head whose rows of units its stage does not see are 0."""
    weights = _numbers(rng, (shape.fans[-1] * network.widths[-1], shape.outputs), shape)
    for unit, (born, gone) in enumerate(zip(network.introduced[-1], network.retired[-1])):
        if not born <= stage < gone:
            weights[unit::network.widths[-1]] = 0
    return Head(f"task {stage}", stage, weights, _numbers(rng, (shape.outputs,), shape))


def random_split(rng, network: Network, t: int, share=0.5) -> list:
    """Random subsets of the units older than t and visible to t, per layer."""
    older = [np.flatnonzero((born < t) & (t < gone)) for born, gone in zip(network.introduced, network.retired)]
    return [units[rng.random(len(units)) < share] for units in older]


def samples(rng, shape: Shape, n=7) -> np.ndarray:
    return rng.normal(size=(n, shape.n_inputs)).astype(shape.dtype)


def differences(one: Network, other: Network) -> list[str]:
    """Names of the arrays that are not equal, bit for bit (0 and -0 apart), dtype and shape included."""
    a, b = one.arrays(), other.arrays()
    names = [name for name in sorted(a.keys() | b.keys()) if name not in a or name not in b
             or a[name].dtype != b[name].dtype or not np.array_equal(a[name], b[name])]
    facts = [[(head.task, head.stage, head.loss) for head in network.heads] for network in (one, other)]
    return names if facts[0] == facts[1] else [*names, "heads"]


def copied(network: Network) -> Network:
    """The same network with arrays of its own, free to be written to."""
    heads = [replace(head, weights=head.weights.copy(), bias=head.bias.copy()) for head in network.heads]
    lists = ([array.copy() for array in arrays]
             for arrays in (network.weights, network.biases, network.introduced, network.retired))
    return Network(*lists, heads, network.fan, network.convolutions)


def frozen(network: Network) -> Network:
    """The same network with arrays that cannot be written to."""
    for array in network.arrays().values():
        array.setflags(write=False)
    return network


def _retirement(rng, born, last, retire) -> int:
    """Some units retire: at a stage after their first one, up to the last."""
    return int(rng.integers(born + 1, last + 1)) if retire and born < last and rng.random() < 0.4 else NEVER


def _edges(rng, lower, upper, shape, fan):
    w = _numbers(rng, (fan * len(lower[0]), len(upper[0])), shape)
    for i in range(len(lower[0])):
        for j in range(len(upper[0])):
            lost = fan > 1 and rng.random() > shape.density         # as a whole, where an edge has many weights
            if lost or max(lower[0][i], upper[0][j]) >= min(lower[1][i], upper[1][j]):
                w[i::len(lower[0]), j] = 0
    return w


def _numbers(rng, size, shape):
    return (rng.normal(size=size) * (rng.random(size) < shape.density)).astype(shape.dtype)
