"""The page of networks with filters says what is on record; what was learnt is what the searches found; the script."""

import copy

import numpy as np
import pytest

from den_ref.experiment.disk.json_files import as_json
from den_ref.experiment.one_run.presets import default_options
from den_ref.experiment.tune.filter_spaces import FILTER_SPACES, WITH_FILTERS
from den_ref.experiment.tune.record import read_tries
from den_ref.experiment.tune.search import BUDGETS, Budget
from den_ref.methods import REGISTRY
from docs.make import filters
from tests.helpers.docs_pages import rewritten
from tests.helpers.made_up_results import rows
from tests.helpers.page_width import READABLE, smallest_letters


@pytest.fixture(scope="module")
def record():
    return filters.on_record()


def test_the_page_is_what_the_record_says(record, tmp_path):
    page = filters.PAGE.read_text("utf-8")
    assert rewritten(filters, record, tmp_path / "page.md") == page, "python -m docs.make.filters --page"
    other = copy.deepcopy(record)
    other[filters.TEXTURES]["den"]["runs"]["0"]["average"][-1] -= 0.01
    assert rewritten(filters, other, tmp_path / "page.md") != page


def test_what_was_learnt_is_the_best_setting_on_record(record):
    """Of all methods that were learnt; a search whose best has not been learnt yet is not at home here."""
    asked, textures = filters.settings(), record[filters.TEXTURES]
    for learnt in record.values():
        assert {label: row["settings"] for label, row in learnt.items()} == {label: asked[label] for label in learnt}
    assert all(set(row["runs"]) == set(map(str, filters.SEEDS[filters.TEXTURES])) for row in textures.values())
    assert textures[filters.DENSE]["settings"] == default_options(REGISTRY["den"], filters.TEXTURES).to_dict()


def test_without_a_search_a_method_has_its_defaults(tmp_path):
    for method, space in FILTER_SPACES.items():
        setting, tries = filters.best_so_far(method, tmp_path)
        assert tries == 0 and setting == as_json(space.start) and setting["filters"] in ([8, 16], [3, 6])


def test_filters_are_above_dense_units_on_every_seed_with_fewer_parameters(record):
    """What the page is for; the comparison fails if it is turned round."""
    for learnt in record.values():
        for seed, run in learnt["den"]["runs"].items():
            dense = learnt[filters.DENSE]["runs"][seed]
            assert run["average"][-1] > dense["average"][-1] and run["parameters"] < dense["parameters"]


def test_rows_by_hand():
    def row(*ends, size=100):
        runs = [{"average": [0.9, end], "just_learnt": [0.9, 0.8], "parameters": size, "seconds": 2.0} for end in ends]
        return {"settings": {}, "runs": {str(seed): run for seed, run in enumerate(runs)}}

    learnt = {"ewc": row(0.7, 0.8), "den": row(0.8, 0.9, size=1500), "l2": row(0.75, 0.65), filters.DENSE: row(0.85)}
    made = rows(filters.results(learnt))
    assert list(made)[2:] == ["DEN", "DEN without filters", "EWC", "L2"]                       # the best mean first
    assert made["DEN"] == ["0.800", "0.900", "**0.850**", "0.850", "1,500", "2"]
    assert made["DEN without filters"][:2] == ["0.850", "–"]
    pairs = rows(filters.order({filters.TEXTURES: learnt}))
    assert list(pairs)[2:] == ["DEN > EWC", "EWC > L2", "DEN > DEN without filters"]           # the paper's order
    assert pairs["DEN > EWC"] == ["+0.1091", "+0.100", "2 of 2"] and pairs["EWC > L2"][1:] == ["+0.050", "1 of 2"]
    assert pairs["DEN > DEN without filters"] == ["–", "-0.050", "0 of 1"]


@pytest.mark.parametrize("draw", [filters.average, filters.capacity, filters.selected])
def test_letters_can_be_read(draw, record):
    assert smallest_letters(draw(record)) >= READABLE


@pytest.mark.slow
def test_what_a_search_finds_is_learnt_and_what_is_on_record_is_not_learnt_again(tmp_path, monkeypatch):
    few = {"per_class": (4, 2, 4)}
    monkeypatch.setitem(BUDGETS, WITH_FILTERS, Budget(tries=2, drawn=2, repeated=1, second=0, n_seeds=1))
    filters.search("den", tmp_path / "searches", n_tasks=1, **few)
    setting, tries = filters.best_so_far("den", tmp_path / "searches")
    found = read_tries(tmp_path / "searches" / "den.jsonl")
    assert tries == len(found) == 2 and setting == max(found, key=lambda row: row["validation"])["settings"]
    learnt = {}
    filters.learn(learnt, filters.TEXTURES, "den", setting, 0, tmp_path / "runs", n_tasks=2, **few)
    run = learnt[filters.TEXTURES]["den"]["runs"]["0"]
    assert np.shape(run["selected"]) == np.shape(run["split"]) == (1, 3) and len(run["average"]) == 2
    assert run["average"][0] == run["just_learnt"][0] and run["parameters"] > 0
    before = copy.deepcopy(learnt)
    monkeypatch.setattr(filters, "compare", lambda *_, **__: pytest.fail("learnt again"))
    filters.learn(learnt, filters.TEXTURES, "den", setting, 0, tmp_path / "runs", n_tasks=2, **few)
    assert learnt == before
    with pytest.raises(pytest.fail.Exception, match="learnt again"):
        filters.learn(learnt, filters.TEXTURES, "den", {**setting, "tau": 0.5}, 0, tmp_path / "runs", n_tasks=2, **few)


@pytest.mark.slow
def test_a_failed_run_ends_the_script_and_leaves_no_row(tmp_path):
    few = {"n_tasks": 1, "per_class": (4, 2, 4)}
    filters.learn({}, filters.TEXTURES, "stl", {"filters": [8]}, 0, tmp_path, **few)
    network, = tmp_path.rglob("network.npz")
    network.write_bytes(b"PK\x03\x04 and no more")
    (network.parent / "results.json").unlink()
    record = {}
    with pytest.raises(RuntimeError, match="(?s)stl on mnist-back, seed 0: .*damaged"):
        filters.learn(record, filters.TEXTURES, "stl", {"filters": [8]}, 0, tmp_path, **few)
    assert record[filters.TEXTURES]["stl"]["runs"] == {}
