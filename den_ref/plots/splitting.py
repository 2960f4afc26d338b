"""Pictures of Algorithm 4: how far units drifted, and what a split does to what they hear."""

from collections.abc import Sequence

import numpy as np

from .style import PLAIN, Style, bare, legend, symmetric, tidy


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
    where = "" if layer is None else f" of layer {layer}"
    tidy(ax, style, xlabel=f"unit{where}", ylabel="drift", ylim=(-0.03 * top, 1.05 * top))
    return artists


def filters(ax, incoming, shape, columns: Sequence[str], rows: Sequence[str], *, limit: float | None = None,
            style: Style = PLAIN):
    """What units hear, as images: a row per unit, a column per moment, one map for all.

    Parameters
    ----------
    incoming : (rows, columns, n_inputs) array
        Incoming weights.
    shape : (height, width)
        Of the image that the inputs are.
    columns, rows : names
    limit : float, optional
        The map runs from -limit to limit; by default to the largest abs(weight).

    Returns
    -------
    AxesImage
        All filters in one array, with NaN between them.
    """
    framed = np.pad(np.reshape(incoming, (len(rows), len(columns), *shape)), ((0, 0), (0, 0), (1, 1), (1, 1)),
                    constant_values=np.nan)
    height, width = framed.shape[2:]
    mosaic = framed.transpose(0, 2, 1, 3).reshape(len(rows) * height, len(columns) * width)
    limit = symmetric(mosaic) if limit is None else limit
    image = ax.imshow(mosaic, cmap=style.signed, vmin=-limit, vmax=limit, interpolation="nearest")
    bare(ax, style).set_xlabel(f"orange < 0 < purple, full at {limit:.2g}")
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.set_xticks((np.arange(len(columns)) + 0.5) * width - 0.5, columns)
    ax.set_yticks((np.arange(len(rows)) + 0.5) * height - 0.5, rows)
    return image
