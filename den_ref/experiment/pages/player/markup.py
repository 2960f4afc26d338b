"""Formulas as a browser shows them without any library."""

import html
import re


def as_html(text: str) -> str:
    """Markup for a formula: ``_x``, ``^x``, ``_{...}`` and ``^{...}`` lower and raise, single letters are variables.

    >>> as_html("Σ_l norm(w_l)^2 < μ")
    'Σ<sub><var>l</var></sub> norm(<var>w</var><sub><var>l</var></sub>)<sup>2</sup> &lt; <var>μ</var>'
    """
    tags = {"_": "sub", "^": "sup"}
    moved = re.sub(r"([_^])(?:\{([^}]*)\}|(\w))", lambda m: f"<{tags[m[1]]}>{m[2] or m[3]}</{tags[m[1]]}>",
                   html.escape(text))
    return re.sub(r"(?<![^\W\d_])(?![Σ&])([^\W\d_])(?![^\W\d_])", r"<var>\1</var>", moved)
