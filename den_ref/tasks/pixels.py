"""From images to samples: bytes to [0, 1], then centred and scaled by the training set."""

import numpy as np


def unit_interval(images: np.ndarray) -> np.ndarray:
    """uint8 images (n, height, width) as float32 in [0, 1]: divided by 255."""
    return np.divide(images, 255, dtype=np.float32)


def flat_rows(images: np.ndarray, dtype) -> np.ndarray:
    """Images (n, height, width) as samples (n, height * width), position by position."""
    return images.reshape(len(images), -1).astype(dtype, copy=False)


def standardised(images: dict[str, np.ndarray], dtype) -> dict[str, np.ndarray]:
    """Samples by split, centred by the training mean and divided by one global deviation.

        x = (image - mean) / deviation

    with mean (n_inputs,) the mean training image and deviation the root of the mean of (image - mean)^2 over all
    training images and pixels, both accumulated in float64.

    Parameters
    ----------
    images : dict of (n, height, width) float32 arrays
        By split.  **Overwritten** when ``dtype`` is float32: that saves a second copy of everything.
    dtype : numpy dtype

    Returns
    -------
    dict of (n, height * width) C-contiguous arrays.
    """
    x = {split: flat_rows(part, dtype) for split, part in images.items()}
    mean = x["train"].mean(axis=0, dtype=np.float64).astype(dtype)
    for part in x.values():
        part -= mean
    deviation = np.sqrt(np.square(x["train"]).mean(dtype=np.float64)).astype(dtype)
    for part in x.values():
        part /= deviation
    return x


def checked_dtype(dtype) -> np.dtype:
    """float32 or float64, or a ValueError."""
    try:
        checked = None if dtype is None else np.dtype(dtype)       # np.dtype(None) would be float64
    except TypeError:
        checked = None
    if checked not in (np.float32, np.float64):
        raise ValueError(f"dtype: expected 'float32' or 'float64', got {dtype!r}")
    return checked
