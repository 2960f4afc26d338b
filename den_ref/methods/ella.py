"""ELLA, an efficient lifelong learning algorithm: linear models of all tasks made of shared bases, L moving on.

    minimise over L   lam norm(L)^2  +  (1/T) sum over tasks of min over s_t of [ mu sum(abs(s_t)) + loss_t(L s_t) ]

    loss_t(w) = (theta_t - w)^T D_t (theta_t - w)                  (Ruvolo and Eaton 2013, Eq. 5 and 6)

theta_t are the task's own weights, D_t is half the Hessian of its mean loss there: the loss is replaced by its second
order around its own optimum, which is exact for the squared loss.  No task is ever solved again: its code s_t stays as
it was when the task came, while L, which all tasks use, goes on moving.  That is how a later task changes, and often
raises, the scores of an earlier one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from den_ref.core.result import MESSAGES, Result
from den_ref.describe import Box, Formula, Look, Space, choice, log_uniform
from den_ref.protocol import Step, Task, check_task, timed
from den_ref.settings import one_of, option

from .shared.bases import (BasesConfig, BasesMethod, Coded, Quadratic, contribution, pictured, solve_bases, sparse_code,
                           targets)
from .shared.network import task_rng
from .shared.single import expansion, single_task


@dataclass(frozen=True)
class ELLAConfig(BasesConfig):
    """Options of ELLA: those of shared bases, how an unused basis begins, and whether tasks may come again."""

    unused: str = option("task", "a basis of zeros becomes a task's own weights (one basis a task), or random ones",
                         one_of("task", "random"))
    revisits: bool = option(False, "keep D and theta of every task, so that it may come again", one_of(False, True))


class Sums(NamedTuple):
    """A = sum of (s s^T) (x) D, b = sum of s (x) D theta, and the number T of outputs they are sums over."""

    A: np.ndarray                                                  # (d k, d k)
    b: np.ndarray                                                  # (d k,)
    T: int

    def plus(self, s, task: Quadratic) -> Sums:
        A, b = contribution(s, task)
        return Sums(self.A + A, self.b + b, self.T + 1)

    def minus(self, s, task: Quadratic) -> Sums:
        A, b = contribution(s, task)
        return Sums(self.A - A, self.b - b, self.T - 1)

    def bases(self, lam: float, k: int) -> np.ndarray:
        """vec(L) = (A / T + lam I)^{-1} b / T, columns of L (d, k) under each other."""
        return solve_bases(self.A / self.T, self.b / self.T, lam, k)


class ELLA(BasesMethod):
    """ELLA: a lasso for the new task's code, a linear system for the bases, from two sums that tasks are added to.

    Neither data nor validation data are needed again.  What an unusual task gets: one with collinear, or no, features
    has one optimum still, the ridge sees to that; one with a single class in an output is refused (ValueError); bases
    beyond the number of tasks stay 0 until a task wants one; a task that comes again is :meth:`revisit`'s.
    """

    name = "ella"
    Config = ELLAConfig
    title = "ELLA"
    look = Look("#8C564B", "-", "*")
    space = Space({"k": 10, "mu": 1e-4, "lam": 1e-4},
                  {"k": choice(5, 10, 20), "mu": log_uniform(1e-6, 1e-2), "lam": log_uniform(1e-7, 1e-2),
                   "ridge": log_uniform(1e-4, 1e-1), "loss": choice("logistic", "logistic", "squared")},
                  unnamed={"features": "pca", "components": 50})
    explained = {
        "single": Box(Formula("minimise  L_t(θ) + (r / 2) Σ θ^2", "Free: the task's own weights θ; the bias is not "
                              "held. r: ridge. D is half the Hessian there.", ("ridge",),
                              "den_ref/methods/shared/single.py: single_task"), counted=False,
                      why="What would the task learn by itself?"),
        "code": Box(Formula("minimise  μ Σ |s| + (θ − L s)^T D (θ − L s)", "Free: the task's code s.", ("mu",),
                            "den_ref/methods/shared/bases.py: sparse_code"), counted=False,
                    why="Which of the bases that exist does the task need?"),
        "bases": Box(Formula("minimise  λ Σ L^2 + (1 / T) Σ_t (θ_t − L s_t)^T D_t (θ_t − L s_t)", "Free: the bases L; "
                             "all codes stay.", ("lam",), "den_ref/methods/ella.py: Sums"), counted=False,
                     why="How must the bases move to serve all tasks seen, with no data of the older ones?"),
    }

    def __init__(self, config: ELLAConfig | None = None, seed: int = 0):
        super().__init__(config, seed)
        self.sums: Sums | None = None
        self.own: dict[Hashable, list[Quadratic]] = {}             # by task, one per output; only with revisits

    def boxes(self, task: Task) -> Iterator[Step]:
        yield from self._boxes(task, [])

    def revisit(self, task: Task) -> list[Step]:
        """Learn a learnt task again, from the data that come now: all there are of it, its old ones among them.

        Its old part is taken from A and b, its own weights and code are found anew, its new part is added; T stays.
        With the same data A, b and L stay as they are, but for the code, which is that for today's L.  With other
        labels it is another task by the same id: nothing is left of the old one but what it had moved in L.

        Raises
        ------
        ValueError
            Without the option ``revisits``; for a task that was not learnt, or another kind of head.
        """
        if not self.config.revisits:
            raise ValueError("revisits: expected True in the options for a task to come again, got False")
        check_task(task, [], self.n_inputs)
        old = self.kept_of(task.id)
        if (task.loss, task.n_outputs) != (old.loss, old.S.shape[1]):
            raise ValueError(f"task: expected the {old.loss} head of width {old.S.shape[1]} that {task.id!r} was "
                             f"learnt with, got {task!r}")
        return list(timed(self._boxes(task.without_test(), list(zip(old.S.T, self.own[task.id]))), self.explained))

    def _boxes(self, task: Task, old: Sequence[tuple[np.ndarray, Quadratic]]) -> Iterator[Step]:
        """Three boxes for every output; ``old``: code and quadratic of each, if the task was learnt before."""
        c, features = self.config, self.features_for(task)
        phi, y = features(task.x_train), targets(task, c.loss)     # (n, d), (n, n_outputs)
        L = self.L if self.kept else np.zeros((features.width, c.k))
        sums = self.sums or Sums(np.zeros((L.size, L.size)), np.zeros(L.size), 0)
        for s, quadratic in old:
            sums = sums.minus(s, quadratic)
        codes, own, rng = [], [], task_rng(self.seed, task.id)
        for column in y.T:
            single = single_task(phi, column, c.loss, c.ridge)
            own.append(expansion(phi, column, c.loss, single.x))
            yield self.step(task, "single", "the task's own weights", single.message, solve=single)
            L = with_a_new_basis(L, single.x, c.unused, rng)
            coded = sparse_code(L, own[-1], c.mu)
            codes.append(coded.x)
            yield self.step(task, "code", "the task's code", f"{np.count_nonzero(coded.x)} of {c.k} bases are used",
                            after=pictured(L, codes), solve=coded)
            sums = sums.plus(coded.x, own[-1])
            before, L = L, sums.bases(c.lam, c.k)
            yield self.step(task, "bases", "bases for all codes", f"they moved by {np.linalg.norm(L - before):.3g}",
                            after=pictured(L, codes), solve=_slopes(sums, c.lam, before, L))
        self.features, self.sums, self.L = features, sums, L
        self.kept[task.id] = Coded(np.column_stack(codes), task.loss)
        if c.revisits:
            self.own[task.id] = own

    def stored(self) -> dict[str, int]:
        own = sum(q.D.size + q.c.size + 1 for columns in self.own.values() for q in columns)
        return {"A and b": self.sums.A.size + self.sums.b.size} | ({"D and theta": own} if own else {})

    def state(self) -> dict[str, np.ndarray]:
        sums = {"A": self.sums.A, "b": self.sums.b, "T": np.array(self.sums.T)} if self.kept else {}
        own = {f"own/{i}/{name}": np.stack([getattr(q, name) for q in columns])
               for i, columns in enumerate(self.own.values()) for name in Quadratic._fields}
        return super().state() | sums | own

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], config=None, seen: Sequence[Task] = ()) -> ELLA:
        ella = super().from_state(state, config, seen)
        if ella.kept:
            ella.sums = Sums(state["A"], state["b"], int(state["T"]))
        if "own/0/D" in state:
            ella.own = {task: [Quadratic(*parts) for parts in zip(*(state[f"own/{i}/{name}"] for name in "Dce"))]
                        for i, task in enumerate(ella.kept)}
        return ella


def with_a_new_basis(L, theta, kind: str, rng) -> np.ndarray:
    """L with its first basis of zeros replaced by theta ("task"), or all of them by random ones of theta's size.

    From L = 0 every code would be 0, and L for ever.
    """
    unused = np.flatnonzero(~L.any(axis=0))[: 1 if kind == "task" else None]
    L = L.copy()
    size = np.linalg.norm(theta) / np.sqrt(len(theta))
    L[:, unused] = theta[:, None] if kind == "task" else size * rng.standard_normal((len(theta), len(unused)))
    return L


def _slopes(sums: Sums, lam: float, before, after) -> Result:
    """The solve of the bases: the largest entry of the objective's gradient by L, before it and after."""
    residual = [float(abs(2 * (sums.A @ v - sums.b) / sums.T + 2 * lam * v).max())
                for v in (L.ravel(order="F") for L in (before, after))]
    return Result(nit=1, success=True, status=0, message=MESSAGES[0], residual=residual[-1],
                  history={"residual": residual})
