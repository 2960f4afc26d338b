"""DEN-Finetune: the final network of DEN, trained once more on all tasks together (paper, section 4).

    minimise  (1/T) sum over t of L_t(W; D_t)  +  sum over l of (weight_decay_l / 2) norm(W_l)^2

over the weights of edges that are there, all biases and all heads, starting from W^T, which is kept if no epoch has a
lower mean validation loss.  Every task still reads only the units of its stage.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from den_ref.core import mlp
from den_ref.core.flat import Flat
from den_ref.core.penalties import SquaredL2
from den_ref.core.pools import examples
from den_ref.core.problem import Part, Problem
from den_ref.core.result import Result
from den_ref.core.stacks import edges
from den_ref.core.training import train
from den_ref.describe import Look
from den_ref.doors import Each, Instance, Positive, Whole, door
from den_ref.protocol import VARIANT, Capacity, Step, Task, check_seen, check_task
from den_ref.settings import at_least, integer, option

from .algorithm import DEN
from .config import DENConfig, held
from .equations import fans, free_biases, matrices
from .explained import BOXES, FINETUNE
from .joint import joint_loss, pack_network, unpack_network
from .network import EMPTY, Network, capacity
from .stage import Stage


@dataclass(frozen=True)
class FineTunedConfig(DENConfig):
    """DEN's options, and those of the last box.

    Its step is smaller than DEN's: with the whole of it the mean validation loss can rise from the first epoch on.
    """

    finetune_epochs: int = option(10, "DEN-Finetune: epochs at most", integer(0))
    finetune_step: float = option(0.2, "DEN-Finetune: step size at the start, as a share of step",
                                  at_least(0, above=True))
    timestamps: bool = held(True)


class FineTuned(DEN):
    """DEN-Finetune at every stage: DEN's boxes, then a copy of W^t trained on all tasks seen.

    Scores are those of the copy.  DEN goes on from W^t itself, so that its own boxes are the same as without the copy.
    """

    name = "den-finetune"
    Config = FineTunedConfig
    needs_all_data = True
    title = "DEN-Finetune"
    family = VARIANT
    look = Look("#0072B2", ":", "*")
    explained = BOXES | {"finetune": FINETUNE}
    slow = True

    def __init__(self, config: FineTunedConfig | None = None, seed: int = 0):
        super().__init__(config, seed)
        self.seen: list[Task] = []
        self.tuned = EMPTY

    def boxes_of(self, stage: Stage) -> Iterator[Step]:
        """DEN's boxes, and one more."""
        check_seen(self.seen, self.tasks)
        network, seen = (yield from super().boxes_of(stage)), [*self.seen, stage.task]
        options, rng = self.config, copy.deepcopy(self.rng)         # DEN's own generator stays where it is
        tuned, result = train_jointly(network, seen, options, options.finetune_epochs, options.finetune_step, rng,
                                      self.progress)
        yield stage.step("finetune", "DEN-Finetune", f"trained a copy on the {len(seen)} tasks seen, {result.message}",
                         network, tuned, solve=result)
        self.seen, self.tuned = seen, tuned
        return network

    def learn_all(self, tasks: Sequence[Task]) -> None:
        """DEN goes on from W^t, so that the copies of earlier stages, which nobody asks for, need not be trained."""
        usual, self.config = self.config, replace(self.config, finetune_epochs=0)
        try:
            super().learn_all(tasks[:-1])
        finally:
            self.config = usual
        super().learn_all(tasks[-1:])

    def scores(self, task_id, x) -> np.ndarray:
        return self.tuned.scores(task_id, x)

    def capacity(self) -> Capacity:
        """The tuned network answers; W^t, which DEN goes on from, and the examples are kept beside it."""
        return replace(capacity(self.tuned), stored={
            **super().capacity().stored, "network": capacity(self.network).arrays, "examples": examples(self.seen)})

    def state(self) -> dict[str, np.ndarray]:
        tuned = {"tuned": pack_network(self.tuned).vector} if self.tasks else {}
        return super().state() | tuned

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], config=None, seen: Sequence[Task] = ()) -> FineTuned:
        method = super().from_state(state, config)
        method.seen = list(seen)
        if method.tasks:
            method.tuned = unpack_network(method.network, pack_network(method.network).like(state["tuned"]))
        return method


@door
def finetune(den: DEN, tasks: Each(all_of=Instance(Task)), epochs: Whole(0) = 10, step: Positive() = 0.2) -> DEN:
    """A new DEN, trained on all tasks at once from where ``den`` stands; ``den`` is not changed.

    Parameters
    ----------
    den : DEN
    tasks : list of Task
    epochs : int
        Passes over the data at most.
    step : float
        Step size at the start, as a share of that of ``den``.

    Raises
    ------
    ValueError
        Unless ``tasks`` are exactly the learnt ones.
    """
    if not den.tasks:
        raise ValueError("den: expected one that has learnt a task, got one that has learnt none")
    if len(tasks) != len(den.tasks) or {task.id for task in tasks} != set(den.tasks):
        raise ValueError(f"tasks: expected exactly the learnt ones {den.tasks}, got {[task.id for task in tasks]}")
    for task in tasks:
        check_task(task, [], den.n_inputs)
    tuned = copy.copy(den)                                         # networks are never modified, only replaced
    tuned.rng = copy.deepcopy(den.rng)
    tuned.network, _ = train_jointly(den.network, tasks, den.config, epochs, step, tuned.rng, den.progress)
    return tuned


def train_jointly(network: Network, tasks: Sequence[Task], config: DENConfig, epochs: int, step: float, rng,
                  progress) -> tuple[Network, Result]:
    """The network trained on the objective above, its step being ``step`` times the config's; and the Result."""
    start, options = pack_network(network), replace(config, step=config.step * step)
    loss, validation = (joint_loss(start, network, tasks, split) for split in ("train", "valid"))
    result = train(Problem(loss, start, free_parts(start, config)), options, epochs, rng, label="DEN-Finetune",
                   validation=validation if len(validation) else None, progress=progress)
    return unpack_network(network, result.x), result


def free_parts(start: Flat, config: DENConfig) -> list[Part]:
    """The weights of hidden edges that are there and the heads, with weight decay; all biases."""
    decay = config.per_layer("weight_decay", mlp.depth(start) + 1)
    weights = [Part(name, SquaredL2(strength), pattern=edges(start[name], fan) if name != "V" else None)
               for name, fan, strength in zip(matrices(start), fans(start), decay, strict=True)]
    return weights + free_biases(start)
