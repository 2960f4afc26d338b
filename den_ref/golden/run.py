"""Asking an adapter case by case, and what comes of it: the verdicts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .adapter_python import AdapterError
from .case import Case
from .compare import PRECISIONS, Difference, differences
from .diagnose import diagnose
from .format import chosen_by

PASS, FAIL, ERROR = "pass", "fail", "error"
NOT_IMPLEMENTED, EXPECTED_FAILURE, UNEXPECTED_PASS = "not implemented", "expected failure", "unexpected pass"
VERDICTS = (PASS, FAIL, ERROR, NOT_IMPLEMENTED, EXPECTED_FAILURE, UNEXPECTED_PASS)
#: Verdicts that end in exit status 1.
BAD = (FAIL, ERROR, UNEXPECTED_PASS)

#: What asks one case: it returns flat outputs, or raises NotImplementedError or AdapterError.
Adapter = Callable[[Case], Mapping[str, Any]]


@dataclass(frozen=True)
class Result:
    """What came of one case.

    Parameters
    ----------
    case : Case
    verdict : str
        One of VERDICTS.
    differences : tuple of Difference
        What is wrong, the first output first.
    mistakes : tuple of str
        The named mistakes that give exactly this answer, the likeliest first.
    message : str
        The error, or why the failure was expected.
    seconds : float
        From question to answer.
    """

    case: Case
    verdict: str
    differences: tuple[Difference, ...] = ()
    mistakes: tuple[str, ...] = ()
    message: str = ""
    seconds: float = field(default=0.0, compare=False)


def check_all(adapter: Adapter, cases: Iterable[Case], precision: str = "f64",
              expected_failures: Mapping[str, str] | None = None) -> Iterator[Result]:
    """One Result per case, as they come.

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
    for case in cases:
        result = check_one(adapter, case, precision)
        yield _with_expectation(result, reasons[case.id]) if case.id in reasons else result


def check_one(adapter: Adapter, case: Case, precision: str = "f64") -> Result:
    """Ask one case and judge the answer."""
    started = time.perf_counter()
    try:
        result = judge(case, adapter(case), precision)
    except NotImplementedError as error:
        result = Result(case, NOT_IMPLEMENTED, message=str(error))
    except AdapterError as error:
        result = Result(case, ERROR, message=str(error))
    return replace(result, seconds=time.perf_counter() - started)


def judge(case: Case, outputs: Mapping[str, Any], precision: str = "f64") -> Result:
    """Compare outputs; if they are wrong, say what probably happened."""
    wrong = differences(case, outputs, precision)
    if not wrong:
        return Result(case, PASS)
    return Result(case, FAIL, tuple(wrong), tuple(diagnose(case, outputs, precision)))


def _with_expectation(result: Result, reason: str) -> Result:
    """A failure that was expected is none; a pass that was not expected is."""
    instead = {FAIL: EXPECTED_FAILURE, ERROR: EXPECTED_FAILURE, PASS: UNEXPECTED_PASS}
    message = f"{result.message} [{reason}]".strip()
    return replace(result, verdict=instead.get(result.verdict, result.verdict), message=message)


def exit_status(results: Iterable[Result], complaints: Iterable[str] = ()) -> int:
    """0 if everything that was answered is right; 1 if anything is not; 2 if nothing was answered at all."""
    verdicts = {result.verdict for result in results}
    if verdicts & set(BAD) or list(complaints):
        return 1
    return 2 if verdicts <= {NOT_IMPLEMENTED} else 0


# --- expected failures -------------------------------------------------------------------------------------------


def read_expected_failures(path: Path, everything: list[Case]) -> dict[str, str]:
    """A file of lines "ID REASON" (ID may hold * and ?) as id -> reason; empty lines and lines with # are comments.

    Raises
    ------
    ValueError
        For a line without a reason, or an id that no case has.
    """
    reasons = {}
    for number, line in enumerate(Path(path).read_text("utf-8").splitlines(), 1):
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
