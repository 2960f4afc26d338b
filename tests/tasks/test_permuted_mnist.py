"""Permuted MNIST: permutations that are permutations, made when asked for."""

import numpy as np
import pytest

from den_ref.tasks import make_stream
from den_ref.tasks.digits import load_digits
from den_ref.tasks.permuted import permutation
from den_ref.tasks.stream import SPLITS

SMALL = {"per_class": (6, 2, 3)}


def test_permutations_are_permutations_and_all_different():
    orders = [permutation(0, i) for i in range(10)]
    for order in orders:
        assert sorted(order) == list(range(784))
    assert orders[0].tolist() == list(range(784))
    assert len({tuple(order) for order in orders}) == 10
    assert permutation(1, 3).tolist() != orders[3].tolist()


def test_every_task_has_the_same_samples_with_inputs_in_its_order():
    stream = make_stream("permuted-mnist", seed=5, **SMALL)
    plain = stream.tasks[0]
    for index, task in enumerate(stream.tasks):
        order = permutation(5, index)
        for split in SPLITS:
            x, straight = getattr(task, f"x_{split}"), getattr(plain, f"x_{split}")
            assert x.flags.c_contiguous and x.dtype == np.float32
            for j in (0, 1, 400, 783):
                np.testing.assert_array_equal(x[:, j], straight[:, order[j]])


def test_labels_are_the_digits():
    digits, task = load_digits(per_class=SMALL["per_class"]), make_stream("permuted-mnist", **SMALL).tasks[4]
    assert (task.loss, task.n_outputs) == ("softmax", 10)
    for split in SPLITS:
        y = getattr(task, f"y_{split}")
        assert y.dtype.kind == "i" and y.tolist() == digits.labels[split].tolist()


def test_as_ten_outputs_each_class_stands_against_the_rest():
    task, classes = (make_stream("permuted-mnist", loss=loss, **SMALL).tasks[1] for loss in ("sigmoid", "softmax"))
    assert (task.loss, task.n_outputs) == ("sigmoid", 10)
    for split in SPLITS:
        y, labels = getattr(task, f"y_{split}"), getattr(classes, f"y_{split}")
        assert y.dtype == np.float32 and y.shape == (len(labels), 10)
        assert (y.sum(axis=1) == 1).all() and (y[np.arange(len(labels)), labels] == 1).all()
    with pytest.raises(ValueError, match="loss: expected 'softmax' or 'sigmoid', got 'hinge'"):
        make_stream("permuted-mnist", loss="hinge", **SMALL)


def test_without_standardising_samples_are_the_pixels_in_the_tasks_order():
    images = load_digits(per_class=SMALL["per_class"]).images["valid"].reshape(20, 784)
    stream = make_stream("permuted-mnist", standardise=False, **SMALL)
    x = stream.tasks[2].x_valid
    assert x.dtype == np.float32 and x.max() == 1
    np.testing.assert_allclose(x, images[:, permutation(0, 2)] / 255, atol=1e-7)
    assert stream.facts != make_stream("permuted-mnist", **SMALL).facts
    with pytest.raises(ValueError, match="standardise: expected True or False, got 'no'"):
        make_stream("permuted-mnist", standardise="no", **SMALL)


def test_task_0_is_the_digits_centred_and_scaled():
    images = load_digits(per_class=SMALL["per_class"]).images["train"].reshape(60, 784) / 255
    centred = images - images.mean(axis=0)
    x = make_stream("permuted-mnist", dtype="float64", **SMALL).tasks[0].x_train
    np.testing.assert_allclose(x, centred / np.sqrt((centred ** 2).mean()), atol=1e-6)


def test_a_task_is_made_afresh_and_is_the_same_in_a_longer_stream():
    tasks = make_stream("permuted-mnist", **SMALL).tasks
    assert tasks[2].x_train is not tasks[2].x_train
    longer = make_stream("permuted-mnist", permutations=15, **SMALL)
    assert len(longer.tasks) == 15
    np.testing.assert_array_equal(tasks[2].x_train, longer.tasks[2].x_train)


@pytest.mark.parametrize("permutations", [0, -1, 2.5, True, "3"])
def test_permutations_out_of_range(permutations):
    with pytest.raises(ValueError, match="permutations: expected an integer >= 1"):
        make_stream("permuted-mnist", permutations=permutations, **SMALL)
