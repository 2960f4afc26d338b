"""The rules of the house, read off the source: who imports whom, docstrings, short functions, nothing unsafe.

A rule is a function of one file's path inside the package, source and syntax tree, and returns complaints.  Every
rule is also shown a made-up file that breaks it.
"""

import ast
import importlib.metadata
import io
import re
import statistics
import sys
import tokenize
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import den_ref
import pytest

PACKAGE = Path(den_ref.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
ROOT = Path(__file__).parents[1]
#: Ours, but not of the package: tests, benchmarks, and what makes the docs.
TESTS = sorted([*(ROOT / "tests").rglob("*.py"), *(ROOT / "docs" / "make").rglob("*.py")])
#: What makes the golden values: outside the package, and written as it is.
WORKSHOP = sorted(file for room in ("oracles", "own_answers") for file in (ROOT / "tests" / room).rglob("*.py"))

#: File of methods/ -> its system's name, unknown to the core, and how many lines of code it may have, together with
#: what nothing else imports: of IMM that is drop-transfer.
SYSTEMS = {"si": ("SI", 150), "imm": ("IMM", 180), "ella": ("ELLA", 150), "gomtl": ("GO-MTL", 150),
           "adanet": ("AdaNet", 200), "incremental_features": ("incremental features", 328),
           "nonparametric": ("nonparametric networks", 243), "tree": ("error-driven tree", 300)}

#: Room -> rooms it may import, besides itself and SHARED; a room of rooms stands for all of them.
MAY_IMPORT = {
    "core": set(),
    "den": {"core"},
    "loops": set(),
    "methods": {"core", "den"},
    "tasks": set(),
    "plots": {"core", "den", "methods"},
    "lesson": {"plots"},
    "experiment": set(),
    "experiment/disk": {"core", "den", "methods"},
    "experiment/one_run": {"experiment/disk", "core", "den", "methods", "tasks"},
    "experiment/grid": {"experiment/disk", "experiment/one_run", "core", "den", "methods", "tasks"},
    "experiment/pages": {"experiment/disk", "experiment/one_run", "experiment/grid", "core", "methods", "plots",
                         "tasks"},
    "experiment/tune": {"experiment/disk", "experiment/one_run", "experiment/pages", "core", "methods", "tasks"},
    "golden": set(),
    "lab": {"golden"},
    "commands": {"experiment", "golden", "lab", "methods", "tasks"},
    "cli": {"commands"},
    "__main__": {"cli"},
    "__init__": set(),
    "doors": set(),
    "protocol": set(),
    "describe": set(),
    "settings": set(),
    "state": set(),
    "strict_json": set(),
    "child": set(),
}
SHARED = {"doors", "protocol", "describe", "settings", "state", "strict_json", "child"}
#: File -> the package that it, and nothing else, can do without.
OPTIONAL = {"experiment/grid/cluster.py": "distributed", "experiment/one_run/rows.py": "pandas",
            "lesson/slider.py": "ipywidgets"}
SAFE_RANDOM = {"default_rng", "Generator", "SeedSequence", "PCG64", "BitGenerator", "Random"}
#: What the loops use of NumPy; and methods of arrays that hide a loop.
OF_NUMPY = {"array", "broadcast_to", "int64", "ndarray", "ndindex", "reshape", "zeros"}
OF_ARRAYS = {"T", "all", "any", "argmax", "argsort", "clip", "cumsum", "dot", "max", "mean", "min", "prod", "sum"}
LONGEST, WIDEST = 40, 120


# --- what a file imports -----------------------------------------------------------------------------------------


def imported(path: str, tree: ast.AST) -> list[str]:
    """Full names of everything imported anywhere in a file: "numpy.random", "den_ref.core.flat.Flat"."""
    package = ["den_ref", *Path(path).parts[:-1]]
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[:len(package) - node.level + 1] if node.level else []
            base = [*base, node.module] if node.module else base
            names += [".".join([*base, alias.name]) for alias in node.names]
    return names


def room(path: str) -> str:
    """The room of a file: its first folder, or the room of its own that this has for it; its own name at the top."""
    parts = Path(path).with_suffix("").parts
    return max((name for name in MAY_IMPORT if parts[:name.count("/") + 1] == tuple(name.split("/"))),
               key=len, default=parts[0])


def imports_only_its_rooms(path, source, tree):
    names = [name.removeprefix("den_ref.") for name in imported(path, tree) if name.startswith("den_ref.")]
    here, rooms = room(path), [room(name.replace(".", "/")) for name in names]
    allowed = MAY_IMPORT.get(here, set()) | SHARED | {here, "__version__"}
    return [f"{here} imports {other}" for other in rooms if not {other, other.split("/")[0]} & allowed]


def the_loops_are_loops(path, source, tree):
    """They read NumPy, the standard library and each other, nothing of ours; and NumPy holds arrays, no more."""
    if room(path) != "loops":
        return []
    allowed = {"numpy"} | sys.stdlib_module_names
    names = [name for name in imported(path, tree) if name.split(".")[0] not in allowed]
    found = [f"imports {name}" for name in names if not name.startswith("den_ref.loops.")]
    found += [f"imports {name}" for name in imported(path, tree) if name.startswith("numpy.")]
    for node in ast.walk(tree):
        if isinstance(node, ast.MatMult):
            found.append("multiplies whole matrices: @")
        elif isinstance(node, ast.Attribute):
            of_numpy = isinstance(node.value, ast.Name) and node.value.id == "np"
            if node.attr not in OF_NUMPY if of_numpy else node.attr in OF_ARRAYS:
                found.append(f"line {node.lineno}: {node.attr} of a whole array")
    return found


def one_rule_for_imports(path, source, tree):
    """``from .flat import Flat`` for what stands in the same folder or below; everything else of ours by its whole name."""
    folder = ".".join(["den_ref", *Path(path).parts[:-1]])
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    climbing = [node for node in froms if node.level > 1]
    by_whole_name = [node for node in froms if not node.level and folder != "den_ref"
                     and f"{node.module}.".startswith(f"{folder}.")]
    return [f"line {node.lineno}: from {'.' * node.level}{node.module or ''}" for node in climbing + by_whole_name]


def imports_only_numpy_and_scipy(path, source, tree):
    """Matplotlib in plots, threadpoolctl where it is optional, what is optional in the one file that knows of it."""
    allowed = {"den_ref", "numpy", "scipy"} | sys.stdlib_module_names
    allowed |= {"matplotlib"} if room(path) == "plots" else set()
    inside_try = {id(node) for block in ast.walk(tree) if isinstance(block, ast.Try) for node in ast.walk(block)}
    tops = {node: imported(path, node) for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))}
    optional = {"threadpoolctl", OPTIONAL.get(path)}
    return [f"imports {name}" for node, names in tops.items() for name in names
            if name.split(".")[0] not in allowed | (optional if id(node) in inside_try else set())]


def no_pickle(path, source, tree):
    unsafe = {"pickle", "cPickle", "marshal", "shelve", "dill", "joblib", "cloudpickle"}
    complaints = [f"imports {name}" for name in imported(path, tree) if name.split(".")[0] in unsafe]
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            if not (isinstance(node.value, ast.Constant) and node.value.value is False):
                complaints.append(f"line {node.value.lineno}: allow_pickle is not False")
    return complaints


def no_global_generator(path, source, tree):
    """One generator, handed in: neither NumPy's global one nor that of ``random``."""
    safe = "|".join(SAFE_RANDOM)
    names = [name for name in imported(path, tree) if re.fullmatch(rf"(numpy\.)?random\.(?!({safe})$)\w+", name)]
    names += re.findall(rf"\b(?:np\.|numpy\.|(?<!\.))random\.(?!(?:{safe})\b)\w+\(", source)
    return [f"uses {name}" for name in names]


# --- how it is written -------------------------------------------------------------------------------------------


def asserts_no_time(path, source, tree):
    """A slow machine, or a busy one, is no mistake of ours; what must be fast has a benchmark."""
    clocks = {"monotonic", "perf_counter", "process_time", "time"}
    read = [(claim, call.func) for claim in ast.walk(tree) if isinstance(claim, ast.Assert)
            for call in ast.walk(claim) if isinstance(call, ast.Call)]
    return [f"line {claim.lineno}: asserts a time" for claim, clock in read
            if getattr(clock, "attr", getattr(clock, "id", None)) in clocks]


def imports_helpers_by_their_whole_names(path, source, tree):
    """What tests share stands in tests.helpers, or in the workshop; a file of tests is nobody's helper."""
    ours = {file.stem for file in TESTS} - {"__init__"}
    shared = ("tests.helpers.", "tests.oracles.", "tests.own_answers.", "tests.benchmarks.",
              "tests.wrong_implementations.")
    absolute = [node for node in ast.walk(tree) if isinstance(node, ast.Import) or not getattr(node, "level", 1)]
    names = [name for node in absolute for name in imported(path, node)]
    return [f"imports {name}" for name in names if name.split(".")[0] in ours - sys.stdlib_module_names
            or name.startswith("tests.") and not f"{name}.".startswith(shared)]


def public_things_have_docstrings(path, source, tree):
    kinds = (ast.FunctionDef, ast.ClassDef)
    things = [node for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")]
    missing = [node.name for node in things if not ast.get_docstring(node)]
    missing += [] if ast.get_docstring(tree) else ["the file"]
    return [f"{thing} has no docstring" for thing in missing]


def body_lengths(tree) -> dict[str, int]:
    """Lines of every function's body, its docstring left out."""
    lengths = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lengths[f"{node.name} (line {node.lineno})"] = body[-1].end_lineno - body[0].lineno + 1 if body else 0
    return lengths


def no_long_function(path, source, tree):
    return [f"{name} has {n} lines" for name, n in body_lengths(tree).items() if n > LONGEST]


def no_wide_line(path, source, tree):
    lines = enumerate(source.splitlines(), 1)
    return [f"line {i} has {len(line)} characters" for i, line in lines if len(line) > WIDEST]


def no_bare_assert(path, source, tree):
    """User input gets an error that says what was expected; asserts vanish under -O."""
    return [f"line {node.lineno}: assert" for node in ast.walk(tree) if isinstance(node, ast.Assert)]


#: Rule -> files that break it: (path in the package, source).
RULES = {
    imports_only_its_rooms: [
        ("core/a.py", "from ..den import network"), ("core/a.py", "from den_ref.den.network import Network"),
        ("core/a.py", "import den_ref.tasks"), ("den/a.py", "from den_ref import experiment"),
        ("tasks/a.py", "def f():\n    from ..core.flat import Flat"), ("cli.py", "from .core import mlp"),
        ("core/deep/a.py", "from ...methods import STL"), ("protocol.py", "from .core.flat import Flat"),
        ("methods/a.py", "from .. import plots"), ("elsewhere/a.py", "from ..core import flat"),
        ("experiment/disk/a.py", "from den_ref.experiment.one_run.run import Run"),
        ("experiment/one_run/a.py", "def f():\n    from ..grid import grid"),
        ("experiment/grid/a.py", "import den_ref.experiment.pages.summary"),
        ("experiment/pages/player/a.py", "from den_ref.experiment.tune.record import Tries"),
        ("experiment/tune/a.py", "from den_ref.experiment.grid.grid import Cell"),
        ("experiment/disk/a.py", "from den_ref.experiment import run"), ("experiment/a.py", "from ..core import flat"),
        ("experiment/one_run/a.py", "from den_ref.plots import show"), ("core/a.py", "import den_ref.experiment.disk"),
        ("den/a.py", "from den_ref.loops import select_units"),
        ("golden/a.py", "from den_ref.core import mlp"), ("golden/adapters/a.py", "from den_ref.den import DEN"),
    ],
    the_loops_are_loops: [
        ("loops/a.py", "from den_ref.core import layers"), ("loops/a.py", "from den_ref.den.network import Network"),
        ("loops/a.py", "from ..core.layers import affine_forward"), ("loops/a.py", "from den_ref.protocol import Task"),
        ("loops/a.py", "from scipy.special import expit"), ("loops/a.py", "from numpy.linalg import norm"),
        ("loops/a.py", "import den_ref"), ("loops/a.py", "def f(x, w):\n    return x @ w"),
        ("loops/a.py", "h = np.maximum(a, 0)"), ("loops/a.py", "db = dout.sum(axis=0)"),
    ],
    one_rule_for_imports: [
        ("core/a.py", "from ..protocol import Task"), ("core/a.py", "from den_ref.core.flat import Flat"),
        ("experiment/grid/a.py", "from ..disk import files"), ("core/a.py", "from den_ref.core import flat"),
        ("experiment/a.py", "def f():\n    from den_ref.experiment.disk import files"),
    ],
    imports_only_numpy_and_scipy: [
        ("core/a.py", "import matplotlib.pyplot as plt"), ("experiment/a.py", "def f():\n    import matplotlib"),
        ("plots/a.py", "import torch"), ("experiment/a.py", "from threadpoolctl import threadpool_info"),
        ("experiment/grid/cluster.py", "import distributed"),
        ("experiment/a.py", "try:\n    import distributed\nfinally:\n    pass"),
    ],
    no_pickle: [
        ("a.py", "import pickle"), ("a.py", "from pickle import loads"), ("a.py", "np.load(f, allow_pickle=True)"),
        ("a.py", "np.load(f, allow_pickle=maybe)"), ("a.py", "def f():\n    import joblib"),
    ],
    no_global_generator: [
        ("a.py", "random.shuffle(x)"), ("a.py", "from random import shuffle"),
        ("a.py", "np.random.seed(0)"), ("a.py", "x = numpy.random.normal()"),
        ("a.py", "from numpy.random import normal"), ("a.py", "np.random.RandomState(0)"),
    ],
    public_things_have_docstrings: [
        ("core/__init__.py", ""), ("a.py", "x = 1"),
        ("a.py", '"""File."""\ndef f():\n    return 1'), ("a.py", '"""File."""\nclass A:\n    pass'),
    ],
    no_long_function: [("a.py", '"""File."""\ndef f():\n    """Doc."""\n' + "    x = 1\n" * 41)],
    no_wide_line: [("a.py", "# " + "x" * 119)],
    no_bare_assert: [("a.py", "def f(x):\n    assert x > 0")],
    imports_helpers_by_their_whole_names: [
        ("tests/den/test_a.py", "from random_networks import copied"), ("tests/den/test_a.py", "import random_networks"),
        ("tests/den/test_a.py", "from tests.den.test_den import run"), ("tests/den/test_a.py", "import tests.den.test_den"),
    ],
    asserts_no_time: [("a.py", "def test():\n    assert time.monotonic() - start < 20"),
                      ("a.py", "assert x and perf_counter() < end")],
}


@cache
def parsed(source: str) -> ast.Module:
    """Its tree, made once for all rules, which only read it."""
    return ast.parse(source)


def complaints(rule, path: str, source: str) -> list[str]:
    return rule(path, source, parsed(source))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_package_keeps_the_rule(rule):
    sources = {file.relative_to(PACKAGE).as_posix(): file.read_text("utf-8") for file in FILES}
    found = [f"{name}: {said}" for name, source in sources.items() for said in complaints(rule, name, source)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("rule", "path", "source"),
                         [(rule, *broken) for rule, examples in RULES.items() for broken in examples])
def test_the_rule_bites(rule, path, source):
    assert complaints(rule, path, source)


GOOD = '''"""A file."""

import math
import numpy as np
from den_ref.core.flat import Flat
from den_ref.protocol import Task

from .other import thing

try:
    from threadpoolctl import threadpool_info
except ImportError:
    threadpool_info = None


def f(x):
    """A function."""
    return np.load(x, allow_pickle=False), np.random.default_rng(0), math.pi
'''


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_good_file_has_no_complaints(rule):
    assert complaints(rule, "den/good.py", GOOD) == []


@pytest.mark.parametrize("rule", [no_global_generator, no_pickle, imports_helpers_by_their_whole_names,
                                  asserts_no_time], ids=lambda rule: rule.__name__)
def test_the_tests_keep_it_too(rule):
    others = [file for file in TESTS if file != Path(__file__)]    # this file quotes what it forbids
    found = [f"{file.name}: {said}" for file in others for said in complaints(rule, file.name, file.read_text("utf-8"))]
    assert len(others) > 10 and not found, "\n".join(found)


@pytest.mark.parametrize("rule", [public_things_have_docstrings, no_long_function, no_wide_line, no_bare_assert],
                         ids=lambda rule: rule.__name__)
def test_the_workshop_of_golden_values_is_written_as_the_package(rule):
    found = [f"{file.name}: {said}" for file in WORKSHOP
             for said in complaints(rule, file.name, file.read_text("utf-8"))]
    assert len(WORKSHOP) > 20 and not found, "\n".join(found)


def test_no_file_is_loaded_under_two_names():
    """Two copies of a class, or of a cache, would pass for one; a .venv in the checkout is not ours."""
    ours = [ROOT / folder for folder in ("den_ref", "docs", "tests")]
    files = [file for file in (getattr(module, "__file__", None) for module in set(sys.modules.values()))
             if file and any(map(Path(file).is_relative_to, ours))]
    assert len(files) > 3 and sorted(set(files)) == sorted(files)


def test_every_room_is_known():
    paths = [file.relative_to(PACKAGE).as_posix() for file in FILES]
    assert {room(path) for path in paths} <= set(MAY_IMPORT) and len(FILES) > 30
    assert [path for path in paths if room(path) == "experiment"] == ["experiment/__init__.py"]    # all else in rooms


def test_every_arrow_between_rooms_points_one_way():
    """The table itself allows no circle of rooms, however long."""
    TopologicalSorter(MAY_IMPORT).prepare()
    with pytest.raises(CycleError):
        TopologicalSorter({**MAY_IMPORT, "core": {"experiment/tune"}}).prepare()


@pytest.mark.parametrize("folder", ["core", "lesson", "experiment/pages/player",
                                    *(name for name in MAY_IMPORT if name.startswith("experiment/"))])
def test_the_door_plate_names_every_file(folder):
    plate = ast.get_docstring(ast.parse((PACKAGE / folder / "__init__.py").read_text("utf-8")))
    files = {file.stem for file in (PACKAGE / folder).glob("*.py")} - {"__init__"}
    rooms = {name.split("/")[-1] for name in MAY_IMPORT}
    assert files <= set(re.findall(r"``(\w+)``", plate)) <= files | rooms


def percentile(lengths, share: float) -> int:
    """The least length that at least this share of the lengths do not exceed."""
    return sorted(lengths)[max(-(-len(lengths) * int(100 * share) // 100) - 1, 0)]


@pytest.mark.parametrize("files", [FILES, WORKSHOP], ids=["package", "workshop"])
def test_functions_are_short(files):
    lengths = [n for file in files for n in body_lengths(parsed(file.read_text("utf-8"))).values()]
    assert statistics.median(lengths) <= 8
    assert percentile(lengths, 0.9) <= 25


def code_lines(source: str) -> int:
    """Lines with code: docstrings, comments and blank lines left out."""
    nothing = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    lines = {line for token in tokens if token.type not in nothing for line in range(token.start[0], token.end[0] + 1)}
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docs = [node.body[0] for node in ast.walk(ast.parse(source)) if isinstance(node, documented) and ast.get_docstring(node)]
    return len(lines.difference(*(range(doc.lineno, doc.end_lineno + 1) for doc in docs)))


@cache
def importers() -> dict[str, set[str]]:
    """File of methods/shared -> the files of the package that import it."""
    sources = {file.relative_to(PACKAGE).as_posix(): parsed(file.read_text("utf-8")) for file in FILES}
    names = {path: imported(path, tree) for path, tree in sources.items()}
    return {shared: {path for path, those in names.items() if any(f"{one}.".startswith(f"{module_of(shared)}.")
                                                                 for one in those)}
            for shared in sources if Path(shared).parent == Path("methods/shared")}


def alone(system: str, importers: dict[str, set[str]]) -> set[str]:
    """The file of a system, and those that only it imports, itself or through others of these."""
    files = {f"methods/{system}.py"}
    while more := {file for file, by in importers.items() if by and by <= files} - files:
        files |= more
    return files


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_is_short_and_the_core_does_not_know_it(system):
    title, most = SYSTEMS[system]
    files = alone(system, importers())
    assert 40 < sum(code_lines((PACKAGE / file).read_text("utf-8")) for file in files) <= most
    names = re.compile(rf"\b({system}|{title})\b", re.IGNORECASE)
    assert names.search(f"as in {title}") and names.search(f"from den_ref.methods.{system} import x")
    assert [file.name for file in (PACKAGE / "core").glob("*.py") if names.search(file.read_text("utf-8"))] == []


def test_what_only_a_system_imports_is_counted_with_it():
    by = {"b": {"methods/a.py"}, "c": {"b"}, "d": {"methods/a.py", "methods/e.py"}, "f": set(), "g": {"methods/e.py"}}
    assert alone("a", by) == {"methods/a.py", "b", "c"}
    assert alone("imm", importers()) == {"methods/imm.py", "methods/shared/drop_transfer.py"}
    assert {"methods/ella.py", "methods/gomtl.py"} < importers()["methods/shared/bases.py"]


def test_lines_of_code_are_counted_as_said():
    assert code_lines('"""Doc.\n\nMore.\n"""\n\nx = """a\nb"""      # two lines\n\n# why\n') == 2
    assert code_lines('class C:\n    """Doc."""\n\n    def f(self):\n        """Doc\n        more."""\n        return (1,\n'
                      '                2)\n') == 4


def test_lengths_are_counted_as_said():
    long, short = 'def f():\n    """Doc.\n\n    More.\n    """\n', 'def g():\n    """Doc."""\n'
    source = long + "    x = 1\n    # why\n    return x\n\n\n" + short
    assert list(body_lengths(ast.parse(source)).values()) == [3, 0]
    assert percentile(range(1, 11), 0.9) == 9 and percentile([5], 0.9) == 5 and percentile([1] * 8 + [9, 9], 0.9) == 9


# --- no circle of imports ----------------------------------------------------------------------------------------


def module_of(path: str) -> str:
    """"den_ref.core.flat" for core/flat.py, "den_ref.core" for core/__init__.py."""
    return ".".join(["den_ref", *Path(path).with_suffix("").parts]).removesuffix(".__init__")


def arrows(sources: dict[str, str]) -> dict[str, set[str]]:
    """Module -> modules of ours that it imports, anywhere in the file, functions included.

    ``import den_ref`` is no arrow where only the version is asked for: a package is there before its files.
    """
    modules, found = {module_of(path) for path in sources}, {}
    for path, source in sources.items():
        tree = parsed(source)
        asked = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)
                 and isinstance(node.value, ast.Name) and node.value.id == "den_ref"}
        names = set(imported(path, tree)) - ({"den_ref"} if asked <= {"__version__"} else set())
        owners = {max((module for module in modules if f"{name}.".startswith(f"{module}.")), default="", key=len)
                  for name in names}
        found[module_of(path)] = owners - {"", module_of(path)}
    return found


def circle(sources: dict[str, str]) -> list[str]:
    """Modules that import each other round and round; [] if there are none."""
    try:
        TopologicalSorter(arrows(sources)).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_no_import_circle():
    sources = {file.relative_to(PACKAGE).as_posix(): file.read_text("utf-8") for file in FILES}
    assert sum(map(len, arrows(sources).values())) > 200
    assert circle(sources) == []


@pytest.mark.parametrize("sources", [
    {"core/a.py": "from .b import f", "core/b.py": "def f():\n    from . import a"},
    {"core/a.py": "import den_ref.core.b", "core/b.py": "from den_ref.core.a import f"},
    {"core/a.py": "from .b import f", "core/b.py": "from .deep import c", "core/deep/c.py": "from ...core import a"},
    {"core/__init__.py": "from .a import f", "core/a.py": "from . import g"},
    {"__init__.py": "def run():\n    from den_ref import loop", "loop.py": "import den_ref\nden_ref.load()"},
])
def test_a_circle_is_seen(sources):
    assert circle(sources)
    assert circle(dict(list(sources.items())[:-1])) == []          # without its last file there is none


def test_asking_for_the_version_closes_no_circle():
    assert circle({"__init__.py": "def run():\n    from den_ref import loop",
                   "loop.py": "import den_ref\nprint(den_ref.__version__)"}) == []


# --- the distribution --------------------------------------------------------------------------------------------


def test_metadata_of_the_distribution():
    try:
        metadata = importlib.metadata.metadata("den_ref")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("den_ref is not installed")
    assert re.sub(r"[-_.]+", "-", metadata["Name"]) == "den-ref"
    assert metadata["Version"] == den_ref.__version__
    assert metadata["Requires-Python"] == ">=3.10"
    assert metadata["License-Expression"] == "MIT AND OFL-1.1 AND CC-BY-SA-3.0"            # code, math font, digits
    assert len(metadata.get_all("License-File")) == 3
    required = [text for text in metadata.get_all("Requires-Dist") if "extra ==" not in text]
    assert sorted(re.match(r"[\w-]+", text)[0] for text in required) == ["matplotlib", "numpy", "scipy"]
    assert all(">=" in text for text in required)
    assert {"test", "bench"} <= set(metadata.get_all("Provides-Extra"))


def test_the_command_is_an_entry_point():
    scripts = importlib.metadata.entry_points(group="console_scripts", name="den-ref")
    if not scripts:
        pytest.skip("den_ref is not installed")
    assert {script.value for script in scripts} == {"den_ref.cli:main"}
