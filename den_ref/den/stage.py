"""What all boxes of one stage share: the task, the options, the generator of random numbers, W^{t-1}."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..core.flat import Flat
from ..core.losses import LOSSES, base_rate_entropy
from ..core.mlp import DataLoss
from ..core.problem import Problem
from ..core.result import Result
from ..core.training import train
from ..protocol import Progress, Step, Task, no_progress
from .birth import Birth
from .config import DENConfig
from .network import Network


@dataclass
class Stage:
    """Stage t of Algorithm 1.

    t : 1-based position of the task
    previous : W^{t-1}, the network at the end of the stage before (at t = 1: the random start)
    birth : every unit of W^{t-1} as it was when it came (at t = 1: empty)
    """

    t: int
    task: Task
    config: DENConfig
    rng: np.random.Generator
    previous: Network
    progress: Progress = no_progress
    birth: Birth | None = None

    def step(self, box, title, sentence, before, after, **more) -> Step:
        """A Step of this stage."""
        return Step(self.t, self.task.id, box, title, sentence, before=before, after=after, **more)

    def losses(self, layout: Flat, inputs=None, known=(None, None)) -> tuple[DataLoss, DataLoss]:
        """The data loss on the training and on the validation split, for networks of one layout.

        ``inputs``: which input features are there (all by default).  ``known``: see ``DataLoss``, one per split.
        """
        task = self.task
        splits = [(task.x_train, task.y_train), (task.x_valid, task.y_valid)]
        if inputs is not None:
            splits = [(np.ascontiguousarray(x[:, inputs]), y) for x, y in splits]
        pairs = zip(splits, known, strict=True)
        return tuple(DataLoss(layout, x, y, task.loss, fixed) for (x, y), fixed in pairs)

    def solve(self, problem: Problem, validation: DataLoss, equation: int, start_competes: bool, **watch) -> Result:
        """Train a problem as the options say; without validation samples nothing stops early.  watch: see ``train``."""
        return train(problem, self.config, getattr(self.config, f"epochs_eq{equation}"), self.rng,
                     validation=validation if len(validation) else None, start_competes=start_competes,
                     label=f"Eq. {equation}", progress=self.progress, **watch)

    def loss(self, network: Network) -> float:
        """L_t: the mean data loss of this stage's task, without penalties, on the split that tau is held against."""
        x, y = self.tau_split
        return LOSSES[self.task.loss](network.scores(self.task.id, x), y)[0]

    @property
    def base_rate(self) -> float:
        """The loss of a head that ignores its inputs, on the same split."""
        return base_rate_entropy(self.tau_split[1], self.task.loss)

    @property
    def tau_split(self):
        """(x, y) of the validation split, if there is one and it is asked for; else of the training split."""
        task = self.task
        if self.config.loss_split == "validation" and len(task.x_valid):
            return task.x_valid, task.y_valid
        return task.x_train, task.y_train
