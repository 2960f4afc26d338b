"""Tables of samples: the files ``.csv`` and ``.npz`` that ``--data-file`` reads, checked with their places.

==========  =====================  ============================================================================
``.npz``    ``.csv``
==========  =====================  ============================================================================
``x``       every other column     (n, n_inputs) finite numbers; in ``.npz`` also images (n, h, w) or (n, h, w, c)
``label``   ``label``              (n,) whole numbers or texts; in ``.npz`` also (n, n_outputs) of 0 and 1
``task``    ``task``, if wanted    (n,) whole numbers or texts: which task a row belongs to
``split``   ``split``, if wanted   (n,) of "train", "valid" and "test"
==========  =====================  ============================================================================

A ``.csv`` has commas, a line of names first, and is UTF-8.  Nothing of a file is ever unpickled.
"""

import csv
import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from den_ref.doors import Place, did_you_mean
#: What is about a row, besides its features.
ABOUT = ("label", "task", "split")
#: Up to here every whole number is a float of its own.
LARGEST = 2**53 - 1


@dataclass(frozen=True, eq=False)
class Table:
    """Samples in rows.

    Parameters
    ----------
    x : (n, n_inputs) array, or images (n, h, w) or (n, h, w, c)
    label : (n,) array of whole numbers or texts, or (n, n_outputs) array of 0 and 1
    task, split : (n,) arrays or None
    """

    x: np.ndarray
    label: np.ndarray
    task: np.ndarray | None = None
    split: np.ndarray | None = None

    @property
    def least(self) -> int:
        """How often a label must be there: once for each split, unless it is said which those are."""
        return 3 if self.split is None else 1


def read_table(path) -> Table:
    """The table of a file.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        Naming the file and the place in it, what was expected and what came.
    """
    path = Path(Place("a file .csv or .npz")("data_file", path))
    if not path.is_file():
        raise FileNotFoundError(f"data_file: expected a file .csv or .npz, got {os.fspath(path)!r}, which is no file")
    if path.suffix not in READERS:
        raise ValueError(f"data_file: expected a file .csv or .npz, got {os.fspath(path)!r}")
    return READERS[path.suffix](path)


# --- .csv --------------------------------------------------------------------------------------------------------


def read_csv(path: Path) -> Table:
    """The table of a file of comma-separated values."""
    names, lines, rows = _rows(path)
    columns = dict(zip(names, zip(*rows)))
    _check_names(path, names, {"label"}, None)
    features = [name for name in names if name not in ABOUT]
    if not features or not rows:
        raise ValueError(f"{path}: expected columns of features and rows below the names, got {len(features)} and "
                         f"{len(rows)}")
    x = np.column_stack([_numbers(path, lines, name, columns[name]) for name in features])
    about = {name: _words(path, lines, name, columns[name]) for name in ABOUT if name in columns}
    return Table(x, **about)


def _rows(path: Path) -> tuple[list[str], list[int], list[list[str]]]:
    """The names, and of every row below its line and its fields; empty rows do not count."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file, strict=True)
        try:
            names = [name.strip() for name in next(filter(None, reader), [])]
            found = [(reader.line_num, row) for row in reader if row]
        except (csv.Error, UnicodeDecodeError) as error:
            raise ValueError(f"{path}, after line {reader.line_num}: expected comma-separated values in UTF-8 "
                             f"({error})") from error
    for line, row in found:
        if len(row) != len(names):
            raise ValueError(f"{path}, line {line}: expected {len(names)} fields, as many as names, got {len(row)}")
    return names, [line for line, _ in found], [row for _, row in found]


def _numbers(path: Path, lines: list[int], name: str, texts) -> np.ndarray:
    """A column of finite numbers, float64."""
    numbers = np.array([_number(text) for text in texts])
    if not np.isfinite(numbers).all():
        row = int(np.isfinite(numbers).argmin())
        raise ValueError(f"{path}, line {lines[row]}, column {name!r}: expected a finite number, got {texts[row]!r}")
    return numbers


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def _words(path: Path, lines: list[int], name: str, texts) -> np.ndarray:
    """A column of whole numbers if all are, else of texts."""
    texts = [text.strip() for text in texts]
    if "" in texts:
        raise ValueError(f"{path}, line {lines[texts.index('')]}, column {name!r}: expected a {name}, got nothing")
    numbers = np.array([_number(text) for text in texts])
    whole = np.isfinite(numbers).all() and (numbers == np.rint(numbers)).all()
    if np.isfinite(numbers).all() and not whole:
        row = int((numbers == np.rint(numbers)).argmin())
        raise ValueError(f"{path}, line {lines[row]}, column {name!r}: expected a whole number or a text, "
                         f"got {texts[row]!r}")
    if whole and abs(numbers).max() > LARGEST:
        row = int((abs(numbers) > LARGEST).argmax())
        raise ValueError(f"{path}, line {lines[row]}, column {name!r}: expected a whole number below 2^53 or a text, "
                         f"got {texts[row]!r}")
    return numbers.astype(np.int64) if whole else np.array(texts)


# --- .npz --------------------------------------------------------------------------------------------------------


def read_npz(path: Path) -> Table:
    """The table of an archive of arrays."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            _check_names(path, archive.files, {"x", "label"}, {"x", *ABOUT})
            arrays = {name: _array(path, name, archive[name]) for name in archive.files}
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, TypeError, OverflowError, MemoryError) as error:
        raise ValueError(f"{path}: expected an archive of arrays as numpy.savez writes it ({error})") from error
    except ValueError as error:
        raise error if str(error).startswith(f"{path}") else ValueError(
            f"{path}: expected arrays of numbers or texts, none of objects ({error})") from error
    x = arrays.pop("x")
    if x.ndim not in (2, 3, 4) or 0 in x.shape or x.dtype.kind not in "fiub":
        raise ValueError(f"{path}, x: expected real numbers (n, n_inputs), got {x.dtype} of shape {x.shape}; images "
                         "are (n, h, w) or (n, h, w, c)")
    if not np.isfinite(x).all():
        row = int(np.isfinite(x).reshape(len(x), -1).all(axis=1).argmin())
        raise ValueError(f"{path}, x: expected finite numbers, got {x[row][~np.isfinite(x[row])][0]} in row {row}")
    return Table(x, **{name: _kind_of(path, name, array, len(x)) for name, array in arrays.items()})


def _array(path: Path, name: str, member) -> np.ndarray:
    """A member of an archive; bytes are what NumPy makes of one that is no array."""
    if not isinstance(member, np.ndarray):
        raise ValueError(f"{path}, {name}: expected an array as numpy.savez writes it, got a file of another kind")
    return member


def _kind_of(path: Path, name: str, array: np.ndarray, n: int) -> np.ndarray:
    """An array of n whole numbers or texts; labels may be (n, n_outputs) as well."""
    fine = array.shape == (n,) or (name == "label" and array.ndim == 2 and len(array) == n and array.shape[1])
    if not fine:
        raise ValueError(f"{path}, {name}: expected shape ({n},), one per row of x, got {array.shape}")
    if array.dtype.kind == "f" and not (np.isfinite(array).all() and (array == np.rint(array)).all()):
        raise ValueError(f"{path}, {name}: expected whole numbers or texts, got fractions, NaN or infinities")
    if array.dtype.kind not in "fiubU":
        raise ValueError(f"{path}, {name}: expected whole numbers or texts, got {array.dtype}")
    if array.dtype.kind in "fu" and array.max() >= 2.0**63 or array.dtype.kind == "f" and array.min() < -2.0**63:
        raise ValueError(f"{path}, {name}: expected whole numbers of 64 bits or texts, got {array.min()} to "
                         f"{array.max()}")
    return array if array.dtype.kind == "U" else array.astype(np.int64)


#: End of a file's name -> what reads it.
READERS = {".csv": read_csv, ".npz": read_npz}


# --- both --------------------------------------------------------------------------------------------------------


def _check_names(path: Path, names: list[str], needed: set[str], known: set[str] | None) -> None:
    """Every name once, all that are needed, none that is not known (None: all are)."""
    if len(set(names)) < len(names):
        raise ValueError(f"{path}: expected every name once, got {', '.join(names)}")
    for name in sorted(needed - set(names)):
        raise ValueError(f"{path}: expected a column {name!r}{_perhaps(name, names)}, got {_few(names)}")
    for name in names:
        if known is not None and name not in known:
            raise ValueError(f"{path}: expected the arrays {', '.join(sorted(known))}, got {name!r}"
                             f"{did_you_mean(name, sorted(known))}")


def _perhaps(name: str, names: list[str]) -> str:
    """Why a name may be missing."""
    return " (commas between columns, and a line of names first)" if len(names) < 2 else did_you_mean(name, names)


def _few(names: list[str]) -> str:
    return ", ".join(map(repr, names[:8])) + (", ..." if len(names) > 8 else "" if names else "nothing")
