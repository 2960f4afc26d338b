"""A picture of what is forgotten: how far R[i, j], the score on task j after learning task i, is from R[j, j]."""

from collections.abc import Hashable, Sequence

import numpy as np

from .style import PLAIN, Style, as_it_is, tidy

#: Scores that fell or rose by so much, or more, have the full colour: in every picture the same.
FULL = 0.25


def performance_matrix(ax, R: np.ndarray, tasks: Sequence[Hashable], score: str = "AUROC", *, bar: bool = True,
                       digits: int = 2, style: Style = PLAIN):
    """R in numbers, and in colours what became of each task since it was learnt; returns the image.

    A row per task learnt, a column per task tested.  The colour is R[i, j] - R[j, j]: white on the diagonal, orange
    what is forgotten, purple what was won.  Its range is fixed, so that matrices beside each other can be compared.

    R : (T, T) array, NaN where unseen
    bar : whether a colour bar stands beside it
    digits : decimals of the numbers
    """
    since = R - np.diagonal(R)
    image = ax.imshow(since, cmap=style.signed, aspect="equal", vmin=-FULL, vmax=FULL)
    for (i, j), value in np.ndenumerate(R):
        if np.isfinite(value):
            ax.text(j, i, f"{value:.{digits}f}".removeprefix("0"), ha="center", va="center", fontsize=style.text,
                    color="white" if abs(since[i, j]) > 0.7 * FULL else "black")
    names = [as_it_is(task) for task in tasks]
    tidy(ax, style, xlabel="tested on task", ylabel="after learning task", title=as_it_is(score))
    ax.set_xticks(range(len(tasks)), names)
    ax.set_yticks(range(len(tasks)), names)
    ax.spines[:].set_visible(False)
    if bar:
        scale = ax.figure.colorbar(image, ax=ax, extend="both", shrink=0.8)
        scale.set_label("change since just learnt", fontsize=style.text)
        scale.ax.tick_params(labelsize=style.text)
    return image
