"""Patches: where a picture has texture, held against a walk through it; each is as likely as any other."""

import numpy as np
import pytest

from den_ref.tasks.patches import Patches, deviations, square_sums

RNG = np.random.default_rng(0)
#: Of different sizes, each with a flat part.
PICTURES = [RNG.random((9, 7), dtype=np.float32), RNG.random((6, 12), dtype=np.float32)]
PICTURES[0][:5, :5] = 0.5
PICTURES[1][:, 6:] = 0.25


def walk(side, least):
    """All patches with this deviation, square by square."""
    squares = [picture[i:i + side, j:j + side] for picture in PICTURES
               for i in range(picture.shape[0] - side + 1) for j in range(picture.shape[1] - side + 1)]
    return [square for square in squares if square.std() >= least]


@pytest.mark.parametrize("least", [0.0, 0.1, 0.25])
def test_patches_are_those_of_a_walk(least):
    patches, expected = Patches.of(PICTURES, least, side=4), walk(4, least)
    assert 0 < len(expected) <= 24 + 27 and len(patches.corners) == len(expected)
    np.testing.assert_array_equal(patches[np.arange(len(expected))], expected)


def test_flat_ones_are_left_out():
    assert len(walk(4, 1e-3)) < len(walk(4, 0))
    with pytest.raises(ValueError, match="deviation: expected at most that of some patch of the pictures, got 0.5"):
        Patches.of(PICTURES, 0.5, side=4)


def test_deviations_and_sums_against_slices():
    picture = PICTURES[0]
    expected = [[picture[i:i + 4, j:j + 4].astype(float).std() for j in range(4)] for i in range(6)]
    np.testing.assert_allclose(deviations(picture, 4), expected, atol=1e-7)
    assert deviations(np.full((5, 5), 0.1, np.float32), 4).max() < 1e-7
    np.testing.assert_allclose(square_sums(picture, 7), picture[:7].sum() + [[0], *np.diff(
        [[picture[i:i + 7].sum()] for i in range(3)], axis=0).cumsum(axis=0)], rtol=1e-5)


def test_every_patch_is_as_likely():
    patches = Patches.of(PICTURES, 0.1, side=4)
    drawn = patches.drawn(60_000, np.random.default_rng(1))
    shares = np.bincount(drawn, minlength=len(patches.corners)) * len(patches.corners) / 60_000
    assert abs(shares - 1).max() < 0.15                            # five standard deviations
