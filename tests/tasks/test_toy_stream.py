"""The toy stream: labels as documented, no linear shortcut, and features worth passing on."""

import re

import numpy as np

from den_ref.tasks import make_stream
from den_ref.tasks.toy import WEIGHTS, toy_labels


def test_labels_as_documented():
    for task in make_stream("toy", seed=2, dtype="float64").tasks:
        for x, y in ((task.x_train, task.y_train), (task.x_valid, task.y_valid), (task.x_test, task.y_test)):
            p, q = x[:, 0] * x[:, 1], x[:, 2] * x[:, 3]
            expected = [p > 0, q > 0, p + q > 0, p - q > 0][task.id]
            assert y.shape == (len(x), 1) and y[:, 0].tolist() == expected.astype(float).tolist()


def test_tasks_say_what_they_ask():
    stream, x = make_stream("toy", dtype="float64"), np.random.default_rng(0).normal(size=(50, 12))
    p, q = x[:, 0] * x[:, 1], x[:, 2] * x[:, 3]
    for task_id, weights in enumerate(WEIGHTS):
        asked = re.fullmatch(rf"{task_id} \((.*)\?\)", stream.ordered([task_id]).called(task_id))[1]
        np.testing.assert_array_equal(eval(asked, {"p": p, "q": q}), toy_labels(x, weights)[:, 0])


def test_shapes_and_dtypes():
    stream = make_stream("toy")
    assert stream.n_inputs == 12 and stream.ids == (0, 1, 2, 3)
    for task in stream.tasks:
        assert [len(x) for x in (task.x_train, task.x_valid, task.x_test)] == [1000, 300, 500]
        assert task.x_test.shape[1] == 12 and task.x_test.flags.c_contiguous
        assert task.x_train.dtype == task.y_train.dtype == np.float32
        assert 0.35 < task.y_train.mean() < 0.65


def test_least_squares_fails_on_x_and_succeeds_on_the_two_products():
    for task in make_stream("toy", dtype="float64").tasks:
        products = [np.stack([x[:, 0] * x[:, 1], x[:, 2] * x[:, 3]], axis=1) for x in (task.x_train, task.x_test)]
        assert least_squares_accuracy(task.x_train, task.y_train, task.x_test, task.y_test) < 0.6
        assert least_squares_accuracy(products[0], task.y_train, products[1], task.y_test) > 0.8


def least_squares_accuracy(x_train, y_train, x_test, y_test):
    design = np.column_stack([x_train, np.ones(len(x_train))])
    weights = np.linalg.lstsq(design, 2 * y_train - 1, rcond=None)[0]
    return float(((np.column_stack([x_test, np.ones(len(x_test))]) @ weights > 0) == y_test).mean())


def test_seeds():
    once, again, other = (make_stream("toy", seed=s).tasks for s in (0, 0, 1))
    for i in range(4):
        assert once[i].x_train.tobytes() == again[i].x_train.tobytes()
        assert (once[i].x_train != other[i].x_train).all()
    assert (once[0].x_train != once[1].x_train).all()                 # every task has its own samples
