"""Pages that there are in Korean say what the English ones say: same structure, code, links, formulas and numbers."""

import re

import pytest

from tests.helpers.docs_pages import DOCS, fences, inline_math

PAGES = ["deck", "glossary", "growers", "limits", "reading_the_package", "teachers"]    # the README has tests of its own, in test_docs


def read(page: str) -> str:
    return (DOCS / page).read_text("utf-8")


def cells(text: str) -> list[list[str]]:
    """The rows of all tables."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def structure(text: str) -> dict:
    """What two languages have in common.  A 0 does not count among the numbers: English may write it as a word."""
    plain = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    words = re.sub(r"\]\([^)]*\)", "", plain)
    return {
        "headings": re.findall(r"^#+(?= )", plain, flags=re.M),
        "code": [(fence.language, fence.text) for fence in fences(text)],
        "names": sorted(re.findall(r"`[^`\n]+`", plain)),
        "links": sorted(link.replace(".ko.md", ".md") for link in re.findall(r"\]\(([^)\s]*)\)", plain)),
        "formulas": sorted(inline_math(text)),
        "rows": [len(row) for row in cells(plain)],
        "folds": plain.count("<details>"),
        "numbers": sorted(number for number in re.findall(r"\d*\.?\d+", words) if number != "0"),
    }


@pytest.mark.parametrize("page", PAGES)
def test_the_korean_page_says_the_same(page):
    korean, english = structure(read(f"{page}.ko.md")), structure(read(f"{page}.md"))
    assert {part: (korean[part], english[part]) for part in english if korean[part] != english[part]} == {}


@pytest.mark.parametrize("then, now", [
    ("\n## 8", "\n### 8"), ("40.9%", "41.9%"), ("tau=np.inf", "tau=1.0"), ("(scenarios.md#transfer)", "(scenarios.md)"),
    ("$t - 1$", "$t$"), ("`den-ref run", "`den-ref rum"), ("| 0.6 |", "| 0.6 | |"), ("<details>", "")])
def test_a_difference_is_seen(then, now):
    english = read("deck.md")
    assert then in english and structure(english.replace(then, now, 1)) != structure(english)


def other_words(korean: str, english: str) -> list[str]:
    """First cells of a glossary that are neither the English word (with the Korean one behind it) nor the letter."""
    pairs = zip(cells(korean), cells(english), strict=True)
    return [mine for (mine, *_), (word, *_) in pairs if not (mine == word or mine.startswith(f"{word}, "))]


def test_the_glossaries_have_the_same_words_in_the_same_order():
    assert other_words(read("glossary.ko.md"), read("glossary.md")) == ["용어", "기호"]                      # titles
    assert other_words("| 상자 |\n| stage, 단계 |", "| box |\n| stage |") == ["상자"]
