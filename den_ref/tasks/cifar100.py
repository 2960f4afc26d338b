"""CIFAR-100 in ten tasks of ten classes each: the paper's second data set.  Paper, section 4."""

from __future__ import annotations

import hashlib
from math import prod
from pathlib import Path

import numpy as np

from den_ref.doors import OneOf
from den_ref.protocol import Task
from .cifar_files import FINE, read_cifar100
from .digits import checked_sizes, first_of_each
from .pixels import checked_dtype
from .seeds import checked_seed
from .stream import SPLITS, Stream

#: Classes of a task, of the hundred.
OWN = 10
#: Images of a class for training, validation and test; the first two of the 500 in the training file.
PER_CLASS = (400, 100, 100)
#: How bright red, green and blue are in a grey image, in thousandths (ITU-R BT.601).
GREY = np.array([299, 587, 114], np.uint32)


def cifar100_stream(seed: int = 0, *, cifar100=None, per_class=None, colour: bool = True, standardise: bool = True,
                    dtype="float32") -> Stream:
    """Tasks 0 to 9: photographs of ten classes each, and of each class: is it this one, or another of the ten?

    Task t has the images of the fine classes 10 t, ..., 10 t + 9 and a head of ten sigmoid outputs, one for each class
    against the nine others: ten binary subtasks, as the paper says.  Its quality is the mean AUROC of the ten.  Which
    classes the paper has put together, and which of the images it validates with, is not said.

    Of every class the first images of the training file are for training, the next for validation, and the first of the
    test file for test.

    Samples are the bytes v of an image, position by position, the colours of one side by side, each less its channel's
    mean and divided by its deviation over the training images of all hundred classes,

        x = (v - mean) / deviation

    The samples of a task are made when the task is (74 MB in float32; the bytes of all images are 184 MB), and stay as
    they are, the same for every method and in every epoch.  So there are no random crops or flips: those would be drawn
    anew with every batch, which a stream does not see.

    Parameters
    ----------
    seed : int
        Changes nothing here: the images are as they are.
    cifar100 : path
        A folder with ``train.bin`` and ``test.bin`` (:mod:`~den_ref.tasks.cifar_files`).
    per_class : three ints, optional
        Images of a class for training, validation and test: 400 / 100 / 100, which are all.
    colour : bool
        False is grey: (299 red + 587 green + 114 blue) / 1000, rounded to a byte.
    standardise : bool
        False is x = v / 255.
    dtype : {"float32", "float64"}

    Returns
    -------
    Stream
        Task ids are 0..9; x (n, 3072), or (n, 1024) in grey; y (n, 10) of 0 and 1; images are 32 x 32 x 3 or x 1.

    Raises
    ------
    OSError, ValueError
        For a missing or damaged file, one that has too few images of a class, or an argument out of its range.
    """
    seed, dtype = checked_seed(seed), checked_dtype(dtype)
    for name, value in (("colour", colour), ("standardise", standardise)):
        OneOf(True, False)(name, value)
    images, labels = chosen(cifar100, PER_CLASS if per_class in (None, "all") else checked_sizes(per_class))
    digest = checksum(images, labels)
    if not colour:
        images = {split: grey(part) for split, part in images.items()}
    mean, deviation = moments(images["train"]) if standardise else (np.zeros(1), np.full(1, 255.0))
    image = images["train"].shape[1:]

    def make(index) -> Task:
        arrays = []
        for split in SPLITS:
            y = labels[split][:, None] == np.arange(OWN * index, OWN * (index + 1))
            own = y.any(axis=1)
            arrays += [rows(images[split][own], mean, deviation, dtype), y[own].astype(dtype)]
        return Task(index, *arrays, n_outputs=OWN, image=image)

    sizes = {split: len(part) for split, part in labels.items()}
    details = {"seed": seed, "colour": colour, "standardise": standardise, "dtype": dtype.name,
               "images": {"sizes": sizes, "sha256": digest}}
    about = {t: f"classes {OWN * t} to {OWN * t + OWN - 1}" for t in range(FINE // OWN)}
    return Stream("cifar100", tuple(about), make, prod(image), details, about)


def chosen(folder, per_class) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Images (n, 32, 32, 3) and classes (n,) by split, uint8, in the order of the files."""
    n_train, n_valid, n_test = per_class
    images, labels = {}, {}
    for name, parts in (("train.bin", {"train": (n_train, 0), "valid": (n_valid, n_train)}),
                        ("test.bin", {"test": (n_test, 0)})):
        pictures, classes = read_cifar100(folder, name)
        check_enough(Path(folder, name), classes, max(size + skip for size, skip in parts.values()))
        for split, (size, skip) in parts.items():
            ours = first_of_each(classes, size, skip, n_classes=FINE)
            images[split], labels[split] = pictures[ours], classes[ours]
    return images, labels


def check_enough(path: Path, classes: np.ndarray, wanted: int) -> None:
    """A ValueError that names the file unless every class has as many images as are wanted of it."""
    counts = np.bincount(classes, minlength=FINE)
    if counts.min() < wanted:
        raise ValueError(f"{path}: expected {wanted} images of every class 0..{FINE - 1}, got {counts.min()} of class "
                         f"{counts.argmin()}; per_class asks for fewer")


def checksum(images, labels) -> str:
    """SHA-256, in hex, of the bytes of all images, then all classes, each in the order of the splits."""
    digest = hashlib.sha256()
    for arrays in (images, labels):
        for split in SPLITS:
            digest.update(arrays[split])
    return digest.hexdigest()


def grey(images: np.ndarray) -> np.ndarray:
    """Bytes (n, h, w, 3) of red, green and blue as bytes (n, h, w, 1) of how bright they are.

    >>> grey(np.array([[[[255, 255, 255], [0, 255, 0]]]], np.uint8)).ravel()
    array([255, 150], dtype=uint8)
    """
    bright = np.einsum("nhwc,c->nhw", images, GREY, dtype=np.uint32)
    return ((bright + 500) // 1000).astype(np.uint8)[..., None]


def moments(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each channel of bytes (n, h, w, c), (c,) float64, from sums of whole numbers."""
    n = images[..., 0].size
    mean = images.sum(axis=(0, 1, 2), dtype=np.int64) / n
    variance = np.einsum("nhwc,nhwc->c", images, images, dtype=np.int64) / n - mean**2
    return mean, np.sqrt(np.where(variance > 0, variance, 1))      # a channel that is always the same becomes 0


def rows(images: np.ndarray, mean: np.ndarray, deviation: np.ndarray, dtype) -> np.ndarray:
    """Bytes (n, h, w, c) as samples (n, h * w * c), each channel centred and scaled."""
    x = images.astype(dtype)
    x -= mean.astype(dtype)
    x /= deviation.astype(dtype)
    return x.reshape(len(x), -1)
