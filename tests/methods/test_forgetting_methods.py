"""Fine-tuning, DNN-L2 and DNN-EWC: what holds the body, and what must be equal bit for bit; SI is in test_si.py."""

from dataclasses import replace

import numpy as np
import pytest

from den_ref.core import mlp
from den_ref.core.fisher import fisher_diagonal
from den_ref.core.flat import Flat
from den_ref.methods import EWC, IMM, L2, SI, STL, FineTuning
from den_ref.protocol import Task
from den_ref.tasks import make_stream
from tests.helpers.linear_tasks import binary
from tests.helpers.on_the_toy import OPTIONS, learnt, same


@pytest.mark.parametrize(("kind", "strength"), [(L2, "lam"), (EWC, "lam"), (SI, "c")])
def test_at_strength_0_it_is_fine_tuning_bit_for_bit(kind, strength):
    plain = learnt(FineTuning, 3).state()
    assert same(plain, learnt(kind, 3, **{strength: 0.0}).state())
    assert not same(plain, learnt(kind, 3, **{strength: 1.0}).state())


def test_the_first_network_is_that_of_separate_learning():
    fine, separate = learnt(FineTuning, 1), learnt(STL, 1)
    task = make_stream("toy").tasks[0]
    np.testing.assert_array_equal(fine.scores(0, task.x_valid), separate.scores(0, task.x_valid))


@pytest.mark.parametrize("kind", [SI, IMM])
@pytest.mark.parametrize("unusual", [
    {"y_train": np.zeros((60, 1))}, {"x_train": np.ones((60, 4))}, {"x_train": np.zeros((60, 4))}],
    ids=["one class only", "a constant", "zeros"])
def test_an_unusual_task_is_trained_as_any_other_and_comes_once(kind, unusual):
    method = kind(kind.Config(hidden=(5, 4), epochs=3), seed=0)
    for index in range(3):
        method.learn(binary(index, **unusual if index == 1 else {}))
    scores = method.scores(1, binary(1).x_train)
    assert np.isfinite(scores).all() and np.ptp(scores) > 0
    with pytest.raises(ValueError, match="task: expected one not learnt yet, got 1"):
        method.learn(binary(1, y_train=1 - binary(1).y_train))


@pytest.mark.parametrize("kind", [SI, IMM])
def test_without_features_only_biases_are_learnt(kind):
    method, empty = kind(kind.Config(hidden=(5, 4), epochs=60, step=0.05, patience=60), seed=0), np.zeros((60, 0))
    for index in range(2):
        method.learn(replace(binary(index), x_train=empty, x_valid=empty[:0], y_valid=binary(index).y_valid[:0]))
    assert np.ptp(method.scores(1, empty)) == 0
    assert 1 / (1 + np.exp(-method.scores(1, empty)[0, 0])) == pytest.approx(binary(1).y_train.mean(), abs=0.05)


def test_l2_at_a_huge_strength_freezes_the_body():
    first, second = learnt(L2, 1), learnt(L2, 2, lam=1e12)
    np.testing.assert_allclose(second.body.vector, first.body.vector, rtol=0, atol=1e-9)
    assert np.abs(learnt(L2, 2).body.vector - first.body.vector).max() > 1e-3


def test_l2_strengths_are_per_layer():
    first, second = learnt(L2, 1), learnt(L2, 2, lam=(1e12, 0.0))
    for name in ("W1", "b1"):
        np.testing.assert_allclose(second.body[name], first.body[name], rtol=0, atol=1e-9)
    assert np.abs(second.body["W2"] - first.body["W2"]).max() > 1e-3
    with pytest.raises(ValueError, match="lam"):
        L2.Config(lam=(1.0, 1.0, 1.0))


def test_ewc_at_a_huge_strength_freezes_what_has_fisher_information_and_nothing_else():
    first, second = learnt(EWC, 1), learnt(EWC, 2, lam=1e15)
    held, moved = first.importance.vector > 1e-6, np.abs(second.body.vector - first.body.vector)
    dead = first.importance.vector == 0
    assert held.sum() > 50 and dead.any()
    assert moved[held].max() < 1e-4 < moved[dead].max()


def standing_at(kind, anchor, **settings):
    """A method whose body is the one weight ``anchor``."""
    method = kind(kind.Config(hidden=(1,), dtype="float64", **settings))
    method.body = Flat.of({"W1": np.array([[anchor]])}, np.float64)
    return method


def test_l2_lands_on_the_closed_form_of_a_quadratic():
    """theta = (H + 2 lam)^-1 (H theta_B + 2 lam theta_A), reached by proximal Adam through the method's own pull."""
    pull = standing_at(L2, -1.0, lam=0.5).pulls()["W1"]
    assert _minimised(curvature=3.0, target=2.0, pull=pull) == pytest.approx((3 * 2 - 2 * 0.5) / (3 + 2 * 0.5), abs=1e-6)


def test_ewc_lands_on_the_joint_optimum_of_two_quadratics():
    """With lam = 1 and F the first task's curvature: (h_A theta_A + h_B theta_B) / (h_A + h_B)."""
    ewc = standing_at(EWC, -1.0, lam=1.0)
    ewc.importance, ewc.anchor = ewc.consolidated(ewc.body.like(np.array([5.0])), ewc.body)
    assert _minimised(curvature=3.0, target=2.0, pull=ewc.pulls()["W1"]) == pytest.approx((6 - 5) / 8, abs=1e-6)


def _minimised(curvature, target, pull):
    from den_ref.core.problem import Part, Problem
    from den_ref.core.training import Training, train

    class Quadratic:
        def __len__(self):
            return 1

        def batches(self, rng, size):
            return [None]

        def value(self, w):
            return curvature / 2 * float(((w["w"] - target) ** 2).sum())

        def value_and_gradient(self, w, grad, batch=None):
            grad["w"][...] = curvature * (w["w"] - target)
            return self.value(w)

    start = Flat.of({"w": np.zeros((1, 1))}, np.float64)
    problem = Problem(Quadratic(), start, [Part("w", pull)])
    options = Training(step=0.05, step_end=1e-6, dtype="float64")
    return train(problem, options, 4000, np.random.default_rng(0)).x["w"].item()


# --- what EWC keeps between tasks --------------------------------------------------------------------------------


def consolidated(fishers, weights, **settings):
    """An EWC that saw these Fisher informations and weights, one per task."""
    ewc = EWC(EWC.Config(hidden=(1,), dtype="float64", **settings))
    for fisher, weight in zip(fishers, weights, strict=True):
        own, ewc.body = (Flat.of({"W1": array}, np.float64) for array in (fisher, weight))
        ewc.importance, ewc.anchor = ewc.consolidated(own, ewc.body)
    return ewc


FISHERS = [np.array([[1.0, 0.0, 2.0]]), np.array([[3.0, 0.0, 0.0]]), np.array([[0.5, 4.0, 1.0]])]
WEIGHTS = [np.array([[1.0, 2.0, 3.0]]), np.array([[2.0, 2.5, -3.0]]), np.array([[0.0, 1.0, 1.0]])]


def penalty(ewc, w):
    return sum(pull.value(w) for pull in ewc.pulls().values())


def test_separate_anchors_kept_as_one_have_the_penalty_of_all_up_to_a_constant():
    ewc = consolidated(FISHERS, WEIGHTS, anchors="separate", lam=2.0)
    rng = np.random.default_rng(0)
    points = rng.normal(size=(5, 1, 3))
    all_of_them = [sum(2.0 / 2 * np.sum(f * (w - a) ** 2) for f, a in zip(FISHERS, WEIGHTS, strict=True))
                   for w in points]
    differences = np.array(all_of_them) - [penalty(ewc, w) for w in points]
    np.testing.assert_allclose(differences, differences[0], rtol=1e-12)
    assert ewc.stored() == {"fisher": 3, "anchor": 3}


def test_the_latest_anchor_accumulates_the_fisher_information():
    ewc = consolidated(FISHERS, WEIGHTS, lam=2.0)
    w = np.array([[0.3, -1.0, 2.0]])
    assert penalty(ewc, w) == pytest.approx(np.sum(sum(FISHERS) * (w - WEIGHTS[-1]) ** 2))
    assert ewc.stored() == {"fisher": 3}                           # the anchor is the network itself


def test_online_ewc_decays_old_information_and_its_penalty():
    ewc = consolidated(FISHERS, WEIGHTS, lam=2.0, decay=0.5)
    total = 0.5 * (0.5 * FISHERS[0] + FISHERS[1]) + FISHERS[2]
    w = np.array([[0.3, -1.0, 2.0]])
    assert penalty(ewc, w) == pytest.approx(0.5 * np.sum(total * (w - WEIGHTS[-1]) ** 2))
    with pytest.raises(ValueError, match="decay: expected at most 1, and 1 for separate anchors, got 0.5"):
        EWC.Config(anchors="separate", decay=0.5)
    with pytest.raises(ValueError, match="decay: expected at most 1, and 1 for separate anchors, got 1.5"):
        EWC.Config(decay=1.5)


def test_a_single_anchor_is_exact_on_three_quadratics_and_separate_anchors_are_not():
    """Task k: (h_k / 2) (theta - c_k)^2, F_k = h_k.  Joint optimum: sum h c / sum h.  The bias of separate anchors is
    h_A h_B / (h_A + h_B) * (c_A - c_B) / (h_A + h_B + h_C)."""
    (ha, hb, hc), (ca, cb, cc) = (2.0, 3.0, 4.0), (1.0, -2.0, 5.0)
    second = (ha * ca + hb * cb) / (ha + hb)                       # after task B both variants stand here

    def third(ewc):
        pull = ewc.pulls()["W1"]
        f, a = pull.strength[0, 0], pull.anchor[0, 0]
        return (f * a + hc * cc) / (f + hc)

    fishers, weights = [np.array([[ha]]), np.array([[hb]])], [np.array([[ca]]), np.array([[second]])]
    joint = (ha * ca + hb * cb + hc * cc) / (ha + hb + hc)
    bias = ha * hb / (ha + hb) * (ca - cb) / (ha + hb + hc)
    assert third(consolidated(fishers, weights, lam=1.0)) == pytest.approx(joint)
    assert third(consolidated(fishers, weights, lam=1.0, anchors="separate")) == pytest.approx(joint + bias)
    assert bias != 0


# --- all of them -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hidden", [(7,), (8, 6, 5)])
@pytest.mark.parametrize("kind", [FineTuning, L2, EWC, SI])
def test_any_number_of_layers(kind, hidden):
    method = learnt(kind, 2, hidden=hidden, **({"lam": 0.1} if kind is L2 else {}))
    assert [head.weights.shape for head in method.heads] == [(hidden[-1], 1)] * 2
    assert [head.stage for head in method.heads] == [1, 2]
    x, (weights, biases) = make_stream("toy").tasks[0].x_valid, mlp.layers_of(method.served)
    for w, b in zip(weights, biases, strict=True):
        x = np.maximum(x @ w + b, 0)
    head = method.heads[0]
    np.testing.assert_allclose(method.scores(0, make_stream("toy").tasks[0].x_valid), x @ head.weights + head.bias,
                               rtol=1e-10)


@pytest.mark.parametrize("settings", [{}, {"anchors": "separate"}, {"decay": 0.5}, {"fisher": "empirical"}])
def test_ewc_continues_bit_for_bit(settings):
    tasks = list(make_stream("toy").tasks)
    through, stopped = learnt(EWC, 3, **settings), learnt(EWC, 2, **settings)
    again = EWC.from_state(stopped.state(), stopped.config)
    again.learn(tasks[2])
    a, b = through.state(), again.state()
    assert a.keys() == b.keys() and same(a, b, tuple(a))


@pytest.mark.parametrize("kind", ["exact", "empirical"])
def test_ewc_keeps_the_fisher_information_of_the_weights_it_kept(kind):
    ewc, task = learnt(EWC, 1, fisher=kind), make_stream("toy").tasks[0]
    head = ewc.heads[0]
    w = Flat.of({"W1": ewc.body["W1"], "W2": ewc.body["W2"], "V": head.weights, "b1": ewc.body["b1"],
                 "b2": ewc.body["b2"], "c": head.bias}, np.float64)
    full, other = (fisher_diagonal(w, task.x_train, task.y_train, "sigmoid", each)
                   for each in (kind, {"exact": "empirical", "empirical": "exact"}[kind]))
    for name in ("W1", "W2", "b1", "b2"):
        np.testing.assert_allclose(ewc.importance[name], full[name], rtol=1e-10)
        assert not np.allclose(ewc.importance[name], other[name], rtol=0.01)


def test_ewc_warns_when_nothing_is_protected():
    """A head so sure of itself that p (1 - p) is 0."""
    x, y = np.ones((40, 3)), np.zeros((40, 1))
    sizes = {"W1": (3, 8), "W2": (8, 6), "V": (6, 1), "b1": 8, "b2": 6, "c": 1}
    network = Flat.of({name: np.zeros(size) for name, size in sizes.items()} | {"c": np.full(1, -1e4)}, np.float64)
    with pytest.warns(RuntimeWarning, match="Fisher information of task 'dark' is 0 everywhere, so"):
        EWC(EWC.Config(**OPTIONS)).measured(Task("dark", x, y, x, y), network)


def test_the_step_counts_the_time_of_the_fisher_information(monkeypatch):
    import time

    def slow(w, *_):
        until = time.process_time() + 0.2                          # seconds of the processor: sleep costs none
        while time.process_time() < until:
            pass
        return w.copy()

    monkeypatch.setattr("den_ref.methods.ewc.fisher_diagonal", slow)
    [step] = EWC(EWC.Config(**OPTIONS | {"epochs": 0})).learn(make_stream("toy").tasks[0])
    assert step.seconds >= 0.2


def test_forgetting_is_ordered_on_a_stream_that_makes_it_visible():
    """Permuted inputs: plain fine-tuning forgets; both pulls keep more of the first task."""
    rng = np.random.default_rng(0)
    base = rng.normal(size=(600, 10))
    y = (base[:, :1] + base[:, 1:2] > 0).astype(float)
    tasks = []
    for k in range(3):
        x = base[:, rng.permutation(10)] if k else base
        tasks.append(Task(k, x[:400], y[:400], x[400:], y[400:]))

    def first_after_all(kind, **settings):
        method = kind(kind.Config(**OPTIONS | {"hidden": (16, 8), "epochs": 15} | settings), 0)
        for task in tasks:
            method.learn(task)
        return np.mean(method.predict(0, tasks[0].x_valid) == y[400:])

    forgot = first_after_all(FineTuning)
    assert first_after_all(L2, lam=1.0) > forgot + 0.1
    assert first_after_all(EWC, lam=1e3) > forgot + 0.1
    assert first_after_all(SI, c=10.0) > forgot + 0.1
