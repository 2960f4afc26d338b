"""What people read of runs: tables, figures, the results document, and the page that plays a run (``player``).

Stands on ``disk``, ``one_run`` and ``grid``.
"""
