"""GO-MTL: the identities that its two steps promise, what is kept of the data, and unusual tasks."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from den_ref.methods.ella import Sums
from den_ref.methods.gomtl import GOMTL, GOMTLConfig, bases, factorise, objective, statistics, well_sized
from den_ref.methods.shared.bases import Quadratic, sparse_code
from den_ref.methods.shared.single import expansion, single_task
from tests.helpers.linear_tasks import binary


def tasks_of(weights, n=200, noise=0.0, seed=0):
    """Samples of linear tasks with these weights (d, T): [(phi, y), ...]."""
    rng = np.random.default_rng(seed)
    made = [rng.normal(size=(n, len(weights))) for _ in weights.T]
    return [(phi, phi @ w + noise * rng.normal(size=n)) for phi, w in zip(made, weights.T)]


def stacked(tasks):
    return np.stack([q.D for q in tasks]), np.stack([q.c for q in tasks])


@pytest.mark.filterwarnings("ignore:factorise")
def test_the_objective_rises_at_no_half_step():
    """And is the documented formula, sample by sample."""
    weights = np.random.default_rng(1).normal(size=(6, 9))
    data = tasks_of(weights, n=30, noise=1.0)
    tasks = [statistics(phi, y, "squared", 0) for phi, y in data]
    for mu, lam, k in ((0.05, 0.01, 3), (1.0, 0.5, 4), (1e-4, 1e-4, 2)):
        result = factorise(tasks, k, mu, lam, 1e-3, tol=1e-7, rounds=15)
        history = result.history["objective"]
        assert len(history) > 5 and all(after <= before * (1 + 1e-12) for before, after in pairwise(history))
        L, S = result.x
        by_hand = sum(np.mean((y - phi @ L @ s)**2) for (phi, y), s in zip(data, S.T))
        assert objective(tasks, L, S, mu, lam) == pytest.approx(by_hand + mu * abs(S).sum() + lam * (L**2).sum())
        assert history[-1] == result.fun < history[0]


@pytest.mark.filterwarnings("ignore:factorise")
def test_an_ascent_would_be_seen():
    """From codes that are optimal for L, bases solved for with another lam raise the objective."""
    tasks = [statistics(phi, y, "squared", 0) for phi, y in tasks_of(np.random.default_rng(1).normal(size=(6, 9)))]
    L, S = factorise(tasks, 3, 0.05, 0.01, tol=1e-10, rounds=20).x
    assert objective(tasks, bases(*stacked(tasks), S, 10.0), S, 0.05, 0.01) > objective(tasks, L, S, 0.05, 0.01)


def test_with_a_basis_per_task_and_nothing_held_every_task_is_as_if_alone():
    data = tasks_of(np.random.default_rng(2).normal(size=(6, 4)), n=30, noise=1.0)
    L, S = factorise([statistics(phi, y, "squared", 0) for phi, y in data], 4, 0.0, 0.0).x
    for (phi, y), w in zip(data, (L @ S).T):
        np.testing.assert_allclose(w, np.linalg.lstsq(phi, y, rcond=None)[0], rtol=1e-8)


def test_an_orthonormal_design_and_bases_give_a_soft_threshold_at_half_of_mu():
    rng, mu = np.random.default_rng(3), 0.8
    phi = np.linalg.qr(rng.normal(size=(50, 6)))[0] * np.sqrt(50)  # (1/n) X^T X = I
    L, y = np.linalg.qr(rng.normal(size=(6, 4)))[0], 2 * rng.normal(size=50)
    own = L.T @ np.linalg.lstsq(phi, y, rcond=None)[0]
    code = sparse_code(L, statistics(phi, y, "squared", 0), mu).x
    np.testing.assert_allclose(code, np.sign(own) * np.maximum(abs(own) - mu / 2, 0), atol=1e-10)
    assert not np.allclose(code, np.sign(own) * np.maximum(abs(own) - mu, 0), atol=1e-3)


@pytest.mark.filterwarnings("ignore:factorise")
def test_disjoint_groups_of_tasks_have_disjoint_codes():
    """Two tasks on the first inputs, two on the others: up to an order of the bases, supports do not overlap."""
    rng = np.random.default_rng(4)
    weights = np.zeros((6, 8))
    weights[:3, :4], weights[3:, 4:] = rng.normal(size=(3, 1)), rng.normal(size=(3, 1))
    weights *= rng.uniform(1, 2, size=8)
    S = factorise([statistics(phi, y, "squared", 0) for phi, y in tasks_of(weights)], 2, 0.05, 1e-3, tol=1e-9,
                  rounds=50).x.S
    first, second = (S[:, :4] != 0).any(axis=1), (S[:, 4:] != 0).any(axis=1)
    assert first.sum() == second.sum() == 1 and not (first & second).any()


def test_bases_are_ellas_with_lam_times_the_number_of_tasks():
    """Squared loss, own weights of least squares, the same codes and quadratics: one linear system."""
    data = tasks_of(np.random.default_rng(5).normal(size=(5, 7)), n=30, noise=1.0)
    S, sums = np.random.default_rng(6).normal(size=(3, 7)), Sums(np.zeros((15, 15)), np.zeros(15), 0)
    tasks = [statistics(phi, y, "squared", 0) for phi, y in data]
    for task, s in zip(tasks, S.T):
        theta = np.linalg.solve(task.D, task.c)
        sums = sums.plus(s, Quadratic(task.D, task.D @ theta, 0.0))
    np.testing.assert_allclose(bases(*stacked(tasks), S, 7 * 0.3), sums.bases(0.3, 3), rtol=1e-10)
    half = [expansion(phi, y, "squared", np.linalg.lstsq(phi, y, rcond=None)[0]) for phi, y in data]
    np.testing.assert_allclose(half[0].D, tasks[0].D / 2)           # ELLA's loss has the 1/2: its lam is half as large
    np.testing.assert_allclose(bases(*stacked(half), S, 7 * 0.15), sums.bases(0.3, 3), rtol=1e-9)


# --- the stream --------------------------------------------------------------------------------------------------


def test_what_is_kept_is_enough_to_fit_all_tasks_anew():
    """Numbers of the data, none of its samples; the order of learning does not matter."""
    one, other = GOMTL(GOMTLConfig(k=2), 0), GOMTL(GOMTLConfig(k=2), 0)
    for index in range(3):
        one.learn(binary(index))
    for index in (2, 0, 1):
        other.learn(binary(index))
    x = binary(9).x_train
    for index in range(3):
        np.testing.assert_allclose(one.scores(index, x), other.scores(index, x), atol=1e-6)
    assert one.stored() == {"X^T X, X^T y, y^T y": 3 * (25 + 5 + 1)}


def test_the_logistic_loss_is_ellas_expansion():
    task = binary(0)
    phi = np.column_stack([task.x_train, np.ones(60)])
    theta = single_task(phi, task.y_train[:, 0], "logistic", 0.1).x
    kept = statistics(phi, task.y_train[:, 0], "logistic", 0.1)
    np.testing.assert_array_equal(kept.D, expansion(phi, task.y_train[:, 0], "logistic", theta).D)
    gomtl = GOMTL(GOMTLConfig(k=2, loss="logistic"), 0)
    gomtl.learn(task)
    assert ((gomtl.scores(0, task.x_train) > 0) == task.y_train).mean() > 0.8


def test_more_bases_than_tasks_leave_bases_of_zeros():
    gomtl = GOMTL(GOMTLConfig(k=5), 0)
    gomtl.learn(binary(0))
    gomtl.learn(binary(1))
    assert (gomtl.L != 0).any(axis=0).tolist() == [True, True, False, False, False]


def test_a_task_comes_once_and_needs_both_classes():
    gomtl = GOMTL(GOMTLConfig(k=2), 0)
    gomtl.learn(binary(0))
    with pytest.raises(ValueError, match="task: expected one not learnt yet, got 0"):
        gomtl.learn(binary(0))
    with pytest.raises(ValueError, match="task.y_train: expected both classes in every output, got only 1 in output 0"):
        gomtl.learn(binary(1, y_train=np.ones((60, 1))))
    assert gomtl.tasks == [0]


@pytest.mark.filterwarnings("ignore:factorise")
def test_rounds_that_run_out_say_so():
    gomtl = GOMTL(GOMTLConfig(k=2, rounds=1, tol=0.0), 0)
    [step] = gomtl.learn(binary(0))
    assert not step.solve.success and step.solve.nit == 1 and "tolerance not reached" in step.solve.message


def test_sizes_of_bases_that_cost_least_leave_the_model_as_it_is():
    """Of all a > 0 with L_j a and s_j / a; a basis without a code stays."""
    rng = np.random.default_rng(7)
    L, S = rng.normal(size=(4, 3)), rng.normal(size=(3, 5)) * np.array([[1.0], [2.0], [0.0]])
    sized, codes = well_sized(L, S, 0.3, 0.2)
    np.testing.assert_allclose(sized @ codes, L @ S, atol=1e-12)
    np.testing.assert_array_equal(sized[:, 2], L[:, 2])

    def cost(L, S):
        return 0.3 * abs(S[:2]).sum() + 0.2 * (L[:, :2]**2).sum()

    assert all(cost(sized, codes) <= cost(sized * a, codes / a) for a in (0.5, 0.99, 1.01, 2.0))


@pytest.mark.parametrize("wrong", [0, 1, 2], ids=["first", "between", "last"])
def test_tasks_of_which_one_is_refused_are_not_learnt(wrong):
    """The task that was learnt before answers as before, and the others may come again without the refused one."""
    gomtl, alone = GOMTL(GOMTLConfig(k=2), 0), GOMTL(GOMTLConfig(k=2), 0)
    for method in (gomtl, alone):
        method.learn(binary(9))
    tasks = [binary(0), binary(1), binary(2)]
    refused = [*tasks[:wrong], replace(tasks[wrong], x_train=np.ones((60, 7))), *tasks[wrong + 1:]]
    before = gomtl.state()
    with pytest.raises(ValueError, match=r"task.x_train: expected an array \(n, 4\), got shape \(60, 7\)"):
        gomtl.learn_all(refused)
    after = gomtl.state()
    assert gomtl.tasks == [9] and after.keys() == before.keys()
    assert all(after[name].tobytes() == before[name].tobytes() for name in before)
    for method in (gomtl, alone):
        method.learn_all(tasks)
    np.testing.assert_array_equal(gomtl.scores(2, tasks[2].x_train), alone.scores(2, tasks[2].x_train))


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("x", [np.ones((60, 4)), np.zeros((60, 4)), np.repeat(np.arange(60.0)[:, None] % 7, 4, axis=1)],
                         ids=["constant", "zeros", "collinear"])
def test_a_rank_deficient_task_has_one_answer(x, loss):
    """Where the features tell nothing, all samples have one score; else bases for given codes have no slope left."""
    gomtl = GOMTL(GOMTLConfig(k=3, loss=loss), 0)
    gomtl.learn_all([binary(0), binary(7, x_train=x)])
    scores, S = gomtl.scores(7, x), np.hstack([coded.S for coded in gomtl.kept.values()])
    assert np.isfinite(scores).all() and (np.ptp(scores) == 0) == (np.ptp(x) == 0)
    slope = sum(2 * np.outer(q.D @ gomtl.L @ s - q.c, s) for q, s in zip(gomtl.seen, S.T)) + 2 * gomtl.config.lam * gomtl.L
    np.testing.assert_allclose(slope, 0, atol=1e-9)


def test_no_features_at_all():
    """The constant alone: every sample has the score of the task's mean target, up to what the bases are held by."""
    task, empty = binary(0), np.zeros((60, 0))
    gomtl = GOMTL(GOMTLConfig(k=2, mu=1e-9, lam=1e-9), 0)
    gomtl.learn(replace(task, x_train=empty, x_valid=empty[:10]))
    scores = gomtl.scores(0, empty)
    assert gomtl.L.shape == (1, 2) and np.ptp(scores) == 0
    assert scores[0, 0] == pytest.approx(2 * task.y_train.mean() - 1, rel=1e-3)
