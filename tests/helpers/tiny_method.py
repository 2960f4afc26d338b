"""The smallest honest Method: one logistic regression per task, by mini-batch gradient descent.

``python tests/helpers/tiny_method.py ARGUMENTS`` is ``den-ref ARGUMENTS`` with this method in the registry.
"""

import json
import sys
import time
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np

from den_ref.protocol import Capacity, Method, Step, unknown_task
from den_ref.settings import Settings, at_least, integer, option


@dataclass(frozen=True)
class Weights:
    """The model: one column of weights and a bias per task."""

    heads: dict

    def arrays(self):
        return {f"heads/{task_id}": head for task_id, head in self.heads.items()}


@dataclass(frozen=True)
class TinyConfig(Settings):
    rate: float = option(0.1, "step of the gradient descent", at_least(0, above=True))
    epochs: int = option(3, "passes over the data", integer(1))
    pause: float = option(0.0, "seconds to sleep per epoch, so that a test can interrupt", at_least(0))


class Tiny(Method):
    """One logistic regression per task."""

    name = "tiny"
    Config = TinyConfig

    def __init__(self, config=None, seed=0):
        super().__init__(config, seed)
        self.model = Weights({})

    @property
    def tasks(self):
        return list(self.model.heads)

    def loss_of(self, task_id):
        return "sigmoid"

    def steps(self, task):
        assert task.x_test is None
        before, n_inputs = self.model, task.x_train.shape[1]
        head = self.rng.normal(size=(n_inputs + 1, 1)).astype(task.x_train.dtype)
        after = replace(before, heads={**before.heads, task.id: head})
        yield Step(len(before.heads) + 1, task.id, "draw", "Draw", "drew a head",
                   before=before, after=after)
        head, losses = self.descend(task, head.copy())
        self.model = replace(before, heads={**before.heads, task.id: head})
        solve = SimpleNamespace(success=True, history={"objective": losses}).__dict__
        yield Step(len(before.heads) + 1, task.id, "descend", "Eq. 0", f"loss {losses[-1]:.3f}",
                   {"loss": losses[-1], "undefined": float("nan")}, {"order": np.arange(3)},
                   after, self.model, solve, 0.25)

    def descend(self, task, head):
        losses = []
        for epoch in range(self.config.epochs):
            for rows in np.array_split(self.rng.permutation(len(task.x_train)), 4):
                error = 1 / (1 + np.exp(-logits(head, task.x_train[rows]))) - task.y_train[rows]
                head[:-1] -= self.config.rate * task.x_train[rows].T @ error / len(rows)
                head[-1] -= self.config.rate * error.mean()
            losses.append(float(np.mean(np.logaddexp(0, (1 - 2 * task.y_train) * logits(head, task.x_train)))))
            self.progress("Eq. 0", epoch + 1, self.config.epochs, losses[-1])
            time.sleep(self.config.pause)
        return head, losses

    def scores(self, task_id, x):
        if task_id not in self.model.heads:
            raise unknown_task(task_id, self.tasks)
        return logits(self.model.heads[task_id], x)

    def capacity(self):
        sizes = {task_id: head.size for task_id, head in self.model.heads.items()}
        total = sum(sizes.values())
        return Capacity(total, total, total, sizes, {"anchor": 7}, (3, 2))

    def state(self):
        meta = {"tasks": self.tasks, "rng": self.rng.bit_generator.state}
        return {"meta": np.frombuffer(json.dumps(meta).encode(), np.uint8), **self.model.arrays()}

    @classmethod
    def from_state(cls, state, config=None, seen=()):
        meta, method = json.loads(state["meta"].tobytes()), cls(config)
        method.rng.bit_generator.state = meta["rng"]
        method.model = Weights({task_id: state[f"heads/{task_id}"] for task_id in meta["tasks"]})
        return method


def logits(head, x):
    return x @ head[:-1] + head[-1]


if __name__ == "__main__":
    from den_ref.cli import main
    from den_ref.methods import REGISTRY

    REGISTRY["tiny"] = Tiny
    sys.exit(main())
