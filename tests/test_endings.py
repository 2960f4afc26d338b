"""How commands end when a disk, a terminal or another process ends them: in words, alike for all, with the way on."""

import errno
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import den_ref
from den_ref.cli import main
from den_ref.experiment import (
    Cell, compare, kept_steps, learnt, owned, read_grid, read_results, read_step, write_player)
from den_ref.experiment.disk.owner import OWNER, Owner, _started
from den_ref.experiment.pages import results_page
from den_ref.protocol import Diverged
from den_ref.tasks import stream_from_arrays
from tests.helpers.small_grids import Here

RUN = ["run", "--stream", "toy", "--method", "stl", "--tasks", "2", "--hidden", "4", "--set", "epochs=1"]
COMPARE = ["compare", "--stream", "toy", "--methods", "stl", "--tasks", "2", "--seeds", "0", "--jobs", "1",
           "--set", "stl.epochs=1"]


def shell(line, folder, **variables):
    """What a shell line does in a folder; ``den-ref`` is the command on a buffered Python, as users have it."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    program = f"den-ref() {{ {shlex.quote(sys.executable)} $FLAGS -m den_ref \"$@\"; }}; set -o pipefail\n"
    path = str(Path(den_ref.__file__).parents[1])
    return subprocess.run(["bash", "-c", program + line], cwd=folder, capture_output=True, text=True, errors="replace",
                          env={**environment, "PYTHONPATH": path, "FLAGS": "", **variables})


# --- the terminal ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["options", "--help", "golden list", "golden show '*'"])
def test_a_reader_that_is_gone_is_no_complaint(tmp_path, line):
    done = shell(f"den-ref {line} | true", tmp_path)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_run_without_a_reader_stops_and_says_how_to_go_on(tmp_path):
    done = shell(f"den-ref {shlex.join(RUN)} --tasks 4 --out a | head -1", tmp_path)
    assert done.returncode == 141 and "Traceback" not in done.stderr
    assert "of 4 tasks are kept in a" in done.stderr and "go on with: den-ref run " in done.stderr


@pytest.mark.parametrize("line", ["options", "golden list", shlex.join([*RUN, "--out", "a"])])
def test_an_output_that_is_full_is_named(tmp_path, line):
    done = shell(f"den-ref {line} > /dev/full", tmp_path)
    assert done.returncode == 1 and "den-ref: standard output: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr
    assert ("go on with" in done.stderr) == ("--out" in line)


@pytest.mark.slow
def test_closed_streams_are_as_good_as_others(tmp_path):
    done = shell(f"den-ref {shlex.join(RUN)} --out a <&- >&- 2>&-; echo $?; den-ref {shlex.join(RUN)} --out a 2>&-; echo $?",
                 tmp_path)
    assert done.stdout.split() == ["0", "2"] and done.stderr == ""
    assert read_results(tmp_path / "a")["complete"]


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp949", "cp1252"])
def test_characters_that_a_terminal_lacks_are_replaced(tmp_path, encoding):
    line = f"den-ref {shlex.join(RUN)} --out 'é한 –' --report"
    done = shell(line, tmp_path, PYTHONIOENCODING=encoding)
    assert done.returncode == 0 and "Traceback" not in done.stderr and "\\u2013" in done.stdout + r"\u2013"
    assert (tmp_path / "é한 –" / "report.html").exists()


@pytest.mark.slow
@pytest.mark.parametrize("line", ["den-ref --help && den-ref options den", "den-ref " + shlex.join([*RUN, "--report", "--out", "a"])])
def test_without_docstrings_and_with_a_foolish_backend(tmp_path, line):
    done = shell(line, tmp_path, FLAGS="-OO", MPLBACKEND="nonsense")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words, what", [
    ("run --out", "a folder"), ("compare --out", "a folder"), ("tune stl --out", "a folder"), ("report", "a folder"),
    ("plot", "a folder"), ("report x --out", "a file"), ("plot x --into", "a file")])
def test_no_text_is_no_folder_of_a_command(capsys, words, what):
    with pytest.raises(SystemExit) as caught:
        main([*words.split(), ""])
    assert caught.value.code == 2 and f"expected {what}, got ''" in capsys.readouterr().err


@pytest.mark.parametrize("function, words", [
    (lambda given: den_ref.run("stl", "toy", out=given), "out: expected a folder"),
    (lambda given: compare(["stl"], "toy", out=given), "out: expected a folder"),
    (den_ref.load, "folder: expected a folder"), (read_results, "folder: expected a folder"),
    (read_grid, "folder: expected a folder"), (lambda given: list(kept_steps(given)), "folder: expected a folder"),
    (lambda given: read_step(given, 1), "folder: expected a folder"), (learnt, "folder: expected a folder"),
    (write_player, "folder: expected a folder"), (results_page.plot, "source: expected a folder, or a summary"),
])
@pytest.mark.parametrize("given", ["", 3])
def test_no_text_is_no_folder_of_a_function(tmp_path, monkeypatch, function, words, given):
    """Not even where the working folder would do."""
    den_ref.run("stl", "toy", n_tasks=1, settings={"hidden": (2,), "epochs": 0}, out=tmp_path, keep_steps=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=f"{words}, got {given!r}"):
        function(given)


def test_what_is_nested_too_deeply_is_misuse(capsys):
    assert main([*RUN, "--data", "x=" + "[" * 100_000]) == 2
    assert "--data: expected" in capsys.readouterr().err


# --- the disk ----------------------------------------------------------------------------------------------------


@pytest.fixture
def full(monkeypatch):
    """A disk without room for files of these names."""
    names, fsync = [], os.fsync

    def fails(number):
        path = os.readlink(f"/proc/self/fd/{number}")
        if any(f".{name}." in path or path.endswith(name) for name in names):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(number)

    monkeypatch.setattr(os, "fsync", fails)
    return names


def test_a_full_disk_is_told_with_the_file_what_is_kept_and_the_way_on(tmp_path, capsys, full):
    full.append("network.npz")
    assert main([*RUN, "--out", f"{tmp_path}/a"]) == 1
    command = shlex.join(["den-ref", *RUN, "--out", f"{tmp_path}/a", "--resume"])
    assert capsys.readouterr().err == (
        f"\nden-ref: {tmp_path}/a/network.npz: No space left on device: the unfinished task is dropped; "
        f"0 of 2 tasks are kept in {tmp_path}/a\ngo on with: {command}\n")
    full.clear()
    assert main([*RUN, "--out", f"{tmp_path}/a", "--resume"]) == 0


@pytest.mark.parametrize("name, command, way_on", [
    ("results.json", [*RUN, "--out", "a"], "go on with: den-ref run"),
    pytest.param("report.html", [*RUN, "--out", "b", "--report"], "begin again with: den-ref report b",
                 marks=pytest.mark.slow),
    ("report.html", ["report", "done"], "begin again with: den-ref report done"),
    ("matrix.png", ["plot", "done"], "begin again with: den-ref plot done"),
    ("grid.json", [*COMPARE, "--out", "c"], None),
    pytest.param("results.md", [*COMPARE, "--out", "c"], "write them with: den-ref plot", marks=pytest.mark.slow),
    ("stl.jsonl", ["tune", "stl", "--stream", "toy", "--tasks", "1", "--tries", "1", "--jobs", "1", "--out", "t"],
     "go on with: den-ref tune stl"),
])
def test_every_command_tells_of_a_full_disk_alike(tmp_path, monkeypatch, capsys, full, name, command, way_on):
    monkeypatch.chdir(tmp_path)
    if "done" in command:
        main([*RUN, "--out", "done", "--keep-steps"])
        capsys.readouterr()
    full.append(name)
    assert main(command) == (1 if way_on else 2)
    said = capsys.readouterr().err
    assert f"{name}: No space left on device" in said and said.count("\n") <= 3 and "Traceback" not in said
    assert way_on is None or way_on in said


def test_an_export_that_finds_no_room_names_where_it_goes(tmp_path, monkeypatch, capsys):
    def no_room(source, target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(source), None, str(target))

    monkeypatch.setattr("shutil.copy", no_room)
    assert main(["golden", "export", f"{tmp_path}/v"]) == 1
    said = capsys.readouterr().err
    assert f"{tmp_path}/.v.part/" in said and "No space left" in said and f"den-ref golden export {tmp_path}/v" in said


def test_a_folder_that_is_removed_meanwhile(tmp_path, monkeypatch, capsys):
    from den_ref.experiment.one_run import loop

    measure = loop.add_stage
    monkeypatch.setattr(loop, "add_stage", lambda *given: (measure(*given), os.rename(tmp_path / "a", tmp_path / "b")))
    assert main([*RUN, "--out", f"{tmp_path}/a"]) == 1
    said = capsys.readouterr().err
    assert f"{tmp_path}/a/network.npz: No such file" in said and "0 of 2 tasks are kept" in said and "--resume" in said


def test_want_of_memory_is_told(tmp_path, monkeypatch, capsys):
    def greedy(*_):
        raise MemoryError("Unable to allocate 7 TiB")

    monkeypatch.setattr("den_ref.experiment.one_run.loop.add_stage", greedy)
    assert main([*RUN, "--out", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "not enough memory (Unable to allocate 7 TiB)" in said and "go on with" in said


# --- what is learnt ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["den", "ewc", "stl", "mtl", "l2", "finetune", "progressive"])
def test_training_that_diverges_is_told_with_the_task_and_what_to_try(tmp_path, capsys, method):
    command = ["run", "--stream", "toy", "--method", method, "--tasks", "2", "--out", str(tmp_path), "--set",
               "step=1e38", "mu=0", "weight_decay=0"]              # penalties would leave nothing that could diverge
    with np.errstate(all="ignore"):
        assert main(command) == 1
    said = capsys.readouterr().err
    assert said.startswith("\nden-ref: training of task 0 diverged in ")
    assert "a smaller learning rate (option step)" in " ".join(said.split())
    assert f"0 of 2 tasks are kept in {tmp_path}" in said and "go on" not in said and said.count("\n") == 2


@pytest.mark.filterwarnings("ignore:EWC")
def test_a_unit_that_went_off_to_infinity_is_told_where_it_did():
    """Its bias is -inf, so that its task's loss is fine; the pull of the next task would be at infinity."""
    with np.errstate(all="ignore"), pytest.raises(Diverged, match="training of task 0 diverged in .*a weight is infinite"):
        den_ref.run("ewc", "toy", n_tasks=2, settings={"step": 1e38, "hidden": (4,), "epochs": 1})


@pytest.mark.parametrize("method, size", [("ewc", 1e30), ("den", 1e40)])
def test_inputs_that_overflow_in_a_later_task_are_told(method, size):
    rng = np.random.default_rng(0)

    def task(name, scale):
        x = np.clip(rng.normal(size=(20, 3)) * scale, -3e38, 3e38).astype(np.float32)
        y = np.arange(20) % 2
        return {"id": name, "x_train": x, "y_train": y, "x_valid": x, "y_valid": y, "x_test": x, "y_test": y}

    with pytest.warns(UserWarning, match="task 'huge', x_train: the inputs' root mean square is"):
        stream = stream_from_arrays([task("small", 1), task("huge", size)])
    with np.errstate(all="ignore"), pytest.raises(Diverged, match="training of task 'huge' diverged in"):
        den_ref.run(method, stream, settings={"hidden": (40, 30)})


def test_a_try_that_diverges_loses(tmp_path):
    from den_ref.experiment.tune.one_try import attempt

    with np.errstate(all="ignore"):
        row = attempt("ewc", {"step": 1e30}, 0, {"name": "toy", "n_tasks": 2})
    assert (row["validation"], row["share"]) == (0.0, 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("name", [r"$\\frac{$", "$", "a$b$", r"\\$x$"])
def test_a_dollar_sign_is_a_dollar_sign(tmp_path, monkeypatch, name):
    from den_ref.experiment.pages import figures

    monkeypatch.setattr(figures, "DPI", 20)
    rng, out = np.random.default_rng(0), tmp_path / name.replace("\\", "_")
    x, y = rng.normal(size=(20, 3)), np.arange(20) % 2
    data = {"x_train": x, "y_train": y, "x_valid": x, "y_valid": y, "x_test": x, "y_test": y}
    stream = stream_from_arrays([{"id": name, **data}, {"id": f"{name}2", **data}], name=name)
    short = {"hidden": (4, 3), "epochs_eq2": 2, "epochs_eq4": 1, "epochs_eq5": 1, "epochs_eq6": 1, "tau": 0.0}
    den_ref.run("den", stream, settings=short, out=out, keep_steps=True)
    assert write_player(out).exists() and results_page.plot(out)
    grid = compare([Cell("stl", 0, {"epochs": 1}, f"{name}z"), Cell("stl", 0, {"epochs": 2}, f"{name}y")], "toy",
                   n_tasks=2, out=tmp_path / "grid", executor=Here())
    assert results_page.write(grid, tmp_path / "grid")


# --- Ctrl-C ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delay", [0.05, 0.15, 0.3, 0.6])
def test_ctrl_c_in_the_first_moments_is_quiet(tmp_path, delay):
    process = subprocess.Popen([sys.executable, "-c", "import sys; print(flush=True); from den_ref.cli import main; "
                                "sys.exit(main())", *RUN, "--out", str(tmp_path)],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode in (0, 130) and "Traceback" not in said


#: A library that is loaded when Ctrl-C comes, and makes another error of it; without one it is a fault.
LOADED = """import os, signal, sys
from den_ref import cli
from den_ref.commands import options
def load(*_):
    try:
        {interrupt}
    except KeyboardInterrupt:
        pass
    raise ImportError("PyCapsule_Import could not import module")
options.options = load
sys.exit(cli.main())
"""


@pytest.mark.parametrize("before, interrupt, status", [
    ("", "os.kill(os.getpid(), signal.SIGINT)", 130), ("", "pass", 1),
    ("trap '' INT; ", "os.kill(os.getpid(), signal.SIGINT)", 1)])
def test_what_a_library_makes_of_ctrl_c_while_it_is_loaded(tmp_path, before, interrupt, status):
    program = shlex.quote(LOADED.format(interrupt=interrupt))
    done = shell(f"{before}{shlex.quote(sys.executable)} -c {program} options", tmp_path)
    assert done.returncode == status and ("Traceback" in done.stderr) == (status == 1)
    assert ("interrupted" in done.stderr) == (status == 130)


def test_ctrl_c_between_the_last_run_and_the_tables_says_the_way_on(tmp_path, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("den_ref.commands.compare._write", interrupted)
    assert main([*COMPARE, "--out", str(tmp_path)]) == 130
    assert f"write them with: den-ref plot {tmp_path}" in capsys.readouterr().err


# --- a second process --------------------------------------------------------------------------------------------


def test_a_folder_has_one_owner_who_is_named(tmp_path, capsys):
    with owned(tmp_path):
        claim = json.loads((tmp_path / OWNER).read_text())
        assert main([*RUN, "--out", str(tmp_path)]) == 2
        said = capsys.readouterr().err
        assert f"process {os.getpid()} on {claim['host']} since {claim['since']}" in said and said.count("\n") == 1
        assert main([*COMPARE, "--out", str(tmp_path)]) == 2
        with pytest.raises(ValueError, match="expected a folder that no other process learns in"):
            den_ref.run("stl", "toy", out=tmp_path, resume=True)
    assert list(tmp_path.iterdir()) == []


def test_a_search_has_its_record_to_itself(tmp_path, capsys):
    search = ["tune", "stl", "--stream", "toy", "--tasks", "1", "--out", str(tmp_path)]
    with owned(tmp_path, name=".stl.owner"):
        assert main(search) == 2 and f"process {os.getpid()} on " in capsys.readouterr().err


def a_claim(folder, **change):
    """What a claim of this process looks like, but for a change."""
    owner = Owner(folder / "other")
    owner.release()
    return {**owner.claim, **change}


def test_a_claim_that_was_taken_over_is_left_to_its_new_owner(tmp_path):
    mine = Owner(tmp_path)
    theirs = json.dumps(a_claim(tmp_path))
    (tmp_path / OWNER).write_text(theirs)
    mine.release()
    assert (tmp_path / OWNER).read_text() == theirs


@pytest.mark.parametrize("change", [{"process": 2**30}, {"started": 1}, {"process": os.getpid()}])
def test_a_stale_claim_is_taken_over(tmp_path, change):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        claim = a_claim(tmp_path, **{"process": child.pid, "started": None, **change})
        (tmp_path / OWNER).write_text(json.dumps(claim))
        with owned(tmp_path):
            assert json.loads((tmp_path / OWNER).read_text())["token"] != claim["token"]
        assert not (tmp_path / OWNER).exists()
    finally:
        child.communicate()


def test_who_started_later_has_a_later_start(tmp_path):
    """Otherwise a process that got the number of one that was killed would pass for it."""
    children, starts = [], [_started(os.getpid())]
    if starts == [None]:
        pytest.skip("no /proc")
    try:
        for _ in range(2):
            time.sleep(0.05)                                       # a tick is a hundredth of a second
            children.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE,
                                             stderr=subprocess.DEVNULL))
            starts.append(_started(children[-1].pid))
    finally:
        for child in children:
            child.communicate()
    assert starts[0] < starts[1] < starts[2] and _started(children[0].pid) is None


@pytest.mark.parametrize("text", ["", "nonsense", "[" * 100_000, "{}", None])
def test_a_claim_that_cannot_be_judged_stands(tmp_path, text):
    elsewhere = json.dumps(a_claim(tmp_path, host="far away"))
    (tmp_path / OWNER).write_text(elsewhere if text is None else text)
    with pytest.raises(ValueError, match=f"if it is gone, remove {tmp_path}/{OWNER}"), owned(tmp_path):
        pass
    assert (tmp_path / OWNER).exists()


@pytest.mark.slow
def test_of_many_that_find_a_stale_claim_one_goes_on(tmp_path):
    """Processes that wait for one moment, and then all at once take over what a dead process left."""
    program = ("from den_ref.experiment.disk.owner import Owner\nprint(flush=True)\nwhile True:\n"
               "    try: owner = Owner(input()); print('mine', flush=True)\n"
               "    except ValueError as error: owner = None; print(error, flush=True)\n    input()")
    rivals = [subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               stderr=subprocess.DEVNULL) for _ in range(3)]
    for rival in rivals:
        rival.stdout.readline()
    for attempt in range(10):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        (folder / OWNER).write_text(json.dumps(a_claim(tmp_path, process=2**30)))
        said = [text.strip() for text in asked(rivals, str(folder))]
        winner, = (rival for rival, text in zip(rivals, said) if text == "mine")
        assert sum(f"process {winner.pid} on " in text for text in said) == 2
        for rival in rivals:
            rival.stdin.write("\n")
    for rival in rivals:
        rival.communicate()


def asked(rivals, line):
    """What each answers to a line that all get at once."""
    for rival in rivals:
        rival.stdin.write(f"{line}\n")
    for rival in rivals:
        rival.stdin.flush()
    return [rival.stdout.readline() for rival in rivals]


@pytest.mark.slow
def test_of_two_plans_started_together_one_goes_on_and_the_other_is_refused_by_name(tmp_path):
    for attempt in range(20):
        folder = tmp_path / str(attempt)
        plans = [["--method", "den", "--seed", "0"], ["--method", "stl", "--seed", "1"]]
        both = [subprocess.Popen([sys.executable, "-m", "den_ref", "run", "--stream", "toy", "--tasks", "3", *plan,
                                  "--keep-steps", "--out", str(folder)],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for plan in plans]
        said = [process.communicate()[1] for process in both]
        statuses = [process.returncode for process in both]
        assert sorted(statuses) == [0, 2], said
        winner = statuses.index(0)
        refusal = said[1 - winner]
        assert f"process {both[winner].pid} on " in refusal or "already holds a run" in refusal
        results = read_results(folder)
        assert results["complete"] and results["run"]["method"] == plans[winner][1]
        assert not (folder / OWNER).exists()
