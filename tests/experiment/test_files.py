"""Files appear whole or not at all, and a damaged or foreign one is never taken for a good one."""

import json
import os
import time
import zipfile

import numpy as np
import pytest

from den_ref.experiment.disk.json_files import as_json, pretty, write_json
from den_ref.experiment.disk.archives import digest, read_archive, write_archive
from den_ref.experiment.disk.files import whole

ARRAYS = {
    "weights/0": np.arange(6, dtype=np.float32).reshape(2, 3),
    "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "empty": np.zeros((0, 4)),
    "one": np.array(5),
    "text": np.frombuffer(b"{}", np.uint8),
}


def written(path, **changes):
    write_archive(path, "network", {"seed": 3, **changes}, ARRAYS)
    return path


def test_an_archive_comes_back_bit_for_bit(tmp_path):
    header, arrays = read_archive(written(tmp_path / "a.npz"), "network")
    assert header["seed"] == 3 and set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype and arrays[name].shape == array.shape
        assert arrays[name].tobytes() == array.tobytes()


def test_an_archive_is_an_npz_that_numpy_opens_without_pickle(tmp_path):
    with np.load(written(tmp_path / "a.npz"), allow_pickle=False) as opened:
        np.testing.assert_array_equal(opened["weights/0"], ARRAYS["weights/0"])
        assert json.loads(bytes(opened["header"]))["format"] == "den_ref network"


def test_the_same_content_gives_the_same_bytes_at_any_time(tmp_path, monkeypatch):
    now = written(tmp_path / "a.npz").read_bytes()
    monkeypatch.setattr(time, "time", lambda: 2e9)
    monkeypatch.setattr(time, "localtime", lambda seconds=None: time.gmtime(2e9))
    assert written(tmp_path / "b.npz").read_bytes() == now
    with zipfile.ZipFile(tmp_path / "b.npz") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_objects_are_refused(tmp_path):
    with pytest.raises(ValueError, match="allow_pickle"):
        write_archive(tmp_path / "a.npz", "network", {}, {"bad": np.array([None])})
    assert list(tmp_path.iterdir()) == []


def test_the_digest_sees_names_dtypes_shapes_and_values():
    base = {"a": np.zeros(4, np.float32)}
    others = [{"b": base["a"]}, {"a": np.zeros(4, np.int32)}, {"a": np.zeros((2, 2), np.float32)},
              {"a": np.array([0, 0, 0, 1e-30], np.float32)}, {"a": np.array([0, 0, 0, -0.0], np.float32)}]
    assert len({digest(arrays) for arrays in [base, *others]}) == 6
    assert digest({**base, **others[0]}) == digest({**others[0], **base})     # in whatever order they come


@pytest.mark.parametrize("failing", ["write", "fsync", "replace"])
def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch, failing):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")

    def fail(*_):
        raise OSError("disk full")

    if failing != "write":
        monkeypatch.setattr(os, failing, fail)
    with pytest.raises(OSError, match="disk full"), whole(path) as file:
        file.write(b"new and longer")
        if failing == "write":
            fail()
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_of_two_writers_the_one_that_began_later_stays(tmp_path):
    path = tmp_path / "a.txt"
    with pytest.raises(OSError, match="written by another process"), whole(path) as first:
        first.write(b"first, ")
        with whole(path) as second:
            second.write(b"second")
        first.write(b"and longer")
    assert path.read_bytes() == b"second" and list(tmp_path.iterdir()) == [path]


def test_what_a_killed_writer_left_is_removed(tmp_path):
    left, others = tmp_path / ".a[1].txt.1-0.part", tmp_path / ".b.txt.1-0.part"
    left.write_bytes(b"half"), others.write_bytes(b"half")
    with whole(tmp_path / "a[1].txt") as file:
        file.write(b"whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == [others.name, "a[1].txt"]


def test_a_file_is_not_there_before_it_is_complete(tmp_path):
    with whole(tmp_path / "a.txt") as file:
        file.write(b"half")
        assert not (tmp_path / "a.txt").exists()
    assert (tmp_path / "a.txt").read_bytes() == b"half"


@pytest.mark.parametrize("place, words", [(".", "Is a directory"), ("/", "Is a directory"), ("folder", "Is a directory"),
                                          ("pipe", "not a regular file")])
def test_what_is_no_file_is_not_replaced_by_one(tmp_path, monkeypatch, place, words):
    monkeypatch.chdir(tmp_path)
    os.mkdir("folder")
    os.mkfifo("pipe")
    with pytest.raises(OSError, match=words) as caught, whole(place):
        pytest.fail("it is refused before anything is written")
    assert caught.value.filename == place
    assert (tmp_path / "pipe").is_fifo() and len(os.listdir()) == 2


def test_no_changed_byte_and_no_cut_passes(tmp_path):
    good = written(tmp_path / "a.npz").read_bytes()
    bad, expected, refused = tmp_path / "bad.npz", digest(ARRAYS), 0
    rng = np.random.default_rng(0)
    variants = [good[:cut] for cut in rng.integers(len(good), size=50)]
    for place in rng.integers(len(good), size=300):
        variants.append(good[:place] + bytes([good[place] ^ (1 << rng.integers(8))]) + good[place + 1:])
    for variant in variants:
        bad.write_bytes(variant)
        try:
            header, arrays = read_archive(bad, "network")
        except ValueError as error:
            refused += 1
            assert "bad.npz" in str(error)
        else:                                                # a date or an attribute in the zip: nothing of ours
            assert digest(arrays) == expected and header["seed"] == 3
    assert refused > 200


def npz_without_header(path):
    np.savez(path, weights=np.zeros(3))


def zip_of_text(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")


@pytest.mark.parametrize("make, words", [
    (npz_without_header, "not a den_ref network, or a damaged one"),
    (zip_of_text, "not a den_ref network, or a damaged one"),
    (lambda path: path.write_bytes(b""), "not a den_ref network, or a damaged one"),
    (lambda path: path.write_text("weights: 1, 2, 3"), "not a den_ref network, or a damaged one"),
    (lambda path: write_archive(path, "step", {}, {}), "expected a den_ref network, got a den_ref step"),
    (lambda path: written(path, version=99), "expected layout version 1, got 99"),
    (lambda path: written(path, sha256="0"), r"damaged: .* \(SHA-256 differs\)"),
])
def test_foreign_files_are_refused_by_name(tmp_path, make, words):
    path = tmp_path / "foreign.npz"
    make(path)
    with pytest.raises(ValueError, match=words) as caught:
        read_archive(path, "network")
    assert "foreign.npz" in str(caught.value)


def test_json_is_strict_and_comes_back(tmp_path):
    value = {"R": [[1 / 3, np.nan], [np.float32(0.1), -np.inf]], 1: (True, None), "empty": {}, "nest": [{"a": []}],
             "text": "line\n\"[ 1,  2 ]\" é"}
    write_json(tmp_path / "a.json", value)

    def forbidden(constant):
        raise AssertionError(f"{constant} is not JSON")

    back = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"), parse_constant=forbidden)
    assert back == {"R": [[1 / 3, None], [float(np.float32(0.1)), "-inf"]], "1": [True, None], "empty": {},
                    "nest": [{"a": []}], "text": "line\n\"[ 1,  2 ]\" é"}


@pytest.mark.parametrize("value", [[], {}, [[]], {"a": {}}, [1, [2, {"b": [3]}]], "x", None, {"a": [{}, []], "b": 1}])
def test_pretty_is_json(value):
    assert json.loads(pretty(value)) == value


def test_what_is_no_json_becomes_its_repr():
    assert as_json({(1, 2): object}) == {"(1, 2)": "<class 'object'>"}
