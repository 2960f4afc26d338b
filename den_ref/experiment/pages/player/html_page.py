"""A run as one HTML page that plays it: tasks and options, every box, what each task came to, the end; no network.

The page is ``player.html`` with ``player.css`` and ``player.js`` filled in.  Everything is an ``<article>`` that stands
in the page from the start, so that it can be printed, and read without JavaScript; the script shows one at a time.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from html import escape
from importlib.resources import files
from itertools import count, groupby
from pathlib import Path
from typing import Any, NamedTuple

from den_ref.experiment.disk.files import path_of, write_text
from den_ref.experiment.disk.results import RESULTS, read_results
from den_ref.experiment.disk.steps import STEPS, kept_steps, step_numbers
from den_ref.experiment.one_run.display import Display
from den_ref.protocol import Step
from .article import begun
from .box import box, heading
from .learnt import learnt
from .opening import opening
from .outcome import outcome

#: Name of the page in the folder of its run.
PAGE = "report.html"


class Entry(NamedTuple):
    """An article, its id, and where the list of contents has it: in the group of a task, or by itself ("")."""

    name: str
    group: str
    title: str
    article: str


def write_player(folder: Path | str, out: Path | str | None = None, display: Display | None = None) -> Path:
    """Write the page that plays a run, from its kept steps; its path.

    Parameters
    ----------
    folder : path
        Of a run that was learnt with ``--keep-steps``.  An unfinished run is played as far as it went.
    out : path, optional
        Where the page goes, whole or not at all; by default ``folder/report.html``.
    display : Display, optional
        Is told of every picture that is drawn.

    Raises
    ------
    FileNotFoundError
        If the folder holds no run, or no kept steps.
    ValueError
        If its files are damaged, or steps are missing between others.
    """
    folder, display = path_of(folder), Display() if display is None else display
    results, numbers = _results_of(folder), step_numbers(folder)
    out = folder / PAGE if out is None else path_of(out, "out", "a file")
    played = [stage for stage in results.get("stages", ()) if stage["steps"][-1]["number"] >= numbers[0]]
    pictures, drawn = len(numbers) + len(played) + bool(played), count(1)
    entries = _entries(results, zip(numbers, kept_steps(folder), strict=True),
                       lambda: display.drawing(next(drawn), pictures))
    write_text(out, page(results, numbers[0], entries))
    return out


def page(results: Mapping[str, Any], first: int, entries: Sequence[Entry]) -> str:
    """The page around its articles; ``results`` is that of results.json, ``first`` the number of the first kept box."""
    parts = {"title": escape(_title(results)), "notes": _notes(results, first), "count": str(len(entries)),
             "contents": "\n".join(_contents(entries)), "articles": "\n".join(entry.article for entry in entries),
             "style": _own("css"), "script": _own("js"), "font": _font()}
    # One pass: what is filled in is not looked at again.
    return re.sub(r"\{\{(\w+)\}\}", lambda mark: parts[mark[1]], _own("html"))


# --- the articles ------------------------------------------------------------------------------------------------


def _entries(results: Mapping[str, Any], steps: Iterable[tuple[int, Step]], draws: Callable[[], None]) -> list[Entry]:
    """All articles in the order of playing; ``draws`` is called before each picture.

    A run without results yet has nothing but its boxes.
    """
    entries, seen, finished = [], [], len(results.get("stages", ()))
    for stage, own in groupby(steps, key=lambda pair: pair[1].stage):
        for number, step in own:
            draws()
            entries.append(Entry(str(number), heading(step), step.title, box(step, number, results.get("run", {}))))
            seen.append((number, replace(step, arrays={}, before=None, after=None)))   # without what is large
        if stage <= finished:
            draws()
            entries.append(Entry(f"learnt-{stage}", entries[-1].group, "What it came to", learnt(results, stage)))
    if not finished:
        return entries
    draws()
    return [Entry("start", "", "Tasks, options, map", opening(results, seen)), *entries,
            Entry("end", "", "What the run came to", outcome(results))]


# --- around them -------------------------------------------------------------------------------------------------


def _results_of(folder: Path) -> dict[str, Any]:
    """The run's results.json; {} for a run that was interrupted before its first task was learnt."""
    if (folder / RESULTS).exists():
        return read_results(folder)
    if (folder / STEPS).is_dir():
        return {}
    raise FileNotFoundError(f"folder: expected that of a run (den-ref run --out DIR), got {folder}")


def _own(kind: str) -> str:
    """The template, its style or its script."""
    return files(__package__).joinpath(f"player.{kind}").read_text("utf-8")


def _font() -> str:
    """The font of the formulas, in Base64."""
    return b64encode(files(__package__).joinpath("math.woff2").read_bytes()).decode("ascii")


def _title(results: Mapping[str, Any]) -> str:
    if not results:
        return "A run whose first task is unfinished"
    run = results["run"]
    return f"{run['method']} on {run['stream']['name']}, seed {run['seed']}, {len(run['tasks'])} tasks"


def _notes(results: Mapping[str, Any], first: int) -> str:
    """What is not in the page, if anything."""
    notes = []
    if results and not results["complete"]:
        notes.append(f"Unfinished: {len(results['stages'])} of these tasks are learnt.")
    if first > 1:
        notes.append(f"The first {first - 1} boxes were not kept.")
    return "\n".join(f'<p class="note">{escape(note)}</p>' for note in notes)


def _contents(entries: Sequence[Entry]) -> Iterator[str]:
    """Links to the articles in their order, those of a task under it."""
    for group, own in groupby(entries, key=lambda entry: entry.group):
        links = "\n".join(f'<li><a href="#{entry.name}">{escape(begun(entry.title))}</a></li>' for entry in own)
        listed = f"<ol>\n{links}\n</ol>"
        yield f"<details open><summary>{escape(begun(group))}</summary>\n{listed}</details>" if group else listed
