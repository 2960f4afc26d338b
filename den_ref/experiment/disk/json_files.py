"""JSON files for people to read: strict values, a format and version, and the shape of what is in them."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .files import VERSION, write_text

#: JSON text without a line break.
_ON_ONE_LINE = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def as_json(value: Any) -> Any:
    """The value in strict JSON types: NaN becomes null, an infinity "inf" or "-inf", NumPy numbers and arrays Python's.

    >>> as_json({"a": np.float32(0.5), "b": (1, np.nan), "c": np.array([np.inf])})
    {'a': 0.5, 'b': [1, None], 'c': ['inf']}
    """
    if isinstance(value, (np.ndarray, np.generic)):
        return as_json(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value                                               # most values are such, and Mapping is slow to ask
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    return repr(value)


def write_json(path: Path, value: Any) -> None:
    """Write the value as JSON for people to read, whole or not at all."""
    write_text(path, pretty(as_json(value)) + "\n")


def check_format(content: Any, kind: str) -> None:
    """Raise a ValueError unless a JSON file's content says that it is a den_ref ``kind`` of this layout."""
    found, version = (content.get(key) if isinstance(content, dict) else None for key in ("format", "version"))
    if (found, version) != (f"den_ref {kind}", VERSION):
        raise ValueError(f"{kind}: expected den_ref {kind} of version {VERSION}, got {found!r} of version {version!r}")


def pretty(value: Any, indent: str = "") -> str:
    """JSON text with one item a line, but a list or dict without lists or dicts in it on one line.

    >>> print(pretty({"R": [[0.5, None], [0.25, 0.75]]}))
    {
      "R": [
        [0.5, null],
        [0.25, 0.75]
      ]
    }
    """
    inner = indent + "  "
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if not any(isinstance(item, (dict, list)) for item in items):
        return _ON_ONE_LINE(value)
    if isinstance(value, dict):
        lines = [f"{inner}{_ON_ONE_LINE(key)}: {pretty(item, inner)}" for key, item in value.items()]
    else:
        lines = [inner + pretty(item, inner) for item in value]
    left, right = "{}" if isinstance(value, dict) else "[]"
    return f"{left}\n" + ",\n".join(lines) + f"\n{indent}{right}"


def distinct(values: Iterable[Any]) -> list[Any]:
    """Each value once, in the order of their first.

    >>> distinct([{"seed": 0}, {"seed": 1}, {"seed": 0}])
    [{'seed': 0}, {'seed': 1}]
    """
    found = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


def differences(there: Any, here: Any, where: str = "") -> Iterator[str]:
    """The places where two JSON values differ, with both values.

    >>> list(differences({"seed": 0, "options": {"mu": 1.0}}, {"seed": 0, "options": {"mu": 2.0}}))
    ['options.mu: 1.0 there, 2.0 here']
    """
    if isinstance(there, dict) and isinstance(here, dict):
        for key in sorted(set(there) | set(here)):
            yield from differences(there.get(key), here.get(key), f"{where}.{key}" if where else key)
    elif there != here:
        yield f"{where}: {there!r} there, {here!r} here"


# --- checking a shape --------------------------------------------------------------------------------------------


def check_shape(value: Any, shape: Any, where: str) -> None:
    """Raise a ValueError that names the place unless the value has the shape.

    A shape is a type or a tuple of types: such a value; [shape]: a list of it; {str: shape}: a dict with any keys;
    {"key": shape, ...}: a dict with exactly these keys,
    where "key?" may be missing.
    """
    if isinstance(shape, dict):
        _check_dict(value, shape, where)
    elif isinstance(shape, list):
        _check_type(value, list, where)
        for index, item in enumerate(value):
            check_shape(item, shape[0], f"{where}[{index}]")
    else:
        _check_type(value, shape, where)


def _check_dict(value: Any, shape: dict, where: str) -> None:
    _check_type(value, dict, where)
    shapes = {key: shape[str] for key in value} if str in shape else {
        key.removesuffix("?"): inner for key, inner in shape.items() if key.removesuffix("?") in {key, *value}}
    if set(value) != set(shapes):
        raise ValueError(f"{where}: expected the keys {sorted(shapes)}, got {sorted(value)}")
    for key, item in value.items():
        check_shape(item, shapes[key], f"{where}.{key}")


def _check_type(value: Any, types: Any, where: str) -> None:
    types = types if isinstance(types, tuple) else (types,)
    # bool is an int to Python, not to a reader of the file.
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types and object not in types):
        names = " or ".join("null" if kind is type(None) else kind.__name__ for kind in types)
        raise ValueError(f"{where}: expected {names}, got {value!r}")
