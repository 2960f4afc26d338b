"""One implementation per named mistake of ELLA and GO-MTL, written apart from the generator: by breaking den_ref.

``MUTANTS[operation, mistake]`` is a function of the operation's inputs that makes exactly this mistake.
"""

import numpy as np
from tests import own_answers as own

MUTANTS = {}


def other(operation, **change):
    """Ours on other inputs, each a function of the one there is."""
    function = getattr(own, operation)
    return lambda **inputs: function(**{**inputs, **{name: f(inputs[name]) for name, f in change.items()}})


# --- ELLA's code -------------------------------------------------------------------------------------------------


def least_squares(L, D, theta, mu):
    return np.linalg.solve(L.T @ D @ L, L.T @ D @ theta)


def shrunk(L, D, theta, mu):
    s = least_squares(L, D, theta, mu)
    return {"s": np.sign(s) * np.maximum(abs(s) - mu / 2, 0)}


def once_through(L, D, theta, mu):
    G, c = L.T @ D @ L, L.T @ D @ theta
    s = np.zeros(len(c))
    for j in range(len(c)):
        pull = c[j] - G[j] @ s
        s[j] = np.sign(pull) * max(abs(pull) - mu / 2, 0) / G[j, j]
    return {"s": s}


MUTANTS |= {("ella_code", mistake): mutant for mistake, mutant in {
    "threshold-not-halved": other("ella_code", mu=lambda mu: 2 * mu),
    "penalty-missing": lambda **inputs: {"s": least_squares(**inputs)},
    "metric-ignored": other("ella_code", D=lambda D: np.eye(len(D))),
    "diagonal-metric": other("ella_code", D=lambda D: np.diag(np.diag(D))),
    "thresholded-afterwards": shrunk,
    "one-sweep": once_through,
    "ridge-for-lasso": lambda L, D, theta, mu: {
        "s": np.linalg.solve(L.T @ D @ L + mu * np.eye(L.shape[1]), L.T @ D @ theta)},
}.items()}

# --- the bases ---------------------------------------------------------------------------------------------------


def by_rows(operation):
    """The right numbers in the wrong places."""
    def outputs(**inputs):
        right = getattr(own, operation)(**inputs)
        return {**right, "L": right["L"].ravel(order="F").reshape(right["L"].shape)}

    return outputs


def reversed_product(codes, D, theta, lam):
    right = own.ella_bases(codes=codes, D=D, theta=theta, lam=lam)
    A = sum(np.kron(M, np.outer(s, s)) for s, M in zip(codes, D))
    T, k = len(codes), len(codes[0])
    L = np.linalg.solve(A / T + lam * np.eye(len(A)), right["b"] / T).reshape(-1, k, order="F")
    return {**right, "A": A, "L": L}


def with_strength(change, factor=lambda T: 1):
    """The right sums, and bases for another lam, times a factor."""
    def outputs(lam, **inputs):
        T = len(inputs["codes"])
        return {**own.ella_bases(lam=lam, **inputs),
                "L": factor(T) * own.ella_bases(lam=change(lam, T), **inputs)["L"]}

    return outputs


def theta_alone(theta, D, **inputs):
    return own.ella_bases(theta=[np.linalg.solve(M, own_weights) for M, own_weights in zip(D, theta)], D=D, **inputs)


def last_alone(codes, D, theta, lam):
    """The last task's sums, still divided by the number of all."""
    found = own.ella_bases(codes[-1:], D[-1:], theta[-1:], lam)
    T, k = len(codes), len(codes[0])
    L = np.linalg.solve(found["A"] / T + lam * np.eye(len(found["b"])), found["b"] / T).reshape(-1, k, order="F")
    return {**found, "L": L}


MUTANTS |= {("ella_bases", mistake): mutant for mistake, mutant in {
    "read-by-rows": by_rows("ella_bases"),
    "kronecker-reversed": reversed_product,
    "not-averaged": with_strength(lambda lam, T: lam / T),
    "b-not-averaged": with_strength(lambda lam, T: lam, lambda T: T),
    "theta-without-metric": theta_alone,
    "absolute-codes": other("ella_bases", codes=lambda codes: [abs(s) for s in codes]),
    "last-task-only": last_alone,
}.items()}


def weighted(share):
    """Samples times the root of n times their new share."""
    def outputs(x, y, **inputs):
        factors = [np.sqrt(len(own_x) * share(len(own_x), sum(map(len, x)), len(x))) for own_x in x]
        return own.gomtl_bases(x=[f * one for f, one in zip(factors, x)], y=[f * one for f, one in zip(factors, y)],
                               **inputs)

    return outputs


MUTANTS |= {("gomtl_bases", mistake): mutant for mistake, mutant in {
    "sum-over-samples": weighted(lambda n, total, T: 1),
    "mean-over-all-samples": weighted(lambda n, total, T: 1 / total),
    "averaged-over-tasks": weighted(lambda n, total, T: 1 / (n * T)),
    "half-factor": other("gomtl_bases", lam=lambda lam: 2 * lam),
    "read-by-rows": by_rows("gomtl_bases"),
    "absolute-codes": other("gomtl_bases", S=abs),
}.items()}
