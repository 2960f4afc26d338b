"""What a step says in words, and in facts, is what its networks and arrays show: every number counted again."""

import re

import numpy as np
import pytest

from den_ref.den.ablations import Selective
from tests.helpers.short_runs import quick, random_task, run

OPTIONS = dict(hidden=(6, 5), n_tasks=4, k=4, gamma=0.03, sigma=(0.08, 0.02), valid=30)


def of_box(box):
    """The steps of one kind, of a run that is learnt once."""
    steps = [step for step in run(**OPTIONS).steps if step.box == box]
    assert steps
    return steps


def by_layer(*numbers, inputs=False):
    """layer 1: 1 of 5, layer 2: 3 of 5."""
    names = ["inputs", "layer 1", "layer 2"][not inputs:]
    return ", ".join(f"{name}: {' of '.join(map(str, of_it))}" for name, *of_it in zip(names, *numbers, strict=True))


def in_digits(values):
    return ", ".join(f"{value:.3g}" for value in values)


def head_of(network, stage):
    return next(head for head in network.heads if head.stage == stage)


def loss_of(network, step) -> float:
    """The mean loss on the validation split, sample by sample."""
    task = run(**OPTIONS).tasks[step.stage - 1]
    z = network.scores(task.id, task.x_valid).astype(float)
    return float(np.mean([np.logaddexp(0, a) - y * a for a, y in zip(z.ravel(), task.y_valid.ravel())]))


def born_at(network, stage) -> list:
    """How many units of every layer a stage brought in."""
    return [sum(1 for born in layer if born == stage) for layer in network.introduced]


def test_there_is_something_to_tell_apart():
    """Kept and added, layers, units and outputs are different numbers somewhere."""
    assert any(0 < sum(step.facts["kept"]) < sum(step.facts["added"]) for step in of_box("prune") if step.stage > 1)
    assert any(len(set(step.facts["split"])) > 1 for step in of_box("split"))
    assert any(1 < step.facts["head_units"] < len(step.after.visible(step.stage)[-1]) for step in of_box("eq3"))


def test_eq2_tells_the_share_of_zeros():
    for step in of_box("eq2"):
        shares = [sum(1 for value in w.ravel() if value == 0) / w.size for w in step.after.weights]
        assert step.facts["share_of_zeros"] == pytest.approx(shares)
        assert step.sentence == (f"trained the whole network, {step.solve.message}; "
                                 f"{', '.join(f'{share:.0%}' for share in shares)} of its weights are 0")


def test_a_removal_tells_what_was_kept_of_what_was_added():
    for step in of_box("prune"):
        added, kept = born_at(step.before, step.stage), born_at(step.after, step.stage)
        assert (step.facts["added"], step.facts["kept"]) == (added, kept)
        assert step.sentence == f"new units that stay, {by_layer(kept, added)}"
        assert [len(step.arrays[f"removed/{l}"]) for l in (1, 2)] == [a - k for a, k in zip(added, kept)]


def test_eq3_tells_how_many_units_its_head_reads():
    for step in of_box("eq3"):
        rows = head_of(step.after, step.stage).weights
        read, seen = sum(1 for row in rows if any(row)), len(step.after.visible(step.stage)[-1])
        assert step.facts["head_units"] == read
        assert step.sentence == f"the head reads {read} of {seen} units it sees"


def test_units_that_a_head_of_several_outputs_reads_are_counted_once():
    several = run(hidden=(6, 5), n_tasks=2, outputs=3)
    (step,) = several.of_stage(2, "eq3")
    read = sum(1 for row in head_of(step.after, 2).weights if any(row))
    assert read != 3 and step.sentence.startswith(f"the head reads {read} of ")


def test_a_selection_tells_units_of_every_layer_and_inputs():
    for step in of_box("select"):
        selected = [len(step.arrays[f"selected/{l}"]) for l in range(3)]
        visible = [len(units) for units in step.after.visible(step.stage)]
        assert (step.facts["selected"], step.facts["visible"]) == (selected, visible)
        assert step.sentence == f"selected {by_layer(selected, visible, inputs=True)}"


def test_the_loss_stands_beside_tau():
    for step in of_box("loss"):
        loss, rate = loss_of(step.after, step), run(**OPTIONS).tasks[step.stage - 1].y_valid.mean(dtype=float)
        entropy = -rate * np.log(rate) - (1 - rate) * np.log(1 - rate)
        assert step.facts["loss"] == pytest.approx(loss, rel=1e-5)
        (head,) = [before for before in of_box("eq3") if before.stage == step.stage]
        assert step.facts["loss_eq3"] == pytest.approx(loss_of(head.after, step), rel=1e-5) != step.facts["loss"]
        assert step.sentence == f"loss {step.facts['loss']:.4f} > tau 0 (base rate {entropy:.4f}): expand"


def test_a_loss_that_is_small_enough_says_so():
    learner = Selective(quick((4,), Selective.Config), 0)
    learner.learn(random_task(1))
    (step,) = [step for step in learner.learn(random_task(2)) if step.box == "loss"]
    assert re.fullmatch(r"loss 0\.\d{4} <= tau inf \(base rate 0\.6931\): no expansion", step.sentence)


def test_an_expansion_tells_the_losses_before_and_after():
    for step in of_box("eq5"):
        before, after = loss_of(step.before, step), loss_of(step.after, step)
        assert (step.facts["loss_before"], step.facts["loss_after"]) == pytest.approx((before, after), rel=1e-5)
        added = [n - m for n, m in zip(step.after.widths, step.before.widths)]
        told = tuple(f"{step.facts[name]:.4f}" for name in ("loss_before", "loss_after"))
        assert step.sentence == f"units added, {by_layer(added)}; loss {told[0]} -> {told[1]}"


def test_a_split_tells_how_many_and_how_far():
    for step in of_box("split"):
        split = [n - m for n, m in zip(step.after.widths, step.before.widths)]
        older = [sum(1 for born, gone in zip(*lives) if born < step.stage < gone)
                 for lives in zip(step.before.introduced, step.before.retired)]
        medians = [np.median(step.arrays[f"drift/{l}"]) for l in (1, 2)]
        assert (step.facts["split"], step.facts["older"], step.facts["sigma"]) == (split, older, [0.08, 0.02])
        assert step.sentence == (f"older units split, {by_layer(split, older)}; median drift {in_digits(medians)} "
                                 "against sigma 0.08, 0.02")


@pytest.mark.parametrize(("box", "words"), [("eq4", "retrained the selected subnetwork"), ("eq6", "pulled towards W^{t-1}"),
                                            ("eq6_after", "trained once more")])
def test_a_solve_tells_what_it_did_to_the_loss_and_how_it_ended(box, words):
    steps = of_box(box)
    assert len(steps) == 3
    for step in steps:
        before, after = (loss_of(network, step) for network in (step.before, step.after))
        assert (step.facts["loss_before"], step.facts["loss_after"]) == pytest.approx((before, after), rel=1e-5)
        told = tuple(f"{step.facts[name]:.4f}" for name in ("loss_before", "loss_after"))
        then, now = step.before.arrays(), step.after.arrays()
        changed = any(not np.array_equal(array, now[name]) for name, array in then.items())
        did = f"{words}, loss {told[0]} -> {told[1]}, " if changed else ""       # else the start was kept
        assert step.sentence == did + step.solve.message


def test_a_solve_without_epochs_did_not_keep_its_start_for_being_better():
    steps = [step for step in run(hidden=(5, 4), n_tasks=2, epochs_eq4=0).steps if step.box == "eq4"]
    for step in steps:
        loss = f"{step.facts['loss_before']:.4f}"
        assert step.sentence == f"retrained the selected subnetwork, loss {loss} -> {loss}, all 0 epochs done"
    assert steps
