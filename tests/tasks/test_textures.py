"""Textures: every grey value once, the spectrum that was asked for, one generator each."""

import numpy as np
import pytest

from den_ref.tasks.textures import made_textures, texture


def slope(picture):
    """How fast the power falls with the frequency on a double logarithmic scale, where there are many frequencies."""
    power = np.abs(np.fft.fft2(picture - picture.mean())) ** 2
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(len(picture)), np.fft.fftfreq(len(picture))))
    band = (f > 0.02) & (f < 0.3)
    return -np.polyfit(np.log(f[band]), np.log(power[band]), 1)[0]


@pytest.mark.parametrize("beta", [0.0, 1.0, 2.0, 2.4])
def test_power_falls_as_asked(beta):
    """Ranking bends the spectrum a little: a smooth picture keeps its slope to a twentieth or two."""
    assert slope(texture(256, beta, np.random.default_rng(0))) == pytest.approx(beta, abs=0.12)


@pytest.mark.parametrize("beta", [0.0, 2.2, 4.0])
def test_every_grey_value_occurs_once(beta):
    made = texture(32, beta, np.random.default_rng(1))
    assert made.shape == (32, 32) and made.dtype == np.float32
    np.testing.assert_allclose(np.sort(made, axis=None), np.arange(1024) / 1023, atol=1e-7)


def test_white_noise_is_the_ranks_of_the_numbers_drawn():
    drawn = np.random.default_rng(2).standard_normal((16, 16))
    np.testing.assert_allclose(texture(16, 0.0, np.random.default_rng(2)) * 255, drawn.ravel().argsort().argsort()
                               .reshape(16, 16), atol=1e-4)


def test_a_texture_does_not_depend_on_their_number():
    few, many = made_textures(3, 2, 16, 2.0), made_textures(3, 4, 16, 2.0)
    assert all((a == b).all() for a, b in zip(few, many)) and len(many) == 4
    assert len({picture.tobytes() for picture in many + made_textures(4, 4, 16, 2.0)}) == 8
