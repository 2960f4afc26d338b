"""The records of the searches as a page for people: how the options were found, and every setting that was judged."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from den_ref.describe import Space
from den_ref.experiment.disk.files import write_text
from den_ref.experiment.one_run.plan import make_config
from den_ref.experiment.one_run.presets import PAPERS, write_preset
from den_ref.experiment.pages.markdown import slashed, table
from den_ref.methods import method_named
from den_ref.settings import as_text
from .attribute_spaces import ATTRIBUTES
from .filter_spaces import WITH_FILTERS
from .record import (
    CLOSE, THE_STREAM, Judged, Row, judged, methods_on_record, read_tries, record_path, stream_of)
from .search import BUDGETS, Budget
from .search_spaces import config_of, full_setting, searched, space_of

#: Prose that goes into the page of a folder of records, if the folder has it: what no record tells.
NOTES = "notes.md"

INTRODUCTION = """# {title}

Written by `{command}` from the records in [{folder}]({folder}), one line per run. A run learns all tasks of
{stream} and is judged by the mean AUROC on their *validation* splits after the last task; the test
splits are taken out of the tasks before a method sees them. `{search}` makes the runs, the same way for
every method; what a method may be set to stands in {spaces}.

1. Seed {first}: a starting setting and settings drawn at random from the method's space, {budget.drawn} together; then
   settings that redraw one to three options of the best so far, {budget.tries} in all unless `--tries` says otherwise.
2. {others}
3. {second}

The best mean wins. {exceptions}

{variants}
"""

OTHERS = "The best {budget.repeated} of them with seeds {seeds} too."
SECOND = ("{budget.second} settings that redraw one to three options of the best mean over the seeds so far, with "
          "every seed.")

#: What a page says in its own way.
USUAL = {
    "command": "den-ref tune --report", "search": "den-ref tune METHOD", "spaces": "its own file, as its `space`",
    "variants": "DEN's ablations and DEN-Finetune are DEN with a part left out or added; by definition they keep DEN's "
                "options, and are\nnot tuned."}
PAPERS_WAY = {
    "command": "den-ref tune --paper --report", "search": "den-ref tune --paper",
    "spaces": "[paper_spaces.py](../den_ref/experiment/tune/paper_spaces.py)",
    "variants": "DEN's ablations and DEN-Finetune are tuned as the others are, each with a search of its own, which "
                "starts from DEN's best\nsetting. All networks start from 312-128; other sizes take the same options."}
ATTRIBUTES_WAY = {
    "command": "den-ref tune --report --out docs/tuning_attributes",
    "search": "den-ref tune METHOD --stream attributes --data noise=1.2 --tasks 10 --out docs/tuning_attributes",
    "spaces": "[attribute_spaces.py](../den_ref/experiment/tune/attribute_spaces.py)",
    "variants": "All networks start from 312-128, but for Progressive's columns. What the best settings come to on all "
                "fifty tasks:\n[fifty tasks](fifty_tasks.md)."}
FILTERS_WAY = {
    "command": "den-ref tune --report --out docs/tuning_filters",
    "search": "den-ref tune METHOD --filters --stream mnist-back --tasks 4 --out docs/tuning_filters",
    "spaces": "[filter_spaces.py](../den_ref/experiment/tune/filter_spaces.py)",
    "variants": "All networks start from 8 and 16 filters and 32 dense units, but for Progressive's columns.\n"
                "What the best settings come to on all ten tasks: [filters](convolution.md#learning-with-filters)."}

#: What is searched -> what is different on its page.
WAYS = {PAPERS: PAPERS_WAY, ATTRIBUTES: ATTRIBUTES_WAY, WITH_FILTERS: FILTERS_WAY}

OVERVIEW_HEAD = ("method", "tries", "different settings", "runs", "best mean", "the default's mean")
TOLD_HEAD = ("units selected, by layer", "tasks that expanded, by seed")
HEAD = ("validation AUROC, {}", "mean", "of STL's parameters", "options")


@dataclass(frozen=True)
class MethodRecord:
    """All runs of one method, those that its search did not ask for too."""

    method: str
    rows: list[Row]

    @property
    def stream(self) -> dict[str, Any]:
        """What the runs were on: the stream's name and options."""
        return stream_of(self.rows[0])

    @property
    def searched(self) -> str:
        """What the search was on."""
        return searched(self.stream["name"], self.rows[0]["settings"])

    @property
    def space(self) -> Space:
        """What the search draws from."""
        return space_of(self.method, self.searched)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that judge a setting."""
        return BUDGETS.get(self.searched, Budget()).seeds

    @property
    def tries(self) -> int:
        """Runs with the first seed: settings proposed, some of them more than once."""
        return sum(row["seed"] == self.seeds[0] for row in self.rows)

    @property
    def settings(self) -> int:
        """Settings that differ in what they come to, however they are spelled."""
        return len({json.dumps(self.config(row["settings"]).to_dict()) for row in self.rows})

    @cached_property
    def judged(self) -> list[Judged]:
        """The settings tried with every seed that are not too large, the best mean first."""
        limit, wish = self.space.largest_share, self.space.wish
        return [setting for setting in judged(self.rows, limit, wish, self.seeds) if setting.share <= limit]

    def config(self, settings):
        """All options of a setting on record."""
        return config_of(self.method, settings, self.stream["name"])

    def is_default(self, setting: Judged) -> bool:
        """Whether the setting is what the method does when nothing is said."""
        default = make_config(method_named(self.method), self.stream["name"], self.space.held)
        return self.config(setting.settings) == default

    @property
    def default(self) -> Judged | None:
        """The default as it was judged; None if it was not."""
        return next(filter(self.is_default, self.judged), None)


def read_records(folder: Path | str) -> list[MethodRecord]:
    """The records in a folder, those of the registry first, DEN before all.

    Raises
    ------
    ValueError
        If there are none, or they are on streams of different names.
    """
    found = [MethodRecord(method, read_tries(record_path(folder, method))) for method in methods_on_record(folder)]
    records = [record for record in found if record.rows]
    if not records:
        raise ValueError(f"out: expected a folder with records of a search, got {folder}")
    streams = [record.stream for record in records]
    if len({stream["name"] for stream in streams}) > 1:
        raise ValueError(f"out: expected records on one stream, got {streams} in {folder}")
    return records


def write_page(folder: Path | str) -> Path:
    """Write the page beside the folder of records, ``docs/tuning.md`` for ``docs/tuning``; its path."""
    folder = Path(folder).resolve()
    path = folder.with_name(f"{folder.name}.md")
    write_text(path, page_of(folder))
    return path


def page_of(folder: Path) -> str:
    """The page of a folder of records, in Markdown."""
    records = read_records(folder)
    notes = [(folder / NOTES).read_text(encoding="utf-8")] if (folder / NOTES).exists() else []
    return "\n".join([introduction(records, folder.name), overview(records, folder.name), *notes,
                      *map(section, records)])


def write_found(folder: Path | str, path: Path | str | None = None) -> Path:
    """Write the best settings of the records in a folder as the options of their methods on the stream; the path.

    Parameters
    ----------
    folder : path
    path : path, optional
        By default beside the folder: ``runs/tuning-paper.json`` for ``runs/tuning-paper``.

    Raises
    ------
    ValueError
        If there are no records, or one of them has no setting that was tried with every seed.
    """
    folder = Path(folder).resolve()
    path = folder.with_name(f"{folder.name}.json") if path is None else Path(path)
    records = read_records(folder)
    unjudged = [record.method for record in records if not record.judged]
    if unjudged:
        raise ValueError(f"out: expected records of searches that are at their end, got {', '.join(unjudged)} without "
                         "a setting that counts and was tried with every seed")
    stream = records[0].stream["name"]
    write_preset(path, stream, {record.method: full_setting(record.method, record.judged[0].settings, stream)
                                for record in records})
    return path


def introduction(records: Sequence[MethodRecord], folder: str) -> str:
    """What was done, with the search's numbers."""
    stream, on = records[0].stream, records[0].searched
    budget = BUDGETS.get(on, Budget())
    first, *others = budget.seeds
    return INTRODUCTION.format(
        title="How the defaults were found" if stream == THE_STREAM else f"Tuning on {on}",
        folder=folder, stream=_stream(stream), budget=budget, first=first,
        others=OTHERS.format(budget=budget, seeds=" and ".join(map(str, others))) if others else "No other seeds.",
        second=SECOND.format(budget=budget) if budget.second else "No second round.",
        exceptions=" ".join(sentence for record in records for sentence in exceptions(record, stream)),
        **WAYS.get(on, USUAL))


def exceptions(record: MethodRecord, stream: Mapping[str, Any]) -> list[str]:
    """What is special about a method's search, in sentences; ``stream`` is what the others were on."""
    method, space = record.method, record.space
    limit = f"For {method} only settings with at most {space.largest_share:.0%} of STL's parameters count."
    later = f"For {method} step 3 also draws {', '.join(space.later)}."
    wish = space.wish and f"For {method}, of settings within {CLOSE:g} of the best, {space.wish.words} comes first."
    other = f"The runs of {method} are on {_stream(record.stream)}."
    return ([limit] * (space.largest_share < math.inf) + [later] * bool(space.later) + [wish] * bool(wish)
            + [other] * (record.stream != stream))


def overview(records: Sequence[MethodRecord], folder: str) -> str:
    """How much was tried of every method, and what came out."""
    rows = [[f"[{record.method}]({record_path(folder, record.method)})", str(record.tries), str(record.settings),
             str(len(record.rows)), _mean(record.judged[:1]), _mean(filter(None, [record.default]))]
            for record in records]
    return f"{table(OVERVIEW_HEAD, rows)}\n\n{fairness(records)} {cost(records)}\n"


def cost(records: Sequence[MethodRecord]) -> str:
    """What the runs took, in a sentence."""
    seconds = sum(row["seconds"] for record in records for row in record.rows)
    return f"All runs together took {seconds / 3600:.1f} hours of one core."


def fairness(records: Sequence[MethodRecord]) -> str:
    """Whether a method had fewer tries than DEN, in a sentence."""
    tries = {record.method: record.tries for record in records}
    if "den" not in tries or len(tries) == 1:
        return "A try is a run with the first seed."
    fewer = [f"{method} ({n})" for method, n in tries.items() if n < tries["den"]]
    said = f"fewer tries than DEN ({tries['den']}) had {', '.join(fewer)}" if fewer else "no method had fewer than DEN"
    return f"A try is a run with the first seed: {said}."


def section(record: MethodRecord) -> str:
    """The settings of a method that were judged, as a table."""
    tells = any(None not in setting.told for setting in record.judged)
    rows = [[slashed(setting.validation, ".4f"),
             f"{setting.mean:.4f}" + (" (default)" if record.is_default(setting) else ""),
             f"{setting.share:.1%}", *(told(setting) if tells else []), spelled(setting.settings)]
            for setting in record.judged]
    seeds = f"seed{'s' * (len(record.seeds) > 1)} {' / '.join(map(str, record.seeds))}"
    head = [HEAD[0].format(seeds), *HEAD[1:-1], *(TOLD_HEAD if tells else []), HEAD[-1]]
    return f"## {record.method}\n\n{table(head, rows)}\n"


def told(setting: Judged) -> list[str]:
    """What the boxes told of a setting's runs: units selected per hidden layer, mean over seeds; expansions."""
    if None in setting.told:
        return ["–", "–"]
    units = np.mean([each["selected"] for each in setting.told], axis=0)
    return [slashed(units, ".0f"), " / ".join(f"{each['expanded']} of {each['tasks']}" for each in setting.told)]


def spelled(settings: dict[str, Any]) -> str:
    """A setting as ``den-ref run --set`` takes it.

    >>> spelled({"mu": 1e-05, "lam": [0.1, 0.01], "anchor_before_split": "eq4"})
    'mu=1e-05 lam=0.1,0.01 anchor_before_split=eq4'
    """
    return " ".join(f"{name}={as_text(value)}" for name, value in settings.items())


# --- small parts -------------------------------------------------------------------------------------------------


def _mean(settings) -> str:
    return next((f"{setting.mean:.4f}" for setting in settings), "not judged")


def _stream(stream: dict[str, Any]) -> str:
    options = [f"{name} {as_text(value)}" for name, value in stream.items() if name != "name"]
    return " with ".join([stream["name"], *([", ".join(options)] if options else [])])
