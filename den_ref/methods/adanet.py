"""AdaNet: a sum of units that grows, unit by unit and layer by layer, as long as the fit gains more than it costs.

The sum, its objective F and the cost Γ of a unit are in ``shared.ensemble``.  Of all units u of a layer that have
norm_p(u) <= Λ the one along which F falls fastest is known in closed form, and so is how fast (Cortes, Gonzalvo,
Kuznetsov, Mohri and Yang 2017, Appendix C):

    ε = E_D[y z],  D(i) = Φ'(1 - y_i f(x_i)) / S,  S their sum;  z what the layer reads;  1/p + 1/q = 1
    u_i = Λ sign(ε_i) abs(ε_i)^(q-1) / norm_q(ε)^(q/p),      -dF/dw at w = 0:  (S / m) Λ norm_q(ε) - Γ, the gain

Growth ends when no layer has a gain above 0.  What is learnt is frozen: no weight of a unit is ever changed again.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from den_ref.core import mlp
from den_ref.core.flat import Flat
from den_ref.core.losses import sigmoid_cross_entropy
from den_ref.core.penalties import SquaredL2
from den_ref.core.problem import Part, Problem
from den_ref.core.result import Result
from den_ref.core.training import train
from den_ref.describe import Box, Formula, Look, Space, choice, log_uniform
from den_ref.doors import check_shape
from den_ref.protocol import Capacity, Step, Task
from den_ref.settings import at_least, integer, one_of, option
from den_ref.state import pack_id, pack_meta, unpack_id, unpack_meta

from .shared.bases import targets
from .shared.ensemble import EnsembleConfig, Growing, Unit, heard, normed, reached, values_of, widths
from .shared.network import KeepingMethod, task_rng


@dataclass(frozen=True)
class AdaNetConfig(EnsembleConfig):
    """Options of AdaNet; those of training, ``width``, ``epochs`` and ``weight_decay`` are for trained subnetworks,
    patience for none."""

    depth: int = option(2, "layers at most", integer(1))
    additions: int = option(10, "rounds at most, each of which adds a subnetwork or a unit", integer(0))
    tol: float = option(1e-5, "a gain must be larger", at_least(0))
    corrective: bool = option(True, "every round fits all strengths, not the new ones alone", one_of(False, True))
    warm: bool = option(False, "units of earlier tasks may be read", one_of(False, True))
    width: int = option(10, "units per layer of a trained subnetwork", integer(1))
    epochs: int = option(20, "epochs of its training", integer(0))
    weight_decay: float = option(0.0, "strength of (1/2) norm^2 of its weights, in training", at_least(0))


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


# --- candidates: the ensemble with units more that f does not hear yet -------------------------------------------


def in_closed_form(now: Growing) -> Growing:
    """One unit more, the best there is, in the layer where it has the largest gain."""
    def best_of(layer):
        z = np.column_stack([now.below(layer), np.ones(len(now.y))])
        u = weak_learner(pull(z, now.y, now.f), now.config.p, now.config.norm)
        return replace(now.plus([Unit(layer, u)]), spent=z.size)

    found = [best_of(layer) for layer in range(1, min(1 + len(widths(now.units)), now.config.depth) + 1)]
    return replace(max(found, key=lambda one: one.gain(1)), spent=sum(one.spent for one in found))


def trained(now: Growing, layer: int, rng, **watch) -> Growing:
    """A subnetwork more, units in this layer and the one below, trained on the loss of f + its top's answer.

    Without Γ, as the paper has it; weight decay is ours.
    """
    c, old, first = now.config, now.below(layer), max(layer - 1, 1)
    x = now.below(first)
    reads = [x.shape[1], old.shape[1] + c.width][:layer - first + 1]
    body = [mlp.random_weights(rng, n, c.width, c.dtype) for n in reads]
    head = mlp.random_weights(rng, c.width, 1, c.dtype)
    start = mlp.pack(body, [np.zeros(c.width) for _ in reads], head, np.zeros(1), c.dtype)
    given = np.column_stack([(now.y + 1) / 2, now.f]).astype(c.dtype)

    def loss(z, given):
        return sigmoid_cross_entropy.inner(z + given[:, 1:], given[:, :1])

    data = mlp.DataLoss(start, x, given, loss, known=old.astype(c.dtype) if layer > 1 else None)
    parts = [Part(name, SquaredL2(c.weight_decay if name[0] in "WV" else 0.0)) for name in start.shapes if name != "c"]
    solved = train(Problem(data, start, parts), c, c.epochs, rng, start_competes=False, **watch)
    return replace(now.plus(normed(solved.x, first, c.p, c.norm)), spent=solved.multiply_adds)


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
                           "units; the units stay.  Γ_j = λ r_j + β.", ("lam",),
                           "den_ref/methods/shared/ensemble.py: Growing"),
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
        now = now.fit_all()                                        # warm: older units first
        for number in range(1, c.additions + 1):
            found = self.candidates(now, rng, f"round {number}")
            gains = [one.gain(one.new if c.corrective else one.top) for one in found]
            spent = sum(one.spent for one in found)
            if max(gains) <= c.tol:
                why = f"no unit gains more than {c.tol:g}"
                break
            fits = [(one.fit_new(), gain) for one, gain in zip(found, gains) if gain > c.tol]
            best, gain = min(fits, key=lambda fit: fit[0].objective)
            best = best.fit_all() if c.corrective else best
            facts = {"layer": best.units[-1].layer, "gain": gain, "units": [*widths(best.units)],
                     "loss_before": now.smooth(now.w)[0], "loss_after": best.smooth(best.w)[0]}
            yield self.told(task, best, "grow", "units that pay", f"round {number} adds {best.new}, up to layer "
                            f"{facts['layer']}, with a gain of {gain:.3g}; the objective fell from {now.objective:.4f} "
                            f"to {best.objective:.4f}", facts, spent)
            now, spent = best, 0
        now = now.fit_all()
        yield self.told(task, now, "fit", "the strengths of all units", f"{why}; {np.count_nonzero(now.w)} of "
                        f"{len(now.w)} strengths are not 0, objective {now.objective:.4f}",
                        {"units": [*widths(now.units)]}, spent)
        return now

    def told(self, task: Task, now: Growing, box: str, title: str, sentence: str, facts, spent: int) -> Step:
        """A Step whose picture is of the strengths; its multiply-adds are those of all candidates, not of the fit."""
        strengths = Flat.of({"strengths": now.w[:, None]}, np.float64)
        solved = now.solved and Result(now.solved, multiply_adds=spent)
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
