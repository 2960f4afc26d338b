"""The page on what a stage came to: the scores so far, older tasks before and after it, how large the model is."""

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np

from den_ref.experiment.disk.results import measured
from den_ref.experiment.one_run.separate import separate_networks, size_in_words
from den_ref.protocol import ordinal
from .article import TEXT, Words, article, begun
from .words import change, said, score, table, term


def learnt(results: Mapping[str, Any], stage: int) -> str:
    """The page after a stage, from results.json; stages count from 1, its id is "learnt-STAGE"."""
    tasks, size = results["run"]["tasks"][:stage], results["stages"][stage - 1]["capacity"]
    earlier = results["stages"][stage - 2]["capacity"] if stage > 1 else None
    (title, R), _ = measured(results).items()
    R = R[:stage, :stage]
    words = Words(f"Task {tasks[-1]} is learnt", f"the {ordinal(stage)} of {len(results['run']['tasks'])}",
                  "How good is the task now, and what did learning it cost the older ones?",
                  f"{begun(_quality(title, R, tasks))} {_size(results, stage)}")
    widths = [each["capacity"]["widths"] for each in results["stages"][:stage]]
    caption = ("Scores on test data of every task learnt so far, before and after this one. "
               "Units of every hidden layer after each task.")
    return article(f"learnt-{stage}", words, lambda: _picture(title, R, tasks, widths), caption,
                   _scores(title, R, tasks) + _capacity(size, earlier))


def _picture(title: str, R: np.ndarray, tasks: list, widths: list):
    """Scores before and after, and the widths so far."""
    from den_ref.plots.show import Picture
    from den_ref.plots.stages import before_and_after, widths_by_stage
    from den_ref.plots.style import Style

    style, height = Style(text=TEXT), max(3.8, 1.4 + 0.42 * len(tasks))
    picture = Picture(figsize=(max(8.5, 2 * height), height), layout="constrained")
    left, right = picture.subplots(1, 2, width_ratios=(3, 2))
    before_and_after(left, R[-2, :-1] if len(R) > 1 else [], R[-1], tasks, score=title, style=style)
    widths_by_stage(right, widths, style=style)
    return picture


def _quality(title: str, R: np.ndarray, tasks: list) -> str:
    """The scores in a sentence or two."""
    now = f"{title} {score(R[-1, -1])} on task {tasks[-1]}."
    if len(R) == 1:
        return now
    moved = R[-1, :-1] - R[-2, :-1]
    if not np.isfinite(moved).any():
        return f"{now} Older tasks were not measured."
    worst = int(np.nanargmin(moved))
    told = f"{now} The older tasks moved by {change(np.nanmean(moved))} in the mean"
    return f"{told}." if len(moved) == 1 else f"{told}; task {tasks[worst]} fared least well: {change(moved[worst])}."


def _size(results: Mapping[str, Any], stage: int) -> str:
    """How large the model is, in a sentence."""
    sizes = [each["capacity"] for each in results["stages"][:stage]]
    run, allocated = results["run"], [size["allocated"] for size in sizes]
    networks = separate_networks(run["options"], run["stream"], [size["stl"] for size in sizes])
    more = f"; {allocated[-1] - allocated[-2]:+,} for this task" if stage > 1 else ""
    return f"{size_in_words(allocated[-1], networks)}{more}."


def _scores(title: str, R: np.ndarray, tasks: list) -> str:
    """The row of R, beside the row before it and the diagonal."""
    before = [*(R[-2, :-1] if len(R) > 1 else []), np.nan]
    rows = [(escape(f"task {task}"), score(R[j, j]), score(before[j]), score(R[-1, j]), change(R[-1, j] - before[j]))
            for j, task in enumerate(tasks)]
    mean = (term(f"mean {title}"), score(R.diagonal().mean()), score(np.mean(before[:-1]) if len(R) > 1 else np.nan),
            score(R[-1].mean()), "")
    return table("Scores: this row of R, and the one before", [*rows, mean],
                 ("", "just learnt", "before this task", "after it", "change"))


def _capacity(size: Mapping[str, Any], earlier: Mapping[str, Any] | None) -> str:
    """What is kept of the model's size, now and a stage ago."""
    names = {"widths": "units per hidden layer", "allocated": "parameters, allocated", "nonzero": "of these nonzero"}
    rows = [(term(words), said(earlier[name]) if earlier else "-", said(size[name])) for name, words in names.items()]
    rows += [(escape(f"also stored: {name}"), said(earlier["stored"].get(name)) if earlier else "-", said(floats))
             for name, floats in size["stored"].items()]
    return table("Capacity", rows, ("", "before", "after"))
