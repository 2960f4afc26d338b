"""DEN-Finetune: DEN's boxes untouched, a copy trained on all tasks, and the gradient of their joint loss."""

from dataclasses import replace

import numpy as np
import pytest

from den_ref.core import chain
from den_ref.core.checks import check_gradient
from den_ref.core.filters import FilterOptions
from den_ref.core.mlp import JointLoss
from den_ref.core.pools import examples, pooled
from den_ref.den import DEN
from den_ref.den.config import DENConfig
from den_ref.den.finetune import FineTuned, FineTunedConfig, finetune
from den_ref.den.joint import joint_loss, pack_network, unpack_network
from den_ref.den.network import Head, Network, seen_by_a_stage
from den_ref.protocol import Task
from den_ref.tasks import make_stream

SHORT = {"hidden": (8, 6), "k": 4, "step": 0.02, "batch": 32, "weight_decay": 1e-3,
         "epochs_eq2": 3, "epochs_eq4": 2, "epochs_eq5": 2, "epochs_eq6": 1}


def finetuned(tasks=(), **options):
    """A method that has learnt the tasks."""
    method = FineTuned(FineTunedConfig(**SHORT | options))
    for task in tasks:
        method.learn(task)
    return method


def toy(n=3):
    return [task.without_test() for task in list(make_stream("toy").tasks)[:n]]


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[key], b[key]) for key in a)


# --- the joint loss -----------------------------------------------------------------------------------------------


def random_stages(rng, hidden, loss="sigmoid", outputs=(1, 2, 3), shared=True, convolutions=()):
    """A network of three stages with units born and retired at random, in float64, and its tasks."""
    sizes, fans = [5, *hidden], chain.fans(convolutions, len(hidden))
    introduced = [rng.integers(1, 4, n).astype(np.int32) for n in hidden]
    for born in introduced:
        born[:2] = 1                                               # no stage without units
    retired = [np.where(rng.random(len(born)) < 0.3, born + 1, 9).astype(np.int32) for born in introduced]
    for gone in retired:
        gone[:2] = 9
    heads = [Head(i, i + 1, rng.normal(size=(fans[-1] * hidden[-1], n)), rng.normal(size=n), loss)
             for i, n in enumerate(outputs)]
    network = Network([rng.normal(size=(fan * a, b)) for fan, a, b in zip(fans, sizes, sizes[1:])],
                      [rng.normal(size=n) for n in hidden], introduced, retired, heads, convolutions=convolutions)
    x, valid = (rng.normal(size=(n, network.n_features)) for n in (20, 6))
    return network, [random_task(rng, head, *((x, valid) if shared else (x + head.stage, valid))) for head in heads]


def random_task(rng, head, x, valid):
    n = head.bias.size
    y, y_valid = (rng.integers(0, n, m) if head.loss == "softmax" else rng.integers(0, 2, (m, n)).astype(float)
                  for m in (len(x), len(valid)))
    return Task(head.task, x, y, valid, y_valid, loss=head.loss, n_outputs=n)


def test_tasks_that_share_training_samples_only_are_not_one_pool():
    network, (first, second, _) = random_stages(np.random.default_rng(3), (4,), outputs=(1, 1, 1))
    other = replace(second, x_valid=second.x_valid + 1)
    assert [len(pool) for pool in pooled([first, second])] == [2]
    assert [len(pool) for pool in pooled([first, other])] == [1, 1]
    assert examples([first, other]) == examples([first, second]) + other.x_valid.size


def mean_loss(network, tasks, split="train"):
    """(1/T) sum over tasks of L_t from the network's own scores."""
    losses = []
    for task in tasks:
        z, y = network.scores(task.id, getattr(task, f"x_{split}")), getattr(task, f"y_{split}")
        if task.loss == "softmax":
            losses.append(np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), y]))
        else:
            losses.append((np.logaddexp(0, z) - y * z).sum() / len(z))
    return np.mean(losses)


CASES = pytest.mark.parametrize(("hidden", "loss", "shared"), [
    ((4,), "sigmoid", True), ((7, 6), "sigmoid", True), ((7, 6), "sigmoid", False), ((7, 6), "softmax", True),
    ((6, 5, 7), "sigmoid", True)])


@CASES
def test_joint_loss_is_the_mean_of_the_tasks_losses(hidden, loss, shared):
    network, tasks = random_stages(np.random.default_rng(0), hidden, loss, shared=shared)
    w = pack_network(network)
    for split in ("train", "valid"):
        joint = joint_loss(w, network, tasks, split)
        assert joint.value(w) == pytest.approx(mean_loss(network, tasks, split), rel=1e-12)
    assert isinstance(joint, JointLoss) == (loss == "softmax" or not shared)


@CASES
def test_joint_gradient_against_finite_differences(hidden, loss, shared):
    rng = np.random.default_rng(1)
    network, tasks = random_stages(rng, hidden, loss, shared=shared)
    w = pack_network(network)
    joint = joint_loss(w, network, tasks, "train")
    for name in w.shapes:
        def along(array, name=name):
            moved, grad = w.copy(), w.like()
            moved[name][...] = array
            return joint.value_and_gradient(moved, grad), grad[name].copy()

        report = check_gradient(along, w[name], rng=rng)
        assert report, f"{name}: {report}"
        assert abs(report.numeric) > 0


FILTERED = pytest.mark.parametrize(("hidden", "layers"), [
    ((4, 5, 4), FilterOptions(filters=(4, 5), kernel=2, stride=1, padding=1, pool=True).convolutions((4, 5, 5))),
    ((5,), FilterOptions(filters=(5,), kernel=3, stride=2).convolutions((5, 6, 5)))], ids=["pooled", "filters-alone"])


@FILTERED
def test_joint_loss_and_gradient_of_filters(hidden, layers):
    """Filters that no stage sees have none; 1e-7."""
    network, tasks = random_stages(np.random.default_rng(6), hidden, convolutions=layers)
    w = pack_network(network)
    joint = joint_loss(w, network, tasks, "train")
    assert w.convolutions == layers and joint.value(w) == pytest.approx(mean_loss(network, tasks), rel=1e-12)

    def f(vector):
        grad = w.like(np.nan)
        return joint.value_and_gradient(w.like(vector), grad), grad.vector

    report = check_gradient(f, w.vector, rtol=1e-7)
    assert report, report
    gradient, seen = w.like(f(w.vector)[1]), seen_by_a_stage(network)
    for l, (own, bias) in enumerate(zip(seen, seen[len(hidden):]), 1):
        of_edges = gradient[f"W{l}"].reshape(own.shape)
        assert of_edges[own].any() and not of_edges[~own].any() and not gradient[f"b{l}"][~bias].any()


def test_the_mean_gradient_of_an_epochs_batches_is_the_whole_gradient():
    rng = np.random.default_rng(2)
    network, tasks = random_stages(rng, (7, 6))
    w = pack_network(network)
    joint, whole, part = joint_loss(w, network, tasks, "train"), w.like(), w.like()
    joint.value_and_gradient(w, whole)
    batches, total = joint.batches(rng, 5), 0
    for rows in batches:
        joint.value_and_gradient(w, part, rows)
        total += part.vector / len(batches)
    np.testing.assert_allclose(total, whole.vector, rtol=1e-10, atol=1e-14)


def test_multiply_adds_by_hand():
    """Layer 1 (5 x 7) forward and dW for all stages at once; above it every stage's own matrices three times."""
    network, tasks = random_stages(np.random.default_rng(5), (7, 6))
    stages = 0
    for head in network.heads:
        first, top = (sum(a <= head.stage < b for a, b in zip(born, gone, strict=True))
                      for born, gone in zip(network.introduced, network.retired, strict=True))
        stages += 3 * (first * top + top * head.bias.size)
    assert joint_loss(pack_network(network), network, tasks, "train").multiply_adds == 20 * (2 * 5 * 7 + stages)


def test_what_no_stage_sees_has_no_gradient():
    network, tasks = random_stages(np.random.default_rng(3), (7, 6))
    network.introduced[0][3], network.retired[0][3] = 2, 2         # in no stage
    w = pack_network(network)
    grad = w.like()
    joint_loss(w, network, tasks, "train").value_and_gradient(w, grad)
    assert not grad["W1"][:, 3].any() and not grad["W2"][3].any() and grad["b1"][3] == 0
    assert grad["W1"][:, 0].any()


def test_packing_and_unpacking_a_network():
    network, _ = random_stages(np.random.default_rng(4), (7, 6))
    again = unpack_network(network, pack_network(network))
    assert same(network.arrays(), again.arrays())
    again.weights[0][...] = again.heads[1].weights[...] = 0
    assert network.weights[0].any() and network.heads[1].weights.any()


# --- the method ---------------------------------------------------------------------------------------------------


def test_dens_own_boxes_are_those_of_den_bit_for_bit():
    tasks, den, method = toy(3), DEN(DENConfig(**SHORT)), finetuned()
    for t, task in enumerate(tasks, 1):
        plain, steps = den.learn(task), method.learn(task)
        assert [step.box for step in steps] == [*(step.box for step in plain), "finetune"]
        assert [step.sentence for step in steps[:-1]] == [step.sentence for step in plain]
        assert same(steps[-1].before.arrays(), den.network.arrays())
        assert same(method.network.arrays(), den.network.arrays())
        assert steps[-1].stage == t and steps[-1].after is method.tuned
        assert method.rng.bit_generator.state == den.rng.bit_generator.state


def test_scores_are_those_of_the_tuned_copy_which_fits_all_tasks_better():
    tasks = toy(3)
    method = finetuned(tasks)
    for task in tasks:
        np.testing.assert_array_equal(method.scores(task.id, task.x_valid), method.tuned.scores(task.id, task.x_valid))
    assert mean_loss(method.tuned, tasks, "valid") < mean_loss(method.network, tasks, "valid")
    for old, new in zip(method.network.weights, method.tuned.weights, strict=True):
        assert not new[old == 0].any() and not np.array_equal(old, new)        # zeros stay zeros
    assert method.tuned.widths == method.network.widths


def test_the_function_does_what_the_box_does():
    tasks, den = toy(2), DEN(DENConfig(**SHORT))
    for task in tasks:
        den.learn(task)
    before = {key: array.copy() for key, array in den.state().items()}
    tuned = finetune(den, tasks, epochs=4)
    assert same(before, den.state())
    assert same(tuned.network.arrays(), finetuned(tasks, finetune_epochs=4).tuned.arrays())


def test_without_epochs_it_is_den():
    tasks, den = toy(2), DEN(DENConfig(**SHORT))
    method = finetuned(tasks, finetune_epochs=0)
    for task in tasks:
        den.learn(task)
    for task in tasks:
        np.testing.assert_array_equal(method.scores(task.id, task.x_valid), den.scores(task.id, task.x_valid))


def test_continues_bit_for_bit_with_the_data_and_refuses_without():
    tasks = toy(3)
    method = finetuned(tasks[:2])
    stored = {key: array.copy() for key, array in method.state().items()}
    again, blind = (FineTuned.from_state(stored, method.config, seen=seen) for seen in (tasks[:2], ()))
    assert same(again.state(), stored)
    np.testing.assert_array_equal(blind.scores(0, tasks[0].x_valid), method.scores(0, tasks[0].x_valid))
    with pytest.raises(ValueError, match=r"seen: expected the data of all learnt tasks \[0, 1\] to learn another"):
        blind.learn(tasks[2])
    method.learn(tasks[2])
    again.learn(tasks[2])
    assert same(method.state(), again.state()) and not same(method.state(), stored)
    empty = FineTuned.from_state(finetuned().state(), method.config)
    assert empty.tasks == []


def test_an_abandoned_stage_changes_nothing():
    tasks = toy(2)
    method = finetuned(tasks[:1])
    before = method.scores(0, tasks[0].x_valid)
    steps = method.steps(tasks[1])
    while next(steps).box != "finetune":
        pass
    steps.close()
    assert method.tasks == [0] and len(method.seen) == 1
    np.testing.assert_array_equal(method.scores(0, tasks[0].x_valid), before)


def test_capacity_counts_the_network_that_answers_and_what_is_kept_beside_it():
    tasks = toy(2)
    x, y = tasks[0].x_train, tasks[0].y_train
    tasks.append(Task("same samples", x, 1 - y, tasks[0].x_valid, 1 - tasks[0].y_valid))
    method, den = finetuned(tasks), DEN(DENConfig(**SHORT))
    for task in tasks:
        den.learn(task)
    capacity, plain = method.capacity(), den.capacity()
    assert (capacity.allocated, capacity.arrays, capacity.per_task) == (plain.allocated, plain.arrays, plain.per_task)
    arrays = [a for name, a in den.network.arrays().items() if name.split("/")[0] in ("weights", "biases", "heads")]
    pools = {id(a): a.size for task in tasks for a in (task.x_train, task.x_valid)}
    labels = sum(a.size for task in tasks for a in (task.y_train, task.y_valid))
    assert capacity.stored == {"birth": plain.stored["birth"], "network": sum(a.size for a in arrays),
                               "examples": sum(pools.values()) + labels}


def test_timestamps_are_not_an_option():
    with pytest.raises(ValueError, match="timestamps: expected one of True"):
        FineTunedConfig(timestamps=False, split_original="keep")


def test_nothing_learnt_is_nothing_to_finetune():
    with pytest.raises(ValueError, match="den: expected one that has learnt a task, got one that has learnt none"):
        finetune(DEN(DENConfig(**SHORT)), [])
