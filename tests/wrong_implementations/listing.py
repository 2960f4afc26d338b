"""How a wrong implementation is put on the list.

::

    @wrong("soft_threshold", r"hard-threshold")
    def keeps_the_rest(w, step, mu):
        \"\"\"Entries beyond the threshold stay as they are.\"\"\"
        return w * (abs(w) > step * mu)

The docstring says what was got wrong.  The regular expression decides whether a diagnosis names it: it is looked for in
"name: what it says", whatever the case.  It was written with the function, before any verdict.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Wrong:
    """One wrong implementation of one operation.

    operation, name, did : of which, its own name, what was got wrong
    function : takes the operation's inputs by name, returns its outputs as an adapter does
    named : the regular expression that a right diagnosis matches
    known : the mistake in the golden files that it was when it was written, or ""
    hard : it shows in unusual situations only
    """

    operation: str
    name: str
    did: str
    function: Callable
    named: str
    known: str = ""
    hard: bool = False

    def is_named_by(self, diagnosis: str) -> bool:
        """Does a diagnosis say what was got wrong?"""
        return re.search(self.named, diagnosis, re.IGNORECASE) is not None


def puts_on(these: list[Wrong]) -> Callable:
    """The decorator that puts a function on a list."""
    def wrong(operation: str, named: str = "", *, known: str = "", hard: bool = False):
        """Decorator: put a function on the list.  What is known already is named by its own name."""
        def put(function):
            these.append(Wrong(operation, function.__name__, function.__doc__, function, named or known, known, hard))
            return function

        return put

    return wrong


LIST: list[Wrong] = []
wrong = puts_on(LIST)
