"""Pictures of a run stage by stage: what older tasks lost, and what the network grew to.

Scores of a run are close to each other, so that an axis that fits them makes a fall of nothing fill the page: here
every axis of changes spans at least SPAN.
"""

from collections.abc import Hashable, Sequence

import numpy as np

from .labels import label_ends
from .style import PLAIN, Style, as_it_is, tidy

#: The least that an axis of scores, or of what they lost, spans.
SPAN = 0.1


def forgetting_curves(ax, R: np.ndarray, tasks: Sequence[Hashable], *, score: str = "AUROC",
                      style: Style = PLAIN) -> list:
    """A line per task: R[i, j] - R[j, j] from the stage i = j that learnt it on.  Returns the lines.

    0 is "as when it was learnt", so that a line falls if and only if its task is forgotten.
    """
    ax.axhline(0, color=style.muted, linewidth=style.line / 2)
    lines = [ax.plot(range(j + 1, len(R) + 1), R[j:, j] - R[j, j], color=style.colour(j), marker=style.marker(j),
                     linewidth=style.line)[0] for j in range(len(R))]
    tidy(ax, style, xlabel="tasks learnt", ylabel=f"change of {score}",
         title="since it was learnt: what is forgotten falls", xticks=range(1, len(R) + 1), xlim=(0.7, len(R) + 0.3))
    low, high = ax.get_ylim()
    ax.set_ylim(min(low, -SPAN), max(high, SPAN / 4))
    names = [f"task {task}" for task in tasks]
    ends = {name: (len(R), last) for name, last in zip(names, R[-1] - R.diagonal()) if np.isfinite(last)}
    label_ends(ax, ends, {name: style.colour(j) for j, name in enumerate(names)}, style=style)
    return lines


def before_and_after(ax, before: Sequence[float], after: Sequence[float], tasks: Sequence[Hashable], *,
                     score: str = "AUROC", style: Style = PLAIN) -> list:
    """A row per task: an empty mark at its score before a stage, a full one after it, the line between what changed.

    ``before`` lacks the task that the stage learnt, the last.  Returns the lines between.
    """
    rows, older = np.arange(len(after)), len(before)
    lines = ax.hlines(rows[:older], before, after[:older], color=style.accent, linewidth=2 * style.line)
    if older:
        ax.plot(before, rows[:older], "o", markersize=10, color=style.plain, fillstyle="none", label="before")
    ax.plot(after, rows, "o", markersize=6, color=style.plain, linestyle="none", label="after")
    for row, value in zip(rows, after):
        if np.isfinite(value):
            ax.annotate(f"{value:.4f}", (value, row), (0, 9), textcoords="offset points", ha="center",
                        fontsize=style.text)
    scores = [value for value in (*before, *after) if np.isfinite(value)] or [1.0]
    room = max(max(scores) - min(scores), SPAN) / 10
    tidy(ax, style, xlabel=score, ylabel="task", yticks=rows, yticklabels=[as_it_is(task) for task in tasks],
         xlim=(min(min(scores), max(scores) - SPAN) - room, max(scores) + room), ylim=(len(after) - 0.4, -0.7))
    ax.legend(fontsize=style.text, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0)
    return [lines]


def widths_by_stage(ax, widths: Sequence[Sequence[int]], *, style: Style = PLAIN) -> list:
    """Units of every hidden layer after every stage, with the number at each point.  Returns the lines.

    widths : per stage, units per hidden layer.
    """
    stages, lines = range(1, len(widths) + 1), []
    for l, units in enumerate(zip(*widths)):
        lines += ax.plot(stages, units, color=style.colour(l), marker=style.marker(l), linewidth=style.line,
                         label=f"layer {l + 1}")
        for stage, count, all_layers in zip(stages, units, widths):
            up = l == list(all_layers).index(max(all_layers))        # the largest above its point, others below
            ax.annotate(str(count), (stage, count), (0, 6 if up else -6), textcoords="offset points", ha="center",
                        va="bottom" if up else "top", fontsize=style.text)
    top = max((count for units in widths for count in units), default=0) or 1
    tidy(ax, style, xlabel="tasks learnt", ylabel="units", title="units per hidden layer", xticks=stages,
         xlim=(0.7, len(widths) + 0.3), ylim=(0, 1.15 * top))
    label_ends(ax, {line.get_label(): line.get_xydata()[-1] for line in lines},
               {line.get_label(): line.get_color() for line in lines}, style=style)
    return lines
