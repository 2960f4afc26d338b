"""The README's examples run, and print what it says; its links lead somewhere."""

import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, flags=re.S)


def prompts(example: str) -> list:
    """(source, printed text) of every >>> line."""
    return re.findall(r">>> (.*?)\n((?:(?!>>> ).*\n)*)", example)


def numbers(text: str) -> np.ndarray:
    return np.array([float(word) for word in re.findall(r"nan|\d+\.?\d*", text)])


def test_first_example_prints_its_numbers():
    """To 0.02: another BLAS may round the last bit of a step otherwise, and training carries it on."""
    names, compared = {}, 0
    for source, printed in prompts(EXAMPLES[0]):
        if not printed.strip():
            exec(source, names)
            continue
        value = eval(source, names)
        np.testing.assert_allclose(np.ravel(value), numbers(printed), rtol=0.25 if "widths" in source else 0, atol=0.02)
        compared += 1
    assert compared == 2


def test_number_reader_can_fail():
    with pytest.raises(AssertionError):
        np.testing.assert_allclose([0.5], numbers("array([0.9])"), atol=0.02)


def test_one_box_at_a_time(capsys):
    exec(EXAMPLES[1], {})
    printed = capsys.readouterr().out
    assert "Algorithm 2, Eq. 3" in printed and "Algorithm 4, split" in printed


def test_links_lead_to_files():
    for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
            assert link.startswith("http") or (document.parent / link).exists(), f"{document.name}: {link}"


def test_the_numbers_of_golden_values_are_those_of_the_package():
    from den_ref.golden import vectors

    files = vectors()
    cases = sum(len(vector.cases) for vector in files)
    mistakes = sum(len(vector.mistakes) for vector in files)
    assert f"{cases} cases of {len(files)} operations" in README and f"those of {mistakes} named mistakes" in README
    assert f"Golden values of {len(files)} operations with {mistakes} named mistakes" in CHANGELOG


def test_tries_are_those_of_the_page_about_tuning():
    page = (ROOT / "docs" / "tuning.md").read_text("utf-8")
    tries = {method: int(count) for method, count in re.findall(r"^\| \[([\w-]+)\]\(tuning/\S+\) \| (\d+) \|", page, re.M)}
    assert f"with {min(tries.values())} to {max(tries.values())} tries each, DEN with {tries['den']}" in README


def test_the_number_of_methods_is_that_of_the_package():
    from den_ref.methods.registry import methods_on

    assert len(methods_on("task-incremental")) == 23 and "`den-ref compare` learns twenty-three," in README


@pytest.mark.slow
@pytest.mark.parametrize("changed, said", [
    ("mu=0", lambda run: run.capacities[-1]["allocated"] > run.separate.parameters),
    ("tau=0.02", lambda run: len(run.task_ids) - 1 == sum(step["box"] == "loss" and step["facts"]["expand"]
                                                           for stage in run.stages for step in stage["steps"]))])
def test_a_changed_number_does_what_the_comment_says(changed, said):
    from den_ref import run
    from den_ref.den import DEN
    from den_ref.experiment import changed_options

    assert f"den-ref run --stream toy --set {changed} " in README
    assert said(run("den", "toy", settings=changed_options(DEN, "toy", [changed]))) and not said(run("den", "toy"))


@pytest.mark.slow
def test_fine_tuning_falls_as_the_comment_says_and_den_does_not():
    from den_ref import run

    [said] = re.findall(r"--method finetune .* falls from (\d\.\d+) to (\d\.\d+)", README)
    falls, den = (run(method, "toy").R["auroc"][[0, -1], 0] for method in ("finetune", "den"))
    np.testing.assert_allclose(falls, [float(number) for number in said], atol=0.02)
    assert den[0] - den[1] < 0.01


def unfounded(text: str, page: str) -> set[float]:
    """Numbers with a point that the text has and the page has not."""
    return {float(n) for n in re.findall(r"\d+\.\d+", text)} - {float(n) for n in re.findall(r"\d*\.\d+", page)}


def test_the_numbers_of_the_papers_stream_stand_on_its_page():
    page = (ROOT / "docs" / "results.md").read_text("utf-8")
    [said] = [bullet for bullet in README.split("\n- ") if bullet.startswith("On the stream nearest to the paper's data")]
    said = said.split("\n\n")[0]
    assert len(re.findall(r"\d+\.\d+", said)) == 6 and unfounded(said, page) == set()
    assert unfounded(said.replace("0.8142", "0.8412"), page) == {0.8412}
