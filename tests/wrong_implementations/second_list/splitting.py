"""Algorithm 4."""

import numpy as np
from tests import own_answers as own

from .listing import wrong


@wrong("unit_drift", r"relative|w_?i?\^t\b|today|current|instead of W\^|new(er)? weights|now", hard=True)
def relative_to_today(drift, **given):
    """Divided by the norm of today's entries, not of those before."""
    told = own.unit_drift(drift="absolute", **given)
    if drift == "absolute":
        return told
    p_w, p_b = given["previous_weights"], given["previous_biases"]
    zeros = given | {"previous_weights": [0 * w for w in p_w], "previous_biases": [0 * b for b in p_b]}
    sizes = own.unit_drift(drift="absolute", **zeros)["rho"]
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = [np.where(r == 0, 0, r / size) for r, size in zip(told["rho"], sizes)]
    return told | {"rho": rho}


@wrong("unit_drift", r"eps|0 ?/ ?0|x ?/ ?0|inf|divi|denominator|by (zero|0)", hard=True)
def epsilon_below(drift, **given):
    """1e-12 is added to the norm that is divided by: a unit that was 0 drifts a lot, not infinitely."""
    absolute = own.unit_drift(drift="absolute", **given)
    if drift == "absolute":
        return absolute
    exact = own.unit_drift(drift=drift, **given)["rho"]
    with np.errstate(divide="ignore", invalid="ignore"):
        norms = [np.where(np.isinf(q) | (r == 0), 0, r / q) for r, q in zip(absolute["rho"], exact)]
    return absolute | {"rho": [r / (n + 1e-12) for r, n in zip(absolute["rho"], norms)]}


@wrong("unit_drift", r"retired", hard=True)
def drift_from_retired_units(retired, **given):
    """All rows of older units count, also those of units retired before t; which are measured is right."""
    told = own.unit_drift(retired=retired, **given)
    stage = int(given["stage"])
    alive = own.unit_drift(retired=[np.maximum(gone, stage + 1) for gone in retired], **given)
    return {"older": told["older"], "rho": [r[np.isin(every, units)] for r, every, units in
                                            zip(alive["rho"], alive["older"], told["older"])]}


@wrong("most_drifted", r"whole network|all layers|across|per layer|together|global|in total", hard=True)
def limit_for_the_whole_network(older, rho, sigma, at_most):
    """at_most is a number for all layers together."""
    over = sorted((-r, l, u) for l, (units, drifts) in enumerate(zip(older, rho))
                  for u, r in zip(units.tolist(), drifts) if r > sigma[l])[:int(at_most)]
    return {"split": [np.array(sorted(u for _, at, u in over if at == l), np.int64) for l in range(len(older))]}


@wrong("most_drifted", r"position|indices|index|entries of older")
def positions_in_older(older, rho, sigma, at_most):
    """Positions in rho are returned, not the indices in older."""
    chosen = own.most_drifted(older, rho, sigma, at_most)["split"]
    return {"split": [np.flatnonzero(np.isin(units, some)) for units, some in zip(older, chosen)]}


@wrong("split_units", r"bias")
def bias_not_restored(**given):
    """The original gets its weights of W^{t-1} back, but not its bias."""
    told = own.split_units(**given)
    for b, was, units in zip(told["biases"], given["biases"], given["split"]):
        b[units] = was[units]
    return told


@wrong("split_units", r"half|halv|net2net|divided|shared between")
def outgoing_weights_halved(**given):
    """Net2Net: original and copy share the outgoing weights, each half; in every later layer and in the head of t."""
    told, n = own.split_units(**given), [len(b) for b in given["biases"]]
    for l, w in enumerate(told["weights"][1:]):
        w[n[l]:] /= 2
    at = list(given["head_stages"]).index(given["stage"]) if given["stage"] in given["head_stages"] else None
    if at is not None:
        told["heads"][at][n[-1]:] /= 2
    return told


@wrong("split_units", r"(earlier|older|old|previous|other|every|all) (task|head)s?|heads? (of|before)", hard=True)
def earlier_heads_read_the_copy(**given):
    """Every head gets the original's row for the copy, not the head of t alone."""
    told, n = own.split_units(**given), len(given["biases"][-1])
    for before, after, stage in zip(given["heads"], told["heads"], given["head_stages"]):
        if stage != given["stage"]:
            after[n:] = before[given["split"][-1]]
    return told


@wrong("split_units", r"copy.*cop|copies.*(copies|between|each other|among)|both (ends|are)|between copies|two layers",
       hard=True)
def no_edges_between_copies(**given):
    """The layers are split one after the other, and a copy gets no edge from a copy below."""
    told, n = own.split_units(**given), [len(b) for b in given["biases"]]
    for l in range(1, len(n)):
        told["weights"][l][n[l - 1]:, n[l]:] = 0
    return told


@wrong("split_units", r"retire|late|lifetime|off by one|stage", hard=True)
def retired_at_the_next_stage(**given):
    """With "retire" the original retires at t + 1: t itself still sees it."""
    told = own.split_units(**given)
    if given["original"] == "retire":
        for gone, units in zip(told["retired"], given["split"]):
            gone[units] += 1
    return told
