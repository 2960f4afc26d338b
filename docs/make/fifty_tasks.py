"""The fifty tasks of ``attributes``, learnt by eleven methods that were tuned alike on the first ten.

    OPENBLAS_NUM_THREADS=1 python -m docs.make.fifty_tasks

One search after the other, as ``den-ref tune METHOD --stream attributes --data noise=1.2 --tasks 10`` makes it, on
record in docs/tuning_attributes; then all fifty tasks with the best setting of each, as ``den-ref compare`` learns
them, in runs/fifty-tasks, in short in docs/results/attributes.json.  What is on record is not made again: stopped, the
script goes on where it was.  Then the page and its figures.  Half an hour of a processor in all.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from matplotlib.figure import Figure

from den_ref.core.metrics import head_auroc
from den_ref.experiment.disk.json_files import write_json
from den_ref.experiment.grid.all_cells import compare
from den_ref.experiment.grid.grid import Cell, Grid
from den_ref.experiment.pages.figures import STYLE
from den_ref.experiment.pages.markdown import number, table
from den_ref.experiment.pages.numbers import average_curve
from den_ref.experiment.pages.paper import PAPER, after_last, size_of_line, sizes
from den_ref.experiment.tune.attribute_spaces import ATTRIBUTE_SPACES, ATTRIBUTES
from den_ref.experiment.tune.record import Judged
from den_ref.experiment.tune.search import BUDGETS, tune
from den_ref.experiment.tune.search_spaces import config_of, full_setting
from den_ref.experiment.tune.tuning_page import spelled
from den_ref.methods import REGISTRY
from den_ref.methods.labels import name_of
from den_ref.plots import beside
from den_ref.plots.canvas import canvas
from den_ref.strict_json import strict_json
from den_ref.tasks import make_stream

from .blocks import DOCS, ROOT, write_blocks
from .small_tasks import mean_auroc

SEARCHES, RUNS = DOCS / "tuning_attributes", ROOT / "runs" / "fifty-tasks"
RECORD, PAGE = DOCS / "results" / "attributes.json", DOCS / "fifty_tasks.md"
CURVES, SIZES = (DOCS / "figures" / f"fifty_tasks_{name}.png" for name in ("average", "capacity"))

#: As hard for STL, tuned, as the paper's AWA, where it has .906: of NOISES the nearest to it on validation data.
STREAM = {"noise": 1.2}
#: At which STL tells how hard the stream is; the stream's default first.
NOISES = (0.95, 1.15, 1.2, 1.25)
#: Tasks that a search learns, and all.
FIRST, TASKS = 10, 50
SEEDS = (0,)
#: Learnt after every tenth task only.
AT_TENS = ("gomtl",)
#: The first stage in which DEN's older tasks fall.
FALLS = 22
#: The paper's data set of this shape.
THEIRS = "awa"

#: What is kept of a run: arrays of length 50, by stage but for ``last``, which goes by task.
Outcome = dict[str, np.ndarray]


# --- runs --------------------------------------------------------------------------------------------------------


def found(method: str, searches: Path) -> list[Judged]:
    """The best settings of a method on the first tasks; runs that are not on record are made."""
    def told(row) -> None:
        print(f"{method}, seed {row['seed']}: {row['validation']:.4f}, {row['share']:.3f} of STL's, "
              f"{row['seconds']:.0f} s: {spelled(row['settings'])}", flush=True)

    return tune(method, ATTRIBUTES, out=searches, budget=BUDGETS[ATTRIBUTES], told=told, n_tasks=FIRST, **STREAM)


def learnt(best: dict[str, Judged], seeds: Sequence[int], runs: Path) -> Grid:
    """All fifty tasks with the best setting of each method, a run a seed."""
    cells = [Cell(method, seed, full_setting(method, judged.settings, ATTRIBUTES), method)
             for seed in seeds for method, judged in best.items() if method not in AT_TENS]
    return compare(cells, ATTRIBUTES, out=runs, jobs=1, resume=(runs / "grid.json").exists(), **STREAM)


def at_tens(method: str, judged: Judged, seed: int) -> dict[str, list[float | None]]:
    """``outcome`` of a method that is learnt anew after every tenth task only, as fifty times would take too long."""
    options = full_setting(method, judged.settings, ATTRIBUTES)
    tasks = list(make_stream(ATTRIBUTES, seed=seed, **STREAM).tasks)
    lines = {name: [None] * TASKS for name in ("average", "just_learnt", "last", "parameters", "seconds")}
    for t in range(FIRST, TASKS + 1, FIRST):
        learner, started = REGISTRY[method](config_of(method, options, ATTRIBUTES), seed), time.process_time()
        learner.learn_all(tasks[:t])
        lines["seconds"][t - 1] = round(time.process_time() - started, 2)
        lines["average"][t - 1] = round(mean_auroc(learner, tasks[:t], "test"), 5)
        lines["parameters"][t - 1] = learner.capacity().allocated
    lines["last"] = [round(mean_auroc(learner, [task], "test"), 5) for task in tasks]
    return lines


def in_short(grid: Grid) -> dict[str, Any]:
    """The record of a grid: of R what the page shows, since fifty by fifty numbers a run are too many to keep."""
    return {"stream": {"name": ATTRIBUTES, **STREAM}, "methods": {
        row["label"]: {"settings": row["settings"],
                       "runs": {str(seed): outcome(result) for seed, result in grid.results[row["label"]].items()}}
        for row in grid.facts["methods"] if row["label"] in grid.results}}


def outcome(result: dict[str, Any]) -> dict[str, list[float]]:
    """AUROC as a mean over the tasks learnt, of each task when just learnt and after the last; size; seconds."""
    R, stages = np.asarray(result["R"]["auroc"], float), result["stages"]
    lines = {"average": average_curve(R), "just_learnt": R.diagonal(), "last": R[-1]}
    return {name: np.round(line, 5).tolist() for name, line in lines.items()} | {
        "parameters": [stage["capacity"]["allocated"] for stage in stages],
        "seconds": [round(stage["seconds"], 2) for stage in stages]}


def on_record() -> dict[str, list[Outcome]]:
    """Method -> its runs, by seed."""
    methods = strict_json(RECORD.read_bytes())["methods"]
    runs = {method: methods[method]["runs"].values() for method in ATTRIBUTE_SPACES if method in methods}
    return {method: [{name: np.array(line, float) for name, line in run.items()} for run in each]
            for method, each in runs.items()}


def by_noise(best: dict[str, Judged]) -> dict[str, list[float]]:
    """Noise -> AUROC of STL after fifty on seed 0: on validation data, which STREAM is chosen by, and on test data."""
    options = full_setting("stl", best["stl"].settings, ATTRIBUTES)
    return {str(noise): after_fifty("stl", options, 0, ("valid", "test"), noise=noise) for noise in NOISES}


def once_more(best: dict[str, Judged]) -> dict[str, float]:
    """What is changed -> AUROC after fifty on seed 0: two questions that the table raises.

    MTL with a fifth of its strengths: they hold a mean of losses, of which each of fifty is a fifth of what each of ten
    was.  DEN with its originals retired.
    """
    found = {method: full_setting(method, judged.settings, ATTRIBUTES) for method, judged in best.items()}
    fifth = {name: (np.array(found["mtl"][name]) * FIRST / TASKS).tolist() for name in ("weight_decay", "mu")}
    changed = {"MTL with a fifth of its strengths": ("mtl", found["mtl"] | fifth),
               "DEN with `split_original=retire`": ("den", found["den"] | {"split_original": "retire"})}
    return {what: after_fifty(method, options, 0, **STREAM)[0] for what, (method, options) in changed.items()}


def box_by_box(options: dict[str, Any], stage: int = FALLS) -> dict[str, list[float]]:
    """Box of a stage of DEN, seed 0 -> mean AUROC of the older tasks after it, and how many are more than .05 lower."""
    tasks = list(make_stream(ATTRIBUTES, seed=0, **STREAM).tasks)[:stage]
    den = REGISTRY["den"](config_of("den", options, ATTRIBUTES), 0)
    for task in tasks[:-1]:
        den.learn(task.without_test())

    def aurocs(network) -> np.ndarray:
        return np.array([head_auroc(network.scores(task.id, task.x_test), task.y_test, task.loss)
                         for task in tasks[:-1]])

    before = aurocs(den.network)
    return {step.title: [round(after.mean(), 5), int((before - after > 0.05).sum())]
            for step in den.steps(tasks[-1].without_test()) for after in [aurocs(step.after)]}


def after_fifty(method: str, options: dict[str, Any], seed: int, splits: Sequence[str] = ("test",),
                **stream) -> list[float]:
    """A method that learns all fifty tasks and is scored once, on each of these splits."""
    tasks = list(make_stream(ATTRIBUTES, seed=seed, **stream).tasks)
    learner = REGISTRY[method](config_of(method, options, ATTRIBUTES), seed)
    learner.learn_all(tasks)
    return [round(mean_auroc(learner, tasks, split), 5) for split in splits]


# --- the page ----------------------------------------------------------------------------------------------------


def stacked(runs: Sequence[Outcome], name: str) -> np.ndarray:
    """One of a method's lines, (n_seeds, 50)."""
    return np.array([run[name] for run in runs])


def sizes_of(record: dict[str, list[Outcome]], method: str) -> np.ndarray:
    """(n_seeds,): parameters after the last task, in percent of MTL's."""
    return 100 * stacked(record[method], "parameters")[:, -1] / record["mtl"][0]["parameters"][-1]


def results(record: dict[str, list[Outcome]]) -> str:
    """A row per method: after ten tasks and after fifty, a task when just learnt, what it lost; size; the paper's."""
    theirs, rows = after_last(THEIRS), []
    for method, runs in record.items():
        average, new, last = (stacked(runs, name) for name in ("average", "just_learnt", "last"))
        end, size = average[:, -1], size_of_line(method, THEIRS) if method in theirs else np.nan
        reach = f" ({number(end.min())} to {number(end.max())})" if len(end) > 1 else ""
        rows.append([name_of(method), number(average[:, FIRST - 1].mean()), f"**{number(end.mean())}**{reach}",
                     number(new[:, :FIRST].mean()), number(new[:, -FIRST:].mean()), number((new - last).mean(), "+.3f"),
                     number(sizes_of(record, method).mean(), ",.0f"),
                     number(theirs.get(method, np.nan)), number(size, ",.0f"),
                     number(np.nansum(stacked(runs, "seconds"), axis=1).mean(), ".0f")])
    return table(["method", "after ten", "after fifty", "just learnt, first ten", "last ten",
                  "lost since", "% of MTL's", "the paper", "its % of MTL's", "CPU seconds"], rows)


def along(record: dict[str, list[Outcome]]) -> str:
    """The average after every tenth task."""
    stages = range(FIRST, TASKS + 1, FIRST)
    return table(["tasks learnt", *map(str, stages)],
                 [[name_of(method), *(number(stacked(runs, "average")[:, t - 1].mean()) for t in stages)]
                  for method, runs in record.items()])


def noises() -> str:
    """How hard the stream is for STL."""
    asked = strict_json(RECORD.read_bytes())["noises"]
    return table(["noise", "STL after fifty, seed 0, validation", "test"],
                 [[noise, *map(number, aurocs)] for noise, aurocs in asked.items()])


def again() -> str:
    """What was asked once more."""
    asked = strict_json(RECORD.read_bytes())["once more"]
    return table(["once more, seed 0", "after fifty"], [[what, number(auroc)] for what, auroc in asked.items()])


def boxes() -> str:
    """Where in a stage older tasks fall."""
    asked = strict_json(RECORD.read_bytes())["boxes"]
    return table([f"stage {FALLS}, seed 0, after", "AUROC of older tasks", "of them lower by more than .05"],
                 [[title, number(auroc), str(fell)] for title, (auroc, fell) in asked.items()])


def settings() -> str:
    """The options of each method."""
    methods = strict_json(RECORD.read_bytes())["methods"]
    return table(["method", "options"], [[name_of(method), f"`{spelled(methods[method]['settings'])}`"]
                                         for method in ATTRIBUTE_SPACES if method in methods])


def blocks(record: dict[str, list[Outcome]]) -> dict[str, str]:
    """What stands between the marks of the page."""
    return {"noises": noises(), "results": results(record), "along": along(record), "again": again(),
            "boxes": boxes(), "settings": settings()}


def curves(record: dict[str, list[Outcome]]) -> Figure:
    """The average after each task; of the paper, which has no line of fifty points, where its lines end."""
    figure, axes = canvas(1, 1, 8.1, 5)
    end, theirs = (TASKS - 1.5, TASKS + 0.2), after_last(THEIRS)
    beside.curves_before(axes[0, 0], {method: stacked(runs, "average") for method, runs in record.items()},
                         {method: (end, (theirs[method],) * 2) for method in record if method in theirs},
                         "tasks learnt", "mean AUROC over tasks learnt", style=STYLE)
    axes[0, 0].set_xticks([1, *range(FIRST, TASKS + 1, FIRST)])
    return figure


def capacity(record: dict[str, list[Outcome]]) -> Figure:
    """AUROC after fifty against parameters; the paper's networks thin and hollow."""
    figure, axes = canvas(1, 1, 8.1, 5)
    ours = {method: [(sizes_of(record, method), stacked(runs, "average")[:, -1])] for method, runs in record.items()}
    ends = PAPER["figure 3, top"]["ends"][THEIRS]
    theirs = {method: sizes(method, THEIRS) or [(size_of_line(method, THEIRS), ends[method])]
              for method in record if method in ends}
    beside.sizes_before(axes[0, 0], ours, theirs, "parameters after fifty tasks, in % of MTL's",
                        "mean AUROC after fifty tasks", style=STYLE)
    return figure


def main() -> None:
    """Search, learn, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--searches", type=Path, default=SEARCHES, help="folder of the searches' records")
    parser.add_argument("--runs", type=Path, default=RUNS, help="folder of the runs on all tasks")
    parser.add_argument("--page", action="store_true", help="learn nothing, write the page from the record")
    arguments = parser.parse_args()
    if not arguments.page:
        best = {method: found(method, arguments.searches)[0] for method in ATTRIBUTE_SPACES}
        for seed in SEEDS:
            grid = learnt(best, [seed], arguments.runs)
            print(f"seed {seed}:", *(f"{cell} failed: {error}" for cell, error in grid.failures), flush=True)
        record = in_short(grid)
        for method in AT_TENS:
            record["methods"][method] = {
                "settings": full_setting(method, best[method].settings, ATTRIBUTES),
                "runs": {str(seed): at_tens(method, best[method], seed) for seed in SEEDS}}
        write_json(RECORD, record | {
            "noises": by_noise(best),
            "once more": once_more(best),
            "boxes": box_by_box(full_setting("den", best["den"].settings, ATTRIBUTES))})
    record = on_record()
    write_blocks(PAGE, **blocks(record))
    curves(record).savefig(CURVES, dpi=110)
    capacity(record).savefig(SIZES, dpi=110)


if __name__ == "__main__":
    main()
