"""The first page of a run: what its tasks are, the options it was learnt with, and a map that leads to every box."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from inspect import cleandoc
from itertools import groupby
from typing import Any

from den_ref.describe import LETTERS
from den_ref.experiment.disk.results import measured
from den_ref.methods.labels import name_of
from den_ref.methods.registry import explained_by, known
from den_ref.protocol import Step, ordinal
from den_ref.tasks import STREAMS
from .article import Words, article, begun
from .box import options_of
from .markup import with_math
from .words import count, said, score, table


def opening(results: Mapping[str, Any], steps: Sequence[tuple[int, Step]]) -> str:
    """The page; ``results`` is that of results.json, ``steps`` are those that were kept, with their numbers."""
    run = results["run"]
    words = Words(f"{name_of(run['method'])} on {run['stream']['name']}",
                  f"{count(len(run['tasks']), 'task')}, seed {run['seed']}", "What is learnt here, and how?",
                  f"The tasks come one after the other, in this order: {', '.join(map(str, run['tasks']))}.")
    return article("start", words, below=_tasks(run["stream"]) + _map(results, steps) + _options(run))


# --- the tasks ---------------------------------------------------------------------------------------------------


def _tasks(stream: Mapping[str, Any]) -> str:
    """What the stream says of itself, if it is one of the package's, and how large it is."""
    about = "\n".join(_as_html(STREAMS[stream["name"]].__doc__ or "")) if stream["name"] in STREAMS else ""
    shown = {name: value for name, value in stream.items() if name not in ("name", "order", "digits")}
    if "sizes" in stream.get("digits", {}):
        shown["sizes"] = stream["digits"]["sizes"]
    facts = "; ".join(f"{name.replace('n_', '')}: {said(value)}" for name, value in shown.items())
    return (f'<section class="tasks">\n<h3>The tasks</h3>\n{about}\n<p class="facts">{escape(begun(facts))}.</p>\n'
            "</section>\n")


def _as_html(doc: str) -> Iterator[str]:
    """The paragraphs of a docstring before its parameters; what is indented stays as it is."""
    intro = _without_marks(cleandoc(doc).partition("\nParameters\n")[0].strip())
    for paragraph in intro.split("\n\n"):
        verbatim = paragraph.startswith("    ")
        yield f'<pre class="scroll">{escape(paragraph)}</pre>' if verbatim else f"<p>{with_math(paragraph)}</p>"


def _without_marks(doc: str) -> str:
    """A docstring's text, of names that are set as code or lead somewhere the last word alone.

    >>> _without_marks("see :func:`~den_ref.tasks.textures.texture` of ``size`` pixels")
    'see texture of size pixels'
    """
    return re.sub(r":\w+:`~?(?:\w+\.)*(\w+)`|``(.+?)``", r"\1\2", doc)


# --- the map -----------------------------------------------------------------------------------------------------


def _map(results: Mapping[str, Any], steps: Sequence[tuple[int, Step]]) -> str:
    """A row of links for every task: a column for each kind of box, in the order of the algorithm, and its outcome."""
    boxes = _in_order((step.box for _, step in steps), explained_by(results["run"]["method"]))
    titles = {step.box: step.title for _, step in steps}
    (title, R), _ = measured(results).items()
    learnt = dict(zip((stage["stage"] for stage in results["stages"]), R.diagonal()))
    rows = [[escape(f"task {own[0][1].task}"), *(" ".join(_links(own, box)) for box in boxes),
             *_outcome(own[0][1].stage, learnt)]
            for own in (list(group) for _, group in groupby(steps, key=lambda pair: pair[1].stage))]
    head = ["", *(escape(_short(titles[box])) for box in boxes), f"learnt, {title}"]
    text = table("The boxes, by task", rows, head)
    return f'<nav class="map" aria-label="Map of the boxes">\n{text}</nav>\n'


def _in_order(found: Iterable[str], explained: Mapping[str, Any]) -> list[str]:
    """The boxes that there are, those that the method explains in its order, then others as they come."""
    there = list(dict.fromkeys(found))
    return [box for box in explained if box in there] + [box for box in there if box not in explained]


def _links(steps: Iterable[tuple[int, Step]], box: str) -> Iterator[str]:
    """Links to one stage's boxes of a kind; what happened there is said to who points at it, or listens."""
    for number, step in steps:
        if step.box == box:
            said_ = escape(f"{step.title}: {step.sentence}")
            yield f'<a href="#{number}" title="{said_}" aria-label="Box {number}, {said_}">{number}</a>'


def _outcome(stage: int, learnt: Mapping[int, float]) -> list[str]:
    """The link to the page on what a stage came to."""
    if stage not in learnt:
        return ["unfinished"]
    return [f'<a href="#learnt-{stage}" aria-label="What the {ordinal(stage)} task came to">{score(learnt[stage])}</a>']


def _short(title: str) -> str:
    """A title's last part: "Algorithm 2, Eq. 3" -> "Eq. 3"."""
    return title.rpartition(", ")[2]


# --- the options -------------------------------------------------------------------------------------------------


def _options(run: Mapping[str, Any]) -> str:
    """The options, those first that are not what they are by default; all with what they mean, if that is known."""
    kind, options = known(run["method"]), options_of(run)
    if kind is None:
        return table("Options", ((escape(name), escape(said(value))) for name, value in options.items()))
    fields = kind.Config.__dataclass_fields__
    defaults = vars(kind.Config())
    order = dict.fromkeys([*(name for name in kind.Config.EXPLAINED_FIRST if name in options), *options])
    changed = [name for name in order if name in fields and said(options[name]) != said(defaults[name])]
    others = [name for name in order if name not in changed]
    first = table("Options that are not the default", (
        (_called(name), escape(said(options[name])), escape(said(defaults[name])), with_math(_doc(fields, name)))
        for name in changed), ("option", "value", "default", "meaning"))
    rest = table("Options at their default", (
        (_called(name), escape(said(options[name])), with_math(_doc(fields, name))) for name in others),
        ("option", "value", "meaning"))
    return (f'<section class="options">\n<h3>The options</h3>\n{first * bool(changed)}'
            f"<details><summary>{count(len(others), 'option')} at the default</summary>\n{rest}</details>\n"
            "</section>\n")


def _called(name: str) -> str:
    """An option with its letter, if it has one."""
    return f"{escape(name)} {with_math(LETTERS[name])}" if LETTERS.get(name, name) != name else escape(name)


def _doc(fields: Mapping[str, Any], name: str) -> str:
    return fields[name].metadata.get("doc", "") if name in fields else ""
