"""The wheel holds what it needs and works outside the checkout."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder, source = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("source")
    shutil.copytree(ROOT / "den_ref", source / "den_ref")          # a copy: a build leaves files where it builds
    shutil.copytree(ROOT / "tests" / "oracles", source / "tests" / "oracles")
    shutil.copy(ROOT / "tests" / "__init__.py", source / "tests")
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, source]
    built = subprocess.run(command, capture_output=True, text=True)
    if built.returncode and "setuptools" in built.stderr and "No matching distribution" in built.stderr:
        pytest.skip("building needs setuptools from a package index, and none is reached")
    assert built.returncode == 0, built.stderr
    return next(folder.glob("den_ref-*.whl"))


def test_wheel_holds_digits_licences_and_type_marker(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"den_ref/py.typed", "den_ref/tasks/digits.npz", "den_ref/tasks/DIGITS_LICENSE.md"} <= names
    assert "den_ref/experiment/pages/paper.json" in names
    assert {f"den_ref/experiment/pages/player/player.{kind}" for kind in ("html", "css", "js")} <= names
    assert {"den_ref/experiment/pages/player/math.woff2", "den_ref/experiment/pages/player/MATH_FONT_LICENSE.txt"} <= names
    licences = {name.partition("/licenses/")[2] for name in names if "/licenses/" in name}
    assert licences == {"LICENSE", "den_ref/tasks/DIGITS_LICENSE.md",
                        "den_ref/experiment/pages/player/MATH_FONT_LICENSE.txt"}
    metadata, = (name for name in names if name.endswith(".dist-info/METADATA"))
    said = zipfile.ZipFile(wheel).read(metadata).decode("utf-8")
    assert "\nLicense-Expression: MIT AND OFL-1.1 AND CC-BY-SA-3.0\n" in said
    assert {f"den_ref/lab/{name}" for name in ("lab.html", "lab.css", "mathematics.js", "pictures.js",
                                               "questions.json")} <= names
    assert not any(name.startswith(("tests", "notebooks", "docs")) for name in names)


def test_wheel_checks_golden_values_without_the_workshop_that_makes_them(wheel, tmp_path):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"den_ref/golden/schema.json", "den_ref/golden/vectors/den_trace.json"} <= names
    workshop = {path.name for path in (ROOT / "tests" / "oracles").rglob("*.py")} - {"__init__.py"}
    assert len(workshop) > 20 and not [name for name in names if "oracle" in name or "own_answers" in name]
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    command = [sys.executable, "-P" if sys.version_info >= (3, 11) else "-s", "-m", "den_ref", "golden", "check",
               "den_ref.loops", "--only", "soft_threshold"]
    done = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "installed"), "PATH": ""},
                          capture_output=True, text=True)
    assert done.returncode == 0 and re.search(r"\b(\d+) cases: \1 pass", done.stdout), done.stdout + done.stderr


def test_wheel_learns_digits_outside_the_checkout(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    command = [sys.executable, "-P" if sys.version_info >= (3, 11) else "-s", "-m", "den_ref", "run", "--tasks", "1",
               "--set", "epochs_eq2=1", "--out", "run"]
    done = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "installed"), "PATH": ""},
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "network.npz").exists()
    where = subprocess.run([sys.executable, "-c", "import den_ref; print(den_ref.__file__)"], cwd=tmp_path,
                           env={"PYTHONPATH": str(tmp_path / "installed"), "PATH": ""}, capture_output=True, text=True)
    assert where.stdout.startswith(str(tmp_path))
