"""Nearest mean: a class is the mean of its training samples, and the answer the class whose mean is nearest.

Nothing is trained, nothing is forgotten, and no sample is kept: what every class-incremental method has to beat.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from den_ref.describe import Box, Formula, Look
from den_ref.doors import check_shape
from den_ref.protocol import BOUND, CLASS_INCREMENTAL, Capacity, Method, Task, unknown_task
from den_ref.settings import Settings, one_of, option
from den_ref.state import pack_id, pack_meta, unpack_id, unpack_meta


@dataclass(frozen=True)
class NearestMeanConfig(Settings):
    """Options of the nearest mean: there is nothing to set but its precision."""

    dtype: str = option("float32", "precision of the means", one_of("float32", "float64"))


class NearestMean(Method):
    """The nearest class mean.

        score of class c for x:   - norm(x - m_c)^2 / 2,     m_c = mean of the training samples of c

    For classes that are Gaussian with the identity as covariance and equally likely, it is log p(c, x) + a constant.
    """

    name = "nearest-mean"
    Config = NearestMeanConfig
    title = "nearest mean"
    family = BOUND
    scenarios = (CLASS_INCREMENTAL,)
    fixed = ("dtype",)
    look = Look("#999999", ":", "*")
    explained = {"means": Box(
        Formula("m_c = (1 / n_c) Σ_{x of class c} x", "Nothing is trained: a mean for each new class.",
                code="den_ref/methods/nearest_mean.py"), why="How far does one mean per class lead?")}

    def __init__(self, config: NearestMeanConfig | None = None, seed: int = 0):
        super().__init__(config, seed)
        self.means: dict[Hashable, np.ndarray] = {}                # task -> (its classes, n_inputs)

    @property
    def tasks(self) -> list[Hashable]:
        return list(self.means)

    @property
    def n_inputs(self) -> int | None:
        return next(iter(self.means.values())).shape[1] if self.means else None

    def boxes(self, task: Task):
        own = [task.x_train[task.y_train == c] for c in range(task.n_outputs)]
        empty = [str(name) for name, samples in zip(task.classes, own, strict=True) if not len(samples)]
        if empty:
            raise ValueError(f"task.y_train: expected samples of every class, got none of {', '.join(empty)}")
        means = np.array([samples.mean(axis=0, dtype=np.float64) for samples in own]).astype(self.config.dtype)
        yield self.step(task, "means", "class means", f"the mean of each of {len(means)} new classes")
        self.means = {**self.means, task.id: means}

    def scores(self, task_id: Hashable, x) -> np.ndarray:
        if task_id not in self.means:
            raise unknown_task(task_id, self.tasks)
        return nearness(x, self.means[task_id])

    def class_scores(self, x) -> np.ndarray:
        if not self.means:
            return super().class_scores(x)
        return nearness(x, np.concatenate(list(self.means.values())))

    def loss_of(self, task_id: Hashable) -> str:
        if task_id not in self.means:
            raise unknown_task(task_id, self.tasks)
        return "softmax"

    def capacity(self) -> Capacity:
        sizes = {task: means.size for task, means in self.means.items()}
        total = sum(sizes.values())
        return Capacity(total, sum(int(np.count_nonzero(means)) for means in self.means.values()), total, sizes)

    def state(self) -> dict[str, np.ndarray]:
        arrays = {f"means/{i}": means for i, means in enumerate(self.means.values())}
        return arrays | {"meta": pack_meta({"seed": self.seed, "tasks": [pack_id(task) for task in self.means]})}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], config=None, seen: Sequence[Task] = ()) -> NearestMean:
        meta = unpack_meta(state["meta"])
        method = cls(config, meta["seed"])
        method.means = {unpack_id(task): state[f"means/{i}"] for i, task in enumerate(meta["tasks"])}
        return method


def nearness(x: np.ndarray, means: np.ndarray) -> np.ndarray:
    """- norm(x - m_c)^2 / 2 for samples x (n, n_inputs) and means (classes, n_inputs): (n, classes).

    >>> nearness(np.array([[3.0, 0.0]]), np.array([[0.0, 4.0], [3.0, 2.0]]))
    array([[-12.5,  -2. ]])
    """
    check_shape("x", x.shape, ("n", means.shape[1]))
    return x @ means.T - (x * x).sum(axis=1, keepdims=True) / 2 - (means * means).sum(axis=1) / 2
