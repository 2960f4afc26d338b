"""Markdown: tables, numbers in them, and marked blocks of a document that a program writes."""

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

#: A block: the line that opens it, what the program writes, the line that ends it.
_BLOCK = re.compile(r"(<!-- results:(\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table.

    >>> print(table(["method", "AUROC"], [["DEN", ".9"]]))
    | method | AUROC |
    |---|---|
    | DEN | .9 |
    """
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"|{'|'.join(line)}|" if line[0] == "---" else f"| {' | '.join(line)} |" for line in lines)


def number(value: float, form: str = ".3f") -> str:
    """The number in a format; a dash for NaN, no sign for a zero that rounding left.

    >>> number(0.8625), number(float("nan")), number(-0.00001, "+.3f")
    ('0.863', '–', '0.000')
    """
    if not np.isfinite(value):
        return "–"
    text = format(value, form)
    return text.lstrip("+-") if not re.search("[1-9]", text) else text


def slashed(values: Iterable[float], form: str = ".3f") -> str:
    """Several numbers in one cell, seed by seed.

    >>> slashed([0.8625, float("nan")])
    '0.863 / –'
    """
    return " / ".join(number(value, form) for value in values)


def mean(values, form: str = ".3f") -> str:
    """The mean of numbers, a dash if there is none or one of them is unknown."""
    return number(np.mean(values), form) if len(values) else number(np.nan)


def filled(text: str, blocks: Mapping[str, str]) -> str:
    """The document with its blocks ``<!-- results:NAME -->`` ... ``<!-- end -->`` replaced.

    Raises
    ------
    ValueError
        If the document has no block, or one that is not known.

    >>> filled("<!-- results:a -->\\nold\\n<!-- end -->", {"a": "new"})
    '<!-- results:a -->\\nnew\\n<!-- end -->'
    """
    found = [match[2] for match in _BLOCK.finditer(text)]
    unknown = sorted(set(found) - set(blocks))
    if unknown or not found:
        raise ValueError(f"into: expected a document with blocks <!-- results:NAME --> ... <!-- end --> of "
                         f"{', '.join(blocks)}, got {', '.join(unknown) or 'none'}")
    return _BLOCK.sub(lambda match: f"{match[1]}{blocks[match[2]]}\n{match[4]}", text)
