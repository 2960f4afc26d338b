"""DNN-STL, single-task learning: one network per task, nothing shared, nothing forgotten."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence

import numpy as np

from ..core import mlp
from ..core.flat import Flat
from ..protocol import Capacity, Method, Step, Task, check_task, timed, unknown_task
from ..state import pack_id, pack_meta, unpack_id, unpack_meta
from .plain import NetworkConfig, fit, flat_from, random_start, task_rng


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
        return timed(self._boxes(task))

    def _boxes(self, task: Task):
        check_task(task, self.tasks)
        rng = task_rng(self.seed, task.id)
        start = random_start(task.n_inputs, [task.n_outputs], self.config, rng)
        loss = mlp.DataLoss(start, task.x_train, task.y_train, task.loss)
        valid = mlp.DataLoss(start, task.x_valid, task.y_valid, task.loss)
        result = fit(start, loss, valid, self, rng)
        yield Step(len(self.networks) + 1, task.id, "train", "a network of its own", f"trained, {result.message}",
                   after=result.x, solve=result)
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
