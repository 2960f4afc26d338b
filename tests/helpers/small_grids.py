"""What the tests of grids share: a small grid, executors, and "ends alike, bit for bit"."""

import os
import signal
import time
from concurrent.futures import Executor, Future

import numpy as np

import den_ref
from den_ref.experiment import Cell, read_results
from den_ref.experiment.grid.one_cell import claimed
from den_ref.experiment.disk.archives import read_archive
from .other_processes import wait_until

SHORT = {"epochs_eq2": 6, "epochs_eq4": 3, "epochs_eq5": 3, "epochs_eq6": 2}
CELLS = [Cell("stl", 0, {"epochs": 3}, "stl"), Cell("den", 0, SHORT, "den"), Cell("den", 1, SHORT, "den"),
         Cell("den", 0, SHORT | {"sigma": 0.0}, "den sigma=0.0")]


class Here(Executor):
    """Calls at once, in this process."""

    def submit(self, function, /, *arguments):
        future = Future()
        future.set_result(function(*arguments))
        return future


def plain_runs(folder):
    """The same cells by ``den_ref.run``, one after the other; label and seed -> folder."""
    folders = {}
    for cell in CELLS:
        folders[cell.label, cell.seed] = out = folder / f"{cell.label}-{cell.seed}"
        den_ref.run(cell.method, "toy", seed=cell.seed, settings=cell.settings, out=out)
    return folders


def assert_ends_alike(grid, folders):
    assert grid.complete and not grid.failures
    assert {(label, seed) for label, by_seed in grid.results.items() for seed in by_seed} == set(folders)
    for cell in grid.cells:
        plain, ours = folders[cell.label, cell.seed], grid.folder / cell.folder
        states = [read_archive(folder / "network.npz", "network")[1] for folder in (plain, ours)]
        assert list(states[0]) == list(states[1])
        for one, other in zip(states[0].values(), states[1].values()):
            assert one.dtype == other.dtype and one.tobytes() == other.tobytes()
        expected, got = read_results(plain), grid.results[cell.label][cell.seed]
        assert got["run"] == expected["run"]
        assert [stage["capacity"] for stage in got["stages"]] == [stage["capacity"] for stage in expected["stages"]]
        for metric, matrix in expected["R"].items():
            np.testing.assert_array_equal(matrix, got["R"][metric])
        assert {path.name for path in ours.iterdir()} == {"network.npz", "results.json"}


def kill_who_learns(folder):
    """SIGKILL the process that learns the cell in this folder, once a task is learnt.

    Returns the seconds that the task took: learnt again, it would take others.
    """
    def learnt():
        return len(claimed(folder)) == 2 and (folder / "results.json").exists()

    wait_until(learnt)
    os.kill(int(claimed(folder)[1].split(":")[1]), signal.SIGKILL)
    return read_results(folder)["stages"][0]["seconds"]


def dies_twice(path):
    """Kills its process the first two times it is called; then says how often that was."""
    with open(path, "a") as file:
        file.write("x")
    calls = os.path.getsize(path)
    if calls < 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return calls


def says_and_sleeps(path):
    """Writes the number of its process into the file, and stays."""
    with open(path + ".part", "w") as file:
        file.write(str(os.getpid()))
    os.replace(path + ".part", path)
    time.sleep(600)
