"""``python -m tests.faults``: puts every fault into a copy of the checkout, and says which test notices it.

A test notices a fault if it fails with it, also by itself, and passes without.  The examples in the file come first,
then the tests of the room, those that name the file before the others; then all the rest of the default suite.  What
has a verdict is not run again, unless it is asked for by name, so that a run that was stopped goes on where it was.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from .listed import ESCAPED, ROOT, ROUNDS, WIDTHS, Fault, faults, verdicts, write_verdicts

#: Seconds after which tests that do not end count as failed.
LIMIT = 1200
NO_END = "tests that do not end"


class Checkout:
    """A copy of the checkout, which faults are put into and taken out of."""

    def __init__(self, folder: Path):
        self.root = folder / "checkout"
        self.scratch = folder / "scratch"
        self.times = count(1)
        self.unsound: list[str] = []                               # tests whose failure means nothing
        shutil.copytree(ROOT, self.root, ignore=shutil.ignore_patterns(".git", "__pycache__", "runs", "_build"))

    @contextmanager
    def holding(self, fault: Fault) -> Iterator[None]:
        """While this lasts, the fault is in.  Every text has a time of its own, or Python would take old bytecode."""
        path = self.root / fault.file
        right, then = path.read_text("utf-8"), path.stat().st_mtime
        path.write_text(fault.put_into(right), encoding="utf-8")
        os.utime(path, (then, then + 10 * next(self.times)))
        try:
            yield
        finally:
            path.write_text(right, encoding="utf-8")
            os.utime(path, (then, then))

    def noticing(self, fault: Fault, widths: Sequence[str]) -> str:
        """The first test of these widths that notices the fault, or what it is that it escaped."""
        for paths in (paths for width in widths for paths in self._steps(fault)[width] if paths):
            while (failed := self._failing_with(fault, paths)) is not None:
                if failed == NO_END or (self._failing_with(fault, [failed]) and not self.failing([failed])):
                    return failed
                self.unsound.append(failed)
        return ESCAPED[widths[-1]]

    def _steps(self, fault: Fault) -> dict[str, list[list[str]]]:
        """Width -> files of tests, those together that are run together; a file's own examples are near it."""
        tests = [path for path in sorted((self.root / "tests").rglob("test_*.py")) if path.parent.name != "faults"]
        own = self.root / "tests" / fault.file.split("/")[1]
        own = own if own.is_dir() else self.root / "tests"
        word = re.compile(rf"\b{Path(fault.file).stem}\b")
        named = [path for path in tests if word.search(path.read_text("utf-8"))]
        room = [path for path in tests if path.parent == own]
        others = [path for path in tests if path not in room]
        examples = [fault.file] * fault.file.endswith(".py")       # apart: pytest loads such a file once more

        def relative(paths):
            return [str(path.relative_to(self.root)) for path in paths]

        return {"near": [examples, relative(path for path in room if path in named)],
                "room": [relative(path for path in room if path not in named)],
                "all": [relative(path for path in others if path in named),
                        relative(path for path in others if path not in named)]}

    def _failing_with(self, fault: Fault, paths: list[str]) -> str | None:
        with self.holding(fault):
            return self.failing(paths)

    def failing(self, paths: list[str]) -> str | None:
        """The first test in these files that fails; None if none does."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-rfE", "-p", "no:cacheprovider", "--ignore=tests/faults",
                   f"--basetemp={self.scratch}", *(f"--deselect={name}" for name in self.unsound), *paths]
        process = subprocess.Popen(command, cwd=self.root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, start_new_session=True,
                                   env={**os.environ, "PYTHONPATH": str(self.root), "OPENBLAS_NUM_THREADS": "1"})
        try:
            said, _ = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            return NO_END
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.returncode in (0, 5):                           # 5: nothing there, all of it is slow
            return None
        found = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", said, re.MULTILINE)
        if found is None:
            raise RuntimeError(f"pytest ended with {process.returncode}:\n{said[-2000:]}")
        return found[1]


def main() -> None:
    """Run the faults that have no verdict in this round."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=main.__doc__)
    parser.add_argument("--only", nargs="+", default=[], metavar="ID", help="these faults, whether run before or not")
    parser.add_argument("--round", choices=ROUNDS, default=ROUNDS[-1])
    parser.add_argument("--width", choices=WIDTHS, default=WIDTHS[-1],
                        help="near: the tests of its room that name its file; room: all of its room (default: all)")
    asked = parser.parse_args()
    known, done = {fault.id: fault for fault in faults()}, verdicts()
    with tempfile.TemporaryDirectory() as folder:
        checkout = Checkout(Path(folder))
        for id in asked.only or known:
            widths = _left(None if asked.only else done.get(id, {}).get(asked.round), asked.width)
            if not widths:
                continue
            verdict = checkout.noticing(known[id], widths)
            done.setdefault(id, {})[asked.round] = verdict
            write_verdicts(done)
            print(f"{id}: {verdict}", flush=True)
        if checkout.unsound:
            print("left out, since they fail without a fault, or not by themselves: " + ", ".join(checkout.unsound))


def _left(verdict: str | None, width: str) -> list[str]:
    """The widths up to this one that a fault with a verdict was not held against; none if it was noticed."""
    wanted, escaped = WIDTHS[:WIDTHS.index(width) + 1], list(ESCAPED.values())
    if verdict is None:
        return list(wanted)
    return list(wanted[escaped.index(verdict) + 1:]) if verdict in escaped else []


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
