"""What counts as right, and which mistake gives a wrong answer."""

from types import SimpleNamespace

import numpy as np
import pytest

from den_ref.golden import cases
from den_ref.golden.compare import difference, differences
from den_ref.golden.diagnose import diagnose
from den_ref.golden.judge import judge

NAN, INF = np.nan, np.inf


def is_right(got, want, tolerance="f64", precision="f64"):
    return difference("w", got, want, tolerance, precision) is None


@pytest.mark.parametrize("got, want, tolerance, right", [
    ([1.0, 2.0], [1.0, 2.0], "exact", True),
    ([1.0, np.nextafter(2, 3)], [1.0, 2.0], "exact", False),
    ([1.0, 2 + 1.9e-10], [1.0, 2.0], "f64", True), ([1.0, 2 + 2.3e-10], [1.0, 2.0], "f64", False),
    ([0.9e-9, 1000.0], [0.0, 1000.0], "f64", True), ([1.1e-9, 1000.0], [0.0, 1000.0], "f64", False),
    ([0.9e-9, -1000.0], [0.0, -1000.0], "f64", True), ([1.1e-9, -1000.0], [0.0, -1000.0], "f64", False),
    ([1e-300], [0.0], "f64", False),
    ([0.0, 1000 + 9e-8], [0.0, 1000.0], "sparse", True), ([1e-12, 1000.0], [0.0, 1000.0], "sparse", False),
    ([-0.0, 1.0], [0.0, 1.0], "sparse", True), ([0.0, 1 + 2e-10], [0.0, 1.0], "sparse", False),
    ([1.00009], [1.0], "f32", True), ([1.0002], [1.0], "f32", False),
    ([1 + 9e-7], [1.0], "solve", True), ([1 + 2e-6], [1.0], "solve", False),
    ([3, 4], [3, 4], "exact", True), ([3, 5], [3, 4], "exact", False), ([3, 5], [3, 4], "f64", False),
    ([True], [True], "exact", True), ([True], [False], "exact", False),
    # NaN and infinities: only where they are expected
    ([NAN], [1.0], "f64", False), ([NAN], [1.0], "exact", False), ([1.0], [NAN], "f64", False),
    ([NAN], [NAN], "exact", True),
    ([INF], [INF], "f64", True), ([-INF], [INF], "f64", False), ([1.0], [INF], "f64", False),
    ([INF], [1.0], "f64", False),
    ([NAN], [INF], "f64", False), ([1.5, INF], [1.0, INF], "f64", False), ([1.5, INF], [1.0, INF], "exact", False),
    # shapes and kinds
    ([1.0], [1.0, 1.0], "f64", False), ([[1.0]], [1.0], "f64", False), (1.0, [1.0], "f64", False),
    ([1], [1.0], "f64", False), ([1.0], [1], "exact", False), ([1], [True], "exact", False),
    ([True], [1.0], "f64", False),
    # bounds
    ([0.0], [1e-9], "bound", True), ([1e-9], [1e-9], "bound", True), ([2e-9], [1e-9], "bound", False),
    ([-1e-12], [1e-9], "bound", False), ([NAN], [1e-9], "bound", False),
])
def test_arrays(got, want, tolerance, right):
    assert is_right(np.array(got), np.array(want), tolerance) is right


@pytest.mark.parametrize("got, want, right", [
    (0.5, 0.5, True), (0.6, 0.5, False), (0, 0.0, True), (1, 1.0, True), (True, 1.0, False), (1.0, 1, False),
    (np.array(0.5), 0.5, True), (NAN, NAN, True), (NAN, 0.5, False), ("keep", "keep", True), ("keep", "retire", False),
    ("keep", 1.0, False), (1.0, "keep", False),
])
def test_plain_values(got, want, right):
    assert is_right(got, want, "exact") is right


def test_nothing_is_asked_of_the_dtype_of_empty_arrays():
    assert is_right(np.zeros((0, 2)), np.zeros((0, 2), int)) and not is_right(np.zeros((0, 2)), np.zeros((0, 3), int))


def test_single_precision_leaves_zeros_at_zero():
    assert is_right([0.0, 1.00005], np.array([0.0, 1.0]), "sparse", "f32")
    assert not is_right([1e-7, 1.0], np.array([0.0, 1.0]), "sparse", "f32")


def test_a_threshold_that_leaves_crumbs_is_not_the_soft_threshold():
    def crumbs(w, step, mu):
        w = np.sign(w) * np.maximum(np.abs(w) - step * mu, 0)
        return {"w": np.where(w == 0, 1e-13, w)}

    case, = cases("soft_threshold/mixed-signs")
    assert differences(case, crumbs(**case.arguments()))


def test_single_precision_widens_f64_solve_and_bound_only():
    assert is_right([1.00009], np.array([1.0]), "f64", "f32") and not is_right([1.00009], np.array([1.0]), "f64")
    assert is_right([1.002], np.array([1.0]), "solve", "f32") and not is_right([1.004], np.array([1.0]), "solve", "f32")
    assert is_right([9e-4], np.array([1e-9]), "bound", "f32") and not is_right([2e-3], np.array([1e-9]), "bound", "f32")
    assert not is_right([1.0001], np.array([1.0]), "exact", "f32")
    assert is_right(np.array([0.1], np.float32), np.array([0.1]), "f64", "f32")


def test_a_difference_names_the_worst_entry():
    found = difference("w", np.array([[1.0, 2.5], [3.25, 4.0]]), np.array([[1.0, 2.0], [3.0, 4.0]]), "exact")
    assert (found.index, found.got, found.want, found.off, found.size) == ((0, 1), 2.5, 2.0, 2, 4)
    assert str(found) == "w: 2 of 4 entries off, the worst is w[0, 1]: got 2.5, want 2, off by 0.5"
    with_nan = difference("w", np.array([9.0, NAN]), np.array([1.0, 2.0]), "f64")
    assert with_nan.index == (1,) and str(with_nan).endswith("got nan, want 2")
    assert str(difference("w", 3, 4, "exact")) == "w: got 3, want 4, off by 1"
    assert str(difference("r", 0.5, 0.25, "bound")) == "r: got 0.5, want at most 0.25"
    assert str(difference("w", np.ones(2), np.ones(3), "exact")) == "w: expected shape (3,), got (2,)"
    assert str(difference("w", np.ones(2, int), np.ones(2), "exact")) == "w: expected dtype float, got integer"


# --- whole answers -----------------------------------------------------------------------------------------------


def case(expected, wrong, name="case", tolerance="f64"):
    vector = SimpleNamespace(outputs=dict.fromkeys(expected, "float64"), mistakes=dict.fromkeys(wrong, "It was done."))
    return SimpleNamespace(id=name, expected=expected, wrong=wrong, inputs={}, vector=vector,
                           tolerance_of=lambda name: tolerance)


def named(*answers):
    """The names of the mistakes that a few answers to cases of one operation are known to come from, as told."""
    known = set().union(*(case.wrong for case, _ in answers))
    return [one.name for one in diagnose([judge(*answer) for answer in answers]) if one.name in known]


def test_outputs_in_their_order_then_what_was_not_asked_for():
    found = differences(case({"a": 1.0, "b": 2.0, "c": 3.0}, {}), {"d": 1.0, "c": 3.0, "b": 9.0})
    assert [(one.field, one.what) for one in found] == [("a", "missing"), ("b", "value"), ("d", "unexpected")]
    assert differences(case({"a": 1.0}, {}), {"a": 1.0}) == []


WRONG = {"vague": {"a": "differs"}, "doubled": {"a": 2.0}, "both": {"a": 2.0, "b": 4.0}, "broken": {"a": NAN},
         "random-b": {"b": "differs"}, "half-known": {"a": 5.0, "b": "differs"},
         "reshaped": {"a": np.array([1.0, 1.0])}}


@pytest.mark.parametrize("a, b, mistakes", [
    (2.0, 2.0, ["doubled", "vague"]), (7.0, 2.0, ["vague"]), (2.0, 4.0, ["both"]), (NAN, 2.0, ["broken", "vague"]),
    (1.0, 8.0, ["random-b"]), (5.0, 8.0, ["half-known"]), (2.0, 5.0, ["doubled"]), (2 + 1e-3, 2.0, ["vague"]), (1.0, 2.0, []),
    (np.array([1.0, 1.0]), 2.0, ["reshaped"]),
])
def test_mistakes_are_named(a, b, mistakes):
    assert named((case({"a": 1.0, "b": 2.0}, WRONG), {"a": a, "b": b})) == mistakes


@pytest.mark.parametrize("a, mistakes", [(2.0, ["doubled", "vague"]), (np.nextafter(2, 3), ["doubled", "vague"]),
                                         (np.nextafter(1, 2), ["vague"]), (2.1, ["vague"])])
def test_a_mistake_is_named_up_to_rounding_where_the_right_answer_must_be_exact(a, mistakes):
    assert named((case({"a": 1.0, "b": 2.0}, WRONG, tolerance="exact"), {"a": a, "b": 2.0})) == mistakes


def test_a_mistake_may_add_an_output():
    grown = case({"kept/0": 1.0}, {"one-more": {"kept/1": 3.0}})
    assert named((grown, {"kept/0": 1.0, "kept/1": 3.0})) == ["one-more"]
    assert named((grown, {"kept/0": 1.0, "kept/1": 4.0})) == []
    assert named((grown, {"kept/0": 1.0})) == []
