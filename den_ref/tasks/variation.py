"""MNIST-Variation: rotated digits on a noisy background, ten one-versus-rest tasks.  Paper, section 4."""

import numpy as np

from den_ref.protocol import Task
from .digits import IMAGE, load_digits
from .pixels import checked_dtype, standardised
from .rotation import rotate
from .seeds import checked_seed, generator
from .stream import SPLITS, Stream


def mnist_variation(
    seed: int = 0, *, rotation: float = 360.0, amplitude: float = 1.0, mnist=None, per_class=None, dtype="float32"
) -> Stream:
    """Ten tasks, one per digit, turned and in noise: is it this digit, or any other?

    Every digit is turned by an angle uniform in [-rotation / 2, rotation / 2) degrees about the image's centre
    (bilinear), then has a background of noise,

        image = max(turned digit, amplitude * u),    u uniform in [0, 1), per pixel,

    and all images are centred by the training mean and divided by one global deviation.  All tasks have the very same
    samples (the same arrays) and differ in their labels only.

    Parameters
    ----------
    seed : int
        Of the angles and the noise.  The digits stay.  The same seed gives the same bytes; the size of one split
        changes no other (the training split's mean and deviation aside).
    rotation : float
        Range of the angles in degrees, 0 to 360: 360 is any direction, 0 upright.
    amplitude : float
        Of the noise, 0 to 1: 0 is none.
    mnist : path, optional
        A folder with the MNIST files, instead of the embedded digits.
    per_class : three ints, optional
        Images per class for training, validation and test.
    dtype : {"float32", "float64"}
        Of the samples and labels.  The images are the same in both; only centring and scaling gain digits.

    Returns
    -------
    Stream
        Task ids are the digits 0..9; x (n, 784); y (n, 1) of 0 and 1.

    Raises
    ------
    ValueError
        For an argument out of its range, or a damaged file.
    """
    seed, dtype = checked_seed(seed), checked_dtype(dtype)
    rotation, amplitude = in_range("rotation", rotation, 360), in_range("amplitude", amplitude, 1)
    digits = load_digits(mnist, per_class)
    images = {}
    for i, split in enumerate(SPLITS):
        angles_rng, noise_rng = generator(seed, "angles", i), generator(seed, "noise", i)
        images[split] = varied(digits.images[split], rotation, amplitude, angles_rng, noise_rng)
    details = {"seed": seed, "rotation": rotation, "amplitude": amplitude, "dtype": dtype.name, "digits": digits.facts}
    return one_versus_rest("mnist-variation", standardised(images, dtype), digits.labels, range(10), details)


def varied(images, rotation, amplitude, angles_rng, noise_rng) -> np.ndarray:
    """uint8 images turned and set before noise, float32 in [0, 1]; two generators, so that either can be left out."""
    return add_noise(turned(images, rotation, angles_rng), amplitude, noise_rng)


def turned(images, rotation, rng) -> np.ndarray:
    """uint8 images, each turned by an angle of its own in [-rotation / 2, rotation / 2), float32 in [0, 1]."""
    turned = rotate(images, rotation * (rng.random(len(images)) - 0.5))
    turned /= 255                                                  # in place: one copy of the images at a time
    return turned


def add_noise(images, amplitude, rng, chunk: int = 1024) -> np.ndarray:
    """max(image, amplitude * u) with u uniform in [0, 1) per pixel, in place and in chunks that need little memory."""
    for start in range(0, len(images), chunk):
        part = images[start:start + chunk]
        noise = rng.random(part.shape, dtype=np.float32)
        noise *= np.float32(amplitude)
        np.maximum(part, noise, out=part)
    return images


def one_versus_rest(name, x, labels, classes, details) -> Stream:
    """One task per class over one pool of digits: y is 1 for the class, 0 for all others, (n, 1) of x's dtype.

    ``x`` and ``labels`` are dicts by split; ``x`` is not copied.
    """
    def make(label) -> Task:
        y = {s: (labels[s] == label).astype(x[s].dtype)[:, None] for s in SPLITS}
        return Task(label, x["train"], y["train"], x["valid"], y["valid"], x["test"], y["test"], image=IMAGE)

    return Stream(name, tuple(classes), make, x["train"].shape[1], details)


def in_range(name, value, high) -> float:
    """The value as a float if it is in [0, high], or a ValueError."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = -1.0
    if not 0 <= number <= high:
        raise ValueError(f"{name}: expected a number from 0 to {high}, got {value!r}")
    return number
