"""Plain networks, that nothing is done to but training: what all methods but DEN are made of."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from den_ref.core import chain, mlp
from den_ref.core.convolution import Convolution
from den_ref.core.filters import FILTERS, FilterOptions, convolutions_from, facts_of
from den_ref.core.flat import Flat
from den_ref.core.mlp import DataLoss
from den_ref.core.problem import Problem
from den_ref.core.result import Result
from den_ref.core.training import Training, train
from den_ref.den.explained import DECAY, sparse
from den_ref.describe import Box, Formula, choice, each, log_uniform
from den_ref.protocol import Method, Task, unknown_task
from den_ref.settings import PerLayer, at_least, integer, option

STRENGTH = at_least(0, per_layer=True)

#: What is drawn of a plain network.  The first strength is the first layer's, the second that of all further layers.
DRAWS = {
    "weight_decay": each(log_uniform(3e-3, 0.2), log_uniform(1e-4, 0.1)),
    "mu": choice(0.0, 0.0, 1e-5, 1e-4, 3e-4),
    "step": choice(5e-4, 1e-3, 2e-3),
    "batch": choice(64, 128, 256),
    "epochs": choice(10, 20, 40),
}
UNNAMED = {"hidden": (312, 128), "step": 1e-3, "batch": 128, "epochs": 20}


@dataclass(frozen=True)
class NetworkConfig(FilterOptions, Training):
    """Options of a plain network: Eq. 2 without anything that grows."""

    hidden: tuple[int, ...] = option((312, 128), "units per hidden layer, above the filters", integer(1, many=True))
    mu: PerLayer = option(0.0, "strength of L1, with filters of the (2,1)-norm, per layer", STRENGTH)
    weight_decay: PerLayer = option(2e-2, "strength of (1/2) norm^2 of the weights, per layer", STRENGTH)
    epochs: int = option(20, "epochs at most", integer(0))

    def __post_init__(self):
        super().__post_init__()
        for name in ("mu", "weight_decay"):
            self.per_layer(name, len(self.widths) + 1)


class KeepingMethod(Method):
    """A method that keeps one thing per task: a network, a head, some outputs of a head, codes, an ensemble.

    ``kept`` has it by task, in the order of learning.  It has a ``loss``, that of its task.
    """

    def __init__(self, config=None, seed: int = 0):
        super().__init__(config, seed)
        self.kept: dict[Hashable, object] = {}

    @property
    def tasks(self) -> list[Hashable]:
        return list(self.kept)

    def kept_of(self, task_id: Hashable):
        """What is kept of a learnt task; a KeyError that names the learnt ones for another."""
        if task_id not in self.kept:
            raise unknown_task(task_id, self.tasks)
        return self.kept[task_id]

    def loss_of(self, task_id: Hashable) -> str:
        return self.kept_of(task_id).loss


class NetworkMethod(KeepingMethod):
    """One of plain networks."""

    Config = NetworkConfig
    fixed = ("hidden", *FILTERS, "dtype")

    def fit(self, problem: Problem, validation: DataLoss, rng: np.random.Generator, **watch) -> Result:
        """Train a whole network from its random, or last, weights, which are not kept for being better.

        ``watch``: what looks on at every epoch or iteration, see ``train``.
        """
        return train(problem, self.config, self.config.epochs, rng, start_competes=False, label=self.name,
                     validation=validation if len(validation) else None, progress=self.progress, **watch)


def trained(data: str, note: str, file: str, pull: str = "", options: Sequence[str] = (), *, why: str = ""
            ) -> dict[str, Box]:
    """The one box of such a method: Eq. 2's penalties around a loss, and a pull; ``options`` are the pull's."""
    def formula(chosen):
        return Formula(f"minimise  {data} + {sparse(chosen)} + {DECAY}{pull}", note, ("mu", "weight_decay", *options),
                       f"den_ref/methods/{file}.py")

    return {"train": Box(formula, why=why)}


def task_rng(seed: int, task_id: Hashable) -> np.random.Generator:
    """A generator of its own for every seed and task id, the same in every process."""
    return np.random.default_rng([seed, crc32(repr(task_id).encode())])


def random_start(task: Task, outputs: Sequence[int], config: NetworkConfig, rng) -> Flat:
    """A random network with one head per entry of ``outputs`` (named V, c if there is one; V0, c0, V1, ... else)."""
    names = [""] if len(outputs) == 1 else range(len(outputs))
    arrays = {f"W{l}": w for l, w in enumerate(config.random_body(task.n_inputs, task.image, rng), 1)}
    arrays |= {f"V{i}": mlp.random_weights(rng, config.widths[-1], n, config.dtype) for i, n in zip(names, outputs)}
    arrays |= {f"b{l}": np.zeros(n) for l, n in enumerate(config.widths, 1)}
    arrays |= {f"c{i}": np.zeros(n) for i, n in zip(names, outputs)}
    return Flat.of(arrays, config.dtype, config.convolutions(task.image))


def data_losses(layout: Flat, task: Task) -> tuple[DataLoss, DataLoss]:
    """The task's loss on its training and on its validation split, for networks of one layout."""
    splits = (task.x_train, task.y_train), (task.x_valid, task.y_valid)
    return tuple(DataLoss(layout, x, y, task.loss) for x, y in splits)


def arrays_of(flat: Flat, prefix: str) -> dict[str, np.ndarray]:
    """The named arrays of a flat vector for a state, under a prefix, in the order of memory; and its convolutions."""
    arrays = {prefix + name: array for name, array in flat.views.items()}
    if flat.convolutions:
        arrays[f"{prefix}convolutions"] = facts_of(flat.convolutions)
    return arrays


def flat_from(state: Mapping[str, np.ndarray], prefix: str) -> Flat:
    """The inverse of :func:`arrays_of`: the vector whose arrays stand under a prefix, in their order."""
    arrays = {name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)}
    layers = convolutions_from(arrays.pop("convolutions", ()), f"{prefix}convolutions")
    check_layers(arrays, prefix, layers)
    return Flat.of(arrays, next(iter(arrays.values())).dtype, layers)


def check_layers(arrays: Mapping[str, np.ndarray], prefix: str = "", convolutions: Sequence[Convolution] = ()) -> None:
    """A ValueError that names the array, unless W1, b1, W2, ... and every head's V, c fit each other and are one dtype.
    """
    heads = [name[1:] for name in arrays if name[0] == "V"]
    pairs = [(f"W{l}", f"b{l}") for l in range(1, 1 + sum(name[0] == "W" for name in arrays))]
    below, fans = np.shape(arrays.get("W1", ()))[:1], chain.fans(convolutions, len(pairs))
    for l, (weights, bias) in enumerate(pairs + [(f"V{i}", f"c{i}") for i in heads]):
        W, b = arrays.get(weights), arrays.get(bias)
        if W is None or b is None:
            raise ValueError(f"{prefix}{bias if b is None else weights}: expected an array beside the others, got none")
        if W.shape != (*below, *b.shape) or b.ndim != 1 or W.dtype.kind != "f" or b.dtype != W.dtype:
            raise ValueError(f"{prefix}{weights}: expected ({', '.join(map(str, below)) or 'n_inputs'}, n) of one "
                             f"precision beside {bias} of (n,), got {W.dtype} {W.shape} beside {b.dtype} {b.shape}")
        below = (fans[l + 1] * b.size,) if l < len(pairs) else below
