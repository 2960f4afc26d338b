"""Algorithm 3: append, find what is useless, delete."""

import numpy as np

from tests import own_answers as own

from .listing import wrong

NEVER = 2**31 - 1

# --- append ------------------------------------------------------------------------------------------------------


@wrong("append_units", known="heads-not-grown")
def old_heads_stay(heads, **given):
    """Heads keep their rows."""
    return {**own.append_units(heads=heads, **given), "heads": heads}


@wrong("append_units", r"heads-not-grown|newest head|only .*head|every head")
def newest_head_alone_grows(heads, **given):
    """Only the newest head gets rows for the new units."""
    right = own.append_units(heads=heads, **given)
    return {**right, "heads": [*heads[:-1], *right["heads"][-1:]]}


@wrong("append_units", r"never|retire")
def never_is_minus_one(retired, **given):
    """Never retired is stored as -1."""
    right = own.append_units(retired=retired, **given)
    return {**right, "retired": [np.where(np.arange(len(gone)) < len(old), gone, -1)
                                 for gone, old in zip(right["retired"], retired)]}


@wrong("append_units", r"next matrix|outgoing|columns (alone|only)|rows of (the )?(new|next)")
def columns_alone(weights, counts, **given):
    """Columns are appended, rows for the new units of the layer below are not."""
    right = own.append_units(weights=weights, counts=counts, **given)
    return {**right, "weights": [np.pad(w, ((0, 0), (0, k))) for w, k in zip(weights, counts)]}


@wrong("append_units", r"order|reversed|top first|from the top", hard=True)
def counts_from_the_top(counts, **given):
    """counts is read from the top layer down."""
    return own.append_units(counts=counts[::-1], **given)


@wrong("append_units", r"off by one|t \+ 1|late|next stage")
def introduced_one_late(introduced, **given):
    """The new units carry stage t + 1."""
    right = own.append_units(introduced=introduced, **given)
    return {**right, "introduced": [born + (np.arange(len(born)) >= len(old))
                                    for born, old in zip(right["introduced"], introduced)]}


# --- useless -----------------------------------------------------------------------------------------------------


def swept(weights, biases, introduced, retired, heads, head_biases, head_stages, stage, *,
          idle=lambda w: ~(w != 0).any(axis=0), leaves=lambda w: (w != 0).any(axis=1), heard_by=lambda t, stage: True,
          zero_goes=True, stale=False, older_biases=False, down=True):
    """Bottom-up and top-down as in the package, with parts to replace."""
    weights, heads = [w.copy() for w in weights], [v.copy() for v in heads]
    biases, head_biases, first = [b.copy() for b in biases], [c.copy() for c in head_biases], [b.copy() for b in biases]
    new, gone = [born == stage for born in introduced], []
    for l, w in enumerate(weights):
        above = [(weights[l + 1], biases[l + 1], new[l + 1])] if l + 1 < len(weights) else [
            (v, c, np.full(len(c), t == stage)) for v, c, t in zip(heads, head_biases, head_stages)]
        constant = np.maximum((first if stale else biases)[l], 0)
        older = np.any([(v[:, ~fresh] != 0).any(axis=1) for v, _, fresh in above], axis=0) & (not older_biases)
        out = new[l] & idle(w) & (((constant == 0) & zero_goes) | ~older)
        for v, c, _ in above:
            c += np.where(out, constant, 0) @ v
            v[out] = 0
        gone.append(out)
    for l in reversed(range(len(weights))):
        top = l + 1 == len(weights)
        read = [v for v, t in zip(heads, head_stages) if heard_by(t, stage)] if top else [weights[l + 1]]
        dead = new[l] & ~np.any([leaves(v) for v in read], axis=0) & (down | top)
        gone[l] = gone[l] | dead
        weights[l][:, dead] = 0
    return {"useless": [np.flatnonzero(out) for out in gone], "biases": [b[~out] for b, out in zip(biases, gone)],
            "head_biases": head_biases}


@wrong("useless_units", known="constants-not-folded")
def removed_without_folding(biases, head_biases, **given):
    """Constants are removed and forgotten."""
    right = swept(biases=biases, head_biases=head_biases, **given)
    return {**right, "biases": [np.delete(b, out) for b, out in zip(biases, right["useless"])],
            "head_biases": head_biases}


@wrong("useless_units", r"(earlier|other|every|any|old|new|newest) head|head of (the )?(stage|"
       r"t\b)|its own head", hard=True)
def heard_by_the_new_head_alone(**given):
    """A unit of the top layer is dead if the stage's own head does not read it; earlier heads are not asked."""
    return swept(heard_by=lambda t, stage: t == stage, **given)


@wrong("useless_units", r"negative|silent|constants-stay|constant 0|is 0", hard=True)
def silent_units_into_older_stay(**given):
    """A unit that is the constant 0 stays where it has an edge into an older unit."""
    return swept(zero_goes=False, **given)


@wrong("useless_units", r"cancel|sum", hard=True)
def outgoing_weights_summed(**given):
    """A unit is a dead end if its outgoing weights sum to 0."""
    return swept(leaves=lambda w: w.sum(axis=1) != 0, **given)


@wrong("useless_units", r"cancel|sum", hard=True)
def incoming_weights_summed(**given):
    """A unit hears nothing if its incoming weights sum to 0."""
    return swept(idle=lambda w: w.sum(axis=0) == 0, **given)


@wrong("useless_units", r"stale|follow|one-pass|as they were|too early", hard=True)
def constants_of_the_old_biases(**given):
    """A constant is max(b, 0) of the bias as it was before anything was folded into it."""
    return swept(stale=True, **given)


@wrong("useless_units", r"one-pass|follow|down|dead ends", hard=True)
def dead_ends_at_the_top_alone(**given):
    """Dead ends are looked for in the top layer only."""
    return swept(down=False, **given)


@wrong("useless_units", r"that stay|that (go|went)|full length|not cut|all units|zeroed-not-deleted|entries of")
def biases_of_all_units(biases, **given):
    """biases still has the entries of the useless units."""
    right = swept(biases=biases, **given)
    whole = []
    for old, left, out in zip(biases, right["biases"], right["useless"]):
        b = old.copy()
        b[np.setdiff1d(np.arange(len(b)), out)] = left
        whole.append(b)
    return {**right, "biases": whole}


@wrong("useless_units", known="constant-into-older-removed")
def folded_into_older_biases(**given):
    """A constant is folded into any bias, those of earlier tasks too."""
    return swept(older_biases=True, **given)


# --- delete ------------------------------------------------------------------------------------------------------


@wrong("delete_units", r"head")
def newest_head_alone_cut(heads, **given):
    """Only the newest head loses the rows."""
    right = own.delete_units(heads=heads, **given)
    return {**right, "heads": [*heads[:-1], *right["heads"][-1:]]}


@wrong("delete_units", r"retire|lifetimes")
def retired_kept(retired, **given):
    """``introduced`` is cut, ``retired`` is not."""
    return {**own.delete_units(retired=retired, **given), "retired": retired}


@wrong("delete_units", r"one-based|off by one|from 1|counted|by 1")
def one_based_deletion(units, biases, **given):
    """Units are numbered from 1: unit i - 1 goes, and the last for 0."""
    return own.delete_units(units=[np.unique((gone - 1) % max(len(b), 1)) for gone, b in zip(units, biases)],
                            biases=biases, **given)


@wrong("delete_units", r"input|feature|own matrix|first matrix")
def input_rows_deleted(weights, units, **given):
    """The first matrix loses the rows of the first layer's units as well, as if it had rows for them."""
    right = own.delete_units(weights=weights, units=units, **given)
    rows = [i for i in units[0] if i < len(weights[0])]
    return {**right, "weights": [np.delete(right["weights"][0], rows, axis=0), *right["weights"][1:]]}


@wrong("delete_units", known="shifting-indices", hard=True)
def popped_one_by_one(units, biases, **given):
    """list.pop for every unit in ascending order: indices shift."""
    hit = []
    for gone, b in zip(units, biases):
        left = list(range(len(b)))
        for i in gone:
            left.pop(min(i, len(left) - 1))
        hit.append(np.setdiff1d(np.arange(len(b)), left))
    return own.delete_units(units=hit, biases=biases, **given)


@wrong("delete_units", r"order|swap|last unit", hard=True)
def filled_with_the_last(weights, biases, introduced, retired, heads, head_biases, head_stages, units):
    """A unit that goes is replaced by the last one (swap and pop): the others do not keep their order."""
    kept = []
    for gone, b in zip(units, biases):
        left = list(range(len(b)))
        for i in sorted(map(int, gone), reverse=True):
            left[i] = left[-1]
            left.pop()
        kept.append(np.array(left, int))
    rows = [np.arange(len(weights[0])), *kept]
    return {"weights": [w[np.ix_(a, b)] for w, a, b in zip(weights, rows, kept)],
            "biases": [b[k] for b, k in zip(biases, kept)], "introduced": [b[k] for b, k in zip(introduced, kept)],
            "retired": [b[k] for b, k in zip(retired, kept)], "heads": [v[kept[-1]] for v in heads],
            "head_biases": head_biases, "head_stages": head_stages}
