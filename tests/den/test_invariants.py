"""The invariants of DEN on real runs: six tasks, up to four dense layers, up to three above three convolutions, both
readings of a split, both precisions.

Every checker returns what it found wrong, and has a test that it does find something.
"""

import copy
from dataclasses import replace

import numpy as np
import pytest

from den_ref.den import DEN
from den_ref.den.network import NEVER, extract, insert
from tests.helpers import loops_on_networks as loops
from tests.helpers.random_networks import copied, differences
from tests.helpers.retired_units import without_retired
from tests.helpers.short_runs import N_INPUTS, quick, random_task, run

RUNS = [dict(hidden=hidden, split_original=original, dtype=dtype)
        for hidden in ((5,), (5, 4), (5, 4, 4), (5, 4, 4, 4))
        for original in ("retire", "keep") for dtype in ("float32", "float64")]
RUNS += [dict(hidden=(5, 4), outputs=3), dict(hidden=(5, 4), outputs=3, loss="softmax", split_original="keep"),
         dict(hidden=(5, 4), anchor_before_split="eq4", valid=30),
         dict(hidden=(5, 4), max_splits=1, eq6="new", drift="relative")]
#: Filters below, dense layers above, and edges of many weights.
IMAGES = [dict(hidden=(4,), filters=(3, 4), kernel=2, stride=1, padding=1, pool=True, image=(6, 6, 2), sigma=0.1),
          dict(hidden=(4, 3), filters=(4,), kernel=3, stride=2, image=(5, 7, 1), dtype="float64", split_original="keep",
               sigma=0.4, k=1),
          dict(hidden=(4, 4, 4), filters=(4, 4, 4), kernel=2, stride=1, padding=1, pool=True, image=(7, 8, 1), mu=5e-4,
               mu_head=1e-4, init_scale=1.0, step=0.005, sigma=0.1),
          dict(hidden=(3,), filters=(3, 3, 4), kernel=2, stride=2, image=(8, 9, 1), dtype="float64", sigma=0.1, k=1,
               mu=1e-3, split_original="keep", max_splits=2)]
X = np.random.default_rng(99).normal(size=(40, 72)).astype(np.float32)


def name_of(options):
    return "-".join(str(value) for value in options.values()).replace(" ", "")


slow_images = [pytest.param(options, marks=pytest.mark.slow) for options in IMAGES]
retiring = [options for options in RUNS if options.get("split_original") != "keep"]
retiring_images = [images for images in slow_images if images.values[0].get("split_original") != "keep"]


def dense(*hidden) -> list:
    """Networks without filters."""
    return [dict(hidden=widths) for widths in hidden]


everywhere = pytest.mark.parametrize("options", RUNS + slow_images, ids=name_of)


def of_stages(network, stages) -> dict:
    x = X[:, :network.n_features].astype(network.dtype)
    return {head.task: network.scores(head.task, x) for head in network.heads if head.stage in stages}


def changed_scores(before, after, stages) -> list:
    """Tasks of these stages whose scores are not the same, bit for bit."""
    one, other = of_stages(before, stages), of_stages(after, stages)
    return [task for task in one if not np.array_equal(one[task], other[task])]


def moved_scores(before, after, stage) -> float:
    """By how much the scores of one stage's task differ, as a share of their size."""
    (one,), (other,) = (of_stages(network, [stage]).values() for network in (before, after))
    return float(np.abs(one - other).max() / (1 + np.abs(one).max()))


def touched_retired(before, after, t) -> list:
    """Units retired at t or before whose weights, incoming or outgoing, or bias are not the same."""
    found = []
    for l in range(len(before.widths)):
        for unit in np.flatnonzero(before.retired[l] <= t):
            heads = list(zip([h.weights for h in before.heads], [h.weights for h in after.heads]))
            outgoing = [(before.weights[l + 1], after.weights[l + 1])] if l + 1 < len(before.widths) else heads
            incoming = [np.split(network.weights[l][:, unit], network.fan[l]) for network in (before, after)]
            pairs = [rows for a, b in outgoing for rows in zip(a[unit::before.widths[l]], b[unit::after.widths[l]])]
            pairs += zip(*incoming, strict=True)
            same = before.biases[l][unit] == after.biases[l][unit] and all(
                np.array_equal(a, b[:len(a)]) and not b[len(a):].any() for a, b in pairs)
            found += [] if same else [(l, int(unit))]
    return found


def forbidden_weights(network) -> list:
    """Nonzero edges between units whose lifetimes do not overlap, nonzero head rows of unseen units."""
    found = []
    for l, w in enumerate(network.weights[1:], 1):
        for row, j in zip(*np.nonzero(w)):
            i = row % network.widths[l - 1]
            if max(network.introduced[l - 1][i], network.introduced[l][j]) >= min(network.retired[l - 1][i],
                                                                                   network.retired[l][j]):
                found.append((l, int(i), int(j)))
    for head in network.heads:
        seen = network.visible(head.stage)[-1]
        found += [(head.task, int(row)) for row in np.flatnonzero(head.weights.any(axis=1))
                  if row % network.widths[-1] not in seen]
    return found


def tampered(network, name, index):
    """The network with one number changed."""
    other = copied(network)
    other.arrays()[name][index] += 1
    return other


# --- the runs say something --------------------------------------------------------------------------------------


@everywhere
def test_the_runs_select_grow_and_split(options):
    result = run(**options)
    splits = [step.facts["split"] for step in result.steps if step.box == "split"]
    assert len(splits) == 5
    if options.get("eq6") != "new":
        assert np.all(np.sum(splits, axis=0) > 0), "no split in some layer"
        assert any(sum(s) < sum(step.facts["older"]) for s, step in
                   zip(splits, [step for step in result.steps if step.box == "split"])), "everything split"
    retired = any((gone < NEVER).any() for gone in result.den.network.retired)
    assert retired == (options.get("split_original", "retire") == "retire")
    assert any(sum(step.facts["kept"]) for step in result.steps if step.box == "prune" and step.stage > 1)


# --- 1: cutting out and putting back -----------------------------------------------------------------------------


@everywhere
def test_1_extract_and_insert(options):
    for network in run(**options).ends:
        for head in network.heads:
            back = insert(network, extract(network, network.visible(head.stage), head), head)
            assert not differences(replace(back, heads=sorted(back.heads, key=lambda h: h.stage)), network)


# --- 2: appending and removing -----------------------------------------------------------------------------------


@everywhere
def test_2_expansion_and_removal_leave_earlier_tasks_alone(options):
    for t in range(2, 7):
        (eq5,), (prune,) = (run(**options).of_stage(t, box) for box in ("eq5", "prune"))
        earlier = range(1, t)
        assert not changed_scores(eq5.before, eq5.after, earlier)
        assert not changed_scores(prune.before, prune.after, earlier)
        assert moved_scores(prune.before, prune.after, t) < 1e-5


def test_2_a_change_of_scores_is_seen():
    network = run().ends[-1]
    unit = int(network.visible(1)[-1][0])
    assert changed_scores(network, tampered(network, "heads/0/weights", (unit, 0)), [1]) == ["task 1"]
    assert moved_scores(network, tampered(network, "heads/0/bias", 0), 1) > 1e-2


# --- 3: the split ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", retiring + retiring_images, ids=name_of)
def test_3_a_split_leaves_the_scores_of_t(options):
    for t in range(2, 7):
        (split,) = run(**options).of_stage(t, "split")
        assert moved_scores(split.before, split.after, t) < 1e-5


@everywhere
def test_3_sigma_0_brings_earlier_scores_back(options):
    result = run(**(options | {"sigma": 0.0, "max_splits": None, "n_tasks": 4}))     # more would double every time
    moved = 0
    for t in range(2, 5):
        (split,) = result.of_stage(t, "split")
        moved += len(changed_scores(result.ends[t - 2], split.before, range(1, t)))
        assert not changed_scores(result.ends[t - 2], split.after, range(1, t))
    assert moved, "no scores had changed before the splits"


@pytest.mark.parametrize("options", dense((5,), (5, 4), (5, 4, 4)) + retiring_images, ids=name_of)
def test_3_with_sigma_0_and_eq6_new_no_task_ever_forgets(options):
    result = run(**(options | {"sigma": 0.0, "eq6": "new"}))
    for t in range(1, 7):
        assert not changed_scores(result.ends[t - 1], result.ends[-1], [t])


def test_3_forgetting_is_seen():
    result = run(hidden=(5, 4), sigma=np.inf)
    assert changed_scores(result.ends[0], result.ends[-1], [1])


# --- 4: the limits -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", dense((5, 4)) + slow_images, ids=name_of)
def test_4_infinite_sigma_splits_nothing(options):
    result = run(**(options | {"sigma": np.inf}))
    for split in (step for step in result.steps if step.box == "split"):
        assert not any(split.facts["split"]) and not differences(split.before, split.after)


@pytest.mark.parametrize("options", dense((5, 4)) + slow_images, ids=name_of)
def test_4_infinite_tau_never_expands(options):
    result = run(**(options | {"tau": np.inf, "sigma": np.inf}))
    assert {step.box for step in result.steps} & {"eq5", "prune"} == {"prune"}
    assert result.ends[0].widths == result.ends[-1].widths
    assert all(step.facts["tau"] == np.inf and not step.facts["expand"] for step in result.steps if step.box == "loss")


def only_head_differs(before, after, t) -> bool:
    return set(differences(before, after)) <= {f"heads/{t - 1}/weights", f"heads/{t - 1}/bias"}


@pytest.mark.parametrize("options", dense((5,), (5, 4), (4, 3, 3), (4, 3, 3, 3)) + slow_images, ids=name_of)
def test_4_a_huge_mu_deletes_every_new_unit(options):
    steps = second_stage(options, mu=1e6)
    before, after = steps["eq5"].before, steps["prune"].after
    assert not any(steps["prune"].facts["kept"])
    assert only_head_differs(before, after, 2)
    assert not only_head_differs(before, steps["eq5"].after, 2)


@pytest.mark.parametrize("options", dense((5,), (5, 4), (4, 3, 3)) + slow_images, ids=name_of)
def test_4_gamma_alone_leaves_at_most_constants_that_feed_older_units(options):
    steps = second_stage(options, mu=0.0, gamma=1e6)
    before, after = steps["eq5"].before, steps["prune"].after
    for l, width in enumerate(before.widths):
        n_lower = before.stacks[l].shape[1]
        assert not after.weights[l][:, width:].any()
        assert np.array_equal(after.stacks[l][:, :n_lower, :width], before.stacks[l])
        assert np.array_equal(after.biases[l][:width], before.biases[l])
        top = l + 1 == len(before.widths)
        feeding = 0 if top else np.count_nonzero(after.stacks[l + 1][:, width:, :before.widths[l + 1]].any(axis=(0, 2)))
        assert len(after.biases[l]) - width <= feeding


def second_stage(options, **limits) -> dict:
    """The steps of the second task under these strengths, by a DEN whose first task was learnt with ordinary ones."""
    data = {name: options[name] for name in ("dtype", "image") if name in options}
    config = quick(**{name: value for name, value in options.items() if name != "image"})
    first = DEN(config, seed=1)
    first.learn(random_task(1, **data))
    den = DEN.from_state(first.state(), replace(config, **limits))
    return {step.box: step for step in den.learn(random_task(2, **data))}


# --- 5 and 6: what is over stays as it is ------------------------------------------------------------------------


@everywhere
def test_5_a_retired_unit_never_changes_again(options):
    ends = run(**options).ends
    for t in range(2, 6):
        for later in ends[t:]:
            assert not touched_retired(ends[t - 1], later, t)


@everywhere
def test_5_nor_do_the_units_of_a_stage_change_on_the_way(options):
    for step in run(**options).steps:
        if step.box in ("eq4", "eq5", "eq6", "eq6_after"):
            assert not touched_retired(step.before, step.after, step.stage)


def test_5_a_stage_knows_nothing_of_units_that_retired_before_it_and_of_all_that_it_sees():
    """Those are memory alone: the next stage ends bit for bit as it does where they were deleted."""
    whole, task = copy.deepcopy(run().den), random_task(7)
    smaller, other = without_retired(whole), without_retired(whole)
    assert all(a < b for a, b in zip(smaller.network.widths, whole.network.widths, strict=True))
    other.network = tampered(other.network, "biases/0", other.network.widths[0] - 1)
    assert served(smaller, task) == served(whole, task) != served(other, task)


def served(den: DEN, task) -> list[bytes]:
    """Learn a task; all that its stage sees, and what every box said."""
    said = [f"{step.sentence} {step.facts}".encode() for step in den.learn(task)]
    network = den.network
    sub = extract(network, network.visible(network.stage), network.head_of(task.id))
    return said + [array.tobytes() for array in (*sub.weights, *sub.biases, sub.head, sub.head_bias)]


def test_5_a_change_is_seen():
    network = run().ends[-1]
    unit = int(np.flatnonzero(network.retired[0] < NEVER)[0])
    for name, index in [("weights/0", (0, unit)), ("weights/1", (unit, 0)), ("biases/0", unit)]:
        assert touched_retired(network, tampered(network, name, index), 6)[0] == (0, unit)
    top = int(np.flatnonzero(network.retired[1] < NEVER)[0])
    assert touched_retired(network, tampered(network, "heads/0/weights", (top, 0)), 6) == [(1, top)]


@pytest.mark.slow
def test_5_a_change_at_any_place_of_a_window_is_seen():
    network = run(**IMAGES[2]).ends[-1]
    unit = int(np.flatnonzero(network.retired[0] < NEVER)[0])
    for place in range(network.fan[1]):
        changed = tampered(network, "weights/1", (place * network.widths[0] + unit, 0))
        assert touched_retired(network, changed, 6)[0] == (0, unit)


@everywhere
def test_6_lifetimes_that_do_not_overlap_have_no_edge(options):
    for step in run(**options).steps:
        assert not forbidden_weights(step.after)


def test_6_a_forbidden_edge_is_seen():
    network = run().ends[-1]
    retired, born = network.retired[0], network.introduced[1]
    i, j = next((i, j) for i in range(len(retired)) for j in range(len(born)) if retired[i] <= born[j])
    assert forbidden_weights(tampered(network, "weights/1", (i, j))) == [(1, i, j)]
    unseen = int(np.flatnonzero(network.introduced[1] > 1)[0])
    assert forbidden_weights(tampered(network, "heads/0/weights", (unseen, 0))) == [("task 1", unseen)]


# --- 7: drift adds up --------------------------------------------------------------------------------------------


def drift_since_birth(result, t, l, unit) -> float:
    """Recomputed in loops from the networks that the stages left."""
    now = result.of_stage(t, "split")[0].before
    then = result.ends[now.introduced[l][unit] - 1]
    total = float(now.biases[l][unit] - then.biases[l][unit]) ** 2
    for w, old in zip(now.stacks[l], then.stacks[l], strict=True):
        for i in range(len(old)):
            if l == 0 or loops.sees(now, t, l, i):
                total += (float(w[i, unit]) - float(old[i, unit])) ** 2
    return np.sqrt(total)


@pytest.mark.slow
@pytest.mark.parametrize("options", [o for o in RUNS + IMAGES if "drift" not in o], ids=name_of)
def test_7_drift_since_birth_is_reported(options):
    result = run(**options)
    for t in range(2, 7):
        (split,) = result.of_stage(t, "split")
        for l in range(len(result.ends[0].widths)):
            reported, units = split.arrays[f"drift_since_birth/{l + 1}"], split.arrays[f"older/{l + 1}"]
            expected = [drift_since_birth(result, t, l, unit) for unit in units]
            np.testing.assert_allclose(reported, expected, rtol=1e-5, atol=1e-7)
            if len(units):
                assert split.facts["median_drift_since_birth"][l] == pytest.approx(np.median(expected), rel=1e-5)
                assert split.facts["largest_drift_since_birth"][l] == pytest.approx(max(expected), rel=1e-5)


def test_7_the_facts_of_a_split_are_those_of_its_own_stage():
    """Median and largest drift stand beside those since birth, which are larger by then."""
    (split,) = run(hidden=(5, 4), sigma=np.inf).of_stage(6, "split")
    for l in (0, 1):
        rho, since_birth = (split.arrays[f"{name}/{l + 1}"] for name in ("drift", "drift_since_birth"))
        for name, function in (("median", np.median), ("largest", np.max)):
            assert split.facts[f"{name}_drift"][l] == function(rho)
            assert split.facts[f"{name}_drift_since_birth"][l] == function(since_birth)
            assert function(since_birth) > function(rho)


def test_7_at_stage_2_it_is_rho_and_later_it_is_not():
    result = run(hidden=(5, 4), sigma=np.inf)
    for t, same in ((2, True), (6, False)):
        arrays = result.of_stage(t, "split")[0].arrays
        for l in (1, 2):
            assert np.array_equal(arrays[f"drift/{l}"], arrays[f"drift_since_birth/{l}"]) == same


@pytest.mark.parametrize("options", dense((5, 4)) + slow_images, ids=name_of)
def test_7_drift_below_sigma_adds_up(options):
    """Never split, a first unit ends farther from its birth than it ever moved in one stage."""
    result = run(**(options | {"sigma": np.inf}))
    steps = [result.of_stage(t, "split")[0].arrays for t in range(2, 7)]
    largest_move = max(arrays["drift/1"][0] for arrays in steps)
    assert steps[-1]["drift_since_birth/1"][0] > largest_move


def test_7_relative_drift_since_birth():
    result = run(hidden=(5, 4), drift="relative", sigma=np.inf)
    arrays = result.of_stage(3, "split")[0].arrays
    now, then = result.of_stage(3, "split")[0].before, result.ends[0]
    unit = int(arrays["older/1"][0])
    norm = np.sqrt(np.sum(then.weights[0][:, unit].astype(float) ** 2) + float(then.biases[0][unit]) ** 2)
    change = np.sqrt(np.sum((now.weights[0][:, unit].astype(float) - then.weights[0][:, unit]) ** 2)
                     + (float(now.biases[0][unit]) - float(then.biases[0][unit])) ** 2)
    assert arrays["drift_since_birth/1"][0] == pytest.approx(change / norm, rel=1e-6)


@pytest.mark.parametrize("options", dense((5, 4)) + slow_images, ids=name_of)
def test_7_births_are_kept_as_they_were(options):
    result = run(**options)
    birth, network = result.den.birth, result.den.network
    for l, fan in enumerate(network.fan[:-1]):
        assert birth.weights[l].shape == network.weights[l].shape and birth.weights[l].dtype == network.dtype
        for unit, stage in enumerate(network.introduced[l]):
            then = result.ends[stage - 1].stacks[l][..., unit]
            born = birth.weights[l][:, unit].reshape(fan, -1)
            assert np.array_equal(born[:, :then.shape[1]], then)
            assert not born[:, then.shape[1]:].any()
            assert birth.biases[l][unit] == result.ends[stage - 1].biases[l][unit]
    assert result.den.capacity().stored == {"birth": sum(a.size for a in network.weights + network.biases)}
