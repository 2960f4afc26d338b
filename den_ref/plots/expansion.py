"""Pictures of Algorithm 3 and of what decides on it: the loss against tau, norms of new units, counts of units."""

from collections.abc import Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from .style import PLAIN, Style, legend, tidy


def group_norms(ax, norms, *, kept: int | None = None, layer: int | None = None, style: Style = PLAIN) -> list:
    """Norm of each new unit's incoming weights, per epoch of Eq. 5: group lasso drives some of them to exactly 0.

    Parameters
    ----------
    norms : (1 + epochs, units) array
        Row 0 is the start.
    kept : int, optional
        The epoch whose weights are kept (the lowest validation loss), marked; what a norm does in the grey after it,
        reaching 0 for instance, is not in the network.
    layer : int, optional
        Number of the layer, for the label.

    Returns
    -------
    list
        One line per unit: solid, or dashed in another colour if it ends (in the epoch kept) at exactly 0.
    """
    norms = np.asarray(norms)
    gone = norms[-1 if kept is None else kept] == 0
    lines = [ax.plot(trace, linewidth=style.line, linestyle="--" if zero else "-",
                     color=style.accent if zero else style.plain)[0] for trace, zero in zip(norms.T, gone, strict=True)]
    for some, text in ((~gone, "stays"), (gone, "exactly 0")):
        if some.any():
            lines[int(np.argmax(some))].set_label(f"{text}: {some.sum()}")
    if kept is not None:
        ax.axvline(kept, color=style.muted, linestyle=":", linewidth=1, label="epoch kept")
        ax.axvspan(kept, len(norms) - 1, color=style.muted, alpha=0.15, linewidth=0)
    dropped = kept is not None and kept < len(norms) - 1
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend(ax, style, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, columnspacing=0.8, handletextpad=0.3)
    where = "" if layer is None else f" of layer {layer}"
    tidy(ax, style, ylabel=f"norm of new units{where}",
         xlabel="epoch of Eq. 5" + "\ngrey: after the one kept, not in the network" * dropped)
    ax.set_ylim(bottom=-0.03 * norms.max(initial=1))
    return lines


def loss_against_tau(ax, losses: Sequence[float], names: Sequence[str], *, tau: float | None = None,
                     base_rate: float | None = None, style: Style = PLAIN) -> list:
    """Losses as bars, tau and the loss of a head that ignores its inputs as lines; returns the bars, then the lines."""
    bars = list(ax.barh(np.arange(len(losses)), losses, color=style.plain, height=0.35))
    artists = list(bars)
    for value, name, dash in ((tau, "tau", "--"), (base_rate, "base rate", ":")):
        if value is not None and np.isfinite(value):
            artists.append(ax.axvline(value, color=style.accent if name == "tau" else "black", linestyle=dash,
                                      linewidth=style.line, label=f"{name} = {value:.3g}"))
    ax.bar_label(ax.containers[0], fmt="%.4f", fontsize=style.text, padding=2)
    if len(artists) > len(bars):
        legend(ax, style, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    ax.margins(x=0.2, y=0.5)
    tidy(ax, style, xlabel="loss", yticks=range(len(losses)), yticklabels=names)
    ax.invert_yaxis()
    return artists


def shares(ax, parts: Sequence[int], wholes: Sequence[int], names: Sequence[str], *, xlabel: str,
           style: Style = PLAIN) -> list:
    """Bars of parts within wholes (units selected, kept, split; weights that are 0), one per name; returns the bars.

    A bar's length is the share, what stands beside it the two counts.
    """
    share = np.divide(parts, wholes, out=np.zeros(len(parts)), where=np.asarray(wholes) > 0)
    places = np.arange(len(names))
    ax.barh(places, np.ones(len(names)), color=style.muted, alpha=0.2, height=0.4)
    bars = ax.barh(places, share, color=style.plain, height=0.4)
    for place, part, whole in zip(places, parts, wholes, strict=True):
        ax.text(1.02, place, f"{part:,} of {whole:,}", va="center", fontsize=style.text)
    tidy(ax, style, xlabel=xlabel, xlim=(0, 1), yticks=places, yticklabels=names)
    ax.invert_yaxis()
    return list(bars)
