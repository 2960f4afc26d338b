"""A picture of the performance matrix R[i, j]: the score on task j after learning task i, unseen = NaN."""

from collections.abc import Hashable, Sequence

import numpy as np

from .style import as_it_is


def performance_matrix(ax, R: np.ndarray, tasks: Sequence[Hashable], score: str = "AUROC", limits=None):
    """R as a table of colours: a row per task learnt, a column per task tested; returns the image.

    limits : (low, high), by default those of R.  Matrices beside each other need the same.
    """
    low, high = (np.nanmin(R), np.nanmax(R)) if limits is None else limits
    image = ax.imshow(R, cmap="cividis", aspect="equal", vmin=low, vmax=high)
    middle = (low + high) / 2
    for (i, j), value in np.ndenumerate(R):
        if np.isfinite(value):
            ax.text(j, i, f"{value:.2f}".removeprefix("0"), ha="center", va="center", fontsize=8,
                    color="black" if value > middle else "white")
    names = [as_it_is(task) for task in tasks]
    ax.set(xlabel="tested on task", ylabel="after learning task", xticks=range(len(tasks)), yticks=range(len(tasks)),
           xticklabels=names, yticklabels=names, title=as_it_is(score))
    ax.spines[:].set_visible(False)
    return image
