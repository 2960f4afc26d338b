"""``den-ref options``: the methods, their options, and the streams."""

import argparse
import inspect

from .common import add_command, misuse


def add(commands) -> None:
    """The command's arguments."""
    add_command(commands, "options", options, "example:\n  den-ref options den").add_argument(
        "method", nargs="?", metavar="METHOD", help="list this method's options; without it, the methods and streams")


def options(arguments: argparse.Namespace, argv: list[str]) -> int:
    """List the methods and the streams, or the options of a method."""
    try:
        print(_methods_and_streams() if arguments.method is None else _options_of(arguments.method))
    except ValueError as error:
        return misuse(error, arguments.parser)
    return 0


def _methods_and_streams() -> str:
    """DEN first, then what it is compared with."""
    from den_ref.methods import REGISTRY
    from den_ref.tasks import STREAMS

    methods = {"den": REGISTRY["den"], **REGISTRY}
    return "\n".join(["methods, for --method (den-ref options METHOD lists the options of one):", *_about(methods),
                      "", "streams, for --stream:", *_about(STREAMS)])


def _about(named) -> list[str]:
    """A line for each: its name, and the first line of its docstring."""
    return [f"  {name:<22}{(inspect.getdoc(it) or '').partition(chr(10))[0]}" for name, it in named.items()]


def _options_of(name: str) -> str:
    from den_ref.methods import method_named

    return (f"options of {name}, for --set NAME=VALUE (in Python settings={{...}}): name, default, meaning\n"
            f"the defaults are those on mnist-variation; other streams may have their own\n\n"
            f"{method_named(name).Config.explain()}")
