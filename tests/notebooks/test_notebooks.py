"""The notebooks run from top to bottom, their checks take right answers and refuse wrong ones, and they are stored bare.

What they say is true: in the teachers' copies, which are run here, every prediction is right and every claim holds.
Copies are run in this process; the notebooks as they are in a Jupyter kernel, where one is installed (slow).
"""

import importlib
import json
import re
import sys
from dataclasses import replace

import numpy as np
import pytest

from den_ref.core.adam import ProximalAdam
from den_ref.lab.questions import LANGUAGES, questions
from docs.make.instructor import instructor_copy, main
from tests.helpers.notebook_cells import FOLDER, NOTEBOOKS, Cell, answered, cells, cells_of, document, run
from tests.helpers.notebook_claims import CLAIMS
from tests.helpers.notebook_solutions import SOLUTIONS

EACH = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem[:2])


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setenv("DEN_REF_SMALL", "1")
    monkeypatch.setitem(sys.modules, "ipywidgets", None)            # all pictures are drawn, none waits for a hand


@pytest.fixture
def updates(monkeypatch):
    """Grows by one at each iteration of Adam."""
    found, update = [], ProximalAdam.update
    monkeypatch.setattr(ProximalAdam, "update", lambda self, step: (found.append(step), update(self, step)))
    return found


# --- running them ------------------------------------------------------------------------------------------------


@pytest.mark.slow
@EACH
def test_runs_as_it_is(path):
    try:
        nbformat, client = importlib.import_module("nbformat"), importlib.import_module("nbclient")
        importlib.import_module("ipykernel")
    except ImportError:
        run_all(cells(path))
        return
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    client.NotebookClient(notebook, timeout=300, kernel_name="python3",
                          resources={"metadata": {"path": FOLDER}}).execute()
    printed = {cell.id: "".join(output.get("text", "") for output in cell.outputs)
               for cell in notebook.cells if cell.cell_type == "code"}
    for name in SOLUTIONS[path.stem]:
        assert printed[name.replace("exercise", "check")] == "not answered yet\n"
    score = notebook.cells[-1].outputs[0].data["text/plain"]
    assert score == f"0 of {len(asked(path))} predictions right; not predicted: {', '.join(asked(path))}"


def asked(path) -> list[str]:
    """The predictions a notebook asks for, in their order."""
    return [name for cell in cells(path) if cell.kind == "predict" and cell.is_code
            for name in re.findall(r"^(\w+) = None\b", cell.source, re.M)]


def run_all(notebook: list[Cell]) -> dict:
    """Run the code cells in one namespace; the namespace."""
    names = {}
    for cell in notebook:
        if cell.is_code:
            run(cell, names)
    return names


@pytest.mark.parametrize("path", [
    pytest.param(path, marks=pytest.mark.slow) if path.stem[:2] in ("00", "02", "04", "06", "08", "09", "10") else path
    for path in NOTEBOOKS], ids=lambda path: path.stem[:2])
def test_takes_right_answers_and_refuses_wrong_ones(path, capsys, updates):
    exercises, notebook, names = SOLUTIONS[path.stem], cells_of(instructor_copy(path)), {}
    for cell, check in zip(notebook, [*notebook[1:], None]):
        for mistake, source in exercises[cell.id].wrong.items() if cell.id in exercises else ():
            refuse(Cell(cell.id, True, source), check, dict(names), mistake)
        if cell.is_code:
            run(cell, names)
    assert "not answered yet" not in capsys.readouterr().out
    assert names["predictions"].verdicts == dict.fromkeys(asked(path), "right")
    assert len(updates) <= 10_000                                  # a lesson does not wait for its own training


def refuse(wrong: Cell, check: Cell, names: dict, mistake: str) -> None:
    """A wrong answer must be met with words."""
    run(wrong, names)
    with pytest.raises(AssertionError) as refused:
        run(check, names)
    assert len(str(refused.value)) > 20, f"{wrong.id}, {mistake}: refused without a word"


#: Notebook -> what is broken -> the broken function.  Each must make some cell fail.
BROKEN = {
    "00_den_box_by_box": ("den_ref.den.splitting.most_drifted", lambda units, *_: [u[:0] for u in units]),
    "01_backpropagation": ("den_ref.core.layers.relu_backward", lambda dh, h, out=None: np.multiply(dh, h >= 0, out=out)),
    "02_l1_and_proximal_gradient": (
        "den_ref.core.penalties.soft_threshold", lambda z, t, out=None: np.where(np.abs(z) > t, z, 0)),
    "03_selective_retraining": (
        "den_ref.den.selective.select_units", lambda network, head: network.visible(head.stage)),
    "04_dynamic_expansion": ("den_ref.core.penalties.group_soft_threshold", lambda z, threshold: z),
    "05_split_and_timestamps": (
        "den_ref.den.surgery.split_units", lambda network, previous, split, stage, original="retire": network),
    "06_full_run": ("den_ref.core.metrics.forgetting", lambda R: 0.0),
    "07_golden_values": ("den_ref.golden.judge.diagnose", lambda *_: []),
    "08_backward_transfer": (
        "den_ref.methods.ella.solve_bases", lambda A, b, lam, k: np.linalg.solve(A + lam * np.eye(len(b)), b).reshape(-1, k)),
    "09_five_ways_to_grow": ("den_ref.methods.adanet.reached", lambda units, w: []),
    "10_filters_are_units": ("den_ref.den.selective.select_units", lambda network, head: network.visible(head.stage)),
}


@pytest.mark.slow
@EACH
def test_notices_a_broken_package(path, monkeypatch):
    where, broken = BROKEN[path.stem]
    broken.inner = broken                                          # a door is as broken as what is behind it
    module, _, name = where.rpartition(".")
    monkeypatch.setattr(importlib.import_module(module), name, broken)
    unsolved = {cell.id: cell.source for cell in cells(path) if cell.id in SOLUTIONS[path.stem]}
    with pytest.raises(AssertionError):
        run_all(answered(cells_of(instructor_copy(path)), unsolved))


# --- the bank of questions ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_questions_are_marked_in_a_notebook(language, capsys):
    path, names = NOTEBOOKS[7], {"questions": questions}
    show, exercise, check = (cell for cell in cells(path) if cell.id.endswith("-questions"))
    run(replace(show, source=show.source.replace('"en"', f'"{language}"')), names)
    printed, bank = capsys.readouterr().out, questions(language)
    assert all(str(one) in printed for one in bank) and f'"{bank[0].id}": None' in exercise.source
    assert not [said for one in bank for said in one.feedback if said in printed + path.read_text("utf-8")]
    right, wrong, choice = bank[0], bank[1], (bank[1].answer + 1) % 3
    run(replace(exercise, source=f"answers = {{'{right.id}': {right.answer}, '{wrong.id}': {choice}, 'drift': None}}"), names)
    with pytest.raises(AssertionError, match=f"once more: {wrong.id}"):
        run(check, names)
    said = capsys.readouterr().out
    assert f"{right.id}: ✓ {right.feedback[right.answer]}" in said and f"{wrong.id}: ✗ {wrong.feedback[choice]}" in said
    assert "1 right of 2 answered; there are 25" in said


def test_the_notebook_asks_every_question():
    exercise, = (cell for cell in cells(NOTEBOOKS[7]) if cell.id == "exercise-questions")
    run(exercise, names := {})
    assert names["answers"] == dict.fromkeys(one.id for one in questions())


# --- how they are stored and built -------------------------------------------------------------------------------


def complaints(notebook: dict) -> list[str]:
    """What a notebook in the repository must not have."""
    said = [] if (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5) else ["is not nbformat 4.5"]
    ids = [cell["id"] for cell in notebook["cells"]]
    said += [f"{name}: id used twice" for name in {name for name in ids if ids.count(name) > 1}]
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and (cell["outputs"] or cell["execution_count"] is not None):
            said.append(f"{cell['id']}: stored outputs (docs/notebooks.md has the command that clears them)")
        if "execution" in cell["metadata"]:
            said.append(f"{cell['id']}: times of execution (the same command clears them)")
    return said


@EACH
def test_is_stored_without_outputs(path):
    assert complaints(document(path)) == []


def test_stored_outputs_are_refused():
    def with_cell(**changes):
        cell = {"cell_type": "code", "id": "a", "outputs": [], "execution_count": None, "source": [], "metadata": {}} | changes
        return {"nbformat": 4, "nbformat_minor": 5, "cells": [cell]}

    assert complaints(with_cell()) == []
    assert complaints(with_cell(outputs=[{"output_type": "stream"}])) and complaints(with_cell(execution_count=1))
    assert complaints(with_cell(metadata={"execution": {}})) and complaints(with_cell() | {"nbformat_minor": 2})
    assert complaints({**with_cell(), "cells": with_cell()["cells"] * 2})


def test_there_are_eleven_and_all_exercises_have_solutions():
    assert [path.stem[:2] for path in NOTEBOOKS] == [f"{i:02}" for i in range(11)]
    for page in ("README.md", "docs/index.md", "docs/notebooks.md"):
        assert re.search(r"\beleven \[?notebooks", (FOLDER.parent / page).read_text("utf-8"), re.I), page
    exercises = {path.stem: [cell.id for cell in cells(path) if cell.kind == "exercise" and cell.is_code]
                 for path in NOTEBOOKS}
    assert exercises == {name: list(answers) for name, answers in SOLUTIONS.items()}
    assert all(exercise.wrong for answers in SOLUTIONS.values() for exercise in answers.values())


@EACH
def test_is_built_as_predict_run_compare(path):
    notebook = cells(path)
    for cell, following in zip(notebook, [*notebook[1:], None]):
        if cell.kind == "exercise" and cell.is_code:
            assert following.id == cell.id.replace("exercise", "check"), f"{cell.id}: its check comes next"
        if cell.kind == "check":
            assert re.search(r"\bassert\b|^report\(", cell.source, re.M), f"{cell.id}: nothing there can fail"
        if cell.kind in ("run", "slider"):                           # what holds there is not told to those who predict
            assert not re.search(r"^\s*assert\b", cell.source, re.M), f"{cell.id}: an answer"
            assert cell.id in CLAIMS[path.stem] or re.search(r"predictions\.compare|AssertionError|slider\(", cell.source), (
                f"{cell.id}: nothing there can fail")
        if cell.kind == "predict" and cell.is_code:
            assert re.search(r"^\w+ = None\b", cell.source, re.M), f"{cell.id}: nothing to fill in"
    kinds = [cell.kind for cell in notebook]
    assert kinds.count("predict") >= 2 and kinds.count("compare") >= 2 and kinds.count("exercise") >= 2


@EACH
def test_text_states_no_measured_number(path):
    """What was measured is printed by a cell that asserts it; a comparison in words needs no decimals."""
    for cell in cells(path):
        if cell.kind == "compare" and not cell.is_code:
            assert not re.search(r"\d\.\d|\d ?%", cell.source), f"{path.name}, {cell.id}"


@EACH
def test_formulas_become_mathml(path):
    """As docs/conf.py makes it of them for the site, where a formula that does not parse is a warning."""
    latex2mathml = pytest.importorskip("docutils.utils.math.latex2mathml")
    text = "\n\n".join(cell.source for cell in cells(path) if not cell.is_code)
    formulas = re.findall(r"\$\$(.+?)\$\$", text, re.S)
    formulas += re.findall(r"\$([^$]+)\$", re.sub(r"\$\$.+?\$\$|`[^`\n]*`", "", text, flags=re.S))
    assert formulas and all("<math" in latex2mathml.tex2mathml(formula) for formula in formulas)


@EACH
def test_links_lead_to_files(path):
    for cell in cells(path):
        for link in re.findall(r"\]\(([^)#]+)\)", cell.source) if not cell.is_code else ():
            assert link.startswith("http") or (FOLDER / link).exists(), f"{path.name}: {link}"


@EACH
def test_lines_are_not_too_wide(path):
    for cell in cells(path):
        for line in cell.source.splitlines() if cell.is_code else ():
            assert len(line) <= 120, f"{path.name}, {cell.id}: {line}"


# --- copies for teachers -----------------------------------------------------------------------------------------


def test_copies_for_teachers_are_written(tmp_path):
    """That they are right is tried above."""
    main(str(tmp_path / "copies"))
    for path in NOTEBOOKS:
        copy = json.loads((tmp_path / "copies" / path.name).read_text("utf-8"))
        assert complaints(copy) == [] and cells_of(copy) == cells_of(instructor_copy(path))
        answers = {cell.id: cell.source for cell in cells_of(copy)}
        assert all(answers[name] == exercise.right for name, exercise in SOLUTIONS[path.stem].items())
        assert not any(re.search(r"^\w+ = None\b", source, re.M) for source in answers.values())


def test_an_answer_without_its_cell_is_refused(monkeypatch):
    path = NOTEBOOKS[7]
    monkeypatch.setitem(CLAIMS[path.stem], "run-nowhere", "assert False")
    with pytest.raises(ValueError, match="07_golden_values.ipynb: expected cells of these ids, got none: run-nowhere"):
        instructor_copy(path)
