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

import numpy as np

UNSIGNED_BYTES = b"\x00\x00\x08"
GZIP = b"\x1f\x8b"


def read_idx(path, ndim: int) -> np.ndarray:
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
    content = _unpacked(path)
    if content[:3] != UNSIGNED_BYTES:
        raise ValueError(f"{path}: expected an IDX file of unsigned bytes (00 00 08), got {content[:3].hex(' ')!r}")
    shape = _shape(path, content, ndim)
    entries = content[4 + 4 * ndim:]
    if len(entries) != math.prod(shape):
        raise ValueError(f"{path}: expected {math.prod(shape)} bytes for shape {shape}, got {len(entries)}")
    return np.frombuffer(entries, np.uint8).reshape(shape)


def find_idx(folder, name: str) -> Path:
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
    raise FileNotFoundError(f"expected {name} or {name}.gz in the folder {os.fspath(folder)!r}")


def _unpacked(path) -> memoryview:
    content = Path(path).read_bytes()
    if content[:2] != GZIP:
        return memoryview(content)
    try:
        return memoryview(gzip.decompress(content))
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path}: expected a whole gzip file, got a damaged one ({error})") from error


def _shape(path, content, ndim: int) -> tuple[int, ...]:
    if len(content) < 4 + 4 * ndim:
        raise ValueError(f"{path}: expected an IDX header of {4 + 4 * ndim} bytes, got {len(content)} bytes in all")
    if content[3] != ndim:
        raise ValueError(f"{path}: expected {ndim} dimensions, got {content[3]}")
    return tuple(np.frombuffer(content, ">u4", count=ndim, offset=4).tolist())
