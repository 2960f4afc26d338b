"""GO-MTL, grouping and overlap in multi-task learning: bases and codes of all tasks at once, ELLA's batch counterpart.

    minimise over L (d, k), S (k, T)   sum over tasks of loss_t(L s_t)  +  mu sum(abs(S))  +  lam norm(L)^2

    loss_t(w) = (1/n_t) sum over samples of (y - w . x)^2          (Kumar and Daume 2012)

Convex in S for a given L, and in L for a given S: the two take turns, and neither ever raises the objective.  Tasks
whose codes have a basis in common share it; how much their supports overlap is how much they share.

The squared loss of a task is known from (1/n) X^T X, (1/n) X^T y and (1/n) y^T y.  These are kept, and no data, so that
every stage can fit all tasks seen anew.  With ``loss="logistic"`` a task's loss is replaced by its second order around
the task's own optimum, as in ELLA, and kept the same way: the batch problem that ELLA's passes approximate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from den_ref.core.result import MESSAGES, Result, warn_not_converged
from den_ref.describe import Box, Formula, Look, Space, choice, log_uniform
from den_ref.protocol import Step, Task, check_task
from den_ref.settings import at_least, integer, one_of, option

from .shared.bases import BasesConfig, BasesMethod, Coded, Quadratic, pictured, solve_bases, sparse_code, targets
from .shared.features import Features
from .shared.single import expansion, single_task


@dataclass(frozen=True)
class GOMTLConfig(BasesConfig):
    """Options of GO-MTL: those of shared bases, and when the two steps end."""

    loss: str = option("squared", "exact from what is kept, or logistic to second order", one_of("squared", "logistic"))
    tol: float = option(1e-4, "stop when a round lowers the objective by less, relative to it", at_least(0))
    rounds: int = option(200, "rounds of both steps at most", integer(1))


class Factors(NamedTuple):
    """Bases L (d, k) and codes S (k, T)."""

    L: np.ndarray
    S: np.ndarray


class GOMTL(BasesMethod):
    """GO-MTL on a stream: at every stage all tasks seen, from the start, from what is kept of their data.

    What a task gets does therefore not depend on the order of the others.  What an unusual task gets: one with
    collinear, or no, features has one optimum still, for lam > 0; one with a single class in an output is refused
    (ValueError); bases beyond the number of tasks are 0 and stay 0; a task comes once.
    """

    name = "gomtl"
    Config = GOMTLConfig
    title = "GO-MTL"
    look = Look("#8C564B", "--", "h")
    space = Space({"k": 10, "mu": 1e-4, "lam": 1e-4},
                  {"k": choice(5, 10, 20), "mu": log_uniform(1e-5, 0.1), "lam": log_uniform(1e-5, 0.1),
                   "ridge": log_uniform(1e-4, 1e-1), "loss": choice("squared", "logistic")},
                  unnamed={"features": "pca", "components": 50})
    explained = {"factors": Box(Formula(
        "minimise  Σ_t L_t(L s_t) + μ Σ |s| + λ Σ L^2", "Free: the bases L and the codes s of all tasks, by turns.",
        ("mu", "lam"), "den_ref/methods/gomtl.py: factorise"), counted=False,
        why="Which bases would suit all tasks, if they could be seen at once?")}

    def __init__(self, config: GOMTLConfig | None = None, seed: int = 0):
        super().__init__(config, seed)
        self.seen: list[Quadratic] = []                            # of every output, in the order of learning

    def boxes(self, task: Task) -> Iterator[Step]:
        c, features = self.config, self.features_for(task)
        own = self.statistics_of(task, features)
        seen = [*self.seen, *own]
        result = factorise(seen, c.k, c.mu, c.lam, c.ridge, c.tol, c.rounds)
        L, S = result.x
        yield self.step(task, "factors", "bases and codes of all tasks",
                        f"{len(seen)} outputs, {result.nit} rounds, {result.message}",
                        after=pictured(L, S.T), solve=result)
        widths = [*(coded.S.shape[1] for coded in self.kept.values()), len(own)]
        losses = {name: coded.loss for name, coded in self.kept.items()} | {task.id: task.loss}
        codes = np.split(S, np.cumsum(widths)[:-1], axis=1)
        self.features, self.L, self.seen = features, L, seen
        self.kept = {name: Coded(own, loss) for (name, loss), own in zip(losses.items(), codes, strict=True)}

    def statistics_of(self, task: Task, features: Features) -> list[Quadratic]:
        """What is kept of a task's data, one for every output."""
        phi, y = features(task.x_train), targets(task, self.config.loss)                   # (n, d), (n, n_outputs)
        return [statistics(phi, column, self.config.loss, self.config.ridge) for column in y.T]

    def learn_all(self, tasks: Sequence[Task]) -> None:
        """Every stage fits all tasks anew: of all but the last, what is kept is enough.  All are learnt, or none."""
        before = {**vars(self), "kept": {**self.kept}}
        try:
            for task in tasks[:-1]:
                check_task(task, self.tasks, self.n_inputs)
                self.features = self.features_for(task)
                own = self.statistics_of(task, self.features)
                self.seen = [*self.seen, *own]
                self.kept[task.id] = Coded(np.zeros((self.config.k, len(own))), task.loss)     # until the last fit
            super().learn_all(tasks[-1:])
        except BaseException:
            vars(self).update(before)
            raise

    def stored(self) -> dict[str, int]:
        return {"X^T X, X^T y, y^T y": sum(q.D.size + q.c.size + 1 for q in self.seen)}

    def state(self) -> dict[str, np.ndarray]:
        seen = {f"seen/{name}": np.stack([getattr(q, name) for q in self.seen]) for name in Quadratic._fields}
        return super().state() | (seen if self.seen else {})

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], config=None, seen: Sequence[Task] = ()) -> GOMTL:
        gomtl = super().from_state(state, config, seen)
        if gomtl.kept:
            gomtl.seen = [Quadratic(*parts) for parts in zip(*(state[f"seen/{name}"] for name in "Dce"))]
        return gomtl


def statistics(phi, y, loss: str, ridge: float) -> Quadratic:
    """What is kept of a task:  D = (1/n) X^T X,  c = (1/n) X^T y,  e = (1/n) y^T y;  logistic: ELLA's expansion."""
    if loss == "logistic":
        return expansion(phi, y, loss, single_task(phi, y, loss, ridge).x)
    return Quadratic(phi.T @ phi / len(y), phi.T @ y / len(y), float(y @ y) / len(y))


def factorise(tasks: Sequence[Quadratic], k: int, mu: float, lam: float, ridge: float = 0.0, tol: float = 1e-4,
              rounds: int = 200) -> Result:
    """Bases and codes by turns: a lasso per task for given L, a linear system for given S.

    Before each round every basis gets the size that costs least (:func:`well_sized`).
    They begin at the k strongest left singular vectors L of the tasks' own weights w_t = (D_t + ridge I)^{-1} c_t,
    and S = L^T W, and end when a round lowers the objective by less than ``tol`` of it.

    Returns
    -------
    Result
        x : Factors; fun: the objective; residual: how far the codes are from optimal for the last L, which is optimal
        for them; history: "objective" at the start and after every half step, "residual" after every round.
    """
    D, C = np.stack([task.D for task in tasks]), np.stack([task.c for task in tasks])      # (T, d, d), (T, d)
    own = np.diag(np.append(np.full(C.shape[1] - 1, ridge), 0))                            # the bias is free
    W = np.stack([np.linalg.lstsq(task.D + own, task.c, rcond=None)[0] for task in tasks], axis=1)
    L = np.zeros((len(W), k))
    U = np.linalg.svd(W, full_matrices=False)[0][:, :k]
    L[:, :U.shape[1]] = U
    S = L.T @ W                                                                            # (k, T)
    history = {"objective": [objective(tasks, L, S, mu, lam)], "residual": []}
    for _ in range(rounds):
        L, S = well_sized(L, S, mu, lam)
        solved = [sparse_code(L, task, mu, s) for task, s in zip(tasks, S.T)]
        history["residual"].append(max(one.history["residual"][0] for one in solved))
        S = np.stack([one.x for one in solved], axis=1)
        history["objective"].append(objective(tasks, L, S, mu, lam))
        L = bases(D, C, S, lam)
        history["objective"].append(objective(tasks, L, S, mu, lam))
        before, _, after = history["objective"][-3:]
        if before - after <= tol * abs(before):
            break
    nit, residual = len(history["residual"]), max(sparse_code(L, *given).history["residual"][0] for given in
                                                  ((task, mu, s) for task, s in zip(tasks, S.T)))
    status = int(before - after > tol * abs(before))
    if status:
        warn_not_converged("factorise", (before - after) / abs(before), tol, nit, "relative decrease")
    return Result(x=Factors(L, S), fun=after, nit=nit, success=not status, status=status, message=MESSAGES[status],
                  residual=residual, history=history)


def bases(D, C, S, lam: float) -> np.ndarray:
    """L for given codes:  vec(L) = (sum of (s s^T) (x) D + lam I)^{-1} sum of s (x) c,  all tasks in two products."""
    (k, T), d = S.shape, C.shape[1]
    pairs = (S[:, None] * S[None]).reshape(k * k, T)
    A = (pairs @ D.reshape(T, d * d)).reshape(k, k, d, d).swapaxes(1, 2).reshape(k * d, k * d)
    return solve_bases(A, (S @ C).ravel(), lam, k)


def well_sized(L, S, mu: float, lam: float) -> Factors:
    """L_j a and s_j / a with the a that costs least: 2 lam a^3 norm(L_j)^2 = mu sum(abs(s_j)).

    It is the same model.  Without it the two steps let sizes drift for hundreds of rounds.
    """
    cost, reward = mu * abs(S).sum(axis=1), 2 * lam * (L**2).sum(axis=0)
    a = np.cbrt(np.divide(cost, reward, out=np.ones_like(cost), where=(cost > 0) & (reward > 0)))
    return Factors(L * a, S / a[:, None])


def objective(tasks: Sequence[Quadratic], L, S, mu: float, lam: float) -> float:
    """sum of w^T D w - 2 c^T w + e, w = L s,  +  mu sum(abs(S))  +  lam norm(L)^2."""
    losses = [w @ task.D @ w - 2 * task.c @ w + task.e for task, w in zip(tasks, (L @ S).T, strict=True)]
    return float(sum(losses) + mu * abs(S).sum() + lam * (L**2).sum())
