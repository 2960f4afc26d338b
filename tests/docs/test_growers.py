"""What networks that grow spend and share: the counts against others, and docs/related.md against its record."""

import numpy as np
import pytest

from den_ref.experiment import run
from den_ref.strict_json import strict_json
from docs.make import growers

CHEAP = {"den": {"epochs_eq2": 40, "epochs_eq4": 5, "epochs_eq5": 5, "epochs_eq6": 5},
         "adanet": {"warm": True, "epochs": 1, "additions": 3}, "nonparametric": {"epochs": 5, "epochs_shrink": 2},
         "incremental-features": {"epochs": 3, "tau": 200, "iterations": 3}}


@pytest.fixture(scope="module")
def runs():
    """Method -> (a short run on the toy, its passes)."""
    made = {}
    for name, settings in CHEAP.items():
        passes = growers.Passes()
        made[name] = run(name, "toy", settings=settings, display=passes, n_tasks=2), passes
    return made


@pytest.mark.parametrize("name", CHEAP)
def test_who_reads_what_adds_up_to_what_the_method_says_of_its_size(runs, name):
    made, _ = runs[name]
    size, found = made.method.capacity(), growers.shared(made.method)
    assert found["parameters"] == size.allocated
    assert sum(t * n for t, n in enumerate(found["readers"], 1)) == sum(size.per_task.values())
    assert (found["shared"] > 0) == (name != "nonparametric")


@pytest.mark.parametrize("name", CHEAP)
def test_what_is_spent_is_told_by_the_steps_and_the_display(runs, name):
    made, passes = runs[name]
    spent = growers.spent(made, passes)
    assert len(spent) == 2 and all(one["multiply_adds"] > 0 and one["passes"] > 0 for one in spent)
    assert spent[0]["rounds"] == {"den": 1, "adanet": 3, "nonparametric": 5}.get(name, spent[0]["rounds"]) > 0
    assert [row[0] for row in growers.units(made)] == sorted(row[0] for row in growers.units(made))


def test_adanets_multiply_adds_are_those_of_its_candidates():
    """One layer of W units on n_0 inputs: the matrix twice, the top's strengths three times, per sample and epoch."""
    passes = growers.Passes()
    settings = {"epochs": 3, "additions": 2, "depth": 1, "width": 5}
    made = run("adanet", "toy", settings=settings, display=passes, n_tasks=1)
    [stage], n = made.stages, 1000
    own = [step["solve"]["multiply_adds"] for step in stage["steps"]]
    inputs = made.method.n_inputs
    assert own[:-1] == [3 * n * (2 * inputs * 5 + 3 * 5)] * 2 and own[-1] == 0
    assert growers.spent(made, passes) == [{"multiply_adds": sum(own), "passes": 6, "rounds": 2}]


# --- the record --------------------------------------------------------------------------------------------------


def test_what_is_on_record_is_not_learnt_again_and_an_interruption_loses_one_run_at_most(tmp_path, monkeypatch):
    learnt = []

    def measured(label, seed):
        learnt.append((label, seed))
        if learnt == [("den", 0), ("den", 1), ("tree", 5)]:
            raise KeyboardInterrupt
        return {"label": label, "seed": seed, "number": len(learnt)}

    monkeypatch.setattr(growers, "RECORD", tmp_path / "growers.json")
    monkeypatch.setattr(growers, "GROWERS", {"den": growers.Grower("", "", seeds=(0, 1)),
                                             "tree": growers.Grower("", "", seeds=(5,))})
    monkeypatch.setattr(growers, "measured", measured)
    with pytest.raises(KeyboardInterrupt):
        growers.learn()
    assert [*growers.on_record()] == [("den", 0), ("den", 1)]
    growers.learn()
    assert learnt[3:] == [("tree", 5)] and [run["number"] for run in growers.on_record().values()] == [1, 2, 4]
    growers.learn(["den"])
    assert learnt[4:] == [("den", 0), ("den", 1)] and [*growers.on_record()] == [("den", 0), ("den", 1), ("tree", 5)]


# --- the page ----------------------------------------------------------------------------------------------------

RUNS = strict_json(growers.RECORD.read_bytes())["runs"]
PAGE = growers.PAGE.read_text("utf-8")


@pytest.mark.parametrize(("name", "table"), [("growers", growers.growers_table), ("tree", growers.tree_table)])
def test_the_tables_are_those_of_the_record_and_can_differ(name, table):
    assert f"<!-- {name}:begin -->\n{table(RUNS)}\n<!-- {name}:end -->" in PAGE, growers.__doc__
    other = [run | {"last": [0.0] * 5, "seed": 9} for run in RUNS]
    assert table(other) not in PAGE


def test_what_the_page_says_of_the_numbers():
    by = {label: [run for run in RUNS if run["label"] == label] for label in growers.GROWERS}
    assert [(run["label"], run["seed"]) for run in RUNS] == [
        (label, seed) for label, one in growers.GROWERS.items() for seed in one.seeds]
    branches = [sum(node["children"] > 0 for node in run["nodes"]) for run in by.pop("tree")]
    assert sorted(branches) == [0, 0, 1, 1, 1]

    def means(of):
        return {label: np.mean([of(run) for run in runs]) for label, runs in by.items()}

    share, auroc, cost = means(growers.share), means(lambda run: np.mean(run["last"])), means(growers.per_unit)
    assert not any(share[label] for label in share if "nonparametric" in label or label.startswith("adanet")
                   and "warm" not in label)
    assert [f"{share[label]:.0%}" for label in ("adanet-warm", "adanet-warm-digits", "den", "den-digits")] == [
        "13%", "4%", "47%", "67%"]
    assert [f"{auroc[label]:.3f}" for label in ("adanet-warm", "adanet", "adanet-warm-digits")] == [
        "0.988", "0.990", "0.820"] and f"{np.mean(by['adanet-digits'][0]['last']):.3f}" == "0.831"
    assert f"{cost['adanet-warm'] / cost['adanet']:.1f}" == "2.5"
    assert all(task["rounds"] <= 1 if label.startswith("den") else task["rounds"] >= 4
               for label, runs in by.items() for run in runs for task in run["spent"])
    toy = [label for label in by if not label.endswith("digits")]
    assert sorted(toy, key=cost.get)[-2:] == ["den", "adanet-warm"]
    assert cost["nonparametric-digits"] < cost["den-digits"] < cost["adanet-digits"] < cost[
        "incremental-features-digits"]
    assert all((np.diff(run["units"], axis=0) > 0).all() for run in by["den-digits"])
