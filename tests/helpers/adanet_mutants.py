"""One implementation per named mistake of AdaNet, written apart from the generator: in NumPy, from the formulas.

``MUTANTS[operation, mistake]`` is a function of the operation's inputs that makes exactly this mistake.
"""

import numpy as np
from tests import own_answers as own
from tests.helpers.bases_mutants import other

MUTANTS = {}


def mean_and_sum(z, y, f):
    """E_D[y z] and S."""
    slopes = 1 / (1 + np.exp(y * f))
    return z.T @ (slopes * y) / slopes.sum(), slopes.sum()


def swapped(z, y, f, p, norm):
    e, _ = mean_and_sum(z, y, f)
    q = np.inf if p == 1 else p / (p - 1)
    u = np.sign(e) * abs(e) ** (p - 1)
    return {"u": norm * u / np.linalg.norm(u, q)}


def straight(z, y, f, p, norm):
    e, _ = mean_and_sum(z, y, f)
    return {"u": norm * e / np.linalg.norm(e)}


def positives(z, y, **inputs):
    return own.adanet_weak_learner(z=z * (y > 0)[:, None], y=y, **inputs)


MUTANTS |= {("adanet_weak_learner", mistake): mutant for mistake, mutant in {
    "sign-missing": lambda **inputs: {"u": abs(own.adanet_weak_learner(**inputs)["u"])},
    "p-for-q": swapped,
    "gradient-direction": straight,
    "unweighted": other("adanet_weak_learner", f=np.zeros_like),
    "not-scaled": other("adanet_weak_learner", norm=lambda norm: 1.0),
    "labels-zero-one": positives,
}.items()}


def gain_of(formula):
    """A gain from what it is made of."""
    def outputs(z, y, f, p, norm, lam, r, beta):
        e, S = mean_and_sum(z, y, f)
        return {"gain": formula(e, S / len(y), p, norm, lam * r + beta)}

    return outputs


def dual_norm(e, p):
    return np.linalg.norm(e, np.inf if p == 1 else p / (p - 1))


MUTANTS |= {("adanet_coordinate_gain", mistake): mutant for mistake, mutant in {
    "p-for-q": gain_of(lambda e, share, p, norm, cost: share * norm * np.linalg.norm(e, p) - cost),
    "sum-missing": gain_of(lambda e, share, p, norm, cost: norm * dual_norm(e, p) - cost),
    "norm-missing": gain_of(lambda e, share, p, norm, cost: share * dual_norm(e, p) - cost),
    "beta-missing": other("adanet_coordinate_gain", beta=lambda beta: 0.0),
    "penalty-missing": other("adanet_coordinate_gain", beta=lambda beta: 0.0, lam=lambda lam: 0.0),
    "score-of-errors": gain_of(lambda e, share, p, norm, cost: (norm * dual_norm(e, p) - cost / share) / 2),
    "unweighted": other("adanet_coordinate_gain", f=np.zeros_like),
}.items()}
