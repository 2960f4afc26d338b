"""AdaNet: a sum of units that grows, layer by layer, as long as what is added gains more than it costs.

    f = sum over units j of w_j h_j
    F(w) = (1/m) sum over samples of Φ(1 - y f(x))  +  sum over j of Γ_j abs(w_j),    Γ_j = lam r_j + beta

y is 1 or -1.  Φ may be any convex, increasing function; here Φ(x) = log(1 + exp(x - 1)), so that Φ(1 - y f) is the
cross-entropy that all methods have.  r_j bounds the Rademacher complexity of the units that j was chosen from: a deep
unit must gain more than a shallow one.  (Cortes, Gonzalvo, Kuznetsov, Mohri and Yang 2017, Eq. 4 to 6.)

A unit of layer k reads layer k - 1 through ReLU, the inputs if k = 1, and a constant.  Of all units u of a layer that
have norm_p(u) <= Λ the one along which F falls fastest is known in closed form, and so is how fast (Appendix C):

    ε = E_D[y z],  D(i) = Φ'(1 - y_i f(x_i)) / S,  S their sum;  z what the layer reads;  1/p + 1/q = 1
    u_i = Λ sign(ε_i) abs(ε_i)^(q-1) / norm_q(ε)^(q/p),      -dF/dw at w = 0:  (S / m) Λ norm_q(ε) - Γ, the gain

Subnetworks may be trained instead.  Growth ends when nothing has a gain above ``tol``.  What is learnt is frozen: no
weight of a unit is ever changed again.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import numpy as np

from den_ref.core import mlp
from den_ref.core.flat import Flat
from den_ref.core.losses import sigmoid_cross_entropy
from den_ref.core.newton import prox_newton
from den_ref.core.penalties import SquaredL2
from den_ref.core.problem import Part, Problem
from den_ref.core.result import Result
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
    """Options of AdaNet; those of training, ``width``, ``epochs`` and ``weight_decay`` are for trained subnetworks,
    patience for none."""

    weak: str = option("trained", "new units: a trained subnetwork, or the best one", one_of("trained", "closed"))
    lam: float = option(1e-4, "strength of L1 per bound of the complexity", at_least(0))
    beta: float = option(1e-4, "strength of L1 that all units have", at_least(0))
    p: float = option(2.0, "norm of a unit's incoming weights; 1 makes it read one input", at_least(1))
    norm: float = option(1.0, "Lambda, the size of that norm", at_least(0, above=True))
    depth: int = option(2, "layers at most", integer(1))
    additions: int = option(10, "rounds at most, each of which adds a subnetwork or a unit", integer(0))
    tol: float = option(1e-5, "a gain must be larger", at_least(0))
    warm: bool = option(False, "units of earlier tasks may be read", one_of(False, True))
    width: int = option(10, "units per layer of a trained subnetwork", integer(1))
    epochs: int = option(20, "epochs of its training", integer(0))
    weight_decay: float = option(0.0, "strength of (1/2) norm^2 of its weights, in training", at_least(0))


# --- units -------------------------------------------------------------------------------------------------------


class Unit(NamedTuple):
    """z u[:-1] + u[-1], z the first len(u) - 1 of what the layer reads: what came there later is not read."""

    layer: int
    u: np.ndarray


def below(layer: int, x, units: Sequence[Unit], h) -> np.ndarray:
    """What a layer reads: x (n, n_0), or the units of the layer below, whose values are in h (n, J), through ReLU."""
    return x if layer == 1 else np.maximum(h[:, [unit.layer == layer - 1 for unit in units]], 0)


def values_of(units: Sequence[Unit], x, h, weak: str) -> np.ndarray:
    """What f adds up, (n, J); h (n, j) has it for the first j units.

    The best unit has a closed form before its ReLU; trained ones are added up after it.
    """
    for (layer, reads), those in groupby(units[h.shape[1]:], key=lambda unit: (unit.layer, len(unit.u) - 1)):
        U = np.column_stack([u for _, u in those])
        value = below(layer, x, units[:h.shape[1]], h)[:, :reads] @ U[:-1] + U[-1]
        h = np.column_stack([h, np.maximum(value, 0) if weak == "trained" else value])
    return h


def reached(units: Sequence[Unit], w) -> list[int]:
    """The places of the units that f hears, by a strength that is not 0, or through units above that it hears."""
    layers, found = np.array([unit.layer for unit in units], int), w != 0
    for j in reversed(np.flatnonzero(layers > 1)):
        found[:j] |= found[j] & (layers[:j] == layers[j] - 1)
    return np.flatnonzero(found).tolist()


def widths(units: Sequence[Unit]) -> tuple[int, ...]:
    """How many units there are, layer by layer."""
    return tuple(np.bincount([unit.layer for unit in units], minlength=1)[1:].tolist())


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


# --- their sum ---------------------------------------------------------------------------------------------------


class Growing(NamedTuple):
    """The sum of one output on its samples x (m, n_0), y (m,): units, their values h (m, J), w (J,) and Γ (J,).

    What came last had this ``gain``; ``solved`` is the fit of the strengths, before it the training of what came last.
    """

    config: AdaNetConfig
    x: np.ndarray
    y: np.ndarray
    h: np.ndarray
    units: tuple[Unit, ...] = ()
    w: Sequence[float] = ()
    gamma: Sequence[float] = ()
    gain: float = 0.0
    solved: dict | None = None

    def plus(self, units: Sequence[Unit]) -> Growing:
        """With units more, of strength 0: F falls at first as fast as along the best of them, max abs(slope) - Γ."""
        more, w = (*self.units, *units), np.append(self.w, np.zeros(len(units)))
        h, gamma = values_of(more, self.x, self.h, self.config.weak), self.costs(more)
        gains = (abs(pull(h, self.y, self.f)) - gamma)[len(self.units):]
        return self._replace(units=more, h=h, w=w, gamma=gamma, gain=float(gains.max(initial=-np.inf)))

    def costs(self, units: Sequence[Unit]) -> np.ndarray:
        """Γ = lam r + beta of units that could read, when each came, all there was in the layer below."""
        c, (m, n_0), reach = self.config, self.x.shape, max(1.0, abs(self.x).max(initial=0))       # the constant is 1
        sizes = [[1 + n for n in (n_0, *widths(units[:j])[:layer - 1])] for j, (layer, _) in enumerate(units)]
        return c.lam * np.array([rademacher_bound(reach, m, n, c.p, c.norm) for n in sizes]) + c.beta

    @property
    def f(self) -> np.ndarray:
        return self.h @ self.w

    @property
    def loss(self) -> float:
        """(1/m) sum of Φ(1 - y f)."""
        return sigmoid_cross_entropy.inner(self.f, (self.y + 1) / 2)[0]

    def fit(self) -> Growing:
        """With the strengths that minimise F, to a certificate.

        Solved for v_j = Γ_j w_j / least, in which L1 has one strength; residual and gap are those of v.
        """
        least = self.gamma.min(initial=1.0)
        scale = self.gamma / least if least > 0 else np.ones_like(self.gamma)
        start = (self.w * scale)[:, None], np.zeros(1)
        solved = prox_newton(self.h / scale, (self.y[:, None] + 1) / 2, least, start=start, intercept=False)
        return self._replace(w=solved.x.weights[:, 0] / scale, solved=solved)


# --- what may be added -------------------------------------------------------------------------------------------


def pull(z, y, f) -> np.ndarray:
    """(S / m) ε = (1/m) sum of Φ'(1 - y f) y z: minus the slope of the loss along every column of z (m, n).

    Φ'(1 - y f) = 1 / (1 + exp(y f)), and y Φ' is minus the slope of the cross-entropy.
    """
    return -z.T @ sigmoid_cross_entropy.inner(f, (y + 1) / 2)[1]


def weak_learner(g, p: float, norm: float) -> np.ndarray:
    """argmax of u . g over norm_p(u) <= norm, for p >= 1; u . g is then norm * norm_q(g), with 1/p + 1/q = 1.

    The g of equal direction have the same u: the pull's is ε's.  p = 1: the first of the largest entries alone.

    >>> weak_learner(np.array([3.0, -4.0]), 2, 10.0), weak_learner(np.array([3.0, -4.0]), 1, 10.0)
    (array([ 6., -8.]), array([  0., -10.]))
    """
    size = abs(g) / max(abs(g).max(), np.finfo(float).tiny)        # largest 1: its powers are safe
    u = size ** (1 / (p - 1)) if p > 1 else 1.0 * (np.arange(len(g)) == size.argmax())     # q - 1 = 1 / (p - 1)
    return norm * np.sign(g) * u / np.linalg.norm(u, p)


def in_closed_form(now: Growing, layer: int) -> Growing:
    """One unit more in this layer, the best there is."""
    z = np.column_stack([below(layer, now.x, now.units, now.h), np.ones(len(now.x))])
    return now.plus([Unit(layer, weak_learner(pull(z, now.y, now.f), now.config.p, now.config.norm))])


def trained(now: Growing, layer: int, rng, **watch) -> Growing:
    """A subnetwork more, units in this layer and the one below, trained on the loss of f + its top's answer.

    Without Γ, as the paper has it; weight decay is ours.
    """
    c, first = now.config, max(layer - 1, 1)
    x, old = (below(k, now.x, now.units, now.h).astype(c.dtype) for k in (first, layer))
    shapes = [(x.shape[1], c.width), (old.shape[1] + c.width, c.width)][:layer - first + 1] + [(c.width, 1)]
    *body, head = (mlp.random_weights(rng, n, width, c.dtype) for n, width in shapes)
    start = mlp.pack(body, np.zeros((len(body), c.width)), head, np.zeros(1), c.dtype)
    given = np.column_stack([(now.y + 1) / 2, now.f]).astype(c.dtype)

    def loss(z, given):
        return sigmoid_cross_entropy.inner(z + given[:, 1:], given[:, :1])

    data = mlp.DataLoss(start, x, given, loss, known=old if layer > 1 else None)
    parts = [Part(name, SquaredL2(c.weight_decay if name[0] in "WV" else 0.0)) for name in start.shapes if name != "c"]
    solved = train(Problem(data, start, parts), c, c.epochs, rng, start_competes=False, **watch)
    return now.plus(normed(solved.x, first, c.p, c.norm))._replace(solved=solved)


def normed(network: Flat, first: int, p: float, norm: float) -> list[Unit]:
    """The hidden units of a network, its lowest layer being layer ``first``, each with norm_p(u) = norm, or 0.

    What a unit loses goes to those who read it: the last of what the layer above reads.
    """
    units, sizes = [], np.zeros(0)
    for layer, (W, b) in enumerate(zip(*mlp.layers_of(network)), first):
        U = np.vstack([W, b]).astype(np.float64)
        U[len(W) - len(sizes):-1] *= sizes[:, None]
        sizes = np.linalg.norm(U, p, axis=0) / norm
        units += [Unit(layer, u) for u in (U / np.where(sizes > 0, sizes, 1)).T]
    return units


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
        "fit": Box(Formula("minimise  (1 / m) Σ_i Φ(1 − y_i f(x_i)) + Σ_j Γ_j |w_j|", "Free: w; Γ = λ r + β.", ("lam",),
                           "den_ref/methods/adanet.py: Growing"), ("zeros",), why="How much does each unit count?")}

    units, n_inputs = (), None                                     # the units of all tasks, in the order of birth

    def boxes(self, task: Task) -> Iterator[Step]:
        x, rng, units = task.x_train.astype(np.float64), task_rng(self.seed, task.id), [*self.units]
        found = Ensembles([], [], task.loss)
        for y in targets(task, "squared").T:
            older = len(units) if self.config.warm else 0
            now = yield from self.growth(task, Growing(self.config, x, y, x[:, :0]).plus(units[:older]), rng)
            kept = reached(now.units, now.w)
            own = [Unit(now.units[j].layer, now.units[j].u.astype(self.config.dtype)) for j in kept if j >= older]
            found.members.append([j for j in kept if j < older] + [*range(len(units), len(units) + len(own))])
            found.w.append(now.w[kept].astype(self.config.dtype))
            units += own
        self.units, self.n_inputs, self.kept[task.id] = tuple(units), x.shape[1], found

    def growth(self, task: Task, now: Growing, rng) -> Iterator[Step]:
        """The rounds of one output: the best candidate is added, if one gains; returns what grew."""
        now, why, spent = now.fit(), "all rounds done", 0          # warm: older units first
        for number in range(1, self.config.additions + 1):
            found = self.candidates(now, rng, f"round {number}")
            spent = sum(one.solved.get("multiply_adds", 0) for one in found)
            if max(one.gain for one in found) <= self.config.tol:
                why = f"no unit gains more than {self.config.tol:g}"
                break
            best = min((one.fit() for one in found), key=lambda one: one.solved.fun)
            yield self.told(task, best, spent, "grow", "units that pay", f"round {number} adds "
                            f"{len(best.w) - len(now.w)}, up to layer {best.units[-1].layer}, with a gain of "
                            f"{best.gain:.3g}; the objective fell from {now.solved.fun:.4f} to {best.solved.fun:.4f}",
                            layer=best.units[-1].layer, gain=best.gain, loss_before=now.loss, loss_after=best.loss)
            now, spent = best, 0
        yield self.told(task, now, spent, "fit", "the strengths of all units", f"{why}; {np.count_nonzero(now.w)} of "
                        f"{len(now.w)} strengths are not 0, objective {now.solved.fun:.4f}")
        return now

    def candidates(self, now: Growing, rng, label: str) -> list[Growing]:
        """What may come next: the best unit there is, or trained subnetworks as deep as now and one layer deeper."""
        depth = len(widths(now.units))
        top = min(depth + 1, self.config.depth)
        if self.config.weak == "closed":
            return [max((in_closed_form(now, layer) for layer in range(1, top + 1)), key=lambda one: one.gain)]
        return [trained(now, layer, rng, label=label, progress=self.progress) for layer in sorted({max(depth, 1), top})]

    def told(self, task: Task, now: Growing, spent: int, box: str, title: str, sentence: str, **facts) -> Step:
        """A Step whose picture is of the strengths; its multiply-adds are those of all candidates, not of the fit."""
        return self.step(task, box, title, sentence, facts=facts | {"units": [*widths(now.units)]},
                         after=Flat.of({"strengths": now.w[:, None]}, np.float64),
                         solve=Result(now.solved, multiply_adds=spent))

    def scores(self, task_id: Hashable, x) -> np.ndarray:
        own, weak = self.kept_of(task_id), self.config.weak
        check_shape("x", x.shape, ("n", self.n_inputs))
        units = [[self.units[j] for j in places] for places in own.members]
        return mlp.in_blocks(lambda rows: np.column_stack([values_of(those, rows, rows[:, :0], weak) @ w
                                                           for those, w in zip(units, own.w)]), x.astype(np.float64))

    def capacity(self) -> Capacity:
        """A task reads its strengths, and the units that f hears, itself or through others."""
        numbers = np.concatenate([[], *(u for _, u in self.units), *(w for own in self.kept.values() for w in own.w)])
        per_task = {task: sum(map(np.size, own.w)) + sum(self.units[j].u.size for j in set().union(*own.members))
                    for task, own in self.kept.items()}
        return Capacity(numbers.size, np.count_nonzero(numbers), numbers.size, per_task, widths=widths(self.units))

    def state(self) -> dict[str, np.ndarray]:
        tasks = [[pack_id(task), own.members, own.loss] for task, own in self.kept.items()]
        facts = {"seed": self.seed, "n_inputs": self.n_inputs, "layers": [unit.layer for unit in self.units]}
        units = {f"units/{j}": unit.u for j, unit in enumerate(self.units)}
        strengths = {f"strengths/{t}/{i}": w for t, own in enumerate(self.kept.values()) for i, w in enumerate(own.w)}
        return units | strengths | {"meta": pack_meta(facts | {"tasks": tasks})}

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], config=None, seen: Sequence[Task] = ()) -> AdaNet:
        meta = unpack_meta(state["meta"])
        made = cls(config, meta["seed"])
        made.n_inputs = meta["n_inputs"]
        made.units = tuple(Unit(layer, state[f"units/{j}"]) for j, layer in enumerate(meta["layers"]))
        made.kept = {unpack_id(task): Ensembles(places, [state[f"strengths/{t}/{i}"] for i in range(len(places))], loss)
                     for t, (task, places, loss) in enumerate(meta["tasks"])}
        return made
