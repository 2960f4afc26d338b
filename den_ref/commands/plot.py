"""``den-ref plot``: the tables and figures of a comparison, or of one run."""

import argparse

from .common import add_command, file, folder, misuse, way_on

EXAMPLES = """examples:
  den-ref plot runs/compare                            results.md and figures/ of a comparison, written again
  den-ref plot runs/den                                figures/ of one run: R, its mean, what the boxes did
  den-ref plot runs/compare --into docs/noise.md       fill the marked blocks of a document
  den-ref plot docs/results/mnist-variation.json --into docs/noise.md
                                                       the same from the summary that is kept beside it"""


def add(commands) -> None:
    """The command's arguments."""
    command = add_command(commands, "plot", plot, EXAMPLES)
    command.add_argument("source", type=folder, metavar="DIR",
                         help="folder of a comparison or of a run; with --into also a summary")
    command.add_argument("--into", type=file, metavar="FILE.md",
                         help="a document whose blocks <!-- results:NAME --> ... <!-- end --> are filled")


def plot(arguments: argparse.Namespace, argv: list[str]) -> int:
    """Draw the figures and write the tables of what was learnt."""
    from den_ref.experiment.pages import results_page

    arguments.kept = lambda: ("what was learnt is kept; tables and figures are not written to the end\n"
                              f"begin again with: {way_on(argv)}")
    try:
        written = results_page.plot(arguments.source, arguments.into)
    except ValueError as error:
        return misuse(error, arguments.parser)
    print("\n".join(map(str, written)))
    return 0
