"""What the checker says of every implementation on the list: caught, named, or misled."""

import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace

from den_ref.golden import check
from den_ref.golden.say import ordered

from .listing import LIST, Wrong
from .read_by_hand import READ
from .right import RIGHT, Right

ESCAPED, MISLED, UNNAMED, NAMED = "escaped", "misled", "caught", "named"


@dataclass(frozen=True)
class Verdict:
    """What came of one wrong implementation.

    word : "escaped", or caught with a first diagnosis that is right ("named"), that is not ("misled"), or with none
    failed, cases : how many cases caught it, of how many
    diagnosis : the first one, as the summary at the end of a check has it, or ""
    """

    wrong: Wrong
    word: str
    failed: int
    cases: int
    diagnosis: str


def results_of(operation: str, function: Callable, precision: str = "f64") -> list:
    """The checker's Results on all cases of an operation, whatever NumPy warns of meanwhile."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return check(SimpleNamespace(**{operation: function}), operation, precision=precision)


def diagnosis_of(results: list) -> str:
    """The first diagnosis of the failures, with its text: what the check's last lines say."""
    found = ordered(results)
    return f"{found[0].name}: {found[0].says}" if found else ""


@cache
def judged(wrong: Wrong) -> Verdict:
    """One wrong implementation through the checker."""
    results = results_of(wrong.operation, wrong.function)
    bad = [result for result in results if result.verdict != "pass"]
    diagnosis = diagnosis_of(bad)
    right = READ.get((wrong.name, diagnosis.partition(":")[0]), wrong.is_named_by(diagnosis))
    word = ESCAPED if not bad else UNNAMED if not diagnosis else NAMED if right else MISLED
    return Verdict(wrong, word, len(bad), len(results), diagnosis)


def verdicts(runs: bool = True, these: list[Wrong] = LIST) -> tuple[Verdict, ...]:
    """All of a list, in its order; without whole runs it takes a quarter of the time."""
    return tuple(judged(one) for one in these if runs or one.operation != "den_trace")


@dataclass(frozen=True)
class Counts:
    """The figures: numbers of implementations, and shares in percent."""

    written: int
    caught: int
    named: int
    misled: int

    @property
    def shares(self) -> tuple[float, float, float]:
        """Caught of all; named and misled of the caught."""
        return 100 * self.caught / self.written, 100 * self.named / self.caught, 100 * self.misled / self.caught


def counts(found: tuple[Verdict, ...]) -> Counts:
    """The figures of some verdicts."""
    words = Counter(verdict.word for verdict in found)
    return Counts(len(found), len(found) - words[ESCAPED], words[NAMED], words[MISLED])


def refused(right: Right) -> list[str]:
    """The cases in which a right variant is not accepted; [] if all is well."""
    results = results_of(right.operation, right.function, right.precision)
    return [result.case.id for result in results if result.verdict != "pass"]


# --- the table ---------------------------------------------------------------------------------------------------


def table(found: tuple[Verdict, ...]) -> str:
    """Verdicts as Markdown."""
    rows = [f"| {v.wrong.operation} | {v.wrong.name} | {v.wrong.did} | {'known' if v.wrong.known else ''} "
            f"| {'hard' if v.wrong.hard else ''} | {v.failed} of {v.cases} | {v.word} "
            f"| {v.diagnosis.partition(':')[0]} |" for v in found]
    return "\n".join([
        "# Wrong implementations, and what the checker says of them", "", *summary(found), "",
        "| operation | name | what was got wrong | | | cases that fail | verdict | first diagnosis |",
        "|---|---|---|---|---|---|---|---|", *rows, ""])


def table_of_variants() -> str:
    """What became of the right variants, as Markdown."""
    said = {right.name: ", ".join(refused(right)) or "accepted" for right in RIGHT}
    variants = [f"| {right.operation} | {right.name} | {right.how} | {said[right.name]} |" for right in RIGHT]
    return "\n".join([
        f"Right variants: {sum(text == 'accepted' for text in said.values())} of {len(RIGHT)} accepted.", "",
        "| operation | name | how it differs | verdict |", "|---|---|---|---|", *variants, ""])


def summary(found: tuple[Verdict, ...]) -> list[str]:
    """The figures in sentences: of all, of the hard ones, of those that the golden files named already."""
    lines = []
    for title, some in (("All", found), ("Hard ones", tuple(v for v in found if v.wrong.hard)),
                        ("Not named in the golden files when written", tuple(v for v in found if not v.wrong.known))):
        n, (caught, named, misled) = counts(some), counts(some).shares
        lines += [f"- {title}: {n.written} written; caught {n.caught} ({caught:.1f} %); of those named {n.named} "
                  f"({named:.1f} %), misleading {n.misled} ({misled:.1f} %)"]
    return lines
