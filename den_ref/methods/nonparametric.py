"""Nonparametric networks: units are added while a task is learnt, and a penalty takes away those that earn nothing.

    minimise over widths and weights   L_t(W; D_t) + lam sum over layers l and units j of norm(W_l[:, j])

The head is penalised too.  A unit with incoming or outgoing weights 0 is a *zero unit*: it may come or go and the
network computes what it did.  New units have outgoing weights 0; the penalty makes incoming weights 0, and the unit is
deleted.  Hidden units go through CapNorm (``shared/capnorm``), all weights move by AdaRad (``shared/adarad``).  Source:
Philipp and Carbonell 2017.  Ours is what the paper's text leaves open: a free bias of every output and its step, the
bounds of a step, statistics of all training samples at the end, when the angular step is cut, and which epoch is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from den_ref.core import mlp
from den_ref.core.flat import Flat
from den_ref.core.losses import LOSSES
from den_ref.core.penalties import GroupLasso
from den_ref.core.result import MESSAGES, Result
from den_ref.describe import Box, Formula, Look, Space, choice, log_uniform
from den_ref.doors import inner
from den_ref.protocol import COMPARED, Task
from den_ref.settings import Settings, at_least, integer, one_of, option

from .shared.adarad import AdaRad
from .shared.capnorm import folded, network_backward, network_forward
from .shared.network import task_rng
from .stl import STL, Own

#: When what is measured stops falling the angular step is divided by CUT; the next time after CUTS cuts is the end.
CUT, CUTS = 3, 3
#: Step of the output biases: 1 over the curvature of the sigmoid loss, at most 1/4; that of the softmax is at most 1/2,
#: where longer steps than this one could diverge.
BIAS_STEP = 4



@dataclass(frozen=True)
class NonparametricConfig(Settings):
    """Options of nonparametric networks.  The steps are the paper's; of beta and eps its text says nothing."""

    hidden: tuple[int, ...] = option((10, 10), "units per hidden layer at the start", integer(1, many=True))
    lam: float = option(1e-3, "strength of the norm of every unit's incoming weights", at_least(0, above=True))
    add: int = option(1, "units added to every hidden layer before every epoch of growth", integer(0))
    lifetime: float = option(50.0, "epochs in which a unit of length 1 dies that no gradient holds: the radial step is "
                             "1 / (lifetime lam)", at_least(0, above=True))
    step: float = option(30.0, "angular step at the start", at_least(0))
    beta: float = option(0.05, "share of the new one in an averaged squared gradient", at_least(0, above=True, below=1))
    eps: float = option(1e-8, "added to the averaged squared gradient", at_least(1e-30))
    batch: int = option(128, "samples per mini-batch", integer(1))
    patience: int = option(5, "epochs without a better validation loss before growth ends, or the step is divided by 3",
                           integer(1))
    epochs: int = option(100, "epochs of growth at most", integer(0))
    epochs_shrink: int = option(200, "epochs after growth at most", integer(0))
    start: str = option("random", "a new task's hidden layers: random, or the last task's", one_of("random", "last"))
    dtype: str = option("float32", "precision of the weights", one_of("float32", "float64"))


def box(note: str, options: tuple[str, ...], why: str) -> Box:
    """What is known of either box: both minimise the same, and are pictured by how many units there are."""
    formula = "minimise  L(W; D_t) + λ Σ_l Σ_j ‖W_{l,·j}‖"
    return Box(Formula(formula, note, options, "den_ref/methods/nonparametric.py"), ("widths", "solve"),
               per_layer=("added", "removed"), why=why)


class Nonparametric(STL):
    """A network of its own for every task, as in STL, of a size that is found while it is learnt.

    An older task keeps its network, with its own mean and deviation of every unit in it: later tasks change nothing.
    """

    name = "nonparametric"
    Config = NonparametricConfig
    fixed = ("hidden", "dtype")
    title = "nonparametric"
    family = COMPARED
    look = Look("#17BECF", "-", "h")
    space = Space({"lam": 1e-3, "step": 30.0},
                  {"lam": log_uniform(1e-5, 1e-2), "step": choice(3.0, 10.0, 30.0), "batch": choice(32, 64, 128),
                   "add": choice(1, 2), "patience": choice(3, 5, 10), "start": choice("random", "last")})
    explained = {
        "grow": box("Free: all weights, and how many units there are; new ones come with outgoing weights 0. Norms: of "
                    "all that comes into one unit.", ("lam", "add", "step"), "How many units does the task want?"),
        "shrink": box("Free: all weights; no unit comes any more. Kept: the epoch of the least sum with the loss on "
                      "validation data.", ("lam", "step"), "How many of them earn what they cost?"),
    }
    slow = True

    @property
    def n_inputs(self) -> int | None:
        return self.networks[-1]["W1"].shape[0] if self.kept and self.config.start == "last" else None

    def boxes(self, task: Task):
        growing = Growing(task, self.config, self.start(task), task_rng(self.seed, task.id))
        for box, title, epochs in (("grow", "units come and go", self.config.epochs),
                                   ("shrink", "units only go", self.config.epochs_shrink)):
            before = growing.network()
            solve = growing.train(epochs, box == "grow", lambda *told: self.progress(f"{self.name}, {box}", *told))
            had, units = widths(before), widths(solve.x)
            added = [solve.nit * self.config.add if box == "grow" else 0] * len(had)
            removed = [n + came - left for n, came, left in zip(had, added, units)]
            yield self.step(task, box, title, f"{in_words(had)} units became {in_words(units)} in {solve.nit} epochs, "
                            f"{in_words(added)} came and {in_words(removed)} went; {solve.message}", before=before,
                            after=solve.x, solve=solve, facts={"added": added, "removed": removed, "units": [*units]})
        self.kept[task.id] = Own(solve.x, task.loss)

    def start(self, task: Task) -> list[np.ndarray]:
        """Random units of expected length 1 in every layer, or hidden layers of the last task below a random head."""
        rng = task_rng(self.seed, task.id)
        hidden = [] if self.n_inputs is None else mlp.layers_of(self.networks[-1])[0]
        sizes = [task.n_inputs, *([W.shape[1] for W in hidden] or self.config.hidden), task.n_outputs]
        new = [*pairwise(sizes)][len(hidden):]
        return hidden + [random_units(rng, n_in, count, self.config.dtype) for n_in, count in new]


class Growing:
    """A network in training, from which units go after every batch and to which others come.

    ``weights`` are [W_1, ..., W_m, V], new arrays after every step; ``bias`` is the outputs'.
    """

    def __init__(self, task: Task, config: NonparametricConfig, weights: list[np.ndarray], rng):
        dtype = np.dtype(config.dtype)
        self.config, self.rng, self.weights, self.bias = config, rng, weights, np.zeros(task.n_outputs, dtype)
        self.x, self.y, self.loss = task.x_train.astype(dtype, copy=False), task.y_train, inner(LOSSES[task.loss])
        self.valid = (task.x_valid, task.y_valid) if len(task.x_valid) else (task.x_train, task.y_train)
        self.penalty, zeros = GroupLasso(config.lam), [np.zeros(w.shape[1], dtype) for w in weights]
        self.optimiser = AdaRad(config.lam, 1 / (config.lifetime * config.lam), config.step, config.beta, config.eps,
                                zeros, zeros.copy())
        self.multiply_adds = 0                                     # of passes with gradient

    def network(self) -> Flat:
        """What it is now, as a plain network with the statistics of all training samples."""
        return folded(self.weights, self.bias, self.x)

    def train(self, epochs: int, adding: bool, told: Callable[[int, int, float], None]) -> Result:
        """Growth until the validation loss no longer falls, or what follows; of the latter the best epoch is kept.

        The best is that of the least validation loss + penalty.  Without validation data, those of training are used.
        """
        history, kept, best, age, cuts = {}, self.network(), (np.inf, 0), 0, 0
        self.multiply_adds = epoch = 0
        for epoch in range(1, epochs + 1):
            if adding:
                self.grow()
            network, validation, penalty = self.measured_epoch(history)
            told(epoch, epochs, validation)
            measured, age = validation + (0 if adding else penalty), age + 1
            if measured < best[0]:
                kept, best, age = network, (measured, epoch), 0
            if age == self.config.patience:
                if adding or cuts == CUTS:
                    break
                self.optimiser.angular, cuts, age = self.optimiser.angular / CUT, cuts + 1, 0
        stopped = age == self.config.patience
        return self._result(self.network() if adding else kept, history, epoch, epoch if adding else best[1], stopped)

    def measured_epoch(self, history: dict[str, list]) -> tuple[Flat, float, float]:
        """An epoch, told in the history: the network after it, its validation loss and its penalty."""
        loss, network = self.epoch(), self.network()
        penalty, validation = self.norms(network), self.loss_of(network, *self.valid)
        for name, value in {"loss": loss, "penalty": penalty, "validation": validation,
                            "widths": widths(network)}.items():
            history.setdefault(name, []).append(value)
        return network, validation, penalty

    def _result(self, network: Flat, history, nit: int, best_epoch: int, stopped: bool) -> Result:
        fun = self.loss_of(network, self.x, self.y) + self.norms(network)
        status = 3 if not np.isfinite(fun) or not np.isfinite(network.vector).all() else 2 if stopped else 1
        message = {1: "all epochs done", 2: f"no better validation loss for {self.config.patience} epochs"}
        return Result(x=network, fun=fun, nit=nit, success=status != 3, status=status, history=history,
                      message=message.get(status, MESSAGES[3]), best_epoch=best_epoch, multiply_adds=self.multiply_adds)

    def epoch(self) -> float:
        """One pass over the samples in batches of nearly the same size; the mean loss of its batches."""
        n, total = len(self.x), 0.0
        for rows in np.array_split(self.rng.permutation(n), -(-n // self.config.batch)):
            logits, cache = network_forward(self.weights, self.bias, self.x[rows])
            loss, dlogits = self.loss(logits, self.y[rows])
            share = len(rows) / n
            total += loss * share
            gradients, slope = network_backward((dlogits * share).astype(self.x.dtype), self.weights, cache)
            self.multiply_adds += len(rows) * (3 * sum(w.size for w in self.weights) - self.weights[0].size)
            self.weights = self.optimiser.step(self.weights, gradients, share)
            self.bias = self.bias - BIAS_STEP * slope
            self.shrink()
        return total

    def grow(self) -> None:
        """New units in every hidden layer."""
        self.weights = with_zero_units(self.weights, self.config.add, self.rng)
        self.optimiser.add(self.config.add)

    def shrink(self) -> None:
        """Away with the units that the penalty has made deaf, and with what AdaRad knows of them."""
        self.weights, kept = without_zero_units(self.weights)
        self.optimiser.keep(kept)

    def norms(self, network: Flat) -> float:
        """The penalty of a network."""
        return sum(inner(self.penalty.value)(W) for W in network.views.values() if W.ndim == 2)

    def loss_of(self, network: Flat, x, y) -> float:
        """Its mean loss over samples."""
        return self.loss(mlp.scores.inner(x.astype(self.x.dtype, copy=False), *mlp.unpack(network)), y)[0]


def random_units(rng, n_in: int, count: int, dtype) -> np.ndarray:
    """Incoming weights (n_in, count) of random direction, of squared length 1 on average."""
    return (rng.normal(size=(n_in, count)) / np.sqrt(n_in)).astype(dtype)


def with_zero_units(weights: Sequence[np.ndarray], count: int, rng) -> list[np.ndarray]:
    """The same function with ``count`` more units at the end of every hidden layer, whose outgoing weights are 0.

    ``weights`` are [W_1, ..., W_m, V], W_l (n_{l-1}, n_l).  A new unit hears the old ones below; what it hears of those
    that come with it begins at 0, as all that they say.
    """
    weights = list(weights)
    for l in reversed(range(len(weights) - 1)):
        W, above = weights[l:l + 2]
        weights[l] = np.hstack([W, random_units(rng, len(W), count, W.dtype)])
        weights[l + 1] = np.vstack([above, np.zeros((count, above.shape[1]), W.dtype)])
    return weights


def without_zero_units(weights: Sequence[np.ndarray]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The same function without hidden units whose incoming weights are 0; a layer keeps one.  And who stays.

    Returns
    -------
    weights : list of arrays
    kept : list of index arrays, one per hidden layer
    """
    weights, kept = list(weights), []
    for l, W in enumerate(weights[:-1]):
        heard = W.any(axis=0)
        kept.append(np.flatnonzero(heard) if heard.any() else np.arange(1))
        if not heard.all():
            weights[l], weights[l + 1] = weights[l][:, kept[-1]], weights[l + 1][kept[-1]]
    return weights, kept


def widths(network: Flat) -> tuple[int, ...]:
    """Units per hidden layer."""
    return tuple(network[f"b{l}"].size for l in range(1, mlp.depth(network) + 1))


def in_words(counts) -> str:
    """Numbers per layer: "12-7"."""
    return "-".join(map(str, counts))
