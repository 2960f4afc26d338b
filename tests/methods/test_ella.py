"""ELLA: the identities that its equations promise, its sums, what stays and what moves, and unusual tasks."""

from dataclasses import replace

import numpy as np
import pytest

from den_ref.core.result import Result
from den_ref.methods.ella import ELLA, ELLAConfig, Sums, with_a_new_basis
from den_ref.methods.shared.bases import Quadratic, contribution, solve_bases, sparse_code
from den_ref.methods.shared.single import expansion, single_task
from tests.helpers.linear_tasks import binary

D, K = 5, 3


def drawn(seed, n=30, d=D):
    """A task's quadratic around its own least squares weights, and these."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    theta = rng.normal(size=d)
    matrix = x.T @ x / (2 * n)
    return Quadratic(matrix, matrix @ theta, float(theta @ matrix @ theta)), theta


def bases(seed=9, d=D, k=K):
    return np.random.default_rng(seed).normal(size=(d, k))


def learnt(n_tasks=3, **options):
    ella = ELLA(ELLAConfig(**{"k": 2, "mu": 1e-3, "lam": 1e-3, **options}), 0)
    for index in range(n_tasks):
        ella.learn(binary(index))
    return ella


# --- the bases ---------------------------------------------------------------------------------------------------


def test_the_gradient_vanishes_at_the_bases_that_are_solved_for():
    """2 lam L + (2 / T) sum of D_t (L s_t - theta_t) s_t^T = 0; not if the columns were read as rows."""
    tasks, codes = [drawn(seed) for seed in range(6)], np.random.default_rng(1).normal(size=(6, K))
    sums = Sums(np.zeros((D * K, D * K)), np.zeros(D * K), 0)
    for (quadratic, _), s in zip(tasks, codes):
        sums = sums.plus(s, quadratic)
    L = sums.bases(0.1, K)

    def gradient(L):
        return 0.2 * L + sum(np.outer(q.D @ (L @ s - theta), s) for (q, theta), s in zip(tasks, codes)) / 3

    assert abs(gradient(L)).max() < 1e-12 < 1e-2 < abs(gradient(L.ravel(order="F").reshape(D, K))).max()


def test_the_kronecker_product_is_the_map_of_the_bases():
    """vec(D L s s^T) = (s s^T (x) D) vec(L); s (x) c = vec(c s^T)."""
    (q, _), L, s = drawn(0), bases(), np.array([0.5, -2.0, 0.0])
    A, b = contribution(s, q)
    np.testing.assert_allclose(A @ L.ravel(order="F"), (q.D @ L @ np.outer(s, s)).ravel(order="F"), atol=1e-12)
    np.testing.assert_array_equal(b, np.outer(q.c, s).ravel(order="F"))


def test_one_basis_and_one_task_in_closed_form():
    (q, theta), s = drawn(3), 1.7
    L = solve_bases(*contribution(np.array([s]), q), 0.2, 1)
    np.testing.assert_allclose(L[:, 0], np.linalg.solve(s * s * q.D + 0.2 * np.eye(D), s * q.D @ theta), rtol=1e-12)
    plain = Quadratic(np.eye(D), theta, float(theta @ theta))
    np.testing.assert_allclose(solve_bases(*contribution(np.array([s]), plain), 0.2, 1)[:, 0],
                               s / (s * s + 0.2) * theta, rtol=1e-12)


# --- the code ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mu", [0.05, 0.5])
def test_the_code_fulfils_the_conditions_of_the_lasso(mu):
    """abs(2 L^T D (theta - L s)) <= mu, equal and of the code's sign on the support; there with mu / 2, not mu."""
    some = False
    for seed in range(4):
        (q, theta), L = drawn(seed), bases()
        solved = sparse_code(L, q, mu)
        s, slope = solved.x, 2 * L.T @ q.D @ (theta - L @ solved.x)
        used = s != 0
        assert (abs(slope) <= mu * (1 + 1e-9)).all() and solved.residual < 1e-10 and 0 <= solved.gap + 1e-12 < 1e-9
        np.testing.assert_allclose(slope[used], mu * np.sign(s[used]), rtol=1e-9)
        G, c, sign = L[:, used].T @ q.D @ L[:, used], L[:, used].T @ q.D @ theta, np.sign(s[used])
        np.testing.assert_allclose(s[used], np.linalg.solve(G, c - mu / 2 * sign), rtol=1e-9)
        some |= 0 < used.sum() and not np.allclose(s[used], np.linalg.solve(G, c - mu * sign), rtol=1e-3)
    assert some                                                    # the paper's mu is another number


def test_a_strong_enough_mu_leaves_no_code():
    (q, theta), L = drawn(1), bases()
    critical = 2 * abs(L.T @ q.D @ theta).max()
    assert not sparse_code(L, q, critical).x.any() and sparse_code(L, q, 0.99 * critical).x.any()


def test_a_certificate_that_is_not_zero_can_be_seen():
    """At any other code the residual is large; the solve says so of its start."""
    (q, _), L = drawn(2), bases()
    solved = sparse_code(L, q, 0.1, start=np.ones(K))
    assert solved.history["residual"][0] > 0.1 > 1e-10 > solved.history["residual"][1]


def test_bases_that_depend_on_each_other_and_bases_of_zeros():
    (q, theta), L = drawn(4), bases()
    twice = np.column_stack([L[:, :1], L[:, :1], np.zeros(D)])
    solved = sparse_code(twice, q, 0.01)
    assert solved.residual < 1e-8 and solved.x[2] == 0
    assert solved.x[:2].sum() == pytest.approx(sparse_code(L[:, :1], q, 0.01).x[0], rel=1e-6)


# --- a task by itself --------------------------------------------------------------------------------------------


def test_own_weights_against_a_general_minimiser():
    from scipy.optimize import minimize

    rng = np.random.default_rng(0)
    phi, y = np.column_stack([rng.normal(size=(40, 3)), np.ones(40)]), rng.integers(0, 2, 40) * 1.0
    held = np.array([0.1, 0.1, 0.1, 0.0])
    losses = {"logistic": lambda z: np.mean(np.logaddexp(0, z) - y * z), "squared": lambda z: np.mean((z - y)**2) / 2}
    for name, loss in losses.items():
        solved = single_task(phi, y, name, 0.1)
        other = minimize(lambda w: loss(phi @ w) + held @ w**2 / 2, np.zeros(4), tol=1e-12).x
        np.testing.assert_allclose(solved.x, other, atol=1e-5)
        q, h = expansion(phi, y, name, solved.x), 1e-4

        def around(move):
            return loss(phi @ (solved.x + move))

        unit = np.eye(4) * h                                       # half the Hessian of the mean loss, by differences
        half = [[(around(a + b) - around(a - b) - around(b - a) + around(-a - b)) / (8 * h * h) for a in unit]
                for b in unit]
        np.testing.assert_allclose(q.D, half, atol=1e-6)
        np.testing.assert_allclose(q.c, q.D @ solved.x)


# --- the stream --------------------------------------------------------------------------------------------------


def test_the_sums_are_those_of_a_batch():
    ella = learnt(4, revisits=True)
    parts = [contribution(s, q) for task in range(4) for s, q in zip(ella.kept[task].S.T, ella.own[task])]
    np.testing.assert_allclose(ella.sums.A, sum(A for A, _ in parts), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(ella.sums.b, sum(b for _, b in parts), rtol=1e-12, atol=1e-15)
    assert ella.sums.T == 4
    np.testing.assert_allclose(ella.L, solve_bases(ella.sums.A / 4, ella.sums.b / 4, 1e-3, 2))


def test_codes_stay_while_bases_move():
    """So that an old task's scores change, without its data and without its code."""
    ella, first = learnt(2), binary(0)
    code, L, scores = ella.kept[0].S.copy(), ella.L.copy(), ella.scores(0, first.x_valid)
    ella.learn(binary(2))
    np.testing.assert_array_equal(ella.kept[0].S, code)
    assert not np.allclose(ella.L, L) and not np.allclose(ella.scores(0, first.x_valid), scores)


def test_the_same_data_again_change_nothing_but_the_code(monkeypatch):
    """With the code held, A, b and L are as they were; else the code is that for today's bases."""
    ella, own = learnt(3, revisits=True), learnt(3, revisits=True).own[0][0]
    sums, L, code = ella.sums, ella.L, ella.kept[0].S
    with monkeypatch.context() as held:
        held.setattr("den_ref.methods.ella.sparse_code", lambda L, task, mu: Result(x=code[:, 0], status=0))
        ella.revisit(binary(0))
    np.testing.assert_array_equal(ella.own[0][0].D, own.D)
    for now, was in zip((ella.sums.A, ella.sums.b, ella.L), (sums.A, sums.b, L)):
        np.testing.assert_allclose(now, was, rtol=1e-8, atol=1e-12)
    ella.revisit(binary(0))
    np.testing.assert_allclose(ella.kept[0].S[:, 0], sparse_code(L, own, 1e-3).x, rtol=1e-6)
    assert ella.sums.T == 3 and not np.array_equal(ella.kept[0].S, code)


def test_a_task_that_comes_again_takes_its_old_part_with_it():
    """Other labels: the sums are those of the batch with the new task in the old one's place."""
    ella, again = learnt(3, revisits=True), binary(1)
    before = ella.sums
    old = contribution(ella.kept[1].S[:, 0], ella.own[1][0])
    ella.revisit(replace(again, y_train=1 - again.y_train))
    new = contribution(ella.kept[1].S[:, 0], ella.own[1][0])
    np.testing.assert_allclose(ella.sums.A, before.A - old[0] + new[0], atol=1e-12)
    np.testing.assert_allclose(ella.sums.b, before.b - old[1] + new[1], atol=1e-12)
    assert ella.sums.T == 3 and ella.tasks == [0, 1, 2] and not np.allclose(old[1], new[1])
    again = ELLA.from_state(ella.state(), ella.config)
    np.testing.assert_array_equal(again.own[1][0].D, ella.own[1][0].D)


def test_what_cannot_come_again_is_refused():
    with pytest.raises(ValueError, match="revisits: expected True in the options"):
        learnt(1).revisit(binary(0))
    ella = learnt(1, revisits=True)
    with pytest.raises(KeyError, match=r"expected one of the learnt tasks \[0\], got 5"):
        ella.revisit(binary(5))
    softmax = replace(binary(0), loss="softmax", n_outputs=2, y_train=binary(0).y_train[:, 0].astype(int),
                      y_valid=binary(0).y_valid[:, 0].astype(int))
    with pytest.raises(ValueError, match="expected the sigmoid head of width 1 that 0 was learnt with"):
        ella.revisit(softmax)


def test_with_a_basis_per_task_and_nothing_held_every_task_is_as_if_alone():
    """Squared loss: the quadratic is exact, so that k >= T, mu = 0 and lam -> 0 give the tasks' own predictions."""
    ella = learnt(3, k=3, mu=0.0, lam=1e-12, loss="squared")
    for index in range(3):
        task = binary(index)
        phi = np.column_stack([task.x_train, np.ones(60)])
        alone = single_task(phi, 2 * task.y_train[:, 0] - 1, "squared", 1e-2).x
        np.testing.assert_allclose(ella.scores(index, task.x_train)[:, 0], phi @ alone, atol=1e-5)


@pytest.mark.parametrize("kind", ["task", "random"])
def test_unused_bases_begin_somewhere(kind):
    L = np.array([[1.0, 0, 0], [0, 0, 0]])
    new = with_a_new_basis(L, np.array([3.0, 4.0]), kind, np.random.default_rng(0))
    assert new[:, 0].tolist() == [1, 0] and not L[:, 1:].any()
    assert new[:, 1].tolist() == [3, 4] and not new[:, 2].any() if kind == "task" else new[:, 1:].all()
    assert learnt(3, unused=kind).kept[0].S.any()


def test_random_bases_are_of_a_tasks_size():
    theta = 3 * np.random.default_rng(1).standard_normal(400)
    drawn = with_a_new_basis(np.zeros((400, 5)), theta, "random", np.random.default_rng(0))
    assert np.linalg.norm(drawn, axis=0) == pytest.approx(np.full(5, np.linalg.norm(theta)), rel=0.15)


def test_the_step_of_the_bases_says_that_its_gradient_vanishes():
    for index, ella in ((0, learnt(0, lam=0.5)), (2, learnt(2, lam=0.5))):
        *_, last = ella.steps(binary(index))
        assert last.box == "bases" and last.solve.history["residual"][0] > 1e-3 > 1e-12 > last.solve.residual


def test_what_is_kept_beside_the_bases_is_counted():
    """10 x 10 and 10 numbers of the sums; with revisits 5 x 5, 5 and 1 numbers for every task."""
    assert learnt(3).stored() == {"A and b": 110}
    assert learnt(3, revisits=True).stored() == {"A and b": 110, "D and theta": 3 * 31}


# --- unusual tasks -----------------------------------------------------------------------------------------------


def test_one_class_only_is_refused_by_name():
    with pytest.raises(ValueError, match="task.y_train: expected both classes in every output, got only 0 in output 0"):
        learnt(1).learn(binary(7, y_train=np.zeros((60, 1))))


@pytest.mark.parametrize("x", [np.ones((60, 4)), np.zeros((60, 4)), np.repeat(np.arange(60.0)[:, None] % 7, 4, axis=1)],
                         ids=["constant", "zeros", "collinear"])
def test_a_rank_deficient_task_has_one_answer(x):
    ella = learnt(2)
    ella.learn(binary(7, x_train=x))
    assert np.isfinite(ella.L).all() and np.isfinite(ella.scores(7, x)).all()


def test_no_features_at_all_and_more_bases_than_tasks():
    empty = np.zeros((60, 0))
    ella = ELLA(ELLAConfig(k=7), 0)
    ella.learn(replace(binary(0), x_train=empty, x_valid=empty[:10]))
    assert ella.L.shape == (1, 7) and not ella.L[:, 1:].any()      # the constant alone, one basis in use
    rate = binary(0).y_train.mean()
    assert np.ptp(ella.scores(0, empty)) == 0 and (ella.scores(0, empty[:1])[0, 0] > 0) == (rate > 0.5)


def test_too_many_weights_for_a_dense_solve_are_refused():
    with pytest.raises(ValueError, match="k: expected at most 6000 weights in all bases together, got 8 bases of 785"):
        ELLA(ELLAConfig(k=8, features="inputs"), 0).learn(binary(0, n_inputs=784))


@pytest.mark.parametrize("kind, width", [("inputs", 61), ("pca", 51), ("network", 4)])
def test_features_are_fixed_by_the_first_task(kind, width):
    ella = ELLA(ELLAConfig(k=2, features=kind, hidden=(5, 3)), 0)
    ella.learn(binary(0, n_inputs=60))
    first = ella.features
    ella.learn(binary(1, n_inputs=60))
    assert ella.features is first and first.width == width == ella.L.shape[0]
    x = binary(0, n_inputs=60).x_train
    assert (first(x)[:, -1] == 1).all()
    if kind == "pca":                                              # uncorrelated on the first task, strongest first
        covariance = np.cov(first(x)[:, :-1].T)
        np.testing.assert_allclose(covariance, np.diag(covariance.diagonal()), atol=1e-9)
        strongest = np.linalg.eigvalsh(np.cov(x.T))[:-width:-1]
        np.testing.assert_allclose(covariance.diagonal(), strongest, rtol=1e-9)


# --- the paper's synthetic stream --------------------------------------------------------------------------------


def test_later_tasks_raise_the_scores_of_earlier_ones():
    """Backward transfer on ELLA's own stream, as a fall of the error; docs/make/small_tasks has all seeds."""
    from docs.make.small_tasks import measured

    found = measured(seed=0, n_tasks=30)
    assert found["backward transfer"] > 0.003
    assert found["GO-MTL"] < found["ELLA"] < found["STL"]
