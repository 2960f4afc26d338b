"""``den-ref compare``: several methods on one stream, several seeds, on all cores or on a cluster."""

import argparse
import sys
from contextlib import ExitStack

from .common import FAILED, METHODS, add_command, folder, misuse, options_of, way_on
from .stream import add_stream_arguments, stream_options

#: Where it is written, by what is compared: (in full, its small version).
OUT, PAPER_OUT = ("runs/compare", "runs/quick"), ("runs/paper", "runs/paper-quick")

EXAMPLES = """examples:
  den-ref compare                                           all methods, three seeds, DEN at other strengths
  den-ref compare --resume                                  go on after an interruption; try again what failed
  den-ref compare --quick                                   a small version
  den-ref compare --paper                                   the paper's experiment, its curves behind ours
  den-ref compare --paper --quick                           a small version of that
  den-ref compare --methods den,stl --stream toy --out runs/toy
  den-ref compare --methods l2,ewc --set l2.hidden=64,32 ewc.hidden=64,32 --out runs/small
  den-ref compare --dask tcp://10.0.0.1:8786 --out /mnt/all/compare
exit status: 0 all that was asked for is learnt, 1 it is not or cannot be written, 2 misuse, 130 interrupted."""


def add(commands) -> None:
    """The command's arguments."""
    command = add_command(commands, "compare", compare, EXAMPLES)
    _what_arguments(command.add_argument_group("what is compared"))
    _how_arguments(command.add_argument_group("where it is learnt and written"))


def _what_arguments(what) -> None:
    what.add_argument("--methods", metavar="NAME,...", help=f"by default all that can answer on the stream; {METHODS}")
    add_stream_arguments(what)
    what.add_argument("--seeds", type=int, nargs="+", metavar="S",
                      help="by default 0 1 2; --paper: 0 1 2 3 4; --quick: 0")
    what.add_argument("--set", dest="settings", nargs="+", action="extend", default=[], metavar="METHOD.NAME=VALUE",
                      help="options of a method, e.g. den.sigma=0.3 l2.hidden=64,32")
    what.add_argument("--sweep", action=argparse.BooleanOptionalAction,
                      help="also DEN with sigma, gamma, mu, k and split_original changed, one at a time, and "
                           "fine-tuning in other ways (by default with all methods, but not with --quick)")
    what.add_argument("--paper", action="store_true",
                      help="the paper's experiment instead: its networks at its sizes on the stream nearest to its own")
    what.add_argument("--quick", action="store_true",
                      help="a small version of either, to see it work: fewer tasks, fewer digits, one seed; "
                           "what it says of the methods is not what the full comparison says")


def _how_arguments(how) -> None:
    where = how.add_mutually_exclusive_group()
    where.add_argument("--jobs", type=int, metavar="N", help="runs at a time (default: the number of cores)")
    where.add_argument("--dask", metavar="ADDRESS", help="learn on the workers of this Dask scheduler")
    how.add_argument("--out", type=folder, metavar="DIR",
                     help=f"folder for everything (default: {OUT[0]}; --quick: {OUT[1]}; --paper: {PAPER_OUT[0]}, "
                          f"{PAPER_OUT[1]})")
    how.add_argument("--resume", action="store_true",
                     help="go on with what is in DIR, start if there is nothing; methods and seeds may be added")


def compare(arguments: argparse.Namespace, argv: list[str]) -> int:
    """Compare methods on a stream of tasks."""
    from den_ref import experiment

    out = arguments.out or (PAPER_OUT if arguments.paper else OUT)[arguments.quick]
    with ExitStack() as claim, ExitStack() as stack:               # left in the other order: first the runs end
        try:
            executor = stack.enter_context(_executor(arguments))
            cells, stream, options = (_the_papers if arguments.paper else _asked)(arguments)
            work = experiment.begin_comparison(cells, stream, out=out, resume=arguments.resume, **options)
        except ValueError as error:
            return misuse(error, arguments.parser)
        claim.callback(work.release)
        arguments.kept = lambda: (f"unfinished tasks are dropped, all others are kept in {out}\n"
                                  f"go on with: {way_on(argv, '--resume')}")
        grid = work.follow(executor, _display())
    arguments.kept = lambda: ("runs are kept; tables and figures are not written to the end\n"
                              f"write them with: {way_on(['plot', str(grid.folder)])}")
    _write(grid)
    return _ended(grid, grid.part(work.asked))


def _executor(arguments):
    from den_ref import experiment

    if arguments.dask is None:
        return experiment.Processes(arguments.jobs)
    return experiment.dask_executor(arguments.dask)


def _the_papers(arguments) -> tuple[list, str, dict]:
    """The cells of the paper's experiment, its stream, and that stream's options."""
    from den_ref.experiment.grid import paper_grid

    given = {"--methods": arguments.methods, "--set": arguments.settings, "--sweep": arguments.sweep is not None,
             "--stream": arguments.stream not in ("mnist-variation", paper_grid.PAPERS)}
    if any(given.values()):
        raise ValueError(f"--paper: expected no {' and no '.join(name for name, value in given.items() if value)}, "
                         "methods, options and stream are the paper's")
    seeds = arguments.seeds or (paper_grid.SEEDS[:1] if arguments.quick else paper_grid.SEEDS)
    options = (paper_grid.QUICK if arguments.quick else {}) | stream_options(arguments)
    return paper_grid.paper_cells(seeds, paper_grid.PAPERS), paper_grid.PAPERS, options


def _asked(arguments) -> tuple[list, str, dict]:
    """The cells that the arguments ask for, the stream, and its options."""
    return _cells(arguments), arguments.stream, _stream_options(arguments)


def _cells(arguments) -> list:
    from den_ref.experiment import Cell
    from den_ref.experiment.grid import standard_grid

    methods = [name.strip() for name in arguments.methods.split(",")] if arguments.methods else _all(arguments)
    seeds = arguments.seeds or ([0] if arguments.quick else [0, 1, 2])
    settings = _settings(arguments, methods)
    cells = [Cell(name, seed, settings[name], label=name) for name in methods for seed in seeds]
    by_default = arguments.methods is None and not arguments.quick
    wanted = by_default if arguments.sweep is None else arguments.sweep
    return cells + (standard_grid.swept_cells(seeds, settings.get("den", {})) if wanted else [])


def _all(arguments) -> list[str]:
    """The methods that can answer what the stream asks at test time."""
    from den_ref.methods.registry import methods_on
    from den_ref.tasks import make_stream

    return methods_on(make_stream(arguments.stream, **_stream_options(arguments)).scenario)


def _settings(arguments, methods: list[str]) -> dict[str, dict]:
    """Method -> its options that ``--set`` changes."""
    texts = {name: [] for name in methods}
    for text in arguments.settings:
        method, dot, _ = text.partition("=")[0].rpartition(".")  # a module's name may have dots too
        if not dot or method not in texts:
            raise ValueError(f"--set: expected METHOD.NAME=VALUE of a method that is compared "
                             f"({', '.join(methods)}), got {text!r}")
        texts[method].append(text.removeprefix(f"{method}."))
    return {name: _changed(name, arguments.stream, changes) for name, changes in texts.items()}


def _changed(name: str, stream: str, texts: list[str]) -> dict:
    """A method's options that texts such as "mu=1e-4" change."""
    from den_ref.experiment import changed_options
    from den_ref.methods import method_named

    method = method_named(name)
    with options_of(name):
        return changed_options(method, stream, texts)


def _stream_options(arguments) -> dict:
    from den_ref.experiment.grid import standard_grid

    if arguments.quick and arguments.stream != "mnist-variation":
        raise ValueError(f"--quick: expected the stream mnist-variation, got {arguments.stream!r}")
    return (standard_grid.QUICK if arguments.quick else {}) | stream_options(arguments)


def _display():
    from den_ref import experiment

    return experiment.GridLive() if sys.stderr.isatty() else experiment.GridLines()


def _write(grid) -> None:
    """Write tables and figures of what is learnt."""
    from den_ref.experiment.pages import results_page

    if grid.results:
        print(f"\n{results_page.write(grid, grid.folder)}")


def _ended(grid, asked) -> int:
    """Say what failed and what there is; the exit status, which is that of the cells that were asked for."""
    for cell, error in asked.failures:
        print(f"\n{cell} failed:\n{error}", file=sys.stderr)
    others = len(grid.missing) - len(asked.missing)
    if others:
        print(f"\nnot asked for this time, and not learnt: {others} other runs of this comparison")
    print(f"\nin {grid.folder}: {'results.md, figures/, ' if grid.results else ''}cells/ with the runs")
    return FAILED if asked.missing else 0
