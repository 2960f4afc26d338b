"""Pages of the site from the notebooks, with what their cells print and draw; docs/conf.py calls this.

The notebooks are stored without outputs.  Here each is run once and written to docs/notebooks as Markdown, which is not
kept in the repository; a page whose notebook and package have not changed since is left as it is.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from .blocks import ROOT, write_page

FOLDER = ROOT / "notebooks"
#: Put before a notebook's first cell: pictures stand in rows, since a page has no one to move a slider.
NO_SLIDERS = "import sys\nsys.modules['ipywidgets'] = None"
#: A page: what it was made of, the title, how to have the file, the rest.
PAGE = """<!-- of {fingerprint} -->
{title}

*[{name}.ipynb](../../notebooks/{name}.ipynb) {how}, with nothing predicted and no exercise answered.*
{rest}
"""


def write_pages(folder: Path) -> None:
    """Write the page of every notebook that has changed, or that has none."""
    folder.mkdir(exist_ok=True)
    for path in sorted(FOLDER.glob("*.ipynb")):
        page, now = folder / f"{path.stem}.md", fingerprint(path)
        if not page.exists() or now not in page.read_text("utf-8").partition("\n")[0]:
            how, cells = run(path)
            title, _, rest = "\n\n".join(map(markdown_of, cells)).partition("\n")
            write_page(page, PAGE.format(fingerprint=now, title=title, name=path.stem, how=how, rest=rest))


def fingerprint(path: Path) -> str:
    """A hash of what a notebook's outputs depend on: itself, the package, and whether it is to be small."""
    files = [path, *sorted((ROOT / "den_ref").rglob("*.py"))]
    content = b"\0".join([*(file.read_bytes() for file in files), os.environ.get("DEN_REF_SMALL", "").encode()])
    return hashlib.sha256(content).hexdigest()


def run(path: Path) -> tuple[str, list]:
    """("as it runs", the cells with outputs) in a kernel; without Jupyter ("not run", the cells as they are)."""
    try:
        import nbformat
        from nbclient import NotebookClient
        import ipykernel  # noqa: F401
    except ImportError:
        return "not run (that needs nbclient and ipykernel)", json.loads(path.read_text("utf-8"))["cells"]
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(NO_SLIDERS))
    NotebookClient(notebook, timeout=1200, kernel_name="python3", resources={"metadata": {"path": FOLDER}}).execute()
    return "as it runs", notebook.cells[1:]


def markdown_of(cell) -> str:
    """A cell as Markdown: its text, or its code and what came out."""
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return re.sub(r"\]\(([^)#:\s]+)", lambda link: f"]({on_the_site(link[1])}", source)
    return "\n\n".join([fenced("python", source), *shown(cell["outputs"], cell["id"])])


def on_the_site(link: str) -> str:
    """Where a link of a notebook leads from docs/notebooks."""
    if link.startswith("../docs/"):
        return link.replace("../docs/", "../", 1)
    return f"../{link}" if link.startswith("../") else re.sub(r"\.ipynb$", ".md", link)


def shown(outputs, cell: str) -> Iterator[str]:
    """What a cell left: each picture, and in one block all text that came without a picture between."""
    for png, group in groupby(outputs, lambda output: output.get("data", {}).get("image/png")):
        if png:
            yield f"![What the cell {cell} draws](data:image/png;base64,{''.join(png.split())})"
        else:
            yield fenced("text", "".join(output.get("text") or output["data"]["text/plain"] for output in group))


def fenced(language: str, text: str) -> str:
    """A block of code."""
    return f"```{language}\n{text.rstrip()}\n```"
