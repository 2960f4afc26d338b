"""DEN and others with filters, beside DEN without, on digits before textures: a table of docs/convolution.md.

    OPENBLAS_NUM_THREADS=1 python -m docs.make.filters

Ten tasks of ``mnist-back``, three seeds, every method with its own defaults on that stream but for the network: two
convolutions of 8 and 16 filters of 5 x 5, stride 2, and 32 dense units.  Runs are kept in runs/filters, in short in
docs/results/filters.json; stopped, the script goes on where it was.  A quarter of an hour of a processor.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from den_ref.experiment.disk.json_files import write_json
from den_ref.experiment.grid.all_cells import compare
from den_ref.experiment.grid.grid import Cell, Grid
from den_ref.experiment.pages.markdown import number, table
from den_ref.experiment.pages.numbers import average_curve
from den_ref.methods.labels import name_of
from den_ref.settings import as_text
from den_ref.strict_json import strict_json

from .blocks import DOCS, ROOT, write_blocks

RUNS, RECORD, PAGE = ROOT / "runs" / "filters", DOCS / "results" / "filters.json", DOCS / "convolution.md"
STREAM, SEEDS = "mnist-back", (0, 1, 2)
FILTERS = {"filters": [8, 16], "stride": 2, "hidden": [32]}
METHODS = ("den", "stl", "mtl", "ewc", "l2", "finetune")
#: DEN as it is without filters.
DENSE = "den, dense"


def learnt(runs: Path = RUNS, seeds=SEEDS, jobs: int = 2, **stream_options) -> Grid:
    """Every method with filters, and DEN without; runs that are in the folder are not made again."""
    cells = [Cell(method, seed, FILTERS, method) for seed in seeds for method in METHODS]
    cells += [Cell("den", seed, {}, DENSE) for seed in seeds]
    return compare(cells, STREAM, out=runs, jobs=jobs, resume=(runs / "grid.json").exists(), **stream_options)


def in_short(grid: Grid) -> dict[str, Any]:
    """What is kept of the runs: mean AUROC after every task, of each when just learnt, size, seconds."""
    return {"stream": STREAM, "filters": FILTERS, "methods": {
        label: {str(seed): outcome(result) for seed, result in results.items()}
        for label, results in grid.results.items()}}


def outcome(result: dict[str, Any]) -> dict[str, Any]:
    """One run."""
    R, stages = np.asarray(result["R"]["auroc"], float), result["stages"]
    return {"average": np.round(average_curve(R), 5).tolist(), "just_learnt": np.round(R.diagonal(), 5).tolist(),
            "parameters": stages[-1]["capacity"]["allocated"], "units": stages[-1]["capacity"]["widths"],
            "seconds": round(sum(stage["seconds"] for stage in stages), 1)}


def results_table(record: dict[str, Any]) -> str:
    """A row per method, the best mean first."""
    rows = []
    for label, runs in record["methods"].items():
        after = np.array([run["average"][-1] for run in runs.values()])
        just = np.mean([run["just_learnt"] for run in runs.values()])
        size, seconds = (np.mean([run[name] for run in runs.values()]) for name in ("parameters", "seconds"))
        name = "DEN without filters" if label == DENSE else name_of(label)
        rows.append((after.mean(), [name, *(number(a) for a in after), f"**{number(after.mean())}**",
                                    number(just), f"{size:,.0f}", f"{seconds:.0f}"]))
    heads = ["method", *(f"seed {seed}" for seed in SEEDS), "mean", "just learnt", "parameters", "CPU seconds"]
    return table(heads, [row for _, row in sorted(rows, key=lambda pair: -pair[0])])


def write() -> None:
    """The table, from the record."""
    record = strict_json(RECORD.read_bytes())
    options = " ".join(f"{name}={as_text(value)}" for name, value in record["filters"].items())
    write_blocks(PAGE, learning=f"Networks: `{options}`.\n\n{results_table(record)}")


def main() -> None:
    """The command."""
    write_json(RECORD, in_short(learnt()))
    write()


if __name__ == "__main__":
    main()
