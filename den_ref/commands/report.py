"""``den-ref report``: a run as one HTML page that plays it box by box."""

import argparse
import sys

from .common import add_command, file, folder, misuse, way_on

EXAMPLES = """examples:
  den-ref report runs/den                        write runs/den/report.html from the steps kept there
  den-ref report runs/den --out lesson.html      write it elsewhere
den-ref run --out DIR --keep-steps keeps the steps; with --report it also writes the page."""


def add(commands) -> None:
    """The command's arguments."""
    command = add_command(commands, "report", report, EXAMPLES)
    command.add_argument("folder", type=folder, metavar="DIR", help="folder of a run that kept its steps")
    command.add_argument("--out", type=file, metavar="FILE", help="the page (default: DIR/report.html)")


def report(arguments: argparse.Namespace, argv: list[str]) -> int:
    """Write a page that plays a run box by box."""
    return write(arguments, arguments.folder, arguments.out)


def write(arguments: argparse.Namespace, folder: str, out: str | None = None) -> int:
    """Write the page and say where it is; the exit status."""
    from den_ref import experiment

    again = ["report", folder, *([] if out is None else ["--out", out])]
    arguments.kept = lambda: f"the run is kept; no page is written\nbegin again with: {way_on(again)}"
    display = experiment.Live() if sys.stderr.isatty() else experiment.Lines()
    try:
        page = experiment.write_player(folder, out, display)
    except ValueError as error:
        return misuse(error, arguments.parser)
    display.say(f"{page}: {page.stat().st_size / 1e6:.1f} MB; open it in a browser: {page.resolve().as_uri()}")
    return 0
