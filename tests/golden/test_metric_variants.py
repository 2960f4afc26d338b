"""Variants of the metrics: worked by hand, against loops over the printed formulas, and against each other."""

import numpy as np
import pytest

from den_ref.core.metrics import backward_transfer, forgetting
from tests.own_answers import metric_variants as variants

R = np.array([[0.9, 0.1, 0.1], [0.6, 0.9, 0.2], [0.5, 0.7, 0.9]])
B = np.array([0.1, 0.1, 0.1])


def test_a_matrix_worked_by_hand():
    assert variants.backward_transfer_diaz(R) == pytest.approx(-0.3)         # (-.3 - .4 - .2) / 3
    assert variants.backward_transfer_gem_code(R) == pytest.approx(-0.2)     # (-.4 - .2 + 0) / 3
    assert variants.remembering_diaz(R) == pytest.approx(0.7)
    assert variants.positive_backward_transfer_diaz(R) == 0.0
    assert variants.forward_transfer_lopez_paz(R, B) == pytest.approx(0.05)  # (0 + .1) / 2
    assert variants.forward_transfer_diaz(R) == pytest.approx(0.4 / 3)
    assert variants.accuracy_diaz(R) == pytest.approx(0.75)
    assert variants.forgetting_with_last(R) == pytest.approx(0.3)
    assert variants.forgetting_from_first(R) == pytest.approx(0.3)


def full(T, seed):
    return np.random.default_rng(seed).uniform(size=(T, T))


@pytest.mark.parametrize("T", [2, 3, 6])
def test_against_loops_over_the_formulas(T):
    M, b = full(T, T), full(T, 99)[0]
    diaz = above = lower = first = ahead = 0.0
    for i in range(1, T + 1):                                                # 1-based, as printed
        for j in range(1, T + 1):
            entry = M[i - 1, j - 1]
            if j < i:
                diaz += (entry - M[j - 1, j - 1]) * 2 / (T * (T - 1))
            if j > i:
                above += entry * 2 / (T * (T - 1))
            if j <= i:
                lower += entry * 2 / (T * (T + 1))
        if i > 1:
            ahead += (M[i - 2, i - 1] - b[i - 1]) / (T - 1)
        if i < T:
            first += (max(M[k - 1, i - 1] for k in range(i, T + 1)) - M[T - 1, i - 1]) / (T - 1)
    assert variants.backward_transfer_diaz(M) == pytest.approx(diaz)
    assert variants.forward_transfer_diaz(M) == pytest.approx(above)
    assert variants.accuracy_diaz(M) == pytest.approx(lower)
    assert variants.forward_transfer_lopez_paz(M, b) == pytest.approx(ahead)
    assert variants.forgetting_with_last(M) == pytest.approx(first)


@pytest.mark.parametrize("seed", range(5))
def test_how_they_are_ordered(seed):
    M = full(5, seed)
    M[np.triu_indices(5, 1)] = np.nan
    assert forgetting(M) <= variants.forgetting_with_last(M)
    assert forgetting(M) >= variants.forgetting_from_first(M)                # the maximum includes the first entry
    assert variants.forgetting_with_last(M) >= 0
    assert variants.forgetting_from_first(M) == -backward_transfer(M)
    assert np.isnan(variants.forward_transfer_diaz(M))                       # never measured: NaN, not 0
    assert np.isnan(variants.forward_transfer_lopez_paz(M, np.zeros(5)))


def test_a_gain_is_not_something_forgotten():
    gained = [[0.5, 0.1], [0.75, 0.9]]
    assert variants.remembering_diaz(gained) == 1.0
    assert variants.positive_backward_transfer_diaz(gained) == 0.25


def test_one_task_has_no_transfer():
    for value in (variants.backward_transfer_diaz([[0.5]]), variants.forgetting_with_last([[0.5]]),
                  variants.forward_transfer_diaz([[0.5]]), variants.forward_transfer_lopez_paz([[0.5]], [0.1]),
                  variants.remembering_diaz([[0.5]]), variants.positive_backward_transfer_diaz([[0.5]])):
        assert np.isnan(value)


def test_a_model_that_shrinks_is_no_more_than_fully_efficient():
    assert variants.model_size_efficiency([100, 50, 50]) == 1.0
    assert variants.model_size_efficiency([100, 200]) == 0.75


@pytest.mark.parametrize(("call", "words"), [
    (lambda: variants.forward_transfer_lopez_paz(R, [0.1]), "untrained: expected one number per task"),
    (lambda: variants.accuracy_diaz(np.zeros((2, 3))), "R: expected a square matrix"),
    (lambda: variants.model_size_efficiency([1, 0]), "sizes: expected numbers > 0"),
])
def test_errors_name_the_argument(call, words):
    with pytest.raises(ValueError, match=words):
        call()
