"""A golden case as a person reads it: the formula, the arrays as matrices, the answer, the mistakes it detects."""

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .case import Case, Vector
from .values import DIFFERS, declared

WIDTH = 100


def show_case(case: Case) -> str:
    """The whole case."""
    vector = case.vector
    parts = [
        f"{case.id}\n{paragraph(case.about)}",
        f"formula\n{paragraph(vector.equation)}",
        headed("conventions", (paragraph(line, "- ") for line in vector.conventions)),
        f"inputs\n{values(case.inputs)}",
        f"expected\n{values(case.expected, case.tolerance)}",
        f"known from\n{paragraph(case.oracle)}",
        f"margin\n{paragraph(str(case.margin))}" if case.margin else "",
        headed("mistakes this case detects", (_mistake(case, name) for name in case.wrong)),
    ]
    return "\n\n".join(filter(None, parts))


def show_operation(vector: Vector) -> str:
    """An operation: its signature, and its cases in a line each."""
    width = max((len(case.id) for case in vector.cases), default=0)
    parts = [
        f"{vector.operation}\n{paragraph(vector.equation)}",
        headed("inputs", (f"    {name}: {kind}" for name, kind in vector.inputs.items())),
        headed("outputs", (f"    {name}: {kind}" for name, kind in vector.outputs.items())),
        headed("conventions", (paragraph(line, "- ") for line in vector.conventions)),
        headed("named mistakes", (paragraph(f"{name}: {says}", "- ") for name, says in vector.mistakes.items())),
        headed("cases", (f"    {case.id:<{width}}  {case.about}" for case in vector.cases)),
    ]
    return "\n\n".join(filter(None, parts))


def headed(heading: str, lines: Iterable[str]) -> str:
    """Lines under their heading; nothing if there are none."""
    return "\n".join([heading, *lines]) if (lines := list(lines)) else ""


def paragraph(text: str, bullet: str = "") -> str:
    """An indented, wrapped text."""
    return textwrap.fill(text, WIDTH, initial_indent="    " + bullet, subsequent_indent="    " + " " * len(bullet),
                         break_on_hyphens=False)


def values(named: Mapping[str, Any], tolerance: Mapping[str, str] | None = None) -> str:
    """Named values, arrays as matrices beside their names."""
    return "\n".join(value(name, one, tolerance and tolerance[declared(name, tolerance)])
                     for name, one in named.items())


def value(name: str, one: Any, tolerance: str | None = None) -> str:
    """One value: "w = [1. 2.]", with its shape and tolerance below if it has any."""
    note = ", ".join(([f"{one.dtype} {one.shape}"] if isinstance(one, np.ndarray) else [])
                     + ([f"tolerance {tolerance}"] if tolerance else []))
    label = f"    {name} = "
    printed = textwrap.indent(_printed(one), " " * len(label)).lstrip()
    return f"{label}{printed}" + (f"    ({note})" if note else "")


def _printed(one: Any) -> str:
    if not isinstance(one, np.ndarray):
        return repr(one)
    if one.size == 0:
        return "empty"
    with np.printoptions(precision=6, suppress=True, linewidth=WIDTH - 20, threshold=400, floatmode="maxprec"):
        return str(one)


def _mistake(case: Case, name: str) -> str:
    fields = case.wrong[name]
    says = paragraph(f"{name}: {case.vector.mistakes[name]}", "- ")
    given = {field: one for field, one in fields.items() if not (isinstance(one, str) and one == DIFFERS)}
    vague = [f"      {field} differs" for field in fields if field not in given]
    return "\n".join([says, *([textwrap.indent(values(given), "  ")] if given else []), *vague])
