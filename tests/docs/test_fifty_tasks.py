"""The page of the fifty tasks says what is on record, and what is on record is what was to be done, alike for all."""

import json

import numpy as np
import pytest

from den_ref.experiment.grid.grid import Grid
from den_ref.experiment.pages.paper import after_last
from den_ref.experiment.tune.attribute_spaces import ATTRIBUTE_SPACES, ATTRIBUTES, COLUMN
from den_ref.experiment.tune.record import SEEDS, best_tries, judged, read_tries, record_path, stream_of
from den_ref.experiment.tune.search import BUDGETS, rounds
from den_ref.experiment.tune.search_spaces import config_of, full_setting, space_of
from den_ref.experiment.tune.tuning_page import page_of
from den_ref.methods import REGISTRY
from den_ref.methods.progressive import Progressive
from den_ref.strict_json import strict_json
from den_ref.tasks import make_stream
from docs.make import fifty_tasks
from tests.helpers.docs_pages import rewritten
from tests.helpers.made_up_results import rows
from tests.helpers.page_width import READABLE, smallest_letters

BUDGET = BUDGETS[ATTRIBUTES]
each_method = pytest.mark.parametrize("method", ATTRIBUTE_SPACES)


@pytest.fixture(scope="module")
def record():
    return fifty_tasks.on_record()


def tries_of(method):
    return read_tries(record_path(fifty_tasks.SEARCHES, method))


# --- the searches ------------------------------------------------------------------------------------------------


@each_method
def test_every_draw_is_a_setting_of_the_method(method):
    space, rng = space_of(method, ATTRIBUTES), np.random.default_rng(0)
    assert space is ATTRIBUTE_SPACES[method] and set(space.start) == set(space.draws)
    usual = REGISTRY[method].Config().to_dict()
    assert all(usual[name] == value for name, value in space.start.items())
    for setting in (space.drawn(rng) for _ in range(30)):
        config = config_of(method, setting, ATTRIBUTES).to_dict()
        assert config["hidden"] == list(COLUMN if method == "progressive" else (312, 128))
        assert all(config[name] == value for name, value in setting.items())


@each_method
def test_every_method_was_tuned_alike(method):
    """The search, asked again, asks for what is on record and for nothing else."""
    tries, first = tries_of(method), {"name": ATTRIBUTES, "n_tasks": fifty_tasks.FIRST, **fifty_tasks.STREAM}
    assert all(stream_of(row) == first for row in tries)
    known = {(json.dumps(row["settings"]), row["seed"]): row for row in tries}
    asked = []

    def ask(runs):
        asked.extend(runs)
        return [known[json.dumps(settings), seed] for settings, seed in runs]

    rounds(space_of(method, ATTRIBUTES), BUDGET, ask)
    assert len(asked) == len(tries) == len(known) == BUDGET.runs == 18
    assert [row["seed"] for row in tries] == [0] * 12 + [1] * 3 + [2] * 3


@each_method
def test_what_was_learnt_is_what_the_search_found(method):
    space = space_of(method, ATTRIBUTES)
    best = judged(tries_of(method), space.largest_share)[0]
    assert set(SEEDS) == {0, 1, 2} and best.share <= space.largest_share
    assert best.settings in [row["settings"] for row in best_tries(tries_of(method), space.largest_share)[:3]]
    learnt = strict_json(fifty_tasks.RECORD.read_bytes())["methods"][method]["settings"]
    assert learnt == full_setting(method, best.settings, ATTRIBUTES)


def test_the_page_of_the_searches_is_what_the_records_say():
    page = fifty_tasks.SEARCHES.with_suffix(".md").read_text("utf-8")
    assert page == page_of(fifty_tasks.SEARCHES), "den-ref tune --report --out docs/tuning_attributes"
    assert "12 in all" in page and "No second round." in page


# --- the page ----------------------------------------------------------------------------------------------------


def test_the_page_holds_what_is_on_record(record, tmp_path):
    page = fifty_tasks.PAGE.read_text("utf-8")
    assert rewritten(fifty_tasks, record, tmp_path / "page.md") == page, "python -m docs.make.fifty_tasks --page"
    other = {**record, "den": [{**run, "average": run["average"] - 0.01} for run in record["den"]]}
    assert rewritten(fifty_tasks, other, tmp_path / "page.md") != page


def test_all_methods_are_on_record_with_the_same_seeds(record):
    assert list(record) == list(ATTRIBUTE_SPACES)
    assert {len(runs) for runs in record.values()} == {len(fifty_tasks.SEEDS)}
    for runs in record.values():
        for run in runs:
            assert {line.shape for line in run.values()} == {(fifty_tasks.TASKS,)}
            assert np.isfinite(run["average"]).sum() in (fifty_tasks.TASKS, fifty_tasks.TASKS // fifty_tasks.FIRST)
            assert run["average"][-1] == pytest.approx(run["last"].mean(), abs=1e-5)


def test_the_noise_is_the_nearest_to_the_papers_on_validation_data(record):
    noises = strict_json(fifty_tasks.RECORD.read_bytes())["noises"]
    theirs = after_last(fifty_tasks.THEIRS)["stl"]
    chosen = min(noises, key=lambda noise: abs(noises[noise][0] - theirs))
    assert float(chosen) == fifty_tasks.STREAM["noise"]
    assert noises[chosen][1] == record["stl"][0]["average"][-1] == pytest.approx(theirs, abs=0.01)


def test_separate_networks_forget_nothing_and_no_method_is_larger_than_the_papers(record):
    for method in ("stl", "progressive"):
        assert all((run["last"] == run["just_learnt"]).all() for run in record[method])
    assert 4100 < fifty_tasks.sizes_of(record, "progressive").max() <= 4265
    assert fifty_tasks.sizes_of(record, "mtl").tolist() == [100.0] * len(record["mtl"])


def test_progressives_size_is_that_of_its_columns(record):
    """500 inputs, a and b units, one output; column k + 1 has an adapter from k columns above layer 1."""
    (a, b), n = COLUMN, 500
    plain = (n + 1) * a + (a + 1) * b + (b + 1)
    adapters = sum(k * (1 + below * below) + below + below * above
                   for k in range(1, 50) for below, above in ((a, b), (b, 1)))
    assert record["progressive"][0]["parameters"][-1] == 50 * plain + adapters
    column = Progressive(Progressive.Config(hidden=COLUMN, epochs=0), 0)
    column.learn_all(make_stream(ATTRIBUTES, n_tasks=3).tasks)
    assert record["progressive"][0]["parameters"][2] == column.capacity().allocated


def test_what_is_kept_of_a_run_by_hand():
    nan = np.nan
    result = {"R": {"auroc": [[0.9, nan], [0.5, 0.75]]},
              "stages": [{"capacity": {"allocated": 7}, "seconds": 1.234}, {"capacity": {"allocated": 9}, "seconds": 2.0}]}
    assert fifty_tasks.outcome(result) == {"average": [0.9, 0.625], "just_learnt": [0.9, 0.75], "last": [0.5, 0.75],
                                           "parameters": [7, 9], "seconds": [1.23, 2.0]}
    grid = Grid(None, {"methods": [{"label": "stl", "settings": {"mu": 0.1}}, {"label": "den", "settings": {}}]},
                {"stl": {4: result}}, [])
    assert fifty_tasks.in_short(grid)["methods"] == {
        "stl": {"settings": {"mu": 0.1}, "runs": {"4": fifty_tasks.outcome(result)}}}


def test_a_row_by_hand():
    def run(level, size):
        average = np.linspace(0.9, level, 50)
        new = np.repeat([0.5, 0.9], [10, 40])
        return {"average": average, "just_learnt": new, "last": np.full(50, level),
                "parameters": np.full(50, size), "seconds": np.full(50, 0.5)}

    made = rows(fifty_tasks.results({"mtl": [run(0.8, 100), run(0.8, 100)], "den": [run(0.7, 650), run(0.8, 750)],
                                     "ella": [run(0.8, 50)] * 2}))
    assert made["DEN"][1:] == ["**0.750** (0.700 to 0.800)", "0.500", "0.900", "+0.070", "700", "0.891", "708", "25"]
    assert made["MTL"][-3:] == ["0.722", "100", "25"] and made["ELLA"][-4:] == ["50", "–", "–", "25"]
    assert float(made["DEN"][0]) == pytest.approx(0.9 - 0.15 * 9 / 49, abs=5e-4)


@pytest.mark.parametrize("draw", [fifty_tasks.curves, fifty_tasks.capacity])
def test_letters_can_be_read(draw, record):
    assert smallest_letters(draw(record)) >= READABLE


@pytest.mark.slow
def test_a_setting_is_learnt_as_it_was_found_and_what_is_learnt_is_not_learnt_again(tmp_path, monkeypatch):
    monkeypatch.setattr(fifty_tasks, "ATTRIBUTES", "toy")
    monkeypatch.setattr(fifty_tasks, "BUDGETS", {"toy": type(BUDGET)(tries=2, drawn=2, repeated=1, second=0)})
    monkeypatch.setattr(fifty_tasks, "FIRST", 1)
    monkeypatch.setattr(fifty_tasks, "STREAM", {})
    monkeypatch.setattr(fifty_tasks, "AT_TENS", ())
    best = {"gomtl": fifty_tasks.found("gomtl", tmp_path / "searches")[0]}
    grid = fifty_tasks.learnt(best, [0], tmp_path / "runs")
    made = fifty_tasks.in_short(grid)["methods"]["gomtl"]
    monkeypatch.setattr(fifty_tasks, "TASKS", len(make_stream("toy").tasks))
    anew = fifty_tasks.at_tens("gomtl", best["gomtl"], 0)
    assert all(anew[name] == made["runs"]["0"][name] for name in ("average", "last", "parameters"))
    learner = REGISTRY["gomtl"](config_of("gomtl", best["gomtl"].settings, "toy"), 0)
    for task in make_stream("toy", seed=0).tasks:
        learner.learn(task)
    assert made["runs"]["0"]["parameters"][-1] == learner.capacity().allocated
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("results.json")}
    fifty_tasks.learnt(best, [0, 1], tmp_path / "runs")
    assert all(path.stat().st_mtime_ns == then for path, then in before.items())
