"""DNN-EWC, elastic weight consolidation: weights that mattered to earlier tasks are pulled harder.

    minimise  L_t(W; D_t)  +  Eq. 2's penalties  +  (lam / 2) sum over the body's weights i of F_i (W_i - A_i)^2

F is the diagonal of the Fisher information (``core.fisher``), A the anchor.  With F_t and W^t taken after task t:

anchors="latest", decay=1
    F = F_1 + ... + F_{t-1}, A = W^{t-1}: the recursive Laplace approximation (Huszar 2018).  The default.
anchors="latest", decay < 1
    Online EWC (Schwarz et al. 2018): F becomes decay F + F_t after every task, and the penalty has lam decay F.
anchors="separate"
    The original (Kirkpatrick et al. 2017, Eq. 3): (lam / 2) sum over k < t of sum over i of F_k,i (W_i - W^k_i)^2.
    A sum of squares is a square: with F = sum of F_k and A = (sum of F_k W^k) / F it is the line above plus a constant,
    so that F and A are all that need be kept.  It counts early tasks twice, since W^k already leans to W^{k-1}.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from den_ref.core.fisher import fisher_diagonal
from den_ref.core.flat import Flat
from den_ref.core.penalties import SquaredL2
from den_ref.describe import Look, Space, log_uniform
from den_ref.protocol import Diverged, Task
from den_ref.settings import PerLayer, at_least, integer, one_of, option

from .finetune import ONWARD, ONWARD_START, FineTuning, body_of
from .shared.classes import grown_to
from .shared.network import STRENGTH, UNNAMED, NetworkConfig, arrays_of, flat_from, trained


@dataclass(frozen=True)
class EWCConfig(NetworkConfig):
    """Options of DNN-EWC: those of a plain network with defaults of its own (docs/tuning.md), and the pull's."""

    mu: PerLayer = option(1e-5, "strength of L1, with filters of the (2,1)-norm, per layer", STRENGTH)
    weight_decay: PerLayer = option((0.058, 0.00023), "strength of (1/2) norm^2 of the weights, per layer", STRENGTH)
    epochs: int = option(10, "epochs at most", integer(0))
    lam: float = option(310.0, "strength of the pull, times the Fisher information", at_least(0))
    fisher: str = option("exact", "labels drawn from the model, or those of the data", one_of("exact", "empirical"))
    anchors: str = option("latest", "one anchor that moves on, or one per task", one_of("latest", "separate"))
    decay: float = option(1.0, "of the Fisher information per task; below 1: online EWC", at_least(0, above=True))

    def __post_init__(self):
        super().__post_init__()
        if self.decay > 1 or (self.anchors == "separate" and self.decay != 1):
            raise ValueError(f"decay: expected at most 1, and 1 for separate anchors, got {self.decay!r}")


class EWC(FineTuning):
    """DNN-EWC: fine-tuning with the body anchored in proportion to its Fisher information.

    The Fisher information is the mean over the training samples, taken at the weights that were kept, and of the body
    alone: an earlier head does not change (class-incremental, the head is in the body).  A unit that is dead on a task
    has F = 0: it is free for the next.
    """

    name = "ewc"
    fixed = (*FineTuning.fixed, "anchors")
    Config = EWCConfig
    title = "EWC"
    look = Look("#009E73", "-.", "v")
    space = Space({**ONWARD_START, "lam": 1e4}, {**ONWARD, "lam": log_uniform(1e2, 1e7)}, unnamed=UNNAMED)
    explained = trained("L(W; D_t)", "Free: the body and the task's head. F: Fisher information, times decay; "
                        "A: the anchor.", "ewc", " + (λ / 2) Σ_i F_i (W_i − A_i)^2", ["lam", "decay"],
                        why="Is it enough to hold the weights that older tasks depend on most?")

    def __init__(self, config: EWCConfig | None = None, seed: int = 0):
        super().__init__(config, seed)
        self.importance: Flat | None = None
        self.anchor: Flat | None = None

    def pulls(self) -> dict[str, SquaredL2]:
        strength = self.config.lam * self.config.decay
        return {name: SquaredL2(strength * f, self.anchor[name]) for name, f in self.importance.views.items()}

    def measured(self, task: Task, network: Flat) -> Flat:
        """The Fisher information of all of the network."""
        fisher = fisher_diagonal(network, task.x_train, task.y_train, task.loss, self.config.fisher)
        if not np.isfinite(fisher.vector).all():
            raise Diverged(task.id, "EWC's Fisher information", "it is not finite")
        if not fisher.vector.any():
            warnings.warn(f"EWC: the Fisher information of task {task.id!r} is 0 everywhere, so nothing protects it",
                          RuntimeWarning, stacklevel=2)
        return fisher

    def keep(self, task: Task, network: Flat, measured: Flat) -> None:
        super().keep(task, network, measured)
        self.importance, self.anchor = self.consolidated(body_of(measured, self.one_head), self.body)

    def consolidated(self, own: Flat, body: Flat) -> tuple[Flat, Flat]:
        """(F, A) after a task that ended at ``body`` with Fisher information ``own``."""
        if self.importance is None:
            return own, body
        earlier, anchor = (grown_to(flat, own) for flat in (self.importance, self.anchor))
        total = own.like(self.config.decay * earlier.vector + own.vector)
        if self.config.anchors == "latest":
            return total, body
        # A + (F_t / F) (W^t - A), the mean of all anchors weighted by F; where F = 0 nothing is pulled.
        share = np.divide(own.vector, total.vector, out=np.zeros_like(own.vector), where=total.vector > 0)
        return total, own.like(anchor.vector + share * (body.vector - anchor.vector))

    def stored(self) -> dict[str, int]:
        """F, and the anchor unless it is the network itself."""
        own = {"fisher": self.importance.vector.size}
        return own if self.anchor is self.body else own | {"anchor": self.anchor.vector.size}

    def state(self) -> dict[str, np.ndarray]:
        arrays = super().state()
        for name, flat in (("fisher", self.importance), ("anchor", self.anchor)):
            if flat is not None and flat is not self.body:
                arrays |= arrays_of(flat, f"{name}/")
        return arrays

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], config=None, seen=()) -> EWC:
        ewc = super().from_state(state, config, seen)
        if ewc.heads:
            ewc.importance = flat_from(state, "fisher/")
            ewc.anchor = flat_from(state, "anchor/") if "anchor/W1" in state else ewc.body
        return ewc
