"""The fifty tasks of ``attributes``, learnt by eleven methods that were tuned alike on the first ten.

    OPENBLAS_NUM_THREADS=1 python -m docs.make.fifty_tasks

One search after the other, as ``den-ref tune METHOD --stream attributes --data noise=1.1 --tasks 10`` makes
it; then all fifty tasks with the best setting of each, as ``den-ref compare`` learns them, in runs/fifty-tasks.  What
is on record is not made again: stopped, the script goes on where it was.  An hour of a processor for one seed.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from den_ref.experiment.grid.all_cells import compare
from den_ref.experiment.grid.grid import Cell, Grid
from den_ref.experiment.tune.attribute_spaces import ATTRIBUTE_SPACES, ATTRIBUTES
from den_ref.experiment.tune.record import Judged
from den_ref.experiment.tune.search import BUDGETS, tune
from den_ref.experiment.tune.search_spaces import full_setting
from den_ref.experiment.tune.tuning_page import spelled

from .blocks import DOCS, ROOT

SEARCHES, RUNS = DOCS / "tuning_attributes", ROOT / "runs" / "fifty-tasks"
#: As hard for STL, tuned, as the paper's AWA: .906.
STREAM = {"noise": 1.1}
#: Tasks that a search learns.
FIRST = 10
SEEDS = (0, 1, 2)


def found(method: str, searches: Path) -> list[Judged]:
    """The best settings of a method on the first tasks; runs that are not on record are made."""
    def told(row) -> None:
        print(f"{method}, seed {row['seed']}: {row['validation']:.4f}, {row['share']:.3f} of STL's, "
              f"{row['seconds']:.0f} s: {spelled(row['settings'])}", flush=True)

    return tune(method, ATTRIBUTES, out=searches, budget=BUDGETS[ATTRIBUTES], told=told, n_tasks=FIRST,
                **STREAM)


def learnt(best: dict[str, Judged], seeds: Sequence[int], runs: Path) -> Grid:
    """All fifty tasks with the best setting of each method, a run a seed."""
    cells = [Cell(method, seed, full_setting(method, judged.settings, ATTRIBUTES), method)
             for seed in seeds for method, judged in best.items()]
    return compare(cells, ATTRIBUTES, out=runs, jobs=1, resume=(runs / "grid.json").exists(), **STREAM)


def main() -> None:
    """Search, learn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--searches", type=Path, default=SEARCHES, help="folder of the searches' records")
    parser.add_argument("--runs", type=Path, default=RUNS, help="folder of the runs on all tasks")
    arguments = parser.parse_args()
    best = {method: found(method, arguments.searches)[0] for method in ATTRIBUTE_SPACES}
    for seed in SEEDS:
        grid = learnt(best, [seed], arguments.runs)
        print(f"seed {seed}:", *(f"{label} failed: {error}" for label, error in grid.failures), flush=True)


if __name__ == "__main__":
    main()
