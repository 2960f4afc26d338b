"""Pictures of the performance matrix R[i, j]: the score on task j after learning task i, unseen = NaN.

Functions take ``ax`` first and return the artists they made; nothing is computed here but what the eye needs.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

#: Okabe and Ito's colours, distinguishable with any common colour blindness and in print.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


def average_curves(ax, matrices: dict[str, Sequence[np.ndarray]], score: str = "AUROC") -> list:
    """Mean score over the tasks seen so far, against their number: one labelled line per method.

    matrices : name -> performance matrices R (T, T), one per seed; the band is their range.
    """
    lines, ends = [], []
    for (name, runs), colour in zip(matrices.items(), COLOURS * len(matrices)):
        curves = np.array([[np.nanmean(row[:i]) for i, row in enumerate(R, 1)] for R in runs])
        stages = np.arange(1, curves.shape[1] + 1)
        ax.fill_between(stages, curves.min(axis=0), curves.max(axis=0), color=colour, alpha=0.15, linewidth=0)
        lines += ax.plot(stages, curves.mean(axis=0), color=colour, marker="o", markersize=4)
        ends.append((curves.mean(axis=0)[-1], name, colour))
    _label_ends(ax, ends, stages[-1])
    ax.set(xlabel="tasks learnt", ylabel=f"mean {score} over tasks learnt", xticks=stages)
    ax.margins(x=0.02)
    ax.spines[["top", "right"]].set_visible(False)
    return lines


def _label_ends(ax, ends, x) -> None:
    """Names at the right ends of the lines, pushed apart where they would overlap."""
    low, high = ax.get_ylim()
    gap, floor = 0.05 * (high - low), -np.inf
    for y, name, colour in sorted(ends):
        floor = max(y, floor + gap)
        ax.annotate(name, (x, y), (x + 0.25, floor), color=colour, va="center", annotation_clip=False)


def performance_matrix(ax, R: np.ndarray, tasks: Sequence[Hashable], score: str = "AUROC"):
    """R as a table of colours: a row per task learnt, a column per task tested; returns the image."""
    image = ax.imshow(R, cmap="cividis", aspect="equal")
    middle = (np.nanmin(R) + np.nanmax(R)) / 2
    for (i, j), value in np.ndenumerate(R):
        if np.isfinite(value):
            ax.text(j, i, f"{value:.2f}".removeprefix("0"), ha="center", va="center", fontsize=8,
                    color="black" if value > middle else "white")
    ax.set(xlabel="tested on task", ylabel="after learning task", xticks=range(len(tasks)), yticks=range(len(tasks)),
           xticklabels=tasks, yticklabels=tasks, title=score)
    ax.spines[:].set_visible(False)
    return image
