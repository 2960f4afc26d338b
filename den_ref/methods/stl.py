"""DNN-STL, single-task learning: one network per task, nothing shared, nothing forgotten."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from ..core import mlp
from ..core.flat import Flat
from ..core.training import Training, train
from ..den.equations import eq2
from ..den.stage import solve_facts, timed
from ..protocol import Capacity, Method, Step, Task, unknown_task
from ..settings import at_least, integer, option
from ..state import pack_id, pack_meta, unpack_id, unpack_meta


STRENGTH = at_least(0, per_layer=True)


@dataclass(frozen=True)
class NetworkConfig(Training):
    """Options of a plain network: Eq. 2 without anything that grows."""

    hidden: tuple = option((312, 128), "units per hidden layer", integer(1, many=True))
    mu: float = option(0.0, "strength of L1, per layer", STRENGTH)
    weight_decay: float = option(2e-2, "strength of (1/2) norm^2 of the weights, per layer", STRENGTH)
    epochs: int = option(20, "epochs at most", integer(0))

    def __post_init__(self):
        super().__post_init__()
        for name in ("mu", "weight_decay"):
            self.per_layer(name, len(self.hidden) + 1)


class STL(Method):
    """One network of the same shape for every task.

    The networks' random numbers depend on the seed and the task's id alone, so the order of tasks changes nothing.
    """

    name = "stl"
    Config = NetworkConfig

    def __init__(self, config: NetworkConfig | None = None, seed: int = 0):
        super().__init__(config, seed)
        self.seed = seed
        self.networks: dict[Hashable, Flat] = {}
        self.losses: dict[Hashable, str] = {}

    @property
    def tasks(self) -> list[Hashable]:
        return list(self.networks)

    def steps(self, task: Task) -> Iterator[Step]:
        if task.id in self.networks:
            raise ValueError(f"task: expected one not learnt yet, got {task.id!r} (learnt: {self.tasks})")
        return timed(self._boxes(task))

    def _boxes(self, task: Task):
        rng = task_rng(self.seed, task.id)
        start = random_start(task.n_inputs, [task.n_outputs], self.config, rng)
        rows = max(self.config.batch, mlp.BLOCK)
        loss = mlp.DataLoss(start, task.x_train, task.y_train, task.loss, rows=rows)
        valid = mlp.DataLoss(start, task.x_valid, task.y_valid, task.loss)
        result = fit(start, loss, valid, self, rng)
        yield Step(len(self.networks) + 1, task.id, "train", "a network of its own", f"trained, {result.message}",
                   facts=solve_facts(result), after=result.x, solve=result)
        self.networks[task.id], self.losses[task.id] = result.x, task.loss

    def network_of(self, task_id: Hashable) -> Flat:
        if task_id not in self.networks:
            raise unknown_task(task_id, self.tasks)
        return self.networks[task_id]

    def scores(self, task_id: Hashable, x) -> np.ndarray:
        return mlp.scores(x, *mlp.unpack(self.network_of(task_id)))

    def loss_of(self, task_id: Hashable) -> str:
        self.network_of(task_id)
        return self.losses[task_id]

    def capacity(self) -> Capacity:
        sizes = {task: flat.vector.size for task, flat in self.networks.items()}
        total, nonzero = sum(sizes.values()), sum(np.count_nonzero(f.vector) for f in self.networks.values())
        return Capacity(total, int(nonzero), total, sizes, widths=tuple(n * len(sizes) for n in self.config.hidden))

    def state(self) -> dict[str, np.ndarray]:
        arrays = {f"networks/{i}/{name}": array for i, flat in enumerate(self.networks.values())
                  for name, array in flat.views.items()}
        tasks = [{"task": pack_id(task), "loss": loss} for task, loss in self.losses.items()]
        return arrays | {"meta": pack_meta({"seed": self.seed, "tasks": tasks})}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], config=None, seen: Sequence[Task] = ()) -> STL:
        meta = unpack_meta(state["meta"])
        stl = cls(config, meta["seed"])
        for i, task in enumerate(meta["tasks"]):
            task_id = unpack_id(task["task"])
            stl.networks[task_id], stl.losses[task_id] = flat_from(state, f"networks/{i}/"), task["loss"]
        return stl


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


def fit(start: Flat, loss, validation, method: Method, rng):
    """Train a whole network (Eq. 2 with the method's strengths); the Result."""
    config = method.config
    return train(eq2(start, loss, config), config, config.epochs, rng, start_competes=False, label=method.name,
                 validation=validation if len(validation) else None, progress=method.progress)


def flat_from(state: Mapping[str, np.ndarray], prefix: str) -> Flat:
    """The flat vector whose named arrays stand under a prefix of a state."""
    arrays = {name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)}
    order = sorted(arrays, key=lambda name: ("WVbc".index(name[0]), int(name[1:] or 0)))
    return Flat.of({name: arrays[name] for name in order}, arrays["V" if "V" in arrays else "V0"].dtype)
