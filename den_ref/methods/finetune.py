"""DNN, plain fine-tuning: one network that every task trains on where the last one left it, and so forgets."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from den_ref.core import chain, mlp
from den_ref.core.flat import Flat
from den_ref.core.penalties import SquaredL2, Sum
from den_ref.core.problem import Problem
from den_ref.den.equations import eq2
from den_ref.den.network import Head, head_arrays, heads_from
from den_ref.describe import Look, Space, choice, each, log_uniform
from den_ref.protocol import BOUND, CLASS_INCREMENTAL, TASK_INCREMENTAL, Capacity, Task
from den_ref.settings import PerLayer, at_least, integer, option
from den_ref.state import pack_id, pack_meta, unpack_id, unpack_meta

from .shared.classes import among_seen, check_same_scenario, heads_of, pull_on
from .shared.network import (DRAWS, STRENGTH, UNNAMED, NetworkConfig, NetworkMethod, arrays_of, data_losses, flat_from,
                             random_start, task_rng, trained)

#: A network that goes on from the last task: fewer epochs, and weight decay down to where it forgets nothing by itself.
ONWARD = {**DRAWS, "weight_decay": each(log_uniform(1e-4, 0.1), log_uniform(1e-4, 0.1)), "epochs": choice(3, 5, 10)}
ONWARD_START = {"weight_decay": 2e-2, "mu": 0.0, "epochs": 10}


@dataclass(frozen=True)
class FineTuningConfig(NetworkConfig):
    """Options of fine-tuning: those of a plain network, with defaults of its own (docs/tuning.md)."""

    weight_decay: PerLayer = option((0.00087, 0.00051), "strength of (1/2) norm^2 of the weights, per layer", STRENGTH)
    step: float = option(5e-4, "step size at the start", at_least(0, above=True))
    epochs: int = option(5, "epochs at most", integer(0))


class FineTuning(NetworkMethod):
    """DNN, plain fine-tuning: one shared body, a head for every task; nothing holds the body where it was.

        minimise  L_t(W; D_t)  +  Eq. 2's penalties  +  the method's pull on the body (none here),  from W^{t-1}

    Heads of earlier tasks stay as they are.  The random numbers of a task depend on the seed and its id alone, so that
    the first task's network is STL's, and a method whose pull has strength 0 is this one, bit for bit.

    Class-incremental, there is one head for all classes seen, which belongs to the body: L_t is the cross-entropy among
    all of them, on samples of the new ones alone, and a pull holds the columns of older classes too.
    """

    name = "finetune"
    Config = FineTuningConfig
    title = "fine-tuning"
    family = BOUND
    scenarios = (TASK_INCREMENTAL, CLASS_INCREMENTAL)
    look = Look("#D55E00", "-", "X")
    space = Space(ONWARD_START, ONWARD, unnamed=UNNAMED)
    explained = trained("L(W; D_t)", "Free: the body, from where the last task left it, and the task's head.",
                        "finetune", why="What becomes of older tasks if nothing is done to remember them?")

    def __init__(self, config: NetworkConfig | None = None, seed: int = 0):
        super().__init__(config, seed)
        self.body: Flat | None = None

    @property
    def heads(self) -> list[Head]:
        """The heads in the order of learning."""
        return list(self.kept.values())

    @property
    def one_head(self) -> bool:
        """Whether there is one head for all classes, which is then in the body; False before the first task."""
        return bool(self.heads) and "V" in self.body.shapes

    @property
    def n_inputs(self) -> int | None:
        return chain.n_inputs(self.body) if self.heads else None

    def boxes(self, task: Task):
        rng = task_rng(self.seed, task.id)
        start = self.start(task, rng)
        asked = among_seen(task, start["c"].size - task.n_outputs)
        loss, valid = self.losses(start, asked)
        pulls = self.pulls() if self.heads else {}
        result = self.fit(pulled(eq2(start, loss, self.config), pulls), valid, rng)
        measured = self.measured(asked, result.x)
        yield self.step(task, "train", f"training ({self.name})", f"trained the whole network, {result.message}",
                        before=start, after=result.x, solve=result)
        self.keep(task, result.x, measured)

    def start(self, task: Task, rng) -> Flat:
        """The shared body with a random head, or new columns of its one head, W1..Wm, V, b1..bm, c."""
        if not self.heads:
            return random_start(task, [task.n_outputs], self.config, rng)
        check_same_scenario(task, self.one_head)
        self.config.check_image(task.image, self.body.convolutions)
        head = mlp.random_weights(rng, self.config.hidden[-1], task.n_outputs, self.config.dtype)
        bias = np.zeros(task.n_outputs)
        if self.one_head:
            head, bias = np.hstack([self.body["V"], head]), np.append(self.body["c"], bias)
        return mlp.pack(*mlp.layers_of(self.body), head, bias, self.config.dtype, self.body.convolutions)

    def losses(self, start: Flat, task: Task) -> tuple[mlp.DataLoss, mlp.DataLoss]:
        """What is minimised, and what early stopping looks at."""
        return data_losses(start, task)

    def pulls(self) -> dict[str, SquaredL2]:
        """The pull on each array of the body, from the second task on."""
        return {}

    def measured(self, task: Task, network: Flat):
        """What a method asks of the network that a task ends at, to remember the task by: nothing here."""

    def keep(self, task: Task, network: Flat, measured) -> None:
        """The network that a task ended at becomes the method's."""
        self.body = body_of(network, with_head=bool(task.classes))
        if task.classes:
            self.kept = heads_of(self.body, {**self.widths, task.id: task.n_outputs})
            return
        self.kept[task.id] = Head(task.id, len(self.kept) + 1, network["V"].copy(), network["c"].copy(), task.loss)

    @property
    def widths(self) -> dict[Hashable, int]:
        """Task -> outputs of its head."""
        return {head.task: head.bias.size for head in self.heads}

    @property
    def served(self) -> Flat:
        """The body that scores are computed with."""
        return self.body

    def scores(self, task_id: Hashable, x) -> np.ndarray:
        head = self.kept_of(task_id)
        return mlp.scores(x, *mlp.layers_of(self.served), head.weights, head.bias, self.served.convolutions)

    def class_scores(self, x) -> np.ndarray:
        if not self.one_head:
            return super().class_scores(x)
        return mlp.scores(x, *mlp.unpack(self.served), self.served.convolutions)

    def stored(self) -> dict[str, int]:
        """What is kept between tasks beside the network: name -> number of floats."""
        return {}

    def capacity(self) -> Capacity:
        if not self.heads:
            return Capacity(0, 0, 0, {})
        body = body_of(self.served).vector
        heads = {head.task: np.append(head.weights, head.bias) for head in self.heads}
        allocated = body.size + sum(head.size for head in heads.values())
        nonzero = sum(int(np.count_nonzero(array)) for array in (body, *heads.values()))
        return Capacity(allocated, nonzero, allocated, {task: body.size + head.size for task, head in heads.items()},
                        self.stored(), self.config.widths)

    def state(self) -> dict[str, np.ndarray]:
        arrays = arrays_of(self.body, "body/") if self.heads else {}
        heads = [{"task": pack_id(head.task), "loss": head.loss} for head in self.heads]
        if self.one_head:                                          # its columns are in the body: how many are whose?
            heads = [facts | {"outputs": width} for facts, width in zip(heads, self.widths.values(), strict=True)]
        else:
            arrays |= head_arrays(self.heads)
        return arrays | {"meta": pack_meta({"seed": self.seed, "heads": heads})}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], config=None, seen: Sequence[Task] = ()) -> FineTuning:
        meta = unpack_meta(state["meta"])
        method = cls(config, meta["seed"])
        method.body = flat_from(state, "body/") if meta["heads"] else None
        if method.body is not None and "V" in method.body.shapes:
            method.kept = heads_of(method.body, {unpack_id(facts["task"]): facts["outputs"] for facts in meta["heads"]})
            return method
        heads = heads_from(state, [{"stage": stage, **facts} for stage, facts in enumerate(meta["heads"], 1)])
        method.kept = {head.task: head for head in heads}
        return method


def body_of(network: Flat, with_head: bool = False) -> Flat:
    """A copy of the layers below the head, W1..Wm, b1..bm; or of all, where the head is everyone's."""
    own = {name for pair in chain.hidden(network) + chain.heads(network) * with_head for name in pair}
    arrays = {name: array for name, array in network.views.items() if name in own}
    return Flat.of(arrays, network.vector.dtype, network.convolutions)


def pulled(problem: Problem, pulls: Mapping[str, SquaredL2]) -> Problem:
    """The problem with a pull added to the penalty of every array that is named, as far as it was there before."""
    return Problem(problem.loss, problem.start, [
        replace(part, penalty=Sum(pull_on(pulls[part.name], problem.start.shapes[part.name]), part.penalty))
        if part.name in pulls else part for part in problem.parts])
