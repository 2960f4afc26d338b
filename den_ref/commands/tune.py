"""``den-ref tune``: find a method's options by random search on the validation split."""

import argparse
import sys
from contextlib import ExitStack

from .common import FAILED, METHODS, add_command, folder, misuse, way_on
from .stream import add_stream_arguments, stream_options

EXAMPLES = """examples:
  den-ref tune ewc                                  search, record in runs/tuning/ewc.jsonl
  den-ref tune ewc --tries 40                       the same command goes on; a larger one goes further
  den-ref tune stl --stream toy --out runs/toy      another stream, another folder
  den-ref tune --report                             write runs/tuning.md
  den-ref tune --report --out docs/tuning           in a checkout: docs/tuning.md, from this package's own records
A run on record is not made again.  Test data play no part."""


def add(commands) -> None:
    """The command's arguments."""
    command = add_command(commands, "tune", tune, EXAMPLES)
    command.add_argument("method", nargs="?", metavar="METHOD", help=f"den, stl, ewc, ...: {METHODS}")
    command.add_argument("--tries", type=int, metavar="N", help="settings tried with seed 0 (default: 30); "
                         "the best go on to other seeds, and a second round redraws their options")
    command.add_argument("--second", type=int, metavar="N", help="settings of the second round (default: 11)")
    command.add_argument("--out", type=folder, default="runs/tuning", metavar="DIR",
                         help="folder of the records (default: runs/tuning)")
    add_stream_arguments(command)
    command.add_argument("--jobs", type=int, metavar="N", help="runs at the same time (default: one per core)")
    command.add_argument("--report", action="store_true", help="write DIR.md from the records in DIR instead")


def tune(arguments: argparse.Namespace, argv: list[str]) -> int:
    """Search a method's options on validation data."""
    with ExitStack() as stack:
        try:
            if arguments.report:
                return _report(arguments)
            search = _search(arguments)
            stack.enter_context(search.owned())
            processes = stack.enter_context(_processes(arguments))
        except ValueError as error:
            return misuse(error)
        arguments.kept = lambda: (f"finished runs are on record in {search.tries.path}\n"
                                  f"go on with: {way_on(argv)}")
        return _follow(search, processes)


def _report(arguments) -> int:
    from den_ref.experiment.tune import tuning_page

    if arguments.method is not None:
        raise ValueError(f"--report: expected no METHOD, all records go into one page, got {arguments.method!r}")
    print(tuning_page.write_page(arguments.out))
    return 0


def _search(arguments):
    from den_ref.experiment.tune.search import Budget, Search

    given = {"tries": arguments.tries, "second": arguments.second}
    budget = Budget(**{name: value for name, value in given.items() if value is not None})
    return Search(arguments.method, arguments.stream, out=arguments.out, budget=budget, **stream_options(arguments))


def _processes(arguments):
    from den_ref import experiment

    return experiment.Processes(arguments.jobs)


def _follow(search, processes) -> int:
    from den_ref.experiment.grid.processes import ProcessDied

    print(f"{search.method} on {search.stream['name']}: at most {search.budget.runs} runs, "
          f"{len(search.tries)} on record in {search.tries.path}", flush=True)
    try:
        print(f"\n{_ending(search.follow(processes, _print_row)[:3])}")
    except ProcessDied as error:
        print(f"den-ref: a run failed: {error}", file=sys.stderr)
        return FAILED
    return 0


def _print_row(row) -> None:
    from den_ref.experiment.tune.tuning_page import spelled

    print(f"seed {row['seed']}: validation AUROC {row['validation']:.4f}, {row['share']:.1%} of STL's parameters, "
          f"{row['seconds']:.0f} s: {spelled(row['settings'])}", flush=True)


def _ending(best) -> str:
    from den_ref.experiment.tune.tuning_page import spelled

    lines = [f"  {setting.mean:.4f}, {setting.share:.1%} of STL's parameters: {spelled(setting.settings)}"
             for setting in best]
    return "\n".join(["best mean validation AUROC over the seeds:", *lines])
