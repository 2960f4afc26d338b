"""Options: checks, texts, round trips, and every error message."""

import ast
import dataclasses
import json
import math
import re
import typing

import numpy as np
import pytest
from den_ref.methods import REGISTRY
from den_ref.settings import Settings, at_least, integer, one_of, option


@dataclasses.dataclass(frozen=True)
class Options(Settings):
    mu: float = option(1e-4, "strength of the L1 penalty", at_least(0))
    share: float = option(0.5, "a share", at_least(0, above=True, below=1))
    sigma: float = option((0.3, 0.05), "split threshold", at_least(0, per_layer=True, infinite=True))
    hidden: tuple = option((64, 32), "units per hidden layer", integer(1, many=True))
    k: int = option(10, "new units", integer(0, per_layer=True))
    limit: int = option(None, "most splits", integer(0, optional=True))
    kind: str = option("retire", "reading of a split", one_of("retire", "keep"))
    dense: bool = option(False, "whole blocks", one_of(True, False))
    anything: object = option("x", "no check at all")


VALID = {
    "mu": [0, 0.0, 3], "share": [0.1, 0.999], "sigma": [0, 0.5, (0.1,), (0.1, 0, math.inf)],
    "hidden": [(1,), (64, 32, 8)], "k": [0, 10, (0, 3)], "limit": [None, 0, 4], "kind": ["retire", "keep"],
    "dense": [True, False], "anything": ["", None, 3.5, (1, "a")],
}
INVALID = {
    "mu": ([-1e-9, math.nan, "1", None, True, (0.1,)], "a number >= 0"),
    "share": ([0, 1, 1.0, -1, math.nan, (0.5,)], "a number > 0 and < 1"),
    "sigma": ([-1, (0.1, -1), (), ("a",), (0.1, True), math.nan], "a number >= 0 (or one per layer)"),
    "hidden": ([5, (), (0,), (3, 2.0), (True,), None, "64"], "integers >= 1, one per hidden layer"),
    "k": ([-1, 1.0, (), (3, -1), True, None], "an integer >= 0 (or one per layer)"),
    "limit": ([-1, 1.5, (1,), "none"], "an integer >= 0 or none"),
    "kind": (["drop", None, 0, ("retire",)], "one of 'retire', 'keep'"),
    "dense": ([1, 0, "true", None], "one of True, False"),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in VALID.items() for value in values])
def test_valid_values_are_kept(name, value):
    assert getattr(Options(**{name: value}), name) == value


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in INVALID for value in INVALID[name][0]])
def test_invalid_values_are_refused_by_name_expectation_and_value(name, value):
    with pytest.raises(ValueError) as error:
        Options(**{name: value})
    assert str(error.value) == f"{name}: expected {INVALID[name][1]}, got {value!r}"


@pytest.mark.parametrize(("check", "text"), [
    (integer(3), "an integer >= 3"),
    (integer(1, many=True, optional=True), "integers >= 1, one per hidden layer or none"),
    (at_least(0, above=True), "a number > 0"),
    (at_least(1, below=2, per_layer=True), "a number >= 1 and < 2 (or one per layer)"),
    (one_of("a", 1), "one of 'a', 1"),
])
def test_what_a_check_says(check, text):
    assert check(object()) == text


def test_lists_and_numpy_scalars_become_plain():
    options = Options(hidden=[3, np.int64(2)], mu=np.float32(0.5), sigma=[np.float64(0.25)], dense=np.bool_(True))
    assert options == Options(hidden=(3, 2), mu=0.5, sigma=(0.25,), dense=True)
    assert type(options.hidden[1]) is int and type(options.mu) is float and type(options.dense) is bool


def test_options_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Options().mu = 1


# --- from text ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "name", "value"), [
    ("mu=1e-4", "mu", 1e-4), ("mu=3", "mu", 3), ("sigma = inf", "sigma", math.inf), ("mu=.5", "mu", 0.5),
    ("mu=1.", "mu", 1.0),
    ("hidden=64,32", "hidden", (64, 32)), ("hidden=(64, 32)", "hidden", (64, 32)), ("hidden=[7,]", "hidden", (7,)),
    ("hidden=64", "hidden", (64,)), ("limit=none", "limit", None), ("limit=None", "limit", None),
    ("limit=3", "limit", 3),
    ("dense=true", "dense", True), ("dense=False", "dense", False), ("kind=keep", "kind", "keep"),
    ("sigma=0.3,inf", "sigma", (0.3, math.inf)), ("sigma=.3", "sigma", 0.3), ("k=1,2", "k", (1, 2)),
    ("anything=a=b", "anything", "a=b"),
])
def test_texts_are_read_as_written(text, name, value):
    options = Options().with_text([text])
    assert getattr(options, name) == value and type(getattr(options, name)) is type(value)
    assert dataclasses.replace(options, **{name: getattr(Options(), name)}) == Options()


def test_a_choice_that_looks_like_another_type_is_read_as_the_choice():
    """eq4_norm="none" is a word where the word is a choice, and None where None is."""
    @dataclasses.dataclass(frozen=True)
    class Words(Settings):
        scaling: str = option("sqrt", "", one_of("none", "sqrt"))

    assert Words().with_text(["scaling=none"]).scaling == "none"


def test_several_texts_and_the_last_one_wins():
    options = Options().with_text(["mu=1", "k=3", "mu=2"])
    assert (options.mu, options.k) == (2, 3) and Options().mu == 1e-4


@pytest.mark.parametrize(("text", "message"), [
    ("mu", "set: expected name=value, got 'mu'"),
    ("sigmma=3", "set: unknown name 'sigmma' (did you mean 'sigma'?)"),
    ("zzzzzz=3", "set: unknown name 'zzzzzz'; known names: anything, dense, hidden, k, kind, limit, mu, share, sigma"),
    ("mu=-1", "mu: expected a number >= 0, got -1"),
    ("mu=high", "mu: expected a number >= 0, got 'high'"),
    ("mu=", "mu: expected a number >= 0, got ''"),
    ("hidden=a,b", "hidden: expected integers >= 1, one per hidden layer, got ('a', 'b')"),
    ("k=1.5", "k: expected an integer >= 0 (or one per layer), got 1.5"),
    ("mu=nan", "mu: expected a number >= 0, got nan"),
])
def test_errors_of_texts(text, message):
    with pytest.raises(ValueError) as error:
        Options().with_text([text])
    assert str(error.value) == message


# --- per layer ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "count", "expected"), [
    (0.5, 3, (0.5, 0.5, 0.5)), ((0.1, 0.2), 2, (0.1, 0.2)), ((0.1, 0.2), 4, (0.1, 0.2, 0.2, 0.2)),
])
def test_per_layer_repeats_the_last(value, count, expected):
    assert Options(sigma=value).per_layer("sigma", count) == expected


def test_only_a_default_is_cut():
    assert Options().per_layer("sigma", 1) == (0.3,)
    with pytest.raises(ValueError) as error:
        Options(sigma=(0.3, 0.06)).per_layer("sigma", 1)
    assert str(error.value) == "sigma: expected at most 1 values for the layers there are, got (0.3, 0.06)"


# --- round trips -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [
    Options(), Options(mu=7, sigma=(math.inf, 1), hidden=(3,), limit=2, kind="keep", dense=True),
])
def test_round_trip_through_strict_json(options):
    stored = json.loads(json.dumps(options.to_dict(), allow_nan=False))
    assert Options.from_dict(stored) == options


def test_from_dict_checks_names_and_values():
    with pytest.raises(ValueError) as error:
        Options.from_dict({"mu": 1, "nu": 2, "xi": 3})
    assert str(error.value) == "options: unknown name 'nu'; known names: " \
        "anything, dense, hidden, k, kind, limit, mu, share, sigma"
    with pytest.raises(ValueError, match="mu: expected a number >= 0, got -1"):
        Options.from_dict({"mu": -1})
    assert Options.from_dict({}) == Options()


def test_explain_has_a_line_per_option():
    lines = Options.explain().splitlines()
    assert [line.split()[0] for line in lines] == [field.name for field in dataclasses.fields(Options)]
    assert lines[0].split(None, 2) == ["mu", "0.0001", "strength of the L1 penalty"]
    starts = {(re.match(r"\S+ +", line).end(), re.match(r"\S+ +\S+ +", line).end()) for line in lines}
    assert len(starts) == 1                                        # columns, however long a default is


# --- annotations tell the truth ----------------------------------------------------------------------------------

#: Values of every kind that an option can have.
KINDS = [0, 1, 7, 0.0, 0.5, 2.5, math.inf, (1, 2), (0.5, 0.25), (0, 0.5), True, False, None]


def choices(check) -> list:
    """What ``one_of`` says that it expects; [] of any other check."""
    expected = check(object())
    named = expected.removeprefix("one of ").split(", ") if expected and expected.startswith("one of ") else []
    return [math.inf if text == "inf" else ast.literal_eval(text) for text in named]


def is_a(value, kind) -> bool:
    """Is the value of an annotated type?  As for a type checker an int will do as a float; a bool will not as an int."""
    if typing.get_args(kind) and typing.get_origin(kind) is not tuple:
        return any(is_a(value, one) for one in typing.get_args(kind))
    if typing.get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(is_a(one, typing.get_args(kind)[0]) for one in value)
    return type(value) in {float: (float, int)}.get(kind, (kind,))


def untruths(config) -> list[str]:
    """Options with an allowed value that is not of the annotated type, or with a type of which no value is allowed."""
    found, kinds = [], typing.get_type_hints(config)
    for field in dataclasses.fields(config):
        kind, check = kinds[field.name], field.metadata["check"]
        allowed = [field.default, *(value for value in [*KINDS, *choices(check)] if check(value) is None)]
        found += [f"{field.name}: {kind} does not hold {value!r}" for value in allowed if not is_a(value, kind)]
        parts = typing.get_args(kind) if typing.get_origin(kind) is not tuple else ()
        found += [f"{field.name}: no {part} is allowed" for part in parts or (kind,)
                  if not any(is_a(value, part) for value in allowed)]
    return found


@pytest.mark.parametrize("config", sorted({method.Config for method in REGISTRY.values()}, key=lambda c: c.__name__))
def test_annotations_of_options_tell_the_truth(config):
    assert untruths(config) == []


def test_an_annotation_that_lies_is_found():
    @dataclasses.dataclass(frozen=True)
    class Lies(Settings):
        lists: float = option((1.0, 2.0), "", at_least(0, per_layer=True))
        whole: int = option(1, "", at_least(0))
        none: int = option(None, "", integer(0, optional=True))
        many: "tuple[int, ...]" = option((1,), "", integer(0, per_layer=True))
        never: "float | tuple[float, ...]" = option(1.0, "", at_least(0))
        words: bool = option("a", "", one_of("a", "b"))
        true: "int | None" = option(3, "", integer(0, optional=True))

    assert {line.partition(":")[0] for line in untruths(Lies)} == {"lists", "whole", "none", "many", "never", "words"}
