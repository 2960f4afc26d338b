"""One implementation per named mistake of DEN's own operations, written apart from the generator.

Most of them break den_ref: a wrong input to a right function, a right answer spoilt, or a function replaced.
``MUTANTS[operation, mistake]`` is a function of the operation's inputs that makes exactly this mistake.
"""

from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from unittest import mock

import numpy as np
from den_ref.core.linear_head import LinearHead
from den_ref.core.penalties import L1, SparseGroupLasso, soft_threshold
from den_ref.core.result import Result
from den_ref.den import algorithm, equations, expansion, selective, splitting, surgery
from den_ref.den.network import NEVER
from tests import own_answers as own
from tests.own_answers import trace
from tests.own_answers.networks import fields_of, network_of


def asked(operation, **inputs):
    """The right function with some inputs changed: each is a function of all inputs."""
    def outputs(**given):
        return getattr(own, operation)(**given | {name: change(given) for name, change in inputs.items()})

    return outputs


def changed(operation, **fields):
    """The right answer with some fields changed: each is a function of the inputs and the right answer."""
    def outputs(**given):
        answer = getattr(own, operation)(**given)
        return answer | {name: change(given, answer) for name, change in fields.items()}

    return outputs


def forever(given):
    """No unit ever retires."""
    return [np.full_like(units, NEVER) for units in given["retired"]]


def from_the_start(given):
    """Every unit was there at stage 1."""
    return [np.ones_like(units) for units in given["introduced"]]


def one_later(name):
    """Lifetimes that begin, or end, a stage later."""
    return lambda given: [np.minimum(units + 1, NEVER) for units in given[name]]


def jumbled(array):
    """Numbers that are right nowhere."""
    return array + 1 + np.arange(array.size).reshape(array.shape) / 7


# --- Algorithm 2 -------------------------------------------------------------------------------------------------


def everything_seen(given) -> list:
    """What the stage sees, the input features first."""
    biases = [np.zeros(w.shape[1]) for w in given["weights"]]
    return network_of(given["weights"], biases, given["introduced"], given["retired"]).visible(given["stage"])


def summed(stage, head, weights, introduced, retired, current_weights):
    """A unit joins if its weights add up to something."""
    net = network_of(weights, [np.zeros(w.shape[1]) for w in weights], introduced, retired)
    seen = [np.isin(np.arange(n), units) for n, units in zip(
        [len(weights[0]), *(w.shape[1] for w in weights)], net.visible(stage))]
    chosen = [(head @ np.ones(head.shape[1]) != 0) & seen[-1]]
    for w, here in zip(weights[::-1], seen[-2::-1]):
        chosen.insert(0, (w @ chosen[0] != 0) & here)
    return {"selected": [np.flatnonzero(one) for one in chosen]}


def turned(given) -> list:
    """Transposes, if that runs."""
    return [w.T for w in given["weights"]] if len({n for w in given["weights"] for n in w.shape}) == 1 else \
        given["weights"]


SELECT = {
    "sums-for-any": summed,
    "retired-inclusive": asked("select_units", retired=one_later("retired")),
    "introduced-exclusive": asked("select_units", introduced=one_later("introduced")),
    "later-units": asked("select_units", introduced=from_the_start),
    "filtered-at-the-end": lambda **given: {"selected": [np.intersect1d(a, b) for a, b in zip(
        asked("select_units", introduced=from_the_start, retired=forever)(**given)["selected"],
        everything_seen(given))]},
    "weights-transposed": asked("select_units", weights=turned),
    "output-0-only": asked("select_units", head=lambda i: i["head"][:, :1]),
    "todays-weights": asked("select_units", weights=lambda i: i["current_weights"]),
    "positive-only": asked("select_units", head=lambda i: np.maximum(i["head"], 0),
                           weights=lambda i: [np.maximum(w, 0) for w in i["weights"]]),
    "almost-zero": asked("select_units", head=lambda i: np.round(i["head"], 5),
                         weights=lambda i: [np.round(w, 5) for w in i["weights"]]),
    "retired-units": asked("select_units", retired=forever),
    "no-walk": changed("select_units", selected=lambda i, o: [*everything_seen(i)[:-1], o["selected"][-1]]),
    "all-when-none": changed("select_units", selected=lambda i, o: o["selected"] if len(o["selected"][-1])
                             else everything_seen(i)),
}


def masks(given) -> list:
    sizes = [len(given["weights"][0]), *map(len, given["biases"])]
    return [np.isin(np.arange(n), units) for n, units in zip(sizes, given["units"])]


def masked_weights(given) -> list:
    kept = masks(given)
    return [np.where(a[:, None] & b[None], w, 0) for w, a, b in zip(given["weights"], kept, kept[1:])]


EXTRACT = {
    "masked-not-cut": changed(
        "extract_subnetwork", sub_weights=lambda i, o: masked_weights(i),
        sub_biases=lambda i, o: [np.where(kept, b, 0) for b, kept in zip(i["biases"], masks(i)[1:])],
        sub_head=lambda i, o: np.where(masks(i)[-1][:, None], i["head"], 0),
        edges=lambda i, o: [w != 0 for w in masked_weights(i)]),
    "all-incoming": changed(
        "extract_subnetwork", sub_weights=lambda i, o: [w[:, s] for w, s in zip(i["weights"], i["units"][1:])],
        edges=lambda i, o: [w[:, s] != 0 for w, s in zip(i["weights"], i["units"][1:])]),
    "almost-zero": changed("extract_subnetwork", edges=lambda i, o: [w.round(5) != 0 for w in o["sub_weights"]]),
    "positive-only": changed("extract_subnetwork", edges=lambda i, o: [np.maximum(w,
                                                                                  0) != 0 for w in o["sub_weights"]]),
    "dense-edges": changed("extract_subnetwork", edges=lambda i, o: [np.full(e.shape, True) for e in o["edges"]]),
    "head-not-cut": changed("extract_subnetwork", sub_head=lambda i, o: i["head"]),
    "output-0-only": changed("extract_subnetwork", sub_head=lambda i, o: o["sub_head"][:, [0]],
                             sub_head_bias=lambda i, o: o["sub_head_bias"][[0]]),
}


def cleared(given) -> list:
    """Weights without the incoming columns of the selected units."""
    return [np.where(kept[None], 0, w) for w, kept in zip(given["weights"], masks(given)[1:])]


PARTS = ("weights", "biases", "head", "head_bias")


def joined(join):
    """insert_subnetwork of join(what is there, what is put back), but for the head's bias."""
    def outputs(**given):
        there = own.extract_subnetwork(**{name: given[name] for name in (*PARTS, "units")})
        lists = {f"sub_{name}": [join(a, b) for a, b in zip(there[f"sub_{name}"], given[f"sub_{name}"])]
                 for name in ("weights", "biases")}
        return own.insert_subnetwork(**given | lists | {"sub_head": join(there["sub_head"], given["sub_head"])})

    return outputs


def summed_up(**given):
    """The sum, of the head's bias too."""
    return joined(np.add)(**given | {"sub_head_bias": given["head_bias"] + given["sub_head_bias"]})


INSERT = {
    "zeros-not-written": joined(lambda old, new: np.choose(new != 0, [old, new])),
    "added-not-replaced": summed_up,
    "head-not-put-back": changed("insert_subnetwork", head=lambda i, o: i["head"], head_bias=lambda i,
                                 o: i["head_bias"]),
    "aliased-copy": changed("insert_subnetwork", weights=lambda i, o: i["weights"], biases=lambda i, o: i["biases"]),
    "outside-zeroed": asked("insert_subnetwork", weights=lambda i: [0 * w for w in i["weights"]],
                            biases=lambda i: [0 * b for b in i["biases"]], head=lambda i: 0 * i["head"]),
    "columns-cleared": asked("insert_subnetwork", weights=cleared),
    "biases-forgotten": changed("insert_subnetwork", biases=lambda i, o: i["biases"],
                                head_bias=lambda i, o: i["head_bias"]),
    "indices-ignored": asked("insert_subnetwork", units=lambda i: [np.arange(len(s)) for s in i["units"]]),
}

# --- Algorithm 3 -------------------------------------------------------------------------------------------------


def prepended(counts, stage, weights, biases, introduced, retired, heads, **rest):
    """New units in front."""
    k = [0, *map(int, counts)]
    return rest | {
        "weights": [np.pad(w, ((a, 0), (b, 0))) for w, a, b in zip(weights, k, k[1:])],
        "biases": [np.pad(b, (n, 0)) for b, n in zip(biases, k[1:])],
        "introduced": [np.pad(born, (n, 0), constant_values=stage) for born, n in zip(introduced, k[1:])],
        "retired": [np.pad(gone, (n, 0), constant_values=NEVER) for gone, n in zip(retired, k[1:])],
        "heads": [np.pad(head, ((k[-1], 0), (0, 0))) for head in heads]}


def with_noise(given, answer) -> list:
    """Rows of new units that are not 0."""
    return [w if l == 0 or not given["counts"][l - 1] else jumbled(w) for l, w in enumerate(answer["weights"])]


APPEND = {
    "new-units-first": prepended,
    "stages-from-0": changed("append_units", introduced=lambda i, o: [
        born - (np.arange(len(born)) >= len(old)) for born, old in zip(o["introduced"], i["introduced"])]),
    "heads-counted": changed("append_units", introduced=lambda i, o: [
        np.append(born[:len(old)], np.full(len(born) - len(old), len(i["heads"]) + 1))
        for born, old in zip(o["introduced"], i["introduced"])]),
    "newest-head-grown": changed("append_units", heads=lambda i, o: [*i["heads"][:-1], o["heads"][-1]]),
    "heads-not-grown": changed("append_units", heads=lambda i, o: i["heads"]),
    "random-outgoing": changed("append_units", weights=with_noise),
    "random-head-rows": changed("append_units", heads=lambda i, o: [
        jumbled(head) if i["counts"][-1] else head for head in o["heads"]]),
    "same-count-everywhere": asked("append_units", counts=lambda i: np.full_like(i["counts"], i["counts"][0])),
}


def bottom_up_and_down(stage, weights, biases, introduced, retired, heads, head_biases, head_stages, *, older=False,
                       fold=True, into_older=False, constants=True, rectified=True, outputs=slice(None), passes=99,
                       some=np.any, zero_goes=True, partly=False):
    """useless_units written once more, in sweeps over all units, with switches for the mistakes."""
    weights, heads = [w.copy() for w in weights], [head.copy() for head in heads]
    biases, head_biases = [b.copy() for b in biases], [b.copy() for b in head_biases]
    gone = [np.zeros(len(b), bool) for b in biases]
    for _ in range(min(passes, 2 * sum(map(len, biases)) + 1)):
        sweep = []
        for l, b in enumerate(biases):
            for j in np.flatnonzero(~gone[l] & ((introduced[l] == stage) | older)):
                above = [(weights[l + 1], biases[l + 1], introduced[l + 1])] if l + 1 < len(weights) else [
                    (v, c, np.full(len(c), t)) for v, c, t in zip(heads, head_biases, head_stages)]
                value = max(b[j], 0) if rectified else b[j]
                young = all((born[np.flatnonzero(w[j])] == stage).all() for w, _, born in above)
                still = not some(weights[l][:, j])
                nothing = value == 0 if zero_goes else b[j] < 0
                idle = constants and still and (into_older or young or nothing)
                dead = not any(some(w[j, outputs if l + 1 == len(weights) else slice(None)]) for w, _, _ in above)
                if some is np.sum:
                    dead = sum(w[j].sum() for w, _, _ in above) == 0
                if idle or dead:
                    sweep.append((l, j, above, value if still else 0))
                elif partly and still:
                    for w, c, born in above:
                        c += np.where(born == stage, value * w[j], 0)
                        w[j, born == stage] = 0
        for l, j, above, value in sweep:
            for w, c, _ in above:
                c += fold * value * w[j]
                w[j] = 0
            weights[l][:, j], gone[l][j] = 0, True
    return {"useless": [np.flatnonzero(g) for g in gone], "biases": [b[~g] for b, g in zip(biases, gone)],
            "head_biases": head_biases}


def sweeping(**switches):
    """The sweeps with some switches thrown."""
    return lambda **given: bottom_up_and_down(**given, **switches)


USELESS = {
    "constants-not-folded": sweeping(fold=False),
    "constant-into-older-removed": sweeping(into_older=True),
    "constants-stay": sweeping(constants=False),
    "bias-not-relu": sweeping(rectified=False),
    "older-units-removed": sweeping(older=True),
    "output-0-only": sweeping(outputs=slice(0, 1)),
    "one-pass": sweeping(passes=1),
    "sums-for-any": sweeping(some=np.sum),
    "almost-zero": sweeping(some=lambda row: row.round(5).any()),
    "zero-constant-stays": sweeping(zero_goes=False),
    "partly-folded": sweeping(partly=True),
}


def shifting(given) -> list:
    """What a deletion one by one, in ascending order, hits."""
    hit = []
    for units, b in zip(given["units"], given["biases"]):
        left = np.arange(len(b))
        for unit in units:
            left = np.delete(left, unit)
        hit.append(np.setdiff1d(np.arange(len(b)), left))
    return hit


def blanked(given, name, axis) -> list:
    """Arrays of the full size with zeros where units were to go; axis 1: columns, after rows of the layer below."""
    arrays = [array.copy() for array in given[name]]
    for l, array in enumerate(arrays):
        if axis == 1 and l:
            array[given["units"][l - 1]] = 0
        array[(slice(None),) * axis + (given["units"][l if name != "heads" else -1],)] = 0
    return arrays


DELETE = {
    "rows-kept": changed("delete_units", weights=lambda i, o: [
        np.delete(w, units, axis=1) for w, units in zip(i["weights"], i["units"])]),
    "head-rows-kept": changed("delete_units", heads=lambda i, o: i["heads"]),
    "rows-of-the-layer": changed("delete_units", weights=lambda i, o: [
        np.delete(np.delete(w, units, axis=1), units if l else [], axis=0)
        for l, (w, units) in enumerate(zip(i["weights"], i["units"]))]),
    "lifetimes-kept": changed("delete_units", introduced=lambda i, o: i["introduced"],
                              retired=lambda i, o: i["retired"]),
    "shifting-indices": asked("delete_units", units=shifting),
    "zeroed-not-deleted": changed(
        "delete_units", weights=lambda i, o: blanked(i, "weights", 1), biases=lambda i, o: blanked(i, "biases", 0),
        heads=lambda i, o: blanked(i, "heads", 0), introduced=lambda i, o: i["introduced"],
        retired=lambda i, o: i["retired"]),
    "complement": asked("delete_units", units=lambda i: [
        np.delete(np.arange(len(b)), units) for b, units in zip(i["biases"], i["units"])]),
}

# --- Algorithm 4 -------------------------------------------------------------------------------------------------


def older_units(given) -> list:
    """Which units are measured: asked of the right function, also while another stands in its place."""
    now = network_of(given["weights"], given["biases"], given["introduced"], given["retired"])
    before = network_of(given["previous_weights"], given["previous_biases"])
    return right["unit_drift"](now, before, given["stage"])[0]


def by_unit(given, measure, scale="then") -> list:
    """rho of every older unit by ``measure(l, j, rows)`` -> (change, size)."""
    older = older_units(given)
    rows, found = [np.arange(len(given["weights"][0])), *older], []
    for l, units in enumerate(older):
        pairs = [measure(l, j, rows) for j in units]
        found.append(np.array([one if given["drift"] == "absolute" else one / size if size else np.inf if one else 0.0
                               for one, size in pairs]))
    return found


def drift_by(norm=np.linalg.norm, bias=True, all_rows=False, now=False, size=None):
    """unit_drift, unit by unit, with other choices."""
    def outputs(**given):
        w, b, old_w, old_b = (given[name] for name in ("weights", "biases", "previous_weights", "previous_biases"))

        def measure(l, j, rows):
            column = np.zeros(len(w[l]))
            column[:len(old_w[l])] = old_w[l][:, j]
            kept = slice(None) if all_rows else rows[l]
            after, before = w[l][kept, j], column[kept]
            if bias:
                after, before = np.append(after, b[l][j]), np.append(before, old_b[l][j])
            return norm(after - before), (size or norm)(after if now else before)

        return {"older": older_units(given), "rho": by_unit(given, measure)}

    return outputs


def outgoing_drift(**given):
    """Rows instead of columns."""
    def measure(l, j, rows):
        if l + 1 == len(given["weights"]):
            return 0.0, 1.0
        after, before = given["weights"][l + 1][j, rows[l + 2]], given["previous_weights"][l + 1][j, rows[l + 2]]
        return np.linalg.norm(after - before), np.linalg.norm(before)

    return {"older": older_units(given), "rho": by_unit(given, measure)}


def as_older(given) -> list:
    """Units of the stage as if they had come one earlier."""
    return [np.minimum(born, given["stage"] - 1) for born in given["introduced"]]


def wide(given, name) -> list:
    """W^{t-1} with zeros for what is new."""
    return [np.pad(old, [(0, n - m) for n, m in zip(now.shape, old.shape)])
            for old, now in zip(given[f"previous_{name}"], given[name])]


DRIFT = {
    "root-mean-square": drift_by(norm=lambda v: np.sqrt(np.mean(v ** 2))),
    "bias-left-out-of-size": drift_by(size=lambda v: np.linalg.norm(v[:-1])),
    "retired-inclusive": asked("unit_drift", retired=one_later("retired")),
    "new-units-measured": asked("unit_drift", introduced=as_older, previous_weights=lambda i: wide(i, "weights"),
                                previous_biases=lambda i: wide(i, "biases")),
    "outgoing-weights": outgoing_drift,
    "aliased-copy": asked("unit_drift", previous_weights=lambda i: i["weights"], previous_biases=lambda i: i["biases"]),
    "bias-left-out": drift_by(bias=False),
    "new-units-counted": drift_by(all_rows=True),
    "squared-norm": drift_by(norm=lambda v: float(v @ v)),
    "l1-norm": drift_by(norm=lambda v: float(abs(v).sum())),
    "divided-by-now": drift_by(now=True),
    "absolute-for-relative": asked("unit_drift", drift=lambda i: {"absolute": "relative", "relative": "absolute"}[
        i["drift"]]),
    "retired-measured": asked("unit_drift", retired=forever),
}


def ranked(key, over=lambda rho, sigma: rho > sigma, finish=sorted):
    """The choice with Python's sort: of the units over sigma, the first by key(rho, unit)."""
    def outputs(older, rho, sigma, at_most):
        split = []
        for units, drifts, limit in zip(older, rho, sigma):
            found = sorted((key(r, u), u) for u, r in zip(units.tolist(), drifts.tolist()) if over(r, limit))
            split.append(np.array(finish([u for _, u in found[:at_most]]), int))
        return {"split": split}

    return outputs


def one_limit(older, rho, sigma, at_most):
    """The choice among all layers at once."""
    over = sorted((r, -l, -u) for l, units in enumerate(older) for u, r in zip(units, rho[l]) if r > sigma[l])
    kept = over[::-1][:at_most]
    return {"split": [np.sort([-u for _, m, u in kept if -m == l]).astype(int) for l in range(len(older))]}


CHOICE = {
    "limit-over-all-layers": one_limit,
    "first-over-sigma": ranked(lambda rho, unit: unit),
    "least-drifted": ranked(lambda rho, unit: (rho, unit)),
    "ties-exceed": ranked(lambda rho, unit: (-rho, unit), over=lambda rho, sigma: rho >= sigma),
    "below-sigma": ranked(lambda rho, unit: (-rho, unit), over=lambda rho, sigma: rho < sigma),
    "last-of-ties": ranked(lambda rho, unit: (-rho, -unit)),
    "ordered-by-drift": ranked(lambda rho, unit: (-rho, unit), finish=list),
    "one-sigma": asked("most_drifted", sigma=lambda i: np.full_like(i["sigma"], i["sigma"][0])),
    "positions-not-units": asked("most_drifted", older=lambda i: [np.arange(len(units)) for units in i["older"]]),
    "no-limit": asked("most_drifted", at_most=lambda i: NEVER),
}


def spoilt_split(spoil):
    """The right network after the split; ``spoil(given, answer, l, i, c)`` for every original i, its copy c."""
    def outputs(**given):
        answer = {name: [array.copy() for array in value] if isinstance(value, list) else value
                  for name, value in own.split_units(**given).items()}
        for l, units in enumerate(given["split"]):
            first = len(given["biases"][l])
            for n, i in enumerate(units):
                spoil(given, answer, l, int(i), first + n)
        return answer

    return outputs


def kinds(given, l) -> np.ndarray:
    """Of every place of hidden layer l after the split; of the inputs for l = -1."""
    if l < 0:
        return np.full(len(given["weights"][0]), "older", dtype=object)
    born, gone, t = given["introduced"][l], given["retired"][l], given["stage"]
    found = np.where(born == t, "new", np.where(gone > t, "older", "retired")).astype(object)
    found[given["split"][l]] = "split"
    return np.append(found, ["copy"] * len(given["split"][l]))


def place(given, l) -> np.ndarray:
    """Index before the split of every place of hidden layer l."""
    return np.append(np.arange(len(given["biases"][l])), given["split"][l]).astype(int) if l >= 0 else np.arange(
        len(given["weights"][0]))


def keep_drifted(given, answer, l, i, c):
    rows = np.isin(kinds(given, l - 1), ["older", "split"])
    answer["weights"][l][rows, i] = given["weights"][l][place(given, l - 1)[rows], i]
    answer["biases"][l][i] = given["biases"][l][i]


def copy_old(given, answer, l, i, c):
    """The copy is a copy of the old unit, but for what it hears from new ones."""
    old = given["previous_weights"][l]
    below, lower = kinds(given, l - 1), place(given, l - 1)
    rows = np.isin(below, ["older", "copy"])
    answer["weights"][l][rows, c] = old[lower[rows], i]
    answer["biases"][l][c] = given["previous_biases"][l][i]


def keep_bias(given, answer, l, i, c):
    answer["biases"][l][i] = given["biases"][l][i]


def own_bias(given, answer, l, i, c):
    answer["biases"][l][c] += 1.375


def own_head_rows(given, answer, l, i, c):
    if l + 1 == len(given["biases"]):
        for head in answer["heads"]:
            head[c] += 1.375


def keep_outgoing(given, answer, l, i, c, share=1.0):
    """What the copy feeds, the original feeds too: older units, new ones, copies, and the head of t."""
    if l + 1 < len(given["biases"]):
        above = np.isin(kinds(given, l + 1), ["older", "new", "copy"])
        full = given["weights"][l + 1][i, place(given, l + 1)[above]]
        answer["weights"][l + 1][i, above] = answer["weights"][l + 1][c, above] = share * full
    else:
        t = list(given["head_stages"]).index(given["stage"])
        answer["heads"][t][i] = answer["heads"][t][c] = share * given["heads"][t][i]


def share_outgoing(given, answer, l, i, c):
    keep_outgoing(given, answer, l, i, c, share=0.5)


def seen_by_old_heads(given, answer, l, i, c):
    if l + 1 == len(given["biases"]):
        for head, before, t in zip(answer["heads"], given["heads"], given["head_stages"]):
            head[c] = before[i]


def kept_by_its_head(given, answer, l, i, c):
    if l + 1 == len(given["biases"]):
        for head, before, t in zip(answer["heads"], given["heads"], given["head_stages"]):
            head[i], head[c] = before[i], 0


def late(given, answer, l, i, c):
    answer["retired"][l][i] += given["original"] == "retire"


def hears_new(given, answer, l, i, c):
    rows = np.isin(kinds(given, l - 1), ["new", "copy"])
    answer["weights"][l][rows, i] = given["weights"][l][place(given, l - 1)[rows], i]


def meets_retired(given, answer, l, i, c):
    below = kinds(given, l - 1) == "retired"
    answer["weights"][l][below, c] = given["weights"][l][place(given, l - 1)[below], i]
    if l + 1 < len(given["biases"]):
        above = kinds(given, l + 1) == "retired"
        answer["weights"][l + 1][c, above] = given["weights"][l + 1][i, place(given, l + 1)[above]]


def born_before(given, answer, l, i, c):
    answer["introduced"][l][c] = given["introduced"][l][i]


def parted(given, answer, l, i, c):
    answer["weights"][l][kinds(given, l - 1) == "copy", c] = 0


def exchanged(given, answer, l, i, c):
    keep_drifted(given, answer, l, i, c)
    copy_old(given, answer, l, i, c)


def still_there(given, answer, l, i, c):
    """Edges between a copy and what retires at this stage are those of its original."""
    def leaving(layer):
        kept = np.isin(kinds(given, layer), ["retired"])
        kept[kept] = given["retired"][layer][place(given, layer)[kept]] == given["stage"]
        return kept

    if l:
        answer["weights"][l][leaving(l - 1), c] = given["weights"][l][place(given, l - 1)[leaving(l - 1)], i]
    if l + 1 < len(given["biases"]):
        answer["weights"][l + 1][c, leaving(l + 1)] = given["weights"][l + 1][i, place(given, l + 1)[leaving(l + 1)]]


def copies_in_between(**given):
    """The right network, its units in another order."""
    answer = own.split_units(**given)
    order = [np.argsort(place(given, l), kind="stable") for l in range(len(given["biases"]))]
    below = [np.arange(len(given["weights"][0])), *order]
    return answer | {"weights": [w[np.ix_(a, b)] for w, a, b in zip(answer["weights"], below, order)],
                     "heads": [head[order[-1]] for head in answer["heads"]]} | {
        name: [one[b] for one, b in zip(answer[name], order)] for name in ("biases", "introduced", "retired")}


def other_reading(original, **given):
    """keep for retire, and the reverse."""
    return own.split_units(original={"keep": "retire", "retire": "keep"}[original], **given)


SPLIT = {
    "not-restored": spoilt_split(keep_drifted),
    "aliased-copy": spoilt_split(copy_old),
    "biases-forgotten": spoilt_split(keep_bias),
    "fresh-biases": spoilt_split(own_bias),
    "fresh-head-rows": spoilt_split(own_head_rows),
    "outgoing-in-full": spoilt_split(keep_outgoing),
    "outgoing-halved": spoilt_split(share_outgoing),
    "old-heads-see-copies": spoilt_split(seen_by_old_heads),
    "head-keeps-original": spoilt_split(kept_by_its_head),
    "other-reading": other_reading,
    "retired-one-late": spoilt_split(late),
    "original-hears-new-units": spoilt_split(hears_new),
    "copy-meets-retired": spoilt_split(meets_retired),
    "copy-born-with-original": spoilt_split(born_before),
    "copies-not-connected": spoilt_split(parted),
    "original-and-copy-swapped": spoilt_split(exchanged),
    "retired-inclusive": spoilt_split(still_there),
    "copies-beside-originals": copies_in_between,
    "not-split": asked("split_units", split=lambda i: [units[:0] for units in i["split"]]),
}

# --- prediction --------------------------------------------------------------------------------------------------


def by_retirement(shift):
    """Units retire so many stages later."""
    return asked("predict_task", retired=lambda i: [np.minimum(gone + shift, NEVER) for gone in i["retired"]])


def newest_head(given) -> list:
    """The last head in the place of the task's own."""
    heads = list(given["heads"])
    heads[list(given["head_stages"]).index(given["stage"])] = heads[-1]
    return heads


def unmasked_biases(x, weights, biases, introduced, retired, heads, head_biases, head_stages, stage):
    """Columns of zeros for who is not seen."""
    for w, b, born, gone in zip(weights, biases, introduced, retired):
        x = np.maximum(np.where((born <= stage) & (stage < gone), x @ w, 0) + b, 0)
    t = list(head_stages).index(stage)
    return x @ heads[t] + head_biases[t]


PREDICT = {
    "old-tasks-see-new-units": asked("predict_task", introduced=from_the_start),
    "retired-units-seen": asked("predict_task", retired=forever),
    "all-units-seen": asked("predict_task", retired=forever, introduced=from_the_start),
    "retired-inclusive": by_retirement(1),
    "introduced-exclusive": asked("predict_task", introduced=lambda i: [born + 1 for born in i["introduced"]]),
    "last-head": asked("predict_task", heads=newest_head, head_biases=lambda i: newest_head(
        {"heads": i["head_biases"], "head_stages": i["head_stages"], "stage": i["stage"]})),
    "head-by-position": asked("predict_task", head_stages=lambda i: np.arange(1, len(i["heads"]) + 1)),
    "biases-of-unseen-units": unmasked_biases,
    "relu-on-head": changed("predict_task", logits=lambda i, o: np.maximum(o["logits"], 0)),
    "probabilities": changed("predict_task", logits=lambda i, o: np.exp(-np.logaddexp(0, -o["logits"]))),
}

# --- the whole run: den_ref with one function replaced -----------------------------------------------------------


def running(*replacements):
    """den_trace while (owner, name) -> replacement."""
    def outputs(**given):
        with ExitStack() as stack:
            for owner, name, replacement in replacements:
                stack.enter_context(mock.patch.object(owner, name, replacement))
            return trace.den_trace(**given)

    return outputs


right = {name: getattr(owner, name) for owner, name in (
    (selective, "eq4"), (selective, "select_units"), (splitting, "eq6"), (splitting, "pull_back"),
    (splitting, "unit_drift"),
    (algorithm, "split_and_duplicate"))}


def group_prox(arrange):
    """SparseGroupLasso.prox as arrange(l1 prox, group prox, z)."""
    def prox(self, z, step):
        return arrange(lambda w: self.l1.prox(w, step), lambda w: self.group.prox(w, step), z)

    return (SparseGroupLasso, "prox", prox)


def cut_in_two(l1, group, z):
    """The last two rows, edges from the two new units below, apart; input features (three rows) are all old."""
    thin = l1(z)
    return group(thin) if len(z) == 3 else np.vstack([group(thin[:-2]), group(thin[-2:])])


def none_useless(network, stage):
    return surgery.Useless([np.zeros(0, int) for _ in network.biases], network)


def one_step(features, task, config):
    """A plain gradient step of length 0.5 from zero."""
    slope = (0.5 - task.y_train) / len(features)
    head = LinearHead(-0.5 * features.T @ slope, -0.5 * slope.sum(axis=0))
    return Result(x=head, fun=0.0, nit=1, residual=0.0, success=True, status=0, message="", history={})


def all_edges(start, loss, config, edges, fisher):
    return right["eq4"](start, loss, config, [np.full(e.shape, True) for e in edges])


def half_lam(start, loss, config, edges, anchor, fisher):
    return right["eq6"](start, loss, replace(config, lam=config.lam / 2), edges, anchor)


def tall_anchor(start, loss, config, edges, anchor, fisher):
    """Columns of older units are anchored whole, at 0 where their rows are new."""
    rows = [start.shapes[f"W{l}"][0] for l in range(1, len(edges) + 1)]
    tall = [np.pad(w, [(0, n - len(w)), (0, 0)]) for w, n in zip(anchor.weights, rows)]
    return right["eq6"](start, loss, config, edges, replace(anchor, weights=tall))


def by_output_0(network, head):
    return right["select_units"](network, replace(head, weights=head.weights[:, :1], bias=head.bias[:1]))


def to_itself(network, stage):
    return right["pull_back"](network, replace(stage, previous=network))


def nothing_moved(network, previous, t, drift="absolute"):
    older, rho = right["unit_drift"](network, previous, t, drift)
    return older, [0 * one for one in rho]


def outgoing(network, previous, t, drift="absolute"):
    given = {"weights": network.weights, "biases": network.biases, "introduced": network.introduced,
             "retired": network.retired, "previous_weights": previous.weights, "previous_biases": previous.biases}
    found = outgoing_drift(**given, stage=t, drift=drift)
    return found["older"], found["rho"]


def old_copies(network, previous, split, stage, original):
    given = fields_of(network) | {"previous_weights": previous.weights, "previous_biases": previous.biases,
                                  "split": split, "stage": stage, "original": original}
    return replace(network_of(**SPLIT["aliased-copy"](**given)), heads=[
        replace(head, weights=rows) for head, rows in zip(network.heads, SPLIT["aliased-copy"](**given)["heads"])])


def only_beside_new_units(network, stage):
    if any((born == stage.t).any() for born in network.introduced):
        network = yield from right["split_and_duplicate"](network, stage)
    return network


def once(network, stage):
    for done in islice(right["split_and_duplicate"](network, stage), 2):
        yield done
    return done.after


def with_penalised_biases(equation):
    """An equation as a Problem in which L1 acts on biases too."""
    def made(start, loss, config, *rest):
        problem = equation(start, loss, config, *rest)
        problem.parts = [replace(part, penalty=L1(config.mu)) if part.name[0] in "bc" else part
                         for part in problem.parts]
        return problem

    return made


def without_timestamps(**given):
    """The right run, and at the end everybody reads what later stages brought."""
    told = trace.den_trace(**given)
    net = network_of(told["t3_eq6_after_weights"], told["t3_eq6_after_biases"], retired=told["t3_split_retired"],
                     heads=told["t3_eq6_after_heads"], head_biases=told["t3_eq6_after_head_biases"],
                     head_stages=[1, 2, 3])
    return told | {"end_logits": [net.scores(t, x) for t, x in enumerate(given["x"], 1)]}


TRACE = {
    "threshold-not-scaled": running((L1, "prox", lambda self, z, step: soft_threshold(z, self.strength))),
    "l1-on-biases": running((algorithm, "eq2", with_penalised_biases(equations.eq2)),
                            (expansion, "eq5", with_penalised_biases(equations.eq5))),
    "useless-units-stay": running((expansion, "useless_units", none_useless)),
    "one-gradient-step": running((selective, "eq3", one_step)),
    "zero-edges-free": running((selective, "eq4", all_edges)),
    "shrinkages-swapped": running(group_prox(lambda l1, group, z: l1(group(z)))),
    "rows-as-groups": running(group_prox(lambda l1, group, z: group(l1(z).T.copy()).T)),
    "group-cut-in-two": running(group_prox(cut_in_two)),
    "new-to-older-edges-pulled": running((splitting, "eq6", tall_anchor)),
    "output-0-only": running((selective, "select_units", by_output_0)),
    "half-factor": running((splitting, "eq6", half_lam)),
    "aliased-copy": running((splitting, "pull_back", to_itself), (splitting, "unit_drift", nothing_moved)),
    "outgoing-weights": running((splitting, "unit_drift", outgoing)),
    "copies-of-the-old": running((splitting, "split_units", old_copies)),
    "other-reading": running((trace, "READINGS", trace.READINGS | {"split_original": "keep"})),
    "split-only-after-expansion": running((algorithm, "split_and_duplicate", only_beside_new_units)),
    "no-second-eq6": running((algorithm, "split_and_duplicate", once)),
    "old-tasks-see-new-units": without_timestamps,
}

MUTANTS = {(operation, mistake): mutant for operation, mutants in {
    "select_units": SELECT, "extract_subnetwork": EXTRACT, "insert_subnetwork": INSERT, "append_units": APPEND,
    "useless_units": USELESS, "delete_units": DELETE, "unit_drift": DRIFT, "most_drifted": CHOICE, "split_units": SPLIT,
    "predict_task": PREDICT, "den_trace": TRACE}.items() for mistake, mutant in mutants.items()}
