"""Affine and ReLU against loops and finite differences; buffers; shapes with 0 and 1."""

import numpy as np
import pytest
from den_ref import loops
from den_ref.core.checks import check_gradient
from den_ref.core.layers import affine_backward, affine_forward, relu_backward, relu_forward

SHAPES = [(3, 4, 2), (1, 1, 1), (0, 3, 2), (3, 0, 2), (3, 2, 0), (1, 5, 1), (0, 0, 0)]


def arrays(n, n_in, n_out, dtype=np.float64):
    rng = np.random.default_rng(n + 10 * n_in + 100 * n_out)
    return [rng.normal(size=shape).astype(dtype) for shape in [(n, n_in), (n_in, n_out), (n_out,), (n, n_out)]]


@pytest.mark.parametrize("shape", SHAPES)
def test_affine_equals_the_loops(shape):
    x, w, b, dout = arrays(*shape)
    out, cache = affine_forward(x, w, b)
    np.testing.assert_allclose(out, loops.affine_forward(x, w, b), rtol=1e-13, atol=1e-13)
    for fast, slow in zip(affine_backward(dout, cache), loops.affine_backward(x, w, b, dout), strict=True):
        assert fast.shape == slow.shape
        np.testing.assert_allclose(fast, slow, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("argument", [0, 1, 2], ids=["x", "w", "b"])
def test_affine_gradient_by_finite_differences(argument):
    """In argument order: the gradient returned in place i is that of argument i."""
    *inputs, weight = arrays(5, 4, 3)

    def f(changed):
        given = [changed if i == argument else a for i, a in enumerate(inputs)]
        out, cache = affine_forward(*given)
        return float((weight * np.sin(out)).sum()), affine_backward(weight * np.cos(out), cache)[argument]

    report = check_gradient(f, inputs[argument])
    assert report, report


def test_relu_gradient_by_finite_differences():
    a = np.array([[-2.0, 0.5, 1.5], [3.0, -0.25, 0.75]])

    def f(a):
        h, cache = relu_forward(a)
        return float((h**3).sum()), relu_backward(3 * h**2, cache)

    report = check_gradient(f, a)
    assert report and report.kinks == 0, report


@pytest.mark.parametrize("shape", [(3, 4), (0, 4), (3, 0), (1, 1)])
def test_relu_equals_the_loops(shape):
    a = np.random.default_rng(0).normal(size=shape)
    dh = np.random.default_rng(1).normal(size=shape)
    h, cache = relu_forward(a)
    np.testing.assert_array_equal(h, loops.relu_forward(a))
    np.testing.assert_array_equal(relu_backward(dh, cache), loops.relu_backward(dh, a))


def test_gate_is_closed_on_the_kink_and_for_negative_zero():
    a = np.array([0.0, -0.0, np.nextafter(0, 1), -np.nextafter(0, 1)])
    np.testing.assert_array_equal(relu_backward(np.full(4, 7.0), relu_forward(a)[1]), [0, 0, 7, 0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_buffers_are_written_and_returned_and_inputs_kept(dtype):
    x, w, b, dout = arrays(3, 4, 2, dtype)
    before = [a.copy() for a in (x, w, b, dout)]
    buffer = np.full((3, 2), np.nan, dtype)
    out, cache = affine_forward(x, w, b, out=buffer)
    assert out is buffer and out.dtype == dtype
    targets = [np.full(a.shape, np.nan, dtype) for a in (x, w, b)]
    grads = affine_backward(dout, cache, out=tuple(targets))
    assert all(grad is target for grad, target in zip(grads, targets, strict=True))
    for with_buffer, without in zip(grads, affine_backward(dout, cache), strict=True):
        np.testing.assert_array_equal(with_buffer, without)
    for array, old in zip((x, w, b, dout), before, strict=True):
        np.testing.assert_array_equal(array, old)


@pytest.mark.parametrize("left_out", range(3))
def test_each_gradient_can_be_left_out(left_out):
    x, w, b, dout = arrays(3, 4, 2)
    grads = affine_backward(dout, (x, w), out=tuple(False if i == left_out else None for i in range(3)))
    for i, (grad, wanted) in enumerate(zip(grads, affine_backward(dout, (x, w)), strict=True)):
        assert grad is None if i == left_out else np.array_equal(grad, wanted)


def test_relu_in_place():
    a = np.array([-1.0, 2.0])
    h, cache = relu_forward(a, out=a)
    assert h is a and cache is a
    np.testing.assert_array_equal(a, [0, 2])
