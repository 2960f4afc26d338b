"""``python -m tests.faults``: puts every fault into a copy of the checkout, and says which test notices it.

A test notices a fault if it fails with it and passes without.  Each fault by itself is held against the tests near it:
the examples of its file, and the tests of its room that name the file.  Those that escape are then put in together, for
one run of the whole default suite; what fails there is asked again of each of them alone.

What has a verdict is not run again, unless it is asked for by name, so that a run that was stopped goes on where it was.
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
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path

from .listed import (
    ESCAPED, ESCAPED_NEAR, LISTS, NO_END, ROOT, ROUNDS, Fault, faults, verdicts, write_verdicts)

#: Seconds after which tests that do not end count as failed.
LIMIT = 3600


class Checkout:
    """A copy of the checkout, which faults are put into and taken out of."""

    def __init__(self, folder: Path):
        self.root = folder / "checkout"
        self.scratch = folder / "scratch"
        self.times = count(1)
        self.unsound: set[str] = set()                             # tests that fail without a fault too
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

    def noticing(self, fault: Fault, *steps: Sequence[str]) -> str | None:
        """The first of these tests (files, or single ones) that notices the fault; None if none does."""
        for tests in steps:
            while True:
                with self.holding(fault):
                    failed = self.failing(tests, "-x") if tests else []
                if not failed:
                    break
                if failed == [NO_END] or not self.failing(failed):
                    return failed[0]
                self.unsound.update(failed)
        return None

    def near(self, fault: Fault) -> list[list[str]]:
        """The fault's file, for its examples (apart: pytest loads such a file once more); tests that name the file."""
        text, own = (self.root / fault.file).read_text("utf-8"), self.root / "tests" / fault.file.split("/")[1]
        room = (own if own.is_dir() else own.parent).glob("test_*.py")
        word = re.compile(rf"\b{Path(fault.file).stem}\b")
        named = [str(path.relative_to(self.root)) for path in sorted(room) if word.search(path.read_text("utf-8"))]
        return [[fault.file] if ">>>" in text and fault.file.endswith(".py") else [], named]

    def noticing_together(self, escaped: Sequence[Fault]) -> Iterator[tuple[Fault, str | None]]:
        """The same for each of several faults, of all tests of the default suite."""
        with ExitStack() as stack:
            for fault in escaped:
                stack.enter_context(self.holding(fault))
            failed = self.failing(["den_ref", "tests"])
        print(f"together: {', '.join(failed) or 'no test fails'}", flush=True)
        for fault in escaped:
            yield fault, self.noticing(fault, [name for name in failed if name not in self.unsound])

    def failing(self, tests: Sequence[str], *options: str) -> list[str]:
        """Those of these tests that fail."""
        command = [sys.executable, "-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider", "--ignore=tests/faults",
                   f"--basetemp={self.scratch}", *(f"--deselect={name}" for name in self.unsound), *options, *tests]
        process = subprocess.Popen(command, cwd=self.root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, start_new_session=True,
                                   env={**os.environ, "PYTHONPATH": str(self.root), "OPENBLAS_NUM_THREADS": "1"})
        try:
            said, _ = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            return [NO_END]
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        found = re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", said, re.MULTILINE)
        if not found and process.returncode not in (0, 5):         # 5: nothing there, all of it is slow
            raise RuntimeError(f"pytest ended with {process.returncode}:\n{said[-2000:]}")
        return found


def main() -> None:
    """Run the faults that have no verdict in this round."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=main.__doc__)
    parser.add_argument("--list", choices=LISTS, default="first")
    parser.add_argument("--only", nargs="+", default=[], metavar="ID", help="these faults, whether run before or not")
    parser.add_argument("--round", choices=ROUNDS, default=ROUNDS[-1])
    parser.add_argument("--near", action="store_true", help="stop before the whole suite is run")
    asked = parser.parse_args()
    done = verdicts(asked.list)
    chosen = [fault for fault in faults(asked.list) if fault.id in asked.only or not asked.only]
    with tempfile.TemporaryDirectory() as folder:
        checkout = Checkout(Path(folder))

        def tell(fault, verdict):
            done.setdefault(fault.id, {})[asked.round] = verdict
            write_verdicts(asked.list, done)
            print(f"{fault.id}: {verdict}", flush=True)

        for fault in chosen:
            if asked.only or asked.round not in done.get(fault.id, {}):
                tell(fault, checkout.noticing(fault, *checkout.near(fault)) or ESCAPED_NEAR)
        escaped = [fault for fault in chosen if done[fault.id][asked.round] == ESCAPED_NEAR]
        if escaped and not asked.near:
            for fault, test in checkout.noticing_together(escaped):
                tell(fault, test or ESCAPED)
        if checkout.unsound:
            print("fail without a fault too, and were left out: " + ", ".join(sorted(checkout.unsound)))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)      # ended from outside it tidies up as well
    with suppress(KeyboardInterrupt):
        main()
