"""The documentation is true: its examples run, what it names exists, and its pages have one shape."""

import importlib
import json
import re
from dataclasses import fields
from pathlib import Path

import den_ref
import pytest
from den_ref import loops
from den_ref.den.config import DENConfig
from den_ref.golden import cases, vectors
from tests.helpers.docs_pages import DOCS, PAGES, ROOT, examples, fences, inline_math, links, prose, run

EQUATIONS, ALGORITHMS = sorted(DOCS.glob("equations/*.md")), sorted(DOCS.glob("algorithms/*.md"))
GOLDEN = {case.id for case in cases()} | {vector.operation for vector in vectors()}


def text_of(page: Path) -> str:
    return page.read_text("utf-8")


def name_of(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


each_page = pytest.mark.parametrize("page", PAGES, ids=name_of)
each_box = pytest.mark.parametrize("page", EQUATIONS + ALGORITHMS, ids=name_of)

# --- examples ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [page for page in PAGES if not page.name.endswith(".ko.md")    # the English ones' code
                                  and examples(text_of(page))], ids=name_of)
def test_examples_run_and_print_what_they_say(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(page.name, text_of(page))


def test_a_wrong_example_is_seen():
    with pytest.raises(AssertionError, match="Expected"):
        run("page", "```python\n>>> 1 + 1\n3\n```")
    with pytest.raises(ZeroDivisionError):
        run("page", "```python\n1 / 0\n```")
    assert run("page", "```python\nx = 1\n```\n\n```python\n>>> x\n1\n```") == 2
    assert run("page", "<!-- not run: needs a cluster -->\n```python\n1 / 0\n```") == 0
    assert run("page", "<!-- needs no_such_package -->\n```python\n1 / 0\n```\n\n```python\nx = 1\n```") == 1
    with pytest.raises(ZeroDivisionError):
        run("page", "<!-- needs numpy -->\n```python\n1 / 0\n```")


# --- what is named exists ----------------------------------------------------------------------------------------


@each_page
def test_links_lead_to_files(page):
    missing = [link for link in links(text_of(page))
               if not re.match(r"https?://", link) and not (page.parent / link).exists()]
    assert missing == []


def anchors(page: Path) -> set[str]:
    """What # may lead to: headings in small letters, without punctuation, hyphens for spaces."""
    titles = re.findall(r"^#{1,3} (.*)$", re.sub(r"^```.*?^```", "", text_of(page), flags=re.S | re.M), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-") for title in titles}


def lost_anchors(page: Path, text: str) -> list[str]:
    pairs = re.findall(r"\]\((?!https?:)([^)\s#]*)#([^)\s]+)\)", prose(text))
    pages = [(page.parent / link if link else page, anchor) for link, anchor in pairs]
    return [anchor for page, anchor in pages if page.suffix == ".md" and anchor not in anchors(page)]


@each_page
def test_anchors_lead_to_headings(page):
    assert lost_anchors(page, text_of(page)) == []


def test_a_lost_anchor_is_seen():
    text = "[a](readings.md#numbers) [b](readings.md#algorithm-4-drift-and-split) [c](readings.md#nowhere) [d](#here)"
    assert lost_anchors(DOCS / "index.md", text) == ["nowhere", "here"]


@each_page
def test_golden_cases_exist(page):
    shown = re.findall(r"den-ref golden show ([a-z]\S*)", text_of(page))
    named = re.findall(r"`([a-z_0-9]+/[a-z0-9-]+)`", text_of(page))
    operations = {vector.operation for vector in vectors()}
    assert [name for name in shown if name not in GOLDEN] == []
    assert [name for name in named if name.split("/")[0] in operations and name not in GOLDEN] == []


@each_page
def test_commands_exist(page):
    known = {path.stem for path in (Path(den_ref.__file__).parent / "commands").glob("*.py")}
    blocks = " ".join(fence.text for fence in fences(text_of(page)) if fence.language in ("", "sh"))
    assert set(re.findall(r"^\s*(?:\.venv/bin/)?den-ref ([a-z]+)", blocks, flags=re.M)) <= known


# --- the pages of equations and algorithms -----------------------------------------------------------------------


@each_box
def test_a_page_has_its_parts_in_order(page):
    headings = re.findall(r"^## (.*)$", text_of(page), flags=re.M)
    first = ["What is done", "Why it is so"] if page in ALGORITHMS else ["Formula", "Derivation"]
    assert headings == [*first, "Picture", "In the code", "Golden cases", "Exercise"]


@each_box
def test_code_is_included_from_the_source_and_linked(page):
    """A code host shows no included code: there the link above is what one has."""
    included = [fence for fence in fences(text_of(page)) if fence.language.startswith("{literalinclude}")]
    for fence in included:
        path = fence.language.split()[1]
        assert f"]({path})" in fence.before and re.match(r":pyobject: \S+\n$", fence.text), fence
    assert included
    assert not re.search(r"^\s*(def|class) \w+.*\n(?!.*>>>).*\n.*return", prose(text_of(page)), flags=re.M)


@each_box
def test_a_page_leads_to_its_loops(page):
    code = text_of(page).split("## In the code")[1].split("## Golden cases")[0]
    named = re.findall(r"((?:`\w+`,?\s)+)in\s\[(loops/\w+\.py)\]\((\S+)\)", code)
    assert named or page.stem == "algorithm1"                       # which is made of the others
    for names, shown, link in named:
        assert link == f"../../den_ref/{shown}"
        assert all(is_there(name, (page.parent / link).resolve()) for name in re.findall(r"`(\w+)`", names))


@each_box
def test_a_page_has_a_picture_and_says_what_it_shows(page):
    picture = text_of(page).split("## Picture")[1].split("## In the code")[0].strip().split("\n\n")
    shown = [re.match(r"!\[([^\]]{20,})\]\((\S+\.png)\)$", part) for part in picture[::2]]
    assert all(shown) and all(part and part[0] != "!" for part in picture[1::2]) and len(picture) % 2 == 0
    assert [match[2] for match in shown if not (page.parent / match[2]).exists()] == []


@each_box
def test_a_page_ends_with_an_example_and_a_notebook(page):
    exercise = text_of(page).split("## Exercise")[1]
    assert ">>>" in exercise and SHOWN.search(exercise.splitlines()[-1])


@each_page
def test_formulas_in_a_line_survive_a_code_host(page):
    """Markdown takes backslashes away before punctuation, and stars and odd dollars for something else."""
    text = prose(text_of(page))
    assert [formula for formula in inline_math(text_of(page)) if re.search(r"\\[^A-Za-z]|\*", formula)] == []
    assert all(line.count("$") % 2 == 0 for line in text.splitlines())


@each_page
def test_formulas_on_lines_of_their_own_are_in_math_fences(page):
    assert "$$" not in prose(text_of(page))
    assert {fence.language for fence in fences(text_of(page)) if "\\frac" in fence.text} <= {"math"}


# --- the table of everything -------------------------------------------------------------------------------------

TABLE = [[cell.strip() for cell in line.strip("|").split("|")]
         for line in text_of(DOCS / "index_of_equations.md").splitlines() if line.startswith("| [")]
LINK = re.compile(r"^\[`?(.*?)`?\]\((.*)\)$")


def parts(cell: str) -> tuple[str, Path]:
    """(text, file) of a cell that is a link."""
    text, link = LINK.match(cell).groups()
    return text, (DOCS / link).resolve()


def is_there(name: str, source: Path) -> bool:
    """Is `file.function` defined in the file that a link leads to?"""
    module = importlib.import_module(".".join(source.relative_to(ROOT).with_suffix("").parts))
    found = module
    for part in name.removeprefix(source.stem + ".").split("."):
        found = getattr(found, part)
    return callable(found) and found.__module__ == module.__name__


@pytest.mark.parametrize("row", TABLE, ids=lambda row: LINK.match(row[0])[1])
def test_a_row_of_the_table_is_true(row):
    what, function, in_loops, test, case, notebook = row
    assert is_there(*parts(function))
    operation = case.strip("`").split("/")[0]
    if hasattr(loops, operation):
        name, source = parts(in_loops)
        assert is_there(name, source) and source.parent.name == "loops" and name == f"{source.stem}.{operation}"
    else:
        assert in_loops == "-" and operation == "den_trace"
    test_name, test_file = parts(test)
    assert f"\ndef {test_name}(" in text_of(test_file)
    assert case.strip("`") in GOLDEN and "/" in case
    number, book = parts(notebook)
    assert book.name.startswith(number) and book.suffix == ".ipynb" and book.exists()
    method, colon, _ = parts(what)[0].partition(": ")                      # "EWC: its prox"; 07 checks every operation
    assert not colon or number == "07" or method.lower() in text_of(book).lower()
    assert parts(what)[1].exists()


def test_the_table_leaves_nothing_out():
    pages = {parts(row[0])[1] for row in TABLE}
    assert set(EQUATIONS + ALGORITHMS) <= pages
    assert {row[4].strip("`").split("/")[0] for row in TABLE} == {vector.operation for vector in vectors()}
    titles = [row[0] for row in TABLE]
    assert len(set(titles)) == len(titles) == len(TABLE) > 30


# --- reference pages ---------------------------------------------------------------------------------------------


def test_every_module_is_in_the_reference():
    """Each once; the door plate of a room (its ``__init__``) may stand there too."""
    package = Path(den_ref.__file__).parent
    modules = {".".join(path.relative_to(package.parent).with_suffix("").parts) for path in package.rglob("*.py")
               if not path.name.startswith("_")}
    rooms = {module.rpartition(".")[0] for module in modules}
    listed = [name for page in DOCS.glob("api/*.md") for name in re.findall(r"automodule:: (\S+)", text_of(page))]
    assert modules <= set(listed) <= modules | rooms and len(listed) == len(set(listed))


def test_every_page_is_in_the_contents():
    listed = {line.split("<")[-1].rstrip(">") for fence in fences(text_of(DOCS / "index.md"))
              if fence.language == "{toctree}" for line in fence.text.splitlines() if line and line[0] != ":"}
    assert listed == {name_of(page).removesuffix(".md") for page in PAGES} - {"index"}


def test_the_glossary_has_every_letter_and_our_words():
    glossary = text_of(DOCS / "glossary.md")
    letters = [field.name for field in fields(DENConfig) if field.metadata["doc"].startswith(("Eq.", "Algorithm"))]
    strengths = [name for name in letters if name in ("mu", "mu_head", "mu_l2", "gamma", "lam", "tau", "sigma", "k")]
    assert len(strengths) == 8 and [name for name in strengths if f"| `{name}` |" not in glossary] == []
    assert len(re.findall(r"^\| (?:retired|lifetime) \|.*Ours\s*\|$", glossary, flags=re.M)) == 2
    words = re.findall(r"^\| ([a-z][^|]*) \|", glossary.split("## Letters")[0], flags=re.M)[1:]
    assert words == sorted(words) and len(words) == len(set(words)) > 40


SHOWN = re.compile(r"\[(\d\d)\]\((?:\.\./)+notebooks/(\w+\.ipynb)\), \*([^*]+)\*")


def headings(notebook: str) -> list[str]:
    """The headings in a notebook's Markdown cells."""
    cells = json.loads(text_of(ROOT / "notebooks" / notebook))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return re.findall(r"^##? (.*)$", text, flags=re.M)


@pytest.mark.parametrize("page", [DOCS / "teachers.md", DOCS / "deck.md", *EQUATIONS, *ALGORITHMS], ids=name_of)
def test_cells_of_notebooks_that_a_page_names_exist(page):
    shown = SHOWN.findall(text_of(page))
    assert len(shown) > (10 if page.stem == "teachers" else 0)
    for number, name, heading in shown:
        assert name.startswith(number) and heading in headings(name), f"{name}: {heading}"


def test_the_citation_is_of_this_version():
    cff, page = text_of(ROOT / "CITATION.cff"), text_of(DOCS / "citing.md")
    assert re.search(r"^version: (.*)$", cff, flags=re.M)[1] == den_ref.__version__
    assert re.search(r"version = \{(.*)\}", page)[1] == den_ref.__version__


# --- the README in Korean ----------------------------------------------------------------------------------------

ENGLISH, KOREAN = text_of(ROOT / "README.md"), text_of(DOCS / "README.ko.md")


def facts(text: str) -> list[str]:
    """The numbers outside of fences, but for single digits, which a language may write as words."""
    plain = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    return sorted(number for number in re.findall(r"\d+(?:\.\d+)?", plain) if len(number) > 1)


def marked(text: str) -> list[str]:
    """What stands between the markers that scripts write to and commands are read from."""
    return re.findall(r"<!-- \w+:\w+ -->.*?<!-- (?:\w+:)?end -->", text, flags=re.S)


def test_the_korean_readme_says_the_same():
    assert [(fence.language, fence.text) for fence in fences(KOREAN)] == \
        [(fence.language, fence.text) for fence in fences(ENGLISH)]
    assert marked(KOREAN) == marked(ENGLISH) != []
    assert facts(KOREAN) == facts(ENGLISH)
    assert KOREAN.count("\n## ") == ENGLISH.count("\n## ")


def test_a_changed_number_is_seen():
    assert facts(ENGLISH.replace("3.10", "3.11")) != facts(ENGLISH)
    assert marked(ENGLISH.replace("runs/den", "run/den")) != marked(ENGLISH)
