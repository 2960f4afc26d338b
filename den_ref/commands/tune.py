"""``den-ref tune``: find a method's options, or every method's, by random search on the validation split."""

import argparse
import sys
from contextlib import ExitStack

from .common import FAILED, METHODS, add_command, file, folder, misuse, way_on
from .stream import add_stream_arguments, stream_options

#: Folder of the records: of single searches, of those on the paper's stream.
OUT, PAPER_OUT = "runs/tuning", "runs/tuning-paper"

EXAMPLES = """examples:
  den-ref tune ewc                                  search, record in runs/tuning/ewc.jsonl
  den-ref tune ewc --tries 40                       the same command goes on; a larger one goes further
  den-ref tune stl --stream toy --out runs/toy      another stream, another folder
  den-ref tune --report                             write runs/tuning.md
  den-ref tune --paper                              every method on the paper's stream, 22 runs each, in a row
  den-ref tune --paper --report                     write runs/tuning-paper.md, and the options it ends at as JSON
  den-ref tune den --filters --stream mnist-back --tasks 4         networks that begin with filters
  den-ref tune --report --out docs/tuning           in a checkout: docs/tuning.md, from this package's own records
A run on record is not made again.  Test data play no part."""


def add(commands) -> None:
    """The command's arguments."""
    command = add_command(commands, "tune", tune, EXAMPLES)
    command.add_argument("method", nargs="?", metavar="METHOD", help=f"den, stl, ewc, ...: {METHODS}")
    command.add_argument("--tries", type=int, metavar="N", help="settings tried with seed 0 (default: 30; on the "
                         "stream attributes: 12, with --filters: 8); the best go on to other seeds, and a second "
                         "round redraws their options")
    command.add_argument("--second", type=int, metavar="N",
                         help="settings of the second round (default: 11; on attributes: 0, with --filters: 0)")
    command.add_argument("--paper", action="store_true",
                         help="every method, or METHOD alone, on the paper's stream and with the same number of runs; "
                              "the same command goes on")
    command.add_argument("--filters", action="store_true",
                         help="networks that begin with filters, which have spaces of their own on mnist-back")
    command.add_argument("--out", type=folder, metavar="DIR",
                         help=f"folder of the records (default: {OUT}; --paper: {PAPER_OUT})")
    add_stream_arguments(command)
    command.add_argument("--jobs", type=int, metavar="N", help="runs at the same time (default: one per core)")
    command.add_argument("--report", action="store_true", help="write DIR.md from the records in DIR instead")
    command.add_argument("--preset", type=file, metavar="FILE",
                         help="with --paper --report: where the options that were found go (default: DIR.json)")


def tune(arguments: argparse.Namespace, argv: list[str]) -> int:
    """Search a method's options on validation data."""
    arguments.out = arguments.out or (PAPER_OUT if arguments.paper else OUT)
    with ExitStack() as stack:
        try:
            if arguments.report:
                return _report(arguments)
            if arguments.preset:
                raise ValueError("--preset: expected --report, which writes it, got none")
            searches = _papers_searches(arguments) if arguments.paper else [_search(arguments)]
            if not arguments.paper:
                stack.enter_context(searches[0].owned())
            processes = stack.enter_context(_processes(arguments))
        except ValueError as error:
            return misuse(error, arguments.parser)
        arguments.kept = lambda: (f"finished runs are on record in {_record(arguments, searches)}\n"
                                  f"go on with: {way_on(argv)}")
        return _follow_all(searches, processes) if arguments.paper else _follow(searches[0], processes)


def _record(arguments, searches) -> str:
    return arguments.out if arguments.paper else str(searches[0].tries.path)


def _report(arguments) -> int:
    from den_ref.experiment.tune import tuning_page

    if arguments.method is not None:
        raise ValueError(f"--report: expected no METHOD, all records go into one page, got {arguments.method!r}")
    if arguments.preset and not arguments.paper:
        raise ValueError(f"--preset: expected --paper, the defaults of other streams are in the code, got "
                         f"{arguments.preset!r}")
    found = [tuning_page.write_found(arguments.out, arguments.preset)] if arguments.paper else []
    print(tuning_page.write_page(arguments.out), *found, sep="\n")          # it says which settings are in the preset
    return 0


def _papers_searches(arguments) -> list:
    from dataclasses import replace

    from den_ref.experiment.tune.all_searches import PAPER_BUDGET, PAPERS, paper_searches

    if arguments.stream not in ("mnist-variation", PAPERS):
        raise ValueError(f"--paper: expected no other --stream than {PAPERS}, got {arguments.stream!r}")
    if arguments.filters:
        raise ValueError("--filters: expected no --paper beside it, whose networks are dense, got both")
    methods = [] if arguments.method is None else [arguments.method]
    return paper_searches(arguments.out, methods, replace(PAPER_BUDGET, **_given(arguments)),
                          **stream_options(arguments))


def _given(arguments) -> dict[str, int]:
    """What was said about the budget."""
    given = {"tries": arguments.tries, "second": arguments.second}
    return {name: value for name, value in given.items() if value is not None}


def _search(arguments):
    from dataclasses import replace

    from den_ref.experiment.tune.search import BUDGETS, Budget, Search
    from den_ref.experiment.tune.search_spaces import searched

    if arguments.method is None:
        raise ValueError("METHOD: expected one (den-ref options lists them), or --paper, or --report, got none")
    on = searched(arguments.stream, vars(arguments))
    budget = replace(BUDGETS.get(on, Budget()), **_given(arguments))
    return Search(arguments.method, arguments.stream, out=arguments.out, budget=budget, filters=arguments.filters,
                  **stream_options(arguments))


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


def _follow_all(searches, processes) -> int:
    from den_ref.experiment.tune.all_searches import follow_all

    on_record = sum(len(search.tries) for search in searches)
    print(f"searches on {searches[0].stream['name']}: {len(searches)}, at most {searches[0].budget.runs} runs each, "
          f"{on_record} on record in {searches[0].tries.path.parent}", flush=True)
    failed = follow_all(searches, processes, _print_progress, _print_end)
    for search, error in failed:
        print(f"den-ref: the search of {search.method} failed: {error}", file=sys.stderr)
    return FAILED if failed else 0


def _print_progress(row, progress) -> None:
    left = "" if progress.left is None else f", about {progress.left / 60:.0f} min left"
    print(f"[{progress.search.method}, {progress.place} of {progress.searches}; run {progress.made} of "
          f"{progress.runs}{left}] ", end="")
    _print_row(row)


def _print_end(search, best) -> None:
    print(f"\n{search.method}: {_ending(best[:3])}\n", flush=True)


def _print_row(row) -> None:
    from den_ref.experiment.tune.tuning_page import spelled

    print(f"seed {row['seed']}: validation AUROC {row['validation']:.4f}, {row['share']:.1%} of STL 312-128, "
          f"{row['seconds']:.0f} s: {spelled(row['settings'])}", flush=True)


def _ending(best) -> str:
    from den_ref.experiment.tune.tuning_page import spelled

    lines = [f"  {setting.mean:.4f}, {setting.share:.1%} of STL 312-128: {spelled(setting.settings)}"
             for setting in best]
    return "\n".join(["best mean validation AUROC over the seeds:", *lines])
