"""delete_units: units leave a network, the others keep their order."""

from __future__ import annotations

import numpy as np

from tests.oracles.recipe import Mistake, Question, Recipe
from tests.oracles.small_networks import NETWORK, NEVER, drawn_network, floats, ints


def without(array, gone, axis=0) -> np.ndarray:
    """The array without these indices along one axis, the highest index going first."""
    for index in sorted(map(int, gone), reverse=True):
        array = np.concatenate(np.split(array, [index, index + 1], axis)[::2], axis)
    return array


def oracle(weights, biases, introduced, retired, heads, head_biases, head_stages, units):
    """One index after the other, the highest first."""
    below = [[], *units]
    body = zip(weights, below, units)
    return {
        "weights": [without(without(w, rows), columns, 1) for w, rows, columns in body],
        "biases": [without(b, gone) for b, gone in zip(biases, units)],
        "introduced": [without(born, gone) for born, gone in zip(introduced, units)],
        "retired": [without(end, gone) for end, gone in zip(retired, units)],
        "heads": [without(head, units[-1]) for head in heads],
        "head_biases": head_biases, "head_stages": head_stages,
    }


# --- mistakes ----------------------------------------------------------------------------------------------------


def rows_kept(weights, units, **rest):
    """Only columns go."""
    return {"weights": [without(w, gone, 1) for w, gone in zip(weights, units)]}


def head_rows_kept(heads, **rest):
    """Heads as they were."""
    return {"heads": heads}


def lifetimes_kept(introduced, retired, **rest):
    """Lifetimes as they were."""
    return {"introduced": introduced, "retired": retired}


def shifting_indices(units, biases, **rest):
    """One after the other in ascending order, each index read in the arrays as they are by then."""
    return oracle(units=[_hit(len(b), gone) for b, gone in zip(biases, units)], biases=biases, **rest)


def _hit(n, gone):
    """The units that such a deletion removes; an index out of range by then is taken for the last."""
    there = list(range(n))
    return sorted(there.pop(min(int(unit), len(there) - 1)) for unit in gone)


def zeroed(weights, biases, introduced, retired, heads, head_biases, head_stages, units):
    """The units are still there, without any weights."""
    def emptied(array, gone, axis=0):
        array = array.copy()
        array[(slice(None),) * axis + (np.asarray(gone, int),)] = 0
        return array

    return {
        "weights": [emptied(emptied(w, rows), columns, 1) for w, rows, columns in zip(weights, [[], *units], units)],
        "biases": [emptied(b, gone) for b, gone in zip(biases, units)], "introduced": introduced, "retired": retired,
        "heads": [emptied(head, units[-1]) for head in heads],
    }


def complement(units, biases, **rest):
    """The units named are kept, the others deleted."""
    others = [np.setdiff1d(np.arange(len(b)), gone) for b, gone in zip(biases, units)]
    return oracle(units=others, biases=biases, **rest)


def rows_of_the_layer(weights, units, **rest):
    """A layer's own list for the rows of its matrix, but for the input features."""
    rows = [[], *units[1:]]
    return {"weights": [without(without(w, lower), upper, 1) for w, lower, upper in zip(weights, rows, units)]}


MISTAKES = [
    Mistake("rows-kept", "The columns of the deleted units are gone, their rows in the next matrix are not. A unit "
            "takes its outgoing weights with it.", rows_kept),
    Mistake("head-rows-kept", "The heads kept the rows of deleted units. Every head loses them, those of earlier tasks "
            "too.", head_rows_kept),
    Mistake("rows-of-the-layer", "Rows and columns of a matrix were deleted by the same list. Its rows are the units "
            "of the layer below, its columns those of its own.", rows_of_the_layer),
    Mistake("lifetimes-kept", "The lifetimes kept the entries of deleted units, and no longer match the weights.",
            lifetimes_kept),
    Mistake("shifting-indices", "Indices shifted: units were deleted one after the other in ascending order, each "
            "index read in the arrays as they were by then. The indices are those before deletion.", shifting_indices),
    Mistake("zeroed-not-deleted", "The units' weights were set to 0 and the units are still there. They are to be cut "
            "out of every array.", zeroed),
    Mistake("complement", "The units named were kept and the others deleted: units lists those that go.", complement),
    Mistake("newest-head-cut", "Only the newest head lost the rows of the units; every head loses them.",
            lambda heads, **rest: {"heads": [*heads[:-1], oracle(heads=heads, **rest)["heads"][-1]]}),
    Mistake("retired-kept", "introduced was cut, retired was not: both are lifetimes of the units.",
            lambda retired, **rest: {"retired": retired}),
    Mistake("input-rows-deleted", "The first matrix lost rows as well, as if its rows were units of the first hidden "
            "layer; they are input features.", lambda weights, units, **rest: {"weights": [
                without(oracle(weights=weights, units=units, **rest)["weights"][0],
                        [i for i in units[0] if i < len(weights[0])]),
                *oracle(weights=weights, units=units, **rest)["weights"][1:]]}),
    Mistake("units-from-1", "Units were counted from 1: for i, unit i - 1 went. They count from 0.",
            lambda units, biases, **rest: oracle(biases=biases, units=[
                np.unique((gone - 1) % max(len(b), 1)) for gone, b in zip(units, biases)], **rest)),
    Mistake("lifetimes-cut-at-the-end", "Lifetimes were cut to the new length, so that the last units lost theirs; the "
            "entries of the deleted units go.", lambda units, **rest: {
                name: [whole[:len(whole) - len(gone)] for whole, gone in zip(rest[name], units)]
                for name in ("introduced", "retired")}),
]

# --- cases -------------------------------------------------------------------------------------------------------

SMALL = {
    "weights": floats([[1, 2, 3, 4], [5, 6, 7, 8]], [[1, 2], [3, 4], [5, 6], [7, 8]]),
    "biases": floats([0.5, 1.5, 2.5, 3.5], [4.5, 5.5]), "introduced": ints([1, 1, 2, 2], [1, 2]),
    "retired": ints([2, NEVER, NEVER, NEVER], [NEVER, NEVER]), "heads": floats([[1], [0]], [[2], [3]]),
    "head_biases": floats([7], [8]), "head_stages": np.array([1, 2]),
}


def drawn_case(seed, share, n_inputs, widths, stage, **options) -> dict:
    """A drawn network and a random share of its units."""
    net, rng = drawn_network(seed, n_inputs, widths, stage, **options), np.random.default_rng(seed + 1)
    return net | {"units": [np.flatnonzero(rng.random(len(b)) < share) for b in net["biases"]]}


HAND, RULE = "by hand", "one index after the other, the highest first"
QUESTIONS = [
    Question("some", "units 0 and 2 of the first layer, none of the second", SMALL | {"units": ints([0, 2], [])}, HAND,
             "exact", expected=SMALL | {
                 "weights": floats([[2, 4], [6, 8]], [[3, 4], [7, 8]]), "biases": floats([1.5, 3.5], [4.5, 5.5]),
                 "introduced": ints([1, 2], [1, 2]), "retired": ints([NEVER, NEVER], [NEVER, NEVER])}),
    Question("top-layer", "a unit of the top layer goes with its row in every head", SMALL | {"units": ints([], [1])},
             HAND, "exact", expected=SMALL | {
                 "weights": floats([[1, 2, 3, 4], [5, 6, 7, 8]], [[1], [3], [5], [7]]),
                 "biases": floats([0.5, 1.5, 2.5, 3.5], [4.5]), "introduced": ints([1, 1, 2, 2], [1]),
                 "retired": ints([2, NEVER, NEVER, NEVER], [NEVER]), "heads": floats([[1]], [[2]])}),
    Question("all-survive", "nothing to delete: nothing changes", SMALL | {"units": ints([], [])}, HAND, "exact",
             expected=SMALL),
    Question("none-survive", "all units go: layers of width 0, heads without rows, and the biases of the heads",
             SMALL | {"units": ints([0, 1, 2, 3], [0, 1])}, HAND, "exact", expected=SMALL | {
                 "weights": [np.zeros((2, 0)), np.zeros((0, 0))], "biases": floats([], []), "introduced": ints([], []),
                 "retired": ints([], []), "heads": [np.zeros((0, 1))] * 2}),
    Question("one-layer-empty", "all of the first layer go, the second stays",
             SMALL | {"units": ints([0, 1, 2, 3], [])}, HAND, "exact", expected=SMALL | {
                 "weights": [np.zeros((2, 0)), np.zeros((0, 2))], "biases": floats([], [4.5, 5.5]),
                 "introduced": ints([], [1, 2]), "retired": ints([], [NEVER, NEVER])}),
    Question("square", "layers of equal width lose one unit each, another one in each; heads of stages 1, 3 and 4", {
        "weights": floats([[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[10, 11, 0], [0, 14, 15], [0, 2.5, 3.5]]),
        "biases": floats([1, 2, 3], [4, 5, 6]), "introduced": ints([1, 3, 4], [1, 1, 4]),
        "retired": ints([4, NEVER, NEVER], [3, NEVER, NEVER]), "heads": floats([[1], [2], [0]], [[0], [3], [0]],
                                                                               [[0], [4], [5]]),
        "head_biases": floats([1], [2], [3]), "head_stages": np.array([1, 3, 4]), "units": ints([0], [2])}, HAND,
        "exact",
             expected={
                 "weights": floats([[2, 3], [5, 6], [8, 9]], [[0, 14], [0, 2.5]]), "biases": floats([2, 3], [4, 5]),
                 "introduced": ints([3, 4], [1, 1]), "retired": ints([NEVER, NEVER], [3, NEVER]),
                 "heads": floats([[1], [2]], [[0], [3]], [[0], [4]]), "head_biases": floats([1], [2], [3]),
                 "head_stages": np.array([1, 3, 4])}),
    Question("large", "three layers, about a third of the units, four heads of two outputs",
             lambda: drawn_case(51, 0.35, 6, [12, 10, 9], 4, new=3, outputs=2), RULE, "exact"),
]

RECIPE = Recipe(
    name="delete_units",
    equation="Algorithm 3, last line: columns, biases and lifetimes of the units go, and their rows in the next matrix "
             "or, in the top layer, in every head.",
    inputs=NETWORK | {"units/*": "int64[*]"}, outputs=NETWORK,
    conventions=["units: one list of indices per hidden layer, units/0 the first (input features stay), ascending, "
                 "in the indices before deletion",
                 "the units that stay keep their order"],
    oracle=oracle, mistakes=MISTAKES, questions=QUESTIONS)
