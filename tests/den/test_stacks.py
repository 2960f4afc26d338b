"""Units of which an upper unit reads many numbers: what surgery does to the scores where ``fan`` is more than 1.

The networks are mixed: maps of several places below, dense layers or a head on whole maps above.  What they answer is
computed by plain loops over a table of places: upper place q reads the lower places PLACES[l][q], as many as the fan.
"""

from dataclasses import replace

import numpy as np
import pytest

from den_ref.core.stacks import between, edge_sizes, edges, stacked, unstacked
from den_ref.den import selective, splitting, surgery
from den_ref.den.birth import Birth, at_birth_edges, with_newborn
from den_ref.den.importance import Importance
from den_ref.den.network import NEVER, Network, extract, insert
from den_ref.den.rules import check_network
from tests.helpers.random_networks import (
    STACKS, copied, differences, end_of_stage, in_stage, name_of, random_split)

everywhere = pytest.mark.parametrize("shape", STACKS, ids=name_of)
FEW = 3


def tables(network) -> list:
    """Per matrix a table (upper places, fan) of lower places; the head looks from one place at all below it."""
    rng, lower, found = np.random.default_rng(5), FEW, []
    for l, fan in enumerate(network.fan):
        last = l + 1 == len(network.fan)
        upper = 1 if last else network.fan[-1] if l + 2 == len(network.fan) else FEW
        found.append(np.arange(fan)[None] if last else rng.integers(0, lower, (upper, fan)))
        lower = upper
    return found


def layer(maps, units, w, b, above, table):
    """Sums (upper place -> upper unit -> number) over the lower units there are, one after the other."""
    n_lower = len(w) // table.shape[1]
    return [{m: float(b[m]) + sum(float(w[p * n_lower + u, m]) * maps[place][u]
                                  for p, place in enumerate(places) for u in units)
             for m in above} for places in table]


def answers(network, stages) -> dict:
    """Stage -> the logits of its task on one sample, by loops over what it sees."""
    found, sample = {}, np.random.default_rng(6).normal(size=(FEW, 50))
    for head in network.heads:
        if head.stage in stages:
            maps, below = [dict(enumerate(place)) for place in sample], range(network.n_inputs)
            for l, table in enumerate(tables(network)[:-1]):
                seen = [j for j, (born, gone) in enumerate(zip(network.introduced[l], network.retired[l]))
                        if born <= head.stage < gone]
                sums = layer(maps, below, network.weights[l], network.biases[l], seen, table)
                maps, below = [{j: max(a, 0.0) for j, a in place.items()} for place in sums], seen
            outputs = range(len(head.bias))
            (logits,) = layer(maps, below, head.weights, head.bias, outputs, tables(network)[-1])
            found[head.stage] = [logits[k] for k in outputs]
    return found


def close(one, other) -> bool:
    limit = 1e-3 if one.dtype == np.float32 else 1e-9
    return np.allclose(one, other, rtol=limit, atol=limit)


def legal(network) -> list:
    """Edges between units whose lifetimes do not overlap, and head rows of unseen units, that are not 0."""
    wrong = []
    for l, w in enumerate(network.weights[1:], 1):
        n = len(network.biases[l - 1])
        wrong += [(l, i, j) for i, j in zip(*np.nonzero(w))
                  if max(network.introduced[l - 1][i % n], network.introduced[l][j])
                  >= min(network.retired[l - 1][i % n], network.retired[l][j])]
    n = network.widths[-1]
    wrong += [(head.task, i) for head in network.heads for i in np.flatnonzero(head.weights.any(axis=1))
              if not network.introduced[-1][i % n] <= head.stage < network.retired[-1][i % n]]
    return wrong


# --- the stack ---------------------------------------------------------------------------------------------------


def test_a_stack_has_unit_u_at_place_p_in_row_p_n_plus_u():
    w = np.arange(24).reshape(6, 4)
    stack = stacked(w, 3)
    assert stack.shape == (3, 2, 4) and np.shares_memory(stack, w)
    assert all(stack[p, u, j] == w[p * 2 + u, j] for p in range(3) for u in range(2) for j in range(4))
    assert np.array_equal(unstacked(stack), w)
    some = unstacked(stack[..., :2])
    assert np.array_equal(some, w[:, :2]) and some.flags.c_contiguous and not np.shares_memory(some, w)
    assert stack[between(np.array([1]), np.array([0, 3]))].tolist() == [[[4, 7]], [[12, 15]], [[20, 23]]]


@pytest.mark.parametrize("fan, rows, columns", [(1, 0, 3), (4, 0, 3), (4, 8, 0), (1, 0, 0)])
def test_a_stack_may_be_empty(fan, rows, columns):
    stack = stacked(np.zeros((rows, columns)), fan)
    assert stack.shape == (fan, rows // fan, columns) and unstacked(stack).shape == (rows, columns)


def test_an_edge_is_there_if_any_of_its_weights_is_not_0():
    w = np.array([[0, 1.0], [0, 0], [2, 0], [0, 0]])
    assert edges(w, 2).tolist() == [[True, True], [False, False], [True, True], [False, False]]
    assert np.array_equal(edges(w, 1), w != 0)
    assert edge_sizes(np.array([[3.0], [-1.0], [4.0], [0.0]]), 2).tolist() == [[5.0], [1.0]]
    assert edge_sizes(-w, 1).tolist() == (-w).tolist()


# --- invariants --------------------------------------------------------------------------------------------------


@everywhere
def test_extract_and_insert(shape):
    _, now = in_stage(np.random.default_rng(21), shape)
    head = now.heads[-1]
    units = selective.select_units(now, head)
    sub = extract(now, units, head)
    for l, w in enumerate([*sub.weights, sub.head]):
        whole = [*now.weights, head.weights][l]
        upper = units[l + 1] if l < len(units) - 1 else range(shape.outputs)
        n = len(whole) // now.fan[l]
        rows = [p * n + u for p in range(now.fan[l]) for u in units[l]]
        assert w.shape == (len(rows), len(upper))
        assert all(w[i, j] == whole[row, m] for i, row in enumerate(rows) for j, m in enumerate(upper))
    assert not differences(insert(now, sub, head), now)
    moved = replace(sub, weights=[w + 1 for w in sub.weights], head=sub.head + 1)
    put = insert(now, moved, head)
    back = extract(put, units, put.head_of(head.task))
    assert all(np.array_equal(a, b) for a, b in zip([*back.weights, back.head], [*moved.weights, moved.head]))


@everywhere
def test_append_and_remove(shape):
    removed = 0
    for seed in range(2):
        _, now = in_stage(np.random.default_rng([22, seed]), shape)
        every = range(1, shape.t + 1)
        before = answers(now, every)
        grown = surgery.append_units(now, [3] * len(now.widths), shape.t + 1)
        assert answers(grown, every) == before and legal(grown) == []
        useless = surgery.useless_units(now, shape.t)
        after = surgery.delete_units(useless.folded, useless.units)
        check_network(after)
        left = answers(after, every)
        assert {t: left[t] for t in every[:-1]} == {t: before[t] for t in every[:-1]}
        assert close(np.array(before[shape.t], now.dtype), left[shape.t])
        removed += sum(map(len, useless.units))
    assert removed or shape.density > 0.5


def test_a_constant_map_is_folded_at_all_places():
    """Unit 0 is 2 everywhere, and its two weights into the unit above are 3 and 4; that one is read once, with 10."""
    born, gone = [np.ones(2, np.int32), np.ones(1, np.int32)], [np.full(2, NEVER, np.int32), np.full(1, NEVER, np.int32)]
    head = surgery.Head("task 1", 1, np.array([[10.0]]), np.zeros(1))
    network = Network([np.array([[0.0, 1.0]]), np.array([[3.0], [1.0], [4.0], [1.0]])],
                      [np.array([2.0, 0.0]), np.array([0.5])], born, gone, [head], (1, 2, 1))
    useless = surgery.useless_units(network, 1)
    assert [list(units) for units in useless.units] == [[0], []]
    assert useless.folded.biases[1].tolist() == [0.5 + 2 * (3 + 4)]
    assert surgery.delete_units(useless.folded, useless.units).weights[1].tolist() == [[1.0], [1.0]]


@pytest.mark.parametrize("shape", [shape for shape in STACKS if shape.retire], ids=name_of)
def test_a_split_leaves_the_scores_of_t(shape):
    for seed in range(3):
        rng = np.random.default_rng([23, seed])
        previous, now = in_stage(rng, shape)
        after = surgery.split_units(now, previous, random_split(rng, now, shape.t), shape.t)
        check_network(after)
        (one,), (other,) = answers(now, [shape.t]).values(), answers(after, [shape.t]).values()
        assert close(np.array(one, now.dtype), other) and legal(after) == []


@everywhere
def test_splitting_all_brings_earlier_scores_back(shape):
    previous, now = in_stage(np.random.default_rng(24), shape)
    units, rho = splitting.unit_drift(now, previous, shape.t)
    split = splitting.most_drifted(units, rho, [0.0] * len(rho))
    after = surgery.split_units(now, previous, split, shape.t, "retire" if shape.retire else "keep")
    earlier = range(1, shape.t)
    assert answers(after, earlier) == answers(previous, earlier)
    if shape.density > 0.5 and min(shape.widths):
        assert answers(now, earlier) != answers(previous, earlier)


def test_a_wrong_order_of_rows_is_seen():
    """Rows unit by unit, all places of one beside each other, are another network after an expansion."""
    shape = STACKS[0]
    _, now = in_stage(np.random.default_rng(25), shape)
    grown = surgery.append_units(now, [1, 0], shape.t + 1)
    wrong = copied(grown)
    wrong.weights[1][...] = np.pad(now.weights[1], ((0, 4), (0, 0)))
    assert answers(wrong, [shape.t]) != answers(grown, [shape.t]) == answers(now, [shape.t])


def test_an_illegal_weight_is_seen():
    now = copied(in_stage(np.random.default_rng(31), STACKS[0])[1])
    assert legal(now) == []
    retired = int(np.flatnonzero(now.retired[0] < NEVER)[0])
    new = int(np.flatnonzero(now.introduced[1] >= now.retired[0][retired])[0])
    now.weights[1][2 * now.widths[0] + retired, new] = 1
    assert legal(now) == [(1, 2 * now.widths[0] + retired, new)]


# --- what stands beside a network ---------------------------------------------------------------------------------


@everywhere
def test_births_and_what_stands_beside_a_network(shape):
    rng = np.random.default_rng(29)
    previous, now = in_stage(rng, shape)
    birth = with_newborn(Birth(previous.weights, previous.biases), now)
    at_birth = at_birth_edges(now)
    for l, (w, born) in enumerate(zip(now.weights, now.introduced)):
        n, n_then = len(w) // now.fan[l], len(previous.weights[l]) // now.fan[l]
        for row in range(len(w)):
            for j in range(len(born)):
                p, u = divmod(row, n)
                was_there = j < len(previous.biases[l]) and u < n_then
                expected = previous.weights[l][p * n_then + u, j] if was_there else \
                    0 if j < len(previous.biases[l]) else w[row, j]
                assert birth.weights[l][row, j] == expected
                later = l and now.introduced[l - 1][u] > born[j]
                assert at_birth.weights[l][row, j] == (0 if later else w[row, j])
    Importance.from_arrays(Importance(now.weights, now.biases).arrays(), now)


@pytest.mark.parametrize("fan, expected", [((9, 4, 2), "heads/0/weights"), ((9, 2, 1), "weights/1"),
                                           ((7, 4, 1), "weights/0")])
def test_a_fan_that_does_not_fit_is_refused(fan, expected):
    network = end_of_stage(np.random.default_rng(30), STACKS[0])
    check_network(network)
    with pytest.raises(ValueError, match=expected):
        check_network(replace(network, fan=fan))
