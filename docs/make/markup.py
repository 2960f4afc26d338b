"""The little Markdown that slides take from pages of the docs, as HTML."""

import re
from html import escape


def html_table(markdown: str) -> str:
    """A table of the docs as HTML."""
    head, _, *rows = [line.strip("|").split("|") for line in markdown.splitlines()]
    lines = ["".join(f"<{tag}>{bold(cell.strip())}</{tag}>" for cell in row)
             for tag, row in [("th", head), *(("td", row) for row in rows)]]
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def bold(text: str) -> str:
    """Markdown's links, stars and backticks as HTML; links lead nowhere, since the page may lie anywhere."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", escape(text))
    for mark, tag in ((r"\*\*", "b"), (r"\*", "em"), ("`", "code")):
        plain = re.sub(f"{mark}(.+?){mark}", rf"<{tag}>\1</{tag}>", plain)
    return plain
