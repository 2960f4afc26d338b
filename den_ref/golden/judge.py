"""What comes of an answer: the verdicts.

A case is known here by what it expects (``expected``, ``tolerance_of``, ``wrong``), not by its class, because
:meth:`den_ref.golden.case.Case.check` asks :func:`judge`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .compare import Difference, differences
from .diagnose import diagnose

PASS, FAIL, ERROR = "pass", "fail", "error"
NOT_IMPLEMENTED, EXPECTED_FAILURE, UNEXPECTED_PASS = "not implemented", "expected failure", "unexpected pass"
VERDICTS = (PASS, FAIL, ERROR, NOT_IMPLEMENTED, EXPECTED_FAILURE, UNEXPECTED_PASS)
#: Verdicts that end in exit status 1.
BAD = (FAIL, ERROR, UNEXPECTED_PASS)


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

    case: Any
    verdict: str
    differences: tuple[Difference, ...] = ()
    mistakes: tuple[str, ...] = ()
    message: str = ""
    seconds: float = field(default=0.0, compare=False)


def judge(case, outputs: Mapping[str, Any], precision: str = "f64") -> Result:
    """Compare outputs; if they are wrong, say what probably happened."""
    wrong = differences(case, outputs, precision)
    if not wrong:
        return Result(case, PASS)
    return Result(case, FAIL, tuple(wrong), tuple(diagnose(case, outputs, precision)))


def exit_status(results: Iterable[Result], complaints: Iterable[str] = ()) -> int:
    """0 if everything that was answered is right; 1 if anything is not; 2 if nothing was answered at all."""
    verdicts = {result.verdict for result in results}
    if verdicts & set(BAD) or list(complaints):
        return 1
    return 2 if verdicts <= {NOT_IMPLEMENTED} else 0
