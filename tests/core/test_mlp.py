"""The network's data loss against the loops: depths 0 to 4, known units, several heads, batches and blocks."""

import numpy as np
import pytest
from den_ref import loops
from den_ref.core import mlp
from den_ref.core.checks import check_gradient
from den_ref.core.flat import Flat
from den_ref.core.mlp import DataLoss, JointLoss
from den_ref.core.problem import Part, Problem

WIDTHS = [[], [4], [5, 3], [4, 3, 2], [3, 4, 1, 3]]


def network(widths, n_inputs=4, n_outputs=3, dtype=np.float64, seed=0):
    """(weights, biases, head, head_bias), all random."""
    rng = np.random.default_rng(seed)
    sizes = [n_inputs, *widths, n_outputs]
    pairs = list(zip(sizes[:-1], sizes[1:], strict=True))
    matrices = [rng.normal(size=pair).astype(dtype) for pair in pairs]
    vectors = [rng.normal(size=pair[1]).astype(dtype) for pair in pairs]
    return matrices[:-1], vectors[:-1], matrices[-1], vectors[-1]


def data(n=11, n_inputs=4, n_outputs=3, loss="sigmoid", seed=1):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, n_inputs))
    y = rng.integers(0, n_outputs, n) if loss == "softmax" else rng.integers(0, 2, (n, n_outputs)).astype(float)
    return x, y


def gradient_by_loops(x, y, net, loss="sigmoid"):
    """Value, and gradient as a flat vector."""
    labels = np.eye(net[2].shape[1])[y] if loss == "softmax" else y
    value, *grads = loops.network_backward(x, labels, loss, *net).values()
    return value, mlp.pack(*grads, np.float64)


# --- value and gradient ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["sigmoid", "softmax"])
@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_value_and_gradient_equal_the_loops(widths, loss):
    net, (x, y) = network(widths), data(loss=loss)
    flat = mlp.pack(*net, np.float64)
    grad = flat.like(np.full(flat.vector.shape, np.nan))
    smooth = DataLoss(flat, x, y, loss, block=11)
    value, expected = gradient_by_loops(x, y, net, loss)
    assert smooth.value_and_gradient(flat, grad, np.arange(11)) == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(grad.vector, expected.vector, rtol=1e-11, atol=1e-14)
    assert smooth.value(flat) == pytest.approx(value, rel=1e-13)


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_gradient_by_finite_differences(widths):
    net, (x, y) = network(widths, seed=2), data()
    flat = mlp.pack(*net, np.float64)
    smooth = DataLoss(flat, x, y)

    def f(vector):
        grad = flat.like()
        return smooth.value_and_gradient(flat.like(vector), grad), grad.vector

    report = check_gradient(f, flat.vector)
    assert report, report


def test_network_on_a_kink_is_reported():
    """A unit without weights and bias has a = 0 for every sample: no finite difference can judge it."""
    (w,), (b,), head, head_bias = network([5], seed=2)
    w[:, 2], b[2] = 0, 0
    flat, (x, y) = mlp.pack([w], [b], head, head_bias, np.float64), data()
    problem = Problem(DataLoss(flat, x, y), flat, [Part(tuple(flat.shapes))])
    report = check_gradient(problem.smooth, flat.vector)
    assert not report and report.kinks == 10 and "undecided" in str(report)
    head_only = Problem(problem.loss, flat, [Part("V"), Part("c")])
    along_the_head = flat.like()
    along_the_head["V"][...] = 1
    assert check_gradient(head_only.smooth, flat.vector, directions=[along_the_head.vector])


def squared_error(outputs, targets):
    """mean over samples of norm(output - target)^2 / 2: what an autoencoder minimises."""
    away = outputs - targets
    return float((away**2).sum()) / (2 * len(away)), away / len(away)


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_a_loss_of_ones_own(widths):
    """Targets are real numbers, handed to the loss as they are."""
    net, (x, _) = network(widths, seed=2), data()
    targets = np.random.default_rng(3).normal(size=(11, 3))
    flat, seen = mlp.pack(*net, np.float64), []
    smooth = DataLoss(flat, x, targets, lambda z, y: seen.append(y) or squared_error(z, y), block=4)
    _, outputs = loops.network_forward(x, *net)
    assert smooth.value(flat) == pytest.approx(np.mean([((a - b) ** 2).sum() / 2 for a, b in zip(outputs, targets)]))
    np.testing.assert_array_equal(np.concatenate(seen), targets)
    assert DataLoss(flat, x, list("abc"), squared_error).y == list("abc")

    def f(vector):
        grad = flat.like()
        return smooth.value_and_gradient(flat.like(vector), grad), grad.vector

    assert (report := check_gradient(f, flat.vector)), report
    smooth.loss = lambda z, y: (squared_error(z, y)[0], squared_error(z, y)[1] / 2)
    assert not check_gradient(f, flat.vector)


def test_an_unknown_loss_is_named():
    with pytest.raises(ValueError, match="loss: expected one of sigmoid, softmax, or a function, got 'hinge'"):
        DataLoss(mlp.pack(*network([2]), np.float64), *data(), "hinge")


def test_a_network_of_another_kind_is_forward_and_backward():
    """One linear layer in the place of all layers, by a subclass: batches, blocks, loss and scale come with it."""
    class Linear(DataLoss):
        def forward(self, w, x, rows):
            return x @ w["V"] + w["c"] + rows[:, None] * w["V"].sum(), (x, rows)

        def backward(self, w, grad, delta, cache):
            x, rows = cache
            grad["V"][...] = x.T @ delta + (rows @ delta).sum()
            grad["c"][...] = delta.sum(axis=0)

    flat, (x, y) = mlp.pack(*network([]), np.float64), data()
    smooth = Linear(flat, 0.1 * x, y, block=4, scale=2.0)

    def f(vector):
        grad = flat.like()
        return smooth.value_and_gradient(flat.like(vector), grad), grad.vector

    assert (report := check_gradient(f, flat.vector)), report
    assert smooth.value(flat) == pytest.approx(f(flat.vector)[0], rel=1e-13)


@pytest.mark.parametrize(("n", "rows"), [(11, 4), (11, 11), (11, 1), (8, 4), (1, 4)])
def test_blocks_of_rows_give_the_whole(n, rows):
    """11 rows in blocks of 4: the last block has 3, and counts as 3."""
    net, (x, y) = network([5, 3]), data(n)
    flat, (value, expected) = mlp.pack(*net, np.float64), gradient_by_loops(x, y, net)
    grad = flat.like()
    smooth = DataLoss(flat, x, y, block=rows)
    assert smooth.value_and_gradient(flat, grad) == pytest.approx(value, rel=1e-13)
    assert smooth.value(flat) == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(grad.vector, expected.vector, rtol=1e-11, atol=1e-14)


def test_chosen_rows_are_those_rows_and_short_batches_leave_nothing_behind():
    net, (x, y) = network([5, 3]), data()
    flat, grad = mlp.pack(*net, np.float64), mlp.pack(*net, np.float64).like()
    smooth = DataLoss(flat, x, y, block=8)
    for rows in (np.array([7, 2, 9, 0, 3, 1, 4, 10]), np.array([10, 2]), np.array([5]), np.array([3, 3])):
        value, expected = gradient_by_loops(x[rows], y[rows], net)
        assert smooth.value_and_gradient(flat, grad, rows) == pytest.approx(value, rel=1e-13)
        np.testing.assert_allclose(grad.vector, expected.vector, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("widths", [[2], [2, 3], [1, 2, 3]], ids=str)
@pytest.mark.parametrize("p", [0, 1, 3])
def test_known_units_are_first_layer_units_before_the_new_ones(widths, p):
    """The whole network has p + widths[0] first-layer units; the vector lacks the incoming weights of the first p."""
    whole, (x, y) = network([p + widths[0], *widths[1:]]), data()
    (w1, *upper), (b1, *upper_biases), head, head_bias = whole
    known = np.maximum(x @ w1[:, :p] + b1[:p], 0)
    flat = mlp.pack([w1[:, p:], *upper], [b1[p:], *upper_biases], head, head_bias, np.float64)
    smooth, grad = DataLoss(flat, x, y, known=known, block=4), flat.like()
    value, expected = gradient_by_loops(x, y, whole)
    assert smooth.value_and_gradient(flat, grad) == pytest.approx(value, rel=1e-13)
    assert smooth.value(flat) == pytest.approx(value, rel=1e-13)
    for name in flat.shapes:
        new = {"W1": np.s_[:, p:], "b1": np.s_[p:]}.get(name, ...)
        np.testing.assert_allclose(grad[name], expected[name][new], rtol=1e-11, atol=1e-14)


def test_other_heads_get_no_gradient():
    weights, biases, head, head_bias = network([5])
    other, (x, y) = np.ones((5, 2)), data()
    arrays = {"W1": weights[0], "V0": other, "V1": head, "b1": biases[0], "c0": np.ones(2), "c1": head_bias}
    flat = Flat.of(arrays, np.float64)
    grad = flat.like(np.full(flat.vector.shape, np.nan))
    value = DataLoss(flat, x, y, head="1").value_and_gradient(flat, grad, np.arange(11))
    expected_value, expected = gradient_by_loops(x, y, (weights, biases, head, head_bias))
    assert value == pytest.approx(expected_value, rel=1e-13)
    assert not grad["V0"].any() and not grad["c0"].any()
    for ours, theirs in {"W1": "W1", "b1": "b1", "V1": "V", "c1": "c"}.items():
        np.testing.assert_allclose(grad[ours], expected[theirs], rtol=1e-11, atol=1e-14)


def test_scale_multiplies_value_and_gradient():
    net, (x, y) = network([5, 3]), data()
    flat = mlp.pack(*net, np.float64)
    plain, scaled = flat.like(), flat.like()
    value = DataLoss(flat, x, y).value_and_gradient(flat, plain)
    smooth = DataLoss(flat, x, y, scale=0.25)
    assert smooth.value_and_gradient(flat, scaled) == pytest.approx(0.25 * value, rel=1e-14)
    assert smooth.value(flat) == pytest.approx(0.25 * value, rel=1e-14)
    np.testing.assert_allclose(scaled.vector, 0.25 * plain.vector, rtol=1e-13)


@pytest.mark.parametrize("widths", [[0], [4, 0], [0, 3]], ids=str)
def test_layers_without_units(widths):
    net, (x, y) = network(widths), data()
    flat = mlp.pack(*net, np.float64)
    grad, (value, expected) = flat.like(), gradient_by_loops(x, y, net)
    assert DataLoss(flat, x, y).value_and_gradient(flat, grad) == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(grad.vector, expected.vector, rtol=1e-11, atol=1e-14)


def test_no_samples_is_loss_0():
    net, (x, y) = network([5]), data(0)
    flat = mlp.pack(*net, np.float64)
    grad = flat.like(np.full(flat.vector.shape, np.nan))
    assert DataLoss(flat, x, y).value_and_gradient(flat, grad) == 0 and not grad.vector.any()


def test_float32_stays_float32_and_inputs_are_kept():
    net, (x, y) = network([5, 3], dtype=np.float32), data()
    x_before, flat = x.copy(), mlp.pack(*net, np.float32)
    w_before, smooth, grad = flat.vector.copy(), DataLoss(flat, x, y, block=4), flat.like()
    value = smooth.value_and_gradient(flat, grad)
    arrays = [smooth.x, smooth.y, grad.vector, mlp.scores(x.astype(np.float32), *net)]
    assert {a.dtype for a in arrays} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(x, x_before)
    np.testing.assert_array_equal(flat.vector, w_before)
    expected_value, expected = gradient_by_loops(x, y, net)
    assert value == pytest.approx(expected_value, rel=1e-5)
    np.testing.assert_allclose(grad.vector, expected.vector, rtol=1e-3, atol=1e-5)


# --- batches -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "size", "lengths"), [(11, 4, [4, 4, 3]), (8, 4, [4, 4]), (3, 4, [3]), (4, 1, [1] * 4)])
def test_batches_cover_every_row_once_and_keep_the_short_one(n, size, lengths):
    smooth = DataLoss(mlp.pack(*network([2]), np.float64), *data(n))
    batches = smooth.batches(np.random.default_rng(0), size)
    assert [len(rows) for rows in batches] == lengths
    assert sorted(np.concatenate(batches)) == list(range(n))


def test_batches_are_random_and_repeatable():
    smooth = DataLoss(mlp.pack(*network([2]), np.float64), *data(50))
    one, same, other = (np.concatenate(smooth.batches(np.random.default_rng(s), 8)) for s in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any() and (one != np.arange(50)).any()


# --- several losses ----------------------------------------------------------------------------------------------


@pytest.fixture
def joint():
    weights, biases, head, head_bias = network([5])
    arrays = {"W1": weights[0], "V0": head, "V1": 2 * head, "b1": biases[0], "c0": head_bias, "c1": head_bias - 1}
    flat = Flat.of(arrays, np.float64)
    losses = [DataLoss(flat, *data(n, seed=n), block=4, head=head) for n, head in ((11, "0"), (6, "1"))]
    return flat, losses, JointLoss(losses)


def test_joint_loss_is_the_mean(joint):
    flat, losses, both = joint
    grads, mean = [flat.like(), flat.like()], flat.like()
    values = [loss.value_and_gradient(flat, grad) for loss, grad in zip(losses, grads, strict=True)]
    assert both.value_and_gradient(flat, mean) == pytest.approx(sum(values) / 2, rel=1e-14)
    assert both.value(flat) == pytest.approx(sum(values) / 2, rel=1e-14)
    np.testing.assert_allclose(mean.vector, (grads[0].vector + grads[1].vector) / 2, rtol=1e-13, atol=1e-16)
    assert grads[0]["V1"].any() == 0 and mean["V1"].any() and len(both) == 17


def test_joint_batches_belong_to_one_loss_each(joint):
    flat, losses, both = joint
    triples = both.batches(np.random.default_rng(0), 4)
    for i, n in ((0, 11), (1, 6)):
        assert sorted(np.concatenate([rows for number, rows, _ in triples if number == i])) == list(range(n))
    assert [number for number, *_ in triples] != sorted(number for number, *_ in triples)   # shuffled over the losses
    grad, expected, (number, rows, weight) = flat.like(), flat.like(), triples[0]
    value = both.value_and_gradient(flat, grad, triples[0])
    assert weight == pytest.approx(5 / (2 * (3, 2)[number]))                                # 3 and 2 of 5 batches
    assert value == weight * losses[number].value_and_gradient(flat, expected, rows)
    np.testing.assert_allclose(grad.vector, weight * expected.vector, rtol=1e-12)


def test_joint_epoch_averages_to_the_gradient_of_the_mean(joint):
    """With batches that divide their data sets exactly; the sets themselves have different sizes."""
    flat, losses, both = joint
    batches = [(i, np.arange(n)[first:first + n // parts], 3 / (2 * parts))
               for i, n, parts in ((0, 11, 1), (1, 6, 2)) for first in range(0, n, n // parts)]
    total, grad, expected = 0, flat.like(), flat.like()
    for batch in batches:
        both.value_and_gradient(flat, grad, batch)
        total = total + grad.vector / len(batches)
    both.value_and_gradient(flat, expected)
    np.testing.assert_allclose(total, expected.vector, rtol=1e-9, atol=1e-12)


# --- the rest of the file ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
@pytest.mark.parametrize("n", [0, 1, 11])
def test_scores_equal_the_loops(widths, n):
    net, (x, _) = network(widths), data(n)
    hidden, logits = loops.network_forward(x, *net)
    np.testing.assert_allclose(mlp.scores(x, *net), logits, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(mlp.hidden(x, *net[:2]), [x, *hidden][-1], rtol=1e-12, atol=1e-13)


def test_in_blocks_covers_rows_once_in_order():
    x = np.arange(10.0)[:, None]
    seen = []
    result = mlp.in_blocks(lambda a: seen.append(len(a)) or 11 * a, x, block=4)
    np.testing.assert_array_equal(result, 11 * x)
    assert seen == [4, 4, 2]


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_pack_lays_weights_before_biases_and_unpack_returns_them(widths):
    net = network(widths)
    flat = mlp.pack(*net, np.float64)
    layers = range(1, len(widths) + 1)
    assert list(flat.shapes) == [f"W{l}" for l in layers] + ["V"] + [f"b{l}" for l in layers] + ["c"]
    assert mlp.depth(flat) == len(widths)
    weights, biases, head, head_bias = mlp.unpack(flat)
    for ours, theirs in zip([*weights, head, *biases, head_bias], [*net[0], net[2], *net[1], net[3]], strict=True):
        np.testing.assert_array_equal(ours, theirs)
        assert np.shares_memory(ours, flat.vector)


def test_random_weights_have_he_deviation():
    w = mlp.random_weights(np.random.default_rng(0), 200, 400, np.float32)
    assert w.dtype == np.float32 and w.shape == (200, 400)
    assert w.std() == pytest.approx(0.1, rel=0.01) and abs(w.mean()) < 0.002
    assert mlp.random_weights(np.random.default_rng(0), 0, 3, np.float64).shape == (0, 3)
