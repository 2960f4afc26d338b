"""The picture of Algorithm 4: how far units drifted, and which are split for it."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from .style import PLAIN, Style, legend, tidy


def drift(ax, units, rho, sigma: float | None, split=(), *, layer: int | None = None, style: Style = PLAIN) -> list:
    """Drift rho of every unit of a layer, sigma as a line, the units that are split marked.

    An infinite drift (relative to a unit that was 0) is drawn above all others, as a triangle.

    Parameters
    ----------
    units, rho : (n,) arrays
        Indices and drifts.
    sigma : float or None
        The line is left out for None and for infinity.
    split : indices, some of ``units``
    layer : int, optional
        Number of the layer, for the label.

    Returns
    -------
    list
        Points of the units that stay, of those that are split, of infinite drifts, then the line of sigma if there is
        one.
    """
    units, rho = np.asarray(units), np.asarray(rho, float)
    finite, chosen = np.isfinite(rho), np.isin(units, split)
    sigma = sigma if sigma is not None and np.isfinite(sigma) else None
    top = 1.12 * max(rho[finite].max(initial=0), sigma or 0) or 1.0
    kinds = [(finite & ~chosen, f"stays: {(~chosen).sum()}", dict(marker="o", color="none", edgecolor=style.plain)),
             (finite & chosen, f"split: {chosen.sum()}", dict(marker="D", color=style.accent, linewidth=0)),
             (~finite, f"infinite: {(~finite).sum()}" if not finite.all() else None, dict(marker="^", color="black"))]
    artists = [ax.scatter(units[kind], np.where(finite, rho, top)[kind], s=16, label=label, **look)
               for kind, label, look in kinds]
    if sigma is not None:
        artists.append(ax.axhline(sigma, color="black", linestyle="--", linewidth=1, label=f"sigma = {sigma:g}"))
    legend(ax, style, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, columnspacing=1, handletextpad=0.3)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    where = "" if layer is None else f" of layer {layer}"
    tidy(ax, style, xlabel=f"unit{where}", ylabel="drift", ylim=(-0.03 * top, 1.05 * top))
    return artists
