"""What probably happened: the mistakes that give an operation's wrong answers.

A mistake claims values for outputs of cases; what it does not name, it leaves right.  So each case speaks for it or
against it, and what counts is its *agreement* over the whole operation:

    cases whose answer is what it claims / cases that can show it or failed

1 explains everything.  One small case in six that happens to fit is no news, and is not told; what any operation knows
(``generic.py``) must agree with all.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .compare import difference
from .generic import Generic, Output, known_anywhere, output_of
from .values import DIFFERS

#: A named mistake agrees with more than this share of the cases.
ENOUGH = 0.5
#: Wrong answers are stored if they are off by more than this share of the largest entry.
SLIGHT = 1e-3
#: Wrong outputs that are looked at alone; those that are computed later follow from them.
ALONE = 4


@dataclass(frozen=True)
class Diagnosis:
    """A mistake that explains the wrong answers of an operation, or what is wrong in some outputs.

    Parameters
    ----------
    name, says : str
        The mistake, and a sentence about it.
    fits : tuple of str
        Ids of the cases whose answer it gives.
    shows, failed : int
        How many cases can show it, and how many are wrong.
    agreement : float
        In (ENOUGH, 1].
    outputs : tuple of str
        The outputs that it is about; () for the whole answer.
    alone : bool
        It is about one output, and others are wrong too.
    vague : bool
        It says no more than that something differs.
    """

    name: str
    says: str
    fits: tuple[str, ...]
    shows: int
    failed: int
    agreement: float
    outputs: tuple[str, ...] = ()
    alone: bool = False
    vague: bool = False


@np.errstate(all="ignore")
def diagnose(answers: Sequence, precision: str = "f64") -> list[Diagnosis]:
    """The mistakes that explain the answers to cases of one operation, the likeliest first.

    Where none explains everything, those follow that explain one output alone.

    Parameters
    ----------
    answers : list of Result
        With ``case``, ``outputs`` and ``differences``: the right ones too, as they speak against a mistake.
    precision : {"f64", "f32"}
    """
    wrong = list(dict.fromkeys(output_of(one.case, d.field) for one in answers for d in one.differences))
    if not wrong:
        return []
    found = _likeliest(answers, wrong, True, precision)
    if found and found[0].agreement == 1:
        return found
    spoilt = [one for one in answers if any(map(is_spoilt, one.differences))]
    if not found and 0 < len(spoilt) < sum(bool(one.differences) for one in answers):
        # NaN is a mistake of its own, and hides what else is wrong.
        return diagnose([one for one in answers if one not in spoilt], precision) + diagnose(spoilt, precision)
    alone = [one for output in wrong[:ALONE] for one in _likeliest(answers, [output], False, precision)[:1]]
    return found + [one for one in alone if len(wrong) > 1 and one.name not in {one.name for one in found}]


def is_spoilt(difference) -> bool:
    """Is there a NaN or an infinity where a number should be?"""
    got, want = difference.got, difference.want
    return difference.what == "value" and isinstance(got, float) and not math.isfinite(got) and math.isfinite(want)


def _likeliest(answers: Sequence, outputs: list[str], whole: bool, precision: str) -> list[Diagnosis]:
    """What agrees with the answers, whole or in one output: values before "differs", our own before generic."""
    named = [_agreement(name, says, _of_the_operation(name, outputs, whole), () if whole else tuple(outputs), ENOUGH,
                        [one for one in answers if name in one.case.wrong or not _is_slight(one)], whole, precision)
             for name, says in answers[0].case.vector.mistakes.items()]
    generic = [_agreement(one.name, one.says, _of_any(one, outputs), tuple(outputs), one.enough,
                          answers, whole, precision) for one in known_anywhere(answers, outputs)]
    found = named + generic
    return sorted(filter(None, found), key=lambda one: (-one.agreement, one.vague))


#: A mistake's claims about an answer: field -> value.  With a field, only what it claims of that.
Claims = Callable[..., Mapping[str, Any]]


def _of_the_operation(name: str, outputs: list[str], whole: bool) -> Claims:
    """What the file says; about a single output only values, as "differs" says something of the whole answer."""
    def claims(one, only=None):
        fields = one.case.wrong.get(name, {})
        return fields if whole else {field: value for field, value in fields.items()
                                     if output_of(one.case, field) in outputs and not _is_differs(value)}
    return claims


def _of_any(generic: Generic, outputs: list[str]) -> Claims:
    """What a generic mistake makes of the outputs that are wrong anywhere."""
    def claims(one, only=None):
        found = {}
        for field, want in one.case.expected.items():
            known = field in one.outputs and one.case.tolerance_of(field) != "bound"
            if known and only in (None, field) and output_of(one.case, field) in outputs:
                a = Output(field, one.outputs[field], want, one.case, one.outputs)
                value = generic.claim(a)
                found |= {} if value is None or a.same(value, want) else {field: value}
        return found
    return claims


def _agreement(name: str, says: str, claims: Claims, outputs: tuple[str, ...], enough: float, answers: Sequence,
               whole: bool, precision: str) -> Diagnosis | None:
    """The diagnosis, if the claims agree with more than enough of the answers."""
    wrong = {one.case.id: [d.field for d in one.differences if whole or output_of(one.case, d.field) in outputs]
             for one in answers}
    failed, fits = [one for one in answers if wrong[one.case.id]], []
    for tried, one in enumerate(failed, 1):
        fits += [one.case.id] * _fits(one, claims, wrong[one.case.id], precision)
        if len(fits) + len(failed) - tried <= enough * len(failed):
            return None                                            # too few are left
    shown = {one.case.id: claim for one in answers if failed and (claim := claims(one))}
    if not shown:
        return None
    agreement = len(fits) / len(shown.keys() | {one.case.id for one in failed})
    vague = all(_is_differs(value) for claim in shown.values() for value in claim.values())
    found = Diagnosis(name, says, tuple(fits), len(shown), len(failed), agreement, outputs, not whole, vague)
    return found if agreement > enough else None


def _fits(one, claims: Claims, wrong: list[str], precision: str) -> bool:
    """Does a mistake explain all that is wrong, and only that?  Outputs that nobody asked for may follow from it."""
    if not claims(one, wrong[0]):                                  # most do not get further, and this is cheap
        return False
    claim = claims(one)
    if all(map(_is_differs, claim.values())) and not _is_new(one):
        return False
    return set(wrong) & (set(one.case.expected) | set(claim)) == set(claim) and all(
        _is_differs(value) or _same(one, field, value, precision) for field, value in claim.items())


def _is_slight(one) -> bool:
    """Is an answer so nearly right that the files do not tell mistakes apart there?"""
    wrong = [(d.field, one.case.expected.get(d.field)) for d in one.differences]
    return bool(wrong) and all(d.what == "value" for d in one.differences) and all(
        np.abs(np.subtract(one.outputs[field], want, dtype=float)).max() <= SLIGHT * np.abs(want).max()
        for field, want in wrong if not isinstance(want, str))


def _is_new(one) -> bool:
    """Might what is wrong be random: of the right shape at first, and not all of it numbers that the inputs have?"""
    if one.differences[0].what == "missing":
        return True
    given = [np.zeros(1), *(np.ravel(value) for value in one.case.inputs.values() if not isinstance(value, str))]
    pairs = [np.broadcast_arrays(one.outputs[d.field], one.case.expected[d.field])
             for d in one.differences if d.what == "value"]
    drawn = [got[~np.isin(got, np.concatenate(given)) & (got != want)] for got, want in pairs]
    return one.differences[0].what == "value" and any(numbers.size for numbers in drawn)


def _same(one, field: str, value, precision: str) -> bool:
    """Is the output the value that the mistake leads to?  Up to rounding, also where the right value must be exact."""
    tolerance = one.case.tolerance_of(field) if field in one.case.expected else "f64"
    tolerance = "f64" if tolerance in ("exact", "sparse") else tolerance
    return field in one.outputs and difference(field, one.outputs[field], value, tolerance, precision) is None


def _is_differs(value) -> bool:
    return isinstance(value, str) and value == DIFFERS

