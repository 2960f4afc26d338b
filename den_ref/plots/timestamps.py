"""The staircase of timestamps: which unit serves which task."""

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.ticker import MaxNLocator

from .style import PLAIN, Style, as_it_is, tidy


def timestamps(ax, introduced, retired, tasks, *, title: str = "", style: Style = PLAIN):
    """A row per unit, a column per task: coloured where the unit serves the task, by the task that introduced it.

    Unit i serves stage t iff introduced_i <= t < retired_i: a split that retires its original leaves a white gap to the
    right of it.  Under each task stands how many units serve it.

    Parameters
    ----------
    introduced, retired : (n,) int arrays
        Lifetimes of one layer's units; the first stage is 1.
    tasks : sequence
        Names of the tasks, in the order of learning.

    Returns
    -------
    AxesImage
        Its array (n, T) holds the stage that introduced the unit, and is masked where the unit does not serve.
    """
    stages = np.arange(1, len(tasks) + 1)
    born, gone = np.asarray(introduced)[:, None], np.asarray(retired)[:, None]
    serves = (born <= stages) & (stages < gone)
    shown = np.ma.masked_array(np.broadcast_to(born, serves.shape), ~serves)
    colours = ListedColormap([style.colour(i) for i in range(len(tasks))])
    image = ax.imshow(shown, cmap=colours, vmin=0.5, vmax=len(tasks) + 0.5, aspect="auto", interpolation="nearest",
                      extent=(0.5, len(tasks) + 0.5, len(born) - 0.5, -0.5))
    long = max(len(str(task)) for task in tasks) * len(tasks) > 24
    between = ": " if long else "\n"
    labels = [f"{as_it_is(task)}{between}{count}" for task, count in zip(tasks, serves.sum(axis=0), strict=True)]
    ax.vlines(stages[:-1] + 0.5, -0.5, len(born) - 0.5, color="white", linewidth=0.5)
    treads = np.flatnonzero(np.diff(np.ravel(introduced)))         # in grey, neighbouring colours may look alike
    ax.hlines(treads + 0.5, born[treads + 1, 0] - 0.5, len(tasks) + 0.5, color="black", linewidth=0.5)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))          # there is no unit 2.5
    white = "\nwhite: not there yet" + ", or retired by a split" * bool((gone <= stages).any())
    tidy(ax, style, xlabel="task, units that serve it" + white * bool((~serves).any()), ylabel="unit", title=title)
    ax.set_xticks(stages, labels, rotation=90 if long else 0)
    return image
