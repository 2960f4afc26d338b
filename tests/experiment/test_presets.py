"""Options that fit a stream: of every method that has them, and of single methods from a file."""

import json

import numpy as np
import pytest

import den_ref
from den_ref import cli
from den_ref.experiment import changed_options, default_options
from den_ref.experiment.one_run import presets
from den_ref.experiment.one_run.plan import make_config
from den_ref.methods import REGISTRY
from den_ref.methods.shared.network import NetworkMethod


@pytest.fixture
def tuned(tmp_path, monkeypatch):
    """Writes a file of tuned options for a stream, where they are looked for."""
    monkeypatch.setattr(presets, "TUNED", tmp_path)
    presets.tuned_options.cache_clear()
    yield lambda stream, **methods: presets.write_preset(tmp_path / f"{stream}.json", stream, methods)
    presets.tuned_options.cache_clear()


def test_the_files_that_come_with_the_package_are_options_of_their_methods():
    for path in presets.TUNED.glob("*.json"):
        preset = presets.read_preset(path)
        assert preset["stream"] == path.stem and preset["methods"]
        for method, options in preset["methods"].items():
            assert REGISTRY[method].Config.from_dict(options).to_dict().items() >= options.items()


def test_a_method_has_its_own_options_where_it_was_tuned(tuned):
    tuned("elsewhere", stl={"step": 0.5, "weight_decay": [0.1, 0.2]}, den={"tau": "inf"})
    assert default_options(REGISTRY["stl"], "elsewhere") == REGISTRY["stl"].Config(step=0.5, weight_decay=(0.1, 0.2))
    assert default_options(REGISTRY["den"], "elsewhere").tau == float("inf")
    assert default_options(REGISTRY["ewc"], "elsewhere") == REGISTRY["ewc"].Config()
    assert default_options(REGISTRY["stl"], "mnist-variation") == REGISTRY["stl"].Config()
    assert make_config(REGISTRY["stl"], "elsewhere", {"step": 0.25}).weight_decay == (0.1, 0.2)
    assert changed_options(REGISTRY["stl"], "elsewhere", ["step=0.5"]) == {}


def test_what_was_tuned_goes_before_what_fits_every_method(tuned):
    tuned("toy", stl={"step": 0.5})
    assert default_options(REGISTRY["stl"], "toy").step == 0.5 != default_options(REGISTRY["mtl"], "toy").step
    assert default_options(REGISTRY["stl"], "toy").hidden == presets.PRESETS["toy"][NetworkMethod]["hidden"]


def test_every_command_takes_them(tuned, tmp_path):
    tuned("toy", stl={"epochs": 1, "hidden": [3]})
    assert cli.main(f"run --method stl --stream toy --tasks 1 --out {tmp_path / 'run'}".split()) == 0
    options = json.loads((tmp_path / "run" / "results.json").read_text())["run"]["options"]
    assert (options["epochs"], options["hidden"]) == (1, [3])


@pytest.mark.parametrize(("text", "words"), [
    ('{"format": "den_ref grid", "version": 1}', "expected den_ref preset of version 1"),
    ('{"format": "den_ref preset", "version": 1, "stream": "a", "methods": {"stl": 3}}', "preset.methods.stl")])
def test_a_damaged_file_is_named(tmp_path, text, words):
    path = tmp_path / "preset.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"preset.json: .*{words}"):
        presets.read_preset(path)


# --- the toy teaches ---------------------------------------------------------------------------------------------


def facts_of(run, box):
    """The facts of all steps of a box, in the order of the tasks."""
    return [step["facts"] for stage in run.stages for step in stage["steps"] if step["box"] == box]


def test_every_box_of_den_has_something_to_do_on_the_toy():
    run = den_ref.run("den", "toy")
    sparse, = facts_of(run, "eq2")
    assert min(sparse["share_of_zeros"]) > 0.5
    selected = [[0 < s < v for s, v in zip(f["selected"], f["visible"])] for f in facts_of(run, "select")]
    assert all(any(layer) for layer in zip(*selected)), "in every layer, the inputs too, some task selects a part"
    assert {f["expand"] for f in facts_of(run, "loss")} == {True, False}
    kept, = [f for f in facts_of(run, "prune")[1:]]
    assert all(0 < k < a for k, a in zip(kept["kept"], kept["added"]))
    split = [sum(f["split"]) for f in facts_of(run, "split")]
    assert max(split) > 0 and all(sum(f["split"]) < sum(f["older"]) for f in facts_of(run, "split"))
    assert run.capacities[-1]["allocated"] < len(run.task_ids) * (13 * 24 + 25 * 12 + 13), "separate networks, 24-12"


@pytest.mark.slow
def test_den_is_as_good_as_separate_networks_on_the_toy():
    ends = {name: np.mean([den_ref.run(name, "toy", seed=seed).R["auroc"][-1] for seed in range(10)])
            for name in ("den", "stl")}
    assert ends["den"] > max(0.96, ends["stl"] - 0.02)


@pytest.mark.slow
def test_on_the_toy_fine_tuning_learns_and_forgets_and_who_holds_on_is_between():
    R = {name: den_ref.run(name, "toy").R["auroc"] for name in ("finetune", "l2", "ewc", "si", "stl")}
    assert min(matrix.diagonal().min() for matrix in R.values()) > 0.95
    end = {name: matrix[-1].mean() for name, matrix in R.items()}
    assert R["finetune"][-1, 0] < 0.85 and end["finetune"] + 0.05 < min(end["l2"], end["ewc"], end["si"])
    assert max(end["l2"], end["ewc"], end["si"]) < end["stl"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stl", "mtl", "progressive"])
def test_on_the_toy_who_cannot_forget_has_learnt(name):
    R = den_ref.run(name, "toy").R["auroc"]
    assert min(R.diagonal().min(), R[-1].min()) > 0.95 and R[-1].mean() > 0.98
