"""``den-ref options``: the methods, and what ``--set`` knows."""

import argparse
import inspect

from .common import add_command, misuse


def add(commands) -> None:
    """The command's arguments."""
    add_command(commands, "options", options, "example:\n  den-ref options den").add_argument(
        "method", nargs="?", help="list this method's options; without it, list the methods")


def options(arguments: argparse.Namespace, argv: list[str]) -> int:
    """List the methods, or the options of one."""
    from den_ref.methods import REGISTRY, method_named

    try:
        if arguments.method is None:
            print("\n".join(f"{name:<20}{_first_line(kind)}" for name, kind in REGISTRY.items()))
        else:
            print(method_named(arguments.method).Config.explain())
    except ValueError as error:
        return misuse(error)
    return 0


def _first_line(kind: type) -> str:
    return (inspect.getdoc(kind) or "").partition("\n")[0]
