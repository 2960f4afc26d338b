"""Incremental feature learning: the two paths of the tied gradient, what stays where features change, who decides."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from den_ref.core.flat import Flat
from den_ref.core.metrics import head_auroc
from den_ref.methods.incremental_features import (
    Course, Hard, IncrementalFeatures, IncrementalFeaturesConfig, Sizes, first_sizes, next_sizes)
from den_ref.methods.shared.autoencoder import (
    Head, Ranges, Samples, appended, corrupted, cross_entropy, fit_last, hybrid, merged, nearest_pairs, sample_losses)
from den_ref.tasks import make_stream
from tests.helpers.cifar100 import write_cifar100
from tests.helpers.linear_tasks import binary

LOSSES = pytest.mark.parametrize("loss", ["sigmoid", "softmax"])
OWN = slice(2, 5)                                                  # the last task's head; two older outputs beside it


def network(d=6, m=5, outputs=5, seed=0) -> Flat:
    rng = np.random.default_rng(seed)
    shapes = {"W": (d, m), "b": (m,), "a": (d,), "V": (m, outputs), "c": (outputs,)}
    return Flat.of({name: rng.normal(size=shape) for name, shape in shapes.items()}, np.float64)


def samples(n=7, d=6, K=3, loss="sigmoid", seed=1, columns=OWN) -> Samples:
    rng = np.random.default_rng(seed)
    y = np.eye(K)[rng.integers(K, size=n)] if loss == "softmax" else rng.integers(2, size=(n, K)) * 1.0
    return Samples(rng.random((n, d)), y, Head(columns, loss))


def small(**options) -> IncrementalFeaturesConfig:
    usual = dict(features=6, tau=15, window=40, grow=3, batch=10, epochs=3, step=0.02, dtype="float64")
    return IncrementalFeaturesConfig(**{**usual, **options})


def scores(w: Flat, x):
    return expit(x @ w["W"] + w["b"]) @ w["V"] + w["c"]


# --- the objective -----------------------------------------------------------------------------------------------


def by_hand(arrays, noisy, x, y, head, lam) -> float:
    """The mean of L from probabilities, sample by sample."""
    total, loss = 0.0, head.loss
    for i in range(len(x)):
        h = 1 / (1 + np.exp(-(noisy[i] @ arrays["W"] + arrays["b"])))
        shown = 1 / (1 + np.exp(-(arrays["W"] @ h + arrays["a"])))
        z = h @ arrays["V"] + arrays["c"]
        p = np.exp(z) / np.exp(z).sum() if loss == "softmax" else 1 / (1 + np.exp(-z))
        own = -np.sum(y[i] * np.log(p) + (0 if loss == "softmax" else (1 - y[i]) * np.log(1 - p)))
        generated = -np.sum(x[i] * np.log(shown) + (1 - x[i]) * np.log(1 - shown))
        total += own / y.shape[1] + lam * generated / x.shape[1]
    return total / len(x)


@LOSSES
def test_every_gradient_is_that_of_the_documented_objective(loss):
    """Finite differences of the formula written out with probabilities; W has both paths."""
    w, data, lam = network(), samples(loss=loss), 0.3
    noisy = corrupted(data.x, 0.4, np.random.default_rng(2))
    arrays = {**w.views, "V": w["V"][:, OWN].copy(), "c": w["c"][OWN].copy()}
    value, slopes = hybrid(**arrays, noisy=noisy, samples=data, lam=lam)
    assert value == pytest.approx(by_hand(arrays, noisy, *data, lam), rel=1e-12)
    for name, array in arrays.items():
        for index in np.ndindex(array.shape):
            kept, ends = array[index], []
            for moved in (kept + 1e-5, kept - 1e-5):
                array[index] = moved
                ends.append(by_hand(arrays, noisy, *data, lam))
            array[index] = kept
            assert slopes[name][index] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-7), name


def test_a_gradient_on_one_path_alone_is_another():
    """The test above can fail."""
    w, data = network(outputs=3), samples()
    value, slopes = hybrid(**w.views, noisy=data.x, samples=data, lam=0.3)
    h = expit(data.x @ w["W"] + w["b"])
    decoder = (0.3 * (expit(h @ w["W"].T + w["a"]) - data.x) / data.x.size).T @ h
    assert abs(decoder).max() > 1e-3 and abs(slopes["W"] - decoder).max() > 1e-3


def test_nothing_overflows_and_a_reconstruction_without_share_counts_nothing():
    assert cross_entropy(np.array([[1e4, -1e4]]), np.array([[1.0, 0.0]]), "sigmoid") == pytest.approx(0)
    assert cross_entropy(np.array([[1e4, -1e4]]), np.array([[0.0, 1.0]]), "softmax") == pytest.approx(1e4)
    w, data = network(outputs=3), samples(columns=slice(0, 3))
    own = cross_entropy(scores(w, data.x), data.y, "sigmoid")
    np.testing.assert_allclose(sample_losses(w, data, 0.0), own)
    assert sample_losses(w, data, 0.5).mean() == pytest.approx(by_hand(w.views, data.x, *data, 0.5))


def test_corruption_sets_its_share_to_zero_and_leaves_the_rest():
    noisy = corrupted(np.ones((200, 50)), 0.2, np.random.default_rng(0))
    assert set(np.unique(noisy)) == {0, 1} and (noisy == 0).mean() == pytest.approx(0.2, abs=0.01)


def test_tuning_hears_noise_and_its_first_step_after_an_event_is_one_of_an_adam_that_begins():
    """That one is ``step`` long in every entry, whatever its gradient: m and v are new, and so is their count."""
    w, data = network(outputs=3), samples(n=40, columns=slice(0, 3))
    course = Course(w, small(corruption=0.4), np.random.default_rng(3))
    twin = np.random.default_rng(3)
    assert course.tune(data, 1e-3) == pytest.approx(by_hand(w.views, corrupted(data.x, 0.4, twin), *data, 0.2))
    course.tune(data, 1e-3)
    course.w = w
    course.begin_anew()
    course.tune(data, 1e-3)
    np.testing.assert_allclose(abs(course.w.vector - w.vector), 1e-3, rtol=1e-3)


def test_multiply_adds_are_five_products_of_the_size_of_w_and_three_of_that_of_v(monkeypatch):
    """noisy W, h W^T, ds W, noisy^T dh, ds^T h;  h V, dz V^T, h^T dz.  A fit counts every call of the objective."""
    [last] = IncrementalFeatures(small(tau=10**9, epochs=2), 0).learn(binary(0))
    assert last.solve.multiply_adds == 2 * 60 * 6 * (5 * 4 + 3 * 1)
    calls = []
    monkeypatch.setattr("den_ref.methods.shared.autoencoder.hybrid",
                        lambda **given: calls.append(given) or hybrid(**given))
    data = samples(n=30)
    assert fit_last(network(), 2, data.x, data, 0.3, 5).multiply_adds == len(calls) * 30 * 2 * (5 * 6 + 3 * 3)
    assert len(calls) > 3


# --- adding ------------------------------------------------------------------------------------------------------


def test_an_added_feature_that_no_head_hears_changes_no_score():
    w, x = network(), samples().x
    grown = appended(w, np.random.default_rng(3).normal(size=(6, 2)))
    np.testing.assert_allclose(scores(grown, x), scores(w, x), rtol=0, atol=1e-12)
    assert grown["b"].size == 7 and not grown["V"][-2:].any()


@LOSSES
def test_what_is_frozen_stays_bit_for_bit_and_the_loss_on_hard_samples_does_not_rise(loss):
    data = samples(n=30, loss=loss)
    noisy = corrupted(data.x, 0.2, np.random.default_rng(4))
    start = appended(network(), np.random.default_rng(5).normal(size=(6, 2)))
    for iterations in (1, 5, 20):
        result = fit_last(start, 2, noisy, data, 0.3, iterations)
        after = result.x
        for name, frozen in {"W": np.s_[:, :-2], "b": np.s_[:-2], "a": ..., "c": ..., "V": np.s_[:-2]}.items():
            np.testing.assert_array_equal(after[name][frozen], start[name][frozen])
        np.testing.assert_array_equal(after["V"][:, :2], start["V"][:, :2])          # older heads
        losses = [by_hand({**w.views, "V": w["V"][:, OWN], "c": w["c"][OWN]}, noisy, *data, 0.3)
                  for w in (start, after)]
        np.testing.assert_allclose(result.history["objective"], losses, rtol=1e-10)
        assert losses[1] < losses[0] and result.status == 1        # the iterations are done
        for w, residual in zip((start, after), result.history["residual"], strict=True):
            _, slopes = hybrid(**{**w.views, "V": w["V"][:, OWN], "c": w["c"][OWN]}, noisy=noisy, samples=data, lam=0.3)
            last = slopes["W"][:, -2:], slopes["b"][-2:], slopes["V"][-2:]
            assert residual == pytest.approx(max(abs(slope).max() for slope in last), rel=1e-9)


def test_a_fit_says_whether_it_came_to_its_end():
    result = fit_last(network(), 1, samples().x, samples(), 0.3, 10_000)
    assert result.success and (result.status, result.residual) == (0, result.history["residual"][1]) and result.nit > 5
    assert result.residual < 1e-4 < result.history["residual"][0]


def test_weights_that_are_not_fitted_stay_and_those_that_are_lower_the_loss():
    data, start = samples(n=30), network()
    noisy = corrupted(data.x, 0.2, np.random.default_rng(4))
    result = fit_last(start, 2, noisy, data, 0.3, 20, ("W", "b"))
    np.testing.assert_array_equal(result.x["V"], start["V"])
    losses = [by_hand({**w.views, "V": w["V"][:, OWN], "c": w["c"][OWN]}, noisy, *data, 0.3) for w in (start, result.x)]
    np.testing.assert_allclose(result.history["objective"], losses, rtol=1e-10)
    assert losses[1] < losses[0] and abs(result.x["b"] - start["b"])[-2:].min() > 1e-6


@pytest.mark.parametrize("head_on", ["all", "hard"])
def test_only_a_head_that_hears_hard_samples_alone_answers_worse_for_what_is_added(head_on):
    """One sample in ten has the label: it is the hard ones that do.  All of them want the same answer."""
    rng = np.random.default_rng(0)
    y = (np.arange(200) % 10 == 0)[:, None] * 1.0
    x = rng.normal(size=(200, 4)) + y
    task, method = replace(binary(0), x_train=x, y_train=y), IncrementalFeatures(small(head_on=head_on, iterations=20), 0)
    added = [step for step in method.learn(task) if step.box == "add"]
    every = Samples(method.ranges(x), y, method.kept[0])
    before, after = (np.array([sample_losses(w, every, 0.0).mean() for w in network])
                     for network in zip(*((step.before, step.after) for step in added)))
    assert len(added) > 2
    if head_on == "all":
        np.testing.assert_allclose(after, before, rtol=0, atol=1e-12)
    else:
        assert max(after - before) > 0.3


# --- merging -----------------------------------------------------------------------------------------------------


def with_a_twin() -> Flat:
    """Features 1 and 4 are the same."""
    w = network()
    w["W"][:, 4], w["b"][4], w["V"][4] = w["W"][:, 1], w["b"][1], w["V"][1]
    return w


def test_twins_that_are_summed_change_no_score_and_twins_that_are_averaged_do():
    w, x = with_a_twin(), samples().x
    pairs = nearest_pairs(w["W"], 1)
    assert pairs.tolist() == [[1, 4]]
    np.testing.assert_allclose(scores(merged(w, pairs, x, "sum"), x), scores(w, x), rtol=0, atol=1e-12)
    averaged = merged(w, pairs, x, "mean")
    assert averaged["b"].size == 4
    lost = expit(x @ w["W"][:, [1]] + w["b"][1]) * w["V"][1]       # one of the two that said it
    np.testing.assert_allclose(scores(averaged, x), scores(w, x) - lost, rtol=0, atol=1e-12)


@pytest.mark.parametrize("outgoing", ["sum", "mean"])
def test_the_reconstruction_of_twins_changes_however_they_are_merged(outgoing):
    w, x = with_a_twin(), samples().x

    def shown(w):
        return expit(x @ w["W"] + w["b"]) @ w["W"].T + w["a"]

    lost = expit(x @ w["W"][:, [1]] + w["b"][1]) * w["W"][:, 1]
    np.testing.assert_allclose(shown(merged(w, np.array([[1, 4]]), x, outgoing)), shown(w) - lost, rtol=0, atol=1e-12)


def test_a_merged_feature_is_the_mean_weighted_by_activation():
    w, x = network(), samples().x
    after, (p0, p3) = merged(w, np.array([[0, 3]]), x, "mean"), expit(x @ w["W"] + w["b"]).sum(axis=0)[[0, 3]]
    for name, rows in {"W": w["W"].T, "b": w["b"], "V": w["V"]}.items():
        new = after[name].T if name == "W" else after[name]
        np.testing.assert_allclose(new[-1], (p0 * rows[0] + p3 * rows[3]) / (p0 + p3), rtol=1e-12)
        np.testing.assert_array_equal(new[:-1], rows[[1, 2, 4]])
    np.testing.assert_array_equal(after["a"], w["a"])


def test_features_that_are_off_everywhere_are_halved():
    w = network()
    w["b"][[0, 3]] = -1e4
    new = merged(w, np.array([[0, 3]]), samples().x, "mean")["W"][:, -1]
    np.testing.assert_allclose(new, w["W"][:, [0, 3]].mean(axis=1))


def test_pairs_are_disjoint_and_the_nearest_first():
    W = np.array([[1.0, 2.0, 0.0, 0.1, 0.0], [0.0, 0.2, 1.0, 1.0, 0.0]])     # a column of zeros is far from all
    assert nearest_pairs(W, 9).tolist() == [[0, 1], [2, 3]]
    assert nearest_pairs(W, 1).tolist() == [[0, 1]] and nearest_pairs(W, 0).shape == (0, 2)
    assert nearest_pairs(W[:, :3], 1).shape == (0, 2)              # fewer than 4
    assert nearest_pairs(np.eye(2)[:, [0, 0, 1, 1]] * [1, -1, 1, 3], 2).tolist() == [[2, 3], [0, 1]]


# --- who decides -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("now", "add"), [(0.90, 21), (1.00, 10), (0.985, 20), (0.981, 20), (0.979, 21), (1.5, 10)])
def test_the_table_of_rule_one(now, add):
    config = small(grow=20)
    assert first_sizes(config) == Sizes(20, 10)
    assert next_sizes(Sizes(20, 10), 1.0, now, config) == Sizes(add, -(-add // 2))


def test_rule_one_at_its_ends():
    assert next_sizes(Sizes(20, 10), 1.0, 1.0, small(eps2=0.0)) == Sizes(20, 10)     # exactly flat
    assert next_sizes(Sizes(1, 1), 1.0, 1.0, small()) == Sizes(0, 0)                 # stops
    assert next_sizes(Sizes(0, 0), 1.0, 1.0, small()) == Sizes(0, 0)
    assert next_sizes(Sizes(0, 0), 1.0, 0.5, small()) == Sizes(1, 1)                 # and may go on by one


def test_the_table_of_rule_two():
    config = small(grow=7, rule="validation")
    assert first_sizes(config) == Sizes(7, 0)
    assert [next_sizes(Sizes(7, 0), 1.0, now, config) for now in (0.9, 1.0, 1.1)] == [(7, 0), (0, 7), (0, 7)]


def test_hard_samples_are_above_the_mean_of_the_last_window():
    hard = Hard(window=3, tau=2)
    assert not hard.look(np.array([5, 6]), np.array([1.0, 9.0])) and hard.rows == []       # nothing to compare with
    assert hard.level == 5
    assert not hard.look(np.array([7, 8, 9]), np.array([5.0, 6.0, 1.0])) and hard.rows == [8]      # 5 is not above 5
    assert hard.level == 4                                         # of the last three
    assert not hard.look(np.array([1]), np.array([4.5])) and hard.rows == [8, 1]   # tau is not more than tau
    assert hard.level == pytest.approx(23 / 6) and hard.look(np.array([2]), np.array([4.1])) and hard.rows == [8, 1, 2]


@pytest.mark.parametrize(("by", "later"), [(-1.0, {"add"}), (1.0, {"merge"})], ids=["falls", "rises"])
def test_rule_two_goes_by_the_validation_loss(by, later, monkeypatch):
    """What it is told falls all the time, or rises; the objective of the hard samples has no say."""
    told = iter(100 + by * np.arange(99))
    monkeypatch.setattr(Samples, "value", lambda self, w: float(next(told)))
    method = IncrementalFeatures(small(rule="validation", features=20, grow=2, epochs=8, patience=99), 0)
    boxes = [step.box for step in method.learn(binary(0)) if step.box in ("add", "merge")]
    assert boxes[:2] == ["add", "add"] and len(boxes) > 3 and set(boxes[2:]) == later


# --- the stream --------------------------------------------------------------------------------------------------


def test_features_after_an_event_are_those_before_less_the_merged_and_more_the_added():
    method = IncrementalFeatures(small(epochs=6), 0)
    steps = method.learn(binary(0))
    events = [step for step in steps if step.box in ("merge", "add")]
    n = 6
    assert {step.box for step in events} == {"merge", "add"}
    for step in events:
        n += step.facts["number"] * (1 if step.box == "add" else -1)
        assert step.facts["features"] == step.after["b"].size == n
    sizes = [(step.facts["number"], following.facts["number"]) for step, following in zip(events, events[1:])
             if step.box == "merge" and following.box == "add"]
    assert sizes[0] == (2, 3)                                      # ceil(3 / 2) pairs, 3 features
    collected = [step.facts["hard"] for step in steps if step.box == "collect"]
    assert len(collected) > 2 and 15 < min(collected) and max(collected) <= 15 + 10          # B began empty: tau, a batch


def test_a_task_counts_the_pairs_there_were_and_not_those_that_were_wanted():
    """Of four features two pairs can be made, and five were asked for."""
    steps = IncrementalFeatures(small(features=4, grow=10, tau=30), 0).learn(binary(0))
    numbers = {box: [step.facts["number"] for step in steps if step.box == box] for box in ("merge", "add")}
    assert (numbers["merge"][0], numbers["add"][0]) == (2, 10)
    assert [steps[-1].facts[name] for name in ("merged", "added")] == [[sum(numbers["merge"])], [sum(numbers["add"])]]


@pytest.mark.parametrize("tau", [15, 10**9])
def test_without_enough_hard_samples_nothing_changes_its_shape(tau):
    method = IncrementalFeatures(small(tau=tau), 0)
    boxes = [step.box for step in method.learn(binary(0))]
    assert (boxes == ["tune"]) == (method.capacity().widths == (6,)) == (tau > 15)


def test_the_events_of_a_run_are_those_that_its_rules_give():
    """Every objective that the rule saw is in the sentence of hard samples: sizes follow from them by hand."""
    method = IncrementalFeatures(small(epochs=8, eps1=0.2, eps2=0.1, grow=16), 1)
    steps = method.learn(binary(1, n=120))
    levels = [float(step.sentence.rsplit(" ", 1)[1]) for step in steps if step.box == "collect"]
    added = [step.facts["number"] for step in steps if step.box == "add"]
    assert added[0] == added[1] == 16
    rule = [16, 16]
    for before, now in zip(levels, levels[1:]):
        rule.append(rule[-1] + 1 if now < 0.8 * before else rule[-1] // 2 if now > 0.9 * before else rule[-1])
    until = rule.index(0) if 0 in rule else len(added)             # an event that adds nothing has no boxes
    assert until > 3 and added[:until] == rule[:until]


def test_heads_of_older_tasks_are_not_trained_and_their_scores_move_with_the_features():
    method = IncrementalFeatures(small(tau=10**9), 0)
    method.learn(binary(0))
    head, x = method.w["V"].copy(), binary(0).x_valid
    before = method.scores(0, x)
    method.learn(binary(1))
    np.testing.assert_array_equal(method.w["V"][:, :1], head)
    assert abs(method.scores(0, x) - before).max() > 1e-3          # nothing holds the features


def test_growing_alone_leaves_older_scores_as_they_are():
    """Every event of the second task adds; the learning rate is too small to be seen."""
    method = IncrementalFeatures(small(gamma=0.0, step=1e-30), 0)
    method.learn(binary(0))
    x, before = binary(0).x_valid, method.scores(0, binary(0).x_valid)
    steps = method.learn(binary(1))
    assert any(step.box == "add" for step in steps) and method.capacity().widths[0] > 6
    np.testing.assert_allclose(method.scores(0, x), before, rtol=0, atol=1e-12)


@pytest.mark.slow
def test_it_learns_and_growing_beats_the_layer_it_began_with():
    """Samples of two classes in a ring: two features cannot tell them, those that are added can, if the hard samples
    say what for."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 2))
    y = (np.hypot(*x.T) > 1.2)[:, None] * 1.0
    task = replace(binary(0), x_train=x[:400], y_train=y[:400], x_valid=x[400:], y_valid=y[400:])
    options = dict(features=2, corruption=0.0, window=200, step=0.05, batch=20, epochs=40, patience=40, iterations=20)
    right = []
    for head_on, tau in (("hard", 400), ("hard", 10**9), ("all", 400)):
        method = IncrementalFeatures(small(**options, head_on=head_on, tau=tau), 0)
        method.learn(task)
        right.append((method.predict(0, x[400:]) == y[400:]).mean())
    assert right[0] > 0.9 > 0.85 > max(right[1:])


@pytest.mark.slow
def test_few_images_are_few_steps(tmp_path):
    """Ten classes of 24 pictures: two batches an epoch teach the head nothing, eight do."""
    [task, *_] = make_stream("cifar100", cifar100=write_cifar100(tmp_path, 30, 10), per_class=(24, 6, 10)).tasks
    found = {}
    for batch in (128, 32):
        method = IncrementalFeatures(IncrementalFeaturesConfig(batch=batch), 0)
        method.learn(task)
        found[batch] = head_auroc(method.scores(task.id, task.x_test), task.y_test, "sigmoid")
    assert abs(found[128] - 0.5) < 0.02 and found[32] == pytest.approx(0.98, abs=0.01)


def test_inputs_are_brought_to_the_range_of_the_first_tasks_samples():
    ranges = Ranges.of(np.array([[-1.0, 5.0], [3.0, 5.0]]), "float64")
    np.testing.assert_array_equal(ranges(np.array([[1.0, 7.0], [-9.0, 5.0], [9.0, 0.0]])), [[0.5, 0], [0, 0], [1, 0]])


def test_later_tasks_are_brought_to_the_ranges_of_the_first():
    method = IncrementalFeatures(small(), 0)
    method.learn(binary(0))
    first = method.ranges
    method.learn(replace(binary(1), x_train=10 * binary(1).x_train))
    assert method.ranges is first and first.low.tolist() == binary(0).x_train.min(axis=0).tolist()


def test_rule_two_asks_for_validation_samples():
    method = IncrementalFeatures(small(rule="validation"), 0)
    with pytest.raises(ValueError, match="rule: expected validation samples for rule=validation, got none in task 0"):
        method.learn(replace(binary(0), x_valid=np.zeros((0, 4)), y_valid=np.zeros((0, 1))))
    assert method.tasks == [] and method.learn(binary(0))


OTHERWISE = {"features": 7, "lam": 0.9, "corruption": 0.6, "window": 7, "tau": 30, "grow": 5, "gamma": 1.0,
             "rule": "validation", "eps1": 0.02, "eps2": 0.9, "outgoing": "sum", "head_on": "hard", "iterations": 5,
             "step": 0.05, "step_end": 1.0, "batch": 20, "epochs": 4, "patience": 1, "dtype": "float32"}


#: One iteration of L-BFGS leaves objectives that fall by a little, so that every bound matters.
USUAL = {"epochs": 20, "patience": 20, "eps1": 0.5, "iterations": 1, "step": 0.1}


@pytest.mark.slow
@pytest.mark.parametrize("option", OTHERWISE)
def test_every_option_has_an_effect(option):
    """On scores, or on the losses of the epochs: validation labels contradict those of training."""
    task = binary(0, y_valid=1 - binary(0).y_train[:10])

    def outcome(**options):
        method = IncrementalFeatures(small(**{**USUAL, **options}), 0)
        return method.learn(task)[-1].solve.history["loss"], method.scores(0, task.x_valid).tolist()

    assert outcome(**{option: OTHERWISE[option]}) != outcome() and set(OTHERWISE) == set(small().to_dict())


def test_a_task_without_validation_samples_keeps_its_last_epoch():
    method = IncrementalFeatures(small(), 0)
    [*_, last] = method.learn(replace(binary(0), x_valid=np.zeros((0, 4)), y_valid=np.zeros((0, 1))))
    assert last.solve.best_epoch == last.solve.nit == 3 and last.after is method.w


@pytest.mark.parametrize(("patience", "told", "epochs", "best"), [
    (1, [3, 2, 2], 3, 2),                                          # a loss that stays is not better
    (2, [3, 2, 2.5, 1, 1.5, 1.5], 6, 4),                           # one worse epoch is waited for
    (3, [1, 2, 2, 2], 4, 1), (9, [4, 3, 2, 1, 0, 5, 5], 7, 5)])    # all epochs done
def test_patience_counts_the_epochs_after_the_best(patience, told, epochs, best, monkeypatch):
    losses = iter(told)
    monkeypatch.setattr(Samples, "value", lambda self, w: next(losses))
    [*_, last] = IncrementalFeatures(small(patience=patience, epochs=7), 0).learn(binary(0))
    assert last.solve.nit == epochs and last.solve.best_epoch == best


@pytest.mark.parametrize("batch", [7, 10, 30, 99])
def test_an_epoch_has_full_batches_and_one_of_what_is_left(batch, monkeypatch):
    task, seen, tune = binary(0), [], Course.tune
    monkeypatch.setattr(Course, "tune", lambda self, samples, step: seen.append(samples.x) or tune(self, samples, step))
    method = IncrementalFeatures(small(batch=batch, epochs=1), 0)
    method.learn(task)
    n = len(task.x_train)
    assert list(map(len, seen)) == [batch] * (n // batch) + [n % batch] * (n % batch > 0)
    wanted, rows = (list(map(tuple, x)) for x in (method.ranges(task.x_train), np.vstack(seen)))
    assert sorted(rows) == sorted(wanted) and rows != wanted       # each once, and not as they stand


@pytest.mark.parametrize("loss", ["loss", "validation"])
def test_what_an_epoch_tells_are_means_over_samples(loss):
    """Steps too short to be seen, no noise, and a short last batch: L of all samples; on validation data the head's
    part alone."""
    [step] = IncrementalFeatures(small(tau=10**9, batch=25, corruption=0.0, step=1e-30, lam=0.9), 0).learn(binary(0))
    task, w = binary(0), step.after
    share, x, y = (0.9, task.x_train, task.y_train) if loss == "loss" else (0.0, task.x_valid, task.y_valid)
    expected = by_hand(w.views, *[Ranges.of(task.x_train, "float64")(x)] * 2, y, Head(slice(0, 1), "sigmoid"), share)
    np.testing.assert_allclose(step.solve.history[loss], expected, rtol=1e-12)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_training_that_diverges_says_so_and_leaves_the_method_as_it_was():
    method = IncrementalFeatures(small(step=1e308), 0)
    with pytest.raises(ArithmeticError, match="training of task 0 diverged in Algorithm 1, all features"):
        method.learn(binary(0))
    assert method.tasks == []
