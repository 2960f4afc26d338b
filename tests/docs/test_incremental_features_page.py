"""The page of incremental features says what is on record: where one label is rare, and growth against fixed layers."""

import numpy as np
import pytest

from tests.benchmarks import bench_incremental_features as bench

RECORDED = bench.on_record()


@pytest.mark.parametrize("name", bench.TABLES)
def test_the_tables_are_those_of_the_record_and_can_differ(name):
    page, (_, wanted, _, text) = bench.PAGE.read_text("utf-8"), bench.TABLES[name]
    assert [*RECORDED[name]] == [*wanted]
    assert f"<!-- {name}:begin -->\n{text(RECORDED[name])}\n<!-- {name}:end -->" in page, bench.__doc__
    other = {key: one | {"error": 0.5, "last": 0.5} for key, one in RECORDED[name].items()}
    assert text(other) not in page


def test_what_is_on_record_is_not_learnt_again(tmp_path, monkeypatch):
    learnt = []

    def measured(found, *key):
        learnt.append(key)
        return {"number": len(found)}

    monkeypatch.setattr(bench, "RECORD", tmp_path / "record.json")
    monkeypatch.setattr(bench, "TABLES", {"one": (("a", "seed"), [("x", 0), ("x", 1)], measured, str),
                                          "two": (("b",), [("y",)], measured, str)})
    bench.learn("two")
    bench.learn("one")
    bench.learn("one")
    assert learnt == [("y",), ("x", 0), ("x", 1)]
    assert bench.on_record() == {"one": {("x", 0): {"number": 0}, ("x", 1): {"number": 1}},
                                 "two": {("y",): {"number": 0}}}


def test_fixed_layers_have_the_size_that_others_ended_with():
    layers = RECORDED["layers"]
    for (seed, name), one in layers.items():
        if name in bench.FIXED:
            assert one["features"] == layers[seed, bench.FIXED[name]]["features"] and not one["added"]


def test_what_the_page_says_of_layers():
    """In tenths of a point, seed 0 and seed 1; and the paper's order, in the mean of layers of about the same size."""
    layers, equal = RECORDED["layers"], ("with merging", "without, half as many added", "fixed")
    for better, worse, points in (("with merging", "fixed", [1.2, 0.2]),
                                  ("without merging", "with merging", [1.3, 2.8]),
                                  ("fixed, larger", "fixed", [2.2, 2.3]),
                                  ("without merging", "fixed, larger", [0.2, 0.7]),
                                  ("with merging", "without, half as many added", [0.8, -0.2])):
        assert [round(layers[seed, worse]["error"] - layers[seed, better]["error"], 1) for seed in (0, 1)] == points
    means = [bench.mean_error(layers, name) for name in equal]
    assert means == sorted(means)
    assert all(layers[seed, name]["features"] - layers[seed, equal[0]]["features"] < 13
               for seed in (0, 1) for name in equal)


def test_what_the_page_says_of_a_rare_label():
    page = " ".join(bench.PAGE.read_text("utf-8").split())
    once, *_, usual, _ = ([RECORDED["rare"][name, seed] for seed in (0, 1, 2)] for name in bench.RARE)
    peaks = [[one["worst"] for one in own] for own in (once, usual)]
    assert f"rises to {min(peaks[0]):.1f}, {sorted(peaks[0])[1]:.1f} and {max(peaks[0]):.1f}" in page
    assert f"never above {max(peaks[1]):.2f}" in page
    then, last = (np.mean([one[kind] for one in usual]) for kind in ("just_learnt", "last"))
    assert f"What is left between {then:.3f} and {last:.3f} is forgetting".replace("0.", ".") in page
