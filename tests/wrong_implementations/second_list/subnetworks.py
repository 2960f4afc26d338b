"""Algorithm 2, and a task's scores."""

import numpy as np
from tests import own_answers as own

from .listing import wrong


def seen(introduced, retired, stage):
    """Which units a stage sees, per layer."""
    return [(born <= stage) & (stage < gone) for born, gone in zip(introduced, retired)]


def walked(head, weights, visible, *, joins=lambda w: w != 0, top=lambda v: (v != 0).any(axis=1), everywhere=False):
    """The walk down with other conditions; everywhere: an edge to any unit that is seen will do."""
    chosen = [visible[-1] & top(head)]
    for l in reversed(range(len(weights))):
        above = visible[l] if everywhere else chosen[0]
        below = visible[l - 1] if l else np.ones(len(weights[0]), bool)
        chosen.insert(0, below & joins(weights[l])[:, above].any(axis=1))
    return {"selected": [np.flatnonzero(units) for units in chosen]}


@wrong("select_units", r"sum|cancel|any output|outputs", hard=True)
def outputs_summed(stage, head, weights, introduced, retired, current_weights):
    """head.sum(axis=1) != 0: weights of two outputs that cancel do not select."""
    return walked(head, weights, seen(introduced, retired, stage), top=lambda v: v.sum(axis=1) != 0)


@wrong("select_units", r"retired", hard=True)
def retired_units_join(stage, head, weights, introduced, retired, current_weights):
    """Only introduced <= t is asked: units retired before t join."""
    return walked(head, weights, [born <= stage for born in introduced])


@wrong("select_units", r"toleran|small|tiny|close|1e-|size of|threshold", hard=True)
def zero_to_a_tolerance(stage, head, weights, introduced, retired, current_weights):
    """Nonzero means abs > 1e-6, in edges and in the head."""
    return walked(head, weights, seen(introduced, retired, stage), joins=lambda w: abs(w) > 1e-6,
                  top=lambda v: (abs(v) > 1e-6).any(axis=1))


@wrong("select_units", r"any unit|unselected|all units|not (selected|in S)|whether selected|every unit|one layer")
def edges_to_any_unit(stage, head, weights, introduced, retired, current_weights):
    """A unit joins if it has an edge to any unit above, selected or not."""
    return walked(head, weights, seen(introduced, retired, stage), everywhere=True)


@wrong("extract_subnetwork", r"positive|negative|sign|> 0")
def edges_are_positive(**given):
    """An edge is a weight > 0."""
    told = own.extract_subnetwork(**given)
    return told | {"edges": [w > 0 for w in told["sub_weights"]]}


@wrong("insert_subnetwork", r"zero|\b0\b", hard=True)
def zeros_not_written(weights, biases, head, head_bias, units, sub_weights, sub_biases, sub_head, sub_head_bias):
    """where(sub != 0, sub, old): a weight that Eq. 4 has made 0 keeps its old value."""
    weights, biases, head = [w.copy() for w in weights], [b.copy() for b in biases], head.copy()
    for l, (w, b, sub, sub_b) in enumerate(zip(weights, biases, sub_weights, sub_biases)):
        block, units_here = np.ix_(units[l], units[l + 1]), units[l + 1]
        w[block] = np.where(sub != 0, sub, w[block])
        b[units_here] = np.where(sub_b != 0, sub_b, b[units_here])
    head[units[-1]] = np.where(sub_head != 0, sub_head, head[units[-1]])
    return weights, biases, head, np.where(sub_head_bias != 0, sub_head_bias, head_bias)


@wrong("insert_subnetwork", r"rest|outside|other|cleared|unselected|not selected|zero|wiped")
def rest_of_the_head_cleared(**given):
    """The head becomes zeros with the new rows in it."""
    told = own.insert_subnetwork(**given)
    head = np.zeros_like(given["head"])
    head[given["units"][-1]] = given["sub_head"]
    return told | {"head": head}


def scores(x, weights, biases, masks, head, bias):
    """Logits of the units that masks leave."""
    for w, b, mask in zip(weights, biases, masks):
        x = np.maximum(x @ w + b, 0) * mask
    return x @ head + bias


@wrong("predict_task", r"position|by index|index of|head")
def head_at_the_index(x, weights, biases, introduced, retired, heads, head_biases, head_stages, stage):
    """heads[stage - 1], or the last one where there are not so many."""
    at = min(int(stage) - 1, len(heads) - 1)
    return scores(x, weights, biases, seen(introduced, retired, stage), heads[at], head_biases[at])


@wrong("predict_task", r"retire|<=|boundary|one stage (late|too long)|off by one", hard=True)
def retired_one_stage_late(x, weights, biases, introduced, retired, heads, head_biases, head_stages, stage):
    """introduced <= t <= retired."""
    at = list(head_stages).index(stage)
    masks = [(born <= stage) & (stage <= gone) for born, gone in zip(introduced, retired)]
    return scores(x, weights, biases, masks, heads[at], head_biases[at])


@wrong("predict_task", r"top|lower|below|hidden layers|only.*layer|lifetime.*layer|layers?.*(mask|lifetime)", hard=True)
def only_the_top_layer_masked(x, weights, biases, introduced, retired, heads, head_biases, head_stages, stage):
    """Lifetimes are looked at where the head reads; lower layers are used whole."""
    at, masks = list(head_stages).index(stage), seen(introduced, retired, stage)
    masks = [np.ones_like(mask) for mask in masks[:-1]] + masks[-1:]
    return scores(x, weights, biases, masks, heads[at], head_biases[at])
