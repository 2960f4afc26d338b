"""The golden values themselves: fit for release, as their oracles say, and passed by den_ref and by its loops."""

import json
from dataclasses import replace
from decimal import Context, Decimal, localcontext

import numpy as np
import pytest
from den_ref import loops
from den_ref.core import mlp
from den_ref.core.checks import check_prox
from den_ref.golden import cases, check, vectors
from den_ref.golden.compare import difference
from den_ref.golden.format import VECTORS, load
from den_ref.golden.parse import parse
from den_ref.golden.values import DIFFERS
from scipy.signal import convolve, correlate
from tests import own_answers as own
from tests.oracles import generate, head_problem, lint
from tests.oracles import high_precision as hp
from tests.oracles.draws import array
from tests.oracles.operations import recipes
from tests.oracles.recipe import Mistake, Question, Recipe

# --- the stored files --------------------------------------------------------------------------------------------


def test_nothing_to_complain_about():
    paths = sorted(VECTORS.glob("*.json"))
    assert len(paths) > 30 and lint.complaints(paths) == []
    assert [complaint for path in lint.SOURCES for complaint in lint.oracle_imports(path)] == []


#: Operations whose oracles take long.
LONG = ("den_trace", "fisher_diagonal", "solve_head")


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow if name in LONG else ())
                                  for name in recipes()])
def test_files_agree_with_their_oracles(name):
    assert generate.check(recipes()[name]) == []


def test_no_file_without_a_recipe():
    assert {path.stem for path in VECTORS.glob("*.json")} == set(recipes())


def test_package_data_is_small():
    assert sum(path.stat().st_size for path in VECTORS.glob("*.json")) < 3_000_000


def test_writing_again_changes_no_byte(tmp_path):
    for name in ("soft_threshold", "relu_backward", "sparse_group_prox", "auroc"):
        (tmp_path / f"{name}.json").write_bytes((VECTORS / f"{name}.json").read_bytes())
        generate.write(recipes()[name], tmp_path)
        assert (tmp_path / f"{name}.json").read_bytes() == (VECTORS / f"{name}.json").read_bytes()


@pytest.mark.parametrize("adapter", [own, loops], ids=["own", "loops"])
def test_den_ref_passes(adapter):
    results = check(adapter)
    failed = {result.case.id: result for result in results if result.verdict not in ("pass", "not implemented")}
    assert failed == {}
    absent = {result.case.operation for result in results if result.verdict == "not implemented"}
    assert absent == ({"den_trace"} if adapter is loops else set())


class SinglePrecision:
    """den_ref's functions on float32 inputs."""

    def __getattr__(self, name):
        function = getattr(own, name)
        return lambda **inputs: function(**{key: single(value) for key, value in inputs.items()})


def single(value):
    if isinstance(value, list):
        return [single(one) for one in value]
    return value.astype(np.float32) if getattr(value, "dtype", None) == np.float64 else value


@pytest.mark.slow
def test_single_precision_passes_as_such(monkeypatch):
    monkeypatch.setattr(own.networks, "packed", lambda *network: mlp.pack(*network, np.float32))
    verdicts = {result.case.id: result.verdict for result in check(SinglePrecision(), precision="f32")}
    assert set(verdicts.values()) == {"pass"}
    strict = [result for result in check(SinglePrecision()) if result.verdict == "fail"]
    assert len(strict) > 20                                        # else it was not single precision


@pytest.mark.parametrize("case", cases("fista"), ids=str)
def test_restarts_are_far_from_their_threshold(case):
    """A restart is a decision inside; if one hung by a thread, rounding would change what follows."""
    inputs = case.arguments()
    inputs["linear"] = inputs["linear"] + 1e-9
    assert np.allclose(recipes()["fista"].oracle(**inputs)["iterates"], case.expected["iterates"], rtol=0, atol=1e-6)


def norms(u):
    return np.sqrt((u ** 2).sum(axis=0)).sum()


@pytest.mark.parametrize("case", cases("sparse_group_prox_metric"), ids=str)
def test_the_prox_oracle_minimises_what_the_case_says(case):
    given = case.arguments()

    def value(u):
        return given["mu"] * np.abs(u).sum() + given["gamma"] * norms(u)

    assert check_prox((value, lambda z, d: case.expected["w"]), given["w"], metric=given["d"])
    wrong = {name: fields["w"] for name, fields in case.wrong.items() if np.isfinite(fields["w"]).all()}
    assert not any(check_prox((value, lambda z, d, u=u: u), given["w"], metric=given["d"]) for u in wrong.values())


def scipys(x, w, b, stride, padding, function):
    """Every channel under every filter by a function of scipy.signal, thinned out."""
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    full = [[sum((function(image[..., c], w[..., c, j], mode="valid") for c in range(w.shape[2])), 0.0)
             for j in range(len(b))] for image in x]
    return np.moveaxis(full, 1, 3)[:, ::stride, ::stride] + b


@pytest.mark.parametrize("case", [case for case in cases("convolution_forward") if 0 not in case.inputs["x"].shape],
                         ids=str)
def test_a_convolution_is_scipys_correlation(case):
    given = case.arguments()
    assert difference("out", scipys(**given, function=correlate), case.expected["out"], "f64") is None
    if "kernel-flipped" in case.wrong:                             # scipy's own convolution is this mistake
        flipped = scipys(**given, function=convolve)
        assert difference("out", flipped, case.wrong["kernel-flipped"]["out"], "f64") is None


# --- the generator can fail --------------------------------------------------------------------------------------


def doubled(**changes):
    """A tiny operation: out = 2 x."""
    given = {
        "name": "doubled", "equation": "out = 2 x", "inputs": {"x": "float64[*]"}, "outputs": {"out": "float64[*]"},
        "conventions": [], "oracle": lambda x: {"out": 2 * x},
        "mistakes": [Mistake("tripled", "x was tripled; it is doubled, as the formula says.", lambda x: {"out": 3 * x})],
        "questions": [Question("by-hand", "two numbers", {"x": np.array([1, 2.5])}, "by hand",
                               expected={"out": np.array([2.0, 5])}),
                      Question("drawn", "a drawn number", lambda: {"x": np.array([0.3])}, "by hand"),
                      Question("zero", "zero", {"x": np.zeros(1)}, "by hand")],
    }
    return Recipe(**{**given, **changes})


def test_a_written_operation_checks(tmp_path):
    generate.write(doubled(), tmp_path)
    assert generate.check(doubled(), tmp_path) == []
    vector = load(tmp_path / "doubled.json")
    assert [list(case.wrong) for case in vector.cases] == [["tripled"], ["tripled"], []]
    assert lint.lint(vector) == []


@pytest.mark.parametrize(("change", "complaint"), [
    ({"oracle": lambda x: {"out": 2 * x + 1e-8 * (x == 0.3)}}, "/cases/doubled/drawn/expected/out"),
    ({"equation": "out = x + x"}, "/equation"),
    ({"mistakes": []}, "/mistakes/tripled: only in the file"),
    ({"conventions": ["x is real"]}, "/conventions"),
    ({"questions": doubled().questions[:2]}, "/cases/doubled/zero: only in the file"),
    ({"questions": [*doubled().questions[:2], replace(doubled().questions[2], inputs={"x": np.ones(1)})]}, "zero/inputs/x"),
    ({"questions": [*doubled().questions[:2], replace(doubled().questions[2], tolerance="exact")]}, "zero/tolerance"),
])
def test_check_notices(tmp_path, change, complaint):
    generate.write(doubled(), tmp_path)
    assert any(complaint in found for found in generate.check(doubled(**change), tmp_path))


def test_check_lets_rounding_pass(tmp_path):
    generate.write(doubled(), tmp_path)
    assert generate.check(doubled(oracle=lambda x: {"out": 2 * x * (1 + 1e-15 * (x == 0.3))}), tmp_path) == []


def test_check_notices_a_missing_file(tmp_path):
    assert "not there" in generate.check(doubled(), tmp_path)[0]


def test_drawn_inputs_are_kept(tmp_path):
    generate.write(doubled(), tmp_path)
    other = [replace(asked, inputs=lambda: {"x": np.array([0.7])}) if asked.name == "drawn" else asked
             for asked in doubled().questions]
    generate.write(doubled(questions=other), tmp_path)
    assert load(tmp_path / "doubled.json").cases[1].inputs["x"] == [0.3]
    generate.write(doubled(questions=other), tmp_path, afresh=True)
    assert load(tmp_path / "doubled.json").cases[1].inputs["x"] == [0.7]


def test_hand_and_oracle_must_agree(tmp_path):
    with pytest.raises(ValueError, match="doubled/by-hand: out: by hand .* by the oracle"):
        generate.write(doubled(oracle=lambda x: {"out": 2 * x + 1}), tmp_path)
    assert not list(tmp_path.iterdir())


def test_commands(capsys):
    assert generate.main(["--check", "soft_threshold"]) == 0
    with pytest.raises(SystemExit, match="2"):
        generate.main(["no_such_operation"])
    assert lint.main([str(VECTORS / "auroc.json")]) == 0
    assert "agree" in capsys.readouterr().out


# --- the linter can fail -----------------------------------------------------------------------------------------


def broken(change) -> list[str]:
    """What the linter says of soft_threshold's file after a change of its document."""
    document = json.loads((VECTORS / "soft_threshold.json").read_text("utf-8"))
    change(document, document["cases"])
    return lint.lint(parse(document))


def large(document, entries):
    entries[1]["inputs"]["w"] = {"dtype": "float64", "shape": [5000], "data": [0.0] * 5000}


def not_dyadic(document, entries):
    entries[0]["inputs"]["w"]["data"][0], entries[0]["tolerance"]["w"] = 0.3, "exact"


def no_sum(document, entries):
    entries[0]["tolerance"]["w"] = "exact"


def captured(document, entries):
    entries[0]["oracle"] = "output of den_ref"


def right_answer(document, entries):
    entries[0]["wrong"]["half-threshold"] = entries[0]["expected"]


def uncaught(document, entries):
    for entry in entries:
        entry["wrong"].pop("hard-threshold", None)


def twin(document, entries):
    for entry in entries:
        if "hard-threshold" in entry["wrong"]:
            entry["wrong"]["half-threshold"] = entry["wrong"]["hard-threshold"]


def few(document, entries):
    del entries[2:]


def wordy(document, entries):
    entries[0]["about"] = "should handle signs"


def half_a_sentence(document, entries):
    document["mistakes"]["half-threshold"] = "halved"


@pytest.mark.parametrize(("change", "complaint"), [
    (large, "at most 4000 numbers"), (not_dyadic, "multiples of 1/16"), (captured, "oracle: expected one of"),
    (no_sum, "expected exact only of"), (right_answer, "half-threshold: w is the right answer"),
    (uncaught, "hard-threshold: no case catches it"), (twin, "no case tells it from"), (few, "at least 3 cases"),
    (wordy, "expected a short statement"),
    (half_a_sentence, "expected a full sentence"),
], ids=lambda value: getattr(value, "__name__", ""))
def test_lint_bites(change, complaint):
    assert any(complaint in found for found in broken(change))


def test_lint_bites_on_discrete_outputs():
    document = json.loads((VECTORS / "solve_head.json").read_text("utf-8"))
    document["cases"][0]["tolerance"]["support"] = "f64"
    document["cases"][1]["margin"]["support"] = 1e-9
    del document["cases"][2]["margin"]
    found = lint.lint(parse(document))
    assert any("support is discrete" in complaint for complaint in found)
    assert sum("expected a margin" in complaint for complaint in found) == 2


@pytest.mark.parametrize("source", [
    "from den_ref.core import losses", "from den_ref.core.penalties import L1", "import den_ref.den.selective",
    "from den_ref.methods import STL", "def f():\n    from den_ref.den import splitting as s", "import den_ref",
    "from tests import own_answers", "from ...den_ref.core import losses", "from tests.den import any_helper"])
def test_an_oracle_may_not_read_the_code_under_test(tmp_path, source):
    (tmp_path / "module.py").write_text(source)
    assert lint.oracle_imports(tmp_path / "module.py")
    (tmp_path / "module.py").write_text("from den_ref.loops import layers\nfrom den_ref.golden.values import decode\n"
                                        "from tests.oracles import high_precision as hp\nfrom . import draws\nimport math")
    assert not lint.oracle_imports(tmp_path / "module.py")


def test_ids_are_unique_over_files():
    vector = vectors()[0]
    assert lint.unique_ids([vector]) == [] and lint.unique_ids([vector, vector])


def schema_errors(document) -> list:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(VECTORS.with_name("schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return list(jsonschema.Draft202012Validator(schema).iter_errors(document))


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(VECTORS.glob("*.json")), ids=lambda path: path.stem)
def test_files_fit_the_schema(path):
    assert schema_errors(json.loads(path.read_text("utf-8"))) == []


def test_schema_refuses():
    document = json.loads((VECTORS / "auroc.json").read_text("utf-8"))
    document["cases"][0]["flag"] = 1
    document["cases"][1]["tolerance"]["auroc"] = "loose"
    del document["cases"][2]["oracle"]
    assert len(schema_errors(document)) == 3


# --- the oracles, against something else -------------------------------------------------------------------------


def test_differs_is_stored_as_the_word():
    operation = doubled(mistakes=[Mistake("random", "A random number was returned; it is twice x.",
                                          lambda x: {"out": DIFFERS})])
    entries = generate.document(operation)["cases"]
    assert all(entry["wrong"]["random"] == {"out": "differs"} for entry in entries)


def test_high_precision_gradients_have_many_digits():
    """A quadratic in 50 digits: its difference quotient is its derivative to 30 digits and more."""
    with localcontext(Context(prec=hp.DIGITS)):
        point = hp.to_decimal(array([0.3, -1.7]))
        slope = hp.central_differences(lambda: hp.total(point ** 3), point)
        assert all(abs(slope[i] - 3 * point[i] ** 2) < Decimal("1e-30") for i in np.ndindex(point.shape))


def test_the_head_solution_refuses_what_is_no_minimum():
    case = cases("solve_head/several-outputs")[0].arguments()
    given = (case["features"], case["labels"], case["loss"], case["mu_head"], 0.0)
    signs = head_problem.candidate(*given, iterations=1000)
    assert head_problem.certified(*given, signs).margin > 0
    signs[0, 0] = 1 if signs[0, 0] == 0 else 0
    with pytest.raises(ArithmeticError, match="optimality conditions"):
        head_problem.certified(*given, signs)


def test_no_wrong_answer_is_within_tolerance_of_the_right_one():
    for case in cases():
        for fields in case.wrong.values():
            assert any(isinstance(value, str) or difference(name, value, case.expected[name], case.tolerance_of(name))
                       for name, value in fields.items()), case.id
