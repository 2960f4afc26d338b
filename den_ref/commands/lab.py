"""``den-ref lab``: one HTML page in which DEN is touched."""

import argparse

from .common import add_command, file, way_on

EXAMPLES = """example:
  den-ref lab --out lab.html        then open it in a browser; it needs no network"""


def add(commands) -> None:
    """The command's arguments."""
    command = add_command(commands, "lab", lab, EXAMPLES)
    command.add_argument("--out", type=file, default="lab.html", metavar="FILE", help="the page (default: lab.html)")


def lab(arguments: argparse.Namespace, argv: list[str]) -> int:
    """Write a page to drag DEN's letters on, and to learn a stream live in the browser."""
    from pathlib import Path

    from den_ref.experiment.disk.files import write_text
    from den_ref.lab.page import lab_page

    arguments.kept = lambda: f"no page is written\nbegin again with: {way_on(argv)}"
    page = Path(arguments.out)
    write_text(page, lab_page())
    print(f"{page}: {page.stat().st_size / 1e6:.1f} MB; open it in a browser: {page.resolve().as_uri()}")
    return 0
