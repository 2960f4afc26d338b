"""A grid of runs: the same bits on every executor, and one cell's misfortune is no other's."""

import io
import json
import math
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import den_ref
from den_ref.experiment import Cell, GridDisplay, GridLines, GridLive, Live, Lines, Processes, compare, read_grid
from den_ref.experiment.grid import standard_grid
from den_ref.experiment.one_run import loop
from den_ref.experiment.disk.owner import OWNER
from den_ref.experiment.grid.one_cell import CLAIM, Claim, Unclaimed, claimed, learn_cell, request, unclaim
from den_ref.experiment.grid.all_cells import Work, begin_comparison
from den_ref.experiment.grid.grid_display import GridProgress
from den_ref.experiment.one_run.clock import Clock, duration
from den_ref.experiment.grid.processes import DEATHS, ProcessDied
from den_ref.methods import REGISTRY
from tests.helpers.other_processes import alive, wait_until
from tests.helpers.small_grids import CELLS, Here, assert_ends_alike, dies_twice, kill_who_learns, plain_runs

SMALL = {"settings": {"hidden": (4,), "epochs": 1}}
FIRST = Path("cells", "den", "seed-0")


def small(*seeds, label="stl"):
    return [Cell("stl", seed, SMALL["settings"], label) for seed in seeds]


def small_grid(out, *cells, stream="toy", **options):
    return compare(cells, stream, out=out, executor=options.pop("executor", Here()), n_tasks=2, **options)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return plain_runs(tmp_path_factory.mktemp("plain"))


# --- the same bits -----------------------------------------------------------------------------------------------


def test_in_this_process(tmp_path, plain):
    assert_ends_alike(compare(CELLS, "toy", out=tmp_path, executor=Here()), plain)


@pytest.mark.slow
def test_in_threads(tmp_path, plain):
    with ThreadPoolExecutor(3) as executor:
        assert_ends_alike(compare(CELLS, "toy", out=tmp_path, executor=executor), plain)


@pytest.mark.slow
def test_in_processes_one_of_which_is_killed(tmp_path, plain):
    with ThreadPoolExecutor() as beside:
        killed = beside.submit(kill_who_learns, tmp_path / FIRST)
        grid = compare(CELLS, "toy", out=tmp_path, jobs=2)
        seconds = killed.result()
    assert_ends_alike(grid, plain)
    assert grid.results["den"][0]["stages"][0]["seconds"] == seconds      # the task was not learnt again


# --- what a grid is ----------------------------------------------------------------------------------------------


def test_methods_and_seeds_keep_their_order(tmp_path):
    grid = compare(["mtl", "stl"], "toy", seeds=[3, 1], out=tmp_path, executor=Here(), n_tasks=1)
    assert [(label, list(by_seed)) for label, by_seed in grid.results.items()] == [("mtl", [3, 1]), ("stl", [3, 1])]
    assert [str(cell) for cell in grid.cells] == ["mtl, seed 3", "mtl, seed 1", "stl, seed 3", "stl, seed 1"]
    assert grid.results["stl"][3]["run"]["seed"] == 3 and grid.results["mtl"][1]["run"]["method"] == "mtl"
    again = read_grid(tmp_path)
    assert again.facts == grid.facts == json.loads((tmp_path / "grid.json").read_text())
    assert list(again.results) == ["mtl", "stl"] and again.complete


@pytest.mark.parametrize("settings, label", [
    ({}, "den"), ({"sigma": 0.2}, "den sigma=0.2"), ({"hidden": (8, 6), "k": 1}, "den hidden=8,6 k=1"),
    ({"mu": np.float64(1e-6)}, "den mu=1e-06"),
])
def test_a_label_says_what_is_varied(settings, label):
    assert Cell("den", 0, settings).label == label
    assert Cell("den", 0, settings, "mine").label == "mine"


@pytest.mark.parametrize("label, name", [("den sigma=0.2", "den_sigma=0.2"), ("../../x", "_.._x"), ("a/b\\c", "a_b_c"),
                                         ("äb", "_b")])
def test_a_folder_stays_below_the_grid(tmp_path, label, name):
    assert Cell("den", 2, label=label).folder == Path("cells", name, "seed-2")


def test_resume_adds_methods_and_seeds_and_learns_nothing_twice(tmp_path):
    first = small_grid(tmp_path, *small(0))
    with pytest.raises(ValueError, match=r"already holds a grid: resume it \(--resume\)"):
        small_grid(tmp_path, *small(0))
    calls = []

    class Counting(Here):
        def submit(self, function, *arguments):
            calls.append(arguments[0]["folder"])
            return super().submit(function, *arguments)

    grid = small_grid(tmp_path, *small(0, 1), *small(0, label="b"), executor=Counting(), resume=True)
    assert [Path(call).relative_to(tmp_path).as_posix() for call in calls] == ["cells/stl/seed-1", "cells/b/seed-0"]
    assert [(label, list(by_seed)) for label, by_seed in grid.results.items()] == [("stl", [0, 1]), ("b", [0])]
    assert grid.results["stl"][0]["stages"] == first.results["stl"][0]["stages"]


@pytest.mark.parametrize("change, words", [
    ({"stream": "permuted-mnist"}, "holds another grid; use another folder .*--out.*stream.name: 'toy' there, 'permuted-mnist' here"),
    ({"n_tasks": 3}, "holds another grid; use another folder .*--out.*stream.options.n_tasks: 2 there, 3 here"),
    ({"settings": {"epochs": 2}}, "holds another grid; use .*label 'stl': expected one meaning .*settings.epochs: 1 there, 2 here"),
    ({"den_ref": "0"}, "holds another grid; use another folder .*--out.*den_ref: '0' there"),
])
def test_another_grid_is_refused(tmp_path, change, words):
    begin_comparison(small(0), "toy", out=tmp_path, n_tasks=2).release()
    facts = json.loads((tmp_path / "grid.json").read_text())
    if "den_ref" in change:
        (tmp_path / "grid.json").write_text(json.dumps(facts | change))
    cell = Cell("stl", 0, SMALL["settings"] | change.get("settings", {}), "stl")
    with pytest.raises(ValueError, match=words):
        begin_comparison([cell], change.get("stream", "toy"), out=tmp_path, n_tasks=change.get("n_tasks", 2),
                         resume=True)


@pytest.mark.parametrize("cells, options, words", [
    (["dem"], {}, "method: expected one of"),
    ([Cell("den", 0, {"sigmas": 1})], {}, "unknown name 'sigmas' .did you mean 'sigma'"),
    ([Cell("den", 0, {"sigma": -1})], {}, "sigma: expected a number >= 0"),
    (["den"], {"stream": "tov"}, "stream: expected one of"),
    (["den"], {"amplitude": 1}, "amplitude: expected an option of toy"),
    (["den"], {"seeds": [-1]}, "seed: expected an integer >= 0"),
    (["den"], {"seeds": []}, "methods: expected at least one"),
    ([], {}, "methods: expected at least one"),
    ("den", {}, "methods: expected a list of names and Cells, got 'den'"),
    ([REGISTRY["den"]], {}, "methods are sent by name, got <class"),
    (["den"], {"seeds": 3}, "seeds: expected a list of integers, got 3"),
    (["den"], {"jobs": 2, "executor": Here()}, "jobs: expected None beside an executor.*got 2"),
    (["den"], {"jobs": 0}, "jobs: expected an integer >= 1, got 0"),
    ([Cell("den", label="a b"), Cell("den", label="A_b")], {}, "label: expected labels that differ in letters"),
    ([Cell("den", label="a"), Cell("stl", label="a")], {}, "label 'a': expected one meaning .*'den' there, 'stl' here"),
    ([Cell("den", label="..")], {}, "label: expected letters or digits"),
])
def test_bad_arguments_are_refused_before_anything_is_learnt(tmp_path, cells, options, words):
    with pytest.raises(ValueError, match=words):
        compare(cells, options.pop("stream", "toy"), out=tmp_path / "new", **options)
    assert not (tmp_path / "new" / "cells").exists()


def test_a_folder_without_a_grid_and_a_spoilt_one(tmp_path):
    with pytest.raises(FileNotFoundError, match="grid.json"):
        read_grid(tmp_path)
    for text, words in (("{", "grid.json: "), ("[]", "grid.json: grid: expected den_ref grid of version 1"),
                        ('{"format": "den_ref grid", "version": 2}', "got 'den_ref grid' of version 2"),
                        ('{"format": "den_ref grid", "version": 1}', "grid: expected the keys")):
        (tmp_path / "grid.json").write_text(text)
        with pytest.raises(ValueError, match=words):
            read_grid(tmp_path)


def test_the_longest_come_first(tmp_path, monkeypatch):
    monkeypatch.setattr(REGISTRY["mtl"], "slow", False)
    assert REGISTRY["stl"].slow
    order = []

    class Watch(GridDisplay):
        def learnt(self, cell, record, answer):
            order.append(cell.method)

    with ThreadPoolExecutor(1) as executor:                   # one at a time, in the order of submission
        compare(["mtl", "stl"], "toy", seeds=[0], out=tmp_path, executor=executor, display=Watch(), n_tasks=1)
    assert order == ["stl", "mtl"]


# --- misfortune --------------------------------------------------------------------------------------------------


def test_a_cell_that_fails_leaves_the_others(tmp_path):
    damaged = tmp_path / "cells" / "stl" / "seed-1" / "network.npz"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"PK\x03\x04 and no more")
    grid = small_grid(tmp_path, *small(0, 1, 2))
    assert list(grid.results["stl"]) == [0, 2] and not grid.complete
    (cell, error), = grid.failures
    assert cell == small(1)[0] and "Traceback" in error and "damaged" in error
    assert (damaged.parent / "error.txt").read_text() == error and grid.missing == [cell]
    damaged.unlink()
    grid = small_grid(tmp_path, *small(0, 1, 2), resume=True)
    assert grid.complete and not grid.failures and not (damaged.parent / "error.txt").exists()


def test_a_cell_of_other_options_is_not_taken_for_ours(tmp_path):
    den_ref.run("stl", "toy", n_tasks=2, settings={"hidden": (5,)}, out=tmp_path / small(0)[0].folder)
    (cell, error), = small_grid(tmp_path, *small(0)).failures
    assert "holds a run of another configuration" in error


def test_a_damaged_results_file_is_written_again(tmp_path):
    small_grid(tmp_path, *small(0))
    path = tmp_path / "cells" / "stl" / "seed-0" / "results.json"
    whole = path.read_bytes()
    path.write_text("{")
    assert read_grid(tmp_path).missing == small(0)
    assert small_grid(tmp_path, *small(0), resume=True).complete and path.read_bytes() == whole


def test_a_cell_that_is_half_learnt_is_missing_and_no_result(tmp_path):
    den_ref.run("stl", "toy", n_tasks=2, settings=SMALL["settings"], out=tmp_path / small(0)[0].folder)
    begin_comparison(small(0), "toy", out=tmp_path, n_tasks=2)
    assert read_grid(tmp_path).complete
    path = tmp_path / small(0)[0].folder / "results.json"
    results = json.loads(path.read_text())
    results["stages"], results["complete"] = results["stages"][:1], False
    path.write_text(json.dumps(results))
    grid = read_grid(tmp_path)
    assert grid.results == {} and grid.missing == small(0)


def test_an_executor_that_gives_up_is_a_failure_of_the_cell(tmp_path):
    class Lost(Here):
        def submit(self, function, *arguments):
            future = Future()
            future.set_exception(RuntimeError("the worker is gone"))
            return future

    grid = small_grid(tmp_path, *small(0), executor=Lost())
    assert [error for _, error in grid.failures] == ["RuntimeError: the worker is gone\n"]


def test_a_folder_that_cannot_be_written_costs_one_cell(tmp_path):
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / "b").write_text("a file where a folder is wanted")
    grid = small_grid(tmp_path, *small(0), *small(0, label="b"))
    assert list(grid.results) == ["stl"]
    (cell, error), = grid.failures
    assert cell == small(0, label="b")[0] and ("NotADirectoryError" in error or "FileExistsError" in error)


def test_lost_results_cost_one_cell(tmp_path):
    class Removes(Here):
        def submit(self, function, *arguments):
            future = super().submit(function, *arguments)
            if arguments[0]["seed"] == 0:
                (Path(arguments[0]["folder"]) / "results.json").unlink()
                (Path(arguments[0]["folder"]) / "results.json").mkdir()
            return future

    grid = small_grid(tmp_path, *small(0, 1), executor=Removes())
    assert list(grid.results["stl"]) == [1] and "results cannot be read" in grid.failures[0][1]


def test_a_grid_that_cannot_be_read_is_misuse_and_stays(tmp_path):
    (tmp_path / "grid.json").mkdir()
    for resume in (False, True):
        with pytest.raises(ValueError, match="grid that can be read.*grid.json"):
            small_grid(tmp_path, *small(0), resume=resume)
    assert [path.name for path in tmp_path.iterdir()] == ["grid.json"]


def test_displays_count_what_is_asked_for(tmp_path):
    begin_comparison(small(0, 1), "toy", out=tmp_path, n_tasks=2).release()
    out = io.StringIO()
    grid = small_grid(tmp_path, *small(1), resume=True, display=GridLines(Lines(out)))
    assert "seeds: 1, runs: 1" in out.getvalue()
    assert grid.missing == small(0) and grid.part(begin_comparison(small(1), "toy", out=tmp_path, n_tasks=2,
                                                                   resume=True).asked).complete


def test_whatever_ends_it_no_cell_stays_claimed(tmp_path):
    class Interrupted(GridDisplay):
        def learnt(self, *_):
            raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as executor, pytest.raises(KeyboardInterrupt):
        small_grid(tmp_path, *small(0, 1, 2, 3), executor=executor, display=Interrupted())
    assert not list(tmp_path.rglob(CLAIM))
    assert small_grid(tmp_path, *small(0, 1, 2, 3), resume=True).complete


def test_of_two_at_once_the_second_takes_over(tmp_path):
    class StartsAnother(Here):
        """Between sending a cell and learning it, the same comparison is started again."""

        def submit(self, function, *arguments):
            with pytest.raises(ValueError, match=f"process {os.getpid()} on "):
                begin_comparison(small(0), "toy", out=tmp_path, n_tasks=2, resume=True)
            (tmp_path / OWNER).unlink()                            # by hand: the first is believed to be gone
            self.other = begin_comparison(small(0), "toy", out=tmp_path, n_tasks=2, resume=True)
            self.held = Held()
            self.other._submit(self.held)
            return super().submit(function, *arguments)

    class Held(Here):
        def submit(self, function, *arguments):
            self.call = arguments
            return Future()

    first = StartsAnother()
    out = io.StringIO()
    grid = small_grid(tmp_path, *small(0), executor=first, display=GridLines(Lines(out)))
    assert "failed: den_ref.experiment.grid.one_cell.Unclaimed: " in out.getvalue() and "taken over" in out.getvalue()
    assert grid.missing == small(0) and not grid.failures
    assert learn_cell(*first.held.call)["error"] is None and read_grid(tmp_path).complete


# --- claims ------------------------------------------------------------------------------------------------------


@pytest.fixture
def sent(tmp_path):
    return request(tmp_path, Cell("stl", 0, SMALL["settings"], "stl"), {"name": "toy", "options": {"n_tasks": 2}})


def test_what_is_sent_is_plain(sent):
    assert json.loads(json.dumps(sent)) == sent
    assert json.loads(json.dumps(learn_cell(sent)))["error"] is None


def test_a_worker_that_does_not_see_the_folder_says_so(sent):
    unclaim(Path(sent["folder"]), sent["ticket"])
    answer = learn_cell(sent)
    assert "expected a folder that all workers share" in answer["error"] and str(os.getpid()) in answer["worker"]
    assert not (Path(sent["folder"]) / "results.json").exists()


def test_a_worker_with_another_version_says_so(sent):
    assert "expected 9.9" in learn_cell(sent | {"den_ref": "9.9"})["error"]


def test_a_claim_ends_with_its_file_or_when_another_worker_takes_it(sent, monkeypatch):
    monkeypatch.setattr(Claim, "PAUSE", 0.0)
    folder = Path(sent["folder"])
    first = Claim(folder, sent["ticket"], "here:1")
    first.progress("Eq. 0", 1, 2, 0.5)
    assert claimed(folder)[1].startswith("here:1:")
    second = Claim(folder, sent["ticket"], "here:1")
    with pytest.raises(Unclaimed):
        first.step(None)
    second.stage(1, 2, 0)
    assert unclaim(folder, sent["ticket"]) and not unclaim(folder, sent["ticket"])
    with pytest.raises(Unclaimed):
        second.progress("Eq. 0", 1, 2, 0.5)


def test_a_worker_that_lost_its_claim_overwrites_nothing(sent, monkeypatch):
    monkeypatch.setattr(Claim, "PAUSE", 1e9)                       # it never looks on its own
    folder = Path(sent["folder"])

    def taken_over(run, stream, steps):
        Claim(folder, sent["ticket"], "elsewhere:1")
        (folder / "results.json").write_text("the other's")
        return add_stage(run, stream, steps)

    add_stage = loop.add_stage
    monkeypatch.setattr(loop, "add_stage", taken_over)
    assert "Unclaimed" in learn_cell(sent)["error"]
    assert (folder / "results.json").read_text() == "the other's" and not (folder / "network.npz").exists()


def test_a_claim_that_is_removed_while_it_is_taken_stays_removed(sent, monkeypatch):
    def removed(folder):
        text = (folder / CLAIM).read_text()
        (folder / CLAIM).unlink()
        return text.split()

    monkeypatch.setattr("den_ref.experiment.grid.one_cell.claimed", removed)
    with pytest.raises(FileNotFoundError):
        Claim(Path(sent["folder"]), sent["ticket"], "here:1")
    assert not (Path(sent["folder"]) / CLAIM).exists()


def test_a_worker_stops_when_its_cell_is_no_longer_wanted(tmp_path):
    cell = Cell("stl", 0, {"epochs": 10**6, "patience": 10**6}, "endless")
    call = request(tmp_path, cell, {"name": "toy", "options": {}})
    with ThreadPoolExecutor(1) as executor:
        answer = executor.submit(learn_cell, call)
        wait_until(lambda: len(claimed(tmp_path / cell.folder)) == 2)
        unclaim(tmp_path / cell.folder, call["ticket"])
        assert "Unclaimed" in answer.result(timeout=120)["error"]


# --- processes ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_call_that_dies_is_made_again_and_others_do_not_notice(tmp_path):
    with Processes(2) as executor:
        one, other = executor.submit(dies_twice, str(tmp_path / "calls")), executor.submit(math.hypot, 3, 4)
        assert one.result() == DEATHS == 3 and other.result() == 5.0


@pytest.mark.slow
def test_a_call_that_always_dies_is_given_up_and_an_exception_is_not_repeated(monkeypatch, capfd):
    monkeypatch.setattr("den_ref.experiment.grid.processes.DEATHS", 2)
    with Processes(2) as executor:
        killed, raised = executor.submit(signal.raise_signal, 9), executor.submit(json.loads, "{")
        with pytest.raises(ProcessDied, match=r"was killed by SIGKILL \(out of memory\?\), 2 times"):
            killed.result()
        with pytest.raises(ProcessDied, match="ended with status 1$"):
            raised.result()
    assert capfd.readouterr().err.count("JSONDecodeError") == 1


def test_a_process_has_one_blas_thread_and_ours_keeps_its_own(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    with Processes(1) as executor:
        assert executor.submit(os.getenv, "OPENBLAS_NUM_THREADS").result() == "1"
    assert os.environ["OPENBLAS_NUM_THREADS"] == "7"


def test_an_interrupt_ends_the_processes_at_once():
    with pytest.raises(KeyboardInterrupt), Processes(1) as executor:
        running, waiting = (executor.submit(time.sleep, 600) for _ in range(2))
        wait_until(lambda: executor.running)
        process, = executor.running
        raise KeyboardInterrupt
    assert process.returncode == -signal.SIGKILL and waiting.cancelled()        # it has not slept to its end
    assert isinstance(running.exception(), CancelledError)


@pytest.mark.slow
def test_processes_end_with_their_caller(tmp_path):
    code = ("import sys; from den_ref.experiment import Processes\n"
            "from tests.helpers.small_grids import says_and_sleeps\n"
            "Processes(1).submit(says_and_sleeps, sys.argv[1])")
    caller = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "pid")],
                              env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])})
    pid = wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    caller.kill()
    caller.wait()
    wait_until(lambda: not alive(int(pid)))


# --- what it says ------------------------------------------------------------------------------------------------


def test_a_line_per_cell(tmp_path):
    damaged = tmp_path / "cells" / "stl" / "seed-1" / "network.npz"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"")
    out = io.StringIO()
    grid = small_grid(tmp_path, *small(0, 1), display=GridLines(Lines(out)))
    R, capacity = grid.results["stl"][0]["R"]["auroc"], grid.results["stl"][0]["stages"][1]["capacity"]
    first, done, failed = out.getvalue().splitlines()
    assert first == "toy: methods and variations: 1, seeds: 0, 1, runs: 2"
    assert done.startswith(f"1 of 2: stl, seed 0: AUROC {R[1].mean():.4f}, {capacity['allocated']:,} parameters, "
                           "100.0% of 2 separate networks 12-")
    assert failed.startswith("2 of 2: stl, seed 1: failed: ValueError: ") and str(damaged) in failed


def test_resuming_and_other_threads_are_told(tmp_path):
    small_grid(tmp_path, *small(0))
    out = io.StringIO()
    lines = GridLines(Lines(out))
    grid = small_grid(tmp_path, *small(0, 1, 2), resume=True, display=lines)
    assert "resumed after 1 of 3 runs" in out.getvalue() and "\n3 of 3: stl, seed 2: AUROC" in out.getvalue()
    for _ in range(2):
        lines.learnt(small(1)[0], grid.results["stl"][1], {"blas_threads": 4, "worker": "far:1"})
    assert out.getvalue().count("note: BLAS has 4 threads in worker far:1, not 1") == 1


def test_the_live_line_is_there_and_goes(tmp_path):
    screen = Live(io.StringIO(), io.StringIO())
    small_grid(tmp_path, *small(0, 1), display=GridLive(screen))
    text = screen.terminal.getvalue()
    assert "  2 of 2 runs done, 0 running; 4 of 4 tasks learnt" in text and text.endswith("\r")


@pytest.mark.parametrize("progress, text", [
    (GridProgress(6, 1, 2, 0, 60, 15, 200), "  1 of 6 runs done, 2 running; 15 of 60 tasks learnt, about 3 min left"),
    (GridProgress(6, 1, 2, 3, 60, 15, None), "  1 of 6 runs done, 2 running, 3 failed; 15 of 60 tasks learnt"),
])
def test_progress_reads_well(progress, text):
    assert str(progress) == text


def test_time_left_is_that_of_the_tasks_learnt_since_the_start(monkeypatch):
    now = 100.0
    monkeypatch.setattr("den_ref.experiment.one_run.clock.time.monotonic", lambda: now)
    clock = Clock(4)
    assert clock.left(4, 14) is None
    now = 110.0
    assert clock.left(9, 14) == 10.0 and clock.left(14, 14) == 0.0
    assert duration(99) == "99 s" and duration(100) == "2 min" and duration(7200) == "2.0 h"


# --- the standard comparison -------------------------------------------------------------------------------------


def test_the_sweep_changes_one_option_at_a_time():
    cells = [cell for cell in standard_grid.swept_cells([0, 1], {"k": 10, "mu": 0.5}) if cell.method == "den"]
    assert len(cells) == 2 * (sum(map(len, standard_grid.SWEEP.values())) - (10 in standard_grid.SWEEP["k"]))
    for cell in cells:
        (name, value), = set(cell.settings.items()) - {("k", 10), ("mu", 0.5)}
        assert value in standard_grid.SWEEP[name] and cell.label == f"den {name}={value}"
    of_den = [cell for cell in standard_grid.swept_cells([0]) if cell.method == "den"]
    assert {tuple(sorted(cell.settings)) for cell in of_den} == {(name,) for name in standard_grid.SWEEP}


def test_failed_runs_are_not_done():
    seen, work = [], Work.__new__(Work)
    work.cells, work.learnt, work.waiting, work.failed, work.n_tasks = [None] * 5, [2, 2, 0, 0, 1], {}, 2, 2
    work.display = SimpleNamespace(progress=seen.append)
    work._watch(Clock(0))
    assert [(one.cells, one.done, one.failed, one.learnt, one.tasks) for one in seen] == [(5, 3, 2, 5, 10)]
