"""Linear models made of shared bases: what ELLA and GO-MTL have in common.

    w_t = L s_t,    L (d, k): the bases of all tasks,    s_t (k,): the code of task t, mostly zeros

A task's loss is, or is replaced by, a quadratic of its weights, so that three numbers, vectors and matrices say all of
its data, and two problems are left, each convex: a code for given bases (a lasso), and bases for given codes (a linear
system).  An output of a task, a class of a softmax head, is a problem of its own with its own code: one against all.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from den_ref.core.flat import Flat
from den_ref.core.lasso import solve_lasso
from den_ref.core.penalties import l1_subdiff_distance
from den_ref.core.result import MESSAGES, Result, warn_not_converged
from den_ref.protocol import Capacity, Task
from den_ref.settings import Settings, at_least, integer, one_of, option
from den_ref.state import pack_id, pack_meta, unpack_id, unpack_meta

from .features import Features, first_features
from .network import KeepingMethod

#: Rows of the largest linear system that is solved for bases: d k.  It is dense, and takes (d k)^2 floats.
LARGEST = 6000
POSITIVE = at_least(0, above=True)


@dataclass(frozen=True)
class BasesConfig(Settings):
    """Options of a method of shared bases."""

    k: int = option(10, "bases", integer(1))
    mu: float = option(1e-4, "strength of L1 of the codes", at_least(0))
    lam: float = option(1e-4, "strength of norm^2 of the bases", POSITIVE)
    ridge: float = option(1e-2, "strength of (1/2) norm^2 of a task's own weights", POSITIVE)
    loss: str = option("logistic", "of a task's own weights", one_of("logistic", "squared"))
    features: str = option("pca", "what bases are made of", one_of("pca", "inputs", "network"))
    components: int = option(50, "principal components, if inputs are more", integer(1))
    hidden: tuple[int, ...] = option((312, 128), "units per hidden layer of a first network", integer(1, many=True))


# --- the two convex problems -------------------------------------------------------------------------------------


class Quadratic(NamedTuple):
    """loss(w) = w^T D w - 2 c^T w + e:  D (d, d) symmetric and semidefinite, c (d,) in its range, e a number."""

    D: np.ndarray
    c: np.ndarray
    e: float


def sparse_code(L, task: Quadratic, mu: float, start=None) -> Result:
    """The code s of a task: argmin over s of  mu sum(abs(s)) + loss(L s).

    A lasso, solved by coordinate descent and Newton steps from G = L^T D L and L^T c, without a root of D.  A basis of
    zeros, or one that the task's D does not see, gets the code 0.

    Returns
    -------
    Result
        x : (k,); residual: the distance of -gradient to the subdifferential, in its largest entry; gap: the duality
        gap, with the residuals of the regression scaled until they are feasible (mu = 0: it says little); history:
        the residual at the start and at x.
    """
    G, c = L.T @ task.D @ L, L.T @ task.c                          # (k, k), (k,)
    start = np.zeros(len(c)) if start is None else start
    s, seen = np.zeros(len(c)), G.diagonal() > 0
    Q = 2 * G[np.ix_(seen, seen)]
    Q.flat[::len(Q) + 1] *= 1 + 1e-12                              # bases may depend on each other: keeps Q definite
    s[seen] = solve_lasso.inner(Q, -2 * c[seen], np.full(len(Q), mu), start[seen], tol=1e-13 * (1 + abs(c).max()))
    before, residual = (_distance(G, c, mu, at) for at in (start, s))
    tol = 1e-8 * (1 + abs(c).max())
    if residual > tol:
        warn_not_converged("sparse_code", residual, tol, 1)
    left, fit = 2 * (c - G @ s), task.e - 2 * c @ s + s @ G @ s    # 2 L^T D (theta - L s), its loss
    share = min(1.0, mu / reach) if (reach := abs(left).max()) > 0 else 1.0
    fun = mu * abs(s).sum() + fit
    gap = fun - (2 * share * (task.e - c @ s) - share**2 * fit)
    status = int(residual > tol)
    return Result(x=s, fun=fun, nit=1, success=not status, status=status, message=MESSAGES[status], residual=residual,
                  gap=gap, history={"residual": [before, residual]})


def _distance(G, c, mu, s) -> float:
    return float(l1_subdiff_distance.inner(s, 2 * (G @ s - c), mu).max())


def contribution(s, task: Quadratic) -> tuple[np.ndarray, np.ndarray]:
    """What a task with code s adds to the system for L: ((s s^T) (x) D, s (x) c), for L's columns under each other.

    Because loss(L s) = vec(L)^T ((s s^T) (x) D) vec(L) - 2 (s (x) c)^T vec(L) + e.
    """
    return np.kron(np.outer(s, s), task.D), np.kron(s, task.c)


def solve_bases(A, b, lam: float, k: int) -> np.ndarray:
    """argmin over L (d, k) of  vec(L)^T A vec(L) - 2 b^T vec(L) + lam norm(L)^2:  vec(L) = (A + lam I)^{-1} b."""
    system = A.copy()
    system.flat[::len(b) + 1] += lam
    return cho_solve(cho_factor(system, overwrite_a=True), b).reshape(-1, k, order="F")    # vec: column by column


# --- the method --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Coded:
    """A learnt task: the codes of its outputs, (k, n_outputs), and its loss."""

    S: np.ndarray
    loss: str


class BasesMethod(KeepingMethod):
    """A learner of linear models w = L s on fixed features; ``kept`` has the codes by task, in the order of learning.
    """

    Config = BasesConfig
    fixed = ("k", "loss", "features", "components", "hidden")

    def __init__(self, config=None, seed: int = 0):
        super().__init__(config, seed)
        self.features: Features | None = None
        self.L: np.ndarray | None = None                           # (d, k)

    @property
    def n_inputs(self) -> int | None:
        return self.features.n_inputs if self.kept else None

    def features_for(self, task: Task) -> Features:
        """Those that all tasks have, made of the first one; a ValueError if the system for bases became too large."""
        c = self.config
        found = self.features or first_features(task, c.features, c.components, c.hidden, self.seed)
        if found.width * c.k > LARGEST:
            raise ValueError(f"k: expected at most {LARGEST} weights in all bases together, got {c.k} bases of "
                             f"{found.width} features (fewer bases, or features=pca)")
        return found

    def scores(self, task_id: Hashable, x) -> np.ndarray:
        return self.features(x) @ (self.L @ self.kept_of(task_id).S)

    def stored(self) -> dict[str, int]:
        """What is kept between tasks beside features, bases and codes: name -> number of floats."""
        raise NotImplementedError

    def capacity(self) -> Capacity:
        if not self.kept:
            return Capacity(0, 0, 0, {})
        shared = [*self.features.arrays.values(), self.L]
        codes = [coded.S for coded in self.kept.values()]
        size = sum(array.size for array in shared)
        total = size + sum(S.size for S in codes)
        nonzero = sum(int(np.count_nonzero(array)) for array in (*shared, *codes))
        return Capacity(total, nonzero, total, {task: size + coded.S.size for task, coded in self.kept.items()},
                        self.stored())

    def state(self) -> dict[str, np.ndarray]:
        tasks = [[pack_id(task), coded.loss] for task, coded in self.kept.items()]
        if not tasks:
            return {"meta": pack_meta({"seed": self.seed, "tasks": tasks})}
        facts = {"seed": self.seed, "tasks": tasks, "n_inputs": self.n_inputs, "relu": self.features.relu}
        codes = {f"codes/{i}": coded.S for i, coded in enumerate(self.kept.values())}
        return self.features.arrays | {"L": self.L} | codes | {"meta": pack_meta(facts)}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], config=None, seen: Sequence[Task] = ()) -> BasesMethod:
        meta = unpack_meta(state["meta"])
        made = cls(config, meta["seed"])
        made.kept = {unpack_id(task): Coded(state[f"codes/{i}"], loss) for i, (task, loss) in enumerate(meta["tasks"])}
        if made.kept:
            made.features = Features.from_arrays(state, meta["n_inputs"], meta["relu"])
            made.L = state["L"]
        return made


def targets(task: Task, loss: str) -> np.ndarray:
    """The labels as columns (n, n_outputs): 0 and 1 for the logistic loss, -1 and 1 for the squared.

    Raises
    ------
    ValueError
        For an output with one class only: the weights that tell it from nothing are not defined.
    """
    y = task.y_train if task.loss == "sigmoid" else task.y_train[:, None] == np.arange(task.n_outputs)
    for output in np.flatnonzero(y.min(axis=0) == y.max(axis=0)):
        raise ValueError(f"task.y_train: expected both classes in every output, got only {int(y[0, output])} in output "
                         f"{output} of task {task.id!r}")
    return y * 1.0 if loss == "logistic" else 2.0 * y - 1


def pictured(L, codes: Sequence[np.ndarray]) -> Flat:
    """Bases and codes as a Flat, for the pictures of a Step."""
    return Flat.of({"L": L, "S": np.column_stack(codes)}, np.float64)
