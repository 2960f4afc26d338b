"""What every method promises, whichever it is: purity, continuing bit for bit, clear errors, honest counts."""

import os
import subprocess
import sys
from dataclasses import replace
from zlib import crc32

import numpy as np
import pytest

from den_ref.experiment.one_run.presets import default_options
from den_ref.methods import REGISTRY, STL
from den_ref.methods.registry import missing_parts
from den_ref.methods.shared.network import FILTERS, task_rng
from den_ref.protocol import FAMILIES, VARIANT, Task
from den_ref.settings import Settings
from den_ref.state import unpack_meta
from den_ref.tasks import make_stream
from tests.helpers.every_method import DRAWN, EVERY_METHOD, TRAINED
from tests.helpers.tiny_method import Tiny, Weights

METHODS = pytest.mark.parametrize("name", EVERY_METHOD)
QUICK = {"epochs": 3, "epochs_eq2": 3, "epochs_eq4": 2, "epochs_eq5": 2, "epochs_eq6": 1, "finetune_epochs": 2,
         "additions": 2, "epochs_shrink": 2}


def small(name, seed=0, **settings):
    """A method that learns the toy stream in a moment."""
    options = default_options(REGISTRY[name], "toy").to_dict()
    options |= {key: epochs for key, epochs in QUICK.items() if key in options} | settings
    return REGISTRY[name](REGISTRY[name].Config.from_dict(options), seed)


def toy(n=3):
    return [task.without_test() for task in list(make_stream("toy").tasks)[:n]]


def learnt(name, tasks, **settings):
    method = small(name, **settings)
    for task in tasks:
        method.learn(task)
    return method


def same_state(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[key], b[key]) for key in a)


@METHODS
def test_scores_are_pure_and_have_the_tasks_shape(name):
    tasks = toy(2)
    method = learnt(name, tasks)
    before = {key: array.copy() for key, array in method.state().items()}
    first = method.scores(0, tasks[0].x_valid)
    np.testing.assert_array_equal(first, method.scores(0, tasks[0].x_valid))
    assert first.shape == (len(tasks[0].x_valid), 1)
    assert same_state(before, method.state())


@METHODS
def test_continues_bit_for_bit_from_its_state(name):
    tasks = toy(3)
    method = learnt(name, tasks[:2])
    stored = {key: array.copy() for key, array in method.state().items()}
    again = type(method).from_state(stored, method.config, seen=tasks[:2])
    method.learn(tasks[2])
    again.learn(tasks[2])
    assert same_state(method.state(), again.state())
    assert again.tasks == method.tasks == [0, 1, 2]
    assert not same_state(stored, method.state())                  # the comparison can fail


@METHODS
def test_steps_know_their_stage_and_task(name):
    method = small(name)
    for stage, task in enumerate(toy(2), 1):
        steps = method.learn(task)
        assert {(step.stage, step.task) for step in steps} == {(stage, task.id)}


@METHODS
def test_before_the_first_task_there_is_nothing(name):
    capacity = small(name).capacity()
    assert (capacity.allocated, capacity.nonzero, capacity.per_task) == (0, 0, {}) and small(name).tasks == []


@METHODS
def test_same_seed_same_bits_other_seed_other_bits(name):
    tasks = toy(2)
    one, two, other = learnt(name, tasks), learnt(name, tasks), small(name, seed=1)
    for task in tasks:
        other.learn(task)
    assert same_state(one.state(), two.state())
    assert not same_state(one.state(), other.state())


LEARNS_TEXT_IDS = """
import hashlib, sys
import numpy as np
from den_ref.methods import method_named
from den_ref.methods.registry import methods_on
from den_ref.protocol import TASK_INCREMENTAL, Task
x = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
for kind in map(method_named, methods_on(TASK_INCREMENTAL)):
    options = {name: 0 for name in kind.Config().to_dict() if "epochs" in name}
    method = kind(kind.Config.from_dict(kind.Config().to_dict() | options), 0)
    for task in ("cats", "dogs"):
        method.learn(Task(task, x, (x[:, :1] > 0) * np.float32(1), x[:4], (x[:4, :1] > 0) * np.float32(1)))
    for name, array in sorted(method.state().items()):
        print(method.name, name, hashlib.sha256(array.tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_tasks_with_text_ids_are_learnt_alike_in_every_process():
    """Python's own hash of a text is another number in every process."""
    children = [subprocess.Popen([sys.executable, "-W", "ignore", "-c", LEARNS_TEXT_IDS], stdout=subprocess.PIPE,
                                 env=os.environ | {"PYTHONHASHSEED": seed}) for seed in "12"]
    one, other = (child.communicate()[0].splitlines() for child in children)
    assert len(one) > 100 and one == other


#: Another value of every option of the methods that are compared with DEN; what DEN's options do is tested in tests/den.
OTHERWISE = {
    "optimiser": "sgd", "step": 1e-3, "step_end": 1.0, "batch": 10, "patience": 1, "eps": 1e-2, "beta1": 0.5,
    "beta2": 0.9, "dtype": "float64", "hidden": (7, 5), "mu": 1e-2, "weight_decay": 0.2, "epochs": 2, "lam": 5.0,
    "fisher": "empirical", "anchors": "separate", "decay": 0.5, "c": 5.0, "xi": 5.0, "reset": False,
    "merge": "mean", "drop": 0.5, "weight_transfer": False, "refit": True,
    "width": "full", "n_columns": 1, "alpha": 0.5, "lateral_scale": 1.0,
}
#: Options without which another one has none.
USUAL = {"progressive": {"width": "per_task", "n_columns": 2, "lateral_scale": 0.5}}


@pytest.mark.parametrize("name", ["stl", "mtl", "finetune", "l2", "ewc", "si", "imm", "progressive"])
def test_every_option_has_an_effect(name):
    """On scores, or on the epochs done: validation labels contradict those of training, so that a solve stops early."""
    tasks = [replace(task, x_train=task.x_train[:200], y_train=task.y_train[:200], y_valid=1 - task.y_valid)
             for task in toy(3)]

    def outcome(**settings):
        method = small(name, **{"batch": 50, "epochs": 4, "step": 0.1, "patience": 3, **USUAL.get(name, {}), **settings})
        epochs = [method.learn(task)[-1].solve.nit for task in tasks]
        return [epochs, *(method.scores(task.id, task.x_valid).tolist() for task in tasks)]

    usual = outcome()
    for option in small(name).config.to_dict().keys() - set(FILTERS):        # of images: tests/methods/test_filters.py
        assert outcome(**{option: OTHERWISE[option]}) != usual, option


@METHODS
def test_who_a_method_is_stands_on_its_class(name):
    method = REGISTRY[name]
    assert method.name == name and method.title and method.family in FAMILIES and issubclass(method.Config, Settings)
    others = [other for other in REGISTRY.values() if other is not method]
    assert method.title not in [other.title for other in others]
    assert method.look is not None and method.look not in [other.look for other in others]
    assert (method.space is None) == (method.family == VARIANT)


@METHODS
def test_a_generator_is_in_the_state_or_was_never_made(name):
    method = learnt(name, toy(2))
    assert ("rng" in vars(method)) == ("rng" in unpack_meta(method.state()["meta"]))


@pytest.mark.parametrize("name", DRAWN)
def test_learning_all_ends_as_learning_one_after_the_other(name):
    one_by_one, at_once = learnt(name, toy(3)), small(name)
    at_once.learn_all(toy(3))
    assert same_state(one_by_one.state(), at_once.state()) and at_once.tasks == [0, 1, 2]


@pytest.mark.parametrize("wrong", [1, 2], ids=["between", "last"])
@pytest.mark.parametrize("name", ["mtl", "gomtl"])
def test_of_tasks_that_are_learnt_at_once_all_are_or_none(name, wrong):
    first, *tasks = toy(4)
    method = learnt(name, [first])
    refused = [replace(task, id=first.id) if i == wrong else task for i, task in enumerate(tasks)]
    before = method.state()
    with pytest.raises(ValueError, match="task: expected one not learnt yet, got 0"):
        method.learn_all(refused)
    assert same_state(before, method.state())
    method.learn_all(tasks)
    assert same_state(learnt(name, [first, *tasks]).state(), method.state())


@METHODS
def test_inputs_are_not_modified(name):
    tasks = toy(2)
    fields = ("x_train", "y_train", "x_valid", "y_valid")
    before = [[getattr(task, field).copy() for field in fields] for task in tasks]
    learnt(name, tasks)
    for task, arrays in zip(tasks, before, strict=True):
        for field, array in zip(fields, arrays, strict=True):
            np.testing.assert_array_equal(getattr(task, field), array)


@METHODS
def test_unknown_task_names_the_known_ones(name):
    method = learnt(name, toy(2))
    with pytest.raises(KeyError, match=r"\[0, 1\], got 7"):
        method.scores(7, np.zeros((1, 12), np.float32))
    with pytest.raises(KeyError, match=r"\[0, 1\], got 7"):
        method.loss_of(7)


@METHODS
def test_a_task_is_learnt_once(name):
    tasks = toy(1)
    method = learnt(name, tasks)
    with pytest.raises(ValueError, match="task: expected one not learnt yet, got 0"):
        method.learn(tasks[0])


@METHODS
def test_an_abandoned_stage_changes_nothing_served(name):
    tasks = toy(2)
    method = learnt(name, tasks[:1])
    before = method.scores(0, tasks[0].x_valid)
    next(method.steps(tasks[1]))
    assert method.tasks == [0]
    np.testing.assert_array_equal(before, method.scores(0, tasks[0].x_valid))


def entries_read(method, tasks) -> dict:
    """Task id -> the stored numbers that its scores react to: each in turn is made NaN, which nothing computed hides."""
    state, read = method.state(), {task.id: set() for task in tasks}
    for name, array in state.items():
        for entry in range(array.size if array.dtype.kind == "f" else 0):
            spoilt = array.copy()
            spoilt.flat[entry] = np.nan
            try:
                again = type(method).from_state(state | {name: spoilt}, method.config)
            except ValueError as error:
                assert "expected 0" in str(error)                  # where a network has no number at all
                continue
            for task in tasks:
                if np.isnan(again.scores(task.id, task.x_valid[:2])).any():
                    read[task.id].add((name, entry))
    return read


@METHODS
def test_capacity_counts_what_scores_react_to(name):
    sizes = {"hidden": (3, 2), "k": 1, "column": (3, 2)}
    config = default_options(REGISTRY[name], "toy").to_dict()
    tasks = toy(2)
    method = learnt(name, tasks, **{option: size for option, size in sizes.items() if option in config})
    capacity, read = method.capacity(), entries_read(method, tasks)
    for task, entries in read.items():
        if task == 1 or name != "den-no-timestamps":               # there, what the task would read with timestamps
            assert capacity.per_task[task] == len(entries)
    assert capacity.allocated == len(set.union(*read.values()))
    assert 0 < capacity.nonzero <= capacity.allocated <= capacity.arrays


@pytest.mark.parametrize("name", ["stl", "mtl", "finetune"])
def test_nonzero_parameters_are_those_of_bodies_and_heads(name):
    """Of a method that keeps nothing else, every number of its state is a parameter."""
    method = learnt(name, toy(2), mu=1e-2)
    counts = [np.count_nonzero(array) for key, array in method.state().items() if key != "meta"]
    assert method.capacity().nonzero == sum(counts) < method.capacity().allocated


def test_a_method_may_define_its_steps_itself():
    assert "steps" in vars(Tiny) and "boxes" not in vars(Tiny) and missing_parts(Tiny) == []


def test_a_task_named_by_a_text_is_not_the_one_named_by_its_number():
    one, other, same = (task_rng(0, task_id).random() for task_id in ("1", 1, "1"))
    assert one != other and one == same
    assert one == np.random.default_rng([0, crc32(b"'1'")]).random()


def test_a_prediction_is_1_above_0_only_and_the_first_of_equals():
    tiny = Tiny()
    tiny.model = Weights({"a": np.array([[1.0], [0.0]])})          # the score is x itself
    x = np.array([[0.0], [-0.0], [1e-300], [-1e-300], [2.0]])
    assert tiny.predict("a", x).tolist() == [[0], [0], [1], [0], [1]]
    tiny.loss_of, tiny.model = lambda task: "softmax", Weights({"a": np.array([[1.0, 1.0, -1.0], [0.0, 0.0, 0.0]])})
    assert tiny.predict("a", x).tolist() == [0, 0, 0, 2, 0]


@METHODS
def test_several_outputs_and_softmax_heads(name):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 5)).astype(np.float32)
    classes = x[:, :3].argmax(axis=1)
    onehot = np.eye(3, dtype=np.float32)[classes]
    tasks = [Task("one-hot", x[:200], onehot[:200], x[200:], onehot[200:], loss="sigmoid", n_outputs=3),
             Task("classes", x[:200], classes[:200], x[200:], classes[200:], loss="softmax", n_outputs=3)]
    method = learnt(name, tasks)
    assert method.scores("classes", x).shape == (300, 3)
    assert set(np.unique(method.predict("one-hot", x))) <= {0, 1}
    assert method.predict("classes", x).shape == (300,)
    assert [method.loss_of(task.id) for task in tasks] == ["sigmoid", "softmax"]


@pytest.mark.parametrize("name", TRAINED)
def test_a_batch_may_be_larger_than_the_data(name):
    """It is then all of the data, bit for bit."""
    tasks = toy(2)
    whole, larger = (learnt(name, tasks, batch=batch) for batch in (len(tasks[0].x_train), 5000))
    assert same_state(whole.state(), larger.state())


@pytest.mark.parametrize("name", [one for one in TRAINED if one != "nonparametric"])    # which weighs size as well
def test_what_is_kept_is_best_on_the_validation_data(name):
    """Labels there contradict those of training: what is best on the wrong split is worst here."""
    tasks = [replace(task, y_valid=1 - task.y_valid) for task in toy(2)]
    unmerged = {"merge": "mean", "alpha": 1.0} if name == "imm" else {}      # what answers is the last network itself
    method, steps = small(name, **unmerged), []
    for task in tasks:
        steps += method.learn(task)
    epochs = [step.solve for step in steps if step.solve is not None][-1].history["validation"]
    losses = [binary_loss(method.scores(task.id, task.x_valid), task.y_valid) for task in tasks]
    kept = np.mean(losses) if method.needs_all_data else losses[-1]
    assert kept <= min(epochs) * (1 + 1e-5)                        # Eq. 4, 6 and DEN-Finetune may keep their start


@pytest.mark.parametrize("name", ["stl", "mtl", "finetune", "l2", "ewc", "si", "progressive"])
def test_a_plain_network_is_not_kept_at_its_start(name):
    """The validation labels are what its random start answers: no epoch is as good, and the best of them is kept."""
    [task] = toy(1)
    start = learnt(name, [task], epochs=0)
    task = replace(task, y_valid=(start.scores(0, task.x_valid) > 0).astype(np.float32))
    method = small(name)
    [step] = method.learn(task)
    loss = binary_loss(method.scores(0, task.x_valid), task.y_valid)
    assert binary_loss(start.scores(0, task.x_valid), task.y_valid) < loss
    assert loss == pytest.approx(min(step.solve.history["validation"]), rel=1e-5)


@pytest.mark.parametrize("name", ["stl", "adanet", "progressive", "nonparametric"])
def test_methods_that_freeze_the_past_leave_old_scores_as_they_were(name):
    tasks = toy(3)
    method, before = small(name), {}
    for task in tasks:
        method.learn(task)
        for old, scores in before.items():
            np.testing.assert_array_equal(method.scores(old, tasks[old].x_valid), scores)
        before[task.id] = method.scores(task.id, task.x_valid)


def test_fine_tuning_does_not_freeze_the_past():
    """The test above can fail."""
    tasks = toy(2)
    method = learnt("finetune", tasks[:1])
    before = method.scores(0, tasks[0].x_valid)
    method.learn(tasks[1])
    assert not np.array_equal(before, method.scores(0, tasks[0].x_valid))


def test_stl_forgets_nothing_and_does_not_care_for_order():
    tasks = toy(3)
    forward, backward = learnt("stl", tasks), learnt("stl", tasks[::-1])
    for task in tasks:
        np.testing.assert_array_equal(forward.scores(task.id, task.x_valid), backward.scores(task.id, task.x_valid))


def test_mtl_with_one_task_is_stl():
    task = toy(1)[0]
    mtl, stl = learnt("mtl", [task]), learnt("stl", [task])
    np.testing.assert_array_equal(mtl.scores(0, task.x_valid), stl.scores(0, task.x_valid))


def test_mtls_tasks_stand_in_the_order_of_learning_not_of_their_pools():
    from den_ref.methods.mtl import outputs_of

    first, other, _ = toy(3)
    tasks = [first, other, replace(first, id="same samples as the first")]
    assert list(outputs_of(tasks)) == [task.id for task in tasks]
    assert [(where.suffix, where.first) for where in outputs_of(tasks).values()] == [("0", 0), ("1", 0), ("0", 1)]


@pytest.mark.parametrize(("name", "networks"), [("stl", 2), ("mtl", 1), ("finetune", 1), ("progressive", 2)])
def test_widths_are_those_of_all_networks_together(name, networks):
    assert learnt(name, toy(2), hidden=[5, 3], epochs=1).capacity().widths == (5 * networks, 3 * networks)


def test_mtl_shares_one_pass_among_tasks_on_the_same_samples():
    """One pool of two tasks minimises the mean of their losses: its gradient is that of two separate heads."""
    from den_ref.core.pools import pooled
    from den_ref.methods.mtl import all_tasks_loss
    from den_ref.methods.shared.network import random_start

    base = toy(1)[0]
    tasks = [base, Task("other", base.x_train, 1 - base.y_train, base.x_valid, 1 - base.y_valid)]
    assert [len(pool) for pool in pooled(tasks)] == [2]
    config = default_options(STL, "toy")
    start = random_start(base, [2], config, np.random.default_rng(0))
    loss = all_tasks_loss(start, tasks, "train")
    logits = _logits(start, base.x_train)
    by_hand = np.mean([np.logaddexp(0, z) - task.y_train[:, 0] * z for task, z in zip(tasks, logits.T, strict=True)])
    assert loss.value(start) == pytest.approx(by_hand, rel=1e-5)


def _logits(flat, x):
    for l in (1, 2):
        x = np.maximum(x @ flat[f"W{l}"] + flat[f"b{l}"], 0)
    return x @ flat["V"] + flat["c"]


def test_mtl_refuses_to_go_on_without_the_data():
    tasks = toy(2)
    method = learnt("mtl", tasks[:1])
    blind = type(method).from_state(method.state(), method.config)
    np.testing.assert_array_equal(blind.scores(0, tasks[0].x_valid), method.scores(0, tasks[0].x_valid))
    with pytest.raises(ValueError, match="seen: expected the data of all learnt tasks"):
        blind.learn(tasks[1])


@pytest.mark.parametrize("order, words", [([1, 0], r"got \[1, 0\]"), ([0, 2], r"got \[0, 2\]"), ([0], r"got \[0\]")])
def test_mtl_refuses_to_go_on_with_the_data_of_others(order, words):
    tasks = toy(4)
    method = learnt("mtl", tasks[:2])
    misled = type(method).from_state(method.state(), method.config, seen=[tasks[i] for i in order])
    with pytest.raises(ValueError, match=r"seen: expected the data of all learnt tasks \[0, 1\] to learn.*" + words):
        misled.learn(tasks[3])


def test_finetune_trains_all_tasks_together_and_keeps_its_input():
    from den_ref.den.finetune import finetune

    tasks = toy(3)
    den = learnt("den", tasks, mu=3e-3)
    assert all((w == 0).any() for w in den.network.weights)
    before = {key: array.copy() for key, array in den.state().items()}
    tuned = finetune(den, tasks, epochs=5)
    assert same_state(before, den.state())
    assert tuned.network.widths == den.network.widths
    for old, new in zip(den.network.weights, tuned.network.weights, strict=True):
        assert not new[old == 0].any()                             # zeros stay zeros
    assert _mean_loss(tuned, tasks) < _mean_loss(den, tasks)
    with pytest.raises(ValueError, match="tasks: expected exactly the learnt ones"):
        finetune(den, tasks[:2])


def _mean_loss(method, tasks):
    return np.mean([binary_loss(method.scores(task.id, task.x_valid), task.y_valid) for task in tasks])


def binary_loss(z, y):
    """Cross-entropy of logits z, independently of the package."""
    return np.mean(np.logaddexp(0, z) - y * z)
