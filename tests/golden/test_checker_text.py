"""Programs that read no JSON: the same questions and answers as words between blanks."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from den_ref.cli import main
from den_ref.golden import cases
from den_ref.golden.adapters import text, wire
from den_ref.golden.values import decode, encode

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "golden" / "examples" / "den.c"
CASE = cases("relu_forward/by-hand")[0]
#: Answers relu_forward with a number of mistakes in its words.
PROGRAM = """
import sys
print(sys.stdin.readline(), end="", flush=True)
for line in sys.stdin:
    name, operation, count, _, dtype, axes, rows, columns, *data = line.split()
    print(name, "outputs 1 h", dtype, axes, rows, columns, *(max(float(x), 0.0) for x in data), flush=True)
"""


def test_every_question_says_in_words_what_it_says_in_json():
    for case in cases():
        line = text.question(case)
        assert line.endswith(b"\n") and line.count(b"\n") == 1
        head, words = line.split()[:3], line.split()[3:]
        assert head == [case.id.encode(), case.operation.encode(), str(len(case.inputs)).encode()]
        answer = b" ".join([head[0], b"outputs", head[2], *words])   # an answer has the form of a question
        given = text.understand(answer)["outputs"]
        assert {name: decode(value) for name, value in given.items()}.keys() == case.inputs.keys()
        assert json.dumps(given) == json.dumps({name: encode(value) for name, value in case.inputs.items()})


@pytest.mark.parametrize("line, message", [
    (b"den-golden 1\n", wire.HELLO), (b"error no licence\n", {"error": "no licence"}),
    (b"a/b not_implemented\n", {"id": "a/b", "not_implemented": True}),
    (b"a/b error too  hard\n", {"id": "a/b", "error": "too hard"}),
    (b"a/b outputs 2 v float64 0 -nan w bool 1 2 1 0", {"id": "a/b", "outputs": {
        "v": "nan", "w": {"dtype": "bool", "shape": [2], "data": [True, False]}}}),
])
def test_lines_are_understood(line, message):
    assert text.understand(line) == message


@pytest.mark.parametrize("line, words", [
    (b"", "it ends too early"), (b"a/b", "it ends too early"), (b"a/b result 1", "'result' instead of 'outputs'"),
    (b"a/b outputs", "it ends too early"), (b"a/b outputs 1 w float64 1 3 1 2", "it ends too early"),
    (b"a/b outputs 1 w float64 1 1 1 2", "1 words too many"), (b"a/b outputs 1 w float64 1 1 one", "'one'"),
    (b"a/b outputs 1 w float64 1 99999999999999999999 1", "it ends too early"), (b"\xff\xfe", "expected ID and outputs"),
])
def test_what_is_no_answer_is_said(line, words):
    with pytest.raises(wire.WireError) as error:
        text.understand(line)
    assert words in str(error.value)


def test_another_version_and_another_greeting_are_refused():
    for line in (b"den-golden 2", b"den-golden", b"hello 1"):
        with pytest.raises(wire.WireError):
            wire.check_hello(line, text.TEXT)


@pytest.mark.parametrize("change, status", [(("x", "x"), 0), (("max(float(x), 0.0)", "abs(float(x))"), 1),
                                            (("name, \"outputs", "\"outputs"), 1)])
def test_a_program_that_is_asked_in_words(tmp_path, capsys, change, status):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM.replace(*change))
    command = ["golden", "check", "--exec", f"{sys.executable} {path}", "--wire", "text", "--only", "relu_forward"]
    assert main(command) == status


def test_a_file_needs_no_wire(capsys):
    assert main(["golden", "check", "my_den.py", "--wire", "text"]) == 2
    assert "--wire text: expected --exec COMMAND with it" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("gcc") is None or not EXAMPLE.is_file(), reason="needs gcc and the checkout's docs")
@pytest.mark.parametrize("change, status", [(("x", "x"), 0), (("a->data[i] > 0 ? dh", "a->data[i] >= 0 ? dh"), 1)])
def test_c_without_a_json_library(tmp_path, capsys, change, status):
    source = EXAMPLE.read_text()
    (tmp_path / "den.c").write_text(source.replace(*change))
    built = subprocess.run(["gcc", "-Wall", "-Wextra", "-Werror", "-o", str(tmp_path / "den"), str(tmp_path / "den.c"),
                            "-lm"], capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    assert main(["golden", "check", "--exec", str(tmp_path / "den"), "--wire", "text", "--json"]) == status
    results = json.loads(capsys.readouterr().out)["results"]
    answered = {result["operation"] for result in results if result["verdict"] != "not implemented"}
    assert answered == {"soft_threshold", "group_soft_threshold", "relu_forward", "relu_backward"}
    failed = [result for result in results if result["verdict"] == "fail"]
    assert all(result["mistakes"][0]["name"] == "relu-gate-open-at-zero" for result in failed) and bool(failed) == status
