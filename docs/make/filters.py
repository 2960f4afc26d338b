"""Learning with filters: tables and figures of docs/convolution.md.

    OPENBLAS_NUM_THREADS=1 python -m docs.make.filters

One search after the other, as ``den-ref tune METHOD --filters --stream mnist-back --tasks 4`` makes it, on record in
docs/tuning_filters; then ten tasks with the best setting of each and with DEN without filters, as ``den-ref compare``
learns them, in runs/filters; then the same settings on uniform noise.  In short they are in docs/results/filters.json.
What is on record is not made again: stopped, the script goes on where it was.  An hour of a processor in all.

With ``--search`` and the names of some methods, or of none, the others are learnt with their best setting so far: the
defaults, where no search has begun.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from matplotlib.figure import Figure

from den_ref.experiment.disk.json_files import as_json, write_json
from den_ref.experiment.grid.all_cells import compare
from den_ref.experiment.grid.grid import Cell
from den_ref.experiment.one_run.presets import default_options
from den_ref.experiment.pages import numbers, paper
from den_ref.experiment.pages.figures import PAGE as WIDTH, STYLE
from den_ref.experiment.pages.markdown import number, table
from den_ref.experiment.pages.summary import summarised
from den_ref.experiment.tune.filter_spaces import FILTER_SPACES, NETWORK, WITH_FILTERS
from den_ref.experiment.tune.record import best_tries, read_tries, record_path
from den_ref.experiment.tune.search import BUDGETS, tune
from den_ref.experiment.tune.search_spaces import full_setting, space_of
from den_ref.experiment.tune.tuning_page import spelled, write_page
from den_ref.methods import REGISTRY
from den_ref.methods.labels import name_of
from den_ref.plots import comparison
from den_ref.plots.canvas import canvas
from den_ref.strict_json import strict_json

from .blocks import DOCS, ROOT, write_blocks

SEARCHES, RUNS = DOCS / "tuning_filters", ROOT / "runs" / "filters"
RECORD, PAGE, FIGURES = DOCS / "results" / "filters.json", DOCS / "convolution.md", DOCS / "figures"
#: Tasks that a search learns.
FIRST = 4
TEXTURES, NOISE = "mnist-back", "mnist-variation"
#: Stream -> its seeds, and what it is called.
SEEDS = {TEXTURES: (0, 1, 2), NOISE: (0,)}
TITLES = {TEXTURES: "textures", NOISE: "uniform noise"}
#: DEN as it is without filters; and with them as it begins its search.
DENSE, DEFAULTS = "den, dense", "den, defaults"
#: The paper's data set that its convolutional networks learnt.
THEIRS = "cifar-100"

#: Stream -> method -> "settings", and "runs" by seed.
Record = dict[str, dict[str, dict[str, Any]]]


# --- runs --------------------------------------------------------------------------------------------------------


def search(method: str, searches: Path = SEARCHES, **stream_options) -> None:
    """Search a method's settings on the first tasks; runs that are on record are not made."""
    def told(row) -> None:
        print(f"{method}: {row['validation']:.4f}, {row['seconds']:.0f} s: {spelled(row['settings'])}", flush=True)

    tune(method, TEXTURES, out=searches, budget=BUDGETS[WITH_FILTERS], filters=True, told=told,
         **{"n_tasks": FIRST, **stream_options})


def best_so_far(method: str, searches: Path = SEARCHES) -> tuple[dict[str, Any], int]:
    """The best setting on record, of how many; the defaults, if there is none."""
    space, tries = space_of(method, WITH_FILTERS), read_tries(record_path(searches, method))
    ranked = best_tries(tries, space.largest_share, space.wish)
    return full_setting(method, ranked[0]["settings"] if ranked else space.start, TEXTURES), len(tries)


def settings(searches: Path = SEARCHES) -> dict[str, dict[str, Any]]:
    """What each is learnt with: method -> its best setting; DEN without filters has that of its own search."""
    dense = default_options(REGISTRY["den"], TEXTURES).to_dict()
    start = full_setting("den", space_of("den", WITH_FILTERS).start, TEXTURES)
    return {method: best_so_far(method, searches)[0] for method in FILTER_SPACES} | {DENSE: dense, DEFAULTS: start}


def learn(record: Record, stream: str, label: str, setting: dict[str, Any], seed: int, runs: Path = RUNS,
          **stream_options) -> None:
    """Learn a stream, and put what came of it on record; what is there with this setting is not learnt again."""
    row = record.setdefault(stream, {}).get(label)
    if row is None or row["settings"] != setting:
        row = record[stream][label] = {"settings": setting, "runs": {}}
    if str(seed) in row["runs"]:
        return
    out = runs / f"{stream}-{label.replace(', ', '-')}-{crc32(json.dumps(setting).encode()):08x}"
    grid = compare([Cell(label.partition(",")[0], seed, setting, label)], stream, out=out, jobs=1, resume=True,
                   **stream_options)
    if grid.failures:
        raise RuntimeError(f"{label} on {stream}, seed {seed}: {grid.failures[0][1]}")
    row["runs"][str(seed)] = outcome(grid.results[label][seed])


def outcome(result: Mapping[str, Any]) -> dict[str, Any]:
    """One run in short: mean AUROC after every task and of each when just learnt; size; what DEN's boxes did."""
    summary = summarised({"it": {0: result}})
    [run] = summary.runs("it")
    kept = {"average": np.round(numbers.average_curve(run.R), 5).tolist(),
            "just_learnt": np.round(run.R.diagonal(), 5).tolist(), "parameters": int(run.allocated[-1]),
            "units": run.widths[-1], "seconds": round(float(run.seconds.sum()), 1)}
    shares = {"selected": numbers.selected_share(run)[1:, 1:], "split": numbers.split_share(run)[1:]}
    return kept | {name: np.round(share, 3).tolist() for name, share in shares.items() if np.isfinite(share).all()}


# --- the page ----------------------------------------------------------------------------------------------------


def of_runs(row: Mapping[str, Any], function) -> np.ndarray:
    """function(run) of each seed, stacked."""
    return np.array([function(run) for run in row["runs"].values()], float)


def after_last(row: Mapping[str, Any]) -> np.ndarray:
    """(n_seeds,): mean AUROC after the last task."""
    return of_runs(row, lambda run: run["average"][-1])


def results(rows: Mapping[str, Mapping]) -> str:
    """A row per method, the best mean first."""
    cells, seeds = {}, sorted({seed for row in rows.values() for seed in row["runs"]})
    for label, row in rows.items():
        size, seconds = (of_runs(row, lambda run: run[name]).mean() for name in ("parameters", "seconds"))
        cells[label] = [name_of(label), *(number(row["runs"][seed]["average"][-1]) if seed in row["runs"] else "–"
                                        for seed in seeds), f"**{number(after_last(row).mean())}**",
                        number(of_runs(row, lambda run: run["just_learnt"]).mean()), f"{size:,.0f}", f"{seconds:.0f}"]
    heads = ["method", *(f"seed {seed}" for seed in seeds), "mean", "just learnt", "parameters", "CPU seconds"]
    return table(heads, [cells[label] for label in sorted(rows, key=lambda label: -after_last(rows[label]).mean())])


def order(record: Record) -> str:
    """Neighbours in the order of the paper's figure for CIFAR-100, of those learnt here; then DEN without filters."""
    theirs = paper.after_last(THEIRS)
    ranked = sorted(set(record[TEXTURES]) & set(theirs), key=theirs.get, reverse=True)
    rows = [[f"{name_of(upper)} > {name_of(lower)}", number(theirs[upper] - theirs.get(lower, np.nan), "+.4f"),
             *(cell for stream in record for cell in _ahead(record[stream], upper, lower))]
            for upper, lower in [*zip(ranked, ranked[1:]), ("den", DENSE)]]
    heads = [head for stream in record for head in (f"on {TITLES[stream]}", "seeds that agree")]
    return table(["the paper's order", "on CIFAR-100, there", *heads], rows)


def _ahead(rows: Mapping[str, Mapping], upper: str, lower: str) -> tuple[str, str]:
    """The mean difference after the last task, and of how many seeds it is positive."""
    upper, lower = (rows.get(label, {"runs": {}})["runs"] for label in (upper, lower))
    ahead = np.array([upper[seed]["average"][-1] - lower[seed]["average"][-1] for seed in upper if seed in lower])
    return (number(ahead.mean(), "+.3f"), f"{(ahead > 0).sum()} of {len(ahead)}") if len(ahead) else ("–", "–")


def learnt_with(rows: Mapping[str, Mapping], searches: Path = SEARCHES) -> str:
    """The settings, but for the network that most begin with, and of how many they are the best."""
    network, tries = as_json(NETWORK), {method: best_so_far(method, searches)[1] for method in FILTER_SPACES}
    return table(["method", "best of", "options"], [
        [name_of(label), str(tries.get(label) or "the defaults"),
         f"`{spelled({name: value for name, value in row['settings'].items() if network.get(name) != value})}`"]
        for label, row in rows.items() if label != DENSE])


def blocks(record: Record) -> dict[str, str]:
    """What the script writes into the page."""
    tables = [f"On {TITLES[stream]}:\n\n{results(rows)}" for stream, rows in record.items()]
    return {"learning": "\n\n".join([f"Networks: `{spelled(NETWORK)}`.", *tables]), "order": order(record),
            "settings": learnt_with(record[TEXTURES])}


def average(record: Record) -> Figure:
    """Mean AUROC over the tasks learnt, by their number, a panel a stream; and the paper's, of its larger networks."""
    figure, axes = canvas((len(record) + 2) // 2, 2, WIDTH, 4.6 * ((len(record) + 2) // 2))
    ours = [{label: of_runs(row, lambda run: run["average"]) for label, row in rows.items()}
            for rows in record.values()]
    theirs = {method: np.array([line]) for method, line in paper.curves(THEIRS).items()}
    comparison.same_heights(axes.flat[:len(ours)], ours)
    panels = [*zip(map(TITLES.get, record), ours), ("CIFAR-100, the paper's networks", theirs)]
    for ax, (name, runs) in zip(axes.flat, panels):
        comparison.curves(ax, runs, f"tasks learnt, {name}", "mean AUROC over tasks learnt", style=STYLE)
    for ax in axes.flat[len(panels):]:
        ax.set_axis_off()
    return figure


def capacity(record: Record) -> Figure:
    """AUROC after ten tasks against parameters, on textures."""
    figure, axes = canvas(1, 1, 6.5, 4.6)
    points = {label: (of_runs(row, lambda run: run["parameters"]), after_last(row))
              for label, row in record[TEXTURES].items()}
    comparison.scores_against_cost(axes[0, 0], points, "parameters after ten tasks", "AUROC after ten tasks", log=True,
                                   style=STYLE)
    return figure


def selected(record: Record) -> Figure:
    """Units that DEN selects and splits on textures, layer by layer and task by task, in parts of those it sees."""
    figure, axes = canvas(2, 2, WIDTH, 6.4)
    for row, label in zip(axes, ("den", DEFAULTS)):
        for ax, (name, ylabel) in zip(row, {"selected": "share of units selected",
                                            "split": "share of older units split"}.items()):
            shares = np.array([run[name] for run in record[TEXTURES][label]["runs"].values()])
            from_second = np.pad(shares, ((0, 0), (1, 0), (0, 0)), constant_values=np.nan)
            layers = {f"layer {l}": from_second[:, :, l - 1] for l in range(1, shares.shape[2] + 1)}
            comparison.share_curves(ax, layers, f"task, {name_of(label)}", ylabel, style=STYLE)
    return figure


def on_record() -> Record:
    """What was learnt."""
    return strict_json(RECORD.read_bytes()) if RECORD.exists() else {}


def write(record: Record) -> None:
    """The tables and figures, from the record."""
    write_blocks(PAGE, **blocks(record))
    for draw in (average, capacity, selected):
        draw(record).savefig(FIGURES / f"learning_filters_{draw.__name__}.png", dpi=110)


def main(words: Sequence[str] | None = None) -> None:
    """Search, learn, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--search", nargs="*", choices=FILTER_SPACES, default=[*FILTER_SPACES], metavar="METHOD",
                        help="methods whose search is followed to its end (default: all)")
    parser.add_argument("--page", action="store_true", help="learn nothing, write the page from the records")
    arguments = parser.parse_args(words)
    if not arguments.page:
        for method in arguments.search:
            search(method)
        write_page(SEARCHES)
        asked, record = settings(), on_record()
        for stream, seeds in SEEDS.items():
            for seed in seeds:
                for label, setting in asked.items():
                    learn(record, stream, label, setting, seed)
                    write_json(RECORD, record)
    write(on_record())


if __name__ == "__main__":
    main()
