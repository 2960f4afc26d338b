"""Every mutant through the checker: is it caught, and is the first diagnosis the mistake that it makes?

    python -m tests.golden.named_mistakes          writes its two tables into docs/golden.md

Mutants are functions that make one named mistake, in the ``MUTANTS`` tables of ``*_mutants.py`` beside this file:
{(operation, mistake): function of the operation's inputs}.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from den_ref.golden import check, vectors

from tests.oracles.lint import twins

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs" / "golden.md"


@dataclass(frozen=True)
class Finding:
    """What the checker said of one mutant.

    cases, caught : cases of the operation, and those it failed
    first, named : failed cases with the mistake as the first diagnosis, and as one of them
    diagnosis : the first one of most failed cases
    """

    operation: str
    mistake: str
    cases: int
    caught: int
    first: int
    named: int
    diagnosis: str


def all_mutants() -> dict:
    """The tables of all files, joined."""
    sys.path.insert(0, str(HERE))
    modules = [importlib.import_module(path.stem) for path in sorted(HERE.glob("*_mutants.py"))]
    return {key: mutant for module in modules for key, mutant in module.MUTANTS.items()}


def finding(operation: str, mistake: str, mutant) -> Finding:
    """Check one mutant on all cases of its operation."""
    results = check(SimpleNamespace(**{operation: mutant}), operation)
    wrong = [result for result in results if result.verdict != "pass"]
    diagnoses = [name for result in wrong for name in result.mistakes[:1]]
    most = max(sorted(set(diagnoses)), key=diagnoses.count, default="")
    return Finding(operation, mistake, len(results), len(wrong), diagnoses.count(mistake),
                   sum(mistake in result.mistakes for result in wrong), most)


def findings() -> list[Finding]:
    """One per named mistake that has a mutant, in the order of the files."""
    mutants = all_mutants()
    return [finding(vector.operation, mistake, mutants[vector.operation, mistake])
            for vector in vectors() for mistake in vector.mistakes if (vector.operation, mistake) in mutants]


def table(found: list[Finding]) -> str:
    """Markdown, with a line of totals."""
    rows = [f"| `{f.operation}` | `{f.mistake}` | {f.caught} of {f.cases} | "
            f"{'yes' if f.diagnosis == f.mistake else f.diagnosis or 'no'} ({f.first} of {f.caught}) |" for f in found]
    caught, first = sum(f.caught > 0 for f in found), sum(f.diagnosis == f.mistake for f in found)
    answers, right = sum(f.caught for f in found), sum(f.first for f in found)
    head = (f"{len(found)} mistakes: {caught} caught, {first} named as the first diagnosis. Of their {answers} wrong "
            f"answers, {right} ({right / max(answers, 1):.0%}) get the right diagnosis first on their own; the others are "
            "answers that several mistakes share.\n\n")
    return head + "| operation | mistake | cases that catch it | first diagnosis right |\n|---|---|---|---|\n" + "\n".join(rows)


UNTOLD = """- Mean and sum over outputs are the same with one output; cases with several tell them apart.
- With `gamma = 0`, with one entry per group or with one group, many mistakes about groups give the right answer.
- The quotient form of `squared_l2_prox` at strength 0 is off by a last bit or by nothing: less than any tolerance.
- What is random in training (initial weights, the order of batches) is an input here, so no case can judge how it is drawn.
- `fisher_diagonal` cannot judge labels drawn at random: one draw per sample is right on average only.
- `solve_head` sees the end of a solve, not the way: a slow solver that arrives is right.
- The answers below are shared by several mistakes; another case of the same operation tells them apart.
"""


def shared_answers() -> str:
    """Markdown: case, and the mistakes that give the same wrong answer to it."""
    rows = []
    for vector in vectors():
        for case in vector.cases:
            groups = {frozenset([mistake, *twins(case, mistake)]) for mistake in case.wrong}
            rows += [f"| `{case.id}` | {', '.join(f'`{name}`' for name in sorted(group))} |"
                     for group in sorted(groups, key=sorted) if len(group) > 1]
    return "| case | mistakes with the same answer |\n|---|---|\n" + "\n".join(rows)


def between_marks(text: str, mark: str, new: str) -> str:
    """The text with ``new`` between <!-- mark:begin --> and <!-- mark:end -->."""
    parts = re.split(rf"(?<=<!-- {mark}:begin -->\n).*?(?=<!-- {mark}:end -->)", text, flags=re.S)
    if len(parts) != 2:
        raise ValueError(f"{DOCS}: expected the marks {mark}:begin and {mark}:end, each once")
    return f"{parts[0]}{new}\n{parts[1]}"


def main() -> int:
    """Put both tables between their marks in docs/golden.md."""
    text = between_marks(DOCS.read_text("utf-8"), "mistakes", table(findings()))
    partial = DOCS.with_name("golden.md.part")
    partial.write_text(between_marks(text, "untold", UNTOLD + "\n" + shared_answers()), "utf-8")
    os.replace(partial, DOCS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
