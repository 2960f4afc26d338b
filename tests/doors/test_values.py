"""Values that were wrong without a word: each is an example of a kind."""

from dataclasses import replace

import den_ref
import numpy as np
import pytest
from den_ref.core import layers, metrics
from den_ref.core.adam import proximal_adam_step, proximal_sgd_step
from den_ref.core.checks import check_gradient, check_prox
from den_ref.core.losses import sigmoid_cross_entropy, softmax_cross_entropy
from den_ref.core.flat import Flat
from den_ref.core.problem import Part, Problem
from den_ref.core.penalties import (
    L1, GroupLasso, SparseGroupLasso, SquaredL2, Sum, column_norms, group_soft_threshold, group_soft_threshold_metric,
    soft_threshold)
from den_ref.core.solvers import ista_step
from den_ref.den import DEN, surgery
from den_ref.den.network import EMPTY
from den_ref.doors import door, inner
from den_ref.methods import STL
from den_ref.protocol import Task
from den_ref.tasks import make_stream, stream_from_arrays
from tests.helpers.good_calls import joint_loss, network, small_loss, small_network

THREE_FOUR = np.array([[3, 0], [4, 1]])


@pytest.mark.parametrize("dtype", ["i1", "u1", "i4", "u8", "f2", "f4", "f8"])
def test_integers_and_half_floats_are_computed_as_floats(dtype):
    z = THREE_FOUR.astype(dtype)
    shrunk = [[2.4, 0], [3.2, 0]]
    for result in (group_soft_threshold(z, 1.0), GroupLasso(1.0).prox(z, 1.0), GroupLasso(1).prox_metric(z, 1),
                   group_soft_threshold_metric(z, np.ones((2, 2)), 1)):
        np.testing.assert_allclose(result, shrunk, rtol=1e-6)
    np.testing.assert_allclose(column_norms((z * 25).astype(dtype)), [125, 25], rtol=1e-6)
    np.testing.assert_allclose(soft_threshold(z, 1), [[2, 0], [3, 0]])


@pytest.mark.parametrize(("dtype", "sizes"), [("f4", (1e-40, 1e-23, 1e20, 5e37)), ("f8", (1e-320, 1e-162, 1e154, 5e306))])
def test_a_norm_does_not_square_out_of_range(dtype, sizes):
    for size in sizes:
        z = np.array([[3, 3, 0], [4, 0, 0]], dtype) * np.array(size, dtype) / 4
        size = float(z[1, 0]) / 4                                  # what the dtype has of it
        rtol = 1e-6 if size > 1e-37 else 0.2                       # few digits are left below that
        np.testing.assert_allclose(column_norms(z), [5 * size, 3 * size, 0], rtol=rtol)
        np.testing.assert_allclose(GroupLasso(1.0).value(z), 8 * size, rtol=rtol)
        np.testing.assert_array_equal(GroupLasso(0.0).prox(z, 0.5), z)
        for result in (group_soft_threshold(z, 2.5 * size), group_soft_threshold_metric(z, np.ones_like(z), 2.5 * size)):
            np.testing.assert_allclose(result[:, 0], z[:, 0] / 2, rtol=max(rtol, 1e-6))
            np.testing.assert_allclose(result[:, 1], z[:, 1] / 6, rtol=max(rtol, 2e-6))


def test_the_dtype_follows_the_data():
    w, step = np.ones((2, 2), np.float32), np.float64(0.5)
    for penalty in (L1(1), SquaredL2(np.float64(1)), GroupLasso(1), SparseGroupLasso(1, 1), Sum(SquaredL2(1), L1(1))):
        assert penalty.prox(w, step).dtype == penalty.prox_metric(w, step).dtype == np.float32
        assert ista_step(w, w, penalty, step).dtype == proximal_sgd_step(w, w, w, penalty, step)[0].dtype == np.float32
        assert proximal_adam_step(w, w, w, w, 1, penalty, step)[0].dtype == np.float32


@pytest.mark.parametrize(("call", "words"), [
    (lambda: softmax_cross_entropy(np.zeros((3, 2)), np.array([[0], [1], [0]])), r"labels: expected shape \(3,\)"),
    (lambda: softmax_cross_entropy(np.zeros((3, 2)), np.eye(3, 2)), r"labels: expected shape \(3,\) of classes"),
    (lambda: softmax_cross_entropy(np.zeros((3, 2)), [0, -1, 1]), r"labels: expected classes 0..1, got -1..1"),
    (lambda: softmax_cross_entropy(np.zeros((3, 2)), [0, 2, 1]), r"labels: expected classes 0..1, got 0..2"),
    (lambda: sigmoid_cross_entropy(np.zeros((3, 3)), np.zeros((3, 1))), r"labels: expected shape \(3, 3\) of 0 and 1"),
    (lambda: sigmoid_cross_entropy(np.zeros((2, 1)), [[-1], [1]]), "labels: expected 0 and 1 only, got -1, 1"),
    (lambda: metrics.accuracy(np.zeros((2, 1)), [[-1], [1]], "sigmoid"), "labels: expected 0 and 1 only"),
    (lambda: metrics.accuracy(np.zeros((2, 1)), [["a"], ["b"]], "sigmoid"), "labels: expected an array of real"),
    (lambda: metrics.head_auroc(np.zeros((2, 2)), [0, 2], "softmax"), r"labels: expected classes 0..1, got 0..2"),
    (lambda: metrics.auroc(np.ma.masked_array([1.0, 2.0], [0, 1]), [0, 1]), "scores: expected an array without masked"),
    (lambda: soft_threshold(1.0, -1), "threshold: expected a number >= 0, got -1"),
    (lambda: GroupLasso(1.0).prox(np.ones((2, 2)), np.nan), "step: expected a number > 0, got nan"),
    (lambda: SquaredL2(1.0, np.ones(3)).prox(np.ones((3, 2)), 1.0), r"z: expected shape \(3,\) as the penalty's"),
    (lambda: layers.affine_forward(np.ones((2, 3)), np.ones((2, 2)), np.ones(2)), r"w: expected shape \(3, n_out\)"),
    (lambda: check_gradient(lambda x: x.sum(), np.ones(2), np.zeros(2), directions=[np.zeros(2)]), "other than 0"),
    (lambda: check_gradient(lambda x: x.sum(), np.ones(2), np.zeros(2), step=1e-300), "step: expected a number >= "),
    (lambda: check_prox(L1(1.0), np.ones(2), step=1.0, trials=10**12), "trials: expected an integer from 0 to 100000"),
])
def test_what_has_no_right_value_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


ROWS = np.array([0, 1])


@pytest.mark.parametrize(("parts", "words"), [
    ([Part("W2")], r"parts\[0\].name: expected one of 'W1', 'V', 'b1', 'c', got 'W2'"),
    ([Part("V"), Part(("W1", "b1"))], "names: expected neighbours"),
    ([Part("W1", index=ROWS)], r"parts\[0\].index: expected slices of W1, got int64 of shape \(2,\)"),
    ([Part("W1", index=np.s_[:, :, 0])], r"parts\[0\].index: expected slices of W1"),
    ([Part("W1", index="first")], r"parts\[0\].index: expected slices of W1, got 'first'"),
    ([Part("V"), Part("W1", index=np.s_[:, :1]), Part("W1")], r"parts\[2\]: expected entries that no other part has"),
    ([Part("W1", pattern=np.ones((2, 3)))], r"parts\[0\].pattern: expected shape \(2, 2\), got shape \(2, 3\)"),
    ([Part("c", pattern=np.array([1, 0]))], r"parts\[0\].pattern: expected 0 only where the start is 0"),
    ([Part("W1"), "V"], r"parts\[1\]: expected a Part, got str 'V'"),
])
def test_parts_that_no_solver_could_train_are_refused(parts, words):
    """A copy would be trained, an entry twice, or one that is held to be 0 and is not: all without a word."""
    with pytest.raises(ValueError, match=words):
        Problem(small_loss(), small_network(), parts)


def test_a_vector_of_another_layout_is_refused():
    other = Flat({"W1": (2, 3), "V": (3, 2), "b1": (3,), "c": (2,)}, np.float64)
    problem = Problem(small_loss(), small_network(), [Part("W1")])
    for call in (problem.penalty, problem.objective, problem.prox_residual, small_loss().value, joint_loss().value,
                 lambda w: joint_loss().value_and_gradient(w, w)):
        with pytest.raises(ValueError, match=r"w: expected a Flat of \{'W1': \(2, 2\).*got \{'W1': \(2, 3\)"):
            call(other)
    with pytest.raises(KeyError, match=r"name: expected one of \['W1', 'V', 'b1', 'c'\], got 'W2'"):
        other["W2"]


def test_test_data_are_checked_before_anything_is_learnt():
    """Of a stream made by hand: all others are checked as they are made."""
    toy = make_stream("toy", n_tasks=2)
    for wrong, words in (({"y_test": None}, r"task.y_test: expected shape"), ({"x_test": None}, "task.x_test: expected"),
                         ({"y_test": toy.tasks[0].y_test - 1}, "task.y_test: expected 0 and 1 only")):
        stream = replace(toy, make=lambda task_id: replace(toy.make(task_id), **wrong))
        with pytest.raises(ValueError, match=words):
            den_ref.run(Unasked, stream)


class Unasked(STL):
    """A method that must not be asked to learn."""

    def boxes(self, task):
        raise AssertionError("it is learnt")


@pytest.mark.parametrize("seed", [-1, 1.0, True, "0", None])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(ValueError, match="seed: expected an integer >= 0, got"):
        STL(seed=seed)
    assert STL(seed=np.int64(3)).seed == 3 and type(STL(seed=np.int64(3)).seed) is int


X, Y = np.arange(12.0).reshape(6, 2), np.array([0, 1, 1, 0, 1, 0])


@pytest.mark.parametrize(("change", "words"), [
    ({"y_train": Y[:, None] * 2 - 1.0}, "task.y_train: expected 0 and 1 only, got -1.0, 1.0"),
    ({"y_valid": Y[:, None] * 255}, "task.y_valid: expected 0 and 1 only, got 0, 255"),
    ({"loss": "softmax", "n_outputs": 2, "y_train": Y + 1, "y_valid": Y}, "task.y_train: expected classes 0..1, got 1..2"),
    ({"loss": "sigmoyd"}, "task.loss: expected 'sigmoid' or 'softmax', got 'sigmoyd'"),
    ({"x_train": X[:0], "y_train": Y[:0, None]}, "task.x_train: expected at least one sample"),
    ({"x_train": np.where(X == 3, np.nan, X)}, r"task.x_train: expected finite numbers, got 1 NaN .* at \(1, 1\)"),
    ({"x_train": np.ma.masked_array(X, X == 3)}, "task.x_train: expected an array without masked entries, got 1"),
    ({"x_train": X.tolist()}, "task.x_train: expected"), ({"n_outputs": 0}, "task.n_outputs: expected an integer >= 1"),
    ({"id": float("nan")}, "task.id: expected an id that equals itself, got nan"),
    ({"id": ["a"]}, "task.id: expected something hashable"),
    ({"image": (1, 1, 1)}, r"task.image: expected height, width and channels whose product is %d, the inputs, got \(1, 1"
     % X.shape[1]),
    ({"image": (X.shape[1], 1)}, "task.image: expected 3 parts, got 2"),
    ({"image": (X.shape[1], 1, 1.0)}, r"task.image\[2\]: expected an integer >= 1, got 1.0"),
])
def test_a_task_made_by_hand_is_checked_before_it_is_learnt(change, words):
    task = Task(**{"id": "a", "x_train": X, "y_train": Y[:, None], "x_valid": X, "y_valid": Y[:, None], **change})
    for method in (DEN(), STL()):
        with pytest.raises(ValueError, match=words):
            method.learn(task)
        assert method.tasks == []


def test_a_nan_score_is_no_class():
    stl = STL(STL.Config(hidden=(2,), epochs=1))
    stl.learn(Task("a", X, Y[:, None], X, Y[:, None]))
    holed = X.copy()
    holed[2, 1] = np.nan
    assert np.isnan(stl.scores("a", holed)).any(axis=1).tolist() == [False, False, True, False, False, False]
    with pytest.raises(ValueError, match="x: expected samples with scores, got NaN for 1, first in row 2"):
        stl.predict("a", holed)


@pytest.mark.parametrize(("call", "words"), [
    (lambda n: surgery.delete_units(n, [np.array([True, False, False]), []]), r"units\[0\]: .* got a mask"),
    (lambda n: surgery.delete_units(n, [[3], []]), r"units\[0\]: expected integers from 0 to 2, got 3..3"),
    (lambda n: surgery.delete_units(n, [[-1], []]), r"units\[0\]: expected integers from 0 to 2, got -1..-1"),
    (lambda n: surgery.delete_units(n, [[0]]), "units: expected 2 parts, one for each layer, got 1"),
    (lambda n: surgery.append_units(n, [-1, 2], 3), r"counts\[0\]: expected an integer >= 0, got -1"),
    (lambda n: surgery.append_units(n, [1, 2], 2.5), "stage: expected an integer >= 1, got 2.5"),
    (lambda n: surgery.split_units(n, n, [[0], []], 2, original="Retire"), "original: expected 'retire' or 'keep'"),
    (lambda n: surgery.split_units(n, n, [[0]], 2), "split: expected 2 parts"),
    (lambda n: surgery.split_units(n, n, [[2], []], 2), r"split\[0\]: expected units that are older than stage 2"),
    (lambda n: surgery.split_units(n, EMPTY, [[0], []], 2), "previous: expected a network whose units"),
    (lambda n: n.scores("b", np.ones((2, 3))), r"x: expected shape \(n, 2\), got shape \(2, 3\)"),
])
def test_surgery_refuses_what_it_cannot_do(call, words):
    with pytest.raises(ValueError, match=words):
        call(network())


@pytest.mark.parametrize(("ids", "words"), [
    ([float("nan"), float("nan")], r"tasks\[0\]: expected an id that equals itself"),
    ([(1, 2), "(1, 2)"], r"tasks\[1\]: expected an id of its own"), (["\ud800"], r"tasks\[0\]: .* written in UTF-8"),
])
def test_ids_that_a_file_cannot_tell_apart_are_refused(ids, words):
    arrays = {f"{letter}_{split}": array for split in ("train", "valid", "test") for letter, array in (("x", X), ("y", Y))}
    with pytest.raises(ValueError, match=words):
        stream_from_arrays([{"id": task_id, **arrays} for task_id in ids])
    with pytest.raises(ValueError, match="y_train: expected every class from 0 to the largest, 2, got none of 0"):
        stream_from_arrays([{"id": "a", **arrays, "y_train": Y + 1}], loss="softmax")


def test_the_formulas_are_behind_the_doors():
    assert soft_threshold.inner(np.array([np.nan, 2.0]), 1.0)[1] == 1            # no check: loops call this one
    assert inner(L1(1.0).prox)(np.array([np.inf]), 1.0) == np.inf and inner(len) is len
    assert inner(L1(1.0).prox).__self__.strength == 1

    class Mine(L1):
        """A penalty of a user's own gets the doors of the base."""

        def prox(self, z, step):
            return inner(super().prox)(z, step)

    with pytest.raises(ValueError, match="step: expected a number > 0, got 0"):
        Mine(1.0).prox(np.ones(2), 0)

    @door
    def unchecked(x):
        return x

    assert unchecked("anything") == "anything"
