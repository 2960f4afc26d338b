"""Options that fit a stream: a method's own defaults fit the digits, a toy wants a smaller network and larger steps."""

import dataclasses
from collections.abc import Iterable
from typing import Any

from den_ref.protocol import Method
from den_ref.settings import Settings

#: Stream -> options that replace a method's defaults there, for every method that has them.
PRESETS: dict[str, dict[str, Any]] = {
    "toy": {"hidden": (8, 6), "k": 4, "step": 0.02, "batch": 32, "patience": 10, "weight_decay": 1e-3},
}


def default_options(method: type[Method], stream: str) -> Settings:
    """The options a method has on a stream when nothing else is said."""
    known = {field.name for field in dataclasses.fields(method.Config)}
    return method.Config(**{name: value for name, value in PRESETS.get(stream, {}).items() if name in known})


def changed_options(method: type[Method], stream: str, texts: Iterable[str]) -> dict[str, Any]:
    """The options that texts such as ``"mu=1e-4"`` change from what the method has on a stream, in JSON types."""
    default = default_options(method, stream)
    before, after = default.to_dict(), default.with_text(texts).to_dict()
    return {name: value for name, value in after.items() if value != before[name]}
