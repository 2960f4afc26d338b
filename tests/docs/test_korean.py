"""Pages that there are in Korean say what the English ones say: same structure, code, links, formulas and numbers.

Those of single systems are short: they have all commands, some of the rest, and nothing that the English ones do not.
"""

import re

import pytest

from tests.helpers.docs_pages import DOCS, fences, inline_math

PAGES = ["deck", "glossary", "growers", "limits", "reading_the_package", "teachers"]    # the README has tests of its own, in test_docs
SHORT = ["adanet", "compared_systems", "incremental_features", "nonparametric", "small_tasks"]


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


def unsaid(short: str, whole: str) -> dict:
    """What a short page has and the whole one has not, part by part; a link to the whole one may stand anywhere."""
    mine, theirs = structure(short), structure(whole)
    return {part: extra for part in ("code", "names", "links", "formulas", "numbers")
            if (extra := [one for one in mine[part] if one not in theirs[part]])}


def commands(text: str) -> list[str]:
    return [fence.text for fence in fences(text) if fence.language == "sh"]


@pytest.mark.parametrize("page", SHORT)
def test_a_short_page_says_nothing_else_and_has_all_commands(page):
    korean, english = read(f"{page}.ko.md"), read(f"{page}.md")
    assert unsaid(korean, english) == {}
    assert commands(korean) == commands(english) != []
    assert any(fence.language == "math" for fence in fences(korean)) and "\n## 연습 문제\n" in korean
    assert len(korean) < len(english)


@pytest.mark.parametrize("then, now, part", [
    ("1.5 [ 4.45", "1.5 [ 4.46", "code"), ("$p = 2$", "$p = 7$", "formulas"), ("`weak=trained`", "`weak=x`", "names"),
    ("(equations/l1_prox.md)", "(equations/eq2.md)", "links"), ("2017", "2016", "numbers")])
def test_what_the_english_page_does_not_say_is_seen(then, now, part):
    whole = read("adanet.md")
    assert then in whole and not unsaid(whole, whole) and list(unsaid(whole.replace(then, now), whole)) == [part]


def other_words(korean: str, english: str) -> list[str]:
    """First cells of a glossary that are neither the English word (with the Korean one behind it) nor the letter."""
    pairs = zip(cells(korean), cells(english), strict=True)
    return [mine for (mine, *_), (word, *_) in pairs if not (mine == word or mine.startswith(f"{word}, "))]


def test_the_glossaries_have_the_same_words_in_the_same_order():
    assert other_words(read("glossary.ko.md"), read("glossary.md")) == ["용어", "기호"]                      # titles
    assert other_words("| 상자 |\n| stage, 단계 |", "| box |\n| stage |") == ["상자"]
