"""Slides of the lecture in docs/teachers.md, to print or to project: python -m docs.make.slides OUT.html.

One page without any network access, a slide a sheet (16:9).  The parts are the rows of the lecture's table: their
minutes and questions, and what they show, are read from there.  What the slides say stands in ``lecture``.

Under each slide stand the speaker's notes.  They are not printed, unless the address ends in ``#notes``: then each is
on a sheet of its own.
"""

from __future__ import annotations

import sys
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

from matplotlib.figure import Figure

from den_ref.plots.show import Picture

from .blocks import DOCS, write_page
from .lecture import PARTS, Slide, Toy, toy
from .markup import bold

#: A picture that is wider than so many times its height stands below the words, not beside them.
WIDE = 1.9


@dataclass(frozen=True)
class Row:
    """A row of the lecture's table."""

    minutes: str
    what: str
    show: str
    ask: str


def lecture(page: str) -> list[Row]:
    """The rows of the table below the heading of the lecture."""
    section = page.partition("## A lecture of 45 minutes")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [Row(*(cell.strip() for cell in line.strip("|").split(" | "))) for line in lines[2:]]


# --- the page ----------------------------------------------------------------------------------------------------


def page(rows: Sequence[Row], toy: Toy) -> str:
    """The whole page: a title, then of every part its question, and the slides that answer it."""
    sheets = [sheet(Slide("Lifelong learning with dynamically expandable networks",
                          "<p>Yoon, Yang, Lee and Hwang, ICLR 2018, read and run with <code>den_ref</code></p>",
                          "Forty-five minutes. Students need gradient descent and matrix products."), "", "title")]
    for part, row in zip(PARTS, rows, strict=True):
        question = Slide(bold(row.what[0].upper() + row.what[1:]), f"<p>{bold(row.ask[0].upper() + row.ask[1:])}</p>",
                         f"Let the class guess before anything is run. In the notebooks: {bold(row.show)}.")
        sheets.append(sheet(question, f"{row.minutes} min", "question"))
        sheets += [sheet(slide, f"{row.minutes} min · {bold(row.what)}") for slide in part(toy)]
    style = Path(__file__).with_suffix(".css").read_text("utf-8").replace("{{font}}", math_font())
    return (f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>DEN in 45 minutes</title>\n'
            "<!-- Formulas are in Noto Sans Math, copyright 2022 Google LLC, SIL Open Font License 1.1. -->\n"
            f'<style>\n{style}</style>\n</head>\n<body id="notes">\n' + "\n".join(sheets) + "\n</body>\n</html>\n")


def sheet(slide: Slide, where: str, kind: str = "plain") -> str:
    """A slide, and its notes below."""
    image = ""
    if slide.picture is not None:
        width, height = slide.picture.get_size_inches()
        kind, image = "beside" if width < WIDE * height else "below", f'<img alt="" src="{url(slide.picture)}">'
    return (f'<section class="slide {kind}"><header>{where}</header><h2>{slide.title}</h2>\n'
            f'<div class="words">{slide.body}</div>{image}</section>\n'
            f'<aside class="notes"><p>{slide.notes}</p></aside>')


def math_font() -> str:
    """The package's font of formulas, in Base64."""
    return b64encode(files("den_ref.experiment.pages.player").joinpath("math.woff2").read_bytes()).decode()


def url(figure: Figure) -> str:
    """A data URL of the picture as SVG."""
    return "data:image/svg+xml," + quote(Picture.svg(figure).replace("\n", " "), safe=" /:;=,.+-()!*?$@")


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("expected one argument, the file to write: python -m docs.make.slides OUT.html", file=sys.stderr)
        return 2
    write_page(Path(arguments[0]), page(lecture((DOCS / "teachers.md").read_text("utf-8")), toy()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
