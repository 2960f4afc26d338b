"""The record of a search: every run of it one line of a ``.jsonl`` file, and what the runs come to.

    {"seed": 0, "settings": {"weight_decay": 0.02}, "validation": 0.861, "share": 1.0, "seconds": 48.9}

``validation`` is the mean AUROC on the validation split after the last task, ``share`` the size in parts of STL's,
``seconds`` are those of the processor.  Runs on another stream than MNIST-Variation also say on which: ``stream``; and
those whose boxes select units what these ``told``: "selected", the units per hidden layer, mean over the tasks after
the first, and how many of these "tasks" "expanded" the network.
"""

import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from den_ref.describe import Wish
from den_ref.experiment.disk.files import named
from den_ref.experiment.disk.json_files import check_shape
from den_ref.methods import REGISTRY
from den_ref.strict_json import strict_json

from .search_spaces import TUNED_ON

#: A setting is judged when it was tried with all of these, or as many of them as a search has.
SEEDS = (0, 1, 2)

_NUMBER = (int, float)
SHAPE = {"seed": int, "settings": {str: object}, "validation": _NUMBER, "share": _NUMBER, "seconds": _NUMBER}
MORE = {"stream": {str: object}, "told": {"selected": [_NUMBER], "expanded": int, "tasks": int}}

#: Within this of the best validation AUROC a setting counts as good as the best: about what a run varies by.
CLOSE = 0.005

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
    """The methods with a record in the folder: those of the registry in its order, DEN first; then all others."""
    named = {path.stem.replace("@", ":") for path in Path(folder).glob("*.jsonl")}
    ours = sorted(named & set(REGISTRY), key=["den", *REGISTRY].index)
    return ours + sorted(name for name in named if ":" in name)


# --- what the runs come to ---------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Judged:
    """A setting that was tried with every seed.

    Parameters
    ----------
    settings : dict
    validation, shares : tuples of float
        One per seed.
    told : tuple
        What the boxes told, per seed; None for boxes that tell nothing.
    """

    settings: dict[str, Any]
    validation: tuple[float, ...]
    shares: tuple[float, ...]
    told: tuple[dict[str, Any] | None, ...]

    @property
    def mean(self) -> float:
        """Mean validation AUROC over the seeds."""
        return fmean(self.validation)

    @property
    def share(self) -> float:
        """Mean size over the seeds, in parts of STL's."""
        return fmean(self.shares)


def best_tries(rows: Sequence[Row], largest_share: float, wish: Wish | None = None) -> list[Row]:
    """The runs with the first seed, one per setting, best first; those that are too large come after all others."""
    first = {_key(row["settings"]): row for row in rows if row["seed"] == SEEDS[0]}
    return _ranked(first.values(), largest_share, wish,
                   lambda row: (row["share"], row["validation"], [row.get("told")]))


def judged(rows: Sequence[Row], largest_share: float, wish: Wish | None = None,
           seeds: Sequence[int] = SEEDS) -> list[Judged]:
    """The settings tried with every seed, the best mean first; those that are too large come after all others."""
    by_seed = [{_key(row["settings"]): row for row in rows if row["seed"] == seed} for seed in seeds]
    shared = [key for key in by_seed[-1] if all(key in of_seed for of_seed in by_seed)]
    settings = [_judged([of_seed[key] for of_seed in by_seed]) for key in shared]
    return _ranked(settings, largest_share, wish, lambda setting: (setting.share, setting.mean, setting.told))


# --- small parts -------------------------------------------------------------------------------------------------


def _judged(rows: Sequence[Row]) -> Judged:
    """What the runs of one setting come to, one run per seed."""
    validation, shares, told = zip(*((row["validation"], row["share"], row.get("told")) for row in rows))
    return Judged(rows[0]["settings"], validation, shares, told)


def _ranked(settings: Iterable[Any], largest_share: float, wish: Wish | None, facts) -> list[Any]:
    """Those that are small enough first; of them those within CLOSE of the best, the nearest to the wish first; then by
    AUROC.  ``facts`` of a setting are its share, its AUROC, and what its runs told."""
    settings = list(settings)
    fitting = [auroc for share, auroc, _ in map(facts, settings) if share <= largest_share]
    close = max(fitting, default=0.0) - CLOSE

    def place(setting):
        share, auroc, told = facts(setting)
        misfit = _misfit(wish, told) if share <= largest_share and auroc >= close else math.inf
        return share > largest_share, misfit, -auroc

    return sorted(settings, key=place)


def _misfit(wish: Wish | None, told: Sequence[Mapping[str, Any] | None]) -> float:
    """How far runs are from a wish, on average; boxes that tell nothing fulfil none."""
    if wish is None:
        return 0.0
    return fmean(math.inf if each is None else wish.misfit(each) for each in told)


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
    check_shape(row, {**SHAPE, **{name: shape for name, shape in MORE.items() if name in row}}, where)
    for name, most in {"validation": 1, "share": math.inf, "seconds": math.inf}.items():
        if not 0 <= row[name] <= most:
            raise ValueError(f"{where}.{name}: expected a number from 0 to {most}, got {row[name]}")
    return row
