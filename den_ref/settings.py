"""A dataclass of options that validates, explains, prints and parses itself.

Every method's options are one such class.  A field is declared with its default, a sentence and a check:

    mu: float = option(1e-4, "strength of the L1 penalty", at_least(0))
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np

from .doors import did_you_mean

#: The type of an option that is one number, or one number per layer.
PerLayer = float | tuple[float, ...]


def option(default: Any, doc: str, check: Callable[[Any], str | None] = lambda value: None) -> Any:
    """A documented field: ``check(value)`` returns None, or what was expected."""
    return dataclasses.field(default=default, metadata={"doc": doc, "check": check})


def _numbers(value) -> list:
    """The numbers in a scalar or a tuple of them; [] if there is anything else."""
    values = value if isinstance(value, tuple) else (value,)
    fine = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)
    return list(values) if fine else []


def at_least(low: float, *, above: bool = False, below: float | None = None, per_layer: bool = False,
             infinite: bool = False):
    """Check: a number >= low (> low with ``above``, < ``below`` if given); a tuple of them with ``per_layer``.

    Infinity is refused unless ``infinite``.
    """
    text = f"a number {'>' if above else '>='} {low}" + ("" if below is None else f" and < {below}")
    text += " (or one per layer)" if per_layer else ""

    def check(value):
        numbers = _numbers(value) if per_layer or not isinstance(value, tuple) else []
        if not infinite and math.inf in numbers:
            return f"{text}, finite"
        inside = numbers and all(
            (v > low if above else v >= low) and (below is None or v < below) for v in numbers
        )
        return None if inside else text

    return check


def integer(low: int, *, per_layer: bool = False, many: bool = False, empty: bool = False, optional: bool = False):
    """Check: an integer >= low; with ``per_layer`` also a tuple of them, with ``many`` only a tuple, not ``empty``."""
    text = f"integers >= {low}, one per hidden layer" if many else f"an integer >= {low}"
    text = f"integers >= {low}, one per layer, or ()" if empty else text
    text += " (or one per layer)" if per_layer else ""
    text += " or none" if optional else ""

    def check(value):
        if optional and value is None:
            return None
        shaped = isinstance(value, tuple) == many or per_layer
        values = value if isinstance(value, tuple) else (value,)
        fine = shaped and (values or empty) and all(type(v) is int and v >= low for v in values)
        return None if fine else text

    return check


def one_of(*choices: Any):
    """Check: one of the choices (of the same type)."""
    def check(value):
        fine = any(type(value) is type(choice) and value == choice for choice in choices)
        return None if fine else "one of " + ", ".join(map(repr, choices))

    return check


@dataclasses.dataclass(frozen=True)
class Settings:
    """Base of all option classes: checks every name and field when made, and can be read from text."""

    #: Names of the fields that are explained first, in this order; the others follow as they are declared.
    EXPLAINED_FIRST: ClassVar[tuple[str, ...]] = ()

    def __new__(cls, *values, **named):
        cls.check_names(named, cls.__name__)                       # Python's own refusal knows no name that was meant
        return super().__new__(cls)

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = _plain(getattr(self, field.name))
            object.__setattr__(self, field.name, value)
            expected = field.metadata["check"](value)
            if expected is not None:
                raise ValueError(f"{field.name}: expected {expected}, got {value!r}")

    @classmethod
    def explain(cls) -> str:
        """One line per option: name, default, meaning."""
        fields = {field.name: field for field in dataclasses.fields(cls)}
        names = dict.fromkeys([*(name for name in cls.EXPLAINED_FIRST if name in fields), *fields])
        rows = [(name, as_text(fields[name].default), fields[name].metadata["doc"]) for name in names]
        long, longer = (max((len(row[i]) for row in rows), default=0) for i in (0, 1))
        return "\n".join(f"{name:<{long}}  {default:<{longer}}  {doc}" for name, default, doc in rows)

    @classmethod
    def check_names(cls, given: Iterable[str], where: str) -> None:
        """A ValueError for the first that is no option's name; it says which was probably meant."""
        known = sorted(field.name for field in dataclasses.fields(cls))
        for name in given:
            if name not in known:
                meant = did_you_mean(name, known) or f"; known names: {', '.join(known)}"
                raise ValueError(f"{where}: unknown name {name!r}{meant}")

    def with_text(self, assignments: Iterable[str]) -> Settings:
        """A copy changed by texts such as ``"mu=1e-4"``, ``"hidden=64,32"``, ``"max_splits=none"``.

        Raises
        ------
        ValueError
            For a text without "=", an unknown name (the error lists the known ones) or a value that fails its check.
        """
        checks = {field.name: field.metadata["check"] for field in dataclasses.fields(self)}
        changes = {}
        for text in assignments:
            name, equals, value = text.partition("=")
            name = name.strip()
            if not equals:
                raise ValueError(f"set: expected name=value, got {text!r}")
            self.check_names([name], "set")
            changes[name] = _fitting(value.strip(), checks[name])
        return dataclasses.replace(self, **changes)

    def per_layer(self, name: str, count: int) -> tuple:
        """An option as ``count`` values: a short list repeats its last entry; only a default is ever cut."""
        value = getattr(self, name)
        values = value if isinstance(value, tuple) else (value,)
        default = next(f.default for f in dataclasses.fields(self) if f.name == name)
        if len(values) > count and value != default:
            raise ValueError(f"{name}: expected at most {count} values for the layers there are, got {value!r}")
        return (values + values[-1:] * count)[:count]

    def to_dict(self) -> dict[str, Any]:
        """The options as JSON types (tuples become lists, infinity the string "inf")."""
        return {f.name: _to_json(getattr(self, f.name)) for f in dataclasses.fields(self)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Settings:
        """The inverse of :meth:`to_dict`; an unknown name is a ValueError."""
        cls.check_names(values, "options")
        return cls(**{name: _from_json(value) for name, value in values.items()})


def as_text(value: Any) -> str:
    """An option's value as :meth:`Settings.with_text` and ``--set`` take it.

    >>> as_text([0.1, 0.01]), as_text("eq4"), as_text(())
    ('0.1,0.01', 'eq4', '()')
    """
    return ",".join(map(as_text, value)) or "()" if isinstance(value, (list, tuple)) else str(value)


def _plain(value):
    """Lists become tuples and NumPy scalars Python ones, so that options compare and print alike."""
    if isinstance(value, (list, tuple)):
        return tuple(_plain(v) for v in value)
    return value.item() if isinstance(value, np.generic) else value


def _fitting(text: str, check):
    """The text as the value the check accepts: as parsed, as a list of one, or as the word itself."""
    value = _from_text(text)
    return next((v for v in (value, (value,), text) if check(v) is None), value)


def _from_text(text: str):
    """'64,32' -> (64, 32); '()' -> (); '1e-4' -> 0.0001; 'true', 'none', 'inf' as named; anything else stays text."""
    if text == "()":
        return ()
    if "," in text:
        return tuple(_from_text(part.strip()) for part in text.strip("()[]").split(",") if part.strip())
    words = {"true": True, "false": False, "none": None, "inf": float("inf")}
    if text.lower() in words:
        return words[text.lower()]
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def _to_json(value):
    if isinstance(value, tuple):
        return [_to_json(v) for v in value]
    return "inf" if value == float("inf") else value


def _from_json(value):
    if isinstance(value, list):
        return tuple(_from_json(v) for v in value)
    return float("inf") if value == "inf" else value
