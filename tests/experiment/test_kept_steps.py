"""Steps read back from the disk are the steps that were taken."""

import numpy as np
import pytest

import den_ref
from den_ref.core.flat import Flat
from den_ref.den.network import Network
from den_ref.experiment import Display, kept_steps
from den_ref.experiment.disk.steps import write_step
from den_ref.methods import REGISTRY
from den_ref.plots import show
from den_ref.protocol import Step

QUICK = {"epochs_eq2": 2, "epochs_eq4": 1, "epochs_eq5": 2, "epochs_eq6": 1, "sigma": 0.0}


class Keeping(Display):
    """Keeps the steps themselves."""

    def __init__(self):
        self.steps = []

    def step(self, step):
        self.steps.append(step)


def taken_and_read(folder, method="den", settings=QUICK, n_tasks=2):
    watch = Keeping()
    den_ref.run(method, "toy", n_tasks=n_tasks, out=folder, keep_steps=True, settings=settings, display=watch)
    return watch.steps, list(kept_steps(folder))


def arrays(model):
    return model.views if isinstance(model, Flat) else model.arrays()


def assert_same_model(one, other):
    assert type(one) is type(other)
    assert arrays(one).keys() == arrays(other).keys()
    for name, array in arrays(one).items():
        np.testing.assert_array_equal(array, arrays(other)[name], err_msg=name)


def test_steps_of_den_come_back_whole(tmp_path):
    taken, read = taken_and_read(tmp_path)
    assert len(taken) == len(read) > 8
    for one, other in zip(taken, read):
        assert str(one) == str(other) and one.box == other.box and one.seconds == other.seconds
        assert one.arrays.keys() == other.arrays.keys()
        assert all(np.array_equal(array, other.arrays[name]) for name, array in one.arrays.items())
        assert_same_model(one.after, other.after)
        assert [(h.task, h.stage, h.loss) for h in one.after.heads] == [(h.task, h.stage, h.loss)
                                                                       for h in other.after.heads]
    assert read[0].before is None
    for one, other in zip(taken[2:], read[2:]):
        assert_same_model(one.before, other.before)


def test_scores_of_a_rebuilt_network(tmp_path):
    taken, read = taken_and_read(tmp_path)
    x = np.random.default_rng(0).normal(size=(9, 12)).astype(np.float32)
    for task_id in (0, 1):
        np.testing.assert_array_equal(read[-1].after.scores(task_id, x), taken[-1].after.scores(task_id, x))


def test_solves_come_back_with_their_history(tmp_path):
    taken, read = taken_and_read(tmp_path)
    for one, other in zip(taken, read):
        assert (one.solve is None) == (other.solve is None)
        if one.solve is not None:
            numbers = ("nit", "fun", "residual", "gap", "prox_residual")
            assert [one.solve.get(name) for name in numbers] == [other.solve.get(name) for name in numbers]
            assert ("residual" in one.solve) == (one.box == "eq3") != ("prox_residual" in one.solve)
            assert one.solve.history == other.solve.history


@pytest.mark.parametrize("method", ["stl", "mtl"])
def test_flat_models_come_back(tmp_path, method):
    taken, read = taken_and_read(tmp_path, method, {"epochs": 1})
    for one, other in zip(taken, read, strict=True):
        assert_same_model(one.after, other.after)


@pytest.mark.parametrize("method", ["ella", "gomtl"])
def test_models_of_another_kind_come_back_without_their_arrays(tmp_path, method):
    """ELLA's first box has no arrays at all."""
    taken, read = taken_and_read(tmp_path, method, {})
    assert [(str(step), step.box, step.solve.history) for step in read] == [
        (str(step), step.box, step.solve.history) for step in taken]
    assert all(step.before is step.after is None for step in read)


def test_a_stage_that_does_not_begin_where_the_last_one_ended(tmp_path):
    """DEN-Finetune goes on from the network before its tuning: each stage's files stand alone."""
    if "den-finetune" not in REGISTRY:
        pytest.skip("den-finetune is not registered")
    taken, read = taken_and_read(tmp_path, "den-finetune", QUICK | {"finetune_epochs": 1})
    for one, other in zip(taken, read, strict=True):
        assert_same_model(one.after, other.after)


def test_kept_steps_show_what_the_steps_showed(tmp_path):
    taken, read = taken_and_read(tmp_path)
    for one, other in list(zip(taken, read))[-4:]:
        a, b = show(one), show(other)
        assert [len(ax.get_children()) for ax in a.axes] == [len(ax.get_children()) for ax in b.axes]
        lines = [[line.get_xydata() for ax in figure.axes for line in ax.lines] for figure in (a, b)]
        for x, y in zip(*lines, strict=True):
            np.testing.assert_array_equal(x, y)


def test_a_folder_without_steps(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"folder: expected a run with kept steps \(--keep-steps\), got "):
        next(kept_steps(tmp_path))


def test_a_missing_step_is_named(tmp_path):
    _, read = taken_and_read(tmp_path)
    assert isinstance(read[4].after, Network)
    (tmp_path / "steps" / "004.npz").unlink()
    with pytest.raises(ValueError, match=r"expected steps/004\.npz"):
        list(kept_steps(tmp_path))


def test_steps_of_later_stages_alone(tmp_path):
    _, read = taken_and_read(tmp_path)
    for number in (1, 2):
        (tmp_path / "steps" / f"{number:03d}.npz").unlink()
    later = list(kept_steps(tmp_path))
    assert [step.stage for step in later] == [2] * (len(read) - 2)
    assert_same_model(later[-1].after, read[-1].after)
    (tmp_path / "steps" / "003.npz").unlink()
    with pytest.raises(ValueError, match="all since its stage began"):
        list(kept_steps(tmp_path))


def test_an_array_that_a_step_took_away_does_not_come_back(tmp_path):
    names = {"W1": (2, 3), "V": (3, 1), "b1": (3,), "c": (1,)}
    more, less = Flat({**names, "a2": (2,)}, np.float64), Flat(names, np.float64)
    kept = tmp_path / "steps"
    kept.mkdir()
    write_step(kept, Step(1, 0, "grow", "A title", "a sentence", after=more), 1, first=True)
    write_step(kept, Step(1, 0, "prune", "A title", "a sentence", before=more, after=less), 2, first=False)
    assert [list(step.after.shapes) for step in kept_steps(tmp_path)] == [list(more.shapes), list(less.shapes)]
