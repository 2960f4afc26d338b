"""Synaptic intelligence: the path integral in closed form and as a fall of the loss, what is kept, what goes on."""

import numpy as np
import pytest

from den_ref.core import mlp
from den_ref.core.flat import Flat
from den_ref.core.penalties import SquaredL2, Zero
from den_ref.core.problem import Part, Problem
from den_ref.methods import SI, FineTuning
from den_ref.methods.shared.network import random_start, task_rng
from den_ref.methods.si import damped
from den_ref.protocol import Diverged
from den_ref.tasks import make_stream
from tests.benchmarks.bench_si_permuted import OneHead
from tests.helpers.on_the_toy import OPTIONS, learnt, same

H, START = np.array([0.5, 1.0, 3.0]), np.array([2.0, -1.0, 0.5])
#: Plain gradient descent on all samples.
DESCENT = {"hidden": (1,), "dtype": "float64", "optimiser": "sgd", "beta1": 0.0, "step_end": 1.0}


class Quadratic:
    """(1/2) sum of h theta^2, as a Loss of one batch."""

    def __len__(self):
        return 1

    def batches(self, rng, size):
        return [None]

    def value(self, w):
        return float((H * w["W1"] ** 2).sum()) / 2

    def value_and_gradient(self, w, grad, batch=None):
        grad["W1"][...] = H * w["W1"]
        return self.value(w)


def descended(eta, n, penalty=Zero()):
    """(omega, Delta) of n steps of gradient descent on the quadratic, by the method's own fit."""
    si = SI(SI.Config(**DESCENT, step=eta, epochs=n))
    problem = Problem(Quadratic(), Flat.of({"W1": START}, np.float64), [Part("W1", penalty)])
    si.fit(problem, [], np.random.default_rng(0))
    return si.way


@pytest.mark.parametrize("n", [1, 2, 7])
def test_the_path_integral_of_a_quadratic_in_closed_form(n):
    """omega = h theta_0^2 (1 - (1 - eta h)^2n) / (2 - eta h)."""
    path, move = descended(0.1, n)
    np.testing.assert_allclose(path, H * START**2 * (1 - (1 - 0.1 * H) ** (2 * n)) / (2 - 0.1 * H), rtol=1e-12)
    np.testing.assert_allclose(move, START * ((1 - 0.1 * H) ** n - 1), rtol=1e-12)


def test_without_damping_the_importance_is_half_the_curvature_hence_no_half_in_the_pull():
    """omega / Delta^2 goes to h / (2 - eta h), and that to h / 2: c = 1 is the quadratic (1/2) h Delta^2 itself."""
    np.testing.assert_allclose(damped(*descended(0.1, 700), xi=0.0), H / (2 - 0.1 * H), rtol=1e-12)
    omega = damped(*descended(0.01, 1500), xi=0.0)
    si = standing(omega, c=1.0)
    assert si.pulls()["W1"].value(np.ones(3)) == pytest.approx(H.sum() / 2, rel=0.02)


def standing(omega, **settings):
    """An SI of three weights at 0 with this importance."""
    si = SI(SI.Config(**DESCENT | settings))
    si.body, si.importance = (Flat.of({"W1": a}, np.float64) for a in (np.zeros(3), omega))
    return si


def test_the_move_is_that_of_the_whole_step_and_the_gradient_that_of_the_loss_alone():
    """One step with a pull: z = theta - eta h theta, theta' = (z + s a) / (1 + s) with s = eta q."""
    path, move = descended(0.1, 1, SquaredL2(4.0, anchor=np.ones(3)))
    after = (START * (1 - 0.1 * H) + 0.4) / 1.4
    np.testing.assert_allclose(move, after - START, rtol=1e-12)
    np.testing.assert_allclose(path, -H * START * (after - START), rtol=1e-12)


def test_the_path_integral_is_what_the_loss_fell_by_up_to_the_order_of_the_step():
    """The sum over weights goes to L(start) - L(end): at half the step it is half as far from it."""
    task = make_stream("toy").tasks[0]

    def loss(network):
        z = mlp.scores(task.x_train, *mlp.unpack(network))
        return np.mean(np.logaddexp(0, z) - task.y_train * z)

    def missed(step):
        si = SI(SI.Config(**OPTIONS | {"optimiser": "sgd", "beta1": 0.0, "batch": 10**6, "step": step, "step_end": 1.0,
                                       "weight_decay": 0.0, "epochs": round(0.4 / step), "patience": 10**6}))
        si.learn(task)
        path, move = si.way
        start = random_start(task, [1], si.config, task_rng(0, task.id))
        fall = loss(start) - loss(start.like(start.vector + move))
        assert fall > 1e-2 and path.sum() == pytest.approx(fall, rel=0.1)
        return path.sum() - fall

    assert missed(0.02) / missed(0.01) == pytest.approx(2, rel=0.1)


def test_the_sum_is_clamped_and_not_its_terms():
    si = standing(np.array([1.0, 1.0, 0.0]))
    gained = si.body.like(np.array([-0.25, -2.0, 3.0]))
    np.testing.assert_array_equal(si.consolidated(gained).vector, [0.75, 0, 3])


def test_a_weight_that_never_moved_has_no_importance():
    np.testing.assert_array_equal(damped(np.array([0.0, 1e-9, 2.0]), np.array([0.0, 0.0, -1.0]), xi=0.0), [0, 0, 2])
    np.testing.assert_array_equal(damped(np.array([3.0, 2.0]), np.array([1.0, 0.0]), xi=0.5), [2, 4])    # one came back


def test_of_a_task_that_keeps_an_earlier_epoch_the_path_ends_there():
    """Validation labels contradict those of training: the first epoch is kept, whatever comes after it."""
    from dataclasses import replace

    task = make_stream("toy").tasks[0]
    task = replace(task, y_valid=1 - task.y_valid)
    one, more = (SI(SI.Config(**OPTIONS | {"epochs": epochs, "step_end": 1.0, "patience": 2})) for epochs in (1, 6))
    for si, done in ((one, 1), (more, 3)):
        [step] = si.learn(task)
        assert (step.solve.best_epoch, step.solve.nit) == (1, done)
    assert same(one.state(), more.state(), ("body/", "importance/")) and one.importance.vector.any()


def test_a_huge_strength_freezes_what_has_importance():
    first, second = learnt(SI, 1), learnt(SI, 2, c=1e9)
    moved, held = np.abs(second.body.vector - first.body.vector), first.importance.vector > 1e-3
    assert held.sum() > 50 and moved[held].max() < 1e-6
    assert np.abs(learnt(SI, 2).body.vector - first.body.vector)[held].max() > 1e-3


def test_moments_that_go_on_begin_at_0_for_the_new_head_and_continue_bit_for_bit():
    reset, through, stopped = learnt(SI, 2), learnt(SI, 3, reset=False), learnt(SI, 2, reset=False)
    assert same(learnt(FineTuning, 1).state(), learnt(SI, 1, reset=False).state())
    assert not same(reset.state(), stopped.state())
    start = mlp.pack(*mlp.layers_of(stopped.body), np.ones((6, 1)), np.ones(1), np.float64)
    moments = stopped.moments_at(start)
    assert moments.k == stopped.moments.k > 20 and moments.m["W1"].any() and moments.v["W2"].any()
    assert not moments.m["V"].any() and not moments.v["c"].any()
    again = SI.from_state(stopped.state(), stopped.config)
    again.learn(make_stream("toy").tasks[2])
    assert same(through.state(), again.state(), tuple(through.state()))
    size = through.body.vector.size
    assert through.stored() == {"importance": size, "moments": 2 * size} and reset.stored() == {"importance": size}


def test_a_path_that_is_not_finite_is_told_before_anything_is_kept():
    si, task = learnt(SI, 1), make_stream("toy").tasks[1]
    network = mlp.pack(*mlp.layers_of(si.body), np.ones((6, 1)), np.ones(1), np.float64)
    si.way = np.full(network.vector.size, np.nan), np.ones(network.vector.size)
    with pytest.raises(Diverged, match="task 1 diverged in SI's path integral"):
        si.measured(task, network)


def test_with_one_head_for_all_tasks_the_head_is_held_too_and_goes_on_bit_for_bit():
    through, stopped = (learnt(OneHead, n, reset=False, c=0.1) for n in (3, 2))
    again = OneHead.from_state(stopped.state(), stopped.config)
    assert same(stopped.state(), again.state(), tuple(stopped.state()))
    again.learn(make_stream("toy").tasks[2])
    a, b = through.state(), again.state()
    assert a.keys() == b.keys() and same(a, b, tuple(a)) and through.importance["V"].any()
    x = make_stream("toy").tasks[0].x_valid
    np.testing.assert_array_equal(through.scores(0, x), through.scores(2, x))
    assert len(through.losses(through.body, make_stream("toy").tasks[0])[1]) == 0
