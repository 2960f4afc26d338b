"""When a layer of features grows, and by how many: samples that are hard, and two rules (Zhou, Sohn and Lee 2012).

    hard            samples whose objective is above the mean of the last ``window`` before their batch
    enough          more than ``tau`` of them
    ratio           rule I: dN grows by one while the objective falls from one event to the next, else it is halved
    validation      rule II: features are added while the validation loss falls, else merged

Rules I and II are in the paper's supplement; of rule II it says little, and this is our reading.  ``window`` and
``tau`` are smaller than the paper's 10,000: our streams are short.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import ceil, inf
from typing import NamedTuple

import numpy as np

from den_ref.settings import Settings, at_least, integer, one_of, option


@dataclass(frozen=True)
class GrowingOptions(Settings):
    """Which samples are hard, and how many features they call for."""

    window: int = option(1000, "samples that a hard one is compared with the mean of", integer(1))
    tau: int = option(1000, "hard samples that are waited for", integer(0))
    grow: int = option(20, "features added at first", integer(0))
    gamma: float = option(0.5, "rule=ratio: pairs that are merged per feature that is added", at_least(0))
    rule: str = option("ratio", "what decides how many: the ratio of objectives, or the validation loss",
                       one_of("ratio", "validation"))
    eps1: float = option(0.02, "rule=ratio: one more is added next time if the objective fell by more than this share",
                         at_least(0))
    eps2: float = option(0.01, "rule=ratio: half as many if it fell by less than this share", at_least(0))


class Hard:
    """B: the rows of samples whose objective was above the mean of the last ``window`` before their batch."""

    def __init__(self, window: int, tau: int):
        self.recent, self.tau, self.rows = deque(maxlen=window), tau, []

    @property
    def level(self) -> float:
        """The mean; infinite before the first batch, of which nothing is hard."""
        return float(np.mean(self.recent)) if self.recent else inf

    def look(self, rows, losses) -> bool:
        """Take what is hard of a batch; whether there are more than tau now."""
        self.rows.extend(rows[losses > self.level].tolist())
        self.recent.extend(losses.tolist())
        return len(self.rows) > self.tau


class Sizes(NamedTuple):
    """Features to add, and pairs to merge."""

    add: int
    merge: int


def first_sizes(options: GrowingOptions) -> Sizes:
    """Before there is anything to compare."""
    return Sizes(options.grow, ceil(options.gamma * options.grow) if options.rule == "ratio" else 0)


def next_sizes(last: Sizes, before: float, now: float, options: GrowingOptions) -> Sizes:
    """How many next time, from an objective at the last event and at this one: as many, if the last is NaN.

    ratio (rule I): one more if now < (1 - eps1) before, half, rounded down, if now > (1 - eps2) before, else as many;
    ceil(gamma dN) pairs are merged.  validation (rule II): add while the validation loss falls, else merge.
    """
    if options.rule == "validation":
        return Sizes(0, options.grow) if now >= before else Sizes(options.grow, 0)
    add = last.add // 2 if now > (1 - options.eps2) * before else last.add
    add = last.add + 1 if now < (1 - options.eps1) * before else add
    return Sizes(add, ceil(options.gamma * add))
