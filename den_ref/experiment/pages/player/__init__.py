"""A run as one HTML page that plays it box by box.

=============  =============================================================
``html_page``  the page: pictures, sentences, formulas, numbers of every box
``markup``     formulas as a browser shows them without any library
=============  =============================================================

``player.html``, ``.css`` and ``.js`` are its template, style and script.
"""
