"""AdaNet's best unit of a layer in closed form, and how fast the objective falls along it."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from tests.oracles import high_precision as hp
from tests.oracles.draws import array, coins, normals
from tests.oracles.recipe import Mistake, Question, Recipe

DECIMALS = "the formula sample by sample, in 50-digit decimals"


def weighted(z, y, f, signed=lambda y: y):
    """E_D[y z] and S, D the shares of Φ'(1 - y f) = 1 / (1 + exp(y f)) in their sum S."""
    slopes = [hp.sigmoid(-y_n * f_n) for y_n, f_n in zip(y, f, strict=True)]
    S = sum(slopes)
    return sum(d / S * signed(y_n) * row for d, y_n, row in zip(slopes, y, z, strict=True)), S


def dual(p):
    """q with 1/p + 1/q = 1; None is infinity."""
    return None if p == 1 else p / (p - 1)


def norm_of(v, q) -> Decimal:
    """The q-norm; None is infinity."""
    return max(abs(v)) if q is None else hp.total([abs(e) ** q for e in v]) ** (1 / q)


def with_signs(sizes, v) -> np.ndarray:
    """The sizes, with the signs that v has."""
    return np.array([size.copy_sign(e) if e else Decimal(0) for size, e in zip(sizes, v, strict=True)], object)


# --- the best unit -----------------------------------------------------------------------------------------------


def shape(e, p) -> list:
    """abs(e)^(q-1) / norm_q(e)^(q/p); the first of the largest alone for p = 1."""
    q = dual(p)
    if q is None:
        return [Decimal(int(i == int(np.argmax(abs(e))))) for i in range(len(e))]
    return [abs(e_i) ** (q - 1) / norm_of(e, q) ** (q / p) for e_i in e]


def swapped(e, p) -> list:
    """With p where q belongs; what comes out has q-norm 1."""
    q = dual(p)
    return [Decimal(1) if q is None else abs(e_i) ** (p - 1) / norm_of(e, p) ** (p / q) for e_i in e]


def unit(shape=shape, signs=with_signs, scale=lambda norm: norm, heard=lambda f: f, signed=lambda y: y):
    """An oracle of u."""
    @hp.in_fifty_digits
    def outputs(z, y, f, p, norm):
        e, _ = weighted(z, y, heard(f), signed)
        return {"u": scale(norm) * signs(np.array(shape(e, p), object), e)}

    return outputs


def drawn(seed, m, n, p, **more) -> dict:
    """A layer's values, labels, scores."""
    return {"z": normals(seed, m, n), "y": 2 * coins(seed + 1, m) - 1, "f": normals(seed + 2, m), "p": p} | more


UNIT = Recipe(
    name="adanet_weak_learner",
    equation="u_i = Λ sign(e_i) abs(e_i)^(q-1) / norm_q(e)^(q/p), e = E_D[y z], 1/p + 1/q = 1: of all units with "
             "norm_p(u) <= Λ the one along which the objective falls fastest (Cortes et al. 2017, Appendix C)",
    inputs={"z": "float64[*,*]", "y": "float64[*]", "f": "float64[*]", "p": "float64", "norm": "float64"},
    outputs={"u": "float64[*]"},
    conventions=["z (m, n) is what the layer reads, y is 1 or -1, f are the scores so far, norm is Λ",
                 "D(i) = Φ'(1 - y_i f_i) / S, Φ'(1 - y f) = 1 / (1 + exp(y f)), S the sum over samples",
                 "p = 1: the first of the largest absolute entries alone, Λ with its sign"],
    oracle=unit(),
    mistakes=[
        Mistake("sign-missing", "The entries' signs were left out, as in the paper's formula; without them u . e is "
                "not the maximum.", unit(signs=lambda sizes, e: sizes)),
        Mistake("p-for-q", "p stands where q belongs: the unit has q-norm Λ.", unit(swapped)),
        Mistake("gradient-direction", "u is Λ e / norm_2(e) for every p; that is right for p = 2 only.",
                unit(lambda e, p: [abs(e_i) / hp.norm(e) for e_i in e])),
        Mistake("unweighted", "All samples counted alike; D weighs them by Φ'(1 - y f), what f gets wrong more.",
                unit(heard=lambda f: 0 * f)),
        Mistake("not-scaled", "The unit has p-norm 1; it has Λ.", unit(scale=lambda norm: Decimal(1))),
        Mistake("labels-zero-one", "Labels counted as 1 and 0, so that samples of the class -1 pull at nothing.",
                unit(signed=lambda y: (y + 1) / 2)),
    ],
    questions=[
        Question("by-hand", "two samples, nothing learnt yet: e = (3, -4), a unit of Euclidean norm 10",
                 {"z": array([6.0, 0], [0, 8]), "y": np.array([1.0, -1]), "f": np.zeros(2), "p": 2.0, "norm": 10.0},
                 "by hand: 10 (3, -4) / 5", expected={"u": np.array([6.0, -8])}),
        Question("one-input", "p = 1: the largest of four alone", lambda: drawn(1, 6, 4, 1.0, norm=2.0), DECIMALS,
                 tolerance="sparse"),
        Question("a-tie", "p = 1: the first of two that are equal", {
            "z": array([4.0, 1, -4]), "y": np.array([-1.0]), "f": np.zeros(1), "p": 1.0, "norm": 1.5},
                 "by hand: e = (-4, -1, 4)", tolerance="sparse", expected={"u": np.array([-1.5, 0, 0])}),
        Question("p-three-halves", "q = 3", lambda: drawn(4, 7, 4, 1.5, norm=0.5), DECIMALS),
        Question("p-2", "q = 2", lambda: drawn(7, 7, 4, 2.0, norm=1.0), DECIMALS),
        Question("p-3", "q = 1.5", lambda: drawn(10, 7, 4, 3.0, norm=3.0), DECIMALS),
    ])

# --- the gain ----------------------------------------------------------------------------------------------------


def gain(norm_of_e=lambda e, p: norm_of(e, dual(p)), share=lambda S, m: S / m, scale=lambda norm: norm,
         penalty=lambda lam, r, beta: lam * r + beta, heard=lambda f: f, read=lambda gain, S, m: gain):
    """An oracle of the gain."""
    @hp.in_fifty_digits
    def outputs(z, y, f, p, norm, lam, r, beta):
        e, S = weighted(z, y, heard(f))
        m = Decimal(len(y))
        return {"gain": read(share(S, m) * scale(norm) * norm_of_e(e, p) - penalty(lam, r, beta), S, m)}

    return outputs


def costs(seed, m, n, p, norm, lam, r, beta) -> dict:
    """A layer and its costs."""
    return drawn(seed, m, n, p, norm=norm, lam=lam, r=r, beta=beta)


GAIN = Recipe(
    name="adanet_coordinate_gain",
    equation="(S / m) Λ norm_q(E_D[y z]) - Γ, Γ = lam r + beta, 1/p + 1/q = 1: minus the slope of F along the best new "
             "unit of a layer, at strength 0; a layer gets no unit where it is <= 0 (Cortes et al. 2017, Appendix C)",
    inputs={"z": "float64[*,*]", "y": "float64[*]", "f": "float64[*]", "p": "float64", "norm": "float64",
            "lam": "float64", "r": "float64", "beta": "float64"},
    outputs={"gain": "float64"},
    conventions=["z (m, n) is what the layer reads, y is 1 or -1, f are the scores so far, norm is Λ",
                 "D(i) = Φ'(1 - y_i f_i) / S, Φ'(1 - y f) = 1 / (1 + exp(y f)), S the sum over samples",
                 "p = 1: norm_q is the largest absolute entry", "a gain may be negative"],
    oracle=gain(),
    mistakes=[
        Mistake("p-for-q", "The norm of E_D[y z] is the p-norm; the largest u . e over a p-ball is its dual's, q's.",
                gain(norm_of_e=lambda e, p: norm_of(e, p))),
        Mistake("sum-missing", "S / m was left out: the weights were normalised to D and never put back.",
                gain(share=lambda S, m: Decimal(1))),
        Mistake("norm-missing", "The gain is that of a unit of norm 1; units have norm Λ.",
                gain(scale=lambda norm: Decimal(1))),
        Mistake("beta-missing", "Γ is lam r + beta; beta was left out.", gain(penalty=lambda lam, r, beta: lam * r)),
        Mistake("penalty-missing", "Γ was not subtracted; a public implementation has 0 there for a new layer, which "
                "then costs nothing.", gain(penalty=lambda lam, r, beta: Decimal(0))),
        Mistake("score-of-errors", "This is m / (2 S) times the gain, the score that comparing weighted errors with "
                "1/2 gives: right for choosing a layer, not for how fast the objective falls.",
                gain(read=lambda gain, S, m: gain * m / (2 * S))),
        Mistake("unweighted", "All samples counted alike; D weighs them by Φ'(1 - y f), what f gets wrong more.",
                gain(heard=lambda f: 0 * f)),
    ],
    questions=[
        Question("by-hand", "two samples, nothing learnt yet: S / m = 1/2, e = (3, -4), Λ = 10, Γ = 1/2 * 4 + 3",
                 {"z": array([6.0, 0], [0, 8]), "y": np.array([1.0, -1]), "f": np.zeros(2), "p": 2.0, "norm": 10.0,
                  "lam": 0.5, "r": 4.0, "beta": 3.0}, "by hand: 1/2 * 10 * 5 - 5", expected={"gain": np.float64(20.0)}),
        Question("p-1", "q is infinity", lambda: costs(21, 6, 4, 1.0, 2.0, 0.01, 3.0, 0.02), DECIMALS),
        Question("p-three-halves", "q = 3", lambda: costs(24, 7, 4, 1.5, 0.5, 0.02, 2.0, 0.01), DECIMALS),
        Question("p-2", "q = 2", lambda: costs(27, 7, 4, 2.0, 1.5, 0.01, 2.5, 0.02), DECIMALS),
        Question("p-3", "q = 1.5", lambda: costs(30, 7, 4, 3.0, 3.0, 0.02, 1.5, 0.04), DECIMALS),
        Question("too-dear", "a bound so large that nothing is gained",
                 lambda: costs(33, 5, 3, 2.0, 1.25, 0.5, 9.0, 0.5), DECIMALS),
    ])

RECIPES = [UNIT, GAIN]
