"""The page about the seminar deck: its numbers stand where it says, and the Korean page says the same."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from tests.helpers.docs_pages import DOCS, fences, links, prose

ENGLISH, KOREAN = ((DOCS / name).read_text("utf-8") for name in ("deck.md", "deck.ko.md"))
SECTIONS = re.split(r"^(?=## )", ENGLISH, flags=re.M)[1:]

#: Pages and data whose numbers a script has written.
MEASURED = {"noise.md", "permuted.md", "paper_against_itself.md", "readings.md", "paper.json"}


def measures(text: str) -> set[Decimal]:
    """The numbers with a point or a percent sign, without their signs: 0.863, .8131, 10.5%, 18.0 %."""
    return {Decimal(found) for found in re.findall(r"(?<![\w.])(\d*\.\d+|\d+(?= ?%))(?![\w.]*\w\.)", text)}


def unfounded(section: str) -> set[Decimal]:
    """The numbers of a section that stand on none of the measured pages that it links to."""
    sources = [DOCS / link for link in links(section) if Path(link).name in MEASURED]
    known = [Decimal(number) for source in sources for number in re.findall(r"\d*\.?\d+", source.read_text("utf-8"))]
    return measures(prose(section)) - set(known)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.splitlines()[0])
def test_numbers_stand_on_the_pages_that_are_named(section):
    assert unfounded(section) == set()


def test_a_number_from_nowhere_is_seen():
    assert len(SECTIONS) == 12 and sum(len(measures(prose(section))) for section in SECTIONS) > 40
    assert unfounded("DEN has 0.8641 and 99.5% ([noise](noise.md)).") == {Decimal("0.8641"), Decimal("99.5")}
    assert unfounded("DEN has 0.863.") == {Decimal("0.863")}                 # no page is named


def structure(text: str) -> dict:
    """What two languages have in common: levels of headings, code, links, the cells of tables' rows, and numbers."""
    plain = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    return {
        "headings": re.findall(r"^#+(?= )", plain, flags=re.M),
        "code": [(fence.language, fence.text) for fence in fences(text)],
        "links": sorted(link.replace(".ko.md", ".md") for link in re.findall(r"\]\(([^)\s]*)\)", plain)),
        "rows": [line.count("|") for line in plain.splitlines() if line.startswith("|")],
        "folds": plain.count("<details>"),
        "numbers": sorted(number for number in re.findall(r"\d*\.?\d+", re.sub(r"\]\([^)]*\)", "", plain))
                          if number != "0"),                       # which English may write as a word
    }


def test_the_korean_page_says_the_same():
    korean, english = structure(KOREAN), structure(ENGLISH)
    assert {part: (korean[part], english[part]) for part in english if korean[part] != english[part]} == {}


@pytest.mark.parametrize("then, now", [("\n## 8", "\n### 8"), ("40.9%", "41.9%"), ("tau=np.inf", "tau=1.0"),
                                       ("(scenarios.md#transfer)", "(scenarios.md)")])
def test_a_difference_is_seen(then, now):
    assert structure(ENGLISH.replace(then, now)) != structure(ENGLISH)
