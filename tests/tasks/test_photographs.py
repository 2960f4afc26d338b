"""Photographs: what is written comes back, and whatever is wrong is named."""

import numpy as np
import pytest

import den_ref.tasks.photographs as photographs
from den_ref.tasks.photographs import facts_of, read_photograph, read_photographs

GREY = np.random.default_rng(0).integers(0, 256, (30, 41), dtype=np.uint8)


def pgm(pixels=GREY, largest=255, header="P5\n{width} {height}\n{largest}\n"):
    """A picture as a binary PGM."""
    height, width = pixels.shape
    kind = "u1" if largest < 256 else ">u2"
    return header.format(width=width, height=height, largest=largest).encode() + pixels.astype(kind).tobytes()


def written(folder, name, content):
    (folder / name).write_bytes(content)
    return folder / name


def saved(folder, name, array):
    np.save(folder / name, array)
    return folder / name


@pytest.mark.parametrize("header", [
    "P5\n{width} {height}\n{largest}\n", "P5 {width}\t{height}  {largest} ",
    "P5\n# made by hand\n#\n{width} # the width\n{height}\n{largest}\n",
])
def test_pgm_headers(tmp_path, header):
    got = read_photograph(written(tmp_path, "a.pgm", pgm(header=header)))
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, (GREY / 255).astype(np.float32))


def test_two_bytes_a_pixel(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 1001, (28, 28))
    np.testing.assert_allclose(read_photograph(written(tmp_path, "a.PGM", pgm(pixels, 1000))), pixels / 1000, atol=1e-7)


@pytest.mark.parametrize("largest", [255, 256, 65535])
def test_a_pixel_has_two_bytes_from_256_on(tmp_path, largest):
    pixels = np.random.default_rng(2).integers(0, largest + 1, (28, 28))
    got = read_photograph(written(tmp_path, "a.pgm", pgm(pixels, largest)))
    np.testing.assert_allclose(got, pixels / largest, atol=1e-7)


@pytest.mark.parametrize("array", [GREY, GREY / 255, (GREY / 255).astype(np.float16), np.asfortranarray(GREY)])
def test_numpy_files(tmp_path, array):
    got = read_photograph(saved(tmp_path, "a.npy", array))
    assert got.dtype == np.float32 and type(got) is np.ndarray
    np.testing.assert_allclose(got, GREY / 255, atol=1e-3 if array.dtype == np.float16 else 1e-7)


def test_a_folder_is_read_by_name_and_hidden_files_are_left_alone(tmp_path):
    written(tmp_path, "b.pgm", pgm()), saved(tmp_path, "a.npy", GREY[::-1]), written(tmp_path, ".DS_Store", b"")
    first, second = read_photographs(tmp_path)
    assert (first == second[::-1]).all()
    assert facts_of([first, second])["pictures"] == 2
    known = {facts_of(pictures)["sha256"] for pictures in (
        [first, second], [second, first], [first], [first.T], [first.reshape(41, 30)])}
    assert len(known) == 5


@pytest.mark.parametrize("content, words", [
    (b"", "binary PGM"), (b"P2\n30 30\n255\n1 2 3", "binary PGM"), (b"P6\n30 30\n255\n", "binary PGM"),
    (b"\x89PNG\r\n\x1a\n" + bytes(99), "binary PGM"), (b"P5\n-30 30\n255\n" + bytes(900), "binary PGM"),
    (b"P5\n30 30\n255\n" + bytes(899), "got the largest value 255 and 899 bytes"), (pgm() + b"x", "1231 bytes"),
    (b"P5\n30 30\n0\n" + bytes(900), "largest value 0"), (b"P5\n30 30\n65536\n" + bytes(1800), "largest value 65536"),
    (b"P5\n999999999 999999999\n255\n", "0 bytes"), (b"P5\n27 40\n255\n" + bytes(1080), r"got shape \(40, 27\)"),
    (b"P5\n30 30\n100\n" + bytes([101]) * 900, "pixels from 0 to the largest value, got 1.01"),
])
def test_damaged_pgm_is_refused_with_its_name(tmp_path, content, words):
    path = written(tmp_path, "some.pgm", content)
    with pytest.raises(ValueError, match=f"{path}: expected .*{words}"):
        read_photograph(path)


@pytest.mark.parametrize("array, words", [
    (GREY[None], "grey picture"), (GREY[:27], "at least 28 x 28"), (GREY.astype(int), "uint8 or floats, got int64"),
    (GREY.astype(complex), "got complex128"), (GREY / 254, "got 0 to 1.00"), (GREY / 255 - 1, "got -1"),
    (np.full((28, 28), np.nan), "got nan"), (np.array([[None] * 28] * 28), "a whole .npy file of numbers"),
])
def test_arrays_that_are_no_pictures_are_refused(tmp_path, array, words):
    with pytest.raises(ValueError, match=f"a.npy: expected .*{words}"):
        read_photograph(saved(tmp_path, "a.npy", array))


@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b[:50], lambda b: b[:-1], lambda b: b"x" + b,
                                    lambda b: b.replace(b"(30, 41)", b"(99999999, 41)")[:len(b)]])
def test_damaged_arrays_are_refused(tmp_path, damage):
    content = saved(tmp_path, "a.npy", GREY).read_bytes()
    with pytest.raises(ValueError, match="a.npy: expected a whole .npy file"):
        read_photograph(written(tmp_path, "a.npy", damage(content)))


def test_an_archive_is_no_array(tmp_path):
    np.savez(tmp_path / "a", GREY)
    with pytest.raises(ValueError, match="expected one array of uint8 or floats, got an archive"):
        read_photograph((tmp_path / "a.npz").rename(tmp_path / "a.npy"))


def test_too_large_a_picture_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(photographs, "LARGEST", 1000)
    with pytest.raises(ValueError, match=r"at most 1000 pixels, got shape \(30, 41\)"):
        read_photograph(written(tmp_path, "a.pgm", pgm()))


@pytest.mark.parametrize("name", ["cat.png", "cat.JPG", "notes.txt"])
def test_other_pictures_are_refused_and_how_to_convert_them_is_said(tmp_path, name):
    written(tmp_path, "a.pgm", pgm()), written(tmp_path, name, b"\x89PNG")
    with pytest.raises(ValueError, match=f"magick {name} -colorspace Gray {name[:-4]}.pgm"):
        read_photographs(tmp_path)


def test_an_empty_folder_and_none(tmp_path):
    with pytest.raises(ValueError, match="backgrounds: expected a folder with .*, got .*, which is empty"):
        read_photographs(tmp_path)
    with pytest.raises(FileNotFoundError, match="backgrounds: expected a folder, got .*nowhere', which is no folder"):
        read_photographs(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="backgrounds: expected a folder, got ''"):
        read_photographs("")
