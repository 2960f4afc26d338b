"""most_drifted: which of the drifted units are split."""

from __future__ import annotations

import numpy as np

from tests.oracles.recipe import Mistake, Question, Recipe
from tests.oracles.small_networks import NEVER, floats, ints


def oracle(older, rho, sigma, at_most):
    """Of the units over sigma, those that fewer than at_most others precede."""
    split = []
    for units, drifts, limit in zip(older, rho, sigma):
        over = [n for n in range(len(units)) if drifts[n] > limit]
        before = {n: sum(drifts[m] > drifts[n] or (drifts[m] == drifts[n] and m < n) for m in over) for n in over}
        split.append(np.array([units[n] for n in over if before[n] < at_most], np.int64))
    return {"split": split}


def ordered(older, rho, sigma, at_most, *, over=np.greater, key=lambda rho: -rho, ascending=True):
    """The choice with one rule made differently."""
    split = []
    for units, drifts, limit in zip(older, rho, sigma):
        candidates = np.flatnonzero(over(drifts, limit))
        first = candidates[np.argsort(key(drifts[candidates]), kind="stable")][:at_most]
        split.append(units[np.sort(first) if ascending else first])
    return {"split": split}


def with_order(**options):
    """The outputs of :func:`ordered` with these options."""
    return lambda **inputs: ordered(**inputs, **options)


def last_of_ties(older, rho, sigma, at_most):
    """Among equals the higher index wins."""
    split = ordered([units[::-1] for units in older], [drifts[::-1] for drifts in rho], sigma, at_most)["split"]
    return {"split": [np.sort(units) for units in split]}


def one_sigma(sigma, **rest):
    """The first layer's sigma for all."""
    return ordered(sigma=np.full(len(sigma), sigma[0]), **rest)


def positions(older, **rest):
    """Places in rho instead of indices of units."""
    return ordered(older=[np.arange(len(units)) for units in older], **rest)


def no_limit(at_most, **rest):
    """As many as exceed."""
    return ordered(at_most=NEVER, **rest)


def limit_over_all_layers(older, rho, sigma, at_most):
    """The most drifted units of the whole network."""
    over = sorted((-drift, l, unit) for l, (units, drifts) in enumerate(zip(older, rho))
                  for unit, drift in zip(units, drifts) if drift > sigma[l])[:at_most]
    return {"split": [np.array(sorted(unit for _, own, unit in over if own == l), np.int64) for l in range(len(older))]}


MISTAKES = [
    Mistake("least-drifted", "The least drifted units over sigma were split. max_splits keeps the most drifted ones. "
            "Seen in the authors' released code (an ascending argsort, of which the first k are taken).",
            with_order(key=lambda rho: rho)),
    Mistake("ties-exceed", "A unit with rho equal to sigma was split. A tie does not exceed: rho > sigma.",
            with_order(over=np.greater_equal)),
    Mistake("below-sigma", "The units that drifted less than sigma were split.", with_order(over=np.less)),
    Mistake("last-of-ties", "Among equally drifted units the higher index was taken; the lower one wins.",
            last_of_ties),
    Mistake("ordered-by-drift", "The units are listed by their drift; they are listed in ascending order, which is "
            "the order of the copies.", with_order(ascending=False)),
    Mistake("one-sigma", "The first layer's sigma was used everywhere; sigma has one number per layer.", one_sigma),
    Mistake("positions-not-units", "Places in the list of drifts were returned; what is asked for are the units' "
            "indices, older[place].", positions),
    Mistake("limit-over-all-layers", "at_most was taken for the whole network; it is a limit of every layer.",
            limit_over_all_layers),
    Mistake("first-over-sigma", "The units of the lowest indices were kept; at_most keeps the most drifted ones.",
            with_order(key=lambda rho: np.arange(len(rho)))),
    Mistake("no-limit", "at_most was not heeded: at most so many units of a layer are split.", no_limit),
]


def measured(older, rho, sigma, at_most=NEVER) -> dict:
    """Inputs, without a limit by default."""
    return {"older": ints(*older), "rho": floats(*rho), "sigma": np.array(sigma, np.float64), "at_most": at_most}


def drawn_choice(seed, sizes, at_most) -> dict:
    """Drifts that are all different, in thousandths; sigma between them."""
    rng = np.random.default_rng(seed)
    older = [np.sort(rng.choice(3 * n, n, replace=False)) for n in sizes]
    rho = [rng.choice(np.arange(100, 2000, 20), n, replace=False) / 1000 for n in sizes]
    return {"older": older, "rho": rho, "sigma": np.full(len(sizes), 0.65) + 0.1 * np.arange(len(sizes)),
            "at_most": at_most}


def nearest(older, rho, sigma, at_most) -> float:
    """Distance of the nearest drift from its threshold: sigma, and between the last unit taken and the next one."""
    distances = [1.0]
    for drifts, limit in zip(rho, sigma):
        distances += [abs(one - limit) for one in drifts if np.isfinite(one)]
        over = sorted((one for one in drifts if one > limit), reverse=True)
        distances += [over[at_most - 1] - over[at_most]] if 0 < at_most < len(over) else []
    return float(min(distances))


def choice(name, about, inputs, *split, margin=nearest) -> Question:
    """A question; with ``split``, one worked out by hand."""
    return Question(name, about, inputs, "by hand" if split else "for every unit, how many precede it", "exact",
                    {"split/*": margin}, {"split": ints(*split)} if split else None)


QUESTIONS = [
    choice("two-layers", "one sigma per layer, unit numbers with gaps",
           measured([[0, 2, 5], [1, 3]], [[0.5, 2, 1.5], [0.5, 0.25]], [1, 0.375]), [2, 5], [1]),
    choice("tie-with-sigma", "a drift equal to sigma does not exceed it", measured([[0, 1]], [[1, 1.5]], [1]), [1],
           margin=None),
    choice("at-most", "three exceed, two are split: the most drifted ones, listed in ascending order",
           measured([[0, 1, 4, 6]], [[1.5, 3, 0.5, 2]], [1], 2), [1, 6]),
    choice("at-most-descending", "the most drifted unit stands last", measured([[3, 4, 5]], [[2, 3, 4]], [1], 1), [5]),
    choice("tie-at-the-limit", "of three equally drifted units two are split: the lower indices",
           measured([[1, 2, 3]], [[2, 2, 2]], [1], 2), [1, 2], margin=None),
    choice("limit-per-layer", "two exceed in each of two layers, one of each is split",
           measured([[0, 2], [1, 3]], [[3, 4], [2, 1.5]], [1, 1], 1), [2], [1]),
    choice("nothing-exceeds", "sigma is larger than every drift", measured([[0, 1], [0]], [[1, 2], [3]], [4, 4]),
           [], []),
    choice("everything-splits", "sigma = 0 splits what has moved; a drift of 0 does not exceed 0",
           measured([[0, 1, 2]], [[1, 0, np.inf]], [0]), [0, 2], margin=None),
    choice("none-allowed", "at_most = 0", measured([[0, 1]], [[1, 2]], [0.5], 0), []),
    choice("empty-layer", "a layer without older units", measured([[], [0]], [[], [1]], [0.5, 0.5]), [], [0]),
    choice("large", "four layers, at most five of each", lambda: drawn_choice(65, [20, 15, 12, 4], 5)),
]

RECIPE = Recipe(
    name="most_drifted",
    equation="Algorithm 4: unit i is split if rho_i > sigma. max_splits: at most so many units per layer, the most "
             "drifted of them.",
    inputs={"older/*": "int64[*]", "rho/*": "float64[*]", "sigma": "float64[*]", "at_most": "int64"},
    outputs={"split/*": "int64[*]"},
    conventions=["older: indices of units, rho: one number for each of them (as unit_drift gives them)",
                 "rho > sigma: a tie does not exceed", "sigma has one number per layer",
                 "among equally drifted units the lower index wins; no limit is 2147483647",
                 "split are indices of units (entries of older), ascending"],
    oracle=oracle, mistakes=MISTAKES, questions=QUESTIONS)
