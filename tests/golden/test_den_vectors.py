"""The golden values of DEN itself: every mistake named, every row of the edge table asked, oracles checked too."""

from collections import Counter
from dataclasses import replace
from decimal import Context, Decimal, localcontext
from types import SimpleNamespace

import numpy as np
import pytest
from den_ref import loops
from den_ref.den import DEN, algorithm, expansion
from den_ref.golden import cases, check, vectors
from tests import own_answers as own
from den_ref.loops.splitting import Place, split_edge
from tests.oracles import high_precision as hp
from tests.oracles.equations import Parameters, gradient
from tests.oracles.operations import den_trace, recipes, select_units, split_units, unit_drift, useless_units
from tests.oracles.small_networks import drawn_network, overlap
from tests.oracles.trace import Run
from tests.helpers.den_mutants import MUTANTS as WRITTEN
from tests.helpers.listed_mutants import DEN as LISTED

MUTANTS = WRITTEN | LISTED
OPERATIONS = sorted({operation for operation, _ in MUTANTS})

# --- the mistakes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [pytest.param(key, marks=pytest.mark.slow if key[0] == "den_trace" else ())
                                 for key in sorted(MUTANTS)], ids="/".join)
def test_a_mistake_of_den_is_caught_and_named(key):
    operation, mistake = key
    results = check(SimpleNamespace(**{operation: MUTANTS[key]}), operation)
    first = [result.mistakes[0] for result in results if result.mistakes]
    assert first and Counter(first).most_common(1)[0][0] == mistake


def test_every_mistake_of_den_has_a_mutant():
    named = {(vector.operation, mistake) for vector in vectors() for mistake in vector.mistakes}
    assert {key for key in named if key[0] in OPERATIONS} == set(MUTANTS) and len(OPERATIONS) == 11


#: What golden values were asked to name from the start, as far as it concerns DEN's own boxes: where it is named.
ASKED = {
    "threshold not multiplied by the step": [("den_trace", "threshold-not-scaled")],
    "L1 applied to biases": [("den_trace", "l1-on-biases")],
    "the two shrinkages in the wrong order": [("den_trace", "shrinkages-swapped")],
    "group = row instead of column": [("den_trace", "rows-as-groups")],
    "group cut in two": [("den_trace", "group-cut-in-two")],
    "selection looks only at output 0": [("select_units", "output-0-only")],
    "selection uses today's weights": [("select_units", "todays-weights")],
    "selection uses positive weights only": [("select_units", "positive-only")],
    "one gradient step instead of solving Eq. 3": [("den_trace", "one-gradient-step")],
    "old and new weights aliased": [(name, "aliased-copy") for name in (
        "insert_subnetwork", "unit_drift", "split_units", "den_trace")],
    "the least drifted units split": [("most_drifted", "least-drifted")],
    "drift over outgoing weights": [("unit_drift", "outgoing-weights"), ("den_trace", "outgoing-weights")],
    "split skipped without expansion": [("den_trace", "split-only-after-expansion")],
    "copies given fresh random biases": [("split_units", "fresh-biases")],
    "old heads see new units": [("predict_task", "old-tasks-see-new-units"), ("den_trace", "old-tasks-see-new-units")],
    "half factor in Eq. 6": [("den_trace", "half-factor")],
}


@pytest.mark.parametrize("what", ASKED)
def test_what_was_asked_for_is_named(what):
    assert set(ASKED[what]) <= set(MUTANTS)


def test_the_released_code_is_mentioned_where_a_mistake_comes_from_it():
    sentences = [vector.mistakes[mistake] for what in ASKED.values() for operation, mistake in what
                 for vector in vectors() if vector.operation == operation]
    assert sum("released code" in sentence for sentence in sentences) > 8


# --- the whole run -----------------------------------------------------------------------------------------------

#: Mistake -> the first box that is wrong in the case "three-layers", in which every one shows.
FIRST_BOX = {
    "threshold-not-scaled": "t1_eq2", "l1-on-biases": "t1_eq2", "useless-units-stay": "t2_prune",
    "one-gradient-step": "t2_eq3", "output-0-only": "t2_select", "zero-edges-free": "t3_eq4",
    "shrinkages-swapped": "t2_eq5", "rows-as-groups": "t2_eq5", "group-cut-in-two": "t2_eq5", "half-factor": "t2_eq6",
    "new-to-older-edges-pulled": "t2_eq6", "aliased-copy": "t2_eq6", "outgoing-weights": "t2_split",
    "relative-drift": "t2_split",
    "copies-of-the-old": "t2_split", "other-reading": "t2_split",
    "no-second-eq6": "t2_eq6_after", "split-only-after-expansion": "t3_eq6", "old-tasks-see-new-units": "end",
}


@pytest.mark.slow
@pytest.mark.parametrize("mistake", FIRST_BOX)
def test_the_first_box_that_differs_is_reported_first(mistake):
    adapter = SimpleNamespace(den_trace=MUTANTS["den_trace", mistake])
    [result] = check(adapter, "den_trace/three-layers")
    assert result.differences[0].field.startswith(FIRST_BOX[mistake] + "_")


def test_every_mistake_of_the_run_has_its_box():
    assert {mistake for operation, mistake in MUTANTS if operation == "den_trace"} == set(FIRST_BOX)


def without(box, boxes):
    """The generator ``boxes`` that does not tell of one kind of box."""
    def told(*arguments):
        network = None
        for step in boxes(*arguments):
            if step.box != box:
                yield step
            network = step.after
        return network

    return told


def left_out(network, stage, *rest):
    """A generator of no box."""
    return network
    yield


def spoilt_first(network, stage):
    """Eq. 2 from other biases."""
    return (yield from WHOLE_NETWORK(replace(network, biases=[b + 1 for b in network.biases]), stage))


def spoilt_start(network, stage):
    """New units of half the size."""
    started = RANDOM_NEW_UNITS(network, stage)
    return replace(started, weights=[w / 2 for w in started.weights])


WHOLE_NETWORK, RANDOM_NEW_UNITS = algorithm.whole_network, expansion.random_new_units
#: A part of ``den``, a wrong one in its place -> the first box that is then wrong.
SPOILT = {
    (DEN, "boxes_of", without("prune", DEN.boxes_of)): "t1_prune",
    (algorithm, "whole_network", spoilt_first): "t1_eq2",
    (algorithm, "selective_retraining", without("eq4", algorithm.selective_retraining)): "t2_eq4",
    (algorithm, "dynamic_expansion", left_out): "t2_eq5",
    (expansion, "random_new_units", spoilt_start): "t2_eq5",
    (algorithm, "split_and_duplicate", left_out): "t2_eq6",
}


@pytest.mark.parametrize("part", SPOILT, ids=lambda part: part[1])
def test_the_golden_run_runs_the_algorithm_itself(part, monkeypatch):
    """Not a copy of it: spoil a part of ``den``, and the run is wrong from there on."""
    monkeypatch.setattr(*part)
    [result] = check(own, "den_trace/three-tasks")
    assert result.differences[0].field.startswith(SPOILT[part] + "_")


@pytest.mark.parametrize("case", cases("den_trace"), ids=str)
def test_a_run_is_told_in_the_order_of_its_boxes(case):
    boxes = [den_trace.box_of(name) for name in case.expected]
    order = [den_trace.ORDER.index(box) if box else len(den_trace.ORDER) for box in boxes]
    assert order == sorted(order) and len(set(order)) >= 15


def test_the_runs_pass_through_every_kind_of_box():
    three, two, nothing, _ = (case.expected for case in cases("den_trace"))
    assert any(len(nothing[f"t1_prune_useless/{l}"]) for l in (0, 1))
    assert 0 < len(three["t2_select_selected/1"]) < len(three["t1_prune_biases/0"])
    assert all(len(three[f"t2_split_split/{l}"]) for l in (0, 1)) and three["t2_loss_expand"]
    assert not three["t3_loss_expand"] and any(len(three[f"t3_split_split/{l}"]) for l in (0, 1))
    assert two["t2_loss_expand"] and two["t3_loss_expand"] and (two["t2_split_retired/0"] == 2).any()
    assert not any(len(nothing[f"t2_select_selected/{l}"]) for l in range(3)) and "t2_eq4_weights/0" not in nothing


def test_a_run_has_three_layers_two_outputs_and_a_stage_that_adds_and_splits_nothing():
    run = cases("den_trace/three-layers")[0].expected
    assert run["t1_prune_heads/0"].shape[1] == 2 and "t1_prune_weights/2" in run
    assert not run["t3_loss_expand"] and not any(len(run[f"t3_split_split/{l}"]) for l in range(3))
    assert all((run[f"t2_split_retired/{l}"] == 2).any() for l in range(3))
    assert all(len(run[f"t2_prune_biases/{l}"]) > len(run[f"t1_prune_biases/{l}"]) for l in range(3))   # Eq. 5's units


def test_eq6_meets_edges_from_new_units_into_older_ones_in_a_run():
    run = cases("den_trace/three-layers")[0].expected
    for l in (1, 2):
        p, q = run[f"t1_prune_weights/{l}"].shape
        assert run[f"t2_eq6_weights/{l}"][p:, :q].any()


@pytest.mark.parametrize("case", cases("den_trace"), ids=str)
def test_the_run_of_den_ref_is_well_within_its_tolerance(case):
    """Two implementations that share nothing: decimals on masked arrays, and float64 on cut-outs."""
    told = own.den_trace(**case.arguments())
    for name, want in case.expected.items():
        field, _, l = name.partition("/")
        got = np.asarray(told[field][int(l)] if l else told[field], float)
        scale = max(1, np.abs(want).max(initial=0))
        assert np.abs(got - want).max(initial=0) <= (1e-13 if name.startswith("t1") else 1e-8) * scale


# --- the oracle of the run ---------------------------------------------------------------------------------------


@pytest.fixture
def digits():
    with localcontext(Context(prec=hp.DIGITS)):
        yield


def small_parameters(seed) -> tuple:
    """Parameters of a 3-4-3-1 network, what is seen of it, samples and labels, in decimals."""
    rng, sizes = np.random.default_rng(seed), [3, 4, 3]
    arrays = [[rng.normal(size=pair) for pair in zip(sizes, sizes[1:])], [rng.normal(size=n) for n in sizes[1:]],
              rng.normal(size=(3, 1)), rng.normal(size=1)]
    seen = [np.array([True, True, False, True]), np.array([True, False, True])]
    return (Parameters(*map(hp.to_decimal, arrays)), seen, hp.to_decimal(rng.normal(size=(5, 3))),
            hp.to_decimal(rng.integers(0, 2, (5, 1)).astype(float)))


def test_its_gradient_is_that_of_differences(digits):
    p, seen, x, y = small_parameters(0)

    def value():
        h = x
        for w, b, units in zip(p.weights, p.biases, seen):
            h = hp.relu(h @ w + b) * units
        return hp.sigmoid_loss(h @ p.head + p.head_bias, y)

    grad = gradient(p, seen, x, y)
    pairs = [*zip(p.weights, grad.weights), *zip(p.biases, grad.biases), (p.head, grad.head),
             (p.head_bias, grad.head_bias)]
    for array, slope in pairs:
        assert all(abs(one) < Decimal("1e-28") for one in (hp.central_differences(value, array) - slope).ravel())
        assert any(one != 0 for one in slope.ravel())


def test_its_eq3_meets_the_optimality_conditions_in_floats(digits):
    """KKT of the stored head, from scratch: at nonzero weights the gradient is -mu sign, elsewhere at most mu."""
    given = cases("den_trace/three-tasks")[0].arguments()
    run = Run(**given)
    run.solve_eq2()
    run.prune(1)
    run.t = 2
    run.solve_eq3()
    head, bias, h = run.net["heads"][-1], run.net["head_biases"][-1], given["x"][1]
    for w, b in zip(run.net["weights"], run.net["biases"]):
        h = np.maximum(h @ w + b, 0)
    slope = (1 / (1 + np.exp(-(h @ head + bias))) - given["y"][1]) / len(h)
    pull = (h.T @ slope).ravel() + given["mu_head"] * np.sign(head.ravel())
    assert abs(pull[head.ravel() != 0]).max() < 1e-14 and abs(slope.sum()) < 1e-14
    assert (abs(pull[head.ravel() == 0]) < given["mu_head"]).all() and (head == 0).any()


# --- the oracles of selection and surgery, on networks that are not stored ---------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_oracles_agree_with_both_implementations(seed):
    network = drawn_network(seed, 4, [6, 5, 4], 4, new=3, density=0.3, outputs=2, retire=0.5)
    body = {name: network[name] for name in ("weights", "introduced", "retired")}
    asked = {
        "select_units": body | {"stage": 4, "head": network["heads"][-1], "current_weights": network["weights"]},
        "useless_units": network | {"stage": 4},
        "split_units": split_units.drawn_case(seed, 0.4, "retire"),
        "unit_drift": unit_drift.drawn_case(seed, 4, [5, 4], 3, "relative"),
    }
    for name, inputs in asked.items():
        want = recipes()[name].oracle(**inputs)
        assert_alike(getattr(own, name)(**inputs), want)
        assert_alike(named(getattr(loops, name)(**inputs), want), want)


def named(answer, want) -> dict:
    """What a function of the loops returns, by name: a single output is returned as it is, a few as a tuple."""
    if isinstance(answer, dict):
        return answer
    return dict(zip(want, [answer] if len(want) == 1 else answer, strict=True))


def assert_alike(got, want):
    assert got.keys() == want.keys()
    for name in want:
        for a, b in zip(got[name], want[name], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12, err_msg=name)


def test_drawn_networks_are_legal():
    for seed in range(5):
        network = drawn_network(seed, 3, [6, 5], 4, new=2, retire=0.6)
        lives = list(zip(network["introduced"], network["retired"]))
        assert not network["weights"][1][~overlap(*lives)].any()
        for head, t in zip(network["heads"], network["head_stages"]):
            assert not head[~((lives[1][0] <= t) & (t < lives[1][1]))].any()
        assert any((gone < 4).any() for _, gone in lives)


# --- coverage ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reading", [0, 1], ids=["retire", "keep"])
def test_every_row_of_the_edge_table_is_asked(reading):
    met = set()
    for question in recipes()["split_units"].questions:
        inputs = question.inputs() if callable(question.inputs) else question.inputs
        if inputs["original"] == ("retire", "keep")[reading]:
            layers = split_units.Table(**inputs).layers
            met |= {(lower, upper) for below, above in zip(layers, layers[1:])
                    for lower, _ in below for upper, _ in above}
    assert met == {pair for pair, sources in split_units.EDGES.items() if sources[reading] is not None}


def test_the_edge_table_is_that_of_the_loops():
    """Every entry where its source shows: W^{t-1} in the hundreds, W^t in the two-hundreds."""
    now, before = np.full((1, 1), 200.0), np.full((1, 1), 100.0)
    for (lower, upper), sources in split_units.EDGES.items():
        for original, source in zip(("retire", "keep"), sources):
            if source is not None:
                got = split_edge(Place(lower, 0), Place(upper, 0), now, before, original)
                assert got == {split_units.BEFORE: 100, split_units.NOW: 200, split_units.ZERO: 0}[source]


@pytest.mark.parametrize("name", OPERATIONS)
def test_cases_are_several_and_one_is_large(name):
    sizes = [sum(np.size(value) for value in case.inputs.values()) for case in cases(name)]
    assert len(sizes) >= 3 and max(sizes) > 60


def test_nothing_everything_and_one_are_asked():
    about = {name: " ".join(case.id + case.about for case in cases(name)) for name in OPERATIONS}
    assert "nothing-selected" in about["select_units"] and "everything-selected" in about["select_units"]
    assert "none-survive" in about["delete_units"] and "all-survive" in about["delete_units"]
    assert "everything" in about["split_units"] and "nothing" in about["split_units"]
    assert "tie" in about["most_drifted"] and "one-unit" in about["select_units"]
    assert "folds" in about["useless_units"] and "older-stays" in about["useless_units"]


def test_walks_of_the_mistakes_start_from_the_right_one():
    """The matrix walk that mistakes are made of is right itself, unless a switch is thrown."""
    for question in select_units.QUESTIONS:
        inputs = question.inputs() if callable(question.inputs) else question.inputs
        assert_alike(select_units.walk(**inputs), select_units.oracle(**inputs))


def test_a_removal_with_no_rule_changed_is_the_oracle():
    for question in useless_units.QUESTIONS:
        inputs = question.inputs() if callable(question.inputs) else question.inputs
        assert_alike(useless_units.Removal(**inputs).outputs(), useless_units.oracle(**inputs))
