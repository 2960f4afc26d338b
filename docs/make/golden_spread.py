"""How far right implementations are apart, in units of the tolerance.

Writes its table, and a real failure, into docs/golden.md.

    python -m docs.make.golden_spread
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

import den_ref.loops
from den_ref.golden import cases
from den_ref.golden.adapters.process import ProcessAdapter
from den_ref.golden.adapters.python import PythonAdapter, load_module
from den_ref.golden.ask import check_all
from den_ref.golden.command import python_command
from den_ref.golden.compare import PRECISIONS
from den_ref.golden.judge import FAIL
from den_ref.golden.say import explain
from tests import own_answers

from .blocks import DOCS, write_blocks

EXAMPLES = DOCS / "golden" / "examples"
LEAKY = "def relu_backward(dh, a):\n    return dh * (a >= 0)\n"


def share(got, want, rtol: float, atol: float) -> float:
    """The largest deviation of finite entries as a share of what is allowed."""
    got, want = np.asarray(got, float), np.asarray(want, float)
    finite = np.isfinite(want) & (want != got)
    if not finite.any():
        return 0.0
    allowed = atol * np.abs(want[np.isfinite(want)]).max() + rtol * np.abs(want[finite])
    return float((np.abs(got - want)[finite] / allowed).max())


def shares(adapter, precision: str = "f64") -> dict[str, tuple[float, str]]:
    """Class -> the largest share and the case it belongs to."""
    largest = {name: (0.0, "") for name in ("f64", "solve")}
    for case in cases():
        try:
            outputs = adapter(case)
        except NotImplementedError:
            continue
        for name, want in case.expected.items():
            kind = case.tolerance_of(name)
            if kind in largest:
                found = share(outputs[name], want, *PRECISIONS[precision][kind])
                largest[kind] = max(largest[kind], (found, case.id))
    return largest


class Single(PythonAdapter):
    """The same functions, given single precision."""

    def __call__(self, case):
        return super().__call__(replace(case, inputs={name: single(value) for name, value in case.inputs.items()}))


def single(value):
    """Floats in single precision, everything else as it is."""
    floating = isinstance(value, np.ndarray) and value.dtype == np.float64
    return value.astype(np.float32) if floating else value


def adapters():
    """Name, adapter, precision."""
    examples = load_module(str(EXAMPLES / "numpy_den.py"))
    yield "den_ref", PythonAdapter(own_answers), "f64"
    yield "its loops", PythonAdapter(den_ref.loops), "f64"
    yield "examples/numpy_den.py", PythonAdapter(examples), "f64"
    yield "examples/torch_den.py", ProcessAdapter(python_command(str(EXAMPLES / "torch_den.py")), seconds=60), "f64"
    if shutil.which("node"):
        yield "examples/den.js", ProcessAdapter(["node", str(EXAMPLES / "den.js")]), "f64"
    yield "den_ref in float32", Single(own_answers), "f32"
    yield "examples/numpy_den.py in float32", Single(examples), "f32"


def spread() -> str:
    """The table."""
    rows = ["| against the oracle | f64 | the worst case | solve | the worst case |", "|---|---|---|---|---|"]
    for name, adapter, precision in adapters():
        found = shares(adapter, precision)
        if isinstance(adapter, ProcessAdapter):
            adapter.close()
        cells = [f"{value:.1e} | {case}" if case else "- |" for value, case in (found["f64"], found["solve"])]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)


def failure() -> str:
    """What the checker says of a ReLU whose gate is open at 0."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "leaky.py").write_text(LEAKY)
        adapter = ProcessAdapter(python_command(str(Path(folder) / "leaky.py")))
        failed = [result for result in check_all(adapter, cases("relu_backward")) if result.verdict == FAIL]
        adapter.close()
    return f"```\n{explain(*failed)}\n```"


if __name__ == "__main__":
    write_blocks(DOCS / "golden.md", spread=spread(), failure=failure())
