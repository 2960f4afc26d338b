"""DNN-Progressive: columns and adapters against loops, finite differences, identities and counts by hand."""

from dataclasses import replace

import numpy as np
import pytest

from den_ref.core import chain, mlp
from den_ref.core.checks import check_gradient
from den_ref.core.flat import Flat
from den_ref.core.mlp import DataLoss
from den_ref.loops import images
from den_ref.methods import STL
from den_ref.methods.progressive import Progressive, ProgressiveConfig, adapter_parts, random_column
from den_ref.methods.shared.columns import ColumnLoss, activations, adapter_names, columns_forward
from den_ref.methods.shared.network import NetworkConfig, random_start, task_rng
from den_ref.protocol import Task
from den_ref.tasks import make_stream

PLAIN = {"hidden": (8, 6), "step": 0.02, "batch": 32, "weight_decay": 1e-3, "epochs": 4}


def progressive(tasks=(), seed=0, **options):
    """A method that has learnt the tasks."""
    method = Progressive(ProgressiveConfig(**PLAIN | options), seed)
    for task in tasks:
        method.learn(task)
    return method


def toy(n=3):
    return [task.without_test() for task in list(make_stream("toy").tasks)[:n]]


def random_task(rng, n_inputs=4, n_outputs=2, loss="sigmoid", n=30):
    x = rng.normal(size=(n, n_inputs))
    labels = rng.integers(0, n_outputs, n)
    y = labels if loss == "softmax" else rng.integers(0, 2, (n, n_outputs)).astype(float)
    return Task("random", x, y, x[:7], y[:7], loss=loss, n_outputs=n_outputs)


def random_columns(count, hidden, task, rng, **filters):
    """Columns of the method's layout with normal numbers everywhere, in float64."""
    config = ProgressiveConfig(hidden=hidden, dtype="float64", **filters)
    columns = [random_column(task, config, k, rng) for k in range(count)]
    for column in columns:
        column.vector[...] = rng.normal(size=column.vector.shape)
    return columns


# --- one column ---------------------------------------------------------------------------------------------------


def loop_activations(columns, x, m):
    """What the formulas say, number by number, for one sample: activations [column][layer] and the last logits."""
    done = []
    for w in columns:
        h = [list(x)]
        for l in range(1, m + 2):
            W, b = (w[f"W{l}"], w[f"b{l}"]) if l <= m else (w["V"], w["c"])
            r = loop_adapter(w, l, [older[l - 1] for older in done]) if done and l > 1 else []
            a = []
            for unit in range(W.shape[1]):
                total = b[unit]
                for i, value in enumerate(h[-1]):
                    total += value * W[i, unit]
                for i, value in enumerate(r):
                    total += value * w[f"U{l}"][i, unit]
                a.append(total if l > m else max(total, 0))
            h.append(a)
        done.append(h)
    return done, done[-1][-1]


def loop_adapter(w, l, older):
    r = []
    for unit in range(w[f"p{l}"].size):
        total = w[f"p{l}"][unit]
        for j, h in enumerate(older):
            for i, value in enumerate(h):
                total += w[f"a{l}"][j] * value * w[f"P{l}"][j, i, unit]
        r.append(max(total, 0))
    return r


@pytest.mark.parametrize("hidden", [(3,), (4, 3), (3, 2, 4)])
def test_forward_against_loops(hidden):
    rng = np.random.default_rng(0)
    task = random_task(rng)
    columns, m = random_columns(3, hidden, task, rng), len(hidden)
    logits, layers = columns_forward(columns, task.x_train)
    for n, x in enumerate(task.x_train[:5]):
        by_hand, last = loop_activations(columns, x, m)
        np.testing.assert_allclose(logits[n], last, rtol=1e-12)
        for l in range(m):
            np.testing.assert_allclose(layers[l][n], [h[l + 1] for h in by_hand], rtol=1e-12)


def test_activations_in_blocks_are_those_of_one_pass(monkeypatch):
    rng = np.random.default_rng(1)
    task = random_task(rng)
    columns = random_columns(2, (4, 3), task, rng)
    _, whole = columns_forward(columns, task.x_train)
    monkeypatch.setattr(mlp, "BLOCK", 7)
    for a, b in zip(activations(columns, task.x_train), whole, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    assert activations([], task.x_train) == []


def test_activations_have_the_methods_dtype():
    columns = progressive(toy(2)).columns_of(1)
    layers = activations(columns, np.ones((3, 12)))
    assert [(h.dtype, h.shape) for h in layers] == [(np.float32, (3, 2, 8)), (np.float32, (3, 2, 6))]


@pytest.mark.parametrize("loss", ["sigmoid", "softmax"])
@pytest.mark.parametrize(("hidden", "k"), [((4, 3), 0), ((4,), 2), ((4, 3), 2), ((3, 4, 2), 3)])
def test_gradient_of_every_array_against_finite_differences(hidden, k, loss):
    rng = np.random.default_rng(2)
    task = random_task(rng, loss=loss, n_outputs=3)
    *columns, w = random_columns(k + 1, hidden, task, rng)
    data = ColumnLoss(w, task.x_train, task.y_train, loss, activations(columns, task.x_train))
    for name in w.shapes:
        def along(array, name=name):
            moved, grad = w.copy(), w.like()
            moved[name][...] = array
            value = data.value_and_gradient(moved, grad, np.arange(len(data)))
            return value, grad[name].copy()

        report = check_gradient(along, w[name], rng=rng)
        assert report, f"{name}: {report}"
        assert abs(report.numeric) > 0


def test_gradient_over_all_samples_is_that_of_one_batch():
    rng = np.random.default_rng(3)
    task = random_task(rng)
    first, w = random_columns(2, (4, 3), task, rng)
    data = ColumnLoss(w, task.x_train, task.y_train, "sigmoid", activations([first], task.x_train))
    data.rows = 8
    whole, batch = w.like(), w.like()
    values = data.value_and_gradient(w, whole), data.value_and_gradient(w, batch, np.arange(30))
    np.testing.assert_allclose(whole.vector, batch.vector, rtol=1e-12)
    assert values[0] == pytest.approx(values[1]) == pytest.approx(data.value(w))


def test_multiply_adds_by_hand():
    """d = 4, n = 3 and 2, C = 2, two older columns, 30 samples; nobody asks for gradients of x and of older columns."""
    rng = np.random.default_rng(3)
    task = random_task(rng)
    *older, w = random_columns(3, (3, 2), task, rng)
    data = ColumnLoss(w, task.x_train, task.y_train, "sigmoid", activations(older, task.x_train))
    own, adapters = 2 * 4 * 3 + 3 * (3 * 2 + 2 * 2), 2 * (2 * 3 * 3 + 2 * 2 * 2) + 3 * (3 * 2 + 2 * 2)
    assert data.multiply_adds == 30 * (own + adapters)


@pytest.mark.parametrize("silent", ["U", "P"])
def test_a_column_whose_adapters_are_silent_is_an_mlp(silent):
    """U = 0, or P = 0 (or a = 0) and p = 0: scores, loss and gradient of a network on its own."""
    rng = np.random.default_rng(4)
    task = random_task(rng)
    *older, w = random_columns(3, (4, 3), task, rng)
    for name in w.shapes:
        if name[0] == silent or (silent == "P" and name[0] == "p"):
            w[name][...] = 0
    alone = Flat.of({name: array for name, array in w.views.items() if name[0] in "WVbc"}, np.float64)
    logits, _ = columns_forward([*older, w], task.x_train)
    np.testing.assert_array_equal(logits, mlp.scores(task.x_train, *mlp.unpack(alone)))
    grad, expected, rows = w.like(), alone.like(), np.arange(20)
    data = ColumnLoss(w, task.x_train, task.y_train, "sigmoid", activations(older, task.x_train))
    value = data.value_and_gradient(w, grad, rows)
    plain = DataLoss(alone, task.x_train, task.y_train).value_and_gradient(alone, expected, rows)
    assert value == plain
    for name in alone.shapes:
        np.testing.assert_array_equal(grad[name], expected[name])


def test_alpha_zero_is_like_no_columns():
    rng = np.random.default_rng(5)
    task = random_task(rng)
    *older, w = random_columns(3, (4, 3), task, rng)
    for name in ("a2", "a3", "p2", "p3"):
        w[name][...] = 0
    others = random_columns(2, (4, 3), task, rng)
    with_older, without = columns_forward([*older, w], task.x_train)[0], columns_forward([*others, w], task.x_train)[0]
    np.testing.assert_array_equal(with_older, without)
    w["a2"][1] = 1
    assert not np.array_equal(columns_forward([*older, w], task.x_train)[0], with_older)


# --- columns that begin with filters ------------------------------------------------------------------------------

#: image, options
FILTERED = [
    ((6, 5, 2), {"filters": (3,), "hidden": (4,), "kernel": 3, "stride": 2}),
    ((5, 6, 1), {"filters": (2, 3), "hidden": (4, 3), "kernel": 2, "stride": 1, "padding": 1, "pool": True}),
]


def random_images(rng, image, **more):
    return replace(random_task(rng, n_inputs=int(np.prod(image)), **more), image=image)


def images_forward(h, W, b, layer):
    """A layer in loops: h (n, height, width, channels), or rows."""
    if layer is None:
        return h.reshape(len(h), -1) @ W + b
    filters = W.reshape(layer.size, layer.size, -1, W.shape[1])
    return images.convolution_forward(h, filters, b, layer.stride, layer.padding)


@pytest.mark.parametrize(("image", "options"), FILTERED, ids=str)
def test_columns_of_filters_against_loops(image, options):
    """The adapter is the same at every place of the maps below; U reads what comes of it as W reads the maps."""
    rng = np.random.default_rng(7)
    task = random_images(rng, image, n=3)
    columns, done = random_columns(3, task=task, rng=rng, **options), []
    for w in columns:
        h, own = task.x_train.reshape(-1, *image), []
        names = [*chain.hidden(w), ("V", "c")]
        for l, ((W, b), layer) in enumerate(zip(names, [*w.convolutions, *[None] * 3]), 1):
            a = images_forward(h, w[W], w[b], layer)
            if done and l > 1:
                r = sum(w[f"a{l}"][j] * older[l - 2] @ w[f"P{l}"][j] for j, older in enumerate(done)) + w[f"p{l}"]
                a = a + images_forward(np.maximum(r, 0), w[f"U{l}"], 0 * w[b], layer)
            h = np.maximum(a, 0)
            h = images.max_pool_forward(h) if layer and layer.pool else h
            own.append(h)
        done.append(own)
    logits, layers = columns_forward(columns, task.x_train)
    np.testing.assert_allclose(logits, a, rtol=1e-12)
    for l, by_layer in enumerate(layers):
        for k in range(3):
            np.testing.assert_allclose(by_layer[:, k], done[k][l].reshape(3, -1), rtol=1e-12)


@pytest.mark.parametrize(("image", "options"), FILTERED, ids=str)
def test_gradient_of_a_column_of_filters_by_finite_differences(image, options):
    rng = np.random.default_rng(8)
    task = random_images(rng, image, n=7)
    *older, w = random_columns(3, task=task, rng=rng, **options)
    data = ColumnLoss(w, task.x_train, task.y_train, "sigmoid", activations(older, task.x_train))

    def f(vector):
        grad = w.like(np.nan)
        return data.value_and_gradient(w.like(vector), grad, np.arange(len(data))), grad.vector

    report = check_gradient(f, w.vector, rng=rng, rtol=1e-7)
    assert report, report
    grad = w.like(f(w.vector)[1])
    assert all(grad[name].any() for name in w.shapes)


def test_what_a_column_of_filters_has_and_costs_by_hand():
    """6 x 5 pixels of 2 channels, 3 filters of 3 x 3: maps of 2 x 2; 4 dense units, 2 outputs; two older columns."""
    rng, (image, options) = np.random.default_rng(9), FILTERED[0]
    *older, w = random_columns(3, task=(task := random_images(rng, image)), rng=rng, **options)
    own, adapters = (18 + 1) * 3 + (12 + 1) * 4 + (4 + 1) * 2, (2 + 2 * 3 * 3 + 3 + 12 * 4) + (2 + 2 * 4 * 4 + 4 + 4 * 2)
    assert older[0].vector.size == own and w.vector.size == own + adapters
    data = ColumnLoss(w, task.x_train, task.y_train, "sigmoid", activations(older, task.x_train))
    own, adapters = 4 * 2 * 18 * 3 + 3 * (12 * 4 + 4 * 2), 2 * (4 * 2 * 3 * 3 + 2 * 4 * 4) + 3 * (12 * 4 + 4 * 2)
    assert data.multiply_adds == 30 * (own + adapters)
    adapter = {part.name: part.penalty for part in adapter_parts(w, ProgressiveConfig(mu=1.0, weight_decay=0.0, **options))}
    edges = np.linalg.norm(w["U2"].reshape(4, 3, 4), axis=0)
    assert adapter["U2"].value(w["U2"]) == pytest.approx(edges.sum())
    assert adapter["P2"].value(w["P2"]) == pytest.approx(np.abs(w["P2"]).sum())


def test_older_columns_of_filters_stay_and_are_read():
    tasks = list(make_stream("mnist-variation", per_class=(4, 2, 2), n_tasks=3).tasks)
    method = progressive(tasks[:2], filters=(4, 3), hidden=(5,), width="per_task", n_columns=2)
    columns, scores = [column.copy() for column in method.networks], method.scores(1, tasks[1].x_valid)
    assert method.config.column == (2, 1, 2) and method.capacity().widths == (4, 2, 4)
    method.learn(tasks[2])
    assert all(np.array_equal(old.vector, now.vector) for old, now in zip(columns, method.networks))
    np.testing.assert_array_equal(method.scores(1, tasks[1].x_valid), scores)
    assert all(method.networks[2][name].any() for name in ("U2", "U3", "U4"))
    with pytest.raises(ValueError, match=r"task.image: expected 28 x 28, as in the tasks learnt, got \(14, 56, 1\)"):
        method.learn(replace(tasks[2], id=3, image=(14, 56, 1)))


# --- the method ---------------------------------------------------------------------------------------------------


def test_the_first_column_is_stl_bit_for_bit():
    task = toy(1)[0]
    stl = STL(NetworkConfig(**PLAIN))
    stl.learn(task)
    column = progressive([task]).columns_of(0)[0]
    assert column.shapes == stl.network_of(0).shapes
    np.testing.assert_array_equal(column.vector, stl.network_of(0).vector)


def test_every_column_starts_as_stl_does():
    tasks, config = toy(2), ProgressiveConfig(**PLAIN | {"epochs": 0})
    second = progressive(tasks, epochs=0).columns_of(1)[1]
    alone = random_start(tasks[1], [1], config, task_rng(0, 1))
    for name in alone.shapes:
        np.testing.assert_array_equal(second[name], alone[name])
    assert not second["U2"].any() and second["P2"].any() and set(second["a3"]) == {np.float32(0.1)}
    assert progressive(tasks, epochs=0, lateral_scale=0.5).columns_of(1)[1]["U2"].any()


def test_nothing_is_ever_forgotten():
    tasks, method, before = toy(4), progressive(), {}
    for task in tasks:
        method.learn(task)
        before[task.id] = method.scores(task.id, task.x_valid)
    for task in tasks:
        np.testing.assert_array_equal(method.scores(task.id, task.x_valid), before[task.id])


def test_training_uses_the_older_columns():
    tasks = toy(2)
    method = progressive(tasks)
    second = method.columns_of(1)[1]
    assert all(second[name].any() for name in ("U2", "U3")) and not (second["a2"] == np.float32(0.1)).any()
    scores = method.scores(1, tasks[1].x_valid)
    method.network_of(0)["W1"][...] = 0
    assert not np.array_equal(method.scores(1, tasks[1].x_valid), scores)


def test_training_minimises_the_documented_objective():
    """L + sum over l of mu_l sum(abs) + (weight_decay_l / 2) norm^2 over W_l, P_l and U_l; a, p and biases free."""
    tasks = toy(2)
    method = progressive(tasks[:1])
    step = method.learn(Task(1, *[getattr(tasks[1], f"{kind}_{split}") for split in ("train", "valid")
                                  for kind in "xy"]))[-1]
    config = ProgressiveConfig(**PLAIN | {"mu": (1.0, 2.0, 3.0), "weight_decay": (4.0, 5.0, 6.0)})
    w, by_hand = step.after, 0.0
    for part in adapter_parts(w, config):
        w2 = part.of(w).astype(float)
        by_hand += part.penalty.value(w2)
    expected = sum(mu * np.abs(w[name]).sum(dtype=float) + decay / 2 * (w[name].astype(float) ** 2).sum()
                   for l, mu, decay in ((2, 2.0, 5.0), (3, 3.0, 6.0)) for name in (f"P{l}", f"U{l}"))
    assert by_hand == pytest.approx(expected, rel=1e-6)
    covered = {part.name for part in adapter_parts(w, config)}
    assert covered == {*adapter_names(2), *adapter_names(3)}


def count(d, hidden, outputs, k):
    """Parameters of column k = 1, 2, ... (the formula of Rusu et al.'s adapters with a bias in P only)."""
    sizes = [d, *hidden, outputs]
    own = sum(a * b + b for a, b in zip(sizes, sizes[1:]))
    lateral = sum((k - 1) * (1 + n * n) + (n + n * after if k > 1 else 0) for n, after in zip(hidden, sizes[2:]))
    return own + lateral


def test_parameters_against_the_formula_and_a_count_by_hand():
    """d = 4, n = 3 and 2, C = 2: 29 + (29 + 30) + (29 + 45) = 162."""
    rng = np.random.default_rng(6)
    base = random_task(rng)
    method = progressive([Task(i, base.x_train, base.y_train, base.x_valid, base.y_valid, n_outputs=2)
                          for i in range(3)], hidden=(3, 2), epochs=1)
    sizes = [column.vector.size for column in method.columns_of(2)]
    assert sizes == [count(4, (3, 2), 2, k) for k in (1, 2, 3)] == [29, 59, 74]
    capacity = method.capacity()
    assert capacity.allocated == capacity.arrays == 162
    assert capacity.widths == (9, 6) and capacity.stored == {}
    heads = [3 * 2, 3 * 2 + 1 + 2 * 2 + 2 + 2 * 2]                 # V and c; and a, P, p, U of the head's adapter
    assert capacity.per_task == {0: 29, 1: 29 - heads[0] + 59, 2: 29 - heads[0] + 59 - heads[1] + 74}


def test_a_task_reads_exactly_the_parameters_counted():
    """Put NaN into what older columns' logits alone need: the task's scores must not notice."""
    tasks = toy(3)
    method = progressive(tasks)
    scores = method.scores(2, tasks[2].x_valid)
    poisoned = 0
    for column in method.columns_of(1):
        for name in ("V", "c", "a3", "P3", "p3", "U3"):
            if name in column.shapes:
                column[name][...] = np.nan
                poisoned += column[name].size
    np.testing.assert_array_equal(method.scores(2, tasks[2].x_valid), scores)
    assert method.capacity().per_task[2] == method.capacity().allocated - poisoned


def test_width_per_task_shares_the_units_of_hidden():
    method = progressive(toy(2), hidden=(16, 3), width="per_task", n_columns=4)
    assert method.config.column == (4, 1)
    assert method.columns_of(1)[1].shapes["W2"] == (4, 1)
    assert method.capacity().widths == (8, 2)


def test_continues_bit_for_bit_with_any_depth():
    tasks = toy(3)
    for hidden in ((8,), (8, 6), (6, 5, 4)):
        method = progressive(tasks[:2], hidden=hidden, lateral_scale=0.1)
        again = Progressive.from_state({key: array.copy() for key, array in method.state().items()}, method.config)
        method.learn(tasks[2])
        again.learn(tasks[2])
        a, b = method.state(), again.state()
        assert a.keys() == b.keys() and all(np.array_equal(a[key], b[key]) for key in a)
        np.testing.assert_array_equal(method.scores(1, tasks[1].x_valid), again.scores(1, tasks[1].x_valid))


def test_tasks_of_another_width_are_refused():
    method = progressive(toy(1))
    with pytest.raises(ValueError, match=r"task.x_train: expected an array \(n, 12\), got shape \(30, 4\)"):
        method.learn(random_task(np.random.default_rng(0)))


@pytest.mark.parametrize("options", [{"width": "half"}, {"n_columns": 0}, {"alpha": -1.0}, {"lateral_scale": -0.1}])
def test_bad_options_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        ProgressiveConfig(**options)
