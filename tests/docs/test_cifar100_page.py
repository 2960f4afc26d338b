"""The page on CIFAR-100 quotes the paper's curves as they were digitised."""

import re

from den_ref.experiment.pages import paper
from den_ref.methods.labels import name_of
from tests.helpers.docs_pages import DOCS


def rows() -> list[str]:
    """A line of the table for each method of Figure 3, top."""
    return ["| " + " | ".join([name_of(method), *(f"{value:.4f}"[1:] for value in line)]) + " |"
            for method, line in paper.curves("cifar-100").items()]


def test_the_page_quotes_the_papers_curves(monkeypatch):
    page = (DOCS / "cifar100.md").read_text("utf-8")
    block = re.search(r"<!-- paper:begin -->\n(.*)\n<!-- paper:end -->", page, flags=re.S)[1].splitlines()
    assert block[2:] == rows()
    assert f"Progressive's line ends at {paper.after_last('cifar-100')['progressive']:.4f}".replace("0.", ".") in page
    monkeypatch.setitem(paper.PAPER["figure 3, top"]["curves"]["cifar-100"], "den", [0.5] * 10)
    assert block[2:] != rows()
