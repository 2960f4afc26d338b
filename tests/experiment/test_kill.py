"""Real processes, killed at random instants: the resumed run ends bit for bit where an uninterrupted one ends."""

import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from den_ref.experiment import read_results, read_step
from den_ref.experiment.disk.archives import read_archive
from tests.helpers import tiny_method

PROGRAM = [sys.executable, tiny_method.__file__, "run", "--stream", "toy", "--resume"]
COMMANDS = {
    "tiny": ["--method", "tiny", "--set", "pause=0.01", "epochs=9", "--keep-steps"],
    "den": ["--method", "den", "--hidden", "8", "6", "--keep-steps"],
}


def started(out, options):
    return subprocess.Popen([*PROGRAM, *options, "--out", str(out)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True)


def killed(out, options, kill, delay):
    """Start the run, kill it some time after it began to learn; its exit status."""
    process = started(out, options)
    for line in process.stdout:
        if line.startswith("task "):
            break
    time.sleep(delay)
    process.send_signal(kill)
    process.stdout.read()
    process.stdout.close()
    return process.wait()


def finished(out, options):
    process = started(out, options)
    text = process.communicate()[0]
    assert process.returncode == 0, text
    return text


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tiny", "den"])
def test_killed_runs_end_where_an_uninterrupted_one_ends(tmp_path, name):
    options, instants = COMMANDS[name], random.Random()
    with ThreadPoolExecutor() as pool:                        # beside the killed ones: starting takes most of the time
        straight = pool.submit(finished, tmp_path / "straight", options)
        statuses = [killed(tmp_path / "killed", options, kill, instants.uniform(0, 0.2))
                    for kill in (signal.SIGKILL, signal.SIGTERM)]
        straight.result()
    assert statuses[0] == -signal.SIGKILL                     # at least the first kill came before the end
    finished(tmp_path / "killed", options)
    assert_same_end(tmp_path / "straight", tmp_path / "killed")


def assert_same_end(one, other):
    state, other_state = (read_archive(folder / "network.npz", "network")[1] for folder in (one, other))
    assert list(state) == list(other_state)
    for array, other_array in zip(state.values(), other_state.values()):
        assert array.dtype == other_array.dtype and array.tobytes() == other_array.tobytes()
    results, other_results = read_results(one), read_results(other)
    assert results["run"] == other_results["run"] and results["complete"] and other_results["complete"]
    for metric, matrix in results["R"].items():
        np.testing.assert_array_equal(matrix, other_results["R"][metric])
    files = [sorted(path.name for path in folder.rglob("*")) for folder in (one, other)]
    assert files[0] == files[1]
    for number in range(1, sum(name[0].isdigit() for name in files[0]) + 1):
        arrays, other_arrays = (read_step(folder, number)[1] for folder in (one, other))
        assert {name: array.tobytes() for name, array in arrays.items()} == {
            name: array.tobytes() for name, array in other_arrays.items()}


@pytest.mark.slow
def test_ctrl_c_says_what_is_kept_and_how_to_go_on(tmp_path):
    process = started(tmp_path, ["--method", "tiny", "--set", "pause=5"])
    for line in process.stdout:
        if line.startswith("task "):
            break
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    text = process.communicate()[0]
    assert process.returncode == 130 and "Traceback" not in text
    assert f"interrupted: the unfinished task is dropped; 0 of 4 tasks are kept in {tmp_path}" in text
    assert f"go on with: den-ref run --stream toy --resume --method tiny --set pause=5 --out {tmp_path}" in text
