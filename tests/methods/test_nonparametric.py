"""Nonparametric networks: CapNorm against differences, AdaRad against loops, zero units, what is kept."""

from dataclasses import replace

import numpy as np
import pytest

from den_ref.core import mlp
from den_ref.methods.nonparametric import (Growing, Nonparametric, NonparametricConfig, random_units, widths,
                                           with_zero_units, without_zero_units)
from den_ref.methods.shared.adarad import AdaRad, along_and_across, rotated
from den_ref.methods.shared.capnorm import capnorm_backward, capnorm_forward, folded, network_backward, network_forward
from den_ref.plots import show
from den_ref.protocol import Task
from den_ref.tasks import make_stream

SMALL = {"hidden": (6, 5), "lam": 1e-2, "lifetime": 20.0, "step": 10.0, "batch": 50, "patience": 3, "epochs": 4,
         "epochs_shrink": 6, "dtype": "float64"}


def learner(tasks=(), seed=0, **options):
    """A method that has learnt the tasks."""
    method = Nonparametric(NonparametricConfig(**SMALL | options), seed)
    method.learn_all(tasks)
    return method


def toy(n=1):
    return [task.without_test() for task in make_stream("toy", n_tasks=n, dtype="float64").tasks]


def random_network(seed=0, sizes=(4, 6, 5, 3)):
    """Weights whose units are, in their deviation, both above and below 1; a bias; samples."""
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=pair) * np.geomspace(0.2, 4, pair[1]) for pair in zip(sizes, sizes[1:])]
    return weights, rng.normal(size=sizes[-1]), rng.normal(size=(40, sizes[0]))


def logits(weights, bias, x):
    return network_forward(weights, bias, x)[0]


# --- CapNorm -------------------------------------------------------------------------------------------------------


def slope_by_differences(value, array, h=1e-6):
    """(value(a + h) - value(a - h)) / (2 h) for every entry of an array that ``value()`` reads."""
    slope = np.empty_like(array)
    for index in np.ndindex(array.shape):
        kept = array[index]
        array[index] = kept + h
        above = value()
        array[index] = kept - h
        slope[index] = (above - value()) / (2 * h)
        array[index] = kept
    return slope


@pytest.mark.parametrize("size, above", [(0.3, False), (3.0, True)])
def test_capnorm_backward_against_differences_on_both_branches(size, above):
    rng = np.random.default_rng(0)
    z, g = size * rng.normal(size=(9, 4)) + 2, rng.normal(size=(9, 4))
    assert ((z.std(axis=0) > 1) == above).all()
    slope = slope_by_differences(lambda: float((capnorm_forward(z)[0] * g).sum()), z)
    np.testing.assert_allclose(capnorm_backward(g, capnorm_forward(z)[1]), slope, atol=1e-7)


def test_gradients_of_a_network_against_differences():
    weights, bias, x = random_network()
    g = np.random.default_rng(1).normal(size=(len(x), 3))
    _, cache = network_forward(weights, bias, x)
    deviations = np.concatenate([deviation for _, _, deviation in cache[1]])
    assert (deviations > 1).any() and (deviations < 1).any()
    found, slope = network_backward(g, weights, cache)
    for array, gradient in zip([*weights, bias], [*found, slope], strict=True):
        expected = slope_by_differences(lambda: float((logits(weights, bias, x) * g).sum()), array)
        np.testing.assert_allclose(gradient, expected, rtol=1e-7, atol=1e-7)


def test_above_a_deviation_of_1_a_units_length_means_nothing_and_below_it_does():
    """w^T dL/dw is exactly 0 there, up to rounding: what the penalty shrinks costs no loss until sigma = 1."""
    weights, bias, x = random_network()
    _, cache = network_forward(weights, bias, x)
    gradients, _ = network_backward(np.random.default_rng(1).normal(size=(len(x), 3)), weights, cache)
    for W, gradient, (_, _, deviation) in zip(weights, gradients, cache[1]):
        along = abs((W * gradient).sum(axis=0)) / (np.linalg.norm(W, axis=0) * np.linalg.norm(gradient, axis=0))
        assert (along[deviation > 1] < 1e-12).all() and (along[deviation <= 1] > 1e-3).all()


def test_the_folded_network_is_the_one_with_statistics_of_all_samples_and_no_longer():
    weights, bias, x = random_network()
    flat = folded(weights, bias, x)
    np.testing.assert_allclose(mlp.scores(x, *mlp.unpack(flat)), logits(weights, bias, x), rtol=1e-12, atol=1e-12)
    again, *_ = mlp.unpack(flat)
    np.testing.assert_allclose(logits([*again, weights[-1]], bias, x), logits(weights, bias, x), rtol=1e-12, atol=1e-12)
    assert all((np.linalg.norm(new, axis=0) <= np.linalg.norm(old, axis=0)).all() for new, old in zip(again, weights))


# --- AdaRad --------------------------------------------------------------------------------------------------------


def step_in_loops(w, g, m, c, largest, lam, radial, angular, beta, eps, share):
    """One unit after the other, as the formulas stand in the paper."""
    parts = []
    for j in range(w.shape[1]):
        along = sum(w[:, j] * g[:, j]) / sum(w[:, j] ** 2) * w[:, j]
        across = g[:, j] - along
        parts.append((along, across))
        m[j], c[j] = (1 - beta) * m[j] + beta * sum(across**2), (1 - beta) * c[j] + beta
    largest = max(largest[0], *m), max(largest[1], *c)
    moved = np.empty_like(w)
    for j, (along, across) in enumerate(parts):
        adjusted = np.sqrt(largest[0] / largest[1]) / np.sqrt(m[j] / c[j] + eps) * across
        now = w[:, j] - radial * along
        length, angle = np.sqrt(sum(now**2)), angular * np.sqrt(sum(adjusted**2))
        if angle > 0:
            now = length * (np.cos(angle) * now / length - np.sin(angle) * adjusted / np.sqrt(sum(adjusted**2)))
        moved[:, j] = now * max(0, 1 - radial * lam * share / length)
    return moved, m, c, largest


def test_a_step_is_that_of_the_formulas():
    rng = np.random.default_rng(0)
    options = {"lam": 0.3, "radial": 0.05, "angular": 0.4, "beta": 0.1, "eps": 1e-6}
    w, expected = rng.normal(size=(5, 4)), None
    optimiser = AdaRad(**options, m=[np.zeros(4)], c=[np.zeros(4)])
    expected = w, np.zeros(4), np.zeros(4), (0.0, 0.0)
    for scale in (1.0, 0.1, 0.5):
        g = scale * rng.normal(size=w.shape)
        g[:, 1] = 0
        [w] = optimiser.step([w], [g], share=0.25)
        expected = step_in_loops(expected[0], g, *expected[1:], share=0.25, **options)
        for found, wanted in zip((w, optimiser.m[0], optimiser.c[0], optimiser.largest), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_a_rotation_keeps_lengths_and_turns_by_its_angle():
    rng = np.random.default_rng(0)
    w, g, angle = rng.normal(size=(5, 3)), rng.normal(size=(5, 3)), np.array([0.1, 0.7, 2.0])
    share, across = along_and_across(w, g)
    np.testing.assert_allclose((across * w).sum(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(share * w + across, g, rtol=1e-14)
    turned = rotated(w, across, angle)
    lengths = np.linalg.norm(w, axis=0)
    np.testing.assert_allclose(np.linalg.norm(turned, axis=0), lengths, rtol=1e-14)
    np.testing.assert_allclose(np.arccos((turned * w).sum(axis=0) / lengths**2), angle, rtol=1e-12)
    assert ((turned * across).sum(axis=0) < 0).all()               # downhill
    np.testing.assert_array_equal(rotated(w, np.zeros_like(w), angle), w)                  # there is nowhere to turn to


def test_the_largest_averages_are_those_of_all_layers():
    """Two matrices are stepped as one that has the units of both: of m and c only the largest join units."""
    rng = np.random.default_rng(0)
    options = {"lam": 0.3, "radial": 0.05, "angular": 0.4, "beta": 0.1, "eps": 1e-6}
    one, both = AdaRad(**options, m=[np.zeros(6)], c=[np.zeros(6)]), AdaRad(**options, m=[np.zeros(4), np.zeros(2)],
                                                                            c=[np.zeros(4), np.zeros(2)])
    w = rng.normal(size=(5, 6))
    layers = [w[:, :4], w[:, 4:]]
    for sizes in ((1.0, 0.1), (0.1, 3.0)):                         # the first layer turns fastest, then the second
        g = rng.normal(size=w.shape) * np.repeat(sizes, (4, 2))
        [w], layers = one.step([w], [g], 0.25), both.step(layers, [g[:, :4], g[:, 4:]], 0.25)
        np.testing.assert_allclose(np.hstack(layers), w, rtol=1e-12)
    assert both.largest == one.largest


def test_a_unit_of_length_1_without_gradient_dies_after_its_lifetime():
    [lifetime, lam, batches] = [50, 1e-3, 4]
    optimiser = AdaRad(lam, 1 / (lifetime * lam), 30.0, 0.05, 1e-8, [np.zeros(2)], [np.zeros(2)])
    w, epochs = np.array([[0.6, 0.3], [0.8, 0.4]]), [0, 0]
    for epoch in range(1, 60):
        for _ in range(batches):
            [w] = optimiser.step([w], [np.zeros((2, 2))], 1 / batches)
        left = np.maximum(np.array([1, 0.5]) - epoch / lifetime, 0)
        np.testing.assert_allclose(np.linalg.norm(w, axis=0), left, rtol=0, atol=1e-12)
        epochs = [seen or epoch * (not column.any()) for seen, column in zip(epochs, w.T)]
    assert epochs == [50, 25] or epochs == [51, 26]                # the last of 200 steps may leave a rounding error


def test_a_step_along_a_unit_neither_turns_it_around_nor_more_than_doubles_it():
    optimiser = AdaRad(1e-6, 1e4, 0.0, 0.05, 1e-8, [np.zeros(2)], [np.zeros(2)])
    w = np.array([[1.0, 1.0]])
    [moved] = optimiser.step([w], [np.array([[5.0, -5.0]])], 1e-12)
    np.testing.assert_allclose(moved, [[0.5, 2.0]])


# --- zero units ----------------------------------------------------------------------------------------------------


def test_units_with_nothing_outgoing_change_nothing_but_the_penalty():
    weights, bias, x = random_network()
    grown = with_zero_units(weights, 3, np.random.default_rng(5))
    assert [w.shape for w in grown] == [(4, 9), (9, 8), (8, 3)]
    np.testing.assert_allclose(logits(grown, bias, x), logits(weights, bias, x), rtol=1e-12, atol=1e-12)
    sizes = [np.linalg.norm(w, axis=0).sum() for w in weights]
    new = [np.linalg.norm(w[:, old.shape[1]:], axis=0).sum() for w, old in zip(grown, weights)]
    assert all(new[:2]) and not new[2]
    np.testing.assert_allclose([np.linalg.norm(w, axis=0).sum() for w in grown], np.add(sizes, new), rtol=1e-12)


def test_new_units_have_length_1_on_average():
    squares = (random_units(np.random.default_rng(0), 30, 4000, np.float64)**2).sum(axis=0)
    assert squares.mean() == pytest.approx(1, abs=4 * squares.std() / np.sqrt(4000))


def test_units_that_hear_nothing_go_and_change_nothing():
    weights, bias, x = random_network()
    weights[0][:, [1, 4]] = weights[1][:, 2] = 0
    fewer, kept = without_zero_units(weights)
    assert [units.tolist() for units in kept] == [[0, 2, 3, 5], [0, 1, 3, 4]]
    assert [w.shape for w in fewer] == [(4, 4), (4, 4), (4, 3)]
    np.testing.assert_allclose(logits(fewer, bias, x), logits(weights, bias, x), rtol=1e-12, atol=1e-12)
    assert not any(np.shares_memory(new, old) for new, old in zip(fewer, weights))


def test_averages_come_and_go_with_their_units():
    weights, _, _ = random_network(sizes=(12, 6, 5, 1))
    growing = Growing(toy()[0], NonparametricConfig(**SMALL, add=2), weights, np.random.default_rng(0))
    growing.optimiser.m, growing.optimiser.c = ([start + np.arange(n) for n in (6, 5, 1)] for start in (1.0, 7.0))
    weights[0][:, [1, 4]] = 0
    growing.shrink()
    growing.grow()
    for now, start in ((growing.optimiser.m, 1), (growing.optimiser.c, 7)):
        first = [start, start + 2, start + 3, start + 5, 0, 0]
        assert [one.tolist() for one in now] == [first, [*range(start, start + 5), 0, 0], [start]]


def test_a_new_units_averages_have_the_precision_of_the_others():
    optimiser = AdaRad(1e-3, 1.0, 1.0, 0.05, 1e-8, *([np.zeros(n, np.float32) for n in (2, 1)] for _ in range(2)))
    optimiser.add(3)
    assert {one.dtype for one in optimiser.m + optimiser.c} == {np.dtype(np.float32)}
    assert [one.shape for one in optimiser.m] == [one.shape for one in optimiser.c] == [(5,), (1,)]


def test_a_layer_keeps_one_unit():
    weights, _, _ = random_network()
    weights[0][...] = 0
    fewer, kept = without_zero_units(weights)
    assert kept[0].tolist() == [0] and fewer[1].shape == (1, 5)


def test_a_new_units_outgoing_weights_are_heard_before_its_incoming_ones():
    """In its first step its incoming weights have no gradient, its outgoing ones have."""
    weights, bias, x = random_network()
    grown = with_zero_units(weights, 1, np.random.default_rng(5))
    gradients, _ = network_backward(np.ones((len(x), 3)), grown, network_forward(grown, bias, x)[1])
    assert not gradients[0][:, -1].any() and gradients[1][-1, :-1].any() and gradients[2][-1].any()


# --- the method ----------------------------------------------------------------------------------------------------


def test_a_strong_penalty_shrinks_the_network_to_one_unit_a_layer():
    [task] = toy()
    method = learner([task], lam=10.0, lifetime=3.0, step=0.0, epochs=0)
    assert method.capacity().widths == (1, 1)


def test_facts_count_the_units_that_came_and_went():
    [task] = toy()
    grow, shrink = learner(lam=0.1, lifetime=3.0, epochs_shrink=12).learn(task)
    for step in (grow, shrink):
        before, after = map(widths, (step.before, step.after))
        assert after == tuple(step.facts["units"])
        assert after == tuple(n + a - r for n, a, r in zip(before, step.facts["added"], step.facts["removed"]))
    assert grow.facts["added"] == [4, 4] and shrink.facts["added"] == [0, 0] and sum(shrink.facts["removed"]) > 0
    assert widths(grow.before) == (6, 5) and widths(shrink.before) == widths(grow.after)


def test_the_picture_has_the_units_of_every_layer_epoch_by_epoch():
    [task] = toy()
    for step in learner(lam=0.1, lifetime=3.0).learn(task):
        counts, losses = show(step).axes
        drawn = [line.get_ydata() for line in counts.lines]
        np.testing.assert_array_equal(drawn, np.transpose(step.solve.history["widths"]))
        assert counts.get_ylabel() == "units" and losses.get_ylabel() == "loss"


def test_what_is_kept_is_the_epoch_of_the_least_validation_loss_and_penalty():
    """Labels there contradict those of training: the loss rises, the penalty falls."""
    task = replace(toy()[0], y_valid=1 - toy()[0].y_valid)
    method = learner()
    solve = method.learn(task)[-1].solve
    measured = np.add(solve.history["validation"], solve.history["penalty"])
    assert solve.best_epoch == measured.argmin() + 1 and (solve.status, solve.message) == (1, "all epochs done")
    network = method.network_of(0)
    z, y = method.scores(0, task.x_valid), task.y_valid
    hidden, _, head, _ = mlp.unpack(network)
    norms = sum(np.linalg.norm(w, axis=0).sum() for w in (*hidden, head))
    assert np.mean(np.logaddexp(0, z) - y * z) + SMALL["lam"] * norms == pytest.approx(measured.min(), rel=1e-12)
    z, y = method.scores(0, task.x_train), task.y_train
    assert solve.fun == pytest.approx(np.mean(np.logaddexp(0, z) - y * z) + SMALL["lam"] * norms, rel=1e-12)


def test_growth_ends_when_the_validation_loss_no_longer_falls():
    task = replace(toy()[0], y_valid=1 - toy()[0].y_valid)
    grow, shrink = learner(epochs=50, patience=2, epochs_shrink=60).learn(task)
    losses = grow.solve.history["validation"]
    assert grow.solve.nit < 50 and min(losses) not in losses[-2:]
    assert (grow.solve.status, grow.solve.message) == (2, "no better validation loss for 2 epochs")
    assert grow.solve.nit == grow.facts["added"][0]


@pytest.mark.parametrize("patience", [1, 3])
def test_patience_counts_the_epochs_after_the_best(patience, monkeypatch):
    """Losses that are told in advance: growth ends so many epochs after its best, and never within them; after it the
    step is cut after so many, three times, and the fourth time ends it."""
    told = iter([5.0, 4.0, *[4.5] * (patience - 1), 3.0, *[3.0] * patience, *range(10, 10 + 4 * patience + 9)])
    monkeypatch.setattr(Growing, "loss_of", lambda self, network, x, y: next(told) if x is self.valid[0] else 0.0)
    monkeypatch.setattr(Growing, "norms", lambda self, network: 0.0)
    growing = Growing(toy()[0], NonparametricConfig(**SMALL | {"patience": patience}),
                      learner().start(toy()[0]), np.random.default_rng(0))
    grown = growing.train(50, True, lambda *_: None)
    assert grown.nit == 2 + patience - 1 + 1 + patience and growing.optimiser.angular == SMALL["step"]
    shrunk = growing.train(50, False, lambda *_: None)
    assert shrunk.best_epoch == 1 and shrunk.nit == 1 + 4 * patience
    assert growing.optimiser.angular == pytest.approx(SMALL["step"] / 27)


def test_growth_ends_by_the_validation_loss_alone_whatever_the_penalty(monkeypatch):
    told, norms = iter([5.0, 4.0, 3.0, 3.0, 3.0, 0.0]), iter(10.0 ** np.arange(9))
    monkeypatch.setattr(Growing, "loss_of", lambda self, network, x, y: next(told) if x is self.valid[0] else 0.0)
    monkeypatch.setattr(Growing, "norms", lambda self, network: next(norms))
    growing = Growing(toy()[0], NonparametricConfig(**SMALL | {"patience": 2}), learner().start(toy()[0]),
                      np.random.default_rng(0))
    assert growing.train(50, True, lambda *_: None).nit == 5


def test_an_epoch_steps_along_each_batchs_part_of_the_mean_loss_and_takes_units_away_at_once():
    """The mean loss of all samples is a sum over batches: a batch's gradient is that of its part.  A unit that is
    shorter than a step of the penalty goes with the first batch."""
    [task] = toy()
    task = replace(task, x_train=task.x_train[:149], y_train=task.y_train[:149])
    config = NonparametricConfig(**SMALL | {"batch": 100})
    weights = learner().start(task)
    weights[0][:, 2] *= 1e-3
    growing = Growing(task, config, list(weights), np.random.default_rng(7))
    found = growing.epoch()
    order, total, bias, widths_seen = np.random.default_rng(7).permutation(149), 0.0, np.zeros(1), []
    optimiser = AdaRad(config.lam, 1 / (config.lifetime * config.lam), config.step, config.beta, config.eps,
                       *([np.zeros(w.shape[1]) for w in weights] for _ in range(2)))
    for rows in (order[:75], order[75:]):
        x, y = task.x_train[rows], task.y_train[rows]
        z, cache = network_forward(weights, bias, x)
        total += np.sum(np.logaddexp(0, z) - y * z)
        gradients, slope = network_backward((1 / (1 + np.exp(-z)) - y) / 149, weights, cache)
        weights, kept = without_zero_units(optimiser.step(weights, gradients, len(rows) / 149))
        bias = bias - 4 * slope
        optimiser.keep(kept)
        widths_seen.append(weights[0].shape[1])
    assert widths_seen == [5, 5] and found == pytest.approx(total / 149, rel=1e-12)
    for ours, theirs in zip([*growing.weights, growing.bias], [*weights, bias], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("batch", "sizes"), [(50, [50, 50, 50]), (60, [50, 50, 50]), (74, [50] * 3), (75, [75, 75]),
                                              (150, [150]), (400, [150])])
def test_an_epoch_has_as_few_batches_as_may_be_of_nearly_the_same_size(batch, sizes, monkeypatch):
    task, seen = toy()[0], []
    task = replace(task, x_train=task.x_train[:150], y_train=task.y_train[:150])
    growing = Growing(task, NonparametricConfig(**SMALL | {"batch": batch}), learner().start(task),
                      np.random.default_rng(0))
    monkeypatch.setattr("den_ref.methods.nonparametric.network_forward",
                        lambda weights, bias, x: seen.append(len(x)) or network_forward(weights, bias, x))
    growing.epoch()
    assert seen == sizes


@pytest.mark.slow
def test_the_task_learns_what_a_network_of_fixed_size_learns_with_fewer_units():
    [task] = make_stream("toy", n_tasks=1).tasks
    method = Nonparametric(NonparametricConfig(lam=1e-2, lifetime=20.0, step=10.0, batch=50, patience=8), 0)
    method.learn(task)
    assert (method.predict(0, task.x_test) == task.y_test).mean() > 0.9
    assert method.capacity().widths < (24, 12)


def test_a_new_task_may_begin_with_the_last_tasks_layers():
    tasks = toy(2)
    method = learner(tasks[:1], start="last")
    assert method.n_inputs == 12 and learner(tasks[:1]).n_inputs is None
    last = method.network_of(0)
    [*hidden, head] = method.start(tasks[1])
    for l, W in enumerate(hidden, 1):
        np.testing.assert_array_equal(W, last[f"W{l}"])
    assert not np.array_equal(head, last["V"])
    with pytest.raises(ValueError, match="task.x_train"):
        method.learn(Task("wider", np.zeros((4, 13)), np.zeros((4, 1)), np.zeros((2, 13)), np.zeros((2, 1))))


def test_without_validation_data_those_of_training_take_their_place():
    [task] = toy()
    blind = replace(task, x_valid=task.x_valid[:0], y_valid=task.y_valid[:0])
    twice = replace(task, x_valid=task.x_train, y_valid=task.y_train)
    np.testing.assert_array_equal(learner([blind]).scores(0, task.x_train), learner([twice]).scores(0, task.x_train))


def test_multiply_adds_are_those_of_passes_with_gradient():
    [task] = toy()
    growing = Growing(task, NonparametricConfig(**SMALL | {"lifetime": 1e9, "step": 0.0}),
                      [np.ones((12, 6)), np.ones((6, 5)), np.ones((5, 1))], np.random.default_rng(0))
    for _ in range(2):                                             # each box has its own
        assert growing.train(2, False, lambda *told: None).multiply_adds == 2 * 1000 * (2 * 72 + 3 * 30 + 3 * 5)


def test_a_bias_goes_down_by_four_times_its_slope():
    [task] = toy()
    weights = [np.ones((12, 6)), np.ones((6, 5)), np.zeros((5, 1))]
    growing = Growing(task, NonparametricConfig(**SMALL | {"step": 0.0, "batch": 1000}), weights, np.random.default_rng(0))
    growing.epoch()                                                # logits 0: the slope is 1/2 - mean(y)
    np.testing.assert_allclose(growing.bias, 4 * (task.y_train.mean(axis=0) - 0.5), rtol=1e-12)


def test_numbers_that_are_not_finite_are_said_to_be_diverged():
    [task] = toy()
    weights = [np.full((12, 6), np.nan), np.ones((6, 5)), np.ones((5, 1))]
    solve = Growing(task, NonparametricConfig(**SMALL), weights, np.random.default_rng(0)).train(1, True, print)
    assert (solve.success, solve.status) == (False, 3) and solve.message.startswith("diverged")


OTHERWISE = {"hidden": (7, 5), "lam": 0.05, "add": 2, "lifetime": 5.0, "step": 3.0, "beta": 0.5, "eps": 1e-2,
             "batch": 20, "patience": 1, "epochs": 2, "epochs_shrink": 3, "start": "last", "dtype": "float32"}


@pytest.mark.slow
def test_every_option_has_an_effect():
    tasks = [replace(task, x_train=task.x_train[:200], y_train=task.y_train[:200], y_valid=1 - task.y_valid)
             for task in toy(2)]

    def outcome(**options):
        method = learner(tasks, **options)
        return [method.scores(task.id, task.x_valid).tolist() for task in tasks]

    usual = outcome()
    assert set(OTHERWISE) == set(NonparametricConfig().to_dict())
    for name, value in OTHERWISE.items():
        assert outcome(**{name: value}) != usual, name
