"""Pictures of how a solve went: objectives of full-batch solvers, losses of mini-batch training."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from .style import PLAIN, Style, legend, tidy


def convergence(ax, objectives: Mapping[str, Sequence[float]], best: float, *, style: Style = PLAIN) -> list:
    """Objective minus the best known one, per iteration, on logarithmic axes: one line per solver.

    Parameters
    ----------
    objectives : dict
        Name -> objective per iteration, as in ``result.history["objective"]``.
    best : float
        Iterations that reach it are not drawn: a logarithm has no place for 0.

    Returns
    -------
    list
        One line per solver.
    """
    lines = []
    for i, (name, values) in enumerate(objectives.items()):
        above = np.asarray(values, float) - best
        seen = np.flatnonzero(above > 0)
        lines += ax.loglog(seen + 1, above[seen], color=style.colour(i), linewidth=style.line,
                           linestyle=("-", "--", "-.", ":")[i % 4], marker=style.marker(i), markersize=4,
                           markevery=(0.0, 0.15), label=name)
    legend(ax, style, loc="best")
    tidy(ax, style, xlabel="iteration (from 1, the start)", ylabel="objective - best")
    return lines


def residuals(ax, residual: Sequence[float], *, ylabel: str = "residual", style: Style = PLAIN) -> list:
    """The residual (or prox residual) of a full-batch solve per iteration, on a logarithmic axis: 0 iff stationary."""
    residual = np.asarray(residual, float)
    seen = np.flatnonzero(residual > 0)
    lines = ax.semilogy(seen, residual[seen], color=style.plain, linewidth=style.line, marker="o", markersize=3)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    tidy(ax, style, xlabel="iteration", ylabel=ylabel)
    return lines


def training(ax, loss: Sequence[float], validation: Sequence[float] = (), start: float | None = None, *,
             style: Style = PLAIN) -> list:
    """Training and validation loss per epoch; the lowest validation loss is marked: a solve returns its weights.

    Parameters
    ----------
    loss, validation : per epoch, from epoch 1
        Validation losses that are NaN (there is no validation data) are left out.
    start : float, optional
        The validation loss of the start where it competes (Eq. 4 and 6): epoch 0.

    Returns
    -------
    list
        The line of the training loss, and with validation its line and its marked epoch.
    """
    loss, first = np.asarray(loss, float), 1 if start is None else 0
    validation = np.asarray([*([] if start is None else [start]), *validation], float)
    artists = ax.plot(np.arange(1, len(loss) + 1), loss, color=style.muted, linestyle="--", linewidth=style.line,
                      label="training")
    if np.isfinite(validation).any():
        epochs, best = np.arange(first, first + len(validation)), int(np.nanargmin(validation))
        artists += ax.plot(epochs, validation, color=style.plain, linewidth=style.line, label="validation")
        artists += ax.plot(epochs[best], validation[best], "o", color=style.accent, markersize=6,
                           label=f"lowest, epoch {epochs[best]}" if epochs[best] else "lowest: the start")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend(ax, style, loc="best")
    tidy(ax, style, xlabel="epoch", ylabel="loss")
    return artists


def unit_counts(ax, widths: Sequence[Sequence[int]], *, style: Style = PLAIN) -> list:
    """Units of every hidden layer after every epoch (epochs, layers): one line per layer, the last number beside it.

    Returns
    -------
    list
        One line per layer.
    """
    counts = np.asarray(widths)
    epochs = np.arange(1, len(counts) + 1)
    lines = [ax.plot(epochs, units, color=style.colour(l), linestyle=("-", "--", "-.", ":")[l % 4],
                     linewidth=style.line, label=f"layer {l + 1}: {units[-1]} at the end")[0]
             for l, units in enumerate(counts.T)]
    ax.set_ylim(0, 1.25 * counts.max(initial=1))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend(ax, style, loc="best")
    tidy(ax, style, xlabel="epoch", ylabel="units")
    return lines
