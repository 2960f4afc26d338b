"""The owner of a folder: the one process that learns in it.  A second is refused by name.

The claim is the file ``.owner`` in the folder: JSON that says which process on which host, and since when.  It is made
whole and only if there is none (``os.link``), and taken away at the end.  A process that is killed leaves it behind:
such a stale claim is known by its process, which this host does not have any more, and is taken over.
"""

import json
import os
import platform
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from .files import writable_folder

OWNER = ".owner"

#: The claims that this process holds.
_HELD: set[str] = set()


@contextmanager
def owned(folder: Path | str | None, *, name: str = OWNER, of_a_grid: bool = False) -> Iterator[None]:
    """While this lasts, the folder is this process's; None is nobody's.

    Parameters
    ----------
    folder : path
        Made if it is missing.
    name : str
        Of the claim's file.
    of_a_grid : bool
        For a cell of a grid, whose folder has an owner of its own: such a claim yields to another of the grid.

    Raises
    ------
    ValueError
        If the folder is another's, or cannot be made or written to.
    """
    owner = None if folder is None else Owner(folder, name=name, of_a_grid=of_a_grid)
    try:
        yield
    finally:
        if owner is not None:
            owner.release()


class Owner:
    """A claim on a folder, from when it is made until it is released (arguments and errors: :func:`owned`)."""

    def __init__(self, folder: Path | str, *, name: str = OWNER, of_a_grid: bool = False):
        self.path = writable_folder(folder) / name
        self.claim = {"host": platform.node(), "process": os.getpid(), "started": _started(os.getpid()),
                      "since": datetime.now().isoformat(" ", "seconds"), "of_a_grid": of_a_grid,
                      "token": uuid.uuid4().hex}
        with _one_at_a_time(self.path.parent):
            there = _read(self.path)
            if there is not None and not (_is_stale(there) or (of_a_grid and there["of_a_grid"])):
                raise ValueError(self._refusal(there))
            if there is not None:
                self.path.unlink(missing_ok=True)
            self._write()
        _HELD.add(self.claim["token"])

    def release(self) -> None:
        """Take the claim away, if it is still this one's."""
        _HELD.discard(self.claim["token"])
        with suppress(OSError):                                    # what cannot be removed is known to be stale
            if _read(self.path) == self.claim:
                self.path.unlink()

    def _write(self) -> None:
        """Make the file, whole; a ValueError if another process was faster."""
        part = self.path.with_name(f"{self.path.name}.{self.claim['token']}.part")
        try:
            part.write_text(json.dumps(self.claim), encoding="utf-8")
            try:
                os.link(part, self.path)
            except FileExistsError:
                raise
            except OSError:                                        # a file system without links
                with open(self.path, "x", encoding="utf-8") as file:
                    json.dump(self.claim, file)
        except FileExistsError as error:
            raise ValueError(self._refusal(_read(self.path) or _UNKNOWN)) from error
        finally:
            part.unlink(missing_ok=True)

    def _refusal(self, there: dict[str, Any]) -> str:
        way_out = ("wait for it" if there["host"] == self.claim["host"]
                   else f"wait for it or, if it is gone, remove {self.path}")
        return (f"out: expected a folder that no other process learns in, got {self.path.parent}, which is that of "
                f"process {there['process']} on {there['host']} since {there['since']}: {way_out}, "
                "or use another folder")


# --- small parts -------------------------------------------------------------------------------------------------

#: Of a claim that cannot be read: it is being written, or is none of ours.
_UNKNOWN = {"host": "an unknown host", "process": "unknown", "started": None, "since": "an unknown time",
            "of_a_grid": False, "token": ""}


def _read(path: Path) -> dict[str, Any] | None:
    """The claim in a file; None if there is none."""
    try:
        claim = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):
        return _UNKNOWN
    return claim if isinstance(claim, dict) and set(claim) == set(_UNKNOWN) else _UNKNOWN


def _is_stale(claim: dict[str, Any]) -> bool:
    """True if the claim is of this host, and its process is not there any more."""
    if claim["host"] != platform.node() or type(claim["process"]) is not int:
        return False
    if claim["process"] == os.getpid():
        return claim["token"] not in _HELD                         # of an earlier process with this number
    return not _is_there(claim["process"]) or claim["started"] != _started(claim["process"])


def _is_there(process: int) -> bool:
    """Whether this host has a process of this number; True where that is not to be known."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _started(process: int) -> int | None:
    """When a process was started, in ticks since the machine was; None for a dead one, or where there is no /proc."""
    try:
        state, *facts = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return None if state == "Z" else int(facts[18])
    except (OSError, ValueError, IndexError):
        return None


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """A moment in which no other process of this machine looks at the folder's claim: of two that find a stale one, the
    second finds that of the first.  Where the system has no such lock, there is none."""
    try:
        import fcntl

        lock = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)                                             # and with it the lock
