"""One proximal-Adam training step of 784-312-128-1 in float32, against its own bare matrix products and PyTorch.

    OPENBLAS_NUM_THREADS=1 python -m tests.benchmarks.bench_step

A step is everything that training does for one mini-batch: take its rows, forward, loss, backward, update, L1 prox on
every weight.  PyTorch does the same with its fused Adam, and without any prox.  Times are CPU times of this process,
the best of several rounds taken in turn, so that the ratios hold on a busy machine.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from den_ref.core import mlp
from den_ref.core.adam import ProximalAdam
from den_ref.core.penalties import L1
from den_ref.core.problem import Part, Problem

from .in_turn import least_seconds

SIZES, SAMPLES, STEPS, ROUNDS = (784, 312, 128, 1), 10_000, 30, 15


def data(rng):
    x = rng.normal(size=(SAMPLES, SIZES[0])).astype(np.float32)
    return x, (rng.random((SAMPLES, 1)) < 0.1).astype(np.float32)


def ours(rng, x, y, batch):
    """A function that does one step of ours."""
    weights = [mlp.random_weights(rng, a, b, np.float32) for a, b in zip(SIZES, SIZES[1:])]
    start = mlp.pack(weights[:-1], [np.zeros(n) for n in SIZES[1:-1]], weights[-1], np.zeros(1), np.float32)
    parts = [Part(name, L1(1e-4)) if name[0] in "WV" else Part(name) for name in start.shapes]
    problem = Problem(mlp.DataLoss(start, x, y), start, parts)
    w, grad = start.copy(), start.like()
    adam = ProximalAdam(problem, w, grad)
    batches = problem.loss.batches(rng, batch)

    def step(i):
        problem.loss.value_and_gradient(w, grad, batches[i])
        adam.update(1e-3)

    return step


def products(rng, x, y, batch):
    """The matrix products of one step, and nothing else."""
    w = [rng.normal(size=shape).astype(np.float32) for shape in zip(SIZES, SIZES[1:])]
    h = [rng.normal(size=(batch, n)).astype(np.float32) for n in SIZES]
    forward, delta, grad = ([np.empty_like(a) for a in arrays] for arrays in (h, h, w))

    def step(i):
        for l, weights in enumerate(w):
            np.matmul(h[l], weights, out=forward[l + 1])
        for l in reversed(range(len(w))):
            np.matmul(h[l].T, h[l + 1], out=grad[l])
            if l:
                np.matmul(h[l + 1], w[l].T, out=delta[l])

    return step


def torch_adam(rng, x, y, batch):
    """PyTorch's fused Adam on the same network, without any prox."""
    import torch

    torch.set_num_threads(1)
    layers = []
    for a, b in zip(SIZES, SIZES[1:]):
        layers += [torch.nn.Linear(a, b), torch.nn.ReLU()]
    net, loss = torch.nn.Sequential(*layers[:-1]), torch.nn.BCEWithLogitsLoss()
    adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    batches = torch.split(torch.from_numpy(rng.permutation(len(x))), batch)

    def step(i):
        adam.zero_grad()
        loss(net(x[batches[i]]), y[batches[i]]).backward()
        adam.step()

    return step


def ratios() -> dict[str, dict[str, float]]:
    """What docs/performance.md states."""
    found = {}
    for batch in (128, 256):
        rng = np.random.default_rng(0)
        x, y = data(rng)
        least = least_seconds({make.__name__: make(rng, x, y, batch) for make in (ours, products, torch_adam)},
                              STEPS, ROUNDS)
        found[f"step/{batch}"] = {"over its matrix products": least["ours"] / least["products"],
                                  "over PyTorch's fused Adam": least["ours"] / least["torch_adam"]}
    return found


if __name__ == "__main__":
    for name, row in ratios().items():
        print(name, {key: round(value, 2) for key, value in row.items()})
