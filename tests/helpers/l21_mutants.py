"""One implementation per named mistake of the (2,1)-norm over edges, apart from the generator: by breaking den_ref.

``MUTANTS[operation, mistake]`` is a function of the operation's inputs that makes exactly this mistake.
"""

import numpy as np

from den_ref.core.penalties import L1, GroupLasso
from tests import own_answers as own
from tests.helpers.math_mutants import changed


def as_columns(letters, w):
    """A matrix with the axes before the > in its rows, those after it in its columns; and the way back.

    The axes of w are i, k (place), c (lower unit), j (upper unit).
    """
    rows, columns = letters.split(">")
    moved = np.einsum(f"ikcj->{rows}{columns}", w)
    matrix = moved.reshape(int(np.prod(moved.shape[:len(rows)])), int(np.prod(moved.shape[len(rows):])))
    return matrix, lambda u: np.einsum(f"{rows}{columns}->ikcj", u.reshape(moved.shape))


def in_groups(letters, prox):
    """prox of the columns of such a matrix."""
    def outputs(w, **others):
        matrix, back = as_columns(letters, w)
        others = {name: as_columns(letters, other)[0] if name == "d" else other for name, other in others.items()}
        return back(prox(matrix, **others))

    return outputs


def with_step(letters):
    return in_groups(letters, lambda z, step, mu: GroupLasso(mu).prox(z, step))


def in_metric(letters):
    return in_groups(letters, lambda z, d, mu: GroupLasso(mu).prox_metric(z, d))


def norms(w):
    return np.linalg.norm(w.reshape(places(w), *w.shape[2:]), axis=0)


def places(w):
    return w.shape[0] * w.shape[1]


def as_pytorch(w):
    """The same memory, read with the lower units first."""
    height, width, lower, upper = w.shape
    return w.ravel().reshape(lower, height, width, upper).transpose(1, 2, 0, 3).copy()


def from_pytorch(u):
    return u.transpose(2, 0, 1, 3).copy().reshape(u.shape)


# --- value, distance, critical strength --------------------------------------------------------------------------


def other_groups(letters):
    """Everything of other groups; a group's distance is told of all its edges."""
    def outputs(w, grad, mu):
        (matrix, _), (slope, back) = as_columns(letters, w), as_columns(letters, grad)
        penalty = GroupLasso(mu)
        distance = back(np.tile(penalty.subdiff_distance(matrix, slope), (len(matrix), 1)))
        return {"value": penalty.value(matrix), "subdiff_distance": distance[0, 0],
                "critical_strength": penalty.critical_strength(slope)}

    return outputs


def columns_of_windows(w, grad, mu):
    found = other_groups("i>kcj")(w, grad, mu)
    return found | {"subdiff_distance": own.l21_penalty(w, grad, mu)["subdiff_distance"]}


def entries(w, grad, mu):
    penalty = L1(mu)
    return {"value": penalty.value(w), "subdiff_distance": norms(penalty.subdiff_distance(w, grad)),
            "critical_strength": penalty.critical_strength(grad)}


def size_scaled(w, grad, mu):
    root = places(w) ** 0.5
    found = own.l21_penalty(w, grad, mu * root)
    return found | {"critical_strength": found["critical_strength"] / root}


def where_zero(answer):
    return changed("l21_penalty", subdiff_distance=lambda i, o: np.where(
        norms(i["w"]) == 0, answer(norms(i["grad"])), o["subdiff_distance"]))


def pulled(direction):
    """norm(grad + mu times another direction) of edges that are not 0."""
    return changed("l21_penalty", subdiff_distance=lambda i, o: np.where(
        norms(i["w"]) > 0, norms(i["grad"] + i["mu"] * direction(i["w"])), o["subdiff_distance"]))


def critical(function):
    return changed("l21_penalty", critical_strength=lambda i, o: function(norms(i["grad"])) if i["grad"].size else 0.0)


MUTANTS = {("l21_penalty", mistake): mutant for mistake, mutant in {
    "filters-as-groups": other_groups("ikc>j"),
    "channels-as-groups": other_groups("ikj>c"),
    "one-group": other_groups("ikcj>"),
    "entries-as-groups": entries,
    "columns-of-windows": columns_of_windows,
    "channels-first": lambda w, grad, mu: own.l21_penalty(as_pytorch(w), as_pytorch(grad), mu),
    "group-size-scaled": size_scaled,
    "norm-squared": changed("l21_penalty", value=lambda i, o: i["mu"] * np.vdot(i["w"], i["w"])),
    "averaged-over-edges": changed("l21_penalty", value=lambda i, o: o["value"] / max(o["subdiff_distance"].size, 1)),
    "zero-is-smooth": where_zero(lambda slope: slope),
    "zero-always-optimal": where_zero(np.zeros_like),
    "zero-group-divides": where_zero(lambda slope: np.full_like(slope, np.nan)),
    "direction-not-normalised": pulled(lambda w: w),
    "sign-for-direction": pulled(np.sign),
    "pull-reversed": pulled(lambda w: -w / np.maximum(norms(w), 1e-300)),
    "smallest-edge": critical(np.min),
    "mean-edge": critical(np.mean),
}.items()}

# --- the prox ----------------------------------------------------------------------------------------------------


def shrunk(factor):
    """w times a factor per edge, which is told the norms and the threshold."""
    def outputs(w, step, mu):
        with np.errstate(all="ignore"):
            return w * factor(w, step * mu)

    return outputs


def divided(w, threshold):
    return np.where(norms(w) == 0, np.nan, np.maximum(1 - threshold / norms(w), 0))


MUTANTS |= {("l21_prox", mistake): mutant for mistake, mutant in {
    "threshold-not-scaled": lambda w, step, mu: own.l21_prox(w, 1.0, mu),
    "filters-as-groups": with_step("ikc>j"),
    "channels-as-groups": with_step("ikj>c"),
    "places-as-groups": with_step("cj>ik"),
    "one-group": with_step("ikcj>"),
    "columns-of-windows": with_step("i>kcj"),
    "entries-as-groups": lambda w, step, mu: L1(mu).prox(w, step),
    "group-size-scaled": lambda w, step, mu: own.l21_prox(w, step, mu * places(w) ** 0.5),
    "channels-first": lambda w, step, mu: from_pytorch(own.l21_prox(as_pytorch(w), step, mu)),
    "zero-group-divides": shrunk(divided),
    "norm-squared": shrunk(lambda w, t: np.maximum(1 - t / np.maximum(norms(w) ** 2, 1e-300), 0)),
    "zeros-not-made": shrunk(lambda w, t: 1 - t / np.where(norms(w) > 0, norms(w), 1)),
    "l1-norm": shrunk(lambda w, t: np.maximum(1 - t / np.maximum(np.abs(w).sum(axis=(0, 1)), 1e-300), 0)),
    "hard-threshold": shrunk(lambda w, t: norms(w) > t),
}.items()}

# --- the prox in a metric ----------------------------------------------------------------------------------------


def mean_step(w, d, mu):
    return own.l21_prox(w, float(np.mean(1 / d)), mu)


def undecided(w, d, mu):
    return own.l21_prox_metric(w, d, mu) * (norms(w) > mu)


def euclidean(w, d, mu):
    return w * np.maximum(1 - mu / np.maximum(norms(d * w), 1e-300), 0)


def unsolved(w, d, mu):
    stays = norms(d * w) > mu
    return np.where(stays, w * d * norms(w) / np.where(stays, d * norms(w) + mu, 1), 0)


MUTANTS |= {("l21_prox_metric", mistake): mutant for mistake, mutant in {
    "filters-as-groups": in_metric("ikc>j"),
    "channels-as-groups": in_metric("ikj>c"),
    "one-group": in_metric("ikcj>"),
    "columns-of-windows": in_metric("i>kcj"),
    "entries-as-groups": lambda w, d, mu: L1(mu).prox_metric(w, d),
    "channels-first": lambda w, d, mu: from_pytorch(own.l21_prox_metric(as_pytorch(w), as_pytorch(d), mu)),
    "scalar-threshold": mean_step,
    "unweighted-norm-decides": undecided,
    "euclidean-shrinkage": euclidean,
    "mean-curvature": lambda w, d, mu: own.l21_prox_metric(w, np.broadcast_to(d.mean(axis=(0, 1)), d.shape).copy(), mu),
    "zero-group-divides": lambda w, d, mu: np.where(norms(w) == 0, np.nan, own.l21_prox_metric(w, d, mu)),
    "norm-not-solved-for": unsolved,
}.items()}
