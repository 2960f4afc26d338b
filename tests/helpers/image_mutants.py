"""One implementation per named mistake of the layers of images, written apart from the generator: by breaking den_ref.

``MUTANTS[operation, mistake]`` is a function of the operation's inputs that makes exactly this mistake.
"""

import numpy as np
from scipy.signal import convolve2d
from tests import own_answers as own
from tests.helpers.math_mutants import changed


def on(operation, change):
    """Ours on other inputs."""
    return lambda **inputs: getattr(own, operation)(**{**inputs, **change(**inputs)})


def padded(x, above, below, **how):
    return np.pad(x, ((0, 0), (above, below), (above, below), (0, 0)), **how)


# --- convolution -------------------------------------------------------------------------------------------------


def textbook(x, w, b, stride, padding):
    """scipy's convolution, which flips."""
    n, c, j = len(x), x.shape[3], len(b)
    shape = own.convolution_forward(x, w, b, stride, padding)["out"].shape
    out, x = np.zeros(shape) + b, padded(x, padding, padding)
    for sample, channel, filter_ in np.ndindex(n, c, j):
        full = convolve2d(x[sample, :, :, channel], w[:, :, channel, filter_], mode="valid")
        out[sample, :, :, filter_] += full[::stride, ::stride]
    return {"out": out}


def enough(side, size, stride):
    """Rows to add until the last window is full."""
    return (stride - (side - size) % stride) % stride


def rounded_up(x, w, b, stride, padding):
    x = padded(x, padding, padding)
    rows, columns = (enough(side, len(w), stride) for side in x.shape[1:3])
    return own.convolution_forward(np.pad(x, ((0, 0), (0, rows), (0, columns), (0, 0))), w, b, stride, 0)


def like_pytorch(w):
    """The filters' memory in another order."""
    k, _, c, j = w.shape
    return np.ascontiguousarray(np.moveaxis(w.ravel().reshape(c, k, k, j), 0, 2))


def as_pytorch(dw):
    k, _, c, j = dw.shape
    return np.moveaxis(dw, 2, 0).ravel().reshape(k, k, c, j)


MUTANTS = {("convolution_forward", mistake): mutant for mistake, mutant in {
    "kernel-flipped": textbook,
    "kernel-transposed": on("convolution_forward", lambda w, **_: {"w": np.moveaxis(w, 0, 1)}),
    "channels-first": on("convolution_forward", lambda w, **_: {"w": like_pytorch(w)}),
    "padding-missing": on("convolution_forward", lambda **_: {"padding": 0}),
    "padding-repeats-edge": on("convolution_forward", lambda x, padding, **_: {
        "x": padded(x, padding, padding, mode="edge"), "padding": 0}),
    "padding-one-sided": on("convolution_forward", lambda x, padding, **_: {
        "x": padded(x, 0, 2 * padding), "padding": 0}),
    "stride-missing": on("convolution_forward", lambda **_: {"stride": 1}),
    "windows-rounded-up": rounded_up,
    "bias-missing": on("convolution_forward", lambda b, **_: {"b": np.zeros_like(b)}),
    "bias-per-channel": on("convolution_forward", lambda x, b, **_: {"b": b * x.shape[3]}),
}.items()}


def of_flipped(flip):
    """The gradients of a layer that flips its filters first."""
    def outputs(**inputs):
        answer = own.convolution_backward(**inputs | {"w": flip(inputs["w"])})
        return answer | {"dw": flip(answer["dw"])}

    return outputs


def dx_by(assign, crop=True):
    """dx window after the other, from the last to the first or back."""
    def outputs(x, w, b, stride, padding, dout):
        edge, size = padded(np.zeros_like(x), padding + len(w) * stride, padding + len(w) * stride), len(w)
        edge = edge[:, len(w) * stride:, len(w) * stride:]
        for r, q in np.ndindex(dout.shape[1:3]):
            part = np.tensordot(dout[:, r, q], w, axes=(1, 3))
            for i, k in np.ndindex(size, size):
                assign(edge, (slice(None), r * stride + i, q * stride + k), part[:, i, k])
        start = padding if crop else 0
        return own.convolution_backward(x, w, b, stride, padding, dout) | {
            "dx": edge[:, start:start + x.shape[1], start:start + x.shape[2]]}

    return outputs


def added(array, where, part):
    array[where] += part


def stride_forgotten(x, w, b, stride, padding, dout):
    """As if x had just the pixels that windows beside each other see."""
    rows, columns = (side + len(w) - 1 for side in dout.shape[1:3])
    seen = padded(x, padding, padding)[:, :rows, :columns]
    answer = own.convolution_backward(seen, w, b, 1, 0, dout)
    dx = padded(np.zeros_like(x), padding, padding)
    dx[:, :rows, :columns] = answer["dx"]
    return answer | {"dx": dx[:, padding:padding + x.shape[1], padding:padding + x.shape[2]]}


def windows_of(inputs):
    return inputs["dout"].shape[1] * inputs["dout"].shape[2]


MUTANTS |= {("convolution_backward", mistake): mutant for mistake, mutant in {
    "kernel-flipped": of_flipped(lambda w: np.flip(w, (0, 1))),
    "kernel-transposed": of_flipped(lambda w: np.moveaxis(w, 0, 1)),
    "channels-first": changed("convolution_backward", dw=lambda i, o: as_pytorch(o["dw"])),
    "last-window-wins": dx_by(lambda array, where, part: array.__setitem__(where, part)),
    "padding-cropped-below": dx_by(added, crop=False),
    "stride-missing": stride_forgotten,
    "averaged-over-windows": changed("convolution_backward", dw=lambda i, o: o["dw"] / windows_of(i),
                                     db=lambda i, o: o["db"] / windows_of(i)),
    "bias-gradient-per-window": changed("convolution_backward", db=lambda i, o: i["dout"][:, 0, 0].sum(axis=0)),
    "bias-gradient-per-sample": changed(
        "convolution_backward", db=lambda i, o: i["dout"][0].sum(axis=(0, 1)) if len(i["dout"]) else o["db"]),
}.items()}

# --- 2 x 2 max pooling -------------------------------------------------------------------------------------------


def quarters(x):
    """The four pixels of every block along a first axis."""
    even = x[:, :x.shape[1] // 2 * 2, :x.shape[2] // 2 * 2]
    return np.stack([even[:, 0::2, 0::2], even[:, 0::2, 1::2], even[:, 1::2, 0::2], even[:, 1::2, 1::2]])


def by_magnitude(x):
    four = quarters(x)
    return {"h": np.take_along_axis(four, np.abs(four).argmax(axis=0)[None], 0)[0]}


def odd_kept(x):
    odd = np.pad(x, ((0, 0), (0, x.shape[1] % 2), (0, x.shape[2] % 2), (0, 0)), constant_values=-np.inf)
    return {"h": quarters(odd).max(axis=0)}


def far_apart(x):
    height, width = x.shape[1] // 2, x.shape[2] // 2
    rows = np.maximum(x[:, :height], x[:, height:2 * height])
    return {"h": np.maximum(rows[:, :, :width], rows[:, :, width:2 * width])}


def across_channels(x):
    h = own.max_pool_forward(x)["h"]
    return {"h": h * 0 + h.max(axis=3, keepdims=True, initial=-16)}


MUTANTS |= {("max_pool_forward", mistake): mutant for mistake, mutant in {
    "mean-for-max": lambda x: {"h": quarters(x).mean(axis=0)},
    "min-for-max": lambda x: {"h": -own.max_pool_forward(-x)["h"]},
    "largest-magnitude": by_magnitude,
    "subsampled": lambda x: {"h": quarters(x)[0]},
    "blocks-overlap": lambda x: {"h": np.lib.stride_tricks.sliding_window_view(x, (2, 2), (1, 2)).max(axis=(-2, -1))},
    "odd-edge-kept": odd_kept,
    "halves-for-blocks": far_apart,
    "across-channels": across_channels,
}.items()}


def back(weigh):
    """dx from what each of the four pixels gets of its block's gradient."""
    def outputs(x, dout):
        dx = np.zeros_like(x)
        for (i, k), share in zip(np.ndindex(2, 2), weigh(quarters(x))):
            dx[:, i:x.shape[1] // 2 * 2:2, k:x.shape[2] // 2 * 2:2] = share * dout
        return {"dx": dx}

    return outputs


def at(place):
    """One of the four pixels gets all."""
    return back(lambda four: np.arange(4)[:, None, None, None, None] == place(four))


MUTANTS |= {("max_pool_backward", mistake): mutant for mistake, mutant in {
    "ties-all": back(lambda four: four == four.max(axis=0)),
    "ties-shared": back(lambda four: (four == four.max(axis=0)) / (four == four.max(axis=0)).sum(axis=0)),
    "ties-last": at(lambda four: 3 - four[::-1].argmax(axis=0)),
    "ties-down-the-columns": at(lambda four: np.array([0, 2, 1, 3])[four[[0, 2, 1, 3]].argmax(axis=0)]),
    "to-all-four": back(np.ones_like),
    "mean-for-max": back(lambda four: np.full_like(four, 0.25)),
    "to-first-pixel": at(lambda four: np.zeros(four.shape[1:], int)),
    "largest-magnitude": at(lambda four: np.abs(four).argmax(axis=0)),
    "min-for-max": at(lambda four: four.argmin(axis=0)),
}.items()}

# --- flattening --------------------------------------------------------------------------------------------------


def ordered(letters):
    """The axes n, h, w, c in another order."""
    return lambda x: {"out": np.einsum(f"nhwc->n{letters}", x).reshape(len(x), int(np.prod(x.shape[1:])))}


MUTANTS |= {("flatten", mistake): mutant for mistake, mutant in {
    "channels-first": ordered("chw"), "columns-first": ordered("whc"), "column-major": ordered("cwh"),
    "channels-in-rows": ordered("hcw"),
    "samples-last": lambda x: {"out": np.reshape(x.ravel(), (len(x), int(np.prod(x.shape[1:]))), order="F")},
}.items()}
