"""A file's content as a Vector: every rule of ``schema.json``, and those it cannot say, checked without a library."""

import re
from typing import Any

from .case import Case, Vector
from .compare import CLASSES
from .values import DTYPES, SCHEMA, FormatError, declared, decode, is_required

#: More than white space.
ANY_TEXT = r"(?s).*\S.*"
SLUG = r"[a-z0-9]+(?:[-_][a-z0-9]+)*"
#: "float64", "float64[*,*]" or, with a letter per axis, "float64[n,p]"; "string"; a "?" at the end: may be left out.
TYPE = re.compile(rf"(?:(?:{'|'.join(DTYPES)})(?:\[(?:[*\w]+(?:,[*\w]+)*)?\])?|string)\??")

_FILE = {"schema", "operation", "equation", "signature", "conventions", "mistakes", "cases"}
_CASE = {"id", "about", "inputs", "expected", "tolerance", "oracle", "wrong"}


def parse(document: Any) -> Vector:
    """A file's content as a Vector; a FormatError says what is not as it should be."""
    version = _table(document, "file").get("schema")
    if version != SCHEMA:
        raise FormatError(f"schema: expected {SCHEMA}, got {version!r}; use the den_ref that the file was written for")
    _keys(document, _FILE, "file")
    _keys(document["signature"], {"inputs", "outputs"}, "signature")
    vector = Vector(
        operation=_text(document["operation"], "operation", SLUG),
        equation=_text(document["equation"], "equation"),
        inputs=_types(document["signature"]["inputs"], "signature.inputs"),
        outputs=_types(document["signature"]["outputs"], "signature.outputs"),
        conventions=tuple(_text(line, "conventions[]") for line in _list(document["conventions"], "conventions")),
        mistakes={_text(name, "mistakes", SLUG): _text(sentence, f"mistakes.{name}")
                  for name, sentence in _table(document["mistakes"], "mistakes").items()},
    )
    # The cases know their vector and the vector its cases, so one of the two is filled in afterwards.
    object.__setattr__(vector, "cases", tuple(_case(entry, vector) for entry in _list(document["cases"], "cases")))
    ids = [case.id for case in vector.cases]
    if len(set(ids)) < len(ids):
        raise FormatError(f"cases: expected every id once, got {max(ids, key=ids.count)!r} twice")
    return vector


def _case(entry: Any, vector: Vector) -> Case:
    _keys(entry, _CASE, "case", optional={"margin"})
    where = _text(entry["id"], "id", f"{re.escape(vector.operation)}/{SLUG}")
    expected = _values(entry["expected"], vector.outputs, f"{where}: expected")
    return Case(
        vector=vector, id=where,
        about=_text(entry["about"], f"{where}: about"),
        inputs=_values(entry["inputs"], vector.inputs, f"{where}: inputs"),
        expected=expected,
        tolerance=_tolerances(entry["tolerance"], expected, vector, f"{where}: tolerance"),
        oracle=_text(entry["oracle"], f"{where}: oracle"),
        wrong={name: _wrong(fields, name, vector, f"{where}: wrong.{name}")
               for name, fields in _table(entry["wrong"], f"{where}: wrong").items()},
        margin=entry.get("margin"),
    )


def _values(entry: Any, signature: dict[str, str], where: str) -> dict[str, Any]:
    """Named values that fit a signature: every one declared, and every declared one there."""
    table = _table(entry, where)
    for name in signature:
        if name not in table and is_required(name, signature):
            raise FormatError(f"{where}: expected {name!r}, which the signature declares, got {sorted(table)}")
    return {name: _value(value, signature, name, f"{where}.{name}") for name, value in table.items()}


def _value(value: Any, signature: dict[str, str], name: str, where: str) -> Any:
    pattern = declared(name, signature)
    if pattern is None:
        raise FormatError(f"{where}: expected one of the declared names {list(signature)}")
    found, kind = decode(value, where), signature[pattern].rstrip("?")
    if not fits(found, kind):
        raise FormatError(f"{where}: expected {kind}, got {_kind_of(found)}")
    return float(found) if kind in ("float64", "float32") else found


def fits(value: Any, kind: str) -> bool:
    """Is a value of the type that a signature names?  A whole number is a float too, where a number stands alone."""
    found, kind = _kind_of(value), re.sub(r"\w+(?=[,\]])", "*", kind)
    alike = {"float64": ("int64",), "float32": ("float64", "int64"), "int32": ("int64",)}
    return found == kind or found in alike.get(kind, ())


def _kind_of(value: Any) -> str:
    if hasattr(value, "shape"):
        return f"{value.dtype.name}[{','.join('*' * value.ndim)}]"
    return {bool: "bool", int: "int64", float: "float64", str: "string"}[type(value)]


def _tolerances(entry: Any, expected: dict[str, Any], vector: Vector, where: str) -> dict[str, str]:
    table = _table(entry, where)
    for name, kind in table.items():
        if kind not in CLASSES:
            raise FormatError(f"{where}.{name}: expected one of {', '.join(CLASSES)}, got {kind!r}")
    without = [name for name in expected if declared(name, table) is None]
    unused = [name for name in table if name not in expected and name not in vector.outputs]
    if without or unused:
        raise FormatError(f"{where}: expected one for every expected output, and no others; "
                          f"without: {without}, without an output: {unused}")
    return table


def _wrong(entry: Any, mistake: str, vector: Vector, where: str) -> dict[str, Any]:
    if mistake not in vector.mistakes:
        raise FormatError(f"{where}: expected one of the named mistakes {list(vector.mistakes)}")
    fields = _table(entry, where)
    unknown = [name for name in fields if declared(name, vector.outputs) is None]
    if unknown or not fields:
        raise FormatError(f"{where}: expected outputs out of {list(vector.outputs)}, got {unknown}")
    return {name: decode(value, f"{where}.{name}") for name, value in fields.items()}


# --- plain things ------------------------------------------------------------------------------------------------


def _keys(entry: Any, keys: set[str], where: str, optional: set[str] = frozenset()) -> None:
    found = _table(entry, where).keys()
    missing, unknown = sorted(keys - found), sorted(found - keys - optional)
    if missing or unknown:
        raise FormatError(f"{where}: expected the keys {sorted(keys)}; missing: {missing}, unknown: {unknown}")


def _table(entry: Any, where: str) -> dict:
    if not isinstance(entry, dict):
        raise FormatError(f"{where}: expected an object with named entries, got {type(entry).__name__}")
    return entry


def _list(entry: Any, where: str) -> list:
    if not isinstance(entry, list):
        raise FormatError(f"{where}: expected a list, got {type(entry).__name__}")
    return entry


def _text(entry: Any, where: str, pattern: str = ANY_TEXT) -> str:
    if not (isinstance(entry, str) and re.fullmatch(pattern, entry)):
        like = "" if pattern == ANY_TEXT else f" like {pattern}"
        raise FormatError(f"{where}: expected a text{like}, got {entry!r}")
    return entry


def _types(entry: Any, where: str) -> dict[str, str]:
    for name, kind in _table(entry, where).items():
        if not (isinstance(kind, str) and TYPE.fullmatch(kind)):
            raise FormatError(f"{where}.{name}: expected a type such as float64, float64[*,*] or string, got {kind!r}")
    return entry
