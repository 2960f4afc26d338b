"""Folders of the user's, and what is in them."""

import os
from pathlib import Path


def files_in(folder, argument: str) -> list[Path]:
    """The files of a folder, hidden ones left out, in the order of their names.

    Raises
    ------
    FileNotFoundError
        Naming the argument, if it is no folder; no text is none, rather than the working folder.
    """
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"{argument}: expected a folder, got {os.fspath(folder)!r}, which is no folder")
    return sorted(path for path in Path(folder).iterdir() if not path.name.startswith("."))
