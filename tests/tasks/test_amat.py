"""The .amat files: what is written comes back, and a line that is wrong is named."""

import numpy as np
import pytest

import den_ref.tasks.amat as amat
from den_ref.tasks.amat import read_amat, read_file
from den_ref.tasks.stream import SPLITS

RNG = np.random.default_rng(0)
SIZES = dict(zip(SPLITS, (20, 10, 30)))
LABELS = {split: np.concatenate([np.arange(10), RNG.integers(0, 10, n - 10)]) for split, n in SIZES.items()}
IMAGES = {split: RNG.random((n, 28, 28)).round(4).astype(np.float32) for split, n in SIZES.items()}
NAMES = {"learnt": "mnist_all_background_images_rotation_normalized_train_valid.amat",
         "tested": "mnist_all_background_images_rotation_normalized_test.amat"}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Files of 30 lines each instead of 12,000 and 50,000, read seven at a time."""
    for name, n in {"N_TRAIN": 20, "N_VALID": 10, "N_TEST": 30, "CHUNK": 7}.items():
        monkeypatch.setattr(amat, name, n)


@pytest.fixture
def folder(tmp_path):
    for name, splits in {"learnt": ("train", "valid"), "tested": ("test",)}.items():
        rows = [line(image, digit) for split in splits for image, digit in zip(IMAGES[split], LABELS[split])]
        (tmp_path / NAMES[name]).write_bytes(b"\n".join(rows) + b"\n")
    return tmp_path


def line(image, digit):
    return " ".join([*(f"{pixel:.4f}" for pixel in image.ravel()), f"{digit:.1f}"]).encode()


def test_what_is_written_comes_back_in_its_splits(folder):
    digits = read_amat(folder)
    for split in SPLITS:
        np.testing.assert_array_equal(digits.images[split], IMAGES[split])
        np.testing.assert_array_equal(digits.labels[split], LABELS[split])
        assert digits.images[split].dtype == np.float32 and digits.images[split].flags.c_contiguous
    assert digits.facts["sizes"] == SIZES


def test_transposed_images_have_their_pixels_column_by_column(folder):
    straight, turned = read_amat(folder), read_amat(folder, transposed=True)
    assert turned.images["test"][3, 5, 9] == straight.images["test"][3, 9, 5]
    assert turned.sha256 != straight.sha256


@pytest.mark.parametrize("name", ["mnist_background_images_train.amat", "train_valid.amat"])
def test_names_of_the_other_variations(folder, name):
    (folder / NAMES["learnt"]).rename(folder / name)
    assert read_amat(folder).facts["sizes"] == SIZES


def test_spaces_and_line_ends_do_not_matter(folder):
    path, before = folder / NAMES["tested"], read_amat(folder).sha256
    path.write_bytes(b" " + path.read_bytes().replace(b" ", b"\t ").replace(b"\n", b" \r\n").rstrip())
    assert read_amat(folder).sha256 == before


def test_missing_and_doubtful_files(folder):
    (folder / "other_test.amat").write_bytes(b"")
    with pytest.raises(ValueError, match=r"amat: expected one file \.\.\.test.amat .*, got mnist_.*, other_test.amat"):
        read_amat(folder)
    for path in folder.glob("*test.amat"):
        path.unlink()
    with pytest.raises(FileNotFoundError, match=r"amat: expected a folder with .* \.\.\.test.amat, got .* has none"):
        read_amat(folder)
    with pytest.raises(FileNotFoundError, match="amat: expected a folder, got .*nowhere', which is no folder"):
        read_amat(folder / "nowhere")


def changed(number, change):
    """The lines with one of them, counted from 1, changed."""
    return lambda lines: [change(line) if i == number else line for i, line in enumerate(lines, 1)]


def word(position, new):
    """A line with another word at this position."""
    def change(line):
        words = line.split()
        words[position] = new
        return b" ".join(words)

    return change


@pytest.mark.parametrize("damage, words", [
    (lambda lines: lines[:-1], "expected 30 lines, got 29"),
    (lambda lines: [*lines, lines[0]], "expected 30 lines, got more"),
    (lambda lines: [*lines[:9], b"", *lines[9:]], "line 10: expected 785 numbers, got 0"),
    (lambda lines: [b""] * 29 + [b" " * 60_000], "line 1: expected 785 numbers, got 0"),
    (lambda lines: [b"\n".join(lines)[:-20]], "line 30: expected 785 numbers, got 782"),
    (changed(4, lambda line: line + b" 1"), "line 4: expected 785 numbers, got 786"),
    (changed(9, word(7, b"nan")), "line 9: expected pixels from 0 to 1 .* got nan"),
    (changed(9, word(7, b"inf")), "line 9: expected pixels from 0 to 1 .* to inf"),
    (changed(30, word(7, b"1.01")), "line 30: expected pixels from 0 to 1 .* to 1.01"),
    (changed(1, word(7, b"-0.01")), "line 1: expected pixels from 0 to 1 .* got -0.01"),
    (changed(2, word(784, b"10")), "line 2: .* a digit from 0 to 9, got .* and 10"),
    (changed(2, word(784, b"-1")), "and -1"), (changed(2, word(784, b"2.5")), "and 2.5"),
    (changed(2, word(784, b"nan")), "and nan"),
    (changed(22, word(100, b"ink")), "line 22: expected numbers, got another word"),
    (changed(22, word(100, b"0.5\xff")), "line 22: expected plain text"),
    (changed(1, lambda line: b"\xef\xbb\xbf" + line), "line 1: expected plain text"),
    (lambda lines: ["\n".join(map(bytes.decode, lines)).encode("utf-16")], "line 1: expected plain text"),
    (lambda lines: [b"\x1f\x8b\x08" + bytes(60_000)], "line 1: expected plain text"),
    (lambda lines: [], "expected 30 lines of 785 numbers, got 0 bytes"),
    (lambda lines: lines * 9, "expected 30 lines of 785 numbers, got .* bytes, too few or too many"),
])
def test_a_damaged_file_is_refused_with_its_name(folder, damage, words):
    path = folder / NAMES["tested"]
    path.write_bytes(b"\n".join(damage(path.read_bytes().splitlines())))
    with pytest.raises(ValueError, match=f"{path}.*{words}"):
        read_file(path, 30)
    with pytest.raises(ValueError, match=str(path)):
        read_amat(folder)


def test_every_split_needs_every_digit(folder):
    path = folder / NAMES["learnt"]
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([*lines[:20], *(word(784, b"5")(line) for line in lines[20:])]))
    with pytest.raises(ValueError, match="amat: expected every digit in each split, got no 0 for valid"):
        read_amat(folder)
