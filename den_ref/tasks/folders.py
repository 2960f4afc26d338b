"""Folders of the user's, and what is in them."""

import os
from pathlib import Path

from den_ref.doors import Place


def files_in(folder, argument: str) -> list[Path]:
    """The files of a folder, hidden ones left out, in the order of their names.

    Raises
    ------
    FileNotFoundError, ValueError
        Naming the argument, if it is no folder.
    """
    Place("a folder")(argument, folder)
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"{argument}: expected a folder, got {os.fspath(folder)!r}, which is no folder")
    return sorted(path for path in Path(folder).iterdir() if not path.name.startswith("."))
