"""The learners by name: DEN, its ablations, and the systems it is compared with."""

from ..den import ablations
from ..den.algorithm import DEN
from ..den.finetune import FineTuned
from .ewc import EWC
from .finetune import FineTuning
from .l2 import L2
from .mtl import MTL
from .progressive import Progressive
from .stl import STL

REGISTRY = {method.name: method for method in (
    STL, MTL, FineTuning, L2, EWC, Progressive, ablations.L1Network, ablations.Selective, ablations.Dynamic,
    ablations.Constant, ablations.WithoutTimestamps, DEN, FineTuned)}
