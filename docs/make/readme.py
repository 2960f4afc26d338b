"""The README's table and picture of its methods: python -m docs.make.readme.

Nothing is learnt here.  The numbers are those of docs/noise.md, in docs/results/mnist-variation.json, which ``den-ref
compare`` measures on the embedded digits with seeds 0 to 2.  Writes the block between the markers of README.md and of
docs/README.ko.md, and docs/figures/average_auroc.png.
"""

from __future__ import annotations

from den_ref.core.metrics import forgetting, learning_performance
from den_ref.experiment.pages import numbers
from den_ref.experiment.pages.markdown import mean, slashed, table
from den_ref.experiment.pages.summary import Summary, read_summary
from den_ref.plots import curves
from den_ref.plots.canvas import canvas
from den_ref.plots.comparison import same_heights
from den_ref.plots.style import Style

from .blocks import DOCS, ROOT, write_blocks

#: Label in the summary -> what the table calls it, from what forgets most to what keeps all data.
NAMES = {
    "finetune, STL's options": "fine-tuning, with STL's options",
    "finetune": "fine-tuning, tuned to forget little",
    "l2": "L2",
    "ewc": "EWC",
    "stl": "STL, a network per task",
    "progressive": "Progressive",
    "den": "**DEN**, from 128-64",
    "mtl": "MTL, all data at once",
}
DRAWN = ("finetune, STL's options", "finetune", "stl", "den", "mtl")
STYLE = Style(text=11, line=1.8)


def results() -> Summary:
    return read_summary(DOCS / "results" / "mnist-variation.json")


def block(summary: Summary) -> str:
    """The table: AUROC just learnt and after the last task, what is forgotten, and the size."""
    head = ["method", "just learnt", f"after ten tasks, seeds {' / '.join(map(str, summary.seeds))}", "mean", "forgetting",
            f"parameters, of {numbers.name_of_stl(summary)}"]
    return table(head, [row(summary, label, name) for label, name in NAMES.items()])


def row(summary: Summary, label: str, name: str) -> list[str]:
    return [name, mean(numbers.of_R(summary, label, learning_performance)), slashed(numbers.by_seed(summary, label)),
            f"**{mean(numbers.after_last(summary, label))}**", mean(numbers.of_R(summary, label, forgetting), "+.3f"),
            mean(numbers.size(summary, label, "stl"), ".1%")]


def picture(summary: Summary):
    """Left, the mean over the tasks learnt; right, the first task alone, as later ones are learnt."""
    figure, (axes,) = canvas(columns=2, width=9.9, height=3.9)
    shown = [{label: numbers.of_R(summary, label, what) for label in DRAWN}
             for what in (numbers.average_curve, lambda R: R[:, 0])]
    same_heights(axes, shown)
    for ax, runs, ylabel in zip(axes, shown, ("mean AUROC over the tasks learnt", "AUROC of the first task alone")):
        curves(ax, runs, "tasks learnt", ylabel, style=STYLE)
    return figure


if __name__ == "__main__":
    for page in (ROOT / "README.md", DOCS / "README.ko.md"):
        write_blocks(page, results=block(results()))
    picture(results()).savefig(DOCS / "figures" / "average_auroc.png", dpi=150)
