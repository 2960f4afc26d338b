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
COLUMNS = 3


def units(runs: Sequence[dict]) -> np.ndarray:
    """(T, L): units after each task, mean over the runs; 0 in a layer that is not there yet."""
    layers = max(len(widths) for run in runs for widths in run["units"])
    return np.mean([[widths + [0] * (layers - len(widths)) for widths in run["units"]] for run in runs], axis=0)


def per_unit(runs: Sequence[dict], kind: str) -> float:
    """What was spent on all tasks by the units at the end, mean over the runs."""
    return float(np.mean([sum(stage[kind] for stage in run["spent"]) / sum(run["units"][-1]) for run in runs]))


def by_label(runs: Sequence[dict]) -> dict[str, list[dict]]:
    """The runs of each grower, by a label that the pictures know: "adanet-warm" is AdaNet, warm."""
    labels = dict.fromkeys(run["label"] for run in runs)
    return {label.replace("-warm", ", warm"): [run for run in runs if run["label"] == label] for label in labels}


def picture(runs: Sequence[dict]):
    """The figure, of the runs on record."""
    growers = by_label(runs)
    names = [*growers, *["."] * (-len(growers) % COLUMNS)]
    rows = [names[i:i + COLUMNS] for i in range(0, len(names), COLUMNS)]
    below = {"multiply_adds": "$10^6$ multiply-adds per unit", "passes": "passes per unit"}
    figure, axes = mosaic([*rows, [*below, "readers"]], 1.25 * PAGE, 2.4 * len(rows) + 3.2)
    for label, own in growers.items():
        bars = units_by_task(axes[label], units(own), name_of(label), style=STYLE)
        if len(bars) > 1:
            axes[label].legend(fontsize=STYLE.text, frameon=False, loc="upper left")
    for kind, xlabel in below.items():
        scale = 1e6 if kind == "multiply_adds" else 1
        costs = {label: per_unit(own, kind) / scale for label, own in growers.items()}
        costs_per_unit(axes[kind], costs, xlabel, style=STYLE)
    readers(axes["readers"], {label: np.sum([run["shared"]["readers"] for run in own], axis=0)
                              for label, own in growers.items()}, style=STYLE)
    for name in ("passes", "readers"):                             # the rows are those of the first
        axes[name].set_yticklabels([])
    return figure


def main() -> None:
    picture(strict_json(RECORD.read_bytes())["runs"]).savefig(PICTURE, dpi=DPI)


if __name__ == "__main__":
    main()
