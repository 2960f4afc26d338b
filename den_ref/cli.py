"""The command ``den-ref``: which commands there are."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

import den_ref

from .commands import compare, golden, options, plot, report, run, tune
from .commands.common import INTERRUPTED, PIPE_CLOSED


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; its exit status."""
    argv = sys.argv[1:] if argv is None else list(argv)
    arguments = parser().parse_args(argv)
    try:
        return arguments.command(arguments, argv)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has gone; a second complaint at exit would be noise.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED


def parser() -> argparse.ArgumentParser:
    """The arguments of the command."""
    top = argparse.ArgumentParser(
        prog="den-ref", description="Lifelong learning with dynamically expandable networks, in NumPy.",
        epilog="example: den-ref run --out runs/den")
    top.add_argument("--version", action="version", version=f"den-ref {den_ref.__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for command in (run, report, compare, tune, plot, options, golden):
        command.add(commands)
    return top
