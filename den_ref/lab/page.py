"""The lab as one page of HTML: nothing is loaded, everything it shows stands in it."""

import json
import re
from importlib.resources import files
from typing import Any

from den_ref.golden import cases, vectors
from den_ref.golden.values import encode

from .questions import LANGUAGES, packed, questions


def lab_page() -> str:
    """The page: the template around its style, its two scripts, golden cases and questions."""
    mathematics = _own("mathematics.js")
    parts = {"style": _own("lab.css"), "mathematics": mathematics, "pictures": _own("pictures.js"),
             "golden": _as_data(golden_cases(operations_of(mathematics))), "questions": _as_data(asked())}
    # One pass: what is filled in is not looked at again.
    return re.sub(r"\{\{(\w+)\}\}", lambda mark: parts[mark[1]], _own("lab.html"))


def operations_of(source: str) -> list[str]:
    """The golden operations that the table in ``mathematics.js`` has.

    >>> operations_of("const operations = {\\n  affine: f,\\n  relu: ({ a }) => a,\\n};")
    ['affine', 'relu']
    """
    table = re.search(r"^const operations = \{\n(.*?)^\};", source, re.S | re.M)[1]
    return re.findall(r"^  (\w+):", table, re.M)


def golden_cases(operations: list[str]) -> list[dict[str, Any]]:
    """All cases of some operations, as the page asks them: what goes in, what is right, how near it must come."""
    known = {vector.operation for vector in vectors()}
    return [{"id": case.id, "operation": case.operation, "inputs": _encoded(case.inputs),
             "expected": _encoded(case.expected), "tolerance": case.tolerance}
            for operation in operations if operation in known for case in cases(operation)]


def asked() -> list[dict[str, Any]]:
    """The questions in both languages, the answers packed."""
    return [{"id": one[0].id, "packed": packed(*one)}
            | {language: {"question": each.text, "choices": each.choices} for language, each in zip(LANGUAGES, one)}
            for one in zip(*map(questions, LANGUAGES), strict=True)]


def _encoded(values) -> dict[str, Any]:
    return {name: encode(value) for name, value in values.items()}


def _as_data(value) -> str:
    r"""JSON that may stand inside a script element.

    >>> print(_as_data(["</script>"]))
    ["\u003c/script>"]
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _own(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
