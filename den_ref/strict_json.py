"""JSON as the standard has it, read with every doubt; what Python's reader lets through besides is refused."""

import json
import math
from typing import Any


def strict_json(text: str | bytes, error: type[ValueError] = ValueError) -> Any:
    """The value of a JSON text; bytes are UTF-8, with or without a byte-order mark.

    Raises
    ------
    ValueError, or ``error``
        If it is no JSON, holds NaN or Infinity or a number that no float can hold, has a key twice, or is nested too
        deeply.

    >>> strict_json('{"a": [1, 0.5, null]}')
    {'a': [1, 0.5, None]}
    """
    def no_constant(name: str):
        raise error(f'expected "nan", "inf" or "-inf" (with quotation marks), got {name}')

    def finite(number: str) -> float:
        if math.isinf(value := float(number)):
            raise error(f"expected numbers that a float can hold, got {number[:20]}")
        return value

    def once(pairs: list) -> dict:
        table = dict(pairs)
        if len(table) < len(pairs):
            names = [name for name, _ in pairs]
            raise error(f"expected every key once, got {max(names, key=names.count)!r} twice")
        return table

    try:
        text = text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff")
        return json.loads(text, parse_constant=no_constant, parse_float=finite, object_pairs_hook=once)
    except UnicodeDecodeError as wrong:
        raise error(f"expected JSON in UTF-8, got the byte {wrong.object[wrong.start]:#x} at {wrong.start}") from wrong
    except json.JSONDecodeError as wrong:
        came = repr(text[wrong.pos:wrong.pos + 20]) if text[wrong.pos:].strip() else "its end"
        raise error(f"expected JSON, got {came} in line {wrong.lineno}, column {wrong.colno} ({wrong.msg})") from wrong
    except RecursionError as deep:
        raise error("expected JSON that is not nested so deeply") from deep
