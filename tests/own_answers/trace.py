"""den_ref's own answer to ``den_trace``: DEN itself, from given numbers, with every solve a few ISTA steps.

Algorithm 1 runs as it is (``DEN.steps``).  Only the two seams of its stages are used: ``draw`` and ``solve``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from den_ref.core.result import Result
from den_ref.core.solvers import ista_step
from den_ref.den import DEN, DENConfig
from den_ref.den.network import Network
from den_ref.den.stage import Stage
from den_ref.den.surgery import append_units
from den_ref.protocol import Step, Task

from .networks import fields_of, network_of

#: The readings of the case, whatever the defaults are.
READINGS = {
    "weight_decay": 0.0, "eq4_norm": "squared", "dense_selection": False, "gamma_scaling": "none",
    "loss_split": "train", "prune": True, "undo_worse_expansion": False, "split": "always",
    "anchor_before_split": "eq6", "drift": "absolute", "max_splits": None, "split_original": "retire", "eq6": "all",
    "dtype": "float64"}


@dataclass
class FullBatch(Stage):
    """A stage that draws ``given``, one array after the other, and solves by ``steps`` ISTA steps on all samples."""

    given: Iterator[np.ndarray] = iter(())
    step_length: float = 0.0
    steps: int = 0

    def draw(self, n_in, shape, scale=1.0) -> np.ndarray:
        return next(self.given)

    def solve(self, problem, validation, epochs, **how) -> Result:
        w, penalty = problem.start.vector, problem.vector_penalty()
        for _ in range(self.steps):
            w = ista_step(w, problem.smooth(w)[1], penalty, self.step_length)
        end = problem.start.like(w)
        return Result(x=end, fun=problem.objective(end), nit=self.steps, prox_residual=problem.prox_residual(end),
                      success=True, status=0, message="done", history={})


class GivenDEN(DEN):
    """DEN from given numbers: the first network, its head, and what the new units start with at every later stage."""

    def __init__(self, config: DENConfig, start: Network, head, new_weights, new_head, **solves):
        super().__init__(config)
        self.start, self.head, self.new_weights, self.new_head = start, head, new_weights, new_head
        self.solves = solves

    def stage(self, task: Task) -> FullBatch:
        t, previous = len(self.tasks) + 1, self.network if self.tasks else self.start
        given = self.later_draws(t, previous) if self.tasks else iter([self.head])
        return FullBatch(t, task, self.config, self.rng, previous, birth=self.birth, given=given, **self.solves)

    def later_draws(self, t: int, previous: Network) -> Iterator[np.ndarray]:
        """What Algorithm 3 draws: new units' weights from the units below that t sees, and their rows in the head."""
        grown = append_units(previous, [self.config.k] * len(previous.widths), t)
        yield from (w[below] for w, below in zip(self.new_weights, grown.visible(t)))
        yield self.new_head


def den_trace(x, y, weights, biases, head, head_bias, new_weights, new_head, step, steps, **options) -> dict:
    """The state after every box, under the names of the case."""
    if np.any(head_bias):
        raise ValueError(f"head_bias: expected 0, where Algorithm 1 starts a head's bias, got {head_bias}")
    config = DENConfig(hidden=tuple(map(len, biases)), **READINGS,
                       **{name: np.asarray(value).tolist() for name, value in options.items()})
    den = GivenDEN(config, network_of(weights, biases), head, new_weights, new_head, step_length=step, steps=steps)
    told = {}
    for t, (inputs, labels) in enumerate(zip(x, y), 1):
        for done in den.steps(Task(t, inputs, labels, inputs[:0], labels[:0], n_outputs=labels.shape[1])):
            told |= {f"t{t}_{done.box}_{name}": value for name, value in fields_of_box(done).items()}
    return told | {"end_logits": [den.scores(t, inputs) for t, inputs in enumerate(x, 1)]}


def fields_of_box(done: Step) -> dict:
    """What is told of a box."""
    everything = fields_of(done.after)
    state = {name: everything[name] for name in ("weights", "biases", "heads", "head_biases")}
    if done.box == "loss":
        return {"value": done.facts["loss"], "expand": done.facts["expand"]}
    if done.box == "select":
        return {"selected": per_layer(done, "selected", 0)}
    if done.box == "prune":
        return {"useless": per_layer(done, "removed")} | state
    if done.box == "split":
        lifetimes = {name: everything[name] for name in ("introduced", "retired")}
        return {"rho": per_layer(done, "drift"), "split": per_layer(done, "split")} | lifetimes | state
    return state


def per_layer(done: Step, name: str, first: int = 1) -> list:
    """The arrays name/first, name/(first + 1), ... of a Step."""
    return [done.arrays[f"{name}/{l}"] for l in range(first, len(done.after.widths) + 1)]
