"""The numbers of docs/scenarios.md: the digits in five groups, learnt by every method that can be asked for all classes.

``python -m docs.make.scenarios`` learns them (a few minutes) and writes ``docs/results/split-digits.json`` and the
table; ``--table`` writes the table alone, from that file.
"""

import argparse
from pathlib import Path

import numpy as np

from den_ref.experiment import run
from den_ref.experiment.disk.json_files import write_json
from den_ref.methods.labels import name_of
from den_ref.strict_json import strict_json

DOCS = Path(__file__).parents[1]
RECORD, PAGE = DOCS / "results" / "split-digits.json", DOCS / "scenarios.md"
BEGIN, END = "<!-- numbers:split-digits -->\n", "<!-- end:split-digits -->"
METHODS = ("finetune", "ewc", "si", "den", "nearest-mean", "tree", "mtl")
SEEDS = (0, 1, 2, 3, 4)
PER_CLASS = (500, 100, 500)
#: A small network; all else are the methods' own defaults, which were not chosen for this stream.
SMALL = {"hidden": (64, 32)}


def learnt(method: str, seed: int) -> dict:
    """R after the last task: its row by accuracy, and the accuracy on each task when it was just learnt."""
    made = run(method, "split-digits", seed=seed, settings={} if method == "nearest-mean" else SMALL,
               per_class=PER_CLASS)
    R = made.R["accuracy"]
    return {"method": method, "seed": seed, "last": np.round(R[-1], 6).tolist(),
            "just_learnt": np.round(R.diagonal(), 6).tolist(), "auroc": round(float(made.R["auroc"][-1].mean()), 6),
            "parameters": made.capacities[-1]["allocated"]}


def table(rows: list[dict]) -> str:
    """Means over the seeds, and the sample deviation of the first column."""
    lines = ["| method | all ten classes | first task's classes | last task's classes | just learnt, mean | parameters |",
             "|---|---|---|---|---|---|"]
    for method in METHODS:
        own = [row for row in rows if row["method"] == method]
        last, then = (np.array([row[key] for row in own]) for key in ("last", "just_learnt"))
        whole = last.mean(axis=1)
        lines.append(f"| {name_of(method)} | {whole.mean():.3f} ± {whole.std(ddof=1):.3f} | {last[:, 0].mean():.3f} | "
                     f"{last[:, -1].mean():.3f} | {then.mean():.3f} | "
                     f"{np.mean([row['parameters'] for row in own]):,.0f} |")
    return "\n".join(lines) + "\n"


def write_table() -> None:
    """The table of the record between its two marks on the page."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    text = table(strict_json(RECORD.read_bytes())["runs"])
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", "utf-8")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--table", action="store_true", help="write the table from the record, learn nothing")
    if not arguments.parse_args().table:
        runs = [learnt(method, seed) for method in METHODS for seed in SEEDS]
        write_json(RECORD, {"stream": "split-digits", "per_class": PER_CLASS, "settings": SMALL, "runs": runs})
    write_table()


if __name__ == "__main__":
    main()
