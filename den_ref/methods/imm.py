"""DNN-IMM, incremental moment matching: the networks of all tasks are merged into one, which answers.

Task t is learnt from W^{t-1}, the weights that task t-1 itself ended at, merged by nothing (weight-transfer), and is

    minimise  L_t(W; D_t)  +  Eq. 2's penalties  +  sum over l of lam_l norm((W_l, b_l) - (W_l, b_l)^{t-1})^2

(L2-transfer, which is DNN-L2), with ``drop`` > 0 by batches in which units fall back to their old weights
(drop-transfer).  Every body W^k is taken for a Gaussian with mean W^k and precision F_k, its exact Fisher information.
With shares a_k that sum up to 1 the merged body is

mean   sum over k of a_k W^k, the mean of the mixture of the Gaussians
mode   (sum over k of a_k F_k W^k) / (sum over k of a_k F_k), weight by weight, near its mode; each F_k + 1e-8

Source: Lee et al. 2017; the 1e-8, and the last task's share ``alpha`` with the rest split alike, are its authors' code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from den_ref.core.fisher import fisher_diagonal
from den_ref.core.flat import Flat
from den_ref.core.mlp import DataLoss
from den_ref.core.problem import Problem
from den_ref.den.equations import eq2
from den_ref.den.explained import PULL
from den_ref.describe import Look, Space, choice, each, log_uniform
from den_ref.protocol import Diverged, Task
from den_ref.settings import at_least, one_of, option

from .finetune import ONWARD, ONWARD_START, body_of
from .l2 import L2, L2Config
from .shared.drop_transfer import DropTransfer
from .shared.network import UNNAMED, arrays_of, data_losses, flat_from, random_start, task_rng, trained

#: Added to every Fisher information, so that a weight that no task needs has the mean.
LEAST = 1e-8


def share(value) -> str | None:
    """Check: a number from 0 to 1, or None."""
    fine = value is None or (type(value) in (int, float) and 0 <= value <= 1)
    return None if fine else "a number from 0 to 1, or none"


@dataclass(frozen=True)
class IMMConfig(L2Config):
    """Options of DNN-IMM: DNN-L2's with its defaults, and the merge's, which are a start and not tuned yet."""

    merge: str = option("mode", "mean of the bodies, or their mean weighted by Fisher information",
                        one_of("mean", "mode"))
    alpha: float | None = option(None, "share of the last task, the others have the rest alike; none: all alike", share)
    drop: float = option(0.0, "drop-transfer: probability of a unit to fall back to its old weights",
                         at_least(0, below=1))
    weight_transfer: bool = option(True, "whether a task starts from the last one's weights", one_of(True, False))
    refit: bool = option(False, "whether the task's head is trained once more, on the merged body", one_of(True, False))


class IMM(L2):
    """DNN-IMM: a chain of networks as DNN-L2 learns them, and a merged body with every task's own head on it.

    Only bodies are merged.  Head k was trained on W^k and reads the merged body: what it loses by that is the smaller
    the nearer the bodies are to each other.  ``refit`` trains the newest head again; those of earlier tasks would need
    their data.  A task with one class only, with collinear features, or with none, is trained as any other, and where
    nobody has information the mode is the mean; a task comes once.
    """

    name = "imm"
    Config = IMMConfig
    title = "IMM"
    look = Look("#E69F00", "-.", "D")
    space = Space({**ONWARD_START, "lam": (0.1, 0.1), "merge": "mode", "drop": 0.0},
                  {**ONWARD, "lam": each(log_uniform(1e-3, 10), log_uniform(1e-3, 10)), "merge": choice("mode", "mean"),
                   "alpha": choice(None, 0.3, 0.5, 0.7), "drop": choice(0.0, 0.0, 0.2, 0.5)}, unnamed=UNNAMED)
    explained = trained("L(W; D_t)", "Free: the body, from where the last task left its own, and the task's head. What "
                        "answers is the body merged of all tasks' own.", "imm", f" + {PULL}", ["lam"],
                        why="Can the networks of all tasks be merged into one that knows them all?")

    def __init__(self, config: IMMConfig | None = None, seed: int = 0):
        super().__init__(config, seed)
        self.means: list[Flat] = []                                # W^1, ..., W^t; the last one is ``body``
        self.fishers: list[Flat] = []
        self.merged: Flat | None = None

    @property
    def served(self) -> Flat:
        return self.merged

    def start(self, task: Task, rng) -> Flat:
        if self.config.weight_transfer:
            return super().start(task, rng)
        return random_start(task, [task.n_outputs], self.config, rng)

    def losses(self, start: Flat, task: Task) -> tuple[DataLoss, DataLoss]:
        loss, valid = super().losses(start, task)
        if self.config.drop:
            old = self.body if self.heads else body_of(start.like())     # the first task's is 0: ordinary dropout
            loss = DropTransfer(start, old, self.config.drop, task.x_train, task.y_train, task.loss)
        return loss, valid

    def measured(self, task: Task, network: Flat) -> dict:
        """All bodies with their Fisher information, the body merged of them, and the network with the head to keep."""
        fisher = body_of(fisher_diagonal(network, task.x_train, task.y_train, task.loss))
        if not np.isfinite(fisher.vector).all():
            raise Diverged(task.id, "IMM's Fisher information", "it is not finite")
        bodies = {"means": [*self.means, body_of(network)], "fishers": [*self.fishers, fisher]}
        merged = self.merge_of(**bodies)
        return {**bodies, "merged": merged, "network": self.refitted(task, network, merged)}

    def keep(self, task: Task, network: Flat, measured: dict) -> None:
        super().keep(task, measured.pop("network"), None)
        vars(self).update(measured)

    def merge_of(self, means: Sequence[Flat], fishers: Sequence[Flat]) -> Flat:
        """The merged body, as the options say."""
        parts = shares(len(means), self.config.alpha), [mean.vector for mean in means]
        if self.config.merge == "mean":
            return means[-1].like(mean_of(*parts))
        return means[-1].like(mode_of(*parts, [fisher.vector for fisher in fishers]))

    def remerged(self, merge: str, alpha: float | None = None) -> IMM:
        """This method as it would be with another merge or share of the last task.  Nothing is trained for it."""
        other = copy(self)
        other.config = replace(self.config, merge=merge, alpha=alpha)
        other.kept, other.merged = dict(self.kept), other.merge_of(self.means, self.fishers)
        return other

    def refitted(self, task: Task, network: Flat, merged: Flat) -> Flat:
        """The network; its head trained on the merged body, if that is asked for and is not its own."""
        if not self.config.refit or not self.heads:
            return network
        start = Flat.of({**network.views, **merged.views}, network.vector.dtype, network.convolutions)
        loss, valid = data_losses(start, task)
        heads = [part for part in eq2(start, loss, self.config).parts if part.name in ("V", "c")]
        head = self.fit(Problem(loss, start, heads), valid, task_rng(self.seed, task.id)).x
        return Flat.of({**network.views, "V": head["V"], "c": head["c"]}, network.vector.dtype, network.convolutions)

    def stored(self) -> dict[str, int]:
        """All tasks' own bodies, and their Fisher information."""
        size = len(self.means) * self.body.vector.size
        return {"means": size, "fishers": size}

    def state(self) -> dict[str, np.ndarray]:
        arrays = super().state()
        if self.heads:
            arrays |= arrays_of(self.merged, "merged/")
        for name, flats in (("means", self.means[:-1]), ("fishers", self.fishers)):        # the last mean is the body
            for k, flat in enumerate(flats):
                arrays |= arrays_of(flat, f"{name}/{k}/")
        return arrays

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], config=None, seen=()) -> IMM:
        imm = super().from_state(state, config, seen)
        if imm.heads:
            imm.merged = flat_from(state, "merged/")
            imm.means = [flat_from(state, f"means/{k}/") for k in range(len(imm.heads) - 1)] + [imm.body]
            imm.fishers = [flat_from(state, f"fishers/{k}/") for k in range(len(imm.heads))]
        return imm


# --- merging -----------------------------------------------------------------------------------------------------


def shares(n: int, alpha: float | None = None) -> list[float]:
    """Shares of n tasks: ``alpha`` for the last and the rest alike for the others; without alpha 1/n for all.

    >>> shares(4), shares(3, 0.5), shares(1, 0.5)
    ([0.25, 0.25, 0.25, 0.25], [0.25, 0.25, 0.5], [1.0])
    """
    if alpha is None or n == 1:
        return [1 / n] * n
    return [(1 - alpha) / (n - 1)] * (n - 1) + [alpha]


def mean_of(parts: Sequence[float], means: Sequence[np.ndarray]) -> np.ndarray:
    """sum of a_k W^k: the mean of a mixture.  Equal means stay as they are, bit for bit."""
    return means[-1] + sum(a * (mean - means[-1]) for a, mean in zip(parts, means, strict=True))


def variance_of(parts: Sequence[float], means: Sequence[np.ndarray], variances: Sequence[np.ndarray]) -> np.ndarray:
    """sum of a_k (v_k + (W^k - mean)^2): the variance of the mixture, weight by weight.  Merging does not need it."""
    mean = mean_of(parts, means)
    return sum(a * (v + (own - mean) ** 2) for a, own, v in zip(parts, means, variances, strict=True))


def mode_of(parts: Sequence[float], means: Sequence[np.ndarray], fishers: Sequence[np.ndarray]) -> np.ndarray:
    """sum of a_k F_k W^k / sum of a_k F_k, F_k + 1e-8 in place of F_k.  Equal means stay as they are, bit for bit."""
    weights = [a * (fisher + LEAST) for a, fisher in zip(parts, fishers, strict=True)]
    total = sum(weights)
    return means[-1] + sum(w / total * (mean - means[-1]) for w, mean in zip(weights, means, strict=True))
