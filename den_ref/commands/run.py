"""``den-ref run``: learn a stream of tasks with one method."""

import argparse
import sys
from contextlib import ExitStack

from . import report
from .common import METHODS, add_command, folder, misuse, options_of, way_on
from .ending import ended
from .stream import add_stream_arguments, stream_options

EXAMPLES = """examples:
  den-ref run --out runs/den                        ten digit tasks with DEN
  den-ref run --out runs/den --resume               go on after an interruption
  den-ref run --stream toy --pause                  two seconds' work, one box at a time
  den-ref run --stream toy --out runs/toy --report  also a page that plays the run in a browser
  den-ref run --data-file mine.csv                  your own data (docs/your_own_data.md)
  den-ref run --from runs/den --out runs/b --set sigma=0.5   other options from there on; runs/den stays
  den-ref run --method stl --seed 1 --out runs/stl1
  den-ref run --hidden 64 32 --set mu=1e-4 sigma=0.3,0.05 --out runs/other
den-ref options METHOD lists the names that --set knows."""


def add(commands) -> None:
    """The command's arguments."""
    command = add_command(commands, "run", run, EXAMPLES)
    _what_arguments(command.add_argument_group("what is learnt, and how"))
    _how_arguments(command.add_argument_group("files and screen"))


def _what_arguments(what) -> None:
    what.add_argument("--method", default="den", metavar="NAME",
                      help=f"{METHODS} (default: den)")
    add_stream_arguments(what)
    what.add_argument("--seed", type=int, default=0, metavar="S", help="of the data and the method (default: 0)")
    what.add_argument("--hidden", type=int, nargs="+", metavar="N", help="units per hidden layer, e.g. 64 32")
    what.add_argument("--set", dest="settings", nargs="+", action="extend", default=[], metavar="NAME=VALUE",
                      help="options of the method, e.g. mu=1e-4 sigma=0.3,0.05")


def _how_arguments(how) -> None:
    how.add_argument("--out", type=folder, metavar="DIR",
                     help="write results.json and network.npz here, after every task")
    how.add_argument("--from", dest="origin", type=folder, metavar="DIR",
                     help="begin where the run in DIR is, with its method, stream, seed and options but for what --set "
                          "changes, and learn the tasks it has not (or those of --order); DIR stays as it is")
    how.add_argument("--resume", action="store_true", help="go on with the run in --out; start if there is none")
    how.add_argument("--keep-steps", action="store_true", help="also write the arrays that each box changed")
    how.add_argument("--report", action="store_true",
                     help="keep the steps, and write a page that plays them (den-ref report)")
    how.add_argument("--pause", action="store_true", help="wait for Enter after each box of the algorithm")
    how.add_argument("--step", action="store_true", dest="pause", help=argparse.SUPPRESS)      # its name once


def run(arguments: argparse.Namespace, argv: list[str]) -> int:
    """Learn a stream of tasks."""
    from den_ref import experiment
    from den_ref.protocol import Diverged

    keep_steps = arguments.keep_steps or arguments.report
    with ExitStack() as stack:
        try:
            _check_folder(arguments, keep_steps)
            plan = _plan(arguments)
            stack.enter_context(experiment.owned(arguments.out))
            started = experiment.begin(plan, arguments.out, arguments.resume)
        except ValueError as error:
            return misuse(error, arguments.parser)
        arguments.kept = lambda: _kept(arguments, argv, len(plan.stream.tasks))
        try:
            experiment.follow(started, plan.stream, out=arguments.out, keep_steps=keep_steps,
                              display=_display(arguments))
        except Diverged as error:
            return ended(error, lambda: arguments.kept().partition("\n")[0])      # it would diverge again
        print(_left_behind(arguments))
    return report.write(arguments, arguments.out) if arguments.report else 0


def _check_folder(arguments, keep_steps: bool) -> None:
    """A ValueError if something is to be kept, or to go on from, and nothing says where."""
    if arguments.out is None and (keep_steps or arguments.resume):
        name = "--report" if arguments.report else "--keep-steps" if keep_steps else "--resume"
        what = "to keep the steps in" if keep_steps else "with the run to go on with"
        raise ValueError(f"{name}: expected a folder {what}; give --out DIR")


def _plan(arguments):
    from den_ref import experiment
    from den_ref.methods import method_named

    if arguments.origin is not None:
        return _branch(arguments)
    method, texts = method_named(arguments.method), _texts(arguments)
    with options_of(arguments.method):
        settings = experiment.default_options(method, arguments.stream).with_text(texts)
    return experiment.make_plan(arguments.method, arguments.stream, seed=arguments.seed, settings=settings,
                                **stream_options(arguments))


def _branch(arguments):
    """The plan that goes on from another run; what is not given, or given as it is by default, is that run's."""
    from den_ref import experiment
    from den_ref.methods import method_named

    given = {name: getattr(arguments, name) for name in ("method", "stream", "seed")
             if getattr(arguments, name) != arguments.parser.get_default(name)}
    there = experiment.origin_of(arguments.origin).results["run"]
    with options_of(there["method"]):
        settings = method_named(there["method"]).Config.from_dict(there["options"]).with_text(_texts(arguments))
    return experiment.make_branch(arguments.origin, settings=settings, **given, **stream_options(arguments))


def _texts(arguments) -> list[str]:
    """What --set and --hidden say."""
    hidden = ["hidden=" + ",".join(map(str, arguments.hidden)) + ","] if arguments.hidden else []
    return [*arguments.settings, *hidden]


def _display(arguments):
    from den_ref import experiment

    display = experiment.Live() if sys.stderr.isatty() else experiment.Lines()
    return experiment.Stepping(display) if arguments.pause else display


def _kept(arguments, argv: list[str], n_tasks: int) -> str:
    from den_ref import experiment

    if arguments.out is None:
        return "nothing is kept without --out DIR"
    kept = experiment.learnt(arguments.out)
    return (f"the unfinished task is dropped; {kept} of {n_tasks} tasks are kept in {arguments.out}\n"
            f"go on with: {way_on(argv, '--resume')}")


def _left_behind(arguments) -> str:
    if arguments.out is None:
        return "\nnothing is written without --out DIR"
    return f"\nin {arguments.out}: results.json, network.npz (den_ref.load({arguments.out!r}) opens it)"
