"""One implementation per named mistake of incremental moment matching, written apart from the generator: by breaking
den_ref.

``MUTANTS[operation, mistake]`` is a function of the operation's inputs that makes exactly this mistake.
"""

import numpy as np
from tests import own_answers as own

MUTANTS = {}

# --- merges ------------------------------------------------------------------------------------------------------


def on_other(operation, **change):
    """Ours on other inputs, each a function of the one there is."""
    return lambda **inputs: getattr(own, operation)(
        **{**inputs, **{name: function(inputs[name]) for name, function in change.items()}})


def with_variance(variance):
    """The right mean, and another variance of (shares, means, variances, mean), arrays (tasks, weights)."""
    def outputs(shares, means, variances):
        right = own.imm_mean(shares, means, variances)
        return {**right, "variance": variance(shares[:, None], np.array(means), np.array(variances), right["mean"])}

    return outputs


def uniform(shares):
    return np.full_like(shares, 1 / len(shares))


def last(shares):
    return np.eye(len(shares))[-1]


MUTANTS |= {("imm_mean", mistake): mutant for mistake, mutant in {
    "spread-forgotten": with_variance(lambda a, m, v, mean: (a * v).sum(axis=0)),
    "variance-of-a-sum": with_variance(lambda a, m, v, mean: (a**2 * v).sum(axis=0)),
    "spread-around-the-last": with_variance(lambda a, m, v, mean: (a * (v + (m - m[-1]) ** 2)).sum(axis=0)),
    "spread-not-squared": with_variance(lambda a, m, v, mean: (a * (v + np.abs(m - mean))).sum(axis=0)),
    "shares-ignored": on_other("imm_mean", shares=uniform),
    "shares-reversed": on_other("imm_mean", shares=lambda shares: shares[::-1]),
    "merged-not-written-back": on_other("imm_mean", shares=last),
    "not-averaged": lambda shares, means, variances: {
        "mean": sum(means), "variance": sum(v + (m - sum(means)) ** 2 for m, v in zip(means, variances))},
}.items()}


def pairwise(shares, means, fishers):
    merged = means[0]
    for k in range(1, len(means)):
        merged = own.imm_mode(np.full(2, 0.5), [merged, means[k]], fishers[k - 1:k + 1])["mode"]
    return merged


def undivided(shares, means, fishers):
    return sum(a * (f + 1e-8) * m for a, f, m in zip(shares, fishers, means))


def bare(invalid):
    """Without 1e-8; what is 0 / 0 becomes ``invalid``."""
    def outputs(shares, means, fishers):
        total = sum(a * f for a, f in zip(shares, fishers))
        return np.where(total > 0, own.imm_mode(shares, means, fishers)["mode"], invalid)

    return outputs


MUTANTS |= {("imm_mode", mistake): mutant for mistake, mutant in {
    "merged-not-written-back": lambda shares, means, fishers: means[-1],
    "fisher-ignored": lambda shares, means, fishers: own.imm_mean(shares, means, fishers)["mean"],
    "fisher-inverted": on_other("imm_mode", fishers=lambda fishers: [1 / (f + 1e-8) - 1e-8 for f in fishers]),
    "root-of-the-fisher": on_other("imm_mode", fishers=lambda fishers: [np.sqrt(f + 1e-8) - 1e-8 for f in fishers]),
    "fisher-normalised": on_other("imm_mode", fishers=lambda fishers: [f / max(f.max(), 1e-8) for f in fishers]),
    "shares-ignored": on_other("imm_mode", shares=uniform),
    "shares-reversed": on_other("imm_mode", shares=lambda shares: shares[::-1]),
    "not-divided": undivided,
    "pairwise": pairwise,
    "nan-where-no-task-cares": bare(np.nan),
    "zero-where-no-task-cares": bare(0.0),
}.items()}

# --- drop-transfer -----------------------------------------------------------------------------------------------


def layer(**change):
    return on_other("drop_transfer_layer", **change)


def masked(h, weights, bias, old_weights, old_bias, factor, dout):
    """A layer whose output is old + factor * (new - old), with its gradients: all that we do, factor given."""
    old, told = h @ old_weights + old_bias, factor * dout
    return {"out": old + factor * (h @ weights + bias - old), "dweights": h.T @ told, "dbias": told.sum(axis=0),
            "dh": told @ weights.T + (dout - told) @ old_weights.T}


def with_factor(factor):
    return lambda dropped, p, **inputs: masked(factor=factor(dropped, p), **inputs)


def zeroed(h, weights, bias, old_weights, old_bias, dropped, p, dout):
    return own.drop_transfer_layer(h, weights, bias, 0 * old_weights, 0 * old_bias, dropped, p, dout)


def uncorrected(dropped, **inputs):
    """Kept units as in ordinary dropout, dropped ones at their old weights."""
    h, old, dout = inputs["h"], inputs["old_weights"], inputs["dout"]
    zero = zeroed(dropped=dropped, **inputs)
    return {**zero, "out": zero["out"] + dropped * (h @ old + inputs["old_bias"]),
            "dh": zero["dh"] + (dropped * dout) @ old.T}


def free_bias(bias, old_bias, dropped, dout, **inputs):
    right = own.drop_transfer_layer(bias=0 * bias, old_bias=0 * bias, dropped=dropped, dout=dout, **inputs)
    return {**right, "out": right["out"] + bias, "dbias": dout.sum(axis=0)}


def otherwise(**change):
    """The right answer but for some gradients, each a function of the inputs."""
    return lambda **inputs: {**own.drop_transfer_layer(**inputs), **{name: f(**inputs) for name, f in change.items()}}


def told(dout, dropped, p, **others):
    return dout * ~dropped / (1 - p)


MUTANTS |= {("drop_transfer_layer", mistake): mutant for mistake, mutant in {
    "falls-back-to-zero": zeroed,
    "kept-not-corrected": uncorrected,
    "not-rescaled": with_factor(lambda dropped, p: ~dropped * 1.0),
    "scaled-by-p": with_factor(lambda dropped, p: ~dropped / (p or 1.0)),
    "kept-for-dropped": layer(dropped=np.logical_not),
    "one-draw-for-all-samples": layer(dropped=lambda dropped: np.broadcast_to(dropped[0], dropped.shape)),
    "bias-not-dropped": free_bias,
    "dh-without-the-old-weights": otherwise(
        dh=lambda weights, old_weights, **given: told(**given) @ (weights - old_weights).T),
    "dh-of-the-new-weights": otherwise(dh=lambda dout, weights, **given: dout @ weights.T),
    "dropped-units-learn": otherwise(
        dweights=lambda h, dout, p, **given: h.T @ dout / (1 - p),
        dbias=lambda dout, p, **given: dout.sum(axis=0) / (1 - p)),
    "gradient-not-rescaled": otherwise(
        dweights=lambda h, dout, dropped, **given: h.T @ (dout * ~dropped),
        dbias=lambda dout, dropped, **given: (dout * ~dropped).sum(axis=0)),
}.items()}
