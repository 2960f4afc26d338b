"""Methods of plain networks that begin with convolutions: at 1 x 1 the dense ones, sizes, states, what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from den_ref.experiment.one_run.plan import make_plan
from den_ref.methods import EWC, IMM, L2, MTL, SI, STL, FineTuning, Progressive, Tree
from den_ref.tasks import make_stream

PLAIN = [STL, MTL, FineTuning, L2, EWC, SI, IMM, Progressive]
QUICK = {"step": 0.02, "batch": 16, "epochs": 2, "dtype": "float64"}
ON_DIGITS = {**QUICK, "filters": (3, 4), "hidden": (5,)}


def toy():
    """Tasks whose twelve inputs are one pixel."""
    return [replace(task, image=(1, 1, 12), x_train=task.x_train[:150], y_train=task.y_train[:150])
            for task in make_stream("toy", dtype="float64", n_tasks=3).tasks]


def digits(n=2):
    return list(make_stream("mnist-variation", per_class=(4, 2, 2), n_tasks=n, dtype="float64").tasks)


def learnt(kind, tasks, **settings):
    method = kind(kind.Config(**settings))
    return method, [method.learn(task)[-1].solve for task in tasks]


@pytest.mark.parametrize(("kind", "options"), [*((kind, {}) for kind in PLAIN), (IMM, {"drop": 0.4})],
                         ids=lambda value: getattr(value, "name", str(value)))
def test_pixels_and_filters_of_1_x_1_are_the_dense_network_bit_for_bit(kind, options):
    """A whole run: networks, scores, histories, and what learning cost."""
    filtered, solves = learnt(kind, toy(), **QUICK, **options, filters=(8,), hidden=(6,), kernel=1, stride=1)
    dense, others = learnt(kind, toy(), **QUICK, **options, hidden=(8, 6))
    for ours, theirs in zip(solves, others, strict=True):
        assert ours.history == theirs.history and ours.multiply_adds == theirs.multiply_adds
        assert np.array_equal(ours.x.vector, theirs.x.vector)
    for task in toy():
        assert np.array_equal(filtered.scores(task.id, task.x_test), dense.scores(task.id, task.x_test))
    assert filtered.capacity() == dense.capacity()


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=pytest.mark.slow) if kind in (STL, L2, SI, FineTuning)
                                  else kind for kind in PLAIN], ids=lambda kind: kind.name)
def test_a_state_goes_on_bit_for_bit(kind):
    first, second = digits()
    whole, _ = learnt(kind, [first], **ON_DIGITS)
    again = kind.from_state(whole.state(), whole.config, seen=[first])
    for method in (whole, again):
        method.learn(second)
    ours, theirs = whole.state(), again.state()
    assert ours.keys() == theirs.keys() and all(np.array_equal(ours[name], theirs[name]) for name in ours)
    assert np.array_equal(whole.scores(second.id, second.x_test), again.scores(second.id, second.x_test))


def test_parameters_by_hand():
    """28 x 28: 5 x 5 filters on one channel, 12 x 12 maps, 5 x 5 on three, 4 x 4 maps, 5 units, a head."""
    body = (25 * 1 + 1) * 3 + (25 * 3 + 1) * 4 + (16 * 4 + 1) * 5
    method, [solve] = learnt(STL, digits(1), **ON_DIGITS)
    assert method.capacity().allocated == body + (5 + 1) * 1 and method.capacity().widths == (3, 4, 5)
    products = 144 * 2 * 75 + 16 * 3 * 300 + 3 * (64 * 5 + 5)
    assert solve.multiply_adds == solve.nit * len(digits(1)[0].x_train) * products
    _, [solve] = learnt(STL, digits(1), **{**ON_DIGITS, "filters": (3,), "pool": True, "epochs": 1})
    products = 144 * 2 * 75 + 3 * (36 * 3 * 5 + 5)                 # 12 x 12 maps are computed, 6 x 6 leave the pool
    assert solve.multiply_adds == len(digits(1)[0].x_train) * products
    mtl, _ = learnt(MTL, digits(), **ON_DIGITS)
    assert set(mtl.capacity().per_task.values()) == {body + 6}


@pytest.mark.parametrize(("option", "rows"), [
    ({}, (25, 4 * 4 * 3)), ({"kernel": 3}, (9, 6 * 6 * 3)), ({"stride": 3}, (25, 2 * 2 * 3)),
    ({"padding": 2}, (25, 7 * 7 * 3)), ({"stride": 1, "pool": True}, (25, 4 * 4 * 3))], ids=str)
def test_every_option_of_filters_has_an_effect(option, rows):
    method, _ = learnt(STL, digits(1), **{**ON_DIGITS, "filters": (2, 3), "epochs": 0, **option})
    network = method.network_of(method.tasks[0])
    assert (network["W1"].shape[0], network["W3"].shape[0]) == rows and network["W2"].shape[0] == 2 * rows[0]


def test_a_tree_of_filters():
    tasks = list(make_stream("split-digits", per_class=(4, 2, 2), n_tasks=2).tasks)
    tree, _ = learnt(Tree, tasks, filters=(3,), hidden=(5,), epochs=1)
    again = Tree.from_state(tree.state(), tree.config, seen=tasks)
    assert np.array_equal(tree.class_scores(tasks[0].x_test), again.class_scores(tasks[0].x_test))


def test_what_is_no_image_is_refused():
    task = make_stream("toy").tasks[0]
    with pytest.raises(ValueError, match=r"filters: expected \(\) where samples are no images, got \(3, 4\)"):
        learnt(STL, [task], **ON_DIGITS)
    with pytest.raises(ValueError, match=r"filters: expected at most 0 convolutions .* on images of 3 x 4, got 2"):
        learnt(FineTuning, [replace(task, image=(3, 4, 1))], **ON_DIGITS)


def test_a_plan_is_refused_before_learning_begins():
    with pytest.raises(ValueError, match=r"filters: expected \(\) where samples are no images, got \(3,\)"):
        make_plan("stl", "toy", settings={"filters": (3,)})
    assert make_plan("stl", "mnist-variation", settings={"filters": (3,)}, per_class=(1, 1, 1)).config.filters == (3,)


def test_a_padding_as_wide_as_a_window_is_refused_where_there_are_filters():
    with pytest.raises(ValueError, match="padding: expected an integer < kernel=5, got 5"):
        STL.Config(filters=(3,), kernel=5, padding=5)
    assert STL.Config(kernel=5, padding=5).padding == 5 and STL.Config(filters=(3,), kernel=5, padding=4).filters == (3,)


@pytest.mark.parametrize("kind", [FineTuning, MTL, Progressive, Tree], ids=lambda kind: kind.name)
def test_images_of_another_shape_are_refused(kind):
    """By those that learn on with one network, and by those that join the data of all tasks."""
    stream = "split-digits" if kind is Tree else "mnist-variation"
    first, second = make_stream(stream, per_class=(4, 2, 2), n_tasks=2).tasks
    with pytest.raises(ValueError, match=r"task.image: expected 28 x 28, as in the tasks learnt, got \(14, 56, 1\)"):
        learnt(kind, [first, replace(second, image=(14, 56, 1))], filters=(3,), hidden=(5,), epochs=1)


def test_images_of_another_shape_are_refused_among_all_that_are_learnt_at_once():
    first, second, third = digits(3)
    with pytest.raises(ValueError, match=r"task.image: expected 28 x 28, as in the tasks learnt, got \(14, 56, 1\)"):
        MTL(MTL.Config(**ON_DIGITS)).learn_all([first, replace(second, image=(14, 56, 1)), third])


@pytest.mark.parametrize(("facts", "message"), [
    (np.ones((2, 5), int), r"body/convolutions: expected integers of shape \(2, 6\), got int64 \(2, 5\)"),
    (np.ones((2, 6)), r"body/convolutions: expected integers of shape \(2, 6\), got float64 \(2, 6\)"),
    (np.array([[28, 28, 5, 2, 0, 0], [14, 14, 5, 2, 0, 0]]), "body/convolutions: expected layers that fit each other"),
])
def test_convolutions_that_a_state_does_not_have_are_refused(facts, message):
    method, _ = learnt(FineTuning, digits(1), **ON_DIGITS)
    with pytest.raises(ValueError, match=message):
        FineTuning.from_state({**method.state(), "body/convolutions": facts}, method.config)


def test_options_that_do_not_go_together_are_refused():
    with pytest.raises(ValueError, match="lam: expected at most 2 values"):
        L2.Config(filters=(3,), hidden=(2,), lam=(1.0, 1.0, 1.0))
