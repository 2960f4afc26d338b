"""DNN-MTL, multi-task learning: one network for all tasks at once.

On a stream it trains a new network on the data of all tasks seen, at every stage: an upper bound that keeps
everything, beside methods that keep nothing.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from ..core import mlp
from ..core.flat import Flat
from ..den.joint import examples, pooled
from ..protocol import Capacity, Method, Step, Task, check_task, timed, unknown_task
from den_ref.settings import PerLayer, at_least, integer, option
from ..state import pack_id, pack_meta, unpack_id, unpack_meta
from .plain import STRENGTH, NetworkConfig, fit, flat_from, random_start, task_rng


@dataclass(frozen=True)
class Place:
    """Where a task's logits stand: columns [first, last) of the head named V + suffix."""

    suffix: str
    first: int
    last: int
    loss: str


@dataclass(frozen=True)
class MTLConfig(NetworkConfig):
    """Options of MTL: those of a plain network, with defaults of its own (docs/tuning.md)."""

    weight_decay: PerLayer = option((0.0064, 0.00045), "strength of (1/2) norm^2 of the weights, per layer", STRENGTH)
    step: float = option(2e-3, "step size at the start", at_least(0, above=True))
    batch: int = option(64, "samples per mini-batch", integer(1))
    epochs: int = option(10, "epochs at most", integer(0))


class MTL(Method):
    """A shared body and one head per task, minimising the mean of the tasks' losses (plus Eq. 2's penalties).

    Tasks with sigmoid heads that share their samples (the very same array) are one *pool*: they are outputs of one
    head, and one pass serves them all.  Pools take turns, batch by batch.
    """

    name = "mtl"
    Config = MTLConfig
    needs_all_data = True

    def __init__(self, config: MTLConfig | None = None, seed: int = 0):
        super().__init__(config, seed)
        self.seed = seed
        self.seen: list[Task] = []
        self.places: dict[Hashable, Place] = {}
        self.network: Flat | None = None

    @property
    def tasks(self) -> list[Hashable]:
        return list(self.places)

    def steps(self, task: Task) -> Iterator[Step]:
        return timed(self._boxes(task))

    def _boxes(self, task: Task):
        check_task(task, self.tasks, self.seen[0].n_inputs if self.seen else None)
        if len(self.seen) < len(self.places):
            raise ValueError(f"seen: expected the data of all learnt tasks {self.tasks} to learn another, "
                             f"got {[t.id for t in self.seen]}")
        seen = [*self.seen, task]
        pools = pooled(seen)
        rng = task_rng(self.seed, seen[0].id)
        start = random_start(task.n_inputs, [sum(t.n_outputs for t in pool) for pool in pools], self.config, rng)
        loss, valid = (joint_loss(start, pools, split) for split in ("train", "valid"))
        result = fit(start, loss, valid, self, rng)
        yield Step(len(seen), task.id, "train", "all tasks at once", f"trained on {len(seen)} tasks, {result.message}",
                   before=self.network, after=result.x, solve=result)
        self.seen, self.places, self.network = seen, placed(seen, pools), result.x

    def place_of(self, task_id: Hashable) -> Place:
        if task_id not in self.places:
            raise unknown_task(task_id, self.tasks)
        return self.places[task_id]

    def scores(self, task_id: Hashable, x) -> np.ndarray:
        place = self.place_of(task_id)
        layers, columns = range(1, mlp.depth(self.network) + 1), slice(place.first, place.last)
        body = [self.network[f"W{l}"] for l in layers], [self.network[f"b{l}"] for l in layers]
        head, bias = self.network["V" + place.suffix], self.network["c" + place.suffix]
        return mlp.scores(x, *body, head[:, columns], bias[columns])

    def loss_of(self, task_id: Hashable) -> str:
        return self.place_of(task_id).loss

    def capacity(self) -> Capacity:
        flat = self.network
        if flat is None:
            return Capacity(0, 0, 0, {})
        body = sum(array.size for name, array in flat.views.items() if name[0] in "Wb")
        per_task = {task: body + (self.config.hidden[-1] + 1) * (place.last - place.first)
                    for task, place in self.places.items()}
        return Capacity(flat.vector.size, int(np.count_nonzero(flat.vector)), flat.vector.size, per_task,
                        {"examples": examples(self.seen)}, self.config.hidden)

    def state(self) -> dict[str, np.ndarray]:
        arrays = {f"network/{name}": array for name, array in self.network.views.items()} if self.network else {}
        places = [asdict(place) | {"task": pack_id(task)} for task, place in self.places.items()]
        return arrays | {"meta": pack_meta({"seed": self.seed, "places": places})}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], config=None, seen: Sequence[Task] = ()) -> MTL:
        meta = unpack_meta(state["meta"])
        mtl = cls(config, meta["seed"])
        mtl.network, mtl.seen = flat_from(state, "network/") if meta["places"] else None, list(seen)
        mtl.places = {unpack_id(place.pop("task")): Place(**place) for place in meta["places"]}
        return mtl


def placed(seen: Sequence[Task], pools: list[list[Task]]) -> dict[Hashable, Place]:
    """The place of every task's logits, in the order of learning."""
    places = {}
    for i, pool in enumerate(pools):
        first = 0
        for task in pool:
            places[task.id] = Place("" if len(pools) == 1 else str(i), first, first + task.n_outputs, task.loss)
            first += task.n_outputs
    return {task.id: places[task.id] for task in seen}


def joint_loss(layout: Flat, pools, split: str):
    """(1/T) sum over tasks of L_t, on the "train" or "valid" split."""
    total, losses = sum(map(len, pools)), []
    for i, pool in enumerate(pools):
        labels = [getattr(task, f"y_{split}") for task in pool]
        losses.append(mlp.DataLoss(
            layout, getattr(pool[0], f"x_{split}"), np.hstack(labels) if pool[0].loss == "sigmoid" else labels[0],
            pool[0].loss, head="" if len(pools) == 1 else str(i), scale=len(pools) / total))
    return losses[0] if len(losses) == 1 else mlp.JointLoss(losses)
