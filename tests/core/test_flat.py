"""The flat vector: layout, views, copies, empty arrays."""

import numpy as np
import pytest
from den_ref.core.flat import Flat

SHAPES = {"w": (2, 3), "empty": (0, 4), "b": (3,), "number": ()}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_views_tile_the_vector_in_order(dtype):
    flat = Flat(SHAPES, dtype)
    flat.vector[...] = np.arange(10)
    np.testing.assert_array_equal(flat["w"], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(flat["b"], [6, 7, 8])
    assert flat["number"] == 9 and flat["empty"].shape == (0, 4)
    assert flat.vector.dtype == dtype and flat["w"].dtype == dtype


def test_views_share_memory_both_ways():
    flat = Flat(SHAPES, np.float64)
    for name in ("w", "b", "number"):
        assert np.shares_memory(flat[name], flat.vector)
    flat["b"][1] = 5
    assert flat.vector[7] == 5
    np.testing.assert_array_equal(flat.vector[flat.slices["b"]], [0, 5, 0])


def test_of_copies_the_arrays():
    w = np.arange(6, dtype=np.float64).reshape(2, 3).T                        # not contiguous
    flat = Flat.of({"w": w, "b": np.ones(2)}, np.float32)
    np.testing.assert_array_equal(flat["w"], w)
    np.testing.assert_array_equal(flat["b"], 1)
    w[...] = -1
    assert flat["w"].min() == 0 and flat.vector.dtype == np.float32


def test_like_and_copy_are_independent():
    flat = Flat(SHAPES, np.float32)
    flat.vector[...] = 1
    zeros, copy, given = flat.like(), flat.copy(), flat.like(np.arange(10))
    flat.vector[...] = 2
    assert not zeros.vector.any() and (copy.vector == 1).all() and given["number"] == 9
    assert (flat.like(3.0).vector == 3).all()
    assert copy.shapes == flat.shapes and copy.vector.dtype == np.float32


def test_wrong_sizes_and_names_are_refused():
    flat = Flat(SHAPES, np.float64)
    with pytest.raises(ValueError):
        flat.like(np.zeros(11))
    with pytest.raises(KeyError):
        flat["missing"]


def test_neighbours_are_one_vector():
    flat = Flat(SHAPES, np.float64)
    flat.vector[...] = np.arange(10)
    np.testing.assert_array_equal(flat.joined(["w", "empty", "b"]), np.arange(9))
    flat.joined(("b", "number"))[...] = -1
    np.testing.assert_array_equal(flat.vector, [0, 1, 2, 3, 4, 5, -1, -1, -1, -1])
    np.testing.assert_array_equal(flat.joined(["b"]), flat["b"])
    for names in (["w", "number"], ["b", "w"], ["w", "w"]):
        with pytest.raises(ValueError, match="names: expected neighbours in the order of .*got"):
            flat.joined(names)


def test_no_arrays_at_all():
    assert Flat({}, np.float64).vector.shape == (0,)
