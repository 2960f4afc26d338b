"""Archives of arrays, read with every doubt.

An *archive* is an ``.npz`` file (a zip of ``.npy`` arrays) with one more entry, ``header``: UTF-8 JSON as a ``uint8``
array.  The header says what the file is, in which version of its layout, and the SHA-256 of the arrays.
"""

import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .files import VERSION, whole
from .json_files import as_json

#: What reading a damaged or foreign zip file can raise.
DAMAGE = (ValueError, KeyError, TypeError, EOFError, OSError, RuntimeError, struct.error, zlib.error,
          zipfile.BadZipFile)


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
