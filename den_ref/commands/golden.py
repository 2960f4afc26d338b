"""``den-ref golden``: golden values, and the check of any implementation of DEN."""

import argparse
from pathlib import Path

from .common import add_command, misuse, way_on

CHECK_EXAMPLES = """examples:
  den-ref golden check my_den.py                          functions named as the operations
  den-ref golden check --exec "node my_den.js"            any language, JSON lines over stdin and stdout
  den-ref golden check my_den.py --only "*prox*" fista    a part of it
  den-ref golden check my_den.py --xfail known.txt        lines "ID REASON"
exit status: 0 all right, 1 something is not, 2 misuse, or nothing is implemented."""


def add(commands) -> None:
    """The commands' arguments."""
    golden = commands.add_parser("golden", help="golden values: check any implementation of DEN",
                                 description="Golden values: check any implementation of DEN, piece by piece.")
    _arguments(golden.add_subparsers(required=True, metavar="COMMAND"))


def _arguments(commands) -> None:
    listing = add_command(commands, "list", list_cases, "example:\n  den-ref golden list")
    showing = add_command(commands, "show", show, "example:\n  den-ref golden show soft_threshold")
    showing.add_argument("names", nargs="+", metavar="ID", help="a case or an operation, also with * and ?")
    checking = add_command(commands, "check", check, CHECK_EXAMPLES)
    checking.add_argument("target", nargs="?", metavar="FILE", help="a Python file or importable module")
    checking.add_argument("--exec", dest="execute", metavar="COMMAND", help="a program that answers on its stdout")
    checking.add_argument("--wire", choices=["json", "text"], default="json",
                          help="how a program is asked; text: words between blanks, for languages that read no JSON")
    checking.add_argument("--precision", choices=["f64", "f32"], default="f64", help="f32: wider tolerances")
    checking.add_argument("--xfail", type=Path, metavar="FILE", help="cases that are known to fail, with reasons")
    checking.add_argument("--timeout", type=float, default=10.0, metavar="S", help="seconds per case (default: 10)")
    for command in (listing, checking):
        command.add_argument("--only", nargs="+", action="extend", default=[], metavar="ID",
                             help="these operations or cases, also with * and ?")
    for command in (listing, showing, checking):
        command.add_argument("--json", action="store_true", help="for machines")
    template = add_command(commands, "template", template_of, "example:\n  den-ref golden template torch > my_den.py")
    template.add_argument("language", nargs="?", choices=["numpy", "torch", "jax", "node"], default="numpy",
                          help="default: numpy")
    exporting = add_command(commands, "export", export, "example:\n  den-ref golden export vectors")
    exporting.add_argument("folder", type=Path, metavar="DIR", help="a new or empty folder")


def _golden(work) -> int:
    """Do one of the golden commands; what is wrong with its arguments is misuse."""
    try:
        return work()
    except ValueError as error:
        return misuse(error)


def list_cases(arguments: argparse.Namespace, argv: list[str]) -> int:
    """List the operations and their cases."""
    from den_ref.golden import command

    return _golden(lambda: command.list_cases(arguments.only, arguments.json))


def show(arguments: argparse.Namespace, argv: list[str]) -> int:
    """Print cases, or what an operation is."""
    from den_ref.golden import command

    return _golden(lambda: command.show(arguments.names, arguments.json))


def check(arguments: argparse.Namespace, argv: list[str]) -> int:
    """Check an implementation of DEN, in any language."""
    from den_ref.golden import command

    return _golden(lambda: command.check(arguments.target, arguments.execute, arguments.only, arguments.precision,
                                         arguments.xfail, arguments.timeout, arguments.json, arguments.wire))


def template_of(arguments: argparse.Namespace, argv: list[str]) -> int:
    """Print a skeleton: one function per operation, to be filled in."""
    from den_ref.golden.template import template

    print(template(arguments.language), end="")
    return 0


def export(arguments: argparse.Namespace, argv: list[str]) -> int:
    """Write the golden files into a folder."""
    from den_ref.golden import command

    arguments.kept = lambda: f"no file is in its place\nbegin again with: {way_on(argv)}"
    return _golden(lambda: command.export(arguments.folder))
