"""One run of a search: a method with a setting learns a stream, and is judged on validation data."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from time import process_time
from typing import Any

import numpy as np

from den_ref.core.metrics import head_auroc
from den_ref.experiment.one_run.measure import stl_parameters
from den_ref.methods import method_named
from den_ref.protocol import Diverged, Method, Task
from den_ref.tasks import make_stream
from .record import Row
from .search_spaces import config_of, searched, space_of

#: A run is ended when its network has this many times the parameters that it may have: its setting loses anyway, and a
#: network that keeps every original of a split can double with every task.
FAR_TOO_LARGE = 2


class TooLarge(Exception):
    """A network has grown far beyond what its space allows."""


def attempt(method: str, settings: Mapping[str, Any], seed: int, stream: Mapping[str, Any]) -> Row:
    """One run, judged on the validation split alone: the test split is taken out of the tasks before anything else."""
    tasks = [task.without_test() for task in make_stream(seed=seed, **stream).tasks]
    learner = method_named(method)(config_of(method, settings, stream["name"]), seed)
    started = process_time()
    separate = sum(stl_parameters(task.n_inputs, task.n_outputs) for task in tasks)
    space = space_of(method, searched(stream["name"], settings))
    facts = overheard(learner, FAR_TOO_LARGE * space.largest_share * separate)
    try:
        learner.learn_all(tasks)
        validation, share = validation_auroc(learner, tasks), learner.capacity().allocated / separate
    except Diverged:                                               # it loses to every other
        validation, share = 0.0, 0.0
    except TooLarge:                                               # so does this, and its size says why
        validation, share = 0.0, learner.capacity().allocated / separate
    return {"seed": seed, "settings": dict(settings), "validation": validation, "share": share,
            "seconds": process_time() - started, **told(facts)}


def overheard(learner: Method, most: float) -> dict[str, list[Mapping[str, Any]]]:
    """Box -> the facts of its steps, as the learner learns from now on; the networks of the steps are let go.

    A learner that has more than ``most`` parameters after a task learns no other: TooLarge.
    """
    facts, steps = {}, learner.steps

    def listening(task: Task):
        for step in steps(task):
            facts.setdefault(step.box, []).append(step.facts)
            yield step
        if learner.capacity().allocated > most:
            raise TooLarge

    learner.steps = listening
    return facts


def told(facts: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """What a record keeps of what the boxes told (``record``), of those that select units; else {}."""
    units = [each["selected"][1:] for each in facts.get("select", []) if "selected" in each]
    if not units:
        return {}
    expanded = sum(bool(each.get("expand")) for each in facts.get("loss", []))
    return {"told": {"selected": np.round(np.mean(units, axis=0), 1).tolist(), "expanded": expanded,
                     "tasks": len(units)}}


def validation_auroc(learner: Method, tasks: Sequence[Task]) -> float:
    """Mean AUROC over the tasks on their validation splits; 0 if one is undefined, so that it loses to every other."""
    scores = [head_auroc(learner.scores(task.id, task.x_valid), task.y_valid, task.loss) for task in tasks]
    return float(np.nan_to_num(fmean(scores), nan=0.0))
