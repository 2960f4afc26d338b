"""Adapters in Python: what they may return, what they may not, expected failures, and cases in a suite of one's own."""

from types import SimpleNamespace

import numpy as np
import pytest

from den_ref.golden import cases, check
from den_ref.golden.adapters.python import PythonAdapter, load_module
from den_ref.golden.answers import AdapterError, outputs_of
from den_ref.golden.ask import check_all, check_one, read_expected_failures
from den_ref.golden.judge import Result, exit_status
from den_ref.golden.parse import parse
from den_ref.golden.say import as_json, explain, likely, summary, table
from den_ref.golden.values import encode

KINK = cases("relu_backward/on-the-kink")[0]


def right(dh, a):
    return dh * (a > 0)


def leaky(dh, a):
    return dh * (a >= 0)


def asked(function, case=KINK):
    return check_one(PythonAdapter(SimpleNamespace(relu_backward=function)), case)


def raising(error):
    def function(**inputs):
        raise error

    return function


def writing(dh, a):
    dh *= a > 0
    return dh


@pytest.mark.parametrize("function", [
    right, lambda **inputs: right(**inputs), lambda dh, a: {"da": right(dh, a)}, lambda dh, a: (right(dh, a),),
    lambda dh, a: right(dh, a).tolist(), lambda dh, a: right(dh, a).astype(np.float32), writing,
])
def test_a_right_answer_in_any_form_passes(function):
    for _ in range(2):                                            # writing into the inputs does not change the question
        assert asked(function).verdict == "pass"


@pytest.mark.parametrize("function, words", [
    (lambda dh, a: right(dh, a)[:1], "da: expected shape (2, 3), got (1, 3)"),
    (lambda dh, a: right(dh, a).astype(int), "da: expected dtype float, got integer"),
    (lambda dh, a: right(dh, a) * np.nan, "6 of 6 entries off, the worst is da[0, 0]: got nan, want 0"),
    (lambda dh, a: 0.0, "da: expected shape (2, 3), got ()"),
    (lambda dh, a: (right(dh, a), a), "da: expected shape (2, 3), got (2, 2, 3)"),    # one output too many
])
def test_a_wrong_answer_fails(function, words):
    result = asked(function)
    assert result.verdict == "fail" and words in explain(result)
    assert not set(result.mistakes) & set(KINK.vector.mistakes)
    assert result.mistakes or "none of the known mistakes" in explain(result)


def test_a_named_mistake_is_named():
    result = asked(leaky)
    assert result.verdict == "fail" and result.mistakes[0] == "relu-gate-open-at-zero"
    text = explain(result)
    assert "this is what relu-gate-open-at-zero gives." in text and KINK.about in text and "da = dh where a > 0" in text


@pytest.mark.parametrize("function, words", [
    (raising(ZeroDivisionError("no")), "relu_backward raised ZeroDivisionError: no (test_checker_python.py, line"),
    (raising(SystemExit(3)), "raised SystemExit: 3"),
    (lambda w: w, "relu_backward: expected a function of (dh, a), got one of (w)"),
    (lambda dh, a: None, "da: expected a number or an array, got None"),
    (lambda dh, a: {"dx": dh}, "unknown: dx; missing: da"),
    (lambda dh, a: {}, "missing: da"),
    (lambda dh, a: [[1.0], [2.0, 3.0]], "da: cannot be made an array"),
    (lambda dh, a: dh + 1j, "got dtype complex128"),
    (lambda dh, a: np.array([["a"]]), "got dtype <U1"),
    (lambda dh, a: object(), "got dtype object"),
])
def test_no_answer_is_an_error(function, words):
    result = asked(function)
    assert result.verdict == "error" and words in result.message


def test_an_error_is_said_to_be_where_it_happened():
    """In the innermost of one's own lines, not where that was called."""
    def divides(a):
        return a / [][0]

    def calls(dh, a):
        return divides(a)

    message = asked(calls).message
    assert f"IndexError: list index out of range (test_checker_python.py, line {divides.__code__.co_firstlineno + 1})" in message


def test_the_line_of_an_error_is_its_authors_not_a_librarys():
    def function(dh, a):
        return np.linalg.inv(dh[:0, :2] @ np.ones((2, 1)))         # raised deep in NumPy

    line = function.__code__.co_firstlineno + 1
    assert f"(test_checker_python.py, line {line})" in asked(function).message


def test_a_number_where_a_function_should_be_is_an_error():
    assert "raised TypeError" in asked(3).message


TWO = {"value": "float64", "gradient": "float64[*]"}


@pytest.mark.parametrize("returned", [(1.0, [2.0]), [1.0, [2.0]], {"gradient": [2.0], "value": 1.0}])
def test_several_outputs_come_as_a_tuple_or_dict(returned):
    outputs = outputs_of(returned, TWO)
    assert outputs["value"] == 1.0 and outputs["gradient"].tolist() == [2.0]


@pytest.mark.parametrize("returned, words", [
    ((1.0,), "expected 2 outputs (value, gradient), got 1"),
    ((1.0, [2.0], 3), "expected 2 outputs (value, gradient), got 3"),
    (1.0, "expected the 2 outputs value, gradient as a tuple or dict, got float"),
    ({"value": 1.0, "grad": [2.0]}, "unknown: grad; missing: gradient"),
])
def test_the_number_of_outputs_is_checked(returned, words):
    with pytest.raises(AdapterError) as error:
        outputs_of(returned, TWO)
    assert words in str(error.value)


@pytest.mark.parametrize("returned", [([1.0],), [[1.0]], (np.ones(1),), ([[1.0]],), ([np.ones(1)],), {"w": [[1.0]]}])
def test_a_list_of_one_array_or_a_tuple_of_one_output(returned):
    """In a list of vectors, a tuple with one vector is that list; a tuple with a list of vectors holds the output."""
    outputs = outputs_of(returned, {"w/*": "float64[*]"})
    assert {name: array.tolist() for name, array in outputs.items()} == {"w/0": [1.0]}


@pytest.mark.parametrize("returned", [
    [[1.0], [2.0]], ([[1.0], [2.0]],), {"w": [[1.0], [2.0]]}, {"w/0": [1.0], "w/1": [2.0]},
])
def test_a_list_of_arrays(returned):
    outputs = outputs_of(returned, {"w/*": "float64[*]"})
    assert {name: array.tolist() for name, array in outputs.items()} == {"w/0": [1.0], "w/1": [2.0]}


def test_what_may_be_left_out_may_be_left_out():
    signature = {"value": "float64", "extra": "float64?"}
    assert outputs_of({"value": 1.0}, signature) == {"value": 1.0}
    assert outputs_of({"value": 1.0, "extra": 2.0}, signature) == {"value": 1.0, "extra": 2.0}
    with pytest.raises(AdapterError, match="missing: value"):
        outputs_of({"extra": 2.0}, signature)


def test_what_is_not_there_is_not_implemented_and_never_a_pass():
    results = check(SimpleNamespace(relu_backwards=right, relu_forward=raising(NotImplementedError)), "relu_*")
    assert {result.verdict for result in results} == {"not implemented"}
    assert "there is a 'relu_backwards'; is that it?" in {result.message for result in results}
    assert exit_status(results) == 2 and "nothing was checked" in summary(results)


def test_a_case_checks_itself_in_somebody_elses_suite():
    for case in cases("relu_backward"):
        case.check(right(**case.arguments()))
    with pytest.raises(AssertionError, match="relu-gate-open-at-zero gives"):
        KINK.check(leaky(**KINK.arguments()))
    with pytest.raises(AssertionError, match="relu_backward/on-the-kink: expected the outputs da"):
        KINK.check({"dx": 1.0})


def test_single_precision_is_an_option():
    case = cases("affine_forward/larger")[0]

    def single(x, w, b):
        return x.astype(np.float32) @ w.astype(np.float32) + b.astype(np.float32)

    adapter = PythonAdapter(SimpleNamespace(affine_forward=single))
    assert [check_one(adapter, case, precision).verdict for precision in ("f64", "f32")] == ["fail", "pass"]
    with pytest.raises(ValueError, match="precision: expected one of f64, f32, got 'f16'"):
        list(check_all(adapter, [case], "f16"))


# --- expected failures -------------------------------------------------------------------------------------------


def test_expected_failures():
    functions = SimpleNamespace(relu_backward=leaky, relu_forward=lambda a: 1 / 0)
    reasons = {case.id: "known" for case in cases("relu_*", "affine_forward/by-hand")}
    found = check_all(PythonAdapter(functions), cases(*reasons), "f64", reasons)
    results = {result.case.id: result for result in found}
    assert results["relu_backward/on-the-kink"].verdict == "expected failure"
    assert results["relu_forward/by-hand"].verdict == "expected failure"
    assert results["relu_backward/no-units"].verdict == "unexpected pass"
    assert results["affine_forward/by-hand"].verdict == "not implemented"
    assert "known" in results["relu_backward/no-units"].message
    assert exit_status(results.values()) == 1
    assert exit_status([results["relu_backward/on-the-kink"]]) == 0


def test_a_file_of_expected_failures(tmp_path):
    text = "# known\n\nrelu_backward/* tracked in issue 7\n  affine_forward/by-hand   no time \n"
    (tmp_path / "x.txt").write_text(text)
    found = read_expected_failures(tmp_path / "x.txt", cases())
    assert found["relu_backward/on-the-kink"] == "tracked in issue 7" and found["affine_forward/by-hand"] == "no time"
    assert len(found) == 1 + len(cases("relu_backward"))


@pytest.mark.parametrize("text, words", [
    ("relu_backward/on-the-kik reason", "x.txt, line 1: expected an operation, the id of a case"),
    ("\nrelu_backward/on-the-kink", "x.txt, line 2: expected an id and a reason, got 'relu_backward/on-the-kink'"),
    ("nothing/* reason", "x.txt, line 1:"), ("\udcff\udcfe", "--xfail: expected a text in UTF-8, got other bytes in"),
])
def test_a_bad_file_of_expected_failures(tmp_path, text, words):
    (tmp_path / "x.txt").write_text(text, "utf-8", "surrogateescape")
    with pytest.raises(ValueError) as error:
        read_expected_failures(tmp_path / "x.txt", cases())
    assert words in str(error.value)


def test_a_file_of_expected_failures_may_begin_with_a_byte_order_mark_and_must_be_there(tmp_path):
    (tmp_path / "x.txt").write_text("relu_backward/on-the-kink known\n", "utf-8-sig")
    assert read_expected_failures(tmp_path / "x.txt", cases()) == {"relu_backward/on-the-kink": "known"}
    with pytest.raises(ValueError, match="--xfail: expected a file that can be read, got .*: No such file"):
        read_expected_failures(tmp_path / "nofile", cases())


# --- files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, text, words", [
    ("a.py", "x = 1\ndef relu_forward(:", "SyntaxError: invalid syntax (a.py, line 2)"),
    ("a.py", "\0", "cannot be loaded"), ("a.py", "x = 1", "got none"),
    ("a.py", "import nosuchmodule", "No module named 'nosuchmodule'"),
    ("a.py", "1 / 0", "ZeroDivisionError: division by zero (a.py, line 1)"),
    ("a.py", "raise SystemExit", "SystemExit"), ("a.py", "\xff\xfe", "cannot be loaded"),
    ("a.js", "let x", "--exec"), ("nosuchfile.py", None, "FileNotFoundError"),
])
def test_a_file_that_cannot_be_loaded_says_why(tmp_path, name, text, words):
    if text is not None:
        (tmp_path / name).write_text(text, "latin-1")
    with pytest.raises(AdapterError) as error:
        load_module(str(tmp_path / name))
    assert words in str(error.value)


# --- the report --------------------------------------------------------------------------------------------------


def mixed():
    functions = SimpleNamespace(relu_backward=leaky, relu_forward=raising(KeyError("k")),
                                affine_forward=lambda x, w, b: x @ w + b)
    return check(functions, "relu_*", "affine_forward", "affine_backward")


def test_the_table_counts():
    lines = table(mixed()).splitlines()
    assert lines[0].strip().split("  ") == ["pass", "fail", "error"]
    row = {line.split()[0]: line.split()[1:] for line in lines[1:]}
    assert row["relu_forward"] == [".", ".", str(len(cases("relu_forward")))]
    assert row["relu_backward"][1] == "2" and "affine_backward" not in row
    assert lines[-1] == "1 operation is not implemented: affine_backward"
    assert likely(mixed()) == ["relu_backward: this is what relu-gate-open-at-zero gives, in 2 of 2 cases that can show it"]
    assert "\033[" not in table(mixed()) and "\033[31;1m" in table(mixed(), colour=True)


def test_json_is_strict_and_complete():
    import json

    document = as_json(mixed(), "mine", "f64", ["late"])
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["exit_status"] == 1 and document["complaints"] == ["late"]
    assert sum(document["counts"].values()) == len(document["results"])
    kink = next(entry for entry in document["results"] if entry["id"] == KINK.id)
    assert kink["differences"] == [{"field": "da", "what": "value", "got": 5.0, "want": 0.0, "index": [0, 1],
                                    "off": 2, "size": 6, "tolerance": "exact"}]
    assert kink["mistakes"][0]["name"] == "relu-gate-open-at-zero" and "a > 0" in kink["mistakes"][0]["says"]


def test_a_nan_in_the_report_is_a_word():
    result = asked(lambda dh, a: dh * np.nan)
    assert as_json([result], "mine", "f64")["results"][0]["differences"][0]["got"] == "nan"


@pytest.mark.parametrize("verdicts, complaints, status", [
    (["pass"], [], 0), (["pass", "not implemented", "expected failure"], [], 0), (["pass", "fail"], [], 1),
    (["error"], [], 1),
    (["pass", "unexpected pass"], [], 1), (["not implemented"], [], 2), ([], [], 2), (["pass"], ["late"], 1),
])
def test_exit_status(verdicts, complaints, status):
    assert exit_status([Result(KINK, verdict) for verdict in verdicts], complaints) == status


def test_many_wrong_outputs_are_shown_shortly():
    names = [f"box-{i}" for i in range(9)]
    one = {"dtype": "float64", "shape": [1], "data": [1.0]}
    entry = {"id": "trace/all", "about": "boxes", "oracle": "by hand", "inputs": {}, "wrong": {},
             "expected": dict.fromkeys(names, one), "tolerance": dict.fromkeys(names, "exact")}
    document = {"schema": 1, "operation": "trace", "equation": "e", "conventions": [], "mistakes": {},
                "signature": {"inputs": {}, "outputs": dict.fromkeys(names, "float64[*]")}, "cases": [entry]}
    case, = parse(document).cases
    answer = {name: np.ones(1) * (name < "box-2") for name in names}
    result = check_one(PythonAdapter(SimpleNamespace(trace=lambda: answer)), case)
    wrong = [line for line in explain(result).splitlines() if "wrong " in line]
    assert "box-2" in wrong[0] and len(wrong) == 4 and "and 4 more: box-5" in wrong[-1]
    assert encode(result.differences[0].got) == 0.0
