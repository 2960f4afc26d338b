"""How a method describes itself: its boxes, its look, and what may be tuned.  All of it stands on the method's class.

Nothing here is needed to learn.  Reports, pictures, tables and ``den-ref tune`` ask a method for it, and do without
what a method does not say.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

#: Options that an equation has in a letter of its own.
LETTERS = {"mu": "μ", "mu_head": "μ_{head}", "mu_l2": "μ_{l2}", "mu_eq4": "μ_4", "gamma": "γ", "lam": "λ", "tau": "τ",
           "sigma": "σ", "weight_decay": "ω", "k": "k", "xi": "ξ"}

# --- boxes -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Formula:
    """What a box computes, as a line that a browser shows without any library.

    Parameters
    ----------
    text : str
        E.g. ``minimise  L(W; D_t) + μ Σ_i |w_i|``.  ``_x``, ``^x``, ``_{...}`` and ``^{...}`` lower and raise, single
        letters are variables, words stand upright.
    note : str
        A line on what is free, or meant.
    options : tuple of str
        Names of the method's options that stand in it.
    code : str
        Where it is computed: "FILE" or "FILE: NAME".
    """

    text: str
    note: str = ""
    options: tuple[str, ...] = ()
    code: str = ""


@dataclass(frozen=True)
class Box:
    """What is known of one box of a method's algorithm, beside running it.

    Parameters
    ----------
    formula : Formula, or a function of the method's options (a dict) that gives one
    pictures : tuple of str
        What shows it, in the order of reading: names in ``den_ref.plots.panels.MAKERS``.  Those of the default suit
        every box: how its solve went, and the exact zeros of its weights.
    per_layer : tuple of str
        Facts of its steps that are lists with a number per layer, which the figures of a comparison count.
    counted : bool
        False for a solve whose multiply-adds are not to be had, and are left out of a stage's.
    why : str
        What the box is there to find out, as a plain question that its sentence answers.
    """

    formula: Formula | Callable[[Mapping[str, Any]], Formula] | None = None
    pictures: tuple[str, ...] = ("solve", "zeros")
    per_layer: tuple[str, ...] = ()
    counted: bool = True
    why: str = ""

    def formula_with(self, options: Mapping[str, Any]) -> Formula | None:
        """The formula with these options of the method; None if there is none."""
        return self.formula(options) if callable(self.formula) else self.formula


#: A box of which nothing is known.
PLAIN_BOX = Box()


@dataclass(frozen=True)
class Look:
    """How a method is drawn: in the words of Matplotlib, the same in every picture."""

    colour: str
    line: str = "-"
    marker: str = "o"


# --- what may be tuned -------------------------------------------------------------------------------------------

#: A way to draw one option's value.
Draw = Callable[[np.random.Generator], Any]


@dataclass(frozen=True, eq=False)
class Wish:
    """What decides between settings that validation data hardly tell apart.

    Parameters
    ----------
    words : str
        What is wanted: "of settings within .005 of the best ... comes first".
    misfit : callable
        What a run's boxes told (``tune.record``) -> how far that is from it; 0 if it is as wanted.
    """

    words: str
    misfit: Callable[[Mapping[str, Any]], float]


@dataclass(frozen=True, eq=False)
class Space:
    """What a search (``den-ref tune``) may try of one method: at least one option is drawn.

    Parameters
    ----------
    start : dict
        The setting that is tried first.
    draws : dict
        Option -> how a value is drawn.
    held : dict
        What every setting has beside it.
    later : dict
        The same for options that are drawn in the second round only.
    unnamed : dict
        What an option is on MNIST-Variation in a setting that does not name it.  Written down, because the method's
        defaults are what the search is for: when they move, the settings on record must not.
    largest_share : float
        A setting counts only with at most this share of STL's parameters.
    wish : Wish, optional
        What decides between settings that are as good as the best.
    """

    start: Mapping[str, Any]
    draws: Mapping[str, Draw]
    held: Mapping[str, Any] = field(default_factory=dict)
    later: Mapping[str, Draw] = field(default_factory=dict)
    unnamed: Mapping[str, Any] = field(default_factory=dict)
    largest_share: float = math.inf
    wish: Wish | None = None

    def __post_init__(self):
        if not self.draws:
            raise ValueError("draws: expected at least one option that is drawn, got none")

    def drawn(self, rng: np.random.Generator) -> dict[str, Any]:
        """A setting drawn at random, in JSON types."""
        return _in_json({**self.held, **{option: draw(rng) for option, draw in self.draws.items()}})

    def redrawn(self, setting: Mapping[str, Any], rng: np.random.Generator, second: bool) -> dict[str, Any]:
        """The setting with one to three options drawn again; in the second round also those of ``later``."""
        draws = {**self.draws, **(self.later if second else {})}
        values = {option: draw(rng) for option, draw in draws.items()}
        count = min(int(rng.integers(1, 4)), len(draws))
        changed = rng.choice(list(draws), size=count, replace=False).tolist()
        return _in_json({**setting, **{option: values[option] for option in changed}})


def _in_json(setting: Mapping[str, Any]) -> dict[str, Any]:
    """The setting with lists for tuples."""
    return {option: list(value) if isinstance(value, tuple) else value for option, value in setting.items()}


def choice(*values: Any) -> Draw:
    """One of the values, each as likely; a value given twice is twice as likely."""
    return lambda rng: values[rng.integers(len(values))]


def log_uniform(low: float, high: float) -> Draw:
    """exp of a uniform number between log(low) and log(high), to two digits."""
    return lambda rng: float(f"{np.exp(rng.uniform(np.log(low), np.log(high))):.2g}")


def each(*draws: Draw) -> Draw:
    """A value per layer, each drawn its own way."""
    return lambda rng: tuple(draw(rng) for draw in draws)
