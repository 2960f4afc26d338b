"""Mini-batch training: which weights come back, when it stops, what is repeatable, the certificate."""

import math

import numpy as np
import pytest
from den_ref.core import mlp
from den_ref.core.adam import proximal_adam_step, proximal_sgd_step
from den_ref.core.flat import Flat
from den_ref.core.mlp import DataLoss
from den_ref.core.penalties import L1, Zero
from den_ref.core.problem import Part, Problem
from den_ref.core.solvers import fista
from den_ref.core.training import BestSoFar, Training, cosine, train


def setup(n=50, hidden=3, mu=1e-3, dtype=np.float64, seed=0):
    """A problem with one hidden layer, and validation data of the same kind."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2 * n, 4))
    y = (x[:, :1] * x[:, 1:2] > 0).astype(float)
    start = mlp.pack([mlp.random_weights(rng, 4, hidden, dtype)], [np.zeros(hidden)],
                     mlp.random_weights(rng, hidden, 1, dtype), np.zeros(1), dtype)
    parts = [Part("W1", L1(mu)), Part("V", L1(mu)), Part("b1"), Part("c")]
    return Problem(DataLoss(start, x[:n], y[:n]), start, parts), DataLoss(start, x[n:], y[n:])


class Scripted:
    """Validation losses as told, one per call, and the weights they were asked for."""

    def __init__(self, *losses):
        self.losses, self.seen = list(losses), []

    def value(self, w):
        self.seen.append(w.vector.copy())
        return self.losses.pop(0)


OPTIONS = Training(step=0.01, batch=8, patience=2, dtype="float64")

# --- the schedule ------------------------------------------------------------------------------------------------


def test_cosine_values():
    assert cosine(0, 8, 0.2, 0.05) == pytest.approx(0.2)
    assert cosine(4, 8, 0.2, 0.05) == pytest.approx(0.2 * (0.05 + 0.95 / 2))
    assert cosine(2, 8, 1.0, 0.0) == pytest.approx((1 + math.sqrt(0.5)) / 2)
    assert cosine(8, 8, 0.2, 0.05) == pytest.approx(0.01)
    assert all(cosine(k, 9, 0.3, 1.0) == 0.3 for k in range(9))
    values = [cosine(k, 50, 1.0, 0.1) for k in range(50)]
    assert values == sorted(values, reverse=True) and values[-1] > 0.1


# --- against an explicit loop ------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_train_is_this_loop(optimiser):
    """Step per iteration, moments from 0, last short batch (50 = 6 * 8 + 2) kept, penalty by its prox."""
    problem, _ = setup()
    options = Training(step=0.02, step_end=0.1, batch=8, optimiser=optimiser, beta1=0.8, beta2=0.95, eps=1e-6)
    result = train(problem, options, 3, np.random.default_rng(5))
    rng, w, grad = np.random.default_rng(5), problem.start.copy(), problem.start.like()
    state = {part.name: (part.of(w).copy(), 0 * part.of(w), 0 * part.of(w)) for part in problem.parts}
    k = 0
    for _ in range(3):
        order = rng.permutation(50)
        for rows in [order[i:i + 8] for i in range(0, 50, 8)]:
            problem.loss.value_and_gradient(w, grad, rows)
            step = 0.02 * (0.1 + 0.9 * (1 + math.cos(math.pi * k / 21)) / 2)
            k += 1
            for part in problem.parts:
                here, m, v = state[part.name]
                if optimiser == "adam":
                    here, m, v = proximal_adam_step(here, grad[part.name], m, v, k, part.penalty, step, 0.8, 0.95, 1e-6)
                else:
                    here, m = proximal_sgd_step(here, grad[part.name], m, part.penalty, step, 0.8)
                state[part.name] = here, m, v
                w[part.name][...] = here
    assert k == 21
    np.testing.assert_allclose(result.x.vector, w.vector, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_approaches_the_minimum_of_a_convex_problem(optimiser):
    """Full batches, head only: training must come near the certified solution of FISTA."""
    problem, _ = setup()
    problem = Problem(problem.loss, problem.start, [Part("V", L1(0.02)), Part("c")])
    best = fista(problem.smooth, problem.vector_penalty(), problem.start.vector, tol=1e-10).fun
    options = Training(step=0.05 if optimiser == "adam" else 1.0, step_end=0.0, batch=50, optimiser=optimiser)
    result = train(problem, options, 300, np.random.default_rng(0))
    assert problem.objective(problem.start) > best + 0.01
    assert best - 1e-12 <= result.fun <= best + 1e-5


# --- early stopping ----------------------------------------------------------------------------------------------


def test_best_weights_come_back_and_patience_stops():
    """Epoch 2 is best; 2 epochs without a better one end it; an equal one (epoch 3) is not better."""
    problem, _ = setup()
    script = Scripted(9.0, 5.0, 3.0, 3.0, 4.0, 0.0)
    result = train(problem, OPTIONS, 20, np.random.default_rng(0), validation=script)
    np.testing.assert_array_equal(result.x.vector, script.seen[2])
    assert result.nit == 4 and result.status == 2 and "no better validation loss for 2 epochs" in result.message
    assert result.history["validation"] == [5, 3, 3, 4] and script.losses == [0.0]
    assert result.best_epoch == 2 and result.start_validation == 9
    assert result.multiply_adds == 4 * problem.loss.multiply_adds, "of the epochs done, not of those allowed"


def test_start_competes_or_not():
    problem, _ = setup()
    script = Scripted(1.0, 5.0, 3.0, 4.0)
    result = train(problem, OPTIONS, 2, np.random.default_rng(0), validation=script)
    np.testing.assert_array_equal(result.x.vector, problem.start.vector)
    assert (result.best_epoch, result.start_validation) == (0, 1) and "kept as it was: no epoch" in result.message
    script = Scripted(5.0, 3.0, 4.0)
    result = train(problem, OPTIONS, 3, np.random.default_rng(0), validation=script, start_competes=False)
    np.testing.assert_array_equal(result.x.vector, script.seen[1])
    assert (result.x.vector != problem.start.vector).any() and len(script.seen) == 3
    assert result.best_epoch == 2 and "start_validation" not in result and "all 3 epochs done" in result.message


def test_without_validation_the_last_weights_come_back():
    problem, _ = setup()
    seen = []
    result = train(problem, OPTIONS, 3, np.random.default_rng(0), label="eq2",
                   progress=lambda *facts: seen.append(facts))
    assert result.nit == 3 and result.status == 1 and "all 3 epochs" in result.message
    assert result.best_epoch == 3 and "start_validation" not in result
    assert all(map(math.isnan, result.history["validation"]))
    assert [facts[:3] for facts in seen] == [("eq2", 1, 3), ("eq2", 2, 3), ("eq2", 3, 3)]


def test_validation_that_is_never_finite_does_not_return_a_zero_network():
    """A diverged solve keeps its first weights; NaN is never better than a number."""
    problem, _ = setup()
    script = Scripted(math.nan, math.inf, math.nan)
    result = train(problem, OPTIONS, 3, np.random.default_rng(0), validation=script, start_competes=False)
    np.testing.assert_array_equal(result.x.vector, script.seen[0])
    script = Scripted(math.nan, 2.0, math.nan, math.nan)
    result = train(problem, OPTIONS, 3, np.random.default_rng(0), validation=script)
    np.testing.assert_array_equal(result.x.vector, script.seen[1])


@pytest.mark.parametrize("start_competes", [True, False])
@pytest.mark.parametrize("validated", [True, False])
def test_no_epochs_return_the_start(start_competes, validated):
    problem, validation = setup()
    result = train(problem, OPTIONS, 0, np.random.default_rng(0), validation=validation if validated else None,
                   start_competes=start_competes)
    np.testing.assert_array_equal(result.x.vector, problem.start.vector)
    assert result.nit == 0 and result.history == {"loss": [], "penalty": [], "validation": []}
    assert result.message == "all 0 epochs done"                   # none was made that could have been better
    assert result.prox_residual == pytest.approx(problem.prox_residual(problem.start), rel=1e-14)


def test_best_so_far_keeps_a_copy():
    w = mlp.pack([], [], np.ones((1, 1)), np.zeros(1), float)
    best = BestSoFar(Scripted(2.0, 3.0), 1)
    best.look(w, 0)
    w["V"][...] = 7
    assert not best.tired
    best.look(w, 1)
    assert best.tired and best.epoch == 0 and best.vector.tolist() == [1, 0] and best.loss == 2


# --- certificate, history, repeatability -------------------------------------------------------------------------


def test_prox_residual_and_objective_are_those_of_the_returned_point():
    problem, validation = setup()
    result = train(problem, OPTIONS, 5, np.random.default_rng(0), validation=validation)
    assert result.fun == problem.objective(result.x) and result.prox_residual == problem.prox_residual(result.x)
    assert result.prox_residual != problem.prox_residual(problem.start)


def test_history_has_one_entry_per_epoch():
    problem, validation = setup()
    result = train(problem, OPTIONS, 4, np.random.default_rng(0), validation=validation)
    assert {name: len(values) for name, values in result.history.items()} == \
        {"loss": result.nit, "penalty": result.nit, "validation": result.nit}
    flat = Problem(problem.loss, problem.start, problem.parts)
    still = train(flat, Training(step=1e-300, batch=25), 1, np.random.default_rng(0))
    assert still.history["loss"][0] == pytest.approx(problem.loss.value(problem.start), rel=1e-12)
    assert still.history["penalty"][0] == pytest.approx(problem.penalty(problem.start), rel=1e-12)


def test_watch_sees_the_start_and_what_every_epoch_ends_with():
    """Without validation data the last weights come back, so that shorter runs on equal steps end at earlier ones."""
    problem, _ = setup()
    seen, steady = [], Training(step=0.01, step_end=1.0, batch=8, dtype="float64")
    train(problem, steady, 3, np.random.default_rng(0), watch=lambda w: seen.append(w.vector.copy()))
    assert len(seen) == 4
    for epochs, vector in enumerate(seen):
        np.testing.assert_array_equal(vector, train(problem, steady, epochs, np.random.default_rng(0)).x.vector)


class Quadratic:
    """mean over rows i of  sum over j of a_j (w_j - t_ij)^2 / 2,  plus u: one array and one number."""

    curvature = np.array([1.0, 3.0, 0.5, 2.0])

    def __init__(self, targets):
        self.targets = targets

    def __len__(self):
        return len(self.targets)

    def batches(self, rng, size):
        return np.split(rng.permutation(len(self)), range(size, len(self), size))

    def value(self, w):
        return float((self.curvature * (w["w"] - self.targets) ** 2).sum(axis=1).mean()) / 2 + w["u"].item()

    def gradient(self, w, rows):
        return self.curvature * (w - self.targets[rows].mean(axis=0))

    def value_and_gradient(self, w, grad, batch=None):
        grad["w"][...], grad["u"][...] = self.gradient(w["w"], slice(None) if batch is None else batch), 1
        return Quadratic(self.targets if batch is None else self.targets[batch]).value(w)


PATTERN = np.array([1.0, 1.0, 1.0, 0.0])


@pytest.fixture
def quadratic():
    """w with L1 and one connection that does not exist; u is held."""
    start = Flat.of({"w": [0.5, -0.5, 2.0, 0.0], "u": [0.0]}, np.float64)
    return Problem(Quadratic(np.random.default_rng(7).normal(size=(11, 4))), start,
                   [Part("w", L1(0.1), pattern=PATTERN)])


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_each_iteration_gives_the_path_integral(quadratic, optimiser):
    """The sum over iterations of gradient * movement, beside one of a loop of its own over the same batches.

    The gradient is that of the data loss alone, of weights that are held or do not exist too.
    """
    options = Training(step=0.1, step_end=1.0, batch=4, optimiser=optimiser, dtype="float64")
    seen = []
    result = train(quadratic, options, 5, np.random.default_rng(3), each_iteration=lambda *flats: seen.append(
        [flat.vector.copy() for flat in flats]))
    rng, w, m, v, path, k = np.random.default_rng(3), quadratic.start["w"].copy(), 0.0, 0.0, np.zeros(4), 0
    for _ in range(5):
        for rows in quadratic.loss.batches(rng, 4):
            g, k = quadratic.loss.gradient(w, rows), k + 1
            if optimiser == "adam":
                new, m, v = proximal_adam_step(w, g * PATTERN, m, v, k, L1(0.1), 0.1)
            else:
                new, m = proximal_sgd_step(w, g * PATTERN, m, L1(0.1), 0.1)
            np.testing.assert_allclose(seen[k - 1], [np.append(a, b) for a, b in ((g, 1), (w, 0), (new, 0))], rtol=1e-9)
            path, w = path + g * (new - w), new
    assert len(seen) == k == 15
    gradients, before, after = np.swapaxes(seen, 0, 1)
    np.testing.assert_allclose((gradients * (after - before)).sum(axis=0), np.append(path, 0), rtol=1e-9)
    assert gradients[:, 3].all() and not after[:, 3].any()
    np.testing.assert_array_equal(before, [quadratic.start.vector, *after[:-1]])
    np.testing.assert_array_equal(after[-1], result.x.vector)


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_on_all_samples_the_path_adds_up_to_what_the_loss_lost(quadratic, optimiser):
    """A quadratic has no third derivative:  L(after) - L(before) = g . move + move . a move / 2,  to rounding."""
    total, kept = 0.0, []
    options = Training(step=0.1, batch=11, optimiser=optimiser, dtype="float64")

    def each_iteration(gradient, before, after):
        nonlocal total
        move = after.vector - before.vector
        total += gradient.vector @ move + (Quadratic.curvature * move[:4] ** 2).sum() / 2
        kept.append((gradient, before))                            # what is promised to stay as it was

    result = train(quadratic, options, 6, np.random.default_rng(0), each_iteration=each_iteration)
    assert total == pytest.approx(quadratic.loss.value(result.x) - quadratic.loss.value(quadratic.start), rel=1e-12)
    assert len({flat.vector.tobytes() for flats in kept for flat in flats}) == 12
    plain = train(quadratic, options, 6, np.random.default_rng(0))
    assert plain.x.vector.tobytes() == result.x.vector.tobytes() and plain.history["loss"] == result.history["loss"]


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_same_seed_same_bits(optimiser, dtype):
    problem, validation = setup(dtype=dtype)
    options = Training(step=0.01, batch=8, optimiser=optimiser)
    one, same, other = (train(problem, options, 3, np.random.default_rng(s), validation=validation) for s in (0, 0, 1))
    assert one.x.vector.tobytes() == same.x.vector.tobytes() and one.history == same.history
    assert (one.x.vector != other.x.vector).any()
    assert one.x.vector.dtype == dtype


def test_start_is_kept_and_held_weights_too():
    problem, _ = setup()
    before = problem.start.vector.copy()
    head = Problem(problem.loss, problem.start, [Part("V"), Part("c")])
    result = train(head, OPTIONS, 2, np.random.default_rng(0))
    np.testing.assert_array_equal(problem.start.vector, before)
    np.testing.assert_array_equal(result.x["W1"], problem.start["W1"])
    assert (result.x["V"] != problem.start["V"]).any()


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_strength_0_is_training_without_penalty_bit_for_bit(optimiser):
    problem, _ = setup(mu=0.0)
    plain = Problem(problem.loss, problem.start, [Part(part.name, Zero()) for part in problem.parts])
    options = Training(step=0.01, batch=8, optimiser=optimiser)
    one, other = (train(p, options, 2, np.random.default_rng(0)) for p in (problem, plain))
    np.testing.assert_array_equal(one.x.vector, other.x.vector)


@pytest.mark.parametrize(("options", "message"), [
    ({"optimiser": "adagrad"}, "optimiser: expected one of 'adam', 'sgd', got 'adagrad'"),
    ({"step": 0}, "step: expected a number > 0, got 0"),
    ({"batch": 0}, "batch: expected an integer >= 1, got 0"),
    ({"beta1": 1.0}, "beta1: expected a number >= 0 and < 1, got 1.0"),
    ({"eps": 0.0}, "eps: expected a number >= 1e-30, got 0.0"),
])
def test_options_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        Training(**options)


# --- divergence --------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_solve_that_diverges_says_so():
    problem, _ = setup()
    diverged = train(problem, Training(optimiser="sgd", step=1e200, batch=8, dtype="float64"), 5, np.random.default_rng(0))
    assert not diverged.success and diverged.status == 3 and "diverged" in diverged.message
    fine = train(problem, OPTIONS, 5, np.random.default_rng(0))
    assert fine.success and "diverged" not in fine.message


def test_an_infinite_weight_is_no_solution_though_the_objective_is_finite():
    """A unit with bias -inf is off for ever, and no loss tells."""
    problem, _ = setup()
    start = problem.start.copy()
    start["b1"][0] = -np.inf
    hidden = Problem(problem.loss, start, [Part("c")])
    assert math.isfinite(hidden.objective(start))
    result = train(hidden, OPTIONS, 1, np.random.default_rng(0))
    assert not result.success and result.status == 3 and "a weight is infinite" in result.message
