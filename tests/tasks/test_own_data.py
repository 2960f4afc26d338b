"""One's own data in one piece: split into three, read from a file, warned of where their scale does not suit."""

import warnings
import zipfile

import numpy as np
import pytest

from den_ref.tasks import make_stream, stream_from_arrays
from den_ref.tasks.splits import split_rows
from den_ref.tasks.stream import SPLITS


def samples(n=100, kinds=2, n_inputs=3):
    """(n, n_inputs) samples, no two alike, and (n,) labels 0..kinds-1."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, n_inputs)), rng.permutation(np.arange(n) % kinds)


# --- split_rows --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("counts, shares, expected", [
    ([50, 10, 5], (0.6, 0.2, 0.2), [[30, 10, 10], [6, 2, 2], [3, 1, 1]]),
    ([3, 4], (0.1, 0.45, 0.45), [[1, 1, 1], [1, 1, 2]]),           # never none, however small the share
    ([3, 30], (0.98, 0.01, 0.01), [[1, 1, 1], [28, 1, 1]]),
    ([1, 2, 10], (0.5, 0.25, 0.25), [[1, 0, 0], [2, 0, 0], [5, 3, 2]]),
])
def test_every_label_is_in_all_splits_by_the_shares(counts, shares, expected):
    labels = np.random.default_rng(1).permutation(np.repeat(np.arange(len(counts)), counts))
    rows = split_rows(labels, shares, np.random.default_rng(0))
    assert [[int((labels[rows[split]] == kind).sum()) for split in SPLITS] for kind in range(len(counts))] == expected
    assert sorted(np.concatenate(list(rows.values()))) == list(range(len(labels)))
    assert all((np.diff(part) > 0).all() for part in rows.values())


def test_rows_of_several_columns_belong_together_if_all_are_equal():
    labels = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 5)
    rows = split_rows(labels, (0.6, 0.2, 0.2), np.random.default_rng(0))
    for split, size in zip(SPLITS, (3, 1, 1)):
        assert np.unique(labels[rows[split]], axis=0, return_counts=True)[1].tolist() == [size] * 4


# --- pairs -------------------------------------------------------------------------------------------------------


def test_pairs_are_split_and_nothing_is_lost():
    (x, y), (other, _) = samples(), samples(60)
    stream = stream_from_arrays([(x, y), (other, y[:60])], split=(0.5, 0.3, 0.2), seed=1)
    assert stream.ids == (0, 1) and [len(getattr(stream.tasks[0], f"x_{split}")) for split in SPLITS] == [50, 30, 20]
    rows = {tuple(row): label for row, label in zip(x, y)}
    task = stream.tasks[0]
    found = {tuple(row): int(label) for split in SPLITS
             for row, label in zip(getattr(task, f"x_{split}"), getattr(task, f"y_{split}")[:, 0])}
    assert found == rows


def test_the_seed_chooses_the_split_and_nothing_else_does():
    x, y = samples()
    sums = [stream_from_arrays([(x, y)], seed=seed).facts["sha256"] for seed in (0, 0, 1)]
    assert sums[0] == sums[1] != sums[2]
    assert stream_from_arrays([{"id": 0, "x": x.tolist(), "y": y.tolist()}]).facts["sha256"] == sums[0]


def test_tasks_of_the_same_samples_are_split_alike():
    """One class against the rest: no sample is learnt from in one task and tested in another."""
    x, y = samples(100, 5)
    tasks = list(stream_from_arrays([(x, y == kind) for kind in range(5)]).tasks)
    for task in tasks:
        assert all(getattr(task, f"x_{split}") is getattr(tasks[0], f"x_{split}") for split in SPLITS)
        assert [int(getattr(task, f"y_{split}").sum()) for split in SPLITS] == [12, 4, 4]


def test_tasks_of_other_samples_are_split_otherwise():
    x, y = samples()
    first, second = stream_from_arrays([(x, y), (x.copy(), y)]).tasks
    assert not np.array_equal(first.x_test, second.x_test)


def test_a_split_that_is_told_is_taken():
    x, y = samples(30)
    told = np.repeat(["test", "train", "valid"], 10)
    task = stream_from_arrays([{"id": "a", "x": x, "y": y, "split": told}]).tasks[0]
    np.testing.assert_array_equal(task.x_train, x[10:20])
    np.testing.assert_array_equal(task.x_test, x[:10])


@pytest.mark.parametrize("task, options, message", [
    (lambda x, y: (x, y[:-1]), {}, r"task 0, y: expected one label per sample, 100 of them, got shape \(99,\)"),
    (lambda x, y: (x, [0] * 98 + [1, 1]), {}, "task 0, y: expected at least 3 samples .* got 2 of label 1"),
    (lambda x, y: ([["a"]] * 100, y), {}, "task 0, x: expected an array of real numbers"),
    (lambda x, y: (x, ["yes", "no"] * 50), {}, "task 0, y: expected an array of real numbers"),
    (lambda x, y: (3.0, y), {}, "task 0, y: expected one label per sample"),
    (lambda x, y: (x, y + 1), {}, "expected labels 0 and 1, got 1, 2; classes are learnt with loss='softmax'"),
    (lambda x, y: (x, y), {"split": (0.5, 0.5)}, r"split: expected shares .* got \(0.5, 0.5\)"),
    (lambda x, y: (x, y), {"split": (0.6, 0.2, 0.3)}, "split: expected shares"),
    (lambda x, y: (x, y), {"split": (1.0, 0.5, -0.5)}, "split: expected shares"),
    (lambda x, y: (x, y), {"split": None}, "split: expected shares .* got None"),
    (lambda x, y: (x, y), {"seed": -1}, "seed: expected an integer >= 0, got -1"),
    (lambda x, y: {"id": 0, "x": x, "y": y, "split": ["train"] * 99}, {}, r"task 0, split: expected 100 of .* \(99,\)"),
    (lambda x, y: {"id": 0, "x": x, "y": y, "split": ["train", "val"] * 50}, {},
     r"task 0, split: expected train, valid, test, got 'val' \(did you mean 'valid'\?\)"),
    (lambda x, y: {"id": 0, "x": x, "y": y, "split": ["train", "test"] * 50}, {}, "got no valid; where nothing"),
    (lambda x, y: {"id": 0, "x": x, "y": y, "loss": "softmax"}, {},
     "unexpected: loss; it is an argument of stream_from_arrays"),
    (lambda x, y: {"id": 0, "x_train": x, "y_train": y, "x_test": x, "y_test": y}, {},
     "missing: x_valid, y_valid; a task needs validation data, .* are split for you"),
    (lambda x, y: {"id": 0, "x": x, "ys": y}, {}, "missing: x_train"),
    (lambda x, y: (x, y, y), {}, r"or a pair \(x, y\), got tuple"),
])
def test_what_cannot_be_split_is_refused(task, options, message):
    with pytest.raises(ValueError, match=message):
        stream_from_arrays([task(*samples())], **options)


# --- scale -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change, words", [
    (lambda x: np.round(80 * np.abs(x)).clip(0, 255).astype(np.uint8), "root mean square is .* divide pixels by 255"),
    (lambda x: 80 * x, r"root mean square is .*: standardise every split"),
    (lambda x: x / 1000, "root mean square is 0.00"),
    (lambda x: x * [1, 0.002, 1], "features are of very different scale .* of feature 0, 0.00"),
])
def test_a_scale_that_does_not_suit_is_warned_of(change, words):
    x, y = samples()
    with pytest.warns(UserWarning, match=f"task 0, x_train: .*{words}"):
        stream_from_arrays([(change(x), y)])


@pytest.mark.parametrize("shape, first", [((3, 8, 9), True), ((1, 8, 8), True), ((8, 9, 3), False), ((1, 8, 3), False),
                                          ((1, 9, 8), False), ((3, 3, 3), False)], ids=str)
def test_channels_that_seem_to_stand_first_are_warned_of(shape, first, recwarn):
    x, y = samples()
    stream_from_arrays([(np.resize(x, (len(x), *shape)), y)])
    said = [str(one.message) for one in recwarn if "np.moveaxis(x, 1, -1)" in str(one.message)]
    assert len(said) == first and all("{} x {} of {} channels".format(*shape) in words for words in said)


@pytest.mark.parametrize("change", [
    lambda x: x, lambda x: 5 * x + 2, lambda x: x > 0, lambda x: np.hstack([x, np.zeros((len(x), 1))]),
    lambda x: np.hstack([x] * 5 + [x / 1000]),                     # some pixels hardly vary
])
def test_a_scale_that_suits_is_not(change):
    x, y = samples()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stream_from_arrays([(change(x), y)])


# --- files -------------------------------------------------------------------------------------------------------


GOOD = "a,b,label\n" + "1,2,0\n-1,0.5,1\n" * 5


def csv_of(path, x, **about):
    """A file with the samples' columns and those about them."""
    names = [f"f{i}" for i in range(x.shape[1])] + list(about)
    rows = [",".join(map(str, row)) for row in zip(*x.T, *about.values())]
    path.write_text("\n".join([",".join(names), *rows]) + "\n")
    return path


@pytest.mark.parametrize("kind", ["csv", "npz"])
def test_a_file_is_the_stream_of_its_arrays(tmp_path, kind):
    x, y = samples()
    path, tasks = tmp_path / f"mine.{kind}", np.repeat(["b", "a"], 50)
    if kind == "csv":
        csv_of(path, x, label=y, task=tasks)
    else:
        np.savez(path, x=x, label=y, task=tasks)
    stream = make_stream("file", data_file=path, seed=3, dtype="float64")
    pairs = [{"id": task, "x": x[tasks == task], "y": y[tasks == task]} for task in ("b", "a")]
    expected = stream_from_arrays(pairs, seed=3)
    assert stream.ids == ("b", "a") and stream.facts["sha256"] == expected.facts["sha256"]
    assert (stream.facts["file"], stream.facts["labels"]) == (path.name, [[0, 1], [0, 1]])
    assert stream.ordered("a").ids == ("a",)


@pytest.mark.parametrize("change", [
    lambda text: "\ufeff" + text, lambda text: "\n\n" + text + "\n\n", lambda text: text.replace("\n", "\r\n"),
    lambda text: text.replace("b,label", '"b", label').replace(",1\n", ',"1"\n'),
    lambda text: text.replace(",1\n", ",9007199254740991\n"),    # the largest there is
])
def test_what_programs_make_of_a_csv_is_the_same_file(tmp_path, change):
    files = tmp_path / "plain.csv", tmp_path / "other.csv"
    for path, text in zip(files, (GOOD, change(GOOD))):
        path.write_bytes(text.encode())
    plain, other = (make_stream("file", data_file=path).facts["sha256"] for path in files)
    assert plain == other


def test_labels_are_words_and_the_split_is_told(tmp_path):
    x, y = samples(90, 3)
    told = np.repeat(["valid", "train", "test"], 30)
    path = csv_of(tmp_path / "mine.csv", x, label=np.array(["rose", "oak", "elm"])[y], split=told)
    task = make_stream("file", data_file=path).tasks[0]
    assert (task.id, task.loss, task.n_outputs) == ("all", "softmax", 3)
    np.testing.assert_array_equal(task.y_train, 2 - y[30:60])      # elm, oak, rose
    np.testing.assert_array_equal(task.x_test, x[60:].astype(np.float32))


def test_where_the_split_is_told_a_label_may_be_in_training_alone(tmp_path):
    x, y = samples(90, 2)
    y[30] = 2
    path = csv_of(tmp_path / "mine.csv", x, label=y, split=np.repeat(["valid", "train", "test"], 30))
    assert make_stream("file", data_file=path).tasks[0].n_outputs == 3


def test_each_task_has_its_own_two_labels(tmp_path):
    """0 and 1 first, then 2 and 3: each task has a head of its own, which says which of its two it is."""
    x, y = samples(80)
    tasks = np.arange(80) // 40
    np.savez(tmp_path / "mine.npz", x=x, label=y + 2 * tasks, task=tasks)
    stream = make_stream("file", data_file=tmp_path / "mine.npz")
    assert stream.ids == (0, 1) and stream.facts["labels"] == [[0, 1], [2, 3]]
    assert all(task.loss == "sigmoid" for task in stream.tasks)


def test_one_label_against_the_rest(tmp_path):
    x, y = samples(90, 3)
    path = csv_of(tmp_path / "mine.csv", x, label=y + 5)
    stream = make_stream("file", data_file=path, against_rest=True, dtype="float64")
    assert stream.ids == (5, 6, 7) and stream.facts["labels"][1] == ["rest", 6]
    assert stream.facts["sha256"] == stream_from_arrays([(x, y == kind) for kind in range(3)]).facts["sha256"]


def test_an_archive_may_hold_images(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((60, 4, 5, 2)), np.arange(60) % 2
    np.savez(tmp_path / "mine.npz", x=x, label=y)
    stream = make_stream("file", data_file=tmp_path / "mine.npz", dtype="float64")
    assert stream.tasks[0].image == (4, 5, 2) and stream.n_inputs == 40
    assert stream.facts["sha256"] == stream_from_arrays([{"id": "all", "x": x.reshape(60, 40), "y": y}]).facts["sha256"]
    standardised = make_stream("file", data_file=tmp_path / "mine.npz", standardise=True, dtype="float64")
    np.testing.assert_allclose(standardised.tasks[0].x_train.mean(axis=0), 0, atol=1e-12)


def test_the_labels_of_a_file_arrive_in_lots(tmp_path):
    x, y = samples(80)
    tasks = np.repeat(["trees", "flowers"], 40)
    kinds = np.array([["elm", "oak"], ["lily", "rose"]])[np.arange(80) // 40, y]
    stream = make_stream("file", data_file=csv_of(tmp_path / "mine.csv", x, label=kinds, task=tasks),
                         scenario="class-incremental")
    assert stream.scenario == "class-incremental" and stream.facts["classes"] == [["elm", "oak"], ["lily", "rose"]]
    assert [(task.classes, task.loss) for task in stream.tasks] == [
        (("elm", "oak"), "softmax"), (("lily", "rose"), "softmax")]


def test_labels_in_columns(tmp_path):
    x, y = samples()
    np.savez(tmp_path / "mine.npz", x=x, label=np.column_stack([y, 1 - y]).astype(bool))
    assert make_stream("file", data_file=tmp_path / "mine.npz").tasks[0].n_outputs == 2


def test_standardised_features_have_mean_0_and_deviation_1_in_training(tmp_path):
    x, y = samples()
    x = np.column_stack([1000 * x + 7, np.ones(100)])
    path = csv_of(tmp_path / "mine.csv", x, label=y, task=np.arange(100) // 50)
    tasks = list(make_stream("file", data_file=path, standardise=True, dtype="float64").tasks)
    train = np.concatenate([task.x_train for task in tasks])
    np.testing.assert_allclose(train.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(train.std(axis=0), [1, 1, 1, 0], atol=1e-12)
    assert 0 < abs(tasks[0].x_test.mean()) < 1                     # by the training samples' numbers, not its own


@pytest.mark.parametrize("text, words", [
    ("", "expected a column 'label'"),
    ("a;b;label\n1;2;0\n", "expected a column 'label' .commas between columns, and a line of names first."),
    ("a,b,lable\n1,2,0\n", "expected a column 'label' .did you mean 'lable'"),
    ("a,a,label\n1,2,0\n", "expected every name once, got a, a, label"),
    ("label\n1\n", "expected columns of features and rows below the names, got 0 and 1"),
    ("a,label\n", "got 1 and 0"),
    (GOOD + "1,x,0\n", "line 12, column 'b': expected a finite number, got 'x'"),
    (GOOD + "1,,0\n", "line 12, column 'b': expected a finite number, got ''"),
    (GOOD + "\n\n1,nan,0\n", "line 14, column 'b': expected a finite number, got 'nan'"),
    (GOOD + "inf,2,0\n", "line 12, column 'a': expected a finite number, got 'inf'"),
    (GOOD + "1,2\n", "line 12: expected 3 fields, as many as names, got 2"),
    (GOOD + "1,2, \n", "line 12, column 'label': expected a label, got nothing"),
    (GOOD.replace(",1\n", ",0.5\n"), "line 3, column 'label': expected a whole number or a text, got '0.5'"),
    (GOOD.replace(",1\n", ",9007199254740993\n"), "line 3, column 'label': expected a whole number below 2.53 or a text, "
     "got '9007199254740993'"),                                    # as floats, two such ids may be one
    (GOOD.replace(",1\n", ",-1e30\n"), "line 3, column 'label': expected a whole number below 2.53 or a text"),
    (GOOD.replace(",1\n", ",0\n"), "task 'all': expected at least two different labels, got only 0"),
    (GOOD + "1,2,7\n", "task 'all': expected at least 3 rows of every label, .* got 1 of 7"),
    (GOOD + '1,"2,0\n', "mine.csv, after line 12: expected comma-separated values in UTF-8"),
])
def test_a_bad_csv_is_named_with_the_place(tmp_path, text, words):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=words) as error:
        make_stream("file", data_file=path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("changes, words", [
    ({"x": np.zeros(10)}, r"x: expected real numbers \(n, n_inputs\), got float64 of shape \(10,\)"),
    ({"x": np.full((10, 2, 2), np.nan)}, "x: expected finite numbers, got nan in row 0"),
    ({"x": np.zeros((10, 1, 1, 1, 1))}, r"got float64 of shape \(10, 1, 1, 1, 1\); images are \(n, h, w\)"),
    ({"x": np.full((10, 2), np.nan)}, "x: expected finite numbers, got nan in row 0"),
    ({"x": np.full((10, 2), "a")}, "x: expected real numbers"),
    ({"x": np.full((10, 2), None)}, "none of objects"),             # would have to be unpickled
    ({"label": [0, 1]}, r"label: expected shape \(10,\), one per row of x, got \(2,\)"),
    ({"label": np.linspace(0, 1, 10)}, "label: expected whole numbers or texts, got fractions"),
    ({"label": np.full(10, 1j)}, "label: expected whole numbers or texts, got complex128"),
    ({"label": np.array([0, 2**63] * 5, np.uint64)}, "label: expected whole numbers of 64 bits or texts, got 0 to 922"),
    ({"label": np.array([0, 1e300] * 5)}, "label: expected whole numbers of 64 bits or texts, got 0.0 to 1e.300"),
    ({"label": np.array([0, -1e300] * 5)}, "label: expected whole numbers of 64 bits or texts"),
    ({"task": np.zeros((10, 1))}, r"task: expected shape \(10,\)"),
    ({"labels": [0]}, r"expected the arrays label, split, task, x, got 'labels' \(did you mean 'label'\?\)"),
])
def test_a_bad_npz_is_named_with_its_array(tmp_path, changes, words):
    x, y = samples(10)
    np.savez(tmp_path / "mine.npz", **({"x": x, "label": y} | changes))
    with pytest.raises(ValueError, match=words) as error:
        make_stream("file", data_file=tmp_path / "mine.npz")
    assert "mine.npz" in str(error.value)


@pytest.mark.parametrize("given, words", [
    ({"data_file": None}, "data_file: expected a file .csv or .npz, got None"),
    ({"data_file": "mine.xlsx"}, "data_file: expected a file .csv or .npz, got .*mine.xlsx'$"),
    ({"data_file": "broken.npz"}, "broken.npz: expected"),
    ({"data_file": "array.npz"}, "array.npz: expected an archive of arrays as numpy.savez writes it"),
    ({"data_file": "texts.npz"}, "texts.npz, x: expected an array as numpy.savez writes it"),
    ({"data_file": "latin.csv"}, "expected comma-separated values in UTF-8"),
    ({"data_file": "mine.csv", "against_rest": 1}, "against_rest: expected True or False, got 1"),
    ({"data_file": "tasks.csv", "against_rest": True}, "against_rest: expected a file with one label per row"),
    ({"data_file": "mine.csv", "scenario": "lots"}, "scenario: expected 'task-incremental' or 'class-incremental'"),
    ({"data_file": "mine.csv", "scenario": "class-incremental", "against_rest": True},
     "against_rest: expected False on a class-incremental stream, got True"),
    ({"data_file": "mine.csv", "split": "0.5,0.5"}, "split: expected shares .* got '0.5,0.5'"),
])
def test_other_misuse_is_refused(tmp_path, monkeypatch, given, words):
    monkeypatch.chdir(tmp_path)
    for name, text in (("mine.xlsx", GOOD), ("mine.csv", GOOD), ("broken.npz", "PK\x03\x04 and no more"),
                       ("tasks.csv", GOOD.replace("a,b", "task,b"))):
        (tmp_path / name).write_text(text)
    with open(tmp_path / "array.npz", "wb") as file:
        np.save(file, np.eye(3))
    with zipfile.ZipFile(tmp_path / "texts.npz", "w") as archive:
        for name in ("x", "label"):
            archive.writestr(name, "no array")
    (tmp_path / "latin.csv").write_bytes(GOOD.encode() + b"1,2,\xe9\n")
    with pytest.raises(ValueError, match=words):
        make_stream("file", **given)
    with pytest.raises(FileNotFoundError, match="data_file: expected a file .csv or .npz, got 'nowhere.csv'"):
        make_stream("file", data_file="nowhere.csv")
