"""Which weights a solve of DEN returns when there is validation data: whether the start competes, and against what."""

import re
from dataclasses import replace

import numpy as np
import pytest

from den_ref.den import DEN
from den_ref.den.finetune import finetune
from tests.helpers import loops_on_networks as loops
from tests.helpers.random_networks import differences
from tests.helpers.short_runs import quick, random_task

#: A step so large that every epoch is worse than the start.
HARMFUL = 30.0
NO_EPOCHS = {"epochs_eq4": 0, "epochs_eq5": 0, "epochs_eq6": 0}


def validation_loss(network, task) -> float:
    z = loops.predict(network, task.id, task.x_valid)
    return float(np.mean(np.logaddexp(0, z) - task.y_valid * z))


def solved(box, **options):
    """The step of one equation, every other one being left out; and its task."""
    tasks = [random_task(number, valid=40) for number in (1, 2)]
    epochs = "epochs_" + box.removesuffix("_after")
    if box == "eq2":
        [step, *_] = DEN(quick((4, 3), **options), 0).learn(tasks[0])
        return step, tasks[0]
    first = DEN(quick((4, 3)), 0)
    first.learn(tasks[0])
    den = DEN.from_state(first.state(), quick((4, 3), **NO_EPOCHS | {epochs: 4} | options))
    return next(step for step in den.learn(tasks[1]) if step.box == box), tasks[1]


@pytest.mark.parametrize("box, competes", [("eq2", False), ("eq4", True), ("eq5", False), ("eq6", True),
                                           ("eq6_after", True)])
def test_the_start_of_eq4_and_eq6_is_kept_if_no_epoch_is_better_that_of_eq2_and_eq5_never(box, competes):
    step, task = solved(box, step=HARMFUL)
    epochs = step.solve.history["validation"]
    assert min(epochs) > validation_loss(step.before, task), "the step does no harm"
    assert bool(differences(step.before, step.after)) != competes
    if not competes:
        assert validation_loss(step.after, task) == pytest.approx(min(epochs), rel=1e-4)
    else:
        assert step.sentence == "kept as it was: no epoch was better" and step.solve.best_epoch == 0
        then = validation_loss(step.before, task)
        assert step.solve.start_validation == pytest.approx(then, rel=1e-4)
        assert step.facts == {"loss_before": pytest.approx(then, rel=1e-4), "loss_after": pytest.approx(then, rel=1e-4)}


@pytest.mark.parametrize("box", ["eq2", "eq4", "eq5", "eq6", "eq6_after"])
def test_a_start_that_an_epoch_beats_is_left(box):
    step, task = solved(box)
    epochs = step.solve.history["validation"]
    assert min(epochs) < validation_loss(step.before, task)
    assert validation_loss(step.after, task) == pytest.approx(min(epochs), rel=1e-4)
    assert step.solve.best_epoch == 1 + int(np.argmin(epochs)) and "kept as it was" not in step.sentence
    if box in ("eq4", "eq6", "eq6_after"):
        then, now = validation_loss(step.before, task), validation_loss(step.after, task)
        told = re.search(r"loss (\S+) -> (\S+),", step.sentence).groups()
        assert [*map(float, told)] == pytest.approx([then, now], abs=1e-4) and then > now


def test_fine_tuning_that_does_harm_returns_the_network_it_began_with():
    tasks = [random_task(number, n=200, valid=100) for number in (1, 2)]
    den = DEN(quick((4, 3)), 0)
    for task in tasks:
        den.learn(task)
    assert not differences(den.network, finetune(den, tasks, epochs=3, step=1e4).network)
    assert differences(den.network, finetune(den, tasks, epochs=10, step=1.0).network)


def test_the_base_rate_is_that_of_the_split_that_tau_is_held_against():
    """Splits of other rates: of labels that are 1 half the time here and there nobody can tell."""
    task = random_task(2, valid=40)
    task = replace(task, y_valid=np.arange(40)[:, None] < 6)
    entropies = {}
    for split, y in (("validation", task.y_valid), ("train", task.y_train)):
        den = DEN(quick((4, 3), loss_split=split), 0)
        den.learn(random_task(1, valid=40))
        [loss] = [step.facts for step in den.learn(task) if step.box == "loss"]
        p = y.mean()
        entropies[split] = -p * np.log(p) - (1 - p) * np.log(1 - p)
        assert loss["base_rate"] == pytest.approx(entropies[split], rel=1e-5)
    assert entropies["train"] - entropies["validation"] > 0.2
