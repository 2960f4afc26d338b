"""The digits: embedded ones are what the script makes of the originals, and splits never share an image."""

import gzip
import hashlib
import struct
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

import den_ref.tasks.digits as digits_module
from den_ref.tasks.digits import (
    EMBEDDED_PER_CLASS, EMBEDDED_SHA256, Digits, choose, first_of_each, load_digits, load_embedded, load_idx_folder,
)
from den_ref.tasks.idx import find_idx
from den_ref.tasks.stream import SPLITS
from docs.make.digits import main, write_digits

MNIST = Path(__file__).resolve().parents[3] / "shared" / "data" / "mnist"
needs_mnist = pytest.mark.skipif(not MNIST.is_dir(), reason="no folder with the MNIST files")
T10K_COUNTS = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
MD5 = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}


@pytest.fixture(scope="module")
def embedded():
    return load_embedded()


@pytest.fixture
def folder(tmp_path):
    """A small folder in MNIST's format, with every image different: 12 training and 3 t10k images per class."""
    rng = np.random.default_rng(0)
    for prefix, per_class in (("train", 12), ("t10k", 3)):
        labels = rng.permutation(np.arange(10).repeat(per_class)).astype(np.uint8)
        images = rng.integers(0, 256, (len(labels), 28, 28), dtype=np.uint8)
        write_idx(tmp_path / f"{prefix}-images-idx3-ubyte", images)
        write_idx(tmp_path / f"{prefix}-labels-idx1-ubyte", labels)
    return tmp_path


def write_idx(path, array):
    path.write_bytes(struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes())


def image_set(images):
    return {image.tobytes() for image in images}


# --- the embedded digits -----------------------------------------------------------------------------------------


def test_embedded_sizes(embedded):
    for split, size in zip(SPLITS, EMBEDDED_PER_CLASS):
        assert embedded.images[split].shape == (10 * size, 28, 28)
        assert embedded.images[split].dtype == embedded.labels[split].dtype == np.uint8
        assert np.bincount(embedded.labels[split]).tolist() == [size] * 10


def test_embedded_splits_are_disjoint(embedded):
    sets = [image_set(embedded.images[split]) for split in SPLITS]
    assert [len(s) for s in sets] == [10000, 2000, 10000]              # and no image twice within a split
    assert len(set.union(*sets)) == 22000


def test_checksum_is_that_of_the_raw_bytes(embedded):
    parts = [arrays[split].tobytes() for arrays in (embedded.images, embedded.labels) for split in SPLITS]
    assert embedded.sha256 == hashlib.sha256(b"".join(parts)).hexdigest() == EMBEDDED_SHA256


def test_licence_states_origin_and_checksums():
    text = files("den_ref.tasks").joinpath("DIGITS_LICENSE.md").read_text()
    for said in ("CC", "by-sa/3.0", "LeCun", EMBEDDED_SHA256, *MD5.values()):
        assert said in text


def test_a_changed_pixel_is_noticed(embedded, tmp_path, monkeypatch):
    images = {split: array.copy() for split, array in embedded.images.items()}
    images["test"][-1, 14, 14] ^= 1
    write_digits(Digits(images, embedded.labels), tmp_path / "digits.npz")
    monkeypatch.setattr(digits_module, "files", lambda package: tmp_path)
    with pytest.raises(ValueError, match="expected sha256 5949"):
        load_embedded()


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut short"])
def test_a_damaged_file_is_refused(tmp_path, monkeypatch, content):
    (tmp_path / "digits.npz").write_bytes(content)
    monkeypatch.setattr(digits_module, "files", lambda package: tmp_path)
    with pytest.raises(ValueError, match="digits.npz: expected the file of the package"):
        load_embedded()


def test_fewer_per_class_are_the_first_ones(embedded):
    few = load_digits(per_class=(3, 2, 4))
    for split, size in zip(SPLITS, (3, 2, 4)):
        assert np.bincount(few.labels[split]).tolist() == [size] * 10
        for digit in range(10):
            first = embedded.images[split][embedded.labels[split] == digit][:size]
            np.testing.assert_array_equal(few.images[split][few.labels[split] == digit], first)


@pytest.mark.parametrize("per_class", [(1, 2), (1, 2, 0), (1, 2, 3.5), 5, "abc", (1001, 200, 1000), (1000, 200, 5000)])
def test_sizes_out_of_range_are_refused(per_class):
    with pytest.raises(ValueError, match="per_class: expected"):
        load_digits(per_class=per_class)


# --- choosing ----------------------------------------------------------------------------------------------------


def test_choose_against_a_walk_through_the_files():
    rng = np.random.default_rng(3)
    train, t10k = rng.integers(0, 10, 400), rng.integers(0, 10, 60)
    expected = {split: ([], []) for split in SPLITS}
    for row, digit in enumerate(t10k):
        if sum(t10k[r] == digit for r in expected["test"][1]) < 5:
            expected["test"][1].append(row)
    for row, digit in enumerate(train):
        for split, size in (("train", 7), ("valid", 3), ("test", 5)):
            taken = [train[r] for r in expected[split][0]] + [t10k[r] for r in expected[split][1]]
            if taken.count(digit) < size:
                expected[split][0].append(row)
                break
    chosen = choose(train, t10k, (7, 3, 5))
    assert any(expected["test"][0])                                    # the case of too few in t10k does occur
    for split in SPLITS:
        assert [rows.tolist() for rows in chosen[split]] == list(expected[split])


def test_too_few_of_a_class_is_an_error():
    labels = np.arange(10).repeat(3)
    with pytest.raises(ValueError, match="expected 4 more images of class 0, got 3"):
        first_of_each(labels, 4)
    with pytest.raises(ValueError, match="expected 2 more images of class 0, got 1"):
        choose(labels, labels, (1, 1, 5))


def test_folder_of_idx_files(folder):
    digits = load_idx_folder(folder, (5, 2, 6))                        # test: 3 of t10k, 3 of the training file
    sets = [image_set(digits.images[split]) for split in SPLITS]
    assert [len(s) for s in sets] == [50, 20, 60] and len(set.union(*sets)) == 130
    assert all(np.bincount(digits.labels[s]).tolist() == [n] * 10 for s, n in zip(SPLITS, (5, 2, 6)))


def test_gzip_makes_no_difference(folder):
    plain = load_idx_folder(folder, (5, 2, 6)).sha256
    for path in list(folder.iterdir()):
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert load_idx_folder(folder, (5, 2, 6)).sha256 == plain


@pytest.mark.parametrize("name, array, message", [
    ("train-labels-idx1-ubyte", np.zeros(7, np.uint8), "expected 120 labels, one per image, got 7"),
    ("t10k-labels-idx1-ubyte", np.full(30, 10, np.uint8), "expected labels 0..9, got 10"),
    ("t10k-images-idx3-ubyte", np.zeros((30, 8, 8), np.uint8), "expected images of 28 x 28 pixels"),
    ("t10k-images-idx3-ubyte", np.zeros(30, np.uint8), "expected 3 dimensions, got 1"),
])
def test_files_that_do_not_fit_are_refused(folder, name, array, message):
    write_idx(folder / name, array)
    with pytest.raises(ValueError, match=message):
        load_idx_folder(folder, (1, 1, 1))


def test_a_missing_file_is_named(folder):
    (folder / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match="t10k-labels-idx1-ubyte"):
        load_idx_folder(folder, (1, 1, 1))


def test_the_same_digits_give_the_same_file(folder, tmp_path):
    for name in ("once.npz", "again.npz"):
        write_digits(load_idx_folder(folder, (2, 1, 1)), tmp_path / name)
    assert (tmp_path / "once.npz").read_bytes() == (tmp_path / "again.npz").read_bytes()


def test_writing_is_whole_or_not_at_all(folder, tmp_path, monkeypatch):
    digits = load_idx_folder(folder, (1, 1, 1))
    path = tmp_path / "made.npz"
    path.write_bytes(b"before")
    monkeypatch.setattr(np, "savez_compressed", lambda file, **arrays: file.write(b"half") and 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_digits(digits, path)
    assert path.read_bytes() == b"before" and not list(tmp_path.glob("*.tmp"))


# --- the originals -----------------------------------------------------------------------------------------------


@needs_mnist
@pytest.mark.parametrize("name", MD5)
def test_originals_have_the_known_md5(name):
    packed = find_idx(MNIST, name).read_bytes()
    content = gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed
    assert hashlib.md5(content).hexdigest() == MD5[name]


@needs_mnist
def test_embedded_file_is_what_the_script_makes(tmp_path, capsys):
    main([str(MNIST), str(tmp_path / "made.npz")])
    assert EMBEDDED_SHA256 in capsys.readouterr().out
    with np.load(tmp_path / "made.npz") as made, np.load(files("den_ref.tasks").joinpath("digits.npz")) as shipped:
        assert made.files == shipped.files
        for name in made.files:
            np.testing.assert_array_equal(made[name], shipped[name])


@needs_mnist
def test_paper_sizes_and_where_test_images_come_from(embedded):
    digits = load_idx_folder(MNIST)
    assert [np.bincount(digits.labels[s]).tolist() for s in SPLITS] == [[1000] * 10, [200] * 10, [5000] * 10]
    sets = [image_set(digits.images[split]) for split in SPLITS]
    assert not sets[0] & sets[1] and not sets[0] & sets[2] and not sets[1] & sets[2]
    t10k = image_set(digits_module._read_pair(MNIST, "t10k")[0])
    of_t10k = np.array([image.tobytes() in t10k for image in embedded.images["test"]])
    counts = np.bincount(embedded.labels["test"][of_t10k])
    assert counts.tolist() == np.minimum(T10K_COUNTS, 1000).tolist()


# --- all of a folder ---------------------------------------------------------------------------------------------


def test_all_images_are_split_as_tensorflow_reads_them(folder, monkeypatch):
    monkeypatch.setattr(digits_module, "N_VALID", 20)
    digits = load_digits(folder, "all")
    train, t10k = ((folder / f"{prefix}-images-idx3-ubyte").read_bytes()[16:] for prefix in ("train", "t10k"))
    assert digits.images["valid"].tobytes() == train[:20 * 784]
    assert digits.images["train"].tobytes() == train[20 * 784:]
    assert digits.images["test"].tobytes() == t10k
    assert {split: len(labels) for split, labels in digits.labels.items()} == {"train": 100, "valid": 20, "test": 30}


def test_too_few_images_for_all(folder):
    with pytest.raises(ValueError, match="per_class: expected more than 5000 training images for 'all', got 120"):
        load_digits(folder, "all")


def test_all_of_the_embedded_digits_are_the_embedded_digits():
    assert load_digits(None, "all").facts == load_embedded().facts
