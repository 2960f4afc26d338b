"""Write copies of the notebooks for teachers: python -m docs.make.instructor FOLDER.

In a copy the predictions and exercises are answered, and below a cell whose result the text speaks of stands what must
be true of it.  The answers are those that the tests try.
"""

import json
import sys
from pathlib import Path

from den_ref.experiment.disk.files import write_text

from tests.helpers.notebook_claims import CLAIMS, PREDICTIONS
from tests.helpers.notebook_solutions import SOLUTIONS

from .blocks import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def instructor_copy(path: Path) -> dict:
    """A notebook, as its JSON, with answers and claims."""
    notebook = json.loads(path.read_text("utf-8"))
    answers = PREDICTIONS[path.stem] | {name: exercise.right for name, exercise in SOLUTIONS[path.stem].items()}
    claims, cells = dict(CLAIMS[path.stem]), []
    for cell in notebook["cells"]:
        cells.append(cell | {"source": answers.pop(cell["id"], cell["source"])})
        if cell["id"] in claims:
            cells.append(claim(cell["id"], claims.pop(cell["id"])))
    if answers or claims:
        raise ValueError(f"{path.name}: expected cells of these ids, got none: {', '.join([*answers, *claims])}")
    return notebook | {"cells": cells}


def claim(after: str, source: str) -> dict:
    """A code cell that asserts what is said of the cell before."""
    return {"cell_type": "code", "execution_count": None, "id": f"claim-{after}", "metadata": {"tags": ["claim"]},
            "outputs": [], "source": source.strip("\n")}


def main(folder: str) -> None:
    """Write all copies into a folder, which is made."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for path in NOTEBOOKS:
        copy = json.dumps(instructor_copy(path), indent=1, ensure_ascii=False)
        write_text(Path(folder) / path.name, copy + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m docs.make.instructor FOLDER")
    main(sys.argv[1])
