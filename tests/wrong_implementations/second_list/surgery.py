"""Algorithm 3."""

import numpy as np
from tests import own_answers as own

from .listing import wrong


@wrong("append_units", r"counts|first count|same number|every layer|per layer")
def one_count_for_all_layers(counts, **given):
    """Every layer gets as many units as the first."""
    return own.append_units(counts=np.full_like(counts, counts[0]), **given)


@wrong("append_units", r"rows?.*(front|before|order|first|place|behind)|misalign|in front|rows of the next", hard=True)
def rows_in_front(counts, **given):
    """Columns are appended, but the next layer's rows of zeros are put in front."""
    told = own.append_units(counts=counts, **given)
    for l, k in enumerate(counts[:-1]):
        told["weights"][l + 1] = np.roll(told["weights"][l + 1], k, axis=0)
    return told


@wrong("append_units", r"introduced|next stage|one stage|late|off by one|lifetime|stage")
def born_at_the_next_stage(stage, **given):
    """Counting from 0 inside: new units are introduced at t + 1."""
    return own.append_units(stage=stage + 1, **given)


@wrong("delete_units", r"shift|one by one|one after|descending|after (a |the )?deletion|before deletion|indices|index",
       hard=True)
def one_by_one_upwards(units, **given):
    """Units go one by one from the lowest, so that the indices of the later ones have shifted."""
    for l, some in enumerate(units):
        for unit in some:
            sizes = [len(born) for born in given["introduced"]]
            one = [np.zeros(0, np.int64) for _ in sizes]
            one[l] = np.array([min(int(unit), sizes[l] - 1)])
            given = own.delete_units(units=one, **given)
    return given


@wrong("delete_units", r"lifetime|introduced|retired", hard=True)
def lifetimes_cut_at_the_end(units, **given):
    """Weights go by index; the lifetimes are cut to length."""
    told = own.delete_units(units=units, **given)
    return told | {name: [whole[:len(left)] for whole, left in zip(given[name], told[name])]
                   for name in ("introduced", "retired")}


def without_useless(weights, biases, introduced, retired, heads, head_biases, head_stages, stage, *, rounds=10 ** 6,
                    fold=True, constant=lambda b: max(b, 0.0), all_heads=True):
    """useless_units by sweeps over all candidates, until nothing changes or the rounds are over."""
    weights, heads = [w.copy() for w in weights], [h.copy() for h in heads]
    biases, head_biases = [b.copy() for b in biases], [b.copy() for b in head_biases]
    gone, top = [np.zeros(len(b), bool) for b in biases], len(weights) - 1
    for _ in range(rounds):
        before = sum(g.sum() for g in gone)
        for l in range(len(weights)):
            for j in np.flatnonzero((introduced[l] == stage) & ~gone[l]):
                out = ([(weights[l + 1][j], biases[l + 1], introduced[l + 1] == stage)] if l < top else
                       [(h[j], c, np.full(len(c), s == stage)) for h, c, s in zip(heads, head_biases, head_stages)
                        if all_heads or s == stage])
                value = constant(biases[l][j])
                idle = not weights[l][:, j].any()
                dead_end = not any(row.any() for row, _, _ in out)
                folds = fold and not any((row[~ours] != 0).any() for row, _, ours in out)
                if dead_end or idle and (value == 0 or folds):
                    for row, bias, _ in out:
                        bias += idle * value * row
                        row[:] = 0
                    weights[l][:, j], gone[l][j] = 0, True
        if sum(g.sum() for g in gone) == before:
            break
    return {"useless": [np.flatnonzero(g) for g in gone], "biases": [b[~g] for b, g in zip(biases, gone)],
            "head_biases": head_biases}


@wrong("useless_units", r"fixed point|once|one (pass|round|sweep)|follow|repeat|iterat|single pass", hard=True)
def one_sweep(**given):
    """One sweep upwards: what becomes a dead end by it stays."""
    return without_useless(**given, rounds=1)


@wrong("useless_units", r"fold|constant")
def constants_stay(**given):
    """A unit without incoming weights and with a positive bias always stays."""
    return without_useless(**given, fold=False)


@wrong("useless_units", r"relu|negative|max\(", hard=True)
def folded_without_the_relu(**given):
    """b_m += b_j w_jm, also for a negative b_j."""
    return without_useless(**given, constant=lambda b: b)


@wrong("useless_units", r"head", hard=True)
def only_the_newest_head_asked(**given):
    """Dead ends are looked for in the head of t alone; other heads may still read the unit."""
    return without_useless(**given, all_heads=False)
