"""Tasks on the same samples are a pool, which one pass serves: what every loss of several tasks at once is made of."""

from collections.abc import Sequence

import numpy as np

from den_ref.protocol import Task

from .mlp import JointLoss


def pooled(tasks: Sequence[Task]) -> list[list[Task]]:
    """The tasks, those with sigmoid heads on the same samples (the very same arrays) together."""
    pools: dict = {}
    for i, task in enumerate(tasks):
        pools.setdefault((id(task.x_train), id(task.x_valid)) if task.loss == "sigmoid" else i, []).append(task)
    return list(pools.values())


def samples(pool: Sequence[Task], split: str) -> tuple[np.ndarray, np.ndarray]:
    """A pool's (x, y) on its "train" or "valid" split: of sigmoid heads y is (n, all outputs), task by task."""
    labels = [getattr(task, f"y_{split}") for task in pool]
    return getattr(pool[0], f"x_{split}"), np.hstack(labels) if pool[0].loss == "sigmoid" else labels[0]


def mean_loss(losses: Sequence):
    """The mean of the pools' losses; of T tasks in P pools, a pool's loss times P / T gives the mean over tasks."""
    return losses[0] if len(losses) == 1 else JointLoss(losses)


def examples(tasks: Sequence[Task]) -> int:
    """Numbers in the tasks' training and validation data; arrays that tasks share count once."""
    arrays = {id(x): x.size for task in tasks for x in (task.x_train, task.x_valid)}
    return sum(arrays.values()) + sum(task.y_train.size + task.y_valid.size for task in tasks)
