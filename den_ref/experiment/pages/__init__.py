"""What people read of runs.  Stands on ``disk``, ``one_run`` and ``grid``.

=================  ========================================================
``summary``        what is kept of a grid for its tables and figures
``numbers``        what they show, as functions of a summary
``tables``         tables in Markdown
``figures``        figures, and the files they go to
``paper``          what the paper's figures show (``paper.json``)
``goals``          what this project set itself
``results_page``   the document of tables and figures
``markdown``       tables, numbers and blocks of documents as text
=================  ========================================================

``player/`` is the page that plays a run.
"""
