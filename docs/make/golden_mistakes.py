"""Every mutant of the tests through the checker, and wrong answers that several mistakes share: tables of docs/golden.md.

    python -m docs.make.golden_mistakes
"""

from __future__ import annotations

from den_ref.golden import vectors
from den_ref.golden.generic import TABLE
from tests.oracles.lint import twins

from .blocks import DOCS, write_blocks
from tests.helpers.named_mistakes import Finding, findings


def table(found: list[Finding]) -> str:
    """Markdown, with a line of totals."""
    rows = [f"| `{f.operation}` | `{f.mistake}` | {f.caught} of {f.cases} | "
            f"{'yes' if f.diagnosis == f.mistake else f.diagnosis or 'no'} ({f.first} of {f.caught}) |" for f in found]
    caught, first = sum(f.caught > 0 for f in found), sum(f.diagnosis == f.mistake for f in found)
    answers, right = sum(f.caught for f in found), sum(f.first for f in found)
    head = (f"{len(found)} mistakes: {caught} caught, {first} named as the first diagnosis. Of their {answers} wrong "
            f"answers, {right} ({right / max(answers, 1):.0%}) have it as their first diagnosis.\n\n")
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


def generic() -> str:
    """Markdown: the generic diagnoses."""
    rows = [f"| `{one.name}` | {one.says} |" for one in TABLE]
    rows += ["| `times-n`, `divided-by-n` | Every entry is n times too large, or too small: n is a constant, or a size or "
             "number of the inputs (`x.shape[0]`, `len(weights)`, `step`). |",
             "| `constant-added` | One number is added to every entry. |",
             "| `penalty-in-the-gradient` | A penalty's gradient, at a strength that the inputs have, is contained in that of "
             "the smooth part. |"]
    return "| generic diagnosis | |\n|---|---|\n" + "\n".join(rows)


if __name__ == "__main__":
    write_blocks(DOCS / "golden.md", generic=generic(), mistakes=table(findings()), untold=UNTOLD + "\n" + shared_answers())
