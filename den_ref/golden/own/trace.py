"""den_ref's own answer to ``den_trace``: the boxes of ``den``, with every solve a few proximal gradient steps.

The generators of Algorithms 2 and 4 run as they are.  Where Algorithms 1 and 3 draw random numbers, the given ones are
put in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from den_ref.core import mlp
from den_ref.core.result import Result
from den_ref.core.solvers import ista_step
from den_ref.den.config import DENConfig
from den_ref.den.equations import eq2
from den_ref.den.expansion import remove_useless, train_new_units
from den_ref.den.network import Network, Subnetwork, extract, insert
from den_ref.den.selective import selective_retraining
from den_ref.den.splitting import split_and_duplicate
from den_ref.den.stage import Stage
from den_ref.den.surgery import append_units
from den_ref.protocol import Step, Task
from den_ref.golden.networks import fields_of, network_of


@dataclass
class FullBatch(Stage):
    """A stage whose solves are ``steps`` steps of ISTA of length ``step`` on all samples."""

    step_length: float = 0.0
    steps: int = 0

    def solve(self, problem, validation, equation, start_competes, watch=None) -> Result:
        w, penalty = problem.start.vector, problem.vector_penalty()
        for _ in range(self.steps):
            w = ista_step(w, problem.smooth(w)[1], penalty, self.step_length)
        end = problem.start.like(w)
        return Result(x=end, fun=problem.objective(end), nit=self.steps, residual=problem.residual(end),
                      success=True, status=0, message="done", history={})


#: The readings of the case, whatever the defaults are.
READINGS = {
    "weight_decay": 0.0, "eq4_norm": "squared", "dense_selection": False, "gamma_scaling": "none",
    "loss_split": "train", "prune": True, "undo_worse_expansion": False, "split": "always",
    "anchor_before_split": "eq6", "drift": "absolute", "max_splits": None, "split_original": "retire", "eq6": "all",
    "dtype": "float64"}


def den_trace(x, y, weights, biases, head, head_bias, new_weights, new_head, step, steps, **options) -> dict:
    """The state after every box, under the names of the case."""
    config = DENConfig(hidden=tuple(map(len, biases)), **{name: _plain(value) for name, value in options.items()},
                       **READINGS)
    network, told = network_of(weights, biases, heads=[head], head_biases=[head_bias], head_stages=[1]), {}
    for t, (inputs, labels) in enumerate(zip(x, y), 1):
        task = Task(t, inputs, labels, inputs[:0], labels[:0], n_outputs=labels.shape[1])
        stage = FullBatch(t, task, config, None, network, birth=network, step_length=step, steps=steps)
        boxes = first_stage(network, stage) if t == 1 else later_stage(network, stage, new_weights, new_head)
        for done in boxes:
            told |= {f"t{t}_{done.box}_{name}": value for name, value in fields_of_box(done).items()}
            network = done.after
    return told | {"end_logits": [network.scores(t, inputs) for t, inputs in enumerate(x, 1)]}


def first_stage(network: Network, stage: FullBatch):
    """Algorithm 1 at t = 1, from the given head."""
    head = network.heads[0]
    sub = extract(network, network.visible(1), head)
    start = mlp.pack(sub.weights, sub.biases, sub.head, sub.head_bias, network.dtype)
    result = stage.solve(eq2(start, stage.losses(start)[0], stage.config), None, 2, False)
    network = insert(network, Subnetwork(sub.units, *mlp.unpack(result.x)), head)
    yield stage.step("eq2", "Eq. 2", "", None, network)
    yield from remove_useless(network, stage, "removal")


def later_stage(network: Network, stage: FullBatch, new_weights, new_head):
    """Algorithm 1 at t > 1."""
    network = yield from selective_retraining(network, stage)
    loss = stage.loss(network)
    expand = loss > stage.config.tau
    yield stage.step("loss", "L_t", "", network, network, facts={"value": loss, "expand": expand})
    if expand:
        network, _ = train_new_units(given_start(network, stage, new_weights, new_head), stage)
        yield stage.step("eq5", "Eq. 5", "", None, network)
        network = yield from remove_useless(network, stage, "removal")
    yield from split_and_duplicate(network, stage)


def given_start(network: Network, stage: FullBatch, new_weights, new_head) -> Network:
    """New units with the given numbers where Algorithm 3 would draw them."""
    k = stage.config.k
    grown = append_units(network, [k] * len(network.widths), stage.t)
    weights, head = [w.copy() for w in grown.weights], grown.head_of(stage.task.id)
    for w, new, rows in zip(weights, new_weights, grown.visible(stage.t)):
        w[rows, -k:] = new[rows]
    return replace(grown, weights=weights).with_head(replace(head, weights=np.vstack([head.weights[:-k], new_head])))


def fields_of_box(done: Step) -> dict:
    """What is told of a box."""
    everything = fields_of(done.after)
    state = {name: everything[name] for name in ("weights", "biases", "heads", "head_biases")}
    if done.box == "loss":
        return dict(done.facts)
    if done.box == "select":
        return {"selected": _listed(done, "selected", 0)}
    if done.box == "prune":
        return {"useless": _listed(done, "removed")} | state
    if done.box == "split":
        lifetimes = {name: everything[name] for name in ("introduced", "retired")}
        return {"rho": _listed(done, "drift"), "split": _listed(done, "split")} | lifetimes | state
    return state


def _listed(done: Step, name: str, first: int = 1) -> list:
    """The arrays name/first, name/(first + 1), ... of a Step."""
    layers = range(first, len(done.after.widths) + 1)
    return [done.arrays[f"{name}/{l}"] for l in layers]


def _plain(value):
    """An array as the list that options take."""
    return tuple(value.tolist()) if isinstance(value, np.ndarray) else value
