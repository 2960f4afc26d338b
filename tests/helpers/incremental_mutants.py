"""One implementation per named mistake of incremental features, written apart from the generator: by breaking den_ref.

``MUTANTS[operation, mistake]`` is a function of the operation's inputs that makes exactly this mistake.
"""

import numpy as np
from scipy.special import expit, softmax
from tests import own_answers as own

# --- the tied gradient -------------------------------------------------------------------------------------------


def parts(W, b, a, V, c, noisy, x, y, loss, lam):
    """h, ds, dz and what comes back to h."""
    h = expit(noisy @ W + b)
    z = h @ V + c
    ds = lam * (expit(h @ W.T + a) - x) / x.size
    dz = ((softmax(z, axis=1) if loss == "softmax" else expit(z)) - y) / y.size
    return h, ds, dz, ds @ W + dz @ V.T


def with_gradient(change):
    """Ours, with some gradients replaced by functions of the parts."""
    return lambda **inputs: {**own.incremental_gradients(**inputs), **change(inputs, *parts(**inputs))}


def without_slope(inputs, h, ds, dz, back):
    return {"dW": inputs["noisy"].T @ back + ds.T @ h, "db": back.sum(axis=0)}


def noise_found(**inputs):
    """The gradients of reconstructing what was heard, beside the right value."""
    right = own.incremental_gradients(**inputs)
    return {**own.incremental_gradients(**{**inputs, "x": inputs["noisy"]}), "value": right["value"]}


def undivided(inputs, h, ds, dz, back):
    ds, dz = ds * inputs["x"].shape[1], dz * inputs["y"].shape[1]
    dh = (ds @ inputs["W"] + dz @ inputs["V"].T) * h * (1 - h)
    return {"dW": inputs["noisy"].T @ dh + ds.T @ h, "db": dh.sum(axis=0), "da": ds.sum(axis=0), "dV": h.T @ dz,
            "dc": dz.sum(axis=0)}


MUTANTS = {("incremental_gradients", mistake): mutant for mistake, mutant in {
    "encoder-path-only": with_gradient(lambda given, h, ds, dz, back: {"dW": given["noisy"].T @ (back * h * (1 - h))}),
    "decoder-path-only": with_gradient(lambda given, h, ds, dz, back: {"dW": ds.T @ h}),
    "sigmoid-slope-missing": with_gradient(without_slope),
    "clean-inputs-heard": with_gradient(lambda given, h, ds, dz, back: {
        "dW": given["x"].T @ (back * h * (1 - h)) + ds.T @ h}),
    "noise-reconstructed": noise_found,
    "not-divided-by-targets": with_gradient(undivided),
}.items()}

# --- hard samples ------------------------------------------------------------------------------------------------


def nudged(by):
    """Every objective as hard as one that is this much larger, in a mean that stays."""
    def outputs(losses, batch, window, tau):
        rows, events = [], []
        for start in range(0, len(losses), batch):
            own_rows = np.arange(start, min(start + batch, len(losses)))
            before = losses[:start][-window:]
            if len(before):
                rows += own_rows[losses[own_rows] + by > before.mean()].tolist()
            if len(rows) > tau:
                events, rows = [*events, start // batch], []
        return {"hard": np.array(rows, np.int64), "events": np.array(events, np.int64)}

    return outputs


def collected(level, tau_off=0, emptied=True):
    """The samples above ``level(losses, start, stop, window)``."""
    def outputs(losses, batch, window, tau):
        rows, events = np.zeros(0, np.int64), []
        for start in range(0, len(losses), batch):
            stop = min(start + batch, len(losses))
            rows = np.append(rows, start + np.flatnonzero(losses[start:stop] > level(losses, start, stop, window)))
            if len(rows) > tau + tau_off:
                events.append(start // batch)
                rows = rows[:0] if emptied else rows
        return {"hard": rows, "events": np.array(events, np.int64)}

    return outputs


def before(losses, start, stop, window):
    return losses[:start][-window:].mean() if start else np.inf


def easy(losses, **rest):
    """The mean mirrored at 0."""
    return own.incremental_hard(losses=-losses, **rest)


MUTANTS |= {("incremental_hard", mistake): mutant for mistake, mutant in {
    "ties-are-hard": nudged(1e-9),
    "easy-samples": easy,
    "own-batch-counted": collected(lambda losses, start, stop, window: losses[:stop][-window:].mean()),
    "window-endless": lambda window, **rest: own.incremental_hard(window=10**6, **rest),
    "tau-reached": lambda tau, **rest: own.incremental_hard(tau=tau - 1, **rest),
    "first-batch-hard": collected(lambda losses, start, *rest: before(losses, start, *rest) if start else -1),
    "not-emptied": collected(before, emptied=False),
}.items()}

# --- the merge ---------------------------------------------------------------------------------------------------


def weighted(activity=lambda a: expit(a), distance=None, bias=None):
    """The merge with another weight, another distance between columns, or another bias."""
    def outputs(W, b, V, x, count, outgoing):
        right = own.incremental_merge(W=W, b=b, V=V, x=x, count=count, outgoing=outgoing)
        pairs = right["pairs"] if distance is None else greedy(W, distance, count)
        p, (first, second) = activity(x @ W + b).sum(axis=0) + 1e-30, pairs.T
        share = p[first] / (p[first] + p[second])
        left = np.setdiff1d(np.arange(len(b)), pairs)
        out = V[first] + V[second] if outgoing == "sum" else (share * V[first].T + (1 - share) * V[second].T).T
        new_b = b[first] + b[second] if bias == "sum" else share * b[first] + (1 - share) * b[second]
        return {"pairs": pairs, "W": np.hstack([W[:, left], share * W[:, first] + (1 - share) * W[:, second]]),
                "b": np.append(b[left], new_b), "V": np.vstack([V[left], out])}

    return outputs


def greedy(W, distance, count):
    """Disjoint pairs, the nearest first."""
    m, pairs = W.shape[1], []
    for _, i, j in sorted((distance(W[:, i], W[:, j]), i, j) for i in range(m) for j in range(i + 1, m)):
        if len(pairs) < count and not {i, j} & {k for pair in pairs for k in pair}:
            pairs.append((i, j))
    return np.array(pairs)


def unsigned(u, v):
    size = np.linalg.norm(u) * np.linalg.norm(v)
    return 1 - abs(u @ v) / size if size else 1.0


def as_if(outgoing):
    return lambda **inputs: own.incremental_merge(**{**inputs, "outgoing": outgoing})


MUTANTS |= {("incremental_merge", mistake): mutant for mistake, mutant in {
    "outgoing-averaged": as_if("mean"),
    "outgoing-summed": as_if("sum"),
    "plain-mean": weighted(np.ones_like),
    "euclidean-distance": weighted(distance=lambda u, v: np.linalg.norm(u - v)),
    "sign-ignored": weighted(distance=unsigned),
    "bias-summed": weighted(bias="sum"),
    "activation-before-sigmoid": weighted(lambda a: a),
}.items()}

# --- how many ----------------------------------------------------------------------------------------------------


def changed(**change):
    """Ours on other inputs, each a function of all."""
    return lambda **inputs: own.incremental_rule(**{**inputs, **{name: f(inputs) for name, f in change.items()}})


def ratio(half=lambda add: add // 2, more=lambda add: add + 1):
    """Rule one written down again with another table; rule two is ours."""
    def outputs(rule, grow, objective, eps1, eps2, gamma):
        if rule == "validation":
            return own.incremental_rule(rule, grow, objective, eps1, eps2, gamma)
        add = [grow, grow]
        for was, now in zip(objective, objective[1:]):
            better, flat = now < (1 - eps1) * was, now > (1 - eps2) * was
            add.append(more(add[-1]) if better else half(add[-1]) if flat else add[-1])
        return {"add": np.array(add), "merge": np.ceil(gamma * np.array(add)).astype(np.int64)}

    return outputs


def with_the_first(objective, **rest):
    """Every entry after the run of two that the first and it make."""
    if rest["rule"] == "validation":
        ends = [own.incremental_rule(objective=objective[[0, t]], **rest) for t in range(1, len(objective))]
        start = own.incremental_rule(objective=objective[:1], **rest)
        return {name: np.append(start[name], [end[name][-1] for end in ends]) for name in start}
    found = own.incremental_rule(objective=objective[:1], **rest)
    for e in objective[1:]:
        last = int(found["add"][-1])
        step = own.incremental_rule(objective=np.array([objective[0], e]), **{**rest, "grow": last})
        found = {name: np.append(found[name], step[name][-1]) for name in found}
    return found


def rounded_down(**inputs):
    right = own.incremental_rule(**inputs)
    if inputs["rule"] == "validation":
        return right
    return {**right, "merge": np.floor(inputs["gamma"] * right["add"]).astype(np.int64)}


def flat_is_a_fall(objective, rule, **rest):
    """Each loss a little smaller than the last one allows, where it did not rise."""
    lower = objective - 1e-9 * np.arange(len(objective)) if rule == "validation" else objective
    return own.incremental_rule(objective=lower, rule=rule, **rest)


MUTANTS |= {("incremental_rule", mistake): mutant for mistake, mutant in {
    "ratio-upside-down": changed(objective=lambda given: 1 / given["objective"]),
    "compared-with-the-first": with_the_first,
    "half-rounded-up": ratio(half=lambda add: (add + 1) // 2),
    "merge-rounded-down": rounded_down,
    "thresholds-exchanged": changed(eps1=lambda given: given["eps2"], eps2=lambda given: given["eps1"]),
    "doubled": ratio(more=lambda add: 2 * add),
    "flat-goes-on": flat_is_a_fall,
}.items()}
