"""The learners by name: DEN, its ablations, and the systems it is compared with."""

from ..den import ablations
from ..den.algorithm import DEN
from .mtl import MTL
from .stl import STL

REGISTRY = {method.name: method for method in (
    DEN, STL, MTL, ablations.L1Network, ablations.Selective, ablations.Dynamic, ablations.Constant,
    ablations.WithoutTimestamps)}
