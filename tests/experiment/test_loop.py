"""The run: what it measures, what it hands to a method, what it lets go."""

import dataclasses
import gc
import hashlib
import weakref

import numpy as np
import pytest

from den_ref.den.algorithm import DEN
from den_ref.den.config import DENConfig
from den_ref.experiment import branch, read_results, read_step, run
from den_ref.experiment.one_run.checkpoint import begin, learnt, load
from den_ref.experiment.disk.json_files import differences
from den_ref.experiment.one_run.display import Display
from den_ref.experiment.one_run.plan import make_plan
from den_ref.methods import REGISTRY
from den_ref.methods.registry import methods_on
from den_ref.protocol import TASK_INCREMENTAL
from den_ref.settings import Settings, at_least, option
from den_ref.tasks import make_stream, stream_from_arrays
from tests.helpers.every_method import DRAWN, EVERY_METHOD, small
from tests.helpers.tiny_method import Tiny

SMALL = {"n_tasks": 3}


def learnt_by_hand(stream, n_tasks, seed=0):
    method = Tiny(seed=seed)
    for task in stream.tasks[:n_tasks]:
        method.learn(task)
    return method


def test_R_is_what_a_method_learnt_by_hand_scores():
    stream = make_stream("toy", seed=4, **SMALL)
    done = run(Tiny, stream, seed=4)
    for i in range(3):
        method = learnt_by_hand(stream, i + 1, seed=4)
        for j, task in enumerate(stream.tasks):
            if j > i:
                assert np.isnan(done.R["auroc"][i, j]) and np.isnan(done.R["accuracy"][i, j])
                continue
            scores, labels = method.scores(task.id, task.x_test)[:, 0], task.y_test[:, 0]
            above = scores[labels == 1][:, None] - scores[labels == 0]
            assert done.R["auroc"][i, j] == pytest.approx(np.mean((above > 0) + (above == 0) / 2), abs=1e-12)
            assert done.R["accuracy"][i, j] == np.mean((scores > 0) == labels)


def test_the_same_by_name_and_by_object():
    options = {"rate": 0.3}
    by_object = run(Tiny, make_stream("toy", seed=1, **SMALL), seed=1, settings=Tiny.Config(**options))
    by_name = run(Tiny, "toy", seed=1, settings=options, **SMALL)
    assert by_object.identity == by_name.identity
    assert by_object.R["auroc"].tobytes() == by_name.R["auroc"].tobytes()


def test_the_seed_reaches_stream_and_method():
    first, second = (run(Tiny, "toy", seed=seed, n_tasks=1) for seed in (0, 1))
    assert first.identity["stream"] != second.identity["stream"]
    assert not np.array_equal(first.method.model.heads[0], second.method.model.heads[0])


def test_capacity_stands_beside_separate_networks():
    stream = make_stream("toy", **SMALL)
    done = run(Tiny, stream)
    separate = (stream.n_inputs * 312 + 312) + (312 * 128 + 128) + (128 * 1 + 1)
    for learnt_tasks, size in enumerate(done.capacities, start=1):
        assert size["allocated"] == learnt_tasks * (stream.n_inputs + 1)
        assert size["per_task"] == [stream.n_inputs + 1] * learnt_tasks
        assert size["stl"] == learnt_tasks * separate
        assert size["allocated_share"] == (stream.n_inputs + 1) / separate


def test_without_out_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(Tiny, "toy", **SMALL)
    assert list(tmp_path.iterdir()) == []


def test_steps_and_their_networks_are_let_go():
    alive = []

    class Watch(Display):
        def step(self, step):
            alive.append(weakref.ref(step))

    run(Tiny, "toy", display=Watch(), **SMALL)
    gc.collect()
    assert len(alive) == 6 and not any(reference() for reference in alive)


def test_a_display_hears_everything_in_order():
    heard = []

    class Watch(Display):
        def __getattribute__(self, name):
            return lambda *_: heard.append(name)

    run(Tiny, "toy", settings={"epochs": 2}, display=Watch(), n_tasks=2)
    per_task = ["stage", "step", "progress", "progress", "step", "learnt"]
    assert heard == ["started", *per_task, *per_task, "finished"]


# --- kept steps --------------------------------------------------------------------------------------------------


def test_kept_steps_hold_what_each_step_changed(tmp_path):
    done = run(Tiny, "toy", out=tmp_path, keep_steps=True, **SMALL)
    for number in range(1, 7):
        header, arrays = read_step(tmp_path, number)
        task_id = (number - 1) // 2
        described = done.stages[task_id]["steps"][(number - 1) % 2]
        assert {key: header[key] for key in described} == described
        chosen = {"arrays/order"} if header["box"] == "descend" else set()
        first = header["box"] == "draw"                                # then the other tasks' heads are there as well
        changed = {f"after/heads/{i}" for i in range(task_id + 1) if first or i == task_id}
        assert header["first"] == first and set(arrays) == chosen | changed
    assert (arrays["after/heads/2"] == done.method.model.heads[2]).all()


@pytest.mark.slow
def test_kept_steps_of_den_together_are_its_network(tmp_path):
    done = run("den", "toy", n_tasks=3, out=tmp_path, keep_steps=True, settings={"hidden": (8, 6), "sigma": 0.0})
    arrays = {}
    for number in range(1, done.stages[-1]["steps"][-1]["number"] + 1):
        header, changed = read_step(tmp_path, number)
        for name in header["removed"]:
            del arrays[name]
        arrays |= {name.removeprefix("after/"): array for name, array in changed.items() if name.startswith("after/")}
    expected = done.method.network.arrays()
    assert set(arrays) == set(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(arrays[name], array, err_msg=name)


def test_kept_steps_of_an_unfinished_stage_go(tmp_path):
    run(Tiny, "toy", out=tmp_path, keep_steps=True, n_tasks=1)
    reference = sorted(path.name for path in (tmp_path / "steps").iterdir())
    (tmp_path / "network.npz").unlink()
    (tmp_path / "results.json").unlink()
    (tmp_path / "steps" / "007.npz").write_bytes(b"left over")
    run(Tiny, "toy", out=tmp_path, keep_steps=True, resume=True, n_tasks=1)
    assert sorted(path.name for path in (tmp_path / "steps").iterdir()) == reference == ["001.npz", "002.npz"]


def test_keep_steps_needs_a_folder():
    with pytest.raises(ValueError, match="keep_steps: expected a folder"):
        run(Tiny, "toy", keep_steps=True)


# --- checkpoints -------------------------------------------------------------------------------------------------


class Crash(Exception):
    pass


class CrashAt(Display):
    """Raises at the n-th thing it hears."""

    def __init__(self, moment):
        self.left = moment

    def _tick(self, *_):
        self.left -= 1
        if self.left == 0:
            raise Crash

    stage = progress = step = learnt = _tick


def same_end(one, other):
    assert one.R["auroc"].tobytes() == other.R["auroc"].tobytes()
    assert one.R["accuracy"].tobytes() == other.R["accuracy"].tobytes()
    states = one.method.state(), other.method.state()
    assert set(states[0]) == set(states[1])
    return all(states[0][name].tobytes() == states[1][name].tobytes() for name in states[0])


@pytest.mark.parametrize("moment", range(1, 22))
def test_crashed_anywhere_a_run_resumes_to_the_same_end(tmp_path, moment):
    straight = run(Tiny, "toy", **SMALL)
    with pytest.raises(Crash):
        run(Tiny, "toy", out=tmp_path, display=CrashAt(moment), **SMALL)
    assert learnt(tmp_path) == moment // 7                    # 7 things are heard per task; the last comes after saving
    resumed = run(Tiny, "toy", out=tmp_path, resume=True, **SMALL)
    assert same_end(straight, resumed)
    assert same_end(straight, run(Tiny, "toy", out=tmp_path, resume=True, **SMALL))


@pytest.mark.parametrize("moment", [8, 11, 14, 20])
def test_crashed_and_resumed_the_kept_steps_are_those_of_a_run_in_one_go(tmp_path, moment):
    """Those of finished tasks stay, those of the unfinished one are made again; bit for bit."""
    run(Tiny, "toy", out=tmp_path / "straight", keep_steps=True, **SMALL)
    with pytest.raises(Crash):
        run(Tiny, "toy", out=tmp_path / "crashed", keep_steps=True, display=CrashAt(moment), **SMALL)
    run(Tiny, "toy", out=tmp_path / "crashed", keep_steps=True, resume=True, **SMALL)
    straight, crashed = ({path.name: path.read_bytes() for path in (tmp_path / name / "steps").iterdir()}
                         for name in ("straight", "crashed"))
    assert sorted(crashed) == sorted(straight) == [f"{number:03d}.npz" for number in range(1, 7)]
    assert crashed == straight


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("loss", [pytest.param("toy", marks=pytest.mark.slow), "softmax"])
def test_every_method_resumes_to_the_same_end(tmp_path, name, loss):
    options = {"settings": small(name)}
    if loss == "toy":
        stream, options["n_tasks"] = "toy", 3
    else:
        stream = softmax_stream()
    straight = run(name, stream, **options)
    for task in range(2):
        if task == 1:                                              # nor is one that branches off here another
            branched = branch(tmp_path, stream=stream, out=tmp_path / "branch")
            assert same_end(straight, branched)
        with pytest.raises(Crash):
            run(name, stream, out=tmp_path, resume=True, display=CrashAfterTask(), **options)
    resumed = run(name, stream, out=tmp_path, resume=True, **options)
    assert same_end(straight, resumed)


# --- branching ---------------------------------------------------------------------------------------------------


def files_of(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_branch_goes_on_with_other_options_and_leaves_the_run_alone(tmp_path):
    stream = make_stream("toy", seed=4)
    first = run(Tiny, "toy", seed=4, n_tasks=2, out=tmp_path / "run")
    before = files_of(tmp_path / "run")
    branched = branch(tmp_path / "run", method=Tiny, settings={"rate": 0.4}, order="3,2", out=tmp_path / "branch")
    assert files_of(tmp_path / "run") == before

    by_hand = learnt_by_hand(stream, 2, seed=4)
    by_hand.config = dataclasses.replace(by_hand.config, rate=0.4)
    for task in (stream.tasks[3], stream.tasks[2]):
        by_hand.learn(task)
    states = branched.method.state(), by_hand.state()
    assert all(states[0][name].tobytes() == states[1][name].tobytes() for name in states[0])

    assert branched.task_ids == [0, 1, 3, 2] and branched.complete
    assert branched.R["auroc"][:2, :2].tobytes() == first.R["auroc"].tobytes()
    there = read_results(tmp_path / "branch")["run"]["from"]
    assert there == {"folder": str(tmp_path / "run"), "stages": 2, "options": {"rate": 0.1},
                     "sha256": hashlib.sha256((tmp_path / "run" / "network.npz").read_bytes()).hexdigest()}


@pytest.mark.parametrize("moment", [3, 8, 13])
def test_a_branch_that_crashed_resumes_to_the_same_end(tmp_path, moment):
    run(Tiny, "toy", n_tasks=2, out=tmp_path / "run")
    whole = branch(tmp_path / "run", method=Tiny, settings={"rate": 0.4})
    crashing = {"method": Tiny, "settings": {"rate": 0.4}, "out": tmp_path / "branch"}
    with pytest.raises(Crash):
        branch(tmp_path / "run", display=CrashAt(moment), **crashing)
    assert learnt(tmp_path / "branch") == (0 if moment < 7 else 3)
    assert same_end(whole, branch(tmp_path / "run", resume=True, **crashing))
    with pytest.raises(ValueError, match="from.options.rate: 0.1 there, None here; options.rate: 0.4 there, 0.1 here"):
        branch(tmp_path / "run", method=Tiny, out=tmp_path / "branch", resume=True)
    run(Tiny, "toy", n_tasks=3, seed=1, out=tmp_path / "other")
    (tmp_path / "run" / "network.npz").write_bytes((tmp_path / "other" / "network.npz").read_bytes())
    with pytest.raises(ValueError, match="out: .* holds a run of another configuration .*from.sha256"):
        branch(tmp_path / "run", resume=True, **crashing)


@pytest.mark.parametrize("change, words", [
    ({"settings": {"hidden": (5,)}}, r"hidden: expected \[4\], with which .* has learnt, got \[5\]; .*hidden, .*, dtype"),
    ({"settings": {"dtype": "float64"}}, "dtype: expected 'float32', with which"),
    ({"settings": {"epoch": 1}}, "options: unknown name 'epoch' .did you mean 'epochs'"),
    ({"settings": DENConfig()}, "settings: expected a dict or NetworkConfig for stl, got DENConfig"),
    ({"method": "mtl"}, "from: expected the method, seed and stream of .*method: 'stl' there, 'mtl' here"),
    ({"seed": 1}, "from: .*seed: 0 there, 1 here; stream.seed: 0 there, 1 here"),
    ({"stream": lambda: softmax_stream()}, "from: .*stream.name: 'toy' there, 'arrays' here"),
    ({"dtype": "float64"}, "from: .*stream.dtype: 'float32' there, 'float64' here"),
    ({"order": "2,0"}, "order: expected tasks that .* has not learnt, got 0"),
    ({"order": "7"}, "order: expected ids of tasks in stream 'toy'"),
    ({"n_tasks": 4}, "n_tasks: expected an integer from 1 to 3, got 4"),
    ({"stream": lambda: make_stream("toy").first(1)}, "from: expected a run with tasks left .* of the stream 'toy'"),
])
def test_a_branch_that_cannot_be_is_refused(tmp_path, change, words):
    run("stl", "toy", n_tasks=1, settings={"hidden": (4,), "epochs": 0}, out=tmp_path / "run")
    change = {name: value() if callable(value) else value for name, value in change.items()}
    with pytest.raises(ValueError, match=words):
        branch(tmp_path / "run", out=tmp_path / "branch", **change)
    assert not list(tmp_path.glob("branch/*"))
    with pytest.raises(FileNotFoundError, match="from: expected the folder of a run, but .* does not exist"):
        branch(tmp_path / "nowhere")


@pytest.mark.parametrize("name", EVERY_METHOD)
def test_what_is_fixed_is_an_option(name):
    assert set(REGISTRY[name].fixed) <= {field.name for field in dataclasses.fields(REGISTRY[name].Config)}


def softmax_stream():
    rng = np.random.default_rng(0)
    splits = [(rng.normal(size=(60, 5)), np.arange(60) % 3) for _ in range(9)]
    tasks = [{"id": name, "x_train": a[0], "y_train": a[1], "x_valid": b[0], "y_valid": b[1], "x_test": c[0],
              "y_test": c[1]} for name, a, b, c in zip("abc", splits[::3], splits[1::3], splits[2::3])]
    return stream_from_arrays(tasks, loss="softmax")


class CrashAfterTask(Display):
    def learnt(self, run):
        raise Crash


def test_same_end_can_fail():
    assert not same_end(run(Tiny, "toy", n_tasks=1), _with_one_bit_more(run(Tiny, "toy", n_tasks=1)))


def _with_one_bit_more(done):
    head = done.method.model.heads[0]
    head[0] = np.nextafter(head[0], 1)
    return done


@pytest.mark.parametrize("call", range(1, 7))
def test_crashed_while_writing_a_run_resumes_to_the_same_end(tmp_path, monkeypatch, call):
    import os
    calls, replace = iter(range(1, 100)), os.replace

    def crash(*paths):
        if next(calls) == call:
            raise Crash
        replace(*paths)

    with monkeypatch.context() as patched, pytest.raises(Crash):
        patched.setattr(os, "replace", crash)
        run(Tiny, "toy", out=tmp_path, **SMALL)
    assert same_end(run(Tiny, "toy", **SMALL), run(Tiny, "toy", out=tmp_path, resume=True, **SMALL))


def test_a_method_that_needs_all_data_gets_it_back_without_test_arrays(tmp_path):
    given = []

    class Hungry(Tiny):
        name = "hungry"
        needs_all_data = True

        @classmethod
        def from_state(cls, state, config=None, seen=()):
            given.extend(seen)
            return super().from_state(state, config)

    with pytest.raises(Crash):
        run(Hungry, "toy", out=tmp_path, display=CrashAt(16), **SMALL)
    run(Hungry, "toy", out=tmp_path, resume=True, **SMALL)
    assert [task.id for task in given] == [0, 1] and all(task.x_test is None for task in given)


def test_load_gives_the_network_back(tmp_path, monkeypatch):
    done = run(Tiny, "toy", settings={"rate": 0.2}, out=tmp_path, **SMALL)
    x = np.random.default_rng(0).normal(size=(5, make_stream("toy").n_inputs)).astype(np.float32)
    with pytest.raises(ValueError, match="method: expected one of .*, got 'tiny'"):
        load(tmp_path)
    monkeypatch.setitem(REGISTRY, "tiny", Tiny)
    network = load(str(tmp_path))
    assert network.config.rate == 0.2 and network.tasks == [0, 1, 2]
    np.testing.assert_array_equal(network.scores(1, x), done.method.scores(1, x))
    np.testing.assert_array_equal(network.predict(1, x), done.method.scores(1, x) > 0)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize("name", [name if name in ("den", "stl", "mtl") else pytest.param(name, marks=pytest.mark.slow)
                                  for name in methods_on(TASK_INCREMENTAL)])
def test_load_serves_every_method(tmp_path, name):
    done = run(name, "toy", n_tasks=2, settings=small(name), out=tmp_path)
    x = np.random.default_rng(0).normal(size=(5, make_stream("toy").n_inputs)).astype(np.float32)
    network = load(tmp_path)
    for task_id in (0, 1):
        np.testing.assert_array_equal(network.scores(task_id, x), done.method.scores(task_id, x))
        np.testing.assert_array_equal(network.predict(task_id, x), done.method.predict(task_id, x))


# --- refusals ----------------------------------------------------------------------------------------------------


@pytest.fixture
def finished(tmp_path):
    run(Tiny, "toy", out=tmp_path, **SMALL)
    return tmp_path


def test_resuming_a_finished_run_writes_its_results_again(finished):
    before = (finished / "results.json").read_bytes()
    (finished / "results.json").unlink()
    run(Tiny, "toy", out=finished, resume=True, **SMALL)
    assert (finished / "results.json").read_bytes() == before


def test_ids_that_cannot_be_stored_are_refused_before_learning(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 3)), np.arange(40) % 2
    data = {f"{kind}_{split}": array for split in ("train", "valid", "test") for kind, array in (("x", x), ("y", y))}
    plan = make_plan(Tiny, stream_from_arrays([{"id": frozenset("ab"), **data}]))
    begin(plan)                                                    # learnt, but not stored: fine
    with pytest.raises(TypeError, match="task id: expected a number, text"):
        begin(plan, tmp_path)


def test_a_folder_with_a_run_is_refused_without_resume(finished):
    before = (finished / "network.npz").read_bytes()
    with pytest.raises(ValueError, match="already holds a run"):
        run(Tiny, "toy", out=finished, **SMALL)
    assert (finished / "network.npz").read_bytes() == before


@pytest.mark.parametrize("change, words", [
    ({"seed": 1}, "seed: 0 there, 1 here"),
    ({"settings": {"rate": 0.2}}, "options.rate: 0.1 there, 0.2 here"),
    ({"n_tasks": 2}, r"stream.order: \[0, 1, 2\] there, \[0, 1\] here"),
    ({"order": "2,1,0", "n_tasks": None}, r"stream.order: \[0, 1, 2\] there, \[2, 1, 0\] here"),
    ({"dtype": "float64"}, "stream.dtype: 'float32' there, 'float64' here"),
])
def test_a_run_of_another_configuration_is_refused_with_the_difference(finished, change, words):
    with pytest.raises(ValueError, match=f"another configuration .*{words}"):
        run(Tiny, "toy", out=finished, resume=True, **{**SMALL, **change})


@dataclasses.dataclass(frozen=True)
class OlderConfig(Settings):
    """Tiny's before its pause was an option."""

    rate: float = option(0.1, "step", at_least(0))
    epochs: int = option(3, "passes", at_least(1))
    pause = 0.0


def test_an_option_that_is_younger_than_a_run_stands_at_its_default(tmp_path, monkeypatch):
    with monkeypatch.context() as before:
        before.setattr(Tiny, "Config", OlderConfig)
        older = run(Tiny, "toy", out=tmp_path, **SMALL)
    assert "pause" not in older.identity["options"]
    assert run(Tiny, "toy", out=tmp_path, resume=True, **SMALL).R["auroc"].tobytes() == older.R["auroc"].tobytes()
    with pytest.raises(ValueError, match="options.pause: 0.0 there, 0.5 here"):
        run(Tiny, "toy", out=tmp_path, resume=True, settings={"pause": 0.5}, **SMALL)


def test_a_run_of_another_version_is_refused(finished, monkeypatch):
    monkeypatch.setattr("den_ref.__version__", "99.0")
    with pytest.raises(ValueError, match="den_ref: '.*' there, '99.0' here"):
        run(Tiny, "toy", out=finished, resume=True, **SMALL)


def test_a_damaged_checkpoint_is_refused(finished):
    path = finished / "network.npz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="network.npz: not a den_ref network, or a damaged one"):
        run(Tiny, "toy", out=finished, resume=True, **SMALL)


def test_results_without_a_checkpoint_are_not_overwritten(finished):
    (finished / "network.npz").unlink()
    for resume in (False, True):
        with pytest.raises(ValueError, match="results.json"):
            run(Tiny, "toy", out=finished, resume=resume, **SMALL)


def test_resume_in_an_empty_or_missing_folder_starts(tmp_path):
    for folder in (tmp_path, tmp_path / "a" / "b"):
        assert run(Tiny, "toy", out=folder, resume=True, n_tasks=1).complete


def test_out_must_be_a_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="out: expected a folder that can be made"):
        begin(make_plan(Tiny, "toy"), tmp_path / "file")
    with pytest.raises(ValueError, match="resume: expected a folder"):
        begin(make_plan(Tiny, "toy"), None, resume=True)


def test_a_folder_that_cannot_be_written_to_is_refused_before_learning(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)        # file modes do not stop root
    with pytest.raises(ValueError, match="out: expected a folder that can be written to"):
        begin(make_plan(Tiny, "toy"), tmp_path)


@pytest.mark.parametrize("change, words", [
    ({"method": "dem"}, r"method: expected one of .*, got 'dem' \(did you mean 'den'\?\)"),
    ({"method": DEN()}, r"a Method class, got <DEN.*>; a run makes its own: run\(DEN, \.\.\., settings="),
    ({"stream": "tov"}, r"stream: expected one of .*, got 'tov' \(did you mean 'toy'\?\)"),
    ({"method": "den", "tau": 1}, r'tau: expected .* did you mean settings=\{"tau": 1\} \(--set tau=1\)\?'),
    ({"method": "den", "stream": make_stream("toy"), "taw": 1}, r'taw: .* did you mean settings=\{"tau": 1\}'),
    ({"method": "den", "n_task": 2}, r"n_task: expected an option of toy .*did you mean 'n_tasks'\?"),
    ({"seed": -1}, "seed: expected an integer >= 0, got -1"),
    ({"seed": 1.5}, "seed: expected an integer >= 0, got 1.5"),
    ({"settings": {"rat": 1}}, r"options: unknown name 'rat' \(did you mean 'rate'\?\)"),
    ({"method": "stl", "settings": DENConfig()}, "settings: expected a dict or NetworkConfig for stl, got DENConfig"),
    ({"method": "dnn-selective", "settings": {"tau": 0.3}}, "tau: expected one of inf, got 0.3"),
    ({"stream": make_stream("toy"), "n_tasks": 2}, r"stream: options \['n_tasks'\] need a stream given by name"),
])
def test_a_bad_plan_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        make_plan(**{"method": Tiny, "stream": "toy", **change})


def test_differences_name_every_place():
    there = {"a": {"b": [1, 2], "c": 0}, "d": 1}
    assert list(differences(there, there)) == []
    assert list(differences(there, {"a": {"b": [1, 3], "c": 0}, "e": 1})) == [
        "a.b: [1, 2] there, [1, 3] here", "d: 1 there, None here", "e: None there, 1 here"]


@pytest.mark.parametrize(("arguments", "words"), [
    (("tiny", "toy"), "method: expected one of"), ((Tiny, [1]), r"stream: expected the name of a stream or a Stream .*got \[1\]"),
    ((Tiny, None), "stream: expected .*got None"), ((5, "toy"), "method: expected the name of a method, .*got 5"),
    ((Tiny, "toy", 5), "settings: expected a dict or .*got 5")])
def test_what_is_no_plan_is_refused_by_name(arguments, words):
    method, stream, *settings = arguments
    with pytest.raises(ValueError, match=words):
        make_plan(method, stream, settings=settings[0] if settings else None)
