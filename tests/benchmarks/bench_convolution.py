"""Forward and backward of a small convolutional network in float64, against its own bare matrix products and PyTorch.

    OPENBLAS_NUM_THREADS=1 python tests/benchmarks/bench_convolution.py

28 x 28 images, 16 and 32 filters of 5 x 5, each pooled, 64 dense units, 10 outputs, batches of 128.  Times are CPU
times of this process, the best of several rounds taken in turn, so that the ratios hold on a busy machine.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import importlib.util
import time

import numpy as np

from den_ref.core.convolution import (
    Convolution, convolution_backward, convolution_forward, max_pool_backward, max_pool_forward)
from den_ref.core.layers import affine_backward, affine_forward, relu_backward, relu_forward

BATCH, STEPS, ROUNDS = 128, 3, 25
LAYERS = (Convolution(28, 28, size=5, pool=True), Convolution(12, 12, size=5, pool=True))
#: Of the matrices, lowest first.
SHAPES = ((25, 16), (400, 32), (512, 64), (64, 10))


def network(rng):
    return ([rng.normal(size=shape) / np.sqrt(shape[0]) for shape in SHAPES], [np.zeros(n) for _, n in SHAPES])


def maps(rng=None):
    """Per convolution its patches, what its filters give, and what its pool leaves."""
    fill = rng.normal if rng else lambda size: np.empty(size)
    windows = [BATCH * np.prod(layer.maps) for layer in LAYERS]
    return [(fill(size=(n, rows)), fill(size=(BATCH, n // BATCH * filters)),
             fill(size=(BATCH, layer.out_height * layer.out_width * filters)))
            for n, layer, (rows, filters) in zip(windows, LAYERS, SHAPES)]


def ours(rng):
    """A function that goes up and down once."""
    x, dlogits, buffers = rng.normal(size=(BATCH, 784)), rng.normal(size=(BATCH, 10)), maps()
    weights, biases = network(rng)
    below = [False, np.empty_like(buffers[0][2]), np.empty_like(buffers[1][2])]       # what comes down to each layer

    def step():
        h, caches = x, []
        for layer, w, b, (windows, a, pooled) in zip(LAYERS, weights, biases, buffers):
            a, cache = convolution_forward.inner(h, w, b, layer, out=a, windows=windows)
            h, pool = max_pool_forward.inner(a, layer, out=pooled)
            relu_forward.inner(h, out=h)
            caches.append((cache, pool, h))
        a, dense = affine_forward.inner(h, weights[2], biases[2])
        h, _ = relu_forward.inner(a, out=a)
        _, head = affine_forward.inner(h, weights[3], biases[3])
        dh, *_ = affine_backward.inner(dlogits, head)
        dh, *_ = affine_backward.inner(relu_backward.inner(dh, h, out=dh), dense, out=(below[2], None, None))
        for (cache, pool, h), dx in zip(reversed(caches), reversed(below[:2])):
            da = max_pool_backward.inner(relu_backward.inner(dh, h, out=dh), pool, out=pool[0])
            dh, *_ = convolution_backward.inner(da, cache, out=(dx, None, None))

    return step


def products(rng):
    """The matrix products of one step, and nothing else."""
    weights, _ = network(rng)
    inputs = [windows for windows, _, _ in maps(rng)] + [rng.normal(size=(BATCH, n)) for n in (512, 64)]
    outputs = [np.empty((len(x), w.shape[1])) for x, w in zip(inputs, weights)]
    dinputs, grads = [np.empty_like(x) for x in inputs], [np.empty_like(w) for w in weights]

    def step():
        for x, w, out in zip(inputs, weights, outputs):
            np.matmul(x, w, out=out)
        for l, (x, w, out) in enumerate(zip(inputs, weights, outputs)):
            np.matmul(x.T, out, out=grads[l])
            if l:
                np.matmul(out, w.T, out=dinputs[l])

    return step


def pytorch(rng):
    """The same network by PyTorch, whose images are channel by channel."""
    import torch

    torch.set_num_threads(1)
    nn, x = torch.nn, torch.from_numpy(rng.normal(size=(BATCH, 1, 28, 28)))
    net = nn.Sequential(nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 5), nn.ReLU(),
                        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 64), nn.ReLU(), nn.Linear(64, 10)).double()
    dlogits = torch.from_numpy(rng.normal(size=(BATCH, 10)))

    def step():
        net.zero_grad()
        net(x).backward(dlogits)

    return step


def measure(contestants=(ours, products, pytorch)) -> dict:
    """CPU seconds per step: the best round of each."""
    steps = {make.__name__: make(np.random.default_rng(0)) for make in contestants}
    best = dict.fromkeys(steps, float("inf"))
    for _ in range(ROUNDS):
        for name, step in steps.items():
            started = time.process_time()
            for _ in range(STEPS):
                step()
            best[name] = min(best[name], (time.process_time() - started) / STEPS)
    return best


if __name__ == "__main__":
    times = measure((ours, products, pytorch) if importlib.util.find_spec("torch") else (ours, products))
    print({name: f"{1e3 * t:.1f} ms" for name, t in times.items()})
    print({f"over {name}": round(times["ours"] / t, 2) for name, t in times.items() if name != "ours"})
