"""Write the pictures of docs/equations that no run is needed for: python -m docs.make.equation_figures."""

import numpy as np

from den_ref.core.layers import relu_backward, relu_forward
from den_ref.core.losses import sigmoid_cross_entropy
from den_ref.core.penalties import L1, GroupLasso, SparseGroupLasso, SquaredL2
from den_ref.core.solvers import fista
from den_ref.plots.canvas import canvas
from den_ref.plots.shrinkage import prox_graph, touched_ball
from den_ref.plots.style import PLAIN, legend, tidy

from .blocks import DOCS

FIGURES = DOCS / "figures"


def function_and_slope(ax, x, value, slope, names, xlabel):
    """A function and its derivative over x."""
    for i, (y, name) in enumerate(zip((value, slope), names)):
        ax.plot(x, y, color=PLAIN.colour(i), linewidth=PLAIN.line, linestyle=("-", "--")[i], label=name)
    legend(ax, PLAIN, loc="upper center")
    tidy(ax, PLAIN, xlabel=xlabel)


def backpropagation():
    """The two places of a network that bend: the ReLU, and the loss of one output."""
    made, (axes,) = canvas(columns=2, width=7.6, height=3.2)
    x = np.linspace(-3, 3, 601)
    h, cache = relu_forward(x)
    function_and_slope(axes[0], x, h, relu_backward(np.ones(601), cache), ("h = max(a, 0)", "gate: 1 where a > 0"), "a")
    loss = np.array([sigmoid_cross_entropy(z.reshape(1, 1), np.ones((1, 1)))[0] for z in x])
    slope = sigmoid_cross_entropy(x[:, None], np.ones((601, 1)))[1][:, 0] * len(x)     # of the sum, not of the mean
    function_and_slope(axes[1], x, loss, slope, ("loss of one sample, y = 1", "derivative: sigmoid(z) - 1"), "logit z")
    return made


def metric():
    """One strength, three curvatures: every weight has a threshold of its own."""
    made, ((ax,),) = canvas(width=4.2, height=3.4)
    z = np.linspace(-3, 3, 301)
    prox_graph(ax, z, {f"d = {d:g}: threshold {1 / d:g}": L1(1.0).prox_metric(z, np.full(301, d)) for d in (4, 1, 0.5)})
    return made


def lasso():
    """One loss of two weights with each penalty of strength 1: what the contours touch, and where."""
    made, (axes,) = canvas(columns=2, width=7.6, height=4.0)
    curvature, lowest = np.array([[1.0, -0.4], [-0.4, 1.0]]), np.array([0.8, 2.0])

    def loss(w):
        return (w - lowest) @ curvature @ (w - lowest) / 2, curvature @ (w - lowest)

    for ax, (norm, penalty) in zip(axes, {"l1": L1(1.0), "l2": SquaredL2(1.0)}.items()):
        touched_ball(ax, curvature, lowest, fista(loss, penalty, np.zeros(2)).x, norm=norm)
    return made


def shrinkages():
    """Where three penalties take points of one group with two weights."""
    made, (axes,) = canvas(columns=3, width=8.1, height=3.6)
    angles = (np.arange(24) + 0.5) * 2 * np.pi / 24              # none on an axis
    z = 2 * np.stack([np.cos(angles), np.sin(angles)])             # (2, 24): a group is a column
    penalties = {"L1, threshold 0.7": L1(0.7), "group, threshold 0.7": GroupLasso(0.7),
                 "L1, then group": SparseGroupLasso(0.7, 0.7)}
    for ax, (title, penalty) in zip(axes, penalties.items()):
        u = penalty.prox(z, 1.0)
        ax.plot(np.stack([z[0], u[0]]), np.stack([z[1], u[1]]), color=PLAIN.muted, linewidth=1)
        ax.plot(*z, "o", color=PLAIN.muted, markersize=3, label="z")
        zero = (u == 0).any(axis=0)
        ax.plot(*u[:, ~zero], "o", color=PLAIN.plain, markersize=5, label="prox")
        ax.plot(*u[:, zero], "s", color=PLAIN.accent, markersize=5, label="prox, a weight exactly 0")
        ax.set_aspect("equal")
        tidy(ax, PLAIN, title=title, xlabel="first weight", ylabel="second weight")
    made.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return made


if __name__ == "__main__":
    for page in (backpropagation, lasso, metric, shrinkages):
        page().savefig(FIGURES / f"{page.__name__}.png", dpi=110)
