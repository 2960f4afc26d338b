"""What the teacher's page quotes from a run of the toy stream is what that run says."""

import re

import pytest

from den_ref.cli import main
from tests.helpers.docs_pages import DOCS

TEACHERS = (DOCS / "teachers.md").read_text("utf-8")


def said(capsys, *command) -> str:
    assert main(["run", "--stream", "toy", *command]) == 0
    return capsys.readouterr().out


@pytest.mark.slow
def test_the_lecture_from_a_report_points_at_what_is_there(tmp_path, capsys):
    """In the order of the boxes, each under its task."""
    _, section = TEACHERS.split("## The same from a report\n")
    rows = re.findall(r"^\| task (\d), [^|]*\| `([^`]+)` \|", section.split("\n## ")[0], flags=re.M)
    tasks = re.split(r"^task \d", said(capsys, "--out", str(tmp_path)), flags=re.M)[1:]
    assert len(rows) >= 12
    for task, words in rows:
        assert words in tasks[int(task)], words


@pytest.mark.slow
def test_a_task_alone_and_after_the_others(tmp_path, capsys):
    alone, after = (said(capsys, "--out", str(tmp_path / name), *more)
                    for name, more in (("alone", ("--order", "3")), ("after", ())))
    (answer,) = re.findall(r"^- \*Is 35 % .*\n(?:  .*\n)+", TEACHERS, flags=re.M)
    parameters, here, there = re.findall(r"`(\d+ parameters|AUROC [\d.]+)`", answer)
    assert parameters in alone and here in alone and there in after.split("\ntask 3")[1]
