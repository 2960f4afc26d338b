"""Layers of images: convolution and 2 x 2 max pooling, forward and backward; flattening."""

from __future__ import annotations

from itertools import product

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import array, normals, sixteenths
from tests.oracles.recipe import Mistake, Question, Recipe

IMAGES = ["images are (samples, height, width, channels)"]
FILTERS = [*IMAGES, "filters are (size, size, channels, filters): w[i, k, c, j] is what filter j has for channel c in "
           "row i and column k of a window", "a filter is not flipped: correlation, as all libraries call convolution",
           "padding: so many rows and columns of zeros on all four sides",
           "windows: floor((side + 2 padding - size) / stride) + 1; pixels that fill no window are dropped"]
BY_HAND = "by hand"
DECIMALS = "the formula in 50-digit decimals, window after the other"
DIFFERENCES = "central differences of sum(dout * out) in 50-digit decimals"
LOOP = "the rule, block by block in a loop"

# --- convolution -------------------------------------------------------------------------------------------------


def zeros_around(x, padding):
    """As many on all sides."""
    return around(x, padding, padding)


def around(x, before, after, **how):
    """Rows and columns of zeros (or what np.pad is told) above and left, below and right."""
    return np.pad(x, [(0, 0), (before, after), (before, after), (0, 0)], **how)


def starts(side, size, stride) -> range:
    """Where windows begin."""
    return range(0, side - size + 1, stride)


def convolved(x, w, b, stride, padding, pad=zeros_around):
    """out[n, r, q, j]: every filter on every window."""
    x, size = pad(x, padding), len(w)
    rows, columns = (starts(side, size, stride) for side in x.shape[1:3])
    out = np.zeros((len(x), len(rows), len(columns), len(b)), dtype=x.dtype)
    for (r, row), (q, column) in product(enumerate(rows), enumerate(columns)):
        window = x[:, row:row + size, column:column + size].reshape(len(x), w[..., 0].size)
        out[:, r, q] = b + (window @ w.reshape(w[..., 0].size, len(b)) if window.size else 0)
    return {"out": out}


def with_filters(change):
    """A mistake: other filters."""
    return lambda x, w, b, stride, padding: convolved(x, change(w), b, stride, padding)


def channels_first(w):
    """The numbers of w in their order, taken for (channels, size, size, filters)."""
    return w.reshape(w.shape[2], *w.shape[:2], w.shape[3]).transpose(1, 2, 0, 3)


def padded(pad):
    """A mistake: other padding."""
    return lambda x, w, b, stride, padding: convolved(x, w, b, stride, padding, pad)


def rounded_up(x, w, b, stride, padding):
    """Zeros below and right until the last pixel is in a window."""
    missing = [-(side + 2 * padding - len(w)) % stride for side in x.shape[1:3]]
    more = np.pad(x, [(0, 0), (padding, padding + missing[0]), (padding, padding + missing[1]), (0, 0)])
    return convolved(more, w, b, stride, 0)


STRIDED = {"stride": 2, "padding": 0}
NINE = np.arange(1.0, 10).reshape(1, 3, 3, 1)
TWO_BY_TWO = array([1, 2], [4, 8]).reshape(2, 2, 1, 1)
ONE_PIXEL = {"x": array([1, 2], [3, -1]).reshape(2, 1, 1, 2), "w": array([3, -1], [0.5, 4]).reshape(1, 1, 2, 2),
             "b": array(0.25, -2), "stride": 1, "padding": 0}
NO_SAMPLES = {"x": np.zeros((0, 3, 3, 1)), "w": TWO_BY_TWO, "b": array(1), "stride": 1, "padding": 0}
NO_CHANNELS = {"x": np.zeros((1, 2, 3, 0)), "w": np.zeros((2, 2, 0, 2)), "b": array(1, -1.5), "stride": 1, "padding": 0}


def drawn(draw, seed, images, size, filters, stride=1, padding=0):
    """Inputs: images (n, height, width, channels) under so many filters."""
    return {"x": draw(seed, *images), "w": draw(seed + 1, size, size, images[3], filters), "b": draw(seed + 2, filters),
            "stride": stride, "padding": padding}


FORWARD = Recipe(
    name="convolution_forward",
    equation="out[n, r, q, j] = b[j] + sum over i, k, c of x[n, r stride + i - padding, q stride + k - padding, c] "
             "w[i, k, c, j], where x is 0 outside of its image",
    inputs={"x": "float64[*,*,*,*]", "w": "float64[*,*,*,*]", "b": "float64[*]", "stride": "int64", "padding": "int64"},
    outputs={"out": "float64[*,*,*,*]"},
    conventions=FILTERS,
    oracle=hp.in_fifty_digits(convolved),
    mistakes=[
        Mistake("kernel-flipped", "The filters were flipped, in rows and columns, as the convolution of textbooks does "
                "(scipy.signal.convolve); layers do not (scipy.signal.correlate).",
                with_filters(lambda w: w[::-1, ::-1])),
        Mistake("kernel-transposed", "Rows and columns of a window have changed places: w[i, k] belongs to row i and "
                "column k.", with_filters(lambda w: w.swapaxes(0, 1))),
        Mistake("channels-first", "The filters' numbers were read as (channels, size, size, filters), as PyTorch has "
                "them; here the channels of a position stand beside each other.", with_filters(channels_first)),
        Mistake("padding-missing", "There were no zeros around the images.", padded(lambda x, padding: x)),
        Mistake("padding-repeats-edge", "The outermost pixels were repeated around the images; zeros are put there.",
                padded(lambda x, padding: around(x, padding, padding, mode="edge"))),
        Mistake("padding-one-sided", "All zeros were put below and right; half of them belong above and left.",
                padded(lambda x, padding: around(x, 0, 2 * padding))),
        Mistake("stride-missing", "Windows stand one pixel apart; they stand stride pixels apart.",
                lambda x, w, b, stride, padding: convolved(x, w, b, 1, padding)),
        Mistake("windows-rounded-up", "The last rows and columns got windows that reach beyond the padding; what fills "
                "no window is dropped.", rounded_up),
        Mistake("bias-missing", "The bias b is not added to what the filters give.",
                lambda x, w, b, stride, padding: convolved(x, w, 0 * b, stride, padding)),
        Mistake("bias-per-channel", "The bias was added with every channel; it is added once.",
                lambda x, w, b, stride, padding: convolved(x, w, x.shape[3] * b, stride, padding)),
    ],
    questions=[
        Question("by-hand", "an image of 3 x 3 under one filter of 2 x 2",
                 {"x": NINE, "w": TWO_BY_TWO, "b": array(0.5), "stride": 1, "padding": 0}, BY_HAND, "exact",
                 expected={"out": array([61.5, 76.5], [106.5, 121.5]).reshape(1, 2, 2, 1)}),
        Question("one-pixel", "images and filters of one pixel: the affine layer", ONE_PIXEL, BY_HAND, "exact",
                 expected={"out": array([4.25, 5], [8.75, -9]).reshape(2, 1, 1, 2)}),
        Question("no-samples", "an empty batch", NO_SAMPLES, BY_HAND, "exact",
                 expected={"out": np.zeros((0, 2, 2, 1))}),
        Question("no-channels", "a layer below without channels: every map is its bias", NO_CHANNELS, BY_HAND, "exact",
                 expected={"out": array([[[1, -1.5], [1, -1.5]]])}),
        Question("padded", "a window larger than the image, which zeros make room for",
                 lambda: drawn(sixteenths, 10, (1, 2, 3, 2), 3, 2, padding=1), DECIMALS, "exact"),
        Question("strided", "stride 2, with a row that fills no window",
                 lambda: drawn(sixteenths, 20, (2, 5, 4, 2), 2, 2, stride=2), DECIMALS, "exact"),
        Question("larger", "stride 2 and padding, 6 x 5 pixels, three channels",
                 lambda: drawn(normals, 30, (2, 6, 5, 3), 3, 4, stride=2, padding=1), DECIMALS),
    ])


@hp.in_fifty_digits
def slopes(x, w, b, stride, padding, dout):
    """Differences of sum(dout * out)."""
    def value():
        return hp.total(dout * convolved(x, w, b, stride, padding)["out"])

    return {name: hp.central_differences(value, of) for name, of in [("dx", x), ("dw", w), ("db", b)]}


def returned(x, w, stride, padding, dout, put=np.add, crop=None):
    """dx: what every window gives back to its pixels."""
    size, crop = len(w), padding if crop is None else crop
    (height, width), more = x.shape[1:3], size * stride
    dx = np.zeros((len(x), height + 2 * padding + more, width + 2 * padding + more, x.shape[3]))
    for r, q in np.ndindex(dout.shape[1:3]):
        pixels = dx[:, r * stride:r * stride + size, q * stride:q * stride + size]
        pixels[...] = put(pixels, np.einsum("nj,ikcj->nikc", dout[:, r, q], w))
    return dx[:, crop:crop + height, crop:crop + width]


def products(x, w, stride, padding, dout):
    """dw: every window times what its filters are told."""
    x, size, dw = around(x, padding, padding), len(w), np.zeros(w.shape)
    for r, q in np.ndindex(dout.shape[1:3]):
        window = x[:, r * stride:r * stride + size, q * stride:q * stride + size]
        dw += np.einsum("nikc,nj->ikcj", window, dout[:, r, q])
    return dw


def filters_changed(change):
    """A mistake that is its own inverse: dx for the changed filters, dw changed."""
    return lambda x, w, b, stride, padding, dout: {
        "dx": returned(x, change(w), stride, padding, dout), "dw": change(products(x, w, stride, padding, dout))}


def averaged(x, w, b, stride, padding, dout):
    """dw and db divided by the windows of an image."""
    windows = dout.shape[1] * dout.shape[2]
    return {"dw": products(x, w, stride, padding, dout) / windows, "db": dout.sum(axis=(0, 1, 2)) / windows}


def first_channels(x, w, b, stride, padding, dout):
    """dw in the order of PyTorch."""
    dw = products(x, w, stride, padding, dout)
    return {"dw": dw.transpose(2, 0, 1, 3).reshape(dw.shape)}


def other_dx(**how):
    """A mistake in dx alone."""
    return lambda x, w, b, stride, padding, dout: {"dx": returned(x, w, stride, padding, dout, **how)}


def other_db(change):
    """A mistake in db alone."""
    return lambda x, w, b, stride, padding, dout: {"db": change(dout) if dout.size else 0 * b}


def stride_missing(x, w, b, stride, padding, dout):
    """Windows beside each other."""
    return {"dx": returned(x, w, 1, padding, dout), "dw": products(x, w, 1, padding, dout)}


def with_dout(inputs, draw, seed, *shape):
    """The inputs of the backward pass."""
    return inputs | {"dout": draw(seed, *shape)}


BACKWARD = Recipe(
    name="convolution_backward",
    equation="with dLoss/dout = dout: dx[pixel, c] = sum of w[i, k, c, j] dout[window, j] over all windows that see "
             "the pixel, at their position i, k of it; dw[i, k, c, j] = sum over samples and windows of x[pixel, c] "
             "dout[window, j]; db[j] = sum over samples and windows of dout[window, j]",
    inputs=FORWARD.inputs | {"dout": "float64[*,*,*,*]"},
    outputs={"dx": "float64[*,*,*,*]", "dw": "float64[*,*,*,*]", "db": "float64[*]"},
    conventions=[*FILTERS, "a pixel that no window sees has gradient 0",
                 "the mean over samples belongs to the loss: dout carries its 1/n already"],
    oracle=slopes,
    mistakes=[
        Mistake("kernel-flipped", "These are the gradients of a layer whose filters are flipped in rows and columns.",
                filters_changed(lambda w: w[::-1, ::-1])),
        Mistake("kernel-transposed", "Rows and columns of a window have changed places.",
                filters_changed(lambda w: w.swapaxes(0, 1))),
        Mistake("channels-first", "dw is ordered (channels, size, size, filters), as in PyTorch; it is shaped like w.",
                first_channels),
        Mistake("last-window-wins", "A pixel has the gradient of the last window that sees it; it is the sum over all "
                "of them.", other_dx(put=lambda old, new: new)),
        Mistake("padding-cropped-below", "dx was cut out of the padded gradient from its first row on; the padding "
                "above and left is not part of it.", other_dx(crop=0)),
        Mistake("stride-missing", "Windows stand one pixel apart here; they stand stride pixels apart.",
                stride_missing),
        Mistake("averaged-over-windows", "dw and db are divided by the number of windows; they are sums over them.",
                averaged),
        Mistake("bias-gradient-per-window", "db is that of the first window only: the bias is shared by all windows.",
                other_db(lambda dout: dout[:, 0, 0].sum(axis=0))),
        Mistake("bias-gradient-per-sample", "db is that of the first sample only: the bias is shared by all samples, "
                "so its gradient is the sum over them.", other_db(lambda dout: dout[0].sum(axis=(0, 1)))),
    ],
    questions=[
        Question("by-hand", "an image of 3 x 3 under one filter of 2 x 2: four windows see the middle",
                 {"x": NINE, "w": TWO_BY_TWO, "b": array(0.5), "stride": 1, "padding": 0,
                  "dout": array([1, 0], [-1, 2]).reshape(1, 2, 2, 1)}, BY_HAND, "exact",
                 expected={"dx": array([1, 2, 0], [3, 8, 4], [-4, 0, 16]).reshape(1, 3, 3, 1),
                           "dw": array([7, 9], [13, 15]).reshape(2, 2, 1, 1), "db": array(2)}),
        Question("one-pixel", "images and filters of one pixel: the affine layer",
                 ONE_PIXEL | {"dout": array([1, -1], [2, 0.5]).reshape(2, 1, 1, 2)}, BY_HAND, "exact",
                 expected={"dx": array([4, -3.5], [5.5, 3]).reshape(2, 1, 1, 2),
                           "dw": array([7, 0.5], [0, -2.5]).reshape(1, 1, 2, 2), "db": array(3, -0.5)}),
        Question("no-samples", "an empty batch has zero gradients", NO_SAMPLES | {"dout": np.zeros((0, 2, 2, 1))},
                 BY_HAND, "exact", expected={"dx": np.zeros((0, 3, 3, 1)), "dw": np.zeros((2, 2, 1, 1)),
                                             "db": np.zeros(1)}),
        Question("padded", "a window larger than the image, which zeros make room for",
                 lambda: with_dout(drawn(sixteenths, 10, (1, 2, 3, 2), 3, 2, padding=1), sixteenths, 13, 1, 2, 3, 2),
                 DIFFERENCES, "exact"),
        Question("strided", "stride 2, with a row that no window sees",
                 lambda: with_dout(drawn(sixteenths, 20, (2, 5, 4, 2), 2, 2, stride=2), sixteenths, 23, 2, 2, 2, 2),
                 DIFFERENCES, "exact"),
        Question("larger", "one image, stride 2 and padding, 5 x 4 pixels, two channels, three filters",
                 lambda: with_dout(drawn(normals, 30, (1, 5, 4, 2), 3, 3, stride=2, padding=1), normals, 33,
                                   1, 3, 2, 3),
                 DIFFERENCES),
    ])

# --- 2 x 2 max pooling -------------------------------------------------------------------------------------------


def blocks(x) -> np.ndarray:
    """(n, height // 2, width // 2, channels, 4): the pixels of all blocks, row by row."""
    height, width = (side // 2 for side in x.shape[1:3])
    found = np.zeros((len(x), height, width, x.shape[3], 4))
    for n, r, q, c in np.ndindex(found.shape[:4]):
        found[n, r, q, c] = [x[n, 2 * r, 2 * q, c], x[n, 2 * r, 2 * q + 1, c],
                             x[n, 2 * r + 1, 2 * q, c], x[n, 2 * r + 1, 2 * q + 1, c]]
    return found


def pooled(function):
    """One number for every block."""
    return lambda x: {"h": np.apply_along_axis(function, 4, blocks(x)) if x.size else blocks(x)[..., 0]}


def overlapping(x):
    """Blocks one pixel apart."""
    return {"h": np.max([x[:, :-1, :-1], x[:, :-1, 1:], x[:, 1:, :-1], x[:, 1:, 1:]], axis=0)}


def to_even(x):
    """The last row and column once more, where their number is odd: a maximum does not mind."""
    return np.pad(x, [(0, 0), (0, x.shape[1] % 2), (0, x.shape[2] % 2), (0, 0)], mode="edge")


def halves(x):
    """The reshape with its axes in the wrong order: pixel r with pixel r + height // 2."""
    height, width = (side // 2 for side in x.shape[1:3])
    return {"h": x[:, :2 * height, :2 * width].reshape(len(x), 2, height, 2, width, x.shape[3]).max(axis=(1, 3))}


MAPS = array([1, 5, 2, 0], [3, 4, -1, 6], [-4, -2, 7, 7], [-3, -8, 7, 1]).reshape(1, 4, 4, 1)
TIED = array([1, 1, 0, 2, 9], [1, 1, 2, 2, 9], [3, 0, 0, 0, 9], [3, 0, 4, 4, 9], [9, 9, 9, 9, 9]).reshape(1, 5, 5, 1)

POOL_FORWARD = Recipe(
    name="max_pool_forward",
    equation="h[n, r, q, c] = the largest of x[n, 2 r + i, 2 q + k, c] over i and k in 0, 1",
    inputs={"x": "float64[*,*,*,*]"}, outputs={"h": "float64[*,*,*,*]"},
    conventions=[*IMAGES, "blocks of 2 x 2 that do not overlap", "an odd last row or column is dropped"],
    oracle=pooled(max),
    mistakes=[
        Mistake("mean-for-max", "This is the mean of every block; it is the maximum.", pooled(np.mean)),
        Mistake("min-for-max", "This is the smallest of every block; it is the largest.", pooled(min)),
        Mistake("largest-magnitude", "The largest without regard to sign: -8 is not above 1.",
                pooled(lambda four: max(four, key=abs))),
        Mistake("subsampled", "This is the first pixel of every block; it is the largest.",
                pooled(lambda four: four[0])),
        Mistake("blocks-overlap", "Blocks stand one pixel apart; they stand two pixels apart.", overlapping),
        Mistake("odd-edge-kept", "An odd last row or column was pooled by itself; it is dropped.",
                lambda x: pooled(max)(to_even(x))),
        Mistake("halves-for-blocks", "Pixels that are half an image apart were pooled: the axes after a reshape are "
                "(height / 2, 2), not (2, height / 2).", halves),
        Mistake("across-channels", "Every channel has the maximum over all channels; each has its own.",
                lambda x: {"h": blocks(x).max(axis=(3, 4), keepdims=True)[..., 0] + np.zeros(blocks(x).shape[:4])}
                if x.size else {}),
    ],
    questions=[
        Question("by-hand", "four blocks, one of them negative", {"x": MAPS}, BY_HAND, "exact",
                 expected={"h": array([5, 6], [-2, 7]).reshape(1, 2, 2, 1)}),
        Question("odd", "five rows and columns: the last of each are dropped", {"x": TIED}, BY_HAND, "exact",
                 expected={"h": array([1, 2], [3, 4]).reshape(1, 2, 2, 1)}),
        Question("no-channels", "maps of no filters", {"x": np.zeros((1, 4, 2, 0))}, BY_HAND, "exact",
                 expected={"h": np.zeros((1, 2, 1, 0))}),
        Question("larger", "two samples, 6 x 5 pixels, three channels", lambda: {"x": sixteenths(1, 2, 6, 5, 3)}, LOOP,
                 "exact"),
    ])


def shared_out(shares):
    """An oracle: dout times the shares (four numbers for a block's four pixels) that each of them gets."""
    def outputs(x, dout):
        dx, of = np.zeros(x.shape), blocks(x)
        for n, r, q, c in np.ndindex(dout.shape):
            gets = np.reshape(shares(list(of[n, r, q, c])), (2, 2))
            dx[n, 2 * r:2 * r + 2, 2 * q:2 * q + 2, c] = dout[n, r, q, c] * gets
        return {"dx": dx}

    return outputs


def one(place):
    """All to one of the four."""
    return lambda four: [1.0 if p == place(four) else 0.0 for p in range(4)]


def last(four):
    """The last maximum, row by row."""
    return 3 - four[::-1].index(max(four))


def down_the_columns(four):
    """The first maximum, column by column."""
    return next(p for p in (0, 2, 1, 3) if four[p] == max(four))


POOL_BACKWARD = Recipe(
    name="max_pool_backward",
    equation="dx = dout at the pixel that is the largest of its block, 0 elsewhere",
    inputs={"x": "float64[*,*,*,*]", "dout": "float64[*,*,*,*]"}, outputs={"dx": "float64[*,*,*,*]"},
    conventions=[*POOL_FORWARD.conventions, "of equal pixels the first gets all, row by row",
                 "the dropped row and column have gradient 0"],
    oracle=shared_out(one(lambda four: four.index(max(four)))),
    mistakes=[
        Mistake("ties-all", "Every pixel that equals the maximum gets the whole gradient; the first of them does.",
                shared_out(lambda four: [float(pixel == max(four)) for pixel in four])),
        Mistake("ties-shared", "The gradient is shared among equal pixels; the first of them gets all.",
                shared_out(lambda four: [(pixel == max(four)) / four.count(max(four)) for pixel in four])),
        Mistake("ties-last", "Of equal pixels the last gets the gradient; the first does.", shared_out(one(last))),
        Mistake("ties-down-the-columns", "Of equal pixels the first down the columns gets the gradient; it is the "
                "first row by row.", shared_out(one(down_the_columns))),
        Mistake("to-all-four", "All four pixels of a block get the gradient; the largest alone does.",
                shared_out(lambda four: [1.0] * 4)),
        Mistake("mean-for-max", "All four pixels of a block get a quarter of the gradient, as mean pooling has it.",
                shared_out(lambda four: [0.25] * 4)),
        Mistake("to-first-pixel", "The first pixel of every block gets the gradient; the largest does.",
                shared_out(one(lambda four: 0))),
        Mistake("largest-magnitude", "The pixel with the largest absolute value gets the gradient.",
                shared_out(one(lambda four: four.index(max(four, key=abs))))),
        Mistake("min-for-max", "The smallest pixel of a block gets the gradient; the largest does.",
                shared_out(one(lambda four: four.index(min(four))))),
    ],
    questions=[
        Question("by-hand", "four blocks, in the last of which three pixels are the largest",
                 {"x": MAPS, "dout": array([10, 3], [-5, 2]).reshape(1, 2, 2, 1)}, "by hand, ties by convention",
                 "exact", expected={
                     "dx": array([0, 10, 0, 0], [0, 0, 0, 3], [0, -5, 2, 0], [0, 0, 0, 0]).reshape(1, 4, 4, 1)}),
        Question("ties", "four equal pixels; three; two above each other; two beside each other; a last row and column "
                 "that are dropped", {"x": TIED, "dout": array([1, 2], [3, 4]).reshape(1, 2, 2, 1)},
                 "by hand, ties by convention", "exact",
                 expected={"dx": array([1, 0, 0, 2, 0], [0, 0, 0, 0, 0], [3, 0, 0, 0, 0], [0, 0, 4, 0, 0],
                                       [0, 0, 0, 0, 0]).reshape(1, 5, 5, 1)}),
        Question("no-channels", "maps of no filters", {"x": np.zeros((1, 2, 2, 0)), "dout": np.zeros((1, 1, 1, 0))},
                 BY_HAND, "exact", expected={"dx": np.zeros((1, 2, 2, 0))}),
        Question("larger", "two samples, 6 x 5 pixels, three channels",
                 lambda: {"x": sixteenths(1, 2, 6, 5, 3), "dout": sixteenths(2, 2, 3, 2, 3)}, LOOP, "exact"),
    ])

# --- flattening --------------------------------------------------------------------------------------------------


def flat_rows(x):
    """Number after number, by the definition."""
    samples, height, width, channels = x.shape
    out = np.zeros((samples, height * width * channels))
    for n, r, q, c in np.ndindex(x.shape):
        out[n, (r * width + q) * channels + c] = x[n, r, q, c]
    return {"out": out}


def in_order(*axes):
    """A mistake: other axes first."""
    return lambda x: {"out": x.transpose(0, *axes).reshape(len(x), x[:1].size) if x.size else flat_rows(x)["out"]}


COUNTED = np.arange(1.0, 13).reshape(1, 2, 3, 2)
FLATTEN = Recipe(
    name="flatten",
    equation="out[n, (r width + q) channels + c] = x[n, r, q, c]",
    inputs={"x": "float64[*,*,*,*]"}, outputs={"out": "float64[*,*]"},
    conventions=[*IMAGES, "position after position, row by row; the channels of a position stand beside each other"],
    oracle=flat_rows,
    mistakes=[
        Mistake("channels-first", "One channel's whole map stands after the other, as PyTorch flattens; the channels "
                "of a position stand beside each other.", in_order(3, 1, 2)),
        Mistake("columns-first", "Positions go down the columns; they go along the rows.", in_order(2, 1, 3)),
        Mistake("column-major", "Channel after channel, each down its columns (order \"F\").", in_order(3, 2, 1)),
        Mistake("channels-in-rows", "In every row one channel stands after the other; the channels of a position "
                "stand beside each other.", in_order(1, 3, 2)),
        Mistake("samples-last", "The samples are mixed: a row has one pixel of several samples.",
                lambda x: {"out": x.reshape(x[:1].size, len(x)).T if x.size else flat_rows(x)["out"]}),
    ],
    questions=[
        Question("by-hand", "2 x 3 pixels of two channels, numbered", {"x": COUNTED}, BY_HAND, "exact",
                 expected={"out": np.arange(1.0, 13).reshape(1, 12)}),
        Question("no-samples", "an empty batch", {"x": np.zeros((0, 2, 2, 1))}, BY_HAND, "exact",
                 expected={"out": np.zeros((0, 4))}),
        Question("larger", "three samples, 3 x 2 pixels, four channels", lambda: {"x": sixteenths(1, 3, 3, 2, 4)},
                 "number after the other, by the definition", "exact"),
    ])

RECIPES = [FORWARD, BACKWARD, POOL_FORWARD, POOL_BACKWARD, FLATTEN]
