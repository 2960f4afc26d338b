"""CIFAR-100: files as the binary version has them, written here; what becomes of a byte; all that is refused."""

import numpy as np
import pytest

from den_ref import load, run
from den_ref.cli import main
from den_ref.protocol import check_task
from den_ref.tasks import make_stream
from den_ref.tasks.cifar100 import grey, moments
from den_ref.tasks.cifar_files import read_cifar100
from den_ref.tasks.stream import SPLITS
from tests.helpers.cifar100 import records, write_cifar100

PER_CLASS = (2, 1, 2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_cifar100(tmp_path_factory.mktemp("cifar"))


def stream(folder, **options):
    return make_stream("cifar100", cifar100=folder, **{"per_class": PER_CLASS, **options})


# --- files -------------------------------------------------------------------------------------------------------


def test_a_pixel_has_its_red_green_and_blue_side_by_side(folder):
    images, fine = read_cifar100(folder, "train.bin")
    written = records(3, 0)
    assert images.shape == (300, 32, 32, 3) and images.dtype == fine.dtype == np.uint8 and images.flags.c_contiguous
    np.testing.assert_array_equal(fine, written[:, 1])
    for record, row, column, colour in ((0, 0, 0, 0), (7, 31, 5, 1), (299, 2, 30, 2)):
        assert images[record, row, column, colour] == written[record, 2 + 1024 * colour + 32 * row + column]


CUT = 3074 * 300
#: A pickled file, protocol 2, that calls ``pytest.fail("opened")`` in the house of who opens it.
OPENED = b"\x80\x02cpytest\nfail\nU\x06opened\x85R."
WRONG_CLASS = np.zeros((4, 3074), np.uint8)
WRONG_CLASS[2, :2] = 3, 100
WRONG_COARSE = np.zeros((4, 3074), np.uint8)
WRONG_COARSE[3, 0] = 20


@pytest.mark.parametrize("content, words", [
    (records(3).tobytes()[:-1], rf"train.bin: expected 1 to 50000 records of 3074 bytes, got {CUT - 1} bytes: 299 records "
     "and 3073 bytes"),
    (records(3).tobytes() + b"\0", f"got {CUT + 1} bytes: 300 records and 1 bytes"),
    (b"", "train.bin: expected 1 to 50000 records of 3074 bytes, got 0 bytes: 0 records"),
    (np.zeros((20, 3073), np.uint8).tobytes(), "got 61460 bytes: 19 records and 3054 bytes"),       # CIFAR-10's
    (WRONG_CLASS.tobytes(), r"train.bin: expected coarse classes 0..19 and fine ones 0..99, got 3 and 100 in record 2 of 4"),
    (WRONG_COARSE.tobytes(), "got 20 and 0 in record 3 of 4"),
    (records(3)[records(3)[:, 1] != 17].tobytes(), r"train.bin: expected 3 images of every class 0..99, got 0 of class 17; "
     "per_class asks for fewer"),
    (records(2).tobytes(), "train.bin: expected 3 images of every class 0..99, got 2 of class 0"),
    (OPENED, r"train.bin: expected records of 3074 bytes, got a pickled file, which "
     "is not read further; the binary version, cifar-100-binary.tar.gz, has them"),
])
def test_a_bad_file_is_named_with_what_it_is(tmp_path, content, words):
    write_cifar100(tmp_path)
    (tmp_path / "train.bin").write_bytes(content)
    with pytest.raises(ValueError, match=words) as error:
        stream(tmp_path)
    assert str(tmp_path) in str(error.value)


def test_a_file_of_more_records_than_there_are_is_not_read(tmp_path):
    write_cifar100(tmp_path)
    with open(tmp_path / "test.bin", "r+b") as file:
        file.truncate(3074 * 10_001)                               # a hole: it takes no place
    with pytest.raises(ValueError, match="test.bin: expected 1 to 10000 records of 3074 bytes, got 30743074 bytes: 10001"):
        stream(tmp_path)


def test_the_pickled_version_is_refused_unopened(tmp_path):
    for name in ("train", "test", "meta"):
        (tmp_path / name).write_bytes(OPENED)
    with pytest.raises(FileNotFoundError, match="cifar100: expected a folder with train.bin and test.bin of CIFAR-100, got .* "
                       "which has train, the pickled file of the Python version: it is never opened; the binary version, "
                       "cifar-100-binary.tar.gz, has them"):
        stream(tmp_path)
    (tmp_path / "train").rename(tmp_path / "train.bin")
    with pytest.raises(ValueError, match="got a pickled file"):
        stream(tmp_path)


@pytest.mark.parametrize("place, words", [
    ("nowhere", "cifar100: expected a folder with train.bin and test.bin of CIFAR-100, got 'nowhere', which is no folder"),
    (".", "got '.', which has no train.bin; the binary version"),
])
def test_a_missing_folder_or_file_is_named(tmp_path, monkeypatch, place, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=words):
        stream(place)
    records(3).tofile("train.bin")
    with pytest.raises(FileNotFoundError, match="got '.', which has no test.bin"):
        stream(".")


@pytest.mark.parametrize("options, words", [
    ({"cifar100": None}, "cifar100: expected a folder with train.bin and test.bin of CIFAR-100, got None"),
    ({"cifar100": ""}, "cifar100: expected a folder .* got ''"),
    ({"per_class": (2, 1)}, r"per_class: expected three integers >= 1 .* got \(2, 1\)"),
    ({"per_class": "all"}, "train.bin: expected 500 images of every class 0..99, got 3 of class 0"),
    ({"per_class": None}, "train.bin: expected 500 images"),
    ({"colour": 1}, "colour: expected True or False, got 1"),
    ({"standardise": "yes"}, "standardise: expected True or False, got 'yes'"),
    ({"dtype": "float16"}, "dtype: expected"), ({"seed": -1}, "seed: expected an integer >= 0, got -1"),
    ({"crops": True}, "crops: expected an option of cifar100"),
])
def test_bad_options(folder, options, words):
    with pytest.raises(ValueError, match=words):
        stream(**{"folder": folder, **options} if "cifar100" not in options else {"folder": options["cifar100"]})


# --- samples -----------------------------------------------------------------------------------------------------


def test_a_task_is_ten_classes_and_ten_outputs(folder):
    made = stream(folder)
    assert made.ids == tuple(range(10)) and made.n_inputs == 3072 and made.called(3) == "3 (classes 30 to 39)"
    for name, n_per_class, part in (("train.bin", 3, slice(0, 2)), ("train.bin", 3, slice(2, 3)), ("test.bin", 2, slice(0, 2))):
        split = SPLITS[(part.start > 0) + 2 * (name == "test.bin")]
        written = records(n_per_class, int(name == "test.bin"))
        for task in list(made.tasks)[::3]:
            check_task(task, [], made.n_inputs)
            rows = np.sort(np.concatenate([np.flatnonzero(written[:, 1] == 10 * task.id + c)[part] for c in range(10)]))
            y = getattr(task, f"y_{split}")
            assert (task.loss, task.n_outputs, task.image, y.dtype) == ("sigmoid", 10, (32, 32, 3), np.float32)
            assert (y.sum(axis=1) == 1).all() and (y.argmax(axis=1) + 10 * task.id).tolist() == written[rows, 1].tolist()
            x = getattr(task, f"x_{split}").reshape(-1, 32, 32, 3)
            for colour in range(3):                                # centred and scaled, each pixel is still in its place
                bytes_ = written[rows, 2 + 1024 * colour:2 + 1024 * (colour + 1)].reshape(-1, 32, 32).astype(float)
                assert np.corrcoef(x[..., colour].ravel(), bytes_.ravel())[0, 1] == pytest.approx(1, abs=1e-9)


def test_no_image_is_in_two_splits(folder):
    made = stream(folder, standardise=False)
    rows = [row.tobytes() for task in made.tasks for split in SPLITS for row in getattr(task, f"x_{split}")]
    assert len(rows) == 500 and len(set(rows)) == 500


@pytest.mark.parametrize("colour", [True, False])
def test_each_channel_has_mean_0_and_deviation_1_over_all_training_images(folder, colour):
    made = stream(folder, colour=colour, dtype="float64")
    x = np.concatenate([task.x_train for task in made.tasks]).reshape(-1, *made.tasks[0].image)
    assert x.shape == (200, 32, 32, 3 if colour else 1)
    np.testing.assert_allclose(x.mean(axis=(0, 1, 2)), 0, atol=1e-12)
    np.testing.assert_allclose(x.std(axis=(0, 1, 2)), 1, atol=1e-12)
    assert abs(made.tasks[0].x_train.mean()) > 1e-3                # not task by task


def test_bytes_by_255_where_nothing_is_standardised(folder):
    x = stream(folder, standardise=False, dtype="float64").tasks[2].x_test * 255
    np.testing.assert_allclose(x, np.rint(x), atol=1e-12)
    assert 0 <= x.min() < 10 and 245 < x.max() <= 255


def test_grey_is_how_bright_the_colours_are():
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 3), dtype=np.uint8)
    exact = images.astype(float) @ [0.299, 0.587, 0.114]
    assert grey(images).shape == (2, 3, 4, 1) and np.abs(grey(images)[..., 0] - exact).max() <= 0.5 + 1e-9
    assert grey(np.full((1, 1, 1, 3), 255, np.uint8)).item() == 255


def test_moments_are_those_of_numpy_and_a_constant_channel_is_left_alone():
    images = np.random.default_rng(0).integers(0, 256, (5, 6, 7, 3), dtype=np.uint8)
    images[..., 1] = 200
    mean, deviation = moments(images)
    np.testing.assert_allclose(mean, images.mean(axis=(0, 1, 2)), rtol=1e-14)
    np.testing.assert_allclose(deviation, [images[..., 0].std(), 1, images[..., 2].std()], rtol=1e-12)


def test_the_facts_tell_the_images_apart(folder, tmp_path):
    facts = stream(folder).facts
    assert facts["images"]["sizes"] == {"train": 200, "valid": 100, "test": 200}
    assert stream(folder, seed=5).facts["images"] == stream(folder, colour=False).facts["images"] == facts["images"]
    assert {facts["colour"], facts["standardise"], facts["seed"]} == {True, True, 0}
    other = records(2, 1)
    other[-1, -1] ^= 1
    records(3, 0).tofile(tmp_path / "train.bin")
    other.tofile(tmp_path / "test.bin")
    assert stream(tmp_path).facts["images"]["sha256"] != facts["images"]["sha256"]


def test_order_and_number_of_tasks(folder):
    assert stream(folder, order="7,2,0", n_tasks=2).ids == (7, 2)


# --- ten sigmoid outputs -----------------------------------------------------------------------------------------


def by_pairs(scores, labels) -> float:
    """AUROC of one output, by its definition: a share of the pairs of a positive and a negative."""
    pairs = scores[labels == 1][:, None] - scores[labels == 0]
    return ((pairs > 0) + (pairs == 0) / 2).mean()


#: Small networks and few epochs, with which not all is right.
SMALL = {"finetune": {"hidden": (24, 12), "batch": 10, "epochs": 10, "step": 3e-3},
         "den": {"hidden": (24, 12), "batch": 10, "epochs_eq2": 10, "step": 3e-3, "k": 4, "epochs_eq4": 5, "epochs_eq5": 5}}


@pytest.mark.parametrize("method", list(SMALL))
def test_ten_outputs_are_learnt_and_their_aurocs_averaged(folder, method):
    made = run(method, "cifar100", cifar100=folder, per_class=PER_CLASS, n_tasks=3, colour=False, settings=SMALL[method])
    assert np.diagonal(made.R["auroc"]).min() > 0.75               # 20 images to learn from, two of each class
    for place, task in enumerate(stream(folder, colour=False).tasks[:3]):
        scores = made.method.scores(task.id, task.x_test)
        assert scores.shape == (20, 10)
        outputs = [by_pairs(scores[:, c], task.y_test[:, c]) for c in range(10)]
        assert made.R["auroc"][-1, place] == pytest.approx(np.mean(outputs), abs=1e-12)
        assert made.R["accuracy"][-1, place] == pytest.approx(((scores > 0) == task.y_test).mean())


def test_the_command_line_reads_the_folder(folder, tmp_path, capsys):
    asked = ["run", "--method", "finetune", "--stream", "cifar100", "--tasks", "2", "--set", "hidden=4,3", "epochs=1"]
    assert main([*asked, "--cifar100", str(folder), "--per-class", "2", "1", "2", "--data", "colour=false",
                 "--out", str(tmp_path / "run")]) == 0
    assert "task 1 (classes 10 to 19), the 2nd of 2" in capsys.readouterr().out
    assert load(tmp_path / "run").n_inputs == 1024
    assert main([*asked, "--cifar100", str(tmp_path / "nowhere")]) == main(asked) == 2
    assert capsys.readouterr().err.count("den-ref: --cifar100: expected a folder with train.bin and test.bin") == 2
