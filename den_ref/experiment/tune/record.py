"""The record of a search: every run of it one line of a ``.jsonl`` file, and what the runs come to.

    {"seed": 0, "settings": {"weight_decay": 0.02}, "validation": 0.861, "share": 1.0, "seconds": 48.9}

``validation`` is the mean AUROC on the validation split after the last task, ``share`` the size in parts of STL's,
``seconds`` are those of the processor.  Runs on another stream than MNIST-Variation also say on which: ``stream``.
"""

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from den_ref.experiment.disk.files import named
from den_ref.experiment.disk.json_files import check_shape
from den_ref.strict_json import strict_json

from .search_spaces import TUNABLE, TUNED_ON

#: A setting is judged when it was tried with all of these.
SEEDS = (0, 1, 2)

_NUMBER = (int, float)
SHAPE = {"seed": int, "settings": {str: object}, "validation": _NUMBER, "share": _NUMBER, "seconds": _NUMBER}

#: What a run was on that does not say so.
THE_STREAM = {"name": TUNED_ON}

Row = dict[str, Any]


class Tries:
    """The runs on record, by setting and seed; a new one is written when it is added.

    Parameters
    ----------
    path : path
        The file; made with the first run, its folder at once.
    stream : dict
        ``{"name": ..., option: ...}``: what the runs were on.

    Raises
    ------
    ValueError
        If the file holds something else, or runs on another stream.
    OSError
        If its folder cannot be made.
    """

    def __init__(self, path: Path | str, stream: Mapping[str, Any]):
        self.path = Path(path)
        self.stream = dict(stream)
        self.rows: dict[tuple[str, int], Row] = {}
        for row in read_tries(self.path):
            if stream_of(row) != self.stream:
                raise ValueError(f"out: {self.path} holds tries on {stream_of(row)}, expected {self.stream}; choose "
                                 "another folder")
            self.rows.setdefault(_key(row["settings"], row["seed"]), row)
        self.path.parent.mkdir(parents=True, exist_ok=True)        # now, not after the first run is made

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, run: tuple[Mapping[str, Any], int]) -> bool:
        return _key(*run) in self.rows

    def __getitem__(self, run: tuple[Mapping[str, Any], int]) -> Row:
        return self.rows[_key(*run)]

    def add(self, row: Row) -> None:
        """Write the run, a whole line or (interrupted) a torn one, which reading leaves out; and keep it."""
        row = row if self.stream == THE_STREAM else {**row, "stream": self.stream}
        with named(self.path), open(self.path, "ab") as file:
            file.truncate(_whole_lines(self.path))
            file.write(json.dumps(row, allow_nan=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self.rows[_key(row["settings"], row["seed"])] = row


def read_tries(path: Path | str) -> list[Row]:
    """The runs in a file, in their order; none if there is no file.  A last line without its end is left out.

    Raises
    ------
    ValueError
        If another line is not a run; the error says which.
    """
    path = Path(path)
    if not path.exists():
        return []
    content = path.read_bytes()[:_whole_lines(path)]
    return [_row(line, f"{path}, line {number}") for number, line in enumerate(content.splitlines(), 1)]


def stream_of(row: Row) -> dict[str, Any]:
    """What a run was on: the stream's name and options."""
    return row.get("stream", THE_STREAM)


def record_path(folder: Path | str, method: str) -> Path:
    """The file of a method's record: METHOD.jsonl; that of ``module:Class`` is module@Class.jsonl (no file system
    minds)."""
    return Path(folder) / f"{method.replace(':', '@')}.jsonl"


def methods_on_record(folder: Path | str) -> list[str]:
    """The methods with a record in the folder: those of the registry in the order of TUNABLE, then all others."""
    named = {path.stem.replace("@", ":") for path in Path(folder).glob("*.jsonl")}
    return [name for name in TUNABLE if name in named] + sorted(name for name in named if ":" in name)


# --- what the runs come to ---------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Judged:
    """A setting that was tried with every seed.

    Parameters
    ----------
    settings : dict
    validation, shares : tuples of float
        One per seed of ``SEEDS``.
    """

    settings: dict[str, Any]
    validation: tuple[float, ...]
    shares: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean validation AUROC over the seeds."""
        return fmean(self.validation)

    @property
    def share(self) -> float:
        """Mean size over the seeds, in parts of STL's."""
        return fmean(self.shares)


def best_tries(rows: Sequence[Row], largest_share: float) -> list[Row]:
    """The runs with the first seed, one per setting, best first; those that are too large come after all others."""
    first = {_key(row["settings"]): row for row in rows if row["seed"] == SEEDS[0]}
    return sorted(first.values(), key=lambda row: (row["share"] > largest_share, -row["validation"]))


def judged(rows: Sequence[Row], largest_share: float) -> list[Judged]:
    """The settings tried with every seed, the best mean first; those that are too large come after all others."""
    by_seed = [{_key(row["settings"]): row for row in rows if row["seed"] == seed} for seed in SEEDS]
    shared = [key for key in by_seed[-1] if all(key in of_seed for of_seed in by_seed)]
    settings = [Judged(by_seed[0][key]["settings"],
                       tuple(of_seed[key]["validation"] for of_seed in by_seed),
                       tuple(of_seed[key]["share"] for of_seed in by_seed)) for key in shared]
    return sorted(settings, key=lambda setting: (setting.share > largest_share, -setting.mean))


# --- small parts -------------------------------------------------------------------------------------------------


def _key(settings: Mapping[str, Any], seed: int = 0) -> tuple[str, int]:
    return json.dumps(settings, sort_keys=True), seed


def _whole_lines(path: Path) -> int:
    """The length of the file up to its last line end."""
    return path.read_bytes().rfind(b"\n") + 1


def _row(line: bytes, where: str) -> Row:
    try:
        row = strict_json(line)
    except ValueError as error:
        raise ValueError(f"{where}: expected a try as JSON, got {line[:60]!r} ({error})") from error
    check_shape(row, {**SHAPE, "stream": {str: object}} if "stream" in row else SHAPE, where)
    for name, most in {"validation": 1, "share": math.inf, "seconds": math.inf}.items():
        if not 0 <= row[name] <= most:
            raise ValueError(f"{where}.{name}: expected a number from 0 to {most}, got {row[name]}")
    return row
