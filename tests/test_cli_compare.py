"""``den-ref compare``: what it accepts, what it refuses, what it leaves."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future
from pathlib import Path

import pytest

from den_ref.cli import main
from den_ref.experiment import read_grid
from den_ref.experiment.grid import standard_grid
from den_ref.experiment.grid.one_cell import claimed
from den_ref.methods.registry import methods_on
from den_ref.protocol import CLASS_INCREMENTAL, TASK_INCREMENTAL

SMALL = "--stream toy --tasks 2 --seeds 0"
SHORT = "--set stl.epochs=1 stl.hidden=4"


class Here(Executor):
    """Calls at once, in this process."""

    def submit(self, function, /, *arguments):
        future = Future()
        future.set_result(function(*arguments))
        return future


@pytest.fixture
def here(monkeypatch):
    monkeypatch.setattr("den_ref.commands.compare._executor", lambda arguments: Here())


@pytest.fixture
def nothing_learnt(monkeypatch):
    """What would be sent to a worker; nothing is learnt."""
    sent = []

    def keep(self, executor, display=None):
        sent.extend(self.cells)
        return read_grid(self.folder)

    monkeypatch.setattr("den_ref.experiment.grid.all_cells.Work.follow", keep)
    return sent


def compare(text):
    return main(["compare", *shlex.split(text)])


@pytest.mark.slow
def test_it_leaves_runs_tables_and_figures(tmp_path, capsys):
    assert compare(f"--methods den,stl {SMALL} {SHORT} --jobs 2 --out {tmp_path}") == 0
    printed = capsys.readouterr()
    grid = read_grid(tmp_path)
    assert list(grid.results) == ["den", "stl"]
    assert grid.results["stl"][0]["run"]["options"]["hidden"] == [4]
    assert grid.results["stl"][0]["run"]["stream"]["order"] == [0, 1]
    auroc = grid.results["den"][0]["R"]["auroc"][1].mean()
    assert f"den, seed 0: AUROC {auroc:.4f}, " in printed.out and f"{auroc:.3f}" in printed.out.split("seed 0")[-1]
    assert str(tmp_path) in printed.out and printed.err == ""
    assert "AUROC" in (tmp_path / "results.md").read_text() and list((tmp_path / "figures").glob("*.png"))


def test_a_failed_run_is_status_1_and_its_traceback_is_shown(tmp_path, capsys, here):
    damaged = tmp_path / "cells" / "stl" / "seed-0" / "network.npz"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"")
    assert compare(f"--methods stl {SMALL} {SHORT} --out {tmp_path}") == 1
    printed = capsys.readouterr()
    assert "stl, seed 0 failed:\nTraceback" in printed.err and "damaged" in printed.err
    assert not (tmp_path / "results.md").exists()
    damaged.unlink()
    assert compare(f"--methods stl {SMALL} {SHORT} --out {tmp_path} --resume") == 0


@pytest.mark.parametrize("text, words", [
    ("--methods dem", "--methods: expected one of"),
    ("--methods stl --stream tov", "stream: expected one of"),
    ("--methods stl --seeds -1", "--seeds: expected an integer >= 0, got -1"),
    ("--methods stl --set mu=1", "--set: expected METHOD.NAME=VALUE of a method that is compared (stl), got 'mu=1'"),
    ("--methods stl --set den.mu=1", "--set: expected METHOD.NAME=VALUE"),
    ("--methods stl --set stl.epoch=1", "options of stl: set: unknown name 'epoch' (did you mean 'epochs'?)"),
    ("--methods stl,l2 --set l2.mu=-1", "options of l2: mu: expected a number >= 0 (or one per layer), got -1"),
    ("--methods stl --set stl.mu=-1", "mu: expected a number >= 0"),
    ("--methods l2,stl --set stl.filters=3", "filters: expected () where samples are no images, got (3,)"),
    ("--methods stl --data seed=1", "--data: expected an option of the stream that has no flag of its own"),
    ("--methods stl --jobs 0", "jobs: expected an integer >= 1, got 0"),
    ("--methods stl --quick --stream toy", "--quick: expected the stream mnist-variation, got 'toy'"),
    ("--methods stl --per-class 3 1", "--per-class: expected three integers (training, validation, test) or all, got 3"),
    ("--methods stl --resume --out {tmp}/grid/grid.json", "out: expected a folder that can be made"),
    ("--methods stl --resume --out {tmp}/foreign", "foreign/grid.json: grid: expected den_ref grid of version 1"),
    ("--methods stl --tasks 9", "--tasks: expected an integer from 1 to 4, got 9"),
    ("--methods stl --out {tmp}/file", "out: expected a folder that can be made"),
    ("--methods stl --out {tmp}/grid", "already holds a grid: resume it (--resume)"),
    ("--methods stl --out {tmp}/grid --resume --tasks 1", "stream.options.n_tasks: 2 there, 1 here"),
    ("--methods stl --out {tmp}/grid --resume --set stl.mu=3", "settings.mu: None there, 3 here"),
    ("--methods stl --stream mnist-variation --mnist /nowhere", "/nowhere"),
    ("--methods stl --stream mnist-back --amat /nowhere", "/nowhere"),
    ("--methods stl --stream mnist-back --backgrounds /nowhere", "/nowhere"),
])
def test_misuse_is_status_2_and_one_line(tmp_path, capsys, nothing_learnt, text, words):
    (tmp_path / "file").write_text("")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "grid.json").write_text('{"format": "else", "version": 1}')
    compare(f"--methods stl --stream toy --tasks 2 --out {tmp_path}/grid")
    capsys.readouterr()
    nothing_learnt.clear()
    defaults = "" if "--stream" in text else "--stream toy"
    defaults += "" if "--tasks" in text else " --tasks 2"
    defaults += "" if "--out" in text else f" --out {tmp_path}/new"
    assert compare(f"{text.format(tmp=tmp_path)} {defaults}") == 2
    printed = capsys.readouterr()
    assert words in printed.err and printed.err.count("\n") == 1 and printed.out == ""
    assert not nothing_learnt and not (tmp_path / "new").exists()


@pytest.mark.parametrize("text", ["--jobs 2 --dask tcp://127.0.0.1:1", "--seeds x", "den"])
def test_arguments_that_do_not_parse_are_status_2(capsys, text):
    with pytest.raises(SystemExit) as caught:
        compare(text)
    assert caught.value.code == 2 and "usage: den-ref" in capsys.readouterr().err


def test_an_error_of_ours_is_not_taken_for_misuse(tmp_path, monkeypatch, here):
    monkeypatch.setattr("den_ref.experiment.grid.all_cells.read_grid", lambda folder: int("a bug"))
    with pytest.raises(ValueError, match="a bug"):
        compare(f"--methods stl {SMALL} --out {tmp_path}")


@pytest.mark.parametrize("text, methods, seeds, swept", [
    ("", methods_on(TASK_INCREMENTAL), [0, 1, 2], True),
    ("--no-sweep", methods_on(TASK_INCREMENTAL), [0, 1, 2], False),
    ("--stream split-digits --per-class 2 2 2 --no-sweep", methods_on(CLASS_INCREMENTAL), [0, 1, 2], False),
    ("--methods den", ["den"], [0, 1, 2], False),
    ("--methods stl,den --sweep --seeds 4", ["stl", "den"], [4], True),
    ("--quick", methods_on(TASK_INCREMENTAL), [0], False),
    ("--quick --seeds 1 2", methods_on(TASK_INCREMENTAL), [1, 2], False),
])
def test_what_is_learnt_by_default(tmp_path, monkeypatch, nothing_learnt, text, methods, seeds, swept):
    monkeypatch.chdir(tmp_path)
    stream = "" if "--quick" in text or "--stream" in text else "--stream toy"
    assert compare(f"{text} {stream}") == 1                         # nothing was learnt
    plain = [cell for cell in nothing_learnt if cell.label == cell.method]
    assert sorted({cell.method for cell in plain}) == sorted(methods)
    assert [cell.seed for cell in plain] == seeds * len(methods)
    varied = {cell.label for cell in nothing_learnt} - set(methods)
    assert varied == ({cell.label for cell in standard_grid.swept_cells([0])} if swept else set())
    facts = json.loads(Path("runs", "quick" if "--quick" in text else "compare", "grid.json").read_text())
    assert facts["stream"]["options"].get("n_tasks") == (standard_grid.QUICK["n_tasks"] if "--quick" in text else None)


@pytest.mark.slow
def test_resume_is_judged_by_what_is_asked_for(tmp_path, capsys, here):
    damaged = tmp_path / "cells" / "mtl" / "seed-0" / "network.npz"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"")
    assert compare(f"--methods stl,mtl {SMALL} {SHORT} --out {tmp_path}") == 1
    capsys.readouterr()
    assert compare(f"--methods stl {SMALL} {SHORT} --out {tmp_path} --resume") == 0
    printed = capsys.readouterr()
    assert "runs: 1" in printed.out and "not learnt: 1 other runs" in printed.out and "mtl" not in printed.err


@pytest.mark.parametrize("error, status, words", [
    (KeyboardInterrupt(), 130, "interrupted: runs are kept"), (OSError(28, "disk full"), 1, "disk full")])
def test_tables_that_are_not_written_are_told_with_the_way_to_them(tmp_path, capsys, here, monkeypatch, error, status,
                                                                   words):
    def fails(*_):
        raise error

    monkeypatch.setattr("den_ref.experiment.pages.results_page.write", fails)
    assert compare(f"--methods stl {SMALL} {SHORT} --out {tmp_path}") == status
    said = capsys.readouterr().err
    assert words in said and f"write them with: den-ref plot {tmp_path}" in said and "Traceback" not in said
    assert read_grid(tmp_path).complete


def test_a_file_error_while_it_learns_says_how_to_go_on(tmp_path, capsys, here, monkeypatch):
    monkeypatch.setattr("den_ref.experiment.grid.all_cells.Work._submit", lambda *_: open("/nowhere/at all"))
    assert compare(f"--methods stl {SMALL} --out {tmp_path}") == 1
    said = capsys.readouterr().err
    assert "/nowhere/at all" in said and "go on with: den-ref compare" in said and "--resume" in said


@pytest.mark.parametrize("text, per_class", [("300 100 300", [300, 100, 300]), ("all", "all")])
def test_images_per_class_are_three_numbers_or_all(tmp_path, nothing_learnt, text, per_class):
    compare(f"--methods stl --tasks 1 --per-class {text} --out {tmp_path}")
    assert json.loads((tmp_path / "grid.json").read_text())["stream"]["options"]["per_class"] == per_class


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on_and_ends_the_runs(tmp_path):
    options = ["--methods", "den", "--stream", "toy", "--tasks", "2", "--seeds", "0", "1", "--jobs", "1",
               "--out", str(tmp_path)]
    process = subprocess.Popen([sys.executable, "-m", "den_ref", "compare", *options], stderr=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    cell = tmp_path / "cells" / "den" / "seed-0"
    while len(claimed(cell)) < 2 and process.poll() is None:
        time.sleep(0.02)
    worker = int(claimed(cell)[1].split(":")[1])
    process.send_signal(signal.SIGINT)
    text = process.communicate()[1]
    assert process.returncode == 130 and "Traceback" not in text
    assert f"go on with: den-ref compare {shlex.join(options)} --resume" in text
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
    assert not list(tmp_path.rglob(".claim"))
