"""DNN-L2: fine-tuning, with every weight of the body pulled towards where the last task left it."""

from dataclasses import dataclass

from den_ref.core import chain
from den_ref.core.penalties import SquaredL2
from den_ref.den.explained import PULL
from den_ref.describe import Look, Space, each, log_uniform
from den_ref.protocol import TASK_INCREMENTAL
from den_ref.settings import PerLayer, integer, option

from .finetune import ONWARD, ONWARD_START, FineTuning
from .shared.network import STRENGTH, UNNAMED, NetworkConfig, trained


@dataclass(frozen=True)
class L2Config(NetworkConfig):
    """Options of DNN-L2: those of a plain network with its own defaults (docs/tuning.md), and the pull's strength."""

    weight_decay: PerLayer = option((0.00019, 0.0058), "strength of (1/2) norm^2 of the weights, per layer", STRENGTH)
    batch: int = option(64, "samples per mini-batch", integer(1))
    epochs: int = option(5, "epochs at most", integer(0))
    lam: PerLayer = option((0.0025, 0.023), "strength of norm^2 of the body's change since the last task, "
                                            "per layer", STRENGTH)

    def __post_init__(self):
        super().__post_init__()
        self.per_layer("lam", len(self.widths))


class L2(FineTuning):
    """DNN-L2: fine-tuning with the body pulled to where the last task left it.

        minimise  L_t(W; D_t)  +  Eq. 2's penalties  +  sum over l of lam_l norm((W_l, b_l) - (W_l, b_l)^{t-1})^2

    The body alone is pulled, weights and biases; heads are not.  Nothing is stored between tasks: W^{t-1} is the
    network itself.  Source: the paper, section 4 (DNN-L2).
    """

    name = "l2"
    Config = L2Config
    title = "L2"
    scenarios = (TASK_INCREMENTAL,)                                # its pull has a strength per layer of the body
    look = Look("#56B4E9", "--", "P")
    space = Space({**ONWARD_START, "lam": (0.1, 0.1)},
                  {**ONWARD, "lam": each(log_uniform(1e-3, 10), log_uniform(1e-3, 10))}, unnamed=UNNAMED)
    explained = trained("L(W; D_t)", "Free: the body, pulled to where the last task left it, and the task's head.",
                        "l2", f" + {PULL}", ["lam"],
                        why="Is it enough to hold all weights near where the last task left them?")

    def pulls(self) -> dict[str, SquaredL2]:
        lam = self.config.per_layer("lam", len(self.config.widths))
        of = {name: strength for names, strength in zip(chain.hidden(self.body), lam) for name in names}
        return {name: SquaredL2(2 * of[name], array) for name, array in self.body.views.items()}
