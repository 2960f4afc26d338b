"""The table of Figure 6: ours beside the paper's, and how a method that learns all tasks at once is measured."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from den_ref.experiment.pages.paper import PAPER
from den_ref.methods.mtl import MTL, MTLConfig
from den_ref.tasks import make_stream
from docs.make import figure_6
from docs.make.blocks import write_blocks
from tests.helpers.made_up_results import rows

ROOT = Path(__file__).parents[2]


def test_the_page_holds_what_is_on_record(tmp_path):
    page = (ROOT / "docs" / "permuted.md").read_text("utf-8")
    (tmp_path / "page.md").write_text(page, "utf-8")
    write_blocks(tmp_path / "page.md", figure_6=figure_6.block(figure_6.on_record()))
    assert (tmp_path / "page.md").read_text("utf-8") == page, "python -m docs.make.figure_6 --mnist DIR"


def test_ours_stand_beside_the_papers():
    record = {"den": {"auroc": [0.5] * 9 + [0.9975], "parameters": 400_000, "units": [400, 180], "seconds": 1234.5}}
    first, reached, second = figure_6.block(record).split("\n\n")
    mtl = figure_6.parameters((312, 128), 10)
    assert rows(first)["DEN"] == ["400-180", f"{40_000_000 / mtl:.0f}", "139", "0.9975", "0.9965", "+0.0010", "1,234"]
    assert reached.endswith("0.9965 with at most 139 % of MTL's parameters: reached.")
    smaller = {"den": {**record["den"], "auroc": [0.9964]}}, {"den": {**record["den"], "parameters": 2 * mtl}}
    assert all("**not reached**" in figure_6.block(each) for each in smaller)
    assert rows(first)["EWC"] == ["–", "–", "–", "–", "0.9732", "–", "–"]
    assert list(rows(second)) == ["AUROC after t tasks", "---", "DEN"] and rows(second)["DEN"][0] == "0.5000"
    assert len(rows(first)) == 2 + len(PAPER["figure 6"]["auroc"])


def test_parameters_are_those_that_mtl_counts():
    x, y = np.zeros((2, 784), np.float32), np.eye(10, dtype=np.float32)[:2]
    mtl = MTL(MTLConfig(hidden=(7, 5), epochs=0))
    task = make_stream("toy").tasks[0]
    mtl.learn_all([type(task)(i, x + i, y, x, y, x, y, n_outputs=10) for i in range(3)])
    assert figure_6.parameters((7, 5), 3) == mtl.capacity().allocated


def test_all_at_once_is_measured_after_the_last_task(monkeypatch):
    monkeypatch.setitem(figure_6.METHODS, "mtl", {"hidden": (8, 6), "epochs": 2})
    tasks = make_stream("toy", n_tasks=3).tasks
    made, mtl = figure_6.at_once("mtl", tasks), MTL(MTLConfig(hidden=(8, 6), epochs=2))
    for task in tasks:
        mtl.learn(task)
    wins = []
    for task in tasks:
        logits, y = mtl.scores(task.id, task.x_test)[:, 0], task.y_test[:, 0]
        ahead = logits[y == 1][:, None] - logits[y == 0]
        wins.append(np.mean((ahead > 0) + 0.5 * (ahead == 0)))
    assert np.isnan(made["auroc"][:-1]).all() and made["auroc"][-1] == pytest.approx(np.mean(wins), abs=1e-12)
    assert made["parameters"] == mtl.capacity().allocated and made["units"] == [8, 6]


@pytest.mark.slow
def test_without_the_images_it_says_what_it_needs():
    done = subprocess.run([sys.executable, "-m", "docs.make.figure_6"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and "--mnist" in done.stderr
