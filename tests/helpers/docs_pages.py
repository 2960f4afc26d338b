"""Reads the pages of the documentation: their fences, links, formulas, and the Python examples in them."""

from __future__ import annotations

import doctest
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from docs.make.blocks import write_blocks

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
#: Folders without pages of ours: what is built or generated, and records.
OTHERS = {"_build", "notebooks", "tuning", "tuning_attributes", "tuning_filters", "tuning_paper"}
PAGES = sorted(path for path in DOCS.rglob("*.md") if not OTHERS & set(path.relative_to(DOCS).parts))

#: An example below this line is not run; the line says why.
NOT_RUN = re.compile(r"<!-- not run: \S.*-->\s*$")
#: An example below this line is run where the package is installed.
NEEDS = re.compile(r"<!-- needs (\w+) -->\s*$")


@dataclass(frozen=True)
class Fence:
    """A fenced block: what stands after the backticks, its text, where it begins, and the text before it."""

    language: str
    text: str
    line: int
    before: str


def fences(text: str) -> list[Fence]:
    """All fenced blocks of a page, in order."""
    pattern = re.compile(r"^```([^\n`]*)\n(.*?)^```[ \t]*$", flags=re.S | re.M)
    return [Fence(found[1].strip(), found[2], text[:found.start()].count("\n") + 1, text[:found.start()])
            for found in pattern.finditer(text)]


def prose(text: str) -> str:
    """A page without its fenced blocks and code in backticks."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```[ \t]*$", "", text, flags=re.S | re.M))


def inline_math(text: str) -> list[str]:
    """The formulas between single dollars."""
    return re.findall(r"(?<![\\$])\$(?!\$)([^$\n]+)\$(?!\$)", prose(text))


def links(text: str) -> list[str]:
    """Where links and pictures lead, without anchors."""
    return [link for link in re.findall(r"\]\(([^)\s#]*)(?:#[^)\s]*)?\)", prose(text)) if link]


def examples(text: str) -> list[Fence]:
    """Python blocks that are to be run."""
    return [fence for fence in fences(text) if fence.language == "python" and not NOT_RUN.search(fence.before)
            and not _missing(NEEDS.search(fence.before))]


def _missing(needed: re.Match | None) -> bool:
    return needed is not None and find_spec(needed[1]) is None


def run(page: str, text: str) -> int:
    """Run a page's examples in one namespace, in order; sessions with >>> must print what they say.

    Returns how many examples there are; raises AssertionError with what was expected and what came.
    """
    names = {"__name__": "__main__"}
    blocks = examples(text)
    for fence in blocks:
        if ">>>" in fence.text:
            _session(fence, names, page)
        else:
            exec(compile(fence.text, f"{page}:{fence.line}", "exec", dont_inherit=True), names)
    return len(blocks)


def _session(fence: Fence, names: dict, page: str) -> None:
    said = []
    parsed = doctest.DocTestParser().get_doctest(fence.text, {}, page, page, fence.line)
    parsed.globs = names                                           # get_doctest would copy them
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(parsed, out=said.append, clear_globs=False)
    assert not said, "".join(said)


def rewritten(script: ModuleType, record, copy: Path) -> str:
    """The page of a script of docs/make with the blocks that a record gives, on a copy."""
    copy.write_text(script.PAGE.read_text("utf-8"), "utf-8")
    write_blocks(copy, **script.blocks(record))
    return copy.read_text("utf-8")
