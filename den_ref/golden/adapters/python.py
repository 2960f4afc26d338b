"""Somebody's implementation in Python: a file, a module, or anything with functions named as the operations.

A function gets the inputs by name (a list such as weights/0, weights/1 as one list ``weights``) and returns a dict of
outputs, or a tuple in the order of the signature, or, where there is one output, just that.
"""

import difflib
import importlib
import importlib.util
import inspect
import sys
import sysconfig
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from den_ref.golden.answers import AdapterError, outputs_of
from den_ref.golden.case import Case
from den_ref.golden.format import operations

#: Where what comes with Python and what was installed lies.
INSTALLED = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}


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
        arguments = case.arguments()
        _must_take(function, case.operation, arguments)
        try:
            returned = function(**arguments)
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


def _must_take(function: Any, operation: str, arguments: dict) -> None:
    """Refuse a function whose arguments have other names: what is asked of it, and what it takes."""
    try:
        takes = inspect.signature(function)
    except (TypeError, ValueError):                                # not everything says what it takes
        return
    try:
        takes.bind(**arguments)
    except TypeError as error:
        raise AdapterError(f"{operation}: expected a function of ({', '.join(arguments)}), got one of {takes}: "
                           f"{error}") from error


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
        module = _from_file(Path(name)) if is_file else _imported(name)
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
    _show_neighbours(path.resolve().parent)
    sys.modules.setdefault(path.stem, module)
    spec.loader.exec_module(module)
    return module


def _imported(name: str) -> ModuleType:
    _show_neighbours(Path.cwd())
    return importlib.import_module(name)


def _show_neighbours(folder: Path) -> None:
    """Let modules of a folder be found: before what is installed, but behind Python's own, which none of them hides."""
    own = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    places = [i for i, path in enumerate(sys.path) if path in own or Path(path).name == "lib-dynload"]
    sys.path.insert(max(places, default=-1) + 1, str(folder))


def described(error: BaseException) -> str:
    """Type, text and place of an error: "ValueError: no (my_den.py, line 3)"."""
    text = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
    if isinstance(error, SyntaxError) and error.lineno:
        return f"{text} ({Path(error.filename or '').name}, line {error.lineno})"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__)
              if Path(frame.filename).parent != Path(__file__).parent and "importlib" not in frame.filename]
    # The last line that its author wrote: not one of a library that it calls.
    own = [frame for frame in frames if not any(Path(frame.filename).is_relative_to(place) for place in INSTALLED)]
    place = (own or frames[:1])[-1:]
    return text + "".join(f" ({Path(frame.filename).name}, line {frame.lineno})" for frame in place)
