"""DNN-STL, single-task learning: one network per task, nothing shared, nothing forgotten."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from den_ref.core import chain, mlp
from den_ref.core.flat import Flat
from den_ref.den.equations import eq2
from den_ref.describe import Look, Space
from den_ref.protocol import BOUND, Capacity, Task
from den_ref.state import pack_id, pack_meta, unpack_id, unpack_meta

from .shared.network import (DRAWS, UNNAMED, NetworkMethod, arrays_of, data_losses, flat_from, random_start, task_rng,
                             trained)


@dataclass(frozen=True)
class Own:
    """A network that is one task's own."""

    network: Flat
    loss: str


class STL(NetworkMethod):
    """One network of the same shape for every task.

    The networks' random numbers depend on the seed and the task's id alone, so the order of tasks changes nothing.
    """

    name = "stl"
    title = "STL"
    family = BOUND
    look = Look("#000000", "--", "s")
    space = Space({"weight_decay": 2e-2, "mu": 0.0}, DRAWS, unnamed=UNNAMED)
    explained = trained("L(W; D_t)", "Free: a network of its own for every task.", "stl",
                        why="How well is a task learnt by a network that has nothing else to do?")
    slow = True

    def boxes(self, task: Task):
        rng = task_rng(self.seed, task.id)
        start = random_start(task, [task.n_outputs], self.config, rng)
        loss, valid = data_losses(start, task)
        result = self.fit(eq2(start, loss, self.config), valid, rng)
        yield self.step(task, "train", "a network of its own", f"trained, {result.message}", after=result.x,
                        solve=result)
        self.kept[task.id] = Own(result.x, task.loss)

    @property
    def networks(self) -> list[Flat]:
        """The networks in the order of learning."""
        return [own.network for own in self.kept.values()]

    def network_of(self, task_id: Hashable) -> Flat:
        """The network of a learnt task; a KeyError that names the learnt ones for another."""
        return self.kept_of(task_id).network

    def scores(self, task_id: Hashable, x) -> np.ndarray:
        network = self.network_of(task_id)
        return mlp.scores(x, *mlp.unpack(network), network.convolutions)

    def capacity(self) -> Capacity:
        sizes = {task: own.network.vector.size for task, own in self.kept.items()}
        total, nonzero = sum(sizes.values()), sum(np.count_nonzero(f.vector) for f in self.networks)
        widths = zip(*([network[b].size for _, b in chain.hidden(network)] for network in self.networks))
        return Capacity(total, int(nonzero), total, sizes, widths=tuple(map(sum, widths)))

    def state(self) -> dict[str, np.ndarray]:
        arrays = {name: array for i, flat in enumerate(self.networks)
                  for name, array in arrays_of(flat, f"networks/{i}/").items()}
        tasks = [{"task": pack_id(task), "loss": own.loss} for task, own in self.kept.items()]
        return arrays | {"meta": pack_meta({"seed": self.seed, "tasks": tasks})}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], config=None, seen: Sequence[Task] = ()) -> STL:
        meta = unpack_meta(state["meta"])
        stl = cls(config, meta["seed"])
        stl.kept = {unpack_id(task["task"]): Own(flat_from(state, f"networks/{i}/"), task["loss"])
                    for i, task in enumerate(meta["tasks"])}
        return stl
