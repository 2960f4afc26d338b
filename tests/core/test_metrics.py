"""Metrics against loops that say the definition word for word."""

import numpy as np
import pytest

from den_ref.core.metrics import (
    accuracy, auroc, average_performance, backward_transfer, forgetting, forward_transfer, head_auroc, intransigence,
    learning_performance,
)


def auroc_by_pairs(scores, labels):
    """The definition: every pair of a positive and a negative, one by one."""
    wins = pairs = 0
    for score, label in zip(scores, labels):
        for other, other_label in zip(scores, labels):
            if label == 1 and other_label == 0:
                pairs += 1
                wins += 1 if score > other else 0.5 if score == other else 0
    return wins / pairs


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("levels", [2, 5, 1000])
def test_auroc_counts_pairs_with_ties_one_half(seed, levels):
    rng = np.random.default_rng(seed)
    scores, labels = rng.integers(levels, size=40) / levels, np.r_[0, 1, rng.integers(2, size=38)]
    assert auroc(scores, labels) == pytest.approx(auroc_by_pairs(scores, labels), abs=1e-14)


def test_auroc_of_a_constant_is_one_half_and_of_a_perfect_order_one():
    labels = np.array([0, 1, 1, 0])
    assert auroc(np.zeros(4), labels) == 0.5
    assert auroc(labels.astype(np.float32), labels) == 1.0
    assert auroc(-labels, labels) == 0.0


@pytest.mark.parametrize("labels", [[0, 0], [1, 1], []])
def test_auroc_of_one_class_is_nan(labels):
    assert np.isnan(auroc(np.zeros(len(labels)), labels))


def test_nan_scores_never_pass_for_a_good_model():
    assert np.isnan(auroc([0.0, np.nan], [0, 1]))
    assert np.isnan(accuracy(np.array([[np.nan]]), np.array([[0]]), "sigmoid"))


def test_softmax_auroc_is_the_mean_of_each_class_against_the_rest_by_its_probability():
    rng = np.random.default_rng(1)
    logits, classes = rng.normal(size=(60, 4)), np.r_[0:4, rng.integers(4, size=56)]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = np.mean([auroc_by_pairs(probabilities[:, j], classes == j) for j in range(4)])
    assert head_auroc(logits, classes, "softmax") == pytest.approx(expected, abs=1e-12)


def test_head_auroc_of_several_outputs_is_their_mean():
    rng = np.random.default_rng(2)
    logits, labels = rng.normal(size=(30, 3)), np.vstack([np.zeros(3), np.ones(3), rng.integers(2, size=(28, 3))])
    expected = np.mean([auroc_by_pairs(logits[:, j], labels[:, j]) for j in range(3)])
    assert head_auroc(logits, labels, "sigmoid") == pytest.approx(expected, abs=1e-14)
    labels[:, 1] = 1
    assert np.isnan(head_auroc(logits, labels, "sigmoid"))


def test_softmax_auroc_ranks_by_probability_not_by_logit():
    logits = np.array([[1.0, 5.0], [0.0, -5.0]])            # class 0: probabilities about 0 and 1, logits 1 and 0
    assert head_auroc(logits, [1, 0], "softmax") == 1.0


def test_softmax_auroc_tells_confident_float32_logits_apart():
    """log p of class 0 is -log(1 + exp(-20)) and -log(1 + exp(-21)): 1 - 2e-9 and 1 - 8e-10 are one float32."""
    logits = np.array([[20.0, 0.0], [21.0, 0.0]], np.float32)
    assert head_auroc(logits, [1, 0], "softmax") == 1.0


def test_softmax_auroc_survives_logits_of_1e4():
    logits = np.array([[1e4, 0.0], [-1e4, 0.0], [2e4, 0.0], [-2e4, 0.0]])
    assert head_auroc(logits, [0, 1, 0, 1], "softmax") == 1.0


def test_accuracy():
    assert accuracy(np.array([[0.0, 1.0], [2.0, -1.0]]), np.array([[0, 1], [0, 0]]), "sigmoid") == 0.75
    assert accuracy(np.array([[0.0, 1.0], [2.0, -1.0], [3.0, 4.0]]), np.array([1, 0, 0]), "softmax") == 2 / 3


def lower_triangle(T, seed):
    R = np.random.default_rng(seed).uniform(size=(T, T))
    R[np.triu_indices(T, 1)] = np.nan
    return R


@pytest.mark.parametrize("T", [2, 3, 7])
def test_functions_of_R_against_their_formulas(T):
    R, S = lower_triangle(T, T), np.random.default_rng(0).uniform(size=T)
    average = backward = forgotten = forward = 0.0
    for j in range(1, T + 1):                                # 1-based, as the formulas are printed
        average += R[T - 1, j - 1] / T
        if j < T:
            backward += (R[T - 1, j - 1] - R[j - 1, j - 1]) / (T - 1)
            forgotten += (max(R[i - 1, j - 1] for i in range(j, T)) - R[T - 1, j - 1]) / (T - 1)
        if j > 1:
            forward += (R[j - 1, j - 1] - S[j - 1]) / (T - 1)
    assert average_performance(R) == pytest.approx(average)
    assert backward_transfer(R) == pytest.approx(backward)
    assert forgetting(R) == pytest.approx(forgotten)
    assert forward_transfer(R, S) == pytest.approx(forward)
    assert intransigence(R, S) == pytest.approx(sum(S[k] - R[k, k] for k in range(T)) / T)
    assert average == pytest.approx(learning_performance(R) + (T - 1) / T * backward)


def test_one_task_has_no_transfer_and_no_forgetting():
    assert average_performance([[0.5]]) == 0.5
    for value in (backward_transfer([[0.5]]), forgetting([[0.5]]), forward_transfer([[0.5]], [0.4])):
        assert np.isnan(value)


def test_forgetting_leaves_the_last_stage_out_of_the_maximum():
    assert forgetting([[0.5, np.nan], [0.75, 0.5]]) == -0.25


def test_an_undefined_entry_makes_the_average_undefined():
    R = lower_triangle(3, 0)
    R[1, 0] = np.nan
    assert np.isnan(forgetting(R)) and not np.isnan(backward_transfer(R))


@pytest.mark.parametrize("call, words", [
    (lambda: auroc([0.1, 0.2], [0, 2]), "labels: expected 0 and 1 only"),
    (lambda: auroc([0.1, 0.2], [0]), r"labels: expected shape \(2,\) of 0 and 1, got shape \(1,\)"),
    (lambda: accuracy(np.zeros((2, 1)), np.zeros(2), "sigmoid"), r"labels: expected shape \(2, 1\)"),
    (lambda: accuracy(np.zeros((2, 1)), np.zeros(2), "hinge"), "loss: expected 'sigmoid' or 'softmax', got 'hinge'"),
    (lambda: forgetting(np.zeros((2, 3))), r"R: expected a square matrix .* \(2, 3\)"),
    (lambda: forward_transfer(np.eye(2), [1.0]), "separate: expected one number per task"),
    (lambda: intransigence(np.eye(2), [1.0]), "joint: expected one number per task"),
])
def test_errors_name_the_argument(call, words):
    with pytest.raises(ValueError, match=words):
        call()
