"""Your own photographs as backgrounds: grey pictures in binary PGM or NumPy files.

A binary PGM is "P5", the width, the height and the largest grey value in decimal, with white space (or comments from
"#" to the end of the line) between them and one white space after, then the pixels row by row: a byte each, or two
(the higher one first) if the largest value is above 255.  Source: https://netpbm.sourceforge.net/doc/pgm.html.
"""

import hashlib
import os
import re
from pathlib import Path

import numpy as np

from .folders import files_in
from .patches import SIDE

PGM = re.compile(rb"P5" + 3 * rb"(?:\s|#[^\n]*\n)+(\d{1,9})" + rb"\s")
#: Bytes that hold the header of a PGM; pixels of the largest picture that is read.
HEADER, LARGEST = 4096, 2**25


def read_photographs(folder) -> list[np.ndarray]:
    """All pictures of a folder, in the order of their names.

    Parameters
    ----------
    folder : str or path
        Holds ``.pgm`` files (binary, one picture each) and ``.npy`` files (two dimensions; uint8, or floats from 0 to
        1), at least 28 x 28 pixels each, and nothing else but hidden files.

    Returns
    -------
    list of (height, width) float32 arrays in [0, 1].

    Raises
    ------
    OSError
        If there is no such folder, or a file cannot be read.
    ValueError
        If there is no picture, or a file is damaged, too small, too large or of another kind, which is then said how
        to convert.
    """
    paths = files_in(folder, "backgrounds")
    if not paths:
        raise ValueError(f"backgrounds: expected a folder with .pgm or .npy files, got {os.fspath(folder)!r}, "
                         "which is empty")
    return [read_photograph(path) for path in paths]


def facts_of(pictures: list[np.ndarray]) -> dict:
    """What a result file says about photographs: how many, and the SHA-256 of their sizes and pixels in turn."""
    sha256 = hashlib.sha256()
    for picture in pictures:
        sha256.update(np.array(picture.shape, "<u4"))
        sha256.update(np.ascontiguousarray(picture, "<f4"))
    return {"pictures": len(pictures), "sha256": sha256.hexdigest()}


def read_photograph(path: Path) -> np.ndarray:
    """One picture, (height, width) float32 in [0, 1]."""
    readers = {".pgm": _read_pgm, ".npy": _read_npy}
    if path.suffix.lower() not in readers:
        raise ValueError(f"{path}: expected a .pgm or .npy file; ImageMagick makes one of most pictures: "
                         f"magick {path.name} -colorspace Gray {path.stem}.pgm")
    return readers[path.suffix.lower()](path)


def _read_pgm(path: Path) -> np.ndarray:
    with open(path, "rb") as file:
        found = PGM.match(file.read(HEADER))
        if not found:
            raise ValueError(f"{path}: expected a binary PGM: P5, width, height, largest value")
        width, height, largest = map(int, found.groups())
        kind = np.dtype("u1" if largest < 256 else ">u2")
        size = os.path.getsize(path) - found.end()
        if not 1 <= largest <= 65535 or width * height * kind.itemsize != size:
            raise ValueError(f"{path}: expected {width} x {height} pixels from 0 to at most 65535, "
                             f"got the largest value {largest} and {size} bytes")
        _check_shape(path, (height, width))
        file.seek(found.end())
        pixels = np.frombuffer(file.read(size), kind).reshape(height, width)
    return _in_unit(path, np.divide(pixels, largest, dtype=np.float32))


def _read_npy(path: Path) -> np.ndarray:
    try:
        pixels = np.load(path, mmap_mode="r", allow_pickle=False)  # the file's size is checked, nothing read
    except (ValueError, EOFError, OverflowError) as error:
        raise ValueError(f"{path}: expected a whole .npy file of numbers, got another ({error})") from error
    if not isinstance(pixels, np.ndarray) or not (pixels.dtype == np.uint8 or pixels.dtype.kind == "f"):
        raise ValueError(f"{path}: expected one array of uint8 or floats, got {getattr(pixels, 'dtype', 'an archive')}")
    _check_shape(path, pixels.shape)
    largest = 255 if pixels.dtype == np.uint8 else 1
    return _in_unit(path, np.divide(pixels, largest, dtype=np.float32, casting="same_kind"))


def _check_shape(path, shape) -> None:
    """A ValueError for what is no grey picture, too small to cut a patch out of, or too large."""
    if len(shape) != 2 or min(shape) < SIDE or shape[0] * shape[1] > LARGEST:
        raise ValueError(f"{path}: expected a grey picture of at least {SIDE} x {SIDE} and at most {LARGEST} pixels, "
                         f"got shape {shape}")


def _in_unit(path, picture: np.ndarray) -> np.ndarray:
    if not (picture.min() >= 0 and picture.max() <= 1):
        raise ValueError(f"{path}: expected pixels from 0 to the largest value, "
                         f"got {picture.min():.4g} to {picture.max():.4g}")
    return np.asarray(picture)
