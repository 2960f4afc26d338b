"""MNIST-Variation: the noise, the centring, the labels, and what the seed changes."""

import functools

import numpy as np
import pytest

from den_ref.tasks import make_stream
from den_ref.tasks.digits import load_digits
from den_ref.tasks.pixels import standardised, unit_interval
from den_ref.tasks.stream import SPLITS
from den_ref.tasks.variation import add_noise, varied

SMALL = {"per_class": (20, 5, 10)}


def fresh(seed=0, **options):
    return make_stream("mnist-variation", seed=seed, **SMALL | options)


small = functools.cache(fresh)


def samples(stream, split):
    return getattr(stream.tasks[0], f"x_{split}")


def varied_with_seeds(images, rotation=0.0, amplitude=0.0):
    return varied(images, rotation, amplitude, np.random.default_rng(1), np.random.default_rng(2))


# --- noise -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("amplitude", [0.0, 0.3, 1.0])
def test_noise_is_the_pixelwise_maximum(amplitude):
    images = unit_interval(load_digits(per_class=(20, 1, 1)).images["train"])
    noisy = add_noise(images.copy(), amplitude, np.random.default_rng(0))
    noise_alone = add_noise(np.zeros_like(images), amplitude, np.random.default_rng(0))
    for got, ink, noise in zip(noisy.flat, images.flat, noise_alone.flat):
        assert got == max(ink, noise)
    assert noisy.dtype == np.float32


def test_noise_is_uniform_up_to_its_amplitude():
    noise = add_noise(np.zeros((400, 28, 28), np.float32), 0.5, np.random.default_rng(0)).ravel()
    assert 0 <= noise.min() and noise.max() < 0.5
    shares = np.histogram(noise, bins=10, range=(0, 0.5))[0] / noise.size
    np.testing.assert_allclose(shares, 0.1, atol=0.003)                # five standard deviations
    assert abs(np.corrcoef(noise[:-1], noise[1:])[0, 1]) < 0.01


def test_noise_does_not_depend_on_the_chunk():
    zeros = np.zeros((10, 3, 3), np.float32)
    drawn = [add_noise(zeros.copy(), 1.0, np.random.default_rng(0), chunk=c) for c in (1, 3, 10, 99)]
    assert all((d == drawn[0]).all() for d in drawn)


def test_upright_and_without_noise_nothing_is_varied():
    images = load_digits(per_class=(3, 1, 1)).images["train"]
    np.testing.assert_array_equal(varied_with_seeds(images), images.astype(np.float32) / 255)


def test_angles_cover_their_range_evenly():
    """A dot right of the centre shows by where it ends how far its image was turned."""
    images = np.zeros((3000, 41, 41), np.uint8)
    images[:, 19:22, 38:41] = 255                                      # 19 right of the centre
    turned = varied_with_seeds(images, rotation=180.0)
    row, column = np.mgrid[20:-21:-1, -20:21]
    angle = np.degrees(np.arctan2((turned * row).sum((1, 2)), (turned * column).sum((1, 2))))
    assert -91 < angle.min() < -88 and 88 < angle.max() < 91
    np.testing.assert_allclose(np.histogram(angle, bins=6, range=(-90, 90))[0] / 3000, 1 / 6, atol=0.035)


# --- centring ----------------------------------------------------------------------------------------------------


def test_training_set_is_centred_and_scaled_and_the_others_by_the_same():
    rng = np.random.default_rng(0)
    raw = {split: rng.random((n, 4, 3), dtype=np.float32) for split, n in zip(SPLITS, (50, 20, 30))}
    mean = raw["train"].astype(float).mean(axis=0)
    deviation = np.sqrt(((raw["train"] - mean) ** 2).mean())
    expected = {split: ((array - mean) / deviation).reshape(len(array), 12) for split, array in raw.items()}
    for split, x in standardised({s: a.copy() for s, a in raw.items()}, np.dtype("float32")).items():
        assert x.dtype == np.float32 and x.flags.c_contiguous
        np.testing.assert_allclose(x, expected[split], atol=2e-6)
    for split, x in standardised(raw, np.dtype("float64")).items():
        np.testing.assert_allclose(x, expected[split], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_stream_is_centred(dtype):
    x = samples(small(dtype=dtype), "train").astype(float)
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-6)
    assert np.sqrt((x ** 2).mean()) == pytest.approx(1, abs=1e-6)
    assert abs(samples(small(dtype=dtype), "test").mean(axis=0)).max() > 0.1   # not by its own mean


def test_both_dtypes_have_the_same_images():
    narrow, wide = samples(small(), "test"), samples(small(dtype="float64"), "test")
    assert narrow.dtype == np.float32 and wide.dtype == np.float64
    np.testing.assert_allclose(narrow, wide, atol=1e-5)


# --- tasks -------------------------------------------------------------------------------------------------------


def test_one_versus_rest_over_one_pool():
    stream, digits = small(), load_digits(per_class=SMALL["per_class"])
    assert stream.ids == tuple(range(10)) and stream.n_inputs == 784
    for task in stream.tasks:
        assert (task.loss, task.n_outputs) == ("sigmoid", 1)
        for split in SPLITS:
            x, y = getattr(task, f"x_{split}"), getattr(task, f"y_{split}")
            assert x is samples(stream, split)                         # shared, not copied
            assert x.flags.c_contiguous and y.dtype == x.dtype and y.shape == (len(x), 1)
            assert y[:, 0].tolist() == [float(label == task.id) for label in digits.labels[split]]


# --- the seed ----------------------------------------------------------------------------------------------------


def test_same_seed_same_bytes_and_another_seed_other_bytes():
    again = fresh(3)
    for split in SPLITS:
        assert samples(small(3), split).tobytes() == samples(again, split).tobytes()
        assert (samples(small(3), split) != samples(small(4), split)).mean() > 0.9
    np.testing.assert_array_equal(small(3).tasks[7].y_test, small(4).tasks[7].y_test)


def test_the_seed_does_not_matter_without_variation():
    still = {"rotation": 0, "amplitude": 0}
    np.testing.assert_array_equal(samples(small(3, **still), "test"), samples(small(4, **still), "test"))


def test_size_of_one_split_changes_no_other():
    for split, per_class in (("train", (20, 8, 12)), ("valid", (20, 5, 12)), ("test", (20, 8, 10))):
        np.testing.assert_array_equal(samples(small(per_class=per_class), split), samples(small(), split))


def test_splits_have_noise_of_their_own():
    """Where the digits leave the corners empty there is noise alone: that of image n of one split is not another's."""
    stream = small(rotation=0)
    noise = [samples(stream, split)[:5].reshape(5, 28, 28)[:, :4].ravel() for split in SPLITS]
    assert abs(np.corrcoef(noise) - np.eye(3)).max() < 0.2           # 560 pixels: five standard deviations


def test_facts_tell_streams_apart():
    facts = [small(**options).facts for options in ({}, {"seed": 1}, {"rotation": 90}, {"amplitude": 0.5},
                                                    {"dtype": "float64"}, {"per_class": (20, 5, 11)}, {"order": "1,0"})]
    assert all(facts.count(fact) == 1 for fact in facts)
    assert facts[0]["digits"]["sizes"] == {"train": 200, "valid": 50, "test": 100}


@pytest.mark.parametrize("options, name", [
    ({"rotation": -1}, "rotation"), ({"rotation": 361}, "rotation"), ({"amplitude": 1.5}, "amplitude"),
    ({"amplitude": float("nan")}, "amplitude"), ({"amplitude": "loud"}, "amplitude"), ({"rotation": None}, "rotation"),
    ({"seed": -1}, "seed"), ({"seed": 1.5}, "seed"), ({"seed": True}, "seed"),
    ({"dtype": "int8"}, "dtype"), ({"dtype": "float16"}, "dtype"), ({"dtype": "no such"}, "dtype"),
    ({"dtype": None}, "dtype"),
])
def test_arguments_out_of_range_are_named(options, name):
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        fresh(**options)
