"""The same grid on Dask: real worker processes, one of which is killed while it learns."""

import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from den_ref.experiment import Cell, compare, dask_executor
from den_ref.experiment.grid.one_cell import request
from tests.helpers.small_grids import CELLS, assert_ends_alike, kill_who_learns, plain_runs

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def address():
    options = {"processes": True, "n_workers": 2, "threads_per_worker": 1, "dashboard_address": None,
               "silence_logs": logging.CRITICAL}
    with distributed.LocalCluster(**options) as cluster:
        yield cluster.scheduler_address


@pytest.mark.slow
def test_a_killed_worker_changes_no_bit(tmp_path, address):
    with dask_executor(address) as executor, ThreadPoolExecutor() as beside:
        killed = beside.submit(kill_who_learns, tmp_path / "grid" / "cells" / "den" / "seed-0")
        grid = compare(CELLS, "toy", out=tmp_path / "grid", executor=executor)
        seconds = killed.result()
    assert_ends_alike(grid, plain_runs(tmp_path / "plain"))
    assert grid.results["den"][0]["stages"][0]["seconds"] == seconds      # the task was not learnt again
    threads = [grid.results[cell.label][cell.seed]["environment"]["thread_variables"] for cell in grid.cells]
    assert {said["OPENBLAS_NUM_THREADS"] for said in threads} == {"1"}


@pytest.mark.slow
def test_a_folder_that_the_workers_do_not_share(tmp_path, address, monkeypatch):
    monkeypatch.setattr("den_ref.experiment.grid.all_cells.request", sent_elsewhere)
    with dask_executor(address) as executor:
        grid = compare(["stl"], "toy", seeds=[0, 1], out=tmp_path, executor=executor)
    assert [cell for cell, _ in grid.failures] == [Cell("stl", 0), Cell("stl", 1)]
    assert all("expected a folder that all workers share" in error for _, error in grid.failures)


def sent_elsewhere(folder, cell, stream):
    """As if the folder's name meant another folder where the worker is."""
    return request(folder, cell, stream) | {"folder": str(Path(folder) / "not here")}


def test_an_address_where_nobody_answers(monkeypatch):
    monkeypatch.setattr("den_ref.experiment.grid.cluster.PATIENCE", 0.2)
    with pytest.raises(ValueError, match="--dask: expected the address of a scheduler.*127.0.0.1:1'"):
        with dask_executor("tcp://127.0.0.1:1"):
            pass


def test_without_dask_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ValueError, match=r'pip install "den_ref\[dask\]"'):
        with dask_executor("tcp://127.0.0.1:1"):
            pass
