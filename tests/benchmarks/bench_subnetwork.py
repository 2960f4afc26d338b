"""Eq. 4 on half the units of every layer, against Eq. 4 on all of them: selection is selective in cost as well.

    OPENBLAS_NUM_THREADS=1 python -m tests.benchmarks.bench_subnetwork

The network is 784-312-128-1 in float32 with a fifth of its edges 0; half the units of both hidden layers are
selected, all input features stay.  CPU times of one training step, best of several rounds taken in turn.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from den_ref.core import mlp
from den_ref.core.adam import ProximalAdam
from den_ref.den.algorithm import random_network
from den_ref.den.config import DENConfig
from den_ref.den.equations import eq4
from den_ref.den.network import Head, extract

from .in_turn import least_seconds

SAMPLES, BATCH, STEPS, ROUNDS = 10_000, 128, 30, 15


def retraining(share: float):
    """A function that does one step of Eq. 4 on this share of the units."""
    rng, config = np.random.default_rng(0), DENConfig(hidden=(312, 128))
    network = random_network(784, config, rng)
    for w in network.weights:
        w[rng.random(w.shape) < 0.2] = 0
    head = Head("task", 1, mlp.random_weights(rng, 128, 1, config.dtype), np.zeros(1, config.dtype))
    units = [np.arange(784), *(np.arange(int(n * share)) for n in network.widths)]
    sub = extract(network, units, head)
    start = mlp.pack(sub.weights, sub.biases, sub.head, sub.head_bias, config.dtype)
    x = rng.normal(size=(SAMPLES, 784)).astype(np.float32)
    y = (rng.random((SAMPLES, 1)) < 0.1).astype(np.float32)
    problem = eq4(start, mlp.DataLoss(start, x, y), config, sub.edges)
    w, grad = start.copy(), start.like()
    adam, batches = ProximalAdam(problem, w, grad), problem.loss.batches(rng, BATCH)

    def step(i):
        problem.loss.value_and_gradient(w, grad, batches[i])
        adam.update(1e-3)

    return step


def ratios() -> dict[str, dict[str, float]]:
    """What docs/performance.md states."""
    least = least_seconds({"half": retraining(0.5), "all": retraining(1.0)}, STEPS, ROUNDS)
    return {"subnetwork": {"half the units over all of them": least["half"] / least["all"]}}


if __name__ == "__main__":
    print(ratios())
