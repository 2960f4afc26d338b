"""What the proxes share: texts, curvatures, and mistakes made with any of them."""

from __future__ import annotations

import numpy as np

BY_HAND = "by hand"
CONDITIONS = "the optimality conditions, solved by bisection in 50-digit decimals"
THREE_CASES = "the three cases of the formula in 50-digit decimals"
TIE = "a threshold that is met exactly gives 0"
METRIC = "d > 0 is a curvature per entry: d = 1 / step everywhere is the prox with a step"
GROUPS = "a group is a column of w: all incoming weights of one unit"

NOT_SCALED = ("The threshold is the strength itself, not step * strength: that is no prox of the step taken. "
              "(The authors' released code does this.)")
ROWS = "Rows were taken for groups; a group is a column, all incoming weights of one unit."
ZERO_GROUP = ("A zero group was divided by its norm, which gives NaN. A group whose norm is at most the threshold is "
              "0, and is not divided at all. (Seen in two public libraries.)")
SCALAR = ("One scalar threshold, the strength times a mean step, was used after a step in the metric d. The threshold "
          "of entry i is strength / d_i: the prox has to be taken in the metric of the step. (Thresholds after an Adam "
          "step in the released code.)")


def positive(seed: int, *shape) -> np.ndarray:
    """Curvatures between 0.5 and 8."""
    return np.round(2.0 ** np.random.default_rng(seed).uniform(-1, 3, size=shape), 6)


def mean_step(d) -> float:
    """A scalar step where there is one per entry."""
    return float(np.mean(1 / d)) if d.size else 1.0


def by_rows(prox):
    """The same prox with rows for groups."""
    def outputs(w, **others):
        others = {name: value.T if isinstance(value, np.ndarray) else value for name, value in others.items()}
        return {"w": prox(w=w.T, **others)["w"].T}

    return outputs


def as_one_group(prox):
    """The same prox with the whole array as one group."""
    def outputs(w, **others):
        flat = {name: value.reshape(-1, 1) if isinstance(value, np.ndarray) else value
                for name, value in others.items()}
        return {"w": prox(w=w.reshape(-1, 1), **flat)["w"].reshape(w.shape)}

    return outputs


def dividing(prox):
    """The right answer, but NaN in zero columns."""
    def outputs(w, **others):
        right = prox(w=w, **others)["w"]
        return {"w": np.where((w == 0).all(axis=0) & (w.shape[0] > 0), np.nan, right)}

    return outputs


def mean_metric(prox):
    """The same prox with one scalar step."""
    def outputs(w, d, **others):
        return prox(w=w, d=np.full_like(d, 1 / mean_step(d)), **others)

    return outputs
