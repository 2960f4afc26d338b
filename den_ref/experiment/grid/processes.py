"""An executor that runs each call in a process of its own: a call that is killed takes no other with it.

``ProcessPoolExecutor`` gives up all its calls when one of its processes dies, and does not say whose it was.  Here a
call whose process is killed (say, for want of memory) is simply made again.  What goes in and out is JSON.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from importlib import import_module
from typing import Any

from den_ref.child import python
from den_ref.experiment.disk.environment import THREAD_VARIABLES

#: A call is given up after so many processes died of it.
DEATHS = 3

_PROGRAM = f"from {__name__} import serve; serve()"


def cores() -> int:
    """The number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class ProcessDied(Exception):
    """The processes of a call were killed, or ended without an answer."""


class Processes(Executor):
    """At most ``jobs`` calls at a time, each in a new Python process with one BLAS thread.

    A function is called by its name, so it must be one of a module; its arguments and its result are JSON types.  The
    processes end with this one, however it ends.

    Parameters
    ----------
    jobs : int, optional
        By default the number of cores.
    """

    def __init__(self, jobs: int | None = None):
        jobs = cores() if jobs is None else jobs
        if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1:
            raise ValueError(f"jobs: expected an integer >= 1, got {jobs!r}")
        self.threads = ThreadPoolExecutor(jobs)                    # each waits for a process
        self.running: set[subprocess.Popen] = set()
        self.lock = threading.Lock()
        self.stopped = False

    def submit(self, function: Callable, /, *arguments) -> Future:
        """Call ``function(*arguments)`` in a process.  The future's error is a ProcessDied if that did not answer."""
        call = json.dumps([function.__module__, function.__qualname__, arguments])
        return self.threads.submit(self._answer, call)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for the calls, or with ``cancel_futures`` end them now."""
        if cancel_futures:
            with self.lock:
                self.stopped = True
                for process in self.running:
                    process.kill()
        self.threads.shutdown(wait, cancel_futures=cancel_futures)

    def __exit__(self, kind, *_):
        self.shutdown(cancel_futures=kind is not None)

    def _answer(self, call: str) -> Any:
        for _ in range(DEATHS):
            text, status = self._in_a_process(call)
            if self.stopped:
                raise CancelledError
            if status == 0:
                return json.loads(text)
            if status == 1:                                        # an exception, whose traceback is on stderr
                break
        raise ProcessDied(f"the process of this call {_fate(status)}" + ("" if status == 1 else f", {DEATHS} times"))

    def _in_a_process(self, call: str) -> tuple[bytes, int]:
        """What the process wrote, and its exit status."""
        with self.lock:
            if self.stopped:
                raise CancelledError
            process = subprocess.Popen(
                python(_PROGRAM), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                env={**os.environ, **dict.fromkeys(THREAD_VARIABLES, "1")}, start_new_session=True)
            self.running.add(process)
        try:
            process.stdin.write(call.encode() + b"\n")
            process.stdin.flush()                                  # and left open: its end tells that we have ended
            return process.stdout.read(), process.wait()
        except BrokenPipeError:
            return b"", process.wait()
        finally:
            self._forget(process)

    def _forget(self, process: subprocess.Popen) -> None:
        with self.lock:
            self.running.discard(process)
        process.stdout.close()
        try:
            process.stdin.close()
        except BrokenPipeError:                                    # it died before it read what was sent
            pass


def serve() -> None:
    """The program of such a process: answer the call on stdin, on stdout."""
    module, name, arguments = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_caller, daemon=True).start()
    answer, sys.stdout = sys.stdout, sys.stderr
    print(json.dumps(getattr(import_module(module), name)(*arguments)), file=answer, flush=True)


def _end_with_the_caller() -> None:
    os.read(sys.stdin.fileno(), 1)                                 # nothing more is ever sent
    os._exit(1)


def _fate(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    return f"was killed by {signal.Signals(-status).name}" + (" (out of memory?)" if status == -9 else "")
