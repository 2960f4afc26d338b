"""The page that holds the paper against itself says what the digitised figures say, and its lines are contradictions."""

import re

import pytest

from den_ref.experiment.pages import paper
from docs.make import paper_against_itself as made
from tests.helpers.docs_pages import DOCS

PAGE = (DOCS / "paper_against_itself.md").read_text("utf-8")
BLOCK = re.search(r"<!-- lines:begin -->\n(.*)\n<!-- lines:end -->", PAGE, flags=re.S)[1]
ROWS = {cells[0]: cells[1:] for line in BLOCK.splitlines()[2:] for cells in [line.strip("| ").split(" | ")]}


def test_the_page_is_what_the_numbers_make():
    assert made.lines() == BLOCK


def test_a_changed_number_is_seen(monkeypatch):
    monkeypatch.setitem(paper.PAPER["figure 4a"], "dnn-selective", [0.6700, 61])
    assert made.lines() != BLOCK and "2.1 points" in made.lines()


def test_two_places_are_quoted_that_do_not_agree():
    assert len(ROWS) == 15
    for about, (here, there, apart) in ROWS.items():
        assert re.match("(text|Figure|Progressive)", here) and re.match("(Figure|bottom)", there), about
        number = re.search(r"\d*\.\d+", apart)
        assert float(number[0]) > 0 if number else apart in ("–", "only the counts fall", "no gain in the figure")


@pytest.mark.parametrize(("about", "apart"), [
    ("MNIST-Variation: MTL", .8090 - .8047), ("AWA: MTL", .7222 - .7115), ("MNIST-Variation: STL", .7982 - .7963),
    ("AWA: DEN", .9060 - .8913), ("the base network that is retrained", .6785 - .6487)])
def test_the_distance_is_that_of_the_two_places(about, apart):
    """The two values once more, by hand."""
    assert ROWS[about][-1] == f"{apart:.4f}".lstrip("0")


def test_no_stl_of_the_figure_gives_the_texts_shares():
    """What the sentence below the table says."""
    for data_set, stated in (("mnist-variation", 18.0), ("awa", 11.9)):
        (den, _), = paper.sizes("den", data_set)
        assert all(abs(100 * den / size - stated) > 1 for size, _ in paper.sizes("stl", data_set))
    assert abs(100 * 192.9 / 320 - 60.3) < .05


def test_the_page_can_be_found():
    for name in ("index.md", "readings.md", "results.md", "noise.md", "teachers.md"):
        assert "(paper_against_itself.md)" in (DOCS / name).read_text("utf-8")
