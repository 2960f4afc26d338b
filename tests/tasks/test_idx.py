"""IDX files: what is written comes back, and whatever is wrong is named."""

import gzip
import struct

import numpy as np
import pytest

from den_ref.tasks.idx import find_idx, read_idx


def idx_bytes(array, type_code=0x08):
    header = struct.pack(">BBBB", 0, 0, type_code, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (3, 2, 5), dtype=np.uint8)


@pytest.mark.parametrize("shape", [(4,), (0,), (3, 2, 5), (1, 1, 1), (0, 28, 28)])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_round_trip(tmp_path, shape, pack):
    array = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    path = tmp_path / "anything"
    path.write_bytes(pack(idx_bytes(array)))
    read = read_idx(path, ndim=len(shape))
    assert read.dtype == np.uint8 and read.shape == shape
    np.testing.assert_array_equal(read, array)


def test_blank_images_are_read_however_well_they_are_packed(tmp_path):
    blank = np.zeros((2000, 28, 28), np.uint8)
    packed = gzip.compress(idx_bytes(blank))
    assert len(packed) < blank.size / 200
    (tmp_path / "images").write_bytes(packed)
    assert read_idx(tmp_path / "images", ndim=3).shape == blank.shape


@pytest.mark.parametrize("cut", [0, 2, 3, 4, 10, 15, 16, 20, -1])
def test_truncated_files_are_refused_with_their_name(tmp_path, images, cut):
    path = tmp_path / "images"
    path.write_bytes(idx_bytes(images)[:cut])
    with pytest.raises(ValueError, match=str(path)):
        read_idx(path, ndim=3)


def test_trailing_bytes_are_refused(tmp_path, images):
    path = tmp_path / "images"
    path.write_bytes(idx_bytes(images) + b"x")
    with pytest.raises(ValueError, match=r"expected 30 bytes for shape \(3, 2, 5\), got 31"):
        read_idx(path, ndim=3)


@pytest.mark.parametrize("damage", [lambda b: b[:-9], lambda b: b[:40] + b"\x00\xff\x00\xff" + b[44:], lambda b: b[:2]])
def test_damaged_gzip_is_refused(tmp_path, damage):
    array = np.random.default_rng(2).integers(0, 256, 1000, dtype=np.uint8)
    path = tmp_path / "labels.gz"
    path.write_bytes(damage(gzip.compress(idx_bytes(array))))
    with pytest.raises(ValueError, match="damaged"):
        read_idx(path, ndim=1)


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n" + bytes(20), b"hello, world", b"PK\x03\x04" + bytes(20)])
def test_foreign_files_are_refused(tmp_path, content):
    path = tmp_path / "images"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="expected an IDX file of unsigned bytes"):
        read_idx(path, ndim=3)


def test_other_types_and_dimensions_are_refused(tmp_path, images):
    path = tmp_path / "images"
    path.write_bytes(idx_bytes(images.astype(">f4"), type_code=0x0D))
    with pytest.raises(ValueError, match="unsigned bytes"):
        read_idx(path, ndim=3)
    path.write_bytes(idx_bytes(images))
    with pytest.raises(ValueError, match="expected 1 dimensions, got 3"):
        read_idx(path, ndim=1)


@pytest.mark.parametrize("name", ["t-idx1-ubyte", "t-idx1-ubyte.gz", "t.idx1-ubyte", "t.idx1-ubyte.gz"])
def test_find_idx_knows_the_usual_names(tmp_path, name):
    (tmp_path / name).touch()
    assert find_idx(tmp_path, "t-idx1-ubyte") == tmp_path / name


@pytest.mark.parametrize("folder, words", [(".", "has neither"), ("nowhere", "is no folder")])
def test_find_idx_names_what_is_missing(tmp_path, monkeypatch, folder, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "u-idx1-ubyte").touch()
    words = f"mnist: expected a folder with t-idx1-ubyte or t-idx1-ubyte.gz, got {folder!r}, which {words}"
    with pytest.raises(FileNotFoundError, match=words):
        find_idx(folder, "t-idx1-ubyte")
    with pytest.raises(ValueError, match="folder: expected a folder with the MNIST files, got ''"):
        find_idx("", "u-idx1-ubyte")                               # not even where the working folder would do
