"""Asking an adapter case by case, and what failures were expected."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

from .answers import AdapterError
from .case import Case
from .compare import PRECISIONS
from .format import chosen_by
from .judge import ERROR, EXPECTED_FAILURE, FAIL, NOT_IMPLEMENTED, PASS, UNEXPECTED_PASS, Result, diagnosed, judge

#: What asks one case: it returns flat outputs, or raises NotImplementedError or AdapterError.
Adapter = Callable[[Case], Mapping[str, Any]]


def check_all(adapter: Adapter, cases: Iterable[Case], precision: str = "f64",
              expected_failures: Mapping[str, str] | None = None) -> Iterator[Result]:
    """One Result per case, as their operations come: what went wrong is known when all cases of one are answered.

    Parameters
    ----------
    adapter : callable
        ``PythonAdapter(module)`` or ``ProcessAdapter(command)``.
    cases : list of Case
    precision : {"f64", "f32"}
    expected_failures : dict, optional
        Id -> reason (see :func:`read_expected_failures`).
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision: expected one of {', '.join(PRECISIONS)}, got {precision!r}")
    reasons = expected_failures or {}
    for _, group in groupby(cases, key=lambda case: case.operation):
        for result in diagnosed([_asked(adapter, case, precision) for case in group], precision):
            yield _with_expectation(result, reasons[result.case.id]) if result.case.id in reasons else result


def check_one(adapter: Adapter, case: Case, precision: str = "f64") -> Result:
    """Ask one case, judge the answer, and say what probably happened as far as it alone can tell."""
    result, = diagnosed([_asked(adapter, case, precision)], precision)
    return result


def _asked(adapter: Adapter, case: Case, precision: str) -> Result:
    """The answer to a case, judged."""
    started = time.perf_counter()
    try:
        result = judge(case, adapter(case), precision)
    except NotImplementedError as error:
        result = Result(case, NOT_IMPLEMENTED, message=str(error))
    except AdapterError as error:
        result = Result(case, ERROR, message=str(error))
    return replace(result, seconds=time.perf_counter() - started)


def _with_expectation(result: Result, reason: str) -> Result:
    """A failure that was expected is none; a pass that was not expected is."""
    instead = {FAIL: EXPECTED_FAILURE, ERROR: EXPECTED_FAILURE, PASS: UNEXPECTED_PASS}
    message = f"{result.message} [{reason}]".strip()
    return replace(result, verdict=instead.get(result.verdict, result.verdict), message=message)


# --- expected failures -------------------------------------------------------------------------------------------


def read_expected_failures(path: Path, everything: list[Case]) -> dict[str, str]:
    """A file of lines "ID REASON" (ID may hold * and ?) as id -> reason; empty lines and lines with # are comments.

    Raises
    ------
    ValueError
        For a file that cannot be read as text, a line without a reason, or an id that no case has.
    """
    reasons = {}
    for number, line in enumerate(_lines(Path(path)), 1):
        pattern, _, reason = line.strip().partition(" ")
        if not pattern or pattern.startswith("#"):
            continue
        if not reason.strip():
            raise ValueError(f"{path}, line {number}: expected an id and a reason, got {line.strip()!r}")
        try:
            reasons |= {case.id: reason.strip() for case in chosen_by(pattern, everything)}
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}") from error
    return reasons


def _lines(path: Path) -> list[str]:
    """The lines of a text in UTF-8, with a byte-order mark or without."""
    try:
        return path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"--xfail: expected a text in UTF-8, got other bytes in {path} ({error})") from error
    except OSError as error:
        raise ValueError(f"--xfail: expected a file that can be read, got {path}: {error.strerror}") from error
