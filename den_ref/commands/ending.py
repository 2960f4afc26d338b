"""How every command ends when a user, a disk, a terminal or another process ends it early: in words, the same for all.

A command says nothing of its own about these.  While there is something to lose, it leaves in ``arguments.kept`` a
function that says in a line or two what is kept, and the command that goes on.
"""

import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from .common import FAILED, INTERRUPTED, MISUSE, PIPE_CLOSED, misuse

#: What ends a command without being a fault of ours.
EARLY = (KeyboardInterrupt, OSError, MemoryError)

Kept = Callable[[], str] | None


def ended(error: BaseException, kept: Kept, parser=None) -> int:
    """Say what ended the command, what is kept and how to go on; the exit status."""
    if isinstance(error, OSError) and error.errno is None:         # no system's, but ours: of an argument
        return misuse(error, parser)
    with _uninterrupted():
        lost = takes_nothing(sys.stdout)
        if isinstance(error, OSError):                             # of the files, each says which it is
            lost = lost or error.filename is None
        words, status = _of_output(error, kept) if lost and isinstance(error, OSError) else _of(error, kept)
        if words:
            with suppress(OSError):                                # nobody is left to be told
                print(f"{words}{_way_on(kept)}", file=sys.stderr, flush=True)
    return status


def _of(error: BaseException, kept: Kept) -> tuple[str, int]:
    """What happened, and the exit status."""
    if isinstance(error, KeyboardInterrupt):
        return "\ninterrupted", INTERRUPTED
    if isinstance(error, MemoryError):
        return f"\nden-ref: not enough memory ({error or 'no more is to be had'})", FAILED
    if isinstance(error, BrokenPipeError):
        return ("\nden-ref: stopped, nobody reads its output any more" if kept else ""), PIPE_CLOSED
    name = getattr(error, "filename2", None) or getattr(error, "filename", None)      # of a copy: where it was to go
    words = f"{os.fsdecode(name)}: {error.strerror}" if name is not None and error.strerror else str(error)
    return (f"\nden-ref: {words}", FAILED) if kept else (f"den-ref: {words}", MISUSE)


def _of_output(error: OSError, kept: Kept) -> tuple[str, int]:
    """The same for an output that takes nothing more."""
    if isinstance(error, BrokenPipeError):
        return _of(error, kept)
    return f"\nden-ref: standard output: {error.strerror or error}", FAILED


def _way_on(kept: Kept) -> str:
    """What is kept and how to go on, after what happened."""
    if kept is None:
        return ""
    try:
        return f": {kept()}"
    except Exception as error:                                     # the disk that failed may fail again
        return f": what is kept cannot be read ({error})"


def takes_nothing(stream) -> bool:
    """Whether a stream is full or closed; what is left for it is dropped, or Python would complain at exit."""
    try:
        stream.flush()
    except OSError:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return True
    return False


def open_streams() -> None:
    """Standard streams that take every text, also where they are closed, or cannot encode it (characters are replaced).

    And no window: commands draw into files, whatever MPLBACKEND says.
    """
    os.environ.pop("MPLBACKEND", None)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:                             # 2>&-
            _open_nothing(number)
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))
        if number and hasattr(getattr(sys, name), "reconfigure"):
            getattr(sys, name).reconfigure(errors="backslashreplace")


def plain_warnings() -> None:
    """A warning is a line of words from here on, without its place in the source."""
    warnings.formatwarning = lambda message, *where, **line: f"den-ref: note: {message}\n"


def _open_nothing(number: int) -> None:
    """Let a file descriptor read and write nothing: left closed, the next file that is opened would take its place."""
    nothing = os.open(os.devnull, os.O_RDWR)
    if nothing != number:
        os.dup2(nothing, number)
        os.close(nothing)
    os.set_inheritable(number, True)


def heard_interrupts() -> list[int]:
    """A list that is not empty once Ctrl-C came: a library that is being loaded makes an error of its own of it."""
    heard = []

    def note(number, frame):
        heard.append(number)
        signal.default_int_handler(number, frame)

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:        # not for who ignores it, as nohup does
        with suppress(ValueError):                                 # not the main thread: no signal comes here
            signal.signal(signal.SIGINT, note)
    return heard


def deaf_to_interrupts() -> None:
    """From here on Ctrl-C does nothing: the work is done, and Python's own end would answer with a traceback."""
    with suppress(ValueError):                                     # not the main thread: no signal comes here
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """A second Ctrl-C has nothing more to interrupt."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:                                             # not the main thread: no signal comes here
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
