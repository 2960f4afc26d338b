"""Reading .amat, the files of the variations of MNIST of 2007.

A file is plain text, one image a line: its 784 pixels from 0 to 1, then its digit, with white space between.  Of one
variation there are two, 12,000 images to learn from and 50,000 for test.  Of the former the first 10,000 are for
training and the last 2,000 for validation, as those who made them do.  Digits need not be equally frequent.

Where a file has its pixels column by column, digits look mirrored about a diagonal.  Look at some once::

    digits = read_amat(folder)
    plt.imshow(digits.images["train"][0], cmap="gray")
    plt.title(digits.labels["train"][0])

A method whose first layer is dense does not mind, pictures of its filters do.  Source: Larochelle et al. 2007 (see
``back``); http://www.iro.umontreal.ca/~lisa/twiki/bin/view.cgi/Public/MnistVariations.
"""

import os
from itertools import islice
from pathlib import Path

import numpy as np

from .digits import Digits
from .folders import files_in
from .patches import SIDE
from .stream import SPLITS

N_TRAIN, N_VALID, N_TEST = 10_000, 2_000, 50_000
NUMBERS = SIDE * SIDE + 1
#: Lines parsed at a time; bytes of the longest number, with the white space after it.
CHUNK, LONGEST = 1000, 32


def read_amat(folder, transposed: bool = False) -> Digits:
    """The two files of one variation as digits in three splits, float32 in [0, 1].

    Parameters
    ----------
    folder : str or path
        Holds one file whose name ends in ``train_valid.amat`` or ``train.amat``, and one that ends in ``test.amat``: of
        rotation and image background ``mnist_all_background_images_rotation_normalized_train_valid.amat`` and
        ``..._test.amat``.
    transposed : bool
        Whether pixels are written column by column.

    Raises
    ------
    OSError
        If a file is missing or cannot be read.
    ValueError
        If a file has another number of lines, or a line is no image; file and line are named.
    """
    learnt, tested = find_amat(folder, "train_valid.amat", "train.amat"), find_amat(folder, "test.amat")
    images, labels = zip(*(read_file(path, n) for path, n in ((learnt, N_TRAIN + N_VALID), (tested, N_TEST))))
    if transposed:
        images = [part.swapaxes(1, 2) for part in images]
    images, labels = (dict(zip(SPLITS, (learnt[:N_TRAIN], learnt[N_TRAIN:], tested)))
                      for learnt, tested in (images, labels))
    for split in SPLITS:
        for digit in np.flatnonzero(np.bincount(labels[split], minlength=10) == 0):
            raise ValueError(f"amat: expected every digit in each split, got no {digit} for {split}")
    return Digits({split: np.ascontiguousarray(part) for split, part in images.items()}, labels)


def find_amat(folder, *endings: str) -> Path:
    """The one file of a folder with one of these endings; a FileNotFoundError or ValueError if there is not one."""
    found = [path for path in files_in(folder, "amat") if path.name.endswith(endings)]
    wanted = " or ...".join(endings)
    if not found:
        raise FileNotFoundError(f"amat: expected a folder with a file ...{wanted}, got {os.fspath(folder)!r}, "
                                "which has none")
    if len(found) > 1:
        raise ValueError(f"amat: expected one file ...{wanted} in {os.fspath(folder)!r}, "
                         f"got {', '.join(path.name for path in found)}")
    return found[0]


def read_file(path: Path, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The n images (n, 28, 28) float32 and digits (n,) uint8 of a file of n lines."""
    size = os.path.getsize(path)
    if not 2 * NUMBERS * n - 1 <= size <= LONGEST * NUMBERS * n:
        raise ValueError(f"{path}: expected {n} lines of {NUMBERS} numbers, got {size} bytes, too few or too many")
    rows, read = np.empty((n, NUMBERS), np.float32), 0
    with open(path, "rb") as file:
        while lines := list(islice(file, CHUNK)):
            if read + len(lines) > n:
                raise ValueError(f"{path}: expected {n} lines, got more")
            rows[read:read + len(lines)] = parsed(path, lines, read + 1)
            read += len(lines)
    if read < n:
        raise ValueError(f"{path}: expected {n} lines, got {read}")
    return rows[:, :-1].reshape(n, SIDE, SIDE), rows[:, -1].astype(np.uint8)


def parsed(path: Path, lines: list[bytes], first: int) -> np.ndarray:
    """The numbers of some lines, (n, 785) float32, all in their range; ``first`` is the number of the first line."""
    try:
        rows = np.array([line.split() for line in lines], np.float32)
    except ValueError:
        rows = np.empty(0)
    if rows.shape != (len(lines), NUMBERS):
        raise next(filter(None, (fault(line, f"{path}, line {i}") for i, line in enumerate(lines, first))))
    pixels, digits = rows[:, :-1], rows[:, -1]
    fine = (pixels >= 0).all(axis=1) & (pixels <= 1).all(axis=1) & np.isin(digits, range(10))
    if not fine.all():
        row = int(fine.argmin())
        raise ValueError(f"{path}, line {first + row}: expected pixels from 0 to 1 and a digit from 0 to 9, "
                         f"got {pixels[row].min():g} to {pixels[row].max():g} and {digits[row]:g}")
    return rows


def fault(line: bytes, where: str) -> ValueError | None:
    """What is wrong with a line that is not 785 numbers in plain text; None if it is."""
    words = line.split()
    if not line.isascii():
        return ValueError(f"{where}: expected plain text (ASCII), got other bytes")
    if len(words) != NUMBERS:
        return ValueError(f"{where}: expected {NUMBERS} numbers, got {len(words)}")
    try:
        np.array(words, np.float32)
    except ValueError as error:
        return ValueError(f"{where}: expected numbers, got another word ({error})")
    return None
