"""What goes over stdin and stdout between the checker and an implementation in any language: one JSON object a line.

::

    both, first   {"hello": "den-golden", "schema": 1}      (an adapter that cannot: {"error": "text"})
    question      {"id": "soft_threshold/larger", "operation": "soft_threshold", "inputs": {"w": {...}, "step": 0.5}}
    answer        {"id": "soft_threshold/larger", "outputs": {"w": {...}}}
              or  {"id": "soft_threshold/larger", "not_implemented": true}
              or  {"id": "soft_threshold/larger", "error": "text"}

UTF-8, one question at a time, nothing else on stdout.  The end of stdin is the end of the questions.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from den_ref.golden.answers import AdapterError
from den_ref.golden.case import Case
from den_ref.golden.values import SCHEMA, FormatError, declared, decode, encode, is_required
from den_ref.strict_json import strict_json

HELLO = {"hello": "den-golden", "schema": SCHEMA}
#: No answer is nearly as long; a longer line is not read.
LONGEST_LINE = 4_000_000


class WireError(AdapterError):
    """A line that breaks the protocol: what follows it cannot be trusted."""


class Refusal(WireError):
    """Instead of a hello: why there is none."""


def line(message: dict) -> bytes:
    """A message as it is sent."""
    return json.dumps(message, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def question(case: Case) -> bytes:
    """What is asked."""
    inputs = {name: encode(value) for name, value in case.inputs.items()}
    return line({"id": case.id, "operation": case.operation, "inputs": inputs})


def understand(text: bytes) -> dict:
    """A line as an object; a WireError if it is none."""
    try:
        message = strict_json(text)
    except ValueError as error:
        raise WireError(f"expected one JSON object a line, got {shortened(text)} ({error})") from error
    if not isinstance(message, dict):
        raise WireError(f"expected a JSON object, got {shortened(text)}")
    return message


@dataclass(frozen=True)
class Wire:
    """How messages are written as lines: the first one, a question, and a line as an object."""

    hello: bytes
    question: Callable[[Case], bytes]
    understand: Callable[[bytes], dict]


JSON = Wire(line(HELLO), question, understand)


def check_hello(text: bytes, wire: Wire = JSON) -> None:
    """The first line must greet in this version of the format."""
    message = wire.understand(text)
    if "error" in message:
        raise Refusal(str(message["error"]))
    if message.get("hello") != HELLO["hello"]:
        raise WireError(f"expected the first line {wire.hello.decode().strip()}, got {shortened(text)}")
    if message.get("schema") != SCHEMA:
        raise WireError(f"expected schema {SCHEMA}, got {message.get('schema')!r}: the adapter is written for another "
                        "version of the golden values")


def outputs(case: Case, text: bytes, wire: Wire = JSON) -> dict[str, Any]:
    """The answer to a case.

    Raises
    ------
    NotImplementedError
        If it says so.
    WireError
        If it is no answer to this question.
    AdapterError
        If it is an error, or outputs that are not encoded as they should be.
    """
    message = wire.understand(text)
    if message.get("id") != case.id:
        raise WireError(f"expected the answer to {case.id!r}, got one to {message.get('id')!r}: "
                        "answer every question once, in order")
    if message.get("not_implemented") is True:
        raise NotImplementedError(str(message.get("note", "")))
    if "error" in message:
        raise AdapterError(str(message["error"]))
    if not isinstance(message.get("outputs"), dict):
        raise AdapterError(f'expected "outputs", "not_implemented" or "error", got {shortened(text)}')
    return _decoded(case, message["outputs"])


def _decoded(case: Case, encoded: dict) -> dict[str, Any]:
    signature = case.vector.outputs
    unknown = [name for name in encoded if declared(name, signature) is None]
    missing = [name for name in signature if name not in encoded and is_required(name, signature)]
    if unknown or missing:
        raise AdapterError(f"expected the outputs {', '.join(signature)}, got {', '.join(encoded) or 'none'}")
    try:
        return {name: decode(value, name) for name, value in encoded.items()}
    except FormatError as error:
        raise AdapterError(f"output {error}") from error


def shortened(text: bytes) -> str:
    """The beginning of a line, printable."""
    start = text[:80].decode("utf-8", "replace").strip()
    return repr(start) + (f" ... ({len(text)} bytes)" if len(text) > 80 else "")
