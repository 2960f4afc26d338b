"""What lies in a folder, or stands in a file, is data: it is not run, names no path, and takes no room before it is known."""

import gzip
import json
import signal
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import den_ref
from den_ref.child import python, search_path
from den_ref.cli import main
from den_ref.experiment import read_results
from den_ref.experiment.disk.archives import read_archive, write_archive
from den_ref.experiment.tune.record import read_tries
from den_ref.strict_json import strict_json
from den_ref.tasks.idx import read_idx
from tests.helpers.other_processes import alive, wait_until

#: As the installed command starts: Python has put its folder first, not the working folder.
COMMAND = [sys.executable, "-c", "import sys; sys.path[0] = '/nowhere'; from den_ref.cli import main; "
           "sys.exit(main(sys.argv[1:]))"]


@pytest.fixture
def trapped(tmp_path, monkeypatch):
    """A working folder with files named as modules, which leave a mark when they are run."""
    for name in ("json.py", "types.py", "enum.py", "token.py", "numpy.py", "threadpoolctl.py", "den_ref/__init__.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"open({str(tmp_path / 'mark')!r}, 'a').write({name!r})\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(den_ref.__file__).parents[1]))
    return tmp_path


@pytest.mark.parametrize("arguments", [
    "run --stream toy --method stl --tasks 1 --hidden 4",
    pytest.param("compare --stream toy --methods stl --tasks 1 --seeds 0 --jobs 1 --set stl.epochs=1 --out out",
                 marks=pytest.mark.slow),
    pytest.param("tune stl --stream toy --tasks 1 --tries 1 --second 0 --jobs 1 --out out", marks=pytest.mark.slow),
])
def test_the_working_folder_is_not_imported_from(trapped, arguments):
    done = subprocess.run([*COMMAND, *arguments.split()], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not (trapped / "mark").exists()


@pytest.mark.parametrize("target", ["mine.py", "mine"])
def test_a_checked_file_sees_its_neighbours_but_none_that_is_named_as_pythons_own(trapped, target):
    (trapped / "numpy.py").unlink()
    (trapped / "beside.py").write_text("import numpy as np\ndef relu(a): return np.maximum(a, 0)\n")
    (trapped / "mine.py").write_text("import beside\ndef relu_forward(a):\n    import json, enum, token\n"
                                     "    return beside.relu(a)\n")
    done = subprocess.run([*COMMAND, "golden", "check", target, "--only", "relu_forward"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (trapped / "mark").exists()


def test_the_search_path_has_no_working_folder_but_one_that_was_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    home = str(Path(den_ref.__file__).parents[1])
    for first in ("", str(tmp_path)):
        monkeypatch.setattr(sys, "path", [first, "/lib", ""])
        assert search_path() == ["/lib", home]
    monkeypatch.setattr(sys, "path", ["/bin", str(tmp_path), "/lib", home])      # PYTHONPATH=folder
    assert search_path() == ["/bin", str(tmp_path), "/lib", home]
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(tmp_path / "script.py"), raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path), "/lib"])
    assert search_path() == ["/lib", home, str(tmp_path)]
    assert python("print(1)", "a")[-1] == "a"


# --- what the checker starts -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("kill", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_program_never_outlives_its_checker(tmp_path, kill):
    mark = tmp_path / "pids"
    (tmp_path / "slow.py").write_text(
        "import os, subprocess, time\ndef relu_forward(a):\n    other = subprocess.Popen(['sleep', '60'])\n"
        f"    open({str(mark)!r}, 'w').write(f'{{os.getpid()}} {{other.pid}} ')\n    time.sleep(60)\n")
    checker = subprocess.Popen([sys.executable, "-m", "den_ref", "golden", "check", str(tmp_path / "slow.py"), "--only",
                                "relu_forward"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: mark.exists() and len(mark.read_text().split(" ")) == 3)
    checker.send_signal(kill)
    checker.wait()
    for pid in map(int, mark.read_text().split()):
        wait_until(lambda: not alive(pid))


# --- names and numbers out of files ------------------------------------------------------------------------------


@pytest.mark.slow
def test_no_name_out_of_a_file_becomes_a_path(tmp_path, capsys):
    folder = tmp_path / "deep" / "docs"
    assert main(f"compare --stream toy --methods stl --tasks 1 --seeds 0 --set stl.epochs=1 --out {tmp_path}/c".split()) == 0
    summary = json.loads((tmp_path / "c" / "summary.json").read_text())
    summary["stream"]["name"] = "../../../outside"
    folder.mkdir(parents=True)
    (folder / "s.json").write_text(json.dumps(summary))
    (folder / "doc.md").write_text("<!-- results:quality -->\n<!-- end -->\n")
    before = {path for path in tmp_path.rglob("*") if folder not in path.parents}
    assert main(["plot", str(folder / "s.json"), "--into", str(folder / "doc.md")]) == 0
    assert {path for path in tmp_path.rglob("*") if folder not in path.parents} == before
    assert [path.parent for path in folder.rglob("*outside.json")] == [folder / "results"]


@pytest.mark.parametrize("text, words", [
    ('{"a": NaN}', "got NaN"), ("[1, -Infinity]", "got -Infinity"), ("[1e400]", "a float can hold"),
    ('{"a": 1, "b": {"c": 1, "c": 2}}', "'c' twice"), ("[" * 100_000, "nested"), ("", "expected JSON, got its end in line 1"),
    ('{"a": \n', "expected JSON, got its end in line 2, column 1"), ("<html>", "expected JSON, got '<html>' in line 1"),
    (b"[\xff]", "expected JSON in UTF-8, got the byte 0xff at 1")])
def test_json_is_read_strictly(text, words):
    with pytest.raises(ValueError, match=words):
        strict_json(text)


def test_json_may_have_a_byte_order_mark():
    assert strict_json(b"\xef\xbb\xbf[1]") == strict_json("\ufeff[1]") == [1]


@pytest.mark.parametrize("change", [lambda text: text.replace('"seed": 0', '"seed": 0, "seed": 1', 1),
                                    lambda text: text.replace('"seconds": 0', '"seconds": 1e4000', 1),
                                    lambda text: text.replace("null", "NaN", 1)])
def test_results_are_read_strictly(tmp_path, change):
    den_ref.run("stl", "toy", n_tasks=2, settings={"hidden": (4,), "epochs": 1}, out=tmp_path)
    text = (tmp_path / "results.json").read_text()
    (tmp_path / "results.json").write_text(change(text))
    assert change(text) != text
    with pytest.raises(ValueError, match=r"results\.json: expected"):
        read_results(tmp_path)


@pytest.mark.parametrize("change", [{"validation": float("nan")}, {"share": -0.1}, {"validation": 1.2}, {"seconds": -1}])
def test_a_record_of_a_search_is_read_strictly(tmp_path, change):
    row = {"seed": 0, "settings": {}, "validation": 0.5, "share": 1.0, "seconds": 1.0}
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n" + json.dumps(row | change) + "\n")
    with pytest.raises(ValueError, match="line 2"):
        read_tries(tmp_path / "a.jsonl")


# --- sizes -------------------------------------------------------------------------------------------------------


@pytest.fixture
def little_memory(monkeypatch):
    """Whoever asks for more than a megabyte at once is noticed."""
    def array(*given, original=np.lib.format.read_array, **more):
        assert len(given[0].getvalue()) < 2**20
        return original(*given, **more)

    monkeypatch.setattr(np.lib.format, "read_array", array)


def packed(path, header):
    """An archive with one array, whose own header is this."""
    with zipfile.ZipFile(path, "w") as archive:
        text = f"{header}".encode().ljust(117) + b"\n"
        archive.writestr("a.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + bytes(64))


@pytest.mark.parametrize("header", [
    "{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (9,), }", "{'descr': '|O', 'fortran_order': False, 'shape': (8,), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (-8,), }", "(" * 90])
def test_an_array_that_claims_more_than_is_there(tmp_path, little_memory, header):
    packed(tmp_path / "a.npz", header)
    with pytest.raises(ValueError, match="a damaged one"):
        read_archive(tmp_path / "a.npz", "network")


def test_an_archive_that_unpacks_to_more_than_its_size(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", bytes(2**24))
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("unpacked"))
    with pytest.raises(ValueError, match=f"expected uncompressed entries.*got {2**24} bytes"):
        read_archive(path, "network")


def test_an_archive_with_a_name_twice(tmp_path):
    write_archive(tmp_path / "a.npz", "network", {}, {"a": np.zeros(2)})
    with zipfile.ZipFile(tmp_path / "a.npz", "a") as archive, pytest.warns(UserWarning):
        archive.writestr("a.npy", b"")
    with pytest.raises(ValueError, match="expected every name once"):
        read_archive(tmp_path / "a.npz", "network")


@pytest.mark.parametrize("shape", [(2**31, 28, 28), (2**20, 28, 28)])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_images_that_claim_more_than_a_file_can_hold(tmp_path, monkeypatch, shape, pack):
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(pack(struct.pack(">BBBB3I", 0, 0, 8, 3, *shape) + bytes(2**16)))
    with pytest.raises(ValueError, match="got a file of"):
        read_idx(path, ndim=3)


def test_packed_zeros_are_not_unpacked(tmp_path):
    (tmp_path / "zeros.gz").write_bytes(gzip.compress(bytes(2**24)))
    read = []
    original = gzip.GzipFile.read
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gzip.GzipFile, "read", lambda self, n=-1: read.append(n) or original(self, n))
        with pytest.raises(ValueError, match="expected an IDX file"):
            read_idx(tmp_path / "zeros.gz", ndim=1)
    assert read == [8]
