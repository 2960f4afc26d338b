"""The paper's ablations: DEN with parts of it left out, on the same code (paper, section 4)."""

from __future__ import annotations

import math

from .algorithm import DEN, whole_network
from .stage import Stage


class L1Network(DEN):
    """DNN-L1: the whole network is retrained with Eq. 2's L1 for every task; nothing is selected, grown or split."""

    name = "dnn-l1"

    def boxes(self, stage: Stage):
        return whole_network(stage.previous, stage)


class Selective(DEN):
    """DNN-Selective: Algorithm 2 alone, no expansion, no split."""

    name = "dnn-selective"
    fixed = {"tau": math.inf, "split": "never"}


class Dynamic(DEN):
    """DNN-Dynamic: Algorithms 2 and 3, no split."""

    name = "dnn-dynamic"
    fixed = {"split": "never"}


class Constant(DEN):
    """DNN-Constant: k units more per task and layer, without group lasso and without removal."""

    name = "dnn-constant"
    fixed = {"tau": 0.0, "gamma": 0.0, "prune": False, "undo_worse_expansion": False, "split": "never"}


class WithoutTimestamps(DEN):
    """DEN without timestamped inference: an old task reads every unit there is.

    Only inference differs: the same network, read by a DEN with ``timestamps=True, split_original="keep"``, gives the
    curve to compare with.
    """

    name = "den-no-timestamps"
    fixed = {"timestamps": False, "split_original": "keep"}
