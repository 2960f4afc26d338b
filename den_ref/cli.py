"""The command ``den-ref``.  Nothing is computed here: arguments become a plan, and the experiment follows it."""

from __future__ import annotations

import argparse
import inspect
import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import den_ref

#: Exit statuses besides 0: misuse, and what a shell expects after Ctrl-C and after a closed pipe.
MISUSE, INTERRUPTED, PIPE_CLOSED = 2, 130, 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; its exit status."""
    argv = sys.argv[1:] if argv is None else list(argv)
    arguments = parser().parse_args(argv)
    try:
        return arguments.command(arguments, argv)
    except KeyboardInterrupt:
        print("\ninterrupted before anything was learnt", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has gone; a second complaint at exit would be noise.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED


# --- den-ref run -------------------------------------------------------------------------------------------------


def run(arguments: argparse.Namespace, argv: list[str]) -> int:
    """Learn a stream of tasks."""
    from den_ref import experiment

    try:
        if arguments.keep_steps and arguments.out is None:
            raise ValueError("--keep-steps: expected a folder to keep them in; give --out DIR")
        plan = _plan(arguments)
        started = experiment.begin(plan, arguments.out, arguments.resume)
    except (ValueError, OSError) as error:
        return _misuse(error)
    try:
        experiment.follow(started, plan.stream, out=arguments.out, keep_steps=arguments.keep_steps,
                          display=_display(arguments))
    except KeyboardInterrupt:
        print(_interrupted(arguments, argv, len(plan.stream.tasks)), file=sys.stderr)
        return INTERRUPTED
    print(_left_behind(arguments))
    return 0


def _plan(arguments):
    from den_ref import experiment

    method = experiment.method_named(arguments.method)
    texts = list(arguments.settings)
    if arguments.hidden:
        texts.append("hidden=" + ",".join(map(str, arguments.hidden)) + ",")
    given = {"n_tasks": arguments.tasks, "order": arguments.order, "mnist": arguments.mnist,
             "per_class": arguments.per_class and tuple(arguments.per_class)}
    options = {name: value for name, value in given.items() if value is not None}
    options |= dict(_named_value(text, taken={"seed", "n_tasks", "order", "mnist", "per_class"})
                    for text in arguments.data)
    return experiment.make_plan(method, arguments.stream, seed=arguments.seed,
                                settings=experiment.default_options(method, arguments.stream).with_text(texts),
                                **options)


def _named_value(text: str, taken: set[str]) -> tuple[str, Any]:
    """'amplitude=0.5' -> ('amplitude', 0.5); what is not JSON is text.  ``taken`` names have flags of their own."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"--data: expected name=value, got {text!r}")
    if name in taken:
        raise ValueError(f"--data: expected an option of the stream that has no flag of its own, got {name!r}")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _display(arguments):
    from den_ref import experiment

    display = experiment.Live() if sys.stderr.isatty() else experiment.Lines()
    return experiment.Stepping(display) if arguments.step else display


def _interrupted(arguments, argv: list[str], n_tasks: int) -> str:
    from den_ref import experiment

    if arguments.out is None:
        return "\ninterrupted; nothing is kept without --out DIR"
    kept = experiment.learnt(arguments.out)
    command = shlex.join(["den-ref", *argv, *([] if arguments.resume else ["--resume"])])
    return (f"\ninterrupted: the unfinished task is dropped; {kept} of {n_tasks} tasks are kept in {arguments.out}\n"
            f"go on with: {command}")


def _left_behind(arguments) -> str:
    if arguments.out is None:
        return "\nnothing is written without --out DIR"
    return f"\nin {arguments.out}: results.json, network.npz (den_ref.load({arguments.out!r}) opens it)"


# --- den-ref options ---------------------------------------------------------------------------------------------


def options(arguments: argparse.Namespace, argv: list[str]) -> int:
    """List the methods, or the options of one."""
    from den_ref import experiment

    try:
        if arguments.method is None:
            print("\n".join(f"{name:<20}{_first_line(kind)}" for name, kind in experiment.REGISTRY.items()))
        else:
            print(experiment.method_named(arguments.method).Config.explain())
    except ValueError as error:
        return _misuse(error)
    return 0


def _first_line(kind: type) -> str:
    return (inspect.getdoc(kind) or "").partition("\n")[0]


# --- den-ref golden ----------------------------------------------------------------------------------------------


def _golden(work) -> int:
    """Do one of the golden commands; what is wrong with its arguments is misuse."""
    try:
        return work()
    except BrokenPipeError:
        raise
    except (ValueError, OSError) as error:
        return _misuse(error)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return INTERRUPTED


def golden_list(arguments: argparse.Namespace, argv: list[str]) -> int:
    """List the operations and their cases."""
    from den_ref.golden import command

    return _golden(lambda: command.list_cases(arguments.only, arguments.json))


def golden_show(arguments: argparse.Namespace, argv: list[str]) -> int:
    """Print cases, or what an operation is."""
    from den_ref.golden import command

    return _golden(lambda: command.show(arguments.names, arguments.json))


def golden_check(arguments: argparse.Namespace, argv: list[str]) -> int:
    """Check an implementation of DEN, in any language."""
    from den_ref.golden import command

    return _golden(lambda: command.check(arguments.target, arguments.execute, arguments.only, arguments.precision,
                                         arguments.xfail, arguments.timeout, arguments.json))


def golden_export(arguments: argparse.Namespace, argv: list[str]) -> int:
    """Write the golden files into a folder."""
    from den_ref.golden import command

    return _golden(lambda: command.export(arguments.folder))


# --- arguments ---------------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """The arguments of the command."""
    top = argparse.ArgumentParser(
        prog="den-ref", description="Lifelong learning with dynamically expandable networks, in NumPy.",
        epilog="example: den-ref run --out runs/den")
    top.add_argument("--version", action="version", version=f"den-ref {den_ref.__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    _run_arguments(_command(commands, "run", run, _RUN_EXAMPLES))
    _command(commands, "options", options, "example:\n  den-ref options den").add_argument(
        "method", nargs="?", help="list this method's options; without it, list the methods")
    golden = commands.add_parser("golden", help="golden values: check any implementation of DEN",
                                 description="Golden values: check any implementation of DEN, piece by piece.")
    _golden_arguments(golden.add_subparsers(required=True, metavar="COMMAND"))
    return top


_RUN_EXAMPLES = """examples:
  den-ref run --out runs/den                        ten digit tasks with DEN
  den-ref run --out runs/den --resume               go on after an interruption
  den-ref run --stream toy --step                   two seconds' work, one box at a time
  den-ref run --method stl --seed 1 --out runs/stl1
  den-ref run --hidden 64 32 --set mu=1e-4 sigma=0.3,0.05 --out runs/other
den-ref options METHOD lists the names that --set knows."""


def _command(commands, name: str, function, epilog: str) -> argparse.ArgumentParser:
    words = function.__doc__.rstrip(".")
    command = commands.add_parser(name, help=words[0].lower() + words[1:], description=function.__doc__, epilog=epilog,
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
    command.set_defaults(command=function)
    return command


def _run_arguments(command: argparse.ArgumentParser) -> None:
    what = command.add_argument_group("what is learnt, and how")
    what.add_argument("--method", default="den", metavar="NAME",
                      help="den, stl, mtl, or an ablation that den-ref options names (default: den)")
    what.add_argument("--stream", default="mnist-variation", metavar="NAME",
                      help="mnist-variation, permuted-mnist, toy (default: mnist-variation)")
    what.add_argument("--tasks", type=int, metavar="N", help="learn the first N tasks only")
    what.add_argument("--order", metavar="ID,ID,...", help="learn these tasks, in this order, e.g. 3,1,4")
    what.add_argument("--seed", type=int, default=0, metavar="S", help="of the data and the method (default: 0)")
    what.add_argument("--hidden", type=int, nargs="+", metavar="N", help="units per hidden layer, e.g. 64 32")
    what.add_argument("--set", dest="settings", nargs="+", action="extend", default=[], metavar="NAME=VALUE",
                      help="options of the method, e.g. mu=1e-4 sigma=0.3,0.05")
    what.add_argument("--mnist", metavar="DIR", help="read the full MNIST from its IDX files, plain or gzip")
    what.add_argument("--per-class", type=int, nargs=3, metavar=("TRAIN", "VALID", "TEST"),
                      help="with --mnist: images per class (the paper: 1000 200 5000)")
    what.add_argument("--data", nargs="+", action="extend", default=[], metavar="NAME=VALUE",
                      help="options of the stream, e.g. amplitude=0.5 dtype=float64")
    how = command.add_argument_group("files and screen")
    how.add_argument("--out", metavar="DIR", help="write results.json and network.npz here, after every task")
    how.add_argument("--resume", action="store_true", help="go on with the run in --out; start if there is none")
    how.add_argument("--keep-steps", action="store_true", help="also write the arrays that each box changed")
    how.add_argument("--step", action="store_true", help="wait for Enter after each box of the algorithm")


_CHECK_EXAMPLES = """examples:
  den-ref golden check my_den.py                          functions named as the operations
  den-ref golden check --exec "node my_den.js"            any language, JSON lines over stdin and stdout
  den-ref golden check my_den.py --only "*prox*" fista    a part of it
  den-ref golden check my_den.py --xfail known.txt        lines "ID REASON"
exit status: 0 all right, 1 something is not, 2 misuse, or nothing is implemented."""


def _golden_arguments(commands) -> None:
    listing = _command(commands, "list", golden_list, "example:\n  den-ref golden list")
    showing = _command(commands, "show", golden_show, "example:\n  den-ref golden show soft_threshold")
    showing.add_argument("names", nargs="+", metavar="ID", help="a case or an operation, also with * and ?")
    checking = _command(commands, "check", golden_check, _CHECK_EXAMPLES)
    checking.add_argument("target", nargs="?", metavar="FILE", help="a Python file or importable module")
    checking.add_argument("--exec", dest="execute", metavar="COMMAND", help="a program that answers on its stdout")
    checking.add_argument("--precision", choices=["f64", "f32"], default="f64", help="f32: wider tolerances")
    checking.add_argument("--xfail", type=Path, metavar="FILE", help="cases that are known to fail, with reasons")
    checking.add_argument("--timeout", type=float, default=10.0, metavar="S", help="seconds per case (default: 10)")
    for command in (listing, checking):
        command.add_argument("--only", nargs="+", action="extend", default=[], metavar="ID",
                             help="these operations or cases, also with * and ?")
    for command in (listing, showing, checking):
        command.add_argument("--json", action="store_true", help="for machines")
    exporting = _command(commands, "export", golden_export, "example:\n  den-ref golden export vectors")
    exporting.add_argument("folder", type=Path, metavar="DIR", help="a new or empty folder")


def _misuse(error: Exception) -> int:
    print(f"den-ref: {error}", file=sys.stderr)
    return MISUSE
