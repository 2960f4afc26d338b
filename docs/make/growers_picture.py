"""One picture of all that grow, ``docs/figures/growers.png``, from the record of ``docs.make.growers``.

    python -m docs.make.growers_picture

Above, units layer by layer and task by task; below, what a unit that is there at the end has cost, in multiply-adds of
training and in passes over a task's samples, and the share of the parameters that 1, 2, ... tasks read.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from den_ref.experiment.pages.figures import DPI, PAGE, STYLE
from den_ref.methods.labels import name_of
from den_ref.plots import costs_per_unit, readers, units_by_task
from den_ref.plots.canvas import mosaic
from den_ref.strict_json import strict_json

from .blocks import DOCS
from .growers import RECORD

PICTURE = DOCS / "figures" / "growers.png"
#: Panels beside each other at most; a width that 1, 2, 3 and 4 of them share.
ACROSS, WIDTH = 4, 12


def units(runs: Sequence[dict]) -> np.ndarray:
    """(T, L): units after each task, mean over the runs; 0 in a layer that is not there yet."""
    layers = max(len(widths) for run in runs for widths in run["units"])
    return np.mean([[widths + [0] * (layers - len(widths)) for widths in run["units"]] for run in runs], axis=0)


def per_unit(runs: Sequence[dict], kind: str) -> float:
    """What was spent on all tasks by the units at the end, mean over the runs."""
    return float(np.mean([sum(stage[kind] for stage in run["spent"]) / sum(run["units"][-1]) for run in runs]))


def in_rows(names: Sequence[str], across: int) -> list[list[str]]:
    """Names beside each other, as a layout WIDTH wide; nothing stands where they do not fill the last row."""
    filled = [*names, *["."] * (-len(names) % across)]
    return [[name for name in filled[i:i + across] for _ in range(WIDTH // across)]
            for i in range(0, len(filled), across)]


def by_label(runs: Sequence[dict]) -> dict[str, list[dict]]:
    """The runs of each grower, by a label that the pictures know: "adanet-warm" is AdaNet, warm."""
    labels = dict.fromkeys(run["label"] for run in runs)
    return {label.replace("-warm", ", warm"): [run for run in runs if run["label"] == label] for label in labels}


def read_by(runs: Sequence[dict], tasks: int) -> list[int]:
    """How many parameters are read by 1, 2, ..., tasks tasks, in all runs together."""
    counts = np.sum([run["shared"]["readers"] for run in runs], axis=0).tolist()
    return counts + [0] * (tasks - len(counts))


def picture(runs: Sequence[dict]):
    """The figure, of the runs on record; those on the digits as well are left to the tables."""
    growers = {label: own for label, own in by_label(runs).items() if not label.endswith("-digits")}
    tasks = max(len(run["tasks"]) for own in growers.values() for run in own)
    n_rows = -(-len(growers) // ACROSS)
    rows = in_rows([*growers], -(-len(growers) // n_rows))
    below = {"multiply_adds": "$10^6$ multiply-adds per unit", "passes": "passes per unit"}
    figure, axes = mosaic([*rows, *in_rows([*below, "readers"], 3)], 1.25 * PAGE, 2.4 * n_rows + 3.2)
    for label, own in growers.items():
        units_by_task(axes[label], units(own), name_of(label), style=STYLE)
    deepest = max((axes[label] for label in growers), key=lambda ax: len(ax.containers))
    figure.legend(*deepest.get_legend_handles_labels(), ncols=ACROSS, frameon=False, fontsize=STYLE.text,
                  loc="outside upper center")
    for kind, xlabel in below.items():
        scale = 1e6 if kind == "multiply_adds" else 1
        costs = {label: per_unit(own, kind) / scale for label, own in growers.items()}
        costs_per_unit(axes[kind], costs, xlabel, style=STYLE)
    readers(axes["readers"], {label: read_by(own, tasks) for label, own in growers.items()}, style=STYLE)
    for name in ("passes", "readers"):                             # the rows are those of the first
        axes[name].set_yticklabels([])
    return figure


def main() -> None:
    picture(strict_json(RECORD.read_bytes())["runs"]).savefig(PICTURE, dpi=DPI)


if __name__ == "__main__":
    main()
