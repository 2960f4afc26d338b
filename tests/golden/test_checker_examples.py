"""The adapters in docs/golden/examples pass every case they implement."""

import ast
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from den_ref.golden import cases, vectors
from den_ref.golden.adapters.python import PythonAdapter
from den_ref.golden.judge import judge
from den_ref.golden.say import explain
from tests import own_answers as own

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "golden" / "examples"
if not EXAMPLES.is_dir():
    pytest.skip("needs the checkout's docs", allow_module_level=True)


OPERATIONS = {vector.operation for vector in vectors()}


def checked(*arguments):
    command = [sys.executable, "-m", "den_ref", "golden", "check", "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, json.loads(done.stdout)


def passes_what_it_defines(document, defined):
    """Every case of the operations it defines passes, and nothing else is answered.

    A function that is misspelt would be "not implemented", and nobody would notice.
    """
    verdicts = {(result["operation"], result["verdict"]) for result in document["results"]}
    answered = {operation for operation, verdict in verdicts if verdict != "not implemented"}
    assert answered == set(defined) & OPERATIONS and len(answered) > 6
    assert all(verdict in ("pass", "not implemented") for _, verdict in verdicts)


def functions(name):
    tree = ast.parse((EXAMPLES / name).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_plain_numpy():
    status, document = checked(str(EXAMPLES / "numpy_den.py"))
    assert status == 0
    assert functions("numpy_den.py") - OPERATIONS == {"sigmoid", "visible"}
    passes_what_it_defines(document, functions("numpy_den.py"))
    tree = ast.walk(ast.parse((EXAMPLES / "numpy_den.py").read_text()))
    imports = [alias.name for node in tree if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names]
    assert imports == ["numpy"]                                   # nothing of ours


@pytest.mark.parametrize("name, helpers", [
    ("torch_den.py", {"tensor", "gradients", "forward", "data_loss"}),
    ("torch_linear.py", {"linear", "network", "returned", "matrix", "shrink"}),
])
def test_torch(name, helpers):
    assert functions(name) - OPERATIONS == helpers
    pytest.importorskip("torch")
    status, document = checked(str(EXAMPLES / name), "--timeout", "60")
    assert status == 0
    passes_what_it_defines(document, functions(name))


def test_a_linear_layer_without_its_transpose_is_told(tmp_path):
    pytest.importorskip("torch")
    source = (EXAMPLES / "torch_linear.py").read_text()
    (tmp_path / "linear.py").write_text(source.replace("return returned(weight).T", "return returned(weight)"))
    status, document = checked(str(tmp_path / "linear.py"), "--timeout", "60", "--only", "affine_backward")
    failed = [result["mistakes"][0]["name"] for result in document["results"] if result["verdict"] == "fail"]
    assert status == 1 and failed and set(failed) <= {"transposed", "gradient-transposed"}


def test_single_precision_passes_with_its_tolerance():
    """Everything computed in float32 from float32 inputs; and the tolerance for doubles would refuse it."""
    adapter = PythonAdapter(own)
    for case in cases():
        singles = {name: value.astype(np.float32) if getattr(value, "dtype", None) == np.float64 else value
                  for name, value in case.inputs.items()}
        result = judge(case, adapter(replace(case, inputs=singles)), "f32")
        assert result.verdict == "pass", explain(result)
    case = cases("affine_forward/larger")[0]
    singles = replace(case, inputs={name: value.astype(np.float32) for name, value in case.inputs.items()})
    assert judge(case, adapter(singles), "f64").verdict == "fail"


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_node():
    status, document = checked("--exec", f"node {EXAMPLES / 'den.js'}")
    assert status == 0
    table = re.search(r"const operations = {\n(.*?)\n};", (EXAMPLES / "den.js").read_text(), re.S)[1]
    defined = re.findall(r"^  (\w+)(?:: )?\(", table, re.M)
    assert set(defined) <= OPERATIONS
    passes_what_it_defines(document, defined)


def test_a_broken_example_fails(tmp_path):
    source = (EXAMPLES / "numpy_den.py").read_text()
    broken = source.replace("np.abs(w) - step * mu, 0)", "np.abs(w) - mu, 0)")
    (tmp_path / "broken.py").write_text(broken)
    status, document = checked(str(tmp_path / "broken.py"), "--only", "soft_threshold")
    failed = [result for result in document["results"] if result["verdict"] == "fail"]
    assert broken != source and status == 1 and failed
    assert all(result["mistakes"][0]["name"] == "threshold-not-scaled" for result in failed)


# --- what docs/golden.md prints ----------------------------------------------------------------------------------

PAGE = (EXAMPLES.parents[1] / "golden.md").read_text("utf-8")


def test_the_failure_in_the_docs_is_a_real_one(tmp_path):
    (tmp_path / "leaky.py").write_text("def relu_backward(dh, a):\n    return dh * (a >= 0)\n")
    command = [sys.executable, "-m", "den_ref", "golden", "check", "leaky.py", "--only", "relu_backward"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    shown = re.search(r"<!-- failure:begin -->\n```\n(.*?)\n```\n<!-- failure:end -->", PAGE, re.S)[1]
    assert done.returncode == 1 and done.stdout.startswith(shown) and "relu-gate-open-at-zero" in shown


def test_the_python_file_in_the_docs_passes(tmp_path):
    shown = re.search(r"```python\n(# my_den.py\n.*?)```", PAGE, re.S)[1]
    (tmp_path / "my_den.py").write_text(shown)
    status, document = checked(str(tmp_path / "my_den.py"))
    assert status == 0 and document["counts"]["pass"] == len(cases("soft_threshold"))


def test_what_the_docs_refer_to_exists():
    for link in re.findall(r"\]\((golden/[^)]*)\)", PAGE):
        assert (EXAMPLES.parents[1] / link).is_file()
    for shown in re.findall(r"golden show (\w+(?:/[\w-]+)?)", PAGE):
        assert shown.isupper() or cases(shown)


def untold(page: str) -> set[tuple[str, str]]:
    """(operation, mistake) that the page's table has and the package has not, or the other way round."""
    told = set(re.findall(r"^\| `(\w+)` \| `([\w-]+)` \| \d+ of \d+ \|", page, re.M))
    return told ^ {(vector.operation, mistake) for vector in vectors() for mistake in vector.mistakes}


def test_the_table_in_the_docs_has_every_named_mistake():
    assert untold(PAGE) == set()
    assert untold(PAGE.replace("| `half-factor` | 3 of 3", "| `half-a-factor` | 3 of 3")) == {
        ("gomtl_bases", "half-factor"), ("gomtl_bases", "half-a-factor")}
