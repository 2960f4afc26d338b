"""results.json: its schema bites, its page documents every field, its table says what R says."""

import copy
import json
import re
from pathlib import Path

import numpy as np
import pytest

from den_ref.experiment import Lines, read_results, run
from den_ref.experiment.disk.results import SCHEMA, validated
from den_ref.experiment.disk.json_files import check_shape
from den_ref.experiment.one_run.final_table import final_table
from den_ref.experiment.one_run.plan import make_config
from den_ref.experiment.one_run.separate import SeparateNetworks, separate_networks
from den_ref.methods import REGISTRY
from den_ref.tasks import make_stream
from tests.helpers.tiny_method import Tiny

PAGE = Path(__file__).parents[2] / "docs" / "results_format.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    run(Tiny, "toy", n_tasks=3, out=out)
    return out


@pytest.fixture
def results(folder):
    return json.loads((folder / "results.json").read_text())


def test_the_file_says_what_the_run_measured(folder):
    done, back = run(Tiny, "toy", n_tasks=3), read_results(folder)
    np.testing.assert_array_equal(back["R"]["auroc"], done.R["auroc"])
    np.testing.assert_array_equal(back["R"]["accuracy"], done.R["accuracy"])
    assert back["run"] == done.identity and back["complete"] is True
    assert [stage["capacity"] for stage in back["stages"]] == done.capacities


@pytest.mark.parametrize("value, fine", [
    (0, True), (0.0, True), (1, True), (1.0, True), (-1e-13, True), (1 + 1e-13, True), (-0.01, False), (1.01, False)])
def test_all_from_0_to_1_is_a_performance_and_nothing_else(results, value, fine):
    results["R"]["accuracy"][2][1] = value
    if fine:
        assert validated(results) is results
    else:
        with pytest.raises(ValueError, match=r"results.R.accuracy\[2\]\[1\]: expected a number from 0 to 1 or null, got"):
            validated(results)


def test_shares_are_of_separate_networks():
    """With L1 many weights are 0, so that allocated and nonzero parameters are different numbers."""
    done = run("stl", "toy", n_tasks=2, settings={"hidden": (8, 6), "epochs": 2, "step": 0.02, "mu": 0.05})
    for t, size in enumerate(done.capacities, 1):
        separate = t * (13 * 312 + 313 * 128 + 129)
        nonzero = sum(int(np.count_nonzero(flat.vector)) for flat in done.method.networks[:t])
        assert (size["stl"], size["nonzero"]) == (separate, nonzero) and nonzero < 0.9 * size["allocated"]
        assert size["allocated_share"] == pytest.approx(t * (13 * 8 + 9 * 6 + 7) / separate, rel=1e-12)
        assert size["nonzero_share"] == pytest.approx(nonzero / separate, rel=1e-12)


def test_unseen_is_null_and_seen_is_not(results):
    for matrix in results["R"].values():
        assert [[entry is None for entry in row] for row in matrix] == [
            [False, True, True], [False, False, True], [False, False, False]]


def test_environment_names_versions_and_blas(results):
    assert results["environment"]["numpy"] == np.__version__
    assert {"python", "scipy", "den_ref", "blas", "blas_threads"} <= set(results["environment"])


def test_a_step_has_its_facts_timing_and_certificate(results):
    draw, descend = results["stages"][1]["steps"]
    assert (draw["number"], draw["box"], draw["solve"]) == (3, "draw", {})
    assert descend["seconds"] == results["stages"][1]["seconds"] == 0.25
    assert descend["facts"]["undefined"] is None
    assert descend["solve"]["success"] is True and len(descend["solve"]["history"]["objective"]) == 3


@pytest.mark.parametrize("spoil, words", [
    (lambda r: r.pop("R"), "results: expected the keys"),
    (lambda r: r.update(extra=1), "results: expected the keys"),
    (lambda r: r.update(complete=1), "results.complete: expected bool, got 1"),
    (lambda r: r["run"].update(seed=True), "results.run.seed: expected int, got True"),
    (lambda r: r["run"].update(seed="0"), "results.run.seed: expected int, got '0'"),
    (lambda r: r["R"]["auroc"][1].__setitem__(0, "x"), r"results.R.auroc\[1\]\[0\]: expected int or float or null"),
    (lambda r: r["R"]["auroc"].pop(), "results.R.auroc: expected 3 rows of 3"),
    (lambda r: r["R"]["accuracy"][1].pop(), "results.R.accuracy: expected 3 rows of 3"),
    (lambda r: r["stages"][0]["capacity"].pop("stl"), r"results.stages\[0\].capacity: expected the keys"),
    (lambda r: r["stages"][0]["steps"][0].update(facts=[]), r"results.stages\[0\].steps\[0\].facts: expected dict"),
    (lambda r: r["stages"][0]["capacity"]["stored"].update(a=0.5), r"capacity.stored.a: expected int, got 0.5"),
    (lambda r: (r["stages"].pop(), r.update(complete=False)), r"results.R.auroc\[2\]\[0\]: expected null, got 0"),
    (lambda r: r.update(version=2), "expected den_ref results of version 1, got 'den_ref results' of version 2"),
    (lambda r: r.update(format="other"), "got 'other' of version 1"),
])
def test_another_shape_is_refused_with_the_place(results, spoil, words):
    assert validated(results) is results
    spoiled = copy.deepcopy(results)
    spoil(spoiled)
    with pytest.raises(ValueError, match=words):
        validated(spoiled)


def test_a_folder_without_results(tmp_path):
    with pytest.raises(FileNotFoundError, match="results.json"):
        read_results(tmp_path)


def test_a_spoilt_file_is_named(tmp_path):
    for text in ("{", "{}"):
        (tmp_path / "results.json").write_text(text)
        with pytest.raises(ValueError, match="results.json: "):
            read_results(tmp_path)


def fields(shape, path=""):
    if isinstance(shape, list):
        yield from fields(shape[0], path + "[]")
    elif isinstance(shape, dict) and str not in shape:
        for key, inner in shape.items():
            here = f"{path}.{key}".strip(".?")
            yield here
            yield from fields(inner, here)


def test_the_page_documents_every_field_and_no_other():
    section = PAGE.read_text(encoding="utf-8").partition("## results.json")[2].partition("\n## ")[0]
    documented = re.findall(r"^\| `([^`]+)` \|", section, flags=re.MULTILINE)
    assert sorted(documented) == sorted(fields(SCHEMA))


def test_check_shape_of_anything_and_of_dicts_with_any_keys():
    check_shape({"a": [True, None]}, {str: object}, "x")
    with pytest.raises(ValueError, match="x.b: expected int, got None"):
        check_shape({"a": 1, "b": None}, {str: int}, "x")


# --- the table ---------------------------------------------------------------------------------------------------


class Done:
    """The little of a run that a table reads, with numbers one can check by hand."""

    metric, title = "auroc", "AUROC"

    def __init__(self, R):
        size = {"allocated": 87, "nonzero": 31, "stored": {"anchor": 7}, "widths": [8, 6]}
        steps = [{"title": "Eq. 3", "seconds": 0.5}, {"title": "Eq. 4", "seconds": 1.25}]
        self.R = np.array(R)
        self.stages = [{"task": name, "steps": steps} for name in "abc"[:len(R)]]
        self.capacities = [size]
        self.separate = SeparateNetworks(2, (4, 3), outputs=(1, 1))        # twice 2 * 4 + 4 + 4 * 3 + 3 + 3 + 1

    def measured(self, metric):
        return self.R


def test_the_table_says_what_R_says():
    text = final_table(Done([[0.9, np.nan, np.nan], [0.95, 0.7, np.nan], [0.85, 0.8, 0.6]]))
    words = [line.split() for line in text.splitlines()]
    assert ["a", "0.9000", "0.8500"] in words and ["c", "0.6000", "0.6000"] in words
    assert ["mean", "0.7333", "0.7500"] in words
    assert ["backward", "transfer", "0.0250"] in words        # ((.85 - .9) + (.8 - .7)) / 2
    assert ["forgetting", "0.0000"] in words                  # ((.95 - .85) + (.7 - .8)) / 2
    assert ["allocated", "87", "140.32%"] in words and ["nonzero", "31", "50.00%"] in words
    assert ["2", "networks", "2-4-3-1", "62", "100.00%"] in words
    assert ["Eq.", "4", "3.75"] in words and ["seconds", "of", "the", "processor", "5.25"] in words


def test_the_table_ends_with_the_boxes_that_took_time():
    done = Done([[0.5]])
    done.stages[0]["steps"] += [{"title": "short", "seconds": 0.05}, {"title": "shorter", "seconds": 0.01}]
    words = [line.split() for line in final_table(done).splitlines()]
    assert words[-4:] == [["seconds", "of", "the", "processor", "1.81"], ["Eq.", "3", "0.50"], ["Eq.", "4", "1.25"],
                          ["2", "other", "boxes", "0.06"]]
    done.stages[0]["steps"].pop()
    assert final_table(done).splitlines()[-1].split() == ["1", "other", "box", "0.05"]


@pytest.mark.parametrize("method, hidden", [("stl", [8, 6]), ("mtl", [5, 7]), ("den", [6, 4])])
def test_a_size_is_held_against_networks_of_the_shape_that_the_run_began_with(method, hidden, capsys):
    """The same on every screen; STL has exactly 100%."""
    short = {"epochs_eq2": 1, "epochs_eq4": 1, "epochs_eq5": 1} if method == "den" else {"epochs": 1}
    done = run(method, "toy", n_tasks=2, settings={"hidden": hidden, **short}, display=Lines())
    low, high = hidden
    one, shape = 13 * low + (low + 1) * high + high + 1, f"12-{low}-{high}-1"
    assert (done.separate.parameters, str(done.separate)) == (2 * one, f"2 separate networks {shape}")
    said, size = capsys.readouterr().out, done.capacities[-1]["allocated"]
    assert f"{size:,} parameters, {size / (2 * one):.1%} of 2 separate networks {shape}\n" in said
    assert f"of 1 separate network {shape}\n" in said and f"2 networks {shape}" in done.table()
    assert (size == 2 * one) == (method == "stl")


def test_outputs_are_read_off_the_record():
    shapes = [(13 * 312 + 313 * 128 + 129 * n) for n in (1, 10, 1)]
    networks = separate_networks({"hidden": [5]}, {"n_inputs": 12}, np.cumsum(shapes).tolist())
    assert networks.outputs == (1, 10, 1) and str(networks) == "3 separate networks 12-5-1/10"
    assert networks.parameters == 3 * 13 * 5 + 6 * (1 + 10 + 1)


def test_a_method_that_begins_with_no_shape_is_held_against_nothing(capsys):
    text = run(Tiny, "toy", n_tasks=1, display=Lines()).table()
    assert "13 parameters\n" in capsys.readouterr().out
    assert ["allocated", "13"] in [line.split() for line in text.splitlines()] and "%" not in text


def test_the_table_of_one_task_has_no_transfer():
    assert ["forgetting", "nan"] in [line.split() for line in final_table(Done([[0.5]])).splitlines()]


# --- the page's own program --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_page_reads_network_npz_with_numpy_only(tmp_path):
    done = run("den", "toy", n_tasks=3, out=tmp_path,
               settings={"hidden": (8, 6), "sigma": 0.0, "dtype": "float64"}, dtype="float64")
    page = {}
    exec(re.search(r"```python\n(import json\n.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)[1], page)
    assert any((gone < 9).any() for gone in done.method.network.retired)      # some units are not seen by every task
    x = np.random.default_rng(0).normal(size=(7, done.method.network.n_inputs))
    for task in done.method.tasks:
        scores = page["den_scores"](tmp_path / "network.npz", task, x)
        np.testing.assert_allclose(scores, done.method.scores(task, x), rtol=1e-12, atol=1e-14)


# --- what the boxes chose ----------------------------------------------------------------------------------------


def boxes_of_the_page() -> dict[str, str]:
    """Box -> its row in the table of facts and arrays."""
    table = PAGE.read_text("utf-8").partition("## What a box chose")[2].partition("\n## ")[0]
    rows = [row.split("|")[1:3] + [row] for row in table.splitlines() if row.startswith("| `")]
    return {box: row for boxes, _, row in rows for box in re.findall(r"`(\w+)`", boxes)}


@pytest.mark.parametrize("method, settings", [
    ("progressive", {"epochs": 1}),
    ("den-finetune", {"epochs_eq2": 1, "tau": 0.0, "anchor_before_split": "eq6", "undo_worse_expansion": True})])
def test_the_page_names_every_fact_and_array_of_every_box(method, settings):
    """Of all boxes there are, but for one: DEN-Finetune has DEN's, Progressive has the facts of plain training."""
    rows, kind = boxes_of_the_page(), REGISTRY[method]
    learner = kind(make_config(kind, "toy", settings))
    for step in (step for task in make_stream("toy", n_tasks=2).tasks for step in learner.learn(task)):
        keys = {*step.facts, *(re.sub(r"/\d+$", "/L", name) for name in step.arrays)}
        assert {key for key in keys if f"`{key}`" not in rows[step.box]} <= {
            "median_drift_since_birth", "largest_drift_since_birth"}, step.box    # the row's `..._since_birth`


def test_the_page_names_every_box_of_every_method():
    assert {box for method in REGISTRY.values() for box in method.explained} == set(boxes_of_the_page())
