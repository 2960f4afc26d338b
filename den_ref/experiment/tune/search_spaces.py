"""What ``den-ref tune`` tries: for every method where the search starts, and what it draws.

DEN's ablations and DEN-Finetune have no space: they are DEN with a part left out or added, and keep DEN's options.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from den_ref.experiment.disk.json_files import as_json
from den_ref.experiment.one_run.plan import make_config, method_named
from den_ref.settings import Settings

#: The stream that the defaults were tuned on.
TUNED_ON = "mnist-variation"

#: A way to draw one option's value.
Draw = Callable[[np.random.Generator], Any]


@dataclass(frozen=True, eq=False)
class Space:
    """What a search may try of one method.

    Parameters
    ----------
    start : dict
        The setting that is tried first.
    draws : dict
        Option -> how a value is drawn.
    later : dict
        The same for options that are drawn in the second round only.
    unnamed : dict
        What an option is on MNIST-Variation in a setting that does not name it.  Written down, because the method's
        defaults are what the search is for: when they move, the settings on record must not.
    largest_share : float
        A setting counts only with at most this share of STL's parameters.
    """

    start: Mapping[str, Any]
    draws: Mapping[str, Draw]
    later: Mapping[str, Draw] = field(default_factory=dict)
    unnamed: Mapping[str, Any] = field(default_factory=dict)
    largest_share: float = math.inf

    def drawn(self, rng: np.random.Generator) -> dict[str, Any]:
        """A setting drawn at random, in JSON types."""
        return as_json({option: draw(rng) for option, draw in self.draws.items()})

    def redrawn(self, setting: Mapping[str, Any], rng: np.random.Generator, second: bool) -> dict[str, Any]:
        """The setting with one to three options drawn again; in the second round also those of ``later``."""
        draws = {**self.draws, **(self.later if second else {})}
        values = {option: draw(rng) for option, draw in draws.items()}
        changed = rng.choice(list(draws), size=rng.integers(1, 4), replace=False)
        return as_json({**setting, **{option: values[option] for option in changed}})


def space_of(method: str) -> Space:
    """The method's space; a ValueError for a method that is not tuned."""
    if method not in SPACES:
        raise ValueError(f"method: expected one that can be tuned ({', '.join(SPACES)}), got {method!r}")
    return SPACES[method]


def config_of(method: str, setting: Mapping[str, Any], stream: str = TUNED_ON) -> Settings:
    """All options of a method in a setting: those that it names, and what the others are beside them."""
    unnamed = space_of(method).unnamed if stream == TUNED_ON else {}
    return make_config(method_named(method), stream, {**unnamed, **setting})


# --- how values are drawn ----------------------------------------------------------------------------------------


def choice(*values: Any) -> Draw:
    """One of the values, each as likely; a value given twice is twice as likely."""
    return lambda rng: values[rng.integers(len(values))]


def log_uniform(low: float, high: float) -> Draw:
    """exp of a uniform number between log(low) and log(high), to two digits."""
    return lambda rng: float(f"{np.exp(rng.uniform(np.log(low), np.log(high))):.2g}")


def each(*draws: Draw) -> Draw:
    """A value per layer, each drawn its own way."""
    return lambda rng: tuple(draw(rng) for draw in draws)


# --- the spaces --------------------------------------------------------------------------------------------------

#: Plain networks.  The first strength is the first layer's, the second that of all further layers.
NETWORK = {
    "weight_decay": each(log_uniform(3e-3, 0.2), log_uniform(1e-4, 0.1)),
    "mu": choice(0.0, 0.0, 1e-5, 1e-4, 3e-4),
    "step": choice(5e-4, 1e-3, 2e-3),
    "batch": choice(64, 128, 256),
    "epochs": choice(10, 20, 40),
}
NETWORK_UNNAMED = {"hidden": (312, 128), "step": 1e-3, "batch": 128, "epochs": 20}

#: A network that goes on from the last task: fewer epochs, and weight decay down to where it forgets nothing by itself.
ONWARD = {**NETWORK, "weight_decay": each(log_uniform(1e-4, 0.1), log_uniform(1e-4, 0.1)), "epochs": choice(3, 5, 10)}
ONWARD_START = {"weight_decay": 2e-2, "mu": 0.0, "epochs": 10}

DEN_DRAWS = {
    "anchor_before_split": choice("eq6", "eq4"),
    "undo_worse_expansion": choice(True, False),
    "weight_decay": log_uniform(5e-3, 5e-2),
    "mu": choice(1e-5, 1e-4, 3e-4),
    "mu_head": choice(1e-4, 3e-4, 1e-3),
    "mu_l2": log_uniform(5e-4, 1e-2),
    "lam": each(log_uniform(3e-3, 0.1), log_uniform(3e-4, 1e-2)),
    "sigma": each(log_uniform(0.15, 0.6), log_uniform(0.02, 0.3)),
    "gamma": choice(3e-4, 1e-3, 3e-3),
    "step": choice(5e-4, 1e-3, 2e-3),
    "batch": choice(64, 128),
    "k": choice(5, 10, 20),
    "epochs_eq4": choice(10, 20),
}

SPACES = {
    "den": Space(
        {"anchor_before_split": "eq4", "undo_worse_expansion": True, "weight_decay": 2e-2, "mu": 1e-4, "mu_head": 3e-4,
         "mu_l2": 2e-3, "lam": (0.03, 0.001), "sigma": (0.3, 0.05), "gamma": 1e-3},
        DEN_DRAWS, later={"hidden": choice((64, 32), (96, 48), (128, 64))},
        unnamed={"hidden": (64, 32), "init_scale": 0.1, "step": 1e-3, "batch": 128, "k": 10, "epochs_eq4": 10},
        largest_share=0.12),
    "stl": Space({"weight_decay": 2e-2, "mu": 0.0}, NETWORK, unnamed=NETWORK_UNNAMED),
    # MTL has the mean of the tasks' losses where the prototype had their sum: a tenth of the prototype's strengths.
    "mtl": Space({"weight_decay": (0.04, 2e-4), "mu": 0.0}, NETWORK, unnamed=NETWORK_UNNAMED),
    "finetune": Space(ONWARD_START, ONWARD, unnamed=NETWORK_UNNAMED),
    "l2": Space({**ONWARD_START, "lam": (0.1, 0.1)},
                {**ONWARD, "lam": each(log_uniform(1e-3, 10), log_uniform(1e-3, 10))}, unnamed=NETWORK_UNNAMED),
    "ewc": Space({**ONWARD_START, "lam": 1e4}, {**ONWARD, "lam": log_uniform(1e2, 1e7)}, unnamed=NETWORK_UNNAMED),
    "progressive": Space({"weight_decay": 2e-2, "mu": 0.0}, {**NETWORK, "epochs": choice(5, 10, 20)},
                         unnamed=NETWORK_UNNAMED),
}
