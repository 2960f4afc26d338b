"""Real runs of DEN on small random data, kept for all tests that look at them."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from den_ref.den import DEN, DENConfig
from den_ref.protocol import Task

N_INPUTS = 5

#: Quick solves that still move everything: large steps, few epochs.
QUICK = dict(step=0.02, batch=20, epochs_eq2=8, epochs_eq4=4, epochs_eq5=4, epochs_eq6=2, mu=2e-3, mu_head=5e-3,
             lam=0.01, tau=0.0, k=3, gamma=1e-3, init_scale=0.5, drift="absolute", sigma=0.05, anchor_before_split="eq6")


def random_task(number, dtype="float32", n=40, valid=0, outputs=1, loss="sigmoid", n_inputs=N_INPUTS,
                image=None) -> Task:
    """Labels from a random network: there is something to learn.  Without validation data no solve stops early."""
    rng, n_inputs = np.random.default_rng([7, number]), n_inputs if image is None else int(np.prod(image))
    x = rng.normal(size=(n + valid, n_inputs)).astype(dtype)
    logits = np.maximum(x @ rng.normal(size=(n_inputs, 6)), 0) @ rng.normal(size=(6, outputs))
    y = logits.argmax(axis=1) if loss == "softmax" else (logits > np.median(logits, axis=0)).astype(dtype)
    return Task(f"task {number}", x[:n], y[:n], x[n:], y[n:], loss=loss, n_outputs=outputs, image=image)


def quick(hidden, kind=DENConfig, **options) -> DENConfig:
    """Quick options of DEN or of an ablation, which keeps what it holds fixed."""
    free = {name: value for name, value in QUICK.items() if kind.__dataclass_fields__[name].metadata["check"](value) is None}
    return kind(hidden=hidden, **(free | options))


@dataclass(frozen=True)
class Run:
    """One learnt stream: the learner, its tasks, the network after each stage, all steps."""

    den: DEN
    tasks: list
    ends: list
    steps: list

    def of_stage(self, t: int, box: str):
        """The steps of one kind in one stage."""
        return [step for step in self.steps if step.stage == t and step.box == box]


@cache
def run(hidden=(5, 4), n_tasks=6, dtype="float32", valid=0, outputs=1, loss="sigmoid", seed=0, image=None,
        **options) -> Run:
    """Learn random tasks; the same arguments give the same run, learnt once."""
    den = DEN(quick(hidden, dtype=dtype, **options), seed)
    tasks = [random_task(t, dtype, valid=valid, outputs=outputs, loss=loss, image=image) for t in range(1, n_tasks + 1)]
    ends, steps = [], []
    for task in tasks:
        steps += den.learn(task)
        ends.append(den.network)
    return Run(den, tasks, ends, steps)
