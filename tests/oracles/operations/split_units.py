"""split_units: a unit that drifted too far gets its old meaning back, and its copy takes the new one (Algorithm 4)."""

from __future__ import annotations

import numpy as np

from den_ref.golden.values import DIFFERS
from tests.oracles.recipe import Mistake, Question, Recipe
from tests.oracles.small_networks import NETWORK, NEVER, drawn, drawn_network, floats, ints

BEFORE, NOW, ZERO = "W^{t-1}", "W^t", 0
#: (kind of the lower unit, kind of the upper unit) -> where the weight comes from, in the two readings.  Kinds:
#: older (introduced before t, visible to t, not split; every input feature), split (an original), copy, new (created
#: at t by Eq. 5), retired (before t).  None: does not occur.
EDGES = {
    ("split", "older"): (BEFORE, NOW), ("copy", "older"): (NOW, NOW),
    ("split", "retired"): (NOW, None), ("copy", "retired"): (ZERO, None),
    ("split", "split"): (BEFORE, BEFORE), ("copy", "split"): (ZERO, ZERO),
    ("split", "copy"): (ZERO, ZERO), ("copy", "copy"): (NOW, NOW),
    ("split", "new"): (ZERO, ZERO), ("copy", "new"): (NOW, NOW),
    ("older", "split"): (BEFORE, BEFORE), ("older", "copy"): (NOW, NOW),
    ("new", "split"): (ZERO, ZERO), ("new", "copy"): (NOW, NOW),
    ("retired", "copy"): (ZERO, None), ("retired", "split"): (NOW, None),
    ("older", "older"): (NOW, NOW), ("older", "new"): (NOW, NOW), ("new", "older"): (NOW, NOW),
    ("new", "new"): (NOW, NOW), ("older", "retired"): (NOW, None), ("new", "retired"): (NOW, None),
    ("retired", "older"): (NOW, None), ("retired", "new"): (NOW, None), ("retired", "retired"): (NOW, None),
}


class Table:
    """Every number of the network after the split, read off the table.  Mistakes change one method."""

    def __init__(self, weights, biases, introduced, retired, heads, head_biases, head_stages, previous_weights,
                 previous_biases, split, stage, original):
        self.weights, self.biases, self.introduced, self.retired = weights, biases, introduced, retired
        self.heads, self.head_biases, self.head_stages = heads, head_biases, head_stages
        self.before, self.biases_before = previous_weights, previous_biases
        self.split, self.stage, self.keep = split, stage, original == "keep"
        self.layers = [[("older", i) for i in range(len(weights[0]))], *map(self.places, range(len(biases)))]

    def places(self, l) -> list:
        """(kind, index before the split) of everything in hidden layer l, the copies last."""
        originals = sorted(map(int, self.split[l]))
        return [(self.kind(l, j, originals), j) for j in range(len(self.biases[l]))] + [("copy", j) for j in originals]

    def kind(self, l, j, originals) -> str:
        if j in originals:
            return "split"
        if self.introduced[l][j] == self.stage:
            return "new"
        return "older" if self.stage < self.retired[l][j] else "retired"

    def outputs(self) -> dict:
        layers = self.layers
        return {
            "weights": [self.filled(lower, upper, lambda a, b, l=l: self.edge(l, a, b))
                        for l, (lower, upper) in enumerate(zip(layers, layers[1:]))],
            "biases": [np.array([self.bias(l, *place) for place in layers[l + 1]], float)
                       for l in range(len(self.biases))],
            "introduced": [np.array([self.stage if kind == "copy" else self.introduced[l][j]
                                     for kind, j in layers[l + 1]], np.int64) for l in range(len(self.biases))],
            "retired": [np.array([self.end(l, *place) for place in layers[l + 1]], np.int64)
                        for l in range(len(self.biases))],
            "heads": [self.filled(layers[-1], range(head.shape[1]), lambda a, o, head=head, stage=stage:
                                  self.head_entry(head[a[1], o], a[0], stage))
                      for head, stage in zip(self.heads, self.head_stages)],
            "head_biases": self.head_biases, "head_stages": self.head_stages,
        }

    @staticmethod
    def filled(rows, columns, entry) -> np.ndarray:
        """entry(row, column) everywhere."""
        matrix = np.zeros((len(rows), len(columns)))
        for i, row in enumerate(rows):
            for j, column in enumerate(columns):
                matrix[i, j] = entry(row, column)
        return matrix

    def source(self, lower, upper):
        """BEFORE, NOW or ZERO."""
        return EDGES[lower, upper][self.keep]

    def edge(self, l, lower, upper) -> float:
        (lower_kind, i), (upper_kind, m) = lower, upper
        source = self.source(lower_kind, upper_kind)
        return ZERO if source == ZERO else (self.weights if source == NOW else self.before)[l][i, m]

    def bias(self, l, kind, j) -> float:
        return self.biases_before[l][j] if kind == "split" else self.biases[l][j]

    def end(self, l, kind, j) -> int:
        if kind == "copy":
            return NEVER
        return self.stage if kind == "split" and not self.keep else self.retired[l][j]

    def head_entry(self, weight, kind, stage) -> float:
        return ZERO if kind == ("split" if stage == self.stage else "copy") else weight


def oracle(**inputs):
    """Everything by the table."""
    return Table(**inputs).outputs()


# --- mistakes: one rule changed ----------------------------------------------------------------------------------


class NotRestored(Table):
    """The original keeps what it drifted to."""

    def source(self, lower, upper):
        return NOW if upper == "split" and lower in ("older", "split") else super().source(lower, upper)

    def bias(self, l, kind, j):
        return self.biases[l][j]


class Aliased(Table):
    """What is old and what is new are the same arrays: copies are copies of the old unit."""

    def edge(self, l, lower, upper):
        old = upper[0] == "copy" and self.source(lower[0], upper[0]) == NOW
        if old and lower[1] < len(self.before[l]) and lower[0] != "new":
            return self.before[l][lower[1], upper[1]]
        return super().edge(l, lower, upper)

    def bias(self, l, kind, j):
        return self.biases_before[l][j] if kind == "copy" else super().bias(l, kind, j)


class BiasesLeft(Table):
    """Biases are not restored."""

    def bias(self, l, kind, j):
        return self.biases[l][j]


class OutgoingInFull(Table):
    """The copy gets all outgoing weights, and the original keeps them: the sums above double."""

    def source(self, lower, upper):
        return NOW if lower == "split" and upper in ("older", "new", "copy") else super().source(lower, upper)

    def head_entry(self, weight, kind, stage):
        return weight if stage == self.stage else super().head_entry(weight, kind, stage)


class OutgoingHalved(OutgoingInFull):
    """Original and copy share what they feed."""

    def edge(self, l, lower, upper):
        half = lower[0] in ("split", "copy") and upper[0] in ("older", "new", "copy")
        return super().edge(l, lower, upper) * (0.5 if half else 1)

    def head_entry(self, weight, kind, stage):
        half = stage == self.stage and kind in ("split", "copy")
        return super().head_entry(weight, kind, stage) * (0.5 if half else 1)


class CopiesHalved(Table):
    """What a copy feeds is halved, whoever hears the original."""

    def edge(self, l, lower, upper):
        return super().edge(l, lower, upper) * (0.5 if lower[0] == "copy" else 1)

    def head_entry(self, weight, kind, stage):
        return super().head_entry(weight, kind, stage) * (0.5 if kind == "copy" else 1)


class OldHeadsSeeCopies(Table):
    """Earlier heads get rows for copies."""

    def head_entry(self, weight, kind, stage):
        return weight if stage != self.stage else super().head_entry(weight, kind, stage)


class HeadKeepsOriginal(Table):
    """The head of t is not handed over."""

    def head_entry(self, weight, kind, stage):
        return ZERO if kind == "copy" else weight


class OtherReading(Table):
    """keep for retire, and the reverse."""

    def __init__(self, original, **inputs):
        super().__init__(original="keep" if original == "retire" else "retire", **inputs)

    def source(self, lower, upper):
        return super().source(lower, upper) if EDGES[lower, upper][1] is not None else EDGES[lower, upper][0]


class OneStageLate(Table):
    """retired = t + 1."""

    def end(self, l, kind, j):
        return self.stage + 1 if kind == "split" and not self.keep else super().end(l, kind, j)


class HearsWhatIsNew(Table):
    """The original keeps its edges from units created at t, and from copies."""

    def source(self, lower, upper):
        return NOW if (lower, upper) in (("new", "split"), ("copy", "split")) else super().source(lower, upper)


class CopyFeedsRetired(Table):
    """Rows and columns of a copy are those of its original, without a look at who had retired by then."""

    def source(self, lower, upper):
        return NOW if (lower, upper) in (("copy", "retired"), ("retired", "copy")) else super().source(lower, upper)


class CopyBornWithOriginal(Table):
    """Copies inherit the stage as well."""

    def outputs(self):
        return super().outputs() | {"introduced": [np.array([self.introduced[l][j] for _, j in self.layers[l + 1]],
                                                            np.int64) for l in range(len(self.biases))]}


class CopiesCut(Table):
    """Each layer was split as if the others were not: the edges between two copies are missing."""

    def source(self, lower, upper):
        return ZERO if (lower, upper) == ("copy", "copy") else super().source(lower, upper)


class Swapped(Aliased):
    """The copy is what the unit was, and the original what it has become."""

    def source(self, lower, upper):
        return NOW if upper == "split" and lower in ("older", "split") else super().source(lower, upper)

    def bias(self, l, kind, j):
        return self.biases_before[l][j] if kind == "copy" else self.biases[l][j]


class RetiredInclusive(Table):
    """Who retires at t is still there."""

    def kind(self, l, j, originals):
        kind = super().kind(l, j, originals)
        return "older" if kind == "retired" and self.retired[l][j] == self.stage else kind


class Beside(Table):
    """Every copy stands right behind its original."""

    def places(self, l):
        return sorted(super().places(l), key=lambda place: (place[1], place[0] == "copy"))


class CopiesOneLate(Table):
    """Copies carry the stage t + 1."""

    def outputs(self):
        late = [np.array([self.stage + 1 if kind == "copy" else self.introduced[l][j] for kind, j in places], np.int64)
                for l, places in enumerate(self.layers[1:])]
        return super().outputs() | {"introduced": late}


class OriginalsLeaveEveryHead(Table):
    """Rows of originals are 0 in earlier heads, too."""

    def head_entry(self, weight, kind, stage):
        return ZERO if kind == "split" else super().head_entry(weight, kind, stage)


class KeepRetires(Table):
    """Originals retire under "keep" as well."""

    def end(self, l, kind, j):
        return self.stage if kind == "split" else super().end(l, kind, j)


def with_rules(rules):
    """The outputs of a Table with other rules."""
    return lambda **inputs: rules(**inputs).outputs()


def with_edges(changes):
    """The outputs of a Table with other entries."""
    class Changed(Table):
        def source(self, lower, upper):
            return changes.get((lower, upper), super().source(lower, upper))

    return with_rules(Changed)


def fresh_biases(split, **rest):
    """Biases of copies have no single wrong value."""
    return {f"biases/{l}": DIFFERS for l, units in enumerate(split) if len(units)}


def fresh_head_rows(split, heads, **rest):
    """Nor have their head rows."""
    return {f"heads/{i}": DIFFERS for i in range(len(heads)) if len(split[-1])}


def no_copies(weights, biases, **rest):
    """The network as it was."""
    return {"weights": weights, "biases": biases} | {name: rest[name] for name in ("introduced", "retired", "heads")}


MISTAKES = [
    Mistake("not-restored", "The originals kept the weights they drifted to. An original gets its incoming weights and "
            "bias of W^{t-1} back; the drifted ones go to its copy.", with_rules(NotRestored)),
    Mistake("aliased-copy", "The copies are copies of the old units: the weights of W^{t-1} had already overwritten "
            "those of W^t when they were read. Take both from arrays of their own. Seen in the authors' released code.",
            with_rules(Aliased)),
    Mistake("biases-forgotten", "The originals kept their drifted biases. A bias is restored with its unit.",
            with_rules(BiasesLeft)),
    Mistake("fresh-biases", "The copies got biases of their own. A copy takes its original's bias of W^t. Seen in the "
            "authors' released code (random ones).", fresh_biases),
    Mistake("fresh-head-rows", "The copies got head rows of their own. In the head of t a copy takes its original's "
            "row, in earlier heads 0. Seen in the authors' released code (random ones).", fresh_head_rows),
    Mistake("outgoing-in-full", "The outgoing weights were copied, and the original kept them: every sum above counts "
            "the unit twice. What t created, copies included, and the head of t hear the copy alone. Seen in the "
            "authors' released code.", with_rules(OutgoingInFull)),
    Mistake("outgoing-halved", "The outgoing weights were shared half and half between original and copy. That is "
            "Net2Net, where both are equal; here they differ.", with_rules(OutgoingHalved)),
    Mistake("old-heads-see-copies", "Heads of earlier tasks read the copies; their rows there are 0.",
            with_rules(OldHeadsSeeCopies)),
    Mistake("head-keeps-original", "The head of t still reads the originals. It reads the copies in their place.",
            with_rules(HeadKeepsOriginal)),
    Mistake("other-reading", "This is the other reading: look at the input original. \"retire\": the original no "
            "longer serves from t on, and feeds older units as in W^{t-1}. \"keep\": t and later see both, and both "
            "feed them as in W^t.", with_rules(OtherReading)),
    Mistake("retired-one-late", "The originals retire one stage too late. A lifetime [introduced, retired) does not "
            "contain its end: retired = t.", with_rules(OneStageLate)),
    Mistake("original-hears-new-units", "The originals hear units created at t, or copies. An original hears what "
            "there was at t-1, and nothing else.", with_rules(HearsWhatIsNew)),
    Mistake("copy-meets-retired", "A copy is connected with units that retired before it came. An edge between units "
            "whose lifetimes do not overlap is 0.", with_rules(CopyFeedsRetired)),
    Mistake("copy-born-with-original", "The copies carry the stage of their originals. A copy is introduced at t, or "
            "earlier tasks would see it.", with_rules(CopyBornWithOriginal)),
    Mistake("copies-not-connected", "The edges between the copies of two layers are missing: the layers were split "
            "one by one. If i and m both split, i' -> m' is W^t[i, m].", with_rules(CopiesCut)),
    Mistake("original-and-copy-swapped", "The copies got the weights of W^{t-1}, the originals kept the drifted ones: "
            "the wrong way round, since earlier tasks read the originals.", with_rules(Swapped)),
    Mistake("retired-inclusive", "A unit that retires at this very stage was treated as one that the stage sees. The "
            "lifetime [introduced, retired) does not contain its end.", with_rules(RetiredInclusive)),
    Mistake("copies-beside-originals", "Every copy was put right behind its original. Copies are appended at the end "
            "of the layer, so that W^{t-1} keeps its indices.", with_rules(Beside)),
    Mistake("not-split", "Nothing was split: the network came back as it was. The units of split are duplicated, "
            "whatever their drift.", no_copies),
    Mistake("copies-one-late", "The copies carry the stage t + 1: they are introduced one stage too late.",
            with_rules(CopiesOneLate)),
    Mistake("originals-leave-every-head", "The rows of the originals became 0 in earlier heads, too: the earlier tasks "
            "read the original, and lose it.", with_rules(OriginalsLeaveEveryHead)),
    Mistake("keep-retires", "The originals retired although they are to keep serving: look at the input original.",
            with_rules(KeepRetires)),
    Mistake("edges-to-older-not-restored", "\"retire\": what an original feeds into older units stayed as in W^t; it "
            "is put back to W^{t-1}.", with_edges({("split", "older"): NOW})),
    Mistake("copy-feeds-no-older-unit", "The copies feed no older unit: an edge of a copy into an older unit is that "
            "of W^t.", with_edges({("copy", "older"): ZERO})),
    Mistake("edges-to-retired-cut", "Edges of originals into retired units were cut: earlier tasks read them still.",
            with_edges({("split", "retired"): ZERO})),
    Mistake("new-units-hear-originals", "Units created at t went on hearing the originals. New units hear the copies "
            "in their place.", with_edges({("split", "new"): NOW, ("copy", "new"): ZERO})),
    Mistake("copies-hear-no-new-units", "The copies do not hear the units created at t; their column is that of W^t, "
            "new units' rows included.", with_edges({("new", "copy"): ZERO})),
    Mistake("copies-halved", "The copies' outgoing weights were halved, as when original and copy share them "
            "(Net2Net); a copy takes them in full.", with_rules(CopiesHalved)),
]

# --- cases -------------------------------------------------------------------------------------------------------

#: Stage 3.  In each of two hidden layers: r (retired at 2), i (splits), k (stays), n (new).  The edge from a to b is
#: 1 + a/4 + b/16 in W^{t-1} and 2 + a/4 + b/16 in W^t: every number tells where it came from.
R, I, K, N = range(4)


def told(base, n_rows, n_columns) -> np.ndarray:
    """base + row / 4 + column / 16."""
    return base + np.arange(n_rows)[:, None] / 4 + np.arange(n_columns)[None] / 16


def table_network(original) -> dict:
    """The network above, legal in the reading: with "keep" nothing has retired."""
    retire = original == "retire"
    before, now = [told(1, 2, 3), told(1, 3, 3)], [told(2, 2, 4), told(2, 4, 4)]
    biases = floats([5 if retire else 9, 10, 11, 12], [5 if retire else 9, 10, 11, 12])
    if retire:
        for w, old in zip(now, before):
            w[:len(old), R] = old[:, R]
        now[1][R, :3], now[1][R, N], now[1][N, R] = before[1][R], 0, 0
    gone = [2 if retire else NEVER, NEVER, NEVER, NEVER]
    return {
        "weights": now, "biases": biases, "introduced": ints([1, 1, 1, 3], [1, 1, 1, 3]), "retired": ints(gone, gone),
        "heads": floats([[1], [2], [3], [0]], [[0 if retire else 4], [5], [6], [0]],
                        [[0 if retire else 7], [8], [9], [10]]),
        "head_biases": floats([0.25], [0.5], [0.75]), "head_stages": np.array([1, 2, 3]),
        "previous_weights": before, "previous_biases": floats([5, 6, 7], [5, 6, 7]), "stage": 3, "original": original,
    }


def drawn_case(seed, share, original, n_inputs=5, widths=(8, 7, 6), stage=4, new=3, outputs=2) -> dict:
    """A drawn network, W^{t-1} elsewhere for what the stage sees, and a random subset to split."""
    net = drawn_network(seed, n_inputs, widths, stage, new=new, outputs=outputs, density=0.8,
                        retire=0.4 if original == "retire" else 0)
    rng = np.random.default_rng(seed + 1)
    split = [np.flatnonzero((born < stage) & (stage < gone) & (rng.random(len(born)) < share))
             for born, gone in zip(net["introduced"], net["retired"])]
    alive = [np.ones(n_inputs, bool), *((stage < gone)[:n] for gone, n in zip(net["retired"], widths))]
    sizes = [n_inputs, *widths]
    then = [w[:a, :b].copy() for w, a, b in zip(net["weights"], sizes, sizes[1:])]
    for w, rows, columns in zip(then, alive, alive[1:]):
        w += drawn(rng, w.shape, 0.7) * np.outer(rows, columns)
    biases = [b[:n] + drawn(rng, n) * kept for b, n, kept in zip(net["biases"], widths, alive[1:])]
    return net | {"previous_weights": then, "previous_biases": biases, "split": split, "stage": stage,
                  "original": original}


def one_layer(original) -> dict:
    """One unit of two splits; its weight went from 1 to 2, its bias from 0.5 to 0.25."""
    return {
        "weights": floats([[2, 3]]), "biases": floats([0.25, 1]), "introduced": ints([1, 1]),
        "retired": ints([NEVER, NEVER]), "heads": floats([[4], [5]], [[6], [7]]), "head_biases": floats([8], [9]),
        "head_stages": np.array([1, 2]), "previous_weights": floats([[1, 3]]), "previous_biases": floats([0.5, 1]),
        "split": ints([0]), "stage": 2, "original": original}


def after_one_layer(end) -> dict:
    """By hand: the original as at t-1, its copy at the end."""
    return {
        "weights": floats([[1, 3, 2]]), "biases": floats([0.5, 1, 0.25]), "introduced": ints([1, 1, 2]),
        "retired": ints([end, NEVER, NEVER]), "heads": floats([[4], [5], [0]], [[0], [7], [6]]),
        "head_biases": floats([8], [9]), "head_stages": np.array([1, 2])}


def same_network(**inputs) -> dict:
    """A network as an answer."""
    return {name: inputs[name] for name in (pattern.split("/")[0] for pattern in NETWORK)}


READINGS = ("retire", "keep")
TABLE = "every number by its row of the edge table"
QUESTIONS = [
    *(Question(f"one-layer-{reading}",
               "one of two units splits; earlier heads keep the original, the head of t the copy",
               one_layer(reading), "by hand", "exact", expected=after_one_layer(2 if reading == "retire" else NEVER))
      for reading in READINGS),
    *(Question(f"lower-unit-{reading}", "a unit of the lower layer splits, none above",
               table_network(reading) | {"split": ints([I], [])}, TABLE, "exact") for reading in READINGS),
    *(Question(f"upper-unit-{reading}", "a unit of the upper layer splits, none below",
               table_network(reading) | {"split": ints([], [I])}, TABLE, "exact") for reading in READINGS),
    *(Question(f"both-layers-{reading}", "a lower and an upper unit split at once, beside units that stay, came new"
               + (" or retired" if reading == "retire" else ""),
               table_network(reading) | {"split": ints([I], [I])}, TABLE, "exact") for reading in READINGS),
    *(Question(f"everything-{reading}", "every unit older than t and visible to it splits",
               table_network(reading) | {"split": ints(*[[I, K] if reading == "retire" else [R, I, K]] * 2)}, TABLE,
               "exact") for reading in READINGS),
    *(Question(f"nothing-{reading}", "nothing splits: nothing changes",
               table_network(reading) | {"split": ints([], [])}, "by hand", "exact",
               expected=same_network(**table_network(reading))) for reading in READINGS),
    *(Question(f"retires-now-{where}", f"unit 0 {where} retires at this very stage, the other unit 0 retired before: "
               "neither meets a copy", table_network("retire") | {
                   "retired": ints(*([gone, NEVER, NEVER, NEVER] for gone in ends)), "split": ints([I], [I])},
               TABLE, "exact") for where, ends in (("below", (3, 2)), ("above", (2, 3)))),
    *(Question(f"stages-skip-{reading}", "heads of stages 1, 2 and 4; stage 4: the head of 4 reads the copy",
               table_network(reading) | {
                   "stage": 4, "head_stages": np.array([1, 2, 4]), "introduced": ints([1, 1, 1, 4], [1, 1, 1, 4]),
                   "split": ints([I, K], [K])}, TABLE, "exact") for reading in READINGS),
    *(Question(f"large-{reading}", "three layers at stage 4, about half of what can split does, two outputs",
               lambda reading=reading, seed=seed: drawn_case(seed, 0.5, reading), TABLE, "exact")
      for reading, seed in zip(READINGS, (71, 73))),
]

RECIPE = Recipe(
    name="split_units",
    equation="Algorithm 4: the original i gets its incoming weights and bias of W^{t-1} back; the copy i', introduced "
             "at t, takes those of W^t. original = \"retire\": t and later see the copy in its place; \"keep\": they "
             "see both. Edge by edge: the table in docs/readings.md.",
    inputs=NETWORK | {"previous_weights/*": "float64[*,*]", "previous_biases/*": "float64[*]", "split/*": "int64[*]",
                      "stage": "int64", "original": "string"},
    outputs=NETWORK,
    conventions=["weights, biases and heads are W^t before the split; previous_... are W^{t-1}, whose units are the "
                 "first ones of each layer",
                 "split/0 is the first hidden layer: units introduced before stage and visible to it, all layers at "
                 "once, so that the order of the layers does not matter",
                 "copies are appended in ascending order of their originals, with lifetime [stage, never)",
                 "an edge between units whose lifetimes do not overlap, and a head row of a unit that its stage does "
                 "not see, is 0", "never retired is 2147483647"],
    oracle=oracle, mistakes=MISTAKES, questions=QUESTIONS)
