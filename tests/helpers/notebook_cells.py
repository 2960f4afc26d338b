"""Reading notebooks, and running their cells in this very process, for machines without Jupyter."""

import ast
import json
from dataclasses import dataclass, replace
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

from den_ref.plots import Picture  # noqa: E402

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@dataclass(frozen=True)
class Cell:
    """A cell of a notebook: kind is the part of its id before the first hyphen ("run", "check", ...)."""

    id: str
    is_code: bool
    source: str

    @property
    def kind(self) -> str:
        return self.id.partition("-")[0]


def document(path: Path) -> dict:
    """A notebook as its file has it."""
    return json.loads(path.read_text(encoding="utf-8"))


def cells(path: Path) -> list[Cell]:
    """The cells of a notebook's file."""
    return cells_of(document(path))


def cells_of(notebook: dict) -> list[Cell]:
    """The cells of a notebook; a source is a text, or a list of its lines."""
    return [Cell(cell["id"], cell["cell_type"] == "code", "".join(cell["source"])) for cell in notebook["cells"]]


def answered(notebook: list[Cell], answers: dict[str, str]) -> list[Cell]:
    """The notebook with other sources for some of its cells, by id."""
    unknown = answers.keys() - {cell.id for cell in notebook}
    if unknown:
        raise ValueError(f"answers: expected ids of cells, got {sorted(unknown)}")
    return [replace(cell, source=answers.get(cell.id, cell.source)) for cell in notebook]


def run(cell: Cell, names: dict) -> None:
    """Execute a code cell as Jupyter would: names stay, the last expression is shown, open figures are drawn."""
    tree = ast.parse(cell.source, cell.id)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, cell.id, "exec"), names)
    if last is not None:
        show(eval(compile(ast.Expression(last.value), cell.id, "eval"), names))
    for number in plt.get_fignums():
        quick(plt.figure(number)).canvas.draw()
    plt.close("all")


def quick(figure):
    """The figure, without the layout that takes most of the time to draw it."""
    figure.set_layout_engine("none")
    return figure


def show(value) -> None:
    """What Jupyter does with the value of a cell: a picture if it has one, else text."""
    if isinstance(value, Picture):
        assert quick(value).png(dpi=50)[:4] == b"\x89PNG"
    elif value is not None:
        print(repr(value))
