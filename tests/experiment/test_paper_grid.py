"""The paper's experiment as a grid: its sizes, its seeds, what ``den-ref compare --paper`` takes and refuses."""

import json
from pathlib import Path

import numpy as np
import pytest

from den_ref.cli import main
from den_ref.experiment import read_grid
from den_ref.experiment.grid import paper_grid
from den_ref.experiment.grid.paper_grid import NETWORKS, READINGS, paper_cells
from den_ref.experiment.one_run.plan import make_config
from den_ref.experiment.pages import paper
from den_ref.methods import method_named
from den_ref.methods.labels import name_of
from den_ref.protocol import Task


@pytest.fixture
def on_the_toy(tmp_path, monkeypatch):
    """The paper's experiment is made on the toy, in a folder of its own."""
    monkeypatch.setattr(paper_grid, "PAPERS", "toy")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def nothing_learnt(monkeypatch):
    """Cells that would be learnt."""
    sent = []
    monkeypatch.setattr("den_ref.experiment.grid.all_cells.Work.follow",
                        lambda self, executor, display=None: sent.extend(self.cells) or read_grid(self.folder))
    return sent


def parameters_after_ten(label):
    """Counted by the method itself, after ten tasks of the digits' shape that it does not train on."""
    cell, = (cell for cell in paper_cells([0], "mnist-variation") if cell.label == label)
    method = method_named(cell.method)
    learner = method(make_config(method, "mnist-variation", {**cell.settings, "epochs": 0}))
    x, y = np.zeros((2, 784), np.float32), np.array([[0], [1]], np.float32)
    for task in range(10):
        learner.learn(Task(task, x, y, x, y, x, y))
    return learner.capacity().allocated


@pytest.mark.parametrize("method", ["stl", "mtl", "progressive"])
def test_three_networks_have_the_papers_three_sizes(method):
    labels = [label for label, (name, _) in NETWORKS.items() if name == method]
    sizes = sorted(100 * parameters_after_ten(label) / parameters_after_ten("mtl") for label in labels)
    papers = [size for size, _ in paper.sizes(method)]
    np.testing.assert_allclose(sizes, papers, atol=1)              # the paper's are whole percents


def test_the_line_of_progressive_is_that_of_the_papers_size():
    assert 100 * parameters_after_ten("progressive") / parameters_after_ten("mtl") == pytest.approx(
        paper.size_of_line("progressive"), abs=1)


def test_every_network_starts_from_the_papers_unless_it_says_otherwise():
    for cell in paper_cells([3], "mnist-variation"):
        method, changed = (NETWORKS | paper_grid.readings("mnist-variation"))[cell.label]
        options = make_config(method_named(method), "mnist-variation", cell.settings).to_dict()
        assert (cell.method, cell.seed) == (method, 3)
        assert options["hidden"] == changed.get("hidden", [312, 128])
        assert {name: options[name] for name in changed} == changed


def test_dens_readings_are_those_it_does_not_have_anyway():
    usual = make_config(method_named("den"), "mnist-variation")
    found = paper_grid.readings("mnist-variation")
    assert [list(changed) for _, changed in found.values()] == [[option] for option in READINGS]
    assert all(value != getattr(usual, option) for _, changed in found.values() for option, value in changed.items())


def test_the_papers_systems_are_all_there():
    figures = paper.PAPER["figure 4a"] | paper.PAPER["figure 4b"] | paper.PAPER["figure 5"]["task 1"]
    asked = {*paper.curves(), *paper.after_last(), *figures} - {"shows"}
    assert asked <= set(NETWORKS)
    assert len({name_of(label) for label in NETWORKS}) == len(NETWORKS)


@pytest.mark.parametrize(("text", "seeds", "folder"), [
    ("", [0, 1, 2, 3, 4], "paper"), ("--seeds 7", [7], "paper"), ("--stream toy --tasks 2", [0, 1, 2, 3, 4], "paper")])
def test_what_is_learnt(on_the_toy, nothing_learnt, text, seeds, folder):
    assert main(f"compare --paper {text}".split()) == 1            # nothing was learnt
    assert [cell.seed for cell in nothing_learnt if cell.label == "den"] == seeds
    assert len(nothing_learnt) == len(seeds) * (len(NETWORKS) + len(READINGS))
    assert json.loads(Path("runs", folder, "grid.json").read_text())["stream"]["name"] == "toy"


def test_the_small_version_has_one_seed_and_a_folder_of_its_own(on_the_toy, nothing_learnt, monkeypatch):
    monkeypatch.setattr(paper_grid, "QUICK", {"n_tasks": 1})
    main("compare --paper --quick".split())
    assert {cell.seed for cell in nothing_learnt} == {0}
    assert json.loads(Path("runs/paper-quick/grid.json").read_text())["stream"]["options"] == {"n_tasks": 1}


@pytest.mark.parametrize(("text", "words"), [
    ("--methods den", "--paper: expected no --methods"), ("--set den.k=3", "--paper: expected no --set"),
    ("--no-sweep", "no --sweep"), ("--stream permuted-mnist --methods den", "no --methods and no --stream"),
    ("--seeds -1", "--seeds: expected an integer >= 0")])
def test_what_is_the_papers_is_not_asked_for(on_the_toy, nothing_learnt, capsys, text, words):
    assert main(f"compare --paper {text}".split()) == 2
    printed = capsys.readouterr()
    assert words in printed.err and printed.err.count("\n") == 1 and not nothing_learnt
