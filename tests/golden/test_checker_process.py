"""Programs on the wire: whatever they do, each case gets its verdict, the next is asked, and nothing hangs.

Every program here is a few lines that answer ``relu_forward``, with one thing changed.
"""

import io
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest

from den_ref.golden import cases
from den_ref.golden.adapters import process, wire
from den_ref.golden.adapters.process import CannotStart, ProcessAdapter
from den_ref.golden.answers import AdapterError
from den_ref.golden.ask import check_all
from tests.helpers.other_processes import alive, wait_until

PROGRAM = """
import json, os, signal, sys, time
def say(text):
    sys.stdout.write(text + "\\n")
    sys.stdout.flush()
hello = json.loads(sys.stdin.readline())
HELLO
for line in sys.stdin:
    question = json.loads(line)
    case = question["id"].split("/")[1]
    a = question["inputs"].get("a", {"data": []})
    answer = {"id": question["id"], "outputs": {"h": dict(a, data=[max(x, 0.0) for x in a["data"]])}}
    ANSWER
END
"""
GREET = 'say(json.dumps({"hello": "den-golden", "schema": 1}))'
SEND = "say(json.dumps(answer))"
#: by-hand, no-units, larger: the change is made for the first, the other two show what happens to the rest.
IDS = [case.id for case in cases("relu_forward")]


def program(tmp_path, answer=SEND, hello=GREET, end="pass"):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM.replace("HELLO", hello).replace("ANSWER", answer).replace("END", end))
    return [sys.executable, "-S", str(path)]


def verdicts(command, chosen=None, seconds=10.0, wire=wire.JSON):
    adapter = ProcessAdapter(command, seconds, start=10.0, wire=wire)
    try:
        results = list(check_all(adapter, chosen or cases("relu_forward")))
    finally:
        complaints = adapter.close()
    return results, complaints


def only_first(action, otherwise=SEND):
    return f"{action} if case == 'by-hand' else {otherwise}"


def test_a_good_program_passes(tmp_path):
    results, complaints = verdicts(program(tmp_path))
    assert [result.verdict for result in results] == ["pass"] * 3 and complaints == []


ARRAY = '{"dtype": "float64", "shape": [1], "data": [0]}'


@pytest.mark.parametrize("action, words", [
    ("say('hello')", "expected one JSON object a line, got 'hello'"),
    ("say('')", "expected one JSON object a line, got ''"),
    ("say('[1]')", "expected a JSON object, got '[1]'"),
    ("say('[' * 100000)", "expected one JSON object a line"),
    ("say('1' * 10000)", "expected one JSON object a line"),
    ("(sys.stdout.buffer.write(b'\\xff\\xfe\\n'), sys.stdout.flush())", "expected one JSON object a line"),
    ("say(json.dumps(answer).replace('0', 'NaN', 1))",
     "expected \"nan\", \"inf\" or \"-inf\" (with quotation marks), got NaN"),
    ("say('x' * 10_000_000)", "a line of more than 4 MB"),
    ("say(json.dumps(dict(answer, id='relu_forward/larger')))",
     "got one to 'relu_forward/larger': answer every question once, in order"),
    ("say(json.dumps({'outputs': {}}))", "got one to None"),
    ("os._exit(3)", "no answer: the program ended with exit status 3"),
    ("sys.exit()", "no answer: the program ended with exit status 0"),
    ("os.kill(os.getpid(), signal.SIGKILL)", "no answer: the program was ended by SIGKILL"),
    ("os.close(1)", "no answer: the program"),
    ("(sys.stdout.write('{\"id\": '), sys.stdout.flush(), os._exit(4))",
     "expected one JSON object a line, got '{\"id\":'"),
    ("1 / 0", "ZeroDivisionError"),                                # from its stderr
    ("say(json.dumps({'id': question['id']}))", 'expected "outputs", "not_implemented" or "error"'),
    ("say(json.dumps({'id': question['id'], 'outputs': [1]}))", 'expected "outputs", "not_implemented" or "error"'),
    ("say(json.dumps({'id': question['id'], 'error': 'too hard'}))", "too hard"),
    ("say(json.dumps({'id': question['id'], 'outputs': {}}))", "expected the outputs h, got none"),
    ("say(json.dumps({'id': question['id'], 'outputs': {'h': 1, 'g': 2}}))", "expected the outputs h, got h, g"),
    ("say(json.dumps({'id': question['id'], 'outputs': {'h': [[1], [2, 3]]}}))", "output h: expected a number"),
    (f"say(json.dumps({{'id': question['id'], 'outputs': {{'h': dict({ARRAY}, data=['Infinity'])}}}}))",
     "output h.data[0]: expected a number, \"nan\""),
    (f"say(json.dumps({{'id': question['id'], 'outputs': {{'h': dict({ARRAY}, data=[[1], [2, 3]])}}}}))",
     "expected a flat list of 1 entries"),
    (f"say(json.dumps({{'id': question['id'], 'outputs': {{'h': dict({ARRAY}, dtype='f8')}}}}))", "output h.dtype"),
])
def test_what_is_no_answer_is_an_error_and_the_rest_is_asked(tmp_path, action, words):
    results, complaints = verdicts(program(tmp_path, only_first(action)))
    assert [result.verdict for result in results] == ["error", "pass", "pass"] and complaints == []
    assert words in results[0].message


@pytest.mark.parametrize("action, words", [
    (f"say(json.dumps({{'id': question['id'], 'outputs': {{'h': {ARRAY}}}}}))", "expected shape (2, 3), got (1,)"),
    ("say(json.dumps({'id': question['id'], 'outputs': {'h': dict(a, dtype='int64', data=[0] * 6)}}))",
     "expected dtype float, got integer"),
    ("say(json.dumps({'id': question['id'], 'outputs': {'h': dict(a, data=['nan'] * 6)}}))", "got nan, want 0"),
])
def test_a_wrong_answer_fails_and_the_rest_is_asked(tmp_path, action, words):
    results, _ = verdicts(program(tmp_path, only_first(action)))
    assert [result.verdict for result in results] == ["fail", "pass", "pass"]
    assert words in str(results[0].differences[0])


def test_not_implemented_is_counted_apart(tmp_path):
    refuse = "say(json.dumps({'id': question['id'], 'not_implemented': True}))"
    results, _ = verdicts(program(tmp_path, only_first(refuse)))
    assert [result.verdict for result in results] == ["not implemented", "pass", "pass"]


def test_one_line_too_many_spoils_the_next_answer_or_the_end(tmp_path):
    results, complaints = verdicts(program(tmp_path, only_first(f"({SEND}, {SEND})")))
    assert [result.verdict for result in results] == ["pass", "error", "pass"] and complaints == []
    assert "got one to 'relu_forward/by-hand'" in results[1].message
    results, complaints = verdicts(program(tmp_path, end="say('bye')"))
    assert [result.verdict for result in results] == ["pass"] * 3
    assert "a line that was not asked for: b'bye" in complaints[0]


def test_an_operation_that_ends_two_programs_is_not_asked_again(tmp_path):
    noted = f"open({str(tmp_path / 'starts')!r}, 'a').write('x')\n{GREET}"
    dies = "os._exit(6) if question['operation'] == 'relu_backward' else " + SEND
    chosen = [*cases("relu_backward"), *cases("relu_forward")]
    results, _ = verdicts(program(tmp_path, dies, hello=noted), chosen)
    first, second, *others = [result.message for result in results if result.case.operation == "relu_backward"]
    assert "exit status 6" in first and "exit status 6" in second
    assert others and all(said == "not asked: 2 programs have ended in relu_backward" for said in others)
    assert [result.verdict for result in results[-3:]] == ["pass"] * 3
    assert (tmp_path / "starts").read_text() == "xxx"              # at first, and after each end


def test_what_was_said_in_one_case_is_not_shown_with_the_next(tmp_path):
    loud = "(sys.stderr.write('first case\\n'), sys.stderr.flush(), time.sleep(0.5), say(json.dumps(answer)))"
    silent = "(sys.stderr.write('second case\\n'), sys.stderr.flush(), os._exit(1))"
    results, _ = verdicts(program(tmp_path, only_first(loud, silent)))
    assert [result.verdict for result in results[:2]] == ["pass", "error"]
    assert "second case" in results[1].message and "first case" not in results[1].message


def test_a_flood_of_lines_is_not_listened_to(tmp_path):
    results, _ = verdicts(program(tmp_path, only_first("[say('x' * 1000) for i in iter(int, 1)]")))
    assert [result.verdict for result in results] == ["error", "pass", "pass"]


def test_a_program_that_hangs_costs_one_time_limit(tmp_path):
    chosen = [*cases("relu_forward"), *cases("relu_backward/no-units")]
    results, _ = verdicts(program(tmp_path, only_first("time.sleep(60)")), chosen, seconds=0.7)
    assert [result.verdict for result in results[:3]] == ["error"] * 3
    assert ["no answer within 0.7 s" in result.message for result in results] == [True] + [False] * 3
    assert all("not asked: the program hung in relu_forward before" in result.message for result in results[1:3])
    assert "expected the outputs da, got h" in results[3].message    # another operation is asked, and answered


def test_a_program_that_hangs_always_is_given_up(tmp_path):
    chosen = [cases(name)[0] for name in
              ("relu_forward", "relu_backward", "affine_forward", "affine_backward", "network_forward")]
    results, _ = verdicts(program(tmp_path, "time.sleep(60)"), chosen, seconds=0.2)
    assert ["no answer within" in result.message for result in results] == [True] * 3 + [False] * 2
    assert "3 times in a row" in results[-1].message


def test_hangs_with_answers_between_them_are_not_in_a_row(monkeypatch):
    class Program:
        """Answers operations whose names begin with "answer", and no others in time."""

        def __init__(self, command):
            self.complaints = b""

        def send(self, message):
            self.asked = message

        def receive(self, seconds):
            if self.asked.startswith("hang"):
                raise TimeoutError("no answer within 1 s")
            return self.asked

        def stop(self):
            pass

        def said(self):
            return ""

    monkeypatch.setattr(process, "Child", Program)
    monkeypatch.setattr(process, "check_hello", lambda text, wire: None)
    monkeypatch.setattr(process, "outputs", lambda case, text, wire: {"said": text})
    words = SimpleNamespace(hello="hello", question=lambda case: case.operation)
    adapter = process.ProcessAdapter(["program"], wire=words)
    for i in range(2 * process.PATIENCE):
        with pytest.raises(AdapterError, match="no answer within"):
            adapter(SimpleNamespace(operation=f"hang {i}"))
        assert adapter(SimpleNamespace(operation=f"answer {i}")) == {"said": f"answer {i}"}


def test_a_program_that_does_not_read_is_no_dead_lock(tmp_path):
    long = replace(wire.JSON, question=lambda case: b"x" * 5_000_000 + b"\n")
    deaf = program(tmp_path, hello=GREET + "\ntime.sleep(60)")
    results, _ = verdicts(deaf, cases("relu_forward/by-hand"), seconds=0.3, wire=long)
    assert "no answer within 0.3 s" in results[0].message


def test_what_a_program_started_is_stopped_with_it(tmp_path):
    grandchild = "__import__('subprocess').Popen([sys.executable, '-c', 'import time; time.sleep(600)'])"
    noted = f"open({str(tmp_path / 'pid')!r}, 'w').write(str({grandchild}.pid))"
    results, _ = verdicts(program(tmp_path, only_first(f"({noted}, os._exit(5))")))
    assert [result.verdict for result in results] == ["error", "pass", "pass"]
    wait_until(lambda: not alive(int((tmp_path / "pid").read_text())))


def test_no_threads_and_no_programs_are_left(tmp_path):
    before = threading.active_count()
    adapter = ProcessAdapter(program(tmp_path))
    child = adapter.child
    adapter.close()
    assert child.process.poll() is not None and threading.active_count() == before


@pytest.mark.parametrize("hello, words", [
    ("say('ready')", "no hello: expected one JSON object a line, got 'ready'"),
    ("say('{}')", "no hello: expected the first line {\"hello\":\"den-golden\",\"schema\":1}, got '{}'"),
    ("say(json.dumps(dict(hello, schema=2)))", "expected schema 1, got 2"),
    ("say(json.dumps({'hello': 'den-golden'}))", "expected schema 1, got None"),
    ("say(json.dumps({'error': 'no licence'}))", "no licence"),
    ("sys.exit(7)", "no hello: no answer: the program ended with exit status 7"),
    ("print('why', file=sys.stderr); sys.exit(7)", "its stderr:\n  why"),
    ("time.sleep(60)", "no hello: no answer within 1 s"),
])
def test_a_program_that_does_not_greet_cannot_start(tmp_path, hello, words):
    with pytest.raises(CannotStart) as error:
        ProcessAdapter(program(tmp_path, hello=hello), start=1.0)
    assert words in str(error.value)


def test_a_program_that_is_not_there_cannot_start(tmp_path):
    for command in (["/nosuch/program"], [str(tmp_path)]):
        with pytest.raises(CannotStart, match="cannot be started"):
            ProcessAdapter(command)


def test_a_program_that_does_not_start_again_is_not_tried_for_ever(tmp_path):
    once = f"mark = {str(tmp_path / 'mark')!r}\nif os.path.exists(mark): sys.exit(9)\nopen(mark, 'w').close()\n{GREET}"
    chosen = [*cases("relu_forward"), *cases("relu_backward")]
    results, _ = verdicts(program(tmp_path, "os._exit(1)", hello=once), chosen)
    assert {result.verdict for result in results} == {"error"}
    assert "could not be started again" in results[1].message and "3 times in a row" in results[-1].message


def test_an_interruption_before_the_hello_leaves_no_program_behind(tmp_path, monkeypatch):
    """Ctrl-C while the program loads: nobody holds the adapter yet, so it ends what it has begun."""
    noted = f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)"

    def interrupted(self, seconds):
        wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        raise KeyboardInterrupt

    monkeypatch.setattr(process.Child, "receive", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ProcessAdapter(program(tmp_path, hello=noted))
    assert not alive(int((tmp_path / "pid").read_text()))


# --- the wire itself ---------------------------------------------------------------------------------------------


def test_questions_are_strict_json_lines():
    for case in cases():
        text = wire.question(case)
        assert text.endswith(b"\n") and text.count(b"\n") == 1
        message = wire.understand(text)
        assert message["id"] == case.id and message["operation"] == case.operation
        assert message["inputs"].keys() == case.inputs.keys()


def serve(path, lines):
    return subprocess.run([sys.executable, "-m", "den_ref.golden.adapters.serve", str(path)], input="\n".join(lines) + "\n",
                          capture_output=True, text=True, timeout=30)


def test_a_python_file_may_print(tmp_path):
    (tmp_path / "loud.py").write_text("import os\nprint('loading')\ndef relu_forward(a):\n"
                                      "    print('asked'); os.system('echo shell')\n    return a * (a > 0)\n")
    case = cases("relu_forward/by-hand")[0]
    done = serve(tmp_path / "loud.py", [wire.line(wire.HELLO).decode().strip(), wire.question(case).decode().strip()])
    hello, answer = done.stdout.splitlines()
    wire.check_hello(hello.encode())
    assert wire.outputs(case, answer.encode())["h"].tolist() == case.expected["h"].tolist()
    assert all(word in done.stderr for word in ("loading", "asked", "shell")) and done.returncode == 0


def test_a_python_file_that_cannot_be_loaded_says_so_on_the_wire(tmp_path):
    done = serve(tmp_path / "nosuch.py", [wire.line(wire.HELLO).decode().strip()])
    assert done.returncode == 2 and "cannot be loaded" in json.loads(done.stdout)["error"]


@pytest.mark.parametrize("body, words", [
    ("while True: pass", "no answer within 1 s"), ("__import__('os')._exit(4)", "exit status 4"),
    ("__import__('os').kill(__import__('os').getpid(), 11)", "SIGSEGV"),
    ("raise SystemExit(2)", "raised SystemExit: 2"),
    ("return [[1.0], [2.0, 3.0]]", "h: cannot be made an array"),
])
def test_a_python_file_may_do_anything(tmp_path, body, words):
    (tmp_path / "bad.py").write_text(f"def relu_forward(a):\n    {body}\n"
                                     "def relu_backward(dh, a):\n    return dh * (a > 0)\n")
    chosen = [cases("relu_forward")[0], cases("relu_backward")[0]]
    results, _ = verdicts([sys.executable, "-m", "den_ref.golden.adapters.serve", str(tmp_path / "bad.py")], chosen, seconds=1.0)
    assert [result.verdict for result in results] == ["error", "pass"] and words in results[0].message


def test_the_end_of_stderr_is_kept(tmp_path):
    loud = "sys.stderr.write('x' * 1_000_000 + 'the end'), sys.stderr.flush(), os._exit(1)"
    results, _ = verdicts(program(tmp_path, only_first(f"({loud})")))
    assert results[0].message.rstrip().endswith("the end") and len(results[0].message) < 3000


def test_an_answer_cannot_come_before_its_question():
    case = cases("relu_forward/by-hand")[0]
    with pytest.raises(AdapterError, match="answer every question once, in order"):
        wire.outputs(case, wire.question(cases("relu_forward/larger")[0]))
    assert io.BytesIO(wire.line(wire.HELLO)).read() == b'{"hello":"den-golden","schema":1}\n'


def test_an_interruption_leaves_no_program_behind(tmp_path):
    mark = tmp_path / "pid"
    (tmp_path / "slow.py").write_text("import os, time\ndef relu_forward(a):\n"
                                      f"    open({str(mark)!r}, 'w').write(str(os.getpid()))\n    time.sleep(60)\n")
    command = [sys.executable, "-m", "den_ref", "golden", "check", "slow.py", "--only", "relu_forward"]
    running = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: mark.exists() and mark.read_text())
    running.send_signal(signal.SIGINT)
    _, complaints = running.communicate(timeout=20)
    assert running.returncode == 130 and "interrupted" in complaints and "Traceback" not in complaints
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)
