"""Which named mistake gives this wrong answer?"""

from collections.abc import Mapping
from typing import Any

from .compare import difference, differences
from .values import DIFFERS


def diagnose(case, outputs: Mapping[str, Any], precision: str = "f64") -> list[str]:
    """The named mistakes that lead to exactly these outputs, the likeliest first.

    A mistake fits if every output it names has the value it leads to (or is wrong in any way, where it only says
    "differs") and every other expected output is right.  Values say more than "differs", so they come first; then the
    order in the file.
    """
    wrong = {one.field for one in differences(case, outputs, precision)}
    fitting = [name for name, fields in case.wrong.items() if _fits(case, fields, outputs, wrong, precision)]
    return sorted(fitting, key=lambda name: _vagueness(case.wrong[name]))


def _fits(case, fields: Mapping[str, Any], outputs: Mapping[str, Any], wrong: set[str], precision: str) -> bool:
    """Does a mistake explain all that is wrong, and only that?  Outputs that nobody asked for may follow from it."""
    return wrong & (set(case.expected) | set(fields)) == set(fields) and all(
        _is_differs(value) or _same(case, name, outputs, value, precision) for name, value in fields.items())


def _same(case, name: str, outputs: Mapping[str, Any], value, precision: str) -> bool:
    """Is the output the value that the mistake leads to?  Up to rounding, also where the right value must be exact."""
    tolerance = case.tolerance_of(name) if name in case.expected else "f64"
    tolerance = "f64" if tolerance == "exact" else tolerance
    return name in outputs and difference(name, outputs[name], value, tolerance, precision) is None


def _is_differs(value) -> bool:
    return isinstance(value, str) and value == DIFFERS


def _vagueness(fields: Mapping[str, Any]) -> float:
    """The share of outputs about which the mistake says no more than that they differ."""
    return sum(map(_is_differs, fields.values())) / len(fields)
