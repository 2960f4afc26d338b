"""AdaNet: a sum of units that grows, unit by unit and layer by layer, as long as the fit gains more than it costs.

    f = sum over units j of w_j h_j
    F(w) = (1/m) sum over samples of Φ(1 - y f(x))  +  sum over j of Γ_j abs(w_j),    Γ_j = lam r_j + beta

y is 1 or -1.  Φ may be any convex, increasing function; here Φ(x) = log(1 + exp(x - 1)), so that Φ(1 - y f) is the
cross-entropy that all methods have.  r_j bounds the Rademacher complexity of the units that j was chosen from: a deep
unit must gain more than a shallow one.  (Cortes, Gonzalvo, Kuznetsov, Mohri and Yang 2017, Eq. 4 to 6.)

A unit of layer k reads layer k - 1 through ReLU, the inputs if k = 1, and a constant.  Of all units u with
norm_p(u) <= Λ the one along which F falls fastest is known in closed form, and so is how fast (Appendix C):

    ε = E_D[y z],  D(i) = Φ'(1 - y_i f(x_i)) / S,  S their sum;  z what the layer reads;  1/p + 1/q = 1
    u_i = Λ sign(ε_i) abs(ε_i)^(q-1) / norm_q(ε)^(q/p),      -dF/dw at w = 0:  (S / m) Λ norm_q(ε) - Γ, the gain

Growth ends when no layer has a gain above 0.  What is learnt is frozen: no weight of a unit is ever changed again.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from den_ref.core import mlp
from den_ref.core.flat import Flat
from den_ref.core.linear_head import LinearHead
from den_ref.core.losses import sigmoid_cross_entropy
from den_ref.core.newton import prox_newton
from den_ref.core.penalties import L1
from den_ref.core.problem import Part, Problem
from den_ref.core.result import Result
from den_ref.core.solvers import fista
from den_ref.core.training import Training, train
from den_ref.describe import Box, Formula, Look, Space, choice, log_uniform
from den_ref.doors import check_shape
from den_ref.protocol import Capacity, Step, Task
from den_ref.settings import at_least, integer, one_of, option
from den_ref.state import pack_id, pack_meta, unpack_id, unpack_meta

from .shared.bases import targets
from .shared.network import KeepingMethod, task_rng


@dataclass(frozen=True)
class AdaNetConfig(Training):
    """Options of AdaNet; those of training, ``width`` and ``epochs`` are for trained subnetworks, patience for none."""

    weak: str = option("trained", "new units: a trained subnetwork, or the best one", one_of("trained", "closed"))
    lam: float = option(1e-4, "strength of L1 per bound of the complexity", at_least(0))
    beta: float = option(1e-4, "strength of L1 that all units have", at_least(0))
    complexity: str = option("bound", "r: Rademacher bound, or root of the layer", one_of("bound", "depth"))
    p: float = option(2.0, "norm of a unit's incoming weights; 1 makes it read one input", at_least(1))
    norm: float = option(1.0, "Lambda, the size of that norm", at_least(0, above=True))
    depth: int = option(2, "layers at most", integer(1))
    additions: int = option(10, "rounds at most, each of which adds a subnetwork or a unit", integer(0))
    tol: float = option(1e-5, "a gain must be larger", at_least(0))
    corrective: bool = option(True, "every round fits all strengths, not the new ones alone", one_of(False, True))
    warm: bool = option(False, "units of earlier tasks may be read", one_of(False, True))
    width: int = option(10, "units per layer of a trained subnetwork", integer(1))
    epochs: int = option(20, "epochs of its training", integer(0))


# --- the weak learner --------------------------------------------------------------------------------------------


def pull(z, y, f) -> np.ndarray:
    """(S / m) ε = (1/m) sum of Φ'(1 - y f) y z: minus the slope of the loss along every column of z (m, n).

    Φ'(1 - y f) = 1 / (1 + exp(y f)).
    """
    return z.T @ (y * expit(-y * f)) / len(y)


def weak_learner(g, p: float, norm: float) -> np.ndarray:
    """argmax of u . g over norm_p(u) <= norm, for p >= 1; u . g is then norm * norm_q(g), with 1/p + 1/q = 1.

    The g of equal direction have the same u: the pull's is ε's.  p = 1: the first of the largest entries alone.

    >>> weak_learner(np.array([3.0, -4.0]), 2, 10.0), weak_learner(np.array([3.0, -4.0]), 1, 10.0)
    (array([ 6., -8.]), array([  0., -10.]))
    """
    size = abs(g) / max(abs(g).max(), np.finfo(float).tiny)        # largest 1: its powers are safe
    u = size ** (1 / (p - 1)) if p > 1 else 1.0 * (np.arange(len(g)) == size.argmax())     # q - 1 = 1 / (p - 1)
    return norm * np.sign(g) * u / np.linalg.norm(u, p)


def rademacher_bound(reach: float, m: int, sizes: Sequence[int], p: float, norm: float) -> float:
    """r_k = r_inf Λ_k N_k^(1/q) sqrt(log(2 n_0) / (2 m)),  Λ_k = (2 Λ)^k,  N_k = n_0 n_1 ... n_{k-1}.

    Parameters
    ----------
    reach : float
        r_inf, the largest absolute input.
    m : int
        Samples.
    sizes : sequence of int
        n_0, ..., n_{k-1}: how many inputs a unit of layer 1, ..., k reads, the constant counted.
    """
    N = np.prod(sizes, dtype=float)
    return float(reach * (2 * norm) ** len(sizes) * N ** (1 - 1 / p) * np.sqrt(np.log(2 * sizes[0]) / (2 * m)))


# --- an ensemble -------------------------------------------------------------------------------------------------


class Unit(NamedTuple):
    """h = z u[:-1] + u[-1], z the first len(u) - 1 of what the layer reads: what came there later is not read."""

    layer: int
    u: np.ndarray

    def of(self, z) -> np.ndarray:
        return z[:, :len(self.u) - 1] @ self.u[:-1] + self.u[-1]


def below(layer: int, x, units: Sequence[Unit], h) -> np.ndarray:
    """What a layer reads: x (n, n_0), or the units of the layer below, of those that h (n, J) has, through ReLU."""
    return x if layer == 1 else np.maximum(h[:, [unit.layer == layer - 1 for unit in units[:h.shape[1]]]], 0)


def values_of(units: Sequence[Unit], x) -> np.ndarray:
    """h (n, J), the units before their ReLU."""
    h = np.zeros((len(x), 0))
    for unit in units:
        h = np.column_stack([h, unit.of(below(unit.layer, x, units, h))])
    return h


def heard(h, weak: str) -> np.ndarray:
    """What f adds up: units before their ReLU, so that the best one has a closed form; trained ones after it."""
    return np.maximum(h, 0) if weak == "trained" else h


def reached(units: Sequence[Unit], w) -> list[int]:
    """The places of the units that f hears, by a strength that is not 0, or through units above that it hears."""
    layers, found = np.array([unit.layer for unit in units], int), w != 0
    for j in reversed(range(len(units))):
        if found[j]:
            found[:j] |= layers[:j] == layers[j] - 1
    return np.flatnonzero(found).tolist()


def widths(units: Sequence[Unit]) -> tuple[int, ...]:
    """How many units there are, layer by layer."""
    return tuple(np.bincount([unit.layer for unit in units], minlength=1)[1:].tolist())


@dataclass(frozen=True, eq=False)
class Growing:
    """The ensemble of one output on its samples x (m, n_0), y (m,): units, their values h (m, J), w (J,) and Γ (J,).

    Of the last ``new`` units no strength is known yet; ``spent`` multiply-adds found them.
    """

    x: np.ndarray
    y: np.ndarray
    config: AdaNetConfig
    h: np.ndarray
    units: tuple[Unit, ...] = ()
    w: np.ndarray = field(default_factory=lambda: np.zeros(0))
    gamma: np.ndarray = field(default_factory=lambda: np.zeros(0))
    new: int = 0
    spent: int = 0

    def plus(self, units: Sequence[Unit]) -> Growing:
        """With units more, which f does not hear yet."""
        now = self
        for unit in units:
            now = replace(now, units=(*now.units, unit), h=np.column_stack([now.h, unit.of(now.below(unit.layer))]),
                          w=np.append(now.w, 0.0), gamma=np.append(now.gamma, now.gamma_of(unit.layer)))
        return replace(now, new=len(units))

    def below(self, layer: int) -> np.ndarray:
        return below(layer, self.x, self.units, self.h)

    def gamma_of(self, layer: int) -> float:
        """Γ = lam r + beta of a unit that may read all there is in the layer below."""
        c, sizes = self.config, [1 + n for n in (self.x.shape[1], *widths(self.units)[:layer - 1])]
        reach = max(1.0, abs(self.x).max(initial=0))               # the constant is an input
        r = np.sqrt(layer) if c.complexity == "depth" else rademacher_bound(reach, len(self.y), sizes, c.p, c.norm)
        return c.lam * r + c.beta

    @property
    def heard(self) -> np.ndarray:
        return heard(self.h, self.config.weak)

    @property
    def f(self) -> np.ndarray:
        return self.heard @ self.w

    def smooth(self, w):
        """The loss with strengths w (J,), and its gradient."""
        value, slope = sigmoid_cross_entropy.inner((self.heard @ w)[:, None], (self.y[:, None] + 1) / 2)
        return value, self.heard.T @ slope[:, 0]

    @property
    def objective(self) -> float:
        """F(w)."""
        return float(self.smooth(self.w)[0] + self.gamma @ abs(self.w))

    @property
    def gain(self) -> float:
        """How fast F falls along the best of the new units that the round fits: max abs(dloss/dw) at w = 0, less Γ.

        A subnetwork has the Γ of its top.  Without ``corrective`` the top's units are all that is fitted.
        """
        fitted = self.new if self.config.corrective else self.top
        return float(abs(self.smooth(self.w)[1][-fitted:]).max() - self.gamma[-1])

    @property
    def top(self) -> int:
        """How many of the new units are the top's."""
        return sum(unit.layer == self.units[-1].layer for unit in self.units[-self.new:])

    def fit_new(self) -> tuple[Growing, Result]:
        """The strengths of the top layer's new units that minimise F; all others stay."""
        last = self.top
        held, z = self.w[:-last], self.heard[:, -last:]

        def smooth(v):
            value, slope = self.smooth(np.append(held, v))
            return value, slope[-last:]

        solved = fista(smooth, L1(self.gamma[-1]), np.zeros(last), tol=1e-8 * (1 + abs(z).max(initial=0)))
        return replace(self, w=np.append(held, solved.x)), solved

    def fit_all(self) -> tuple[Growing, Result]:
        """All strengths at once, to a certificate: in v_j = Γ_j w_j / min Γ every entry has the same strength of L1.

        The result's residual and gap are those of v.
        """
        least = float(self.gamma.min())
        scale = self.gamma / least if least > 0 else np.ones_like(self.gamma)
        start = LinearHead((self.w * scale)[:, None], np.zeros(1))
        solved = prox_newton(self.heard / scale, (self.y[:, None] + 1) / 2, least, start=start, intercept=False)
        return replace(self, w=solved.x.weights[:, 0] / scale), solved


# --- candidates: the ensemble with units more that f does not hear yet -------------------------------------------


def in_closed_form(now: Growing) -> Growing:
    """One unit more, the best there is, in the layer where it has the largest gain."""
    c, found, spent = now.config, [], 0
    for layer in range(1, min(1 + len(widths(now.units)), c.depth) + 1):
        z = np.column_stack([now.below(layer), np.ones(len(now.y))])
        g = pull(z, now.y, now.f)
        u = weak_learner(g, c.p, c.norm)
        found.append((u @ g - now.gamma_of(layer), layer, u))
        spent += z.size
    return replace(now.plus([Unit(*max(found, key=lambda one: one[0])[1:])]), spent=spent)


def trained(now: Growing, layer: int, rng, **watch) -> Growing:
    """A subnetwork more, units in this layer and the one below, trained on the loss of f + its top's answer.

    Without Γ, as the paper has it.  Its units then get the norm Λ: what a unit loses goes to those who read it.
    """
    c, old, first = now.config, now.below(layer), max(layer - 1, 1)
    layers, x = range(1, layer - first + 2), now.below(first)
    reads = [x.shape[1], old.shape[1] + c.width][:len(layers)]
    arrays = {f"W{l}": mlp.random_weights(rng, n, c.width, c.dtype) for l, n in zip(layers, reads)}
    arrays |= {"V": mlp.random_weights(rng, c.width, 1, c.dtype)}
    start = Flat.of(arrays | {f"b{l}": np.zeros(c.width) for l in layers} | {"c": np.zeros(1)}, c.dtype)
    given = np.column_stack([(now.y + 1) / 2, now.f]).astype(c.dtype)

    def loss(z, given):
        return sigmoid_cross_entropy.inner(z + given[:, 1:], given[:, :1])

    data = mlp.DataLoss(start, x, given, loss, known=old.astype(c.dtype) if layer > 1 else None)
    parts = [Part(name) for name in start.shapes if name != "c"]
    solved = train(Problem(data, start, parts), c, c.epochs, rng, start_competes=False, **watch)
    w, sizes, units = solved.x, [], []
    for l in layers:
        U = np.vstack([w[f"W{l}"], w[f"b{l}"]]).astype(np.float64)
        U[len(U) - 1 - len(sizes):-1] *= np.reshape(sizes, (-1, 1))
        sizes = np.linalg.norm(U, c.p, axis=0) / c.norm
        units += [Unit(first + l - 1, u) for u in (U / np.where(sizes > 0, sizes, 1)).T]
    return replace(now.plus(units), spent=solved.multiply_adds)


# --- the method --------------------------------------------------------------------------------------------------


class Ensembles(NamedTuple):
    """What answers for a task: per output the places of its units in the method's list, and their strengths (J,)."""

    members: list[list[int]]
    w: list[np.ndarray]
    loss: str


class AdaNet(KeepingMethod):
    """AdaNet for every task, each output against all others.  Nothing is forgotten: what is learnt stays frozen.

    It reads no validation data.  Without ``warm`` a task shares nothing with others.  An output with one class only is
    refused (ValueError); one from which nothing can be gained is answered with 0.
    """

    name, title, look = "adanet", "AdaNet", Look("#7F7F7F", "-", "X")
    Config = AdaNetConfig
    fixed = ("weak", "warm")
    space = Space({"lam": 1e-4, "beta": 1e-4, "p": 2.0},
                  {"lam": log_uniform(1e-7, 1e-2), "beta": log_uniform(1e-6, 1e-2), "p": choice(1.0, 1.5, 2.0, 3.0),
                   "weak": choice("closed", "trained"), "additions": choice(10, 20, 40), "width": choice(5, 10, 20)})
    explained = {
        "grow": Box(Formula("gain = (S / m) Λ norm_q(ε) − Γ,  Γ = λ r + β", "The slope of F along the best new unit, "
                            "less what its strength costs.", ("lam",), "den_ref/methods/adanet.py: in_closed_form"),
                    ("decision", "solve", "zeros"), why="Is there a unit that is worth its cost?"),
        "fit": Box(Formula("minimise  (1 / m) Σ_i Φ(1 − y_i f(x_i)) + Σ_j Γ_j |w_j|", "Free: the strengths w of all "
                           "units; the units stay.  Γ_j = λ r_j + β.", ("lam",), "den_ref/methods/adanet.py: Growing"),
                   ("zeros",), why="How much does each unit count, all of them together?")}

    def __init__(self, config: AdaNetConfig | None = None, seed: int = 0):
        super().__init__(config, seed)
        self.units, self.inputs = [], None                         # of all tasks, in the order of birth

    @property
    def n_inputs(self) -> int | None:
        return self.inputs

    def boxes(self, task: Task) -> Iterator[Step]:
        x, rng, units = task.x_train.astype(np.float64), task_rng(self.seed, task.id), [*self.units]
        found = Ensembles([], [], task.loss)
        for y in targets(task, "squared").T:
            older = len(units) if self.config.warm else 0
            now = Growing(x, y, self.config, np.zeros((len(y), 0))).plus(units[:older])
            now = yield from self.growth(task, now, rng)
            kept = reached(now.units, now.w)
            own = [Unit(now.units[j].layer, now.units[j].u.astype(self.config.dtype)) for j in kept if j >= older]
            found.members.append([j for j in kept if j < older] + [*range(len(units), len(units) + len(own))])
            found.w.append(now.w[kept].astype(self.config.dtype))
            units += own
        self.units, self.inputs, self.kept[task.id] = units, x.shape[1], found

    def growth(self, task: Task, now: Growing, rng) -> Iterator[Step]:
        """The rounds of one output, and the last fit of its strengths; returns what grew."""
        c, why, spent = self.config, "all rounds done", 0
        now = now.fit_all()[0] if now.units else now               # warm: older units first
        for number in range(1, c.additions + 1):
            found = self.candidates(now, rng, f"round {number}")
            useful, spent = [one for one in found if one.gain > c.tol], sum(one.spent for one in found)
            if not useful:
                why = f"no unit gains more than {c.tol:g}"
                break
            best, solved, gain = min(((*one.fit_new(), one.gain) for one in useful), key=lambda of: of[0].objective)
            best, solved = best.fit_all() if c.corrective else (best, solved)
            facts = {"layer": best.units[-1].layer, "gain": gain, "units": [*widths(best.units)],
                     "loss_before": now.smooth(now.w)[0], "loss_after": best.smooth(best.w)[0]}
            yield self.told(task, best, "grow", "units that pay", f"round {number} adds {best.new}, up to layer "
                            f"{facts['layer']}, with a gain of {gain:.3g}; the objective fell from {now.objective:.4f} "
                            f"to {best.objective:.4f}", facts, solved, spent)
            now, spent = best, 0
        now, solved = now.fit_all() if now.units else (now, None)
        yield self.told(task, now, "fit", "the strengths of all units", f"{why}; {np.count_nonzero(now.w)} of "
                        f"{len(now.w)} strengths are not 0, objective {now.objective:.4f}",
                        {"units": [*widths(now.units)]}, solved, spent)
        return now

    def told(self, task: Task, now: Growing, box: str, title: str, sentence: str, facts, solved, spent: int) -> Step:
        """A Step whose picture is of the strengths; its multiply-adds are those of all candidates, not of the fit."""
        strengths = Flat.of({"strengths": now.w[:, None]}, np.float64)
        solved = solved and Result(solved, multiply_adds=spent)
        return self.step(task, box, title, sentence, facts=facts, after=strengths, solve=solved)

    def candidates(self, now: Growing, rng, label: str) -> list[Growing]:
        """What may come next: the best unit there is, or trained subnetworks as deep as now and one layer deeper."""
        if self.config.weak == "closed":
            return [in_closed_form(now)]
        deepest = len(widths(now.units))
        layers = {max(deepest, 1), min(deepest + 1, self.config.depth)}
        return [trained(now, layer, rng, label=label, progress=self.progress) for layer in sorted(layers)]

    def scores(self, task_id: Hashable, x) -> np.ndarray:
        own = self.kept_of(task_id)
        check_shape("x", x.shape, ("n", self.n_inputs))

        def f(x):
            values = [values_of([self.units[j] for j in places], x) for places in own.members]
            return np.column_stack([heard(h, self.config.weak) @ w for h, w in zip(values, own.w)])

        return mlp.in_blocks(f, x.astype(np.float64))

    def capacity(self) -> Capacity:
        """A task reads its strengths, and the units that f hears, itself or through others."""
        arrays = [unit.u for unit in self.units] + [w for own in self.kept.values() for w in own.w]
        total, nonzero = (sum(int(count(array)) for array in arrays) for count in (np.size, np.count_nonzero))
        per_task = {task: sum(map(np.size, own.w)) + sum(self.units[j].u.size for j in {*chain(*own.members)})
                    for task, own in self.kept.items()}
        return Capacity(total, nonzero, total, per_task, widths=widths(self.units))

    def state(self) -> dict[str, np.ndarray]:
        tasks = [[pack_id(task), own.members, own.loss] for task, own in self.kept.items()]
        facts = {"seed": self.seed, "n_inputs": self.inputs, "layers": [unit.layer for unit in self.units]}
        return {f"units/{j}": unit.u for j, unit in enumerate(self.units)} | {
            f"strengths/{t}/{i}": w for t, own in enumerate(self.kept.values()) for i, w in enumerate(own.w)} | {
            "meta": pack_meta(facts | {"tasks": tasks})}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], config=None, seen: Sequence[Task] = ()) -> AdaNet:
        meta = unpack_meta(state["meta"])
        made = cls(config, meta["seed"])
        made.inputs, made.units = meta["n_inputs"], [Unit(k, state[f"units/{j}"]) for j, k in enumerate(meta["layers"])]
        for t, (task, members, loss) in enumerate(meta["tasks"]):
            w = [state[f"strengths/{t}/{i}"] for i in range(len(members))]
            made.kept[unpack_id(task)] = Ensembles(members, w, loss)
        return made
