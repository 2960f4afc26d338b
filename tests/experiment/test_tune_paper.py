"""``den-ref tune --paper``: all searches in a row, their spaces, what decides between equals, what they end at."""

import json
from contextlib import nullcontext
from zlib import crc32

import numpy as np
import pytest

from den_ref.cli import main
from den_ref.describe import Space, Wish, choice
from den_ref.experiment.disk.json_files import as_json
from den_ref.experiment.one_run import presets
from den_ref.experiment.tune import all_searches, search, search_spaces, tuning_page
from den_ref.experiment.tune.all_searches import follow_all, paper_searches
from den_ref.experiment.tune.one_try import attempt
from den_ref.experiment.tune.paper_spaces import DECIDES, DENS_START, PAPER_SPACES, SELECTS
from den_ref.experiment.tune.record import CLOSE, SEEDS, best_tries, judged, read_tries
from den_ref.experiment.tune.search import PAPER_BUDGET, Budget, rounds
from den_ref.experiment.tune.search_spaces import config_of, space_of
from den_ref.experiment.tune.tuning_page import page_of, read_records, write_found
from den_ref.methods import REGISTRY
from den_ref.tasks import make_stream

each_method = pytest.mark.parametrize("method", PAPER_SPACES)


def invented(method, settings, seed, stream):
    """A run that takes no time: its score is a function of method, setting and seed."""
    number = crc32(json.dumps([method, settings, seed], sort_keys=True).encode())
    told = {} if method in ("stl", "mtl") else {"told": {"selected": [50.0, 25.0], "expanded": number % 10, "tasks": 9}}
    return {"seed": seed, "settings": settings, "validation": number / 2**32, "share": 0.1, "seconds": 1.0, **told}


@pytest.fixture
def on_the_toy(monkeypatch):
    """The paper's stream is the toy, and its runs are invented."""
    for table in (search_spaces.SPACES, search.BUDGETS, tuning_page.WAYS):
        monkeypatch.setitem(table, "toy", table[presets.PAPERS])
    monkeypatch.setattr(all_searches, "PAPERS", "toy")
    monkeypatch.setattr(search, "attempt", invented)
    monkeypatch.setattr(all_searches, "TASKS", {"progressive": 2})
    monkeypatch.setattr("den_ref.commands.tune._processes", lambda arguments: nullcontext())


# --- the spaces --------------------------------------------------------------------------------------------------


#: Methods that the paper does not compare itself with.
NOT_THE_PAPERS = {"si", "imm", "ella", "gomtl", "incremental-features", "adanet", "nonparametric", "tree",
                  "nearest-mean"}


def test_every_method_of_the_paper_has_a_space():
    assert set(PAPER_SPACES) == set(REGISTRY) - NOT_THE_PAPERS


@each_method
def test_every_draw_is_a_setting_of_the_method_at_the_papers_size(method):
    space, rng, where = space_of(method, presets.PAPERS), np.random.default_rng(0), presets.PAPERS
    assert space is PAPER_SPACES[method] and config_of(method, space.start, where).hidden == (312, 128)
    usual = REGISTRY[method].Config().to_dict()
    first = {name: usual[name] for name in space.draws} | (DENS_START if method == "den" else {})
    assert space.start == first and set(space.start) == set(space.draws)
    for setting in (space.drawn(rng) for _ in range(50)):
        config = config_of(method, setting, where).to_dict()
        assert config["hidden"] == [312, 128] and set(setting) == set(space.draws)
        assert all(config[name] == value for name, value in setting.items())


@pytest.mark.parametrize(("option", "values"), [
    ("weight_decay", (0.003, 0.005)), ("mu_l2", (0.002, 0.003)), ("sigma", (0.2, 0.25)), ("k", (5, 20))])
def test_what_was_seen_to_do_well_is_inside_the_ranges(option, values):
    drawn = [PAPER_SPACES["den"].draws[option](np.random.default_rng(i)) for i in range(300)]
    assert min(drawn) <= values[0] and max(drawn) >= values[1]


def test_elsewhere_variants_are_not_tuned_and_nothing_is_said_of_what_a_setting_leaves_out():
    with pytest.raises(ValueError, match="got 'dnn-l1'"):
        space_of("dnn-l1", "toy")
    assert space_of("mtl", "toy").unnamed == {} != space_of("mtl").unnamed


# --- the budget --------------------------------------------------------------------------------------------------


@each_method
def test_every_method_has_as_many_runs_and_no_two_alike(method):
    asked, space = [], PAPER_SPACES[method]

    def ask(runs):
        asked.append(runs)
        return [invented(method, *run, None) for run in runs]

    rounds(space, PAPER_BUDGET, ask)
    assert [len(batch) for batch in asked] == [8, 2, 2, 2, 2, 6]
    keys = {json.dumps(run, sort_keys=True) for batch in asked for run in batch}
    assert len(keys) == PAPER_BUDGET.runs == 22
    assert [seed for _, seed in asked[-1]] == [1] * 3 + [2] * 3


def test_a_space_with_two_settings_ends_too():
    made = []
    rounds(Space({"a": 1}, {"a": choice(1, 2)}), PAPER_BUDGET,
           lambda runs: made.extend(runs) or [invented("", *run, None) for run in runs])
    assert len(made) == 16 + 2 * 2 and {setting["a"] for setting, _ in made} == {1, 2}


# --- what decides between equals ---------------------------------------------------------------------------------


def row(name, validation, misfit, share=0.1, seed=0):
    told = {} if misfit is None else {"told": {"selected": [misfit], "expanded": 0, "tasks": 9}}
    return {"seed": seed, "settings": {"name": name}, "validation": validation, "share": share, "seconds": 1.0, **told}


WISH = Wish("the smallest", lambda told: told["selected"][0])


def test_a_wish_decides_between_those_that_are_as_good_as_the_best():
    rows = [row("best", 0.8, 0.5), row("close", 0.8 - 0.9 * CLOSE, 0.1), row("far", 0.8 - 1.1 * CLOSE, 0.0),
            row("silent", 0.8, None), row("large", 0.9, 0.0, share=0.9)]
    assert [each["settings"]["name"] for each in best_tries(rows, 0.5, WISH)] == [
        "close", "best", "silent", "far", "large"]
    assert [each["settings"]["name"] for each in best_tries(rows, 0.5)] == ["best", "silent", "close", "far", "large"]


def test_of_judged_settings_means_are_compared():
    rows = [row(name, validation, misfit, seed=seed) for seed in SEEDS for name, validation, misfit in
            (("best", 0.8, 0.2 if seed else 0.9), ("close", 0.799, 0.4), ("worse", 0.7, 0.0))]
    assert [setting.settings["name"] for setting in judged(rows, 1.0, WISH)] == ["close", "best", "worse"]


def test_the_wishes():
    told = {"selected": [134.0, 128.0], "expanded": 9, "tasks": 9}
    assert [DECIDES.misfit({**told, "expanded": n}) for n in (0, 1, 8, 9)] == [1, 0, 0, 1]
    assert SELECTS.misfit(told) == pytest.approx(60 / 128)


@pytest.mark.slow
@pytest.mark.parametrize("tau", [0.0, float("inf")])
def test_what_the_boxes_told(tau):
    """Counted once more from the steps of the same run."""
    settings = {"tau": "inf" if tau else 0.0, "hidden": [8, 6]}
    made = attempt("den", settings, 0, {"name": "toy", "n_tasks": 3})
    learner = REGISTRY["den"](config_of("den", settings, "toy"), 0)
    units, expanded = [], 0
    for task in make_stream("toy", n_tasks=3).tasks:
        for step in learner.learn(task):
            if step.box == "select":
                units.append(step.facts["selected"][1:])
            expanded += step.box == "eq5"
    assert made["told"]["selected"] == pytest.approx(np.mean(units, axis=0), abs=0.05)
    assert (made["told"]["expanded"], made["told"]["tasks"]) == (expanded, 2) and expanded == (0 if tau else 2)
    assert "told" not in attempt("stl", {"epochs": 1}, 0, {"name": "toy", "n_tasks": 1})


# --- all in a row ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_one_that_fails_stops_no_other_and_all_go_on_where_they_were(tmp_path, on_the_toy, monkeypatch):
    def fails(method, *run):
        if method == "ewc":
            raise RuntimeError("no room")
        return invented(method, *run)

    monkeypatch.setattr(search, "attempt", fails)
    told, ended = [], []
    failed = follow_all(paper_searches(tmp_path), None, lambda row, progress: told.append(progress),
                        lambda search, best: ended.append(search.method))
    assert [(each.method, why) for each, why in failed] == [("ewc", "RuntimeError: no room")]
    assert ended == [method for method in PAPER_SPACES if method != "ewc"]
    n = len(PAPER_SPACES)
    assert (told[-1].place, told[-1].searches, told[-1].made, told[-1].runs) == (n, n, 22 * (n - 1), 22 * n)
    assert [progress.made for progress in told] == list(range(1, 22 * (n - 1) + 1)) and told[0].left >= 0
    monkeypatch.setattr(search, "attempt", invented)
    told.clear()
    assert follow_all(paper_searches(tmp_path), None, lambda row, progress: told.append(progress)) == []
    assert {progress.search.method for progress in told} == {"ewc"} and len(told) == 22
    assert {len(read_tries(path)) for path in tmp_path.glob("*.jsonl")} == {22}


@pytest.mark.slow
def test_variants_start_where_den_ended(tmp_path, on_the_toy):
    assert follow_all(paper_searches(tmp_path, ["dnn-selective"])) == []       # DEN has no record yet
    first = read_tries(tmp_path / "dnn-selective.jsonl")[0]["settings"]
    assert first == as_json(PAPER_SPACES["dnn-selective"].start)
    (tmp_path / "dnn-selective.jsonl").unlink()
    follow_all(paper_searches(tmp_path, ["den", "dnn-selective", "l2"]))
    [den, *_] = judged(read_tries(tmp_path / "den.jsonl"), PAPER_SPACES["den"].largest_share, DECIDES)
    first = read_tries(tmp_path / "dnn-selective.jsonl")[0]["settings"]
    assert first == {name: den.settings[name] for name in PAPER_SPACES["dnn-selective"].draws}
    assert read_tries(tmp_path / "l2.jsonl")[0]["settings"] == as_json(PAPER_SPACES["l2"].start)
    assert follow_all(paper_searches(tmp_path)) == [] and len(read_tries(tmp_path / "dnn-selective.jsonl")) == 22


def test_progressive_learns_its_first_tasks_only(on_the_toy, tmp_path):
    streams = {each.method: each.stream for each in paper_searches(tmp_path)}
    assert streams["progressive"] == {"name": "toy", "n_tasks": 2} and streams["den"] == {"name": "toy"}


# --- what they end at --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_best_settings_become_the_options_on_the_stream(tmp_path, on_the_toy, monkeypatch, capsys):
    assert main(f"tune --paper --out {tmp_path / 'records'}".split()) == 0
    capsys.readouterr()
    monkeypatch.setattr(presets, "TUNED", tmp_path)
    assert main(f"tune --paper --report --out {tmp_path / 'records'} --preset {tmp_path / 'toy.json'}".split()) == 0
    assert capsys.readouterr().out.splitlines() == [f"{tmp_path}/records.md", f"{tmp_path}/toy.json"]
    records = read_records(tmp_path / "records")
    assert (tmp_path / "records.md").read_text("utf-8").count("(default)") == len(records)    # the new ones
    for record in records:
        best = record.judged[0]
        brute = {json.dumps(row["settings"]): np.mean([other["validation"] for other in record.rows
                                                        if other["settings"] == row["settings"]])
                 for row in record.rows if row["seed"] == 2}
        assert best.mean >= max(brute.values()) - CLOSE - 1e-12
        options = presets.default_options(REGISTRY[record.method], "toy").to_dict()
        assert options["hidden"] == [312, 128] and options.items() >= best.settings.items()
        assert record.is_default(best)
    presets.tuned_options.cache_clear()


def test_the_page_says_how(tmp_path, on_the_toy):
    follow_all(paper_searches(tmp_path / "records"))
    page = page_of(tmp_path / "records")
    assert page.startswith("# Tuning on toy\n") and "8 together" in page and "16 in all" in page
    assert "The best 3 of them with seeds 1 and 2 too." in page and "No second round." in page
    assert "tuned as the others are" in page and "and are\nnot tuned" not in page
    assert "For den, of settings within 0.005 of the best, one whose tau" in page
    assert "For den only settings with at most 16% of STL's parameters count." in page
    assert "| units selected, by layer | tasks that expanded, by seed |" in page and "| 50 / 25 | " in page
    assert all(f"## {method}\n" in page for method in PAPER_SPACES)


def test_unfinished_searches_make_no_options(tmp_path, on_the_toy):
    follow_all(paper_searches(tmp_path / "records", ["stl"], Budget(tries=1, drawn=1)))
    follow_all(paper_searches(tmp_path / "records", ["l2"]))
    (tmp_path / "records" / "l2.jsonl").write_text(
        "".join((tmp_path / "records" / "l2.jsonl").read_text().splitlines(keepends=True)[:3]))
    with pytest.raises(ValueError, match="expected records of searches that are at their end, got l2 without"):
        write_found(tmp_path / "records")


# --- the command -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "words"), [
    ("--paper --stream permuted-mnist", "--paper: expected no other --stream"), ("dem --paper", "got 'dem'"),
    ("--paper --tries 0", "tries: expected an integer >= 1"), ("--preset x.json", "--preset: expected --report"),
    ("--report --preset x.json", "--preset: expected --paper"), ("--paper --report", "expected a folder with records")])
def test_misuse_is_status_2_and_one_line(tmp_path, on_the_toy, capsys, text, words):
    assert main(["tune", *text.split(), "--out", str(tmp_path / "new")]) == 2
    printed = capsys.readouterr()
    assert words in printed.err and printed.err.count("\n") == 1 and printed.out == ""


def test_one_method_alone_has_the_same_budget(tmp_path, on_the_toy, capsys):
    assert main(f"tune l2 --paper --out {tmp_path}".split()) == 0
    out = capsys.readouterr().out
    assert f"searches on toy: 1, at most 22 runs each, 0 on record in {tmp_path}\n" in out
    assert "[l2, 1 of 1; run 22 of 22, about 0 min left] seed 2: validation AUROC" in out
    assert "\nl2: best mean validation AUROC over the seeds:\n" in out
    assert len(read_tries(tmp_path / "l2.jsonl")) == 22
