"""What makes the docs: every script still finds what it uses, and marked blocks are filled whole."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from den_ref.core.penalties import soft_threshold
from den_ref.experiment.pages import numbers
from den_ref.experiment.pages.summary import read_summary
from den_ref.golden import cases
from den_ref.golden.adapters.python import PythonAdapter
from docs.make import (
    algorithm_figures, compare_shares, equation_figures, filter_figures, flowchart, golden_spread, idea, notebook_pages,
    readme)
from docs.make.blocks import write_blocks
from tests.helpers.page_width import READABLE, smallest_letters

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(path.stem for path in (ROOT / "docs" / "make").glob("[!_]*.py"))


@pytest.mark.slow
def test_every_script_finds_what_it_uses():
    """In a process of its own, since some set the number of threads."""
    code = "import importlib\nfor name in {}: importlib.import_module('docs.make.' + name)".format(SCRIPTS)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and len(SCRIPTS) > 5, done.stderr


@pytest.mark.parametrize("page", ["README.md", "docs/README.ko.md"])
def test_the_readmes_table_is_what_its_script_makes(page):
    made = readme.block(readme.results())
    assert f"<!-- results:begin -->\n{made}\n<!-- results:end -->" in (ROOT / page).read_text("utf-8"), readme.__doc__


def test_the_readmes_table_begins_with_what_is_forgotten_and_has_den_above_it():
    """Of fine-tuning with STL's options, all but chance is gone."""
    summary = readme.results()
    first, *_ = readme.NAMES
    ends = {label: numbers.after_last(summary, label).mean() for label in readme.NAMES}
    assert min(ends, key=ends.get) == first and ends[first] < 0.55 and ends["den"] > ends["stl"]


def test_the_spread_is_the_worst_case_in_units_of_its_tolerance(monkeypatch):
    """A soft threshold that is off by 5e-11 of every entry, of which 1e-10 and a little more are allowed."""
    own = SimpleNamespace(soft_threshold=lambda w, step, mu: soft_threshold(w, step * mu) * (1 + 5e-11))
    monkeypatch.setattr(golden_spread, "cases", lambda: cases("soft_threshold"))
    monkeypatch.setattr(golden_spread, "adapters", lambda: [("ours", PythonAdapter(own), "f64")])
    *_, row = golden_spread.spread().splitlines()
    assert row.startswith("| ours | 5.0e-01 | soft_threshold/") and row.endswith(" | - | |")


def the_readmes():
    return readme.picture(readme.results())


PICTURES = (algorithm_figures.balls, algorithm_figures.prox, equation_figures.backpropagation, equation_figures.metric,
            equation_figures.lasso, equation_figures.shrinkages, flowchart.flowchart, idea.picture, the_readmes)


@pytest.mark.parametrize("draw", PICTURES, ids=lambda draw: f"{draw.__module__.rpartition('.')[2]}.{draw.__name__}")
def test_letters_can_be_read_on_a_page(draw):
    assert smallest_letters(draw()) >= READABLE


@pytest.mark.slow
def test_the_page_of_convolutions_shows_a_split_and_a_selection():
    """A filter gets back to the last bit what it was, and its copy what it had become; the third task leaves some out."""
    tasks, steps = filter_figures.learnt()
    split, = (step for step in steps if (step.stage, step.box) == (2, "split"))
    first, units = next(step for step in steps if step.stage == 2).before, split.arrays["split/1"]
    assert len(units) == 2 and not np.array_equal(first.weights[0][:, units], split.before.weights[0][:, units])
    assert np.array_equal(first.weights[0][:, units], split.after.weights[0][:, units])
    assert np.array_equal(split.before.weights[0][:, units], split.after.weights[0][:, -2:])
    chosen, = (step for step in steps if (step.stage, step.box) == (3, "select"))
    assert np.array_equal(units, np.flatnonzero(chosen.after.retired[0] == 2))
    assert chosen.facts["selected"][2] < chosen.facts["visible"][2]
    for page in (filter_figures.split, filter_figures.selected):
        assert smallest_letters(page(tasks, steps)) >= READABLE


def test_every_box_of_the_flowchart_is_on_a_way():
    places = {name for way in flowchart.WAYS for name in way[:2]}
    assert places == set(flowchart.PLACES)


def test_a_block_is_replaced_and_nothing_else(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n<!-- y:begin -->\n<!-- y:end -->\n")
    write_blocks(page, x="new", y="also\nnew")
    assert page.read_text() == ("a\n<!-- x:begin -->\nnew\n<!-- x:end -->\nb\n"
                                "<!-- y:begin -->\nalso\nnew\n<!-- y:end -->\n")


@pytest.mark.parametrize("text", ["", "<!-- x:begin -->\n", "<!-- x:begin -->\n<!-- x:end -->\n" * 2])
def test_a_page_without_the_marks_is_refused_and_kept(tmp_path, text):
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(ValueError, match="x:begin and x:end, each once"):
        write_blocks(page, x="new")
    assert page.read_text() == text


# --- pages of notebooks ------------------------------------------------------------------------------------------


def test_a_cell_is_its_code_and_what_came_out():
    """Text that came in pieces is one block; a picture ends it."""
    pieces = [{"output_type": "stream", "text": "a\n"}, {"output_type": "stream", "text": "b\n"}]
    picture = {"data": {"image/png": "AB\nCD\n", "text/plain": "<Figure>"}}
    cell = {"cell_type": "code", "id": "run-it", "source": ["x = 1\n", "x"],
            "outputs": [*pieces, picture, {"data": {"text/plain": "1"}}]}
    assert notebook_pages.markdown_of(cell) == (
        "```python\nx = 1\nx\n```\n\n```text\na\nb\n```\n\n"
        "![What the cell run-it draws](data:image/png;base64,ABCD)\n\n```text\n1\n```")


def test_links_of_a_notebook_lead_on_from_its_page():
    text = "[a](02_l1.ipynb) [b](../docs/faq.md#how) [c](../README.md) [d](https://e.f/g.ipynb)"
    assert notebook_pages.markdown_of({"cell_type": "markdown", "source": [text]}) == (
        "[a](02_l1.md) [b](../faq.md#how) [c](../../README.md) [d](https://e.f/g.ipynb)")


def test_a_notebook_is_run_again_when_it_or_the_package_has_changed(tmp_path, monkeypatch):
    ran, print_of = [], {"state": "a"}
    title = {"cell_type": "markdown", "source": ["# A title\n", "\n", "Words."]}
    monkeypatch.setattr(notebook_pages, "run", lambda path: (ran.append(path.stem), ("as it runs", [title]))[1])
    monkeypatch.setattr(notebook_pages, "fingerprint", lambda path: print_of["state"])
    for state in "aab":
        print_of["state"] = state
        notebook_pages.write_pages(tmp_path / "notebooks")
    names = [path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    assert ran == 2 * names and len(names) >= 9
    page = (tmp_path / "notebooks" / "06_full_run.md").read_text()
    assert page.startswith("<!-- of b -->\n# A title\n\n*[06_full_run.ipynb](../../notebooks/06_full_run.ipynb) as it runs")
    assert page.endswith("answered.*\n\nWords.\n")


def test_the_fingerprint_is_of_the_notebook_and_of_how_small_it_is(tmp_path, monkeypatch):
    book = tmp_path / "a.ipynb"
    prints = []
    for text, small in (("{}", ""), ("{}", "1"), ("{ }", "1"), ("{ }", "1")):
        book.write_text(text)
        monkeypatch.setenv("DEN_REF_SMALL", small)
        prints.append(notebook_pages.fingerprint(book))
    assert len(set(prints)) == 3 and prints[2] == prints[3]


def test_shares_of_a_comparison_are_those_of_the_seconds_on_record():
    path = ROOT / "docs" / "results" / "mnist-variation.json"
    recorded = {label: sum(sum(cell["seconds"]) for cell in row["seeds"].values())
                for label, row in json.loads(path.read_text("utf-8"))["methods"].items()}
    total, made = sum(recorded.values()), compare_shares.shares(read_summary(path))
    assert f"took {total:.0f} seconds of one core" in made and len(recorded) > 20
    assert all(f"| `{label}` | {own:.1f} | {own / total:.1%} |" in made for label, own in recorded.items())
    shown = [float(line.split(" | ")[1]) for line in made.splitlines()[4:]]
    assert len(shown) == len(recorded) and shown == sorted(shown, reverse=True)
