"""The last page of a run: its matrix R, what was forgotten, how wide it grew; and the terms of all pages."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from den_ref.core.metrics import average_performance, backward_transfer, forgetting, learning_performance
from den_ref.experiment.disk.results import measured
from den_ref.experiment.one_run.separate import separate_networks, size_in_words
from .article import TEXT, Words, article
from .words import count, glossary, said, score, table, term


def outcome(results: Mapping[str, Any]) -> str:
    """The page, from results.json; at least one task is learnt."""
    learnt, stages = len(results["stages"]), results["stages"]
    tasks, ((title, R), _) = results["run"]["tasks"][:learnt], measured(results).items()
    size, run = stages[-1]["capacity"], results["run"]
    networks = separate_networks(run["options"], run["stream"], [stage["capacity"]["stl"] for stage in stages])
    words = Words("What the run came to" if results["complete"] else "What the run came to so far",
                  f"{count(learnt, 'task')} learnt", "What was learnt, what was forgotten, and how much did it take?",
                  f"Mean {title} {score(average_performance(R))} at the end, {score(learning_performance(R))} just "
                  f"after each task was learnt. {size_in_words(size['allocated'], networks)}.")
    caption = ("Every score, coloured by what its task lost or won since it was learnt. The same changes, task by "
               "task. Units of every hidden layer after each task.")
    numbers = table("In numbers", [(term(name), value) for name, value in _numbers(results).items()])
    widths = [stage["capacity"]["widths"] for stage in stages]
    return article("end", words, lambda: _picture(title, R, tasks, widths), caption, numbers + glossary())


def _picture(title: str, R: np.ndarray, tasks: list, widths: list):
    """The matrix, forgetting, widths."""
    from den_ref.plots.scores import performance_matrix
    from den_ref.plots.show import Picture
    from den_ref.plots.stages import forgetting_curves, widths_by_stage
    from den_ref.plots.style import Style

    style, side = Style(text=TEXT), max(4.4, 1.2 + 0.38 * len(tasks))
    picture = Picture(figsize=(max(1.2 * side + 4.2, 2 * side), side + 0.3), layout="constrained")
    axes = picture.subplot_mosaic([["R", "falls"], ["R", "units"]], width_ratios=(1.2 * side, 4.2))
    performance_matrix(axes["R"], R, tasks, title, digits=3, style=style)
    forgetting_curves(axes["falls"], R, tasks, score=title, style=style)
    widths_by_stage(axes["units"], widths, style=style)
    return picture


def _numbers(results: Mapping[str, Any]) -> dict[str, str]:
    """What a run comes to, as the table at its end says."""
    size, ((title, R), (other, others)) = results["stages"][-1]["capacity"], measured(results).items()
    return {f"mean {title} at the end": score(average_performance(R)),
            f"mean {title} just learnt": score(learning_performance(R)),
            "forgetting": score(forgetting(R)), "backward transfer": score(backward_transfer(R)),
            f"mean {other} at the end": score(average_performance(others)),
            "parameters, allocated": said(size["allocated"]), "of these nonzero": said(size["nonzero"]),
            **{f"also stored: {name}": said(floats) for name, floats in size["stored"].items()},
            "units per hidden layer": said(size["widths"]),
            "seconds of the processor": f"{sum(stage['seconds'] for stage in results['stages']):.1f}"}
