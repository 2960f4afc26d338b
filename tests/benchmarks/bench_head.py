"""Time to solve the convex head problem, against scikit-learn, skglm and liblinear.  Run by hand:

    python tests/benchmarks/bench_head.py

n = 10,000 samples, 128 ReLU features, one sigmoid output; one BLAS thread; times of one run, so only ratios travel.
An outside judge decides when a solver is done: each is run with tighter and tighter tolerances until the objective,
computed here in float64, is within 1e-8 (relative) of the minimum, and that run's time counts.  The minimum is our
objective at a residual of 1e-12, whose duality gap is reported with it.
"""

import os

for _name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"

import time  # noqa: E402
import warnings  # noqa: E402

import numpy as np  # noqa: E402
from den_ref.core.head import solve_head  # noqa: E402
from den_ref.core.newton import prox_newton  # noqa: E402

TOLERANCES = [10.0**-k for k in range(2, 13)]
CLOSE = 1e-8
GIVE_UP = 60.0


def data(n=10_000, p=128, seed=0):
    """Correlated ReLU features and noisy labels with one positive in five."""
    rng = np.random.default_rng(seed)
    below = rng.normal(size=(n, 40))
    signal = below @ rng.normal(size=(40, p)) / 6 + rng.normal(size=p) / 2
    features = np.maximum(signal + 0.3 * rng.normal(size=(n, p)), 0)
    scores = features @ (rng.normal(size=p) * (rng.random(p) < 0.3)) + rng.logistic(size=n)
    return features, (scores > np.quantile(scores, 0.8)).astype(np.float64)


def objective(features, labels, mu, weights, bias) -> float:
    """The judge: Eq. 3 in float64."""
    logits = features @ weights + bias
    return float(np.mean(np.logaddexp(0, logits) - labels * logits) + mu * np.abs(weights).sum())


# --- the solvers: (features, labels, mu, intercept, tol) -> (weights, bias) --------------------------------------


def ours(features, labels, mu, intercept, tol):
    head = prox_newton(features, labels[:, None], mu, tol=tol, intercept=intercept).x
    return head.weights[:, 0], head.bias[0]


def scikit_learn(solver):
    from sklearn.linear_model import LogisticRegression

    def solve(features, labels, mu, intercept, tol):
        model = LogisticRegression(
            penalty="l1", solver=solver, C=1 / (mu * len(labels)), tol=tol, max_iter=100_000, fit_intercept=intercept
        ).fit(features, labels)
        return model.coef_[0], model.intercept_[0] if intercept else 0.0

    return solve


def skglm():
    from skglm.datafits import Logistic
    from skglm.penalties import L1
    from skglm.solvers import ProxNewton

    def solve(features, labels, mu, intercept, tol):
        solver = ProxNewton(tol=tol, fit_intercept=intercept, max_iter=200, max_pn_iter=10_000)
        weights = solver.solve(np.asfortranarray(features), 2 * labels - 1, Logistic(), L1(mu))[0]
        return weights[: features.shape[1]], weights[-1] if intercept else 0.0

    features, labels = data(200, 4)
    for intercept in (True, False):
        solve(features, labels, 1e-2, intercept, 1e-3)             # compiles, outside the clock
    return solve


OPPONENTS = {
    True: {"saga": lambda: scikit_learn("saga"), "skglm": skglm},
    False: {"liblinear": lambda: scikit_learn("liblinear"), "skglm": skglm},
}


# --- the measurement ---------------------------------------------------------------------------------------------


def seconds_to(best, solve, features, labels, mu, intercept):
    """(seconds of the loosest run whose objective is close to best, its relative distance); inf if none is."""
    for tol in TOLERANCES:
        began = time.perf_counter()
        answer = solve(features, labels, mu, intercept, tol)
        seconds = time.perf_counter() - began
        distance = objective(features, labels, mu, *answer) / best - 1
        if distance <= CLOSE:
            again = [_timed(solve, features, labels, mu, intercept, tol) for _ in range(2 if seconds < 2 else 0)]
            return min([seconds, *again]), distance
        if seconds > GIVE_UP:
            break
    return np.inf, distance


def _timed(solve, *arguments) -> float:
    began = time.perf_counter()
    solve(*arguments)
    return time.perf_counter() - began


def measure(strengths=(1e-2, 1e-3, 3e-4, 1e-4), n=10_000, p=128) -> dict:
    """Seconds and ratios (ours / theirs) per strength, with and without intercept.

    Our time is that of a solve to a residual below 1e-8, which is stricter than the judge asks.
    """
    features, labels = data(n, p)
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")                            # the others warn about loose tolerances
        for intercept, opponents in OPPONENTS.items():
            solvers = {name: make() for name, make in opponents.items()}
            for mu in strengths:
                rows.append(_row(solvers, features, labels, mu, intercept))
    return {"n": n, "p": p, "close": CLOSE, "rows": rows}


def _row(solvers, features, labels, mu, intercept) -> dict:
    """One strength: our seconds and certificate, and seconds, ratio and distance of every opponent."""
    minimum = prox_newton(features, labels[:, None], mu, tol=1e-12, intercept=intercept)
    best = objective(features, labels, mu, minimum.x.weights[:, 0], minimum.x.bias[0])
    seconds = min(_timed(ours, features, labels, mu, intercept, 1e-8) for _ in range(5))
    result = prox_newton(features, labels[:, None], mu, tol=1e-8, intercept=intercept)
    theirs = {name: seconds_to(best, solve, features, labels, mu, intercept) for name, solve in solvers.items()}
    return {
        "mu": mu, "intercept": intercept, "nonzero": int(np.count_nonzero(result.x.weights)), "seconds": seconds,
        "residual": result.residual, "gap": result.gap, "gap_of_minimum": minimum.gap,
        "others": {name: {"seconds": s, "ratio": seconds / s, "distance": d} for name, (s, d) in theirs.items()},
    }


def measure_softmax(mu=1e-3, n=10_000, p=100, classes=10) -> dict:
    """Seconds and certificate of a ten-class softmax head, solved to 1e-8."""
    features, _ = data(n, p)
    rng = np.random.default_rng(1)
    labels = (features @ rng.normal(size=(p, classes)) / 3 + rng.gumbel(size=(n, classes))).argmax(axis=1)
    began = time.perf_counter()
    result = solve_head(features, labels, mu, "softmax", tol=1e-8)
    seconds = time.perf_counter() - began
    return {"n": n, "p": p, "classes": classes, "seconds": seconds, "nit": result.nit, "residual": result.residual}


def markdown() -> str:
    """The part of docs/performance.md on the head problem: ratios only."""
    lines = ["Eq. 3, the convex head problem: n = 10,000, 128 features, solved to a residual below 1e-8 in float64, in parts",
             "of the time another solver takes to the same objective value (`bench_head.py`). *Goal*: below 1 with a free bias,",
             "about 1 beside liblinear, which has none.", "",
             "| bias | mu_head | nonzero weights | residual | ours over theirs |", "|---|---|---|---|---|"]
    for row in measure()["rows"]:
        others = ", ".join(f"{name} {v['ratio']:.2f}" for name, v in row["others"].items())
        lines.append(f"| {'free' if row['intercept'] else 'none'} | {row['mu']:g} | {row['nonzero']} | {row['residual']:.0e} | "
                     f"{others} |")
    return "\n".join(lines)


def main():
    print("intercept   mu      nonzero  ours [s]  residual   then: theirs [s] (ours / theirs)")
    for row in measure()["rows"]:
        others = "   ".join(f"{k} {v['seconds']:.3f} ({v['ratio']:.2f})" for k, v in row["others"].items())
        print(
            f"{row['intercept']!s:<10}  {row['mu']:<7g} {row['nonzero']:7d}  {row['seconds']:8.3f}  "
            f"{row['residual']:.1e}    {others}"
        )
    head = "softmax head, {n} x {p}, {classes} classes: {seconds:.1f} s, {nit} iterations, residual {residual:.1e}"
    print(head.format(**measure_softmax()))


if __name__ == "__main__":
    main()
