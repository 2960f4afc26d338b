"""Questions and answers: every answer says where the long one stands."""

import re

from tests.helpers.docs_pages import DOCS, links

ANSWERS = re.split(r"^### ", (DOCS / "faq.md").read_text("utf-8"), flags=re.M)[1:]


def leading_nowhere(answers: list[str]) -> list[str]:
    """The questions whose answer has no link."""
    return [answer.splitlines()[0] for answer in answers if not links(answer)]


def test_every_answer_leads_on():
    assert len(ANSWERS) >= 15 and all(answer.splitlines()[0].endswith("?") for answer in ANSWERS)
    assert leading_nowhere(ANSWERS) == []


def test_an_answer_without_a_link_is_seen():
    assert leading_nowhere(["Why?\n\nBecause.", "Where?\n\n[Here](index.md)."]) == ["Why?"]
