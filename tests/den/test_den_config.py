"""DENConfig checks itself, explains itself, and survives text and JSON."""

import dataclasses
import json
import math
import re

import numpy as np
import pytest

from den_ref.den.config import DENConfig
from den_ref.settings import as_text

#: (field, a value it refuses, what the error says was expected)
REFUSED = [
    ("hidden", (), "integers >= 1, one per hidden layer"),
    ("hidden", (0,), "integers >= 1"),
    ("hidden", (4.0,), "integers >= 1"),
    ("hidden", 64, "integers >= 1, one per hidden layer"),
    ("filters", (0,), "integers >= 1, one per layer, or ()"),
    ("kernel", 0, "an integer >= 1"),
    ("stride", 0, "an integer >= 1"),
    ("padding", -1, "an integer >= 0"),
    ("pool", 1, "one of True, False"),
    ("mu", -1.0, "a number >= 0"),
    ("mu", math.nan, "a number >= 0"),
    ("mu", "much", "a number >= 0"),
    ("mu", True, "a number >= 0"),
    ("mu", (), "or one per layer"),
    ("mu", (0.1, -0.1), "or one per layer"),
    ("mu_head", (0.1, 0.2), "a number >= 0"),
    ("mu_head", -1e-9, "a number >= 0"),
    ("mu_l2", -1, "a number >= 0"),
    ("mu_eq4", -1, "a number >= 0"),
    ("gamma", -1, "a number >= 0"),
    ("lam", -1, "a number >= 0"),
    ("tau", math.nan, "a number >= 0"),
    ("tau", (1.0, 2.0), "a number >= 0"),
    ("sigma", -0.1, "a number >= 0"),
    ("k", -1, "an integer >= 0 (or one per layer)"),
    ("k", 1.0, "an integer >= 0"),
    ("k", (1, 2.0), "an integer >= 0"),
    ("weight_decay", -1, "a number >= 0"),
    ("eq4_norm", "cubed", "one of 'squared', 'unsquared'"),
    ("dense_selection", 1, "one of True, False"),
    ("gamma_scaling", "size", "one of 'none', 'sqrt_size'"),
    ("init_scale", -1, "a number >= 0"),
    ("loss_split", "test", "one of 'validation', 'train'"),
    ("prune", None, "one of True, False"),
    ("undo_worse_expansion", "yes", "one of True, False"),
    ("split", "sometimes", "one of 'always', 'after_expansion', 'never'"),
    ("anchor_before_split", "eq5", "one of 'eq6', 'eq4', 'none'"),
    ("anchor_weights", "hessian", "one of 'equal', 'fisher'"),
    ("drift", "cosine", "one of 'absolute', 'relative'"),
    ("max_splits", -1, "an integer >= 0 or none"),
    ("max_splits", 1.5, "an integer >= 0 or none"),
    ("split_original", "drop", "one of 'retire', 'keep'"),
    ("eq6", "old", "one of 'all', 'new'"),
    ("timestamps", 0, "one of True, False"),
    ("epochs_eq2", -1, "an integer >= 0"),
    ("epochs_eq4", 1.5, "an integer >= 0"),
    ("epochs_eq5", None, "an integer >= 0"),
    ("epochs_eq6", (1, 2), "an integer >= 0"),
    ("optimiser", "lbfgs", "one of 'adam', 'sgd'"),
    ("step", 0, "a number > 0"),
    ("step_end", -1, "a number >= 0"),
    ("batch", 0, "an integer >= 1"),
    ("patience", 0, "an integer >= 1"),
    ("eps", 0.0, "a number >= 1e-30"),
    ("beta1", 1.0, "a number >= 0 and < 1"),
    ("beta2", 1.0, "a number >= 0 and < 1"),
    ("dtype", "float16", "one of 'float32', 'float64'"),
]


@pytest.mark.parametrize("name, value, expected", REFUSED, ids=lambda v: repr(v)[:20])
def test_a_bad_value_is_refused_with_name_expectation_and_value(name, value, expected):
    with pytest.raises(ValueError) as caught:
        DENConfig(**{name: value})
    message = str(caught.value).replace(".0 ", " ").replace(".0", "")
    assert message.startswith(f"{name}: expected ")
    assert expected in message
    assert repr(value).replace(".0", "") in message


def test_every_option_has_a_refused_value_and_a_sentence():
    fields = {field.name: field for field in dataclasses.fields(DENConfig)}
    assert {name for name, *_ in REFUSED} == set(fields)
    text = DENConfig.explain()
    assert len(text.splitlines()) == len(fields)
    assert set(DENConfig.EXPLAINED_FIRST) <= set(fields)
    numbered = [int(number) for number in re.findall(r"  Eq\. (\d)[^\n]*", text)]
    assert numbered == sorted(numbered) and numbered[0] == 2 and numbered[-1] == 6      # in the order of the algorithm
    for name, field in fields.items():
        assert name in text and field.metadata["doc"] in text


@pytest.mark.parametrize("name", ["gamma", "lam", "sigma", "k"])
def test_a_list_longer_than_the_hidden_layers_is_refused(name):
    with pytest.raises(ValueError, match=rf"{name}: expected at most 2 values .*\(1, 2, 3\)"):
        DENConfig(hidden=(4, 3), **{name: (1, 2, 3)})
    DENConfig(hidden=(4, 3), **{name: (1, 2)})


@pytest.mark.parametrize("name", ["mu", "mu_l2", "mu_eq4", "weight_decay"])
def test_a_list_longer_than_the_weight_matrices_is_refused(name):
    with pytest.raises(ValueError, match=rf"{name}: expected at most 3 values"):
        DENConfig(hidden=(4, 3), **{name: (1, 2, 3, 4)})
    DENConfig(hidden=(4, 3), **{name: (1, 2, 3)})


def test_defaults_fit_every_depth():
    for depth in range(1, 6):
        config = DENConfig(hidden=(4,) * depth)
        for name in ("sigma", "lam", "gamma", "k"):
            assert len(config.per_layer(name, depth)) == depth


def test_a_short_list_repeats_its_last_entry():
    config = DENConfig(hidden=(4, 3, 2), mu=(0.1, 0.2), k=(5,), sigma=1.5)
    assert config.per_layer("mu", 4) == (0.1, 0.2, 0.2, 0.2)
    assert config.per_layer("k", 3) == (5, 5, 5)
    assert config.per_layer("sigma", 3) == (1.5, 1.5, 1.5)


def test_no_timestamps_need_kept_originals():
    with pytest.raises(ValueError, match="timestamps: .*split_original='retire'"):
        DENConfig(timestamps=False)
    DENConfig(timestamps=False, split_original="keep")


def test_the_unsquared_norm_is_one_block():
    fine = dict(eq4_norm="unsquared", anchor_before_split="eq6", mu_l2=0.1)
    DENConfig(**fine)
    for other in ({"mu_l2": (0.1, 0.2)}, {"anchor_before_split": "eq4"}, {"mu_eq4": 0.1}, {"mu_eq4": (0.0, 0.1)}):
        with pytest.raises(ValueError, match="eq4_norm: 'unsquared' is one norm"):
            DENConfig(**(fine | other))


def test_with_text():
    config = DENConfig().with_text(["mu=1e-3", "hidden=8,4,2", "sigma = inf", "max_splits=3", "prune=false",
                                    "split=never", "k=2,3,4", "tau=0"])
    assert (config.mu, config.hidden, config.sigma, config.max_splits) == (1e-3, (8, 4, 2), math.inf, 3)
    assert (config.prune, config.split, config.k, config.tau) == (False, "never", (2, 3, 4), 0)
    assert config.with_text(["hidden=7", "max_splits=none", "k=1", "sigma=0.1", "lam=0"]).hidden == (7,)
    assert DENConfig().mu != 1e-3, "the original is left alone"


@pytest.mark.parametrize("text, message", [
    ("mu", "set: expected name=value, got 'mu'"),
    ("muu=1", r"unknown name 'muu' \(did you mean 'mu'\?\)"),
    ("nonsense_xyz=1", "unknown name 'nonsense_xyz'; known names: .*anchor_before_split.*weight_decay"),
    ("mu=-1", "mu: expected a number >= 0"),
    ("mu=lots", "mu: expected a number >= 0.*'lots'"),
    ("hidden=none", "hidden: expected integers >= 1"),
    ("timestamps=false", "timestamps: "),
])
def test_with_text_refuses(text, message):
    with pytest.raises(ValueError, match=message):
        DENConfig().with_text([text])


def random_config(seed) -> DENConfig:
    rng = np.random.default_rng(seed)
    depth = int(rng.integers(1, 5))

    def numbers(count):
        many = count > 1 and rng.random() < 0.5            # typed, a list of one is a number
        return tuple(float(v) for v in rng.exponential(size=count)) if many else float(rng.exponential())

    return DENConfig(
        hidden=tuple(int(n) for n in rng.integers(1, 99, depth)), mu=numbers(depth + 1), lam=numbers(depth),
        sigma=math.inf if rng.random() < 0.3 else numbers(depth), tau=float(rng.choice([0.0, 0.5, math.inf])),
        k=int(rng.integers(0, 9)), max_splits=None if rng.random() < 0.5 else int(rng.integers(0, 9)),
        prune=bool(rng.integers(2)), drift=str(rng.choice(["absolute", "relative"])),
        split_original=str(rng.choice(["retire", "keep"])), weight_decay=numbers(depth + 1))


@pytest.mark.parametrize("seed", range(20))
def test_json_round_trip(seed):
    config = random_config(seed)
    assert DENConfig.from_dict(json.loads(json.dumps(config.to_dict(), allow_nan=False))) == config


@pytest.mark.parametrize("seed", range(20))
def test_text_round_trip(seed):
    """What a user reads in the options can be typed back."""
    config = random_config(seed)
    texts = [f"{name}={as_text(v)}" for name, v in dataclasses.asdict(config).items()]
    assert DENConfig().with_text(texts) == config


def test_from_dict_refuses_unknown_names():
    with pytest.raises(ValueError, match=r"options: unknown name 'muu' \(did you mean 'mu'\?\)$"):
        DENConfig.from_dict(DENConfig().to_dict() | {"muu": 1})
    with pytest.raises(ValueError, match=r"DENConfig: unknown name 'tua' \(did you mean 'tau'\?\)$"):
        DENConfig(tua=1)


def test_numpy_numbers_and_lists_become_plain():
    config = DENConfig(hidden=[np.int64(4)], mu=np.float32(0.5), k=[np.int32(2)])
    assert config.hidden == (4,) and type(config.hidden[0]) is int
    assert type(config.mu) is float and config.k == (2,)
