"""What people read of runs.  Stands on ``disk``, ``one_run`` and ``grid``.

=================  ========================================================
``summary``        what is kept of a grid for its tables and figures
``numbers``        what they show, as functions of a summary
``tables``         tables in Markdown
``figures``        figures, and the files they go to
``paper``          what the paper's figures show (``paper.json``)
``goals``          what this project set itself
``paper_tables``   a table per figure of the paper: ours, its, the difference
``paper_figures``  the paper's figures, its own numbers thin behind ours
``reaches``        what is to be reached on the paper's stream, and is or not
``results_page``   the document of tables and figures
``markdown``       tables, numbers and blocks of documents as text
=================  ========================================================

``player/`` is the page that plays a run.
"""
