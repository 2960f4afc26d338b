"""The learners by name: DEN, its ablations, and the systems it is compared with."""

from ..den import ablations
from ..den.algorithm import DEN
from .ewc import EWC
from .finetune import FineTuning
from .l2 import L2
from .mtl import MTL
from .stl import STL

REGISTRY = {method.name: method for method in (
    DEN, STL, MTL, FineTuning, L2, EWC, ablations.L1Network, ablations.Selective, ablations.Dynamic,
    ablations.Constant, ablations.WithoutTimestamps)}
