"""Convolutional DEN: filters are units.  At 1 x 1 it is the dense one; else it selects, grows and splits filters."""

import math
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from den_ref import plots
from den_ref.core.convolution import Convolution
from den_ref.den import DEN, DENConfig, ablations, surgery
from den_ref.den.finetune import FineTuned, FineTunedConfig
from den_ref.den.network import NEVER, Head, Network
from den_ref.tasks import make_stream
from tests.helpers.random_networks import copied
from tests.helpers.short_runs import quick, random_task

KINDS = [DEN, FineTuned, ablations.L1Network, ablations.PulledSelective, ablations.Constant, ablations.WithoutTimestamps]


def learnt(config, tasks, kind=DEN):
    """(the learner, all its steps)."""
    den, steps = kind(config, seed=0), []
    for task in tasks:
        steps += den.learn(task)
    return den, steps


def as_images(tasks) -> list:
    """The same samples as images of one pixel, with a channel per feature."""
    return [replace(task, image=(1, 1, task.n_inputs)) for task in tasks]


# --- one pixel, filters of one pixel: the dense run bit for bit --------------------------------------------------


def differing(steps, others) -> list:
    """Boxes after which two runs are not the same: sentences, facts, arrays; all bits."""
    found = []
    for one, other in zip(steps, others, strict=True):
        arrays, of_other = {**one.after.arrays(), **one.arrays}, {**other.after.arrays(), **other.arrays}
        for name in ("convolutions", "image"):                     # what the layers are, and what a picture shows to them
            arrays.pop(name, None), of_other.pop(name, None)
        same = arrays.keys() == of_other.keys() and all(a.tobytes() == of_other[name].tobytes() for name, a in arrays.items())
        found += [] if same and (one.sentence, one.facts) == (other.sentence, other.facts) else [one.box]
    return found


@pytest.mark.parametrize("filters, hidden, dtype", [
    ((5,), (4,), "float32"), pytest.param((5,), (4,), "float64", marks=pytest.mark.slow),
    pytest.param((5, 4), (3,), "float32", marks=pytest.mark.slow),
    pytest.param((5, 4), (3,), "float64", marks=pytest.mark.slow)], ids=str)
def test_at_one_pixel_it_is_the_dense_run(filters, hidden, dtype):
    tasks, options = [random_task(t, dtype, valid=20) for t in (1, 2, 3)], dict(dtype=dtype, kernel=1, stride=1)
    dense, steps = learnt(quick((*filters, *hidden), dtype=dtype), tasks)
    images, others = learnt(quick(hidden, filters=filters, **options), as_images(tasks))
    assert not differing(steps, others)
    assert {"eq2", "prune", "eq3", "select", "eq4", "eq5", "eq6", "split", "eq6_after"} <= {step.box for step in steps}
    assert dense.capacity() == images.capacity()
    for task in tasks:
        assert dense.scores(task.id, task.x_valid).tobytes() == images.scores(task.id, task.x_valid).tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS[1:])
def test_at_one_pixel_the_ablations_are_dense_too(kind):
    tasks = [random_task(t) for t in (1, 2, 3)]
    _, steps = learnt(quick((5, 4), kind.Config), tasks, kind)
    _, others = learnt(quick((4,), kind.Config, filters=(5,), kernel=1, stride=1), as_images(tasks), kind)
    assert not differing(steps, others)


@pytest.mark.slow
@pytest.mark.parametrize("options", [dict(anchor_weights="fisher"), dict(eq4_norm="unsquared"), dict(dense_selection=True),
                                     dict(gamma_scaling="sqrt_size"), dict(mu_eq4=1e-3), dict(eq6="new")], ids=str)
def test_at_one_pixel_all_readings_are_dense_too(options):
    tasks = [random_task(t) for t in (1, 2, 3)]
    _, steps = learnt(quick((5, 4), **options), tasks)
    _, others = learnt(quick((4,), filters=(5,), kernel=1, stride=1, **options), as_images(tasks))
    assert not differing(steps, others)


def test_a_difference_between_runs_is_seen():
    tasks = [random_task(1)]
    (_, steps), (_, others) = learnt(quick((5, 4)), tasks), learnt(quick((5, 4), mu=3e-3), tasks)
    assert differing(steps, others) == ["eq2", "prune"]


# --- digits ------------------------------------------------------------------------------------------------------

CONFIG = DENConfig(filters=(3, 4), kernel=5, stride=2, hidden=(6,), k=1, sigma=(0.01, 0.1, 0.1), epochs_eq2=2, epochs_eq4=2,
                   epochs_eq5=1, epochs_eq6=1, batch=64, step=5e-3, mu=1e-4)


@pytest.fixture(scope="module")
def digits():
    """Three tasks of few samples, and DEN that learnt them: (tasks, learner, steps, its states after each)."""
    tasks = make_stream("mnist-variation", n_tasks=3, per_class=(25, 6, 1)).tasks
    den, steps, states = DEN(CONFIG, seed=0), [], []
    for task in tasks:
        steps += den.learn(task)
        states.append(den.state())
    return tasks, den, steps, states


def test_filters_come_and_are_split(digits):
    tasks, den, steps, _ = digits
    assert den.network.fan == (25, 25, 4 * 4, 1) and den.network.widths > CONFIG.widths
    assert [(layer.height, layer.size, layer.stride) for layer in den.network.convolutions] == [(28, 5, 2), (12, 5, 2)]
    assert (den.network.n_inputs, den.network.n_features, den.n_inputs) == (1, 784, 784)
    split, = (step for step in steps if step.box == "split" and step.stage == 3)
    assert all(split.facts["split"][:2]) and "inputs: 1 of 1" in next(s.sentence for s in steps if s.box == "select")
    for step in steps:
        for head in step.after.heads:
            if head.stage < step.stage and step.box in ("eq3", "select", "loss", "eq5", "prune", "undo"):
                x = tasks[0].x_valid
                assert np.array_equal(step.before.scores(head.task, x), step.after.scores(head.task, x))


def test_every_old_task_is_scored_as_before_if_what_drifted_is_split(digits):
    """sigma = 0 brings all back, bit for bit, and Eq. 6 moves only what is new."""
    tasks, _, _, states = digits
    den = DEN.from_state(states[0], replace(CONFIG, sigma=0.0, eq6="new"))
    before = den.scores(tasks[0].id, tasks[0].x_valid)
    den.learn(tasks[1])
    assert np.array_equal(den.scores(tasks[0].id, tasks[0].x_valid), before)


def test_it_goes_on_from_its_state_as_if_it_had_not_stopped(digits):
    tasks, den, steps, states = digits
    again = DEN.from_state(states[1], CONFIG)
    others = again.learn(tasks[2])
    assert again.network.convolutions == den.network.convolutions
    assert not differing([step for step in steps if step.stage == 3], others)
    assert all(array.tobytes() == again.state()[name].tobytes() for name, array in den.state().items() if name != "meta")


@pytest.mark.slow
def test_every_box_can_be_shown(digits):
    for step in digits[2]:
        assert plots.show(step).axes, step.box
        plt.close("all")


def test_pictures_have_one_number_per_edge(digits):
    """Of the last box: lines between units, and matrices whose sides are numbers of units."""
    network = digits[1].network
    matrices = plots.network._matrices(network, 3)
    assert [m.shape for m in matrices] == list(zip([1, *network.widths], [*network.widths, 3]))


# --- what is special about maps ----------------------------------------------------------------------------------


def constant_below(layer: Convolution) -> Network:
    """A filter that is 2 everywhere, and one that sees the image, below a convolution on maps of 3 x 3."""
    born, gone = [np.ones(2, np.int32), np.ones(1, np.int32)], [np.full(n, NEVER, np.int32) for n in (2, 1)]
    upper = np.random.default_rng(0).normal(size=(layer.fan * 2, 1))
    places = math.prod(layer.out_maps)
    head = Head("task 1", 1, np.random.default_rng(1).normal(size=(places, 1)), np.zeros(1))
    return Network([np.array([[0.0, 1.0]]), upper], [np.array([2.0, 0.0]), np.array([9.0])], born, gone, [head],
                   convolutions=(Convolution(3, 3, size=1), layer))


@pytest.mark.parametrize("padding, goes", [(0, True), (1, False)])
def test_a_constant_map_is_folded_unless_zeros_stand_around_it(padding, goes):
    network = constant_below(Convolution(3, 3, size=2, padding=padding))
    useless = surgery.useless_units(network, 1)
    assert [list(units) for units in useless.units] == [[0] if goes else [], []]
    x = np.random.default_rng(2).normal(size=(5, 9))
    after = surgery.delete_units(useless.folded, useless.units)
    np.testing.assert_allclose(after.scores("task 1", x), network.scores("task 1", x), rtol=1e-12)


def test_folding_below_zeros_would_change_the_scores():
    network = constant_below(Convolution(3, 3, size=2, padding=1))
    folded = copied(network)
    folded.biases[1] += 2 * network.weights[1][::2].sum()
    folded.weights[1][::2] = 0
    x = np.random.default_rng(2).normal(size=(5, 9))
    assert not np.allclose(folded.scores("task 1", x), network.scores("task 1", x), rtol=1e-3)


def test_a_dead_constant_goes_below_zeros_too():
    network = constant_below(Convolution(3, 3, size=2, padding=1))
    network.biases[0][0] = -2
    assert list(surgery.useless_units(network, 1).units[0]) == [0]


def test_eq2_makes_whole_edges_zero(digits):
    """With a strong mu: of a filter, and of a map that a dense unit reads, all weights are 0 or none is."""
    tasks, *_ = digits
    den, _ = learnt(replace(CONFIG, mu=0.2, epochs_eq2=5, prune=False), tasks[:1])
    zeros = [(w.reshape(fan, -1) == 0).mean(axis=0) for w, fan in zip(den.network.weights, den.network.fan)]
    assert set(np.concatenate(zeros)) == {0.0, 1.0}


# --- what is refused ---------------------------------------------------------------------------------------------


def test_filters_need_images(digits):
    with pytest.raises(ValueError, match="filters: expected \\(\\) where samples are no images"):
        DEN(CONFIG).learn(random_task(1))


def test_images_of_another_size_are_refused(digits):
    tasks, _, _, states = digits
    other = replace(tasks[1], image=(14, 56, 1))
    with pytest.raises(ValueError, match=r"task.image: expected 28 x 28, as in the tasks learnt, got \(14, 56, 1\)"):
        DEN.from_state(states[0], CONFIG).learn(other)


@pytest.mark.parametrize("array, said", [(np.ones((2, 6)), r"integers of shape \(2, 6\), got float64"),
                                         (np.ones((2, 5), int), r"got int64 \(2, 5\)")])
def test_convolutions_of_another_kind_are_refused(digits, array, said):
    state = digits[3][0]
    with pytest.raises(ValueError, match=f"convolutions: expected .*{said}"):
        DEN.from_state(state | {"convolutions": array}, CONFIG)


def test_den_finetune_tunes_a_copy_of_filters(digits):
    """DEN's boxes are DEN's; what the copy has as 0 for whole edges stays, and a state brings it back."""
    tasks, den, _, states = digits
    tuned = FineTuned(FineTunedConfig(**{**CONFIG.to_dict(), "finetune_epochs": 1}), seed=0)
    for task in tasks[:2]:
        step = tuned.learn(task)[-1]
    assert states[1].keys() <= tuned.state().keys()
    assert all(np.array_equal(array, tuned.state()[name]) for name, array in states[1].items() if name != "meta")
    for old, new in zip(step.before.stacks, step.after.stacks, strict=True):
        there = (old != 0).any(axis=0)
        assert not new[:, ~there].any() and not np.array_equal(old, new)
    again = FineTuned.from_state(tuned.state(), tuned.config, seen=tasks[:2])
    assert np.array_equal(again.scores(tasks[0].id, tasks[0].x_valid), tuned.scores(tasks[0].id, tasks[0].x_valid))
