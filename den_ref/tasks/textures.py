"""Textures with the power spectrum of natural images, made of nothing but random numbers."""

import numpy as np

from .seeds import generator


def made_textures(seed: int, n: int, size: int, beta: float) -> list[np.ndarray]:
    """n textures (size, size); texture i is the same whatever their number."""
    return [texture(size, beta, generator(seed, "textures", i)) for i in range(n)]


def texture(size: int, beta: float, rng: np.random.Generator) -> np.ndarray:
    """A square of noise whose power falls with the frequency f as 1 / f^beta, its grey values equally frequent.

    With F the two-dimensional Fourier transform and white noise w, standard normal per pixel,

        s = F^-1( f^(-beta / 2) F(w) ),    f = sqrt(f_row^2 + f_column^2),
        t = (number of pixels with a smaller s) / (size^2 - 1).

    The zeroth frequency, which is the mean, is left out: ranks do not see it.  Opposite edges meet, as F has them.

    Parameters
    ----------
    size : int
        Pixels of an edge.
    beta : float
        0 is white noise; photographs of nature have about 2 (Field 1987: amplitude as 1 / f, power as 1 / f^2); the
        larger, the smoother.
    rng : Generator

    Returns
    -------
    (size, size) float32 array: every one of the values 0, 1 / (size^2 - 1), ..., 1 once.

    >>> [round(value, 3) for value in sorted(texture(2, 2.0, np.random.default_rng(0)).ravel().tolist())]
    [0.0, 0.333, 0.667, 1.0]
    """
    white = rng.standard_normal((size, size))
    f = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size))
    f[0, 0] = np.inf
    s = np.fft.irfft2(f ** (-beta / 2) * np.fft.rfft2(white), s=white.shape)
    t = np.empty(s.size, np.float32)
    t[np.argsort(s, axis=None, kind="stable")] = np.linspace(0, 1, s.size)
    return t.reshape(s.shape)
