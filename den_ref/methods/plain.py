"""Plain networks, that nothing is done to but training: what all methods but DEN are made of."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np

from ..core import mlp
from ..core.flat import Flat
from ..core.penalties import SquaredL2, Sum
from ..core.problem import Problem
from ..core.training import Training, train
from ..den.equations import eq2
from ..protocol import Method
from den_ref.settings import PerLayer, at_least, integer, option

STRENGTH = at_least(0, per_layer=True)


@dataclass(frozen=True)
class NetworkConfig(Training):
    """Options of a plain network: Eq. 2 without anything that grows."""

    hidden: tuple[int, ...] = option((312, 128), "units per hidden layer", integer(1, many=True))
    mu: PerLayer = option(0.0, "strength of L1, per layer", STRENGTH)
    weight_decay: PerLayer = option(2e-2, "strength of (1/2) norm^2 of the weights, per layer", STRENGTH)
    epochs: int = option(20, "epochs at most", integer(0))

    def __post_init__(self):
        super().__post_init__()
        for name in ("mu", "weight_decay"):
            self.per_layer(name, len(self.hidden) + 1)


def task_rng(seed: int, task_id: Hashable) -> np.random.Generator:
    """A generator of its own for every seed and task id, the same in every process."""
    return np.random.default_rng([seed, crc32(repr(task_id).encode())])


def random_start(n_inputs: int, outputs: Sequence[int], config: NetworkConfig, rng) -> Flat:
    """A random network with one head per entry of ``outputs`` (named V, c if there is one; V0, c0, V1, ... else)."""
    sizes = [n_inputs, *config.hidden]
    body = [mlp.random_weights(rng, a, b, config.dtype) for a, b in zip(sizes, sizes[1:])]
    names = [""] if len(outputs) == 1 else range(len(outputs))
    arrays = {f"W{l}": w for l, w in enumerate(body, 1)}
    arrays |= {f"V{i}": mlp.random_weights(rng, sizes[-1], n, config.dtype) for i, n in zip(names, outputs)}
    arrays |= {f"b{l}": np.zeros(n) for l, n in enumerate(config.hidden, 1)}
    return Flat.of(arrays | {f"c{i}": np.zeros(n) for i, n in zip(names, outputs)}, config.dtype)


def fit(start: Flat, loss, validation, method: Method, rng, pulls: Mapping[str, SquaredL2] | None = None):
    """Train a whole network: Eq. 2 with the method's strengths, plus the pull on every array named; the Result."""
    config, problem = method.config, eq2(start, loss, method.config)
    parts = [replace(part, penalty=Sum(pulls[part.name], part.penalty)) if part.name in (pulls or {}) else part
             for part in problem.parts]
    return train(Problem(loss, start, parts), config, config.epochs, rng, start_competes=False, label=method.name,
                 validation=validation if len(validation) else None, progress=method.progress)


def flat_from(state: Mapping[str, np.ndarray], prefix: str) -> Flat:
    """The flat vector whose named arrays stand under a prefix of a state."""
    arrays = {name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)}
    order = sorted(arrays, key=lambda name: ("WVbcaPpU".index(name[0]), int(name[1:] or 0)))
    return Flat.of({name: arrays[name] for name in order}, arrays[order[0]].dtype)
