"""A box of the algorithm as a page: its question, what happened, its picture, its equation and its numbers."""

from collections.abc import Mapping
from html import escape
from inspect import getdoc
from typing import Any

from den_ref.describe import LETTERS, PLAIN_BOX
from den_ref.methods.registry import known
from den_ref.protocol import Step, ordinal
from .article import TEXT, Words, article
from .markup import as_math, with_math
from .words import said, table, term

#: What of a solve's result is shown, and under which name.
_SOLVE = {"nit": "iterations", "fun": "objective", "residual": "residual", "gap": "duality gap",
          "prox_residual": "prox residual"}


def box(step: Step, number: int, run: Mapping[str, Any]) -> str:
    """A step as an ``<article>``, its id the step's number; ``run`` is results.json's, {} if there is none."""
    about = step.about or PLAIN_BOX
    words = Words(step.title, heading(step), about.why, step.sentence)
    numbers = table("Numbers", ((term(name), escape(said(value))) for name, value in _numbers(step).items()))
    return article(str(number), words, lambda: _picture(step), _caption(step), _formula(step, run) + numbers)


def heading(step: Step) -> str:
    """Where in the run the step is."""
    return f"task {step.task}, learnt {ordinal(step.stage)}"


def options_of(run: Mapping[str, Any]) -> dict[str, Any]:
    """All options of the run; one that is younger than the run has its default."""
    kind = known(run["method"])
    return {**(vars(kind.Config()) if kind else {}), **run["options"]}


def _picture(step: Step):
    """The picture of ``plots.show``, without words of its own."""
    # Here, not above: Matplotlib takes a second to load, which a run without a report need not wait for.
    from den_ref.plots import show
    from den_ref.plots.style import Style

    return show(step, title=False, style=Style(text=TEXT))


def _caption(step: Step) -> str:
    """What the panels show, in the words of who makes them."""
    from den_ref.plots.panels import maker

    makers = [maker(name) for name in (step.about or PLAIN_BOX).pictures]
    return " ".join((getdoc(make) or "").partition("\n")[0] for make in makers if any(True for _ in make(step)))


def _formula(step: Step, run: Mapping[str, Any]) -> str:
    """What the box computes and with which strengths; "" if it is not known."""
    formula = step.about.formula_with(options_of(run)) if step.about and run else None
    if formula is None:
        return ""
    options = run["options"]
    strengths = ", ".join(f"{with_math(LETTERS.get(name, name))} = {escape(said(options[name]))}"
                          for name in formula.options if name in options)
    lines = [f'<p class="text scroll">{as_math(formula.text)}</p>',
             f"<p>{with_math(formula.note)}</p>" * bool(formula.note),
             f"<p>Here {strengths}.</p>" * bool(strengths),
             f"<p><code>{escape(formula.code)}</code></p>" * bool(formula.code)]
    return "\n".join(['<div class="formula">', *filter(None, lines), "</div>\n"])


def _numbers(step: Step) -> dict[str, Any]:
    """The step's facts, how its solve went, and how long it took."""
    solve = step.solve or {}
    shown = {name.replace("_", " "): value for name, value in step.facts.items()}
    shown |= {words: solve[name] for name, words in _SOLVE.items() if solve.get(name) is not None}
    return shown | {"seconds": f"{step.seconds:.2f}"}
