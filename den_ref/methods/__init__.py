"""The learners by name: DEN, its variants, and the systems it is compared with, one file each.

``registry`` knows them, ``labels`` what they are called and how they are drawn, ``shared`` is what they are made of.
"""

from .adanet import AdaNet
from .ella import ELLA
from .ewc import EWC
from .finetune import FineTuning
from .gomtl import GOMTL
from .imm import IMM
from .incremental_features import IncrementalFeatures
from .l2 import L2
from .mtl import MTL
from .nearest_mean import NearestMean
from .nonparametric import Nonparametric
from .progressive import Progressive
from .registry import REGISTRY, method_named
from .si import SI
from .stl import STL
from .tree import Tree

__all__ = ["AdaNet", "ELLA", "EWC", "FineTuning", "GOMTL", "IMM", "IncrementalFeatures", "L2", "MTL", "NearestMean",
           "Nonparametric", "Progressive", "REGISTRY", "SI", "STL", "Tree", "method_named"]
