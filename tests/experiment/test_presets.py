"""Options that fit a stream: of every method that has them, and of single methods from a file."""

import json

import pytest

from den_ref import cli
from den_ref.experiment import changed_options, default_options
from den_ref.experiment.one_run import presets
from den_ref.experiment.one_run.plan import make_config
from den_ref.methods import REGISTRY


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
    assert default_options(REGISTRY["stl"], "toy").hidden == presets.PRESETS["toy"]["hidden"]


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
