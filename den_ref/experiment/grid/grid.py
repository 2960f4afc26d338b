"""A grid: methods and their variations times seeds, each of these cells an ordinary run with a folder of its own.

    OUT/grid.json                           what the grid is
    OUT/cells/LABEL/seed-S/                 results.json and network.npz of a cell, as ``den_ref.run(out=...)`` writes
    OUT/cells/LABEL/seed-S/error.txt        if it failed: why
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import den_ref
from den_ref.experiment.disk.files import VERSION, path_of, write_text
from den_ref.experiment.disk.json_files import as_json, check_format, check_shape, differences, write_json
from den_ref.experiment.disk.results import read_results
from den_ref.settings import as_text
from den_ref.strict_json import strict_json
from den_ref.tasks.seeds import checked_seed

GRID, CELLS, ERROR = "grid.json", "cells", "error.txt"

#: The shape of grid.json, as ``results.SCHEMA`` is that of results.json.
SCHEMA = {
    "format": str, "version": int, "den_ref": str,
    "stream": {"name": str, "options": {str: object}},
    "methods": [{"label": str, "method": str, "settings": {str: object}, "seeds": [int]}],
}


@dataclass(frozen=True)
class Cell:
    """One run of a grid.

    Parameters
    ----------
    method : str
        Name in the registry.
    seed : int
        Of the stream and of the method.
    settings : dict
        The method's options that differ from its defaults; JSON types.
    label : str, optional
        What tables and figures call it; by default the method's name, and its settings.

    >>> Cell("den").label, Cell("den", 1, {"sigma": 0.2}).label
    ('den', 'den sigma=0.2')
    """

    method: str
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    label: str | None = None

    def __post_init__(self):
        checked_seed(self.seed)
        settings = as_json(self.settings)
        changes = [f"{name}={as_text(value)}" for name, value in settings.items()]
        object.__setattr__(self, "settings", settings)
        object.__setattr__(self, "label", self.label or " ".join([self.method, *changes]))

    @property
    def folder(self) -> Path:
        """Where it is written, below the grid's folder."""
        return Path(CELLS, safe_name(self.label), f"seed-{self.seed}")

    def __str__(self) -> str:
        return f"{self.label}, seed {self.seed}"


@dataclass(frozen=True)
class Grid:
    """A grid and what there is of it so far.

    Parameters
    ----------
    folder : path
    facts : dict
        The content of grid.json.
    results : dict
        label -> seed -> what ``read_results`` gives, of the cells that are learnt to the end; labels and seeds in the
        grid's order.
    failures : list of (Cell, str)
        The cells that failed, and why.
    """

    folder: Path
    facts: dict[str, Any]
    results: dict[str, dict[int, dict[str, Any]]]
    failures: list[tuple[Cell, str]]

    @property
    def cells(self) -> list[Cell]:
        """All cells, learnt or not."""
        return cells_of(self.facts)

    @property
    def missing(self) -> list[Cell]:
        """The cells that are not learnt to the end, failed ones included."""
        return [cell for cell in self.cells if cell.seed not in self.results.get(cell.label, {})]

    @property
    def complete(self) -> bool:
        return not self.missing

    def part(self, facts: dict[str, Any]) -> Grid:
        """The same of some of its cells only: those that other facts list."""
        cells, results = cells_of(facts), {}
        for cell in cells:
            if cell.seed in self.results.get(cell.label, {}):
                results.setdefault(cell.label, {})[cell.seed] = self.results[cell.label][cell.seed]
        return Grid(self.folder, facts, results, [(cell, error) for cell, error in self.failures if cell in cells])


def read_grid(folder: Path | str) -> Grid:
    """The grid in a folder, finished or not.

    Raises
    ------
    FileNotFoundError
        If the folder holds no grid.json.
    ValueError
        If grid.json is damaged or foreign, or cannot be read.
    """
    folder = path_of(folder)
    facts, results, failures = _read_facts(folder), {}, []
    for cell in cells_of(facts):
        record, error = read_cell(folder, cell), _read_error(folder / cell.folder / ERROR)
        if error is not None:
            failures.append((cell, error))
        elif record is not None and record["complete"]:
            results.setdefault(cell.label, {})[cell.seed] = record
    return Grid(folder, facts, results, failures)


def read_cell(folder: Path, cell: Cell) -> dict[str, Any] | None:
    """What there is of a cell's results; None if there is nothing, or a damaged file, which resuming writes again."""
    try:
        return read_results(folder / cell.folder)
    except (OSError, ValueError):
        return None


def write_error(folder: Path, cell: Cell, error: str) -> None:
    """Write down why a cell failed."""
    write_text(folder / cell.folder / ERROR, error)


def forget_error(folder: Path, cell: Cell) -> None:
    """The cell is tried again."""
    (folder / cell.folder / ERROR).unlink(missing_ok=True)


def begin_grid(folder: Path, asked: dict[str, Any], resume: bool) -> None:
    """Write grid.json into the folder; with ``resume`` the cells are added to the grid that the folder holds.

    Raises
    ------
    ValueError
        If the folder holds a grid and ``resume`` is False, or one of another stream or version, or in which a label
        means something else (the error says what differs).
    """
    try:
        there = _read_facts(folder)
    except FileNotFoundError:
        write_json(folder / GRID, asked)
        return
    if not resume:
        raise ValueError(f"out: {folder} already holds a grid: resume it (--resume), or use another folder")
    write_json(folder / GRID, merged(there, asked, folder))


def describe(cells: Iterable[Cell], stream: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The content of grid.json: cells of one label stand together, in the order of their first."""
    methods = {}
    for cell in cells:
        about = {"label": cell.label, "method": cell.method, "settings": cell.settings, "seeds": []}
        row = methods.setdefault(cell.label, about)
        _refuse(differences({**row, "seeds": []}, about), f"label {cell.label!r}: expected one meaning")
        row["seeds"] = list(dict.fromkeys([*row["seeds"], cell.seed]))
    folders = {safe_name(label).casefold() for label in methods}
    if len(folders) < len(methods):
        raise ValueError(f"label: expected labels that differ in letters or digits, got {list(methods)}")
    return {"format": "den_ref grid", "version": VERSION, "den_ref": den_ref.__version__,
            "stream": {"name": stream, "options": as_json(options)}, "methods": list(methods.values())}


def merged(there: dict[str, Any], here: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The grid that has the cells of both; a ValueError unless they agree in all else."""
    alike, way_out = ("den_ref", "stream"), f"out: {folder} holds another grid; use another folder (--out)"
    _refuse(differences({name: there[name] for name in alike}, {name: here[name] for name in alike}), way_out)
    try:
        return describe([*cells_of(there), *cells_of(here)], there["stream"]["name"], there["stream"]["options"])
    except ValueError as error:
        raise ValueError(f"{way_out}: {error}") from error


def cells_of(facts: Mapping[str, Any]) -> list[Cell]:
    """The cells that a grid.json lists."""
    return [Cell(row["method"], seed, row["settings"], row["label"])
            for row in facts["methods"] for seed in row["seeds"]]


def safe_name(label: str) -> str:
    """The label as the name of a folder.

    >>> safe_name("den sigma=0.2"), safe_name("../a: b")
    ('den_sigma=0.2', '_a_b')
    """
    name = re.sub(r"[^\w.=,+-]+", "_", label, flags=re.ASCII).lstrip(".")
    if not re.search(r"\w", name):
        raise ValueError(f"label: expected letters or digits, got {label!r}")
    return name


# --- small parts -------------------------------------------------------------------------------------------------


def _read_facts(folder: Path) -> dict[str, Any]:
    path = folder / GRID
    try:
        facts = strict_json(path.read_bytes())
        check_format(facts, "grid")
        check_shape(facts, SCHEMA, "grid")
    except FileNotFoundError as error:
        raise FileNotFoundError(f"folder: expected the folder of a grid, but {path} does not exist") from error
    except OSError as error:
        raise ValueError(f"folder: expected a grid that can be read, got {path} ({error.strerror})") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return facts


def _read_error(path: Path) -> str | None:
    """Why a cell failed; None if it did not."""
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        return f"failed, but why cannot be read in {path} ({error})\n"


def _refuse(found: Iterable[str], words: str) -> None:
    text = "; ".join(found)
    if text:
        raise ValueError(f"{words} ({text})")
