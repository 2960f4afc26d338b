"""A run as one HTML page that plays it box by box.

=============  =============================================================
``html_page``  the page: pictures, sentences, formulas, numbers of every box
``markup``     formulas as MathML, which browsers draw themselves
=============  =============================================================

``player.html``, ``.css`` and ``.js`` are its template, style and script; formulas are in ``math.woff2``, a part
of Noto Sans Math under the licence beside it (``docs/make/math_font.py``).
"""
