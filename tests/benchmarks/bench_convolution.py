"""One training step of a convolutional network in float64, against its own bare matrix products and PyTorch.

    OPENBLAS_NUM_THREADS=1 python -m tests.benchmarks.bench_convolution

Images of 28 x 28, 16 and 32 filters of 5 x 5, 2 x 2 pooling after each, 64 dense units, one output, batches of 128.  A
step is everything that training does for one mini-batch: take its rows, forward, loss, backward, proximal Adam with L1
on every weight.  PyTorch does the same with its fused Adam, without any prox.  Times are CPU times of this process, the
best of several rounds taken in turn.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from math import prod

import numpy as np

from den_ref.core import chain
from den_ref.core.adam import ProximalAdam
from den_ref.core.mlp import DataLoss
from den_ref.core.penalties import L1
from den_ref.core.problem import Part, Problem
from den_ref.methods.shared.network import NetworkConfig, random_start
from den_ref.protocol import Task

from .in_turn import least_seconds

CONFIG = NetworkConfig(filters=(16, 32), hidden=(64,), kernel=5, stride=1, pool=True, dtype="float64")
IMAGE, BATCH, SAMPLES, STEPS, ROUNDS = (28, 28, 1), 128, 1280, 3, 12


def task(rng) -> Task:
    x, y = rng.normal(size=(SAMPLES, prod(IMAGE))), (rng.random((SAMPLES, 1)) < 0.1).astype(float)
    return Task("images", x, y, x[:0], y[:0], image=IMAGE)


def ours(rng, images: Task):
    """A function that does one step of ours."""
    start = random_start(images, [1], CONFIG, rng)
    weights = chain.hidden(start) + chain.heads(start)
    parts = [Part(W, L1(1e-4)) for W, _ in weights] + [Part(b) for _, b in weights]
    problem = Problem(DataLoss(start, images.x_train, images.y_train), start, parts)
    w, grad = start.copy(), start.like()
    adam, batches = ProximalAdam(problem, w, grad), problem.loss.batches(rng, BATCH)

    def step(i):
        problem.loss.value_and_gradient(w, grad, batches[i])
        adam.update(1e-3)

    return step


def products(rng, images: Task):
    """The matrix products of one step, and nothing else: as (rows, inner, columns) in the shapes that a layer has."""
    start = random_start(images, [1], CONFIG, rng)
    layers = [*start.convolutions, None, None]
    arrays = []
    for (W, _), layer in zip(chain.hidden(start) + chain.heads(start), layers, strict=True):
        n = BATCH * (prod(layer.maps) if layer else 1)
        below, above = (rng.normal(size=(n, size)) for size in start.shapes[W])
        arrays.append((below, start[W], above, *map(np.empty_like, (below, start[W], above))))

    def step(i):
        for l, (below, w, above, dbelow, dw, out) in enumerate(arrays):
            np.matmul(below, w, out=out)
            np.matmul(below.T, above, out=dw)
            if l:
                np.matmul(above, w.T, out=dbelow)

    return step


def torch_adam(rng, images: Task):
    """PyTorch's fused Adam on the same network, without any prox."""
    import torch

    torch.set_num_threads(1)
    relu, pool = torch.nn.ReLU, lambda: torch.nn.MaxPool2d(2)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(1, 16, 5), relu(), pool(), torch.nn.Conv2d(16, 32, 5), relu(), pool(), torch.nn.Flatten(),
        torch.nn.Linear(512, 64), relu(), torch.nn.Linear(64, 1)).double()
    loss, adam = torch.nn.BCEWithLogitsLoss(), torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
    x = torch.from_numpy(images.x_train.reshape(-1, 1, 28, 28))
    y = torch.from_numpy(images.y_train)
    batches = torch.split(torch.from_numpy(rng.permutation(len(x))), BATCH)

    def step(i):
        adam.zero_grad()
        loss(net(x[batches[i]]), y[batches[i]]).backward()
        adam.step()

    return step


def ratios() -> dict[str, dict[str, float]]:
    """What docs/performance.md and docs/convolution.md state."""
    rng = np.random.default_rng(0)
    images = task(rng)
    least = least_seconds({make.__name__: make(rng, images) for make in (ours, products, torch_adam)}, STEPS, ROUNDS)
    return {"convolution/128": {"over its matrix products": least["ours"] / least["products"],
                                "over PyTorch's fused Adam": least["ours"] / least["torch_adam"]}}


if __name__ == "__main__":
    for name, row in ratios().items():
        print(name, {key: round(value, 2) for key, value in row.items()})
