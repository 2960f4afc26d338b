"""AdaNet: the best unit and its gain in closed form, the bound, convex fits, and what is frozen."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.optimize import minimize

from den_ref.core.newton import prox_newton
from den_ref.methods.adanet import (
    AdaNet, AdaNetConfig, Growing, Unit, below, in_closed_form, pull, rademacher_bound, reached, trained, values_of,
    weak_learner, widths)
from den_ref.tasks import make_stream

FREE = {"lam": 0.0, "beta": 1e-3}
CLOSED = {"weak": "closed", "additions": 6}


def drawn(seed=0, m=40, n=5, **settings) -> Growing:
    """Samples whose labels are no linear function of them, and no units yet."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(m, n))
    y = np.where(x[:, 0] * x[:, 1] + x[:, 2] + 0.5 * rng.normal(size=m) > 0, 1.0, -1.0)
    return Growing(AdaNetConfig(**{**CLOSED, **FREE, **settings}), x, y, x[:, :0]).plus([])


def grown(rounds=4, seed=0, **settings) -> Growing:
    """The same after some rounds in closed form, in two layers."""
    now = drawn(seed, **settings)
    for layer in [1, 1, 1, 2, 2, 2][:rounds]:
        now = in_closed_form(now, layer).fit()
    return now


def read(now: Growing, layer: int):
    """What a new unit of a layer reads, and a constant."""
    z = below(layer, now.x, now.units, now.h)
    return np.column_stack([z, np.ones(len(z))])


def next_unit(now: Growing) -> Growing:
    """The one candidate in closed form."""
    [best] = AdaNet(now.config).candidates(now, None, "")
    return best


def cost(now: Growing, layer: int) -> float:
    """Γ of one unit more in a layer."""
    return float(now.costs([*now.units, Unit(layer, np.ones(1))])[-1])


def toy(n=2):
    return [task.without_test() for task in list(make_stream("toy").tasks)[:n]]


def phi(x):
    """Φ, and its slope by differences."""
    return np.logaddexp(0, x - 1)


def by_hand(now: Growing, w) -> float:
    """F as the paper has it."""
    return np.mean(phi(1 - now.y * (now.h @ w))) + now.gamma @ abs(w)


# --- the best unit -----------------------------------------------------------------------------------------------

NORMS = pytest.mark.parametrize("p", [1, 1.01, 1.5, 2, 3, 20])


@NORMS
def test_the_unit_has_the_norm_and_reaches_the_dual_norm(p):
    g = np.random.default_rng(1).normal(size=7)
    u, q = weak_learner(g, p, 3.0), np.inf if p == 1 else p / (p - 1)
    assert np.linalg.norm(u, p) == pytest.approx(3)
    assert u @ g == pytest.approx(3 * np.linalg.norm(g, q))
    np.testing.assert_allclose(weak_learner(0.01 * g, p, 3.0), u, rtol=1e-9)


@NORMS
def test_no_other_unit_is_better(p):
    """Of random ones, and of its neighbours, all scaled to the ball."""
    rng = np.random.default_rng(2)
    g = rng.normal(size=4)
    u = weak_learner(g, p, 2.0)
    others = np.concatenate([rng.normal(size=(2000, 4)), u + 0.01 * rng.normal(size=(2000, 4))])
    reach = 2 * others @ g / np.linalg.norm(others, p, axis=1)
    assert 0.9 * (u @ g) < reach.max() <= u @ g


def test_units_of_special_norms():
    g = np.array([3.0, -4.0, 4.0, 0])
    assert weak_learner(g, 1, 10).tolist() == [0, -10, 0, 0]       # the first of the largest
    np.testing.assert_allclose(weak_learner(g, 2, 10), 10 * g / np.sqrt(41))
    assert np.isfinite(weak_learner(1e-300 * g, 1.001, 1.0)).all() and weak_learner(g, 3, 1.0)[3] == 0


@pytest.mark.parametrize("layer", [1, 2])
@pytest.mark.parametrize("p", [1, 1.5, 2])
def test_the_gain_is_the_slope_of_F_along_the_new_unit(layer, p):
    now = grown(4, p=p)
    z = read(now, layer)
    D = 1 / (1 + np.exp(now.y * now.f))                            # Φ'(1 - y f)
    S, q = D.sum(), np.inf if p == 1 else p / (p - 1)
    epsilon = z.T @ (D / S * now.y)
    gain = S / 40 * now.config.norm * np.linalg.norm(epsilon, q) - cost(now, layer)
    more = in_closed_form(now, layer)
    assert more.gain == pytest.approx(gain, rel=1e-10)
    np.testing.assert_array_equal(more.units[-1].u, weak_learner(pull(z, now.y, now.f), p, now.config.norm))
    step = 1e-6
    ahead = by_hand(more, np.append(now.w, step)) - by_hand(more, np.append(now.w, 0))
    assert ahead == pytest.approx(-gain * step, rel=1e-3, abs=1e-11)


def test_the_layer_with_the_largest_gain_is_chosen():
    shallow, deep = grown(6, depth=3), grown(6, lam=0.02)
    assert next_unit(deep).units[-1].layer == 1                    # a layer costs as much as it brings
    gains = [np.linalg.norm(pull(read(shallow, k), shallow.y, shallow.f)) - cost(shallow, k) for k in (1, 2, 3)]
    best = next_unit(shallow)
    assert best.units[-1].layer == 1 + int(np.argmax(gains)) and best.gain == pytest.approx(max(gains))


def test_the_gain_of_several_units_is_that_of_the_best_each_less_its_own_cost():
    now = grown(3, lam=0.01)
    units = [Unit(1, np.ones(6)), Unit(2, np.array([1.0, -1, 1, 0, 0.5]))]
    slopes, more = abs(pull(now.plus(units).h, now.y, now.f))[3:], now.plus(units)
    assert more.gain == pytest.approx(max(slopes - more.gamma[3:]))
    assert [now.plus([unit]).gain for unit in units[:1]] == pytest.approx(slopes[:1] - more.gamma[3:4])


# --- the bound ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [1, 1.5, 2, 3])
def test_the_complexity_of_linear_units_is_below_the_bound(p):
    """E sup (1/m) sum sigma_i u . x_i = (Λ/m) E norm_q(sum sigma_i x_i), by drawing signs."""
    rng, m = np.random.default_rng(0), 30
    x = np.column_stack([rng.uniform(-2, 2, size=(m, 6)), np.ones(m)])
    q = np.inf if p == 1 else p / (p - 1)
    signs = rng.choice([-1.0, 1.0], size=(4000, m))
    drawn_ = 1.5 / m * np.linalg.norm(signs @ x, q, axis=1).mean()
    bound = rademacher_bound(abs(x).max(), m, [7], p, 1.5)
    assert 0.05 * bound < drawn_ < bound


def test_the_bound_by_hand():
    """3 * (2 * 0.5)^2 * (4 * 9)^(1/2) * sqrt(log(8) / 50) for two layers and p = 2."""
    assert rademacher_bound(3, 25, [4, 9], 2, 0.5) == pytest.approx(3 * 6 * np.sqrt(np.log(8) / 50))
    assert rademacher_bound(3, 25, [4, 9], 1, 2.0) == pytest.approx(3 * 16 * np.sqrt(np.log(8) / 50))


def test_the_cost_of_a_unit_by_hand():
    """A constant of 1 is an input of every layer, and the largest where all inputs are smaller; a unit that came before
    another in the layer below could not read it."""
    units = [Unit(1, np.ones(6)), Unit(2, np.ones(2)), Unit(1, np.ones(6)), Unit(2, np.ones(3)), Unit(3, np.ones(3))]
    now = drawn(lam=2.0)
    found = now._replace(x=now.x / 100).costs(units)
    bounds = [2**k * np.sqrt(n) * np.sqrt(np.log(12) / 80) for k, n in ((1, 6), (2, 12), (1, 6), (2, 18), (3, 6 * 3 * 3))]
    np.testing.assert_allclose(found, 2 * np.array(bounds) + 1e-3)


def test_a_deeper_unit_costs_more_and_more_samples_cost_less():
    now, larger = grown(6, lam=1.0), grown(6, lam=1.0, m=400)
    costs = [cost(now, layer) for layer in (1, 2, 3)]
    assert costs == sorted(costs) and cost(larger, 1) < cost(now, 1)


# --- the strengths -----------------------------------------------------------------------------------------------


def test_F_is_the_papers_and_convex_in_the_strengths():
    now, rng = grown(5), np.random.default_rng(3)
    assert now.solved.fun == pytest.approx(by_hand(now, now.w), rel=1e-12)
    assert now.loss == pytest.approx(now.solved.fun - now.gamma @ abs(now.w), rel=1e-12)
    for _ in range(20):
        a, b = rng.normal(size=(2, 5))
        assert by_hand(now, (a + b) / 2) <= (by_hand(now, a) + by_hand(now, b)) / 2 + 1e-12


@pytest.mark.parametrize("lam", [0.0, 3e-3])
def test_all_strengths_against_a_general_minimiser(lam):
    """w = a - b with a, b >= 0: smooth, with bounds."""
    now = grown(6, lam=lam)
    J = len(now.w)
    H = now.h

    def smooth(ab):
        w = ab[:J] - ab[J:]
        slope = H.T @ (-now.y / (1 + np.exp(now.y * (H @ w)))) / 40
        return np.mean(phi(1 - now.y * (H @ w))) + np.tile(now.gamma, 2) @ ab, np.append(slope, -slope) + np.tile(
            now.gamma, 2)

    other = minimize(smooth, np.zeros(2 * J), jac=True, method="L-BFGS-B", bounds=[(0, None)] * (2 * J),
                     options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 5000})
    assert now.solved.fun == pytest.approx(other.fun, abs=1e-8) and now.solved.fun <= other.fun + 1e-10
    assert now.solved.residual < 1e-8 and now.solved.gap < 1e-8 and np.ptp(now.gamma) > 0 or lam == 0


def test_the_last_strength_against_a_general_minimiser():
    now = grown(4)
    other = minimize(lambda w: by_hand(now, np.append(now.w[:-1], w)), 0.0, method="Nelder-Mead",
                     options={"xatol": 1e-9, "fatol": 1e-14})
    assert now.w[-1] == pytest.approx(other.x[0], abs=1e-4) and now.solved.fun <= other.fun + 1e-12


@pytest.mark.parametrize("settings", [{}, {"weak": "trained", "width": 3, "epochs": 3}])
def test_every_round_lowers_F(settings):
    """Strictly."""
    class Told(AdaNet):
        values = [np.log(2)]

        def told(self, task, now, *what, **facts):
            self.values.append(now.solved.fun)
            return super().told(task, now, *what, **facts)

    [task] = toy(1)
    method = Told(AdaNetConfig(**{**CLOSED, **FREE, "dtype": "float64", **settings}))
    *rounds, last = method.learn(task)
    assert len(rounds) >= 2 and last.box == "fit" and last.solve.residual < 1e-8
    assert (np.diff(method.values[:-1]) < -1e-6).all() and method.values[-1] == method.values[-2]
    for step, before, after in zip(rounds, method.values, method.values[1:]):
        assert step.sentence.endswith(f"the objective fell from {before:.4f} to {after:.4f}")


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_of_two_candidates_the_one_with_the_smaller_objective_is_added(order, monkeypatch):
    """Not the one with the larger gain: two units that each gain less than the best bring more together."""
    now = drawn(m=200, lam=0.0)
    g = pull(np.column_stack([now.x, np.ones(200)]), now.y, now.f)
    first, second = np.argsort(-abs(g))[:2]
    single = now.fit().plus([Unit(1, weak_learner(g, 2, 1.0))])
    double = now.fit().plus([Unit(1, np.eye(6)[first]), Unit(1, np.eye(6)[second])])
    fits = [one.fit().solved.fun for one in (single, double)]
    assert single.gain > double.gain > 0 and fits[1] < fits[0] - 1e-4
    monkeypatch.setattr(AdaNet, "candidates", lambda self, *_: [(single, double)[i] for i in order])
    method = AdaNet(replace(now.config, additions=1))
    step = next(method.growth(toy(1)[0], now, None))
    assert step.facts["units"] == [2] and step.facts["gain"] == double.gain


def test_a_penalty_above_every_slope_leaves_nothing():
    now = drawn()
    slope = max(abs(pull(np.column_stack([now.x, np.ones(40)]), now.y, now.f)))
    for beta, found in ((1.001 * slope, 0), (0.999 * slope, 1)):
        method = AdaNet(AdaNetConfig(weak="closed", p=1.0, lam=0.0, beta=float(beta), tol=0.0, additions=1))
        task = replace(toy(1)[0], x_train=now.x, y_train=(now.y[:, None] + 1) / 2)
        steps = method.learn(task)
        assert len(method.units) == found and len(steps) == found + 1
    none = AdaNet(AdaNetConfig(weak="closed", p=1.0, lam=0.0, beta=1e3))
    [only] = none.learn(toy(1)[0])
    assert "no unit gains" in only.sentence and only.solve.nit == 0 and only.solve.fun == pytest.approx(np.log(2))
    assert not none.scores(0, toy(1)[0].x_valid).any() and none.capacity().allocated == 0


@pytest.mark.parametrize("share", [1.001, 0.999])
def test_a_unit_gets_a_strength_if_and_only_if_it_gains(share):
    now = drawn(lam=0.0)
    slope = np.linalg.norm(pull(np.column_stack([now.x, np.ones(40)]), now.y, now.f))
    best = in_closed_form(now._replace(config=replace(now.config, beta=float(share * slope))), 1)
    assert (best.gain > 0) == bool(best.fit().w.any()) == (share < 1)


# --- one layer is regression with the norm as its penalty --------------------------------------------------------


def finished(p, rounds=300, **settings) -> Growing:
    """One layer, all strengths after every round, until nothing is gained."""
    now = drawn(p=p, depth=1, beta=0.03, **settings)
    for _ in range(rounds):
        more = in_closed_form(now, 1)
        if more.gain <= 1e-9:
            break
        now = more.fit()
    return now


def test_one_layer_with_p_1_is_the_lasso():
    """Units are single inputs: L1 logistic regression of strength Γ / Λ, the constant held like all others."""
    now = finished(1, norm=2.0)
    ones = np.column_stack([now.x, np.ones(40)])
    lasso = prox_newton(ones, (now.y[:, None] + 1) / 2, 0.03 / 2, intercept=False)
    assert now.solved.fun == pytest.approx(lasso.fun, abs=1e-9)
    np.testing.assert_allclose(now.f, ones @ lasso.x.weights[:, 0], atol=1e-6)


def test_one_layer_with_p_2_is_regression_with_a_plain_norm():
    """min over v of the loss + (Γ / Λ) norm(v), not squared: what AdaNet comes to, and stays above."""
    now = finished(2)
    ones = np.column_stack([now.x, np.ones(40)])
    other = minimize(lambda v: np.mean(phi(1 - now.y * (ones @ v))) + 0.03 * np.linalg.norm(v), 0.1 * np.ones(6),
                     method="BFGS", options={"gtol": 1e-9})
    assert other.fun - 1e-9 <= now.solved.fun <= other.fun + 1e-5


def test_a_stronger_penalty_never_makes_it_deeper_on_separable_samples():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 4))
    y = np.where(x[:, 0] + 0.5 * x[:, 1] > 0, 1.0, -1.0)
    depths = []
    for lam in (0.0, 1e-2, 1e-1):
        now = Growing(AdaNetConfig(weak="closed", lam=lam, beta=1e-4, depth=3), x, y, x[:, :0]).plus([])
        for _ in range(15):
            more = next_unit(now)
            if more.gain <= 1e-5:
                break
            now = more.fit()
        depths.append(len(widths(now.units)))
    assert depths == sorted(depths, reverse=True) and depths[0] > depths[-1]


# --- trained subnetworks -----------------------------------------------------------------------------------------

TRAINED = {"weak": "trained", "width": 3, "epochs": 2, "dtype": "float64"}


def with_units(*layers, seed=0, **settings) -> Growing:
    """Two units in each of these layers, heard a little."""
    rng, now = np.random.default_rng(seed), drawn(**TRAINED, **settings)
    for layer in layers:
        now = now.plus([Unit(layer, u) for u in rng.normal(size=(2, read(now, layer).shape[1]))])
    return now._replace(w=0.1 * rng.normal(size=len(now.units)))


@pytest.mark.parametrize("layer", [1, 2, 3])
@pytest.mark.parametrize("p", [1, 1.5, 2])
def test_trained_units_have_the_norm_and_the_function_they_were_trained_for(p, layer, monkeypatch):
    """What is minimised is the loss of f + V^T h, h the units of the top, which read old ones and their own; and the
    units, scaled, are h up to the size of each."""
    now, kept = with_units(1, 2, p=p, norm=2.0), []
    monkeypatch.setattr("den_ref.methods.adanet.train", lambda problem, *_, **__: kept.append(problem) or Start(
        problem))
    more, w = trained(now, layer, np.random.default_rng(0)), kept[0].start
    for unit in more.units[4:]:
        assert np.linalg.norm(unit.u, p) == pytest.approx(2)
    top = np.maximum(read(now, max(layer - 1, 1))[:, :-1] @ w["W1"] + w["b1"], 0)
    if layer > 1:
        top = np.maximum(np.hstack([read(now, layer)[:, :-1], top]) @ w["W2"] + w["b2"], 0)
    assert kept[0].objective(w) == pytest.approx(np.mean(phi(1 - now.y * (now.f + (top @ w["V"])[:, 0]))))
    for found, wanted in zip(more.h[:, -3:].T, top.T):
        np.testing.assert_allclose(found * wanted.max(), wanted * found.max(), atol=1e-9)
    assert [unit.layer for unit in more.units[4:]] == [layer] * 3 if layer == 1 else [layer - 1] * 3 + [layer] * 3


def test_weight_decay_holds_a_subnetworks_weights_and_not_its_biases(monkeypatch):
    kept = []
    monkeypatch.setattr("den_ref.methods.adanet.train", lambda problem, *_, **__: kept.append(problem) or Start(
        problem))
    trained(with_units(1, weight_decay=0.5), 2, np.random.default_rng(0))
    [problem], w = kept, kept[0].start
    assert w["b1"].any() and problem.penalty(w) == pytest.approx(sum((w[k]**2).sum() for k in ("W1", "W2", "V")) / 4)


class Start:
    """A training's result that is its start, of biases that are not 0."""

    multiply_adds = 0

    def __init__(self, problem):
        for name in ("b1", "b2"):
            if name in problem.start.shapes:
                problem.start[name][...] = [0.3, -0.2, 0.1]
        self.x = problem.start


def test_a_subnetwork_may_be_one_layer_deeper_than_what_there_is():
    method = AdaNet(AdaNetConfig(**TRAINED, depth=2))
    layers = [[one.units[-1].layer for one in method.candidates(now, np.random.default_rng(0), "")] for now in (
        with_units(depth=2), with_units(1, depth=2), with_units(1, 2, depth=2))]
    assert layers == [[1], [1, 2], [2]]


def test_the_units_below_a_new_top_may_be_heard_too():
    more = trained(with_units(1), 2, np.random.default_rng(0)).fit()
    assert more.w[2:5].any() and more.w[5:].any() and more.solved.residual < 1e-8


# --- what is frozen, and what is kept ----------------------------------------------------------------------------


def test_a_unit_reads_only_what_was_there_at_its_birth():
    x = np.random.default_rng(0).normal(size=(6, 2))
    first, top, later = Unit(1, np.array([1.0, 0, 0])), Unit(2, np.array([2.0, 1])), Unit(1, np.array([0, 1.0, 0.5]))
    alone, beside_later = (values_of(units, x, x[:, :0], "closed") for units in ([first, top], [first, top, later]))
    np.testing.assert_allclose(alone[:, 1], 2 * np.maximum(x[:, 0], 0) + 1)
    np.testing.assert_array_equal(alone, beside_later[:, :2])


def test_what_f_does_not_hear_is_not_kept():
    units = [Unit(layer, np.ones(2)) for layer in (1, 1, 2, 1, 2)]
    strengths = [[0, 0, 1.0, 0, 0], [0, 2.0, 0, 0, 0], [0, 0, 0, 0, 1.0], [0, 0, 0, 0, 0.0]]
    assert [reached(units, np.array(w)) for w in strengths] == [[0, 1, 2], [1], [0, 1, 3, 4], []]


def test_what_comes_with_strength_0_and_what_is_dropped_change_no_answer():
    now = with_units(1, 2, 1, 3)
    now = now._replace(w=now.w * [0, 1, 1, 0, 0, 0, 0, 1])
    kept = reached(now.units, now.w)
    assert kept == [0, 1, 2, 3, 7]
    answer = values_of([now.units[j] for j in kept], now.x, now.x[:, :0], "trained") @ now.w[kept]
    np.testing.assert_allclose(answer, now.f, rtol=0, atol=1e-12)
    np.testing.assert_allclose(now.plus([Unit(2, np.ones(3))]).f, now.f, rtol=0, atol=1e-12)


@pytest.mark.parametrize("settings", [CLOSED, {"weak": "trained", "additions": 2, "width": 2, "epochs": 2}])
@pytest.mark.parametrize("warm", [False, True])
def test_units_stay_and_a_state_continues(settings, warm):
    first, second = toy(2)
    method = AdaNet(AdaNetConfig(**settings, warm=warm))
    method.learn(first)
    assert {array.dtype for name, array in method.state().items() if name != "meta"} == {np.dtype("float32")}
    units, scores = [unit.u.copy() for unit in method.units], method.scores(0, first.x_valid)
    again = AdaNet.from_state(method.state(), method.config)
    method.learn(second)
    again.learn(second)
    for unit, u in zip(method.units, units):
        np.testing.assert_array_equal(unit.u, u)
    np.testing.assert_array_equal(method.scores(0, first.x_valid), scores)
    assert all(np.array_equal(again.state()[name], array) for name, array in method.state().items())


def test_warm_units_are_read_and_counted():
    """The same task again needs nothing new: its old units are heard at once."""
    first, _ = toy(2)
    cold, warm = (AdaNet(AdaNetConfig(**CLOSED, warm=warm)) for warm in (False, True))
    for method in (cold, warm):
        method.learn(first)
        method.again = method.learn(replace(first, id="again"))
    assert warm.again[0].facts["loss_before"] < cold.again[0].facts["loss_before"] == pytest.approx(np.log(2))
    [members], [first_members] = warm.kept["again"].members, warm.kept[0].members
    assert set(members) & set(first_members) and not set(cold.kept["again"].members[0]) & set(cold.kept[0].members[0])
    sizes = [warm.units[j].u.size for j in members]
    assert warm.capacity().per_task["again"] == sum(sizes) + warm.kept["again"].w[0].size
    assert cold.capacity().allocated == sum(cold.capacity().per_task.values())


def test_one_class_only_is_refused_by_name():
    [task] = toy(1)
    with pytest.raises(ValueError, match="task.y_train: expected both classes in every output, got only 1"):
        AdaNet().learn(replace(task, y_train=np.ones_like(task.y_train)))


#: Another value of every option but patience, which looks at validation data.
OTHERWISE = {"weak": "closed", "lam": 1e-2, "beta": 1e-2, "p": 1.5, "norm": 2.0, "depth": 1,
             "additions": 1, "tol": 1.0, "warm": True, "width": 2, "epochs": 3, "step": 0.05,
             "step_end": 1.0, "batch": 100, "optimiser": "sgd", "beta1": 0.5, "beta2": 0.9, "eps": 1e-2,
             "dtype": "float64", "weight_decay": 0.1}


@cache
def outcome(**settings):
    """Scores of a second task, after few samples of two."""
    tasks = [replace(task, x_train=task.x_train[:80], y_train=task.y_train[:80]) for task in toy(2)]
    usual = {"additions": 2, "width": 3, "epochs": 2, "batch": 40, "depth": 2, "lam": 1e-6}
    method = AdaNet(AdaNetConfig(**{**usual, **settings}))
    method.learn_all(tasks)
    return method.scores(1, tasks[1].x_valid).tolist()


@pytest.mark.parametrize("option", OTHERWISE)
def test_every_option_has_an_effect(option):
    assert outcome() != outcome(**{option: OTHERWISE[option]})
    assert set(OTHERWISE) == set(AdaNetConfig().to_dict()) - {"patience"}
