"""Synaptic intelligence: the path integral along proximal steps, the importance after tasks, the surrogate loss."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import normals
from tests.oracles.recipe import Mistake, Question, Recipe

from .pulls import EXPLICIT

BY_HAND = "by hand"
DECIMALS = "the formula in 50-digit decimals, step after step, one task after the other"

# --- the path integral (Eq. 3) -----------------------------------------------------------------------------------


def walk(term=lambda g, penalised, before, after, free: -g * (after - before), *, strength=2, explicit=False,
         anchored=True, whole=lambda terms, **way: sum(terms)):
    """An oracle: proximal gradient steps, and ``whole`` of the terms that they bring."""
    @hp.in_fifty_digits
    def outputs(w, gradients, step, c, importance, anchor):
        start, terms, pull = w, [], strength * c * importance
        anchor = anchor * int(anchored)
        for g in gradients:
            before, penalised = w, g + 2 * c * importance * (w - anchor)
            free = before - step * g
            w = (free + step * pull * anchor) / (1 + step * pull)
            if explicit:
                w = before - step * penalised
            terms.append(term(g, penalised, before, w, free))
        return {"w": w, "omega": whole(terms, start=start, end=w, last=gradients[-1])}

    return outputs


def walk_case(seed, n, steps, c, step=0.2) -> dict:
    """Weights, gradients that turn as they go, an importance per weight, some 0."""
    return {"w": normals(seed, n), "gradients": [normals(seed + 1 + k, n) for k in range(steps)], "step": step, "c": c,
            "importance": np.round(np.maximum(normals(seed + 40, n), 0), 6), "anchor": normals(seed + 50, n)}


PATH = Recipe(
    name="si_path_integral",
    equation="omega = sum over steps of -g (w after - w before), for every weight, along proximal gradient steps of L "
             "+ c sum over i of Omega_i (w_i - anchor_i)^2: z = w - step g, then w = (z + s anchor) / (1 + s) with s = "
             "2 c step Omega (Zenke et al. 2017, Eq. 3)",
    inputs={"w": "float64[*]", "gradients/*": "float64[*]", "step": "float64", "c": "float64",
            "importance": "float64[*]", "anchor": "float64[*]"},
    outputs={"w": "float64[*]", "omega": "float64[*]"},
    conventions=["gradients/k is the gradient of the data loss alone at the weights before step k, whatever these are",
                 "the move is that of the whole step, the pull included", "no half in the penalty: its strength is 2 c "
                 "Omega",
                 "omega is not clamped: a weight that moved against its gradient has a negative one"],
    oracle=walk(),
    mistakes=[
        Mistake("penalised-gradient", "The gradient of the whole loss was summed, the pull included; it is that of the "
                "data loss alone. (Seen in two public frameworks.)",
                walk(lambda g, penalised, before, after, free: -penalised * (after - before))),
        Mistake("move-of-the-gradient-alone", "The move was taken as -step g; it is all that the step moved, the pull "
                "included.", walk(lambda g, penalised, before, after, free: -g * (free - before))),
        Mistake("sign", "The sum has the other sign: a loss that falls gives a positive omega.",
                walk(lambda g, penalised, before, after, free: g * (after - before))),
        Mistake("absolute-terms", "Absolute values were summed; terms may cancel.",
                walk(lambda g, penalised, before, after, free: abs(g * (after - before)))),
        Mistake("clamped-each-step", "Every step's term was clamped at 0; nothing is clamped before the task ends.",
                walk(lambda g, penalised, before, after, free: np.maximum(-g * (after - before), Decimal(0)))),
        Mistake("squared-gradients", "Squared gradients were summed: that is an empirical Fisher information, not a "
                "path integral.", walk(lambda g, penalised, before, after, free: g * g)),
        Mistake("last-step-only", "omega was overwritten by every step; it is a sum over them.",
                walk(whole=lambda terms, **way: terms[-1])),
        Mistake("one-rectangle", "The last gradient was multiplied with the move of the whole task; each step has its "
                "own gradient.", walk(whole=lambda terms, start, end, last: -last * (end - start))),
        Mistake("mean-over-steps", "The terms were averaged over steps; they are summed.",
                walk(whole=lambda terms, **way: sum(terms) / len(terms))),
        Mistake("half-factor", "The pull was halved: the surrogate loss c Omega (w - anchor)^2 has no factor 1/2.",
                walk(strength=1)),
        Mistake("gradient-for-prox", EXPLICIT, walk(explicit=True)),
        Mistake("anchor-ignored", "Weights were pulled to 0; they are pulled to where the last task left them.",
                walk(anchored=False)),
    ],
    questions=[
        Question("by-hand", "two steps of two weights, one of them pulled half way to its anchor",
                 {"w": np.array([1.0, 2]), "gradients": [np.array([2.0, -1]), np.array([1.0, -2])], "step": 0.5,
                  "c": 1.0,
                  "importance": np.array([1.0, 0]), "anchor": np.array([1.0, 0])},
                 "by hand: the first goes 1, 1/2, 1/2, the second 2, 5/2, 7/2",
                 expected={"w": np.array([0.5, 3.5]), "omega": np.array([1.0, 2.5])}),
        Question("no-pull", "c = 0: plain gradient descent, omega = step times the squared gradients",
                 {"w": np.array([1.0, -1]), "gradients": [np.array([2.0, 0]), np.array([-1.0, 3])], "step": 0.25,
                  "c": 0.0,
                  "importance": np.array([1.0, 2]), "anchor": np.array([5.0, 5])}, BY_HAND,
                 expected={"w": np.array([0.75, -1.75]), "omega": np.array([1.25, 2.25])}),
        Question("pulled-uphill", "a strong pull moves weights against their gradient: omega is negative",
                 {"w": np.array([2.0, 2]), "gradients": [np.array([-1.0, 1]), np.array([-1.0, 1])], "step": 0.5,
                  "c": 4.0,
                  "importance": np.array([2.0, 0.5]), "anchor": np.array([0.0, 4])}, DECIMALS),
        Question("several-steps", "eight weights, five steps", lambda: walk_case(1, 8, 5, 0.7), DECIMALS),
        Question("larger", "twenty weights, nine steps", lambda: walk_case(60, 20, 9, 2.5, 0.1), DECIMALS),
    ])

# --- the importance (Eq. 5) --------------------------------------------------------------------------------------


def clamped(total, gained):
    """max(0, Omega + gained)."""
    return np.maximum(total + gained, Decimal(0))


def importance(add=clamped, *, gain=lambda path, move, xi: path / (move ** 2 + xi), last=lambda total, n: total,
               path_of=lambda paths, k: paths[k], start_of=lambda learnt, k: learnt[k], tasks=slice(None)):
    """An oracle: what each task gains, added up one task after the other."""
    @hp.in_fifty_digits
    def outputs(paths, learnt, xi):
        total = 0 * paths[0]
        for k in range(len(paths))[tasks]:
            move = learnt[k + 1] - start_of(learnt, k)
            moved = np.array([m != 0 or xi != 0 for m in move])
            gained = 0 * total
            gained[moved] = gain(path_of(paths, k)[moved], move[moved], xi)
            total = add(total, gained)
        return {"importance": last(total, len(paths))}

    return outputs


def with_damping(outputs):
    """A mistake that shows where there is a damping."""
    return lambda xi, **given: outputs(xi=xi, **given) if xi else {}


def nan_where_it_stood(paths, learnt, xi):
    """0 / 0."""
    right = importance()(paths=paths, learnt=learnt, xi=xi)["importance"]
    stood = np.any([after == before for before, after in zip(learnt, learnt[1:])], axis=0)
    return {"importance": np.where(stood & (xi == 0), np.nan, right)}


def importance_case(seed, n, n_tasks, xi) -> dict:
    """Paths of either sign, weights that wander."""
    learnt = np.cumsum([normals(seed + 20 + k, n, scale=0.5) for k in range(n_tasks + 1)], axis=0).round(6)
    return {"paths": [(normals(seed + k, n) + 0.3).round(6) for k in range(n_tasks)], "learnt": list(learnt), "xi": xi}


TWO_TASKS = {"paths": [np.array([1.0, -1, 2]), np.array([0.5, 2, -6])],
             "learnt": [np.array([0.0, 0, 1]), np.array([0.5, 1, 2]), np.array([1.0, 3, 1])]}

IMPORTANCE = Recipe(
    name="si_importance",
    equation="after every task Omega = max(0, Omega + omega / (Delta^2 + xi)), Delta = w after the task - w before it, "
             "from Omega = 0 (Zenke et al. 2017, Eq. 5; the clamp is in the authors' code)",
    inputs={"paths/*": "float64[*]", "learnt/*": "float64[*]", "xi": "float64"},
    outputs={"importance": "float64[*]"},
    conventions=["paths/k is omega of task k alone, learnt/0 the weights before the first task, learnt/k+1 those after "
                 "task k",
                 "the sum is clamped after every task, not the task's own term",
                 "a weight that did not move gains nothing, at xi = 0 too", "nothing limits Omega from above"],
    oracle=importance(),
    mistakes=[
        Mistake("clamped-before-the-sum", "The task's own term was clamped at 0 before it was added; the sum is "
                "clamped.",
                importance(lambda total, gained: total + np.maximum(gained, Decimal(0)))),
        Mistake("not-clamped", "Omega may become negative, which pushes weights away; it is clamped at 0 after every "
                "task.",
                importance(lambda total, gained: total + gained)),
        Mistake("clamped-at-the-end", "The clamp came once, after the last task; it comes after every task.",
                importance(lambda total, gained: total + gained,
                           last=lambda total, n: np.maximum(total, Decimal(0)))),
        Mistake("start-overwritten", "The weights at the start of the task were overwritten before the division, so "
                "that the move is 0 and the denominator xi. (Seen in a public framework.)",
                with_damping(importance(gain=lambda path, move, xi: path / xi))),
        Mistake("clipped-above", "Omega was cut off at 0.001; nothing limits it. (Seen in a public framework, which "
                "follows another paper.)", importance(last=lambda total, n: np.minimum(total, Decimal("0.001")))),
        Mistake("damping-missing", "xi was left out of the denominator.",
                with_damping(importance(gain=lambda path, move, xi: path / move ** 2))),
        Mistake("damping-inside-the-square", "xi was added to the move before it was squared; it is added to the "
                "square.",
                with_damping(importance(gain=lambda path, move, xi: path / (abs(move) + xi) ** 2))),
        Mistake("move-not-squared", "omega was divided by the move; it is divided by its square.",
                importance(gain=lambda path, move, xi: path / (abs(move) + xi))),
        Mistake("last-task-only", "Only the last task counts; importance accumulates.",
                importance(tasks=slice(-1, None))),
        Mistake("move-since-the-beginning", "The move was measured from where the first task began; every task has its "
                "own start.", importance(start_of=lambda learnt, k: learnt[0])),
        Mistake("path-not-reset", "omega was not set to 0 after a task, so that earlier paths are counted again.",
                importance(path_of=lambda paths, k: sum(paths[:k + 1]))),
        Mistake("running-mean", "Omega was averaged over tasks; it is summed.",
                importance(last=lambda total, n: total / n)),
        Mistake("absolute-path", "The absolute value of omega was taken; a negative one lowers Omega.",
                importance(gain=lambda path, move, xi: abs(path) / (move ** 2 + xi))),
        Mistake("divided-by-zero", "A weight that did not move is 0 / 0 without damping; it gains nothing.",
                nan_where_it_stood),
    ],
    questions=[
        Question("by-hand", "two tasks, three weights; the second term of one is so negative that the sum is clamped",
                 {**TWO_TASKS, "xi": 0.25}, "by hand: 2, -4/5 (clamped), 8/5, then + 1, + 8/17, - 24/5 (clamped)",
                 expected={"importance": np.array([3.0, 2 / 4.25, 0])}),
        Question("one-task", "nothing came before", {"paths": [np.array([1.0, -2, 0.5])], "xi": 1.0,
                                                     "learnt": [np.zeros(3), np.array([1.0, 1, 3])]}, BY_HAND,
                 expected={"importance": np.array([0.5, 0, 0.05])}),
        Question("a-weight-that-stood-still", "no damping, and a weight that neither moved nor lowered the loss",
                 {"paths": [np.array([1.0, 0]), np.array([2.0, 3])], "xi": 0.0,
                  "learnt": [np.array([0.0, 1]), np.array([2.0, 1]), np.array([3.0, 3])]}, BY_HAND,
                 expected={"importance": np.array([2.25, 0.75])}),
        Question("hardly-any-damping", "xi = 1e-12: a start that was overwritten shows at once",
                 lambda: importance_case(1, 6, 2, 1e-12), DECIMALS),
        Question("three-tasks", "ten weights, the authors' damping for permuted MNIST",
                 lambda: importance_case(3, 10, 3, 0.1), DECIMALS),
        Question("five-tasks", "twelve weights, the authors' damping for split MNIST",
                 lambda: importance_case(9, 12, 5, 1e-3), DECIMALS),
    ])

# --- the surrogate loss (Eq. 4) ----------------------------------------------------------------------------------


def surrogate(value=1, slope=2, weights=lambda omega: omega, anchored=True):
    """value * c sum of Omega (w - anchor)^2, and slope * c Omega (w - anchor)."""
    @hp.in_fifty_digits
    def outputs(w, c, importance, anchor):
        omega, away = weights(importance), w - anchor * int(anchored)
        return {"value": value * c * hp.total(omega * away ** 2), "gradient": slope * c * omega * away}

    return outputs


def as_it_is_written(w, c, importance, anchor):
    """The value as the formula has it, its gradient by central differences."""
    @hp.in_fifty_digits
    def outputs(w, c, importance, anchor):
        def penalty():
            return c * hp.total(importance * (w - anchor) ** 2)

        return {"value": penalty(), "gradient": hp.central_differences(penalty, w)}

    return outputs(w=w, c=c, importance=importance, anchor=anchor)


HALF = Decimal("0.5")

PENALTY = Recipe(
    name="si_penalty",
    equation="c sum over i of Omega_i (w_i - anchor_i)^2 and its gradient: what SI adds to a task's loss (Zenke et al. "
             "2017, Eq. 4)",
    inputs={"w": "float64[*]", "c": "float64", "importance": "float64[*]", "anchor": "float64[*]"},
    outputs={"value": "float64", "gradient": "float64[*]"},
    conventions=["no factor 1/2: Omega itself tends to half the curvature of a quadratic loss",
                 "a sum over weights, not a mean", "anchor is where the last task left the weights"],
    oracle=as_it_is_written,
    mistakes=[
        Mistake("half-factor", "The penalty was halved, as EWC's is; SI's has no factor 1/2.", surrogate(HALF, 1)),
        Mistake("gradient-of-the-half", "The gradient is that of half the penalty; its factor is 2 c.",
                surrogate(slope=1)),
        Mistake("anchor-ignored", "The weights themselves were penalised; it is their change since the last task.",
                surrogate(anchored=False)),
        Mistake("importance-ignored", "Every weight was pulled alike: that is DNN-L2, not SI.",
                surrogate(weights=lambda omega: 0 * omega + 1)),
        Mistake("importance-squared", "Omega was put inside the square; it multiplies the square.",
                surrogate(weights=lambda omega: omega ** 2)),
        Mistake("importance-normalised", "Omega was divided by its largest entry; it is used as it is.",
                surrogate(weights=lambda omega: omega / max(omega.max(), Decimal("1e-40")))),
        Mistake("mean-over-weights", "The squares were averaged over weights; they are summed.",
                surrogate(weights=lambda omega: omega / len(omega))),
    ],
    questions=[
        Question("by-hand", "two weights, one of no importance",
                 {"w": np.array([3.0, 1]), "c": 0.5, "importance": np.array([4.0, 0]), "anchor": np.array([1.0, -2])},
                 BY_HAND,
                 expected={"value": 8.0, "gradient": np.array([8.0, 0])}),
        Question("at-the-anchor", "weights that have not moved yet cost nothing",
                 {"w": np.array([0.5, -2]), "c": 10.0, "importance": np.array([1.0, 3]), "anchor": np.array([0.5, -2])},
                 BY_HAND, expected={"value": 0.0, "gradient": np.zeros(2)}),
        Question("larger", "fifteen weights", lambda: {
            "w": normals(1, 15), "c": 0.3, "importance": np.round(normals(2, 15) ** 2, 6), "anchor": normals(3, 15)},
            DECIMALS),
    ])

RECIPES = [PATH, IMPORTANCE, PENALTY]
