"""extract_subnetwork, insert_subnetwork: small dense matrices cut out of a network, and put back."""

from __future__ import annotations

import numpy as np

from tests.oracles.recipe import Mistake, Question, Recipe
from tests.oracles.small_networks import drawn, floats, ints

BODY = {"weights/*": "float64[*,*]", "biases/*": "float64[*]", "head": "float64[*,*]", "head_bias": "float64[*]"}
SUBNETWORK = {f"sub_{name}": kind for name, kind in BODY.items()}


def picked(matrix, rows, columns) -> np.ndarray:
    """The matrix of these rows and columns, entry by entry."""
    small = np.zeros((len(rows), len(columns)))
    for a, i in enumerate(rows):
        for b, j in enumerate(columns):
            small[a, b] = matrix[i, j]
    return small


def placed(matrix, rows, columns, small) -> np.ndarray:
    """The matrix with ``small`` in these rows and columns, entry by entry."""
    matrix = matrix.copy()
    for a, i in enumerate(rows):
        for b, j in enumerate(columns):
            matrix[i, j] = small[a, b]
    return matrix


def extracted(weights, biases, head, head_bias, units):
    """Oracle of extract_subnetwork."""
    outputs = range(len(head_bias))
    small = [picked(w, units[l], units[l + 1]) for l, w in enumerate(weights)]
    return {"sub_weights": small, "sub_biases": [picked(b[None], [0], units[l + 1])[0] for l, b in enumerate(biases)],
            "sub_head": picked(head, units[-1], outputs), "sub_head_bias": head_bias.copy(),
            "edges": [w != 0 for w in small]}


def inserted(weights, biases, head, head_bias, units, sub_weights, sub_biases, sub_head, sub_head_bias):
    """Oracle of insert_subnetwork."""
    places = list(zip(units, units[1:]))
    return {"weights": [placed(w, *place, small) for w, place, small in zip(weights, places, sub_weights)],
            "biases": [placed(b[None], [0], place[1], small[None])[0]
                       for b, place, small in zip(biases, places, sub_biases)],
            "head": placed(head, units[-1], range(len(head_bias)), sub_head), "head_bias": sub_head_bias.copy()}


# --- mistakes ----------------------------------------------------------------------------------------------------


def masked(weights, biases, head, head_bias, units):
    """Full-size arrays with zeros outside the selection."""
    rows = [np.isin(np.arange(n), chosen) for n, chosen in zip([len(weights[0]), *map(len, biases)], units)]
    small = [w * np.outer(a, b) for w, a, b in zip(weights, rows, rows[1:])]
    return {"sub_weights": small, "sub_biases": [b * kept for b, kept in zip(biases, rows[1:])],
            "sub_head": head * rows[-1][:, None], "edges": [w != 0 for w in small]}


def all_incoming(weights, units, **rest):
    """Columns are cut, rows are not."""
    small = [w[:, chosen] for w, chosen in zip(weights, units[1:])]
    return {"sub_weights": small, "edges": [w != 0 for w in small]}


def dense_edges(**inputs):
    """All True."""
    return {"edges": [np.ones_like(edges) for edges in extracted(**inputs)["edges"]]}


def head_not_cut(head, **rest):
    """The head as it was."""
    return {"sub_head": head.copy()}


def one_column_head(**inputs):
    """Output 0 alone."""
    right = extracted(**inputs)
    return {"sub_head": right["sub_head"][:, :1], "sub_head_bias": right["sub_head_bias"][:1]}


def aliased(weights, biases, **rest):
    """The old weights overwrite what was learnt."""
    return {"weights": weights, "biases": biases}


def emptied_outside(**inputs):
    """The subnetwork in an otherwise empty network."""
    names = ("weights", "biases")
    blank = inputs | {name: [np.zeros_like(array) for array in inputs[name]] for name in names}
    return inserted(**blank | {"head": np.zeros_like(inputs["head"])})


def biases_forgotten(biases, head_bias, **rest):
    """Biases as they were."""
    return {"biases": biases, "head_bias": head_bias}


def leading_places(units, **rest):
    """The indices were ignored."""
    return inserted(units=[np.arange(len(chosen)) for chosen in units], **rest)


def whole_rows_zeroed(**inputs):
    """A selected unit's edges to the outside are cleared before the block is written."""
    cleared = [w.copy() for w in inputs["weights"]]
    for l, w in enumerate(cleared):
        w[:, inputs["units"][l + 1]] = 0
    return inserted(**inputs | {"weights": cleared})


def edges_by(rule):
    """Another test for an edge."""
    return lambda **inputs: {"edges": [rule(w) for w in extracted(**inputs)["sub_weights"]]}


def zeros_not_written(**inputs):
    """Where the subnetwork has a 0, the old number stays."""
    kept = extracted(**{name: inputs[name] for name in ("weights", "biases", "head", "head_bias", "units")})
    merged = {name: value if name == "sub_head_bias" else
              [np.where(new == 0, old, new) for new, old in zip(value, kept[name])] if isinstance(value, list) else
              np.where(value == 0, kept[name], value) for name, value in inputs.items() if name.startswith("sub_")}
    return inserted(**inputs | merged)


def old_zeros_kept(weights, **rest):
    """What was 0 stays 0."""
    return {"weights": [np.where(old != 0, new, 0)
                        for old, new in zip(weights, inserted(weights=weights, **rest)["weights"])]}


def added(weights, biases, head, head_bias, units, sub_weights, sub_biases, sub_head, sub_head_bias):
    """The subnetwork on top of what was there."""
    kept = extracted(weights, biases, head, head_bias, units)
    return inserted(weights, biases, head, head_bias, units, [a + b for a, b in zip(kept["sub_weights"], sub_weights)],
                    [a + b for a, b in zip(kept["sub_biases"], sub_biases)], kept["sub_head"] + sub_head,
                    head_bias + sub_head_bias)


EXTRACT_MISTAKES = [
    Mistake("masked-not-cut", "Arrays of the full size came back, with zeros outside the selection. The scores are the "
            "same up to rounding, but nothing gets cheaper, and a padded product can differ in the last bit: cut the "
            "selected rows and columns out.", masked),
    Mistake("all-incoming", "The columns of the selected units were cut out with all their rows. The rows are those of "
            "the selected units of the layer below.", all_incoming),
    Mistake("dense-edges", "Every edge among the selected units was declared free. Only edges that are nonzero in "
            "W^{t-1} are trained by Eq. 4; the zero pattern is kept.", dense_edges),
    Mistake("head-not-cut", "The head kept the rows of units that are not selected.", head_not_cut),
    Mistake("almost-zero", "Small weights were taken for zeros in edges. The proximal solvers make exact zeros, so the "
            "test is w != 0, without a tolerance.", edges_by(lambda w: np.abs(w) > 1e-6)),
    Mistake("positive-only", "Only positive weights were taken for edges. A negative weight connects as well.",
            edges_by(lambda w: w > 0)),
    Mistake("output-0-only", "The head was cut to its first output. Every output of the task is kept. Seen in the "
            "authors' released code.", one_column_head),
    Mistake("biases-of-other-units", "Biases were cut with the units of the layer below; a bias belongs to the unit "
            "above: units/0 are input features.", lambda biases, units, **rest: {"sub_biases": [
                np.take(b, below, mode="wrap") if len(b) else b for b, below in zip(biases, units)]}),
]
INSERT_MISTAKES = [
    Mistake("aliased-copy", "The result of the retraining was lost: the old weights stand where the new ones belong. "
            "A shallow copy (dict.copy, a list of the same arrays) and a write in place do this. Seen in the authors' "
            "released code.", aliased),
    Mistake("outside-zeroed", "What lies outside the selection became 0. Nothing outside changes by a bit.",
            emptied_outside),
    Mistake("columns-cleared", "The whole incoming columns of the selected units were cleared before the block was "
            "written. Edges from units that are not selected stay as they were.", whole_rows_zeroed),
    Mistake("zeros-not-written", "Zeros of the subnetwork were not put back: the old numbers stand there still. A "
            "weight that retraining made 0 is 0.", zeros_not_written),
    Mistake("added-not-replaced", "The subnetwork was added to what was there; it takes its place.", added),
    Mistake("old-zeros-kept", "Where the network has a 0, nothing was written, as if the zero pattern were kept here: "
            "the block is put back whole.", old_zeros_kept),
    Mistake("head-not-put-back", "The body was put back, the head and its bias were not. They were trained too.",
            lambda head, head_bias, **rest: {"head": head, "head_bias": head_bias}),
    Mistake("biases-forgotten", "The weights were put back, the biases were not. Biases belong to their units.",
            biases_forgotten),
    Mistake("indices-ignored", "The subnetwork was written to the first rows and columns. It goes where it was cut "
            "out, at units.", leading_places),
    Mistake("rest-of-the-head-cleared", "The head's rows of units that are not selected became 0. Nothing outside the "
            "selection changes.", lambda head, **rest: {"head": inserted(head=np.zeros_like(head), **rest)["head"]}),
]


# --- cases -------------------------------------------------------------------------------------------------------

WEIGHTS, BIASES = floats([[1, 0, 3], [4, 5, 6]], [[7, 8], [0, 10], [11, 12]]), floats([0.5, 1.5, 2.5], [3.5, -4.5])
HEAD, HEAD_BIAS = np.array([[1.0, -1], [2, -2]]), np.array([0.25, 0.75])
NETWORK = {"weights": WEIGHTS, "biases": BIASES, "head": HEAD, "head_bias": HEAD_BIAS}


def network(seed, sizes, outputs=2, density=0.7) -> dict:
    """A drawn network without lifetimes."""
    rng = np.random.default_rng(seed)
    return {"weights": [drawn(rng, pair, density) for pair in zip(sizes, sizes[1:])],
            "biases": [drawn(rng, n) for n in sizes[1:]],
            "head": drawn(rng, (sizes[-1], outputs)), "head_bias": drawn(rng, outputs)}


def subset(seed, sizes, share) -> list:
    """Random units of every layer, ascending, the input features first."""
    rng = np.random.default_rng(seed)
    return [np.flatnonzero(rng.random(n) < share) for n in sizes]


def asked(seed, sizes, share, outputs=2) -> dict:
    """A drawn network and a random share of its units."""
    return network(seed, sizes, outputs) | {"units": subset(seed + 1, sizes, share)}


def put_back(seed, asked) -> dict:
    """What is asked, with a retrained subnetwork beside it: drawn, on the edges that exist."""
    rng, small = np.random.default_rng(seed), extracted(**asked)
    return asked | {"sub_weights": [drawn(rng, w.shape) * (w != 0) for w in small["sub_weights"]],
                       "sub_biases": [drawn(rng, b.shape) for b in small["sub_biases"]],
                       "sub_head": drawn(rng, small["sub_head"].shape),
                       "sub_head_bias": drawn(rng, small["sub_head_bias"].shape)}


SOME = NETWORK | {"units": ints([1], [0, 2], [1])}
NONE, ALL = (NETWORK | {"units": ints(*units)} for units in (([], [], []), ([0, 1], [0, 1, 2], [0, 1])))
LARGE = lambda: asked(21, [9, 12, 10, 7], 0.5, 3)                                          # noqa: E731
RULE = "entry by entry, from the definition of the block"

EXTRACT_QUESTIONS = [
    Question("some", "one input of two, units 0 and 2 of three, unit 1 of two", SOME, "by hand", "exact", expected={
        "sub_weights": floats([[4, 6]], [[8], [12]]), "sub_biases": floats([0.5, 2.5], [-4.5]),
        "sub_head": np.array([[2.0, -2]]), "sub_head_bias": HEAD_BIAS,
        "edges": [np.array([[True, True]]), np.array([[True], [True]])]}),
    Question("zero-pattern", "every unit is selected: the arrays come back whole, with the mask of their zeros", ALL,
             "by hand", "exact", expected={
                 "sub_weights": WEIGHTS, "sub_biases": BIASES, "sub_head": HEAD, "sub_head_bias": HEAD_BIAS,
                 "edges": [np.array([[1, 0, 1], [1, 1, 1]], bool), np.array([[1, 1], [0, 1], [1, 1]], bool)]}),
    Question("none", "nothing is selected: empty matrices, and the head's bias", NONE, "by hand", "exact", expected={
        "sub_weights": [np.zeros((0, 0))] * 2, "sub_biases": [np.zeros(0)] * 2, "sub_head": np.zeros((0, 2)),
        "sub_head_bias": HEAD_BIAS, "edges": [np.zeros((0, 0), bool)] * 2}),
    Question("one-unit", "one unit per layer", NETWORK | {"units": ints([0], [2], [0])}, "by hand", "exact", expected={
        "sub_weights": floats([[3]], [[11]]), "sub_biases": floats([2.5], [3.5]), "sub_head": np.array([[1.0, -1]]),
        "sub_head_bias": HEAD_BIAS, "edges": [np.array([[True]])] * 2}),
    Question("tiny-and-negative", "2^-60 and -2^-60 are edges: the test is != 0", {
        "weights": floats([[2.0**-60, 0], [-2.0**-60, -1]]), "biases": floats([0, 0]),
        "head": np.array([[2.0**-60], [0]]),
        "head_bias": np.array([0.0]), "units": ints([0, 1], [0, 1])}, "by hand", "exact", expected={
            "sub_weights": floats([[2.0**-60, 0], [-2.0**-60, -1]]), "sub_biases": floats([0, 0]),
            "sub_head": np.array([[2.0**-60], [0]]), "sub_head_bias": np.array([0.0]),
            "edges": [np.array([[True, False], [True, True]])]}),
    Question("empty-middle", "nothing of the first layer is selected, something below and above it",
             NETWORK | {"units": ints([1], [], [1])}, "by hand", "exact", expected={
                 "sub_weights": [np.zeros((1, 0)), np.zeros((0, 1))], "sub_biases": floats([], [-4.5]),
                 "sub_head": np.array([[2.0, -2]]), "sub_head_bias": HEAD_BIAS,
                 "edges": [np.zeros((1, 0), bool), np.zeros((0, 1), bool)]}),
    Question("large", "three layers, about half of everything", LARGE, RULE, "exact"),
    Question("large-one-layer", "one layer", lambda: asked(23, [15, 20], 0.4, 4), RULE, "exact"),
]
INSERT_QUESTIONS = [
    Question("some", "a block of new values between input 1, units 0 and 2, and unit 1", SOME | {
        "sub_weights": floats([[-4, -6]], [[-8], [-12]]), "sub_biases": floats([0.125, 0.625], [4.5]),
        "sub_head": np.array([[3.0, 5]]), "sub_head_bias": np.array([9.0, 8])}, "by hand", "exact", expected={
                "weights": floats([[1, 0, 3], [-4, 5, -6]], [[7, -8], [0, 10], [11, -12]]),
                "biases": floats([0.125, 1.5, 0.625], [3.5, 4.5]), "head": np.array([[1.0, -1], [3, 5]]),
                "head_bias": np.array([9.0, 8])}),
    Question("unchanged", "extracting and inserting without training changes nothing",
             SOME | {name: value for name, value in extracted(**SOME).items() if name != "edges"}, "by hand", "exact",
             expected=NETWORK),
    Question("none", "nothing was selected: only the head's bias is put back", NONE | {
        "sub_weights": [np.zeros((0, 0))] * 2, "sub_biases": [np.zeros(0)] * 2, "sub_head": np.zeros((0, 2)),
        "sub_head_bias": np.array([9.0, 8])}, "by hand", "exact", expected=NETWORK | {"head_bias": np.array([9.0, 8])}),
    Question("zeros-written", "retraining has made a weight, a bias and a head weight 0: they are 0 afterwards",
             SOME | {
        "sub_weights": floats([[0, 6]], [[8], [0]]), "sub_biases": floats([0.5, 0], [-4.5]),
        "sub_head": np.array([[0.0, -2]]), "sub_head_bias": np.array([0.0, 1])}, "by hand", "exact", expected={
            "weights": floats([[1, 0, 3], [0, 5, 6]], [[7, 8], [0, 10], [11, 0]]),
            "biases": floats([0.5, 1.5, 0], [3.5, -4.5]), "head": np.array([[1.0, -1], [0, -2]]),
            "head_bias": np.array([0.0, 1])}),
    Question("empty-middle", "nothing of the first layer was selected: a bias above it and its head row are put back",
             NETWORK | {"units": ints([1], [], [1]), "sub_weights": [np.zeros((1, 0)), np.zeros((0, 1))],
                        "sub_biases": floats([], [2]), "sub_head": np.array([[3.0, 4]]),
                        "sub_head_bias": np.array([0.25, 1])}, "by hand", "exact", expected=NETWORK | {
                            "biases": floats([0.5, 1.5, 2.5], [3.5, 2]), "head": np.array([[1.0, -1], [3, 4]]),
                            "head_bias": np.array([0.25, 1])}),
    Question("new-edges", "an edge that was 0 has a weight now, as after dense selection",
             NETWORK | {"units": ints([0], [1], [1]), "sub_weights": floats([[2]], [[3]]),
                        "sub_biases": floats([1.5], [-4.5]), "sub_head": np.array([[2.0, -2]]),
                        "sub_head_bias": np.array([0.25, 1])}, "by hand", "exact", expected=NETWORK | {
                            "weights": floats([[1, 2, 3], [4, 5, 6]], [[7, 8], [0, 3], [11, 12]]),
                            "head_bias": np.array([0.25, 1])}),
    Question("everything", "every unit was selected", lambda: put_back(24, ALL), RULE, "exact"),
    Question("large", "three layers, about half of everything", lambda: put_back(25, LARGE()), RULE, "exact"),
]

UNITS = {"units/*": "int64[*]"}
ORDER = ("units/0 are input features, units/1 units of the first hidden layer, and so on; ascending (in delete_units, "
         "units/0 is the first hidden layer)")
RECIPES = [
    Recipe(
        name="extract_subnetwork",
        equation="Algorithm 2: W_l[S_{l-1}, S_l], b_l[S_l], the head's rows of S_{L-1} and its bias, and which of "
                 "these edges are nonzero.",
        inputs=BODY | UNITS, outputs=SUBNETWORK | {"edges/*": "bool[*,*]"},
        conventions=[ORDER, "cut out as small dense arrays, not masked by zeros", "edges: True where a weight is != 0"],
        oracle=extracted, mistakes=EXTRACT_MISTAKES, questions=EXTRACT_QUESTIONS),
    Recipe(
        name="insert_subnetwork",
        equation="Algorithm 2: exactly the entries that extract_subnetwork cuts out are put back; nothing else changes "
                 "by a bit.",
        inputs=BODY | UNITS | SUBNETWORK, outputs=BODY,
        conventions=[ORDER, "inputs are not modified"],
        oracle=inserted, mistakes=INSERT_MISTAKES, questions=INSERT_QUESTIONS),
]
