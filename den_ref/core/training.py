"""Mini-batch training of a Problem: batches, step schedule, early stopping, certificate."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from den_ref.doors import Whole, door, inner
from den_ref.protocol import Progress, no_progress
from den_ref.settings import Settings, at_least, integer, one_of, option

from .adam import Moments, ProximalAdam, ProximalSGD
from .flat import Flat
from .problem import Loss, Problem
from .result import Result


@dataclass(frozen=True)
class Training(Settings):
    """Options of every method that trains with mini-batches."""

    optimiser: str = option("adam", "proximal Adam, or proximal SGD with averaged gradient", one_of("adam", "sgd"))
    step: float = option(1e-3, "learning rate at the start of a solve", at_least(0, above=True))
    step_end: float = option(0.05, "share of the learning rate left at the end of its cosine decay", at_least(0))
    batch: int = option(128, "samples per mini-batch", integer(1))
    patience: int = option(4, "epochs without a better validation loss before a solve stops", integer(1))
    eps: float = option(1e-8, "Adam: added to the root of the second moment", at_least(1e-30))
    beta1: float = option(0.9, "Adam and SGD: decay of the averaged gradient", at_least(0, below=1))
    beta2: float = option(0.999, "Adam: decay of the averaged squared gradient", at_least(0, below=1))
    dtype: str = option("float32", "precision of the weights", one_of("float32", "float64"))


def cosine(k: int, total: int, start: float, end_share: float) -> float:
    """Step of iteration k = 0..total-1: start * (end_share + (1 - end_share) * (1 + cos(pi k / total)) / 2)."""
    return start * (end_share + (1 - end_share) * (1 + math.cos(math.pi * k / total)) / 2)


class BestSoFar:
    """Early stopping: the weights with the lowest validation loss, and how long ago they were seen."""

    def __init__(self, validation: Loss | None, patience: int):
        self.validation, self.patience = validation, patience
        self.loss, self.vector, self.epoch, self.age = math.inf, None, 0, 0

    def look(self, w: Flat, epoch: int) -> float:
        """Measure w, keep it if it is the first or strictly the best; the loss (nan without validation data)."""
        if self.validation is None:
            self.vector, self.epoch = w.vector, epoch
            return math.nan
        loss = inner(self.validation.value)(w)
        self.age += 1
        if loss < self.loss or self.vector is None:
            self.loss, self.vector, self.age = min(self.loss, loss), w.vector.copy(), 0    # a nan leaves infinity
            self.epoch = epoch
        return loss

    @property
    def tired(self) -> bool:
        return self.age >= self.patience


@door
def train(problem: Problem, options: Training, epochs: Whole(0), rng: np.random.Generator, *,
          validation: Loss | None = None, start_competes: bool = True,
          label="", progress: Progress = no_progress, watch: Callable[[Flat], None] = lambda w: None,
          each_iteration: Callable[[Flat, Flat, Flat], None] | None = None, moments: Moments | None = None) -> Result:
    """Solve a non-convex problem with mini-batches; the best weights on validation data are returned.

    Parameters
    ----------
    problem : Problem
    options : Training
    epochs : int
        Passes over the data at most; 0 returns the start.
    rng : numpy.random.Generator
        Orders the batches.
    validation : Loss, optional
        Without it the last weights are returned and nothing stops early.
    start_competes : bool
        Whether the start itself may be the best (Eq. 4 and 6), or not (Eq. 2 and 5).
    label, progress
        What to call the solve, and whom to tell after every epoch.
    watch : callable
        Is shown the weights, at the start and after every epoch; it may copy them, not change or keep them.
    each_iteration : callable, optional
        ``each_iteration(gradient, before, after)`` after every step, three Flats of the start's layout: ``before`` and
        ``after`` the weights around the step, ``gradient`` that of the *data loss alone* on the step's batch, at
        ``before``, for all weights, held ones included: without penalty, momentum, step size or zero pattern, all of
        which are in ``after - before``.  ``gradient`` and ``before`` are copies made for it, which it may keep and
        change; ``after`` is the vector that training goes on with: copy what is to be kept, change nothing.
        Synaptic intelligence sums  -gradient * (after - before).
    moments : Moments, optional
        What the optimiser remembers from before, of the start's layout; it is changed to what it remembers after the
        last iteration.  By default it remembers nothing.

    Returns
    -------
    Result
        ``x`` is a Flat, with its ``prox_residual``: the weights after epoch ``best_epoch``, 0 for the start.
        ``history`` has per epoch: "loss" (mean of its batches), "penalty", "validation"; where the start competes,
        ``start_validation`` is its validation loss.  ``multiply_adds``: of all epochs, if the loss counts its own.
    """
    w, grad = problem.start.copy(), problem.start.like()
    optimiser = _optimiser(problem, w, grad, options, moments)
    value_and_gradient = inner(problem.loss.value_and_gradient)
    best = BestSoFar(validation, options.patience)
    history = {"loss": [], "penalty": [], "validation": []}
    at_start = {}
    if start_competes or not epochs:
        loss = best.look(w, 0)
        at_start = {} if validation is None else {"start_validation": loss}
    watch(w)
    for epoch in range(1, epochs + 1):
        batches, total = problem.loss.batches(rng, options.batch), 0.0
        for k, batch in enumerate(batches, (epoch - 1) * len(batches)):
            total += value_and_gradient(w, grad, batch)
            seen = (grad.copy(), w.copy()) if each_iteration else None       # the update writes into both
            optimiser.update(cosine(k, epochs * len(batches), options.step, options.step_end))
            if seen:
                each_iteration(*seen, w)
        history["loss"].append(total / len(batches))
        history["penalty"].append(inner(problem.penalty)(w))
        history["validation"].append(best.look(w, epoch))
        progress(label, epoch, epochs, history["validation"][-1])
        watch(w)
        if best.tired:
            break
    return _result(problem, w.like(best.vector), history, epochs, best, at_start)


def _optimiser(problem, w, grad, options, moments):
    if options.optimiser == "sgd":
        return ProximalSGD(problem, w, grad, options.beta1, moments)
    return ProximalAdam(problem, w, grad, options.beta1, options.beta2, options.eps, moments)


def _result(problem, w, history, epochs, best, at_start) -> Result:
    """The best weights with their certificate.  Mini-batch training promises none, so it does not warn."""
    done = len(history["loss"])
    messages = {1: f"all {epochs} epochs done", 2: f"no better validation loss for {best.patience} epochs"}
    if done and not best.epoch:
        messages = dict.fromkeys(messages, "kept as it was: no epoch was better")
    status, fun = 2 if best.tired else 1, problem.objective(w)
    odd = "" if math.isfinite(fun) else f"the objective is {fun}"
    odd = odd or ("" if np.isfinite(w.vector).all() else "a weight is infinite")       # a unit that is off hides it
    counted = {"multiply_adds": done * problem.loss.multiply_adds} if hasattr(problem.loss, "multiply_adds") else {}
    message = f"diverged: {odd}; a smaller learning rate (option step) may help" if odd else messages[status]
    return Result(x=w, fun=fun, nit=done, success=not odd, status=3 if odd else status, message=message,
                  prox_residual=problem.prox_residual(w), history=history, best_epoch=best.epoch, **at_start, **counted)
