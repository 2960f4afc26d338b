"""What the checker says: to people, and as JSON."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import den_ref

from .judge import FAIL, NOT_IMPLEMENTED, VERDICTS, Result, exit_status
from .values import SCHEMA, encode

WIDTH = 100
#: Differences shown per case; the first says most.
SHOWN = 3
_COLOURS = {"pass": "32", "fail": "31;1", "error": "31;1", "unexpected pass": "31;1", "not implemented": "33",
            "expected failure": "33"}


# --- one case ----------------------------------------------------------------------------------------------------


def explain(result: Result, colour: bool = False) -> str:
    """A case that did not pass: what it is about, what is wrong, and what probably happened."""
    case, vector = result.case, result.case.vector
    lines = [f"{painted(result.verdict.upper(), result.verdict, colour)}  {case.id}", f"about      {case.about}"]
    lines += [row for difference in _differences(result) for row in _labelled("wrong", difference)]
    if result.message:
        lines += _labelled("says", result.message)
    if result.verdict == FAIL:
        lines += _diagnosis(result)
        lines += _labelled("formula", vector.equation)
        lines += [f"see        den-ref golden show {case.id}"]
    return "\n".join([lines[0], *("  " + line for line in lines[1:])])


def _differences(result: Result) -> list[str]:
    shown = [f"{one}{f'  (tolerance {one.tolerance})' if one.what == 'value' else ''}"
             for one in result.differences[:SHOWN]]
    more = [one.field for one in result.differences[SHOWN:]]
    return shown + [f"and {len(more)} more: {textwrap.shorten(', '.join(more), 60)}"] * bool(more)


def _diagnosis(result: Result) -> list[str]:
    mistakes = result.case.vector.mistakes
    if not result.mistakes:
        return ["diagnosis  none of the named mistakes gives this answer"]
    first, *others = result.mistakes
    lines = _labelled("diagnosis", f"this is what {first} gives. {mistakes[first]}")
    return lines + _labelled("or", ", ".join(others)) * bool(others)


def _labelled(label: str, text: str) -> list[str]:
    """A label and a text that is wrapped beside it."""
    rows = [row for part in text.splitlines()
            for row in textwrap.wrap(part, WIDTH - 13, break_on_hyphens=False) or [""]]
    return [f"{name:<11}{row}" for name, row in zip([label] + [""] * len(rows), rows)]


# --- all of them -------------------------------------------------------------------------------------------------


def table(results: Sequence[Result], colour: bool = False) -> str:
    """One row per operation: how many cases came out how."""
    rows: dict[str, Counter] = {}
    for result in results:
        rows.setdefault(result.case.operation, Counter())[result.verdict] += 1
    used = [verdict for verdict in VERDICTS if any(row[verdict] for row in rows.values())]
    width = max(map(len, rows), default=0)
    lines = ["  ".join([" " * width, *used])]
    for name, row in rows.items():
        cells = [_cell(row[verdict], verdict, colour) for verdict in used]
        lines.append("  ".join([f"{name:<{width}}", *cells]).rstrip())
    return "\n".join(lines)


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
    """Per operation with failures: the mistake that explains most of them."""
    failed: dict[str, list[Result]] = {}
    for result in results:
        if result.verdict == FAIL:
            failed.setdefault(result.case.operation, []).append(result)
    lines = []
    for operation, group in failed.items():
        counted = Counter(name for result in group for name in result.mistakes).most_common(1)
        lines += [f"{operation}: {n} of {len(group)} failures are what {name} gives" for name, n in counted]
    return lines


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
    mistakes = result.case.vector.mistakes
    return {
        "id": result.case.id, "operation": result.case.operation, "verdict": result.verdict,
        "seconds": round(result.seconds, 4), "message": result.message,
        "differences": [vars(one) | {"got": _plain(one.got), "want": _plain(one.want), "index": list(one.index)}
                        for one in result.differences],
        "mistakes": [{"name": name, "says": mistakes[name]} for name in result.mistakes],
    }


def _plain(value):
    """Shapes as lists, other values as the format writes them."""
    return list(value) if isinstance(value, tuple) else None if value is None else encode(value)
