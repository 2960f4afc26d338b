"""What a user sees of the package from Python: its names, and how its objects show themselves."""

import csv
import subprocess
import sys

import numpy as np
import pytest

import den_ref
from den_ref.den.network import EMPTY


@pytest.fixture(scope="module")
def run():
    return den_ref.run("den", "toy", n_tasks=2, settings={"epochs_eq2": 2})


@pytest.fixture(scope="module")
def step():
    den = den_ref.DEN(den_ref.DENConfig(hidden=(3, 2), epochs_eq2=1))
    return den.learn(den_ref.make_stream("toy").tasks[0])[0]


def test_the_names_of_the_package_are_all_there():
    assert set(dir(den_ref)) == {*den_ref.__all__, "__version__"}
    assert all(getattr(den_ref, name) is not None for name in dir(den_ref))
    with pytest.raises(AttributeError, match="no attribute 'rum'"):
        den_ref.rum


def test_importing_it_imports_no_numpy():
    code = "import sys, den_ref; dir(den_ref); sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_everything_shows_itself_in_a_line_or_two(run, step):
    head = run.method.network.heads[0]
    task = den_ref.make_stream("toy").tasks[1].without_test()
    for shown, words in ((run, "den on toy, seed 0: 2 of 2 tasks learnt, mean AUROC 0."), (run.method, "[0, 1]"),
                         (run.method.network, "2 heads, stage 2"), (head, "task 0, stage 1"), (EMPTY, "without layers"),
                         (step, "Algorithm 1, Eq. 2: trained"), (step.solve, "all 1 epochs done, fun "),
                         (task, "1: 1000 / 300 / - samples of 12 inputs, sigmoid head of width 1")):
        assert words in repr(shown) and len(repr(shown)) <= 240 and repr(shown).count("\n") < 2


def test_the_network_names_its_shape_and_what_it_costs(run):
    network = run.method.network
    assert "-".join(map(str, (12, *network.widths))) in repr(network)
    assert f"{run.capacities[-1]['allocated']:,} parameters" in repr(network)


def test_in_a_notebook_a_run_is_its_table_and_a_step_its_words_and_picture(run, step):
    assert "just learnt" in run._repr_html_()
    assert "trained the whole network" in step._repr_html_() and "<svg" in step._repr_html_()


def test_a_sentence_is_no_markup(step):
    assert "a &lt; b" in type(step)(1, 0, "x", "X", "a < b")._repr_html_()


def test_rows_are_the_matrices_in_long_format(run):
    rows = run.rows()
    assert [(row["stage"], row["learnt"], row["task"]) for row in rows] == [(1, 0, 0), (2, 1, 0), (2, 1, 1)]
    for row in rows:
        at = row["stage"] - 1, run.task_ids.index(row["task"])
        assert (row["auroc"], row["accuracy"]) == (run.R["auroc"][at], run.R["accuracy"][at])
        assert row["allocated"] == run.capacities[at[0]]["allocated"]


def test_a_csv_file_has_the_rows(run, tmp_path):
    run.to_csv(tmp_path / "run.csv")
    with open(tmp_path / "run.csv", newline="") as file:
        read = list(csv.DictReader(file))
    assert [{name: str(value) for name, value in row.items()} for row in run.rows()] == read


def test_a_number_that_is_not_there_is_an_empty_field(run, tmp_path):
    hollow = type(run)(run.method, run.identity, run.environment, {**run.R, "auroc": np.full((2, 2), np.nan)}, run.stages)
    hollow.to_csv(tmp_path / "run.csv")
    with open(tmp_path / "run.csv", newline="") as file:
        assert {row["auroc"] for row in csv.DictReader(file)} == {""}


def test_a_frame_needs_pandas_and_says_so(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="expected pandas to be installed .*rows"):
        run.frame()
