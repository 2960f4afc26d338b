"""The paper's ablations: DEN with parts of it left out, on the same code (paper, section 4).

What an ablation leaves out is an option that it holds fixed (``config.held``).

Three of them stand here twice.  The table of the paper's Figure 4 lists DNN-L2-Selective, DEN-Constant and DEN-Dynamic
under DNN-L2: they appear to carry its pull to W^{t-1}.  Under these names they have it, inside Eq. 4, where it acts on
all that is retrained.  Under the names that begin with DNN they have neither Algorithm 4 nor the pull: what is left is
what Algorithms 2 and 3 do alone.
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
class PulledSelectiveConfig(SelectiveConfig):
    """The same options, with the pull to W^{t-1} in Eq. 4."""

    anchor_before_split: str = held("eq4")


class PulledSelective(DEN):
    """DNN-L2-Selective: Algorithm 2 alone, with the pull to W^{t-1}."""

    name = "dnn-l2-selective"
    Config = PulledSelectiveConfig
    title = "DNN-L2-Selective"
    family = VARIANT
    look = Look("#E69F00", ":", "<")


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
class PulledDynamicConfig(DynamicConfig):
    """The same options, with the pull to W^{t-1} in Eq. 4."""

    anchor_before_split: str = held("eq4")


class PulledDynamic(DEN):
    """DEN-Dynamic: Algorithms 2 and 3, no split, with the pull to W^{t-1}."""

    name = "den-dynamic"
    Config = PulledDynamicConfig
    title = "DEN-Dynamic"
    family = VARIANT
    look = Look("#009E73", ":", ">")


@dataclass(frozen=True)
class ConstantConfig(DENConfig):
    """DEN's options for k new units per task and layer, whatever the loss; k is 13 and 20 in the paper."""

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
class PulledConstantConfig(ConstantConfig):
    """The same options, with the pull to W^{t-1} in Eq. 4."""

    anchor_before_split: str = held("eq4")


class PulledConstant(DEN):
    """DEN-Constant: k units more per task and layer, with the pull to W^{t-1}."""

    name = "den-constant"
    Config = PulledConstantConfig
    title = "DEN-Constant"
    family = VARIANT
    look = Look("#CC79A7", ":", "p")


@dataclass(frozen=True)
class WithoutTimestampsConfig(DENConfig):
    """DEN's options without timestamped inference, which must keep originals."""

    timestamps: bool = held(False)
    split_original: str = held("keep")


class WithoutTimestamps(DEN):
    """DEN without timestamped inference, the paper's No-Stamp (Figure 5): an old task reads every unit there is.

    Only inference differs: the same network, read by a DEN with ``timestamps=True, split_original="keep"``, gives the
    curve to compare with.
    """

    name = "den-no-timestamps"
    Config = WithoutTimestampsConfig
    title = "DEN, no timestamps"
    family = VARIANT
    look = Look("#D55E00", "--", "D")
