"""Skeletons of adapters: they run as they are, have every operation, and pass as soon as one is filled in."""

import ast
import json
import shutil
import sys
from types import ModuleType, SimpleNamespace

import pytest

from den_ref.cli import main
from den_ref.golden import check, vectors
from den_ref.golden.template import LANGUAGES, template

RELU = {"numpy": ("    raise NotImplementedError", "    return np.maximum(a, 0)"),
        "node": ("    return undefined;", "    const data = inputs.a.data.map((x) => Math.max(x, 0));\n"
                                         "    return { h: { ...inputs.a, data } };")}


def written(language, capsys):
    assert main(["golden", "template", language]) == 0
    text = capsys.readouterr().out
    assert text == template(language)
    return text


def filled(text, language):
    """The skeleton with its ReLU written."""
    before, name, after = text.partition("def relu_forward" if language != "node" else "  relu_forward(")
    return before + name + after.replace(*RELU[language], 1)


@pytest.mark.parametrize("language", ["numpy", pytest.param("node", marks=pytest.mark.skipif(
    shutil.which("node") is None, reason="needs node"))])
def test_a_skeleton_runs_as_it_is_and_can_be_filled_in(tmp_path, capsys, language):
    text = written(language, capsys)
    path = tmp_path / ("my_den.py" if language == "numpy" else "my_den.js")
    target = [str(path)] if language == "numpy" else ["--exec", f"node {path}"]
    path.write_text(text)
    assert main(["golden", "check", *target, "--json"]) == 2      # nothing is implemented
    counts = json.loads(capsys.readouterr().out)["counts"]
    assert counts["not implemented"] == sum(counts.values()) > 0
    path.write_text(filled(text, language))
    assert main(["golden", "check", *target, "--json"]) == 0
    passed = json.loads(capsys.readouterr().out)["results"]
    assert {result["operation"] for result in passed if result["verdict"] == "pass"} == {"relu_forward"}


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"node"}))
def test_a_python_skeleton_has_every_operation(language, capsys, monkeypatch):
    tree = ast.parse(written(language, capsys))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for vector in vectors():
        function = functions[vector.operation]
        tops = list(dict.fromkeys(name.partition("/")[0] for name in vector.inputs))
        assert [argument.arg for argument in function.args.args] == tops
        said = " ".join(ast.get_docstring(function).split())
        assert " ".join(vector.equation.split()) in said
        assert all(f"{name}: {kind}" in said for name, kind in [*vector.inputs.items(), *vector.outputs.items()])
    # torch and jax need not be there: what the file does with them at its start is done with stand-ins.
    for name in ("torch", "jax", "jax.numpy"):
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(config=SimpleNamespace(update=lambda *_: None),
                                                               numpy=None, float64=None))
    module = ModuleType("skeleton")
    exec(compile(tree, "skeleton", "exec"), module.__dict__)
    assert {result.verdict for result in check(module)} == {"not implemented"}


def test_no_other_language(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["golden", "template", "cobol"])
    assert ended.value.code == 2 and "numpy" in capsys.readouterr().err
