"""The drawing of the idea says what the algorithm says."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from den_ref.den.network import NEVER, Head, Network
from den_ref.den.selective import select_units
from den_ref.plots import idea
from den_ref.plots.idea import COPIED, FIRST, GROWN, PLACES, SCENES, SELECTED
from den_ref.plots.style import PLAIN

LAYERS = [["i1", "i2", "i3"], ["a1", "a2", "a3", "a4"], ["b1", "b2", "b3"]]


@pytest.fixture
def ax():
    return Figure(layout="constrained").add_subplot()


def drawn(collection) -> set:
    """The lines of a collection as (lower, upper) names."""
    name_at = {place: name for name, place in PLACES.items()}
    return {tuple(name_at[tuple(end)] for end in line) for line in collection.get_segments()}


def matrix(edges, rows, columns) -> np.ndarray:
    return np.array([[float((row, column) in edges) for column in columns] for row in rows])


def test_what_is_retrained_is_what_algorithm_2_selects():
    weights = [matrix(FIRST, *pair) for pair in zip(LAYERS, LAYERS[1:])]
    units = [len(names) for names in LAYERS[1:]]
    head = Head("task 2", 2, matrix(SELECTED, LAYERS[-1], ["task 2"]), np.zeros(1))
    network = Network(weights, [np.zeros(n) for n in units], [np.ones(n, np.int32) for n in units],
                      [np.full(n, NEVER, np.int32) for n in units], [head])
    found = [{names[i] for i in chosen} for names, chosen in zip(LAYERS, select_units(network, head))]
    among = {(low, high) for low, high in FIRST if any(low in below and high in above
                                                       for below, above in zip(found, found[1:]))}
    assert found == [{"i2", "i3"}, {"a3", "a4"}, {"b3"}]            # a strict part of every layer
    assert set(SELECTED) == among | {("b3", "task 2")}


@pytest.mark.parametrize("scene", SCENES)
def test_lines_are_trained_or_stay_and_lead_upwards_between_units_that_are_there(ax, scene):
    sketch = idea(ax, scene)
    kept, trained = drawn(sketch.kept), drawn(sketch.trained)
    assert trained == set(SCENES[scene].trained) and not kept & trained
    assert all(PLACES[high][1] == PLACES[low][1] + 1 for low, high in kept | trained)
    assert {name for edge in kept | trained for name in edge} <= set(sketch.units)
    assert to_hex(sketch.trained.get_colors()[0]).upper() == PLAIN.accent != PLAIN.muted


def test_old_tasks_hear_no_new_unit_and_a_copy_hears_what_its_original_does():
    new = {"a5", "b4", "b5", "b3'", "task 2"}
    assert all(low not in new or high in new for low, high in FIRST + SELECTED + GROWN + COPIED)
    assert {low for low, high in COPIED if high == "b3'"} == {low for low, high in FIRST if high == "b3"}


def test_no_two_units_share_a_place():
    assert len(set(PLACES.values())) == len(PLACES)


def test_an_unknown_scene_is_refused(ax):
    with pytest.raises(ValueError, match="scene: expected one of fine-tuning, retrain, grow, split, got 'shrink'"):
        idea(ax, "shrink")
