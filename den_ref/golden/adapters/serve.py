"""A Python implementation over the wire: ``python -m den_ref.golden.adapters.serve FILE_OR_MODULE``.

``den-ref golden check my_den.py`` asks it this way, so that a file that hangs, exits or crashes the interpreter
costs one case and not the run.  Whatever it prints goes to stderr.
"""

import os
import sys
from typing import BinaryIO

from den_ref.golden.answers import AdapterError
from den_ref.golden.case import Case
from den_ref.golden.format import vector_of
from den_ref.golden.values import FormatError, encode

from .python import PythonAdapter, load_module
from .wire import HELLO, check_hello, line, understand


def main(name: str) -> int:
    """Answer until the questions end; 2 if the file cannot be loaded."""
    questions, answers = sys.stdin.buffer, _private_stdout()
    check_hello(questions.readline())
    try:
        adapter = PythonAdapter(load_module(name))
    except AdapterError as error:
        _send(answers, {"error": str(error)})
        return 2
    _send(answers, HELLO)
    for text in questions:
        question = understand(text)
        cases = vector_of(question["operation"]).cases
        _send(answers, answer(adapter, next(case for case in cases if case.id == question["id"])))
    return 0


def answer(adapter: PythonAdapter, case: Case) -> dict:
    """What is sent back."""
    try:
        outputs = {name: encode(value) for name, value in adapter(case).items()}
    except NotImplementedError as error:
        return {"id": case.id, "not_implemented": True, "note": str(error)}
    except (AdapterError, FormatError) as error:
        return {"id": case.id, "error": str(error)}
    return {"id": case.id, "outputs": outputs}


def _private_stdout() -> BinaryIO:
    """The wire's stdout; from here on, what anybody prints goes to stderr, from C too."""
    private = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return private


def _send(answers: BinaryIO, message: dict) -> None:
    answers.write(line(message))
    answers.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
