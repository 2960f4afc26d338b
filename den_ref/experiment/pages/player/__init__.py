"""A run as one HTML page that plays it box by box.

=============  =============================================================
``html_page``  the page: all articles in their order, and what stands around
``opening``    the first article: tasks, options, a map of the boxes
``box``        a box: question, sentence, picture, formula, numbers
``learnt``     what a stage came to: scores before and after, capacity
``outcome``    the last article: R, forgetting, widths, the terms
``article``    what every article is made of
``words``      numbers, tables and terms
``markup``     formulas as MathML, which browsers draw themselves
=============  =============================================================

``player.html``, ``.css`` and ``.js`` are its template, style and script; formulas are in ``math.woff2``, a part
of Noto Sans Math under the licence beside it (``docs/make/math_font.py``).
"""
