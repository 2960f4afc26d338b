"""What a split does, row by row of the table in docs/readings.md, on one hand-made network; both implementations.

Stage t = 3.  Each of the two hidden layers has, in this order,

    r  introduced 1, retired 2 (not in the reading "keep")      i  introduced 1, splits
    k  introduced 1, stays                                     n  introduced 3, new at t

and after the split i' behind them.  The edge from unit a of layer 1 to unit b of layer 2 is 100 + 10a + b in W^{t-1}
and 200 + 10a + b in W^t, so that every number tells where it came from.
"""

from pathlib import Path

import numpy as np
import pytest

from den_ref.den import surgery
from den_ref.den.network import NEVER, Head, Network
from tests.helpers import loops_on_networks as loops

T = 3
PLACE = {"r": 0, "i": 1, "k": 2, "n": 3, "i'": 4}
BEFORE, NOW, ZERO = "W^{t-1}", "W^t", "0"



def table() -> dict:
    """docs/readings.md: row -> its edges, (from layer 1, to layer 2, in "retire", in "keep").  None: does not occur."""
    lines = (Path(__file__).parents[2] / "docs" / "readings.md").read_text().splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("| from"))
    _, *columns = cells(lines[first])
    return {lower: [(lower, upper, *sources(text, {lower, upper})) for upper, text in zip(columns, texts) if text != "–"]
            for lower, *texts in map(cells, lines[first + 2:first + 2 + len(columns)])}


def cells(line) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def sources(text, ends) -> tuple:
    """Of an edge in "retire", and in "keep", where nobody is retired; what is unchanged is that of W^{t-1}."""
    retire, _, keep = text.replace("unchanged", BEFORE).partition(", kept: ")
    return retire, None if "r" in ends else keep or retire


TABLE = table()
rows = pytest.mark.parametrize("row", TABLE)
readings = pytest.mark.parametrize("original", ["retire", "keep"])
rooms = pytest.mark.parametrize("room", [surgery, loops], ids=["fast", "loops"])


def numbers(hundreds, n_rows, n_columns):
    return hundreds + 10 * np.arange(n_rows)[:, None] + np.arange(n_columns)[None, :] + 0.0


def networks(original):
    """(W^{t-1}, W^t before the split): legal, so that what is retired has not moved and hears nothing new."""
    retired = 2 if original == "retire" else NEVER
    before = [numbers(100, 2, 3), numbers(100, 3, 3)]
    now = [numbers(200, 2, 4), numbers(200, 4, 4)]
    biases_before, biases_now = [np.arange(3) + 1000.0] * 2, [np.arange(4) + 2000.0] * 2
    biases_now = [b.copy() for b in biases_now]
    if original == "retire":
        for l, (w, b) in enumerate(zip(now, biases_now)):
            w[:, 0], b[0] = 0, 1000
            w[:len(before[l]), 0] = before[l][:, 0]
            if l:
                w[0] = 0
                w[0, :3] = before[l][0]
                w[3, 0] = 0
    born, gone = np.array([1, 1, 1], np.int32), np.array([retired, NEVER, NEVER], np.int32)
    heads = [Head("a", 1, np.array([[1.0], [2], [3]]), np.array([7.0])),
             Head("b", 2, np.array([[4.0 * (retired == NEVER)], [5], [6]]), np.array([8.0]))]
    previous = Network(before, biases_before, [born] * 2, [gone] * 2, heads)
    heads = [Head(h.task, h.stage, np.vstack([h.weights, [[0.0]]]), h.bias) for h in heads]
    heads.append(Head("c", T, np.array([[3.0 * (retired == NEVER)], [11], [12], [13]]), np.array([9.0])))
    born, gone = np.append(born, T).astype(np.int32), np.append(gone, NEVER).astype(np.int32)
    return previous, Network(now, biases_now, [born] * 2, [gone] * 2, heads)


def after_split(room, original):
    previous, now = networks(original)
    split = [np.array([PLACE["i"]])] * 2
    return room.split_units(now, previous, split, T, original)


def wrong_edges(row, weights, original):
    """The edges of a row that are not as the table says."""
    found = []
    for lower, upper, retire, keep in TABLE[row]:
        what = retire if original == "retire" else keep
        assert what in (BEFORE, NOW, ZERO, None)
        a, b = (PLACE["i" if name == "i'" else name] for name in (lower, upper))
        value = {BEFORE: 100 + 10 * a + b, NOW: 200 + 10 * a + b, ZERO: 0}.get(what)
        if what is not None and weights[PLACE[lower], PLACE[upper]] != value:
            found.append(f"{lower} -> {upper}: expected {what} = {value}, got {weights[PLACE[lower], PLACE[upper]]}")
    return found


@rows
@readings
@rooms
def test_row_of_the_table(row, original, room):
    assert not wrong_edges(row, after_split(room, original).weights[1], original)


def test_every_edge_is_in_the_table_once():
    edges = [(lower, upper) for row in TABLE.values() for lower, upper, *_ in row]
    legal = {(a, b) for a in PLACE for b in PLACE} - {("n", "r"), ("r", "n")}      # lifetimes that do not overlap
    assert len(edges) == len(set(edges))
    assert set(edges) == legal


@rows
@readings
def test_a_wrong_row_is_seen(row, original):
    """The checker itself: every edge of the row, off by one."""
    weights = after_split(surgery, original).weights[1]
    expected = [edge for edge in TABLE[row] if edge[2 if original == "retire" else 3] is not None]
    assert len(wrong_edges(row, weights + 1, original)) == len(expected)


@readings
@rooms
def test_edges_between_lifetimes_that_do_not_overlap_stay_0(original, room):
    w = after_split(room, original).weights[1]
    if original == "retire":
        assert w[PLACE["n"], PLACE["r"]] == 0 and w[PLACE["r"], PLACE["n"]] == 0


@readings
@rooms
def test_input_features_are_older_and_not_split(original, room):
    w = after_split(room, original).weights[0]
    np.testing.assert_array_equal(w[:, PLACE["i"]], [101, 111])
    np.testing.assert_array_equal(w[:, PLACE["i'"]], [201, 211])
    np.testing.assert_array_equal(w[:, PLACE["k"]], [202, 212])
    np.testing.assert_array_equal(w[:, PLACE["n"]], [203, 213])


@readings
@rooms
def test_biases_go_with_their_units(original, room):
    retired = 1000 if original == "retire" else 2000
    for bias in after_split(room, original).biases:
        np.testing.assert_array_equal(bias, [retired, 1001, 2002, 2003, 2001])


@readings
@rooms
def test_heads_before_t_ignore_the_copy_and_the_head_of_t_the_original(original, room):
    first, second, third = after_split(room, original).heads
    keep = original == "keep"
    np.testing.assert_array_equal(first.weights.ravel(), [1, 2, 3, 0, 0])
    np.testing.assert_array_equal(second.weights.ravel(), [4 * keep, 5, 6, 0, 0])
    np.testing.assert_array_equal(third.weights.ravel(), [3 * keep, 0, 12, 13, 11])
    assert [head.bias[0] for head in (first, second, third)] == [7, 8, 9]


@readings
@rooms
def test_lifetimes(original, room):
    after = after_split(room, original)
    for l in range(2):
        assert list(after.introduced[l]) == [1, 1, 1, 3, 3]
        assert list(after.retired[l]) == ([2, 3, NEVER, NEVER, NEVER] if original == "retire" else [NEVER] * 5)


@rooms
def test_copies_stand_in_ascending_order_of_their_originals(room):
    previous, now = networks("keep")
    after = room.split_units(now, previous, [np.array([0, 1, 2]), np.array([], int)], T, "keep")
    np.testing.assert_array_equal(after.weights[0][0, 4:], [200, 201, 202])
    assert after.widths == (7, 4)


@readings
@rooms
def test_splitting_nothing_changes_nothing(original, room):
    previous, now = networks(original)
    after = room.split_units(now, previous, [np.array([], int)] * 2, T, original)
    assert all(np.array_equal(a, b) for a, b in zip(now.arrays().values(), after.arrays().values(), strict=True))


@readings
@rooms
def test_inputs_are_never_modified(original, room):
    previous, now = networks(original)
    copies = [{name: array.copy() for name, array in net.arrays().items()} for net in (previous, now)]
    room.split_units(now, previous, [np.array([1])] * 2, T, original)
    for net, copy in zip((previous, now), copies):
        assert all(np.array_equal(array, copy[name]) for name, array in net.arrays().items())
