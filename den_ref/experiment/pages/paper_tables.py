"""A table per figure of the paper: ours, the paper's, and the difference.  Functions of a summary of its stream.

The paper's numbers after the last task stand beside runs of all its ten tasks only; beside others there is a dash.
"""

from collections.abc import Iterable

import numpy as np

from den_ref.core.metrics import forgetting
from den_ref.experiment.grid.paper_grid import READINGS
from den_ref.experiment.one_run.presets import PAPERS
from den_ref.methods.labels import name_of
from den_ref.methods.registry import known
from . import numbers, paper
from .markdown import mean, number, slashed, table
from .reaches import hidden_of, reaches
from .summary import Summary
from .tables import BILLIONS, NOT_MEASURED

#: What the figures show, in their order: Figure 3, top and bottom; 4a and b; 4c, with ours that lack the pull; 5.
CURVES = ("stl", "mtl", "finetune", "l2", "ewc", "progressive", "den")
SIZED = ("stl", "mtl", "progressive", "den", "den-finetune")
RETRAINED = ("finetune", "dnn-l1", "dnn-selective")
SELECTING = ("dnn-l1", "dnn-selective")
PARTS = ("l2", "dnn-selective", "dnn-l2-selective", "dnn-constant k=13", "den-constant k=13", "dnn-constant k=20",
         "den-constant k=20", "dnn-dynamic", "den-dynamic", "den")
KEEPING = ("den", "den-no-timestamps", "l2", "ewc", "progressive")

#: AUROC to four digits, as the paper's was read, and its difference.
AUROC, OFF = ".4f", "+.4f"


def experiment(summary: Summary) -> str:
    """What the paper's experiment was, and what this one is."""
    said, sizes = paper.PAPER["text"], summary.about["stream"].get("digits", {}).get("sizes", {})
    seconds = sum(run.seconds.sum() for runs in summary.outcomes.values() for run in runs.values())
    runs = sum(map(len, summary.outcomes.values()))
    rows = [["tasks", str(paper.TASKS), str(len(summary.about["tasks"]))],
            ["images a class for training, validation, test", " / ".join(f"{n:,}" for n in said["images per class"]),
             " / ".join(f"{n / 10:,.0f}" for n in sizes.values()) or "–"],
            ["random splits", str(said["random splits"]), str(len(summary.seeds))],
            ["first network", "-".join(map(str, said["base network"])),
             hidden_of(summary, "den") if summary.has("den") else "–"],
            ["options of the methods", "not said", _how_found(summary)],
            ["time of one core", "–", f"{seconds / 3600:.2f} hours for {runs} runs"]]
    less = [what for what, theirs, here in rows[:3] if here != theirs]
    note = f"\n\nNot as in the paper: {'; '.join(less)}." if less else ""
    return table(["", "the paper", "here"], rows) + note


def curves(summary: Summary) -> str:
    """Figure 3, top: average AUROC after t tasks."""
    rows, theirs = [], paper.curves()
    for label in there(summary, CURVES):
        ours = numbers.of_R(summary, label, numbers.average_curve).mean(axis=0)
        papers = np.array(theirs[label][:len(ours)])
        rows += [[name_of(label), *_each(ours, AUROC)], ["– the paper", *_each(papers, AUROC)],
                 ["– difference", *_each(ours - papers, OFF)]]
    return table(["after t tasks", *map(str, range(1, 1 + len(summary.about["tasks"])))], rows)


def sizes(summary: Summary) -> str:
    """Figure 3, bottom: AUROC after the last task against parameters in percent of MTL's."""
    rows = []
    for method in there(summary, SIZED):
        for label in numbers.networks(summary, method):
            ours = 100 * numbers.size(summary, label, "mtl")
            size, auroc = paper.nearest(method, ours.mean()) if full(summary) else (np.nan, np.nan)
            rows.append([name_of(method), hidden_of(summary, label), mean(ours, ".1f"), number(size, "g"),
                         *_beside(numbers.after_last(summary, label), auroc)])
    return table(["method", "units", "% of MTL's", "the paper", "AUROC", "the paper", "difference"], rows)


def retraining(summary: Summary) -> str:
    """Figure 4a: AUROC and cost of full, L1 and selective retraining; seconds are those of the processor."""
    rows, theirs = [], paper.PAPER["figure 4a"]
    base = {kind: numbers.cost(summary, "finetune", kind).mean() for kind in ("seconds", "multiply_adds")}
    for label in there(summary, RETRAINED):
        auroc, seconds = theirs[label] if full(summary) else (np.nan, np.nan)
        costs = {kind: numbers.cost(summary, label, kind) for kind in base}
        rows.append([name_of(label), *_beside(numbers.after_last(summary, label), auroc), mean(costs["seconds"], ".0f"),
                     mean(costs["seconds"] / base["seconds"], ".2f"), number(seconds, "g"),
                     number(seconds / theirs["finetune"][1], ".2f"), mean(costs["multiply_adds"] / 1e9, ".3g"),
                     mean(costs["multiply_adds"] / base["multiply_adds"], ".2f")])
    of = "of fine-tuning's"
    return table(["method", "AUROC", "the paper", "difference", "seconds", of, "the paper", of, BILLIONS, of], rows)


def selected(summary: Summary) -> str:
    """Figure 4b: units selected in each layer, mean over all tasks but the first; of DNN-L1 those left in use."""
    rows, theirs = [], paper.PAPER["figure 4b"]
    for label in there(summary, SELECTING):
        units = numbers.over_seeds(summary, label, numbers.units_selected)[:, 1:].mean(axis=1)
        papers = theirs[label] if full(summary) else [np.nan] * units.shape[1]
        rows.append([name_of(label), *(cell for ours, their in zip(units.T, papers)
                                       for cell in _beside(ours, their, ".0f", "+.0f"))])
    layers = range(1, (len(rows[0]) + 2) // 3)
    return table(["method", *(cell for l in layers for cell in (f"layer {l}", "the paper", "difference"))], rows)


def parts(summary: Summary) -> str:
    """Figure 4c: DEN part by part, with the pull to W^{t-1} and without; capacity in multiples of MTL's parameters."""
    rows = []
    for label in there(summary, PARTS):
        auroc, size = papers_part(label) if full(summary) else (np.nan, np.nan)
        rows.append([name_of(label), slashed(numbers.by_seed(summary, label)),
                     *_beside(numbers.after_last(summary, label), auroc),
                     *_beside(numbers.size(summary, label, "mtl"), size, ".2f", "+.2f")])
    return table(["method", "AUROC by seed", "mean", "the paper", "difference", "capacity", "the paper", "difference"],
                 rows)


def followed(summary: Summary) -> str:
    """Figure 5: AUROC of tasks 1, 4 and 7 at their own stage and after the last."""
    rows, tasks = [], len(summary.about["tasks"])
    for name, theirs in paper.PAPER["figure 5"].items():
        task = int(name.removeprefix("task ")) if name.startswith("task ") else tasks + 1
        for label in there(summary, KEEPING) if task <= tasks else ():
            ends = numbers.of_R(summary, label, lambda R: R[[task - 1, -1], task - 1])
            papers = np.array(theirs[label]) if full(summary) else np.full(2, np.nan)
            rows.append([str(task), name_of(label), *_beside(ends[:, 0], papers[0]), *_beside(ends[:, 1], papers[1]),
                         mean(ends[:, 0] - ends[:, 1], OFF), number(papers[0] - papers[1], OFF)])
    return table(["task", "method", "just learnt", "the paper", "difference", "after the last task", "the paper",
                  "difference", "forgotten", "the paper"], rows)


def readings(summary: Summary) -> str:
    """DEN as it is, and with one reading of the paper changed."""
    labels = [label for label in summary.options if label in {f"den {option}={value}" for option, values in
                                                             READINGS.items() for value in values}]
    rows = [[name_of(label), slashed(numbers.by_seed(summary, label), AUROC),
             mean(numbers.after_last(summary, label), AUROC), mean(numbers.of_R(summary, label, forgetting), OFF),
             mean(100 * numbers.size(summary, label, "mtl"), ".1f")] for label in ["den", *labels]]
    return table(["", "AUROC by seed", "mean", "forgetting", "% of MTL's"], rows)


def reached(summary: Summary) -> str:
    """What was to be reached, and what was."""
    if not full(summary):
        return NOT_MEASURED
    rows = [[reach.what, reach.paper, reach.reach, reach.here, "yes" if reach.met else "**no**",
             f"{reach.on_seeds.sum()} of {len(reach.on_seeds)}"] for reach in reaches(summary)]
    return table(["", "the paper", "reach", "here", "met", "on seeds"], rows)


#: Name of a block -> the function that writes it, and the methods it needs.
PAPER_TABLES = {
    "experiment": (experiment, ()),
    "reached": (reached, ("den", "stl", "mtl")),
    "figure_3_curves": (curves, ()),
    "figure_3_sizes": (sizes, ("mtl",)),
    "figure_4a": (retraining, ("finetune", "dnn-selective")),
    "figure_4b": (selected, ("dnn-selective",)),
    "figure_4c": (parts, ("mtl", "dnn-dynamic")),
    "figure_5": (followed, ("den",)),
    "readings": (readings, ("den",)),
}


def paper_blocks(summary: Summary) -> dict[str, str]:
    """All of them by name; what was not run, or is on another stream, says so."""
    papers = on_papers_stream(summary)
    return {name: write(summary) if papers and summary.has(*needed) else NOT_MEASURED
            for name, (write, needed) in PAPER_TABLES.items()}


def on_papers_stream(summary: Summary) -> bool:
    """Whether the runs are on the stream that the paper's experiment is made on."""
    return summary.about["stream"]["name"] == PAPERS


def full(summary: Summary) -> bool:
    """Whether the paper's numbers, which are after ten tasks, can stand beside these."""
    return len(summary.about["tasks"]) == paper.TASKS


def there(summary: Summary, labels: Iterable[str]) -> list[str]:
    """Those of the labels that were run."""
    return [label for label in labels if summary.has(label)]


def papers_part(label: str) -> tuple[float, float]:
    """(AUROC, capacity in multiples of MTL's) that the paper has for a part of DEN, or for DEN; NaN for ours alone."""
    (size, auroc), = paper.sizes("den")
    there = {name: tuple(each) for name, each in paper.PAPER["figure 4c"].items() if name != "shows"}
    return (there | {"den": (auroc, size / 100)}).get(label, (np.nan, np.nan))


# --- small parts -------------------------------------------------------------------------------------------------


def _how_found(summary: Summary) -> str:
    """Whether any method has options beside its defaults and what was changed for this comparison."""
    usual = {row["method"]: known(row["method"]).Config().to_dict() for row in summary.options.values()
             if known(row["method"])}
    tuned = [row for row in summary.options.values() if row["method"] in usual
             and {**usual[row["method"]], **row["changed"]} != {**usual[row["method"]], **row["options"]}]
    return "found on validation data" if tuned else "the defaults, found on another stream"


def _each(values: np.ndarray, form: str) -> list[str]:
    return [number(value, form) for value in values]


def _beside(ours: np.ndarray, theirs: float, form: str = AUROC, off: str = OFF) -> list[str]:
    """The mean of ours, the paper's, and the difference."""
    return [mean(ours, form), number(theirs, form), number(np.mean(ours) - theirs, off)]
