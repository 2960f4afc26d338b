"""One implementation per named mistake of synaptic intelligence, written apart from the generator: by breaking den_ref.

``MUTANTS[operation, mistake]`` is a function of the operation's inputs that makes exactly this mistake.
"""

from unittest.mock import patch

import numpy as np
from den_ref.core.penalties import SquaredL2
from den_ref.methods import si
from tests import own_answers as own

MUTANTS = {}

# --- the path integral -------------------------------------------------------------------------------------------


def along(term):
    """Ours, with another term of a step."""
    def outputs(**inputs):
        with patch.object(si, "along_the_path", term):
            return own.si_path_integral(**inputs)

    return outputs


def steps(w, gradients, step, c, importance, anchor):
    """(g, before, after) of every step, one call of ours each."""
    for g in gradients:
        after = own.si_path_integral(w, [g], step, c, importance, anchor)["w"]
        yield g, w, after
        w = after


def with_omega(omega):
    """The right weights, and omega from the steps."""
    def outputs(**inputs):
        return {"w": own.si_path_integral(**inputs)["w"], "omega": omega(list(steps(**inputs)), **inputs)}

    return outputs


def penalised(way, c, importance, anchor, **others):
    return sum((g + 2 * c * importance * (before - anchor)) * (before - after) for g, before, after in way)


def explicit(w, gradients, step, c, importance, anchor):
    omega = 0 * w
    for g in gradients:
        move = -step * (g + 2 * c * importance * (w - anchor))
        w, omega = w + move, omega - g * move
    return {"w": w, "omega": omega}


MUTANTS |= {("si_path_integral", mistake): mutant for mistake, mutant in {
    "penalised-gradient": with_omega(penalised),
    "move-of-the-gradient-alone": with_omega(lambda way, step, **others: step * sum(g**2 for g, _, _ in way)),
    "sign": along(lambda g, before, after: g * (after - before)),
    "absolute-terms": along(lambda g, before, after: np.abs(g * (after - before))),
    "clamped-each-step": along(lambda g, before, after: np.maximum(g * (before - after), 0)),
    "squared-gradients": along(lambda g, before, after: np.square(g)),
    "last-step-only": with_omega(lambda way, **others: way[-1][0] * (way[-1][1] - way[-1][2])),
    "one-rectangle": with_omega(lambda way, **others: way[-1][0] * (way[0][1] - way[-1][2])),
    "mean-over-steps": with_omega(lambda way, **others: np.mean([g * (a - b) for g, a, b in way], axis=0)),
    "half-factor": lambda c, **inputs: own.si_path_integral(c=c / 2, **inputs),
    "gradient-for-prox": explicit,
    "anchor-ignored": lambda anchor, **inputs: own.si_path_integral(anchor=0 * anchor, **inputs),
}.items()}

# --- the importance ----------------------------------------------------------------------------------------------


def terms(paths, learnt, xi):
    """What every task gains."""
    return [own.si_importance([path], [before, after], xi) - own.si_importance([-path], [before, after], xi)
            for path, before, after in zip(paths, learnt, learnt[1:])]


def divided_by(denominator):
    """Ours, with another denominator."""
    def outputs(**inputs):
        with patch(f"{own.methods.__name__}.damped", lambda path, move, xi: np.divide(
                path, denominator(move, xi), out=np.zeros_like(path), where=(move != 0) | (xi != 0))):
            return own.si_importance(**inputs)

    return outputs


def where_damped(outputs):
    """The mistake where there is a damping, the right answer elsewhere."""
    return lambda xi, **inputs: outputs(xi=xi, **inputs) if xi else own.si_importance(xi=xi, **inputs)


def with_nan(paths, learnt, xi):
    with np.errstate(invalid="ignore"), patch(f"{own.methods.__name__}.damped",
                                              lambda path, move, xi: path / (move**2 + xi)):
        return own.si_importance(paths, learnt, xi)


def from_the_beginning(paths, learnt, xi):
    """Tasks one by one, each gained from the first start on."""
    total = 0 * paths[0]
    for path, after in zip(paths, learnt[1:]):
        total = np.maximum(total + sum(terms([path], [learnt[0], after], xi)), 0)
    return total


MUTANTS |= {("si_importance", mistake): mutant for mistake, mutant in {
    "clamped-before-the-sum": lambda **inputs: sum(np.maximum(gained, 0) for gained in terms(**inputs)),
    "not-clamped": lambda **inputs: sum(terms(**inputs)),
    "clamped-at-the-end": lambda **inputs: np.maximum(sum(terms(**inputs)), 0),
    "start-overwritten": where_damped(divided_by(lambda move, xi: xi)),
    "clipped-above": lambda **inputs: np.minimum(own.si_importance(**inputs), 1e-3),
    "damping-missing": where_damped(divided_by(lambda move, xi: move**2)),
    "damping-inside-the-square": where_damped(divided_by(lambda move, xi: (np.abs(move) + xi) ** 2)),
    "move-not-squared": divided_by(lambda move, xi: np.abs(move) + xi),
    "last-task-only": lambda paths, learnt, xi: own.si_importance(paths[-1:], learnt[-2:], xi),
    "move-since-the-beginning": from_the_beginning,
    "path-not-reset": lambda paths, **inputs: own.si_importance(paths=list(np.cumsum(paths, axis=0)), **inputs),
    "running-mean": lambda paths, **inputs: own.si_importance(paths=paths, **inputs) / len(paths),
    "absolute-path": lambda paths, **inputs: own.si_importance(paths=[np.abs(path) for path in paths], **inputs),
    "divided-by-zero": with_nan,
}.items()}

# --- the surrogate loss ------------------------------------------------------------------------------------------


def on_other(**change):
    """Ours on other inputs, each a function of the one there is."""
    return lambda **inputs: own.si_penalty(**{**inputs, **{name: f(inputs[name]) for name, f in change.items()}})


def half_slope(w, c, importance, anchor):
    pull = SquaredL2(2 * c * importance, anchor)
    return pull.value(w), c * importance * (w - anchor)


MUTANTS |= {("si_penalty", mistake): mutant for mistake, mutant in {
    "half-factor": on_other(c=lambda c: c / 2),
    "gradient-of-the-half": half_slope,
    "anchor-ignored": on_other(anchor=np.zeros_like),
    "importance-ignored": on_other(importance=np.ones_like),
    "importance-squared": on_other(importance=np.square),
    "importance-normalised": on_other(importance=lambda omega: omega / omega.max()),
    "mean-over-weights": on_other(importance=lambda omega: omega / omega.size),
}.items()}
