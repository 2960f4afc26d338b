"""DNN-L2: fine-tuning, with every weight of the body pulled towards where the last task left it."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.penalties import SquaredL2
from ..settings import option
from .finetune import FineTuning
from .plain import STRENGTH, NetworkConfig


@dataclass(frozen=True)
class L2Config(NetworkConfig):
    """Options of DNN-L2: those of a plain network, and the strength of the pull."""

    lam: float = option(1e-2, "strength of norm^2 of the body's change since the last task, per layer", STRENGTH)

    def __post_init__(self):
        super().__post_init__()
        self.per_layer("lam", len(self.hidden))


class L2(FineTuning):
    """minimise  L_t(W; D_t)  +  Eq. 2's penalties  +  sum over l of lam_l norm((W_l, b_l) - (W_l, b_l)^{t-1})^2.

    The body alone is pulled, weights and biases; heads are not.  Nothing is stored between tasks: W^{t-1} is the
    network itself.  Source: the paper, section 4 (DNN-L2).
    """

    name = "l2"
    Config = L2Config

    def pulls(self) -> dict[str, SquaredL2]:
        lam = self.config.per_layer("lam", len(self.config.hidden))
        return {name: SquaredL2(2 * lam[int(name[1:]) - 1], array) for name, array in self.body.views.items()}
