"""What comes of an answer: the verdicts.

A case is known here by what it expects (``expected``, ``tolerance_of``, ``wrong``), not by its class, because
:meth:`den_ref.golden.case.Case.check` asks :func:`judge`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .compare import Difference, differences
from .diagnose import Diagnosis, diagnose

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
    outputs : dict
        What was answered, flat.
    diagnoses : tuple of Diagnosis
        What explains this answer and most others of its operation, the likeliest first.
    message : str
        The error, or why the failure was expected.
    seconds : float
        From question to answer.
    """

    case: Any
    verdict: str
    differences: tuple[Difference, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    diagnoses: tuple[Diagnosis, ...] = ()
    message: str = ""
    seconds: float = field(default=0.0, compare=False)

    @property
    def mistakes(self) -> tuple[str, ...]:
        """The names of the diagnoses."""
        return tuple(one.name for one in self.diagnoses)


def judge(case, outputs: Mapping[str, Any], precision: str = "f64") -> Result:
    """Compare outputs."""
    wrong = tuple(differences(case, outputs, precision))
    return Result(case, FAIL if wrong else PASS, wrong, outputs)


def diagnosed(results: Sequence[Result], precision: str = "f64") -> list[Result]:
    """The results of one operation; the failures with what probably happened."""
    found = diagnose([one for one in results if one.verdict in (PASS, FAIL)], precision)
    return [replace(one, diagnoses=tuple(d for d in found if one.case.id in d.fits)) for one in results]


def exit_status(results: Iterable[Result], complaints: Iterable[str] = ()) -> int:
    """0 if everything that was answered is right; 1 if anything is not; 2 if nothing was answered at all."""
    verdicts = {result.verdict for result in results}
    if verdicts & set(BAD) or list(complaints):
        return 1
    return 2 if verdicts <= {NOT_IMPLEMENTED} else 0
