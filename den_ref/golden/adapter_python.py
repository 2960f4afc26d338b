"""Somebody's implementation in Python: a file, a module, or anything with functions named as the operations.

A function gets the inputs by name (a list such as weights/0, weights/1 as one list ``weights``) and returns a dict of
outputs, or a tuple in the order of the signature, or, where there is one output, just that.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from .case import Case
from .format import operations
from .values import declared, flatten, is_required


class AdapterError(Exception):
    """The adapter gave no answer, or none that can be compared.  The text is shown to its author."""


class PythonAdapter:
    """Ask the functions of a module.

    Parameters
    ----------
    functions : module or object
        Whatever has the operations as attributes; those it lacks are not implemented.
    """

    def __init__(self, functions):
        self.functions = functions

    def __call__(self, case: Case) -> dict[str, Any]:
        """The outputs of a case, flat.

        Raises
        ------
        NotImplementedError
            If there is no such function, or if it says so itself.
        AdapterError
            If it raises anything else, or returns what is no answer.
        """
        function = getattr(self.functions, case.operation, None)
        if function is None:
            raise NotImplementedError(self._hint(case.operation))
        try:
            returned = function(**case.arguments())
        except NotImplementedError:
            raise
        except (Exception, SystemExit) as error:
            raise AdapterError(f"{case.operation} raised {described(error)}") from error
        return outputs_of(returned, case.vector.outputs)

    def _hint(self, operation: str) -> str:
        """Perhaps the function is there, misspelt."""
        known = operations()
        others = [name for name in dir(self.functions) if name not in known and name[0] != "_"]
        near = difflib.get_close_matches(operation, others, 1, 0.85)
        return f"there is a {near[0]!r}; is that it?" if near else ""

    def close(self) -> None:
        """Nothing is left open."""


# --- what a function returned ------------------------------------------------------------------------------------


def outputs_of(returned: Any, signature: Mapping[str, str]) -> dict[str, Any]:
    """A returned dict, tuple or single value as flat named outputs; an AdapterError says why it is none.

    >>> outputs_of((0.5, [1, 2]), {"value": "float64", "gradient": "int64[*]"})
    {'value': 0.5, 'gradient': array([1, 2])}
    """
    tops = list(dict.fromkeys(name.partition("/")[0] for name in signature))
    if isinstance(returned, Mapping):
        named = dict(returned)
    elif len(tops) == 1 and not (isinstance(returned, tuple) and len(returned) == 1):
        named = {tops[0]: returned}
    else:
        named = dict(zip(tops, _counted(returned, tops)))
    flat = dict(flatten(named, signature))
    _only_known(flat, signature)
    return {name: value_of(value, name) for name, value in flat.items()}


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


# --- finding the module ------------------------------------------------------------------------------------------


def load_module(name: str) -> ModuleType:
    """A Python file, or a module that can be imported.

    Raises
    ------
    AdapterError
        If it is neither, cannot be run, or has no function named as an operation.
    """
    is_file = name.endswith(".py") or Path(name).is_file()
    try:
        module = _from_file(Path(name)) if is_file else importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise AdapterError(f"{name}: cannot be loaded: {described(error)}") from error
    if not any(hasattr(module, operation) for operation in operations()):
        raise AdapterError(f"{name}: expected functions named as operations ({', '.join(operations()[:3])}, ...), "
                           "got none; den-ref golden list shows them all")
    return module


def _from_file(path: Path) -> ModuleType:
    if path.suffix != ".py":
        raise ValueError("expected a .py file or the name of a module; "
                         f"for another language use --exec 'COMMAND {path}'")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.resolve().parent))             # its neighbours, as when Python runs a file
    sys.modules.setdefault(path.stem, module)
    spec.loader.exec_module(module)
    return module


def described(error: BaseException) -> str:
    """Type, text and place of an error: "ValueError: no (my_den.py, line 3)"."""
    text = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
    if isinstance(error, SyntaxError) and error.lineno:
        return f"{text} ({Path(error.filename or '').name}, line {error.lineno})"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).parent != Path(__file__).parent]
    own = [frame for frame in own if "importlib" not in frame.filename]
    return f"{text} ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else text
