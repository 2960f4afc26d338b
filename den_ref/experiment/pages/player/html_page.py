"""A run as one HTML page that plays it box by box: picture, sentence, equation and numbers, without any network access.

The page is ``player.html`` with ``player.css`` and ``player.js`` filled in.  Every box is an ``<article>`` that stands
in the page from the start, so that it can be printed, and read without JavaScript; the script shows one at a time.
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from html import escape
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

from den_ref.describe import LETTERS
from den_ref.experiment.disk.files import path_of, write_text
from den_ref.experiment.disk.results import RESULTS, read_results
from den_ref.experiment.disk.steps import STEPS, kept_steps, step_numbers
from den_ref.experiment.one_run.display import Display
from den_ref.methods.registry import known
from den_ref.protocol import Step
from .markup import as_math, with_math

#: Name of the page in the folder of its run.
PAGE = "report.html"

#: A picture less wide than so many times its height stands beside the words, a wider one above them.
WIDE = 1.9
#: Font size of the pictures, in points: as large as the numbers of ten tasks beside each other allow.
TEXT = 10

#: Characters that need no escape in a data URL inside double quotes.
_PLAIN_IN_URL = " /:;=,.+-()!*?$@"

#: What of a solve's result is shown, and under which name.
_SOLVE = {"nit": "iterations", "fun": "objective", "residual": "residual", "gap": "duality gap",
          "prox_residual": "prox residual"}


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
    results = _results_of(folder)
    numbers = step_numbers(folder)
    out = folder / PAGE if out is None else path_of(out, "out", "a file")
    boxes, steps = [], []
    for number, step in zip(numbers, kept_steps(folder), strict=True):
        display.drawing(len(boxes) + 1, len(numbers))
        boxes.append(box(step, number, results.get("run", {})))
        steps.append((number, _heading(step), step.title))
    write_text(out, page(results, steps, boxes))
    return out


def page(results: Mapping[str, Any], steps: list[tuple[int, str, str]], boxes: list[str]) -> str:
    """The page around its boxes; ``steps`` are (number, heading, title) of each, ``results`` that of results.json."""
    parts = {"title": escape(_title(results)), "notes": _notes(results, steps), "count": str(len(boxes)),
             "contents": "\n".join(_contents(steps)), "boxes": "\n".join(boxes),
             "style": _own("css"), "script": _own("js"), "font": _font()}
    # One pass: what is filled in is not looked at again.
    return re.sub(r"\{\{(\w+)\}\}", lambda mark: parts[mark[1]], _own("html"))


def box(step: Step, number: int, run: Mapping[str, Any]) -> str:
    """A step as an ``<article>``, its id the step's number; ``run`` is results.json's, {} if there is none."""
    width, height, picture = _picture(step)
    beside = ' class="beside"' if width < WIDE * height else ""
    return (f'<article id="{number}"{beside}>\n<div class="words">\n'
            f"<h2>{escape(step.title)} <small>{escape(_heading(step))}</small></h2>\n"
            f'<p class="sentence">{escape(step.sentence)}</p>\n</div>\n'
            f'<figure><img alt="{escape(str(step))}" width="{width}" height="{height}" src="{picture}"></figure>\n'
            f'<div class="below">\n{_formula(step, run)}{_table(_numbers(step))}</div>\n</article>')


# --- around the boxes --------------------------------------------------------------------------------------------


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


def _notes(results: Mapping[str, Any], steps) -> str:
    """What is not in the page, if anything."""
    notes = []
    if results and not results["complete"]:
        notes.append(f"Unfinished: {len(results['stages'])} of these tasks are learnt.")
    if steps[0][0] > 1:
        notes.append(f"The first {steps[0][0] - 1} boxes were not kept: the page begins with {steps[0][1]}.")
    return "\n".join(f'<p class="note">{escape(note)}</p>' for note in notes)


def _contents(steps) -> Iterator[str]:
    """The boxes of every task, as links."""
    for heading, own in groupby(steps, key=lambda step: step[1]):
        links = "\n".join(f'<li><a href="#{number}">{escape(title)}</a></li>' for number, _, title in own)
        yield f"<details open><summary>{escape(heading)}</summary>\n<ol>\n{links}\n</ol></details>"


def _heading(step: Step) -> str:
    return f"task {step.task} (stage {step.stage})"


# --- inside a box ------------------------------------------------------------------------------------------------


def _picture(step: Step) -> tuple[int, int, str]:
    """The step's picture: width and height in CSS pixels, and a data URL of an SVG, which a projector shows sharp."""
    # Here, not above: Matplotlib takes a second to load, which a run without a report need not wait for.
    from den_ref.plots import show
    from den_ref.plots.style import Style

    figure = show(step, title=False, style=Style(text=TEXT))
    # Percent-encoded, since Base64 would be a fifth longer; browsers drop line breaks from a URL.
    url = "data:image/svg+xml," + quote(figure.svg().replace("\n", " "), safe=_PLAIN_IN_URL)
    return *(round(96 * inches) for inches in figure.get_size_inches()), url


def _formula(step: Step, run: Mapping[str, Any]) -> str:
    """What the box computes and with which strengths; "" if it is not known."""
    formula = step.about.formula_with(_options(run)) if step.about and run else None
    if formula is None:
        return ""
    options = run["options"]
    strengths = ", ".join(f"{with_math(LETTERS.get(name, name))} = {escape(_said(options[name]))}"
                          for name in formula.options if name in options)
    lines = [f'<p class="text">{as_math(formula.text)}</p>', f"<p>{with_math(formula.note)}</p>" * bool(formula.note),
             f"<p>Here {strengths}.</p>" * bool(strengths),
             f"<p><code>{escape(formula.code)}</code></p>" * bool(formula.code)]
    return "\n".join(['<div class="formula">', *filter(None, lines), "</div>\n"])


def _options(run: Mapping[str, Any]) -> dict[str, Any]:
    """All options of the run; one that is younger than the run has its default."""
    kind = known(run["method"])
    return {**(vars(kind.Config()) if kind else {}), **run["options"]}


def _numbers(step: Step) -> dict[str, Any]:
    """The step's facts, how its solve went, and how long it took."""
    solve = step.solve or {}
    shown = {name.replace("_", " "): value for name, value in step.facts.items()}
    shown |= {words: solve[name] for name, words in _SOLVE.items() if solve.get(name) is not None}
    return shown | {"seconds": f"{step.seconds:.2f}"}


def _table(numbers: Mapping[str, Any]) -> str:
    rows = "\n".join(f'<tr><th scope="row">{escape(name)}</th><td>{escape(_said(value))}</td></tr>'
                     for name, value in numbers.items())
    return f"<table>\n<caption>Numbers</caption>\n{rows}\n</table>\n"


def _said(value: Any) -> str:
    """A fact in words: four digits of a number, items with commas between them.

    >>> _said({"1": [0.123456, 12345, None], "2": True})
    '1: 0.1235, 12,345, -; 2: yes'
    """
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_said(item)}" for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_said, value))
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "-"}[value]
    return f"{value:.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
