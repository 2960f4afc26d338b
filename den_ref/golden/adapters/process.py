"""Somebody's implementation in any language: a program that answers questions on its stdin and stdout.

Whatever the program does (dies, hangs, talks out of turn), the case at hand gets an error that says so, the program
is stopped, and the next case is asked of a fresh one.  An operation that has cost two programs is not asked again.
"""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from den_ref.golden.answers import AdapterError
from den_ref.golden.case import Case

from .wire import JSON, LONGEST_LINE, Refusal, Wire, WireError, check_hello, outputs

#: Lines that wait to be read.  One answer at a time is due, so a program that sends many more is not listened to.
WAITING = 16
#: Seconds between two looks at whether the program is still there.
GLANCE = 0.2
#: What is shown of stderr.
TAIL = 2000
#: Times that a program may hang in a row before nothing more is asked; programs that an operation may end.
PATIENCE, LIVES = 3, 2


class CannotStart(AdapterError, ValueError):
    """The program did not even say hello: a bad value of the command line, where the command is given there."""


class Child:
    """A running program: lines go in, lines come out, each with a time limit.

    Pipes have no time limits and may block, so threads read and write them.
    """

    def __init__(self, command: Sequence[str]):
        # A session of its own, so that whatever it starts can be stopped with it.
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        start_new_session=True)
        self.watcher = _watcher(self.process)
        self.to_send: queue.Queue = queue.Queue()
        self.received: queue.Queue = queue.Queue()
        self.complaints = b""
        self.threads = [threading.Thread(target=work, daemon=True)
                        for work in (self._write, self._read, self._read_complaints)]
        for thread in self.threads:
            thread.start()

    def _write(self) -> None:
        with contextlib.suppress(OSError, ValueError):           # a dead reader is noticed at its other end
            while (message := self.to_send.get()) is not None:
                self.process.stdin.write(message)
                self.process.stdin.flush()
        with contextlib.suppress(OSError, ValueError):
            self.process.stdin.close()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while text := self.process.stdout.readline(LONGEST_LINE + 1):
                if self.received.qsize() < WAITING:
                    self.received.put(text)
        self.received.put(None)

    def _read_complaints(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while text := self.process.stderr.read1(4096):
                self.complaints = (self.complaints + text)[-TAIL:]

    def send(self, message: bytes) -> None:
        """Send one line, or whatever is left when the program reads again."""
        self.to_send.put(message)

    def receive(self, seconds: float) -> bytes:
        """The next line.

        Raises
        ------
        WireError
            If it is too long.
        TimeoutError
            If there is none in time.
        EOFError
            If there will be none.
        """
        text = self._next(seconds)
        if text is None:
            self.received.put(None)
            raise EOFError(f"no answer: {self._end()}")
        if len(text) > LONGEST_LINE:
            raise WireError(f"a line of more than {LONGEST_LINE // 1_000_000} MB")
        return text

    def _next(self, seconds: float) -> bytes | None:
        """The next line; None at the end of stdout, or of a program whose stdout somebody else holds open."""
        deadline, ended = time.monotonic() + seconds, False
        while True:
            left = deadline - time.monotonic()
            with contextlib.suppress(queue.Empty):
                return self.received.get(timeout=max(min(left, GLANCE), 0))
            if ended or left <= 0:
                break
            ended = self.process.poll() is not None               # once more: its last line may be on its way
        if ended:
            return None
        raise TimeoutError(f"no answer within {seconds:g} s")

    def _end(self) -> str:
        """How the program ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = self.process.wait(1)
            if status >= 0:
                return f"the program ended with exit status {status}"
            return f"the program was ended by {_signal_name(-status)}"
        return "the program closed its stdout"

    def finish(self, seconds: float = 2.0) -> list[bytes]:
        """Say that there are no more questions; lines that nobody asked for."""
        self.send(None)
        surplus, deadline = [], time.monotonic() + seconds
        with contextlib.suppress(TimeoutError, EOFError, WireError):
            while True:
                surplus.append(self.receive(max(deadline - time.monotonic(), 0)))
        self.stop()
        return surplus

    def stop(self) -> None:
        """End the program and all it has started."""
        self.send(None)
        self._kill()
        self.process.wait()
        if self.watcher is not None:
            self.watcher.communicate(b"!")                         # it is not needed any more
        for thread in self.threads:
            thread.join(1)
        if not any(thread.is_alive() for thread in self.threads):
            self.process.stdout.close()
            self.process.stderr.close()

    def _kill(self) -> None:
        # If a pipe is still open, the program or something it started is alive, and so the group is still its own.
        open_pipe = any(thread.is_alive() for thread in self.threads[1:])
        if hasattr(os, "killpg") and (self.process.poll() is None or open_pipe):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()

    def said(self) -> str:
        """The end of what it wrote to stderr."""
        text = self.complaints.decode("utf-8", "replace").strip()
        return "\nits stderr:\n" + "\n".join("  " + row for row in text.splitlines()) if text else ""


def _watcher(process: subprocess.Popen) -> subprocess.Popen | None:
    """A process that waits for the end of this one, however it ends, and ends the program and all it has started.

    It reads a pipe that only this process holds open: a byte comes when it is not needed any more, nothing if we died.
    """
    if not hasattr(os, "killpg"):
        return None
    program = "import os, sys; os.read(0, 1) or os.killpg(int(sys.argv[1]), 9)"
    try:
        return subprocess.Popen([sys.executable, "-I", "-S", "-c", program, str(process.pid)], stdin=subprocess.PIPE,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    except OSError:
        process.kill()
        raise


def _signal_name(number: int) -> str:
    """SIGKILL for 9; a number that has no name stays one."""
    with contextlib.suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"


class ProcessAdapter:
    """Ask a program.

    Parameters
    ----------
    command : list of str
    seconds : float
        Time limit for one answer.
    start : float
        Time limit for the first hello.
    wire : Wire
        JSON, or TEXT for programs that read none.

    Raises
    ------
    CannotStart
        If it cannot be started or does not greet as it should.
    """

    def __init__(self, command: Sequence[str], seconds: float = 10.0, start: float = 60.0, wire: Wire = JSON):
        self.wire = wire
        self.command, self.seconds, self.start = list(command), seconds, start
        self.child: Child | None = None
        self.hung: list[str] = []
        self.ended: Counter = Counter()
        self.silent = 0
        self._begin()

    def __call__(self, case: Case) -> dict[str, Any]:
        """The outputs of a case, flat (raises as :func:`den_ref.golden.adapters.wire.outputs`)."""
        self._refuse_if_hopeless(case.operation)
        if self.child is None:
            self._begin_again()
        try:
            self.child.complaints = b""
            self.child.send(self.wire.question(case))
            text = self.child.receive(self.seconds)
            self.silent = 0
            return outputs(case, text, self.wire)
        except (WireError, EOFError, TimeoutError) as error:
            self.ended[case.operation] += 1
            if isinstance(error, TimeoutError):
                self.hung.append(case.operation)
                self.silent += 1
            raise AdapterError(f"{error}{self._given_up()}") from error

    def _refuse_if_hopeless(self, operation: str) -> None:
        """What hangs or dies costs time: neither an operation nor a program may do so on and on."""
        if operation in self.hung:
            raise AdapterError(f"not asked: the program hung in {operation} before")
        if self.ended[operation] >= LIVES:
            raise AdapterError(f"not asked: {LIVES} programs have ended in {operation}")
        if self.silent >= PATIENCE:
            raise AdapterError(f"not asked: the program hung, or did not start again, {self.silent} times in a row")

    def _begin(self) -> None:
        """Start the program and exchange greetings."""
        try:
            self.child = Child(self.command)
        except (OSError, ValueError) as error:
            raise CannotStart(f"{self.command[0]}: cannot be started: {error}") from error
        try:
            self.child.send(self.wire.hello)
            check_hello(self.child.receive(self.start), self.wire)
        except Refusal as error:
            self._given_up()
            raise CannotStart(str(error)) from error
        except (WireError, EOFError, TimeoutError) as error:
            raise CannotStart(f"{' '.join(self.command)}: no hello: {error}{self._given_up()}") from error
        except KeyboardInterrupt:
            self._given_up()                                      # it has a session of its own and would live on
            raise

    def _begin_again(self) -> None:
        """As before; a program that started once and now does not is not tried for ever."""
        try:
            self._begin()
        except CannotStart as error:
            self.silent += 1
            raise AdapterError(f"it could not be started again: {error}") from error

    def _given_up(self) -> str:
        """Stop the program; what it has said on stderr."""
        child, self.child = self.child, None
        child.stop()
        return child.said()

    def stop(self) -> None:
        """End the program at once."""
        if self.child is not None:
            self._given_up()

    def close(self) -> list[str]:
        """End the program; complaints about what it said when nothing was asked."""
        if self.child is None:
            return []
        surplus, self.child = self.child.finish(), None
        return [f"after the last answer: a line that was not asked for: {text[:80]!r}" for text in surplus[:1]]
