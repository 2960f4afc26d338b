"""A method in a module on PYTHONPATH, named ``module:Class``: every command takes it, child processes included, and
nothing of the package knows of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import den_ref
from den_ref.cli import main
from den_ref.den.algorithm import DEN
from den_ref.experiment import kept_steps, read_results
from den_ref.methods import method_named
from den_ref.methods.labels import name_of
from den_ref.plots import show
from den_ref.plots.panels import panels
from den_ref.protocol import Method

#: Only what a Method must have.  A box has the name of one of DEN's, and facts by the names of that one's.
SOURCE = '''
from dataclasses import dataclass
import numpy as np
from den_ref.protocol import Capacity, Method, unknown_task
from den_ref.settings import Settings, at_least, option
from den_ref.state import pack_id, pack_meta, unpack_id, unpack_meta

@dataclass(frozen=True)
class TinyConfig(Settings):
    ridge: float = option(0.1, "added to the variances", at_least(0, above=True))

class Tiny(Method):
    name = "tiny"
    Config = TinyConfig

    def __init__(self, config=None, seed=0):
        super().__init__(config, seed)
        self.directions = {}

    @property
    def tasks(self):
        return list(self.directions)

    def boxes(self, task):
        x, positive = task.x_train, task.y_train[:, 0] == 1
        w = (x[positive].mean(axis=0) - x[~positive].mean(axis=0)) / (x.var(axis=0) + self.config.ridge)
        yield self.step(task, "prune", "the means", "took the difference of two means",
                        facts={"kept": 1, "added": int(w.size), "selected": "all", "visible": None},
                        arrays={"removed/1": np.arange(2)})
        self.directions[task.id] = w.astype(x.dtype)

    def scores(self, task_id, x):
        if task_id not in self.directions:
            raise unknown_task(task_id, self.tasks)
        return x @ self.directions[task_id][:, None]

    def loss_of(self, task_id):
        return "sigmoid"

    def capacity(self):
        sizes = {task: w.size for task, w in self.directions.items()}
        return Capacity(sum(sizes.values()), sum(sizes.values()), sum(sizes.values()), sizes)

    def state(self):
        arrays = {f"w/{i}": w for i, w in enumerate(self.directions.values())}
        return arrays | {"meta": pack_meta({"tasks": [pack_id(task) for task in self.tasks]})}

    @classmethod
    def from_state(cls, state, config=None, seen=()):
        method = cls(config)
        method.directions = {unpack_id(task): state[f"w/{i}"] for i, task in enumerate(unpack_meta(state["meta"])["tasks"])}
        return method

class Titled(Tiny):
    title = "Tiny & small"

class Subclass(Titled):
    pass

class NoName(Method):
    Config = TinyConfig

class NoOptions(Tiny):
    Config = dict

def not_a_method():
    pass
'''
NAME = "tiny_module:Tiny"


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A folder on Python's path with the module in it."""
    folder = tmp_path / "on_path"
    folder.mkdir()
    (folder / "tiny_module.py").write_text(SOURCE)
    (folder / "broken_module.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.chdir(tmp_path)
    yield folder
    for name in ("tiny_module", "broken_module"):
        sys.modules.pop(name, None)


def command(text, path):
    """den-ref in a process of its own, which finds the module by PYTHONPATH alone."""
    package = str(Path(den_ref.__file__).parents[1])
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(path), package])}
    return subprocess.run([sys.executable, "-m", "den_ref", *text.split()], env=env, capture_output=True, text=True)


# --- the commands ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_run_resume_load_report_and_plot(module, tmp_path, capsys):
    run = f"run --method {NAME} --stream toy --tasks 3 --set ridge=0.2 --out runs/tiny"
    assert main([*run.split(), "--report"]) == 0
    results = read_results("runs/tiny")
    assert results["run"]["method"] == NAME and results["run"]["options"] == {"ridge": 0.2} and results["complete"]
    assert main([*run.split(), "--resume"]) == 0
    assert read_results("runs/tiny")["stages"] == results["stages"]            # nothing was left to do
    network = den_ref.load("runs/tiny")
    task = den_ref.tasks.make_stream("toy").tasks[1]
    learnt = method_named(NAME)(network.config)
    learnt.learn(task)
    np.testing.assert_array_equal(network.scores(1, task.x_test), learnt.scores(1, task.x_test))
    assert main(["report", "runs/tiny", "--out", "page.html"]) == 0
    page = Path("page.html").read_text("utf-8")
    assert f"{NAME} on toy" in page and page.count("took the difference of two means") >= 3
    assert main(["plot", "runs/tiny"]) == 0
    assert {path.name for path in Path("runs/tiny/figures").iterdir()} == {"matrix.png", "learning.png"}


@pytest.mark.slow
def test_compare_and_its_children(module, tmp_path):
    done = command(f"compare --methods {NAME},stl --set {NAME}.ridge=0.3 stl.epochs=1 --stream toy --tasks 2 "
                   "--seeds 0 --jobs 2 --out runs/grid", module)
    assert done.returncode == 0, done.stderr
    methods = json.loads(Path("runs/grid/summary.json").read_text())["methods"]
    assert methods[NAME]["method"] == NAME and methods[NAME]["changed"] == {"ridge": 0.3}
    assert set(methods[NAME]["seeds"]) == {"0"} and methods[NAME]["seeds"]["0"]["facts"] == {}
    assert f"| {NAME} |" in Path("runs/grid/results.md").read_text("utf-8")
    before = Path("runs/grid/results.md").read_bytes()
    assert main(["plot", "runs/grid"]) == 0 and Path("runs/grid/results.md").read_bytes() == before


@pytest.mark.slow
def test_tune_and_its_children(module, tmp_path):
    done = command(f"tune {NAME} --stream toy --tasks 1 --tries 2 --second 0 --jobs 2 --out runs/tuning", module)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in Path("runs/tuning/tiny_module@Tiny.jsonl").read_text().splitlines()]
    assert len(rows) == 6 and {} != rows[1]["settings"] and all(set(row["settings"]) <= {"ridge"} for row in rows)
    assert main(["tune", "--report", "--out", "runs/tuning"]) == 0
    assert f"\n## {NAME}\n" in Path("runs/tuning.md").read_text("utf-8")


def test_options_lists_its_options(module, capsys):
    assert main(["options", NAME]) == 0
    assert "ridge  0.1" in capsys.readouterr().out


# --- its boxes ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_box_named_as_one_of_dens_gets_neither_its_formula_nor_its_picture(module, capsys):
    main(f"run --method {NAME} --stream toy --tasks 1 --out runs/tiny --report".split())
    main("run --stream toy --tasks 1 --set epochs_eq2=2 --out runs/den --report".split())
    own = next(step for step in kept_steps("runs/tiny") if step.box == "prune")
    dens = next(step for step in kept_steps("runs/den") if step.box == "prune")
    assert own.about is None and dens.about is DEN.explained["prune"]
    assert len(panels(dens)) == 2 and panels(own) == []
    assert not show(own).axes and len(show(dens).axes) == 2
    pages = [Path(f"runs/{name}/report.html").read_text("utf-8") for name in ("tiny", "den")]
    assert ['class="formula"' in page for page in pages] == [False, True]
    assert ["useless_units" in page for page in pages] == [False, True]


def test_the_same_box_of_a_live_method(module):
    task = den_ref.tasks.make_stream("toy").tasks[0]
    [step] = method_named(NAME)().learn(task)
    assert step.box in DEN.explained and step.about is None and step.seconds > 0 and not show(step).axes


# --- what it is called, and what is refused ----------------------------------------------------------------------


def test_who_it_is_is_not_inherited(module):
    assert name_of(NAME) == NAME and name_of("tiny_module:Titled ridge=2") == "Tiny & small ridge=2"
    assert name_of("tiny_module:Subclass") == "tiny_module:Subclass" and name_of("gone_module:Mine") == "gone_module:Mine"
    mine = type("Mine", (DEN,), {})
    assert (mine.title, mine.look, mine.space, mine.family) == ("", None, None, method_named(NAME).family)
    assert mine.explained is DEN.explained and mine.name.endswith(":Mine")
    assert type("Mine", (DEN,), {"name": "mine"}).name == "mine"


def test_a_class_of_ones_own_is_stored_under_its_own_name(module, tmp_path):
    from tiny_module import Subclass

    den_ref.run(Subclass, "toy", n_tasks=1, out=tmp_path / "run")
    assert read_results(tmp_path / "run")["run"]["method"] == "tiny_module:Subclass"
    assert type(den_ref.load(tmp_path / "run")) is Subclass


@pytest.mark.parametrize("name, words", [
    ("tiny_modul:Tiny", "'tiny_modul:Tiny' (there is no such module; is its folder on PYTHONPATH?)"),
    ("tiny_module.deep:Tiny", "'tiny_module.deep:Tiny' (there is no such module; is its folder on PYTHONPATH?)"),
    ("broken_module:Tiny", "'broken_module:Tiny' (ZeroDivisionError: division by zero)"),
    ("tiny_module:Tiny2", "got 'tiny_module:Tiny2', which the module does not have"),
    ("tiny_module:not_a_method", "that is a den_ref.protocol.Method, got 'tiny_module:not_a_method', which is <function"),
    ("tiny_module:TinyConfig", "which is <class 'tiny_module.TinyConfig'>"),
    ("tiny_module:NoName", "tiny_module:NoName lacks name, boxes, capacity, from_state, loss_of, scores, state, tasks"),
    ("tiny_module:NoOptions", "tiny_module:NoOptions lacks Config (a dataclass of options"),
    (":Tiny", "got ':Tiny'"), ("tiny_module:", "which the module does not have"),
    ("tiny", "or module:Class for one of your own, got 'tiny'"),
])
def test_what_is_no_method_is_refused_in_one_line(module, capsys, name, words):
    for arguments in (["run", "--method", name], ["compare", "--methods", name, "--out", "runs/x"], ["options", name]):
        assert main(arguments) == 2
        printed = capsys.readouterr().err
        assert words in printed and printed.count("\n") == 1
    assert main(["tune", name]) == 2 and name in capsys.readouterr().err


def test_a_run_whose_method_is_gone_is_still_read(module, capsys):
    main(f"run --method {NAME} --stream toy --tasks 2 --out runs/tiny --keep-steps".split())
    del sys.modules["tiny_module"]
    (module / "tiny_module.py").unlink()
    assert main(["plot", "runs/tiny"]) == 0 and main(["report", "runs/tiny"]) == 0
    capsys.readouterr()
    with pytest.raises(ValueError, match="there is no such module"):
        den_ref.load("runs/tiny")
    assert main(f"run --method {NAME} --stream toy --tasks 2 --out runs/tiny --resume".split()) == 2


def test_a_method_that_forgets_its_boxes_says_so(module):
    from tiny_module import Tiny                                   # the class of the fixture

    forgetful = type("Forgetful", (Tiny,), {"boxes": Method.boxes})
    task = den_ref.tasks.make_stream("toy").tasks[0]
    with pytest.raises(NotImplementedError, match="Forgetful.boxes: expected a generator of Steps"):
        forgetful().learn(task)
