"""Archives of arrays, read with every doubt.

An *archive* is an ``.npz`` file (a zip of ``.npy`` arrays) with one more entry, ``header``: UTF-8 JSON as a ``uint8``
array.  The header says what the file is, in which version of its layout, and the SHA-256 of the arrays.
"""

import hashlib
import io
import json
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from den_ref.strict_json import strict_json

from .files import VERSION, whole
from .json_files import as_json

#: What reading a damaged or foreign zip file can raise.
DAMAGE = (ValueError, KeyError, TypeError, EOFError, OSError, RuntimeError, MemoryError, OverflowError, SyntaxError,
          struct.error, tokenize.TokenError, zlib.error, zipfile.BadZipFile)

#: What every archive says about itself.
ABOUT = ("format", "version", "sha256")


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
        header = strict_json(arrays.pop("header").tobytes())
        found, version, expected = (header[name] for name in ABOUT)
    except DAMAGE as error:
        raise ValueError(f"{path}: not a den_ref {kind}, or a damaged one ({error})") from error
    if found != f"den_ref {kind}":
        raise ValueError(f"{path}: expected a den_ref {kind}, got a {found}")
    if type(version) is not int or version != VERSION:
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
    # Nothing is unpacked before its size is known: entries are stored as they are, so that they fit the file.
    with zipfile.ZipFile(path) as archive:
        claimed, there = sum(entry.file_size for entry in archive.infolist()), Path(path).stat().st_size
        if claimed > there:
            raise ValueError(f"expected uncompressed entries, which fit a file of {there} bytes, got {claimed} bytes")
        if len(set(archive.namelist())) < len(archive.namelist()):
            raise ValueError(f"expected every name once, got {sorted(archive.namelist())}")
        return {name.removesuffix(".npy"): _parse(archive.read(name)) for name in archive.namelist()}


def _parse(content: bytes) -> np.ndarray:
    """An entry, whose header must claim as many bytes as are there: NumPy takes room before it looks."""
    stream = io.BytesIO(content)
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    shape, _, dtype = read[np.lib.format.read_magic(stream)](stream)
    if math.prod(shape) * dtype.itemsize != len(content) - stream.tell():
        raise ValueError(f"expected {len(content) - stream.tell()} bytes for shape {shape} of {dtype}")
    return np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
