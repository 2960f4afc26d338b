"""The two layers: affine and ReLU, forward and backward."""

from __future__ import annotations

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import array, normals, sixteenths
from tests.oracles.recipe import Mistake, Question, Recipe

SHAPES = ["samples are rows; a column of w is a unit's incoming weights, a row of w its outgoing weights"]
BY_HAND = "by hand"
DECIMALS = "the formula in 50-digit decimals"
DIFFERENCES = "central differences of sum(dout * out) in 50-digit decimals"

# --- affine ------------------------------------------------------------------------------------------------------


@hp.in_fifty_digits
def affine(x, w, b):
    """out = x w + b."""
    return {"out": hp.product(x, w) + b}


def affine_transposed(x, w, b):
    """Rows taken for units: cannot run unless w is square."""
    return {"out": x @ w.T + b} if w.shape[0] == w.shape[1] else {}


AFFINE_FORWARD = Recipe(
    name="affine_forward",
    equation="out[n, j] = sum over i of x[n, i] w[i, j] + b[j]  (paper, section 3: the layer before its ReLU)",
    inputs={"x": "float64[*,*]", "w": "float64[*,*]", "b": "float64[*]"},
    outputs={"out": "float64[*,*]"},
    conventions=SHAPES,
    oracle=affine,
    mistakes=[
        Mistake("weights-transposed", "w is used as its transpose: a unit's incoming weights are a column of w, and "
                "out = x w, not x w^T.", affine_transposed),
        Mistake("bias-missing", "The bias b is not added to the product x w.",
                lambda x, w, b: affine(x=x, w=w, b=0 * b)),
        Mistake("bias-along-samples", "b was added to rows: every unit, a column of out, has one bias for all samples.",
                lambda x, w, b: {"out": x @ w + b[:, None]} if len(x) == len(b) else {}),
        Mistake("relu-applied", "The output went through a ReLU; that is a layer of its own.",
                lambda x, w, b: {"out": np.maximum(x @ w + b, 0)}),
    ],
    questions=[
        Question("by-hand", "one sample, two features, two units",
                 {"x": array([1, 2]), "w": array([3, -1], [0.5, 4]), "b": np.array([0.25, -2])},
                 BY_HAND, "exact", expected={"out": array([4.25, 5])}),
        Question("one-unit", "a single unit, several samples",
                 {"x": array([1, -1], [0, 0], [2, 0.5]), "w": array([2], [-4]), "b": np.array([1.0])},
                 BY_HAND, "exact", expected={"out": array([7], [1], [3])}),
        Question("no-features", "a layer below of width 0: every unit is its bias",
                 {"x": np.zeros((2, 0)), "w": np.zeros((0, 3)), "b": np.array([1.0, 0, -1.5])},
                 BY_HAND, "exact", expected={"out": array([1, 0, -1.5], [1, 0, -1.5])}),
        Question("no-samples", "an empty batch", {"x": np.zeros((0, 2)), "w": array([1], [2]), "b": np.array([3.0])},
                 BY_HAND, "exact", expected={"out": np.zeros((0, 1))}),
        Question("square", "two samples, two features, two units: every axis is as long",
                 {"x": array([1, 2], [3, 4]), "w": array([0.5, -1], [2, 0.25]), "b": np.array([1.0, -2])},
                 BY_HAND, "exact", expected={"out": array([5.5, -2.5], [10.5, -4])}),
        Question("larger-exact", "seven samples, square weights, multiples of 1/16",
                 lambda: {"x": sixteenths(1, 7, 5), "w": sixteenths(2, 5, 5), "b": sixteenths(3, 5)},
                 DECIMALS, "exact"),
        Question("larger", "twelve samples, nine features, six units",
                 lambda: {"x": normals(4, 12, 9), "w": normals(5, 9, 6), "b": normals(6, 6)}, DECIMALS),
    ])


@hp.in_fifty_digits
def affine_slopes(x, w, b, dout):
    """Differences of sum(dout * (x w + b))."""
    def value():
        return hp.total(dout * (hp.product(x, w) + b))

    return {name: hp.central_differences(value, of) for name, of in [("dx", x), ("dw", w), ("db", b)]}


def averaged(x, w, b, dout):
    """dw and db divided by the samples once more."""
    n = max(len(x), 1)
    return {"dw": x.T @ dout / n, "db": dout.sum(axis=0) / n}


AFFINE_BACKWARD = Recipe(
    name="affine_backward",
    equation="dx = dout w^T,  dw = x^T dout,  db = sum over samples of dout: the gradients of a loss with "
             "dLoss/dout = dout",
    inputs={"x": "float64[*,*]", "w": "float64[*,*]", "b": "float64[*]", "dout": "float64[*,*]"},
    outputs={"dx": "float64[*,*]", "dw": "float64[*,*]", "db": "float64[*]"},
    conventions=[*SHAPES, "the mean over samples belongs to the loss: dout carries its 1/n already"],
    oracle=affine_slopes,
    mistakes=[
        Mistake("averaged-twice", "dw and db are divided by the number of samples although dout carries that factor "
                "already: sum over samples, do not average.", averaged),
        Mistake("weights-transposed", "dx was taken as dout w; it is dout w^T: what flowed along a column flows back "
                "along it.",
                lambda x, w, b, dout: {"dx": dout @ w} if w.shape[0] == w.shape[1] else {}),
        Mistake("gradient-transposed", "dw is its own transpose, dout^T x; it is shaped like w, x^T dout.",
                lambda x, w, b, dout: {"dw": dout.T @ x}),
        Mistake("bias-gradient-per-sample", "db is that of the first sample only: the bias is shared by all samples, "
                "so its gradient is the sum over them.",
                lambda x, w, b, dout: {"db": dout[0] if len(dout) else np.zeros_like(b)}),
    ],
    questions=[
        Question("by-hand", "two samples, two features, one unit",
                 {"x": array([1, 2], [3, -1]), "w": array([2], [0.5]), "b": np.array([7.0]), "dout": array([1], [-2])},
                 BY_HAND, "exact",
                 expected={"dx": array([2, 0.5], [-4, -1]), "dw": array([-5], [4]), "db": np.array([-1.0])}),
        Question("no-samples", "an empty batch has zero gradients",
                 {"x": np.zeros((0, 2)), "w": array([1], [2]), "b": np.array([3.0]), "dout": np.zeros((0, 1))},
                 BY_HAND, "exact", expected={"dx": np.zeros((0, 2)), "dw": np.zeros((2, 1)), "db": np.zeros(1)}),
        Question("no-features", "a layer below of width 0: only the bias has a gradient",
                 {"x": np.zeros((2, 0)), "w": np.zeros((0, 1)), "b": np.array([3.0]), "dout": array([1], [2])},
                 BY_HAND, "exact", expected={"dx": np.zeros((2, 0)), "dw": np.zeros((0, 1)), "db": np.array([3.0])}),
        Question("square", "two samples, two features, two units: every axis is as long",
                 {"x": array([1, 2], [3, 4]), "w": array([0.5, -1], [2, 0.25]), "b": np.array([1.0, -2]),
                  "dout": array([1, -1], [2, 0.5])}, BY_HAND, "exact",
                 expected={"dx": array([1.5, 1.75], [0.5, 4.125]), "dw": array([7, 0.5], [10, 0]),
                           "db": np.array([3.0, -0.5])}),
        Question("larger-exact", "six samples, multiples of 1/16",
                 lambda: {"x": sixteenths(1, 6, 4), "w": sixteenths(2, 4, 3), "b": sixteenths(3, 3),
                          "dout": sixteenths(4, 6, 3)}, DIFFERENCES, "exact"),
        Question("larger", "ten samples, seven features, five units",
                 lambda: {"x": normals(5, 10, 7), "w": normals(6, 7, 5), "b": normals(7, 5), "dout": normals(8, 10, 5)},
                 DIFFERENCES),
    ])

# --- ReLU --------------------------------------------------------------------------------------------------------


@hp.in_fifty_digits
def relu(a):
    """max(a, 0)."""
    return {"h": hp.relu(a)}


RELU_FORWARD = Recipe(
    name="relu_forward",
    equation="h = max(a, 0)",
    inputs={"a": "float64[*,*]"},
    outputs={"h": "float64[*,*]"},
    conventions=[],
    oracle=relu,
    mistakes=[Mistake("abs-for-relu", "Negative entries come out with their sign turned: they become 0.",
                      lambda a: {"h": np.abs(a)}),
              Mistake("leaky", "Negative entries come out as a hundredth of themselves (leaky ReLU): they become 0.",
                      lambda a: {"h": np.where(a > 0, a, a / 100)})],
    questions=[
        Question("by-hand", "negative, zero, positive", {"a": array([-1.5, 0, 2], [0.0625, -0.0625, 15])},
                 BY_HAND, "exact", expected={"h": array([0, 0, 2], [0.0625, 0, 15])}),
        Question("no-units", "a layer of width 0", {"a": np.zeros((3, 0))}, BY_HAND, "exact",
                 expected={"h": np.zeros((3, 0))}),
        Question("larger", "eight samples, six units", lambda: {"a": sixteenths(1, 8, 6)}, DECIMALS, "exact"),
    ])


def gate(dh, a):
    """dh where a > 0, by a loop."""
    da = np.zeros(a.shape)
    for index in np.ndindex(a.shape):
        if a[index] > 0:
            da[index] = dh[index]
    return {"da": da}


RELU_BACKWARD = Recipe(
    name="relu_backward",
    equation="da = dh where a > 0, else 0",
    inputs={"dh": "float64[*,*]", "a": "float64[*,*]"},
    outputs={"da": "float64[*,*]"},
    conventions=["a is what stood before the ReLU", "the derivative at a = 0 is 0: the gate is a > 0"],
    oracle=gate,
    mistakes=[
        Mistake("relu-gate-open-at-zero", "The gate is a >= 0, so it is open on the kink; it is a > 0. Put on the "
                "activation h = max(a, 0) instead of a, the same gate never closes at all (seen in a NumPy tutorial).",
                lambda dh, a: {"da": dh * (a >= 0)}),
        Mistake("relu-gate-on-activation", "The gate is h >= 0 on the activation h = max(a, 0), which is always true: "
                "gradients pass through silent units. The gate is a > 0.", lambda dh, a: {"da": dh.copy()}),
        Mistake("relu-gate-on-gradient", "The gate looks at the sign of the incoming gradient (guided "
                "backpropagation); it looks at a alone.", lambda dh, a: {"da": dh * (a > 0) * (dh > 0)}),
        Mistake("leaky", "A hundredth of the gradient passes a silent unit (leaky ReLU): nothing does.",
                lambda dh, a: {"da": np.where(a > 0, dh, dh / 100)}),
        Mistake("almost-zero", "A small a was taken for 0. The gate is a > 0, without a tolerance.",
                lambda dh, a: {"da": dh * (a > 1e-8)}),
    ],
    questions=[
        Question("tiny", "2^-60 is above the kink, -2^-60 below it", {"dh": array([5, 3]),
                                                                      "a": array([2.0**-60, -2.0**-60])},
                 BY_HAND, "exact", expected={"da": array([5, 0])}),
        Question("on-the-kink", "units before, on and after the kink",
                 {"dh": array([5, 5, 5], [-3, -3, -3]), "a": array([-1, 0, 1], [0.5, 0, -0.5])},
                 "by hand, at a = 0 by convention", "exact", expected={"da": array([0, 0, 5], [-3, 0, 0])}),
        Question("dead-unit", "a unit that is exactly 0 for every sample gets no gradient",
                 {"dh": array([1, 2], [3, 4]), "a": array([0, 1], [0, 2])},
                 "by hand, at a = 0 by convention", "exact", expected={"da": array([0, 2], [0, 4])}),
        Question("no-units", "a layer of width 0", {"dh": np.zeros((2, 0)), "a": np.zeros((2, 0))}, BY_HAND, "exact",
                 expected={"da": np.zeros((2, 0))}),
        Question("larger", "nine samples, seven units", lambda: {"dh": sixteenths(1, 9, 7), "a": sixteenths(2, 9, 7)},
                 "the rule, entry by entry in a loop", "exact"),
    ])

RECIPES = [AFFINE_FORWARD, AFFINE_BACKWARD, RELU_FORWARD, RELU_BACKWARD]
