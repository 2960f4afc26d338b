"""What the scripts write into: whole pages, and blocks of pages between <!-- NAME:begin --> and <!-- NAME:end -->."""

from __future__ import annotations

from pathlib import Path

from den_ref.experiment.disk.files import whole

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def write_page(path: Path, text: str) -> None:
    """Write the page whole or not at all."""
    with whole(path) as file:
        file.write(text.encode())


def write_blocks(path: Path, **blocks: str) -> None:
    """Put a text between the two marks of each name."""
    page = path.read_text("utf-8")
    for name, text in blocks.items():
        begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
        if (page.count(begin), page.count(end)) != (1, 1):
            raise ValueError(f"{path}: expected the marks {name}:begin and {name}:end, each once")
        page = f"{page.partition(begin)[0]}{begin}{text}\n{end}{page.partition(end)[2]}"
    write_page(path, page)
