"""``den-ref tune --filters``: networks with filters have spaces, a budget and a page of their own on the paper's stream."""

import json
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from den_ref.cli import main
from den_ref.experiment.one_run.presets import PAPERS, default_options
from den_ref.experiment.tune import search
from den_ref.experiment.tune.filter_spaces import COLUMN, FILTER_SPACES, WITH_FILTERS
from den_ref.experiment.tune.one_try import attempt
from den_ref.experiment.tune.record import read_tries, record_path, stream_of
from den_ref.experiment.tune.search import BUDGETS, rounds, tune
from den_ref.experiment.tune.search_spaces import config_of, searched, space_of
from den_ref.experiment.tune.tuning_page import page_of, read_records
from den_ref.methods import REGISTRY
from den_ref.methods.progressive import Progressive
from den_ref.tasks import make_stream

RECORDS = Path(__file__).resolve().parents[2] / "docs" / "tuning_filters"
BUDGET = BUDGETS[WITH_FILTERS]
#: What all begin with, and Progressive's columns.
NETWORKS = ({"filters": [8, 16], "stride": 2, "hidden": [32]}, {"filters": [3, 6], "stride": 2, "hidden": [10]})
each_method = pytest.mark.parametrize("method", FILTER_SPACES)
on_record = pytest.mark.parametrize("method", sorted(path.stem for path in RECORDS.glob("*.jsonl")))


def invented(method, settings, seed, stream):
    """A run that takes no time: it is the better, the smaller its first strength of weight decay."""
    decay = np.ravel(settings["weight_decay"])[0]
    return {"seed": seed, "settings": settings, "validation": 1 / (1 + decay), "share": 0.01, "seconds": 1.0}


@each_method
def test_a_space_starts_at_the_defaults_and_every_draw_has_the_network(method):
    space, rng = space_of(method, WITH_FILTERS), np.random.default_rng(0)
    assert space is FILTER_SPACES[method] and set(space.start) == set(space.draws) | set(space.held)
    default = default_options(REGISTRY[method], PAPERS).to_dict()
    assert {**default, **config_of(method, space.held, PAPERS).to_dict()} == config_of(method, space.start, PAPERS).to_dict()
    for setting in (space.drawn(rng) for _ in range(30)):
        config = config_of(method, setting, PAPERS).to_dict()
        assert setting | NETWORKS[method == "progressive"] == setting
        assert all(config[name] == value for name, value in setting.items())
        again = space.redrawn(setting, rng, second=False)
        assert {name for name in setting if setting[name] != again[name]} <= set(space.draws)


def test_dense_settings_and_others_streams_are_searched_as_before():
    assert searched(PAPERS, space_of("ewc", PAPERS).start) == PAPERS
    assert searched(PAPERS, space_of("ewc", WITH_FILTERS).start) == WITH_FILTERS
    with pytest.raises(ValueError, match=r"--filters: expected a method and a stream .* got 'ella' on 'mnist-back"):
        space_of("ella", WITH_FILTERS)
    with pytest.raises(ValueError, match="--filters: .* got 'stl' on 'toy'$"):
        tune("stl", "toy", filters=True, out="nowhere")


def test_one_seed_judges_where_a_search_has_one(tmp_path, monkeypatch):
    monkeypatch.setattr(search, "attempt", invented)
    monkeypatch.setattr(search, "check_stream", lambda text: None)
    best = tune("stl", PAPERS, out=tmp_path, filters=True, budget=BUDGET, n_tasks=1)
    rows = read_tries(tmp_path / "stl.jsonl")
    assert [row["seed"] for row in rows] == [0] * 8 and len(best) == 8 and BUDGET.runs == 8
    assert best[0].validation == (max(row["validation"] for row in rows),)
    page = page_of(tmp_path)
    assert "# Tuning on mnist-back with filters" in page and "2. No other seeds." in page
    assert "| validation AUROC, seed 0 | mean |" in page and "filter_spaces.py" in page and "(default)" in page


def test_the_command_searches_networks_with_filters(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(search, "attempt", invented)
    monkeypatch.setattr(search, "check_stream", lambda text: None)
    monkeypatch.setattr("den_ref.commands.tune._processes", lambda arguments: nullcontext())
    words = f"tune stl --filters --stream mnist-back --tasks 1 --out {tmp_path}"
    assert main(words.split()) == 0
    assert "at most 8 runs" in capsys.readouterr().out
    assert all(row["settings"]["filters"] == [8, 16] for row in read_tries(tmp_path / "stl.jsonl"))
    assert main("tune --paper --filters".split()) == 2
    assert "--filters: expected no --paper" in capsys.readouterr().err


@on_record
def test_what_is_on_record_is_what_the_search_asks_for(method):
    """As far as it is: a search that is not at its end goes on from there."""
    tries = read_tries(record_path(RECORDS, method))
    assert all(stream_of(row) == {"name": PAPERS, "n_tasks": 4} for row in tries)
    left = [(json.dumps(row["settings"]), row["seed"], row) for row in tries]

    class AtItsEnd(Exception):
        pass

    def ask(runs):
        answers = []
        for setting, seed in runs:
            if not left:
                raise AtItsEnd
            text, its, row = left.pop(0)
            assert (text, its) == (json.dumps(setting), seed)
            answers.append(row)
        return answers

    try:
        rounds(space_of(method, WITH_FILTERS), BUDGET, ask)
    except AtItsEnd:
        assert len(tries) < BUDGET.runs
    assert not left


def test_the_page_of_the_searches_is_what_the_records_say():
    page = RECORDS.with_suffix(".md").read_text("utf-8")
    assert page == page_of(RECORDS), "den-ref tune --report --out docs/tuning_filters"


def test_ewc_learns_at_a_strength_that_was_tried():
    """Its default, found on dense networks, holds too much: the range reaches where it does not."""
    [ewc] = [record for record in read_records(RECORDS) if record.method == "ewc"]
    assert ewc.judged[0].mean > ewc.default.mean + 0.05
    assert ewc.judged[0].settings["lam"] < ewc.default.settings["lam"]


def test_progressives_columns_have_the_papers_share_of_mtls_parameters():
    """After ten tasks; adapters from k columns into each layer above the first."""
    def parameters(f, g, h):
        own = 26 * f + (25 * f + 1) * g + (16 * g + 1) * h + h + 1
        into = [(f, 25 * g), (g, 16 * h), (h, 1)]
        return own, lambda k: sum(k + k * n * n + n + n * above for n, above in into)

    own, adapters = parameters(3, 6, 10)
    network, _ = parameters(8, 16, 32)
    mtl = network + 9 * 33                                         # ten heads
    assert round(100 * (10 * own + sum(map(adapters, range(1, 10)))) / mtl) == 290
    column = Progressive(config_of("progressive", COLUMN | {"epochs": 0}, PAPERS), 0)
    column.learn_all(make_stream("mnist-variation", n_tasks=3, per_class=(2, 1, 1)).tasks)
    assert column.capacity().allocated == 3 * own + adapters(1) + adapters(2)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["den", "ewc"])
def test_a_setting_is_learnt_with_its_network(method):
    settings = FILTER_SPACES[method].start | {name: 1 for name in FILTER_SPACES[method].start if "epochs" in name}
    row = attempt(method, settings, 0, {"name": PAPERS, "n_tasks": 1, "per_class": (4, 2, 2)})
    separate = 785 * 312 + 313 * 128 + 129
    assert round(row["share"] * separate) <= 26 * 8 + (25 * 8 + 1) * 16 + (4 * 4 * 16 + 1) * 32 + 33
