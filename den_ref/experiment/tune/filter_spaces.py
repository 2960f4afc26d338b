"""What ``den-ref tune --filters`` tries of networks with filters on the paper's stream, of which a search learns the
first four tasks.

All networks start with two convolutions, of 8 and 16 filters of 5 x 5, stride 2, and 32 dense units, but for
Progressive's columns.  The first try of every method are its defaults on the stream, which were tuned on dense
networks.  A filter's weights are shared by all windows, and their gradients and Fisher information are sums over
windows: pulls are drawn from lower on.
"""

from typing import Any

from den_ref.describe import Draw, Space, choice, each, log_uniform
from den_ref.experiment.one_run.presets import PAPERS, default_options
from den_ref.methods import REGISTRY
from .paper_spaces import DENS, ORIGINALS

#: What a search is on (``search_spaces.searched``).
WITH_FILTERS = f"{PAPERS} with filters"

NETWORK = {"filters": (8, 16), "stride": 2, "hidden": (32,)}

#: A column of Progressive: after ten tasks it has 290 % of MTL's parameters, in the paper, on CIFAR-100, 298.8 %.
COLUMN = NETWORK | {"filters": (3, 6), "hidden": (10,)}

#: Of plain networks: W_1, and all above.
PLAIN = {"weight_decay": each(log_uniform(3e-4, 0.03), log_uniform(1e-4, 0.01)), "mu": choice(0.0, 0.0, 1e-5, 1e-4),
         "step": choice(5e-4, 1e-3, 2e-3, 4e-3), "batch": choice(64, 128, 256), "epochs": choice(10, 20, 40)}

#: Of networks that go on from the last task.
ONWARD = PLAIN | {"epochs": choice(5, 10, 20)}

#: The ranges of dense networks, but for fewer new units, as there are few to begin with, and lower losses.
DEN = DENS | ORIGINALS | {"weight_decay": log_uniform(1e-3, 6e-3), "k": choice(3, 5, 10),
                          "tau": choice(0.15, 0.2, 0.25), "sigma": log_uniform(0.15, 0.6)}

#: In parts of STL 312-128: a quarter more than separate networks with these filters.
DENS_SHARE = 0.05


def space(method: str, draws: dict[str, Draw], network: dict[str, Any] = NETWORK, **more) -> Space:
    """A space that starts at the method's defaults on the stream, but for the network."""
    usual = default_options(REGISTRY[method], PAPERS).to_dict()
    return Space({**network, **{name: usual[name] for name in draws}}, draws, held=network, **more)


#: Method -> its space, in the order of the tables.
FILTER_SPACES: dict[str, Space] = {
    "den": space("den", DEN, largest_share=DENS_SHARE),
    "stl": space("stl", PLAIN),
    "mtl": space("mtl", PLAIN),
    "finetune": space("finetune", ONWARD),
    "l2": space("l2", ONWARD | {"lam": each(log_uniform(1e-4, 1), log_uniform(1e-4, 1))}),
    "ewc": space("ewc", ONWARD | {"lam": log_uniform(0.03, 1e3)}),
    "progressive": space("progressive", PLAIN, COLUMN),
}
