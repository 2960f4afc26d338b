"""The command ``den-ref``: which commands there are, and the one ending of them all.

Nothing is imported before it is needed, so that whatever goes wrong, in the first moments too, ends in words.
"""

import sys


def main(argv: list[str] | None = None) -> int:
    """Run the command; its exit status."""
    try:
        import argparse

        from .commands import ending
    except KeyboardInterrupt:
        return 130
    program = argv is None
    heard = ending.heard_interrupts() if program else []
    argv, arguments = sys.argv[1:] if argv is None else list(argv), argparse.Namespace(kept=None, parser=None)
    try:
        ending.open_streams()
        if program:
            ending.plain_warnings()
        try:
            _, unknown = parser().parse_known_args(argv, arguments)
            if unknown:                                            # argparse would show the usage of all commands
                arguments.parser.error(f"expected no more arguments, got {' '.join(unknown)}")
            return arguments.command(arguments, argv)
        finally:
            sys.stdout.flush()                                     # who does not take it is told of here, not at exit
    except ending.EARLY as error:
        return ending.ended(error, arguments.kept, arguments.parser)
    except Exception:
        if not heard:
            raise
        return ending.ended(KeyboardInterrupt(), arguments.kept)
    finally:
        ending.takes_nothing(sys.stderr)                           # nor who does not take what is said last
        if program:                                                # what is left is Python's own end
            ending.deaf_to_interrupts()


def parser():
    """The arguments of the command: an ``argparse.ArgumentParser``.  Without any, its help is shown."""
    import den_ref

    from .commands import compare, golden, lab, options, plot, report, run, tune
    from .commands.common import Parser

    top = Parser(
        prog="den-ref", description="Lifelong learning with dynamically expandable networks, in NumPy.",
        epilog="example: den-ref run --out runs/den")
    top.add_argument("--version", action="version", version=f"den-ref {den_ref.__version__}")
    top.set_defaults(command=lambda arguments, argv: top.print_help() or 0, parser=top)
    commands = top.add_subparsers(metavar="COMMAND")
    for command in (run, report, compare, tune, plot, options, golden, lab):
        command.add(commands)
    return top
