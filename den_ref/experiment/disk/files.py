"""Files that are written whole or not at all, and read with every doubt.

An *archive* is an ``.npz`` file (a zip of ``.npy`` arrays) with one more entry, ``header``: UTF-8 JSON as a ``uint8``
array.  The header says what the file is, in which version of its layout, and the SHA-256 of the arrays.
"""

from __future__ import annotations

import glob
import hashlib
import io
import json
import math
import os
import struct
import uuid
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

#: Version of the layouts described in docs/results_format.md.
VERSION = 1

#: What reading a damaged or foreign zip file can raise.
DAMAGE = (ValueError, KeyError, TypeError, EOFError, OSError, RuntimeError, struct.error, zlib.error,
          zipfile.BadZipFile)


@contextmanager
def whole(path: Path):
    """A file open for writing bytes that appears under its name only when it is complete and on the disk.

    Written beside its final place and moved there by ``os.replace``, which is atomic: whoever reads the name finds
    the old content or the new one, even if this process is killed.  Of several writers of one name each has a file of
    its own, and one that began earlier does not overwrite one that began later.

    Raises
    ------
    OSError
        If it cannot be written, or who began later has written it meanwhile.
    """
    path = Path(path)
    earlier = unfinished_files(path)                               # of killed processes, or of slower ones
    mine = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex}.part")
    try:
        with open(mine, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _moved(mine, path)
    finally:
        mine.unlink(missing_ok=True)
    for other in earlier:
        other.unlink(missing_ok=True)


def unfinished_files(path: Path) -> list[Path]:
    """The files in which a content for this name is being written, or was until its writer was killed."""
    return list(path.parent.glob(f".{glob.escape(path.name)}.*.part"))


def _moved(mine: Path, path: Path) -> None:
    try:
        os.replace(mine, path)
    except FileNotFoundError as error:
        raise OSError(f"{path}: written by another process meanwhile") from error


# --- JSON --------------------------------------------------------------------------------------------------------


def as_json(value: Any) -> Any:
    """The value in strict JSON types: NaN becomes null, an infinity "inf" or "-inf", NumPy numbers and arrays Python's.

    >>> as_json({"a": np.float32(0.5), "b": (1, np.nan), "c": np.array([np.inf])})
    {'a': 0.5, 'b': [1, None], 'c': ['inf']}
    """
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        return as_json(value.tolist())
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return repr(value)


def write_json(path: Path, value: Any) -> None:
    """Write the value as JSON for people to read, whole or not at all."""
    with whole(path) as file:
        file.write(pretty(as_json(value)).encode() + b"\n")


def check_format(content: Any, kind: str) -> None:
    """Raise a ValueError unless a JSON file's content says that it is a den_ref ``kind`` of this layout."""
    found, version = (content.get(key) if isinstance(content, dict) else None for key in ("format", "version"))
    if (found, version) != (f"den_ref {kind}", VERSION):
        raise ValueError(f"{kind}: expected den_ref {kind} of version {VERSION}, got {found!r} of version {version!r}")


def pretty(value: Any, indent: str = "") -> str:
    """JSON text with one item a line, but a list or dict without lists or dicts in it on one line.

    >>> print(pretty({"R": [[0.5, None], [0.25, 0.75]]}))
    {
      "R": [
        [0.5, null],
        [0.25, 0.75]
      ]
    }
    """
    inner = indent + "  "
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if not any(isinstance(item, (dict, list)) for item in items):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    if isinstance(value, dict):
        lines = [f"{inner}{json.dumps(key, ensure_ascii=False)}: {pretty(item, inner)}" for key, item in value.items()]
    else:
        lines = [inner + pretty(item, inner) for item in value]
    left, right = "{}" if isinstance(value, dict) else "[]"
    return f"{left}\n" + ",\n".join(lines) + f"\n{indent}{right}"


# --- archives ----------------------------------------------------------------------------------------------------


def write_archive(path: Path, kind: str, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays and a header of JSON types to an ``.npz`` file, whole or not at all.

    The same content gives the same bytes.  An array of objects is a ValueError: nothing here is pickled.
    """
    arrays = {name: np.asanyarray(array) for name, array in arrays.items()}
    about = {"format": f"den_ref {kind}", "version": VERSION, "sha256": digest(arrays), **header}
    text = json.dumps(as_json(about), allow_nan=False).encode()
    with whole(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, array in {"header": np.frombuffer(text, np.uint8), **arrays}.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)


def read_archive(path: Path, kind: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The header and the arrays of a file that :func:`write_archive` wrote.

    Raises
    ------
    ValueError
        If the file is not an archive of this kind, of another version of the layout, or not the bytes that were
        written.
    """
    try:
        arrays = _read_npz(path)
        header = json.loads(arrays.pop("header").tobytes())
        found, version, expected = header["format"], header["version"], header["sha256"]
    except DAMAGE as error:
        raise ValueError(f"{path}: not a den_ref {kind}, or a damaged one ({error})") from error
    if found != f"den_ref {kind}":
        raise ValueError(f"{path}: expected a den_ref {kind}, got a {found}")
    if version != VERSION:
        raise ValueError(f"{path}: expected layout version {VERSION}, got {version}; use the den_ref that wrote it")
    if digest(arrays) != expected:
        raise ValueError(f"{path}: damaged: the arrays are not the ones that were written (SHA-256 differs)")
    return header, arrays


def digest(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 over the arrays' names, dtypes, shapes and bytes, in the order of the names."""
    sha = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        sha.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        sha.update(array.tobytes())
    return sha.hexdigest()


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    # Not numpy.load: an entry is read to its end before it is parsed, so that the zip file's own checksum comes first.
    with zipfile.ZipFile(path) as archive:
        return {name.removesuffix(".npy"): _parse(archive.read(name)) for name in archive.namelist()}


def _parse(content: bytes) -> np.ndarray:
    return np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
