"""Convolution, pooling, flattening: against scipy.signal and finite differences; equal to the affine layer at 1 x 1."""

import math

import numpy as np
import pytest
from den_ref.core.checks import check_gradient
from den_ref.core.convolution import (
    Convolution, convolution_backward, convolution_forward, flatten, max_pool_backward, max_pool_forward, patches,
    unflatten)
from den_ref.core.layers import affine_backward, affine_forward, relu_backward, relu_forward
from scipy.signal import convolve, correlate

#: Layer, samples, channels, filters.
CASES = [(Convolution(5, 6, size=3), 2, 3, 4), (Convolution(6, 5, size=3, stride=2), 3, 2, 1),
         (Convolution(4, 4, size=3, padding=1), 2, 1, 5), (Convolution(7, 6, size=4, stride=3, padding=2), 2, 2, 3),
         (Convolution(4, 5, size=2, stride=3), 1, 2, 2), (Convolution(3, 3, size=3), 4, 2, 3),
         (Convolution(3, 2, size=1), 2, 3, 2), (Convolution(3, 4, size=1, stride=2), 2, 2, 2),
         (Convolution(4, 4, size=2), 0, 2, 2), (Convolution(4, 4, size=2), 2, 0, 2),
         (Convolution(4, 4, size=2), 2, 2, 0)]


def arrays(layer, n, channels, filters, dtype=np.float64):
    rng = np.random.default_rng(n + 10 * channels + 100 * filters + layer.size)
    shapes = [(n, layer.height * layer.width * channels), (layer.fan * channels, filters), (filters,),
              (n, layer.maps[0] * layer.maps[1] * filters)]
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def by_scipy(x, w, b, layer):
    """Every channel under every filter, in full, cut out and thinned: correlation, not convolution (no flip)."""
    pad, (height, width) = layer.padding, layer.maps
    images = np.pad(unflatten(x, layer.height, layer.width), ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    kernels = w.reshape(layer.size, layer.size, images.shape[3], len(b))
    out = np.zeros((len(x), height, width, len(b))) + b
    for n, c, j in np.ndindex(len(x), images.shape[3], len(b)):
        full = correlate(images[n, :, :, c], kernels[:, :, c, j], mode="valid", method="direct")
        out[n, :, :, j] += full[::layer.stride, ::layer.stride]
    return out.reshape(len(x), height * width * len(b))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_convolution_is_scipys_correlation(case):
    x, w, b, _ = arrays(*case)
    np.testing.assert_allclose(convolution_forward(x, w, b, case[0])[0], by_scipy(x, w, b, case[0]), atol=1e-12)


@pytest.mark.parametrize("case", [case for case in CASES if 0 not in case], ids=str)
@pytest.mark.parametrize("argument", [0, 1, 2], ids=["x", "w", "b"])
def test_convolution_gradient_by_finite_differences(case, argument):
    *inputs, weight = arrays(*case)

    def f(changed):
        given = [changed if i == argument else a for i, a in enumerate(inputs)]
        out, cache = convolution_forward(*given, case[0])
        return float((weight * np.sin(out)).sum()), convolution_backward(weight * np.cos(out), cache)[argument]

    report = check_gradient(f, inputs[argument], rtol=1e-7)
    assert report and not report.kinks, report


def test_dx_is_scipys_full_convolution():
    """With stride 1: what is read by correlation comes back by convolution, that is, flipped."""
    layer, n, channels, filters = CASES[0]
    x, w, b, dout = arrays(layer, n, channels, filters)
    dx = unflatten(convolution_backward(dout, convolution_forward(x, w, b, layer)[1])[0], 5, 6)
    kernels, dmaps = w.reshape(3, 3, channels, filters), unflatten(dout, *layer.maps)
    for i, c in np.ndindex(n, channels):
        full = sum(convolve(dmaps[i, :, :, j], kernels[:, :, c, j], method="direct") for j in range(filters))
        np.testing.assert_allclose(dx[i, :, :, c], full, atol=1e-12)


@pytest.mark.parametrize("case", [case for case in CASES if 0 in case[1:]], ids=str)
def test_nothing_gives_nothing(case):
    x, w, b, dout = arrays(*case)
    dx, dw, db = convolution_backward(dout, convolution_forward(x, w, b, case[0])[1])
    assert (dx.shape, dw.shape, db.shape) == (x.shape, w.shape, b.shape) and not np.any(dx) and not np.any(dw)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_pixel_under_one_pixel_is_the_affine_layer_bit_for_bit(dtype):
    layer = Convolution(1, 1, size=1)
    x, w, b, dout = arrays(layer, 7, 5, 3, dtype)
    out, cache = convolution_forward(x, w, b, layer)
    assert np.shares_memory(cache[0], x)                           # no copy
    dense = affine_forward(x, w, b)
    bits = [a.tobytes() for a in (out, *convolution_backward(dout, cache))]
    assert bits == [a.tobytes() for a in (dense[0], *affine_backward(dout, dense[1]))]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_buffers_are_written_and_returned_and_inputs_kept(case, dtype):
    x, w, b, dout = arrays(*case, dtype)
    before = [a.copy() for a in (x, w, b, dout)]
    wanted, cache = convolution_forward(x, w, b, case[0])
    buffers = [np.full(a.shape, np.nan, dtype) for a in (wanted, cache[0])]
    out, cache = convolution_forward(x, w, b, case[0], out=buffers[0], windows=buffers[1])
    assert np.shares_memory(out, buffers[0]) or not out.size
    assert cache[0] is buffers[1]
    np.testing.assert_array_equal(buffers[0], wanted)
    targets = [np.full(a.shape, np.nan, dtype) for a in (x, w, b)]
    grads = convolution_backward(dout, cache, out=tuple(targets))
    assert all(grad is target for grad, target in zip(grads, targets, strict=True))
    for with_buffer, without in zip(grads, convolution_backward(dout, cache), strict=True):
        np.testing.assert_array_equal(with_buffer, without)
        assert without.dtype == dtype
    for i in range(3):
        some = convolution_backward(dout, cache, out=tuple(False if i == left_out else None for left_out in range(3)))
        assert [grad is None for grad in some] == [i == left_out for left_out in range(3)]
    for array, old in zip((x, w, b, dout), before, strict=True):
        np.testing.assert_array_equal(array, old)


def test_a_gradient_from_above_in_double_precision_stays_so():
    layer = Convolution(5, 5, size=2, pool=True)
    x, w, b, _ = (array.astype(np.float32) for array in arrays(layer, 1, 2, 3, np.float64))
    out, cache = convolution_forward(x, w, b, layer)
    h, pooled = max_pool_forward(out, layer)
    assert out.dtype == h.dtype == np.float32
    dout = max_pool_backward(np.full(h.shape, 1 / 3), pooled)
    dx, dw, db = convolution_backward(dout, cache)
    assert dout.dtype == dx.dtype == dw.dtype == db.dtype == np.float64


@pytest.mark.parametrize("size", [1, 2])
def test_filters_in_double_precision_give_a_gradient_in_it(size):
    """As the affine layer's; what comes from above is exact in either."""
    layer = Convolution(5, 5, size)
    x, w, b, dout = arrays(layer, 1, 2, 3)
    dout, cache = np.round(dout), convolution_forward(x, w, b, layer)[1]
    dx = convolution_backward(dout.astype(np.float32), cache)[0]
    assert dx.dtype == np.float64
    np.testing.assert_allclose(dx, convolution_backward(dout, cache)[0], rtol=1e-14, atol=1e-14)


def test_patches_are_written_where_they_are_wanted():
    layer = Convolution(3, 3, size=2, padding=1)
    x = np.arange(18.0).reshape(1, 18)
    buffer = np.full((16, 8), np.nan)
    assert patches(x, layer, out=buffer) is buffer
    np.testing.assert_array_equal(buffer, patches(x, layer))
    np.testing.assert_array_equal(buffer[5], [0, 1, 2, 3, 6, 7, 8, 9])
    np.testing.assert_array_equal(buffer[0], [0, 0, 0, 0, 0, 0, 0, 1])


# --- 2 x 2 max pooling -------------------------------------------------------------------------------------------

POOLED = [Convolution(4, 6, size=1, pool=True), Convolution(5, 4, size=1, pool=True),
          Convolution(4, 5, size=1, pool=True), Convolution(7, 7, size=3, pool=True)]


def pooled_by_hand(x, dout, layer):
    """Block by block: the maximum; and dout where it was met first."""
    maps = unflatten(x, *layer.maps)
    h = np.zeros((len(x), *layer.out_maps, maps.shape[3]))
    dh, dx = dout.reshape(h.shape), np.zeros(maps.shape)
    for n, r, q, c in np.ndindex(h.shape):
        block = maps[n, 2 * r:2 * r + 2, 2 * q:2 * q + 2, c]
        h[n, r, q, c] = block.max()
        i, k = divmod(int(block.argmax()), 2)                      # NumPy's argmax is the first, row by row
        dx[n, 2 * r + i, 2 * q + k, c] = dh[n, r, q, c]
    return flatten(h), flatten(dx)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("layer", POOLED, ids=str)
def test_pooling_by_hand(layer, ties):
    """Every pattern of ties is met; odd last rows and columns are dropped and have gradient 0."""
    rng = np.random.default_rng(1)
    shape = (40, layer.maps[0] * layer.maps[1] * 3)
    x = rng.integers(-1, 2, size=shape).astype(float) if ties else rng.normal(size=shape)
    dout = rng.normal(size=(40, math.prod(layer.out_maps) * 3))
    h, dx = pooled_by_hand(x, dout, layer)
    out, cache = max_pool_forward(x, layer)
    np.testing.assert_array_equal(out, h)
    np.testing.assert_array_equal(max_pool_backward(dout, cache), dx)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pooling_buffers_one_of_which_may_be_x(dtype):
    layer, rng = POOLED[1], np.random.default_rng(2)
    x, dout = rng.normal(size=(3, 40)).astype(dtype), rng.normal(size=(3, 8)).astype(dtype)
    wanted, cache = max_pool_forward(x, layer)
    gradient = max_pool_backward(dout, cache)
    assert wanted.dtype == gradient.dtype == dtype
    out = np.full((3, 8), np.nan, dtype)
    h, cache = max_pool_forward(x, layer, out=out)
    assert h is out
    np.testing.assert_array_equal(h, wanted)
    assert max_pool_backward(dout, cache, out=x) is x
    np.testing.assert_array_equal(x, gradient)


@pytest.mark.parametrize("ties", [False, True])
def test_pooling_and_relu_commute(ties):
    """Also backwards, and with a ReLU that overwrites what the pool keeps."""
    layer, rng = POOLED[0], np.random.default_rng(3)
    x = rng.integers(-2, 2, size=(30, 48)).astype(float) if ties else rng.normal(size=(30, 48))
    dout = rng.normal(size=(30, 12))
    h, gate = relu_forward(x)
    after, cache = max_pool_forward(h, layer)
    wanted = relu_backward(max_pool_backward(dout, cache), gate)
    pooled, cache = max_pool_forward(x, layer)
    before, gate = relu_forward(pooled, out=pooled)
    np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(max_pool_backward(relu_backward(dout, gate), cache), wanted)


def test_flattening_and_back():
    maps = np.arange(24.0).reshape(2, 2, 3, 2)
    rows = flatten(maps)
    np.testing.assert_array_equal(rows[0], np.arange(12))
    np.testing.assert_array_equal(unflatten(rows, 2, 3), maps)
    assert np.shares_memory(rows, maps) and flatten(np.zeros((0, 2, 2, 1))).shape == (0, 4)


# --- the layer by position ---------------------------------------------------------------------------------------


def test_sizes_of_a_layer():
    layer = Convolution(28, 28, size=5, stride=2, padding=2, pool=True)
    assert (layer.fan, layer.maps, layer.out_maps) == (25, (14, 14), (7, 7))
    assert Convolution(7, 9, size=3).maps == (5, 7) and Convolution(7, 9, size=3, pool=True).out_maps == (2, 3)
    same = Convolution(np.int64(28), 28, 5, 2, 2, True)
    assert layer == same and hash(layer) == hash(same) and type(same.height) is int


@pytest.mark.parametrize(("given", "words"), [
    (dict(height=0), "height: expected an integer >= 1, got 0"), (dict(width=2.5), "width: .* got 2.5"),
    (dict(stride=0), "stride: expected an integer >= 1, got 0"), (dict(pool=1), "pool: expected False or True, got 1"),
    (dict(size=5), "size: expected an integer <= 4, the image with its padding, got 5"),
    (dict(size=7, padding=1), "size: expected an integer <= 6, .* got 7"),
    (dict(padding=3), "padding: expected an integer < 3, the size of a window, got 3"),
    (dict(size=4, pool=True), "pool: expected maps of 2 x 2 at least, got 1 x 3"),
])
def test_sizes_that_do_not_fit_are_refused(given, words):
    with pytest.raises(ValueError, match=words):
        Convolution(**{"height": 4, "width": 6, "size": 3, **given})


@pytest.mark.parametrize(("call", "words"), [
    (lambda x, w, b, layer: convolution_forward(x[:, :-1], w, b, layer), r"x: .* \(n, 5 \* 6 \* channels\)"),
    (lambda x, w, b, layer: convolution_forward(x, w[:-1], b, layer), r"w: expected shape \(27, n_filters\)"),
    (lambda x, w, b, layer: convolution_forward(x, w, b[:-1], layer), r"b: expected shape \(4,\)"),
    (lambda x, w, b, layer: convolution_forward(x, w, b, 3), "layer: expected a Convolution"),
    (lambda x, w, b, layer: convolution_forward(x, w, b, layer, out=np.ones((48, 2)).T), "out: expected"),
    (lambda x, w, b, layer: convolution_forward(x, w, b, layer, out=np.ones((2, 60))[:, :48]), "out: .* in one piece"),
    (lambda x, w, b, layer: convolution_backward(np.ones((2, 47)), convolution_forward(x, w, b, layer)[1]), "dout: "),
    (lambda x, w, b, layer: convolution_backward(np.ones((3, 48)), convolution_forward(x, w, b, layer)[1]), "cache"),
    (lambda x, w, b, layer: max_pool_forward(x, layer), "layer: expected one with pool=True"),
    (lambda *_: max_pool_backward(np.ones((2, 8)), (np.ones((2, 48)), np.ones((2, 8)), POOLED[0])), "cache.*12"),
    (lambda x, w, b, layer: unflatten(x, 7, 7), r"x: expected shape \(n, 7 \* 7 \* channels\)"),
])
def test_arrays_that_do_not_fit_are_refused(call, words):
    x, w, b, _ = arrays(*CASES[0])
    with pytest.raises(ValueError, match=words):
        call(x, w, b, CASES[0][0])
