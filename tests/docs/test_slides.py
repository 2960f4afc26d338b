"""The slides of the lecture: every row of the teacher's table has its question and slides, every number is measured."""

import base64
import re
from types import SimpleNamespace

import numpy as np
import pytest

from den_ref.core.metrics import head_auroc
from den_ref.tasks import make_stream
from docs.make import lecture, slides
from docs.make.markup import bold, html_table
from tests.helpers.docs_pages import DOCS
from tests.helpers.headless_browser import CHROMIUM, chromium

TEACHERS = (DOCS / "teachers.md").read_text("utf-8")


def test_every_row_of_the_lecture_has_a_part():
    rows = slides.lecture(TEACHERS)
    assert len(rows) == len(lecture.PARTS) and rows[0].minutes.startswith("0-") and rows[-1].minutes.endswith("-45")
    assert all(row.ask.endswith("?") and row.show for row in rows)
    ends = [row.minutes.split("-") for row in rows]
    assert [end for _, end in ends[:-1]] == [start for start, _ in ends[1:]]


def test_a_sheet_has_its_words_its_notes_and_its_picture():
    figure, _ = lecture.canvas(width=4.0, height=3.0)
    text = slides.sheet(lecture.Slide("A < B", "<p>body</p>", "said", figure), "0-5 min")
    assert 'class="slide beside"' in text and "<p>body</p>" in text and "<p>said</p></aside>" in text
    assert text.count("data:image/svg+xml,") == 1
    assert 'class="slide below"' in slides.sheet(lecture.Slide("", "", "", lecture.canvas(width=8.0)[0]), "")
    assert "<img" not in slides.sheet(lecture.Slide("", "", ""), "")


def test_the_markdown_of_tables_and_questions():
    assert bold("[00](../a.ipynb), *The `x`*, **b** & c") == "00, <em>The <code>x</code></em>, <b>b</b> &amp; c"
    assert html_table("| a | b |\n|---|---|\n| 1 | **2** |") == \
        "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td><b>2</b></td></tr></table>"


def test_a_linear_function_is_the_best_of_least_squares():
    """On labels that are linear in one input, it is perfect; the normal equations say the same on the toy."""
    x = np.random.default_rng(0).normal(size=(50, 3))
    y = (x[:, :1] > 0).astype(float)
    assert lecture.linear_auroc(SimpleNamespace(x_train=x, y_train=y, x_test=x, y_test=y, loss="sigmoid")) > 0.95
    task = make_stream("toy", dtype="float64").tasks[0]
    ones = [np.column_stack([part, np.ones(len(part))]) for part in (task.x_train, task.x_test)]
    w = np.linalg.solve(ones[0].T @ ones[0], ones[0].T @ task.y_train)
    assert lecture.linear_auroc(task) == pytest.approx(head_auroc(ones[1] @ w, task.y_test, "sigmoid"), abs=1e-12)


def test_it_wants_a_file(capsys):
    assert slides.main([]) == 2 and "python -m docs.make.slides OUT.html" in capsys.readouterr().err


#: Titles of the slides whose content does not fit.
TOO_LARGE = ("[...document.querySelectorAll('.slide')].filter(s => s.scrollHeight > s.clientHeight || "
             "s.scrollWidth > s.clientWidth).map(s => s.querySelector('h2').textContent)")


def sheets(page) -> int:
    """How many sheets of paper a page takes."""
    printed = page.ask("Page.printToPDF", preferCSSPageSize=True)["data"]
    return len(re.findall(rb"/Type /Page\b", base64.b64decode(printed)))


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_the_deck_says_what_was_measured_and_fits_its_sheets(tmp_path):
    assert slides.main([str(tmp_path / "slides.html")]) == 0
    text = (tmp_path / "slides.html").read_text("utf-8")
    toy = lecture.toy()
    for name, run in (("DEN", toy.den), ("fine-tuning", toy.finetune)):
        assert f"{name} <b>{run.R['auroc'][-1].mean():.3f}</b>" in text
    assert all(bold(row.ask[1:]) in text for row in slides.lecture(TEACHERS))
    assert "http" not in re.sub(r'src="[^"]*"', "", text)
    count = text.count('<section class="slide ')
    with chromium(tmp_path / "profile") as page:
        page.open(f"file://{tmp_path}/slides.html")
        assert page.value("document.querySelectorAll('.slide').length") == count >= 20
        assert page.value(TOO_LARGE) == []
        assert page.value(f"document.querySelector('.slide').style.height = '100px', {TOO_LARGE}") != []
        page.open(f"file://{tmp_path}/slides.html?again")
        assert sheets(page) == count
        page.value("location.hash = 'notes'")
        assert sheets(page) == 2 * count
