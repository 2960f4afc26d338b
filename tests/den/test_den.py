"""DEN as a method: what it refuses, what it leaves alone, how it continues; and its limits."""

from dataclasses import replace

import numpy as np
import pytest

from den_ref.core.result import Result
from den_ref.den import DEN, DENConfig
from den_ref.den.ablations import Constant, Dynamic, L1Network, PulledConstant, PulledDynamic, PulledSelective
from den_ref.den.ablations import Selective, WithoutTimestamps
from den_ref.den.birth import Birth
from den_ref.den.expansion import random_new_units
from den_ref.den.network import NEVER, Head, Network, capacity
from den_ref.den.selective import retrain, select_units
from den_ref.den.stage import Stage
from den_ref.den.surgery import append_units
from den_ref.protocol import Task
from tests.helpers import loops_on_networks as loops
from tests.helpers.random_networks import copied, differences
from tests.helpers.short_runs import N_INPUTS, quick, random_task, run

X = np.random.default_rng(5).normal(size=(30, N_INPUTS)).astype(np.float32)
depths = pytest.mark.parametrize("hidden", [(5,), (5, 4), (4, 3, 3), (4, 3, 3, 3)])


def learnt(config, n_tasks=2, seed=0, kind=DEN) -> DEN:
    den = kind(config, seed)
    for number in range(1, n_tasks + 1):
        den.learn(random_task(number, config.dtype))
    return den


def same_states(one, other) -> bool:
    one, other = one.state(), other.state()
    return one.keys() == other.keys() and all(
        one[name].dtype == other[name].dtype and np.array_equal(one[name], other[name]) for name in one)


# --- what it refuses ---------------------------------------------------------------------------------------------


def test_unknown_task():
    den = learnt(quick((3,)))
    for ask in (den.loss_of, lambda task: den.scores(task, X)):
        with pytest.raises(KeyError, match="'task 1', 'task 2'.*'task 9'"):
            ask("task 9")


@pytest.mark.parametrize("options", [{}, {"timestamps": False, "split_original": "keep"}], ids=str)
def test_scores_before_any_task(options):
    with pytest.raises(KeyError, match="expected one of the learnt tasks"):
        DEN(quick((3,), **options)).scores("task 1", X)


def test_a_task_is_learnt_once():
    den = learnt(quick((3,)), 1)
    before = den.network
    with pytest.raises(ValueError, match="task: expected one not learnt yet, got 'task 1'"):
        den.learn(random_task(1))
    assert den.network is before


def test_another_number_of_inputs():
    den = learnt(quick((3,)), 1)
    with pytest.raises(ValueError, match=rf"task.x_train: expected an array \(n, {N_INPUTS}\), got shape \(40, {N_INPUTS + 2}\)"):
        den.learn(random_task(2, n_inputs=N_INPUTS + 2))


# --- what it leaves alone ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_inputs_are_never_modified(dtype):
    """Arrays that cannot be written to: the task's, and every network that a step shows."""
    den = DEN(quick((4, 3), dtype=dtype), 0)
    for number in (1, 2, 3):
        task = random_task(number, dtype, valid=10)
        for array in (task.x_train, task.y_train, task.x_valid, task.y_valid):
            array.setflags(write=False)
        for step in den.steps(task):
            for network in (step.before, step.after):
                for array in network.arrays().values():
                    array.setflags(write=False)


def test_scores_are_pure():
    den = learnt(quick((4, 3)))
    before, state = den.network, {name: array.copy() for name, array in den.state().items()}
    first = den.scores("task 1", X)
    kept = first.copy()
    first += 1
    assert np.array_equal(den.scores("task 1", X), kept)
    assert den.network is before
    assert all(np.array_equal(array, state[name]) for name, array in den.state().items())


def test_a_stage_abandoned_half_way_leaves_everything_as_it_was():
    whole = len(learnt(quick((4, 3)), 1).learn(random_task(2)))
    for stop in range(whole):
        den = learnt(quick((4, 3)), 1)
        network, birth, scores = den.network, den.birth, den.scores("task 1", X)
        steps = den.steps(random_task(2))
        for _ in range(stop + 1):
            next(steps)
        steps.close()
        assert den.network is network and den.birth is birth and den.tasks == ["task 1"]
        assert np.array_equal(scores, den.scores("task 1", X))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_stays(dtype):
    for step in run(hidden=(5, 4), dtype=dtype).steps:
        for name, array in step.after.arrays().items():
            assert array.dtype == (np.int32 if name.startswith(("introduced", "retired")) else dtype), (step.box, name)
    den = run(hidden=(5, 4), dtype=dtype).den
    assert den.scores("task 1", X.astype(dtype)).dtype == dtype


# --- continuing --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"split_original": "keep"}, {"dtype": "float64", "drift": "relative"}],
                         ids=str)
@pytest.mark.parametrize("after", [1, 2])
def test_state_continues_bit_for_bit(options, after):
    config = quick((4, 3), **options)
    whole = learnt(config, 4)
    part = learnt(config, after)
    part = DEN.from_state({name: array.copy() for name, array in part.state().items()}, config)
    for number in range(after + 1, 5):
        part.learn(random_task(number, config.dtype))
    assert same_states(whole, part)


def test_continuing_from_another_generator_is_seen():
    whole, part = learnt(quick((4, 3)), 3), learnt(quick((4, 3)), 2)
    part.rng = np.random.default_rng(123)
    part.learn(random_task(3))
    assert not same_states(whole, part)


def test_state_is_flat_arrays_without_objects():
    for name, array in learnt(quick((4, 3))).state().items():
        assert isinstance(name, str) and isinstance(array, np.ndarray) and array.dtype != object


@pytest.mark.parametrize("hidden", [(5,), (5, 4), (4, 3, 3)])
def test_a_network_is_rebuilt_from_its_arrays(hidden):
    network = run(hidden=hidden, outputs=2).den.network
    mixed = {"birth/weights/9": X, "tuned": X, **dict(reversed(network.arrays().items()))}      # in any order
    again = Network.from_arrays(mixed, network.head_facts())
    assert not differences(network, again) and again.widths == network.widths
    assert [(h.task, h.stage, h.loss) for h in again.heads] == [(h.task, h.stage, h.loss) for h in network.heads]
    assert Network.from_arrays({}, []).widths == ()


@pytest.mark.parametrize("missing", ["weights/1", "biases/1", "retired/0", "heads/0/bias"])
def test_an_array_that_is_missing_is_named(missing):
    network = run(hidden=(5, 4)).den.network
    arrays = network.arrays()
    del arrays[missing]
    with pytest.raises(KeyError, match=missing):
        Network.from_arrays(arrays, network.head_facts())


@pytest.mark.parametrize("name", ["birth/weights/1", "birth/biases/0"])
def test_what_stands_beside_a_network_has_its_shapes(name):
    den = run(hidden=(5, 4)).den
    arrays = den.birth.arrays()
    assert Birth.from_arrays(arrays, den.network).size == den.birth.size
    for wrong in (arrays[name][:-1], arrays[name].astype(np.float64)):
        with pytest.raises(ValueError, match=f"^{name}: expected float32 "):
            Birth.from_arrays({**arrays, name: wrong}, den.network)


@pytest.mark.parametrize(("name", "unit", "stage"), [
    ("retired/0", 0, 1), ("retired/0", 0, 0), ("retired/1", -1, 7), ("introduced/0", 0, 0), ("introduced/1", -1, 7),
    ("introduced/0", 0, 3)])
def test_a_lifetime_that_cannot_be_is_refused_by_name(name, unit, stage):
    """Of six stages: gone when or before it came, after the last one, out of order."""
    network = run(hidden=(5, 4), sigma=np.inf).den.network
    arrays = {key: array.copy() for key, array in network.arrays().items()}
    arrays[name][unit] = stage
    with pytest.raises(ValueError, match=f"^{name}: expected "):
        Network.from_arrays(arrays, network.head_facts())


@pytest.mark.parametrize("stage", [2, 6])
def test_a_lifetime_that_can_be_is_read(stage):
    network = run(hidden=(5, 4), sigma=np.inf).den.network
    arrays = {key: array.copy() for key, array in network.arrays().items()}
    arrays["retired/0"][0] = stage
    assert Network.from_arrays(arrays, network.head_facts()).retired[0][0] == stage


def test_task_ids_survive_a_state():
    den = DEN(quick((3,)), 0)
    ids = [3, "three", (1, "a"), None, 2.5]
    for number, task_id in enumerate(ids, 1):
        den.learn(replace(random_task(number), id=task_id))
    assert DEN.from_state(den.state(), den.config).tasks == ids


def test_the_seed_decides_everything():
    assert same_states(learnt(quick((4, 3)), seed=3), learnt(quick((4, 3)), seed=3))
    assert not same_states(learnt(quick((4, 3)), seed=3), learnt(quick((4, 3)), seed=4))


# --- capacity ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"hidden": (5, 4)}, {"hidden": (5, 4, 4), "split_original": "keep"},
                                     {"hidden": (5, 4), "outputs": 3}], ids=str)
def test_capacity_is_an_independent_count(options):
    den = run(**options).den
    counted, body = loops.capacity(den.network), den.network.weights + den.network.biases
    assert den.capacity() == replace(counted, stored={"birth": sum(a.size for a in body)})
    assert 0 < counted.nonzero < counted.allocated <= counted.arrays
    assert max(counted.per_task.values()) < counted.allocated


def test_a_parameter_that_is_0_does_not_count_as_nonzero_wherever_it_stands():
    network = run(hidden=(5, 4), outputs=3).den.network
    zeroed = copied(network)
    for array in (zeroed.biases[0], zeroed.heads[1].bias, zeroed.heads[2].weights, zeroed.weights[1]):
        array[...] = 0
    before, after = capacity(network), capacity(zeroed)
    assert after == loops.capacity(zeroed) and after.nonzero < before.nonzero and after.allocated == before.allocated


# --- limits ------------------------------------------------------------------------------------------------------


@depths
@pytest.mark.parametrize("k", [0, 3, "per layer"])
def test_units_added_per_layer(hidden, k):
    k = tuple(range(len(hidden))) if k == "per layer" else k
    den = learnt(quick(hidden, k=k, prune=False, sigma=np.inf))
    expected = k if isinstance(k, tuple) else (k,) * len(hidden)
    assert np.subtract(den.network.widths, hidden).tolist() == list(expected)


@depths
@pytest.mark.parametrize("original", ["retire", "keep"])
@pytest.mark.parametrize("k", [0, 2])
def test_layers_of_width_0_work(hidden, original, k):
    """A first mu that nothing survives; later stages select, expand, measure and split on empty layers."""
    first = learnt(quick(hidden, mu=1e3, split_original=original), 1)
    assert first.network.widths == (0,) * len(hidden)
    assert np.allclose(first.scores("task 1", X), first.network.heads[0].bias)
    den = DEN.from_state(first.state(), quick(hidden, k=k, split_original=original, sigma=0.0))
    for number in (2, 3):
        boxes = [step.box for step in den.learn(random_task(number))]
        assert "split" in boxes and "eq5" in boxes
        assert "eq4" not in boxes or (k and number == 3), "there is nothing to select"
        task = f"task {number}"
        np.testing.assert_allclose(den.scores(task, X), loops.predict(den.network, task, X), atol=1e-4)


def test_what_the_algorithms_add_to_a_solve_is_documented_there():
    solves = {step.box: set(step.solve) for step in run((5, 4)).steps if step.solve is not None}
    assert "residual_as_stored" in solves["eq3"] and "group_norms" in solves["eq5"]
    assert all(f"\n    {field} : " in Result.__doc__ for field in set.union(*solves.values()))


def test_nothing_selected_says_so_and_keeps_the_bias_only_head():
    den = learnt(quick((4, 3)), 1)
    den = DEN.from_state(den.state(), quick((4, 3), mu_head=1e3, tau=np.inf, split="never"))
    steps = den.learn(random_task(2))
    assert [step.box for step in steps] == ["eq3", "select", "loss"]
    assert steps[1].facts["selected"][1:] == [0, 0] and "nothing is selected" in steps[1].sentence
    head = den.network.heads[-1]
    assert not head.weights.any() and len(set(den.scores("task 2", X).ravel())) == 1
    y = random_task(2).y_train.mean()
    assert head.bias[0] == pytest.approx(np.log(y / (1 - y)), abs=1e-6)


def test_everything_selected_works():
    den = learnt(quick((4, 3), mu=0.0, mu_head=0.0), 1)
    alive = [b + 5 for b in den.network.biases]
    den.network = replace(den.network, biases=alive)
    steps = {step.box: step for step in den.learn(random_task(2))}
    assert steps["select"].facts["selected"] == steps["select"].facts["visible"]


def test_max_splits():
    """The most drifted unit of every layer that has moved at all."""
    steps = [step for step in run(hidden=(5, 4), sigma=0.0, max_splits=1).steps if step.box == "split"]
    for step in steps:
        for l in (1, 2):
            drift, older = step.arrays[f"drift/{l}"], step.arrays[f"older/{l}"]
            assert list(step.arrays[f"split/{l}"]) == ([older[np.argmax(drift)]] if max(drift, default=0) > 0 else [])
    assert np.sum([step.facts["split"] for step in steps], axis=0).tolist() == [5, 5]


@pytest.mark.parametrize("tau, split, expected", [
    (0.0, "always", True), (np.inf, "always", True), (0.0, "after_expansion", True), (np.inf, "after_expansion", False),
    (0.0, "never", False)])
def test_when_algorithm_4_runs(tau, split, expected):
    boxes = [step.box for step in run(hidden=(4, 3), n_tasks=2, tau=tau, split=split).steps]
    assert ("split" in boxes) == expected


@pytest.mark.parametrize("anchor", ["eq6", "eq4", "none"])
def test_where_the_anchor_stands(anchor):
    boxes = [step.box for step in run(hidden=(4, 3), n_tasks=2, anchor_before_split=anchor).steps]
    assert ("eq6" in boxes) == (anchor == "eq6")
    assert boxes.count("eq6_after") == 1


def test_an_expansion_that_raised_the_loss_is_undone():
    """A step size at which Eq. 5 must do harm."""
    den = learnt(quick((4, 3)), 1)
    harmful = quick((4, 3), undo_worse_expansion=True, step=30.0, epochs_eq4=0, epochs_eq6=0, loss_split="train")
    den = DEN.from_state(den.state(), harmful)
    steps = {step.box: step for step in den.learn(random_task(2))}
    assert steps["eq5"].facts["loss_after"] > steps["eq5"].facts["loss_before"]
    assert not differences(steps["undo"].after, steps["eq5"].before)


def test_an_expansion_that_left_the_loss_as_it_was_is_not_undone():
    """New units of weight 0 that are not trained change no score."""
    unmoved = quick((4, 3), undo_worse_expansion=True, init_scale=0.0, epochs_eq5=0)
    steps = {step.box: step for step in DEN.from_state(learnt(unmoved, 1).state(), unmoved).learn(random_task(2))}
    assert steps["eq5"].facts["loss_after"] == steps["eq5"].facts["loss_before"]
    assert "undo" not in steps and steps["prune"].facts["added"] == [3, 3]


def test_a_loss_equal_to_tau_does_not_exceed_it():
    config = quick((4, 3), tau=np.inf)
    first = learnt(config, 1).state()

    def loss_step(tau):
        steps = DEN.from_state(first, replace(config, tau=tau)).learn(random_task(2))
        return next(step.facts for step in steps if step.box == "loss")

    loss = loss_step(np.inf)["loss"]
    assert not loss_step(loss)["expand"] and loss_step(np.nextafter(loss, 0))["expand"]


def test_new_units_start_small_random_and_unheard_by_older_ones():
    """Eq. 5 without an epoch: incoming weights and new head rows random, new -> older edges and new biases 0."""
    den = learnt(quick((4, 3)), 1)
    den = DEN.from_state(den.state(), quick((4, 3), k=200, epochs_eq5=0, init_scale=0.1, prune=False, split="never"))
    (step,) = [step for step in den.learn(random_task(2)) if step.box == "eq5"]
    older, after = step.before.widths, step.after
    for w in (after.weights[0][:, older[0]:], after.weights[1][:, older[1]:], after.heads[-1].weights[older[1]:]):
        assert 0 < abs(w).max() < 0.3 and np.all(w != 0)
    assert not after.weights[1][older[0]:, :older[1]].any()
    assert not after.biases[0][older[0]:].any() and not after.biases[1][older[1]:].any()
    assert np.array_equal(after.heads[-1].weights[:older[1]], step.before.heads[-1].weights)


def test_the_deviation_of_new_weights_counts_what_the_task_sees_below_them():
    """Of 300 units per layer 200 are retired; 100 older ones and 40 new ones are seen."""
    born, gone = np.ones(300, np.int32), np.repeat(np.array([2, NEVER], np.int32), [200, 100])
    network = Network([np.zeros((N_INPUTS, 300)), np.zeros((300, 300))], [np.zeros(300)] * 2, [born] * 2, [gone] * 2,
                      [Head("task 2", 2, np.zeros((300, 60)), np.zeros(60))])
    stage = Stage(2, random_task(2, outputs=60), quick((300, 300), init_scale=0.1), np.random.default_rng(0), network)
    grown = random_new_units(append_units(network, (40, 40), 2), stage)
    assert np.std(grown.weights[0][:, 300:]) == pytest.approx(0.1 * np.sqrt(2 / N_INPUTS), rel=0.2)     # 200 numbers
    assert np.std(grown.weights[1][200:, 300:]) == pytest.approx(0.1 * np.sqrt(2 / 140), rel=0.05)      # 5600
    assert np.std(grown.heads[-1].weights[300:]) == pytest.approx(0.1 * np.sqrt(2 / 140), rel=0.05)     # 2400
    assert not grown.weights[1][:200].any()


def test_tau_is_held_against_the_validation_loss():
    task = random_task(2, valid=40)
    for split, (x, y) in (("validation", (task.x_valid, task.y_valid)), ("train", (task.x_train, task.y_train))):
        den = learnt(quick((4, 3), loss_split=split), 1)
        (step,) = [step for step in den.learn(task) if step.box == "loss"]
        z = loops.predict(step.after, "task 2", x)
        assert step.facts["loss"] == pytest.approx(np.mean(np.log1p(np.exp(z)) - y * z), rel=1e-5)
        p = y.mean()
        assert step.facts["base_rate"] == pytest.approx(-p * np.log(p) - (1 - p) * np.log(1 - p), rel=1e-5)


# --- selective retraining costs less -----------------------------------------------------------------------------


def test_the_subnetwork_has_as_many_multiplications_as_it_has_edges():
    """What is trained are small dense matrices: halving the units of two layers quarters the products between them."""
    rng = np.random.default_rng(0)
    task = Task("now", rng.normal(size=(20, 30)), np.ones((20, 1)), np.zeros((0, 30)), np.zeros((0, 1)))
    config = quick((40, 20), dtype="float64", epochs_eq4=1)
    den = DEN(config, 0)
    den.learn(replace(task, id="first"))
    network = den.network
    counts = []
    for share in (1.0, 0.5, 0.1):
        head = replace(network.heads[0], task="now", stage=2, weights=network.heads[0].weights.copy())
        units = [units[:int(np.ceil(share * len(units)))] for units in network.visible(2)]
        result = retrain(network.with_head(head), head, units, Stage(2, task, config, rng, network))[1]
        shapes = result.x.shapes
        counts.append(sum(a * b for name, (a, b) in ((n, s) for n, s in shapes.items() if n[0] in "WV")))
        assert counts[-1] == sum(len(a) * len(b) for a, b in zip(units, units[1:])) + len(units[-1])
    assert counts[1] < 0.3 * counts[0] and counts[2] < 0.03 * counts[0]


def test_input_features_that_nobody_reads_are_cut_out():
    den = learnt(quick((4, 3)), 1)
    blind = copied(den.network)
    blind.weights[0][:2] = 0
    head = replace(den.network.heads[0], task="now", stage=2)
    units = select_units(blind, head)
    assert not set(units[0]) & {0, 1}
    task = replace(random_task(2), id="now")
    network, result = retrain(blind.with_head(head), head, units, Stage(2, task, den.config, den.rng, blind))
    assert result.x.shapes["W1"] == (len(units[0]), len(units[1]))
    assert not network.weights[0][:2].any() and not np.array_equal(network.weights[0], blind.weights[0])


def test_free_zero_edges_are_those_among_the_selected_units_however_few_are_not():
    """One feature of twelve is not selected: too few to be worth cutting out, were its zero edges not free."""
    rng, config = np.random.default_rng(0), quick((4, 3), dense_selection=True)
    first, task = (random_task(number, n_inputs=12) for number in (1, 2))
    den = DEN(config, 0)
    den.learn(first)
    blind = copied(den.network)
    blind.weights[0][3] = 0
    head = replace(blind.heads[0], task=task.id, stage=2)
    units = [np.delete(np.arange(12), 3), *blind.visible(2)[1:]]
    after, _ = retrain(blind.with_head(head), head, units, Stage(2, task, config, rng, blind))
    assert not after.weights[0][3].any() and np.all(after.weights[0][units[0]] != blind.weights[0][units[0]])


# --- ablations ---------------------------------------------------------------------------------------------------


def boxes_of(kind, **options) -> list:
    den = kind(quick((4, 3), kind.Config, **options), 0)
    den.learn(random_task(1))
    return [step.box for step in den.learn(random_task(2))]


def test_ablations_leave_out_what_they_say():
    assert boxes_of(L1Network)[0] == "eq2" and not {"eq3", "eq4", "eq5", "split"} & set(boxes_of(L1Network))
    assert boxes_of(Selective) == ["eq3", "select", "eq4", "loss"]
    assert boxes_of(Dynamic) == ["eq3", "select", "eq4", "loss", "eq5", "prune"]
    assert boxes_of(Constant) == ["eq3", "select", "eq4", "loss", "eq5"]
    for pulled, kind in PULLED.items():
        assert boxes_of(pulled) == boxes_of(kind)


#: With the pull to W^{t-1}, and without it.
PULLED = {PulledSelective: Selective, PulledDynamic: Dynamic, PulledConstant: Constant}
HELD = {
    L1Network: {},
    Selective: {"tau": np.inf, "split": "never", "anchor_before_split": "none"},
    Dynamic: {"split": "never", "anchor_before_split": "none"},
    Constant: {"tau": 0.0, "gamma": 0.0, "prune": False, "undo_worse_expansion": False, "split": "never",
               "anchor_before_split": "none"},
    WithoutTimestamps: {"timestamps": False, "split_original": "keep"},
}
HELD |= {pulled: HELD[kind] | {"anchor_before_split": "eq4"} for pulled, kind in PULLED.items()}
OTHERS = {"tau": 0.5, "split": "always", "anchor_before_split": "eq6", "gamma": 1e-3, "prune": True,
          "undo_worse_expansion": True, "timestamps": True, "split_original": "retire"}


@pytest.mark.parametrize("kind", HELD)
def test_an_ablation_holds_what_it_leaves_out_and_takes_every_other_option(kind):
    free = OTHERS.keys() - HELD[kind]
    for name, value in HELD[kind].items():
        assert getattr(kind.Config(), name) == value
        with pytest.raises(ValueError, match=f"{name}: expected"):
            kind.Config(**{name: OTHERS[name]})
    for name in free:
        assert getattr(kind.Config(**{name: OTHERS[name]}), name) == OTHERS[name]


@pytest.mark.parametrize("kind", [Selective, Dynamic, Constant])
def test_without_algorithm_4_nothing_pulls_back(kind):
    """lam, the strength of the pull, changes no bit; in DEN it does."""
    def end(kind, lam):
        own = kind.Config().anchor_before_split                    # "eq4" in DEN: the pull acts without any split
        return learnt(replace(quick((4, 3), kind.Config, lam=lam), anchor_before_split=own), 2, kind=kind).network

    assert not differences(end(kind, 0.0), end(kind, 1.0))
    assert differences(end(DEN, 0.0), end(DEN, 1.0))


@pytest.mark.parametrize("pulled", PULLED)
def test_the_pull_acts_under_the_papers_names(pulled):
    """At strength 0 the two are the same, bit for bit; beyond all measure, Eq. 4 moves what is older in the one alone."""
    def second_task(kind, lam):
        den = kind(quick((4, 3), kind.Config, lam=lam, mu=0.0), 0)
        den.learn(random_task(1))
        eq4 = next(step for step in den.learn(random_task(2)) if step.box == "eq4")
        moved = [np.abs(after - before).max() for name in ("weights", "biases")
                 for before, after in zip(getattr(eq4.before, name), getattr(eq4.after, name))]
        return den.network, max(moved)

    plain = PULLED[pulled]
    assert not differences(second_task(pulled, 0.0)[0], second_task(plain, 0.0)[0])
    assert second_task(pulled, 1e6)[1] < 1e-4 < 0.01 < second_task(plain, 1e6)[1]


@pytest.mark.parametrize("kind", [Constant, PulledConstant])
@pytest.mark.parametrize("k", [3, 13, 20])
def test_constant_grows_by_k_units_every_time(kind, k):
    assert learnt(quick((4, 3), kind.Config, k=k), 3, kind=kind).network.widths == (4 + 2 * k, 3 + 2 * k)


def test_the_ablations_have_the_papers_names():
    titles = {kind.name: kind.title for kind in PULLED}
    assert titles == {"dnn-l2-selective": "DNN-L2-Selective", "den-dynamic": "DEN-Dynamic", "den-constant": "DEN-Constant"}


def test_without_timestamps_old_tasks_read_every_unit():
    """One trained network gives both curves; the newest task reads the same units either way."""
    without = learnt(quick((4, 3), WithoutTimestamps.Config, sigma=np.inf), 3, kind=WithoutTimestamps)
    stamped = DEN.from_state(without.state(), quick((4, 3), sigma=np.inf, split_original="keep"))
    assert not differences(without.network, stamped.network)
    everything = [range(N_INPUTS), *map(range, without.network.widths)]
    for task in without.tasks:
        expected = loops.predict(without.network, task, X, everything)
        np.testing.assert_allclose(without.scores(task, X), expected, atol=1e-4)
    assert not np.allclose(without.scores("task 1", X), stamped.scores("task 1", X), atol=1e-3)
    np.testing.assert_allclose(without.scores("task 3", X), stamped.scores("task 3", X), atol=1e-5)


def test_without_timestamps_every_unit_counts_as_read():
    without = learnt(quick((4, 3), WithoutTimestamps.Config, sigma=np.inf, tau=0.0), 3, kind=WithoutTimestamps)
    stamped = DEN.from_state(without.state(), quick((4, 3), sigma=np.inf, split_original="keep")).capacity()
    n_1, n_2 = without.network.widths
    body = (N_INPUTS + 1) * n_1 + (n_1 + 1) * n_2
    read, there = without.capacity(), {head.task: head.bias.size for head in without.network.heads}
    first = np.count_nonzero(without.network.introduced[-1] == 1)
    assert read.per_task["task 1"] == body + there["task 1"] * (first + 1) > stamped.per_task["task 1"]
    assert read.per_task["task 3"] == body + there["task 3"] * (n_2 + 1) == stamped.per_task["task 3"]
    assert (read.allocated, read.nonzero) == (stamped.allocated, stamped.nonzero)
    assert max(read.per_task.values()) <= read.allocated


@pytest.mark.parametrize("kind", [DEN, L1Network])
def test_boxes_are_those_of_a_task_as_every_method_has_them(kind):
    """Untimed and unchecked, but else what ``steps`` gives; the network changes when they end."""
    den, other = (kind(quick((4, 3), kind.Config), 0) for _ in range(2))
    boxes = list(den.boxes(random_task(1)))
    assert [step.box for step in boxes] == [step.box for step in other.learn(random_task(1))]
    assert den.tasks == other.tasks == ["task 1"] and not differences(den.network, other.network)


def test_the_default_options_are_those_of_the_paper_but_for_the_documented_ones():
    config = DENConfig()
    assert (config.split_original, config.eq6, config.split, config.eq4_norm, config.timestamps, config.prune) == (
        "retire", "all", "always", "squared", True, True)
    assert config.anchor_before_split == "eq4" and not config.undo_worse_expansion and config.max_splits is None
