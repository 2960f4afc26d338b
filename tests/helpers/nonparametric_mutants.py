"""One implementation per named mistake of nonparametric networks, written apart from the generator: by breaking den_ref.

``MUTANTS[operation, mistake]`` is a function of the operation's inputs that makes exactly this mistake.
"""

from unittest.mock import patch

import numpy as np
from den_ref.methods.shared import adarad
from tests import own_answers as own

MUTANTS = {}


def centred(z, ddof=0):
    return z - z.mean(axis=0), z.std(axis=0, ddof=ddof)


def divided(by, ddof=0):
    """The centred units by a function of their deviations."""
    def outputs(z):
        away, sigma = centred(z, ddof)
        return {"out": away / by(sigma)}

    return outputs


MUTANTS |= {("capnorm_forward", mistake): mutant for mistake, mutant in {
    "cap-missing": divided(lambda sigma: np.where(sigma > 0, sigma, 1)),
    "cap-reversed": divided(lambda sigma: np.where(sigma > 0, np.minimum(sigma, 1), 1)),
    "never-divided": divided(np.ones_like),
    "not-centred": lambda z: {"out": z / np.maximum(z.std(axis=0), 1)},
    "variance-for-deviation": divided(lambda sigma: np.maximum(sigma**2, 1)),
    "over-n-minus-1": divided(lambda sigma: np.maximum(sigma, 1), ddof=1),
    "across-units": lambda z: {"out": own.capnorm_forward(z.T)["out"].T},
}.items()}


def backward(formula):
    """A formula of (g, out, sigma), for all units at once."""
    return lambda z, dout: {"dz": formula(dout, own.capnorm_forward(z)["out"], z.std(axis=0))}


def along(g, out):
    return out * (g * out).mean(axis=0)


MUTANTS |= {("capnorm_backward", mistake): mutant for mistake, mutant in {
    "statistics-held": backward(lambda g, out, sigma: g / np.maximum(sigma, 1)),
    "mean-held": backward(lambda g, out, sigma: (g - along(g, out) * (sigma > 1)) / np.maximum(sigma, 1)),
    "deviation-held": backward(lambda g, out, sigma: (g - g.mean(axis=0)) / np.maximum(sigma, 1)),
    "along-below-1": backward(lambda g, out, sigma: (g - g.mean(axis=0) - along(g, out)) / np.maximum(sigma, 1)),
    "not-divided": backward(lambda g, out, sigma: g - g.mean(axis=0) - along(g, out) * (sigma > 1)),
    "cap-missing": lambda z, dout: {"dz": own.capnorm_backward(z * 1e6, dout)["dz"] * 1e6},
}.items()}


def patched(name, replacement):
    """Ours with one function of AdaRad's replaced."""
    def outputs(**inputs):
        with patch.object(adarad, name, replacement):
            return own.adarad_step(**inputs)

    return outputs


def on(change):
    """Ours on other inputs."""
    return lambda **inputs: own.adarad_step(**inputs | change(inputs))


def averages_kept(change):
    """The weights of ours on other inputs; averages as they are."""
    return lambda **inputs: own.adarad_step(**inputs) | {"w": own.adarad_step(**inputs | change(inputs))["w"]}


def at_speed(speed):
    """Angles times a function of the averages, in place of the right one."""
    def outputs(**inputs):
        right = own.adarad_step(**inputs)
        m, c, eps = right["m"], right["c"], inputs["eps"]
        usual = np.sqrt(right["m_max"] / right["c_max"]) / np.sqrt(m / c + eps)
        factor = speed(m, c, right["m_max"], eps) / usual
        turn = adarad.rotated
        with patch.object(adarad, "rotated", lambda w, across, angle: turn(w, across, angle * factor)):
            return own.adarad_step(**inputs)

    return outputs


def straight(w, across, angle):
    size = np.linalg.norm(across, axis=0)
    return w - np.divide(angle * across, size, out=np.zeros_like(w), where=size > 1e-12)


def over_length(w, across, angle, turn=adarad.rotated):
    return turn(w, across, angle / np.linalg.norm(w, axis=0))


MUTANTS |= {("adarad_step", mistake): mutant for mistake, mutant in {
    "step-for-turn": patched("rotated", straight),
    "turned-uphill": on(lambda given: {"step_angular": -given["step_angular"]}),
    "angle-over-length": patched("rotated", over_length),
    "not-split": patched("along_and_across", lambda w, g: (np.zeros(w.shape[1]), g)),
    "length-not-moved": lambda **inputs: patched(
        "along_and_across", lambda w, g, split=adarad.along_and_across: (np.zeros(w.shape[1]), split(w, g)[1]))(**inputs),
    "not-adapted": at_speed(lambda m, c, top, eps: np.ones_like(m)),
    "own-average-only": at_speed(lambda m, c, top, eps: 1 / np.sqrt(m / c + eps)),
    "bias-not-corrected": at_speed(lambda m, c, top, eps: np.sqrt(top) / np.sqrt(m + eps)),
    "share-missing": averages_kept(lambda given: {"lam": given["lam"] / given["share"]}),
    "threshold-without-step": averages_kept(lambda given: {"lam": given["lam"] / given["step_radial"]}),
}.items()}


def valued(value):
    """The right matrices beside another value."""
    return lambda weights, lam, step: own.fan_in_penalty(weights, lam, step) | {"value": lam * sum(map(value, weights))}


def by_rows(weights, lam, step):
    found = own.fan_in_penalty([np.ascontiguousarray(w.T) for w in weights], lam, step)
    return found | {"weights": [w.T for w in found["weights"]]}


def in_one(weights, lam, step):
    found = own.fan_in_penalty([w.reshape(-1, 1) for w in weights], lam, step)
    return found | {"weights": [new.reshape(w.shape) for new, w in zip(found["weights"], weights)]}


def without_head(weights, lam, step):
    found = own.fan_in_penalty(weights[:-1], lam, step)
    return found | {"weights": [*found["weights"], weights[-1]]}


MUTANTS |= {("fan_in_penalty", mistake): mutant for mistake, mutant in {
    "fan-out": by_rows,
    "head-left-out": without_head,
    "squared-norms": valued(lambda w: (w**2).sum()),
    "l1": valued(lambda w: abs(w).sum()),
    "whole-matrix": in_one,
    "threshold-not-scaled": lambda weights, lam, step: own.fan_in_penalty(weights, lam, step) | {
        "weights": own.fan_in_penalty(weights, lam, 1.0)["weights"]},
}.items()}
