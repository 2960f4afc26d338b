"""The command ``den-ref golden``: what it prints, what it refuses, its exit status."""

import json
import os
import subprocess
import sys

import pytest

from den_ref.cli import main
from den_ref.golden import VECTORS, cases, vectors
from den_ref.golden.show import show_case, show_operation

LEAKY = """
def relu_backward(dh, a):
    return dh * (a >= 0)

def relu_forward(a):
    return a * (a > 0)
"""
PROGRAM = """
import json, sys
print(sys.stdin.readline().strip(), flush=True)
for line in sys.stdin:
    question = json.loads(line)
    print(json.dumps({"id": question["id"], "outputs": {"h": question["inputs"]["a"]}}), flush=True)
"""

RIGHT = """
import json, sys
print(sys.stdin.readline().strip(), flush=True)
for line in sys.stdin:
    question = json.loads(line)
    a = question["inputs"]["a"]
    outputs = {"h": dict(a, data=[max(x, 0.0) for x in a["data"]])}
    print(json.dumps({"id": question["id"], "outputs": outputs}), flush=True)
"""


@pytest.fixture
def adapter(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(LEAKY)
    return str(path)


def test_list(capsys):
    assert main(["golden", "list"]) == 0
    printed = capsys.readouterr().out
    assert all(case.id in printed and case.about in printed for case in cases())
    assert f"{len(cases())} cases" in printed
    assert main(["golden", "list", "--json", "--only", "relu_forward"]) == 0
    assert [entry["id"] for entry in json.loads(capsys.readouterr().out)] == [case.id for case in cases("relu_forward")]


def test_show_prints_a_case_to_be_read(capsys):
    assert main(["golden", "show", "relu_backward/on-the-kink"]) == 0
    printed = capsys.readouterr().out
    for words in ("da = dh where a > 0, else 0", "a = [[-1.   0.   1. ]\n         [ 0.5  0.  -0.5]]", "tolerance exact",
                  "relu-gate-open-at-zero", "by hand"):
        assert words in printed


@pytest.mark.slow
def test_everything_can_be_shown(capsys):
    assert main(["golden", "show", *(vector.operation for vector in vectors()), "*/*"]) == 0
    printed = capsys.readouterr().out
    assert all(case.about.split()[0] in printed for case in cases())
    assert max(map(len, printed.splitlines())) <= 160


def sections(text) -> dict:
    """Heading -> the lines below it, of what is shown."""
    parts = [part.strip("\n").splitlines() for part in text.split("\n\n")]
    return {heading: lines for heading, *lines in parts}


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector.operation)
def test_an_operation_is_shown_with_its_own_inputs_outputs_mistakes_and_cases(vector):
    shown = sections(show_operation(vector))
    for heading, signature in (("inputs", vector.inputs), ("outputs", vector.outputs)):
        assert shown[heading] == [f"    {name}: {kind}" for name, kind in signature.items()]
    bullets = [line.split(":")[0] for line in shown["named mistakes"] if line.startswith("    - ")]
    assert bullets == [f"    - {name}" for name in vector.mistakes]
    assert [line.split()[0] for line in shown["cases"]] == [case.id for case in vector.cases]
    assert ("conventions" in shown) == bool(vector.conventions) and all(shown.values())      # no heading of nothing


@pytest.mark.parametrize("id", ["select_units/two-layers", "network_backward/softmax", "solve_head/by-hand"])
def test_a_case_is_shown_with_its_own_inputs_and_answer(id):
    [case] = cases(id)
    shown = sections(show_case(case))
    for heading, named in (("inputs", case.inputs), ("expected", case.expected)):
        names = [line.strip().partition(" = ")[0] for line in shown[heading] if " = " in line]
        assert names == list(named)


def test_show_as_json_is_the_case_in_the_file(capsys):
    assert main(["golden", "show", "--json", "relu_forward/by-hand"]) == 0
    stored = json.loads((VECTORS / "relu_forward.json").read_text())["cases"]
    assert json.loads(capsys.readouterr().out) == [entry for entry in stored if entry["id"] == "relu_forward/by-hand"]


def test_check_explains_and_counts(adapter, capsys):
    assert main(["golden", "check", adapter]) == 1
    printed = capsys.readouterr().out
    for words in ("FAIL  relu_backward, 2 cases", "case       relu_backward/on-the-kink",
                  "relu_backward: this is what relu-gate-open-at-zero gives, in 2 of 2 cases that can show it",
                  f"{len(vectors()) - 2} operations are not implemented"):
        assert words in printed
    assert "\033" not in printed                                  # not a terminal, so no colours


def test_what_others_are_built_on_is_said_first(tmp_path, capsys):
    (tmp_path / "mine.py").write_text("def affine_forwards(x, w, b): pass\ndef auroc(scores, labels): 1 / 0\n"
                                      "def relu_backward(dh, a): return dh\ndef den_trace(**given): return given['k'] / 0\n")
    assert main(["golden", "check", str(tmp_path / "mine.py")]) == 1
    printed = capsys.readouterr().out
    places = [printed.index(f"{verdict}  {name}, ") for verdict, name in
              (("FAIL", "relu_backward"), ("ERROR", "auroc"), ("ERROR", "den_trace"))]
    assert places == sorted(places) and printed.count("ZeroDivisionError") == 2      # once per operation
    assert "affine_forward: there is a 'affine_forwards'; is that it?" in printed


def test_check_a_part_passes(adapter, capsys):
    assert main(["golden", "check", adapter, "--only", "relu_forward", "relu_backward/no-units"]) == 0
    count = len(cases("relu_forward")) + 1
    assert f"{count} cases: {count} pass" in capsys.readouterr().out


def test_check_nothing_implemented_is_no_success(adapter, capsys):
    assert main(["golden", "check", adapter, "--only", "auroc"]) == 2
    assert "nothing was checked, so this is no success" in capsys.readouterr().out


def test_check_as_json(adapter, capsys):
    assert main(["golden", "check", adapter, "--json", "--only", "relu_*"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["exit_status"] == 1 and document["counts"]["fail"] == 2 and document["adapter"] == adapter


@pytest.mark.parametrize("precision, status", [("f32", 0), ("f64", 1)])
def test_an_implementation_in_single_precision_passes_with_its_option(tmp_path, precision, status):
    path = tmp_path / "single.py"
    path.write_text("def affine_forward(x, w, b):\n    x, w, b = (a.astype('float32') for a in (x, w, b))\n"
                    "    return x @ w + b\n")
    assert main(["golden", "check", str(path), "--only", "affine_forward", "--precision", precision]) == status


@pytest.mark.parametrize("surplus, status", [("", 0), ("print('{}')", 1)])
def test_as_json_and_as_exit_status_a_surplus_line_is_no_success(tmp_path, capsys, surplus, status):
    """It is said when all cases have passed: what it belongs to nobody can tell."""
    path = tmp_path / "program.py"
    path.write_text(RIGHT + surplus)
    command = f"{sys.executable} {path}"
    assert main(["golden", "check", "--exec", command, "--only", "relu_forward", "--json"]) == status
    document = json.loads(capsys.readouterr().out)
    assert document["exit_status"] == status and document["counts"]["pass"] == len(cases("relu_forward"))
    assert len(document["complaints"]) == status


def test_check_with_expected_failures(adapter, tmp_path, capsys):
    (tmp_path / "known.txt").write_text("relu_backward/on-the-kink issue 7\nrelu_backward/dead-unit issue 7\n")
    command = ["golden", "check", adapter, "--xfail", str(tmp_path / "known.txt"), "--only", "relu_*"]
    assert main(command) == 0
    assert "2 expected failure" in capsys.readouterr().out
    (tmp_path / "known.txt").write_text("relu_* issue 7\n")
    assert main(command) == 1
    assert "UNEXPECTED PASS  relu_forward, 3 cases" in capsys.readouterr().out


def test_an_importable_module(tmp_path, monkeypatch):
    (tmp_path / "some_den.py").write_text(LEAKY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert main(["golden", "check", "some_den", "--only", "relu_forward"]) == 0


def test_a_program(tmp_path, adapter):
    command = f"{sys.executable} -m den_ref.golden.adapters.serve {adapter}"
    assert main(["golden", "check", "--exec", command, "--only", "relu_forward"]) == 0
    assert main(["golden", "check", "--exec", command, "--only", "relu_*"]) == 1


def test_a_hanging_program_is_stopped(tmp_path, capsys):
    (tmp_path / "slow.py").write_text("def relu_forward(a):\n    while True: pass\n")
    assert main(["golden", "check", str(tmp_path / "slow.py"), "--timeout", "0.3", "--only", "relu_forward"]) == 1
    assert "no answer within 0.3 s" in capsys.readouterr().out


def test_surplus_output_ends_in_status_1(tmp_path, capsys):
    program = tmp_path / "extra.py"
    command = ["golden", "check", "--exec", f"{sys.executable} {program}", "--only", "relu_forward/no-units"]
    program.write_text(PROGRAM)
    assert main(command) == 0
    program.write_text(PROGRAM + "print('bye')\n")
    assert main(command) == 1
    assert "a line that was not asked for" in capsys.readouterr().out


@pytest.mark.parametrize("arguments, words", [
    (["check"], "expected a Python file or module, or --exec COMMAND"),
    (["check", "a.py", "--exec", "b"], "(one of the two)"),
    (["check", "nosuchfile.py"], "nosuchfile.py: cannot be loaded: FileNotFoundError"),
    (["check", "nosuchmodule"], "No module named 'nosuchmodule'"),
    (["check", "json"], "json: expected functions named as operations"),
    (["check", "--exec", "/nosuch/program"], "cannot be started"),
    (["check", "--exec", ""], "--exec: expected a command"),
    (["check", "--exec", "'"], "No closing quotation"),
    (["check", "--exec", f"{sys.executable} -c pass"], "no hello: no answer: the program ended with exit status 0"),
    (["check", "json", "--only", "relu_forwad"], "did you mean 'relu_forward'?"),
    (["check", "json", "--xfail", "nosuchfile.txt"], "nosuchfile.txt"),
    (["check", "json", "--timeout", "0"], "--timeout: expected a number of seconds > 0"),
    (["check", "json", "--timeout", "nan"], "--timeout: expected a number of seconds > 0"),
    (["show", "relu_forward/by-hnd"], "did you mean 'relu_forward/by-hand'?"),
    (["list", "--only", "nothing"], "got 'nothing'"),
    (["export", "."], "DIR: expected a new or empty folder"),
])
def test_misuse_says_what_was_expected(arguments, words, capsys):
    assert main(["golden", *arguments]) == 2
    printed = capsys.readouterr()
    assert words in printed.err and "Traceback" not in printed.err and printed.out == ""


def test_misuse_that_argparse_finds(capsys):
    for arguments in (["check", "a.py", "--precision", "f16"], ["nosuch"], [], ["show"]):
        with pytest.raises(SystemExit) as ended:
            main(["golden", *arguments])
        assert ended.value.code == 2


@pytest.mark.parametrize("there", [False, True])
def test_export_writes_the_files(tmp_path, there, capsys):
    folder = tmp_path / "out"
    if there:
        folder.mkdir()
    assert main(["golden", "export", str(folder)]) == 0
    files = sorted((folder / "vectors").glob("*.json"))
    assert [file.name for file in files] == sorted(file.name for file in VECTORS.glob("*.json"))
    assert all(file.read_bytes() == (VECTORS / file.name).read_bytes() for file in files)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert main(["golden", "export", str(folder)]) == 2


def test_the_command_leaves_the_numbers_alone_and_starts_fast():
    """``import den_ref.golden`` needs NumPy only; the rest of den_ref is for whoever generates."""
    heavy = ("scipy", "den_ref.core", "den_ref.den")
    code = f"import sys, den_ref.golden.command; sys.exit(any(name in sys.modules for name in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], env=os.environ).returncode == 0
