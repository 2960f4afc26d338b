"""What ``den-ref golden list | show | check | export`` do.  Each prints, and returns the exit status."""

import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import den_ref
from den_ref.child import python

from .adapters.process import ProcessAdapter
from .adapters.text import TEXT
from .adapters.wire import JSON
from .ask import check_all, read_expected_failures
from .case import Case
from .format import VECTORS, cases, leaves_first, vectors
from .judge import BAD, FAIL, Result, exit_status
from .say import as_json, explain, groups, painted, summary, table
from .show import show_case, show_operation
from .values import SCHEMA

MISUSE = 2


def list_cases(only: list[str], as_machine: bool) -> int:
    """Operations and cases."""
    chosen = cases(*only)
    if as_machine:
        return _print_json([{"id": case.id, "operation": case.operation, "about": case.about,
                             "mistakes": list(case.wrong)} for case in chosen])
    width = max(len(case.id) for case in chosen)
    for operation in dict.fromkeys(case.operation for case in chosen):
        print(operation)
        print("\n".join(f"    {case.id:<{width}}  {case.about}" for case in chosen if case.operation == operation))
    print(f"{len(chosen)} cases; den-ref golden show ID shows one")
    return 0


def show(names: list[str], as_machine: bool) -> int:
    """Cases in full; an operation's name shows its signature, conventions and mistakes."""
    if as_machine:
        return _print_json([_stored(case) for name in names for case in cases(name)])
    by_name = {vector.operation: vector for vector in vectors()}
    parts = [part for name in names for part in (
        [show_operation(by_name[name])] if name in by_name else map(show_case, cases(name)))]
    print(("\n\n" + "-" * 100 + "\n\n").join(parts))
    return 0


def _stored(case: Case) -> dict:
    """A case as its file has it."""
    document = json.loads((VECTORS / f"{case.operation}.json").read_text("utf-8"))
    return next(entry for entry in document["cases"] if entry["id"] == case.id)


def _print_json(document) -> int:
    print(json.dumps(document, indent=1))
    return 0


def export(folder: Path) -> int:
    """Write the files into a new or empty folder."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"DIR: expected a new or empty folder, got {folder}")
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    (part / "vectors").mkdir(parents=True)
    files = [*sorted(VECTORS.glob("*.json")), *filter(Path.exists, [VECTORS.parent / "schema.json"])]
    for file in files:
        shutil.copy(file, part / file.relative_to(VECTORS.parent))
    if folder.exists():
        folder.rmdir()
    os.replace(part, folder)
    print(f"{len(files)} files in {folder}")
    return 0


# --- check -------------------------------------------------------------------------------------------------------


def check(target: str | None, execute: str | None, only: list[str], precision: str, xfail: Path | None,
          seconds: float, as_machine: bool, wire: str = "json") -> int:
    """Check an implementation: a Python file or module, or a program."""
    if (target is None) == (execute is None):
        raise ValueError("expected a Python file or module, or --exec COMMAND (one of the two)")
    if wire == "text" and execute is None:
        raise ValueError("--wire text: expected --exec COMMAND with it; a Python file needs no wire")
    if not seconds > 0:
        raise ValueError(f"--timeout: expected a number of seconds > 0, got {seconds}")
    everything, chosen = cases(), cases(*only)
    expected = read_expected_failures(xfail, everything) if xfail else {}
    command = shlex.split(execute) if execute is not None else python_command(target)
    if not command:
        raise ValueError("--exec: expected a command, got an empty text")
    adapter = ProcessAdapter(command, seconds, wire=TEXT if wire == "text" else JSON)
    try:
        results = list(_watched(check_all(adapter, leaves_first(chosen), precision, expected), as_machine))
        complaints = adapter.close()
    finally:
        adapter.stop()
    name = execute or target
    if as_machine:
        _print_json(as_json(results, name, precision, complaints))
    else:
        _print_summary(results, name, precision, complaints)
    return exit_status(results, complaints)


def python_command(target: str) -> list[str]:
    """The program that answers for a Python file or module."""
    return python("from den_ref.golden.adapters.serve import main; sys.exit(main(sys.argv[1]))", target)


def _watched(results: Iterator[Result], as_machine: bool) -> Iterator[Result]:
    """The results; for people, what did not pass of an operation is explained as soon as it is known."""
    for _, group in groupby(results, key=lambda result: result.case.operation):
        of_one = list(group)
        for alike in groups([result for result in of_one if result.verdict in BAD and not as_machine]):
            print(explain(*alike, colour=_colour()), end="\n\n", flush=True)
        yield from of_one


def _print_summary(results: list[Result], name: str, precision: str, complaints: list[str]) -> None:
    print(table(results, _colour()))
    said = summary(results, complaints)
    colour = _colour() and exit_status(results, complaints)
    print(f"\n{painted(said, FAIL, bool(colour))}\n"
          f"{name}, checked by den_ref {den_ref.__version__}, golden values of schema {SCHEMA}, precision {precision}")


def _colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ
