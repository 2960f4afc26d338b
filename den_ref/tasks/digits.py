"""Handwritten digits in three splits: those that ship with the package, or those of a folder of IDX files.

How images are chosen, per class and always in the order of the files, which are those of MNIST:

- training: the first ones of the training file;
- validation: the next ones of the training file;
- test: the first ones of the t10k file; where it has too few of a class, the next ones of the training file.

``per_class="all"`` is every image of a folder: the training file's first 5,000 for validation and its other 55,000 for
training, as TensorFlow's reader (and so DEN's released code) splits it, and the t10k file for test.

The embedded digits, ``digits.npz``, are 1,000 / 200 / 1,000 images per class chosen this way, made by
``python -m docs.make.digits``.  The t10k file has fewer than 1,000 of the digits 0 (980), 4 (982), 5 (892),
6 (958) and 8 (974): these 214 test images are from the training file.  No image is in two splits.

Origin: the MNIST database of Yann LeCun, Corinna Cortes and Christopher J. C. Burges, a selection of NIST's Special
Databases 1 and 3; licence CC BY-SA 3.0, for the selection too (see ``DIGITS_LICENSE.md``).
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from den_ref.doors import Place
from .idx import find_idx, read_idx
from .stream import SPLITS

EMBEDDED_PER_CLASS = (1000, 200, 1000)
PAPER_PER_CLASS = (1000, 200, 5000)
#: Height, width and channels of a digit.
IMAGE = (28, 28, 1)
#: validation images of ``per_class="all"``
N_VALID = 5000

#: checksum of the embedded digits (:attr:`Digits.sha256`)
EMBEDDED_SHA256 = "5949f08aa1b613d1cfcca489fab6578d2a8833a9585abbb3909e7153ea3b2bc0"


@dataclass(frozen=True, eq=False)
class Digits:
    """Images and their classes, in three splits.

    Parameters
    ----------
    images : dict of (n, height, width) uint8 arrays
        By split: "train", "valid", "test"; 0 is background, 255 is ink.
    labels : dict of (n,) uint8 arrays
        By split; classes 0..9.
    """

    images: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]

    @property
    def sha256(self) -> str:
        """SHA-256, in hex, of the bytes of all images, then all labels, each in the order of the splits."""
        digest = hashlib.sha256()
        for arrays in (self.images, self.labels):
            for split in SPLITS:
                digest.update(np.ascontiguousarray(arrays[split]))
        return digest.hexdigest()

    @property
    def facts(self) -> dict:
        """What a result file says about them (JSON types)."""
        return {"sizes": {split: len(self.labels[split]) for split in SPLITS}, "sha256": self.sha256}

    def first(self, per_class) -> Digits:
        """The first images of each class: ``per_class`` is their number per split."""
        rows = {split: first_of_each(self.labels[split], size) for split, size in zip(SPLITS, per_class, strict=True)}
        return Digits(
            {split: self.images[split][rows[split]] for split in SPLITS},
            {split: self.labels[split][rows[split]] for split in SPLITS},
        )


def load_digits(mnist=None, per_class=None) -> Digits:
    """The embedded digits, or with a folder ``mnist`` those of its IDX files.

    ``per_class`` None is 1,000 / 200 / 1,000 of the embedded digits, and 1,000 / 200 / 5,000 (the paper's) of a folder;
    "all" is all there are.  Fewer of the embedded digits are the first ones of each split.

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`load_embedded` and :func:`load_idx_folder`, or if more are asked for than there are.
    """
    if mnist is not None:
        Place("a folder with the MNIST files")("mnist", mnist)
        return load_idx_folder(mnist, PAPER_PER_CLASS if per_class is None else per_class)
    sizes = checked_sizes(EMBEDDED_PER_CLASS if per_class in (None, "all") else per_class)
    if any(size > most for size, most in zip(sizes, EMBEDDED_PER_CLASS)):
        raise ValueError(
            f"per_class: expected at most {EMBEDDED_PER_CLASS} of the embedded digits, got {sizes}; "
            "more needs a folder with the MNIST files (mnist=)"
        )
    digits = load_embedded()
    return digits if sizes == EMBEDDED_PER_CLASS else digits.first(sizes)


def load_embedded() -> Digits:
    """All 22,000 digits that ship with the package.

    Raises
    ------
    ValueError
        If the file is damaged: unreadable, or of another checksum.
    """
    try:
        with files("den_ref.tasks").joinpath("digits.npz").open("rb") as file, np.load(file) as arrays:
            digits = Digits({s: arrays[f"x_{s}"] for s in SPLITS}, {s: arrays[f"y_{s}"] for s in SPLITS})
    except (KeyError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"digits.npz: expected the file of the package, got a damaged one ({error})") from error
    if digits.sha256 != EMBEDDED_SHA256:
        raise ValueError(f"digits.npz: expected sha256 {EMBEDDED_SHA256}, got {digits.sha256}; reinstall the package")
    return digits


def load_idx_folder(folder, per_class=PAPER_PER_CLASS) -> Digits:
    """Digits from the four IDX files of MNIST, gzip or not, chosen as this module's first lines say.

    Parameters
    ----------
    folder : str or path
        Holds ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``, ``t10k-images-idx3-ubyte`` and
        ``t10k-labels-idx1-ubyte``, each with or without ``.gz``.
    per_class : three ints, or "all"
        Images per class for training, validation and test.

    Raises
    ------
    FileNotFoundError, ValueError
        If a file is missing, damaged or foreign, or has too few images (of a class).
    """
    sizes = per_class if per_class == "all" else checked_sizes(per_class)
    train, t10k = _read_pair(folder, "train"), _read_pair(folder, "t10k")
    chosen = choose_all(*(len(labels) for _, labels in (train, t10k))) if sizes == "all" else choose(
        train[1], t10k[1], sizes)
    images, labels = (
        {split: np.concatenate([a[chosen[split][0]], b[chosen[split][1]]]) for split in SPLITS}
        for a, b in zip(train, t10k)
    )
    return Digits(images, labels)


def choose(train_labels, t10k_labels, per_class) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Split -> (rows of the training file, rows of the t10k file), each ascending.

    Raises
    ------
    ValueError
        If a class has fewer images than asked for.
    """
    n_train, n_valid, n_test = per_class
    from_t10k = first_of_each(t10k_labels, n_test, enough=False)
    missing = n_test - np.bincount(t10k_labels[from_t10k], minlength=10)
    none = np.empty(0, int)
    return {
        "train": (first_of_each(train_labels, n_train), none),
        "valid": (first_of_each(train_labels, n_valid, skip=n_train), none),
        "test": (first_of_each(train_labels, missing, skip=n_train + n_valid), from_t10k),
    }


def choose_all(n_train: int, n_t10k: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Split -> (rows of the training file, rows of the t10k file) of all images; see the module's first lines."""
    if n_train <= N_VALID:
        raise ValueError(f"per_class: expected more than {N_VALID} training images for 'all', got {n_train}")
    rows, none = np.arange(n_train), np.empty(0, int)
    return {"train": (rows[N_VALID:], none), "valid": (rows[:N_VALID], none), "test": (none, np.arange(n_t10k))}


def first_of_each(labels, size, skip: int = 0, enough: bool = True, n_classes: int = 10) -> np.ndarray:
    """Rows, ascending, of the first ``size`` samples of each class 0..n_classes-1 after the first ``skip`` of it.

    ``size`` is one number, or one per class.  Too few is a ValueError, unless ``enough`` is False.

    >>> first_of_each(np.arange(10).repeat(3), 1, skip=1)
    array([ 1,  4,  7, 10, 13, 16, 19, 22, 25, 28])
    """
    rows = []
    for label, wanted in enumerate(np.broadcast_to(size, n_classes)):
        rows.append(np.flatnonzero(labels == label)[skip:skip + wanted])
        if enough and len(rows[-1]) < wanted:
            raise ValueError(f"per_class: expected {wanted} more images of class {label}, got {len(rows[-1])}")
    return np.sort(np.concatenate(rows))


def checked_sizes(per_class) -> tuple[int, int, int]:
    """``per_class`` as three positive ints, or a ValueError."""
    try:
        sizes = tuple(int(size) for size in per_class)
    except (TypeError, ValueError):
        sizes = ()
    if len(sizes) != 3 or min(sizes) < 1 or sizes != tuple(per_class):
        raise ValueError(f"per_class: expected three integers >= 1 (train, validation, test) or 'all', "
                         f"got {per_class!r}")
    return sizes


def _read_pair(folder, prefix: str) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of one pair of files, checked against each other."""
    images_path = find_idx(folder, f"{prefix}-images-idx3-ubyte")
    labels_path = find_idx(folder, f"{prefix}-labels-idx1-ubyte")
    images, labels = read_idx(images_path, ndim=3), read_idx(labels_path, ndim=1)
    if images.shape[1:] != (28, 28):
        raise ValueError(f"{images_path}: expected images of 28 x 28 pixels, got shape {images.shape}")
    if len(labels) != len(images):
        raise ValueError(f"{labels_path}: expected {len(images)} labels, one per image, got {len(labels)}")
    if labels.max(initial=0) > 9:
        raise ValueError(f"{labels_path}: expected labels 0..9, got {labels.max()}")
    return images, labels
