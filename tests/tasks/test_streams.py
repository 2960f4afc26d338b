"""Order, number of tasks, names, facts: the same for all streams."""

import json

import numpy as np
import pytest

from den_ref.protocol import Task, check_task
from den_ref.tasks import STREAMS, make_stream
from den_ref.tasks.seeds import generator
from den_ref.tasks.stream import Stream, label

SMALL = {"mnist-variation": {"per_class": (2, 1, 1)}, "permuted-mnist": {"per_class": (2, 1, 1)}, "toy": {},
         "split-digits": {"per_class": (2, 1, 1)}, "attributes": {}, "bases": {}, "mnist-back": {"per_class": (2, 1, 1), "textures": 2, "size": 64}}
BY_NAME = [name for name in STREAMS if name not in ("file", "cifar100")]       # test_own_data and test_cifar100 have them


def stream_of(*ids):
    made = []

    def make(task_id):
        made.append(task_id)
        x = np.zeros((1, 2))
        return Task(task_id, x, x, x, x)

    return Stream("mine", ids, make, 2, {"seed": 0}), made


def test_tasks_are_made_when_asked_for():
    stream, made = stream_of("a", "b", "c")
    tasks = stream.tasks
    assert len(tasks) == 3 and made == []
    assert tasks[1].id == "b" and tasks[-1].id == "c" and made == ["b", "c"]
    assert [task.id for task in tasks] == ["a", "b", "c"]
    assert [task.id for task in tasks[1:]] == ["b", "c"]
    with pytest.raises(IndexError):
        tasks[3]


@pytest.mark.parametrize("order, expected", [
    ("3,1", (3, 1)), ("3, 1", (3, 1)), ([3, 1], (3, 1)), (["3", 1], (3, 1)), ((1,), (1,)), ("2", (2,)),
    (np.array([4, 0]), (4, 0)),
])
def test_order_takes_ids_and_texts(order, expected):
    stream, _ = stream_of(0, 1, 2, 3, 4)
    ids = stream.ordered(order).ids
    assert ids == expected and all(type(i) is int for i in ids)
    assert stream.ids == (0, 1, 2, 3, 4)


def test_an_id_goes_before_what_reads_like_it():
    stream, _ = stream_of("1", 1)
    assert stream.ordered([1]).ids == (1,) and stream.ordered("1").ids == ("1",)


@pytest.mark.parametrize("order, message", [
    ("3,x", r"order: expected ids of tasks in stream 'mine' \(0, 1, 2, 3\), got 'x'"),
    ([7], "got 7"), ("", "got ''"), ("1,", "got ''"),
    ("1,2,1", "each once, got '1,2,1'"), ([1, "1"], "each once"), ([], r"got \[\]"),
])
def test_bad_orders(order, message):
    with pytest.raises(ValueError, match=message):
        stream_of(0, 1, 2, 3)[0].ordered(order)


def test_first():
    stream, _ = stream_of(0, 1, 2)
    assert stream.first(2).ids == (0, 1) and stream.first(3).ids == (0, 1, 2)
    for wrong in (0, 4, -1, 1.0, "2", True):
        with pytest.raises(ValueError, match="n_tasks: expected an integer from 1 to 3"):
            stream.first(wrong)


@pytest.mark.parametrize("name", BY_NAME)
def test_order_first_then_number(name):
    stream = make_stream(name, order="3,1,2", n_tasks=2, **SMALL[name])
    assert [task.id for task in stream.tasks] == [3, 1]
    whole = make_stream(name, **SMALL[name])
    np.testing.assert_array_equal(stream.tasks[0].x_test, whole.tasks[3].x_test)
    np.testing.assert_array_equal(stream.tasks[0].y_test, whole.tasks[3].y_test)


@pytest.mark.parametrize("name", BY_NAME)
def test_facts_are_json_and_say_the_order(name):
    stream = make_stream(name, order="3,1,2", **SMALL[name])
    assert json.loads(json.dumps(stream.facts)) == stream.facts
    assert stream.facts["name"] == name and stream.facts["order"] == [3, 1, 2] and stream.facts["seed"] == 0
    assert stream.tasks[0].n_inputs == stream.n_inputs == stream.facts["n_inputs"]


def test_ids_of_any_kind_become_json():
    facts = stream_of(1, "a", (1, 2), np.int64(3), None, 2.5)[0].facts
    assert json.loads(json.dumps(facts))["order"] == [1, "a", "(1, 2)", 3, "None", "2.5"]


def test_unknown_names_list_the_known_ones():
    known = "mnist-variation, mnist-back, permuted-mnist, split-digits, cifar100, attributes, bases, toy, file"
    with pytest.raises(ValueError, match=f"stream: expected one of {known}, got 'mnist'"):
        make_stream("mnist")
    with pytest.raises(ValueError, match=r"noise: expected an option of .* \(amplitude, mnist, per_class, rotation\)"):
        make_stream("mnist-variation", noise=1)
    with pytest.raises(ValueError, match="mnist: expected an option of toy"):
        make_stream("toy", mnist="somewhere")


#: Sum over j of j * x_j of the last sample of each split of task 1, with seed 3.
RECORDED = {
    "mnist-variation": [25328.9, 22177.6, 32185.3],
    "mnist-back": [95932.5, -131714.1, 198225.7],
    "permuted-mnist": [54575.7, -25897.7, 70229.8],
    "split-digits": [6826.89, 99231.6, 74446.5],
    "attributes": [-1880.25, 5659.69, 5426.44],
    "bases": [7.3688, -19.9331, -21.158],
    "toy": [34.1414, -24.5959, -14.1106],
}


@pytest.mark.parametrize("name", BY_NAME)
def test_the_samples_of_a_seed_never_change(name):
    """Recorded once: with other samples under the same seed, numbers once published mean nothing."""
    task = make_stream(name, seed=3, **SMALL[name]).tasks[1]
    got = [np.arange(task.n_inputs) @ x[-1].astype(float) for x in (task.x_train, task.x_valid, task.x_test)]
    np.testing.assert_allclose(got, RECORDED[name], rtol=1e-3)


@pytest.mark.parametrize("name", BY_NAME)
def test_the_digits_are_images_unless_their_pixels_are_permuted(name):
    image = (28, 28, 1) if name in ("mnist-variation", "mnist-back", "split-digits") else None
    task = make_stream(name, **SMALL[name]).tasks[1]
    assert task.image == task.without_test().image == image
    check_task(task, [])


def test_purposes_of_one_length_have_generators_of_their_own():
    assert generator(0, "angle").random() != generator(0, "noise").random()


def test_generators_are_independent_of_each_other_and_of_the_plain_seed():
    draws = [generator(0, "noise"), generator(0, "noise", 1), generator(0, "angles"), generator(1, "noise"),
             np.random.default_rng(0), np.random.default_rng(0).spawn(1)[0]]
    assert len({rng.random() for rng in draws}) == len(draws)
    assert generator(7, "noise", 2).random() == generator(7, "noise", 2).random()


def test_a_task_that_is_named_by_a_truth_value_is_no_number_in_results():
    assert [label(id) for id in (True, np.False_, np.int64(3), "cats", None)] == ["True", "False", 3, "cats", "None"]
