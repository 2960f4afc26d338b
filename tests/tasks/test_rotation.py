"""Rotation against a loop over pixels, and against turns that need no interpolation."""

import math

import numpy as np
import pytest

from den_ref.tasks.rotation import rotate


def rotate_by_loops(image, degrees):
    """One image, one pixel at a time, float64: what the docstring says."""
    height, width = image.shape
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turned = np.zeros(image.shape)
    for r in range(height):
        for c in range(width):
            u, v = r - (height - 1) / 2, c - (width - 1) / 2
            row, column = cos * u + sin * v + (height - 1) / 2, cos * v - sin * u + (width - 1) / 2
            for i in (math.floor(row), math.floor(row) + 1):
                for j in (math.floor(column), math.floor(column) + 1):
                    if 0 <= i < height and 0 <= j < width:
                        turned[r, c] += (1 - abs(row - i)) * (1 - abs(column - j)) * image[i, j]
    return turned


def images(*shape, seed=0):
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


@pytest.mark.parametrize("height, width", [(28, 28), (7, 7), (5, 9), (8, 3), (1, 4), (1, 1)])
def test_against_a_loop_over_pixels(height, width):
    x = images(6, height, width)
    degrees = np.array([0.0, 17.3, 90.0, -133.7, 250.0, 45.0])
    expected = np.stack([rotate_by_loops(image, angle) for image, angle in zip(x, degrees)])
    turned = rotate(x, degrees)
    assert turned.dtype == np.float32
    np.testing.assert_allclose(turned, expected, atol=1e-5)


def test_the_loop_tells_a_wrong_direction():
    x = images(1, 9, 9)
    assert np.abs(rotate(x, [-30.0])[0] - rotate_by_loops(x[0], 30.0)).max() > 0.1


@pytest.mark.parametrize("size", [28, 27, 2])
@pytest.mark.parametrize("quarters", [-4, -1, 0, 1, 2, 3, 4])
def test_quarter_turns_of_a_square_are_exact(size, quarters):
    x = images(3, size, size)
    expected = np.rot90(x, quarters, axes=(1, 2))
    np.testing.assert_array_equal(rotate(x, np.full(3, 90.0 * quarters)), expected)


def test_half_a_turn_of_a_rectangle_is_exact():
    x = images(2, 5, 8)
    np.testing.assert_array_equal(rotate(x, [180.0, 0.0]), np.stack([x[0, ::-1, ::-1], x[1]]))


def test_every_image_has_its_own_angle_whatever_the_chunk():
    x, degrees = images(11, 6, 6), np.linspace(0, 300, 11)
    one_by_one = np.concatenate([rotate(x[i:i + 1], degrees[i:i + 1]) for i in range(11)])
    for chunk in (1, 4, 11, 100):
        np.testing.assert_array_equal(rotate(x, degrees, chunk=chunk), one_by_one)


def test_values_stay_between_zero_and_the_largest_and_inputs_stay():
    x = images(20, 28, 28)
    before = x.copy()
    turned = rotate(x, np.linspace(0, 360, 20))
    assert turned.min() >= 0 and turned.max() <= x.max() * (1 + 1e-6)
    np.testing.assert_array_equal(x, before)


def test_no_images():
    assert rotate(np.empty((0, 28, 28), np.float32), np.empty(0)).shape == (0, 28, 28)
