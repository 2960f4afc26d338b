"""DNN, plain fine-tuning: one network that every task trains on where the last one left it, and so forgets."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..core import mlp
from ..core.flat import Flat
from ..core.penalties import SquaredL2
from ..den.network import Head
from ..protocol import Capacity, Method, Step, Task, check_task, timed, unknown_task
from den_ref.settings import PerLayer, at_least, integer, option
from ..state import pack_id, pack_meta, unpack_id, unpack_meta
from .plain import STRENGTH, NetworkConfig, fit, flat_from, random_start, task_rng


@dataclass(frozen=True)
class FineTuningConfig(NetworkConfig):
    """Options of fine-tuning: those of a plain network, with defaults of its own (docs/tuning.md)."""

    weight_decay: PerLayer = option((0.00087, 0.00051), "strength of (1/2) norm^2 of the weights, per layer", STRENGTH)
    step: float = option(5e-4, "step size at the start", at_least(0, above=True))
    epochs: int = option(5, "epochs at most", integer(0))


class FineTuning(Method):
    """DNN, plain fine-tuning: one shared body, a head for every task; nothing holds the body where it was.

        minimise  L_t(W; D_t)  +  Eq. 2's penalties  +  the method's pull on the body (none here),  from W^{t-1}

    Heads of earlier tasks stay as they are.  The random numbers of a task depend on the seed and its id alone, so that
    the first task's network is STL's, and a method whose pull has strength 0 is this one, bit for bit.
    """

    name = "finetune"
    Config = FineTuningConfig

    def __init__(self, config: NetworkConfig | None = None, seed: int = 0):
        super().__init__(config, seed)
        self.seed = seed
        self.body: Flat | None = None
        self.heads: list[Head] = []

    @property
    def tasks(self) -> list[Hashable]:
        return [head.task for head in self.heads]

    def steps(self, task: Task) -> Iterator[Step]:
        return timed(self._boxes(task))

    def _boxes(self, task: Task):
        check_task(task, self.tasks, self.body["W1"].shape[0] if self.heads else None)
        rng = task_rng(self.seed, task.id)
        start = self._start(task, rng)
        loss, valid = (mlp.DataLoss(start, getattr(task, f"x_{split}"), getattr(task, f"y_{split}"), task.loss)
                       for split in ("train", "valid"))
        result = fit(start, loss, valid, self, rng, self.pulls() if self.heads else {})
        kept = self.to_keep(task, result.x)
        yield Step(len(self.heads) + 1, task.id, "train", f"training ({self.name})",
                   f"trained the whole network, {result.message}", before=start, after=result.x, solve=result)
        for name, value in kept.items():
            setattr(self, name, value)

    def _start(self, task: Task, rng) -> Flat:
        """The shared body with a random head, W1..Wm, V, b1..bm, c."""
        if not self.heads:
            return random_start(task.n_inputs, [task.n_outputs], self.config, rng)
        head = mlp.random_weights(rng, self.config.hidden[-1], task.n_outputs, self.config.dtype)
        return mlp.pack(*self._layers(), head, np.zeros(task.n_outputs), self.config.dtype)

    def pulls(self) -> dict[str, SquaredL2]:
        """The pull on each array of the body, from the second task on."""
        return {}

    def to_keep(self, task: Task, network: Flat) -> dict:
        """What the method becomes with this task, by attribute."""
        body = {name: array for name, array in network.views.items() if name[0] in "Wb"}
        head = Head(task.id, len(self.heads) + 1, network["V"].copy(), network["c"].copy(), task.loss)
        return {"body": Flat.of(body, network.vector.dtype), "heads": [*self.heads, head]}

    def _layers(self):
        layers = range(1, len(self.config.hidden) + 1)
        return [self.body[f"W{l}"] for l in layers], [self.body[f"b{l}"] for l in layers]

    def head_of(self, task_id: Hashable) -> Head:
        """The head of a learnt task; a KeyError that names the learnt ones for another."""
        if task_id not in self.tasks:
            raise unknown_task(task_id, self.tasks)
        return next(head for head in self.heads if head.task == task_id)

    def scores(self, task_id: Hashable, x) -> np.ndarray:
        head = self.head_of(task_id)
        return mlp.scores(x, *self._layers(), head.weights, head.bias)

    def loss_of(self, task_id: Hashable) -> str:
        return self.head_of(task_id).loss

    def stored(self) -> dict[str, int]:
        """What is kept between tasks beside the network: name -> number of floats."""
        return {}

    def capacity(self) -> Capacity:
        if not self.heads:
            return Capacity(0, 0, 0, {})
        body = self.body.vector
        heads = {head.task: np.append(head.weights, head.bias) for head in self.heads}
        allocated = body.size + sum(head.size for head in heads.values())
        nonzero = sum(int(np.count_nonzero(array)) for array in (body, *heads.values()))
        return Capacity(allocated, nonzero, allocated, {task: body.size + head.size for task, head in heads.items()},
                        self.stored(), self.config.hidden)

    def state(self) -> dict[str, np.ndarray]:
        arrays = {f"body/{name}": array for name, array in self.body.views.items()} if self.heads else {}
        for i, head in enumerate(self.heads):
            arrays |= {f"heads/{i}/weights": head.weights, f"heads/{i}/bias": head.bias}
        heads = [{"task": pack_id(head.task), "loss": head.loss} for head in self.heads]
        return arrays | {"meta": pack_meta({"seed": self.seed, "heads": heads})}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], config=None, seen: Sequence[Task] = ()) -> FineTuning:
        meta = unpack_meta(state["meta"])
        method = cls(config, meta["seed"])
        method.heads = [Head(unpack_id(head["task"]), i + 1, state[f"heads/{i}/weights"], state[f"heads/{i}/bias"],
                             head["loss"]) for i, head in enumerate(meta["heads"])]
        method.body = flat_from(state, "body/") if method.heads else None
        return method
