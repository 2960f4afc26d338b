"""What is an answer: a dict of outputs, a tuple of them, or the only one, made flat names and arrays."""

import contextlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from .values import declared, flatten, is_required


class AdapterError(Exception):
    """The adapter gave no answer, or none that can be compared.  The text is shown to its author."""


def outputs_of(returned: Any, signature: Mapping[str, str]) -> dict[str, Any]:
    """A returned dict, tuple or single value as flat named outputs; an AdapterError says why it is none.

    >>> outputs_of((0.5, [1, 2]), {"value": "float64", "gradient": "int64[*]"})
    {'value': 0.5, 'gradient': array([1, 2])}
    """
    tops = list(dict.fromkeys(name.partition("/")[0] for name in signature))
    if isinstance(returned, Mapping):
        named = dict(returned)
    elif len(tops) == 1 and (not _is_only_one(returned) or _is_entry(returned[0], signature)):
        named = {tops[0]: returned}
    else:
        named = dict(zip(tops, _counted(returned, tops)))
    flat = dict(flatten(named, signature))
    _only_known(flat, signature)
    return {name: value_of(value, name) for name, value in flat.items()}


def _is_only_one(returned: Any) -> bool:
    return isinstance(returned, tuple) and len(returned) == 1


def _is_entry(value: Any, signature: Mapping[str, str]) -> bool:
    """Is the only thing in a tuple an entry of the only output, a list, and not that list?"""
    (name, kind), = signature.items()
    with contextlib.suppress(ValueError):                          # arrays of several shapes are no entry
        return "*" in name and np.ndim(value) == kind.count(",") + ("[" in kind)
    return False


def _counted(returned: Any, tops: list[str]) -> tuple | list:
    if not isinstance(returned, (tuple, list)):
        raise AdapterError(f"expected the {len(tops)} outputs {', '.join(tops)} as a tuple or dict, "
                           f"got {type(returned).__name__}")
    if len(returned) != len(tops):
        raise AdapterError(f"expected {len(tops)} outputs ({', '.join(tops)}), got {len(returned)}")
    return returned


def _only_known(flat: Mapping[str, Any], signature: Mapping[str, str]) -> None:
    unknown = {name.partition("/")[0]: None for name in flat if declared(name, signature) is None}
    missing = [name for name in signature if name not in flat and is_required(name, signature)]
    if unknown or missing:
        said = [f"unknown: {', '.join(unknown)}"] * bool(unknown)
        said += [f"missing: {', '.join(missing)}"] * bool(missing)
        raise AdapterError(f"expected the outputs {', '.join(signature)}; {'; '.join(said)}")


def value_of(value: Any, name: str) -> Any:
    """A number or word as it is, anything else as an array of a dtype that the format knows."""
    if isinstance(value, (bool, int, float, str)):
        return value
    if value is None:
        raise AdapterError(f"{name}: expected a number or an array, got None")
    try:
        array = np.asarray(value)
    except Exception as error:
        raise AdapterError(f"{name}: cannot be made an array: {error}") from error
    kinds = {"f": np.float64, "i": np.int64, "u": np.int64, "b": np.bool_}
    if array.dtype.kind not in kinds:
        raise AdapterError(f"{name}: expected an array of numbers or truth values, got dtype {array.dtype}")
    return array if array.dtype == np.float32 else array.astype(kinds[array.dtype.kind])
