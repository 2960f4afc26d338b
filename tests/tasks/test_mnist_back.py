"""MNIST-Back: digits on patches, what is drawn for whom, photographs and the original files in their place."""

import functools

import numpy as np
import pytest

import den_ref.tasks.amat as amat
from den_ref.tasks import make_stream
from den_ref.tasks.back import COMPOSITIONS, lay_on
from den_ref.tasks.digits import load_digits
from den_ref.tasks.patches import Patches
from den_ref.tasks.stream import SPLITS
from den_ref.tasks.textures import made_textures

SMALL = {"per_class": (20, 5, 10), "textures": 3, "size": 64}
PATCHES = Patches.of(made_textures(0, 3, 64, 2.0), 0.06)


def fresh(seed=0, **options):
    return make_stream("mnist-back", seed=seed, **SMALL | options)


small = functools.cache(fresh)


def samples(stream, split):
    return getattr(stream.tasks[0], f"x_{split}")


# --- the pictures ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, formula", [("max", max), ("over", lambda d, p: p + d * (1 - p))])
@pytest.mark.parametrize("contrast", [0.4, 1.0])
def test_compositions_pixel_by_pixel(name, formula, contrast):
    digits = np.random.default_rng(0).random((5, 28, 28), dtype=np.float32)
    patches = PATCHES[PATCHES.drawn(5, np.random.default_rng(1))]
    got = lay_on(PATCHES, digits.copy(), contrast, COMPOSITIONS[name], np.random.default_rng(1), chunk=2)
    expected = [formula(d, np.float32(contrast) * p) for d, p in zip(digits.flat, patches.flat)]
    np.testing.assert_allclose(got.ravel(), expected, atol=1e-6)
    assert got.dtype == np.float32 and 0 <= got.min() and got.max() <= 1


def test_without_background_they_are_the_digits_of_mnist_variation():
    """The same angles too, so that the two streams differ in their backgrounds alone."""
    plain = make_stream("mnist-variation", seed=2, amplitude=0, per_class=SMALL["per_class"])
    for composition in COMPOSITIONS:
        bare = fresh(2, contrast=0, composition=composition)
        for split in SPLITS:
            np.testing.assert_array_equal(samples(bare, split), samples(plain, split))


def test_backgrounds_have_the_deviation_and_the_mean_of_the_textures():
    """Where a digit's image is empty there is background alone; of equalised textures its mean is a half."""
    patches = PATCHES[PATCHES.drawn(4000, np.random.default_rng(0))]
    assert patches.std(axis=(1, 2)).min() >= 0.06 - 1e-6
    assert patches.mean() == pytest.approx(0.5, abs=0.05)


def test_neighbouring_pixels_are_alike_as_in_nature_and_less_so_with_a_smaller_beta():
    alike = []
    for beta in (0.0, 1.5, 2.2, 3.0):
        corner = samples(small(beta=beta, rotation=0), "train").reshape(-1, 28, 28)[:, :3, :3]
        alike.append(np.corrcoef(corner[:, 0, 0], corner[:, 0, 1])[0, 1])
    assert alike == sorted(alike) and alike[0] < 0.15 and alike[2] > 0.7


# --- tasks and seeds ---------------------------------------------------------------------------------------------


def test_one_versus_rest_over_one_pool():
    stream, digits = small(), load_digits(per_class=SMALL["per_class"])
    assert stream.ids == tuple(range(10)) and stream.n_inputs == 784
    for task in stream.tasks:
        for split in SPLITS:
            x, y = getattr(task, f"x_{split}"), getattr(task, f"y_{split}")
            assert x is samples(stream, split) and x.dtype == y.dtype == np.float32
            assert y[:, 0].tolist() == [float(label == task.id) for label in digits.labels[split]]
    train = samples(stream, "train").astype(float)
    np.testing.assert_allclose(train.mean(axis=0), 0, atol=1e-6)
    assert np.sqrt((train ** 2).mean()) == pytest.approx(1, abs=1e-6)


def test_same_seed_same_bytes_and_another_seed_other_bytes():
    again = fresh(3)
    for split in SPLITS:
        assert samples(small(3), split).tobytes() == samples(again, split).tobytes()
        assert (samples(small(3), split) != samples(small(4), split)).mean() > 0.9


def test_size_of_one_split_changes_no_other():
    for split, per_class in (("train", (20, 8, 12)), ("valid", (20, 5, 12)), ("test", (20, 8, 10))):
        np.testing.assert_array_equal(samples(small(per_class=per_class), split), samples(small(), split))


def test_both_dtypes_have_the_same_images():
    narrow, wide = samples(small(), "test"), samples(small(dtype="float64"), "test")
    assert narrow.dtype == np.float32 and wide.dtype == np.float64
    np.testing.assert_allclose(narrow, wide, atol=1e-5)


def test_facts_tell_streams_apart():
    options = ({}, {"seed": 1}, {"rotation": 90}, {"beta": 2.2}, {"contrast": 0.5}, {"textures": 2}, {"size": 65},
               {"deviation": 0.1}, {"composition": "over"}, {"dtype": "float64"}, {"per_class": (20, 5, 11)})
    facts = [small(**changed).facts for changed in options]
    assert all(facts.count(fact) == 1 for fact in facts)


# --- photographs and the original files --------------------------------------------------------------------------


def test_textures_read_as_photographs_give_the_same_bytes(tmp_path):
    for i, made in enumerate(made_textures(5, 3, 64, 2.3)):
        np.save(tmp_path / f"{i}.npy", made)
    read = make_stream("mnist-back", seed=5, backgrounds=tmp_path, per_class=SMALL["per_class"])
    assert samples(read, "test").tobytes() == samples(fresh(5), "test").tobytes()
    assert read.facts["backgrounds"]["pictures"] == 3 and "beta" not in read.facts


def test_original_files_replace_everything(tmp_path, monkeypatch):
    for name, n in {"N_TRAIN": 20, "N_VALID": 10, "N_TEST": 10}.items():
        monkeypatch.setattr(amat, name, n)
    images, labels = np.random.default_rng(0).random((40, 784)).astype(np.float32), np.arange(40) % 10
    rows = np.column_stack([images, labels])
    np.savetxt(tmp_path / "mnist_train_valid.amat", rows[:30], "%.9g")
    np.savetxt(tmp_path / "mnist_test.amat", rows[30:], "%.9g")
    stream = make_stream("mnist-back", seed=7, amat=tmp_path)
    mean = images[:20].mean(axis=0, dtype=float)
    deviation = np.sqrt(np.square(images[:20] - mean).mean())
    np.testing.assert_allclose(samples(stream, "test"), (images[30:] - mean) / deviation, atol=1e-5)
    assert stream.tasks[3].y_valid[:, 0].tolist() == [float(label == 3) for label in labels[20:30]]
    turned = make_stream("mnist-back", seed=7, amat=tmp_path, transposed=True)
    assert turned.facts["digits"]["sha256"] != stream.facts["digits"]["sha256"]
    np.testing.assert_array_equal(samples(turned, "test").reshape(10, 28, 28).swapaxes(1, 2).reshape(10, -1),
                                  samples(stream, "test"))


@pytest.mark.parametrize("options, words", [
    ({"amat": "x", "mnist": "y"}, "mnist: expected nothing beside amat, whose images are made, got 'y'"),
    ({"amat": "x", "beta": 2.0}, "beta: expected nothing beside amat"),
    ({"amat": "x", "backgrounds": "y"}, "backgrounds: expected nothing beside amat"),
    ({"backgrounds": "x", "beta": 2.0}, "beta: expected nothing beside backgrounds, which replace the textures"),
    ({"backgrounds": "x", "size": 64}, "size: expected nothing beside backgrounds"),
    ({"transposed": True}, "transposed: expected nothing without amat, got True"),
])
def test_options_that_would_have_no_effect_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        make_stream("mnist-back", **options)


@pytest.mark.parametrize("options, name", [
    ({"rotation": 361}, "rotation"), ({"beta": -1}, "beta"), ({"beta": 5}, "beta"), ({"beta": None}, "beta"),
    ({"contrast": 1.5}, "contrast"), ({"contrast": float("nan")}, "contrast"), ({"deviation": 0.6}, "deviation"),
    ({"deviation": 0.5}, "deviation"), ({"textures": 0}, "textures"), ({"textures": 2.5}, "textures"),
    ({"size": 27}, "size"), ({"size": 5000}, "size"), ({"composition": "under"}, "composition"),
    ({"transposed": "yes"}, "transposed"), ({"seed": -1}, "seed"), ({"dtype": "int8"}, "dtype"),
])
def test_arguments_out_of_range_are_named(options, name):
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        fresh(**options)
