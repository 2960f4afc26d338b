"""The loops themselves: by hand, by finite differences, and by the definitions they claim to solve."""

import inspect
import math

import numpy as np
import pytest
from den_ref import loops
from den_ref.core.checks import check_gradient, check_prox
from den_ref.golden import vectors
from den_ref.loops import penalties, solvers
from den_ref.loops.arrays import NEVER
from den_ref.loops.splitting import places

OPERATIONS = {vector.operation: vector for vector in vectors() if vector.operation != "den_trace"}


@pytest.mark.parametrize("name", OPERATIONS)
def test_named_and_called_as_the_golden_operation(name):
    """The golden cases themselves are asked in tests/golden; here: the arguments, in their order.

    Those after the * are for networks with filters, which no golden case has.
    """
    asked = dict.fromkeys(argument.partition("/")[0] for argument in OPERATIONS[name].inputs)
    parameters = inspect.signature(getattr(loops, name)).parameters.values()
    assert [one.name for one in parameters if one.kind is not one.KEYWORD_ONLY] == list(asked)


@pytest.mark.parametrize("loss", ["sigmoid", "softmax"])
@pytest.mark.parametrize("widths", [[], [4], [4, 3], [3, 1, 2]], ids=str)
def test_network_gradients_by_finite_differences(loss, widths):
    rng = np.random.default_rng(len(widths))
    sizes = [3, *widths, 2]
    shapes = list(zip(sizes[:-1], sizes[1:], strict=True))
    ends = np.cumsum([0] + [(i + 1) * j for i, j in shapes])
    x, y = rng.normal(size=(5, 3)), np.eye(2)[rng.integers(0, 2, 5)] if loss == "softmax" else rng.integers(0, 2, (5, 2))

    def f(vector):
        parts = [vector[a:b].reshape(i + 1, j) for a, b, (i, j) in zip(ends[:-1], ends[1:], shapes, strict=True)]
        *hidden, head = [(part[:-1], part[-1]) for part in parts]
        network = [w for w, _ in hidden], [b for _, b in hidden], *head
        value, dw, db, dv, dc = loops.network_backward(x, y, loss, *network).values()
        return value, np.concatenate([np.vstack([w, b]).ravel() for w, b in zip([*dw, dv], [*db, dc], strict=True)])

    report = check_gradient(f, rng.normal(size=ends[-1]), directions=4)
    assert report, report


def test_forward_by_hand():
    """Two units, of which the second is silent: h = (1*2 + 2*1 + 1, 0) = (5, 0), logit 5*3 + 0*9 - 1 = 14."""
    w, b = np.array([[2.0, -1.0], [1.0, -1.0]]), np.array([1.0, 0.0])
    x = np.array([[1.0, 2.0]])
    (hidden,), logits = loops.network_forward(x, [w], [b], np.array([[3.0], [9.0]]), np.array([-1.0]))
    np.testing.assert_array_equal(loops.affine_forward(x, w, b), [[5, -3]])
    np.testing.assert_array_equal(hidden, [[5, 0]])
    np.testing.assert_array_equal(logits, [[14]])


def test_losses_by_their_textbook_formulas():
    z, y = np.array([[0.3, -1.2], [2.0, 0.1]]), np.array([[1, 0], [0, 1]])
    p = 1 / (1 + np.exp(-z))
    assert loops.sigmoid_cross_entropy(z, y)[0] == pytest.approx(-(y * np.log(p) + (1 - y) * np.log(1 - p)).sum() / 2)
    q = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    assert loops.softmax_cross_entropy(z, [0, 1])[0] == pytest.approx(-(np.log(q[0, 0]) + np.log(q[1, 1])) / 2)


def test_losses_at_huge_logits():
    value, slope = loops.sigmoid_cross_entropy(np.array([[1e4, -1e4, 0.0]]), np.array([[0, 1, 1]]))
    assert value == pytest.approx(2e4 + math.log(2)) and slope.tolist() == [[1, -1, -0.5]]
    value, slope = loops.softmax_cross_entropy(np.array([[1e4, 0.0, -1e4]]), np.array([2]))
    assert value == 2e4 and slope.tolist() == [[1, 0, -1]]


Z = np.array([[1.5, -0.2], [-2.0, 0.1]])
D = np.array([[1.0, 3.0], [0.2, 5.0]])
ANCHOR = np.array([[0.5, 0.0], [-3.0, 1.0]])
PENALTIES = {
    "l1": (lambda u: penalties.l1_value(u, 0.3), lambda z, s: penalties.soft_threshold(z, s, 0.3),
           lambda z, d: penalties.soft_threshold_metric(z, d, 0.3)),
    "squared_l2": (lambda u: penalties.squared_l2_value(u, 0.3, ANCHOR),
                   lambda z, s: penalties.squared_l2_prox(z, s, 0.3, ANCHOR),
                   lambda z, d: penalties.squared_l2_prox_metric(z, d, 0.3, ANCHOR)),
    "group": (lambda u: penalties.group_lasso_value(u, 0.3), lambda z, s: penalties.group_soft_threshold(z, s, 0.3),
              lambda z, d: penalties.group_soft_threshold_metric(z, d, 0.3)),
    "sparse_group": (lambda u: penalties.sparse_group_value(u, 0.2, 0.3),
                     lambda z, s: penalties.sparse_group_prox(z, s, 0.2, 0.3),
                     lambda z, d: penalties.sparse_group_prox_metric(z, d, 0.2, 0.3)),
}


@pytest.mark.parametrize("name", PENALTIES)
def test_proxes_minimise_what_they_say(name):
    value, prox, prox_metric = PENALTIES[name]
    assert check_prox((value, prox), Z, step=0.5)
    assert check_prox((value, prox_metric), Z, metric=D)


def test_values_by_hand():
    w = np.array([[3.0, 0.0], [-4.0, 2.0]])
    assert penalties.l1_value(w, 2.0) == 18
    assert penalties.squared_l2_value(w, 2.0) == 29
    assert penalties.squared_l2_value(w, 2.0, anchor=1.0) == 4 + 25 + 1 + 1
    assert penalties.group_lasso_value(w, 2.0) == 2 * (5 + 2)
    assert penalties.group_lasso_value(w.ravel(), 2.0) == pytest.approx(2 * math.sqrt(29))
    assert penalties.sparse_group_value(w, 1.0, 2.0) == 9 + 14


def test_completed_square_differs_by_a_constant():
    squares = [(0.3, ANCHOR), (2.0, 0.0)]
    centre, curvature = penalties.complete_squares(Z, D, squares)

    def apart(u):
        all_of_them = (D * (u - Z) ** 2).sum() / 2 + sum(s / 2 * ((u - a) ** 2).sum() for s, a in squares)
        return all_of_them - (curvature * (u - centre) ** 2).sum() / 2

    points = np.random.default_rng(0).normal(size=(5, 2, 2))
    np.testing.assert_allclose([apart(u) for u in points], apart(Z), rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_secular_root_has_its_residual(scale):
    z, d = np.array([3.0, -0.5, 0.1]) * scale, np.array([1e-3, 2.0, 1e3]) / scale
    r = penalties.secular_root(list(z), list(d), 0.8)
    assert ((d * z / (d * r + 0.8)) ** 2).sum() == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("loss", ["sigmoid", "softmax"])
def test_the_head_is_no_better_anywhere_near(loss):
    """Eq. 3 is convex: what no small step improves is its minimum, and the residual says so."""
    rng = np.random.default_rng(3)
    features, y = rng.normal(size=(10, 2)), np.eye(3)[np.arange(10) % 3]
    objective, support, residual = loops.solve_head(features, y, loss, 0.1)
    assert residual <= 1e-9 and 0 < support.sum() < support.size
    head, bias = solvers.fitted_head(features, y, loss, 0.1)
    for scale in (1.0, 1e-2, 1e-4):
        for _ in range(20):
            at = loops.objective_eq3(features, y, loss, head + scale * rng.normal(size=head.shape),
                                     bias + scale * rng.normal(size=3), 0.1)
            assert at["smooth"] + at["penalty"] > objective


def test_residual_by_hand():
    """At 2 the gradient -0.5 is pulled back by 0.3; at 0 the pull makes up for 0.3 of 0.4; the bias has 0.15."""
    at = {"dhead": np.array([[-0.5], [0.4]]), "dhead_bias": np.array([0.15])}
    assert solvers.residual(np.array([[2.0], [0.0]]), at, 0.3) == pytest.approx(0.2)
    assert solvers.residual(np.array([[0.0], [0.0]]), {**at, "dhead": at["dhead"] / 8}, 0.3) == pytest.approx(0.15)


def test_a_unit_that_retires_at_a_stage_is_not_seen_by_it():
    kinds = [place.kind for place in places(born=[1, 1, 1, 3], gone=[NEVER, 3, NEVER, NEVER], split=[2], stage=3)]
    assert kinds == ["older", "retired", "split", "new", "copy"]


def test_a_task_is_found_by_its_stage_where_stages_skip_numbers():
    x, one = np.array([[2.0]]), np.ones((1, 1))
    logits = [loops.predict_task(x, [one], [np.zeros(1)], [np.array([1])], [np.array([NEVER])], [one, 3 * one],
                                 [np.zeros(1), np.zeros(1)], [2, 5], stage).item() for stage in (2, 5)]
    assert logits == [2.0, 6.0]


@pytest.mark.parametrize(("sizes", "efficiency"), [([4, 8], 0.75), ([4, 4], 1.0), ([4, 2], 1.0)])
def test_a_model_that_shrinks_is_no_more_than_efficient(sizes, efficiency):
    R, zeros = np.array([[0.5, 0.5], [0.5, 0.5]]), np.zeros(2)
    assert loops.performance_matrix_variants(R, zeros, zeros, sizes)["model_size_efficiency"] == efficiency
