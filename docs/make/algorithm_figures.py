"""Write the pictures in docs/figures/algorithm: python -m docs.make.algorithm_figures [FOLDER].

The digits' pictures come from four tasks of MNIST-Variation with the embedded digits; the others need no data.
"""

import sys
import warnings
from pathlib import Path

import numpy as np

from den_ref.core import mlp, newton
from den_ref.core.losses import sigmoid_cross_entropy
from den_ref.core.penalties import L1, soft_threshold
from den_ref.core.result import ConvergenceWarning
from den_ref.core.solvers import fista, ista
from den_ref.den import DEN
from den_ref.den.network import extract
from den_ref.plots import (
    convergence, network_graph, norm_ball, prox_graph, show, shrunk_weights, zeros_against_strength)
from den_ref.plots.canvas import canvas
from den_ref.protocol import Step
from den_ref.tasks import make_stream

from .blocks import DOCS

FIGURES = DOCS / "figures" / "algorithm"
TASKS, SAMPLES = 4, 2000


def onto_l1_ball(point, radius=1.0):
    """The projection of a point outside: the soft threshold at the level that leaves norm ``radius`` (Duchi 2008)."""
    size = np.sort(np.abs(point))[::-1]
    levels = (np.cumsum(size) - radius) / np.arange(1, size.size + 1)
    return soft_threshold(point, max(levels[np.flatnonzero(size > levels)[-1]], 0))


def balls():
    """Eight points around the two balls."""
    made, (axes,) = canvas(columns=2, width=7.2, height=3.4)
    angles = np.radians([20, 45, 75, 110, 160, 200, 260, 315])
    points = 1.8 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    norm_ball(axes[0], points, np.array([onto_l1_ball(point) for point in points]), norm="l1")
    norm_ball(axes[1], points, points / np.linalg.norm(points, axis=1, keepdims=True), norm="l2")
    return made


def prox():
    """The soft threshold, and what it does to 200 normal weights at two strengths."""
    made, (axes,) = canvas(columns=3, width=8.1, height=3.4)
    z, weights = np.linspace(-3, 3, 301), np.random.default_rng(0).normal(size=200)
    prox_graph(axes[0], z, {"L1: soft threshold": soft_threshold(z, 1.0), "squared l2: z / 2": z / 2}, threshold=1.0)
    shrunk_weights(axes[1], weights, soft_threshold(weights, 0.5))
    strengths = np.geomspace(0.01, 10, 25)
    shares = [np.mean(soft_threshold(weights, mu) == 0) for mu in strengths]
    zeros_against_strength(axes[2], strengths, {"prox of L1": shares, "prox of squared l2": np.zeros(25)})
    return made


def solvers(step: Step, task, mu: float):
    """The head problem of an "eq3" step, its bias left out, on a part of the samples, by three solvers."""
    sub = extract(step.before, step.before.visible(step.stage), step.before.heads[0])
    features = mlp.hidden(task.x_train[:SAMPLES], sub.weights, sub.biases).astype(np.float64)
    labels = task.y_train[:SAMPLES].astype(np.float64)
    best = newton.prox_newton(features, labels, mu, intercept=False, tol=1e-12)

    def smooth(v):
        value, dlogits = sigmoid_cross_entropy(features @ v, labels)
        return value, features.T @ dlogits

    start = np.zeros((features.shape[1], 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)        # that they take longer is what the picture shows
        objectives = {name: run(smooth, L1(mu), start, max_iter=2000).history["objective"]
                      for name, run in {"ISTA": ista, "FISTA": fista}.items()}
    objectives["proximal Newton"] = best.history["objective"]
    made, ((ax,),) = canvas(width=4.5, height=3.2)
    convergence(ax, objectives, best.fun)
    return made


def main(folder=FIGURES):
    """Write all pictures."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    stream, den, steps = make_stream("mnist-variation"), DEN(seed=0), []
    for task in list(stream.tasks)[:TASKS]:
        steps += den.learn(task)
    last = {step.box: step for step in steps}
    graph, ((ax,),) = canvas(width=7.2, height=4.2)
    network_graph(ax, den.network)
    pictures = {"balls": balls(), "prox": prox(), "network": graph,
                "solvers": solvers(last["eq3"], stream.tasks[TASKS - 1], den.config.mu_head)}
    pictures |= {f"step_{box}": show(step) for box, step in last.items()}
    for name, picture in pictures.items():
        picture.savefig(folder / f"{name}.png", dpi=110)


if __name__ == "__main__":
    main(*sys.argv[1:])
