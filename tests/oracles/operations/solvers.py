"""One proximal gradient step, the first iterates of FISTA, and the convex head problem (Eq. 3)."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import numpy as np

from den_ref.golden.values import DIFFERS
from tests.oracles import head_problem
from tests.oracles import high_precision as hp
from tests.oracles.draws import array, normals
from tests.oracles.proxes import NOT_SCALED, ROWS
from tests.oracles.recipe import Mistake, Question, Recipe

from .group_soft_threshold import group
from .soft_threshold import soft
from .sparse_group_prox import both

# --- ISTA --------------------------------------------------------------------------------------------------------


@hp.in_fifty_digits
def ista_step(w, b, dw, db, step, mu, gamma):
    """A gradient step, then the prox of the penalty on w."""
    return {"w": hp.sparse_group(w - step * dw, w * 0 + 1, step * mu, step * gamma), "b": b - step * db}


def moved(w, b, dw, db, step) -> tuple:
    """After the gradient step, before the prox."""
    return w - step * dw, b - step * db


def biases_shrunk(w, b, dw, db, step, mu, gamma):
    """L1 on biases too."""
    return {"b": soft(w=b - step * db, step=step, mu=mu)["w"]}


def with_prox(prox):
    """The step with another prox for w."""
    def outputs(w, b, dw, db, step, mu, gamma):
        return {"w": prox(w=w - step * dw, step=step, mu=mu, gamma=gamma)}

    return outputs


def prox_first(w, b, dw, db, step, mu, gamma):
    """The prox at w, then the gradient step."""
    return {"w": both(w=w, step=step, mu=mu, gamma=gamma)["w"] - step * dw}


ISTA = Recipe(
    name="ista_step",
    equation="w <- prox(w - step dw), b <- b - step db, prox being that of mu sum(abs(w)) + gamma sum over columns of "
             "norm(w_j) with this step: sparse_group_prox  (gamma = 0: Eq. 2 and 3; else Eq. 5)",
    inputs={"w": "float64[*,*]", "b": "float64[*]", "dw": "float64[*,*]", "db": "float64[*]", "step": "float64",
            "mu": "float64", "gamma": "float64"},
    outputs={"w": "float64[*,*]", "b": "float64[*]"},
    conventions=["dw and db are gradients of the data loss alone", "biases are not penalised",
                 "a group is a column of w", "thresholds: step * mu and step * gamma"],
    oracle=ista_step,
    mistakes=[
        Mistake("threshold-not-scaled", NOT_SCALED, with_prox(
            lambda w, step, mu, gamma: both(w=w, step=1.0, mu=mu, gamma=gamma)["w"])),
        Mistake("l1-on-biases", "Biases were thresholded too; they are not penalised. (The released code shrinks every "
                "trainable.)", biases_shrunk),
        Mistake("shrinkages-swapped", "Groups were shrunk first and entries second; it is the other way round.",
                with_prox(lambda w, step, mu, gamma: soft(
                    w=group(w=w, step=step, gamma=gamma)["w"], step=step, mu=mu)["w"])),
        Mistake("rows-as-groups", ROWS, with_prox(
            lambda w, step, mu, gamma: both(w=w.T, step=step, mu=mu, gamma=gamma)["w"].T)),
        Mistake("prox-before-gradient", "The prox was taken first and the gradient step second; no weight is then "
                "exactly 0.", prox_first),
        Mistake("gradient-added", "The step went up the gradient, w + step dw; it goes down.",
                lambda dw, db, **given: ista_step(dw=-dw, db=-db, **given)),
        Mistake("subgradient-for-prox", "mu sign(w) was added to the gradient; the penalty is handled by its prox, "
                "which makes exact zeros.", lambda w, b, dw, db, step, mu, gamma: {
                    "w": w - step * (dw + mu * np.sign(w))}),
        Mistake("bias-step-missing", "The bias moved by its whole gradient; it moves by step times it.",
                lambda w, b, dw, db, step, mu, gamma: {"b": b - db}),
        Mistake("one-shrinkage-lost", "The L1 part is lost where there are groups: entries are thresholded first.",
                lambda gamma, mu, **given: {"w": ista_step(gamma=gamma, mu=0.0 if gamma else mu, **given)["w"]}),
    ],
    questions=[
        Question("l1-only", "gamma = 0: entries, one of them exactly on the threshold",
                 {"w": array([1, -1], [0.25, 2]), "b": np.array([0.5, 0]), "dw": array([1, -1], [-1, 0.5]),
                  "db": np.array([0.5, -0.25]), "step": 0.5, "mu": 1.0, "gamma": 0.0},
                 "by hand: (0.5, -0.5), (0.75, 1.75), then threshold 1/2",
                 expected={"w": array([0, 0], [0.25, 1.25]), "b": np.array([0.25, 0.125])},
                 tolerance={"w": "sparse", "b": "f64"}),
        Question("with-groups", "one unit vanishes, one stays",
                 {"w": array([4, 1], [-5.5, 0.25]), "b": np.array([1.0, -1]), "dw": array([0, 0.5], [-1, 0.5]),
                  "db": np.array([-2.0, 2]), "step": 0.5, "mu": 2.0, "gamma": 5.0},
                 "by hand: (4, -5) and (0.75, 0), soft threshold 1: (3, -4) of norm 5, less 5/2", "f64",
                 expected={"w": array([1.5, 0], [-2, 0]), "b": np.array([2.0, -2])}),
        Question("no-units", "nothing to move", {"w": np.zeros((2, 0)), "b": np.zeros(0), "dw": np.zeros((2, 0)),
                                                 "db": np.zeros(0), "step": 0.5, "mu": 1.0, "gamma": 1.0}, "by hand",
                 expected={"w": np.zeros((2, 0)), "b": np.zeros(0)}),
        Question("square", "two units of two inputs: (3.5, 5.5) and (-4.5, 0.25), soft threshold 1/2, groups less 5/2",
                 {"w": array([3, 1], [-4.5, 0.25]), "b": np.array([0.5, -0.25]), "dw": array([-1, 1.5], [0, -10.5]),
                  "db": np.array([1.0, 0]), "step": 0.5, "mu": 1.0, "gamma": 5.0}, "by hand",
                 expected={"w": array([1.5, 0], [-2, 2.5]), "b": np.array([0, -0.25])}),
        Question("larger", "six rows, eight units", lambda: {
            "w": normals(1, 6, 8) * np.linspace(0.3, 1.6, 8).round(2), "b": normals(2, 8), "dw": normals(3, 6, 8),
            "db": normals(4, 8), "step": 0.25, "mu": 0.9, "gamma": 2.5}, "sparse_group_prox's oracle: optimality "
                 "conditions in 50-digit decimals"),
    ])

# --- FISTA -------------------------------------------------------------------------------------------------------


def iterates(quadratic, linear, mu, start, step, iterations, *, momentum=True, restart=True, gradient_at="y",
             lagged=False, late=False, by_age=False, threshold=None, keeps_t=False, by_value=False, counts_on=False,
             told="x"):
    """FISTA on linear . u + u . quadratic u / 2 + mu sum(abs(u)), in decimals; the options are mistakes."""
    x, y, t, age, rows = start, start, Decimal(1), -1, []
    for _ in range(iterations):
        gradient = linear + hp.product(quadratic, (y if gradient_at == "y" else x).reshape(-1, 1)).ravel()
        cut = step * mu if threshold is None else threshold * mu
        x_next = hp.elementwise(lambda z, cut=cut: hp.soft(z, cut), y - step * gradient)
        uphill = restart and hp.total((y - x_next) * (x_next - x)) > 0
        if by_value:
            uphill = value(quadratic, linear, mu, x_next) > value(quadratic, linear, mu, x)
        t = Decimal(1) if uphill and not (late or keeps_t) else t
        t_next = (1 + (1 + 4 * t * t).sqrt()) / 2
        share = (t - 1) / (t if lagged else t_next) if momentum else 0
        age = 0 if uphill and not counts_on else age + 1
        share = Decimal(age) / (age + 3) if by_age else share
        share = 0 if uphill and (keeps_t or counts_on) else share
        y, x, t = x_next + share * (x_next - x), x_next, Decimal(1) if uphill and late else t_next
        rows.append(y if told == "y" else x)
    return np.array(rows, object).reshape(iterations, len(start))


def value(quadratic, linear, mu, u) -> Decimal:
    """The objective at u."""
    return hp.total(linear * u) + hp.total(u * hp.product(quadratic, u.reshape(-1, 1)).ravel()) / 2 + mu * hp.l1(u)


@hp.in_fifty_digits
def restarted_one_by_one(quadratic, linear, mu, start, step, iterations):
    """Every variable has a t of its own."""
    x, y, t, rows = start, start, start * 0 + 1, []
    for _ in range(iterations):
        gradient = linear + hp.product(quadratic, y.reshape(-1, 1)).ravel()
        x_next = hp.elementwise(lambda z: hp.soft(z, step * mu), y - step * gradient)
        t = np.where((y - x_next) * (x_next - x) > 0, Decimal(1), t)
        t_next = hp.elementwise(lambda one: (1 + (1 + 4 * one * one).sqrt()) / 2, t)
        y, x, t = x_next + (t - 1) / t_next * (x_next - x), x_next, t_next
        rows.append(x)
    return {"iterates": np.array(rows, object).reshape(iterations, len(start))}


def start_included(start, iterations, **inputs):
    """x_0 to x_{k-1}."""
    rows = fista_with()(start=start, iterations=iterations, **inputs)["iterates"]
    return {"iterates": np.vstack([start, rows])[:iterations]}


def fista_with(**options):
    """An oracle or a mistake."""
    @hp.in_fifty_digits
    def outputs(**inputs):
        return {"iterates": iterates(**inputs, **options)}

    return outputs


def quadratic(seed: int, n: int, smallest: float) -> np.ndarray:
    """A symmetric matrix with eigenvalues from ``smallest`` to 0.99."""
    basis, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))
    q = np.round(basis * np.linspace(smallest, 0.99, n) @ basis.T, 6)
    return (q + q.T) / 2


FISTA = Recipe(
    name="fista",
    equation="minimise linear . u + u . quadratic u / 2 + mu sum(abs(u)):  x+ = prox(y - step gradient(y));  t = 1 if "
             "(y - x+) . (x+ - x) > 0;  t+ = (1 + sqrt(1 + 4 t^2)) / 2;  y+ = x+ + (t - 1) / t+ (x+ - x)",
    inputs={"quadratic": "float64[*,*]", "linear": "float64[*]", "mu": "float64", "start": "float64[*]",
            "step": "float64", "iterations": "int64"},
    outputs={"iterates": "float64[*,*]"},
    conventions=["x_0 = y_0 = start, t_0 = 1", "row k of iterates (from 0) is x_{k+1}",
                 "the restart is tested before the momentum, over all variables: after it y+ = x+",
                 "the step is used as given"],
    oracle=fista_with(),
    mistakes=[
        Mistake("momentum-missing", "These are the iterates of ISTA: y is x + (t - 1) / t+ times the last move, not x.",
                fista_with(momentum=False)),
        Mistake("restart-missing", "The momentum was never reset; it is, as soon as it points uphill.",
                fista_with(restart=False)),
        Mistake("restart-after-momentum", "The step at which the momentum points uphill still used it: t = 1 comes "
                "before the momentum is computed.", fista_with(late=True)),
        Mistake("gradient-at-iterate", "The gradient was taken at x; it is taken at the extrapolated point y.",
                fista_with(gradient_at="x")),
        Mistake("momentum-divided-by-old-t", "The share of the momentum is (t - 1) / t+, with the new t below.",
                fista_with(lagged=True)),
        Mistake("momentum-by-counting", "The share of the momentum was k / (k + 3), which grows much like it; here it "
                "is (t - 1) / t+ with t+ = (1 + sqrt(1 + 4 t^2)) / 2.", fista_with(by_age=True)),
        Mistake("start-included", "The first row is the start; row k is x_{k+1}, the first after one iteration.",
                start_included),
        Mistake("threshold-not-scaled", NOT_SCALED, fista_with(threshold=Decimal(1))),
        Mistake("restart-keeps-t", "At a restart y+ = x+, but t went on; it is reset to 1, and momentum grows anew.",
                fista_with(keeps_t=True)),
        Mistake("restart-by-value", "The restart was made where the objective rises, the function scheme; here it is "
                "made where the momentum points uphill.", fista_with(by_value=True)),
        Mistake("extrapolated-returned", "The extrapolated points y were returned; a row is x.", fista_with(told="y")),
        Mistake("half-forgotten", "The gradient is linear + 2 Q u, twice the right quadratic part: u . Q u has a half.",
                lambda quadratic, **given: fista_with()(quadratic=2 * quadratic, **given)),
        Mistake("momentum-counted-on", "The share of the momentum was k / (k + 3), k counting on through restarts; "
                "here it is (t - 1) / t+, and t starts anew.", fista_with(by_age=True, counts_on=True)),
        Mistake("restart-per-variable", "The restart was tested and made variable by variable; it is one test over all "
                "variables.", restarted_one_by_one),
    ],
    questions=[
        Question("by-hand", "one variable, two iterations, without momentum yet",
                 {"quadratic": array([1]), "linear": np.array([-4.0]), "mu": 1.0, "start": np.array([0.0]), "step": 0.5,
                  "iterations": 2}, "by hand: prox(2) = 1.5, prox(2.75) = 2.25, threshold 1/2",
                 expected={"iterates": array([1.5], [2.25])}),
        Question("momentum", "two variables, five iterations", {
            "quadratic": array([1, 0.25], [0.25, 0.5]), "linear": np.array([-1.0, 2.0]), "mu": 0.25,
            "start": np.array([0.0, 0.5]), "step": 0.5, "iterations": 5}, "the formulas in 50-digit decimals"),
        Question("restart", "one variable that overshoots: the momentum is reset on the way",
                 {"quadratic": array([0.125]), "linear": np.array([-1.0]), "mu": 0.25, "start": np.array([0.0]),
                  "step": 1.0, "iterations": 24}, "the formulas in 50-digit decimals"),
        Question("nothing-to-do", "no iterations", {
            "quadratic": array([1]), "linear": np.array([-4.0]), "mu": 1.0, "start": np.array([0.0]), "step": 0.5,
            "iterations": 0}, "by hand", expected={"iterates": np.zeros((0, 1))}),
        Question("larger", "five variables, thirty iterations with restarts",
                 lambda: {"quadratic": quadratic(2, 5, 0.1), "linear": normals(2, 5), "mu": 0.25,
                          "start": normals(3, 5), "step": 0.9, "iterations": 30}, "the formulas in 50-digit decimals"),
    ])

# --- the head problem --------------------------------------------------------------------------------------------


def solve_head(features, labels, loss, mu_head):
    """The certified minimum, and what is asked of others."""
    found = head_problem.solve(features, labels, loss, mu_head)
    return {"objective": found.objective, "support": found.weights != 0, "residual": RESIDUAL}


def of_other_strength(factor):
    """c L + mu abs has its minimum where L + (mu / c) abs has it; factor(samples, outputs) is c."""
    def outputs(features, labels, loss, mu_head):
        c = factor(len(features), labels.shape[1])
        found = solve_head(features, labels, loss, mu_head / c)
        return {**found, "objective": c * found["objective"]}

    return outputs


def bias_penalised(features, labels, loss, mu_head):
    """L1 on the bias as well."""
    found = head_problem.solve(features, labels, loss, mu_head, mu_bias=mu_head)
    return {"objective": found.objective, "support": found.weights != 0}


def without_intercept(features, labels, loss, mu_head):
    """The bias held at 0, by a strength that no gradient reaches."""
    found = head_problem.solve(features, labels, loss, mu_head, mu_bias=1e3)
    return {"objective": found.objective, "support": found.weights != 0}


def without_penalty(features, labels, loss, mu_head):
    """L at the solution."""
    found = head_problem.solve(features, labels, loss, mu_head)
    return {"objective": found.objective - mu_head * float(np.abs(found.weights.astype(float)).sum())}


def whole_rows(**inputs):
    """A unit is in the support of every output as soon as one reads it."""
    support = solve_head(**inputs)["support"]
    return {"support": support | support.any(axis=1, keepdims=True)}


def everything(features, labels, loss, mu_head) -> np.ndarray:
    """No weight exactly 0."""
    return np.ones((features.shape[1], labels.shape[1]), bool)


def decided_by(features, labels, loss, mu_head) -> float:
    """The least distance of a weight from 0, or of a gradient at 0 from mu_head."""
    return head_problem.solve(features, labels, loss, mu_head).margin


KKT = ("a candidate from proximal gradient, polished by Newton's method with the signs held, in 50-digit decimals, "
       "where it meets the optimality conditions to 1e-30: the problem is convex, so it is the minimum")
CLASSES = {"objective": "solve", "support": "exact", "residual": "bound"}
#: The most that a solution's residual may be.
RESIDUAL = 1e-6


def drawn_head(seed, n, p, k, loss, mu_head) -> dict:
    """Features as a ReLU leaves them, labels that depend on the first of them."""
    features, signal = np.maximum(normals(seed, n, p), 0), normals(seed + 1, n, k) * 0.5
    signal[:, 0] += 2 * features[:, 0] - features[:, 1]
    labels = (signal > 0.3).astype(float) if loss == "sigmoid" else np.eye(k)[signal.argmax(axis=1)]
    return {"features": features, "labels": labels, "loss": loss, "mu_head": mu_head}


#: All signs of three features.
MAJORITY = np.array(list(product((-1.0, 1.0), repeat=3)))

HEAD = Recipe(
    name="solve_head",
    equation="minimise over V and c: L(V, c) + mu_head sum(abs(V)), logits = features V + c  (Eq. 3)",
    inputs={"features": "float64[*,*]", "labels": "float64[*,*]", "loss": "string", "mu_head": "float64"},
    outputs={"objective": "float64", "support": "bool[*,*]", "residual": "float64"},
    conventions=[
        "objective: its value at your solution; support: where V is not exactly 0; iterates are nobody's business",
        "residual: the largest of abs(g + mu_head sign(V)) where V != 0, max(abs(g) - mu_head, 0) where V = 0, and abs "
        "of the bias's gradient, g = dL/dV at your solution; at most 1e-6 passes",
        "labels are 0 and 1, one column per output (softmax: one 1 per row, not class numbers)",
        "mean over samples, sum over sigmoid outputs", "the bias c is not penalised"],
    oracle=solve_head,
    mistakes=[
        Mistake("one-gradient-step", "One gradient step was taken where the problem has to be solved: no weight is "
                "then exactly 0, and every unit gets selected. (The released code's loop starts at its own limit.)",
                lambda **inputs: {"objective": DIFFERS, "support": everything(**inputs), "residual": DIFFERS}),
        Mistake("stopped-early", "The support and the objective are right, but the residual is above 1e-6: iterate on, "
                "the problem is convex.", lambda **inputs: {"residual": DIFFERS}),
        Mistake("zeros-not-exact", "Weights that should be 0 are only small: a subgradient or a smoothed abs makes no "
                "exact zeros, and every unit gets selected. Use the prox.",
                lambda **inputs: {"support": everything(**inputs)}),
        Mistake("l1-on-biases", "The bias c was penalised too; it is not.", bias_penalised),
        Mistake("mean-over-outputs", "The loss was averaged over outputs (or classes); it is averaged over samples "
                "only.", of_other_strength(lambda n, k: 1 / k)),
        Mistake("sum-over-samples", "The loss was summed over samples; it is their mean.",
                of_other_strength(lambda n, k: n)),
        Mistake("intercept-missing", "There was no bias (fit_intercept=False); c is free.", without_intercept),
        Mistake("penalty-left-out", "The objective is the data loss alone, without its penalty.", without_penalty),
        Mistake("half-penalty", "The penalty was halved: it is mu_head times the sum of abs.",
                lambda mu_head, **given: solve_head(mu_head=mu_head / 2, **given)),
        Mistake("almost-zero", "Small weights were taken for zeros, by a tolerance; support is where V is not exactly "
                "0.", lambda features, labels, loss, mu_head: {"support": np.abs(head_problem.solve(
                    features, labels, loss, mu_head).weights.astype(float)) > 0.05}),
        Mistake("rounded-to-0", "Weights below a hundredth were taken for zeros; support is where V is not exactly 0.",
                lambda features, labels, loss, mu_head: {"support": np.abs(head_problem.solve(
                    features, labels, loss, mu_head).weights.astype(float)) > 0.01}),
        Mistake("steps-counted", "A fixed number of steps was taken: where the problem is small that is enough, "
                "elsewhere the objective is too large and the residual above 1e-6. Iterate until it is small.",
                lambda features, **given: {"objective": DIFFERS, "residual": DIFFERS} if features.size > 16 else {}),
        Mistake("support-per-unit", "A unit was marked for all outputs as soon as any output reads it.", whole_rows),
    ],
    questions=[
        Question("by-hand", "one feature at -1 and 1 that decides the label; 1 / (1 + exp(v)) = 1/4",
                 {"features": array([-1], [-1], [1], [1]), "labels": array([0], [0], [1], [1]), "loss": "sigmoid",
                  "mu_head": 0.25}, "by hand: v = log(3), c = 0, objective log(4/3) + log(3) / 4", CLASSES,
                 margin={"support": decided_by}, expected={
                     "objective": float(np.log(4 / 3) + np.log(3) / 4), "support": np.array([[True]]),
                     "residual": RESIDUAL}),
        Question("nothing-selected", "mu_head above the critical strength 1/2: the head is its bias",
                 {"features": array([-1], [-1], [1], [1]), "labels": array([0], [0], [1], [1]), "loss": "sigmoid",
                  "mu_head": 0.5625}, "by hand: the gradient at 0 is -1/2", CLASSES, margin={"support": decided_by},
                 expected={"objective": float(np.log(2)), "support": np.array([[False]]), "residual": RESIDUAL}),
        Question("no-features", "no unit below: only a bias", {
            "features": np.zeros((4, 0)), "labels": array([0], [1], [1], [1]), "loss": "sigmoid", "mu_head": 0.1},
                 KKT, CLASSES, margin={"support": decided_by}),
        Question("several-outputs", "twelve samples, four features, three outputs, a sparse head",
                 lambda: drawn_head(1, 12, 4, 3, "sigmoid", 0.06), KKT, CLASSES, margin={"support": decided_by}),
        Question("softmax", "fifteen samples, four features, three classes",
                 lambda: drawn_head(3, 15, 4, 3, "softmax", 0.05), KKT, CLASSES, margin={"support": decided_by}),
        Question("dead-unit", "a unit that says 0 to every sample: its weight is 0, whatever its label",
                 {"features": array([-1, 0], [-1, 0], [1, 0], [1, 0]), "labels": array([0], [0], [1], [1]),
                  "loss": "sigmoid", "mu_head": 0.25}, "by hand: as with one feature", CLASSES,
                 margin={"support": decided_by}, expected={
                     "objective": float(np.log(4 / 3) + np.log(3) / 4), "support": np.array([[True], [False]]),
                     "residual": RESIDUAL}),
        Question("not-centred", "the one feature at 1 and 3: the bias has to take -2 log(3)",
                 {"features": array([1], [1], [3], [3]), "labels": array([0], [0], [1], [1]), "loss": "sigmoid",
                  "mu_head": 0.25}, "by hand: v = log(3), c = -2 log(3), the objective as at -1 and 1", CLASSES,
                 margin={"support": decided_by}, expected={
                     "objective": float(np.log(4 / 3) + np.log(3) / 4), "support": np.array([[True]]),
                     "residual": RESIDUAL}),
        Question("small-weight", "mu_head a little below the critical strength: a weight of 1/25 is a weight",
                 {"features": array([-1], [-1], [1], [1]), "labels": array([0], [0], [1], [1]), "loss": "sigmoid",
                  "mu_head": 0.49}, "by hand: 1 / (1 + exp(v)) = 0.49, objective -log(0.51) + 0.49 v", CLASSES,
                 margin={"support": decided_by}, expected={
                     "objective": float(-np.log(0.51) + 0.49 * np.log(0.51 / 0.49)), "support": np.array([[True]]),
                     "residual": RESIDUAL}),
        Question("tiny-weights", "mu_head hardly below the critical strengths: 1/125 and 1/28 are weights",
                 {"features": MAJORITY[:, :2] * [1, 1.03125], "labels": (MAJORITY.sum(axis=1, keepdims=True) > 0) * 1.0,
                  "loss": "sigmoid", "mu_head": 0.248}, KKT, CLASSES, margin={"support": decided_by}),
        Question("larger", "forty samples, eight features",
                 lambda: drawn_head(5, 40, 8, 1, "sigmoid", 0.03), KKT, CLASSES, margin={"support": decided_by}),
    ])

RECIPES = [ISTA, FISTA, HEAD]
