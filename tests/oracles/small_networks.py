"""Networks for cases: written by hand, or drawn once.  All numbers are multiples of 1/16 below 16.

Legal ones: units stand in the order of their introduction; an edge between units whose lifetimes do not overlap is 0,
and so is a head row of a unit that its stage does not see.
"""

from __future__ import annotations

import numpy as np

#: "Never retired", as the format says it: not taken from the code under test.
NEVER = 2147483647

#: Per hidden layer; a column of weights is a unit's incoming weights.
BODY = {"weights/*": "float64[*,*]", "biases/*": "float64[*]"}
#: Per hidden layer: stages [introduced, retired) see a unit.
LIFETIMES = {"introduced/*": "int64[*]", "retired/*": "int64[*]"}
#: Per task, with one row per unit of the top layer's array; and the stage of each.
HEADS = {"heads/*": "float64[*,*]", "head_biases/*": "float64[*]", "head_stages": "int64[*]"}
#: Name -> type of everything a network is made of.
NETWORK = BODY | LIFETIMES | HEADS


def grid(numbers) -> np.ndarray:
    """Sixteenths: what ``numbers`` counts."""
    return np.asarray(numbers, np.float64) / 16


def floats(*arrays) -> list:
    """Every argument as a float64 array."""
    return [np.array(array, np.float64) for array in arrays]


def ints(*arrays) -> list:
    """Every argument as an int64 array."""
    return [np.array(array, np.int64) for array in arrays]


def drawn(rng, shape, density=1.0) -> np.ndarray:
    """Random sixteenths between -4 and 4, a share of them not 0."""
    numbers = rng.integers(1, 65, shape) * rng.choice([-1, 1], shape)
    return grid(numbers * (rng.random(shape) < density))


def visible(introduced, retired, stage) -> np.ndarray:
    """introduced <= stage < retired, as booleans."""
    return (introduced <= stage) & (stage < retired)


def drawn_network(seed, n_inputs, widths, stage, *, new=0, density=0.6, outputs=1, retire=0.3) -> dict:
    """A legal network in which stages 1 to ``stage`` are learnt, the last ``new`` units of a layer being of ``stage``.

    ``widths`` counts the units introduced before; a share ``retire`` of those that can has retired, at ``stage - 1``
    at the latest.
    """
    rng, last = np.random.default_rng(seed), max(stage - 1, 1)
    introduced = [np.append(np.sort(rng.integers(1, last + 1, n)), [stage] * new).astype(np.int64) for n in widths]
    retired = [np.array([_end(rng, born, last, retire) for born in units], np.int64) for units in introduced]
    lives = [(np.ones(n_inputs, np.int64), np.full(n_inputs, NEVER)), *zip(introduced, retired)]
    weights = [drawn(rng, (len(a[0]), len(b[0])), density) * overlap(a, b) for a, b in zip(lives, lives[1:])]
    biases = [drawn(rng, len(born)) for born in introduced]
    heads = [drawn(rng, (len(introduced[-1]), outputs)) * visible(*lives[-1], t)[:, None] for t in range(1, stage + 1)]
    return {"weights": weights, "biases": biases, "introduced": introduced, "retired": retired, "heads": heads,
            "head_biases": [drawn(rng, outputs) for _ in heads], "head_stages": np.arange(1, stage + 1)}


def overlap(lower, upper) -> np.ndarray:
    """Which pairs of units were ever visible together; each argument is (introduced, retired)."""
    return np.maximum(lower[0][:, None], upper[0][None]) < np.minimum(lower[1][:, None], upper[1][None])


def _end(rng, born, last, share) -> int:
    """The stage at which a unit retires."""
    return int(rng.integers(born + 1, last + 1)) if born < last and rng.random() < share else NEVER
