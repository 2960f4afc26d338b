"""The fast functions of selection and surgery against the loops, on random legal networks."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from den_ref.den import network, selective, splitting, surgery
from den_ref.loops.splitting import places
from tests.helpers import loops_on_networks as loops
from tests.helpers.random_networks import PADDED, SHAPES, STACKS, Shape, copied, differences, end_of_stage, frozen
from tests.helpers.random_networks import in_stage, name_of, random_split, samples

everywhere = pytest.mark.parametrize("shape", SHAPES + STACKS, ids=name_of)
seeds = pytest.mark.parametrize("seed", range(2))


@pytest.fixture
def stage(shape, seed):
    """W^{t-1}, W^t before the split, and the generator they came from."""
    rng = np.random.default_rng([seed, *shape.widths])
    previous, now = in_stage(rng, shape)
    return SimpleNamespace(previous=frozen(previous), now=frozen(now), t=shape.t, rng=rng)


def same(one, other) -> bool:
    """Two lists of index arrays."""
    return len(one) == len(other) and all(np.array_equal(a, b) and a.dtype.kind == "i" for a, b in zip(one, other))


@everywhere
@seeds
def test_visible(stage):
    for t in range(1, stage.t + 1):
        assert same(stage.now.visible(t), loops.visible(stage.now, t))


@everywhere
@seeds
def test_select_units(stage):
    for head in stage.now.heads:
        assert same(selective.select_units(stage.now, head), loops.select_units(stage.now, head))


@everywhere
@seeds
def test_extract_and_insert(stage, shape):
    head = stage.now.heads[-1]
    units = selective.select_units(stage.now, head)
    fast, slow = network.extract(stage.now, units, head), loops.extract(stage.now, units, head)
    for a, b in zip([*fast.weights, *fast.biases, fast.head, fast.head_bias],
                    [*slow.weights, *slow.biases, slow.head, slow.head_bias], strict=True):
        assert np.array_equal(a, b) and a.dtype == b.dtype == shape.dtype
        assert a.flags.c_contiguous and not np.shares_memory(a, b)
        a *= 2
        b *= 2
    assert not differences(network.insert(stage.now, fast, head), loops.insert(stage.now, slow, head))


@everywhere
@seeds
def test_append_units(stage):
    counts = stage.rng.integers(0, 4, len(stage.now.widths))
    fast, slow = (room.append_units(stage.now, counts, stage.t + 1) for room in (surgery, loops))
    assert not differences(fast, slow)


@everywhere
@seeds
def test_useless_and_delete_units(stage, shape):
    fast, slow = (room.useless_units(stage.now, stage.t) for room in (surgery, loops))
    assert same(fast.units, slow.units)
    rounding = 1e-12 if shape.dtype == "float64" else 1e-5
    for name, array in fast.folded.arrays().items():
        np.testing.assert_allclose(array, slow.folded.arrays()[name], atol=rounding, err_msg=name)
    assert not differences(surgery.delete_units(fast.folded, fast.units), loops.delete_units(fast.folded, fast.units))


@pytest.mark.parametrize("seed", range(20))
def test_useless_units_of_very_sparse_networks(seed):
    rng = np.random.default_rng(seed)
    now = in_stage(rng, Shape((3, 3, 3), t=1 + seed % 3 + 1, new=4, density=0.25))[1]
    fast, slow = (room.useless_units(now, now.stage) for room in (surgery, loops))
    assert same(fast.units, slow.units)
    one = end_of_stage(rng, Shape((6, 6, 6), t=2, density=0.2))
    fast, slow = (room.useless_units(one, 1) for room in (surgery, loops))
    assert same(fast.units, slow.units)


def test_no_constant_is_folded_below_zeros():
    told = 0
    for seed in range(20):
        now = in_stage(np.random.default_rng(seed), PADDED)[1]
        fast, slow = (room.useless_units(now, now.stage) for room in (surgery, loops))
        assert same(fast.units, slow.units)
        assert all(np.allclose(*both) for both in zip(fast.folded.biases, slow.folded.biases, strict=True))
        told += not same(slow.units, loops.useless_units(replace(now, convolutions=()), now.stage).units)
    assert told


@everywhere
@seeds
def test_unit_drift_and_most_drifted(stage):
    for drift in ("absolute", "relative"):
        both = [room.unit_drift(stage.now, stage.previous, stage.t, drift) for room in (splitting, loops)]
        (units, fast), (also, slow) = both
        assert same(units, also)
        for a, b in zip(fast, slow, strict=True):
            assert a.dtype == b.dtype == np.float64
            np.testing.assert_allclose(a, b, rtol=1e-12)
        sigma = [np.median(rho) if len(rho) else 1.0 for rho in fast]
        for at_most in (None, 0, 1, 2):
            assert same(*(room.most_drifted(units, fast, sigma, at_most) for room in (splitting, loops)))


@everywhere
@seeds
def test_split_units(stage, shape):
    original = "retire" if shape.retire else "keep"
    for share in (0.0, 0.3, 0.5, 0.7, 1.0):
        split = random_split(stage.rng, stage.now, stage.t, share)
        fast, slow = (room.split_units(stage.now, stage.previous, split, stage.t, original)
                      for room in (surgery, loops))
        assert not differences(fast, slow)


@everywhere
@seeds
def test_capacity(stage):
    assert network.capacity(stage.now) == loops.capacity(stage.now)


@pytest.mark.parametrize("shape", SHAPES, ids=name_of)
def test_predict(shape):
    rng = np.random.default_rng(5)
    now = in_stage(rng, shape)[1]
    x = samples(rng, shape)
    for head in now.heads:
        fast, slow = now.scores(head.task, x), loops.predict(now, head.task, x)
        assert fast.dtype == slow.dtype == shape.dtype
        np.testing.assert_allclose(fast, slow, rtol=1e-4, atol=1e-4 if shape.dtype == "float32" else 1e-12)


def test_comparison_of_networks_can_fail():
    rng = np.random.default_rng(0)
    now = end_of_stage(rng, SHAPES[1])
    for name in now.arrays():
        other = copied(now)
        array = other.arrays()[name]
        array[tuple(n // 2 for n in array.shape)] -= 1
        assert differences(now, other) == [name]


def test_random_networks_are_of_every_kind():
    """Or the comparisons above would say little."""
    units, kinds = 0, set()
    for n, shape in enumerate(SHAPES):
        previous, now = in_stage(np.random.default_rng(n), shape)
        split = random_split(np.random.default_rng(n), now, shape.t)
        for layer in range(len(now.widths)):
            stands = places(now.introduced[layer], now.retired[layer], split[layer], shape.t)
            kinds |= {(shape.retire, place.kind) for place in stands}
        units += sum(map(len, loops.useless_units(now, shape.t).units))
    every = {(retire, kind) for retire in (True, False) for kind in ("older", "split", "copy", "new", "retired")}
    assert kinds == every - {(False, "retired")}
    assert units > 5
