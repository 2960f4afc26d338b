"""Formulas as MathML, which browsers draw themselves, without any library."""

import re
from html import escape

#: What a formula is made of: a gap, a word, a letter, a number, a sign.
_TOKEN = re.compile(r"(?P<gap>\s+)|(?P<word>[^\W\d_]{2,})|(?P<letter>[^\W\d_])|(?P<number>\d+(?:\.\d+)?)|(?P<sign>.)")
#: What is lowered or raised: ``_x``, ``^x``, ``_{...}``, ``^{...}``.
_SCRIPT = re.compile(r"([_^])(?:\{([^}]*)\}|(\d+|\w))")
#: A line may break before a term that is added, and where two spaces or more stand.
_BREAK = re.compile(r"(?<!\[)\s+(?=\+ |\[)|\s{2,}")
#: A variable amid words, with what it carries.  The article "a" is none.
_VARIABLE = re.compile(r"(?<![\w'])(?!a\b)([^\W\d_](?:[_^](?:\{[^}]*\}|\d+|\w))*)(?!\w)")

#: Element of each kind of token; words stand upright.
_ELEMENTS = {"word": "mtext", "letter": "mi", "number": "mn"}
#: Signs that keep their size, and those of them that stand close.
_CLOSE = "|‖·"
_STIFF = "()[]{}" + _CLOSE


def as_math(text: str) -> str:
    """A formula on a line of its own, in as many pieces as it may be broken into.

    Single letters are variables; ``_x``, ``^x``, ``_{...}`` and ``^{...}`` lower and raise what stands before them,
    both at once if both are there; √ is drawn over what follows it.

    >>> as_math("W^N_l")
    '<math displaystyle="true"><msubsup><mi>W</mi><mi>l</mi><mi>N</mi></msubsup></math>'
    """
    pieces = _BREAK.split(text.replace("Σ", "∑"))                  # the sign, not the letter
    return " ".join(f'<math displaystyle="true">{_row(piece)}</math>' for piece in pieces)


def with_math(text: str) -> str:
    """Prose with the variables in it as formulas.

    >>> with_math("the loss L_t < 1")
    'the loss <math><msub><mi>L</mi><mi>t</mi></msub></math> &lt; 1'
    """
    pieces = _VARIABLE.split(text)                                 # what is between variables, and they, in turn
    return "".join(f"<math>{_row(piece)}</math>" if i % 2 else escape(piece) for i, piece in enumerate(pieces))


def _row(text: str) -> str:
    """The elements of a formula one after the other; more than one as one."""
    parts, at = [], 0
    while at < len(text):
        part, at = _element(text, at)
        parts.append(part)
    return parts[0] if len(parts) == 1 else f"<mrow>{''.join(parts)}</mrow>"


def _element(text: str, at: int) -> tuple[str, int]:
    """The element that begins here with all that it carries, and where it ends."""
    token = _TOKEN.match(text, at)
    if token["gap"]:
        return _gap(text, token), token.end()
    if token[0] == "√":
        inside, end = _element(text, token.end())
        return f"<msqrt>{inside}</msqrt>", end
    scripts, end = {}, token.end()
    while script := _SCRIPT.match(text, end):
        scripts[script[1]], end = _row(script[2] or script[3]), script.end()
    return _carrying(_plain(token), scripts, "under" if token[0] == "∑" else "sub"), end


def _plain(token: re.Match) -> str:
    """A word, a letter, a number or a sign."""
    if token.lastgroup != "sign":
        element = _ELEMENTS[token.lastgroup]
        return f"<{element}>{token[0]}</{element}>"
    space = ' lspace="0" rspace="0"' if token[0] in _CLOSE else ""
    size = ' stretchy="false"' if token[0] in _STIFF else ""
    form = ' form="infix"' if token[0] == "+" else ""              # also where a piece begins with it
    return f"<mo{space}{size}{form}>{escape(token[0])}</mo>"


def _carrying(base: str, scripts: dict[str, str], low: str) -> str:
    """An element with what stands lower (or under it) and higher."""
    if not scripts:
        return base
    kind = low * ("_" in scripts) + {"sub": "sup", "under": "over"}[low] * ("^" in scripts)
    return f"<m{kind}>{base}{scripts.get('_', '')}{scripts.get('^', '')}</m{kind}>"


def _gap(text: str, token: re.Match) -> str:
    """Room beside a word, and less between two indices; signs make their own."""
    before, after = text[:token.start()][-2:], text[token.end():][:2]
    if any(len(part) == 2 and part.isalpha() for part in (before, after)):
        return '<mspace width=".3em"></mspace>'
    return '<mspace width=".15em"></mspace>' if before[-1:].isalnum() and after[:1].isalnum() else ""
