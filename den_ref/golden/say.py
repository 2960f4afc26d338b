"""What the checker says: to people, and as JSON."""

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import den_ref

from .diagnose import Diagnosis
from .judge import FAIL, NOT_IMPLEMENTED, VERDICTS, Result, exit_status
from .values import SCHEMA, encode

WIDTH = 100
#: Differences shown per case (the first says most), cases shown per operation, and operations named in a line.
SHOWN, CASES, NAMED = 3, 3, 5
_COLOURS = {"pass": "32", "fail": "31;1", "error": "31;1", "unexpected pass": "31;1", "not implemented": "33",
            "expected failure": "33"}


# --- what did not pass -------------------------------------------------------------------------------------------


def groups(results: Sequence[Result]) -> list[list[Result]]:
    """Results of one operation: those that can be said together, all failures or all of one message but for sizes."""
    found: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        alike = re.sub(r"\d+(?!\)$)", "#", result.message)         # "(my_den.py, line 3)" is a place
        found.setdefault((result.verdict, alike), []).append(result)
    return list(found.values())


def explain(*results: Result, colour: bool = False) -> str:
    """Cases of one operation that did not pass: what probably happened, then what is wrong in each."""
    first, many = results[0], len(results) > 1
    title = f"{first.case.operation}, {len(results)} cases" if many else first.case.id
    lines = _labelled("says", first.message) * bool(first.message)
    if first.verdict == FAIL:
        lines += _diagnosis(results) + _labelled("formula", first.case.vector.equation)
    for result in results[:CASES]:
        lines += _labelled("case", f"{result.case.id}: {result.case.about}" if many else result.case.about)
        lines += [row for difference in _differences(result) for row in _labelled("wrong", difference)]
    more = [result.case.id.partition("/")[2] for result in results[CASES:]]
    lines += _labelled("and", f"{len(more)} more: {', '.join(more)}") * bool(more)
    lines += [f"see        den-ref golden show {first.case.id}"] * (first.verdict == FAIL)
    head = f"{painted(first.verdict.upper(), first.verdict, colour)}  {title}"
    return "\n".join([head, *("  " + line for line in lines)])


def _differences(result: Result) -> list[str]:
    shown = [f"{one}{f'  (tolerance {one.tolerance})' if one.what == 'value' else ''}"
             for one in result.differences[:SHOWN]]
    more = [one.field for one in result.differences[SHOWN:]]
    return shown + [f"and {len(more)} more: {textwrap.shorten(', '.join(more), 60)}"] * bool(more)


def ordered(results: Iterable[Result]) -> list[Diagnosis]:
    """The diagnoses of an operation's results, the likeliest first, those of one output alone last."""
    found = dict.fromkeys(one for result in results for one in result.diagnoses)
    return sorted(found, key=lambda one: (one.alone, -one.agreement, one.vague))


def _diagnosis(results: Sequence[Result]) -> list[str]:
    whole = [one for one in ordered(results) if not one.alone]
    alone = {(one.name, one.outputs): one for one in reversed(ordered(results)) if one.alone}
    said = [*whole[:1], *reversed(alone.values())]
    lines = [row for one in said for row in _labelled("diagnosis", f"{gives(one)}. {one.says}")]
    others = [one.name for one in whole[1:] if one.agreement == whole[0].agreement]
    lines += _labelled("or", ", ".join(others)) * bool(others)
    return lines or ["diagnosis  none of the known mistakes gives these answers"]


def gives(one: Diagnosis) -> str:
    """How well a diagnosis fits, in words."""
    fits, outputs = len(one.fits), ", ".join(one.outputs)
    what = "perhaps " if one.vague else f"{outputs} alone: " if one.alone else ""
    where = f" in {outputs}" if outputs and not one.alone else ""
    cases = f", in {fits} of {one.shows} cases that can show it" if max(one.shows, one.failed) > 1 else ""
    failures = f" and {fits} of {one.failed} that fail" if fits < one.failed else ""
    return f"{what}this is what {one.name} gives{where}{cases}{failures}"


def _labelled(label: str, text: str) -> list[str]:
    """A label and a text that is wrapped beside it."""
    rows = [row for part in text.splitlines()
            for row in textwrap.wrap(part, WIDTH - 13, break_on_hyphens=False) or [""]]
    return [f"{name:<11}{row}" for name, row in zip([label] + [""] * len(rows), rows)]


# --- all of them -------------------------------------------------------------------------------------------------


def table(results: Sequence[Result], colour: bool = False) -> str:
    """One row per operation that is implemented: how many cases came out how; then what is not."""
    rows: dict[str, Counter] = {}
    for result in results:
        rows.setdefault(result.case.operation, Counter())[result.verdict] += 1
    absent = [name for name, row in rows.items() if set(row) == {NOT_IMPLEMENTED}]
    rows = {name: row for name, row in rows.items() if name not in absent}
    used = [verdict for verdict in VERDICTS if any(row[verdict] for row in rows.values())]
    width = max(map(len, rows), default=0)
    lines = ["  ".join([" " * width, *used])] * bool(rows)
    for name, row in rows.items():
        cells = [_cell(row[verdict], verdict, colour) for verdict in used]
        lines.append("  ".join([f"{name:<{width}}", *cells]).rstrip())
    return "\n".join(lines + _absent(results, absent))


def _absent(results: Sequence[Result], absent: Sequence[str]) -> list[str]:
    """The operations that are not implemented, and which of them may be there under another name."""
    hints = dict.fromkeys(f"{result.case.operation}: {result.message}" for result in results
                          if result.verdict == NOT_IMPLEMENTED and result.message)
    names = f": {', '.join(absent)}" if len(absent) <= NAMED else "; den-ref golden list shows all"
    count = f"{len(absent)} operation{'s are' if len(absent) > 1 else ' is'} not implemented"
    return [count + names] * bool(absent) + list(hints)


def _cell(count: int, verdict: str, colour: bool) -> str:
    text = f"{count or '.':>{len(verdict)}}"
    return painted(text, verdict, colour) if count else text


def summary(results: Sequence[Result], complaints: Iterable[str] = ()) -> str:
    """The last lines: the counts, and what most failures have in common."""
    counts = Counter(result.verdict for result in results)
    said = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
    lines = [f"{len(results)} cases: {said or 'nothing was asked'}", *complaints]
    if set(counts) <= {NOT_IMPLEMENTED}:
        lines.append("nothing was checked, so this is no success")
    return "\n".join([*likely(results), *lines])


def likely(results: Iterable[Result]) -> list[str]:
    """Per operation with failures: what probably happened."""
    failed: dict[str, list[Result]] = {}
    for result in results:
        if result.verdict == FAIL:
            failed.setdefault(result.case.operation, []).append(result)
    return [f"{operation}: {gives(found[0])}" for operation, group in failed.items() if (found := ordered(group))]


def painted(text: str, verdict: str, colour: bool) -> str:
    """The text in the verdict's colour, where there is a terminal that shows it."""
    return f"\033[{_COLOURS[verdict]}m{text}\033[0m" if colour else text


# --- for machines ------------------------------------------------------------------------------------------------


def as_json(results: Sequence[Result], adapter: str, precision: str, complaints: Sequence[str] = ()) -> dict[str, Any]:
    """Everything that a run has found, in JSON types."""
    counts = Counter(result.verdict for result in results)
    return {
        "den_ref": den_ref.__version__, "schema": SCHEMA, "adapter": adapter, "precision": precision,
        "exit_status": exit_status(results, complaints),
        "counts": {verdict: counts[verdict] for verdict in VERDICTS},
        "complaints": list(complaints),
        "results": [_result(result) for result in results],
    }


def _result(result: Result) -> dict[str, Any]:
    return {
        "id": result.case.id, "operation": result.case.operation, "verdict": result.verdict,
        "seconds": round(result.seconds, 4), "message": result.message,
        "differences": [vars(one) | {"got": _plain(one.got), "want": _plain(one.want), "index": list(one.index)}
                        for one in result.differences],
        "mistakes": [vars(one) | {"fits": list(one.fits), "outputs": list(one.outputs)}
                     for one in result.diagnoses],
    }


def _plain(value):
    """Shapes as lists, other values as the format writes them."""
    return list(value) if isinstance(value, tuple) else None if value is None else encode(value)
