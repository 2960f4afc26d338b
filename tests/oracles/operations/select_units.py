"""select_units: the walk of Algorithm 2, from the new head down to the input features."""

from __future__ import annotations

import numpy as np

from tests.oracles.recipe import Mistake, Question, Recipe
from tests.oracles.small_networks import LIFETIMES, NEVER, drawn, drawn_network, floats, ints, visible


def everything(n_inputs, introduced, retired, stage) -> list:
    """Per layer, the input features first: does the stage see the unit?"""
    return [np.ones(n_inputs, bool), *(visible(born, gone, stage) for born, gone in zip(introduced, retired))]


def oracle(stage, head, weights, introduced, retired, current_weights):
    """Of every unit: is there a path of nonzero edges, through units the stage sees, from it to an output?"""
    seen = everything(len(weights[0]), introduced, retired, stage)
    edges = [*weights, head]

    def is_heard(layer, unit):
        if layer == len(edges):
            return True
        return bool(seen[layer][unit]) and any(
            edges[layer][unit, above] != 0 and is_heard(layer + 1, above) for above in range(edges[layer].shape[1]))

    return {"selected": [np.array([i for i in range(len(w)) if is_heard(layer, i)], np.int64)
                         for layer, w in enumerate(edges)]}


def walk(stage, head, weights, introduced, retired, current_weights, *, edge=lambda w: w != 0, lifetimes=True,
         joins=lambda rows: rows.any(axis=1)):
    """The walk in matrices, with a rule for what counts as an edge: the ground on which the mistakes stand."""
    seen = everything(len(weights[0]), introduced, retired, stage)
    selected = [np.flatnonzero(joins(edge(head)) & (seen[-1] | (not lifetimes)))]
    for w, here in zip(reversed(weights), reversed(seen[:-1])):
        selected.insert(0, np.flatnonzero(joins(edge(w)[:, selected[0]]) & (here | (not lifetimes))))
    return {"selected": selected}


def output_0_only(head, **rest):
    """One column of the head."""
    return walk(head=head[:, :1], **rest)


def todays_weights(current_weights, weights, **rest):
    """Edges of the network as it is now."""
    return walk(weights=current_weights, current_weights=current_weights, **rest)


def positive_only(**inputs):
    """w > 0 for w != 0."""
    return walk(edge=lambda w: w > 0, **inputs)


def almost_zero(**inputs):
    """A tolerance for w != 0."""
    return walk(edge=lambda w: np.abs(w) > 1e-6, **inputs)


def retired_selected(**inputs):
    """Lifetimes ignored."""
    return walk(lifetimes=False, **inputs)


def no_walk(stage, weights, introduced, retired, **rest):
    """The top layer's units, and all that is seen below."""
    seen = everything(len(weights[0]), introduced, retired, stage)
    top = walk(stage=stage, weights=weights, introduced=introduced, retired=retired, **rest)["selected"][-1]
    return {"selected": [*map(np.flatnonzero, seen[:-1]), top]}


def joins_any(stage, head, weights, introduced, retired, current_weights):
    """An edge to any unit above that is seen will do."""
    seen = everything(len(weights[0]), introduced, retired, stage)
    heard = [(w[:, above] != 0).any(axis=1) for w, above in zip(weights, seen[1:])] + [(head != 0).any(axis=1)]
    return {"selected": [np.flatnonzero(here & there) for here, there in zip(seen, heard)]}


def all_when_none(**inputs):
    """All that is seen, if nothing is selected."""
    selected = walk(**inputs)["selected"]
    seen = everything(len(inputs["weights"][0]), inputs["introduced"], inputs["retired"], inputs["stage"])
    return {"selected": selected if len(selected[-1]) else [np.flatnonzero(units) for units in seen]}


def sums_for_any(**inputs):
    """The sum of a row for any of it."""
    return walk(joins=lambda rows: rows.sum(axis=1) != 0, edge=lambda w: w, **inputs)


def retired_inclusive(retired, **rest):
    """introduced <= t <= retired."""
    return walk(retired=[np.minimum(gone + 1, NEVER) for gone in retired], **rest)


def introduced_exclusive(introduced, **rest):
    """introduced < t < retired."""
    return walk(introduced=[born + 1 for born in introduced], **rest)


def later_units(introduced, **rest):
    """t < retired alone."""
    return walk(introduced=[np.ones_like(born) for born in introduced], **rest)


def filtered_at_the_end(weights, introduced, retired, stage, **rest):
    """The walk goes through every unit; what the stage does not see is taken out of its answer."""
    seen = everything(len(weights[0]), introduced, retired, stage)
    found = walk(weights=weights, introduced=introduced, retired=retired, stage=stage, lifetimes=False, **rest)
    return {"selected": [units[here[units]] for units, here in zip(found["selected"], seen)]}


def transposed(weights, **rest):
    """Columns for rows: cannot run unless every matrix is square."""
    square = all(w.shape[0] == w.shape[1] for w in weights)
    return walk(weights=[w.T for w in weights], **rest) if square else {}


MISTAKES = [
    Mistake("output-0-only", "Only output 0 of the head decides whether a unit is selected: a unit that serves another "
            "output alone is lost. A unit counts if its head weight is nonzero for any output. Seen in the authors' "
            "released code.", output_0_only),
    Mistake("todays-weights", "The edges were read from the weights as they are now. The walk goes through W^{t-1}, "
            "the network at the end of the stage before; only the head is new.", todays_weights),
    Mistake("positive-only", "Only positive weights were taken for connections. A negative weight connects as well: "
            "the test is w != 0.", positive_only),
    Mistake("almost-zero", "Small weights were taken for zeros. The proximal solvers make exact zeros, so the test is "
            "w != 0, without a tolerance.", almost_zero),
    Mistake("retired-units", "Units that this stage does not see were selected: retired ones still have edges into "
            "units that are alive. Only units with introduced <= t < retired can join.", retired_selected),
    Mistake("no-walk", "The head's units were selected, and below them everything that the stage sees. A unit of a "
            "lower layer joins only if it has a nonzero edge to a selected unit of the layer above.", no_walk),
    Mistake("all-when-none", "Nothing was selected, and the whole network was taken instead. An empty selection is an "
            "answer: the head is its bias alone, and Algorithm 3 decides.", all_when_none),
    Mistake("sums-for-any", "Weights were added up before they were compared with 0: 1 and -1 cancel, and the unit is "
            "lost. It joins if any of its weights is nonzero.", sums_for_any),
    Mistake("retired-inclusive", "A unit was selected in the stage at which it retires. The lifetime [introduced, "
            "retired) does not contain its end.", retired_inclusive),
    Mistake("introduced-exclusive", "A unit was not selected in the very stage that introduced it. The lifetime "
            "[introduced, retired) contains its beginning.", introduced_exclusive),
    Mistake("later-units", "Units of later stages were selected: only their end was looked at. Only units with "
            "introduced <= t < retired can join.", later_units),
    Mistake("filtered-at-the-end", "The walk went through units that this stage does not see, and these were taken out "
            "at the end: what leads to them alone was selected. They are out before the walk goes on.",
            filtered_at_the_end),
    Mistake("weights-transposed", "Rows and columns were mixed up: entry [i, j] leads from unit i of the layer below "
            "to unit j of the layer above.", transposed),
    Mistake("inputs-not-walked", "All input features were selected; a feature joins only if it has a nonzero edge to a "
            "selected unit.", lambda weights, **rest: {"selected": [
                np.arange(len(weights[0])), *walk(weights=weights, **rest)["selected"][1:]]}),
    Mistake("head-weights-summed", "A unit's weights in the head were added up before they were compared with 0, over "
            "outputs: 1 and -1 cancel.", lambda head, **rest: walk(
                head=(head.sum(axis=1, keepdims=True) != 0) * 1.0, **rest)),
    Mistake("edges-summed", "Edges to the selected units above were added up before they were compared with 0: 1 and "
            "-1 cancel.", lambda head, **rest: walk(head=(head != 0).any(axis=1, keepdims=True) * 1.0,
                                                 joins=lambda rows: rows.sum(axis=1) != 0, edge=lambda w: w, **rest)),
    Mistake("edges-to-any-unit", "A unit joined for an edge to any unit above, selected or not: the walk goes down "
            "from the units that are selected.", joins_any),
]


def asked(stage, head, weights, introduced=None, retired=None, current_weights=None) -> dict:
    """Inputs; without lifetimes all units live for ever, without ``current_weights`` nothing below the head moved."""
    weights = floats(*weights)
    return {
        "stage": stage, "head": np.array(head, np.float64), "weights": weights,
        "introduced": ints(*(introduced or [[1] * w.shape[1] for w in weights])),
        "retired": ints(*(retired or [[NEVER] * w.shape[1] for w in weights])),
        "current_weights": floats(*current_weights) if current_weights else [w.copy() for w in weights],
    }


def drawn_question(seed, n_inputs, widths, stage, **options) -> dict:
    """A drawn network, its last head sparse, as a question."""
    network, rng = drawn_network(seed, n_inputs, widths, stage, **options), np.random.default_rng(seed + 1)
    head = network["heads"][-1] * (rng.random((len(network["heads"][-1]), 1)) < 0.4)
    moved = [w + drawn(rng, w.shape, 0.3) * (w == 0) for w in network["weights"]]
    return asked(stage, head, network["weights"], network["introduced"], network["retired"], moved)


#: Three inputs, layers of three and two units; unit 0 of the top layer hears units 0 and 2, which hear inputs 0 and 1.
LOWER = [[1.0, 0, 0], [0, 0.5, -2], [0, 1.5, 0]]
UPPER = [[0.25, 0], [0, 3], [-0.5, 0]]
BY_HAND, DRAWN = "by hand, following the edges", "search for a path of nonzero edges from every unit to an output"


def smallest(**inputs) -> float:
    """Every nonzero weight is at least this far from 0, where a unit would be deselected."""
    sizes = [np.abs(w[w != 0]) for w in (inputs["head"], *inputs["weights"], *inputs["current_weights"])]
    return float(min((size.min() for size in sizes if size.size), default=1.0))


def question(name, about, inputs, *selected, margin=smallest) -> Question:
    """A question; with ``selected``, one worked out by hand."""
    expected = {"selected": ints(*selected)} if selected else None
    return Question(name, about, inputs, BY_HAND if selected else DRAWN, "exact", {"selected/*": margin}, expected)


QUESTIONS = [
    question("two-layers", "one unit of the top layer is read, and what it hears is followed down to the inputs",
             asked(2, [[1.0], [0]], [LOWER, UPPER]), [0, 1], [0, 2], [0]),
    question("second-output-only", "three outputs; unit 1 of the top layer is read by the second output alone",
             asked(2, [[0, 0, 0], [0, -0.5, 0]], [LOWER, UPPER]), [1, 2], [1], [1]),
    question("several-outputs", "two outputs read different units: the selection is the union",
             asked(2, [[0, 1.0], [2, 0]], [LOWER, UPPER]), [0, 1, 2], [0, 1, 2], [0, 1]),
    question("negative-weights", "every connection of the selected path is negative",
             asked(2, [[-1.0], [0.5]], [[[-1.0, 0], [0, 2]], [[-3.0, 0], [0, -1]]]), [0, 1], [0, 1], [0, 1]),
    question("nothing-selected", "the head is all zeros: the selection is empty in every layer",
             asked(2, [[0.0], [0]], [LOWER, UPPER]), [], [], []),
    question("everything-selected", "a dense head on a dense network",
             asked(2, np.ones((2, 1)), [np.ones((3, 2)), np.full((2, 2), -0.5)]), [0, 1, 2], [0, 1], [0, 1]),
    question("one-unit", "one input, one unit, one output", asked(2, [[0.5]], [[[2.0]]]), [0], [0]),
    question("dead-ends", "a unit that feeds nothing is left out; a selected unit without incoming edges ends the walk",
             asked(2, [[1.0], [0]], [[[0.0, 1, 2], [0, 3, 4]], [[0.5, 0], [0, 0], [0, 1]]]), [], [0], [0]),
    question("tiny-weight", "a weight of 2^-60 is a connection: the test is != 0",
             asked(2, [[2.0**-60], [1]], [[[2.0**-60, 0], [0, 1]]]), [0, 1], [0, 1], margin=None),
    question("retired-unit", "unit 0 of the lower layer retired at stage 2 and still has an edge into unit 0 above",
             asked(3, [[1.0], [0]], [[[1.0, 0, 0], [0, 0.5, -2]], [[0.25, 0], [2, 3], [0, 1]]],
                   [[1, 1, 2], [1, 1]], [[2, NEVER, NEVER], [NEVER, NEVER]]), [1], [1], [0]),
    question("weights-have-moved",
             "unit 0 heard input 0 in W^{t-1} and hears input 2 now: the walk follows the old edge",
             asked(2, [[1.0], [0]], [LOWER, UPPER], current_weights=[[[0, 0, 0], [0, 0.5, -2], [1, 1.5, 0]], UPPER]),
             [0, 1], [0, 2], [0]),
    question("empty-layer", "a layer of width 0 cuts the walk",
             asked(2, [[1.0], [1]], [np.zeros((2, 0)), np.zeros((0, 2))]), [], [], [0, 1]),
    question("cancelling", "the weights of a head row, and those of a lower unit, add up to 0: both units join",
             asked(2, [[1.0, -1, 0], [2, 1, 0], [1, 0, 0]], [[[1.0, 0], [0, 2]], [[0.0, 1, -1], [1, 0, 2]]]),
             [0, 1], [0, 1], [0, 1, 2]),
    question("retires-now", "unit 0 of the lower layer retires at this very stage, unit 1 retired before: neither is "
             "seen",
             asked(3, [[1.0]], [np.eye(3), [[2.0], [1], [3]]], [[1, 1, 2], [1]], [[3, 2, NEVER], [NEVER]]), [2], [2],
             [0]),
    question("comes-now", "unit 1 of the lower layer was introduced at this very stage: it is seen",
             asked(3, [[1.0]], [[[1.0, 0], [0, 1]], [[2.0], [1]]], [[1, 3], [1]]), [0, 1], [0, 1], [0]),
    question("comes-later", "an early task, a network that has grown since: unit 1 below came later, unit 2 had "
             "retired",
             asked(3, [[1.0]], [np.eye(3), [[2.0], [1], [3]]], [[1, 4, 1], [1]], [[NEVER, NEVER, 2], [NEVER]]), [0],
             [0],
             [0]),
    question("square", "all layers are equally wide: rows are units of the layer below, columns those above",
             asked(2, [[1.0], [0]], [[[0, 0.5], [0, 0]], [[0.0, 0], [3, 0]]]), [0], [1], [0]),
    question("large", "four layers, three outputs, units of five stages, some retired",
             lambda: drawn_question(11, 14, [16, 14, 12, 9], 6, density=0.14, outputs=3, retire=0.4)),
    question("large-one-layer", "one wide layer, five outputs",
             lambda: drawn_question(12, 24, [30], 4, density=0.2, outputs=5, retire=0.4)),
]

RECIPE = Recipe(
    name="select_units",
    equation="Algorithm 2, the walk: S starts with the units of the top layer whose weight in the new head (Eq. 3) is "
             "nonzero for any output; a unit of layer l-1, and an input feature, joins S if it has a nonzero edge in "
             "W^{t-1} to a unit of layer l in S.",
    inputs={"stage": "int64", "head": "float64[*,*]", "weights/*": "float64[*,*]"} | LIFETIMES
    | {"current_weights/*": "float64[*,*]"},
    outputs={"selected/*": "int64[*]"},
    conventions=["weights are W^{t-1}; head is the solution of Eq. 3, one row per unit of the top layer's array",
                 "current_weights are those of the network now: the same, unless something moved them meanwhile",
                 "a stage t sees a unit iff introduced <= t < retired; only such units join",
                 "nonzero means != 0, whatever the size and the sign",
                 "selected/0 are input features, selected/1 the units of the first hidden layer, and so on; ascending "
                 "(as units/0 in extract_subnetwork; in delete_units it is the first hidden layer)"],
    oracle=oracle, mistakes=MISTAKES, questions=QUESTIONS)
