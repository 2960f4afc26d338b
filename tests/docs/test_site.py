"""The site builds with warnings as errors, and needs no network to be read."""

import importlib.util
import json
import os
import re
import subprocess
import sys

import pytest

from tests.helpers.docs_pages import DOCS, PAGES, fences, inline_math

NEEDED = ("sphinx", "myst_parser", "numpydoc", "furo")
if absent := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
    pytest.skip(f"not installed: {', '.join(absent)} (extra [docs])", allow_module_level=True)

pytestmark = pytest.mark.slow                                      # links, formulas and code are looked at in test_docs.py


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html",
               "-d", str(folder / "doctrees"), str(DOCS), str(folder / "html")]
    built = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"DEN_REF_SMALL": "1"})
    assert built.returncode == 0, built.stderr
    return folder / "html"


def test_every_page_is_there(site):
    missing = [page for page in PAGES if not (site / page.relative_to(DOCS).with_suffix(".html")).exists()]
    assert missing == []


def test_every_formula_is_mathml(site):
    counts = {}
    for page in PAGES:
        source = page.read_text("utf-8")
        formulas = len(inline_math(source)) + sum(fence.language == "math" for fence in fences(source))
        built = (site / page.relative_to(DOCS).with_suffix(".html")).read_text("utf-8")
        counts[page.name] = formulas, built.count("<math")
    assert {name: count for name, count in counts.items() if count[0] != count[1]} == {}
    assert sum(formulas for formulas, _ in counts.values()) > 300


def test_code_is_included(site):
    shown = re.sub(r"<[^>]*>", "", (site / "equations" / "eq5.html").read_text("utf-8"))
    assert "def eq5(" in shown and "return Problem(loss, start, parts)" in shown


def test_links_to_modules_lead_to_highlighted_pages(site):
    page = site / "equations" / "eq5.html"
    links = re.findall(r'href="([^"]*den/equations\.html)"', page.read_text("utf-8"))
    assert links and all((page.parent / link).exists() for link in links) and "_modules" in links[0]


def test_notebooks_are_pages_as_they_run(site):
    """With text and pictures where nbclient is installed, and other pages lead to them."""
    for path in sorted((DOCS.parent / "notebooks").glob("*.ipynb")):
        page = (site / "notebooks" / f"{path.stem}.html").read_text("utf-8")
        cells = json.loads(path.read_text("utf-8"))["cells"]
        assert page.count("$$") == 0 and len(re.findall("highlight-python", page)) >= sum(
            cell["cell_type"] == "code" for cell in cells)
        if importlib.util.find_spec("nbclient") and importlib.util.find_spec("ipykernel"):
            assert re.search(r"0 of \d+ predictions right", page)
            assert ("data:image/png" in page) == (path.stem[:2] != "07")
    assert 'href="notebooks/00_den_box_by_box.html"' in (site / "teachers.html").read_text("utf-8")


def test_nothing_is_fetched(site):
    """Scripts, styles, fonts and pictures come from the site's own folder."""
    fetched = re.compile(r"""<(?:script|img|link|iframe)\b[^>]*?(?:src|href)=["'](?:https?:)?//[^"']+""")
    styles = re.compile(r"url\(\s*[\"']?(?:https?:)?//|@import\s+[\"'](?:https?:)?//")
    pages = {path: path.read_text("utf-8") for path in site.rglob("*.html")}
    assert {path.name: fetched.findall(text) for path, text in pages.items() if fetched.search(text)} == {}
    assert [path.name for path in site.rglob("*.css") if styles.search(path.read_text("utf-8"))] == []
    assert len(pages) > 30
