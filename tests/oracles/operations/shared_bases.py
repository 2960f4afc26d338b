"""ELLA's code, sums and bases, and GO-MTL's bases for given codes."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import array, normals
from tests.oracles.recipe import Mistake, Question, Recipe

BY_HAND = "by hand"
SIGNS = "the optimality conditions in 50-digit decimals, tried for every pattern of signs"
DECIMALS = "the sums entry by entry and the linear system by elimination, in 50-digit decimals"
SAMPLES = "the normal equations, one sample at a time, by elimination in 50-digit decimals"


def solved(matrix, right) -> np.ndarray:
    """x with matrix x = right, by Gauss and Jordan; the largest pivot first."""
    rows = np.column_stack([matrix, right])
    for j in range(len(rows)):
        best = j + int(np.argmax(abs(rows[j:, j])))
        rows[[j, best]] = rows[[best, j]]
        rows[j] = rows[j] / rows[j, j]
        for i in set(range(len(rows))) - {j}:
            rows[i] = rows[i] - rows[i, j] * rows[j]
    return rows[:, -1]


def empty(*shape) -> np.ndarray:
    """Zeros in decimals."""
    return np.full(shape, Decimal(0))


# --- ELLA's code -------------------------------------------------------------------------------------------------


def lasso(G, c, half) -> np.ndarray:
    """argmin of s^T G s - 2 c^T s + 2 half sum(abs(s)): the signs for which the conditions of the optimum hold."""
    for signs in product((0, 1, -1), repeat=len(c)):
        used, s = [j for j, sign in enumerate(signs) if sign], empty(len(c))
        if used:
            s[used] = solved(G[np.ix_(used, used)], c[used] - half * np.array([Decimal(signs[j]) for j in used]))
        slope = c - hp.product(G, s[:, None])[:, 0]
        if all(s[j] * signs[j] > 0 if signs[j] else abs(slope[j]) <= half for j in range(len(c))):
            return s
    raise ValueError("lasso: expected a pattern of signs that is optimal, got none")


def code(solve=lasso, metric=lambda D: D, half=lambda mu: mu / 2):
    """An oracle from G = L^T D L and c = L^T D theta."""
    @hp.in_fifty_digits
    def outputs(L, D, theta, mu):
        M = metric(D)
        return {"s": solve(hp.product(hp.product(L.T, M), L), hp.product(hp.product(L.T, M), theta[:, None])[:, 0],
                           half(mu))}

    return outputs


def thresholded_afterwards(G, c, half):
    """Least squares, then the threshold."""
    return np.array([hp.soft(s, half) for s in solved(G, c)])


def one_sweep(G, c, half):
    """Every entry once, from 0."""
    s = empty(len(c))
    for j in range(len(c)):
        s[j] = hp.soft(c[j] - hp.total(G[j] * s) + G[j, j] * s[j], half) / G[j, j]
    return s


def code_case(seed, d, k, mu) -> dict:
    """A definite D, bases, own weights."""
    x = normals(seed, 3 * d, d)
    return {"L": normals(seed + 1, d, k), "D": np.round(x.T @ x / (6 * d), 6), "theta": normals(seed + 2, d), "mu": mu}


CODE = Recipe(
    name="ella_code",
    equation="s = argmin of mu sum(abs(s)) + (theta - L s)^T D (theta - L s): the code of a task for given bases "
             "(Ruvolo and Eaton 2013, Eq. 3 and Algorithm 1)",
    inputs={"L": "float64[*,*]", "D": "float64[*,*]", "theta": "float64[*]", "mu": "float64"},
    outputs={"s": "float64[*]"},
    conventions=["no factor 1/2 before the norm: an entry is shrunk by mu / 2 before it is divided",
                 "at the optimum abs(2 L^T D (theta - L s)) <= mu, equal and of the sign of s where s is not 0",
                 "an entry that is 0 is exactly 0"],
    oracle=code(),
    mistakes=[
        Mistake("threshold-not-halved", "Entries were shrunk by mu; the squared norm has no factor 1/2, so that it is "
                "mu / 2. (The paper prints mu in its Assumption B.)", code(half=lambda mu: mu)),
        Mistake("penalty-missing", "The code is that of least squares; mu was left out.", code(half=lambda mu: 0 * mu)),
        Mistake("metric-ignored", "The distance to theta was measured without D.",
                code(metric=lambda D: np.array([[Decimal(int(i == j)) for j in range(len(D))] for i in range(len(D))],
                                               object))),
        Mistake("diagonal-metric", "Only the diagonal of D was used.",
                code(metric=lambda D: np.array([[D[i, j] * int(i == j) for j in range(len(D))] for i in range(len(D))],
                                               object))),
        Mistake("thresholded-afterwards", "Least squares was solved and its solution shrunk: right only if the bases "
                "are orthonormal by D.", code(thresholded_afterwards)),
        Mistake("one-sweep", "Coordinate descent went through the entries once; it goes on until nothing moves.",
                code(one_sweep)),
        Mistake("ridge-for-lasso", "mu multiplies the squares of the code; it is its L1 norm that makes it sparse.",
                code(lambda G, c, half: solved(G + 2 * half * np.array(
                    [[Decimal(int(i == j)) for j in range(len(c))] for i in range(len(c))], object), c))),
    ],
    questions=[
        Question("by-hand", "D = I / 2, two bases of which the second is not worth its cost",
                 {"L": array([1, 0], [0, 1], [0, 0]), "D": np.eye(3) / 2, "theta": np.array([3.0, 0.5, 7]), "mu": 1.0},
                 "by hand: (3/2 - 1/2) / (1/2), and abs(1/4) <= 1/2", expected={"s": np.array([2.0, 0])},
                 tolerance="sparse"),
        Question("three-bases", "bases that overlap, four weights", lambda: code_case(1, 4, 3, 0.4), SIGNS,
                 tolerance="sparse"),
        Question("a-strong-penalty", "most of the code is 0", lambda: code_case(5, 5, 4, 3.0), SIGNS,
                 tolerance="sparse"),
        Question("a-weak-penalty", "nothing is 0", lambda: code_case(9, 5, 4, 0.02), SIGNS, tolerance="sparse"),
    ])

# --- ELLA's sums and bases ---------------------------------------------------------------------------------------


def sums(codes, D, theta, *, place=lambda j, a, k, d: j * d + a, code_of=lambda s: s, inner=None,
         weigh=lambda D, theta: hp.product(D, theta[:, None])[:, 0]):
    """A and b, entry by entry: row ``place(j, a)`` belongs to feature a of basis j."""
    d, k = len(theta[0]), len(codes[0])
    inner = inner or place
    A, b = empty(d * k, d * k), empty(d * k)
    for s, M, own in zip(codes, D, theta, strict=True):
        s, pull = code_of(s), weigh(M, own)
        for j, a in product(range(k), range(d)):
            b[place(j, a, k, d)] += s[j] * pull[a]
            for i, e in product(range(k), range(d)):
                A[inner(j, a, k, d), inner(i, e, k, d)] += s[j] * s[i] * M[a, e]
    return A, b


def by_features(j, a, k, d):
    """Rows of L under each other instead of its columns."""
    return a * k + j


def bases(average=lambda A, b, T: (A / T, b / T), read=lambda v, d, k: v.reshape(k, d).T, tasks=slice(None), **parts):
    """An oracle of A, b and L."""
    @hp.in_fifty_digits
    def outputs(codes, D, theta, lam):
        T, d, k = len(codes), len(theta[0]), len(codes[0])
        A, b = sums(codes[tasks], D[tasks], theta[tasks], **parts)
        left, right = average(A, b, T)
        system = left + lam * np.array([[Decimal(int(i == j)) for j in range(d * k)]
                                                     for i in range(d * k)], object)
        return {"A": A, "b": b, "L": read(solved(system, right), d, k)}

    return outputs


def bases_case(seed, d, k, T, lam) -> dict:
    """Definite D, codes with zeros, own weights."""
    codes = [normals(seed + t, k) * (np.arange(k) != t % k if k > 1 else 1) for t in range(T)]
    spread = [normals(seed + 20 + t, 2 * d, d) for t in range(T)]
    return {"codes": codes, "D": [np.round(x.T @ x / (4 * d), 6) for x in spread],
            "theta": [normals(seed + 40 + t, d) for t in range(T)], "lam": lam}


BASES = Recipe(
    name="ella_bases",
    equation="A = sum over tasks of (s s^T) (x) D, b = sum of s (x) (D theta), vec(L) = (A / T + lam I)^{-1} b / T: "
             "the bases for given codes (Ruvolo and Eaton 2013, Algorithm 1)",
    inputs={"codes/*": "float64[*]", "D/*": "float64[*,*]", "theta/*": "float64[*]", "lam": "float64"},
    outputs={"A": "float64[*,*]", "b": "float64[*]", "L": "float64[*,*]"},
    conventions=["vec puts the columns of L (d, k) under each other: entry j d + a belongs to feature a of basis j",
                 "A and b are sums; T is the number of tasks", "lam is not divided by T"],
    oracle=bases(),
    mistakes=[
        Mistake("read-by-rows", "The solution was cut into rows of L; vec puts columns under each other.",
                bases(read=lambda v, d, k: v.reshape(d, k))),
        Mistake("kronecker-reversed", "A is the sum of D (x) (s s^T), while b and L go by columns.",
                bases(inner=by_features)),
        Mistake("not-averaged", "A and b were not divided by T, or lam was divided as well: lam is weaker with every "
                "task.",
                bases(average=lambda A, b, T: (A, b))),
        Mistake("b-not-averaged", "A was divided by T and b was not.", bases(average=lambda A, b, T: (A / T, b))),
        Mistake("theta-without-metric", "b is the sum of s (x) theta; the metric D was left out.",
                bases(weigh=lambda D, theta: theta)),
        Mistake("absolute-codes", "Absolute values of the codes were used; a basis may be subtracted.",
                bases(code_of=abs)),
        Mistake("last-task-only", "A and b were overwritten by the last task; they are sums over all.",
                bases(tasks=slice(-1, None))),
    ],
    questions=[
        Question("by-hand", "one basis, two tasks, D = I: L = (1/2) sum of s theta / ((1/2) sum of s^2 + lam)",
                 {"codes": [np.array([1.0]), np.array([-2.0])], "D": [np.eye(2), np.eye(2)],
                  "theta": [np.array([2.0, 0]), np.array([-1.0, 3])], "lam": 1.5},
                 "by hand: sum of s^2 is 5, sum of s theta is (4, -6)",
                 expected={"A": 5 * np.eye(2), "b": np.array([4.0, -6]), "L": array([0.5], [-0.75])}),
        Question("two-bases", "three weights, four tasks", lambda: bases_case(1, 3, 2, 4, 0.3), DECIMALS),
        Question("three-bases", "two weights, five tasks, a weak strength", lambda: bases_case(7, 2, 3, 5, 0.01),
                 DECIMALS),
    ])

# --- GO-MTL's bases ----------------------------------------------------------------------------------------------


def normal_equations(share=lambda n, total, T: 1 / Decimal(n), read=lambda v, d, k: v.reshape(k, d).T,
                     strength=lambda lam: lam, code_of=lambda s: s):
    """An oracle: every sample is a row s (x) x of one large ridge regression, with its share."""
    @hp.in_fifty_digits
    def outputs(S, x, y, lam):
        (k, T), d = S.shape, x[0].shape[1]
        system, right = empty(d * k, d * k), empty(d * k)
        for i in range(d * k):
            system[i, i] = strength(lam)
        for t in range(T):
            for sample, target in zip(x[t], y[t], strict=True):
                row = np.concatenate([s * sample for s in code_of(S[:, t])])
                weight = share(len(x[t]), sum(map(len, x)), T)
                system, right = system + weight * np.outer(row, row), right + weight * target * row
        return {"L": read(solved(system, right), d, k)}

    return outputs


def gomtl_case(seed, d, k, sizes, lam) -> dict:
    """Samples of tasks of several sizes, codes."""
    return {"S": normals(seed, k, len(sizes)), "x": [normals(seed + 1 + t, n, d) for t, n in enumerate(sizes)],
            "y": [normals(seed + 20 + t, n) for t, n in enumerate(sizes)], "lam": lam}


GOMTL = Recipe(
    name="gomtl_bases",
    equation="L = argmin of sum over tasks of (1/n_t) sum over samples of (y - s_t^T L^T x)^2 + lam norm(L)^2: "
             "GO-MTL's half step for the bases (Kumar and Daume 2012)",
    inputs={"S": "float64[*,*]", "x/*": "float64[*,*]", "y/*": "float64[*]", "lam": "float64"},
    outputs={"L": "float64[*,*]"},
    conventions=["x/t and y/t are the samples of task t, S[:, t] its code", "every task's mean counts once, whatever "
                 "its number of samples", "no factor 1/2 before the squares, none before lam, no 1/T"],
    oracle=normal_equations(),
    mistakes=[
        Mistake("sum-over-samples", "The squares of a task were summed; they are averaged over its samples.",
                normal_equations(lambda n, total, T: Decimal(1))),
        Mistake("mean-over-all-samples", "The squares of all tasks were averaged together, so that a large task counts "
                "more.", normal_equations(lambda n, total, T: 1 / Decimal(total))),
        Mistake("averaged-over-tasks", "The tasks' losses were averaged; they are summed. (ELLA's are averaged.)",
                normal_equations(lambda n, total, T: 1 / Decimal(n * T))),
        Mistake("half-factor", "The squares have a factor 1/2, as ELLA's have; lam is then twice as strong.",
                normal_equations(strength=lambda lam: 2 * lam)),
        Mistake("read-by-rows", "The solution was cut into rows of L; vec puts columns under each other.",
                normal_equations(read=lambda v, d, k: v.reshape(d, k))),
        Mistake("absolute-codes", "Absolute values of the codes were used; a basis may be subtracted.",
                normal_equations(code_of=abs)),
    ],
    questions=[
        Question("by-hand", "one weight, one basis, two tasks: L = sum of s mean(x y) / (sum of s^2 mean(x^2) + lam)",
                 {"S": array([1.0, -1]), "x": [array([1.0], [1]), array([2.0])], "y": [np.array([1.0, 3]),
                                                                                    np.array([-2.0])], "lam": 3.0},
                 "by hand: (2 + 4) / (1 + 4 + 3)", expected={"L": array([0.75])}),
        Question("sizes-differ", "three weights, two bases, tasks of 2, 5 and 3 samples",
                 lambda: gomtl_case(1, 3, 2, (2, 5, 3), 0.4), SAMPLES),
        Question("larger", "two weights, three bases, five tasks", lambda: gomtl_case(50, 2, 3, (4, 6, 3, 5, 4), 0.05),
                 SAMPLES),
    ])

RECIPES = [CODE, BASES, GOMTL]
