"""den_trace: three tasks from the beginning to the end, and the state after every box of Algorithm 1."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import lru_cache
from itertools import islice

import numpy as np

from den_ref.golden.values import DIFFERS, decode, encode, flatten, gather
from tests.oracles.recipe import Mistake, Question, Recipe
from tests.oracles.trace import STATE, Run

from . import predict_task, unit_drift
from .split_units import Aliased


# --- what goes in and comes out ----------------------------------------------------------------------------------

BOXES = {
    "eq2": STATE, "eq3": STATE, "eq4": STATE, "eq5": STATE, "eq6": STATE, "eq6_after": STATE,
    "select": {"selected/*": "int64[*]"}, "loss": {"value": "float64", "expand": "bool"},
    "prune": {"useless/*": "int64[*]"} | STATE,
    "split": {"rho/*": "float64[*]", "split/*": "int64[*]", "introduced/*": "int64[*]", "retired/*": "int64[*]"}
    | STATE,
}
ORDER = [*((1, box) for box in ("eq2", "prune")),
         *((t, box) for t in (2, 3) for box in ("eq3", "select", "eq4", "loss", "eq5", "prune", "eq6", "split",
                                                "eq6_after"))]


def box_of(name: str):
    """(t, box) of an output, or None at the end."""
    field = name.split("/")[0]
    return next(((t, box) for t, box in ORDER for own in BOXES[box]
                 if field == f"t{t}_{box}_{own.split('/')[0]}"), None)


def _declared(t, box) -> dict:
    """The fields of a box."""
    return {f"t{t}_{box}_{name}": kind for name, kind in BOXES[box].items()}


NUMBERS = ("step", "mu", "mu_head", "mu_l2", "gamma", "lam", "tau")
INPUTS = {
    "x/*": "float64[*,*]", "y/*": "float64[*,*]", "weights/*": "float64[*,*]", "biases/*": "float64[*]",
    "head": "float64[*,*]", "head_bias": "float64[*]", "new_weights/*": "float64[*,*]", "new_head": "float64[*,*]",
    **dict.fromkeys(NUMBERS, "float64"), "steps": "int64", "sigma": "float64[*]", "k": "int64"}
OUTPUTS = {name: kind for t, box in ORDER for name, kind in _declared(t, box).items()} | {
    "end_logits/*": "float64[*,*]"}


def oracle(**inputs):
    """Everything a run tells."""
    return Run(**inputs).outputs()


# --- mistakes: one method changed --------------------------------------------------------------------------------


class ThresholdNotScaled(Run):
    """mu, not step * mu."""

    def threshold(self, step, mu):
        return mu


class BiasesPenalised(Run):
    """L1 on all there is."""

    def is_penalised(self, name):
        return True


class UselessStay(Run):
    """Nothing is ever removed."""

    def prune(self, t):
        return {"useless": [np.zeros(0, np.int64) for _ in self.net["biases"]]} | self.state()


class OneGradientStep(Run):
    """From the zero head, where every probability is 1/2."""

    def solve_head(self, h, y):
        slope = (np.full(y.shape, Decimal("0.5")) - y) / Decimal(len(h))
        return -Decimal(self.options.step) * (h.T @ slope), -Decimal(self.options.step) * slope.sum(axis=0)


class ZeroEdgesFree(Run):
    """Eq. 4 fills the zeros."""

    def connected(self, w):
        return np.ones(w.shape, bool)


class Swapped(Run):
    """Groups first, entries second."""

    def sparse_group(self, z, mu, gamma, group, old):
        short = np.where(group, self.shrunk_columns(np.where(group, z, Decimal(0)), gamma), z)
        return self.soft(short, mu)


class Rows(Run):
    """Groups across, not down."""

    def sparse_group(self, z, mu, gamma, group, old):
        thin = self.soft(z, mu)
        return np.where(group, self.shrunk_columns(np.where(group, thin, Decimal(0)).T, gamma).T, thin)


class CutInTwo(Run):
    """Edges from old and from new units are two groups."""

    def sparse_group(self, z, mu, gamma, group, old):
        from_old, from_new = (super(CutInTwo, self).sparse_group(z, mu, gamma, group & rows[:, None], old)
                              for rows in (old, ~old))
        return np.where(old[:, None], from_old, from_new)


class HalfFactor(Run):
    """(lam / 2) * norm^2."""

    def factor_eq6(self):
        return 1


class BackEdgesPulled(Run):
    """What an older unit hears from new ones is pulled to 0."""

    def anchors(self):
        weights, biases, edges, units = super().anchors()
        return weights, biases, [np.outer(a, b) for a, b in zip(self.rows_seen(), units)], units


class Output0Only(Run):
    """One column of the new head."""

    def selected(self):
        whole = self.net
        self.net = whole | {"heads": [head[:, :1] for head in whole["heads"]]}
        selected = super().selected()
        self.net = whole
        return selected

    def solve_eq4(self, selected):
        """What is not selected is cut out meanwhile, although other outputs hear it."""
        head = self.net["heads"][-1]
        chosen = np.isin(np.arange(len(head)), selected[-1])[:, None]
        self.net = self.net | {"heads": [*self.net["heads"][:-1], head * chosen]}
        super().solve_eq4(selected)
        self.net["heads"][-1] = np.where(chosen, self.net["heads"][-1], head)


class AliasedWeights(Run):
    """W^{t-1} is W."""

    def anchor(self):
        return self.net["weights"], self.net["biases"]


class OutgoingDrift(Run):
    """Rows, not columns."""

    def drift(self, **inputs):
        return super().drift(**inputs) | unit_drift.outgoing(**inputs)


class RelativeDrift(Run):
    """As a share of what a unit was."""

    def drift(self, **inputs):
        return super().drift(**inputs | {"drift": "relative"})


class OnlyAfterExpansion(Run):
    """As the released code indents it."""

    def splits(self, expanded):
        return expanded


class SplitOnce(Run):
    """Algorithm 4 ends with the split."""

    def split_stage(self):
        return islice(super().split_stage(), 2)


class Kept(Run):
    """The other reading."""

    def original(self):
        return "keep"


class CopiesOfTheOld(Run):
    """Weights were restored before they were copied."""

    def duplicated(self, **inputs):
        return Aliased(**inputs).outputs()


class NoTimestamps(Run):
    """Everybody who has not retired answers."""

    def logits(self, t):
        everyone = predict_task.with_seeing(lambda born, gone, stage: stage < gone)
        return everyone(x=self.x[t - 1], stage=t, **self.net)["logits"]


@lru_cache(maxsize=8)
def _told(rules, key: bytes) -> dict:
    """The run with these inputs, once: a right run serves every mistake."""
    run = rules(**gather({name: decode(value) for name, value in json.loads(key).items()}, INPUTS))
    return run.outputs() | {"nearest": float(run.nearest)}


def told(rules, inputs) -> dict:
    """One name per array of what a run tells."""
    key = json.dumps({name: encode(value) for name, value in flatten(inputs, INPUTS)})
    return {f"{name}/{i}" if isinstance(value, list) else name: one for name, value in _told(rules, key).items()
            for i, one in enumerate(value if isinstance(value, list) else [value])}


def run_as(rules):
    """What a run with another rule tells: numbers in the first box that is wrong, then only which are wrong."""
    def outputs(**inputs):
        right, wrong = told(Run, inputs), told(rules, inputs)
        differing = [name for name in right if name not in wrong or not _alike(wrong[name], right[name])]
        first = box_of(differing[0]) if differing else None
        return {name: wrong[name] if name in wrong and box_of(name) == first else DIFFERS
                for name in differing if name != "nearest"}

    return outputs


def _alike(one, other) -> bool:
    """Within the tolerance of the case, or better."""
    one, other = np.asarray(one), np.asarray(other)
    return one.shape == other.shape and np.allclose(one.astype(float), other.astype(float), rtol=1e-9, atol=5e-7)


MISTAKES = [
    Mistake("threshold-not-scaled", "Eq. 2: the soft threshold is mu itself. The prox of a step of length s has the "
            "threshold s * mu. Seen in the authors' released code.", run_as(ThresholdNotScaled)),
    Mistake("l1-on-biases", "Eq. 2: biases are soft-thresholded too. Only weights are penalised. Seen in the authors' "
            "released code.", run_as(BiasesPenalised)),
    Mistake("useless-units-stay", "Units without any effect were left in the network. At the end of stage 1, and of "
            "every expansion, useless units of that stage are removed.", run_as(UselessStay)),
    Mistake("one-gradient-step", "Eq. 3: one gradient step instead of a solution. No head weight is exactly 0, and "
            "everything is selected. Seen in the authors' released code.", run_as(OneGradientStep)),
    Mistake("output-0-only", "Algorithm 2: only output 0 of the new head decides which units are selected. Any output "
            "does. Seen in the authors' released code.", run_as(Output0Only)),
    Mistake("zero-edges-free", "Eq. 4: edges that are 0 in W^{t-1} were trained. Only the nonzero edges among the "
            "selected units are free.", run_as(ZeroEdgesFree)),
    Mistake("shrinkages-swapped", "Eq. 5: groups were shrunk before the entries. The prox soft-thresholds first and "
            "shrinks the groups second. Seen, without any order, in the authors' released code.", run_as(Swapped)),
    Mistake("rows-as-groups", "Eq. 5: the groups are rows. A group is all incoming weights of one new unit, a column.",
            run_as(Rows)),
    Mistake("group-cut-in-two", "Eq. 5: a new unit's weights from old and from new units are two groups. They are one. "
            "Seen in the authors' released code.", run_as(CutInTwo)),
    Mistake("half-factor", "Eq. 6: the penalty is (lam/2) * norm^2. It is lam * norm(W - W^{t-1})^2, without a half.",
            run_as(HalfFactor)),
    Mistake("new-to-older-edges-pulled", "Eq. 6: edges from new units into older ones were pulled to 0. Only what "
            "existed at t-1 has an anchor.", run_as(BackEdgesPulled)),
    Mistake("aliased-copy", "Eq. 6: W^{t-1} is the same array as W, so that nothing is pulled back, nothing drifts and "
            "nothing is split. Seen in the authors' released code (a shallow copy).", run_as(AliasedWeights)),
    Mistake("outgoing-weights", "Algorithm 4: drift was measured over outgoing weights. It is over the incoming ones "
            "and the bias.", run_as(OutgoingDrift)),
    Mistake("relative-drift", "Algorithm 4: drift was divided by the norm of W^{t-1}. It is absolute here.",
            run_as(RelativeDrift)),
    Mistake("copies-of-the-old", "Algorithm 4: the copies are copies of the old units: their weights were read after "
            "those of W^{t-1} had been put back. Seen in the authors' released code.", run_as(CopiesOfTheOld)),
    Mistake("other-reading", "Algorithm 4: the originals stay in service. Here they retire (split_original = "
            "\"retire\"): from t on the copy stands in.", run_as(Kept)),
    Mistake("split-only-after-expansion", "Algorithm 4 was skipped because no expansion took place. It runs for every "
            "t > 1. Seen in the authors' released code.", run_as(OnlyAfterExpansion)),
    Mistake("no-second-eq6", "Algorithm 4: Eq. 6 is solved again after the split, whether or not anything was split.",
            run_as(SplitOnce)),
    Mistake("old-tasks-see-new-units", "The weights are right, but earlier tasks read units that came later. A stage "
            "t sees a unit iff introduced <= t < retired.", run_as(NoTimestamps)),
]

# --- cases -------------------------------------------------------------------------------------------------------

#: Rows of the table of starting weights: more units than any layer ever has.
MANY = 16


def drawn_run(seed, sizes=(3, 5, 4), outputs=1, **options) -> dict:
    """Eight samples of three inputs per task, labels by random half-spaces, and every number a run starts with."""
    rng, n, k = np.random.default_rng(seed), 8, 2

    def sixteenths(*shape, scale=1.0):
        return np.round(rng.normal(size=shape) * scale * 16) / 16

    start = {
        "weights": [sixteenths(a, b, scale=np.sqrt(2 / a)) for a, b in zip(sizes, sizes[1:])],
        "biases": [sixteenths(b, scale=0.2) for b in sizes[1:]],
        "head": sixteenths(sizes[-1], outputs, scale=0.8), "head_bias": np.zeros(outputs)}
    x = [sixteenths(n, 3) for _ in range(3)]
    y = [np.hstack([_half_space(rng, inputs, bent=t == 1) for _ in range(outputs)]) for t, inputs in enumerate(x)]
    new = {"new_weights": [sixteenths(rows, k, scale=0.5) for rows in (3, *[MANY] * (len(sizes) - 2))],
           "new_head": sixteenths(k, outputs, scale=0.5)}
    numbers = {"step": 0.5, "steps": 12, "mu": 0.035, "mu_head": 0.06, "mu_l2": 0.02, "gamma": 0.05, "lam": 0.02,
               "tau": 0.25, "sigma": np.array([0.35, 0.3]), "k": k}
    return {"x": x, "y": y} | start | new | numbers | options


def _half_space(rng, x, bent) -> np.ndarray:
    """0 and 1, half of each; ``bent`` mixes in abs(x)."""
    scores = x @ rng.normal(size=x.shape[1]) + (0.5 * np.abs(x) @ rng.normal(size=x.shape[1]) if bent else 0)
    return (scores > np.median(scores)).astype(np.float64)[:, None]


def distance(what):
    """How far the nearest decision is from its threshold: drifts from sigma, losses from tau, weights from 0."""
    def nearest(**inputs):
        run, found = told(Run, inputs), [1.0]
        if what == "zeros":
            return run["nearest"]
        for name, value in run.items():
            if what == "split" and "_split_rho/" in name:
                found += list(abs(value - inputs["sigma"][int(name[-1])]))
            if what == "loss" and name.endswith("_loss_value"):
                found.append(abs(value - inputs["tau"]))
        return float(min(found))

    return nearest


ORACLE = "Algorithm 1 from its equations on masked arrays, in 50-digit decimals; Eq. 3 certified to a residual of 1e-30"
MARGINS = {f"t{t}_{box}": distance(what) for t in (2, 3)
           for box, what in (("split_split/*", "split"), ("loss_expand", "loss"), ("select_selected/*", "zeros"))}


def question(name, about, seed, **options) -> Question:
    """A drawn run."""
    return Question(name, about, lambda: drawn_run(seed, **options), ORACLE, TOLERANCE, MARGINS)


#: Stage 1 is compared as double precision, what follows Eq. 3 as the answer of a solver.
TOLERANCE = {name.split("/")[0]: "exact" if kind.startswith(("int", "bool")) else "f64" if name[:2] == "t1" else "solve"
             for name, kind in OUTPUTS.items()}
QUESTIONS = [
    question("three-tasks",
             "stage 2 selects, expands, prunes and splits in both layers; stage 3 splits without expanding",
             165),
    question("two-expansions", "stages 2 and 3 both expand; the second time, beside units that have retired", 20),
    question("nothing-selected",
             "stage 1 prunes; the second task's head stays empty: no Eq. 4, Algorithm 3 decides", 149),
    question("three-layers",
             "three hidden layers, two outputs; at stage 2 units retire beside new ones; stage 3 adds and splits "
             "nothing",
             138, sizes=(3, 4, 4, 4), outputs=2, mu=0.02, gamma=0.03, tau=0.9,
             sigma=np.array([0.8, 0.7, 0.6])),
]

RECIPE = Recipe(
    name="den_trace",
    equation="Algorithm 1. t = 1: solve Eq. 2 (eq2), remove useless units (prune). t > 1: solve Eq. 3 (eq3), walk down "
             "(select), solve Eq. 4 (eq4), measure L_t (loss); if L_t > tau: append k units and solve Eq. 5 (eq5), "
             "remove the useless ones (prune); then solve Eq. 6 (eq6), split what drifted (split), and solve Eq. 6 "
             "again (eq6_after).",
    inputs=INPUTS, outputs=OUTPUTS,
    conventions=[
        "x/0, y/0 are the first task's samples and labels (0 or 1); the loss is the mean sigmoid cross-entropy, and "
        "L_t is taken on these samples, without penalties",
        "every solve but Eq. 3 is `steps` times w <- prox(w - step * gradient, step), all free weights at once, from "
        "the weights as they are; Eq. 3 is solved from zero to a residual of at most 1e-9",
        "weights, biases, head, head_bias: the start of stage 1. The head of a later task starts at 0",
        "new_weights/l are the incoming weights that the k new units of hidden layer l start with: row r is for unit "
        "(or input feature) r of the array below, its new units included; there are more rows than units, and those of "
        "units that the stage does not see are not used. new_head are the new units' rows in the head of t; biases and "
        "edges into older units start at 0",
        "options as printed, but for originals, which retire: drift is absolute, Eq. 6 before and after the split, "
        "weight decay 0; sigma has one number per hidden layer",
        "t2_eq4_heads/0 is the head of task 1 after that box, and so on; a box that does not take place is left out",
        "end_logits/i: of task i+1 on its own samples, by the final network"],
    oracle=oracle, mistakes=MISTAKES, questions=QUESTIONS)
