"""The files: what they must be, values in and out, and which cases a pattern chooses."""

import copy
import json
import math

import numpy as np
import pytest

from den_ref.golden import cases, vectors
from den_ref.golden.format import load
from den_ref.golden.parse import parse
from den_ref.golden.values import FormatError, declared, decode, encode, flatten, gather
from den_ref.strict_json import strict_json

DOCUMENT = {
    "schema": 1, "operation": "shrink", "equation": "w = sign(w) max(abs(w) - step * mu, 0)",
    "signature": {"inputs": {"w": "float64[n]", "step": "float64", "mu": "float64?"},
                  "outputs": {"w": "float64[n]", "kept/*": "int64[*]"}},
    "conventions": ["a tie gives 0"], "mistakes": {"not-scaled": "The threshold is mu, not step * mu."},
    "cases": [{
        "id": "shrink/tie", "about": "one entry on the threshold", "oracle": "by hand",
        "inputs": {"w": {"dtype": "float64", "shape": [2], "data": [1.0, 3]}, "step": 1},
        "expected": {"w": {"dtype": "float64", "shape": [2], "data": [0.0, 2.0]},
                     "kept/0": {"dtype": "int64", "shape": [1], "data": [1]}},
        "tolerance": {"w": "exact", "kept/*": "exact"},
        "wrong": {"not-scaled": {"w": {"dtype": "float64", "shape": [2], "data": [1.0, "nan"]}}}}],
}


def changed(path, value):
    """The document with one place changed; None deletes it."""
    document = copy.deepcopy(DOCUMENT)
    *above, last = path
    place = document
    for key in above:
        place = place[key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return document


def test_a_good_document_is_read():
    vector = parse(DOCUMENT)
    case, = vector.cases
    assert (str(case), case.operation, case.vector) == ("shrink/tie", "shrink", vector)
    np.testing.assert_array_equal(case.inputs["w"], [1, 3])
    assert type(case.inputs["step"]) is float and "mu" not in case.inputs
    assert math.isnan(case.wrong["not-scaled"]["w"][1])
    assert case.tolerance_of("kept/0") == "exact"
    arguments = case.arguments()
    arguments["w"][:] = 7                                         # a copy: nobody else sees it
    np.testing.assert_array_equal(case.arguments()["w"], [1, 3])


CASE = ("cases", 0)


@pytest.mark.parametrize("path, value, words", [
    (("schema",), 2, "schema: expected 1, got 2"),
    (("equation",), None, "missing: ['equation']"),
    (("extra",), 1, "unknown: ['extra']"),
    (("operation",), "Shrink it", "operation: expected a text like"),
    (("conventions",), "a", "conventions: expected a list"),
    (("signature", "inputs", "w"), "complex", "signature.inputs.w: expected a type"),
    (("signature", "inputs", "w"), "int64[*]", "shrink/tie: inputs.w: expected int64[*], got float64[*]"),
    (("signature", "inputs", "w"), "float64[*,*]", "expected float64[*,*], got float64[*]"),
    (("signature", "inputs", "mu"), "float64", "inputs: expected 'mu'"),
    ((*CASE, "id"), "shrunk/tie", "id: expected a text like shrink/"),
    ((*CASE, "about"), " ", "about: expected a text"),
    ((*CASE, "about"), 3, "about: expected a text"),
    ((*CASE, "oracle"), None, "missing: ['oracle']"),
    ((*CASE, "expected", "w"), None, "expected: expected 'w'"),
    ((*CASE, "expected", "v"), 1.0, "expected.v: expected one of the declared names"),
    ((*CASE, "expected", "kept/one"), 1.0, "expected.kept/one: expected one of the declared names"),
    ((*CASE, "expected", "w"), {"dtype": "float64", "shape": [2], "data": [1, [2]]}, "expected.w.data[1]"),
    ((*CASE, "tolerance", "w"), "close", "tolerance.w: expected one of exact"),
    ((*CASE, "tolerance", "w"), None, "without: ['w']"),
    ((*CASE, "tolerance", "v"), "exact", "without an output: ['v']"),
    ((*CASE, "wrong", "other"), {"w": 1.0}, "wrong.other: expected one of the named mistakes"),
    ((*CASE, "wrong", "not-scaled"), {"v": 1.0}, "wrong.not-scaled: expected outputs out of"),
    ((*CASE, "wrong", "not-scaled"), {}, "wrong.not-scaled: expected outputs out of"),
    (("cases",), [DOCUMENT["cases"][0]] * 2, "cases: expected every id once, got 'shrink/tie' twice"),
    (("mistakes",), [], "mistakes: expected an object"),
])
def test_a_bad_document_is_refused(path, value, words):
    with pytest.raises(FormatError) as error:
        parse(changed(path, value))
    assert words in str(error.value)


def test_what_is_optional_may_be_left_out_but_keeps_its_tolerance():
    document = changed(("signature", "outputs", "n"), "int64?")
    document["cases"][0]["tolerance"]["n"] = "exact"
    assert "n" not in parse(document).cases[0].expected


@pytest.mark.parametrize("text, words", [
    ("{", "bad.json: "), ('{"a": NaN}', 'expected "nan"'), ('{"a": 1, "a": 2}', "'a' twice"), 
    ("[]", "expected an object"),
    ("[" * 100_000, "bad.json: "),
])
def test_a_file_that_is_not_one_names_itself(tmp_path, text, words):
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(FormatError) as error:
        load(tmp_path / "bad.json")
    assert words in str(error.value) and "bad.json" in str(error.value)


# --- values ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [
    np.array([[0.1, -2.0, 1e-300], [np.inf, -np.inf, 5e-324]]), np.array([1, -(2**63) + 1]), np.array([True, False]),
    np.zeros((0, 3)), np.array([0.1], np.float32), np.array(0.5), np.array([2**31 - 1], np.int32),
])
def test_arrays_survive_json(value):
    back = decode(json.loads(json.dumps(encode(value), allow_nan=False)))
    np.testing.assert_array_equal(back, value, strict=True)


@pytest.mark.parametrize("value", [0.1, 3, True, "retire", np.inf, -np.inf])
def test_plain_values_survive_json(value):
    back = decode(json.loads(json.dumps(encode(value), allow_nan=False)))
    assert back == value and type(back) is type(value)
    assert math.isnan(decode(encode(np.nan))) and encode(np.float32(0.5)) == 0.5


def test_what_has_no_place_in_the_format_is_not_written():
    with pytest.raises(FormatError, match="got complex128"):
        encode(np.array([1j]))


ARRAY = {"dtype": "float64", "shape": [2], "data": [1.0, 2.0]}


@pytest.mark.parametrize("value, words", [
    ([1.0, 2.0], "expected a number, true, false, a word, or"), (None, "got None"),
    ({"shape": [1], "data": [1]}, "expected the keys dtype, shape, data"), (ARRAY | {"dtype": "f8"}, "dtype"),
    (ARRAY | {"dtype": ["a"]}, "dtype"), (ARRAY | {"shape": 2}, "shape: expected a list of sizes"),
    (ARRAY | {"shape": [-2]}, "shape"), (ARRAY | {"shape": [2.0]}, "shape"),
    (ARRAY | {"shape": [0, 10**30], "data": []}, "shape"),
    (ARRAY | {"data": [1.0]}, "expected a flat list of 2 entries for shape [2], got 1 of them"),
    (ARRAY | {"data": [[1.0], [2.0, 3.0]]}, "data[0]: expected a number, got [1.0]"),
    (ARRAY | {"data": "12"}, "data: expected a flat list"),
    (ARRAY | {"data": [1.0, "Infinity"]}, "data[1]: expected a number, \"nan\", \"inf\" or \"-inf\", got 'Infinity'"),
    (ARRAY | {"data": [1.0, None]}, "data[1]"), (ARRAY | {"data": [1.0, True]}, "data[1]"),
    (ARRAY | {"data": [1.0, 10**400]}, "data[1]"),
    (ARRAY | {"dtype": "int64", "data": [1, 2.0]}, "an integer of int64, got 2.0"),
    (ARRAY | {"dtype": "int64", "data": [1, 2**63]}, "an integer of int64"),
    (ARRAY | {"dtype": "bool", "data": [1, 0]}, "true or false"),
])
def test_what_is_not_a_value_is_refused(value, words):
    with pytest.raises(FormatError) as error:
        decode(value, "w")
    assert str(error.value).startswith("w") and words in str(error.value)


def test_lists_are_gathered_and_flattened():
    flat = {"x": 1, "weights/0": 2, "weights/1": 3, "previous/weights/0": 4}
    patterns = ["x", "weights/*", "biases/*", "previous/weights/*", "previous/biases/*"]
    tree = {"x": 1, "weights": [2, 3], "biases": [], "previous": {"weights": [4], "biases": []}}
    assert gather(flat, patterns) == tree
    assert dict(flatten(tree, patterns)) == flat and dict(flatten(flat, patterns)) == flat
    assert list(gather({f"w/{i}": i for i in range(12)})["w"]) == list(range(12))     # 10 comes after 9
    assert declared("a/3/b", ["a/*/b"]) == "a/*/b" and declared("a/10/2", ["a/*/*"]) == "a/*/*"
    for name in ("a/x", "a/1/2", "a", "7"):
        assert declared(name, ["a/*", "*"]) is None


def test_json_is_strict():
    with pytest.raises(FormatError, match="got -Infinity"):
        strict_json("[-Infinity]", FormatError)


# --- the cases there are -----------------------------------------------------------------------------------------


def test_every_file_is_read_and_every_id_is_unique():
    ids = [case.id for case in cases()]
    assert len(set(ids)) == len(ids) == sum(len(vector.cases) for vector in vectors()) > 30


def test_patterns_choose():
    assert {case.operation for case in cases("relu_forward")} == {"relu_forward"}
    assert {case.operation for case in cases("relu_*")} == {"relu_forward", "relu_backward"}
    assert [case.id for case in cases("relu_forward/by-hand")] == ["relu_forward/by-hand"]
    both = cases("relu_forward", "relu_forward/by-hand", "affine_forward/by-hand")
    assert len(both) == len(cases("relu_forward")) + 1            # each once
    with pytest.raises(ValueError, match="did you mean 'relu_forward'"):
        cases("relu_forwad")
