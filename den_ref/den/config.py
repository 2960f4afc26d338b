"""The options of DEN, each letter of the paper explained once."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from den_ref.core.filters import FilterOptions
from den_ref.core.training import Training
from den_ref.settings import PerLayer, at_least, integer, one_of, option

_NOT_NEGATIVE = at_least(0, per_layer=True)


def held(value):
    """An option that a variant of DEN holds fixed: another value is refused, not ignored."""
    return option(value, "held fixed by this ablation", one_of(value))


@dataclass(frozen=True)
class DENConfig(FilterOptions, Training):
    """Options of DEN.  Strengths are exactly those of the objectives in ``equations``.

    An option "per layer" is one number, or a list from the input up, whose last entry serves all further layers.
    A list for ``mu``, ``mu_l2``, ``mu_eq4`` or ``weight_decay`` counts weight matrices, the head last.

    >>> DENConfig(mu=-1)
    Traceback (most recent call last):
    ValueError: mu: expected a number >= 0 (or one per layer), got -1
    """

    #: In the order of the algorithm: Eq. 2; Algorithm 2, tau, Algorithms 3 and 4.
    EXPLAINED_FIRST: ClassVar[tuple[str, ...]] = (
        "hidden", "mu", "weight_decay", "epochs_eq2", "prune",
        "mu_head", "mu_l2", "mu_eq4", "eq4_norm", "dense_selection", "epochs_eq4", "tau", "loss_split",
        "k", "init_scale", "gamma", "gamma_scaling", "epochs_eq5", "undo_worse_expansion",
        "split", "anchor_before_split", "lam", "anchor_weights", "sigma", "drift", "max_splits", "split_original",
        "eq6", "epochs_eq6", "timestamps")

    hidden: tuple[int, ...] = option((128, 64), "units per hidden layer of the first network, above its filters",
                                     integer(1, many=True))

    # the paper's letters
    mu: PerLayer = option(1e-5, "Eq. 2, 5: strength of L1 (Eq. 2 of filters: the (2,1)-norm), per layer", _NOT_NEGATIVE)
    mu_head: float = option(3e-4, "Eq. 3: strength of L1 on the new head", at_least(0))
    mu_l2: PerLayer = option(6e-3, "Eq. 4: strength of the l2 penalty on what is selected, per layer", _NOT_NEGATIVE)
    mu_eq4: PerLayer = option(0.0, "Eq. 4: strength of L1 beside it (the paper allows one), per layer", _NOT_NEGATIVE)
    gamma: PerLayer = option(1e-3, "Eq. 5: strength of the group lasso, per layer", _NOT_NEGATIVE)
    lam: PerLayer = option((0.1, 5e-4), "Eq. 6 (or 4): strength of the pull to W^{t-1}, per layer", _NOT_NEGATIVE)
    tau: float = option(0.05, "Algorithm 1: expand if the task's loss exceeds it", at_least(0, infinite=True))
    sigma: PerLayer = option(0.35, "Algorithm 4: split units that drifted further, per layer",
                          at_least(0, per_layer=True, infinite=True))
    k: int | tuple[int, ...] = option(5, "Algorithm 3: units added per hidden layer", integer(0, per_layer=True))

    # what the paper leaves open, and other readings of what it says (docs/readings.md)
    weight_decay: PerLayer = option(0.01, "Eq. 2, 5, 6: strength of (1/2) norm^2 of free weights, per layer",
                                 _NOT_NEGATIVE)
    eq4_norm: str = option("squared", "Eq. 4: (mu_l2 / 2) norm^2, or mu_l2 norm", one_of("squared", "unsquared"))
    dense_selection: bool = option(False, "Eq. 4, 6: also free the zero edges among the units", one_of(True, False))
    gamma_scaling: str = option("none", "Eq. 5: multiply gamma by the root of a group's size",
                                one_of("none", "sqrt_size"))
    init_scale: float = option(1.0, "Eq. 5: deviation of new weights, as a share of sqrt(2 / n_in)", at_least(0))
    loss_split: str = option("validation", "where the loss held against tau is measured", one_of("validation", "train"))
    prune: bool = option(True, "Algorithms 1 and 3: remove useless new units", one_of(True, False))
    undo_worse_expansion: bool = option(False, "Algorithm 3: undo an expansion that raised the loss",
                                        one_of(True, False))
    split: str = option("always", "Algorithm 4: when it runs; after_expansion: if the loss exceeded tau, even where "
                                  "the expansion was undone", one_of("always", "after_expansion", "never"))
    anchor_before_split: str = option("eq4", "where weights are pulled to W^{t-1} before drift is measured",
                                      one_of("eq6", "eq4", "none"))
    anchor_weights: str = option("equal", "Eq. 6 (or 4): pull all weights alike, or times their Fisher information",
                                 one_of("equal", "fisher"))
    drift: str = option("relative", "norm of a unit's change, or that over the norm it had",
                        one_of("absolute", "relative"))
    max_splits: int | None = option(None, "split at most so many units per layer, the most drifted",
                                    integer(0, optional=True))
    split_original: str = option("retire", "what becomes of a split unit's original", one_of("retire", "keep"))
    eq6: str = option("all", "Eq. 6: free all the stage sees, or only what is new", one_of("all", "new"))
    timestamps: bool = option(True, "old tasks read only the units of their stage", one_of(True, False))

    # how long the solves run at most
    epochs_eq2: int = option(20, "Eq. 2: epochs at most", integer(0))
    epochs_eq4: int = option(10, "Eq. 4: epochs at most", integer(0))
    epochs_eq5: int = option(15, "Eq. 5: epochs at most", integer(0))
    epochs_eq6: int = option(6, "Eq. 6: epochs at most, for each of its solves", integer(0))

    def __post_init__(self):
        super().__post_init__()
        for name in ("gamma", "lam", "sigma", "k"):
            self.per_layer(name, len(self.widths))
        for name in ("mu", "mu_l2", "mu_eq4", "weight_decay"):
            self.per_layer(name, len(self.widths) + 1)
        if not self.timestamps and self.split_original != "keep":
            raise ValueError("timestamps: expected true unless split_original is 'keep' (a network without timestamps "
                             f"must keep its originals), got false with split_original={self.split_original!r}")
        beside_one_norm = self.anchor_before_split == "eq4" or np.any(self.mu_eq4)
        if self.eq4_norm == "unsquared" and (isinstance(self.mu_l2, tuple) or beside_one_norm):
            raise ValueError("eq4_norm: 'unsquared' is one norm over all selected weights: expected a single mu_l2, "
                             f"mu_eq4=0 and anchor_before_split other than 'eq4', got mu_l2={self.mu_l2}, "
                             f"mu_eq4={self.mu_eq4}, anchor_before_split={self.anchor_before_split!r}")
