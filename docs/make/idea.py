"""Draw the README's picture of the idea: python -m docs.make.idea."""

from matplotlib.lines import Line2D

from den_ref.plots import idea
from den_ref.plots.canvas import canvas
from den_ref.plots.idea import SCENES
from den_ref.plots.style import Style

from .blocks import DOCS

STYLE = Style(text=11, line=1.8)


def picture():
    """All scenes beside each other, and what their colours mean."""
    figure, (axes,) = canvas(columns=len(SCENES), width=9.9, height=3.5)
    for ax, scene in zip(axes, SCENES):
        idea(ax, scene, style=STYLE)
    inputs = [Line2D([], [], linestyle="none", color=STYLE.muted, marker="s", markersize=0.6 * STYLE.text, label="input")]
    units = [Line2D([], [], linestyle="none", color=STYLE.colour(i), marker=STYLE.marker(i), markersize=STYLE.text,
                    label=f"unit of task {i + 1}") for i in range(2)]
    lines = [Line2D([], [], color=STYLE.accent, linewidth=STYLE.line, label="trained in this step"),
             Line2D([], [], color=STYLE.muted, linewidth=STYLE.line / 2, label="stays as it is")]
    figure.legend(handles=inputs + units + lines, loc="outside lower center", ncols=5, frameon=False, fontsize=STYLE.text)
    return figure


if __name__ == "__main__":
    picture().savefig(DOCS / "figures" / "idea.png", dpi=150)
