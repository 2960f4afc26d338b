"""Selection, drift and surgery on small networks whose answer can be seen, and invariants 1 to 3 on random ones."""

from dataclasses import replace

import numpy as np
import pytest

from den_ref.core import mlp
from den_ref.den import network, selective, splitting, surgery
from den_ref.den.network import NEVER, Head, Network
from tests.helpers import loops_on_networks as loops
from tests.helpers.random_networks import (
    SHAPES, copied, differences, end_of_stage, in_stage, name_of, random_split, samples,
)

rooms = pytest.mark.parametrize("room", [surgery, loops], ids=["fast", "loops"])
drifts = pytest.mark.parametrize("room", [splitting, loops], ids=["fast", "loops"])
walks = pytest.mark.parametrize("room", [selective, loops], ids=["fast", "loops"])
everywhere = pytest.mark.parametrize("shape", SHAPES, ids=name_of)


def small(weights, biases, heads, introduced=None):
    """A network from lists; every unit introduced at stage 1 unless said."""
    weights = [np.array(w, float).reshape(len(w), -1) for w in weights]
    biases = [np.array(b, float) for b in biases]
    born = [np.array(x, np.int32) for x in introduced or [[1] * len(b) for b in biases]]
    gone = [np.full(len(b), NEVER, np.int32) for b in biases]
    heads = [Head(f"task {t}", t, np.array(v, float), np.array(c, float)) for t, (v, c) in enumerate(heads, 1)]
    return Network(weights, biases, born, gone, heads)


def removed(useless):
    return [list(map(int, units)) for units in useless.units]


# --- Algorithm 2: the walk ---------------------------------------------------------------------------------------


@walks
def test_walk_follows_nonzero_edges_down(room):
    net = small([[[1, 0, 0], [0, 0, 0], [0, 0, 1]], [[1, 0], [0, 1], [0, 1]]], [[0] * 3, [0] * 2], [])
    units = room.select_units(net, Head("new", 2, np.array([[2.0], [0.0]]), np.zeros(1)))
    assert [list(u) for u in units] == [[0], [0], [0]]
    units = room.select_units(net, Head("new", 2, np.array([[0.0], [1.0]]), np.zeros(1)))
    assert [list(u) for u in units] == [[2], [1, 2], [1]]


@walks
def test_a_head_weight_of_any_output_selects(room):
    net = small([[[1, 1]]], [[0, 0]], [])
    units = room.select_units(net, Head("new", 2, np.array([[0.0, 0, 0], [0, 0, -1e-30]]), np.zeros(3)))
    assert [list(u) for u in units] == [[0], [1]]


@walks
def test_nothing_selected_is_nothing_everywhere(room):
    net = small([[[1, 1]], [[1], [1]]], [[0, 0], [0]], [])
    units = room.select_units(net, Head("new", 2, np.zeros((1, 1)), np.zeros(1)))
    assert [len(u) for u in units] == [0, 0, 0]


@walks
def test_a_retired_unit_is_not_selected(room):
    net = small([[[1, 1]]], [[0, 0]], [])
    net.retired[0][0] = 2
    units = room.select_units(net, Head("new", 2, np.ones((2, 1)), np.zeros(1)))
    assert list(units[1]) == [1]


# --- Algorithm 3: append, useless, delete ------------------------------------------------------------------------


@rooms
def test_appending_nothing_changes_nothing(room):
    net = end_of_stage(np.random.default_rng(0), SHAPES[3])
    assert not differences(net, room.append_units(net, [0, 0, 0], 4))


@rooms
def test_a_dead_constant_goes(room):
    net = small([[[0, 1]]], [[-1, 1]], [([[5], [1]], [0])])
    useless = room.useless_units(net, 1)
    assert removed(useless) == [[0]]
    assert useless.folded.heads[0].bias[0] == 0


@rooms
def test_a_positive_constant_is_folded_into_the_head(room):
    net = small([[[0, 1]]], [[2, 1]], [([[5], [1]], [3])])
    useless = room.useless_units(net, 1)
    assert removed(useless) == [[0]]
    assert useless.folded.heads[0].bias[0] == 3 + 2 * 5
    assert room.delete_units(useless.folded, useless.units).widths == (1,)


@rooms
def test_a_unit_that_loses_its_last_edge_becomes_a_constant(room):
    """Unit 0 is the constant 2; unit 0 above hears only it: the constant 1 + 2 * 3, folded into the head."""
    net = small([[[0, 1]], [[3, 0], [0, 1]]], [[2, 0], [1, 0]], [([[10], [1]], [0])])
    useless = room.useless_units(net, 1)
    assert removed(useless) == [[0], [0]]
    assert useless.folded.heads[0].bias[0] == 7 * 10


@rooms
def test_dead_ends_go_from_the_top_down(room):
    net = small([[[1, 1]], [[1, 0], [0, 1]]], [[0, 0], [0, 0]], [([[0], [1]], [0])])
    assert removed(room.useless_units(net, 1)) == [[0], [0]]


@rooms
def test_a_positive_constant_with_an_edge_into_an_older_unit_stays_with_all_edges(room):
    net = small([[[1, 0]], [[1, 1], [4, 3]]], [[0, 2], [0, 0]], [([[1], [0]], [0]), ([[1], [1]], [0])],
                introduced=[[1, 2], [1, 2]])
    useless = room.useless_units(net, 2)
    assert removed(useless) == [[], []]
    assert not differences(useless.folded, net)


@rooms
def test_a_dead_constant_with_an_edge_into_an_older_unit_goes(room):
    net = small([[[1, 0]], [[1, 1], [4, 3]]], [[0, -2], [0, 0]], [([[1], [0]], [0]), ([[1], [1]], [0])],
                introduced=[[1, 2], [1, 2]])
    assert removed(room.useless_units(net, 2)) == [[1], []]


@rooms
def test_older_units_are_never_deleted(room):
    net = small([[[0, 0]]], [[-1, -1]], [([[0], [0]], [0]), ([[0], [0]], [0])], introduced=[[1, 2]])
    assert removed(room.useless_units(net, 2)) == [[1]]


@rooms
def test_the_first_network_may_vanish(room):
    net = small([np.zeros((3, 2)), np.zeros((2, 2))], [[1, 1], [1, 1]], [([[1], [2]], [0.5])])
    useless = room.useless_units(net, 1)
    empty = room.delete_units(useless.folded, useless.units)
    assert empty.widths == (0, 0)
    assert empty.heads[0].bias[0] == 0.5 + 1 + 2
    assert empty.scores("task 1", np.ones((2, 3))).tolist() == [[3.5], [3.5]]


# --- Algorithm 4: drift ------------------------------------------------------------------------------------------


def drifted(weights, biases, then_weights, then_biases, drift, room):
    now, then = small([weights], [biases], []), small([then_weights], [then_biases], [])
    (units,), (rho,) = room.unit_drift(now, then, 2, drift)
    return list(rho)


@drifts
def test_drift_counts_the_bias(room):
    assert drifted([[3.0], [0.0]], [4.0], [[0.0], [0.0]], [0.0], "absolute", room) == [5.0]
    assert drifted([[3.0], [6.0]], [8.0], [[3.0], [0.0]], [0.0], "relative", room) == [10 / 3]


@drifts
def test_relative_drift_of_a_unit_that_was_zero(room):
    """0/0 = 0, x/0 = inf."""
    assert drifted([[0.0, 1.0]], [0.0, 0.0], [[0.0, 0.0]], [0.0, 0.0], "relative", room) == [0.0, np.inf]


@drifts
def test_drift_reads_rows_that_are_older_and_visible(room):
    """Of layer 1's units only the one introduced before t and visible to t counts as a row of layer 2's."""
    rng = np.random.default_rng(3)
    then = small([np.ones((1, 2)), np.ones((2, 1))], [[0, 0], [0]], [])
    now = small([np.ones((1, 3)), rng.normal(size=(3, 1))], [[0, 0, 0], [0]], [], introduced=[[1, 1, 2], [1]])
    now.retired[0][0] = 2
    rho = room.unit_drift(now, then, 2)[1][1]
    np.testing.assert_allclose(rho, abs(now.weights[1][1, 0] - 1))


@drifts
def test_drift_is_accumulated_in_float64(room):
    """4096 changes of 2^-12 each, beside one of 1: in float32 they would be lost one by one."""
    now = small([np.full((4097, 1), 2.0**-12)], [[0.0]], [])
    now.weights[0][0] = 1
    then = replace(now, weights=[np.zeros((4097, 1), np.float32)], biases=[np.zeros(1, np.float32)])
    now = replace(now, weights=[now.weights[0].astype(np.float32)], biases=[now.biases[0].astype(np.float32)])
    rho = room.unit_drift(now, then, 2)[1][0]
    assert rho.dtype == np.float64
    assert rho[0] == pytest.approx(np.sqrt(1 + 2.0**-12), rel=1e-15)


@drifts
def test_a_tie_with_sigma_does_not_exceed_it(room):
    (chosen,) = room.most_drifted([np.array([4, 6, 9])], [np.array([1.0, 2.0, 3.0])], [2.0])
    assert list(chosen) == [9]


@drifts
@pytest.mark.parametrize("at_most, expected", [(None, [3, 4, 6, 7]), (0, []), (1, [4]), (2, [4, 7]), (3, [3, 4, 7])])
def test_max_splits_takes_the_most_drifted_and_ties_go_to_the_lower_index(room, at_most, expected):
    units, rho = np.array([3, 4, 5, 6, 7]), np.array([1.0, 2.0, 0.1, 1.0, 2.0])
    (chosen,) = room.most_drifted([units], [rho], [0.5], at_most)
    assert list(chosen) == expected


@drifts
def test_infinite_sigma_holds_back_infinite_drift(room):
    (chosen,) = room.most_drifted([np.array([0])], [np.array([np.inf])], [np.inf])
    assert not len(chosen)


# --- invariants 1 to 3 on random networks ------------------------------------------------------------------------


def scores(net, stages, x):
    return {head.stage: net.scores(head.task, x) for head in net.heads if head.stage in stages}


def same_bits(one, other) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[t], other[t]) for t in one)


def close(a, b) -> bool:
    limit = 1e-9 if a.dtype == np.float64 else 1e-3
    return a.shape == b.shape and np.allclose(a, b, rtol=limit, atol=limit)


@everywhere
def test_invariant_1_extract_and_insert(shape):
    rng = np.random.default_rng(11)
    now = in_stage(rng, shape)[1]
    x = samples(rng, shape)
    for head in now.heads:
        units = selective.select_units(now, head)
        sub = network.extract(now, units, head)
        back = network.insert(now, sub, head)
        assert not differences(replace(back, heads=sorted(back.heads, key=lambda h: h.stage)), now)
        cut = mlp.scores(x[:, units[0]], sub.weights, sub.biases, sub.head, sub.head_bias)
        assert close(cut, now.scores(head.task, x))


def test_invariant_1_can_fail():
    """Nothing of the top layer cut out."""
    rng = np.random.default_rng(11)
    now = in_stage(rng, SHAPES[1])[1]
    x, head = samples(rng, SHAPES[1]), now.heads[-1]
    units = selective.select_units(now, head)
    sub = network.extract(now, [*units[:-1], units[-1][:0]], head)
    cut = mlp.scores(x[:, units[0]], sub.weights, sub.biases, sub.head, sub.head_bias)
    assert not close(cut, now.scores(head.task, x))


def test_invariant_2_can_fail():
    """A constant folded into a bias of earlier tasks."""
    net = small([[[1, 0]], [[1], [4]]], [[0, 2], [1]], [([[1]], [0]), ([[1]], [0])], introduced=[[1, 2], [1]])
    folded = copied(net)
    folded.biases[1][0] += 2 * 4
    x = np.ones((1, 1))
    assert close(net.scores("task 2", x), surgery.delete_units(folded, [[1], []]).scores("task 2", x))
    assert not same_bits(scores(net, [1], x), scores(folded, [1], x))


@everywhere
def test_invariant_2_append_and_remove(shape):
    rng = np.random.default_rng(12)
    now, x = in_stage(rng, shape)[1], samples(rng, shape)
    every = range(1, shape.t + 1)
    before = scores(now, every, x)
    assert same_bits(before, scores(surgery.append_units(now, [3] * len(now.widths), shape.t + 1), every, x))
    useless = surgery.useless_units(now, shape.t)
    after = surgery.delete_units(useless.folded, useless.units)
    assert same_bits(scores(now, every[:-1], x), scores(after, every[:-1], x))
    assert close(before[shape.t], scores(after, every, x)[shape.t])


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape.retire], ids=name_of)
@pytest.mark.parametrize("seed", range(4))
def test_invariant_3_a_split_leaves_the_scores_of_t(shape, seed):
    rng = np.random.default_rng([13, seed])
    previous, now = in_stage(rng, shape)
    x, last = samples(rng, shape), now.heads[-1].task
    after = surgery.split_units(now, previous, random_split(rng, now, shape.t), shape.t, "retire")
    assert close(now.scores(last, x), after.scores(last, x))


@everywhere
def test_invariant_3_splitting_all_brings_earlier_scores_back(shape):
    rng = np.random.default_rng(14)
    previous, now = in_stage(rng, shape)
    x, earlier = samples(rng, shape), range(1, shape.t)
    original = "retire" if shape.retire else "keep"
    units, rho = splitting.unit_drift(now, previous, shape.t)
    split = splitting.most_drifted(units, rho, [0.0] * len(rho))
    after = surgery.split_units(now, previous, split, shape.t, original)
    assert same_bits(scores(previous, earlier, x), scores(after, earlier, x))


def test_invariant_3_can_fail():
    """Wrong splits that were really written: the copy's edge into an older unit left out; nothing restored."""
    shape, rng = SHAPES[1], np.random.default_rng(15)
    previous, now = in_stage(rng, shape)
    x = samples(rng, shape, 50)
    split = [units[:2] for units in splitting.unit_drift(now, previous, shape.t)[0]]
    after = copied(surgery.split_units(now, previous, split, shape.t))
    after.weights[1][now.widths[0]:] = 0
    last = now.heads[-1].task
    assert not close(now.scores(last, x), after.scores(last, x))
    assert not same_bits(scores(previous, range(1, shape.t), x), scores(now, range(1, shape.t), x))
