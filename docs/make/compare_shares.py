"""How long a comparison took one core, and each method's share of it: the table of docs/compare.md.

    den-ref compare --seeds 0 --no-sweep --jobs 1 --out runs/shares
    python -m docs.make.compare_shares runs/shares/summary.json
"""

from __future__ import annotations

import sys

from den_ref.experiment.pages import numbers
from den_ref.experiment.pages.markdown import table
from den_ref.experiment.pages.summary import Summary, read_summary

from .blocks import DOCS, write_blocks


def seconds(summary: Summary) -> dict[str, float]:
    """Label -> CPU seconds of all its runs together, the longest first."""
    found = {label: float(numbers.cost(summary, label, "seconds").sum()) for label in summary.options}
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def shares(summary: Summary) -> str:
    """A sentence on the whole, and a row per method."""
    found, tasks = seconds(summary), len(summary.about["tasks"])
    total, runs = sum(found.values()), sum(len(summary.runs(label)) for label in found)
    rows = [[f"`{label}`", f"{own:.1f}", f"{own / total:.1%}"] for label, own in found.items()]
    return (f"{runs} runs of {tasks} tasks each took {total:.0f} seconds of one core:\n\n"
            + table(["run", "CPU seconds", "share"], rows))


def main() -> None:
    """The command."""
    text = shares(read_summary(sys.argv[1]))
    print(text)
    write_blocks(DOCS / "compare.md", shares=text)


if __name__ == "__main__":
    main()
