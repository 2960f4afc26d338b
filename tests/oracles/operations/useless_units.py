"""useless_units: which of the units introduced at t can go without changing any task's scores."""

from __future__ import annotations

import numpy as np

from tests.oracles.recipe import Mistake, Question, Recipe
from tests.oracles.small_networks import NETWORK, NEVER, drawn, drawn_network, floats, ints


class Removal:
    """One unit at a time, in no particular order, until no rule applies any more.

    A unit of this stage without nonzero incoming weights is the constant max(b, 0).  It goes if that is 0, or if all
    its nonzero outgoing edges lead to biases created at this stage, to which the constant times the weight is added.
    A unit of this stage without nonzero outgoing weights goes.  The methods below are the rules; mistakes change one.
    """

    def __init__(self, weights, biases, introduced, retired, heads, head_biases, head_stages, stage):
        self.weights, self.heads = [w.copy() for w in weights], [head.copy() for head in heads]
        self.biases, self.head_biases = [b.copy() for b in biases], [b.copy() for b in head_biases]
        self.introduced, self.head_stages, self.stage = introduced, head_stages, stage
        self.gone = [set() for _ in biases]

    def outputs(self) -> dict:
        while self.changed():
            pass
        return self.answer()

    def answer(self) -> dict:
        gone = [np.array(sorted(units), np.int64) for units in self.gone]
        return {"useless": gone, "biases": [np.delete(b, units) for b, units in zip(self.biases, gone)],
                "head_biases": self.head_biases}

    def changed(self) -> bool:
        """Remove the first unit that can go; False if there is none."""
        for l, gone in enumerate(self.gone):
            for j in range(len(self.biases[l])):
                if j not in gone and self.is_candidate(l, j) and (self.is_foldable(l, j) or self.is_dead(l, j)):
                    self.remove(l, j)
                    return True
        return False

    def is_candidate(self, l, j) -> bool:
        return self.introduced[l][j] == self.stage

    def is_constant(self, l, j) -> bool:
        return not self.weights[l][:, j].any()

    def constant(self, l, j) -> float:
        return max(self.biases[l][j], 0.0)

    def is_foldable(self, l, j) -> bool:
        young = all(introduced == self.stage for _, _, _, introduced in self.outgoing(l, j))
        return self.is_constant(l, j) and (self.constant(l, j) == 0 or young)

    def is_dead(self, l, j) -> bool:
        return not list(self.outgoing(l, j))

    def outgoing(self, l, j):
        """(matrix, bias, m, introduced) of every nonzero edge that leaves the unit."""
        if l + 1 < len(self.weights):
            targets = [(self.weights[l + 1], self.biases[l + 1], self.introduced[l + 1])]
        else:
            stages = (np.full(len(bias), stage) for bias, stage in zip(self.head_biases, self.head_stages))
            targets = list(zip(self.heads, self.head_biases, stages))
        for w, bias, introduced in targets:
            yield from ((w, bias, m, introduced[m]) for m in np.flatnonzero(w[j]))

    def remove(self, l, j):
        if self.is_constant(l, j):
            self.fold(l, j)
        self.gone[l].add(j)
        self.weights[l][:, j] = 0

    def fold(self, l, j):
        for w, bias, m, _ in list(self.outgoing(l, j)):
            bias[m] += self.constant(l, j) * w[j, m]
            w[j, m] = 0


def oracle(**inputs):
    """What the rules leave."""
    return Removal(**inputs).outputs()


# --- mistakes: one rule changed ----------------------------------------------------------------------------------


class WithoutFolding(Removal):
    """Edges are cut, constants are lost."""

    def fold(self, l, j):
        for w, _, m, _ in list(self.outgoing(l, j)):
            w[j, m] = 0


class IntoOlder(Removal):
    """Every constant goes."""

    def is_foldable(self, l, j):
        return self.is_constant(l, j)


class ConstantsStay(Removal):
    """No constant goes."""

    def is_foldable(self, l, j):
        return False


class BiasNotReLU(Removal):
    """b for max(b, 0)."""

    def constant(self, l, j):
        return self.biases[l][j]


class OlderToo(Removal):
    """Every unit is a candidate."""

    def is_candidate(self, l, j):
        return True


class Output0Only(Removal):
    """A unit that output 0 does not hear is dead."""

    def is_dead(self, l, j):
        return not any(m == 0 or l + 1 < len(self.weights) for _, _, m, _ in self.outgoing(l, j))


class OnePass(Removal):
    """Every unit is looked at as it stood before anything went."""

    def outputs(self):
        going = [(l, j) for l, b in enumerate(self.biases) for j in range(len(b))
                 if self.is_candidate(l, j) and (self.is_foldable(l, j) or self.is_dead(l, j))]
        for unit in going:
            self.remove(*unit)
        return self.answer()


class SumsForAny(Removal):
    """1 and -1 are nothing."""

    def is_constant(self, l, j):
        return self.weights[l][:, j].sum() == 0

    def is_dead(self, l, j):
        return sum(w[j].sum() for w in (self.weights[l + 1:l + 2] or self.heads)) == 0


class AlmostZero(Removal):
    """A tolerance for w == 0."""

    def is_constant(self, l, j):
        return not (np.abs(self.weights[l][:, j]) > 1e-6).any()

    def is_dead(self, l, j):
        return not any((np.abs(w[j]) > 1e-6).any() for w in (self.weights[l + 1:l + 2] or self.heads))


class ZeroIsPositive(Removal):
    """The constant 0 that feeds an older unit stays."""

    def is_foldable(self, l, j):
        young = all(introduced == self.stage for _, _, _, introduced in self.outgoing(l, j))
        return self.is_constant(l, j) and (self.biases[l][j] < 0 or young)


class SilentStays(Removal):
    """Whatever the constant is, a unit that feeds an older unit stays."""

    def is_foldable(self, l, j):
        return self.is_constant(l, j) and all(stage == self.stage for *_, stage in self.outgoing(l, j))


class PartlyFolded(Removal):
    """A constant that stays is folded all the same where it can be."""

    def changed(self):
        return super().changed() or any(self.fold_young(l, j) for l, b in enumerate(self.biases) for j in range(len(b)))

    def fold_young(self, l, j):
        if j in self.gone[l] or not self.is_candidate(l, j) or not self.is_constant(l, j):
            return False
        young = [(w, bias, m) for w, bias, m, introduced in self.outgoing(l, j) if introduced == self.stage]
        for w, bias, m in young:
            bias[m] += self.constant(l, j) * w[j, m]
            w[j, m] = 0
        return bool(young)


class OwnHeadOnly(Removal):
    """Earlier heads are not asked who hears a unit."""

    def is_dead(self, l, j):
        return not any(l + 1 < len(self.weights) or stage == self.stage for *_, stage in self.outgoing(l, j))


class ReadEarly(Removal):
    """Constants are those of the biases before anything was folded."""

    def __init__(self, biases, **inputs):
        super().__init__(biases=biases, **inputs)
        self.first = [b.copy() for b in biases]

    def constant(self, l, j):
        return max(self.first[l][j], 0.0)


class TopOnly(Removal):
    """Dead ends are looked for in the top layer."""

    def is_dead(self, l, j):
        return l + 1 == len(self.weights) and super().is_dead(l, j)


def biases_uncut(**inputs):
    """Biases of all units, those that go included."""
    rules = Removal(**inputs)
    return rules.outputs() | {"biases": rules.biases}


class OneSweep(Removal):
    """Every unit is looked at once, from the lowest layer up."""

    def outputs(self):
        for l, b in enumerate(self.biases):
            for j in range(len(b)):
                if self.is_candidate(l, j) and (self.is_foldable(l, j) or self.is_dead(l, j)):
                    self.remove(l, j)
        return self.answer()


def with_rules(rules):
    """The outputs of a Removal with other rules."""
    return lambda **inputs: rules(**inputs).outputs()


MISTAKES = [
    Mistake("constants-not-folded", "A unit without incoming weights was removed, and its constant max(b, 0) was lost. "
            "It is first added, times the outgoing weight, to the biases it feeds.", with_rules(WithoutFolding)),
    Mistake("constant-into-older-removed", "A positive constant that feeds an older unit (or the head of an earlier "
            "task) was removed. The bias it would be folded into belongs to earlier tasks too: the unit stays, with "
            "all its edges.", with_rules(IntoOlder)),
    Mistake("constants-stay", "Units without incoming weights were kept. They are constants: they go if the constant "
            "is 0 or can be folded into biases that this stage created.", with_rules(ConstantsStay)),
    Mistake("bias-not-relu", "A negative bias was folded. The constant of a unit without incoming weights is "
            "max(b, 0): a negative bias gives 0.", with_rules(BiasNotReLU)),
    Mistake("older-units-removed", "Units of earlier stages were removed. Only units introduced at this stage are "
            "candidates: older ones serve earlier tasks, and W^{t-1} keeps its indices.", with_rules(OlderToo)),
    Mistake("output-0-only", "Only output 0 of the head was looked at: a unit that serves another output was removed. "
            "Seen in the authors' released code.", with_rules(Output0Only)),
    Mistake("sums-for-any", "Weights were added up before they were compared with 0: 1 and -1 cancel, and a unit that "
            "hears and is heard was removed. Any nonzero weight counts.", with_rules(SumsForAny)),
    Mistake("almost-zero", "Small weights were taken for zeros. The proximal solvers make exact zeros, so the test is "
            "w != 0, without a tolerance.", with_rules(AlmostZero)),
    Mistake("zero-constant-stays", "A unit without incoming weights and with a bias of 0 was kept because it feeds an "
            "older unit. The constant 0 changes nothing: it goes.", with_rules(ZeroIsPositive)),
    Mistake("partly-folded", "A constant that has to stay was folded where its targets are new, and these edges were "
            "cut. It stays with all its edges, and no bias changes.", with_rules(PartlyFolded)),
    Mistake("one-pass", "Units that became useless because others went were kept. Constants are followed upwards and "
            "dead ends downwards until nothing changes.", with_rules(OnePass)),
    Mistake("silent-unit-stays", "A unit that is the constant 0, its bias being 0 or negative, was kept because it "
            "feeds an older unit. It changes nothing: it goes.", with_rules(SilentStays)),
    Mistake("own-head-only", "Only the head of the stage was asked who hears a unit; any head counts, earlier heads "
            "too.", with_rules(OwnHeadOnly)),
    Mistake("constants-read-early", "A constant was max(b, 0) of the bias as it was before others were folded into it: "
            "constants are followed upwards.", with_rules(ReadEarly)),
    Mistake("dead-ends-at-the-top-only", "Dead ends were looked for in the top layer only; they are followed down.",
            with_rules(TopOnly)),
    Mistake("biases-uncut", "biases has entries of all units; they are those of the units that stay.", biases_uncut),
    Mistake("one-sweep", "Every unit was looked at once, upwards: constants were followed, but what fed only a unit "
            "that went later is a dead end too. Look again until nothing changes.", with_rules(OneSweep)),
]

# --- cases -------------------------------------------------------------------------------------------------------


def network(weights, biases, heads, introduced, head_stages=None) -> dict:
    """Nothing has retired; one head bias of 1 per output; the last head is the newest."""
    stages = np.arange(1, len(heads) + 1) if head_stages is None else np.array(head_stages)
    heads = floats(*heads)
    return {"weights": floats(*weights), "biases": floats(*biases), "introduced": ints(*introduced),
            "retired": ints(*([NEVER] * len(born) for born in introduced)), "heads": heads,
            "head_biases": [np.ones(head.shape[1]) for head in heads], "head_stages": stages,
            "stage": int(stages[-1])}


def drawn_case(seed, n_inputs, widths, stage, new, density, outputs=1) -> dict:
    """Sparse enough that constants and dead ends abound; the heads as sparse as the rest."""
    net = drawn_network(seed, n_inputs, widths, stage, new=new, density=density, outputs=outputs)
    rng = np.random.default_rng(seed + 1)
    net["heads"] = [head * (drawn(rng, head.shape, 0.5) != 0) for head in net["heads"]]
    return net | {"stage": stage}


def nearest_weight(**inputs) -> float:
    """Every nonzero number that decides is at least this far from 0."""
    arrays = [*inputs["weights"], *inputs["heads"], *inputs["biases"]]
    return float(min((np.abs(a[a != 0]).min() for a in arrays if a.any()), default=1.0))


def question(name, about, inputs, useless, biases=None, head_biases=None, margin=nearest_weight) -> Question:
    """A question worked out by hand; biases that are not given do not change."""
    biases = floats(*biases) if biases else inputs["biases"]
    return Question(name, about, inputs, "by hand, following the rules", "exact", {"useless/*": margin}, {
        "useless": ints(*useless), "biases": [np.delete(b, gone) for b, gone in zip(biases, ints(*useless))],
        "head_biases": floats(*head_biases) if head_biases else inputs["head_biases"]})


RULE = "one unit at a time until no rule applies (not the two passes of the fast path)"
QUESTIONS = [
    question("constant-folds",
             "stage 1: unit 1 has no incoming weights and a bias of 2; 2 * 3 goes into the head's bias",
             network([[[1, 0], [1, 0]]], [[0.5, 2]], [[[1], [3]]], [[1, 1]]), [[1]], head_biases=[[7]]),
    question("constant-into-older-stays", "stage 2: a positive constant feeds an older unit and the new head",
             network([[[1, 0]], [[1, 1], [2, 1]]], [[0, 0.5], [0, 0]], [[[1], [0]], [[1], [1]]], [[1, 2], [1, 2]]),
             [[], []]),
    question("constant-into-new-folds", "stage 2: the same constant feeds only the new unit above",
             network([[[1, 0]], [[1, 1], [0, 1]]], [[0, 0.5], [0, 0]], [[[1], [0]], [[1], [1]]], [[1, 2], [1, 2]]),
             [[1], []], biases=[[0, 0.5], [0, 0.5]]),
    question("negative-constant",
             "a unit without incoming weights and with a negative bias is 0: it goes, older targets or not",
             network([[[1, 0]], [[1, 1], [2, 1]]], [[0, -0.5], [0, 0]], [[[1], [0]], [[1], [1]]],
                     [[1, 2], [1, 2]]), [[1], []]),
    question("dead-end", "a unit that nothing hears goes",
             network([[[1, 2]]], [[0.5, 2]], [[[1], [0]]], [[1, 1]]), [[1]]),
    question("second-output", "unit 1 serves the second output alone: it stays",
             network([[[1, 2]]], [[0.5, 2]], [[[1, 0], [0, 3]]], [[1, 1]]), [[]]),
    question("dead-ends-followed-down", "unit 1 of the top layer is not heard; unit 1 below feeds only that one",
             network([[[1, 2]], [[1, 0], [0, 2]]], [[0, 0], [0, 0]], [[[1], [0]]], [[1, 1], [1, 1]]), [[1], [1]]),
    question("constants-followed-up", "unit 1 below is the constant 2; unit 1 above hears nothing else, and becomes "
             "max(1 + 2 * 0.5, 0) = 2", network([[[1, 0]], [[1, 0], [0, 0.5]]], [[0, 2], [0, 1]], [[[1], [3]]],
                                                [[1, 1], [1, 1]]), [[1], [1]], [[0, 2], [0, 2]], [[7]]),
    question("constant-folds-below-0", "the constant 2 lowers the bias above to -0.5: that unit is then the constant 0",
             network([[[1, 0]], [[1, 0], [0, -0.75]]], [[0, 2], [0, 1]], [[[1], [3]]], [[1, 1], [1, 1]]),
             [[1], [1]], [[0, 2], [0, -0.5]]),
    question("older-dead-end-stays", "stage 2: an older unit that nothing hears is not a candidate",
             network([[[1, 2, 1]]], [[0, 0, 0]], [[[1], [0], [0]], [[1], [0], [2]]], [[1, 1, 2]]), [[]]),
    question("cancelling", "unit 1 hears 1 and -1, and is heard with 1 and -1: it stays",
             network([[[1, 1], [1, -1]]], [[0.5, 2]], [[[1, 0], [1, -1]]], [[1, 1]]), [[]]),
    question("tiny-weights", "weights of 2^-60 are weights: unit 1 hears one, unit 0 is heard with one",
             network([[[1, 2.0**-60]]], [[0.5, 2]], [[[2.0**-60], [1]]], [[1, 1]]), [[]], margin=None),
    question("zero-constant-into-older", "stage 2: unit 1 is always 0 and feeds an older unit; unit 2 is 1/2 and "
             "feeds a new one: both go",
             network([[[1, 0, 0]], [[1, 1], [2, 1], [0, 1]]], [[0, 0, 0.5], [0, 0]], [[[1], [0]], [[1], [1]]],
                     [[1, 2, 2], [1, 2]]), [[1, 2], []], biases=[[0, 0, 0.5], [0, 0.5]]),
    question("stages-skip", "heads of stages 1, 3 and 4: unit 1 came at 3 and stays, the constant of 4 goes into head "
             "4",
             network([[[1, 0, 0]]], [[0.5, 1, 2]], [[[1], [0], [0]], [[1], [1], [0]], [[1], [0], [3]]], [[1, 3, 4]],
                     [1, 3, 4]), [[2]], head_biases=[[1], [1], [7]]),
    question("earlier-head-hears", "stage 2: unit 1 is read by the head of stage 1 alone: it stays",
             network([[[1, 2]]], [[0, 0.5]], [[[1], [3]], [[1], [0]]], [[1, 2]]), [[]]),
    question("silent-units", "stage 2: three units that are always 0 feed older units or new ones: all go",
             network([[[1, 0, 0, 0]], [[1, 1], [2, 1], [2, 1], [0, 1]]], [[0, 0, -0.5, -0.5], [0, 0]],
                     [[[1], [0]], [[1], [1]]], [[1, 2, 2, 2], [1, 2]]), [[1, 2, 3], []]),
    question("none-useless", "every unit hears and is heard",
             network([[[1, 2]]], [[0, 0]], [[[1], [1]]], [[1, 1]]), [[]]),
    question("none-survives",
             "a first task from which nothing can be learnt: all units go, the layers end with width 0",
             network([[[0, 0]], [[0], [0]]], [[0.5, 0], [0]], [[[0]]], [[1, 1], [1]]), [[0, 1], [0]]),
    question("all-constant", "all units are constants: they fold into the head's bias, 1 + 3 * (1 + 2 * 0.5) = 7",
             network([[[0]], [[0.5]]], [[2], [1]], [[[3]]], [[1], [1]]), [[0], [0]], [[2], [2]], [[7]]),
    Question("large-stage-1", "four layers of the first stage, sparse",
             lambda: drawn_case(40, 4, [7, 7, 7, 6], 1, 0, 0.2), RULE, "exact", {"useless/*": nearest_weight}),
    Question("large", "four layers at stage 4, five new units each, sparse, two outputs",
             lambda: drawn_case(43, 4, [4, 5, 4, 3], 4, 5, 0.18, 2), RULE, "exact", {"useless/*": nearest_weight}),
]

RECIPE = Recipe(
    name="useless_units",
    equation="Algorithm 3, last line: units introduced at t go if that changes no task's scores. A unit without "
             "nonzero incoming weights is the constant max(b, 0): it goes if that is 0, or if all its outgoing edges "
             "can be folded into biases created at t, b_m += max(b_j, 0) * w_jm. A unit without nonzero outgoing "
             "weights, to any unit and any head, goes.",
    inputs=NETWORK | {"stage": "int64"},
    outputs={"useless/*": "int64[*]", "biases/*": "float64[*]", "head_biases/*": "float64[*]"},
    conventions=["only units with introduced == stage are candidates",
                 "biases created at t: those of units introduced at t, and of the head of stage t",
                 "a positive constant with an edge into an older unit stays, with all its edges",
                 "constants are followed up and dead ends down to a fixed point",
                 "useless/0 is the first hidden layer, in the indices before deletion, ascending; biases are those of "
                 "the units that stay, with the constants folded in"],
    oracle=oracle, mistakes=MISTAKES, questions=QUESTIONS)
