"""Incremental moment matching: merges as the minimisers they are, transfer, what merging does to a head."""

import numpy as np
import pytest
from scipy.optimize import minimize

from den_ref.core import mlp
from den_ref.core.checks import check_gradient
from den_ref.core.filters import FilterOptions
from den_ref.core.fisher import fisher_diagonal
from den_ref.core.flat import Flat
from den_ref.methods import IMM, L2, STL, FineTuning
from den_ref.methods.imm import mean_of, mode_of, shares, variance_of
from den_ref.methods.shared.drop_transfer import Dropped, DropTransfer, drop_transfer_forward
from den_ref.tasks import make_stream
from tests.helpers.on_the_toy import OPTIONS, learnt, same

RNG = np.random.default_rng(0)
PARTS = [0.2, 0.3, 0.5]
MEANS, VARIANCES = list(RNG.normal(size=(3, 4))), list(RNG.uniform(0.5, 2, size=(3, 4)))
FISHERS = [1 / v for v in VARIANCES]

# --- merges ------------------------------------------------------------------------------------------------------


def test_mean_and_variance_minimise_the_divergence_from_every_task():
    """sum of a_k KL(N(mu_k, v_k) || N(m, v)) over diagonal Gaussians, by a minimiser that knows nothing of moments."""
    def divergence(vector):
        m, log_v = vector[:4], vector[4:]
        return sum(a * 0.5 * np.sum(log_v - np.log(v) + (v + (mu - m) ** 2) / np.exp(log_v) - 1)
                   for a, mu, v in zip(PARTS, MEANS, VARIANCES, strict=True))

    found = minimize(divergence, np.zeros(8), tol=1e-12).x
    np.testing.assert_allclose(found[:4], mean_of(PARTS, MEANS), atol=1e-5)
    np.testing.assert_allclose(np.exp(found[4:]), variance_of(PARTS, MEANS, VARIANCES), rtol=1e-5)


def test_the_mode_minimises_the_squares_of_all_tasks():
    """argmin of sum of (a_k / 2) F_k (w - mu_k)^2: of the summed losses where they are diagonal quadratics."""
    def squares(w):
        return sum(a / 2 * np.sum(f * (w - mu) ** 2) for a, f, mu in zip(PARTS, FISHERS, MEANS, strict=True))

    np.testing.assert_allclose(minimize(squares, np.zeros(4), tol=1e-12).x, mode_of(PARTS, MEANS, FISHERS), atol=1e-5)


def test_with_equal_information_the_mode_is_the_mean():
    np.testing.assert_allclose(mode_of(PARTS, MEANS, FISHERS[:1] * 3), mean_of(PARTS, MEANS), rtol=1e-12)


def test_one_task_and_tasks_that_ended_alike_stay_as_they_are_bit_for_bit():
    for parts, means in (([1.0], MEANS[:1]), (PARTS, MEANS[:1] * 3)):
        np.testing.assert_array_equal(mean_of(parts, means), MEANS[0])
        np.testing.assert_array_equal(mode_of(parts, means, FISHERS[:len(means)]), MEANS[0])


def test_with_equal_shares_the_order_of_tasks_does_not_count():
    turned = [2, 0, 1]
    np.testing.assert_allclose(mean_of(shares(3), [MEANS[i] for i in turned]), mean_of(shares(3), MEANS), rtol=1e-12)
    np.testing.assert_allclose(mode_of(shares(3), [MEANS[i] for i in turned], [FISHERS[i] for i in turned]),
                               mode_of(shares(3), MEANS, FISHERS), rtol=1e-12)


def test_a_weight_that_no_task_needs_has_the_mean():
    fishers = [np.where([True, False, False, False], 0, f) for f in FISHERS]
    merged = mode_of(PARTS, MEANS, fishers)
    assert merged[0] == pytest.approx(mean_of(PARTS, MEANS)[0]) and np.isfinite(merged).all()


# --- the method --------------------------------------------------------------------------------------------------


def test_without_pull_and_dropping_its_own_networks_are_fine_tunings_bit_for_bit():
    imm = learnt(IMM, 3, lam=0.0)
    assert same(learnt(FineTuning, 3).state(), imm.state())
    np.testing.assert_array_equal(imm.means[0].vector, learnt(FineTuning, 1).body.vector)


def test_l2_transfer_is_dnn_l2_bit_for_bit():
    assert same(learnt(L2, 3, lam=0.3).state(), learnt(IMM, 3, lam=0.3).state())


def test_without_weight_transfer_every_network_is_separate_learnings():
    imm, separate = learnt(IMM, 2, lam=0.0, weight_transfer=False), learnt(STL, 2)
    np.testing.assert_array_equal(imm.body["W1"], separate.networks[1]["W1"])
    assert not np.array_equal(learnt(IMM, 2, lam=0.0).body["W1"], separate.networks[1]["W1"])


@pytest.mark.parametrize("merge", ["mean", "mode"])
def test_what_answers_is_the_merge_of_all_networks_with_their_exact_information(merge):
    imm, tasks = learnt(IMM, 2, merge=merge, alpha=0.7), make_stream("toy").tasks
    assert np.abs(imm.merged.vector - imm.body.vector).max() > 1e-3            # it was written back
    for k, (own, head) in enumerate(zip(imm.means, imm.heads, strict=True)):
        w = mlp.pack(*mlp.layers_of(own), head.weights, head.bias, np.float64)
        full = fisher_diagonal(w, tasks[k].x_train, tasks[k].y_train, "sigmoid")
        for name in own.shapes:
            np.testing.assert_allclose(imm.fishers[k][name], full[name], rtol=1e-10)
    for name in ("W1", "b2"):
        strength = [a * (f[name] + 1e-8 if merge == "mode" else 1) for a, f in zip((0.3, 0.7), imm.fishers)]
        by_hand = sum(s * own[name] for s, own in zip(strength, imm.means, strict=True)) / sum(strength)
        np.testing.assert_allclose(imm.merged[name], by_hand, rtol=1e-9)
    x, head = tasks[0].x_valid, imm.heads[0]
    np.testing.assert_array_equal(imm.scores(0, x), mlp.scores(x, *mlp.layers_of(imm.merged), head.weights, head.bias))


def test_alpha_and_merge_are_swept_without_training(monkeypatch):
    """What another share gives is what training with it from the beginning gives, bit for bit."""
    imm = learnt(IMM, 3)
    others = {(merge, alpha): learnt(IMM, 3, merge=merge, alpha=alpha).state()
              for merge, alpha in (("mean", None), ("mode", 0.8))}
    monkeypatch.setattr("den_ref.methods.shared.network.train", None)
    before = imm.state()
    for (merge, alpha), state in others.items():
        swept = imm.remerged(merge, alpha).state()
        assert same(state, swept, tuple(state)) and not same(before, swept, ("merged/",))
    assert same(before, imm.state(), tuple(before))
    np.testing.assert_array_equal(imm.remerged("mode", 1.0).merged.vector, imm.body.vector)
    with pytest.raises(ValueError, match="alpha: expected a number from 0 to 1, or none, got 1.5"):
        imm.remerged("mean", 1.5)


@pytest.mark.parametrize("settings", [{}, {"drop": 0.4}, {"refit": True, "merge": "mean"}])
def test_it_continues_bit_for_bit(settings):
    through, stopped = learnt(IMM, 3, **settings), learnt(IMM, 2, **settings)
    again = IMM.from_state(stopped.state(), stopped.config)
    again.learn(make_stream("toy").tasks[2])
    a, b = through.state(), again.state()
    assert a.keys() == b.keys() and same(a, b, tuple(a))
    size = through.body.vector.size
    assert through.stored() == {"means": 3 * size, "fishers": 3 * size}


def test_merging_costs_a_head_that_was_trained_on_its_own_body_and_a_new_head_wins_some_back():
    tasks = make_stream("toy").tasks
    imm, refitted = (learnt(IMM, 2, lam=0.0, epochs=15, refit=refit) for refit in (False, True))
    np.testing.assert_array_equal(imm.merged.vector, refitted.merged.vector)

    def loss(method):
        z, y = method.scores(1, tasks[1].x_train), tasks[1].y_train
        return np.mean(np.logaddexp(0, z) - y * z)

    assert loss(imm.remerged("mode", 1.0)) < loss(refitted) < loss(imm)
    np.testing.assert_array_equal(imm.heads[0].weights, refitted.heads[0].weights)
    (W, b), (new_W, new_b) = ((method.heads[1].weights, method.heads[1].bias) for method in (imm, refitted))
    assert (W != new_W).any() and (b != new_b).all()


# --- drop-transfer -----------------------------------------------------------------------------------------------


def test_on_average_a_layer_has_its_new_weights_and_kept_ones_lie_beyond_them():
    """Over all 2^3 draws of three units, each with its probability; a kept unit has old + (new - old) / (1 - p)."""
    h, p = RNG.normal(size=(1, 4)), 0.3
    new, old = ((RNG.normal(size=(4, 3)), RNG.normal(size=3)) for _ in range(2))
    mean = 0
    for draw in np.ndindex(2, 2, 2):
        dropped = np.array(draw, bool)
        out, _ = drop_transfer_forward(h, new, old, ~dropped / (1 - p))
        mean += np.where(dropped, p, 1 - p).prod() * out
        old_out, new_out = h @ old[0] + old[1], h @ new[0] + new[1]
        np.testing.assert_allclose(out, np.where(dropped, old_out, old_out + (new_out - old_out) / (1 - p)), rtol=1e-12)
    np.testing.assert_allclose(mean, h @ new[0] + new[1], rtol=1e-12)


def filtered(p=0.4):
    """A loss with drop-transfer of two filters of 2 x 2, whose maps are pooled, and a dense layer; and a network."""
    rng = np.random.default_rng(4)
    layers = FilterOptions(filters=(2, 3), kernel=2, stride=1, padding=1, pool=True).convolutions((5, 4, 2))
    w, old = (mlp.pack([rng.normal(size=shape) for shape in ((8, 2), (8, 3), (6, 4))],
                       [rng.normal(size=n) for n in (2, 3, 4)], rng.normal(size=(4, 1)), rng.normal(size=1),
                       np.float64, layers) for _ in range(2))
    return DropTransfer(w, old, p, rng.normal(size=(9, 40)), rng.integers(0, 2, (9, 1)).astype(float), "sigmoid"), w


def test_gradient_of_filters_that_fall_back_by_finite_differences():
    dropping, w = filtered()
    batch = Dropped(np.arange(9), seed=6)

    def f(vector):
        grad = w.like(np.nan)
        return dropping.value_and_gradient(w.like(vector), grad, batch), grad.vector

    report = check_gradient(f, w.vector, rtol=1e-7)
    assert report, report


def test_a_filter_falls_back_with_its_whole_map():
    dropping, w = filtered()
    dropping.rng = np.random.default_rng(1)
    falling = dropping.chain[0]
    a, (*_, factors) = falling.forward(w, dropping.x, slice(None))
    maps, factors = a.reshape(9, 6 * 5, 2), factors.reshape(9, 6 * 5, 2)
    assert (factors == factors[:, :1]).all() and set(np.unique(factors)) == {0, 1 / 0.6}
    old, new = (falling.link.forward(flat, dropping.x, None)[0].reshape(maps.shape).copy() for flat in (dropping.old, w))
    np.testing.assert_allclose(maps, np.where(factors == 0, old, old + (new - old) / 0.6), rtol=1e-12, atol=1e-12)
    products = dropping.products - mlp.DataLoss(w, dropping.x, dropping.y).products
    assert products == 6 * 5 * 16 + 2 * (4 * 3 * 24 + 24)          # no one asks for the pixels' gradient


def losses(p, seed=3):
    """A plain loss and one with drop-transfer on the same samples, and a network."""
    task = make_stream("toy").tasks[0]
    x, y = task.x_train[:40].astype(float), task.y_train[:40].astype(float)
    rng = np.random.default_rng(seed)
    w, old = (mlp.pack([rng.normal(size=(12, 5)), rng.normal(size=(5, 4))], [rng.normal(size=5), rng.normal(size=4)],
                       rng.normal(size=(4, 1)), rng.normal(size=1), np.float64) for _ in range(2))
    return mlp.DataLoss(w, x, y), DropTransfer(w, old, p, x, y, "sigmoid"), w


def test_gradient_of_a_batch_by_finite_differences():
    _, dropping, w = losses(p=0.4)
    batch = Dropped(np.arange(12), seed=5)

    def f(vector):
        grad = w.like()
        return dropping.value_and_gradient(w.like(vector), grad, batch), grad.vector

    assert check_gradient(f, w.vector.copy(), directions=6)


def test_units_fall_back_with_probability_p_and_the_mean_is_that_of_the_new_weights():
    plain, dropping, w = losses(p=0.4)
    dropping.rng, rows = np.random.default_rng(1), np.zeros(4000, int)
    _, walked = dropping.forward(w, dropping.x[rows], rows)
    for _, (*_, factors) in walked[:-1:2]:                         # (4000, units)
        assert np.unique(factors).tolist() == [0, 1 / 0.6]
        assert (factors == 0).mean() == pytest.approx(0.4, abs=0.02) and factors.mean() == pytest.approx(1, abs=0.04)
    # the old weights too are gone through forward, and those of the second layer once more on the way back
    assert dropping.products - plain.products == 12 * 5 + 2 * (5 * 4)


def test_nothing_is_dropped_over_all_samples_or_at_p_0():
    plain, dropping, w = losses(p=0.4)
    [batch, *_] = dropping.batches(np.random.default_rng(0), 16)
    grads = w.like(), w.like()
    assert dropping.value_and_gradient(w, grads[0], batch) != plain.value_and_gradient(w, grads[1], batch.rows)
    assert dropping.value(w) == plain.value(w)
    assert dropping.value_and_gradient(w, grads[0]) == plain.value_and_gradient(w, grads[1])
    np.testing.assert_array_equal(grads[0].vector, grads[1].vector)
    plain, dropping, w = losses(p=0.0)
    assert dropping.value_and_gradient(w, grads[0], batch) == pytest.approx(
        plain.value_and_gradient(w, grads[1], batch.rows), rel=1e-12)
    np.testing.assert_allclose(grads[0].vector, grads[1].vector, rtol=1e-9, atol=1e-12)


def test_a_first_task_drops_to_0_and_later_ones_to_the_last_tasks_own_body():
    imm = learnt(IMM, 2, drop=0.5)
    task, fresh = make_stream("toy").tasks[2], IMM(IMM.Config(**OPTIONS | {"drop": 0.5}))
    start = imm.start(task, np.random.default_rng(0))
    assert imm.losses(start, task)[0].old is imm.body and type(imm.losses(start, task)[1]) is mlp.DataLoss
    assert not fresh.losses(start, task)[0].old.vector.any()
    assert isinstance(fresh.losses(start, task)[0].old, Flat)
