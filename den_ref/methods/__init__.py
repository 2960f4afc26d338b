"""The learners by name: DEN and the systems it is compared with."""

from ..den.algorithm import DEN
from .mtl import MTL
from .stl import STL

REGISTRY = {method.name: method for method in (DEN, STL, MTL)}
