"""Every command under everything that a disk, a terminal or a keyboard can do: none ends in a traceback.

What each of them says then is in test_endings.py; here is the whole table, of which the default tests take one line a
command.
"""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import den_ref
import pytest
from den_ref.experiment import Cell, compare
from tests.helpers.small_grids import Here

SHORT = "--stream toy --tasks 2"
#: Command -> what is typed, in a folder with a run ``done``, a comparison ``grid`` and a file ``own.py``; OUT is a
#: folder that may be in trouble, and holds a run and a comparison too.
COMMANDS = {
    "run": f"run {SHORT} --method stl --hidden 4 --set epochs=1 --keep-steps --out OUT/new",
    "compare": f"compare {SHORT} --methods stl --seeds 0 --jobs 1 --set stl.epochs=1 --out OUT/new",
    "tune": "tune stl --stream toy --tasks 1 --tries 1 --second 0 --jobs 1 --out OUT/new",
    "report": "report OUT/done",
    "lab": "lab --out OUT/lab.html",
    "plot": "plot OUT/grid",
    "golden check": "golden check own.py --only soft_threshold",
    "golden export": "golden export OUT/new",
}
#: What takes root's right away to write where nobody may.
ORDINARY = "" if os.getuid() else "setpriv --bounding-set=-dac_override"
#: The command, which Ctrl-C meets so many seconds after its first line: what comes before is Python's own.
INTERRUPTED = """import os, signal, sys, threading
from den_ref.cli import main
timer = threading.Timer({}, os.kill, (os.getpid(), signal.SIGINT))
timer.daemon = True
timer.start()
sys.exit(main())
"""
#: Condition -> a shell line around $COMMAND.
CONDITIONS = {
    "as it is": "$COMMAND",
    "full output": "$COMMAND > /dev/full",
    "full output and errors": "$COMMAND > /dev/full 2> /dev/full",
    "reader gone": "$COMMAND | true",
    "reader of a line": "$COMMAND | head -1",
    "no output": "$COMMAND >&-",
    "no errors": "$COMMAND 2>&-",
    "nothing open": "$COMMAND <&- >&- 2>&-",
    "ascii": "PYTHONIOENCODING=ascii $COMMAND",
    "cp949": "PYTHONIOENCODING=cp949 $COMMAND",
    "without docstrings": "FLAGS=-OO $COMMAND",
    "foolish backend": "MPLBACKEND=nonsense $COMMAND",
    "no room for a file": "ulimit -f 1; $COMMAND",
    "folder removed": "$COMMAND & while kill -0 $! 2>/dev/null; do rm -rf OUT; sleep 0.05; done; wait $!",
    "folder is a file": "rm -rf OUT; echo > OUT; $COMMAND",
    "read-only folder": f"chmod -R a-w OUT; BEFORE='{ORDINARY}'; $COMMAND",
    **{f"Ctrl-C after {delay} s": f"HOW=(-c {shlex.quote(INTERRUPTED.format(delay))}); $COMMAND"
       for delay in (0.02, 0.3, 1.2)},
}
#: One condition for each command without the slow tests.
DEFAULT = {("run", "no room for a file"), ("compare", "read-only folder"), ("tune", "folder is a file"),
           ("report", "folder is a file"), ("plot", "read-only folder"), ("golden check", "ascii"),
           ("golden export", "nothing open")}
#: The ends there are: done, not done, misuse, Ctrl-C, a reader who is gone.
STATUSES = {0, 1, 2, 130, 141}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a run that kept its steps, a comparison, and somebody's functions."""
    folder = tmp_path_factory.mktemp("made")
    short = {"hidden": (4,), "epochs": 1}
    den_ref.run("stl", "toy", n_tasks=2, settings=short, out=folder / "done", keep_steps=True)
    compare([Cell("stl", 0, short)], "toy", n_tasks=2, out=folder / "grid", executor=Here())
    return folder


@pytest.mark.parametrize(("command", "condition"), [
    pytest.param(command, condition, marks=() if (command, condition) in DEFAULT else pytest.mark.slow)
    for command in COMMANDS for condition in CONDITIONS])
def test_no_command_ends_in_a_traceback(made, tmp_path, command, condition):
    if condition == "read-only folder" and ORDINARY and not shutil.which("setpriv"):
        pytest.skip("root may write everywhere, and there is no setpriv")
    done = typed(tmp_path, made, COMMANDS[command], CONDITIONS[condition])
    said = done.stdout + done.stderr
    assert done.returncode in STATUSES, said
    for word in ("Traceback", "Exception ignored", "excepthook", "Fatal Python error"):
        assert word not in said, said
    assert condition != "as it is" or done.returncode == 0 or command == "golden check", said


def test_a_traceback_would_be_seen(made, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import den_ref.cli\nden_ref.cli.main = lambda: 1 / 0\n")
    done = typed(tmp_path, made, COMMANDS["plot"], f"PYTHONPATH={shlex.quote(str(tmp_path))}:$PYTHONPATH $COMMAND")
    assert "Traceback" in done.stderr and "ZeroDivisionError" in done.stderr


def typed(folder, made, command, condition):
    """What comes of a command under a condition."""
    out = "Ausgänge 한"
    (folder / out).mkdir()
    subprocess.run(["cp", "-r", made / "done", made / "grid", folder / out], check=True)
    (folder / "own.py").write_text("def soft_threshold(w, threshold):\n    raise ValueError('–한')\n", encoding="utf-8")
    line, command = (text.replace("OUT", shlex.quote(out)) for text in (condition, command))
    program = (f"HOW=(-m den_ref); set -o pipefail\n"
               f"den_ref() {{ ${{BEFORE:-}} {shlex.quote(sys.executable)} ${{FLAGS:-}} \"${{HOW[@]}}\" {command}; }}\n"
               + line.replace("$COMMAND", "den_ref"))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    path = os.pathsep.join([str(Path(den_ref.__file__).parents[1]), *environment.get("PYTHONPATH", "").split(os.pathsep)])
    return subprocess.run(["bash", "-c", program], cwd=folder, env={**environment, "PYTHONPATH": path},
                          capture_output=True, text=True, errors="replace")
