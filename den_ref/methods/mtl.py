"""DNN-MTL, multi-task learning: one network for all tasks at once.

On a stream it trains a new network on the data of all tasks seen, at every stage: an upper bound that keeps
everything, beside methods that keep nothing.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from den_ref.core import mlp
from den_ref.core.flat import Flat
from den_ref.core.pools import examples, mean_loss, pooled, samples
from den_ref.den.equations import eq2
from den_ref.describe import Look, Space
from den_ref.protocol import BOUND, CLASS_INCREMENTAL, TASK_INCREMENTAL, Capacity, Task, check_seen, check_task
from den_ref.settings import PerLayer, at_least, integer, option
from den_ref.state import pack_id, pack_meta, unpack_id, unpack_meta

from .finetune import body_of
from .shared.classes import check_same_scenario, joined
from .shared.network import (DRAWS, STRENGTH, UNNAMED, NetworkConfig, NetworkMethod, arrays_of, flat_from,
                             random_start, task_rng, trained)


@dataclass(frozen=True)
class Outputs:
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


class MTL(NetworkMethod):
    """A shared body and one head per task, minimising the mean of the tasks' losses (plus Eq. 2's penalties).

    Tasks with sigmoid heads that share their samples (the very same array) are one *pool*: they are outputs of one
    head, and one pass serves them all.  Pools take turns, batch by batch.  Class-incremental, all samples are one task:
    which of all classes seen is it?
    """

    name = "mtl"
    Config = MTLConfig
    needs_all_data = True
    title = "MTL"
    family = BOUND
    scenarios = (TASK_INCREMENTAL, CLASS_INCREMENTAL)
    look = Look("#000000", ":", "D")
    # The mean of the tasks' losses, where the start was first found for their sum: a tenth of those strengths.
    space = Space({"weight_decay": (0.04, 2e-4), "mu": 0.0}, DRAWS, unnamed=UNNAMED)
    explained = trained("(1 / t) Σ_{s ≤ t} L_s(W; D_s)", "Free: one network, on the data of all tasks seen.", "mtl",
                        why="How good is one network that sees the data of all tasks at once?")
    slow = True

    def __init__(self, config: MTLConfig | None = None, seed: int = 0):
        super().__init__(config, seed)
        self.seen: list[Task] = []
        self.network: Flat | None = None

    @property
    def n_inputs(self) -> int | None:
        return self.seen[0].n_inputs if self.seen else None

    def boxes(self, task: Task):
        check_seen(self.seen, self.tasks)
        seen = [*self.seen, task]
        check_same_scenario(task, bool(seen[0].classes))
        asked = [joined(seen)] if task.classes else seen
        pools = pooled(asked)
        rng = task_rng(self.seed, seen[0].id)
        start = random_start(seen[0], [sum(t.n_outputs for t in pool) for pool in pools], self.config, rng)
        for one in seen[1:]:
            self.config.check_image(one.image, start.convolutions)
        loss, valid = (all_tasks_loss(start, asked, split) for split in ("train", "valid"))
        result = self.fit(eq2(start, loss, self.config), valid, rng)
        yield self.step(task, "train", "all tasks at once", f"trained on {len(seen)} tasks, {result.message}",
                        before=self.network, after=result.x, solve=result)
        self.seen, self.kept, self.network = seen, outputs_of(seen), result.x

    def learn_all(self, tasks: Sequence[Task]) -> None:
        """One network per stage, each from a random start: the last alone is the model at the end.

        All are learnt, or none.
        """
        before = self.seen
        for i, task in enumerate(tasks):
            check_task(task, [one.id for one in (*before, *tasks[:i])], (*before, *tasks)[0].n_inputs)
        self.seen = [*before, *(task.without_test() for task in tasks[:-1])]
        try:
            super().learn_all(tasks[-1:])
        except BaseException:
            self.seen = before
            raise

    def scores(self, task_id: Hashable, x) -> np.ndarray:
        outputs = self.kept_of(task_id)
        head, bias = self.network["V" + outputs.suffix], self.network["c" + outputs.suffix]
        columns = slice(outputs.first, outputs.last)
        return mlp.scores(x, *mlp.layers_of(self.network), head[:, columns], bias[columns],
                          self.network.convolutions)

    def class_scores(self, x) -> np.ndarray:
        if self.network is None or "V" not in self.network.shapes or "sigmoid" in map(self.loss_of, self.tasks):
            return super().class_scores(x)                         # a head per task, or per pool of tasks
        return mlp.scores(x, *mlp.unpack(self.network), self.network.convolutions)

    def capacity(self) -> Capacity:
        flat = self.network
        if flat is None:
            return Capacity(0, 0, 0, {})
        body = body_of(flat).vector.size
        per_task = {task: body + (self.config.hidden[-1] + 1) * (outputs.last - outputs.first)
                    for task, outputs in self.kept.items()}
        return Capacity(flat.vector.size, int(np.count_nonzero(flat.vector)), flat.vector.size, per_task,
                        {"examples": examples(self.seen)}, self.config.widths)

    def state(self) -> dict[str, np.ndarray]:
        arrays = arrays_of(self.network, "network/") if self.network else {}
        places = [asdict(outputs) | {"task": pack_id(task)} for task, outputs in self.kept.items()]
        return arrays | {"meta": pack_meta({"seed": self.seed, "places": places})}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], config=None, seen: Sequence[Task] = ()) -> MTL:
        meta = unpack_meta(state["meta"])
        mtl = cls(config, meta["seed"])
        mtl.network, mtl.seen = flat_from(state, "network/") if meta["places"] else None, list(seen)
        mtl.kept = {unpack_id(place.pop("task")): Outputs(**place) for place in meta["places"]}
        return mtl


def outputs_of(tasks: Sequence[Task]) -> dict[Hashable, Outputs]:
    """Where every task's logits stand, in the order of learning."""
    pools, found = [list(tasks)] if tasks[0].classes else pooled(tasks), {}
    for i, pool in enumerate(pools):
        first = 0
        for task in pool:
            found[task.id] = Outputs(suffix(i, pools), first, first + task.n_outputs, task.loss)
            first += task.n_outputs
    return {task.id: found[task.id] for task in tasks}


def suffix(i: int, pools: Sequence) -> str:
    """What the name of pool i's head ends in: nothing if there is one head only."""
    return "" if len(pools) == 1 else str(i)


def all_tasks_loss(layout: Flat, tasks: Sequence[Task], split: str):
    """(1/T) sum over tasks of L_t, on the "train" or "valid" split: a DataLoss of the head of every pool."""
    pools = pooled(tasks)
    return mean_loss([mlp.DataLoss(layout, *samples(pool, split), pool[0].loss, head=suffix(i, pools),
                                   scale=len(pools) / len(tasks)) for i, pool in enumerate(pools)])
