"""Reading IDX, the file format of MNIST.

An IDX file is two zero bytes, one byte for the type of the entries (0x08: unsigned bytes, the only one MNIST uses),
one byte for the number of dimensions, then each dimension as a big-endian 32-bit integer, then the entries in C
order.  Source: http://yann.lecun.com/exdb/mnist.
"""

import gzip
import math
import os
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from den_ref.doors import Place, Text, Whole, door

UNSIGNED_BYTES = b"\x00\x00\x08"
GZIP = b"\x1f\x8b"

#: No images are packed to a hundredth of their size; what claims to be is not unpacked, unless it is small anyway.
LARGEST_RATIO, SMALL = 100, 2**24
#: So many bytes too many are counted.
SURPLUS = 1000


@door
def read_idx(path: Place("an IDX file"), ndim: Whole(1)) -> np.ndarray:
    """The array of unsigned bytes in an IDX file, gzip or not (told by its first bytes, not by its name).

    Parameters
    ----------
    path : str or path
    ndim : int
        Number of dimensions expected: 1 for labels, 3 for images.

    Returns
    -------
    (...) uint8 array, read-only.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, is not IDX, or holds another type or number of dimensions.
    """
    with _opened(path) as file:
        try:
            shape = _shape(path, file.read(4 + 4 * ndim), ndim)
            size = math.prod(shape)
            _check_size(path, size, shape)
            entries = file.read(size)
            more = len(file.read(SURPLUS))
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{path}: expected a whole gzip file, got a damaged one ({error})") from error
    if len(entries) + more != size:
        at_least = "more than " if more == SURPLUS else ""
        raise ValueError(f"{path}: expected {size} bytes for shape {shape}, got {at_least}{len(entries) + more}")
    return np.frombuffer(entries, np.uint8).reshape(shape)


@door
def find_idx(folder: Place("a folder with the MNIST files"), name: Text()) -> Path:
    """The file ``name`` in a folder, gzip or not, with "-idx" or ".idx" in its name.

    Raises
    ------
    FileNotFoundError
        Naming the file that was looked for.
    """
    names = [name, name.replace("-idx", ".idx")]
    for candidate in (Path(folder, stem + suffix) for stem in names for suffix in ("", ".gz")):
        if candidate.is_file():
            return candidate
    which = "has neither" if os.path.isdir(folder) else "is no folder"
    raise FileNotFoundError(f"mnist: expected a folder with {name} or {name}.gz, got {os.fspath(folder)!r}, "
                            f"which {which}")


def _opened(path) -> BinaryIO:
    """The file's content as it is read: unpacked if it is gzip."""
    if not os.path.exists(path):
        raise FileNotFoundError(f"path: expected an IDX file, got {os.fspath(path)!r}, where there is none")
    with open(path, "rb") as file:
        packed = file.read(2) == GZIP
    return gzip.open(path) if packed else open(path, "rb")


def _shape(path, header: bytes, ndim: int) -> tuple[int, ...]:
    if header[:3] != UNSIGNED_BYTES:
        raise ValueError(f"{path}: expected an IDX file of unsigned bytes (00 00 08), got {header[:3].hex(' ')!r}")
    if len(header) < 4 + 4 * ndim:
        raise ValueError(f"{path}: expected an IDX header of {4 + 4 * ndim} bytes, got {len(header)} bytes in all")
    if header[3] != ndim:
        raise ValueError(f"{path}: expected {ndim} dimensions, got {header[3]}")
    return tuple(np.frombuffer(header, ">u4", count=ndim, offset=4).tolist())


def _check_size(path, size: int, shape: tuple[int, ...]) -> None:
    """A ValueError for a size that a file so small cannot hold; nothing of it has been read yet."""
    there = os.path.getsize(path)
    if size > max(LARGEST_RATIO * there, SMALL):
        raise ValueError(f"{path}: expected {size} bytes for shape {shape}, got a file of {there}")
