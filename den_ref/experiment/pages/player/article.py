"""One page of the player: its words, a picture that takes all the room they leave, and what stands beside or below."""

from collections.abc import Callable
from html import escape
from typing import NamedTuple
from urllib.parse import quote

#: A picture less wide than so many times its height stands beside the words, a wider one above them.
WIDE = 1.9
#: Font size of the pictures, in points: as large as the numbers of ten tasks beside each other allow.
TEXT = 10
#: So many texts of an axes at most are read out.
READ_OUT = 12

#: Characters that need no escape in a data URL inside double quotes.
_PLAIN_IN_URL = " /:;=,.+-()!*?$@"


class Words(NamedTuple):
    """What stands above a picture, as plain text: a title and where in the run it is, a question, and its answer."""

    title: str
    place: str
    why: str = ""
    sentence: str = ""


class Image(NamedTuple):
    """A picture as the page has it: its size in CSS pixels, a data URL, and what is to be read in it."""

    width: int
    height: int
    url: str
    alt: str


def article(name: str, words: Words, figure=None, caption: str = "", below: str = "") -> str:
    """The page as an ``<article>`` with this id; ``figure`` makes its picture (a ``plots.Picture``), if it has one."""
    image = None if figure is None else drawn(figure)
    kind = "plain" if image is None else "beside" if image.width < WIDE * image.height else "above"
    lines = [f"<h2>{escape(begun(words.title))} <small>{escape(begun(words.place))}</small></h2>",
             f'<p class="why">{escape(words.why)}</p>' * bool(words.why),
             f'<p class="sentence">{escape(begun(words.sentence))}</p>' * bool(words.sentence)]
    said = "\n".join(filter(None, lines))
    return (f'<article id="{escape(name)}" class="{kind}">\n<div class="words">\n{said}\n</div>\n'
            + (_figure(image, caption) if image else "") +
            f'<div class="below">\n{below}</div>\n</article>')


def drawn(figure: Callable[[], object]) -> Image:
    """The picture as an SVG, which a projector shows sharp, and in words."""
    picture = figure()
    # Percent-encoded, since Base64 would be a fifth longer; browsers drop line breaks from a URL.
    url = "data:image/svg+xml," + quote(picture.svg().replace("\n", " "), safe=_PLAIN_IN_URL)
    return Image(*(round(96 * inches) for inches in picture.get_size_inches()), url, read_out(picture))


def read_out(picture) -> str:
    """What is written in a picture, panel by panel: titles, axes, the names of its lines, and a few numbers."""
    panels = [text for ax in picture.axes if (text := _panel(ax))]
    return " ".join(f"Panel {i}: {text}." for i, text in enumerate(panels, 1)) or "Nothing to draw."


def begun(text: str) -> str:
    """The text as a sentence begins.

    >>> begun("trained the whole network"), begun("")
    ('Trained the whole network', '')
    """
    return text[:1].upper() + text[1:]


def _panel(ax) -> str:
    """What is written in one axes."""
    named = ax.get_legend()
    inside = [text.get_text() for text in ax.texts]
    parts = [ax.get_title(), " over ".join(filter(None, [ax.get_ylabel(), ax.get_xlabel()])),
             ", ".join(text.get_text() for text in named.get_texts()) if named else "",
             ", ".join(inside) if len(inside) <= READ_OUT else ""]
    return "; ".join(" ".join(part.split()) for part in parts if part.strip())


def _figure(image: Image, caption: str) -> str:
    """The picture and its caption."""
    said = f"<figcaption>{escape(caption)}</figcaption>\n" * bool(caption)
    return (f'<figure>{said}<div class="frame scroll"><img alt="{escape(image.alt)}" width="{image.width}" '
            f'height="{image.height}" src="{image.url}"></div></figure>\n')
