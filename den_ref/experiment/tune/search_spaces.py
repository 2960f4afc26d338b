"""What ``den-ref tune`` tries of which method: the spaces that stand on the methods (``describe.Space``)."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from den_ref.describe import Draw, Space, choice, log_uniform
from den_ref.experiment.one_run.plan import make_config
from den_ref.methods import REGISTRY, method_named
from den_ref.protocol import VARIANT
from den_ref.settings import Settings

#: The stream that the defaults were tuned on.
TUNED_ON = "mnist-variation"

#: The methods of the registry that are tuned, DEN first.  DEN's variants are not: they are DEN with a part left out or
#: added, and keep DEN's options.
TUNABLE = sorted((name for name, kind in REGISTRY.items() if kind.family != VARIANT), key=lambda name: name != "den")


def space_of(method: str) -> Space:
    """The method's space; one around its defaults if it has none.  A ValueError for a method that is not tuned."""
    if method not in TUNABLE and ":" not in str(method):
        raise ValueError(f"method: expected one that can be tuned ({', '.join(TUNABLE)}, or module:Class for one of "
                         f"your own), got {method!r}")
    kind = method_named(method)
    return kind.space or space_around(kind.Config)


def space_around(Config: type[Settings]) -> Space:
    """From the defaults on: every option that is a positive number, from a tenth to ten times its default.

    A whole number is halved, kept or doubled.  Options that do not allow as much are not drawn.
    """
    draws: dict[str, Draw] = {}
    for field in dataclasses.fields(Config):
        usual, unfit = field.default, field.metadata["check"]
        if type(usual) not in (int, float) or not 0 < usual < math.inf:
            continue
        low, high = (usual / 10, 10 * usual) if type(usual) is float else (max(usual // 2, 1), 2 * usual)
        if not unfit(low) and not unfit(high):
            draws[field.name] = log_uniform(low, high) if type(usual) is float else choice(low, usual, high)
    if not draws:
        raise ValueError(f"method: expected one that says what may be drawn (Method.space), or has options that are "
                         f"positive numbers, got one with {Config.__name__}")
    return Space({}, draws)


def config_of(method: str, setting: Mapping[str, Any], stream: str = TUNED_ON) -> Settings:
    """All options of a method in a setting: those that it names, and what the others are beside them."""
    unnamed = space_of(method).unnamed if stream == TUNED_ON else {}
    return make_config(method_named(method), stream, {**unnamed, **setting})
