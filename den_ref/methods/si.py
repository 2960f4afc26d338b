"""DNN-SI, synaptic intelligence: weights whose moves lowered the loss of earlier tasks are pulled harder.

    minimise  L_t(W; D_t)  +  Eq. 2's penalties  +  c sum over the body's weights i of Omega_i (W_i - W^{t-1}_i)^2

without a factor 1/2 (Zenke, Poole and Ganguli 2017, Eq. 4).  The importance Omega is summed up while a task is learnt:

every step      omega_i = omega_i - g_i (W_i after - W_i before)                                              (Eq. 3)
after the task  Omega_i = max(0, Omega_i + omega_i / (Delta_i^2 + xi)), Delta = W^t - W^{t-1}; omega = 0      (Eq. 5)

g is the gradient of the *data loss alone*, the move that of whatever optimiser runs, pull and penalties included.  The
sum is clamped at 0, not its terms, as in the authors' code: omega may be negative, by noise or by momentum.  Of a task
that keeps the weights of an earlier epoch, the path ends there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from den_ref.core.adam import Moments
from den_ref.core.flat import Flat
from den_ref.core.penalties import SquaredL2
from den_ref.core.problem import Problem
from den_ref.core.result import Result
from den_ref.describe import Look, Space, choice, log_uniform
from den_ref.protocol import Diverged, Task
from den_ref.settings import at_least, one_of, option

from .finetune import ONWARD, ONWARD_START, FineTuning, FineTuningConfig, body_of
from .shared.classes import corner, grown_to
from .shared.network import UNNAMED, arrays_of, flat_from, trained


@dataclass(frozen=True)
class SIConfig(FineTuningConfig):
    """Options of DNN-SI: fine-tuning's with its defaults, and the pull's, which are a start and not tuned yet."""

    c: float = option(1.0, "strength of the pull, times the importance", at_least(0))
    xi: float = option(0.1, "damping: added to the squared move that a path integral is divided by", at_least(0))
    reset: bool = option(True, "whether the optimiser's moments start at 0 with every task", one_of(True, False))


class SI(FineTuning):
    """DNN-SI: fine-tuning with the body anchored in proportion to what its moves did for earlier tasks.

    The body alone is pulled; an earlier head does not change (class-incremental, it is in the body).  A weight that
    never moved has Omega = 0, at xi = 0 too.  A small xi gives weights that hardly moved a large Omega, made of
    rounding.  With ``reset`` off, Adam's moments and its count go on with the next task, as in the authors' code for
    permuted MNIST; those of a new head start at 0.  A task with one class only, with collinear features, or with none,
    is trained as any other; a task comes once.
    """

    name = "si"
    Config = SIConfig
    title = "SI"
    look = Look("#009E73", "--", "s")
    space = Space({**ONWARD_START, "c": 1.0, "xi": 0.1},
                  {**ONWARD, "c": log_uniform(1e-2, 1e2), "xi": choice(1e-3, 1e-2, 0.1)}, unnamed=UNNAMED)
    explained = trained("L(W; D_t)", "Free: the body and the task's head. Ω: what the moves of each weight did for "
                        "earlier tasks, damped by ξ.", "si", " + c Σ_i Ω_i (W_i − W_i^{t−1})^2", ["c", "xi"],
                        why="Is it enough to hold the weights whose moves served earlier tasks?")

    def __init__(self, config: SIConfig | None = None, seed: int = 0):
        super().__init__(config, seed)
        self.importance: Flat | None = None
        self.moments: Moments | None = None                        # the body's, if they go on
        self.way = self.ending = None                              # of the solve at hand: (omega, Delta), moments

    def pulls(self) -> dict[str, SquaredL2]:
        return {name: SquaredL2(2 * self.config.c * omega, self.body[name])                   # no 1/2 in Eq. 4
                for name, omega in self.importance.views.items()}

    def fit(self, problem: Problem, validation, rng, **watch) -> Result:
        """Training that sums Eq. 3 up on its way, as far as the weights that it keeps."""
        path, after_epochs = problem.start.like(), deque(maxlen=self.config.patience + 1)

        def step(gradient, before, after):
            path.vector[...] += along_the_path(gradient.vector, before.vector, after.vector)

        self.ending = self.moments_at(problem.start)
        result = super().fit(problem, validation, rng, each_iteration=step, moments=self.ending,
                             watch=lambda w: after_epochs.append(path.vector.copy()), **watch)
        self.way = after_epochs[result.best_epoch - result.nit - 1], result.x.vector - problem.start.vector
        return result

    def measured(self, task: Task, network: Flat) -> Flat:
        """What the task adds to Omega, for all of the network."""
        gained = network.like(damped(*self.way, self.config.xi))
        if not np.isfinite(gained.vector).all():
            raise Diverged(task.id, "SI's path integral", "it is not finite")
        return gained

    def keep(self, task: Task, network: Flat, measured: Flat) -> None:
        super().keep(task, network, measured)
        self.importance = self.consolidated(body_of(measured, self.one_head))
        if not self.config.reset:
            m, v = (body_of(flat, self.one_head) for flat in (self.ending.m, self.ending.v))
            self.moments = Moments(m, v, self.ending.k)

    def consolidated(self, gained: Flat) -> Flat:
        """Omega after a task (Eq. 5)."""
        earlier = 0 if self.importance is None else grown_to(self.importance, gained).vector
        return gained.like(np.maximum(earlier + gained.vector, 0))

    def moments_at(self, start: Flat) -> Moments:
        """All 0; if they go on, 0 for the head, and for the body those of the tasks before."""
        moments = Moments.of(start)
        if self.moments is not None and not self.config.reset:
            moments.k = self.moments.k
            for name, shape in self.body.shapes.items():           # those of new outputs of one head stay 0
                corner(moments.m[name], shape)[...] = self.moments.m[name]
                corner(moments.v[name], shape)[...] = self.moments.v[name]
        return moments

    def stored(self) -> dict[str, int]:
        """Omega, and the moments if they go on; the anchor is the network itself."""
        size = self.importance.vector.size
        return {"importance": size} | ({} if self.moments is None else {"moments": 2 * size})

    def state(self) -> dict[str, np.ndarray]:
        arrays = super().state()
        if self.heads:
            arrays |= arrays_of(self.importance, "importance/")
        if self.moments is not None:
            arrays |= arrays_of(self.moments.m, "moments/m/") | arrays_of(self.moments.v, "moments/v/")
            arrays["moments/k"] = np.array(self.moments.k)
        return arrays

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], config=None, seen=()) -> SI:
        si = super().from_state(state, config, seen)
        if si.heads:
            si.importance = flat_from(state, "importance/")
        if "moments/k" in state:
            m, v = (flat_from(state, f"moments/{name}/") for name in "mv")
            si.moments = Moments(m, v, int(state["moments/k"]))
        return si


def along_the_path(gradient: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """-g (after - before): what one step adds to the path integral (Eq. 3), to first order what the loss fell by."""
    return -gradient * (after - before)


def damped(path: np.ndarray, move: np.ndarray, xi: float) -> np.ndarray:
    """omega / (Delta^2 + xi), with 0 for x / 0: at xi = 0 a weight that is where it was adds nothing."""
    squared = move ** 2 + xi
    return np.divide(path, squared, out=np.zeros_like(path), where=squared > 0)
