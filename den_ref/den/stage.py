"""What all boxes of one stage share: the task, the options, W^{t-1}, random numbers, and how a problem is solved.

Two seams hold all that is random once a stage has begun: ``Stage.draw`` (weights) and ``Stage.solve`` (the order of
mini-batches).  Whoever replaces them has Algorithms 1 to 4 as functions of the data, the options and W^{t-1}.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from den_ref.core import mlp
from den_ref.core.flat import Flat
from den_ref.core.losses import LOSSES, base_rate_entropy
from den_ref.core.mlp import DataLoss
from den_ref.core.problem import Problem
from den_ref.core.result import Result
from den_ref.core.training import train
from den_ref.doors import Instance, Whole
from den_ref.protocol import Progress, Step, Task, check_task, no_progress

from .birth import Birth
from .config import DENConfig
from .importance import Importance
from .network import Head, Network, Subnetwork, extract, insert


@dataclass
class Stage:
    """Stage t of Algorithm 1.

    t : 1-based position of the task
    previous : W^{t-1}, the network at the end of the stage before (at t = 1: the random start)
    birth : every unit of W^{t-1} as it was when it came (at t = 1: empty)
    importance : F^{t-1}, if the pull to W^{t-1} is weighted by it
    losses : box -> the task's loss before and after it, of the solves that told (:meth:`retrained`)
    """

    t: int
    task: Task
    config: DENConfig
    rng: np.random.Generator
    previous: Network
    progress: Progress = no_progress
    birth: Birth | None = None
    importance: Importance | None = None
    losses: dict[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self):
        Whole(1)("t", self.t)
        for name, kind in (("config", DENConfig), ("rng", np.random.Generator), ("previous", Network)):
            Instance(kind)(name, getattr(self, name))
        check_task(self.task, (), self.previous.n_features)

    def step(self, box, title, sentence, before, after, **more) -> Step:
        """A Step of this stage."""
        return Step(self.t, self.task.id, box, title, sentence, before=before, after=after, **more)

    def draw(self, n_in: int, shape, scale: float = 1.0) -> np.ndarray:
        """Random weights under units with ``n_in`` inputs: normal with deviation scale * sqrt(2 / n_in)."""
        return self.rng.normal(size=shape) * (scale * np.sqrt(2 / max(n_in, 1)))

    def solve(self, problem: Problem, validation: DataLoss, epochs: int, **how) -> Result:
        """Train a problem as the options say; without validation samples nothing stops early.  how: see ``train``."""
        return train(problem, self.config, epochs, self.rng, progress=self.progress,
                     validation=validation if len(validation) else None, **how)

    def data_loss(self, split: str, layout: Flat, inputs, held_weights, held_biases) -> DataLoss:
        """L on the "train" or "valid" split, for networks of one layout that read the given input features.

        ``held_*``: first-layer units that are not in the layout; what they answer is computed once.
        """
        x, y = getattr(self.task, f"x_{split}"), getattr(self.task, f"y_{split}")
        n_inputs = self.previous.n_inputs
        if len(inputs) < n_inputs:
            pixels = x.shape[1] // n_inputs                                           # 1 without images
            x = x.reshape(len(x), pixels, n_inputs)[..., inputs].reshape(len(x), pixels * len(inputs))
        first = layout.convolutions[:1]
        known = mlp.in_blocks(lambda block: mlp.hidden.inner(block, [held_weights], [held_biases], first), x)
        return DataLoss(layout, x, y, self.task.loss, known=known)

    def fisher(self, units: list) -> Subnetwork | None:
        """F^{t-1} of units of W^{t-1}, cut out as their weights are; None if all weights are pulled alike."""
        if self.importance is None:
            return None
        fisher = replace(self.previous, weights=self.importance.weights, biases=self.importance.biases)
        return extract.inner(fisher, units)

    def loss(self, network: Network) -> float:
        """L_t: the mean data loss of this stage's task, without penalties, on the split that tau is held against."""
        x, y = self.tau_split
        return LOSSES[self.task.loss].inner(network.scores(self.task.id, x), y)[0]

    def retrained(self, box, title, words, before, after, result) -> Step:
        """The Step of a solve whose start competes (Eq. 4 and 6): what came of it, or that nothing did."""
        then, now, was_kept = self.loss(before), self.loss(after), result.get("best_epoch") == 0 < result.nit
        self.losses[box] = then, now
        words = result.message if was_kept else f"{words}, loss {then:.4f} -> {now:.4f}, {result.message}"
        return self.step(box, title, words, before, after, solve=result, facts={"loss_before": then, "loss_after": now})

    @property
    def image(self) -> dict[str, np.ndarray]:
        """What a picture shows to filters, {"image": (height, width, channels)}; {} where there are none.

        It is the first sample of the largest label: one of the class, where that is what the task asks.
        """
        if not self.previous.convolutions:
            return {}
        x, y = self.tau_split
        return {"image": x[np.argmax(y.reshape(len(y), -1)[:, 0])].reshape(self.task.image)}

    @property
    def base_rate(self) -> float:
        """The loss of a head that ignores its inputs, on the same split."""
        return base_rate_entropy.inner(self.tau_split[1], self.task.loss)

    @property
    def tau_split(self):
        """(x, y) of the validation split, if there is one and it is asked for; else of the training split."""
        task = self.task
        if self.config.loss_split == "validation" and len(task.x_valid):
            return task.x_valid, task.y_valid
        return task.x_train, task.y_train


def solve_cut(network: Network, units: list, head: Head, stage: Stage,
              equation: Callable[[Flat, DataLoss, Subnetwork], Problem], *, held: int = 0, **how) -> tuple:
    """Cut units out, solve an equation on them, put what came out back; (Network, Result).

    Parameters
    ----------
    network, units, head
        What is cut out, see :func:`den.network.extract`.
    stage : Stage
    equation : callable
        (start, data loss, subnetwork) -> Problem, one of those in ``equations``.
    held : int
        The first so many units of the first layer are held: their incoming weights are not in the start (Eq. 5).
    how
        ``epochs``, ``label``, ``start_competes``, ``watch``: see :func:`core.training.train`.
    """
    sub = extract.inner(network, units, head)
    (w, *weights), (b, *biases) = sub.weights, sub.biases
    start = mlp.pack([w[:, held:], *weights], [b[held:], *biases], sub.head, sub.head_bias, network.dtype,
                     network.convolutions)
    loss, validation = (stage.data_loss(split, start, units[0], w[:, :held], b[:held]) for split in ("train", "valid"))
    result = stage.solve(equation(start, loss, sub), validation, **how)
    weights, biases, *outputs = mlp.unpack(result.x)
    weights[0], biases[0] = np.hstack([w[:, :held], weights[0]]), np.concatenate([b[:held], biases[0]])
    return insert.inner(network, Subnetwork(sub.units, weights, biases, *outputs), head), result
