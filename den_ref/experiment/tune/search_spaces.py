"""What ``den-ref tune`` tries of which method: the spaces that stand on the methods (``describe.Space``), and those of
single streams (``paper_spaces``, ``attribute_spaces``) and of networks with filters (``filter_spaces``)."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from den_ref.describe import Draw, Space, choice, log_uniform
from den_ref.experiment.disk.json_files import as_json
from den_ref.experiment.one_run.plan import make_config
from den_ref.experiment.one_run.presets import PAPERS
from den_ref.methods import REGISTRY, method_named
from den_ref.methods.registry import methods_on
from den_ref.protocol import TASK_INCREMENTAL, VARIANT
from den_ref.settings import Settings
from .attribute_spaces import ATTRIBUTE_SPACES, ATTRIBUTES
from .filter_spaces import FILTER_SPACES, WITH_FILTERS
from .paper_spaces import PAPER_SPACES

#: What is searched -> method -> its space there.
SPACES = {PAPERS: PAPER_SPACES, ATTRIBUTES: ATTRIBUTE_SPACES, WITH_FILTERS: FILTER_SPACES}

#: The stream that the defaults were tuned on.
TUNED_ON = "mnist-variation"

#: The methods of the registry that are tuned on it, DEN first.  DEN's variants are not: they are DEN with a part left
#: out or added, and keep DEN's options.
TUNABLE = sorted((name for name in methods_on(TASK_INCREMENTAL) if REGISTRY[name].family != VARIANT),
                 key=lambda name: name != "den")


def searched(stream: str, setting: Mapping[str, Any]) -> str:
    """What a search with such settings is on: a stream, or the networks with filters there.

    >>> searched("mnist-back", {"mu": 0.0}), searched("mnist-back", {"filters": [8, 16]})
    ('mnist-back', 'mnist-back with filters')
    """
    return f"{stream} with filters" if setting.get("filters") else stream


def space_of(method: str, stream: str = TUNED_ON) -> Space:
    """What is tried of a method on a stream, or what ``searched`` says; a ValueError if it is not tuned there.

    That is said in ``SPACES``, else on the method: one around its defaults if it says none.
    """
    if method in SPACES.get(stream, {}):
        return SPACES[stream][method]
    if stream.endswith(" with filters"):
        raise ValueError(f"--filters: expected a method and a stream that have a space of networks with filters "
                         f"({', '.join(FILTER_SPACES)} on {PAPERS}), got {method!r} on "
                         f"{stream.removesuffix(' with filters')!r}")
    if method not in TUNABLE and ":" not in str(method):
        raise ValueError(f"method: expected one that can be tuned ({', '.join(TUNABLE)}, or module:Class for one of "
                         f"your own; on {PAPERS} every one), got {method!r}")
    kind = method_named(method)
    space = kind.space or space_around(kind.Config)
    return space if stream == TUNED_ON else replace(space, unnamed={})


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
    return make_config(method_named(method), stream, full_setting(method, setting, stream))


def full_setting(method: str, setting: Mapping[str, Any], stream: str = TUNED_ON) -> dict[str, Any]:
    """A setting with what its space says of the options that it does not name, in JSON types."""
    return as_json({**space_of(method, searched(stream, setting)).unnamed, **setting})
