"""Eq. 2-6 as Problems: what is free, the documented objective, the gradient; each against plain loops."""

from dataclasses import dataclass
from math import exp, log1p, sqrt

import numpy as np
import pytest

from den_ref.core import mlp
from den_ref.core.checks import check_gradient
from den_ref.core.convolution import Convolution
from den_ref.core.problem import Problem
from den_ref.core.result import Result
from den_ref.core.training import train
from den_ref.den import equations, expansion, selective, splitting
from den_ref.den.config import DENConfig
from den_ref.den.importance import Importance
from den_ref.den.network import Network, Subnetwork, insert
from den_ref.den.stage import Stage, solve_cut
from den_ref.loops import images
from den_ref.protocol import Task
from tests.helpers import loops_on_networks as loops
from tests.helpers.random_networks import Shape, in_stage, name_of
from tests.helpers.short_runs import run

SHAPES = [Shape((4,)), Shape((4, 3), outputs=2), Shape((4, 3, 3)), Shape((3, 3, 3, 3), retire=False),
          Shape((3, 0, 2), new=1),
          Shape((2, 3, 2), new=1, n_inputs=2, fan=(4, 4, 9, 1),
                convolutions=(Convolution(3, 3, size=2), Convolution(2, 2, size=2, padding=1)))]
everywhere = pytest.mark.parametrize("shape", SHAPES, ids=name_of)
images_slow = pytest.mark.parametrize("shape", [pytest.param(shape, marks=pytest.mark.slow) if shape.convolutions else shape
                                                for shape in SHAPES], ids=name_of)


@dataclass
class Case:
    """A Problem in its surroundings.

    network : what the solve starts from;  previous : W^{t-1};  units : what was cut out
    old_columns : weights and biases of the first layer that are not in the vector (Eq. 5)
    importance : F^{t-1} (with numbers for newer units too), or None
    """

    problem: Problem
    network: Network
    previous: Network
    units: list
    config: DENConfig
    task: Task
    t: int
    old_columns: tuple = None
    importance: Importance | None = None

    @property
    def head(self):
        return self.network.heads[-1]

    def moved(self, rng):
        """A point of the problem, away from the start in every free entry."""
        w, free = self.problem.start.copy(), self.free()
        w.vector[...] += rng.normal(size=w.vector.size) * free.vector
        return w

    def free(self):
        """How many parts cover each entry of the vector."""
        count = self.problem.start.like()
        for part in self.problem.parts:
            part.of(count)[...] += 1 if part.pattern is None else part.pattern
        return count

    def network_of(self, w) -> Network:
        """The whole network with the vector's weights put back."""
        weights, biases, rows, bias = mlp.unpack(w)
        if self.old_columns:
            weights[0] = np.hstack([self.old_columns[0], weights[0]])
            biases[0] = np.concatenate([self.old_columns[1], biases[0]])
        return insert(self.network, Subnetwork(self.units, weights, biases, rows, bias), self.head)


@dataclass
class Probe(Stage):
    """A stage that solves nothing and keeps the problem that it was given."""

    problem: Problem = None

    def solve(self, problem, validation, epochs, **how):
        self.problem = problem
        return Result(x=problem.start)


def case(equation, shape, **options) -> Case:
    """An equation as its box hands it to the solver."""
    rng = np.random.default_rng([equation, *shape.widths])
    previous, network = in_stage(rng, shape)
    config = DENConfig(hidden=(1,) * len(shape.widths), dtype="float64", **(STRENGTHS | options))
    x, y = rng.normal(size=(9, network.n_features)), rng.integers(0, 2, (9, shape.outputs)).astype(float)
    task, t = Task(network.heads[-1].task, x, y, x[:0], y[:0], n_outputs=shape.outputs), shape.t
    probe, head, units, old = Probe(t, task, config, rng, previous), network.heads[-1], network.visible(t), None
    if config.anchor_weights == "fisher":
        probe.importance = Importance(*([rng.random(a.shape) for a in arrays]
                                        for arrays in (network.weights, network.biases)))
    if equation == 2:
        solve_cut(network, units, head, probe, lambda start, loss, sub: equations.eq2(start, loss, config), epochs=1)
    elif equation == 4:
        units = [units[0], *selective.select_units(network, head)[1:]]
        selective.retrain(network, head, units, probe)
    elif equation == 5:
        expansion.train_new_units(network, probe)
        seen = units[1][network.introduced[0][units[1]] < t]
        old = network.weights[0][:, seen], network.biases[0][seen]
    else:
        splitting.pull_back(network, probe)
    return Case(probe.problem, network, previous, units, config, task, t, old, probe.importance)


STRENGTHS = dict(mu=(0.3, 0.7), mu_l2=(0.5, 1.1), gamma=0.9, lam=0.4, weight_decay=(0.2, 0.05),
                 anchor_before_split="none")
VARIANTS = {
    "eq2": (2, {}),
    "eq4": (4, {}),
    "eq4, dense selection": (4, {"dense_selection": True}),
    "eq4, anchored": (4, {"anchor_before_split": "eq4"}),
    "eq4, anchored by Fisher": (4, {"anchor_before_split": "eq4", "anchor_weights": "fisher"}),
    "eq4, with L1": (4, {"mu_eq4": (0.2, 0.6)}),
    "eq4, unsquared": (4, {"eq4_norm": "unsquared", "mu_l2": 0.5}),
    "eq4, unsquared and dense": (4, {"eq4_norm": "unsquared", "mu_l2": 0.5, "dense_selection": True}),
    "eq5": (5, {}),
    "eq5, sqrt_size": (5, {"gamma_scaling": "sqrt_size"}),
    "eq6": (6, {}),
    "eq6, dense selection": (6, {"dense_selection": True}),
    "eq6, by Fisher": (6, {"anchor_weights": "fisher"}),
    "eq6, by Fisher, dense selection": (6, {"anchor_weights": "fisher", "dense_selection": True}),
    "eq6, new": (6, {"eq6": "new"}),
    "eq6, new and dense": (6, {"eq6": "new", "dense_selection": True}),
}
variants = pytest.mark.parametrize("variant", VARIANTS)


def made(variant, shape) -> Case:
    equation, options = VARIANTS[variant]
    return case(equation, shape, **options)


# --- what is free ------------------------------------------------------------------------------------------------


def n_lower(network, layer) -> int:
    """Units below a layer.  Row p * n_lower + i of its matrix is unit i's."""
    return len(network.weights[layer - 1]) // network.fan[layer - 1]


def rows(network, layer, units) -> list:
    """The rows of some units below a layer, place by place."""
    return [p * n_lower(network, layer) + i for p in range(network.fan[layer - 1]) for i in units]


def is_new(network, t, layer, row) -> bool:
    """Is the unit new that a row of the matrix above its layer is of?  Input features count as introduced before t."""
    return layer > 0 and network.introduced[layer - 1][row % network.widths[layer - 1]] == t


def free_edge(variant, network, t, layer, i, j) -> bool:
    """Is the weight from row i to unit j of a layer free?  The table of the equations, in words."""
    equation, options = VARIANTS[variant]
    touches_new = is_new(network, t, layer - 1, i) or is_new(network, t, layer, j)
    if equation == 2:
        return True
    if equation == 5:
        return touches_new
    n = n_lower(network, layer)
    exists = options.get("dense_selection", False) or network.weights[layer - 1][i % n::n, j].any()
    return exists and (touches_new or options.get("eq6") != "new")


def free_bias(variant, network, t, layer, j) -> bool:
    equation, options = VARIANTS[variant]
    return is_new(network, t, layer, j) or not (equation == 5 or options.get("eq6") == "new")


@everywhere
@variants
def test_parts_cover_exactly_the_free_weights_once(variant, shape):
    c = made(variant, shape)
    covered = c.free()
    for l in range(1, len(shape.widths) + 1):
        first = c.old_columns[0].shape[1] if c.old_columns and l == 1 else 0
        for q, j in enumerate(c.units[l]):
            if q < first:
                continue                                   # not in the vector: held by being absent
            assert covered[f"b{l}"][q - first] == free_bias(variant, c.network, c.t, l, j)
            for p, i in enumerate(rows(c.network, l, c.units[l - 1])):
                assert covered[f"W{l}"][p, q - first] == free_edge(variant, c.network, c.t, l, i, j), (l, i, j)
    assert np.all(covered["V"] == 1) and np.all(covered["c"] == 1)


# --- the objective -----------------------------------------------------------------------------------------------


def predict(network, task_id, x):
    """Logits in loops: pixels and maps by those of images, the layers above by those of networks."""
    if not network.convolutions:
        return loops.predict(network, task_id, x)
    head, first = network.head_of(task_id), network.convolutions[0]
    units = network.visible(head.stage)
    h = x.reshape(len(x), first.height, first.width, network.n_inputs)
    for l, (w, b) in enumerate(zip([*network.weights, head.weights], [*network.biases, head.bias]), 1):
        above = units[l] if l < len(units) else np.arange(len(b))
        n = len(w) // network.fan[l - 1]
        w, b = w[[p * n + i for p in range(network.fan[l - 1]) for i in units[l - 1]]][:, above], b[above]
        if l <= len(network.convolutions):
            layer = network.convolutions[l - 1]
            w = w.reshape(layer.size, layer.size, len(units[l - 1]), len(above))
            h = images.convolution_forward(h, w, b, layer.stride, layer.padding)
        else:
            h = h.reshape(len(h), w.shape[0]) @ w + b
        h = np.maximum(h, 0) if l < len(units) else h
    return h


def data_loss(network, task) -> float:
    """Mean over samples of the sum over outputs of log(1 + exp(z)) - y z, in loops."""
    total = 0.0
    for logits, labels in zip(predict(network, network.heads[-1].task, task.x_train), task.y_train):
        for z, y in zip(logits, labels):
            total += max(z, 0.0) + log1p(exp(-abs(z))) - y * z
    return total / len(task.x_train)


def entry(option, layer, layers):
    """A per-layer option, layers counted from 1; the last entry serves all further ones."""
    values = option if isinstance(option, tuple) else (option,)
    return values[min(layer, len(values)) - 1]


def penalty(variant, c: Case, network) -> float:
    equation, options = VARIANTS[variant]
    return {2: penalty2, 4: penalty4, 5: penalty5, 6: penalty6}[equation](variant, c, network)


def edges(c: Case):
    """(layer, row, j) of all weights that were cut out."""
    for l in range(1, len(c.units)):
        for j in c.units[l]:
            for i in rows(c.network, l, c.units[l - 1]):
                yield l, i, j


def head_entries(c: Case, network):
    assert network.fan[-1] == 1
    return [float(v) for unit in c.units[-1] for v in network.heads[-1].weights[unit]]


def penalty2(variant, c, network) -> float:
    """Of an edge with several weights the norm."""
    top = len(c.units)
    joined = [(top, v**2) for v in head_entries(c, network)]
    for l in range(1, top):
        for i in c.units[l - 1]:
            for j in c.units[l]:
                joined.append((l, sum(float(network.weights[l - 1][row, j]) ** 2 for row in rows(network, l, [i]))))
    return sum(entry(c.config.mu, l, top) * sqrt(square) + entry(c.config.weight_decay, l, top) / 2 * square
               for l, square in joined)


def penalty4(variant, c, network) -> float:
    top, total, squares = len(c.units), 0.0, 0.0
    free = [(l, i, j) for l, i, j in edges(c) if free_edge(variant, c.network, c.t, l, i, j)]
    weights = [(l, network.weights[l - 1][i, j]) for l, i, j in free] + [(top, v) for v in head_entries(c, network)]
    squares = sum(w**2 for _, w in weights)
    if c.config.eq4_norm == "unsquared":
        return c.config.mu_l2 * sqrt(squares)
    total = sum(entry(c.config.mu_l2, l, top) / 2 * w**2 + entry(c.config.mu_eq4, l, top) * abs(w) for l, w in weights)
    if c.config.anchor_before_split == "eq4":
        for l, i, j in free:
            total += c.config.lam * matters(c, "weights", l, i, j) * (network.weights[l - 1][i, j] - c.network.weights[l - 1][i, j]) ** 2
        for l in range(1, top):
            total += sum(c.config.lam * matters(c, "biases", l, j)
                         * (network.biases[l - 1][j] - c.network.biases[l - 1][j]) ** 2 for j in c.units[l])
    return total


def matters(c, kind, layer, *unit) -> float:
    """F of a weight or bias of W^{t-1}; 1 if all are pulled alike."""
    return getattr(c.importance, kind)[layer - 1][unit] if c.importance else 1.0


def penalty5(variant, c, network) -> float:
    top, total = len(c.units), 0.0
    for v in head_entries(c, network):
        total += entry(c.config.mu, top, top) * abs(v) + entry(c.config.weight_decay, top, top) / 2 * v**2
    for l, i, j in edges(c):
        if free_edge(variant, c.network, c.t, l, i, j):
            w = network.weights[l - 1][i, j]
            total += entry(c.config.mu, l, top) * abs(w) + entry(c.config.weight_decay, l, top) / 2 * w**2
    for l in range(1, top):
        for j in c.units[l]:
            if is_new(network, c.t, l, j):
                group = [network.weights[l - 1][i, j] for i in rows(network, l, c.units[l - 1])]
                size = sqrt(len(group)) if c.config.gamma_scaling == "sqrt_size" else 1
                total += c.config.gamma * size * sqrt(sum(w**2 for w in group))
    return total


def then(c, layer, row, j) -> float:
    """The same weight of W^{t-1}."""
    p, i = divmod(row, n_lower(c.network, layer))
    return c.previous.weights[layer - 1][p * n_lower(c.previous, layer) + i, j]


def penalty6(variant, c, network) -> float:
    top, total = len(c.units), 0.0
    total += sum(entry(c.config.weight_decay, top, top) / 2 * v**2 for v in head_entries(c, network))
    for l, i, j in edges(c):
        if free_edge(variant, c.network, c.t, l, i, j):
            w = network.weights[l - 1][i, j]
            total += entry(c.config.weight_decay, l, top) / 2 * w**2
            if not is_new(network, c.t, l - 1, i) and not is_new(network, c.t, l, j):
                total += c.config.lam * matters(c, "weights", l, i, j) * (w - then(c, l, i, j)) ** 2
    if c.config.eq6 == "all":
        for l in range(1, top):
            total += sum(c.config.lam * matters(c, "biases", l, j)
                         * (network.biases[l - 1][j] - c.previous.biases[l - 1][j]) ** 2
                         for j in c.units[l] if not is_new(network, c.t, l, j))
    return total


@everywhere
@variants
def test_objective_is_the_documented_one(variant, shape):
    """At points away from the start too.  For Eq. 5: the old first layer, computed once, is the full one."""
    c, rng = made(variant, shape), np.random.default_rng(1)
    for w in (c.problem.start, c.moved(rng), c.moved(rng)):
        network = c.network_of(w)
        assert c.problem.loss.value(w) == pytest.approx(data_loss(network, c.task), rel=1e-12)
        expected = data_loss(network, c.task) + penalty(variant, c, network)
        assert c.problem.objective(w) == pytest.approx(expected, rel=1e-12)


@variants
def test_a_wrong_objective_is_seen(variant):
    """Every strength of the equation matters: a one per cent change of it shows."""
    equation, options = VARIANTS[variant]
    letters = {2: ["mu", "weight_decay"], 4: ["mu_l2"], 5: ["mu", "gamma", "weight_decay"], 6: ["weight_decay"]}
    letters = letters[equation]
    if "anchored" in variant or equation == 6 and "new" not in variant:
        letters.append("lam")
    if variant == "eq4, with L1":
        letters.append("mu_eq4")
    for letter in letters:
        c = made(variant, SHAPES[1])
        value = (STRENGTHS | options)[letter]
        other = tuple(1.01 * v for v in value) if isinstance(value, tuple) else 1.01 * value
        wrong = case(equation, SHAPES[1], **(options | {letter: other}))
        w = c.moved(np.random.default_rng(2))
        assert wrong.problem.objective(w) != pytest.approx(c.problem.objective(w), rel=1e-12), letter


@images_slow
@variants
def test_gradient(variant, shape):
    c = made(variant, shape)
    w, mask = c.moved(np.random.default_rng(3)), c.free().vector > 0

    def smooth(free_numbers):
        vector = w.vector.copy()
        vector[mask] = free_numbers
        value, gradient = c.problem.smooth(vector)
        assert not gradient[~mask].any()
        return value, gradient[mask]

    report = check_gradient(smooth, w.vector[mask], rng=np.random.default_rng(4))
    assert report, str(report)


def test_a_wrong_gradient_is_seen():
    c = made("eq6", SHAPES[1])
    w, mask = c.moved(np.random.default_rng(3)), c.free().vector > 0

    def smooth(vector):
        value, gradient = c.problem.smooth(vector)
        gradient[np.flatnonzero(mask)[0]] += 0.1
        return value, gradient

    assert not check_gradient(smooth, w.vector, rng=np.random.default_rng(4))


@images_slow
@variants
@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_solving_moves_what_is_free_and_nothing_else(variant, shape, optimiser):
    equation, options = VARIANTS[variant]
    c = case(equation, shape, optimiser=optimiser, step=0.02, batch=4, **options)
    result = train(c.problem, c.config, 2, np.random.default_rng(5))
    changed, free = result.x.vector != c.problem.start.vector, c.free().vector > 0
    assert not changed[~free].any()
    assert changed[free].mean() > (0.2 if shape.convolutions else 0.5)        # the (2,1)-norm keeps whole edges at 0
    assert result.fun == c.problem.objective(result.x)


# --- Eq. 3 -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES[:4], ids=name_of)
def test_eq3_is_solved_to_its_certificate(shape):
    """The residual of the paper's problem, recomputed in loops in the original coordinates."""
    rng = np.random.default_rng(6)
    previous, network = in_stage(rng, shape)
    x = rng.normal(size=(40, shape.n_inputs))
    y = rng.integers(0, 2, (40, shape.outputs)).astype(float)
    task = Task("now", x, y, x[:0], y[:0], n_outputs=shape.outputs)
    config = DENConfig(hidden=(1,), dtype="float64", mu_head=0.01)
    head, result = selective.fit_head(previous, Stage(shape.t, task, config, rng, previous))
    units = previous.visible(shape.t)[-1]
    assert not np.delete(head.weights, units, axis=0).any()
    assert eq3_residual(previous, head, task, config.mu_head) < 1e-8
    assert result.residual < 1e-8
    off = np.zeros_like(head.weights)
    off[units[0]] = 1e-3
    assert eq3_residual(previous, replace_weights(head, head.weights + off), task, config.mu_head) > 1e-6


def replace_weights(head, weights):
    return type(head)(head.task, head.stage, weights, head.bias, head.loss)


def eq3_residual(previous, head, task, mu_head) -> float:
    network = previous.with_head(head)
    error = 1 / (1 + np.exp(-loops.predict(network, head.task, task.x_train))) - task.y_train
    worst = float(np.abs(error.mean(axis=0)).max())
    for unit in network.visible(head.stage)[-1]:
        one_hot = type(head)("probe", head.stage, np.eye(network.widths[-1])[:, [unit]], np.zeros(1))
        h = loops.predict(network.with_head(one_hot), "probe", task.x_train)[:, 0]
        for output in range(error.shape[1]):
            g, v = float(np.mean(error[:, output] * h)), head.weights[unit, output]
            worst = max(worst, abs(g + mu_head * np.sign(v)) if v else max(abs(g) - mu_head, 0))
    return worst


# --- on real runs: what each box may touch -----------------------------------------------------------------------


def moved_edges(step):
    """(layer, i, j) of the hidden weights that a box changed."""
    for l, (before, after) in enumerate(zip(step.before.weights, step.after.weights), 1):
        n, m = before.shape
        for i, j in zip(*np.nonzero(before != after[:n, :m])):
            yield l, i, j


RUNS = [dict(hidden=(5, 4)), dict(hidden=(5, 4, 4), split_original="keep"), dict(hidden=(5, 4), eq6="new"),
        dict(hidden=(5,), outputs=3, loss="softmax", split_original="keep")]
runs = pytest.mark.parametrize("options", RUNS, ids=str)


@runs
def test_eq4_moves_existing_edges_of_the_selected_units_only(options):
    result, moved = run(**options), 0
    for t in range(2, 7):
        for eq4 in result.of_stage(t, "eq4"):
            selected = [set(map(int, units)) for units in result.of_stage(t, "select")[0].arrays.values()]
            for l, i, j in moved_edges(eq4):
                moved += 1
                assert int(i) in selected[l - 1] and int(j) in selected[l] and eq4.before.weights[l - 1][i, j] != 0
            for l, (before, after) in enumerate(zip(eq4.before.biases, eq4.after.biases), 1):
                assert set(map(int, np.flatnonzero(before != after))) <= selected[l]
    assert moved


@runs
def test_eq5_moves_no_older_unit(options):
    result = run(**options)
    for t in range(2, 7):
        (eq5,) = result.of_stage(t, "eq5")
        assert not list(moved_edges(eq5))
        for before, after in zip(eq5.before.biases, eq5.after.biases):
            assert np.array_equal(before, after[:len(before)])
        for before, after in zip(eq5.before.heads[:-1], eq5.after.heads[:-1]):
            assert np.array_equal(before.weights, after.weights[:len(before.weights)])
            assert not after.weights[len(before.weights):].any()


@pytest.mark.slow
@runs
@pytest.mark.parametrize("box", ["eq6", "eq6_after"])
def test_eq6_moves_existing_edges_among_visible_units_only(options, box):
    result, moved = run(**options), 0
    for t in range(2, 7):
        (step,) = result.of_stage(t, box)
        network = step.before
        for l, i, j in moved_edges(step):
            moved += 1
            assert network.weights[l - 1][i, j] != 0
            assert loops.sees(network, t, l - 1, i) and loops.sees(network, t, l, j)
            if options.get("eq6") == "new":
                assert is_new(network, t, l - 1, i) or is_new(network, t, l, j)
    assert moved
