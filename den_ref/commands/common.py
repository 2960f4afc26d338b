"""What every command of ``den-ref`` has: exit statuses, its help, and how misuse is told."""

import argparse
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager

#: Exit statuses besides 0: not done, misuse, and what a shell expects after Ctrl-C and after a closed pipe.
FAILED, MISUSE, INTERRUPTED, PIPE_CLOSED = 1, 2, 130, 141

#: What can be said for a method.
METHODS = "what den-ref options lists, or module:Class, a method of your own in a module on PYTHONPATH"


class Parser(argparse.ArgumentParser):
    """Arguments that say what may have been meant: ``den-ref runn``."""

    def _check_value(self, action, value):
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            from den_ref.doors import did_you_mean                 # here, since it loads NumPy

            error.message += did_you_mean(str(value), map(str, action.choices))
            raise


def add_command(commands, name: str, function, epilog: str) -> argparse.ArgumentParser:
    """A parser for ``den-ref NAME``, described by the function's docstring, which is called with (arguments, argv)."""
    about = function.__doc__ or f"{name}."                         # python -OO keeps no docstrings
    command = commands.add_parser(name, help=about[0].lower() + about[1:].rstrip("."), description=about, epilog=epilog,
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
    command.set_defaults(command=function, parser=command)
    return command


def folder(text: str, what: str = "a folder") -> str:
    """The type of arguments that name a folder: any text but none, which would be the working folder."""
    if not text:
        raise argparse.ArgumentTypeError(f"expected {what}, got ''")
    return text


def file(text: str) -> str:
    """The type of arguments that name a file."""
    return folder(text, "a file")


@contextmanager
def options_of(method: str) -> Iterator[None]:
    """A ValueError about options says whose they are."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"options of {method}: {error}") from error


def way_on(argv: list[str], *more: str) -> str:
    """The command that goes on: the one that was given, with what it lacks."""
    return shlex.join(["den-ref", *argv, *(word for word in more if word not in argv)])


def misuse(error: Exception, parser: argparse.ArgumentParser | None = None) -> int:
    """Say on stderr what is wrong with the arguments, in the words of the command line; the exit status."""
    print(f"den-ref: {as_typed(str(error), parser)}", file=sys.stderr)
    return MISUSE


def as_typed(text: str, parser: argparse.ArgumentParser | None) -> str:
    """A refusal that begins with a Python name, "n_tasks: ...", with what is typed for it instead: "--tasks: ..."."""
    name, colon, rest = text.partition(":")
    flags = {action.dest: (action.option_strings or [action.metavar])[0]
             for action in (parser._actions if parser else [])}
    typed = flags | {str(flag).lstrip("-"): flag for flag in flags.values()}               # "from" is no name in Python
    plain = name.removeprefix("n_")
    flag = typed.get(plain) or typed.get(f"{plain}s")              # compare's --methods, --seeds
    return f"{flag}:{rest}" if flag and colon else text
