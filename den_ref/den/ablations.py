"""The paper's ablations: DEN with parts of it left out, on the same code (paper, section 4).

What an ablation leaves out is an option that it holds fixed (``config.held``).  Without Algorithm 4 there is no pull
towards W^{t-1} either, wherever DEN has it.
"""

import math
from dataclasses import dataclass

from den_ref.describe import Look
from den_ref.protocol import VARIANT

from .algorithm import DEN, whole_network
from .config import DENConfig, held
from .stage import Stage


class L1Network(DEN):
    """DNN-L1: the whole network is retrained with Eq. 2's L1 for every task; nothing is selected, grown or split."""

    name = "dnn-l1"
    title = "DNN-L1"
    family = VARIANT
    look = Look("#56B4E9", "-", "X")

    def boxes_of(self, stage: Stage):
        return whole_network(stage.previous, stage)


@dataclass(frozen=True)
class SelectiveConfig(DENConfig):
    """DEN's options without expansion and split."""

    tau: float = held(math.inf)
    split: str = held("never")
    anchor_before_split: str = held("none")


class Selective(DEN):
    """DNN-Selective: Algorithm 2 alone, no expansion, no split."""

    name = "dnn-selective"
    Config = SelectiveConfig
    title = "DNN-Selective"
    family = VARIANT
    look = Look("#E69F00", "--", "v")


@dataclass(frozen=True)
class DynamicConfig(DENConfig):
    """DEN's options without split."""

    split: str = held("never")
    anchor_before_split: str = held("none")


class Dynamic(DEN):
    """DNN-Dynamic: Algorithms 2 and 3, no split."""

    name = "dnn-dynamic"
    Config = DynamicConfig
    title = "DNN-Dynamic"
    family = VARIANT
    look = Look("#009E73", "-", "^")


@dataclass(frozen=True)
class ConstantConfig(DENConfig):
    """DEN's options for k new units per task and layer, whatever the loss."""

    tau: float = held(0.0)
    gamma: float = held(0.0)
    prune: bool = held(False)
    undo_worse_expansion: bool = held(False)
    split: str = held("never")
    anchor_before_split: str = held("none")


class Constant(DEN):
    """DNN-Constant: k units more per task and layer, without group lasso and without removal."""

    name = "dnn-constant"
    Config = ConstantConfig
    title = "DNN-Constant"
    family = VARIANT
    look = Look("#CC79A7", "-.", "s")


@dataclass(frozen=True)
class WithoutTimestampsConfig(DENConfig):
    """DEN's options without timestamped inference, which must keep originals."""

    timestamps: bool = held(False)
    split_original: str = held("keep")


class WithoutTimestamps(DEN):
    """DEN without timestamped inference: an old task reads every unit there is.

    Only inference differs: the same network, read by a DEN with ``timestamps=True, split_original="keep"``, gives the
    curve to compare with.
    """

    name = "den-no-timestamps"
    Config = WithoutTimestampsConfig
    title = "DEN, no timestamps"
    family = VARIANT
    look = Look("#D55E00", "--", "D")
