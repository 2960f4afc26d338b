"""The methods by name: those of the registry, and ``module:Class`` for a class of anyone's.

Whatever is known of a method stands on its class.  To add one is a line in REGISTRY, or none at all.
"""

from collections.abc import Mapping
from importlib import import_module

from den_ref.den import ablations
from den_ref.den.algorithm import DEN
from den_ref.den.finetune import FineTuned
from den_ref.describe import Box
from den_ref.doors import Text, did_you_mean, door
from den_ref.protocol import Method
from den_ref.settings import Settings

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
from .si import SI
from .stl import STL
from .tree import Tree

#: Name -> class, in the order of tables and figures.
REGISTRY: dict[str, type[Method]] = {method.name: method for method in (
    STL, MTL, NearestMean, FineTuning, L2, EWC, SI, IMM, ELLA, GOMTL, Progressive, IncrementalFeatures, AdaNet,
    Nonparametric, Tree, ablations.L1Network, ablations.Selective, ablations.PulledSelective, ablations.Dynamic,
    ablations.PulledDynamic, ablations.Constant, ablations.PulledConstant, ablations.WithoutTimestamps, DEN,
    FineTuned)}


@door
def method_named(name: Text()) -> type[Method]:
    """The method's class.

    Parameters
    ----------
    name : str
        A name in REGISTRY; or ``module:Class``, a class in a module that Python finds (see PYTHONPATH), e.g.
        ``"my_methods.linear:Linear"``.

    Raises
    ------
    ValueError
        For an unknown name, a module that is not there or cannot be imported, a class that is not in it, or one that
        is no whole Method; the error says what is missing.
    """
    if name in REGISTRY:
        return REGISTRY[name]
    module, colon, attribute = name.partition(":")
    if not colon:
        raise ValueError(f"method: expected one of {', '.join(REGISTRY)}, or module:Class for one of your own, "
                         f"got {name!r}{did_you_mean(name, REGISTRY)}")
    kind = getattr(_module(module, name), attribute, None)
    if not isinstance(kind, type) or not issubclass(kind, Method):
        found = "which the module does not have" if kind is None else f"which is {kind!r}"
        raise ValueError(f"method: expected a class of the module {module} that is a den_ref.protocol.Method, "
                         f"got {name!r}, {found}")
    missing = missing_parts(kind)
    if missing:
        raise ValueError(f"method: expected a whole Method, but {name} lacks {', '.join(missing)}")
    return kind


def methods_on(scenario: str) -> list[str]:
    """The methods of the registry that can answer on streams of a scenario, in its order."""
    return [name for name, kind in REGISTRY.items() if scenario in kind.scenarios]


def known(name: str) -> type[Method] | None:
    """The same for who can do without: None if there is no such method here."""
    try:
        return method_named(name)
    except ValueError:
        return None


def explained_by(name: str) -> Mapping[str, Box]:
    """What a method says of its boxes (``Method.explained``); {} if there is no such method here."""
    kind = known(name)
    return kind.explained if kind else {}


def missing_parts(kind: type[Method]) -> list[str]:
    """What a class lacks that every Method has."""
    parts = [name for name in ("name", "Config") if not hasattr(kind, name)]
    if "Config" not in parts and not (isinstance(kind.Config, type) and issubclass(kind.Config, Settings)):
        parts.append("Config (a dataclass of options, a den_ref.settings.Settings)")
    has_boxes = kind.boxes is not Method.boxes or kind.steps is not Method.steps
    return [*parts, *([] if has_boxes else ["boxes"]), *sorted(kind.__abstractmethods__)]


def _module(module: str, name: str):
    """The module of a ``module:Class``."""
    try:
        return import_module(module)
    except Exception as error:                                     # whatever the code in the module raises
        absent = isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}.")
        said = "there is no such module; is its folder on PYTHONPATH?" if absent else f"{type(error).__name__}: {error}"
        raise ValueError(f"method: expected module:Class of a module that can be imported, got {name!r} "
                         f"({said})") from error
