"""Algorithm 4: drift, who is split, the split edge by edge."""

from unittest import mock

import numpy as np

from den_ref import loops
from den_ref.loops import splitting as right
from tests import own_answers as own

from .listing import wrong

NEVER = 2**31 - 1

# --- drift -------------------------------------------------------------------------------------------------------


def drift(weights, biases, previous_weights, previous_biases, introduced, retired, stage, drift, *,
          measured=lambda born, gone, t: (born < t) & (t < gone), norm=lambda v: np.sqrt((v ** 2).sum(axis=0)),
          size_with_bias=True, divide=None):
    """unit_drift with parts to replace."""
    older = [np.arange(len(weights[0])), *(np.flatnonzero(measured(born, gone, stage))
                                           for born, gone in zip(introduced, retired))]
    rho = []
    for l, (below, units) in enumerate(zip(older, older[1:])):
        units_then = units[units < previous_weights[l].shape[1]]
        rows = below[below < len(previous_weights[l])]
        now, then = np.zeros((len(below) + 1, len(units))), np.zeros((len(below) + 1, len(units)))
        now[:-1], now[-1] = weights[l][np.ix_(below, units)], biases[l][units]
        then[:len(rows), :len(units_then)] = previous_weights[l][np.ix_(rows, units_then)]
        then[-1, :len(units_then)] = previous_biases[l][units_then]
        change, size = norm(now - then), norm(then if size_with_bias else then[:-1])
        rho.append(change if drift == "absolute" else (divide or ratio)(change, size))
    return {"older": older[1:], "rho": rho}


def ratio(change, size):
    """0/0 = 0, x/0 = inf."""
    return np.where(size > 0, change / np.where(size > 0, size, 1), np.where(change > 0, np.inf, 0))


@wrong("unit_drift", known="bias-left-out")
def incoming_weights_alone(biases, previous_biases, **given):
    """Incoming weights without the bias."""
    zeros = [0 * b for b in biases]
    return own.unit_drift(biases=zeros, previous_biases=[0 * b for b in previous_biases], **given)


@wrong("unit_drift", r"retire", hard=True)
def retiring_units_measured(**given):
    """t <= retired: a unit that retires at this very stage is measured."""
    return drift(measured=lambda born, gone, t: (born < t) & (t <= gone), **given)


@wrong("unit_drift", r"new-units|new units|introduced at|came with", hard=True)
def new_units_measured(**given):
    """introduced <= t: units that came with this stage are measured, from 0."""
    return drift(measured=lambda born, gone, t: (born <= t) & (t < gone), **given)


@wrong("unit_drift", r"nan|0/0|0 / 0", hard=True)
def nan_for_nothing_of_nothing(**given):
    """change / size as it stands: 0/0 is NaN."""
    with np.errstate(all="ignore"):
        return drift(divide=lambda change, size: change / size, **given)


@wrong("unit_drift", r"epsilon|1e-|added|denominator", hard=True)
def epsilon_in_the_denominator(**given):
    """change / (size + 1e-8)."""
    return drift(divide=lambda change, size: change / (size + 1e-8), **given)


@wrong("unit_drift", r"mean|root of the (size|number)|rms|size|averag")
def root_mean_square(**given):
    """The root of the mean square, so that layers can be compared."""
    return drift(norm=lambda v: np.sqrt((v ** 2).mean(axis=0)), **given)


@wrong("unit_drift", r"bias", hard=True)
def relative_to_weights_alone(**given):
    """The relative drift is divided by the norm of the incoming weights, without the bias."""
    return drift(size_with_bias=False, **given)


@wrong("unit_drift", r"single precision|float32|f32")
def drift_in_float32(**given):
    """Networks are kept in float32, and so is rho."""
    single = {name: [a.astype(np.float32) for a in value] if "eight" in name or "bias" in name else value
              for name, value in given.items()}
    told = drift(**single)
    return {**told, "rho": [rho.astype(np.float32) for rho in told["rho"]]}


@wrong("unit_drift", r"cosine|direction|angle")
def cosine_distance(weights, biases, previous_weights, previous_biases, introduced, retired, stage, drift):
    """1 - cos of the angle between old and new incoming weights."""
    told = own.unit_drift(weights, biases, previous_weights, previous_biases, introduced, retired, stage, drift)
    rho = []
    for l, units in enumerate(told["older"]):
        now, then = weights[l][:len(previous_weights[l]), units], previous_weights[l][:, units]
        size = np.sqrt((now ** 2).sum(axis=0) * (then ** 2).sum(axis=0))
        rho.append(1 - np.where(size > 0, (now * then).sum(axis=0) / np.where(size > 0, size, 1), 1))
    return {**told, "rho": rho}


# --- who is split ------------------------------------------------------------------------------------------------


@wrong("most_drifted", known="ties-exceed")
def greater_or_equal(older, rho, sigma, at_most):
    """rho >= sigma."""
    return {"split": [units[np.sort((over := np.flatnonzero(drifts >= limit))[np.argsort(
        -drifts[over], kind="stable")][:at_most])] for units, drifts, limit in zip(older, rho, sigma)]}


@wrong("most_drifted", known="last-of-ties", hard=True)
def argsort_reversed(older, rho, sigma, at_most):
    """argsort()[::-1][:k]: of ties the later one comes first."""
    split = []
    for units, drifts, limit in zip(older, rho, sigma):
        over = np.flatnonzero(drifts > limit)
        first = over[np.argsort(drifts[over], kind="stable")[::-1]][:at_most]
        split.append(units[np.sort(first)])
    return {"split": split}


@wrong("most_drifted", r"all layers|per layer|together|whole network|each layer", hard=True)
def limit_over_all_layers(older, rho, sigma, at_most):
    """At most so many units of the whole network are split."""
    found = sorted((-r, l, n) for l, drifts in enumerate(rho) for n, r in enumerate(drifts) if r > sigma[l])[:at_most]
    return {"split": [units[sorted(n for _, k, n in found if k == l)] if len(units) else units
                      for l, units in enumerate(older)]}


@wrong("most_drifted", r"no-limit|at_most = 0|no limit", hard=True)
def zero_is_no_limit(older, rho, sigma, at_most):
    """argsort()[-at_most:], which is everything for at_most = 0."""
    return own.most_drifted(older, rho, sigma, at_most or NEVER)


@wrong("most_drifted", r"inf|finite", hard=True)
def infinite_drift_skipped(older, rho, sigma, at_most):
    """A relative drift of x/0 = inf is taken for a bad number and never split."""
    return own.most_drifted(older, [np.where(np.isinf(drifts), 0, drifts) for drifts in rho], sigma, at_most)


@wrong("most_drifted", r"first (ones|at_most|units)|lowest|in order|not the most", hard=True)
def first_units_over_sigma(older, rho, sigma, at_most):
    """Of those over sigma the first at_most in order, not the most drifted."""
    return {"split": [units[drifts > limit][:at_most] for units, drifts, limit in zip(older, rho, sigma)]}


@wrong("most_drifted", r"bool|mask|truth")
def mask_of_split_units(older, rho, sigma, at_most):
    """A boolean mask over the drifts."""
    return {"split": [np.isin(units, chosen) for units, chosen in zip(
        older, own.most_drifted(older, rho, sigma, at_most)["split"])]}


# --- the split ---------------------------------------------------------------------------------------------------


def split_with(edge=None, bias=None, head=None, life=None):
    """The loops' split with one of its tables replaced: function(right answer, arguments)."""
    parts = {"split_edge": edge, "split_bias": bias, "split_head_entry": head, "lifetime": life}

    def outputs(**given):
        changed = {name: bent(getattr(right, name), change) for name, change in parts.items() if change}
        with mock.patch.multiple(right, **changed):
            return loops.split_units(**given)

    return outputs


def bent(function, change):
    """change(what the function answers, its arguments)."""
    return lambda *given: change(function(*given), *given)


def at(lower_kind, upper_kind, weight):
    """The edge table with one entry replaced: weight(i, m, now, before)."""
    return split_with(edge=lambda answer, lower, upper, now, before, original: weight(
        lower.unit, upper.unit, now, before) if (lower.kind, upper.kind) == (lower_kind, upper_kind) else answer)


@wrong("split_units", known="biases-forgotten")
def weights_restored_alone(**given):
    """An original gets its weights back, not its bias."""
    return split_with(bias=lambda answer, place, now, before: now[place.unit])(**given)


@wrong("split_units", known="old-heads-see-copies")
def copies_in_every_head(**given):
    """Head rows are copied in every head."""
    return split_with(head=lambda answer, place, head, output, of_t: head[place.unit, output]
                      if place.kind == "copy" else answer)(**given)


@wrong("split_units", r"copies.*(t \+ 1|late|next stage)|off by one|introduced.*late")
def copies_one_stage_late(stage, **given):
    """Copies are introduced at t + 1: the next task is the first to see them."""
    return split_with(life=lambda answer, place, *others: (answer[0] + 1, answer[1])
                      if place.kind == "copy" else answer)(stage=stage, **given)


@wrong("split_units", r"feeds? older|into older|other-reading|outgoing.*older", hard=True)
def original_feeds_older_units_as_now(**given):
    """"retire": the edge from an original into an older unit stays that of W^t."""
    return at("split", "older", lambda i, m, now, before: now[i, m])(**given)


@wrong("split_units", r"cop(y|ies).*(feeds? no|into older|older)|older.*cop(y|ies)", hard=True)
def copy_feeds_no_older_unit(**given):
    """A copy has no edge into older units: the drifted meaning is lost there."""
    return at("copy", "older", lambda i, m, now, before: 0)(**given)


@wrong("split_units", r"into retired|retired units? (lose|hear)|edges?.*original.*retired|\bcut\b", hard=True)
def edges_into_retired_units_cut(**given):
    """An original's edges into retired units are cut: earlier tasks lose them."""
    return at("split", "retired", lambda i, m, now, before: 0)(**given)


@wrong("split_units", r"created.*hear|new units? hear|what t created|outgoing-in-full", hard=True)
def new_units_hear_the_original(**given):
    """Units created at t go on hearing the original, not its copy."""
    def edge(answer, lower, upper, now, before, original):
        if upper.kind != "new" or lower.kind not in ("split", "copy"):
            return answer
        return now[lower.unit, upper.unit] if lower.kind == "split" else 0

    return split_with(edge=edge)(**given)


@wrong("split_units", r"cop(y|ies).*(does not|do not|not|no).*(hear|new|created)|new.*cop(y|"
       r"ies).*(missing|\b0\b)", hard=True)
def copy_hears_no_new_units(**given):
    """A copy hears what the original heard at t-1, and none of the units created at t."""
    return at("new", "copy", lambda i, m, now, before: 0)(**given)


@wrong("split_units", known="copies-not-connected", hard=True)
def layer_by_layer(**given):
    """The layers are split one after the other: copies are not connected."""
    return at("copy", "copy", lambda i, m, now, before: 0)(**given)


@wrong("split_units", r"order|descend|reversed|ascend", hard=True)
def copies_in_descending_order(split, **given):
    """Copies are appended from the last original to the first."""
    told = own.split_units(split=split, **given)
    turned = [np.arange(len(b)) for b in told["biases"]]
    for order, units in zip(turned, split):
        order[len(order) - len(units):] = order[len(order) - len(units):][::-1]
    rows = [np.arange(len(told["weights"][0])), *turned]
    return told | {"weights": [w[np.ix_(a, b)] for w, a, b in zip(told["weights"], rows, turned)],
                   "biases": [b[k] for b, k in zip(told["biases"], turned)],
                   "introduced": [b[k] for b, k in zip(told["introduced"], turned)],
                   "retired": [b[k] for b, k in zip(told["retired"], turned)],
                   "heads": [v[turned[-1]] for v in told["heads"]]}


@wrong("split_units", r"behind|beside|append|insert|order|position|at the end")
def copies_beside_originals(split, biases, **given):
    """Every copy is inserted right behind its original."""
    told = own.split_units(split=split, biases=biases, **given)
    order = [np.argsort(np.concatenate([np.arange(len(b)), np.asarray(units, int) + 0.5]), kind="stable")
             for b, units in zip(biases, split)]
    rows = [np.arange(len(told["weights"][0])), *order]
    return told | {"weights": [w[np.ix_(a, b)] for w, a, b in zip(told["weights"], rows, order)],
                   "biases": [b[k] for b, k in zip(told["biases"], order)],
                   "introduced": [b[k] for b, k in zip(told["introduced"], order)],
                   "retired": [b[k] for b, k in zip(told["retired"], order)],
                   "heads": [v[order[-1]] for v in told["heads"]]}


@wrong("split_units", r"(earlier|old|every).{0,20}(head|task).{0,40}original|"
       r"original.{0,40}(earlier|old|every).{0,20}(head|task)", hard=True)
def originals_leave_every_head(**given):
    """The rows of originals become 0 in earlier heads, too."""
    return split_with(head=lambda answer, place, head, output, of_t: 0 if place.kind == "split" else answer)(**given)


@wrong("split_units", r"position|head_stage|newest|skip|index|by its stage|which head", hard=True)
def newest_head_is_that_of_t(head_stages, **given):
    """The head of t is taken to be number t - 1 in the list, whatever its stage."""
    told = own.split_units(head_stages=np.arange(1, len(head_stages) + 1), **given)
    return told | {"head_stages": head_stages}


@wrong("split_units", r"copy-meets-retired|retired? (at|in|by) (this|the|t\b)|very stage", hard=True)
def retiring_units_taken_for_seen(stage, retired, **given):
    """Units whose last stage was t - 1 (retired == t) are taken for units that t sees."""
    later = [np.where(gone == stage, stage + 1, gone) for gone in retired]
    told = own.split_units(stage=stage, retired=later, **given)
    for now, old, moved in zip(told["retired"], retired, later):
        now[:len(old)] = np.where((old == stage) & (now[:len(old)] == moved), old, now[:len(old)])
    return told


@wrong("split_units", r"other-reading|keep.*retire|never")
def keep_retires(original, **given):
    """``original`` is not looked at in the lifetimes: originals retire under "keep" as well."""
    told = own.split_units(original=original, **given)
    for gone, units in zip(told["retired"], given["split"]):
        gone[units] = given["stage"]
    return told
