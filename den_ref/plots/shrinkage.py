"""Pictures of what a penalty does: norm balls, projected on or touched, a prox, weights before and after it."""

from collections.abc import Mapping

import numpy as np
from matplotlib.patches import Circle, FancyArrowPatch, Polygon

from .style import PLAIN, Style, legend, tidy


def norm_ball(ax, points, projections, *, norm: str = "l1", radius: float = 1.0, style: Style = PLAIN) -> list:
    """The ball norm(w) <= radius in the plane, points and their projections onto it.

    A projection on an axis is filled: one of its coordinates is exactly 0.  Those of the l1 ball often are, those of
    the l2 ball are not.

    Parameters
    ----------
    ax : matplotlib Axes
    points, projections : (n, 2) arrays
    norm : {"l1", "l2"}
    radius : float

    Returns
    -------
    list
        The ball, the points, the projections, then one arrow per point.
    """
    points, projections = np.atleast_2d(points), np.atleast_2d(projections)
    ball = ax.add_patch(_ball(norm, radius, style))
    start, = ax.plot(*points.T, "o", color=style.muted, markersize=4, linestyle="none")
    colours = np.where((projections == 0).any(axis=1), style.accent, "white")
    end = ax.scatter(*projections.T, s=30, c=colours, edgecolors=style.accent, zorder=3)
    arrows = [ax.add_patch(FancyArrowPatch(a, b, arrowstyle="->", mutation_scale=8, shrinkA=2, shrinkB=3,
                                           color=style.muted, linewidth=style.line / 2))
              for a, b in zip(points, projections, strict=True)]
    far = 1.1 * max(np.abs(points).max(initial=0), radius)
    ax.axhline(0, color=style.muted, linewidth=0.5)
    ax.axvline(0, color=style.muted, linewidth=0.5)
    tidy(ax, style, xlabel="$w_1$", ylabel="$w_2$", xlim=(-far, far), ylim=(-far, far), aspect="equal",
         title=f"{norm} ball; filled: a coordinate is exactly 0")
    return [ball, start, end, *arrows]


def touched_ball(ax, curvature, lowest, solution, *, norm: str = "l1", style: Style = PLAIN) -> list:
    """The picture of the lasso: contours of a loss of two weights, and the ball of the penalty that they touch.

    L(w) = (w - lowest)^T curvature (w - lowest) / 2.  Where L(w) + mu norm(w) is smallest, the contour touches the ball
    of that radius: the diamond of "l1" mostly at a corner, where a weight is exactly 0, the disc of "l2" anywhere.

    Parameters
    ----------
    ax : matplotlib Axes
    curvature : (2, 2) array, positive definite
    lowest : (2,) array
        Where the loss alone is smallest.
    solution : (2,) array
        Where loss and penalty together are.
    norm : {"l1", "l2"}

    Returns
    -------
    list
        The ball, the contours (the one that touches is thick), the lowest point, the solution.
    """
    lowest, solution = np.asarray(lowest, float), np.asarray(solution, float)
    radius = float(np.linalg.norm(solution, {"l1": 1, "l2": 2}.get(norm)))
    ball = ax.add_patch(_ball(norm, radius, style))
    margin = 0.4 * max(np.abs(lowest).max(), radius)
    (left, right), (down, up) = np.stack([np.minimum(lowest, -radius) - margin, np.maximum(lowest, radius) + margin], 1)
    across, along = np.linspace(left, right, 151), np.linspace(down, up, 151)
    away = np.stack(np.meshgrid(across, along), axis=-1) - lowest
    loss = np.einsum("...i,ij,...j", away, curvature, away) / 2
    touching = (solution - lowest) @ curvature @ (solution - lowest) / 2
    shares, widths = np.array([0.1, 0.4, 1.0, 2.0, 4.0]), np.array([0.5, 0.5, 1.3, 0.5, 0.5])
    contours = ax.contour(across, along, loss, levels=shares * max(touching, 1e-12), colors=style.muted,
                          linewidths=widths * style.line)
    low, = ax.plot(*lowest, "x", color=style.muted, label="least loss", linestyle="none")
    end, = ax.plot(*solution, "o", color=style.accent, label="with the penalty", linestyle="none", zorder=3)
    zero = [f"$w_{i}$ is exactly 0" for i in (1, 2) if solution[i - 1] == 0]
    ax.axhline(0, color=style.muted, linewidth=0.5)
    ax.axvline(0, color=style.muted, linewidth=0.5)
    legend(ax, style, loc="lower right")
    tidy(ax, style, xlabel="$w_1$", ylabel="$w_2$", xlim=(left, right), ylim=(down, up), aspect="equal",
         title=f"{norm.upper()}: {', '.join(zero) or 'no weight is 0'}")
    return [ball, contours, low, end]


def _ball(norm: str, radius: float, style: Style):
    look = dict(facecolor=style.plain, edgecolor=style.plain, alpha=0.25)
    if norm == "l1":
        return Polygon([(radius, 0), (0, radius), (-radius, 0), (0, -radius)], **look)
    if norm == "l2":
        return Circle((0, 0), radius, **look)
    raise ValueError(f"norm: expected 'l1' or 'l2', got {norm!r}")


def prox_graph(ax, z, curves: Mapping[str, np.ndarray], *, threshold: float | None = None,
               style: Style = PLAIN) -> list:
    """Graphs of functions of one number, such as the soft threshold, beside the identity.

    Parameters
    ----------
    z : (n,) array
    curves : dict
        Name -> (n,) values at z.
    threshold : float, optional
        Marked on both sides of 0.

    Returns
    -------
    list
        One line per curve.
    """
    ax.plot(z, z, color=style.muted, linestyle=":", linewidth=1, label="z")
    lines = [ax.plot(z, values, color=style.colour(i), linewidth=style.line, linestyle=("-", "--", "-.")[i % 3],
                     label=name)[0] for i, (name, values) in enumerate(curves.items())]
    if threshold is not None:
        ax.axvspan(-threshold, threshold, color=style.muted, alpha=0.15, linewidth=0)
        ax.text(0, 0.03, "within the\nthreshold", transform=ax.get_xaxis_transform(), ha="center", fontsize=style.text)
    legend(ax, style, loc="upper left")
    tidy(ax, style, xlabel="z", ylabel="prox(z)")
    return lines


def shrunk_weights(ax, before, after, *, style: Style = PLAIN) -> list:
    """Weights before and after a prox, each in ascending order; the stretch that is exactly 0 is shaded and counted.

    before, after : arrays of equal size

    Returns
    -------
    list
        The line of ``before``, the line of ``after``, the shade.
    """
    before, after = np.sort(np.ravel(before)), np.sort(np.ravel(after))
    rank = np.arange(len(after))
    lines = ax.plot(rank, before, ":", color=style.muted, linewidth=style.line, label="before")
    lines += ax.plot(rank, after, color=style.plain, linewidth=style.line, label="after")
    first, last = np.searchsorted(after, 0, "left"), np.searchsorted(after, 0, "right")
    shade = ax.axvspan(first - 0.5, last - 0.5, color=style.accent, alpha=0.2, linewidth=0,
                       label=f"exactly 0: {(last - first) / max(len(after), 1):.0%}")
    legend(ax, style, loc="upper left")
    tidy(ax, style, xlabel="weights in ascending order", ylabel="weight")
    return [*lines, shade]


def zeros_against_strength(ax, strengths, shares: Mapping[str, np.ndarray], *, style: Style = PLAIN) -> list:
    """The share of weights that are exactly 0, against the strength of a penalty; one line per way of solving.

    Parameters
    ----------
    strengths : (n,) array, > 0
    shares : dict
        Name -> (n,) shares in 0..1.
    """
    lines = [ax.semilogx(strengths, share, color=style.colour(i), marker=style.marker(i), markersize=4,
                         linewidth=style.line, label=name)[0] for i, (name, share) in enumerate(shares.items())]
    legend(ax, style, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    tidy(ax, style, xlabel="strength", ylabel="share of exact zeros", ylim=(-0.03, 1.03))
    return lines
