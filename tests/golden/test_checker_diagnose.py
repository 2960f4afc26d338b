"""What probably happened: mistakes weighed over all cases of an operation, outputs alone, and generic mistakes."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from den_ref.golden import cases, check
from den_ref.golden.diagnose import Diagnosis, diagnose
from den_ref.golden.generic import NEVER, TABLE, shifted
from den_ref.golden.judge import judge
from den_ref.golden.say import explain, gives, ordered
from tests import own_answers as own

# --- evidence ----------------------------------------------------------------------------------------------------


def case(number, wrong, expected=None):
    """Case a, b, ... of an operation that gives 1 and 2."""
    vector = SimpleNamespace(outputs={"a": "float64", "b": "float64"}, equation="e",
                             mistakes={"doubled": "It was doubled.", "tripled": "It was tripled."})
    return SimpleNamespace(id=f"op/{number}", operation="op", about="a number", vector=vector, wrong=wrong, inputs={},
                           expected=expected or {"a": 1.0, "b": 2.0}, tolerance_of=lambda name: "f64")


DOUBLED, TRIPLED = {"doubled": {"a": 2.0, "b": 4.0}}, {"tripled": {"a": 3.0, "b": 6.0}}


def found(*answers):
    return [(one.name, one.outputs, len(one.fits), one.shows, one.failed)
            for one in diagnose([judge(*answer) for answer in answers])
            if one.name in ("doubled", "tripled")]


def of(a, b):
    return {"a": a, "b": b}


def test_a_mistake_that_explains_everything():
    answers = [(case(i, DOUBLED | TRIPLED), of(2.0, 4.0)) for i in range(4)]
    assert found(*answers, (case(4, {}), of(1.0, 2.0))) == [("doubled", (), 4, 4, 4)]


def test_a_coincidence_in_one_of_many_cases_is_not_told():
    answers = [(case(i, TRIPLED), of(1.7, 2.9)) for i in range(5)]
    assert found(*answers, (case(5, TRIPLED), of(3.0, 6.0))) == []


@pytest.mark.parametrize("right, told", [(0, True), (1, True), (2, False), (3, False)])
def test_right_answers_speak_against_a_mistake(right, told):
    wrong = [(case(i, DOUBLED), of(2.0, 4.0)) for i in range(2)]
    answers = wrong + [(case(i, DOUBLED), of(1.0, 2.0)) for i in range(2, 2 + right)]
    assert found(*answers) == [("doubled", (), 2, 2 + right, 2)] * told


def test_a_case_that_cannot_show_a_mistake_speaks_against_it_only_if_it_fails():
    wrong = [(case(i, DOUBLED), of(2.0, 4.0)) for i in range(2)]
    assert found(*wrong, (case(2, {}), of(1.0, 2.0))) == [("doubled", (), 2, 2, 2)]
    assert found(*wrong, (case(2, {}), of(5.0, 2.0)), (case(3, {}), of(1.0, 7.0)), (case(4, {}), of(5.3, 7.1))) == [
        ("doubled", ("a",), 2, 2, 4)][:0]
    assert found(*wrong, (case(2, {}), of(1.0003, 2.0))) == [("doubled", (), 2, 2, 2)]   # less than the files store


def test_what_explains_one_output_alone():
    answers = [(case(i, DOUBLED | TRIPLED), of(2.0, 6.0)) for i in range(3)]
    assert found(*answers) == [("doubled", ("a",), 3, 3, 3), ("tripled", ("b",), 3, 3, 3)]


def test_nan_is_a_mistake_of_its_own():
    answers = [(case(i, DOUBLED | TRIPLED), of(2.0, 4.0)) for i in range(2)]
    told = diagnose([judge(*answer) for answer in [*answers, *((case(i, DOUBLED), of(np.nan, 2.0)) for i in range(2, 6))]])
    assert [(one.name, len(one.fits)) for one in told] == [("doubled", 2), ("times-2", 2), ("not-finite", 4)]


def test_in_words():
    answers = [judge(case(i, DOUBLED), of(2.0, 4.0)) for i in range(3)] + [judge(case(3, DOUBLED), of(1.0, 2.0))]
    one = diagnose(answers)[0]
    assert gives(one) == "this is what doubled gives, in 3 of 4 cases that can show it"
    text = explain(*(replace(result, diagnoses=(one,)) for result in answers[:3]))
    assert text.count("It was doubled.") == 1 and "FAIL  op, 3 cases" in text
    assert all(f"op/{i}: a number" in text for i in range(3))


@pytest.mark.parametrize(("fits", "shows", "failed", "more", "said"), [
    (1, 1, 1, {}, "this is what doubled gives"),
    (1, 1, 3, {}, "this is what doubled gives, in 1 of 1 cases that can show it and 1 of 3 that fail"),
    (2, 3, 2, {}, "this is what doubled gives, in 2 of 3 cases that can show it"),
    (2, 2, 2, {"outputs": ("a",)}, "this is what doubled gives in a, in 2 of 2 cases that can show it"),
    (1, 1, 1, {"outputs": ("a",), "alone": True}, "a alone: this is what doubled gives"),
    (1, 1, 1, {"vague": True}, "perhaps this is what doubled gives")])
def test_how_well_it_fits_in_words(fits, shows, failed, more, said):
    assert gives(Diagnosis("doubled", "", tuple(map(str, range(fits))), shows, failed, 0.6, **more)) == said


def test_what_is_said_first():
    """The whole answer before one output alone, however well that fits; then the better; values before "differs"."""
    right = [Diagnosis(name, "", ("op/0",), 1, 1, agreement, alone=name == "alone", vague=name == "vague")
             for name, agreement in (("best", 0.9), ("vague", 0.9), ("second", 0.6), ("alone", 1.0))]
    assert ordered([SimpleNamespace(diagnoses=right[::-1])]) == right


# --- generic mistakes --------------------------------------------------------------------------------------------


def changed(operation, **changes):
    """den_ref's answer with some outputs changed: a function of the output and of all inputs."""
    def function(**given):
        answer = getattr(own, operation)(**given)
        return answer | {name: change(answer[name], given) for name, change in changes.items()}
    return operation, function


def each(change):
    return lambda arrays, given: [change(array) for array in arrays]


def sqrt_of_size(w, step, gamma):
    return own.group_soft_threshold(w, step, gamma * np.sqrt(len(w)))


def norm_with_epsilon(w, step, gamma):
    norm = np.sqrt((w**2).sum(axis=0)) + 1e-8
    return w * np.maximum(1 - step * gamma / norm, 0)


def bias_in_the_norm(w, b, dw, db, step, mu, gamma):
    w, b = w - step * dw, b - step * db
    shrunk = own.soft_threshold(w, step, mu)
    norm = np.sqrt((shrunk**2).sum(axis=0) + b**2)
    return shrunk * np.maximum(1 - np.divide(step * gamma, norm, out=np.ones_like(norm), where=norm > 0), 0), b


def in_single(**given):
    given = {name: np.float32(value) for name, value in given.items()}
    return given["x"] @ given["w"] + given["b"]


def in_single_partly(x, w, b):
    return (x.astype(np.float32) @ w.astype(np.float32)).astype(np.float64) + b


def naive(logits, labels):
    p = 1 / (1 + np.exp(-logits))
    n = max(len(logits), 1)
    return -np.sum(labels * np.log(p) + (1 - labels) * np.log(1 - p)) / n, (p - labels) / n


def divided(w, step, gamma):
    norm = np.sqrt((w**2).sum(axis=0))
    return w * np.maximum(1 - step * gamma / norm, 0)


GENERIC = {
    "sign": changed("affine_backward", dw=lambda dw, _: -dw, db=lambda db, _: -db),
    "transposed": changed("affine_backward", dw=lambda dw, _: dw.T),
    "axes-moved": changed("convolution_backward", dx=lambda dx, _: np.moveaxis(dx, 3, 1),
                          dw=lambda dw, _: dw.transpose(3, 2, 0, 1)),
    "one-too-large": changed("select_units", selected=each(lambda units: units + 1)),
    "one-too-small": changed("append_units", introduced=each(lambda stages: stages - 1)),
    "absolute-value": changed("affine_forward", out=lambda out, _: np.abs(out)),
    "squared": changed("unit_drift", rho=each(np.square)),
    "square-root": changed("sigmoid_cross_entropy", value=lambda value, _: np.sqrt(value)),
    "penalty-in-the-value": changed("objective_eq2", smooth=lambda smooth, given: smooth + own.objective_eq2(
        **given)["penalty"]),
    "swapped-outputs": changed("affine_backward", dx=lambda dx, given: given["x"].T @ given["dout"],
                               dw=lambda dw, given: given["dout"] @ given["w"].T),
    "single-precision": ("affine_forward", in_single),
    "nearly-right": ("group_soft_threshold", norm_with_epsilon),
    "exp-overflows": ("sigmoid_cross_entropy", naive),
    "nan-read": changed("performance_matrix_metrics", average_performance=lambda _, given: given["R"].mean()),
    "not-finite": ("group_soft_threshold", divided),
    "other-shape": changed("relu_forward", h=lambda h, _: h[None]),
    "mask-for-indices": changed("select_units", selected=each(lambda units: np.isin(np.arange(99), units))),
    "other-dtype": changed("solve_head", support=lambda support, _: support.astype(int)),
    "other-order": changed("select_units", selected=each(lambda units: units[::-1])),
    "repeated": changed("select_units", selected=each(lambda units: np.repeat(units, 2))),
    "penalty-in-the-gradient": changed("objective_eq2", dhead=lambda dhead, given: dhead + given["mu"] * np.sign(
        given["head"]), dweights=lambda dweights, given: [dw + given["mu"] * np.sign(w) for dw, w in zip(
            dweights, given["weights"])]),
    "group-size": ("group_soft_threshold", sqrt_of_size),
    "constant-added": changed("affine_forward", out=lambda out, _: out + 0.3),
    "divided-by-4.5": changed("affine_forward", out=lambda out, _: out / 4.5),
    "columns-scaled": ("ista_step", bias_in_the_norm),
    "all-zero": changed("affine_forward", out=lambda out, _: 0 * out),
    "input-unchanged": ("soft_threshold", lambda w, **given: w),
    "one-array-twice": changed("network_forward", hidden=lambda hidden, _: hidden[:1] * len(hidden)),
    "times-2": changed("affine_forward", out=lambda out, _: 2 * out),
    "divided-by-2": changed("affine_forward", out=lambda out, _: out / 2),
    "times-x.shape[0]": changed("affine_forward", out=lambda out, given: len(given["x"]) * out),
    "divided-by-len(weights)": changed("network_forward", logits=lambda z, given: z / max(len(given["weights"]), 1)),
}


def blind(operation, function):
    """What is said of a function if the operation has no mistakes of its own."""
    with np.errstate(all="ignore"):
        results = check(SimpleNamespace(**{operation: function}), operation)
    nameless = replace(cases(operation)[0].vector, mistakes={})
    return diagnose([replace(one, case=replace(one.case, vector=nameless)) for one in results if one.outputs])


@pytest.mark.parametrize("name", GENERIC)
def test_a_generic_mistake_is_named(name):
    assert name in [one.name for one in blind(*GENERIC[name])[:2]]


def test_every_generic_mistake_is_tried():
    assert {one.name for one in TABLE} <= set(GENERIC) and all(one.says.endswith(".") for one in TABLE)


@pytest.mark.parametrize("name", [name for name, (operation, _) in GENERIC.items() if operation in (
    "affine_forward", "relu_forward", "soft_threshold") and name != "single-precision"])
def test_a_generic_mistake_in_half_of_the_cases_is_not_named(name):
    """What fits some cases only is an accident."""
    operation, function = GENERIC[name]
    chosen = iter(range(1000))

    def now_and_then(**given):
        answer = function(**given)
        if isinstance(answer, dict):
            answer, = answer.values()
        return answer if next(chosen) % 2 else jumbled(answer)

    assert name not in [one.name for one in blind(operation, now_and_then)]


def jumbled(value):
    return value + np.cos(np.arange(value.size).reshape(value.shape)) if np.size(value) else value


def test_stages_that_count_from_0_never_come_to_never():
    for want, claim in ((np.array([1, 3, NEVER]), [2, 4, NEVER]), (np.int64(NEVER), NEVER), (np.int64(1), 2)):
        assert np.array_equal(shifted(1)(SimpleNamespace(want=want)), claim)
    assert shifted(1)(SimpleNamespace(want=np.array([1.0]))) is None
