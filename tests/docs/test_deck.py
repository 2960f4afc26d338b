"""The page about the seminar deck: its numbers stand on the pages that it names."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from tests.helpers.docs_pages import DOCS, links, prose

SECTIONS = re.split(r"^(?=## )", (DOCS / "deck.md").read_text("utf-8"), flags=re.M)[1:]

#: Pages and data whose numbers a script has written.
MEASURED = {"noise.md", "results.md", "permuted.md", "paper_against_itself.md", "readings.md", "paper.json"}


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
