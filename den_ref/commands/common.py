"""What every command of ``den-ref`` has: exit statuses, its help, and how misuse is told."""

from __future__ import annotations

import argparse
import sys

#: Exit statuses besides 0: misuse, and what a shell expects after Ctrl-C and after a closed pipe.
MISUSE, INTERRUPTED, PIPE_CLOSED = 2, 130, 141

#: What can be said for a method.
METHODS = "what den-ref options lists, or module:Class, a method of your own in a module on PYTHONPATH"


def add_command(commands, name: str, function, epilog: str) -> argparse.ArgumentParser:
    """A parser for ``den-ref NAME``, described by the function's docstring, which is called with (arguments, argv)."""
    words = function.__doc__.rstrip(".")
    command = commands.add_parser(name, help=words[0].lower() + words[1:], description=function.__doc__, epilog=epilog,
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
    command.set_defaults(command=function)
    return command


def misuse(error: Exception) -> int:
    """Say on stderr what is wrong with the arguments; the exit status."""
    print(f"den-ref: {error}", file=sys.stderr)
    return MISUSE
