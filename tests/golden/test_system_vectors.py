"""The golden values of the compared systems: what was asked for is named, and their oracles against closed forms."""

import numpy as np
import pytest
from den_ref.golden import cases
from scipy.special import expit, softmax
from tests.oracles.operations import recipes
from tests.helpers.named_mistakes import all_mutants

#: What public code of these systems gets wrong: where it is named.
ASKED = {
    "the square of a batch's mean gradient": ("fisher_diagonal", "batch-squared"),
    "that square times the batch size": ("fisher_diagonal", "batch-squared-times-size"),
    "sum instead of mean over samples": ("fisher_diagonal", "sum-over-samples"),
    "labels of the data for labels of the model": ("fisher_diagonal", "other-kind"),
    "no 1/2 in EWC's penalty": ("ewc_penalty", "half-missing"),
    "separate anchors count early tasks twice": ("ewc_penalty", "early-tasks-counted-twice"),
    "Fisher information averaged over tasks": ("ewc_penalty", "running-mean"),
    "a gradient step of a stiff pull": ("ewc_prox", "gradient-for-prox"),
    "SI's path by the penalised gradient": ("si_path_integral", "penalised-gradient"),
    "SI's start overwritten before dividing": ("si_importance", "start-overwritten"),
    "SI's importance clipped": ("si_importance", "clipped-above"),
    "SI's term clamped, not the sum": ("si_importance", "clamped-before-the-sum"),
    "half factor in SI": ("si_penalty", "half-factor"),
    "IMM's merged tensor not written back": ("imm_mode", "merged-not-written-back"),
    "IMM without its 1e-8": ("imm_mode", "nan-where-no-task-cares"),
    "mu for mu / 2 in ELLA's code": ("ella_code", "threshold-not-halved"),
    "one path of the tied gradient": ("incremental_gradients", "encoder-path-only"),
    "a mean of outgoing weights": ("incremental_merge", "outgoing-averaged"),
    "rows of L for columns": ("ella_bases", "read-by-rows"),
    "the sign left out, as AdaNet's paper prints it": ("adanet_weak_learner", "sign-missing"),
    "a unit of another norm": ("adanet_weak_learner", "p-for-q"),
    "a new layer that costs nothing": ("adanet_coordinate_gain", "penalty-missing"),
    "the score of errors for the gain": ("adanet_coordinate_gain", "score-of-errors"),
    "CapNorm without its cap": ("capnorm_forward", "cap-missing"),
    "a step across w for a turn": ("adarad_step", "step-for-turn"),
    "fan-out for fan-in": ("fan_in_penalty", "fan-out"),
    "a confusion that is not symmetrised": ("tree_partition", "one-triangle-only"),
    "an affinity that is not normalised": ("tree_partition", "unnormalised"),
    "rows of the embedding that are not normalised": ("tree_partition", "rows-not-normalised"),
    "of equals the clones": ("tree_choice", "clones-of-equals"),
    "the most probable class for the way down": ("tree_answer", "most-probable-class"),
    "drop-transfer as plain dropout": ("drop_transfer_layer", "falls-back-to-zero"),
    "half factor in DNN-L2": ("l2_transfer_step", "half-factor"),
    "alpha outside the adapter": ("progressive_forward", "alpha-outside"),
    "the adapter's bias behind its ReLU": ("progressive_forward", "bias-after-relu"),
    "no ReLU in the output adapter": ("progressive_forward", "head-adapter-linear"),
    "no adapter into the classifier": ("progressive_forward", "no-adapter-into-head"),
    "GEM's division by T": ("performance_matrix_variants", "gem-code-as-printed"),
    "Diaz over all columns": ("performance_matrix_variants", "diaz-over-all-columns"),
    "maximum without the last row": ("performance_matrix_variants", "maximum-without-last-stage"),
    "0 for one task": ("performance_matrix_variants", "one-task-is-zero"),
}


@pytest.mark.parametrize("what", ASKED)
def test_what_was_asked_for_is_named(what):
    operation, mistake = ASKED[what]
    assert ASKED[what] in all_mutants() and any(mistake in case.wrong for case in cases(operation))


def given(name):
    case = cases(name)[0]
    return case.arguments(), case.expected


@pytest.mark.parametrize(("name", "probability"), [
    ("several-outputs", expit), ("softmax", lambda z: softmax(z, axis=1))])
def test_exact_information_of_a_head_in_closed_form(name, probability):
    """(1/n) (h * h)^T (p (1 - p)), which the oracle never writes down."""
    inputs, expected = given(f"fisher_diagonal/{name}")
    h = inputs["x"]
    for w, b in zip(inputs["weights"], inputs["biases"]):
        h = np.maximum(h @ w + b, 0)
    p = probability(h @ inputs["head"] + inputs["head_bias"])
    np.testing.assert_allclose(expected["fisher_head"], (h * h).T @ (p * (1 - p)) / len(h), rtol=1e-10)
    np.testing.assert_allclose(expected["fisher_head_bias"], (p * (1 - p)).mean(axis=0), rtol=1e-10)


def test_separate_squares_are_one_square_plus_a_constant():
    inputs, expected = given("ewc_penalty/separate-four-tasks")
    total = sum(inputs["fisher"])
    anchor = sum(f * a for f, a in zip(inputs["fisher"], inputs["learnt"])) / np.where(total > 0, total, 1)
    gradient = inputs["lam"] * total * (inputs["w"] - anchor)
    value, before = (inputs["lam"] / 2 * np.sum(total * (w - anchor) ** 2) for w in (inputs["w"], inputs["learnt"][-1]))
    np.testing.assert_allclose(expected["gradient"], gradient, rtol=1e-10, atol=1e-12)
    assert expected["value"] == pytest.approx(value - before, rel=1e-10)
    assert total[0] == 0 and expected["gradient"][0] == 0


def test_without_a_pull_the_path_integral_is_the_step_times_the_squared_gradients():
    inputs, expected = given("si_path_integral/no-pull")
    np.testing.assert_allclose(expected["omega"], inputs["step"] * sum(g**2 for g in inputs["gradients"]), rtol=1e-12)


@pytest.mark.parametrize("name", ["ewc_prox/stiff", "ewc_prox/larger"])
def test_the_prox_is_a_point_where_the_slope_vanishes(name):
    inputs, expected = given(name)
    pull = inputs["lam"] * inputs["importance"] * (expected["w"] - inputs["anchor"])
    np.testing.assert_allclose((inputs["w"] - expected["w"]) / inputs["step"], pull, rtol=1e-9, atol=1e-9)


def test_columns_without_laterals_are_separate_networks():
    inputs, expected = given("progressive_forward/narrowing")
    cut = inputs | {"laterals": [[0 * U for U in column] for column in inputs["laterals"]]}
    alone = recipes()["progressive_forward"].oracle(**cut)["logits"]
    for k, logits in enumerate(alone):
        plain = recipes()["network_forward"].oracle(
            x=inputs["x"], weights=inputs["weights"][k], biases=inputs["biases"][k], head=inputs["heads"][k],
            head_bias=inputs["head_biases"][k])["logits"]
        np.testing.assert_array_equal(logits, plain)
    assert abs(alone[1] - expected["logits/1"]).max() > 0.1


def test_variants_that_are_identities_of_each_other():
    inputs, expected = given("performance_matrix_variants/larger")
    plain = recipes()["performance_matrix_metrics"].oracle(R=inputs["R"], separate=inputs["joint"])
    n = len(inputs["R"])
    assert expected["forgetting_from_first"] == pytest.approx(-plain["backward_transfer"])
    assert expected["backward_transfer_gem_code"] == pytest.approx(plain["backward_transfer"] * (n - 1) / n)
    assert plain["average_performance"] == pytest.approx(
        expected["learning_performance"] + (n - 1) / n * plain["backward_transfer"])
