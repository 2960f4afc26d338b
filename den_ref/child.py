"""Python processes of ours: they import from where this one does, but never from the working folder."""

import os
import sys
from pathlib import Path


def python(program: str, *arguments: str) -> list[str]:
    """The command line of a Python process that runs a program's text.

    Python on its own (``-c``, ``-m``) looks into the working folder first: a file ``json.py`` or a folder ``den_ref``
    that lies there would be taken for what it is named after, and run.
    """
    paths = f"sys.path[:] = dict.fromkeys([*{ascii(search_path())}, *filter(None, sys.path)])"
    return [sys.executable, "-c", f"import sys; {paths}; {program}", *arguments]


def search_path() -> list[str]:
    """Where modules are looked for, without the working folder that Python has put first.

    Of a script that is running there, the folder stays, as the last: its neighbours are found, and hide nothing.
    """
    first, *others = sys.path or [""]
    here = os.getcwd()
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    paths = [path for path in ([] if first in ("", here) else [first]) + others if path]
    home = str(Path(__file__).parents[1])
    last = [here] if first in ("", here) and script and Path(script).resolve().parent == Path(here).resolve() else []
    return list(dict.fromkeys([*paths, home, *last]))
