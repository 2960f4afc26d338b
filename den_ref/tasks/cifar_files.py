"""Reading train.bin and test.bin, the files of CIFAR-100's binary version.

A file is records of 3,074 bytes and nothing else: the coarse class of an image (0..19), its fine class (0..99), then
its 32 x 32 pixels row by row, first in red, then in green, then in blue.  There are 50,000 records to learn from, 500
of each fine class, and 10,000 for test, 100 of each.

The Python version of the same images, ``train`` and ``test``, is pickled.  To open a pickled file is to run what stands
in it, so that no such file is ever opened here.  Source: Krizhevsky 2009, "Learning multiple layers of features from
tiny images"; https://www.cs.toronto.edu/~kriz/cifar.html, "CIFAR-100 binary version".
"""

import os
from pathlib import Path

import numpy as np

from den_ref.doors import Place

SIDE, CHANNELS = 32, 3
COARSE, FINE = 20, 100
RECORD = 2 + CHANNELS * SIDE * SIDE
#: File -> records that it has at most: as many as the original.
FILES = {"train.bin": 50_000, "test.bin": 10_000}
#: What a pickled file begins with, protocol 2 or later; no coarse class is as large.
PICKLED = 0x80
BINARY = "the binary version, cifar-100-binary.tar.gz, has them"


def read_cifar100(folder, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Images and fine classes of ``train.bin`` or ``test.bin`` in a folder, in the order of the file.

    Returns
    -------
    (n, 32, 32, 3) and (n,) uint8 arrays

    Raises
    ------
    OSError
        If there is no such folder or file, or it cannot be read.
    ValueError
        Naming the file, if it is pickled, no whole number of records, or has classes that there are not.
    """
    path = _found(folder, name)
    _check_size(path, path.stat().st_size, FILES[name])
    records = np.fromfile(path, np.uint8).reshape(-1, RECORD)
    coarse, fine = records[:, 0], records[:, 1]
    wrong = (coarse >= COARSE) | (fine >= FINE)
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(f"{path}: expected coarse classes 0..{COARSE - 1} and fine ones 0..{FINE - 1}, got "
                         f"{coarse[row]} and {fine[row]} in record {row} of {len(records)}")
    planes = records[:, 2:].reshape(-1, CHANNELS, SIDE, SIDE)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), fine.copy()


def _found(folder, name: str) -> Path:
    """The file in the folder, not a pickled one; a FileNotFoundError says what the folder is instead."""
    wanted = "a folder with train.bin and test.bin of CIFAR-100"
    path = Path(Place(wanted)("cifar100", folder), name)
    if not path.is_file():
        what = f"which has no {name}" if path.parent.is_dir() else "which is no folder"
        if path.with_suffix("").is_file():
            what = f"which has {path.stem}, the pickled file of the Python version: it is never opened"
        raise FileNotFoundError(f"cifar100: expected {wanted}, got {os.fspath(folder)!r}, {what}; {BINARY}")
    with open(path, "rb") as file:
        if file.read(1) == bytes([PICKLED]):
            raise ValueError(f"{path}: expected records of {RECORD} bytes, got a pickled file, which is not read "
                             f"further; {BINARY}")
    return path


def _check_size(path: Path, size: int, most: int) -> None:
    n, more = divmod(size, RECORD)
    if more or not 1 <= n <= most:
        cut = f": {n} records and {more} bytes" if more else f": {n} records"
        raise ValueError(f"{path}: expected 1 to {most} records of {RECORD} bytes, got {size} bytes{cut}")
