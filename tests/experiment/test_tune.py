"""``den-ref tune``: the search, its record, what the records say of the defaults, the page, the command."""

import dataclasses
import itertools
import json
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep
from zlib import crc32

import numpy as np
import pytest

from den_ref.cli import main
from den_ref.experiment.tune import one_try, search
from den_ref.experiment.one_run.presets import PRESETS
from den_ref.methods.shared.network import NetworkMethod
from den_ref.describe import Space, choice, each, log_uniform
from den_ref.experiment.tune.search_spaces import TUNABLE, config_of, space_around, space_of
from den_ref.experiment.tune.record import SEEDS, Tries, best_tries, judged, read_tries, stream_of
from den_ref.experiment.tune.one_try import attempt
from den_ref.experiment.tune.search import Budget, rounds, tune
from den_ref.experiment.tune.tuning_page import MethodRecord, cost, fairness, page_of, spelled, write_page
from den_ref.methods import REGISTRY
from den_ref.settings import Settings, at_least, integer, one_of, option
from den_ref.tasks import make_stream

RECORDS = Path(__file__).resolve().parents[2] / "docs" / "tuning"
SMALL = Budget(tries=5, drawn=3, repeated=2, second=2)
TUNED = sorted(path.stem for path in RECORDS.glob("*.jsonl"))


def row(settings, seed=0, validation=0.5, share=0.1):
    return {"seed": seed, "settings": settings, "validation": validation, "share": share, "seconds": 1.0}


def invented(method, settings, seed, stream):
    """A run that takes no time: its score is a function of the setting and the seed."""
    number = crc32(json.dumps([settings, seed], sort_keys=True).encode())
    return row(settings, seed, number / 2**32, (number % 100) / 100)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(search, "attempt", invented)


# --- the search --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_search_on_a_stream_interrupted_and_resumed_is_the_uninterrupted_one(tmp_path):
    def interrupt(row, count=itertools.count(1)):
        if next(count) == 5:
            raise KeyboardInterrupt

    where = {"stream": "toy", "n_tasks": 1, "budget": Budget(tries=3, drawn=2, repeated=1, second=1)}
    straight = tune("stl", out=tmp_path / "straight", **where)
    with pytest.raises(KeyboardInterrupt):
        tune("stl", out=tmp_path / "stopped", told=interrupt, **where)
    with open(tmp_path / "stopped" / "stl.jsonl", "a") as file:
        file.write('{"seed": 1, "sett')                        # killed while it wrote
    resumed = tune("stl", out=tmp_path / "stopped", **where)
    assert facts(tmp_path / "stopped") == facts(tmp_path / "straight")
    assert len(facts(tmp_path / "straight")) > 5 and len({setting.mean for setting in straight}) == 2
    assert [dataclasses.astuple(setting) for setting in resumed] == [dataclasses.astuple(one) for one in straight]


def facts(folder):
    """The lines of the record, without the time they took."""
    return [{**row, "seconds": None} for row in read_tries(folder / "stl.jsonl")]


@pytest.mark.parametrize("method", ["stl", "den"])
def test_interrupted_anywhere_it_ends_the_same(tmp_path, quick, method):
    straight = tune(method, "toy", out=tmp_path / "straight", budget=SMALL)
    lines = (tmp_path / "straight" / f"{method}.jsonl").read_text().splitlines(keepends=True)
    for n in range(len(lines)):
        out = tmp_path / str(n)
        out.mkdir()
        (out / f"{method}.jsonl").write_text("".join(lines[:n]) + lines[n][:n])
        made = []
        again = tune(method, "toy", out=out, budget=SMALL, told=made.append)
        assert (out / f"{method}.jsonl").read_text() == "".join(lines) and len(made) == len(lines) - n
        assert [setting.mean for setting in again] == [setting.mean for setting in straight]


def test_an_executor_changes_nothing(tmp_path, monkeypatch):
    def slow_at_first(method, settings, seed, stream, count=itertools.count()):
        sleep(0.02 * (next(count) % 3 == 0))                  # so that runs end in another order than they began
        return invented(method, settings, seed, stream)

    monkeypatch.setattr(search, "attempt", slow_at_first)
    tune("stl", "toy", out=tmp_path / "one", budget=SMALL)
    with ThreadPoolExecutor(3) as pool:
        tune("stl", "toy", out=tmp_path / "three", budget=SMALL, executor=pool)
    assert (tmp_path / "one" / "stl.jsonl").read_text() == (tmp_path / "three" / "stl.jsonl").read_text()


def test_more_tries_go_on_from_fewer(tmp_path, quick):
    tune("stl", "toy", out=tmp_path, budget=SMALL)
    before = len(read_tries(tmp_path / "stl.jsonl"))
    tune("stl", "toy", out=tmp_path, budget=dataclasses.replace(SMALL, tries=9))
    rows = read_tries(tmp_path / "stl.jsonl")
    tune("stl", "toy", out=tmp_path / "fresh", budget=dataclasses.replace(SMALL, tries=9))
    assert len(rows) > before
    assert all(row in rows for row in read_tries(tmp_path / "fresh" / "stl.jsonl"))


def asked_of(space, budget, score=invented):
    """Every batch of runs a search asks for, with what it was answered."""
    log = []

    def ask(runs):
        log.append([score("", *run, None) for run in runs])
        return log[-1]

    rows = rounds(space, budget, ask)
    assert rows == [row for batch in log for row in batch]
    return log


@pytest.mark.parametrize("method", ["stl", "den"])
def test_the_search_is_what_its_docstring_says(method):
    budget, space = Budget(tries=8, drawn=4, repeated=2, second=3), space_of(method)
    drawn, *redrawn = asked_of(space, budget)
    redrawn, repeated, second = redrawn[:4], redrawn[4], redrawn[5:]
    assert drawn[0]["settings"] == json.loads(json.dumps(space.start)) and len(drawn) == 4 and len(second) == 3
    assert all(set(row["settings"]) == set(space.draws) for row in drawn[1:])
    tries = list(drawn)
    for [try_] in redrawn:
        best = max(small(tries, space), key=lambda row: row["validation"])
        assert 1 <= len(changed(best["settings"], try_["settings"], space.draws)) <= 3
        tries.append(try_)
    assert {row["seed"] for row in tries} == {0}
    first, other = sorted(small(tries, space), key=lambda row: -row["validation"])[:2]
    assert [(row["settings"], row["seed"]) for row in repeated] == [
        (row["settings"], seed) for seed in (1, 2) for row in (first, other)]
    rows = tries + repeated
    for batch in second:
        assert [row["seed"] for row in batch] == [0, 1, 2]
        best = max(brute_force_judged(rows, space.largest_share), key=lambda one: one[0])[1]
        assert len(changed(best, batch[0]["settings"], {**space.draws, **space.later})) <= 3
        rows += batch


def small(rows, space):
    found = [row for row in rows if row["share"] <= space.largest_share]
    return found or rows


def changed(before, after, may):
    """The options that differ; an option that is named again with the value it had counts as not."""
    names = {name for name in after if before.get(name, "unnamed") != after[name]}
    assert set(before) <= set(after) and names <= set(may)
    return names or {"the same value drawn again"}


def brute_force_judged(rows, largest_share):
    """(mean, setting, share) of every setting seen with all seeds, those that are not too large if there are any."""
    found = []
    for settings in [row["settings"] for row in rows]:
        own = {row["seed"]: row for row in rows if row["settings"] == settings}
        if set(own) == {0, 1, 2} and settings not in [one[1] for one in found]:
            mean, share = (sum(own[seed][name] for seed in own) / 3 for name in ("validation", "share"))
            found.append((mean, settings, share))
    return [one for one in found if one[2] <= largest_share] or found


def test_the_second_round_of_den_also_draws_its_width():
    space, budget = space_of("den"), Budget(tries=20, second=25)
    rows = [row for batch in asked_of(space, budget) for row in batch]
    with_width = ["hidden" in row["settings"] for row in rows]
    first_round = budget.tries + 2 * budget.repeated
    assert not any(with_width[:first_round]) and any(with_width[first_round:])


def test_settings_depend_on_scores_only_through_the_best():
    """The drawn ones, and what is redrawn of the same best, are the same whatever else came out."""
    space = space_of("ewc")

    def start_wins(method, settings, seed, stream, noise=np.random.default_rng()):
        return row(settings, seed, 1.0 if settings == space.start else noise.uniform(0, 0.5))

    one, other = ([[(row["settings"], row["seed"]) for row in batch] for batch in asked_of(space, Budget(), start_wins)]
                  for _ in range(2))
    assert one[:19] == other[:19]                             # 12 together, then 18 one by one
    assert sum(map(len, one)) == Budget().runs == 30 + 2 * 4 + 3 * 11


@pytest.mark.parametrize("method", TUNED)
def test_the_records_are_what_the_search_asks_for(method):
    """They were begun by an older program: the same settings for the same try and the same earlier tries."""
    record = RECORDS / f"{method}.jsonl"
    tries = Tries(record, stream_of(read_tries(record)[0]))

    def ask(runs):
        assert all(run in tries for run in runs)
        return [tries[run] for run in runs]

    assert len(rounds(space_of(method), Budget(repeated=1, second=0), ask)) == 30 + 2


@pytest.mark.parametrize("values, words", [
    ({"tries": 0}, "tries: expected an integer >= 1, got 0"), ({"drawn": 1.5}, "drawn: expected an integer >= 1"),
    ({"second": -1}, "second: expected an integer >= 0"), ({"repeated": True}, "repeated: expected an integer >= 1"),
])
def test_a_bad_budget_is_refused(values, words):
    with pytest.raises(ValueError, match=words):
        Budget(**values)


# --- one run -----------------------------------------------------------------------------------------------------


class Untouchable:
    """A test split that nobody may even look at."""

    def __getattribute__(self, name):
        raise AssertionError(f"a test split was asked for its {name}")


@pytest.mark.parametrize("method", [name if name == "den" else pytest.param(name, marks=pytest.mark.slow)
                                    for name in TUNABLE])
def test_test_splits_play_no_part(monkeypatch, method):
    def without_tests(*arguments, **options):
        stream = make_stream(*arguments, **options)
        hidden = Untouchable()
        return dataclasses.replace(
            stream, make=lambda i: dataclasses.replace(stream.make(i), x_test=hidden, y_test=hidden))

    def learn_without_tests(learner, tasks, learn_all=REGISTRY[method].learn_all):
        assert [(task.x_test, task.y_test) for task in tasks] == [(None, None)] * 2
        learn_all(learner, tasks)

    settings, about = dict(space_of(method).start), {"name": "toy", "n_tasks": 2}
    usual = attempt(method, settings, 1, about)
    monkeypatch.setattr(one_try, "make_stream", without_tests)
    monkeypatch.setattr(REGISTRY[method], "learn_all", learn_without_tests)
    assert {**attempt(method, settings, 1, about), "seconds": usual["seconds"]} == usual


def test_a_size_counts_weights_that_are_0():
    """With L1 many are: what a setting has to pay is what it allocates."""
    options = {"hidden": [8, 6], "epochs": 2, "step": 0.02, "mu": 0.05}
    made = attempt("stl", options, 0, {"name": "toy", "n_tasks": 1})
    assert made["share"] == pytest.approx((13 * 8 + 9 * 6 + 7) / (13 * 312 + 313 * 128 + 129), rel=1e-12)
    learner = REGISTRY["stl"](config_of("stl", options, "toy"), 0)
    learner.learn(make_stream("toy").tasks[0])
    assert learner.capacity().nonzero < 0.9 * learner.capacity().allocated


def test_a_run_that_grows_far_too_large_is_ended(monkeypatch):
    """After its first task, if that is too much already; it loses to every other, by AUROC and by size."""
    learnt, about = [], {"name": "toy", "n_tasks": 2}
    boxes = REGISTRY["den"].boxes
    monkeypatch.setattr(REGISTRY["den"], "boxes", lambda den, task: (learnt.append(task.id), boxes(den, task))[1])
    settings = {"hidden": [4, 4], "epochs_eq2": 1}
    grown = attempt("den", settings, 0, about)
    assert len(learnt) == 2 and grown["validation"] > 0
    monkeypatch.setattr(one_try, "FAR_TOO_LARGE", 1e-9)
    ended = attempt("den", settings, 0, about)
    assert len(learnt) == 3 and ended["validation"] == 0 and 0 < ended["share"]


@pytest.mark.parametrize("method", ["stl", "mtl"])
def test_a_run_says_how_well_and_how_large(method):
    """Against the method learnt task by task, and pairs counted one by one."""
    stream = make_stream("toy", seed=2, n_tasks=2)
    options = {"hidden": [8, 6], "epochs": 3}
    learner = REGISTRY[method](config_of(method, options, "toy"), 2)
    for task in stream.tasks:
        learner.learn(task)
    scores = []
    for task in stream.tasks:
        logits, labels = learner.scores(task.id, task.x_valid)[:, 0], task.y_valid[:, 0]
        wins = logits[labels == 1][:, None] - logits[labels == 0][None, :]
        scores.append(np.mean((wins > 0) + 0.5 * (wins == 0)))
    made = attempt(method, options, 2, {"name": "toy", "n_tasks": 2})
    one = 13 * 8 + 9 * 6 + 7                                  # 12-8-6-1
    parameters = {"stl": 2 * one, "mtl": one + 7}[method]
    assert made["validation"] == pytest.approx(np.mean(scores), abs=1e-12)
    assert made["share"] == pytest.approx(parameters / (2 * (13 * 312 + 313 * 128 + 129)), rel=1e-12)
    assert (made["seed"], made["settings"]) == (2, options) and made["seconds"] > 0


def test_undefined_scores_rank_last(monkeypatch):
    monkeypatch.setattr(REGISTRY["stl"], "scores", lambda self, task_id, x: np.full((len(x), 1), np.nan))
    assert attempt("stl", {"epochs": 0}, 0, {"name": "toy", "n_tasks": 1})["validation"] == 0


# --- the record --------------------------------------------------------------------------------------------------


TOY = {"name": "toy", "n_tasks": 2}


def test_a_record_remembers_by_setting_and_seed(tmp_path):
    tries = Tries(tmp_path / "new" / "stl.jsonl", TOY)
    tries.add(row({"mu": 0.1, "lam": [1, 2]}, 1, validation=0.7))
    again = Tries(tmp_path / "new" / "stl.jsonl", TOY)
    assert ({"lam": [1, 2], "mu": 0.1}, 1) in again and ({"lam": [1, 2], "mu": 0.1}, 0) not in again
    assert again[{"lam": [1, 2], "mu": 0.1}, 1]["validation"] == 0.7 and len(again) == 1


def test_a_torn_line_is_dropped_and_the_next_starts_afresh(tmp_path):
    path = tmp_path / "stl.jsonl"
    Tries(path, TOY).add(row({"mu": 0.0}))
    whole = path.read_text()
    path.write_text(whole + whole[:-1])                       # all but its end: it cannot be told from a torn one
    assert len(read_tries(path)) == 1
    Tries(path, TOY).add(row({"mu": 1.0}))
    assert [row["settings"]["mu"] for row in read_tries(path)] == [0.0, 1.0]


@pytest.mark.parametrize("line, words", [
    ("{}", "line 2: expected the keys"), ("not json", "line 2: expected a try as JSON, got b'not json'"),
    (json.dumps({**row({}), "seed": "0"}), "line 2.seed: expected int"),
    (json.dumps({**row({}), "more": 1}), "line 2: expected the keys"),
])
def test_a_damaged_line_is_named(tmp_path, line, words):
    path = tmp_path / "stl.jsonl"
    path.write_text(json.dumps(row({})) + f"\n{line}\n" + json.dumps(row({})) + "\n")
    with pytest.raises(ValueError, match=re.escape(words)):
        read_tries(path)


def test_tries_on_another_stream_are_refused(tmp_path):
    Tries(tmp_path / "stl.jsonl", TOY).add(row({}))
    for stream in ({"name": "toy"}, {"name": "mnist-variation"}):
        with pytest.raises(ValueError, match=r"holds tries on \{'name': 'toy', 'n_tasks': 2\}, expected"):
            Tries(tmp_path / "stl.jsonl", stream)
    assert read_tries(tmp_path / "stl.jsonl")[0]["stream"] == TOY


def test_ranking_against_brute_force():
    rng = np.random.default_rng(3)
    rows = [row({"mu": float(mu)}, int(seed), float(validation), float(share)) for mu, seed, validation, share in
            zip(rng.integers(0, 12, 60), rng.integers(0, 3, 60), rng.uniform(size=60), rng.uniform(0, 0.25, 60))]
    rows = [row for i, row in enumerate(rows) if all(
        (row["settings"], row["seed"]) != (other["settings"], other["seed"]) for other in rows[:i])]
    expected = sorted(brute_force_judged(rows, 0.12), key=lambda one: -one[0])
    found = judged(rows, 0.12)
    assert 2 < len(expected) < len(found)                     # some were too large
    for (mean, settings, share), setting in zip(expected, found):
        assert setting.settings == settings
        assert (setting.mean, setting.share) == pytest.approx((mean, share), rel=1e-12)
    assert all(setting.share > 0.12 for setting in found[len(expected):])
    best = best_tries(rows, 0.12)
    keys = [(row["share"] > 0.12, -row["validation"]) for row in best]
    assert keys == sorted(keys) and len(best) == sum(row["seed"] == 0 for row in rows)


def test_a_setting_tried_twice_counts_once():
    rows = [row({"mu": 0}, seed, validation) for seed, validation in ((0, 0.4), (0, 0.4), (0, 0.4), (1, 0.7), (2, 0.7))]
    [setting] = judged(rows, 1.0)
    assert setting.mean == pytest.approx(0.6) and setting.validation == (0.4, 0.7, 0.7)


# --- the spaces --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", TUNABLE)
def test_every_draw_is_a_setting_of_the_method(method):
    space, rng = space_of(method), np.random.default_rng(0)
    setting = space.start
    for _ in range(50):
        setting = space.redrawn(setting, rng, second=True)
        for drawn in (setting, space.drawn(rng)):
            config = config_of(method, drawn)
            assert all(getattr(config, name) == getattr(config_of(method, {name: value}), name)
                       for name, value in drawn.items() if name not in space.later)
    assert config_of(method, setting) != config_of(method, space.start)


def test_draws_keep_to_their_ranges():
    rng = np.random.default_rng(0)
    numbers = np.array([log_uniform(1e-3, 10)(rng) for _ in range(2000)])
    assert numbers.min() >= 1e-3 and numbers.max() <= 10 and numbers.min() < 1.2e-3 and numbers.max() > 8
    assert np.mean(numbers < 0.1) == pytest.approx(0.5, abs=0.05)          # half of the range of logarithms
    assert all(float(f"{number:.1e}") == number for number in numbers)
    drawn = [choice("a", "a", "b")(rng) for _ in range(2000)]
    assert drawn.count("a") / 2000 == pytest.approx(2 / 3, abs=0.05) and set(drawn) == {"a", "b"}
    assert each(choice(1), choice(2))(rng) == (1, 2)


def test_redrawing_changes_one_to_three_options():
    space = Space({}, {name: lambda rng: rng.uniform() for name in "abcdef"}, later={"g": lambda rng: rng.uniform()})
    rng, start = np.random.default_rng(0), dict.fromkeys("abcdefg", 0.0)
    for second in (False, True):
        many = [space.redrawn(start, rng, second) for _ in range(300)]
        assert {sum(value != 0 for value in setting.values()) for setting in many} == {1, 2, 3}
        assert {name for setting in many for name in setting if setting[name]} == set("abcdefg" if second else "abcdef")


def test_few_options_are_redrawn_as_far_as_there_are_any():
    space, rng = Space({}, {"a": lambda rng: rng.uniform()}), np.random.default_rng(0)
    assert all(set(space.redrawn({"a": 0.0, "b": 1.0}, rng, False)) == {"a", "b"} for _ in range(20))
    with pytest.raises(ValueError, match="draws: expected at least one option that is drawn, got none"):
        Space({"a": 1.0}, {})


@dataclasses.dataclass(frozen=True)
class Odd(Settings):
    """Options of every kind."""

    step: float = option(0.2, "", at_least(0, above=True))
    beta: float = option(0.9, "", at_least(0, below=1))
    zero: float = option(0.0, "", at_least(0))
    endless: float = option(float("inf"), "", at_least(0, infinite=True))
    units: int = option(8, "", integer(4))
    fixed: int = option(3, "", one_of(3))
    flag: bool = option(True, "", one_of(True, False))
    layers: tuple = option((3, 2), "", integer(1, many=True))


def test_a_method_without_a_space_is_tuned_around_its_defaults():
    space, rng = space_around(Odd), np.random.default_rng(0)
    drawn = [space.drawn(rng) for _ in range(400)]
    assert all(set(setting) == {"step", "units"} for setting in drawn) and space.start == {}
    steps = np.array([setting["step"] for setting in drawn])
    assert steps.min() >= 0.02 and steps.max() <= 2 and steps.min() < 0.03 and steps.max() > 1.5
    assert {setting["units"] for setting in drawn} == {4, 8, 16}
    with pytest.raises(ValueError, match="method: expected one that says what may be drawn .* got one with Settings"):
        space_around(Settings)


def test_half_of_1_is_1():
    @dataclasses.dataclass(frozen=True)
    class One(Settings):
        patience: int = option(1, "", integer(1))
        added: int = option(1, "", integer(0))

    space, rng = space_around(One), np.random.default_rng(0)
    assert {(name, value) for _ in range(50) for name, value in space.drawn(rng).items()} == {
        ("patience", 1), ("patience", 2), ("added", 1), ("added", 2)}


def test_what_a_setting_leaves_out_does_not_move_with_the_defaults():
    space = space_of("mtl")
    config = config_of("mtl", {"batch": 256})
    assert config.batch == 256 and config.step == space.unnamed["step"] != REGISTRY["mtl"].Config().step
    assert config_of("mtl", {}, "toy").hidden == PRESETS["toy"][NetworkMethod]["hidden"]


def test_what_is_not_tuned_is_refused(tmp_path):
    with pytest.raises(ValueError, match="method: expected one that can be tuned .*ewc.*, got 'dnn-l1'"):
        tune("dnn-l1", out=tmp_path)
    with pytest.raises(ValueError, match="n_tasks: expected an integer from 1 to 4, got 9"):
        tune("stl", "toy", out=tmp_path, n_tasks=9)


# --- what the records say of the defaults ------------------------------------------------------------------------


@pytest.mark.parametrize("method", TUNED)
def test_the_default_is_on_record_and_the_best_or_says_why_not(method):
    record = MethodRecord(method, read_tries(RECORDS / f"{method}.jsonl"))
    default, best = record.default, record.judged[0]
    assert default is not None, f"{REGISTRY[method].Config()} was not tried with every seed"
    if default.mean < best.mean:
        reasons = (RECORDS / "notes.md").read_text(encoding="utf-8").partition("Defaults that are not the best")[2]
        assert method in re.findall(r"^- (\w+): ", reasons, re.M)
        assert default.mean >= best.mean - (0.005 if method == "den" else 0.001)


def test_dens_default_is_what_the_notes_say():
    """Among the settings within .005 of the best, the only one that undoes nothing and is small with every seed."""
    record = MethodRecord("den", read_tries(RECORDS / "den.jsonl"))
    close = [setting for setting in record.judged if setting.mean >= record.judged[0].mean - 0.005]
    fitting = [setting for setting in close
               if not setting.settings["undo_worse_expansion"] and max(setting.shares) < 0.12]
    assert [record.is_default(setting) for setting in fitting] == [True]
    assert not isinstance(fitting[0].settings["sigma"], list)


def test_every_record_is_of_a_tuned_method():
    assert {"den", "stl", "mtl"} <= set(TUNED) <= set(TUNABLE)


# --- the page ----------------------------------------------------------------------------------------------------


def test_the_page_is_what_the_records_say():
    page = RECORDS.with_suffix(".md").read_text(encoding="utf-8")
    assert page == page_of(RECORDS), "den-ref tune --report --out docs/tuning"


def test_a_page_of_ones_own(tmp_path):
    tries = Tries(tmp_path / "own" / "stl.jsonl", TOY)
    for seed in SEEDS:
        tries.add(row({"step": 0.5, "weight_decay": [0.1, 0.2]}, seed, 0.25 * (seed + 1), 0.125))
        tries.add(row({"step": 0.01}, seed, 0.125 * (seed + 1), 0.125))
    tries.add(row({}, 0, 0.9))
    page = write_page(tmp_path / "own")
    text = page.read_text()
    assert page == tmp_path / "own.md" and text.startswith("# Tuning on toy\n") and "toy with n_tasks 2 and is" in text
    assert "| [stl](own/stl.jsonl) | 3 | 2 | 7 | 0.5000 | 0.2500 |" in text          # the toy's own step is 0.01
    assert "| 0.2500 / 0.5000 / 0.7500 | 0.5000 | 12.5% | step=0.5 weight_decay=0.1,0.2 |" in text
    assert "| 0.1250 / 0.2500 / 0.3750 | 0.2500 (default) | 12.5% | step=0.01 |" in text
    (tmp_path / "own" / "notes.md").write_text("A note.\n")
    assert "\nA note.\n" in page_of(tmp_path / "own")


def test_what_is_spelled_is_what_set_takes():
    for method in TUNABLE:
        setting = space_of(method).drawn(np.random.default_rng(1))
        assert config_of(method, {}).with_text(spelled(setting).split()) == config_of(method, setting)


def test_hours_are_those_of_all_runs_of_all_methods():
    records = [MethodRecord(method, [row({}) | {"seconds": s} for s in seconds])
               for method, seconds in (("den", (3600.0, 5400.0)), ("stl", (1800.0,)))]
    assert cost(records) == "All runs together took 3.0 hours of one core."


def test_fairness_is_counted():
    def record(method, n):
        return MethodRecord(method, [row({"mu": i}) for i in range(n)] + [row({"mu": 0}, 1)])

    assert fairness([record("den", 3), record("stl", 3)]).endswith(": no method had fewer than DEN.")
    assert fairness([record("den", 3), record("stl", 2), record("mtl", 1)]).endswith(
        "fewer tries than DEN (3) had stl (2), mtl (1).")
    assert fairness([record("stl", 2), record("mtl", 1)]) == "A try is a run with the first seed."


# --- the command -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text, words", [
    ("", "METHOD: expected one (den-ref options lists them)"), ("dem", "got 'dem'"),
    ("stl --stream toy --tries 0", "tries: expected an integer >= 1, got 0"),
    ("stl --stream toy --jobs 0", "jobs: expected an integer >= 1"),
    ("stl --stream tov", "stream: expected one of"), ("stl --stream toy --tasks 9", "--tasks: expected"),
    ("stl --stream mnist-back --amat /nowhere", "/nowhere"),
    ("stl --report", "--report: expected no METHOD"), ("--report", "expected a folder with records of a search"),
    ("mtl --stream toy --out {tmp}/mixed", "holds tries on {'name': 'mnist-variation'}, expected {'name': 'toy'}"),
    ("--report --out {tmp}/mixed", "expected records on one stream"), ("stl --stream toy --out {tmp}/file", "file"),
])
def test_misuse_is_status_2_and_one_line(tmp_path, capsys, text, words):
    Tries(tmp_path / "mixed" / "stl.jsonl", TOY).add(row({}))
    Tries(tmp_path / "mixed" / "mtl.jsonl", {"name": "mnist-variation"}).add(row({}))
    (tmp_path / "file").write_text("")
    arguments = text.replace("{tmp}", str(tmp_path)).split()
    assert main(["tune", *arguments, *([] if "--out" in arguments else ["--out", str(tmp_path)])]) == 2
    printed = capsys.readouterr()
    assert words in printed.err and printed.err.count("\n") == 1 and printed.out == ""


def test_what_is_on_record_is_not_run_again(tmp_path, quick, capsys):
    tune("stl", "toy", out=tmp_path, budget=Budget(tries=3))
    before = (tmp_path / "stl.jsonl").read_text()
    assert main(f"tune stl --stream toy --tries 3 --out {tmp_path}".split()) == 0
    printed = capsys.readouterr().out
    best = judged(read_tries(tmp_path / "stl.jsonl"), np.inf)[0]
    assert f"stl on toy: at most 42 runs, {len(before.splitlines())} on record in {tmp_path}/stl.jsonl" in printed
    assert f"{best.mean:.4f}, {best.share:.1%} of STL 312-128: {spelled(best.settings)}" in printed
    assert (tmp_path / "stl.jsonl").read_text() == before and "seed 0:" not in printed
    assert main(f"tune --report --out {tmp_path}".split()) == 0
    assert capsys.readouterr().out == f"{tmp_path}.md\n" and Path(f"{tmp_path}.md").exists()


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_done(tmp_path):
    command = [sys.executable, "-m", "den_ref", "tune", "stl", "--stream", "toy", "--tasks", "1", "--jobs", "1",
               "--out", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines = [process.stdout.readline() for _ in range(2)]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    record = tmp_path / "stl.jsonl"
    assert process.returncode == 130 and err.startswith(f"\ninterrupted: finished runs are on record in {record}\n"
                                                        "go on with: den-ref tune stl ")
    rows = read_tries(tmp_path / "stl.jsonl")
    assert lines[1].startswith(f"seed 0: validation AUROC {rows[0]['validation']:.4f}, ") and len(rows) < 4


def test_the_second_round_has_random_numbers_of_its_own():
    space, asked = space_of("stl"), []

    def ask(runs):
        asked.extend(runs)
        return [{"settings": setting, "seed": seed, "validation": 0.8, "share": 0.1} for setting, seed in runs]

    rounds(space, Budget(tries=1, drawn=1, repeated=1, second=1), ask)
    start, seconds = asked[0][0], [setting for setting, _ in asked[-len(SEEDS):]]
    assert seconds == [space.redrawn(start, search.generator(2, 0), second=True)] * len(SEEDS)
