"""Class-incremental learning: what every method that answers there promises, and who is refused."""

from dataclasses import replace

import numpy as np
import pytest

from den_ref.core import mlp
from den_ref.core.convolution import Convolution
from den_ref.core.penalties import SquaredL2
from den_ref.experiment import Cell, begin_comparison, make_plan, run
from den_ref.experiment.one_run.measure import qualities
from den_ref.experiment.tune.search import check_stream
from den_ref.methods import REGISTRY
from den_ref.methods.registry import methods_on
from den_ref.methods.shared.classes import grown_to, heads_of, pull_on
from den_ref.protocol import CLASS_INCREMENTAL, TASK_INCREMENTAL, Method, Task
from den_ref.tasks.stream import Stream
from tests.helpers.every_method import TWINS
from tests.helpers.lots_of_classes import LOTS, learnt, small

ASKED = [pytest.param(name, marks=pytest.mark.slow) if name in TWINS or name.startswith(("dnn-", "den-")) else name
         for name in methods_on(CLASS_INCREMENTAL)]
METHODS = pytest.mark.parametrize("name", ASKED)


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[key], b[key]) for key in a)


@METHODS
def test_a_column_for_every_class_seen_and_nothing_changes(name):
    method = learnt(name)
    before = {key: array.copy() for key, array in method.state().items()}
    scores = method.class_scores(LOTS[0].x_valid)
    assert scores.shape == (12, 7) and np.isfinite(scores).all()
    np.testing.assert_array_equal(scores, method.class_scores(LOTS[0].x_valid))
    assert same(before, method.state())
    assert [method.scores(i, LOTS[0].x_valid).shape[1] for i in range(3)] == [2, 3, 2]
    assert [method.loss_of(i) for i in range(3)] == ["softmax"] * 3


@METHODS
def test_continues_bit_for_bit_from_its_state(name):
    method = learnt(name, LOTS[:2])
    stored = {key: array.copy() for key, array in method.state().items()}
    again = type(method).from_state(stored, method.config, seen=LOTS[:2])
    for each in (method, again):
        each.learn(LOTS[2])
    assert same(method.state(), again.state()) and not same(stored, method.state())
    served = type(method).from_state(method.state(), method.config)              # without any data
    np.testing.assert_array_equal(served.class_scores(LOTS[1].x_valid), method.class_scores(LOTS[1].x_valid))


@METHODS
def test_capacity_counts_what_class_scores_react_to(name):
    method = learnt(name, LOTS[:2], hidden=(3, 2))
    state, read = method.state(), 0
    for key, array in state.items():
        for entry in range(array.size if array.dtype.kind == "f" else 0):
            spoilt = array.copy()
            spoilt.flat[entry] = np.nan
            try:
                again = type(method).from_state(state | {key: spoilt}, method.config)
            except ValueError as error:
                assert "expected 0" in str(error)
                continue
            read += np.isnan(again.class_scores(LOTS[0].x_valid[:2])).any()
    capacity = method.capacity()
    assert capacity.allocated == read and 0 < capacity.nonzero <= read
    assert set(capacity.per_task) == {0, 1} and max(capacity.per_task.values()) <= read


@METHODS
def test_an_abandoned_stage_changes_nothing(name):
    method = learnt(name, LOTS[:1])
    before = {key: array.copy() for key, array in method.state().items() if key != "meta"}
    next(method.steps(LOTS[1]))
    assert method.tasks == [0] and method.class_scores(LOTS[0].x_valid).shape == (12, 2)
    assert same(before, {key: array for key, array in method.state().items() if key != "meta"})


@pytest.mark.parametrize("name", [name for name in REGISTRY if name not in methods_on(CLASS_INCREMENTAL)])
def test_a_method_that_must_be_told_the_task_is_refused_by_name(name):
    stream = Stream("lots", (0, 1), LOTS.__getitem__, 4, {}, scenario=CLASS_INCREMENTAL)
    refused = rf"method: expected one that can answer on a class-incremental stream, got {name}, .*; use one of mtl, near"
    with pytest.raises(ValueError, match=refused):
        make_plan(name, stream)
    with pytest.raises(ValueError, match=f"got {name}, which answers on task-incremental ones"):
        small(name).learn(LOTS[0])
    with pytest.raises(NotImplementedError, match=f"class_scores: .* got {name}, which must be told the task"):
        small(name).class_scores(LOTS[0].x_valid)


def test_a_comparison_refuses_before_anything_is_learnt(tmp_path):
    with pytest.raises(ValueError, match="got stl, .*use one of mtl, nearest-mean, finetune, ewc, si"):
        begin_comparison(["ewc", Cell("stl", 0)], "split-digits", out=tmp_path / "grid", per_class=(2, 1, 1))
    with pytest.raises(ValueError, match="got nearest-mean, which answers on class-incremental ones; use one of stl"):
        begin_comparison(["nearest-mean"], "toy", out=tmp_path / "grid")
    assert not (tmp_path / "grid").exists()


def test_a_search_judges_heads_and_refuses_other_streams():
    with pytest.raises(ValueError, match="stream: expected a task-incremental one.*got 'split-digits'"):
        check_stream('{"name": "split-digits", "per_class": [2, 1, 1]}')


@pytest.mark.parametrize("name", [name for name in methods_on(CLASS_INCREMENTAL) if name in methods_on(TASK_INCREMENTAL)])
def test_heads_of_sigmoids_are_not_compared(name):
    x = LOTS[0].x_train
    task = Task("a", x, (x[:, :1] > 0) * 1.0, x, (x[:, :1] > 0) * 1.0)
    with pytest.raises(NotImplementedError, match="class_scores"):
        learnt(name, [task]).class_scores(x)


def test_a_tasks_head_is_its_columns_of_the_one_head():
    network = mlp.pack([np.ones((3, 4))], [np.zeros(4)], np.arange(20.0).reshape(4, 5), np.arange(5.0), np.float64)
    heads = heads_of(network, {"a": 2, "b": 3})
    assert [(head.task, head.stage, head.loss) for head in heads.values()] == [("a", 1, "softmax"), ("b", 2, "softmax")]
    assert heads["b"].weights[1].tolist() == [7, 8, 9] and heads["b"].bias.tolist() == [2, 3, 4]
    assert all(np.shares_memory(head.weights, network["V"]) for head in heads.values())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_grows_with_the_classes_is_as_it_was_beside_zeros(dtype):
    layers = (Convolution(3, 3, size=2),)
    before, after = (mlp.pack([np.full((4, 2), 7.0)], [np.ones(2)], np.full((8, n), 5.0), np.full(n, 3.0), dtype, layers)
                     for n in (2, 3))
    grown = grown_to(before, after)
    assert grown.vector.dtype == dtype and grown.convolutions == layers and grown.shapes == after.shapes
    np.testing.assert_array_equal(grown["V"], np.hstack([before["V"], np.zeros((8, 1))]))
    pull = SquaredL2(np.array([1, 3], dtype), np.array([0.5, -2], dtype))
    larger, w = pull_on(pull, (3,)), np.array([2, 4, 99], dtype)
    assert larger.value(w) == pytest.approx(pull.value(w[:2])) == 0.5 * (1.5**2 + 3 * 6**2)
    assert larger.anchor.dtype == larger.strength.dtype == dtype and pull_on(larger, (3,)) is larger


@pytest.mark.parametrize("name", ["finetune", "ewc", "si", "mtl"])
def test_scenarios_do_not_mix(name):
    with pytest.raises(ValueError, match="task.classes: expected names, as the tasks before have"):
        learnt(name, LOTS[:1]).learn(replace(LOTS[1], classes=()))
    with pytest.raises(ValueError, match="task.classes: expected none, as the tasks before have"):
        learnt(name, [replace(LOTS[0], classes=())]).learn(LOTS[1])


def test_names_of_classes_fit_the_head():
    with pytest.raises(ValueError, match="task.classes: expected 2 names, one per output of a softmax head"):
        small("finetune").learn(replace(LOTS[0], classes=("a",)))
    with pytest.raises(ValueError, match="task.classes: expected 2 names"):
        small("finetune").learn(replace(LOTS[0], classes=("a", "b", "c")))
    with pytest.raises(ValueError, match="a softmax head, got .* for a sigmoid head"):
        small("finetune").learn(replace(LOTS[0], loss="sigmoid", y_train=np.eye(2)[LOTS[0].y_train],
                                        y_valid=np.eye(2)[LOTS[0].y_valid]))


# --- one head for all classes ------------------------------------------------------------------------------------


def test_fine_tuning_is_training_of_one_head_on_the_new_classes():
    """Against one long-hand step of gradient descent from the first task's network, on all samples at once."""
    plain = {"optimiser": "sgd", "step": 0.1, "step_end": 1.0, "batch": 30, "epochs": 1, "weight_decay": 0.0, "mu": 0.0,
             "beta1": 0.0}
    before, after = learnt("finetune", LOTS[:1], **plain), learnt("finetune", LOTS[:2], **plain)
    x, y = LOTS[1].x_train, LOTS[1].y_train + 2
    W1, b1, W2, b2 = (before.body[name] for name in ("W1", "b1", "W2", "b2"))
    h1 = np.maximum(x @ W1 + b1, 0)
    h2 = np.maximum(h1 @ W2 + b2, 0)
    old = h2 @ before.body["V"] + before.body["c"]
    new = h2 @ start_of_new_columns(before)
    p = np.exp(np.hstack([old, new]))
    p /= p.sum(axis=1, keepdims=True)
    delta = (p - np.eye(5)[y]) / len(x)
    np.testing.assert_allclose(after.body["V"][:, :2], before.body["V"] - 0.1 * h2.T @ delta[:, :2], atol=1e-12)
    np.testing.assert_allclose(after.body["c"], np.append(before.body["c"], np.zeros(3)) - 0.1 * delta.sum(axis=0),
                               atol=1e-12)


def start_of_new_columns(before):
    """The random columns that the second lot's classes begin with: from its steps."""
    return next(before.steps(LOTS[1])).before["V"][:, 2:]


@pytest.mark.parametrize("name, off", [("ewc", {"lam": 0.0}), ("si", {"c": 0.0})])
def test_a_pull_of_strength_0_is_fine_tuning(name, off):
    usual = small("finetune").config.to_dict()
    pulled, plain = learnt(name, **(usual | off)), learnt("finetune")
    np.testing.assert_array_equal(pulled.body.vector, plain.body.vector)


@pytest.mark.parametrize("name, strong", [("ewc", {"lam": 1e9}), ("si", {"c": 1e9}), ("ewc", {"lam": 1e9, "anchors": "separate"})])
def test_a_strong_pull_holds_old_columns_and_leaves_new_ones_free(name, strong):
    before, after = (learnt(name, lots, **strong, weight_decay=0.0, mu=0.0) for lots in (LOTS[:1], LOTS[:2]))
    held = before.importance["V"] > 1e-4
    assert held.any()
    moved = np.abs(after.body["V"][:, :2] - before.body["V"])
    assert moved[held].max() < 1e-3 and np.abs(after.body["V"][:, 2:] - start_of_new_columns(before)).max() > 1e-3
    assert after.importance["V"].shape == after.body["V"].shape


def test_moments_of_si_go_on_where_a_head_grows():
    si = learnt("si", reset=False)
    assert si.moments.m["V"].shape == si.body["V"].shape == (4, 7)


def test_mtl_is_one_network_on_all_samples():
    x, y = (np.concatenate([getattr(task, name) + shift for task, shift in zip(LOTS, shifts)])
            for name, shifts in (("x_train", (0, 0, 0)), ("y_train", (0, 2, 5))))
    valid = [np.concatenate([getattr(task, name) + shift for task, shift in zip(LOTS, shifts)])
             for name, shifts in (("x_valid", (0, 0, 0)), ("y_valid", (0, 2, 5)))]
    whole = learnt("finetune", [Task(0, x, y, *valid, loss="softmax", n_outputs=7)], **small("mtl").config.to_dict())
    np.testing.assert_array_equal(learnt("mtl").class_scores(x), whole.scores(0, x))


def test_the_nearest_mean():
    means = np.concatenate([[task.x_train[task.y_train == c].mean(axis=0) for c in range(task.n_outputs)]
                            for task in LOTS])
    x = LOTS[1].x_test
    distances = ((x[:, None] - means) ** 2).sum(axis=2)
    np.testing.assert_allclose(learnt("nearest-mean").class_scores(x), -distances / 2, rtol=1e-10)


def test_a_class_without_a_sample_has_no_mean():
    with pytest.raises(ValueError, match="task.y_train: expected samples of every class, got none of 01"):
        small("nearest-mean").learn(replace(LOTS[0], y_train=np.zeros(30, int)))


def test_den_answers_with_the_largest_score_of_its_heads():
    den, x = learnt("den"), LOTS[0].x_test
    np.testing.assert_array_equal(den.class_scores(x), np.hstack([den.scores(i, x) for i in range(3)]))


# --- what is measured --------------------------------------------------------------------------------------------


class Told(Method):
    """Answers with scores that are given: those of each sample stand in its inputs."""

    def class_scores(self, x):
        return x[:, :self.seen]


Told.__abstractmethods__ = frozenset()


def test_r_is_the_share_of_a_tasks_samples_that_are_right_among_all_classes_seen():
    scores = [np.array([[2, 1, 3, 0], [2, 1, 0, 0], [0, 1, 0, 0], [5, 1, 0, 0]], float),
              np.array([[0, 0, 3, 1], [9, 0, 1, 2]], float)]
    tasks = [Task(0, scores[0], np.array([0, 0, 1, 1]), scores[0], np.array([0, 0, 1, 1]), scores[0],
                  np.array([0, 0, 1, 1]), "softmax", 2, ("a", "b")),
             Task(1, scores[1], np.array([0, 1]), scores[1], np.array([0, 1]), scores[1], np.array([0, 1]), "softmax", 2,
                  ("c", "d"))]
    method = Told.__new__(Told)
    method.seen = 2
    assert qualities(method, tasks[:1], CLASS_INCREMENTAL)[0]["accuracy"] == 3 / 4
    method.seen = 4
    found = qualities(method, tasks, CLASS_INCREMENTAL)
    assert [one["accuracy"] for one in found] == [2 / 4, 1 / 2]    # the sample that answers c is wrong now
    p = np.exp(np.concatenate(scores))
    p /= p.sum(axis=1, keepdims=True)
    y = np.array([0, 0, 1, 1, 2, 3])

    def pairs(c):
        return np.mean([(a > b) + (a == b) / 2 for a in p[y == c, c] for b in p[y != c, c]])

    np.testing.assert_allclose([one["auroc"] for one in found], [(pairs(0) + pairs(1)) / 2, (pairs(2) + pairs(3)) / 2])


def test_a_run_measures_and_says_accuracy(tmp_path, capsys):
    from den_ref.experiment import Lines
    made = run("finetune", "split-digits", per_class=(6, 2, 4), n_tasks=3, settings={"hidden": (4, 3)}, out=tmp_path / "a",
               display=Lines())
    assert made.metric == "accuracy" and "mean accuracy" in repr(made)
    said = capsys.readouterr().out
    assert "accuracy of task" in made.table() and "AUROC, mean" in made.table() and "AUROC 0" not in said.split("\n\n")[0]
    scores = made.method.class_scores(make_plan("finetune", "split-digits", per_class=(6, 2, 4)).stream.tasks[0].x_test)
    assert made.R["accuracy"][2, 0] == np.mean(scores.argmax(axis=1) == make_plan(
        "finetune", "split-digits", per_class=(6, 2, 4)).stream.tasks[0].y_test)
    again = run("finetune", "split-digits", per_class=(6, 2, 4), n_tasks=3, settings={"hidden": (4, 3)},
                out=tmp_path / "a", resume=True)
    np.testing.assert_array_equal(again.R["accuracy"], made.R["accuracy"])
