"""The Fisher information that Eq. 6's pull may be weighted with: the sum over tasks, and what it protects."""

import copy
from dataclasses import replace

import numpy as np
import pytest

from den_ref import loops
from den_ref.den import DEN
from den_ref.den.algorithm import random_network
from den_ref.den.explained import eq4, eq6
from den_ref.den.finetune import FineTuned, FineTunedConfig
from den_ref.den.importance import with_task
from den_ref.den.network import Head
from den_ref.protocol import Diverged
from tests.helpers.short_runs import quick, random_task, run

FISHER = dict(anchor_weights="fisher", dtype="float64")
READINGS = [{}, {"split_original": "keep"}, {"anchor_before_split": "eq4"}, {"outputs": 3, "loss": "softmax"}]


def summed_in_loops(result) -> dict:
    """{("W", l, i, j) or ("b", l, j): F}: each stage's Fisher information, sample by sample, in the whole network."""
    total = {}
    for t, (task, network) in enumerate(zip(result.tasks, result.ends, strict=True), 1):
        units, head = network.visible(t), network.heads[t - 1]
        cut = [w[np.ix_(units[l], units[l + 1])] for l, w in enumerate(network.weights)]
        biases = [b[units[l + 1]] for l, b in enumerate(network.biases)]
        own = loops.fisher_diagonal(task.x_train.astype(float), task.y_train, task.loss, "exact", cut, biases,
                                    head.weights[units[-1]], head.bias)
        for l, (w, b) in enumerate(zip(own["fisher_weights"], own["fisher_biases"])):
            for q, j in enumerate(units[l + 1]):
                total["b", l, j] = total.get(("b", l, j), 0) + b[q]
                for p, i in enumerate(units[l]):
                    total["W", l, i, j] = total.get(("W", l, i, j), 0) + w[p, q]
    return total


@pytest.mark.parametrize("options", READINGS, ids=str)
def test_it_is_the_sum_over_the_tasks_learnt(options):
    """Units that came, retired or were copied in between included."""
    result = run(n_tasks=3, **FISHER, **options)
    importance, expected = result.den.importance, summed_in_loops(result)
    for l, (w, b) in enumerate(zip(importance.weights, importance.biases, strict=True)):
        assert w.shape == result.den.network.weights[l].shape and b.shape == result.den.network.biases[l].shape
        for index, value in np.ndenumerate(w):
            assert value == pytest.approx(expected.get(("W", l, *index), 0), rel=1e-9, abs=1e-15)
        for (j,), value in np.ndenumerate(b):
            assert value == pytest.approx(expected.get(("b", l, j), 0), rel=1e-9, abs=1e-15)
    if options.get("split_original") != "keep":
        assert any((gone <= 3).any() for gone in result.den.network.retired), "somebody retired on the way"


def test_a_run_that_pulls_all_weights_alike_keeps_none():
    result = run(n_tasks=3)
    assert result.den.importance is None and result.den.capacity().stored.keys() == {"birth"}
    assert not [name for name in result.den.state() if "fisher" in name]


def test_the_option_has_an_effect_from_the_second_task_on():
    weighted, plain = (run(n_tasks=3, dtype="float64", anchor_weights=kind) for kind in ("fisher", "equal"))
    same = [all(np.array_equal(a, b) for a, b in zip(one.weights, other.weights))
            for one, other in zip(weighted.ends, plain.ends)]
    assert same == [True, False, False]


def test_a_strong_pull_holds_what_mattered_and_lets_go_what_did_not():
    """lam beyond all measure: in Eq. 6 after the split, old weights with F = 0 move and the others hardly do."""
    result = run(n_tasks=2, **FISHER, lam=1e9, sigma=1e9, mu=0.0, weight_decay=0.0, max_splits=0)
    first, second = result.ends
    importance = with_task(None, first, result.tasks[0])
    held, free = [], []
    for l, (then, f) in enumerate(zip(first.weights, importance.weights)):
        moved = np.abs(second.weights[l][:then.shape[0], :then.shape[1]] - then)
        held.append(moved[f > 1e-4].max(initial=0))
        free.append(moved[(f == 0) & (then != 0)].max(initial=0))
    assert max(held) < 1e-3 * max(free) or max(free) == 0
    equal = run(n_tasks=2, dtype="float64", lam=0.0, sigma=1e9, mu=0.0, weight_decay=0.0, max_splits=0).ends[1]
    assert max(np.abs(equal.weights[l][:w.shape[0], :w.shape[1]] - w).max() for l, w in enumerate(first.weights)) > 100 * max(held)


@pytest.mark.parametrize("kind", [DEN, FineTuned], ids=lambda kind: kind.name)
def test_it_is_stored_and_goes_on_bit_for_bit(kind):
    config = quick((5, 4), kind.Config, **FISHER)
    tasks = [random_task(t, "float64") for t in (1, 2, 3)]
    straight, broken = kind(config), kind(config)
    for task in tasks:
        straight.learn(task)
    for task in tasks[:2]:
        broken.learn(task)
    again = kind.from_state(broken.state(), config, seen=tasks[:2])
    again.learn(tasks[2])
    one, other = straight.state(), again.state()
    assert one.keys() == other.keys() and {"fisher/weights/0", "fisher/biases/1"} <= one.keys()
    assert all(np.array_equal(one[name], other[name]) for name in one)
    assert straight.capacity().stored["fisher"] == sum(a.size for name, a in one.items() if name.startswith("fisher/"))


def test_a_state_without_it_is_refused():
    den = run(n_tasks=2, **FISHER).den
    plain = {name: array for name, array in den.state().items() if not name.startswith("fisher/")}
    with pytest.raises(ValueError, match="fisher/weights: expected 2 arrays, got 0"):
        DEN.from_state(plain, den.config)
    small = den.state() | {"fisher/weights/1": np.zeros((1, 1))}
    with pytest.raises(ValueError, match="fisher/weights/1: expected float64"):
        DEN.from_state(small, den.config)


def test_a_stage_that_is_abandoned_leaves_it_alone():
    den = copy.copy(run(n_tasks=2, **FISHER).den)
    before = den.importance
    steps = den.steps(random_task(9, "float64"))
    for _ in range(3):
        next(steps)
    steps.close()
    assert den.importance is before


def test_what_is_not_finite_is_told():
    network = random_network(5, quick((3,), dtype="float64"), np.random.default_rng(0))
    head = Head("task 1", 1, np.full((3, 1), 1e300), np.zeros(1))
    broken = replace(network, weights=[np.full((5, 3), 1e300)]).with_head(head)
    with np.errstate(all="ignore"), pytest.raises(Diverged, match="the Fisher information of W"):
        with_task(None, broken, random_task(1, "float64"))


def test_reports_say_it():
    options = FineTunedConfig().to_dict()
    for formula in (eq4, eq6):
        assert "F_i" not in formula(options).text
        assert "λ_l Σ_{i ∈" in formula(options | {"anchor_weights": "fisher"}).text
    sparse = eq4(options | {"mu_eq4": (0.0, 0.1)})
    assert "μ_{4,l} Σ_{i j} |W_{S,l, i j}|" in sparse.text and "mu_eq4" in sparse.options and "μ_{4" not in eq4(options).text
