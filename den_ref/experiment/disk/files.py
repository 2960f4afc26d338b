"""Files that are written whole or not at all."""

import errno
import glob
import os
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path

from den_ref.doors import Place

#: Version of the layouts described in docs/results_format.md.
VERSION = 1


@contextmanager
def whole(path: Path):
    """A file open for writing bytes that appears under its name only when it is complete and on the disk.

    Written beside its final place and moved there by ``os.replace``, which is atomic: whoever reads the name finds
    the old content or the new one, even if this process is killed.  Of several writers of one name each has a file of
    its own, and one that began earlier does not overwrite one that began later.

    Raises
    ------
    OSError
        If it cannot be written, or who began later has written it meanwhile; a folder and a device are no place for it.
    """
    path = Path(path)
    if path.exists() and not path.is_file():                       # os.replace would put a file in a device's place
        words = os.strerror(errno.EISDIR) if path.is_dir() else "not a regular file"
        raise OSError(errno.EEXIST, words, str(path))
    earlier = unfinished_files(path)                               # of killed processes, or of slower ones
    mine = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex}.part")
    try:
        with named(path), open(mine, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _moved(mine, path)
    finally:
        with suppress(OSError):
            mine.unlink(missing_ok=True)
    for other in earlier:
        other.unlink(missing_ok=True)


@contextmanager
def named(path: Path):
    """What fails inside, fails with this file: a full disk does not say for which one it has no room."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            error.filename = str(path)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text, whole or not at all."""
    with whole(path) as file:
        file.write(text.encode())


def unfinished_files(path: Path) -> list[Path]:
    """The files in which a content for this name is being written, or was until its writer was killed."""
    return list(path.parent.glob(f".{glob.escape(path.name)}.*.part"))


def _moved(mine: Path, path: Path) -> None:
    try:
        os.replace(mine, path)
    except FileNotFoundError as error:
        raise OSError(errno.ESTALE, "removed, or written by another process meanwhile", str(path)) from error


def path_of(given: Path | str, name: str = "folder", what: str = "a folder") -> Path:
    """An argument as a path; a ValueError if it is none, or no text at all."""
    return Path(Place(what)(name, given))


def writable_folder(out: Path | str) -> Path:
    """The folder, made if it is missing; a ValueError if it cannot be made or written to."""
    out = path_of(out, "out")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"out: expected a folder that can be made, got {out} ({error.strerror})") from error
    if not os.access(out, os.W_OK):
        raise ValueError(f"out: expected a folder that can be written to, got {out}")
    return out
