"""One's own arrays: what is taken as it is, what is converted, and every way to be refused."""

import json

import numpy as np
import pytest

from den_ref.methods.registry import method_named
from den_ref.protocol import check_task
from den_ref.tasks import stream_from_arrays
from den_ref.tasks.stream import SPLITS


def a_task(task_id="a", n_inputs=3, y=(0, 1, 1, 0), x_dtype="float32", **changes):
    rng = np.random.default_rng(0)
    task = {"id": task_id}
    for split in SPLITS:
        task[f"x_{split}"] = rng.standard_normal((4, n_inputs)).astype(x_dtype)
        task[f"y_{split}"] = np.array(y)
    return task | changes


def only(*tasks, **options):
    return stream_from_arrays(tasks, **options).tasks[0]


# --- what is accepted --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_arrays_of_the_right_kind_are_taken_as_they_are(dtype):
    given = a_task(x_dtype=dtype)
    task = only(given)
    for split in SPLITS:
        assert getattr(task, f"x_{split}") is given[f"x_{split}"]
        y = getattr(task, f"y_{split}")
        assert y.shape == (4, 1) and y.dtype == dtype and y[:, 0].tolist() == [0, 1, 1, 0]
    assert (task.id, task.loss, task.n_outputs) == ("a", "sigmoid", 1)


@pytest.mark.parametrize("y", [[[0, 1], [1, 0], [1, 1], [0, 0]], [[False, True]] * 2 + [[True, False]] * 2])
def test_several_outputs(y):
    task = only(a_task(y=y))
    assert task.n_outputs == 2 and task.y_valid.tolist() == np.array(y, float).tolist()


@pytest.mark.parametrize("y", [(True, False, True, False), (0.0, 1.0, 0.0, 1.0), np.array([1, 0, 0, 1], np.uint8)])
def test_labels_of_any_numeric_kind(y):
    np.testing.assert_array_equal(only(a_task(y=y)).y_train[:, 0], np.array(y, np.float32))


def test_softmax_labels():
    task = only(a_task(y=(2, 0, 1, 2), y_test=[0, 1, 1, 0]), loss="softmax")
    assert (task.loss, task.n_outputs) == ("softmax", 3)
    assert task.y_train.tolist() == [2, 0, 1, 2] and task.y_test.dtype == np.int64


@pytest.mark.parametrize("x_dtype, dtype, expected", [
    ("uint8", None, "float32"), ("int64", None, "float32"), ("bool", None, "float32"), ("float16", None, "float32"),
    (">f8", None, "float64"), ("float64", "float32", "float32"), ("float32", "float64", "float64"),
])
def test_dtype_of_the_samples(x_dtype, dtype, expected):
    x = np.array([[0, 1, 2], [2, 0, 1], [1, 2, 0], [0, 0, 3]], x_dtype)
    task = only(a_task(x_train=x, x_valid=x, x_test=x), dtype=dtype)
    assert task.x_train.dtype == task.y_train.dtype == np.dtype(expected)


def test_lists_and_strided_arrays_become_contiguous():
    x = np.asfortranarray(np.arange(12.0).reshape(4, 3))
    task = only(a_task(x_train=x, x_valid=x.tolist(), x_test=np.arange(24.0).reshape(4, 6)[:, ::2], x_dtype="float64"))
    for split in SPLITS:
        assert getattr(task, f"x_{split}").flags.c_contiguous
    np.testing.assert_array_equal(task.x_train, x)
    np.testing.assert_array_equal(task.x_valid, x)
    np.testing.assert_array_equal(task.x_test, np.arange(24.0).reshape(4, 6)[:, ::2])


def test_shared_samples_stay_shared_even_when_converted():
    pool = np.arange(12, dtype=np.uint8).reshape(4, 3)
    given = [a_task(i, x_train=pool, x_valid=pool, x_test=pool) for i in range(3)]
    tasks = stream_from_arrays(given).tasks
    assert len({id(getattr(task, f"x_{split}")) for task in tasks for split in SPLITS}) == 1


def test_inputs_are_never_modified():
    given = [a_task("a", x_dtype="int32"), a_task("b", y=(1, 0, 0, 1), x_dtype="int32")]
    before = [{key: np.array(value) for key, value in task.items()} for task in given]
    for task in given:
        for key in task.keys() - {"id"}:
            task[key].flags.writeable = False
    stream_from_arrays(given)
    for task, old in zip(given, before):
        assert all((task[key] == old[key]).all() and np.asarray(task[key]).dtype == old[key].dtype for key in old)


def test_stream_of_several_tasks():
    stream = stream_from_arrays([a_task("a"), a_task(("b", 1))], name="pets")
    assert stream.ids == ("a", ("b", 1)) and stream.n_inputs == 3 and stream.facts["name"] == "pets"
    assert json.loads(json.dumps(stream.facts))["order"] == ["a", "('b', 1)"]
    assert stream.ordered([("b", 1)]).tasks[0].id == ("b", 1)


@pytest.mark.parametrize("channels", [(), (1,), (3,)])
def test_images_become_rows_position_by_position(channels):
    rng = np.random.default_rng(0)
    images = {f"x_{split}": rng.standard_normal((4, 5, 6, *channels)) for split in SPLITS}
    stream = stream_from_arrays([a_task(**images), a_task("b", **images)])
    assert stream.n_inputs == 30 * (channels or (1,))[0] and stream.facts["image"] == [5, 6, *(channels or (1,))]
    for task in stream.tasks:
        check_task(task, [], stream.n_inputs)
        assert task.image == (5, 6, *(channels or (1,)))
        assert task.x_valid is stream.tasks[0].x_valid and np.shares_memory(task.x_valid, images["x_valid"])
        assert task.x_valid[3].tolist() == [value for row in images["x_valid"][3] for pixel in row
                                            for value in np.atleast_1d(pixel)]
    assert "image" not in stream_from_arrays([a_task()]).facts and only(a_task()).image is None


def test_classes_arrive_in_lots():
    stream = stream_from_arrays([a_task("a", y=(7, 3, 3, 7)), a_task("b", y=(0, 9, 5, 0), y_valid=(5, 0, 0, 0))],
                                loss="softmax", scenario="class-incremental")
    assert stream.scenario == stream.facts["scenario"] == "class-incremental" and stream.facts["classes"] == [[3, 7], [0, 5, 9]]
    first, second = stream.tasks
    assert (first.classes, first.n_outputs, first.y_test.tolist()) == ((3, 7), 2, [1, 0, 0, 1])
    assert (second.classes, second.n_outputs, second.y_train.tolist()) == ((0, 5, 9), 3, [0, 2, 1, 0])
    assert second.y_valid.tolist() == [1, 0, 0, 0]
    check_task(second, ["a"])


def test_classes_in_lots_come_in_pairs_too_and_are_learnt():
    rng = np.random.default_rng(0)
    y = np.arange(80) % 2
    pairs = [(np.eye(4)[y + 2 * lot] + 0.1 * rng.standard_normal((80, 4)), y + 2 * lot) for lot in range(2)]
    stream = stream_from_arrays(pairs, loss="softmax", scenario="class-incremental")
    method = method_named("nearest-mean")()
    method.learn_all(stream.tasks)
    for lot, task in enumerate(stream.tasks):
        assert method.class_scores(task.x_test).argmax(axis=1).tolist() == (task.y_test + 2 * lot).tolist()


def test_checksum_tells_data_apart_and_nothing_else():
    same = stream_from_arrays([a_task()]).facts["sha256"]
    x = a_task()["x_test"].copy()
    x[3, 2] += 1
    assert stream_from_arrays([a_task(x_test=x)]).facts["sha256"] != same
    assert stream_from_arrays([a_task(y_valid=[1, 0, 0, 1])]).facts["sha256"] != same
    assert stream_from_arrays([a_task(x_test=a_task()["x_test"].tolist())], dtype="float32").facts["sha256"] == same


# --- what is refused ---------------------------------------------------------------------------------------------


def wrong_x(value):
    x = a_task()["x_train"].copy()
    x[2, 1] = value
    return x


@pytest.mark.parametrize("changes, message", [
    ({"x_train": wrong_x(np.nan)}, r"task 'a', x_train: expected finite .*, got 1 NaN or infinite, first in row 2"),
    ({"x_test": wrong_x(-np.inf)}, "x_test: expected finite values"),
    ({"x_valid": np.zeros(4, "f4")}, r"x_valid: expected a non-empty \(n, n_inputs\) array, got shape \(4,\)"),
    ({"x_valid": np.zeros((0, 3), "f4")}, r"x_valid: expected a non-empty .* got shape \(0, 3\)"),
    ({"x_valid": np.zeros((4, 0), "f4")}, r"got shape \(4, 0\)"),
    ({"x_valid": np.zeros((4, 5), "f4")}, "x_valid: expected 3 inputs like the first array, got 5"),
    ({"x_valid": np.zeros((4, 3, 1), "f4")}, "x_valid: expected 3 inputs like the first array, got 3 x 1"),
    ({"x_valid": np.zeros((4, 1, 1, 1, 3), "f4")}, r"got shape \(4, 1, 1, 1, 3\); images are \(n, h, w\) or \(n, h, w, c\)"),
    ({"x_train": np.array([["a", "b", "c"]] * 4)}, "x_train: expected real numbers, got <U1"),
    ({"x_train": np.full((4, 3), 1j)}, "x_train: expected real numbers, got complex128"),
    ({"x_train": np.full((4, 3), None)}, "x_train: expected real numbers, got object"),
    ({"x_train": [[1.0, 2.0], [3.0]]}, "x_train: expected an array, got rows of different lengths"),
    ({"y_train": [0, 1, 1]}, r"task 'a', y_train: expected shape \(4, n_outputs\), one row per sample, got \(3, 1\)"),
    ({"y_valid": [[0, 1], [1, 0], [0, 0], [1, 1]]}, r"y_valid: expected shape \(4, 1\)"),
    ({"y_train": np.zeros((4, 0))}, "y_train: expected shape"),
    ({"y_train": 1}, "y_train: expected shape"),
    ({"y_train": [0, 1, 2, 1]}, "y_train: expected labels 0 and 1, got 0, 1, 2"),
    ({"y_train": [-1, 1, 1, -1]}, "y_train: expected labels 0 and 1, got -1, 1"),
    ({"y_train": [0, 1, np.nan, 1]}, "y_train: expected labels 0 and 1, got 0.0, 1.0, nan"),
    ({"y_test": [1, 1, 1, 1]}, "y_test: expected both 0 and 1 in every column, got only 1 in column 0"),
    ({"y_test": None}, "y_test: expected real numbers"),
])
def test_bad_arrays_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        stream_from_arrays([a_task(**changes)])


@pytest.mark.parametrize("y_valid, message", [
    ([0.0, 1.0, 2.0, 1.0], "y_valid: expected integers >= 0, got float64"),
    ([0, -1, 2, 1], "y_valid: expected integers >= 0, got int64 with -1, 0, 1, 2"),
    ([0, 1, 3, 1], r"y_valid: expected the training classes 0..2, got 3"),
    ([1, 1, 1, 1], "y_valid: expected at least two classes, got only 1"),
    ([0, 1], r"y_valid: expected shape \(4,\)"),
    ([[0], [1], [2], [1]], r"y_valid: expected shape \(4,\), one label per sample, got \(4, 1\)"),
])
def test_bad_softmax_labels_are_named(y_valid, message):
    with pytest.raises(ValueError, match=message):
        stream_from_arrays([a_task(y=(0, 1, 2, 1), y_valid=y_valid)], loss="softmax")


@pytest.mark.parametrize("second, message", [
    ({"y": (1, 2, 2, 1)}, "task 'b', y_train: expected classes of its own, got 1, which task 'a' brings"),
    ({"y": (2, 3, 2, 3), "y_valid": (2, 4, 5, 2)}, "task 'b', y_valid: expected classes, .* got int64 with 4, 5$"),
    ({"y": (2.0, 3.0, 2.0, 3.0)}, "task 'b', y_train: expected classes, .* got float64 with 2.0, 3.0$"),
    ({"y": (2, 3, 2, 3), "y_test": (2, 2, 2, 2)}, "task 'b', y_test: expected at least two classes"),
])
def test_bad_lots_of_classes_are_named(second, message):
    with pytest.raises(ValueError, match=message):
        stream_from_arrays([a_task("a", y=(0, 1, 0, 1)), a_task("b", **second)], loss="softmax",
                           scenario="class-incremental")


def test_values_too_large_for_the_dtype_are_refused_without_a_warning():
    with pytest.raises(ValueError, match=r"expected finite values \(float32\)"):
        stream_from_arrays([a_task(x_train=np.full((4, 3), 1e300))], dtype="float32")


def test_a_mixture_of_dtypes_is_refused():
    with pytest.raises(ValueError, match=r"dtype: expected samples of one dtype, .* got \['float32', 'float64'\]"):
        stream_from_arrays([a_task("a"), a_task("b", x_dtype="float64")])


def missing(key):
    task = a_task()
    del task[key]
    return task


@pytest.mark.parametrize("tasks, message", [
    ([], "tasks: expected at least one task, got none"),
    ([a_task("a"), a_task("b"), a_task("a")], r"tasks\[2\]: expected an id of its own, got 'a' again"),
    ([missing("x_valid")], r"tasks\[0\]: expected a mapping with the keys id, x_train, y_train, .*; missing: x_valid;"),
    ([a_task(weights=1)], r"tasks\[0\]: expected a mapping with the keys .*; unexpected: weights$"),
    ([a_task(xtrain=1)], r"tasks\[0\]: .*; unexpected: xtrain \(did you mean 'x_train'\?\)$"),
    ([("a", 1)], "task 0, x: expected an array of real numbers, got 'a'"),
    ([["a", 1]], r"tasks\[0\]: expected a mapping with the keys .* got list"),
    ([a_task(["a"])], r"tasks\[0\]: expected a hashable id, got \['a'\]"),
])
def test_bad_lists_of_tasks(tasks, message):
    with pytest.raises(ValueError, match=message):
        stream_from_arrays(tasks)


def test_bad_options():
    with pytest.raises(ValueError, match="loss: expected 'sigmoid' or 'softmax', got 'hinge'"):
        stream_from_arrays([a_task()], loss="hinge")
    with pytest.raises(ValueError, match="loss: expected 'softmax' on a class-incremental stream, got 'sigmoid'"):
        stream_from_arrays([a_task()], scenario="class-incremental")
    with pytest.raises(ValueError, match="scenario: expected 'task-incremental' or 'class-incremental', got 'domain'"):
        stream_from_arrays([a_task()], scenario="domain")
    with pytest.raises(ValueError, match="dtype: expected 'float32' or 'float64', got 'int8'"):
        stream_from_arrays([a_task()], dtype="int8")
