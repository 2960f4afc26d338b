"""Algorithm 2 (select, cut out, put back), and a task's scores."""

import numpy as np

from tests import own_answers as own

from .listing import wrong

# --- the walk ----------------------------------------------------------------------------------------------------


def walk(stage, head, weights, introduced, retired, current_weights, *,
         seen=lambda born, gone, t: (born <= t) & (t < gone), reads=lambda w: (w != 0).any(axis=1),
         hears=None, inputs=True):
    """The walk with parts to replace: who is seen, when a row of the head or of a matrix counts."""
    visible = [np.arange(len(weights[0])), *(np.flatnonzero(seen(born, gone, stage))
                                             for born, gone in zip(introduced, retired))]
    selected = [visible[-1][reads(head[visible[-1]])]]
    for w, below in zip(weights[::-1], visible[-2::-1]):
        rows = w[np.ix_(below, selected[0])]
        selected.insert(0, below[(hears or reads)(rows)])
    return selected if inputs else [visible[0], *selected[1:]]


@wrong("select_units", known="output-0-only")
def first_output_decides(head, **given):
    """head[:, 0] decides."""
    return walk(head=head[:, :1], **given)


@wrong("select_units", known="todays-weights")
def walks_through_today(current_weights, weights, **given):
    """The walk goes through the network's own, current weights."""
    return walk(weights=current_weights, current_weights=current_weights, **given)


@wrong("select_units", r"retire", hard=True)
def retired_at_this_stage_seen(**given):
    """introduced <= t <= retired: a unit that retires at this very stage is still seen."""
    return walk(seen=lambda born, gone, t: (born <= t) & (t <= gone), **given)


@wrong("select_units", r"introduced-exclusive|introduced (in|at) (the|this)|very stage|newborn|came with", hard=True)
def introduced_at_this_stage_not_seen(**given):
    """introduced < t: a unit that came with this stage is not seen."""
    return walk(seen=lambda born, gone, t: (born < t) & (t < gone), **given)


@wrong("select_units", r"cancel|sum", hard=True)
def head_weights_summed(**given):
    """A unit counts if its head weights do not sum to 0."""
    return walk(reads=lambda w: w.sum(axis=1) != 0, hears=lambda w: (w != 0).any(axis=1), **given)


@wrong("select_units", r"cancel|sum", hard=True)
def edges_summed(**given):
    """A unit below counts if its edges to selected units do not sum to 0: a product with a mask."""
    return walk(hears=lambda w: w.sum(axis=1) != 0, **given)


@wrong("select_units", r"input|feature")
def all_inputs_selected(**given):
    """Input features are not walked down to: all of them are selected."""
    return walk(inputs=False, **given)


@wrong("select_units", r"bool|mask|truth")
def masks_for_indices(**given):
    """Boolean masks come back where indices are asked for."""
    sizes = [len(given["weights"][0]), *(w.shape[1] for w in given["weights"])]
    return [np.isin(np.arange(n), units) for n, units in zip(sizes, walk(**given))]


@wrong("select_units", r"one-based|off by one|from 1|counted|by 1")
def one_based_units(**given):
    """Units are numbered from 1."""
    return [units + 1 for units in walk(**given)]


@wrong("select_units", known="almost-zero", hard=True)
def with_a_tolerance(**given):
    """abs(w) > 1e-8 is a connection."""
    return walk(reads=lambda w: (abs(w) > 1e-8).any(axis=1), **given)


@wrong("select_units", r"order|ascend|sort", hard=True)
def in_order_of_discovery(**given):
    """Units stand in the order in which edges were followed, by selected unit of the layer above."""
    found, weights = walk(**given), [*given["weights"], given["head"]]
    above, ordered = np.arange(given["head"].shape[1]), []
    for units, w in zip(found[::-1], weights[::-1]):
        seen = [int(i) for j in above for i in units if w[i, j] != 0]
        above = np.array(list(dict.fromkeys(seen)), int)
        ordered.insert(0, above)
    return ordered


@wrong("select_units", r"retire", hard=True)
def lifetimes_of_the_top_alone(introduced, retired, **given):
    """Only the top layer's lifetimes are looked at: further down every unit counts."""
    ever = [np.full_like(gone, 2**31 - 1) for gone in retired[:-1]] + retired[-1:]
    return walk(introduced=[np.ones_like(born) for born in introduced[:-1]] + introduced[-1:], retired=ever, **given)


@wrong("select_units", r"any layer|skip|all layers|directly|every unit above|not selected|no-walk", hard=True)
def edges_to_whatever_is_seen(**given):
    """A lower unit is selected if it has an edge to any unit above that the stage sees, selected or not."""
    every = {**given, "head": np.ones_like(given["head"])}
    top = walk(**given)[-1]
    return [*walk(**every)[:-1], top]


# --- cut out, put back -------------------------------------------------------------------------------------------


@wrong("extract_subnetwork", known="dense-edges")
def every_edge_free(**given):
    """edges is all True."""
    right = own.extract_subnetwork(**given)
    return {**right, "edges": [np.ones_like(edge) for edge in right["edges"]]}


@wrong("extract_subnetwork", r"positive|negative|sign|> 0", hard=True)
def positive_edges(**given):
    """edges is w > 0."""
    right = own.extract_subnetwork(**given)
    return {**right, "edges": [w > 0 for w in right["sub_weights"]]}


@wrong("extract_subnetwork", r"pair|diagonal|np.ix_|shape|where rows and columns")
def paired_indices(weights, units, **given):
    """w[below, above]: rows and columns are paired by the fancy index."""
    right = own.extract_subnetwork(weights=weights, units=units, **given)
    return {**right, "sub_weights": [w[below[:, None], np.resize(above, len(below))] for w, below, above in zip(
        weights, units, units[1:])]}


@wrong("extract_subnetwork", r"bias|off by one|units/0|one layer (off|too)")
def biases_of_the_layer_below(biases, units, **given):
    """A layer's bias is cut with the units of the layer below it (modulo its width)."""
    right = own.extract_subnetwork(biases=biases, units=units, **given)
    return {**right, "sub_biases": [np.take(b, below, mode="wrap") if len(b) else b[:0]
                                    for b, below in zip(biases, units)]}


@wrong("extract_subnetwork", r"bool|truth|0 and 1|numbers|dtype")
def edges_as_numbers(**given):
    """edges are 0.0 and 1.0, a mask to multiply with."""
    right = own.extract_subnetwork(**given)
    return {**right, "edges": [edge * 1.0 for edge in right["edges"]]}


@wrong("insert_subnetwork", known="biases-forgotten")
def weights_alone(biases, head_bias, **given):
    """Only weights and head rows are copied back."""
    return {**own.insert_subnetwork(biases=biases, head_bias=head_bias, **given), "biases": biases,
            "head_bias": head_bias}


@wrong("insert_subnetwork", r"\badded|\+=|sum of")
def added_not_written(weights, units, sub_weights, **given):
    """The block is added to what was there."""
    right = own.insert_subnetwork(weights=weights, units=units, sub_weights=sub_weights, **given)
    for w, old, below, above in zip(right["weights"], weights, units, units[1:]):
        w[np.ix_(below, above)] += old[np.ix_(below, above)]
    return right


@wrong("insert_subnetwork", r"head")
def head_not_put_back(head, head_bias, **given):
    """The head stays as it was."""
    return {**own.insert_subnetwork(head=head, head_bias=head_bias, **given), "head": head, "head_bias": head_bias}


@wrong("insert_subnetwork", r"became 0|nonzero|!= 0|new zeros?|zeros of the (block|sub)", hard=True)
def nonzero_entries_alone(weights, units, sub_weights, **given):
    """Only nonzero entries of the block are written: a weight that became 0 keeps its old value."""
    right = own.insert_subnetwork(weights=weights, units=units, sub_weights=sub_weights, **given)
    for w, old, sub, below, above in zip(right["weights"], weights, sub_weights, units, units[1:]):
        block = np.ix_(below, above)
        w[block] = np.where(sub != 0, sub, old[block])
    return right


@wrong("insert_subnetwork", r"old zero|zero pattern|did not exist|where .* 0", hard=True)
def old_zeros_kept(weights, units, sub_weights, **given):
    """Where the network has a 0, the block is not written."""
    right = own.insert_subnetwork(weights=weights, units=units, sub_weights=sub_weights, **given)
    return {**right, "weights": [np.where(old != 0, new, 0) for old, new in zip(weights, right["weights"])]}


# --- prediction --------------------------------------------------------------------------------------------------


@wrong("predict_task", known="retired-inclusive")
def still_seen_when_it_retires(retired, **given):
    """introduced <= t <= retired."""
    return own.predict_task(retired=[np.minimum(gone, 2**31 - 2) + 1 for gone in retired], **given)


@wrong("predict_task", r"place|position|order|index|numbers are skipped|head_stage|stage - 1", hard=True)
def head_by_position(heads, head_biases, head_stages, stage, **given):
    """The task's head is heads[stage - 1], whatever head_stages says."""
    place = min(stage, len(heads)) - 1
    return own.predict_task(heads=heads[place:place + 1], head_biases=head_biases[place:place + 1],
                            head_stages=np.array([stage]), stage=stage, **given)


@wrong("predict_task", r"bias|constant", hard=True)
def unseen_units_keep_their_bias(x, weights, biases, introduced, retired, heads, head_biases, head_stages, stage):
    """Incoming weights of unseen units are masked, their biases are not: they send max(b, 0)."""
    for w, b, born, gone in zip(weights, biases, introduced, retired):
        x = np.maximum(x @ (w * ((born <= stage) & (stage < gone))) + b, 0)
    task = list(head_stages).index(stage)
    return x @ heads[task] + head_biases[task]


@wrong("predict_task", r"lower layer|top layer|one layer|all-units-seen", hard=True)
def top_layer_masked_alone(introduced, retired, **given):
    """Only the top layer is masked: lower layers are read whole."""
    return own.predict_task(introduced=[np.ones_like(born) for born in introduced[:-1]] + introduced[-1:],
                            retired=[np.full_like(gone, 2**31 - 1) for gone in retired[:-1]] + retired[-1:], **given)


@wrong("predict_task", known="old-tasks-see-new-units")
def timestamps_ignored(introduced, **given):
    """Nobody looks at ``introduced``."""
    return own.predict_task(introduced=[np.ones_like(born) for born in introduced], **given)
